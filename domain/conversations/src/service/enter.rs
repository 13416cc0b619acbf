//! How every change of a conversation begins: the head lock, and who asks.

use hoopoe_accounts::Accounts;
use hoopoe_kernel::{Fail, Uid};
use hoopoe_log::{Head, LogTx};
use hoopoe_wire::{ConversationId, UserId, codes};

use crate::{
    model::{Details, MemberRow, draft::Wanted},
    store,
};

/// A conversation under its head lock, and the caller in it.
pub(super) struct Entered {
    pub(super) head: Head,
    pub(super) details: Details,
    pub(super) me: MemberRow,
}

/// Takes the head lock; 404 for who is no member.
pub(super) fn enter(
    tx: &mut LogTx<'_>,
    conversation: ConversationId,
    uid: Uid,
) -> Result<Entered, Fail> {
    let missing = || Fail::new(&codes::CONVERSATION_NOT_FOUND);
    let app = tx.app();
    let head = tx.lock(conversation)?.ok_or_else(missing)?;
    let details = store::find(tx.read(), app, conversation)?.ok_or_else(missing)?;
    let me = store::find_member(tx.read(), app, conversation, uid)?.ok_or_else(missing)?;
    Ok(Entered { head, details, me })
}

/// The same for a group; 409 for a direct conversation.
pub(super) fn enter_group(
    tx: &mut LogTx<'_>,
    conversation: ConversationId,
    uid: Uid,
) -> Result<Entered, Fail> {
    let entered = enter(tx, conversation, uid)?;
    entered.details.demand_group()?;
    Ok(entered)
}

/// A member by the id that the app chose; 404 when there is none.
pub(super) fn find_member(
    tx: &mut LogTx<'_>,
    conversation: ConversationId,
    user: &UserId,
) -> Result<MemberRow, Fail> {
    let missing = || Fail::new(&codes::MEMBER_NOT_FOUND);
    let app = tx.app();
    let found = Accounts::resolve(tx.read(), app, std::slice::from_ref(user))?;
    let uid = found.into_iter().flatten().next().ok_or_else(missing)?;
    store::find_member(tx.read(), app, conversation, uid)?.ok_or_else(missing)
}

/// The users that a request names; 422 that points at those who do not exist.
pub(super) fn resolve_all(tx: &mut LogTx<'_>, wanted: &Wanted) -> Result<Vec<Uid>, Fail> {
    let app = tx.app();
    let found = Accounts::resolve(tx.read(), app, &wanted.ids)?;
    wanted.all_found(&found)
}
