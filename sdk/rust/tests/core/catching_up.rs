//! The timeline: each message once and in order, whatever the line does.

use hoopoe_sdk::{Event, core::Image};
use serde_json::{Value, json};

use crate::{
    rig::{ANN, Rig, conversation, created, page, started},
    server::digest,
};

fn changed(rev: i64, at_seq: i64) -> Value {
    json!({"event": "conversation.updated", "conversation": conversation(1), "rev": rev,
        "at_seq": at_seq, "members_rev": 1, "data": {"name": format!("n{rev}")}})
}

/// What was told of conversation 1, in order: `m5` for a message, `r2` for a change.
fn told(rig: &Rig) -> Vec<String> {
    let word = |event: &Event| match event {
        Event::Message(message) => Some(format!("m{}", message.seq)),
        Event::Change(change) => Some(format!("r{}", change.rev)),
        _ => None,
    };
    rig.events.iter().filter_map(word).collect()
}

fn caught_up(rig: &Rig) -> usize {
    rig.events.iter().filter(|event| matches!(event, Event::CaughtUp)).count()
}

#[test]
fn what_was_there_before_the_first_start_is_history_and_not_news() {
    let mut rig = Rig::new(Image::default());
    rig.start(&[(conversation(1), 5, 2)]);
    assert!(rig.frames.is_empty() && told(&rig).is_empty());
    assert_eq!(caught_up(&rig), 1);
    rig.hear(created(conversation(1), 6, "bob", "b6"));
    assert_eq!(told(&rig), ["m6"]);
}

#[test]
fn twice_is_once_and_swapped_is_in_order() {
    let mut rig = Rig::new(Image::default());
    let of = conversation(1);
    rig.start(&[(of, 5, 2)]);
    for seq in [6, 6, 8, 7, 8, 5] {
        rig.hear(created(of, seq, "bob", "x"));
    }
    rig.hear(changed(4, 8));
    rig.hear(changed(3, 8));
    rig.hear(changed(4, 8));
    assert_eq!(told(&rig), ["m6", "m7", "m8", "r3", "r4"]);
}

#[test]
fn a_gap_is_asked_for_once_and_what_came_early_waits_for_it() {
    let mut rig = Rig::new(Image::default());
    let of = conversation(1);
    rig.start(&[(of, 5, 2)]);
    rig.hear(created(of, 9, "bob", "b9"));
    rig.hear(created(of, 10, "bob", "b10"));
    let (id, params) = rig.asked("messages.list");
    assert_eq!(params["after"], 5);
    assert!(rig.frames.is_empty() && told(&rig).is_empty());
    rig.reply(id, page(of, 6..=9, true));
    assert_eq!(told(&rig), ["m6", "m7", "m8", "m9", "m10"]);
}

#[test]
fn numbers_that_one_may_not_see_are_passed_over() {
    let mut rig = Rig::new(Image::default());
    let of = conversation(1);
    rig.start(&[(of, 5, 2)]);
    rig.hear(json!({"conversation": of, "skip": 6}));
    rig.hear(created(of, 7, "bob", "b7"));
    assert_eq!(told(&rig), ["m7"]);
    rig.close(None);
    rig.resume(1, &[(of, 12, 2)]);
    let (id, _) = rig.asked("messages.list");
    rig.reply(id, page(of, 10..=11, false));
    rig.hear(created(of, 13, "bob", "b13"));
    assert_eq!(told(&rig), ["m7", "m10", "m11", "m13"], "8, 9 and 12 are not ours");
}

#[test]
fn a_change_waits_for_the_messages_that_it_came_after() {
    let mut rig = Rig::new(Image::default());
    let of = conversation(1);
    rig.start(&[(of, 5, 2)]);
    rig.hear(changed(3, 6));
    let (id, _) = rig.asked("messages.list");
    assert!(told(&rig).is_empty());
    rig.reply(id, page(of, 6..=6, false));
    assert_eq!(told(&rig), ["m6", "r3"]);
}

#[test]
fn a_resync_fetches_messages_and_changes_that_were_missed() {
    let mut rig = Rig::new(Image::default());
    let of = conversation(1);
    rig.start(&[(of, 5, 2)]);
    rig.close(Some(4409));
    rig.resume(1, &[(of, 130, 4)]);
    let (messages, params) = rig.asked("messages.list");
    assert_eq!(params["after"], 5);
    let (changes, params) = rig.asked("messages.changes");
    assert_eq!(params["after"], 2);
    rig.reply(changes, json!({"items": [changed(3, 5), changed(4, 130)], "has_after": false}));
    assert_eq!(told(&rig), ["r3"], "the other comes behind message 130");
    rig.reply(messages, page(of, 6..=105, true));
    assert_eq!(caught_up(&rig), 1);
    let (rest, params) = rig.asked("messages.list");
    assert_eq!(params["after"], 105);
    rig.reply(rest, page(of, 106..=130, false));
    assert_eq!(rig.told(of), (6..=130).collect::<Vec<_>>());
    assert_eq!(told(&rig).last().unwrap(), "r4");
    assert_eq!(caught_up(&rig), 2);
}

#[test]
fn a_long_gap_begins_with_the_newest_page_and_says_what_is_missing() {
    let mut rig = Rig::new(Image::default());
    let of = conversation(1);
    rig.start(&[(of, 5, 2)]);
    rig.close(None);
    rig.resume(1, &[(of, 1_000, 900)]);
    let (id, params) = rig.asked("messages.list");
    assert!(params["after"].is_null() && params["before"].is_null(), "{params}");
    rig.reply(id, page(of, 901..=1_000, false));
    assert_eq!(rig.told(of), (901..=1_000).collect::<Vec<_>>());
    let missed: Vec<_> = rig
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Missed(missed) => Some((missed.seqs, missed.revs)),
            _ => None,
        })
        .collect();
    assert_eq!(missed, [(None, Some((2, 901))), (Some((5, 901)), None)]);
    rig.hear(created(of, 1_001, "bob", "x"));
    rig.hear(changed(901, 1_001));
    assert_eq!(told(&rig)[100..], ["m1001", "r901"]);
}

#[test]
fn a_page_that_is_refused_is_asked_for_again_and_a_stranger_is_out() {
    let mut rig = Rig::new(Image::default());
    let of = conversation(1);
    rig.start(&[(of, 5, 2)]);
    rig.hear(created(of, 7, "bob", "b7"));
    let (id, _) = rig.asked("messages.list");
    rig.refuse(id, "server.unavailable");
    assert!(rig.frames.is_empty());
    rig.wake();
    let (id, _) = rig.asked("messages.list");
    rig.refuse(id, "conversations.not_found");
    assert!(matches!(rig.events.last(), Some(Event::Removed(id)) if *id == of));
    assert_eq!(rig.engine.conversations().count(), 0);
}

#[test]
fn a_conversation_begins_with_its_creation_or_with_the_own_joining() {
    let mut rig = Rig::new(Image::default());
    rig.start(&[]);
    let data = |of, head_seq, head_rev| {
        json!({"id": of, "kind": "group", "metadata": {}, "history": "joined",
            "created_by": "bob", "created_at": "2026-11-23T05:30:09.123Z",
            "updated_at": "2026-11-23T05:30:09.123Z", "head_seq": head_seq,
            "head_rev": head_rev, "member_count": 2})
    };
    let (new, old) = (conversation(1), conversation(2));
    rig.hear(json!({"event": "conversation.created", "conversation": new, "rev": 1,
        "members_rev": 1, "at_seq": 0, "data": data(new, 0, 1)}));
    rig.hear(created(new, 1, "bob", "b1"));
    assert_eq!(told(&rig), ["r1", "m1"]);
    rig.hear(json!({"event": "conversation.created", "conversation": old, "members_rev": 9,
        "data": data(old, 40, 9)}));
    rig.hear(json!({"event": "member.added", "conversation": old, "rev": 9, "at_seq": 40,
        "members_rev": 9, "data": {"users": ["ann"], "by": "bob"}}));
    rig.hear(created(old, 41, "bob", "b41"));
    assert_eq!(told(&rig)[2..], ["r0", "r9", "m41"]);
    rig.hear(json!({"event": "member.removed", "conversation": old, "rev": 10, "at_seq": 41,
        "members_rev": 10, "data": {"user": ANN, "by": "bob", "reason": "removed"}}));
    assert!(matches!(rig.events.last(), Some(Event::Removed(id)) if *id == old));
    assert!(rig.frames.is_empty(), "nothing was missing: {:?}", rig.frames);
}

#[test]
fn a_digest_that_differs_has_all_heads_listed() {
    let mut rig = Rig::new(Image::default());
    let [one, two, three] = [1, 2, 3].map(conversation);
    rig.start(&[(one, 5, 2), (two, 5, 2)]);
    rig.close(None);
    // The cursor's time lets nothing through, and yet: one is gone, three is new.
    let mut page = started(1, &[]);
    page["digest"] = digest(&[(two, 5, 2), (three, 1, 1)]).into();
    rig.wake();
    rig.dialed();
    let (id, _) = rig.asked("session.start");
    rig.reply(id, page);
    let head =
        |of, seq, rev| json!({"conversation": of, "head_seq": seq, "head_rev": rev, "read_seq": 0});
    let (id, params) = rig.asked("sync.get");
    assert_eq!(params["page"], Value::Null);
    rig.reply(
        id,
        json!({"epoch": 1, "cursor": "c2", "heads": [head(two, 5, 2)],
        "next_page": "p2"}),
    );
    let (id, params) = rig.asked("sync.get");
    assert_eq!(params["page"], "p2");
    rig.reply(id, json!({"epoch": 1, "cursor": "c3", "heads": [head(three, 1, 1)]}));
    let gone: Vec<_> = rig
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Removed(id) => Some(*id),
            _ => None,
        })
        .collect();
    assert_eq!(gone, [one]);
    assert_eq!(rig.asked("messages.list").1["conversation"], json!(three));
    assert_eq!(rig.asked("messages.changes").1["conversation"], json!(three));
}

#[test]
fn another_epoch_refetches_tails_and_offers_own_sends_again() {
    let mut rig = Rig::new(Image::default());
    let of = conversation(1);
    rig.start(&[(of, 5, 2)]);
    rig.send(of, "kept");
    let (id, _) = rig.asked("messages.send");
    rig.reply(id, json!({"state": "sent", "seq": 6}));
    rig.hear(created(of, 6, ANN, "kept"));
    rig.send(of, "new");
    rig.asked("messages.send");
    rig.close(None);
    rig.resume(2, &[(of, 4, 2)]);
    assert_eq!(rig.kept.epoch, Some(2));
    // In the old order, under the old client ids.
    let (send, params) = rig.asked("messages.send");
    assert_eq!(params["client_id"], "kept");
    let (list, params) = rig.asked("messages.list");
    assert!(params["after"].is_null(), "{params}");
    rig.hear(created(of, 5, ANN, "kept"));
    rig.reply(send, json!({"state": "sent", "seq": 5}));
    assert_eq!(rig.asked("messages.send").1["client_id"], "new");
    assert_eq!(rig.told(of), [6], "nothing is told of a conversation whose past is void");
    rig.reply(list, page(of, 1..=4, false));
    let at = rig.events.iter().position(|event| {
        matches!(event, Event::Refetched(page) if page.messages.len() == 4 && !page.has_before)
    });
    assert!(at.is_some(), "{:?}", rig.events);
    assert_eq!(rig.told(of), [6, 5]);
    assert_eq!(caught_up(&rig), 2);
}

#[test]
fn another_epoch_is_noticed_after_a_restart_of_the_client_too() {
    let mut rig = Rig::new(Image::default());
    let of = conversation(1);
    rig.start(&[(of, 0, 1)]);
    rig.send(of, "a");
    let (id, _) = rig.asked("messages.send");
    rig.reply(id, json!({"state": "sent", "seq": 1}));
    let mut next = Rig::new(rig.kept);
    next.token("ut_1");
    next.dialed();
    let (id, _) = next.asked("session.start");
    next.reply(id, started(2, &[(of, 0, 1)]));
    assert_eq!(next.asked("messages.send").1["client_id"], "a");
}

#[test]
fn a_head_below_what_was_told_is_a_past_that_is_void() {
    let mut rig = Rig::new(Image::default());
    let of = conversation(1);
    rig.start(&[(of, 5, 2)]);
    rig.close(None);
    rig.resume(1, &[(of, 3, 2)]);
    let (id, params) = rig.asked("messages.list");
    assert!(params["after"].is_null(), "{params}");
    rig.reply(id, page(of, 1..=3, false));
    assert!(rig.events.iter().any(|event| matches!(event, Event::Refetched(_))));
    rig.hear(created(of, 4, "bob", "x"));
    assert_eq!(told(&rig), ["m4"]);
}

#[test]
fn a_reset_on_the_line_begins_anew() {
    let mut rig = Rig::new(Image::default());
    let of = conversation(1);
    rig.start(&[(of, 5, 2)]);
    rig.hear(json!({"event": "sync.reset"}));
    assert_eq!(rig.hangups, 1);
    rig.wake();
    rig.dialed();
    let (id, params) = rig.asked("session.start");
    assert_eq!(params.get("cursor"), None);
    rig.reply(id, started(2, &[(of, 2, 1)]));
    assert_eq!(rig.asked("messages.list").1["conversation"], json!(of));
}

#[test]
fn an_app_that_takes_no_events_loses_none_and_memory_stays_bounded() {
    let mut rig = Rig::new(Image::default());
    let of = conversation(1);
    rig.start(&[(of, 0, 1)]);
    let mut asked = 0;
    for seq in 1..=3_000 {
        let frame = created(of, seq, "bob", "x").to_string();
        rig.engine.handle_frame(&frame, rig.now);
        rig.take_outputs();
        asked += rig.frames.len();
        rig.frames.clear();
    }
    assert_eq!(asked, 0, "no page is asked for before there is room");
    let mut messages = 0;
    while messages < 3_000 {
        rig.pump();
        messages = rig.told(of).len();
        if messages == 3_000 {
            break;
        }
        let (id, params) = rig.asked("messages.list");
        match params["after"].as_i64() {
            Some(after) => {
                let last = (after + 100).min(3_000);
                rig.reply(id, page(of, after + 1..=last, last < 3_000));
            }
            // More than 200 are missing: the app learns that by `Missed` and reads on its own.
            None => {
                rig.reply(id, page(of, 2_901..=3_000, false));
                assert!(rig.events.iter().any(|event| matches!(event, Event::Missed(_))));
                break;
            }
        }
    }
    let told = rig.told(of);
    assert!(told.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(told.last(), Some(&3_000));
}

#[test]
fn many_conversations_are_caught_up_with_a_few_at_a_time() {
    let mut rig = Rig::new(Image::default());
    let heads = |seq| (1..=80).map(|n| (conversation(n), seq, 1)).collect::<Vec<_>>();
    rig.start(&heads(1));
    rig.close(None);
    rig.resume(1, &heads(3));
    let mut pages = 0;
    while !rig.frames.is_empty() {
        assert!(rig.frames.len() <= 16, "{} at once", rig.frames.len());
        let (id, params) = rig.asked("messages.list");
        let of = params["conversation"].as_str().unwrap().parse().unwrap();
        rig.reply(id, page(of, 2..=3, false));
        pages += 1;
    }
    assert_eq!((pages, caught_up(&rig)), (80, 2));
    assert!((1..=80).all(|n| rig.told(conversation(n)) == [2, 3]));
}
