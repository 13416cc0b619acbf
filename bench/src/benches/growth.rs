//! `growth`: what a message costs in a small and in a large database.
//!
//! Both stages are measured in the same way, in short rounds that each begin with a server just
//! started and take turns: a machine that is slower for a while is so for both. The small stage
//! takes a fresh database for each round, because the measured load itself makes a small database
//! large.

use serde_json::{Value, json};

use crate::fill::fill_town;
use crate::house::{Context, House, Town, with};
use crate::load::Tongue;
use crate::meter::Measured;
use crate::progress;
use crate::report::Figure;
use crate::request::BODY;
use crate::traffic::{self, Timing};
use crate::trouble::{Outcome, cannot_run};

pub(crate) const NAME: &str = "growth";

/// Messages in each conversation of the small database.
const SMALL_SHARE: u64 = 10;
/// Messages in flight over all senders of the uniform traffic, as many as in `direct`.
const UNIFORM_IN_FLIGHT: usize = 1600;

pub(crate) fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let sizes = &context.sizes;
    let mut large = LargeDatabase::build(context)?;
    let data_bytes = large.house.data_bytes();
    let (mut small, mut active) = (Rounds::default(), Rounds::default());
    for _ in 0..sizes.growth_rounds {
        small.add(small_round(context)?);
        let timing = round_timing(context);
        active.add(one_round(&mut large.house, &large.active, sizes.window, timing)?);
    }
    let (small, active) = (small.end()?, active.end()?);
    let uniform_window = (UNIFORM_IN_FLIGHT / large.cold.left.len()).max(1);
    let timing = Timing { warm_up: sizes.warm_up, measure: sizes.measure };
    let uniform = one_round(&mut large.house, &large.cold, uniform_window, timing)?;

    let params = json!({
        "pairs": sizes.pairs,
        "window": sizes.window,
        "body_bytes": BODY.len(),
        "rounds": sizes.growth_rounds,
        "small_messages": sizes.pairs as u64 * SMALL_SHARE,
        "small_conversations": sizes.pairs,
        "large_messages": sizes.growth_messages,
        "large_conversations": sizes.growth_conversations,
        "large_data_bytes": data_bytes,
    });
    let uniform_params = with(
        params.clone(),
        json!({"window": uniform_window, "conversations": large.cold.routes.len()}),
    );
    let ratio = active.sum.server_cpu_us() / small.sum.server_cpu_us();
    let each = |stage: &Stage| with(params.clone(), json!({"rounds_cpu_us": stage.cpu_us}));
    Ok(vec![
        Figure::new(NAME, "cpu_ratio", ratio, "ratio", params.clone()),
        stage("small_messages_per_s", &small.sum, each(&small)),
        stage("large_messages_per_s", &active.sum, each(&active)),
        stage("uniform_messages_per_s", &uniform, uniform_params),
    ])
}

fn stage(name: &'static str, measured: &Measured, params: Value) -> Figure {
    let params = with(params, measured.load());
    Figure::new(NAME, name, measured.per_second(), "messages/s", params)
        .server_cpu(measured.server_cpu_us())
}

fn round_timing(context: &Context) -> Timing {
    let measure = context.sizes.growth_measure;
    Timing { warm_up: context.sizes.warm_up.min(measure), measure }
}

/// Starts the server on what it has, measures, and stops it.
fn one_round(house: &mut House, town: &Town, window: usize, timing: Timing) -> Outcome<Measured> {
    house.start()?;
    let (measured, _) = traffic::measure(NAME, house, town, Tongue::Json, window, timing)?;
    house.stop()?;
    Ok(measured)
}

fn small_round(context: &Context) -> Outcome<Measured> {
    let mut house = House::open(context, NAME)?;
    let bar = progress::counted(NAME, "setting up the small database");
    let town = Town::pairs(&house.api()?, context.sizes.pairs, &bar)?;
    bar.finish_and_clear();
    fill_town(NAME, &house, &town, SMALL_SHARE * town.routes.len() as u64)?;
    house.stop()?;
    one_round(&mut house, &town, context.sizes.window, round_timing(context))
}

/// The rounds of one stage.
#[derive(Default)]
struct Rounds(Vec<Measured>);

/// All rounds of a stage together, and what each cost: how far they lie apart says how much of a
/// difference between the stages is the machine's.
struct Stage {
    sum: Measured,
    cpu_us: Vec<f64>,
}

impl Rounds {
    fn add(&mut self, round: Measured) {
        self.0.push(round);
    }

    fn end(self) -> Outcome<Stage> {
        let cpu_us = self.0.iter().map(Measured::server_cpu_us).collect();
        match self.0.into_iter().reduce(|sum, round| sum.plus(&round)) {
            Some(sum) => Ok(Stage { sum, cpu_us }),
            None => cannot_run("growth has no rounds"),
        }
    }
}

/// A stopped server with many conversations: those of the active pairs, and the cold ones.
struct LargeDatabase {
    house: House,
    active: Town,
    cold: Town,
}

impl LargeDatabase {
    fn build(context: &Context) -> Outcome<LargeDatabase> {
        let sizes = &context.sizes;
        let mut house = House::open(context, NAME)?;
        let api = house.api()?;
        let bar = progress::counted(NAME, "setting up the large database");
        let active = Town::pairs(&api, sizes.pairs, &bar)?;
        let cold = Town::grid(&api, sizes.growth_conversations - sizes.pairs, &bar)?;
        bar.finish_and_clear();
        // Every conversation gets its share, the active ones too.
        fill_town(NAME, &house, &active.and(&cold), sizes.growth_messages)?;
        house.stop()?;
        Ok(LargeDatabase { house, active, cold })
    }
}
