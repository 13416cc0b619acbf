//! One bench's server with its directory and its app, and the people in it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api::{Api, Conversation, NewConversation, Person};
use crate::cli::Sizes;
use crate::pace::Latencies;
use crate::probe;
use crate::progress;
use crate::server::{self, Server};
use crate::trouble::{Doing, Outcome, cannot_run};

/// What all benches of a run share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) program: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) sizes: Sizes,
}

/// A server process, its data directory on the disk, and one app in it. Everything is removed when
/// the house is dropped.
#[derive(Debug)]
pub(crate) struct House {
    bench: &'static str,
    program: PathBuf,
    home: TempDir,
    server: Option<Server>,
    server_key: String,
}

impl House {
    /// A fresh server with an empty app.
    pub(crate) fn open(context: &Context, bench: &'static str) -> Outcome<House> {
        let mut house = House::without_app(context, bench)?;
        house.create_app()?;
        Ok(house)
    }

    /// A fresh server with nothing in it.
    pub(crate) fn without_app(context: &Context, bench: &'static str) -> Outcome<House> {
        let home = tempfile::Builder::new()
            .prefix(&format!("{bench}-"))
            .tempdir_in(&context.data)
            .doing(|| format!("making a directory in {}", context.data.display()))?;
        let program = context.program.clone();
        let mut house = House { bench, program, home, server: None, server_key: String::new() };
        house.start()?;
        Ok(house)
    }

    /// Makes the app and remembers its key.
    pub(crate) fn create_app(&mut self) -> Outcome<()> {
        let app = server::create_app(&self.program, &self.data(), "bench")?;
        self.server_key = app.server_key;
        Ok(())
    }

    /// The directory of this house, for what a bench gives its server to read.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.home.path().join("server.log")
    }

    /// Starts the server on what is in its directory.
    pub(crate) fn start(&mut self) -> Outcome<()> {
        self.start_with(&[])
    }

    /// As [`House::start`], with these settings in the server's environment. [`House::api`] does
    /// not reach a server that was given a certificate.
    pub(crate) fn start_with(&mut self, settings: &[(&str, &Path)]) -> Outcome<()> {
        let server = Server::start(&self.program, &self.data(), &self.log(), settings)?;
        self.server = Some(server);
        Ok(())
    }

    /// Ends the server by SIGTERM; its exit code must be 0.
    pub(crate) fn stop(&mut self) -> Outcome<()> {
        match self.server.take() {
            Some(server) => server.stop(&self.log()),
            None => Ok(()),
        }
    }

    pub(crate) fn server(&self) -> Outcome<&Server> {
        match &self.server {
            Some(server) => Ok(server),
            None => cannot_run("the server was stopped"),
        }
    }

    pub(crate) fn pid(&self) -> Outcome<u32> {
        self.server().map(Server::pid)
    }

    /// A REST client with the app's server key.
    pub(crate) fn api(&self) -> Outcome<Api> {
        Api::new(&self.server()?.address().to_string(), &self.server_key)
    }

    /// What an fsync costs on this server's disk; to be called while the server has nothing to do.
    pub(crate) fn fsync(&self, how_long: Duration) -> Outcome<Latencies> {
        let _spinner = progress::timed(self.bench, "probing the disk");
        probe::fsync_latencies(self.home.path(), how_long)
    }

    /// Size of the data directory in bytes.
    pub(crate) fn data_bytes(&self) -> u64 {
        folder_bytes(&self.data())
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // A bench that ends well has stopped its server; this one did not.
        if self.server.take().is_some() {
            progress::say(server::tail(&self.log()).trim_start());
        }
    }
}

fn folder_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => folder_bytes(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Two sets of people with direct conversations between them.
#[derive(Debug)]
pub(crate) struct Town {
    pub(crate) left: Vec<Person>,
    pub(crate) right: Vec<Person>,
    pub(crate) routes: Vec<Route>,
}

/// A direct conversation of two people, by their places in the town.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) conversation: Conversation,
    pub(crate) left: usize,
    pub(crate) right: usize,
}

impl Town {
    /// `count` pairs: everybody has one conversation.
    pub(crate) fn pairs(api: &Api, count: usize, bar: &ProgressBar) -> Outcome<Town> {
        let places = (0..count).map(|n| (n, n)).collect();
        Town::build(api, "pair", (count, count), places, bar)
    }

    /// Both towns as one.
    pub(crate) fn and(&self, other: &Town) -> Town {
        let moved = other.routes.iter().map(|route| Route {
            conversation: route.conversation.clone(),
            left: self.left.len() + route.left,
            right: self.right.len() + route.right,
        });
        Town {
            left: self.left.iter().chain(&other.left).cloned().collect(),
            right: self.right.iter().chain(&other.right).cloned().collect(),
            routes: self.routes.iter().cloned().chain(moved).collect(),
        }
    }

    /// One person on the left with a conversation with each of `count` on the right.
    pub(crate) fn star(api: &Api, count: usize, bar: &ProgressBar) -> Outcome<Town> {
        Town::build(api, "star", (1, count), (0..count).map(|n| (0, n)).collect(), bar)
    }

    /// `count` people on the left, each with a conversation with the one on the right.
    pub(crate) fn crowd(api: &Api, count: usize, bar: &ProgressBar) -> Outcome<Town> {
        Town::build(api, "crowd", (count, 1), (0..count).map(|n| (n, 0)).collect(), bar)
    }

    /// The first `count` of a crowd.
    pub(crate) fn first(&self, count: usize) -> Town {
        Town {
            left: self.left[..count].to_vec(),
            right: self.right.clone(),
            routes: self.routes[..count].to_vec(),
        }
    }

    /// `count` conversations between two sets of about √count people, each of whom knows about
    /// √count others.
    pub(crate) fn grid(api: &Api, count: usize, bar: &ProgressBar) -> Outcome<Town> {
        let right = count.isqrt().max(1);
        let left = count.div_ceil(right);
        let places = (0..count).map(|n| (n / right, n % right)).collect();
        Town::build(api, "grid", (left, right), places, bar)
    }

    fn build(
        api: &Api,
        prefix: &str,
        (left, right): (usize, usize),
        places: Vec<(usize, usize)>,
        bar: &ProgressBar,
    ) -> Outcome<Town> {
        let left = api.people(&format!("{prefix}-left"), left, bar)?;
        let right = api.people(&format!("{prefix}-right"), right, bar)?;
        let new: Vec<_> = places
            .iter()
            .map(|&(l, r)| NewConversation::Direct { owner: &left[l].id, other: &right[r].id })
            .collect();
        let made = api.conversations(&new, bar)?;
        let routes = made
            .into_iter()
            .zip(places)
            .map(|(conversation, (left, right))| Route { conversation, left, right })
            .collect();
        Ok(Town { left, right, routes })
    }
}

/// Adds an object's fields to another object.
pub(crate) fn with(mut params: Value, more: Value) -> Value {
    if let (Some(params), Value::Object(more)) = (params.as_object_mut(), more) {
        params.extend(more);
    }
    params
}

/// The disk's part of the parameters.
pub(crate) fn fsync_params(fsync: &Latencies) -> Value {
    json!({
        "fsync_p50_ms": fsync.quantile_ms(0.5),
        "fsync_p99_ms": fsync.quantile_ms(0.99),
        "fsync_count": fsync.count(),
    })
}
