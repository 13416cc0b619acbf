//! Logged things read back from the log, for a hub that missed them.

use hoopoe_accounts::Accounts;
use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{AppNo, Uid};
use hoopoe_log::{
    AudienceChange, ClientId, Logged, LoggedChange, LoggedMessage, changes::ChangeRow,
    messages::MessageRow,
};
use hoopoe_wire::{ConversationId, UserId};

/// Rows read at once; who misses more resumes by cursors.
pub(crate) const ROWS_MAX: usize = 1_000;
/// What the log does not keep of a change.
const UNKNOWN: i64 = -1;

pub(crate) struct Missed {
    app: AppNo,
    conversation: ConversationId,
    messages: Vec<LoggedMessage>,
    changes: Vec<LoggedChange>,
    /// The head when the audience that the hub knows came to be: what has a higher seq was said to it.
    /// What has a lower one may have been said to another.
    audience_since_seq: i64,
}

impl Missed {
    pub(crate) fn new(app: AppNo, conversation: ConversationId) -> Self {
        Self {
            app,
            conversation,
            messages: Vec::new(),
            changes: Vec::new(),
            audience_since_seq: i64::MAX,
        }
    }

    /// The change of members that the hub's audience is of.
    pub(crate) fn audience_is_of(&mut self, row: &ChangeRow<'_>) {
        self.audience_since_seq = row.at_seq;
    }

    /// Tombstones are left out of nothing: they are told as what they were, without content.
    pub(crate) fn keep_message(&mut self, row: &MessageRow<'_>) {
        let mut client_id = Vec::new();
        ClientId::write_text(row.client_id, &mut client_id);
        let text = String::from_utf8_lossy(&client_id);
        let Some(client_id) = ClientId::parse(&text) else { return };
        self.messages.push(LoggedMessage {
            app: self.app,
            conversation: self.conversation,
            seq: row.seq,
            members_rev: 0,
            sender: row.sender,
            sender_id: UserId::none(),
            client_id,
            kind: row.kind.to_owned().into(),
            is_redacted: row.is_redacted,
            body: row.body.to_owned().into(),
            at: row.at,
        });
    }

    pub(crate) fn keep_change(&mut self, row: &ChangeRow<'_>) {
        let changes_members = row.members_rev == row.rev;
        let audience = if changes_members {
            AudienceChange::Members { joined: vec![], left: vec![], snapshot: [].as_slice().into() }
        } else {
            AudienceChange::Same
        };
        self.changes.push(LoggedChange {
            app: self.app,
            conversation: self.conversation,
            rev: row.rev,
            at_seq: row.at_seq,
            members_rev: row.members_rev,
            members_rev_before: UNKNOWN,
            kind: row.kind.to_owned().into(),
            target_seq: row.target_seq,
            actor: row.actor,
            data: row.data.to_owned().into(),
            audience,
            at: row.at,
        });
    }

    pub(crate) fn name_senders(
        &mut self,
        accounts: &Accounts,
        tx: &mut dyn ReadTx,
    ) -> Result<(), DbError> {
        let uids: Vec<Uid> = self.messages.iter().map(|message| message.sender).collect();
        let names = accounts.names_in(tx, &uids)?;
        for (message, name) in self.messages.iter_mut().zip(names) {
            message.sender_id = name;
        }
        Ok(())
    }

    /// Whether there may be more than was read.
    pub(crate) fn is_cut(&self) -> bool {
        self.messages.len().max(self.changes.len()) >= ROWS_MAX
    }

    /// In the order in which it happened: changes decide who hears the messages that follow them.
    /// `members_rev` is that of the hub's audience. Of a message that may be older than this audience
    /// nobody here knows who was meant: it gets 0, and everybody's spans are asked.
    pub(crate) fn into_logged(self, members_rev: i64) -> Vec<Logged> {
        let mut logged = Vec::with_capacity(self.messages.len() + self.changes.len());
        let mut changes = self.changes.into_iter().peekable();
        let mut told_before = None;
        for mut message in self.messages {
            while let Some(change) = changes.next_if(|change| change.at_seq < message.seq) {
                told_before = Some(change.members_rev);
                logged.push(Logged::Change(change));
            }
            let is_of_audience = message.seq > self.audience_since_seq;
            let known = told_before.or(is_of_audience.then_some(members_rev));
            message.members_rev = known.unwrap_or(0);
            logged.push(Logged::Message(message));
        }
        logged.extend(changes.map(Logged::Change));
        logged
    }
}
