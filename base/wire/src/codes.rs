//! Every error code: the list that the documentation and the SDKs are printed from.

use crate::ErrorCode;

macro_rules! codes {
    ($($name:ident = $code:literal, $status:literal, $retryable:literal, $title:literal,
       $cause:literal, $cure:literal;)*) => {
        $(
            #[doc = concat!("`", $code, "`: ", $cause)]
            pub const $name: ErrorCode = ErrorCode {
                code: $code,
                status: $status,
                title: $title,
                cause: $cause,
                cure: $cure,
                retryable: $retryable,
            };
        )*

        /// All codes, in the order of the list.
        pub const ALL: &[&ErrorCode] = &[$(&$name),*];
    };
}

codes! {
    // What any command can answer.
    BAD_JSON = "request.bad_json", 400, false, "Not JSON",
        "The body or the frame is not one JSON object.",
        "Send one JSON object in UTF-8.";
    BAD_FRAME = "request.bad_frame", 400, false, "Bad frame",
        "The socket frame is not `{id, method, params}`.",
        "Send `{\"id\": 1, \"method\": \"…\", \"params\": {…}}` as one text frame.";
    UNKNOWN_METHOD = "request.unknown_method", 404, false, "Unknown command",
        "There is no command of this name.",
        "Look the name up in the command list.";
    NO_ROUTE = "request.no_route", 404, false, "No such address",
        "There is nothing at this path.",
        "Look the path up in the API reference.";
    BAD_METHOD = "request.method_not_allowed", 405, false, "Method not allowed",
        "The path exists, but not with this HTTP method.",
        "Use one of the methods in the `Allow` header.";
    INVALID = "request.invalid", 422, false, "Understood, but wrong",
        "One or more fields are missing, unknown, of the wrong type or out of range.",
        "Mend the fields named in `errors`.";
    TOO_LARGE = "request.too_large", 413, false, "Too large",
        "The body or the frame is larger than the limit.",
        "Send less; the limits are at `GET /v1/limits`.";
    URI_TOO_LONG = "request.uri_too_long", 414, false, "Address too long",
        "Path and query are longer than the limit.",
        "Send less; the limits are at `GET /v1/limits`.";
    TIMEOUT = "request.timeout", 408, true, "Too slow",
        "The body did not arrive in time. Nothing was done.",
        "Send it again on a better line; the limits are at `GET /v1/limits`.";
    UNAUTHENTICATED = "auth.invalid_token", 401, false, "Not signed in",
        "No token or key came with the request, or it is unknown, expired or revoked.",
        "Get a fresh token and send it as `Authorization: Bearer …`.";
    FORBIDDEN = "auth.forbidden", 403, false, "Not allowed",
        "This kind of key or token may not use the command.",
        "Use a server key, a user token or an administration key as the reference says.";
    RATE_LIMITED = "rate.exceeded", 429, true, "Too many requests",
        "The caller's budget for this class of commands is used up.",
        "Wait for `Retry-After`.";
    TOO_MANY_CONNECTIONS = "rate.connections", 429, true, "Too many connections",
        "One address has more sockets open than the limit.",
        "Close some, or raise `limits.connections_per_address`.";
    BAD_UPGRADE = "socket.bad_upgrade", 400, false, "Not a WebSocket handshake",
        "The request to `/v1/socket` is no WebSocket handshake (RFC 6455).",
        "Open it with a WebSocket client; behind a proxy, let it pass `Upgrade` and `Connection`.";
    BAD_SOCKET_VERSION = "socket.bad_version", 426, false, "Another WebSocket version",
        "The handshake asks for a version of the protocol other than 13.",
        "Use a client that speaks version 13.";
    FOREIGN_ORIGIN = "socket.foreign_origin", 403, false, "Foreign origin",
        "A web page of another origin opened the socket.",
        "Add the origin to `server.allowed_origins`, or serve the page from the same address.";
    IDEMPOTENCY_MISMATCH = "request.idempotency_mismatch", 422, false, "Key used for something else",
        "The `Idempotency-Key` was used within 24 hours with another body.",
        "Use a new key for a new request.";
    IDEMPOTENCY_BUSY = "request.idempotency_busy", 409, true, "Still at it",
        "A request with the same `Idempotency-Key` is being worked on.",
        "Send it again in a moment.";
    INTERNAL = "server.internal", 500, false, "Our mistake",
        "Something broke in the server; the log has the cause under the request id.",
        "Report it with the request id.";
    UNAVAILABLE = "server.unavailable", 503, true, "Not now",
        "The server or its database is restarting or overloaded. Nothing was written.",
        "Try again after `Retry-After`.";
    OUTCOME_UNKNOWN = "server.outcome_unknown", 503, true, "Nobody knows",
        "The database or its disk failed while it committed: this was written, or it was not.",
        "Send it again under the same `client_id` or `Idempotency-Key`: it is stored once.";
    STORAGE_FULL = "storage.full", 507, true, "No space left",
        "The disk is full. Nothing was written; reading goes on.",
        "Free space; the server heals by itself.";
    // Apps.
    APP_NOT_FOUND = "apps.not_found", 404, false, "No such app",
        "There is no app of this id or name, or the caller has no part in it.",
        "Check the id.";
    APP_EXISTS = "apps.exists", 409, false, "App exists",
        "An app of this name exists already.",
        "Choose another name.";
    KEY_NOT_FOUND = "apps.key_not_found", 404, false, "No such key",
        "There is no key of this id in the app.",
        "List the keys.";
    // Accounts.
    USER_NOT_FOUND = "accounts.user_not_found", 404, false, "No such user",
        "There is no user of this id in the app.",
        "Create the user first: `PUT /v1/users/{user}`.";
    BAD_USER_ID = "accounts.bad_user_id", 422, false, "Not a user id",
        "A user id is 1 to 64 of `A-Z a-z 0-9 . _ @ + : -`.",
        "Choose an id of these characters.";
    SESSION_NOT_FOUND = "accounts.session_not_found", 404, false, "No such session",
        "There is no session of this id, or it is another user's.",
        "List the sessions.";
    DIRECTORY_CLOSED = "accounts.directory_closed", 403, false, "The directory is closed",
        "The users of this app do not find each other by searching.",
        "Ask for exact ids (`ids`), or let the operator set the app's `directory` to `open`.";
    // Sign-in of our own.
    INVALID_CREDENTIALS = "auth.invalid_credentials", 401, false, "Wrong name or password",
        "There is no such login name in the app, or the password is not its own.",
        "Look at both; whoever forgot the password gets a new one from the app's backend.";
    INVALID_REFRESH_TOKEN = "auth.invalid_refresh_token", 401, false, "Session over",
        "The refresh token is unknown, expired or revoked, or it was used before, which ends its session.",
        "Sign in again.";
    TOO_MANY_ATTEMPTS = "auth.too_many_attempts", 429, true, "Too many wrong passwords",
        "Wrong passwords came for this login name; each makes the wait longer, to 15 minutes at most.",
        "Wait for `Retry-After`.";
    SIGN_IN_BUSY = "auth.busy", 429, true, "Too many sign-ins at once",
        "More people sign in than the server has slots for checking passwords. Nothing was counted.",
        "Try again after `Retry-After`, or raise `accounts.hash_slots`.";
    REGISTRATION_CLOSED = "accounts.registration_closed", 403, false, "Registration is closed",
        "This server makes accounts through the app's backend only.",
        "Create the user with a server key, or set `accounts.registration = \"open\"`.";
    LOGIN_TAKEN = "accounts.login_taken", 409, false, "Login name taken",
        "Somebody of the app has this login name, in this or the other case of letters.",
        "Choose another one.";
    NO_PASSWORD = "accounts.no_password", 409, false, "No password",
        "The user signs in through the app's backend and has no password to be changed.",
        "The backend gives one: `PUT /v1/users/{user}/password`.";
    WRONG_PASSWORD = "accounts.wrong_password", 403, false, "Wrong password",
        "The current password is another one. Nothing was changed.",
        "Ask the user again.";
    // Conversations.
    CONVERSATION_NOT_FOUND = "conversations.not_found", 404, false, "No such conversation",
        "There is no conversation of this id, or the caller is not a member of it.",
        "Check the id, or ask to be added.";
    CONVERSATION_FORBIDDEN = "conversations.forbidden", 403, false, "Not allowed here",
        "The member's role in the conversation does not include this right.",
        "Ask an owner or an admin.";
    UNKNOWN_USER = "conversations.unknown_user", 422, false, "Unknown user",
        "One of the users named does not exist. Nothing was changed.",
        "Create the users first; `errors` points at them.";
    TOO_MANY_MEMBERS = "conversations.too_many_members", 422, false, "Too many members",
        "The conversation would have more members than the limit.",
        "Remove members, or raise `limits.group_members_max`.";
    MEMBER_NOT_FOUND = "conversations.member_not_found", 404, false, "No such member",
        "The user is not a member of the conversation.",
        "List the members.";
    LAST_OWNER = "conversations.last_owner", 409, false, "Last owner",
        "A group keeps at least one owner.",
        "Make another member owner first.";
    DIRECT_IS_FIXED = "conversations.direct_is_fixed", 409, false, "Direct conversations are fixed",
        "Members of a direct conversation cannot be added, removed or renamed.",
        "Create a group.";
    // Presence.
    PRESENCE_SOCKET_ONLY = "presence.socket_only", 409, false, "Only over a socket",
        "A subscription belongs to a socket, and this call came over HTTP.",
        "Call it over the socket, or ask `GET /v1/presence`.";
    PRESENCE_TOO_MANY = "presence.too_many_subscriptions", 422, false, "Too many subscriptions",
        "The connection would be subscribed to more users than the limit. Nothing was changed.",
        "Unsubscribe from those who are not on the screen any more.";
    // Messages.
    MESSAGE_NOT_FOUND = "messages.not_found", 404, false, "No such message",
        "There is no message of this seq that the caller may see.",
        "Check the seq.";
    CLIENT_ID_CONFLICT = "messages.client_id_conflict", 409, false, "client_id used for other content",
        "A message with this `client_id` exists with other content. Nothing was written.",
        "Use a new `client_id` for a new message.";
    MESSAGE_FORBIDDEN = "messages.forbidden", 403, false, "May not write here",
        "The member may read but not do this: muted, the conversation is closed for writing, or the \
         message is somebody else's.",
        "Ask an owner or an admin.";
    MESSAGE_TOO_LATE = "messages.too_late", 403, false, "Too late",
        "The time in which an author may change or recall a message is over.",
        "An owner or an admin can still recall it; the app's settings say how long it is.";
    MESSAGE_GONE = "messages.gone", 409, false, "Message is gone",
        "The message was recalled or deleted: there is nothing left to change or to react to.",
        "Fetch the message again.";
    TOO_MANY_EDITS = "messages.too_many_edits", 422, false, "Too many edits",
        "The message was changed as often as the limit says.",
        "Write a new message.";
    TOO_MANY_REACTIONS = "messages.too_many_reactions", 422, false, "Too many reactions",
        "The message has as many different reactions as the limit says.",
        "Use one that is there.";
    TOO_MANY_HIDDEN = "messages.too_many_hidden", 422, false, "Too many deleted messages",
        "The caller has deleted as many messages of the conversation for themselves as the limit says.",
        "Leave the rest where they are.";
}

/// The row of a code.
pub fn find(code: &str) -> Option<&'static ErrorCode> {
    ALL.iter().copied().find(|row| row.code == code)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_shaped_alike() {
        let mut seen = HashSet::new();
        for row in ALL {
            assert!(seen.insert(row.code), "{} stands twice", row.code);
            let (domain, reason) = row.code.split_once('.').expect("domain.reason");
            assert!(!domain.is_empty() && !reason.is_empty());
            assert!((400..600).contains(&row.status));
            assert!(!row.cause.is_empty() && !row.cure.is_empty());
        }
        assert_eq!(find("messages.not_found"), Some(&MESSAGE_NOT_FOUND));
    }
}
