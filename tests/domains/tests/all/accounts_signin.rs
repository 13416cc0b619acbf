//! People who make an account by themselves and sign in with a password.

use std::{num::NonZeroUsize, time::Duration};

use futures_util::future::join_all;
use hoopoe_accounts::{Registration, SignInSettings};
use hoopoe_testkit::{TestDb, db_test};
use serde_json::{Value, json};

use crate::accounts_house::{Answered, House, refusal, settings, text};

const PASSWORD: &str = "a hoopoe in the garden";

fn account(login: &str, password: &str) -> Value {
    json!({"app": "own", "login": login, "password": password})
}

async fn register(house: &House, login: &str) -> Value {
    house.ok("", "auth.register", account(login, PASSWORD)).await
}

async fn login(house: &House, login: &str, password: &str) -> Answered {
    house.call("", "auth.login", account(login, password)).await
}

fn wait_ms((status, body): &Answered) -> u64 {
    assert_eq!((*status, &body["code"]), (429, &json!("auth.too_many_attempts")), "{body}");
    body["retry_after_ms"].as_u64().expect("a wait")
}

#[db_test]
async fn who_registers_is_signed_in_and_can_come_back(db: TestDb) {
    let house = House::new(db).await;
    let request = json!({
        "app": "own", "login": "Ann", "password": PASSWORD, "name": "Ann Example",
        "device": {"platform": "web"},
    });
    let (status, made) = house.call("", "auth.register", request).await;
    assert_eq!(status, 201, "{made}");
    assert_eq!(made["user"]["name"], json!("Ann Example"));
    let id = text(&made["user"]["id"]);
    assert!(id.starts_with("usr_") && id.len() == 26, "{id}");
    assert!(text(&made["token"]).starts_with("ut_"));
    assert!(text(&made["refresh_token"]).starts_with("rt_"));
    assert_eq!(made["expires_at"], json!("2026-01-01T01:00:00.000Z"));
    assert_eq!(made["refresh_expires_at"], json!("2026-01-31T00:00:00.000Z"));

    let token = text(&made["token"]);
    assert_eq!(house.ok(&token, "me.get", json!({})).await["id"], json!(id));
    let listed = house.ok(&token, "sessions.list", json!({})).await;
    assert_eq!(listed["items"][0]["device"], json!({"platform": "web"}));
    assert_eq!(listed["items"][0]["id"], made["session"]);

    for name in ["Ann", "ann", "ANN"] {
        let (status, back) = login(&house, name, PASSWORD).await;
        assert_eq!((status, &back["user"]["id"]), (200, &json!(id)), "{back}");
        assert_ne!(back["session"], made["session"], "always a new session");
    }
    let by_id = json!({"app": house.own.id, "login": "ann", "password": PASSWORD});
    assert_eq!(house.call("", "auth.login", by_id).await.0, 200);
    let nameless = register(&house, "bob").await;
    assert_eq!(nameless["user"]["name"], json!("bob"));
}

#[db_test]
async fn registration_is_closed_unless_it_is_opened(db: TestDb) {
    let closed = SignInSettings { registration: Registration::Closed, ..settings() };
    let house = House::with(db, closed).await;
    let refused = house.call("", "auth.register", account("ann", PASSWORD)).await;
    assert_eq!(refusal(refused), (403, "accounts.registration_closed".into()));
    assert_eq!(login(&house, "ann", PASSWORD).await.0, 401);
}

#[db_test]
async fn a_name_belongs_to_one_in_an_app_and_to_another_in_another(db: TestDb) {
    let house = House::new(db).await;
    let own = register(&house, "ann").await;
    let refused = house.call("", "auth.register", account("ANN", PASSWORD)).await;
    assert_eq!(refusal(refused), (409, "accounts.login_taken".into()));
    let there = json!({"app": "foreign", "login": "ann", "password": "another hoopoe"});
    let foreign = house.ok("", "auth.register", there.clone()).await;
    assert_ne!(own["user"]["id"], foreign["user"]["id"]);
    assert_eq!(login(&house, "ann", "another hoopoe").await.0, 401, "not this app's");
    assert_eq!(house.call("", "auth.login", there).await.0, 200);

    let nowhere = json!({"app": "nowhere", "login": "ann", "password": PASSWORD});
    let refused = house.call("", "auth.register", nowhere).await;
    assert_eq!(refusal(refused), (404, "apps.not_found".into()));

    let same_time = (0..4).map(|_| house.call("", "auth.register", account("cat", PASSWORD)));
    let mut statuses: Vec<u16> = join_all(same_time).await.iter().map(|one| one.0).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
}

#[db_test]
async fn what_can_be_no_name_or_no_password_is_refused(db: TestDb) {
    let house = House::new(db).await;
    for (login, password, pointer, code) in [
        ("a b", PASSWORD, "/login", "invalid"),
        ("", PASSWORD, "/login", "invalid"),
        ("ann", "short", "/password", "too_short"),
        ("ann", "password1", "/password", "too_common"),
        ("ann.example", "Ann.Example", "/password", "same_as_login"),
        ("ann", "nul \0 within it", "/password", "invalid"),
        ("ann", "bell \u{7} within it", "/password", "control_character"),
        ("ann", &"x".repeat(129), "/password", "too_long"),
        ("ann", &"x".repeat(1_000_000), "/password", "too_long"),
    ] {
        let (status, body) = house.call("", "auth.register", account(login, password)).await;
        let field = &body["errors"][0];
        assert_eq!(
            (status, &field["pointer"], &field["code"]),
            (422, &json!(pointer), &json!(code))
        );
    }
    let big = login(&house, "ann", &"x".repeat(1_025)).await;
    assert_eq!(big.0, 422, "and nothing is hashed");
    let unknown = json!({"app": "own", "login": "ann", "password": PASSWORD, "role": "admin"});
    assert_eq!(house.call("", "auth.register", unknown).await.0, 422);
    register(&house, "ann").await;
}

#[db_test]
async fn a_password_is_the_same_from_every_keyboard(db: TestDb) {
    let house = House::new(db).await;
    house.ok("", "auth.register", account("ann", "caf\u{e9} ｐａｓｓ１２")).await;
    assert_eq!(login(&house, "ann", "cafe\u{301} pass12").await.0, 200);
    assert_eq!(login(&house, "ann", "cafe pass12").await.0, 401);
}

#[db_test]
async fn an_unknown_name_a_wrong_password_and_an_unknown_app_are_answered_alike(db: TestDb) {
    let house = House::new(db).await;
    register(&house, "ann").await;
    house.user("backend").await;
    let wrong = login(&house, "ann", "not the password").await;
    assert_eq!(refusal(wrong.clone()), (401, "auth.invalid_credentials".into()));
    for name in ["nobody", "backend"] {
        assert_eq!(login(&house, name, PASSWORD).await, wrong, "{name}");
    }
    let nowhere = json!({"app": "nowhere", "login": "ann", "password": PASSWORD});
    assert_eq!(house.call("", "auth.login", nowhere).await, wrong);
}

#[db_test]
async fn guessing_waits_longer_and_longer_whether_the_name_exists_or_not(db: TestDb) {
    let house = House::new(db).await;
    register(&house, "ann").await;
    for name in ["ann", "nobody"] {
        for _ in 0..5 {
            assert_eq!(login(&house, name, "not the password").await.0, 401, "{name}");
        }
        assert_eq!(wait_ms(&login(&house, name, "not the password").await), 1_000, "{name}");
    }
    // Not even the right one is looked at, or a guess would be told by its speed.
    assert_eq!(wait_ms(&login(&house, "ANN", PASSWORD).await), 1_000);
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(login(&house, "ann", "not the password").await.0, 401);
    assert_eq!(wait_ms(&login(&house, "ann", PASSWORD).await), 2_000);
    // Somewhere else the owner is not kept out.
    let elsewhere = house.from("192.0.2.9", "auth.login", account("ann", PASSWORD)).await;
    assert_eq!(elsewhere.0, 200, "{}", elsewhere.1);
    house.clock.advance(Duration::from_secs(2));
    assert_eq!(login(&house, "ann", PASSWORD).await.0, 200, "after the wait");
    for _ in 0..5 {
        assert_eq!(login(&house, "ann", "not the password").await.0, 401, "it began anew");
    }
}

#[db_test]
async fn a_hundred_guesses_at_once_are_not_a_hundred(db: TestDb) {
    let house = House::new(db).await;
    register(&house, "ann").await;
    let guesses = (0..100).map(|_| login(&house, "ann", "not the password"));
    let answers = join_all(guesses).await;
    let looked_at = answers.iter().filter(|(status, _)| *status == 401).count();
    assert_eq!(looked_at, 5);
    assert!(answers.iter().all(|(status, _)| matches!(status, 401 | 429)));
}

#[db_test]
async fn a_flood_of_sign_ins_is_turned_away_and_messages_are_not(db: TestDb) {
    let slots = SignInSettings { hash_slots: NonZeroUsize::MIN, hash_queue: 2, ..settings() };
    let house = House::with(db, slots).await;
    let ann = text(&register(&house, "ann").await["token"]);
    let flood =
        (0..200).map(|n| {
            let address = format!("192.0.2.{n}");
            let house = &house;
            async move {
                house.from(&address, "auth.login", account(&format!("user{n}"), PASSWORD)).await
            }
        });
    let (answers, mine) = tokio::join!(join_all(flood), house.call(&ann, "me.get", json!({})));
    assert_eq!(mine.0, 200);
    let busy = answers.iter().filter(|(_, body)| body["code"] == json!("auth.busy"));
    let wrong = answers.iter().filter(|(status, _)| *status == 401).count();
    assert!(busy.clone().all(|(status, body)| *status == 429 && body["retry_after_ms"] == 2_000));
    assert_eq!(busy.count() + wrong, 200);
    assert!((3..100).contains(&wrong), "{wrong} were looked at, of 3 at a time");
    // Who was turned away was not counted.
    assert_eq!(login(&house, "ann", PASSWORD).await.0, 200);
}

#[db_test]
async fn a_dearer_cost_takes_hold_at_the_next_sign_in(db: TestDb) {
    let house = House::new(db).await;
    register(&house, "ann").await;
    let cost = hoopoe_accounts::HashCost::new(9_216, 5, 1).expect("above the floor");
    let (db, env, bus) = (house.db.db.clone(), house.env.clone(), house.bus.clone());
    let dearer = SignInSettings { cost, ..settings() };
    let accounts =
        hoopoe_accounts::Accounts::with_settings(db, env, house.apps.clone(), bus, dearer);
    let request = || serde_json::from_value(account("ann", PASSWORD)).expect("a request");
    for _ in 0..2 {
        crate::accounts_house::must(accounts.login(&house.system(), request()).await);
    }
    assert!(stored_hash(&house).await.contains("m=9216,"));
    assert_eq!(login(&house, "ann", PASSWORD).await.0, 200, "a cheaper server reads it, too");
    assert!(stored_hash(&house).await.contains("m=7168,"));
}

async fn stored_hash(house: &House) -> String {
    let read = house.db.db.read(|tx| {
        let sql = "SELECT password_hash FROM logins";
        Ok(tx.first(sql, &[], |row| Ok(row.text(0)?.to_owned()))?)
    });
    crate::accounts_house::must(read.await).expect("a row")
}

#[db_test]
async fn a_deleted_user_leaves_the_name_free(db: TestDb) {
    let house = House::new(db).await;
    let made = register(&house, "ann").await;
    house.ok(&house.own.key, "users.delete", json!({"user": made["user"]["id"]})).await;
    assert_eq!(login(&house, "ann", PASSWORD).await.0, 401);
    let token = text(&made["token"]);
    assert_eq!(house.call(&token, "me.get", json!({})).await.0, 401);
    let again = register(&house, "ann").await;
    assert_ne!(again["user"]["id"], made["user"]["id"]);
}
