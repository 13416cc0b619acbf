//! TLS as a client meets it.

use std::{fs, io};

use rustls::{
    ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::*;
use crate::{
    TlsFiles,
    tls::tests::{files, write_pair},
};

type Trusted = CertificateDer<'static>;

/// Shakes hands, trusting this one certificate.
async fn connect(
    address: SocketAddr,
    trusted: &Trusted,
    version: &'static SupportedProtocolVersion,
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .expect("the provider speaks both")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("a name");
    let shaking = TlsConnector::from(Arc::new(config)).connect(name, stream);
    timeout(PATIENCE, shaking).await.expect("in time")
}

async fn ask_over(stream: &mut TlsStream<TcpStream>, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("room in the buffer");
    let mut seen = Vec::new();
    // A server that hangs up without a word of TLS would be an error here.
    timeout(PATIENCE, stream.read_to_end(&mut seen)).await.expect("in time").expect("an answer");
    String::from_utf8(seen).expect("text")
}

#[tokio::test]
async fn a_new_pair_serves_new_connections_and_a_bad_one_none() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = write_pair(directory.path());
    let tls = Tls::load(files(directory.path())).expect("a good pair");
    let house = house();
    let live = live_with(&house, Some(tls.clone()));
    let mut old = connect(live.address, &first, &TLS13).await.expect("a handshake");
    assert_eq!(old.get_ref().1.alpn_protocol(), None);

    let second = write_pair(directory.path());
    tls.reload().expect("a good pair");
    assert!(connect(live.address, &first, &TLS13).await.is_err(), "the old one is gone");
    let mut new = connect(live.address, &second, &TLS13).await.expect("a handshake");
    assert!(ask_over(&mut new, "/healthz").await.ends_with("alive\n"));
    assert!(ask_over(&mut old, "/healthz").await.ends_with("alive\n"), "what is open stays open");

    fs::write(directory.path().join("key.pem"), "rubbish").expect("written");
    assert!(tls.reload().is_err());
    let mut new = connect(live.address, &second, &TLS13).await.expect("a handshake");
    let seen = ask_over(&mut new, "/v1/nothing").await;
    assert!(seen.starts_with("HTTP/1.1 404 "), "{seen}");
}

#[tokio::test]
async fn old_versions_are_spoken_only_when_allowed() {
    let directory = tempfile::tempdir().expect("a directory");
    let trusted = write_pair(directory.path());
    let strict = Tls::load(files(directory.path())).expect("a good pair");
    let mild = TlsFiles { allows_tls_1_2: true, ..files(directory.path()) };
    let mild = Tls::load(mild).expect("a good pair");
    let (house, other) = (house(), house());
    let (strict, mild) = (live_with(&house, Some(strict)), live_with(&other, Some(mild)));
    assert!(connect(strict.address, &trusted, &TLS12).await.is_err());
    for (version, name) in [(&TLS12, ProtocolVersion::TLSv1_2), (&TLS13, ProtocolVersion::TLSv1_3)]
    {
        let stream = connect(mild.address, &trusted, version).await.expect("a handshake");
        assert_eq!(stream.get_ref().1.protocol_version(), Some(name));
        let suite = stream.get_ref().1.negotiated_cipher_suite().expect("a suite").suite();
        let words = format!("{suite:?}");
        assert!(words.starts_with("TLS13_") || words.starts_with("TLS_ECDHE_"), "{words}");
        assert!(words.contains("GCM") || words.contains("CHACHA20_POLY1305"), "{words}");
    }
}

#[tokio::test]
async fn what_is_no_tls_is_hung_up_on() {
    let directory = tempfile::tempdir().expect("a directory");
    write_pair(directory.path());
    let tls = Tls::load(files(directory.path())).expect("a good pair");
    let house = house();
    let live = live_with(&house, Some(tls));
    let mut stream = TcpStream::connect(live.address).await.expect("a connection");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("room in the buffer");
    let mut seen = Vec::new();
    // An alert, or nothing but the end.
    drop(timeout(PATIENCE, stream.read_to_end(&mut seen)).await.expect("in time"));
    assert!(!seen.starts_with(b"HTTP"));
}

#[tokio::test]
async fn a_handshake_that_does_not_go_on_ends() {
    let directory = tempfile::tempdir().expect("a directory");
    write_pair(directory.path());
    let tls = Tls::load(files(directory.path())).expect("a good pair");
    let house = house();
    let live = hasty(&house, Some(tls));
    let mut stream = TcpStream::connect(live.address).await.expect("a connection");
    let mut seen = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut seen)).await.expect("in time").expect("the end");
    assert!(seen.is_empty());
}

#[tokio::test]
async fn a_drain_waits_for_no_handshake() {
    let directory = tempfile::tempdir().expect("a directory");
    write_pair(directory.path());
    let tls = Tls::load(files(directory.path())).expect("a good pair");
    let house = house();
    let live = live_with(&house, Some(tls));
    let _silent = TcpStream::connect(live.address).await.expect("a connection");
    live.server.stop();
    timeout(PATIENCE, live.ended).await.expect("in time").expect("the server has ended");
}
