//! Signing in with a password, over REST, with the settings that a server is started with.

use std::time::Duration;

use hoopoe_testkit::{
    rest::Reply,
    server::{Launch, run_cli, run_cli_with_input},
};
use serde_json::{Value, json};

use crate::house::{House, Store, text};

/// What the service promises, from the revocation to the closed socket.
const REVOKED_WITHIN: Duration = Duration::from_secs(2);

/// Open to everybody, and as cheap as the settings allow.
fn open(launch: Launch) -> Launch {
    launch
        .env("HOOPOE__ACCOUNTS__REGISTRATION", "open")
        .env("HOOPOE__ACCOUNTS__HASH", "{memory_kib = 7168, passes = 5}")
}

async fn post(house: &House, path: &str, body: Value) -> Reply {
    house.rest.bearing("").request("POST", path, Some(&body)).await
}

fn account(login: &str, password: &str) -> Value {
    json!({"app": "demo", "login": login, "password": password})
}

#[tokio::test]
async fn a_refresh_token_used_twice_closes_the_socket() {
    let house = House::open_with(Store::Embedded, open).await;
    let made = post(&house, "/v1/auth/register", account("ann", "a hoopoe at home")).await;
    assert_eq!(made.status, 201, "{:?}", made.body);
    let socket = house.socket("ann", "phone").await;
    socket.start(&text(&made.body["token"]), None).await.unwrap();

    let refresh = json!({"refresh_token": made.body["refresh_token"]});
    let next = post(&house, "/v1/auth/refresh", refresh.clone()).await;
    assert_eq!(next.status, 200, "{:?}", next.body);
    socket.fence().await;
    assert!(!socket.is_closed(), "the session goes on");

    let replayed = post(&house, "/v1/auth/refresh", refresh).await;
    assert_eq!(replayed.status, 401, "{:?}", replayed.body);
    assert_eq!(socket.closed(REVOKED_WITHIN).await, Some(4403));
    let rest = house.rest.with_token("ann", &text(&next.body["token"]), &house.journal);
    assert_eq!(rest.call("conversations.list", json!({})).await.unwrap_err().status(), 401);
}

#[tokio::test]
async fn guessing_is_answered_with_the_time_to_wait() {
    let house = House::open_with(Store::Embedded, open).await;
    for _ in 0..5 {
        let wrong = post(&house, "/v1/auth/login", account("nobody", "not the password")).await;
        assert_eq!((wrong.status, &wrong.body["code"]), (401, &json!("auth.invalid_credentials")));
    }
    let wait = post(&house, "/v1/auth/login", account("nobody", "not the password")).await;
    assert_eq!((wait.status, &wait.body["code"]), (429, &json!("auth.too_many_attempts")));
    assert!(wait.headers.contains_key("retry-after"), "{:?}", wait.headers);
}

#[tokio::test]
async fn an_operator_gives_a_password_and_it_is_printed_nowhere() {
    let house = House::open().await.with_people(&["ann"]).await;
    let launch = house.server.launched();
    let words = ["user", "password", "ann", "--app", "demo", "--json"];
    let ran = run_cli_with_input(launch, &words, "a hoopoe at home\n").await;
    assert_eq!(ran.json(), json!({"user": "ann", "login": "ann"}));
    assert!(!ran.stderr.contains("hoopoe at home"), "{ran:?}");
    let signed_in = post(&house, "/v1/auth/login", account("ann", "a hoopoe at home")).await;
    assert_eq!(signed_in.status, 200, "{:?}", signed_in.body);
    let old = house.rest.with_token("ann", house.token("ann"), &house.journal);
    assert_eq!(old.call("conversations.list", json!({})).await.unwrap_err().status(), 401);
    let closed = post(&house, "/v1/auth/register", account("bob", "a hoopoe at home")).await;
    assert_eq!(closed.status, 403, "registration is closed by itself");
    let poor = run_cli_with_input(launch, &words, "short\n").await;
    assert_eq!((poor.code, &*poor.stdout), (Some(1), ""), "{poor:?}");
}

#[tokio::test]
async fn a_client_learns_what_it_needs_before_anybody_has_signed_in() {
    let house = House::open_with(Store::Embedded, open).await;
    let told = house.rest.bearing("").request("GET", "/v1/server", None).await;
    let app = json!({"app": "demo", "registration": true, "password_chars_min": 8});
    let expected = app.as_object().into_iter().flatten();
    for (name, value) in expected {
        assert_eq!(&told.body[name], value, "{name} in {}", told.body);
    }
    assert!(!text(&told.body["version"]).is_empty());

    let made = post(&house, "/v1/auth/register", account("li", "a hoopoe at home")).await;
    let li = house.rest.bearing(&text(&made.body["token"]));
    let renamed = li.request("PATCH", "/v1/me", Some(&json!({"name": "李小龙"}))).await;
    assert_eq!(renamed.body["keys"], json!(["lixiaolong", "lxl"]));
    let found = li.request("GET", "/v1/users?q=lxl", None).await;
    assert_eq!(found.body["items"][0]["name"], json!("李小龙"), "{}", found.body);
    let both = format!("/v1/users?ids=nobody,{}", text(&made.body["user"]["id"]));
    assert_eq!(li.request("GET", &both, None).await.body["items"], found.body["items"]);
    assert_eq!(li.request("GET", "/v1/app", None).await.body["name"], json!("demo"));

    run_cli(house.server.launched(), &["app", "create", "other", "--json"]).await.json();
    let told = house.rest.bearing("").request("GET", "/v1/server", None).await;
    assert_eq!(told.body["app"], json!(null), "nobody has chosen one of two");
}
