//! Background work, called by the server's timer.

use hoopoe_kernel::{Fail, Uid};

use crate::{Accounts, store};

/// Rows to one transaction, so that each stays within its budget of 5 ms.
const ROWS_PER_TURN: usize = 200;
/// Users whose keys are looked at in one transaction: each may be written.
const USERS_PER_TURN: usize = 50;

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

    /// Writes the search keys of users who were made before keys were, or when they were made
    /// otherwise. `false`: that was done already, which is so but once in the life of a version, and
    /// costs one read.
    pub async fn fill_keys(&self) -> Result<bool, Fail> {
        let mut after = match self.0.db.read(|tx| Ok(store::fill(tx)?)).await? {
            Some((_, true)) => return Ok(false),
            Some((after, false)) => after,
            None => {
                self.0.db.write(|tx| Ok(store::begin_fill(tx)?)).await?;
                Uid::NONE
            }
        };
        loop {
            let turn = self.0.db.write(move |tx| Ok(store::fill_turn(tx, after, USERS_PER_TURN)?));
            let (last, is_more) = turn.await?;
            if !is_more {
                return Ok(true);
            }
            after = last;
        }
    }
}
