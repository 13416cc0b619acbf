//! What the clients of a test saw, written down outside the server: the evidence that the
//! [checker](crate::checker) judges.
//!
//! One journal is shared by all clients of a test, so that its times come from one monotonic clock
//! and can be compared across clients.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Instant,
};

use parking_lot::Mutex;
use tokio::sync::watch;

/// A name that many entries share.
pub type Name = Arc<str>;

/// Who saw something, on which of their connections.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Who {
    /// The user's id.
    pub user: Name,
    /// One of the user's devices; `rest` for HTTP.
    pub device: Name,
    /// A number that no other connection of the journal has.
    pub connection: u32,
}

/// How something was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Path {
    /// The HTTP API.
    Rest,
    /// A command on the socket.
    Socket,
}

/// One message as some path showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place in the timeline.
    pub seq: u64,
    /// Who sent it; nobody for a notice of the system.
    pub sender: Option<Name>,
    /// The sender's idempotency key.
    pub client_id: Option<Name>,
    /// Fingerprint of kind and text; see [`fingerprint`](crate::harness::fingerprint).
    pub body: u64,
    /// Whether the body is gone: recalled or deleted.
    pub gone: bool,
    /// Whether the body was changed after it was sent.
    pub edited: bool,
}

impl Row {
    /// Whether nobody sent it: a notice of the server itself.
    pub fn is_notice(&self) -> bool {
        self.sender.is_none()
    }

    /// Whether `body` still is what was submitted.
    pub fn is_original(&self) -> bool {
        !self.gone && !self.edited
    }
}

/// Which part of a history was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The newest page.
    Newest,
    /// What follows a seq.
    After(u64),
    /// What precedes a seq.
    Before(u64),
    /// Both sides of a seq.
    Around(u64),
}

/// Which mark of a member moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mark {
    /// Up to where the member has read.
    Read,
    /// Up to where the member's devices have received.
    Delivered,
}

/// The head of a conversation and the reader's own marks, as one reply told them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Which conversation.
    pub conversation: Name,
    /// Newest seq.
    pub head_seq: u64,
    /// Newest rev.
    pub head_rev: u64,
    /// The reader's read mark.
    pub read_seq: Option<u64>,
    /// The reader's delivered mark.
    pub delivered_seq: Option<u64>,
    /// The reader's count of unread messages.
    pub unread: Option<u64>,
}

/// When in a test a measurement of the server was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Warm and at rest, before the fault.
    Baseline,
    /// While it was troubled.
    Fault,
    /// After the fault, when it has had its time to recover.
    Settled,
}

/// What a server process held at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Resident memory.
    pub rss_bytes: u64,
    /// Open file descriptors.
    pub fds: u64,
    /// Size of write-ahead logs in the data directory.
    pub wal_bytes: u64,
}

/// Something that a client did or saw.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A send was handed to the connection.
    SendStart {
        /// Links the entries of one request.
        request: u64,
        /// Where to.
        conversation: Name,
        /// Idempotency key.
        client_id: Name,
        /// Fingerprint of what was submitted.
        body: u64,
    },
    /// The last byte of a request went into the socket.
    SendEnd {
        /// The request.
        request: u64,
    },
    /// A send was acknowledged.
    Ack {
        /// The request.
        request: u64,
        /// Where it was sent to.
        conversation: Name,
        /// What the reply says was stored.
        row: Row,
    },
    /// A request of any kind was refused.
    Refused {
        /// The request.
        request: u64,
        /// HTTP status of the problem.
        status: u16,
        /// `domain.reason`.
        code: Name,
        /// Whether it says when to try again.
        retry_after: bool,
    },
    /// A message arrived by itself.
    Push {
        /// Its conversation.
        conversation: Name,
        /// The message.
        row: Row,
        /// Age of the audience that it was delivered to.
        members_rev: Option<u64>,
    },
    /// A `skip` frame arrived: a seq that this member may not see.
    Skip {
        /// Its conversation.
        conversation: Name,
        /// The seq.
        seq: u64,
    },
    /// A change arrived by itself.
    Change {
        /// Its conversation.
        conversation: Name,
        /// Its rev.
        rev: u64,
        /// The event's name.
        event: Name,
        /// Users that the event names as added or removed.
        users: Vec<Name>,
        /// The message that it is about, where it is about one.
        target: Option<u64>,
    },
    /// A page of history arrived.
    Page {
        /// Its conversation.
        conversation: Name,
        /// When it was asked for.
        asked_us: u64,
        /// What was asked for.
        asked: Asked,
        /// By which path.
        path: Path,
        /// The messages, in the order of the reply.
        rows: Vec<Row>,
        /// Whether the reply says that more follows.
        has_after: bool,
    },
    /// A reply told a head and the reader's marks.
    Seen {
        /// When it was asked for.
        asked_us: u64,
        /// What it said.
        head: Head,
        /// Whether the connection's live events follow from here (the reply to `session.start`).
        start: bool,
    },
    /// A mark was handed to the connection.
    MarkStart {
        /// The request.
        request: u64,
        /// Where.
        conversation: Name,
        /// Which mark.
        mark: Mark,
        /// Up to where.
        seq: u64,
    },
    /// A mark was acknowledged.
    MarkAck {
        /// The request.
        request: u64,
        /// Where.
        conversation: Name,
        /// Which mark.
        mark: Mark,
        /// Where the mark stands now, as far as the reply tells; else the seq asked for.
        seq: u64,
    },
    /// A `receipt.updated` arrived.
    Receipt {
        /// Where.
        conversation: Name,
        /// Whose mark.
        user: Name,
        /// Which mark.
        mark: Mark,
        /// Where it stands.
        seq: u64,
    },
    /// A `typing.started` or `typing.stopped` arrived.
    Typing {
        /// Where.
        conversation: Name,
        /// Who writes.
        user: Name,
    },
    /// A conversation was created with these members.
    Created {
        /// Which.
        conversation: Name,
        /// All members, the creator too.
        members: Vec<Name>,
    },
    /// Members are being added.
    AddStart {
        /// The request.
        request: u64,
        /// Where.
        conversation: Name,
        /// Who.
        users: Vec<Name>,
    },
    /// Adding was acknowledged.
    AddAck {
        /// The request.
        request: u64,
    },
    /// Members are being removed, or one leaves.
    RemoveStart {
        /// The request.
        request: u64,
        /// Where.
        conversation: Name,
        /// Who.
        users: Vec<Name>,
    },
    /// Removing was acknowledged.
    RemoveAck {
        /// The request.
        request: u64,
    },
    /// The connection's end, with the server's close code where there was one.
    Closed {
        /// The code.
        code: Option<u16>,
    },
    /// A client that kept its log by pushes and gap filling says what it holds at the end.
    Timeline {
        /// Which conversation.
        conversation: Name,
        /// It holds everything after this seq,
        after: u64,
        /// up to this one: the head as the server told it a moment before.
        upto: u64,
        /// What it holds.
        rows: Vec<Row>,
    },
    /// A measurement of the server.
    Measured {
        /// When in the test.
        phase: Phase,
        /// What it held.
        usage: Usage,
    },
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Microseconds since the journal was opened, monotonic.
    pub at_us: u64,
    /// Who.
    pub who: Who,
    /// What.
    pub what: What,
}

struct Inner {
    began: Instant,
    entries: Mutex<Vec<Entry>>,
    length: watch::Sender<usize>,
    requests: AtomicU64,
    connections: AtomicU32,
}

/// A journal that any number of clients write to. Cheap to clone.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

impl Default for Journal {
    fn default() -> Self {
        Self::new()
    }
}

impl Journal {
    /// An empty journal whose time begins now.
    pub fn new() -> Self {
        Self(Arc::new(Inner {
            began: Instant::now(),
            entries: Mutex::default(),
            length: watch::Sender::new(0),
            requests: AtomicU64::new(1),
            connections: AtomicU32::new(1),
        }))
    }

    /// Microseconds since the journal was opened.
    pub fn now_us(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// A request number that no other request has.
    pub fn request(&self) -> u64 {
        self.0.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// A new connection of a user's device.
    pub fn connection(&self, user: &str, device: &str) -> Who {
        let connection = self.0.connections.fetch_add(1, Ordering::Relaxed);
        Who { user: user.into(), device: device.into(), connection }
    }

    /// Writes a line; its time is taken under the lock, so that lines stand in order of time.
    pub fn write(&self, who: &Who, what: What) -> u64 {
        let mut entries = self.0.entries.lock();
        let at_us = self.now_us();
        entries.push(Entry { at_us, who: who.clone(), what });
        self.0.length.send_replace(entries.len());
        at_us
    }

    /// Waits until there are at least so many lines.
    pub async fn reaches(&self, lines: usize) {
        // The sender lives as long as this journal, so waiting cannot fail.
        drop(self.0.length.subscribe().wait_for(|length| *length >= lines).await);
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.0.entries.lock().len()
    }

    /// Whether nothing has been written yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A copy of all lines, in order of time.
    pub fn entries(&self) -> Vec<Entry> {
        self.0.entries.lock().clone()
    }
}

/// The whole history of one conversation as one member read it by one path after the test.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Who read.
    pub reader: Name,
    /// How.
    pub path: Path,
    /// The head as told to the reader, with marks.
    pub head: Head,
    /// All rows, in the order of the replies.
    pub rows: Vec<Row>,
}

/// Most that a server may hold at any moment of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Most of each.
    pub most: Usage,
    /// How much of resident memory may stay above the baseline after a fault beside the tenth that
    /// the invariant allows: allocators keep some pages.
    pub rss_slack_bytes: u64,
}

/// All that the checker judges.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The journal, in order of time.
    pub entries: Vec<Entry>,
    /// What every member read afterwards, by every path.
    pub histories: Vec<History>,
    /// Bounds for measurements.
    pub caps: Option<Caps>,
}
