//! Pages of anything but messages: a cursor in, items and the next cursor out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One page; no `next_cursor` means that this was the last.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Opaque; give it back as `cursor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Nothing to say: `{}`.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Empty {}
