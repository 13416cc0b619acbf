//! The commands of the domain.

use std::future::Future;

use hoopoe_kernel::{Answer, Auth, Command, Ctx, Method, Rate};
use hoopoe_wire::{
    accounts::{
        BatchUsers, IssueToken, ListSessions, ListUsers, OneSession, OneUser, UpdateMe, UpdateUser,
        UpsertUser,
    },
    codes,
    page::Empty,
    settings::UpdateSettings,
    signin::{Login, Refresh, Register, SetMyPassword, SetPassword},
};

use crate::{Accounts, Sessions};

/// All of them.
pub fn commands(accounts: &Accounts) -> Vec<Command> {
    let mut commands = user_commands(accounts);
    commands.extend(user_lists(accounts));
    commands.extend(me_commands(accounts));
    commands.extend(settings_commands(accounts));
    commands.extend(session_commands(accounts));
    commands.extend(sign_in_commands(accounts));
    commands.extend(password_commands(accounts));
    commands
}

/// Binds a command's code to the service.
fn on<Req, Fut: Future>(
    accounts: &Accounts,
    run: impl Fn(Accounts, Ctx, Req) -> Fut + Send + Sync + 'static,
) -> impl Fn(Ctx, Req) -> Fut + Send + Sync + 'static {
    let accounts = accounts.clone();
    move |ctx, request| run(accounts.clone(), ctx, request)
}

fn user_commands(accounts: &Accounts) -> Vec<Command> {
    vec![
        Command::new("users.upsert", Method::Put, "/v1/users/{user}")
            .doc(
                "Creates a user, or replaces the profile of one.\n\nWhat is left out becomes \
                 empty. A deleted user's id creates a new user, who inherits nothing.",
            )
            .auth(Auth::Server)
            .answers(&[200, 201])
            .fails(&[&codes::BAD_USER_ID])
            .handle(on(accounts, |accounts, ctx, request: UpsertUser| async move {
                let done = accounts.upsert(&ctx, request).await?;
                Ok(if done.created { Answer::created(done.user) } else { Answer::ok(done.user) })
            })),
        Command::new("users.get", Method::Get, "/v1/users/{user}")
            .doc("Shows a user of the app.")
            .auth(Auth::UserOrServer)
            .fails(&[&codes::USER_NOT_FOUND])
            .handle(on(accounts, |accounts, ctx, request: OneUser| async move {
                Ok(Answer::ok(accounts.get(&ctx, request.user).await?))
            })),
        Command::new("users.update", Method::Patch, "/v1/users/{user}")
            .doc("Changes some of a user's profile.")
            .auth(Auth::Server)
            .fails(&[&codes::USER_NOT_FOUND])
            .handle(on(accounts, |accounts, ctx, request: UpdateUser| async move {
                Ok(Answer::ok(accounts.update(&ctx, request).await?))
            })),
        Command::new("users.delete", Method::Delete, "/v1/users/{user}")
            .doc("Deletes a user and ends all of their sessions.")
            .auth(Auth::Server)
            .fails(&[&codes::USER_NOT_FOUND])
            .handle(on(accounts, |accounts, ctx, request: OneUser| async move {
                accounts.delete(&ctx, request.user).await?;
                Ok(Answer::ok(Empty {}))
            })),
    ]
}

fn user_lists(accounts: &Accounts) -> Vec<Command> {
    vec![
        Command::new("users.batch", Method::Post, "/v1/users:batch")
            .doc(
                "Creates up to 1,000 users or replaces their profiles, all or none.\n\nA repeat \
                 gives the same profiles, so no `Idempotency-Key` is needed.",
            )
            .auth(Auth::Server)
            .naturally_idempotent()
            .fails(&[&codes::BAD_USER_ID])
            .handle(on(accounts, |accounts, ctx, request: BatchUsers| async move {
                Ok(Answer::ok(accounts.upsert_batch(&ctx, request).await?))
            })),
        Command::new("users.list", Method::Get, "/v1/users")
            .doc(
                "Lists users, or finds those whose id, name or pinyin begins with `q`.\n\nMatches \
                 by id come first, then those by name. ASCII letters match in either case. Users \
                 who call give `q`, which is refused where the app's directory is closed, or \
                 `ids`, which finds exactly these.",
            )
            .auth(Auth::UserOrServer)
            .fails(&[&codes::DIRECTORY_CLOSED])
            .handle(on(accounts, |accounts, ctx, request: ListUsers| async move {
                Ok(Answer::ok(accounts.list(&ctx, request).await?))
            })),
    ]
}

fn me_commands(accounts: &Accounts) -> Vec<Command> {
    vec![
        Command::new("me.get", Method::Get, "/v1/me")
            .doc("Shows the user who calls.")
            .fails(&[&codes::USER_NOT_FOUND])
            .handle(on(accounts, |accounts, ctx, _: Empty| async move {
                Ok(Answer::ok(accounts.get_me(&ctx).await?))
            })),
        Command::new("me.update", Method::Patch, "/v1/me")
            .doc("Changes the caller's name or picture.\n\nMetadata belongs to the app's backend.")
            .fails(&[&codes::USER_NOT_FOUND])
            .handle(on(accounts, |accounts, ctx, request: UpdateMe| async move {
                Ok(Answer::ok(accounts.update_me(&ctx, request).await?))
            })),
    ]
}

fn settings_commands(accounts: &Accounts) -> Vec<Command> {
    vec![
        Command::new("settings.get", Method::Get, "/v1/me/settings")
            .doc("Shows what the caller has decided for all of their devices.")
            .handle(on(accounts, |accounts, ctx, _: Empty| async move {
                Ok(Answer::ok(accounts.get_settings(&ctx).await?))
            })),
        Command::new("settings.update", Method::Patch, "/v1/me/settings")
            .doc(
                "Changes some of the caller's settings. All of their devices are told.\n\nWith \
                 `presence: nobody` nobody sees whether the caller is there, and the caller sees \
                 nobody.",
            )
            .handle(on(accounts, |accounts, ctx, request: UpdateSettings| async move {
                Ok(Answer::ok(accounts.update_settings(&ctx, request).await?))
            })),
    ]
}

fn session_commands(accounts: &Accounts) -> Vec<Command> {
    vec![
        Command::new("auth.token", Method::Post, "/v1/auth/token")
            .doc(
                "Opens a session for a user and answers its token.\n\nThe token is in this reply \
                 and nowhere else, so the reply is not kept under an `Idempotency-Key`: a repeat \
                 opens another session.",
            )
            .auth(Auth::Server)
            .naturally_idempotent()
            .fails(&[&codes::USER_NOT_FOUND])
            .handle(on(accounts, |accounts, ctx, request: IssueToken| async move {
                Ok(Answer::ok(accounts.issue_token(&ctx, request).await?))
            })),
        Command::new("auth.logout", Method::Post, "/v1/auth/logout")
            .doc("Ends the session that calls. Its sockets are closed with 4403.")
            .naturally_idempotent()
            .fails(&[&codes::SESSION_NOT_FOUND])
            .handle(on(accounts, |accounts, ctx, _: Empty| async move {
                accounts.logout(&ctx).await?;
                Ok(Answer::ok(Empty {}))
            })),
        Command::new("sessions.list", Method::Get, "/v1/sessions")
            .doc("Lists where the caller is signed in, the youngest session first.")
            .handle(on(accounts, |accounts, ctx, request: ListSessions| async move {
                Ok(Answer::ok(accounts.list_sessions(&ctx, request).await?))
            })),
        Command::new("sessions.delete_others", Method::Delete, "/v1/sessions")
            .doc("Ends all of the caller's sessions but the one that calls.")
            .handle(on(accounts, |accounts, ctx, _: Empty| async move {
                accounts.delete_other_sessions(&ctx).await?;
                Ok(Answer::ok(Empty {}))
            })),
        Command::new("sessions.delete", Method::Delete, "/v1/sessions/{session}")
            .doc("Ends one of the caller's sessions. Its sockets are closed with 4403.")
            .fails(&[&codes::SESSION_NOT_FOUND])
            .handle(on(accounts, |accounts, ctx, request: OneSession| async move {
                accounts.delete_session(&ctx, request.session).await?;
                Ok(Answer::ok(Empty {}))
            })),
        Command::new("sessions.revoke_all", Method::Delete, "/v1/users/{user}/sessions")
            .doc("Ends all sessions of a user. Their sockets are closed with 4403.")
            .auth(Auth::Server)
            .fails(&[&codes::USER_NOT_FOUND])
            .handle(on(accounts, |accounts, ctx, request: OneUser| async move {
                accounts.revoke_all(&ctx, request.user).await?;
                Ok(Answer::ok(Empty {}))
            })),
    ]
}

/// Their replies hold secrets, so none is kept under an `Idempotency-Key`.
fn sign_in_commands(accounts: &Accounts) -> Vec<Command> {
    vec![
        Command::new("auth.register", Method::Post, "/v1/auth/register")
            .doc(
                "Makes an account with a login name and a password, and signs in.\n\nOnly where the \
                 server's registration is open. The user's id is made by the server.",
            )
            .auth(Auth::Public)
            .rate(Rate::SignIn)
            .naturally_idempotent()
            .audited()
            .answers(&[201])
            .fails(&[
                &codes::REGISTRATION_CLOSED,
                &codes::APP_NOT_FOUND,
                &codes::LOGIN_TAKEN,
                &codes::SIGN_IN_BUSY,
            ])
            .handle(on(accounts, |accounts, ctx, request: Register| async move {
                Ok(Answer::created(accounts.register(&ctx, request).await?))
            })),
        Command::new("auth.login", Method::Post, "/v1/auth/login")
            .doc(
                "Signs in by login name and password: a new session.\n\nAn unknown app, an unknown \
                 name and a wrong password are answered alike.",
            )
            .auth(Auth::Public)
            .rate(Rate::SignIn)
            .naturally_idempotent()
            .audited()
            .fails(&[
                &codes::INVALID_CREDENTIALS,
                &codes::TOO_MANY_ATTEMPTS,
                &codes::SIGN_IN_BUSY,
            ])
            .handle(on(accounts, |accounts, ctx, request: Login| async move {
                Ok(Answer::ok(accounts.login(&ctx, request).await?))
            })),
        Command::new("auth.refresh", Method::Post, "/v1/auth/refresh")
            .doc(
                "Exchanges a refresh token for a new token and the next refresh token.\n\nA refresh \
                 token is good for one use; a second use ends the session, unless it is the same \
                 attempt by its `client_id`, which is answered like the first time. Send no \
                 `Authorization`: the token may have expired.",
            )
            .auth(Auth::Public)
            .naturally_idempotent()
            .fails(&[&codes::INVALID_REFRESH_TOKEN])
            .handle(on(accounts, |accounts, ctx, request: Refresh| async move {
                Ok(Answer::ok(accounts.refresh(&ctx, request).await?))
            })),
    ]
}

fn password_commands(accounts: &Accounts) -> Vec<Command> {
    vec![
        Command::new("me.set_password", Method::Put, "/v1/me/password")
            .doc("Changes the caller's password and ends their other sessions.")
            .rate(Rate::SignIn)
            .audited()
            .fails(&[
                &codes::WRONG_PASSWORD,
                &codes::NO_PASSWORD,
                &codes::TOO_MANY_ATTEMPTS,
                &codes::SIGN_IN_BUSY,
            ])
            .handle(on(accounts, |accounts, ctx, request: SetMyPassword| async move {
                accounts.set_my_password(&ctx, request).await?;
                Ok(Answer::ok(Empty {}))
            })),
        Command::new("users.set_password", Method::Put, "/v1/users/{user}/password")
            .doc(
                "Gives a user a password, and a login name where there is none or another one is \
                 named; ends all of their sessions.",
            )
            .auth(Auth::Server)
            .fails(&[&codes::USER_NOT_FOUND, &codes::LOGIN_TAKEN, &codes::SIGN_IN_BUSY])
            .handle(on(accounts, |accounts, ctx, request: SetPassword| async move {
                Ok(Answer::ok(accounts.set_password(&ctx, request, Sessions::End).await?))
            })),
    ]
}
