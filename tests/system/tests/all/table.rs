//! The command table as the server itself prints it, and requests made from it.

use std::collections::BTreeMap;

use hoopoe_testkit::{harness::fail, rest::Rest};
use serde_json::{Map, Value, json};

/// One command of the table, with what a request needs.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// Kinds of callers: `userToken`, `serverKey`, `adminKey`; none: everybody.
    pub(crate) callers: Vec<String>,
    /// The smallest body that its schema allows.
    body: Option<Map<String, Value>>,
    /// Query parameters that it cannot do without.
    query: Map<String, Value>,
}

/// Where the schema does not say all: what else a request needs to be a right one. A new command
/// whose smallest request is refused with 422 gets a row here.
const MORE: &[(&str, &str)] = &[
    ("messages.send", r#"{"text":"hello"}"#),
    ("members.add", r#"{"users":["dan"]}"#),
    ("users.set_password", r#"{"password":"seven hoopoes on a wall"}"#),
];

impl Operation {
    /// The names in the path, in their order.
    pub(crate) fn params(&self) -> Vec<String> {
        let parts = self.path.split('{').skip(1);
        parts.filter_map(|rest| rest.split('}').next()).map(str::to_owned).collect()
    }

    /// The address with these values, and the body.
    pub(crate) fn request(&self, values: &BTreeMap<String, String>) -> (String, Option<Value>) {
        let mut path = self.path.clone();
        for (name, value) in values {
            path = path.replace(&format!("{{{name}}}"), &escaped(value));
        }
        for (index, (name, value)) in self.query.iter().enumerate() {
            let mark = if index == 0 { '?' } else { '&' };
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            path.push_str(&format!("{mark}{name}={}", escaped(&value)));
        }
        (path, self.body.clone().map(Value::Object))
    }

    /// The same as params of a socket's frame.
    pub(crate) fn frame(&self, values: &BTreeMap<String, String>) -> Value {
        let mut params = self.body.clone().unwrap_or_default();
        params.extend(self.query.clone());
        for (name, value) in values {
            let number = value.parse::<i64>().ok().filter(|_| name == "seq");
            params.insert(name.clone(), number.map_or_else(|| json!(value), |n| json!(n)));
        }
        Value::Object(params)
    }
}

/// All commands of a running server.
pub(crate) async fn operations(rest: &Rest) -> Vec<Operation> {
    let document = rest.request("GET", "/v1/openapi.json", None).await.body;
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap_or_else(|| fail("no paths")) {
        for (method, told) in methods.as_object().into_iter().flatten() {
            if path.starts_with("/v1/") {
                all.push(operation(&document, path, method, told));
            }
        }
    }
    assert!(all.len() > 25, "{} commands", all.len());
    all
}

fn operation(document: &Value, path: &str, method: &str, told: &Value) -> Operation {
    let name = told["operationId"].as_str().unwrap_or_default().to_owned();
    let callers = told["security"].as_array().into_iter().flatten();
    let callers = callers.filter_map(|one| one.as_object()?.keys().next().cloned()).collect();
    let schema = &told["requestBody"]["content"]["application/json"]["schema"];
    let mut body = (!schema.is_null()).then(|| match smallest(document, schema) {
        Value::Object(object) => object,
        other => fail(format!("{name}: a body that is {other}")),
    });
    if let Some((_, more)) = MORE.iter().find(|(of, _)| *of == name) {
        let more: Map<String, Value> = serde_json::from_str(more).unwrap_or_default();
        body.get_or_insert_default().extend(more);
    }
    let mut query = Map::new();
    for parameter in told["parameters"].as_array().into_iter().flatten() {
        let parameter = resolve(document, parameter);
        if parameter["in"] == "query" && parameter["required"] == true {
            let name = parameter["name"].as_str().unwrap_or_default().to_owned();
            query.insert(name, smallest(document, &parameter["schema"]));
        }
    }
    let (method, path) = (method.to_uppercase(), path.to_owned());
    Operation { name, method, path, callers, body, query }
}

fn resolve<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let Some(reference) = value["$ref"].as_str() else { return value };
    let found = document.pointer(reference.trim_start_matches('#'));
    found.map_or_else(
        || fail(format!("{reference} leads nowhere")),
        |found| resolve(document, found),
    )
}

/// The smallest value that a schema allows.
fn smallest(document: &Value, schema: &Value) -> Value {
    let schema = resolve(document, schema);
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(first) = schema[choice].as_array().and_then(|all| all.first()) {
            return smallest(document, first);
        }
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().cloned().unwrap_or_default(),
        one => one.clone(),
    };
    match kind.as_str().unwrap_or("object") {
        "string" => json!("x"),
        "integer" | "number" => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        "boolean" => json!(true),
        "array" => json!([smallest(document, &schema["items"])]),
        _ => {
            let required = schema["required"].as_array().into_iter().flatten();
            let member = |name: &Value| {
                let name = name.as_str().unwrap_or_default();
                (name.to_owned(), smallest(document, &schema["properties"][name]))
            };
            Value::Object(required.map(member).collect())
        }
    }
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@:".contains(&byte);
    let escape = |byte: u8| match plain(byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}
