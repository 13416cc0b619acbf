//! Judges a journal: were the invariants of the service kept?
//!
//! [`check`] is a pure function over what clients saw, so it needs no server and is tested by
//! crafted journals. Order is total per conversation, therefore every rule is one linear pass.
//!
//! | rule | exact meaning here |
//! |---|---|
//! | I1 | an acked send is present exactly once, with the same content, in the history of every member entitled to it |
//! | I2 | a stored or delivered message maps to one journalled send; an unacked send is present 0 or 1 times |
//! | I3 | the seqs of a conversation are {1..n}: no hole, no repeat |
//! | I4 | the same seq is the same message for everybody by every path; pushes of a connection rise strictly |
//! | I5 | if ack(a) is before start(b), seq(a) < seq(b); sends of one connection keep their order |
//! | I6 | one (conversation, sender, client id) has one seq and one content for ever |
//! | I7 | read your writes, and monotonic reads: what a user has seen, the user's next read shows |
//! | I8 | a gap between two pushes never goes unseen; a resumed client holds what the server holds |
//! | I9 | nothing after a removal reaches the removed member |
//! | I10 | read and delivered marks never fall nor pass the head; unread is exact |
//! | I11 | a body that somebody was told is gone is shown by no read that begins later, and by no later push of the connection that was told |
//! | I17 | what was refused was not written; 429 and 503 say when to try again |
//! | I18 | memory, descriptors and write-ahead logs stay under their caps and come back down |

mod delivery;
mod facts;
mod gone;
mod order;
mod reads;
mod removal;
mod usage;

#[cfg(test)]
mod tests;

use std::fmt;

use crate::{
    harness::fail,
    journal::{Evidence, Name},
};

/// A rule of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the table at the head of the module says what each means")]
pub enum Invariant {
    I1,
    I2,
    I3,
    I4,
    I5,
    I6,
    I7,
    I8,
    I9,
    I10,
    I11,
    I17,
    I18,
}

/// A rule that was broken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub invariant: Invariant,
    /// In which conversation, where it is about one.
    pub conversation: Option<Name>,
    /// At which seq or rev, where it is about one.
    pub seq: Option<u64>,
    /// What happened, for people.
    pub story: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.invariant)?;
        if let Some(conversation) = &self.conversation {
            write!(f, " in {conversation}")?;
        }
        if let Some(seq) = self.seq {
            write!(f, " at {seq}")?;
        }
        write!(f, ": {}", self.story)
    }
}

/// Collects findings.
#[derive(Default)]
struct Report(Vec<Finding>);

impl Report {
    fn add(
        &mut self,
        invariant: Invariant,
        place: (&str, impl Into<Option<u64>>),
        story: impl Into<String>,
    ) {
        let conversation = (!place.0.is_empty()).then(|| place.0.into());
        self.0.push(Finding { invariant, conversation, seq: place.1.into(), story: story.into() });
    }
}

/// Everything that is wrong with the evidence; empty when all rules were kept.
pub fn check(evidence: &Evidence) -> Vec<Finding> {
    let facts = facts::Facts::new(evidence);
    let mut report = Report::default();
    delivery::check(&facts, &mut report);
    order::check(&facts, &mut report);
    reads::check(&facts, &mut report);
    removal::check(&facts, &mut report);
    gone::check(&facts, &mut report);
    usage::check(&facts, &mut report);
    report.0.sort_by_key(|finding| finding.invariant);
    report.0
}

/// Most findings of one rule that [`assert_kept`] prints: one broken thing is often seen by many.
const PRINTED_PER_RULE: usize = 8;

/// The findings as text, the first few of each rule.
pub fn describe(findings: &[Finding]) -> String {
    let mut text = format!("{} findings\n", findings.len());
    for rule in findings.chunk_by(|a, b| a.invariant == b.invariant) {
        for finding in rule.iter().take(PRINTED_PER_RULE) {
            text.push_str(&format!("  {finding}\n"));
        }
        if let Some(more) = rule.len().checked_sub(PRINTED_PER_RULE + 1) {
            text.push_str(&format!("  {:?}: and {} more\n", rule[0].invariant, more + 1));
        }
    }
    text
}

/// Ends the test when a rule was broken.
///
/// # Panics
/// With the findings, when there are any.
#[track_caller]
pub fn assert_kept(evidence: &Evidence) {
    let findings = check(evidence);
    if !findings.is_empty() {
        fail(format!("the journal of {} lines: {}", evidence.entries.len(), describe(&findings)));
    }
}
