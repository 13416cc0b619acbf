//! From JSON to a typed request, and where it is wrong.

use hoopoe_wire::codes;
use memchr::{memchr, memmem};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Fail;

/// How JSON writes U+0000; the character itself stands in no JSON.
const NUL: &[u8] = br"\u0000";

/// Decodes a request: 400 for what is no JSON, 422 with pointers for what is wrong. Only a request
/// that is wrong is read again to find out where.
pub fn decode<Req: DeserializeOwned + JsonSchema>(json: &[u8]) -> Result<Req, Fail> {
    // Decoding would take a list of the fields' values in their order for an object.
    if !json.trim_ascii_start().starts_with(b"{") {
        return Err(Fail::new(&codes::BAD_JSON).with_detail("a request is one JSON object"));
    }
    match serde_json::from_slice(json) {
        Ok(request) => match find_nul::<Req>(json) {
            None => Ok(request),
            Some(pointer) => Err(Fail::field(&pointer, "invalid", "a text has no U+0000")),
        },
        Err(error) if error.is_data() => Err(locate::<Req>(json, &error)),
        Err(error) => Err(Fail::new(&codes::BAD_JSON).with_detail(format!(
            "line {}, column {}",
            error.line(),
            error.column()
        ))),
    }
}

fn locate<Req: DeserializeOwned>(json: &[u8], plain: &serde_json::Error) -> Fail {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let (path, words) = match serde_path_to_error::deserialize::<_, Req>(&mut deserializer) {
        Ok(_) => (None, plain.to_string()),
        Err(error) => (Some(error.path().clone()), error.inner().to_string()),
    };
    let words = words.split(" at line ").next().unwrap_or_default().to_owned();
    let code = if words.starts_with("unknown field") {
        "unknown"
    } else if words.starts_with("missing field") {
        "missing"
    } else if words.starts_with("duplicate field") {
        "duplicate"
    } else {
        "invalid"
    };
    let mut pointer = path.map(|path| pointer(&path)).unwrap_or_default();
    if let ("missing" | "duplicate", Some(name)) = (code, words.split('`').nth(1))
        && !pointer.ends_with(&format!("/{name}"))
    {
        pointer = format!("{pointer}/{name}");
    }
    Fail::field(&pointer, code, words)
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut out = String::new();
    for segment in path {
        let text = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => escape(key),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => continue,
        };
        out.push('/');
        out.push_str(&text);
    }
    out
}

/// The first text of a request that holds U+0000. PostgreSQL keeps no such text, and a server that
/// took it on one database and not on the other would be two servers. What has a pattern in its
/// schema (ids, above all) is judged by that alone: an id of nothing is not found.
fn find_nul<Req: JsonSchema>(json: &[u8]) -> Option<String> {
    // Nearly all requests end here, most without a single escape.
    memmem::find(&json[memchr(b'\\', json)?..], NUL)?;
    let value = serde_json::from_slice(json).ok()?;
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let schema = settings.into_generator().into_root_schema_for::<Req>();
    nul_below(&value, Some(schema.as_value()))
}

fn nul_below(value: &Value, schema: Option<&Value>) -> Option<String> {
    let below = |name: &str, value: &Value, schema: Option<&Value>| {
        nul_below(value, schema).map(|rest| format!("/{}{rest}", escape(name)))
    };
    match value {
        Value::String(text) => {
            let is_free = schema.is_none_or(|schema| keyword(schema, "pattern").is_none());
            (is_free && text.contains('\0')).then(String::new)
        }
        Value::Array(items) => {
            let schema = schema.and_then(|schema| keyword(schema, "items"));
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| below(&index.to_string(), item, schema))
        }
        Value::Object(members) => {
            let known = schema.and_then(|schema| keyword(schema, "properties"));
            members.iter().find_map(|(name, value)| match name.contains('\0') {
                true => Some(format!("/{}", escape(name))),
                false => below(name, value, known.and_then(|known| known.get(name))),
            })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// What a schema says, itself or in one of its alternatives.
fn keyword<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema.get(name).or_else(|| {
        let alternatives = schema.get("anyOf")?.as_array()?;
        alternatives.iter().find_map(|alternative| alternative.get(name))
    })
}

/// A name as it stands in a JSON Pointer (RFC 6901).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Request {
        #[expect(dead_code, reason = "only decoding is looked at")]
        text: String,
        #[serde(default)]
        #[expect(dead_code, reason = "only decoding is looked at")]
        mentions: Vec<String>,
        #[serde(default)]
        #[expect(dead_code, reason = "only decoding is looked at")]
        whom: Option<hoopoe_wire::UserId>,
        #[serde(default)]
        #[expect(dead_code, reason = "only decoding is looked at")]
        metadata: hoopoe_wire::Metadata,
    }

    fn refusal(json: &str) -> (u16, String, String) {
        let fail = decode::<Request>(json.as_bytes()).expect_err("is wrong");
        let problem = fail.problem(hoopoe_wire::RequestId::NONE);
        let field = problem.errors.first();
        let (pointer, code) =
            field.map(|f| (f.pointer.clone(), f.code.to_string())).unwrap_or_default();
        (problem.status, pointer, code)
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        let found = |status, pointer: &str, code: &str| (status, pointer.into(), code.into());
        assert_eq!(refusal("{"), found(400, "", ""));
        assert_eq!(refusal(r#"{"text":"a"}x"#), found(400, "", ""));
        for other in ["", "null", "[]", r#"["a",["b"]]"#, r#""a""#] {
            assert_eq!(refusal(other), found(400, "", ""), "{other}");
        }
        assert_eq!(refusal("{}"), found(422, "/text", "missing"));
        assert_eq!(refusal(r#"{"text":1}"#), found(422, "/text", "invalid"));
        assert_eq!(refusal(r#"{"text":"a","b":1}"#), found(422, "/b", "unknown"));
        assert_eq!(refusal(r#"{"text":"a","text":"b"}"#), found(422, "/text", "duplicate"));
        assert_eq!(
            refusal(r#"{"text":"a","mentions":["b",2]}"#),
            found(422, "/mentions/1", "invalid")
        );
    }

    #[test]
    fn no_text_holds_a_nul() {
        for (rest, pointer) in [
            (r#""text":"a\u0000""#, "/text"),
            (r#""text":"a","mentions":["b","\u0000c"]"#, "/mentions/1"),
            (r#""text":"a","metadata":{"a/b":[{"c":"\u0000"}]}"#, "/metadata/a~1b/0/c"),
            (r#""text":"a","metadata":{"\u0000":1}"#, "/metadata/\0"),
        ] {
            let json = format!("{{{rest}}}");
            assert_eq!(refusal(&json), (422, pointer.to_owned(), "invalid".to_owned()), "{json}");
        }
        let id = r#"{"text":"a","whom":"b\u0000"}"#;
        assert!(decode::<Request>(id.as_bytes()).is_ok(), "no id, and so not found");
        let talk = r#"{"text":"write \\u0000 for it, or \u0001\n"}"#;
        assert!(decode::<Request>(talk.as_bytes()).is_ok(), "not the character itself");
    }
}
