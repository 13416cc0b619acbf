//! Refresh tokens: how one follows from the other.
//!
//! A token is `rt_`, 22 digits that all tokens of a session have in common (the family) and 22 of
//! its own, 128 random bits each. Only hashes are kept: of the family, by which the session is
//! found, and of the newest token. Who shows the family without the newest token has shown that a
//! token was used by two: a stranger cannot know the family, and so cannot end anybody's session.
//!
//! The next token is made out of this one and a nonce that the database keeps. Neither of both
//! gives it away alone, and together they give it again when the reply was lost.

use aws_lc_rs::hmac;
use hoopoe_apps::secret::{self, Hash, REFRESH_TOKEN, USER_TOKEN};
use hoopoe_kernel::{Entropy, Fail};
use hoopoe_wire::{apps::Secret, ids, limits};

/// Digits of 16 bytes in base62.
const DIGITS: usize = 22;
const FAMILY: usize = REFRESH_TOKEN.len() + DIGITS;
const LENGTH: usize = FAMILY + DIGITS;

/// What the database keeps to make the next token again.
pub(crate) type Nonce = [u8; 16];

/// A refresh token in clear. `{:?}` shows its kind only.
#[derive(Debug, Clone)]
pub(crate) struct RefreshToken(Secret);

/// The tokens that follow a refresh token.
pub(crate) struct Successor {
    pub(crate) refresh: RefreshToken,
    pub(crate) token: Secret,
}

impl RefreshToken {
    /// The first of a session.
    pub(crate) fn first(entropy: &dyn Entropy) -> Self {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes);
        let (family, own) = bytes.split_at(16);
        let mut text = REFRESH_TOKEN.to_owned();
        push_digits(&mut text, family);
        push_digits(&mut text, own);
        Self(Secret(text))
    }

    /// A text that can be one.
    pub(crate) fn parse(text: &Secret) -> Option<Self> {
        let digits = text.0.strip_prefix(REFRESH_TOKEN)?;
        let is_shaped = text.0.len() == LENGTH && digits.bytes().all(|b| b.is_ascii_alphanumeric());
        is_shaped.then(|| Self(text.clone()))
    }

    /// What its session is found by.
    pub(crate) fn family_hash(&self) -> Hash {
        secret::hash(&self.0.0[..FAMILY])
    }

    /// What it is recognised by.
    pub(crate) fn hash(&self) -> Hash {
        secret::hash(&self.0.0)
    }

    /// The text for the client.
    pub(crate) fn reveal(self) -> Secret {
        self.0
    }

    /// The tokens that come after this one.
    pub(crate) fn successor(&self, nonce: &Nonce) -> Successor {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.0.as_bytes());
        let derive = |purpose: &[u8]| {
            let mut context = hmac::Context::with_key(&key);
            context.update(purpose);
            context.update(nonce);
            let mut out = [0; 32];
            out.copy_from_slice(context.sign().as_ref());
            out
        };
        let mut text = self.0.0[..FAMILY].to_owned();
        push_digits(&mut text, &derive(b"refresh:")[..16]);
        let token = secret::from_bytes(USER_TOKEN, derive(b"token:"));
        Successor { refresh: Self(Secret(text)), token }
    }
}

fn push_digits(text: &mut String, bytes: &[u8]) {
    let mut whole = [0; 16];
    whole.copy_from_slice(bytes);
    text.extend(ids::base62(whole).map(char::from));
}

/// What a client calls its attempt, as the database keeps it.
pub(crate) fn attempt_hash(client_id: Option<&str>) -> Result<Option<Hash>, Fail> {
    let Some(client_id) = client_id else { return Ok(None) };
    if client_id.is_empty() || client_id.len() > limits::CLIENT_ID_BYTES_MAX {
        let most = limits::CLIENT_ID_BYTES_MAX;
        return Err(Fail::field("/client_id", "out_of_range", format!("1 to {most} bytes")));
    }
    Ok(Some(secret::hash(client_id)))
}

#[cfg(test)]
mod tests {
    use hoopoe_kernel::SystemEntropy;

    use super::*;

    #[test]
    fn tokens_of_a_session_share_a_family_and_nothing_else() {
        let first = RefreshToken::first(&SystemEntropy);
        let next = first.successor(&[1; 16]);
        assert_eq!(first.family_hash(), next.refresh.family_hash());
        assert_ne!(first.hash(), next.refresh.hash());
        assert!(secret::is_shaped(USER_TOKEN, &next.token.0));
        let again = first.successor(&[1; 16]);
        assert_eq!(again.refresh.hash(), next.refresh.hash());
        assert_eq!(again.token, next.token);
        let other = first.successor(&[2; 16]);
        assert_ne!(other.refresh.hash(), next.refresh.hash());
        assert_ne!(other.token, next.token);
        let stranger = RefreshToken::first(&SystemEntropy);
        assert_ne!(stranger.family_hash(), first.family_hash());
    }

    #[test]
    fn what_can_be_no_token_is_none() {
        let text = RefreshToken::first(&SystemEntropy).reveal();
        assert_eq!(text.0.len(), 47);
        assert!(RefreshToken::parse(&text).is_some());
        for bad in [
            String::new(),
            "rt_".to_owned(),
            text.0[..46].to_owned(),
            format!("{}0", text.0),
            text.0.replace("rt_", "ut_"),
            format!("{}é", &text.0[..45]),
        ] {
            assert!(RefreshToken::parse(&Secret(bad.clone())).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_attempt_has_a_name_of_64_bytes_at_most() {
        assert!(attempt_hash(None).expect("none").is_none());
        assert!(attempt_hash(Some("a")).expect("short").is_some());
        assert!(attempt_hash(Some("")).is_err() && attempt_hash(Some(&"a".repeat(65))).is_err());
    }
}
