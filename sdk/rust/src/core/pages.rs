//! Pages that close gaps: when they are asked for, and what they show.

use std::time::Duration;

use hoopoe_wire::{
    ConversationId, limits,
    messages::{ListChanges, ListMessages},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use super::{
    Output,
    engine::Engine,
    event::{Change, Event, Missed, Refetched},
    frame::{self, Page, Refusal},
    requests::Purpose,
};

/// A longer gap is not told message by message: the newest page, and the rest on demand.
const GAP_MAX: i64 = 200;
const PAGE: usize = limits::PAGE_ITEMS_MAX;
/// Pages under way at a time: a client that was away long must not use up its own budget at once.
const PAGES_MAX: usize = 16;
/// How long a page that was refused is left alone.
const REFUSED_WAIT: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Changes {
    items: Vec<OldChange>,
    has_after: bool,
}

#[derive(Deserialize)]
struct OldChange {
    event: String,
    rev: i64,
    #[serde(default)]
    at_seq: i64,
    #[serde(default)]
    data: Value,
}

impl Engine {
    /// Asks for the pages that would close the gaps of a conversation.
    pub(super) fn ask_for_missing(&mut self, conversation: ConversationId) {
        let now = self.now.mono;
        let Some(timeline) = self.timelines.get_mut(&conversation) else { return };
        if !self.line.is_live() || timeline.retry_at.is_some_and(|at| at > now) {
            return;
        }
        if self.requests.pages() >= PAGES_MAX {
            if timeline.is_void || !timeline.is_complete() {
                self.catch_up.crowd.insert(conversation);
            }
            return;
        }
        let mut asks = Vec::new();
        let head = timeline.seqs.head();
        if timeline.is_void {
            if !timeline.seqs.is_asked {
                timeline.seqs.is_asked = true;
                asks.push(Purpose::Refetch { conversation, head });
            }
        } else {
            if let Some(after) = timeline.seqs.gap().filter(|_| !timeline.seqs.is_asked) {
                timeline.seqs.is_asked = true;
                asks.push(if head - after > GAP_MAX {
                    Purpose::Newest { conversation, after, head }
                } else {
                    Purpose::Messages { conversation, after, head }
                });
            }
            let head = timeline.revs.head();
            if let Some(after) = timeline.revs.gap().filter(|_| !timeline.revs.is_asked) {
                if head - after > GAP_MAX {
                    timeline.revs.jump(head);
                    let missed = Missed { conversation, seqs: None, revs: Some((after, head + 1)) };
                    self.tell(Event::Missed(missed));
                } else {
                    timeline.revs.is_asked = true;
                    asks.push(Purpose::Changes { conversation, after, head });
                }
            }
        }
        asks.iter().for_each(|purpose| self.ask_for_page(purpose));
    }

    fn ask_for_page(&mut self, purpose: &Purpose) {
        let list = |conversation, after| {
            let (before, around, limit) = (None, None, Some(PAGE));
            ListMessages { conversation, before, after, around, limit }
        };
        let id = self.requests.fly(purpose.clone());
        let frame = match *purpose {
            Purpose::Messages { conversation, after, .. } => {
                frame::ask(id, "messages.list", &list(conversation, Some(after)))
            }
            Purpose::Newest { conversation, .. } | Purpose::Refetch { conversation, .. } => {
                frame::ask(id, "messages.list", &list(conversation, None))
            }
            Purpose::Changes { conversation, after, .. } => {
                let request = ListChanges { conversation, after, limit: Some(PAGE) };
                frame::ask(id, "messages.changes", &request)
            }
            Purpose::App(_) | Purpose::Start | Purpose::Send { .. } | Purpose::Heads => return,
        };
        self.outputs.push_back(Output::Frame(frame));
    }

    /// A page that the engine asked for.
    pub(super) fn on_page(&mut self, purpose: &Purpose, outcome: Result<&RawValue, Refusal>) {
        let read = outcome.and_then(|result| self.read_page(purpose, result.get()));
        if let Err(refusal) = read {
            self.on_page_refused(purpose, &refusal);
        }
        if let Some(conversation) = conversation_of(purpose) {
            self.advance(conversation);
        }
        while self.requests.pages() < PAGES_MAX
            && let Some(next) = self.catch_up.crowd.pop_first()
        {
            self.advance(next);
        }
        self.look_whether_caught_up();
    }

    fn read_page(&mut self, purpose: &Purpose, json: &str) -> Result<(), Refusal> {
        let unread = |_| Refusal::parse("");
        match *purpose {
            Purpose::Heads => self.on_heads(serde_json::from_str(json).map_err(unread)?),
            Purpose::Changes { conversation, head, .. } => {
                let page: Changes = serde_json::from_str(json).map_err(unread)?;
                let Some(timeline) = self.timelines.get_mut(&conversation) else { return Ok(()) };
                let last = page.items.last().map(|change| change.rev);
                let changes = page.items.into_iter().map(|old| {
                    let OldChange { event, rev, at_seq, data } = old;
                    (rev, Change { event, conversation, rev, at_seq, data })
                });
                timeline.revs.take_page(changes, covered(last, page.has_after, head));
            }
            Purpose::Messages { conversation, head, .. }
            | Purpose::Newest { conversation, head, .. }
            | Purpose::Refetch { conversation, head } => {
                let page: Page = serde_json::from_str(json).map_err(unread)?;
                if !self.timelines.contains_key(&conversation) {
                    return Ok(());
                }
                match *purpose {
                    Purpose::Refetch { .. } => {
                        self.refetched(conversation, head, page);
                        return Ok(());
                    }
                    Purpose::Newest { after, .. } => self.pass_over(conversation, after, &page),
                    _ => {}
                }
                let Some(timeline) = self.timelines.get_mut(&conversation) else { return Ok(()) };
                let last = page.items.last().map(|message| message.seq);
                let upto = covered(last, page.has_after, head);
                let messages = page.items.into_iter().map(|message| (message.seq, message));
                timeline.seqs.take_page(messages, upto);
            }
            Purpose::App(_) | Purpose::Start | Purpose::Send { .. } => {}
        }
        Ok(())
    }

    /// Between what was told and the newest page is what the app asks for when it wants it.
    fn pass_over(&mut self, conversation: ConversationId, after: i64, page: &Page) {
        let Some(first) = page.items.first().map(|message| message.seq) else { return };
        if first <= after + 1 {
            return;
        }
        if let Some(timeline) = self.timelines.get_mut(&conversation) {
            timeline.seqs.jump(first - 1);
        }
        if page.has_before {
            let missed = Missed { conversation, seqs: Some((after, first)), revs: None };
            self.tell(Event::Missed(missed));
        }
    }

    fn refetched(&mut self, conversation: ConversationId, head: i64, page: Page) {
        let Page { items: messages, has_before, .. } = page;
        if let Some(timeline) = self.timelines.get_mut(&conversation) {
            let last = messages.last().map_or(head, |message| message.seq.max(head));
            timeline.seqs.jump(last);
            timeline.seqs.is_asked = false;
            timeline.is_void = false;
        }
        for message in &messages {
            self.confirm_shown(message, self.now);
        }
        self.tell(Event::Refetched(Refetched { conversation, messages, has_before }));
    }

    fn on_page_refused(&mut self, purpose: &Purpose, refusal: &Refusal) {
        if refusal.status() == 401 {
            return self.refresh_token();
        }
        let retry_at = self.now.mono + refusal.retry_after().unwrap_or_default().max(REFUSED_WAIT);
        let Some(conversation) = conversation_of(purpose) else {
            if let Some(listing) = &mut self.catch_up.listing {
                listing.is_asked = false;
                listing.retry_at = Some(retry_at);
            }
            return;
        };
        if refusal.status() == 404 {
            // No longer a member.
            return self.remove(conversation);
        }
        if let Some(timeline) = self.timelines.get_mut(&conversation) {
            timeline.lose();
            timeline.retry_at = Some(retry_at);
        }
    }
}

/// Up to where a page behind a number shows everything: to its last entry when there is more, else
/// to the newest that was known when it was asked for.
fn covered(last: Option<i64>, has_after: bool, head: i64) -> i64 {
    match last {
        Some(last) if has_after => last,
        Some(last) => last.max(head),
        None => head,
    }
}

fn conversation_of(purpose: &Purpose) -> Option<ConversationId> {
    match purpose {
        Purpose::Messages { conversation, .. }
        | Purpose::Newest { conversation, .. }
        | Purpose::Refetch { conversation, .. }
        | Purpose::Changes { conversation, .. } => Some(*conversation),
        Purpose::App(_) | Purpose::Start | Purpose::Send { .. } | Purpose::Heads => None,
    }
}
