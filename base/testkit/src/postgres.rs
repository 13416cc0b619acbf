//! A private PostgreSQL of Debian's package, run as a user of its own on a free port.
//!
//! Tests of one run share a server, though each test is a process of its own under nextest: the
//! first that needs it starts it, all hold a lock on it, and a watchdog ends it when nobody has held
//! that lock for [`LINGER_S`]. Nothing has to be stopped by hand, and nothing leaks when tests are
//! killed. A test that kills the server starts one of its own with [`start_private`].

mod install;
mod server;

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    hash::{BuildHasher, RandomState},
    ops::Deref,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use rustix::{
    fs::{FlockOperation, flock},
    process::{Pid, Signal, kill_process},
};
use tokio::sync::OnceCell;

pub use hoopoe_db_postgres::run_alone;

use install::Programs;
use server::Place;

/// How long a shared server outlives its last user: the pauses between the tests of a run, and
/// between two runs of somebody who is working.
pub const LINGER_S: u32 = 120;
/// A server of one test ends with it.
const PRIVATE_LINGER_S: u32 = 2;
/// How long the processes of a killed server may take to be gone.
const DEATH_MAX: Duration = Duration::from_secs(10);
const DEATH_LOOK: Duration = Duration::from_millis(5);

/// Why there is no server.
#[derive(Debug)]
pub struct SetupError(String);

impl SetupError {
    pub(crate) fn new(words: impl fmt::Display) -> Self {
        Self(words.to_string())
    }
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the test PostgreSQL: {}", self.0)
    }
}

impl std::error::Error for SetupError {}

/// What a server promises about a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// `fsync` is off. A killed server process loses nothing; a power cut loses everything.
    Fast,
    /// As in production.
    Durable,
}

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    place: Place,
    /// Its lock keeps the watchdog quiet.
    _users: File,
}

impl Postgres {
    /// Makes an empty database and returns its URL.
    pub async fn database(&self) -> Result<String, SetupError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{:016x}", RandomState::new().hash_one(number));
        self.admin(&format!("CREATE DATABASE {name}")).await?;
        Ok(self.place.url(&name))
    }

    /// Removes a database that [`Postgres::database`] made, and ends the connections to it.
    pub async fn drop_database(&self, url: &str) -> Result<(), SetupError> {
        let name = url.rsplit('/').next().unwrap_or_default();
        self.admin(&format!("DROP DATABASE {name} WITH (FORCE)")).await
    }

    /// Runs statements as superuser, outside of any transaction.
    pub async fn admin(&self, sql: &str) -> Result<(), SetupError> {
        let url = self.place.url("postgres");
        run_alone(&url, sql).await.map_err(SetupError::new)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.place.port
    }

    /// The folder with the data and the server's log.
    pub fn folder(&self) -> &Path {
        &self.place.folder
    }
}

/// The server that all tests of a run share; started by whoever comes first.
pub async fn shared() -> Result<&'static Postgres, SetupError> {
    static SHARED: OnceCell<Postgres> = OnceCell::const_new();
    SHARED.get_or_try_init(|| blocking(join_or_start)).await
}

/// A server of the caller's own, for tests that kill it.
pub async fn start_private(durability: Durability) -> Result<PrivatePostgres, SetupError> {
    blocking(move || {
        let programs = Programs::find()?;
        let postgres = start(&programs, durability, PRIVATE_LINGER_S)?;
        Ok(PrivatePostgres { postgres, programs })
    })
    .await
}

/// A server that one test owns. It ends soon after it is dropped.
#[derive(Debug)]
pub struct PrivatePostgres {
    postgres: Postgres,
    programs: Programs,
}

impl Deref for PrivatePostgres {
    type Target = Postgres;

    fn deref(&self) -> &Postgres {
        &self.postgres
    }
}

impl PrivatePostgres {
    /// SIGKILL: no last words, no checkpoint. Returns when all processes of the server are gone.
    pub async fn kill(&self) -> Result<(), SetupError> {
        let processes = self.place.processes()?;
        // The parent dies first, so that it cannot start new children.
        for pid in processes.iter().filter_map(|pid| Pid::from_raw(*pid)) {
            match kill_process(pid, Signal::KILL) {
                Ok(()) | Err(rustix::io::Errno::SRCH) => {}
                Err(error) => return Err(SetupError::new(error)),
            }
        }
        let mut look = tokio::time::interval(DEATH_LOOK);
        let deaths = async {
            while !processes.iter().all(|pid| is_gone(*pid)) {
                look.tick().await;
            }
        };
        tokio::time::timeout(DEATH_MAX, deaths).await.map_err(SetupError::new)?;
        // Where nobody collects the dead, the next start would take this one's number for alive.
        self.place.forget_process()
    }

    /// Starts it again after [`PrivatePostgres::kill`], on the same port; it recovers first.
    pub async fn restart(&self) -> Result<(), SetupError> {
        let (place, programs) = (self.place.clone(), self.programs.clone());
        blocking(move || place.start(&programs)).await
    }
}

/// Whether a process has ended. Nobody may have collected it: it is not our child, and the first
/// process of a container does not always care.
fn is_gone(pid: i32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return true };
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SetupError> + Send + 'static,
) -> Result<T, SetupError> {
    tokio::task::spawn_blocking(work).await.map_err(SetupError::new)?
}

fn start(
    programs: &Programs,
    durability: Durability,
    linger_s: u32,
) -> Result<Postgres, SetupError> {
    let mut place = Place::create(programs, durability)?;
    let started = place.hold().and_then(|users| {
        // Before the server: if this process is killed now, somebody still cleans up.
        place.watch(programs, linger_s)?;
        place.start(programs)?;
        Ok(users)
    });
    match started {
        Ok(users) => Ok(Postgres { place, _users: users }),
        Err(error) => {
            place.clear_away(programs);
            Err(error)
        }
    }
}

/// Uses the server that another test process has started, or starts one for all.
fn join_or_start() -> Result<Postgres, SetupError> {
    let home = home();
    fs::create_dir_all(&home).map_err(SetupError::new)?;
    let gate = OpenOptions::new().create(true).truncate(false).write(true).open(home.join("gate"));
    let gate = gate.map_err(SetupError::new)?;
    flock(&gate, FlockOperation::LockExclusive).map_err(SetupError::new)?;
    let state = home.join("server.json");
    let known = fs::read(&state).ok().and_then(|text| serde_json::from_slice::<Place>(&text).ok());
    if let Some(place) = &known
        && let Ok(users) = place.hold()
        && place.is_alive()
    {
        return Ok(Postgres { place: place.clone(), _users: users });
    }
    let programs = Programs::find()?;
    if let Some(place) = known {
        place.clear_away(&programs);
    }
    let postgres = start(&programs, Durability::Fast, LINGER_S)?;
    let text = serde_json::to_vec(&postgres.place).map_err(SetupError::new)?;
    let draft = home.join("server.json.new");
    fs::write(&draft, text).and_then(|()| fs::rename(&draft, &state)).map_err(SetupError::new)?;
    Ok(postgres)
}

/// Where the test processes of one checkout meet: in Cargo's target folder, apart by settings, so
/// that a changed test kit does not use a server of yesterday's.
fn home() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    let target = target.map_or_else(std::env::temp_dir, Path::to_path_buf);
    let settings = server::settings(Durability::Fast);
    let user = rustix::process::geteuid().as_raw().to_string();
    let key = crate::harness::fingerprint(&[&settings, &user]);
    target.join("testkit-postgres").join(format!("{key:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answers(url: &str) -> bool {
        run_alone(url, "SELECT 1").await.is_ok()
    }

    #[tokio::test]
    async fn the_shared_server_gives_databases_of_their_own() {
        let server = shared().await.unwrap();
        let (one, two) = (server.database().await.unwrap(), server.database().await.unwrap());
        assert_ne!(one, two);
        run_alone(&one, "CREATE TABLE t (a BIGINT)").await.unwrap();
        let other = run_alone(&two, "SELECT a FROM t").await;
        assert!(other.is_err(), "a table of one database shows in another");
        server.drop_database(&one).await.unwrap();
        assert!(!answers(&one).await);
        server.drop_database(&two).await.unwrap();
    }

    #[tokio::test]
    async fn a_private_server_is_killed_and_keeps_what_it_committed() {
        let server = start_private(Durability::Durable).await.unwrap();
        let url = server.database().await.unwrap();
        let make = "CREATE TABLE t (a BIGINT); INSERT INTO t VALUES (1)";
        run_alone(&url, make).await.unwrap();
        server.kill().await.unwrap();
        assert!(!answers(&url).await);
        server.restart().await.unwrap();
        let check = "INSERT INTO t SELECT 1 / COUNT(*) FROM t";
        run_alone(&url, check).await.unwrap();
    }
}
