//! `direct`: pairs of users, one of each pair writes to the other, with a window.

use serde_json::json;

use crate::house::{Context, House, Town, fsync_params, with};
use crate::load::Tongue;
use crate::progress;
use crate::report::Figure;
use crate::request::BODY;
use crate::traffic::{self, Timing};
use crate::trouble::Outcome;

pub(crate) const NAME: &str = "direct";

pub(crate) fn run(context: &Context) -> Outcome<Vec<Figure>> {
    measure(NAME, context, Tongue::Json)
}

/// The bench in one of the forms that frames have.
pub(super) fn measure(
    name: &'static str,
    context: &Context,
    tongue: Tongue,
) -> Outcome<Vec<Figure>> {
    let sizes = &context.sizes;
    let mut house = House::open(context, name)?;
    let town = Town::pairs(&house.api()?, sizes.pairs, &progress::counted(name, "setting up"))?;
    let mut fsync = house.fsync(sizes.probe)?;
    let timing = Timing { warm_up: sizes.warm_up, measure: sizes.measure };
    let (measured, sent) = traffic::measure(name, &house, &town, tongue, sizes.window, timing)?;
    fsync.merge(&house.fsync(sizes.probe)?);
    house.stop()?;
    let params = json!({
        "pairs": sizes.pairs,
        "window": sizes.window,
        "body_bytes": BODY.len(),
        "messages_in_all": sent,
    });
    let params = with(with(params, measured.load()), fsync_params(&fsync));
    let figure = Figure::new(name, "messages_per_s", measured.per_second(), "messages/s", params)
        .server_cpu(measured.server_cpu_us());
    Ok(vec![figure])
}
