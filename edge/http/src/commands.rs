//! Commands about the server itself.

use bytes::Bytes;
use hoopoe_kernel::{Answer, Auth, Command, Method};
use hoopoe_wire::{
    limits::{Limit, Limits},
    page::Empty,
};

/// The table. `limits` are the limits as this server is configured.
pub fn commands(limits: Vec<Limit>) -> Vec<Command> {
    let limits = serde_json::to_vec(&Limits { items: limits })
        .expect("a limit holds texts and numbers only, which always encode");
    let limits = Bytes::from(limits);
    let list = Command::new("limits.list", Method::Get, "/v1/limits")
        .doc("Lists every limit of this server with its value and its reason.")
        .auth(Auth::Public)
        .handle(move |_ctx, _request: Empty| {
            let answer = Answer::<Limits>::encoded(200, limits.clone());
            async move { Ok(answer) }
        });
    vec![list]
}
