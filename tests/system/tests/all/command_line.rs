//! The command line, beside a running server and without one.

use std::time::Duration;

use hoopoe_testkit::{
    journal::Journal,
    rest::Rest,
    server::{Server, run_cli},
};
use serde_json::json;

use crate::house::{House, Store, empty, text};

#[tokio::test]
async fn keys_made_beside_a_running_server_work_at_once() {
    let house = House::open().await;
    let launch = house.server.launched();
    let made = run_cli(launch, &["app", "create", "second", "--json"]).await.json();
    let rest = Rest::with_key(house.server.address(), &text(&made["server_key"]), &house.journal);
    rest.must("users.upsert", json!({"user": "zoe", "name": "Zoe"})).await;
    let words = ["user", "token", "zoe", "--app", "second", "--json"];
    let token = text(&run_cli(launch, &words).await.json()["token"]);
    let socket = house.socket("zoe", "phone").await;
    assert_eq!(socket.start(&token, None).await.unwrap()["user"], "zoe");
}

async fn without_a_server(store: Store) {
    let (_home, launch) = empty(store).await;
    let made = run_cli(&launch, &["app", "create", "demo", "--json"]).await.json();
    assert!(text(&made["app"]).starts_with("app_"), "{made}");
    let mut server = Server::start(launch.clone()).await;
    let journal = Journal::new();
    let rest = Rest::with_key(server.address(), &text(&made["server_key"]), &journal);
    rest.must("users.upsert", json!({"user": "ann", "name": "Ann"})).await;
    assert_eq!(server.terminate(Duration::from_secs(10)).await.code(), Some(0));

    let words = ["user", "token", "ann", "--app", "demo", "--json"];
    let token = text(&run_cli(&launch, &words).await.json()["token"]);
    server.restart().await;
    let rest = rest.with_token("ann", &token, &journal);
    let listed = rest.must("conversations.list", json!({})).await;
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test]
async fn keys_made_without_a_server_work_when_it_comes_up() {
    without_a_server(Store::Embedded).await;
}

#[tokio::test]
async fn keys_made_without_a_server_work_when_it_comes_up_on_postgres() {
    without_a_server(Store::Postgres).await;
}

#[tokio::test]
async fn refusals_are_one_line_and_exit_with_one() {
    let house = House::open().await;
    let launch = house.server.launched();
    for words in [
        &["user", "token", "nobody", "--app", "demo", "--json"][..],
        &["user", "token", "nobody", "--app", "no-such-app", "--json"],
        &["app", "create", "demo", "--json"],
    ] {
        let ran = run_cli(launch, words).await;
        assert_eq!((ran.code, &*ran.stdout), (Some(1), ""), "{words:?}: {ran:?}");
        assert_eq!(ran.stderr.trim_end().lines().count(), 1, "{words:?}: {ran:?}");
    }
    let wrong = run_cli(launch, &["app", "invent"]).await;
    assert_eq!(wrong.code, Some(2), "wrong usage: {wrong:?}");
}

#[tokio::test]
async fn a_server_key_that_was_revoked_is_refused_at_once() {
    let house = House::open().await;
    let launch = house.server.launched();
    let made = run_cli(launch, &["app", "keys", "create", "demo", "--json"]).await.json();
    let rest = Rest::with_key(house.server.address(), &text(&made["server_key"]), &house.journal);
    rest.must("users.upsert", json!({"user": "ann", "name": "Ann"})).await;
    let key = text(&made["key"]);
    let words = ["app", "keys", "revoke", "demo", &key, "--json"];
    let revoked = run_cli(launch, &words).await;
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    let refusal = rest.call("users.get", json!({"user": "ann"})).await.unwrap_err();
    assert_eq!((refusal.status(), refusal.code()), (401, "auth.invalid_token"));
}
