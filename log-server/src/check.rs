//! `check`: hashes everything a data folder holds once more and reports all damage it finds.
//!
//! Every bundle is hashed again and compared with its tile, every tile with the one above, the
//! right edge with the journal, and the signed and published heads with the tree that results.
//! It goes on behind each finding, so that one run names everything that has to be restored, and
//! it opens nothing but plain files of bounded size, so that nothing can make it hang.
//!
//! Flat in memory: the log is read in runs of 65,536 entries, and only the right edge is kept.
//!
//! Out of scope: signatures and chains of statements, which `fiducial audit` verifies without
//! trusting this program, and the index, which is rebuilt on any doubt.

use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use rayon::prelude::*;
use rustix::fs::OFlags;
use spec::Hash;
use spec::frontier::Frontier;
use spec::hash::leaf_hashes;
use spec::tile::{
    MAX_BUNDLE_SIZE, TILE_SIZE, TILE_WIDTH, Tile, TileKind, parse_entries, parse_hashes,
};
use spec::tree::root_of_leaves;

use crate::answer::Fatal;
use crate::config::JournalConfig;
use crate::disk::{Disk, MachineDisk};
use crate::heads::{Heads, SignedHead, WriteError};
use crate::journal::Loaded;
use crate::journal::postgres::{PostgresHeads, place};
use crate::keys::LogKeys;
use crate::objects::place::{ObjectsError, remembered};
use crate::objects::shared::SharedTiles;
use crate::objects::{self, Objects};
use crate::settings::{Settings, SettingsError};
use crate::shared::JOURNAL;
use crate::start::{OpenError, lock};
use crate::stored::Stored;

mod stray;

/// What is wrong with a file that is not there.
const MISSING: &str = "is missing";

/// One thing that is wrong, in words for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file, below the data folder.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
}

/// What was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Entries in full bundles that were hashed again.
    pub sealed: u64,
    /// Entries in the journal.
    pub in_journal: u64,
    /// The size of the published checkpoint.
    pub published: u64,
    /// Problems reported.
    pub problems: u64,
}

/// Why nothing could be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A running log changes its files; stop it, or check a copy.
    #[error("{0}. Stop the log first, or check a copy of the folder")]
    Open(#[from] OpenError),
    /// Its store of full tiles is another one than that of the log's other servers.
    #[error(transparent)]
    Fatal(Fatal),
    /// The store of its full tiles cannot be used.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The folder holds no log.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Who is told what `check` finds and how far it is.
pub trait Listener: Sync {
    /// Something is wrong.
    fn problem(&self, problem: Problem);
    /// So many of so many entries are done.
    fn progress(&self, done: u64, total: u64);
}

/// Checks the data folder. Damage is reported to `listener`; an error means that it could not be
/// looked at.
pub fn check(folder: &Path, listener: &dyn Listener) -> Result<Summary, CheckError> {
    let disk = MachineDisk::open(folder)
        .map_err(|error| OpenError::Io { folder: folder.to_owned(), error })?;
    let settings = Settings::load(&disk, folder)?;
    let _lock = lock(folder)?;
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let place = remembered(disk.as_ref(), folder)?;
    let objects = objects::open(disk.clone(), folder, place.as_ref())?;
    let heads = Heads::new(disk, folder);
    Ok(check_all(folder, folder, &settings, &heads, objects.as_ref(), listener))
}

/// Checks a log whose journal is in a database, with the keys in `folder`. Its servers may run meanwhile.
pub fn check_together(
    folder: &Path,
    journal: &JournalConfig,
    listener: &dyn Listener,
) -> Result<Summary, CheckError> {
    let io = |error| OpenError::Io { folder: folder.to_owned(), error };
    let settings = Settings::load(&MachineDisk::open(folder).map_err(io)?, folder)?;
    let database = journal.database.clone();
    database.expect(&settings.origin);
    let objects = journal.tiles.open()?;
    place::check(&database, &settings.origin, objects.as_ref())
        .map_err(|trouble| CheckError::Fatal(Fatal::new(trouble.to_string())))?;
    let record = PostgresHeads::new(database).map_err(OpenError::Fatal)?;
    let heads = Heads { record: Box::new(record) };
    let tiles = match &journal.tiles {
        SharedTiles::Folder(tiles) => tiles,
        // Whatever is read comes from the bucket.
        SharedTiles::Bucket(_) => folder,
    };
    Ok(check_all(folder, tiles, &settings, &heads, objects.as_ref(), listener))
}

fn check_all(
    keys: &Path,
    folder: &Path,
    settings: &Settings,
    heads: &Heads,
    objects: &dyn Objects,
    listener: &dyn Listener,
) -> Summary {
    let mut check = Check { folder, objects, listener, problems: 0, promised: 0 };
    let loaded = check.journal(heads);
    check.promised = loaded.as_ref().map_or(0, |loaded| loaded.base.frontier.size());
    let count = check.bundle_count(loaded.as_ref());
    check.bundles(count, loaded.as_ref());
    let size = loaded.as_ref().map_or(0, Loaded::size).max(count * TILE_WIDTH);
    let in_journal = loaded.as_ref().map_or(0, |loaded| loaded.entries.len() as u64);
    let (published, mut strays) = std::thread::scope(|scope| {
        // A bucket is not listed: it can hold other things, and what is read from it is asked for by name.
        let is_listed = !objects.is_remote();
        let strays =
            scope.spawn(move || if is_listed { stray::find(folder, size) } else { Vec::new() });
        let published = check.heads(settings, keys, heads, loaded);
        (published, strays.join().expect("the search for strays does not panic"))
    });
    // Servers that run meanwhile go on storing: what was listed is theirs if it is within the size now.
    if heads.record.is_shared()
        && let Ok(now) = heads.record.whole_journal()
    {
        strays.retain(|stray| stray::fault(&stray.file, now.size().max(size)).is_some());
    }
    for problem in strays {
        check.report(problem);
    }
    Summary { sealed: count * TILE_WIDTH, in_journal, published, problems: check.problems }
}

struct Check<'a> {
    folder: &'a Path,
    /// Where full tiles are. Files are read by a way of their own, see [`read_plain`].
    objects: &'a dyn Objects,
    listener: &'a dyn Listener,
    problems: u64,
    /// The entries that only objects hold. Behind them an object may be missing: a crash came
    /// before it was stored, and the next start stores it from the journal.
    promised: u64,
}

/// The tree above the bundles: level-1 nodes as leaves, so its tile level is one below the log's.
struct Upper {
    frontier: Frontier,
    /// Set when a bundle's root could not be known: the levels above cannot be checked then.
    unknown: bool,
}

/// What one bundle turned out to be.
struct Verdict {
    root: Option<Hash>,
    problems: Vec<Problem>,
}

impl Check<'_> {
    fn report(&mut self, problem: Problem) {
        self.problems += 1;
        self.listener.problem(problem);
    }

    fn journal(&mut self, heads: &Heads) -> Option<Loaded> {
        match heads.record.whole_journal() {
            Ok(loaded) => Some(loaded),
            Err(error) => {
                self.report(Problem { file: JOURNAL.to_string(), what: error.to_string() });
                None
            }
        }
    }

    /// How many bundles there can be. Without a journal, as far as there are files.
    fn bundle_count(&self, loaded: Option<&Loaded>) -> u64 {
        if let Some(loaded) = loaded {
            return loaded.size() / TILE_WIDTH;
        }
        let exists = |index: &u64| {
            let stored = |kind| {
                let tile = Tile::full(kind, *index).expect("level 0 is a tile level");
                self.is_there(tile)
            };
            stored(TileKind::Entries) || stored(TileKind::Hashes(0))
        };
        (0..u64::MAX).take_while(exists).count() as u64
    }

    fn is_there(&self, tile: Tile) -> bool {
        if self.objects.is_remote() {
            return self.objects.read(tile).is_ok_and(|read| read.is_some());
        }
        self.folder.join(tile.to_string()).exists()
    }

    /// Reads an object of at most `most` bytes.
    fn read(&self, tile: Tile, most: usize) -> Result<Bytes, String> {
        if !self.objects.is_remote() {
            return read_plain(&self.folder.join(tile.to_string()), most);
        }
        match self.objects.read(tile) {
            Ok(Some(bytes)) if bytes.len() > most => {
                Err(format!("has {} bytes, more than it can have", bytes.len()))
            }
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(MISSING.to_string()),
            Err(error) => Err(format!("cannot be read: {error}")),
        }
    }

    /// Hashes all bundles again, up to 65,536 entries at a time on every core, and checks the
    /// tiles above them; at the journal's base, the right edge that it names.
    fn bundles(&mut self, count: u64, loaded: Option<&Loaded>) {
        let mut upper = Upper { frontier: Frontier::new(), unknown: false };
        let base = self.promised / TILE_WIDTH;
        let mut start = 0;
        while start < count {
            let run_end = (start - start % TILE_WIDTH + TILE_WIDTH).min(count);
            let end = if start < base { run_end.min(base) } else { run_end };
            let held = loaded.filter(|_| start >= base);
            let verdicts: Vec<Verdict> =
                (start..end).into_par_iter().map(|index| self.check_bundle(index, held)).collect();
            let mut roots = Vec::with_capacity(verdicts.len());
            for verdict in verdicts {
                verdict.problems.into_iter().for_each(|problem| self.report(problem));
                upper.unknown |= verdict.root.is_none();
                roots.push(verdict.root.unwrap_or(Hash::ZERO));
            }
            let growth = upper.frontier.grow(&roots);
            upper.frontier.advance(&growth);
            for sealed in growth.sealed() {
                self.upper_tile(sealed.tile, &sealed.hashes, upper.unknown);
            }
            start = end;
            if let Some(loaded) = loaded.filter(|_| start == base) {
                self.edge(loaded, &upper);
            }
            self.listener.progress(start * TILE_WIDTH, count * TILE_WIDTH);
        }
    }

    /// Compares a stored tile of level 1 or above with the one computed from below.
    fn upper_tile(&mut self, computed: Tile, hashes: &[Hash], unknown: bool) {
        let TileKind::Hashes(level) = computed.kind() else { return };
        let tile = Tile::full(TileKind::Hashes(level + 1), computed.index())
            .expect("a log of 64-bit size has eight tile levels");
        let end = (computed.index() + 1) << (8 * (u32::from(level) + 2));
        let what = match self.read_hashes(tile) {
            Err(what) if what == MISSING && end > self.promised => return,
            Err(what) => what,
            // A bundle below could not be hashed and is reported; nothing more can be said here.
            Ok(_) if unknown => return,
            Ok(stored) if stored == hashes => return,
            Ok(_) => "does not have the hashes of the tiles below it".to_string(),
        };
        self.report(Problem { file: tile.to_string(), what });
    }

    /// The right edge in the journal must be the one that the bundles give.
    fn edge(&mut self, loaded: &Loaded, upper: &Upper) {
        let from_journal = loaded.base.frontier.partials().get(1..).unwrap_or_default();
        if !upper.unknown && from_journal != upper.frontier.partials() {
            let what = "names another right edge than the stored bundles give".to_string();
            self.report(Problem { file: JOURNAL.to_string(), what });
        }
    }

    /// Both heads must be this log's own and have the root that is stored.
    fn heads(
        &mut self,
        settings: &Settings,
        keys: &Path,
        heads: &Heads,
        loaded: Option<Loaded>,
    ) -> u64 {
        let keys = match LogKeys::load(keys, &settings.origin) {
            Ok(keys) => keys,
            Err(error) => {
                self.report(Problem { file: "keys".to_string(), what: error.to_string() });
                return 0;
            }
        };
        let (signed, published) =
            match heads.load(&settings.origin, &keys).map_err(WriteError::into_fatal) {
                Ok(both) => both,
                Err(fatal) => {
                    let file = "signed-head, checkpoint".to_string();
                    self.report(Problem { file, what: fatal.to_string() });
                    return 0;
                }
            };
        // Servers that run meanwhile have signed more than was read before: it is read once more. A
        // journal that cannot be read is reported already; what it held is unknown.
        let loaded =
            if heads.record.is_shared() { heads.record.whole_journal().ok() } else { loaded };
        let stored = loaded.map(Stored::of);
        let mut sound = None;
        for (name, head) in [("signed-head", &signed), ("checkpoint", &published)] {
            let Some(head) = head else { continue };
            // Most often both are of one tree, which need not be hashed twice.
            if sound == Some(head.checkpoint.tree()) {
                continue;
            }
            let what = match &stored {
                Some(stored) => match agrees(head, stored, self.objects) {
                    Ok(()) => {
                        sound = Some(head.checkpoint.tree());
                        continue;
                    }
                    Err(fatal) => fatal.to_string(),
                },
                None => "cannot be compared with a journal that cannot be read".to_string(),
            };
            self.report(Problem { file: name.to_string(), what });
        }
        published.map_or(0, |head| head.checkpoint.tree().size())
    }

    /// Hashes one bundle again and compares it with its tile, and with the journal if that holds its
    /// entries: then either file may be missing, since the next start stores them again.
    fn check_bundle(&self, index: u64, held: Option<&Loaded>) -> Verdict {
        let bundle = Tile::full(TileKind::Entries, index).expect("bundles have no level");
        let tile = Tile::full(TileKind::Hashes(0), index).expect("level 0 is a tile level");
        let in_journal = held.map(|loaded| journal_leaves(loaded, index));
        let mut problems = Vec::new();
        let mut report = |tile: Tile, what: String| {
            if what != MISSING || in_journal.is_none() {
                problems.push(Problem { file: tile.to_string(), what });
            }
        };
        let leaves = self.read_leaves(bundle).map_err(|what| report(bundle, what)).ok();
        let hashes = self.read_hashes(tile).map_err(|what| report(tile, what)).ok();
        if let (Some(leaves), Some(hashes)) = (&leaves, &hashes)
            && let Some(at) = leaves.iter().zip(hashes).position(|(leaf, hash)| leaf != hash)
        {
            let first = index * TILE_WIDTH + at as u64;
            report(
                bundle,
                format!("does not hash to {tile}; the first difference is entry {first}"),
            );
        }
        if let (Some(in_journal), Some(leaves)) = (&in_journal, &leaves)
            && in_journal != leaves
        {
            report(bundle, "holds other entries than the journal".to_string());
        }
        // The tile is what proofs are made of; the others stand in where it cannot be read.
        let root = hashes.or(leaves).or(in_journal).map(|hashes| root_of_leaves(&hashes));
        Verdict { root, problems }
    }

    fn read_leaves(&self, bundle: Tile) -> Result<Vec<Hash>, String> {
        let bytes = self.read(bundle, MAX_BUNDLE_SIZE)?;
        let entries = parse_entries(bundle, &bytes)
            .ok_or("is not 256 entries, each behind its length".to_string())?;
        Ok(leaf_hashes(&entries))
    }

    fn read_hashes(&self, tile: Tile) -> Result<Vec<Hash>, String> {
        let bytes = self.read(tile, TILE_SIZE)?;
        parse_hashes(tile, &bytes)
            .ok_or(format!("has {} bytes instead of {TILE_SIZE}", bytes.len()))
    }
}

/// A signed head must have the root of what is stored.
fn agrees(head: &SignedHead, stored: &Stored, objects: &dyn Objects) -> Result<(), Fatal> {
    let tree = head.checkpoint.tree();
    let have = stored.tree(tree.size(), objects)?;
    if have == tree {
        return Ok(());
    }
    Err(Fatal::new(format!(
        "the log has signed root {} at size {}, but what is stored gives {}",
        tree.root(),
        tree.size(),
        have.root()
    )))
}

fn journal_leaves(loaded: &Loaded, index: u64) -> Vec<Hash> {
    let start = (index * TILE_WIDTH - loaded.base.frontier.size()) as usize;
    let entries = &loaded.entries[start..start + TILE_WIDTH as usize];
    leaf_hashes(entries)
}

/// Reads a plain file of at most `most` bytes: never a pipe or a device, on which a read could
/// wait for ever.
fn read_plain(path: &Path, most: usize) -> Result<Bytes, String> {
    // Opened first and looked at then: one walk along the path, and what is read is what was looked
    // at. Without waiting, so that a pipe nobody writes to is opened at once, and not through links.
    let flags = (OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed();
    let mut file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(MISSING.to_string()),
        Err(error) if is_other(path) => return Err(format!("is not a plain file: {error}")),
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err("is not a plain file".to_string());
    }
    if about.len() > most as u64 {
        return Err(format!("has {} bytes, more than it can have", about.len()));
    }
    let mut bytes = vec![0; about.len() as usize];
    file.read_exact(&mut bytes).map_err(unreadable)?;
    Ok(bytes.into())
}

/// Whether a link or a socket, which cannot be opened, stands at `path`.
fn is_other(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|about| !about.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Admission;
    use crate::log::{Limits, Log, Options};
    use crate::sources::{self, Sources};
    use spec::checkpoint::Origin;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Collected(Mutex<Vec<Problem>>);

    impl Listener for Collected {
        fn problem(&self, problem: Problem) {
            self.0.lock().unwrap().push(problem);
        }

        fn progress(&self, _: u64, _: u64) {}
    }

    fn problems(folder: &Path) -> Vec<String> {
        let collected = Collected::default();
        let summary = check(folder, &collected).unwrap();
        let found: Vec<String> =
            collected.0.into_inner().unwrap().into_iter().map(|problem| problem.file).collect();
        assert_eq!(summary.problems, found.len() as u64);
        found
    }

    /// A log of 70,000 small entries, stopped; its journal holds them all.
    fn log(folder: &Path) {
        log_of(folder, b"");
    }

    /// The same with `padding` on each entry.
    fn log_of(folder: &Path, padding: &[u8]) {
        let origin = Origin::parse("check.example/log").unwrap();
        LogKeys::create(folder, &origin, false).unwrap();
        sources::create(folder).unwrap();
        let settings = Settings { origin: origin.clone(), admission: Admission::Any };
        settings.create(&MachineDisk::open(folder).unwrap(), folder).unwrap();
        let options = Options {
            data: folder.to_owned(),
            limits: Limits { waiting_entries: 100_000, ..Limits::default() },
            keys: LogKeys::load(folder, &origin).unwrap(),
            sources: Sources::load(folder).unwrap(),
            witnesses: None,
        };
        let log = Log::open(options).unwrap();
        while !log.status().index_ready {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for start in (0..70_000_u32).step_by(10_000) {
            let entries: Vec<_> = (start..start + 10_000)
                .map(|at| log.check(&[&at.to_be_bytes(), padding].concat()).unwrap())
                .collect();
            let answers = runtime.block_on(log.sequence_all(entries));
            assert!(answers.into_iter().all(|answer| answer.is_ok()));
            // A journal is trimmed by a later commit, up to what is sealed and signed by then.
            let size = u64::from(start) + 10_000;
            let behind = || log.status().sealed / TILE_WIDTH < size / TILE_WIDTH;
            while behind() || log.status().published < size {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
        log.stop();
        log.join();
    }

    #[test]
    fn a_sound_folder_has_no_problems_and_each_damage_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        log(folder);
        assert_eq!(problems(folder), Vec::<String>::new());

        let at = |name: &str| folder.join(name);
        let flip = |name: &str| {
            let mut bytes = fs::read(at(name)).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 4;
            fs::write(at(name), bytes).unwrap();
        };
        // Several at once: one run names them all.
        flip("tile/entries/007");
        flip("tile/0/100");
        fs::remove_file(at("tile/0/200")).unwrap();
        fs::write(at("tile/entries/stray"), b"").unwrap();
        let found = problems(folder);
        // The tile that was flipped gives another root than the one above says, so that is named
        // too; the removed one is still in the journal and comes back by itself.
        let want = ["tile/entries/007", "tile/entries/100", "tile/1/000", "tile/entries/stray"];
        assert_eq!(found, want);
    }

    #[test]
    fn what_only_the_objects_hold_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        // Large enough for the journal to be trimmed on the way.
        log_of(folder, &[7; 60]);
        assert_eq!(problems(folder), Vec::<String>::new());
        for name in ["tile/entries/005", "tile/0/006"] {
            fs::remove_file(folder.join(name)).unwrap();
        }
        assert_eq!(problems(folder), ["tile/entries/005", "tile/0/006"]);
    }

    #[test]
    fn an_upper_tile_a_head_and_the_journal_are_checked_too() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        log(folder);
        for (name, want) in [
            ("tile/1/000", "tile/1/000"),
            ("checkpoint", "signed-head, checkpoint"),
            ("signed-head", "signed-head, checkpoint"),
            ("journal", "journal"),
        ] {
            let good = fs::read(folder.join(name)).unwrap();
            let mut bad = good.clone();
            bad[good.len() / 2] ^= 1;
            fs::write(folder.join(name), &bad).unwrap();
            let found = problems(folder);
            assert!(found.iter().any(|file| file == want), "{name}: {found:?}");
            fs::write(folder.join(name), &good).unwrap();
        }
        assert_eq!(problems(folder), Vec::<String>::new());
    }

    #[test]
    fn what_is_no_plain_file_is_reported_and_never_opened() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        log(folder);
        let path = folder.join("tile/entries/003");
        fs::remove_file(&path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        assert_eq!(problems(folder), ["tile/entries/003"]);
    }
}
