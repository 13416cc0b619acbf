//! The commands of the domain.

use std::future::Future;

use hoopoe_kernel::{Answer, Command, Ctx, Method};
use hoopoe_wire::{
    codes,
    conversations::{
        AddMembers, ConversationRef, CreateConversation, GetSync, ListConversations, ListMembers,
        RemoveMember, UpdateConversation, UpdateMember,
    },
};
use serde::Serialize;

use crate::Conversations;

/// All of them.
pub fn commands(conversations: &Conversations) -> Vec<Command> {
    let mut commands = conversation_commands(conversations);
    commands.extend(member_commands(conversations));
    commands.push(sync_command(conversations));
    commands
}

/// Binds a command's code to the service.
fn on<Req, Fut: Future>(
    conversations: &Conversations,
    run: impl Fn(Conversations, Ctx, Req) -> Fut + Send + Sync + 'static,
) -> impl Fn(Ctx, Req) -> Fut + Send + Sync + 'static {
    let conversations = conversations.clone();
    move |ctx, request| run(conversations.clone(), ctx, request)
}

/// 201 for what is new, 200 for what was there.
fn created<T: Serialize>((value, is_new): (T, bool)) -> Answer<T> {
    if is_new { Answer::created(value) } else { Answer::ok(value) }
}

fn conversation_commands(all: &Conversations) -> Vec<Command> {
    vec![
        Command::new("conversations.create", Method::Post, "/v1/conversations")
            .doc(
                "Creates a conversation.\n\nThere is one direct conversation for two people: \
                 asking for it again answers 200 and the one that exists. A group gets everybody \
                 named or is not created; its creator is its owner.",
            )
            .answers(&[201, 200])
            .fails(&[&codes::UNKNOWN_USER, &codes::TOO_MANY_MEMBERS])
            .handle(on(all, |all, ctx, request: CreateConversation| async move {
                Ok(created(all.create(&ctx, request).await?))
            })),
        Command::new("conversations.list", Method::Get, "/v1/conversations")
            .doc("Lists the caller's conversations, newest activity first.")
            .handle(on(all, |all, ctx, request: ListConversations| async move {
                Ok(Answer::ok(all.list(&ctx, request).await?))
            })),
        Command::new("conversations.get", Method::Get, "/v1/conversations/{conversation}")
            .doc("Shows a conversation.")
            .fails(&[&codes::CONVERSATION_NOT_FOUND])
            .handle(on(all, |all, ctx, request: ConversationRef| async move {
                Ok(Answer::ok(all.get(&ctx, request).await?))
            })),
        Command::new("conversations.update", Method::Patch, "/v1/conversations/{conversation}")
            .doc(
                "Changes a group's name, picture or metadata.\n\nFor owners and admins. What is \
                 left out stays; what makes no difference makes no event.",
            )
            .fails(&[
                &codes::CONVERSATION_NOT_FOUND,
                &codes::CONVERSATION_FORBIDDEN,
                &codes::DIRECT_IS_FIXED,
            ])
            .handle(on(all, |all, ctx, request: UpdateConversation| async move {
                Ok(Answer::ok(all.update(&ctx, request).await?))
            })),
        Command::new("conversations.leave", Method::Post, "/v1/conversations/{conversation}/leave")
            .doc(
                "Leaves a group.\n\nThe last owner makes somebody else owner first; who is alone \
                 may go.",
            )
            .fails(&[&codes::CONVERSATION_NOT_FOUND, &codes::DIRECT_IS_FIXED, &codes::LAST_OWNER])
            .handle(on(all, |all, ctx, request: ConversationRef| async move {
                Ok(Answer::ok(all.leave(&ctx, request).await?))
            })),
    ]
}

fn member_commands(all: &Conversations) -> Vec<Command> {
    const MEMBERS: &str = "/v1/conversations/{conversation}/members";
    const MEMBER: &str = "/v1/conversations/{conversation}/members/{user}";
    vec![
        Command::new("members.list", Method::Get, MEMBERS)
            .doc("Lists a conversation's members in the order of joining.")
            .fails(&[&codes::CONVERSATION_NOT_FOUND])
            .handle(on(all, |all, ctx, request: ListMembers| async move {
                Ok(Answer::ok(all.list_members(&ctx, request).await?))
            })),
        Command::new("members.add", Method::Post, MEMBERS)
            .doc(
                "Adds people to a group, all of them or none.\n\nFor owners and admins. Who is a \
                 member already is passed over; 201 when anybody joined, 200 when nobody did. \
                 They read from their joining on, or everything where `history` is `all`; what \
                 was said before counts as read.",
            )
            .naturally_idempotent()
            .answers(&[201, 200])
            .fails(&[
                &codes::CONVERSATION_NOT_FOUND,
                &codes::CONVERSATION_FORBIDDEN,
                &codes::DIRECT_IS_FIXED,
                &codes::UNKNOWN_USER,
                &codes::TOO_MANY_MEMBERS,
            ])
            .handle(on(all, |all, ctx, request: AddMembers| async move {
                Ok(created(all.add_members(&ctx, request).await?))
            })),
        Command::new("members.update", Method::Patch, MEMBER)
            .doc(
                "Changes a member's role.\n\nOwners give and take every role; admins give and \
                 take those below admin. A group keeps at least one owner.",
            )
            .fails(&[
                &codes::CONVERSATION_NOT_FOUND,
                &codes::MEMBER_NOT_FOUND,
                &codes::CONVERSATION_FORBIDDEN,
                &codes::DIRECT_IS_FIXED,
                &codes::LAST_OWNER,
            ])
            .handle(on(all, |all, ctx, request: UpdateMember| async move {
                Ok(Answer::ok(all.update_member(&ctx, request).await?))
            })),
        Command::new("members.remove", Method::Delete, MEMBER)
            .doc(
                "Removes a member from a group.\n\nOwners remove anybody, admins those below \
                 admin, moderators members and guests. Removing oneself is leaving.",
            )
            .fails(&[
                &codes::CONVERSATION_NOT_FOUND,
                &codes::MEMBER_NOT_FOUND,
                &codes::CONVERSATION_FORBIDDEN,
                &codes::DIRECT_IS_FIXED,
                &codes::LAST_OWNER,
            ])
            .handle(on(all, |all, ctx, request: RemoveMember| async move {
                Ok(Answer::ok(all.remove_member(&ctx, request).await?))
            })),
    ]
}

fn sync_command(all: &Conversations) -> Command {
    Command::new("sync.get", Method::Get, "/v1/sync")
        .doc(
            "Tells where the caller's conversations stand.\n\nWith a `cursor`: those that moved \
             since, newest first. Without: all of them; what stands on no page is no membership \
             any more. Compare `digest` with one made from what you have: when they differ after \
             taking in the heads, ask once without a cursor.",
        )
        .handle(on(all, |all, ctx, request: GetSync| async move {
            Ok(Answer::ok(all.sync(&ctx, request).await?))
        }))
}
