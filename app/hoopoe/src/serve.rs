//! `hoopoe serve`: from settings to a running server, and down again.

use std::{
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    process::ExitCode,
    sync::{Arc, OnceLock},
    thread::available_parallelism,
    time::Duration,
};

use hoopoe_gateway::Hub;
use hoopoe_http::{Probe, Server, Tls};
use hoopoe_kernel::{BoxFuture, Fail, faults};
use hoopoe_wire::limits;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};

use crate::{
    compose::{Front, House},
    config::{Config, RegistrationConfig},
    control::Control,
    data_dir::DataDir,
    demo, logging, machine, output, timers,
    trouble::Trouble,
};

/// Buckets of every histogram, in seconds: an fsync, a command, a request.
const BUCKETS_S: &[f64] = &[
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];
/// Files that are left when every connection is taken.
const OTHER_FILES: u64 = 256;
/// How long a write may take before the server is not ready.
const READY_WAIT: Duration = Duration::from_secs(2);
/// What may stay behind after the drain: work of the database that nobody waits for any more.
const RUNTIME_WAIT: Duration = Duration::from_secs(1);

/// Runs the server until it is told to stop.
pub(crate) fn run(config: Config, demo: bool) -> Result<ExitCode, Trouble> {
    let listen = config.server.listen;
    if demo && !listen.ip().is_loopback() {
        return Err(Trouble::usage(format!(
            "--demo gives tokens away, so it listens on this machine only, not on {listen}"
        )));
    }
    logging::start(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(available_parallelism().map_or(1, NonZeroUsize::get))
        .thread_name("hoopoe")
        .enable_all()
        .build()
        .map_err(|error| Trouble::failed(format!("cannot start: {error}")))?;
    let result = runtime.block_on(serve(config, demo));
    runtime.shutdown_timeout(RUNTIME_WAIT);
    result.map(|()| ExitCode::SUCCESS)
}

async fn serve(mut config: Config, demo: bool) -> Result<(), Trouble> {
    if demo {
        config.accounts.registration = RegistrationConfig::Open;
        config.web.app = Some(demo::APP.to_owned());
    }
    prepare_process(&mut config);
    let mut signals = Signals::listen()?;
    let data = DataDir::claim(&config.data).await?;
    let tls = load_tls(&config)?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let listener = listen(config.server.listen, tls.is_some())?;
    let address = listener.local_addr().unwrap_or(config.server.listen);
    let metrics = install_metrics()?;
    let house = Arc::new(House::open(&config, Some(data.path())).await?);
    faults::point("start.opened");

    let probe =
        Arc::new(Health { house: house.clone(), metrics: metrics.clone(), hub: OnceLock::new() });
    let url = config.server.public_url.clone().unwrap_or_else(|| format!("{scheme}://{address}"));
    let front = house.front(&config, url.clone(), probe.clone());
    probe.hub.get_or_init(|| front.gateway.hub().clone());
    let server = Arc::new(Server::new(front.edge.clone(), tls.clone()));
    let control = tokio::spawn(Control::open(data.path())?.serve(house.clone()));
    let sweeps = tokio::spawn(timers::sweep(house.clone(), front.buckets.clone()));
    let presence = tokio::spawn(house.presence.clone().run());
    let upkeep = tokio::spawn(timers::keep_metrics(metrics));
    let accepting = tokio::spawn({
        let server = server.clone();
        async move { server.run(listener).await }
    });

    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        %address,
        data = %data.path().display(),
        database = house.storage.name(),
        "serving"
    );
    output::line(&format!("listening on {scheme}://{address}"))?;
    let told = match demo {
        true => demo::prepare(&house, &url).await.and_then(|words| output::line(&words)),
        false => Ok(()),
    };
    if told.is_ok() {
        signals.wait_for_stop(tls.as_deref()).await;
    }

    tracing::info!("draining");
    faults::point("drain");
    let drained = drain(&front, &server);
    tokio::select! {
        done = timeout(Duration::from_millis(limits::DRAIN_MS_MAX), drained) => {
            if done.is_err() {
                tracing::warn!("some requests were cut off");
            }
        }
        () = signals.wait_for_stop(None) => tracing::warn!("told to stop again: not waiting"),
    }
    for task in [control, sweeps, presence, upkeep, accepting] {
        task.abort();
        // An aborted task ends with an error that says just that.
        drop(task.await);
    }
    drop((front, server));
    house.presence.close().await;
    faults::point("close");
    house.close().await;
    tracing::info!("stopped");
    told
}

/// Sockets are told to come back, running requests are finished.
async fn drain(front: &Front, server: &Server) {
    server.stop();
    tokio::join!(front.gateway.drain(), server.drained());
}

fn load_tls(config: &Config) -> Result<Option<Arc<Tls>>, Trouble> {
    let Some(files) = config.tls.files()? else { return Ok(None) };
    let loaded = Tls::load(files).map_err(|error| Trouble::failed(format!("TLS: {error}")));
    loaded.map(Some)
}

/// Every connection is a file, and some must be left for the database.
fn prepare_process(config: &mut Config) {
    match machine::raise_file_limit() {
        Ok(limit) => {
            tracing::debug!(?limit, "open files");
            let files = limit.soft.map_or(u64::MAX, |soft| soft.saturating_sub(OTHER_FILES));
            let files = u32::try_from(files).ok().and_then(NonZeroU32::new);
            let connections = &mut config.limits.connections;
            *connections = files.map_or(*connections, |files| files.min(*connections));
        }
        Err(error) => tracing::warn!(%error, "the limit of open files could not be raised"),
    }
}

fn listen(address: SocketAddr, is_encrypted: bool) -> Result<TcpListener, Trouble> {
    let listener = hoopoe_http::bind(address)
        .map_err(|error| Trouble::failed(format!("cannot listen on {address}: {error}")))?;
    if !is_encrypted && !address.ip().is_loopback() {
        tracing::warn!(
            %address,
            "listening beyond this machine without TLS: set tls.cert_file and tls.key_file, or put a \
             proxy that speaks TLS in front"
        );
    }
    Ok(listener)
}

fn install_metrics() -> Result<PrometheusHandle, Trouble> {
    PrometheusBuilder::new()
        .set_buckets(BUCKETS_S)
        .and_then(|builder| builder.install_recorder())
        .map_err(|error| Trouble::failed(format!("cannot start the metrics: {error}")))
}

/// What operators ask.
struct Health {
    house: Arc<House>,
    metrics: PrometheusHandle,
    /// Set before anybody can ask.
    hub: OnceLock<Hub>,
}

impl Probe for Health {
    fn ready(&self) -> BoxFuture<Result<(), Fail>> {
        let house = self.house.clone();
        Box::pin(async move { house.probe_write(READY_WAIT).await })
    }

    fn metrics(&self) -> String {
        let wal_bytes = self.house.storage.stats().wal_bytes;
        metrics::gauge!("hoopoe_wal_bytes").set(wal_bytes as f64);
        let (queued, most) = self.hub.get().map_or((0, 0), Hub::queued_bytes);
        metrics::gauge!("hoopoe_queued_bytes").set(queued as f64);
        metrics::gauge!("hoopoe_queued_bytes_of_slowest").set(most as f64);
        self.metrics.render()
    }
}

/// SIGTERM and SIGINT stop the server; SIGHUP has the TLS files read again.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> Result<Self, Trouble> {
        let open = |kind| {
            signal(kind).map_err(|error| Trouble::failed(format!("cannot hear signals: {error}")))
        };
        Ok(Self {
            terminate: open(SignalKind::terminate())?,
            interrupt: open(SignalKind::interrupt())?,
            hang_up: open(SignalKind::hangup())?,
        })
    }

    async fn wait_for_stop(&mut self, tls: Option<&Tls>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => reload(tls),
            }
        }
    }
}

/// Certificates run out: the new pair serves the connections that come from now on.
fn reload(tls: Option<&Tls>) {
    match tls.map(Tls::reload) {
        None => tracing::info!("SIGHUP: there are no TLS files to read again"),
        Some(Ok(())) => tracing::info!("SIGHUP: the TLS files were read again"),
        Some(Err(error)) => {
            tracing::error!(%error, "SIGHUP: the TLS files are not good; the old pair stays");
        }
    }
}
