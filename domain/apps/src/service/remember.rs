//! Keeps replies under their `Idempotency-Key`.

use hoopoe_kernel::{
    Actor, BoxFuture, Ctx, Fail, Reply,
    ports::{Remember, Remembered},
};
use hoopoe_wire::{codes, limits};

use crate::{
    Apps,
    store::{self, KeptReply, ReplySlot},
};

impl Remember for Apps {
    fn begin(
        &self,
        ctx: &Ctx,
        key: &str,
        request_hash: [u8; 32],
    ) -> BoxFuture<Result<Remembered, Fail>> {
        let (apps, slot, now) = (self.clone(), slot(ctx, key), ctx.now());
        Box::pin(async move {
            let Some(slot) = slot else { return Ok(Remembered::Fresh) };
            let expired = now.plus_s(-seconds(limits::IDEMPOTENCY_KEY_TTL_S));
            let stale = now.plus_s(-seconds(limits::IDEMPOTENCY_CLAIM_S));
            let claim = apps.0.db.write(move |tx| {
                if store::claim_reply(tx, &slot, &request_hash, now, expired, stale)? {
                    return Ok(None);
                }
                Ok(Some(store::find_reply(tx.as_read(), &slot)?))
            });
            match claim.await? {
                None => Ok(Remembered::Fresh),
                Some(kept) => answer(kept, &request_hash),
            }
        })
    }

    fn finish(&self, ctx: &Ctx, key: &str, reply: Option<&Reply>) -> BoxFuture<Result<(), Fail>> {
        let (apps, slot, reply) = (self.clone(), slot(ctx, key), reply.cloned());
        Box::pin(async move {
            let Some(slot) = slot else { return Ok(()) };
            let write = apps.0.db.write(move |tx| {
                match &reply {
                    Some(reply) => store::keep_reply(tx, &slot, reply.status, &reply.body)?,
                    None => store::free_reply(tx, &slot)?,
                }
                Ok(())
            });
            write.await
        })
    }
}

/// Where this caller's reply is kept. All keys of an app share one name space, so that a retry may
/// come with a rotated key. Nobody known has nothing kept: a stranger must not be answered with
/// what another stranger was told.
fn slot(ctx: &Ctx, key: &str) -> Option<ReplySlot> {
    let caller = match &ctx.actor {
        Actor::Anonymous => return None,
        Actor::User(user) => format!("user {}", user.uid.0),
        Actor::Server { .. } => "server".to_owned(),
        Actor::Admin { .. } => "admin".to_owned(),
        Actor::System => "system".to_owned(),
    };
    let claim = *ctx.request_id.as_bytes();
    Some(ReplySlot { app: ctx.app, caller, key: key.as_bytes().to_vec(), claim })
}

fn answer(kept: Option<KeptReply>, request_hash: &[u8; 32]) -> Result<Remembered, Fail> {
    // Gone between two statements: its owner failed and freed it just now.
    let Some(kept) = kept else { return Err(Fail::new(&codes::IDEMPOTENCY_BUSY)) };
    if kept.request_hash != request_hash {
        return Err(Fail::new(&codes::IDEMPOTENCY_MISMATCH));
    }
    let Some((status, body)) = kept.reply else {
        return Err(Fail::new(&codes::IDEMPOTENCY_BUSY));
    };
    let status = u16::try_from(status).map_err(|e| Fail::internal().caused_by(e))?;
    Ok(Remembered::Answered(Reply { status, body: body.into() }))
}

fn seconds(limit_s: u64) -> i64 {
    i64::try_from(limit_s).unwrap_or(i64::MAX)
}
