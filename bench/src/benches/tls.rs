//! `tls`: many authenticated connections over TLS that do nothing.
//!
//! People are made over plain HTTP, then the server is started again with a certificate made for
//! this run. Every client is a stranger: no session of TLS is resumed.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use crate::api::Person;
use crate::house::{Context, House};
use crate::procfs;
use crate::progress;
use crate::report::Figure;
use crate::trouble::{Doing, Outcome, cannot_run};

pub(crate) const NAME: &str = "tls";

/// Connections that are there before memory is read the first time: they pay for what a server
/// that has just started needs once.
const FIRST: usize = 64;
/// Handshakes under way at a time.
const CONCURRENT: usize = 64;
/// How long one handshake with its session may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Time for the server to finish what the connects left behind.
const SETTLE: Duration = Duration::from_secs(2);
/// The name in the certificate.
const HOST: &str = "localhost";
/// Idle clients need little; the default would be 128 KiB for each.
const READ_BUFFER_BYTES: usize = 4096;

type Socket = WebSocketStream<TlsStream<TcpStream>>;

pub(crate) fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let connections = context.sizes.tls_connections;
    procfs::open_files_for(FIRST + connections)?;
    let mut house = House::open(context, NAME)?;
    let bar = progress::counted(NAME, "setting up");
    let people = house.api()?.people("tls", FIRST + connections, &bar)?;
    bar.finish_and_clear();
    house.stop()?;
    let pair = Pair::make(house.home())?;
    house.start_with(&[
        ("HOOPOE__TLS__CERT_FILE", &pair.cert_file),
        ("HOOPOE__TLS__KEY_FILE", &pair.key_file),
    ])?;
    let dialler = Arc::new(Dialler::new(house.server()?.address(), pair.trusted)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .doing(|| "starting the clients' runtime")?;
    let weighed = runtime.block_on(weigh(house.pid()?, &dialler, &people))?;
    drop(runtime);
    house.stop()?;
    Ok(figures(connections, &weighed))
}

/// What was read of the server and of the clients.
struct Weighed {
    empty: procfs::Memory,
    full: procfs::Memory,
    connecting: Duration,
    server_cpu: Duration,
    client_cpu: Duration,
}

async fn weigh(pid: u32, dialler: &Arc<Dialler>, people: &[Person]) -> Outcome<Weighed> {
    let (first, others) = people.split_at(FIRST);
    let mut resting = JoinSet::new();
    let bar = progress::counted(NAME, "connecting");
    open_all(dialler, first, &bar, &mut resting).await?;
    settle(&mut resting).await?;
    let cpu = || Ok((procfs::cpu_time(pid)?, procfs::cpu_time(std::process::id())?));
    let (empty, (server_before, client_before)) = (procfs::memory(pid)?, cpu()?);
    let began = Instant::now();
    open_all(dialler, others, &bar, &mut resting).await?;
    let connecting = began.elapsed();
    bar.finish_and_clear();
    let (server_after, client_after) = cpu()?;
    let _spinner = progress::timed(NAME, "doing nothing");
    settle(&mut resting).await?;
    let full = procfs::memory(pid)?;
    let server_cpu = server_after.saturating_sub(server_before);
    let client_cpu = client_after.saturating_sub(client_before);
    Ok(Weighed { empty, full, connecting, server_cpu, client_cpu })
}

fn figures(connections: usize, weighed: &Weighed) -> Vec<Figure> {
    let Weighed { empty, full, .. } = weighed;
    let per_connection =
        |before: u64, after: u64| (after as f64 - before as f64) / connections as f64;
    let each = |all: Duration| all.as_secs_f64() * 1e6 / connections as f64;
    let params = json!({
        "connections": connections,
        "connections_before": FIRST,
        "rss_before_bytes": empty.rss_bytes,
        "rss_after_bytes": full.rss_bytes,
        "anon_bytes_per_connection": per_connection(empty.anon_bytes, full.anon_bytes),
        "client_cpu_us_per_connect": each(weighed.client_cpu),
    });
    let rss = per_connection(empty.rss_bytes, full.rss_bytes);
    let connects = connections as f64 / weighed.connecting.as_secs_f64();
    vec![
        Figure::new(NAME, "rss_bytes_per_connection", rss, "bytes", params.clone()),
        Figure::new(NAME, "connects_per_s", connects, "connects/s", params)
            .server_cpu(each(weighed.server_cpu)),
    ]
}

/// A certificate of this run, on the disk for the server and in memory for the clients.
struct Pair {
    cert_file: PathBuf,
    key_file: PathBuf,
    trusted: CertificateDer<'static>,
}

impl Pair {
    fn make(directory: &Path) -> Outcome<Pair> {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()])
            .doing(|| "making a certificate")?;
        let write = |name: &str, text: String| {
            let path = directory.join(name);
            fs::write(&path, text).doing(|| format!("writing {}", path.display()))?;
            Ok(path)
        };
        Ok(Pair {
            cert_file: write("cert.pem", made.cert.pem())?,
            key_file: write("key.pem", made.signing_key.serialize_pem())?,
            trusted: made.cert.der().clone(),
        })
    }
}

/// Opens authenticated sessions over TLS.
struct Dialler {
    address: SocketAddr,
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Dialler {
    /// Trusts `trusted` and nothing else.
    fn new(address: SocketAddr, trusted: CertificateDer<'static>) -> Outcome<Dialler> {
        let mut roots = RootCertStore::empty();
        roots.add(trusted).doing(|| "trusting the certificate")?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .doing(|| "setting TLS up")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        let name = ServerName::try_from(HOST).doing(|| "naming the server")?;
        Ok(Dialler { address, connector: TlsConnector::from(Arc::new(config)), name })
    }

    async fn session(&self, token: &str) -> Outcome<Socket> {
        match tokio::time::timeout(TIMEOUT, Box::pin(self.dial(token))).await {
            Ok(socket) => socket,
            Err(_) => cannot_run(format!("a session was not accepted within {TIMEOUT:?}")),
        }
    }

    async fn dial(&self, token: &str) -> Outcome<Socket> {
        let stream = TcpStream::connect(self.address).await.doing(|| "connecting")?;
        let shaking = self.connector.connect(self.name.clone(), stream);
        let stream = shaking.await.doing(|| "the handshake of TLS")?;
        let url = format!("wss://{HOST}/v1/socket");
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER_BYTES);
        let upgrading = client_async_with_config(url, stream, Some(config));
        let (mut socket, _) = upgrading.await.doing(|| "upgrading to a socket")?;
        let start = json!({"id": 1, "method": "session.start", "params": {"token": token}});
        let sending = socket.send(Message::text(start.to_string()));
        sending.await.doing(|| "sending session.start")?;
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value =
                        serde_json::from_str(&text).doing(|| "reading the first frame")?;
                    if frame["id"] == 1 && frame["result"].is_object() {
                        return Ok(socket);
                    }
                    return cannot_run(format!("session.start was refused: {text}"));
                }
                Some(Ok(Message::Ping(_))) => {}
                other => return cannot_run(format!("session.start has no answer: {other:?}")),
            }
        }
    }
}

/// Opens one session for each of `people`; each then rests in a task of `resting`, where pings are
/// answered and nothing else is done, and which ends with its connection.
async fn open_all(
    dialler: &Arc<Dialler>,
    people: &[Person],
    bar: &ProgressBar,
    resting: &mut JoinSet<String>,
) -> Outcome<()> {
    bar.inc_length(people.len() as u64);
    let opening = stream::iter(people).map(|person| {
        let (dialler, token) = (dialler.clone(), person.token.clone());
        tokio::spawn(async move { dialler.session(&token).await })
    });
    let opened = opening.buffer_unordered(CONCURRENT);
    let mut opened = opened.map(|joined| joined.doing(|| "opening a session")?);
    while let Some(socket) = opened.try_next().await? {
        resting.spawn(rest(socket));
        bar.inc(1);
    }
    Ok(())
}

/// Does nothing for a while, in which no connection may end.
async fn settle(resting: &mut JoinSet<String>) -> Outcome<()> {
    match tokio::time::timeout(SETTLE, resting.join_next()).await {
        Ok(ended) => cannot_run(format!("an idle connection ended: {ended:?}")),
        Err(_) => Ok(()),
    }
}

async fn rest(mut socket: Socket) -> String {
    while let Some(message) = socket.next().await {
        if let Err(error) = message {
            return error.to_string();
        }
    }
    "it was closed".to_owned()
}
