//! `sdk`: the load of `direct` through `hoopoe-sdk`, to see what an app pays for the SDK.
//!
//! Every person is a client of the SDK with a session and an outbox in memory of its own. A
//! message is complete when `Queued::sent` has ended *and* the receiver's stream has the message;
//! then the pair's window has room for the next. The SDK itself sends one at a time in each
//! conversation, so a window beyond one fills its outbox, not the line.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use hoopoe_sdk::{Client, Conversation, Error, Event, Events, Message, Sent, Status};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use crate::cli::Sizes;
use crate::house::{Context, House, Route, Town, fsync_params, with};
use crate::ledger::Ledger;
use crate::meter::{Measured, Meter, Phase};
use crate::progress;
use crate::report::Figure;
use crate::request::BODY;
use crate::traffic::DRAIN_TIMEOUT;
use crate::trouble::{Doing, Outcome, cannot_run, incorrect};

pub(crate) const NAME: &str = "sdk";

pub(crate) fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let sizes = &context.sizes;
    let mut house = House::open(context, NAME)?;
    let town = Town::pairs(&house.api()?, sizes.pairs, &progress::counted(NAME, "setting up"))?;
    let mut fsync = house.fsync(sizes.probe)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .doing(|| "starting the clients' runtime")?;
    let (measured, sent) = runtime.block_on(measure(&house, &town, sizes))?;
    drop(runtime);
    fsync.merge(&house.fsync(sizes.probe)?);
    house.stop()?;
    let params = json!({
        "pairs": sizes.pairs,
        "window": sizes.window,
        "body_bytes": BODY.len(),
        "messages_in_all": sent,
    });
    let params = with(with(params, measured.load()), fsync_params(&fsync));
    let figure = Figure::new(NAME, "messages_per_s", measured.per_second(), "messages/s", params)
        .server_cpu(measured.server_cpu_us());
    Ok(vec![figure])
}

/// Connects everybody, runs the load, and tells also how many messages were sent in all.
async fn measure(house: &House, town: &Town, sizes: &Sizes) -> Outcome<(Measured, u64)> {
    let server = house.server()?;
    let url = format!("ws://{}", server.address());
    let over = watch::Sender::new(false);
    let completed = Arc::new(AtomicU64::new(0));
    let bar = progress::counted(NAME, "connecting");
    bar.inc_length(town.routes.len() as u64);
    let mut pairs = Vec::new();
    for route in &town.routes {
        let load = Load { window: sizes.window, over: over.subscribe(), done: completed.clone() };
        pairs.push(Pair::connect(&url, town, route, load).await?);
        bar.inc(1);
    }
    bar.finish_and_clear();

    let _spinner = progress::timed(NAME, format!("measuring for {:?}", sizes.measure));
    let mut meter = Meter::new(server.pid(), Instant::now(), sizes.warm_up, sizes.measure);
    let mut running: JoinSet<Outcome<u64>> = pairs.into_iter().map(Pair::run).collect();
    while meter.turn(Instant::now(), completed.load(Ordering::Relaxed))? != Phase::Over {
        // Only a pair in trouble ends before the load is over.
        let watching = tokio::time::timeout_at(meter.next_at().into(), running.join_next());
        if let Ok(Some(ended)) = watching.await {
            outcome(ended)?;
        }
    }
    over.send_replace(true);
    let mut sent = 0;
    while let Some(ended) = running.join_next().await {
        sent += outcome(ended)?;
    }
    Ok((meter.result()?, sent))
}

fn outcome(ended: Result<Outcome<u64>, JoinError>) -> Outcome<u64> {
    ended.doing(|| "running a pair of clients")?
}

/// What all pairs share.
struct Load {
    window: usize,
    over: watch::Receiver<bool>,
    done: Arc<AtomicU64>,
}

/// One person's client, what it tells, and the state of its line.
struct Side {
    client: Client,
    events: Events,
    line: watch::Receiver<Status>,
}

impl Side {
    async fn connect(url: &str, token: &str) -> Outcome<Side> {
        let client = Client::builder()
            .url(url)
            .token(token)
            .connect()
            .await
            .doing(|| "connecting a client of the SDK")?;
        let (events, mut line) = (client.events(), client.connection());
        line.mark_unchanged();
        Ok(Side { client, events, line })
    }
}

struct Pair {
    load: Load,
    sender: Side,
    receiver: Side,
    conversation: Conversation,
    acks: FuturesUnordered<BoxFuture<'static, Result<Sent, Error>>>,
    ledger: Ledger,
}

/// What a pair was woken by.
enum Wake {
    Ack(Result<Sent, Error>),
    Own(Option<Event>),
    Received(Option<Event>),
    Over,
}

impl Pair {
    async fn connect(url: &str, town: &Town, route: &Route, load: Load) -> Outcome<Pair> {
        let id = &route.conversation.id;
        let id = id.parse().doing(|| format!("reading the conversation id {id}"))?;
        let sender = Side::connect(url, &town.left[route.left].token).await?;
        let receiver = Side::connect(url, &town.right[route.right].token).await?;
        let conversation = sender.client.conversation(id);
        let head_seq = i64::try_from(route.conversation.head_seq).doing(|| "reading head_seq")?;
        let (acks, ledger) = (FuturesUnordered::new(), Ledger::new(head_seq));
        Ok(Pair { load, sender, receiver, conversation, acks, ledger })
    }

    /// Writes until the load is over, then waits for what is under way; tells how many were sent.
    async fn run(mut self) -> Outcome<u64> {
        while !*self.load.over.borrow() {
            if self.ledger.in_flight() < self.load.window {
                self.send().await?;
            } else {
                self.step().await?;
            }
        }
        let drain = async {
            while !self.ledger.is_settled() {
                self.step().await?;
            }
            Ok(())
        };
        match tokio::time::timeout(DRAIN_TIMEOUT, drain).await {
            Ok(drained) => drained?,
            Err(_) => {
                return incorrect(format!(
                    "{DRAIN_TIMEOUT:?} after the load {}",
                    self.ledger.shortage()
                ));
            }
        }
        for side in [&self.sender, &self.receiver] {
            if side.line.has_changed().unwrap_or(true) {
                return cannot_run("a client of the SDK lost its line during the load");
            }
            side.client.close().await;
        }
        Ok(self.ledger.sent())
    }

    async fn send(&mut self) -> Outcome<()> {
        let queued = self.conversation.send(BODY).await.doing(|| "queueing a message")?;
        self.ledger.queued(queued.client_id());
        self.acks.push(queued.sent().boxed());
        Ok(())
    }

    /// Takes in the next thing that happens.
    async fn step(&mut self) -> Outcome<()> {
        let wake = tokio::select! {
            Some(ack) = self.acks.next() => Wake::Ack(ack),
            event = self.sender.events.next() => Wake::Own(event),
            event = self.receiver.events.next() => Wake::Received(event),
            Ok(()) = self.load.over.changed() => Wake::Over,
        };
        let is_complete = match wake {
            Wake::Ack(Ok(sent)) => self.ledger.acknowledged(&sent.client_id, sent.seq)?,
            Wake::Ack(Err(error)) => return incorrect(format!("a send was refused: {error}")),
            Wake::Own(event) => {
                if let Some(message) = self.message(event)? {
                    self.ledger.own_event(message.seq)?;
                }
                false
            }
            Wake::Received(event) => match self.message(event)? {
                Some(message) => self.ledger.received(&message.client_id, message.seq)?,
                None => false,
            },
            Wake::Over => false,
        };
        if is_complete {
            self.load.done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The message of an event, or nothing when the event is of a kind that does not count here.
    fn message(&self, event: Option<Event>) -> Outcome<Option<Message>> {
        match event {
            Some(Event::Message(message)) => {
                if message.conversation != self.conversation.id() || message.text() != BODY {
                    return incorrect(format!("a message that was not sent: {}", message.raw()));
                }
                Ok(Some(message))
            }
            Some(Event::Missed(missed)) => incorrect(format!("messages were missed: {missed:?}")),
            Some(Event::Refetched(_) | Event::Removed(_)) => {
                incorrect("the server took a conversation back")
            }
            Some(_) => Ok(None),
            None => cannot_run("a client of the SDK has stopped"),
        }
    }
}
