//! What a fuzzer feeds, and what must hold whatever it feeds: the fuzz target and the plain test
//! over its corpus call this.

use hoopoe_wire::{frame::ClientFrame, messages::SendRequest, msgpack, session::StartSession};

use crate::guard::Guard;

/// Bytes of a client: as a stream of frames, as the text of one, and as MessagePack.
///
/// # Panics
/// When something does not hold.
pub fn client_bytes(bytes: &[u8]) {
    cut_anywhere(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        read(text);
    }
    let mut json = Vec::new();
    if msgpack::to_json(bytes, &mut json).is_ok() {
        let text = String::from_utf8(json).expect("what is printed is JSON, which is UTF-8");
        read(&text);
        let mut packed = Vec::new();
        msgpack::from_json(text.as_bytes(), &mut packed).expect("what is printed is JSON");
        let mut again = Vec::new();
        msgpack::to_json(&packed, &mut again).expect("what was packed here can be read here");
        assert_eq!(again, text.as_bytes(), "nothing is lost on the way there and back");
    } else {
        assert!(json.is_empty(), "a refusal leaves nothing behind");
    }
}

/// The guard says the same however the bytes are cut. The first byte says how.
fn cut_anywhere(bytes: &[u8]) {
    let piece = 1 + usize::from(bytes.first().copied().unwrap_or_default() % 16);
    let (mut whole, mut cut) = (Guard::default(), Guard::default());
    let at_once = whole.scan(bytes);
    let in_pieces = bytes.chunks(piece).try_for_each(|piece| cut.scan(piece));
    assert_eq!(at_once, in_pieces);
    assert_eq!(whole.beat(), cut.beat());
}

/// A frame's text, and its params as the two requests that everybody sends.
fn read(text: &str) {
    let Some(frame) = ClientFrame::read(text) else { return };
    let params = frame.params.map_or("{}", |params| params.get()).as_bytes();
    let refused = [
        hoopoe_kernel::decode::<SendRequest>(params).err(),
        hoopoe_kernel::decode::<StartSession>(params).err(),
    ];
    for fail in refused.into_iter().flatten() {
        assert!((400..500).contains(&fail.code().status), "{fail}");
    }
}
