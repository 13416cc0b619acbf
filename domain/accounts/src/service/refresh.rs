//! Exchanges a refresh token for the next tokens.

use hoopoe_apps::secret::{self, Hash};
use hoopoe_db::WriteTx;
use hoopoe_kernel::{AppNo, Ctx, Fail, Uid};
use hoopoe_wire::{
    SessionId, Time, codes,
    signin::{Refresh, Refreshed},
};

use super::{outlive, sign_in::Terms};
use crate::{
    Accounts,
    model::{
        refresh::{self, Nonce, RefreshToken},
        settings::SignInSettings,
    },
    store::{self, Family, Next},
};

/// How often a token that somebody else used at the same moment is looked at again: after the
/// second look it is an old one.
const LOOKS: usize = 3;

/// What becomes of a refresh token.
#[derive(Clone)]
enum Outcome {
    /// There is no living session of it.
    Unknown,
    /// It was used before by somebody else: the session is over now.
    Reused { app: AppNo, uid: Uid, session: SessionId },
    /// The tokens that follow with this nonce.
    Next { uid: Uid, session: SessionId, nonce: Nonce, terms: Terms },
}

/// What a client showed.
#[derive(Clone)]
struct Shown {
    token: RefreshToken,
    attempt: Option<Hash>,
    nonce: Nonce,
    now: Time,
}

impl Accounts {
    /// The next tokens of a session; those from before are void. A token that was used before ends
    /// the session, unless it was the last one and the attempt has the same name as then: that is
    /// the client itself, which got no answer, and it gets the same one. 401 for all that is none.
    pub async fn refresh(&self, ctx: &Ctx, request: Refresh) -> Result<Refreshed, Fail> {
        let Refresh { refresh_token, client_id } = request;
        let attempt = refresh::attempt_hash(client_id.as_deref())?;
        let token = RefreshToken::parse(&refresh_token).ok_or_else(refused)?;
        let mut nonce = [0; 16];
        ctx.env().entropy.fill(&mut nonce);
        let shown = Shown { token, attempt, nonce, now: ctx.now() };
        let accounts = self.clone();
        outlive(async move { accounts.exchange(shown).await }).await
    }

    async fn exchange(&self, shown: Shown) -> Result<Refreshed, Fail> {
        let (settings, asked) = (self.0.settings.clone(), shown.clone());
        match self.0.db.write(move |tx| exchange(tx, &settings, &asked)).await? {
            Outcome::Unknown => Err(refused()),
            Outcome::Reused { app, uid, session } => {
                self.tell_revoked(uid, session)?;
                tracing::warn!(
                    target: "audit",
                    event = "refresh_token_reused",
                    app = app.0,
                    %session,
                    "a refresh token was used twice: its session is over"
                );
                Err(refused())
            }
            Outcome::Next { uid, session, nonce, terms } => {
                self.tell_renewed(uid, session, terms.token_expires_at);
                let next = shown.token.successor(&nonce);
                Ok(Refreshed {
                    session,
                    token: next.token,
                    expires_at: terms.token_expires_at,
                    refresh_token: next.refresh.reveal(),
                    refresh_expires_at: terms.expires_at,
                })
            }
        }
    }
}

fn exchange(
    tx: &mut dyn WriteTx,
    settings: &SignInSettings,
    shown: &Shown,
) -> Result<Outcome, Fail> {
    let (family_hash, hash) = (shown.token.family_hash(), shown.token.hash());
    for _ in 0..LOOKS {
        let Some(family) = store::family(tx.as_read(), &family_hash, shown.now)? else {
            return Ok(Outcome::Unknown);
        };
        if family.newest != hash {
            return old(tx, &family, &hash, shown);
        }
        let terms = Terms::of(settings, shown.now, family.ends_at);
        let next = shown.token.successor(&shown.nonce);
        let next = Next {
            token_hash: secret::hash(&next.token.0),
            token_expires_at: terms.token_expires_at,
            refresh_hash: next.refresh.hash(),
            nonce: shown.nonce,
            attempt: shown.attempt,
            expires_at: terms.expires_at,
        };
        if store::rotate(tx, &family, &next, shown.now)? {
            let Family { uid, session, .. } = family;
            return Ok(Outcome::Next { uid, session, nonce: shown.nonce, terms });
        }
    }
    Err(Fail::unavailable())
}

/// The session of this token has a newer one.
fn old(tx: &mut dyn WriteTx, family: &Family, hash: &Hash, shown: &Shown) -> Result<Outcome, Fail> {
    let Family { app, uid, session, .. } = *family;
    if let Some(last) = &family.last
        && last.previous == *hash
        && shown.attempt.is_some()
        && shown.attempt == last.attempt
    {
        let terms =
            Terms { token_expires_at: family.token_expires_at, expires_at: family.expires_at };
        return Ok(Outcome::Next { uid, session, nonce: last.nonce, terms });
    }
    store::revoke_session(tx, app, uid, session, shown.now)?;
    Ok(Outcome::Reused { app, uid, session })
}

fn refused() -> Fail {
    Fail::new(&codes::INVALID_REFRESH_TOKEN)
}
