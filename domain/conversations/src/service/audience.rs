//! Who hears of a conversation: what the hub keeps until `members_rev` moves.

use hoopoe_kernel::{AppNo, Fail};
use hoopoe_log::{heads, spans};
use hoopoe_wire::{ConversationId, codes};

use crate::{Audience, Conversations};

impl Conversations {
    /// The members now and the change that they are the outcome of, from one view of the database.
    pub async fn audience(
        &self,
        app: AppNo,
        conversation: ConversationId,
    ) -> Result<Audience, Fail> {
        let found = self.0.log.db().read(move |tx| {
            let head = heads::find(tx, app, conversation)?
                .ok_or_else(|| Fail::new(&codes::CONVERSATION_NOT_FOUND))?;
            let uids = spans::members(tx, conversation)?;
            let shared_from = spans::shared_from(tx, conversation)?;
            Ok(Audience { members_rev: head.members_rev, uids, shared_from })
        });
        found.await
    }
}
