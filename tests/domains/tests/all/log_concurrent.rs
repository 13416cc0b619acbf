//! Many at once: writers, their repeats, members who come and go, marks, changes. On the server
//! database two nodes share the work.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hoopoe_kernel::{Entropy, Fail, Uid};
use hoopoe_log::{
    AudienceChange, LogTx, Logged, Marks, NewChange, NewMessage, WriteGate, Writing, heads, marks,
    moves,
};
use hoopoe_testkit::{
    FakeEntropy, TestDb, Which, db_test,
    harness::{PATIENCE, seed, within},
};
use hoopoe_wire::{ConversationId, codes};

use crate::log_house::{APP, Ear, House, Kept, ROOM, kept, members_change, message};

const WRITERS: i64 = 16;
const CONVERSATIONS: u8 = 8;
const SENDS_EACH: usize = 40;

fn conversation(number: u64) -> ConversationId {
    ConversationId([1 + (number % u64::from(CONVERSATIONS)) as u8; 16])
}

/// Chance that a seed decides.
struct Dice(FakeEntropy);

impl Dice {
    fn of(seed: u64, who: u64) -> Self {
        Self(FakeEntropy::new(seed.wrapping_mul(1_000_003).wrapping_add(who)))
    }

    fn below(&self, limit: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % limit
    }
}

/// All nodes of this database; the first founds what is given.
async fn nodes(db: &TestDb) -> Arc<Vec<House>> {
    db.migrate(&[hoopoe_log::MIGRATIONS]).await;
    let mut nodes = vec![House::node(db.db.clone(), 1).await];
    // An embedded database has one process.
    if db.backend == Which::Postgres {
        nodes.push(House::node(db.open_again().await, 2).await);
    }
    Arc::new(nodes)
}

/// What one writer was told: its client ids in the order of its calls.
type Answers = Vec<(ConversationId, String, Vec<(i64, bool)>)>;

/// Keeps a few messages on the way at a time; every third is sent twice at once, by way of another
/// node where there is one, and now and then the id is used for other content.
async fn write(nodes: Arc<Vec<House>>, number: i64, dice: Dice) -> Answers {
    let uid = Uid(100 + number);
    let home = number as usize % nodes.len();
    let mut answers: Answers = Vec::new();
    for round in 0..SENDS_EACH / 4 {
        let mut waiting = Vec::new();
        for slot in 0..4 {
            let (place, client) = (conversation(dice.below(8)), format!("{number}-{round}-{slot}"));
            let sent = message(place, uid, &client);
            let mut on_the_way = vec![nodes[home].log.append(sent.clone())];
            if dice.below(3) == 0 {
                let other = &nodes[dice.below(nodes.len() as u64) as usize];
                on_the_way.push(other.log.append(sent.clone()));
            }
            waiting.push((place, client, on_the_way, sent));
        }
        for (place, client, on_the_way, sent) in waiting {
            let mut told = Vec::new();
            for one in on_the_way {
                let appended = within(PATIENCE, "an answer", one).await.expect("allowed");
                told.push((appended.seq, appended.is_repeat));
            }
            if dice.below(5) == 0 {
                let other = NewMessage { hash: [0xff; 16], ..sent };
                let refused = nodes[home].outcome(other).await;
                assert_eq!(refused, Err(codes::CLIENT_ID_CONFLICT.code));
            }
            answers.push((place, client, told));
        }
        let (place, _, told) = &answers[dice.below(answers.len() as u64) as usize];
        let (place, read) = (*place, Marks { read_seq: told[0].0, ..Marks::default() });
        nodes[home].write(move |log| log.raise_marks(place, uid, read)).await;
    }
    answers
}

/// Each message is stored once under the seq that everybody was told, in the order of its writer's
/// calls, and the feeds have told the same, once.
#[db_test]
async fn sixteen_writers_and_their_repeats(db: TestDb) {
    let nodes = nodes(&db).await;
    let members: Vec<Uid> = (0..WRITERS).map(|number| Uid(100 + number)).collect();
    for number in 0..u64::from(CONVERSATIONS) {
        nodes[0].found(conversation(number), &members).await;
    }
    let mut ear = Ear::at(nodes.iter().map(|node| &node.log));
    let seed = seed();
    println!("HOOPOE_SEED={seed}");
    let mut writers = Vec::new();
    for number in 0..WRITERS {
        writers.push(tokio::spawn(write(nodes.clone(), number, Dice::of(seed, number as u64))));
    }
    let mut answered: BTreeMap<ConversationId, BTreeMap<i64, (Uid, String)>> = BTreeMap::new();
    for (number, writer) in (0..).zip(writers) {
        let answers = writer.await.expect("no panic");
        for (place, client, told) in &answers {
            let seqs: BTreeSet<i64> = told.iter().map(|(seq, _)| *seq).collect();
            let firsts = told.iter().filter(|(_, is_repeat)| !is_repeat).count();
            assert_eq!((seqs.len(), firsts), (1, 1), "{client} is one message: {told:?}");
            let own = (Uid(100 + number), client.clone());
            let before = answered.entry(*place).or_default().insert(told[0].0, own);
            assert_eq!(before, None, "two messages have one seq");
        }
        for room in (0..u64::from(CONVERSATIONS)).map(conversation) {
            let own = answers.iter().filter(|(place, _, told)| *place == room && !told[0].1);
            let seqs: Vec<i64> = own.map(|(_, _, told)| told[0].0).collect();
            assert!(seqs.is_sorted(), "first come, first stored: {seqs:?}");
        }
    }
    let told = ear.heard(WRITERS as usize * SENDS_EACH).await;
    assert_eq!(told.len(), WRITERS as usize * SENDS_EACH, "each was told once");
    for (place, messages) in answered {
        let kept = kept(&db.db, place).await;
        let rows = kept.messages.iter().map(|(seq, uid, client, _)| {
            (*seq, (*uid, String::from_utf8_lossy(&client[1..]).into_owned()))
        });
        assert_eq!(rows.collect::<BTreeMap<_, _>>(), messages, "stored is what was answered");
        for uid in &members {
            assert_unread(&db, &kept, *uid).await;
        }
        assert_told(&told, &kept, place, nodes.len());
    }
    assert_moves(&db).await;
}

/// Unread is exact: what others wrote behind the read mark.
async fn assert_unread(db: &TestDb, kept: &Kept, uid: Uid) {
    let head = kept.head;
    let read = db.db.read(move |tx| {
        let marks = marks::find(tx, head.conversation, uid)?;
        Ok((marks, marks::unread(tx, head.conversation, uid, head.seq)?))
    });
    let (marks, unread) = read.await.expect("marks");
    assert!(marks.read_seq <= head.seq);
    let behind = kept.messages.iter().filter(|row| row.0 > marks.read_seq && row.1 != uid);
    assert_eq!(unread, behind.count() as i64, "{uid:?} {marks:?}");
}

/// The feeds have told all rows of a conversation once. One node alone tells them in the order of
/// the log; of two, each tells its own in that order.
fn assert_told(told: &[(usize, Logged)], kept: &Kept, place: ConversationId, nodes: usize) {
    let mut all = Vec::new();
    for node in 0..nodes {
        let mut own = Vec::new();
        for (_, logged) in told.iter().filter(|(teller, _)| *teller == node) {
            if let Logged::Message(message) = logged
                && message.conversation == place
            {
                own.push((message.seq, message.sender, message.body.to_vec()));
            }
        }
        assert!(own.is_sorted_by_key(|message| message.0), "each feed is in the log's order");
        all.extend(own);
    }
    all.sort_unstable();
    let rows = kept.messages.iter().map(|(seq, uid, _, body)| (*seq, *uid, body.clone()));
    assert_eq!(all, rows.collect::<Vec<_>>(), "told is what is stored");
}

/// Gapless in each lane, and together they lead to every head.
async fn assert_moves(db: &TestDb) {
    let read = db.db.read(|tx| {
        let mut reached: BTreeMap<ConversationId, (i64, i64)> = BTreeMap::new();
        for lane in moves::lanes(tx)? {
            for (n, moved) in (1..).zip(moves::after(tx, lane, 0, usize::MAX)?) {
                assert_eq!(moved.n, n, "lanes are gapless");
                for one in moved.moves {
                    let (seq, rev) = reached.entry(one.conversation).or_default();
                    (*seq, *rev) = ((*seq).max(one.seq), (*rev).max(one.rev));
                }
            }
        }
        let mut heads = BTreeMap::new();
        for conversation in reached.keys() {
            let head = heads::find(tx, APP, *conversation)?.expect("what moved is there");
            heads.insert(*conversation, (head.seq, head.rev));
        }
        Ok((reached, heads))
    });
    let (reached, heads) = read.await.expect("moves");
    assert_eq!(reached, heads);
}

/// Writes until it is told to stop. Returns the seqs that were acknowledged.
async fn write_until(
    nodes: Arc<Vec<House>>,
    uid: Uid,
    is_over: Arc<AtomicBool>,
) -> Result<Vec<i64>, String> {
    let node = &nodes[uid.0 as usize % nodes.len()];
    let mut seqs = Vec::new();
    for n in 0.. {
        if is_over.load(Ordering::Acquire) {
            break;
        }
        match node.outcome(message(ROOM, uid, &format!("{}-{n}", uid.0))).await {
            Ok(seq) => seqs.push(seq),
            // Removed just now; it tries on, to be back.
            Err(code) if code == codes::CONVERSATION_NOT_FOUND.code => {}
            Err(code) => return Err(format!("{uid:?} {n}: {code}")),
        }
    }
    Ok(seqs)
}

/// Who was taken in or out, at which seq, and the rev of it.
#[derive(Debug, Clone, Copy)]
struct Turn {
    uid: Uid,
    is_in: bool,
    at_seq: i64,
    rev: i64,
}

async fn turn(node: &House, uid: Uid, is_in: bool) -> Turn {
    let head = node.write(move |log| {
        let head = log.lock(ROOM)?.expect("the conversation is there");
        if is_in {
            log.open_span(ROOM, uid, head.seq + 1, WriteGate::Open)?;
        } else {
            assert!(log.close_span(ROOM, uid)?, "they were in");
        }
        log.change(members_change(ROOM))
    });
    let head = head.await;
    assert_eq!(head.members_rev, head.rev);
    Turn { uid, is_in, at_seq: head.seq, rev: head.rev }
}

/// No message of a removed member stands behind the removal, and every message knows the newest
/// change of members before it.
#[db_test]
async fn members_come_and_go_while_they_write(db: TestDb) {
    const MEMBERS: [Uid; 6] = [Uid(31), Uid(32), Uid(33), Uid(34), Uid(35), Uid(36)];
    let nodes = nodes(&db).await;
    nodes[0].found(ROOM, &MEMBERS).await;
    let mut ear = Ear::at(nodes.iter().map(|node| &node.log));
    let is_over = Arc::new(AtomicBool::new(false));
    let writers = MEMBERS.map(|uid| tokio::spawn(write_until(nodes.clone(), uid, is_over.clone())));
    let seed = seed();
    println!("HOOPOE_SEED={seed}");
    let dice = Dice::of(seed, 0);
    let mut turns: Vec<Turn> = Vec::new();
    for round in 0..60 {
        let uid = MEMBERS[dice.below(6) as usize];
        let was_in = turns.iter().rev().find(|turn| turn.uid == uid).is_none_or(|turn| turn.is_in);
        turns.push(turn(&nodes[round % nodes.len()], uid, !was_in).await);
    }
    is_over.store(true, Ordering::Release);
    let mut acknowledged = Vec::new();
    for writer in writers {
        acknowledged.extend(writer.await.expect("no panic").expect("only the removed are refused"));
    }
    let kept = kept(&db.db, ROOM).await;
    acknowledged.sort_unstable();
    assert_eq!(acknowledged, kept.messages.iter().map(|row| row.0).collect::<Vec<_>>());
    for (seq, uid, ..) in &kept.messages {
        let last = turns.iter().rev().find(|turn| turn.uid == *uid && turn.at_seq < *seq);
        assert!(last.is_none_or(|turn| turn.is_in), "{uid:?} wrote {seq} after {last:?}");
    }
    let told = ear.heard(kept.messages.len() + turns.len()).await;
    assert_told(&told, &kept, ROOM, nodes.len());
    for (_, logged) in &told {
        if let Logged::Message(message) = logged {
            let before = turns.iter().filter(|turn| turn.at_seq < message.seq);
            let members_rev = before.map(|turn| turn.rev).max().unwrap_or(1);
            assert_eq!(message.members_rev, members_rev, "{}", message.seq);
        }
    }
    if nodes.len() == 1 {
        assert_one_order(&told);
    }
    assert_moves(&db).await;
}

/// One writer tells messages and changes of a conversation in the one order of the log.
fn assert_one_order(told: &[(usize, Logged)]) {
    let (mut seq, mut rev) = (0, 1);
    for (_, logged) in told {
        match logged {
            Logged::Message(message) => {
                assert_eq!(message.seq, seq + 1);
                seq += 1;
            }
            Logged::Change(change) => {
                assert_eq!((change.rev, change.at_seq), (rev + 1, seq));
                rev += 1;
            }
        }
    }
}

/// Transactions over two conversations each, notices in them, and sends between them.
#[db_test]
async fn changes_and_sends_cross(db: TestDb) {
    const CHANGERS: u64 = 6;
    const ROUNDS: usize = 25;
    let nodes = nodes(&db).await;
    let writer = Uid(41);
    for number in 0..4 {
        nodes[0].found(conversation(number), &[writer]).await;
    }
    let seed = seed();
    println!("HOOPOE_SEED={seed}");
    let mut tasks = Vec::new();
    for number in 0..CHANGERS {
        let (nodes, dice) = (nodes.clone(), Dice::of(seed, number));
        tasks.push(tokio::spawn(async move {
            let node = &nodes[number as usize % nodes.len()];
            let mut given = Vec::new();
            for round in 0..ROUNDS {
                let mut pair = [dice.below(4), dice.below(4)].map(conversation);
                pair.sort_unstable();
                let sent = node.log.append(message(pair[0], writer, &format!("{number}-{round}")));
                given.extend(node.write(move |log| change_both(log, pair)).await);
                within(PATIENCE, "an answer", sent).await.expect("allowed");
            }
            given
        }));
    }
    let mut given: BTreeMap<ConversationId, BTreeSet<i64>> = BTreeMap::new();
    for task in tasks {
        for (place, rev) in task.await.expect("no panic") {
            assert!(given.entry(place).or_default().insert(rev), "a rev was given twice");
        }
    }
    let (mut messages, mut changes) = (0, 0);
    for (place, revs) in given {
        let kept = kept(&db.db, place).await;
        assert_eq!(revs.into_iter().collect::<Vec<_>>(), (2..=kept.head.rev).collect::<Vec<_>>());
        messages += kept.messages.len();
        changes += kept.changes.len() - 1;
    }
    let rounds = CHANGERS as usize * ROUNDS;
    assert_eq!((messages, changes), (2 * rounds, 2 * rounds));
    assert_moves(&db).await;
}

fn change_both(
    log: &mut LogTx<'_>,
    pair: [ConversationId; 2],
) -> Result<Vec<(ConversationId, i64)>, Fail> {
    let mut given = Vec::new();
    for place in pair {
        let change = NewChange { audience: AudienceChange::Same, ..members_change(place) };
        given.push((place, log.change(change)?.rev));
    }
    let id = log.now().0.to_string();
    let notice = message(pair[1], Uid::NONE, &id);
    log.say(NewMessage { kind: "system", writing: Writing::AsServer, ..notice })?;
    Ok(given)
}
