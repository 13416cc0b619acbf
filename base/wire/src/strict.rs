//! JSON objects of the app's own, read as strictly as everything else: a name that stands twice is
//! refused, not decided by its place, and depth has its limit.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Number, Value};

use crate::{Metadata, limits};

/// For `#[serde(deserialize_with = "…")]` of a [`Metadata`].
///
/// # Errors
/// When it is no object, a name stands twice in it, or it is too deep.
pub fn metadata<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Metadata, D::Error> {
    match (Level(limits::JSON_DEPTH_MAX)).deserialize(deserializer)? {
        Value::Object(metadata) => Ok(metadata),
        _ => Err(D::Error::custom("metadata is an object")),
    }
}

/// The same for one that may be left out, or be null.
///
/// # Errors
/// As [`metadata`].
pub fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Metadata>, D::Error> {
    struct Inner(Metadata);

    impl<'de> Deserialize<'de> for Inner {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            metadata(deserializer).map(Self)
        }
    }

    Ok(Option::<Inner>::deserialize(deserializer)?.map(|Inner(metadata)| metadata))
}

/// For a field that is an object of ours, or left out, or null. Decoding would take a list of the
/// fields' values in their order for it.
///
/// # Errors
/// When it is anything else, or not such an object.
pub fn object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Object<T>>::deserialize(deserializer)?.map(|Object(value)| value))
}

/// The same for a list of objects.
///
/// # Errors
/// When one of them is none.
pub fn objects<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let list = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(list.into_iter().map(|Object(value)| value).collect())
}

/// What is read from an object only.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData)).map(Self)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members))
    }
}

/// A value that may have this many levels.
struct Level(usize);

impl Level {
    fn below<E: Error>(&self) -> Result<Self, E> {
        self.0.checked_sub(1).map(Self).ok_or_else(|| E::custom("it is too deep"))
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.below()?)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(self.below()?)?;
            // The names of the app's own data go into no message: they may say too much.
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice in it"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Metadata, String> {
        metadata(&mut serde_json::Deserializer::from_str(json)).map_err(|e| e.to_string())
    }

    #[test]
    fn what_is_right_is_read_as_ever() {
        let json = r#"{"a":[1,-2,0.5,"x",null,true,{"b":{}}],"c":18446744073709551615}"#;
        assert_eq!(read(json), Ok(serde_json::from_str(json).unwrap()));
        let none = optional(&mut serde_json::Deserializer::from_str("null"));
        assert_eq!(none.unwrap(), None);
    }

    #[test]
    fn an_object_is_no_list_of_its_values() {
        use crate::accounts::{BatchUsers, IssueToken};
        let token = |json: &str| serde_json::from_str::<IssueToken>(json);
        assert!(token(r#"{"user":"a","device":{"platform":"ios"}}"#).unwrap().device.is_some());
        assert!(token(r#"{"user":"a","device":null}"#).unwrap().device.is_none());
        assert!(token(r#"{"user":"a"}"#).unwrap().device.is_none());
        assert!(token(r#"{"user":"a","device":[null,null]}"#).is_err());
        assert!(token(r#"{"user":"a","device":{"x":1}}"#).is_err());
        let batch = |json: &str| serde_json::from_str::<BatchUsers>(json);
        assert_eq!(batch(r#"{"users":[{"id":"a"}]}"#).unwrap().users.len(), 1);
        assert!(batch(r#"{"users":[["a"]]}"#).is_err());
    }

    #[test]
    fn names_stand_once_and_depth_has_its_limit() {
        for twice in [r#"{"a":1,"a":1}"#, r#"{"a":[{"b":1,"b":2}]}"#, r#"{"a":1,"\u0061":2}"#] {
            assert!(read(twice).is_err_and(|words| words.contains("twice")), "{twice}");
        }
        let deep = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        assert!(read(&deep(limits::JSON_DEPTH_MAX)).is_ok());
        let words = read(&deep(limits::JSON_DEPTH_MAX + 1)).unwrap_err();
        assert!(words.contains("too deep"), "{words}");
        for other in ["[]", "1", "\"a\"", "null"] {
            assert!(read(other).is_err(), "{other}");
        }
    }
}
