//! `group`: one conversation whose members are all online; some of them write.
//!
//! A message stays in its sender's window until the reply *and* the events at all members have
//! come, so that the server is never asked for more than it delivers.

use std::time::Instant;

use serde_json::json;

use crate::api::NewConversation;
use crate::connect::start_sessions;
use crate::house::{Context, House, fsync_params, with};
use crate::load::{Driver, Engine, Io, Next};
use crate::meter::{Meter, Phase};
use crate::progress;
use crate::report::Figure;
use crate::request::{BODY, ClientIds, push_send};
use crate::scan::{Frame, Scanner, text};
use crate::slots::{ID_BITS, Slots};
use crate::traffic::DRAIN_TIMEOUT;
use crate::trouble::{Outcome, Trouble, incorrect};

pub(crate) const NAME: &str = "group";

pub(crate) fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let sizes = &context.sizes;
    let mut house = House::open(context, NAME)?;
    let api = house.api()?;
    let bar = progress::counted(NAME, "setting up");
    let people = api.people("member", sizes.group_members, &bar)?;
    let others = people[1..].iter().map(|person| person.id.as_str()).collect();
    let new = [NewConversation::Group { owner: &people[0].id, others }];
    let conversation = api.conversations(&new, &bar)?.remove(0);
    bar.finish_and_clear();
    let mut fsync = house.fsync(sizes.probe)?;
    let server = house.server()?;
    let mut engine = Engine::new()?;
    let bar = progress::counted(NAME, "connecting");
    let tokens = people.iter().map(|person| person.token.as_str());
    start_sessions(&mut engine, server.address(), tokens, &bar)?;
    bar.finish_and_clear();
    let spinner = progress::timed(NAME, format!("measuring for {:?}", sizes.measure));
    let meter = Meter::new(server.pid(), Instant::now(), sizes.warm_up, sizes.measure);
    let windows = (0..sizes.group_senders).map(|_| Slots::new(sizes.group_window)).collect();
    let mut driver = Crowd {
        conversation: conversation.id,
        windows,
        last_seq: vec![None; people.len()],
        in_flight: vec![Delivery::default(); RING],
        base: None,
        events: 0,
        sent: 0,
        completed: 0,
        begun: false,
        over: None,
        meter,
        scanner: Scanner::new(),
        ids: ClientIds::new(),
    };
    engine.run(&mut driver)?;
    drop(engine);
    spinner.finish_and_clear();
    fsync.merge(&house.fsync(sizes.probe)?);
    house.stop()?;
    let measured = driver.meter.result()?;
    let params = json!({
        "members": sizes.group_members,
        "senders": sizes.group_senders,
        "window": sizes.group_window,
        "body_bytes": BODY.len(),
        "messages_per_s": measured.per_second() / sizes.group_members as f64,
    });
    let params = with(with(params, measured.load()), fsync_params(&fsync));
    let figure =
        Figure::new(NAME, "deliveries_per_s", measured.per_second(), "deliveries/s", params)
            .server_cpu(measured.server_cpu_us());
    Ok(vec![figure])
}

/// More than senders × window, which the command line keeps below 64,000.
const RING: usize = 1 << 16;

/// One message on its way to everybody.
#[derive(Debug, Default, Clone)]
struct Delivery {
    seq: u64,
    events: usize,
    /// The sender and its request, known from the reply.
    sender: Option<(usize, u64)>,
}

struct Crowd {
    conversation: String,
    /// Connection n, for n below the number of senders, is sender n's.
    windows: Vec<Slots<()>>,
    last_seq: Vec<Option<u64>>,
    /// By seq modulo its length.
    in_flight: Vec<Delivery>,
    /// The first seq of the run, at which every member has to begin.
    base: Option<u64>,
    events: u64,
    sent: u64,
    completed: u64,
    begun: bool,
    over: Option<Instant>,
    meter: Meter,
    scanner: Scanner,
    ids: ClientIds,
}

impl Crowd {
    fn send(&mut self, sender: usize, io: &mut Io) {
        if self.over.is_some() {
            return;
        }
        while let Some(id) = self.windows[sender].claim(()) {
            let client_id = self.ids.next((sender as u64) << ID_BITS | id);
            push_send(io.out(sender), id, &self.conversation, &client_id);
            self.sent += 1;
        }
    }

    fn reply(&mut self, conn: usize, id: u64, payload: &[u8], io: &mut Io) -> Outcome<()> {
        let seq = self.scanner.sent(payload)?;
        let waited_for = self.windows.get_mut(conn).is_some_and(|slots| slots.get(id).is_some());
        let delivery = self.delivery(seq);
        if !waited_for || delivery.sender.replace((conn, id)).is_some() {
            return incorrect(format!("a reply that came twice or unasked: {}", text(payload)));
        }
        self.complete(seq, io)
    }

    fn event(&mut self, conn: usize, conversation: &[u8], seq: u64, io: &mut Io) -> Outcome<()> {
        if conversation != self.conversation.as_bytes() {
            return incorrect("an event of another conversation");
        }
        let base = *self.base.get_or_insert(seq);
        let expected = self.last_seq[conn].map_or(base, |last| last + 1);
        if seq != expected {
            return incorrect(format!("member {conn} got seq {seq} instead of {expected}"));
        }
        self.last_seq[conn] = Some(seq);
        self.events += 1;
        self.delivery(seq).events += 1;
        self.complete(seq, io)
    }

    fn delivery(&mut self, seq: u64) -> &mut Delivery {
        let delivery = &mut self.in_flight[seq as usize % RING];
        if delivery.seq != seq {
            *delivery = Delivery { seq, events: 0, sender: None };
        }
        delivery
    }

    fn complete(&mut self, seq: u64, io: &mut Io) -> Outcome<()> {
        let members = self.last_seq.len();
        if let &mut Delivery { events, sender: Some((sender, id)), .. } = self.delivery(seq)
            && events == members
        {
            self.windows[sender].release(id);
            self.completed += 1;
            self.send(sender, io);
        }
        Ok(())
    }
}

impl Driver for Crowd {
    fn frame(&mut self, conn: usize, payload: &[u8], io: &mut Io) -> Outcome<()> {
        match self.scanner.frame(payload)? {
            Frame::Created { conversation, seq } => self.event(conn, conversation, seq, io),
            Frame::Reply { id, failed: false } => self.reply(conn, id, payload, io),
            Frame::Reply { .. } => {
                Err(Trouble::Incorrect(format!("a send was refused: {}", text(payload))))
            }
            Frame::Other => Ok(()),
        }
    }

    fn turn(&mut self, now: Instant, io: &mut Io) -> Outcome<Next> {
        self.ids.at(now);
        if !self.begun {
            self.begun = true;
            (0..self.windows.len()).for_each(|sender| self.send(sender, io));
        }
        if self.meter.turn(now, self.events)? != Phase::Over {
            return Ok(Next::Until(self.meter.next_at()));
        }
        let over = *self.over.get_or_insert(now);
        if self.completed == self.sent {
            return Ok(Next::Done);
        }
        if now.saturating_duration_since(over) >= DRAIN_TIMEOUT {
            return incorrect(format!(
                "{} of {} messages did not reach all {} members",
                self.sent - self.completed,
                self.sent,
                self.last_seq.len()
            ));
        }
        Ok(Next::Until(over + DRAIN_TIMEOUT))
    }
}
