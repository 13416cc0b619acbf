//! After a test: everything that everybody can read, by every path, beside the journal.

use serde_json::json;

use crate::{
    client::{Connection, Outcome},
    harness::fail,
    journal::{Caps, Evidence, History, Journal, Name, Path, Row},
    recorder::{head, row},
    rest::Rest,
    server::Up,
};

/// A conversation and those who must be able to read it at the end.
#[derive(Debug, Clone)]
pub struct Readers {
    /// Which conversation.
    pub conversation: Name,
    /// Users and their tokens.
    pub members: Vec<(String, String)>,
}

/// Reads all histories through HTTP and through a socket of each member, and puts them beside the
/// journal.
///
/// # Panics
/// When a history cannot be read.
pub async fn collect(
    journal: &Journal,
    up: Up,
    rest: &Rest,
    readers: &[Readers],
    caps: Option<Caps>,
) -> Evidence {
    let mut histories = Vec::new();
    for Readers { conversation, members } in readers {
        for (user, token) in members {
            let http = rest.with_token(user, token, journal);
            let call = async |command: &str, params| http.call(command, params).await;
            histories.push(history(user, conversation, Path::Rest, call).await);
            let socket = match Connection::open(up.address, journal, user, "auditor").await {
                Ok(socket) => socket,
                Err(error) => fail(format!("a socket for {user}: {error}")),
            };
            if let Err(refusal) = socket.start(token, None).await {
                fail(format!("a session for {user}: {refusal}"));
            }
            let call = async |command: &str, params| socket.call(command, params).await;
            histories.push(history(user, conversation, Path::Socket, call).await);
        }
    }
    Evidence { entries: journal.entries(), histories, caps }
}

async fn history(
    user: &str,
    conversation: &str,
    path: Path,
    call: impl AsyncFn(&str, serde_json::Value) -> Outcome,
) -> History {
    let must = async |command: &str, params: serde_json::Value| {
        let refused = format!("{user} by {path:?}: {command} {params}");
        call(command, params).await.unwrap_or_else(|refusal| fail(format!("{refused}: {refusal}")))
    };
    let found = must("conversations.get", json!({"conversation": conversation})).await;
    let mut rows: Vec<Row> = Vec::new();
    loop {
        let after = rows.last().map_or(0, |row| row.seq);
        let params = json!({"conversation": conversation, "after": after, "limit": 100});
        let page = must("messages.list", params).await;
        let before = rows.len();
        rows.extend(page["items"].as_array().into_iter().flatten().map(row));
        // A page that leads nowhere ends the reading; the checker compares the end with the head.
        if page["has_after"] != true || rows.len() == before {
            break;
        }
    }
    History { reader: user.into(), path, head: head(&found), rows }
}
