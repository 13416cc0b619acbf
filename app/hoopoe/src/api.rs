//! Prints the documents of the API. They come from the commands of this binary, so an empty house
//! is built for a moment.

use hoopoe_wire::events;

use crate::{cli::Document, compose::House, config::Config, trouble::Trouble};

/// The text of a document.
pub(crate) fn print(document: Document) -> Result<String, Trouble> {
    match document {
        Document::Errors => Ok(hoopoe_http::errors_page()),
        Document::Limits => Ok(hoopoe_http::limits_page()),
        Document::Openapi | Document::Asyncapi => with_empty_house(|house| {
            let registry = house.documented();
            let version = env!("CARGO_PKG_VERSION");
            let value = match document {
                Document::Asyncapi => {
                    hoopoe_http::asyncapi(registry.commands(), events::ALL, version)
                }
                _ => hoopoe_http::openapi(registry.commands(), version, "/"),
            };
            format!("{value:#}")
        }),
    }
}

fn with_empty_house<T>(work: impl FnOnce(&House) -> T) -> Result<T, Trouble> {
    let cannot = |error: std::io::Error| {
        Trouble::failed(format!("cannot make a temporary directory: {error}"))
    };
    let directory = tempfile::tempdir().map_err(cannot)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
    runtime.block_on(async {
        let house = House::open(&Config::default(), Some(directory.path())).await?;
        let done = work(&house);
        house.close().await;
        Ok(done)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::*;

    fn parsed(document: Document) -> Value {
        serde_json::from_str(&print(document).expect("printed")).expect("JSON")
    }

    fn references<'a>(value: &'a Value, out: &mut Vec<&'a str>) {
        match value {
            Value::Object(object) => {
                out.extend(object.get("$ref").and_then(Value::as_str));
                object.values().for_each(|value| references(value, out));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, out)),
            _ => {}
        }
    }

    fn assert_whole(document: &Value) {
        let mut all = Vec::new();
        references(document, &mut all);
        assert!(all.len() > 100, "{}", all.len());
        for reference in all {
            let pointer = reference.strip_prefix('#').expect("a reference within the document");
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    }

    #[test]
    fn the_openapi_document_of_the_whole_house_is_whole() {
        let document = parsed(Document::Openapi);
        assert_whole(&document);
        let mut ids = HashSet::new();
        for (path, operations) in document["paths"].as_object().expect("paths") {
            for (method, operation) in operations.as_object().expect("operations") {
                let id = operation["operationId"].as_str().expect("an id");
                assert!(ids.insert(id), "{id} stands twice");
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let in_path: HashSet<&str> = parameters
                    .filter(|parameter| parameter["in"] == "path")
                    .filter_map(|parameter| parameter["name"].as_str())
                    .collect();
                let expected: HashSet<&str> =
                    path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
                assert_eq!(in_path, expected, "{method} {path}");
                assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{id}");
            }
        }
        for id in ["messages.send", "users.upsert", "auth.token", "conversations.create"] {
            assert!(ids.contains(id), "{id} is missing");
        }
    }

    #[test]
    fn the_asyncapi_document_of_the_whole_house_is_whole() {
        let document = parsed(Document::Asyncapi);
        assert_whole(&document);
        for name in ["session.start", "messages.send", "messages.send.result", "message.created"] {
            assert!(document["components"]["messages"].get(name).is_some(), "{name} is missing");
        }
    }
}
