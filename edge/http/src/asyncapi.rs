//! The AsyncAPI 3.0 document: commands and events on the socket.

use hoopoe_kernel::{Command, Schemas};
use hoopoe_wire::{
    ConversationId, Problem,
    events::{EventInfo, Position},
    page::Empty,
    session::{SessionStarted, StartSession},
};
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use crate::schemas::{self, Object};

/// A method that only the socket has.
struct SocketMethod {
    name: &'static str,
    doc: &'static str,
    schemas: Schemas,
}

const SOCKET_METHODS: &[SocketMethod] = &[
    SocketMethod {
        name: "session.start",
        doc: "Says who is there: the first frame of a client, within five seconds.\n\nThe reply is \
            the first frame of the server. With the `cursor` of an earlier start or sync only the \
            conversations that moved since are listed.",
        schemas: Schemas {
            request: |generator| generator.subschema_for::<StartSession>(),
            reply: |generator| generator.subschema_for::<SessionStarted>(),
        },
    },
    SocketMethod {
        name: "session.sync",
        doc: "Answers after every event that was committed before it: a fence.",
        schemas: Schemas {
            request: |generator| generator.subschema_for::<Empty>(),
            reply: |generator| generator.subschema_for::<Empty>(),
        },
    },
];

/// The document of these commands and events.
pub fn asyncapi<'a>(
    commands: impl Iterator<Item = &'a Command>,
    events: &[EventInfo],
    version: &str,
) -> Value {
    let mut printer = Printer {
        generator: schemas::generator(),
        messages: Object::new(),
        operations: Object::new(),
    };
    for method in SOCKET_METHODS {
        printer.add_method(method.name, method.doc, method.schemas);
    }
    for command in commands {
        let info = command.info();
        printer.add_method(info.name, info.doc, info.schemas);
    }
    printer.add_frames();
    for event in events {
        printer.add_event(event);
    }
    printer.finish(events, version)
}

struct Printer {
    generator: SchemaGenerator,
    messages: Object,
    operations: Object,
}

impl Printer {
    /// Two messages, the frame and its answer, and the operation that ties them.
    fn add_method(&mut self, name: &str, doc: &str, of: Schemas) {
        let request = (of.request)(&mut self.generator).to_value();
        let reply = (of.reply)(&mut self.generator).to_value();
        let (summary, description) = schemas::summary(doc);
        let frame = json!({
            "type": "object",
            "properties": {"id": id(), "method": {"const": name}, "params": request},
            "required": ["id", "method"],
            "additionalProperties": false,
        });
        let answer = json!({
            "type": "object",
            "properties": {"id": id(), "result": reply},
            "required": ["id", "result"],
        });
        let result = format!("{name}.result");
        self.add_message(name, summary, frame);
        self.add_message(&result, &format!("Answers `{name}`."), answer);
        let mut operation = json!({
            "action": "receive",
            "channel": {"$ref": "#/channels/socket"},
            "summary": summary,
            "messages": [on_channel(name)],
            "reply": {
                "channel": {"$ref": "#/channels/socket"},
                "messages": [on_channel(&result), on_channel("error")],
            },
        });
        if let Some(description) = description {
            operation["description"] = description.into();
        }
        self.operations.insert(name.to_owned(), operation);
    }

    fn add_event(&mut self, event: &EventInfo) {
        let data = (event.schema)(&mut self.generator).to_value();
        let mut properties = json!({"event": {"const": event.name}, "data": data});
        let mut required = vec!["event", "data"];
        let is_change = matches!(event.position, Position::Rev | Position::RevOrSnapshot);
        let counter = match event.position {
            Position::Seq => Some(("seq", "Its place in the timeline.")),
            _ if is_change => Some(("rev", "Its place among the changes.")),
            _ => None,
        };
        if let Some((name, doc)) = counter {
            let conversation = self.generator.subschema_for::<ConversationId>().to_value();
            properties["conversation"] = conversation;
            properties[name] = json!({"type": "integer", "minimum": 1, "description": doc});
            properties["members_rev"] = json!({
                "type": "integer",
                "description": "The `rev` at which the members were last changed.",
            });
            required.extend(["conversation", "members_rev"]);
            if event.position != Position::RevOrSnapshot {
                required.push(name);
            }
        }
        if is_change {
            properties["at_seq"] = json!({
                "type": "integer",
                "description": "The head of the timeline when it happened.",
            });
        }
        let payload = json!({"type": "object", "properties": properties, "required": required});
        self.add_message(event.name, event.doc, payload);
    }

    /// What is neither a result nor an event.
    fn add_frames(&mut self) {
        let problem = self.generator.subschema_for::<Problem>().to_value();
        let error = json!({
            "type": "object",
            "properties": {"id": id(), "error": problem},
            "required": ["id", "error"],
        });
        self.add_message("error", "Answers a command that was refused or that failed.", error);
        let conversation = self.generator.subschema_for::<ConversationId>().to_value();
        let skip = json!({
            "type": "object",
            "properties": {
                "conversation": conversation,
                "skip": {"type": "integer", "minimum": 1, "description": "The `seq` passed over."},
            },
            "required": ["conversation", "skip"],
        });
        self.add_message("skip", "Stands for an entry that this member may not see.", skip);
    }

    fn add_message(&mut self, name: &str, summary: &str, payload: Value) {
        let mut message = json!({
            "name": name,
            "summary": summary,
            "contentType": "application/json",
        });
        message["payload"] = payload;
        self.messages.insert(name.to_owned(), message);
    }

    fn finish(mut self, events: &[EventInfo], version: &str) -> Value {
        let mut sent: Vec<Value> = events.iter().map(|event| on_channel(event.name)).collect();
        sent.push(on_channel("skip"));
        let send = json!({
            "action": "send",
            "channel": {"$ref": "#/channels/socket"},
            "summary": "Tells what happened in the user's conversations.",
            "messages": sent,
        });
        self.operations.insert("events".to_owned(), send);
        let of_channel: Object = self
            .messages
            .keys()
            .map(|name| {
                (name.clone(), json!({"$ref": format!("#/components/messages/{}", escape(name))}))
            })
            .collect();
        let definitions = self.generator.take_definitions(true);
        let messages = Value::Object(self.messages);
        json!({
            "asyncapi": "3.0.0",
            "info": {
                "title": "Hoopoe",
                "version": version,
                "description": DESCRIPTION,
                "license": {"name": "Apache-2.0"},
            },
            "defaultContentType": "application/json",
            "servers": {"own": {
                "host": "localhost:8080",
                "protocol": "ws",
                "description": "Your server.",
            }},
            "channels": {"socket": {
                "address": "/v1/socket",
                "summary": "One JSON object in each text frame; by the subprotocol \
                            `hoopoe.v1.msgpack` the same as MessagePack in binary frames.",
                "messages": of_channel,
            }},
            "operations": self.operations,
            "components": {
                "schemas": schemas::reachable(&definitions, &messages),
                "messages": messages,
            },
        })
    }
}

const DESCRIPTION: &str = "The first frame of a client is `session.start`, within five seconds. \
    Every command of the REST API can be sent after it, under its operation id and with the same \
    fields. A started session gets the events of all its conversations without subscribing.";

fn id() -> Value {
    json!({"type": "integer", "minimum": 0, "description": "Chosen by the client."})
}

fn on_channel(name: &str) -> Value {
    json!({"$ref": format!("#/channels/socket/messages/{}", escape(name))})
}

/// A name inside a JSON Pointer.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
