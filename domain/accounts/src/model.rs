//! Profiles, internal ids, search keys and devices: types and pure rules.

mod common;
pub(crate) mod keys;
pub(crate) mod password;
pub(crate) mod refresh;
pub(crate) mod settings;

use hoopoe_apps::{check_text, metadata_text};
use hoopoe_kernel::{AppNo, Fail, Uid};
use hoopoe_wire::{
    Metadata, SessionId, Time, UserId,
    accounts::{Device, User},
    codes, limits,
};

/// 2020-01-01 in milliseconds since 1970: internal ids count from here.
const UID_EPOCH_MS: i64 = 1_577_836_800_000;
/// Random bits of an internal id; the 41 bits before them last until 2089.
const UID_RANDOM_BITS: u32 = 21;

/// Whose token it is.
#[derive(Debug, Clone)]
pub(crate) struct TokenIdentity {
    pub(crate) app: AppNo,
    pub(crate) uid: Uid,
    pub(crate) id: UserId,
    pub(crate) session: SessionId,
    pub(crate) last_seen_at: Time,
    pub(crate) expires_at: Time,
}

/// A profile that was checked and is about to be written.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) id: UserId,
    pub(crate) name: String,
    pub(crate) avatar_url: String,
    pub(crate) metadata: Metadata,
    pub(crate) metadata_text: String,
}

impl Profile {
    /// Checks the fields; a refusal points below `at`.
    pub(crate) fn check(
        at: &str,
        id: UserId,
        name: Option<String>,
        avatar_url: Option<String>,
        metadata: Option<Metadata>,
    ) -> Result<Self, Fail> {
        let name = name.unwrap_or_default();
        check_name(&format!("{at}/name"), &name)?;
        let avatar_url = avatar_url.unwrap_or_default();
        check_avatar_url(&format!("{at}/avatar_url"), &avatar_url)?;
        let metadata = metadata.unwrap_or_default();
        let metadata_text = metadata_text(&format!("{at}/metadata"), &metadata)?;
        Ok(Self { id, name, avatar_url, metadata, metadata_text })
    }

    /// The user as replies show it.
    pub(crate) fn to_user(&self, created_at: Time, updated_at: Time) -> User {
        let avatar_url = (!self.avatar_url.is_empty()).then(|| self.avatar_url.clone());
        User {
            id: self.id.clone(),
            name: self.name.clone(),
            keys: keys::of(&self.name),
            avatar_url,
            metadata: self.metadata.clone(),
            created_at,
            updated_at,
        }
    }
}

/// A name may be empty, but not a blank.
pub(crate) fn check_name(pointer: &str, name: &str) -> Result<(), Fail> {
    check_text(pointer, name, 0, limits::NAME_CHARS_MAX)
}

/// An address of the web, or nothing: other schemes would run in a browser.
pub fn check_avatar_url(pointer: &str, url: &str) -> Result<(), Fail> {
    if url.is_empty() {
        return Ok(());
    }
    if url.len() > limits::AVATAR_URL_BYTES_MAX {
        let most = limits::AVATAR_URL_BYTES_MAX;
        return Err(Fail::field(pointer, "too_long", format!("at most {most} bytes")));
    }
    let web = ["https://", "http://"].iter().any(|scheme| {
        url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && url.len() > scheme.len()
    });
    if !web || url.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Fail::field(pointer, "invalid", "an address with https:// or http://"));
    }
    Ok(())
}

/// Refuses an id that is none; the refusal points at it.
pub(crate) fn check_id(pointer: &str, id: &UserId) -> Result<(), Fail> {
    if !id.is_none() {
        return Ok(());
    }
    let words = "1 to 64 of A-Z a-z 0-9 . _ @ + : -";
    Err(Fail::new(&codes::BAD_USER_ID).and_field(pointer, "invalid", words))
}

/// Fields of a device are short lines.
pub(crate) fn check_device(device: Option<&Device>) -> Result<(), Fail> {
    let Some(Device { id, platform, name, app_version }) = device else { return Ok(()) };
    let fields = [("id", id), ("platform", platform), ("name", name), ("app_version", app_version)];
    for (field, text) in fields {
        if let Some(text) = text {
            let pointer = format!("/device/{field}");
            check_text(&pointer, text, 0, limits::DEVICE_FIELD_CHARS_MAX)?;
        }
    }
    Ok(())
}

/// How long a token lives, in seconds.
pub(crate) fn check_ttl(ttl_s: Option<u64>) -> Result<i64, Fail> {
    let ttl_s = ttl_s.unwrap_or(limits::TOKEN_TTL_S_DEFAULT);
    if !(1..=limits::TOKEN_TTL_S_MAX).contains(&ttl_s) {
        let most = limits::TOKEN_TTL_S_MAX;
        return Err(Fail::field("/ttl_s", "out_of_range", format!("1 to {most}")));
    }
    i64::try_from(ttl_s).map_err(|e| Fail::internal().caused_by(e))
}

/// An internal id: the time, then random bits. Users of one batch take the `nth` after it, so that
/// they differ for certain and stand beside each other.
pub(crate) fn uid(now: Time, random: u32, nth: usize) -> Uid {
    let ms = (now.0.div_euclid(1_000) - UID_EPOCH_MS).max(1);
    let mask = (1_u32 << UID_RANDOM_BITS) - 1;
    let low = random.wrapping_add(nth as u32) & mask;
    Uid((ms << UID_RANDOM_BITS) | i64::from(low))
}

/// What users are found, ordered and searched by: the id in lower case, then, behind a zero that
/// stands in no id, the id itself. No two living users of an app share it.
pub(crate) fn id_key(id: &UserId) -> Vec<u8> {
    key(id.as_str().as_bytes(), id)
}

/// The same for the beginning of the name.
pub(crate) fn name_key(name: &str, id: &UserId) -> Vec<u8> {
    let start = name.len().min(limits::SEARCH_BYTES_MAX);
    key(&name.as_bytes()[..start], id)
}

/// The same for a key of the name ([`keys::of`]).
pub(crate) fn search_key(text: &str, id: &UserId) -> Vec<u8> {
    key(text.as_bytes(), id)
}

fn key(text: &[u8], id: &UserId) -> Vec<u8> {
    let mut key = text.to_ascii_lowercase();
    key.push(0);
    key.extend_from_slice(id.as_str().as_bytes());
    key
}

/// The keys that begin like this are those between `from` and `to`, both excluded: a key is always
/// longer than what it begins with, and 0xFF stands in no UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prefix {
    pub(crate) from: Vec<u8>,
    pub(crate) to: Vec<u8>,
}

impl Prefix {
    /// 422 for more than the index holds.
    pub(crate) fn check(q: Option<&str>) -> Result<Self, Fail> {
        let from = q.unwrap_or_default().to_ascii_lowercase().into_bytes();
        if from.len() > limits::SEARCH_BYTES_MAX {
            let most = limits::SEARCH_BYTES_MAX;
            return Err(Fail::field("/q", "too_long", format!("at most {most} bytes")));
        }
        let mut to = from.clone();
        to.push(0xFF);
        Ok(Self { from, to })
    }

    /// Whether everything begins like this.
    pub(crate) fn is_empty(&self) -> bool {
        self.from.is_empty()
    }
}

/// Where a page of users begins: behind a key in the list by id, in the list by name, which follows
/// it, or in the list by keys, which comes last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cursor {
    Id(Vec<u8>),
    Name(Vec<u8>),
    Key(Vec<u8>),
}

impl Cursor {
    /// The opaque text; it holds what the last item showed, and nothing else.
    pub(crate) fn text(&self) -> String {
        let (list, key) = match self {
            Self::Id(key) => ('i', key),
            Self::Name(key) => ('n', key),
            Self::Key(key) => ('k', key),
        };
        let digits = b"0123456789abcdef";
        let mut text = String::with_capacity(1 + 2 * key.len());
        text.push(list);
        for byte in key {
            text.push(char::from(digits[usize::from(byte >> 4)]));
            text.push(char::from(digits[usize::from(byte & 15)]));
        }
        text
    }

    /// 422 for a text that is no cursor.
    pub(crate) fn check(text: &str) -> Result<Self, Fail> {
        let wrong = || Fail::field("/cursor", "invalid", "not a cursor of this list");
        let (list, digits) = text.split_at_checked(1).ok_or_else(wrong)?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let byte = |pair: &[u8]| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok();
        let pairs = digits.as_bytes().chunks_exact(2);
        let whole = pairs.remainder().is_empty();
        let key: Option<Vec<u8>> = pairs.map(byte).collect();
        match (list, key.filter(|_| whole)) {
            ("i", Some(key)) => Ok(Self::Id(key)),
            ("n", Some(key)) => Ok(Self::Name(key)),
            ("k", Some(key)) => Ok(Self::Key(key)),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user_id(text: &str) -> UserId {
        UserId::parse(text).expect("a legal id")
    }

    fn refusal<T: std::fmt::Debug>(result: Result<T, Fail>) -> String {
        let problem = result.expect_err("is wrong").problem(hoopoe_wire::RequestId::NONE);
        assert_eq!(problem.status, 422);
        format!("{} {}", problem.errors[0].pointer, problem.errors[0].code)
    }

    #[test]
    fn internal_ids_grow_with_time_and_differ_within_a_batch() {
        let now = Time(1_795_411_809_123_000);
        let (one, two) = (uid(now, u32::MAX, 0), uid(now, u32::MAX, 1));
        assert_ne!(one, two);
        assert!(one.0 > 0 && two.0 > 0);
        assert!(uid(now.plus_ms(1), 0, 0) > one);
        assert!(uid(Time(0), 0, 0) > Uid::NONE, "a clock before 2020 gives legal ids");
        assert!(uid(Time(3_600_000_000_000_000), u32::MAX, 0).0 > 0, "and so does one in 2084");
    }

    #[test]
    fn a_prefix_holds_what_begins_like_it() {
        let holds = |q: &str, key: Vec<u8>| {
            let prefix = Prefix::check(Some(q)).expect("short");
            prefix.from < key && key < prefix.to
        };
        let ann = user_id("Ann");
        for q in ["", "a", "A", "ANN", "ann"] {
            assert!(holds(q, id_key(&ann)), "{q}");
        }
        for q in ["b", "anna", "nn", "Z"] {
            assert!(!holds(q, id_key(&ann)), "{q}");
        }
        assert!(holds("é", name_key("école", &ann)));
        assert!(!holds("É", name_key("école", &ann)), "only ASCII letters fold");
        assert!(holds(&"x".repeat(64), name_key(&"x".repeat(100), &ann)));
        assert_eq!(refusal(Prefix::check(Some(&"x".repeat(65)))), "/q too_long");
        assert_ne!(id_key(&user_id("ann")), id_key(&ann));
        assert_ne!(name_key("n", &user_id("ann")), name_key("n", &ann));
    }

    #[test]
    fn a_cursor_survives_the_client_and_garbage_is_refused() {
        let by_key = Cursor::Key(search_key("zs", &user_id("ann")));
        for cursor in [Cursor::Id(id_key(&user_id("ann"))), Cursor::Name(vec![0, 255, 16]), by_key]
        {
            assert_eq!(Cursor::check(&cursor.text()).expect("a cursor"), cursor);
        }
        for bad in ["", "i0", "x00", "i0g", "é", "iéé", "n+1"] {
            assert_eq!(refusal(Cursor::check(bad)), "/cursor invalid", "{bad}");
        }
    }

    #[test]
    fn an_avatar_is_an_address_of_the_web() {
        for good in ["", "https://a/b.png", "HTTP://a"] {
            assert!(check_avatar_url("/avatar_url", good).is_ok(), "{good}");
        }
        for bad in ["javascript:alert(1)", "data:text/html,x", "https://", "https://a b", "x", "é"]
        {
            assert_eq!(refusal(check_avatar_url("/avatar_url", bad)), "/avatar_url invalid");
        }
        let long = format!("https://{}", "a".repeat(limits::AVATAR_URL_BYTES_MAX));
        assert_eq!(refusal(check_avatar_url("/avatar_url", &long)), "/avatar_url too_long");
    }

    #[test]
    fn a_refusal_points_into_the_batch() {
        let name = Some("x".repeat(101));
        let checked = Profile::check("/users/3", user_id("ann"), name, None, None);
        assert_eq!(refusal(checked), "/users/3/name too_long");
        let device = Device { platform: Some("a\nb".into()), ..Device::default() };
        assert_eq!(refusal(check_device(Some(&device))), "/device/platform control_character");
        assert_eq!(refusal(check_id("/users/0/id", &UserId::none())), "/users/0/id invalid");
    }

    #[test]
    fn a_token_lives_between_a_second_and_30_days() {
        assert_eq!(check_ttl(None).expect("a day"), 86_400);
        assert_eq!(check_ttl(Some(30 * 86_400)).expect("the most"), 30 * 86_400);
        assert_eq!(refusal(check_ttl(Some(0))), "/ttl_s out_of_range");
        assert_eq!(refusal(check_ttl(Some(30 * 86_400 + 1))), "/ttl_s out_of_range");
    }
}
