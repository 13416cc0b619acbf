//! The command line, and the sizes of a run that follow from it.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Measures a Hoopoe server: starts a server process of its own for each bench, loads it over
/// real sockets, prints one JSON object a line for each figure and a table at the end.
///
/// Exits 0 when every bench ran (a missed bar is said in the table, it is no failure), 1 when one
/// could not run or a message was lost or doubled, 2 on wrong usage.
#[derive(Debug, Parser)]
#[command(name = "hoopoe-bench", version)]
pub(crate) struct Args {
    /// The server's program; it is started as `PATH serve --data DIR --listen 127.0.0.1:0`.
    #[arg(long, value_name = "PATH")]
    pub(crate) server: PathBuf,
    /// Where the servers' data directories are made and removed again: a real disk, no tmpfs.
    #[arg(long, value_name = "DIR", default_value = "target/bench-data")]
    pub(crate) data: PathBuf,
    /// Writes the figures as JSON lines to this file (overwritten); `-` is standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Shorter measurements and smaller databases: for orientation, not for publication.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Sizes other than the published ones.
    #[command(flatten)]
    pub(crate) sizes: SizeArgs,
    /// The benches to run, in this order; all of them when none is named.
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<BenchName>,
}

/// The benches, in the order of the published table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BenchName {
    /// Messages per second between pairs of users.
    Direct,
    /// The same over sockets that speak MessagePack.
    Msgpack,
    /// Time from intended send to receive at a fixed rate.
    Latency,
    /// Deliveries per second in one large group.
    Group,
    /// Memory and CPU of idle connections.
    Idle,
    /// Newest page of a long conversation.
    Page,
    /// Time from process start to an accepted session; memory when empty.
    Start,
    /// CPU per message in a small and in a large database.
    Growth,
    /// Read marks per second.
    Receipts,
    /// Clients that come back at once after all were dropped.
    Storm,
    /// Coming back to many conversations after a long time.
    Sync,
    /// The load of direct through the SDK for Rust.
    Sdk,
    /// Memory of idle connections over TLS.
    Tls,
}

/// Overrides of single sizes. The bars of the table hold for the defaults only.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Sizes (defaults in parentheses; [quick])")]
pub(crate) struct SizeArgs {
    /// Seconds of load before measuring (2).
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub(crate) warm_up_s: Option<u64>,
    /// Seconds measured (10 [3]; latency 20 [5]; receipts 4 [1]; rounds of growth 2 [1]).
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) measure_s: Option<u64>,
    /// Milliseconds of each probe of the disk, before and after the load (1,000; latency 3,000).
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..=600_000))]
    pub(crate) probe_ms: Option<u64>,
    /// Pairs of users in direct and growth (100).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=5000))]
    pub(crate) pairs: Option<u64>,
    /// Messages in flight per pair in direct and growth (16).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=256))]
    pub(crate) window: Option<u64>,
    /// Messages per second in latency (500).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) latency_rate: Option<u64>,
    /// Online members of the group (1,000).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=15_000))]
    pub(crate) group_members: Option<u64>,
    /// Members of the group that send (10).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) group_senders: Option<u64>,
    /// Messages in flight per sender in the group (4).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=64))]
    pub(crate) group_window: Option<u64>,
    /// Connections of idle (15,000).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) idle_connections: Option<u64>,
    /// Messages in the conversation of page (1,000,000 [50,000]); a tenth as many changes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(50..))]
    pub(crate) page_messages: Option<u64>,
    /// Messages in the database of start (10,000).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) start_messages: Option<u64>,
    /// Messages in the large database of growth (10,000,000 [200,000]).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) growth_messages: Option<u64>,
    /// Conversations in the large database of growth (100,000 [2,000]); more than pairs.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=10_000_000))]
    pub(crate) growth_conversations: Option<u64>,
    /// Rounds of growth in each of its two databases (3).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(crate) growth_rounds: Option<u64>,
    /// Messages that there are to read in receipts (2,000,000 [500,000]).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) receipts_messages: Option<u64>,
    /// Clients of the storm (3,000).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=15_000))]
    pub(crate) storm_clients: Option<u64>,
    /// Conversations of sync (10,000 [1,000]); a twentieth of them has moved, by 40 messages each.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(20..=15_000))]
    pub(crate) sync_conversations: Option<u64>,
    /// Seconds for which the others have been quiet; only what is older than 600 is not listed
    /// (620 [0]).
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub(crate) sync_age_s: Option<u64>,
    /// Connections of tls (5,000 [1,000]).
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) tls_connections: Option<u64>,
}

/// How large and how long everything is in this run.
#[derive(Debug, Clone)]
pub(crate) struct Sizes {
    pub(crate) warm_up: Duration,
    pub(crate) measure: Duration,
    pub(crate) latency_measure: Duration,
    pub(crate) growth_measure: Duration,
    pub(crate) probe: Duration,
    pub(crate) latency_probe: Duration,
    pub(crate) pairs: usize,
    pub(crate) window: usize,
    pub(crate) latency_rate: u64,
    pub(crate) latency_pairs: usize,
    pub(crate) group_members: usize,
    pub(crate) group_senders: usize,
    pub(crate) group_window: usize,
    pub(crate) idle_connections: usize,
    pub(crate) page_messages: u64,
    pub(crate) page_clients: usize,
    pub(crate) start_messages: u64,
    pub(crate) start_rounds: usize,
    pub(crate) growth_messages: u64,
    pub(crate) growth_conversations: usize,
    pub(crate) growth_rounds: usize,
    pub(crate) receipts_messages: u64,
    /// Short, so that there is always something left to read; the warm-up is no longer than this.
    pub(crate) receipts_measure: Duration,
    pub(crate) storm_clients: usize,
    pub(crate) sync_conversations: usize,
    pub(crate) sync_changed: usize,
    pub(crate) sync_messages: u64,
    pub(crate) sync_age: Duration,
    pub(crate) tls_connections: usize,
}

impl Args {
    /// The published sizes, or the quick ones, with the overrides of the command line.
    pub(crate) fn sizes(&self) -> Sizes {
        let own = &self.sizes;
        let seconds = |full: u64, quick: u64| {
            Duration::from_secs(own.measure_s.unwrap_or(if self.quick { quick } else { full }))
        };
        let count = |own: Option<u64>, full: u64, quick: u64| {
            own.unwrap_or(if self.quick { quick } else { full })
        };
        let many = |own: Option<u64>, full: u64, quick: u64| {
            usize::try_from(count(own, full, quick)).unwrap_or(usize::MAX)
        };
        let group_members = many(own.group_members, 1000, 1000);
        let pairs = many(own.pairs, 100, 100);
        let sync_conversations = many(own.sync_conversations, 10_000, 1_000);
        let sync_changed = sync_conversations / 20;
        Sizes {
            warm_up: Duration::from_secs(count(own.warm_up_s, 2, 2)),
            measure: seconds(10, 3),
            latency_measure: seconds(20, 5),
            growth_measure: seconds(2, 1),
            probe: Duration::from_millis(count(own.probe_ms, 1000, 1000)),
            latency_probe: Duration::from_millis(count(own.probe_ms, 3000, 3000)),
            pairs,
            window: many(own.window, 16, 16),
            latency_rate: count(own.latency_rate, 500, 500),
            latency_pairs: pairs.min(50),
            group_members,
            group_senders: many(own.group_senders, 10, 10).min(group_members),
            group_window: many(own.group_window, 4, 4),
            idle_connections: many(own.idle_connections, 15_000, 15_000),
            page_messages: count(own.page_messages, 1_000_000, 50_000),
            page_clients: 8,
            start_messages: count(own.start_messages, 10_000, 10_000),
            start_rounds: 5,
            growth_messages: count(own.growth_messages, 10_000_000, 200_000),
            growth_conversations: many(own.growth_conversations, 100_000, 2000).max(pairs + 1),
            growth_rounds: many(own.growth_rounds, 3, 3),
            receipts_measure: seconds(4, 1),
            receipts_messages: count(own.receipts_messages, 2_000_000, 500_000),
            storm_clients: many(own.storm_clients, 3000, 3000),
            sync_conversations,
            sync_changed,
            sync_messages: sync_changed as u64 * 40,
            sync_age: Duration::from_secs(count(own.sync_age_s, 620, 0)),
            tls_connections: many(own.tls_connections, 5000, 1000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Args, clap::Error> {
        let program = ["hoopoe-bench", "--server", "hoopoe"];
        Args::try_parse_from(program.iter().chain(arguments))
    }

    #[test]
    fn the_defaults_are_the_published_sizes() {
        let sizes = parse(&[]).unwrap().sizes();
        assert_eq!((sizes.pairs, sizes.window), (100, 16));
        assert_eq!((sizes.group_members, sizes.group_senders), (1000, 10));
        assert_eq!((sizes.idle_connections, sizes.tls_connections), (15_000, 5_000));
        assert_eq!(sizes.page_messages, 1_000_000);
        assert_eq!((sizes.growth_messages, sizes.growth_conversations), (10_000_000, 100_000));
        assert_eq!(sizes.measure, Duration::from_secs(10));
    }

    #[test]
    fn quick_is_smaller_and_an_override_wins_over_it() {
        let sizes = parse(&["--quick", "--growth-messages", "5000", "direct"]).unwrap().sizes();
        assert_eq!(sizes.measure, Duration::from_secs(3));
        assert_eq!(sizes.page_messages, 50_000);
        assert_eq!((sizes.growth_messages, sizes.growth_conversations), (5000, 2000));
    }

    #[test]
    fn an_unknown_bench_and_a_missing_server_are_usage_errors() {
        assert_eq!(parse(&["directt"]).unwrap_err().exit_code(), 2);
        assert_eq!(Args::try_parse_from(["hoopoe-bench"]).unwrap_err().exit_code(), 2);
    }
}
