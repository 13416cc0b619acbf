//! Makes users, or replaces their profiles: one, or a thousand at once.

use std::{collections::HashMap, sync::Arc};

use hoopoe_db::{DbError, DbErrorKind, WriteTx};
use hoopoe_kernel::{AppNo, Ctx, Fail, Uid};
use hoopoe_wire::{
    Time,
    accounts::{BatchReply, BatchUser, BatchUsers, UpsertUser, User},
    limits,
};

use crate::{
    Accounts,
    model::{self, Profile},
    store,
};

/// How often internal ids that somebody else took in the same millisecond are drawn anew.
pub(super) const ATTEMPTS: usize = 8;

/// A user after `users.upsert`.
#[derive(Debug, Clone)]
pub struct Upserted {
    /// Inside.
    pub uid: Uid,
    /// Outside.
    pub user: User,
    /// Whether the user is new.
    pub created: bool,
}

impl Accounts {
    /// Makes a user or replaces the whole profile. A deleted user's id makes a new user, who
    /// inherits nothing.
    pub async fn upsert(&self, ctx: &Ctx, request: UpsertUser) -> Result<Upserted, Fail> {
        let UpsertUser { user, name, avatar_url, metadata } = request;
        model::check_id("/user", &user)?;
        let profile = Profile::check("", user, name, avatar_url, metadata)?;
        let done = self.upsert_profiles(ctx, vec![profile]).await?.pop();
        let done = done.ok_or_else(Fail::internal)?;
        if !done.created {
            self.tell_updated(done.uid, &done.user)?;
        }
        Ok(done)
    }

    /// The same for up to 1,000 users, all or none. It is an import: devices are not told.
    pub async fn upsert_batch(&self, ctx: &Ctx, request: BatchUsers) -> Result<BatchReply, Fail> {
        let profiles = check_batch(request.users)?;
        let done = self.upsert_profiles(ctx, profiles).await?;
        let count = done.len() as u64;
        let created = done.iter().filter(|done| done.created).count() as u64;
        let items = done.into_iter().map(|done| done.user).collect();
        Ok(BatchReply { items, created, updated: count - created })
    }

    async fn upsert_profiles(
        &self,
        ctx: &Ctx,
        profiles: Vec<Profile>,
    ) -> Result<Vec<Upserted>, Fail> {
        let (app, now) = (ctx.app, ctx.now());
        let profiles = Arc::new(profiles);
        for _ in 0..ATTEMPTS {
            let mut random = [0; 4];
            ctx.env().entropy.fill(&mut random);
            let (random, written) = (u32::from_le_bytes(random), profiles.clone());
            let write = self.0.db.write(move |tx| upsert_all(tx, app, &written, now, random));
            let rows = match write.await {
                Err(fail) if is_taken(&fail) => continue,
                outcome => outcome?,
            };
            return Ok(replies(&profiles, rows, now));
        }
        Err(Fail::unavailable())
    }
}

fn check_batch(users: Vec<BatchUser>) -> Result<Vec<Profile>, Fail> {
    let most = limits::USERS_PER_BATCH_MAX;
    if users.is_empty() || users.len() > most {
        let code = if users.is_empty() { "too_few" } else { "too_many" };
        return Err(Fail::field("/users", code, format!("1 to {most} users")));
    }
    let mut seen = HashMap::with_capacity(users.len());
    let mut profiles = Vec::with_capacity(users.len());
    for (index, user) in users.into_iter().enumerate() {
        let BatchUser { id, name, avatar_url, metadata } = user;
        let at = format!("/users/{index}");
        model::check_id(&format!("{at}/id"), &id)?;
        if let Some(first) = seen.insert(id.clone(), index) {
            let words = format!("the same id as user {first} of the batch");
            return Err(Fail::field(&format!("{at}/id"), "duplicate", words));
        }
        profiles.push(Profile::check(&at, id, name, avatar_url, metadata)?);
    }
    Ok(profiles)
}

/// Internal id, whether it is new, and when the user was made.
type Row = (Uid, bool, Time);

/// Writes them in the order of their ids, so that two batches wait for each other and do not lock
/// each other out; answers in the order of the request.
fn upsert_all(
    tx: &mut dyn WriteTx,
    app: AppNo,
    profiles: &[Profile],
    now: Time,
    random: u32,
) -> Result<Vec<Row>, Fail> {
    let mut order: Vec<usize> = (0..profiles.len()).collect();
    order.sort_unstable_by(|a, b| profiles[*a].id.cmp(&profiles[*b].id));
    let mut rows = vec![(Uid::NONE, false, now); profiles.len()];
    for (nth, index) in order.into_iter().enumerate() {
        let fresh = model::uid(now, random, nth);
        let (uid, created_at) = store::upsert_user(tx, app, fresh, &profiles[index], now)?;
        rows[index] = (uid, uid == fresh, created_at);
    }
    Ok(rows)
}

/// Whether something that is unique was written by somebody else at the same time.
pub(super) fn is_taken(fail: &Fail) -> bool {
    fail.cause::<DbError>().is_some_and(|error| error.kind() == DbErrorKind::Constraint)
}

fn replies(profiles: &[Profile], rows: Vec<Row>, now: Time) -> Vec<Upserted> {
    let reply = |(profile, (uid, created, created_at)): (&Profile, Row)| Upserted {
        uid,
        user: profile.to_user(created_at, now),
        created,
    };
    profiles.iter().zip(rows).map(reply).collect()
}

#[cfg(test)]
mod tests {
    use hoopoe_wire::UserId;

    use super::*;

    fn user(id: &str) -> BatchUser {
        let id = UserId::parse(id).unwrap_or_else(UserId::none);
        BatchUser { id, name: None, avatar_url: None, metadata: None }
    }

    fn refusal(users: Vec<BatchUser>) -> String {
        let problem = check_batch(users).expect_err("wrong").problem(hoopoe_wire::RequestId::NONE);
        format!("{} {} {}", problem.code, problem.errors[0].pointer, problem.errors[0].code)
    }

    #[test]
    fn a_batch_is_checked_whole_before_anything_is_written() {
        assert_eq!(refusal(vec![]), "request.invalid /users too_few");
        let many = (0..=1_000).map(|n| user(&format!("u{n}"))).collect();
        assert_eq!(refusal(many), "request.invalid /users too_many");
        let twice = vec![user("a"), user("b"), user("a")];
        assert_eq!(refusal(twice), "request.invalid /users/2/id duplicate");
        let bad = vec![user("a"), user("b c")];
        assert_eq!(refusal(bad), "accounts.bad_user_id /users/1/id invalid");
    }
}
