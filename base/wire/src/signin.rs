//! Sign-in of our own: login names, passwords, and tokens that are refreshed.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{
    SessionId, Time, UserId,
    accounts::{Device, User},
    apps::Secret,
};

/// A password in clear. It is never printed: `{:?}` shows a dot, and no error repeats it.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// From what a person typed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// What the person typed.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The words of the library would repeat what stood there.
        let text = String::deserialize(deserializer);
        text.map(Self).map_err(|_| de::Error::custom("a password is a text"))
    }
}

impl JsonSchema for Password {
    fn schema_name() -> Cow<'static, str> {
        "Password".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "password",
            "writeOnly": true,
            "description": "8 to 128 characters after Unicode normalisation (NFKC), up to 1,024 bytes.",
            "minLength": 8,
            "maxLength": 128,
        })
    }
}

/// `auth.register`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The app, by name or id.
    pub app: String,
    /// The login name: 1 to 64 of `A-Z a-z 0-9 . _ @ + : -`; `Ann` and `ann` are the same one.
    pub login: String,
    /// The password.
    pub password: Password,
    /// The name that people see, up to 100 characters; the login name when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the session runs on.
    #[serde(
        default,
        deserialize_with = "crate::strict::object",
        skip_serializing_if = "Option::is_none"
    )]
    pub device: Option<Device>,
}

/// `auth.login`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The app, by name or id.
    pub app: String,
    /// The login name, in either case.
    pub login: String,
    /// The password.
    pub password: Password,
    /// What the session runs on.
    #[serde(
        default,
        deserialize_with = "crate::strict::object",
        skip_serializing_if = "Option::is_none"
    )]
    pub device: Option<Device>,
}

/// The reply of `auth.register` and `auth.login`: a new session. Its secrets are shown only here.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SignedIn {
    /// Who is signed in.
    pub user: User,
    /// The session.
    pub session: SessionId,
    /// `ut_…`, for `Authorization: Bearer` and `session.start`.
    pub token: Secret,
    /// When the token stops working.
    pub expires_at: Time,
    /// `rt_…`, good for one `auth.refresh`.
    pub refresh_token: Secret,
    /// When the session ends unless it is refreshed before.
    pub refresh_expires_at: Time,
}

/// `auth.refresh`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The session's newest refresh token. An older one ends the session.
    pub refresh_token: Secret,
    /// The client's own name for this attempt, 1 to 64 bytes that nobody can guess (a UUID). With
    /// it the same attempt may be made again when its reply was lost, and is answered alike.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// The reply of `auth.refresh`. The token and the refresh token from before are void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refreshed {
    /// The session, which stays the same.
    pub session: SessionId,
    /// The new token.
    pub token: Secret,
    /// When it stops working.
    pub expires_at: Time,
    /// The new refresh token.
    pub refresh_token: Secret,
    /// When the session ends unless it is refreshed before.
    pub refresh_expires_at: Time,
}

/// `me.set_password`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetMyPassword {
    /// The password that still holds.
    pub current: Password,
    /// The new one.
    pub password: Password,
}

/// `users.set_password`
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPassword {
    /// Which user.
    pub user: UserId,
    /// The login name; when left out the one that there is, or else the user's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// The new password.
    pub password: Password,
}

/// The reply of `users.set_password`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PasswordSet {
    /// The login name that the user signs in with.
    pub login: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed_and_no_error_repeats_it() {
        let json = r#"{"app":"demo","login":"ann","password":"correct horse"}"#;
        let login: Login = serde_json::from_str(json).expect("a request");
        assert_eq!(login.password.expose(), "correct horse");
        assert!(!format!("{login:?}").contains("horse"), "{login:?}");
        let wrong = r#"{"app":"demo","login":"ann","password":739184}"#;
        let error = serde_json::from_str::<Login>(wrong).expect_err("a number").to_string();
        assert!(!error.contains("739184"), "{error}");
        let refresh = Refresh { refresh_token: Secret("rt_hush".to_owned()), client_id: None };
        assert!(!format!("{refresh:?}").contains("hush"), "{refresh:?}");
    }
}
