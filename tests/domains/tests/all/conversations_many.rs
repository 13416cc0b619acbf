//! Sync with ten thousand conversations: bounded pages, and the digest that tells when they are not
//! enough.

use std::{collections::BTreeMap, time::Duration};

use hoopoe_log::WriteGate;
use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::{
    ConversationId,
    conversations::{HeadItem, Sync},
};
use serde_json::{Value, json};

use crate::{accounts_house::must, conversations_house::Chat};

const MANY: usize = 10_000;

/// What a client has: seq and rev by conversation.
type Have = BTreeMap<ConversationId, (i64, i64)>;

/// Conversations as the log knows them, of which Ann is a member.
async fn fill(chat: &Chat) -> Vec<ConversationId> {
    let (app, ann) = (chat.house.own.no, chat.uid("ann").await);
    let all: Vec<ConversationId> =
        (0..MANY).map(|_| ConversationId(chat.house.env.fresh_id())).collect();
    for some in all.chunks(500) {
        let some = some.to_vec();
        let written = chat.log.write(app, move |log| {
            for id in &some {
                log.create(*id)?;
                log.open_span(*id, ann, 1, WriteGate::Open)?;
                log.put_state(ann, "membership", id.as_bytes(), b"{}")?;
            }
            Ok(())
        });
        must(written.await);
    }
    all
}

fn take_in(have: &mut Have, heads: &[HeadItem]) {
    have.extend(heads.iter().map(|head| (head.conversation, (head.head_seq, head.head_rev))));
}

fn digest(have: &Have) -> String {
    hoopoe_conversations::digest(have.iter().map(|(id, (seq, rev))| (*id, *seq, *rev)).collect())
}

async fn sync(chat: &Chat, request: Value) -> Sync {
    serde_json::from_value(chat.ok("ann", "sync.get", request).await).expect("a sync")
}

/// Every page, with or without a cursor: what stands on them, how many there were, and the first.
async fn pages(chat: &Chat, cursor: Option<&str>) -> (Vec<HeadItem>, usize, Sync) {
    let first = sync(chat, json!({"cursor": cursor})).await;
    let (mut heads, mut count, mut next) = (first.heads.clone(), 1, first.next_page.clone());
    while let Some(page) = next {
        let more = sync(chat, json!({"cursor": cursor, "page": page})).await;
        assert!(more.heads.len() <= 100, "a page is bounded");
        heads.extend(more.heads);
        (count, next) = (count + 1, more.next_page);
    }
    (heads, count, first)
}

#[db_test]
async fn ten_thousand_conversations_come_in_bounded_pages(db: TestDb) {
    let chat = Chat::new(db).await;
    let all = fill(&chat).await;
    chat.house.clock.advance(Duration::from_secs(3_600));
    let (ctx, uid) = (chat.ctx("ann").await, chat.uid("ann").await);
    let start = must(chat.conversations.start_page(&ctx, uid, None).await);
    assert_eq!((start.heads.len(), start.more, start.state.len()), (100, true, 0));
    let frame = serde_json::to_vec(&start).unwrap();
    assert!(frame.len() < 32 * 1024, "the first frame stays small: {} bytes", frame.len());
    let (heads, count, first) = pages(&chat, None).await;
    let mut have = Have::new();
    take_in(&mut have, &heads);
    assert_eq!((heads.len(), have.len(), count / 100), (MANY, MANY, 1), "each once");
    assert_eq!((&first.digest, &start.digest), (&Some(digest(&have)), &digest(&have)));

    // A long absence in which little happened.
    chat.house.clock.advance(Duration::from_secs(86_400));
    let moved: Vec<ConversationId> = all.iter().step_by(66).copied().collect();
    for id in &moved {
        must(chat.say("ann", *id).await);
    }
    let back = must(chat.conversations.start_page(&ctx, uid, Some(&start.cursor)).await);
    assert_eq!((back.heads.len(), back.more, back.reset), (100, true, false));
    let (heads, count, first) = pages(&chat, Some(&start.cursor)).await;
    assert_eq!((heads.len(), count), (moved.len(), 2));
    assert_ne!(first.digest, Some(digest(&have)), "before they are taken in");
    take_in(&mut have, &heads);
    assert_eq!(first.digest, Some(digest(&have)), "and after");

    // Something moved behind the filter's back: a clock was wrong by hours.
    let (lost, app) = (moved[7], chat.house.own.no);
    let wrong = chat.log.write(app, move |log| {
        let args = [lost.as_bytes().into()];
        log.tx().execute("UPDATE heads SET rev = 7, at_us = 0 WHERE conversation = $1", &args)?;
        Ok(())
    });
    must(wrong.await);
    chat.house.clock.advance(Duration::from_secs(3_600));
    let later = must(chat.conversations.start_page(&ctx, uid, Some(&back.cursor)).await);
    let (mut seen, mut more) = (have.clone(), Have::new());
    take_in(&mut seen, &later.heads);
    assert_ne!(later.digest, digest(&seen), "time is a filter");
    let (heads, ..) = pages(&chat, None).await;
    take_in(&mut more, &heads);
    assert_eq!((more.len(), more[&lost], later.digest), (MANY, (1, 7), digest(&more)));
}
