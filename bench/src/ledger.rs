//! The account of one writer and one reader: every message once, in order, and none missing.

use std::collections::HashMap;

use crate::trouble::{Outcome, incorrect};

#[derive(Debug, Default)]
struct InFlight {
    reply_seq: Option<i64>,
    event_seq: Option<i64>,
}

/// What is in flight in one conversation, and whether it went as it must.
#[derive(Debug)]
pub(crate) struct Ledger {
    in_flight: HashMap<String, InFlight>,
    sent: u64,
    /// The last seq that the receiver got.
    received_seq: i64,
    /// The last seq of which the sender got its own event.
    own_seq: i64,
}

impl Ledger {
    /// For a conversation whose last seq is `head_seq`.
    pub(crate) fn new(head_seq: i64) -> Ledger {
        Ledger { in_flight: HashMap::new(), sent: 0, received_seq: head_seq, own_seq: head_seq }
    }

    /// Messages that lack their reply or their event.
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    /// All messages so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// A message is under way.
    pub(crate) fn queued(&mut self, client_id: &str) {
        self.in_flight.insert(client_id.to_owned(), InFlight::default());
        self.sent += 1;
    }

    /// The sender's reply; tells whether the message is complete with it.
    pub(crate) fn acknowledged(&mut self, client_id: &str, seq: Option<i64>) -> Outcome<bool> {
        let Some(seq) = seq else {
            return incorrect(format!("the reply to {client_id} has no seq"));
        };
        match self.in_flight.get_mut(client_id) {
            Some(message) if message.reply_seq.is_none() => message.reply_seq = Some(seq),
            _ => return incorrect(format!("a reply that came twice or unasked: {client_id}")),
        }
        self.complete(client_id)
    }

    /// The receiver's event; tells whether the message is complete with it.
    pub(crate) fn received(&mut self, client_id: &str, seq: i64) -> Outcome<bool> {
        let last = std::mem::replace(&mut self.received_seq, seq);
        if seq != last + 1 {
            return incorrect(format!("seq {seq} came after {last}: {client_id}"));
        }
        match self.in_flight.get_mut(client_id) {
            Some(message) if message.event_seq.is_none() => message.event_seq = Some(seq),
            _ => return incorrect(format!("an event that came twice or unasked: {client_id}")),
        }
        self.complete(client_id)
    }

    /// The event of a message at its own sender.
    pub(crate) fn own_event(&mut self, seq: i64) -> Outcome<()> {
        let last = std::mem::replace(&mut self.own_seq, seq);
        if seq != last + 1 {
            return incorrect(format!("the sender's own event {seq} came after {last}"));
        }
        Ok(())
    }

    fn complete(&mut self, client_id: &str) -> Outcome<bool> {
        let Some(InFlight { reply_seq: Some(reply), event_seq: Some(event) }) =
            self.in_flight.get(client_id)
        else {
            return Ok(false);
        };
        if reply != event {
            return incorrect(format!("a reply says seq {reply}, its event seq {event}"));
        }
        self.in_flight.remove(client_id);
        Ok(true)
    }

    /// Everything that was sent has come to everybody.
    pub(crate) fn is_settled(&self) -> bool {
        self.in_flight.is_empty() && self.own_seq == self.received_seq
    }

    /// What is missing, in words.
    pub(crate) fn shortage(&self) -> String {
        format!(
            "{} of {} messages lack their reply or their event, and the sender has its own events \
             up to seq {} of {}",
            self.in_flight.len(),
            self.sent,
            self.own_seq,
            self.received_seq
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_sent() -> Ledger {
        let mut ledger = Ledger::new(7);
        ledger.queued("a");
        ledger.queued("b");
        ledger
    }

    #[test]
    fn a_message_is_complete_with_both_halves() {
        let mut ledger = two_sent();
        assert!(!ledger.acknowledged("a", Some(8)).unwrap());
        assert!(ledger.received("a", 8).unwrap());
        assert!(!ledger.received("b", 9).unwrap());
        ledger.own_event(8).unwrap();
        assert!(!ledger.is_settled(), "b has no reply");
        assert!(ledger.acknowledged("b", Some(9)).unwrap());
        assert!(!ledger.is_settled(), "the sender's own event of b is missing");
        ledger.own_event(9).unwrap();
        assert!(ledger.is_settled());
        assert_eq!((ledger.sent(), ledger.in_flight()), (2, 0));
    }

    #[test]
    fn every_kind_of_wrong_delivery_is_found() {
        let found = |wrong: fn(&mut Ledger) -> Outcome<()>| {
            let mut ledger = two_sent();
            ledger.received("a", 8).unwrap();
            wrong(&mut ledger).unwrap_err().to_string()
        };
        let twice = found(|ledger| ledger.received("a", 8).map(drop));
        assert!(twice.contains("seq 8 came after 8"), "{twice}");
        let again = found(|ledger| ledger.received("a", 9).map(drop));
        assert!(again.contains("an event that came twice"), "{again}");
        let gap = found(|ledger| ledger.received("b", 10).map(drop));
        assert!(gap.contains("seq 10 came after 8"), "{gap}");
        let unasked = found(|ledger| ledger.acknowledged("c", Some(9)).map(drop));
        assert!(unasked.contains("twice or unasked"), "{unasked}");
        let other = found(|ledger| ledger.acknowledged("a", Some(9)).map(drop));
        assert!(other.contains("a reply says seq 9, its event seq 8"), "{other}");
        let own = found(|ledger| ledger.own_event(9));
        assert!(own.contains("own event 9 came after 7"), "{own}");
        let held = found(|ledger| ledger.acknowledged("b", None).map(drop));
        assert!(held.contains("no seq"), "{held}");
    }
}
