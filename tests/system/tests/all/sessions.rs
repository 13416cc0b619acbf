//! Sessions: a revoked one loses its socket, a socket without one is not kept.

use std::time::Duration;

use serde_json::json;

use crate::house::{House, text};

/// What the service promises, from the revocation to the closed socket.
const REVOKED_WITHIN: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_revoked_session_loses_its_socket_and_its_token() {
    let house = House::open().await.with_people(&["ann"]).await;
    let (stolen, own) = (house.fresh_token("ann").await, house.token("ann"));
    let thief = house.socket("ann", "stolen").await;
    let session = text(&thief.start(&stolen, None).await.unwrap()["session"]);
    let keeper = house.connect("ann").await;

    let listed = keeper.must("sessions.list", json!({})).await;
    let ids: Vec<_> = listed["items"].as_array().unwrap().iter().map(|s| &s["id"]).collect();
    assert!(ids.contains(&&json!(session)), "{listed}");
    keeper.must("sessions.delete", json!({"session": session})).await;
    assert_eq!(thief.closed(REVOKED_WITHIN).await, Some(4403));
    keeper.fence().await;
    assert!(!keeper.is_closed(), "the other session lives on");

    let again = house.socket("ann", "stolen").await;
    let refusal = again.start(&stolen, None).await.unwrap_err();
    assert!(refusal.status() == 401 || refusal.status() == 0, "{refusal}");
    assert_eq!(again.closed(REVOKED_WITHIN).await, Some(4401));
    let rest = house.rest.with_token("ann", &stolen, &house.journal);
    let refusal = rest.call("conversations.list", json!({})).await.unwrap_err();
    assert_eq!((refusal.status(), refusal.code()), (401, "auth.invalid_token"));
    house.connect("ann").await.fence().await;
    assert_ne!(own, stolen);
}

#[tokio::test]
async fn a_revocation_over_rest_reaches_the_socket() {
    let house = House::open().await.with_people(&["ann"]).await;
    let token = house.fresh_token("ann").await;
    let socket = house.socket("ann", "phone").await;
    let session = text(&socket.start(&token, None).await.unwrap()["session"]);
    let rest = house.rest.with_token("ann", house.token("ann"), &house.journal);
    rest.must("sessions.delete", json!({"session": session})).await;
    assert_eq!(socket.closed(REVOKED_WITHIN).await, Some(4403));
}

#[tokio::test]
async fn a_socket_without_a_valid_start_is_closed() {
    let house = House::open().await.with_people(&["ann"]).await;
    let wrong = house.socket("ann", "phone").await;
    assert!(wrong.start("ut_of_nobody", None).await.is_err());
    assert_eq!(wrong.closed(Duration::from_secs(5)).await, Some(4401));
    let early = house.socket("ann", "phone").await;
    assert!(early.call("conversations.list", json!({})).await.is_err());
    let silent = house.socket("ann", "phone").await;
    assert_eq!(
        silent.closed(Duration::from_secs(8)).await,
        Some(4401),
        "after five silent seconds"
    );
}
