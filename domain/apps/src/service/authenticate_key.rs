//! Recognises a key by its secret.

use hoopoe_kernel::Fail;

use crate::{
    Apps, KeyIdentity,
    secret::{self, ADMIN_KEY, SERVER_KEY},
    store,
};

impl Apps {
    /// Whose key this is; `None` for one that is unknown, expired or revoked. What this process
    /// changes holds at once, what another one changes within a second.
    pub async fn authenticate_key(&self, secret: &str) -> Result<Option<KeyIdentity>, Fail> {
        if ![SERVER_KEY, ADMIN_KEY].iter().any(|prefix| secret::is_shaped(prefix, secret)) {
            return Ok(None);
        }
        let hash = secret::hash(secret);
        let known = match self.0.keys.get(&hash) {
            Some(identity) => Some(identity),
            None => {
                let stamp = self.0.keys.stamp();
                let read = self.0.db.read(move |tx| Ok(store::key_by_secret(tx, &hash)?));
                let found = read.await?;
                if let Some(identity) = &found {
                    self.0.keys.put(stamp, hash, identity.clone());
                }
                found
            }
        };
        let now_us = self.0.env.clock.now().0;
        Ok(known.filter(|key| key.expires_at_us.is_none_or(|expires_at_us| now_us < expires_at_us)))
    }
}
