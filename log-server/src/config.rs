//! Configuration of `serve`: flags before environment before file before defaults.
//!
//! The file is `DIR/fiducial-log.toml`, or what `--config` names. Every key is optional; an unknown
//! one is refused with its line, because a misspelt limit that is silently ignored is no limit.
//!
//! ```toml
//! listen = "0.0.0.0:7443"
//! log = "info"
//!
//! [tls]
//! certificate = "/etc/fiducial/log.crt"
//! key = "/etc/fiducial/log.key"
//!
//! [witnesses]
//! policy = "/etc/fiducial/policy"
//!
//! [journal]
//! address = "postgres://fiducial@db1,db2/fiducial"
//!
//! [objects]
//! store = "s3://evidence/factory-7"
//!
//! [limits]
//! requests_per_second = 5000
//! ```
//!
//! Out of scope: what a log *is* (origin, admission), which `log.toml` holds for ever.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use serde::Deserialize;

use crate::admission::Admission;
use crate::http::{ClientLimits, Patience};
use crate::log::Limits;
use crate::objects::place::{ObjectArgs, ObjectsError};
use crate::witnesses::ANSWER_TIME;

use self::journal::JournalSection;
use crate::journal::postgres::DatabaseError;

pub use self::journal::{DatabaseArgs, JournalConfig};

mod journal;

/// The file that is looked for in the data folder.
pub const CONFIG_FILE: &str = "fiducial-log.toml";

/// The most bytes of it that are read.
const MAX_CONFIG_SIZE: u64 = 1 << 20;

/// Where `serve` listens when nothing else is said: this machine only.
const DEFAULT_LISTEN: &str = "127.0.0.1:7070";

/// The longest time that any setting may name, in seconds.
const MAX_SECONDS: u64 = 24 * 60 * 60;

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// No data folder is named.
    #[error("name the data folder: --data DIR, FIDUCIAL_LOG_DATA, or `data` in the file")]
    Data,
    /// The journal's database cannot be used.
    #[error("--journal: {0}")]
    Database(DatabaseError),
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something is said of the journal's database, and not which it is.
    #[error("--journal-password-file, --journal-ca, --journal-seconds and --tiles need --journal")]
    JournalAddress,
    /// The store of full tiles cannot be used.
    #[error(transparent)]
    Objects(ObjectsError),
    /// No place of full tiles is named.
    #[error(
        "with --journal, name where all servers of this log keep its full tiles: a folder that they \
         share (--tiles DIR, FIDUCIAL_LOG_TILES, or `tiles` under [journal] in the file), or a bucket \
         (--objects s3://BUCKET/PREFIX or its like, or `store` under [objects])"
    )]
    Tiles,
    /// Two are named.
    #[error("full tiles are in a folder (--tiles) or in a bucket (--objects); name one of the two")]
    TilesTwice,
    /// The file is not of the form.
    #[error("{}: {message}", path.display())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// What and where, with the line.
        message: String,
    },
    /// Only one of the two TLS files is named.
    #[error("TLS needs both a certificate file and a key file; only one is named")]
    TlsHalf,
    /// A value is out of its range.
    #[error("{name} is {value}; it must be {range}")]
    Value {
        /// Which setting.
        name: &'static str,
        /// What it is.
        value: u64,
        /// What it may be.
        range: &'static str,
    },
}

/// How logs are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    #[default]
    Text,
}

/// The flags of `serve`, each with its environment variable.
#[derive(Args, Clone, Debug, Default)]
pub struct ServeArgs {
    /// The log's data folder, made by `fiducial-log init`
    #[arg(long, value_name = "DIR", env = "FIDUCIAL_LOG_DATA")]
    pub data: Option<PathBuf>,
    /// The configuration file [default: DIR/fiducial-log.toml, if it is there]
    #[arg(long, value_name = "FILE", env = "FIDUCIAL_LOG_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where to listen; port 0 takes any free one [default: 127.0.0.1:7070]
    #[arg(long, value_name = "ADDR", env = "FIDUCIAL_LOG_LISTEN")]
    pub listen: Option<SocketAddr>,
    /// What the log takes. Fixed for ever once it has been served; refused if it differs
    #[arg(long, env = "FIDUCIAL_LOG_ADMISSION")]
    pub admission: Option<Admission>,
    /// Threads that serve requests [default: one for each processor]
    #[arg(long, value_name = "COUNT", env = "FIDUCIAL_LOG_WORKERS")]
    pub workers: Option<NonZeroUsize>,
    /// TLS certificate chain in PEM form, the server's own first
    #[arg(long, value_name = "FILE", env = "FIDUCIAL_LOG_TLS_CERTIFICATE")]
    pub tls_certificate: Option<PathBuf>,
    /// TLS private key in PEM form
    #[arg(long, value_name = "FILE", env = "FIDUCIAL_LOG_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// The C2SP tlog-policy whose quorum must cosign a checkpoint before it is published, with the
    /// witnesses' URLs [default: none; published on the log's own signature]
    #[arg(long, value_name = "FILE", env = "FIDUCIAL_LOG_WITNESS_POLICY")]
    pub witness_policy: Option<PathBuf>,
    /// Certificate authorities in PEM form that witnesses' HTTPS is trusted by [default: the
    /// system's]
    #[arg(long, value_name = "FILE", env = "FIDUCIAL_LOG_WITNESS_CA")]
    pub witness_ca: Option<PathBuf>,
    /// Seconds that a witness has for an answer [default: 10]
    #[arg(long, value_name = "SECONDS", env = "FIDUCIAL_LOG_WITNESS_SECONDS")]
    pub witness_seconds: Option<u64>,
    /// The verifier's page for browsers, fiducial-verify.html, which is then at /verify [default: none]
    #[arg(long, value_name = "FILE", env = "FIDUCIAL_LOG_VERIFY_PAGE")]
    pub verify_page: Option<PathBuf>,
    /// Where the journal is
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// With --journal: the folder of full tiles, which all servers of the log share [default: a bucket,
    /// named by --objects]
    #[arg(long, value_name = "DIR", env = "FIDUCIAL_LOG_TILES")]
    pub tiles: Option<PathBuf>,
    /// What is logged, for example `info` or `log_server::http=debug` [default: RUST_LOG or info]
    #[arg(long, value_name = "FILTER", env = "FIDUCIAL_LOG_LOG")]
    pub log: Option<String>,
    /// How logs are written [default: text]
    #[arg(long, env = "FIDUCIAL_LOG_LOG_FORMAT")]
    pub log_format: Option<LogFormat>,
    /// Where full tiles are
    #[command(flatten)]
    pub objects: ObjectArgs,
    /// The limits
    #[command(flatten)]
    pub limits: LimitArgs,
}

/// The limits as flags; the same names with underscores stand under `[limits]` in the file.
#[derive(Args, Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[command(next_help_heading = "Limits")]
pub struct LimitArgs {
    /// Open connections of all clients [default: 12000, or what file descriptors allow]
    #[arg(long, value_name = "COUNT", env = "FIDUCIAL_LOG_CONNECTIONS")]
    pub connections: Option<NonZeroUsize>,
    /// Open connections of one client address [default: 1024]
    #[arg(long, value_name = "COUNT", env = "FIDUCIAL_LOG_CONNECTIONS_PER_CLIENT")]
    pub connections_per_client: Option<NonZeroUsize>,
    /// Requests a second of one client address; 0 for no limit [default: 5000]
    #[arg(long, value_name = "COUNT", env = "FIDUCIAL_LOG_REQUESTS_PER_SECOND")]
    pub requests_per_second: Option<u32>,
    /// Requests of one client address at once [default: twice the rate]
    #[arg(long, value_name = "COUNT", env = "FIDUCIAL_LOG_REQUEST_BURST")]
    pub request_burst: Option<NonZeroU32>,
    /// Whether clients on this machine are limited too [default: false]
    #[arg(long, value_name = "BOOL", env = "FIDUCIAL_LOG_LIMIT_LOOPBACK")]
    pub limit_loopback: Option<bool>,
    /// Seconds for the head of a request, and for a TLS handshake [default: 10]
    #[arg(long, value_name = "SECONDS", env = "FIDUCIAL_LOG_HEAD_SECONDS")]
    pub head_seconds: Option<u64>,
    /// Seconds for the body of a request [default: 20]
    #[arg(long, value_name = "SECONDS", env = "FIDUCIAL_LOG_BODY_SECONDS")]
    pub body_seconds: Option<u64>,
    /// Seconds that a connection may be idle, or not read its answer [default: 75]
    #[arg(long, value_name = "SECONDS", env = "FIDUCIAL_LOG_IDLE_SECONDS")]
    pub idle_seconds: Option<u64>,
    /// Seconds that `POST /add?wait=witnessed` waits [default: 30]
    #[arg(long, value_name = "SECONDS", env = "FIDUCIAL_LOG_WAIT_SECONDS")]
    pub wait_seconds: Option<u64>,
    /// Seconds for requests to finish after SIGTERM [default: 10]
    #[arg(long, value_name = "SECONDS", env = "FIDUCIAL_LOG_STOP_SECONDS")]
    pub stop_seconds: Option<u64>,
    /// Bytes of request bodies in memory at once [default: 67108864]
    #[arg(long, value_name = "BYTES", env = "FIDUCIAL_LOG_BODY_BYTES")]
    pub body_bytes: Option<u64>,
    /// Entries that may wait for a commit [default: 16384]
    #[arg(long, value_name = "COUNT", env = "FIDUCIAL_LOG_WAITING_ENTRIES")]
    pub waiting_entries: Option<NonZeroUsize>,
    /// Their bytes [default: 33554432]
    #[arg(long, value_name = "BYTES", env = "FIDUCIAL_LOG_WAITING_BYTES")]
    pub waiting_bytes: Option<u64>,
    /// Memory of committed entries that are not in tiles yet [default: 33554432]
    #[arg(long, value_name = "BYTES", env = "FIDUCIAL_LOG_UNSEALED_BYTES")]
    pub unsealed_bytes: Option<u64>,
}

impl ValueEnum for Admission {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Statements, Self::Any]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            Self::Any => PossibleValue::new("any").help("Any bytes of 1 to 65,535"),
            Self::Statements => {
                PossibleValue::new("statements").help("Valid statements of listed sources")
            }
        })
    }
}

/// The file's form.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfigFile {
    data: Option<PathBuf>,
    listen: Option<SocketAddr>,
    admission: Option<Admission>,
    workers: Option<NonZeroUsize>,
    verify_page: Option<PathBuf>,
    log: Option<String>,
    log_format: Option<LogFormat>,
    tls: Option<TlsFiles>,
    #[serde(default)]
    journal: JournalSection,
    #[serde(default)]
    witnesses: WitnessSection,
    #[serde(default)]
    objects: ObjectArgs,
    #[serde(default)]
    limits: LimitArgs,
}

/// What the file says of witnesses.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WitnessSection {
    policy: Option<PathBuf>,
    ca: Option<PathBuf>,
    seconds: Option<u64>,
}

/// Whose word is needed before a checkpoint is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessConfig {
    /// The policy file.
    pub policy: PathBuf,
    /// The authorities that their HTTPS is trusted by; `None` for the system's.
    pub authorities: Option<PathBuf>,
    /// How long one may take to answer.
    pub answer_time: Duration,
}

/// Where TLS comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// What `serve` does, decided.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// What the operator believes that the log takes.
    pub admission: Option<Admission>,
    /// Threads that serve requests; `None` for one a processor.
    pub workers: Option<NonZeroUsize>,
    /// The verifier's page, if it is served.
    pub verify_page: Option<PathBuf>,
    /// TLS.
    pub tls: Option<TlsFiles>,
    /// The journal, if it is in a database.
    pub journal: Option<JournalConfig>,
    /// The witnesses, if the log is to have any.
    pub witnesses: Option<WitnessConfig>,
    /// Where full tiles are, where it was said here.
    pub objects: ObjectArgs,
    /// What is logged, where it was said here.
    pub log: Option<String>,
    /// How logs are written.
    pub log_format: LogFormat,
    /// What clients may take.
    pub clients: ClientLimits,
    /// How long connections may do nothing.
    pub patience: Patience,
    /// How long a body may take.
    pub body_time: Duration,
    /// Bytes of bodies in memory.
    pub body_bytes: usize,
    /// How long `?wait=witnessed` waits.
    pub wait_time: Duration,
    /// How long requests may take to finish.
    pub stop_time: Duration,
    /// What may wait in the engine.
    pub engine: Limits,
}

impl Config {
    /// Puts flags, environment (which clap has merged into them), file and defaults together.
    pub fn load(args: ServeArgs) -> Result<Self, ConfigError> {
        let file = match (&args.config, &args.data) {
            (Some(path), _) => read_file(path)?,
            (None, Some(data)) => read_file_if_there(&data.join(CONFIG_FILE))?,
            (None, None) => ConfigFile::default(),
        };
        Self::decide(args, file)
    }

    fn decide(args: ServeArgs, file: ConfigFile) -> Result<Self, ConfigError> {
        let tls = match (args.tls_certificate, args.tls_key) {
            (Some(certificate), Some(key)) => Some(TlsFiles { certificate, key }),
            (None, None) => file.tls,
            _ => return Err(ConfigError::TlsHalf),
        };
        let limits = args.limits.or(file.limits);
        let authorities = args.witness_ca.or(file.witnesses.ca);
        let answer_time = args.witness_seconds.or(file.witnesses.seconds);
        let answer_time = seconds("witness_seconds", answer_time, ANSWER_TIME.as_secs())?;
        let policy = args.witness_policy.or(file.witnesses.policy);
        let witnesses = policy.map(|policy| WitnessConfig { policy, authorities, answer_time });
        let listen = DEFAULT_LISTEN.parse().expect("the default address is one");
        let patience = Patience {
            head_time: seconds("head_seconds", limits.head_seconds, 10)?,
            idle_time: seconds("idle_seconds", limits.idle_seconds, 75)?,
        };
        let objects = args.objects.or(file.objects);
        Ok(Self {
            data: args.data.or(file.data).ok_or(ConfigError::Data)?,
            listen: args.listen.or(file.listen).unwrap_or(listen),
            admission: args.admission.or(file.admission),
            workers: args.workers.or(file.workers),
            verify_page: args.verify_page.or(file.verify_page),
            tls,
            journal: journal::decide(args.database, args.tiles, file.journal, &objects)?,
            witnesses,
            objects,
            log: args.log.or(file.log),
            log_format: args.log_format.or(file.log_format).unwrap_or_default(),
            clients: limits.clients(),
            patience,
            body_time: seconds("body_seconds", limits.body_seconds, 20)?,
            body_bytes: bytes("body_bytes", limits.body_bytes, 64 << 20)?,
            wait_time: seconds("wait_seconds", limits.wait_seconds, 30)?,
            stop_time: seconds("stop_seconds", limits.stop_seconds, 10)?,
            engine: limits.engine()?,
        })
    }
}

impl LimitArgs {
    /// Fills what is missing from `other`.
    fn or(self, other: Self) -> Self {
        Self {
            connections: self.connections.or(other.connections),
            connections_per_client: self.connections_per_client.or(other.connections_per_client),
            requests_per_second: self.requests_per_second.or(other.requests_per_second),
            request_burst: self.request_burst.or(other.request_burst),
            limit_loopback: self.limit_loopback.or(other.limit_loopback),
            head_seconds: self.head_seconds.or(other.head_seconds),
            body_seconds: self.body_seconds.or(other.body_seconds),
            idle_seconds: self.idle_seconds.or(other.idle_seconds),
            wait_seconds: self.wait_seconds.or(other.wait_seconds),
            stop_seconds: self.stop_seconds.or(other.stop_seconds),
            body_bytes: self.body_bytes.or(other.body_bytes),
            waiting_entries: self.waiting_entries.or(other.waiting_entries),
            waiting_bytes: self.waiting_bytes.or(other.waiting_bytes),
            unsealed_bytes: self.unsealed_bytes.or(other.unsealed_bytes),
        }
    }

    fn clients(self) -> ClientLimits {
        let default = ClientLimits::default();
        let rate = self.requests_per_second.map_or(default.rate, NonZeroU32::new);
        let twice = rate.map_or(default.burst, |rate| rate.saturating_mul(TWO));
        ClientLimits {
            connections: self.connections.map_or(default.connections, NonZeroUsize::get),
            connections_per_client: self
                .connections_per_client
                .map_or(default.connections_per_client, NonZeroUsize::get),
            rate,
            burst: self.request_burst.unwrap_or(twice),
            limit_loopback: self.limit_loopback.unwrap_or(default.limit_loopback),
        }
    }

    fn engine(self) -> Result<Limits, ConfigError> {
        let default = Limits::default();
        Ok(Limits {
            waiting_entries: self
                .waiting_entries
                .map_or(default.waiting_entries, NonZeroUsize::get),
            waiting_bytes: bytes("waiting_bytes", self.waiting_bytes, default.waiting_bytes)?,
            unsealed_bytes: bytes("unsealed_bytes", self.unsealed_bytes, default.unsealed_bytes)?,
            ..default
        })
    }
}

const TWO: NonZeroU32 = NonZeroU32::new(2).expect("two is not zero");

/// A duration: at least a second, so that a wrong unit or a zero does not refuse everyone.
fn seconds(name: &'static str, value: Option<u64>, default: u64) -> Result<Duration, ConfigError> {
    let value = value.unwrap_or(default);
    if !(1..=MAX_SECONDS).contains(&value) {
        return Err(ConfigError::Value { name, value, range: "1 to 86400 seconds" });
    }
    Ok(Duration::from_secs(value))
}

/// A size: at least what one request of the largest kind needs, at most what a machine has.
fn bytes(name: &'static str, value: Option<u64>, default: usize) -> Result<usize, ConfigError> {
    let Some(value) = value else { return Ok(default) };
    let fits = (16 << 20..=1 << 40).contains(&value);
    let range = "16 MiB (16777216) to 1 TiB";
    usize::try_from(value).ok().filter(|_| fits).ok_or(ConfigError::Value { name, value, range })
}

fn read_file_if_there(path: &Path) -> Result<ConfigFile, ConfigError> {
    match read_file(path) {
        Err(ConfigError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Ok(ConfigFile::default())
        }
        other => other,
    }
}

fn read_file(path: &Path) -> Result<ConfigFile, ConfigError> {
    let io_error = |source| ConfigError::Io { path: path.to_owned(), source };
    let syntax = |message| ConfigError::Syntax { path: path.to_owned(), message };
    if fs::metadata(path).map_err(io_error)?.len() > MAX_CONFIG_SIZE {
        return Err(syntax(format!("a configuration has at most {MAX_CONFIG_SIZE} bytes")));
    }
    let text = fs::read_to_string(path).map_err(io_error)?;
    toml::from_str(&text).map_err(|error| syntax(error.to_string()))
}

/// Environment variables that look like ours and are not: a misspelt one is worth a warning.
pub fn unknown_variables(known: &[String]) -> Vec<String> {
    std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with("FIDUCIAL_LOG_") && !known.contains(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ConfigFile {
        toml::from_str(text).unwrap()
    }

    fn args(data: &str) -> ServeArgs {
        ServeArgs { data: Some(data.into()), ..ServeArgs::default() }
    }

    #[test]
    fn flags_come_before_the_file_and_the_file_before_defaults() {
        let file = parse(
            "listen = \"127.0.0.1:1\"\nlog = \"debug\"\n[limits]\nhead_seconds = 3\nbody_seconds = 4\n",
        );
        let mut given = args("d");
        given.listen = Some("127.0.0.1:2".parse().unwrap());
        given.limits.head_seconds = Some(5);
        let config = Config::decide(given, file).unwrap();
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.log.as_deref(), Some("debug"));
        assert_eq!(config.patience.head_time, Duration::from_secs(5));
        assert_eq!(config.body_time, Duration::from_secs(4));
        assert_eq!(config.patience.idle_time, Patience::default().idle_time);
        assert_eq!(config.clients, ClientLimits::default());
        assert_eq!(config.engine, Limits::default());
    }

    #[test]
    fn witnesses_are_asked_only_with_a_policy() {
        let file = "[witnesses]\npolicy = \"a\"\nca = \"c\"\nseconds = 3\n";
        let mut given = args("d");
        given.witness_policy = Some("b".into());
        let config = Config::decide(given, parse(file)).unwrap();
        let want = WitnessConfig {
            policy: "b".into(),
            authorities: Some("c".into()),
            answer_time: Duration::from_secs(3),
        };
        assert_eq!(config.witnesses, Some(want));
        let none = Config::decide(args("d"), parse("[witnesses]\nca = \"c\"\n")).unwrap();
        assert_eq!(none.witnesses, None);
        let wrong = Config::decide(args("d"), parse("[witnesses]\nseconds = 0\n"));
        assert!(wrong.unwrap_err().to_string().contains("witness_seconds"));
    }

    #[test]
    fn a_rate_of_zero_is_no_limit_and_the_burst_follows_the_rate() {
        let config =
            Config::decide(args("d"), parse("[limits]\nrequests_per_second = 0\n")).unwrap();
        assert_eq!(config.clients.rate, None);
        let config =
            Config::decide(args("d"), parse("[limits]\nrequests_per_second = 7\n")).unwrap();
        assert_eq!(config.clients.burst.get(), 14);
    }

    #[test]
    fn unknown_keys_are_refused_with_their_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CONFIG_FILE);
        fs::write(&path, "log = \"info\"\n\n[limits]\nconections = 5\n").unwrap();
        let mut given = args("unused");
        given.data = Some(folder.path().to_owned());
        let refused = Config::load(given).unwrap_err().to_string();
        assert!(refused.contains("line 4") && refused.contains("conections"), "{refused}");
        assert!(refused.contains(CONFIG_FILE), "{refused}");
    }

    #[test]
    fn a_named_file_must_be_there_and_the_usual_one_need_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut given = args("unused");
        given.data = Some(folder.path().to_owned());
        assert!(Config::load(given.clone()).is_ok());
        given.config = Some(folder.path().join("missing.toml"));
        assert!(matches!(Config::load(given), Err(ConfigError::Io { .. })));
    }

    #[test]
    fn faults_are_named() {
        let none = Config::decide(ServeArgs::default(), ConfigFile::default());
        assert!(matches!(none, Err(ConfigError::Data)));
        let mut half = args("d");
        half.tls_key = Some("k".into());
        assert!(matches!(Config::decide(half, ConfigFile::default()), Err(ConfigError::TlsHalf)));
        for wrong in ["head_seconds = 0", "stop_seconds = 86401", "waiting_bytes = 5"] {
            let refused = Config::decide(args("d"), parse(&format!("[limits]\n{wrong}\n")));
            let name = wrong.split(' ').next().unwrap();
            assert!(refused.unwrap_err().to_string().contains(name));
        }
    }
}
