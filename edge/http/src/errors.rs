//! The error list as a page.

use std::fmt::Write;

use hoopoe_wire::{ErrorCode, codes};

/// Markdown: every code with its status, cause and cure, under the anchor that a problem's `type`
/// points at.
pub fn errors_page() -> String {
    let mut page = String::from(INTRODUCTION);
    let mut domains: Vec<&str> = Vec::new();
    for code in codes::ALL {
        let domain = domain(code);
        if !domains.contains(&domain) {
            domains.push(domain);
        }
    }
    for heading in domains {
        line(&mut page, format_args!("\n## {heading}"));
        codes::ALL
            .iter()
            .filter(|code| domain(code) == heading)
            .for_each(|code| write_code(&mut page, code));
    }
    page
}

fn domain(code: &ErrorCode) -> &'static str {
    code.code.split('.').next().unwrap_or(code.code)
}

const INTRODUCTION: &str = "# Errors

Every refusal is `application/problem+json` (RFC 9457):

```json
{
  \"type\": \"https://docs.hoopoe.im/errors#messages.not_found\",
  \"title\": \"No such message\",
  \"status\": 404,
  \"code\": \"messages.not_found\",
  \"request_id\": \"req_02kjGpQkTsbVvCPEFUVxvx\",
  \"retryable\": false
}
```

`code` is stable: decide by it, show `title` or `detail` to people, and quote `request_id` when you
ask for help. `errors` lists wrong fields as JSON Pointers. When `retryable` is true, the same
request may succeed after `retry_after_ms` (the `Retry-After` header over REST). An object of
somebody else is answered like one that does not exist.
";

fn write_code(page: &mut String, code: &ErrorCode) {
    line(page, format_args!("\n<a id=\"{0}\"></a>\n\n### `{0}`", code.code));
    let again = if code.retryable { ", try again" } else { "" };
    line(page, format_args!("\n{}: {}{again}.", code.status, code.title));
    line(page, format_args!("\n- Cause: {}\n- Cure: {}", code.cause, code.cure));
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(page, "{text}").expect("writing into a String never fails");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_anchor_once() {
        let page = errors_page();
        for code in codes::ALL {
            let anchor = format!("<a id=\"{}\"></a>", code.code);
            assert_eq!(page.matches(&anchor).count(), 1, "{}", code.code);
        }
        assert!(page.contains("429: Too many requests, try again."));
    }
}
