//! Writes down when people went: rarely, many at once, and never while they wait.

use std::time::Duration;

use hoopoe_kernel::{AppNo, Fail, Uid};
use hoopoe_wire::Time;
use rustc_hash::FxHashMap;

use crate::{Presence, model::roster::Gone, store};

/// How long a time waits for others to be written with it.
const EVERY: Duration = Duration::from_secs(5);
/// Rows to one transaction, so that each stays within its budget of 5 ms.
const ROWS_PER_TURN: usize = 200;

/// Times that wait to be written.
#[derive(Default)]
pub(crate) struct Unwritten {
    times: FxHashMap<Uid, (AppNo, Time)>,
    written_at: Duration,
}

impl Unwritten {
    /// When somebody went, where that is not written yet.
    pub(super) fn of(&self, uid: Uid) -> Option<Time> {
        self.times.get(&uid).map(|(_, at)| *at)
    }

    pub(super) fn add(&mut self, gone: &Gone) {
        if gone.is_kept {
            self.times.insert(gone.uid, (gone.app, gone.left_at));
        }
    }

    /// Whether it is time to write.
    fn is_due(&mut self, now: Duration) -> bool {
        let is_due = !self.times.is_empty()
            && (now >= self.written_at + EVERY || self.times.len() >= ROWS_PER_TURN);
        if is_due {
            self.written_at = now;
        }
        is_due
    }

    /// Some of them, in an order that two nodes share. They stay until they are written.
    fn some(&self) -> Vec<(Uid, AppNo, Time)> {
        let times = self.times.iter().take(ROWS_PER_TURN);
        let mut some: Vec<_> = times.map(|(uid, (app, at))| (*uid, *app, *at)).collect();
        some.sort_unstable_by_key(|(uid, ..)| *uid);
        some
    }

    fn written(&mut self, rows: &[(Uid, AppNo, Time)]) {
        for (uid, _, at) in rows {
            // Who came and went once more meanwhile waits for the next turn.
            if self.of(*uid) == Some(*at) {
                self.times.remove(uid);
            }
        }
    }
}

impl Presence {
    /// Writes what is due. What cannot be written now is written later.
    pub(super) async fn note_seen(&self, now: Duration) {
        if !self.state().unwritten.is_due(now) {
            return;
        }
        if let Err(fail) = self.write_all().await {
            tracing::warn!(%fail, "when people were last seen could not be noted yet");
        }
    }

    async fn write_all(&self) -> Result<(), Fail> {
        loop {
            let rows = self.state().unwritten.some();
            if rows.is_empty() {
                return Ok(());
            }
            let written = rows.clone();
            let write = self.0.parts.db.write(move |tx| {
                for (uid, app, at) in &rows {
                    store::see(tx, *app, *uid, *at)?;
                }
                Ok(())
            });
            write.await?;
            self.state().unwritten.written(&written);
        }
    }

    /// The server goes down: everybody who is here goes now, and that is written.
    pub async fn close(&self) {
        let now = self.now();
        {
            let mut state = self.state();
            let gone = state.roster.empty(now);
            gone.iter().for_each(|gone| state.unwritten.add(gone));
        }
        if let Err(fail) = self.write_all().await {
            tracing::warn!(%fail, "when people were last seen could not be noted");
        }
    }
}
