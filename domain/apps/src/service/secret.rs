//! Bearer secrets: how keys and tokens are made, recognised and kept.

use aws_lc_rs::digest;
use hoopoe_kernel::Env;
use hoopoe_wire::apps::Secret;

/// Prefix of server keys.
pub const SERVER_KEY: &str = "sk_";
/// Prefix of administration keys.
pub const ADMIN_KEY: &str = "ak_";
/// Prefix of user tokens.
pub const USER_TOKEN: &str = "ut_";
/// Prefix of refresh tokens.
pub const REFRESH_TOKEN: &str = "rt_";

/// Base62 digits of 32 bytes.
const DIGITS: usize = 43;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// SHA-256 of a secret: what the database keeps.
pub type Hash = [u8; 32];

/// A new secret: the prefix and 256 random bits in base62.
pub fn fresh(prefix: &str, env: &Env) -> Secret {
    let mut bytes = [0; 32];
    env.entropy.fill(&mut bytes);
    from_bytes(prefix, bytes)
}

/// The secret of these 256 bits, which nobody can guess.
pub fn from_bytes(prefix: &str, bytes: [u8; 32]) -> Secret {
    let mut text = String::with_capacity(prefix.len() + DIGITS);
    text.push_str(prefix);
    for digit in base62(bytes) {
        text.push(char::from(digit));
    }
    Secret(text)
}

/// What a secret is found by. Its 256 random bits need neither salt nor stretching.
pub fn hash(secret: &str) -> Hash {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    out
}

/// Whether a text could be a secret of this kind; what could not is refused without a look-up.
pub fn is_shaped(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Long division by 62, most significant digit first.
fn base62(mut bytes: [u8; 32]) -> [u8; DIGITS] {
    let mut digits = [b'0'; DIGITS];
    for slot in digits.iter_mut().rev() {
        let mut rest = 0_u16;
        for byte in &mut bytes {
            let value = (rest << 8) | u16::from(*byte);
            // The remainder before it is below 62, so the quotient is below 256.
            *byte = (value / 62) as u8;
            rest = value % 62;
        }
        *slot = ALPHABET[usize::from(rest)];
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_its_prefix_and_43_digits() {
        let env = Env::system();
        let (one, two) = (fresh(SERVER_KEY, &env).0, fresh(SERVER_KEY, &env).0);
        assert_ne!(one, two);
        assert!(is_shaped(SERVER_KEY, &one) && !is_shaped(ADMIN_KEY, &one), "{one}");
        assert_eq!(one.len(), 46);
        assert_ne!(hash(&one), hash(&two));
        for bad in ["", "sk_", "sk_x", &one[1..], &format!("{one}0"), &one.replace("sk_", "sk_-")] {
            assert!(!is_shaped(SERVER_KEY, bad), "{bad}");
        }
    }

    #[test]
    fn digits_are_the_number_in_base_62() {
        assert_eq!(base62([0; 32]), [b'0'; DIGITS]);
        let mut bytes = [0; 32];
        bytes[31] = 61;
        assert_eq!(&base62(bytes)[41..], b"0z");
        bytes[30..].copy_from_slice(&(62_u16 * 62 + 5).to_be_bytes());
        assert_eq!(&base62(bytes)[39..], b"0105");
        // (2^256 - 1) / 62^42 = 60, so that 43 digits are just enough.
        assert_eq!(base62([255; 32])[0], b'y');
    }
}
