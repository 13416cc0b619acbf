//! Passwords that are changed by their owner, and given by the backend.

use futures_util::future::join_all;
use hoopoe_testkit::{TestDb, db_test};
use serde_json::{Value, json};

use crate::accounts_house::{Answered, House, refusal, text};

const OLD: &str = "a hoopoe in the garden";
const NEW: &str = "two hoopoes in the garden";

async fn login(house: &House, login: &str, password: &str) -> Answered {
    let request = json!({"app": "own", "login": login, "password": password});
    house.call("", "auth.login", request).await
}

async fn registered(house: &House, login: &str) -> (String, String) {
    let request = json!({"app": "own", "login": login, "password": OLD});
    let made = house.ok("", "auth.register", request).await;
    (text(&made["token"]), text(&made["user"]["id"]))
}

fn change(current: &str, password: &str) -> Value {
    json!({"current": current, "password": password})
}

#[db_test]
async fn a_change_ends_all_other_sessions(db: TestDb) {
    let house = House::new(db).await;
    let (phone, _) = registered(&house, "ann").await;
    let (_, laptop) = login(&house, "ann", OLD).await;
    house.ok(&phone, "me.set_password", change(OLD, NEW)).await;
    assert_eq!(house.call(&phone, "me.get", json!({})).await.0, 200);
    assert_eq!(house.call(&text(&laptop["token"]), "me.get", json!({})).await.0, 401);
    let request = json!({"refresh_token": laptop["refresh_token"]});
    assert_eq!(house.call("", "auth.refresh", request).await.0, 401);
    assert_eq!(login(&house, "ann", OLD).await.0, 401);
    assert_eq!(login(&house, "ann", NEW).await.0, 200);
}

#[db_test]
async fn a_change_needs_the_current_password_and_a_good_new_one(db: TestDb) {
    let house = House::new(db).await;
    let (token, _) = registered(&house, "ann").await;
    let poor = house.call(&token, "me.set_password", change(OLD, "short")).await;
    assert_eq!((poor.0, &poor.1["errors"][0]["pointer"]), (422, &json!("/password")));
    for _ in 0..5 {
        let wrong = house.call(&token, "me.set_password", change("not mine", NEW)).await;
        assert_eq!(refusal(wrong), (403, "accounts.wrong_password".into()));
    }
    let guessing = house.call(&token, "me.set_password", change(OLD, NEW)).await;
    assert_eq!(refusal(guessing), (429, "auth.too_many_attempts".into()));
    assert_eq!(house.call("", "me.set_password", change(OLD, NEW)).await.0, 401);
    house.user("bob").await;
    let (bob, _) = house.token("bob").await;
    let none = house.call(&bob, "me.set_password", change(OLD, NEW)).await;
    assert_eq!(refusal(none), (409, "accounts.no_password".into()));
}

#[db_test]
async fn a_backend_gives_its_users_passwords(db: TestDb) {
    let house = House::new(db).await;
    house.user("Bob").await;
    let (token, _) = house.token("Bob").await;
    let give = |user: &str, login: Value, password: &str| {
        let mut request = json!({"user": user, "password": password});
        if !login.is_null() {
            request["login"] = login;
        }
        house.call(&house.own.key, "users.set_password", request)
    };
    let (status, set) = give("Bob", Value::Null, OLD).await;
    assert_eq!((status, set), (200, json!({"login": "Bob"})));
    assert_eq!(house.call(&token, "me.get", json!({})).await.0, 401, "all sessions end");
    let (status, signed_in) = login(&house, "bob", OLD).await;
    assert_eq!((status, &signed_in["user"]["id"]), (200, &json!("Bob")));

    give("Bob", json!("robert"), NEW).await;
    assert_eq!(login(&house, "bob", NEW).await.0, 401, "the old name is free");
    assert_eq!(login(&house, "robert", NEW).await.0, 200);
    assert_eq!(give("Bob", Value::Null, OLD).await.1, json!({"login": "robert"}), "it stays");

    let (_, ann) = registered(&house, "ann").await;
    let taken = give(&ann, json!("Robert"), OLD).await;
    assert_eq!(refusal(taken), (409, "accounts.login_taken".into()));
    assert_eq!(refusal(give("nobody", Value::Null, OLD).await).0, 404);
    assert_eq!(give(&ann, Value::Null, "short").await.0, 422);
    let request = json!({"user": "Bob", "password": NEW});
    let foreign = house.call(&house.foreign.key, "users.set_password", request.clone()).await;
    assert_eq!(refusal(foreign), (404, "accounts.user_not_found".into()));
    let by_user = house.call(&text(&signed_in["token"]), "users.set_password", request).await;
    assert!(matches!(by_user.0, 401 | 403), "{by_user:?}");
}

/// A session that is opened with a password while that password is changed does not survive.
#[db_test]
async fn no_session_of_the_old_password_slips_through(db: TestDb) {
    let house = House::new(db).await;
    let (token, _) = registered(&house, "ann").await;
    let signing_in = join_all((0..4).map(|_| login(&house, "ann", OLD)));
    let changing = house.call(&token, "me.set_password", change(OLD, NEW));
    let (signed_in, changed) = tokio::join!(signing_in, changing);
    assert_eq!(changed.0, 200, "{}", changed.1);
    for (status, reply) in signed_in {
        if status == 200 {
            let token = text(&reply["token"]);
            assert_eq!(house.call(&token, "me.get", json!({})).await.0, 401);
        }
    }
    house.ok(&token, "me.get", json!({})).await;
}
