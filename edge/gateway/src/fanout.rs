//! From the log's feed to the outboxes: each event is encoded once, in order, for those who may
//! hear it.

use std::sync::Arc;

use bytes::Bytes;
use hoopoe_accounts::Accounts;
use hoopoe_conversations::Conversations;
use hoopoe_kernel::{AppNo, Fail, Uid, faults};
use hoopoe_log::{
    AudienceChange, Batch, Log, Logged, LoggedChange, Spans, changes, heads, messages,
    messages::At, spans,
};
use hoopoe_presence::Presence;
use hoopoe_wire::{ConversationId, session::CloseCode};
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::mpsc;

use crate::{
    frames::Frames,
    hub::{Control, Online, Sources, fill_later},
    missed,
    outbox::Outbox,
    room::{Arrival, Audience, Room},
    text_frame,
};

/// Conversations remembered, and the members of all of them together; beyond it all are forgotten
/// once, which costs a read each.
const ROOMS_MAX: usize = 100_000;
const MEMBERS_MAX: usize = 2_000_000;
/// Frames are handed on in pieces of about this size, so that one piece never fills a queue alone.
const CHUNK_BYTES: usize = 64 * 1024;

pub(crate) struct Fanout {
    log: Log,
    conversations: Conversations,
    accounts: Accounts,
    presence: Presence,
    online: Arc<Mutex<Online>>,
    control: mpsc::WeakUnboundedSender<Control>,
    rooms: FxHashMap<ConversationId, Room>,
    /// Members that were read into rooms.
    member_count: usize,
    /// Conversations in which something came early.
    waiting: FxHashSet<ConversationId>,
    json: Vec<u8>,
    epoch: i64,
}

impl Fanout {
    pub(crate) fn new(
        sources: Sources,
        online: Arc<Mutex<Online>>,
        control: mpsc::WeakUnboundedSender<Control>,
    ) -> Self {
        let Sources { log, conversations, accounts, presence, .. } = sources;
        let epoch = log.epoch();
        Self {
            log,
            conversations,
            accounts,
            presence,
            online,
            control,
            rooms: FxHashMap::default(),
            member_count: 0,
            waiting: FxHashSet::default(),
            json: Vec::new(),
            epoch,
        }
    }

    /// Delivers one committed transaction. Order is kept within each conversation.
    pub(crate) async fn deliver(&mut self, batch: &Batch) {
        if batch.epoch != self.epoch {
            self.begin_epoch(batch.epoch);
        }
        let mut order: Vec<ConversationId> = Vec::new();
        let mut groups: FxHashMap<ConversationId, Vec<&Logged>> = FxHashMap::default();
        for logged in &batch.items {
            let conversation = logged.conversation();
            let group = groups.entry(conversation).or_default();
            if group.is_empty() {
                order.push(conversation);
            }
            group.push(logged);
        }
        for conversation in order {
            if let Some(group) = groups.remove(&conversation) {
                self.deliver_run(conversation, &group).await;
            }
        }
    }

    /// Numbers of before mean nothing any more: everything is forgotten, and everybody resumes with
    /// a cursor that is void.
    fn begin_epoch(&mut self, epoch: i64) {
        self.epoch = epoch;
        self.rooms.clear();
        self.member_count = 0;
        self.waiting.clear();
        for outbox in self.online.lock().all() {
            outbox.close(CloseCode::Resync);
        }
    }

    async fn deliver_run(&mut self, conversation: ConversationId, run: &[&Logged]) {
        let mut frames = Vec::new();
        for logged in run {
            if !self.enter(conversation, logged).await {
                continue;
            }
            let Some(room) = self.rooms.get_mut(&conversation) else { continue };
            match room.arrival(logged) {
                Arrival::Old => continue,
                Arrival::Early => {
                    room.keep((*logged).clone());
                    if self.waiting.insert(conversation) {
                        fill_later(&self.control, conversation);
                    }
                    continue;
                }
                Arrival::Next | Arrival::Late => {}
            }
            self.pass(conversation, logged, &mut frames).await;
            self.pass_early(conversation, &mut frames).await;
        }
        self.flush(conversation, &mut frames);
    }

    /// Makes sure that the room is there. `false`: nobody knows who listens, so everybody is told
    /// to resume.
    async fn enter(&mut self, conversation: ConversationId, logged: &Logged) -> bool {
        if self.rooms.contains_key(&conversation) {
            return true;
        }
        if self.rooms.len() >= ROOMS_MAX || self.member_count >= MEMBERS_MAX {
            self.rooms.retain(|_, room| !room.early.is_empty());
            self.member_count = 0;
        }
        let audience = match logged {
            // A conversation begins with nobody; its first change says who is in it.
            Logged::Change(LoggedChange {
                members_rev_before: 0,
                audience: AudienceChange::Members { .. },
                ..
            }) => Ok(Audience { members_rev: 0, uids: Vec::new(), shared_from: 1 }),
            _ => self.audience(app_of(logged), conversation).await,
        };
        match audience {
            Ok(audience) => {
                self.member_count += audience.uids.len();
                self.rooms.insert(conversation, Room::new(audience));
                true
            }
            Err(fail) => {
                tracing::error!(%fail, "an audience could not be read; every connection resumes");
                for outbox in self.online.lock().all() {
                    outbox.close(CloseCode::Resync);
                }
                false
            }
        }
    }

    async fn audience(&self, app: AppNo, conversation: ConversationId) -> Result<Audience, Fail> {
        let found = self.conversations.audience(app, conversation).await?;
        let hoopoe_conversations::Audience { members_rev, uids, shared_from } = found;
        Ok(Audience { members_rev, uids, shared_from })
    }

    /// Delivers the next one: to the audience of its own time.
    async fn pass(&mut self, conversation: ConversationId, logged: &Logged, frames: &mut Vec<u8>) {
        let Some(room) = self.rooms.get_mut(&conversation) else { return };
        room.passed(logged);
        if let Logged::Change(change) = logged
            && let AudienceChange::Members { .. } = change.audience
        {
            self.flush(conversation, frames);
            self.pass_members(conversation, change).await;
            return;
        }
        let is_older = target_of(logged).is_some_and(|seq| seq < room.audience.shared_from);
        if is_older || logged.members_rev() < room.audience.members_rev {
            self.flush(conversation, frames);
            self.pass_entitled(conversation, logged).await;
            return;
        }
        self.append(logged, frames);
        if frames.len() >= CHUNK_BYTES {
            self.flush(conversation, frames);
        }
    }

    fn append(&mut self, logged: &Logged, frames: &mut Vec<u8>) {
        self.json.clear();
        hoopoe_messages::frame(&mut self.json, logged);
        text_frame::write(frames, &self.json);
    }

    /// A change of members: those who come are told of the conversation first, those who go hear
    /// that they went, and everybody else hears both.
    async fn pass_members(&mut self, conversation: ConversationId, change: &LoggedChange) {
        let AudienceChange::Members { joined, left, snapshot } = &change.audience else { return };
        self.presence.members_changed(joined, left);
        let Some(room) = self.rooms.get_mut(&conversation) else { return };
        let keeps_old = !left.is_empty() && faults::strikes("message_after_removal");
        // The log does not keep who came and went.
        let is_from_log = snapshot.is_empty();
        let old_uids = (keeps_old || is_from_log).then(|| room.audience.uids.clone());
        let is_followed = room.follow(change, joined, left);
        self.member_count += joined.len();
        if !is_followed {
            self.reload(conversation, change).await;
        }
        let Some(room) = self.rooms.get_mut(&conversation) else { return };
        if is_from_log && let Some(old) = &old_uids {
            let changed = difference(old, &room.audience.uids);
            self.presence.members_changed(&changed, &changed);
            let online = self.online.lock();
            for uid in changed {
                online.of(uid).iter().for_each(|outbox| outbox.close(CloseCode::Resync));
            }
        }
        if keeps_old && let Some(uids) = old_uids {
            let Audience { members_rev, shared_from, .. } = room.audience;
            room.set_audience(Audience { members_rev, uids, shared_from });
        }
        let mut uids = room.audience.uids.clone();
        uids.extend_from_slice(left);
        uids.sort_unstable();
        uids.dedup();
        let mut event = Vec::new();
        self.append(&Logged::Change(change.clone()), &mut event);
        let created = (change.kind != "conversation.created" && !snapshot.is_empty())
            .then(|| created_frame(conversation, change, snapshot));
        let online = self.online.lock();
        if let Some(created) = created {
            send(joined.iter().flat_map(|uid| online.of(*uid)), &created);
        }
        send(uids.iter().flat_map(|uid| online.of(*uid)), &Frames::new(event.into()));
    }

    /// Not everybody may hear it: the audience is newer than the event, or a change is of a message
    /// that came before somebody did. Those hear it whose span covers it; of a change, those who may
    /// not read its message hear only that there was one.
    async fn pass_entitled(&mut self, conversation: ConversationId, logged: &Logged) {
        let Some(room) = self.rooms.get(&conversation) else { return };
        let audience = room.audience.uids.clone();
        let is_newer = logged.members_rev() < room.audience.members_rev;
        let (target, seq) = match logged {
            Logged::Message(message) => (None, message.seq),
            Logged::Change(change) => (change.target_seq, change.at_seq.max(1)),
        };
        let reading = self.log.db().read(move |tx| {
            let mut hearing = audience;
            if is_newer {
                let covered = FxHashSet::from_iter(spans::readers(tx, conversation, seq)?);
                hearing.retain(|uid| covered.contains(uid));
            }
            let Some(target) = target else { return Ok((hearing, Vec::new())) };
            let entitled = FxHashSet::from_iter(spans::readers(tx, conversation, target)?);
            Ok(hearing.into_iter().partition::<Vec<Uid>, _>(|uid| entitled.contains(uid)))
        });
        match reading.await {
            Ok((entitled, others)) => {
                let mut frame = Vec::new();
                self.append(logged, &mut frame);
                let bare = bare_frame(logged);
                let online = self.online.lock();
                let frames = Frames::new(frame.into());
                send(entitled.iter().flat_map(|uid| online.of(*uid)), &frames);
                send(others.iter().flat_map(|uid| online.of(*uid)), &bare);
            }
            Err(fail) => self.forget(conversation, &[], &fail),
        }
    }

    async fn reload(&mut self, conversation: ConversationId, change: &LoggedChange) {
        match self.audience(change.app, conversation).await {
            Ok(audience) => {
                if let Some(room) = self.rooms.get_mut(&conversation) {
                    room.set_audience(audience);
                }
            }
            Err(fail) => {
                let AudienceChange::Members { joined, .. } = &change.audience else { return };
                self.forget(conversation, joined, &fail);
            }
        }
    }

    /// Leaves out of an ephemeral event's audience who is no member (any more): nobody hears of a
    /// conversation behind their removal or before their coming.
    pub(crate) fn keep_members(&self, conversation: ConversationId, uids: &mut Vec<Uid>) {
        if let Some(room) = self.rooms.get(&conversation) {
            uids.retain(|uid| room.audience.uids.contains(uid));
        }
    }

    fn flush(&mut self, conversation: ConversationId, frames: &mut Vec<u8>) {
        if frames.is_empty() {
            return;
        }
        let chunk = Frames::new(std::mem::take(frames).into());
        faults::point("fanout.before_push");
        let Some(room) = self.rooms.get_mut(&conversation) else { return };
        let online = self.online.lock();
        send(room.outboxes(&online).iter(), &chunk);
    }

    /// Delivers what came early and is next now.
    async fn pass_early(&mut self, conversation: ConversationId, frames: &mut Vec<u8>) {
        while let Some(logged) = self.take_next_early(conversation) {
            self.pass(conversation, &logged, frames).await;
        }
    }

    fn take_next_early(&mut self, conversation: ConversationId) -> Option<Logged> {
        let room = self.rooms.get_mut(&conversation)?;
        loop {
            let firsts = [(false, i64::MIN), (true, i64::MIN)];
            let (key, arrival) = firsts.into_iter().find_map(|from| {
                let (key, logged) = room.early.range(from..=(from.0, i64::MAX)).next()?;
                let arrival = room.arrival(logged);
                (arrival != Arrival::Early).then_some((*key, arrival))
            })?;
            let logged = room.early.remove(&key);
            if arrival != Arrival::Old {
                return logged;
            }
        }
    }

    /// Fills every gap: nothing that was committed is held back any more.
    pub(crate) async fn fill_all(&mut self) {
        for conversation in std::mem::take(&mut self.waiting) {
            self.fill(conversation).await;
        }
    }

    /// Reads from the log what is still missing in front of something early.
    pub(crate) async fn fill(&mut self, conversation: ConversationId) {
        self.waiting.remove(&conversation);
        let Some(room) = self.rooms.get(&conversation) else { return };
        let Some(app) = room.early.values().next().map(app_of) else { return };
        let ((seq, rev), members_rev) = (room.position(), room.audience.members_rev);
        let accounts = self.accounts.clone();
        let read = self.log.db().read(move |tx| {
            let mut found = missed::Missed::new(app, conversation);
            let Some(head) = heads::find(tx, app, conversation)? else { return Ok(found) };
            let all = Spans::new([(1, i64::MAX)]);
            let limit = missed::ROWS_MAX;
            if let Some(seq) = seq {
                messages::page(tx, app, &head, &all, At::After(seq), limit, &mut |row| {
                    found.keep_message(row);
                    Ok(())
                })?;
            }
            changes::after(tx, app, conversation, rev, limit, &mut |row| {
                found.keep_change(row);
                Ok(())
            })?;
            changes::after(tx, app, conversation, members_rev - 1, 1, &mut |row| {
                if row.rev == members_rev {
                    found.audience_is_of(row);
                }
                Ok(())
            })?;
            found.name_senders(&accounts, tx)?;
            Ok(found)
        });
        match read.await {
            Ok(found) if !found.is_cut() => {
                metrics::counter!("hoopoe_gaps_filled_total").increment(1);
                let items = found.into_logged(members_rev);
                if let Some(room) = self.rooms.get_mut(&conversation) {
                    room.pass_over_gap(&items);
                }
                let run: Vec<&Logged> = items.iter().collect();
                Box::pin(self.deliver_run(conversation, &run)).await;
                if self.rooms.get(&conversation).is_some_and(|room| !room.early.is_empty()) {
                    self.forget(conversation, &[], &Fail::internal());
                }
            }
            Ok(_) => self.forget(conversation, &[], &Fail::internal()),
            Err(fail) => self.forget(conversation, &[], &fail),
        }
    }

    /// Something cannot be told: those who should have heard it resume, and so do those `beside`.
    fn forget(&mut self, conversation: ConversationId, beside: &[Uid], fail: &Fail) {
        tracing::warn!(%fail, "events could not be told; their audience resumes");
        self.waiting.remove(&conversation);
        let Some(mut room) = self.rooms.remove(&conversation) else { return };
        let online = self.online.lock();
        let beside = beside.iter().flat_map(|uid| online.of(*uid));
        for outbox in room.outboxes(&online).iter().chain(beside) {
            outbox.close(CloseCode::Resync);
        }
    }
}

fn app_of(logged: &Logged) -> AppNo {
    match logged {
        Logged::Message(message) => message.app,
        Logged::Change(change) => change.app,
    }
}

/// The message that a change is about.
fn target_of(logged: &Logged) -> Option<i64> {
    match logged {
        Logged::Message(_) => None,
        Logged::Change(change) => change.target_seq,
    }
}

/// The frame of a change for those who may not read its message.
fn bare_frame(logged: &Logged) -> Frames {
    let (mut json, mut frame) = (Vec::new(), Vec::new());
    if let Logged::Change(change) = logged {
        hoopoe_messages::bare_frame(&mut json, change);
        text_frame::write(&mut frame, &json);
    }
    Frames::new(frame.into())
}

/// Who is in one of the two and not in the other.
fn difference(one: &[Uid], other: &[Uid]) -> Vec<Uid> {
    let [one, other] = [one, other].map(|uids| uids.iter().copied().collect::<FxHashSet<Uid>>());
    one.symmetric_difference(&other).copied().collect()
}

fn send<'o>(outboxes: impl Iterator<Item = &'o Arc<Outbox>>, chunk: &Frames) {
    for outbox in outboxes {
        chunk.send_to(outbox);
    }
}

/// `conversation.created` for those who come later: the snapshot, at the rev of their coming.
fn created_frame(conversation: ConversationId, change: &LoggedChange, snapshot: &Bytes) -> Frames {
    let json = format!(
        "{{\"event\":\"conversation.created\",\"conversation\":\"{conversation}\",\
         \"members_rev\":{},\"data\":",
        change.members_rev
    );
    let mut json = json.into_bytes();
    json.extend_from_slice(snapshot);
    json.push(b'}');
    Frames::of_json(&json)
}
