//! What the server says by itself, and what of it the app is told now.

use hoopoe_wire::{
    ConversationId,
    conversations::{Conversation, MemberRemovedEvent},
    messages::ReceiptUpdated,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    engine::Engine,
    event::{Change, Event, Message, Other},
    frame::ServerFrame,
    timeline::Timeline,
};

impl Engine {
    /// Something that the server said by itself.
    pub(super) fn on_event(&mut self, frame: &ServerFrame<'_>) {
        let name = frame.event.as_deref().unwrap_or_default();
        let Some(conversation) = frame.conversation.filter(|id| !id.is_none()) else {
            return match name {
                "sync.reset" => self.begin_anew(),
                _ => self.tell_other(frame),
            };
        };
        match (name, frame.seq, frame.rev, frame.skip) {
            (_, _, _, Some(seq)) => self.timeline(conversation, frame).seqs.offer(seq, None),
            (_, Some(seq), _, _) => {
                let message = frame.data.and_then(|data| Message::parse(data).ok());
                if message.is_none() {
                    self.tell_other(frame);
                }
                self.timeline(conversation, frame).seqs.offer(seq, message);
            }
            (_, None, Some(rev), _) => {
                let change = change_of(conversation, frame, rev);
                self.timeline(conversation, frame).revs.offer(rev, Some(change));
            }
            ("conversation.created", ..) => self.on_snapshot(conversation, frame),
            ("receipt.updated", ..) => {
                let data = frame.data.map_or("", RawValue::get);
                match serde_json::from_str::<ReceiptUpdated>(data) {
                    Ok(receipt) => self.tell(Event::Receipt(receipt)),
                    Err(_) => self.tell_other(frame),
                }
                return;
            }
            _ => return self.tell_other(frame),
        }
        self.advance(conversation);
        self.look_whether_caught_up();
    }

    fn tell_other(&mut self, frame: &ServerFrame<'_>) {
        let event = frame.event.as_deref().unwrap_or_default().to_owned();
        let conversation = frame.conversation;
        self.tell(Event::Other(Other { event, conversation, data: frame.value() }));
    }

    /// The user joined: the conversation as it is at that moment, behind everything before.
    fn on_snapshot(&mut self, conversation: ConversationId, frame: &ServerFrame<'_>) {
        let change = change_of(conversation, frame, 0);
        self.timeline(conversation, frame);
        self.tell(Event::Change(change));
    }

    /// The conversation that a frame is about, which may be its first.
    fn timeline(&mut self, conversation: ConversationId, frame: &ServerFrame<'_>) -> &mut Timeline {
        let is_young = self.catch_up.listing.is_some();
        let is_first = self.catch_up.is_first;
        self.timelines.entry(conversation).or_insert_with(|| {
            let begins = frame.event.as_deref() == Some("conversation.created");
            let timeline = if begins {
                let data = frame.data.map_or("", RawValue::get);
                let seq = serde_json::from_str::<Conversation>(data).map_or(0, |c| c.head_seq);
                // At a snapshot the rev of the joining itself is still to come.
                let rev = frame.rev.or(frame.members_rev).unwrap_or(1);
                Timeline::new(Some(seq), Some(rev - 1))
            } else if is_first {
                Timeline::new(None, None)
            } else {
                Timeline::new(Some(0), Some(0))
            };
            Timeline { is_young, ..timeline }
        })
    }

    /// Tells what may be told of a conversation, and asks for what is missing.
    pub(super) fn advance(&mut self, conversation: ConversationId) {
        loop {
            if !self.has_room() {
                self.is_stalled = true;
                return;
            }
            let Some(timeline) = self.timelines.get_mut(&conversation) else { return };
            if timeline.is_void {
                break;
            }
            if let Some(message) = timeline.seqs.next_if(|_| true) {
                self.confirm_shown(&message, self.now);
                self.tell(Event::Message(message));
                continue;
            }
            // A change comes behind the messages that it came after.
            let at = timeline.seqs.at();
            let may = |change: &Change| at.is_none_or(|at| change.at_seq <= at);
            let Some(change) = timeline.revs.next_if(may) else {
                if let Some(at_seq) = timeline.revs.peek().map(|change| change.at_seq) {
                    timeline.seqs.hear(at_seq);
                }
                break;
            };
            let is_end = self.is_own_removal(&change);
            self.tell(Event::Change(change));
            if is_end {
                return self.remove(conversation);
            }
        }
        self.ask_for_missing(conversation);
        self.send_due(self.now);
    }

    fn is_own_removal(&self, change: &Change) -> bool {
        change.event == "member.removed"
            && MemberRemovedEvent::deserialize(&change.data)
                .is_ok_and(|removed| Some(removed.user) == self.user)
    }
}

fn change_of(conversation: ConversationId, frame: &ServerFrame<'_>, rev: i64) -> Change {
    let event = frame.event.as_deref().unwrap_or_default().to_owned();
    Change { event, conversation, rev, at_seq: frame.at_seq.unwrap_or(0), data: frame.value() }
}
