//! What may not be written, and where: the rules that look at one Rust file.

use super::finding::Finding;
use super::lexer::Kind;
use super::source::Source;

/// The words that promise work which nobody has planned.
pub(crate) const PROMISES: &[&str] = &["TODO", "FIXME", "XXX"];

/// Runs every ban over one file.
pub(crate) fn check(source: &Source<'_>, out: &mut Vec<Finding>) {
    let mut ban = |index: usize, rule, advice: &str| {
        let line = source.tokens.get(index).map_or(1, |token| token.line);
        out.push(Finding::new(source.path, line, rule, advice));
    };
    for (index, token) in source.tokens.iter().enumerate() {
        match token.kind {
            Kind::Ident => {
                for rule in [panics, macros, sleeps, clocks, drivers, purity] {
                    if let Some((name, advice)) = rule(source, index) {
                        ban(index, name, advice);
                    }
                }
            }
            Kind::Str => {
                if let Some((name, advice)) = sql(source, index) {
                    ban(index, name, advice);
                }
            }
            Kind::Punct if token.is('#') => {
                if let Some(at) = allows(source, index) {
                    ban(at, "allow-attribute", "write `#[expect(lint, reason = \"...\")]` instead");
                }
            }
            _ => {}
        }
    }
    for comment in &source.comments {
        for (offset, line) in comment.text.lines().enumerate() {
            if let Some(word) = promise(line) {
                let advice = format!("{word}: do it now, or open an issue and say nothing here");
                out.push(Finding::new(source.path, comment.line + offset, "promise", advice));
            }
        }
    }
}

/// A rule's name and what to do.
type Ban = Option<(&'static str, &'static str)>;

/// The first promise in a line.
pub(crate) fn promise(line: &str) -> Option<&'static str> {
    PROMISES.iter().copied().find(|word| {
        line.match_indices(word).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            let after = line[at + word.len()..].chars().next();
            let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
            apart(before) && apart(after)
        })
    })
}

fn panics(source: &Source<'_>, index: usize) -> Ban {
    if index == 0 || !source.tokens[index - 1].is('.') || source.in_test(index) {
        return None;
    }
    if source.matches(index, &["unwrap", "(", ")"]) {
        return Some(("unwrap", "return the error, or prove it away with `expect(\"why\")`"));
    }
    if !source.matches(index, &["expect", "("]) {
        return None;
    }
    let proof = source.tokens.get(index + 2).filter(|token| token.kind == Kind::Str);
    let ends = source.tokens.get(index + 3).is_some_and(|token| token.is(')') || token.is(','));
    if ends && proof.is_some_and(|proof| proof.text.split_whitespace().count() >= 2) {
        return None;
    }
    Some(("expect", "state in a string literal of words why this cannot fail"))
}

fn macros(source: &Source<'_>, index: usize) -> Ban {
    let word = source.tokens[index].text;
    let banned = matches!(word, "todo" | "unimplemented" | "dbg");
    (banned && source.matches(index + 1, &["!"]))
        .then_some(("macro", "`todo!`, `unimplemented!` and `dbg!` stay out of the tree"))
}

fn sleeps(source: &Source<'_>, index: usize) -> Ban {
    let tested = source.in_test(index) || source.path.starts_with("base/testkit/");
    let word = source.tokens[index].text;
    if !tested || !matches!(word, "sleep" | "sleep_until") || !source.matches(index + 1, &["("]) {
        return None;
    }
    let before = index.checked_sub(1).map(|before| source.tokens[before]);
    if before.is_some_and(|token| token.is('.') || token.is_word("fn")) {
        return None;
    }
    Some(("sleep", "tests never sleep: wait for the event, with a deadline"))
}

fn clocks(source: &Source<'_>, index: usize) -> Ban {
    let free = [
        "base/kernel/src/source.rs",
        "base/testkit/",
        "bench/",
        "sdk/rust/src/shell/clock.rs",
        "xtask/",
    ];
    if source.in_test(index) || free.iter().any(|start| source.path.starts_with(start)) {
        return None;
    }
    let asks = matches!(source.tokens[index].text, "SystemTime" | "Instant")
        && source.matches(index + 1, &[":", ":", "now"]);
    asks.then_some(("clock", "ask kernel's Clock, so that tests can move the time"))
}

/// Whether a file may speak to a database in its own words.
fn knows_databases(source: &Source<'_>) -> bool {
    source.path.starts_with("base/db")
        || source.path.starts_with("base/testkit")
        || source.name().ends_with("_fork.rs")
}

fn drivers(source: &Source<'_>, index: usize) -> Ban {
    if source.in_test(index)
        || knows_databases(source)
        || source.path.starts_with("app/hoopoe/src/compose")
        || source.path.starts_with("xtask/")
    {
        return None;
    }
    let word = source.tokens[index].text.to_ascii_lowercase();
    (word.contains("sqlite") || word.contains("postgres")).then_some((
        "driver-word",
        "only base/db-*, compose.rs and *_fork.rs know which database this is",
    ))
}

fn sql(source: &Source<'_>, index: usize) -> Ban {
    let free = knows_databases(source)
        || source.in_test(index)
        || source.name() == "store.rs"
        || source.path.contains("/src/store/")
        || source.path.starts_with("base/log/");
    (!free && is_sql(source.tokens[index].text))
        .then_some(("sql", "SQL lives in store.rs (or *_fork.rs, base/log, base/db*)"))
}

/// Whether a string is an SQL statement: an upper-case verb, or a lower-case one in SQL's phrase.
fn is_sql(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let (Some(verb), Some(next)) = (words.next(), words.next()) else { return false };
    let upper = [
        "SELECT",
        "INSERT",
        "UPDATE",
        "DELETE",
        "CREATE",
        "WITH",
        "ALTER",
        "DROP",
        "PRAGMA",
        "VACUUM",
        "SAVEPOINT",
    ];
    if upper.contains(&verb) {
        return true;
    }
    let third = words.next().unwrap_or("");
    let rest = text.to_ascii_lowercase();
    match verb.to_ascii_lowercase().as_str() {
        "select" => rest.contains(" from "),
        "insert" => next.eq_ignore_ascii_case("into") && rest.contains(" values"),
        "update" => third.eq_ignore_ascii_case("set"),
        "delete" => next.eq_ignore_ascii_case("from") && rest.contains(" where "),
        "with" => third.eq_ignore_ascii_case("as"),
        _ => false,
    }
}

/// Inside an attribute that starts at `index`: where it says `allow(`.
fn allows(source: &Source<'_>, index: usize) -> Option<usize> {
    let open = if source.matches(index, &["#", "["]) {
        index + 1
    } else if source.matches(index, &["#", "!", "["]) {
        index + 2
    } else {
        return None;
    };
    (open..source.close(open)).find(|&at| source.matches(at, &["allow", "("]))
}

/// Pure rooms: the wire, the sans-IO rooms of the SFU and the SDK, and every domain's model.
fn purity(source: &Source<'_>, index: usize) -> Ban {
    let path = source.path;
    let model = path.starts_with("domain/")
        && (path.ends_with("/src/model.rs") || path.contains("/src/model/"));
    let rooms = ["base/wire/src/", "edge/sfu/src/", "sdk/rust/src/core/"];
    let pure = model || rooms.iter().any(|room| path.starts_with(room));
    if !pure || source.in_test(index) {
        return None;
    }
    let word = source.tokens[index].text;
    let does_io = matches!(word, "tokio" | "TcpStream" | "TcpListener" | "UdpSocket")
        || (word == "std" && source.matches(index + 1, &[":", ":", "fs"]));
    does_io.then_some(("pure", "this room does no I/O: take what it needs as a parameter"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<(&'static str, usize)> {
        let mut out = Vec::new();
        check(&Source::new(path, text), &mut out);
        out.into_iter().map(|finding| (finding.rule, finding.line)).collect()
    }

    const PLAIN: &str = "domain/x/src/service/send.rs";

    #[test]
    fn unwrap_is_for_tests() {
        assert_eq!(rules(PLAIN, "fn a() {\n b.unwrap() }"), [("unwrap", 2)]);
        assert_eq!(rules(PLAIN, "fn a() { b.unwrap_or(c) } // .unwrap()"), []);
        assert_eq!(rules(PLAIN, "#[test] fn a() { b.unwrap() }"), []);
    }

    #[test]
    fn expect_states_a_proof() {
        assert_eq!(rules(PLAIN, "fn a() { b.expect(\"checked above\") }"), []);
        assert_eq!(rules(PLAIN, "fn a() { b.expect(\"\") }"), [("expect", 1)]);
        assert_eq!(rules(PLAIN, "fn a() { b.expect(\"lock\") }"), [("expect", 1)]);
        assert_eq!(rules(PLAIN, "fn a() { b.expect(why) }"), [("expect", 1)]);
        assert_eq!(rules(PLAIN, "#[expect(dead_code, reason = \"r\")] fn a() {}"), []);
    }

    #[test]
    fn unfinished_work_is_refused() {
        assert_eq!(rules(PLAIN, "fn a() { todo!() }"), [("macro", 1)]);
        assert_eq!(rules(PLAIN, "#[test] fn a() { dbg!(1); unimplemented!() }").len(), 2);
        assert_eq!(
            rules(PLAIN, "/* a\n TODO: b */ fn c() {} // FIXME"),
            [("promise", 2), ("promise", 2)]
        );
        assert_eq!(rules(PLAIN, "// XXXL and TODOS are words\nfn a() {}"), []);
    }

    #[test]
    fn tests_do_not_sleep() {
        let nap = "#[test] fn a() { std::thread::sleep(b); tokio::time::sleep(c).await }";
        assert_eq!(rules(PLAIN, nap), [("sleep", 1), ("sleep", 1)]);
        assert_eq!(rules("tests/system/src/lib.rs", "fn a() { sleep(b) }"), [("sleep", 1)]);
        assert_eq!(rules("base/testkit/src/wait.rs", "fn a() { sleep(b) }"), [("sleep", 1)]);
        assert_eq!(rules("tests/system/src/lib.rs", "fn sleep() { a.sleep(b) }"), []);
        assert_eq!(rules("edge/http/src/lib.rs", "fn a() { sleep(b) }"), []);
    }

    #[test]
    fn time_comes_from_the_clock() {
        let text = "fn a() { Instant::now(); std::time::SystemTime::now(); }";
        assert_eq!(rules(PLAIN, text), [("clock", 1), ("clock", 1)]);
        assert_eq!(rules("base/kernel/src/source.rs", text), []);
        assert_eq!(rules("sdk/rust/src/shell/clock.rs", text), []);
        assert_eq!(rules("sdk/rust/src/core/engine.rs", text), [("clock", 1), ("clock", 1)]);
        assert_eq!(rules("bench/src/main.rs", text), []);
        assert_eq!(rules("tests/system/src/lib.rs", text), []);
    }

    #[test]
    fn statements_stay_in_the_store() {
        for text in [
            "const A: &str = \"SELECT a FROM b\";",
            "const A: &str = \"\n  INSERT INTO b VALUES ($1)\";",
            "const A: &str = r#\"select a from b\"#;",
            "const A: &str = \"WITH x AS (SELECT 1) SELECT 2\";",
            "const A: &str = \"update a set b = 1\";",
        ] {
            assert_eq!(rules(PLAIN, text), [("sql", 1)], "{text}");
            assert_eq!(rules("domain/x/src/store.rs", text), []);
            assert_eq!(rules("base/log/src/heads.rs", text), []);
            assert_eq!(rules("app/hoopoe/src/backup_fork.rs", text), []);
            assert_eq!(rules("tests/domains/src/lib.rs", text), []);
        }
        for text in ["\"select a file\"", "\"SELECT\"", "\"update the name\"", "\"With care\""] {
            assert_eq!(rules(PLAIN, &format!("const A: &str = {text};")), [], "{text}");
        }
    }

    #[test]
    fn drivers_are_named_where_they_live() {
        assert_eq!(rules(PLAIN, "use rusqlite::Error;"), [("driver-word", 1)]);
        assert_eq!(rules(PLAIN, "struct PostgresPool;"), [("driver-word", 1)]);
        assert_eq!(rules(PLAIN, "const A: &str = \"postgres://\"; // sqlite"), []);
        assert_eq!(rules("app/hoopoe/src/compose.rs", "use hoopoe_db_sqlite::Sqlite;"), []);
        assert_eq!(rules("base/log/src/append_fork.rs", "fn sqlite() {}"), []);
    }

    #[test]
    fn lints_are_expected_not_allowed() {
        assert_eq!(rules(PLAIN, "#[allow(dead_code)] fn a() {}"), [("allow-attribute", 1)]);
        assert_eq!(rules(PLAIN, "#![allow(dead_code)]"), [("allow-attribute", 1)]);
        assert_eq!(rules(PLAIN, "#[cfg_attr(x, allow(y))] fn a() {}"), [("allow-attribute", 1)]);
        assert_eq!(rules(PLAIN, "fn allow(a: u8) { allow(a) }"), []);
    }

    #[test]
    fn models_are_pure() {
        assert_eq!(rules("domain/x/src/model.rs", "use tokio::sync;"), [("pure", 1)]);
        assert_eq!(rules("base/wire/src/lib.rs", "use std::fs;"), [("pure", 1)]);
        assert_eq!(rules("sdk/rust/src/core/engine.rs", "use tokio::time;"), [("pure", 1)]);
        assert_eq!(rules("domain/x/src/jobs.rs", "use tokio::sync;"), []);
    }
}
