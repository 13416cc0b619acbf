//! MessagePack for clients that prefer it to JSON: the same values, member by member.
//!
//! Inside the server everything is JSON. What leaves as MessagePack is turned once per event or
//! reply, and what comes as MessagePack becomes JSON before anything looks at it, so that both
//! doors have one strictness. Maps with names become objects and back, integers stay integers over
//! the whole range of `i64` and `u64`, and a member that stands twice stands twice afterwards too.

use std::{fmt, io::Cursor};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::limits;

/// Levels that a frame may have: those of its params, and its own.
const DEPTH_MAX: usize = limits::JSON_DEPTH_MAX + 1;

/// The bytes are not one value that JSON has too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotAValue;

impl fmt::Display for NotAValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not one value of maps with names, arrays, texts, numbers, booleans and nil")
    }
}

impl std::error::Error for NotAValue {}

/// Appends one JSON value as MessagePack, in the shortest form of each part.
///
/// # Errors
/// When it is not one JSON value; `out` is as it was then.
pub fn from_json(json: &[u8], out: &mut Vec<u8>) -> Result<(), NotAValue> {
    let before = out.len();
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let done = Pack { out }.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    done.map_err(|_| {
        out.truncate(before);
        NotAValue
    })
}

/// Appends one MessagePack value as JSON.
///
/// # Errors
/// When it is not exactly one value, or when JSON has nothing like it: bytes, extensions, numbers
/// that are none, keys that are no texts, texts that are no UTF-8; or when it is deeper than
/// [`limits::JSON_DEPTH_MAX`] in a frame may be. `out` is as it was then.
pub fn to_json(packed: &[u8], out: &mut Vec<u8>) -> Result<(), NotAValue> {
    let before = out.len();
    let mut deserializer = rmp_serde::Deserializer::new(Cursor::new(packed));
    let print = Print { out, depth_left: DEPTH_MAX };
    match print.deserialize(&mut deserializer) {
        Ok(()) if deserializer.position() == packed.len() as u64 => Ok(()),
        _ => {
            out.truncate(before);
            Err(NotAValue)
        }
    }
}

/// Writes what it reads as MessagePack.
struct Pack<'o> {
    out: &'o mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Pack<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Pack<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        rmp::encode::write_nil(self.out).map_err(E::custom)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        rmp::encode::write_bool(self.out, value).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        rmp::encode::write_uint(self.out, value).map(drop).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        rmp::encode::write_sint(self.out, value).map(drop).map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        rmp::encode::write_f64(self.out, value).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        rmp::encode::write_str(self.out, value).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let head = Head::begin(self.out);
        let mut count = 0;
        while items.next_element_seed(Pack { out: &mut *self.out })?.is_some() {
            count += 1;
        }
        head.end(self.out, count, &ARRAY);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let head = Head::begin(self.out);
        let mut count = 0;
        while members.next_key_seed(Pack { out: &mut *self.out })?.is_some() {
            members.next_value_seed(Pack { out: &mut *self.out })?;
            count += 1;
        }
        head.end(self.out, count, &MAP);
        Ok(())
    }
}

/// The first bytes of the three forms of a collection: up to 15, 65,535 and 2³² − 1 parts.
type Forms = [u8; 3];
const ARRAY: Forms = [0x90, 0xdc, 0xdd];
const MAP: Forms = [0x80, 0xde, 0xdf];

/// Where a collection begins. JSON says how many parts it has by ending, MessagePack in front.
struct Head(usize);

impl Head {
    /// Leaves room for the shortest form, which is nearly always the right one.
    fn begin(out: &mut Vec<u8>) -> Self {
        let at = out.len();
        out.push(0);
        Self(at)
    }

    fn end(self, out: &mut Vec<u8>, count: u32, [short, medium, long]: &Forms) {
        let Self(at) = self;
        let behind = at + 1..at + 1;
        match (u8::try_from(count), u16::try_from(count)) {
            (Ok(count), _) if count < 16 => out[at] = short | count,
            (_, Ok(count)) => {
                out[at] = *medium;
                out.splice(behind, count.to_be_bytes());
            }
            _ => {
                out[at] = *long;
                out.splice(behind, count.to_be_bytes());
            }
        }
    }
}

/// Writes what it reads as JSON.
struct Print<'o> {
    out: &'o mut Vec<u8>,
    depth_left: usize,
}

impl Print<'_> {
    fn inner<E: Error>(&mut self) -> Result<Print<'_>, E> {
        let depth_left = self.depth_left.checked_sub(1).ok_or_else(|| E::custom("too deep"))?;
        Ok(Print { out: &mut *self.out, depth_left })
    }

    fn plain<E: Error>(self, value: impl serde::Serialize) -> Result<(), E> {
        serde_json::to_writer(self.out, &value).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Print<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Print<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that JSON has too")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.plain(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.plain(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.plain(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.plain(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        if value.is_finite() { self.plain(value) } else { Err(E::custom("not a number")) }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.plain(value)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let mut inner = self.inner()?;
        inner.out.push(b'[');
        let mut mark = inner.out.len();
        while items.next_element_seed(Print { out: &mut *inner.out, ..inner })?.is_some() {
            inner.out.push(b',');
            mark = inner.out.len() - 1;
        }
        inner.close(mark, b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let mut inner = self.inner()?;
        inner.out.push(b'{');
        let mut mark = inner.out.len();
        while members.next_key_seed(Name { out: &mut *inner.out })?.is_some() {
            inner.out.push(b':');
            members.next_value_seed(Print { out: &mut *inner.out, ..inner })?;
            inner.out.push(b',');
            mark = inner.out.len() - 1;
        }
        inner.close(mark, b'}');
        Ok(())
    }
}

impl Print<'_> {
    /// Takes the last comma back, when there is one, and closes.
    fn close(&mut self, mark: usize, with: u8) {
        self.out.truncate(mark);
        self.out.push(with);
    }
}

/// Writes a member's name, which is a text and nothing else.
struct Name<'o> {
    out: &'o mut Vec<u8>,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        serde_json::to_writer(self.out, value).map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Number, Value, json};

    use super::*;

    fn packed(json: &str) -> Vec<u8> {
        let mut out = b"before".to_vec();
        from_json(json.as_bytes(), &mut out).unwrap();
        out.split_off(6)
    }

    fn printed(packed: &[u8]) -> Option<String> {
        let mut out = b"before".to_vec();
        let done = to_json(packed, &mut out);
        let rest = out.split_off(6);
        assert_eq!(out, b"before");
        assert!(done.is_ok() || rest.is_empty(), "a refusal leaves nothing behind");
        done.ok().map(|()| String::from_utf8(rest).unwrap())
    }

    #[test]
    fn known_values_have_their_known_bytes() {
        // From the specification's table of formats.
        for (json, bytes) in [
            ("null", &[0xc0][..]),
            ("true", &[0xc3]),
            ("127", &[0x7f]),
            ("128", &[0xcc, 0x80]),
            ("-1", &[0xff]),
            ("-129", &[0xd1, 0xff, 0x7f]),
            ("18446744073709551615", &[0xcf, 255, 255, 255, 255, 255, 255, 255, 255]),
            ("-9223372036854775808", &[0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]),
            ("1.5", &[0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]),
            (r#""hé""#, &[0xa3, b'h', 0xc3, 0xa9]),
            (r#"{"a":[1,{}]}"#, &[0x81, 0xa1, b'a', 0x92, 1, 0x80]),
        ] {
            assert_eq!(packed(json), bytes, "{json}");
            assert_eq!(printed(bytes).as_deref(), Some(json));
        }
    }

    #[test]
    fn every_length_of_a_collection_is_told_in_front() {
        for count in [0, 1, 15, 16, 17, 65_535, 65_536, 70_000] {
            let list = Value::from(vec![7; count]).to_string();
            let object: Map<String, Value> =
                (0..count).map(|n| (n.to_string(), json!(n))).collect();
            let object = Value::Object(object).to_string();
            for json in [list, object] {
                let bytes = packed(&json);
                let library: Value = rmp_serde::from_slice(&bytes).unwrap();
                assert_eq!(library.to_string(), json);
                assert_eq!(printed(&bytes), Some(json));
            }
        }
    }

    #[test]
    fn members_that_stand_twice_stay_two() {
        let twice = r#"{"a":1,"a":2}"#;
        assert_eq!(printed(&packed(twice)).as_deref(), Some(twice));
    }

    #[test]
    fn what_json_does_not_have_is_refused() {
        let nan = [&[0xcb][..], &f64::NAN.to_be_bytes()].concat();
        let deep = [vec![0x91; DEPTH_MAX + 1], vec![0xc0]].concat();
        for wrong in [
            &[][..],
            &[0xc1],
            &[0xc0, 0xc0],
            &[0xc4, 1, 0],
            &[0xd4, 1, 0],
            &nan,
            &[0xca, 0x7f, 0x80, 0, 0],
            &[0xa1, 0xff],
            &[0xa3, 0xed, 0xa0, 0x80],
            &[0x81, 1, 1],
            &[0x81, 0xc0, 1],
            &[0x81, 0xc4, 1, b'a', 1],
            &[0x81, 0xa1, b'a'],
            &[0xdd, 255, 255, 255, 255],
            &[0xdf, 255, 255, 255, 255, 0xa1],
            &[0xdb, 255, 255, 255, 255],
            &deep,
            &vec![0x91; 64 * 1024],
        ] {
            assert_eq!(printed(wrong), None, "{:?}", &wrong[..wrong.len().min(8)]);
        }
        assert!(printed(&deep[1..]).is_some());
        assert_eq!(from_json(b"{", &mut Vec::new()), Err(NotAValue));
        assert_eq!(from_json(b"1 2", &mut Vec::new()), Err(NotAValue));
    }

    fn value() -> impl Strategy<Value = Value> {
        let number = prop_oneof![
            any::<u64>().prop_map(Number::from),
            any::<i64>().prop_map(Number::from),
            any::<f64>().prop_filter_map("finite", Number::from_f64),
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            number.prop_map(Value::Number),
            any::<String>().prop_map(Value::String),
        ];
        leaf.prop_recursive(5, 64, 20, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..20).prop_map(Value::Array),
                prop::collection::vec((any::<String>(), inner), 0..20)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn there_and_back_nothing_is_lost(value in value()) {
            let json = value.to_string();
            let bytes = packed(&json);
            prop_assert_eq!(&rmp_serde::from_slice::<Value>(&bytes).unwrap(), &value);
            prop_assert_eq!(printed(&bytes).unwrap(), json);
        }

        #[test]
        fn whatever_comes_is_json_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(json) = printed(&bytes) {
                prop_assert!(serde_json::from_str::<&serde_json::value::RawValue>(&json).is_ok());
            }
        }
    }
}
