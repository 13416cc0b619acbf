//! How the engine comes to know where everything stands: heads at the start, the list of all where
//! the digest asks for it, and a new beginning when the server's past is another one.

use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};

use hoopoe_wire::{
    ConversationId,
    conversations::{GetSync, HeadItem},
    session::SessionStarted,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{
    Output,
    engine::Engine,
    event::Event,
    frame::{self, Refusal},
    line::Stop,
    outbox::Met,
    record::Record,
    requests::Purpose,
    timeline::Timeline,
};

/// What a client knows of how far it is.
pub(super) struct CatchUp {
    /// Of the last `session.start`.
    pub(super) cursor: Option<String>,
    /// Nothing was ever known: what the server has already is history, not news.
    pub(super) is_first: bool,
    /// All heads are being listed, because the digest said that some are not known.
    pub(super) listing: Option<Listing>,
    /// Conversations of an epoch that is over and were not met in the new one yet.
    pub(super) voided: HashSet<ConversationId>,
    /// Conversations whose pages wait until others have come.
    pub(super) crowd: BTreeSet<ConversationId>,
    /// The app has not heard yet that everything was told.
    pub(super) is_behind: bool,
}

/// A list of all heads, page by page.
#[derive(Default)]
pub(super) struct Listing {
    seen: HashSet<ConversationId>,
    next_page: Option<String>,
    pub(super) is_asked: bool,
    pub(super) retry_at: Option<Duration>,
}

impl CatchUp {
    pub(super) fn new() -> Self {
        Self {
            cursor: None,
            is_first: true,
            listing: None,
            voided: HashSet::new(),
            crowd: BTreeSet::new(),
            is_behind: false,
        }
    }

    /// The line is gone; the digest of the next start says whether a list is needed.
    pub(super) fn lose(&mut self) {
        self.listing = None;
        self.crowd.clear();
    }
}

/// A page of heads, as far as a client needs it.
#[derive(Deserialize)]
pub(super) struct Heads {
    epoch: i64,
    heads: Vec<HeadItem>,
    #[serde(default)]
    next_page: Option<String>,
}

impl Engine {
    /// `session.start` was answered: compare, and ask for what is missing.
    pub(super) fn on_started(&mut self, result: &RawValue) {
        let Ok(started) = serde_json::from_str::<SessionStarted>(result.get()) else {
            let refusal = Refusal::parse("");
            self.line.on_start_refused(self.now.mono, &refusal, &mut self.outputs);
            return;
        };
        match self.outbox.meet_owner(&started.user) {
            Met::Same => {}
            Met::First => {
                self.outputs.push_back(Output::Keep(Record::Owner { user: started.user.clone() }));
            }
            // What one user wrote is never sent, nor shown, as another's.
            Met::Other => {
                self.lose_line();
                return self.stop(Stop::OtherUser(started.user));
            }
        }
        self.line.on_started(self.now.mono, &mut self.outputs);
        self.user = Some(started.user);
        let page = started.page;
        let met = self.outbox.meet_epoch(page.epoch);
        if met != Met::Same {
            self.outputs.push_back(Output::Keep(Record::Epoch { epoch: page.epoch }));
        }
        if met == Met::Other || page.reset {
            self.catch_up.voided.extend(std::mem::take(&mut self.timelines).into_keys());
            self.offer_again();
        }
        self.catch_up.cursor = Some(page.cursor);
        self.catch_up.is_behind = true;
        for head in &page.heads {
            self.forget_what_is_beyond(head);
            self.take_head(head);
        }
        if page.more || self.digest() != page.digest {
            self.catch_up.listing = Some(Listing::default());
        } else {
            self.end_listing();
        }
        self.send_due(self.now);
        self.ask_due();
        self.go_on();
    }

    /// A position beyond the head was of a past that is void.
    fn forget_what_is_beyond(&mut self, head: &HeadItem) {
        let Some(timeline) = self.timelines.get_mut(&head.conversation) else { return };
        let is_beyond = timeline.seqs.at().is_some_and(|at| at > head.head_seq)
            || timeline.revs.at().is_some_and(|at| at > head.head_rev);
        if is_beyond {
            *timeline = Timeline::void(head.head_seq, head.head_rev);
            self.offer_again();
        }
    }

    fn take_head(&mut self, head: &HeadItem) {
        let (is_first, seq, rev) = (self.catch_up.is_first, head.head_seq, head.head_rev);
        let is_void = self.catch_up.voided.remove(&head.conversation);
        let timeline = self.timelines.entry(head.conversation).or_insert_with(|| {
            if is_void {
                Timeline::void(seq, rev)
            } else if is_first {
                Timeline::new(Some(seq), Some(rev))
            } else {
                Timeline::new(Some(0), Some(0))
            }
        });
        timeline.seqs.hear(seq);
        timeline.revs.hear(rev);
    }

    /// As the protocol describes it at `Sync`.
    fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (conversation, timeline) in &self.timelines {
            hash.update(conversation.0);
            hash.update(timeline.seqs.head().to_be_bytes());
            hash.update(timeline.revs.head().to_be_bytes());
        }
        hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn ask_for_heads(&mut self) {
        let now = self.now.mono;
        let Some(listing) = &mut self.catch_up.listing else { return };
        if listing.is_asked || listing.retry_at.is_some_and(|at| at > now) || !self.line.is_live() {
            return;
        }
        listing.is_asked = true;
        let request = GetSync { cursor: None, page: listing.next_page.clone() };
        let id = self.requests.fly(Purpose::Heads);
        self.outputs.push_back(Output::Frame(frame::ask(id, "sync.get", &request)));
    }

    pub(super) fn on_heads(&mut self, heads: Heads) {
        if self.outbox.meet_epoch(heads.epoch) == Met::Other {
            // It happened amidst this session: the next one begins anew.
            self.outputs.push_back(Output::Keep(Record::Epoch { epoch: heads.epoch }));
            return self.begin_anew();
        }
        for head in &heads.heads {
            self.take_head(head);
        }
        let Some(listing) = &mut self.catch_up.listing else { return };
        listing.is_asked = false;
        listing.seen.extend(heads.heads.iter().map(|head| head.conversation));
        listing.next_page = heads.next_page;
        if listing.next_page.is_none() {
            self.end_listing();
        }
        self.go_on();
    }

    /// Everything that is a membership was seen: what was not, is none.
    fn end_listing(&mut self) {
        if let Some(listing) = self.catch_up.listing.take() {
            let gone = |(id, timeline): (&ConversationId, &Timeline)| {
                (!timeline.is_young && !listing.seen.contains(id)).then_some(*id)
            };
            let gone: Vec<_> = self.timelines.iter().filter_map(gone).collect();
            gone.into_iter().for_each(|conversation| self.remove(conversation));
        }
        for timeline in self.timelines.values_mut() {
            timeline.is_young = false;
        }
        for conversation in std::mem::take(&mut self.catch_up.voided) {
            self.tell(Event::Removed(conversation));
        }
        self.catch_up.is_first = false;
    }

    pub(super) fn begin_anew(&mut self) {
        self.catch_up.cursor = None;
        self.catch_up.voided.extend(std::mem::take(&mut self.timelines).into_keys());
        self.offer_again();
        self.outputs.push_back(Output::Hangup);
        self.lose_line();
        self.line.on_closed(self.now.mono, None, "", &mut self.outputs);
    }

    pub(super) fn remove(&mut self, conversation: ConversationId) {
        if self.timelines.remove(&conversation).is_some() {
            self.tell(Event::Removed(conversation));
        }
    }

    /// Tells and asks everywhere: after a start, and when the app has made room.
    pub(super) fn go_on(&mut self) {
        self.is_stalled = false;
        let all: Vec<ConversationId> = self.timelines.keys().copied().collect();
        for conversation in all {
            self.advance(conversation);
        }
        self.ask_for_heads();
        self.look_whether_caught_up();
    }

    /// What was refused a while ago is asked for again.
    pub(super) fn ask_again(&mut self) {
        let now = self.now.mono;
        let due = |timeline: &Timeline| timeline.retry_at.is_some_and(|at| at <= now);
        let due: Vec<ConversationId> =
            self.timelines.iter().filter(|(_, t)| due(t)).map(|(id, _)| *id).collect();
        for conversation in due {
            if let Some(timeline) = self.timelines.get_mut(&conversation) {
                timeline.retry_at = None;
            }
            self.advance(conversation);
        }
        self.ask_for_heads();
    }

    /// When [`Self::ask_again`] has something to do.
    pub(super) fn next_ask(&self) -> Option<Duration> {
        let listing = self.catch_up.listing.as_ref().filter(|listing| !listing.is_asked);
        let pages = self.timelines.values().filter_map(|timeline| timeline.retry_at);
        pages.chain(listing.and_then(|listing| listing.retry_at)).min()
    }

    pub(super) fn look_whether_caught_up(&mut self) {
        if self.catch_up.is_behind
            && self.line.is_live()
            && self.catch_up.listing.is_none()
            && self.timelines.values().all(Timeline::is_complete)
        {
            self.catch_up.is_behind = false;
            self.tell(Event::CaughtUp);
        }
    }
}
