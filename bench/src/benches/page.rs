//! `page`: the newest 50 messages of a long conversation, asked for over the socket.

use std::time::Instant;

use serde_json::json;

use crate::api::{NewConversation, Person};
use crate::connect::start_sessions;
use crate::fill::{FillLane, Head, fill};
use crate::house::{Context, House, with};
use crate::load::{Driver, Engine, Io, Next};
use crate::meter::{Measured, Meter, Phase};
use crate::pace::{Latencies, Pacer};
use crate::progress;
use crate::report::Figure;
use crate::request::push_call;
use crate::scan::{Frame, Scanner, text};
use crate::traffic::DRAIN_TIMEOUT;
use crate::trouble::{Outcome, Trouble, incorrect};

pub(crate) const NAME: &str = "page";

const ITEMS: u64 = 50;
/// Each message of the fill is an event for each of these.
const FILLERS: usize = 4;
/// The paced part, as a share of the rate that the closed loop reached.
const HALF: f64 = 0.5;
/// Request n has id n + 2: `session.start` had 1.
const FIRST_ID: u64 = 2;

pub(crate) fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let sizes = &context.sizes;
    let changes = sizes.page_messages / 10;
    let mut house = House::open(context, NAME)?;
    let api = house.api()?;
    let bar = progress::counted(NAME, "setting up");
    let people = api.people("reader", sizes.page_clients.max(FILLERS), &bar)?;
    let others = people[1..].iter().map(|person| person.id.as_str()).collect();
    let new = [NewConversation::Group { owner: &people[0].id, others }];
    let conversation = api.conversations(&new, &bar)?.remove(0);
    bar.finish_and_clear();
    let mut head = Head { conversation: conversation.id, seq: conversation.head_seq };
    fill_conversation(&house, &people[..FILLERS], &mut head, sizes.page_messages, changes)?;
    // The readers meet a server that has not seen this conversation yet.
    house.stop()?;
    house.start()?;

    let readers = &people[..sizes.page_clients];
    let (closed, _) = read(context, &house, readers, &head, None)?;
    let rate = closed.per_second() * HALF;
    let (paced, latencies) = read(context, &house, readers, &head, Some(rate))?;
    house.stop()?;

    let params = json!({
        "messages": sizes.page_messages,
        "changes": changes,
        "clients": sizes.page_clients,
        "limit": ITEMS,
    });
    let paced_params = with(
        with(params.clone(), paced.load()),
        json!({"pages_per_s": rate, "latency": latencies.summary()}),
    );
    let half = |name, quantile| {
        Figure::new(NAME, name, latencies.quantile_ms(quantile), "ms", paced_params.clone())
    };
    let closed_params = with(params, closed.load());
    Ok(vec![
        Figure::new(NAME, "pages_per_s", closed.per_second(), "pages/s", closed_params)
            .server_cpu(closed.server_cpu_us()),
        half("half_load_p50_ms", 0.5),
        half("half_load_p99_ms", 0.99).server_cpu(paced.server_cpu_us()),
    ])
}

fn fill_conversation(
    house: &House,
    fillers: &[Person],
    head: &mut Head,
    messages: u64,
    changes: u64,
) -> Outcome<()> {
    let mut engine = Engine::new()?;
    let bar = progress::counted(NAME, "filling the conversation");
    let tokens = fillers.iter().map(|person| person.token.as_str());
    start_sessions(&mut engine, house.server()?.address(), tokens, &progress::hidden())?;
    // The owner alone may rename; everybody has the same number of operations to do.
    let share = (messages + changes) / fillers.len() as u64;
    let from_owner = share.saturating_sub(changes);
    let rest = messages - from_owner;
    let count = fillers.len() as u64 - 1;
    let lanes = (0..fillers.len() as u64)
        .map(|n| FillLane {
            conversations: vec![0],
            messages: match n {
                0 => from_owner,
                n => rest / count + u64::from(n <= rest % count),
            },
            renames: if n == 0 { changes } else { 0 },
        })
        .collect();
    fill(&mut engine, lanes, std::slice::from_mut(head), &bar)
}

/// Lets the readers ask for the newest page, and measures: with one request in flight for each of
/// them, or at `rate` requests a second over all of them in turn.
fn read(
    context: &Context,
    house: &House,
    readers: &[Person],
    head: &Head,
    rate: Option<f64>,
) -> Outcome<(Measured, Latencies)> {
    let sizes = &context.sizes;
    let server = house.server()?;
    let mut engine = Engine::new()?;
    let tokens = readers.iter().map(|person| person.token.as_str());
    start_sessions(&mut engine, server.address(), tokens, &progress::hidden())?;
    let _spinner = progress::timed(
        NAME,
        match rate {
            None => "reading as fast as it goes".to_owned(),
            Some(rate) => format!("reading {rate:.0} pages/s"),
        },
    );
    let now = Instant::now();
    let mut driver = Readers {
        params: json!({"conversation": head.conversation, "limit": ITEMS}).to_string(),
        head_seq: head.seq,
        conns: readers.len(),
        pacer: rate.map(|rate| Pacer::new(now, rate)),
        warm_up: now + sizes.warm_up,
        waiting: Vec::new(),
        answered: 0,
        over: None,
        meter: Meter::new(server.pid(), now, sizes.warm_up, sizes.measure),
        latencies: Latencies::new(),
        scanner: Scanner::new(),
    };
    engine.run(&mut driver)?;
    Ok((driver.meter.result()?, driver.latencies))
}

struct Readers {
    params: String,
    head_seq: u64,
    conns: usize,
    /// None in a closed loop.
    pacer: Option<Pacer>,
    /// Requests that were meant to be sent before this moment are not timed.
    warm_up: Instant,
    /// For request n: the connection that waits for it, and since when.
    waiting: Vec<Option<(usize, Instant)>>,
    answered: u64,
    over: Option<Instant>,
    meter: Meter,
    latencies: Latencies,
    scanner: Scanner,
}

impl Readers {
    fn ask(&mut self, conn: usize, intended: Instant, io: &mut Io) {
        let id = FIRST_ID + self.waiting.len() as u64;
        push_call(io.out(conn), id, "messages.list", &self.params);
        self.waiting.push(Some((conn, intended)));
    }

    /// The page has the newest items, all of them, in ascending order.
    fn check(&self, payload: &[u8]) -> Outcome<()> {
        let first = self.head_seq - (ITEMS - 1);
        if self.scanner.seqs(payload).eq(first..=self.head_seq) {
            return Ok(());
        }
        incorrect(format!("not the page from {first} to {}: {}", self.head_seq, text(payload)))
    }
}

impl Driver for Readers {
    fn frame(&mut self, conn: usize, payload: &[u8], io: &mut Io) -> Outcome<()> {
        let id = match self.scanner.frame(payload)? {
            Frame::Reply { id, failed: false } => id,
            Frame::Reply { .. } => {
                return Err(Trouble::Incorrect(format!("a page was refused: {}", text(payload))));
            }
            _ => return Ok(()),
        };
        let waiting = self.waiting.get_mut(id.wrapping_sub(FIRST_ID) as usize);
        let Some((_, since)) = waiting.and_then(|w| w.take_if(|(asker, _)| *asker == conn)) else {
            return incorrect(format!("a page that nobody waits for: {}", text(payload)));
        };
        let now = Instant::now();
        if since >= self.warm_up {
            self.latencies.record(now - since);
        }
        self.check(payload)?;
        self.answered += 1;
        if self.pacer.is_none() && self.over.is_none() {
            self.ask(conn, now, io);
        }
        Ok(())
    }

    fn turn(&mut self, now: Instant, io: &mut Io) -> Outcome<Next> {
        let mut next_at = self.meter.next_at();
        if self.meter.turn(now, self.answered)? != Phase::Over {
            if let Some(mut pacer) = self.pacer.take() {
                while let Some(n) = pacer.due(now) {
                    self.ask(n as usize % self.conns, pacer.intended(n), io);
                }
                next_at = next_at.min(pacer.next_at());
                self.pacer = Some(pacer);
            } else if self.waiting.is_empty() {
                (0..self.conns).for_each(|conn| self.ask(conn, now, io));
            }
            return Ok(Next::Until(next_at));
        }
        let over = *self.over.get_or_insert(now);
        if self.answered == self.waiting.len() as u64 {
            return Ok(Next::Done);
        }
        if now.saturating_duration_since(over) >= DRAIN_TIMEOUT {
            let open = self.waiting.len() as u64 - self.answered;
            return incorrect(format!("{open} pages were never answered"));
        }
        Ok(Next::Until(over + DRAIN_TIMEOUT))
    }
}
