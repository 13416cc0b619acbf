//! A DOUBLE of the server, for tests of `hoopoe-bench` only. It speaks the same REST and the same
//! frames, keeps heads instead of messages, makes nothing durable, and can be told to be wrong.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use hoopoe_wire::msgpack;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role};

/// Names the environment variable with the fault to show, once, at the [`FAULTY`]th send.
pub(crate) const FAULT: &str = "HOOPOE_DOUBLE_FAULT";

const FAULTY: u64 = 40;

/// What is kept between two runs.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    conversations: HashMap<String, Conversation>,
}

#[derive(Serialize, Deserialize)]
struct Conversation {
    members: Vec<String>,
    head_seq: u64,
    name: String,
}

#[derive(Default)]
struct State {
    kept: Kept,
    sockets: HashMap<String, Vec<mpsc::UnboundedSender<String>>>,
    sends: u64,
    /// An event that is kept back until the next one has gone.
    kept_back: Option<String>,
}

#[derive(Clone)]
struct Double {
    state: Arc<Mutex<State>>,
    fault: Arc<str>,
}

pub(crate) fn create_app() -> ExitCode {
    println!("{}", json!({"app": "app_double", "server_key": "sk_double"}));
    ExitCode::SUCCESS
}

pub(crate) fn serve(arguments: &[String]) -> ExitCode {
    let [data_flag, data, listen_flag, listen] = arguments else {
        return ExitCode::from(2);
    };
    assert_eq!((data_flag.as_str(), listen_flag.as_str()), ("--data", "--listen"));
    assert_eq!(std::env::var("HOOPOE__LIMITS__ENABLED").as_deref(), Ok("false"));
    let file = PathBuf::from(data).join("double.json");
    std::fs::create_dir_all(data).unwrap();
    let kept = std::fs::read(&file)
        .map_or_else(|_| Kept::default(), |bytes| serde_json::from_slice(&bytes).unwrap());
    let fault: Arc<str> = std::env::var(FAULT).unwrap_or_default().into();
    let state = Arc::new(Mutex::new(State { kept, ..State::default() }));
    let double = Double { state, fault };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(accept_until_terminated(&double, listen, &file));
    if &*double.fault == "exit_3" { ExitCode::from(3) } else { ExitCode::SUCCESS }
}

async fn accept_until_terminated(double: &Double, listen: &str, file: &Path) {
    let listener = TcpListener::bind(listen).await.unwrap();
    let mut terminate = signal(SignalKind::terminate()).unwrap();
    println!("a double of the server");
    println!("listening on http://{}", listener.local_addr().unwrap());
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.unwrap();
                tokio::spawn(connection(double.clone(), stream));
            }
            _ = terminate.recv() => break,
        }
    }
    std::fs::write(file, serde_json::to_vec(&double.lock().kept).unwrap()).unwrap();
}

async fn connection(double: Double, stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let service = service_fn(move |request| {
        let double = double.clone();
        async move { Ok::<_, std::convert::Infallible>(double.http(request).await) }
    });
    // The client hangs up whenever it likes.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

fn answer(status: StatusCode, body: &Value) -> Response<Full<Bytes>> {
    let body = Full::new(Bytes::from(body.to_string()));
    Response::builder().status(status).body(body).unwrap()
}

impl Double {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn http(&self, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() == "/v1/socket" {
            let key = request.headers()["sec-websocket-key"].as_bytes().to_vec();
            let double = self.clone();
            let offer = request.headers().get(header::SEC_WEBSOCKET_PROTOCOL).cloned();
            let is_packed = offer.is_some();
            let upgrade = hyper::upgrade::on(&mut request);
            tokio::spawn(async move { double.socket(upgrade.await.unwrap(), is_packed).await });
            let mut answer = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
            if let Some(offer) = offer {
                answer = answer.header(header::SEC_WEBSOCKET_PROTOCOL, offer);
            }
            return answer
                .header(header::CONNECTION, "Upgrade")
                .header(header::UPGRADE, "websocket")
                .header("Sec-WebSocket-Accept", derive_accept_key(&key))
                .body(Full::default())
                .unwrap();
        }
        assert_eq!(request.headers()[header::AUTHORIZATION], "Bearer sk_double");
        let (head, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let acting = head.headers.get("Hoopoe-As").map(|user| user.to_str().unwrap());
        assert_eq!(head.method, Method::POST);
        match (head.uri.path(), acting) {
            ("/v1/users:batch", None) => {
                assert!(body["users"].as_array().unwrap().len() <= 1000);
                answer(StatusCode::OK, &json!({}))
            }
            ("/v1/auth/token", None) => {
                let token = format!("ut_{}", body["user"].as_str().unwrap());
                answer(StatusCode::OK, &json!({ "token": token }))
            }
            ("/v1/conversations", Some(owner)) => self.create(owner, &body),
            _ => answer(StatusCode::NOT_FOUND, &json!({"status": 404})),
        }
    }

    fn create(&self, owner: &str, body: &Value) -> Response<Full<Bytes>> {
        let mut members = vec![owner.to_owned()];
        let others = body["members"].as_array().unwrap();
        members.extend(others.iter().map(|user| user.as_str().unwrap().to_owned()));
        let mut state = self.lock();
        let id = format!("cnv_{:022}", state.kept.conversations.len());
        let conversation = Conversation { members, head_seq: 0, name: String::new() };
        state.kept.conversations.insert(id.clone(), conversation);
        answer(StatusCode::CREATED, &json!({"id": id, "head_seq": 0, "head_rev": 1}))
    }

    async fn socket(&self, upgraded: hyper::upgrade::Upgraded, is_packed: bool) {
        let message = move |frame: String| {
            if !is_packed {
                return Message::text(frame);
            }
            let mut packed = Vec::new();
            msgpack::from_json(frame.as_bytes(), &mut packed).unwrap();
            Message::binary(packed)
        };
        let io = TokioIo::new(upgraded);
        let socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
        let (mut sink, mut stream) = socket.split();
        let (out, mut frames) = mpsc::unbounded_channel::<String>();
        tokio::spawn(async move {
            while let Some(frame) = frames.recv().await {
                sink.feed(message(frame)).await?;
                while let Ok(frame) = frames.try_recv() {
                    sink.feed(message(frame)).await?;
                }
                sink.flush().await?;
            }
            Ok::<(), tokio_tungstenite::tungstenite::Error>(())
        });
        let mut user = None;
        while let Some(Ok(message)) = stream.next().await {
            let frame = match message {
                Message::Text(frame) => frame.as_str().as_bytes().to_vec(),
                Message::Binary(packed) => {
                    let mut frame = Vec::new();
                    msgpack::to_json(&packed, &mut frame).unwrap();
                    frame
                }
                _ => continue,
            };
            let frame: Value = serde_json::from_slice(&frame).unwrap();
            let (id, params) = (frame["id"].as_u64().unwrap(), &frame["params"]);
            match frame["method"].as_str().unwrap() {
                "session.start" => {
                    let token = params["token"].as_str().unwrap();
                    let name = token.strip_prefix("ut_").unwrap().to_owned();
                    let mut started = self.heads(&name);
                    started["user"] = json!(name);
                    let _ = out.send(format!(r#"{{"id":{id},"result":{started}}}"#));
                    self.lock().sockets.entry(name.clone()).or_default().push(out.clone());
                    user = Some(name);
                }
                "messages.send" => self.send(user.as_deref().unwrap(), id, params, &out),
                "messages.list" => self.list(id, params, &out),
                "messages.read" => self.read(user.as_deref().unwrap(), id, params, &out),
                "sync.get" => {
                    let heads = self.heads(user.as_deref().unwrap());
                    let _ = out.send(format!(r#"{{"id":{id},"result":{heads}}}"#));
                }
                "conversations.update" => self.rename(id, params, &out),
                other => panic!("a method that the double does not know: {other}"),
            }
        }
    }

    fn send(&self, sender: &str, id: u64, params: &Value, out: &mpsc::UnboundedSender<String>) {
        let text = |key: &str| params[key].as_str().unwrap().to_owned();
        let (conversation, client_id, body) =
            (text("conversation"), text("client_id"), text("text"));
        assert_eq!((client_id.len(), body.len(), text("kind").as_str()), (36, 100, "text"));
        let state = &mut *self.lock();
        state.sends += 1;
        let fault = if state.sends == FAULTY { &*self.fault } else { "" };
        let here = state.kept.conversations.get_mut(&conversation).unwrap();
        here.head_seq += 1;
        let seq = here.head_seq;
        let event = format!(
            r#"{{"event":"message.created","conversation":"{conversation}","seq":{seq},"#
        ) + &format!(
            r#""members_rev":1,"client_id":"{client_id}","data":{{"seq":{seq},"text":"{body}"}}}}"#
        );
        // The sender's own event is always right: the faults are the receivers'.
        for (place, member) in here.members.iter().enumerate() {
            let faulty = if member == sender || place > 1 { "" } else { fault };
            for socket in state.sockets.get(member).into_iter().flatten() {
                let mut kept_back = None;
                let copies = match faulty {
                    "lose_event" => 0,
                    "double_event" => 2,
                    "swap_events" => {
                        kept_back = Some(event.clone());
                        0
                    }
                    _ => 1,
                };
                (0..copies).for_each(|_| drop(socket.send(event.clone())));
                if let Some(late) = state.kept_back.take_if(|late| {
                    copies == 1 && member != sender && late[..80].contains(&conversation)
                }) {
                    let _ = socket.send(late);
                }
                state.kept_back = kept_back.or(state.kept_back.take());
            }
        }
        let said = match fault {
            "held" => "held",
            _ => "sent",
        };
        let seq = if fault == "other_seq_in_reply" { seq + 1 } else { seq };
        let reply = match fault {
            "refuse" => format!(r#"{{"id":{id},"error":{{"status":403}}}}"#),
            _ => {
                let message = json!({"state": said, "conversation": conversation, "seq": seq});
                format!(r#"{{"id":{id},"result":{message}}}"#)
            }
        };
        let copies = match fault {
            "lose_reply" => 0,
            "double_reply" => 2,
            _ => 1,
        };
        (0..copies).for_each(|_| drop(out.send(reply.clone())));
    }

    /// Everything, whatever the cursor.
    fn heads(&self, user: &str) -> Value {
        let state = self.lock();
        let of_user = state.kept.conversations.iter();
        let of_user = of_user.filter(|(_, here)| here.members.iter().any(|one| one == user));
        let heads: Vec<Value> = of_user
            .map(|(id, here)| json!({"conversation": id, "head_seq": here.head_seq}))
            .collect();
        json!({"cursor": "now", "heads": heads})
    }

    fn read(&self, reader: &str, id: u64, params: &Value, out: &mpsc::UnboundedSender<String>) {
        let (conversation, seq) = (params["conversation"].as_str().unwrap(), &params["seq"]);
        let state = self.lock();
        let event = format!(
            r#"{{"event":"receipt.updated","conversation":"{conversation}","data":{{"read_seq":{seq}}}}}"#
        );
        let members = &state.kept.conversations[conversation].members;
        for member in members.iter().filter(|member| *member != reader) {
            for socket in state.sockets.get(member).into_iter().flatten() {
                let _ = socket.send(event.clone());
            }
        }
        let seq = if &*self.fault == "falling_mark" { json!(0) } else { seq.clone() };
        let _ = out.send(format!(r#"{{"id":{id},"result":{{"read_seq":{seq}}}}}"#));
    }

    fn list(&self, id: u64, params: &Value, out: &mpsc::UnboundedSender<String>) {
        let head =
            self.lock().kept.conversations[params["conversation"].as_str().unwrap()].head_seq;
        let limit = params["limit"].as_u64().unwrap();
        let (first, last) = match params["after"].as_u64() {
            Some(after) => (after + 1, head.min(after + limit)),
            None => ((head + 1).saturating_sub(limit).max(1), head),
        };
        let first = if &*self.fault == "short_page" { first + 1 } else { first };
        let items: Vec<Value> =
            (first..=last).map(|seq| json!({"seq": seq, "kind": "text"})).collect();
        let items = Value::from(items);
        let _ =
            out.send(format!(r#"{{"id":{id},"result":{{"items":{items},"has_before":true}}}}"#));
    }

    fn rename(&self, id: u64, params: &Value, out: &mpsc::UnboundedSender<String>) {
        let conversation = params["conversation"].as_str().unwrap();
        let name = params["name"].as_str().unwrap().to_owned();
        let state = &mut *self.lock();
        let here = state.kept.conversations.get_mut(conversation).unwrap();
        assert_ne!(here.name, name, "a rename that changes nothing would be no change");
        here.name = name;
        let event = format!(
            r#"{{"event":"conversation.updated","conversation":"{conversation}","rev":2}}"#
        );
        for member in &here.members {
            for socket in state.sockets.get(member).into_iter().flatten() {
                let _ = socket.send(event.clone());
            }
        }
        let _ = out.send(format!(r#"{{"id":{id},"result":{{}}}}"#));
    }
}
