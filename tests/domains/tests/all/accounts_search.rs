//! Users, listed and found.

use hoopoe_testkit::{TestDb, db_test, people::ALL};
use serde_json::{Value, json};

use crate::accounts_house::{House, refusal, text};

async fn find(house: &House, q: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let request = json!({"q": q, "cursor": cursor, "limit": limit});
        let page = house.ok(&house.own.key, "users.list", request).await;
        let items = page["items"].as_array().expect("a list");
        assert!(items.len() <= limit);
        ids.extend(items.iter().map(|user| text(&user["id"])));
        match page.get("next_cursor") {
            Some(next) => cursor = Some(text(next)),
            None => return ids,
        }
        assert!(ids.len() < 1_000, "the list does not end");
    }
}

async fn house(db: TestDb) -> House {
    let house = House::new(db).await;
    let user =
        |person: &hoopoe_testkit::people::Person| json!({"id": person.id, "name": person.name});
    let mut users: Vec<Value> = ALL.iter().map(user).collect();
    users.push(json!({"id": "ANN", "name": "bob the second"}));
    users.push(json!({"id": "annika", "name": "Annika"}));
    users.push(json!({"id": "zoe", "name": "ann who is called zoe"}));
    house.ok(&house.own.key, "users.batch", json!({"users": users})).await;
    house
}

#[db_test]
async fn an_id_or_a_name_is_found_by_its_beginning(db: TestDb) {
    let house = house(db).await;
    for limit in [1, 2, 3, 50] {
        assert_eq!(find(&house, "ann", limit).await, ["ANN", "ann", "annika", "zoe"], "{limit}");
        assert_eq!(find(&house, "AnN", limit).await, ["ANN", "ann", "annika", "zoe"], "{limit}");
        assert_eq!(find(&house, "bob", limit).await, ["bob", "ANN"], "ids first, {limit}");
    }
    assert_eq!(find(&house, "李", 50).await, ["li.wei"]);
    assert_eq!(find(&house, "o'odd", 50).await, ["Odd.One_1@x+y:z-"]);
    assert_eq!(find(&house, "odd.one_1@x+y:z-", 50).await, ["Odd.One_1@x+y:z-"]);
    for none in ["nn", "%", "_", "' OR 1=1 --", "Conti"] {
        assert_eq!(find(&house, none, 50).await, [""; 0], "{none:?}");
    }
    let long = house.call(&house.own.key, "users.list", json!({"q": "x".repeat(65)})).await;
    assert_eq!(refusal(long), (422, "request.invalid".into()));
    let no_text = house.call(&house.own.key, "users.list", json!({"q": "\u{0}"})).await;
    assert_eq!(refusal(no_text), (422, "request.invalid".into()));
}

#[db_test]
async fn everybody_is_listed_once_whatever_the_page(db: TestDb) {
    let house = house(db).await;
    let whole = find(&house, "", 100).await;
    let mut sorted = whole.clone();
    sorted.sort_by_key(|id| (id.to_ascii_lowercase(), id.clone()));
    assert_eq!(whole, sorted, "in the order of their ids");
    assert_eq!(whole.len(), ALL.len() + 3);
    for limit in [1, 4, 7] {
        assert_eq!(find(&house, "", limit).await, whole);
    }
}

#[db_test]
async fn a_forged_cursor_is_refused_or_harmless(db: TestDb) {
    let house = house(db).await;
    house.ok(&house.foreign.key, "users.upsert", json!({"user": "secret"})).await;
    for bad in ["", "x", "i0", "../..", "9999"] {
        let refused = house.call(&house.own.key, "users.list", json!({"cursor": bad})).await;
        assert_eq!(refusal(refused), (422, "request.invalid".into()), "{bad:?}");
    }
    for forged in ["i", "i00", "n", "nff", "i73"] {
        let request = json!({"q": "s", "cursor": forged});
        let page = house.ok(&house.own.key, "users.list", request).await;
        assert_eq!(page["items"], json!([]), "{forged}");
    }
}
