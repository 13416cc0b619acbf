//! `idle`: many authenticated connections that do nothing.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::connect::start_sessions;
use crate::house::{Context, House};
use crate::load::Engine;
use crate::procfs;
use crate::progress;
use crate::report::Figure;
use crate::trouble::Outcome;

pub(crate) const NAME: &str = "idle";

/// Time for the server to finish what the connects left behind.
const SETTLE: Duration = Duration::from_secs(2);

pub(crate) fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let connections = context.sizes.idle_connections;
    procfs::open_files_for(connections)?;
    let mut house = House::open(context, NAME)?;
    let bar = progress::counted(NAME, "setting up");
    let people = house.api()?.people("idle", connections, &bar)?;
    bar.finish_and_clear();
    let server = house.server()?;
    let pid = server.pid();
    let empty = procfs::memory(pid)?;
    let cpu_before = procfs::cpu_time(pid)?;
    let bar = progress::counted(NAME, "connecting");
    let mut engine = Engine::new()?;
    let tokens = people.iter().map(|person| person.token.as_str());
    let connecting = start_sessions(&mut engine, server.address(), tokens, &bar)?;
    bar.finish_and_clear();
    let connect_cpu = procfs::cpu_time(pid)?.saturating_sub(cpu_before);

    let _spinner = progress::timed(NAME, "doing nothing");
    engine.rest(SETTLE)?;
    let full = procfs::memory(pid)?;
    let (cpu_before, began) = (procfs::cpu_time(pid)?, Instant::now());
    engine.rest(context.sizes.measure)?;
    let idle_cpu = procfs::cpu_time(pid)?.saturating_sub(cpu_before);
    let idle_share = idle_cpu.as_secs_f64() / began.elapsed().as_secs_f64();
    drop(engine);
    house.stop()?;

    let each = |all: Duration| all.as_secs_f64() * 1e6 / connections as f64;
    let per_connection =
        |before: u64, after: u64| (after as f64 - before as f64) / connections as f64;
    let params = json!({
        "connections": connections,
        "rss_before_bytes": empty.rss_bytes,
        "rss_after_bytes": full.rss_bytes,
        "anon_bytes_per_connection": per_connection(empty.anon_bytes, full.anon_bytes),
        "idle_s": context.sizes.measure.as_secs(),
    });
    let rss = per_connection(empty.rss_bytes, full.rss_bytes);
    let connects = connections as f64 / connecting.as_secs_f64();
    let figure = |name, value, unit| Figure::new(NAME, name, value, unit, params.clone());
    Ok(vec![
        figure("rss_bytes_per_connection", rss, "bytes"),
        figure("connects_per_s", connects, "connects/s").server_cpu(each(connect_cpu)),
        figure("idle_cpu_percent", idle_share * 100.0, "percent"),
    ])
}
