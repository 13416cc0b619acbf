//! The web client, as `build.rs` found it.

use hoopoe_http::{WebClient, WebFile};

use crate::config::WebConfig;

/// Every file of the built client; none where it was not built.
static FILES: &[WebFile] = include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// What is served at `/`.
pub(crate) fn client(config: &WebConfig) -> WebClient {
    match (config.enabled, FILES.is_empty()) {
        (false, _) => WebClient::Off,
        (true, true) => WebClient::Absent,
        (true, false) => WebClient::Files(FILES),
    }
}
