//! What earlier versions have stored is opened, brought up to date, and says the same as then.
//!
//! A fixture is a file of `fixtures/`: the migrations of its day with the hashes of their texts, the
//! rows of every table, and what the API answered about them. `HOOPOE_FIXTURE=NAME cargo nextest
//! run -p hoopoe-domain-tests -E 'test(fixtures::)'` writes one of the schema as it is now; do so at
//! every release.

use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf, sync::Arc};

use aws_lc_rs::digest::{SHA256, digest};
use hoopoe_accounts::{Accounts, Authenticator};
use hoopoe_apps::Apps;
use hoopoe_bus::LocalBus;
use hoopoe_conversations::Conversations;
use hoopoe_db::{Migration, MigrationChain, ReadTx, Row, Value as Sql};
use hoopoe_kernel::{
    Call, Ctx, Env, Input, Registry,
    ports::{Credential, Ports},
};
use hoopoe_log::Log;
use hoopoe_messages::Messages;
use hoopoe_testkit::{Open, TestDb, db_test, harness::fail, test_env_seeded};
use serde_json::{Map, Value, json};

use crate::{
    accounts_house::{must, outcome, text},
    messages_house::Talk,
    statements::CHAINS,
};

/// Questions whose answers a fixture keeps, as Ann asks them.
const QUESTIONS: &[&str] = &["conversations.list", "messages.list", "messages.changes"];

#[db_test]
async fn what_was_stored_on_2026_11_25_reads_the_same(db: TestDb) {
    open(db, include_str!("../../fixtures/2026-11-25.json")).await;
}

#[db_test(sqlite)]
async fn what_is_stored_today_can_be_written_down(db: TestDb) {
    let fixture = write_down(db).await;
    let tables = fixture["tables"].as_object().expect("tables");
    let is_full = |name: &str| tables[name]["rows"].as_array().is_some_and(|rows| !rows.is_empty());
    assert!(
        ["heads", "messages", "changes", "users", "members", "sessions"].into_iter().all(is_full)
    );
    if let Ok(name) = std::env::var("HOOPOE_FIXTURE") {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/{name}.json"));
        let text = serde_json::to_string(&fixture).expect("JSON").replace("],[", "],\n[");
        fs::write(path, text + "\n").expect("a file");
    }
}

/// The services over a database, and nothing put into it.
struct Services {
    registry: Arc<Registry>,
    env: Arc<Env>,
}

impl Services {
    /// Each life of a server has randomness of its own.
    async fn over(db: &TestDb, seed: u64) -> Self {
        let env = test_env_seeded(seed).env;
        let (db, bus) = (db.db.clone(), LocalBus::new());
        let log = must(Log::open(db.clone(), env.clone()).await);
        let apps = Apps::new(db.clone(), env.clone());
        let accounts = Accounts::new(db, env.clone(), apps.clone(), bus.clone());
        let conversations = Conversations::new(log.clone(), accounts.clone());
        let messages = Messages::new(log, accounts.clone(), bus);
        let ports = Ports {
            authenticate: Arc::new(Authenticator::new(accounts)),
            admit: Arc::new(Open),
            remember: Arc::new(apps),
            audit: Arc::new(Open),
        };
        let tables = vec![
            hoopoe_conversations::commands(&conversations),
            hoopoe_messages::commands(&messages),
        ];
        Self { registry: Registry::new(tables, ports), env }
    }

    async fn ask(&self, token: &str, name: &str, params: &Value) -> Value {
        let credential = Credential { bearer: Some(token.to_owned()), act_as: None };
        let identity = must(self.registry.identify(credential).await);
        let ctx = Ctx::new(&self.env, identity.app, identity.actor);
        let index = self.registry.find(name).unwrap_or_else(|| fail(format!("no {name}")));
        let json = params.to_string();
        let input = Input::Object(json.as_bytes());
        let called = self.registry.call(Call { index, ctx, input, idempotency_key: None });
        let (status, body) = outcome(called.await);
        assert!((200..300).contains(&status), "{name} {params}: {status} {body}");
        body
    }
}

/// Makes the tables of the fixture's day, puts its rows in, brings all up to date and asks again.
async fn open(db: TestDb, fixture: &str) {
    let fixture: Value = serde_json::from_str(fixture).expect("JSON");
    let old: Vec<MigrationChain> = CHAINS.iter().map(|chain| as_of(chain, &fixture)).collect();
    db.migrate(&old).await;
    let tables = fixture["tables"].as_object().expect("tables").clone();
    let inserted = db.db.write(move |tx| {
        for (table, content) in &tables {
            for row in content["rows"].as_array().into_iter().flatten() {
                let row = row.as_array().expect("a row");
                let cells: Vec<Cell> = row.iter().map(Cell::of).collect();
                let args: Vec<Sql<'_>> = cells.iter().map(Cell::bound).collect();
                tx.execute(insert(table, &content["columns"]), &args)?;
            }
        }
        Ok(())
    });
    must(inserted.await);
    db.migrate(CHAINS).await;
    let services = Services::over(&db, 3).await;
    let token = text(&fixture["token"]);
    for asked in fixture["answers"].as_array().expect("answers") {
        let answer = services.ask(&token, &text(&asked["ask"]), &asked["params"]).await;
        assert!(says(&answer, &asked["answer"]), "{asked}\nis answered with\n{answer}");
    }
    let repeated = services.ask(&token, "messages.send", &fixture["send"]["params"]).await;
    assert_eq!(repeated["seq"], fixture["send"]["seq"], "a repeat is recognised");
    let mut next = fixture["send"]["params"].clone();
    next["client_id"] = json!("of today");
    let sent = services.ask(&token, "messages.send", &next).await;
    assert_eq!(sent["seq"], fixture["next_seq"], "and the next one is the next");
}

/// The chain as it was, its texts being the same as then.
fn as_of(chain: &MigrationChain, fixture: &Value) -> MigrationChain {
    let was = fixture["migrations"][chain.owner].as_object().cloned().unwrap_or_default();
    let old: Vec<Migration> = chain.migrations[..was.len()].to_vec();
    for migration in &old {
        assert_eq!(was[migration.name], json!(hash(migration)), "{} was changed", migration.name);
    }
    MigrationChain { owner: chain.owner, migrations: old.leak() }
}

fn hash(migration: &Migration) -> String {
    let both = format!("{}\0{}", migration.sqlite, migration.postgres);
    hex(digest(&SHA256, both.as_bytes()).as_ref())
}

/// Whether `actual` says all that `expected` says; it may say more.
fn says(actual: &Value, expected: &Value) -> bool {
    match (actual, expected) {
        (Value::Object(actual), Value::Object(expected)) => expected
            .iter()
            .all(|(key, value)| actual.get(key).is_some_and(|actual| says(actual, value))),
        (Value::Array(actual), Value::Array(expected)) => {
            actual.len() == expected.len() && actual.iter().zip(expected).all(|(a, e)| says(a, e))
        }
        _ => actual == expected,
    }
}

/// A little of everything, as the services of today store it.
async fn write_down(db: TestDb) -> Value {
    let talk = Talk::new(db).await;
    let group = json!({"kind": "group", "name": "Trip", "members": ["bob", "cat"]});
    let group = talk.chat.ok("ann", "conversations.create", group).await;
    let direct = json!({"kind": "direct", "members": ["bob"]});
    let direct = talk.chat.ok("ann", "conversations.create", direct).await;
    let message = |to: &Value, id: &str, words: &str| json!({"conversation": to, "client_id": id, "kind": "text", "text": words});
    for (user, id, words) in [
        ("ann", "one", "hello"),
        ("bob", "two", "你好, ann"),
        ("cat", "three", "line\nline \"quoted\" \u{1f426}"),
        ("ann", "four", "written before the others were read"),
    ] {
        talk.ok(user, "messages.send", message(&group["id"], id, words)).await;
    }
    let renamed = json!({"conversation": group["id"], "name": "Longer trip"});
    talk.chat.ok("ann", "conversations.update", renamed).await;
    let removed = json!({"conversation": group["id"], "user": "cat"});
    talk.chat.ok("ann", "members.remove", removed).await;
    let read = json!({"conversation": group["id"], "seq": 2});
    talk.ok("bob", "messages.read", read).await;
    talk.ok("bob", "messages.send", message(&direct["id"], "five", "only you")).await;
    let house = &talk.chat.house;
    let token = json!({"user": "ann", "ttl_s": 2_592_000});
    let token = text(&house.ok(&house.own.key, "auth.token", token).await["token"]);
    let send = message(&direct["id"], "six", "a repeat of this is this");
    let sent = talk.ok("ann", "messages.send", send.clone()).await;

    let services = Services::over(&house.db, 2).await;
    let mut answers = Vec::new();
    for question in QUESTIONS {
        for params in [json!({"conversation": group["id"]}), json!({"conversation": direct["id"]})]
        {
            let params = if *question == "conversations.list" { json!({}) } else { params };
            let answer = services.ask(&token, question, &params).await;
            answers.push(json!({"ask": question, "params": params, "answer": answer}));
        }
    }
    let next_seq = sent["seq"].as_i64().map(|seq| seq + 1);
    json!({
        "migrations": migrations(),
        "tables": tables(&house.db).await,
        "token": token,
        "answers": answers,
        "send": {"params": send, "seq": sent["seq"]},
        "next_seq": next_seq,
    })
}

fn migrations() -> BTreeMap<&'static str, BTreeMap<&'static str, String>> {
    let names = |chain: &MigrationChain| {
        chain.migrations.iter().map(|migration| (migration.name, hash(migration))).collect()
    };
    CHAINS.iter().map(|chain| (chain.owner, names(chain))).collect()
}

/// Every row of every table but the record of migrations.
async fn tables(db: &TestDb) -> Map<String, Value> {
    const NAMES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' \
        AND name NOT LIKE 'sqlite_%' AND name <> 'schema_migrations' ORDER BY name";
    let read = db.db.read(|tx| {
        let names = tx.all(NAMES, &[], |row| Ok(row.text(0)?.to_owned()))?;
        let mut tables = Map::new();
        for name in names {
            tables.insert(name.clone(), rows(tx, &name)?);
        }
        Ok(tables)
    });
    must(read.await)
}

fn rows(tx: &mut dyn ReadTx, table: &str) -> Result<Value, hoopoe_db::DbError> {
    // Statements are 'static for the drivers' caches; a test's life is short.
    let columns: &'static str = format!("PRAGMA table_info({table})").leak();
    let columns =
        tx.all(columns, &[], |row| Ok((row.text(1)?.to_owned(), row.text(2)?.to_owned())))?;
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let select: &'static str = format!("SELECT {} FROM {table}", names.join(", ")).leak();
    let rows = tx.all(select, &[], |row| {
        let cell = |(index, (_, kind)): (usize, &(String, String))| cell(row, index, kind);
        columns.iter().enumerate().map(cell).collect::<Result<Vec<Value>, _>>()
    })?;
    Ok(json!({"columns": names, "rows": rows}))
}

fn cell(row: &dyn Row, index: usize, kind: &str) -> Result<Value, hoopoe_db::DbError> {
    Ok(match kind {
        "BIGINT" => json!(row.int_opt(index)?),
        "TEXT" => json!(row.text_opt(index)?),
        _ => row.bytes_opt(index)?.map_or(Value::Null, |bytes| json!({"hex": hex(bytes)})),
    })
}

fn insert(table: &str, columns: &Value) -> &'static str {
    let columns: Vec<String> = columns.as_array().into_iter().flatten().map(text).collect();
    let places: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
    format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), places.join(", ")).leak()
}

/// A value of a fixture.
enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::String(text) => Self::Text(text.clone()),
            Value::Object(object) => Self::Bytes(unhex(&text(&object["hex"]))),
            number => Self::Int(number.as_i64().expect("an integer")),
        }
    }

    fn bound(&self) -> Sql<'_> {
        match self {
            Self::Null => Sql::Null,
            Self::Int(value) => Sql::Int(*value),
            Self::Text(text) => Sql::Text(text),
            Self::Bytes(bytes) => Sql::Bytes(bytes),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes any text");
        text
    })
}

fn unhex(text: &str) -> Vec<u8> {
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hexadecimal digit") as u8;
    pairs.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect()
}
