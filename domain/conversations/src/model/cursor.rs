//! Cursors, opaque to clients, and the digest by which client and server compare what they have.

use aws_lc_rs::digest::{Context, SHA256};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hoopoe_kernel::Fail;
use hoopoe_wire::{ConversationId, Time, limits};

/// The end of a sync cursor, by which it is told from cursors of other lists.
const SYNC: [u8; 1] = [1];

/// A cursor of `session.start` and `sync.get`: when it was given out, in which epoch, and how far
/// the user's own state had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SyncCursor {
    pub(crate) at: Time,
    pub(crate) epoch: i64,
    pub(crate) state_rev: i64,
}

impl SyncCursor {
    pub(crate) fn encode(self) -> String {
        encode(&[self.at.0, self.epoch, self.state_rev], &SYNC)
    }

    /// `None` for what no server has given out.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let ([at, epoch, state_rev], end) = decode::<3, 1>(text)?;
        (end == SYNC).then_some(Self { at: Time(at), epoch, state_rev })
    }

    /// From when on heads are given: some minutes early, because clocks differ and transactions
    /// take time. Time is a filter, the digest is the truth.
    pub(crate) fn since(self) -> Time {
        self.at.plus_s(-limits::SYNC_OVERLAP_S)
    }
}

/// A place in a list of conversations ordered by activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ActivityCursor {
    pub(crate) at: Time,
    pub(crate) conversation: ConversationId,
}

impl ActivityCursor {
    pub(crate) fn encode(self) -> String {
        encode(&[self.at.0], &self.conversation.0)
    }

    pub(crate) fn decode(pointer: &str, text: &str) -> Result<Self, Fail> {
        let (numbers, id) = decode::<1, 16>(text).ok_or_else(|| not_a_cursor(pointer))?;
        Ok(Self { at: Time(numbers[0]), conversation: ConversationId(id) })
    }

    pub(crate) fn key(self) -> (Time, ConversationId) {
        (self.at, self.conversation)
    }
}

/// A place in a list that is ordered by a number.
pub fn encode_number(number: i64) -> String {
    encode(&[number], &[])
}

/// The number of a cursor of [`encode_number`].
pub fn decode_number(pointer: &str, text: &str) -> Result<i64, Fail> {
    let (numbers, []) = decode::<1, 0>(text).ok_or_else(|| not_a_cursor(pointer))?;
    Ok(numbers[0])
}

fn not_a_cursor(pointer: &str) -> Fail {
    Fail::field(pointer, "invalid", "give back what the page before gave")
}

fn encode(numbers: &[i64], rest: &[u8]) -> String {
    let mut bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
    bytes.extend_from_slice(rest);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode<const NUMBERS: usize, const REST: usize>(
    text: &str,
) -> Option<([i64; NUMBERS], [u8; REST])> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (front, rest) = bytes.split_at_checked(NUMBERS * size_of::<i64>())?;
    let rest = rest.try_into().ok()?;
    let (front, []) = front.as_chunks() else { return None };
    let mut numbers = [0; NUMBERS];
    for (number, bytes) in numbers.iter_mut().zip(front) {
        *number = i64::from_be_bytes(*bytes);
    }
    Some((numbers, rest))
}

/// The digest of all memberships of a user, made from (conversation, head_seq, head_rev), each
/// once: in the order of the ids, SHA-256 over 32 bytes each (the id's 16 bytes, `seq` and `rev` as
/// 64-bit big-endian numbers); the first 8 bytes of the hash as 16 lower-case hexadecimal digits.
pub fn digest(mut positions: Vec<(ConversationId, i64, i64)>) -> String {
    positions.sort_unstable();
    let mut hash = Context::new(&SHA256);
    for (conversation, seq, rev) in positions {
        hash.update(&conversation.0);
        hash.update(&seq.to_be_bytes());
        hash.update(&rev.to_be_bytes());
    }
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finish().as_ref()[..8]);
    format!("{:016x}", u64::from_be_bytes(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let sync = SyncCursor { at: Time(1_795_411_809_123_456), epoch: 7, state_rev: 9 };
        assert_eq!(SyncCursor::decode(&sync.encode()), Some(sync));
        assert_eq!(sync.since(), Time(1_795_411_209_123_456), "ten minutes earlier");
        let place = ActivityCursor { at: Time(-1), conversation: ConversationId([7; 16]) };
        assert_eq!(ActivityCursor::decode("/cursor", &place.encode()).unwrap(), place);
        assert_eq!(decode_number("/cursor", &encode_number(42)).unwrap(), 42);
    }

    #[test]
    fn a_text_that_is_no_cursor_is_refused() {
        let sync = SyncCursor { at: Time(1), epoch: 1, state_rev: 0 };
        for bad in ["", "x", "ää", "AAAA", &encode_number(1), &format!("{}A", sync.encode())] {
            assert_eq!(SyncCursor::decode(bad), None, "{bad}");
        }
        let fail = decode_number("/page", &sync.encode()).expect_err("is another cursor");
        assert_eq!(fail.code().status, 422);
        assert!(ActivityCursor::decode("/cursor", &sync.encode()).is_err());
    }

    #[test]
    fn the_digest_is_the_one_that_the_protocol_describes() {
        let (one, two) = ((ConversationId([1; 16]), 3, 4), (ConversationId([2; 16]), 0, 1));
        // Worked out by another program.
        assert_eq!(digest(vec![one, two]), "25aa7a52078fbc6b");
        assert_eq!(digest(vec![two, one]), "25aa7a52078fbc6b");
        // The beginning of SHA-256 of the empty text.
        assert_eq!(digest(Vec::new()), "e3b0c44298fc1c14");
    }

    #[test]
    fn a_move_changes_the_digest() {
        let of = |seq, rev| digest(vec![(ConversationId([1; 16]), seq, rev)]);
        assert_ne!(of(1, 1), of(2, 1));
        assert_ne!(of(1, 1), of(1, 2));
        assert_ne!(of(1, 2), of(2, 1));
    }
}
