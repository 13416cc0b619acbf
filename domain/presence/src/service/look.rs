//! What the database says: who may see whom, and who was last seen when.

use hoopoe_accounts::Accounts;
use hoopoe_db::ReadTx;
use hoopoe_kernel::{AppNo, Fail, Uid};
use hoopoe_wire::{UserId, limits};

use crate::{
    Presence,
    model::watches::{Answer, Question},
    store,
};

/// Users by the app's id, in order; without an internal one who is not there.
pub(super) type Named = Vec<(UserId, Option<Uid>)>;

impl Presence {
    /// Finds users.
    pub(super) async fn find(&self, app: AppNo, users: Vec<UserId>) -> Result<Named, Fail> {
        let read = self.0.parts.db.read(move |tx| {
            let uids = Accounts::resolve(tx, app, &users)?;
            Ok(users.iter().cloned().zip(uids).collect())
        });
        read.await
    }

    /// Asks for many pairs.
    pub(super) async fn ask(
        &self,
        questions: Vec<Question>,
    ) -> Result<Vec<(Question, Answer)>, Fail> {
        let presence = self.clone();
        let read = self.0.parts.db.read(move |tx| {
            let mut answers = Vec::with_capacity(questions.len());
            for question in &questions {
                let Question { app, socket: (viewer, _), target, .. } = *question;
                answers.push((*question, presence.judge(tx, app, viewer, target)?));
            }
            Ok(answers)
        });
        read.await
    }

    /// Whether one user may see another: they share a conversation that is not too large, and
    /// neither of them hides. Everybody sees themselves.
    pub(super) fn judge(
        &self,
        tx: &mut dyn ReadTx,
        app: AppNo,
        viewer: Uid,
        target: Uid,
    ) -> Result<Answer, Fail> {
        let may_see = viewer == target
            || !Accounts::hides_presence(tx, viewer)?
                && !Accounts::hides_presence(tx, target)?
                && self.0.parts.conversations.share(
                    tx,
                    app,
                    (viewer, target),
                    limits::PRESENCE_MEMBERS_MAX,
                )?;
        let last_seen = if may_see { store::last_seen(tx, app, target)? } else { None };
        Ok(Answer { may_see, last_seen })
    }
}
