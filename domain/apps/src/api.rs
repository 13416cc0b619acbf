//! The commands of the domain.

use std::future::Future;

use hoopoe_kernel::{Answer, Auth, Command, Ctx, Method};
use hoopoe_wire::{
    apps::{
        App, CreateApp, CreateKey, GetApp, ListApps, ListKeys, RevokeKey, RotateKey, UpdateApp,
    },
    codes,
    page::Empty,
};

use crate::Apps;

/// All of them.
pub fn commands(apps: &Apps) -> Vec<Command> {
    let mut commands = app_commands(apps);
    commands.extend(key_commands(apps));
    commands
}

/// Binds a command's code to the service.
fn on<Req, Fut: Future>(
    apps: &Apps,
    run: impl Fn(Apps, Ctx, Req) -> Fut + Send + Sync + 'static,
) -> impl Fn(Ctx, Req) -> Fut + Send + Sync + 'static {
    let apps = apps.clone();
    move |ctx, request| run(apps.clone(), ctx, request)
}

fn app_commands(apps: &Apps) -> Vec<Command> {
    vec![
        Command::new("apps.create", Method::Post, "/v1/apps")
            .doc("Creates an app (tenant).\n\nIt has no key yet: `keys.create` makes one.")
            .auth(Auth::Admin)
            .answers(&[201])
            .fails(&[&codes::APP_EXISTS])
            .handle(on(apps, |apps, ctx, request: CreateApp| async move {
                let (_, app) = apps.create(&ctx, request).await?;
                Ok(Answer::created(app))
            })),
        Command::new("apps.list", Method::Get, "/v1/apps")
            .doc("Lists the apps of the server in the order in which they were made.")
            .auth(Auth::Admin)
            .handle(on(apps, |apps, ctx, request: ListApps| async move {
                Ok(Answer::ok(apps.list(&ctx, request).await?))
            })),
        Command::new("apps.get", Method::Get, "/v1/apps/{app}")
            .doc("Shows an app.")
            .auth(Auth::Admin)
            .fails(&[&codes::APP_NOT_FOUND])
            .handle(on(apps, |apps, ctx, request: GetApp| async move {
                let (_, app): (_, App) = apps.get(&ctx, request.app).await?;
                Ok(Answer::ok(app))
            })),
        Command::new("apps.current", Method::Get, "/v1/app")
            .doc("Shows the app of the user who calls, and what it allows.")
            .fails(&[&codes::APP_NOT_FOUND])
            .handle(on(apps, |apps, ctx, _: Empty| async move {
                Ok(Answer::ok(apps.current(&ctx).await?))
            })),
        Command::new("apps.update", Method::Patch, "/v1/apps/{app}")
            .doc("Renames an app, replaces its metadata, or changes its settings.")
            .auth(Auth::Admin)
            .fails(&[&codes::APP_NOT_FOUND, &codes::APP_EXISTS])
            .handle(on(apps, |apps, ctx, request: UpdateApp| async move {
                Ok(Answer::ok(apps.update(&ctx, request).await?))
            })),
    ]
}

fn key_commands(apps: &Apps) -> Vec<Command> {
    vec![
        Command::new("keys.list", Method::Get, "/v1/apps/{app}/keys")
            .doc("Lists an app's server keys without their secrets, dead ones too.")
            .auth(Auth::ServerOrAdmin)
            .fails(&[&codes::APP_NOT_FOUND])
            .handle(on(apps, |apps, ctx, request: ListKeys| async move {
                Ok(Answer::ok(apps.list_keys(&ctx, request).await?))
            })),
        Command::new("keys.create", Method::Post, "/v1/apps/{app}/keys")
            .doc(
                "Creates a server key.\n\nThe secret is in this reply and nowhere else, so the \
                 reply is not kept under an `Idempotency-Key`: a repeat makes another key. A \
                 server key gives no scope that it does not have.",
            )
            .auth(Auth::ServerOrAdmin)
            .naturally_idempotent()
            .answers(&[201])
            .fails(&[&codes::APP_NOT_FOUND])
            .handle(on(apps, |apps, ctx, request: CreateKey| async move {
                Ok(Answer::created(apps.create_key(&ctx, request).await?))
            })),
        Command::new("keys.rotate", Method::Post, "/v1/apps/{app}/keys/{key}/rotate")
            .doc(
                "Replaces a server key: a new secret at once, the old one for `grace_s` longer.\
                 \n\nLike `keys.create`, a repeat makes another key.",
            )
            .auth(Auth::ServerOrAdmin)
            .naturally_idempotent()
            .answers(&[201])
            .fails(&[&codes::APP_NOT_FOUND, &codes::KEY_NOT_FOUND])
            .handle(on(apps, |apps, ctx, request: RotateKey| async move {
                Ok(Answer::created(apps.rotate_key(&ctx, request).await?))
            })),
        Command::new("keys.revoke", Method::Delete, "/v1/apps/{app}/keys/{key}")
            .doc("Ends a server key at once.")
            .auth(Auth::ServerOrAdmin)
            .fails(&[&codes::APP_NOT_FOUND, &codes::KEY_NOT_FOUND])
            .handle(on(apps, |apps, ctx, request: RevokeKey| async move {
                apps.revoke_key(&ctx, request).await?;
                Ok(Answer::ok(Empty {}))
            })),
    ]
}
