//! `storm`: everybody loses the connection at once, misses something, and comes back.

use serde_json::json;

use crate::comeback::{Traveller, come_back};
use crate::fill::fill_town;
use crate::house::{Context, House, Town};
use crate::load::Engine;
use crate::procfs;
use crate::progress;
use crate::report::Figure;
use crate::trouble::{Outcome, incorrect};

pub(crate) const NAME: &str = "storm";

/// Messages that each client misses.
const MISSED: u64 = 2;

pub(crate) fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let clients = context.sizes.storm_clients;
    let mut house = House::open(context, NAME)?;
    let bar = progress::counted(NAME, "setting up");
    let town = Town::star(&house.api()?, clients, &bar)?;
    bar.finish_and_clear();
    let mut travellers: Vec<Traveller> = town
        .right
        .iter()
        .map(|person| Traveller {
            token: person.token.clone(),
            cursor: None,
            known: Default::default(),
        })
        .collect();
    let address = house.server()?.address();
    let mut engine = Engine::new()?;
    let bar = progress::counted(NAME, "connecting");
    come_back(&mut engine, address, &mut travellers, &bar)?;
    bar.finish_and_clear();
    drop(engine);
    fill_town(NAME, &house, &town, MISSED * clients as u64)?;

    let pid = house.pid()?;
    let cpu_before = procfs::cpu_time(pid)?;
    let mut engine = Engine::new()?;
    let bar = progress::counted(NAME, "coming back");
    let storm = come_back(&mut engine, address, &mut travellers, &bar)?;
    bar.finish_and_clear();
    let cpu = procfs::cpu_time(pid)?.saturating_sub(cpu_before);
    drop(engine);
    house.stop()?;
    if storm.messages != MISSED * clients as u64 {
        return incorrect(format!("{} messages were read, not all", storm.messages));
    }
    let params = json!({"clients": clients, "missed_each": MISSED, "all_back_ms":
        storm.elapsed.as_secs_f64() * 1e3});
    let rate = clients as f64 / storm.elapsed.as_secs_f64();
    let figure = Figure::new(NAME, "resumes_per_s", rate, "resumes/s", params)
        .server_cpu(cpu.as_secs_f64() * 1e6 / clients as f64);
    Ok(vec![figure])
}
