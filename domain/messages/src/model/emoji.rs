//! What may be a reaction.

use hoopoe_kernel::Fail;
use hoopoe_wire::limits;

/// 422 unless it is an emoji, or the `:name:` of one, of at most 32 bytes.
///
/// Which sequences are emoji changes every year, so there is no list: letters and signs of ASCII,
/// spaces, and characters that show nothing or turn the line around are refused, the rest passes.
pub(crate) fn check(emoji: &str) -> Result<(), Fail> {
    let refuse = |code, words: &str| Err(Fail::field("/emoji", code, words));
    if emoji.len() > limits::EMOJI_BYTES_MAX {
        return refuse("too_long", "an emoji has at most 32 bytes");
    }
    if is_name(emoji) || is_sequence(emoji) {
        return Ok(());
    }
    refuse("invalid", "one emoji, or the :name: of one")
}

/// `:party_parrot:`
fn is_name(text: &str) -> bool {
    let name = text.strip_prefix(':').and_then(|rest| rest.strip_suffix(':')).unwrap_or_default();
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_+-".contains(&byte);
    !name.is_empty() && name.bytes().all(fits)
}

/// Signs beyond ASCII, with what joins them; a digit, `#` or `*` only as the face of a keycap.
fn is_sequence(text: &str) -> bool {
    const KEYCAP: char = '\u{20e3}';
    let is_keycap = text.ends_with(KEYCAP);
    let mut shows = is_keycap;
    text.chars().enumerate().all(|(at, sign)| match sign {
        '0'..='9' | '#' | '*' => at == 0 && is_keycap,
        '\u{200d}' | '\u{fe0f}' | '\u{e0020}'..='\u{e007f}' => at > 0,
        sign if sign.is_ascii() || sign.is_control() || sign.is_whitespace() => false,
        // Formats, marks of direction, separators, byte order marks, private and unused places.
        '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202f}'
        | '\u{2060}'..='\u{206f}'
        | '\u{fe00}'..='\u{fe0e}'
        | '\u{feff}'
        | '\u{fff0}'..='\u{ffff}'
        | '\u{e000}'..='\u{f8ff}'
        | '\u{e0000}'..='\u{10ffff}' => false,
        _ => {
            shows = true;
            true
        }
    }) && shows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emoji_and_their_names_pass() {
        for emoji in ["👍", "❤️", "👨‍👩‍👧‍👦", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "#⃣", "👍🏽", "🇫🇷", ":party_parrot:", ":+1:", "赞"]
        {
            assert!(check(emoji).is_ok(), "{emoji}");
        }
    }

    #[test]
    fn texts_and_what_shows_nothing_do_not() {
        let long = "👍".repeat(9);
        for text in [
            "",
            " ",
            "a",
            "ok",
            "1",
            "👍 ",
            "👍\n",
            "\u{202e}👍",
            "\u{200d}",
            "\u{fe0f}",
            "<b>",
            "::",
            ":a b:",
            "👍\u{200b}",
            "\u{e000}",
            "1👍",
            &long,
        ] {
            assert!(check(text).is_err(), "{text:?}");
        }
    }
}
