//! The writer alone, killed hundreds of times: what was acknowledged is there once and where it was
//! said to be, and the rest once or not at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    io::Write,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use hoopoe_db::{Backend, Db};
use hoopoe_db_sqlite::{DataLock, Sqlite, SqliteOptions};
use hoopoe_kernel::{Env, SystemClock, SystemEntropy};
use hoopoe_log::{Log, NewChange, WriteGate, changes};
use hoopoe_testkit::harness::{PATIENCE, fail, seed};
use hoopoe_wire::ConversationId;

use crate::{
    child::{Child, Start, role},
    house::{ANN, APP, Dice, House, change, run, sized},
};

const TEST: &str = "kill::what_was_acknowledged_survives_every_kill";
/// Where each outbox of a new life begins.
const NEXT: &str = "HOOPOE_CHILD_NEXT";
/// Which life it is.
const LIFE: &str = "HOOPOE_CHILD_LIFE";
/// Outboxes, and how many messages of each are on their way at a time.
const OUTBOXES: usize = 4;
const WINDOW: usize = 8;

fn lives() -> usize {
    if env::var("HOOPOE_LONG").is_ok_and(|value| value == "1") { 2_000 } else { 220 }
}

fn conversation(outbox: usize) -> ConversationId {
    ConversationId([1 + (outbox % 2) as u8; 16])
}

fn options(folder: &Path) -> SqliteOptions {
    SqliteOptions::new(folder.join("log.db"))
}

#[test]
fn what_was_acknowledged_survives_every_kill() {
    if let Some(folder) = role() {
        return run(live(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let seed = seed();
    println!("HOOPOE_SEED={seed}");
    let dice = Dice::of(seed);
    let mut journal = Journal::default();
    for life in 0..lives() {
        let next: Vec<String> = journal.next.iter().map(usize::to_string).collect();
        let variables = vec![(NEXT, next.join(",").into()), (LIFE, life.to_string().into())];
        let start =
            Start { test: TEST, folder: folder.path(), variables, survives_file_limit: false };
        let began = Instant::now();
        let child = start.spawn();
        wait_for_the_moment(&child, &dice, &mut journal, began);
        for line in child.kill() {
            journal.note(&line);
        }
        journal.end_life();
    }
    let acknowledged = journal.messages.len() + journal.changes.len();
    println!("{} lives, {acknowledged} acknowledged, {} ready", lives(), journal.ready);
    assert!(journal.ready > lives() / 2, "most were killed at work");
    assert!(acknowledged > lives() * 10, "and had something to lose");
    run(journal.compare(folder.path()));
}

/// Any moment: before it is ready, after some acknowledgements, or some time after the first.
fn wait_for_the_moment(child: &Child, dice: &Dice, journal: &mut Journal, began: Instant) {
    let us = |limit: u64| Duration::from_micros(dice.below(limit));
    if dice.below(8) == 0 {
        return journal.listen(child, began + us(60_000), u64::MAX);
    }
    loop {
        let line = child.line();
        journal.note(&line);
        if line == "ready" {
            break;
        }
    }
    match dice.below(2) {
        0 => journal.listen(child, Instant::now() + PATIENCE, dice.below(200)),
        _ => journal.listen(child, Instant::now() + us(60_000), u64::MAX),
    }
}

/// What the children said.
#[derive(Default)]
struct Journal {
    /// (outbox, number) and the seq that was acknowledged.
    messages: BTreeMap<(usize, usize), i64>,
    /// The name of a change and its rev.
    changes: BTreeMap<String, i64>,
    next: [usize; OUTBOXES],
    ready: usize,
}

impl Journal {
    /// Until some moment, or until so many lines.
    fn listen(&mut self, child: &Child, until: Instant, lines: u64) {
        for _ in 0..lines {
            let Some(line) = child.line_until(until) else { return };
            self.note(&line);
        }
    }

    /// A whole line ends with a full stop; of one that was cut off nothing is believed.
    fn note(&mut self, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["ready"] => self.ready += 1,
            ["message", outbox, number, seq, "."] => {
                let [outbox, number, seq] =
                    [outbox, number, seq].map(|word| word.parse::<usize>().expect("a number"));
                let before = self.messages.insert((outbox, number), seq as i64);
                assert!(before.is_none_or(|before| before == seq as i64), "{line}: {before:?}");
            }
            ["change", name, rev, "."] => {
                let rev = rev.parse().expect("a number");
                assert_eq!(self.changes.insert(name.to_owned(), rev), None, "{line}: once only");
            }
            _ => assert!(!line.contains("panicked") && !line.contains("refused"), "{line}"),
        }
    }

    /// The next life begins with the last message that was acknowledged, as an outbox does that
    /// has not yet written down that it was.
    fn end_life(&mut self) {
        for (outbox, next) in self.next.iter_mut().enumerate() {
            let own = self.messages.range((outbox, 0)..(outbox + 1, 0));
            *next = own.last().map_or(0, |((_, number), _)| *number);
        }
    }

    async fn compare(&self, folder: &Path) {
        let house = House::open(&options(folder)).await;
        house.assert_sound();
        let mut stored = BTreeMap::new();
        for conversation in [0, 1].map(conversation) {
            for (seq, client) in (1..).zip(house.stored(conversation).await) {
                let (outbox, number) = client.split_once('-').expect("as the children name them");
                let key = (outbox.parse().expect("a number"), number.parse().expect("a number"));
                assert_eq!(stored.insert(key, seq), None, "{client} is stored twice");
            }
        }
        for (key, seq) in &self.messages {
            assert_eq!(stored.get(key), Some(seq), "{key:?} was acknowledged");
        }
        for outbox in 0..OUTBOXES {
            let own: Vec<(usize, i64)> = stored
                .range((outbox, 0)..(outbox + 1, 0))
                .map(|(key, seq)| (key.1, *seq))
                .collect();
            assert!(own.is_sorted_by(|one, next| one.1 < next.1), "in the order of the outbox");
            let numbers: Vec<usize> = own.iter().map(|(number, _)| *number).collect();
            assert_eq!(numbers, (0..numbers.len()).collect::<Vec<_>>(), "none was left out");
            let last = self.next[outbox];
            assert!(numbers.len() <= last + 1 + WINDOW, "more than were on their way");
        }
        self.compare_changes(&house).await;
        house.close().await;
    }

    async fn compare_changes(&self, house: &House) {
        let read = house.db.read(|tx| {
            let mut found = Vec::new();
            changes::after(tx, APP, conversation(0), 0, 1_000_000, &mut |row| {
                found.push((String::from_utf8_lossy(row.data).into_owned(), row.rev));
                Ok(())
            })?;
            Ok(found)
        });
        let rows = read.await.expect("changes");
        let names: BTreeSet<&String> = rows.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), rows.len(), "none is stored twice");
        let stored: BTreeMap<&String, i64> = rows.iter().map(|(name, rev)| (name, *rev)).collect();
        for (name, rev) in &self.changes {
            assert_eq!(stored.get(&format!("\"{name}\"")), Some(rev), "{name} was acknowledged");
        }
    }
}

/// A life: it writes and says what was acknowledged until it is killed.
async fn live(folder: &Path) {
    let _lock = DataLock::take(folder).expect("a folder").expect("the last holder is dead");
    let sqlite = Sqlite::open(options(folder)).expect("a file that was left as it was");
    let db = Db::new(sqlite.clone());
    hoopoe_db::migrate(&db, &[hoopoe_log::MIGRATIONS]).await.expect("tables");
    let env = Env { clock: Arc::new(SystemClock::new()), entropy: Arc::new(SystemEntropy) };
    let log = Log::open(db, Arc::new(env)).await.expect("a log");
    let founded = log.write(APP, |log| {
        for conversation in [0, 1].map(conversation) {
            if log.create(conversation)? {
                log.open_span(conversation, ANN, 1, WriteGate::Open)?;
            }
        }
        Ok(())
    });
    founded.await.expect("conversations");
    say("ready");
    let next = env::var(NEXT).expect("the parent has set it");
    let mut outboxes = Vec::new();
    for (outbox, first) in next.split(',').enumerate() {
        let first = first.parse().expect("a number");
        outboxes.push(tokio::spawn(empty_outbox(log.clone(), outbox, first)));
    }
    let life = env::var(LIFE).expect("the parent has set it");
    for n in 0.. {
        let name = format!("{life}-{n}");
        let data = format!("\"{name}\"").into_bytes();
        let changed = log.write(APP, move |log| {
            log.change(NewChange { data: data.clone().into(), ..change(conversation(0)) })
        });
        match changed.await {
            Ok(head) => say(&format!("change {name} {} .", head.rev)),
            Err(fail) => say(&format!("refused: {fail}")),
        }
        assert!(!outboxes.iter().any(tokio::task::JoinHandle::is_finished));
    }
    sqlite.close();
}

/// Sends from `first` on, a window at a time, as a client does that has lost its connection.
async fn empty_outbox(log: Log, outbox: usize, first: usize) {
    for start in (first..).step_by(WINDOW) {
        let window: Vec<_> = (start..start + WINDOW)
            .map(|number| {
                // Now and then a large one, so that the write-ahead log grows and is copied back.
                let size_bytes = if number % 64 == 63 { 200_000 } else { 100 + number % 900 };
                let client = format!("{outbox}-{number}");
                log.append(sized(conversation(outbox), &client, size_bytes))
            })
            .collect();
        for (number, sent) in (start..).zip(window) {
            match sent.await {
                Ok(appended) => say(&format!("message {outbox} {number} {} .", appended.seq)),
                Err(fail) => say(&format!("refused: {fail}")),
            }
        }
    }
}

/// One write of one line, so that a kill leaves all of it or nothing.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(format!("{line}\n").as_bytes()).and_then(|()| out.flush());
    if written.is_err() {
        fail("nobody listens any more");
    }
}
