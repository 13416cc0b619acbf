//! The one question that everybody asks first: is this person in it?

use hoopoe_db::ReadTx;
use hoopoe_kernel::{AppNo, Fail, Uid};
use hoopoe_log::spans;
use hoopoe_wire::{ConversationId, codes};

use crate::{Membership, store};

/// A user's standing in a conversation. The same 404 for one that is missing, of another app, or
/// that the user is not (or no longer) a member of.
pub fn require(
    tx: &mut dyn ReadTx,
    app: AppNo,
    conversation: ConversationId,
    uid: Uid,
) -> Result<Membership, Fail> {
    let missing = || Fail::new(&codes::CONVERSATION_NOT_FOUND);
    let (kind, role) = store::standing(tx, app, conversation, uid)?.ok_or_else(missing)?;
    let spans = spans::readable(tx, app, conversation, uid)?;
    if !spans.is_member() {
        return Err(missing());
    }
    Ok(Membership { kind, role, spans })
}
