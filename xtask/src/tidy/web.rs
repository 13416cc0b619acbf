//! What may not be written in the sources of the web half. The page runs under a policy that
//! forbids most of it anyway; this is for what the policy does not see, and to hear of it sooner.

use super::bans::promise;
use super::finding::Finding;
use super::tree::Tree;

/// Words that make text a program, and what to write instead.
const BANNED: &[(&str, &str)] = &[
    ("dangerouslySetInnerHTML", "render elements: what people write stays text"),
    ("innerHTML", "make elements: what people write stays text"),
    ("outerHTML", "make elements: what people write stays text"),
    ("insertAdjacentHTML", "make elements: what people write stays text"),
    ("document.write", "make elements: what people write stays text"),
    ("srcdoc", "no page within the page"),
    ("eval(", "no text becomes a program"),
    ("new Function", "no text becomes a program"),
];
/// What tests may take apart and build up as they like.
const TESTS: &[&str] = &[".test.", "/e2e/", "/testing/"];

/// Looks at all of it.
pub(crate) fn check(tree: &Tree, out: &mut Vec<Finding>) {
    for (path, text) in tree.below("web").filter(|(path, _)| !path.contains(".gen.")) {
        match path.rsplit('.').next().unwrap_or_default() {
            "ts" | "tsx" | "js" | "mjs" => {
                script(path, text, out);
                promises(path, text, out);
            }
            "css" => promises(path, text, out),
            "html" => page(path, text, out),
            _ => {}
        }
    }
}

fn script(path: &str, text: &str, out: &mut Vec<Finding>) {
    if TESTS.iter().any(|part| path.contains(part)) {
        return;
    }
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !is_comment(line)) {
        if let Some((word, advice)) = BANNED.iter().find(|(word, _)| has_word(line, word)) {
            out.push(Finding::new(path, index + 1, "web-ban", format!("`{word}`: {advice}")));
        }
    }
}

fn promises(path: &str, text: &str, out: &mut Vec<Finding>) {
    for (index, line) in
        text.lines().enumerate().filter(|(_, line)| line.contains("//") || is_comment(line))
    {
        if let Some(word) = promise(line) {
            let advice = format!("{word}: do it now, or open an issue and say nothing here");
            out.push(Finding::new(path, index + 1, "promise", advice));
        }
    }
}

/// Scripts and styles of a page stand in files, or the policy keeps them from running.
fn page(path: &str, text: &str, out: &mut Vec<Finding>) {
    for (index, line) in text.lines().enumerate() {
        let lower = line.to_ascii_lowercase();
        let is_inline = lower.contains("<style")
            || lower.contains(" style=")
            || lower.contains("javascript:")
            || lower.split("<script").skip(1).any(|rest| !rest.contains("src="));
        if is_inline {
            let advice = "the policy of the page lets no inline script or style in: use a file";
            out.push(Finding::new(path, index + 1, "web-inline", advice));
        }
    }
}

fn is_comment(line: &str) -> bool {
    ["//", "/*", "*"].iter().any(|start| line.trim_start().starts_with(start))
}

/// Whether a word stands there by itself, and not as the end of another one.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != '$')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<(&'static str, usize)> {
        let mut out = Vec::new();
        check(&Tree::of(&[(path, text)]), &mut out);
        out.into_iter().map(|finding| (finding.rule, finding.line)).collect()
    }

    #[test]
    fn text_never_becomes_a_program() {
        let path = "web/packages/ui/src/Message/Message.tsx";
        for bad in [
            "x.innerHTML = name;",
            "<b dangerouslySetInnerHTML={{ __html: a }} />",
            "eval(a)",
            "const f = new Function(a);",
            "a.insertAdjacentHTML('x', b)",
        ] {
            assert_eq!(rules(path, &format!("\n{bad}")), [("web-ban", 2)], "{bad}");
        }
        for good in
            ["medieval(a)", "// innerHTML is not for us", " * eval(x) is no way", "eval_(a)"]
        {
            assert_eq!(rules(path, good), [], "{good}");
        }
        assert_eq!(rules("web/packages/ui/src/Message/Message.test.tsx", "a.innerHTML"), []);
        assert_eq!(rules("web/packages/wire/src/types.gen.ts", "a.innerHTML"), []);
        assert_eq!(rules("docs/x.ts", "a.innerHTML"), []);
    }

    #[test]
    fn nobody_promises_in_the_web_either() {
        let path = "web/apps/client/src/a.ts";
        // Taken apart, or this file itself would be found.
        let word = ["TO", "DO"].concat();
        assert_eq!(rules(path, &format!("a();\n// {word} later")), [("promise", 2)]);
        assert_eq!(rules(path, &format!("const a = \"{word}\";")), []);
        assert_eq!(rules("web/a.css", &format!("/* {word} */")), [("promise", 1)]);
    }

    #[test]
    fn pages_have_no_inline_scripts_or_styles() {
        let path = "web/apps/client/index.html";
        let good = "<script type=\"module\" src=\"/src/main.tsx\"></script>\n<p class=\"a\">";
        assert_eq!(rules(path, good), []);
        for bad in
            ["<script>a()</script>", "<STYLE>", "<p style=\"a\">", "<a href=\"javascript:x\">"]
        {
            assert_eq!(rules(path, bad), [("web-inline", 1)], "{bad}");
        }
    }
}
