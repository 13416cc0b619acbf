//! One socket of a scripted client: commands by method name, events as they come, everything
//! journalled.

use std::{
    collections::HashMap,
    fmt, io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{
    net::{TcpSocket, TcpStream},
    sync::{mpsc, oneshot, watch},
    task::AbortHandle,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

use crate::{
    harness::{PATIENCE, fail, within},
    journal::{Journal, Path, Who},
    recorder::{Recorder, Ticket},
};

/// Why a command has no result.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The server said no, with a problem.
    Problem {
        /// HTTP status.
        status: u16,
        /// `domain.reason`.
        code: String,
        /// The whole problem.
        body: Value,
    },
    /// The connection ended first, with the server's close code where there was one.
    Gone(Option<u16>),
}

impl Refusal {
    /// A refusal made of a problem document.
    pub fn of(problem: Value) -> Self {
        let status = problem["status"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or(0);
        let code = problem["code"].as_str().unwrap_or_default().to_owned();
        Self::Problem { status, code, body: problem }
    }

    /// `domain.reason`, or nothing when the connection ended.
    pub fn code(&self) -> &str {
        match self {
            Self::Problem { code, .. } => code,
            Self::Gone(_) => "",
        }
    }

    /// HTTP status, 0 when the connection ended.
    pub fn status(&self) -> u16 {
        match self {
            Self::Problem { status, .. } => *status,
            Self::Gone(_) => 0,
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Problem { body, .. } => body["retryable"].as_bool().unwrap_or(false),
            Self::Gone(_) => true,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem { body, .. } => write!(f, "{body}"),
            Self::Gone(Some(code)) => write!(f, "the connection was closed with {code}"),
            Self::Gone(None) => write!(f, "the connection ended"),
        }
    }
}

impl std::error::Error for Refusal {}

/// What a command comes to.
pub type Outcome = Result<Value, Refusal>;

type Socket = WebSocketStream<TcpStream>;

struct Waiting {
    ticket: Ticket,
    answer: oneshot::Sender<Outcome>,
}

/// How the connection ended; `None` while it lives.
type End = Option<Option<u16>>;

struct Shared {
    recorder: Recorder,
    waiting: Mutex<HashMap<u64, Waiting>>,
    end: watch::Sender<End>,
}

impl Shared {
    /// After this no command waits any more.
    fn end(&self, code: Option<u16>) {
        let first = self.end.send_if_modified(|end| {
            let first = end.is_none();
            end.get_or_insert(code);
            first
        });
        if first {
            self.recorder.closed(code);
        }
        for (_, waiting) in self.waiting.lock().drain() {
            drop(waiting.answer.send(Err(Refusal::Gone(code))));
        }
    }
}

/// Particulars of a socket that only some tests care about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dial {
    /// Size of the kernel's receive buffer; small makes a slow consumer slow.
    pub receive_bytes: Option<u32>,
}

/// One socket, open until it is dropped or the server closes it.
pub struct Connection {
    shared: Arc<Shared>,
    out: mpsc::UnboundedSender<(String, Ticket)>,
    events: mpsc::UnboundedReceiver<Value>,
    reading: watch::Sender<bool>,
    next_id: AtomicU64,
    tasks: [AbortHandle; 2],
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.shared.end(None);
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// A command under way; awaiting it gives its outcome.
pub struct Pending {
    answer: oneshot::Receiver<Outcome>,
}

impl Pending {
    /// The outcome, however long it takes.
    pub async fn outcome(self) -> Outcome {
        self.answer.await.unwrap_or(Err(Refusal::Gone(None)))
    }
}

impl Connection {
    /// Opens a socket; no session is started yet.
    ///
    /// # Errors
    /// When the server does not accept, or answers anything but 101.
    pub async fn open(
        address: SocketAddr,
        journal: &Journal,
        user: &str,
        device: &str,
    ) -> io::Result<Self> {
        Self::dial(address, journal, (user, device), Dial::default()).await
    }

    /// Opens a socket with particulars.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub async fn dial(
        address: SocketAddr,
        journal: &Journal,
        (user, device): (&str, &str),
        dial: Dial,
    ) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = dial.receive_bytes {
            socket.set_recv_buffer_size(bytes)?;
        }
        let stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        let request = format!("ws://{address}/v1/socket").into_client_request();
        let request = request.map_err(io::Error::other)?;
        let config = WebSocketConfig::default().read_buffer_size(4_096).write_buffer_size(0);
        let opening = client_async_with_config(request, stream, Some(config));
        let (stream, _) = opening.await.map_err(io::Error::other)?;
        let recorder = Recorder::new(journal, user, device, Path::Socket);
        Ok(Self::run(recorder, stream))
    }

    fn run(recorder: Recorder, stream: Socket) -> Self {
        let shared =
            Arc::new(Shared { recorder, waiting: Mutex::default(), end: watch::Sender::new(None) });
        let (out, outgoing) = mpsc::unbounded_channel();
        let (event, events) = mpsc::unbounded_channel();
        let reading = watch::Sender::new(true);
        let (sink, stream) = stream.split();
        let writer = tokio::spawn(write(shared.clone(), sink, outgoing));
        let reader = tokio::spawn(read(shared.clone(), stream, event, reading.subscribe()));
        let tasks = [writer.abort_handle(), reader.abort_handle()];
        Self { shared, out, events, reading, next_id: AtomicU64::new(1), tasks }
    }

    /// Whose socket it is.
    pub fn who(&self) -> &Who {
        self.shared.recorder.who()
    }

    /// The journal's pen of this connection.
    pub fn recorder(&self) -> &Recorder {
        &self.shared.recorder
    }

    /// Hands a command over without waiting for its reply; commands leave in this order.
    pub fn post(&self, method: &str, params: &Value) -> Pending {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let frame = json!({"id": id, "method": method, "params": params}).to_string();
        let (answer, pending) = oneshot::channel();
        let ticket = self.shared.recorder.asked(method, params);
        let waiting = Waiting { ticket: ticket.clone(), answer };
        self.shared.waiting.lock().insert(id, waiting);
        if self.out.send((frame, ticket)).is_err() || self.shared.end.borrow().is_some() {
            self.shared.waiting.lock().remove(&id);
        }
        Pending { answer: pending }
    }

    /// A command and its outcome.
    ///
    /// # Errors
    /// The server's problem, or the connection's end.
    pub async fn call(&self, method: &str, params: Value) -> Outcome {
        let pending = self.post(method, &params);
        within(PATIENCE, &format!("the reply to {method}"), pending.outcome()).await
    }

    /// A command that must succeed.
    ///
    /// # Panics
    /// When it does not.
    pub async fn must(&self, method: &str, params: Value) -> Value {
        match self.call(method, params.clone()).await {
            Ok(result) => result,
            Err(refusal) => fail(format!("{method} {params}: {refusal}")),
        }
    }

    /// Starts the session.
    ///
    /// # Errors
    /// The server's problem, or the connection's end.
    pub async fn start(&self, token: &str, cursor: Option<&str>) -> Outcome {
        let mut params = json!({"token": token});
        if let Some(cursor) = cursor {
            params["cursor"] = cursor.into();
        }
        self.call("session.start", params).await
    }

    /// Sends a text message.
    ///
    /// # Errors
    /// The server's problem, or the connection's end.
    pub async fn send(&self, conversation: &str, client_id: &str, text: &str) -> Outcome {
        self.call("messages.send", text_message(conversation, client_id, text)).await
    }

    /// Returns after everything that the server had queued for this socket has arrived.
    pub async fn fence(&self) {
        self.must("session.sync", json!({})).await;
    }

    /// The next event; waits for it.
    ///
    /// # Panics
    /// When none comes in time, or the connection ends.
    pub async fn event(&mut self) -> Value {
        let who = self.who().user.clone();
        match within(PATIENCE, &format!("an event for {who}"), self.events.recv()).await {
            Some(event) => event,
            None => fail(format!("the connection of {who} ended before the event")),
        }
    }

    /// The next event, or nothing when the connection has ended.
    pub async fn next_event(&mut self) -> Option<Value> {
        self.events.recv().await
    }

    /// The next event of this name; earlier ones of other names are dropped.
    ///
    /// # Panics
    /// When none comes in time, or the connection ends.
    pub async fn event_named(&mut self, name: &str) -> Value {
        let who = self.who().user.clone();
        let mut others = Vec::new();
        let search = async {
            loop {
                match self.events.recv().await {
                    Some(event) if event["event"] == name => return event,
                    Some(event) => others.push(event["event"].to_string()),
                    None => fail(format!("the connection of {who} ended before {name}")),
                }
            }
        };
        let found = tokio::time::timeout(PATIENCE, search).await;
        found.unwrap_or_else(|_| fail(format!("{who} waited in vain for {name}, got {others:?}")))
    }

    /// The events that have arrived and were not taken yet.
    pub fn arrived(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }

    /// Stops reading from the socket, as a client that hangs does.
    pub fn stall(&self) {
        self.reading.send_replace(false);
    }

    /// Reads again.
    pub fn unstall(&self) {
        self.reading.send_replace(true);
    }

    /// Waits for the end; the close code where the server gave one.
    ///
    /// # Panics
    /// When the connection lives on beyond `limit`.
    pub async fn closed(&self, limit: Duration) -> Option<u16> {
        let mut end = self.shared.end.subscribe();
        let what = format!("the end of {}'s connection", self.who().user);
        let ended = within(limit, &what, end.wait_for(Option::is_some)).await;
        ended.ok().and_then(|end| *end).flatten()
    }

    /// Whether the connection has ended.
    pub fn is_closed(&self) -> bool {
        self.shared.end.borrow().is_some()
    }
}

/// The parameters of a text message.
pub fn text_message(conversation: &str, client_id: &str, text: &str) -> Value {
    json!({"conversation": conversation, "client_id": client_id, "kind": "text", "text": text})
}

async fn write(
    shared: Arc<Shared>,
    mut sink: SplitSink<Socket, Message>,
    mut outgoing: mpsc::UnboundedReceiver<(String, Ticket)>,
) {
    while let Some((frame, ticket)) = outgoing.recv().await {
        if sink.send(Message::text(frame)).await.is_err() {
            // The reader learns why.
            return;
        }
        shared.recorder.flushed(&ticket);
    }
}

async fn read(
    shared: Arc<Shared>,
    mut stream: SplitStream<Socket>,
    events: mpsc::UnboundedSender<Value>,
    mut reading: watch::Receiver<bool>,
) {
    let mut code = None;
    loop {
        if !*reading.borrow_and_update() {
            if reading.changed().await.is_err() {
                break;
            }
            continue;
        }
        let message = tokio::select! {
            message = stream.next() => message,
            changed = reading.changed() => match changed {
                Ok(()) => continue,
                Err(_) => break,
            },
        };
        match message {
            Some(Ok(Message::Text(text))) => match serde_json::from_str::<Value>(&text) {
                Ok(frame) => received(&shared, frame, &events),
                Err(error) => fail(format!("the server sent what is no JSON ({error}): {text}")),
            },
            Some(Ok(Message::Close(frame))) => code = frame.map(|frame| frame.code.into()),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => break,
        }
    }
    shared.end(code);
}

fn received(shared: &Shared, frame: Value, events: &mpsc::UnboundedSender<Value>) {
    let Some(id) = frame["id"].as_u64() else {
        shared.recorder.event(&frame);
        drop(events.send(frame));
        return;
    };
    let Some(Waiting { ticket, answer }) = shared.waiting.lock().remove(&id) else {
        fail(format!("the server answered twice, or what nobody asked: {frame}"));
    };
    let outcome = match frame.get("error") {
        None => {
            shared.recorder.answered(&ticket, &frame["result"]);
            Ok(frame["result"].clone())
        }
        Some(problem) => {
            let refusal = Refusal::of(problem.clone());
            let retry_after = problem["retry_after_ms"].is_u64();
            shared.recorder.refused(&ticket, refusal.status(), refusal.code(), retry_after);
            Err(refusal)
        }
    };
    drop(answer.send(outcome));
}
