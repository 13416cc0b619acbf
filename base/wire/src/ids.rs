//! Ids: opaque outside (`cnv_` + 22 base62 characters), 16 bytes inside.

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// 62 to the tenth: the largest power whose digits fit one 64-bit division each.
const CHUNK: u128 = 839_299_365_868_340_224;
const ID_DIGITS: usize = 22;

/// Writes 16 bytes as 22 base62 digits, most significant first.
pub fn base62(bytes: [u8; 16]) -> [u8; ID_DIGITS] {
    let value = u128::from_be_bytes(bytes);
    let mut text = [b'0'; ID_DIGITS];
    let mut rest = value;
    let mut end = ID_DIGITS;
    while end > 0 {
        let count = end.min(10);
        // The remainder is below CHUNK, which is below 2^64.
        let mut chunk = (rest % CHUNK) as u64;
        rest /= CHUNK;
        for slot in text[end - count..end].iter_mut().rev() {
            *slot = DIGITS[(chunk % 62) as usize];
            chunk /= 62;
        }
        end -= count;
    }
    text
}

/// Reads 22 base62 digits. `None` when a character is foreign or the number needs over 128 bits.
pub fn parse_base62(text: &[u8]) -> Option<[u8; 16]> {
    if text.len() != ID_DIGITS {
        return None;
    }
    let mut value: u128 = 0;
    for byte in text {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        };
        value = value.checked_mul(62)?.checked_add(u128::from(digit))?;
    }
    Some(value.to_be_bytes())
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub [u8; 16]);

        impl $name {
            /// The prefix of its text form.
            pub const PREFIX: &'static str = $prefix;
            /// No such thing: what a text that is no id reads as, so that it is simply not found.
            pub const NONE: Self = Self([0; 16]);

            /// Whether this is [`Self::NONE`].
            pub fn is_none(self) -> bool {
                self == Self::NONE
            }

            /// The 16 bytes that the database keeps.
            pub fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Appends the text form.
            pub fn write_to(self, out: &mut Vec<u8>) {
                out.extend_from_slice($prefix.as_bytes());
                out.extend_from_slice(&base62(self.0));
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                base62(self.0).iter().try_for_each(|digit| {
                    fmt::Write::write_char(f, char::from(*digit))
                })
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.strip_prefix($prefix)
                    .and_then(|digits| parse_base62(digits.as_bytes()))
                    .map(Self)
                    .ok_or(NotAnId)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut text = [0; $prefix.len() + ID_DIGITS];
                text[..$prefix.len()].copy_from_slice($prefix.as_bytes());
                text[$prefix.len()..].copy_from_slice(&base62(self.0));
                match std::str::from_utf8(&text) {
                    Ok(text) => serializer.serialize_str(text),
                    Err(error) => Err(serde::ser::Error::custom(error)),
                }
            }
        }

        /// A text that is no id of this kind reads as [`Self::NONE`]: it is answered exactly like
        /// an id of nothing.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
                Ok(text.parse().unwrap_or(Self::NONE))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "description": concat!("Opaque id: `", $prefix, "` and 22 base62 characters."),
                    "pattern": concat!("^", $prefix, "[0-9A-Za-z]{22}$"),
                    "examples": [concat!($prefix, "02kjGpQkTsbVvCPEFUVxvx")],
                })
            }
        }
    };
}

/// The text was no id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAnId;

impl fmt::Display for NotAnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id of this kind")
    }
}

impl std::error::Error for NotAnId {}

id!(
    /// An app (tenant).
    AppId, "app_"
);
id!(
    /// A conversation: random, or derived from both members for a direct one.
    ConversationId, "cnv_"
);
id!(
    /// A signed-in session of a user.
    SessionId, "ses_"
);
id!(
    /// A device that a session runs on.
    DeviceId, "dev_"
);
id!(
    /// A server or administration key (its id, not its secret).
    KeyId, "key_"
);
id!(
    /// One request, as it appears in problems and in the log.
    RequestId, "req_"
);

/// A user's id as the app chose it: 1 to 64 of `A-Z a-z 0-9 . _ @ + : -`, case-sensitive.
///
/// Cheap to clone. A text that cannot be one reads as the empty id, which no user has.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(Arc<str>);

impl UserId {
    /// Most characters in an id.
    pub const CHARS_MAX: usize = 64;

    /// Checks the alphabet and the length.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::CHARS_MAX).contains(&text.len());
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._@+:-".contains(&byte);
        (fits && text.bytes().all(legal)).then(|| Self(text.into()))
    }

    /// The id that no user has.
    pub fn none() -> Self {
        Self("".into())
    }

    /// Whether this came from a text that cannot be an id.
    pub fn is_none(&self) -> bool {
        self.0.is_empty()
    }

    /// The text; it needs no escaping in JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for UserId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for UserId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'de, str> as Deserialize>::deserialize(deserializer)?;
        Ok(Self::parse(&text).unwrap_or_else(Self::none))
    }
}

impl JsonSchema for UserId {
    fn schema_name() -> Cow<'static, str> {
        "UserId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A user's id as the app chose it, case-sensitive.",
            "minLength": 1,
            "maxLength": Self::CHARS_MAX,
            "pattern": "^[A-Za-z0-9._@+:-]{1,64}$",
            "examples": ["ann"],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_are_each_others_inverse() {
        for bytes in [[0; 16], [255; 16], *b"0123456789abcdef", [1; 16]] {
            let id = ConversationId(bytes);
            let text = id.to_string();
            assert_eq!(text.len(), 26);
            assert_eq!(text.parse::<ConversationId>(), Ok(id));
            assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
        }
    }

    #[test]
    fn order_of_text_is_order_of_bytes() {
        let low = ConversationId([1; 16]).to_string();
        let high = ConversationId([2; 16]).to_string();
        assert!(low < high);
    }

    #[test]
    fn what_is_no_id_reads_as_none() {
        for text in
            ["\"\"", "\"cnv_\"", "\"app_0000000000000000000000\"", "\"cnv_zzzzzzzzzzzzzzzzzzzzzz\""]
        {
            let id: ConversationId = serde_json::from_str(text).unwrap();
            assert!(id.is_none(), "{text}");
        }
        assert!(serde_json::from_str::<ConversationId>("7").is_err());
    }

    #[test]
    fn user_ids_keep_to_their_alphabet() {
        assert!(UserId::parse("a.B_9@x+:-").is_some());
        assert!(UserId::parse(&"a".repeat(64)).is_some());
        for bad in ["", " ", "a b", "ä", "a/b", &"a".repeat(65)] {
            assert!(UserId::parse(bad).is_none(), "{bad}");
        }
    }
}
