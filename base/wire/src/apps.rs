//! Apps (tenants) and the keys of their backends.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AppId, KeyId, Metadata, Time};

/// A bearer secret in clear: a key (`sk_…`, `ak_…`) or a token (`ut_…`). It is shown once, when it
/// is made; the server keeps its SHA-256. Printing it with `{:?}` shows the kind only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get(..3).unwrap_or_default())?;
        f.write_str("…")
    }
}

/// An app: one tenant of the server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Its name, unique on the server.
    pub name: String,
    /// The operator's own data.
    pub metadata: Metadata,
    /// What holds for the messages of this app.
    pub settings: AppSettings,
    /// When it was made.
    pub created_at: Time,
    /// When its name, metadata or settings last changed.
    pub updated_at: Time,
}

/// What an app may have otherwise than the server's default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AppSettings {
    /// How long an author may recall a message, in seconds; 0: never. Owners and admins of the
    /// group and the app's backend always may.
    pub recall_window_s: u64,
    /// How long an author may change a message, in seconds; 0: never.
    pub edit_window_s: u64,
    /// Whether the app's users find each other by searching.
    pub directory: Directory,
}

/// Whether the users of an app find each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Directory {
    /// By the beginning of an id, a name or its pinyin.
    #[default]
    Open,
    /// Only who knows the exact id finds its user.
    Closed,
}

/// The app of the user who calls: the reply of `apps.current`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CurrentApp {
    /// Its id.
    pub id: AppId,
    /// Its name.
    pub name: String,
    /// What it allows.
    pub settings: AppSettings,
}

/// Settings to change: what is left out stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppSettingsChange {
    /// How long an author may recall a message, in seconds; 120 when never set.
    #[serde(default)]
    pub recall_window_s: Option<u64>,
    /// How long an author may change a message, in seconds; a day when never set.
    #[serde(default)]
    pub edit_window_s: Option<u64>,
    /// Whether the app's users find each other by searching; `open` when never set.
    #[serde(default)]
    pub directory: Option<Directory>,
}

/// `apps.create`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateApp {
    /// 1 to 100 characters, unique on the server.
    pub name: String,
    /// The operator's own data.
    #[serde(default, deserialize_with = "crate::strict::optional")]
    pub metadata: Option<Metadata>,
}

/// `apps.list`
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListApps {
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Most items, up to 100; 50 when left out.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// `apps.get`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetApp {
    /// Which app.
    pub app: AppId,
}

/// `apps.update`: what is left out stays.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateApp {
    /// Which app.
    pub app: AppId,
    /// The new name.
    #[serde(default)]
    pub name: Option<String>,
    /// The new metadata, whole.
    #[serde(default, deserialize_with = "crate::strict::optional")]
    pub metadata: Option<Metadata>,
    /// Settings to change.
    #[serde(default, deserialize_with = "crate::strict::object")]
    pub settings: Option<AppSettingsChange>,
}

/// A server or administration key without its secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// What it is for, in the words of whoever made it.
    pub label: String,
    /// The domains of commands that it may use (`users`, `messages`, …), or `*`.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it stops working: it was rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// When it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Time>,
}

/// A key that was just made: the only time that its secret is shown.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NewKey {
    /// The key.
    pub key: Key,
    /// Its secret.
    pub secret: Secret,
}

/// `keys.list`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListKeys {
    /// Which app.
    pub app: AppId,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Most items, up to 100; 50 when left out.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// `keys.create`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateKey {
    /// Which app.
    pub app: AppId,
    /// What it is for, up to 100 characters.
    #[serde(default)]
    pub label: Option<String>,
    /// The domains of commands that it may use; everything when left out.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
}

/// `keys.rotate`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateKey {
    /// Which app.
    pub app: AppId,
    /// The key to replace.
    pub key: KeyId,
    /// How long the old key goes on working, in seconds: up to a week, a day when left out.
    #[serde(default)]
    pub grace_s: Option<u64>,
}

/// `keys.revoke`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeKey {
    /// Which app.
    pub app: AppId,
    /// Which key.
    pub key: KeyId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_reach_the_log() {
        let secret = Secret("sk_0123456789".to_owned());
        assert_eq!(format!("{secret:?}"), "sk_…");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"sk_0123456789\"");
    }
}
