//! `sync`: somebody with many conversations comes back after a long time.
//!
//! The server lists what has moved since the cursor's time, less ten minutes. The conversations
//! that are to be quiet must be older than that, so the bench waits.

use std::time::Duration;

use serde_json::json;

use crate::comeback::{Traveller, come_back};
use crate::fill::fill_town;
use crate::house::{Context, House, Town};
use crate::load::Engine;
use crate::procfs;
use crate::progress;
use crate::report::Figure;
use crate::trouble::{Outcome, incorrect};

pub(crate) const NAME: &str = "sync";

pub(crate) fn run(context: &Context) -> Outcome<Vec<Figure>> {
    let sizes = &context.sizes;
    let mut house = House::open(context, NAME)?;
    let bar = progress::counted(NAME, "setting up");
    let town = Town::crowd(&house.api()?, sizes.sync_conversations, &bar)?;
    bar.finish_and_clear();
    let token = town.right[0].token.clone();
    let mut travellers = [Traveller { token, cursor: None, known: Default::default() }];
    age(sizes.sync_age)?;
    let address = house.server()?.address();
    come_back(&mut Engine::new()?, address, &mut travellers, &progress::hidden())?;
    fill_town(NAME, &house, &town.first(sizes.sync_changed), sizes.sync_messages)?;

    let pid = house.pid()?;
    let cpu_before = procfs::cpu_time(pid)?;
    let mut engine = Engine::new()?;
    let home = come_back(&mut engine, address, &mut travellers, &progress::hidden())?;
    let cpu = procfs::cpu_time(pid)?.saturating_sub(cpu_before);
    drop(engine);
    house.stop()?;
    if home.messages != sizes.sync_messages {
        return incorrect(format!("{} messages were read, not all", home.messages));
    }
    let params = json!({
        "conversations": sizes.sync_conversations,
        "changed": sizes.sync_changed,
        "messages": sizes.sync_messages,
        "quiet_for_s": sizes.sync_age.as_secs(),
    });
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let figure = |name, value| Figure::new(NAME, name, value, "ms", params.clone());
    Ok(vec![
        figure("server_cpu_ms", ms(cpu)),
        figure("first_screen_ms", ms(home.first_screen)),
        figure("caught_up_ms", ms(home.elapsed)),
    ])
}

/// Lets the conversations grow old.
fn age(how_long: Duration) -> Outcome<()> {
    let seconds = how_long.as_secs();
    let _spinner = progress::timed(NAME, format!("letting the quiet ones grow old, {seconds} s"));
    Engine::new()?.rest(how_long)
}
