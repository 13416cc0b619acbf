//! The frames that the client sends: pieces that never change, with ids spliced in.

use std::time::{Duration, Instant, SystemTime};

use crate::socket::push_text_header;

const ID: &[u8] = b"{\"id\":";
const SEND: &[u8] = b",\"method\":\"messages.send\",\"params\":{\"conversation\":\"";
const CLIENT_ID: &[u8] = b"\",\"client_id\":\"";
const TEXT: &[u8] = b"\",\"kind\":\"text\",\"text\":\"";
const END: &[u8] = b"\"}}";

/// Length of a client id in text form.
pub(crate) const CLIENT_ID_BYTES: usize = 36;

/// The text of every message: 100 bytes, ASCII, nothing to escape.
pub(crate) const BODY: &str = "The hoopoe carries one hundred bytes from here to there, \
                               and a receipt comes back: 0123456789 abcde.";

/// Appends a whole `messages.send` frame.
pub(crate) fn push_send(
    out: &mut Vec<u8>,
    id: u64,
    conversation: &str,
    client_id: &[u8; CLIENT_ID_BYTES],
) {
    let mut digits = itoa::Buffer::new();
    let id = digits.format(id).as_bytes();
    let pieces: [&[u8]; 9] =
        [ID, id, SEND, conversation.as_bytes(), CLIENT_ID, client_id, TEXT, BODY.as_bytes(), END];
    push_text_header(out, pieces.iter().map(|piece| piece.len()).sum());
    for piece in pieces {
        out.extend_from_slice(piece);
    }
}

/// Appends a frame that calls `method` with `params`, a JSON object in text form.
pub(crate) fn push_call(out: &mut Vec<u8>, id: u64, method: &str, params: &str) {
    let frame = format!("{{\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}");
    push_text_header(out, frame.len());
    out.extend_from_slice(frame.as_bytes());
}

/// Makes client ids as an SDK does: UUIDv7, ordered by time, in random order within a
/// millisecond. The last 48 bits are not random here, they hold the sender's number.
#[derive(Debug)]
pub(crate) struct ClientIds {
    unix: Duration,
    since: Instant,
    millis: u64,
    random: Random,
}

impl ClientIds {
    /// Starts at the wall clock's time; [`ClientIds::at`] moves it on.
    pub(crate) fn new() -> ClientIds {
        let unix = wall_clock();
        ClientIds {
            unix,
            since: Instant::now(),
            millis: unix.as_millis() as u64,
            random: Random::new(unix.as_nanos() as u64),
        }
    }

    /// Sets the time of the ids that follow.
    pub(crate) fn at(&mut self, now: Instant) {
        self.millis = (self.unix + now.saturating_duration_since(self.since)).as_millis() as u64;
    }

    /// A new id with the lowest 48 bits of `number` in it.
    pub(crate) fn next(&mut self, number: u64) -> [u8; CLIENT_ID_BYTES] {
        let mut tail = [0; 10];
        tail[..2].copy_from_slice(&self.random.next().to_le_bytes()[..2]);
        tail[2..4].copy_from_slice(&self.random.next().to_le_bytes()[..2]);
        tail[4..].copy_from_slice(&number.to_be_bytes()[2..]);
        let id = uuid::Builder::from_unix_timestamp_millis(self.millis, &tail).into_uuid();
        let mut text = [0; CLIENT_ID_BYTES];
        id.hyphenated().encode_lower(&mut text);
        text
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a client of its own process has the machine's clock, like any phone"
)]
fn wall_clock() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// A small xorshift generator: spreads choices, keeps no secrets.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// Any seed will do.
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed | 1)
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `bound`, which is at least 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_send_is_the_documented_json() {
        let mut ids = ClientIds::new();
        let client_id = ids.next(7);
        let mut out = Vec::new();
        push_send(&mut out, 41, "cnv_0123456789012345678901", &client_id);
        // A masked frame of 126 to 65,535 bytes: 4 bytes of header and 4 of mask.
        let payload = &out[8..];
        assert_eq!(usize::from(u16::from_be_bytes([out[2], out[3]])), payload.len());
        let json: serde_json::Value = serde_json::from_slice(payload).unwrap();
        assert_eq!(json["id"], 41);
        assert_eq!(json["method"], "messages.send");
        assert_eq!(json["params"]["conversation"], "cnv_0123456789012345678901");
        assert_eq!(json["params"]["kind"], "text");
        assert_eq!(json["params"]["text"], BODY);
        assert_eq!(json["params"]["client_id"].as_str().unwrap().as_bytes(), client_id);
        assert_eq!(json["params"].as_object().unwrap().len(), 4);
    }

    #[test]
    fn the_body_is_exactly_100_bytes_of_plain_text() {
        assert_eq!(BODY.len(), 100);
        assert_eq!(serde_json::to_string(BODY).unwrap().len(), 102);
    }

    #[test]
    fn client_ids_are_uuidv7_in_time_order_with_the_number_at_the_end() {
        let mut ids = ClientIds::new();
        let mut read = |number| {
            let text = ids.next(number);
            let text = std::str::from_utf8(&text).unwrap().to_owned();
            assert_eq!(u64::from_str_radix(&text[24..], 16).unwrap(), number);
            let id = uuid::Uuid::parse_str(&text).unwrap();
            assert_eq!(id.get_version_num(), 7);
            assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
            id.get_timestamp().unwrap().to_unix()
        };
        let first = read(0);
        assert_eq!(read((1 << 48) - 1), first, "the time stands until it is moved");
        assert!(first.0 > 1_700_000_000, "the wall clock's time: {first:?}");
        let mut ids = ClientIds::new();
        let earlier = ids.next(1);
        ids.at(Instant::now() + Duration::from_secs(3));
        assert!(ids.next(1) > earlier);
    }

    #[test]
    fn random_numbers_reach_every_value_below_the_bound() {
        let mut random = Random::new(7);
        let mut seen = [false; 10];
        for _ in 0..1000 {
            seen[random.below(10)] = true;
        }
        assert_eq!(seen, [true; 10]);
    }
}
