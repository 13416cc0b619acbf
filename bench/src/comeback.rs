//! Clients that come back: each resumes with its cursor, learns which conversations have moved, and
//! reads what it lacks, checking that nothing is missing and nothing comes twice.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde::Deserialize;
use serde_json::json;

use crate::load::{Driver, Engine, Io, Next};
use crate::request::push_call;
use crate::scan::{Frame, Scanner, text};
use crate::trouble::{Outcome, Trouble, cannot_run, incorrect};

/// Handshakes under way at a time; below the accept backlog of any server.
const CONCURRENT: usize = 256;
/// Pages that one client asks for before the first has come.
const PAGES_IN_FLIGHT: usize = 16;
const PAGE_ITEMS: u64 = 100;
const TIMEOUT: Duration = Duration::from_secs(60);
const START_ID: u64 = 1;

/// What a client kept while it was away.
#[derive(Debug)]
pub(crate) struct Traveller {
    pub(crate) token: String,
    pub(crate) cursor: Option<String>,
    /// The last seq that it has of each conversation; none of one that is not here.
    pub(crate) known: HashMap<String, u64>,
}

/// How a coming back went.
#[derive(Debug)]
pub(crate) struct Return {
    /// From the first connect to the last page of the last client.
    pub(crate) elapsed: Duration,
    /// From a client's connect to the first page of its newest conversation; of the slowest client.
    pub(crate) first_screen: Duration,
    pub(crate) messages: u64,
}

/// Brings everybody back at once, on a fresh engine whose connections stay open.
pub(crate) fn come_back(
    engine: &mut Engine,
    address: SocketAddr,
    travellers: &mut [Traveller],
    bar: &ProgressBar,
) -> Outcome<Return> {
    bar.inc_length(travellers.len() as u64);
    let began = Instant::now();
    let mut driver = Comeback {
        address,
        trips: travellers.iter().map(|_| Trip::default()).collect(),
        travellers,
        back: 0,
        last_progress: began,
        messages: 0,
        scanner: Scanner::new(),
        bar,
    };
    engine.run(&mut driver)?;
    let screens = driver.trips.iter().filter_map(|trip| Some(trip.screen_at? - trip.began?));
    let first_screen = screens.max().unwrap_or_default();
    Ok(Return { elapsed: began.elapsed(), first_screen, messages: driver.messages })
}

#[derive(Deserialize)]
struct Reply {
    result: Heads,
}

/// The parts that `session.start` and `sync.get` have in common.
#[derive(Deserialize)]
struct Heads {
    cursor: String,
    heads: Vec<Head>,
    #[serde(default)]
    more: bool,
    next_page: Option<String>,
}

#[derive(Deserialize)]
struct Head {
    conversation: String,
    head_seq: u64,
}

/// One client's way back.
#[derive(Debug, Default)]
struct Trip {
    began: Option<Instant>,
    screen_at: Option<Instant>,
    /// Conversations that are behind, with their heads; the newest first.
    behind: VecDeque<(String, u64)>,
    asked: HashMap<u64, (String, u64)>,
    next_id: u64,
    /// The request for heads that has no answer yet.
    heads_id: Option<u64>,
    /// What the next visit begins from: the first page's, when there are several.
    next_cursor: Option<String>,
    is_back: bool,
}

struct Comeback<'a> {
    address: SocketAddr,
    travellers: &'a mut [Traveller],
    trips: Vec<Trip>,
    back: usize,
    last_progress: Instant,
    messages: u64,
    scanner: Scanner,
    bar: &'a ProgressBar,
}

impl Comeback<'_> {
    fn heads(&mut self, conn: usize, payload: &[u8], io: &mut Io) -> Outcome<()> {
        let Reply { result } = serde_json::from_slice(payload).map_err(|error| {
            Trouble::Incorrect(format!("heads that are not as documented, {error}"))
        })?;
        let (traveller, trip) = (&self.travellers[conn], &mut self.trips[conn]);
        for head in result.heads {
            let known = traveller.known.get(&head.conversation).copied().unwrap_or(0);
            let is_new = !trip.behind.iter().any(|(other, _)| *other == head.conversation)
                && !trip.asked.values().any(|(other, _)| *other == head.conversation);
            if head.head_seq > known && is_new {
                trip.behind.push_back((head.conversation, head.head_seq));
            }
        }
        trip.next_cursor.get_or_insert(result.cursor);
        trip.heads_id = None;
        if result.more || result.next_page.is_some() {
            trip.next_id += 1;
            trip.heads_id = Some(trip.next_id);
            let params = json!({"cursor": traveller.cursor, "page": result.next_page});
            push_call(io.out(conn), trip.next_id, "sync.get", &params.to_string());
        }
        self.ask(conn, io);
        Ok(())
    }

    /// Asks for pages, or notes that nothing is missing any more.
    fn ask(&mut self, conn: usize, io: &mut Io) {
        let (traveller, trip) = (&mut self.travellers[conn], &mut self.trips[conn]);
        while trip.asked.len() < PAGES_IN_FLIGHT
            && let Some((conversation, head)) = trip.behind.pop_front()
        {
            let after = traveller.known.get(&conversation).copied().unwrap_or(0);
            let params = json!({"conversation": conversation, "after": after, "limit": PAGE_ITEMS});
            trip.next_id += 1;
            push_call(io.out(conn), trip.next_id, "messages.list", &params.to_string());
            trip.asked.insert(trip.next_id, (conversation, head));
        }
        if trip.asked.is_empty() && trip.heads_id.is_none() && !trip.is_back {
            trip.is_back = true;
            traveller.cursor = trip.next_cursor.take();
            self.back += 1;
            self.last_progress = Instant::now();
            self.bar.inc(1);
        }
    }

    fn page(&mut self, conn: usize, id: u64, payload: &[u8], io: &mut Io) -> Outcome<()> {
        let (traveller, trip) = (&mut self.travellers[conn], &mut self.trips[conn]);
        let Some((conversation, head)) = trip.asked.remove(&id) else {
            return incorrect(format!("a reply that came twice or unasked: {}", text(payload)));
        };
        let known = traveller.known.entry(conversation.clone()).or_default();
        let before = *known;
        for seq in self.scanner.seqs(payload) {
            if seq != *known + 1 {
                return incorrect(format!("{conversation} has seq {seq} after {known}"));
            }
            *known = seq;
            self.messages += 1;
        }
        if *known == before {
            return incorrect(format!("{conversation} has nothing after {known}, but head {head}"));
        }
        if *known < head {
            trip.behind.push_front((conversation, head));
        }
        trip.screen_at.get_or_insert_with(Instant::now);
        self.ask(conn, io);
        Ok(())
    }
}

impl Driver for Comeback<'_> {
    fn opened(&mut self, conn: usize, io: &mut Io) -> Outcome<()> {
        let Traveller { token, cursor, .. } = &self.travellers[conn];
        let params = json!({"token": token, "cursor": cursor});
        push_call(io.out(conn), START_ID, "session.start", &params.to_string());
        let trip = &mut self.trips[conn];
        (trip.next_id, trip.heads_id) = (START_ID, Some(START_ID));
        Ok(())
    }

    fn frame(&mut self, conn: usize, payload: &[u8], io: &mut Io) -> Outcome<()> {
        match self.scanner.frame(payload)? {
            Frame::Reply { id, failed: false } if self.trips[conn].heads_id == Some(id) => {
                self.heads(conn, payload, io)
            }
            Frame::Reply { id, failed: false } => self.page(conn, id, payload, io),
            Frame::Reply { .. } => {
                Err(Trouble::Incorrect(format!("a coming back was refused: {}", text(payload))))
            }
            Frame::Created { .. } => incorrect("an event, though nobody writes"),
            Frame::Other => Ok(()),
        }
    }

    fn turn(&mut self, now: Instant, io: &mut Io) -> Outcome<Next> {
        let under_way = self.trips.iter().filter(|trip| trip.heads_id == Some(START_ID)).count();
        let unopened = io.len() - self.trips.iter().filter(|trip| trip.next_id > 0).count();
        let room = CONCURRENT.saturating_sub(under_way + unopened);
        for _ in 0..room.min(self.travellers.len() - io.len()) {
            let conn = io.connect(self.address)?;
            self.trips[conn].began = Some(Instant::now());
        }
        if self.back == self.travellers.len() {
            return Ok(Next::Done);
        }
        if now.saturating_duration_since(self.last_progress) > TIMEOUT {
            let away = self.travellers.len() - self.back;
            return cannot_run(format!("{away} clients were not back within {TIMEOUT:?}"));
        }
        Ok(Next::Until(self.last_progress + TIMEOUT))
    }
}
