//! Delivered and read marks: high-water marks, coalesced per member, written with the next batch.

use std::{collections::hash_map::Entry, sync::Arc};

use hoopoe_kernel::{Answer, AppNo, Ctx, Fail, Uid, UserActor};
use hoopoe_log::{LogTx, Marks, heads, marks, messages, spans, state};
use hoopoe_wire::{
    ConversationId, codes, limits,
    messages::{MarkMessages, MarksNow},
};
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::oneshot;

use super::{Messages, receipt::NAMED_MEMBERS_MAX};

/// Messages of a range whose senders are told; a reader who comes back to thousands tells the
/// senders of the newest ones.
const RECEIPT_RANGE_MAX: i64 = 200;

/// A mark in a conversation that has been quiet for so long is written into the user's state log as
/// well: a device that comes back is told of a conversation that moved since, with the marks, and
/// this one has not. Half of `SYNC_OVERLAP_S`; the other half is for clocks that differ.
const QUIET_S: i64 = limits::SYNC_OVERLAP_S / 2;

/// How far a mark goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Received.
    Delivered,
    /// Received and read.
    Read,
}

/// A mark that was written.
#[derive(Debug, Clone)]
pub(crate) struct Marked {
    pub(crate) app: AppNo,
    pub(crate) conversation: ConversationId,
    pub(crate) user: UserActor,
    pub(crate) now: Marks,
    pub(crate) unread: i64,
    /// The newest message when it was written: a mark beyond it is refused.
    head_seq: i64,
    /// Whether anything moved.
    pub(crate) has_moved: bool,
    /// The user had marked the conversation as unread, and has read it since.
    is_read_again: bool,
    /// Who wrote in the range just received or read.
    pub(crate) senders: Vec<Uid>,
    /// Whether there are too many members to tell them names.
    pub(crate) is_large: bool,
    /// Whether other devices find out by the user's state log only.
    is_quiet: bool,
}

type Place = (AppNo, ConversationId, Uid);
type Reply = oneshot::Sender<Result<Marked, Fail>>;

/// What one call asks for.
struct Ask {
    wanted: Marks,
    reply: Reply,
}

/// What a member asks for.
struct Report {
    user: UserActor,
    asks: Vec<Ask>,
}

impl Report {
    /// The highest marks that are asked for and that do not pass the head. One device that is wrong
    /// does not take the others' marks with it.
    fn wanted(&self, head_seq: i64) -> Marks {
        let possible = self.asks.iter().map(|ask| ask.wanted);
        let possible = possible.filter(|wanted| wanted.delivered_seq <= head_seq);
        possible.fold(Marks::default(), |most, wanted| Marks {
            delivered_seq: most.delivered_seq.max(wanted.delivered_seq),
            read_seq: most.read_seq.max(wanted.read_seq),
            receipt_seq: most.receipt_seq.max(wanted.receipt_seq),
            unread_from: None,
        })
    }
}

/// Marks that wait for the writer.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Reports>);

#[derive(Default)]
struct Reports {
    waiting: FxHashMap<Place, Report>,
    /// Apps whose marks are being written: one transaction at a time, so that receipts leave in
    /// the order of their marks.
    writing: FxHashSet<AppNo>,
}

impl Waiting {
    /// Adds a report. `true`: nobody writes this app's marks; the caller does from now on.
    fn add(&self, place: Place, user: &UserActor, ask: Ask) -> bool {
        let mut reports = self.0.lock();
        match reports.waiting.entry(place) {
            Entry::Occupied(mut entry) => entry.get_mut().asks.push(ask),
            Entry::Vacant(entry) => {
                entry.insert(Report { user: user.clone(), asks: vec![ask] });
            }
        }
        reports.writing.insert(place.0)
    }

    /// Whether more came meanwhile. `false`: the caller no longer writes this app's marks.
    fn goes_on(&self, app: AppNo) -> bool {
        let mut reports = self.0.lock();
        let more = reports.waiting.keys().any(|(owner, ..)| *owner == app);
        if !more {
            reports.writing.remove(&app);
        }
        more
    }

    /// Takes everything of an app, in an order that two writers share.
    fn take(&self, app: AppNo) -> Vec<(Place, Report)> {
        let waiting = &mut self.0.lock().waiting;
        let mut taken: Vec<_> = waiting.extract_if(|(owner, ..), _| *owner == app).collect();
        taken.sort_unstable_by_key(|(place, _)| *place);
        taken
    }
}

impl Messages {
    /// Raises the caller's mark and answers after it is stored.
    pub(crate) async fn mark(
        &self,
        ctx: Ctx,
        request: MarkMessages,
        mark: Mark,
    ) -> Result<Answer<MarksNow>, Fail> {
        let user = ctx.user()?;
        if request.seq < 0 {
            return Err(Fail::field("/seq", "range", "a seq is at least 0"));
        }
        let wanted = match mark {
            Mark::Delivered => Marks { delivered_seq: request.seq, ..Marks::default() },
            Mark::Read => Marks {
                delivered_seq: request.seq,
                read_seq: request.seq,
                receipt_seq: request.seq,
                unread_from: None,
            },
        };
        let (reply, receiver) = oneshot::channel();
        let place = (ctx.app, request.conversation, user.uid);
        if self.inner.marks.add(place, user, Ask { wanted, reply }) {
            self.write_marks(ctx.app);
        }
        let marked = receiver.await.unwrap_or_else(|_| Err(Fail::unavailable()))?;
        Ok(Answer::ok(MarksNow {
            delivered_seq: marked.now.delivered_seq,
            read_seq: marked.now.read_seq,
            unread: marked.unread,
            unread_from: marked.now.unread_from,
        }))
    }

    /// Writes this app's marks until none waits.
    fn write_marks(&self, app: AppNo) {
        let messages = self.clone();
        tokio::spawn(async move {
            loop {
                messages.write_waiting(app).await;
                if !messages.inner.marks.goes_on(app) {
                    break;
                }
            }
        });
    }

    /// One transaction that takes, when its turn comes, everything that waits by then.
    async fn write_waiting(&self, app: AppNo) {
        let taken = Arc::new(Mutex::new(None));
        let (taking, taken_there) = (self.clone(), taken.clone());
        let written = self.inner.log.write(app, move |log| {
            let mut taken = taken_there.lock();
            raise_all(log, taken.get_or_insert_with(|| taking.inner.marks.take(app)))
        });
        let written = written.await;
        // A writer that never came to it has taken nothing: what waits is refused with it.
        let taken = taken.lock().take();
        let reports = taken.unwrap_or_else(|| self.inner.marks.take(app));
        match written {
            Ok(results) => self.answer_marks(reports, results),
            Err(fail) => refuse(reports, &fail),
        }
    }

    fn answer_marks(&self, reports: Vec<(Place, Report)>, results: Vec<Result<Marked, Fail>>) {
        for ((_, report), result) in reports.into_iter().zip(results) {
            if let Ok(marked) = &result {
                self.tell_receipt(marked);
                if marked.is_read_again {
                    let unread_from = marked.now.unread_from;
                    self.tell_unread_from(marked.conversation, marked.user.uid, unread_from);
                }
            }
            for Ask { wanted, reply } in report.asks {
                let answer = match &result {
                    Ok(marked) if wanted.delivered_seq > marked.head_seq => {
                        Err(Fail::field("/seq", "range", "there is no message of this seq yet"))
                    }
                    result => result.clone(),
                };
                drop(reply.send(answer));
            }
        }
    }
}

fn refuse(reports: Vec<(Place, Report)>, fail: &Fail) {
    for ask in reports.into_iter().flat_map(|(_, report)| report.asks) {
        drop(ask.reply.send(Err(fail.clone())));
    }
}

fn raise_all(
    log: &mut LogTx<'_>,
    reports: &[(Place, Report)],
) -> Result<Vec<Result<Marked, Fail>>, Fail> {
    let mut results = Vec::with_capacity(reports.len());
    for ((_, conversation, _), report) in reports {
        match raise(log, *conversation, report) {
            // The database's own failure is everybody's; a refusal is the caller's.
            Err(fail) if fail.code().status >= 500 => return Err(fail),
            result => results.push(result),
        }
    }
    keep_quiet_marks(log, &results)?;
    Ok(results)
}

/// Lets the user's other devices find the marks when they come back.
pub(super) fn keep_marks(
    log: &mut LogTx<'_>,
    uid: Uid,
    conversation: ConversationId,
    now: &Marks,
) -> Result<(), Fail> {
    let body = match now.unread_from {
        None => format!("{{\"read_seq\":{}}}", now.read_seq),
        Some(from) => format!("{{\"read_seq\":{},\"unread_from\":{from}}}", now.read_seq),
    };
    log.put_state(uid, state::READ, conversation.as_bytes(), body.as_bytes()).map(|_| ())
}

/// Users' own lists are locked in the order of their ids everywhere.
fn keep_quiet_marks(log: &mut LogTx<'_>, results: &[Result<Marked, Fail>]) -> Result<(), Fail> {
    let mut quiet: Vec<&Marked> = results.iter().flatten().filter(|one| one.is_quiet).collect();
    quiet.sort_unstable_by_key(|one| one.user.uid);
    for Marked { user, conversation, now, .. } in quiet {
        keep_marks(log, user.uid, *conversation, now)?;
    }
    Ok(())
}

fn raise(
    log: &mut LogTx<'_>,
    conversation: ConversationId,
    report: &Report,
) -> Result<Marked, Fail> {
    let (app, uid) = (log.app(), report.user.uid);
    let not_found = || Fail::new(&codes::CONVERSATION_NOT_FOUND);
    let head = heads::find(log.read(), app, conversation)?.ok_or_else(not_found)?;
    if spans::gate(log.read(), app, conversation, uid)?.is_none() {
        return Err(not_found());
    }
    let before = marks::find(log.read(), conversation, uid)?;
    let wanted = report.wanted(head.seq);
    let now = match wanted == Marks::default() {
        true => before,
        false => log.raise_marks(conversation, uid, wanted)?,
    };
    let mut marked = Marked {
        app,
        conversation,
        user: report.user.clone(),
        now,
        unread: marks::unread(log.read(), conversation, uid, head.seq)?,
        head_seq: head.seq,
        has_moved: Marks { unread_from: before.unread_from, ..now } != before,
        is_read_again: now.unread_from != before.unread_from,
        senders: Vec::new(),
        is_large: false,
        is_quiet: now.unread_from != before.unread_from
            || now.read_seq > before.read_seq && log.now() > head.at.plus_s(QUIET_S),
    };
    if marked.has_moved {
        let from = before.receipt_seq.min(before.delivered_seq) + 1;
        let to = now.delivered_seq.max(now.receipt_seq);
        let from = from.max(to - RECEIPT_RANGE_MAX + 1);
        marked.senders = messages::senders(log.read(), conversation, from, to)?;
        let members = spans::some_members(log.read(), conversation, NAMED_MEMBERS_MAX + 1)?;
        marked.is_large = members.len() > NAMED_MEMBERS_MAX;
        if !marked.is_large {
            // Who wrote here once and has gone since is told nothing any more.
            marked.senders.retain(|sender| members.contains(sender));
        }
    }
    Ok(marked)
}
