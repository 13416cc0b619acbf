//! What a message said before.

use hoopoe_apps::page_limit;
use hoopoe_conversations::{decode_number, encode_number};
use hoopoe_kernel::{Answer, Ctx, Fail};
use hoopoe_log::replace;
use hoopoe_wire::messages::{EditPage, ListEdits};

use super::{
    Messages,
    reach::{By, reach},
};
use crate::model::encode;

impl Messages {
    /// The versions of a message that the caller may read: as it was sent first, as it is now last.
    /// None of a message whose content is gone.
    pub async fn edits(&self, ctx: Ctx, request: ListEdits) -> Result<Answer<EditPage>, Fail> {
        let user = ctx.user()?;
        let by = By::User(user.uid, user.id.clone());
        let limit = page_limit(request.limit)?;
        let after = request.cursor.map(|text| decode_number("/cursor", &text)).transpose()?;
        let place = (request.conversation, request.seq);
        let json = self.inner.log.db().read(move |tx| {
            let target = reach(tx, ctx.app, &by, place)?;
            let mut found = Vec::new();
            if !target.is_redacted {
                let after = after.unwrap_or(0);
                replace::versions(tx, ctx.app, place, after, limit + 1, &mut |rev, body| {
                    found.push((rev, body.to_owned()));
                })?;
                // Behind the last one that was replaced stands the one that is.
                found.push((i64::MAX, target.body));
            }
            let has_more = found.len() > limit;
            found.truncate(limit);
            let last = found.last().filter(|_| has_more);
            let next_cursor = last.map(|(rev, _)| encode_number(*rev));
            let bodies = found.iter().map(|(_, body)| body.as_slice());
            Ok(encode::bodies(bodies, next_cursor.as_deref()))
        });
        Ok(Answer::encoded(200, json.await?.into()))
    }
}
