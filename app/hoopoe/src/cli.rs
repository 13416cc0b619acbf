//! The command line.

use std::{
    io::{self, BufRead, Read as _},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use hoopoe_wire::{limits, signin::Password};

use crate::{
    api, chat,
    config::{Config, Overrides},
    control,
    operator::Request,
    output, restore, serve,
    trouble::Trouble,
};

/// Hoopoe 戴胜: instant messaging for your app, in one binary.
#[derive(Debug, Parser)]
#[command(name = "hoopoe", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(Serve),
    /// Apps (tenants) and the keys of their backends
    #[command(subcommand)]
    App(AppCommand),
    /// Users of an app and their tokens
    #[command(subcommand)]
    User(UserCommand),
    /// Administration of the server
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Look whether the data and the machine are in order
    Doctor(Plain),
    /// Copy the database to a file, while the server runs or without it
    Backup {
        /// The file to write; it must not exist
        file: PathBuf,
        #[command(flatten)]
        plain: Plain,
    },
    /// Bring a backup back, into a data directory without a database or an empty database server
    Restore {
        /// The file that `hoopoe backup` wrote
        file: PathBuf,
        #[command(flatten)]
        plain: Plain,
    },
    /// Talk with somebody, in this terminal
    Chat(chat::Options),
    /// Print a document of the API
    Api {
        /// Which one
        document: Document,
    },
}

#[derive(Debug, Args)]
struct Serve {
    #[command(flatten)]
    place: Place,
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Make an app `demo` with users ann and bob, print their passwords and tokens, and let
    /// everybody register (loopback only)
    #[arg(long)]
    demo: bool,
}

/// Where the data is.
#[derive(Debug, Args)]
struct Place {
    /// Settings file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data directory [default: data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Database server, postgres://…; without it the data directory holds the database
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

#[derive(Debug, Args)]
struct Plain {
    #[command(flatten)]
    place: Place,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum AppCommand {
    /// Make an app and its first server key
    Create {
        /// Its name, unique on the server
        name: String,
        #[command(flatten)]
        plain: Plain,
    },
    /// List all apps
    List(Plain),
    /// Server keys of an app
    #[command(subcommand)]
    Keys(KeysCommand),
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// List the keys of an app, without their secrets
    List {
        /// The app's name or id
        app: String,
        #[command(flatten)]
        plain: Plain,
    },
    /// Make a key
    Create {
        /// The app's name or id
        app: String,
        /// What it is for
        #[arg(long)]
        label: Option<String>,
        /// A domain of commands that it may use, like `users`; may be repeated [default: all]
        #[arg(long = "scope", value_name = "DOMAIN")]
        scopes: Vec<String>,
        #[command(flatten)]
        plain: Plain,
    },
    /// Replace a key; the old one works a while longer
    Rotate {
        /// The app's name or id
        app: String,
        /// The key's id, `key_…`
        key: String,
        /// Seconds that the old key goes on working [default: a day]
        #[arg(long, value_name = "SECONDS")]
        grace_s: Option<u64>,
        #[command(flatten)]
        plain: Plain,
    },
    /// End a key at once
    Revoke {
        /// The app's name or id
        app: String,
        /// The key's id, `key_…`
        key: String,
        #[command(flatten)]
        plain: Plain,
    },
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Make a user; an existing one is left alone
    Create {
        /// The user's id
        user: String,
        /// The app's name or id
        #[arg(long)]
        app: String,
        /// The name that people see
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        plain: Plain,
    },
    /// Sign a user in: print a token
    Token {
        /// The user's id
        user: String,
        /// The app's name or id
        #[arg(long)]
        app: String,
        /// How long the token lives [default: a day]
        #[arg(long, value_name = "SECONDS")]
        ttl_s: Option<u64>,
        #[command(flatten)]
        plain: Plain,
    },
    /// Give a user the password on the first line of standard input, and end their sessions
    Password {
        /// The user's id
        user: String,
        /// The app's name or id
        #[arg(long)]
        app: String,
        /// The name to sign in with [default: the one that there is, or the user's id]
        #[arg(long, value_name = "NAME")]
        login: Option<String>,
        #[command(flatten)]
        plain: Plain,
    },
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Administration keys
    #[command(subcommand)]
    Key(AdminKeyCommand),
}

#[derive(Debug, Subcommand)]
enum AdminKeyCommand {
    /// List the keys, without their secrets
    List(Plain),
    /// Make a key
    Create {
        /// What it is for
        #[arg(long)]
        label: Option<String>,
        #[command(flatten)]
        plain: Plain,
    },
    /// End a key at once
    Revoke {
        /// The key's id, `key_…`
        key: String,
        #[command(flatten)]
        plain: Plain,
    },
}

/// Documents that are printed from the commands of this binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Document {
    /// The REST API, OpenAPI 3.1
    Openapi,
    /// The socket, AsyncAPI 3.0
    Asyncapi,
    /// The error list, Markdown
    Errors,
    /// The limits, Markdown
    Limits,
}

impl Place {
    fn load(self, listen: Option<SocketAddr>) -> Result<Config, Trouble> {
        let Self { config, data, database } = self;
        Config::load(config.as_deref(), std::env::vars_os(), Overrides { data, listen, database })
    }
}

impl Cli {
    /// Does what was asked.
    pub(crate) fn run(self) -> Result<ExitCode, Trouble> {
        let (plain, request) = match self.command {
            Command::Serve(Serve { place, listen, demo }) => {
                return serve::run(place.load(listen)?, demo);
            }
            Command::Chat(options) => return chat::run(options),
            Command::Api { document } => {
                output::line(&api::print(document)?)?;
                return Ok(ExitCode::SUCCESS);
            }
            Command::Doctor(plain) => (plain, Request::Doctor),
            Command::Backup { file, plain } => {
                let file = std::path::absolute(&file)
                    .map_err(|e| Trouble::usage(format!("{}: {e}", file.display())))?;
                (plain, Request::Backup { file })
            }
            Command::Restore { file, plain } => {
                restore::run(&plain.place.load(None)?, &file)?.print(plain.json)?;
                return Ok(ExitCode::SUCCESS);
            }
            Command::App(command) => command.request(),
            Command::User(command) => command.request(&mut io::stdin().lock())?,
            Command::Admin(AdminCommand::Key(command)) => command.request(),
        };
        let config = plain.place.load(None)?;
        control::run(&config, request)?.print(plain.json)?;
        Ok(ExitCode::SUCCESS)
    }
}

impl AppCommand {
    fn request(self) -> (Plain, Request) {
        match self {
            Self::Create { name, plain } => (plain, Request::AppCreate { name }),
            Self::List(plain) => (plain, Request::AppList),
            Self::Keys(KeysCommand::List { app, plain }) => (plain, Request::KeyList { app }),
            Self::Keys(KeysCommand::Create { app, label, scopes, plain }) => {
                (plain, Request::KeyCreate { app, label, scopes })
            }
            Self::Keys(KeysCommand::Rotate { app, key, grace_s, plain }) => {
                (plain, Request::KeyRotate { app, key, grace_s })
            }
            Self::Keys(KeysCommand::Revoke { app, key, plain }) => {
                (plain, Request::KeyRevoke { app, key })
            }
        }
    }
}

impl UserCommand {
    /// `input` is read where there is a password to be read: on the command line everybody on the
    /// machine would see it.
    fn request(self, input: &mut dyn BufRead) -> Result<(Plain, Request), Trouble> {
        Ok(match self {
            Self::Create { user, app, name, plain } => {
                (plain, Request::UserCreate { app, user, name })
            }
            Self::Token { user, app, ttl_s, plain } => {
                (plain, Request::UserToken { app, user, ttl_s })
            }
            Self::Password { user, app, login, plain } => {
                let password = read_password(input)?;
                (plain, Request::UserPassword { app, user, login, password })
            }
        })
    }
}

/// The first line, without its end.
fn read_password(input: &mut dyn BufRead) -> Result<Password, Trouble> {
    let mut line = String::new();
    let most = limits::PASSWORD_BYTES_MAX as u64 + 2;
    let read = input.take(most).read_line(&mut line);
    read.map_err(|error| Trouble::failed(format!("cannot read a password: {error}")))?;
    let line = line.trim_end_matches(['\n', '\r']);
    if line.is_empty() {
        return Err(Trouble::usage("the password is the first line of standard input"));
    }
    Ok(Password::new(line))
}

impl AdminKeyCommand {
    fn request(self) -> (Plain, Request) {
        match self {
            Self::List(plain) => (plain, Request::AdminKeyList),
            Self::Create { label, plain } => (plain, Request::AdminKeyCreate { label }),
            Self::Revoke { key, plain } => (plain, Request::AdminKeyRevoke { key }),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split_whitespace())
    }

    fn request(line: &str) -> (bool, Request) {
        let (plain, request) = match parse(line).expect("right usage").command {
            Command::App(command) => command.request(),
            Command::User(command) => {
                let mut input = "correct horse\r\nmore\n".as_bytes();
                command.request(&mut input).expect("a password")
            }
            Command::Admin(AdminCommand::Key(command)) => command.request(),
            other => panic!("{other:?}"),
        };
        (plain.json, request)
    }

    #[test]
    fn the_table_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn what_scripts_rely_on_is_understood() {
        let expected = Request::AppCreate { name: "demo".to_owned() };
        assert_eq!(request("hoopoe app create demo --data d --json"), (true, expected));
        let expected =
            Request::UserToken { app: "demo".to_owned(), user: "ann".to_owned(), ttl_s: None };
        assert_eq!(request("hoopoe user token ann --app demo --data d --json"), (true, expected));
        let password = Password::new("correct horse");
        let expected = Request::UserPassword {
            app: "demo".to_owned(),
            user: "ann".to_owned(),
            login: None,
            password,
        };
        assert!(!format!("{expected:?}").contains("horse"), "{expected:?}");
        assert_eq!(request("hoopoe user password ann --app demo"), (false, expected));
        let nothing = read_password(&mut "\n".as_bytes()).expect_err("no password");
        assert!(nothing.words().contains("standard input"));
        let expected = Request::AdminKeyCreate { label: None };
        assert_eq!(request("hoopoe admin key create --data d"), (false, expected));
        let expected = Request::KeyCreate {
            app: "demo".to_owned(),
            label: None,
            scopes: vec!["users".to_owned(), "messages".to_owned()],
        };
        let line = "hoopoe app keys create demo --scope users --scope messages";
        assert_eq!(request(line), (false, expected));
        for line in [
            "hoopoe serve",
            "hoopoe serve --config h.toml --data d --listen 127.0.0.1:0 --demo",
            "hoopoe serve --database postgres://localhost/x",
            "hoopoe doctor --data d --json",
            "hoopoe backup f --data d",
            "hoopoe restore f --data d --json",
            "hoopoe api openapi",
            "hoopoe chat --url ws://127.0.0.1:8080 --token ut_x --with bob",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn wrong_usage_is_told_with_exit_code_2() {
        for line in [
            "hoopoe",
            "hoopoe serve --listen here",
            "hoopoe user token ann",
            "hoopoe api nothing",
            "hoopoe app create",
        ] {
            assert_eq!(parse(line).expect_err("wrong").exit_code(), 2, "{line}");
        }
    }
}
