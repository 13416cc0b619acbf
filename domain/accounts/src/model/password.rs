//! Login names and passwords: what they may be, and what they are compared as.

use hoopoe_kernel::Fail;
use hoopoe_wire::{UserId, limits, signin::Password};
use unicode_normalization::UnicodeNormalization;

use super::common;

/// A login name that may be one. Two that differ in the case of letters are the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoginName {
    /// As it was written.
    pub(crate) text: String,
    /// What it is found by: only ASCII letters are allowed, so lower case is no matter of taste.
    pub(crate) key: Vec<u8>,
}

impl LoginName {
    /// 422 for what can be no login name. It has the letters of user ids, so that a user's id can
    /// always be one.
    pub(crate) fn check(pointer: &str, text: &str) -> Result<Self, Fail> {
        if UserId::parse(text).is_none() {
            return Err(Fail::field(pointer, "invalid", "1 to 64 of A-Z a-z 0-9 . _ @ + : -"));
        }
        Ok(Self { text: text.to_owned(), key: text.to_ascii_lowercase().into_bytes() })
    }
}

/// A password as it is hashed: normalised to NFKC. NIST SP 800-63B wants a normalisation before
/// hashing and names NFKC; it also makes one of the full-width and the narrow letters and digits
/// that Chinese and Japanese keyboards write in turn. Not printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Plain(String);

impl Plain {
    /// What somebody claims to be a password. 422 only for what is too long to be looked at.
    pub(crate) fn claimed(pointer: &str, password: &Password) -> Result<Self, Fail> {
        let text = password.expose();
        if text.len() > limits::PASSWORD_BYTES_MAX {
            let most = limits::PASSWORD_BYTES_MAX;
            return Err(Fail::field(pointer, "too_long", format!("at most {most} bytes")));
        }
        Ok(Self(text.nfkc().collect()))
    }

    /// A password that somebody wants to have. 422 with the reason when it is a poor one. There is
    /// no rule about kinds of letters: they make passwords that people write on the screen's edge.
    pub(crate) fn chosen(
        pointer: &str,
        password: &Password,
        chars_min: usize,
        login: &LoginName,
    ) -> Result<Self, Fail> {
        let plain = Self::claimed(pointer, password)?;
        let refuse = |code, words: String| Err(Fail::field(pointer, code, words));
        let chars = plain.0.chars().count();
        let least = chars_min.max(limits::PASSWORD_CHARS_MIN);
        if chars < least {
            return refuse("too_short", format!("at least {least} characters"));
        }
        if chars > limits::PASSWORD_CHARS_MAX {
            return refuse(
                "too_long",
                format!("at most {} characters", limits::PASSWORD_CHARS_MAX),
            );
        }
        if plain.0.chars().any(char::is_control) {
            return refuse("control_character", "no control characters".to_owned());
        }
        let lower = plain.0.to_lowercase();
        if lower.as_bytes() == login.key {
            return refuse("same_as_login", "not the login name".to_owned());
        }
        if common::is_common(&lower) || is_one_character(&lower) {
            return refuse("too_common", "among those that are guessed first".to_owned());
        }
        Ok(plain)
    }

    /// The bytes that are hashed.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("•")
    }
}

fn is_one_character(text: &str) -> bool {
    let mut chars = text.chars();
    let first = chars.next();
    chars.all(|one| Some(one) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> LoginName {
        LoginName::check("/login", "Ann.Example").expect("a legal name")
    }

    fn chosen(text: &str) -> Result<Plain, String> {
        Plain::chosen("/password", &Password::new(text), 8, &ann()).map_err(|fail| {
            let problem = fail.problem(hoopoe_wire::RequestId::NONE);
            assert_eq!((problem.status, &*problem.errors[0].pointer), (422, "/password"));
            problem.errors[0].code.to_string()
        })
    }

    #[test]
    fn poor_passwords_are_refused_with_the_reason() {
        for (text, reason) in [
            ("", "too_short"),
            ("1234567", "too_short"),
            ("🐦🐦🐦🐦🐦🐦🐦", "too_short"),
            ("PassWord1", "too_common"),
            ("ｐａｓｓｗｏｒｄ", "too_common"),
            ("aaaaaaaaaaaa", "too_common"),
            ("ANN.example", "same_as_login"),
            ("nul \0 inside", "control_character"),
            ("two\nlines here", "control_character"),
        ] {
            assert_eq!(chosen(text), Err(reason.to_owned()), "{text:?}");
        }
        assert_eq!(chosen(&"xyz".repeat(43)), Err("too_long".to_owned()), "129 characters");
        assert_eq!(chosen(&"é".repeat(600)), Err("too_long".to_owned()), "1,200 bytes");
        assert!(chosen(&"xy".repeat(64)).is_ok());
        assert!(chosen("戴胜戴胜是一只鸟").is_ok());
        assert!(chosen("a b c d ").is_ok(), "blanks count");
    }

    #[test]
    fn the_same_password_from_two_keyboards_is_one() {
        let same = |one: &str, other: &str| {
            let plain = |text: &str| Plain::claimed("/password", &Password::new(text));
            plain(one).expect("short") == plain(other).expect("short")
        };
        assert!(same("caf\u{e9} au lait", "cafe\u{301} au lait"));
        assert!(same("ｐａｓｓ１２３４", "pass1234"));
        assert!(!same("Pass1234", "pass1234"));
        assert!(!same("pass1234", "pass1234 "));
    }

    #[test]
    fn names_are_found_in_either_case() {
        assert_eq!(ann().key, LoginName::check("/login", "ann.EXAMPLE").expect("legal").key);
        for bad in ["", "a b", "é", "a/b", &"a".repeat(65)] {
            assert!(LoginName::check("/login", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nothing_is_printed() {
        let plain = Plain::claimed("/password", &Password::new("hush hush")).expect("short");
        assert!(!format!("{plain:?}").contains("hush"));
    }
}
