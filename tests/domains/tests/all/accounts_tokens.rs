//! User tokens and sessions: opened, listed, and ended at once.

use std::time::Duration;

use hoopoe_bus::Notice;
use hoopoe_kernel::{Actor, Ctx, ports::Identity};
use hoopoe_testkit::{TestDb, db_test, harness::fail};
use hoopoe_wire::{SessionId, accounts::Device};
use serde_json::{Value, json};

use crate::accounts_house::{House, drain, listen, must, refusal, text};

fn session_id(session: &str) -> SessionId {
    match session.parse() {
        Ok(id) => id,
        Err(_) => fail(format!("{session} is no session")),
    }
}

#[db_test]
async fn a_token_opens_a_session_until_it_expires(db: TestDb) {
    let house = House::new(db).await;
    house.user("ann").await;
    let reply = house.ok(&house.own.key, "auth.token", json!({"user": "ann", "ttl_s": 60})).await;
    assert_eq!(reply["expires_at"], json!("2026-01-01T00:01:00.000Z"));
    let token = text(&reply["token"]);
    assert!(token.starts_with("ut_") && token.len() == 46);
    house.clock.advance(Duration::from_millis(59_999));
    assert_eq!(house.ok(&token, "me.get", json!({})).await["id"], json!("ann"));
    house.clock.advance(Duration::from_millis(1));
    assert_eq!(house.call(&token, "me.get", json!({})).await.0, 401, "cached or not");
    assert_eq!(must(house.accounts.sweep().await), 1);
    assert_eq!(house.call(&token, "me.get", json!({})).await.0, 401);

    let missing = house.call(&house.own.key, "auth.token", json!({"user": "bob"})).await;
    assert_eq!(refusal(missing), (404, "accounts.user_not_found".into()));
    for ttl_s in [0, 2_592_001] {
        let request = json!({"user": "ann", "ttl_s": ttl_s});
        assert_eq!(house.call(&house.own.key, "auth.token", request).await.0, 422);
    }
}

#[db_test]
async fn garbage_is_nobody(db: TestDb) {
    let house = House::new(db).await;
    house.user("ann").await;
    let (token, _) = house.token("ann").await;
    let never = format!("ut_{}", "0".repeat(43));
    let as_key = token.replace("ut_", "sk_");
    for bad in ["ut_", "x", "Bearer", " ", &token[..45], &format!("{token}0"), &never, &as_key] {
        let refused = house.call(bad, "me.get", json!({})).await;
        assert_eq!(refusal(refused), (401, "auth.invalid_token".into()), "{bad:?}");
    }
    assert_eq!(house.call("", "me.get", json!({})).await.0, 401, "nobody is refused too");
    let acting = house.send(&token, Some("ann"), None, "me.get", json!({})).await;
    assert_eq!(refusal(acting), (403, "auth.forbidden".into()));
}

#[db_test]
async fn logging_out_ends_the_token_at_once_and_tells_the_gateway(db: TestDb) {
    let house = House::new(db).await;
    house.user("ann").await;
    let (phone, phone_session) = house.token("ann").await;
    let (laptop, _) = house.token("ann").await;
    house.ok(&phone, "me.get", json!({})).await;
    let mut bus = listen(&house);
    house.ok(&phone, "auth.logout", json!({})).await;
    assert_eq!(house.call(&phone, "me.get", json!({})).await.0, 401);
    house.ok(&laptop, "me.get", json!({})).await;

    let notices = drain(&mut bus);
    let [Notice::Revoked { uid, session: Some(session) }, Notice::Users { uids, frame }] =
        &notices[..]
    else {
        fail(format!("first the sockets, then the other devices: {notices:?}"));
    };
    assert_eq!(*session, session_id(&phone_session));
    assert_eq!(uids, &[*uid]);
    let event: Value = serde_json::from_slice(frame).expect("an event is JSON");
    let wanted = json!({"event": "session.revoked", "data": {"session": phone_session}});
    assert_eq!(event, wanted);
}

#[db_test]
async fn sessions_are_listed_and_ended_one_by_one(db: TestDb) {
    let house = House::new(db).await;
    house.user("ann").await;
    house.user("bob").await;
    let device = json!({"id": "d1", "platform": "ios", "name": "Ann's phone", "app_version": "1"});
    let request = json!({"user": "ann", "device": device});
    let first = house.ok(&house.own.key, "auth.token", request).await;
    house.clock.advance(Duration::from_secs(1));
    let (second, second_session) = house.token("ann").await;
    let (bobs, bobs_session) = house.token("bob").await;

    let list = house.ok(&second, "sessions.list", json!({})).await;
    let items = list["items"].as_array().expect("a list");
    assert_eq!(items.len(), 2);
    assert_eq!((&items[0]["id"], &items[0]["current"]), (&json!(second_session), &json!(true)));
    assert_eq!((&items[1]["device"], &items[1]["current"]), (&device, &json!(false)));
    let page = house.ok(&second, "sessions.list", json!({"limit": 1})).await;
    let request = json!({"limit": 1, "cursor": page["next_cursor"]});
    let page = house.ok(&second, "sessions.list", request).await;
    assert_eq!(page, json!({"items": [items[1]]}));

    for missing in [json!(bobs_session), json!("ses_02kjGpQkTsbVvCPEFUVxvx"), json!("x")] {
        let refused = house.call(&second, "sessions.delete", json!({"session": missing})).await;
        assert_eq!(refusal(refused), (404, "accounts.session_not_found".into()), "{missing}");
    }
    house.ok(&bobs, "me.get", json!({})).await;
    let request = json!({"session": first["session"]});
    house.ok(&second, "sessions.delete", request.clone()).await;
    assert_eq!(house.call(&text(&first["token"]), "me.get", json!({})).await.0, 401);
    assert_eq!(house.call(&second, "sessions.delete", request).await.0, 404, "it is over");
}

#[db_test]
async fn a_backend_acts_for_its_users(db: TestDb) {
    let house = House::new(db).await;
    house.user("ann").await;
    let (token, session) = house.token("ann").await;
    let key = &house.own.key;
    let list = house.send(key, Some("ann"), None, "sessions.list", json!({})).await;
    assert_eq!(list.1["items"][0]["current"], json!(false));
    let logout = house.send(key, Some("ann"), None, "auth.logout", json!({})).await;
    assert_eq!(refusal(logout), (404, "accounts.session_not_found".into()));
    let request = json!({"session": session});
    let ended = house.send(key, Some("ann"), None, "sessions.delete", request).await;
    assert_eq!(ended.0, 200);
    assert_eq!(house.call(&token, "me.get", json!({})).await.0, 401);
    for name in ["never", "no id", ""] {
        let refused = house.send(key, Some(name), None, "me.get", json!({})).await;
        assert_eq!(refusal(refused), (404, "accounts.user_not_found".into()), "{name:?}");
    }
}

#[db_test]
async fn all_sessions_of_a_user_end_together(db: TestDb) {
    let house = House::new(db).await;
    house.user("ann").await;
    house.user("bob").await;
    let (one, _) = house.token("ann").await;
    let (two, _) = house.token("ann").await;
    let (bobs, _) = house.token("bob").await;
    for token in [&one, &two, &bobs] {
        house.ok(token, "me.get", json!({})).await;
    }
    let mut bus = listen(&house);
    house.ok(&house.own.key, "sessions.revoke_all", json!({"user": "ann"})).await;
    for token in [&one, &two] {
        assert_eq!(house.call(token, "me.get", json!({})).await.0, 401);
    }
    house.ok(&bobs, "me.get", json!({})).await;
    let notices = drain(&mut bus);
    assert!(matches!(notices[..], [Notice::Revoked { session: None, .. }]), "{notices:?}");
    house.token("ann").await;
}

#[db_test]
async fn what_another_process_revokes_ends_within_a_second(db: TestDb) {
    let house = House::new(db).await;
    house.user("ann").await;
    let (token, _) = house.token("ann").await;
    let (_, there) = house.other_node();
    must(there.authenticate_token(&token).await);
    house.ok(&token, "auth.logout", json!({})).await;
    house.clock.advance(Duration::from_secs(1));
    let refused = there.authenticate_token(&token).await.expect_err("revoked");
    assert_eq!(refused.code().status, 401);
}

#[db_test]
async fn a_revocation_goes_on_when_its_caller_hangs_up(db: TestDb) {
    let house = House::new(db).await;
    house.user("ann").await;
    let (token, session) = house.token("ann").await;
    let mut bus = listen(&house);
    let mut running = must(house.start(&token, None, None, "auth.logout", json!({})).await);
    let first = std::future::poll_fn(|cx| std::task::Poll::Ready(running.as_mut().poll(cx))).await;
    drop((running, first.is_pending()));
    let notice = tokio::time::timeout(hoopoe_testkit::harness::PATIENCE, bus.recv());
    match notice.await.expect("in time") {
        Some(Notice::Revoked { session: Some(ended), .. }) => {
            assert_eq!(ended, session_id(&session));
        }
        other => fail(format!("{other:?}")),
    }
    assert_eq!(house.call(&token, "me.get", json!({})).await.0, 401);
}

#[db_test]
async fn a_socket_starts_in_a_session_and_learns_of_its_end(db: TestDb) {
    let house = House::new(db).await;
    house.user("ann").await;
    let (token, session) = house.token("ann").await;
    let device = Device { platform: Some("web".into()), ..Device::default() };
    house.clock.advance(Duration::from_secs(30));
    let started = must(house.accounts.start_session(&token, Some(device.clone())).await);
    assert_eq!(started.session, session_id(&session));
    assert_eq!(
        (started.user.id.as_str(), &started.expires_at.to_string()[..10]),
        ("ann", "2026-01-02")
    );
    let Identity { app, actor } = started.identity.clone();
    assert_eq!(app, house.own.no);
    assert!(matches!(&actor, Actor::User(user) if user.session == Some(started.session)));

    let ctx = Ctx::new(&house.env, app, actor);
    let list = must(house.accounts.list_sessions(&ctx, Default::default()).await);
    assert_eq!(list.items[0].device, device);
    assert_eq!(list.items[0].last_seen_at, house.env.clock.now());
    // A device that is not told again stays.
    house.clock.advance(Duration::from_secs(600));
    must(house.accounts.start_session(&token, None).await);
    let list = must(house.accounts.list_sessions(&ctx, Default::default()).await);
    assert_eq!(
        (&list.items[0].device, list.items[0].last_seen_at),
        (&device, house.env.clock.now())
    );

    assert!(must(house.accounts.is_live(&started).await));
    let (other, _) = house.token("ann").await;
    house.ok(&other, "auth.logout", json!({})).await;
    assert!(must(house.accounts.is_live(&started).await), "another one ended");
    house.ok(&token, "auth.logout", json!({})).await;
    assert!(!must(house.accounts.is_live(&started).await));
    let refused = house.accounts.start_session(&token, None).await.expect_err("revoked");
    assert_eq!(refused.code().code, "auth.invalid_token");
    let refused = house.accounts.start_session(&house.own.key, None).await.expect_err("a key");
    assert_eq!(refused.code().status, 401);
    let wrong = Device { name: Some("x".repeat(101)), ..Device::default() };
    let (third, _) = house.token("ann").await;
    let refused = house.accounts.start_session(&third, Some(wrong)).await.expect_err("too long");
    assert_eq!(refused.code().status, 422);
}

#[db_test]
async fn only_expired_sessions_are_swept(db: TestDb) {
    let house = House::new(db).await;
    house.user("ann").await;
    for _ in 0..210 {
        house.ok(&house.own.key, "auth.token", json!({"user": "ann", "ttl_s": 10})).await;
        house.clock.advance(Duration::from_micros(1));
    }
    let (token, _) = house.token("ann").await;
    house.clock.advance(Duration::from_secs(10));
    assert_eq!(must(house.accounts.sweep().await), 210);
    assert_eq!(must(house.accounts.sweep().await), 0);
    house.ok(&token, "me.get", json!({})).await;
}
