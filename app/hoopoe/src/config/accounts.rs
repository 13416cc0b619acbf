//! `[accounts]`: how people sign in with a password.

use std::num::{NonZeroU64, NonZeroUsize};

use hoopoe_accounts::{HashCost, Registration, SignInSettings};
use hoopoe_wire::limits;
use serde::{Deserialize, Deserializer, de};

/// The section. Each check of a password takes `hash_memory_kib` of memory, `hash_slots` at once.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AccountsConfig {
    /// Who may make an account: apps' backends only, or everybody.
    pub(crate) registration: RegistrationConfig,
    /// How long a token lives that can be refreshed.
    pub(crate) token_ttl_s: NonZeroU64,
    /// How long a session lives that is not refreshed.
    pub(crate) session_idle_days: NonZeroU64,
    /// How long a session lives at all.
    pub(crate) session_days_max: NonZeroU64,
    /// The shortest new password; 8 or more.
    #[serde(deserialize_with = "password_chars")]
    pub(crate) password_chars_min: usize,
    /// What a check of a password costs.
    pub(crate) hash: HashConfig,
    /// Passwords checked at once; without it half of the cores.
    pub(crate) hash_slots: Option<NonZeroUsize>,
}

/// `accounts.registration`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RegistrationConfig {
    /// Apps' backends only.
    Closed,
    /// Everybody.
    Open,
}

/// `[accounts.hash]`: Argon2id, never below the floor of OWASP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "HashNumbers")]
pub(crate) struct HashConfig(HashCost);

/// The section as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HashNumbers {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Default for HashNumbers {
    fn default() -> Self {
        let cost = HashCost::default();
        Self { memory_kib: cost.memory_kib(), passes: cost.passes(), lanes: cost.lanes() }
    }
}

impl TryFrom<HashNumbers> for HashConfig {
    type Error = String;

    fn try_from(numbers: HashNumbers) -> Result<Self, String> {
        HashCost::new(numbers.memory_kib, numbers.passes, numbers.lanes).map(Self)
    }
}

impl Default for AccountsConfig {
    fn default() -> Self {
        let at_least_1 = |value: u64| NonZeroU64::new(value).unwrap_or(NonZeroU64::MIN);
        Self {
            registration: RegistrationConfig::Closed,
            token_ttl_s: at_least_1(limits::SIGN_IN_TOKEN_TTL_S),
            session_idle_days: at_least_1(limits::SESSION_IDLE_DAYS),
            session_days_max: at_least_1(limits::SESSION_DAYS_MAX),
            password_chars_min: limits::PASSWORD_CHARS_MIN,
            hash: HashConfig(HashCost::default()),
            hash_slots: None,
        }
    }
}

impl AccountsConfig {
    /// For the domain.
    pub(crate) fn settings(&self) -> SignInSettings {
        let hash_slots = self.hash_slots.unwrap_or_else(SignInSettings::slots_of_this_machine);
        SignInSettings {
            registration: match self.registration {
                RegistrationConfig::Closed => Registration::Closed,
                RegistrationConfig::Open => Registration::Open,
            },
            token_ttl_s: self.token_ttl_s.get(),
            session_idle_days: self.session_idle_days.get(),
            session_days_max: self.session_days_max.get(),
            password_chars_min: self.password_chars_min,
            cost: self.hash.0,
            hash_slots,
            hash_queue: SignInSettings::queue_of(hash_slots),
        }
    }
}

fn password_chars<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    let chars = usize::deserialize(deserializer)?;
    if (limits::PASSWORD_CHARS_MIN..=limits::PASSWORD_CHARS_MAX).contains(&chars) {
        return Ok(chars);
    }
    let (least, most) = (limits::PASSWORD_CHARS_MIN, limits::PASSWORD_CHARS_MAX);
    Err(de::Error::custom(format!("password_chars_min is {least} to {most}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<AccountsConfig, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn nothing_said_is_what_the_domain_does_by_itself() {
        assert_eq!(parse("").expect("empty").settings(), SignInSettings::default());
    }

    #[test]
    fn costs_below_the_floor_are_refused() {
        let config = parse("registration = \"open\"\nhash_slots = 3\n[hash]\npasses = 4\n");
        let settings = config.expect("right").settings();
        assert_eq!(settings.registration, Registration::Open);
        assert_eq!((settings.hash_slots.get(), settings.cost.passes()), (3, 4));
        assert_eq!(settings.cost.memory_kib(), HashCost::default().memory_kib());
        let words = parse("[hash]\nmemory_kib = 1024\n").expect_err("cheap");
        assert!(words.contains("too cheap"), "{words}");
        assert!(parse("password_chars_min = 6\n").is_err());
        assert!(parse("token_ttl_s = 0\n").is_err());
        assert!(parse("registration = \"maybe\"\n").is_err());
    }
}
