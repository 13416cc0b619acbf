//! The benches. Each starts servers of its own and gives back its figures.

mod direct;
mod group;
mod growth;
mod idle;
mod latency;
mod msgpack;
mod page;
mod receipts;
mod sdk;
mod start;
mod storm;
mod sync;
mod tls;

use crate::cli::BenchName;
use crate::house::Context;
use crate::report::Figure;
use crate::trouble::Outcome;

impl BenchName {
    /// All benches, in the order of the published table.
    pub(crate) const ALL: [BenchName; 13] = [
        BenchName::Direct,
        BenchName::Msgpack,
        BenchName::Latency,
        BenchName::Group,
        BenchName::Idle,
        BenchName::Page,
        BenchName::Start,
        BenchName::Growth,
        BenchName::Receipts,
        BenchName::Storm,
        BenchName::Sync,
        BenchName::Sdk,
        BenchName::Tls,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            BenchName::Direct => direct::NAME,
            BenchName::Msgpack => msgpack::NAME,
            BenchName::Latency => latency::NAME,
            BenchName::Group => group::NAME,
            BenchName::Idle => idle::NAME,
            BenchName::Page => page::NAME,
            BenchName::Start => start::NAME,
            BenchName::Growth => growth::NAME,
            BenchName::Receipts => receipts::NAME,
            BenchName::Storm => storm::NAME,
            BenchName::Sync => sync::NAME,
            BenchName::Sdk => sdk::NAME,
            BenchName::Tls => tls::NAME,
        }
    }

    /// Runs the bench from an empty directory to its figures.
    pub(crate) fn run(self, context: &Context) -> Outcome<Vec<Figure>> {
        match self {
            BenchName::Direct => direct::run(context),
            BenchName::Msgpack => msgpack::run(context),
            BenchName::Latency => latency::run(context),
            BenchName::Group => group::run(context),
            BenchName::Idle => idle::run(context),
            BenchName::Page => page::run(context),
            BenchName::Start => start::run(context),
            BenchName::Growth => growth::run(context),
            BenchName::Receipts => receipts::run(context),
            BenchName::Storm => storm::run(context),
            BenchName::Sync => sync::run(context),
            BenchName::Sdk => sdk::run(context),
            BenchName::Tls => tls::run(context),
        }
    }
}
