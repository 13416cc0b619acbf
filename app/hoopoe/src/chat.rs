//! `hoopoe chat`: two people in two terminals, on the client SDK.

mod input;
mod password;
mod room;
mod screen;

use std::{fs, path::PathBuf, process::ExitCode, time::Duration};

use hoopoe_sdk::{
    Builder, Client, Error, Events, SignIn, Status, Stop,
    wire::{accounts::Device, page::Empty},
};
use tokio::sync::{mpsc, watch};

use self::{
    input::Line,
    room::Room,
    screen::{Screen, clean},
};
use crate::trouble::Trouble;

/// How long the last lines may take to leave at the end.
const FLUSH_MAX: Duration = Duration::from_secs(10);
/// A session that was signed in for ends with the chat; nobody waits longer than this for that.
const LOGOUT_MAX: Duration = Duration::from_secs(2);
/// At the end of the input: what the server says within this is still shown.
const LAST_WORDS: Duration = Duration::from_millis(200);

const HELP: &str = "\
What you type is sent. Besides:
  /with NAME   talk with somebody, or in the group of this name
  /list        your conversations
  /help        this
  /quit        the end; so are Ctrl-D and Ctrl-C";

/// Where to, who, with whom.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The server
    #[arg(long, value_name = "URL", default_value = "ws://127.0.0.1:8080")]
    url: String,
    /// Certificates (PEM) to trust beside those that this machine trusts, for `wss://`
    #[arg(long, value_name = "FILE")]
    trust: Option<PathBuf>,
    /// A user token, `ut_…`: `hoopoe user token USER --app NAME` prints one
    #[arg(long, env = "HOOPOE_TOKEN", hide_env_values = true, required_unless_present = "login")]
    token: Option<String>,
    /// Sign in by login name instead; the password comes from HOOPOE_PASSWORD, or is asked for, or
    /// is the first line of a pipe
    #[arg(long, value_name = "NAME", requires = "app")]
    login: Option<String>,
    /// The app to sign in to, by name or id
    #[arg(long, value_name = "APP", env = "HOOPOE_APP")]
    app: Option<String>,
    /// Whom to talk with: a user, or the name or id of a group
    #[arg(long, value_name = "NAME")]
    with: Option<String>,
}

/// Chats until the input ends, or somebody has had enough.
pub(crate) fn run(options: Options) -> Result<ExitCode, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::failed(format!("cannot start: {error}")))?;
    let result = runtime.block_on(begin(options));
    // A thread waits for the keyboard; it is not waited for.
    runtime.shutdown_background();
    result.map(|()| ExitCode::SUCCESS)
}

async fn begin(options: Options) -> Result<(), Trouble> {
    let trusted = options.trusted()?;
    let device = Device { platform: Some("terminal".to_owned()), ..Device::default() };
    let builder = Client::builder().url(&options.url).trust(trusted.clone()).device(device.clone());
    let builder = match (&options.login, &options.token) {
        (Some(login), _) => options.sign_in(login, builder, trusted, device).await?,
        (None, token) => builder.token(token.clone().unwrap_or_default()),
    };
    let Options { url, with, login, .. } = options;
    let client = builder.start().await.map_err(|error| Trouble::usage(error.to_string()))?;
    let mut chat = Chat {
        events: client.events(),
        status: client.connection(),
        lines: input::lines(),
        room: Room::new(client.clone(), Screen::new()),
        was_online: false,
        is_away: false,
        is_signed_in: login.is_some(),
        url,
        with,
    };
    let ended = tokio::select! {
        ended = chat.run() => ended,
        // Where there are no signals, the end of the input still ends it.
        Ok(()) = tokio::signal::ctrl_c() => Ok(()),
    };
    chat.room.screen().end();
    if login.is_some() && chat.was_online {
        let leaving = client.call::<Empty>("auth.logout", &Empty {});
        // A session that is left behind ends by itself.
        drop(tokio::time::timeout(LOGOUT_MAX, leaving).await);
    }
    client.close().await;
    ended
}

impl Options {
    fn trusted(&self) -> Result<Vec<u8>, Trouble> {
        let Some(file) = &self.trust else { return Ok(Vec::new()) };
        fs::read(file).map_err(|error| Trouble::usage(format!("{}: {error}", file.display())))
    }

    /// A session of this login's, which refreshes itself, in place of a token.
    async fn sign_in(
        &self,
        login: &str,
        builder: Builder,
        trusted: Vec<u8>,
        device: Device,
    ) -> Result<Builder, Trouble> {
        let password = password::of(login).await?;
        let app = self.app.as_deref().unwrap_or_default();
        let asking = SignIn::new(&self.url, app, login, password).trust(trusted).device(device);
        match asking.sign_in().await {
            Ok(session) => Ok(builder.token_provider(session)),
            Err(Error::Setup(words)) => Err(Trouble::usage(words)),
            Err(Error::Unreachable(words)) => {
                Err(Trouble::failed(format!("no line to {} ({})", self.url, clean(&words))))
            }
            Err(error) => Err(Trouble::failed(clean(&error.to_string()))),
        }
    }
}

struct Chat {
    events: Events,
    status: watch::Receiver<Status>,
    lines: mpsc::Receiver<Line>,
    room: Room,
    url: String,
    /// Whom to talk with as soon as there is a line.
    with: Option<String>,
    was_online: bool,
    is_away: bool,
    /// By login and password, not by a token.
    is_signed_in: bool,
}

impl Chat {
    async fn run(&mut self) -> Result<(), Trouble> {
        self.on_status().await?;
        loop {
            // Lines that are there before the conversation is wait for it.
            let may_type = self.was_online && self.with.is_none();
            tokio::select! {
                changed = self.status.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                    self.on_status().await?;
                }
                Some(event) = self.events.next() => self.room.on_event(event),
                line = self.lines.recv(), if may_type => match line {
                    Some(Line::Quit) => return Ok(()),
                    Some(line) => self.on_line(line).await,
                    None => return self.finish().await,
                },
            }
        }
    }

    async fn on_status(&mut self) -> Result<(), Trouble> {
        let status = self.status.borrow_and_update().clone();
        match status {
            Status::Online => {
                if !self.was_online {
                    self.was_online = true;
                    self.room.greet().await;
                } else if std::mem::take(&mut self.is_away) {
                    self.room.screen().note("connected again");
                }
                self.is_away = false;
                if let Some(name) = self.with.take() {
                    self.room.enter(&name).await.map_err(Trouble::failed)?;
                }
            }
            Status::Waiting { why, .. } if !self.is_away => {
                self.is_away = true;
                let words = format!("no line to {} ({}); trying again", self.url, clean(&why));
                self.room.screen().note(&words);
            }
            Status::Stopped(Stop::TokenRefused) if !self.is_signed_in => {
                return Err(Trouble::failed(
                    "the server does not take this token; `hoopoe user token USER --app NAME` \
                     prints a fresh one",
                ));
            }
            Status::Stopped(Stop::Closed) => {}
            Status::Stopped(stop) => return Err(Trouble::failed(stop.to_string())),
            _ => {}
        }
        Ok(())
    }

    async fn on_line(&mut self, line: Line) {
        match line {
            Line::Say(text) => self.room.say(text).await,
            Line::With(name) => {
                if let Err(words) = self.room.enter(&name).await {
                    self.room.screen().note(&words);
                }
            }
            Line::List => self.room.list().await,
            Line::Help => self.room.screen().line(HELP),
            Line::Unknown(word) => {
                self.room.screen().note(&format!("there is no {word}; /help lists what there is"));
            }
            Line::Quit => {}
        }
        self.room.screen().prompt();
    }

    /// The input is over: what was typed leaves, and what comes at once is shown.
    async fn finish(&mut self) -> Result<(), Trouble> {
        let flushing = tokio::time::timeout(FLUSH_MAX, self.room.client().flush());
        let is_flushed = matches!(flushing.await, Ok(Ok(())));
        while let Ok(Some(event)) = tokio::time::timeout(LAST_WORDS, self.events.next()).await {
            self.room.on_event(event);
        }
        if is_flushed {
            return Ok(());
        }
        Err(Trouble::failed("there was no line for the last messages; they were not sent"))
    }
}
