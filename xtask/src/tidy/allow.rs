//! `xtask/tidy.allow`: the exceptions, each with its reason, in a list that may only shrink.
//!
//! The first line is `entries: N`; every other line that is not empty and no `#` comment is
//! `rule path reason`. More lines than N fail, fewer fail as well until N is lowered, and so does
//! an entry that excuses nothing.

use super::finding::Finding;

/// Where the list stands.
pub(crate) const PATH: &str = "xtask/tidy.allow";

/// Words that an excuse has at least.
const REASON_WORDS_MIN: usize = 4;

struct Entry<'a> {
    rule: &'a str,
    path: &'a str,
    line: usize,
    used: bool,
}

/// Takes the excused findings out, and adds what is wrong with the list itself.
pub(crate) fn apply(list: Option<&str>, findings: Vec<Finding>) -> Vec<Finding> {
    let Some(list) = list else {
        let mut findings = findings;
        findings.push(Finding::new(PATH, 1, "allow-list", "write the list: `entries: 0`"));
        return findings;
    };
    let (mut entries, mut wrong) = parse(list);
    let mut left: Vec<Finding> = Vec::new();
    for finding in findings {
        let excuse = entries
            .iter_mut()
            .find(|entry| entry.rule == finding.rule && entry.path == finding.path);
        match excuse {
            Some(entry) => entry.used = true,
            None => left.push(finding),
        }
    }
    for entry in entries.iter().filter(|entry| !entry.used) {
        let advice = format!("`{} {}` excuses nothing: remove it", entry.rule, entry.path);
        wrong.push(Finding::new(PATH, entry.line, "allow-list", advice));
    }
    left.append(&mut wrong);
    left
}

fn parse(list: &str) -> (Vec<Entry<'_>>, Vec<Finding>) {
    let mut wrong = Vec::new();
    let mut entries = Vec::new();
    let mut lines = list.lines().enumerate();
    let first = lines.next().map_or("", |(_, line)| line);
    let count = first.strip_prefix("entries: ").and_then(|n| n.trim().parse::<usize>().ok());
    for (index, line) in lines {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.split_whitespace();
        let (Some(rule), Some(path)) = (words.next(), words.next()) else {
            wrong.push(Finding::new(PATH, index + 1, "allow-list", "write: rule path reason"));
            continue;
        };
        if words.count() < REASON_WORDS_MIN {
            wrong.push(Finding::new(PATH, index + 1, "allow-list", "say why, in a sentence"));
        }
        entries.push(Entry { rule, path, line: index + 1, used: false });
    }
    match count {
        None => {
            let advice = format!("the first line is `entries: {}`", entries.len());
            wrong.push(Finding::new(PATH, 1, "allow-list", advice));
        }
        Some(count) if entries.len() > count => {
            let advice = format!(
                "{} entries where {count} are allowed: the list only shrinks",
                entries.len()
            );
            wrong.push(Finding::new(PATH, 1, "allow-list", advice));
        }
        Some(count) if entries.len() < count => {
            let advice = format!("well done; now write `entries: {}`", entries.len());
            wrong.push(Finding::new(PATH, 1, "allow-list", advice));
        }
        Some(_) => {}
    }
    (entries, wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(list: &str) -> Vec<(&'static str, usize)> {
        let findings =
            vec![Finding::new("a.rs", 7, "sleep", "x"), Finding::new("b.rs", 8, "sql", "y")];
        apply(Some(list), findings).into_iter().map(|f| (f.rule, f.line)).collect()
    }

    #[test]
    fn an_entry_excuses_its_rule_in_its_file() {
        let list = "entries: 1\n# why\n\nsleep a.rs the socket has no event for this\n";
        assert_eq!(left(list), [("sql", 8)]);
    }

    #[test]
    fn a_list_that_grows_rots_or_lies_is_itself_a_finding() {
        let both = "sleep a.rs b c d e\nsql b.rs b c d e\n";
        assert_eq!(left(&format!("entries: 2\n{both}")), []);
        assert_eq!(left(&format!("entries: 1\n{both}")), [("allow-list", 1)]);
        assert_eq!(left(&format!("entries: 3\n{both}")), [("allow-list", 1)]);
        assert_eq!(left(&format!("many\n{both}")), [("allow-list", 1)]);
        let unused = format!("entries: 3\n{both}unit c.rs b c d e\n");
        assert_eq!(left(&unused), [("allow-list", 4)]);
        assert_eq!(left("entries: 2\nsleep a.rs\nsql b.rs b c d e\n"), [("allow-list", 2)]);
        assert_eq!(left("entries: 0\nsleep\n").len(), 3);
        assert_eq!(apply(None, Vec::new()).len(), 1);
    }
}
