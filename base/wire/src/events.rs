//! Events: what the server says by itself on the socket, and later in webhooks, under the same
//! names. The list is what the protocol documents are printed from.

use schemars::{Schema, SchemaGenerator};

/// Where an event stands in its conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// It is an entry of the timeline: the frame carries `seq`.
    Seq,
    /// It is a change: the frame carries `rev`, and names its message, if any, in `data.seq`.
    Rev,
    /// It is not in the log of a conversation: the frame carries neither.
    None,
}

/// One row of the event list.
#[derive(Clone, Copy)]
pub struct EventInfo {
    /// `message.created`.
    pub name: &'static str,
    /// When it is sent, in one sentence or two.
    pub doc: &'static str,
    /// Which counter its frame carries.
    pub position: Position,
    /// The schema of the frame's `data`.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// All events, in the order of the list.
pub const ALL: &[EventInfo] = &[];
