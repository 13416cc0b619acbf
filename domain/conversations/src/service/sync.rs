//! Heads: what a client compares with what it has.

use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{AppNo, Ctx, Fail, Uid};
use hoopoe_log::{
    heads::{self, HeadOfUser},
    marks, state,
};
use hoopoe_wire::{
    ConversationId,
    conversations::{GetSync, HeadItem, StartPage, Sync},
    limits,
};

use super::{join::MEMBERSHIP, list::cursor_of};
use crate::{
    Conversations, digest,
    model::cursor::{self, ActivityCursor, SyncCursor},
};

/// A client's cursor, judged.
struct Since {
    /// `None`: from the beginning.
    cursor: Option<SyncCursor>,
    reset: bool,
}

impl Since {
    /// A cursor of another epoch, or one that cannot be read, is void: everything is given.
    fn of(text: Option<&str>, epoch: i64) -> Self {
        let cursor = text.and_then(SyncCursor::decode).filter(|cursor| cursor.epoch == epoch);
        Self { reset: text.is_some() && cursor.is_none(), cursor }
    }
}

impl Conversations {
    /// What a session starts with: the conversations of `uid` that moved since the cursor, at most
    /// 100, and the digest over all of them.
    pub async fn start_page(
        &self,
        ctx: &Ctx,
        uid: Uid,
        cursor: Option<&str>,
    ) -> Result<StartPage, Fail> {
        let epoch = self.0.log.epoch();
        let Since { cursor, reset } = Since::of(cursor, epoch);
        let next = SyncCursor { at: ctx.now(), epoch }.encode();
        let page = self.0.log.db().read(move |tx| {
            let (found, more) = moved(tx, uid, cursor, None)?;
            let heads = found.iter().map(head_item).collect();
            let digest = digest_of(tx, uid)?;
            Ok(StartPage { epoch, reset, cursor: next, heads, digest, more })
        });
        page.await
    }

    /// `sync.get`: what moved since a cursor, or page by page everything there is.
    pub async fn sync(&self, ctx: &Ctx, request: GetSync) -> Result<Sync, Fail> {
        let (app, uid, epoch) = (ctx.app, ctx.user()?.uid, self.0.log.epoch());
        let Since { cursor, reset } = Since::of(request.cursor.as_deref(), epoch);
        let next = SyncCursor { at: ctx.now(), epoch }.encode();
        let page = request.page;
        let synced = self.0.log.db().read(move |tx| {
            let digest = if page.is_none() { Some(digest_of(tx, uid)?) } else { None };
            let (heads, next_page) = match cursor {
                Some(cursor) => moved_page(tx, uid, cursor, page.as_deref())?,
                None => full_page(tx, app, uid, page.as_deref())?,
            };
            Ok(Sync { epoch, reset, cursor: next, heads, digest, next_page })
        });
        synced.await
    }
}

/// At most 100 that moved, the newest first, and whether there are more.
fn moved(
    tx: &mut dyn ReadTx,
    uid: Uid,
    cursor: Option<SyncCursor>,
    after: Option<ActivityCursor>,
) -> Result<(Vec<HeadOfUser>, bool), DbError> {
    let limit = limits::HEADS_PER_PAGE_MAX;
    let (since, after) = (cursor.map(SyncCursor::since), after.map(ActivityCursor::key));
    let mut found = heads::of_user(tx, uid, since, after, limit + 1)?;
    let more = found.len() > limit;
    found.truncate(limit);
    Ok((found, more))
}

fn moved_page(
    tx: &mut dyn ReadTx,
    uid: Uid,
    cursor: SyncCursor,
    page: Option<&str>,
) -> Result<(Vec<HeadItem>, Option<String>), Fail> {
    let after = page.map(|text| ActivityCursor::decode("/page", text)).transpose()?;
    let (found, more) = moved(tx, uid, Some(cursor), after)?;
    let last = found.last().filter(|_| more);
    Ok((found.iter().map(head_item).collect(), last.map(|last| cursor_of(last).encode())))
}

/// Everything, in the order in which the memberships changed: an order in which messages move
/// nothing, so that what stands on no page is no membership.
fn full_page(
    tx: &mut dyn ReadTx,
    app: AppNo,
    uid: Uid,
    page: Option<&str>,
) -> Result<(Vec<HeadItem>, Option<String>), Fail> {
    let limit = limits::HEADS_PER_PAGE_MAX;
    let mut rev = page.map(|text| cursor::decode_number("/page", text)).transpose()?.unwrap_or(0);
    let mut items = Vec::new();
    loop {
        // The same log has the user's other state and the tombstones of what was left.
        let states = state::after(tx, uid, rev, limit)?;
        let is_last = states.len() < limit;
        for entry in states {
            rev = entry.rev;
            if entry.kind == MEMBERSHIP && !entry.is_removed {
                let key = entry.key.try_into().map_err(|_| DbError::decode(1, "16 bytes"))?;
                items.extend(find_head_item(tx, app, uid, ConversationId(key))?);
            }
            if items.len() == limit {
                return Ok((items, Some(cursor::encode_number(rev))));
            }
        }
        if is_last {
            return Ok((items, None));
        }
    }
}

fn find_head_item(
    tx: &mut dyn ReadTx,
    app: AppNo,
    uid: Uid,
    conversation: ConversationId,
) -> Result<Option<HeadItem>, DbError> {
    let Some(head) = heads::find(tx, app, conversation)? else { return Ok(None) };
    let marks = marks::find(tx, conversation, uid)?;
    let read_seq = marks.read_seq;
    Ok(Some(HeadItem { conversation, head_seq: head.seq, head_rev: head.rev, read_seq }))
}

fn head_item(item: &HeadOfUser) -> HeadItem {
    HeadItem {
        conversation: item.head.conversation,
        head_seq: item.head.seq,
        head_rev: item.head.rev,
        read_seq: item.marks.read_seq,
    }
}

fn digest_of(tx: &mut dyn ReadTx, uid: Uid) -> Result<String, DbError> {
    let mut positions = Vec::new();
    heads::positions(tx, uid, &mut |conversation, seq, rev| {
        positions.push((conversation, seq, rev));
    })?;
    Ok(digest(positions))
}

#[cfg(test)]
mod tests {
    use hoopoe_wire::Time;

    use super::*;

    #[test]
    fn a_cursor_of_another_epoch_or_of_nobody_resets() {
        let cursor = SyncCursor { at: Time(5), epoch: 3 };
        let since = Since::of(Some(&cursor.encode()), 3);
        assert!(since.cursor == Some(cursor) && !since.reset);
        for (text, reset) in
            [(Some(cursor.encode()), true), (Some("?".into()), true), (None, false)]
        {
            let since = Since::of(text.as_deref(), 4);
            assert!(since.cursor.is_none() && since.reset == reset, "{text:?}");
        }
    }
}
