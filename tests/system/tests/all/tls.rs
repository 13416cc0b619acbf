//! TLS ends in the server: sockets over it, new files while it runs, and what an idle one costs.

use std::{fs, net::SocketAddr, path::Path, sync::Arc};

use futures_util::{SinkExt, StreamExt};
use hoopoe_testkit::{
    harness::{PATIENCE, fail, within},
    server::{Launch, Server, run_cli},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName},
    },
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

use crate::house::{Store, empty, text};

pub(crate) type Trusted = CertificateDer<'static>;
type Socket = WebSocketStream<TlsStream<TcpStream>>;

/// Idle connections that are weighed, and what each may cost.
const IDLE: usize = 400;
const IDLE_BYTES_MAX: u64 = 24 * 1_024;

pub(crate) fn write_pair(directory: &Path) -> Trusted {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(directory.join("cert.pem"), made.cert.pem()).unwrap();
    fs::write(directory.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

/// A server that speaks TLS, and a token of Ann.
pub(crate) async fn open(directory: &Path, launch: Launch) -> (Server, String) {
    let file = |name: &str| directory.join(name).display().to_string();
    let launch = launch
        .env("HOOPOE__TLS__CERT_FILE", &file("cert.pem"))
        .env("HOOPOE__TLS__KEY_FILE", &file("key.pem"));
    let server = Server::start(launch).await;
    let launched = server.launched();
    run_cli(launched, &["app", "create", "demo", "--json"]).await.json();
    run_cli(launched, &["user", "create", "ann", "--app", "demo", "--json"]).await.json();
    let made = run_cli(launched, &["user", "token", "ann", "--app", "demo", "--json"]).await.json();
    (server, text(&made["token"]))
}

fn config(trusted: &Trusted) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

async fn shake(address: SocketAddr, config: &Arc<ClientConfig>) -> Option<TlsStream<TcpStream>> {
    let shaking = async {
        let stream = TcpStream::connect(address).await.ok()?;
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(config.clone()).connect(name, stream).await.ok()
    };
    within(PATIENCE, "a handshake", shaking).await
}

async fn socket(address: SocketAddr, config: &Arc<ClientConfig>, token: &str) -> Socket {
    let mut stream = shake(address, config).await.unwrap_or_else(|| fail("no handshake"));
    let request = "GET /v1/socket HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\n\
        upgrade: websocket\r\nsec-websocket-version: 13\r\n\
        sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within(PATIENCE, "the upgrade", stream.read_u8()).await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    let started = call(&mut socket, "session.start", json!({"token": token})).await;
    assert_eq!(started["result"]["user"], "ann", "{started}");
    socket
}

async fn call(socket: &mut Socket, method: &str, params: Value) -> Value {
    let frame = json!({"id": 1, "method": method, "params": params});
    socket.send(Message::text(frame.to_string())).await.unwrap();
    loop {
        match within(PATIENCE, method, socket.next()).await {
            Some(Ok(Message::Text(text))) => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                if frame["id"] == 1 {
                    return frame;
                }
            }
            Some(Ok(Message::Ping(_))) => {}
            other => fail(format!("{method}: {other:?}")),
        }
    }
}

#[tokio::test]
async fn sockets_stand_on_tls_and_files_are_read_again() {
    let (home, launch) = empty(Store::Embedded).await;
    let first = write_pair(home.path());
    let (server, token) = open(home.path(), launch).await;
    let address = server.address();
    let mut old = socket(address, &config(&first), &token).await;
    let group = json!({"kind": "group", "name": "x", "members": []});
    let made = call(&mut old, "conversations.create", group).await;
    // Larger than what TLS takes at once, there and back.
    let long = "x".repeat(16 * 1_024);
    for nth in 0..40 {
        let send = json!({"conversation": made["result"]["id"], "client_id": format!("c{nth}"),
                          "kind": "text", "text": long});
        assert_eq!(call(&mut old, "messages.send", send).await["result"]["seq"], nth + 1);
    }
    let page = json!({"conversation": made["result"]["id"], "limit": 100});
    let page = call(&mut old, "messages.list", page).await;
    assert_eq!(page["result"]["items"].as_array().map(Vec::len), Some(40));

    let second = write_pair(home.path());
    server.hang_up();
    let (old_config, new_config) = (config(&first), config(&second));
    let renewed = async { while shake(address, &new_config).await.is_none() {} };
    within(PATIENCE, "the new pair", renewed).await;
    assert!(shake(address, &old_config).await.is_none(), "the old pair is gone");
    fs::write(home.path().join("cert.pem"), "rubbish").unwrap();
    server.hang_up();
    let log = server.launched().data.with_extension("log");
    let told = async {
        while !fs::read_to_string(&log).unwrap().contains("the old pair stays") {
            tokio::task::yield_now().await;
        }
    };
    within(PATIENCE, "the refusal of the new files", told).await;
    assert!(shake(address, &new_config).await.is_some(), "the last good pair stays");
    assert_eq!(call(&mut old, "me.get", json!({})).await["result"]["id"], "ann");
}

#[tokio::test]
async fn a_pair_that_is_not_good_at_the_start_is_one_clear_line() {
    let (home, launch) = empty(Store::Embedded).await;
    write_pair(home.path());
    fs::write(home.path().join("key.pem"), "rubbish").unwrap();
    let file = |name: &str| home.path().join(name).display().to_string();
    let launch = launch
        .env("HOOPOE__TLS__CERT_FILE", &file("cert.pem"))
        .env("HOOPOE__TLS__KEY_FILE", &file("key.pem"));
    let ran = Server::refused(launch, None).await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("key.pem"), "{ran:?}");
}

#[tokio::test]
async fn an_idle_connection_over_tls_is_light() {
    let (home, launch) = empty(Store::Embedded).await;
    let trusted = write_pair(home.path());
    let (server, token) = open(home.path(), launch).await;
    let config = config(&trusted);
    let mut sockets = Vec::new();
    let mut before = 0;
    for nth in 0..IDLE + 50 {
        // The first ones fill what is there once.
        if nth == 50 {
            before = server.usage().rss_bytes;
        }
        sockets.push(socket(server.address(), &config, &token).await);
    }
    let each = (server.usage().rss_bytes.saturating_sub(before)) / IDLE as u64;
    println!("{each} bytes for an idle connection over TLS");
    assert!(each <= IDLE_BYTES_MAX, "{each} bytes");
}
