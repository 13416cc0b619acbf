//! One server in one temporary folder.

use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::{
        fs::{OpenOptionsExt, PermissionsExt},
        net::UnixStream,
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::{Durability, SetupError, install::Programs};

/// The superuser of a test server.
const USER: &str = "hoopoe";
/// Seconds that starting or stopping may take.
const START_MAX_S: &str = "60";
const WATCHDOG: &str = include_str!("watchdog.sh");

/// What the servers of tests have in common: small, quiet, quick to see a deadlock.
const SETTINGS: &str = "\
max_connections = 300
shared_buffers = 32MB
max_wal_size = 256MB
wal_level = minimal
max_wal_senders = 0
jit = off
deadlock_timeout = 100ms
timezone = 'UTC'
lc_messages = 'C'
log_checkpoints = off
log_line_prefix = '%m [%p] %d '
listen_addresses = '127.0.0.1'
";

/// Where a server is; enough for another process to use it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Place {
    /// Holds the data, the log, the Unix socket, and `users`, which those who use it lock.
    pub(crate) folder: PathBuf,
    /// On 127.0.0.1.
    pub(crate) port: u16,
    /// The process that ends the server when nobody uses it.
    watchdog: Option<i32>,
}

/// The settings as one text; another text is another server.
pub(crate) fn settings(durability: Durability) -> String {
    match durability {
        Durability::Durable => SETTINGS.to_owned(),
        Durability::Fast => format!("{SETTINGS}fsync = off\nfull_page_writes = off\n"),
    }
}

impl Place {
    /// Makes the folder and an empty cluster in it.
    pub(crate) fn create(programs: &Programs, durability: Durability) -> Result<Self, SetupError> {
        let folder = tempfile::Builder::new().prefix("hoopoe-postgres-").tempdir();
        let folder = folder.map_err(SetupError::new)?.keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).map_err(SetupError::new)?;
        let users = folder.join("users");
        OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(0o600)
            .open(&users)
            .map_err(SetupError::new)?;
        if let Some((user, group)) = programs.owner {
            for path in [&folder, &users] {
                std::os::unix::fs::chown(path, Some(user), Some(group)).map_err(SetupError::new)?;
            }
        }
        let place = Self { folder, port: crate::harness::free_port(), watchdog: None };
        let data = place.data();
        let mut initdb = programs.command("initdb");
        initdb.args(["--auth=trust", "--encoding=UTF8", "--locale=C", "--username", USER]);
        if durability == Durability::Fast {
            initdb.arg("--no-sync");
        }
        run(initdb.arg("--pgdata").arg(&data))?;
        let own = format!(
            "{}port = {}\nunix_socket_directories = '{}'\n",
            settings(durability),
            place.port,
            place.folder.display()
        );
        let config = OpenOptions::new().append(true).open(data.join("postgresql.conf"));
        config.and_then(|mut file| file.write_all(own.as_bytes())).map_err(SetupError::new)?;
        Ok(place)
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts the server and waits until it accepts connections.
    pub(crate) fn start(&self, programs: &Programs) -> Result<(), SetupError> {
        let mut start = programs.command("pg_ctl");
        start.args(["start", "--wait", "--silent", "--timeout", START_MAX_S]);
        start.arg("--pgdata").arg(self.data()).arg("--log").arg(self.folder.join("log"));
        run(&mut start).map_err(|error| {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            let tail: Vec<_> = log.lines().rev().take(10).collect();
            let tail: Vec<_> = tail.into_iter().rev().collect();
            SetupError::new(format!("{error}\n{}", tail.join("\n")))
        })
    }

    /// Starts the process that ends the server `linger_s` seconds after its last user.
    pub(crate) fn watch(&mut self, programs: &Programs, linger_s: u32) -> Result<(), SetupError> {
        let mut watchdog = Command::new("/bin/sh");
        programs.disguise(&mut watchdog);
        watchdog.args(["-c", WATCHDOG, "hoopoe-postgres-watchdog"]);
        watchdog.arg(&self.folder).arg(linger_s.to_string()).arg(programs.bin());
        // A group of its own: what ends a test run must not end this before its work is done.
        watchdog.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = watchdog.spawn().map_err(SetupError::new)?;
        self.watchdog = Some(i32::try_from(child.id()).map_err(SetupError::new)?);
        Ok(())
    }

    /// Keeps the server alive for as long as the file is open. Waits while the watchdog is ending
    /// the server; [`Place::is_alive`] then says so.
    pub(crate) fn hold(&self) -> Result<File, SetupError> {
        let users = File::open(self.folder.join("users")).map_err(SetupError::new)?;
        flock(&users, FlockOperation::LockShared).map_err(SetupError::new)?;
        Ok(users)
    }

    /// Whether the server listens in this very folder and has a watchdog.
    pub(crate) fn is_alive(&self) -> bool {
        let is_watched = self.watchdog.is_some_and(|pid| {
            let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let folder = self.folder.as_os_str().as_encoded_bytes();
            command.split(|byte| *byte == 0).any(|argument| argument == folder)
        });
        let socket = self.folder.join(format!(".s.PGSQL.{}", self.port));
        is_watched && UnixStream::connect(socket).is_ok()
    }

    /// Ends what is left of the server and removes its folder: for one without a watchdog.
    pub(crate) fn clear_away(&self, programs: &Programs) {
        if !self.folder.exists() {
            return;
        }
        let mut stop = programs.command("pg_ctl");
        stop.args(["stop", "--silent", "--mode=immediate", "--wait", "--timeout=20"]);
        // It fails where nothing runs any more, which is as good.
        drop(run(stop.arg("--pgdata").arg(self.data())));
        drop(fs::remove_dir_all(&self.folder));
    }

    /// The process ids of the server and of its children.
    pub(crate) fn processes(&self) -> Result<Vec<i32>, SetupError> {
        let lock = fs::read_to_string(self.data().join("postmaster.pid"));
        let lock = lock.map_err(SetupError::new)?;
        let first = lock.lines().next().unwrap_or_default();
        let parent: i32 = first.trim().parse().map_err(SetupError::new)?;
        let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
        let children = children.map_err(SetupError::new)?;
        let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        Ok(std::iter::once(parent).chain(children).collect())
    }

    /// Removes the server's notes of its process id. Only after that process is known to be gone.
    pub(crate) fn forget_process(&self) -> Result<(), SetupError> {
        let socket = self.folder.join(format!(".s.PGSQL.{}.lock", self.port));
        let notes = [self.data().join("postmaster.pid"), socket];
        notes.iter().try_for_each(|note| fs::remove_file(note).map_err(SetupError::new))
    }

    /// The URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }
}

/// Runs a program to its end; what it said is kept for the error.
pub(crate) fn run(command: &mut Command) -> Result<(), SetupError> {
    let name = Path::new(command.get_program()).display().to_string();
    // A server that is started keeps none of these pipes open: `pg_ctl --log` sees to that.
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| SetupError::new(format!("{name}: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(SetupError::new(format!("{name} ended with {}: {}", output.status, said.trim())))
}
