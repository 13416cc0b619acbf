//! The use cases.

mod delete;
mod edits;
mod list;
mod mark;
mod mark_unread;
mod mention;
mod reach;
mod react;
mod reactions;
mod recall;
mod receipt;
mod receipts;
mod rows;
mod send;
mod tell;
mod update;

use std::sync::Arc;

use hoopoe_accounts::Accounts;
use hoopoe_bus::Bus;
use hoopoe_db::ReadTx;
use hoopoe_kernel::{Ctx, Fail};
use hoopoe_log::{Head, Log, Spans, heads, spans};
use hoopoe_wire::{ConversationId, codes};

pub(crate) use mark::Mark;
pub(crate) use react::Reacting;

/// The messages of all conversations. Cheap to clone.
#[derive(Clone)]
pub struct Messages {
    inner: Arc<Inner>,
}

struct Inner {
    log: Log,
    accounts: Accounts,
    bus: Arc<dyn Bus>,
    marks: mark::Waiting,
    counts: receipt::Counts,
}

impl Messages {
    /// Over a log, with names from accounts and a bus for receipts.
    pub fn new(log: Log, accounts: Accounts, bus: Arc<dyn Bus>) -> Self {
        let inner = Inner {
            log,
            accounts,
            bus,
            marks: mark::Waiting::default(),
            counts: receipt::Counts::default(),
        };
        Self { inner: Arc::new(inner) }
    }
}

/// Head and spans of a conversation for a member; the same 404 for anyone else.
fn enter(
    tx: &mut dyn ReadTx,
    ctx: &Ctx,
    conversation: ConversationId,
) -> Result<(Head, Spans), Fail> {
    let not_found = || Fail::new(&codes::CONVERSATION_NOT_FOUND);
    let user = ctx.user()?;
    let head = heads::find(tx, ctx.app, conversation)?.ok_or_else(not_found)?;
    let spans = spans::readable(tx, ctx.app, conversation, user.uid)?;
    if spans.is_member() { Ok((head, spans)) } else { Err(not_found()) }
}
