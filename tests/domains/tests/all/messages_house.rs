//! The house with messages: conversations in which people really talk, and a writer that a test
//! can hold up or take away.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use hoopoe_accounts::Authenticator;
use hoopoe_bus::{Bus, Notice, Subscription};
use hoopoe_db::{
    Backend, BackendStats, BoxedRead, BoxedWrite, Db, DbError, DbErrorKind, Dialect, Lane,
    LaneHandle,
};
use hoopoe_kernel::{Call, Ctx, Input, Registry, Uid, ports::Ports};
use hoopoe_messages::Messages;
use hoopoe_testkit::{
    Open, TestDb,
    harness::{PATIENCE, fail, within},
};
use hoopoe_wire::ConversationId;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::{
    accounts_house::{Answered, must, outcome},
    conversations_house::Chat,
};

/// Conversations with messages in them.
pub(crate) struct Talk {
    pub(crate) chat: Chat,
    registry: Arc<Registry>,
    /// While set, the database refuses every write before it runs.
    pub(crate) is_down: Arc<AtomicBool>,
}

/// A database whose writer can be taken away.
struct Flaky {
    inner: Arc<dyn Backend>,
    is_down: Arc<AtomicBool>,
}

impl Backend for Flaky {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }

    fn read(&self, job: Box<dyn BoxedRead>) {
        self.inner.read(job);
    }

    fn write(&self, job: Box<dyn BoxedWrite>) {
        if self.is_down.load(Ordering::SeqCst) {
            return job.settle(Err(DbError::new(DbErrorKind::Unavailable, "told to be down")));
        }
        self.inner.write(job);
    }

    fn open_lane(&self, lane: Box<dyn Lane>) -> Result<Arc<dyn LaneHandle>, DbError> {
        self.inner.open_lane(lane)
    }

    fn stats(&self) -> BackendStats {
        self.inner.stats()
    }

    fn close(&self) {
        self.inner.close();
    }
}

impl Talk {
    /// With Ann, Bob, Cat and Dan.
    pub(crate) async fn new(mut db: TestDb) -> Self {
        let is_down = Arc::new(AtomicBool::new(false));
        let inner = db.db.backend().clone();
        db.db = Db::new(Arc::new(Flaky { inner, is_down: is_down.clone() }));
        let chat = Chat::new(db).await;
        chat.house.db.migrate(&[hoopoe_messages::MIGRATIONS]).await;
        let bus = chat.house.bus.clone();
        let messages = Messages::new(chat.log.clone(), chat.house.accounts.clone(), bus);
        let ports = Ports {
            authenticate: Arc::new(Authenticator::new(chat.house.accounts.clone())),
            admit: Arc::new(Open),
            remember: Arc::new(chat.house.apps.clone()),
            audit: Arc::new(Open),
        };
        let registry = Registry::new(vec![hoopoe_messages::commands(&messages)], ports);
        Self { chat, registry, is_down }
    }

    /// A command as a user.
    pub(crate) async fn call(&self, user: &str, name: &str, request: Value) -> Answered {
        let ctx = self.chat.ctx(user).await;
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

    /// A command that must succeed.
    pub(crate) async fn ok(&self, user: &str, name: &str, request: Value) -> Value {
        let (status, body) = self.call(user, name, request).await;
        assert!((200..300).contains(&status), "{user} {name}: {status} {body}");
        body
    }

    /// Sends a text.
    pub(crate) async fn send(
        &self,
        user: &str,
        to: ConversationId,
        client_id: &str,
        words: &str,
    ) -> Answered {
        self.call(user, "messages.send", text_message(to, client_id, words)).await
    }

    /// Sends texts under fresh client ids.
    pub(crate) async fn say(&self, user: &str, to: ConversationId, count: usize) {
        for _ in 0..count {
            must(self.chat.say(user, to).await);
        }
    }

    /// A page of history as seqs, and its edges.
    pub(crate) async fn page(
        &self,
        user: &str,
        of: ConversationId,
        at: Option<(&str, i64)>,
        limit: usize,
    ) -> (Vec<i64>, bool, bool) {
        let mut request = json!({"conversation": of, "limit": limit});
        if let Some((place, seq)) = at {
            request[place] = json!(seq);
        }
        let page = self.ok(user, "messages.list", request).await;
        let items = page["items"].as_array().unwrap_or_else(|| fail("no items"));
        let seqs = items.iter().map(|item| item["seq"].as_i64().unwrap_or(-1)).collect();
        (seqs, page["has_before"] == true, page["has_after"] == true)
    }

    /// Marks, and says where the user stands: delivered, read, unread.
    pub(crate) async fn mark(
        &self,
        user: &str,
        name: &str,
        of: ConversationId,
        seq: i64,
    ) -> [i64; 3] {
        let now = self.ok(user, name, json!({"conversation": of, "seq": seq})).await;
        ["delivered_seq", "read_seq", "unread"].map(|key| now[key].as_i64().unwrap_or(-1))
    }

    /// Listens to the bus.
    pub(crate) fn listen(&self) -> Subscription {
        self.chat.house.bus.subscribe()
    }

    /// Holds the embedded database's writer until it is let go: what is asked for meanwhile is
    /// committed together.
    pub(crate) async fn hold_writer(&self) -> std::sync::mpsc::Sender<()> {
        let (go, gone) = std::sync::mpsc::channel::<()>();
        let (begin, begun) = oneshot::channel();
        let (mut begin, db) = (Some(begin), self.chat.house.db.db.clone());
        tokio::spawn(async move {
            let held = db.write(move |_| {
                if let Some(begin) = begin.take() {
                    begin.send(()).unwrap_or_default();
                    gone.recv().unwrap_or_default();
                }
                Ok(())
            });
            must(held.await);
        });
        within(PATIENCE, "the writer to be held", begun).await.unwrap_or_default();
        go
    }
}

/// The request of a text.
pub(crate) fn text_message(to: ConversationId, client_id: &str, words: &str) -> Value {
    json!({"conversation": to, "client_id": client_id, "kind": "text", "text": words})
}

/// The first field that a problem points at.
pub(crate) fn pointer((status, problem): Answered) -> (u16, String) {
    let pointer = problem["errors"][0]["pointer"].as_str().unwrap_or_default();
    (status, pointer.to_owned())
}

/// The next receipt on the bus: to whom, and its frame.
pub(crate) async fn next_receipt(bus: &mut Subscription) -> (Vec<Uid>, Value) {
    loop {
        let notice = within(PATIENCE, "a receipt", bus.recv()).await;
        if let Some(receipt) = as_receipt(notice.unwrap_or_else(|| fail("the bus is gone"))) {
            return receipt;
        }
    }
}

/// To whom, and the frame.
pub(crate) fn as_receipt(notice: Notice) -> Option<(Vec<Uid>, Value)> {
    let Notice::Users { mut uids, frame } = notice else { return None };
    uids.sort_unstable();
    let frame: Value = serde_json::from_slice(&frame).ok()?;
    (frame["event"] == "receipt.updated").then_some((uids, frame))
}
