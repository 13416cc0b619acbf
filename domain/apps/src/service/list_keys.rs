//! Lists keys, without their secrets.

use hoopoe_kernel::{AppNo, Ctx, Fail};
use hoopoe_wire::{
    KeyId,
    apps::{Key, ListKeys},
    page::Page,
};

use super::find_app::{cursor_id, page, reach};
use crate::{Apps, model, store};

impl Apps {
    /// A page of an app's server keys in the order in which they were made, dead ones too.
    pub async fn list_keys(&self, ctx: &Ctx, request: ListKeys) -> Result<Page<Key>, Fail> {
        let limit = model::page_limit(request.limit)?;
        let after = cursor_id(request.cursor, KeyId::NONE)?;
        let ctx = ctx.clone();
        let items = self
            .0
            .db
            .read(move |tx| {
                let (no, _) = reach(tx, &ctx, request.app)?;
                Ok(store::keys_after(tx, no, after, limit + 1)?)
            })
            .await?;
        Ok(page(items, limit, |key| key.id.to_string()))
    }

    /// A page of administration keys in the order in which they were made, dead ones too.
    pub async fn list_admin_keys(
        &self,
        _: &Ctx,
        cursor: Option<String>,
        limit: Option<u32>,
    ) -> Result<Page<Key>, Fail> {
        let limit = model::page_limit(limit)?;
        let after = cursor_id(cursor, KeyId::NONE)?;
        let read = move |tx: &mut dyn hoopoe_db::ReadTx| {
            Ok(store::keys_after(tx, AppNo::NONE, after, limit + 1)?)
        };
        Ok(page(self.0.db.read(read).await?, limit, |key| key.id.to_string()))
    }
}
