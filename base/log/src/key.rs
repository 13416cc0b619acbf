//! Client ids as they are kept: a UUID in 16 bytes, anything else as its text.

use hoopoe_wire::limits;
use smallvec::SmallVec;

const TEXT: u8 = 0;
const UUID: u8 = 1;

/// What a client chose to recognise its own message by: 1 to 64 bytes.
///
/// The first byte tells the form, so that a UUID and a text of 16 bytes never meet. Only the
/// canonical lower-case UUID is packed: another spelling is another id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientId(SmallVec<[u8; 24]>);

impl ClientId {
    /// `None` when the text is empty or too long.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > limits::CLIENT_ID_BYTES_MAX {
            return None;
        }
        let mut packed = SmallVec::new();
        if let Some(uuid) = pack_uuid(text.as_bytes()) {
            packed.push(UUID);
            packed.extend_from_slice(&uuid);
        } else {
            packed.push(TEXT);
            packed.extend_from_slice(text.as_bytes());
        }
        Some(Self(packed))
    }

    /// A fresh id for what the server itself writes.
    pub fn from_uuid(uuid: [u8; 16]) -> Self {
        let mut packed = SmallVec::new();
        packed.push(UUID);
        packed.extend_from_slice(&uuid);
        Self(packed)
    }

    /// As the database keeps it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Appends the text of an id as the database keeps it. Escapes nothing.
    pub fn write_text(bytes: &[u8], out: &mut Vec<u8>) {
        match bytes.split_first() {
            Some((&UUID, uuid)) if uuid.len() == 16 => write_uuid(uuid, out),
            Some((_, text)) => out.extend_from_slice(text),
            None => {}
        }
    }
}

fn pack_uuid(text: &[u8]) -> Option<[u8; 16]> {
    if text.len() != 36 {
        return None;
    }
    let mut bytes = [0; 16];
    let mut nibbles = 0;
    for (index, byte) in text.iter().enumerate() {
        if matches!(index, 8 | 13 | 18 | 23) {
            if *byte != b'-' {
                return None;
            }
            continue;
        }
        let nibble = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        bytes[nibbles / 2] = bytes[nibbles / 2] << 4 | nibble;
        nibbles += 1;
    }
    Some(bytes)
}

fn write_uuid(bytes: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.push(HEX[usize::from(byte >> 4)]);
        out.push(HEX[usize::from(byte & 15)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(text: &str) -> (usize, String) {
        let id = ClientId::parse(text).expect("a legal id");
        let mut out = Vec::new();
        ClientId::write_text(id.as_bytes(), &mut out);
        (id.as_bytes().len(), String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn ids_come_back_as_they_were() {
        let uuid = "0199d2f0-7a3b-7cde-8f01-23456789abcd";
        assert_eq!(there_and_back(uuid), (17, uuid.to_owned()));
        let upper = uuid.to_ascii_uppercase();
        assert_eq!(there_and_back(&upper), (37, upper.clone()));
        assert_eq!(there_and_back("x"), (2, "x".to_owned()));
        assert_ne!(ClientId::parse(uuid), ClientId::parse(&upper));
    }

    #[test]
    fn length_is_bounded() {
        assert!(ClientId::parse("").is_none());
        assert!(ClientId::parse(&"a".repeat(64)).is_some());
        assert!(ClientId::parse(&"a".repeat(65)).is_none());
    }
}
