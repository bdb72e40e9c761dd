//! What the logs of one test need on the store of this run (`tests::store`): nothing, or a PostgreSQL of the
//! test's own with a database for each log, and a folder or a bucket for their full tiles.
//!
//! A log on a shared store is made by `fiducial-log init --journal`, and says in the `fiducial-log.toml` of
//! its data folder where it is: `serve`, `check`, `export` and all other commands find it there, as an
//! operator's do.
//!
//! Included by path from the tests that make logs with the program.

#[path = "bucket.rs"]
mod bucket;
#[path = "engine.rs"]
mod engine;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "part.rs"]
pub(crate) mod part;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "postgres.rs"]
pub(crate) mod postgres;
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "s3.rs"]
mod s3;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tests::store::Store;

use self::bucket::Bucket;
use self::engine::Make;
use self::postgres::Postgres;

/// See the module's text. Its servers end with it.
pub(crate) struct Stores {
    shared: Option<Shared>,
}

/// The servers of a store that is not embedded.
struct Shared {
    postgres: Postgres,
    /// `None`: full tiles are in a folder beside the log's.
    bucket: Option<Bucket>,
    /// For the credentials.
    folder: tempfile::TempDir,
}

impl Stores {
    /// Those of this run, which has named a store that must be there.
    pub(crate) fn of_run() -> Self {
        let store = Store::of_run();
        if store == Store::Embedded {
            return Self { shared: None };
        }
        let postgres = Postgres::try_start_in(&std::env::temp_dir(), &[]);
        let postgres = postgres.unwrap_or_else(|why| panic!("there is no PostgreSQL: {why}"));
        Self::over(postgres, (store == Store::PostgresS3).then(bucket))
    }

    /// On a database server that is there, whatever the run's store is.
    pub(crate) fn over(postgres: Postgres, bucket: Option<Bucket>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { shared: Some(Shared { postgres, bucket, folder }) }
    }

    /// The database server, for tests that end it.
    pub(crate) fn postgres(&mut self) -> &mut Postgres {
        &mut self.shared.as_mut().expect("the store is in a database").postgres
    }

    /// Makes a log in `data`: `command` is `fiducial-log init` with all its other words.
    pub(crate) fn init(&self, mut command: Command, data: &Path) -> Output {
        let Some(shared) = &self.shared else { return command.output().unwrap() };
        let database = name_of(data);
        if !shared.has(&database) {
            shared.postgres.sql(&format!("CREATE DATABASE \"{database}\""));
        }
        command.args(["--journal", &shared.postgres.address_in(&database)]);
        let output = command.output().unwrap();
        if output.status.success() {
            std::fs::write(data.join("fiducial-log.toml"), shared.section(data)).unwrap();
        }
        output
    }

    /// Copies a log that is not served, with its journal and in place of what is there. Full tiles are
    /// in one store, where both have them.
    pub(crate) fn copy(&self, from: &Path, to: &Path) {
        if to.exists() {
            std::fs::remove_dir_all(to).unwrap();
        }
        copy_folder(from, to);
        let Some(shared) = &self.shared else { return };
        let (old, new) = (name_of(from), name_of(to));
        shared.postgres.sql(&format!("DROP DATABASE IF EXISTS \"{new}\""));
        shared.postgres.sql(&format!("CREATE DATABASE \"{new}\" TEMPLATE \"{old}\""));
        let file = to.join("fiducial-log.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let address = |database: &str| shared.postgres.address_in(database);
        std::fs::write(file, text.replace(&address(&old), &address(&new))).unwrap();
    }

    /// The last signed head (`signed-head`) or the published checkpoint (`checkpoint`) of a log, as its
    /// store has it; `None` before the first.
    pub(crate) fn kept(&self, data: &Path, name: &str) -> Option<Vec<u8>> {
        let Some(shared) = &self.shared else { return std::fs::read(data.join(name)).ok() };
        let kind = if name == "checkpoint" { "published" } else { "signed" };
        let question = format!("SELECT note FROM log_note WHERE kind = '{kind}' AND size >= 0");
        let found = shared.postgres.ask(&name_of(data), &question);
        // Bytes come as `\x` and hexadecimal digits.
        let digits = found.strip_prefix("\\x")?;
        let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        Some((0..digits.len()).step_by(2).map(byte).collect())
    }

    /// The folders where the full tiles of a log are files, its data folder first; where the bucket is
    /// of another make, only that one.
    pub(crate) fn folders(&self, data: &Path) -> Vec<PathBuf> {
        let tiles = self.shared.as_ref().and_then(|shared| match &shared.bucket {
            None => Some(tiles_of(data)),
            Some(Bucket::Here(server)) => Some(server.folder.path().to_owned()),
            Some(Bucket::Engine(_)) => None,
        });
        std::iter::once(data.to_owned()).chain(tiles.filter(|folder| folder.exists())).collect()
    }
}

impl Shared {
    fn has(&self, database: &str) -> bool {
        let question = format!("SELECT 1 FROM pg_database WHERE datname = '{database}'");
        !self.postgres.ask("postgres", &question).is_empty()
    }

    /// The configuration of the log in `data`.
    fn section(&self, data: &Path) -> String {
        let name = name_of(data);
        let journal = format!("[journal]\naddress = \"{}\"\n", self.postgres.address_in(&name));
        match &self.bucket {
            None => format!("{journal}tiles = \"{}\"\n", tiles_of(data).display()),
            Some(bucket) => {
                let objects = bucket.section(&format!("s3://evidence/{name}"), self.folder.path());
                format!("{journal}\n[objects]\n{objects}")
            }
        }
    }
}

/// Of the make that is named to this run, which must be there then; else of a server in this process.
fn bucket() -> Bucket {
    let is_named = |make: &Make| std::env::var_os(make.variable()).is_some();
    let named: Vec<Make> = [Make::Ceph, Make::Garage].into_iter().filter(is_named).collect();
    match named.as_slice() {
        [] => Bucket::here(),
        &[make] => Bucket::of(make),
        several => panic!("several S3 servers are named, and a log has one bucket: {several:?}"),
    }
}

/// What a log's database is called: as its data folder is.
fn name_of(data: &Path) -> String {
    let name = data.file_name().and_then(|name| name.to_str());
    name.expect("a data folder with a plain name").to_owned()
}

fn tiles_of(data: &Path) -> PathBuf {
    data.with_extension("tiles")
}

/// Copies a folder with all that is in it to where nothing is.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let copy = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &copy);
        } else {
            // The permissions come along: keys stay private.
            std::fs::copy(&path, &copy).unwrap();
        }
    }
}
