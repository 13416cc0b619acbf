//! A server with the gateway for its only room.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use hoopoe_accounts::{Accounts, Authenticator};
use hoopoe_apps::Apps;
use hoopoe_bus::LocalBus;
use hoopoe_conversations::Conversations;
use hoopoe_db::MigrationChain;
use hoopoe_gateway::{Gateway, GatewayParts, Hub, Sources, Timing};
use hoopoe_kernel::{
    Actor, Answer, AppNo, Auth, Call, Command, Ctx, Env, Fail, Input, Method, Registry, UserActor,
    ports::Ports,
};
use hoopoe_log::Log;
use hoopoe_messages::Messages;
use hoopoe_presence::{Presence, PresenceParts};
use hoopoe_testkit::{
    FakeClock, Open, TestDb, TestEnv, Which,
    harness::{PATIENCE, fail, within},
    test_env_seeded,
};
use hoopoe_wire::{
    RequestId, SessionId, UserId,
    accounts::IssueToken,
    apps::{CreateApp, Secret},
    page,
};
use http_body_util::Empty;
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::Semaphore,
    task::AbortHandle,
};

/// The tables of what stands behind it.
const CHAINS: &[MigrationChain] = &[
    hoopoe_apps::MIGRATIONS,
    hoopoe_accounts::MIGRATIONS,
    hoopoe_log::MIGRATIONS,
    hoopoe_conversations::MIGRATIONS,
    hoopoe_presence::MIGRATIONS,
    hoopoe_messages::MIGRATIONS,
];

/// Particulars of a server.
pub(crate) struct Setup {
    pub(crate) timing: Timing,
    pub(crate) origins: Vec<String>,
    /// Of the kernel, for each connection; small makes a slow reader slow.
    pub(crate) send_buffer_bytes: Option<u32>,
    /// Sockets that the house takes.
    pub(crate) connections_max: Option<usize>,
}

impl Default for Setup {
    /// Nothing happens by itself: a connection that forgot to wake up sleeps for ever.
    fn default() -> Self {
        let hour = Duration::from_secs(3_600);
        let timing = Timing { start_max: hour, heartbeat: hour, close_max: Duration::from_secs(3) };
        Self { timing, origins: Vec::new(), send_buffer_bytes: None, connections_max: None }
    }
}

/// Commands that wait until they are let go.
pub(crate) struct Gate {
    pub(crate) started: AtomicUsize,
    pub(crate) open: Semaphore,
}

pub(crate) struct House {
    pub(crate) db: TestDb,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) env: Arc<Env>,
    pub(crate) app: AppNo,
    pub(crate) accounts: Accounts,
    pub(crate) log: Log,
    pub(crate) hub: Hub,
    pub(crate) presence: Presence,
    pub(crate) bus: Arc<LocalBus>,
    pub(crate) gateway: Gateway,
    pub(crate) gate: Arc<Gate>,
    pub(crate) address: SocketAddr,
    registry: Arc<Registry>,
    listening: AbortHandle,
}

impl Drop for House {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl House {
    /// With Ann, Bob, Cat and Dan.
    pub(crate) async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let db = database().await;
        let TestEnv { env, clock } = test_env_seeded(1);
        let bus = LocalBus::new();
        let apps = Apps::new(db.db.clone(), env.clone());
        let accounts = Accounts::new(db.db.clone(), env.clone(), apps.clone(), bus.clone());
        let log = must(Log::open(db.db.clone(), env.clone()).await);
        let conversations = Conversations::new(log.clone(), accounts.clone());
        let messages = Messages::new(log.clone(), accounts.clone(), bus.clone());
        let (there, who) = (conversations.clone(), accounts.clone());
        let presence = presence(&db, &env, who, there, &bus);
        let gate = Arc::new(Gate { started: AtomicUsize::new(0), open: Semaphore::new(0) });
        let ports = Ports {
            authenticate: Arc::new(Authenticator::new(accounts.clone())),
            admit: Arc::new(Open),
            remember: Arc::new(apps.clone()),
            audit: Arc::new(Open),
        };
        let tables = vec![
            hoopoe_accounts::commands(&accounts),
            hoopoe_conversations::commands(&conversations),
            hoopoe_messages::commands(&messages),
            hoopoe_presence::commands(&presence),
            odd_commands(&gate),
        ];
        let registry = Registry::new(tables, ports);
        let hub = Hub::start(Sources {
            log: log.clone(),
            conversations: conversations.clone(),
            accounts: accounts.clone(),
            bus: bus.clone(),
            presence: presence.clone(),
        });
        let gateway = Gateway::new(GatewayParts {
            registry: registry.clone(),
            accounts: accounts.clone(),
            conversations,
            hub: hub.clone(),
            env: env.clone(),
            origins: setup.origins,
            connections_per_address: Some(1),
            connections_max: setup.connections_max,
            lower: hoopoe_gateway::lower_tcp,
            timing: setup.timing,
        });
        let (address, listening) = listen(gateway.clone(), setup.send_buffer_bytes);
        let app = tenant(&apps, &env).await;
        let house = Self {
            db,
            clock,
            env,
            app,
            accounts,
            log,
            hub,
            presence,
            bus,
            gateway,
            gate,
            address,
            registry,
            listening,
        };
        house.people().await;
        house
    }

    async fn people(&self) {
        for user in ["ann", "bob", "cat", "dan"] {
            let ctx = Ctx::system(&self.env, self.app);
            self.call_in(ctx, "users.upsert", json!({"user": user, "name": user})).await;
        }
    }

    /// A token, and the session that it is of.
    pub(crate) async fn token(&self, user: &str) -> (String, SessionId) {
        let request = IssueToken { user: user_id(user), ttl_s: None, device: None };
        let token =
            must(self.accounts.issue_token(&Ctx::system(&self.env, self.app), request).await);
        let Secret(text) = token.token;
        (text, token.session)
    }

    pub(crate) async fn ctx(&self, user: &str) -> Ctx {
        let (app, id) = (self.app, user_id(user));
        let ids = [id.clone()];
        let found = self.log.db().read(move |tx| Ok(Accounts::resolve(tx, app, &ids)?)).await;
        let [Some(uid)] = must(found)[..] else { fail(format!("there is no {user}")) };
        let actor = UserActor::signed_in(uid, id, SessionId::NONE);
        Ctx::new(&self.env, app, Actor::User(actor))
    }

    /// A command as a user, not over a socket.
    pub(crate) async fn call(&self, user: &str, name: &str, request: Value) -> Value {
        let ctx = self.ctx(user).await;
        self.call_in(ctx, name, request).await
    }

    async fn call_in(&self, ctx: Ctx, name: &str, request: Value) -> Value {
        let index = self.registry.find(name).unwrap_or_else(|| fail(format!("no {name}")));
        let json = request.to_string();
        let input = Input::Object(json.as_bytes());
        let running = self.registry.call(Call { index, ctx, input, idempotency_key: None });
        let reply = must(within(PATIENCE, name, running).await);
        serde_json::from_slice(&reply.body).unwrap_or_else(|_| fail("the reply is not JSON"))
    }

    /// A group of these, created by the first. Its id.
    pub(crate) async fn group(&self, members: &[&str]) -> String {
        let request = json!({"kind": "group", "name": "Trip", "members": members[1..]});
        text(&self.call(members[0], "conversations.create", request).await["id"])
    }

    /// A message, not over a socket. Its seq.
    pub(crate) async fn say(&self, user: &str, to: &str, words: &str) -> i64 {
        let id = RequestId(self.env.fresh_id()).to_string();
        let request = json!({"conversation": to, "client_id": id, "kind": "text", "text": words});
        let reply = self.call(user, "messages.send", request).await;
        reply["seq"].as_i64().unwrap_or_else(|| fail("no seq"))
    }

    /// Waits until this many sockets have a session.
    pub(crate) async fn connections(&self, count: usize) {
        let counted = async {
            while self.hub.connections() != count {
                tokio::task::yield_now().await;
            }
        };
        within(PATIENCE, "the connections to be as many", counted).await;
    }

    /// Waits until this many of [`Gate`]'s commands have been started.
    pub(crate) async fn started(&self, count: usize) {
        let counted = async {
            while self.gate.started.load(Ordering::SeqCst) != count {
                tokio::task::yield_now().await;
            }
        };
        within(PATIENCE, "the commands to be started", counted).await;
    }
}

async fn database() -> TestDb {
    let db = TestDb::create(Which::Sqlite).await;
    db.migrate(CHAINS).await;
    db
}

fn presence(
    db: &TestDb,
    env: &Arc<Env>,
    accounts: Accounts,
    conversations: Conversations,
    bus: &Arc<LocalBus>,
) -> Presence {
    let (db, env, bus) = (db.db.clone(), env.clone(), bus.clone());
    Presence::new(PresenceParts { db, env, accounts, conversations, bus })
}

async fn tenant(apps: &Apps, env: &Arc<Env>) -> AppNo {
    let request = CreateApp { name: "tests".to_owned(), metadata: None };
    let (app, _, _) = must(apps.create_with_key(&Ctx::system(env, AppNo::NONE), request).await);
    app
}

/// Commands that no domain has: one that panics, and one that waits.
fn odd_commands(gate: &Arc<Gate>) -> Vec<Command> {
    let gate = gate.clone();
    let panics = Command::new("test.panic", Method::Get, "/v1/test/panic").auth(Auth::Public);
    let waits = Command::new("test.wait", Method::Get, "/v1/test/wait").auth(Auth::Public);
    vec![
        panics.handle::<page::Empty, page::Empty, _, _>(|_, _| async {
            fail("this is what the test is about")
        }),
        waits.handle::<page::Empty, page::Empty, _, _>(move |_, _| {
            let gate = gate.clone();
            async move {
                gate.started.fetch_add(1, Ordering::SeqCst);
                match gate.open.acquire().await {
                    Ok(permit) => permit.forget(),
                    Err(closed) => return Err(Fail::internal().caused_by(closed)),
                }
                Ok(Answer::ok(page::Empty {}))
            }
        }),
    ]
}

/// All that the edge does for the gateway: HTTP/1.1 up to the upgrade.
fn listen(gateway: Gateway, send_buffer_bytes: Option<u32>) -> (SocketAddr, AbortHandle) {
    let listener = must_io(bind(send_buffer_bytes));
    let address = must_io(listener.local_addr());
    let serving = tokio::spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let gateway = gateway.clone();
            let service = service_fn(move |mut request: Request<Incoming>| {
                let answer = gateway.accept(&mut request, peer);
                async move { Ok::<_, Infallible>(answer.map(|()| Empty::<Bytes>::new())) }
            });
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service).with_upgrades());
        }
    });
    (address, serving.abort_handle())
}

fn bind(send_buffer_bytes: Option<u32>) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    if let Some(bytes) = send_buffer_bytes {
        socket.set_send_buffer_size(bytes)?;
    }
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    socket.listen(64)
}

pub(crate) fn user_id(text: &str) -> UserId {
    UserId::parse(text).unwrap_or_else(|| fail(format!("{text} is no user id")))
}

/// A text member.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| fail(format!("{value} is no text")), str::to_owned)
}

#[track_caller]
pub(crate) fn must<T>(result: Result<T, Fail>) -> T {
    result.unwrap_or_else(|refusal| fail(refusal.to_string()))
}

#[track_caller]
pub(crate) fn must_io<T>(result: std::io::Result<T>) -> T {
    result.unwrap_or_else(|error| fail(error.to_string()))
}
