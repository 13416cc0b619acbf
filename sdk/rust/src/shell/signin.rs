//! Signing in by login name and password, and keeping the session.

use std::time::Duration;

use hoopoe_wire::{
    accounts::{Device, User},
    signin::{Login, Password, Refresh, Refreshed, SignedIn},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::Mutex;

use super::{
    dial::Server,
    error::Error,
    token::{TokenError, TokenFuture, TokenProvider},
};
use crate::core::Refusal;

/// From dialing to the last byte of the answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// An answer here is a session or a problem.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// Signs a user in by login name and password.
pub struct SignIn {
    url: String,
    request: Login,
    #[cfg(feature = "tls")]
    trusted: Vec<u8>,
}

impl SignIn {
    /// To the server at this address, which is read as [`Builder::url`](crate::Builder::url) reads
    /// it, in an app by name or id.
    pub fn new(
        url: impl Into<String>,
        app: impl Into<String>,
        login: impl Into<String>,
        password: impl Into<String>,
    ) -> Self {
        Self {
            url: url.into(),
            request: Login {
                app: app.into(),
                login: login.into(),
                password: Password::new(password),
                device: None,
            },
            #[cfg(feature = "tls")]
            trusted: Vec::new(),
        }
    }

    /// What the device says of itself.
    #[must_use]
    pub fn device(mut self, device: Device) -> Self {
        self.request.device = Some(device);
        self
    }

    /// As [`Builder::trust`](crate::Builder::trust).
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn trust(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.trusted.extend(pem.into());
        self
    }

    /// Asks the server, once. The password is forgotten with the answer.
    ///
    /// # Errors
    /// [`Error::Setup`] without a usable address, [`Error::Refused`] with
    /// `auth.invalid_credentials` for a wrong name or password and `auth.too_many_attempts` for too
    /// many of them, [`Error::TimedOut`] and [`Error::Unreachable`] when there was no answer.
    pub async fn sign_in(self) -> Result<Session, Error> {
        let server = Server::parse(&self.url).map_err(Error::Setup)?;
        #[cfg(feature = "tls")]
        let server = server.trust(self.trusted).await.map_err(Error::Setup)?;
        let signed_in: SignedIn = post(&server, "/v1/auth/login", &self.request).await?;
        let state = Mutex::new(State {
            fresh: Some(signed_in.token.0),
            refresh: Refresh { refresh_token: signed_in.refresh_token, client_id: None },
        });
        Ok(Session { server, user: signed_in.user, state })
    }
}

/// A session that was signed in for: a [`TokenProvider`] that refreshes it.
///
/// It is kept in memory. An app whose users stay signed in over a restart keeps the refresh token
/// itself, with a provider of its own.
pub struct Session {
    server: Server,
    user: User,
    state: Mutex<State>,
}

struct State {
    /// A token that nobody has used yet.
    fresh: Option<String>,
    /// The next attempt to refresh. Its name stays until there is an answer: were the reply lost,
    /// the same token under another name would look stolen and end the session.
    refresh: Refresh,
}

impl Session {
    /// Who has signed in.
    pub fn user(&self) -> &User {
        &self.user
    }

    async fn next(&self) -> Result<String, TokenError> {
        let mut state = self.state.lock().await;
        if let Some(token) = state.fresh.take() {
            return Ok(token);
        }
        if state.refresh.client_id.is_none() {
            let name = attempt().map_err(|error| TokenError::later(error.to_string()))?;
            state.refresh.client_id = Some(name);
        }
        match post::<Refreshed>(&self.server, "/v1/auth/refresh", &state.refresh).await {
            Ok(refreshed) => {
                let refresh_token = refreshed.refresh_token;
                state.refresh = Refresh { refresh_token, client_id: None };
                Ok(refreshed.token.0)
            }
            Err(Error::Refused(refusal)) if !refusal.is_retryable() => {
                Err(TokenError::never(format!("the session has ended: {refusal}")))
            }
            Err(error) => Err(TokenError::later(error.to_string())),
        }
    }
}

impl TokenProvider for Session {
    fn token(&self) -> TokenFuture<'_> {
        Box::pin(self.next())
    }
}

/// A name that nobody can guess.
fn attempt() -> Result<String, getrandom::Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    Ok(uuid::Builder::from_random_bytes(random).into_uuid().to_string())
}

async fn post<T: DeserializeOwned>(
    server: &Server,
    path: &str,
    request: &impl Serialize,
) -> Result<T, Error> {
    let body = serde_json::to_vec(request).map_err(Error::Decode)?;
    let asking = tokio::time::timeout(PATIENCE, ask(server, path, body));
    let (is_success, answer) = asking.await.map_err(|_| Error::TimedOut)??;
    if is_success {
        return serde_json::from_slice(&answer).map_err(Error::Decode);
    }
    Err(Error::Refused(Refusal::parse(&String::from_utf8_lossy(&answer))))
}

async fn ask(server: &Server, path: &str, body: Vec<u8>) -> Result<(bool, Bytes), Error> {
    let unreachable = |error: &dyn std::fmt::Display| Error::Unreachable(error.to_string());
    let stream = server.dial().await.map_err(|error| unreachable(&error))?;
    let shaking = http1::handshake(TokioIo::new(stream)).await;
    let (mut requests, connection) = shaking.map_err(|error| unreachable(&error))?;
    let request = Request::post(server.path(path))
        .header(header::HOST, server.authority())
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONNECTION, "close")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| Error::Setup(error.to_string()))?;
    let asking = async {
        let response = requests.send_request(request).await.map_err(|e| unreachable(&e))?;
        let is_success = response.status().is_success();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok((is_success, body.map_err(|error| unreachable(&error))?.to_bytes()))
    };
    tokio::pin!(asking);
    tokio::select! {
        answer = &mut asking => answer,
        // What it could not do, the request is told of.
        _ = connection => asking.await,
    }
}
