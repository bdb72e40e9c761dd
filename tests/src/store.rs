//! On which store the logs of a run are kept: a word in `FIDUCIAL_TEST_STORE` says it.
//!
//! The tests are the same on every store. What a log needs there is made in `tests/support/stores.rs`, which
//! one place of each harness asks. A test that is about the embedded store by its nature says so by
//! [`embedded_only`], so that no run counts it for a store that it never saw.

use std::time::Duration;

/// The variable: `embedded`, which is what it is without it, `postgres` or `postgres-s3`.
pub const STORE: &str = "FIDUCIAL_TEST_STORE";

/// Why a test over the fake disk is for the embedded store: of a database, the disk is its own matter.
pub const FAKE_DISK: &str = "a fake disk is beneath its journal; crash_database is its counterpart";

/// What begins the line of a test that is not for this run's store. `xtask` counts and lists them.
const EMBEDDED_ONLY: &str = "EMBEDDED ONLY:";

/// How long a server that publishes may be silent before another may, where they share a journal.
const LEASE: Duration = Duration::from_secs(2);

/// Where journals and full tiles are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// All in the data folder.
    Embedded,
    /// The journal in PostgreSQL, full tiles in a folder beside the data folder.
    Postgres,
    /// The journal in PostgreSQL, full tiles in a bucket of S3-compatible storage.
    PostgresS3,
}

impl Store {
    /// The one of this run.
    ///
    /// # Panics
    ///
    /// If the variable names none: a misspelt store is not the embedded one.
    #[must_use]
    pub fn of_run() -> Self {
        let word = std::env::var_os(STORE).map(|word| word.to_string_lossy().into_owned());
        let store = Self::parse(word.as_deref());
        store
            .unwrap_or_else(|word| panic!("{STORE} is `{word}`: embedded, postgres or postgres-s3"))
    }

    fn parse(word: Option<&str>) -> Result<Self, &str> {
        match word {
            None | Some("" | "embedded") => Ok(Self::Embedded),
            Some("postgres") => Ok(Self::Postgres),
            Some("postgres-s3") => Ok(Self::PostgresS3),
            Some(word) => Err(word),
        }
    }

    /// How long nobody may publish after the server that did was killed.
    #[must_use]
    pub const fn silence(self) -> Duration {
        match self {
            Self::Embedded => Duration::ZERO,
            Self::Postgres | Self::PostgresS3 => LEASE,
        }
    }
}

/// Whether a test has nothing to try in this run, because it is about the embedded store; says so then, with
/// the reason.
#[must_use]
pub fn embedded_only(why: &str) -> bool {
    if Store::of_run() == Store::Embedded {
        return false;
    }
    let thread = std::thread::current();
    eprintln!("{EMBEDDED_ONLY} {}: {why}", thread.name().unwrap_or("a test"));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_store_is_not_taken_for_another() {
        assert_eq!(Store::parse(None), Ok(Store::Embedded));
        assert_eq!(Store::parse(Some("")), Ok(Store::Embedded));
        assert_eq!(Store::parse(Some("postgres")), Ok(Store::Postgres));
        assert_eq!(Store::parse(Some("postgres-s3")), Ok(Store::PostgresS3));
        for wrong in ["Postgres", "postgres_s3", "s3", "garage"] {
            assert_eq!(Store::parse(Some(wrong)), Err(wrong));
        }
    }
}
