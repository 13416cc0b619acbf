//! The log beside a plain model: whatever is done to it, in whatever order, both say the same.

use std::{cell::RefCell, collections::BTreeSet};

use hoopoe_kernel::{AppNo, Uid};
use hoopoe_log::messages::At;
use hoopoe_testkit::{
    TestDb, db_test,
    harness::{PATIENCE, fail, seed, within},
};
use hoopoe_wire::ConversationId;
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    log_model::{APP, Act, Gate, STRANGER},
    log_rig::Rig,
};

/// Steps of one script.
const STEPS_MAX: usize = 60;

/// The conversations and the people of every script.
pub(crate) const CONVERSATIONS: [ConversationId; 3] =
    [ConversationId([1; 16]), ConversationId([2; 16]), ConversationId([3; 16])];
pub(crate) const PEOPLE: [Uid; 3] = [Uid(11), Uid(12), Uid(13)];

/// A message as a script says it; what it repeats is looked up when it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) app: AppNo,
    pub(crate) conversation: ConversationId,
    pub(crate) uid: Uid,
    pub(crate) client: Client,
    pub(crate) content: u8,
    pub(crate) quotes: Option<u8>,
    pub(crate) is_server: bool,
}

/// Which client id, and what goes with it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Client {
    Fresh,
    /// The same request once more.
    Again(usize),
    /// The same id for other content.
    Conflict(usize),
    /// The same id by whoever sends this one, wherever: another key.
    Borrowed(usize),
}

/// How a transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    Commit,
    Refuse,
    Panic,
}

/// A step of a script.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Messages that are queued together.
    Append(Vec<Draft>),
    Transact {
        app: AppNo,
        acts: Vec<Act>,
        ending: Ending,
    },
    Page {
        app: AppNo,
        conversation: ConversationId,
        uid: Uid,
        at: At,
        limit: usize,
    },
    Changes {
        app: AppNo,
        conversation: ConversationId,
        rev: i64,
        limit: usize,
    },
    Heads {
        uid: Uid,
        since_ms: Option<i64>,
        limit: usize,
    },
    States {
        uid: Uid,
        rev: i64,
        limit: usize,
    },
    Lease {
        holder: i64,
        ttl_ms: i64,
    },
    Todo,
    Follow {
        holder: i64,
    },
    Advance {
        holder: i64,
        conversation: ConversationId,
        seq: u8,
        rev: u8,
    },
    Behind {
        after: ConversationId,
        limit: usize,
    },
    /// Time goes by, or is set back.
    Pass {
        ms: i64,
    },
    /// The process starts anew, with a connection of its own or on the old one.
    Reopen {
        whole: bool,
    },
}

fn app() -> impl Strategy<Value = AppNo> {
    prop_oneof![12 => Just(APP), 1 => Just(STRANGER)]
}

fn conversation() -> impl Strategy<Value = ConversationId> {
    proptest::sample::select(&CONVERSATIONS[..])
}

fn person() -> impl Strategy<Value = Uid> {
    proptest::sample::select(&PEOPLE[..])
}

fn gate() -> impl Strategy<Value = Gate> {
    prop_oneof![
        3 => Just(Gate::Open),
        1 => Just(Gate::Closed),
        2 => (-50i64..50).prop_map(Gate::After),
    ]
}

fn client() -> impl Strategy<Value = Client> {
    prop_oneof![
        6 => Just(Client::Fresh),
        3 => any::<usize>().prop_map(Client::Again),
        1 => any::<usize>().prop_map(Client::Conflict),
        1 => any::<usize>().prop_map(Client::Borrowed),
    ]
}

fn draft() -> impl Strategy<Value = Draft> {
    let quotes = prop_oneof![4 => Just(None), 1 => any::<u8>().prop_map(Some)];
    let writer = prop_oneof![
        8 => person().prop_map(|uid| (uid, false)),
        1 => person().prop_map(|uid| (uid, true)),
        1 => Just((Uid::NONE, true)),
    ];
    (app(), conversation(), writer, client(), any::<u8>(), quotes).prop_map(
        |(app, conversation, (uid, is_server), client, content, quotes)| Draft {
            app,
            conversation,
            uid,
            client,
            content,
            quotes,
            is_server,
        },
    )
}

fn act() -> impl Strategy<Value = Act> {
    let seq = any::<u8>;
    let kind = || proptest::sample::select(&["membership", "draft"][..]);
    let key = || conversation().prop_map(|id| id.0.to_vec());
    prop_oneof![
        1 => conversation().prop_map(Act::Create),
        4 => (conversation(), person(), seq(), gate()).prop_map(
            |(conversation, uid, from, gate)| Act::Open { conversation, uid, from, gate }
        ),
        3 => (conversation(), person())
            .prop_map(|(conversation, uid)| Act::Close { conversation, uid }),
        2 => (conversation(), person(), gate())
            .prop_map(|(conversation, uid, gate)| Act::SetGate { conversation, uid, gate }),
        4 => (conversation(), proptest::option::of(seq()), any::<bool>(), any::<u8>()).prop_map(
            |(conversation, target, members, data)| {
                Act::Change { conversation, target, members, data }
            }
        ),
        2 => (conversation(), any::<u8>())
            .prop_map(|(conversation, data)| Act::Say { conversation, data }),
        3 => (conversation(), seq())
            .prop_map(|(conversation, seq)| Act::Redact { conversation, seq }),
        1 => (conversation(), seq())
            .prop_map(|(conversation, seq)| Act::Trim { conversation, seq }),
        4 => (conversation(), person(), seq(), seq(), seq()).prop_map(
            |(conversation, uid, delivered, read, shown)| {
                Act::Raise { conversation, uid, delivered, read, shown }
            }
        ),
        3 => (person(), kind(), key(), any::<u8>())
            .prop_map(|(uid, kind, key, body)| Act::Put { uid, kind, key, body }),
        1 => (person(), kind(), key())
            .prop_map(|(uid, kind, key)| Act::Remove { uid, kind, key }),
    ]
}

fn at() -> impl Strategy<Value = At> {
    let seq = || prop_oneof![12 => -2i64..30, 1 => Just(i64::MIN), 1 => Just(i64::MAX)];
    prop_oneof![
        Just(At::Newest),
        seq().prop_map(At::Before),
        seq().prop_map(At::After),
        seq().prop_map(At::Around),
    ]
}

fn reading() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (app(), conversation(), person(), at(), 1usize..12).prop_map(
            |(app, conversation, uid, at, limit)| Step::Page { app, conversation, uid, at, limit }
        ),
        2 => (app(), conversation(), 0i64..20, 1usize..9).prop_map(
            |(app, conversation, rev, limit)| Step::Changes { app, conversation, rev, limit }
        ),
        2 => (person(), proptest::option::of(0i64..200), 1usize..4)
            .prop_map(|(uid, since_ms, limit)| Step::Heads { uid, since_ms, limit }),
        1 => (person(), 0i64..10, 1usize..5)
            .prop_map(|(uid, rev, limit)| Step::States { uid, rev, limit }),
    ]
}

fn consuming() -> impl Strategy<Value = Step> {
    let holder = || 1i64..3;
    prop_oneof![
        3 => (holder(), 1i64..100).prop_map(|(holder, ttl_ms)| Step::Lease { holder, ttl_ms }),
        3 => Just(Step::Todo),
        2 => holder().prop_map(|holder| Step::Follow { holder }),
        2 => (holder(), conversation(), any::<u8>(), any::<u8>()).prop_map(
            |(holder, conversation, seq, rev)| Step::Advance { holder, conversation, seq, rev }
        ),
        2 => (proptest::option::of(conversation()), 1usize..4).prop_map(|(after, limit)| {
            Step::Behind { after: after.unwrap_or(ConversationId::NONE), limit }
        }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let ending = prop_oneof![
        8 => Just(Ending::Commit),
        2 => Just(Ending::Refuse),
        1 => Just(Ending::Panic),
    ];
    prop_oneof![
        12 => vec(draft(), 1..7).prop_map(Step::Append),
        10 => (app(), prop_oneof![vec(act(), 1), vec(act(), 2..6)], ending)
            .prop_map(|(app, acts, ending)| Step::Transact { app, acts, ending }),
        6 => reading(),
        5 => consuming(),
        2 => (-40i64..120).prop_map(|ms| Step::Pass { ms }),
        1 => any::<bool>().prop_map(|whole| Step::Reopen { whole }),
    ]
}

fn cases() -> u32 {
    if std::env::var("HOOPOE_LONG").is_ok_and(|value| value == "1") { 600 } else { 20 }
}

#[db_test]
async fn the_log_says_what_a_plain_model_says(db: TestDb) {
    db.migrate(&[hoopoe_log::MIGRATIONS]).await;
    let seed = seed();
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 500,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let db = RefCell::new(db);
    let outcome = tokio::task::block_in_place(|| {
        runner.run(&vec(step(), 1..STEPS_MAX), |script| {
            let mut db = db.borrow_mut();
            tokio::runtime::Handle::current().block_on(async {
                within(PATIENCE, "a script", Box::pin(play(&mut db, &script))).await;
            });
            Ok(())
        })
    });
    if let Err(error) = outcome {
        fail(format!("HOOPOE_SEED={seed}: {error}"));
    }
}

async fn play(db: &mut TestDb, script: &[Step]) {
    let mut rig = Rig::open(db).await;
    rig.found().await;
    for step in script {
        rig.step(db, step).await;
    }
    rig.compare_everything(db).await;
}

/// The scripts reach what they are for: with the seed fixed, so that it cannot come and go.
#[test]
fn scripts_do_everything() {
    let mut runner = TestRunner::deterministic();
    let mut kinds = BTreeSet::new();
    for _ in 0..300 {
        let tree = step().new_tree(&mut runner).expect("a strategy without filters");
        let text = format!("{:?}", proptest::strategy::ValueTree::current(&tree));
        kinds.insert(text.split([' ', '(']).next().unwrap_or_default().to_owned());
    }
    assert_eq!(kinds.len(), 13, "{kinds:?}");
}
