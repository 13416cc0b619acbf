//! How every act on a message begins: who acts, and the message as it is now.

use hoopoe_conversations::{Membership, Permission, Rights, require};
use hoopoe_db::ReadTx;
use hoopoe_kernel::{Actor, AppNo, Ctx, Fail, Uid};
use hoopoe_log::{LogTx, heads, messages, spans};
use hoopoe_wire::{ConversationId, Time, UserId, codes, messages::MessageVersion};

use crate::store::Place;

/// Who acts.
#[derive(Debug, Clone)]
pub(super) enum By {
    /// A user.
    User(Uid, UserId),
    /// The app's backend.
    App,
}

impl By {
    /// 403 for who is neither.
    pub(super) fn of(ctx: &Ctx) -> Result<Self, Fail> {
        match &ctx.actor {
            Actor::User(user) => Ok(Self::User(user.uid, user.id.clone())),
            Actor::Server { .. } | Actor::System => Ok(Self::App),
            Actor::Anonymous | Actor::Admin { .. } => Err(Fail::new(&codes::FORBIDDEN)),
        }
    }

    /// Inside; nobody for the backend.
    pub(super) fn uid(&self) -> Uid {
        match self {
            Self::User(uid, _) => *uid,
            Self::App => Uid::NONE,
        }
    }

    /// Outside.
    pub(super) fn id(&self) -> Option<&UserId> {
        match self {
            Self::User(_, id) => Some(id),
            Self::App => None,
        }
    }
}

/// A message that somebody may read and wants to do something to.
#[derive(Debug)]
pub(super) struct Target {
    membership: Option<Membership>,
    actor: Uid,
    pub(super) sender: Uid,
    pub(super) kind: String,
    pub(super) at: Time,
    pub(super) is_redacted: bool,
    pub(super) is_decorated: bool,
    pub(super) client_id: Vec<u8>,
    pub(super) body: Vec<u8>,
}

impl Target {
    /// Whether the one who acts has written it.
    pub(super) fn is_own(&self) -> bool {
        self.actor != Uid::NONE && self.actor == self.sender
    }

    /// Whether the one who acts may take back what others wrote: the backend, owners and admins.
    /// What the server itself wrote stays to the backend.
    pub(super) fn may_take_back(&self) -> bool {
        match &self.membership {
            None => true,
            Some(member) => self.sender != Uid::NONE && member.role.may(Permission::TakeBack),
        }
    }

    /// 409 for a tombstone.
    pub(super) fn demand_content(&self) -> Result<(), Fail> {
        if self.is_redacted { Err(Fail::new(&codes::MESSAGE_GONE)) } else { Ok(()) }
    }

    /// What it says.
    pub(super) fn version(&self) -> Result<MessageVersion, Fail> {
        serde_json::from_slice(&self.body).map_err(|error| Fail::internal().caused_by(error))
    }

    /// How its sender recognises it, as a text.
    pub(super) fn client_id(&self) -> String {
        let mut text = Vec::new();
        hoopoe_log::ClientId::write_text(&self.client_id, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// Finds a message. The same 404 for a conversation that is missing and one that is not theirs; and
/// for a message that is missing and one that they may not read.
pub(super) fn reach(
    tx: &mut dyn ReadTx,
    app: AppNo,
    by: &By,
    place: Place,
) -> Result<Target, Fail> {
    let (conversation, seq) = place;
    let membership = match by {
        By::User(uid, _) => Some(require(tx, app, conversation, *uid)?),
        By::App => {
            let head = heads::find(tx, app, conversation)?;
            head.ok_or_else(|| Fail::new(&codes::CONVERSATION_NOT_FOUND))?;
            None
        }
    };
    let not_found = || Fail::new(&codes::MESSAGE_NOT_FOUND);
    if membership.as_ref().is_some_and(|member| !member.spans.may_read(seq)) {
        return Err(not_found());
    }
    let mut target = None;
    messages::find(tx, app, conversation, seq, &mut |row| {
        target = Some(Target {
            membership: None,
            actor: by.uid(),
            sender: row.sender,
            kind: row.kind.to_owned(),
            at: row.at,
            is_redacted: row.is_redacted,
            is_decorated: row.is_decorated,
            client_id: row.client_id.to_owned(),
            body: row.body.to_owned(),
        });
        Ok(())
    })?;
    Ok(Target { membership, ..target.ok_or_else(not_found)? })
}

/// The same under the head lock, to change it.
pub(super) fn reach_locked(log: &mut LogTx<'_>, by: &By, place: Place) -> Result<Target, Fail> {
    let app = log.app();
    log.lock(place.0)?.ok_or_else(|| Fail::new(&codes::CONVERSATION_NOT_FOUND))?;
    reach(log.read(), app, by, place)
}

/// 403 for a member who may read and not write: a guest, somebody who is muted.
pub(super) fn demand_voice(
    log: &mut LogTx<'_>,
    conversation: ConversationId,
    uid: Uid,
) -> Result<(), Fail> {
    let (app, now) = (log.app(), log.now());
    let gate = spans::gate(log.read(), app, conversation, uid)?;
    let gate = gate.ok_or_else(|| Fail::new(&codes::CONVERSATION_NOT_FOUND))?;
    if gate.is_open(now) { Ok(()) } else { Err(Fail::new(&codes::MESSAGE_FORBIDDEN)) }
}
