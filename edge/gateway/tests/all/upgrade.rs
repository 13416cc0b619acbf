//! The handshake: which requests become sockets.

use hoopoe_testkit::harness::{PATIENCE, within};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::house::{House, Setup, must_io};

/// The status of a handshake with these headers beside, or instead of, the usual ones; without a
/// value, left out.
pub(crate) async fn status(house: &House, headers: &[(&str, Option<&str>)]) -> u16 {
    let host = house.address.to_string();
    let usual = [
        ("Host", Some(&*host)),
        ("Connection", Some("Upgrade")),
        ("Upgrade", Some("websocket")),
        ("Sec-WebSocket-Version", Some("13")),
        ("Sec-WebSocket-Key", Some("dGhlIHNhbXBsZSBub25jZQ==")),
    ];
    let usual = usual.iter().filter(|(name, _)| !headers.iter().any(|(other, _)| name == other));
    let mut request = "GET /v1/socket HTTP/1.1\r\n".to_owned();
    for (name, value) in usual.chain(headers) {
        if let Some(value) = value {
            request += &format!("{name}: {value}\r\n");
        }
    }
    let asking = async {
        let mut stream = TcpStream::connect(house.address).await?;
        stream.write_all(format!("{request}\r\n").as_bytes()).await?;
        let mut line = [0; 12];
        stream.read_exact(&mut line).await?;
        Ok(String::from_utf8_lossy(&line[9..]).parse().unwrap_or(0))
    };
    must_io(within(PATIENCE, "the handshake", asking).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_other_sites_are_kept_out() {
    let origins = vec!["https://app.example".to_owned()];
    let house = House::with(Setup { origins, ..Setup::default() }).await;
    let own = [format!("http://{}", house.address), format!("https://{}", house.address)];
    for origin in [None, Some(&*own[0]), Some(&*own[1]), Some("https://app.example")] {
        assert_eq!(status(&house, &[("Origin", origin)]).await, 101, "{origin:?}");
    }
    for origin in [
        "https://evil.example",
        "null",
        "",
        "http://app.example",
        "https://app.example.evil.example",
        "https://app.example:8443",
        "ftp://app.example",
    ] {
        assert_eq!(status(&house, &[("Origin", Some(origin))]).await, 403, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_handshake_becomes_a_socket() {
    let house = House::new().await;
    assert_eq!(status(&house, &[("Sec-WebSocket-Version", Some("8"))]).await, 426);
    assert_eq!(status(&house, &[("Sec-WebSocket-Version", None)]).await, 426);
    for broken in [
        ("Upgrade", None),
        ("Upgrade", Some("h2c")),
        ("Connection", None),
        ("Connection", Some("close")),
        ("Sec-WebSocket-Key", None),
        ("Sec-WebSocket-Key", Some("short")),
    ] {
        assert_eq!(status(&house, &[broken]).await, 400, "{broken:?}");
    }
    // Browsers and proxies write such lists.
    let lists = [
        ("Connection", Some("keep-alive")),
        ("Connection", Some("close-not, Upgrade")),
        ("Upgrade", Some("h2c, WebSocket")),
    ];
    assert_eq!(status(&house, &lists).await, 101);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_comes_in_while_it_goes_down() {
    let house = House::new().await;
    house.gateway.drain().await;
    assert_eq!(status(&house, &[]).await, 503);
}
