//! Frames: what the server says, read leniently, and what the client says.

use std::{borrow::Cow, fmt, time::Duration};

use hoopoe_wire::{ConversationId, Problem};
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use super::event::Message;

/// A frame of the server. What it does not know it passes over.
#[derive(Deserialize)]
pub(super) struct ServerFrame<'a> {
    pub(super) id: Option<u64>,
    #[serde(borrow)]
    pub(super) result: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) event: Option<Cow<'a, str>>,
    pub(super) conversation: Option<ConversationId>,
    pub(super) seq: Option<i64>,
    pub(super) rev: Option<i64>,
    pub(super) at_seq: Option<i64>,
    pub(super) members_rev: Option<i64>,
    pub(super) skip: Option<i64>,
    #[serde(borrow)]
    pub(super) data: Option<&'a RawValue>,
}

impl ServerFrame<'_> {
    /// The event's data, `null` where there is none.
    pub(super) fn value(&self) -> Value {
        self.data.and_then(|data| serde_json::from_str(data.get()).ok()).unwrap_or_default()
    }
}

/// A page of messages, each with its text.
#[derive(Deserialize)]
pub(super) struct Page {
    pub(super) items: Vec<Message>,
    pub(super) has_before: bool,
    pub(super) has_after: bool,
}

/// The part of a send's reply that a client lives by.
#[derive(Deserialize)]
pub(super) struct Stored {
    #[serde(default)]
    pub(super) seq: Option<i64>,
}

#[derive(Serialize)]
struct Ask<'a, P: ?Sized> {
    id: u64,
    method: &'a str,
    params: &'a P,
}

/// A command as a frame.
pub(super) fn ask<P: Serialize + ?Sized>(id: u64, method: &str, params: &P) -> String {
    serde_json::to_string(&Ask { id, method, params })
        .expect("requests are structs of texts and numbers, which have a form in JSON")
}

/// Why the server did not do what it was asked: a problem of the error list.
#[derive(Debug, Clone)]
pub struct Refusal(Box<Problem>);

impl Refusal {
    /// Reads a problem document; one that cannot be read is the server's mistake.
    pub(crate) fn parse(json: &str) -> Self {
        let problem = serde_json::from_str(json).unwrap_or_else(|_| Problem {
            kind: "about:blank".into(),
            title: "The server's answer could not be read".into(),
            status: 500,
            code: "sdk.unreadable".into(),
            detail: None,
            request_id: hoopoe_wire::RequestId::NONE,
            retryable: true,
            retry_after_ms: None,
            errors: Vec::new(),
        });
        Self(Box::new(problem))
    }

    /// The whole problem.
    pub fn problem(&self) -> &Problem {
        &self.0
    }

    /// The stable code, `domain.reason`.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// HTTP status.
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after_ms.map(Duration::from_millis)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { title, detail, errors, code, .. } = &*self.0;
        write!(f, "{title}")?;
        if let Some(detail) = detail {
            write!(f, ", {detail}")?;
        }
        for field in errors {
            write!(f, ", {} {}", field.pointer.trim_start_matches('/'), field.detail)?;
        }
        write!(f, " ({code})")
    }
}

impl std::error::Error for Refusal {}
