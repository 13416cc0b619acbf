//! Apps: made, renamed, listed, each with a number of its own.

use std::{collections::HashSet, time::Duration};

use hoopoe_testkit::{TestDb, db_test};
use hoopoe_wire::apps::CreateApp;
use serde_json::json;

use crate::accounts_house::{House, must, refusal, text};

#[db_test]
async fn an_app_is_made_found_and_renamed(db: TestDb) {
    let house = House::new(db).await;
    let request = json!({"name": "shop", "metadata": {"plan": "a"}});
    let (status, app) = house.call(&house.admin, "apps.create", request).await;
    assert_eq!((status, &app["name"]), (201, &json!("shop")));
    let id = text(&app["id"]);

    let taken = house.call(&house.admin, "apps.create", json!({"name": "shop"})).await;
    assert_eq!(refusal(taken), (409, "apps.exists".into()));
    let rename = json!({"app": id, "name": "own"});
    let taken = house.call(&house.admin, "apps.update", rename).await;
    assert_eq!(refusal(taken), (409, "apps.exists".into()));

    house.clock.advance(Duration::from_secs(5));
    let same = json!({"app": id, "name": "shop"});
    house.ok(&house.admin, "apps.update", same).await;
    let rename = json!({"app": id, "name": "store"});
    let renamed = house.ok(&house.admin, "apps.update", rename).await;
    assert_eq!(renamed["metadata"], json!({"plan": "a"}), "what is left out stays");
    assert_ne!(renamed["updated_at"], renamed["created_at"]);
    assert_eq!(house.ok(&house.admin, "apps.get", json!({"app": id})).await, renamed);

    let by_name = must(house.apps.find("store").await).expect("the new name");
    let by_id = must(house.apps.find(&id).await).expect("the id");
    assert_eq!(by_name.0, by_id.0);
    assert!(must(house.apps.find("shop").await).is_none(), "the old name is free");
}

#[db_test]
async fn what_is_missing_or_no_id_is_the_same_404(db: TestDb) {
    let house = House::new(db).await;
    let never = json!({"app": "app_02kjGpQkTsbVvCPEFUVxvx"});
    let missing = house.call(&house.admin, "apps.get", never).await;
    let garbage = house.call(&house.admin, "apps.get", json!({"app": "../etc"})).await;
    assert_eq!(missing, garbage);
    assert_eq!(refusal(missing), (404, "apps.not_found".into()));
    let id = house.own.id;
    for (name, code) in [("", 422), (" ", 422), ("a\nb", 422)] {
        let request = json!({"app": id, "name": name});
        assert_eq!(house.call(&house.admin, "apps.update", request).await.0, code, "{name:?}");
    }
}

#[db_test]
async fn apps_are_listed_page_by_page(db: TestDb) {
    let house = House::new(db).await;
    for n in 0..5 {
        house.clock.advance(Duration::from_millis(1));
        house.ok(&house.admin, "apps.create", json!({"name": format!("app {n}")})).await;
    }
    let (mut names, mut cursor) = (Vec::new(), None);
    loop {
        let page = house.ok(&house.admin, "apps.list", json!({"limit": 2, "cursor": cursor})).await;
        let items = page["items"].as_array().expect("a list");
        assert!(items.len() <= 2);
        names.extend(items.iter().map(|app| text(&app["name"])));
        match page.get("next_cursor") {
            Some(next) => cursor = Some(text(next)),
            None => break,
        }
    }
    assert_eq!(names.len(), 7);
    assert_eq!(names[2..], ["app 0", "app 1", "app 2", "app 3", "app 4"]);
    for bad in [json!({"limit": 0}), json!({"limit": 101}), json!({"cursor": "x"})] {
        let refused = house.call(&house.admin, "apps.list", bad).await;
        assert_eq!(refusal(refused), (422, "request.invalid".into()));
    }
}

#[db_test]
async fn apps_made_at_the_same_moment_have_numbers_of_their_own(db: TestDb) {
    let house = House::new(db).await;
    let mut tasks = Vec::new();
    for n in 0..20 {
        let (apps, ctx) = (house.apps.clone(), house.system());
        let name = format!("app {}", n % 10);
        let request = CreateApp { name, metadata: None };
        tasks.push(tokio::spawn(async move { apps.create(&ctx, request).await }));
    }
    let (mut numbers, mut taken) = (HashSet::new(), 0);
    for task in tasks {
        match task.await.expect("no panic") {
            Ok((no, _)) => assert!(numbers.insert(no), "{no:?} was given twice"),
            Err(fail) => {
                assert_eq!(fail.code().code, "apps.exists");
                taken += 1;
            }
        }
    }
    assert_eq!((numbers.len(), taken), (10, 10));
}

#[db_test]
async fn the_only_app_is_the_only_one(db: TestDb) {
    db.migrate(&[hoopoe_apps::MIGRATIONS]).await;
    let env = hoopoe_testkit::test_env_seeded(1).env;
    let apps = hoopoe_apps::Apps::new(db.db.clone(), env.clone());
    let ctx = hoopoe_kernel::Ctx::system(&env, hoopoe_kernel::AppNo::NONE);
    let make = async |name: &str| {
        must(apps.create(&ctx, CreateApp { name: name.to_owned(), metadata: None }).await);
    };
    assert!(must(apps.only().await).is_none());
    make("shop").await;
    assert_eq!(must(apps.only().await).map(|app| app.name), Some("shop".to_owned()));
    make("store").await;
    assert!(must(apps.only().await).is_none());
}

#[db_test]
async fn only_the_operator_manages_apps(db: TestDb) {
    let house = House::new(db).await;
    house.user("ann").await;
    let (token, _) = house.token("ann").await;
    let request = json!({"name": "mine"});
    for (bearer, code) in [("", 401), (house.own.key.as_str(), 403), (&token, 403), ("ak_x", 401)] {
        let refused = house.call(bearer, "apps.create", request.clone()).await;
        assert_eq!(refused.0, code, "{bearer}");
    }
    assert!(must(house.apps.find("mine").await).is_none());
}
