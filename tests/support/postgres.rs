//! A PostgreSQL of one test: reached through a socket in its own folder, and by no network unless it is
//! told to. It keeps its promises (`fsync` is on), because the log refuses one that does not.
//!
//! Included by path from the tests of several rooms, with `part` beside it.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::Signal;

use super::part;

/// Where the server may be: Debian's package keeps it off the path.
const PLACES: [&str; 4] = [
    "/usr/lib/postgresql/15/bin/postgres",
    "/usr/lib/postgresql/16/bin/postgres",
    "/usr/lib/postgresql/17/bin/postgres",
    "/usr/local/bin/postgres",
];

/// The package that has it.
const PACKAGE: &str = "postgresql-15";

/// Whom the server runs as if this is root, which it refuses: nobody.
const NOBODY: u32 = 65_534;

/// The user that owns everything in it.
pub(crate) const OWNER: &str = "owner";

/// Its port, which also names its socket.
const PORT: u16 = 5432;

/// A database server that ends with this value.
pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    server: PathBuf,
    process: Option<Child>,
    /// Settings of every start, each `name=value`.
    settings: Vec<String>,
    port: u16,
    /// The network namespace that it runs in, if not this one.
    namespace: Option<PathBuf>,
}

impl Postgres {
    /// Starts one, or says why the test is skipped.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// The same with settings of its own, each `name=value`.
    pub(crate) fn start_with(settings: &[&str]) -> Option<Self> {
        part::or_skipped(Self::try_start(settings), "PostgreSQL")
    }

    /// The same with its data below a folder, which everyone must be let into; the error says what is
    /// missing.
    pub(crate) fn try_start_in(folder: &Path, settings: &[&str]) -> Result<Self, String> {
        let server = part::program(&PLACES, PACKAGE)?;
        Self::unmade(server, folder)?.made(settings)
    }

    fn try_start(settings: &[&str]) -> Result<Self, String> {
        Self::try_start_in(&std::env::temp_dir(), settings)
    }

    fn made(self, settings: &[&str]) -> Result<Self, String> {
        let mut made = self;
        made.settings = settings.iter().map(ToString::to_string).collect();
        let mut initdb = made.tool("initdb");
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        initdb.arg(format!("--username={OWNER}")).arg("-D").arg(made.data());
        finished(&mut initdb)?;
        made.try_begin(&[], READY)?;
        Ok(made)
    }

    fn unmade(server: PathBuf, below: &Path) -> Result<Self, String> {
        let folder = own_folder(below).map_err(|error| error.to_string())?;
        let (process, settings, namespace) = (None, Vec::new(), None);
        Ok(Self { folder, server, process, settings, port: PORT, namespace })
    }

    /// Starts a standby of this server, which from now on confirms no commit that the standby lacks.
    pub(crate) fn standby(&self) -> Self {
        let below = std::env::temp_dir();
        let standby = Self::unmade(self.server.clone(), &below);
        let mut standby = standby.unwrap_or_else(|why| panic!("{why}"));
        let mut copy = standby.tool("pg_basebackup");
        copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]);
        copy.arg(format!("--username={OWNER}")).arg("-D").arg(standby.data());
        copy.arg("-h").arg(self.folder.path());
        insist(finished(&mut copy));
        insist(standby.try_begin(&[], "ready to accept read-only connections"));
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.sql("SELECT pg_reload_conf()");
        standby
    }

    /// Runs SQL as its owner.
    pub(crate) fn sql(&self, orders: &str) {
        let mut psql = self.tool("psql");
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]);
        psql.arg(format!("--username={OWNER}")).args(["--dbname=postgres", "-h"]);
        psql.arg(self.folder.path()).args(["-p", &self.port.to_string(), "-c", orders]);
        insist(finished(&mut psql));
    }

    /// Asks as its owner; what comes back, row by row and value by value, as `psql` writes it.
    pub(crate) fn ask(&self, database: &str, question: &str) -> String {
        let mut psql = self.tool("psql");
        psql.args(["--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
        psql.arg(format!("--username={OWNER}")).arg(format!("--dbname={database}")).arg("-h");
        psql.arg(self.folder.path()).args(["-p", &self.port.to_string(), "-c", question]);
        let answer = finished(psql.stdout(Stdio::piped()));
        let answer = answer.unwrap_or_else(|why| panic!("PostgreSQL: {why}"));
        String::from_utf8_lossy(&answer.stdout).trim_end().to_owned()
    }

    /// Ends the server without a chance to say anything.
    pub(crate) fn kill(&mut self) {
        self.process.take().iter_mut().for_each(|child| part::stop(child, Signal::QUIT));
    }

    /// Stops the server; its data stays.
    pub(crate) fn end(&mut self) {
        // SIGINT is the fast end: clients are cut off and nothing is lost.
        self.process.take().iter_mut().for_each(|child| part::stop(child, Signal::INT));
    }

    /// A `psql` that does what it is told as the owner, without a word around what comes back.
    pub(crate) fn psql(&self) -> Command {
        let mut psql = self.tool("psql");
        psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        psql.arg(format!("--username={OWNER}")).arg("--dbname=postgres").arg("-h");
        psql.arg(self.folder.path()).args(["-p", &self.port.to_string()]);
        psql
    }

    /// Starts the server again on the same data, this once with these settings as well.
    pub(crate) fn begin(&mut self, settings: &[&str]) {
        insist(self.try_begin(settings, READY));
    }

    /// Starts a server that has ended on a new timeline, as a promoted standby does.
    pub(crate) fn begin_on_another_timeline(&mut self) {
        let signal = self.data().join("recovery.signal");
        insist(finished(self.command(Path::new("touch")).arg(signal)));
        self.begin(&["restore_command=false"]);
    }

    /// Starts again where it can be reached over a network too: at `address` and `port`, by everyone in
    /// the network `from`. In a namespace of its own if one is named, which takes root.
    pub(crate) fn listen(
        &mut self,
        address: &str,
        port: u16,
        from: &str,
        namespace: Option<PathBuf>,
    ) {
        self.end();
        let rules = std::fs::OpenOptions::new().append(true).open(self.data().join("pg_hba.conf"));
        let written = rules.and_then(|mut file| writeln!(file, "host all all {from} trust"));
        written.unwrap_or_else(|error| panic!("pg_hba.conf: {error}"));
        self.settings.push(format!("listen_addresses={address}"));
        (self.port, self.namespace) = (port, namespace);
        self.begin(&[]);
    }

    fn try_begin(&mut self, settings: &[&str], sign: &'static str) -> Result<(), String> {
        let mut server = self.server();
        server.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        server.args(["-p", &self.port.to_string()]);
        server.args(["-c", "listen_addresses=", "-c", "max_connections=40"]);
        for setting in self.settings.iter().map(String::as_str).chain(settings.iter().copied()) {
            server.args(["-c", setting]);
        }
        let mut child = server.stderr(Stdio::piped()).spawn().map_err(|error| error.to_string())?;
        let said = child.stderr.take().expect("it is piped");
        self.process = Some(child);
        part::wait_for_line(said, sign)
    }

    /// Copies the data of a stopped server aside.
    pub(crate) fn save(&self) {
        insist(finished(Command::new("cp").arg("-a").arg(self.data()).arg(self.saved())));
    }

    /// Puts what was saved in place of the data of a stopped server.
    pub(crate) fn restore(&self) {
        insist(finished(Command::new("rm").arg("-r").arg(self.data())));
        insist(finished(Command::new("cp").arg("-a").arg(self.saved()).arg(self.data())));
    }

    /// Puts a file into its data, which nobody else may read.
    pub(crate) fn give(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.data().join(name);
        std::fs::write(&path, text).expect("its data can be written to");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
            .expect("the owner of a file may close it to others");
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY))
                .expect("root may give files away");
        }
    }

    /// How to reach it as its owner, in the words of libpq.
    pub(crate) fn address(&self) -> String {
        self.address_of(OWNER)
    }

    /// How to reach it as another user.
    pub(crate) fn address_of(&self, user: &str) -> String {
        self.address_as(user, "postgres")
    }

    /// How to reach another database of it as its owner.
    pub(crate) fn address_in(&self, database: &str) -> String {
        self.address_as(OWNER, database)
    }

    fn address_as(&self, user: &str, database: &str) -> String {
        let (folder, port) = (self.folder.path().display(), self.port);
        format!("host={folder} port={port} user={user} dbname={database}")
    }

    /// How to reach it or another, whichever takes commits.
    pub(crate) fn address_with(&self, other: &Self) -> String {
        let (own, other) = (self.folder.path().display(), other.folder.path().display());
        format!("host={own},{other} user={OWNER} dbname=postgres")
    }

    /// Its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join(format!(".s.PGSQL.{}", self.port))
    }

    /// Whether it has not ended by itself.
    pub(crate) fn runs(&mut self) -> bool {
        self.process.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// The id of its first process, of which all others are children; `None` while it is stopped.
    pub(crate) fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn saved(&self) -> PathBuf {
        self.folder.path().join("saved")
    }

    fn tool(&self, name: &str) -> Command {
        self.command(&self.server.with_file_name(name))
    }

    fn server(&self) -> Command {
        let Some(namespace) = &self.namespace else { return self.command(&self.server) };
        // Only root may enter it, and the server must not be root: `nsenter` becomes the server.
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", namespace.display()));
        command.arg(format!("--setgid={NOBODY}")).arg(format!("--setuid={NOBODY}"));
        command.arg("--").arg(&self.server);
        self.at_home(&mut command);
        command
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        self.at_home(&mut command);
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    fn at_home(&self, command: &mut Command) {
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        command.env("LC_ALL", "C.UTF-8");
    }
}

/// What the server says when it may be asked.
const READY: &str = "ready to accept connections";

/// A folder that the server may use.
fn own_folder(below: &Path) -> std::io::Result<tempfile::TempDir> {
    let folder = tempfile::Builder::new().prefix("fiducial-pg-").tempdir_in(below)?;
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
    }
    Ok(folder)
}

fn finished(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(output);
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

fn insist<T>(done: Result<T, String>) {
    drop(done.unwrap_or_else(|why| panic!("PostgreSQL: {why}")));
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end();
    }
}
