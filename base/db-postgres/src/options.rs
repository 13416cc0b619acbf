//! How the server is reached and how much of it is used.

use std::{sync::Arc, time::Duration};

use hoopoe_db::{DbError, DbErrorKind};
use hoopoe_kernel::{Entropy, SystemEntropy};
use tokio_postgres::{
    Config,
    config::{SslMode, TargetSessionAttrs},
};

/// What every session is told when it starts. A statement or a transaction that stands idle for
/// this long belongs to a node that is gone: its locks are needed, and a lane that is declared dead
/// after 60 s must not be able to commit any more.
const SESSION: &str = "-c TimeZone=UTC -c statement_timeout=20000 \
    -c idle_in_transaction_session_timeout=20000";
/// Unacknowledged bytes and silent peers: a connection through a cut network ends after this.
const DEAD_PEER: Duration = Duration::from_secs(15);

/// Settings of the driver.
#[derive(Clone)]
pub struct PostgresOptions {
    /// Threads, and connections, that serve reads.
    pub readers: usize,
    /// Threads, and connections, that serve writes.
    pub writers: usize,
    /// Reads, and writes, that may wait for a thread; more are refused as unavailable.
    pub queue_jobs_max: usize,
    /// How long one may wait for a thread before it is refused as unavailable.
    pub queue_wait_max: Duration,
    /// How long opening a connection may take.
    pub connect_timeout: Duration,
    /// Spreads the pauses between attempts.
    pub entropy: Arc<dyn Entropy>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            readers: 8,
            writers: 8,
            queue_jobs_max: 4_096,
            queue_wait_max: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            entropy: Arc::new(SystemEntropy),
        }
    }
}

/// Reads `postgres://user:password@host:port/database` (or `key=value` words) and adds what every
/// session of this driver needs.
pub(crate) fn config(url: &str, options: &PostgresOptions) -> Result<Config, DbError> {
    let wrong = |words: String| DbError::new(DbErrorKind::Other, words);
    let mut config: Config =
        url.parse().map_err(|e| wrong(format!("the database URL cannot be read: {e}")))?;
    if config.get_ssl_mode() == SslMode::Require {
        return Err(wrong(
            "the database URL asks for TLS, which this driver does not speak; use a Unix socket, \
             a private network or a TLS proxy"
                .to_owned(),
        ));
    }
    let session = match config.get_options() {
        Some(own) => format!("{own} {SESSION}"),
        None => SESSION.to_owned(),
    };
    config
        .options(session)
        .application_name("hoopoe")
        .connect_timeout(options.connect_timeout)
        .tcp_user_timeout(DEAD_PEER)
        .keepalives_idle(DEAD_PEER)
        .keepalives_interval(DEAD_PEER / 3)
        .keepalives_retries(3)
        .target_session_attrs(TargetSessionAttrs::ReadWrite);
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_keeps_its_own_session_options() {
        let url = "postgres://ann@localhost/chat?options=-c%20work_mem%3D8MB";
        let config = config(url, &PostgresOptions::default()).unwrap();
        let session = config.get_options().unwrap();
        assert!(session.starts_with("-c work_mem=8MB "), "{session}");
        assert!(session.contains("TimeZone=UTC"), "{session}");
        assert_eq!(config.get_application_name(), Some("hoopoe"));
    }

    #[test]
    fn what_cannot_work_is_refused_with_words() {
        let refusal = |url| config(url, &PostgresOptions::default()).unwrap_err().to_string();
        assert!(refusal("postgres://h:notaport/x").contains("cannot be read"));
        assert!(refusal("postgres://h/x?sslmode=require").contains("TLS"));
    }
}
