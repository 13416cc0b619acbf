//! Thousands of clients that come, follow one conversation, drop off and resume. Each keeps no more
//! than where it stands and a fingerprint of what it was told, so that a storm of them costs the test
//! little beside what it costs the server.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::{SinkExt, StreamExt};
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::{
    net::TcpStream,
    sync::watch,
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use crate::{
    harness::{fail, fingerprint},
    journal::{Name, Row},
};

/// How often a waiting test looks at all clients.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How soon a client that was not let in tries again.
const RETRY: Duration = Duration::from_millis(100);
/// Kernel and library buffers of a client: small, so that queues stand at the server.
const READ_BUFFER_BYTES: usize = 1_024;

/// Where a client stands.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// No hole up to here.
    pub filled_to: u64,
    /// Of all that it was told up to there; see [`print_of`].
    pub print: u64,
    /// Sessions started.
    pub starts: u64,
    /// Connections that the server closed or refused.
    pub closed: u64,
    /// From the order to come back to "caught up with what the start told", per return.
    pub returns: Vec<Duration>,
    is_here: bool,
}

/// The fingerprint of a history: what each client of a swarm must hold in the end.
pub fn print_of(rows: &[Row]) -> u64 {
    rows.iter().fold(0, |print, row| {
        let client_id = row.client_id.as_deref().unwrap_or_default();
        next_print(print, row.seq, client_id)
    })
}

fn next_print(print: u64, seq: u64, client_id: &str) -> u64 {
    fingerprint(&[&print.to_string(), &seq.to_string(), client_id])
}

#[derive(Debug, Clone, Copy)]
struct Order {
    is_here: bool,
    since: Instant,
}

/// Many clients of one conversation.
pub struct Swarm {
    places: Vec<Arc<Mutex<Place>>>,
    order: watch::Sender<Order>,
    clients: JoinSet<()>,
}

struct Life {
    address: SocketAddr,
    conversation: Name,
    token: String,
    cursor: Option<String>,
    place: Arc<Mutex<Place>>,
    order: watch::Receiver<Order>,
    /// Live messages that came before what they follow, by seq.
    early: BTreeMap<u64, String>,
}

impl Swarm {
    /// `count` clients, away at first; they share the tokens.
    pub fn new(address: SocketAddr, conversation: &Name, tokens: &[String], count: usize) -> Self {
        let order = watch::Sender::new(Order { is_here: false, since: Instant::now() });
        let (mut places, mut clients) = (Vec::new(), JoinSet::new());
        for token in tokens.iter().cycle().take(count) {
            let place = Arc::new(Mutex::new(Place::default()));
            let life = Life {
                address,
                conversation: conversation.clone(),
                token: token.clone(),
                cursor: None,
                place: place.clone(),
                order: order.subscribe(),
                early: BTreeMap::new(),
            };
            places.push(place);
            clients.spawn(life.run());
        }
        Self { places, order, clients }
    }

    /// All come at once.
    pub fn come(&self) {
        self.order.send_replace(Order { is_here: true, since: Instant::now() });
    }

    /// All connections drop at once, as when a network does.
    pub fn drop_off(&self) {
        self.order.send_replace(Order { is_here: false, since: Instant::now() });
    }

    /// Where everybody stands.
    pub fn places(&self) -> Vec<Place> {
        self.places.iter().map(|place| place.lock().clone()).collect()
    }

    /// Waits until everybody is here and holds everything up to `seq`.
    ///
    /// # Panics
    /// When it is not so within `limit`.
    pub async fn caught_up(&mut self, limit: Duration, seq: u64) {
        let stands = |place: &Place| place.is_here && place.filled_to >= seq;
        self.until(limit, &format!("everybody holds {seq} messages"), stands).await;
    }

    /// Waits until nobody is here any more.
    ///
    /// # Panics
    /// When it is not so within `limit`.
    pub async fn gone(&mut self, limit: Duration) {
        self.until(limit, "everybody is gone", |place| !place.is_here).await;
    }

    async fn until(&mut self, limit: Duration, what: &str, is_so: impl Fn(&Place) -> bool) {
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let began = Instant::now();
        loop {
            looks.tick().await;
            if let Some(ended) = self.clients.try_join_next() {
                fail(format!("a client of the swarm ended: {ended:?}"));
            }
            let missing: Vec<usize> = (0..self.places.len())
                .filter(|index| !is_so(&self.places[*index].lock()))
                .collect();
            let Some(first) = missing.first() else { return };
            if began.elapsed() > limit {
                let (count, place) = (missing.len(), self.places[*first].lock().clone());
                fail(format!("waited {limit:?} in vain until {what}: {count} do not, {place:?}"));
            }
        }
    }
}

type Socket = WebSocketStream<TcpStream>;

/// What a server's frame says, as far as a client of a swarm cares.
#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Frame {
    id: Option<u64>,
    result: Option<Answer>,
    error: Option<serde_json::Value>,
    event: Option<String>,
    conversation: Option<String>,
    seq: Option<u64>,
    data: Option<Item>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    cursor: Option<String>,
    heads: Vec<Head>,
    items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Head {
    conversation: String,
    head_seq: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item {
    seq: u64,
    client_id: Option<String>,
}

/// The connection is over, or nobody wants it any more.
struct Over;

impl Life {
    async fn run(mut self) {
        loop {
            let Ok(order) = self.order.wait_for(|order| order.is_here).await.map(|order| *order)
            else {
                return;
            };
            let mut leaving = self.order.clone();
            let ended = tokio::select! {
                ended = self.visit(order) => Some(ended),
                _ = leaving.wait_for(|order| !order.is_here) => None,
            };
            self.early.clear();
            let has_ended = ended.is_some();
            self.rest(has_ended);
            if has_ended {
                drop(tokio::time::timeout(RETRY, self.order.changed()).await);
            }
        }
    }

    fn rest(&self, has_ended: bool) {
        let mut place = self.place.lock();
        place.is_here = false;
        place.closed += u64::from(has_ended);
    }

    async fn visit(&mut self, order: Order) -> Result<(), Over> {
        let stream = TcpStream::connect(self.address).await.map_err(|_| Over)?;
        stream.set_nodelay(true).map_err(|_| Over)?;
        let request = format!("ws://{}/v1/socket", self.address).into_client_request();
        let config =
            WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES).write_buffer_size(0);
        let opening = client_async_with_config(request.map_err(|_| Over)?, stream, Some(config));
        let (mut socket, _) = opening.await.map_err(|_| Over)?;

        let mut params = serde_json::json!({"token": self.token});
        if let Some(cursor) = &self.cursor {
            params["cursor"] = cursor.as_str().into();
        }
        let start = self.ask(&mut socket, "session.start", &params).await?;
        self.cursor = start.cursor;
        let own = start.heads.iter().find(|head| *head.conversation == *self.conversation);
        // A head that did not move since the cursor is not told.
        let head = own.map_or(0, |head| head.head_seq);
        self.fill(&mut socket, head).await?;
        {
            let mut place = self.place.lock();
            place.starts += 1;
            place.returns.push(order.since.elapsed());
            place.is_here = true;
        }
        loop {
            let frame = next(&mut socket).await?;
            if let Some(seq) = self.live(frame) {
                self.fill(&mut socket, seq).await?;
            }
        }
    }

    /// A command and its answer; what comes before it is live.
    async fn ask(
        &mut self,
        socket: &mut Socket,
        method: &str,
        params: &serde_json::Value,
    ) -> Result<Answer, Over> {
        let text = serde_json::json!({"id": 1, "method": method, "params": params}).to_string();
        socket.send(Message::text(text)).await.map_err(|_| Over)?;
        loop {
            let frame = next(socket).await?;
            if frame.id.is_none() {
                self.live(frame);
                continue;
            }
            if let Some(error) = frame.error {
                if error["retryable"] == true {
                    return Err(Over);
                }
                fail(format!("{method} was refused: {error}"));
            }
            return Ok(frame.result.unwrap_or_default());
        }
    }

    /// Takes a live message in. What must be read first, where it came early.
    fn live(&mut self, frame: Frame) -> Option<u64> {
        if frame.event.as_deref() != Some("message.created")
            || frame.conversation.as_deref() != Some(&*self.conversation)
        {
            return None;
        }
        let (seq, item) = (frame.seq?, frame.data?);
        self.early.insert(seq, item.client_id.unwrap_or_default());
        self.take_early();
        (!self.early.is_empty()).then_some(seq)
    }

    fn take_early(&mut self) {
        let mut place = self.place.lock();
        while let Some(first) = self.early.first_entry() {
            if *first.key() > place.filled_to + 1 {
                return;
            }
            let (seq, client_id) = first.remove_entry();
            if seq == place.filled_to + 1 {
                place.print = next_print(place.print, seq, &client_id);
                place.filled_to = seq;
            }
        }
    }

    /// Reads history up to this seq.
    async fn fill(&mut self, socket: &mut Socket, upto: u64) -> Result<(), Over> {
        loop {
            let after = self.place.lock().filled_to;
            if after >= upto {
                self.take_early();
                return Ok(());
            }
            let params = serde_json::json!({
                "conversation": &*self.conversation, "after": after, "limit": 100,
            });
            let page = self.ask(socket, "messages.list", &params).await?;
            let mut place = self.place.lock();
            for item in &page.items {
                if item.seq == place.filled_to + 1 {
                    let client_id = item.client_id.as_deref().unwrap_or_default();
                    place.print = next_print(place.print, item.seq, client_id);
                    place.filled_to = item.seq;
                } else if item.seq > place.filled_to {
                    fail(format!("a page has {} after {}", item.seq, place.filled_to));
                }
            }
            if place.filled_to == after {
                fail(format!("a page after {after} leads nowhere, though there is {upto}"));
            }
        }
    }
}

async fn next(socket: &mut Socket) -> Result<Frame, Over> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let frame = serde_json::from_str(&text);
                return Ok(frame.unwrap_or_else(|error| fail(format!("{error} in {text}"))));
            }
            Some(Ok(Message::Close(_))) | Some(Err(_)) | None => return Err(Over),
            Some(Ok(_)) => {}
        }
    }
}
