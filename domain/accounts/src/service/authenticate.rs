//! Tells who calls: the `Authenticate` port.

use hoopoe_apps::secret::{self, USER_TOKEN};
use hoopoe_kernel::{
    Actor, AppNo, BoxFuture, Fail, UserActor,
    ports::{Authenticate, Credential, Identity},
};
use hoopoe_wire::{UserId, codes};

use super::start_session::SEEN_STEP_MS;
use crate::{Accounts, model::TokenIdentity, store};

/// Recognises user tokens (`ut_…`), server keys (`sk_…`, with `Hoopoe-As` as one of their users)
/// and administration keys (`ak_…`).
#[derive(Clone)]
pub struct Authenticator {
    accounts: Accounts,
}

impl Authenticator {
    /// Asks these accounts and their apps.
    pub fn new(accounts: Accounts) -> Self {
        Self { accounts }
    }

    async fn identify(&self, credential: Credential) -> Result<Identity, Fail> {
        let Credential { bearer, act_as } = credential;
        let Some(bearer) = bearer else {
            return Ok(Identity { app: AppNo::NONE, actor: Actor::Anonymous });
        };
        if bearer.starts_with(USER_TOKEN) {
            let identity = self.accounts.authenticate_token(&bearer).await?;
            return match act_as {
                None => Ok(identity),
                Some(_) => Err(only_for_server_keys()),
            };
        }
        self.by_key(&bearer, act_as).await
    }

    async fn by_key(&self, bearer: &str, act_as: Option<String>) -> Result<Identity, Fail> {
        let known = self.accounts.0.apps.authenticate_key(bearer).await?;
        let key = known.ok_or_else(|| Fail::new(&codes::UNAUTHENTICATED))?;
        let actor = match (key.admin, act_as) {
            (true, None) => Actor::Admin { key: key.key },
            (true, Some(_)) => return Err(only_for_server_keys()),
            (false, None) => Actor::Server { key: key.key, scopes: key.scopes },
            (false, Some(name)) => {
                let missing = || Fail::new(&codes::USER_NOT_FOUND);
                let id = UserId::parse(&name).ok_or_else(missing)?;
                let found = self.accounts.find_acting(key.app, id.clone()).await?;
                let uid = found.ok_or_else(missing)?;
                Actor::User(UserActor { uid, id, session: None, scopes: key.scopes })
            }
        };
        Ok(Identity { app: key.app, actor })
    }
}

impl Authenticate for Authenticator {
    fn authenticate(&self, credential: Credential) -> BoxFuture<Result<Identity, Fail>> {
        let this = self.clone();
        Box::pin(async move { this.identify(credential).await })
    }
}

fn only_for_server_keys() -> Fail {
    Fail::new(&codes::FORBIDDEN).with_detail("only a server key acts for a user")
}

impl Accounts {
    /// Whose token this is; 401 for one that is unknown, expired or revoked. What this process
    /// revokes is refused at once, what another one revokes within a second.
    pub async fn authenticate_token(&self, token: &str) -> Result<Identity, Fail> {
        let refused = || Fail::new(&codes::UNAUTHENTICATED);
        if !secret::is_shaped(USER_TOKEN, token) {
            return Err(refused());
        }
        let hash = secret::hash(token);
        let known = match self.0.tokens.get(&hash) {
            Some(identity) => identity,
            None => {
                let stamp = self.0.tokens.stamp();
                let read = self.0.db.read(move |tx| Ok(store::session_by_token(tx, &hash)?));
                let found = read.await?.ok_or_else(refused)?;
                self.note_seen(&found);
                self.0.tokens.put(stamp, hash, found.clone());
                found
            }
        };
        if self.0.env.clock.now() >= known.expires_at {
            return Err(refused());
        }
        let actor = UserActor::signed_in(known.uid, known.id, known.session);
        Ok(Identity { app: known.app, actor: Actor::User(actor) })
    }

    /// Notes beside the call that a session is in use, every few minutes.
    fn note_seen(&self, token: &TokenIdentity) {
        let now = self.0.env.clock.now();
        let due = token.last_seen_at.plus_ms(SEEN_STEP_MS);
        if now < due || now >= token.expires_at {
            return;
        }
        let (accounts, TokenIdentity { app, uid, session, .. }) = (self.clone(), token.clone());
        tokio::spawn(async move {
            let write = accounts.0.db.write(move |tx| {
                store::see_session(tx, app, uid, session, now)?;
                Ok(())
            });
            if let Err(fail) = write.await {
                tracing::debug!(%fail, "the last use of a session was not noted");
            }
        });
    }
}
