//! The limits as a page.

use std::fmt::Write;

use hoopoe_wire::limits;

/// Markdown: every limit with its default, its unit and its reason.
pub fn limits_page() -> String {
    let mut page = String::from(INTRODUCTION);
    for limit in limits::all() {
        let (name, value, unit, reason) = (limit.name, limit.value, limit.unit, limit.reason);
        writeln!(page, "| `{name}` | {} | {unit} | {reason} |", grouped(value))
            .expect("writing into a String never fails");
    }
    page
}

const INTRODUCTION: &str = "# Limits

Every limit of the server, with its default and its reason. A running server says what it is
configured to at `GET /v1/limits`.

| Limit | Default | Unit | Reason |
|---|---:|---|---|
";

/// `65,536`.
fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_has_its_row() {
        let page = limits_page();
        assert_eq!(page.matches("\n| `").count(), limits::all().len());
        assert!(page.contains("| `frame_bytes_max` | 65,536 | bytes |"));
        assert_eq!((grouped(7), grouped(1_000)), ("7".to_owned(), "1,000".to_owned()));
    }
}
