//! Every limit, once: what `GET /v1/limits` and the limits page are printed from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! limits {
    ($($name:ident: $kind:ty = $value:expr, $unit:literal, $reason:literal;)*) => {
        $(
            #[doc = concat!($reason, " Unit: ", $unit, ".")]
            pub const $name: $kind = $value;
        )*

        /// All limits as rows.
        pub fn all() -> Vec<Limit> {
            vec![$(Limit {
                name: stringify!($name).to_ascii_lowercase(),
                value: u64::try_from($value).unwrap_or(u64::MAX),
                unit: $unit.to_owned(),
                reason: $reason.to_owned(),
            }),*]
        }
    };
}

/// One limit of the server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Limit {
    /// Its name, unit last.
    pub name: String,
    /// Its value in this build.
    pub value: u64,
    /// What is counted.
    pub unit: String,
    /// Why it stands where it stands.
    pub reason: String,
}

/// The reply of `limits.list`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Limits {
    /// All of them.
    pub items: Vec<Limit>,
}

limits! {
    FRAME_BYTES_MAX: usize = 64 * 1024, "bytes",
        "A socket frame holds one command; a text of 16 KiB with everything around it fits well.";
    BODY_BYTES_MAX: usize = 1024 * 1024, "bytes",
        "A request body of 1,000 users fits; files travel as uploads.";
    HEADER_BYTES_MAX: usize = 16 * 1024, "bytes",
        "Tokens and a few headers; more is an attack.";
    HEADER_READ_MS_MAX: u64 = 10_000, "milliseconds",
        "Request headers come in one packet; an idle connection is kept as long for the next.";
    BODY_READ_MS_MAX: u64 = 30_000, "milliseconds",
        "The largest body on a slow mobile line; longer is an attack.";
    DRAIN_MS_MAX: u64 = 8_000, "milliseconds",
        "Running requests may end after SIGTERM; the process is gone within 10 s.";
    URI_BYTES_MAX: usize = 8 * 1024, "bytes",
        "Addresses carry ids, cursors and short searches; more is an attack (414).";
    JSON_DEPTH_MAX: usize = 64, "levels",
        "Deeper JSON has no use here and costs stack.";
    TEXT_BYTES_MAX: usize = 16 * 1024, "bytes",
        "A long message; longer ones are files.";
    CLIENT_ID_BYTES_MAX: usize = 64, "bytes",
        "A UUID with room to spare.";
    METADATA_BYTES_MAX: usize = 4 * 1024, "bytes",
        "The app's own data travels with every copy of an entity.";
    NAME_CHARS_MAX: usize = 100, "characters",
        "Names of users, groups and apps stand in one line.";
    AVATAR_URL_BYTES_MAX: usize = 2 * 1024, "bytes",
        "What browsers and proxies agree on as an address.";
    DEVICE_FIELD_CHARS_MAX: usize = 100, "characters",
        "Names and versions of a device stand in one line of the list of sessions.";
    SEARCH_BYTES_MAX: usize = 64, "bytes",
        "The indexed beginning of a name; a user id has no more.";
    USERS_PER_LOOKUP_MAX: usize = 100, "users",
        "Everybody on a screen, asked for at once; more do not fit into an address.";
    USER_KEYS_MAX: usize = 4, "keys",
        "Pinyin and initials of a name, twice where a surname is read otherwise than the word.";
    SCOPES_PER_KEY_MAX: usize = 32, "scopes",
        "More than there are domains.";
    MENTIONS_MAX: usize = 50, "users",
        "Each mention is a push; more is `@all`.";
    EMOJI_BYTES_MAX: usize = 32, "bytes",
        "Flags and families fit; only couples of two skin tones are longer.";
    REACTIONS_PER_MESSAGE_MAX: usize = 20, "different emoji",
        "More do not fit beside a message; any number of people may share one.";
    EDITS_PER_MESSAGE_MAX: usize = 100, "edits",
        "Every version is kept; whoever needs more is writing a document.";
    RECALL_WINDOW_S_DEFAULT: u64 = 120, "seconds",
        "How long an author may recall a message, unless the app says otherwise; admins always may.";
    EDIT_WINDOW_S_DEFAULT: u64 = 24 * 3_600, "seconds",
        "How long an author may change a message, unless the app says otherwise.";
    MESSAGE_WINDOW_S_MAX: u64 = 10 * 365 * 86_400, "seconds",
        "The longest time that an app can give its authors: ten years, which is always.";
    HIDDEN_PER_CONVERSATION_MAX: usize = 5_000, "messages per member",
        "Messages deleted for oneself are looked at with every page of the conversation.";
    USERS_PER_BATCH_MAX: usize = 1_000, "users",
        "One batch stays within the 5 ms budget of a write transaction times ten.";
    PAGE_ITEMS_MAX: usize = 100, "items",
        "A page is one screen and some.";
    PAGE_ITEMS_DEFAULT: usize = 50, "items",
        "What a phone shows with some scrolling.";
    HEADS_PER_PAGE_MAX: usize = 100, "conversations",
        "The first screen of conversations; `sync` gives the rest.";
    STATE_ITEMS_MAX: usize = 100, "items",
        "What a person changes on one device while another is away; `sync` gives the rest.";
    SYNC_OVERLAP_S: i64 = 10 * 60, "seconds",
        "How far `sync` looks back behind a cursor: clocks differ and transactions take time.";
    GROUP_MEMBERS_MAX: usize = 2_000, "members",
        "Up to here every receipt and presence is exact.";
    PRESENCE_USERS_PER_CALL_MAX: usize = 100, "users",
        "What a screen shows of people; each of them is looked up.";
    PRESENCE_SUBSCRIPTIONS_MAX: usize = 500, "users per connection",
        "Everybody in a long list of conversations; who scrolls unsubscribes.";
    PRESENCE_MEMBERS_MAX: i64 = 2_000, "members",
        "To share a larger conversation is not to know each other: presence is off there.";
    PRESENCE_GRACE_MS: u64 = 15_000, "milliseconds",
        "Who comes back within it was never away: lifts, tunnels, a change of networks.";
    PRESENCE_STEP_MS: u64 = 1_000, "milliseconds",
        "Of one user, at most one change is told in this time.";
    TYPING_MS_MAX: u64 = 6_000, "milliseconds",
        "Who has not said for so long that they still write has stopped.";
    TYPING_STEP_MS: u64 = 3_000, "milliseconds",
        "While somebody writes, the others are told again after this time; repeats in between \
         only prolong it.";
    TYPING_MEMBERS_MAX: usize = 100, "members",
        "In a larger conversation somebody always writes, and each time everybody would be told.";
    FRAGMENTS_PER_MESSAGE_MAX: u16 = 64, "fragments",
        "Clients that split a command send pieces of a KiB; a message of single bytes closes with 1008.";
    CONTROL_FRAMES_PER_HEARTBEAT_MAX: u16 = 250, "frames",
        "Ten pings and pongs a second between two heartbeats of the server; a flood closes with 4429.";
    IN_FLIGHT_PER_CONNECTION_MAX: usize = 256, "commands",
        "Over it the server stops reading the socket until replies have left.";
    CONNECTION_QUEUE_BYTES_MAX: usize = 1024 * 1024, "bytes",
        "A connection that is further behind is closed with 4409 and resumes by its cursors.";
    CONNECTIONS_PER_ADDRESS_MAX: usize = 1_000, "connections",
        "Many people share an address behind a company's gateway; none are counted on loopback.";
    CONNECTIONS_MAX: usize = 200_000, "connections",
        "Of a whole server; fewer where it may open fewer files. More are refused while old ones live on.";
    TLS_HANDSHAKE_MS_MAX: u64 = 10_000, "milliseconds",
        "Two round trips on the slowest mobile line; longer is an attack.";
    SESSION_START_MS_MAX: u64 = 5_000, "milliseconds",
        "A socket that does not start a session is closed with 4401.";
    HEARTBEAT_MS: u64 = 25_000, "milliseconds",
        "Below the 30 s after which mobile gateways forget a connection; two missed close with 4408.";
    TOKEN_TTL_S_DEFAULT: u64 = 24 * 3_600, "seconds",
        "A user token lives a day.";
    TOKEN_TTL_S_MAX: u64 = 30 * 24 * 3_600, "seconds",
        "Longer-lived sign-in is what refreshing is for.";
    PASSWORD_CHARS_MIN: usize = 8, "characters",
        "Of a new password, after normalisation: the least that NIST SP 800-63B lets anybody ask for.";
    PASSWORD_CHARS_MAX: usize = 128, "characters",
        "Twice what NIST SP 800-63B wants to be allowed: a sentence.";
    PASSWORD_BYTES_MAX: usize = 1_024, "bytes",
        "Normalising costs time; longer is an attack.";
    SIGN_IN_TOKEN_TTL_S: u64 = 3_600, "seconds",
        "A token that is refreshed may be short: an hour is the life of a stolen one.";
    SESSION_IDLE_DAYS: u64 = 30, "days",
        "A session that is not refreshed ends: a lost phone is not signed in for ever.";
    SESSION_DAYS_MAX: u64 = 365, "days",
        "Once a year a password is asked for.";
    LOGIN_FAILURES_FREE: u32 = 5, "wrong passwords",
        "People mistype; from the fifth on each attempt at the same name from the same address waits twice as long.";
    LOGIN_WAIT_S_MAX: u64 = 15 * 60, "seconds",
        "Four guesses an hour are hopeless, and a mistyping owner is not locked out for a day.";
    LOGIN_FAILURES_FREE_ALL: u32 = 20, "wrong passwords",
        "From many addresses together; an address from which the user has signed in does not wait for these.";
    LOGIN_WAIT_S_MAX_ALL: u64 = 60, "seconds",
        "Attackers must not be able to lock somebody out from everywhere for long.";
    SIGN_INS_PER_S: u32 = 1, "sign-ins per second and address",
        "A person signs in once; many behind one gateway still do not at the same second.";
    SIGN_INS_BURST: u32 = 60, "sign-ins",
        "An office that comes to work at nine.";
    KEY_GRACE_S_DEFAULT: u64 = 24 * 3_600, "seconds",
        "How long a rotated key goes on working: one day to roll the new one out.";
    KEY_GRACE_S_MAX: u64 = 7 * 24 * 3_600, "seconds",
        "Longer than a week, two keys are in use: make a second one.";
    SENDS_PER_S: u32 = 200, "messages per second and user",
        "A fast bot; people type slower.";
    SENDS_BURST: u32 = 1_000, "messages",
        "An outbox that was offline empties at once.";
    SERVER_KEY_PER_S: u32 = 2_000, "commands per second and key",
        "A backend that creates users and conversations.";
    READS_PER_S: u32 = 200, "commands per second and user",
        "Scrolling fast through history.";
    IDEMPOTENCY_KEY_TTL_S: u64 = 24 * 3_600, "seconds",
        "How long the reply to a POST with `Idempotency-Key` is kept.";
    IDEMPOTENCY_CLAIM_S: u64 = 60, "seconds",
        "After a crash a key that was being worked on is free again; no command takes so long.";
    CLIENT_ID_TTL_DAYS: u64 = 90, "days",
        "How long a client id outlives its trimmed message; outboxes give up at 30.";
    MOVES_TTL_S: u64 = 24 * 3_600, "seconds",
        "How long moves are kept; a consumer further behind compares its cursors with the heads.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_has_a_reason() {
        assert!(all().iter().all(|limit| limit.reason.ends_with('.') && limit.value > 0));
    }
}
