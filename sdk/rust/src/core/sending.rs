//! How the engine sends: what goes into the outbox, when it leaves, and what the answers mean.

use hoopoe_wire::{ConversationId, messages::SendRequest};
use serde_json::value::RawValue;

use super::{
    Output,
    config::Now,
    engine::Engine,
    event::{Delivery, Event, Message, OutboxUpdate, SendFailure},
    frame::{self, Refusal, Stored},
    outbox::Verdict,
    record::{Item, Record},
    requests::Purpose,
};

/// Sends that one client keeps. A thousand is a day without a line; more is a loop.
const OUTBOX_MAX: usize = 1_000;

impl Engine {
    /// Whether one more send may be kept beside `more` that are being kept already.
    pub fn has_room_for_send(&self, more: usize) -> bool {
        self.outbox.len() + more < OUTBOX_MAX
    }

    /// Sends that are not acknowledged yet.
    pub fn unsent(&self) -> usize {
        self.outbox.len()
    }

    /// What is not acknowledged yet: each conversation's in its order.
    pub fn unsent_requests(&self) -> impl Iterator<Item = &SendRequest> {
        self.outbox.requests()
    }

    /// A send was asked for, and its [`Record::Queued`] is written down.
    pub fn handle_send(&mut self, item: Item, now: Now) {
        let request = item.request.clone();
        if self.outbox.push(item) {
            self.tell(Event::Outbox(OutboxUpdate { request, delivery: Delivery::Pending }));
        }
        self.send_due(now);
    }

    /// Sends whose turn it is leave.
    pub(super) fn send_due(&mut self, now: Now) {
        for item in self.outbox.expire(now.wall_ms) {
            self.give_up(item, SendFailure::Expired);
        }
        while self.line.is_live() {
            let Some(request) = self.outbox.next_due(now.mono) else { return };
            let (conversation, client_id) = (request.conversation, request.client_id.clone());
            let id = self.requests.fly(Purpose::Send { conversation, client_id });
            self.outputs.push_back(Output::Frame(frame::ask(id, "messages.send", request)));
        }
    }

    fn give_up(&mut self, item: Item, failure: SendFailure) {
        let Item { request, .. } = item;
        let client_id = request.client_id.clone();
        self.outputs.push_back(Output::Keep(Record::Dropped { client_id }));
        self.settle(OutboxUpdate { request, delivery: Delivery::Failed(failure) });
    }

    fn settle(&mut self, update: OutboxUpdate) {
        self.outputs.push_back(Output::Settled(update.clone()));
        self.tell(Event::Outbox(update));
    }

    pub(super) fn on_send_reply(
        &mut self,
        conversation: ConversationId,
        client_id: &str,
        outcome: Result<&RawValue, Refusal>,
        now: Now,
    ) {
        match outcome {
            Ok(result) => {
                let stored: Stored =
                    serde_json::from_str(result.get()).unwrap_or(Stored { seq: None });
                self.confirm(conversation, client_id, stored.seq, now);
            }
            Err(refusal) => {
                let dice = self.line.dice();
                let verdict = self.outbox.refuse(conversation, client_id, refusal, now.mono, dice);
                match verdict {
                    Verdict::Again | Verdict::Unknown => {}
                    Verdict::Refresh => self.refresh_token(),
                    Verdict::Failed(item, failure) => self.give_up(item, failure),
                }
            }
        }
        self.send_due(now);
    }

    fn confirm(
        &mut self,
        conversation: ConversationId,
        client_id: &str,
        seq: Option<i64>,
        now: Now,
    ) {
        let Some((item, record)) = self.outbox.confirm(conversation, client_id, now.wall_ms) else {
            return;
        };
        self.outputs.push_back(Output::Keep(record));
        self.settle(OutboxUpdate { request: item.request, delivery: Delivery::Sent { seq } });
    }

    /// A message that the server shows is one that it has: its reply may have been lost.
    pub(super) fn confirm_shown(&mut self, message: &Message, now: Now) {
        if self.user.is_some() && message.sender == self.user {
            let (client_id, seq) = (message.client_id.clone(), message.seq);
            self.confirm(message.conversation, &client_id, Some(seq), now);
        }
    }

    /// The server's past is another one: what it acknowledged of late it may have lost.
    pub(super) fn offer_again(&mut self) {
        for item in self.outbox.offer_again() {
            let request = item.request.clone();
            self.outputs.push_back(Output::Keep(Record::Queued(item)));
            self.tell(Event::Outbox(OutboxUpdate { request, delivery: Delivery::Pending }));
        }
    }
}
