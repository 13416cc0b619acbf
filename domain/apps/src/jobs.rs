//! Background work, called by the server's timer.

use hoopoe_kernel::Fail;
use hoopoe_wire::limits;

use crate::{Apps, store};

/// Rows to one transaction, so that each stays within its budget of 5 ms.
const ROWS_PER_TURN: usize = 200;

impl Apps {
    /// Deletes replies whose 24 hours are over and says how many. Call it every few minutes.
    pub async fn sweep(&self) -> Result<u64, Fail> {
        let ttl_s = i64::try_from(limits::IDEMPOTENCY_KEY_TTL_S).unwrap_or(i64::MAX);
        let expired = self.0.env.clock.now().plus_s(-ttl_s);
        let mut deleted = 0;
        loop {
            let turn =
                self.0.db.write(move |tx| Ok(store::sweep_replies(tx, expired, ROWS_PER_TURN)?));
            let (rows, is_more) = turn.await?;
            deleted += rows;
            if !is_more {
                return Ok(deleted);
            }
        }
    }
}
