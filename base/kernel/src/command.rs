//! One typed command: its name on the socket, its address in REST, who may use it, what it takes
//! and what it answers.

use std::{future::Future, sync::Arc};

use bytes::Bytes;
use hoopoe_wire::{ErrorCode, codes};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Actor, BoxFuture, Ctx, Fail,
    decode::decode,
    splice::{self, Fields},
};

/// HTTP methods that commands use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Acts or creates.
    Post,
    /// Creates or replaces at a known place.
    Put,
    /// Changes some fields.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// As in a request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Who may use a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// Everybody.
    Public,
    /// A user, or a server key acting as one.
    User,
    /// The app's backend with a server key.
    Server,
    /// A user or the app's backend.
    UserOrServer,
    /// The app's backend or the operator.
    ServerOrAdmin,
    /// The operator with an administration key.
    Admin,
}

impl Auth {
    /// 401 for nobody, 403 for somebody else.
    pub fn check(self, actor: &Actor) -> Result<(), Fail> {
        let allowed = match (self, actor) {
            (Self::Public, _) | (_, Actor::System) => true,
            (Self::User | Self::UserOrServer, Actor::User(_)) => true,
            (Self::Server | Self::UserOrServer | Self::ServerOrAdmin, Actor::Server { .. }) => true,
            (Self::Admin | Self::ServerOrAdmin, Actor::Admin { .. }) => true,
            (_, Actor::Anonymous) => return Err(Fail::new(&codes::UNAUTHENTICATED)),
            _ => false,
        };
        if allowed { Ok(()) } else { Err(Fail::new(&codes::FORBIDDEN)) }
    }
}

/// The bucket that a command takes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rate {
    /// Sending messages.
    Send,
    /// Anything else that writes.
    Write,
    /// Reading.
    Read,
    /// Cheap and frequent: marks, typing, fences.
    Light,
    /// Passwords: dear to check, and guessed at.
    SignIn,
}

/// How a repeat is recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// Doing it again changes nothing, or the request carries its own key (`client_id`).
    Natural,
    /// A POST that honours `Idempotency-Key`.
    Key,
}

/// The JSON Schemas of a command's request and reply.
#[derive(Clone, Copy)]
pub struct Schemas {
    /// Of the request, path and query parameters included.
    pub request: fn(&mut SchemaGenerator) -> Schema,
    /// Of the reply.
    pub reply: fn(&mut SchemaGenerator) -> Schema,
}

/// What is known of a command without running it: the documents are printed from this.
#[derive(Clone)]
pub struct CommandInfo {
    /// `messages.send`.
    pub name: &'static str,
    /// HTTP method.
    pub method: Method,
    /// `/v1/conversations/{conversation}/messages`.
    pub path: &'static str,
    /// One sentence, and more after an empty line.
    pub doc: &'static str,
    /// Who may use it.
    pub auth: Auth,
    /// The bucket that it takes from.
    pub rate: Rate,
    /// How a repeat is recognised.
    pub idempotency: Idempotency,
    /// Whether the commands of one socket run in the order in which they came.
    pub ordered: bool,
    /// Whether the audit is told of every call, whoever makes it.
    pub audited: bool,
    /// Statuses of success.
    pub answers: &'static [u16],
    /// Codes of its own, beside those that any command can answer.
    pub fails: &'static [&'static ErrorCode],
    /// Request and reply.
    pub schemas: Schemas,
}

impl CommandInfo {
    /// Every code that this command can answer, its own and the common ones.
    pub fn all_fails(&self) -> Vec<&'static ErrorCode> {
        let mut all: Vec<&'static ErrorCode> = vec![&codes::BAD_JSON];
        if self.auth != Auth::Public {
            all.extend([&codes::UNAUTHENTICATED, &codes::FORBIDDEN]);
        }
        if self.idempotency == Idempotency::Key {
            all.extend([&codes::IDEMPOTENCY_MISMATCH, &codes::IDEMPOTENCY_BUSY]);
        }
        all.extend([&codes::TOO_LARGE, &codes::INVALID, &codes::RATE_LIMITED]);
        all.extend([&codes::INTERNAL, &codes::UNAVAILABLE]);
        if self.method != Method::Get {
            all.extend([&codes::OUTCOME_UNKNOWN, &codes::STORAGE_FULL]);
        }
        all.extend(self.fails);
        all
    }
}

/// A reply, encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status; the socket does not show it.
    pub status: u16,
    /// One JSON value.
    pub body: Bytes,
}

/// A typed reply.
pub struct Answer<T> {
    status: u16,
    body: Body<T>,
}

enum Body<T> {
    Value(T),
    Encoded(Bytes),
}

impl<T: Serialize> Answer<T> {
    /// 200.
    pub fn ok(value: T) -> Self {
        Self { status: 200, body: Body::Value(value) }
    }

    /// 201.
    pub fn created(value: T) -> Self {
        Self { status: 201, body: Body::Value(value) }
    }

    /// A value of `T` that is encoded already; the writer vouches for its shape.
    pub fn encoded(status: u16, json: Bytes) -> Self {
        Self { status, body: Body::Encoded(json) }
    }

    fn encode(self) -> Result<Reply, Fail> {
        let body = match self.body {
            Body::Encoded(bytes) => bytes,
            Body::Value(value) => {
                serde_json::to_vec(&value).map_err(|e| Fail::internal().caused_by(e))?.into()
            }
        };
        Ok(Reply { status: self.status, body })
    }
}

/// Path, query and body of one call as they came.
pub enum Input<'a> {
    /// The socket: one JSON object.
    Object(&'a [u8]),
    /// REST: parameters beside a body.
    Parts {
        /// Path and query parameters by name.
        params: &'a [(&'a str, &'a str)],
        /// One JSON object, or nothing.
        body: &'a [u8],
    },
}

/// A command's code: decodes at once, works in the future.
pub type Handler =
    Arc<dyn Fn(Ctx, &[u8]) -> Result<BoxFuture<Result<Reply, Fail>>, Fail> + Send + Sync>;

/// A registered command.
pub struct Command {
    pub(crate) info: CommandInfo,
    pub(crate) fields: Fields,
    pub(crate) handler: Handler,
}

impl Command {
    /// Starts a command; [`CommandBuilder::handle`] ends it.
    #[expect(clippy::new_ret_no_self, reason = "reads as what it begins: a new command")]
    pub fn new(name: &'static str, method: Method, path: &'static str) -> CommandBuilder {
        CommandBuilder {
            name,
            method,
            path,
            doc: "",
            auth: Auth::User,
            rate: if method == Method::Get { Rate::Read } else { Rate::Write },
            idempotency: if method == Method::Post {
                Idempotency::Key
            } else {
                Idempotency::Natural
            },
            ordered: false,
            audited: false,
            answers: &[200],
            fails: &[],
        }
    }

    /// What is known of it.
    pub fn info(&self) -> &CommandInfo {
        &self.info
    }

    pub(crate) fn start(
        &self,
        ctx: Ctx,
        input: &Input<'_>,
    ) -> Result<BoxFuture<Result<Reply, Fail>>, Fail> {
        match input {
            Input::Object(json) => (self.handler)(ctx, json),
            Input::Parts { params, body } => {
                (self.handler)(ctx, &splice::splice(&self.fields, params, body)?)
            }
        }
    }
}

/// A command being described.
pub struct CommandBuilder {
    name: &'static str,
    method: Method,
    path: &'static str,
    doc: &'static str,
    auth: Auth,
    rate: Rate,
    idempotency: Idempotency,
    ordered: bool,
    audited: bool,
    answers: &'static [u16],
    fails: &'static [&'static ErrorCode],
}

impl CommandBuilder {
    /// What it does, for the reference.
    #[must_use]
    pub fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    /// Who may use it; a user unless said otherwise.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Which bucket it takes from; by the method unless said otherwise.
    #[must_use]
    pub fn rate(mut self, rate: Rate) -> Self {
        self.rate = rate;
        self
    }

    /// A POST that needs no `Idempotency-Key`.
    #[must_use]
    pub fn naturally_idempotent(mut self) -> Self {
        self.idempotency = Idempotency::Natural;
        self
    }

    /// Commands of this kind on one socket take effect in the order in which they came: the
    /// handler queues its work the first time that it is polled.
    #[must_use]
    pub fn ordered(mut self) -> Self {
        self.ordered = true;
        self
    }

    /// The audit is told of every call that is not turned away by a limit, whoever makes it.
    #[must_use]
    pub fn audited(mut self) -> Self {
        self.audited = true;
        self
    }

    /// Statuses of success.
    #[must_use]
    pub fn answers(mut self, statuses: &'static [u16]) -> Self {
        self.answers = statuses;
        self
    }

    /// Codes of its own.
    #[must_use]
    pub fn fails(mut self, fails: &'static [&'static ErrorCode]) -> Self {
        self.fails = fails;
        self
    }

    /// Ends the description with the code.
    pub fn handle<Req, Rep, F, Fut>(self, work: F) -> Command
    where
        Req: DeserializeOwned + JsonSchema + Send + 'static,
        Rep: Serialize + JsonSchema + Send + 'static,
        F: Fn(Ctx, Req) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Answer<Rep>, Fail>> + Send + 'static,
    {
        let schemas = Schemas {
            request: |generator| generator.subschema_for::<Req>(),
            reply: |generator| generator.subschema_for::<Rep>(),
        };
        let mut inline = SchemaSettings::draft2020_12();
        inline.inline_subschemas = true;
        let schema = inline.into_generator().into_root_schema_for::<Req>();
        let handler: Handler = Arc::new(move |ctx, json| {
            let request = decode::<Req>(json)?;
            let running = work(ctx, request);
            Ok(Box::pin(async move { running.await?.encode() }))
        });
        let info = CommandInfo {
            name: self.name,
            method: self.method,
            path: self.path,
            doc: self.doc,
            auth: self.auth,
            rate: self.rate,
            idempotency: self.idempotency,
            ordered: self.ordered,
            audited: self.audited,
            answers: self.answers,
            fails: self.fails,
            schemas,
        };
        Command { info, fields: splice::fields(schema.as_value()), handler }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_401_and_somebody_else_403() {
        let key = hoopoe_wire::KeyId::NONE;
        let server = Actor::Server { key, scopes: crate::Scopes::of(["users"]) };
        assert_eq!(Auth::User.check(&Actor::Anonymous).expect_err("nobody").code().status, 401);
        assert_eq!(Auth::User.check(&server).expect_err("a server").code().status, 403);
        assert!(Auth::UserOrServer.check(&server).is_ok());
        assert!(Auth::ServerOrAdmin.check(&server).is_ok());
        assert!(Auth::Admin.check(&server).is_err());
        assert!(server.check_scope("users.get").is_ok());
        assert_eq!(
            server.check_scope("messages.send").expect_err("out of scope").code().status,
            403
        );
        assert!(Auth::Public.check(&Actor::Anonymous).is_ok());
    }
}
