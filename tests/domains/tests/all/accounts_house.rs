//! A server without an edge: apps and accounts behind a registry, two apps, and time that stands.

use std::sync::Arc;

use hoopoe_accounts::{Accounts, Authenticator, HashCost, Registration, SignInSettings};
use hoopoe_apps::Apps;
use hoopoe_bus::{Bus, LocalBus, Notice, Subscription};
use hoopoe_kernel::{
    Actor, AppNo, BoxFuture, Call, Ctx, Env, Fail, Input, Registry, Reply,
    ports::{Credential, Ports},
};
use hoopoe_testkit::{FakeClock, Open, TestDb, TestEnv, harness::fail, test_env_seeded};
use hoopoe_wire::{AppId, RequestId, apps::CreateApp, apps::Secret};
use serde_json::{Value, json};

/// One app of the house and its first key.
pub(crate) struct Tenant {
    pub(crate) no: AppNo,
    pub(crate) id: AppId,
    pub(crate) key: String,
}

/// The server.
pub(crate) struct House {
    pub(crate) db: TestDb,
    pub(crate) env: Arc<Env>,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) apps: Apps,
    pub(crate) accounts: Accounts,
    pub(crate) bus: Arc<LocalBus>,
    pub(crate) registry: Arc<Registry>,
    /// The app that a test is about.
    pub(crate) own: Tenant,
    /// Another one.
    pub(crate) foreign: Tenant,
    /// The operator's key.
    pub(crate) admin: String,
}

/// What was answered: status and body, or status and code.
pub(crate) type Answered = (u16, Value);

impl House {
    /// On a database of the test's own, open to everybody and with cheap passwords.
    pub(crate) async fn new(db: TestDb) -> Self {
        Self::with(db, settings()).await
    }

    /// As an operator wants it.
    pub(crate) async fn with(db: TestDb, settings: SignInSettings) -> Self {
        db.migrate(&[hoopoe_apps::MIGRATIONS, hoopoe_accounts::MIGRATIONS]).await;
        let TestEnv { env, clock } = test_env_seeded(1);
        let bus = LocalBus::new();
        let (apps, accounts, registry) = services(&db, &env, &bus, settings);
        let system = Ctx::system(&env, AppNo::NONE);
        let own = tenant(&apps, &system, "own").await;
        let foreign = tenant(&apps, &system, "foreign").await;
        let admin = must(apps.create_admin_key(&system, "tests").await).secret.0;
        Self { db, env, clock, apps, accounts, bus, registry, own, foreign, admin }
    }

    /// Another process on the same database: caches and a bus of its own.
    pub(crate) fn other_node(&self) -> (Apps, Accounts) {
        let (apps, accounts, _) = services(&self.db, &self.env, &LocalBus::new(), settings());
        (apps, accounts)
    }

    /// The server itself, in the app that the test is about.
    pub(crate) fn system(&self) -> Ctx {
        Ctx::system(&self.env, self.own.no)
    }

    /// A command with a bearer.
    pub(crate) async fn call(&self, bearer: &str, name: &str, request: Value) -> Answered {
        self.send(bearer, None, None, name, request).await
    }

    /// A command that must succeed.
    pub(crate) async fn ok(&self, bearer: &str, name: &str, request: Value) -> Value {
        let (status, body) = self.call(bearer, name, request).await;
        assert!((200..300).contains(&status), "{name}: {status} {body}");
        body
    }

    /// A command with everything that can come with one.
    pub(crate) async fn send(
        &self,
        bearer: &str,
        act_as: Option<&str>,
        idempotency_key: Option<&str>,
        name: &str,
        request: Value,
    ) -> Answered {
        match self.start(bearer, act_as, idempotency_key, name, request).await {
            Ok(running) => outcome(running.await),
            Err(refused) => outcome(Err(refused)),
        }
    }

    /// A command that has been authenticated and has not been polled yet.
    pub(crate) async fn start(
        &self,
        bearer: &str,
        act_as: Option<&str>,
        idempotency_key: Option<&str>,
        name: &str,
        request: Value,
    ) -> Result<BoxFuture<Result<Reply, Fail>>, Fail> {
        let credential = Credential {
            bearer: (!bearer.is_empty()).then(|| bearer.to_owned()),
            act_as: act_as.map(str::to_owned),
        };
        let identity = self.registry.identify(credential).await?;
        let ctx = Ctx::new(&self.env, identity.app, identity.actor);
        let index = self.registry.find(name).unwrap_or_else(|| fail(format!("no {name}")));
        let json = request.to_string();
        let input = Input::Object(json.as_bytes());
        Ok(self.registry.call(Call { index, ctx, input, idempotency_key }))
    }

    /// A command without a bearer, from an address.
    pub(crate) async fn from(&self, address: &str, name: &str, request: Value) -> Answered {
        let mut ctx = Ctx::new(&self.env, AppNo::NONE, Actor::Anonymous);
        ctx.address = address.parse().ok();
        let index = self.registry.find(name).unwrap_or_else(|| fail(format!("no {name}")));
        let json = request.to_string();
        let input = Input::Object(json.as_bytes());
        outcome(self.registry.call(Call { index, ctx, input, idempotency_key: None }).await)
    }

    /// Makes a user of the app that the test is about.
    pub(crate) async fn user(&self, id: &str) {
        self.ok(&self.own.key, "users.upsert", json!({"user": id, "name": id})).await;
    }

    /// A token for a user.
    pub(crate) async fn token(&self, id: &str) -> (String, String) {
        let reply = self.ok(&self.own.key, "auth.token", json!({"user": id})).await;
        (text(&reply["token"]), text(&reply["session"]))
    }
}

async fn tenant(apps: &Apps, ctx: &Ctx, name: &str) -> Tenant {
    let request = CreateApp { name: name.to_owned(), metadata: None };
    let (no, app, key) = must(apps.create_with_key(ctx, request).await);
    let Secret(key) = key.secret;
    Tenant { no, id: app.id, key }
}

/// Open to everybody; passwords cost the least that an operator may choose.
pub(crate) fn settings() -> SignInSettings {
    SignInSettings {
        registration: Registration::Open,
        cost: HashCost::LEAST,
        ..SignInSettings::default()
    }
}

fn services(
    db: &TestDb,
    env: &Arc<Env>,
    bus: &Arc<LocalBus>,
    settings: SignInSettings,
) -> (Apps, Accounts, Arc<Registry>) {
    let apps = Apps::new(db.db.clone(), env.clone());
    let (db, env, bus) = (db.db.clone(), env.clone(), bus.clone());
    let accounts = Accounts::with_settings(db, env, apps.clone(), bus, settings);
    let ports = Ports {
        authenticate: Arc::new(Authenticator::new(accounts.clone())),
        admit: Arc::new(Open),
        remember: Arc::new(apps.clone()),
        audit: Arc::new(Open),
    };
    let tables = vec![hoopoe_apps::commands(&apps), hoopoe_accounts::commands(&accounts)];
    let registry = Registry::new(tables, ports);
    (apps, accounts, registry)
}

/// A reply as a client sees it: of a refusal the code and the fields, which is all that may differ
/// between two requests.
pub(crate) fn outcome(result: Result<Reply, Fail>) -> Answered {
    match result {
        Ok(Reply { status, body }) => match serde_json::from_slice(&body) {
            Ok(body) => (status, body),
            Err(error) => fail(format!("the reply is not JSON: {error}")),
        },
        Err(refusal) => {
            let problem = refusal.problem(RequestId::NONE);
            match serde_json::to_value(&problem) {
                Ok(problem) => (refusal.code().status, problem),
                Err(error) => fail(format!("the problem is not JSON: {error}")),
            }
        }
    }
}

/// Status and code of a refusal.
pub(crate) fn refusal((status, body): Answered) -> (u16, String) {
    (status, text(&body["code"]))
}

/// A text member of a reply.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => fail(format!("{other} is no text")),
    }
}

/// What the bus carried so far.
pub(crate) fn drain(bus: &mut Subscription) -> Vec<Notice> {
    std::iter::from_fn(|| bus.try_recv().ok()).collect()
}

/// Listens to the house's bus.
pub(crate) fn listen(house: &House) -> Subscription {
    house.bus.subscribe()
}

/// The value, or the end of the test.
#[track_caller]
pub(crate) fn must<T>(result: Result<T, Fail>) -> T {
    match result {
        Ok(value) => value,
        Err(refusal) => fail(refusal.to_string()),
    }
}
