//! What is foreign answers like what is missing: every object, every verb, every kind of stranger,
//! taken from the command table. And nothing of one app is in any byte for another.

use std::collections::BTreeMap;

use hoopoe_testkit::{
    client::Connection,
    harness::fail,
    rest::{Reply, Rest},
    server::run_cli,
};
use serde_json::{Value, json};

use crate::{
    house::{House, text},
    table::{Operation, operations},
};

/// Stands in everything that the first app writes.
const CANARY: &str = "kanarienvogel";

/// Commands that make what their path names: there is no missing one.
const MAKERS: &[&str] = &["users.upsert"];
/// What a path names that is no object of anybody, with a value that every command takes.
const PLAIN: &[(&str, &str)] = &[("emoji", "👍")];

type Values = BTreeMap<String, String>;

/// The first app with its people, the second one with its own, and everybody's callers.
struct Two {
    house: House,
    /// The second app's key.
    other: Rest,
    admin: Rest,
    /// The owner of what is asked for.
    ann: Rest,
    /// In the same app, and not a member.
    dan: Rest,
    /// Was a member.
    cat: Rest,
    /// In the other app.
    bea: Rest,
    app: String,
    other_app: String,
    other_token: String,
}

impl Two {
    async fn open() -> Self {
        let house = House::open().await;
        let launch = house.server.launched();
        let made = run_cli(launch, &["app", "create", "other", "--json"]).await.json();
        let other_key = text(&made["server_key"]);
        let other_app = text(&made["app"]);
        let admin = run_cli(launch, &["admin", "key", "create", "--json"]).await.json();
        let listed = run_cli(launch, &["app", "list", "--json"]).await.json();
        let house = house.with_people(&["ann", "bob", "cat", "dan"]).await;
        for user in ["ann", "bob", "cat", "dan"] {
            let profile = json!({"name": CANARY, "metadata": {"secret": CANARY}});
            house.rest.request("PUT", &format!("/v1/users/{user}"), Some(&profile)).await;
        }
        let other = house.rest.bearing(&other_key);
        for user in ["bea", "ben"] {
            other.must("users.upsert", json!({"user": user, "name": user})).await;
        }
        let token = text(&other.must("auth.token", json!({"user": "bea"})).await["token"]);
        let of = |user: &str| house.rest.bearing(house.token(user));
        let (ann, dan, cat) = (of("ann"), of("dan"), of("cat"));
        let (bea, admin) = (other.bearing(&token), other.bearing(&text(&admin["admin_key"])));
        let app = own_app(&listed, &other_app);
        Self { house, other, admin, ann, dan, cat, bea, app, other_app, other_token: token }
    }

    /// A socket of the other app.
    async fn other_socket(&self) -> Connection {
        let socket = self.house.socket("bea", "other").await;
        socket.start(&self.other_token, None).await.unwrap();
        socket
    }

    fn entitled(&self, operation: &Operation) -> Option<&Rest> {
        let has = |kind: &str| operation.callers.iter().any(|caller| caller == kind);
        if has("userToken") {
            Some(&self.ann)
        } else if has("serverKey") {
            Some(&self.house.rest)
        } else if has("adminKey") {
            Some(&self.admin)
        } else {
            None
        }
    }

    /// A conversation of Ann, Bob, and Cat who was removed, with a message.
    async fn conversation(&self, by: &Rest, with: &[&str], word: &str) -> String {
        let request = json!({"kind": "group", "name": word, "members": with,
                             "metadata": {"secret": word}});
        let id = text(&by.must("conversations.create", request).await["id"]);
        let message = json!({"conversation": id, "client_id": "c1", "kind": "text", "text": word});
        by.must("messages.send", message).await;
        if with.contains(&"cat") {
            by.must("members.remove", json!({"conversation": id, "user": "cat"})).await;
        }
        id
    }

    async fn session(&self, server: &Rest, user: &str) -> String {
        text(&server.must("auth.token", json!({"user": user})).await["session"])
    }

    async fn key(&self, server: &Rest, app: &str) -> String {
        let path = format!("/v1/apps/{app}/keys");
        text(
            &server.request("POST", &path, Some(&json!({"label": CANARY}))).await.body["key"]["id"],
        )
    }

    /// A person of the first app who is in no conversation.
    async fn newcomer(&self) -> String {
        self.house.rest.must("users.upsert", json!({"user": "eve", "name": CANARY})).await;
        "eve".to_owned()
    }

    /// Something of that kind which the entitled caller has.
    async fn own(&self, param: &str) -> String {
        match param {
            "conversation" => self.conversation(&self.ann, &["bob", "cat"], CANARY).await,
            "user" => "bob".to_owned(),
            "seq" => "1".to_owned(),
            "session" => self.session(&self.house.rest, "ann").await,
            "app" => self.app.clone(),
            "key" => self.key(&self.house.rest, &self.app).await,
            other => match PLAIN.iter().find(|(name, _)| *name == other) {
                Some((_, value)) => (*value).to_owned(),
                None => {
                    fail(format!("say in tests/system/tests/all/foreign.rs how to make a {other}"))
                }
            },
        }
    }

    /// Values of that kind which the entitled caller has not; the first one was never there.
    async fn strange(&self, param: &str, by_admin: bool) -> Vec<String> {
        let missing = |prefix: &str| format!("{prefix}_0199d2f07a3b7cde8f0123");
        let mut values = match param {
            "conversation" => vec![
                missing("cnv"),
                self.conversation(&self.dan, &["bob"], CANARY).await,
                self.conversation(&self.bea, &["ben"], "spatz").await,
                missing("usr"),
                "cnv_".to_owned(),
            ],
            "user" => vec!["nobody".to_owned(), "bea".to_owned(), "x".repeat(65), "é".to_owned()],
            "seq" => vec!["999999".to_owned(), "2".to_owned(), i64::MAX.to_string()],
            "session" => vec![
                missing("ses"),
                self.session(&self.house.rest, "bob").await,
                self.session(&self.other, "bea").await,
            ],
            "app" if by_admin => vec![missing("app"), "other!".to_owned()],
            "app" => vec![missing("app"), self.other_app.clone()],
            "key" => vec![missing("key"), self.key(&self.other, &self.other_app).await],
            _ => return Vec::new(),
        };
        if param != "seq" {
            let nonsense = ["a b", "../x", "'; DROP TABLE heads; --", "%00", "\u{202e}"];
            values.extend(nonsense.map(str::to_owned));
        }
        values
    }
}

/// The id of the app that is not the other one.
fn own_app(listed: &Value, other: &str) -> String {
    let items = listed["items"].as_array().into_iter().flatten();
    let mut ids = items.filter_map(|app| app["id"].as_str());
    ids.find(|id| *id != other).map_or_else(|| fail(format!("no app in {listed}")), str::to_owned)
}

/// What a refusal says, but for what names this one request.
fn said(reply: &Reply) -> String {
    let mut body = reply.body.clone();
    if let Some(object) = body.as_object_mut() {
        object.remove("request_id");
        object.remove("instance");
    }
    let kept = |name: &str| !["date", "ratelimit", "x-request-id"].contains(&name);
    let headers = reply.headers.iter().filter(|(name, _)| kept(name.as_str()));
    let headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    format!("{} {headers:?} {body}", reply.status)
}

async fn ask(by: &Rest, operation: &Operation, values: &Values) -> Reply {
    let (path, body) = operation.request(values);
    by.request(&operation.method, &path, body.as_ref()).await
}

/// Puts strange values for one name of the path, all others being right; one answer for all.
async fn strange_values(two: &Two, operation: &Operation, own: &Values, param: &str) -> usize {
    let Some(entitled) = two.entitled(operation) else { return 0 };
    let by_admin = !operation.callers.iter().any(|caller| caller == "serverKey");
    let mut expected: Option<String> = None;
    let strange = two.strange(param, by_admin).await;
    for value in &strange {
        let mut values = own.clone();
        values.insert(param.to_owned(), value.clone());
        let reply = ask(entitled, operation, &values).await;
        let said = said(&reply);
        assert_eq!(reply.status, 404, "{} {param}={value}: {said}", operation.name);
        let expected = expected.get_or_insert_with(|| said.clone());
        assert_eq!(&said, expected, "{} {param}={value}", operation.name);
    }
    strange.len()
}

/// Asks for what is there as somebody who has no part in it; over REST and over a socket.
async fn strangers(two: &Two, operation: &Operation, own: &Values) -> usize {
    if !operation.callers.iter().any(|caller| caller == "userToken")
        || !own.contains_key("conversation")
    {
        return 0;
    }
    let mut missing = own.clone();
    missing.insert("conversation".to_owned(), two.strange("conversation", false).await.remove(0));
    let expected = said(&ask(&two.ann, operation, &missing).await);
    let house = &two.house;
    let callers = [
        two.dan.clone(),
        two.cat.clone(),
        two.bea.clone(),
        house.rest.acting_as("dan", &house.journal),
        two.other.acting_as("bea", &house.journal),
    ];
    for (index, caller) in callers.iter().enumerate() {
        let told = said(&ask(caller, operation, own).await);
        // A key and a token have different names of budgets.
        let cut = |text: &str| text.split("\"ratelimit-policy").next().map(str::to_owned);
        assert_eq!(cut(&told), cut(&expected), "{} caller {index}", operation.name);
        assert_eq!(told.rsplit("] ").next(), expected.rsplit("] ").next(), "{}", operation.name);
        assert!(!told.contains(CANARY), "{}: {told}", operation.name);
    }
    // What the two keys alone may not do at all.
    let reply = ask(&two.other, operation, own).await;
    assert!([401, 403, 404].contains(&reply.status), "{}: {}", operation.name, reply.body);
    let socket = house.connect("dan").await;
    let plain = |refusal: hoopoe_testkit::client::Refusal| match refusal {
        hoopoe_testkit::client::Refusal::Problem { mut body, .. } => {
            body.as_object_mut().and_then(|object| object.remove("request_id"));
            body.to_string()
        }
        gone => fail(format!("{}: {gone}", operation.name)),
    };
    let over_there = socket.call(&operation.name, operation.frame(own)).await.map_err(plain);
    let over_nothing = socket.call(&operation.name, operation.frame(&missing)).await.map_err(plain);
    assert_eq!(over_there, over_nothing, "{} over a socket", operation.name);
    assert!(over_there.is_err(), "{} over a socket", operation.name);
    callers.len() + 2
}

#[tokio::test]
async fn what_is_foreign_answers_like_what_is_missing() {
    let two = Two::open().await;
    let mut listening = two.other_socket().await;
    let (mut tried, mut covered) = (0, Vec::new());
    for operation in operations(&two.house.rest).await {
        let params = operation.params();
        if params.is_empty() || MAKERS.contains(&&*operation.name) {
            continue;
        }
        let mut own = Values::new();
        for param in &params {
            let value = match &**param {
                // Some commands end what they name.
                "user" if !own.contains_key("conversation") => two.newcomer().await,
                other => two.own(other).await,
            };
            own.insert(param.clone(), value);
        }
        let mut found = 0;
        for param in &params {
            found += strange_values(&two, &operation, &own, param).await;
        }
        found += strangers(&two, &operation, &own).await;
        assert!(found > 0, "{} was not tried: who may use it?", operation.name);
        // The same request on what is there: else all of this would have proved nothing.
        if let Some(entitled) = two.entitled(&operation) {
            let reply = ask(entitled, &operation, &own).await;
            let is_right = reply.status != 404 && reply.status != 422 && reply.status < 500;
            assert!(is_right, "{} on its own: {} {}", operation.name, reply.status, reply.body);
        }
        tried += found;
        covered.push(operation.name);
    }
    println!("{tried} refusals of {} commands", covered.len());
    for name in ["messages.list", "messages.send", "members.remove", "sessions.delete"] {
        assert!(covered.iter().any(|one| one == name), "{name} was not covered");
    }
    listening.fence().await;
    let heard = Value::from(listening.arrived()).to_string();
    assert!(!heard.contains(CANARY), "the other app heard {heard}");
}

/// Whatever the other app asks, with ids of the first one in every place where an id can stand.
#[tokio::test]
async fn no_byte_of_one_app_reaches_another() {
    let two = Two::open().await;
    let conversation = two.conversation(&two.ann, &["bob", "cat"], CANARY).await;
    let mut socket = two.other_socket().await;
    let mut replies = 0;
    for operation in operations(&two.house.rest).await {
        let mut own = Values::new();
        for param in operation.params() {
            let value = match &*param {
                "conversation" => conversation.clone(),
                "user" => "ann".to_owned(),
                other => two.own(other).await,
            };
            own.insert(param, value);
        }
        // It would end the session of the one who asks, which is not another's.
        if operation.name == "auth.logout" {
            continue;
        }
        let is_maker = MAKERS.contains(&&*operation.name);
        for caller in [&two.bea, &two.other] {
            let reply = ask(caller, &operation, &own).await;
            let bytes = format!("{:?} {}", reply.headers, reply.body);
            assert!(!bytes.contains(CANARY), "{}: {bytes}", operation.name);
            assert!(reply.status < 500, "{}: {bytes}", operation.name);
            replies += 1;
        }
        if !is_maker && !socket.is_closed() {
            let outcome = socket.call(&operation.name, operation.frame(&own)).await;
            let bytes = format!("{outcome:?}");
            assert!(!bytes.contains(CANARY), "{} over a socket: {bytes}", operation.name);
        }
    }
    for body in [
        json!({"kind": "direct", "members": ["ann"]}),
        json!({"kind": "group", "name": "x", "members": ["ann", "bob"]}),
    ] {
        let reply = two.bea.request("POST", "/v1/conversations", Some(&body)).await;
        // The name is free in this app: after `users.upsert` above it is a person of its own.
        assert!([201, 200, 422].contains(&reply.status), "{}", reply.body);
        assert!(!reply.body.to_string().contains(CANARY), "{}", reply.body);
    }
    assert!(replies > 50, "{replies}");
    let heard = Value::from(socket.arrived()).to_string();
    assert!(!heard.contains(CANARY), "the other app heard {heard}");
}
