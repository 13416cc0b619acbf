//! The house with presence: people who connect without sockets, and what the bus says of it.

use std::sync::Arc;

use hoopoe_accounts::Authenticator;
use hoopoe_bus::{Bus, Notice};
use hoopoe_kernel::{Call, Ctx, Input, Registry, Uid, ports::Ports};
use hoopoe_presence::{Presence, PresenceParts};
use hoopoe_testkit::{
    Open, TestDb,
    harness::{PATIENCE, fail, within},
};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::{
    accounts_house::{Answered, drain, must, outcome},
    conversations_house::Chat,
};

/// An event and who is told: the names of users, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Told {
    pub(crate) to: Vec<String>,
    pub(crate) frame: Value,
}

/// What the bus has carried since the last look.
type Listening = Box<dyn FnMut() -> Vec<Notice> + Send>;

/// One node.
pub(crate) struct Node {
    pub(crate) presence: Presence,
    registry: Arc<Registry>,
    bus: Mutex<Listening>,
}

/// Ann, Bob, Cat and Dan, and a node that they connect to.
pub(crate) struct Circle {
    pub(crate) chat: Chat,
    pub(crate) node: Node,
}

impl Circle {
    pub(crate) async fn new(db: TestDb) -> Self {
        let chat = Chat::new(db).await;
        chat.house.db.migrate(&[hoopoe_presence::MIGRATIONS]).await;
        let node = Node::new(&chat);
        Self { chat, node }
    }

    /// The first connection of a user.
    pub(crate) async fn comes(&self, user: &str) {
        self.node.presence.connected(self.chat.house.own.no, self.chat.uid(user).await);
    }

    /// The end of the last one.
    pub(crate) async fn goes(&self, user: &str) {
        self.node.presence.disconnected(self.chat.uid(user).await);
    }

    /// A command over one of a user's sockets, or over REST.
    pub(crate) async fn call(
        &self,
        user: &str,
        connection: Option<u64>,
        name: &str,
        request: Value,
    ) -> Answered {
        let mut ctx = self.chat.ctx(user).await;
        ctx.connection = connection;
        self.node.call(ctx, name, request).await
    }

    /// The same, which must succeed.
    pub(crate) async fn ok(
        &self,
        user: &str,
        connection: Option<u64>,
        name: &str,
        request: Value,
    ) -> Value {
        let (status, body) = self.call(user, connection, name, request).await;
        assert_eq!(status, 200, "{user} {name}: {body}");
        body
    }

    /// Subscribes the first connection of a user.
    pub(crate) async fn subscribe(&self, user: &str, to: &[&str]) -> Value {
        let reply = self.ok(user, Some(1), "presence.subscribe", json!({"users": to})).await;
        reply["items"].clone()
    }

    /// What the people's devices are told from the last call to now.
    pub(crate) async fn told(&self) -> Vec<Told> {
        self.told_by(&self.node).await
    }

    /// The same by another node, which hears what all nodes say.
    pub(crate) async fn told_by(&self, node: &Node) -> Vec<Told> {
        let before = node.listen();
        node.presence.tick().await;
        let mut told = Vec::new();
        for notice in before.into_iter().chain(node.listen()) {
            let (uids, frame): (Vec<Uid>, _) = match notice {
                Notice::Connections { to, frame } => {
                    (to.into_iter().map(|(uid, _)| uid).collect(), frame)
                }
                Notice::Members { uids, frame, .. } | Notice::Users { uids, frame } => {
                    (uids, frame)
                }
                _ => continue,
            };
            let names = must(self.chat.house.accounts.names(&uids).await);
            let mut to: Vec<String> = names.iter().map(ToString::to_string).collect();
            to.sort_unstable();
            let frame = serde_json::from_slice(&frame).unwrap_or_else(|_| fail("not JSON"));
            told.push(Told { to, frame });
        }
        told
    }

    /// Of presence only, as "whom: who status".
    pub(crate) async fn news(&self) -> Vec<String> {
        let told = self.told().await;
        told.iter().filter_map(news).collect()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, ms: u64) {
        self.chat.house.clock.advance(std::time::Duration::from_millis(ms));
    }
}

/// "whom: who status" of a `presence.updated`.
pub(crate) fn news(told: &Told) -> Option<String> {
    let data = &told.frame["data"];
    let text = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
    (told.frame["event"] == "presence.updated")
        .then(|| format!("{}: {} {}", told.to.join(" "), text("user"), text("status")))
}

impl Node {
    /// Another life of a node, over the same database and the same bus.
    pub(crate) fn new(chat: &Chat) -> Self {
        let presence = Presence::new(PresenceParts {
            db: chat.log.db().clone(),
            env: chat.house.env.clone(),
            accounts: chat.house.accounts.clone(),
            conversations: chat.conversations.clone(),
            bus: chat.house.bus.clone(),
        });
        let ports = Ports {
            authenticate: Arc::new(Authenticator::new(chat.house.accounts.clone())),
            admit: Arc::new(Open),
            remember: Arc::new(chat.house.apps.clone()),
            audit: Arc::new(Open),
        };
        let tables = vec![
            hoopoe_presence::commands(&presence),
            hoopoe_accounts::commands(&chat.house.accounts),
        ];
        let registry = Registry::new(tables, ports);
        let mut receiver = chat.house.bus.subscribe();
        let bus: Listening = Box::new(move || drain(&mut receiver));
        Self { presence, registry, bus: Mutex::new(bus) }
    }

    /// What came over the bus, handed on as the gateway does.
    pub(crate) fn listen(&self) -> Vec<Notice> {
        let notices = (self.bus.lock())();
        notices.iter().for_each(|notice| self.presence.hear(notice));
        notices
    }

    pub(crate) async fn call(&self, ctx: Ctx, name: &str, request: Value) -> Answered {
        let index = self.registry.find(name).unwrap_or_else(|| fail(format!("no {name}")));
        let json = request.to_string();
        let input = Input::Object(json.as_bytes());
        let running = self.registry.call(Call { index, ctx, input, idempotency_key: None });
        outcome(within(PATIENCE, name, running).await)
    }
}
