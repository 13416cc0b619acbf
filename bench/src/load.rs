//! The event loop: any number of sockets on one thread, one large read buffer for all of them.
//!
//! Frames are handed on where they lie in the buffer; only an incomplete one is kept aside until
//! the rest comes. What drivers send is gathered per connection and leaves in one write.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use crate::packed;
use crate::request::{self, CLIENT_ID_BYTES};
use crate::socket::{self, Opcode};
use crate::trouble::{Doing, Outcome, cannot_run};

const BUFFER_BYTES: usize = 256 * 1024;
const EVENTS_PER_WAIT: usize = 512;
// About two thirds of Linux's default range of ports: beyond, another source address is used.
const CONNECTIONS_PER_SOURCE: usize = 20_000;
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// What a bench does with its sockets. Called by [`Engine::run`] on one thread.
pub(crate) trait Driver {
    /// Connection `conn` is a WebSocket now.
    fn opened(&mut self, _conn: usize, _io: &mut Io) -> Outcome<()> {
        Ok(())
    }

    /// A whole text frame came in on connection `conn`.
    fn frame(&mut self, conn: usize, payload: &[u8], io: &mut Io) -> Outcome<()>;

    /// Called before each wait: time passed, or frames came in.
    fn turn(&mut self, now: Instant, io: &mut Io) -> Outcome<Next>;
}

/// What [`Driver::turn`] wants next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Wait for frames, at most until then.
    Until(Instant),
    /// This driver is done; the connections stay open.
    Done,
}

#[derive(Debug)]
struct Conn {
    stream: TcpStream,
    upgraded: bool,
    /// The beginning of a frame whose rest has not come yet.
    tail: Vec<u8>,
    out: Vec<u8>,
    written: usize,
    queued: bool,
    waits_for_room: bool,
}

/// In which form frames are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tongue {
    /// Text frames.
    Json,
    /// Binary frames.
    MessagePack,
}

impl Tongue {
    /// Appends a whole `messages.send` frame.
    pub(crate) fn push_send(
        self,
        out: &mut Vec<u8>,
        id: u64,
        conversation: &str,
        client_id: &[u8; CLIENT_ID_BYTES],
    ) {
        match self {
            Tongue::Json => request::push_send(out, id, conversation, client_id),
            Tongue::MessagePack => packed::push_send(out, id, conversation, client_id),
        }
    }
}

/// The connections of an [`Engine`], as drivers see them.
#[derive(Debug)]
pub(crate) struct Io {
    tongue: Tongue,
    epoll: OwnedFd,
    conns: Vec<Conn>,
    queued: Vec<usize>,
}

impl Io {
    /// Opens connection number [`Io::len`] and sends the upgrade request on it.
    pub(crate) fn connect(&mut self, address: SocketAddr) -> Outcome<usize> {
        let conn = self.conns.len();
        let stream =
            connect(address, conn).doing(|| format!("opening connection {conn} to {address}"))?;
        stream.set_nodelay(true).doing(|| "setting TCP_NODELAY")?;
        stream.set_nonblocking(true).doing(|| "making a socket non-blocking")?;
        let data = epoll::EventData::new_u64(conn as u64);
        epoll::add(&self.epoll, &stream, data, epoll::EventFlags::IN)
            .doing(|| "adding a socket to epoll")?;
        self.conns.push(Conn {
            stream,
            upgraded: false,
            tail: Vec::new(),
            out: Vec::new(),
            written: 0,
            queued: false,
            waits_for_room: false,
        });
        let request = socket::upgrade_request(&address.to_string(), self.tongue);
        self.out(conn).extend_from_slice(&request);
        Ok(conn)
    }

    /// The form of all frames here.
    pub(crate) fn tongue(&self) -> Tongue {
        self.tongue
    }

    /// How many connections were opened.
    pub(crate) fn len(&self) -> usize {
        self.conns.len()
    }

    /// Where frames for connection `conn` are appended; they leave before the next wait.
    pub(crate) fn out(&mut self, conn: usize) -> &mut Vec<u8> {
        let this = &mut self.conns[conn];
        if !this.queued {
            this.queued = true;
            self.queued.push(conn);
        }
        &mut this.out
    }

    fn flush_queued(&mut self) -> Outcome<()> {
        while let Some(conn) = self.queued.pop() {
            self.conns[conn].queued = false;
            self.flush(conn)?;
        }
        Ok(())
    }

    fn flush(&mut self, conn: usize) -> Outcome<()> {
        let this = &mut self.conns[conn];
        while this.written < this.out.len() {
            match (&this.stream).write(&this.out[this.written..]) {
                Ok(count) => this.written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return cannot_run(format!("writing to connection {conn}: {error}")),
            }
        }
        if this.written == this.out.len() {
            this.out.clear();
            this.written = 0;
        }
        let waits_for_room = !this.out.is_empty();
        if waits_for_room != this.waits_for_room {
            this.waits_for_room = waits_for_room;
            let mut flags = epoll::EventFlags::IN;
            flags.set(epoll::EventFlags::OUT, waits_for_room);
            let data = epoll::EventData::new_u64(conn as u64);
            epoll::modify(&self.epoll, &this.stream, data, flags)
                .doing(|| "changing a socket in epoll")?;
        }
        Ok(())
    }
}

/// All sockets of one bench. Dropping it closes them.
pub(crate) struct Engine {
    io: Io,
    buffer: Vec<u8>,
    events: Vec<epoll::Event>,
}

impl Engine {
    pub(crate) fn new() -> Outcome<Engine> {
        Engine::speaking(Tongue::Json)
    }

    /// The form that frames have here.
    pub(crate) fn tongue(&self) -> Tongue {
        self.io.tongue
    }

    /// An engine whose frames have this form.
    pub(crate) fn speaking(tongue: Tongue) -> Outcome<Engine> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).doing(|| "making an epoll")?;
        Ok(Engine {
            io: Io { tongue, epoll, conns: Vec::new(), queued: Vec::new() },
            buffer: vec![0; BUFFER_BYTES],
            events: Vec::with_capacity(EVENTS_PER_WAIT),
        })
    }

    /// Answers pings for a while, and nothing else.
    pub(crate) fn rest(&mut self, how_long: Duration) -> Outcome<()> {
        self.run(&mut Rest { until: Instant::now() + how_long })
    }

    /// Runs until the driver is done. Pings are answered in passing; a connection that ends is an
    /// error.
    pub(crate) fn run(&mut self, driver: &mut impl Driver) -> Outcome<()> {
        loop {
            let now = Instant::now();
            let next = driver.turn(now, &mut self.io)?;
            self.io.flush_queued()?;
            let Next::Until(until) = next else {
                return Ok(());
            };
            self.wait(until.saturating_duration_since(Instant::now()).min(LONGEST_WAIT))?;
            let mut events = std::mem::take(&mut self.events);
            for event in events.drain(..) {
                let conn = event.data.u64() as usize;
                let flags = event.flags;
                if flags.contains(epoll::EventFlags::OUT) {
                    self.io.flush(conn)?;
                }
                if flags != epoll::EventFlags::OUT {
                    self.read(conn, driver)?;
                }
            }
            self.events = events;
        }
    }

    fn wait(&mut self, longest: Duration) -> Outcome<()> {
        let timeout = Timespec {
            tv_sec: i64::try_from(longest.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: longest.subsec_nanos().into(),
        };
        let room = rustix::buffer::spare_capacity(&mut self.events);
        match epoll::wait(&self.io.epoll, room, Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => cannot_run(format!("waiting for sockets: {error}")),
        }
    }

    fn read(&mut self, conn: usize, driver: &mut impl Driver) -> Outcome<()> {
        let this = &mut self.io.conns[conn];
        let held = this.tail.len();
        if held * 2 > self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        self.buffer[..held].copy_from_slice(&this.tail);
        let count = match this.stream.read(&mut self.buffer[held..]) {
            Ok(0) => return cannot_run(format!("the server dropped connection {conn}")),
            Ok(count) => count,
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) =>
            {
                return Ok(());
            }
            Err(error) => return cannot_run(format!("reading from connection {conn}: {error}")),
        };
        this.tail.clear();
        let bytes = &self.buffer[..held + count];
        let used = consume(&mut self.io, conn, bytes, driver)?;
        self.io.conns[conn].tail.extend_from_slice(&bytes[used..]);
        Ok(())
    }
}

struct Rest {
    until: Instant,
}

impl Driver for Rest {
    fn frame(&mut self, _: usize, _: &[u8], _: &mut Io) -> Outcome<()> {
        Ok(())
    }

    fn turn(&mut self, now: Instant, _: &mut Io) -> Outcome<Next> {
        if now >= self.until { Ok(Next::Done) } else { Ok(Next::Until(self.until)) }
    }
}

/// Hands on every whole frame in `bytes`; returns how many bytes these were.
fn consume(io: &mut Io, conn: usize, bytes: &[u8], driver: &mut impl Driver) -> Outcome<usize> {
    let mut used = 0;
    if !io.conns[conn].upgraded {
        let Some(answer_bytes) = socket::upgrade_answer(bytes)? else {
            return Ok(0);
        };
        used = answer_bytes;
        io.conns[conn].upgraded = true;
        driver.opened(conn, io)?;
    }
    while let Some((opcode, payload, frame_bytes)) = socket::split(&bytes[used..])? {
        used += frame_bytes;
        match opcode {
            Opcode::Text if io.tongue == Tongue::Json => driver.frame(conn, payload, io)?,
            Opcode::Binary if io.tongue == Tongue::MessagePack => {
                driver.frame(conn, payload, io)?;
            }
            Opcode::Ping => socket::push_pong(io.out(conn), payload),
            Opcode::Pong => {}
            Opcode::Text | Opcode::Binary => {
                return cannot_run("a frame of the other form from the server");
            }
            Opcode::Close => return Err(socket::closed(conn, payload)),
        }
    }
    Ok(used)
}

/// A blocking connect: on loopback it takes microseconds. One source address has some 28,000 ports;
/// later connections take 127.0.0.2 and so on as their source.
fn connect(address: SocketAddr, conn: usize) -> std::io::Result<TcpStream> {
    let block = conn / CONNECTIONS_PER_SOURCE;
    if block == 0 {
        return TcpStream::connect(address);
    }
    let last = u8::try_from(block + 1).map_err(|_| std::io::Error::from(ErrorKind::AddrInUse))?;
    let source = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, last), 0);
    let socket = rustix::net::socket_with(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::STREAM,
        rustix::net::SocketFlags::CLOEXEC,
        None,
    )?;
    rustix::net::bind(&socket, &source)?;
    rustix::net::connect(&socket, &address)?;
    Ok(TcpStream::from(socket))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Answers the upgrade, then echoes what the test feeds through `frames`.
    fn scripted_server(frames: Vec<Vec<u8>>) -> (SocketAddr, std::thread::JoinHandle<Vec<u8>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let count = stream.read(&mut request).unwrap();
            assert!(request[..count].ends_with(b"\r\n\r\n"));
            stream
                .write_all(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
                      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
                )
                .unwrap();
            for piece in frames {
                stream.write_all(&piece).unwrap();
            }
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            answer
        });
        (address, server)
    }

    /// Collects frames until there are enough of them.
    struct Collect {
        address: SocketAddr,
        wanted: usize,
        frames: Vec<Vec<u8>>,
    }

    impl Driver for Collect {
        fn frame(&mut self, _: usize, payload: &[u8], _: &mut Io) -> Outcome<()> {
            self.frames.push(payload.to_vec());
            Ok(())
        }

        fn turn(&mut self, now: Instant, io: &mut Io) -> Outcome<Next> {
            if io.len() == 0 {
                io.connect(self.address)?;
            }
            if self.frames.len() == self.wanted {
                return Ok(Next::Done);
            }
            Ok(Next::Until(now + Duration::from_secs(10)))
        }
    }

    #[test]
    fn frames_cut_anywhere_arrive_whole_and_pings_are_answered() {
        let mut stream = b"\x89\x02hi".to_vec();
        let mut expected = Vec::new();
        for n in 0..3000 {
            let payload = format!("{{\"n\":{n}}}").into_bytes();
            stream.push(0x81);
            stream.push(payload.len() as u8);
            stream.extend_from_slice(&payload);
            expected.push(payload);
        }
        let pieces = stream.chunks(7).map(<[u8]>::to_vec).collect();
        let (address, server) = scripted_server(pieces);
        let mut driver = Collect { address, wanted: expected.len(), frames: Vec::new() };
        let mut engine = Engine::new().unwrap();
        engine.run(&mut driver).unwrap();
        assert!(driver.frames == expected);
        drop(engine);
        assert_eq!(server.join().unwrap(), b"\x8a\x82\0\0\0\0hi");
    }

    #[test]
    fn a_frame_larger_than_the_buffer_arrives() {
        let payload = vec![b' '; 700_000];
        let mut stream = vec![0x81, 127];
        stream.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        stream.extend_from_slice(&payload);
        let (address, server) = scripted_server(vec![stream]);
        let mut driver = Collect { address, wanted: 1, frames: Vec::new() };
        let mut engine = Engine::new().unwrap();
        engine.run(&mut driver).unwrap();
        assert!(driver.frames == [payload]);
        drop(engine);
        server.join().unwrap();
    }

    #[test]
    fn a_close_frame_ends_the_run_with_its_reason() {
        let (address, server) = scripted_server(vec![b"\x88\x08\x11\x39resync".to_vec()]);
        let mut engine = Engine::new().unwrap();
        let mut driver = Collect { address, wanted: 1, frames: Vec::new() };
        let told = engine.run(&mut driver).unwrap_err().to_string();
        assert!(told.contains("4409 resync"), "{told}");
        drop(engine);
        server.join().unwrap();
    }

    #[test]
    fn connections_beyond_the_port_range_come_from_another_address() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        for (conn, source) in [(0, "127.0.0.1"), (20_000, "127.0.0.2"), (45_000, "127.0.0.3")] {
            let stream = connect(address, conn).unwrap();
            assert_eq!(stream.local_addr().unwrap().ip().to_string(), source);
        }
    }
}
