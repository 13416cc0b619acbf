//! `Idempotency-Key`: one effect, one reply, for a day.

use std::{sync::Arc, time::Duration};

use hoopoe_kernel::{
    Actor, AppNo, Ctx, Reply, Scopes,
    ports::{Remember, Remembered},
};
use hoopoe_testkit::{TestDb, db_test, harness::PATIENCE};
use hoopoe_wire::KeyId;
use serde_json::json;

use crate::accounts_house::{House, must, refusal};

const HASH: [u8; 32] = [7; 32];

fn reply(body: &'static str) -> Reply {
    Reply { status: 201, body: body.as_bytes().into() }
}

#[db_test]
async fn a_repeat_is_answered_with_the_first_reply(db: TestDb) {
    let house = House::new(db).await;
    let request = json!({"name": "shop"});
    let admin = &house.admin;
    let first = house.send(admin, None, Some("k1"), "apps.create", request.clone()).await;
    assert_eq!(first.0, 201);
    house.clock.advance(Duration::from_secs(86_399));
    let again = house.send(admin, None, Some("k1"), "apps.create", request.clone()).await;
    assert_eq!(first, again, "not 409: it is the same request");
    let other = house.send(admin, None, Some("k2"), "apps.create", request.clone()).await;
    assert_eq!(refusal(other), (409, "apps.exists".into()));
    house.clock.advance(Duration::from_secs(1));
    let late = house.send(admin, None, Some("k1"), "apps.create", request).await;
    assert_eq!(refusal(late), (409, "apps.exists".into()), "a day later it is a new request");
}

#[db_test]
async fn another_body_is_refused_and_changes_nothing(db: TestDb) {
    let house = House::new(db).await;
    let admin = &house.admin;
    house.send(admin, None, Some("k"), "apps.create", json!({"name": "one"})).await;
    let other = house.send(admin, None, Some("k"), "apps.create", json!({"name": "two"})).await;
    assert_eq!(refusal(other), (422, "request.idempotency_mismatch".into()));
    assert!(must(house.apps.find("two").await).is_none());
    let blank = house.send(admin, None, Some(""), "apps.create", json!({"name": "two"})).await;
    assert_eq!(refusal(blank), (422, "request.invalid".into()));
}

#[db_test]
async fn a_failure_frees_the_key(db: TestDb) {
    let house = House::new(db).await;
    let (admin, taken) = (&house.admin, json!({"name": "own"}));
    let refused = house.send(admin, None, Some("k"), "apps.create", taken).await;
    assert_eq!(refused.0, 409);
    let mended = house.send(admin, None, Some("k"), "apps.create", json!({"name": "new"})).await;
    assert_eq!(mended.0, 201);
}

#[db_test]
async fn while_it_is_worked_on_a_repeat_waits_and_after_a_crash_a_minute(db: TestDb) {
    let house = House::new(db).await;
    let ctx = house.system();
    assert!(matches!(must(house.apps.begin(&ctx, "k", HASH).await), Remembered::Fresh));
    let repeat = || Ctx::system(&house.env, house.own.no);
    let busy = house.apps.begin(&repeat(), "k", HASH).await.err().expect("somebody is at it");
    assert_eq!(busy.code().code, "request.idempotency_busy");
    let other = house.apps.begin(&repeat(), "k", [8; 32]).await.err().expect("another body");
    assert_eq!(other.code().code, "request.idempotency_mismatch");

    house.clock.advance(Duration::from_millis(59_999));
    assert!(house.apps.begin(&repeat(), "k", HASH).await.is_err());
    house.clock.advance(Duration::from_millis(1));
    let second = repeat();
    assert!(matches!(must(house.apps.begin(&second, "k", HASH).await), Remembered::Fresh));

    // The first was only slow. What it comes back with is not what a repeat is told, and it does
    // not free what is not its own any more.
    must(house.apps.finish(&ctx, "k", Some(&reply("\"slow\""))).await);
    must(house.apps.finish(&ctx, "k", None).await);
    assert!(house.apps.begin(&repeat(), "k", HASH).await.is_err());
    must(house.apps.finish(&second, "k", Some(&reply("\"second\""))).await);
    let Remembered::Answered(kept) = must(house.apps.begin(&repeat(), "k", HASH).await) else {
        hoopoe_testkit::harness::fail("the reply was not kept");
    };
    assert_eq!(kept, reply("\"second\""));
}

#[db_test]
async fn callers_do_not_see_each_others_replies(db: TestDb) {
    let house = House::new(db).await;
    let key = KeyId::NONE;
    let server = |app: AppNo| Ctx::new(&house.env, app, Actor::Server { key, scopes: Scopes::ALL });
    let own = server(house.own.no);
    must(house.apps.begin(&own, "k", HASH).await);
    must(house.apps.finish(&own, "k", Some(&reply("1"))).await);
    let again = must(house.apps.begin(&server(house.own.no), "k", HASH).await);
    assert!(matches!(again, Remembered::Answered(_)), "all keys of an app are one caller");
    for other in [
        server(house.foreign.no),
        house.system(),
        Ctx::new(&house.env, house.own.no, Actor::Admin { key }),
        Ctx::new(&house.env, AppNo::NONE, Actor::Anonymous),
        Ctx::new(&house.env, AppNo::NONE, Actor::Anonymous),
    ] {
        let begun = must(house.apps.begin(&other, "k", HASH).await);
        assert!(matches!(begun, Remembered::Fresh), "{:?}", other.actor);
        if other.actor == Actor::Anonymous {
            must(house.apps.finish(&other, "k", Some(&reply("2"))).await);
        }
    }
}

#[db_test]
async fn of_many_at_once_one_does_the_work(db: TestDb) {
    let house = Arc::new(House::new(db).await);
    let mut tasks = Vec::new();
    for _ in 0..16 {
        let house = house.clone();
        tasks.push(tokio::spawn(async move {
            let ctx = house.system();
            house.apps.begin(&ctx, "k", HASH).await
        }));
    }
    let mut fresh = 0;
    for task in tasks {
        match task.await.expect("no panic") {
            Ok(Remembered::Fresh) => fresh += 1,
            Ok(Remembered::Answered(_)) => hoopoe_testkit::harness::fail("nobody has answered"),
            Err(busy) => assert_eq!(busy.code().code, "request.idempotency_busy"),
        }
    }
    assert_eq!(fresh, 1);
}

#[db_test]
async fn a_caller_who_leaves_finds_the_reply_later(db: TestDb) {
    let house = House::new(db).await;
    let request = json!({"name": "shop"});
    let started = house.start(&house.admin, None, Some("k"), "apps.create", request.clone()).await;
    let mut running = must(started);
    // Polled once, and then the connection is gone.
    assert!(futures_poll(&mut running).await);
    drop(running);
    let repeat = async {
        loop {
            let reply = house.send(&house.admin, None, Some("k"), "apps.create", request.clone());
            match reply.await {
                (409, busy) if busy["code"] == "request.idempotency_busy" => {
                    tokio::task::yield_now().await;
                }
                reply => return reply,
            }
        }
    };
    let reply = tokio::time::timeout(PATIENCE, repeat).await.expect("in time");
    assert_eq!(reply.0, 201, "{}", reply.1);
}

/// Polls once; whether there is more to come.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_pending())
    })
    .await
}

#[db_test]
async fn replies_are_swept_after_a_day(db: TestDb) {
    let house = House::new(db).await;
    for n in 0..450 {
        let ctx = house.system();
        must(house.apps.begin(&ctx, &format!("k{n}"), HASH).await);
        house.clock.advance(Duration::from_micros(1));
    }
    house.clock.advance(Duration::from_secs(1));
    let young = house.system();
    must(house.apps.begin(&young, "young", HASH).await);
    must(house.apps.finish(&young, "young", Some(&reply("1"))).await);
    house.clock.advance(Duration::from_secs(86_399));
    assert_eq!(must(house.apps.sweep().await), 450);
    assert_eq!(must(house.apps.sweep().await), 0);
    let kept = must(house.apps.begin(&house.system(), "young", HASH).await);
    assert!(matches!(kept, Remembered::Answered(_)));
}
