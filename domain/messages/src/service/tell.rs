//! Events that are in no log: told to those who are there.

use hoopoe_bus::Notice;
use hoopoe_kernel::Uid;
use hoopoe_wire::ConversationId;
use serde::Serialize;

use super::Messages;

#[derive(Serialize)]
struct Frame<T> {
    event: &'static str,
    conversation: ConversationId,
    data: T,
}

impl Messages {
    /// To every device of these users, over the bus.
    pub(super) fn tell<T: Serialize>(
        &self,
        event: &'static str,
        conversation: ConversationId,
        uids: Vec<Uid>,
        data: T,
    ) {
        match serde_json::to_vec(&Frame { event, conversation, data }) {
            Ok(json) => self.inner.bus.publish(Notice::Users { uids, frame: json.into() }),
            Err(error) => tracing::error!(%error, event, "an event could not be encoded"),
        }
    }
}
