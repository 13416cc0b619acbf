//! Signs a socket in by its token.

use hoopoe_apps::{
    Stamp,
    secret::{self, USER_TOKEN},
};
use hoopoe_db::ReadTx;
use hoopoe_kernel::{Actor, Fail, UserActor, ports::Identity};
use hoopoe_wire::{
    SessionId, Time,
    accounts::{Device, Session, User},
    codes,
};

use crate::{
    Accounts,
    model::{self, TokenIdentity},
    store,
};

/// How far `last_seen_at` may lag behind, in milliseconds: a write for every use would cost more
/// than what it tells.
pub(super) const SEEN_STEP_MS: i64 = 5 * 60 * 1_000;

/// A session that a socket may run in.
#[derive(Debug, Clone)]
pub struct Started {
    /// The caller of every command on the socket.
    pub identity: Identity,
    /// The user's profile.
    pub user: User,
    /// The session.
    pub session: SessionId,
    /// When the socket must be closed with 4401, unless the session has a new token by then.
    pub expires_at: Time,
    token: TokenIdentity,
    stamp: Stamp,
}

impl Accounts {
    /// Resolves a user token, notes the device and that the session is in use. 401 for anything
    /// but the token of a living session.
    ///
    /// A revocation may come between this and the moment from which the socket hears of
    /// revocations: ask [`Accounts::is_live`] after that moment.
    pub async fn start_session(
        &self,
        token: &str,
        device: Option<Device>,
    ) -> Result<Started, Fail> {
        if !secret::is_shaped(USER_TOKEN, token) {
            return Err(Fail::new(&codes::UNAUTHENTICATED));
        }
        let device = device.filter(|device| *device != Device::default());
        model::check_device(device.as_ref())?;
        let (hash, now) = (secret::hash(token), self.0.env.clock.now());
        let stamp = self.0.tokens.stamp();
        let found = self.0.db.read(move |tx| Ok(find(tx, &hash, now)?)).await?;
        let found = found.ok_or_else(|| Fail::new(&codes::UNAUTHENTICATED))?;
        let (token, user, session) = found;
        self.note_use(&token, &session, device, now).await?;
        let actor = UserActor::signed_in(token.uid, token.id.clone(), token.session);
        Ok(Started {
            identity: Identity { app: token.app, actor: Actor::User(actor) },
            user,
            session: token.session,
            expires_at: token.expires_at,
            token,
            stamp,
        })
    }

    /// Whether a session that was started has been revoked since. It reads the database only when
    /// something was revoked in between.
    pub async fn is_live(&self, started: &Started) -> Result<bool, Fail> {
        if self.0.tokens.stamp() == started.stamp {
            return Ok(true);
        }
        let TokenIdentity { app, uid, session, .. } = started.token;
        let now = self.0.env.clock.now();
        let read = self.0.db.read(move |tx| {
            let living = store::session(tx, app, uid, session, now)?.is_some();
            Ok(living && store::user_by_uid(tx, app, uid)?.is_some())
        });
        read.await
    }

    /// Writes only what is new: most sockets come back soon and on the same device.
    async fn note_use(
        &self,
        token: &TokenIdentity,
        session: &Session,
        device: Option<Device>,
        now: Time,
    ) -> Result<(), Fail> {
        let device = device.filter(|device| *device != session.device);
        if device.is_none() && now < session.last_seen_at.plus_ms(SEEN_STEP_MS) {
            return Ok(());
        }
        let TokenIdentity { app, uid, session, .. } = *token;
        let write = self.0.db.write(move |tx| {
            let living = match &device {
                Some(device) => store::set_device(tx, app, uid, session, device, now)?,
                None => store::see_session(tx, app, uid, session, now)?,
            };
            if living { Ok(()) } else { Err(Fail::new(&codes::UNAUTHENTICATED)) }
        });
        write.await
    }
}

type Found = (TokenIdentity, User, Session);

fn find(
    tx: &mut dyn ReadTx,
    hash: &secret::Hash,
    now: Time,
) -> Result<Option<Found>, hoopoe_db::DbError> {
    let token = store::session_by_token(tx, hash)?.filter(|token| now < token.expires_at);
    let Some(token) = token else { return Ok(None) };
    let session = store::session(tx, token.app, token.uid, token.session, now)?;
    let user = store::user_by_uid(tx, token.app, token.uid)?;
    Ok(session.zip(user).map(|(session, (_, user))| (token, user, session)))
}
