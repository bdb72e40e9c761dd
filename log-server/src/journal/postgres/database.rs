//! Which database, how long it may take, and what this server knows of it.
//!
//! One [`Database`] belongs to one server and is shared by its threads, each with a connection of its
//! own: that is the whole pool, and its size is a constant.

use std::path::Path;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use spec::checkpoint::Origin;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::guard;
use super::session::{Session, Trouble};
use super::tls::Tls;
use crate::id::Id;

/// The connections that one server holds: its sequencer's, its publisher's and its follower's.
pub const CONNECTIONS: usize = 3;

/// What the database calls the sessions of every server.
pub(super) const APPLICATION: &str = "fiducial-log";

/// How long the database may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseLimits {
    /// For a new connection.
    pub connect_time: Duration,
    /// For one statement, its waiting for locks included.
    pub statement_time: Duration,
    /// For how long nothing may come back over a network, not even that a packet has arrived: then the
    /// other side is gone. Counts for both sides.
    pub silence_time: Duration,
    /// For how long the right to sign and publish is taken; renewed at a third of it.
    pub lease_time: Duration,
}

impl Default for DatabaseLimits {
    fn default() -> Self {
        Self {
            connect_time: Duration::from_secs(5),
            statement_time: Duration::from_secs(10),
            silence_time: Duration::from_secs(2),
            lease_time: Duration::from_secs(2),
        }
    }
}

/// Why a database's address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// It is no address.
    #[error("the journal's address is not one of a PostgreSQL database: {0}")]
    Address(String),
    /// It is to be reached by TLS, and nothing says whose certificate is trusted.
    #[error("{0}")]
    Authorities(String),
}

/// What this server has seen of the database, by whichever connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// The log that it must hold.
    pub(super) origin: Option<Origin>,
    /// Which cluster it is: PostgreSQL's system identifier.
    pub(super) system: Option<i64>,
    /// Its timeline: another one after each promotion of a standby.
    pub(super) timeline: Option<i64>,
    /// How often the timeline has changed since this server began.
    pub(super) turns: u64,
    /// The most entries that were seen.
    pub(super) size: u64,
    /// The largest signed head that was seen.
    pub(super) signed: u64,
    /// The store of full tiles that this server uses.
    pub(super) place: Option<Id>,
}

/// See the module's text.
#[derive(Debug)]
pub struct Database {
    config: Config,
    tls: Option<Tls>,
    pub(super) limits: DatabaseLimits,
    known: Mutex<Known>,
}

impl Database {
    /// Reads an address: `postgres://user@host/name`, several hosts for a failover, or the words of
    /// libpq. `password` comes before one in the address.
    pub fn new(
        address: &str,
        password: Option<&[u8]>,
        limits: DatabaseLimits,
    ) -> Result<Self, DatabaseError> {
        Self::with_tls(address, password, None, limits)
    }

    /// The same, reached by TLS if the file of certificate authorities is named, or the address says
    /// `sslmode=require`: then the system's count. The certificate must be right in either case.
    pub fn with_tls(
        address: &str,
        password: Option<&[u8]>,
        authorities: Option<&Path>,
        limits: DatabaseLimits,
    ) -> Result<Self, DatabaseError> {
        let mut config =
            Config::from_str(address).map_err(|error| DatabaseError::Address(words(&error)))?;
        // The words of libpq for stricter modes are not known to the parser, and refused by it.
        let encrypts = authorities.is_some() || config.get_ssl_mode() == SslMode::Require;
        let tls = encrypts.then(|| Tls::new(authorities)).transpose();
        let tls = tls.map_err(|error| DatabaseError::Authorities(error.to_string()))?;
        if let Some(password) = password {
            config.password(password);
        }
        config
            .ssl_mode(if tls.is_some() { SslMode::Require } else { SslMode::Disable })
            .application_name(APPLICATION)
            .connect_timeout(limits.silence_time)
            .tcp_user_timeout(limits.silence_time)
            .keepalives_idle(limits.silence_time / 2)
            .keepalives_interval(limits.silence_time / 2)
            // Of several hosts the one that takes commits.
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(Self { config, tls, limits, known: Mutex::default() })
    }

    /// Whether it is reached over a network without TLS: then anyone on the way can read and change it.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        let here = |host: &Host| match host {
            Host::Tcp(name) => {
                name == "localhost"
                    || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
            }
            Host::Unix(_) => true,
        };
        self.tls.is_none() && !self.config.get_hosts().iter().all(here)
    }

    /// Which database it is, as it may be shown: without a password.
    #[must_use]
    pub fn shown(&self) -> String {
        let host = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        };
        let hosts: Vec<String> = self.config.get_hosts().iter().map(host).collect();
        let mut shown = format!("host={}", hosts.join(","));
        let ports = self.config.get_ports();
        if !ports.is_empty() {
            let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
            shown = format!("{shown} port={}", ports.join(","));
        }
        // PostgreSQL's own default is the user's name.
        for (name, value) in [
            ("dbname", self.config.get_dbname().or(self.config.get_user())),
            ("options", self.config.get_options()),
        ] {
            if let Some(value) = value {
                shown = format!("{shown} {name}={value}");
            }
        }
        shown
    }

    /// Notes which log the database must hold: every later connection checks it.
    pub fn expect(&self, origin: &Origin) {
        self.known().origin = Some(origin.clone());
    }

    /// Connects, and refuses a database that could lose what it has promised, or has.
    pub(super) fn connect(&self) -> Result<Session, Trouble> {
        let session = self.connect_anyhow()?;
        guard::check_history(&session, self)?;
        Ok(session)
    }

    /// The same for a database that may hold no log yet.
    pub(super) fn connect_anyhow(&self) -> Result<Session, Trouble> {
        let session = Session::open(&self.config, self.tls.as_ref(), &self.limits)?;
        guard::check_promises(&session, self)?;
        Ok(session)
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the log had so many entries.
    pub(super) fn saw_size(&self, size: u64) {
        let mut known = self.known();
        known.size = known.size.max(size);
    }

    /// Notes that a head of so many entries was signed.
    pub(super) fn saw_signed(&self, size: u64) {
        let mut known = self.known();
        known.signed = known.signed.max(size);
    }

    /// How often the timeline has changed since this server began.
    pub(crate) fn turns(&self) -> u64 {
        self.known().turns
    }
}

/// An error with its causes, which alone say what is wrong.
pub(super) fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(address: &str) -> Result<Database, DatabaseError> {
        Database::new(address, None, DatabaseLimits::default())
    }

    #[test]
    fn an_address_is_read_and_a_wrong_one_refused() {
        assert!(!new("postgres:///log?host=/run/postgresql").unwrap().is_exposed());
        assert!(!new("host=127.0.0.1 dbname=log").unwrap().is_exposed());
        assert!(new("postgres://a,b/log").unwrap().is_exposed());
        let strict = new("postgres://a/log?sslmode=verify-full");
        assert!(matches!(strict, Err(DatabaseError::Address(_))));
        assert!(matches!(new("host=a colour=red"), Err(DatabaseError::Address(_))));
    }

    #[test]
    fn a_password_is_in_no_message() {
        let database = Database::new(
            "postgres://log:secret1@a/log",
            Some(b"secret2"),
            DatabaseLimits::default(),
        );
        let shown = format!("{:?}", database.unwrap());
        assert!(!shown.contains("secret"), "{shown}");
    }

    #[test]
    fn a_database_is_shown_by_where_it_is() {
        let shown = |address: &str| new(address).unwrap().shown();
        assert_eq!(
            shown("postgres://log:secret@a,b:5433/evidence?options=-csearch_path%3Dfab7"),
            "host=a,b port=5432,5433 dbname=evidence options=-csearch_path=fab7"
        );
        assert_eq!(shown("host=/run/postgresql user=log"), "host=/run/postgresql dbname=log");
    }
}
