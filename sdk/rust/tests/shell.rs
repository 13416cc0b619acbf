//! The shell where there is no server: what an app gets all the same.

#![expect(clippy::unwrap_used, reason = "every function here is part of a test")]

use std::{io, net::TcpListener, time::Duration};

use hoopoe_sdk::{
    Client, Delivery, Error, Event, FileStore, Status, Stop, Store, TokenError,
    core::{Image, OutboxUpdate, Record},
    wire::ConversationId,
};

const PATIENCE: Duration = Duration::from_secs(20);

/// An address at which nobody listens.
fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("ws://{}", listener.local_addr().unwrap())
}

async fn away() -> Client {
    Client::builder().url(nowhere()).token("ut_x").start().await.unwrap()
}

async fn within<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(PATIENCE, what).await.expect("it comes in time")
}

/// A disk that is full.
struct Full;

impl Store for Full {
    fn load(&mut self) -> io::Result<Image> {
        Ok(Image::default())
    }

    fn append(&mut self, _: &[Record]) -> io::Result<()> {
        Err(io::Error::from(io::ErrorKind::StorageFull))
    }
}

#[tokio::test]
async fn a_send_without_a_line_is_queued_and_told() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("outbox");
    let store = FileStore::open(&path).unwrap();
    let builder = Client::builder().url(nowhere()).token("ut_x").store(store);
    let client = builder.start().await.unwrap();
    let mut events = client.events();
    let conversation = client.conversation(ConversationId([1; 16]));
    let queued = within(conversation.send("你好")).await.unwrap();
    let Some(Event::Outbox(OutboxUpdate { request, delivery })) = within(events.next()).await
    else {
        unreachable!("nothing else happens without a line");
    };
    assert!(matches!(delivery, Delivery::Pending));
    assert_eq!(request.client_id, queued.client_id());
    let mut status = client.connection();
    let waiting = status.wait_for(|status| matches!(status, Status::Waiting { .. }));
    drop(within(waiting).await.unwrap());
    within(client.close()).await;
    let stopped = within(queued.sent()).await.unwrap_err();
    assert!(matches!(stopped, Error::Stopped(Stop::Closed)), "{stopped}");
    assert!(within(events.next()).await.is_none());
    let kept = FileStore::open(&path).unwrap().load().unwrap();
    assert_eq!(kept.queued.len(), 1);
}

#[tokio::test]
async fn what_the_store_cannot_keep_is_not_queued() {
    let builder = Client::builder().url(nowhere()).token("ut_x").store(Full);
    let client = builder.start().await.unwrap();
    let conversation = client.conversation(ConversationId([1; 16]));
    let refused = within(conversation.send("lost?")).await.unwrap_err();
    assert!(matches!(refused, Error::Store(_)), "{refused}");
    within(client.flush()).await.unwrap();
}

#[tokio::test]
async fn an_outbox_has_an_end() {
    let client = away().await;
    let conversation = client.conversation(ConversationId([1; 16]));
    for _ in 0..1_000 {
        within(conversation.send("x")).await.unwrap();
    }
    let refused = within(conversation.send("x")).await.unwrap_err();
    assert!(matches!(refused, Error::OutboxFull), "{refused}");
}

#[tokio::test]
async fn a_stream_that_is_dropped_goes_on_in_the_next() {
    let client = away().await;
    let conversation = client.conversation(ConversationId([1; 16]));
    for text in ["1", "2"] {
        within(conversation.send(text)).await.unwrap();
    }
    let text = async |events: &mut hoopoe_sdk::Events| match within(events.next()).await {
        Some(Event::Outbox(update)) => update.request.text,
        _ => None,
    };
    let mut first = client.events();
    assert_eq!(text(&mut first).await.as_deref(), Some("1"));
    assert!(client.events().next().await.is_none(), "there is one stream at a time");
    drop(first);
    assert_eq!(text(&mut client.events()).await.as_deref(), Some("2"));
}

#[tokio::test]
async fn a_client_without_a_token_says_so() {
    let provider = || async { Err::<String, _>(TokenError::never("signed out")) };
    let builder = Client::builder().url(nowhere()).token_provider(provider);
    let refused = within(builder.connect()).await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no token: signed out");
    assert!(matches!(Client::builder().url("ws://h").start().await, Err(Error::Setup(_))));
    let panics = || async { panic_in_the_app() };
    let client = Client::builder().url(nowhere()).token_provider(panics).start().await.unwrap();
    let mut status = client.connection();
    let waiting = status.wait_for(|status| matches!(status, Status::Waiting { .. }));
    drop(within(waiting).await.unwrap());
}

fn panic_in_the_app() -> Result<String, TokenError> {
    unreachable!("the app is broken")
}
