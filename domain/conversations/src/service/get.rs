//! One conversation.

use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::{
    codes,
    conversations::{Conversation, ConversationRef},
};

use crate::Conversations;

impl Conversations {
    /// A conversation of the caller's; 404 for any other.
    pub async fn get(&self, ctx: &Ctx, request: ConversationRef) -> Result<Conversation, Fail> {
        let (service, app, uid) = (self.clone(), ctx.app, ctx.user()?.uid);
        let found =
            self.0.log.db().read(move |tx| service.look(tx, app, request.conversation, uid));
        found.await?.ok_or_else(|| Fail::new(&codes::CONVERSATION_NOT_FOUND))
    }
}
