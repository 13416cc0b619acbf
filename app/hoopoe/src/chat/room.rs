//! The conversation that is on the screen, and what is said beside it.

use std::collections::{HashMap, HashSet};

use hoopoe_sdk::{
    Change, Client, Conversation, Delivery, Error, Event, History, Message, Other, OutboxUpdate,
    Refetched,
    wire::{
        ConversationId,
        conversations::{self, ConversationKind},
        messages::ReceiptUpdated,
    },
};
use tokio::sync::watch;

use super::screen::{Screen, clean};

/// Lines of history that are shown on entering.
const HISTORY: usize = 20;
/// Pages of conversations that a name is looked for in.
const PAGES: usize = 10;

/// What the user has seen, to be told to the server.
type Seen = Option<(Conversation, i64)>;

pub(super) struct Room {
    client: Client,
    screen: Screen,
    me: String,
    now: Option<Conversation>,
    /// The last message that was shown, and the last of one's own.
    shown: i64,
    own: i64,
    /// Up to which own message each has been said to have read.
    readers: HashMap<String, i64>,
    typing: HashSet<String>,
    /// Sends that stand on the screen as they were typed.
    typed: HashSet<String>,
    /// Other conversations that were mentioned since.
    mentioned: HashSet<ConversationId>,
    seen: watch::Sender<Seen>,
}

impl Room {
    pub(super) fn new(client: Client, screen: Screen) -> Self {
        let seen = watch::Sender::new(None);
        tokio::spawn(mark(seen.subscribe()));
        Self {
            client,
            screen,
            me: String::new(),
            now: None,
            shown: 0,
            own: 0,
            readers: HashMap::new(),
            typing: HashSet::new(),
            typed: HashSet::new(),
            mentioned: HashSet::new(),
            seen,
        }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn screen(&self) -> &Screen {
        &self.screen
    }

    /// The first session is started.
    pub(super) async fn greet(&mut self) {
        if let Ok(Some(user)) = self.client.user().await {
            user.as_str().clone_into(&mut self.me);
        }
        self.screen.note(&format!("connected as {}; /help helps", self.me));
    }

    /// Turns to somebody, or to a group.
    ///
    /// # Errors
    /// In words, when there is nobody of this name, or no answer.
    pub(super) async fn enter(&mut self, name: &str) -> Result<(), String> {
        let entering = async {
            let conversation = self.find(name).await?;
            let history = conversation.history(None, HISTORY).await?;
            Ok((conversation, history))
        };
        match entering.await {
            Ok((conversation, history)) => self.show(conversation, name, &history),
            Err(error) => return Err(format!("{}: {}", clean(name), clean(&words(&error)))),
        }
        Ok(())
    }

    async fn find(&self, name: &str) -> Result<Conversation, Error> {
        if let Ok(id) = name.parse::<ConversationId>() {
            return Ok(self.client.conversation(id));
        }
        let mut cursor = None;
        for _ in 0..PAGES {
            let page = self.client.conversations(cursor).await?;
            let is_it = |one: &&conversations::Conversation| {
                one.kind == ConversationKind::Group && one.name.as_deref() == Some(name)
            };
            if let Some(group) = page.items.iter().find(is_it) {
                return Ok(self.client.conversation(group.id));
            }
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        self.client.direct(name).await
    }

    fn show(&mut self, conversation: Conversation, name: &str, history: &History) {
        self.mentioned.remove(&conversation.id());
        (self.shown, self.own) = (0, 0);
        (self.readers, self.typing) = (HashMap::new(), HashSet::new());
        self.now = Some(conversation);
        self.screen.note(&format!("with {}", clean(name)));
        for message in &history.items {
            self.print(message);
        }
        self.tell_seen();
    }

    /// Lists the newest conversations.
    pub(super) async fn list(&self) {
        let page = match self.client.conversations(None).await {
            Ok(page) => page,
            Err(error) => return self.screen.note(&clean(&words(&error))),
        };
        if page.items.is_empty() {
            self.screen.note("no conversation yet; /with NAME begins one");
        }
        for one in &page.items {
            let unread = match &one.me {
                Some(me) if me.unread > 0 => format!(", {} unread", me.unread),
                _ => String::new(),
            };
            let title = clean(&self.title(one));
            let kind = match one.kind {
                ConversationKind::Direct => String::new(),
                ConversationKind::Group => format!(", group of {}", one.member_count),
            };
            self.screen.line(&format!("  {title}{kind}{unread}"));
        }
    }

    fn title(&self, conversation: &conversations::Conversation) -> String {
        let members = conversation.members.iter().flatten();
        let mut others = members.filter(|user| user.as_str() != self.me);
        match (conversation.kind, &conversation.name, others.next()) {
            (ConversationKind::Direct, _, Some(other)) => other.as_str().to_owned(),
            (_, Some(name), _) => name.clone(),
            _ => conversation.id.to_string(),
        }
    }

    /// Sends what was typed.
    pub(super) async fn say(&mut self, text: String) {
        let Some(conversation) = self.now.clone() else {
            return self.screen.note("to whom? /with NAME");
        };
        match conversation.send(text).await {
            Ok(queued) if self.screen.echoes() => {
                self.typed.insert(queued.client_id().to_owned());
            }
            Ok(_) => {}
            Err(error) => self.screen.note(&format!("not sent: {}", clean(&words(&error)))),
        }
    }

    fn is_here(&self, conversation: ConversationId) -> bool {
        self.now.as_ref().is_some_and(|now| now.id() == conversation)
    }

    pub(super) fn on_event(&mut self, event: Event) {
        match event {
            Event::Other(other) => self.on_other(&other),
            Event::Message(message) => self.on_message(&message),
            Event::Receipt(receipt) => self.on_receipt(&receipt),
            Event::Outbox(OutboxUpdate { request, delivery: Delivery::Failed(failure) }) => {
                let text = clean(&request.text.unwrap_or_default());
                let why = clean(&words(&failure.into()));
                self.screen.note(&format!("not sent: {text} ({why})"));
            }
            Event::Change(change) if self.is_here(change.conversation) => self.on_change(&change),
            Event::Missed(missed) if self.is_here(missed.conversation) && missed.seqs.is_some() => {
                self.screen.note("more was said than is shown here");
            }
            Event::Refetched(page) if self.is_here(page.conversation) => self.on_refetched(&page),
            Event::Removed(id) if self.is_here(id) => {
                self.now = None;
                self.screen.note("you are no longer a member here");
            }
            _ => {}
        }
    }

    fn on_message(&mut self, message: &Message) {
        if !self.is_here(message.conversation) {
            let is_news = message.sender_name() != self.me;
            if is_news && self.mentioned.insert(message.conversation) {
                let sender = clean(message.sender_name());
                let place = message.conversation;
                self.screen.note(&format!("{sender} wrote elsewhere; /with {sender} or {place}"));
            }
            return;
        }
        // A page of history was faster.
        if message.seq > self.shown {
            self.typing.remove(message.sender_name());
            self.print(message);
            self.tell_seen();
        }
    }

    fn print(&mut self, message: &Message) {
        self.shown = self.shown.max(message.seq);
        let sender = message.sender_name();
        if sender == self.me {
            self.own = self.own.max(message.seq);
            if self.typed.remove(&message.client_id) {
                return;
            }
        }
        match (message.deleted, sender, &*message.kind) {
            (true, ..) => self.screen.said(sender, "(deleted)"),
            (_, "", _) => self.screen.note(&clean(message.text())),
            (_, sender, "text") => self.screen.said(sender, message.text()),
            (_, sender, kind) => self.screen.said(sender, &format!("({kind}) {}", message.text())),
        }
    }

    /// Whoever looks at the screen has read what is on it.
    fn tell_seen(&self) {
        if let Some(now) = &self.now
            && self.shown > 0
        {
            self.seen.send_replace(Some((now.clone(), self.shown)));
        }
    }

    fn on_receipt(&mut self, receipt: &ReceiptUpdated) {
        if !self.is_here(receipt.conversation) || self.own == 0 || receipt.read_seq < self.own {
            return;
        }
        let who = match (&receipt.user, receipt.read_count) {
            (Some(user), _) if user.as_str() == self.me => return,
            (Some(user), _) => format!("{user} has"),
            (None, Some(count)) => format!("{count} have"),
            (None, None) => return,
        };
        if self.readers.insert(who.clone(), self.own) != Some(self.own) {
            self.screen.note(&format!("{who} read"));
        }
    }

    fn on_other(&mut self, other: &Other) {
        let user = other.data["user"].as_str().unwrap_or_default();
        let is_here = other.conversation.is_some_and(|id| self.is_here(id));
        if !is_here || user.is_empty() || user == self.me {
            return;
        }
        match &*other.event {
            "typing.started" if self.typing.insert(user.to_owned()) => {
                self.screen.note(&format!("{} is typing", clean(user)));
            }
            "typing.stopped" => {
                self.typing.remove(user);
            }
            _ => {}
        }
    }

    fn on_change(&self, change: &Change) {
        let text = |field: &str| clean(change.data[field].as_str().unwrap_or_default());
        let words = match &*change.event {
            "member.added" => {
                let users = change.data["users"].as_array().into_iter().flatten();
                let users: Vec<String> =
                    users.filter_map(|user| user.as_str()).map(clean).collect();
                format!("{} added {}", text("by"), users.join(", "))
            }
            "member.removed" if text("user") == text("by") => format!("{} left", text("user")),
            "member.removed" => format!("{} removed {}", text("by"), text("user")),
            "conversation.updated" => format!("the conversation is called {} now", text("name")),
            _ => return,
        };
        self.screen.note(&words);
    }

    fn on_refetched(&mut self, page: &Refetched) {
        self.screen.note("the server was restored; this is how the conversation stands");
        (self.shown, self.own) = (0, 0);
        let first = page.messages.len().saturating_sub(HISTORY);
        for message in &page.messages[first..] {
            self.print(message);
        }
        self.tell_seen();
    }
}

/// Moves the read mark behind what is shown, one request at a time, the newest only.
async fn mark(mut seen: watch::Receiver<Seen>) {
    while seen.changed().await.is_ok() {
        let newest = seen.borrow_and_update().clone();
        if let Some((conversation, seq)) = newest {
            // What is shown next moves the mark again.
            drop(conversation.mark_read(seq).await);
        }
    }
}

fn words(error: &Error) -> String {
    match error.code() {
        "conversations.unknown_user" => "there is nobody of this name".to_owned(),
        "conversations.not_found" => "there is no such conversation for you".to_owned(),
        _ => error.to_string(),
    }
}
