//! Where the server's programs are, and as whom they run.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::SetupError;

/// Debian puts each major version in a folder of its own here.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The programs of one installed version, and who runs them.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    bin: PathBuf,
    /// User and group that the server runs as, where it must be another than ours: it refuses to
    /// run as root.
    pub(crate) owner: Option<(u32, u32)>,
}

impl Programs {
    /// Finds the newest installed version. Root installs Debian's package where there is none.
    pub(crate) fn find() -> Result<Self, SetupError> {
        let is_root = rustix::process::geteuid().is_root();
        let bin = match installed() {
            Some(bin) => bin,
            None if is_root => {
                install()?;
                let missing = "Debian's postgresql package is installed, but has no initdb";
                installed().ok_or_else(|| SetupError::new(missing))?
            }
            None => {
                let words = "no PostgreSQL server found: install Debian's `postgresql` package";
                return Err(SetupError::new(words));
            }
        };
        let owner = if is_root { Some(server_user()?) } else { None };
        Ok(Self { bin, owner })
    }

    /// A command that runs as the server's user, with an environment that holds no surprises.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        self.disguise(&mut command);
        command
    }

    /// Makes a command run as the server's user.
    pub(crate) fn disguise(&self, command: &mut Command) {
        use std::os::unix::process::CommandExt;
        let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
        command.env_clear().env("PATH", path).env("LC_ALL", "C").current_dir("/");
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
    }

    /// The folder of the programs.
    pub(crate) fn bin(&self) -> &Path {
        &self.bin
    }
}

/// The newest version of Debian's layout, or whatever is on the path.
fn installed() -> Option<PathBuf> {
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let folders = fs::read_dir(DEBIAN).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut versions: Vec<_> = folders.filter(|path| version(path).is_some()).collect();
    versions.sort_by_key(|path| version(path));
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let candidates = versions.iter().rev().map(|path| path.join("bin"));
    candidates.chain(std::env::split_paths(&on_path)).find(|bin| bin.join("initdb").is_file())
}

fn install() -> Result<(), SetupError> {
    let apt = |args: &[&str]| {
        let mut command = Command::new("apt-get");
        // In run level 1 the package's own cluster is made, but not started.
        command.args(args).env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
        super::server::run(&mut command)
    };
    let package = ["install", "-y", "--no-install-recommends", "postgresql"];
    // The list of packages may be older than the mirror, or absent.
    apt(&package).or_else(|_| apt(&["update"]).and_then(|()| apt(&package)))
}

/// User and group id of `postgres`, which Debian's package creates.
fn server_user() -> Result<(u32, u32), SetupError> {
    let users = fs::read_to_string("/etc/passwd").map_err(SetupError::new)?;
    let ids = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let is_it = fields.next() == Some("postgres");
        let (_password, user, group) = (fields.next()?, fields.next()?, fields.next()?);
        is_it.then(|| Some((user.parse().ok()?, group.parse().ok()?)))?
    });
    ids.ok_or_else(|| {
        SetupError::new("PostgreSQL refuses to run as root, and there is no user `postgres`")
    })
}
