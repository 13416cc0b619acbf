//! Presence: a snapshot, then changes, for those who may see them and for nobody else.

use hoopoe_kernel::{Actor, Ctx, Uid};
use hoopoe_testkit::{TestDb, db_test};
use serde_json::{Value, json};

use crate::{
    accounts_house::refusal,
    messages_house::pointer,
    presence_house::{Circle, Node, news},
};

const GRACE_MS: u64 = 15_000;

fn online(user: &str) -> Value {
    json!({"user": user, "status": "online"})
}

fn offline(user: &str) -> Value {
    json!({"user": user, "status": "offline"})
}

#[db_test]
async fn a_subscription_begins_with_a_snapshot_and_goes_on_with_changes(db: TestDb) {
    let circle = Circle::new(db).await;
    circle.chat.group(&["ann", "bob", "cat"]).await;
    circle.comes("bob").await;
    let shown = circle.subscribe("ann", &["bob", "cat", "ann", "nobody"]).await;
    let wanted = json!([online("bob"), offline("cat"), offline("ann"), offline("nobody")]);
    assert_eq!(shown, wanted);
    assert_eq!(circle.news().await, [""; 0], "nothing has changed");
    circle.comes("cat").await;
    circle.comes("dan").await;
    assert_eq!(circle.news().await, ["ann: cat online"]);
    circle.goes("cat").await;
    circle.pass(GRACE_MS);
    let told = circle.told().await;
    let gone = told.iter().find(|told| news(told).is_some()).expect("cat went");
    let data = json!({
        "user": "cat", "status": "offline", "last_seen_at": "2026-01-01T00:00:00.000Z",
    });
    assert_eq!(gone.frame, json!({"event": "presence.updated", "data": data}));

    let request = json!({"users": ["cat"]});
    circle.ok("ann", Some(1), "presence.unsubscribe", request).await;
    circle.comes("cat").await;
    assert_eq!(circle.news().await, [""; 0]);
    // A subscription ends with its connection.
    circle.subscribe("ann", &["cat"]).await;
    circle.ok("ann", Some(2), "presence.subscribe", json!({"users": ["cat"]})).await;
    circle.node.presence.closed(circle.chat.uid("ann").await, 1);
    circle.goes("cat").await;
    circle.pass(GRACE_MS);
    assert_eq!(circle.news().await, ["ann: cat offline"], "the other one is told");
    circle.ok("ann", Some(2), "presence.unsubscribe", json!({})).await;
    circle.comes("cat").await;
    assert_eq!(circle.news().await, [""; 0]);
}

#[db_test]
async fn who_comes_back_within_the_grace_was_never_away(db: TestDb) {
    let circle = Circle::new(db).await;
    circle.chat.group(&["ann", "bob"]).await;
    circle.comes("bob").await;
    circle.subscribe("ann", &["bob"]).await;
    for _ in 0..5 {
        circle.goes("bob").await;
        circle.pass(GRACE_MS - 1);
        assert_eq!(circle.news().await, [""; 0]);
        circle.comes("bob").await;
        circle.pass(1_000);
        assert_eq!(circle.news().await, [""; 0]);
    }
    assert_eq!(circle.subscribe("ann", &["bob"]).await, json!([online("bob")]));
    circle.goes("bob").await;
    circle.pass(GRACE_MS);
    assert_eq!(circle.news().await, ["ann: bob offline"]);
    circle.comes("bob").await;
    assert_eq!(circle.news().await, [""; 0], "less than a second after the last");
    circle.pass(1_000);
    assert_eq!(circle.news().await, ["ann: bob online"]);
}

#[db_test]
async fn only_who_shares_a_conversation_is_seen(db: TestDb) {
    let circle = Circle::new(db).await;
    circle.comes("dan").await;
    assert_eq!(circle.subscribe("ann", &["dan"]).await, json!([offline("dan")]));
    circle.goes("dan").await;
    circle.pass(GRACE_MS);
    circle.comes("dan").await;
    assert_eq!(circle.news().await, [""; 0], "a stranger");
    // They meet: he comes into sight, with the conversation.
    let (ann, dan) = (circle.chat.uid("ann").await, circle.chat.uid("dan").await);
    let request = json!({"kind": "direct", "members": ["dan"]});
    circle.chat.ok("ann", "conversations.create", request).await;
    circle.node.presence.members_changed(&[ann, dan], &[]);
    assert_eq!(circle.news().await, ["ann: dan online"]);
    // Another app has a user of this name too.
    let house = &circle.chat.house;
    let other = json!({"user": "ann", "name": "another Ann"});
    house.ok(&house.foreign.key, "users.upsert", other).await;
    let mut ctx = circle.chat.ctx_in(house.foreign.no, "ann").await;
    ctx.connection = Some(7);
    let (status, reply) =
        circle.node.call(ctx, "presence.subscribe", json!({"users": ["dan", "bob"]})).await;
    assert_eq!((status, &reply["items"]), (200, &json!([offline("dan"), offline("bob")])));
    circle.goes("dan").await;
    circle.pass(GRACE_MS);
    assert_eq!(circle.news().await, ["ann: dan offline"], "to one Ann only");
}

#[db_test]
async fn who_parts_sees_nothing_more(db: TestDb) {
    let circle = Circle::new(db).await;
    let both = [circle.chat.group(&["ann", "bob"]).await, circle.chat.group(&["ann", "bob"]).await];
    circle.comes("bob").await;
    circle.subscribe("ann", &["bob"]).await;
    let bob = circle.chat.uid("bob").await;
    circle.chat.ok("bob", "conversations.leave", json!({"conversation": both[0]})).await;
    circle.node.presence.members_changed(&[], &[bob]);
    assert_eq!(circle.news().await, [""; 0], "there is the other one");
    let request = json!({"conversation": both[1], "user": "bob"});
    circle.chat.ok("ann", "members.remove", request).await;
    circle.node.presence.members_changed(&[], &[bob]);
    assert_eq!(circle.news().await, ["ann: bob offline"], "as if he had gone");
    circle.goes("bob").await;
    circle.pass(GRACE_MS);
    circle.comes("bob").await;
    circle.pass(GRACE_MS);
    assert_eq!(circle.news().await, [""; 0]);
    assert_eq!(circle.subscribe("ann", &["bob"]).await, json!([offline("bob")]));
}

#[db_test]
async fn who_hides_is_not_seen_and_sees_nobody(db: TestDb) {
    let circle = Circle::new(db).await;
    circle.chat.group(&["ann", "bob"]).await;
    for user in ["ann", "bob"] {
        circle.comes(user).await;
    }
    circle.subscribe("ann", &["bob"]).await;
    circle.subscribe("bob", &["ann"]).await;
    let nobody = json!({"presence": "nobody"});
    circle.ok("bob", None, "settings.update", nobody).await;
    let mut told = circle.news().await;
    told.sort_unstable();
    assert_eq!(told, ["ann: bob offline", "bob: ann offline"]);
    for user in ["ann", "bob"] {
        circle.goes(user).await;
        circle.pass(GRACE_MS);
        circle.comes(user).await;
        circle.pass(1_000);
    }
    assert_eq!(circle.news().await, [""; 0]);
    let list = |user| circle.ok(user, None, "presence.list", json!({"users": ["ann", "bob"]}));
    assert_eq!(list("ann").await["items"], json!([online("ann"), offline("bob")]));
    assert_eq!(list("bob").await["items"], json!([offline("ann"), online("bob")]));
    circle.ok("bob", None, "settings.update", json!({"presence": "members"})).await;
    let mut told = circle.news().await;
    told.sort_unstable();
    assert_eq!(told, ["ann: bob online", "bob: ann online"]);
}

#[db_test]
async fn when_somebody_was_last_seen_outlives_the_process(db: TestDb) {
    let circle = Circle::new(db).await;
    let group = circle.chat.group(&["ann", "bob", "cat"]).await;
    let house = &circle.chat.house;
    circle.comes("bob").await;
    circle.comes("cat").await;
    circle.goes("bob").await;
    circle.pass(GRACE_MS);
    circle.told().await;
    circle.pass(5_000);
    circle.told().await;
    circle.node.presence.close().await;
    let next = Node::new(&circle.chat);
    let ask = json!({"users": ["bob", "cat", "dan"]});
    let seen = |user: &str, at: &str| {
        json!({"user": user, "status": "offline",
            "last_seen_at": format!("2026-01-01T00:00:{at}.000Z")})
    };
    let all = json!([seen("bob", "00"), seen("cat", "20"), offline("dan")]);
    let ann = circle.chat.ctx("ann").await;
    let (_, reply) = next.call(ann.clone(), "presence.list", ask.clone()).await;
    assert_eq!(reply["items"], all);
    // The app's backend sees everybody of its app; another's sees nobody.
    let backend = Ctx::new(&house.env, house.own.no, Actor::System);
    next.presence.connected(house.own.no, circle.chat.uid("dan").await);
    let (_, reply) = next.call(backend, "presence.list", ask.clone()).await;
    assert_eq!(reply["items"], json!([seen("bob", "00"), seen("cat", "20"), online("dan")]));
    let foreign = Ctx::new(&house.env, house.foreign.no, Actor::System);
    let (_, reply) = next.call(foreign, "presence.list", ask.clone()).await;
    assert_eq!(reply["items"], json!([offline("bob"), offline("cat"), offline("dan")]));
    // To share a very large conversation is not to know each other.
    let grown = house.db.db.write(move |tx| {
        let args = [2_001_i64.into(), group.as_bytes().into()];
        tx.execute("UPDATE conversations SET member_count = $1 WHERE conversation = $2", &args)?;
        Ok(())
    });
    grown.await.unwrap();
    let (_, reply) = next.call(ann, "presence.list", ask).await;
    assert_eq!(reply["items"], json!([offline("bob"), offline("cat"), offline("dan")]));
}

#[db_test]
async fn requests_have_bounds(db: TestDb) {
    let circle = Circle::new(db).await;
    let many = |count: usize, from: usize| -> Vec<String> {
        (from..from + count).map(|n| format!("p{n:04}")).collect()
    };
    for name in ["presence.list", "presence.subscribe"] {
        for users in [json!([]), json!(many(101, 0))] {
            let refused = circle.call("ann", Some(1), name, json!({"users": users})).await;
            assert_eq!(pointer(refused), (422, "/users".to_owned()), "{name}");
        }
        for nobody in ["", "a b", "é"] {
            let users = json!({"users": ["bob", nobody]});
            let refused = circle.call("ann", Some(1), name, users).await;
            assert_eq!(pointer(refused), (422, "/users/1".to_owned()), "{name} {nobody}");
        }
    }
    let over_rest = circle.call("ann", None, "presence.subscribe", json!({"users": ["bob"]})).await;
    assert_eq!(refusal(over_rest), (409, "presence.socket_only".to_owned()));
    let house = &circle.chat.house;
    let users: Vec<Value> = many(501, 0).iter().map(|id| json!({"id": id})).collect();
    house.ok(&house.own.key, "users.batch", json!({"users": users})).await;
    for turn in 0..5 {
        let request = json!({"users": many(100, turn * 100)});
        circle.ok("ann", Some(1), "presence.subscribe", request).await;
    }
    let one_more = json!({"users": ["p0000", "p0500"]});
    let refused = circle.call("ann", Some(1), "presence.subscribe", one_more.clone()).await;
    assert_eq!(refusal(refused), (422, "presence.too_many_subscriptions".to_owned()));
    circle.ok("ann", Some(2), "presence.subscribe", one_more).await;
}

#[db_test]
async fn a_node_that_dies_takes_its_people_with_it(db: TestDb) {
    let circle = Circle::new(db).await;
    circle.chat.group(&["ann", "bob", "cat"]).await;
    let other = Node::new(&circle.chat);
    circle.subscribe("ann", &["bob", "cat"]).await;
    let app = circle.chat.house.own.no;
    let (bob, cat): (Uid, Uid) = (circle.chat.uid("bob").await, circle.chat.uid("cat").await);
    other.presence.connected(app, bob);
    other.presence.connected(app, cat);
    circle.told_by(&other).await;
    let mut told = circle.news().await;
    told.sort_unstable();
    assert_eq!(told, ["ann: bob online", "ann: cat online"]);
    // Bob moves over to this node while the other dies.
    circle.comes("bob").await;
    circle.pass(9_999);
    assert_eq!(circle.news().await, [""; 0]);
    circle.pass(1);
    assert_eq!(circle.news().await, [""; 0], "the grace begins");
    circle.pass(GRACE_MS);
    assert_eq!(circle.news().await, ["ann: cat offline"]);
}
