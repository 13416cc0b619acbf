//! A session that can be refreshed: what every way of signing in ends with.

use hoopoe_apps::secret::{self, USER_TOKEN};
use hoopoe_kernel::{AppNo, Ctx, Uid};
use hoopoe_wire::{
    SessionId, Time,
    accounts::{Device, User},
    apps::Secret,
    signin::SignedIn,
};

use crate::{
    model::{refresh::RefreshToken, settings::SignInSettings},
    store::{NewFamily, NewSession},
};

const DAY_S: u64 = 86_400;

/// A session that is about to be written, with its secrets. It always has a new id: nothing that a
/// client brought along becomes a session.
pub(super) struct Opening {
    session: SessionId,
    token: Secret,
    refresh: RefreshToken,
    device: Device,
    now: Time,
    ends_at: Time,
    terms: Terms,
}

/// How long the parts of a session live.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// The token.
    pub(super) token_expires_at: Time,
    /// The session, when nobody refreshes it.
    pub(super) expires_at: Time,
}

impl Terms {
    /// From now on, in a session that ends at the latest at `ends_at`.
    pub(super) fn of(settings: &SignInSettings, now: Time, ends_at: Time) -> Self {
        let idle_s = settings.session_idle_days.saturating_mul(DAY_S);
        let expires_at = later(now, idle_s).min(ends_at);
        let token_expires_at = later(now, settings.token_ttl_s).min(expires_at);
        Self { token_expires_at, expires_at }
    }
}

fn later(now: Time, seconds: u64) -> Time {
    now.plus_s(i64::try_from(seconds).unwrap_or(i64::MAX))
}

impl Opening {
    pub(super) fn new(ctx: &Ctx, settings: &SignInSettings, device: Option<Device>) -> Self {
        let now = ctx.now();
        let ends_at = later(now, settings.session_days_max.saturating_mul(DAY_S));
        Self {
            session: SessionId(ctx.fresh_id()),
            token: secret::fresh(USER_TOKEN, ctx.env()),
            refresh: RefreshToken::first(&*ctx.env().entropy),
            device: device.unwrap_or_default(),
            now,
            ends_at,
            terms: Terms::of(settings, now, ends_at),
        }
    }

    /// The row of the session.
    pub(super) fn row(&self, app: AppNo, uid: Uid) -> NewSession {
        let family = NewFamily {
            token_expires_at: self.terms.token_expires_at,
            ends_at: self.ends_at,
            family_hash: self.refresh.family_hash(),
            refresh_hash: self.refresh.hash(),
        };
        NewSession {
            app,
            uid,
            id: self.session,
            token_hash: secret::hash(&self.token.0),
            device: self.device.clone(),
            created_at: self.now,
            expires_at: self.terms.expires_at,
            refresh: Some(family),
        }
    }

    /// The reply, after the commit.
    pub(super) fn reply(&self, user: User) -> SignedIn {
        SignedIn {
            user,
            session: self.session,
            token: self.token.clone(),
            expires_at: self.terms.token_expires_at,
            refresh_token: self.refresh.clone().reveal(),
            refresh_expires_at: self.terms.expires_at,
        }
    }
}
