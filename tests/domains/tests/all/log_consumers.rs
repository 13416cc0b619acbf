//! What the model knows of a consumer: who holds the lease, what moved, how far it has come.

use std::collections::{BTreeMap, BTreeSet};

use hoopoe_log::consume::Cursor;
use hoopoe_wire::{ConversationId, Time, codes};

/// One consumer and those who want to be it.
#[derive(Debug, Default)]
pub(crate) struct Consumers {
    lease: Option<(i64, i64, Time)>,
    /// The fence that each holder was given last.
    held: BTreeMap<i64, i64>,
    moved: Vec<ConversationId>,
    seen: usize,
    followed: usize,
    cursors: BTreeMap<ConversationId, Cursor>,
}

impl Consumers {
    /// Notes what a committed transaction moved.
    pub(crate) fn moved(&mut self, conversations: impl IntoIterator<Item = ConversationId>) {
        self.moved.extend(conversations);
    }

    /// The fence, or nothing while somebody else holds the lease.
    pub(crate) fn lease(&mut self, holder: i64, now: Time, until: Time) -> Option<i64> {
        let fence = match self.lease {
            None => 1,
            Some((same, fence, _)) if same == holder => fence,
            Some((_, fence, ends)) if ends < now => fence + 1,
            Some(_) => return None,
        };
        self.lease = Some((holder, fence, until));
        self.held.insert(holder, fence);
        Some(fence)
    }

    /// The fence with which a holder works, whether it is still good or not.
    pub(crate) fn held(&self, holder: i64) -> Option<i64> {
        self.held.get(&holder).copied()
    }

    fn check(&self, holder: i64) -> Result<(), &'static str> {
        let current = self.lease.map(|(_, fence, _)| fence);
        if current == self.held(holder) { Ok(()) } else { Err(codes::UNAVAILABLE.code) }
    }

    /// What moved since the positions that were followed.
    pub(crate) fn todo(&mut self) -> BTreeSet<ConversationId> {
        self.seen = self.moved.len();
        self.moved[self.followed..].iter().copied().collect()
    }

    pub(crate) fn follow(&mut self, holder: i64) -> Result<(), &'static str> {
        self.check(holder)?;
        self.followed = self.seen;
        Ok(())
    }

    pub(crate) fn advance(
        &mut self,
        holder: i64,
        conversation: ConversationId,
        to: Cursor,
    ) -> Result<(), &'static str> {
        self.check(holder)?;
        let cursor = self.cursors.entry(conversation).or_default();
        *cursor = Cursor { seq: cursor.seq.max(to.seq), rev: cursor.rev.max(to.rev) };
        Ok(())
    }

    pub(crate) fn cursor(&self, conversation: ConversationId) -> Cursor {
        self.cursors.get(&conversation).copied().unwrap_or_default()
    }
}
