//! The client SDK against the real server: what its app is told, and what it leaves in the
//! conversation, by the rules of the journal.

use std::{collections::HashMap, path::Path, process::Stdio, sync::Arc};

use hoopoe_sdk::{
    Client, Conversation, Event, Events, FileStore, Status, Stop, Store as _, TokenError,
    core::{Delivery, OutboxUpdate},
};
use hoopoe_testkit::{
    harness::{PATIENCE, fail, within},
    journal::{self, Name},
    recorder::{Recorder, Ticket, row},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    sync::watch,
};

use crate::house::{House, Store};

/// An app on the SDK that writes what it asks for and what it is told into the journal.
struct App {
    client: Client,
    conversation: Conversation,
    recorder: Recorder,
    tickets: HashMap<String, Ticket>,
    /// What the app shows: each message as it was told.
    shown: Vec<Value>,
    events: Events,
}

impl App {
    async fn open(house: &House, user: &str, conversation: &str, store: &Path) -> Self {
        let token = house.fresh_token(user).await;
        let client = Client::builder()
            .url(format!("ws://{}", house.server.address()))
            .token(token)
            .store(FileStore::open(store).unwrap());
        let client = within(PATIENCE, "a session", client.connect()).await.unwrap();
        let recorder = Recorder::new(&house.journal, user, "sdk", journal::Path::Socket);
        let (events, tickets) = (client.events(), HashMap::new());
        let conversation = client.conversation(conversation.parse().unwrap());
        Self { client, conversation, recorder, tickets, shown: Vec::new(), events }
    }

    async fn send(&mut self, text: &str) {
        let queued = self.conversation.send(text).await.unwrap();
        let params = json!({"conversation": self.conversation.id(), "kind": "text", "text": text,
            "client_id": queued.client_id()});
        let ticket = self.recorder.asked("messages.send", &params);
        self.tickets.insert(queued.client_id().to_owned(), ticket);
    }

    /// Takes one event in.
    async fn next(&mut self) {
        let event = within(PATIENCE, "an event", self.events.next()).await;
        match event.expect("the client goes on") {
            Event::Message(message) => {
                let data: Value = serde_json::from_str(message.raw()).unwrap();
                let frame = json!({"event": "message.created", "seq": message.seq,
                    "conversation": message.conversation, "data": data});
                self.recorder.event(&frame);
                self.shown.push(data);
            }
            Event::Outbox(OutboxUpdate { delivery: Delivery::Failed(failure), .. }) => {
                fail(format!("a send failed: {failure:?}"));
            }
            _ => {}
        }
    }

    /// Goes on until so many messages are shown.
    async fn until(&mut self, count: usize) {
        while self.shown.len() < count {
            self.next().await;
        }
    }

    /// Writes what the app shows into the journal, with the acks that it means: what the app sees
    /// of its own messages the server has acknowledged.
    fn settle(&mut self) {
        for message in &self.shown {
            let ticket = message["client_id"].as_str().and_then(|id| self.tickets.remove(id));
            if let Some(ticket) = ticket {
                self.recorder.answered(&ticket, message);
            }
        }
        assert!(self.tickets.is_empty(), "{:?} were never seen", self.tickets.keys());
        let rows: Vec<_> = self.shown.iter().map(row).collect();
        let last = rows.last().map_or(0, |row| row.seq);
        self.recorder.timeline(&self.conversation.id().to_string(), (0, last), rows);
    }
}

async fn two_apps(store: Store) -> (House, Name, App, App, tempfile::TempDir) {
    let house = House::open_with(store, |launch| launch).await.with_people(&["ann", "bob"]).await;
    let conversation = house.direct("ann", "bob").await;
    let home = tempfile::tempdir().unwrap();
    let ann = App::open(&house, "ann", &conversation, &home.path().join("ann")).await;
    let bob = App::open(&house, "bob", &conversation, &home.path().join("bob")).await;
    (house, conversation, ann, bob, home)
}

/// The server is killed amidst the sends, three times; every message is there exactly once.
async fn kills_amidst_sends(store: Store) {
    let (mut house, conversation, mut ann, mut bob, _home) = two_apps(store).await;
    let mut sent = 0;
    for round in 0..3 {
        for number in 0..60 {
            ann.send(&format!("a{round}.{number}")).await;
            bob.send(&format!("b{round}.{number} 你好")).await;
            sent += 2;
            if number == 30 {
                // Some are on their way, some are acknowledged, some wait.
                ann.next().await;
                house.server.kill().await;
                house.server.restart().await;
            }
        }
    }
    for app in [&mut ann, &mut bob] {
        app.until(sent).await;
        within(PATIENCE, "an empty outbox", app.client.flush()).await.unwrap();
        app.settle();
        assert_eq!(app.shown.len(), sent, "not one twice");
    }
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}

#[tokio::test]
async fn an_outbox_survives_kills_of_the_server() {
    kills_amidst_sends(Store::Embedded).await;
}

#[tokio::test]
async fn an_outbox_survives_kills_of_the_server_on_postgres() {
    kills_amidst_sends(Store::Postgres).await;
}

#[tokio::test]
async fn an_outbox_survives_the_end_of_its_process_while_the_server_is_away() {
    let (mut house, conversation, mut ann, mut bob, home) = two_apps(Store::Embedded).await;
    house.server.kill().await;
    for number in 0..20 {
        ann.send(&format!("{number}")).await;
    }
    let App { client, events, tickets, recorder, shown, .. } = ann;
    client.close().await;
    drop((client, events));
    let image = FileStore::open(home.path().join("ann")).unwrap().load().unwrap();
    assert_eq!(image.queued.len(), 20, "what was reported as queued is on the disk");
    house.server.restart().await;
    let mut again = App::open(&house, "ann", &conversation, &home.path().join("ann")).await;
    (again.tickets, again.recorder, again.shown) = (tickets, recorder, shown);
    for app in [&mut again, &mut bob] {
        app.until(20).await;
        app.settle();
    }
    within(PATIENCE, "an empty outbox", again.client.flush()).await.unwrap();
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}

#[tokio::test]
async fn tokens_are_refreshed_once_and_a_revoked_session_is_the_end() {
    let house = House::open().await.with_people(&["ann", "bob"]).await;
    let good = house.fresh_token("ann").await;
    let asked = Arc::new(watch::Sender::new(0));
    let provider = {
        let (asked, good) = (asked.clone(), good.clone());
        move || {
            let (asked, good) = (asked.clone(), good.clone());
            async move {
                asked.send_modify(|count| *count += 1);
                let is_first = *asked.borrow() == 1;
                Ok::<_, TokenError>(if is_first { "ut_stale".to_owned() } else { good })
            }
        }
    };
    let url = format!("ws://{}", house.server.address());
    let builder = Client::builder().url(&url).token_provider(provider);
    let client = within(PATIENCE, "a session", builder.connect()).await.unwrap();
    assert_eq!(*asked.borrow(), 2);
    assert_eq!(client.user().await.unwrap().unwrap().as_str(), "ann");
    let mut status = client.connection();
    // The reply may come, or the close frame before it.
    let nothing = json!({});
    let logout = client.call::<Value>("auth.logout", &nothing);
    drop(within(PATIENCE, "the logout", logout).await);
    let stopped = status.wait_for(|status| matches!(status, Status::Stopped(_)));
    let stopped = within(PATIENCE, "the end", stopped).await.unwrap().clone();
    assert_eq!(stopped, Status::Stopped(Stop::Revoked));

    let builder = Client::builder().url(&url).token("ut_wrong");
    let refused = within(PATIENCE, "a refusal", builder.connect()).await.unwrap_err();
    assert_eq!(refused.to_string(), "the server does not take the token");
}

#[tokio::test]
async fn a_server_that_drains_is_come_back_to() {
    let (mut house, conversation, mut ann, mut bob, _home) = two_apps(Store::Embedded).await;
    ann.send("before").await;
    ann.until(1).await;
    assert_eq!(house.server.terminate(PATIENCE).await.code(), Some(0));
    bob.send("while it is away").await;
    house.server.restart().await;
    for app in [&mut ann, &mut bob] {
        app.until(2).await;
        app.settle();
    }
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}

/// One of the SDK's examples beside this test, or nothing where they were not built.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let built = test.ancestors().nth(2).unwrap().join("examples").join(name);
    if !built.is_file() {
        let built = built.display();
        fail(format!("{built} is not there: `cargo build -p hoopoe-sdk --examples` builds it"));
    }
    let mut command = Command::new(built);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

fn spawn(mut command: Command) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

#[tokio::test]
async fn the_examples_do_what_they_say() {
    let house = House::open().await.with_people(&["ann", "bob"]).await;
    let url = format!("ws://{}", house.server.address());
    let home = tempfile::tempdir().unwrap();
    let (ann, bob) = (house.fresh_token("ann").await, house.fresh_token("bob").await);
    let mut bot = example("echo_bot");
    bot.args([&url, &bob]).arg(home.path().join("outbox"));
    let (_bot, mut words) = spawn(bot);
    let ready = within(PATIENCE, "the bot", words.next_line()).await.unwrap();
    assert_eq!(ready.as_deref(), Some("ready"));
    let conversation = house.direct("ann", "bob").await;
    let mut listener = house.connect("ann").await;
    let mut first = example("first_message");
    first.args([&url, &ann, "bob", "hello"]);
    let (mut child, mut words) = spawn(first);
    let line = within(PATIENCE, "the first message", words.next_line()).await.unwrap();
    assert_eq!(line, Some(format!("{conversation} seq 1")));
    assert!(within(PATIENCE, "its end", child.wait()).await.unwrap().success());
    let mut echo = listener.event_named("message.created").await;
    if echo["data"]["sender"] == "ann" {
        echo = listener.event_named("message.created").await;
    }
    let echo = &echo["data"];
    assert_eq!((&echo["sender"], &echo["text"]), (&json!("bob"), &json!("hello")));
}
