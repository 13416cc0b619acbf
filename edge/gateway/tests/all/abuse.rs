//! Frames that no client means: each ends in a reply or in the right close code, and nobody else
//! notices.

use std::time::Duration;

use hoopoe_gateway::Timing;
use hoopoe_wire::limits;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{Client, Seen},
    house::{House, Setup},
};

/// A masked frame with this first byte. The mask is zero: what is sent is what is meant.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    match payload.len() {
        short @ 0..126 => out.push(0x80 | short as u8),
        medium @ 126..65_536 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
    out
}

const TEXT: u8 = 0x81;
const TEXT_BEGIN: u8 = 0x01;
const MORE: u8 = 0x00;
const END: u8 = 0x80;
const PING: u8 = 0x89;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_frames_end_with_their_code() {
    let house = House::new().await;
    let mut other = Client::start(&house, "bob").await;
    let huge = [&[TEXT, 0xff][..], &(1_u64 << 62).to_be_bytes(), &[0; 4]].concat();
    let beyond = [&[TEXT, 0xff][..], &u64::MAX.to_be_bytes(), &[0; 4]].concat();
    let over = frame(TEXT, &vec![b' '; limits::FRAME_BYTES_MAX + 1]);
    let pieces: Vec<u8> = [
        frame(TEXT_BEGIN, &vec![b' '; limits::FRAME_BYTES_MAX / 2]),
        frame(MORE, &vec![b' '; limits::FRAME_BYTES_MAX / 2]),
        frame(END, b" "),
    ]
    .concat();
    let unmasked = vec![TEXT, 2, b'{', b'}'];
    let cut = [frame(TEXT_BEGIN, b"\xe6\x88"), frame(END, b"x")].concat();
    for (what, bytes, code) in [
        ("a length of 2^62", huge, 1009),
        ("a length of 2^64 - 1", beyond, 1009),
        ("a byte over the limit", over, 1009),
        ("pieces over the limit", pieces, 1009),
        ("no mask", unmasked, 1002),
        ("a reserved bit", frame(0xc1, b"{}"), 1002),
        ("an unknown kind", frame(0x83, b"{}"), 1002),
        ("an unknown control", frame(0x8b, b""), 1002),
        ("a long ping", frame(PING, &[0; 126]), 1002),
        ("a ping in pieces", frame(0x09, b""), 1002),
        ("the end of nothing", frame(END, b"{}"), 1002),
        ("a beginning in a message", [frame(TEXT_BEGIN, b"{"), frame(TEXT, b"}")].concat(), 1002),
        ("a byte that is no UTF-8", frame(TEXT, b"\"\xff\""), 1007),
        ("an overlong character", frame(TEXT, b"\"\xc0\xaf\""), 1007),
        ("a surrogate", frame(TEXT, b"\"\xed\xa0\x80\""), 1007),
        ("half a character", cut, 1007),
        ("no JSON", frame(TEXT, b"{"), 4400),
        ("nothing", frame(TEXT, b""), 4400),
    ] {
        for has_session in [false, true] {
            let mut client = match has_session {
                true => Client::start(&house, "ann").await,
                false => Client::dial(&house).await,
            };
            client.bytes(&bytes).await;
            assert_eq!(client.closed().await.0, code, "{what}, session: {has_session}");
        }
    }
    assert_eq!(other.ok("me.get", json!({})).await["id"], "bob");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_of_dust_is_refused_and_one_of_pieces_read() {
    let house = House::new().await;
    let mut client = Client::start(&house, "ann").await;
    let text = br#"{"id":77,"method":"me.get","params":{}}"#;
    let mut pieces = frame(TEXT_BEGIN, &text[..1]);
    for byte in &text[1..text.len() - 1] {
        pieces.extend(frame(MORE, &[*byte]));
    }
    pieces.extend(frame(END, &text[text.len() - 1..]));
    client.bytes(&pieces).await;
    assert_eq!(client.reply(77).await["result"]["id"], "ann");
    let dust = [frame(TEXT_BEGIN, b""), frame(MORE, b"").repeat(1_000_000)].concat();
    client.bytes(&dust).await;
    assert_eq!(client.closed().await, (1008, "too_many_fragments".to_owned()));
    let mut early = Client::dial(&house).await;
    early.bytes(&dust).await;
    assert_eq!(early.closed().await.0, 1008);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_never_ends_is_given_up() {
    let timing = Timing { heartbeat: Duration::from_millis(200), ..Setup::default().timing };
    let house = House::with(Setup { timing, ..Setup::default() }).await;
    let mut client = Client::start(&house, "ann").await;
    client.bytes(&frame(TEXT_BEGIN, b"{")).await;
    // Its heartbeats are answered all the while: reading does it.
    assert_eq!(client.closed().await, (1008, "unfinished_message".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_pings_ends_and_some_do_not() {
    let house = House::new().await;
    let max = usize::from(limits::CONTROL_FRAMES_PER_HEARTBEAT_MAX);
    let mut client = Client::start(&house, "ann").await;
    client.bytes(&frame(PING, b"a").repeat(max)).await;
    client.bytes(&frame(TEXT, br#"{"id":5,"method":"me.get"}"#)).await;
    loop {
        match client.next().await {
            Seen::Pong(payload) => assert_eq!(payload, b"a"),
            Seen::Json(reply) => break assert_eq!(reply["result"]["id"], "ann"),
            other => panic!("{other:?}"),
        }
    }
    client.bytes(&frame(PING, b"b").repeat(100_000)).await;
    assert_eq!(client.closed().await, (4429, "rate".to_owned()));
    let mut early = Client::dial(&house).await;
    early.bytes(&frame(PING, b"c").repeat(100_000)).await;
    assert_eq!(early.closed().await.0, 4429);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_done_before_the_session() {
    let house = House::new().await;
    let group = house.group(&["ann", "bob"]).await;
    let mut listening = Client::start(&house, "bob").await;
    let send = json!({"conversation": group, "client_id": "c", "kind": "text", "text": "x"});
    for (method, params) in [
        ("messages.send", send),
        ("session.sync", json!({})),
        ("me.get", json!({})),
        ("no.such", json!({})),
        ("session.start", json!({"token": ""})),
        ("session.start", json!({"token": "ut_0000000000000000000000"})),
    ] {
        let mut client = Client::dial(&house).await;
        let reply = client.call(method, params).await;
        assert_eq!(reply["error"]["code"], "auth.invalid_token", "{method}");
        assert_eq!(client.closed().await, (4401, "token".to_owned()), "{method}");
    }
    let mut client = Client::dial(&house).await;
    let reply = client.call("session.start", json!({"token": "x", "user": "ann"})).await;
    assert_eq!(reply["error"]["errors"][0]["pointer"], "/user");
    assert_eq!(client.closed().await.0, 4400);
    assert!(listening.events().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn frames_that_no_client_means_are_told_apart() {
    let house = House::new().await;
    let deep = format!(
        r#"{{"id":1,"method":"me.get","params":{}{}}}"#,
        "[".repeat(20_000),
        "]".repeat(20_000)
    );
    let deep_params = format!(
        r#"{{"id":1,"method":"me.update","params":{{"name":{}{}}}}}"#,
        "[".repeat(9_000),
        "]".repeat(9_000)
    );
    // Frames that are none end the socket.
    for wrong in [
        "[]",
        "null",
        "7",
        r#"[1,"me.get",{}]"#,
        r#"{"id":-1,"method":"me.get"}"#,
        r#"{"id":1.5,"method":"me.get"}"#,
        r#"{"id":"1","method":"me.get"}"#,
        r#"{"id":18446744073709551616,"method":"me.get"}"#,
        r#"{"id":1e400,"method":"me.get"}"#,
        r#"{"id":1,"id":2,"method":"me.get"}"#,
        r#"{"id":1,"method":"me.get","method":"me.get"}"#,
        r#"{"id":1,"method":7}"#,
        r#"{"id":1}"#,
        r#"{"method":"me.get"}"#,
        r#"{"id":1,"method":"me.get","extra":1}"#,
        r#"{"id":1,"method":"me.get"} {}"#,
        "\u{feff}{\"id\":1,\"method\":\"me.get\"}",
    ] {
        let mut client = Client::start(&house, "ann").await;
        client.raw(Message::text(wrong)).await;
        assert_eq!(client.closed().await, (4400, "bad_frame".to_owned()), "{wrong}");
    }
    // Params that are wrong are answered, and the socket lives on.
    let mut client = Client::start(&house, "ann").await;
    for (wrong, status) in [
        (&*deep, 400),
        (&*deep_params, 422),
        (r#"{"id":1,"method":"me.get","params":[]}"#, 400),
        (r#"{"id":1,"method":"me.get","params":"x"}"#, 400),
        (r#"{"id":1,"method":"me.get","params":{"x":1}}"#, 422),
        (r#"{"id":1,"method":"me.update","params":{"name":"a","name":"b"}}"#, 422),
        (r#"{"id":1,"method":"me.update","params":{"name":"\ud800"}}"#, 400),
        (r#"{"id":1,"method":"me.update","params":{"name":1e400}}"#, 400),
        (r#"{"id":1,"method":"me.update","params":{"name":{}}}"#, 422),
        (r#"{"id":1,"method":"\u0000","params":{}}"#, 404),
    ] {
        client.raw(Message::text(wrong)).await;
        let reply = client.json().await;
        let shown = &wrong[..wrong.len().min(80)];
        assert_eq!(
            (&reply["id"], &reply["error"]["status"]),
            (&json!(1), &json!(status)),
            "{shown}"
        );
    }
    assert_eq!(client.ok("me.get", json!({})).await["id"], "ann");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_house_takes_nobody_in_until_somebody_goes() {
    let house = House::with(Setup { connections_max: Some(2), ..Setup::default() }).await;
    let first = Client::start(&house, "ann").await;
    let _second = Client::start(&house, "bob").await;
    assert_eq!(crate::upgrade::status(&house, &[]).await, 503);
    drop(first);
    house.connections(1).await;
    Client::start(&house, "cat").await;
}
