//! A small HTTP client for the REST API. Commands are named as on the socket, so that a test can
//! take either path, and are journalled alike.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Map, Value, json};

use crate::{
    client::{Outcome, Refusal},
    harness::{PATIENCE, fail, within},
    journal::{Journal, Path},
    recorder::Recorder,
};

/// An answer as it came.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body; `Null` when it is empty.
    pub body: Value,
}

/// An HTTP caller with one key or token.
#[derive(Clone)]
pub struct Rest {
    client: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    token: String,
    acts_as: Option<String>,
    recorder: Recorder,
}

impl Rest {
    /// A caller with a server key; it is journalled as the user that it acts as.
    pub fn with_key(address: SocketAddr, key: &str, journal: &Journal) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            address,
            token: key.to_owned(),
            acts_as: None,
            recorder: Recorder::new(journal, "", "rest", Path::Rest),
        }
    }

    /// The same key acting as a user (`Hoopoe-As`).
    #[must_use]
    pub fn acting_as(&self, user: &str, journal: &Journal) -> Self {
        let recorder = Recorder::new(journal, user, "rest", Path::Rest);
        Self { acts_as: Some(user.to_owned()), recorder, ..self.clone() }
    }

    /// A caller with a user's token.
    #[must_use]
    pub fn with_token(&self, user: &str, token: &str, journal: &Journal) -> Self {
        let recorder = Recorder::new(journal, user, "rest", Path::Rest);
        Self { acts_as: None, token: token.to_owned(), recorder, ..self.clone() }
    }

    /// The same caller with another token, `""` for none.
    #[must_use]
    pub fn bearing(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// Any request.
    ///
    /// # Errors
    /// What went wrong with the connection, in words.
    pub async fn attempt(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Reply, String> {
        let method = Method::from_bytes(method.as_bytes()).map_err(|e| e.to_string())?;
        let uri = format!("http://{}{path}", self.address);
        let mut request = Request::builder().method(method).uri(uri);
        if !self.token.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.token));
        }
        if let Some(user) = &self.acts_as {
            request = request.header("hoopoe-as", user);
        }
        let bytes = match body {
            Some(body) => {
                request = request.header("content-type", "application/json");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let request = request.body(Full::new(bytes)).map_err(|e| e.to_string())?;
        let reply = self.client.request(request).await.map_err(|e| format!("{e:?}"))?;
        let (head, body) = reply.into_parts();
        let body = body.collect().await.map_err(|e| e.to_string())?.to_bytes();
        let body = match &*body {
            [] => Value::Null,
            bytes => serde_json::from_slice(bytes)
                .unwrap_or_else(|_| String::from_utf8_lossy(bytes).into_owned().into()),
        };
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, body })
    }

    /// Any request, with a deadline.
    ///
    /// # Panics
    /// When no answer comes.
    pub async fn request(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let what = format!("the answer to {method} {path}");
        match within(PATIENCE, &what, self.attempt(method, path, body)).await {
            Ok(reply) => reply,
            Err(error) => fail(format!("{method} {path}: {error}")),
        }
    }

    /// A command by the name that it has on the socket.
    ///
    /// # Errors
    /// The server's problem.
    ///
    /// # Panics
    /// When no answer comes, or when the command is not in the table of this client.
    pub async fn call(&self, command: &str, params: Value) -> Outcome {
        let (method, path, body) = address(command, &params);
        let ticket = self.recorder.asked(command, &params);
        let reply = self.request(method, &path, body.as_ref()).await;
        if (200..300).contains(&reply.status) {
            self.recorder.answered(&ticket, &reply.body);
            return Ok(reply.body);
        }
        let retry_after = reply.headers.contains_key("retry-after");
        let mut problem = reply.body;
        if !problem.is_object() {
            problem = json!({"code": "", "text": problem});
        }
        problem["status"] = reply.status.into();
        let refusal = Refusal::of(problem);
        self.recorder.refused(&ticket, reply.status, refusal.code(), retry_after);
        Err(refusal)
    }

    /// A command that must succeed.
    ///
    /// # Panics
    /// When it does not.
    pub async fn must(&self, command: &str, params: Value) -> Value {
        match self.call(command, params.clone()).await {
            Ok(result) => result,
            Err(refusal) => fail(format!("{command} {params}: {refusal}")),
        }
    }
}

/// Commands and their addresses; `{field}` is taken out of the parameters.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("auth.token", "POST", "/v1/auth/token"),
    ("users.upsert", "PUT", "/v1/users/{user}"),
    ("users.batch", "POST", "/v1/users:batch"),
    ("users.get", "GET", "/v1/users/{user}"),
    ("sessions.list", "GET", "/v1/sessions"),
    ("sessions.delete", "DELETE", "/v1/sessions/{session}"),
    ("conversations.create", "POST", "/v1/conversations"),
    ("conversations.list", "GET", "/v1/conversations"),
    ("conversations.get", "GET", "/v1/conversations/{conversation}"),
    ("conversations.update", "PATCH", "/v1/conversations/{conversation}"),
    ("conversations.leave", "POST", "/v1/conversations/{conversation}/leave"),
    ("members.list", "GET", "/v1/conversations/{conversation}/members"),
    ("members.add", "POST", "/v1/conversations/{conversation}/members"),
    ("members.remove", "DELETE", "/v1/conversations/{conversation}/members/{user}"),
    ("members.update", "PATCH", "/v1/conversations/{conversation}/members/{user}"),
    ("messages.send", "POST", "/v1/conversations/{conversation}/messages"),
    ("messages.list", "GET", "/v1/conversations/{conversation}/messages"),
    ("messages.get", "GET", "/v1/conversations/{conversation}/messages/{seq}"),
    ("messages.update", "PATCH", "/v1/conversations/{conversation}/messages/{seq}"),
    ("messages.delete", "DELETE", "/v1/conversations/{conversation}/messages/{seq}"),
    ("messages.recall", "POST", "/v1/conversations/{conversation}/messages/{seq}/recall"),
    ("messages.edits", "GET", "/v1/conversations/{conversation}/messages/{seq}/edits"),
    ("messages.receipts", "GET", "/v1/conversations/{conversation}/messages/{seq}/receipts"),
    ("messages.reactions", "GET", "/v1/conversations/{conversation}/messages/{seq}/reactions"),
    ("messages.react", "PUT", "/v1/conversations/{conversation}/messages/{seq}/reactions/{emoji}"),
    (
        "messages.unreact",
        "DELETE",
        "/v1/conversations/{conversation}/messages/{seq}/reactions/{emoji}",
    ),
    ("messages.unread", "POST", "/v1/conversations/{conversation}/unread"),
    ("messages.read", "POST", "/v1/conversations/{conversation}/read"),
    ("messages.delivered", "POST", "/v1/conversations/{conversation}/delivered"),
];

/// Method, path with query, and body of a command.
fn address(command: &str, params: &Value) -> (&'static str, String, Option<Value>) {
    let Some((_, method, template)) = COMMANDS.iter().find(|(name, ..)| *name == command) else {
        fail(format!("{command} is not in the table of the REST client"));
    };
    let mut rest = params.as_object().cloned().unwrap_or_else(Map::new);
    let segment = |part: &str| match part.strip_prefix('{').and_then(|p| p.strip_suffix('}')) {
        None => part.to_owned(),
        Some(field) => match rest.remove(field) {
            Some(Value::String(text)) => escaped(&text),
            Some(other) => other.to_string(),
            None => fail(format!("{command} needs {field}")),
        },
    };
    let mut path = template.split('/').map(segment).collect::<Vec<_>>().join("/");
    if !matches!(*method, "GET" | "DELETE") {
        return (method, path, Some(Value::Object(rest)));
    }
    for (index, (field, value)) in rest.iter().enumerate() {
        let value = value.as_str().map_or_else(|| value.to_string(), escaped);
        let mark = if index == 0 { '?' } else { '&' };
        path.push_str(&format!("{mark}{field}={value}"));
    }
    (method, path, None)
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@:".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_find_their_addresses() {
        let send = json!({"conversation": "cnv_1", "client_id": "x", "text": "hi"});
        let (method, path, body) = address("messages.send", &send);
        assert_eq!((method, &*path), ("POST", "/v1/conversations/cnv_1/messages"));
        assert_eq!(body, Some(json!({"client_id": "x", "text": "hi"})));
        let list = json!({"conversation": "cnv_1", "after": 7, "limit": 50});
        let (method, path, body) = address("messages.list", &list);
        assert_eq!((method, body), ("GET", None));
        assert_eq!(path, "/v1/conversations/cnv_1/messages?after=7&limit=50");
        let remove = json!({"conversation": "c", "user": "a b/c"});
        let (_, path, _) = address("members.remove", &remove);
        assert_eq!(path, "/v1/conversations/c/members/a%20b%2Fc");
    }
}
