//! A backup taken under load comes back elsewhere as what was said up to one moment, and clients
//! are told to begin anew (F23).

use hoopoe_testkit::{
    client::Connection,
    harness::fail,
    journal::Journal,
    postgres,
    rest::Rest,
    server::{Launch, Server, run_cli},
};
use serde_json::{Value, json};

use crate::house::{House, Store, text};

/// Messages that are acknowledged before the backup begins.
const BEFORE: usize = 200;

async fn fresh(store: Store, folder: &std::path::Path) -> Launch {
    let mut launch = Launch::new(folder);
    if store == Store::Postgres {
        let shared = postgres::shared().await;
        let server = shared.unwrap_or_else(|error| fail(format!("no PostgreSQL: {error}")));
        launch.database = Some(server.database().await.expect("the shared server makes databases"));
    }
    launch
}

/// The texts that somebody reads, oldest first.
async fn history(rest: &Rest, conversation: &str) -> Vec<String> {
    let mut texts = Vec::new();
    loop {
        let params = json!({"conversation": conversation, "after": texts.len(), "limit": 100});
        let page = rest.must("messages.list", params).await;
        let items = page["items"].as_array().expect("items");
        texts.extend(items.iter().map(|item| text(&item["text"])));
        if page["has_after"] == json!(false) {
            return texts;
        }
    }
}

fn words(n: usize) -> String {
    format!("message {n}")
}

async fn comes_back(store: Store) {
    let mut house =
        House::open_with(store, |launch| launch).await.with_people(&["ann", "bob"]).await;
    let conversation = house.direct("ann", "bob").await;
    let socket = house.socket("ann", "phone").await;
    let started = socket.start(house.token("ann"), None).await.expect("a session");
    for n in 0..BEFORE {
        socket.send(&conversation, &format!("c{n}"), &words(n)).await.expect("sent");
    }
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("backup");
    let file_name = file.to_str().expect("a plain path");

    // The copy is made while more is said.
    let pending: Vec<_> = (BEFORE..3 * BEFORE)
        .map(|n| {
            let message =
                hoopoe_testkit::client::text_message(&conversation, &format!("c{n}"), &words(n));
            socket.post("messages.send", &message)
        })
        .collect();
    run_cli(house.server.launched(), &["backup", file_name, "--json"]).await.json();
    for reply in pending {
        reply.outcome().await.expect("sent");
    }
    house.judge(&[(&conversation, &["ann", "bob"])]).await;

    let launch = fresh(store, &folder.path().join("data")).await;
    let restored = run_cli(&launch, &["restore", file_name, "--json"]).await.json();
    assert!(restored["epoch"].as_i64() > started["epoch"].as_i64(), "{restored} {started}");
    let server = Server::start(launch.clone()).await;
    let journal = Journal::new();
    let rest = Rest::with_key(server.address(), "sk_none", &journal);
    let rest = rest.with_token("ann", house.token("ann"), &journal);
    let texts = history(&rest, &conversation).await;
    assert!(texts.len() >= BEFORE, "{} messages came back", texts.len());
    let expected: Vec<String> = (0..texts.len()).map(words).collect();
    assert_eq!(texts, expected, "what was said up to one moment, whole and in order");

    let opened = Connection::open(server.address(), &journal, "ann", "phone").await;
    let socket = opened.expect("a socket");
    let cursor = started["cursor"].as_str();
    let again = socket.start(house.token("ann"), cursor).await.expect("a session");
    assert_eq!((&again["reset"], &again["epoch"]), (&json!(true), &restored["epoch"]));
    // What was sent since the copy is offered again under its old ids.
    for n in BEFORE - 10..3 * BEFORE {
        let sent = socket.send(&conversation, &format!("c{n}"), &words(n)).await.expect("sent");
        assert_eq!(sent["text"], json!(words(n)));
    }
    assert_eq!(history(&rest, &conversation).await, (0..3 * BEFORE).map(words).collect::<Vec<_>>());
    refuses(store, &launch, file_name).await;

    let other = fresh(store, &folder.path().join("other")).await;
    let later = run_cli(&other, &["restore", file_name, "--json"]).await.json();
    assert!(later["epoch"].as_i64() >= restored["epoch"].as_i64(), "{later}");
    house.close_and_examine().await;
}

/// What is there is never replaced.
async fn refuses(store: Store, launch: &Launch, file: &str) {
    let ran = run_cli(launch, &["restore", file]).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let expected = match store {
        Store::Embedded => "another process",
        Store::Postgres => "is not empty",
    };
    assert!(ran.stderr.contains(expected), "{ran:?}");
}

#[tokio::test]
async fn a_backup_under_load_comes_back_and_clients_begin_anew() {
    comes_back(Store::Embedded).await;
}

#[tokio::test]
async fn a_backup_under_load_comes_back_and_clients_begin_anew_on_postgres() {
    comes_back(Store::Postgres).await;
}

#[tokio::test]
async fn what_is_no_backup_or_has_no_room_is_refused_in_one_line() {
    let mut house = House::open().await;
    let folder = tempfile::tempdir().expect("a directory");
    let path = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    run_cli(house.server.launched(), &["backup", &path("good"), "--json"]).await.json();
    let good = std::fs::read(path("good")).expect("the backup");
    std::fs::write(path("rubbish"), "no database").expect("a file");
    std::fs::write(path("dump"), "PGDMP and so on").expect("a file");
    let mut torn = good.clone();
    torn.truncate(good.len() / 2 / 4_096 * 4_096);
    std::fs::write(path("torn"), torn).expect("a file");
    let launch = Launch::new(&folder.path().join("data"));
    for (name, expected) in [
        ("absent", "there is no file"),
        ("rubbish", "is no backup of Hoopoe"),
        ("dump", "name an empty database with --database"),
        ("torn", ""),
    ] {
        let ran = run_cli(&launch, &["restore", &path(name), "--json"]).await;
        assert_eq!((ran.code, &*ran.stdout), (Some(1), ""), "{name}: {ran:?}");
        assert_eq!(ran.stderr.trim_end().lines().count(), 1, "{name}: {ran:?}");
        assert!(ran.stderr.contains(expected), "{name}: {ran:?}");
    }
    // None of them was in the way of the good one.
    run_cli(&launch, &["restore", &path("good"), "--json"]).await.json();
    let again = run_cli(&launch, &["restore", &path("good"), "--json"]).await;
    assert!(again.stderr.contains("there is a database in"), "{again:?}");
    assert_eq!(leftovers(&folder.path().join("data")), Vec::<Value>::new());
    house.close_and_examine().await;
}

fn leftovers(data: &std::path::Path) -> Vec<Value> {
    let entries = std::fs::read_dir(data).expect("the data directory").flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.contains("partial")).map(Value::from).collect()
}
