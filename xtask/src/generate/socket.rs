//! What is spoken over the socket, for TypeScript: the commands with what they take and answer, and
//! the events with what they tell.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

/// The AsyncAPI description, as far as types need it.
pub(super) struct Socket {
    schemas: Value,
    /// Method to the names of the schemas of its request and reply.
    commands: BTreeMap<String, (String, String)>,
    /// Event to the name of the schema of its data.
    events: BTreeMap<String, String>,
}

impl Socket {
    /// Reads an AsyncAPI description.
    ///
    /// # Errors
    /// When it is not made as the server makes it.
    pub(super) fn read(asyncapi: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(asyncapi).map_err(|e| e.to_string())?;
        let components = &document["components"];
        let messages =
            components["messages"].as_object().ok_or("the AsyncAPI document has no messages")?;
        let mut commands = BTreeMap::new();
        let mut events = BTreeMap::new();
        for (name, message) in messages {
            let fields = &message["payload"]["properties"];
            if fields["method"].is_object() {
                let reply = &messages
                    .get(&format!("{name}.result"))
                    .ok_or_else(|| format!("`{name}` has no reply"))?["payload"]["properties"];
                let pair = (schema(name, &fields["params"])?, schema(name, &reply["result"])?);
                commands.insert(name.clone(), pair);
            } else if fields["event"].is_object() {
                events.insert(name.clone(), schema(name, &fields["data"])?);
            }
        }
        Ok(Self { schemas: components["schemas"].clone(), commands, events })
    }

    /// The schemas alone, as an OpenAPI description.
    pub(super) fn as_openapi(&self) -> String {
        json!({
            "openapi": "3.1.0",
            "info": { "title": "Hoopoe, the socket", "version": "1" },
            "paths": {},
            "components": { "schemas": self.schemas },
        })
        .to_string()
    }

    /// Two maps over the types of those schemas.
    pub(super) fn as_typescript(&self) -> String {
        let mut text = String::from("/** Commands by method: what each takes and answers. */\n");
        text.push_str("export interface Commands {\n");
        for (name, (params, result)) in &self.commands {
            let [params, result] = [params, result].map(|name| typed(name));
            let _ = writeln!(text, "    \"{name}\": {{ params: {params}; result: {result} }};");
        }
        text.push_str("}\n\n/** Events by name: what each tells in `data`. */\n");
        text.push_str("export interface Events {\n");
        for (name, data) in &self.events {
            let _ = writeln!(text, "    \"{name}\": {};", typed(data));
        }
        text.push_str("}\n");
        text
    }
}

fn typed(schema: &str) -> String {
    format!("components[\"schemas\"][\"{schema}\"]")
}

fn schema(of: &str, reference: &Value) -> Result<String, String> {
    let name =
        reference["$ref"].as_str().and_then(|path| path.strip_prefix("#/components/schemas/"));
    name.map(str::to_owned).ok_or_else(|| format!("`{of}` has a part without a schema of its own"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_events_are_told_by_their_schemas() {
        let part = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
        let message = |fields: Value| json!({ "payload": { "properties": fields } });
        let document = json!({ "components": {
            "schemas": { "Ask": {}, "Answer": {}, "News": {} },
            "messages": {
                "a.ask": message(json!({ "method": { "const": "a.ask" }, "params": part("Ask") })),
                "a.ask.result": message(json!({ "result": part("Answer") })),
                "a.came": message(json!({ "event": { "const": "a.came" }, "data": part("News") })),
            },
        }});
        let socket = Socket::read(&document.to_string()).expect("it is whole");
        let text = socket.as_typescript();
        assert!(text.contains(
            "\"a.ask\": { params: components[\"schemas\"][\"Ask\"]; \
             result: components[\"schemas\"][\"Answer\"] };"
        ));
        assert!(text.contains("\"a.came\": components[\"schemas\"][\"News\"];"));
        assert!(socket.as_openapi().contains("\"News\""));
    }
}
