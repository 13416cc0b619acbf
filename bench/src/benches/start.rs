//! `start`: from the start of the process on an existing database to an accepted session, and what
//! an empty server holds in memory.

use std::time::Duration;

use serde_json::json;

use crate::connect::start_sessions;
use crate::fill::fill_town;
use crate::house::{Context, House, Town};
use crate::load::Engine;
use crate::procfs;
use crate::progress;
use crate::report::Figure;
use crate::trouble::Outcome;

pub(crate) const NAME: &str = "start";

/// Pairs that share the messages of the existing database.
const PAIRS: usize = 100;

pub(crate) fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let mut figures = vec![ready(context)?];
    figures.extend(empty(context)?);
    Ok(figures)
}

fn ready(context: &Context) -> Outcome<Figure> {
    let sizes = &context.sizes;
    let mut house = House::open(context, NAME)?;
    let bar = progress::counted(NAME, "setting up");
    let town = Town::pairs(&house.api()?, PAIRS, &bar)?;
    bar.finish_and_clear();
    fill_town(NAME, &house, &town, sizes.start_messages)?;
    house.stop()?;

    let spinner = progress::timed(NAME, "starting again and again");
    let mut times = Vec::new();
    for _ in 0..sizes.start_rounds {
        house.start()?;
        let mut engine = Engine::new()?;
        let token = std::iter::once(town.left[0].token.as_str());
        start_sessions(&mut engine, house.server()?.address(), token, &progress::hidden())?;
        times.push(house.server()?.started().elapsed());
        drop(engine);
        house.stop()?;
    }
    spinner.finish_and_clear();
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    let params = json!({
        "messages": sizes.start_messages,
        "conversations": PAIRS,
        "rounds_ms": times.iter().copied().map(ms).collect::<Vec<_>>(),
    });
    Ok(Figure::new(NAME, "ready_ms", ms(times[times.len() / 2]), "ms", params))
}

/// Memory of a server with a fresh data directory: when it listens, and after a first request.
fn empty(context: &Context) -> Outcome<[Figure; 2]> {
    let mut house = House::without_app(context, NAME)?;
    let pid = house.pid()?;
    let at_start = procfs::memory(pid)?;
    house.create_app()?;
    house.api()?.one_user()?;
    let after_request = procfs::memory(pid)?;
    house.stop()?;
    let figure = |name, memory: procfs::Memory| {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let params = json!({"anon_mib": mib(memory.anon_bytes)});
        Figure::new(NAME, name, mib(memory.rss_bytes), "MiB", params)
    };
    Ok([figure("empty_rss_mib", at_start), figure("empty_rss_after_request_mib", after_request)])
}
