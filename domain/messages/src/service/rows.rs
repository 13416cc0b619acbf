//! Messages on their way from the database into a reply.

use std::ops::Range;

use hoopoe_accounts::Accounts;
use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{AppNo, Fail, Uid};
use hoopoe_log::messages::{self, Edges, MessageRow};
use hoopoe_wire::{ConversationId, Time, UserId, codes, messages::ReactionCount};
use rustc_hash::FxHashMap;

use crate::{
    model::encode::{self, Parts},
    store::{self, Place},
};

/// Messages with reactions so near to each other are asked for together.
const READ_OVER_MAX: i64 = 128;

/// Rows copied out of the database's pages into one arena, until their senders' names and what
/// hangs on them are known.
#[derive(Default)]
pub(super) struct Rows {
    arena: Vec<u8>,
    rows: Vec<Kept>,
    senders: Vec<Uid>,
    /// Messages that have reactions, as stretches of seqs.
    decorated: Vec<(i64, i64)>,
}

struct Kept {
    seq: i64,
    sender: usize,
    is_redacted: bool,
    at: Time,
    kind: Range<usize>,
    client_id: Range<usize>,
    body: Range<usize>,
}

/// What the rows alone do not tell.
pub(super) struct Beside {
    conversation: ConversationId,
    names: Vec<UserId>,
    reactions: FxHashMap<i64, Vec<ReactionCount>>,
}

impl Rows {
    pub(super) fn keep(&mut self, row: &MessageRow<'_>) {
        let known = self.senders.iter().position(|uid| *uid == row.sender);
        let sender = known.unwrap_or_else(|| {
            self.senders.push(row.sender);
            self.senders.len() - 1
        });
        if row.is_decorated {
            self.decorate(row.seq);
        }
        let kept = Kept {
            seq: row.seq,
            sender,
            is_redacted: row.is_redacted,
            at: row.at,
            kind: self.copy(row.kind.as_bytes()),
            client_id: self.copy(row.client_id),
            body: self.copy(row.body),
        };
        self.rows.push(kept);
    }

    fn decorate(&mut self, seq: i64) {
        match self.decorated.last_mut() {
            Some((_, to)) if seq - *to <= READ_OVER_MAX => *to = seq,
            _ => self.decorated.push((seq, seq)),
        }
    }

    fn copy(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.arena.len();
        self.arena.extend_from_slice(bytes);
        start..self.arena.len()
    }

    /// Names, and the reactions as `viewer` sees them: no query at all where nobody reacted.
    pub(super) fn beside(
        &self,
        tx: &mut dyn ReadTx,
        accounts: &Accounts,
        (app, conversation): (AppNo, ConversationId),
        viewer: Uid,
    ) -> Result<Beside, DbError> {
        let mut reactions: FxHashMap<i64, Vec<ReactionCount>> = FxHashMap::default();
        for stretch in &self.decorated {
            for (seq, count) in store::counts(tx, app, conversation, *stretch, viewer)? {
                reactions.entry(seq).or_default().push(count);
            }
        }
        Ok(Beside { conversation, names: accounts.names_in(tx, &self.senders)?, reactions })
    }

    fn parts<'a>(&'a self, beside: &'a Beside, row: &'a Kept) -> Parts<'a> {
        Parts {
            conversation: beside.conversation,
            seq: row.seq,
            client_id: &self.arena[row.client_id.clone()],
            sender: beside.names.get(row.sender).map_or("", |id| id.as_str()),
            kind: std::str::from_utf8(&self.arena[row.kind.clone()]).unwrap_or("custom"),
            at: row.at,
            is_redacted: row.is_redacted,
            body: &self.arena[row.body.clone()],
            reactions: beside.reactions.get(&row.seq).map_or(&[], Vec::as_slice),
        }
    }

    pub(super) fn encode_page(&self, beside: &Beside, edges: Edges) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.arena.len() + 200 * self.rows.len() + 64);
        out.extend_from_slice(b"{\"items\":[");
        for (index, row) in self.rows.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            encode::message(&mut out, &self.parts(beside, row));
        }
        let tail =
            format!("],\"has_before\":{},\"has_after\":{}}}", edges.has_before, edges.has_after);
        out.extend_from_slice(tail.as_bytes());
        out
    }
}

/// One message as it is now, written by `encode`; 404 when there is none (any more). Whether `viewer`
/// may read it was asked before.
pub(super) fn show(
    tx: &mut dyn ReadTx,
    accounts: &Accounts,
    app: AppNo,
    place: Place,
    viewer: Uid,
    encode: fn(&mut Vec<u8>, &Parts<'_>),
) -> Result<Vec<u8>, Fail> {
    let (conversation, seq) = place;
    let mut rows = Rows::default();
    messages::find(tx, app, conversation, seq, &mut |row| {
        rows.keep(row);
        Ok(())
    })?;
    let row = rows.rows.first().ok_or_else(|| Fail::new(&codes::MESSAGE_NOT_FOUND))?;
    let beside = rows.beside(tx, accounts, (app, conversation), viewer)?;
    let mut out = Vec::new();
    encode(&mut out, &rows.parts(&beside, row));
    Ok(out)
}
