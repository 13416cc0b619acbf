//! REST requests as the registry wants them: one JSON object from path, query and body.

use std::collections::BTreeMap;

use hoopoe_wire::codes;

use crate::Fail;

/// How a field that travels in a path or a query is written in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldKind {
    Integer,
    Boolean,
    Text,
    TextList,
}

/// Fields of a request by name.
pub(crate) type Fields = BTreeMap<String, FieldKind>;

/// Reads which fields a request has from its JSON Schema.
pub(crate) fn fields(schema: &serde_json::Value) -> Fields {
    let Some(properties) = schema.get("properties").and_then(|value| value.as_object()) else {
        return Fields::new();
    };
    properties.iter().map(|(name, schema)| (name.clone(), kind(schema))).collect()
}

fn kind(schema: &serde_json::Value) -> FieldKind {
    let named = |wanted: &str| match schema.get("type") {
        Some(serde_json::Value::String(name)) => name == wanted,
        Some(serde_json::Value::Array(names)) => names.iter().any(|name| name == wanted),
        _ => false,
    };
    if named("integer") {
        FieldKind::Integer
    } else if named("boolean") {
        FieldKind::Boolean
    } else if named("array") {
        FieldKind::TextList
    } else {
        FieldKind::Text
    }
}

/// Puts path and query parameters in front of the body's members. A name that stands in two places
/// is then a duplicate field, which decoding refuses.
pub(crate) fn splice(
    fields: &Fields,
    params: &[(&str, &str)],
    body: &[u8],
) -> Result<Vec<u8>, Fail> {
    let is_absent = body.is_empty();
    let body = body.trim_ascii();
    // Nothing at all is a request without a body; a body of blanks is no JSON.
    if body.is_empty() && !is_absent {
        return Err(Fail::new(&codes::BAD_JSON));
    }
    if params.is_empty() && !body.is_empty() {
        return Ok(body.to_vec());
    }
    let mut out = Vec::with_capacity(body.len() + 64 * params.len() + 2);
    out.push(b'{');
    for (name, value) in params {
        if out.len() > 1 {
            out.push(b',');
        }
        write_text(&mut out, name);
        out.push(b':');
        let kind = fields.get(*name).copied().unwrap_or(FieldKind::Text);
        write_value(&mut out, kind, value);
    }
    let rest = match body {
        [] => b"}".as_slice(),
        [b'{', rest @ ..] => rest,
        _ => return Err(Fail::new(&codes::BAD_JSON)),
    };
    let has_members = rest.trim_ascii_start().first().is_some_and(|byte| *byte != b'}');
    if out.len() > 1 && has_members {
        out.push(b',');
    }
    out.extend_from_slice(rest);
    Ok(out)
}

fn write_value(out: &mut Vec<u8>, kind: FieldKind, value: &str) {
    match kind {
        // A number that is none goes on as a text, and decoding points at it.
        FieldKind::Integer if value.parse::<i128>().is_ok() => {
            // Written anew, because `+7` and `007` are numbers here but not in JSON.
            let number = value.parse::<i128>().unwrap_or_default();
            out.extend_from_slice(number.to_string().as_bytes());
        }
        FieldKind::Boolean if matches!(value, "true" | "false") => {
            out.extend_from_slice(value.as_bytes());
        }
        FieldKind::TextList => {
            out.push(b'[');
            for (index, item) in value.split(',').enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_text(out, item);
            }
            out.push(b']');
        }
        _ => write_text(out, value),
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    // Writing a str as JSON into memory cannot fail: no I/O, no map keys.
    if serde_json::to_writer(&mut *out, text).is_err() {
        out.extend_from_slice(b"\"\"");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn joined(params: &[(&str, &str)], body: &str) -> String {
        let schema = json!({"properties": {
            "limit": {"type": ["integer", "null"]},
            "all": {"type": "boolean"},
            "users": {"type": "array"},
        }});
        String::from_utf8(splice(&fields(&schema), params, body.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn path_and_query_stand_before_the_body() {
        assert_eq!(joined(&[], r#"{"a":1}"#), r#"{"a":1}"#);
        assert_eq!(joined(&[], ""), "{}");
        assert_eq!(joined(&[("c", "x\"y")], r#" {"a":1} "#), r#"{"c":"x\"y","a":1}"#);
        assert_eq!(joined(&[("c", "x")], "{ }"), r#"{"c":"x" }"#);
        assert_eq!(
            joined(&[("limit", "+050"), ("all", "true"), ("users", "a,b")], ""),
            r#"{"limit":50,"all":true,"users":["a","b"]}"#
        );
    }

    #[test]
    fn what_is_no_number_stays_a_text() {
        assert_eq!(joined(&[("limit", "5x")], ""), r#"{"limit":"5x"}"#);
        assert_eq!(joined(&[("limit", "1e3")], ""), r#"{"limit":"1e3"}"#);
    }

    #[test]
    fn a_body_that_is_no_object_is_refused() {
        for body in ["[1]", " \t", "\n"] {
            assert!(splice(&Fields::new(), &[("c", "x")], body.as_bytes()).is_err(), "{body:?}");
        }
    }
}
