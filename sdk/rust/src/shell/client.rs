//! The client as the app holds it.

use hoopoe_wire::{
    ConversationId, UserId,
    conversations::{
        self, ConversationKind, ConversationPage, CreateConversation, ListConversations,
    },
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    actor::Command, builder::Builder, conversation::Conversation, error::Error, events::Seat,
};
use crate::{
    core::{Status, Stop},
    shell::events::Events,
};

/// One user's connection to a server. Cheap to clone; when the last clone and the last
/// [`Conversation`] are dropped, it ends.
#[derive(Debug, Clone)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    events: Seat,
    status: watch::Receiver<Status>,
}

impl Client {
    pub(super) fn new(
        commands: mpsc::Sender<Command>,
        events: Seat,
        status: watch::Receiver<Status>,
    ) -> Self {
        Self { commands, events, status }
    }

    /// Sets a client up.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// What happens from now on. There is one stream at a time.
    pub fn events(&self) -> Events {
        self.events.take()
    }

    /// Where the connection stands, now and whenever it changes.
    pub fn connection(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Waits until a session is started.
    ///
    /// # Errors
    /// [`Error::Stopped`] when there will be none.
    pub async fn online(&self) -> Result<(), Error> {
        let mut status = self.status.clone();
        let settled = |status: &Status| matches!(status, Status::Online | Status::Stopped(_));
        match status.wait_for(settled).await.map(|status| status.clone()) {
            Ok(Status::Online) => Ok(()),
            Ok(Status::Stopped(stop)) => Err(Error::Stopped(stop)),
            Ok(_) | Err(_) => Err(Error::Stopped(Stop::Closed)),
        }
    }

    /// Who the sessions are of; nobody before the first one.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the client has ended.
    pub async fn user(&self) -> Result<Option<UserId>, Error> {
        self.ask(Command::User).await
    }

    /// A handle of a conversation; nothing is asked.
    pub fn conversation(&self, id: ConversationId) -> Conversation {
        Conversation::new(self.clone(), id)
    }

    /// The direct conversation with somebody, made when there is none.
    ///
    /// # Errors
    /// When there is no such user, or no answer.
    pub async fn direct(&self, user: &str) -> Result<Conversation, Error> {
        let request = create(ConversationKind::Direct, &[user], None)?;
        self.created(&request, true).await
    }

    /// A new group with these people. It is not repeated by itself: after [`Error::Lost`] it may be
    /// there.
    ///
    /// # Errors
    /// When somebody is not there, or no answer comes.
    pub async fn group(&self, name: &str, members: &[&str]) -> Result<Conversation, Error> {
        let request = create(ConversationKind::Group, members, Some(name.to_owned()))?;
        self.created(&request, false).await
    }

    async fn created(
        &self,
        request: &CreateConversation,
        is_repeatable: bool,
    ) -> Result<Conversation, Error> {
        let made: conversations::Conversation =
            self.request("conversations.create", request, is_repeatable).await?;
        Ok(self.conversation(made.id))
    }

    /// A page of the user's conversations, newest activity first; `cursor` from the page before.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn conversations(&self, cursor: Option<String>) -> Result<ConversationPage, Error> {
        let request = ListConversations { cursor, limit: None };
        self.call("conversations.list", &request).await
    }

    /// Any command of the API that may be done twice with the same effect, which those that read
    /// are: it is asked again when the line breaks.
    ///
    /// # Errors
    /// When the server refuses, or no answer comes in 30 s.
    pub async fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &impl Serialize,
    ) -> Result<T, Error> {
        self.request(method, params, true).await
    }

    /// Any command of the API that is done at most once: [`Error::Lost`] when the line breaks.
    ///
    /// # Errors
    /// When the server refuses, or no answer comes in 30 s.
    pub async fn call_once<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &impl Serialize,
    ) -> Result<T, Error> {
        self.request(method, params, false).await
    }

    async fn request<T: DeserializeOwned>(
        &self,
        method: &str,
        params: &(impl Serialize + ?Sized),
        is_repeatable: bool,
    ) -> Result<T, Error> {
        let params = serde_json::value::to_raw_value(params).map_err(Error::Decode)?;
        let ask = (method.to_owned(), params);
        let outcome = self.ask(|reply| Command::Request { ask, is_repeatable, reply }).await?;
        let json = outcome.map_err(|error| self.explain(error.into()))?;
        serde_json::from_str(&json).map_err(Error::Decode)
    }

    /// Waits until the outbox is empty: everything was sent or given up.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the client ends before.
    pub async fn flush(&self) -> Result<(), Error> {
        self.ask(Command::Flush).await
    }

    /// Ends the connection. What is in the outbox is kept by its store, and sent by the next client
    /// on it.
    pub async fn close(&self) {
        // One that has ended already is closed.
        drop(self.ask(Command::Close).await);
    }

    pub(super) async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        let stopped = || self.explain(Error::Stopped(Stop::Closed));
        self.commands.send(command(reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())
    }

    /// Why the client stopped, where that is what went wrong.
    pub(super) fn explain(&self, error: Error) -> Error {
        match (&error, &*self.status.borrow()) {
            (Error::Stopped(_), Status::Stopped(stop)) => Error::Stopped(stop.clone()),
            _ => error,
        }
    }
}

fn create(
    kind: ConversationKind,
    members: &[&str],
    name: Option<String>,
) -> Result<CreateConversation, Error> {
    let users: Option<Vec<UserId>> = members.iter().map(|user| UserId::parse(user)).collect();
    let Some(members) = users else {
        return Err(Error::Setup("a user id is 1 to 64 of A-Z a-z 0-9 . _ @ + : -".to_owned()));
    };
    Ok(CreateConversation { kind, members, name, avatar_url: None, metadata: None, history: None })
}
