//! Instructions per operation of the message path, single-threaded, counted by Valgrind: decode,
//! dispatch, append, encode, fan-out. `cargo xtask test counts` compares them with `counts.txt`.

#![expect(
    missing_docs,
    unused_qualifications,
    reason = "the macros of the bench harness write them"
)]

use std::{hint::black_box, sync::Arc};

use bytes::Bytes;
use futures_util::FutureExt;
use gungraun::prelude::*;
use hoopoe_db::{Dialect, WriteTx, render};
use hoopoe_db_sqlite::{SqliteOptions, bench::HandWriter};
use hoopoe_kernel::{
    Actor, Answer, AppNo, BoxFuture, Command, CommandInfo, Ctx, Env, Fail, Method, Rate, RateTable,
    Registry, Reply, TokenBuckets, Uid, UserActor,
    ports::{Admit, Audit, Authenticate, Credential, Identity, Ports, Remember, Remembered},
};
use hoopoe_log::{ClientId, Logged, LoggedMessage, NewMessage, Writing, bench::HandLane};
use hoopoe_wire::{
    ConversationId, RequestId, SessionId, Time, UserId,
    frame::ClientFrame,
    messages::{SendRequest, SentMessage},
};

const MESSAGES: usize = 256;
const AUDIENCE: i64 = 100;

fn conversation() -> ConversationId {
    ConversationId([7; 16])
}

fn ann() -> UserActor {
    let id = UserId::parse("ann").expect("the alphabet allows it");
    UserActor::signed_in(Uid(1), id, SessionId([1; 16]))
}

fn frame_text() -> String {
    format!(
        "{{\"id\":7,\"method\":\"messages.send\",\"params\":{{\"conversation\":\"{}\",\
         \"client_id\":\"0199d2f0-7a3b-7cde-8f01-23456789abcd\",\"kind\":\"text\",\
         \"text\":\"{}\"}}}}",
        conversation(),
        "a".repeat(100)
    )
}

fn message(n: usize) -> NewMessage {
    let mut uuid = [0; 16];
    uuid[8..].copy_from_slice(&(n as u64).to_be_bytes());
    NewMessage {
        app: AppNo(1),
        conversation: conversation(),
        sender: Uid(1),
        sender_id: ann().id,
        client_id: ClientId::from_uuid(uuid),
        hash: [3; 16],
        kind: "text",
        body: format!("{{\"text\":\"{}\"}}", "a".repeat(100)).into(),
        quotes: None,
        writing: Writing::AsMember,
    }
}

fn logged() -> Logged {
    let NewMessage { app, conversation, sender, sender_id, client_id, body, .. } = message(1);
    Logged::Message(LoggedMessage {
        is_redacted: false,
        app,
        conversation,
        seq: 42,
        members_rev: 3,
        sender,
        sender_id,
        client_id,
        kind: "text".into(),
        body,
        at: Time(1_795_411_809_123_000),
    })
}

#[library_benchmark]
#[bench::a_send(setup = frame_text)]
fn decode(text: String) -> usize {
    let frame: ClientFrame<'_> = serde_json::from_str(&text).expect("it is a frame");
    let params = frame.params.expect("it has params").get();
    let request: SendRequest = serde_json::from_str(params).expect("it is a send");
    black_box(request.text.map_or(0, |text| text.len()))
}

struct Open;

impl Authenticate for Open {
    fn authenticate(&self, _: Credential) -> BoxFuture<Result<Identity, Fail>> {
        let identity = Identity { app: AppNo(1), actor: Actor::User(ann()) };
        std::future::ready(Ok(identity)).boxed()
    }
}

impl Remember for Open {
    fn begin(&self, _: &Ctx, _: &str, _: [u8; 32]) -> BoxFuture<Result<Remembered, Fail>> {
        std::future::ready(Ok(Remembered::Fresh)).boxed()
    }

    fn finish(&self, _: &Ctx, _: &str, _: Option<&Reply>) -> BoxFuture<Result<(), Fail>> {
        std::future::ready(Ok(())).boxed()
    }
}

impl Audit for Open {
    fn record(&self, _: &Ctx, _: &CommandInfo, _: RequestId, _: u16) {}
}

fn table() -> (Arc<Registry>, Ctx, String) {
    let command = Command::new("messages.send", Method::Post, "/v1/messages")
        .rate(Rate::Send)
        .naturally_idempotent()
        .handle::<SendRequest, SentMessage, _, _>(|_, request| async move {
            Ok(Answer::encoded(201, Bytes::from(request.client_id)))
        });
    let open = Arc::new(Open);
    let admit: Arc<dyn Admit> = Arc::new(TokenBuckets::new(RateTable::default()));
    let ports = Ports { authenticate: open.clone(), admit, remember: open.clone(), audit: open };
    let ctx = Ctx::new(&Env::system(), AppNo(1), Actor::User(ann()));
    (Registry::new(vec![vec![command]], ports), ctx, frame_text())
}

#[library_benchmark]
#[bench::a_send(setup = table)]
fn dispatch((registry, ctx, text): (Arc<Registry>, Ctx, String)) -> bool {
    let running = hoopoe_gateway::bench::dispatch(&registry, &ctx, &text);
    black_box(running.now_or_never().unwrap_or(false))
}

fn log() -> (HandLane, HandWriter, tempfile::TempDir) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let options = SqliteOptions::new(directory.path().join("counts.db"));
    let writer = HandWriter::open(&options).expect("an empty database");
    let lane = HandLane::new(Env::system(), Dialect::Sqlite);
    writer.transaction(|tx| prepare(tx, &lane)).expect("the schema is sound");
    // Statements are prepared and heads cached, as in a server that has run for a second.
    let mut ready = (lane, writer, directory);
    append_all(&mut ready, MESSAGES);
    ready
}

fn prepare(tx: &mut dyn WriteTx, lane: &HandLane) -> Result<(), hoopoe_db::DbError> {
    let schema = render(hoopoe_log::MIGRATIONS.migrations[0].sqlite, Dialect::Sqlite);
    for statement in schema.split(";\n").filter(|text| text.contains("CREATE")) {
        tx.execute(Box::leak(statement.to_owned().into_boxed_str()), &[])?;
    }
    tx.execute(
        "INSERT INTO heads (conversation, app, seq, rev, members_rev, floor_seq, at_us) \
         VALUES ($1, 1, 0, 1, 1, 0, 0)",
        &[(&conversation().0).into()],
    )?;
    tx.execute(
        "INSERT INTO spans (conversation, uid, from_seq, app, to_seq, gate_us) \
         VALUES ($1, 1, 1, 1, NULL, 0)",
        &[(&conversation().0).into()],
    )?;
    lane.prepare(tx)
}

fn append_all(ready: &mut (HandLane, HandWriter, tempfile::TempDir), from: usize) {
    let (lane, writer, _) = ready;
    let waiting: Vec<_> = (from..from + MESSAGES).map(|n| lane.push(message(n))).collect();
    writer.transaction(|tx| lane.run(tx)).expect("the batch commits");
    for answer in waiting {
        let stored = answer.now_or_never().expect("answered after the commit");
        assert!(stored.is_ok_and(|appended| !appended.is_repeat));
    }
}

#[library_benchmark]
#[bench::a_batch_of_256(setup = log)]
fn append(mut ready: (HandLane, HandWriter, tempfile::TempDir)) -> usize {
    append_all(&mut ready, 2 * MESSAGES);
    black_box(MESSAGES)
}

#[library_benchmark]
#[bench::an_event(setup = logged)]
fn encode(logged: Logged) -> usize {
    let mut json = Vec::with_capacity(1_024);
    hoopoe_messages::frame(&mut json, &logged);
    let mut frame = Vec::with_capacity(1_024);
    hoopoe_gateway::bench::write_text_frame(&mut frame, &json);
    black_box(frame.len())
}

fn audience() -> (hoopoe_gateway::bench::Audience, Bytes) {
    (hoopoe_gateway::bench::Audience::new(AUDIENCE), Bytes::from(vec![b'x'; 400]))
}

#[library_benchmark]
#[bench::to_100_connections(setup = audience)]
fn fan_out((audience, chunk): (hoopoe_gateway::bench::Audience, Bytes)) -> usize {
    let mut buffer = Vec::with_capacity(1_024);
    audience.deliver(&chunk, &mut buffer);
    black_box(buffer.len())
}

library_benchmark_group!(
    name = message_path,
    benchmarks = [decode, dispatch, append, encode, fan_out]
);
main!(library_benchmark_groups = message_path);
