//! `latency`: a fixed rate of messages over pairs of users, timed from the intended send.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::house::{Context, House, Town, fsync_params, with};
use crate::load::{Driver, Io, Next};
use crate::meter::{Meter, Phase};
use crate::pace::{Latencies, Pacer};
use crate::progress;
use crate::report::Figure;
use crate::request::{BODY, ClientIds, push_send};
use crate::scan::{Frame, Scanner, text};
use crate::traffic::{DRAIN_TIMEOUT, connect};
use crate::trouble::{Outcome, Trouble, incorrect};

pub(crate) const NAME: &str = "latency";

/// Message n has request id n + 2: `session.start` had 1.
const FIRST_ID: u64 = 2;

pub(crate) fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let sizes = &context.sizes;
    let mut house = House::open(context, NAME)?;
    let bar = progress::counted(NAME, "setting up");
    let town = Town::pairs(&house.api()?, sizes.latency_pairs, &bar)?;
    bar.finish_and_clear();
    let mut fsync = house.fsync(sizes.latency_probe)?;
    let server = house.server()?;
    let mut engine = connect(NAME, server.address(), &town)?;
    let spinner = progress::timed(NAME, format!("measuring for {:?}", sizes.latency_measure));
    let now = Instant::now();
    let rate = sizes.latency_rate as f64;
    let mut driver = Paced {
        town: &town,
        pacer: Pacer::new(now, rate),
        first_measured: (sizes.warm_up.as_secs_f64() * rate) as u64,
        meter: Meter::new(server.pid(), now, sizes.warm_up, sizes.latency_measure),
        flags: Vec::new(),
        last_seq: vec![None; town.routes.len()],
        halves: 0,
        over: None,
        received: Latencies::new(),
        acked: Latencies::new(),
        scanner: Scanner::new(),
        ids: ClientIds::new(),
    };
    engine.run(&mut driver)?;
    drop(engine);
    spinner.finish_and_clear();
    fsync.merge(&house.fsync(sizes.latency_probe)?);
    house.stop()?;
    let params = json!({
        "messages_per_s": sizes.latency_rate,
        "pairs": sizes.latency_pairs,
        "body_bytes": BODY.len(),
    });
    let measured = driver.meter.result()?;
    let params = with(with(params, measured.load()), fsync_params(&fsync));
    Ok(figures(&driver.received, &driver.acked, &fsync, &params, measured.server_cpu_us()))
}

fn figures(
    received: &Latencies,
    acked: &Latencies,
    fsync: &Latencies,
    params: &Value,
    server_cpu_us: f64,
) -> Vec<Figure> {
    let figure = |name, value| Figure::new(NAME, name, value, "ms", params.clone());
    let median = with(
        params.clone(),
        json!({"quantile": 0.5, "receive": received.summary(), "ack": acked.summary()}),
    );
    vec![
        Figure::new(NAME, "send_to_receive_ms", received.quantile_ms(0.5), "ms", median)
            .server_cpu(server_cpu_us),
        figure("send_to_receive_p99_ms", received.quantile_ms(0.99)),
        figure("send_to_receive_p99_9_ms", received.quantile_ms(0.999)),
        figure("send_to_receive_max_ms", received.max_ms()),
        figure("send_to_ack_p50_ms", acked.quantile_ms(0.5)),
        figure("send_to_ack_p99_ms", acked.quantile_ms(0.99)),
        figure("fsync_p50_ms", fsync.quantile_ms(0.5)),
        figure("fsync_p99_ms", fsync.quantile_ms(0.99)),
    ]
}

const ACKED: u8 = 1;
const RECEIVED: u8 = 2;

struct Paced<'a> {
    town: &'a Town,
    pacer: Pacer,
    /// Messages before this one belong to the warm-up.
    first_measured: u64,
    meter: Meter,
    /// What came back for each message.
    flags: Vec<u8>,
    last_seq: Vec<Option<u64>>,
    /// Replies and events that came, two for each complete message.
    halves: u64,
    over: Option<Instant>,
    received: Latencies,
    acked: Latencies,
    scanner: Scanner,
    ids: ClientIds,
}

impl Paced<'_> {
    fn send(&mut self, n: u64, io: &mut Io) {
        let pair = n as usize % self.town.routes.len();
        let conversation = &self.town.routes[pair].conversation.id;
        let client_id = self.ids.next(n);
        self.flags.push(0);
        push_send(io.out(pair), FIRST_ID + n, conversation, &client_id);
    }

    /// Marks one half of message `n`; tells the time since its intended send if it is measured.
    fn mark(&mut self, n: u64, flag: u8, payload: &[u8]) -> Outcome<Option<Duration>> {
        let Some(flags) = self.flags.get_mut(n as usize) else {
            return incorrect(format!("a message that was never sent: {}", text(payload)));
        };
        if *flags & flag != 0 {
            return incorrect(format!("a reply or an event came twice: {}", text(payload)));
        }
        *flags |= flag;
        self.halves += 1;
        let measured = n >= self.first_measured;
        Ok(measured.then(|| self.pacer.intended(n).elapsed()))
    }

    fn event(&mut self, conn: usize, seq: u64, payload: &[u8]) -> Outcome<()> {
        let pair = conn - self.town.left.len();
        let Some(n) = self.scanner.client_number(payload) else {
            return incorrect(format!("an event without a client id: {}", text(payload)));
        };
        if let Some(last) = self.last_seq[pair].replace(seq)
            && seq != last + 1
        {
            return incorrect(format!("seq {seq} came after {last}: {}", text(payload)));
        }
        if let Some(latency) = self.mark(n, RECEIVED, payload)? {
            self.received.record(latency);
        }
        Ok(())
    }
}

impl Driver for Paced<'_> {
    fn frame(&mut self, conn: usize, payload: &[u8], _: &mut Io) -> Outcome<()> {
        match self.scanner.frame(payload)? {
            Frame::Reply { id, failed: false } => {
                self.scanner.sent(payload)?;
                if let Some(latency) = self.mark(id.wrapping_sub(FIRST_ID), ACKED, payload)? {
                    self.acked.record(latency);
                }
                Ok(())
            }
            Frame::Reply { .. } => {
                Err(Trouble::Incorrect(format!("a send was refused: {}", text(payload))))
            }
            Frame::Created { seq, .. } if conn >= self.town.left.len() => {
                self.event(conn, seq, payload)
            }
            Frame::Created { .. } | Frame::Other => Ok(()),
        }
    }

    fn turn(&mut self, now: Instant, io: &mut Io) -> Outcome<Next> {
        self.ids.at(now);
        if self.meter.turn(now, self.halves / 2)? != Phase::Over {
            while let Some(n) = self.pacer.due(now) {
                self.send(n, io);
            }
            return Ok(Next::Until(self.pacer.next_at().min(self.meter.next_at())));
        }
        let over = *self.over.get_or_insert(now);
        if self.halves == 2 * self.pacer.issued() {
            return Ok(Next::Done);
        }
        if now.saturating_duration_since(over) >= DRAIN_TIMEOUT {
            let lost = self.flags.iter().filter(|&&flags| flags != ACKED | RECEIVED).count();
            return incorrect(format!(
                "{lost} of {} messages lack their reply or their event",
                self.flags.len()
            ));
        }
        Ok(Next::Until(over + DRAIN_TIMEOUT))
    }
}
