//! The OpenAPI 3.1 document, printed from the registry.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use hoopoe_kernel::{Auth, Command, CommandInfo, Idempotency, Method};
use hoopoe_wire::{ErrorCode, Problem, codes, events};
use http::{HeaderValue, Response};
use schemars::SchemaGenerator;
use serde_json::{Value, json};

use crate::{
    edge::State,
    reply,
    schemas::{self, Field, Object},
};

/// `GET /v1/openapi.json`.
pub(crate) fn respond(state: &State) -> Response<Body> {
    let text = state.openapi.get_or_init(|| {
        let options = &state.options;
        let document = openapi(state.registry.commands(), options.version, &options.public_url);
        document.to_string().into()
    });
    reply::with_type(200, HeaderValue::from_static("application/json"), text.clone())
}

/// The document of these commands. `server_url` is where the server is reached; `/` when that is
/// not known.
pub fn openapi<'a>(
    commands: impl Iterator<Item = &'a Command>,
    version: &str,
    server_url: &str,
) -> Value {
    let mut printer = Printer {
        generator: schemas::generator(),
        paths: BTreeMap::new(),
        bodies: Object::new(),
        responses: Object::new(),
        tags: BTreeSet::new(),
    };
    for command in commands {
        printer.add(command.info());
    }
    // Events travel on the socket, but what they say belongs to the types that clients are given.
    for event in events::ALL {
        (event.schema)(&mut printer.generator);
    }
    printer.finish(version, server_url)
}

struct Printer {
    generator: SchemaGenerator,
    paths: BTreeMap<&'static str, Object>,
    /// Requests without what travels in their path.
    bodies: Object,
    responses: Object,
    tags: BTreeSet<&'static str>,
}

impl Printer {
    fn add(&mut self, info: &CommandInfo) {
        let in_query = matches!(info.method, Method::Get | Method::Delete);
        let schema = (info.schemas.request)(&mut self.generator);
        let request = schemas::take_apart(&self.generator, schema, info.path, in_query);

        let mut parameters: Vec<Value> = Vec::new();
        parameters.extend(request.path.iter().map(|field| parameter(field, "path")));
        parameters.extend(request.query.iter().map(|field| parameter(field, "query")));
        if takes_user(info.auth) {
            parameters.push(json!({"$ref": "#/components/parameters/HoopoeAs"}));
        }
        if info.idempotency == Idempotency::Key {
            parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
        }

        let (summary, description) = schemas::summary(info.doc);
        let tag = domain(info.name);
        self.tags.insert(tag);
        let mut operation = json!({
            "operationId": info.name,
            "tags": [tag],
            "summary": summary,
            "security": security(info.auth),
            "responses": self.answers(info, request.body.is_some()),
            "x-rate-class": reply::rate_name(info.rate),
        });
        if let Some(description) = description {
            operation["description"] = description.into();
        }
        if !parameters.is_empty() {
            operation["parameters"] = parameters.into();
        }
        if let Some(body) = request.body {
            let schema = self.body_schema(request.name, body.schema, body.reduced);
            operation["requestBody"] = json!({
                "required": body.required,
                "content": {"application/json": {"schema": schema}},
            });
        }
        let method = info.method.as_str().to_ascii_lowercase();
        self.paths.entry(info.path).or_default().insert(method, operation);
    }

    /// A reference where the body has a name. A request that gave fields to its path is defined
    /// beside the whole one, which the socket takes.
    fn body_schema(&mut self, name: Option<String>, schema: Value, reduced: bool) -> Value {
        let Some(name) = name else { return schema };
        if !reduced {
            return json!({"$ref": format!("{}{name}", schemas::PREFIX)});
        }
        let name = format!("{name}Body");
        match self.bodies.get(&name) {
            Some(known) if *known != schema => return schema,
            _ => self.bodies.insert(name.clone(), schema),
        };
        json!({"$ref": format!("{}{name}", schemas::PREFIX)})
    }

    fn answers(&mut self, info: &CommandInfo, has_body: bool) -> Object {
        let mut answers = Object::new();
        let reply = (info.schemas.reply)(&mut self.generator).to_value();
        for status in info.answers {
            let response = json!({
                "description": phrase(*status),
                "headers": headers(&["x-request-id", "RateLimit", "RateLimit-Policy"]),
                "content": {"application/json": {"schema": reply}},
            });
            answers.insert(status.to_string(), response);
        }
        let mut by_status: BTreeMap<u16, BTreeMap<&str, &ErrorCode>> = BTreeMap::new();
        for code in info.all_fails().into_iter().chain(of_http(has_body)) {
            by_status.entry(code.status).or_default().insert(code.code, code);
        }
        for (status, codes) in by_status {
            let codes: Vec<&ErrorCode> = codes.into_values().collect();
            answers.insert(status.to_string(), self.problem(status, &codes));
        }
        answers
    }

    /// One response for all operations that answer the same codes with a status.
    fn problem(&mut self, status: u16, codes: &[&ErrorCode]) -> Value {
        let names: Vec<&str> = codes.iter().map(|code| code.code).collect();
        let key = format!("{status}-{}", names.join("-"));
        let reference = json!({"$ref": format!("#/components/responses/{key}")});
        if self.responses.contains_key(&key) {
            return reference;
        }
        let problem = self.generator.subschema_for::<Problem>().to_value();
        let lines: Vec<String> =
            codes.iter().map(|code| format!("`{}`: {}", code.code, code.cause)).collect();
        let mut names_of_headers = vec!["x-request-id"];
        if codes.iter().any(|code| code.retryable) {
            names_of_headers.push("Retry-After");
        }
        let response = json!({
            "description": lines.join("\n\n"),
            "headers": headers(&names_of_headers),
            "content": {"application/problem+json": {"schema": {
                "allOf": [problem],
                "properties": {"code": {"enum": names}},
            }}},
        });
        self.responses.insert(key, response);
        reference
    }

    fn finish(mut self, version: &str, server_url: &str) -> Value {
        let mut paths = Object::new();
        for (path, operations) in self.paths {
            paths.insert(path.to_owned(), operations.into());
        }
        add_plain_routes(&mut paths);
        let tags: Vec<Value> = self.tags.iter().map(|tag| json!({"name": tag})).collect();
        let mut definitions = self.generator.take_definitions(true);
        definitions.extend(self.bodies);
        let roots = json!([paths, self.responses]);
        json!({
            "openapi": "3.1.1",
            "info": {
                "title": "Hoopoe",
                "version": version,
                "summary": "Instant messaging for your app.",
                "description": DESCRIPTION,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": server_url}],
            "tags": tags,
            "paths": paths,
            "components": {
                "schemas": schemas::reachable(&definitions, &roots),
                "responses": self.responses,
                "parameters": shared_parameters(),
                "headers": shared_headers(),
                "securitySchemes": security_schemes(),
            },
        })
    }
}

const DESCRIPTION: &str = "Every command here is also a method of the socket at `/v1/socket`, \
    under its operation id and with the same fields (see the AsyncAPI document). Times are RFC \
    3339 in UTC with milliseconds. Errors are problem details (RFC 9457) with a stable `code`. \
    An unknown field in a request is refused; unknown fields in replies are to be kept or ignored.";

/// What only HTTP adds: a token that comes with a public command is looked at all the same, and a
/// server key may name a user who is not there.
fn of_http(has_body: bool) -> Vec<&'static ErrorCode> {
    let mut codes = vec![&codes::UNAUTHENTICATED, &codes::URI_TOO_LONG, &codes::USER_NOT_FOUND];
    if has_body {
        codes.push(&codes::TIMEOUT);
    }
    codes
}

/// Whether a server key may act as a user here.
fn takes_user(auth: Auth) -> bool {
    matches!(auth, Auth::User | Auth::UserOrServer)
}

/// `messages` of `messages.send`.
pub(crate) fn domain(name: &'static str) -> &'static str {
    name.split('.').next().unwrap_or(name)
}

/// Addresses hold no null: what may be left out is not listed as one.
fn without_null(schema: &Value) -> Value {
    let mut schema = schema.clone();
    let Some(object) = schema.as_object_mut() else { return schema };
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    if let Some(types) = object.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    let is_all = object.len() == 1;
    let Some(variants) = object.get_mut("anyOf").and_then(Value::as_array_mut) else {
        return schema;
    };
    variants.retain(|variant| variant["type"] != "null");
    match variants.as_slice() {
        [only] if is_all => only.clone(),
        _ => schema,
    }
}

fn parameter(field: &Field, place: &str) -> Value {
    let schema = without_null(&field.schema);
    let is_list = schema["type"] == "array";
    let mut out = json!({
        "name": field.name,
        "in": place,
        "required": field.required,
        "schema": schema,
    });
    if let Some(doc) = &field.doc {
        out["description"] = doc.as_str().into();
    }
    if is_list {
        out["style"] = "form".into();
        out["explode"] = false.into();
    }
    out
}

fn security(auth: Auth) -> Value {
    match auth {
        Auth::Public => json!([]),
        // A server key acts as a user with `Hoopoe-As`.
        Auth::User | Auth::UserOrServer => json!([{"userToken": []}, {"serverKey": []}]),
        Auth::Server => json!([{"serverKey": []}]),
        Auth::ServerOrAdmin => json!([{"serverKey": []}, {"adminKey": []}]),
        Auth::Admin => json!([{"adminKey": []}]),
    }
}

fn security_schemes() -> Value {
    json!({
        "userToken": {
            "type": "http", "scheme": "bearer",
            "description": "A user token, `ut_…`, from `auth.token`. It ends when its session is revoked.",
        },
        "serverKey": {
            "type": "http", "scheme": "bearer",
            "description": "A server key, `sk_…`. With `Hoopoe-As` it acts as a user.",
        },
        "adminKey": {
            "type": "http", "scheme": "bearer",
            "description": "An administration key from `hoopoe admin key create`.",
        },
    })
}

fn shared_parameters() -> Value {
    json!({
        "HoopoeAs": {
            "name": "Hoopoe-As", "in": "header", "required": false,
            "schema": {"type": "string"},
            "description": "With a server key: the id of the user to act as.",
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": false,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "description": "Makes a repeat within 24 hours answer what the first request was \
                answered. The same key with another body is 422.",
        },
    })
}

fn shared_headers() -> Value {
    json!({
        "x-request-id": {
            "schema": {"type": "string"},
            "description": "Names the request; the server's log has it too.",
        },
        "RateLimit": {
            "schema": {"type": "string", "examples": ["\"send\";r=999;t=5"]},
            "description": "What is left of the budget, and in how many seconds it is full again.",
        },
        "RateLimit-Policy": {
            "schema": {"type": "string", "examples": ["\"send\";q=1000;w=5"]},
            "description": "The budget of this class of commands.",
        },
        "Retry-After": {
            "schema": {"type": "integer"},
            "description": "Seconds to wait before trying again.",
        },
    })
}

fn headers(names: &[&str]) -> Object {
    let reference =
        |name: &&str| ((*name).to_owned(), json!({"$ref": format!("#/components/headers/{name}")}));
    names.iter().map(reference).collect()
}

fn phrase(status: u16) -> &'static str {
    let status = http::StatusCode::from_u16(status).ok();
    status.and_then(|status| status.canonical_reason()).unwrap_or("Done")
}

/// The routes that are no commands.
fn add_plain_routes(paths: &mut Object) {
    let text = |doc: &str| json!({"description": doc, "content": {"text/plain": {}}});
    let problem = |doc: &str| {
        let schema = json!({"$ref": format!("{}Problem", schemas::PREFIX)});
        json!({"description": doc, "content": {"application/problem+json": {"schema": schema}}})
    };
    let mut add = |path: &str, id: &str, summary: &str, responses: Value| {
        let operation = json!({
            "operationId": id,
            "tags": ["server"],
            "summary": summary,
            "security": if id == "server.metrics" { security(Auth::Admin) } else { json!([]) },
            "responses": responses,
        });
        paths.insert(path.to_owned(), json!({"get": operation}));
    };
    add(
        "/healthz",
        "server.alive",
        "Says that the process answers.",
        json!({"200": text("Alive")}),
    );
    add(
        "/readyz",
        "server.ready",
        "Says whether the server can do its work.",
        json!({
            "200": text("Ready"),
            "503": problem("Draining, or the database cannot be written."),
        }),
    );
    add(
        "/metrics",
        "server.metrics",
        "Prints metrics for Prometheus. No key is needed on the machine itself.",
        json!({
            "200": text("Metrics"),
            "401": problem("No administration key."),
            "403": problem("Another kind of key."),
        }),
    );
    add(
        "/v1/openapi.json",
        "server.openapi",
        "Prints this document.",
        json!({
            "200": {"description": "OpenAPI 3.1", "content": {"application/json": {}}},
        }),
    );
    add(
        "/v1/socket",
        "server.socket",
        "Opens a WebSocket; the AsyncAPI document says what is spoken there.",
        json!({
            "101": {"description": "Switching to WebSocket"},
            "400": problem("Not a WebSocket handshake."),
            "403": problem("The origin is not allowed."),
        "426": problem("Another version of the protocol."),
            "429": problem("Too many connections from one address."),
            "503": problem("The server is draining."),
        }),
    );
}
