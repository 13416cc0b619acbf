//! Chinese names are found by how they are typed.

use hoopoe_testkit::{TestDb, db_test};
use serde_json::{Value, json};

use crate::accounts_house::{House, must, text};

async fn find(house: &House, q: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let request = json!({"q": q, "cursor": cursor, "limit": limit});
        let page = house.ok(&house.own.key, "users.list", request).await;
        ids.extend(page["items"].as_array().expect("a list").iter().map(|user| text(&user["id"])));
        match page.get("next_cursor") {
            Some(next) => cursor = Some(text(next)),
            None => return ids,
        }
        assert!(ids.len() < 100, "the list does not end");
    }
}

async fn house(db: TestDb) -> House {
    let house = House::new(db).await;
    let users: Vec<Value> = [
        ("u1", "张三丰"),
        ("u2", "单田芳"),
        ("u3", "zhang wei"),
        ("zhang.id", "李四"),
        ("u5", "赵五"),
        ("u6", "Ann"),
    ]
    .map(|(id, name)| json!({"id": id, "name": name}))
    .into();
    house.ok(&house.own.key, "users.batch", json!({"users": users})).await;
    house.ok(&house.foreign.key, "users.upsert", json!({"user": "u9", "name": "张九"})).await;
    house
}

#[db_test]
async fn replies_tell_how_a_name_is_typed(db: TestDb) {
    let house = house(db).await;
    let keys = async |id: &str| {
        let user = house.ok(&house.own.key, "users.get", json!({"user": id})).await;
        user.get("keys").cloned()
    };
    assert_eq!(keys("u1").await, Some(json!(["zhangsanfeng", "zsf"])));
    assert_eq!(keys("u2").await, Some(json!(["shantianfang", "stf", "dantianfang", "dtf"])));
    assert_eq!(keys("u6").await, None);
    let made = json!({"user": "u7", "name": "王七"});
    let made = house.ok(&house.own.key, "users.upsert", made).await;
    assert_eq!(made["keys"], json!(["wangqi", "wq"]));
}

#[db_test]
async fn a_name_is_found_by_pinyin_and_initials(db: TestDb) {
    let house = house(db).await;
    for limit in [1, 2, 3, 50] {
        // By id, by name, by keys; and everybody once, though both keys of a name match.
        let all = find(&house, "zh", limit).await;
        assert_eq!(all, ["zhang.id", "u3", "u1", "u5"], "{limit}");
        assert_eq!(find(&house, "z", limit).await, ["zhang.id", "u3", "u1", "u5"], "{limit}");
        assert_eq!(find(&house, "ZSF", limit).await, ["u1"], "{limit}");
        assert_eq!(find(&house, "zhangsan", limit).await, ["u1"], "{limit}");
    }
    for (q, id) in [("stf", "u2"), ("dantian", "u2"), ("shantianfang", "u2"), ("张", "u1")] {
        assert_eq!(find(&house, q, 50).await, [id], "{q}");
    }
    for none in ["sanfeng", "zhangsanfengx", "sf"] {
        assert_eq!(find(&house, none, 50).await, [""; 0], "{none}");
    }
}

#[db_test]
async fn another_name_has_other_keys_and_a_deleted_user_none(db: TestDb) {
    let house = house(db).await;
    let key = &house.own.key;
    house.ok(key, "users.update", json!({"user": "u1", "name": "王三"})).await;
    assert_eq!(find(&house, "zsf", 50).await, [""; 0]);
    assert_eq!(find(&house, "ws", 50).await, ["u1"]);
    house.ok(key, "users.update", json!({"user": "u1", "avatar_url": ""})).await;
    assert_eq!(find(&house, "ws", 50).await, ["u1"], "what is left out stays");
    house.ok(key, "users.upsert", json!({"user": "u1", "name": "Wang"})).await;
    assert_eq!(find(&house, "ws", 50).await, [""; 0]);
    house.ok(key, "users.upsert", json!({"user": "u1", "name": "王三"})).await;
    house.ok(key, "users.delete", json!({"user": "u1"})).await;
    assert_eq!(find(&house, "ws", 50).await, [""; 0]);
    house.ok(key, "users.upsert", json!({"user": "u1", "name": "王四"})).await;
    assert_eq!(find(&house, "ws", 50).await, ["u1"], "a new user of the same id");

    let (token, _) = house.token("u5").await;
    house.ok(&token, "me.update", json!({"name": "钱五"})).await;
    assert_eq!(find(&house, "qianwu", 50).await, ["u5"]);
}

/// As a database looks whose users were made before there were keys.
async fn forget(house: &House) {
    let gone = house.db.db.write(|tx| {
        tx.execute("DELETE FROM user_keys", &[])?;
        tx.execute("DELETE FROM user_key_fills", &[])?;
        Ok(())
    });
    must(gone.await);
}

#[db_test]
async fn users_from_before_get_their_keys(db: TestDb) {
    let house = house(db).await;
    let many: Vec<Value> =
        (0..120).map(|n| json!({"id": format!("m{n}"), "name": "陈多"})).collect();
    house.ok(&house.own.key, "users.batch", json!({"users": many})).await;
    house.ok(&house.own.key, "users.delete", json!({"user": "m0"})).await;
    forget(&house).await;
    assert_eq!(find(&house, "zsf", 50).await, [""; 0]);
    assert!(must(house.accounts.fill_keys().await));
    assert_eq!(find(&house, "zsf", 50).await, ["u1"]);
    let page = house.ok(&house.own.key, "users.list", json!({"q": "cd", "limit": 100})).await;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(100));
    assert!(!must(house.accounts.fill_keys().await), "once");

    // Other rules than those by which they were made.
    let older = house.db.db.write(|tx| {
        tx.execute("UPDATE user_key_fills SET version = 0", &[])?;
        tx.execute(
            "UPDATE user_keys SET search_key = $1 WHERE search_key = $2",
            &[b"old\0u1".as_slice().into(), b"zsf\0u1".as_slice().into()],
        )?;
        Ok(())
    });
    must(older.await);
    assert_eq!(find(&house, "old", 50).await, ["u1"]);
    assert!(must(house.accounts.fill_keys().await));
    assert_eq!(
        (find(&house, "old", 50).await, find(&house, "zsf", 50).await),
        (vec![], vec!["u1".into()])
    );
}

#[db_test]
async fn a_fill_that_was_cut_off_goes_on(db: TestDb) {
    let house = house(db).await;
    forget(&house).await;
    let (one, two) = (house.accounts.clone(), house.other_node().1);
    let (one, two) = tokio::join!(one.fill_keys(), two.fill_keys());
    assert!(must(one) || must(two));
    assert_eq!(find(&house, "zsf", 50).await, ["u1"]);
    let half = house.db.db.write(|tx| {
        tx.execute("DELETE FROM user_keys", &[])?;
        tx.execute("UPDATE user_key_fills SET after_uid = 0, is_done = 0", &[])?;
        Ok(())
    });
    must(half.await);
    assert!(must(house.accounts.fill_keys().await));
    assert_eq!(find(&house, "zsf", 50).await, ["u1"]);
}
