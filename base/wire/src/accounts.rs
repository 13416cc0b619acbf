//! Users, their sessions and tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Metadata, SessionId, Time, UserId, apps::Secret};

/// A user of an app.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// The id that the app chose.
    pub id: UserId,
    /// The name that people see; may be empty.
    pub name: String,
    /// How the name is typed in Latin letters: pinyin without tones, and its initials, by which the
    /// user is found as well. Up to 4; absent where the name has no Chinese character.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// A picture, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub avatar_url: Option<String>,
    /// The app's own data.
    pub metadata: Metadata,
    /// When the user was made.
    pub created_at: Time,
    /// When the profile last changed.
    pub updated_at: Time,
}

/// `users.upsert`: the whole profile; what is left out becomes empty.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpsertUser {
    /// The id that the app chose.
    pub user: UserId,
    /// The name that people see, up to 100 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// A picture, `https://` or `http://`.
    #[serde(default)]
    pub avatar_url: Option<String>,
    /// The app's own data.
    #[serde(default, deserialize_with = "crate::strict::optional")]
    pub metadata: Option<Metadata>,
}

/// One user of `users.batch`: the whole profile; what is left out becomes empty.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchUser {
    /// The id that the app chose.
    pub id: UserId,
    /// The name that people see, up to 100 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// A picture, `https://` or `http://`.
    #[serde(default)]
    pub avatar_url: Option<String>,
    /// The app's own data.
    #[serde(default, deserialize_with = "crate::strict::optional")]
    pub metadata: Option<Metadata>,
}

/// `users.batch`: all of them, or none.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchUsers {
    /// 1 to 1,000 users, no id twice.
    #[serde(deserialize_with = "crate::strict::objects")]
    pub users: Vec<BatchUser>,
}

/// The reply of `users.batch`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct BatchReply {
    /// The users in the order of the request.
    pub items: Vec<User>,
    /// How many of them are new.
    pub created: u64,
    /// How many existed and now have this profile.
    pub updated: u64,
}

/// `users.get`, `users.delete`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneUser {
    /// Which user.
    pub user: UserId,
}

/// `users.update`: what is left out stays.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateUser {
    /// Which user.
    pub user: UserId,
    /// The new name, up to 100 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// The new picture; an empty text takes it away.
    #[serde(default)]
    pub avatar_url: Option<String>,
    /// The new metadata, whole.
    #[serde(default, deserialize_with = "crate::strict::optional")]
    pub metadata: Option<Metadata>,
}

/// `me.update`: what is left out stays. Metadata belongs to the app's backend.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateMe {
    /// The new name, up to 100 characters.
    #[serde(default)]
    pub name: Option<String>,
    /// The new picture; an empty text takes it away.
    #[serde(default)]
    pub avatar_url: Option<String>,
}

/// `users.list`
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListUsers {
    /// How the id, the name or its pinyin begins; ASCII letters match in either case. Users who
    /// call give at least one character.
    #[serde(default)]
    pub q: Option<String>,
    /// These users and nobody else, up to 100, instead of `q`: in this order, without those who
    /// are not there.
    #[serde(default)]
    pub ids: Option<Vec<UserId>>,
    /// `next_cursor` of the page before, of the same `q`.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Most items, up to 100; 50 when left out.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// What a session runs on, as the client tells it. Each field has up to 100 characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The client's own id of the device; it survives a new session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// `ios`, `android`, `web`, `linux`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// What its owner calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The version of the app on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
}

/// `auth.token`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueToken {
    /// For whom.
    pub user: UserId,
    /// How long it lives, in seconds: up to 30 days, a day when left out.
    #[serde(default)]
    pub ttl_s: Option<u64>,
    /// What it will run on.
    #[serde(default, deserialize_with = "crate::strict::object")]
    pub device: Option<Device>,
}

/// A user token: the only time that it is shown.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// `ut_…`, for `Authorization: Bearer` and `session.start`.
    pub token: Secret,
    /// When it stops working.
    pub expires_at: Time,
    /// The session that it opens.
    pub session: SessionId,
}

/// A session on one device: one token, or one after the other where it is refreshed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// What it runs on.
    pub device: Device,
    /// When it began.
    pub created_at: Time,
    /// When it was last used, to within some minutes.
    pub last_seen_at: Time,
    /// When it ends: with its token, or, where it is refreshed, unless it is before.
    pub expires_at: Time,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// `sessions.list`
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSessions {
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Most items, up to 100; 50 when left out.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// `sessions.delete`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneSession {
    /// Which session.
    pub session: SessionId,
}

/// The data of `session.revoked`, told to the user's other devices.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct SessionRevoked {
    /// Which session ended.
    pub session: SessionId,
}
