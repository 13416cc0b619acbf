//! Units stand last in the names of what goes over the wire: `retry_after_ms`, `size_bytes`.

use super::finding::Finding;
use super::lexer::Kind;
use super::source::Source;

/// Words that measure something and do not say in what.
const UNITLESS: &[&str] =
    &["timeout", "ttl", "size", "duration", "age", "interval", "delay", "lifetime", "elapsed"];

const NUMBERS: &[&str] = &[
    "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
    "f64",
];

/// Looks for numeric fields without a unit in one file of base/wire.
pub(crate) fn check(source: &Source<'_>, out: &mut Vec<Finding>) {
    if !source.path.starts_with("base/wire/src/") {
        return;
    }
    for (index, token) in source.tokens.iter().enumerate() {
        if token.kind != Kind::Ident || !is_number(source, index) || source.in_test(index) {
            continue;
        }
        let last = token.text.rsplit('_').next().unwrap_or(token.text);
        if UNITLESS.contains(&last) {
            let advice = format!("`{}` in what? put the unit last: `{0}_ms`", token.text);
            out.push(Finding::new(source.path, token.line, "unit", advice));
        }
    }
}

/// Whether a field starts at `index` whose type is a number, or an `Option` of one.
fn is_number(source: &Source<'_>, index: usize) -> bool {
    if !source.matches(index + 1, &[":"]) || source.matches(index + 2, &[":"]) {
        return false;
    }
    let mut at = index + 2;
    while source.matches(at, &["Option", "<"]) {
        at += 2;
    }
    source.tokens.get(at).is_some_and(|token| NUMBERS.contains(&token.text))
        && source
            .tokens
            .get(at + 1)
            .is_some_and(|token| token.is(',') || token.is('}') || token.is('>') || token.is(')'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, text: &str) -> usize {
        let mut out = Vec::new();
        check(&Source::new(path, text), &mut out);
        assert!(out.iter().all(|finding| finding.rule == "unit"));
        out.len()
    }

    const WIRE: &str = "base/wire/src/a.rs";

    #[test]
    fn a_measure_says_in_what() {
        assert_eq!(names(WIRE, "struct A { timeout: u64, b: u8 }"), 1);
        assert_eq!(names(WIRE, "struct A { pub idle_ttl: Option<u32> }"), 1);
        assert_eq!(names(WIRE, "enum A { B { size: usize } }"), 1);
        assert_eq!(names(WIRE, "struct A { timeout_ms: u64, size_bytes: u64, page: u32 }"), 0);
        assert_eq!(names(WIRE, "struct A { size: Size, page: u32 } fn a() { size::u8(); }"), 0);
        assert_eq!(names("base/log/src/a.rs", "struct A { timeout: u64 }"), 0);
    }
}
