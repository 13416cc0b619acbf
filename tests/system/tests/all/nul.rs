//! U+0000 in every text of every command, taken from the server's own description of itself: a
//! refusal that points at it, on both databases, for commands that come later too.

use hoopoe_testkit::{harness::fail, rest::Rest, server::run_cli};
use serde_json::{Map, Value, json};

use crate::house::{House, Store, text};

/// A text that PostgreSQL cannot keep.
const BAD: &str = "a\0b";

/// One command, with what a legal request of it may look like.
struct Command {
    name: String,
    method: String,
    path: String,
    /// Parameters and fields by name: where they travel, and their schemas.
    fields: Vec<(String, Place, Value)>,
    needs: Vec<String>,
    security: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Query,
    Body,
}

/// Puts definitions in the place of references.
fn resolve(value: &Value, document: &Value) -> Value {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                let target = document.pointer(reference.trim_start_matches('#'));
                return resolve(target.unwrap_or_else(|| fail(reference.clone())), document);
            }
            let members =
                members.iter().map(|(name, value)| (name.clone(), resolve(value, document)));
            Value::Object(members.collect())
        }
        Value::Array(items) => items.iter().map(|item| resolve(item, document)).collect(),
        other => other.clone(),
    }
}

fn commands(document: &Value) -> Vec<Command> {
    let mut commands = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, about) in methods.as_object().unwrap() {
            let parameters = resolve(&about["parameters"], document);
            let schema = &about["requestBody"]["content"]["application/json"]["schema"];
            let body = resolve(schema, document);
            let mut fields = Vec::new();
            let mut needs = Vec::new();
            for one in parameters.as_array().into_iter().flatten() {
                let place = match one["in"].as_str() {
                    Some("path") => Place::Path,
                    Some("query") => Place::Query,
                    _ => continue,
                };
                if one["required"] == true {
                    needs.push(text(&one["name"]));
                }
                fields.push((text(&one["name"]), place, one["schema"].clone()));
            }
            for (name, schema) in body["properties"].as_object().into_iter().flatten() {
                fields.push((name.clone(), Place::Body, schema.clone()));
            }
            needs.extend(body["required"].as_array().into_iter().flatten().map(text));
            let security = about["security"].to_string();
            let name = text(&about["operationId"]);
            let (method, path) = (method.to_uppercase(), path.clone());
            commands.push(Command { name, method, path, fields, needs, security });
        }
    }
    commands
}

/// A value that the schema allows.
fn sample(schema: &Value) -> Value {
    for one in ["const", "default"] {
        if let Some(value) = schema.get(one).filter(|value| !value.is_null()) {
            return value.clone();
        }
    }
    for one in ["enum", "examples"] {
        if let Some(value) = schema[one].as_array().and_then(|values| values.first()) {
            return value.clone();
        }
    }
    for one in ["oneOf", "anyOf", "allOf"] {
        if let Some(first) = schema[one].as_array().and_then(|schemas| schemas.first()) {
            return sample(first);
        }
    }
    match kind(schema) {
        "string" => json!("x"),
        "integer" | "number" => json!(schema["minimum"].as_i64().unwrap_or(1).max(1)),
        "boolean" => json!(true),
        "array" => json!([]),
        _ => {
            let needs = schema["required"].as_array().into_iter().flatten().map(text);
            let members = needs.map(|name| (name.clone(), sample(&schema["properties"][&name])));
            Value::Object(members.collect())
        }
    }
}

fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or(""),
        kind => kind.as_str().unwrap_or(""),
    }
}

/// Values of this schema with the bad text in one place each, with the pointers to it. `None`: the
/// text stands where an id is wanted, so that it names nothing.
fn spoiled(schema: &Value) -> Vec<(Option<String>, Value)> {
    let alternatives = ["oneOf", "anyOf", "allOf"].iter().filter_map(|one| schema[one].as_array());
    let mut out: Vec<_> = alternatives.flatten().flat_map(spoiled).collect();
    match kind(schema) {
        "string" if schema.get("enum").is_some() || schema.get("const").is_some() => {}
        "string" => {
            let pointer = schema.get("pattern").is_none().then(String::new);
            out.push((pointer, json!(BAD)));
        }
        "array" => {
            let inside = spoiled(&schema["items"]).into_iter();
            out.extend(inside.map(|(at, value)| (at.map(|at| format!("/0{at}")), json!([value]))));
        }
        "object" => {
            for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
                for (at, value) in spoiled(inner) {
                    let mut whole = sample(schema);
                    whole[name] = value;
                    out.push((at.map(|at| format!("/{name}{at}")), whole));
                }
            }
            if schema.get("properties").is_none() {
                out.push((Some("/k/0".to_owned()), json!({"k": [BAD]})));
                out.push((Some(format!("/{BAD}")), json!({BAD: 1})));
            }
        }
        _ => {}
    }
    out
}

impl Command {
    /// Address and body of a request with these fields.
    fn request(&self, values: &Map<String, Value>) -> (String, Option<Value>) {
        let mut path = self.path.clone();
        let (mut query, mut body) = (String::new(), Map::new());
        for (name, value) in values {
            let (_, place, _) = self.fields.iter().find(|(known, ..)| known == name).unwrap();
            let plain = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let plain = plain.replace('\0', "%00");
            match place {
                Place::Path => path = path.replace(&format!("{{{name}}}"), &plain),
                Place::Query => query.push_str(&format!("&{name}={plain}")),
                Place::Body => {
                    body.insert(name.clone(), value.clone());
                }
            }
        }
        let body = (!body.is_empty()).then_some(Value::Object(body));
        (format!("{path}?{query}").trim_end_matches('?').to_owned(), body)
    }

    fn caller<'a>(&self, user: &'a Rest, server: &'a Rest, admin: &'a Rest) -> &'a Rest {
        match () {
            () if self.security.contains("userToken") => user,
            () if self.security.contains("serverKey") => server,
            () => admin,
        }
    }
}

async fn everywhere(store: Store) {
    let house = House::open_with(store, |launch| launch).await.with_people(&["ann"]).await;
    let user = house.rest.with_token("ann", house.token("ann"), &house.journal);
    let words = ["admin", "key", "create", "--json"];
    let made = run_cli(house.server.launched(), &words).await.json();
    let admin = house.rest.bearing(&text(&made["admin_key"]));
    let document = user.request("GET", "/v1/openapi.json", None).await.body;
    let (mut refused, mut unknown) = (0, 0);
    for command in commands(&document) {
        let rest = command.caller(&user, &house.rest, &admin);
        for (name, place, schema) in &command.fields {
            for (pointer, value) in spoiled(schema) {
                // A list travels in an address as its items with commas between.
                let value = match value.as_array() {
                    Some(items) if *place != Place::Body => items[0].clone(),
                    _ => value,
                };
                let mut values = Map::new();
                for (other, _, schema) in &command.fields {
                    if command.needs.contains(other) {
                        values.insert(other.clone(), sample(schema));
                    }
                }
                values.insert(name.clone(), value);
                let (address, body) = command.request(&values);
                let reply = rest.request(&command.method, &address, body.as_ref()).await;
                let told = format!("{} {address} {body:?}: {reply:?}", command.name);
                match pointer {
                    Some(at) => {
                        assert_eq!(reply.status, 422, "{told}");
                        assert_eq!(
                            reply.body["errors"][0]["pointer"],
                            format!("/{name}{at}"),
                            "{told}"
                        );
                        refused += 1;
                    }
                    None => {
                        assert!(reply.status < 500, "{told}");
                        unknown += 1;
                    }
                }
            }
        }
    }
    assert!(
        refused > 40 && unknown > 20,
        "{refused} and {unknown}: the document was not understood"
    );
}

#[tokio::test]
async fn no_command_takes_a_text_with_a_nul() {
    everywhere(Store::Embedded).await;
}

#[tokio::test]
async fn no_command_takes_a_text_with_a_nul_on_postgres() {
    everywhere(Store::Postgres).await;
}
