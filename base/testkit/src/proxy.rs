//! A TCP proxy of the tests' own, between clients and the server. It knows where WebSocket frames
//! end, so that it can lose, keep back or swap the very frames that acknowledge a send; and it can
//! stop as a network does that has lost the way: without a word.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::AbortHandle,
};

use crate::{
    harness::{PATIENCE, fail, within},
    server::Up,
};

/// What is read at a time.
const PIECE_BYTES: usize = 16 * 1024;
/// How often a byte passes under [`Rule::Trickle`].
const TRICKLE_EVERY: Duration = Duration::from_secs(1);
/// Small, so that what a slow client does not take soon waits at the server.
const SERVER_SIDE_BUFFER_BYTES: u32 = 8 * 1024;

/// What happens to what passes, on every connection of the proxy, from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Everything passes, what was kept back first.
    Pass,
    /// Nothing passes in either direction, neither bytes nor ends: a half-open connection.
    Silence,
    /// The client gets one byte a second.
    Trickle,
    /// Every nth ack ends its connection instead of passing: the server has committed, and the
    /// client cannot know.
    LoseAcks(u32),
    /// Acks are kept back; everything else passes.
    KeepAcks,
    /// Of each two acks of a connection the second passes first.
    SwapAcks,
}

/// What the proxy has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deeds {
    /// Acks seen.
    pub acks: u64,
    /// Acks that ended their connection.
    pub lost: u64,
    /// Acks kept back, ever.
    pub kept: u64,
    /// Pairs of acks that were swapped.
    pub swapped: u64,
    /// Connections that have ended.
    pub ended: u64,
}

struct Shared {
    rule: watch::Sender<Rule>,
    deeds: watch::Sender<Deeds>,
}

/// A proxy; it ends with its connections when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: AbortHandle,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Proxy {
    /// A proxy in front of the server at this address, under [`Rule::Pass`].
    ///
    /// # Panics
    /// When there is no free port.
    pub async fn before(server: SocketAddr) -> Self {
        let listener = match TcpListener::bind(("127.0.0.1", 0)).await {
            Ok(listener) => listener,
            Err(error) => fail(format!("no port for a proxy: {error}")),
        };
        let address = listener.local_addr();
        let address = address.unwrap_or_else(|error| fail(format!("a proxy's port: {error}")));
        let shared = Arc::new(Shared {
            rule: watch::Sender::new(Rule::Pass),
            deeds: watch::Sender::new(Deeds::default()),
        });
        let told = shared.clone();
        let listening = tokio::spawn(async move {
            // Its connections end with it.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(connection(client, server, told.clone()));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, shared, listening: listening.abort_handle() }
    }

    /// Where clients connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells, as the server's own [`up`](crate::server::Server::up) does, when the server is up, with
    /// the proxy's address.
    pub fn up(&self, mut server: watch::Receiver<Option<Up>>) -> watch::Receiver<Option<Up>> {
        let address = self.address;
        let through = move |up: Option<Up>| up.map(|up| Up { address, ..up });
        let (sender, receiver) = watch::channel(through(*server.borrow_and_update()));
        tokio::spawn(async move {
            while server.changed().await.is_ok() {
                let now = *server.borrow_and_update();
                sender.send_replace(through(now));
            }
        });
        receiver
    }

    /// From now on.
    pub fn rule(&self, rule: Rule) {
        self.shared.rule.send_replace(rule);
    }

    /// What it has done.
    pub fn deeds(&self) -> Deeds {
        *self.shared.deeds.borrow()
    }

    /// Waits until it has done enough.
    ///
    /// # Panics
    /// When that does not come.
    pub async fn until(&self, what: &str, is_so: impl Fn(&Deeds) -> bool) {
        let mut deeds = self.shared.deeds.subscribe();
        // The sender lives as long as this proxy, so waiting cannot fail.
        drop(within(PATIENCE, what, deeds.wait_for(|deeds| is_so(deeds))).await);
    }
}

async fn connection(client: TcpStream, server: SocketAddr, shared: Arc<Shared>) {
    // A server that is down is what a client finds that connects by itself: nobody.
    if let Ok(server) = connect(server).await {
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let down = Down::new(&shared, from_server, to_client);
        tokio::select! {
            _ = up(from_client, to_server, shared.rule.subscribe()) => {}
            _ = down.run() => {}
        }
    }
    shared.deeds.send_modify(|deeds| deeds.ended += 1);
}

async fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(SERVER_SIDE_BUFFER_BYTES)?;
    let stream = socket.connect(server).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Returns when something may pass.
async fn heard(rule: &mut watch::Receiver<Rule>) -> Rule {
    let found = rule.wait_for(|rule| *rule != Rule::Silence).await.map(|rule| *rule);
    // The proxy has gone, and with it every connection.
    found.unwrap_or(Rule::Pass)
}

/// From client to server.
async fn up(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut rule: watch::Receiver<Rule>,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = from.read(&mut piece).await?;
        heard(&mut rule).await;
        if count == 0 {
            return Ok(());
        }
        to.write_all(&piece[..count]).await?;
    }
}

/// From server to client, frame by frame once the HTTP answer has passed.
struct Down<'a> {
    shared: &'a Shared,
    rule: watch::Receiver<Rule>,
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    /// Read and not yet passed on.
    read: Vec<u8>,
    is_upgraded: bool,
    /// Acks kept back.
    kept: Vec<Vec<u8>>,
}

impl<'a> Down<'a> {
    fn new(shared: &'a Shared, from: OwnedReadHalf, to: OwnedWriteHalf) -> Self {
        let rule = shared.rule.subscribe();
        Self { shared, rule, from, to, read: Vec::new(), is_upgraded: false, kept: Vec::new() }
    }

    async fn run(mut self) -> io::Result<()> {
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            if heard(&mut self.rule).await == Rule::Trickle {
                self.trickle().await?;
                continue;
            }
            let count = tokio::select! {
                count = self.from.read(&mut piece) => count?,
                changed = self.rule.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    self.let_go().await?;
                    continue;
                }
            };
            heard(&mut self.rule).await;
            if count == 0 {
                return Ok(());
            }
            self.read.extend_from_slice(&piece[..count]);
            self.pass_on().await?;
        }
    }

    /// What was kept back passes once the rule is another one.
    async fn let_go(&mut self) -> io::Result<()> {
        let rule = heard(&mut self.rule).await;
        if !matches!(rule, Rule::KeepAcks | Rule::SwapAcks) {
            for frame in std::mem::take(&mut self.kept) {
                self.to.write_all(&frame).await?;
            }
        }
        Ok(())
    }

    /// One byte, once a second, until the rule is another one. What is left of a frame then passes
    /// as it is: frames are counted from their beginnings.
    async fn trickle(&mut self) -> io::Result<()> {
        let mut tick = tokio::time::interval(TRICKLE_EVERY);
        loop {
            tokio::select! {
                _ = tick.tick() => {
                    if self.read.is_empty() && self.from.read_buf(&mut self.read).await? == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    let byte = self.read.remove(0);
                    self.to.write_all(&[byte]).await?;
                }
                changed = self.rule.changed() => {
                    if changed.is_err() || *self.rule.borrow_and_update() != Rule::Trickle {
                        // Nobody knows any more where a frame begins.
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                }
            }
        }
    }

    async fn pass_on(&mut self) -> io::Result<()> {
        if !self.is_upgraded {
            let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") else {
                return Ok(());
            };
            let head: Vec<u8> = self.read.drain(..end + 4).collect();
            self.to.write_all(&head).await?;
            self.is_upgraded = true;
        }
        while let Some(length) = frame_bytes(&self.read) {
            let frame: Vec<u8> = self.read.drain(..length).collect();
            self.frame(frame).await?;
        }
        Ok(())
    }

    async fn frame(&mut self, frame: Vec<u8>) -> io::Result<()> {
        if !is_ack(&frame) {
            return self.to.write_all(&frame).await;
        }
        let rule = *self.rule.borrow();
        let mut acks = 0;
        self.note(|deeds| {
            deeds.acks += 1;
            acks = deeds.acks;
        });
        match rule {
            Rule::LoseAcks(every) if acks.is_multiple_of(u64::from(every)) => {
                self.note(|deeds| deeds.lost += 1);
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            Rule::KeepAcks => {
                self.kept.push(frame);
                self.note(|deeds| deeds.kept += 1);
                Ok(())
            }
            Rule::SwapAcks if self.kept.is_empty() => {
                self.kept.push(frame);
                Ok(())
            }
            Rule::SwapAcks => {
                self.to.write_all(&frame).await?;
                for earlier in std::mem::take(&mut self.kept) {
                    self.to.write_all(&earlier).await?;
                }
                self.note(|deeds| deeds.swapped += 1);
                Ok(())
            }
            _ => self.to.write_all(&frame).await,
        }
    }

    fn note(&self, change: impl FnOnce(&mut Deeds)) {
        self.shared.deeds.send_modify(change);
    }
}

/// Length of the first frame, once all of it is there. A server's frames are not masked (RFC 6455,
/// section 5.1).
fn frame_bytes(bytes: &[u8]) -> Option<usize> {
    let (head, payload) = header(bytes)?;
    (bytes.len() >= head + payload).then_some(head + payload)
}

/// Bytes of the header, and of the payload that it announces.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes.get(1)? & 0x7f {
        126 => {
            let length = bytes.get(2..4)?.try_into().ok()?;
            Some((4, usize::from(u16::from_be_bytes(length))))
        }
        127 => {
            let length = bytes.get(2..10)?.try_into().ok()?;
            Some((10, usize::try_from(u64::from_be_bytes(length)).ok()?))
        }
        short => Some((2, usize::from(short))),
    }
}

/// Whether a frame is the reply to a send that was stored.
fn is_ack(frame: &[u8]) -> bool {
    let Some((head, _)) = header(frame) else { return false };
    let is_text = frame[0] & 0x0f == 1;
    let payload = serde_json::from_slice::<Value>(&frame[head..]);
    is_text && payload.is_ok_and(|json| json["id"].is_u64() && json["result"]["state"] == "sent")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(payload: &str) -> Vec<u8> {
        let mut frame = vec![0x81];
        match payload.len() {
            short @ 0..=125 => frame.push(short as u8),
            long => {
                frame.push(126);
                frame.extend_from_slice(&(long as u16).to_be_bytes());
            }
        }
        frame.extend_from_slice(payload.as_bytes());
        frame
    }

    #[test]
    fn frames_are_cut_where_they_end() {
        let mut two = text(&"x".repeat(300));
        two.extend_from_slice(&text("y"));
        assert_eq!(frame_bytes(&two), Some(304));
        assert_eq!(frame_bytes(&two[..303]), None);
        assert_eq!(frame_bytes(&two[..1]), None);
        assert_eq!(frame_bytes(&two[304..]), Some(3));
    }

    #[test]
    fn only_the_reply_to_a_stored_send_is_an_ack() {
        assert!(is_ack(&text(r#"{"id":7,"result":{"state":"sent","seq":1}}"#)));
        for other in [
            r#"{"id":7,"result":{"seq":1}}"#,
            r#"{"event":"message.created","seq":1,"data":{"state":"sent"}}"#,
            r#"{"id":7,"error":{"status":507}}"#,
        ] {
            assert!(!is_ack(&text(other)), "{other}");
        }
        assert!(!is_ack(&[0x89, 0]));
    }
}
