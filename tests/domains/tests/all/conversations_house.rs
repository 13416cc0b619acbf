//! The house with conversations: people who act, messages that are only numbers, and what the log
//! and the feed say of it afterwards.

use std::sync::Arc;

use hoopoe_accounts::{Accounts, Authenticator};
use hoopoe_conversations::Conversations;
use hoopoe_kernel::{
    Actor, AppNo, Call, Ctx, Fail, Input, Registry, Uid, UserActor,
    ports::{Credential, Ports},
};
use hoopoe_log::{Batch, ClientId, Log, Logged, LoggedChange, NewMessage, Writing, changes, spans};
use hoopoe_testkit::{
    Open, TestDb,
    harness::{PATIENCE, fail, within},
};
use hoopoe_wire::{ConversationId, SessionId, UserId};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::accounts_house::{Answered, House, must, outcome, text};

/// Apps, accounts and conversations over a log.
pub(crate) struct Chat {
    pub(crate) house: House,
    pub(crate) log: Log,
    pub(crate) conversations: Conversations,
    registry: Arc<Registry>,
}

/// A change as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) rev: i64,
    pub(crate) members_rev: i64,
    pub(crate) kind: String,
    pub(crate) data: Value,
}

impl Chat {
    /// With Ann, Bob, Cat and Dan.
    pub(crate) async fn new(db: TestDb) -> Self {
        let house = House::new(db).await;
        house.db.migrate(&[hoopoe_log::MIGRATIONS, hoopoe_conversations::MIGRATIONS]).await;
        let log = must(Log::open(house.db.db.clone(), house.env.clone()).await);
        let conversations = Conversations::new(log.clone(), house.accounts.clone());
        let ports = Ports {
            authenticate: Arc::new(Authenticator::new(house.accounts.clone())),
            admit: Arc::new(Open),
            remember: Arc::new(house.apps.clone()),
            audit: Arc::new(Open),
        };
        let registry = Registry::new(vec![hoopoe_conversations::commands(&conversations)], ports);
        let chat = Self { house, log, conversations, registry };
        for user in ["ann", "bob", "cat", "dan"] {
            chat.house.user(user).await;
        }
        chat
    }

    /// The internal id of a user of the app that the test is about.
    pub(crate) async fn uid(&self, user: &str) -> Uid {
        self.uid_in(self.house.own.no, user).await
    }

    async fn uid_in(&self, app: AppNo, user: &str) -> Uid {
        let id = user_id(user);
        let found = self
            .log
            .db()
            .read(move |tx| Ok(Accounts::resolve(tx, app, std::slice::from_ref(&id))?));
        match must(found.await)[..] {
            [Some(uid)] => uid,
            _ => fail(format!("there is no {user}")),
        }
    }

    /// The context of a user.
    pub(crate) async fn ctx(&self, user: &str) -> Ctx {
        self.ctx_in(self.house.own.no, user).await
    }

    /// The context of a user of another app.
    pub(crate) async fn ctx_in(&self, app: AppNo, user: &str) -> Ctx {
        let uid = self.uid_in(app, user).await;
        let actor = UserActor::signed_in(uid, user_id(user), SessionId::NONE);
        Ctx::new(&self.house.env, app, Actor::User(actor))
    }

    /// A command as a user.
    pub(crate) async fn call(&self, user: &str, name: &str, request: Value) -> Answered {
        let ctx = self.ctx(user).await;
        self.call_in(ctx, name, request).await
    }

    /// A command in a context.
    pub(crate) async fn call_in(&self, ctx: Ctx, name: &str, request: Value) -> Answered {
        let index = self.registry.find(name).unwrap_or_else(|| fail(format!("no {name}")));
        let json = request.to_string();
        let input = Input::Object(json.as_bytes());
        let running = self.registry.call(Call { index, ctx, input, idempotency_key: None });
        outcome(within(PATIENCE, name, running).await)
    }

    /// A command with the app's key that acts for a user.
    pub(crate) async fn call_as(&self, user: Option<&str>, name: &str, request: Value) -> Answered {
        let credential = Credential {
            bearer: Some(self.house.own.key.clone()),
            act_as: user.map(str::to_owned),
        };
        let identity = must(self.registry.identify(credential).await);
        let ctx = Ctx::new(&self.house.env, identity.app, identity.actor);
        self.call_in(ctx, name, request).await
    }

    /// A command that must succeed.
    pub(crate) async fn ok(&self, user: &str, name: &str, request: Value) -> Value {
        let (status, body) = self.call(user, name, request).await;
        assert!((200..300).contains(&status), "{user} {name}: {status} {body}");
        body
    }

    /// A group of these, created by the first.
    pub(crate) async fn group(&self, members: &[&str]) -> ConversationId {
        let request = json!({"kind": "group", "name": "Trip", "members": members[1..]});
        id_of(&self.ok(members[0], "conversations.create", request).await)
    }

    /// Sends a message and answers its seq, or the refusal.
    pub(crate) async fn say(&self, user: &str, to: ConversationId) -> Result<i64, Fail> {
        let message = NewMessage {
            app: self.house.own.no,
            conversation: to,
            sender: self.uid(user).await,
            sender_id: user_id(user),
            client_id: ClientId::from_uuid(self.house.env.fresh_id()),
            hash: [0; 16],
            kind: "text",
            body: r#"{"text":"hello"}"#.into(),
            quotes: None,
            writing: Writing::AsMember,
        };
        let appended = within(PATIENCE, "an append", self.log.append(message)).await?;
        Ok(appended.seq)
    }

    /// The changes of a conversation.
    pub(crate) async fn changes(&self, conversation: ConversationId) -> Vec<Change> {
        let app = self.house.own.no;
        let read = self.log.db().read(move |tx| {
            let mut found = Vec::new();
            changes::after(tx, app, conversation, 0, 10_000, &mut |row| {
                found.push(Change {
                    rev: row.rev,
                    members_rev: row.members_rev,
                    kind: row.kind.to_owned(),
                    data: serde_json::from_slice(row.data).unwrap_or_default(),
                });
                Ok(())
            })?;
            Ok(found)
        });
        must(read.await)
    }

    /// The kinds of a conversation's changes in order.
    pub(crate) async fn kinds(&self, conversation: ConversationId) -> Vec<String> {
        self.changes(conversation).await.into_iter().map(|change| change.kind).collect()
    }

    /// What a user may read: from, to (`i64::MAX` while open).
    pub(crate) async fn spans(&self, user: &str, of: ConversationId) -> Vec<(i64, i64)> {
        let (app, uid) = (self.house.own.no, self.uid(user).await);
        let read = self.log.db().read(move |tx| Ok(spans::readable(tx, app, of, uid)?));
        must(read.await).ranges().to_vec()
    }

    /// Members and roles as `members.list` tells them.
    pub(crate) async fn members(&self, asking: &str, of: ConversationId) -> Vec<(String, String)> {
        let request = json!({"conversation": of, "limit": 100});
        let page = self.ok(asking, "members.list", request).await;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| (text(&item["user"]), text(&item["role"]))).collect()
    }

    /// The audience as the hub gets it, as names in order.
    pub(crate) async fn audience(&self, of: ConversationId) -> (i64, Vec<String>) {
        let audience = must(self.conversations.audience(self.house.own.no, of).await);
        let names = must(self.house.accounts.names(&audience.uids).await);
        let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
        names.sort_unstable();
        (audience.members_rev, names)
    }
}

/// The id in a conversation's reply.
pub(crate) fn id_of(conversation: &Value) -> ConversationId {
    text(&conversation["id"]).parse().unwrap_or_else(|_| fail("not a conversation's id"))
}

pub(crate) fn user_id(text: &str) -> UserId {
    UserId::parse(text).unwrap_or_else(|| fail(format!("{text} is no user id")))
}

/// The next change that was told to the feed.
pub(crate) async fn next_change(feed: &mut mpsc::Receiver<Arc<Batch>>) -> LoggedChange {
    loop {
        let batch = within(PATIENCE, "the feed", feed.recv()).await;
        let batch = batch.unwrap_or_else(|| fail("the feed has ended"));
        let [Logged::Change(change)] = &batch.items[..] else { continue };
        return change.clone();
    }
}
