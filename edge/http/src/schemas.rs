//! JSON Schemas as the documents need them: shared definitions under `components`, requests taken
//! apart into path, query and body.

use std::collections::BTreeSet;

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Where both documents keep their definitions.
pub(crate) const PREFIX: &str = "#/components/schemas/";

/// JSON objects of the documents; their members come out sorted, so that documents are stable.
pub(crate) type Object = Map<String, Value>;

/// A generator whose references point into `components`.
pub(crate) fn generator() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    settings.into_generator()
}

/// A request taken apart.
#[derive(Debug, Default)]
pub(crate) struct Request {
    /// Its name among the definitions, when it has one.
    pub(crate) name: Option<String>,
    /// Fields in the path's order.
    pub(crate) path: Vec<Field>,
    /// All other fields, where they travel in the query.
    pub(crate) query: Vec<Field>,
    /// What is left, where it travels in the body; `None`: no body.
    pub(crate) body: Option<Body>,
}

/// One parameter.
#[derive(Debug)]
pub(crate) struct Field {
    /// Its name.
    pub(crate) name: String,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// Its schema, without the description.
    pub(crate) schema: Value,
    /// What it means.
    pub(crate) doc: Option<String>,
}

/// A body.
#[derive(Debug)]
pub(crate) struct Body {
    /// Its schema.
    pub(crate) schema: Value,
    /// Whether some field of it must be there.
    pub(crate) required: bool,
    /// Whether fields were taken out, so that it is no longer the request as it is defined.
    pub(crate) reduced: bool,
}

/// Takes a request apart for an address. `in_query` says where the rest goes.
pub(crate) fn take_apart(
    generator: &SchemaGenerator,
    request: Schema,
    path: &str,
    in_query: bool,
) -> Request {
    let reference = request.get("$ref").and_then(Value::as_str);
    let name = reference.and_then(|text| text.strip_prefix(PREFIX)).map(str::to_owned);
    let defined = name.as_ref().and_then(|name| generator.definitions().get(name));
    let mut schema = defined.cloned().unwrap_or_else(|| request.to_value());
    let mut out = Request { name, ..Request::default() };
    for name in path_params(path) {
        // A path names a field that the request does not list only when the request has no fixed
        // fields; it is then a text.
        let field = take_field(&mut schema, name).unwrap_or_else(|| Field::text(name));
        out.path.push(Field { required: true, ..field });
    }
    if in_query {
        let rest: Vec<String> = properties(&schema).map(|(name, _)| name.clone()).collect();
        out.query = rest.iter().filter_map(|name| take_field(&mut schema, name)).collect();
        return out;
    }
    let has_fields = properties(&schema).next().is_some();
    let has_variants = ["oneOf", "anyOf", "allOf"].iter().any(|word| schema.get(*word).is_some());
    if has_fields || has_variants {
        let required = has_variants || required(&schema).next().is_some();
        out.body = Some(Body { schema, required, reduced: !out.path.is_empty() });
    }
    out
}

impl Field {
    fn text(name: &str) -> Self {
        let schema = json!({"type": "string"});
        Self { name: name.to_owned(), required: true, schema, doc: None }
    }
}

/// The names in braces.
pub(crate) fn path_params(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split('}').next())
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str)
}

fn take_field(schema: &mut Value, name: &str) -> Option<Field> {
    let is_required = required(schema).any(|other| other == name);
    let mut field = schema.get_mut("properties")?.as_object_mut()?.remove(name)?;
    let left: Vec<Value> =
        required(schema).filter(|other| *other != name).map(Value::from).collect();
    if let Some(object) = schema.as_object_mut() {
        match left.is_empty() {
            true => object.remove("required"),
            false => object.insert("required".to_owned(), left.into()),
        };
    }
    let doc = field.as_object_mut().and_then(|object| object.remove("description"));
    let doc = doc.as_ref().and_then(Value::as_str).map(str::to_owned);
    Some(Field { name: name.to_owned(), required: is_required, schema: field, doc })
}

/// The definitions that something refers to, directly or through others, beginning at `root`.
pub(crate) fn reachable(definitions: &Object, root: &Value) -> Object {
    let mut found = BTreeSet::new();
    let mut pending = references(root);
    while let Some(name) = pending.pop() {
        if let Some(definition) = definitions.get(&name)
            && found.insert(name)
        {
            pending.extend(references(definition));
        }
    }
    let kept = found.into_iter().filter_map(|name| {
        let definition = definitions.get(&name)?.clone();
        Some((name, definition))
    });
    kept.collect()
}

fn references(value: &Value) -> Vec<String> {
    let mut out = Vec::new();
    visit_references(value, &mut |reference| {
        out.extend(reference.strip_prefix(PREFIX).map(str::to_owned));
    });
    out
}

/// Calls `visit` with every `$ref` in a document.
pub(crate) fn visit_references(value: &Value, visit: &mut dyn FnMut(&str)) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(reference) if key == "$ref" => visit(reference),
                    _ => visit_references(value, visit),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit_references(item, visit)),
        _ => {}
    }
}

/// The first paragraph of a doc text, and the rest.
pub(crate) fn summary(doc: &str) -> (&str, Option<&str>) {
    match doc.split_once("\n\n") {
        Some((first, rest)) => (first.trim(), Some(rest.trim())),
        None => (doc.trim(), None),
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;

    use super::*;

    /// A request.
    #[derive(JsonSchema, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the schema is looked at")]
    struct Sample {
        /// Where.
        conversation: hoopoe_wire::ConversationId,
        /// How many.
        limit: Option<u32>,
        /// What.
        text: String,
    }

    fn apart(path: &str, in_query: bool) -> Request {
        let mut generator = generator();
        let schema = generator.subschema_for::<Sample>();
        take_apart(&generator, schema, path, in_query)
    }

    #[test]
    fn fields_go_where_they_travel() {
        let request = apart("/v1/c/{conversation}/x", false);
        assert_eq!(request.name.as_deref(), Some("Sample"));
        assert_eq!(request.path[0].name, "conversation");
        assert!(request.path[0].required && request.query.is_empty());
        let body = request.body.expect("two fields are left");
        assert!(body.required && body.reduced);
        assert_eq!(body.schema["required"], json!(["text"]));
        assert_eq!(body.schema["additionalProperties"], json!(false));
        assert!(body.schema["properties"].get("conversation").is_none());

        let request = apart("/v1/c/{conversation}/x", true);
        let query: Vec<_> = request.query.iter().map(|f| (f.name.as_str(), f.required)).collect();
        assert_eq!(query, [("limit", false), ("text", true)]);
        assert_eq!(request.query[0].doc.as_deref(), Some("How many."));
        assert!(request.body.is_none());
    }

    #[test]
    fn what_nothing_refers_to_is_left_out() {
        let definitions = json!({
            "A": {"items": {"$ref": "#/components/schemas/B"}},
            "B": {"properties": {"a": {"$ref": "#/components/schemas/A"}}},
            "C": {},
        });
        let root = json!({"x": [{"$ref": "#/components/schemas/A"}]});
        let kept = reachable(definitions.as_object().unwrap(), &root);
        assert_eq!(kept.keys().collect::<Vec<_>>(), ["A", "B"]);
    }

    #[test]
    fn docs_begin_with_a_summary() {
        assert_eq!(summary("One.\n\nMore.\nAnd."), ("One.", Some("More.\nAnd.")));
        assert_eq!(summary("One."), ("One.", None));
    }
}
