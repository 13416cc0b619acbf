//! Keys: their scopes, their rotation and their end.

use std::time::Duration;

use hoopoe_testkit::{TestDb, db_test};
use serde_json::{Value, json};

use crate::accounts_house::{House, must, refusal, text};

/// Makes a key of the app that the test is about and answers its id and secret.
async fn make(house: &House, scopes: Value) -> (String, String) {
    let request = json!({"app": house.own.id, "label": "tests", "scopes": scopes});
    let (status, reply) = house.call(&house.admin, "keys.create", request).await;
    assert_eq!(status, 201, "{reply}");
    (text(&reply["key"]["id"]), text(&reply["secret"]))
}

/// Whether a key still works.
async fn works(house: &House, secret: &str) -> bool {
    let (status, body) = house.call(secret, "users.list", json!({})).await;
    assert!(status == 200 || status == 401, "{status} {body}");
    status == 200
}

#[db_test]
async fn a_key_works_until_it_is_revoked_and_its_secret_is_shown_once(db: TestDb) {
    let house = House::new(db).await;
    let (id, secret) = make(&house, Value::Null).await;
    assert!(secret.starts_with("sk_") && secret.len() == 46, "{secret}");
    assert!(works(&house, &secret).await);

    let list = house.ok(&house.admin, "keys.list", json!({"app": house.own.id})).await;
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    assert!(!list.to_string().contains(&secret[3..]), "a list shows no secret");
    assert!(list["items"].as_array().expect("a list").iter().any(|key| key["id"] == json!(id)));

    let revoke = json!({"app": house.own.id, "key": id});
    house.ok(&house.admin, "keys.revoke", revoke.clone()).await;
    assert!(!works(&house, &secret).await, "at once");
    let again = house.call(&house.admin, "keys.revoke", revoke).await;
    assert_eq!(refusal(again), (404, "apps.key_not_found".into()));
}

#[db_test]
async fn both_keys_work_while_one_replaces_the_other(db: TestDb) {
    let house = House::new(db).await;
    let (id, old) = make(&house, json!(["users"])).await;
    assert!(works(&house, &old).await);
    let rotate = json!({"app": house.own.id, "key": id, "grace_s": 60});
    let (status, reply) = house.call(&house.admin, "keys.rotate", rotate.clone()).await;
    assert_eq!(status, 201, "{reply}");
    assert_eq!(reply["key"]["scopes"], json!(["users"]), "a new key has the old one's scopes");
    let new = text(&reply["secret"]);

    house.clock.advance(Duration::from_secs(30));
    assert!(works(&house, &old).await && works(&house, &new).await);
    // Rotated again, the old key lives no longer than it would have.
    let longer = json!({"app": house.own.id, "key": id, "grace_s": 3600});
    house.ok(&house.admin, "keys.rotate", longer).await;
    house.clock.advance(Duration::from_millis(29_999));
    assert!(works(&house, &old).await);
    house.clock.advance(Duration::from_millis(1));
    assert!(!works(&house, &old).await && works(&house, &new).await);
    let dead = house.call(&house.admin, "keys.rotate", rotate).await;
    assert_eq!(refusal(dead), (404, "apps.key_not_found".into()));
}

#[db_test]
async fn without_grace_the_old_key_ends_at_once(db: TestDb) {
    let house = House::new(db).await;
    let (id, old) = make(&house, Value::Null).await;
    assert!(works(&house, &old).await);
    let rotate = json!({"app": house.own.id, "key": id, "grace_s": 0});
    house.ok(&house.admin, "keys.rotate", rotate).await;
    assert!(!works(&house, &old).await);
    let week = json!({"app": house.own.id, "key": id, "grace_s": 604_801});
    assert_eq!(house.call(&house.admin, "keys.rotate", week).await.0, 422);
}

#[db_test]
async fn a_key_does_what_its_scopes_say(db: TestDb) {
    let house = House::new(db).await;
    let (_, users) = make(&house, json!(["users"])).await;
    house.ok(&users, "users.upsert", json!({"user": "ann"})).await;
    let forbidden = (403, "auth.forbidden".to_owned());
    let token = house.call(&users, "auth.token", json!({"user": "ann"})).await;
    assert_eq!(refusal(token), forbidden);
    let keys = house.call(&users, "keys.list", json!({"app": house.own.id})).await;
    assert_eq!(refusal(keys), forbidden);

    let (_, auth) = make(&house, json!(["auth"])).await;
    house.ok(&auth, "auth.token", json!({"user": "ann"})).await;
    let list = house.call(&auth, "users.list", json!({})).await;
    assert_eq!(refusal(list), forbidden);
    // Nor does it get further as a user.
    let own = house.send(&auth, Some("ann"), None, "me.get", json!({})).await;
    assert_eq!(refusal(own), forbidden);
    let (_, me) = make(&house, json!(["me"])).await;
    assert_eq!(house.send(&me, Some("ann"), None, "me.get", json!({})).await.0, 200);
}

#[db_test]
async fn a_key_gives_no_more_than_it_has(db: TestDb) {
    let house = House::new(db).await;
    let app = house.own.id;
    let (strong, _) = make(&house, Value::Null).await;
    let (_, weak) = make(&house, json!(["keys", "users"])).await;
    for scopes in [json!(null), json!(["*"]), json!(["messages"])] {
        let request = json!({"app": app, "scopes": scopes});
        assert_eq!(house.call(&weak, "keys.create", request).await.0, 403);
    }
    let rotate = json!({"app": app, "key": strong});
    assert_eq!(house.call(&weak, "keys.rotate", rotate).await.0, 403, "a new secret is a key too");
    let request = json!({"app": app, "scopes": ["users"]});
    assert_eq!(house.call(&weak, "keys.create", request).await.0, 201);
    let count = house.ok(&house.admin, "keys.list", json!({"app": app})).await;
    assert_eq!(count["items"].as_array().map(Vec::len), Some(4), "refusals left nothing behind");
}

#[db_test]
async fn another_apps_keys_are_like_none(db: TestDb) {
    let house = House::new(db).await;
    let never = json!("app_02kjGpQkTsbVvCPEFUVxvx");
    let foreign = json!(house.foreign.id);
    let (key, _) = make(&house, Value::Null).await;
    for command in ["keys.list", "keys.create", "keys.rotate", "keys.revoke"] {
        let request = |app: &Value| match command {
            "keys.list" | "keys.create" => json!({"app": app}),
            _ => json!({"app": app, "key": key}),
        };
        let missing = house.call(&house.own.key, command, request(&never)).await;
        let theirs = house.call(&house.own.key, command, request(&foreign)).await;
        assert_eq!(missing, theirs, "{command}");
        assert_eq!(refusal(theirs), (404, "apps.not_found".into()));
    }
    // Their key under our app, and ours under theirs, for the operator too.
    let list = house.ok(&house.admin, "keys.list", json!({"app": foreign})).await;
    let their_key = text(&list["items"][0]["id"]);
    let request = json!({"app": house.own.id, "key": their_key});
    for bearer in [&house.own.key, &house.admin] {
        let refused = house.call(bearer, "keys.revoke", request.clone()).await;
        assert_eq!(refusal(refused), (404, "apps.key_not_found".into()));
    }
    assert!(works(&house, &house.foreign.key).await);
}

#[db_test]
async fn what_another_process_revokes_ends_within_a_second(db: TestDb) {
    let house = House::new(db).await;
    let (id, secret) = make(&house, Value::Null).await;
    let (there, _) = house.other_node();
    assert!(must(there.authenticate_key(&secret).await).is_some());
    house.ok(&house.admin, "keys.revoke", json!({"app": house.own.id, "key": id})).await;
    house.clock.advance(Duration::from_secs(1));
    assert!(must(there.authenticate_key(&secret).await).is_none());
}

#[db_test]
async fn administration_keys_are_the_operators(db: TestDb) {
    let house = House::new(db).await;
    let system = house.system();
    house.clock.advance(Duration::from_millis(1));
    let second = must(house.apps.create_admin_key(&system, "second").await);
    let list = must(house.apps.list_admin_keys(&system, None, None).await);
    let labels: Vec<&str> = list.items.iter().map(|key| &*key.label).collect();
    assert_eq!(labels, ["tests", "second"]);
    house.ok(&second.secret.0, "apps.list", json!({})).await;
    assert_eq!(house.call(&second.secret.0, "users.list", json!({})).await.0, 403);
    let acting = house.send(&second.secret.0, Some("ann"), None, "me.get", json!({})).await;
    assert_eq!(refusal(acting), (403, "auth.forbidden".into()));
    must(house.apps.revoke_admin_key(&system, second.key.id).await);
    assert_eq!(house.call(&second.secret.0, "apps.list", json!({})).await.0, 401);
    assert!(house.apps.revoke_admin_key(&system, second.key.id).await.is_err());
}
