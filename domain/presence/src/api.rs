//! The commands of the domain.

use std::future::Future;

use hoopoe_kernel::{Answer, Auth, Command, Ctx, Method, Rate};
use hoopoe_wire::{
    codes,
    presence::{ListPresence, SetTyping, SubscribePresence, UnsubscribePresence},
};

use crate::Presence;

/// All of them.
pub fn commands(presence: &Presence) -> Vec<Command> {
    let mut commands = presence_commands(presence);
    commands.push(typing_command(presence));
    commands
}

/// Binds a command's code to the service.
fn on<Req, Fut: Future>(
    presence: &Presence,
    run: impl Fn(Presence, Ctx, Req) -> Fut + Send + Sync + 'static,
) -> impl Fn(Ctx, Req) -> Fut + Send + Sync + 'static {
    let presence = presence.clone();
    move |ctx, request| run(presence.clone(), ctx, request)
}

fn presence_commands(presence: &Presence) -> Vec<Command> {
    vec![
        Command::new("presence.list", Method::Get, "/v1/presence")
            .doc(
                "Tells who is there.\n\nA user sees those with whom they share a conversation of \
                 up to 2,000 members, unless one of the two hides; everybody else is offline. The \
                 app's backend sees everybody of the app.",
            )
            .auth(Auth::UserOrServer)
            .handle(on(presence, |presence, ctx, request: ListPresence| async move {
                Ok(Answer::ok(presence.list(&ctx, request).await?))
            })),
        Command::new("presence.subscribe", Method::Post, "/v1/presence/subscribe")
            .doc(
                "Tells who is there, and from then on by `presence.updated` what changes.\n\nOver \
                 a socket only, and until it ends: subscribe anew after connecting. Who cannot be \
                 seen is offline, and comes into sight when that changes.",
            )
            .naturally_idempotent()
            .fails(&[&codes::PRESENCE_SOCKET_ONLY, &codes::PRESENCE_TOO_MANY])
            .handle(on(presence, |presence, ctx, request: SubscribePresence| async move {
                Ok(Answer::ok(presence.subscribe(&ctx, request).await?))
            })),
        Command::new("presence.unsubscribe", Method::Post, "/v1/presence/unsubscribe")
            .doc("Ends subscriptions of this socket: those named, or all of them.")
            .naturally_idempotent()
            .fails(&[&codes::PRESENCE_SOCKET_ONLY])
            .handle(on(presence, |presence, ctx, request: UnsubscribePresence| async move {
                Ok(Answer::ok(presence.unsubscribe(&ctx, request).await?))
            })),
    ]
}

fn typing_command(presence: &Presence) -> Command {
    Command::new("messages.typing", Method::Post, "/v1/conversations/{conversation}/typing")
        .doc(
            "Says that the caller writes, or does not any more.\n\nThe other members who are \
             online are told, up to 100 members. It ends by itself after 6 s: say it again every \
             few seconds.",
        )
        .rate(Rate::Light)
        .naturally_idempotent()
        .fails(&[&codes::CONVERSATION_NOT_FOUND, &codes::CONVERSATION_FORBIDDEN])
        .handle(on(presence, |presence, ctx, request: SetTyping| async move {
            Ok(Answer::ok(presence.typing(&ctx, request).await?))
        }))
}
