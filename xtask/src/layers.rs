//! Who may import whom, as data. `cargo xtask tidy` compares it with what Cargo says.
//!
//! A crate is known by the name of its folder. Inside `base`, and from the edge downwards, only
//! the crates that are listed may be imported. Between domains an edge opens everything below it:
//! `messages -> conversations` also gives `accounts`, because nobody can use a conversation without
//! knowing its people.

/// What a crate is, which decides what every crate of this kind may import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Knows no domain.
    Base,
    /// Knows neither HTTP nor sockets nor SQL drivers.
    Domain,
    /// Knows transports.
    Edge,
    /// Names everything: the binary.
    App,
    /// Runs on the client's side: knows the wire only.
    Client,
    /// Tests as crates: may import anything.
    Tests,
    /// The tasks of this repository.
    Tools,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    /// The folder's name.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) kind: Kind,
    /// What it may import beside that which its kind gives to everyone.
    pub(crate) may: &'static [&'static str],
}

const fn base(name: &'static str, may: &'static [&'static str]) -> Layer {
    Layer { name, kind: Kind::Base, may }
}

const fn domain(name: &'static str, may: &'static [&'static str]) -> Layer {
    Layer { name, kind: Kind::Domain, may }
}

const fn edge(name: &'static str, may: &'static [&'static str]) -> Layer {
    Layer { name, kind: Kind::Edge, may }
}

/// What every domain may import.
pub(crate) const DOMAIN_GROUND: &[&str] =
    &["wire", "kernel", "db", "log", "jobs", "bus", "blob", "egress"];

/// What only tests may import.
pub(crate) const TEST_ONLY: &[&str] = &["testkit", "testkit-macros"];

/// The whole table, lowest layer first.
pub(crate) const LAYERS: &[Layer] = &[
    base("wire", &[]),
    base("kernel", &["wire"]),
    base("db", &["wire", "kernel"]),
    base("db-sqlite", &["wire", "kernel", "db"]),
    base("db-postgres", &["wire", "kernel", "db"]),
    base("log", &["wire", "kernel", "db"]),
    base("jobs", &["wire", "kernel", "db", "log"]),
    base("bus", &["wire", "kernel"]),
    base("bus-nats", &["wire", "kernel", "bus"]),
    base("egress", &["wire", "kernel"]),
    base("blob", &["wire", "kernel", "egress"]),
    base("testkit-macros", &[]),
    base(
        "testkit",
        &[
            "testkit-macros",
            "wire",
            "kernel",
            "db",
            "db-sqlite",
            "db-postgres",
            "log",
            "jobs",
            "bus",
            "blob",
            "egress",
        ],
    ),
    domain("apps", &[]),
    domain("accounts", &["apps"]),
    domain("contacts", &["accounts"]),
    domain("conversations", &["accounts", "contacts"]),
    domain("files", &["accounts", "conversations"]),
    domain("wallet", &["accounts"]),
    domain("stickers", &["accounts", "files", "wallet"]),
    domain("messages", &["conversations", "files", "stickers"]),
    domain("presence", &["conversations", "messages"]),
    domain("calls", &["conversations", "messages"]),
    domain("ai", &["conversations", "messages"]),
    domain("bots", &["conversations", "messages"]),
    domain("push", &["conversations", "messages"]),
    domain("moderation", &["conversations", "messages"]),
    domain("search", &["conversations"]),
    domain("webhooks", &["apps"]),
    domain("audit", &["apps"]),
    domain(
        "privacy",
        &[
            "apps",
            "accounts",
            "contacts",
            "conversations",
            "files",
            "wallet",
            "stickers",
            "messages",
            "presence",
            "calls",
            "ai",
            "bots",
            "push",
            "moderation",
            "search",
            "webhooks",
            "audit",
        ],
    ),
    edge(
        "gateway",
        &[
            "wire",
            "kernel",
            "db",
            "log",
            "bus",
            "accounts",
            "conversations",
            "messages",
            "presence",
        ],
    ),
    edge("http", &["wire", "kernel", "gateway"]),
    edge("mcp", &["wire", "kernel", "apps", "accounts"]),
    edge("sfu", &["wire"]),
    edge("sfu-net", &["wire", "kernel", "sfu", "calls"]),
    Layer { name: "hoopoe", kind: Kind::App, may: &[] },
    Layer { name: "rust", kind: Kind::Client, may: &["wire"] },
    Layer { name: "bench", kind: Kind::Client, may: &["wire", "rust"] },
    Layer { name: "domains", kind: Kind::Tests, may: &[] },
    Layer { name: "system", kind: Kind::Tests, may: &[] },
    Layer { name: "xtask", kind: Kind::Tools, may: &[] },
];

/// Heavy dependencies and the only crates in which each may enter, with what to do instead.
pub(crate) const LEAVES: &[(&str, &[&str], &str)] = &[
    ("rusqlite", &["db-sqlite"], "speak to `db::Backend`"),
    ("tokio-postgres", &["db-postgres", "testkit"], "speak to `db::Backend`"),
    ("deadpool-postgres", &["db-postgres"], "speak to `db::Backend`"),
    ("axum", &["http", "gateway"], "register a command in `api.rs`"),
    ("hyper", &["http", "gateway", "testkit", "bench", "rust"], "register a command in `api.rs`"),
    (
        "tokio-tungstenite",
        &["gateway", "testkit", "system", "bench", "rust"],
        "only the edge knows sockets",
    ),
    ("rustls", &["http", "egress", "db-postgres", "sfu-net"], "TLS ends at the listener"),
    (
        "tokio-rustls",
        &["http", "egress", "db-postgres", "sfu-net", "system", "bench", "rust"],
        "TLS ends at the listener",
    ),
    ("reqwest", &["egress"], "use the guarded client of `base/egress`"),
    ("async-nats", &["bus-nats"], "speak to `bus::Bus`"),
    ("object_store", &["blob"], "use `base/blob`"),
    ("str0m", &["sfu"], "use `edge/sfu`"),
    ("argon2", &["accounts"], "passwords are checked in `domain/accounts`"),
    ("image", &["files"], "ask `domain/files` for a thumbnail"),
];

/// The row of a crate.
pub(crate) fn find(name: &str) -> Option<&'static Layer> {
    LAYERS.iter().find(|layer| layer.name == name)
}

/// Says why `from` may not import `to`, or nothing when it may. `dev` is an import that only the
/// tests and benches of `from` see.
pub(crate) fn refusal(from: &str, to: &str, dev: bool) -> Option<String> {
    let Some(layer) = find(from) else {
        return Some(format!("`{from}` has no row in xtask/src/layers.rs: add it"));
    };
    let Some(target) = find(to) else {
        return Some(format!("`{to}` has no row in xtask/src/layers.rs: add it"));
    };
    let test_only = TEST_ONLY.contains(&to);
    let allowed = match layer.kind {
        Kind::Tests => true,
        Kind::Tools => false,
        _ if test_only && dev => true,
        Kind::App => !test_only,
        Kind::Client if dev => true,
        Kind::Base | Kind::Edge | Kind::Client => {
            // The tests of an edge put whole houses together.
            layer.may.contains(&to) || (dev && matches!(target.kind, Kind::Base | Kind::Domain))
        }
        Kind::Domain => {
            DOMAIN_GROUND.contains(&to)
                || (target.kind == Kind::Domain && below(layer, to))
                || (dev && target.kind == Kind::Base)
        }
    };
    if allowed {
        return None;
    }
    let mut open: Vec<&str> = layer.may.to_vec();
    if layer.kind == Kind::Domain {
        open.extend(DOMAIN_GROUND);
    }
    Some(format!(
        "`{from}` may not import `{to}` (it may: {}); an upward need is a small trait here that \
         app/hoopoe plugs in compose.rs",
        open.join(", ")
    ))
}

/// Whether `to` lies anywhere below a domain.
fn below(layer: &Layer, to: &str) -> bool {
    layer.may.iter().any(|&name| name == to || find(name).is_some_and(|next| below(next, to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_table_has_a_row_and_only_one() {
        for (index, layer) in LAYERS.iter().enumerate() {
            assert!(LAYERS[..index].iter().all(|other| other.name != layer.name), "{layer:?}");
            for name in layer.may {
                assert!(LAYERS.iter().any(|other| other.name == *name), "{name} has no row");
            }
        }
        for (_, homes, _) in LEAVES {
            for home in *homes {
                assert!(find(home).is_some(), "{home} has no row");
            }
        }
    }

    #[test]
    fn rows_import_only_rows_above_them_so_that_no_cycle_can_be_written() {
        for (index, layer) in LAYERS.iter().enumerate() {
            for name in layer.may {
                let at = LAYERS.iter().position(|other| other.name == *name);
                assert!(at < Some(index), "{} -> {name} points forward", layer.name);
            }
        }
    }

    #[test]
    fn downward_is_open_and_upward_is_shut() {
        assert_eq!(refusal("messages", "accounts", false), None);
        assert_eq!(refusal("messages", "log", false), None);
        assert!(refusal("accounts", "messages", false).is_some());
        assert!(refusal("messages", "gateway", false).is_some());
        assert!(refusal("messages", "db-sqlite", false).is_some());
        assert!(refusal("kernel", "db", false).is_some());
        assert!(refusal("http", "messages", false).is_some());
        assert_eq!(refusal("hoopoe", "db-postgres", false), None);
    }

    #[test]
    fn testkit_is_for_tests() {
        assert!(refusal("log", "testkit", false).is_some());
        assert_eq!(refusal("log", "testkit", true), None);
        assert!(refusal("hoopoe", "testkit", false).is_some());
        assert_eq!(refusal("domains", "testkit", false), None);
    }

    #[test]
    fn the_load_generator_knows_the_wire_and_its_benches_may_know_more() {
        assert_eq!(refusal("bench", "wire", false), None);
        assert_eq!(refusal("bench", "rust", false), None);
        assert!(refusal("bench", "kernel", false).is_some());
        assert_eq!(refusal("bench", "log", true), None);
    }

    #[test]
    fn an_unknown_crate_is_refused() {
        assert!(refusal("rumours", "wire", false).is_some());
        assert!(refusal("messages", "rumours", false).is_some());
    }
}
