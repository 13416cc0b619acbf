//! What may be sent, and how it is written down: pure rules.

pub(crate) mod edit;
pub(crate) mod emoji;
pub(crate) mod encode;

use aws_lc_rs::digest;
use bytes::Bytes;
use hoopoe_kernel::Fail;
use hoopoe_log::{ClientId, messages::At};
use hoopoe_wire::{
    Metadata, UserId, codes, limits,
    messages::{Content, ListMessages, SendKind, SendRequest},
};

/// A request that kept the rules, in the form in which it is stored.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) client_id: ClientId,
    pub(crate) kind: &'static str,
    pub(crate) quotes: Option<i64>,
    pub(crate) body: Bytes,
    /// Who must be a member when its turn comes.
    pub(crate) mentions: Vec<UserId>,
    pub(crate) hash: [u8; 16],
}

impl Draft {
    pub(crate) fn check(request: SendRequest) -> Result<Self, Fail> {
        let client_id = ClientId::parse(&request.client_id)
            .ok_or_else(|| Fail::field("/client_id", "length", "client_id is 1 to 64 bytes"))?;
        check_text(request.kind == SendKind::Text, request.text.as_deref())?;
        check_mentions(&request.mentions)?;
        if request.reply_to.is_some_and(|seq| seq < 1) {
            return Err(Fail::field("/reply_to", "range", "a seq is at least 1"));
        }
        let content = Content {
            text: request.text,
            reply_to: request.reply_to,
            mentions: request.mentions,
            metadata: request.metadata,
        };
        check_metadata(&content.metadata)?;
        let body = serde_json::to_vec(&content).map_err(|e| Fail::internal().caused_by(e))?;
        let kind = request.kind.as_str();
        Ok(Self {
            client_id,
            kind,
            quotes: content.reply_to,
            hash: hash(kind, &body),
            body: body.into(),
            mentions: content.mentions,
        })
    }
}

fn check_mentions(mentions: &[UserId]) -> Result<(), Fail> {
    if mentions.len() > limits::MENTIONS_MAX {
        return Err(Fail::field("/mentions", "too_long", "at most 50 mentions"));
    }
    match mentions.iter().position(UserId::is_none) {
        Some(at) => Err(Fail::field(&format!("/mentions/{at}"), "invalid", "not a user id")),
        None => Ok(()),
    }
}

fn check_metadata(metadata: &Metadata) -> Result<(), Fail> {
    if metadata.is_empty() {
        return Ok(());
    }
    let size = serde_json::to_vec(metadata).map_or(usize::MAX, |json| json.len());
    if size > limits::METADATA_BYTES_MAX {
        return Err(Fail::field("/metadata", "too_long", "metadata is at most 4 KiB"));
    }
    Ok(())
}

fn check_text(is_needed: bool, text: Option<&str>) -> Result<(), Fail> {
    let text = text.unwrap_or_default();
    if is_needed && text.trim().is_empty() {
        return Err(Fail::field("/text", "missing", "a text message has a text"));
    }
    if text.len() > limits::TEXT_BYTES_MAX {
        return Err(Fail::new(&codes::TOO_LARGE)
            .with_detail("the text is longer than 16 KiB")
            .and_field("/text", "too_long", "at most 16384 bytes"));
    }
    if text.contains('\0') {
        return Err(Fail::field("/text", "invalid", "a text has no NUL"));
    }
    Ok(())
}

/// What a repeat is compared with: SHA-256 of kind and content, cut to 16 bytes, which keeps the
/// chance of two contents meeting far below that of a disk lying.
fn hash(kind: &str, body: &[u8]) -> [u8; 16] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(kind.as_bytes());
    context.update(&[0]);
    context.update(body);
    let mut out = [0; 16];
    out.copy_from_slice(&context.finish().as_ref()[..16]);
    out
}

/// Which page a request asks for, and how long.
pub(crate) fn page(request: &ListMessages) -> Result<(At, usize), Fail> {
    let at = match (request.before, request.after, request.around) {
        (None, None, None) => At::Newest,
        (Some(seq), None, None) => At::Before(seq),
        (None, Some(seq), None) => At::After(seq),
        (None, None, Some(seq)) => At::Around(seq),
        _ => {
            let words = "at most one of before, after and around";
            return Err(Fail::field("/before", "conflict", words));
        }
    };
    Ok((at, limit(request.limit)?))
}

pub(crate) fn limit(asked: Option<usize>) -> Result<usize, Fail> {
    match asked.unwrap_or(limits::PAGE_ITEMS_DEFAULT) {
        limit @ 1..=limits::PAGE_ITEMS_MAX => Ok(limit),
        _ => Err(Fail::field("/limit", "range", "limit is 1 to 100")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> SendRequest {
        SendRequest {
            conversation: hoopoe_wire::ConversationId::NONE,
            client_id: "x".to_owned(),
            kind: SendKind::Text,
            text: Some(text.to_owned()),
            reply_to: None,
            mentions: Vec::new(),
            metadata: Metadata::new(),
        }
    }

    fn pointer(request: SendRequest) -> String {
        let fail = Draft::check(request).expect_err("is refused");
        fail.problem(hoopoe_wire::RequestId::NONE).errors[0].pointer.clone()
    }

    #[test]
    fn a_text_is_neither_empty_nor_endless() {
        assert!(Draft::check(request("你好")).is_ok());
        assert!(Draft::check(request(&"a".repeat(16 * 1024))).is_ok());
        for text in ["", "  \n", &"a".repeat(16 * 1024 + 1), "a\0b"] {
            assert_eq!(pointer(request(text)), "/text");
        }
        let empty_id = SendRequest { client_id: String::new(), ..request("a") };
        assert_eq!(pointer(empty_id), "/client_id");
    }

    #[test]
    fn the_hash_tells_contents_apart() {
        let one = Draft::check(request("a")).expect("is fine");
        let same = Draft::check(request("a")).expect("is fine");
        let other = Draft::check(request("b")).expect("is fine");
        assert_eq!(one.hash, same.hash);
        assert_ne!(one.hash, other.hash);
    }

    #[test]
    fn two_places_at_once_are_refused() {
        let mut list = ListMessages {
            conversation: hoopoe_wire::ConversationId::NONE,
            before: Some(3),
            after: None,
            around: None,
            limit: None,
        };
        assert_eq!(page(&list).expect("is fine"), (At::Before(3), 50));
        list.after = Some(2);
        assert!(page(&list).is_err());
        assert!(limit(Some(0)).is_err() && limit(Some(101)).is_err());
    }
}
