//! The client SDK signs in by itself, over TLS, and refreshes what it got.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use hoopoe_sdk::{Client, Error, SignIn, Status, TokenProvider as _};
use hoopoe_testkit::{
    harness::{PATIENCE, within},
    server::{Launch, Server, run_cli, run_cli_with_input},
};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::{
    house::{Store, empty},
    tls,
};

const PASSWORD: &str = "a hoopoe at home";

/// A server that speaks TLS, with Ann, who has a password, and Bob.
struct Town {
    server: Server,
    certificate: Vec<u8>,
    home: TempDir,
}

impl Town {
    async fn open(tell: impl FnOnce(Launch) -> Launch) -> Self {
        let (home, launch) = empty(Store::Embedded).await;
        tls::write_pair(home.path());
        let (server, _) = tls::open(home.path(), tell(launch)).await;
        let launched = server.launched();
        run_cli(launched, &["user", "create", "bob", "--app", "demo", "--json"]).await.json();
        let words = ["user", "password", "ann", "--app", "demo", "--json"];
        run_cli_with_input(launched, &words, &format!("{PASSWORD}\n")).await.json();
        let certificate = fs::read(home.path().join("cert.pem")).unwrap();
        Self { server, certificate, home }
    }

    fn url(&self) -> String {
        format!("wss://localhost:{}", self.server.address().port())
    }

    fn sign_in(&self, password: &str) -> SignIn {
        SignIn::new(self.url(), "demo", "Ann", password).trust(self.certificate.clone())
    }
}

async fn until(status: &mut watch::Receiver<Status>, what: &str, is_it: fn(&Status) -> bool) {
    drop(within(PATIENCE, what, status.wait_for(is_it)).await.unwrap());
}

#[tokio::test]
async fn a_client_signs_in_over_tls_and_outlives_its_token() {
    let mut town = Town::open(|launch| launch.env("HOOPOE__ACCOUNTS__TOKEN_TTL_S", "1")).await;
    let session = Arc::new(town.sign_in(PASSWORD).sign_in().await.unwrap());
    assert_eq!(session.user().id.as_str(), "ann");
    let asked = Arc::new(AtomicUsize::new(0));
    let tokens = {
        let asked = asked.clone();
        move || {
            asked.fetch_add(1, Ordering::Relaxed);
            let session = session.clone();
            async move { session.token().await }
        }
    };
    let builder = Client::builder().url(town.url()).trust(town.certificate.clone());
    let client = builder.token_provider(tokens).start().await.unwrap();
    let mut status = client.connection();
    until(&mut status, "the first session", |status| matches!(status, Status::Online)).await;
    let bob = within(PATIENCE, "a conversation", client.direct("bob")).await.unwrap();
    // A socket goes on without its token; a line that breaks late enough needs the next one.
    while asked.load(Ordering::Relaxed) < 2 {
        town.server.kill().await;
        until(&mut status, "the break", |status| !matches!(status, Status::Online)).await;
        town.server.restart().await;
        until(&mut status, "the next session", |status| matches!(status, Status::Online)).await;
    }
    let queued = bob.send("still here").await.unwrap();
    assert_eq!(within(PATIENCE, "an answer", queued.sent()).await.unwrap().seq, Some(1));
    client.close().await;
}

#[tokio::test]
async fn a_session_is_refreshed_as_often_as_a_token_is_needed() {
    let town = Town::open(|launch| launch).await;
    let session = town.sign_in(PASSWORD).sign_in().await.unwrap();
    let mut seen = Vec::new();
    for _ in 0..4 {
        let token = session.token().await.unwrap();
        assert!(!seen.contains(&token), "each is another");
        seen.push(token);
    }
    let launched = town.server.launched();
    let words = ["user", "password", "ann", "--app", "demo", "--json"];
    run_cli_with_input(launched, &words, "another hoopoe\n").await.json();
    let error = session.token().await.unwrap_err();
    assert!(format!("{error:?}").contains("is_final: true"), "the session is over: {error:?}");
    let refused = town.sign_in(PASSWORD).sign_in().await.err().unwrap();
    assert_eq!(refused.code(), "auth.invalid_credentials", "{refused}");
}

#[tokio::test]
async fn whom_nobody_vouches_for_is_not_spoken_to() {
    let town = Town::open(|launch| launch).await;
    let other = tempfile::tempdir_in(town.home.path()).unwrap();
    tls::write_pair(other.path());
    let other = fs::read(other.path().join("cert.pem")).unwrap();
    let builder = Client::builder().url(town.url()).token("ut_x").trust(other.clone());
    let client = builder.start().await.unwrap();
    let is_refused = |status: &Status| match status {
        Status::Waiting { why, .. } => why.contains("certificate"),
        _ => false,
    };
    until(&mut client.connection(), "the refusal", is_refused).await;
    client.close().await;
    let stranger = SignIn::new(town.url(), "demo", "ann", PASSWORD).trust(other);
    assert!(matches!(stranger.sign_in().await, Err(Error::Unreachable(_))));
    let rubbish = Client::builder().url(town.url()).token("ut_x").trust(*b"rubbish");
    assert!(matches!(rubbish.start().await, Err(Error::Setup(_))));
}
