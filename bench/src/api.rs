//! Setting up over REST: users, tokens, conversations. Many requests at once, nothing measured.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::{Method, Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use indicatif::ProgressBar;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::trouble::{Doing, Outcome, Trouble, cannot_run};

const CONCURRENT: usize = 32;
const USERS_PER_CALL: usize = 1000;
const TOKEN_TTL_S: u64 = 86_400;

/// A client with the app's server key.
pub(crate) struct Api {
    runtime: Runtime,
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    key: String,
}

/// Somebody who can open a session.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) token: String,
}

/// A conversation as it was made.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Conversation {
    pub(crate) id: String,
    /// The last seq given when it was made; 0 unless its making is itself a message.
    #[serde(default)]
    pub(crate) head_seq: u64,
}

/// A conversation to be made.
#[derive(Debug)]
pub(crate) enum NewConversation<'a> {
    /// Between two users.
    Direct { owner: &'a str, other: &'a str },
    /// A group with the owner and these others.
    Group { owner: &'a str, others: Vec<&'a str> },
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

impl Api {
    /// `host` is `address:port`.
    pub(crate) fn new(host: &str, key: &str) -> Outcome<Api> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .doing(|| "starting the HTTP client")?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Ok(Api {
            runtime,
            client: Client::builder(TokioExecutor::new()).build(connector),
            base: format!("http://{host}/v1"),
            key: key.to_owned(),
        })
    }

    /// Makes users `{prefix}-{n}` and a token for each, in order.
    pub(crate) fn people(
        &self,
        prefix: &str,
        count: usize,
        bar: &ProgressBar,
    ) -> Outcome<Vec<Person>> {
        let ids: Vec<String> = (0..count).map(|n| format!("{prefix}-{n:06}")).collect();
        bar.inc_length(2 * count as u64);
        self.runtime.block_on(async {
            for some in ids.chunks(USERS_PER_CALL) {
                let users: Vec<Value> = some
                    .iter()
                    .map(|id| json!({"id": id, "name": format!("Bench {id}")}))
                    .collect();
                self.post("/users:batch", None, &json!({ "users": users })).await?;
                bar.inc(some.len() as u64);
            }
            stream::iter(ids)
                .map(|id| async move {
                    let request = json!({"user": id, "ttl_s": TOKEN_TTL_S});
                    let Token { token } = decode(&self.post("/auth/token", None, &request).await?)?;
                    bar.inc(1);
                    Ok(Person { id, token })
                })
                .buffered(CONCURRENT)
                .try_collect()
                .await
        })
    }

    /// Makes conversations, in order.
    pub(crate) fn conversations(
        &self,
        new: &[NewConversation<'_>],
        bar: &ProgressBar,
    ) -> Outcome<Vec<Conversation>> {
        bar.inc_length(new.len() as u64);
        self.runtime.block_on(async {
            stream::iter(new)
                .map(|conversation| async move {
                    let made = self.conversation(conversation).await?;
                    bar.inc(1);
                    Ok(made)
                })
                .buffered(CONCURRENT)
                .try_collect()
                .await
        })
    }

    async fn conversation(&self, new: &NewConversation<'_>) -> Outcome<Conversation> {
        let (owner, request) = match new {
            NewConversation::Direct { owner, other } => {
                (*owner, json!({"kind": "direct", "members": [other]}))
            }
            NewConversation::Group { owner, others } => {
                let first = &others[..others.len().min(MEMBERS_PER_CALL)];
                (*owner, json!({"kind": "group", "name": "Bench", "members": first}))
            }
        };
        let made: Conversation =
            decode(&self.post("/conversations", Some(owner), &request).await?)?;
        if let NewConversation::Group { others, .. } = new {
            let path = format!("/conversations/{}/members", made.id);
            for more in others.chunks(MEMBERS_PER_CALL).skip(1) {
                self.post(&path, Some(owner), &json!({ "users": more })).await?;
            }
        }
        Ok(made)
    }

    /// Makes one user: the first request to an empty server.
    pub(crate) fn one_user(&self) -> Outcome<()> {
        let users = json!({"users": [{"id": "first", "name": "First"}]});
        self.runtime.block_on(self.post("/users:batch", None, &users)).map(|_| ())
    }

    async fn post(&self, path: &str, as_user: Option<&str>, body: &Value) -> Outcome<Bytes> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("{}{path}", self.base))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(user) = as_user {
            request = request.header("Hoopoe-As", user);
        }
        let request = request
            .body(Full::new(Bytes::from(body.to_string())))
            .doing(|| format!("building POST {path}"))?;
        let response =
            self.client.request(request).await.doing(|| format!("sending POST {path}"))?;
        let status = response.status();
        let answer = response
            .into_body()
            .collect()
            .await
            .doing(|| format!("reading the answer to POST {path}"))?
            .to_bytes();
        if !status.is_success() {
            let words = String::from_utf8_lossy(&answer);
            return cannot_run(format!("POST {path} was answered with {status}: {words}"));
        }
        Ok(answer)
    }
}

// Below the limit of a group, so that one call is never refused for its length.
const MEMBERS_PER_CALL: usize = 1000;

fn decode<T: DeserializeOwned>(answer: &[u8]) -> Outcome<T> {
    serde_json::from_slice(answer).map_err(|error| {
        let words = String::from_utf8_lossy(answer);
        Trouble::CannotRun(format!("an answer that is not as documented, {error}: {words}"))
    })
}
