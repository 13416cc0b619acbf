//! Tokens that are refreshed: one after the other, and never one twice.

use std::time::Duration;

use futures_util::future::join_all;
use hoopoe_bus::Notice;
use hoopoe_testkit::{TestDb, db_test, harness::fail};
use serde_json::{Value, json};

use crate::accounts_house::{Answered, House, drain, listen, must, refusal, text};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

async fn signed_in(house: &House) -> Value {
    let request = json!({"app": "own", "login": "ann", "password": "a hoopoe in the garden"});
    house.ok("", "auth.register", request).await
}

async fn refresh(house: &House, from: &Value, client_id: Option<&str>) -> Answered {
    let mut request = json!({"refresh_token": from["refresh_token"]});
    if let Some(client_id) = client_id {
        request["client_id"] = json!(client_id);
    }
    house.call("", "auth.refresh", request).await
}

async fn next(house: &House, from: &Value) -> Value {
    let (status, reply) = refresh(house, from, None).await;
    assert_eq!(status, 200, "{reply}");
    reply
}

async fn me(house: &House, of: &Value) -> u16 {
    house.call(&text(&of["token"]), "me.get", json!({})).await.0
}

/// What this process knows of a token from before another one came is forgotten after a second.
fn forget(house: &House) {
    house.clock.advance(Duration::from_secs(1));
}

#[db_test]
async fn a_session_goes_on_from_token_to_token(db: TestDb) {
    let house = House::new(db).await;
    let first = signed_in(&house).await;
    house.clock.advance(HOUR);
    assert_eq!(me(&house, &first).await, 401, "an hour has passed");
    let mut bus = listen(&house);
    let second = next(&house, &first).await;
    assert_eq!(second["session"], first["session"]);
    assert_ne!(second["token"], first["token"]);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second["expires_at"], json!("2026-01-01T02:00:00.000Z"));
    assert_eq!(me(&house, &second).await, 200);
    let notices = drain(&mut bus);
    assert!(matches!(notices[..], [Notice::Renewed { .. }]), "its sockets stay: {notices:?}");

    let third = next(&house, &second).await;
    forget(&house);
    assert_eq!(me(&house, &second).await, 401, "the one before is void");
    assert_eq!(me(&house, &third).await, 200);
    let listed = house.ok(&text(&third["token"]), "sessions.list", json!({})).await;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["items"][0]["current"], json!(true));
}

#[db_test]
async fn a_refresh_token_that_comes_twice_ends_the_session(db: TestDb) {
    let house = House::new(db).await;
    let first = signed_in(&house).await;
    let second = next(&house, &first).await;
    let third = next(&house, &second).await;
    assert_eq!(me(&house, &third).await, 200);
    for old in [&first, &second] {
        let mut bus = listen(&house);
        let refused = refresh(&house, old, None).await;
        assert_eq!(refusal(refused), (401, "auth.invalid_refresh_token".into()));
        if old == &first {
            let notices = drain(&mut bus);
            let revoked = |one: &Notice| matches!(one, Notice::Revoked { session: Some(_), .. });
            assert!(notices.iter().any(revoked), "its sockets are closed: {notices:?}");
        }
        assert_eq!(me(&house, &third).await, 401, "at once");
    }
    assert_eq!(refresh(&house, &third, None).await.0, 401, "the newest one too");
}

#[db_test]
async fn of_fifty_at_once_one_succeeds(db: TestDb) {
    let house = House::new(db).await;
    let first = signed_in(&house).await;
    let answers = join_all((0..50).map(|_| refresh(&house, &first, None))).await;
    let statuses: Vec<u16> = answers.iter().map(|one| one.0).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 200 | 401)), "{statuses:?}");
    let won = answers.iter().find(|one| one.0 == 200).expect("one");
    assert_eq!(me(&house, &won.1).await, 401, "a token was used twice: the session is over");
}

#[db_test]
async fn the_same_attempt_gets_the_same_answer(db: TestDb) {
    let house = House::new(db).await;
    let first = signed_in(&house).await;
    let attempts = (0..20).map(|_| refresh(&house, &first, Some("attempt-1")));
    let answers = join_all(attempts).await;
    let (status, second) = answers[0].clone();
    assert_eq!(status, 200, "{second}");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    // The phone slept for an hour before it asked again.
    house.clock.advance(HOUR);
    assert_eq!(refresh(&house, &first, Some("attempt-1")).await, (200, second.clone()));
    assert_eq!(me(&house, &second).await, 401, "which has expired meanwhile");
    let (status, third) = refresh(&house, &second, Some("attempt-2")).await;
    assert_eq!((status, me(&house, &third).await), (200, 200));

    // The name of the attempt is good for the last token only.
    assert_eq!(refresh(&house, &first, Some("attempt-1")).await.0, 401);
    assert_eq!(me(&house, &third).await, 401);
}

#[db_test]
async fn another_attempt_with_an_old_token_ends_the_session(db: TestDb) {
    let house = House::new(db).await;
    for client_id in [None, Some("attempt-2")] {
        let request = json!({
            "app": "own", "login": client_id.unwrap_or("ann"), "password": "a hoopoe at home",
        });
        let first = house.ok("", "auth.register", request).await;
        let (_, second) = refresh(&house, &first, Some("attempt-1")).await;
        assert_eq!(refresh(&house, &first, client_id).await.0, 401);
        assert_eq!(me(&house, &second).await, 401, "{client_id:?}");
    }
}

#[db_test]
async fn a_session_ends_when_nobody_refreshes_it_and_after_a_year(db: TestDb) {
    let house = House::new(db).await;
    let first = signed_in(&house).await;
    house.clock.advance(29 * DAY);
    let mut last = next(&house, &first).await;
    house.clock.advance(30 * DAY);
    assert_eq!(refresh(&house, &last, None).await.0, 401, "30 days");
    assert_eq!(must(house.accounts.sweep().await), 1);

    let request = json!({"app": "own", "login": "ann", "password": "a hoopoe in the garden"});
    last = house.ok("", "auth.login", request).await;
    for _ in 0..18 {
        house.clock.advance(20 * DAY);
        last = next(&house, &last).await;
    }
    house.clock.advance(4 * DAY + 23 * HOUR);
    last = next(&house, &last).await;
    assert_eq!(last["refresh_expires_at"], last["expires_at"], "cut at the end of the year");
    assert_eq!(me(&house, &last).await, 200);
    house.clock.advance(HOUR);
    assert_eq!(me(&house, &last).await, 401);
    assert_eq!(refresh(&house, &last, None).await.0, 401);
}

#[db_test]
async fn what_ends_a_session_ends_its_refreshing(db: TestDb) {
    let house = House::new(db).await;
    let first = signed_in(&house).await;
    house.ok(&text(&first["token"]), "auth.logout", json!({})).await;
    assert_eq!(refresh(&house, &first, None).await.0, 401);

    let request = json!({"app": "own", "login": "ann", "password": "a hoopoe in the garden"});
    let again = house.ok("", "auth.login", request).await;
    house.ok(&house.own.key, "sessions.revoke_all", json!({"user": again["user"]["id"]})).await;
    assert_eq!(refresh(&house, &again, None).await.0, 401);
    assert_eq!(me(&house, &again).await, 401);
}

#[db_test]
async fn all_other_sessions_end_together(db: TestDb) {
    let house = House::new(db).await;
    let first = signed_in(&house).await;
    let request = json!({"app": "own", "login": "ann", "password": "a hoopoe in the garden"});
    let second = house.ok("", "auth.login", request.clone()).await;
    let third = house.ok("", "auth.login", request).await;
    let mut bus = listen(&house);
    house.ok(&text(&second["token"]), "sessions.delete_others", json!({})).await;
    let ended: Vec<String> = drain(&mut bus)
        .into_iter()
        .filter_map(|notice| match notice {
            Notice::Revoked { session: Some(session), .. } => Some(session.to_string()),
            Notice::Revoked { session: None, .. } => fail("one by one, or the own one ends too"),
            _ => None,
        })
        .collect();
    let mut wanted = vec![text(&first["session"]), text(&third["session"])];
    wanted.sort_unstable();
    assert_eq!(
        {
            let mut ended = ended;
            ended.sort_unstable();
            ended
        },
        wanted
    );
    assert_eq!((me(&house, &first).await, me(&house, &third).await), (401, 401));
    assert_eq!(me(&house, &second).await, 200);
    next(&house, &second).await;
}

#[db_test]
async fn garbage_is_refused_and_ends_nothing(db: TestDb) {
    let house = House::new(db).await;
    let first = signed_in(&house).await;
    let own = text(&first["refresh_token"]);
    let stranger = format!("rt_{}{}", "0".repeat(22), &own[25..]);
    for bad in ["", "rt_", &own[..46], &format!("{own}0"), &text(&first["token"]), &stranger] {
        let refused = house.call("", "auth.refresh", json!({"refresh_token": bad})).await;
        assert_eq!(refusal(refused), (401, "auth.invalid_refresh_token".into()), "{bad}");
    }
    for client_id in ["", &"x".repeat(65)] {
        assert_eq!(refresh(&house, &first, Some(client_id)).await.0, 422);
    }
    assert_eq!(me(&house, &first).await, 200);
    assert_eq!(house.call(&own, "me.get", json!({})).await.0, 401, "it is no token");
    next(&house, &first).await;
}
