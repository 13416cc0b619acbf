//! What the operator can ask for: the same, whether a running server is asked or this process opens
//! the data itself.

use std::path::PathBuf;

use hoopoe_accounts::Sessions;
use hoopoe_kernel::{AppNo, Ctx, Fail};
use hoopoe_wire::{
    UserId,
    accounts::{IssueToken, UpsertUser},
    apps::{App, CreateApp, CreateKey, Key, ListApps, ListKeys, NewKey, RevokeKey, RotateKey},
    codes, limits,
    page::Page,
    signin::{Password, SetPassword},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{audit, compose::House, doctor, output::Answer, trouble::Trouble};

/// One wish. It travels as a JSON object over the control socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(crate) enum Request {
    AppCreate { name: String },
    AppList,
    KeyList { app: String },
    KeyCreate { app: String, label: Option<String>, scopes: Vec<String> },
    KeyRotate { app: String, key: String, grace_s: Option<u64> },
    KeyRevoke { app: String, key: String },
    UserCreate { app: String, user: String, name: Option<String> },
    UserToken { app: String, user: String, ttl_s: Option<u64> },
    UserPassword { app: String, user: String, login: Option<String>, password: Password },
    AdminKeyCreate { label: Option<String> },
    AdminKeyList,
    AdminKeyRevoke { key: String },
    Doctor,
    Backup { file: PathBuf },
}

impl Request {
    /// What it is called in the audit, when it changes something.
    fn audited(&self) -> Option<&'static str> {
        match self {
            Self::AppCreate { .. } => Some("app create"),
            Self::KeyCreate { .. } => Some("app keys create"),
            Self::KeyRotate { .. } => Some("app keys rotate"),
            Self::KeyRevoke { .. } => Some("app keys revoke"),
            Self::UserCreate { .. } => Some("user create"),
            Self::UserToken { .. } => Some("user token"),
            Self::UserPassword { .. } => Some("user password"),
            Self::AdminKeyCreate { .. } => Some("admin key create"),
            Self::AdminKeyRevoke { .. } => Some("admin key revoke"),
            Self::Backup { .. } => Some("backup"),
            Self::AppList | Self::KeyList { .. } | Self::AdminKeyList | Self::Doctor => None,
        }
    }

    /// Whether it makes sense before there is any data: the first things that are made.
    pub(crate) fn may_begin(&self) -> bool {
        matches!(self, Self::AppCreate { .. } | Self::AdminKeyCreate { .. })
    }
}

/// Does it.
pub(crate) async fn run(house: &House, request: Request) -> Result<Answer, Trouble> {
    let audited = request.audited();
    let result = dispatch(house, request).await;
    if let Some(command) = audited {
        audit::record_operator(command, result.is_ok());
    }
    result
}

async fn dispatch(house: &House, request: Request) -> Result<Answer, Trouble> {
    match request {
        Request::AppCreate { name } => app_create(house, name).await,
        Request::AppList => app_list(house).await,
        Request::KeyList { app } => key_list(house, &app).await,
        Request::KeyCreate { app, label, scopes } => key_create(house, &app, label, scopes).await,
        Request::KeyRotate { app, key, grace_s } => key_rotate(house, &app, &key, grace_s).await,
        Request::KeyRevoke { app, key } => key_revoke(house, &app, &key).await,
        Request::UserCreate { app, user, name } => user_create(house, &app, &user, name).await,
        Request::UserToken { app, user, ttl_s } => user_token(house, &app, &user, ttl_s).await,
        Request::UserPassword { app, user, login, password } => {
            user_password(house, &app, &user, login, password).await
        }
        Request::AdminKeyCreate { label } => admin_key_create(house, label).await,
        Request::AdminKeyList => admin_key_list(house).await,
        Request::AdminKeyRevoke { key } => admin_key_revoke(house, &key).await,
        Request::Doctor => doctor::examine(house).await,
        Request::Backup { file } => backup(house, file).await,
    }
}

/// The server itself, outside of any app.
pub(crate) fn system(house: &House) -> Ctx {
    Ctx::system(&house.env, AppNo::NONE)
}

/// An app by its name or id, and a context inside it.
pub(crate) async fn enter_app(house: &House, name_or_id: &str) -> Result<(Ctx, App), Trouble> {
    match house.apps.find(name_or_id).await? {
        Some((no, app)) => Ok((Ctx::system(&house.env, no), app)),
        None => Err(Trouble::failed(format!("there is no app {name_or_id}"))),
    }
}

async fn app_create(house: &House, name: String) -> Result<Answer, Trouble> {
    let request = CreateApp { name: name.clone(), metadata: None };
    let created = house.apps.create_with_key(&system(house), request).await;
    let (_, app, key) = created.map_err(|fail| match fail.is(&codes::APP_EXISTS) {
        true => Trouble::failed(format!("there is an app {name} already")),
        false => fail.into(),
    })?;
    let secret = key.secret.0;
    let text = format!("app         {} ({})\nserver key  {secret}  (shown only now)", name, app.id);
    Ok(Answer::new(json!({"app": app.id, "server_key": secret}), text))
}

async fn app_list(house: &House) -> Result<Answer, Trouble> {
    let ctx = system(house);
    let apps =
        all(async |cursor| house.apps.list(&ctx, ListApps { cursor, limit: Some(PAGE) }).await)
            .await?;
    let lines: Vec<String> =
        apps.iter().map(|app| format!("{}  {}  {}", app.id, app.created_at, app.name)).collect();
    Ok(Answer::new(json!({"items": apps}), or_none(&lines, "no apps")))
}

async fn key_list(house: &House, app: &str) -> Result<Answer, Trouble> {
    let (ctx, app) = &enter_app(house, app).await?;
    let list =
        |cursor| house.apps.list_keys(ctx, ListKeys { app: app.id, cursor, limit: Some(PAGE) });
    let keys = all(list).await?;
    Ok(keys_answer(&keys))
}

async fn key_create(
    house: &House,
    app: &str,
    label: Option<String>,
    scopes: Vec<String>,
) -> Result<Answer, Trouble> {
    let (ctx, app) = enter_app(house, app).await?;
    let scopes = (!scopes.is_empty()).then_some(scopes);
    let key = house.apps.create_key(&ctx, CreateKey { app: app.id, label, scopes }).await?;
    Ok(new_key("server_key", &key))
}

async fn key_rotate(
    house: &House,
    app: &str,
    key: &str,
    grace_s: Option<u64>,
) -> Result<Answer, Trouble> {
    let (ctx, app) = enter_app(house, app).await?;
    let id = key.parse().map_err(|_| no_key(key))?;
    let rotated = house.apps.rotate_key(&ctx, RotateKey { app: app.id, key: id, grace_s }).await;
    Ok(new_key("server_key", &rotated.map_err(|fail| key_trouble(fail, key))?))
}

async fn key_revoke(house: &House, app: &str, key: &str) -> Result<Answer, Trouble> {
    let (ctx, app) = enter_app(house, app).await?;
    let id = key.parse().map_err(|_| no_key(key))?;
    let revoked = house.apps.revoke_key(&ctx, RevokeKey { app: app.id, key: id }).await;
    revoked.map_err(|fail| key_trouble(fail, key))?;
    Ok(Answer::new(json!({"revoked": id}), format!("revoked {id}")))
}

async fn user_create(
    house: &House,
    app: &str,
    user: &str,
    name: Option<String>,
) -> Result<Answer, Trouble> {
    let (ctx, app) = enter_app(house, app).await?;
    let id = user_id(user)?;
    let (found, created) = match house.accounts.get(&ctx, id.clone()).await {
        Ok(user) => (user, false),
        Err(fail) if fail.is(&codes::USER_NOT_FOUND) => {
            let request = UpsertUser { user: id, name, avatar_url: None, metadata: None };
            let upserted = house.accounts.upsert(&ctx, request).await?;
            (upserted.user, upserted.created)
        }
        Err(fail) => return Err(fail.into()),
    };
    let verb = if created { "created" } else { "existing" };
    let text = format!("{verb} user {} of app {}", found.id, app.name);
    Ok(Answer::new(json!({"user": found, "created": created}), text))
}

async fn user_token(
    house: &House,
    app: &str,
    user: &str,
    ttl_s: Option<u64>,
) -> Result<Answer, Trouble> {
    let (ctx, app) = enter_app(house, app).await?;
    let request = IssueToken { user: user_id(user)?, ttl_s, device: None };
    let issued = house.accounts.issue_token(&ctx, request).await;
    let token = issued.map_err(|fail| match fail.is(&codes::USER_NOT_FOUND) {
        true => Trouble::failed(format!("there is no user {user} in app {}", app.name)),
        false => fail.into(),
    })?;
    let json = json!({"token": token.token, "expires_at": token.expires_at});
    Ok(Answer::new(json, token.token.0))
}

async fn user_password(
    house: &House,
    app: &str,
    user: &str,
    login: Option<String>,
    password: Password,
) -> Result<Answer, Trouble> {
    let (ctx, app) = enter_app(house, app).await?;
    let request = SetPassword { user: user_id(user)?, login, password };
    let set = house.accounts.set_password(&ctx, request, Sessions::End).await;
    let set = set.map_err(|fail| match fail.is(&codes::USER_NOT_FOUND) {
        true => Trouble::failed(format!("there is no user {user} in app {}", app.name)),
        false => fail.into(),
    })?;
    let text = format!("{user} of app {} signs in as {} from now on", app.name, set.login);
    Ok(Answer::new(json!({"user": user, "login": set.login}), text))
}

async fn admin_key_create(house: &House, label: Option<String>) -> Result<Answer, Trouble> {
    let label = label.unwrap_or_default();
    let key = house.apps.create_admin_key(&system(house), &label).await?;
    Ok(new_key("admin_key", &key))
}

async fn admin_key_list(house: &House) -> Result<Answer, Trouble> {
    let ctx = &system(house);
    let keys = all(|cursor| house.apps.list_admin_keys(ctx, cursor, Some(PAGE))).await?;
    Ok(keys_answer(&keys))
}

async fn admin_key_revoke(house: &House, key: &str) -> Result<Answer, Trouble> {
    let id = key.parse().map_err(|_| no_key(key))?;
    let revoked = house.apps.revoke_admin_key(&system(house), id).await;
    revoked.map_err(|fail| key_trouble(fail, key))?;
    Ok(Answer::new(json!({"revoked": id}), format!("revoked {id}")))
}

async fn backup(house: &House, file: PathBuf) -> Result<Answer, Trouble> {
    let size_bytes = house.storage.backup(&file).await?;
    let text = format!("wrote {} ({size_bytes} bytes)", file.display());
    Ok(Answer::new(json!({"file": file, "size_bytes": size_bytes}), text))
}

const PAGE: u32 = limits::PAGE_ITEMS_MAX as u32;

/// Follows a list to its end.
async fn all<T, Fut>(mut next: impl FnMut(Option<String>) -> Fut) -> Result<Vec<T>, Trouble>
where
    Fut: Future<Output = Result<Page<T>, Fail>>,
{
    let mut items = Vec::new();
    let mut cursor = None;
    loop {
        let page = next(cursor).await?;
        items.extend(page.items);
        match page.next_cursor {
            Some(more) => cursor = Some(more),
            None => return Ok(items),
        }
    }
}

/// A user's id from the command line, where a wrong one is worth words of its own.
pub(crate) fn user_id(text: &str) -> Result<UserId, Trouble> {
    UserId::parse(text).ok_or_else(|| {
        let words = "a user id is 1 to 64 of A-Z a-z 0-9 . _ @ + : -";
        Trouble::failed(format!("`{text}` cannot be a user: {words}"))
    })
}

fn new_key(name: &str, key: &NewKey) -> Answer {
    let json = json!({name: key.secret, "key": key.key.id});
    let text = format!("{}  {}  (the secret is shown only now)", key.key.id, key.secret.0);
    Answer::new(json, text)
}

fn keys_answer(keys: &[Key]) -> Answer {
    let line = |key: &Key| {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(at), _) => format!("revoked {at}"),
            (None, Some(at)) => format!("until {at}"),
            (None, None) => "works".to_owned(),
        };
        let scopes = key.scopes.join(",");
        format!("{}  {}  {scopes}  {state}  {}", key.id, key.created_at, key.label)
    };
    let lines: Vec<String> = keys.iter().map(line).collect();
    Answer::new(json!({"items": keys}), or_none(&lines, "no keys"))
}

fn or_none(lines: &[String], none: &str) -> String {
    if lines.is_empty() { none.to_owned() } else { lines.join("\n") }
}

fn no_key(key: &str) -> Trouble {
    Trouble::failed(format!("there is no working key {key}"))
}

fn key_trouble(fail: Fail, key: &str) -> Trouble {
    if fail.is(&codes::KEY_NOT_FOUND) { no_key(key) } else { fail.into() }
}

/// Reads a request from a line of the control socket.
pub(crate) fn parse(line: &str) -> Result<Request, Trouble> {
    serde_json::from_str(line).map_err(|error| {
        Trouble::failed(format!("the server does not understand the command: {error}"))
    })
}

/// Writes it.
pub(crate) fn print(request: &Request) -> Value {
    json!(request)
}
