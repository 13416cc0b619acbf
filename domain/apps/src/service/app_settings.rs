//! What an app may have otherwise, for the domains that it is about.

use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::AppNo;
use hoopoe_wire::apps::AppSettings;

use crate::{Apps, store};

impl Apps {
    /// The settings of an app, defaults filled in, as they are in this transaction.
    pub fn settings(tx: &mut dyn ReadTx, app: AppNo) -> Result<AppSettings, DbError> {
        store::settings(tx, app)
    }
}
