//! Who has received and read a message, and who has not: exact, from one mark per member.

use hoopoe_apps::page_limit;
use hoopoe_conversations::{addressees, decode_number, encode_number};
use hoopoe_kernel::{Ctx, Fail};
use hoopoe_wire::{
    codes,
    messages::{ListReceipts, MemberReceipt, ReceiptState, Receipts},
};

use super::{
    Messages,
    reach::{By, reach},
};
use crate::store;

impl Messages {
    /// A page of those to whom a message was sent and who are members still, with how far it has
    /// come with them. For its sender, owners, admins and the app's backend.
    pub async fn receipts(&self, ctx: Ctx, request: ListReceipts) -> Result<Receipts, Fail> {
        let by = By::of(&ctx)?;
        let limit = page_limit(request.limit)?;
        let after = request.cursor.map(|text| decode_number("/cursor", &text)).transpose()?;
        let (place, state) = ((request.conversation, request.seq), request.state);
        let accounts = self.inner.accounts.clone();
        let page = self.inner.log.db().read(move |tx| {
            let target = reach(tx, ctx.app, &by, place)?;
            if !target.is_own() && !target.may_take_back() {
                return Err(Fail::new(&codes::MESSAGE_FORBIDDEN));
            }
            let (conversation, seq) = place;
            let marks = store::shown_marks(tx, ctx.app, conversation)?;
            let (mut found, mut counts) = (Vec::new(), [0; 3]);
            for (uid, ordinal) in addressees(tx, ctx.app, conversation, seq)? {
                if uid == target.sender {
                    continue;
                }
                let (delivered_seq, receipt_seq) = marks.get(&uid).copied().unwrap_or_default();
                let (delivered, read) = (delivered_seq >= seq, receipt_seq >= seq);
                counts[0] += 1;
                counts[1] += i64::from(delivered);
                counts[2] += i64::from(read);
                let is_wanted = is_wanted(state, delivered, read);
                if is_wanted && ordinal > after.unwrap_or(0) && found.len() <= limit {
                    found.push((uid, ordinal, delivered, read));
                }
            }
            let has_more = found.len() > limit;
            found.truncate(limit);
            let last = found.last().filter(|_| has_more);
            let next_cursor = last.map(|(_, ordinal, ..)| encode_number(*ordinal));
            let mut items = Vec::with_capacity(found.len());
            for (uid, _, delivered, read) in found {
                items.push(MemberReceipt { user: accounts.name_in(tx, uid)?, delivered, read });
            }
            let [member_count, delivered_count, read_count] = counts;
            Ok(Receipts { seq, member_count, delivered_count, read_count, items, next_cursor })
        });
        page.await
    }
}

fn is_wanted(state: Option<ReceiptState>, delivered: bool, read: bool) -> bool {
    match state {
        None => true,
        Some(ReceiptState::Read) => read,
        Some(ReceiptState::Unread) => !read,
        Some(ReceiptState::Delivered) => delivered,
        Some(ReceiptState::Undelivered) => !delivered,
    }
}
