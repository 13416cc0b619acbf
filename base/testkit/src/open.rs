//! Ports of the registry that stand in nobody's way.

use hoopoe_kernel::{
    CommandInfo, Ctx, Fail, Rate,
    ports::{Admit, Audit, Quota},
};
use hoopoe_wire::RequestId;

/// A DOUBLE of the rate limits and of the audit log: everybody may as often as they like, and
/// nothing is noted. For tests of what comes behind.
pub struct Open;

impl Admit for Open {
    fn admit(&self, _: &Ctx, _: Rate) -> Result<Option<Quota>, Fail> {
        Ok(None)
    }
}

impl Audit for Open {
    fn record(&self, _: &Ctx, _: &CommandInfo, _: RequestId, _: u16) {}
}
