//! The log, on standard error. Standard output belongs to what a command was asked for.

use std::io::{self, IsTerminal};

use tracing_subscriber::EnvFilter;

use crate::{
    audit,
    config::{LogConfig, LogFormat},
    trouble::Trouble,
};

/// Starts logging for the rest of the process.
pub(crate) fn start(config: &LogConfig) -> Result<(), Trouble> {
    let filter = filter(&config.level)?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(io::stderr().is_terminal())
        // A log on a full disk must not cost more than its own lines: telling of a line that could
        // not be written would panic, in whichever thread it was written.
        .log_internal_errors(false)
        .with_writer(io::stderr);
    let started = match config.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| Trouble::failed(format!("cannot start the log: {error}")))
}

/// Crates below us that tell, at the finer levels, what passes through them: frames with
/// everybody's messages, headers with tokens, statements with their parameters.
const INDISCREET: &[&str] =
    &["tungstenite", "tokio_tungstenite", "hyper", "hyper_util", "rustls", "tokio_postgres"];

/// What was audited is told at every level, unless the setting names it; what others see of
/// messages and secrets at none, unless the setting names them.
fn filter(level: &str) -> Result<EnvFilter, Trouble> {
    let wrong = |error: &dyn std::fmt::Display| {
        Trouble::usage(format!("log.level: `{level}` is not understood: {error}"))
    };
    let mut directives = level.trim().to_owned();
    if !directives.contains(audit::TARGET) {
        directives = format!("{directives},{}=info", audit::TARGET);
    }
    for target in INDISCREET.iter().filter(|target| !level.contains(&format!("{target}="))) {
        directives = format!("{directives},{target}=warn");
    }
    // The filter itself takes any word for the name of a module.
    let is_level = |part: &str| part.contains('=') || part.parse::<tracing::Level>().is_ok();
    if let Some(part) = level.split(',').map(str::trim).find(|part| !is_level(part)) {
        return Err(wrong(&format!("{part:?} is no level")));
    }
    EnvFilter::try_new(directives).map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_checked_and_the_audit_stays() {
        assert!(filter("warn").unwrap().to_string().contains("audit=info"));
        assert!(!filter("warn,audit=off").unwrap().to_string().contains("audit=info"));
        assert!(filter("info,hoopoe_gateway=debug").is_ok());
        let words = |level| filter(level).unwrap().to_string();
        assert!(words("trace").contains("tokio_tungstenite=warn"));
        assert!(words("trace,hyper=debug").contains("hyper=debug"));
        assert!(!words("trace,hyper=debug").contains("hyper=warn"));
        for bad in ["loud", "", "info,loud", "a=loud"] {
            assert!(filter(bad).is_err(), "{bad}");
        }
    }
}
