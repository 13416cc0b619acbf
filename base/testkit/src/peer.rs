//! A scripted client that behaves as the SDK must: it keeps an outbox, reconnects by itself,
//! resumes from its cursors, fills gaps from history and sends again what was not acknowledged.

mod state;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::{
    client::{Connection, Outcome, Refusal, text_message},
    harness::{PATIENCE, fail, within},
    journal::{Head, Journal, Name, Row},
    recorder::{head, row},
    server::Up,
};

use state::Item;
pub use state::{Log, State};

/// How soon a client that could not connect tries again, unless the server comes up earlier.
const RETRY: Duration = Duration::from_millis(50);
/// Messages received until a peer that reads says so.
const MARK_EVERY: u64 = 5;

/// Who a peer is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The user's id.
    pub user: String,
    /// A name for the device; part of the client ids, so unique for the user.
    pub device: String,
    /// A user token.
    pub token: String,
}

enum Order {
    /// There is something new in the outbox.
    Send,
    /// Drop the connection as a network does.
    Cut,
    /// Write the timelines into the journal once all is at rest.
    Settle(oneshot::Sender<()>),
}

struct Shared {
    state: Mutex<State>,
    version: watch::Sender<u64>,
}

impl Shared {
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state.lock());
        self.version.send_modify(|version| *version += 1);
        result
    }
}

/// A client that goes on by itself until it is dropped.
pub struct Peer {
    who: Identity,
    orders: mpsc::UnboundedSender<Order>,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Peer {
    /// A peer that connects as soon as the server is up. When it `reads`, it moves its read and
    /// delivered marks as messages come.
    pub fn new(
        who: Identity,
        journal: &Journal,
        up: watch::Receiver<Option<Up>>,
        reads: bool,
    ) -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), version: watch::Sender::new(0) });
        let (orders, inbox) = mpsc::unbounded_channel();
        let life = Life {
            who: who.clone(),
            journal: journal.clone(),
            up,
            reads,
            inbox,
            shared: shared.clone(),
            cursor: None,
            lost_at: Instant::now(),
        };
        Self { who, orders, shared, task: tokio::spawn(life.run()) }
    }

    /// Whose peer it is.
    pub fn user(&self) -> &str {
        &self.who.user
    }

    /// Puts a text into the outbox; its client id.
    pub fn send(&self, conversation: &str, text: &str) -> String {
        let client_id = self.shared.change(|state| {
            state.sent += 1;
            let number = state.sent;
            let client_id = format!("{}.{}.{number}", self.who.user, self.who.device);
            let (conversation, text) = (conversation.into(), text.to_owned());
            let item = Item { number, conversation, client_id: client_id.clone(), text };
            state.outbox.push_back(item);
            client_id
        });
        self.order(Order::Send);
        client_id
    }

    /// Drops the connection without a word; the peer connects again at once.
    pub fn cut(&self) {
        self.order(Order::Cut);
    }

    fn order(&self, order: Order) {
        if self.orders.send(order).is_err() {
            fail(format!("the peer of {} has ended", self.who.user));
        }
    }

    /// Looks at what the peer knows.
    pub fn look<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.shared.state.lock())
    }

    /// Waits until what the peer knows is so.
    ///
    /// # Panics
    /// When it is not so within `limit`.
    pub async fn until(&self, limit: Duration, what: &str, is_so: impl Fn(&State) -> bool) {
        let mut version = self.shared.version.subscribe();
        let waiting = async {
            while !is_so(&self.shared.state.lock()) {
                if version.changed().await.is_err() {
                    fail("the peer ended");
                }
            }
        };
        if tokio::time::timeout(limit, waiting).await.is_err() {
            let user = &self.who.user;
            let state = self.look(|s| {
                let logs: Vec<_> = s.logs.iter().map(|(c, log)| (c, log.filled_to)).collect();
                format!(
                    "connected {}, starts {}, unacked {}, acked {}, refused {:?}, logs {logs:?}",
                    s.is_connected,
                    s.starts,
                    s.unacked(),
                    s.acked,
                    s.refused
                )
            });
            fail(format!("{user} waited {limit:?} in vain until {what}: {state}"));
        }
    }

    /// Waits until everything is sent, acknowledged and caught up, and writes what the peer holds
    /// into the journal.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn settle(&self) {
        self.until(PATIENCE, "its outbox is empty", |s| s.is_connected && s.outbox.is_empty())
            .await;
        let settled = async {
            loop {
                let (done, told) = oneshot::channel();
                self.order(Order::Settle(done));
                // A connection that ends meanwhile takes the order with it.
                if told.await.is_ok() {
                    return;
                }
            }
        };
        within(PATIENCE, &format!("{} to come to rest", self.who.user), settled).await;
    }
}

/// The task behind a peer.
struct Life {
    who: Identity,
    journal: Journal,
    up: watch::Receiver<Option<Up>>,
    reads: bool,
    inbox: mpsc::UnboundedReceiver<Order>,
    shared: Arc<Shared>,
    cursor: Option<String>,
    lost_at: Instant,
}

/// Why a session ended, and with it what comes next.
enum Ended {
    /// Connect again.
    Again,
    /// Nobody gives orders any more.
    Over,
}

impl Life {
    async fn run(mut self) {
        loop {
            let Ok(up) = self.up.wait_for(Option::is_some).await.map(|up| *up) else { return };
            let Some(up) = up else { continue };
            let Identity { user, device, .. } = &self.who;
            let opened = Connection::open(up.address, &self.journal, user, device).await;
            if let Ok(connection) = opened {
                let ended = self.session(connection, up).await;
                self.lost_at = Instant::now();
                self.shared.change(|state| state.is_connected = false);
                if matches!(ended, Ok(Ended::Over)) {
                    return;
                }
            }
            drop(tokio::time::timeout(RETRY, self.up.changed()).await);
        }
    }

    async fn session(&mut self, mut connection: Connection, up: Up) -> Result<Ended, Refusal> {
        let start = connection.start(&self.who.token, self.cursor.as_deref()).await?;
        self.cursor = start["cursor"].as_str().map(str::to_owned);
        if start["reset"] == true {
            self.shared.change(|state| state.logs.clear());
        }
        self.catch_up(&connection, &heads(&start)).await?;
        if start["digest"] != self.shared.state.lock().digest() {
            self.compare_all(&connection).await?;
        }
        let mut in_flight = FuturesUnordered::new();
        let mut posted = 0;
        in_flight.extend(self.post_new(&connection, &mut posted));
        let resumed = self.lost_at.max(up.since).elapsed();
        self.shared.change(|state| {
            state.is_connected = true;
            state.starts += 1;
            state.resumed_after.push(resumed);
        });
        loop {
            tokio::select! {
                Some((client_id, outcome)) = in_flight.next() => self.sent(&client_id, outcome)?,
                event = connection.next_event() => match event {
                    Some(event) => self.event(&connection, &event).await?,
                    None => {
                        self.last_acks(in_flight).await;
                        return Ok(Ended::Again);
                    }
                },
                order = self.inbox.recv() => match order {
                    Some(Order::Send) => in_flight.extend(self.post_new(&connection, &mut posted)),
                    Some(Order::Cut) => return Ok(Ended::Again),
                    Some(Order::Settle(done)) => {
                        self.settle(&connection).await?;
                        // Whoever asked may have given up.
                        done.send(()).ok();
                    }
                    None => return Ok(Ended::Over),
                },
            }
        }
    }

    /// Reads what is missing up to these heads.
    async fn catch_up(&self, connection: &Connection, heads: &[Head]) -> Result<(), Refusal> {
        for head in heads {
            let held = self.log(&head.conversation, |log| {
                log.rev = log.rev.max(head.head_rev);
                log.filled_to
            });
            if held < head.head_seq {
                self.fill(connection, &head.conversation, head.head_seq).await?;
            }
        }
        Ok(())
    }

    /// Goes through the full list of heads once.
    async fn compare_all(&self, connection: &Connection) -> Result<(), Refusal> {
        let mut params = json!({});
        loop {
            let page = connection.call("sync.get", params).await?;
            self.catch_up(connection, &heads(&page)).await?;
            match page["next_page"].as_str() {
                Some(next) => params = json!({"page": next}),
                None => return Ok(()),
            }
        }
    }

    fn log<T>(&self, conversation: &str, change: impl FnOnce(&mut Log) -> T) -> T {
        self.shared.change(|state| change(state.logs.entry(conversation.into()).or_default()))
    }

    /// Reads history from the cursor on until it reaches `to_seq`.
    async fn fill(
        &self,
        connection: &Connection,
        conversation: &str,
        to_seq: u64,
    ) -> Result<(), Refusal> {
        loop {
            let after = self.log(conversation, |log| log.filled_to);
            if after >= to_seq {
                return Ok(());
            }
            let params = json!({"conversation": conversation, "after": after, "limit": 100});
            let page = connection.call("messages.list", params).await?;
            let rows: Vec<Row> = page["items"].as_array().into_iter().flatten().map(row).collect();
            // Whatever the server says is there is believed; what is missing from it is for the
            // checker to judge.
            let last = rows.last().map_or(to_seq, |row| row.seq);
            self.log(conversation, |log| {
                if let Some(first) = rows.first()
                    && log.rows.is_empty()
                    && log.filled_to == 0
                {
                    log.after = first.seq - 1;
                }
                rows.into_iter().for_each(|row| log.put(row.seq, Some(row)));
                log.filled_to = log.filled_to.max(last);
            });
        }
    }

    /// Hands over what the outbox holds beyond `posted`, in order.
    fn post_new(&self, connection: &Connection, posted: &mut u64) -> Vec<Sending> {
        let fresh = |state: &mut State| -> Vec<Item> {
            state.outbox.iter().filter(|item| item.number > *posted).cloned().collect()
        };
        let items = self.shared.change(fresh);
        *posted = items.last().map_or(*posted, |item| item.number);
        items.into_iter().map(|item| post(connection, item)).collect()
    }

    /// The connection has ended, so each send has its outcome: acks that came before the end count.
    async fn last_acks(&self, mut in_flight: FuturesUnordered<Sending>) {
        while let Some((client_id, outcome)) = in_flight.next().await {
            if outcome.is_ok() {
                // An ack is never a reason to end a session.
                self.sent(&client_id, outcome).unwrap_or_default();
            }
        }
    }

    fn sent(&self, client_id: &str, outcome: Outcome) -> Result<(), Refusal> {
        match outcome {
            Ok(_) => self.shared.change(|state| {
                state.outbox.retain(|item| item.client_id != client_id);
                state.acked += 1;
            }),
            // The outbox keeps it; the next session sends it again, in order.
            Err(refusal) if refusal.is_retryable() => return Err(refusal),
            Err(refusal) => self.shared.change(|state| {
                state.outbox.retain(|item| item.client_id != client_id);
                state.refused.push(refusal.to_string());
            }),
        }
        Ok(())
    }

    async fn event(&mut self, connection: &Connection, event: &Value) -> Result<(), Refusal> {
        let conversation = event["conversation"].as_str().unwrap_or_default();
        if let Some(seq) = event["skip"].as_u64() {
            self.log(conversation, |log| log.put(seq, None));
            return Ok(());
        }
        match event["event"].as_str() {
            Some("message.created") => {
                let mut row = row(&event["data"]);
                let seq = event["seq"].as_u64().unwrap_or(row.seq);
                row.seq = seq;
                let held = self.log(conversation, |log| {
                    log.put(seq, Some(row));
                    log.filled_to
                });
                if held < seq {
                    self.fill(connection, conversation, seq).await?;
                }
                self.mark(connection, conversation);
            }
            Some("conversation.created") => {
                let head = head(&event["data"]);
                self.log(conversation, |log| {
                    if log.rows.is_empty() {
                        log.filled_to = log.filled_to.max(head.head_seq);
                        log.after = log.filled_to;
                    }
                });
            }
            Some("sync.reset") => {
                self.cursor = None;
                self.log(conversation, |log| *log = Log::default());
                return Err(Refusal::Gone(None));
            }
            _ => {
                if let Some(rev) = event["rev"].as_u64() {
                    self.log(conversation, |log| log.rev = log.rev.max(rev));
                }
            }
        }
        Ok(())
    }

    /// Says how far it has read, every few messages.
    fn mark(&self, connection: &Connection, conversation: &str) {
        let due = self.shared.change(|state| {
            state.received += 1;
            state.received.is_multiple_of(MARK_EVERY)
        });
        if self.reads && due {
            let seq = self.log(conversation, |log| log.filled_to);
            let params = json!({"conversation": conversation, "seq": seq});
            // The journal hears of the replies.
            drop(connection.post("messages.delivered", &params));
            drop(connection.post("messages.read", &params));
        }
    }

    async fn settle(&self, connection: &Connection) -> Result<(), Refusal> {
        let known: Vec<Name> = self.shared.state.lock().logs.keys().cloned().collect();
        for conversation in known {
            let params = json!({"conversation": &*conversation});
            let found = match connection.call("conversations.get", params).await {
                Ok(found) => found,
                // Removed meanwhile: what it holds is judged by other rules.
                Err(refusal) if refusal.status() == 404 => continue,
                Err(refusal) => return Err(refusal),
            };
            let upto = head(&found).head_seq;
            self.fill(connection, &conversation, upto).await?;
            let (after, rows) = self
                .log(&conversation, |log| (log.after, log.messages().cloned().collect::<Vec<_>>()));
            connection.recorder().timeline(&conversation, (after, upto), rows);
        }
        connection.call("session.sync", json!({})).await?;
        Ok(())
    }
}

fn heads(reply: &Value) -> Vec<Head> {
    reply["heads"].as_array().into_iter().flatten().map(head).collect()
}

/// A send under way: its client id and what it comes to.
type Sending = BoxFuture<'static, (String, Outcome)>;

fn post(connection: &Connection, item: Item) -> Sending {
    let params = text_message(&item.conversation, &item.client_id, &item.text);
    let pending = connection.post("messages.send", &params);
    Box::pin(async move { (item.client_id, pending.outcome().await) })
}
