//! The real server as a child process: started, killed, drained and started again, beside the
//! command line of the same binary.

use std::{
    fs::{self, File},
    io::Read,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    sync::watch,
};

use crate::{
    harness::{PATIENCE, fail, free_port, within},
    journal::{Caps, Usage},
};

pub use hoopoe_kernel::faults::POINTS as FAIL_POINTS;

/// Where the server's binary is: `HOOPOE_BIN`, or `hoopoe` in the folder that the test itself was
/// built into.
///
/// # Panics
/// When there is none.
pub fn binary() -> PathBuf {
    let path = match std::env::var_os("HOOPOE_BIN") {
        Some(path) => PathBuf::from(path),
        None => match std::env::current_exe() {
            // target/debug/deps/all-0123 → target/debug/hoopoe
            Ok(test) => test.ancestors().nth(2).unwrap_or(Path::new(".")).join("hoopoe"),
            Err(error) => fail(format!("where is this test? {error}")),
        },
    };
    if !path.is_file() {
        let path = path.display();
        fail(format!(
            "{path} is not there: build it with `cargo build -p hoopoe --features faults`"
        ));
    }
    path
}

/// How a server is started.
#[derive(Debug, Clone, Default)]
pub struct Launch {
    /// `--data`.
    pub data: PathBuf,
    /// `--database`; the embedded one when absent.
    pub database: Option<String>,
    /// Further environment.
    pub env: Vec<(String, String)>,
}

impl Launch {
    /// With the embedded database in this directory, rates not limited.
    pub fn new(data: &Path) -> Self {
        let env = vec![("HOOPOE__LIMITS__ENABLED".to_owned(), "false".to_owned())];
        Self { data: data.to_owned(), database: None, env }
    }

    /// With another setting of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Without a setting of the environment.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(binary());
        // What the tests themselves were started with is not the server's business.
        command.env_remove("HOOPOE_FAULTS").env_remove("HOOPOE_FAIL_POINT");
        command.envs(self.env.iter().map(|(name, value)| (name, value))).kill_on_drop(true);
        command
    }

    fn place(&self, command: &mut Command) {
        command.arg("--data").arg(&self.data);
        if let Some(url) = &self.database {
            command.args(["--database", url]);
        }
    }
}

/// What a command line came to.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; none when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Ran {
    /// Standard output as the one JSON value that it must be.
    ///
    /// # Panics
    /// When the command failed or printed anything else.
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) if self.code == Some(0) => value,
            _ => fail(format!("not a success with JSON: {self:?}")),
        }
    }
}

/// Runs the binary with these words and `--data` behind them.
///
/// # Panics
/// When it cannot be started or does not end in time.
pub async fn run_cli(launch: &Launch, words: &[&str]) -> Ran {
    run_cli_with_input(launch, words, "").await
}

/// The same with something on standard input.
///
/// # Panics
/// When it cannot be run, or does not end.
pub async fn run_cli_with_input(launch: &Launch, words: &[&str], input: &str) -> Ran {
    let mut command = launch.command();
    command.args(words);
    launch.place(&mut command);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let running = async {
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that reads nothing may have ended before it was written.
            drop(stdin.write_all(input.as_bytes()).await);
        }
        child.wait_with_output().await
    };
    let output = within(PATIENCE, &format!("the end of {words:?}"), running).await;
    let output = output.unwrap_or_else(|error| fail(format!("{words:?}: {error}")));
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A server that accepts, since when, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Up {
    /// Its address.
    pub address: SocketAddr,
    /// When its line said so.
    pub since: Instant,
}

/// A server process of a test. Dropping it kills it; when the test is failing, the end of its log
/// is shown.
pub struct Server {
    launch: Launch,
    address: SocketAddr,
    child: Child,
    log: PathBuf,
    up: watch::Sender<Option<Up>>,
    /// Told when the process has closed its standard output, which is when it ends.
    over: watch::Receiver<bool>,
    ready_took: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.show_log();
        }
    }
}

/// How much of a log is shown.
const LOG_LINES_SHOWN: usize = 120;

impl Server {
    /// Starts a server on a free port of loopback and waits until it accepts.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn start(launch: Launch) -> Self {
        match Self::try_start(launch).await {
            Ok(server) => server,
            Err(ran) => fail(format!("the server did not come up: {ran:?}")),
        }
    }

    /// Starts a server on a free port of loopback.
    ///
    /// # Errors
    /// What it said when it ended instead of listening.
    pub async fn try_start(launch: Launch) -> Result<Self, Ran> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        Self::launch(launch, address, watch::Sender::new(None)).await
    }

    /// Starts a server that must refuse to start, at this address or at a free one; what it said.
    ///
    /// # Panics
    /// When it comes up.
    pub async fn refused(launch: Launch, address: Option<SocketAddr>) -> Ran {
        let free = || SocketAddr::from(([127, 0, 0, 1], free_port()));
        let address = address.unwrap_or_else(free);
        match Self::launch(launch, address, watch::Sender::new(None)).await {
            Ok(_) => fail("the server came up, it should have refused"),
            Err(ran) => ran,
        }
    }

    async fn launch(
        launch: Launch,
        address: SocketAddr,
        up: watch::Sender<Option<Up>>,
    ) -> Result<Self, Ran> {
        // Beside the data, not in it: what is in it is the server's.
        let log = launch.data.with_extension("log");
        let opened = File::options().create(true).append(true).open(&log);
        let file = opened.unwrap_or_else(|error| fail(format!("{}: {error}", log.display())));
        let log_began = file.metadata().map_or(0, |meta| meta.len());
        let mut command = launch.command();
        command.arg("serve").args(["--listen", &address.to_string()]);
        launch.place(&mut command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
        let began = Instant::now();
        let mut child =
            command.spawn().unwrap_or_else(|error| fail(format!("starting the server: {error}")));
        let Some(stdout) = child.stdout.take() else { fail("its standard output is piped") };
        let mut lines = BufReader::new(stdout).lines();
        let mut printed = String::new();
        let listening = async {
            while let Ok(Some(line)) = lines.next_line().await {
                let url = line.split_once("listening on ").map(|(_, url)| url.trim());
                if let Some((_, address)) = url.and_then(|url| url.split_once("://")) {
                    return Some(address.to_owned());
                }
                printed.push_str(&line);
                printed.push('\n');
            }
            None
        };
        let url = within(PATIENCE, "`listening on http://…`", listening).await;
        let Some(url) = url else {
            let status = within(PATIENCE, "the end of the server", child.wait()).await;
            let stderr = tail(&log, log_began);
            let code = status.ok().and_then(|status| status.code());
            return Err(Ran { code, stdout: printed, stderr });
        };
        let ready_took = began.elapsed();
        let told = url.trim_end_matches('/').parse();
        let address = told.unwrap_or_else(|_| fail(format!("`{url}` is no address")));
        let (end, over) = watch::channel(false);
        tokio::spawn(async move {
            // Whatever it prints later must not block it.
            while let Ok(Some(_)) = lines.next_line().await {}
            end.send_replace(true);
        });
        up.send_replace(Some(Up { address, since: Instant::now() }));
        Ok(Self { launch, address, child, log, up, over, ready_took })
    }

    /// Starts it again on the same data and the same port. It must have ended.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn restart(&mut self) {
        let launch = self.launch.clone();
        if let Err(ran) = self.relaunch(launch).await {
            fail(format!("the server did not come up again: {ran:?}"));
        }
    }

    /// Starts it again without a setting of its environment. It must have ended.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn restart_without(&mut self, name: &str) {
        self.launch = self.launch.clone().without(name);
        self.restart().await;
    }

    /// Starts it again on the same port, otherwise as told. It must have ended.
    ///
    /// # Errors
    /// What it said when it ended instead of listening.
    pub async fn relaunch(&mut self, launch: Launch) -> Result<(), Ran> {
        *self = Self::launch(launch, self.address, self.up.clone()).await?;
        Ok(())
    }

    /// How it was started.
    pub fn launched(&self) -> &Launch {
        &self.launch
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells when the server is up; `None` while it is known to be down.
    pub fn up(&self) -> watch::Receiver<Option<Up>> {
        self.up.subscribe()
    }

    /// From the start of the process to its `listening` line.
    pub fn ready_took(&self) -> Duration {
        self.ready_took
    }

    fn pid(&self) -> Pid {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        pid.unwrap_or_else(|| fail("the server has ended already"))
    }

    /// Its process id.
    ///
    /// # Panics
    /// When it has ended.
    pub fn process_id(&self) -> u32 {
        self.pid().as_raw_nonzero().get().unsigned_abs()
    }

    /// Sends SIGKILL and waits for the end.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn kill(&mut self) {
        self.up.send_replace(None);
        // A process that a fail point has killed already cannot be signalled.
        drop(self.child.start_kill());
        self.ended(PATIENCE).await;
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Panics
    /// When it does not end within `limit`.
    pub async fn terminate(&mut self, limit: Duration) -> ExitStatus {
        self.ask_to_stop();
        self.ended(limit).await
    }

    /// Sends SIGTERM.
    ///
    /// # Panics
    /// When it has ended.
    pub fn ask_to_stop(&self) {
        if let Err(error) = kill_process(self.pid(), Signal::TERM) {
            fail(format!("SIGTERM: {error}"));
        }
    }

    /// What it has written into its log, all its lives together.
    pub fn log(&self) -> String {
        tail(&self.log, 0)
    }

    /// Sends SIGHUP: it reads its TLS files again.
    ///
    /// # Panics
    /// When the process has ended.
    pub fn hang_up(&self) {
        if let Err(error) = kill_process(self.pid(), Signal::HUP) {
            fail(format!("SIGHUP: {error}"));
        }
    }

    /// Waits until the process has ended by itself.
    ///
    /// # Panics
    /// When it does not end within `limit`.
    pub async fn ended(&mut self, limit: Duration) -> ExitStatus {
        let status = within(limit, "the end of the server", self.child.wait()).await;
        self.up.send_replace(None);
        status.unwrap_or_else(|error| fail(format!("waiting for the server: {error}")))
    }

    /// Resolves when the process ends by itself.
    pub fn watch_end(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut over = self.over.clone();
        // Whoever tells it has ended as well when it can tell no more.
        async move { drop(over.wait_for(|over| *over).await) }
    }

    /// What it holds now.
    ///
    /// # Panics
    /// When the process has ended.
    pub fn usage(&self) -> Usage {
        let id = self.process_id();
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = rss.and_then(|text| text.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        let Some(kib) = kib else { fail(format!("no memory in /proc/{id}/status")) };
        let fds = match fs::read_dir(format!("/proc/{id}/fd")) {
            Ok(fds) => fds.count() as u64,
            Err(error) => fail(format!("/proc/{id}/fd: {error}")),
        };
        Usage { rss_bytes: kib * 1_024, fds, wal_bytes: wal_bytes(&self.launch.data) }
    }

    /// The bounds for a server under the load of a test.
    pub fn caps() -> Caps {
        Caps {
            most: Usage { rss_bytes: 512 << 20, fds: 1_000, wal_bytes: 96 << 20 },
            rss_slack_bytes: 16 << 20,
        }
    }

    #[expect(clippy::print_stderr, reason = "a failing test shows what the server said")]
    fn show_log(&self) {
        let text = tail(&self.log, 0);
        let lines: Vec<&str> = text.lines().collect();
        let shown = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
        eprintln!("--- the server's log, last {} lines ---", shown.len());
        eprintln!("{}", shown.join("\n"));
        eprintln!("--- end of the server's log ---");
    }
}

fn tail(log: &Path, from: u64) -> String {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(log) {
        drop(std::io::Seek::seek(&mut file, std::io::SeekFrom::Start(from)));
        drop(file.read_to_end(&mut bytes));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn wal_bytes(data: &Path) -> u64 {
    let Ok(files) = fs::read_dir(data) else { return 0 };
    let size = |entry: fs::DirEntry| {
        let name = entry.file_name();
        let is_wal = name.to_string_lossy().ends_with("-wal");
        is_wal.then(|| entry.metadata().map_or(0, |meta| meta.len()))
    };
    files.filter_map(Result::ok).filter_map(size).sum()
}
