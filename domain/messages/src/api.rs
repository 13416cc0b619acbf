//! The commands of this domain.

use hoopoe_kernel::{Answer, Auth, Command, Method, Rate};
use hoopoe_wire::{
    codes,
    messages::{
        ChangePage, DeleteMessage, EditPage, GetMessage, ListChanges, ListEdits, ListMessages,
        ListReactions, ListReceipts, MarkMessages, MarksNow, Message, MessagePage, MessageRef,
        React, ReactionPage, ReactionSummary, RecalledMessage, Receipts, SendRequest, SentMessage,
        UpdateMessage,
    },
    page::Empty,
};

use crate::{
    Messages,
    service::{Mark, Reacting},
};

const MESSAGE: &str = "/v1/conversations/{conversation}/messages/{seq}";
const RECALL: &str = "/v1/conversations/{conversation}/messages/{seq}/recall";
const EDITS: &str = "/v1/conversations/{conversation}/messages/{seq}/edits";
const RECEIPTS: &str = "/v1/conversations/{conversation}/messages/{seq}/receipts";
const REACTIONS: &str = "/v1/conversations/{conversation}/messages/{seq}/reactions";
const REACTION: &str = "/v1/conversations/{conversation}/messages/{seq}/reactions/{emoji}";

/// The table.
pub fn commands(service: &Messages) -> Vec<Command> {
    vec![
        send(service),
        list(service),
        get(service),
        changes(service),
        mark(service, Mark::Delivered),
        mark(service, Mark::Read),
        mark_unread(service),
        update(service),
        edits(service),
        recall(service),
        delete(service),
        react(service, Reacting::Add),
        react(service, Reacting::Remove),
        reactions(service),
        receipts(service),
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
    Command::new("messages.get", Method::Get, MESSAGE)
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

fn mark_unread(service: &Messages) -> Command {
    let service = service.clone();
    Command::new("messages.unread", Method::Post, "/v1/conversations/{conversation}/unread")
        .doc(
            "Marks the conversation as unread from a message on, until the caller reads up to there \
             again. The caller's other devices hear `conversation.settings_updated`.\n\nThe read \
             mark and `unread` stay as they are: nobody else sees a difference.",
        )
        .rate(Rate::Light)
        .naturally_idempotent()
        .fails(&[&codes::CONVERSATION_NOT_FOUND])
        .handle::<MarkMessages, MarksNow, _, _>(move |ctx, request| {
            let service = service.clone();
            async move { service.mark_unread(ctx, request).await }
        })
}

fn update(service: &Messages) -> Command {
    let service = service.clone();
    Command::new("messages.update", Method::Patch, MESSAGE)
        .doc(
            "Changes text, mentions or metadata of a message of the caller's own, within the app's \
             `edit_window_s`. Everybody hears `message.updated`.\n\nThe last edit wins; what it \
             replaced is at `messages.edits`. An edit that changes nothing makes no event.",
        )
        .fails(&[
            &codes::CONVERSATION_NOT_FOUND,
            &codes::MESSAGE_NOT_FOUND,
            &codes::MESSAGE_FORBIDDEN,
            &codes::MESSAGE_TOO_LATE,
            &codes::MESSAGE_GONE,
            &codes::TOO_MANY_EDITS,
        ])
        .handle::<UpdateMessage, Message, _, _>(move |ctx, request| {
            let service = service.clone();
            async move { service.update(ctx, request).await }
        })
}

fn edits(service: &Messages) -> Command {
    let service = service.clone();
    Command::new("messages.edits", Method::Get, EDITS)
        .doc("What a message has said: as it was sent first, as it is now last.")
        .fails(&[&codes::CONVERSATION_NOT_FOUND, &codes::MESSAGE_NOT_FOUND])
        .handle::<ListEdits, EditPage, _, _>(move |ctx, request| {
            let service = service.clone();
            async move { service.edits(ctx, request).await }
        })
}

fn recall(service: &Messages) -> Command {
    let service = service.clone();
    Command::new("messages.recall", Method::Post, RECALL)
        .doc(
            "Takes a message back: its content, its earlier versions and its reactions are gone for \
             everybody, and everybody hears `message.recalled`. Authors may within the app's \
             `recall_window_s`, owners and admins of the group and the app's backend at any \
             time.\n\nThe author gets the content in this reply, to write it anew; the server \
             keeps nothing of it. A repeat answers the tombstone.",
        )
        .auth(Auth::UserOrServer)
        // The reply holds what must not be kept.
        .naturally_idempotent()
        .fails(&[
            &codes::CONVERSATION_NOT_FOUND,
            &codes::MESSAGE_NOT_FOUND,
            &codes::MESSAGE_FORBIDDEN,
            &codes::MESSAGE_TOO_LATE,
        ])
        .handle::<MessageRef, RecalledMessage, _, _>(move |ctx, request| {
            let service = service.clone();
            async move { service.recall(ctx, request).await }
        })
}

fn delete(service: &Messages) -> Command {
    let service = service.clone();
    Command::new("messages.delete", Method::Delete, MESSAGE)
        .doc(
            "Deletes a message for the caller (`scope=me`, the default) or for everybody \
             (`scope=all`).\n\nFor oneself it is gone from every list and does not count as unread; \
             only the caller's own devices hear it (`message.hidden`). For everybody it may who may \
             recall it, and everybody hears `message.deleted`.",
        )
        .auth(Auth::UserOrServer)
        .fails(&[
            &codes::CONVERSATION_NOT_FOUND,
            &codes::MESSAGE_NOT_FOUND,
            &codes::MESSAGE_FORBIDDEN,
            &codes::MESSAGE_TOO_LATE,
            &codes::TOO_MANY_HIDDEN,
        ])
        .handle::<DeleteMessage, Empty, _, _>(move |ctx, request| {
            let service = service.clone();
            async move { Ok(Answer::ok(service.delete(ctx, request).await?)) }
        })
}

fn react(service: &Messages, way: Reacting) -> Command {
    let service = service.clone();
    let command = match way {
        Reacting::Add => Command::new("messages.react", Method::Put, REACTION)
            .doc(
                "Reacts to a message with an emoji, or the `:name:` of one. Everybody hears \
                 `reaction.added`.\n\n201 when it is new, 200 when it was there.",
            )
            .answers(&[201, 200]),
        Reacting::Remove => Command::new("messages.unreact", Method::Delete, REACTION)
            .doc("Takes the caller's reaction back. Everybody hears `reaction.removed`."),
    };
    command
        .fails(&[
            &codes::CONVERSATION_NOT_FOUND,
            &codes::MESSAGE_NOT_FOUND,
            &codes::MESSAGE_FORBIDDEN,
            &codes::MESSAGE_GONE,
            &codes::TOO_MANY_REACTIONS,
        ])
        .handle::<React, ReactionSummary, _, _>(move |ctx, request| {
            let service = service.clone();
            async move { service.react(ctx, request, way).await }
        })
}

fn reactions(service: &Messages) -> Command {
    let service = service.clone();
    Command::new("messages.reactions", Method::Get, REACTIONS)
        .doc("Who reacted to a message and with what, the oldest first.")
        .fails(&[&codes::CONVERSATION_NOT_FOUND, &codes::MESSAGE_NOT_FOUND])
        .handle::<ListReactions, ReactionPage, _, _>(move |ctx, request| {
            let service = service.clone();
            async move { Ok(Answer::ok(service.reactions(ctx, request).await?)) }
        })
}

fn receipts(service: &Messages) -> Command {
    let service = service.clone();
    Command::new("messages.receipts", Method::Get, RECEIPTS)
        .doc(
            "Who has received and read a message, and who has not: everybody who was a member when \
             it was sent and still is, without its sender. Exact counts, and a page of \
             names.\n\nFor the sender, owners and admins of the group, and the app's backend.",
        )
        .auth(Auth::UserOrServer)
        .fails(&[
            &codes::CONVERSATION_NOT_FOUND,
            &codes::MESSAGE_NOT_FOUND,
            &codes::MESSAGE_FORBIDDEN,
        ])
        .handle::<ListReceipts, Receipts, _, _>(move |ctx, request| {
            let service = service.clone();
            async move { Ok(Answer::ok(service.receipts(ctx, request).await?)) }
        })
}
