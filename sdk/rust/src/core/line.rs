//! The connection: from a token to a session, and what comes after each way to lose it.

use std::{fmt, time::Duration};

use hoopoe_wire::{UserId, limits, session::CloseCode};
use serde::Deserialize;

use super::{
    Output,
    backoff::{Backoff, Dice},
    frame::Refusal,
};

const BACKOFF_BASE: Duration = Duration::from_millis(500);
const BACKOFF_CAP: Duration = Duration::from_secs(30);
/// From the first byte to an open socket.
const DIAL_MAX: Duration = Duration::from_secs(15);
/// From `session.start` to its reply.
const START_MAX: Duration = Duration::from_secs(15);
/// Nothing, not even a heartbeat, for two heartbeats and some: the line is dead.
const SILENCE_MAX: Duration = Duration::from_millis(limits::HEARTBEAT_MS * 2 + 10_000);
/// A session that lived so long was a good one: the next attempt comes at once.
const GOOD_AFTER: Duration = Duration::from_secs(5);
/// Tokens in a row that the server may refuse before the client stops asking for more.
const REFUSED_MAX: u32 = 3;

/// Where the connection stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// Under way to a session.
    Connecting,
    /// A session is started.
    Online,
    /// There is no line; the next attempt follows by itself.
    Waiting {
        /// In how long.
        retry_in: Duration,
        /// What went wrong.
        why: String,
    },
    /// It is over for good.
    Stopped(Stop),
}

/// Why a client stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The app closed it.
    Closed,
    /// The server does not take the tokens that the app gives.
    TokenRefused,
    /// The app has no token.
    NoToken(String),
    /// The session was revoked, or the user banned.
    Revoked,
    /// The token is this user's, and the outbox somebody else's.
    OtherUser(UserId),
    /// The server does not take this client.
    Refused(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the client was closed"),
            Self::TokenRefused => f.write_str("the server does not take the token"),
            Self::NoToken(why) => write!(f, "there is no token: {why}"),
            Self::Revoked => f.write_str("the session was revoked"),
            Self::OtherUser(user) => {
                write!(f, "the token is of {user}, and the outbox of somebody else")
            }
            Self::Refused(why) => write!(f, "the server refuses this client: {why}"),
        }
    }
}

/// Why the app has no token.
#[derive(Debug, Clone)]
pub struct TokenFailure {
    /// In words.
    pub why: String,
    /// Asking again makes no sense: the user signed out.
    pub is_final: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    AwaitingToken,
    Dialing { until: Duration },
    Starting { until: Duration },
    Live { since: Duration, silent_at: Duration },
    Waiting { until: Duration },
    Stopped,
}

pub(super) struct Line {
    phase: Phase,
    token: Option<String>,
    /// The last token that the server did not take, and how many in a row.
    refused: Option<String>,
    refusals: u32,
    backoff: Backoff,
    dice: Dice,
}

/// What the server may put into the reason of a close frame.
#[derive(Deserialize, Default)]
struct Reason {
    retry_after_ms: Option<u64>,
}

type Outputs = std::collections::VecDeque<Output>;

impl Line {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            phase: Phase::Idle,
            token: None,
            refused: None,
            refusals: 0,
            backoff: Backoff::new(BACKOFF_BASE, BACKOFF_CAP),
            dice: Dice::new(seed),
        }
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(self.phase, Phase::Live { .. })
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.phase == Phase::Stopped
    }

    pub(super) fn dice(&mut self) -> &mut Dice {
        &mut self.dice
    }

    /// The token that the session is started with.
    pub(super) fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Begins an attempt: a token first, when there is none that may be good.
    pub(super) fn seek(&mut self, now: Duration, out: &mut Outputs) {
        if self.is_stopped() || matches!(self.phase, Phase::AwaitingToken) {
            return;
        }
        out.push_back(Output::Status(Status::Connecting));
        if self.token.is_some() {
            self.phase = Phase::Dialing { until: now + DIAL_MAX };
            out.push_back(Output::Dial);
        } else {
            self.phase = Phase::AwaitingToken;
            out.push_back(Output::NeedToken);
        }
    }

    pub(super) fn on_token(
        &mut self,
        now: Duration,
        token: Result<String, TokenFailure>,
        out: &mut Outputs,
    ) {
        if self.phase != Phase::AwaitingToken {
            return;
        }
        self.phase = Phase::Idle;
        match token {
            Ok(token) if self.refused.as_ref() == Some(&token) => {
                self.stop(Stop::TokenRefused, out);
            }
            Ok(token) => {
                self.token = Some(token);
                self.seek(now, out);
            }
            Err(TokenFailure { why, is_final: true }) => self.stop(Stop::NoToken(why), out),
            Err(TokenFailure { why, is_final: false }) => {
                self.wait(now, None, format!("no token: {why}"), out);
            }
        }
    }

    /// Whether a session is to be started now.
    pub(super) fn on_dialed(&mut self, now: Duration) -> bool {
        let is_awaited = matches!(self.phase, Phase::Dialing { .. });
        if is_awaited {
            self.phase = Phase::Starting { until: now + START_MAX };
        }
        is_awaited
    }

    pub(super) fn on_dial_failed(&mut self, now: Duration, why: String, out: &mut Outputs) {
        if matches!(self.phase, Phase::Dialing { .. }) {
            self.wait(now, None, why, out);
        }
    }

    pub(super) fn on_started(&mut self, now: Duration, out: &mut Outputs) {
        self.phase = Phase::Live { since: now, silent_at: now + SILENCE_MAX };
        self.refused = None;
        self.refusals = 0;
        out.push_back(Output::Status(Status::Online));
    }

    /// `session.start` was answered with a problem.
    pub(super) fn on_start_refused(&mut self, now: Duration, refusal: &Refusal, out: &mut Outputs) {
        out.push_back(Output::Hangup);
        match refusal.status() {
            401 => self.refresh(now, out),
            408 | 429 | 500.. => self.wait(now, refusal.retry_after(), refusal.to_string(), out),
            _ => self.stop(Stop::Refused(refusal.to_string()), out),
        }
    }

    /// The token is not taken: another one first, then the next attempt, so that a client never
    /// knocks with what was refused.
    pub(super) fn refresh(&mut self, now: Duration, out: &mut Outputs) {
        self.refused = self.token.take();
        self.refusals += 1;
        if self.refusals > REFUSED_MAX {
            self.stop(Stop::TokenRefused, out);
        } else {
            self.phase = Phase::Idle;
            self.seek(now, out);
        }
    }

    pub(super) fn on_closed(
        &mut self,
        now: Duration,
        code: Option<u16>,
        reason: &str,
        out: &mut Outputs,
    ) {
        if !matches!(self.phase, Phase::Starting { .. } | Phase::Live { .. }) {
            return;
        }
        if let Phase::Live { since, .. } = self.phase
            && now.saturating_sub(since) >= GOOD_AFTER
        {
            self.backoff.reset();
        }
        let reason: Reason = serde_json::from_str(reason).unwrap_or_default();
        let mut least = reason.retry_after_ms.map(Duration::from_millis);
        match code {
            // Before the session's start was answered it only says that the start came too late.
            Some(code) if code == CloseCode::Token.code() && self.is_live() => {
                return self.refresh(now, out);
            }
            Some(code) if code == CloseCode::Revoked.code() => {
                return self.stop(Stop::Revoked, out);
            }
            Some(code) if code == CloseCode::Rate.code() => {
                least = least.or(Some(Duration::from_secs(1)));
            }
            _ => {}
        }
        let why = match code {
            Some(code) => format!("the server closed the line with {code}"),
            None => "the line broke".to_owned(),
        };
        self.wait(now, least, why, out);
    }

    fn wait(&mut self, now: Duration, least: Option<Duration>, why: String, out: &mut Outputs) {
        let retry_in = self.backoff.next(&mut self.dice, least);
        self.phase = Phase::Waiting { until: now + retry_in };
        out.push_back(Output::Status(Status::Waiting { retry_in, why }));
    }

    pub(super) fn stop(&mut self, stop: Stop, out: &mut Outputs) {
        if !self.is_stopped() {
            self.phase = Phase::Stopped;
            out.push_back(Output::Hangup);
            out.push_back(Output::Status(Status::Stopped(stop)));
        }
    }

    /// Something was heard on the line.
    pub(super) fn on_sign_of_life(&mut self, now: Duration) {
        if let Phase::Live { silent_at, .. } = &mut self.phase {
            *silent_at = now + SILENCE_MAX;
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Duration> {
        match self.phase {
            Phase::Dialing { until } | Phase::Starting { until } | Phase::Waiting { until } => {
                Some(until)
            }
            Phase::Live { silent_at, .. } => Some(silent_at),
            Phase::Idle | Phase::AwaitingToken | Phase::Stopped => None,
        }
    }

    /// Whether the line that there was is given up.
    pub(super) fn on_timeout(&mut self, now: Duration, out: &mut Outputs) -> bool {
        if self.next_timeout().is_none_or(|at| at > now) {
            return false;
        }
        let why = match self.phase {
            Phase::Waiting { .. } => {
                self.seek(now, out);
                return false;
            }
            Phase::Dialing { .. } => "the server does not answer",
            Phase::Starting { .. } => "the server does not start a session",
            _ => "the line is silent",
        };
        out.push_back(Output::Hangup);
        self.wait(now, None, why.to_owned(), out);
        true
    }
}
