//! `[web]`: the web client that is built in.

use serde::Deserialize;

/// The section.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WebConfig {
    /// Whether the client is served at `/`.
    pub(crate) enabled: bool,
    /// The app that it signs in to, by name or id; without it the only one that there is.
    pub(crate) app: Option<String>,
}

impl Default for WebConfig {
    fn default() -> Self {
        Self { enabled: true, app: None }
    }
}
