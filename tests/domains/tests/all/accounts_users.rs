//! Users: made, changed, deleted, and kept apart by app.

use std::time::Duration;

use hoopoe_accounts::Accounts;
use hoopoe_bus::Notice;
use hoopoe_testkit::{
    TestDb, db_test,
    people::{ALL, ANN, ODD},
};
use hoopoe_wire::{UserId, accounts::UpsertUser};
use serde_json::{Value, json};

use crate::accounts_house::{House, drain, listen, must, refusal};

#[db_test]
async fn a_user_is_made_once_and_then_replaced(db: TestDb) {
    let house = House::new(db).await;
    let key = &house.own.key;
    let full = json!({
        "user": "ann", "name": "Ann", "avatar_url": "https://a/b.png", "metadata": {"vip": true},
    });
    let (status, made) = house.call(key, "users.upsert", full).await;
    assert_eq!(status, 201);
    let wanted = json!({
        "id": "ann", "name": "Ann", "avatar_url": "https://a/b.png", "metadata": {"vip": true},
        "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:00:00.000Z",
    });
    assert_eq!(made, wanted);
    assert_eq!(house.ok(key, "users.get", json!({"user": "ann"})).await, wanted);

    house.clock.advance(Duration::from_secs(60));
    let bare = json!({"user": "ann", "name": "A."});
    let (status, replaced) = house.call(key, "users.upsert", bare).await;
    assert_eq!(status, 200);
    let wanted = json!({
        "id": "ann", "name": "A.", "metadata": {},
        "created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:01:00.000Z",
    });
    assert_eq!(replaced, wanted, "what is left out becomes empty");
    assert_eq!(house.ok(key, "users.get", json!({"user": "ann"})).await, wanted);
}

#[db_test]
async fn every_name_survives(db: TestDb) {
    let house = House::new(db).await;
    for person in ALL {
        let request = json!({"user": person.id, "name": person.name});
        house.ok(&house.own.key, "users.upsert", request).await;
        let user = house.ok(&house.own.key, "users.get", json!({"user": person.id})).await;
        assert_eq!((&user["id"], &user["name"]), (&json!(person.id), &json!(person.name)));
    }
    let case = house.call(&house.own.key, "users.get", json!({"user": "ANN"})).await;
    assert_eq!(refusal(case), (404, "accounts.user_not_found".into()), "ids have a case");
}

#[db_test]
async fn a_patch_changes_what_it_names(db: TestDb) {
    let house = House::new(db).await;
    let key = &house.own.key;
    let full = json!({
        "user": "ann", "name": "Ann", "avatar_url": "https://a/b", "metadata": {"a": 1},
    });
    house.ok(key, "users.upsert", full).await;
    let patched = house.ok(key, "users.update", json!({"user": "ann", "name": "Anna"})).await;
    assert_eq!((&patched["name"], &patched["metadata"]), (&json!("Anna"), &json!({"a": 1})));
    assert_eq!(patched["avatar_url"], json!("https://a/b"));
    let request = json!({"user": "ann", "avatar_url": "", "metadata": {}});
    let patched = house.ok(key, "users.update", request).await;
    assert_eq!((&patched["name"], &patched["metadata"]), (&json!("Anna"), &json!({})));
    assert_eq!(patched.get("avatar_url"), None);
    let missing = house.call(key, "users.update", json!({"user": "bob", "name": "Bob"})).await;
    assert_eq!(refusal(missing), (404, "accounts.user_not_found".into()));
}

#[db_test]
async fn a_user_changes_their_own_name_but_not_the_backends_data(db: TestDb) {
    let house = House::new(db).await;
    house.user("ann").await;
    let (token, _) = house.token("ann").await;
    let mut bus = listen(&house);
    let me = house.ok(&token, "me.update", json!({"name": "Anna"})).await;
    assert_eq!(me["name"], json!("Anna"));
    assert_eq!(house.ok(&token, "me.get", json!({})).await, me);
    assert_eq!(house.call(&token, "me.update", json!({"metadata": {"vip": true}})).await.0, 422);
    for command in ["users.upsert", "users.update", "users.delete", "auth.token"] {
        let refused = house.call(&token, command, json!({"user": "ann"})).await;
        assert_eq!(refusal(refused), (403, "auth.forbidden".into()), "{command}");
    }
    let [Notice::Users { uids, frame }] = &drain(&mut bus)[..] else {
        hoopoe_testkit::harness::fail("one event for one change");
    };
    let event: Value = serde_json::from_slice(frame).expect("an event is JSON");
    assert_eq!((uids.len(), &event["event"]), (1, &json!("user.updated")));
    assert_eq!(event["data"], me);
}

#[db_test]
async fn a_deleted_user_is_gone_and_the_id_makes_somebody_else(db: TestDb) {
    let house = House::new(db).await;
    let key = &house.own.key;
    let request = |name: &str| UpsertUser {
        user: ANN.user_id(),
        name: Some(name.to_owned()),
        avatar_url: None,
        metadata: None,
    };
    let first = must(house.accounts.upsert(&house.system(), request("first")).await);
    let (token, _) = house.token("ann").await;
    house.ok(&token, "me.get", json!({})).await;
    assert_eq!(house.send(key, Some("ann"), None, "me.get", json!({})).await.0, 200);
    house.ok(key, "users.delete", json!({"user": "ann"})).await;

    assert_eq!(house.call(&token, "me.get", json!({})).await.0, 401, "at once");
    for command in ["users.get", "users.delete", "auth.token", "sessions.revoke_all"] {
        let gone = house.call(key, command, json!({"user": "ann"})).await;
        assert_eq!(refusal(gone), (404, "accounts.user_not_found".into()), "{command}");
    }
    let acting = house.send(key, Some("ann"), None, "sessions.list", json!({})).await;
    assert_eq!(refusal(acting), (404, "accounts.user_not_found".into()));
    assert_eq!(house.ok(key, "users.list", json!({})).await["items"], json!([]));

    let second = must(house.accounts.upsert(&house.system(), request("second")).await);
    assert!(second.created && second.uid != first.uid);
    assert_eq!(house.call(&token, "me.get", json!({})).await.0, 401, "nothing is inherited");
    let names = must(house.accounts.names(&[first.uid, second.uid]).await);
    assert_eq!(names, [ANN.user_id(), ANN.user_id()], "old messages still have a sender");
}

#[db_test]
async fn what_cannot_be_an_id_is_refused_or_not_found(db: TestDb) {
    let house = House::new(db).await;
    let key = &house.own.key;
    let long = "a".repeat(65);
    for bad in ["", "a b", "a/b", "ä", long.as_str(), "../x"] {
        let put = house.call(key, "users.upsert", json!({"user": bad})).await;
        assert_eq!(refusal(put), (422, "accounts.bad_user_id".into()), "{bad:?}");
        let get = house.call(key, "users.get", json!({"user": bad})).await;
        let never = house.call(key, "users.get", json!({"user": "never"})).await;
        assert_eq!(get, never, "{bad:?}");
    }
    house.ok(key, "users.upsert", json!({"user": ODD.id})).await;
    for wrong in [
        json!({"user": "ann", "name": "x".repeat(101)}),
        json!({"user": "ann", "name": "a\u{0}b"}),
        json!({"user": "ann", "avatar_url": "javascript:alert(1)"}),
        json!({"user": "ann", "metadata": {"k": "x".repeat(4096)}}),
        json!({"user": "ann", "role": "owner"}),
    ] {
        let refused = house.call(key, "users.upsert", wrong.clone()).await;
        assert_eq!(refusal(refused), (422, "request.invalid".into()), "{wrong}");
    }
    let never = house.call(key, "users.get", json!({"user": "ann"})).await;
    assert_eq!(never.0, 404, "a refusal leaves nothing behind");
}

#[db_test]
async fn apps_do_not_see_each_others_users(db: TestDb) {
    let house = House::new(db).await;
    let (own, foreign) = (&house.own.key, &house.foreign.key);
    house.user("ann").await;
    for command in
        ["users.get", "users.update", "users.delete", "sessions.revoke_all", "auth.token"]
    {
        let theirs = house.call(foreign, command, json!({"user": "ann"})).await;
        let missing = house.call(foreign, command, json!({"user": "never"})).await;
        assert_eq!(theirs, missing, "{command}");
        assert_eq!(refusal(theirs), (404, "accounts.user_not_found".into()));
    }
    let acting = house.send(foreign, Some("ann"), None, "me.get", json!({})).await;
    assert_eq!(refusal(acting), (404, "accounts.user_not_found".into()));
    assert_eq!(house.ok(foreign, "users.list", json!({"q": "a"})).await["items"], json!([]));

    let (status, _) = house.call(foreign, "users.upsert", json!({"user": "ann"})).await;
    assert_eq!(status, 201, "the same id is another user there");
    let mine = house.ok(own, "users.get", json!({"user": "ann"})).await;
    assert_eq!(mine["name"], json!("ann"));
}

#[db_test]
async fn ids_are_resolved_inside_and_named_outside(db: TestDb) {
    let house = House::new(db).await;
    house.user("ann").await;
    house.user("bob").await;
    let (app, foreign) = (house.own.no, house.foreign.no);
    let ids = ["ann", "never", "bob"].map(|id| UserId::parse(id).expect("a legal id"));
    let (asked, accounts) = (ids.clone(), house.accounts.clone());
    let read = house.db.db.read(move |tx| {
        let found = Accounts::resolve(tx, app, &asked)?;
        assert_eq!(Accounts::resolve(tx, foreign, &asked)?, [None, None, None]);
        let uids: Vec<_> = found.iter().flatten().copied().collect();
        let names = accounts.names_in(tx, &uids)?;
        Ok((found, names))
    });
    let (found, names) = must(read.await);
    assert_eq!(found[1], None);
    assert_eq!(names, [ids[0].clone(), ids[2].clone()]);
    let uids = [found[2].expect("bob"), found[0].expect("ann")];
    assert_eq!(must(house.accounts.names(&uids).await), [ids[2].clone(), ids[0].clone()]);
    assert!(house.accounts.known_name(uids[0]).is_some(), "the second time from memory");
    let nobody = must(house.accounts.names(&[hoopoe_kernel::Uid(7), uids[1]]).await);
    assert_eq!(nobody, [UserId::none(), ids[0].clone()]);
}
