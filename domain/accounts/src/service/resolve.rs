//! The app's ids to internal ones and back: what other domains ask all the time.

use hoopoe_db::{DbError, ReadTx};
use hoopoe_kernel::{AppNo, Fail, Uid};
use hoopoe_wire::UserId;

use crate::{Accounts, store};

impl Accounts {
    /// The internal ids of users, in order; `None` for one who is not there (any more).
    pub fn resolve(
        tx: &mut dyn ReadTx,
        app: AppNo,
        ids: &[UserId],
    ) -> Result<Vec<Option<Uid>>, DbError> {
        ids.iter().map(|id| store::uid_by_id(tx, app, id)).collect()
    }

    /// The ids of users, in order, deleted users included: their messages still name them.
    /// [`UserId::none`] for an internal id that nobody ever had.
    pub async fn names(&self, uids: &[Uid]) -> Result<Vec<UserId>, Fail> {
        let known: Option<Vec<UserId>> = uids.iter().map(|uid| self.known_name(*uid)).collect();
        if let Some(known) = known {
            return Ok(known);
        }
        let (accounts, uids) = (self.clone(), uids.to_vec());
        self.0.db.read(move |tx| Ok(accounts.names_in(tx, &uids)?)).await
    }

    /// The same inside a transaction.
    pub fn names_in(&self, tx: &mut dyn ReadTx, uids: &[Uid]) -> Result<Vec<UserId>, DbError> {
        uids.iter().map(|uid| self.name_in(tx, *uid)).collect()
    }

    /// The id of one user inside a transaction; without touching the database when it is known.
    pub fn name_in(&self, tx: &mut dyn ReadTx, uid: Uid) -> Result<UserId, DbError> {
        if let Some(id) = self.known_name(uid) {
            return Ok(id);
        }
        let Some(id) = store::id_by_uid(tx, uid)? else { return Ok(UserId::none()) };
        self.0.names.put(uid, id.clone());
        Ok(id)
    }

    /// The id of a user that was asked for before: memory only.
    pub fn known_name(&self, uid: Uid) -> Option<UserId> {
        self.0.names.get(uid)
    }

    /// The internal id of a user that a server key acts for; remembered for a second.
    pub(super) async fn find_acting(&self, app: AppNo, id: UserId) -> Result<Option<Uid>, Fail> {
        let key = (app, id);
        if let Some(uid) = self.0.acting.get(&key) {
            return Ok(Some(uid));
        }
        let stamp = self.0.acting.stamp();
        let asked = key.1.clone();
        let found = self.0.db.read(move |tx| Ok(store::uid_by_id(tx, app, &asked)?)).await?;
        if let Some(uid) = found {
            self.0.acting.put(stamp, key, uid);
        }
        Ok(found)
    }
}
