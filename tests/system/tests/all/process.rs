//! The server as a process: it drains, guards its data, and comes back after a hard end.

use std::time::{Duration, Instant};

use hoopoe_testkit::{harness::PATIENCE, server::Server};
use serde_json::json;

use crate::house::{House, Store, empty};

#[tokio::test]
async fn sigterm_drains_and_exits_with_zero() {
    let mut house = House::open().await.with_people(&["ann", "bob"]).await;
    let conversation = house.direct("ann", "bob").await;
    let (ann, bob) = (house.connect("ann").await, house.connect("bob").await);
    let silent = house.socket("bob", "silent").await;
    for number in 0..20 {
        ann.send(&conversation, &format!("{number}"), "before the end").await.unwrap();
    }
    let began = Instant::now();
    let status = house.server.terminate(Duration::from_secs(10)).await;
    assert_eq!(status.code(), Some(0), "after {:?}", began.elapsed());
    assert!(silent.closed(PATIENCE).await.is_none_or(|code| code == 4503 || code == 4401));
    for socket in [&ann, &bob] {
        assert_eq!(socket.closed(PATIENCE).await, Some(4503), "{:?}", socket.who());
    }
    house.server.restart().await;
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}

#[tokio::test]
async fn a_second_server_on_the_same_data_refuses() {
    let house = House::open().await.with_people(&["ann"]).await;
    let ran = Server::refused(house.server.launched().clone(), None).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.stdout, "");
    let lines: Vec<&str> = ran.stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(lines.len(), 1, "one clear line: {lines:?}");
    house.connect("ann").await.fence().await;
}

#[tokio::test]
async fn a_killed_server_starts_again_on_the_same_data_and_port() {
    for store in [Store::Embedded, Store::Postgres] {
        let mut house =
            House::open_with(store, |launch| launch).await.with_people(&["ann", "bob"]).await;
        let conversation = house.direct("ann", "bob").await;
        let ann = house.connect("ann").await;
        ann.send(&conversation, "1", "before").await.unwrap();
        house.server.kill().await;
        assert_eq!(ann.closed(PATIENCE).await, None);
        house.server.restart().await;
        let ann = house.connect("ann").await;
        assert_eq!(ann.send(&conversation, "2", "after").await.unwrap()["seq"], 2);
        house.judge(&[(&conversation, &["ann", "bob"])]).await;
        house.close_and_examine().await;
    }
}

#[tokio::test]
async fn foreign_files_in_the_data_directory_are_left_alone() {
    let (_home, launch) = empty(Store::Embedded).await;
    std::fs::create_dir_all(&launch.data).unwrap();
    let foreign = launch.data.join("notes.txt");
    std::fs::write(&foreign, "mine").unwrap();
    let mut server = Server::start(launch).await;
    assert_eq!(server.terminate(Duration::from_secs(10)).await.code(), Some(0));
    assert_eq!(std::fs::read_to_string(foreign).unwrap(), "mine");
}

#[tokio::test]
async fn a_taken_port_is_one_clear_line() {
    let house = House::open().await;
    let (_home, launch) = empty(Store::Embedded).await;
    let ran = Server::refused(launch, Some(house.server.address())).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(ran.stderr.lines().filter(|line| !line.trim().is_empty()).count(), 1, "{ran:?}");
}

#[tokio::test]
async fn health_is_told_to_everybody() {
    let house = House::open().await;
    let nobody = house.rest.bearing("");
    for path in ["/healthz", "/readyz"] {
        let reply = nobody.request("GET", path, None).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
    }
    let reply = nobody.request("GET", "/v1/conversations", None).await;
    assert_eq!((reply.status, &reply.body["code"]), (401, &json!("auth.invalid_token")));
    let kind = reply.headers.get("content-type").and_then(|value| value.to_str().ok());
    assert_eq!(kind, Some("application/problem+json"));
}
