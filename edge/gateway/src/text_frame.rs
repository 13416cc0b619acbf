//! Data frames of the server, ready to be written (RFC 6455, section 5.2): unmasked, so that one
//! encoding serves every recipient.

const FIN_TEXT: u8 = 0x81;
const FIN_BINARY: u8 = 0x82;

/// A whole ping without a payload.
pub(crate) const PING: [u8; 2] = [0x89, 0];

/// Appends one whole text frame.
pub fn write(out: &mut Vec<u8>, payload: &[u8]) {
    write_as(FIN_TEXT, out, payload);
}

/// Appends one whole binary frame.
pub(crate) fn write_binary(out: &mut Vec<u8>, payload: &[u8]) {
    write_as(FIN_BINARY, out, payload);
}

/// The payloads of whole frames that were written here.
pub(crate) fn payloads(mut frames: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let [_, short, rest @ ..] = frames else { return None };
        let (length, rest) = match short {
            126 => {
                rest.split_first_chunk().map(|(n, rest)| (u16::from_be_bytes(*n).into(), rest))?
            }
            127 => rest.split_first_chunk().map(|(n, rest)| (u64::from_be_bytes(*n), rest))?,
            short => (u64::from(*short), rest),
        };
        let (payload, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        frames = behind;
        Some(payload)
    })
}

#[inline]
fn write_as(kind: u8, out: &mut Vec<u8>, payload: &[u8]) {
    let length = payload.len();
    out.push(kind);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => out.push(short),
        (_, Ok(medium)) => {
            out.push(126);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use tokio_tungstenite::{
        WebSocketStream,
        tungstenite::{Message, protocol::Role},
    };

    use super::*;

    #[tokio::test]
    async fn another_implementation_reads_every_length() {
        let (mut server, client) = tokio::io::duplex(1 << 20);
        let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 100_000];
        let mut out = Vec::new();
        for length in lengths {
            write(&mut out, "x".repeat(length).as_bytes());
        }
        assert!(payloads(&out).map(<[u8]>::len).eq(lengths));
        tokio::io::AsyncWriteExt::write_all(&mut server, &out).await.unwrap();
        let mut client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
        for length in lengths {
            match client.next().await {
                Some(Ok(Message::Text(text))) => assert_eq!(text.len(), length),
                other => panic!("{other:?}"),
            }
        }
    }
}
