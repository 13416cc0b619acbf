//! The same send many times is one message; other content under its client id is refused.

use hoopoe_testkit::{
    client::{Connection, text_message},
    harness::{PATIENCE, within},
};
use serde_json::{Value, json};

use crate::house::{House, Store};

async fn one_row(store: Store) {
    let mut house =
        House::open_with(store, |launch| launch).await.with_people(&["ann", "bob"]).await;
    let conversation = house.direct("ann", "bob").await;
    let message = text_message(&conversation, "once", "only once");
    let sockets = [house.connect("ann").await, house.connect("ann").await];
    let mut pending = Vec::new();
    for _ in 0..50 {
        for socket in &sockets {
            pending.push(socket.post("messages.send", &message));
        }
    }
    for reply in pending {
        let reply = reply.outcome().await.unwrap();
        assert_eq!((&reply["seq"], &reply["text"]), (&json!(1), &json!("only once")));
    }
    let rest = house.rest.with_token("ann", house.token("ann"), &house.journal);
    let reply = rest.must("messages.send", message.clone()).await;
    assert_eq!(reply["seq"], 1);
    let path = format!("/v1/conversations/{conversation}/messages");
    let mut body = message.clone();
    body.as_object_mut().unwrap().remove("conversation");
    let repeat = rest.request("POST", &path, Some(&body)).await;
    assert_eq!(repeat.status, 200, "a repeat is no creation");

    house.server.kill().await;
    house.server.restart().await;
    let socket = house.connect("ann").await;
    assert_eq!(socket.must("messages.send", message).await["seq"], 1, "after a restart");
    let other = text_message(&conversation, "once", "something else");
    let refusal = socket.call("messages.send", other).await.unwrap_err();
    assert_eq!((refusal.status(), refusal.code()), (409, "messages.client_id_conflict"));
    let next = socket.send(&conversation, "next", "the next one").await.unwrap();
    assert_eq!(next["seq"], 2, "neither repeats nor the conflict took a seq");
    let bob = house.connect("bob").await;
    let same = bob.send(&conversation, "once", "bob's own").await.unwrap();
    assert_eq!(same["seq"], 3, "client ids belong to their senders");
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}

#[tokio::test]
async fn a_hundred_repeats_are_one_message() {
    one_row(Store::Embedded).await;
}

#[tokio::test]
async fn a_hundred_repeats_are_one_message_on_postgres() {
    one_row(Store::Postgres).await;
}

const MESSAGES: usize = 100;
const SOCKETS: usize = 8;
/// Sends of one storm: each message so often by each socket.
const REPEATS: usize = 12;
/// In flight on a socket; the server stops reading beyond 256.
const WINDOW: usize = 200;

/// Sends every message over every socket, again and again. Returns the answers by message; where the server may be killed, those that came.
async fn storm(sockets: &[Connection], conversation: &str, may_die: bool) -> Vec<Vec<Value>> {
    let one = async |socket: &Connection| {
        let mut answers = vec![Vec::new(); MESSAGES];
        let order: Vec<usize> = (0..MESSAGES * REPEATS).map(|step| step % MESSAGES).collect();
        for window in order.chunks(WINDOW) {
            let post = |message: &usize| {
                let params =
                    text_message(conversation, &format!("m{message}"), &format!("text {message}"));
                (*message, socket.post("messages.send", &params))
            };
            let pending: Vec<_> = window.iter().map(post).collect();
            for (message, reply) in pending {
                match within(PATIENCE, "an answer", reply.outcome()).await {
                    Ok(answer) => answers[message].push(answer),
                    Err(refusal) => assert!(may_die, "message {message}: {refusal}"),
                }
            }
        }
        answers
    };
    let mut all = vec![Vec::new(); MESSAGES];
    let running = sockets.iter().map(one);
    for answers in futures_util::future::join_all(running).await {
        for (message, answers) in answers.into_iter().enumerate() {
            all[message].extend(answers);
        }
    }
    all
}

async fn sockets(house: &House) -> Vec<Connection> {
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        sockets.push(house.connect("ann").await);
    }
    sockets
}

/// 28,800 sends of a hundred messages: before a kill, across it, and after a restart.
async fn many_duplicates(store: Store) {
    let mut house =
        House::open_with(store, |launch| launch).await.with_people(&["ann", "bob"]).await;
    let conversation = house.direct("ann", "bob").await;
    let mut seqs: Vec<Option<Value>> = vec![None; MESSAGES];
    let mut count = 0;
    for life in 0..3 {
        let sockets = sockets(&house).await;
        let (answers, is_killed) = if life == 1 {
            // The kill falls into the storm, once it has begun.
            let lines = house.journal.len() + 4_000;
            let journal = house.journal.clone();
            let dying = storm(&sockets, &conversation, true);
            let kill = async {
                within(PATIENCE, "traffic", journal.reaches(lines)).await;
                house.server.kill().await;
            };
            (futures_util::future::join(dying, kill).await.0, true)
        } else {
            (storm(&sockets, &conversation, false).await, false)
        };
        for (seq, answers) in seqs.iter_mut().zip(answers) {
            for answer in answers {
                let known = seq.get_or_insert_with(|| answer["seq"].clone());
                assert_eq!(answer["seq"], *known, "all answers are the same: {answer}");
                count += 1;
            }
        }
        if is_killed {
            house.server.restart().await;
        }
    }
    println!("{count} answers");
    assert!(count > 2 * SOCKETS * MESSAGES * REPEATS, "answers of the killed server too");
    let ann = house.connect("ann").await;
    let found = ann.must("conversations.get", json!({"conversation": &*conversation})).await;
    assert_eq!(found["head_seq"], MESSAGES, "not a row more than messages");
    house.judge(&[(&conversation, &["ann", "bob"])]).await;
}

#[tokio::test]
async fn ten_thousand_duplicates_over_eight_sockets_add_no_row() {
    many_duplicates(Store::Embedded).await;
}

#[tokio::test]
async fn ten_thousand_duplicates_over_eight_sockets_add_no_row_on_postgres() {
    many_duplicates(Store::Postgres).await;
}
