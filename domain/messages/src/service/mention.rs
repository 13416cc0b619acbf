//! Mentions speak to members: to anybody else nothing would come.

use hoopoe_accounts::Accounts;
use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{AppNo, Fail};
use hoopoe_log::{Demand, spans};
use hoopoe_wire::{ConversationId, UserId};

/// The demand of a message that mentions somebody; none for one that does not.
pub(super) struct Mentioned {
    app: AppNo,
    conversation: ConversationId,
    users: Vec<UserId>,
}

impl Mentioned {
    pub(super) fn of(
        app: AppNo,
        conversation: ConversationId,
        users: Vec<UserId>,
    ) -> Option<Box<dyn Demand>> {
        if users.is_empty() {
            return None;
        }
        Some(Box::new(Self { app, conversation, users }))
    }
}

impl Demand for Mentioned {
    fn check(&self, tx: &mut dyn ReadTx) -> Result<Result<(), Fail>, DbError> {
        are_members(tx, self.app, self.conversation, &self.users)
    }
}

/// 422 that points at the first who is no member, or no user at all.
pub(super) fn are_members(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    users: &[UserId],
) -> Result<Result<(), Fail>, DbError> {
    for (at, user) in users.iter().enumerate() {
        if users[..at].contains(user) {
            continue;
        }
        let uid = Accounts::resolve(tx, app, std::slice::from_ref(user))?.into_iter().next();
        let is_member = match uid.flatten() {
            Some(uid) => spans::gate(tx, app, conversation, uid)?.is_some(),
            None => false,
        };
        if !is_member {
            let pointer = format!("/mentions/{at}");
            return Ok(Err(Fail::field(&pointer, "not_a_member", "mentions are of members")));
        }
    }
    Ok(Ok(()))
}
