//! A closed loop of messages between two sets of people, with a full account of every message.
//!
//! A message is complete when its sender has the reply *and* the receiver has the event; then the
//! sender's window has room for the next. Checked for each: the reply says `sent`, reply and event
//! name the same seq, the receiver gets the seqs of a conversation without a gap, nothing comes
//! twice, and at the end nothing is missing, the sender's own events included.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::connect::start_sessions;
use crate::house::{House, Town};
use crate::load::{Driver, Engine, Io, Next, Tongue};
use crate::meter::{Measured, Meter, Phase};
use crate::progress;
use crate::request::{ClientIds, Random};
use crate::scan::{Frame, Scanner, text};
use crate::slots::{ID_BITS, Slots};
use crate::trouble::{Outcome, Trouble, incorrect};

/// How long the last messages may take after the load has ended.
pub(crate) const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How a load is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    pub(crate) warm_up: Duration,
    pub(crate) measure: Duration,
}

/// Connects everybody of the town, lets the left side write to the right side with `window`
/// messages in flight for each sender, and measures. Returns also how many messages were sent.
pub(crate) fn measure(
    bench: &'static str,
    house: &House,
    town: &Town,
    tongue: Tongue,
    window: usize,
    timing: Timing,
) -> Outcome<(Measured, u64)> {
    let server = house.server()?;
    let mut engine = connect_speaking(bench, server.address(), town, tongue)?;
    let _spinner = progress::timed(bench, format!("measuring for {:?}", timing.measure));
    let meter = Meter::new(server.pid(), Instant::now(), timing.warm_up, timing.measure);
    let mut traffic = Traffic::new(town, tongue, window, meter);
    engine.run(&mut traffic)?;
    Ok((traffic.meter.result()?, traffic.completed))
}

/// Connections 0.. are the town's left people, those of the right people follow.
pub(crate) fn connect(bench: &'static str, address: SocketAddr, town: &Town) -> Outcome<Engine> {
    connect_speaking(bench, address, town, Tongue::Json)
}

fn connect_speaking(
    bench: &'static str,
    address: SocketAddr,
    town: &Town,
    tongue: Tongue,
) -> Outcome<Engine> {
    let bar = progress::counted(bench, "connecting");
    let mut engine = Engine::speaking(tongue)?;
    let people = town.left.iter().chain(&town.right).map(|person| person.token.as_str());
    start_sessions(&mut engine, address, people, &bar)?;
    Ok(engine)
}

#[derive(Debug)]
struct InFlight {
    route: usize,
    reply_seq: Option<u64>,
    event_seq: Option<u64>,
}

struct Lane {
    routes: Vec<usize>,
    in_flight: Slots<InFlight>,
}

struct Line {
    conversation: String,
    receiver: usize,
    /// The last seq that the receiver got; unknown before the first.
    last_seq: Option<u64>,
}

struct Traffic {
    lanes: Vec<Lane>,
    lines: Vec<Line>,
    meter: Meter,
    scanner: Scanner,
    ids: ClientIds,
    random: Random,
    begun: bool,
    over: Option<Instant>,
    sent: u64,
    completed: u64,
    own_events: u64,
}

impl Traffic {
    fn new(town: &Town, tongue: Tongue, window: usize, meter: Meter) -> Traffic {
        let mut lanes: Vec<Lane> = town
            .left
            .iter()
            .map(|_| Lane { routes: Vec::new(), in_flight: Slots::new(window) })
            .collect();
        for (index, route) in town.routes.iter().enumerate() {
            lanes[route.left].routes.push(index);
        }
        let lines = town.routes.iter().map(|route| Line {
            conversation: route.conversation.id.clone(),
            receiver: town.left.len() + route.right,
            last_seq: None,
        });
        Traffic {
            lanes,
            lines: lines.collect(),
            meter,
            scanner: Scanner::of(tongue),
            ids: ClientIds::new(),
            random: Random::new(0x9e37_79b9_7f4a_7c15),
            begun: false,
            over: None,
            sent: 0,
            completed: 0,
            own_events: 0,
        }
    }

    /// Fills the lane's window.
    fn send(&mut self, lane: usize, io: &mut Io) {
        let this = &mut self.lanes[lane];
        if self.over.is_some() || this.routes.is_empty() {
            return;
        }
        loop {
            let route = this.routes[self.random.below(this.routes.len())];
            let message = InFlight { route, reply_seq: None, event_seq: None };
            let Some(id) = this.in_flight.claim(message) else {
                return;
            };
            let client_id = self.ids.next((lane as u64) << ID_BITS | id);
            io.tongue().push_send(io.out(lane), id, &self.lines[route].conversation, &client_id);
            self.sent += 1;
        }
    }

    fn reply(&mut self, lane: usize, id: u64, payload: &[u8], io: &mut Io) -> Outcome<()> {
        let seq = self.scanner.sent(payload)?;
        let Some(message) = self.lanes[lane].in_flight.get(id) else {
            return incorrect(format!("a reply that came twice or unasked: {}", text(payload)));
        };
        if message.reply_seq.replace(seq).is_some() {
            return incorrect(format!("a reply that came twice: {}", text(payload)));
        }
        self.complete(lane, id, io)
    }

    fn received(
        &mut self,
        conn: usize,
        conversation: &[u8],
        seq: u64,
        payload: &[u8],
        io: &mut Io,
    ) -> Outcome<()> {
        let Some(number) = self.scanner.client_number(payload) else {
            return incorrect(format!("an event without a client id: {}", text(payload)));
        };
        let (lane, id) = ((number >> ID_BITS) as usize, number & ((1 << ID_BITS) - 1));
        let Some(message) = self.lanes.get_mut(lane).and_then(|lane| lane.in_flight.get(id)) else {
            return incorrect(format!("an event that came twice or late: {}", text(payload)));
        };
        let line = &mut self.lines[message.route];
        if line.receiver != conn || line.conversation.as_bytes() != conversation {
            return incorrect(format!("an event in the wrong place: {}", text(payload)));
        }
        if let Some(last) = line.last_seq.replace(seq)
            && seq != last + 1
        {
            return incorrect(format!("seq {seq} came after {last}: {}", text(payload)));
        }
        if message.event_seq.replace(seq).is_some() {
            return incorrect(format!("an event that came twice: {}", text(payload)));
        }
        self.complete(lane, id, io)
    }

    /// Takes the message out of the window if both halves are there.
    fn complete(&mut self, lane: usize, id: u64, io: &mut Io) -> Outcome<()> {
        let (reply, event) = match self.lanes[lane].in_flight.get(id) {
            Some(InFlight { reply_seq: Some(reply), event_seq: Some(event), .. }) => {
                (*reply, *event)
            }
            _ => return Ok(()),
        };
        if reply != event {
            return incorrect(format!("a reply says seq {reply}, its event seq {event}"));
        }
        self.lanes[lane].in_flight.release(id);
        self.completed += 1;
        self.send(lane, io);
        Ok(())
    }

    fn drained(&self, now: Instant, over: Instant) -> Outcome<Next> {
        if self.completed == self.sent && self.own_events == self.sent {
            return Ok(Next::Done);
        }
        if now.saturating_duration_since(over) < DRAIN_TIMEOUT {
            return Ok(Next::Until(over + DRAIN_TIMEOUT));
        }
        incorrect(format!(
            "{DRAIN_TIMEOUT:?} after the load {} of {} messages lack their reply or their event, \
             and their senders got {} own events",
            self.sent - self.completed,
            self.sent,
            self.own_events
        ))
    }
}

impl Driver for Traffic {
    fn frame(&mut self, conn: usize, payload: &[u8], io: &mut Io) -> Outcome<()> {
        let is_sender = conn < self.lanes.len();
        match self.scanner.frame(payload)? {
            Frame::Reply { id, failed: false } if is_sender => self.reply(conn, id, payload, io),
            Frame::Reply { .. } => {
                Err(Trouble::Incorrect(format!("a send was refused: {}", text(payload))))
            }
            Frame::Created { .. } if is_sender => {
                self.own_events += 1;
                Ok(())
            }
            Frame::Created { conversation, seq } => {
                self.received(conn, conversation, seq, payload, io)
            }
            Frame::Other => Ok(()),
        }
    }

    fn turn(&mut self, now: Instant, io: &mut Io) -> Outcome<Next> {
        self.ids.at(now);
        if !self.begun {
            self.begun = true;
            (0..self.lanes.len()).for_each(|lane| self.send(lane, io));
        }
        if self.meter.turn(now, self.completed)? != Phase::Over {
            return Ok(Next::Until(self.meter.next_at()));
        }
        let over = *self.over.get_or_insert(now);
        self.drained(now, over)
    }
}
