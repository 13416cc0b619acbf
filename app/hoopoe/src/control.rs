//! The operator's commands beside a running server: one JSON object a line over a Unix socket in
//! the data directory. Without a server the command opens the data itself.

use std::{
    fs, io,
    os::{fd::AsRawFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};

use crate::{
    compose::House,
    config::Config,
    data_dir::DataDir,
    operator::{self, Request},
    output::Answer,
    trouble::Trouble,
};

const SOCKET: &str = "control.sock";
/// Names are short; anything near this is a mistake.
const LINE_BYTES_MAX: u64 = 64 * 1024;
/// A Unix socket's path is at most this long on Linux, and shorter elsewhere.
const PATH_BYTES_MAX: usize = 100;
/// How long a server may take to read a line that has begun.
const LINE_WAIT: Duration = Duration::from_secs(10);

/// Runs a request wherever it has to be run.
pub(crate) fn run(config: &Config, request: Request) -> Result<Answer, Trouble> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Trouble::failed(format!("cannot start: {error}")))?;
    runtime.block_on(anywhere(config, request))
}

async fn anywhere(config: &Config, request: Request) -> Result<Answer, Trouble> {
    if let Some(answer) = ask(&config.data, &request).await? {
        return Ok(answer);
    }
    // A database server takes many processes: no directory is needed to reach it.
    if config.database.url.is_some() {
        return alone(config, None, request).await;
    }
    if !config.data.is_dir() && !request.may_begin() {
        return Err(Trouble::failed(format!(
            "there is no data directory {}: name it with --data",
            config.data.display()
        )));
    }
    match DataDir::claim(&config.data).await {
        Ok(data) => alone(config, Some(data.path()), request).await,
        // A server may have begun in the meantime, and holds the lock now.
        Err(trouble) => match ask(&config.data, &request).await? {
            Some(answer) => Ok(answer),
            None => Err(trouble),
        },
    }
}

async fn alone(config: &Config, data: Option<&Path>, request: Request) -> Result<Answer, Trouble> {
    let house = House::open(config, data).await?;
    let result = operator::run(&house, request).await;
    house.close().await;
    result
}

/// Asks the server of a data directory; `None` when there is none.
async fn ask(data: &Path, request: &Request) -> Result<Option<Answer>, Trouble> {
    let Some(stream) = connect(data).await? else { return Ok(None) };
    let lost = |error: io::Error| Trouble::failed(format!("the server did not answer: {error}"));
    let (reader, mut writer) = stream.into_split();
    let line = format!("{}\n", operator::print(request));
    writer.write_all(line.as_bytes()).await.map_err(lost)?;
    let mut reply = String::new();
    BufReader::new(reader).read_line(&mut reply).await.map_err(lost)?;
    let reply: serde_json::Value = serde_json::from_str(&reply)
        .map_err(|_| Trouble::failed("the server ended before it answered"))?;
    if let Some(words) = reply["error"].as_str() {
        return Err(Trouble::failed(words));
    }
    match serde_json::from_value(reply["answer"].clone()) {
        Ok(answer) => Ok(Some(answer)),
        Err(_) => Err(Trouble::failed("the server is of another version: use its own command")),
    }
}

async fn connect(data: &Path) -> Result<Option<UnixStream>, Trouble> {
    let Ok(place) = Place::of(data) else { return Ok(None) };
    match UnixStream::connect(&place.path).await {
        Ok(stream) => Ok(Some(stream)),
        // No server, or one that was killed and left its socket behind.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            Ok(None)
        }
        Err(error) => {
            let path = data.join(SOCKET);
            Err(Trouble::failed(format!("cannot reach the server at {}: {error}", path.display())))
        }
    }
}

/// The path of the socket, by way of an open directory where it would be too long.
struct Place {
    path: PathBuf,
    _directory: Option<fs::File>,
}

impl Place {
    fn of(data: &Path) -> io::Result<Self> {
        let path = data.join(SOCKET);
        if path.as_os_str().len() <= PATH_BYTES_MAX {
            return Ok(Self { path, _directory: None });
        }
        let directory = fs::File::open(data)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd()));
        Ok(Self { path, _directory: Some(directory) })
    }
}

/// The server's end. Dropping it takes the socket away.
pub(crate) struct Control {
    listener: UnixListener,
    place: Place,
}

impl Control {
    /// Opens the socket in a directory that this process has locked.
    pub(crate) fn open(data: &Path) -> Result<Self, Trouble> {
        let opened = Place::of(data).and_then(|place| {
            match fs::remove_file(&place.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&place.path)?;
            fs::set_permissions(&place.path, fs::Permissions::from_mode(0o600))?;
            Ok(Self { listener, place })
        });
        opened.map_err(|error| {
            Trouble::failed(format!("cannot open {}: {error}", data.join(SOCKET).display()))
        })
    }

    /// Answers for ever.
    pub(crate) async fn serve(self, house: Arc<House>) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let house = house.clone();
                    tokio::spawn(async move {
                        if let Err(error) = answer(&house, stream).await {
                            tracing::debug!(%error, "a command went away");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a command could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        // It is in the way of nobody: the next server replaces it.
        drop(fs::remove_file(&self.place.path));
    }
}

async fn answer(house: &House, stream: UnixStream) -> io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(reader.take(LINE_BYTES_MAX));
    tokio::time::timeout(LINE_WAIT, reader.read_line(&mut line)).await??;
    let result = match operator::parse(&line) {
        Ok(request) => operator::run(house, request).await,
        Err(trouble) => Err(trouble),
    };
    let reply = match result {
        Ok(answer) => json!({"answer": answer}),
        Err(trouble) => json!({"error": trouble.words()}),
    };
    writer.write_all(format!("{reply}\n").as_bytes()).await?;
    writer.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(data: &Path) -> Config {
        Config { data: data.to_owned(), ..Config::default() }
    }

    fn create(name: &str) -> Request {
        Request::AppCreate { name: name.to_owned() }
    }

    fn token(user: &str) -> Request {
        Request::UserToken { app: "demo".to_owned(), user: user.to_owned(), ttl_s: None }
    }

    async fn words(config: &Config, request: Request) -> String {
        anywhere(config, request).await.expect_err("is refused").to_string()
    }

    #[tokio::test]
    async fn commands_work_without_a_server() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(&directory.path().join("data"));
        assert!(words(&config, token("ann")).await.contains("there is no data directory"));
        assert!(!config.data.exists(), "a mistyped name makes nothing");
        let made = anywhere(&config, create("demo")).await.unwrap();
        assert!(made.json["server_key"].as_str().is_some_and(|key| key.starts_with("sk_")));
        assert_eq!(words(&config, create("demo")).await, "there is an app demo already");
        assert_eq!(words(&config, token("ann")).await, "there is no user ann in app demo");
        let ann =
            Request::UserCreate { app: "demo".to_owned(), user: "ann".to_owned(), name: None };
        assert_eq!(anywhere(&config, ann.clone()).await.unwrap().json["created"], true);
        assert_eq!(anywhere(&config, ann).await.unwrap().json["created"], false);
        let token = anywhere(&config, token("ann")).await.unwrap();
        assert!(token.text.starts_with("ut_") && token.json["token"] == token.text);
        let report = anywhere(&config, Request::Doctor).await.unwrap();
        assert_eq!(report.json["ok"], true, "{}", report.text);
    }

    #[tokio::test]
    async fn commands_reach_a_running_server_by_a_long_path_too() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["short".to_owned(), "long".repeat(40)] {
            let config = config(&directory.path().join(name));
            let data = DataDir::claim(&config.data).await.unwrap();
            let house = Arc::new(House::open(&config, Some(data.path())).await.unwrap());
            let control = Control::open(data.path()).unwrap();
            let mode = fs::metadata(data.path().join(SOCKET)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            let serving = tokio::spawn(control.serve(house.clone()));
            anywhere(&config, create("demo")).await.unwrap();
            assert!(house.apps.find("demo").await.unwrap().is_some(), "the server knows it");
            assert_eq!(words(&config, create("demo")).await, "there is an app demo already");
            let file = data.path().join("copy");
            let backup = Request::Backup { file: file.clone() };
            let answer = anywhere(&config, backup.clone()).await.unwrap();
            assert_eq!(answer.json["size_bytes"], fs::metadata(&file).unwrap().len());
            assert!(words(&config, backup).await.ends_with("there is such a file already"));
            serving.abort();
            drop(serving.await);
            assert!(!data.path().join(SOCKET).exists());
            house.close().await;
        }
    }
}
