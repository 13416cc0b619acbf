//! The commands of this domain.

use hoopoe_kernel::{Auth, Command, Method, Rate};
use hoopoe_wire::{
    codes,
    messages::{
        ChangePage, GetMessage, ListChanges, ListMessages, MarkMessages, MarksNow, Message,
        MessagePage, SendRequest, SentMessage,
    },
};

use crate::{Messages, service::Mark};

/// The table.
pub fn commands(service: &Messages) -> Vec<Command> {
    vec![
        send(service),
        list(service),
        get(service),
        changes(service),
        mark(service, Mark::Delivered),
        mark(service, Mark::Read),
    ]
}

fn send(service: &Messages) -> Command {
    let service = service.clone();
    Command::new("messages.send", Method::Post, "/v1/conversations/{conversation}/messages")
        .doc(
            "Sends a message. The answer comes after it is on stable storage: what was answered \
             is never lost, doubled or reordered.\n\nA repeat of `client_id` by the same sender \
             answers 200 and the message as it is now; with other content 409.",
        )
        .rate(Rate::Send)
        .ordered()
        .naturally_idempotent()
        .answers(&[201, 200])
        .fails(&[
            &codes::CONVERSATION_NOT_FOUND,
            &codes::MESSAGE_FORBIDDEN,
            &codes::CLIENT_ID_CONFLICT,
            &codes::MESSAGE_NOT_FOUND,
        ])
        .handle::<SendRequest, SentMessage, _, _>(move |ctx, request| {
            let service = service.clone();
            async move { service.send(ctx, request).await }
        })
}

fn list(service: &Messages) -> Command {
    let service = service.clone();
    Command::new("messages.list", Method::Get, "/v1/conversations/{conversation}/messages")
        .doc("A page of history: the newest, or the one before, after or around a `seq`.")
        .fails(&[&codes::CONVERSATION_NOT_FOUND])
        .handle::<ListMessages, MessagePage, _, _>(move |ctx, request| {
            let service = service.clone();
            async move { service.list(ctx, request).await }
        })
}

fn get(service: &Messages) -> Command {
    let service = service.clone();
    Command::new("messages.get", Method::Get, "/v1/conversations/{conversation}/messages/{seq}")
        .doc("One message as it is now.")
        .fails(&[&codes::CONVERSATION_NOT_FOUND, &codes::MESSAGE_NOT_FOUND])
        .handle::<GetMessage, Message, _, _>(move |ctx, request| {
            let service = service.clone();
            async move { service.get(ctx, request).await }
        })
}

fn changes(service: &Messages) -> Command {
    let service = service.clone();
    Command::new("messages.changes", Method::Get, "/v1/conversations/{conversation}/changes")
        .doc("The changes of a conversation behind a `rev`, in order: what a client missed.")
        .fails(&[&codes::CONVERSATION_NOT_FOUND])
        .handle::<ListChanges, ChangePage, _, _>(move |ctx, request| {
            let service = service.clone();
            async move { service.changes(ctx, request).await }
        })
}

fn mark(service: &Messages, mark: Mark) -> Command {
    let service = service.clone();
    let command = match mark {
        Mark::Delivered => Command::new(
            "messages.delivered",
            Method::Post,
            "/v1/conversations/{conversation}/delivered",
        )
        .doc("Says that the caller's device has received the messages up to a `seq`."),
        Mark::Read => {
            Command::new("messages.read", Method::Post, "/v1/conversations/{conversation}/read")
                .doc("Says that the caller has read up to a `seq`. A mark never falls.")
        }
    };
    command
        .auth(Auth::User)
        .rate(Rate::Light)
        .naturally_idempotent()
        .fails(&[&codes::CONVERSATION_NOT_FOUND])
        .handle::<MarkMessages, MarksNow, _, _>(move |ctx, request| {
            let service = service.clone();
            async move { service.mark(ctx, request, mark).await }
        })
}
