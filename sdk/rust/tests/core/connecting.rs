//! From a token to a session, and back after each way to lose it.

use std::time::Duration;

use hoopoe_sdk::{
    Status, Stop,
    core::{Image, TokenFailure},
};
use serde_json::json;

use crate::rig::{Rig, conversation, problem, started};

#[test]
fn a_token_comes_first_then_a_socket_then_a_session() {
    let mut rig = Rig::new(Image::default());
    assert_eq!((rig.tokens_asked, rig.dials), (1, 0));
    rig.token("ut_1");
    assert_eq!((rig.tokens_asked, rig.dials), (1, 1));
    rig.dialed();
    let (id, params) = rig.asked("session.start");
    assert_eq!(params, json!({"token": "ut_1"}));
    rig.reply(id, started(1, &[]));
    assert_eq!(rig.last_status(), &Status::Online);
    assert_eq!(rig.engine.user().unwrap().as_str(), "ann");
}

#[test]
fn a_token_that_ends_is_refreshed_before_the_next_attempt_and_the_outbox_goes_on() {
    let mut rig = Rig::new(Image::default());
    let to = conversation(1);
    rig.start(&[(to, 0, 1)]);
    rig.send(to, "a");
    rig.asked("messages.send");
    rig.close(Some(4401));
    assert_eq!((rig.tokens_asked, rig.dials), (2, 1), "no attempt with the old token");
    rig.token("ut_2");
    assert_eq!((rig.tokens_asked, rig.dials), (2, 2));
    rig.dialed();
    let (id, params) = rig.asked("session.start");
    assert_eq!(params["token"], "ut_2");
    rig.reply(id, started(1, &[(to, 0, 1)]));
    let (_, again) = rig.asked("messages.send");
    assert_eq!(again["client_id"], "a");
}

#[test]
fn a_command_that_is_refused_for_the_token_refreshes_it() {
    let mut rig = Rig::new(Image::default());
    let to = conversation(1);
    rig.start(&[(to, 0, 1)]);
    rig.send(to, "a");
    let (id, _) = rig.asked("messages.send");
    rig.refuse(id, "auth.invalid_token");
    assert_eq!((rig.tokens_asked, rig.dials, rig.hangups), (2, 1, 1));
    assert_eq!(rig.engine.unsent(), 1);
}

#[test]
fn the_same_token_again_after_a_refusal_ends_it() {
    let mut rig = Rig::new(Image::default());
    rig.token("ut_1");
    rig.dialed();
    let (id, _) = rig.asked("session.start");
    rig.refuse(id, "auth.invalid_token");
    assert_eq!(rig.tokens_asked, 2);
    rig.token("ut_1");
    assert_eq!(rig.last_status(), &Status::Stopped(Stop::TokenRefused));
    assert_eq!(rig.dials, 1);
}

#[test]
fn ever_new_tokens_that_are_refused_do_not_go_on_for_ever() {
    let mut rig = Rig::new(Image::default());
    for number in 0.. {
        assert!(number < 10, "it goes on");
        rig.token(&format!("ut_{number}"));
        rig.dialed();
        let (id, _) = rig.asked("session.start");
        rig.refuse(id, "auth.invalid_token");
        if rig.last_status() == &Status::Stopped(Stop::TokenRefused) {
            return;
        }
    }
}

#[test]
fn a_provider_that_fails_is_asked_again_later_unless_it_says_never() {
    let mut rig = Rig::new(Image::default());
    let failure = |is_final| Err(TokenFailure { why: "no network".into(), is_final });
    rig.engine.handle_token(failure(false), rig.now);
    rig.pump();
    assert!(matches!(rig.last_status(), Status::Waiting { why, .. } if why.contains("no network")));
    rig.wake();
    assert_eq!(rig.tokens_asked, 2);
    rig.engine.handle_token(failure(true), rig.now);
    rig.pump();
    let stop = Stop::NoToken("no network".into());
    assert_eq!(rig.last_status(), &Status::Stopped(stop));
}

#[test]
fn a_revoked_session_is_the_end_and_nobody_waits_in_vain() {
    let mut rig = Rig::new(Image::default());
    rig.start(&[]);
    let params = serde_json::value::to_raw_value(&json!({})).unwrap();
    let ask = ("me.get".to_owned(), params);
    rig.engine.handle_request(9, ask, true, Duration::from_secs(30), rig.now);
    rig.pump();
    rig.close(Some(4403));
    assert_eq!(rig.last_status(), &Status::Stopped(Stop::Revoked));
    assert_eq!(rig.replies.len(), 1, "{:?}", rig.replies);
    assert_eq!(rig.engine.poll_timeout(), None);
}

#[test]
fn who_must_wait_waits_at_least_so_long() {
    let mut rig = Rig::new(Image::default());
    rig.start(&[]);
    rig.close(Some(4503));
    let Status::Waiting { retry_in, .. } = rig.last_status() else { panic!("{:?}", rig.statuses) };
    assert!(*retry_in >= Duration::from_secs(1), "{retry_in:?}");
    assert!(rig.wake() >= Duration::from_secs(1));
    assert_eq!(rig.dials, 2);
}

#[test]
fn attempts_that_fail_come_ever_later() {
    let mut rig = Rig::new(Image::default());
    rig.token("ut_1");
    let mut waited = Duration::ZERO;
    for attempt in 1..=30 {
        assert_eq!(rig.dials, attempt);
        rig.engine.handle_dial_failed("refused".to_owned(), rig.now);
        rig.pump();
        let wait = rig.wake();
        assert!(wait <= Duration::from_secs(30), "{wait:?}");
        waited += wait;
    }
    assert!(waited > Duration::from_secs(150), "{waited:?} for 30 attempts hammers the server");
}

#[test]
fn a_silent_line_is_given_up_and_heartbeats_keep_it() {
    let mut rig = Rig::new(Image::default());
    rig.start(&[]);
    for _ in 0..10 {
        rig.advance(Duration::from_secs(25));
        rig.engine.handle_sign_of_life(rig.now);
    }
    assert_eq!(rig.last_status(), &Status::Online);
    rig.wake();
    assert!(matches!(rig.last_status(), Status::Waiting { why, .. } if why.contains("silent")));
    assert_eq!(rig.hangups, 1);
}

#[test]
fn requests_survive_a_broken_line_when_they_may_be_repeated() {
    let mut rig = Rig::new(Image::default());
    rig.start(&[]);
    let params = || serde_json::value::to_raw_value(&json!({})).unwrap();
    let patience = Duration::from_secs(30);
    let now = rig.now;
    rig.engine.handle_request(1, ("me.get".into(), params()), true, patience, now);
    rig.engine.handle_request(2, ("conversations.create".into(), params()), false, patience, now);
    rig.pump();
    rig.close(None);
    assert_eq!(rig.replies.len(), 1);
    assert!(rig.replies[0].0 == 2 && rig.replies[0].1.is_err(), "{:?}", rig.replies);
    rig.resume(1, &[]);
    let (id, _) = rig.asked("me.get");
    rig.reply(id, json!({"id": "ann"}));
    assert_eq!(rig.replies[1], (1, Ok("{\"id\":\"ann\"}".to_owned())));
    rig.engine.handle_request(3, ("me.get".into(), params()), true, patience, rig.now);
    rig.pump();
    rig.advance(patience);
    assert!(rig.replies[2].0 == 3 && rig.replies[2].1.is_err(), "{:?}", rig.replies);
}

#[test]
fn what_is_not_known_is_passed_over_or_handed_on() {
    let mut rig = Rig::new(Image::default());
    rig.start(&[]);
    rig.hear(json!({"event": "typing.started", "conversation": conversation(1),
        "data": {"user": "bob"}}));
    rig.hear(json!({"later": true}));
    rig.engine.handle_frame("no json", rig.now);
    rig.hear(json!({"id": 99, "error": problem("server.internal")}));
    let others: Vec<_> = rig
        .events
        .iter()
        .filter_map(|event| match event {
            hoopoe_sdk::Event::Other(other) => Some((&*other.event, &other.data["user"])),
            _ => None,
        })
        .collect();
    assert_eq!(others[0], ("typing.started", &json!("bob")));
    assert_eq!(rig.last_status(), &Status::Online);
}

#[test]
fn what_one_user_wrote_is_never_sent_as_another() {
    let mut rig = Rig::new(Image::default());
    let to = conversation(1);
    rig.start(&[(to, 0, 1)]);
    rig.send(to, "a");
    assert_eq!(rig.kept.owner.as_ref().unwrap().as_str(), "ann");
    let mut next = Rig::new(rig.kept);
    next.token("ut_of_bob");
    next.dialed();
    let (id, _) = next.asked("session.start");
    let mut page = started(1, &[(to, 0, 1)]);
    page["user"] = "bob".into();
    next.reply(id, page);
    assert!(matches!(next.last_status(), Status::Stopped(Stop::OtherUser(_))));
    assert!(next.frames.is_empty() && next.hangups == 1);
    assert_eq!(next.kept.queued.len(), 1, "it waits for its own user");
}
