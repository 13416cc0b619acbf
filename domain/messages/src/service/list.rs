//! Reading history and changes.

use std::ops::Range;

use hoopoe_accounts::Accounts;
use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{Answer, Ctx, Fail, Uid};
use hoopoe_log::{
    changes, messages,
    messages::{Edges, MessageRow},
};
use hoopoe_wire::{
    ConversationId, Time, UserId, codes,
    messages::{ChangePage, GetMessage, ListChanges, ListMessages, Message, MessagePage},
};

use super::{Messages, enter};
use crate::model::{
    self,
    encode::{self, Parts},
};

impl Messages {
    /// A page of history, as far as the caller may read.
    pub async fn list(&self, ctx: Ctx, request: ListMessages) -> Result<Answer<MessagePage>, Fail> {
        let (at, limit) = model::page(&request)?;
        let accounts = self.inner.accounts.clone();
        let json = self.inner.log.db().read(move |tx| {
            let (head, spans) = enter(tx, &ctx, request.conversation)?;
            let mut rows = Rows::default();
            let edges = messages::page(tx, ctx.app, &head, &spans, at, limit, &mut |row| {
                rows.keep(row);
                Ok(())
            })?;
            let names = rows.names(tx, &accounts)?;
            Ok(rows.encode_page(request.conversation, &names, edges))
        });
        Ok(Answer::encoded(200, json.await?.into()))
    }

    /// One message; 404 for one that the caller may not read.
    pub async fn get(&self, ctx: Ctx, request: GetMessage) -> Result<Answer<Message>, Fail> {
        let accounts = self.inner.accounts.clone();
        let json = self.inner.log.db().read(move |tx| {
            let not_found = || Fail::new(&codes::MESSAGE_NOT_FOUND);
            let (_, spans) = enter(tx, &ctx, request.conversation)?;
            if !spans.may_read(request.seq) {
                return Err(not_found());
            }
            let mut rows = Rows::default();
            let found =
                messages::find(tx, ctx.app, request.conversation, request.seq, &mut |row| {
                    rows.keep(row);
                    Ok(())
                })?;
            if !found {
                return Err(not_found());
            }
            let names = rows.names(tx, &accounts)?;
            let mut out = Vec::new();
            rows.encode_one(&mut out, request.conversation, &names, 0);
            Ok(out)
        });
        Ok(Answer::encoded(200, json.await?.into()))
    }

    /// The changes behind a rev. Members see all of them: what changed is part of what they see now.
    pub async fn changes(
        &self,
        ctx: Ctx,
        request: ListChanges,
    ) -> Result<Answer<ChangePage>, Fail> {
        let limit = model::limit(request.limit)?;
        let json = self.inner.log.db().read(move |tx| {
            let (head, _) = enter(tx, &ctx, request.conversation)?;
            let mut out = b"{\"items\":[".to_vec();
            let mut last = request.after;
            let conversation = request.conversation;
            changes::after(tx, ctx.app, conversation, request.after, limit, &mut |row| {
                if last != request.after {
                    out.push(b',');
                }
                last = row.rev;
                encode::change(&mut out, conversation, row);
                Ok(())
            })?;
            let has_after = last < head.rev;
            out.extend_from_slice(if has_after {
                b"],\"has_after\":true}"
            } else {
                b"],\"has_after\":false}"
            });
            Ok(out)
        });
        Ok(Answer::encoded(200, json.await?.into()))
    }
}

/// Rows copied out of the database's pages into one arena, until their senders' names are known.
#[derive(Default)]
struct Rows {
    arena: Vec<u8>,
    rows: Vec<Kept>,
    senders: Vec<Uid>,
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

impl Rows {
    fn keep(&mut self, row: &MessageRow<'_>) {
        let known = self.senders.iter().position(|uid| *uid == row.sender);
        let sender = known.unwrap_or_else(|| {
            self.senders.push(row.sender);
            self.senders.len() - 1
        });
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

    fn copy(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.arena.len();
        self.arena.extend_from_slice(bytes);
        start..self.arena.len()
    }

    fn names(&self, tx: &mut dyn ReadTx, accounts: &Accounts) -> Result<Vec<UserId>, DbError> {
        accounts.names_in(tx, &self.senders)
    }

    fn encode_one(
        &self,
        out: &mut Vec<u8>,
        conversation: ConversationId,
        names: &[UserId],
        index: usize,
    ) {
        let row = &self.rows[index];
        let parts = Parts {
            conversation,
            seq: row.seq,
            client_id: &self.arena[row.client_id.clone()],
            sender: names.get(row.sender).map_or("", |id| id.as_str()),
            kind: std::str::from_utf8(&self.arena[row.kind.clone()]).unwrap_or("custom"),
            at: row.at,
            is_redacted: row.is_redacted,
            body: &self.arena[row.body.clone()],
        };
        encode::message(out, &parts);
    }

    fn encode_page(&self, conversation: ConversationId, names: &[UserId], edges: Edges) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.arena.len() + 200 * self.rows.len() + 64);
        out.extend_from_slice(b"{\"items\":[");
        for index in 0..self.rows.len() {
            if index > 0 {
                out.push(b',');
            }
            self.encode_one(&mut out, conversation, names, index);
        }
        let tail =
            format!("],\"has_before\":{},\"has_after\":{}}}", edges.has_before, edges.has_after);
        out.extend_from_slice(tail.as_bytes());
        out
    }
}
