//! Delivered and read marks: high-water marks, coalesced per member, written with the next batch.

use std::collections::hash_map::Entry;

use hoopoe_kernel::{Answer, AppNo, Ctx, Fail, Uid, UserActor};
use hoopoe_log::{LogTx, Marks, heads, marks, messages, spans};
use hoopoe_wire::{
    ConversationId, codes,
    messages::{MarkMessages, MarksNow},
};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::oneshot;

use super::Messages;

/// Messages of a range whose senders are told; a reader who comes back to thousands tells the
/// senders of the newest ones.
const RECEIPT_RANGE_MAX: i64 = 200;

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
    pub(crate) conversation: ConversationId,
    pub(crate) user: UserActor,
    pub(crate) now: Marks,
    pub(crate) unread: i64,
    /// Whether anything moved.
    pub(crate) has_moved: bool,
    /// Who wrote in the range just received or read.
    pub(crate) senders: Vec<Uid>,
    pub(crate) member_count: usize,
}

type Place = (AppNo, ConversationId, Uid);
type Reply = oneshot::Sender<Result<Marked, Fail>>;

struct Report {
    user: UserActor,
    wanted: Marks,
    replies: Vec<Reply>,
}

/// Marks that wait for the writer.
#[derive(Default)]
pub(super) struct Waiting {
    reports: Mutex<FxHashMap<Place, Report>>,
}

impl Waiting {
    /// Adds a report. `true`: nobody has asked the writer for this app's yet.
    fn add(&self, place: Place, user: &UserActor, wanted: Marks, reply: Reply) -> bool {
        let mut reports = self.reports.lock();
        let is_first = !reports.keys().any(|(app, ..)| *app == place.0);
        match reports.entry(place) {
            Entry::Occupied(mut entry) => {
                let report = entry.get_mut();
                report.wanted.delivered_seq = report.wanted.delivered_seq.max(wanted.delivered_seq);
                report.wanted.read_seq = report.wanted.read_seq.max(wanted.read_seq);
                report.replies.push(reply);
            }
            Entry::Vacant(entry) => {
                entry.insert(Report { user: user.clone(), wanted, replies: vec![reply] });
            }
        }
        is_first
    }

    fn take(&self, app: AppNo) -> Vec<(Place, Report)> {
        self.reports.lock().extract_if(|(owner, ..), _| *owner == app).collect()
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
            Mark::Read => {
                Marks { delivered_seq: request.seq, read_seq: request.seq, ..Marks::default() }
            }
        };
        let (reply, receiver) = oneshot::channel();
        let place = (ctx.app, request.conversation, user.uid);
        if self.inner.marks.add(place, user, wanted, reply) {
            self.write_marks(ctx.app);
        }
        let marked = receiver.await.unwrap_or_else(|_| Err(Fail::unavailable()))?;
        Ok(Answer::ok(MarksNow {
            delivered_seq: marked.now.delivered_seq,
            read_seq: marked.now.read_seq,
            unread: marked.unread,
        }))
    }

    /// Queues one transaction that takes, when its turn comes, everything that waits by then.
    fn write_marks(&self, app: AppNo) {
        let messages = self.clone();
        tokio::spawn(async move {
            let taking = messages.clone();
            let mut reports: Option<Vec<(Place, Report)>> = None;
            let (taken, give_back) = oneshot::channel();
            let mut taken = Some(taken);
            let written = messages.inner.log.write(app, move |log| {
                let reports = reports.get_or_insert_with(|| taking.inner.marks.take(app));
                let results = raise_all(log, reports)?;
                if let Some(taken) = taken.take() {
                    let replies: Vec<Vec<Reply>> = reports
                        .iter_mut()
                        .map(|(_, report)| std::mem::take(&mut report.replies))
                        .collect();
                    drop(taken.send(replies));
                }
                Ok(results)
            });
            let written = written.await;
            // Without the replies there was no attempt that went through: dropping them answers 503.
            let Ok(replies) = give_back.await else { return };
            match written {
                Ok(results) => messages.answer_marks(replies, results),
                Err(fail) => refuse(replies, &fail),
            }
        });
    }

    fn answer_marks(&self, replies: Vec<Vec<Reply>>, results: Vec<Result<Marked, Fail>>) {
        for (replies, result) in replies.into_iter().zip(results) {
            if let Ok(marked) = &result {
                self.tell_receipt(marked);
            }
            for reply in replies {
                drop(reply.send(result.clone()));
            }
        }
    }
}

fn refuse(replies: Vec<Vec<Reply>>, fail: &Fail) {
    for reply in replies.into_iter().flatten() {
        drop(reply.send(Err(fail.clone())));
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
    Ok(results)
}

fn raise(
    log: &mut LogTx<'_>,
    conversation: ConversationId,
    report: &Report,
) -> Result<Marked, Fail> {
    let (app, uid) = (log.app(), report.user.uid);
    let not_found = || Fail::new(&codes::CONVERSATION_NOT_FOUND);
    let head = heads::find(log.read(), app, conversation)?.ok_or_else(not_found)?;
    if !spans::readable(log.read(), app, conversation, uid)?.is_member() {
        return Err(not_found());
    }
    if report.wanted.delivered_seq > head.seq {
        return Err(Fail::field("/seq", "range", "there is no message of this seq yet"));
    }
    let before = marks::find(log.read(), conversation, uid)?;
    let wanted = Marks { receipt_seq: report.wanted.read_seq, ..report.wanted };
    let now = log.raise_marks(conversation, uid, wanted)?;
    let unread = marks::unread(log.read(), conversation, uid, head.seq, now.read_seq)?;
    let has_moved = now != before;
    let mut senders = Vec::new();
    if has_moved {
        let from = before.receipt_seq.min(before.delivered_seq) + 1;
        let to = now.delivered_seq.max(now.receipt_seq);
        let from = from.max(to - RECEIPT_RANGE_MAX);
        senders = messages::senders(log.read(), conversation, from, to)?;
    }
    let member_count = if has_moved { spans::members(log.read(), conversation)?.len() } else { 0 };
    let user = report.user.clone();
    Ok(Marked { conversation, user, now, unread, has_moved, senders, member_count })
}
