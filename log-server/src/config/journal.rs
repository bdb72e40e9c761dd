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
use crate::objects::place::{ObjectArgs, ObjectsError};
use crate::objects::shared::SharedTiles;

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
    /// Certificate authorities in PEM form: the database is then reached by TLS, and its certificate must be
    /// of one of them [default: none; with sslmode=require in the address, the system's]
    #[arg(long, value_name = "FILE", env = "FIDUCIAL_LOG_JOURNAL_CA")]
    pub journal_ca: Option<PathBuf>,
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
    ca: Option<PathBuf>,
    seconds: Option<u64>,
    pub(super) tiles: Option<PathBuf>,
}

/// A journal in a database, decided.
#[derive(Clone, Debug)]
pub struct JournalConfig {
    /// The database.
    pub database: Arc<Database>,
    /// The full tiles that all servers share.
    pub tiles: SharedTiles,
}

impl DatabaseArgs {
    /// The database, if one is named.
    pub fn database(&self) -> Result<Option<Arc<Database>>, ConfigError> {
        let Some(address) = &self.journal else {
            let alone = self.journal_password_file.is_some()
                || self.journal_ca.is_some()
                || self.journal_seconds.is_some();
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
        let authorities = self.journal_ca.as_deref();
        let database = Database::with_tls(address, password.as_deref(), authorities, limits)?;
        Ok(Some(Arc::new(database)))
    }

    /// Fills what is missing from the file.
    fn or(self, file: JournalSection) -> Self {
        Self {
            journal: self.journal.or(file.address),
            journal_password_file: self.journal_password_file.or(file.password_file),
            journal_ca: self.journal_ca.or(file.ca),
            journal_seconds: self.journal_seconds.or(file.seconds),
        }
    }
}

/// Puts flags and file together. `objects` is what was said of object storage.
pub(super) fn decide(
    args: DatabaseArgs,
    tiles: Option<PathBuf>,
    mut file: JournalSection,
    objects: &ObjectArgs,
) -> Result<Option<JournalConfig>, ConfigError> {
    let tiles = tiles.or(file.tiles.take());
    let Some(database) = args.or(file).database()? else {
        return if tiles.is_some() { Err(ConfigError::JournalAddress) } else { Ok(None) };
    };
    let tiles = match (tiles, objects.place()?.flatten()) {
        (Some(_), Some(_)) => return Err(ConfigError::TilesTwice),
        (Some(folder), None) => SharedTiles::Folder(folder),
        (None, Some(place)) => SharedTiles::Bucket(place),
        (None, None) => return Err(ConfigError::Tiles),
    };
    Ok(Some(JournalConfig { database, tiles }))
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

impl From<ObjectsError> for ConfigError {
    fn from(error: ObjectsError) -> Self {
        Self::Objects(error)
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
    fn a_database_needs_one_place_of_tiles_and_a_folder_of_them_a_database() {
        let objects =
            |store: &str| ObjectArgs { store: Some(store.to_owned()), ..ObjectArgs::default() };
        let decide = |args: DatabaseArgs, folder: Option<&str>, objects: ObjectArgs| {
            decide(args, folder.map(PathBuf::from), JournalSection::default(), &objects)
        };
        let (none, bucket) = (ObjectArgs::default, || objects("s3://evidence/7"));
        let tiles = |decided: Option<JournalConfig>| decided.map(|journal| journal.tiles);
        let folder = decide(args("host=a"), Some("tiles"), objects("folder")).unwrap();
        assert_eq!(tiles(folder), Some(SharedTiles::Folder("tiles".into())));
        let place = bucket().place().unwrap().flatten().unwrap();
        let decided = decide(args("host=a"), None, bucket()).unwrap();
        assert_eq!(tiles(decided), Some(SharedTiles::Bucket(place)));
        // Without a database, a bucket is the embedded journal's, and decided elsewhere.
        assert!(decide(DatabaseArgs::default(), None, bucket()).unwrap().is_none());
        for objects in [none(), objects("folder")] {
            let alone = decide(args("host=a"), None, objects);
            assert!(matches!(alone, Err(ConfigError::Tiles)));
        }
        let twice = decide(args("host=a"), Some("tiles"), bucket());
        assert!(matches!(twice, Err(ConfigError::TilesTwice)));
        let alone = decide(DatabaseArgs::default(), Some("tiles"), none());
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
