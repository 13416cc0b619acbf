//! Users by the thousand.

use std::{collections::HashSet, sync::Arc};

use hoopoe_accounts::Accounts;
use hoopoe_testkit::{TestDb, db_test, people::crowd};
use serde_json::{Value, json};

use crate::accounts_house::{House, must, refusal};

fn batch(from: usize, to: usize, name: &str) -> Value {
    let user = |n: usize| json!({"id": format!("p{n:04}"), "name": format!("{name} {n}")});
    json!({"users": (from..to).map(user).collect::<Vec<_>>()})
}

#[db_test]
async fn a_thousand_are_made_at_once_and_some_of_them_again(db: TestDb) {
    let house = House::new(db).await;
    let key = &house.own.key;
    let reply = house.ok(key, "users.batch", batch(0, 1_000, "old")).await;
    assert_eq!((&reply["created"], &reply["updated"]), (&json!(1_000), &json!(0)));
    let reply = house.ok(key, "users.batch", batch(500, 1_500, "new")).await;
    assert_eq!((&reply["created"], &reply["updated"]), (&json!(500), &json!(500)));
    let items = reply["items"].as_array().expect("a list");
    for (n, user) in (500..1_500).zip(items) {
        assert_eq!(user["id"], json!(format!("p{n:04}")), "in the order of the request");
    }
    let old = house.ok(key, "users.get", json!({"user": "p0499"})).await;
    let new = house.ok(key, "users.get", json!({"user": "p0500"})).await;
    assert_eq!((&old["name"], &new["name"]), (&json!("old 499"), &json!("new 500")));

    let (app, ids) = (house.own.no, crowd(1_500).collect::<Vec<_>>());
    let found = house.db.db.read(move |tx| Ok(Accounts::resolve(tx, app, &ids)?));
    let uids: HashSet<_> = must(found.await).into_iter().flatten().collect();
    assert_eq!(uids.len(), 1_500, "everybody is somebody else");
}

#[db_test]
async fn one_that_is_wrong_keeps_all_out(db: TestDb) {
    let house = House::new(db).await;
    let key = &house.own.key;
    let at = |request: &mut Value, n: usize, member: &str, value: Value| {
        request["users"][n][member] = value;
    };
    let mut bad_id = batch(0, 1_000, "x");
    at(&mut bad_id, 999, "id", json!("no id"));
    let mut twice = batch(0, 1_000, "x");
    at(&mut twice, 999, "id", json!("p0000"));
    let mut long = batch(0, 1_000, "x");
    at(&mut long, 999, "name", json!("x".repeat(101)));
    for (request, pointer) in [(bad_id, "id"), (twice, "id"), (long, "name")] {
        let (status, problem) = house.call(key, "users.batch", request).await;
        assert_eq!(status, 422);
        let pointer = format!("/users/999/{pointer}");
        assert_eq!(problem["errors"][0]["pointer"], json!(pointer));
    }
    let many = house.call(key, "users.batch", batch(0, 1_001, "x")).await;
    assert_eq!(refusal(many), (422, "request.invalid".into()));
    assert_eq!(house.call(key, "users.batch", json!({"users": []})).await.0, 422);
    assert_eq!(house.ok(key, "users.list", json!({})).await["items"], json!([]));
}

#[db_test]
async fn batches_that_meet_do_not_lock_each_other_out(db: TestDb) {
    let house = Arc::new(House::new(db).await);
    let mut tasks = Vec::new();
    for turn in 0..6 {
        let house = house.clone();
        tasks.push(tokio::spawn(async move {
            let mut request = batch(0, 200, &format!("turn {turn}"));
            if turn % 2 == 1 {
                request["users"].as_array_mut().expect("a list").reverse();
            }
            house.call(&house.own.key, "users.batch", request).await
        }));
    }
    let mut created = 0;
    for task in tasks {
        let (status, reply) = task.await.expect("no panic");
        assert_eq!(status, 200, "{reply}");
        created += reply["created"].as_u64().expect("a number");
    }
    assert_eq!(created, 200, "everybody was new exactly once");
    let page = house.ok(&house.own.key, "users.list", json!({"limit": 100})).await;
    let turn = |user: &Value| user["name"].as_str().map(|name| name[..6].to_owned());
    let turns: HashSet<_> = page["items"].as_array().expect("a list").iter().map(turn).collect();
    assert_eq!(turns.len(), 1, "the last batch is there whole: {turns:?}");
}
