//! Filling a database through the server, as fast as it takes messages.

use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use serde_json::json;

use crate::connect::start_sessions;
use crate::house::{House, Town};
use crate::load::{Driver, Engine, Io, Next};
use crate::progress;
use crate::request::{ClientIds, push_call, push_send};
use crate::scan::{Frame, Scanner, text};
use crate::slots::{ID_BITS, Slots};
use crate::trouble::{Outcome, Trouble, cannot_run, incorrect};

/// Sends in flight over all connections: enough for large group commits, not so many that the
/// server's queues are what is measured.
const IN_FLIGHT: usize = 4096;
// The server stops reading a connection beyond 256.
const IN_FLIGHT_PER_CONNECTION: usize = 200;
const STALLED: Duration = Duration::from_secs(60);
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// What connection number n has to send, n being its place in the list.
#[derive(Debug)]
pub(crate) struct FillLane {
    /// Places in the list of conversations; written to in turn.
    pub(crate) conversations: Vec<usize>,
    pub(crate) messages: u64,
    /// Renames of the first conversation, spread evenly among the messages.
    pub(crate) renames: u64,
}

/// A conversation that is filled: its id and the seq that it stands at.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    pub(crate) conversation: String,
    pub(crate) seq: u64,
}

/// Sends `messages` from the town's left people, evenly into all of its conversations.
pub(crate) fn fill_town(
    bench: &'static str,
    house: &House,
    town: &Town,
    messages: u64,
) -> Outcome<()> {
    let mut of_sender = vec![Vec::new(); town.left.len()];
    for (index, route) in town.routes.iter().enumerate() {
        of_sender[route.left].push(index);
    }
    let lanes = lanes(of_sender, messages);
    let mut heads: Vec<Head> = town
        .routes
        .iter()
        .map(|route| Head {
            conversation: route.conversation.id.clone(),
            seq: route.conversation.head_seq,
        })
        .collect();
    let mut engine = Engine::new()?;
    let tokens = town.left.iter().map(|person| person.token.as_str());
    start_sessions(&mut engine, house.server()?.address(), tokens, &progress::hidden())?;
    fill(&mut engine, lanes, &mut heads, &progress::counted(bench, "filling the database"))
}

/// Shares `messages` out by how many conversations each sender has, to the last one.
fn lanes(of_sender: Vec<Vec<usize>>, messages: u64) -> Vec<FillLane> {
    let count: usize = of_sender.iter().map(Vec::len).sum();
    let before =
        |place: usize| (u128::from(messages) * place as u128 / count.max(1) as u128) as u64;
    let mut place = 0;
    of_sender
        .into_iter()
        .map(|conversations| {
            let first = place;
            place += conversations.len();
            FillLane { conversations, messages: before(place) - before(first), renames: 0 }
        })
        .collect()
}

/// Sends everything and checks that each conversation's head has moved by what was sent to it.
pub(crate) fn fill(
    engine: &mut Engine,
    lanes: Vec<FillLane>,
    heads: &mut [Head],
    bar: &ProgressBar,
) -> Outcome<()> {
    let window = (IN_FLIGHT / lanes.len().max(1)).clamp(1, IN_FLIGHT_PER_CONNECTION);
    let total = lanes.iter().map(|lane| lane.messages + lane.renames).sum();
    bar.inc_length(total);
    let now = Instant::now();
    let mut filler = Filler {
        lanes: lanes
            .into_iter()
            .map(|plan| Lane { plan, next: 0, messages: 0, in_flight: Slots::new(window) })
            .collect(),
        expected: heads.iter().map(|head| head.seq).collect(),
        heads,
        total,
        done: 0,
        begun: false,
        last_done: (0, now),
        scanner: Scanner::new(),
        ids: ClientIds::new(),
        bar,
    };
    engine.run(&mut filler)?;
    for (head, expected) in filler.heads.iter().zip(&filler.expected) {
        if head.seq != *expected {
            return incorrect(format!(
                "{} is at seq {} after a fill that should have brought it to {expected}",
                head.conversation, head.seq
            ));
        }
    }
    Ok(())
}

#[derive(Debug, Clone, Copy)]
enum Op {
    Message { conversation: usize },
    Rename,
}

struct Lane {
    plan: FillLane,
    /// Operations and messages that were sent so far.
    next: u64,
    messages: u64,
    in_flight: Slots<Op>,
}

struct Filler<'a> {
    lanes: Vec<Lane>,
    heads: &'a mut [Head],
    expected: Vec<u64>,
    total: u64,
    done: u64,
    begun: bool,
    last_done: (u64, Instant),
    scanner: Scanner,
    ids: ClientIds,
    bar: &'a ProgressBar,
}

impl FillLane {
    /// Whether operation `n` of this lane is a rename.
    fn is_rename(&self, n: u64) -> bool {
        let total = u128::from(self.messages + self.renames);
        let before = |n: u64| u128::from(n) * u128::from(self.renames) / total;
        before(n + 1) > before(n)
    }
}

impl Filler<'_> {
    fn send(&mut self, conn: usize, io: &mut Io) {
        let lane = &mut self.lanes[conn];
        while lane.next < lane.plan.messages + lane.plan.renames {
            let op = if lane.plan.is_rename(lane.next) {
                Op::Rename
            } else {
                let turn = (lane.messages % lane.plan.conversations.len() as u64) as usize;
                Op::Message { conversation: lane.plan.conversations[turn] }
            };
            let Some(id) = lane.in_flight.claim(op) else {
                return;
            };
            match op {
                Op::Message { conversation } => {
                    lane.messages += 1;
                    self.expected[conversation] += 1;
                    let client_id = self.ids.next((conn as u64) << ID_BITS | id);
                    push_send(io.out(conn), id, &self.heads[conversation].conversation, &client_id);
                }
                Op::Rename => {
                    let conversation = &self.heads[lane.plan.conversations[0]].conversation;
                    let name = format!("Bench {}", lane.next);
                    let params = json!({"conversation": conversation, "name": name}).to_string();
                    push_call(io.out(conn), id, "conversations.update", &params);
                }
            }
            lane.next += 1;
        }
    }
}

impl Driver for Filler<'_> {
    fn frame(&mut self, conn: usize, payload: &[u8], io: &mut Io) -> Outcome<()> {
        let id = match self.scanner.frame(payload)? {
            Frame::Reply { id, failed: false } => id,
            Frame::Reply { .. } => {
                return Err(Trouble::Incorrect(format!("a fill was refused: {}", text(payload))));
            }
            _ => return Ok(()),
        };
        match self.lanes[conn].in_flight.release(id) {
            Some(Op::Message { conversation }) => {
                let seq = self.scanner.sent(payload)?;
                let head = &mut self.heads[conversation].seq;
                *head = seq.max(*head);
            }
            Some(Op::Rename) => {}
            None => {
                return incorrect(format!("a reply that came twice or unasked: {}", text(payload)));
            }
        }
        self.done += 1;
        self.send(conn, io);
        Ok(())
    }

    fn turn(&mut self, now: Instant, io: &mut Io) -> Outcome<Next> {
        self.ids.at(now);
        if !self.begun {
            self.begun = true;
            (0..self.lanes.len()).for_each(|conn| self.send(conn, io));
        }
        if self.done == self.total {
            return Ok(Next::Done);
        }
        let (done, at) = self.last_done;
        let waited = now.saturating_duration_since(at);
        if self.done > done && waited >= PROGRESS_EVERY {
            self.last_done = (self.done, now);
            self.bar.inc(self.done - done);
        } else if self.done == done && waited > STALLED {
            let left = self.total - self.done;
            return cannot_run(format!("no reply for {STALLED:?} with {left} still to come"));
        }
        Ok(Next::Until(now + PROGRESS_EVERY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_shared_out_by_the_number_of_conversations() {
        let lanes = lanes(vec![vec![0, 1, 2], vec![3], Vec::new(), vec![4, 5]], 62);
        let counts: Vec<u64> = lanes.iter().map(|lane| lane.messages).collect();
        assert_eq!(counts, [31, 10, 0, 21]);
    }

    #[test]
    fn renames_are_spread_evenly_and_all_of_them_come() {
        let lane = FillLane { conversations: vec![0], messages: 175_000, renames: 100_000 };
        let renames: Vec<u64> = (0..275_000).filter(|&n| lane.is_rename(n)).collect();
        assert_eq!(renames.len(), 100_000);
        let longest = renames.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert_eq!(longest, Some(3));
        let none = FillLane { conversations: vec![0], messages: 10, renames: 0 };
        assert!((0..10).all(|n| !none.is_rename(n)));
    }
}
