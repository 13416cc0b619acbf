//! Settings: defaults, then a TOML file, then `HOOPOE__SECTION__KEY` from the environment, then the
//! command line. A name that nobody knows is an error, never ignored.

mod accounts;
mod limits;
mod web;

use std::{
    ffi::OsString,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

use hoopoe_http::{Network, Origins, TlsFiles};
use serde::{Deserialize, Deserializer, de};
use toml::{Table, Value};

pub(crate) use accounts::{AccountsConfig, RegistrationConfig};
pub(crate) use limits::LimitsConfig;
pub(crate) use web::WebConfig;

use crate::trouble::Trouble;

const PREFIX: &str = "HOOPOE__";

/// All settings.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Where everything is written.
    pub(crate) data: PathBuf,
    /// How the server is reached.
    pub(crate) server: ServerConfig,
    /// Where the truth is kept.
    pub(crate) database: DatabaseConfig,
    /// TLS in the process.
    pub(crate) tls: TlsConfig,
    /// What browsers may do.
    pub(crate) http: HttpConfig,
    /// The web client.
    pub(crate) web: WebConfig,
    /// How people sign in with a password.
    pub(crate) accounts: AccountsConfig,
    /// What one caller may use.
    pub(crate) limits: LimitsConfig,
    /// What is told on standard error.
    pub(crate) log: LogConfig,
}

/// `[server]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ServerConfig {
    /// Address and port.
    pub(crate) listen: SocketAddr,
    /// Where clients reach it, when that is not the address that it listens on.
    #[serde(deserialize_with = "public_url")]
    pub(crate) public_url: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed: addresses, or ranges like `10.0.0.0/8`.
    #[serde(deserialize_with = "networks")]
    pub(crate) trusted_proxies: Vec<Network>,
    /// Web pages of other origins that may open sockets, `https://chat.example.com`.
    pub(crate) allowed_origins: Vec<String>,
}

/// `[tls]`
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TlsConfig {
    /// The certificate chain, PEM.
    pub(crate) cert_file: Option<PathBuf>,
    /// Its key, PEM.
    pub(crate) key_file: Option<PathBuf>,
    /// The oldest version that clients may speak.
    pub(crate) min_version: TlsVersion,
}

/// Versions of TLS that are sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub(crate) enum TlsVersion {
    /// For clients that are older than 2019; forward secrecy and authenticated ciphers only.
    #[serde(rename = "1.2")]
    V1_2,
    /// What everybody speaks.
    #[default]
    #[serde(rename = "1.3")]
    V1_3,
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HttpConfig {
    /// Origins whose pages may read the API from a browser, `https://app.example.com`.
    #[serde(deserialize_with = "origins")]
    pub(crate) cors_origins: Origins,
}

/// `[database]`
#[derive(Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct DatabaseConfig {
    /// A database server; without it the embedded database in the data directory.
    pub(crate) url: Option<String>,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LogConfig {
    /// For people or for programs.
    pub(crate) format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace`, or by part: `info,hoopoe_gateway=debug`.
    pub(crate) level: String,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// To read.
    Text,
    /// One JSON object a line.
    Json,
}

/// Settings from the command line, which win.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    /// `--data`
    pub(crate) data: Option<PathBuf>,
    /// `--listen`
    pub(crate) listen: Option<SocketAddr>,
    /// `--database`
    pub(crate) database: Option<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("data"),
            server: ServerConfig::default(),
            tls: TlsConfig::default(),
            http: HttpConfig::default(),
            web: WebConfig::default(),
            database: DatabaseConfig::default(),
            accounts: AccountsConfig::default(),
            limits: LimitsConfig::default(),
            log: LogConfig::default(),
        }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: None,
            trusted_proxies: Vec::new(),
            allowed_origins: Vec::new(),
        }
    }
}

/// A database URL may hold a password, so it is never printed.
impl std::fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseConfig").field("url", &self.url.as_ref().map(|_| "…")).finish()
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: "info".to_owned() }
    }
}

impl TlsConfig {
    /// The files of the pair; `None`: no TLS.
    pub(crate) fn files(&self) -> Result<Option<TlsFiles>, Trouble> {
        match (self.cert_file.clone(), self.key_file.clone()) {
            (None, None) => Ok(None),
            (Some(cert_file), Some(key_file)) => {
                let allows_tls_1_2 = self.min_version == TlsVersion::V1_2;
                Ok(Some(TlsFiles { cert_file, key_file, allows_tls_1_2 }))
            }
            _ => Err(Trouble::usage("tls.cert_file and tls.key_file go together")),
        }
    }
}

impl Config {
    /// Reads and joins all sources.
    pub(crate) fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (OsString, OsString)>,
        overrides: Overrides,
    ) -> Result<Self, Trouble> {
        let mut table = match file {
            Some(file) => read_file(file)?,
            None => Table::new(),
        };
        let mut variables: Vec<(OsString, OsString)> =
            environment.filter(|(name, _)| name.to_string_lossy().starts_with(PREFIX)).collect();
        variables.sort();
        for (name, value) in variables {
            overlay(&mut table, &name.to_string_lossy(), &value.to_string_lossy())?;
        }
        let mut config = parse(table).map_err(Trouble::usage)?;
        let Overrides { data, listen, database } = overrides;
        config.data = data.unwrap_or(config.data);
        config.server.listen = listen.unwrap_or(config.server.listen);
        config.database.url = database.or(config.database.url);
        if let Some(url) = &config.database.url
            && !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme))
        {
            return Err(Trouble::usage("database.url begins with postgres://"));
        }
        config.tls.files()?;
        Ok(config)
    }
}

fn parse(table: Table) -> Result<Config, String> {
    table.try_into().map_err(|error: toml::de::Error| error.message().to_owned())
}

fn read_file(file: &Path) -> Result<Table, Trouble> {
    let name = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| Trouble::usage(format!("cannot read {name}: {error}")))?;
    let wrong = |error: toml::de::Error| {
        let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
        let place = line.map_or_else(String::new, |line| format!(", line {line}"));
        Trouble::usage(format!("{name}{place}: {}", error.message()))
    };
    toml::from_str::<Config>(&text).map_err(wrong)?;
    toml::from_str(&text).map_err(wrong)
}

/// Puts one variable in its place. The value is taken as TOML where that fits the setting, and as a
/// text otherwise: `false`, `200`, `["10.0.0.0/8"]`, `127.0.0.1:80`.
fn overlay(table: &mut Table, name: &str, value: &str) -> Result<(), Trouble> {
    let path: Vec<String> = name[PREFIX.len()..].split("__").map(str::to_ascii_lowercase).collect();
    let typed = toml::from_str::<Table>(&format!("value = {value}"))
        .ok()
        .filter(|parsed| parsed.len() == 1)
        .and_then(|mut parsed| parsed.remove("value"));
    let mut refusal = None;
    for candidate in typed.into_iter().chain([Value::String(value.to_owned())]) {
        let mut tried = table.clone();
        let result = match put(&mut tried, &path, candidate) {
            true => parse(tried.clone()),
            false => Err("there is no such setting".to_owned()),
        };
        match result {
            Ok(_) => {
                *table = tried;
                return Ok(());
            }
            Err(words) => refusal = refusal.or(Some(words)),
        }
    }
    let words = refusal.unwrap_or_default();
    Err(Trouble::usage(format!("{name}: {words}")))
}

fn put(table: &mut Table, path: &[String], value: Value) -> bool {
    let Some((last, sections)) = path.split_last() else { return false };
    let mut place = table;
    for section in sections {
        let inner = place.entry(section.clone()).or_insert_with(|| Value::Table(Table::new()));
        match inner.as_table_mut() {
            Some(inner) => place = inner,
            None => return false,
        }
    }
    place.insert(last.clone(), value);
    true
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Network>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let parse = |text: &String| {
        text.parse().map_err(|error| de::Error::custom(format!("`{text}` is {error}")))
    };
    texts.iter().map(parse).collect()
}

fn origins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Origins, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    Origins::parse(texts.iter().map(String::as_str)).map_err(de::Error::custom)
}

fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let text = text.trim_end_matches('/');
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(char::is_whitespace) => {
            Ok(Some(text.to_owned()))
        }
        _ => Err(de::Error::custom("public_url is like https://chat.example.com")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("hoopoe.toml");
        std::fs::write(&path, file).expect("written");
        let variables =
            variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Config::load(Some(&path), variables, Overrides::default())
            .map_err(|trouble| trouble.to_string())
    }

    fn refusal(file: &str, variables: &[(&str, &str)]) -> String {
        load(file, variables).expect_err("is wrong")
    }

    /// The file that is handed out, and the one that the documentation shows.
    const SHOWN: [&str; 2] =
        [include_str!("../dist/hoopoe.toml"), include_str!("../../../docs/operations.md")];

    fn shown() -> impl Iterator<Item = &'static str> {
        SHOWN.into_iter().map(|text| match text.split_once("```toml\n") {
            Some((_, rest)) => rest.split("```").next().expect("a split has a first part"),
            None => text,
        })
    }

    #[test]
    fn nothing_said_is_the_default() {
        assert_eq!(load("", &[("PATH", "x"), ("HOOPOE_FAULTS", "y")]), Ok(Config::default()));
    }

    #[test]
    fn the_files_that_we_show_hold_the_defaults_and_every_setting() {
        for file in shown() {
            let mut config = load(file, &[]).expect("a file that we show is right");
            config.data = Config::default().data;
            assert_eq!(config, Config::default());
            // What stands there as a comment is right as well.
            let is_setting = |line: &str| line.starts_with("# ") && line.contains(" = ");
            let lines = file.lines().map(|line| match is_setting(line) {
                true => line.trim_start_matches("# "),
                false => line,
            });
            let whole = load(&lines.collect::<Vec<_>>().join("\n"), &[]).expect("right too");
            assert!(whole.database.url.is_some() && whole.server.public_url.is_some());
            let sections =
                ["server", "tls", "http", "web", "database", "accounts", "limits", "log"];
            let sections = sections.map(|section| format!("[{section}]\n"));
            for section in std::iter::once(String::new()).chain(sections) {
                // The refusal of a wrong name tells all the right ones.
                let refused = refusal(&format!("{section}nonsense = 1"), &[]);
                let names: Vec<&str> = refused.split('`').skip(3).step_by(2).collect();
                assert!(!names.is_empty(), "{refused}");
                for name in names {
                    let is_there = file.lines().any(|line| {
                        let line = line.trim_start_matches("# ");
                        line.starts_with(&format!("{name} = "))
                            || line.starts_with(&format!("[{name}]"))
                    });
                    assert!(is_there, "{section}{name} is not shown");
                }
            }
        }
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_command_line_over_both() {
        let file = "data = \"f\"\n[server]\nlisten = \"127.0.0.1:1\"\n[limits]\nsends_per_s = 7\n";
        let variables = [
            ("HOOPOE__SERVER__LISTEN", "127.0.0.1:2"),
            ("HOOPOE__LIMITS__ENABLED", "false"),
            ("HOOPOE__LIMITS__SENDS_BURST", "9"),
            ("HOOPOE__LOG__FORMAT", "json"),
            ("HOOPOE__SERVER__TRUSTED_PROXIES", "[\"10.0.0.0/8\", \"::1\"]"),
            ("HOOPOE__SERVER__PUBLIC_URL", "https://a.example/"),
            ("HOOPOE__DATA", "123"),
            ("HOOPOE__TLS__CERT_FILE", "/c.pem"),
            ("HOOPOE__TLS__KEY_FILE", "/k.pem"),
            ("HOOPOE__TLS__MIN_VERSION", "1.2"),
            ("HOOPOE__HTTP__CORS_ORIGINS", "[\"https://a.example\"]"),
        ];
        let config = load(file, &variables).expect("right");
        assert_eq!(config.server.listen.port(), 2);
        assert_eq!((config.limits.enabled, config.limits.sends_per_s.get()), (false, 7));
        assert_eq!(config.limits.sends_burst.get(), 9);
        assert_eq!(config.log.format, LogFormat::Json);
        assert_eq!(config.server.trusted_proxies.len(), 2);
        assert_eq!(config.server.public_url.as_deref(), Some("https://a.example"));
        assert_eq!(config.data, Path::new("123"));
        let files = config.tls.files().expect("right").expect("both are named");
        assert_eq!((files.cert_file.as_path(), files.allows_tls_1_2), (Path::new("/c.pem"), true));
        assert_eq!(Ok(config.http.cors_origins), Origins::parse(["https://a.example"]));
        let overrides = Overrides {
            data: Some("d".into()),
            listen: None,
            database: Some("postgres://x".into()),
        };
        let config = Config::load(None, std::iter::empty(), overrides).expect("right");
        assert_eq!(config.data, Path::new("d"));
        assert!(format!("{config:?}").contains("…") && !format!("{config:?}").contains("//x"));
    }

    #[test]
    fn what_nobody_knows_is_named() {
        let words = refusal("[limits]\nsends = 1\n", &[]);
        assert!(words.contains("line 2: unknown field `sends`, expected one of"), "{words}");
        let words = refusal("", &[("HOOPOE__LIMITS__SENDS", "1")]);
        assert!(words.starts_with("HOOPOE__LIMITS__SENDS: unknown field `sends`"), "{words}");
        let words = refusal("", &[("HOOPOE__DATA__DIR", "1")]);
        assert!(words.starts_with("HOOPOE__DATA__DIR: "), "{words}");
        for (name, value) in [
            ("HOOPOE__", "1"),
            ("HOOPOE__LIMITS__SENDS_PER_S", "many"),
            ("HOOPOE__LIMITS__SENDS_PER_S", "0"),
            ("HOOPOE__LIMITS__ENABLED", "1"),
            ("HOOPOE__SERVER__PUBLIC_URL", "chat.example"),
            ("HOOPOE__SERVER__TRUSTED_PROXIES", "[\"home\"]"),
            ("HOOPOE__TLS__MIN_VERSION", "1.1"),
            ("HOOPOE__HTTP__CORS_ORIGINS", "[\"https://a/b\"]"),
        ] {
            assert!(refusal("", &[(name, value)]).starts_with(name), "{name}={value}");
        }
        assert!(refusal("", &[("HOOPOE__DATABASE__URL", "mysql://x")]).contains("postgres://"));
        assert!(refusal("", &[("HOOPOE__TLS__KEY_FILE", "/k")]).contains("go together"));
    }

    #[test]
    fn limits_are_told_as_they_hold() {
        let limits = load("[limits]\nsends_per_s = 7\n", &[]).expect("right").limits;
        let value = |limits: &LimitsConfig, name: &str| {
            limits.effective().iter().find(|limit| limit.name == name).map(|limit| limit.value)
        };
        assert_eq!(value(&limits, "sends_per_s"), Some(7));
        let lifted = LimitsConfig { enabled: false, ..limits };
        assert_eq!((value(&lifted, "sends_per_s"), lifted.connections()), (None, None));
        assert!(value(&lifted, "text_bytes_max").is_some());
    }
}
