//! A refused or failed call: a code for the client, a cause for the log.

use std::{error::Error, fmt, sync::Arc};

use hoopoe_wire::{ErrorCode, FieldProblem, Problem, RequestId, codes};

/// Why a call did not do what it was asked. One pointer wide, so that `Result`s stay small.
#[derive(Clone)]
pub struct Fail(Box<Inner>);

#[derive(Clone)]
struct Inner {
    code: &'static ErrorCode,
    detail: Option<String>,
    errors: Vec<FieldProblem>,
    retry_after_ms: Option<u64>,
    cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl Fail {
    /// A refusal with a code of the list.
    pub fn new(code: &'static ErrorCode) -> Self {
        let retry_after_ms = code.retryable.then_some(1_000);
        Self(Box::new(Inner {
            code,
            detail: None,
            errors: Vec::new(),
            retry_after_ms,
            cause: None,
        }))
    }

    /// 422 with one wrong field; `pointer` is a JSON Pointer.
    pub fn field(pointer: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(&codes::INVALID).and_field(pointer, code, detail)
    }

    /// 500; the cause goes to the log.
    pub fn internal() -> Self {
        Self::new(&codes::INTERNAL)
    }

    /// 503, to be tried again.
    pub fn unavailable() -> Self {
        Self::new(&codes::UNAVAILABLE)
    }

    /// 503, to be sent again under the same key: it may be stored.
    pub fn outcome_unknown() -> Self {
        Self::new(&codes::OUTCOME_UNKNOWN)
    }

    /// 507, to be tried again.
    pub fn storage_full() -> Self {
        Self::new(&codes::STORAGE_FULL)
    }

    /// Adds words for this occurrence. They must name no id and no secret.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// Adds a wrong field.
    #[must_use]
    pub fn and_field(
        mut self,
        pointer: &str,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        self.0.errors.push(FieldProblem {
            pointer: pointer.to_owned(),
            code: code.into(),
            detail: detail.into(),
        });
        self
    }

    /// Says how long to wait.
    #[must_use]
    pub fn retry_after_ms(mut self, ms: u64) -> Self {
        self.0.retry_after_ms = Some(ms);
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        self.0.cause = Some(Arc::new(cause));
        self
    }

    /// The row of the error list.
    pub fn code(&self) -> &'static ErrorCode {
        self.0.code
    }

    /// Whether this carries that code.
    pub fn is(&self, code: &ErrorCode) -> bool {
        self.0.code.code == code.code
    }

    /// How long to wait, in milliseconds.
    pub fn wait_ms(&self) -> Option<u64> {
        self.0.retry_after_ms
    }

    /// The cause, when it is of this type.
    pub fn cause<E: Error + 'static>(&self) -> Option<&E> {
        self.0.cause.as_ref().and_then(|cause| cause.downcast_ref())
    }

    /// What the client is shown.
    pub fn problem(&self, request_id: RequestId) -> Problem {
        let Inner { code, detail, errors, retry_after_ms, .. } = &*self.0;
        Problem {
            kind: format!("https://docs.hoopoe.im/errors#{}", code.code).into(),
            title: code.title.into(),
            status: code.status,
            code: code.code.into(),
            detail: detail.clone(),
            request_id,
            retryable: code.retryable,
            retry_after_ms: *retry_after_ms,
            errors: errors.clone(),
        }
    }
}

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code.code)?;
        if let Some(detail) = &self.0.detail {
            write!(f, ": {detail}")?;
        }
        for field in &self.0.errors {
            write!(f, " [{} {}: {}]", field.pointer, field.code, field.detail)?;
        }
        if let Some(cause) = &self.0.cause {
            write!(f, " ({cause})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for Fail {}

impl From<&'static ErrorCode> for Fail {
    fn from(code: &'static ErrorCode) -> Self {
        Self::new(code)
    }
}
