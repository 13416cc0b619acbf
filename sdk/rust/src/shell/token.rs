//! Where tokens come from: the app.

use std::{future::Future, pin::Pin};

use crate::core::TokenFailure;

/// Why there is no token.
#[derive(Debug, Clone)]
pub struct TokenError(TokenFailure);

impl TokenError {
    /// Ask again later: the app's backend could not be reached.
    pub fn later(why: impl Into<String>) -> Self {
        Self(TokenFailure { why: why.into(), is_final: false })
    }

    /// There will be none: the user has signed out. The client stops.
    pub fn never(why: impl Into<String>) -> Self {
        Self(TokenFailure { why: why.into(), is_final: true })
    }

    pub(super) fn into_failure(self) -> TokenFailure {
        self.0
    }
}

/// What a provider's answer comes as.
pub type TokenFuture<'a> = Pin<Box<dyn Future<Output = Result<String, TokenError>> + Send + 'a>>;

/// Gives a fresh token whenever the client has none that the server takes: before the first
/// connection, and after a token was refused or ended. It is asked once at a time, and always
/// before the next attempt to connect. A closure `|| async { Ok(token) }` is one.
///
/// Whoever gives the token again that was just refused ends the client with
/// [`Stop::TokenRefused`](crate::Stop::TokenRefused).
pub trait TokenProvider: Send + Sync + 'static {
    /// A token.
    fn token(&self) -> TokenFuture<'_>;
}

impl<F, R> TokenProvider for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Result<String, TokenError>> + Send + 'static,
{
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(self())
    }
}

/// Always the same token.
#[derive(Debug, Clone)]
pub struct FixedToken(pub String);

impl TokenProvider for FixedToken {
    fn token(&self) -> TokenFuture<'_> {
        let token = self.0.clone();
        Box::pin(async move { Ok(token) })
    }
}
