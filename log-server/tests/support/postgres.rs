//! A PostgreSQL of one test: reached through a socket in its own folder, and by no network. It keeps
//! its promises (`fsync` is on), because the log refuses one that does not.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal};

/// Where the server may be: Debian's package keeps it off the path.
const PLACES: [&str; 4] = [
    "/usr/lib/postgresql/15/bin/postgres",
    "/usr/lib/postgresql/16/bin/postgres",
    "/usr/lib/postgresql/17/bin/postgres",
    "/usr/local/bin/postgres",
];

/// Whom the server runs as if this is root, which it refuses: nobody.
const NOBODY: u32 = 65_534;

/// The user that owns everything in it.
const OWNER: &str = "owner";

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A database server that ends with this value.
pub(crate) struct Postgres {
    folder: tempfile::TempDir,
    server: PathBuf,
    process: Option<Child>,
}

impl Postgres {
    /// Starts one; the test fails where there is none, unless it may be left out.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// The same with settings of its own, each `name=value`.
    pub(crate) fn start_with(settings: &[&str]) -> Option<Self> {
        let Some(server) = PLACES.iter().map(PathBuf::from).find(|path| path.exists()) else {
            let optional = std::env::var_os("FIDUCIAL_WITHOUT_PARTS").is_some();
            assert!(
                optional,
                "install postgresql-15, or set FIDUCIAL_WITHOUT_PARTS to leave this out"
            );
            eprintln!("left out: there is no PostgreSQL");
            return None;
        };
        let folder = own_folder();
        let made = Self { folder, server, process: None };
        made.initialise(settings)
    }

    fn initialise(mut self, settings: &[&str]) -> Option<Self> {
        let made = &mut self;
        let mut initdb = made.command(&made.server.with_file_name("initdb"));
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]);
        initdb.arg(format!("--username={OWNER}")).arg("-D").arg(made.data());
        let output = initdb.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        made.begin(settings);
        Some(self)
    }

    /// Starts a standby of this server, which from now on confirms no commit that the standby lacks.
    pub(crate) fn standby(&self) -> Self {
        let folder = own_folder();
        let mut standby = Self { folder, server: self.server.clone(), process: None };
        let mut copy = standby.command(&self.server.with_file_name("pg_basebackup"));
        copy.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]);
        copy.arg(format!("--username={OWNER}")).arg("-D").arg(standby.data());
        copy.arg("-h").arg(self.folder.path());
        let output = copy.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        standby.begin_until(&[], "ready to accept read-only connections");
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'");
        self.sql("SELECT pg_reload_conf()");
        standby
    }

    /// Runs SQL as its owner.
    pub(crate) fn sql(&self, orders: &str) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let connected = tokio_postgres::connect(&self.address(), tokio_postgres::NoTls).await;
            let (client, connection) = connected.unwrap();
            let connection = tokio::spawn(connection);
            client.simple_query(orders).await.unwrap();
            drop(client);
            connection.await.unwrap().unwrap();
        });
    }

    /// Ends the server without a chance to say anything.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::QUIT);
        if let Some(mut child) = self.process.take() {
            child.wait().unwrap();
        }
    }

    /// Starts a server that has ended on a new timeline, as a promoted standby does.
    pub(crate) fn begin_on_another_timeline(&mut self) {
        let signal = self.data().join("recovery.signal");
        self.run(self.command(Path::new("touch")).arg(signal));
        self.begin(&["restore_command=false"]);
    }

    /// Starts the server again on the same data.
    pub(crate) fn begin(&mut self, settings: &[&str]) {
        self.begin_until(settings, "ready to accept connections");
    }

    fn begin_until(&mut self, settings: &[&str], sign: &'static str) {
        let mut server = self.command(&self.server);
        server.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        server.args(["-c", "listen_addresses=", "-c", "max_connections=40"]);
        for setting in settings {
            server.args(["-c", setting]);
        }
        let mut child = server.stderr(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stderr.take().unwrap());
        self.process = Some(child);
        let (ready, is_ready) = mpsc::channel();
        std::thread::spawn(move || {
            // Read to the end, so that the server never waits for a full pipe.
            for line in said.lines().map_while(Result::ok) {
                if line.contains(sign) {
                    let _ = ready.send(());
                }
            }
        });
        is_ready.recv_timeout(PATIENCE).expect("PostgreSQL starts");
    }

    /// Stops the server; its data stays.
    pub(crate) fn end(&mut self) {
        // SIGINT is the fast end: clients are cut off and nothing is lost.
        self.signal(Signal::INT);
        if let Some(mut child) = self.process.take() {
            child.wait().unwrap();
        }
    }

    /// Copies the data of a stopped server aside.
    pub(crate) fn save(&self) {
        self.run(Command::new("cp").arg("-a").arg(self.data()).arg(self.saved()));
    }

    /// Puts what was saved in place of the data of a stopped server.
    pub(crate) fn restore(&self) {
        self.run(Command::new("rm").arg("-r").arg(self.data()));
        self.run(Command::new("cp").arg("-a").arg(self.saved()).arg(self.data()));
    }

    /// Puts a file into its data, which nobody else may read.
    pub(crate) fn give(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        let path = self.data().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    /// How to reach it.
    pub(crate) fn address(&self) -> String {
        format!("host={} user={OWNER} dbname=postgres", self.folder.path().display())
    }

    /// How to reach it or another, whichever takes commits.
    pub(crate) fn address_with(&self, other: &Self) -> String {
        let (own, other) = (self.folder.path().display(), other.folder.path().display());
        format!("host={own},{other} user={OWNER} dbname=postgres")
    }

    /// Its socket.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join(".s.PGSQL.5432")
    }

    fn signal(&self, signal: Signal) {
        let Some(child) = &self.process else { return };
        let process = Pid::from_raw(child.id() as i32).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
    }

    fn run(&self, command: &mut Command) {
        assert!(command.status().unwrap().success(), "{command:?}");
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn saved(&self) -> PathBuf {
        self.folder.path().join("saved")
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

/// A folder that the server may use.
fn own_folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("fiducial-pg-").tempdir().unwrap();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    folder
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end();
    }
}
