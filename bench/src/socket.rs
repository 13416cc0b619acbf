//! RFC 6455 as far as a well-behaved client needs it, without copying and without masking work.
//!
//! A client has to mask its frames, but it may choose the key: with four zero bytes the masked
//! payload is the payload. The server unmasks as always, so its work is not changed by that.

use memchr::memmem;

use crate::load::Tongue;
use crate::packed;
use crate::trouble::{Outcome, Trouble, cannot_run};

/// A frame that claims to be longer is taken for a protocol error.
pub(crate) const MAX_FRAME_BYTES: usize = 1 << 20;

// The key is only there to tell a WebSocket server from a cache; with a constant one the right
// answer is a constant too (both are the example of RFC 6455 §1.3).
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &[u8] = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const PONG: u8 = 0xA;

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

/// The HTTP request that opens the socket at `/v1/socket`.
pub(crate) fn upgrade_request(host: &str, tongue: Tongue) -> Vec<u8> {
    let offer = match tongue {
        Tongue::Json => String::new(),
        Tongue::MessagePack => format!("Sec-WebSocket-Protocol: {}\r\n", packed::SUBPROTOCOL),
    };
    format!(
        "GET /v1/socket HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{offer}\r\n"
    )
    .into_bytes()
}

/// Length of the server's answer to [`upgrade_request`] at the front of `bytes`; `None` while it
/// is not complete. Anything but a proper 101 is an error.
pub(crate) fn upgrade_answer(bytes: &[u8]) -> Outcome<Option<usize>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = &bytes[..end];
    if !head.starts_with(b"HTTP/1.1 101") || memmem::find(head, ACCEPT).is_none() {
        let answer = String::from_utf8_lossy(bytes);
        return cannot_run(format!("the server did not open the socket: {answer}"));
    }
    Ok(Some(end + 4))
}

/// Appends the header of a text frame of `payload_bytes`; the payload follows as it is.
pub(crate) fn push_text_header(out: &mut Vec<u8>, payload_bytes: usize) {
    push_header(out, TEXT, payload_bytes);
}

/// The same of a binary frame.
pub(crate) fn push_binary_header(out: &mut Vec<u8>, payload_bytes: usize) {
    push_header(out, BINARY, payload_bytes);
}

/// Appends the answer to a ping.
pub(crate) fn push_pong(out: &mut Vec<u8>, payload: &[u8]) {
    push_header(out, PONG, payload.len());
    out.extend_from_slice(payload);
}

fn push_header(out: &mut Vec<u8>, opcode: u8, payload_bytes: usize) {
    out.push(FINAL | opcode);
    if payload_bytes < 126 {
        out.push(MASKED | payload_bytes as u8);
    } else if let Ok(short) = u16::try_from(payload_bytes) {
        out.push(MASKED | 126);
        out.extend_from_slice(&short.to_be_bytes());
    } else {
        out.push(MASKED | 127);
        out.extend_from_slice(&(payload_bytes as u64).to_be_bytes());
    }
    out.extend_from_slice(&[0; 4]);
}

/// One frame of the server at the front of `bytes`: its opcode, its payload and the bytes that it
/// takes; `None` while it is not complete. The server sends whole, unmasked frames without
/// extensions; anything else is an error.
pub(crate) fn split(bytes: &[u8]) -> Outcome<Option<(Opcode, &[u8], usize)>> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(None);
    };
    let (header_bytes, payload_bytes) = match second & 0x7f {
        126 => match rest.first_chunk::<2>() {
            Some(length) => (4, usize::from(u16::from_be_bytes(*length))),
            None => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(length) => (10, u64::from_be_bytes(*length) as usize),
            None => return Ok(None),
        },
        short => (2, usize::from(short)),
    };
    if payload_bytes > MAX_FRAME_BYTES {
        return cannot_run(format!("a frame of {payload_bytes} bytes from the server"));
    }
    if second & MASKED != 0 {
        return cannot_run("a masked frame from the server");
    }
    let opcode = match first {
        0x81 => Opcode::Text,
        0x82 => Opcode::Binary,
        0x88 => Opcode::Close,
        0x89 => Opcode::Ping,
        0x8A => Opcode::Pong,
        _ => return cannot_run(format!("a frame that begins with {first:#04x} from the server")),
    };
    let end = header_bytes + payload_bytes;
    match bytes.get(header_bytes..end) {
        Some(payload) => Ok(Some((opcode, payload, end))),
        None => Ok(None),
    }
}

/// Why the server closed connection `conn`, in words.
pub(crate) fn closed(conn: usize, payload: &[u8]) -> Trouble {
    let why = match payload.split_first_chunk::<2>() {
        Some((code, reason)) => {
            format!("{} {}", u16::from_be_bytes(*code), String::from_utf8_lossy(reason))
        }
        None => "no code".to_owned(),
    };
    Trouble::CannotRun(format!("the server closed connection {conn}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![FINAL | opcode];
        match payload.len() {
            short @ 0..126 => bytes.push(short as u8),
            middle @ 126..65_536 => {
                bytes.push(126);
                bytes.extend_from_slice(&(middle as u16).to_be_bytes());
            }
            long => {
                bytes.push(127);
                bytes.extend_from_slice(&(long as u64).to_be_bytes());
            }
        }
        bytes.extend_from_slice(payload);
        bytes
    }

    #[test]
    fn frames_of_every_length_form_come_back_whole() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 200_000] {
            let payload = vec![b'x'; length];
            let mut bytes = server_frame(TEXT, &payload);
            let whole = bytes.len();
            bytes.extend_from_slice(b"\x81\x01y");
            let (opcode, found, used) = split(&bytes).unwrap().unwrap();
            assert_eq!((opcode, found, used), (Opcode::Text, &payload[..], whole));
            let (_, next, _) = split(&bytes[used..]).unwrap().unwrap();
            assert_eq!(next, b"y");
        }
    }

    #[test]
    fn an_incomplete_frame_waits_at_every_cut() {
        for length in [3, 300, 70_000] {
            let bytes = server_frame(TEXT, &vec![b'x'; length]);
            for cut in (0..bytes.len()).take(20).chain([bytes.len() - 1]) {
                assert!(split(&bytes[..cut]).unwrap().is_none(), "cut at {cut} of {length}");
            }
        }
    }

    #[test]
    fn fragments_masks_and_monsters_are_refused() {
        assert!(split(b"\x01\x01x").is_err(), "a first fragment");
        assert!(split(b"\xc1\x01x").is_err(), "an extension bit");
        assert!(split(b"\x81\x81\0\0\0\0x").is_err(), "a mask");
        assert!(split(b"\x81\x7f\0\0\0\x01\0\0\0\0").is_err(), "four gigabytes");
        assert!(split(b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff").is_err(), "a wrapping length");
    }

    #[test]
    fn client_frames_are_masked_with_zeros_in_every_length_form() {
        for (length, header) in [(5, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut out = Vec::new();
            push_text_header(&mut out, length);
            assert_eq!(out.len(), header + 4);
            assert_eq!(out[0], 0x81);
            assert_eq!(out[1] & 0x80, 0x80);
            assert_eq!(&out[header..], [0; 4]);
        }
        let mut pong = Vec::new();
        push_pong(&mut pong, b"abc");
        assert_eq!(pong, b"\x8a\x83\0\0\0\0abc");
    }

    #[test]
    fn only_a_proper_101_opens_the_socket() {
        let good = b"HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: \
                     s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x00";
        assert_eq!(upgrade_answer(good).unwrap(), Some(good.len() - 2));
        assert_eq!(upgrade_answer(&good[..40]).unwrap(), None);
        assert!(upgrade_answer(b"HTTP/1.1 101 Yes\r\n\r\n").is_err());
        assert!(upgrade_answer(b"HTTP/1.1 404 Not Found\r\n\r\n").is_err());
    }

    #[test]
    fn a_close_is_told_with_code_and_reason() {
        let told = closed(3, b"\x11\x39resync").to_string();
        assert!(told.contains("connection 3: 4409 resync"), "{told}");
        assert!(closed(3, b"").to_string().contains("no code"));
    }
}
