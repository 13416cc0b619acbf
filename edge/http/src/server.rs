//! The listener: accepts, serves HTTP/1.1, upgrades, and drains.

use std::{convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use hoopoe_kernel::{Fail, faults};
use hoopoe_wire::{ErrorCode, RequestId, limits};
use http::StatusCode;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustix::io::Errno;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Edge, Stream, Tls,
    connections::{Connections, OpenConnection},
};

/// Connections that the kernel holds ready while the server is busy: a storm of clients that
/// reconnect at once waits here instead of being refused.
const BACKLOG: u32 = 4_096;
/// Pause after the process has run out of files, so that it does not spin on the same error.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// Opens a listener. The port of a server that was killed can be taken again at once.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// How long a client may take; tests are less patient.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    pub(crate) handshake: Duration,
    pub(crate) headers: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            handshake: Duration::from_millis(limits::TLS_HANDSHAKE_MS_MAX),
            headers: Duration::from_millis(limits::HEADER_READ_MS_MAX),
        }
    }
}

/// Serves connections until it is stopped.
pub struct Server {
    edge: Arc<Edge>,
    connections: Arc<Connections>,
    tls: Option<Arc<Tls>>,
    patience: Patience,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Server {
    /// A server that answers with this edge, and speaks TLS when it has a pair for it.
    pub fn new(edge: Arc<Edge>, tls: Option<Arc<Tls>>) -> Self {
        let options = &edge.state().options;
        let connections =
            Connections::new(options.connections_per_address, options.connections_max);
        Self {
            edge,
            connections,
            tls,
            patience: Patience::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    #[cfg(test)]
    pub(crate) fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Accepts until [`Server::stop`].
    pub async fn run(&self, listener: TcpListener) {
        let mut exhausted = false;
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.stop.cancelled() => return,
            };
            match accepted {
                Ok((stream, peer)) => {
                    exhausted = false;
                    faults::point("accept");
                    self.welcome(stream, peer);
                }
                Err(error) if is_exhausted(&error) => {
                    metrics::counter!("hoopoe_accept_errors_total").increment(1);
                    // Once, not twenty times a second.
                    if !std::mem::replace(&mut exhausted, true) {
                        tracing::warn!(%error, "no connection can be accepted; trying again");
                    }
                    tokio::time::sleep(EXHAUSTED_PAUSE).await;
                }
                // The client went away while it waited.
                Err(error) => tracing::debug!(%error, "a connection was lost before it began"),
            }
        }
    }

    /// Stops accepting. Running requests are finished; idle connections are closed.
    pub fn stop(&self) {
        self.edge.set_draining();
        self.tasks.close();
        self.stop.cancel();
    }

    /// Returns when every connection has ended, after [`Server::stop`].
    pub async fn drained(&self) {
        self.tasks.wait().await;
    }

    fn welcome(&self, stream: TcpStream, peer: SocketAddr) {
        let open = match self.connections.enter(peer.ip()) {
            Ok(open) => open,
            Err(code) => {
                metrics::counter!("hoopoe_connections_refused_total").increment(1);
                // Behind TLS words would cost a handshake: hanging up says enough.
                if self.tls.is_none() {
                    refuse(&stream, code, RequestId(self.edge.state().env.fresh_id()));
                }
                return;
            }
        };
        // Replies are written whole; waiting for more to send only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection was lost before it began");
            return;
        }
        let (edge, stop, tls) = (self.edge.clone(), self.stop.clone(), self.tls.clone());
        let patience = self.patience;
        self.tasks.spawn(async move {
            let stream = match tls {
                None => Stream::Tcp(stream),
                Some(tls) => match shake_hands(&tls, (stream, peer), patience, &stop).await {
                    Some(stream) => stream,
                    None => return,
                },
            };
            serve(edge, (stream, peer), patience, stop, open).await;
        });
    }
}

async fn shake_hands(
    tls: &Tls,
    (stream, peer): (TcpStream, SocketAddr),
    patience: Patience,
    stop: &CancellationToken,
) -> Option<Stream> {
    let shaken = tokio::select! {
        shaken = tls.accept(stream, patience.handshake) => shaken,
        () = stop.cancelled() => return None,
    };
    match shaken {
        Ok(stream) => Some(stream),
        Err(error) => {
            metrics::counter!("hoopoe_tls_failures_total").increment(1);
            tracing::debug!(%peer, %error, "a TLS handshake came to nothing");
            None
        }
    }
}

async fn serve(
    edge: Arc<Edge>,
    (stream, peer): (Stream, SocketAddr),
    patience: Patience,
    stop: CancellationToken,
    open: OpenConnection,
) {
    let service = service_fn(move |request| {
        let edge = edge.clone();
        async move { Ok::<_, Infallible>(edge.respond(request, peer).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.headers)
        .max_header_size(limits::HEADER_BYTES_MAX)
        .max_buf_size(limits::HEADER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
    drop(open);
}

/// The process or the machine is out of files or memory, which passes.
fn is_exhausted(error: &io::Error) -> bool {
    let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    Errno::from_io_error(error).is_some_and(|errno| exhausted.contains(&errno))
}

/// Says why and hangs up, without waiting for anything.
fn refuse(stream: &TcpStream, code: &'static ErrorCode, request_id: RequestId) {
    let fail = Fail::new(code);
    let status = StatusCode::from_u16(code.status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let body = serde_json::to_string(&fail.problem(request_id))
        .expect("a problem holds texts and numbers only, which always encode");
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\n\
         content-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // A fresh connection's buffer is empty and takes these few hundred bytes; if not, hanging up
    // says enough.
    drop(stream.try_write(format!("{head}{body}").as_bytes()));
}
