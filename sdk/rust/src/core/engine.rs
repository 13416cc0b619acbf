//! The engine: takes in what happened, and says what to do.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use hoopoe_wire::{ConversationId, UserId, session::StartSession};
use serde_json::value::RawValue;

use super::{
    Output, Position,
    catch_up::CatchUp,
    config::{Config, Now},
    event::Event,
    frame::{self, Refusal, ServerFrame},
    line::{Line, Stop, TokenFailure},
    outbox::Outbox,
    record::Image,
    requests::{AppRequest, Purpose, Requests},
    timeline::Timeline,
};

/// Events that wait for the app. Beyond it messages stay with the server until there is room, and
/// what is in no log is dropped.
const EVENTS_MAX: usize = 1_024;
/// Beyond this nobody takes events at all, and nothing more is kept for them. Messages never come
/// so far.
const EVENTS_MAX_EVER: usize = 4 * EVENTS_MAX;

/// A client without I/O. See the [module](super) for how it is driven.
pub struct Engine {
    config: Config,
    pub(super) now: Now,
    pub(super) user: Option<UserId>,
    pub(super) line: Line,
    pub(super) requests: Requests,
    pub(super) outbox: Outbox,
    pub(super) timelines: BTreeMap<ConversationId, Timeline>,
    pub(super) catch_up: CatchUp,
    pub(super) outputs: VecDeque<Output>,
    events: VecDeque<Event>,
    /// Timelines stand still because the app takes no events.
    pub(super) is_stalled: bool,
}

impl Engine {
    /// An engine that goes on with an earlier outbox.
    pub fn new(config: Config, image: Image, now: Now) -> Self {
        Self {
            line: Line::new(config.seed),
            config,
            now,
            user: None,
            requests: Requests::default(),
            outbox: Outbox::new(image),
            timelines: BTreeMap::new(),
            catch_up: CatchUp::new(),
            outputs: VecDeque::new(),
            events: VecDeque::new(),
            is_stalled: false,
        }
    }

    /// Goes for the first connection.
    pub fn start(&mut self, now: Now) {
        self.now = now;
        self.line.seek(now.mono, &mut self.outputs);
    }

    /// Ends it for good. What is in the outbox stays in the store.
    pub fn stop(&mut self, stop: Stop) {
        self.line.stop(stop, &mut self.outputs);
        self.after_stop();
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The next event for the app.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front();
        if self.is_stalled && self.events.len() <= EVENTS_MAX / 2 {
            self.go_on();
        }
        event
    }

    /// Whether [`Self::poll_event`] has one.
    pub fn has_event(&self) -> bool {
        !self.events.is_empty()
    }

    /// When to call [`Self::handle_timeout`] at the latest, in monotonic time.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let live = self.line.is_live();
        let retries = [self.outbox.next_retry(), self.next_ask()];
        [self.line.next_timeout(), self.requests.next_expiry()]
            .into_iter()
            .chain(retries.into_iter().filter(|_| live))
            .flatten()
            .min()
    }

    /// Who the session is of, once one was started.
    pub fn user(&self) -> Option<&UserId> {
        self.user.as_ref()
    }

    /// Where each conversation stands.
    pub fn conversations(&self) -> impl Iterator<Item = Position> {
        self.timelines.iter().map(|(id, timeline)| (*id, timeline.seqs.at()))
    }

    /// The answer to [`Output::NeedToken`].
    pub fn handle_token(&mut self, token: Result<String, TokenFailure>, now: Now) {
        self.now = now;
        self.line.on_token(now.mono, token, &mut self.outputs);
        self.after_stop();
    }

    /// A socket is open.
    pub fn handle_dialed(&mut self, now: Now) {
        self.now = now;
        if !self.line.on_dialed(now.mono) {
            return;
        }
        let id = self.requests.fly(Purpose::Start);
        let start = StartSession {
            token: self.line.token().to_owned(),
            device: self.config.device.clone(),
            cursor: self.catch_up.cursor.clone(),
        };
        self.outputs.push_back(Output::Frame(frame::ask(id, "session.start", &start)));
    }

    /// No socket could be opened.
    pub fn handle_dial_failed(&mut self, why: String, now: Now) {
        self.now = now;
        self.line.on_dial_failed(now.mono, why, &mut self.outputs);
    }

    /// The socket is closed, by the server with a code or by nobody.
    pub fn handle_closed(&mut self, code: Option<u16>, reason: &str, now: Now) {
        self.now = now;
        self.lose_line();
        self.line.on_closed(now.mono, code, reason, &mut self.outputs);
        self.after_stop();
    }

    /// Something other than a text frame came: a heartbeat.
    pub fn handle_sign_of_life(&mut self, now: Now) {
        self.now = now;
        self.line.on_sign_of_life(now.mono);
    }

    /// A text frame came. What cannot be read is passed over, like what is not known.
    pub fn handle_frame(&mut self, text: &str, now: Now) {
        self.now = now;
        self.line.on_sign_of_life(now.mono);
        let Ok(frame) = serde_json::from_str::<ServerFrame<'_>>(text) else { return };
        match frame.id {
            Some(id) => {
                let outcome = match (frame.result, frame.error) {
                    (Some(result), None) => Ok(result),
                    (_, error) => Err(Refusal::parse(error.map_or("", RawValue::get))),
                };
                if let Some(purpose) = self.requests.land(id) {
                    self.on_reply(purpose, outcome);
                }
                self.ask_due();
            }
            None => self.on_event(&frame),
        }
    }

    /// A command of the app; [`Output::Reply`] brings the outcome under `tag`. When it
    /// `is_repeatable` it is asked again after a broken line. It is given up after `patience`.
    pub fn handle_request(
        &mut self,
        tag: u64,
        (method, params): (String, Box<RawValue>),
        is_repeatable: bool,
        patience: Duration,
        now: Now,
    ) {
        self.now = now;
        let until = now.mono + patience;
        self.requests.wait(AppRequest { tag, method, params, is_repeatable, until });
        self.ask_due();
        self.after_stop();
    }

    /// It is as late as [`Self::poll_timeout`] said.
    pub fn handle_timeout(&mut self, now: Now) {
        self.now = now;
        if self.line.on_timeout(now.mono, &mut self.outputs) {
            self.lose_line();
        }
        for (tag, outcome) in self.requests.expire(now.mono) {
            self.outputs.push_back(Output::Reply(tag, outcome));
        }
        self.send_due(now);
        self.ask_again();
    }

    fn on_reply(&mut self, purpose: Purpose, outcome: Result<&RawValue, Refusal>) {
        match purpose {
            Purpose::App(tag) => {
                let outcome = outcome.map(|result| result.get().to_owned());
                let outcome = outcome.map_err(super::RequestError::Refused);
                self.outputs.push_back(Output::Reply(tag, outcome));
            }
            Purpose::Start => match outcome {
                Ok(result) => self.on_started(result),
                Err(refusal) => {
                    self.line.on_start_refused(self.now.mono, &refusal, &mut self.outputs);
                    self.lose_line();
                    self.after_stop();
                }
            },
            Purpose::Send { conversation, client_id } => {
                self.on_send_reply(conversation, &client_id, outcome, self.now);
            }
            page => self.on_page(&page, outcome),
        }
    }

    /// The app's commands leave, as many as there is room for.
    pub(super) fn ask_due(&mut self) {
        while self.line.is_live()
            && let Some(frame) = self.requests.next_frame()
        {
            self.outputs.push_back(Output::Frame(frame));
        }
    }

    /// Nothing that was under way is answered any more.
    pub(super) fn lose_line(&mut self) {
        self.outbox.lose();
        self.catch_up.lose();
        for timeline in self.timelines.values_mut() {
            timeline.lose();
        }
        for (tag, outcome) in self.requests.lose() {
            self.outputs.push_back(Output::Reply(tag, outcome));
        }
    }

    /// A command was refused because the token is not good any more.
    pub(super) fn refresh_token(&mut self) {
        self.outputs.push_back(Output::Hangup);
        self.lose_line();
        self.line.refresh(self.now.mono, &mut self.outputs);
        self.after_stop();
    }

    /// Once stopped, nobody waits in vain.
    pub(super) fn after_stop(&mut self) {
        if self.line.is_stopped() {
            for (tag, outcome) in self.requests.stop() {
                self.outputs.push_back(Output::Reply(tag, outcome));
            }
        }
    }

    /// Whether one more entry of a timeline may be told.
    pub(super) fn has_room(&self) -> bool {
        self.events.len() < EVENTS_MAX
    }

    pub(super) fn tell(&mut self, event: Event) {
        let max = match event {
            Event::Receipt(_) | Event::Other(_) => EVENTS_MAX,
            _ => EVENTS_MAX_EVER,
        };
        if self.events.len() < max {
            self.events.push_back(event);
        }
    }
}
