//! Looks at the heads of a client's frames as they pass, for what the library below does not
//! bound: messages of very many pieces, messages that never end, and floods of pings.

use std::fmt;

use hoopoe_wire::limits;

/// What a client does too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Breach {
    /// A message of too many fragments.
    Fragments,
    /// A message that was begun two heartbeats ago and is not whole yet.
    Unfinished,
    /// Too many pings, pongs or closes between two heartbeats.
    Flood,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fragments => "too_many_fragments",
            Self::Unfinished => "unfinished_message",
            Self::Flood => "control_flood",
        })
    }
}

impl std::error::Error for Breach {}

/// First byte, second byte, and up to eight of a length.
const HEAD_BYTES_MAX: usize = 10;
const MASK_BYTES: u64 = 4;

/// Follows one direction of a connection. Small, because every connection has one.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    /// Bytes up to the next head.
    payload_left: u64,
    /// A head that came in pieces.
    head: [u8; HEAD_BYTES_MAX],
    head_len: u8,
    /// A message is open since the last heartbeat.
    is_stale: bool,
    /// Of the message that is open; 0: none is.
    fragments: u16,
    /// Since the last heartbeat.
    controls: u16,
}

/// What a head says that matters here.
struct Head {
    first: u8,
    payload_bytes: u64,
}

/// The head at the beginning of these bytes and its length; `None` when it is not all there.
fn head(bytes: &[u8]) -> Option<(Head, usize)> {
    let [first, second, rest @ ..] = bytes else { return None };
    let (length, used) = match second & 0x7f {
        126 => (u64::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (u64::from_be_bytes(*rest.first_chunk()?), 10),
        short => (u64::from(short), 2),
    };
    let mask = if second & 0x80 == 0 { 0 } else { MASK_BYTES };
    Some((Head { first: *first, payload_bytes: length.saturating_add(mask) }, used))
}

impl Guard {
    /// Looks at what came next. However the bytes are cut, the outcome is the same.
    pub(crate) fn scan(&mut self, mut bytes: &[u8]) -> Result<(), Breach> {
        loop {
            let skipped = usize::try_from(self.payload_left).unwrap_or(usize::MAX).min(bytes.len());
            self.payload_left -= skipped as u64;
            bytes = &bytes[skipped..];
            if bytes.is_empty() {
                return Ok(());
            }
            if self.head_len == 0
                && let Some((head, used)) = head(bytes)
            {
                bytes = &bytes[used..];
                self.enter(&head)?;
                continue;
            }
            let filled = usize::from(self.head_len);
            self.head[filled] = bytes[0];
            bytes = &bytes[1..];
            self.head_len += 1;
            if let Some((head, _)) = head(&self.head[..=filled]) {
                self.head_len = 0;
                self.enter(&head)?;
            }
        }
    }

    fn enter(&mut self, head: &Head) -> Result<(), Breach> {
        self.payload_left = head.payload_bytes;
        let (is_last, is_control) = (head.first & 0x80 != 0, head.first & 0x08 != 0);
        if is_control {
            self.controls += 1;
            let is_flood = self.controls > limits::CONTROL_FRAMES_PER_HEARTBEAT_MAX;
            return if is_flood { Err(Breach::Flood) } else { Ok(()) };
        }
        if is_last {
            (self.fragments, self.is_stale) = (0, false);
            return Ok(());
        }
        self.fragments += 1;
        let is_dust = self.fragments > limits::FRAGMENTS_PER_MESSAGE_MAX;
        if is_dust { Err(Breach::Fragments) } else { Ok(()) }
    }

    /// A heartbeat has passed.
    pub(crate) fn beat(&mut self) -> Result<(), Breach> {
        self.controls = 0;
        if self.fragments == 0 {
            return Ok(());
        }
        if std::mem::replace(&mut self.is_stale, true) { Err(Breach::Unfinished) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio_tungstenite::tungstenite::protocol::frame::{
        FrameHeader,
        coding::{Control, Data, OpCode},
    };

    use super::*;

    const FRAGMENTS: usize = limits::FRAGMENTS_PER_MESSAGE_MAX as usize;
    const CONTROLS: usize = limits::CONTROL_FRAMES_PER_HEARTBEAT_MAX as usize;

    /// A frame as the library writes it.
    fn frame(opcode: OpCode, is_final: bool, mask: Option<[u8; 4]>, length: usize) -> Vec<u8> {
        let header = FrameHeader { is_final, opcode, mask, ..FrameHeader::default() };
        let mut out = Vec::new();
        header.format(length as u64, &mut out).unwrap();
        out.resize(out.len() + length, 0xff);
        out
    }

    fn piece(is_final: bool) -> Vec<u8> {
        frame(OpCode::Data(Data::Continue), is_final, Some([1; 4]), 1)
    }

    fn ping() -> Vec<u8> {
        frame(OpCode::Control(Control::Ping), true, Some([2; 4]), 125)
    }

    fn begin() -> Vec<u8> {
        frame(OpCode::Data(Data::Text), false, Some([3; 4]), 1)
    }

    #[test]
    fn a_message_has_so_many_pieces_and_no_more() {
        let mut guard = Guard::default();
        for _ in 0..3 {
            guard.scan(&begin()).unwrap();
            guard.scan(&piece(false).repeat(FRAGMENTS - 1)).unwrap();
            guard.scan(&piece(true)).unwrap();
        }
        guard.scan(&begin()).unwrap();
        guard.scan(&ping()).unwrap();
        assert_eq!(guard.scan(&piece(false).repeat(FRAGMENTS)), Err(Breach::Fragments));
        let empty = frame(OpCode::Data(Data::Continue), false, None, 0);
        assert_eq!(Guard::default().scan(&empty.repeat(1_000_000)), Err(Breach::Fragments));
    }

    #[test]
    fn a_message_is_whole_after_two_heartbeats() {
        let mut guard = Guard::default();
        guard.scan(&begin()).unwrap();
        guard.beat().unwrap();
        guard.scan(&piece(true)).unwrap();
        guard.scan(&begin()).unwrap();
        guard.beat().unwrap();
        guard.scan(&piece(false)).unwrap();
        assert_eq!(guard.beat(), Err(Breach::Unfinished));
    }

    #[test]
    fn pings_have_a_budget_that_every_heartbeat_renews() {
        let mut guard = Guard::default();
        for _ in 0..3 {
            guard.scan(&ping().repeat(CONTROLS)).unwrap();
            guard.beat().unwrap();
        }
        assert_eq!(guard.scan(&ping().repeat(CONTROLS + 1)), Err(Breach::Flood));
    }

    #[test]
    fn it_is_small() {
        assert!(size_of::<Guard>() <= 32);
    }

    fn any_frame() -> impl Strategy<Value = Vec<u8>> {
        let opcode = prop_oneof![
            4 => Just(OpCode::Data(Data::Continue)),
            2 => Just(OpCode::Data(Data::Text)),
            1 => Just(OpCode::Data(Data::Binary)),
            2 => Just(OpCode::Control(Control::Ping)),
            1 => Just(OpCode::Control(Control::Pong)),
        ];
        let length = prop_oneof![Just(0), 0..126_usize, 126..400_usize, 65_530..65_540_usize];
        (opcode, any::<bool>(), any::<Option<[u8; 4]>>(), length)
            .prop_map(|(opcode, fin, mask, length)| frame(opcode, fin, mask, length))
    }

    /// The outcome and what is left open, when these bytes come cut at these places.
    fn outcome(bytes: &[u8], cuts: &[usize]) -> (Result<(), Breach>, u64, u16, u16) {
        let mut guard = Guard::default();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let scanned = cuts.windows(2).try_for_each(|pair| guard.scan(&bytes[pair[0]..pair[1]]));
        (scanned, guard.payload_left, guard.fragments, guard.controls)
    }

    proptest! {
        #[test]
        fn however_it_is_cut_it_is_the_same(
            frames in prop::collection::vec(any_frame(), 0..12),
            cuts in prop::collection::vec(any::<usize>(), 0..30),
        ) {
            let bytes = frames.concat();
            prop_assert_eq!(outcome(&bytes, &cuts), outcome(&bytes, &[]));
            let every: Vec<usize> = (0..bytes.len().min(2_000)).collect();
            prop_assert_eq!(outcome(&bytes, &every), outcome(&bytes, &[]));
        }

        #[test]
        fn it_stands_where_the_library_stands(frames in prop::collection::vec(any_frame(), 0..12)) {
            let (scanned, left, _, _) = outcome(&frames.concat(), &[]);
            prop_assert_eq!((scanned, left), (Ok(()), 0));
        }

        #[test]
        fn rubbish_is_read_to_its_end(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            cuts in prop::collection::vec(any::<usize>(), 0..30),
        ) {
            prop_assert_eq!(outcome(&bytes, &cuts), outcome(&bytes, &[]));
        }
    }
}
