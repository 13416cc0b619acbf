//! Errors as clients see them: RFC 9457 problem details with a stable code.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RequestId;

/// One row of the error list: a stable code with what it means and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// `domain.reason`; never changes once released.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Short summary for people, the same for every occurrence.
    pub title: &'static str,
    /// When it is answered.
    pub cause: &'static str,
    /// What the caller does about it.
    pub cure: &'static str,
    /// Whether the same request may succeed later without a change.
    pub retryable: bool,
}

/// `application/problem+json` (RFC 9457) with Hoopoe's members.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// A URI reference that names the kind of problem: the row of the error list.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
    /// Short summary, the same for every occurrence of the code.
    pub title: Cow<'static, str>,
    /// HTTP status.
    pub status: u16,
    /// Stable code, `domain.reason`.
    pub code: Cow<'static, str>,
    /// What happened this time, where there is more to say. Names no id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The request, to find it in the server's log.
    pub request_id: RequestId,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// How long to wait before trying again, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The fields that were wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// One wrong field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldProblem {
    /// JSON Pointer (RFC 6901) to the field.
    pub pointer: String,
    /// What is wrong with it: `unknown`, `missing`, `type`, `too_long`, …
    pub code: Cow<'static, str>,
    /// In words.
    pub detail: String,
}
