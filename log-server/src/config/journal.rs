//! Where the journal is: in the data folder, or in a database that several servers share.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::{ConfigError, seconds};
use crate::journal::postgres::{Database, DatabaseError, DatabaseLimits};

/// The longest password, in bytes.
const MAX_PASSWORD: u64 = 4096;

/// How to reach the database, as flags of several commands.
#[derive(Args, Clone, Default)]
pub struct DatabaseArgs {
    /// The PostgreSQL database with the journal, for several servers of one log: postgres://USER@HOST/NAME
    /// [default: none; the journal is a file of the data folder]
    #[arg(long, value_name = "ADDRESS", env = "FIDUCIAL_LOG_JOURNAL", hide_env_values = true)]
    pub journal: Option<String>,
    /// A file with the database's password
    #[arg(long, value_name = "FILE", env = "FIDUCIAL_LOG_JOURNAL_PASSWORD_FILE")]
    pub journal_password_file: Option<PathBuf>,
    /// Seconds that the database may take for a statement [default: 10]
    #[arg(long, value_name = "SECONDS", env = "FIDUCIAL_LOG_JOURNAL_SECONDS")]
    pub journal_seconds: Option<u64>,
}

impl fmt::Debug for DatabaseArgs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An address may hold a password.
        formatter
            .debug_struct("DatabaseArgs")
            .field("journal", &self.journal.as_ref().map(|_| "..."))
            .finish_non_exhaustive()
    }
}

/// The same with the tiles, as the file has it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JournalSection {
    pub(super) address: Option<String>,
    password_file: Option<PathBuf>,
    seconds: Option<u64>,
    pub(super) tiles: Option<PathBuf>,
}

/// A journal in a database, decided.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// The database.
    pub database: Arc<Database>,
    /// The folder of full tiles that all servers share.
    pub tiles: PathBuf,
}

impl DatabaseArgs {
    /// The database, if one is named.
    pub fn database(&self) -> Result<Option<Arc<Database>>, ConfigError> {
        let Some(address) = &self.journal else {
            let alone = self.journal_password_file.is_some() || self.journal_seconds.is_some();
            return if alone { Err(ConfigError::JournalAddress) } else { Ok(None) };
        };
        let default = DatabaseLimits::default();
        let time =
            seconds("journal_seconds", self.journal_seconds, default.statement_time.as_secs())?;
        let limits = DatabaseLimits {
            statement_time: time,
            connect_time: default.connect_time.min(time).max(Duration::from_secs(1)),
            ..default
        };
        let password = self.journal_password_file.clone().map(read_password).transpose()?;
        let database = Database::new(address, password.as_deref(), limits)?;
        Ok(Some(Arc::new(database)))
    }

    /// Fills what is missing from the file.
    fn or(self, file: JournalSection) -> Self {
        Self {
            journal: self.journal.or(file.address),
            journal_password_file: self.journal_password_file.or(file.password_file),
            journal_seconds: self.journal_seconds.or(file.seconds),
        }
    }
}

/// Puts flags and file together.
pub(super) fn decide(
    args: DatabaseArgs,
    tiles: Option<PathBuf>,
    mut file: JournalSection,
) -> Result<Option<JournalConfig>, ConfigError> {
    let tiles = tiles.or(file.tiles.take());
    match (args.or(file).database()?, tiles) {
        (Some(database), Some(tiles)) => Ok(Some(JournalConfig { database, tiles })),
        (Some(_), None) => Err(ConfigError::Tiles),
        (None, Some(_)) => Err(ConfigError::JournalAddress),
        (None, None) => Ok(None),
    }
}

fn read_password(path: PathBuf) -> Result<Vec<u8>, ConfigError> {
    let mut password = Vec::new();
    let read =
        File::open(&path).and_then(|file| file.take(MAX_PASSWORD).read_to_end(&mut password));
    match read {
        Ok(_) => Ok(password.trim_ascii_end().to_owned()),
        Err(source) => Err(ConfigError::Io { path, source }),
    }
}

impl From<DatabaseError> for ConfigError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(address: &str) -> DatabaseArgs {
        DatabaseArgs { journal: Some(address.to_owned()), ..DatabaseArgs::default() }
    }

    #[test]
    fn a_database_needs_a_folder_of_tiles_and_the_folder_a_database() {
        let file = JournalSection::default;
        let objects = || Some(PathBuf::from("tiles"));
        assert!(decide(args("host=a"), objects(), file()).unwrap().is_some());
        assert!(decide(DatabaseArgs::default(), None, file()).unwrap().is_none());
        let alone = decide(args("host=a"), None, file());
        assert!(matches!(alone, Err(ConfigError::Tiles)));
        let alone = decide(DatabaseArgs::default(), objects(), file());
        assert!(matches!(alone, Err(ConfigError::JournalAddress)));
        let seconds = DatabaseArgs { journal_seconds: Some(3), ..DatabaseArgs::default() };
        assert!(matches!(seconds.database(), Err(ConfigError::JournalAddress)));
    }

    #[test]
    fn no_password_is_shown_and_a_file_with_one_must_be_there() {
        let shown = format!("{:?}", args("postgres://log:secret@a/log"));
        assert!(!shown.contains("secret"), "{shown}");
        let missing = DatabaseArgs {
            journal_password_file: Some("missing/password".into()),
            ..args("host=a")
        };
        assert!(matches!(missing.database(), Err(ConfigError::Io { .. })));
    }
}
