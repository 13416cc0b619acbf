//! For each rule: a crafted journal that breaks it and is reported, beside a clean one.

use super::{Finding, Invariant, Invariant::*, check, describe};
use crate::journal::{
    Asked, Caps, Entry, Evidence, Head, History, Mark, Name, Path, Phase, Row, Usage, What, Who,
};

const C: &str = "cnv_1";

/// Writes a journal line by line, ten microseconds apart.
#[derive(Default)]
struct Scene {
    evidence: Evidence,
    requests: u64,
}

fn who(user: &str) -> Who {
    let connection = user.bytes().map(u32::from).sum();
    Who { user: user.into(), device: "phone".into(), connection }
}

fn body(id: &str) -> u64 {
    crate::harness::fingerprint(&["text", id])
}

fn row(seq: u64, sender: &str, id: &str) -> Row {
    let (sender, client_id) = (Some(sender.into()), Some(id.into()));
    Row { seq, sender, client_id, body: body(id), gone: false, edited: false }
}

fn head(head_seq: u64, read_seq: u64) -> Head {
    Head {
        conversation: C.into(),
        head_seq,
        head_rev: 1,
        read_seq: Some(read_seq),
        delivered_seq: None,
        unread: None,
    }
}

impl Scene {
    fn now(&self) -> u64 {
        self.evidence.entries.last().map_or(0, |entry| entry.at_us) + 10
    }

    fn line(&mut self, user: &str, what: What) -> u64 {
        let at_us = self.now();
        self.evidence.entries.push(Entry { at_us, who: who(user), what });
        at_us
    }

    fn start(&mut self, user: &str, id: &str) -> u64 {
        self.requests += 1;
        let (conversation, client_id) = (C.into(), id.into());
        let request = self.requests;
        let body = body(id);
        self.line(user, What::SendStart { request, conversation, client_id, body });
        request
    }

    fn ack(&mut self, user: &str, request: u64, row: Row) {
        self.line(user, What::Ack { request, conversation: C.into(), row });
    }

    fn refuse(&mut self, user: &str, request: u64, status: u16, retry_after: bool) {
        let code = "some.code".into();
        self.line(user, What::Refused { request, status, code, retry_after });
    }

    fn send(&mut self, user: &str, id: &str, seq: u64) {
        let request = self.start(user, id);
        self.ack(user, request, row(seq, user, id));
    }

    fn push(&mut self, user: &str, row: Row) {
        let members_rev = Some(1);
        self.line(user, What::Push { conversation: C.into(), row, members_rev });
    }

    fn created(&mut self, members: &[&str]) {
        let members = members.iter().map(|user| Name::from(*user)).collect();
        self.line("ann", What::Created { conversation: C.into(), members });
    }

    fn page(&mut self, user: &str, asked: Asked, rows: Vec<Row>) {
        let asked_us = self.now() - 1;
        let (path, has_after) = (Path::Socket, false);
        let conversation = C.into();
        self.line(user, What::Page { conversation, asked_us, asked, path, rows, has_after });
    }

    fn seen(&mut self, user: &str, head: Head, start: bool) {
        let asked_us = self.now() - 1;
        self.line(user, What::Seen { asked_us, head, start });
    }

    fn remove(&mut self, user: &str) {
        self.requests += 1;
        let (request, conversation) = (self.requests, C.into());
        let users = vec![user.into()];
        self.line("ann", What::RemoveStart { request, conversation, users });
        self.line("ann", What::RemoveAck { request });
    }

    fn history(&mut self, reader: &str, path: Path, rows: &[Row]) -> &mut History {
        let head = head(rows.last().map_or(0, |row| row.seq), 0);
        let rows = rows.to_vec();
        self.evidence.histories.push(History { reader: reader.into(), path, head, rows });
        self.evidence.histories.last_mut().unwrap()
    }

    fn histories(&mut self, rows: &[Row]) {
        for reader in ["ann", "bob"] {
            for path in [Path::Rest, Path::Socket] {
                self.history(reader, path, rows);
            }
        }
    }

    fn findings(&self) -> Vec<Finding> {
        check(&self.evidence)
    }

    /// The rule is reported, by a story that has this in it.
    #[track_caller]
    fn breaks(&self, rule: Invariant, told: &str) {
        let findings = self.findings();
        let hit = |f: &Finding| f.invariant == rule && f.to_string().contains(told);
        assert!(findings.iter().any(hit), "no {rule:?} with `{told}`: {}", describe(&findings));
    }

    /// This rule is reported, and no other one.
    #[track_caller]
    fn breaks_only(&self, rule: Invariant, told: &str) {
        self.breaks(rule, told);
        let findings = self.findings();
        assert!(findings.iter().all(|f| f.invariant == rule), "{}", describe(&findings));
    }

    #[track_caller]
    fn is_clean(&self) {
        let findings = self.findings();
        assert!(findings.is_empty(), "{}", describe(&findings));
    }
}

fn rows() -> Vec<Row> {
    vec![row(1, "ann", "a1"), row(2, "bob", "b1"), row(3, "ann", "a2")]
}

/// Three messages of two people, seen by both on every path.
fn chat() -> Scene {
    let mut scene = Scene::default();
    scene.created(&["ann", "bob"]);
    for user in ["ann", "bob"] {
        scene.seen(user, head(0, 0), true);
    }
    for row in rows() {
        let sender = row.sender.clone().unwrap();
        scene.send(&sender, row.client_id.as_ref().unwrap(), row.seq);
        scene.push("ann", row.clone());
        scene.push("bob", row);
    }
    scene.page("bob", Asked::Newest, rows());
    scene.page("bob", Asked::After(1), rows()[1..].to_vec());
    let (conversation, rows) = (C.into(), rows());
    scene.line("bob", What::Timeline { conversation, after: 0, upto: 3, rows });
    scene
}

/// That chat with what everybody reads afterwards.
fn whole() -> Scene {
    let mut scene = chat();
    scene.histories(&rows());
    scene
}

#[test]
fn a_clean_chat_is_accepted() {
    whole().is_clean();
}

#[test]
fn i1_a_lost_message_is_reported() {
    let mut scene = chat();
    scene.histories(&rows()[..2]);
    scene.breaks(I1, "`a2` of ann was acked and is not in the history of bob by Rest");
}

#[test]
fn i1_a_message_that_only_one_member_misses_is_reported() {
    let mut scene = whole();
    scene.evidence.histories[3].rows.pop();
    scene.breaks(I1, "bob by Socket");
}

#[test]
fn i1_a_doubled_message_is_reported() {
    let mut scene = chat();
    let mut doubled = rows();
    doubled.push(row(4, "ann", "a2"));
    scene.histories(&doubled);
    scene.breaks(I1, "`a2` of ann stands at [3, 4]");
}

#[test]
fn i1_changed_content_is_reported_unless_it_was_edited() {
    let mut scene = whole();
    for history in &mut scene.evidence.histories {
        history.rows[1].body = 7;
        history.rows[1].edited = true;
    }
    scene.is_clean();
    scene.evidence.histories[0].rows[1].edited = false;
    scene.breaks(I1, "`b1` of bob reads differently for ann by Rest");
}

#[test]
fn i1_acks_without_any_history_are_reported() {
    let mut scene = chat();
    scene.evidence.entries.retain(|entry| !matches!(entry.what, What::Timeline { .. }));
    scene.breaks_only(I1, "nobody read the history");
}

#[test]
fn i1_a_newcomer_need_not_see_what_was_before() {
    let mut scene = chat();
    scene.line(
        "ann",
        What::AddStart { request: 90, conversation: C.into(), users: vec!["cat".into()] },
    );
    scene.line("ann", What::AddAck { request: 90 });
    scene.send("ann", "a3", 4);
    let mut all = rows();
    all.push(row(4, "ann", "a3"));
    scene.histories(&all);
    scene.evidence.entries.retain(|entry| !matches!(entry.what, What::Timeline { .. }));
    scene.history("cat", Path::Rest, &all[3..]);
    scene.is_clean();
    scene.evidence.histories.pop();
    scene.history("cat", Path::Rest, &[]);
    scene.breaks(I1, "`a3` of ann was acked and is not in the history of cat");
}

#[test]
fn i2_a_phantom_is_reported() {
    let mut scene = chat();
    let mut more = rows();
    more.push(row(4, "eve", "e1"));
    scene.histories(&more);
    scene.breaks(I2, "`e1` of eve in the history of ann by Rest: nobody sent it");
}

#[test]
fn i2_a_phantom_push_is_reported() {
    let mut scene = whole();
    scene.push("bob", row(4, "bob", "b9"));
    scene.breaks(I2, "pushed to bob: nobody sent it");
}

#[test]
fn i2_foreign_content_and_time_travel_are_reported() {
    let mut scene = whole();
    scene.start("ann", "a3");
    let mut foreign = row(4, "ann", "a3");
    foreign.body = 1;
    scene.push("bob", foreign);
    scene.breaks(I2, "nobody sent this content");
    let mut early = whole();
    early.push("bob", row(4, "ann", "a3"));
    early.start("ann", "a3");
    early.breaks(I2, "seen before it was sent");
}

#[test]
fn i2_an_unacked_send_may_be_stored_once_but_not_twice() {
    let mut scene = chat();
    scene.start("ann", "a3");
    scene.evidence.entries.retain(|entry| !matches!(entry.what, What::Timeline { .. }));
    let mut once = rows();
    once.push(row(4, "ann", "a3"));
    scene.histories(&once);
    scene.is_clean();
    scene.evidence.histories.clear();
    once.push(row(5, "ann", "a3"));
    scene.histories(&once);
    scene.breaks_only(I2, "unacked `a3` of ann is stored at [4, 5]");
}

#[test]
fn i3_a_hole_is_reported() {
    let mut scene = Scene::default();
    scene.created(&["ann", "bob"]);
    scene.send("ann", "a1", 1);
    scene.send("ann", "a2", 3);
    scene.histories(&[row(1, "ann", "a1"), row(3, "ann", "a2")]);
    scene.breaks_only(I3, "at 3: 3 follows 1 in the history of ann");
}

#[test]
fn i3_a_history_that_begins_late_or_ends_before_the_head_is_reported() {
    let mut scene = whole();
    scene.evidence.histories[0].head.head_seq = 4;
    scene.breaks_only(I3, "ends at 3, the head says 4");
    let mut scene = Scene::default();
    scene.created(&["ann", "bob"]);
    scene.send("ann", "a1", 2);
    scene.histories(&[row(2, "ann", "a1")]);
    scene.breaks_only(I3, "2 follows 0");
}

#[test]
fn i4_two_messages_at_one_seq_are_reported() {
    let mut scene = whole();
    scene.start("bob", "b2");
    scene.push("ann", row(3, "bob", "b2"));
    scene.breaks(I4, "`a2` of ann in the history of ann by Rest, and `b2` of bob in a push to ann");
}

#[test]
fn i4_a_push_that_falls_back_is_reported() {
    let mut scene = whole();
    scene.push("bob", row(2, "bob", "b1"));
    scene.breaks_only(I4, "seq 2 was pushed after 3");
    let mut scene = whole();
    for rev in [2, 2] {
        let change = What::Change {
            conversation: C.into(),
            rev,
            event: "conversation.updated".into(),
            users: Vec::new(),
            target: None,
        };
        scene.line("bob", change);
    }
    scene.breaks_only(I4, "rev 2 was pushed after 2");
}

#[test]
fn i4_what_was_shown_and_is_gone_is_reported() {
    let mut scene = whole();
    scene.start("ann", "a3");
    scene.push("bob", row(4, "ann", "a3"));
    scene.breaks_only(I4, "`a3` of ann was shown in a push to bob");
}

#[test]
fn i4_a_page_out_of_order_is_reported() {
    let mut scene = whole();
    scene.page("bob", Asked::After(1), vec![row(3, "ann", "a2"), row(2, "bob", "b1")]);
    scene.breaks(I4, "2 follows 3 in a page for bob");
    let mut scene = whole();
    scene.page("bob", Asked::After(2), rows()[1..].to_vec());
    scene.breaks_only(I4, "a page After(2) for bob by Socket holds 2");
}

#[test]
fn i5_an_effect_before_its_cause_is_reported() {
    let mut scene = Scene::default();
    scene.created(&["ann", "bob"]);
    scene.send("ann", "a1", 2);
    scene.send("bob", "b1", 1);
    scene.histories(&[row(1, "bob", "b1"), row(2, "ann", "a1")]);
    scene.breaks_only(I5, "`b1` of bob was sent after `a1` of ann had been acked at 2");
}

#[test]
fn i5_overlapping_sends_of_two_people_may_stand_either_way() {
    let mut scene = Scene::default();
    scene.created(&["ann", "bob"]);
    let (a, b) = (scene.start("ann", "a1"), scene.start("bob", "b1"));
    scene.ack("ann", a, row(2, "ann", "a1"));
    scene.ack("bob", b, row(1, "bob", "b1"));
    scene.histories(&[row(1, "bob", "b1"), row(2, "ann", "a1")]);
    scene.is_clean();
}

#[test]
fn i5_a_swapped_pair_of_one_connection_is_reported() {
    let mut scene = Scene::default();
    scene.created(&["ann", "bob"]);
    let (one, two) = (scene.start("ann", "a1"), scene.start("ann", "a2"));
    scene.ack("ann", one, row(2, "ann", "a1"));
    scene.ack("ann", two, row(1, "ann", "a2"));
    scene.histories(&[row(1, "ann", "a2"), row(2, "ann", "a1")]);
    scene.breaks_only(I5, "ann sent `a1` and then `a2` on one connection");
}

#[test]
fn i5_a_connection_given_up_after_a_refusal_may_owe_more_of_them() {
    let story = |refusal: Option<u16>| {
        let mut scene = Scene::default();
        scene.created(&["ann", "bob"]);
        let (first, _, third) =
            (scene.start("ann", "one"), scene.start("ann", "two"), scene.start("ann", "three"));
        if let Some(status) = refusal {
            scene.refuse("ann", first, status, true);
        }
        scene.ack("ann", third, row(1, "ann", "three"));
        // On another connection, behind its successor.
        let again = scene.start("ann", "two");
        scene.ack("ann", again, row(2, "ann", "two"));
        scene.histories(&[row(1, "ann", "three"), row(2, "ann", "two")]);
        check(&scene.evidence).iter().filter(|finding| finding.invariant == I5).count()
    };
    assert_eq!((story(None), story(Some(404)), story(Some(503))), (1, 1, 0));
}

#[test]
fn i3_only_a_time_outside_leaves_a_hole_in_a_page() {
    let holes = |goes: bool| {
        let mut scene = Scene::default();
        scene.created(&["ann", "bob"]);
        if goes {
            scene.remove("bob");
            scene.requests += 1;
            let (request, users) = (scene.requests, vec!["bob".into()]);
            scene.line("ann", What::AddStart { request, conversation: C.into(), users });
            scene.line("ann", What::AddAck { request });
        }
        let rows = vec![row(1, "ann", "one"), row(3, "ann", "three")];
        scene.page("bob", Asked::Newest, rows);
        check(&scene.evidence).iter().filter(|finding| finding.invariant == I3).count()
    };
    assert_eq!((holes(false), holes(true)), (1, 0));
}

#[test]
fn i17_a_refusal_that_promises_nothing_is_none() {
    let mut scene = Scene::default();
    scene.created(&["ann", "bob"]);
    let request = scene.start("ann", "one");
    let code = "server.outcome_unknown".into();
    scene.line("ann", What::Refused { request, status: 503, code, retry_after: true });
    scene.histories(&[row(1, "ann", "one")]);
    let findings = check(&scene.evidence);
    assert!(findings.is_empty(), "{}", describe(&findings));
}

#[test]
fn i6_a_repeat_with_another_seq_or_content_is_reported() {
    let mut scene = whole();
    scene.send("ann", "a1", 1);
    scene.is_clean();
    scene.send("ann", "a1", 4);
    scene.breaks(I6, "acked at 1 and again at 4");
    let mut scene = whole();
    let request = scene.start("ann", "a1");
    let What::SendStart { body, .. } = &mut scene.evidence.entries.last_mut().unwrap().what else {
        unreachable!("the line just written");
    };
    *body = 7;
    scene.ack("ann", request, row(1, "ann", "a1"));
    scene.breaks(I6, "two different contents");
}

#[test]
fn i6_a_refused_repeat_and_a_foreign_reply_are_reported() {
    let mut scene = whole();
    let request = scene.start("ann", "a1");
    scene.refuse("ann", request, 409, false);
    scene.breaks_only(I6, "a repeat of `a1` of ann was refused");
    let mut scene = whole();
    let request = scene.start("ann", "a1");
    scene.ack("ann", request, row(2, "bob", "b1"));
    scene.breaks(I6, "the ack of `a1` of ann shows `b1` of bob instead");
}

#[test]
fn i7_a_read_behind_what_was_known_is_reported() {
    let mut scene = whole();
    scene.page("ann", Asked::Newest, rows()[..2].to_vec());
    scene.breaks_only(I7, "knew seq 3; a page asked for as Newest ends at 2");
    let mut scene = whole();
    scene.page("bob", Asked::After(2), Vec::new());
    scene.breaks_only(I7, "After(2) ends at 0");
    let mut scene = whole();
    scene.seen("bob", head(2, 0), false);
    scene.breaks_only(I7, "knew seq 3 and was then told the head 2");
}

#[test]
fn i7_a_read_that_began_earlier_may_be_older() {
    let mut scene = whole();
    let line = What::Seen { asked_us: 15, head: head(0, 0), start: false };
    scene.line("bob", line);
    scene.is_clean();
}

#[test]
fn i8_a_silent_gap_is_reported_and_a_skip_is_none() {
    let mut scene = chat();
    scene.start("ann", "a3");
    scene.start("ann", "a4");
    scene.evidence.entries.retain(|entry| !matches!(entry.what, What::Timeline { .. }));
    let mut more = rows();
    more.extend([row(4, "ann", "a3"), row(5, "ann", "a4")]);
    scene.histories(&more);
    scene.push("ann", row(4, "ann", "a3"));
    scene.line("bob", What::Skip { conversation: C.into(), seq: 4 });
    scene.push("bob", row(5, "ann", "a4"));
    scene.is_clean();
    let skip = |entry: &Entry| matches!(entry.what, What::Skip { .. });
    scene.evidence.entries.retain(|entry| !skip(entry));
    scene.breaks_only(I8, "was at 3 and was then pushed 5");
}

#[test]
fn i8_a_first_push_beyond_the_head_told_at_the_start_is_reported() {
    let mut scene = whole();
    let line = What::Seen { asked_us: 1, head: head(1, 0), start: true };
    scene.line("cat", line);
    scene.push("cat", row(3, "ann", "a2"));
    scene.breaks_only(I8, "cat's phone (connection 312) was at 1 and was then pushed 3");
}

#[test]
fn i8_a_resumed_log_that_differs_is_reported() {
    let mut scene = whole();
    let (conversation, rows) = (C.into(), vec![rows()[0].clone(), rows()[2].clone()]);
    scene.line("ann", What::Timeline { conversation, after: 0, upto: 3, rows });
    scene.breaks_only(I8, "never got `b1` of bob");
}

#[test]
fn i9_whatever_reaches_a_removed_member_is_reported() {
    let mut base = Scene::default();
    base.created(&["ann", "bob", "cat"]);
    base.send("ann", "a1", 1);
    base.remove("cat");
    base.push("cat", row(1, "ann", "a1"));
    base.send("ann", "a2", 2);
    base.histories(&[row(1, "ann", "a1"), row(2, "ann", "a2")]);
    base.is_clean();

    base.push("cat", row(2, "ann", "a2"));
    base.breaks_only(I9, "cat's phone (connection 312) had been removed and was pushed `a2`");
    base.evidence.entries.pop();
    base.page("cat", Asked::Newest, vec![row(1, "ann", "a1"), row(2, "ann", "a2")]);
    base.breaks_only(I9, "read a page of 2 messages");
    base.evidence.entries.pop();
    base.line("cat", What::Skip { conversation: C.into(), seq: 2 });
    base.breaks_only(I9, "was told of a message");
    base.evidence.entries.pop();
    base.seen("cat", head(2, 0), false);
    base.breaks_only(I9, "was told the head");
}

#[test]
fn i9_an_event_for_a_later_audience_and_a_later_change_are_reported() {
    let change = |rev, event: &str, user: &str| What::Change {
        conversation: C.into(),
        rev,
        event: event.into(),
        users: vec![user.into()],
        target: None,
    };
    let mut scene = whole();
    scene.created(&["cat"]);
    scene.remove("cat");
    scene.line("bob", change(5, "member.removed", "cat"));
    scene.line("cat", change(5, "member.removed", "cat"));
    scene.is_clean();
    scene.line("cat", change(6, "conversation.updated", ""));
    scene.breaks_only(I9, "was told of conversation.updated");
    scene.evidence.entries.pop();
    let (conversation, members_rev) = (C.into(), Some(5));
    scene.line("cat", What::Push { conversation, row: rows()[2].clone(), members_rev });
    scene.breaks_only(I9, "was pushed `a2` of ann");
}

#[test]
fn i9_typing_behind_a_removal_and_among_strangers_is_reported() {
    let change = |rev, event: &str| What::Change {
        conversation: C.into(),
        rev,
        event: event.into(),
        users: vec!["cat".into()],
        target: None,
    };
    let typing = || What::Typing { conversation: C.into(), user: "ann".into() };
    let mut scene = whole();
    scene.created(&["cat"]);
    scene.remove("cat");
    scene.line("cat", typing());
    scene.line("cat", change(5, "member.removed"));
    scene.is_clean();
    scene.line("cat", typing());
    scene.breaks_only(I9, "cat's phone (connection 312) is no member and heard that ann writes");
    scene.evidence.entries.pop();
    let (conversation, users) = (C.into(), vec!["cat".into()]);
    scene.line("ann", What::AddStart { request: 80, conversation, users });
    scene.line("ann", What::AddAck { request: 80 });
    scene.line("cat", change(6, "member.added"));
    scene.line("cat", typing());
    scene.is_clean();
    scene.line("dan", typing());
    scene.breaks_only(I9, "dan's phone");
}

#[test]
fn i9_who_comes_back_may_read_again() {
    let mut scene = Scene::default();
    scene.created(&["ann", "bob"]);
    scene.send("ann", "a1", 1);
    scene.remove("bob");
    scene.send("ann", "a2", 2);
    let (conversation, users) = (C.into(), vec!["bob".into()]);
    scene.line("ann", What::AddStart { request: 80, conversation, users });
    scene.line("ann", What::AddAck { request: 80 });
    scene.send("ann", "a3", 3);
    scene.push("bob", row(3, "ann", "a3"));
    let all = [row(1, "ann", "a1"), row(2, "ann", "a2"), row(3, "ann", "a3")];
    scene.history("ann", Path::Rest, &all);
    scene.history("bob", Path::Rest, &all[2..]);
    scene.breaks_only(I1, "`a1` of ann was acked and is not in the history of bob");
    scene.evidence.histories.pop();
    scene.is_clean();
}

fn marked(scene: &mut Scene, user: &str, seq: u64) {
    scene.requests += 1;
    let (request, conversation, mark): (_, Name, _) = (scene.requests, C.into(), Mark::Read);
    let start = What::MarkStart { request, conversation: conversation.clone(), mark, seq };
    scene.line(user, start);
    scene.line(user, What::MarkAck { request, conversation, mark, seq });
}

#[test]
fn i10_a_falling_mark_is_reported() {
    let mut scene = whole();
    marked(&mut scene, "bob", 2);
    scene.seen("bob", head(3, 2), false);
    scene.is_clean();
    scene.seen("bob", head(3, 1), false);
    scene.breaks_only(I10, "the read mark of bob stood at 2, then a reply says 1");
    let mut scene = whole();
    marked(&mut scene, "bob", 3);
    marked(&mut scene, "bob", 2);
    scene.breaks_only(I10, "stood at 3, then the reply to a mark says 2");
}

#[test]
fn i10_falling_receipts_are_reported() {
    let mut scene = whole();
    for seq in [3, 2] {
        let (conversation, user) = (C.into(), "bob".into());
        scene.line("ann", What::Receipt { conversation, user, mark: Mark::Read, seq });
    }
    scene.breaks_only(I10, "got a receipt of bob after one for 3");
}

#[test]
fn i10_a_mark_past_the_head_is_reported() {
    let mut scene = whole();
    scene.seen("bob", head(3, 4), false);
    scene.breaks_only(I10, "the read mark of bob is past the head 3");
}

#[test]
fn i10_unread_is_exact() {
    let mut scene = whole();
    let history = &mut scene.evidence.histories[2];
    (history.head.read_seq, history.head.unread) = (Some(0), Some(2));
    scene.is_clean();
    scene.evidence.histories[2].head.unread = Some(3);
    scene.breaks_only(I10, "bob by Rest is told 3 unread, but 2 messages follow the read mark 0");
}

/// That chat with its second message taken back, of which everybody is told.
fn taken_back() -> (Scene, Vec<Row>) {
    let mut scene = chat();
    for user in ["ann", "bob"] {
        let (conversation, event) = (C.into(), "message.recalled".into());
        let (users, target) = (Vec::new(), Some(2));
        scene.line(user, What::Change { conversation, rev: 2, event, users, target });
    }
    let mut left = rows();
    left[1] = Row { body: 0, gone: true, ..left[1].clone() };
    (scene, left)
}

#[test]
fn i11_what_was_taken_back_and_comes_back_is_reported() {
    let (mut scene, left) = taken_back();
    scene.histories(&left);
    scene.page("bob", Asked::Newest, left.clone());
    let request = scene.start("bob", "b1");
    scene.ack("bob", request, left[1].clone());
    scene.is_clean();

    scene.page("bob", Asked::Newest, rows());
    scene.breaks(I11, "read `b1` of bob, which was gone");
    scene.evidence.entries.pop();
    let request = scene.start("bob", "b1");
    scene.ack("bob", request, rows()[1].clone());
    scene.breaks(I11, "a repeat was answered with `b1` of bob");
    scene.evidence.entries.truncate(scene.evidence.entries.len() - 2);
    scene.evidence.histories[2].rows[1] = rows()[1].clone();
    scene.breaks(I11, "`b1` of bob is back in the history of bob by Rest");
}

#[test]
fn i11_a_push_after_the_news_that_it_is_gone_is_reported() {
    let (mut scene, left) = taken_back();
    scene.histories(&left);
    scene.push("bob", rows()[1].clone());
    scene.breaks(I11, "was pushed `b1` of bob after it was gone");
}

#[test]
fn i17_a_refused_send_that_was_written_is_reported() {
    let mut scene = chat();
    let request = scene.start("ann", "a3");
    scene.refuse("ann", request, 403, false);
    scene.evidence.entries.retain(|entry| !matches!(entry.what, What::Timeline { .. }));
    let mut more = rows();
    more.push(row(4, "ann", "a3"));
    scene.histories(&more);
    scene.breaks_only(I17, "`a3` of ann was refused and is stored");
    // One attempt without an answer may be the one that was written.
    scene.start("ann", "a3");
    scene.is_clean();
}

#[test]
fn i17_busy_replies_say_when_to_try_again() {
    let mut scene = whole();
    scene.refuse("ann", 60, 503, true);
    scene.is_clean();
    scene.refuse("ann", 61, 429, false);
    scene.breaks_only(I17, "ann got 429 some.code without a time to try again");
}

#[test]
fn i18_caps_and_the_way_back_are_kept() {
    let usage = |rss_bytes, fds| Usage { rss_bytes, fds, wal_bytes: 0 };
    let mut scene = whole();
    let most = usage(1_000, 50);
    scene.evidence.caps = Some(Caps { most, rss_slack_bytes: 5 });
    let mut measure = |phase, usage| scene.line("server", What::Measured { phase, usage });
    measure(Phase::Baseline, usage(100, 20));
    measure(Phase::Fault, usage(900, 45));
    measure(Phase::Settled, usage(115, 22));
    scene.is_clean();
    let line = What::Measured { phase: Phase::Settled, usage: usage(116, 22) };
    scene.line("server", line);
    scene.breaks_only(I18, "116 resident bytes still held after the fault, at most 115");
    scene.evidence.entries.pop();
    let line = What::Measured { phase: Phase::Fault, usage: usage(1_001, 51) };
    scene.line("server", line);
    scene.breaks_only(I18, "51 open files held (Fault), at most 50");
}
