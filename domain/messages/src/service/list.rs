//! Reading history and changes.

use hoopoe_kernel::{Answer, Ctx, Fail};
use hoopoe_log::{changes, messages};
use hoopoe_wire::{
    codes,
    messages::{ChangePage, GetMessage, ListChanges, ListMessages, Message, MessagePage},
};

use super::{
    Messages, enter,
    rows::{self, Rows},
};
use crate::model::{self, encode};

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
            let (place, viewer) = ((ctx.app, request.conversation), ctx.user()?.uid);
            let beside = rows.beside(tx, &accounts, place, viewer)?;
            Ok(rows.encode_page(&beside, edges))
        });
        Ok(Answer::encoded(200, json.await?.into()))
    }

    /// One message; 404 for one that the caller may not read.
    pub async fn get(&self, ctx: Ctx, request: GetMessage) -> Result<Answer<Message>, Fail> {
        let accounts = self.inner.accounts.clone();
        let json = self.inner.log.db().read(move |tx| {
            let (_, spans) = enter(tx, &ctx, request.conversation)?;
            if !spans.may_read(request.seq) {
                return Err(Fail::new(&codes::MESSAGE_NOT_FOUND));
            }
            let (place, viewer) = ((request.conversation, request.seq), ctx.user()?.uid);
            rows::show(tx, &accounts, ctx.app, place, viewer, encode::message)
        });
        Ok(Answer::encoded(200, json.await?.into()))
    }

    /// The changes behind a rev. Members see all of them, because what changed is part of what they
    /// see now; but of a change of a message that they may not read, only that there was one.
    pub async fn changes(
        &self,
        ctx: Ctx,
        request: ListChanges,
    ) -> Result<Answer<ChangePage>, Fail> {
        let limit = model::limit(request.limit)?;
        let json = self.inner.log.db().read(move |tx| {
            let (head, spans) = enter(tx, &ctx, request.conversation)?;
            let mut out = b"{\"items\":[".to_vec();
            let mut last = request.after;
            let conversation = request.conversation;
            changes::after(tx, ctx.app, conversation, request.after, limit, &mut |row| {
                if last != request.after {
                    out.push(b',');
                }
                last = row.rev;
                let is_bare = row.target_seq.is_some_and(|seq| !spans.may_read(seq));
                encode::change(&mut out, conversation, row, is_bare);
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
