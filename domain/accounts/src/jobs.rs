//! Background work, called by the server's timer.

use hoopoe_kernel::Fail;

use crate::{Accounts, store};

/// Rows to one transaction, so that each stays within its budget of 5 ms.
const ROWS_PER_TURN: usize = 200;

impl Accounts {
    /// Deletes sessions whose token has expired, revoked or not, and says how many. Call it every
    /// few minutes.
    pub async fn sweep(&self) -> Result<u64, Fail> {
        self.0.throttle.sweep();
        let now = self.0.env.clock.now();
        let mut deleted = 0;
        loop {
            let turn =
                self.0.db.write(move |tx| Ok(store::sweep_sessions(tx, now, ROWS_PER_TURN)?));
            let (rows, is_more) = turn.await?;
            deleted += rows;
            if !is_more {
                return Ok(deleted);
            }
        }
    }
}
