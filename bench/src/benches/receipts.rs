//! `receipts`: pairs of users, one of whom has written a great deal; the other reads message by
//! message, and says so for each.
//!
//! A receipt is complete when its reader has the reply. The writer must hear of it too, in order,
//! though several may be told as one.

use std::time::Instant;

use memchr::memmem;
use serde_json::json;

use crate::fill::fill_town;
use crate::house::{Context, House, Town, with};
use crate::load::{Driver, Io, Next};
use crate::meter::{Meter, Phase};
use crate::progress;
use crate::report::Figure;
use crate::request::push_call;
use crate::scan::{Frame, Scanner, text};
use crate::slots::Slots;
use crate::traffic::{DRAIN_TIMEOUT, connect};
use crate::trouble::{Outcome, Trouble, cannot_run, incorrect};

pub(crate) const NAME: &str = "receipts";

pub(crate) fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let sizes = &context.sizes;
    let mut house = House::open(context, NAME)?;
    let bar = progress::counted(NAME, "setting up");
    let town = Town::pairs(&house.api()?, sizes.pairs, &bar)?;
    bar.finish_and_clear();
    fill_town(NAME, &house, &town, sizes.receipts_messages)?;
    let server = house.server()?;
    let mut engine = connect(NAME, server.address(), &town)?;
    let measure = sizes.receipts_measure;
    let spinner = progress::timed(NAME, format!("measuring for {measure:?}"));
    let warm_up = sizes.warm_up.min(measure / 4);
    let meter = Meter::new(server.pid(), Instant::now(), warm_up, measure);
    let each = sizes.receipts_messages / town.routes.len() as u64;
    let mut driver = Readers::new(&town, sizes.window, each, meter);
    engine.run(&mut driver)?;
    drop(engine);
    spinner.finish_and_clear();
    house.stop()?;
    let measured = driver.meter.result()?;
    let params = with(
        json!({"pairs": sizes.pairs, "window": sizes.window, "messages": sizes.receipts_messages}),
        measured.load(),
    );
    let figure = Figure::new(NAME, "per_s", measured.per_second(), "receipts/s", params)
        .server_cpu(measured.server_cpu_us());
    Ok(vec![figure])
}

/// One reader and what their writer heard.
struct Line {
    conversation: String,
    /// The seq of the last mark that was sent, and the head.
    asked: u64,
    head: u64,
    in_flight: Slots<u64>,
    told: u64,
}

struct Readers {
    /// Connection n is line n's writer, connection `lines.len() + n` its reader.
    lines: Vec<Line>,
    meter: Meter,
    completed: u64,
    sent: u64,
    begun: bool,
    over: Option<Instant>,
    read_seq: memmem::Finder<'static>,
    updated: memmem::Finder<'static>,
    scanner: Scanner,
}

impl Readers {
    fn new(town: &Town, window: usize, each: u64, meter: Meter) -> Self {
        let lines = town.routes.iter().map(|route| Line {
            conversation: route.conversation.id.clone(),
            asked: route.conversation.head_seq,
            head: route.conversation.head_seq + each,
            in_flight: Slots::new(window),
            told: 0,
        });
        Self {
            lines: lines.collect(),
            meter,
            completed: 0,
            sent: 0,
            begun: false,
            over: None,
            read_seq: memmem::Finder::new(b"\"read_seq\":"),
            updated: memmem::Finder::new(b"{\"event\":\"receipt.updated\""),
            scanner: Scanner::new(),
        }
    }

    fn mark(&mut self, line: usize, io: &mut Io) {
        let conn = self.lines.len() + line;
        let this = &mut self.lines[line];
        while self.over.is_none() && this.asked < this.head {
            let Some(id) = this.in_flight.claim(this.asked + 1) else { return };
            this.asked += 1;
            self.sent += 1;
            let params =
                format!("{{\"conversation\":\"{}\",\"seq\":{}}}", this.conversation, this.asked);
            push_call(io.out(conn), id, "messages.read", &params);
        }
    }

    fn read_seq(&self, payload: &[u8]) -> Outcome<u64> {
        let digits = self.read_seq.find(payload).map(|at| &payload[at + 11..]);
        let digits = digits.map(|rest| {
            let end = rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len());
            &rest[..end]
        });
        let seq = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        seq.ok_or_else(|| Trouble::Incorrect(format!("no read_seq: {}", text(payload))))
    }

    fn reply(&mut self, line: usize, id: u64, payload: &[u8], io: &mut Io) -> Outcome<()> {
        let now = self.read_seq(payload)?;
        let Some(asked) = self.lines[line].in_flight.release(id) else {
            return incorrect(format!("a reply that came twice or unasked: {}", text(payload)));
        };
        if now < asked {
            return incorrect(format!("read up to {now} after asking for {asked}"));
        }
        self.completed += 1;
        self.mark(line, io);
        Ok(())
    }

    /// The writers have heard of the last mark of their readers.
    fn is_told(&self) -> bool {
        self.lines.iter().all(|line| line.told == line.asked)
    }
}

impl Driver for Readers {
    fn frame(&mut self, conn: usize, payload: &[u8], io: &mut Io) -> Outcome<()> {
        let writers = self.lines.len();
        match self.scanner.frame(payload)? {
            Frame::Reply { id, failed: false } if conn >= writers => {
                self.reply(conn - writers, id, payload, io)
            }
            Frame::Reply { .. } => {
                Err(Trouble::Incorrect(format!("a mark was refused: {}", text(payload))))
            }
            Frame::Other if conn < writers && self.updated.find(payload) == Some(0) => {
                let read = self.read_seq(payload)?;
                let line = &mut self.lines[conn];
                if read < line.told {
                    return incorrect(format!("read up to {read} after {}", line.told));
                }
                line.told = read;
                Ok(())
            }
            Frame::Created { .. } | Frame::Other => Ok(()),
        }
    }

    fn turn(&mut self, now: Instant, io: &mut Io) -> Outcome<Next> {
        if !self.begun {
            self.begun = true;
            (0..self.lines.len()).for_each(|line| self.mark(line, io));
        }
        if self.meter.turn(now, self.completed)? != Phase::Over {
            if self.lines.iter().any(|line| line.asked == line.head) {
                return cannot_run("all was read before the time was over: ask for more messages");
            }
            return Ok(Next::Until(self.meter.next_at()));
        }
        let over = *self.over.get_or_insert(now);
        if self.completed == self.sent && self.is_told() {
            return Ok(Next::Done);
        }
        if now.saturating_duration_since(over) >= DRAIN_TIMEOUT {
            return incorrect(format!(
                "{} of {} marks lack their reply, or a writer did not hear of the last one",
                self.sent - self.completed,
                self.sent
            ));
        }
        Ok(Next::Until(over + DRAIN_TIMEOUT))
    }
}
