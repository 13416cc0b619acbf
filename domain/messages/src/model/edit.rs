//! What an edit makes of a message.

use hoopoe_kernel::Fail;
use hoopoe_wire::{
    Metadata, Time, UserId,
    messages::{Content, MessageVersion, UpdateMessage},
};

use super::{check_mentions, check_metadata, check_text};

/// The parts of a message that change; the rest stays.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    text: Option<String>,
    pub(crate) mentions: Option<Vec<UserId>>,
    metadata: Option<Metadata>,
}

impl Edit {
    pub(crate) fn check(request: UpdateMessage) -> Result<Self, Fail> {
        let UpdateMessage { text, mentions, metadata, .. } = request;
        check_text(false, text.as_deref())?;
        check_mentions(mentions.as_deref().unwrap_or_default())?;
        if let Some(metadata) = &metadata {
            check_metadata(metadata)?;
        }
        Ok(Self { text, mentions, metadata })
    }

    /// The message afterwards; `None` when it says the same as before.
    pub(crate) fn apply(
        &self,
        kind: &str,
        before: &Content,
        now: Time,
    ) -> Result<Option<MessageVersion>, Fail> {
        let mut content = before.clone();
        if let Some(text) = &self.text {
            check_text(kind == "text", Some(text))?;
            content.text = Some(text.clone());
        }
        if let Some(mentions) = &self.mentions {
            content.mentions.clone_from(mentions);
        }
        if let Some(metadata) = &self.metadata {
            content.metadata.clone_from(metadata);
        }
        let changed = content != *before;
        Ok(changed.then_some(MessageVersion { content, edited_at: Some(now) }))
    }
}

/// Whether an author may still do something for which there is a time.
pub(crate) fn is_in_time(sent_at: Time, window_s: u64, now: Time) -> bool {
    let window_s = i64::try_from(window_s).unwrap_or(i64::MAX / 1_000_000);
    now < sent_at.plus_s(window_s)
}

#[cfg(test)]
mod tests {
    use hoopoe_wire::ConversationId;

    use super::*;

    fn edit(text: Option<&str>, mentions: Option<&[&str]>) -> Edit {
        let users = |ids: &[&str]| ids.iter().filter_map(|id| UserId::parse(id)).collect();
        let request = UpdateMessage {
            conversation: ConversationId::NONE,
            seq: 1,
            text: text.map(str::to_owned),
            mentions: mentions.map(users),
            metadata: None,
        };
        Edit::check(request).expect("is fine")
    }

    #[test]
    fn what_is_left_out_stays_and_what_is_the_same_changes_nothing() {
        let before = Content { text: Some("a".into()), reply_to: Some(3), ..Content::default() };
        let same = edit(Some("a"), Some(&[])).apply("text", &before, Time(5)).expect("is fine");
        assert!(same.is_none());
        let after = edit(None, Some(&["bob"])).apply("text", &before, Time(5)).expect("is fine");
        let after = after.expect("changes something");
        assert_eq!((after.content.text, after.content.reply_to), (Some("a".into()), Some(3)));
        assert_eq!((after.content.mentions.len(), after.edited_at), (1, Some(Time(5))));
    }

    #[test]
    fn a_text_stays_a_text() {
        let before = Content { text: Some("a".into()), ..Content::default() };
        assert!(edit(Some(" "), None).apply("text", &before, Time(5)).is_err());
        assert!(edit(Some(" "), None).apply("custom", &before, Time(5)).is_ok());
    }

    #[test]
    fn the_end_of_a_window_is_outside_of_it() {
        let sent = Time(1_000);
        assert!(is_in_time(sent, 120, sent.plus_s(119)));
        assert!(!is_in_time(sent, 120, sent.plus_s(120)));
        assert!(!is_in_time(sent, 0, sent));
    }
}
