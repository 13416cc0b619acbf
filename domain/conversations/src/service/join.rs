//! What becoming a member writes, for the creator and for everybody later.

use hoopoe_kernel::{Fail, Uid};
use hoopoe_log::{Head, LogTx, Marks};
use hoopoe_wire::{ConversationId, Time, conversations::Role};
use serde::Serialize;

use crate::{
    events,
    model::{Details, MemberRow, rights},
    store,
};

/// The kind of memberships in the user state log; their key is the conversation's 16 bytes.
pub(super) const MEMBERSHIP: &str = "membership";

/// A membership in the user state log.
#[derive(Serialize)]
struct State {
    role: Role,
    joined_at: Time,
}

/// Somebody who is about to become a member.
pub(super) struct Joining {
    pub(super) uid: Uid,
    pub(super) role: Role,
    pub(super) invited_by: Option<Uid>,
}

/// Makes people members: the rows, the spans, the marks, each user's own list. The counts in
/// `details` are raised and have to be written afterwards. Under the head lock.
pub(super) fn join(
    tx: &mut LogTx<'_>,
    head: &Head,
    details: &mut Details,
    people: &[Joining],
) -> Result<Vec<MemberRow>, Fail> {
    let mut members = Vec::with_capacity(people.len());
    for Joining { uid, role, invited_by } in people {
        details.member_count += 1;
        details.join_count += 1;
        let (ordinal, joined_at) = (details.join_count, tx.now());
        let member = MemberRow {
            uid: *uid,
            ordinal,
            role: *role,
            joined_at,
            invited_by: *invited_by,
            joined_seq: head.seq,
        };
        store::insert_member(tx.tx(), head.app, details.id, &member)?;
        tx.open_span(details.id, *uid, details.first_seq(head.seq), rights::gate(*role))?;
        if head.seq > 0 {
            // What was said before counts as read: nobody begins with a thousand unread messages.
            // What others are shown (`receipt_seq`) does not claim it.
            let marks = Marks { delivered_seq: head.seq, read_seq: head.seq, ..Marks::default() };
            tx.raise_marks(details.id, *uid, marks)?;
        }
        members.push(member);
    }
    // Users' own lists are locked in one order everywhere: two groups that get the same people at
    // the same time must not wait for each other.
    let mut in_order: Vec<&MemberRow> = members.iter().collect();
    in_order.sort_unstable_by_key(|member| member.uid);
    for member in in_order {
        put_membership(tx, details.id, member)?;
    }
    Ok(members)
}

/// Writes the membership into the user state log.
pub(super) fn put_membership(
    tx: &mut LogTx<'_>,
    conversation: ConversationId,
    member: &MemberRow,
) -> Result<(), Fail> {
    let body = events::encode(&State { role: member.role, joined_at: member.joined_at })?;
    tx.put_state(member.uid, MEMBERSHIP, conversation.as_bytes(), &body)?;
    Ok(())
}
