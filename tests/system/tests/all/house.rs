//! A server with an app and people in it.

use std::{collections::BTreeMap, time::Duration};

use hoopoe_testkit::{
    client::Connection,
    evidence::{Readers, collect},
    harness::{fail, within},
    journal::{Caps, Evidence, Journal, Name},
    peer::{Identity, Peer},
    postgres,
    proxy::Proxy,
    rest::Rest,
    server::{Launch, Server, Up, run_cli},
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// How often a metric is looked at that is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// Which database the server keeps its data in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    /// The embedded one.
    Embedded,
    /// A fresh database of the run's shared PostgreSQL.
    Postgres,
}

/// How to start a server on an empty store. The directory lives as long as the first part.
pub(crate) async fn empty(store: Store) -> (TempDir, Launch) {
    let home = tempfile::tempdir().expect("the system's directory for temporary files is there");
    let mut launch = Launch::new(&home.path().join("data"));
    if store == Store::Postgres {
        let shared = postgres::shared().await;
        let server = shared.unwrap_or_else(|error| fail(format!("no PostgreSQL: {error}")));
        launch.database = Some(server.database().await.expect("the shared server makes databases"));
    }
    (home, launch)
}

/// A running server with one app.
pub(crate) struct House {
    pub(crate) server: Server,
    pub(crate) journal: Journal,
    pub(crate) rest: Rest,
    pub(crate) app: String,
    key: String,
    tokens: BTreeMap<String, String>,
    _home: TempDir,
}

impl House {
    /// With the embedded database.
    pub(crate) async fn open() -> Self {
        Self::open_with(Store::Embedded, |launch| launch).await
    }

    /// On this store, started as told.
    pub(crate) async fn open_with(store: Store, tell: impl FnOnce(Launch) -> Launch) -> Self {
        let (home, launch) = empty(store).await;
        Self::open_in(home, tell(launch)).await
    }

    /// Started as told. The directory lives as long as the house.
    pub(crate) async fn open_in(home: TempDir, launch: Launch) -> Self {
        let server = Server::start(launch).await;
        let made = run_cli(server.launched(), &["app", "create", "demo", "--json"]).await.json();
        let key = text(&made["server_key"]);
        let journal = Journal::new();
        let rest = Rest::with_key(server.address(), &key, &journal);
        let (app, tokens) = ("demo".to_owned(), BTreeMap::new());
        Self { server, journal, rest, app, key, tokens, _home: home }
    }

    /// With these people, each with a token.
    pub(crate) async fn with_people(mut self, people: &[&str]) -> Self {
        for user in people {
            self.rest.must("users.upsert", json!({"user": user, "name": user})).await;
            let token = self.fresh_token(user).await;
            self.tokens.insert((*user).to_owned(), token);
        }
        self
    }

    /// Another token, and so another session, of a user.
    pub(crate) async fn fresh_token(&self, user: &str) -> String {
        let made = self.rest.must("auth.token", json!({"user": user})).await;
        text(&made["token"])
    }

    /// The app's key.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn token(&self, user: &str) -> &str {
        &self.tokens[user]
    }

    /// A socket without a session.
    pub(crate) async fn socket(&self, user: &str, device: &str) -> Connection {
        let opened = Connection::open(self.server.address(), &self.journal, user, device).await;
        opened.unwrap_or_else(|error| fail(format!("a socket for {user}: {error}")))
    }

    /// A socket with a session started.
    pub(crate) async fn connect(&self, user: &str) -> Connection {
        let socket = self.socket(user, "phone").await;
        let started = socket.start(self.token(user), None).await;
        started.unwrap_or_else(|refusal| fail(format!("a session for {user}: {refusal}")));
        socket
    }

    /// A client that resumes by itself, on a session of its own.
    pub(crate) async fn peer(&self, user: &str, device: &str, reads: bool) -> Peer {
        let token = self.fresh_token(user).await;
        let who = Identity { user: user.to_owned(), device: device.to_owned(), token };
        Peer::new(who, &self.journal, self.server.up(), reads)
    }

    /// The same behind a proxy.
    pub(crate) async fn peer_behind(&self, proxy: &Proxy, user: &str, device: &str) -> Peer {
        let token = self.fresh_token(user).await;
        let who = Identity { user: user.to_owned(), device: device.to_owned(), token };
        Peer::new(who, &self.journal, proxy.up(self.server.up()), true)
    }

    /// The value of one of the server's metrics; 0 when it was never touched.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let reply = self.rest.request("GET", "/metrics", None).await;
        let text = reply.body.as_str().unwrap_or_default();
        let named = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
        text.lines().find_map(named).map_or(0, |value: f64| value as u64)
    }

    /// Waits until one of the server's metrics is so.
    pub(crate) async fn until_metric(
        &self,
        name: &str,
        limit: Duration,
        is_so: impl Fn(u64) -> bool,
    ) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let looking = async {
            while !is_so(self.metric(name).await) {
                looks.tick().await;
            }
        };
        within(limit, &format!("{name} to change"), looking).await;
    }

    /// A group that the first one makes.
    pub(crate) async fn group(&self, people: &[&str]) -> Name {
        let params = json!({"kind": "group", "name": "Trip", "members": &people[1..]});
        let by = self.rest.acting_as(people[0], &self.journal);
        name(&by.must("conversations.create", params).await["id"])
    }

    /// The conversation of two.
    pub(crate) async fn direct(&self, one: &str, other: &str) -> Name {
        let params = json!({"kind": "direct", "members": [other]});
        let by = self.rest.acting_as(one, &self.journal);
        name(&by.must("conversations.create", params).await["id"])
    }

    fn up(&self) -> Up {
        let up = *self.server.up().borrow();
        up.unwrap_or_else(|| fail("the server is down"))
    }

    /// What everybody saw, and what the members of these conversations can read now.
    pub(crate) async fn evidence(
        &self,
        readers: &[(&Name, &[&str])],
        caps: Option<Caps>,
    ) -> Evidence {
        let reader = |(conversation, users): &(&Name, &[&str])| Readers {
            conversation: (*conversation).clone(),
            members: users
                .iter()
                .map(|user| ((*user).to_owned(), self.token(user).to_owned()))
                .collect(),
        };
        let readers: Vec<Readers> = readers.iter().map(reader).collect();
        collect(&self.journal, self.up(), &self.rest, &readers, caps).await
    }

    /// Ends the test if the journal shows a broken rule.
    pub(crate) async fn judge(&self, readers: &[(&Name, &[&str])]) {
        hoopoe_testkit::checker::assert_kept(&self.evidence(readers, None).await);
    }

    /// Has the database's own check look at the data of a server that runs, whatever else `doctor`
    /// may find: a small disk has little room.
    pub(crate) async fn examine_database(&self) {
        let ran = run_cli(self.server.launched(), &["doctor", "--json"]).await;
        let found: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
        let checks = found["checks"].as_array().cloned().unwrap_or_default();
        let database = checks.iter().find(|check| check["name"] == "database");
        assert!(database.is_some_and(|check| check["ok"] == true), "doctor: {ran:?}");
    }

    /// Drains the server and has `doctor` look at what it leaves.
    pub(crate) async fn close_and_examine(&mut self) {
        let status = self.server.terminate(Duration::from_secs(10)).await;
        assert_eq!(status.code(), Some(0), "after SIGTERM");
        let ran = run_cli(self.server.launched(), &["doctor", "--json"]).await;
        assert_eq!(ran.code, Some(0), "doctor: {ran:?}");
        assert!(ran.json().is_object(), "doctor: {ran:?}");
    }
}

pub(crate) fn text(value: &Value) -> String {
    match value.as_str() {
        Some(text) if !text.is_empty() => text.to_owned(),
        _ => fail(format!("a text was expected, not {value}")),
    }
}

pub(crate) fn name(value: &Value) -> Name {
    text(value).into()
}
