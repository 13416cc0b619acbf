//! Heads: what a client compares with what it has.

use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{AppNo, Ctx, Fail, Uid};
use hoopoe_log::{
    Head, Marks,
    heads::{self, HeadOfUser},
    marks, state,
};
use hoopoe_wire::{
    ConversationId, Time,
    conversations::{GetSync, HeadItem, StartPage, StateItem, Sync, UserState},
    limits,
};
use serde::Deserialize;

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
    /// A cursor of another epoch, of a time to come, or one that cannot be read, is void:
    /// everything is given.
    fn of(text: Option<&str>, epoch: i64, now: Time) -> Self {
        let latest = now.plus_s(limits::SYNC_OVERLAP_S);
        let is_valid = |cursor: &SyncCursor| cursor.epoch == epoch && cursor.at <= latest;
        let cursor = text.and_then(SyncCursor::decode).filter(is_valid);
        Self { reset: text.is_some() && cursor.is_none(), cursor }
    }

    /// So is one from beyond the head of the user's own state.
    fn below(self, state_head: i64) -> Self {
        match self.cursor {
            Some(cursor) if cursor.state_rev > state_head => Self { cursor: None, reset: true },
            _ => self,
        }
    }
}

/// What has changed of the user's own state.
struct Own {
    items: Vec<StateItem>,
    /// Where the next cursor begins.
    rev: i64,
    more: bool,
}

#[derive(Deserialize)]
struct ReadBody {
    read_seq: i64,
    #[serde(default)]
    unread_from: Option<i64>,
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
        let (epoch, at) = (self.0.log.epoch(), ctx.now());
        let since = Since::of(cursor, epoch, at);
        let page = self.0.log.db().read(move |tx| {
            let (Since { cursor, reset }, own) = own_state(tx, uid, since)?;
            let (found, more) = moved(tx, uid, cursor, None)?;
            let heads = found.iter().map(|item| head_item(&item.head, &item.marks)).collect();
            let digest = digest_of(tx, uid)?;
            let next = SyncCursor { at, epoch, state_rev: own.rev }.encode();
            let (state, state_more) = (own.items, own.more);
            Ok(StartPage { epoch, reset, cursor: next, heads, digest, more, state, state_more })
        });
        page.await
    }

    /// `sync.get`: what moved since a cursor, or page by page everything there is.
    pub async fn sync(&self, ctx: &Ctx, request: GetSync) -> Result<Sync, Fail> {
        let (app, uid, epoch, at) = (ctx.app, ctx.user()?.uid, self.0.log.epoch(), ctx.now());
        let since = Since::of(request.cursor.as_deref(), epoch, at);
        let page = request.page;
        let synced = self.0.log.db().read(move |tx| {
            let (Since { cursor, reset }, own) = own_state(tx, uid, since)?;
            let next = SyncCursor { at, epoch, state_rev: own.rev }.encode();
            let (state, state_more) = match page {
                None => (own.items, own.more),
                Some(_) => (Vec::new(), false),
            };
            let digest = if page.is_none() { Some(digest_of(tx, uid)?) } else { None };
            let (heads, next_page) = match cursor {
                Some(cursor) => moved_page(tx, uid, cursor, page.as_deref())?,
                None => full_page(tx, app, uid, page.as_deref())?,
            };
            Ok(Sync { epoch, reset, cursor: next, heads, digest, next_page, state, state_more })
        });
        synced.await
    }
}

/// What has changed of the user's own state since the cursor, which is void when it lies beyond it.
fn own_state(tx: &mut dyn ReadTx, uid: Uid, since: Since) -> Result<(Since, Own), Fail> {
    let head = state::head(tx, uid)?;
    let since = since.below(head);
    let from = since.cursor.map_or(head, |cursor| cursor.state_rev);
    if from == head {
        return Ok((since, Own { items: Vec::new(), rev: head, more: false }));
    }
    let limit = limits::STATE_ITEMS_MAX;
    let changed = state::after(tx, uid, from, limit)?;
    let rev = changed.last().map_or(head, |last| last.rev);
    let items: Result<Vec<_>, _> = changed.into_iter().map(state_item).collect();
    Ok((since, Own { items: items?.into_iter().flatten().collect(), rev, more: rev < head }))
}

/// `None` for a kind that only a newer server knows.
fn state_item(entry: state::State) -> Result<Option<StateItem>, DbError> {
    let torn = || DbError::decode(4, "a value of the user state log");
    let state = match entry.kind.as_str() {
        MEMBERSHIP => {
            let conversation = conversation_of(entry.key)?;
            UserState::Membership { conversation, removed: entry.is_removed }
        }
        state::READ if !entry.is_removed => {
            let conversation = conversation_of(entry.key)?;
            let ReadBody { read_seq, unread_from } =
                serde_json::from_slice(&entry.body).map_err(|_| torn())?;
            UserState::Read { conversation, read_seq, unread_from }
        }
        state::SETTINGS if !entry.is_removed => {
            let settings = serde_json::from_slice(&entry.body).map_err(|_| torn())?;
            UserState::Settings { settings }
        }
        _ => return Ok(None),
    };
    Ok(Some(StateItem { rev: entry.rev, state }))
}

fn conversation_of(key: Vec<u8>) -> Result<ConversationId, DbError> {
    Ok(ConversationId(key.try_into().map_err(|_| DbError::decode(1, "16 bytes"))?))
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
    Ok((
        found.iter().map(|item| head_item(&item.head, &item.marks)).collect(),
        last.map(|last| cursor_of(last).encode()),
    ))
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
                items.extend(find_head_item(tx, app, uid, conversation_of(entry.key)?)?);
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
    Ok(Some(head_item(&head, &marks)))
}

fn head_item(head: &Head, marks: &Marks) -> HeadItem {
    HeadItem {
        conversation: head.conversation,
        head_seq: head.seq,
        head_rev: head.rev,
        read_seq: marks.read_seq,
        unread_from: marks.unread_from,
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
    use super::*;

    #[test]
    fn a_cursor_of_another_epoch_or_of_nobody_resets() {
        let cursor = SyncCursor { at: Time(5), epoch: 3, state_rev: 8 };
        let since = Since::of(Some(&cursor.encode()), 3, Time(5));
        assert!(since.cursor == Some(cursor) && !since.reset);
        for (text, reset) in
            [(Some(cursor.encode()), true), (Some("?".into()), true), (None, false)]
        {
            let since = Since::of(text.as_deref(), 4, Time(5));
            assert!(since.cursor.is_none() && since.reset == reset, "{text:?}");
        }
    }

    #[test]
    fn a_cursor_from_beyond_the_head_resets() {
        let cursor = SyncCursor { at: Time(0).plus_s(1_000), epoch: 3, state_rev: 8 }.encode();
        let at = |s, state_head| Since::of(Some(&cursor), 3, Time(0).plus_s(s)).below(state_head);
        assert!(!at(1_000, 8).reset);
        assert!(!at(400, 8).reset, "a clock that is ten minutes slow");
        assert!(at(399, 8).reset, "a time to come");
        let lost = at(1_000, 7);
        assert!(lost.reset && lost.cursor.is_none(), "the state that it knows of is gone");
    }
}
