//! Commands other than sends: waiting for a line, under way, answered.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    time::Duration,
};

use hoopoe_wire::ConversationId;
use serde_json::value::RawValue;

use super::{frame, frame::Refusal};

/// Commands under way on one line. With the sends of the outbox it stays below the 256 at which the
/// server stops reading.
const FLYING_MAX: usize = 96;

/// Why a request of the app has no result.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum RequestError {
    /// The server said no.
    Refused(Refusal),
    /// The line broke while it was under way: whether it was done is not known.
    Lost,
    /// It was not answered in time.
    TimedOut,
    /// The client has stopped.
    Stopped,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Lost => f.write_str("the line broke before the answer; it may have been done"),
            Self::TimedOut => f.write_str("there was no answer in time"),
            Self::Stopped => f.write_str("the client has stopped"),
        }
    }
}

/// What a reply is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The app asked, under this tag.
    App(u64),
    /// `session.start`
    Start,
    /// A send of the outbox.
    Send { conversation: ConversationId, client_id: String },
    /// Messages that are missing behind `after`, when the newest known was `head`.
    Messages { conversation: ConversationId, after: i64, head: i64 },
    /// The newest messages, because there are too many between `after` and `head`.
    Newest { conversation: ConversationId, after: i64, head: i64 },
    /// The newest messages of a conversation whose past is void.
    Refetch { conversation: ConversationId, head: i64 },
    /// Changes that are missing behind `after`, when the newest known was `head`.
    Changes { conversation: ConversationId, after: i64, head: i64 },
    /// A page of all heads.
    Heads,
}

/// A command of the app.
#[derive(Debug)]
pub(super) struct AppRequest {
    pub(super) tag: u64,
    pub(super) method: String,
    pub(super) params: Box<RawValue>,
    /// Doing it twice comes to the same: it is asked again on the next line.
    pub(super) is_repeatable: bool,
    pub(super) until: Duration,
}

#[derive(Debug)]
enum Flying {
    App(AppRequest),
    Own(Purpose),
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Requests {
    waiting: VecDeque<AppRequest>,
    flying: BTreeMap<u64, Flying>,
    last_id: u64,
}

/// A reply to the app: its tag and the outcome.
pub(super) type Answer = (u64, Result<String, RequestError>);

impl Requests {
    /// Numbers a command of the engine itself.
    pub(super) fn fly(&mut self, purpose: Purpose) -> u64 {
        self.last_id += 1;
        self.flying.insert(self.last_id, Flying::Own(purpose));
        self.last_id
    }

    /// Pages of messages and changes that are under way.
    pub(super) fn pages(&self) -> usize {
        let is_page = |flying: &&Flying| match flying {
            Flying::Own(purpose) => !matches!(purpose, Purpose::Start | Purpose::Send { .. }),
            Flying::App(_) => false,
        };
        self.flying.values().filter(is_page).count()
    }

    pub(super) fn wait(&mut self, request: AppRequest) {
        self.waiting.push_back(request);
    }

    /// The next frame of the app's commands, while there is room on the line.
    pub(super) fn next_frame(&mut self) -> Option<String> {
        if self.flying.len() >= FLYING_MAX {
            return None;
        }
        let request = self.waiting.pop_front()?;
        self.last_id += 1;
        let frame = frame::ask(self.last_id, &request.method, &*request.params);
        self.flying.insert(self.last_id, Flying::App(request));
        Some(frame)
    }

    /// What the reply of this id is for; nothing when nobody waits for it.
    pub(super) fn land(&mut self, id: u64) -> Option<Purpose> {
        Some(match self.flying.remove(&id)? {
            Flying::App(request) => Purpose::App(request.tag),
            Flying::Own(purpose) => purpose,
        })
    }

    /// The line is gone. What may be repeated waits for the next one, in front.
    pub(super) fn lose(&mut self) -> Vec<Answer> {
        let mut lost = Vec::new();
        let mut again = VecDeque::new();
        for flying in std::mem::take(&mut self.flying).into_values() {
            match flying {
                Flying::App(request) if request.is_repeatable => again.push_back(request),
                Flying::App(request) => lost.push((request.tag, Err(RequestError::Lost))),
                Flying::Own(_) => {}
            }
        }
        again.append(&mut self.waiting);
        self.waiting = again;
        lost
    }

    /// The client stops: nobody waits any more.
    pub(super) fn stop(&mut self) -> Vec<Answer> {
        let mut tags: Vec<u64> = self.waiting.drain(..).map(|request| request.tag).collect();
        for flying in std::mem::take(&mut self.flying).into_values() {
            if let Flying::App(request) = flying {
                tags.push(request.tag);
            }
        }
        tags.into_iter().map(|tag| (tag, Err(RequestError::Stopped))).collect()
    }

    /// Gives up what has waited too long. A reply that comes all the same is passed over.
    pub(super) fn expire(&mut self, now: Duration) -> Vec<Answer> {
        let mut late = Vec::new();
        let mut is_late = |request: &AppRequest| {
            let is_late = request.until <= now;
            if is_late {
                late.push((request.tag, Err(RequestError::TimedOut)));
            }
            is_late
        };
        self.waiting.retain(|request| !is_late(request));
        self.flying.retain(|_, flying| match flying {
            Flying::App(request) => !is_late(request),
            Flying::Own(_) => true,
        });
        late
    }

    /// When [`Self::expire`] has something to do.
    pub(super) fn next_expiry(&self) -> Option<Duration> {
        let flying = self.flying.values().filter_map(|flying| match flying {
            Flying::App(request) => Some(request.until),
            Flying::Own(_) => None,
        });
        self.waiting.iter().map(|request| request.until).chain(flying).min()
    }
}
