//! People find people: what a user may search for, and by exact ids.

use hoopoe_testkit::{TestDb, db_test};
use serde_json::{Value, json};

use crate::accounts_house::{House, refusal, text};

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("a list");
    items.iter().map(|user| text(&user["id"])).collect()
}

/// With Ann, who calls, and others.
async fn house(db: TestDb) -> (House, String) {
    let house = House::new(db).await;
    for id in ["ann", "anna", "bob", "cat"] {
        house.user(id).await;
    }
    house.ok(&house.foreign.key, "users.upsert", json!({"user": "anton", "name": "ann"})).await;
    let (token, _) = house.token("ann").await;
    (house, token)
}

async fn close(house: &House) {
    let request = json!({"app": house.own.id, "settings": {"directory": "closed"}});
    house.ok(&house.admin, "apps.update", request).await;
}

#[db_test]
async fn a_user_finds_others_of_the_app_by_their_beginning(db: TestDb) {
    let (house, ann) = house(db).await;
    assert_eq!(ids(&house.ok(&ann, "users.list", json!({"q": "an"})).await), ["ann", "anna"]);
    let first = house.ok(&ann, "users.list", json!({"q": "an", "limit": 1})).await;
    let rest = json!({"q": "an", "limit": 1, "cursor": first["next_cursor"]});
    assert_eq!(ids(&house.ok(&ann, "users.list", rest).await), ["anna"]);
    let by_key = house.ok(&house.own.key, "users.list", json!({"q": "an"})).await;
    assert_eq!(by_key, house.ok(&ann, "users.list", json!({"q": "an"})).await, "no more, no less");

    house.ok(&house.own.key, "users.delete", json!({"user": "anna"})).await;
    assert_eq!(ids(&house.ok(&ann, "users.list", json!({"q": "an"})).await), ["ann"]);
}

#[db_test]
async fn a_user_does_not_list_everybody(db: TestDb) {
    let (house, ann) = house(db).await;
    for nothing in [json!({}), json!({"q": ""}), json!({"q": null}), json!({"cursor": "i61"})] {
        let refused = house.call(&ann, "users.list", nothing.clone()).await;
        assert_eq!(refused.1["errors"][0]["pointer"], "/q", "{nothing}");
        assert_eq!(refusal(refused), (422, "request.invalid".into()), "{nothing}");
    }
    assert_eq!(ids(&house.ok(&house.own.key, "users.list", json!({})).await).len(), 4);
    let acting = house.send(&house.own.key, Some("ann"), None, "users.list", json!({})).await;
    assert_eq!(acting.0, 422, "nor does a server key as a user");
    assert_eq!(house.call("", "users.list", json!({"q": "a"})).await.0, 401);
    assert_eq!(house.call(&house.admin, "users.list", json!({"q": "a"})).await.0, 403);
}

#[db_test]
async fn exact_ids_are_answered_in_their_order(db: TestDb) {
    let (house, ann) = house(db).await;
    let request = json!({"ids": ["cat", "never", "ann", "anton", "no id!", "cat", "bob"]});
    for caller in [&ann, &house.own.key] {
        let page = house.ok(caller, "users.list", request.clone()).await;
        assert_eq!(ids(&page), ["cat", "ann", "bob"]);
        assert!(page.get("next_cursor").is_none());
        let many: Vec<String> = (0..101).map(|n| format!("u{n}")).collect();
        for wrong in [
            json!({"ids": []}),
            json!({"ids": many}),
            json!({"ids": ["ann"], "q": "a"}),
            json!({"ids": ["ann"], "cursor": "i61"}),
        ] {
            let refused = house.call(caller, "users.list", wrong.clone()).await;
            assert_eq!(refused.1["errors"][0]["pointer"], "/ids", "{wrong}");
        }
        assert_eq!(
            ids(&house.ok(caller, "users.list", json!({"ids": many[..100]})).await).len(),
            0
        );
    }
    house.ok(&house.own.key, "users.delete", json!({"user": "cat"})).await;
    assert_eq!(ids(&house.ok(&ann, "users.list", request).await), ["ann", "bob"]);
}

#[db_test]
async fn in_a_closed_directory_only_exact_ids_are_found(db: TestDb) {
    let (house, ann) = house(db).await;
    close(&house).await;
    for q in ["a", "bob", "never"] {
        let refused = house.call(&ann, "users.list", json!({"q": q})).await;
        assert_eq!(refusal(refused), (403, "accounts.directory_closed".into()), "{q}");
    }
    assert_eq!(ids(&house.ok(&ann, "users.list", json!({"ids": ["bob"]})).await), ["bob"]);
    assert_eq!(house.ok(&ann, "users.get", json!({"user": "bob"})).await["name"], json!("bob"));
    let key = &house.own.key;
    assert_eq!(ids(&house.ok(key, "users.list", json!({"q": "bo"})).await), ["bob"]);

    let anton = house.ok(&house.foreign.key, "auth.token", json!({"user": "anton"})).await;
    let page = house.ok(&text(&anton["token"]), "users.list", json!({"q": "an"})).await;
    assert_eq!(ids(&page), ["anton"], "another app is as open as it was");
}

#[db_test]
async fn a_user_sees_the_app_and_what_it_allows(db: TestDb) {
    let (house, ann) = house(db).await;
    let shown = house.ok(&ann, "apps.current", json!({})).await;
    let settings = json!({"recall_window_s": 120, "edit_window_s": 86_400, "directory": "open"});
    assert_eq!(shown, json!({"id": house.own.id, "name": "own", "settings": settings}));
    close(&house).await;
    let shown = house.ok(&ann, "apps.current", json!({})).await;
    assert_eq!(shown["settings"]["directory"], json!("closed"));
    for (caller, status) in [("", 401), (&house.own.key, 403), (&house.admin, 403)] {
        assert_eq!(house.call(caller, "apps.current", json!({})).await.0, status);
    }
    let reopened = json!({"app": house.own.id, "settings": {"directory": "open"}});
    let app = house.ok(&house.admin, "apps.update", reopened).await;
    assert_eq!(app["settings"], settings);
    let wrong = json!({"app": house.own.id, "settings": {"directory": "ajar"}});
    assert_eq!(house.call(&house.admin, "apps.update", wrong).await.0, 422);
}
