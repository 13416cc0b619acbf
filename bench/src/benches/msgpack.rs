//! `msgpack`: the load of `direct` over sockets that speak MessagePack.

use crate::benches::direct;
use crate::house::Context;
use crate::load::Tongue;
use crate::report::Figure;
use crate::trouble::Outcome;

pub(crate) const NAME: &str = "msgpack";

pub(crate) fn run(context: &Context) -> Outcome<Vec<Figure>> {
    direct::measure(NAME, context, Tongue::MessagePack)
}
