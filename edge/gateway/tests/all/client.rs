//! A client that shows every frame as it came.

use std::collections::{HashMap, VecDeque};

use futures_util::{SinkExt, StreamExt};
use hoopoe_testkit::harness::{PATIENCE, fail, within};
use hoopoe_wire::{frame, msgpack};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::Request, protocol::Role},
};

use crate::house::{House, must_io, text};

/// What came.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    Json(Value),
    Ping,
    Pong(Vec<u8>),
    /// The close frame, or none before the end.
    Closed(Option<(u16, String)>),
}

pub(crate) struct Client {
    socket: WebSocketStream<TcpStream>,
    speaks_packed: bool,
    next_id: u64,
    /// What came while something else was waited for.
    events: VecDeque<Value>,
    replies: HashMap<u64, Value>,
}

impl Client {
    /// A socket without a session.
    pub(crate) async fn dial(house: &House) -> Self {
        Self::dial_with(house, None).await
    }

    /// The same with a small receive buffer in the kernel.
    pub(crate) async fn dial_with(house: &House, receive_buffer_bytes: Option<u32>) -> Self {
        let tcp = must_io(TcpSocket::new_v4());
        if let Some(bytes) = receive_buffer_bytes {
            must_io(tcp.set_recv_buffer_size(bytes));
        }
        let stream = must_io(tcp.connect(house.address).await);
        match client_async(request(house), stream).await {
            Ok((socket, _)) => Self::over(socket),
            Err(error) => fail(format!("no socket: {error}")),
        }
    }

    fn over(socket: WebSocketStream<TcpStream>) -> Self {
        let (events, replies) = (VecDeque::new(), HashMap::new());
        Self { socket, speaks_packed: false, next_id: 1, events, replies }
    }

    /// A socket that offers these subprotocols, and the one that was settled. A client that follows
    /// the letter hangs up when none is, so this one takes the handshake as it comes.
    async fn offer(house: &House, offered: &str) -> (TcpStream, Option<String>) {
        let request = format!(
            "GET /v1/socket HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             sec-websocket-protocol: {offered}\r\n\r\n"
        );
        let mut stream = must_io(TcpStream::connect(house.address).await);
        must_io(stream.write_all(request.as_bytes()).await);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(must_io(within(PATIENCE, "the answer", stream.read_u8()).await));
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        let settled = head.lines().find_map(|line| line.strip_prefix("sec-websocket-protocol: "));
        (stream, settled.map(str::to_owned))
    }

    /// What was settled for this offer.
    pub(crate) async fn settled(house: &House, offered: &str) -> Option<String> {
        Self::offer(house, offered).await.1
    }

    /// A socket that speaks this subprotocol, without a session.
    pub(crate) async fn dial_speaking(house: &House, protocol: &str) -> Self {
        let (stream, settled) = Self::offer(house, protocol).await;
        assert_eq!(settled.as_deref(), Some(protocol));
        let socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        Self { speaks_packed: protocol == frame::MSGPACK_PROTOCOL, ..Self::over(socket) }
    }

    /// The same with a session.
    pub(crate) async fn start_speaking(house: &House, user: &str, protocol: &str) -> Self {
        let (token, _) = house.token(user).await;
        let mut client = Self::dial_speaking(house, protocol).await;
        let reply = client.call("session.start", json!({"token": token})).await;
        assert_eq!(reply["result"]["user"], user, "{reply}");
        client
    }

    /// A socket of a user whose session is started.
    pub(crate) async fn start(house: &House, user: &str) -> Self {
        Self::start_with(house, user, None).await
    }

    pub(crate) async fn start_with(house: &House, user: &str, buffer: Option<u32>) -> Self {
        let (token, _) = house.token(user).await;
        let mut client = Self::dial_with(house, buffer).await;
        let reply = client.call("session.start", json!({"token": token})).await;
        assert_eq!(reply["result"]["user"], user, "{reply}");
        client
    }

    /// Sends a command and does not wait. Its id.
    pub(crate) async fn send(&mut self, method: &str, params: Value) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        let json = json!({"id": id, "method": method, "params": params}).to_string();
        let message = match self.speaks_packed {
            false => Message::text(json),
            true => {
                let mut packed = Vec::new();
                msgpack::from_json(json.as_bytes(), &mut packed).unwrap();
                Message::binary(packed)
            }
        };
        self.raw(message).await;
        id
    }

    /// Sends a text message and does not wait. Its id.
    pub(crate) async fn say(&mut self, to: &str, client_id: &str, words: &str) -> u64 {
        let params =
            json!({"conversation": to, "client_id": client_id, "kind": "text", "text": words});
        self.send("messages.send", params).await
    }

    pub(crate) async fn raw(&mut self, message: Message) {
        let sent = within(PATIENCE, "a frame to be sent", self.socket.send(message)).await;
        sent.unwrap_or_else(|error| fail(format!("not sent: {error}")));
    }

    /// Sends bytes past the library. The server may hang up before it has read all of them.
    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        let sending = async {
            let stream = self.socket.get_mut();
            if stream.write_all(bytes).await.is_ok() {
                drop(stream.flush().await);
            }
        };
        within(PATIENCE, "bytes to be sent", sending).await;
    }

    /// Sends many frames with few packets.
    pub(crate) async fn feed(&mut self, messages: impl IntoIterator<Item = Message>) {
        let feeding = async {
            for message in messages {
                self.socket.feed(message).await?;
            }
            self.socket.flush().await
        };
        let fed = within(PATIENCE, "frames to be sent", feeding).await;
        fed.unwrap_or_else(|error| fail(format!("not sent: {error}")));
    }

    /// Whatever comes next.
    pub(crate) async fn next(&mut self) -> Seen {
        match within(PATIENCE, "the next frame", self.socket.next()).await {
            Some(Ok(Message::Binary(packed))) if self.speaks_packed => {
                let mut json = Vec::new();
                msgpack::to_json(&packed, &mut json).unwrap();
                Seen::Json(serde_json::from_slice(&json).unwrap())
            }
            Some(Ok(Message::Text(text))) if !self.speaks_packed => {
                match serde_json::from_str(&text) {
                    Ok(json) => Seen::Json(json),
                    Err(error) => fail(format!("not JSON: {error}: {text}")),
                }
            }
            Some(Ok(Message::Ping(_))) => Seen::Ping,
            Some(Ok(Message::Pong(payload))) => Seen::Pong(payload.to_vec()),
            Some(Ok(Message::Close(frame))) => {
                Seen::Closed(frame.map(|f| (f.code.into(), f.reason.as_str().to_owned())))
            }
            Some(Err(Error::Io(_))) | None => Seen::Closed(None),
            other => fail(format!("not a frame of this server: {other:?}")),
        }
    }

    /// The next text frame; nothing else may come before it.
    pub(crate) async fn json(&mut self) -> Value {
        match self.next().await {
            Seen::Json(json) => json,
            other => fail(format!("{other:?} came instead of a text")),
        }
    }

    /// A command and its reply; what comes before it is kept.
    pub(crate) async fn call(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params).await;
        self.reply(id).await
    }

    /// The reply to a command; what comes before it is kept.
    pub(crate) async fn reply(&mut self, id: u64) -> Value {
        loop {
            if let Some(reply) = self.replies.remove(&id) {
                return reply;
            }
            self.take().await;
        }
    }

    async fn take(&mut self) {
        let frame = self.json().await;
        match frame["id"].as_u64() {
            Some(id) => drop(self.replies.insert(id, frame)),
            None => self.events.push_back(frame),
        }
    }

    /// A command's result; it must succeed.
    pub(crate) async fn ok(&mut self, method: &str, params: Value) -> Value {
        let mut reply = self.call(method, params).await;
        assert!(reply.get("result").is_some(), "{method}: {reply}");
        reply["result"].take()
    }

    /// The next event; replies before it are kept.
    pub(crate) async fn event(&mut self) -> Value {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            self.take().await;
        }
    }

    /// Every event up to now.
    pub(crate) async fn events(&mut self) -> Vec<Value> {
        self.ok("session.sync", json!({})).await;
        self.events.drain(..).collect()
    }

    /// The names of every event up to now.
    pub(crate) async fn names(&mut self) -> Vec<String> {
        self.events().await.iter().map(|event| text(&event["event"])).collect()
    }

    /// Reads to the end: the close frame's code and reason.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            match self.next().await {
                Seen::Closed(Some(close)) => {
                    // The connection ends too.
                    while !matches!(self.next().await, Seen::Closed(None)) {}
                    return close;
                }
                Seen::Closed(None) => fail("it ended without a close frame"),
                _ => {}
            }
        }
    }
}

/// An upgrade request as browsers and libraries make it.
pub(crate) fn request(house: &House) -> Request<()> {
    let url = format!("ws://{}/v1/socket", house.address);
    url.into_client_request().unwrap_or_else(|error| fail(error.to_string()))
}
