//! What is told to many: encoded once as JSON, and once more as MessagePack when somebody who is
//! told speaks it.

use std::cell::OnceCell;

use bytes::Bytes;
use hoopoe_wire::{msgpack, session::CloseCode};

use crate::{codec::Codec, outbox::Outbox, text_frame};

/// Whole frames, ready to be written. All recipients share the bytes.
pub(crate) struct Frames {
    text: Bytes,
    packed: OnceCell<Option<Bytes>>,
}

impl Frames {
    /// Of whole text frames.
    pub(crate) fn new(text: Bytes) -> Self {
        Self { text, packed: OnceCell::new() }
    }

    /// Of one JSON value.
    pub(crate) fn of_json(json: &[u8]) -> Self {
        let mut text = Vec::with_capacity(json.len() + 4);
        text_frame::write(&mut text, json);
        Self::new(text.into())
    }

    /// Queues them at a connection, in the form that it speaks.
    pub(crate) fn send_to(&self, outbox: &Outbox) {
        match outbox.codec {
            Codec::Json => outbox.push(self.text.clone()),
            Codec::MessagePack => match self.packed.get_or_init(|| self.pack()) {
                Some(packed) => outbox.push(packed.clone()),
                // It reads what it missed from the log.
                None => outbox.close(CloseCode::Resync),
            },
        }
    }

    fn pack(&self) -> Option<Bytes> {
        let mut frames = Vec::with_capacity(self.text.len());
        let mut packed = Vec::new();
        for json in text_frame::payloads(&self.text) {
            packed.clear();
            if let Err(error) = msgpack::from_json(json, &mut packed) {
                tracing::error!(%error, "an event is no JSON");
                return None;
            }
            text_frame::write_binary(&mut frames, &packed);
        }
        Some(frames.into())
    }
}

#[cfg(test)]
mod tests {
    use hoopoe_kernel::Uid;
    use hoopoe_wire::SessionId;

    use super::*;

    fn drained(outbox: &Outbox) -> (Vec<u8>, Option<CloseCode>) {
        let mut out = Vec::new();
        let close = outbox.drain(&mut out, usize::MAX);
        (out, close)
    }

    #[test]
    fn the_second_form_is_made_once_and_only_when_it_is_spoken() {
        let [json, one, two] = [Codec::Json, Codec::MessagePack, Codec::MessagePack]
            .map(|codec| Outbox::new(Uid(1), SessionId::NONE, codec));
        let mut text = Vec::new();
        text_frame::write(&mut text, br#"{"event":"a"}"#);
        text_frame::write(&mut text, &[&b"[\""[..], &[b'x'; 200], b"\"]"].concat());
        let frames = Frames::new(text.clone().into());
        frames.send_to(&json);
        assert!(frames.packed.get().is_none());
        frames.send_to(&one);
        let made = frames.packed.get().cloned().flatten().unwrap();
        frames.send_to(&two);
        assert_eq!(drained(&json), (text, None));
        assert_eq!(drained(&one), (made.to_vec(), None));
        assert_eq!(drained(&two), (made.to_vec(), None));
        let event = b"\x81\xa5event\xa1a";
        assert_eq!(made[..2 + event.len()], [&[0x82, event.len() as u8][..], event].concat());
    }

    #[test]
    fn who_cannot_be_told_resumes() {
        let outbox = Outbox::new(Uid(1), SessionId::NONE, Codec::MessagePack);
        Frames::of_json(b"{").send_to(&outbox);
        assert_eq!(drained(&outbox), (Vec::new(), Some(CloseCode::Resync)));
    }
}
