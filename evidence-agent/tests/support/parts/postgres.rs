//! A PostgreSQL of one test: reached through a socket in its own folder, and by no network.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use super::{or_skipped, program, stop, wait_for_line};

/// Whom the server runs as if this is root, which it refuses: nobody.
const NOBODY: u32 = 65_534;

/// The user that owns everything in it.
pub(crate) const OWNER: &str = "owner";

/// A database server that ends with this value.
pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    server: PathBuf,
    process: Option<Child>,
}

impl Postgres {
    /// Starts one, or says why the test is skipped.
    pub(crate) fn start() -> Option<Self> {
        or_skipped(Self::try_start(), "PostgreSQL")
    }

    fn try_start() -> Result<Self, String> {
        let server = program(
            &["/usr/lib/postgresql/15/bin/postgres", "/usr/local/bin/postgres"],
            "postgresql-15",
        )?;
        let folder = tempfile::Builder::new().prefix("fiducial-pg-").tempdir();
        let folder = folder.map_err(|error| error.to_string())?;
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY))
                .map_err(|error| error.to_string())?;
        }
        let mut made = Self { folder, server, process: None };
        let mut initdb = made.command(&made.server.with_file_name("initdb"));
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        initdb.arg(format!("--username={OWNER}")).arg("-D").arg(made.data());
        let output = initdb.output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&output.stderr)));
        }
        made.begin()?;
        Ok(made)
    }

    /// Starts the server again on the same data.
    pub(crate) fn begin(&mut self) -> Result<(), String> {
        let mut server = self.command(&self.server);
        server.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        server.args(["-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=20"]);
        server.stderr(Stdio::piped());
        let mut child = server.spawn().map_err(|error| error.to_string())?;
        let said = child.stderr.take().expect("it is piped");
        self.process = Some(child);
        wait_for_line(said, "ready to accept connections")
    }

    /// Stops the server; its data stays.
    pub(crate) fn end(&mut self) {
        // SIGINT is the fast end: clients are cut off and nothing is lost.
        self.process.take().iter_mut().for_each(|child| stop(child, Signal::INT));
    }

    /// How to reach it as its owner, in the words of libpq.
    pub(crate) fn connection(&self) -> String {
        self.connection_of(OWNER)
    }

    /// How to reach it as another user.
    pub(crate) fn connection_of(&self, user: &str) -> String {
        format!("host={} user={user} dbname=postgres", self.folder.path().display())
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command.env("LC_ALL", "C.UTF-8");
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end();
    }
}
