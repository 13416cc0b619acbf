//! Whether two users know each other: they are in a conversation together.

use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{AppNo, Uid};

use crate::{Conversations, store};

impl Conversations {
    /// Whether both are members of a conversation that has at most `members_max` members. Their
    /// direct conversation is looked for first: it is the commonest and the cheapest to find.
    pub fn share(
        &self,
        tx: &mut dyn ReadTx,
        app: AppNo,
        (one, other): (Uid, Uid),
        members_max: i64,
    ) -> Result<bool, DbError> {
        let direct = self.0.log.direct_id(one, other);
        if store::standing(tx, app, direct, one)?.is_some() {
            return Ok(true);
        }
        store::share(tx, app, one, other, members_max)
    }
}
