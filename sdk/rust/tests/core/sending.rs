//! The outbox: in order, exactly once, for as long as it takes.

use std::time::Duration;

use hoopoe_sdk::core::{Image, Now};
use serde_json::json;

use crate::rig::{ANN, Rig, conversation, created, item, message};

#[test]
fn one_at_a_time_in_each_conversation_and_all_conversations_at_once() {
    let mut rig = Rig::new(Image::default());
    let (one, two) = (conversation(1), conversation(2));
    rig.start(&[(one, 0, 1), (two, 0, 1)]);
    for (to, client_id) in [(one, "a"), (one, "b"), (two, "c")] {
        rig.send(to, client_id);
    }
    let (first, params) = rig.asked("messages.send");
    assert_eq!(params["client_id"], "a");
    assert_eq!(rig.asked("messages.send").1["client_id"], "c");
    assert!(rig.frames.is_empty());
    rig.reply(first, json!({"state": "sent", "seq": 1}));
    assert_eq!(rig.asked("messages.send").1["client_id"], "b");
    let told = rig.deliveries();
    assert_eq!(told.last().unwrap(), &("a".to_owned(), "sent 1".to_owned()));
    assert_eq!(rig.kept.queued.len(), 2);
    assert!(rig.told(one).is_empty(), "a reply moves no cursor");
}

#[test]
fn a_lost_ack_is_asked_for_again_under_the_same_client_id() {
    let mut rig = Rig::new(Image::default());
    let to = conversation(1);
    rig.start(&[(to, 0, 1)]);
    rig.send(to, "a");
    let (_, first) = rig.asked("messages.send");
    rig.close(None);
    rig.resume(1, &[(to, 0, 1)]);
    let (id, again) = rig.asked("messages.send");
    assert_eq!(first, again);
    rig.reply(id, json!({"state": "sent", "seq": 1}));
    assert_eq!(rig.engine.unsent(), 0);
}

#[test]
fn an_event_that_shows_the_message_is_an_ack() {
    let mut rig = Rig::new(Image::default());
    let to = conversation(1);
    rig.start(&[(to, 0, 1)]);
    rig.send(to, "a");
    rig.send(to, "b");
    let (id, _) = rig.asked("messages.send");
    rig.hear(created(to, 1, ANN, "a"));
    assert_eq!(rig.asked("messages.send").1["client_id"], "b", "the next one leaves");
    rig.reply(id, json!({"state": "sent", "seq": 1}));
    assert_eq!(rig.deliveries().iter().filter(|(id, _)| id == "a").count(), 2);
    rig.hear(created(to, 2, "bob", "b"));
    assert_eq!(rig.engine.unsent(), 1, "somebody else's client id is nothing to us");
}

#[test]
fn a_page_that_shows_the_message_is_an_ack() {
    let mut rig = Rig::new(Image::default());
    let to = conversation(1);
    rig.start(&[(to, 0, 1)]);
    rig.send(to, "a");
    rig.asked("messages.send");
    rig.close(None);
    rig.resume(1, &[(to, 1, 1)]);
    // Both are under way: the repeat, and the page that shows it is not needed.
    let (_, _) = rig.asked("messages.send");
    let (id, params) = rig.asked("messages.list");
    assert_eq!(params["after"], 0);
    rig.reply(
        id,
        json!({"items": [message(to, 1, ANN, "a")], "has_before": false,
        "has_after": false}),
    );
    assert_eq!((rig.engine.unsent(), rig.told(to)), (0, vec![1]));
}

#[test]
fn what_may_succeed_later_is_tried_later_and_nothing_overtakes_it() {
    let mut rig = Rig::new(Image::default());
    let to = conversation(1);
    rig.start(&[(to, 0, 1)]);
    rig.send(to, "a");
    rig.send(to, "b");
    for code in ["server.unavailable", "rate.exceeded", "server.internal"] {
        let (id, params) = rig.asked("messages.send");
        assert_eq!(params["client_id"], "a");
        rig.refuse(id, code);
        assert!(rig.frames.is_empty(), "nothing is sent before its time");
        rig.wake();
    }
    let (id, _) = rig.asked("messages.send");
    rig.reply(id, json!({"state": "sent", "seq": 1}));
    assert_eq!(rig.asked("messages.send").1["client_id"], "b");
}

#[test]
fn a_conflict_and_other_refusals_are_told_and_the_next_one_leaves() {
    let mut rig = Rig::new(Image::default());
    let to = conversation(1);
    rig.start(&[(to, 0, 1)]);
    for (client_id, code) in [
        ("a", "messages.client_id_conflict"),
        ("b", "messages.forbidden"),
        ("c", "request.invalid"),
    ] {
        rig.send(to, client_id);
        let (id, _) = rig.asked("messages.send");
        rig.refuse(id, code);
        let (told, state) = rig.deliveries().pop().unwrap();
        assert!(told == client_id && state.contains(code), "{told} {state}");
    }
    assert!(rig.kept.queued.is_empty() && rig.engine.unsent() == 0);
}

#[test]
fn a_mistake_of_the_server_is_not_repeated_for_ever() {
    let mut rig = Rig::new(Image::default());
    let to = conversation(1);
    rig.start(&[(to, 0, 1)]);
    rig.send(to, "a");
    for attempt in 0.. {
        assert!(attempt < 20, "it goes on");
        let (id, _) = rig.asked("messages.send");
        rig.refuse(id, "server.internal");
        if rig.engine.unsent() == 0 {
            return;
        }
        rig.wake();
    }
}

#[test]
fn an_outbox_is_what_its_records_come_to() {
    let mut rig = Rig::new(Image::default());
    let to = conversation(1);
    rig.start(&[(to, 0, 1)]);
    for client_id in ["a", "b", "c"] {
        rig.send(to, client_id);
    }
    let (id, _) = rig.asked("messages.send");
    rig.reply(id, json!({"state": "sent", "seq": 1}));
    let mut image = Image::default();
    rig.kept.records().into_iter().for_each(|record| image.apply(record));
    let mut next = Rig::new(image);
    assert_eq!(next.engine.unsent(), 2);
    next.start(&[(to, 1, 1)]);
    assert_eq!(next.asked("messages.send").1["client_id"], "b");
}

#[test]
fn after_thirty_days_a_send_is_given_up_and_a_day_before_it_is_not() {
    let day_ms = 24 * 3_600 * 1_000;
    let now = Now { mono: Duration::ZERO, wall_ms: 1_795_000_000_000 };
    let to = conversation(1);
    let mut image = Image::default();
    for (client_id, days) in [("old", 31), ("young", 29)] {
        let item = item(to, client_id, now.wall_ms - days * day_ms);
        image.apply(hoopoe_sdk::core::Record::Queued(item));
    }
    let mut rig = Rig::at(image, now);
    rig.start(&[(to, 0, 1)]);
    assert_eq!(rig.deliveries(), [("old".to_owned(), "Expired".to_owned())]);
    assert_eq!(rig.asked("messages.send").1["client_id"], "young");
    assert_eq!(rig.kept.queued.len(), 1);
    // Without a line too: nobody is left waiting.
    rig.close(None);
    rig.advance(Duration::from_secs(2 * 24 * 3_600));
    assert_eq!(rig.deliveries().last().unwrap(), &("young".to_owned(), "Expired".to_owned()));
}

#[test]
fn a_thousand_are_kept_and_no_more() {
    let mut rig = Rig::new(Image::default());
    for number in 0..999 {
        rig.send(conversation(1), &format!("{number}"));
    }
    assert!(rig.engine.has_room_for_send(0) && !rig.engine.has_room_for_send(1));
    assert_eq!(rig.engine.unsent_requests().count(), 999);
}
