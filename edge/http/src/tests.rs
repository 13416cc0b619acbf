//! The edge in front of a small registry: what a client sees on the wire.

mod abuse;
mod cors;
mod tls;
mod web;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use hoopoe_kernel::{
    Actor, Answer, AppNo, Auth, BoxFuture, Command, CommandInfo, Ctx, Env, Fail, Method, Rate,
    Registry, Reply, Uid, UserActor,
    ports::{Admit, Audit, Authenticate, Credential, Identity, Ports, Quota, Remember, Remembered},
};
use hoopoe_wire::{KeyId, RequestId, SessionId, UserId, codes, limits, page::Empty};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    time::timeout,
};

use crate::{
    Edge, EdgeOptions, EdgeParts, Origins, Probe, Server, SocketUpgrade, Tls, WebClient, bind,
    schemas, server::Patience,
};

const PEER: ([u8; 4], u16) = ([9, 9, 9, 9], 1_000);

/// Says something to a room.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Say {
    /// Which room.
    room: String,
    /// What is said.
    #[serde(default)]
    text: String,
    /// How often.
    #[serde(default)]
    times: Option<u32>,
}

struct Fakes {
    admitted: AtomicUsize,
    refuse: AtomicBool,
    audited: AtomicUsize,
}

impl Authenticate for Fakes {
    fn authenticate(&self, credential: Credential) -> BoxFuture<Result<Identity, Fail>> {
        let actor = match credential.bearer.as_deref() {
            None => Ok(Actor::Anonymous),
            Some("ut_ann") => {
                let id = UserId::parse("ann").expect("a legal id");
                Ok(Actor::User(UserActor::signed_in(Uid(1), id, SessionId::NONE)))
            }
            Some("admin") => Ok(Actor::Admin { key: KeyId::NONE }),
            Some(_) => Err(Fail::new(&codes::UNAUTHENTICATED)),
        };
        Box::pin(async move { Ok(Identity { app: AppNo(1), actor: actor? }) })
    }
}

impl Admit for Fakes {
    fn admit(&self, _: &Ctx, _: Rate) -> Result<Option<Quota>, Fail> {
        if self.refuse.load(Ordering::Relaxed) {
            return Err(Fail::new(&codes::RATE_LIMITED).retry_after_ms(2_500));
        }
        self.admitted.fetch_add(1, Ordering::Relaxed);
        Ok(Some(Quota { remaining: 9, limit: 10, window_s: 1, reset_s: 1 }))
    }
}

impl Remember for Fakes {
    fn begin(&self, _: &Ctx, _: &str, _: [u8; 32]) -> BoxFuture<Result<Remembered, Fail>> {
        Box::pin(async { Ok(Remembered::Fresh) })
    }

    fn finish(&self, _: &Ctx, _: &str, _: Option<&Reply>) -> BoxFuture<Result<(), Fail>> {
        Box::pin(async { Ok(()) })
    }
}

impl Audit for Fakes {
    fn record(&self, _: &Ctx, _: &CommandInfo, _: RequestId, _: u16) {
        self.audited.fetch_add(1, Ordering::Relaxed);
    }
}

struct Sockets;

impl SocketUpgrade for Sockets {
    fn accept(&self, request: &mut Request<Body>, peer: SocketAddr) -> Response<()> {
        let has_upgrade = request.extensions().get::<hyper::upgrade::OnUpgrade>().is_some();
        let status = match request.headers().get("origin") {
            Some(_) => StatusCode::FORBIDDEN,
            None if has_upgrade => StatusCode::SWITCHING_PROTOCOLS,
            None => StatusCode::UPGRADE_REQUIRED,
        };
        let answer = Response::builder().status(status).header("x-peer", peer.to_string());
        answer.header("upgrade", "websocket").body(()).expect("a response")
    }
}

struct Health(AtomicBool);

impl Probe for Health {
    fn ready(&self) -> BoxFuture<Result<(), Fail>> {
        let ready = self.0.load(Ordering::Relaxed);
        Box::pin(async move { if ready { Ok(()) } else { Err(Fail::unavailable()) } })
    }

    fn metrics(&self) -> String {
        "a_total 1\n".to_owned()
    }
}

struct House {
    edge: Arc<Edge>,
    fakes: Arc<Fakes>,
    health: Arc<Health>,
}

fn table() -> Vec<Command> {
    let say = Command::new("rooms.say", Method::Post, "/v1/rooms/{room}/say")
        .doc("Says something.\n\nTo everybody there.")
        .answers(&[201])
        .fails(&[&codes::CONVERSATION_NOT_FOUND])
        .handle(|_, say: Say| async move {
            if say.text == "panic" {
                panic!("as asked");
            }
            Ok(Answer::created(say))
        });
    let hear = Command::new("rooms.hear", Method::Get, "/v1/rooms/{room}/say")
        .doc("Hears something.")
        .handle(|ctx, say: Say| async move {
            match say.text.as_str() {
                "panic" => panic!("as asked"),
                "fail" => Err(Fail::internal()),
                _ => ctx.user().map(|_| Answer::ok(say)),
            }
        });
    let stop = Command::new("rooms.stop", Method::Delete, "/v1/rooms/{room}")
        .doc("Stops.")
        .auth(Auth::Admin)
        .handle(|_, _: Say| async move { Ok(Answer::ok(Empty {})) });
    vec![say, hear, stop]
}

fn house() -> House {
    house_for(Origins::default())
}

fn house_for(cors_origins: Origins) -> House {
    house_with(cors_origins, WebClient::Absent)
}

fn house_with(cors_origins: Origins, web: WebClient) -> House {
    let fakes = Arc::new(Fakes {
        admitted: AtomicUsize::new(0),
        refuse: AtomicBool::new(false),
        audited: AtomicUsize::new(0),
    });
    let ports = Ports {
        authenticate: fakes.clone(),
        admit: fakes.clone(),
        remember: fakes.clone(),
        audit: fakes.clone(),
    };
    let registry = Registry::new(vec![table(), crate::commands(limits::all())], ports);
    let health = Arc::new(Health(AtomicBool::new(true)));
    let parts = EdgeParts {
        registry,
        env: Env::system(),
        sockets: Arc::new(Sockets),
        probe: health.clone(),
    };
    let options = EdgeOptions {
        version: "1.2.3",
        public_url: "http://chat.example".to_owned(),
        trusted_proxies: vec!["10.0.0.0/8".parse().expect("a range")],
        connections_per_address: None,
        connections_max: None,
        cors_origins,
        web,
    };
    House { edge: Edge::new(parts, options), fakes, health }
}

struct Seen {
    status: u16,
    headers: http::HeaderMap,
    body: Bytes,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("ASCII"))
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json()["request_id"], self.header("x-request-id"));
        assert_eq!(self.json()["status"], self.status);
        self.json()["code"].as_str().expect("a code").to_owned()
    }
}

impl House {
    async fn send(&self, request: Request<Body>) -> Seen {
        let response = self.edge.respond(request, SocketAddr::from(PEER)).await;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a body").to_bytes();
        Seen { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn ask(&self, method: &str, uri: &str, token: &str, body: &str) -> Seen {
        let mut request = Request::builder().method(method).uri(uri);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        self.send(request).await
    }
}

#[tokio::test]
async fn path_query_and_body_meet_in_the_command() {
    let house = house();
    let seen = house.ask("POST", "/v1/rooms/a%2Fb/say", "ut_ann", r#"{"text":"hi"}"#).await;
    assert_eq!(seen.status, 201);
    assert_eq!(seen.json(), json!({"room": "a/b", "text": "hi", "times": null}));
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.header("ratelimit-policy"), "\"write\";q=10;w=1");
    assert_eq!(seen.header("ratelimit"), "\"write\";r=9;t=1");
    assert!(seen.header("x-request-id").starts_with("req_"));
    let seen = house.ask("GET", "/v1/rooms/a/say?text=b+c&times=3", "ut_ann", "").await;
    assert_eq!(seen.json(), json!({"room": "a", "text": "b c", "times": 3}));
    let seen = house.ask("HEAD", "/v1/rooms/a/say", "ut_ann", "").await;
    assert_eq!((seen.status, seen.body.len()), (200, 0));
}

#[tokio::test]
async fn checks_come_in_their_order() {
    let house = house();
    // Nobody, with a body that is no JSON: who calls is asked first.
    let seen = house.ask("POST", "/v1/rooms/a/say", "", "{").await;
    assert_eq!((seen.status, seen.code()), (401, "auth.invalid_token".to_owned()));
    assert_eq!(seen.header("www-authenticate"), "Bearer");
    assert_eq!(house.ask("POST", "/v1/rooms/a/say", "ut_bob", "{").await.status, 401);
    assert_eq!(house.ask("DELETE", "/v1/rooms/a", "ut_ann", "").await.status, 403);
    assert_eq!(house.ask("POST", "/v1/rooms/a/say", "ut_ann", "{").await.status, 400);
    let seen = house.ask("POST", "/v1/rooms/a/say", "ut_ann", r#"{"txt":""}"#).await;
    assert_eq!((seen.status, seen.json()["errors"][0]["pointer"].clone()), (422, json!("/txt")));
    house.fakes.refuse.store(true, Ordering::Relaxed);
    let seen = house.ask("POST", "/v1/rooms/a/say", "ut_ann", "{").await;
    assert_eq!((seen.status, seen.code()), (429, "rate.exceeded".to_owned()));
    assert_eq!(seen.header("retry-after"), "3");
}

#[tokio::test]
async fn a_token_in_the_address_is_none() {
    let house = house();
    for uri in ["/v1/rooms/a/say?access_token=ut_ann", "/v1/rooms/a/say?authorization=ut_ann"] {
        assert_eq!(house.ask("GET", uri, "", "").await.status, 401);
        assert_eq!(house.ask("GET", uri, "ut_ann", "").await.status, 422);
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let house = house();
    let seen = house.ask("GET", "/v1/nothing", "ut_ann", "").await;
    assert_eq!((seen.status, seen.code()), (404, "request.no_route".to_owned()));
    assert_eq!(house.ask("GET", "/v1/rooms/%ff/say", "ut_ann", "").await.status, 404);
    let seen = house.ask("PUT", "/v1/rooms/a/say", "ut_ann", "{}").await;
    assert_eq!((seen.status, seen.code()), (405, "request.method_not_allowed".to_owned()));
    assert_eq!(seen.header("allow"), "GET, HEAD, POST");
    for method in ["TRACE", "OPTIONS", "get", "BREW"] {
        assert_eq!(house.ask(method, "/v1/limits", "", "").await.status, 405, "{method}");
    }
}

#[tokio::test]
async fn browsers_get_pages_in_their_language_and_programs_get_problems() {
    let house = house();
    let browse = async |method: &str, uri: &str, language: &str, known: &str| {
        let request = Request::builder().method(method).uri(uri);
        let request = request.header("accept", "text/html,*/*;q=0.8");
        let request = request.header("accept-language", language).header("if-none-match", known);
        house.send(request.body(Body::empty()).expect("a request")).await
    };
    let first = browse("GET", "/", "en", "").await;
    let said = |seen: &Seen| String::from_utf8(seen.body.to_vec()).expect("UTF-8");
    assert_eq!((first.status, first.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(said(&first).contains("The server is running.") && said(&first).contains("1.2.3"));
    assert!(!first.header("content-security-policy").contains("unsafe"));
    for (uri, language) in [("/", "zh-CN,en;q=0.5"), ("/?lang=zh", "en")] {
        assert!(said(&browse("GET", uri, language, "").await).contains("服务器正在运行"));
    }
    assert_eq!(browse("HEAD", "/", "en", "").await.body.len(), 0);
    let known = browse("GET", "/", "en", first.header("etag")).await;
    assert_eq!((known.status, known.body.len()), (304, 0));
    assert_eq!(browse("GET", "/", "zh", first.header("etag")).await.status, 200);

    // Everything that the page names is there, and may be kept.
    for piece in said(&first).split(['"']).filter(|piece| piece.contains("?v=")) {
        let asset = browse("GET", piece, "", "").await;
        assert_eq!(asset.status, 200, "{piece}");
        assert!(asset.header("cache-control").contains("immutable"), "{piece}");
    }
    assert_eq!(browse("GET", "/page.css?v=old", "", "").await.header("cache-control"), "no-cache");

    let gone = browse("GET", "/no/such?page", "zh", "").await;
    assert_eq!((gone.status, gone.header("content-type")), (404, "text/html; charset=utf-8"));
    assert!(said(&gone).contains("这里什么也没有") && !said(&gone).contains("such"));
    let problem = browse("GET", "/v1/nothing", "en", "").await;
    assert_eq!((problem.status, problem.code()), (404, "request.no_route".to_owned()));
    let problem = house.ask("GET", "/nothing", "", "").await;
    assert_eq!((problem.status, problem.code()), (404, "request.no_route".to_owned()));
    let plain = house.ask("GET", "/", "", "").await;
    assert_eq!(plain.header("content-type"), "text/plain; charset=utf-8");
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let house = house();
    let body = format!(r#"{{"text":"{}"}}"#, "x".repeat(limits::BODY_BYTES_MAX));
    let seen = house.ask("POST", "/v1/rooms/a/say", "ut_ann", &body).await;
    assert_eq!((seen.status, seen.code()), (413, "request.too_large".to_owned()));
}

#[tokio::test]
async fn a_panic_is_a_500_and_ends_nothing_else() {
    let house = house();
    for (method, uri, body) in [
        ("POST", "/v1/rooms/a/say", r#"{"text":"panic"}"#),
        ("GET", "/v1/rooms/a/say?text=panic", ""),
        ("GET", "/v1/rooms/a/say?text=fail", ""),
    ] {
        let seen = house.ask(method, uri, "ut_ann", body).await;
        assert_eq!((seen.status, seen.code()), (500, "server.internal".to_owned()));
    }
    assert_eq!(house.ask("GET", "/v1/rooms/a/say", "ut_ann", "").await.status, 200);
}

#[tokio::test]
async fn operators_are_answered() {
    let house = house();
    assert_eq!(house.ask("GET", "/healthz", "", "").await.body, "alive\n");
    assert_eq!(house.ask("GET", "/readyz", "", "").await.body, "ready\n");
    house.health.0.store(false, Ordering::Relaxed);
    let seen = house.ask("GET", "/readyz", "", "").await;
    assert_eq!((seen.status, seen.header("retry-after")), (503, "1"));
    house.health.0.store(true, Ordering::Relaxed);
    house.edge.set_draining();
    assert_eq!(house.ask("GET", "/readyz", "", "").await.status, 503);
    assert_eq!(house.ask("GET", "/metrics", "", "").await.status, 401);
    assert_eq!(house.ask("GET", "/metrics", "ut_ann", "").await.status, 403);
    assert_eq!(house.ask("GET", "/metrics", "admin", "").await.body, "a_total 1\n");
    let local = SocketAddr::from(([127, 0, 0, 1], 1));
    let request = Request::get("/metrics").body(Body::empty()).expect("a request");
    assert_eq!(house.edge.respond(request, local).await.status(), StatusCode::OK);
    let seen = house.ask("GET", "/v1/limits", "", "").await;
    assert_eq!(seen.json()["items"][0]["name"], "frame_bytes_max");
}

#[tokio::test]
async fn keys_that_write_are_audited() {
    let house = house();
    assert_eq!(house.ask("DELETE", "/v1/rooms/a", "admin", "").await.status, 200);
    assert_eq!(house.ask("POST", "/v1/rooms/a/say", "ut_ann", "{}").await.status, 201);
    assert_eq!(house.fakes.audited.load(Ordering::Relaxed), 1);
}

#[test]
fn the_openapi_document_holds_together() {
    let house = house();
    let registry = &house.edge.state().registry;
    let document = crate::openapi(registry.commands(), "1.2.3", "/");
    assert_whole(&document);
    let mut ids = Vec::new();
    for operations in document["paths"].as_object().expect("paths").values() {
        for operation in operations.as_object().expect("operations").values() {
            ids.push(operation["operationId"].as_str().expect("an id"));
            assert!(!operation["responses"].as_object().expect("responses").is_empty());
        }
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), count), (count, table().len() + 1 + 5));

    let say = &document["paths"]["/v1/rooms/{room}/say"]["post"];
    assert_eq!((&say["operationId"], &say["tags"]), (&json!("rooms.say"), &json!(["rooms"])));
    assert_eq!(say["parameters"][0]["name"], "room");
    assert_eq!(say["parameters"][0]["in"], "path");
    let body = &document["components"]["schemas"]["SayBody"];
    assert!(body["properties"].get("room").is_none() && body["properties"].get("text").is_some());
    let statuses: Vec<&String> = say["responses"].as_object().expect("responses").keys().collect();
    let expected = [
        "201", "400", "401", "403", "404", "408", "409", "413", "414", "422", "429", "500", "503",
        "507",
    ];
    assert_eq!(statuses, expected);
    let hear = &document["paths"]["/v1/rooms/{room}/say"]["get"];
    let names: Vec<&Value> =
        hear["parameters"].as_array().expect("a list").iter().map(|p| &p["in"]).collect();
    assert_eq!(names[..3], [&json!("path"), &json!("query"), &json!("query")]);
    assert!(hear.get("requestBody").is_none());
    let times = &hear["parameters"][2];
    assert_eq!((&times["name"], &times["schema"]["type"]), (&json!("times"), &json!("integer")));
    assert!(times["schema"].get("default").is_none());
}

#[test]
fn the_asyncapi_document_holds_together() {
    let house = house();
    let event = hoopoe_wire::events::EventInfo {
        name: "room.said",
        doc: "Something was said.",
        position: hoopoe_wire::events::Position::Seq,
        schema: |generator| generator.subschema_for::<Say>(),
    };
    let commands = house.edge.state().registry.commands();
    let document = crate::asyncapi(commands, &[event], "1.2.3");
    assert_whole(&document);
    let said = &document["components"]["messages"]["room.said"]["payload"];
    assert_eq!(said["required"], json!(["event", "data", "conversation", "members_rev", "seq"]));
    assert_eq!(document["operations"]["rooms.say"]["action"], "receive");
}

/// Every reference of a document leads somewhere.
fn assert_whole(document: &Value) {
    let mut count = 0;
    schemas::visit_references(document, &mut |reference| {
        count += 1;
        let pointer = reference.strip_prefix('#').expect("a reference within the document");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    });
    assert!(count > 10);
}

/// A server on a port of its own.
struct Live {
    server: Arc<Server>,
    address: SocketAddr,
    ended: oneshot::Receiver<()>,
}

fn live(house: &House) -> Live {
    live_with(house, None)
}

fn live_with(house: &House, tls: Option<Arc<Tls>>) -> Live {
    run(Server::new(house.edge.clone(), tls))
}

/// A server that waits for nobody.
fn hasty(house: &House, tls: Option<Arc<Tls>>) -> Live {
    let patience = Duration::from_millis(50);
    let patience = Patience { handshake: patience, headers: patience };
    run(Server::new(house.edge.clone(), tls).with_patience(patience))
}

fn run(server: Server) -> Live {
    let listener = bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = Arc::new(server);
    let (sender, ended) = oneshot::channel();
    let running = server.clone();
    tokio::spawn(async move {
        running.run(listener).await;
        running.drained().await;
        sender.send(()).expect("the test waits for the end");
    });
    Live { server, address, ended }
}

const PATIENCE: Duration = Duration::from_secs(20);

/// Sends bytes and reads until the server hangs up.
async fn exchange(address: SocketAddr, text: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("room in the buffer");
    let mut seen = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut seen)).await.expect("in time").expect("an answer");
    String::from_utf8(seen).expect("text")
}

#[tokio::test]
async fn requests_are_served_over_a_connection() {
    let house = house();
    let live = live(&house);
    let text = "POST /v1/rooms/a/say HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ut_ann\r\n\
        content-length: 13\r\nconnection: close\r\n\r\n{\"text\":\"hi\"}";
    let seen = exchange(live.address, text).await;
    assert!(seen.starts_with("HTTP/1.1 201 Created\r\n"), "{seen}");
    assert!(seen.ends_with(r#"{"room":"a","text":"hi","times":null}"#), "{seen}");
    let socket = "GET /v1/socket HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\n\
        upgrade: websocket\r\n\r\n";
    let seen = exchange(live.address, socket).await;
    assert!(seen.starts_with("HTTP/1.1 101 ") && seen.contains("x-peer: 127.0.0.1:"), "{seen}");
}

#[tokio::test]
async fn a_socket_that_is_refused_is_a_problem() {
    let house = house();
    let seen = house.ask("GET", "/v1/socket", "", "").await;
    assert_eq!((seen.status, seen.code()), (426, "socket.bad_version".to_owned()));
    assert_eq!(seen.header("upgrade"), "websocket");
    let request = Request::get("/v1/socket").header("origin", "https://evil.example");
    let seen = house.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!((seen.status, seen.code()), (403, "socket.foreign_origin".to_owned()));
}

#[tokio::test]
async fn headers_have_a_limit() {
    let house = house();
    let live = live(&house);
    let text = format!(
        "GET / HTTP/1.1\r\nhost: a\r\ncookie: {}\r\n\r\n",
        "x".repeat(limits::HEADER_BYTES_MAX)
    );
    let seen = exchange(live.address, &text).await;
    assert!(seen.starts_with("HTTP/1.1 431 "), "{seen}");
}

#[tokio::test]
async fn a_drain_ends_idle_connections_and_finishes_running_requests() {
    let house = house();
    let live = live(&house);
    let mut idle = TcpStream::connect(live.address).await.expect("a connection");
    let mut busy = TcpStream::connect(live.address).await.expect("a connection");
    let head = "POST /v1/rooms/a/say HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ut_ann\r\n\
        content-length: 13\r\nexpect: 100-continue\r\n\r\n";
    busy.write_all(head.as_bytes()).await.expect("room in the buffer");
    let mut leave = [0; 25];
    timeout(PATIENCE, busy.read_exact(&mut leave)).await.expect("in time").expect("leave");
    assert!(leave.starts_with(b"HTTP/1.1 100 Continue"));

    live.server.stop();
    let mut rest = Vec::new();
    timeout(PATIENCE, idle.read_to_end(&mut rest)).await.expect("in time").expect("the end");
    assert!(rest.is_empty());
    busy.write_all(br#"{"text":"hi"}"#).await.expect("room in the buffer");
    timeout(PATIENCE, busy.read_to_end(&mut rest)).await.expect("in time").expect("an answer");
    assert!(String::from_utf8_lossy(&rest).starts_with("HTTP/1.1 201 Created"));
    timeout(PATIENCE, live.ended).await.expect("in time").expect("the server has ended");
    assert!(TcpStream::connect(live.address).await.is_err(), "the port is free");
}
