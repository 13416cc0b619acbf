//! Sends that wait for their acknowledgement: in order, one at a time in each conversation, under
//! one client id until the server has them or does not want them.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    time::Duration,
};

use hoopoe_wire::{ConversationId, UserId, messages::SendRequest};

use super::{
    backoff::{Backoff, Dice},
    event::SendFailure,
    frame::Refusal,
    record::{Image, Item, Record},
};

/// Sends under way on one line, each in another conversation.
const FLYING_MAX: usize = 96;
/// The server keeps client ids for 90 days behind the last trimmed message; far inside of that a
/// repeat is certain to be recognised.
pub(super) const AGE_MS_MAX: i64 = 30 * 24 * 3_600 * 1_000;
const BACKOFF_BASE: Duration = Duration::from_millis(500);
const BACKOFF_CAP: Duration = Duration::from_secs(60);
/// Answers in a row that say "our mistake", after which a send is given up.
const BROKEN_MAX: u32 = 8;

#[derive(Debug)]
struct Queue {
    items: VecDeque<Item>,
    is_flying: bool,
    retry_at: Option<Duration>,
    backoff: Backoff,
}

impl Queue {
    fn new() -> Self {
        Self {
            items: VecDeque::new(),
            is_flying: false,
            retry_at: None,
            backoff: Backoff::new(BACKOFF_BASE, BACKOFF_CAP),
        }
    }

    /// The first is done with, however it ended.
    fn pop(&mut self) -> Option<Item> {
        self.is_flying = false;
        self.retry_at = None;
        self.backoff.reset();
        self.items.pop_front()
    }
}

/// What an answer to a send means.
pub(super) enum Verdict {
    /// It is tried again by itself.
    Again,
    /// The token is not good any more: another one, then again.
    Refresh,
    /// It is given up.
    Failed(Item, SendFailure),
    /// It is not in the outbox (any more).
    Unknown,
}

#[derive(Debug)]
pub(super) struct Outbox {
    queues: BTreeMap<ConversationId, Queue>,
    ids: HashSet<String>,
    /// What was acknowledged of late, to be offered again to a server that forgot it.
    sent: Image,
    flying: usize,
}

impl Outbox {
    pub(super) fn new(image: Image) -> Self {
        let Image { owner, epoch, queued, sent } = image;
        let sent = Image { owner, epoch, queued: VecDeque::new(), sent };
        let mut outbox = Self { queues: BTreeMap::new(), ids: HashSet::new(), sent, flying: 0 };
        for item in queued {
            outbox.push(item);
        }
        outbox
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn requests(&self) -> impl Iterator<Item = &SendRequest> {
        self.queues.values().flat_map(|queue| queue.items.iter().map(|item| &item.request))
    }

    /// `false`: it is there already.
    pub(super) fn push(&mut self, item: Item) -> bool {
        if !self.ids.insert(item.request.client_id.clone()) {
            return false;
        }
        let conversation = item.request.conversation;
        self.queues.entry(conversation).or_insert_with(Queue::new).items.push_back(item);
        true
    }

    /// The next send whose turn it is.
    pub(super) fn next_due(&mut self, now: Duration) -> Option<&SendRequest> {
        if self.flying >= FLYING_MAX {
            return None;
        }
        let is_due = |queue: &Queue| !queue.is_flying && queue.retry_at.is_none_or(|at| at <= now);
        let queue = self.queues.values_mut().find(|queue| is_due(queue))?;
        queue.is_flying = true;
        self.flying += 1;
        Some(&queue.items.front()?.request)
    }

    fn land(&mut self, conversation: ConversationId) -> Option<&mut Queue> {
        let queue = self.queues.get_mut(&conversation)?;
        if std::mem::take(&mut queue.is_flying) {
            self.flying -= 1;
        }
        Some(queue)
    }

    fn first_is(&self, conversation: ConversationId, client_id: &str) -> bool {
        let queue = self.queues.get(&conversation);
        let first = queue.and_then(|queue| queue.items.front());
        first.is_some_and(|item| item.request.client_id == client_id)
    }

    /// The server has it: it said so, or it showed the message.
    pub(super) fn confirm(
        &mut self,
        conversation: ConversationId,
        client_id: &str,
        at_ms: i64,
    ) -> Option<(Item, Record)> {
        if !self.ids.contains(client_id) {
            return None;
        }
        let item = if self.first_is(conversation, client_id) {
            self.land(conversation);
            self.queues.get_mut(&conversation)?.pop()?
        } else {
            // Another device of an older copy of this outbox was faster.
            let queue = self.queues.get_mut(&conversation)?;
            let is_it = |item: &Item| item.request.client_id == client_id;
            let at = queue.items.iter().position(is_it)?;
            queue.items.remove(at)?
        };
        self.forget(conversation, client_id);
        let record = Record::Sent { client_id: client_id.to_owned(), at_ms };
        self.sent.apply(Record::Queued(item.clone()));
        self.sent.apply(record.clone());
        Some((item, record))
    }

    /// The server did not take it.
    pub(super) fn refuse(
        &mut self,
        conversation: ConversationId,
        client_id: &str,
        refusal: Refusal,
        now: Duration,
        dice: &mut Dice,
    ) -> Verdict {
        if !self.first_is(conversation, client_id) {
            return Verdict::Unknown;
        }
        let Some(queue) = self.land(conversation) else { return Verdict::Unknown };
        let is_broken = refusal.status() >= 500 && !refusal.is_retryable();
        if refusal.status() == 401 {
            return Verdict::Refresh;
        }
        // Whether a mistake of the server came before or behind the commit is not known: the same
        // client id finds out.
        if refusal.is_retryable() || is_broken && queue.backoff.failures() < BROKEN_MAX {
            queue.retry_at = Some(now + queue.backoff.next(dice, refusal.retry_after()));
            return Verdict::Again;
        }
        let Some(item) = queue.pop() else { return Verdict::Unknown };
        self.forget(conversation, client_id);
        Verdict::Failed(item, SendFailure::Refused(refusal))
    }

    fn forget(&mut self, conversation: ConversationId, client_id: &str) {
        self.ids.remove(client_id);
        if self.queues.get(&conversation).is_some_and(|queue| queue.items.is_empty()) {
            self.queues.remove(&conversation);
        }
    }

    /// The line is gone: what was under way is not answered any more.
    pub(super) fn lose(&mut self) {
        self.flying = 0;
        for queue in self.queues.values_mut() {
            queue.is_flying = false;
            queue.retry_at = None;
        }
    }

    /// Takes out what is too old to be sent. What is under way is left to its answer.
    pub(super) fn expire(&mut self, wall_ms: i64) -> Vec<Item> {
        let is_old = |item: &Item| wall_ms.saturating_sub(item.queued_at_ms) > AGE_MS_MAX;
        let mut expired = Vec::new();
        for queue in self.queues.values_mut() {
            while !queue.is_flying && queue.items.front().is_some_and(is_old) {
                expired.extend(queue.pop());
            }
        }
        for item in &expired {
            self.forget(item.request.conversation, &item.request.client_id);
        }
        expired
    }

    /// When the next send's turn comes, of those that wait after a refusal.
    pub(super) fn next_retry(&self) -> Option<Duration> {
        // On a full line the next answer is what is waited for.
        let queues = self.queues.values().filter(|_| self.flying < FLYING_MAX);
        queues.filter(|queue| !queue.is_flying).filter_map(|queue| queue.retry_at).min()
    }

    /// Whether the outbox is of this user, whose it is from now on.
    pub(super) fn meet_owner(&mut self, user: &UserId) -> Met {
        match &self.sent.owner {
            Some(owner) if owner == user => Met::Same,
            Some(_) => Met::Other,
            None => {
                self.sent.owner = Some(user.clone());
                Met::First
            }
        }
    }

    /// Whether the server is another one than it was, as far as its past goes; it is remembered.
    pub(super) fn meet_epoch(&mut self, epoch: i64) -> Met {
        match self.sent.epoch.replace(epoch) {
            None => Met::First,
            Some(known) if known == epoch => Met::Same,
            Some(_) => Met::Other,
        }
    }

    /// Puts what was acknowledged of late back in front of everything, under the old client ids: a
    /// server that has it answers with it, one that lost it stores it.
    pub(super) fn offer_again(&mut self) -> Vec<Item> {
        let again: Vec<Item> = self.sent.sent.drain(..).map(|sent| sent.item).collect();
        let mut offered = Vec::new();
        for item in again.into_iter().rev() {
            let request = &item.request;
            if self.ids.insert(request.client_id.clone()) {
                let queue = self.queues.entry(request.conversation).or_insert_with(Queue::new);
                queue.items.push_front(item.clone());
                offered.push(item);
            }
        }
        offered.reverse();
        offered
    }
}

/// What an epoch or a user is, compared with the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    First,
    Same,
    Other,
}
