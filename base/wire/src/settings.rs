//! What a user decides for themselves, on all devices.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who sees whether a user is there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceVisibility {
    /// Who shares a conversation with the user.
    #[default]
    Members,
    /// Nobody; and the user sees nobody either.
    Nobody,
}

/// The settings of a user. The reply of `settings.get` and `settings.update`, and the data of
/// `user.settings_updated`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settings {
    /// Who sees whether the user is there.
    #[serde(default)]
    pub presence: PresenceVisibility,
}

/// The request of `settings.update`: what is left out stays.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateSettings {
    /// Who sees whether the user is there.
    #[serde(default)]
    pub presence: Option<PresenceVisibility>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_older_server_wrote_is_filled_up() {
        let read: Settings = serde_json::from_str("{}").unwrap();
        assert_eq!(read, Settings { presence: PresenceVisibility::Members });
        let json = serde_json::to_string(&Settings { presence: PresenceVisibility::Nobody });
        assert_eq!(json.unwrap(), r#"{"presence":"nobody"}"#);
    }
}
