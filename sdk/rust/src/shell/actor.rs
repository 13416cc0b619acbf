//! The task that feeds the engine and carries out what it says. It never waits for the app: what
//! the app does not take is kept by the engine, within bounds.

use std::{
    collections::{HashMap, VecDeque},
    io,
    sync::Arc,
    time::Duration,
};

use hoopoe_wire::UserId;
use serde_json::value::RawValue;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::{
    clock::Clock,
    conversation::{Outcome, Sent},
    dial::Server,
    error::Error,
    socket::{self, Heard, Sound},
    token::{TokenError, TokenProvider},
};
use crate::{
    core::{
        Delivery, Engine, Event, Item, OutboxUpdate, Output, Record, RequestError, Status, Stop,
    },
    store::Store,
};

/// Commands of the app on their way here.
pub(super) const COMMANDS: usize = 64;
/// Sends that are written down together.
const BATCH: usize = 256;
/// How long a request of the app waits for a line and an answer.
const PATIENCE: Duration = Duration::from_secs(30);

type SendReply = oneshot::Sender<Result<oneshot::Receiver<Outcome>, Error>>;

/// What the app asks for.
pub(super) enum Command {
    Send {
        item: Item,
        reply: SendReply,
    },
    Request {
        ask: (String, Box<RawValue>),
        is_repeatable: bool,
        reply: oneshot::Sender<Result<String, RequestError>>,
    },
    User(oneshot::Sender<Option<UserId>>),
    Flush(oneshot::Sender<()>),
    Close(oneshot::Sender<()>),
}

/// What the task was woken by.
enum Wake {
    Heard(Heard),
    Token(Result<String, TokenError>),
    Command(Option<Command>),
    Stored(Box<dyn Store>, io::Result<()>),
    /// The store's thread panicked.
    Unstored,
    /// There is room in a queue that was full, or it is late.
    Look,
}

type Storing = JoinHandle<(Box<dyn Store>, io::Result<()>)>;

pub(super) struct Actor {
    server: Server,
    tokens: Arc<dyn TokenProvider>,
    engine: Engine,
    clock: Clock,
    commands: mpsc::Receiver<Command>,
    events: mpsc::Sender<Event>,
    status: watch::Sender<Status>,
    // The socket.
    attempt: u64,
    ears: (mpsc::Sender<Heard>, mpsc::Receiver<Heard>),
    mouth: Option<mpsc::Sender<String>>,
    frames: VecDeque<String>,
    token: Option<JoinHandle<Result<String, TokenError>>>,
    // The store: sends that it is to keep, other records, and what it is busy with.
    store: Option<Box<dyn Store>>,
    storing: Option<Storing>,
    unstored: Vec<(Item, SendReply)>,
    being_stored: Vec<(Item, SendReply)>,
    notes: Vec<Record>,
    // Whom of the app to answer.
    outcomes: HashMap<String, oneshot::Sender<Outcome>>,
    replies: HashMap<u64, oneshot::Sender<Result<String, RequestError>>>,
    last_tag: u64,
    flushes: Vec<oneshot::Sender<()>>,
    closes: Vec<oneshot::Sender<()>>,
    is_closing: bool,
}

impl Actor {
    pub(super) fn new(
        (server, tokens): (Server, Arc<dyn TokenProvider>),
        engine: Engine,
        clock: Clock,
        store: Box<dyn Store>,
        (commands, events, status): (
            mpsc::Receiver<Command>,
            mpsc::Sender<Event>,
            watch::Sender<Status>,
        ),
    ) -> Self {
        Self {
            server,
            tokens,
            engine,
            clock,
            commands,
            events,
            status,
            attempt: 0,
            ears: socket::channel(),
            mouth: None,
            frames: VecDeque::new(),
            token: None,
            store: Some(store),
            storing: None,
            unstored: Vec::new(),
            being_stored: Vec::new(),
            notes: Vec::new(),
            outcomes: HashMap::new(),
            replies: HashMap::new(),
            last_tag: 0,
            flushes: Vec::new(),
            closes: Vec::new(),
            is_closing: false,
        }
    }

    /// Runs until the app closes it, or nobody holds it any more.
    pub(super) async fn run(mut self) {
        loop {
            self.carry_out();
            let is_kept = self.storing.is_none() && self.notes.is_empty();
            if self.is_closing && is_kept {
                break;
            }
            match self.wait().await {
                Wake::Heard((attempt, sound)) if attempt == self.attempt => self.hear(sound),
                Wake::Heard(_) => {}
                Wake::Token(token) => {
                    self.token = None;
                    let token = token.map_err(TokenError::into_failure);
                    self.engine.handle_token(token, self.clock.now());
                }
                Wake::Command(Some(command)) => self.command(command),
                Wake::Command(None) => self.close(),
                Wake::Stored(store, outcome) => self.stored(store, &outcome),
                Wake::Unstored => {
                    self.storing = None;
                    let stop = Stop::Refused("the store of the outbox broke".to_owned());
                    self.being_stored.clear();
                    self.notes.clear();
                    self.engine.stop(stop);
                }
                Wake::Look => self.engine.handle_timeout(self.clock.now()),
            }
        }
        for close in self.closes.drain(..) {
            // Whoever closed it may not wait for the end.
            close.send(()).ok();
        }
    }

    async fn wait(&mut self) -> Wake {
        let timeout = self.engine.poll_timeout().map(|at| self.clock.at(at));
        let sleep = async {
            match timeout {
                Some(at) => tokio::time::sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        let takes_commands = !self.is_closing && self.unstored.len() < BATCH;
        let writes = self.mouth.as_ref().filter(|_| !self.frames.is_empty());
        let tells = Some(&self.events).filter(|_| self.engine.has_event());
        tokio::select! {
            Some(heard) = self.ears.1.recv() => Wake::Heard(heard),
            command = self.commands.recv(), if takes_commands => Wake::Command(command),
            Some(done) = join(&mut self.storing) => match done {
                Ok((store, outcome)) => Wake::Stored(store, outcome),
                Err(_) => Wake::Unstored,
            },
            Some(token) = join(&mut self.token) => Wake::Token(token.unwrap_or_else(|_| {
                Err(TokenError::later("the token provider panicked"))
            })),
            () = has_room(writes) => Wake::Look,
            () = has_room(tells) => Wake::Look,
            () = sleep => Wake::Look,
        }
    }

    fn hear(&mut self, sound: Sound) {
        let now = self.clock.now();
        match sound {
            Sound::Open(mouth) => {
                self.mouth = Some(mouth);
                self.engine.handle_dialed(now);
            }
            Sound::Failed(why) => self.engine.handle_dial_failed(why, now),
            Sound::Text(text) => self.engine.handle_frame(&text, now),
            Sound::Heartbeat => self.engine.handle_sign_of_life(now),
            Sound::Closed(code, reason) => {
                self.hang_up();
                self.engine.handle_closed(code, &reason, now);
            }
        }
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Send { item, reply } => {
                let waiting = self.unstored.len() + self.being_stored.len();
                let refused = match &*self.status.borrow() {
                    Status::Stopped(stop) => Some(Error::Stopped(stop.clone())),
                    _ if !self.engine.has_room_for_send(waiting) => Some(Error::OutboxFull),
                    _ => None,
                };
                match refused {
                    // Whoever sent it may have given up waiting.
                    Some(error) => drop(reply.send(Err(error))),
                    None => self.unstored.push((item, reply)),
                }
            }
            Command::Request { ask, is_repeatable, reply } => {
                self.last_tag += 1;
                let (tag, now) = (self.last_tag, self.clock.now());
                self.replies.insert(tag, reply);
                self.engine.handle_request(tag, ask, is_repeatable, PATIENCE, now);
            }
            Command::User(reply) => drop(reply.send(self.engine.user().cloned())),
            Command::Flush(done) => self.flushes.push(done),
            Command::Close(done) => {
                self.closes.push(done);
                self.close();
            }
        }
    }

    fn close(&mut self) {
        self.is_closing = true;
        self.engine.stop(Stop::Closed);
    }

    /// Does everything that the engine says, and hands on what there is room for.
    fn carry_out(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::NeedToken => {
                    let tokens = self.tokens.clone();
                    self.token = Some(tokio::spawn(async move { tokens.token().await }));
                }
                Output::Dial => {
                    self.attempt += 1;
                    let (server, ears) = (self.server.clone(), self.ears.0.clone());
                    tokio::spawn(socket::run(server, self.attempt, ears));
                }
                Output::Frame(frame) => self.frames.push_back(frame),
                Output::Hangup => self.hang_up(),
                Output::Status(status) => {
                    tracing::debug!(?status, "the connection");
                    self.status.send_replace(status);
                }
                Output::Keep(record) => self.notes.push(record),
                Output::Settled(update) => self.settle(update),
                Output::Reply(tag, outcome) => {
                    if let Some(reply) = self.replies.remove(&tag) {
                        // Whoever asked may have given up waiting.
                        drop(reply.send(outcome));
                    }
                }
            }
        }
        self.hand_on();
        self.begin_storing();
        if matches!(&*self.status.borrow(), Status::Stopped(_)) {
            // Nothing more is sent: whoever waits for it is told so by the end of the channel.
            self.outcomes.clear();
            self.flushes.clear();
        }
        let is_empty = self.engine.unsent() == 0 && self.unstored.is_empty();
        if is_empty && self.being_stored.is_empty() {
            self.flushes.drain(..).for_each(|flush| flush.send(()).unwrap_or_default());
        }
    }

    fn hand_on(&mut self) {
        if let Some(mouth) = &self.mouth {
            while let Some(frame) = self.frames.pop_front() {
                if let Err(error) = mouth.try_send(frame) {
                    self.frames.push_front(error.into_inner());
                    break;
                }
            }
        }
        while self.engine.has_event() {
            let Ok(permit) = self.events.try_reserve() else { break };
            let Some(event) = self.engine.poll_event() else { break };
            permit.send(event);
        }
    }

    /// Nothing more of this socket is heard, and dropping its queue closes it.
    fn hang_up(&mut self) {
        self.attempt += 1;
        self.mouth = None;
        self.frames.clear();
    }

    fn settle(&mut self, update: OutboxUpdate) {
        let client_id = update.request.client_id;
        let outcome = match update.delivery {
            Delivery::Pending => return,
            Delivery::Sent { seq } => Ok(Sent { client_id: client_id.clone(), seq }),
            Delivery::Failed(failure) => Err(failure),
        };
        if let Some(waiting) = self.outcomes.remove(&client_id) {
            // Few wait for what they send.
            drop(waiting.send(outcome));
        }
    }

    /// Hands everything that waits for the store to it at once, on a thread that may block.
    fn begin_storing(&mut self) {
        if self.unstored.is_empty() && self.notes.is_empty() {
            return;
        }
        let Some(mut store) = self.store.take() else { return };
        self.being_stored = std::mem::take(&mut self.unstored);
        let mut records = std::mem::take(&mut self.notes);
        records.extend(self.being_stored.iter().map(|(item, _)| Record::Queued(item.clone())));
        self.storing = Some(tokio::task::spawn_blocking(move || {
            let outcome = store.append(&records);
            (store, outcome)
        }));
    }

    fn stored(&mut self, store: Box<dyn Store>, outcome: &io::Result<()>) {
        self.store = Some(store);
        self.storing = None;
        let now = self.clock.now();
        if let Err(error) = outcome {
            tracing::error!(%error, "the outbox could not be written");
        }
        for (item, reply) in self.being_stored.drain(..) {
            if let Err(error) = outcome {
                let error = io::Error::new(error.kind(), error.to_string());
                drop(reply.send(Err(Error::Store(error))));
                continue;
            }
            let (tell, outcome) = oneshot::channel();
            if reply.send(Ok(outcome)).is_ok() {
                self.outcomes.insert(item.request.client_id.clone(), tell);
            }
            self.engine.handle_send(item, now);
        }
    }
}

/// The end of a task, when there is one.
async fn join<T>(task: &mut Option<JoinHandle<T>>) -> Option<Result<T, tokio::task::JoinError>> {
    let outcome = task.as_mut()?.await;
    *task = None;
    Some(outcome)
}

/// Returns when a queue, if there is one, can take something.
async fn has_room<T>(queue: Option<&mpsc::Sender<T>>) {
    match queue {
        Some(queue) if queue.reserve().await.is_ok() => {}
        _ => std::future::pending().await,
    }
}
