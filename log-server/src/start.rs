//! Starting: what a crash or a careless restore has left is found before anything is promised.
//!
//! In this order: lock the folder; read what the log is, and whether it is here (`moved`); read the
//! journal, refuse it if damaged, and make its tail durable again; read the last signed head and the published checkpoint;
//! compute the trees at both sizes from what is stored and compare; only then start the threads.
//! Nothing here grows with the log: the journal is short, and a tree is a few tiles.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use spec::checkpoint::Checkpoint;
use spec::hash::leaf_hashes;
use spec::succession::Succession;
use spec::tile::{TILE_WIDTH, Tile, TileKind};
use spec::tree::Tree;
use tokio::sync::watch;

use crate::admission::{Admission, Chains, Place};
use crate::answer::{Fatal, Published, Refused};
use crate::disk::{Disk, read_if_there};
use crate::follower::{Follow, Follower};
use crate::heads::{Heads, SIGNED_HEAD, SignedHead, WriteError};
use crate::index::Index;
use crate::journal::file::{self, FileJournal};
use crate::journal::mark::{self, Marked};
use crate::journal::{Journal, Loaded};
use crate::keys::LogKeys;
use crate::log::Options;
use crate::moved;
use crate::number;
use crate::objects::Objects;
use crate::publisher::{Publisher, unix_seconds};
use crate::queue::Queue;
use crate::sequencer::Sequencer;
use crate::settings::{Settings, SettingsError};
use crate::shared::{Bell, JOURNAL, Seen, Shared};
use crate::stored::Stored;
use crate::tail::Tail;
use crate::witnesses::Witnessing;
use crate::witnesses::gather::{Gatherer, Offer};

pub(crate) mod together;

/// The folder of the index in the data folder.
const INDEX: &str = "index";

/// The file that says that a process uses the data folder.
const LOCK: &str = "lock";

/// What the embedded journal grows by until it is trimmed is so many times the zeros that are made ready for
/// it at once: with 256 KiB of a MiB, some hundred commits of a busy log grow the file a few times.
const RESERVE_SHARE: u64 = 4;

/// How long a start waits for its witnesses before it goes on without them.
pub(crate) const START_PATIENCE: Duration = Duration::from_secs(5);

/// How often a start looks whether the office has been taken.
const OFFICE_INTERVAL: Duration = Duration::from_millis(50);

/// Why a log was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// What is stored cannot be trusted or made durable.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// Another process uses the data folder.
    #[error("another process uses the data folder {0}; two would fork the log")]
    InUse(PathBuf),
    /// The lock file cannot be used.
    #[error("the data folder {folder} cannot be used: {error}")]
    Io {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The folder holds no log of this format.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Everything that is ready to run.
pub(crate) struct Started {
    pub(crate) shared: Arc<Shared>,
    pub(crate) sequencer: Sequencer,
    pub(crate) publisher: Publisher,
    /// Asks the witnesses, if the log has a policy.
    pub(crate) gatherer: Option<Gatherer>,
    /// Looks what other servers do, if there are any.
    pub(crate) follower: Option<Follower>,
    /// Held as long as the log is open.
    pub(crate) lock: File,
}

/// Opens the log in `options.data` on `disk`, its full tiles in `objects`.
pub(crate) fn start(
    options: Options,
    disk: Arc<dyn Disk>,
    objects: Box<dyn Objects>,
) -> Result<Started, OpenError> {
    let folder = options.data.clone();
    let settings = Settings::load(disk.as_ref(), &folder)?;
    let lock = lock(&folder)?;
    moved::check_is_here(disk.as_ref(), &folder)?;

    let heads = Heads::new(disk.clone(), &folder);
    let found = inspect(disk.as_ref(), &folder, &heads, &settings, &options.keys, objects.as_ref());
    let Found { signed, published, durable, .. } = found?;

    // Opening writes the journal anew. A start that is refused above has changed nothing.
    let (journal, loaded) = FileJournal::open(disk.clone(), &folder.join(JOURNAL), durable)?;
    let reserve = usize::try_from(options.limits.trim_bytes / RESERVE_SHARE).unwrap_or(0);
    let journal = journal.with_reserve(reserve);
    if loaded.torn_bytes > 0 {
        tracing::warn!(
            bytes = loaded.torn_bytes,
            "an unfinished write at the end of the journal was dropped; nobody was promised it"
        );
    }

    let (tail, chains) = replay(&loaded, settings.admission)?;
    mark::write(disk.as_ref(), &folder, tail.frontier().tree()).map_err(|error| {
        Fatal::new(format!(
            "The file {} could not be written: {error}. Check the disk and its free space, then start \
             the log again.",
            mark::MARK
        ))
    })?;
    let shared = Arc::new(share(options, disk, settings, objects, tail, &signed, published, None));
    let journal: Box<dyn Journal> = Box::new(journal);
    let sequencer = Sequencer::new(shared.clone(), journal, chains, loaded.base);
    let (offers, gatherer) = gatherer(&shared);
    let mut publisher = Publisher::new(shared.clone(), heads, signed, offers);
    publisher.begin_flight();
    Ok(Started { shared, sequencer, publisher, gatherer, follower: None, lock })
}

/// What a data folder with the embedded journal holds, found sound.
pub(crate) struct Found {
    pub(crate) loaded: Loaded,
    pub(crate) signed: Option<SignedHead>,
    pub(crate) published: Option<SignedHead>,
    /// The size up to which entries are known to be durable by more than the journal's word.
    durable: Option<u64>,
}

/// Reads what a data folder holds, and refuses it if it cannot be trusted. Changes nothing.
pub(crate) fn inspect(
    disk: &dyn Disk,
    folder: &Path,
    heads: &Heads,
    settings: &Settings,
    keys: &LogKeys,
    objects: &dyn Objects,
) -> Result<Found, OpenError> {
    check_journal_is_there(disk, folder)?;
    let read = heads.load(&settings.origin, keys);
    let (signed, published) = read.map_err(WriteError::into_fatal)?;
    let marked = mark::read(disk, folder);
    let signed_size = signed.as_ref().map_or(0, |head| head.checkpoint.tree().size());
    // Without the mark nobody knows what was acknowledged behind the signed head.
    let durable = marked.map(|marked| marked.size.max(signed_size));
    let loaded = file::read_at_start(disk, &folder.join(JOURNAL), durable)?;
    check_belong_together(&signed, &loaded)?;
    check_reaches_mark(&loaded, marked)?;
    let stored = Stored::of(loaded.clone());
    check_stored(&stored, objects, [&signed, &published])?;
    // Deep in the log tiles are not read at every start, and the heads say more there than a mark that is old.
    let in_journal = marked.filter(|marked| marked.size >= loaded.base.frontier.size());
    check_goes_on_from_mark(&stored, objects, in_journal, other_history)?;
    Ok(Found { loaded, signed, published, durable })
}

/// Who asks the witnesses, if the log has a policy, and where heads are offered to it.
fn gatherer(shared: &Arc<Shared>) -> (Option<watch::Sender<Offer>>, Option<Gatherer>) {
    let Some(witnessing) = &shared.witnessing else { return (None, None) };
    let (offers, offered) = watch::channel(None);
    (Some(offers), Some(Gatherer::new(shared.clone(), witnessing.clone(), offered)))
}

pub(crate) fn lock(folder: &Path) -> Result<File, OpenError> {
    let io = |error| OpenError::Io { folder: folder.to_owned(), error };
    let file = File::create(folder.join(LOCK)).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(folder.to_owned())),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

/// The journal is made before the first head is signed, so a head without a journal has lost it.
/// Without this, entries that were acknowledged and not signed yet would be gone unnoticed.
fn check_journal_is_there(disk: &dyn Disk, folder: &Path) -> Result<(), OpenError> {
    let there = |name: &str| {
        let read = read_if_there(disk, &folder.join(name));
        let io = |error| OpenError::Io { folder: folder.to_owned(), error };
        read.map(|bytes| bytes.is_some()).map_err(io)
    };
    if there(SIGNED_HEAD)? && !there(JOURNAL)? {
        return Err(Fatal::new(format!(
            "The file {JOURNAL} is missing, though this log has signed heads. Entries in it may \
             have been acknowledged. Restore the whole data folder from one moment, the newest \
             there is; do not copy single files."
        ))
        .into());
    }
    Ok(())
}

/// The first head is signed before the first entry is taken, so entries without a head have lost
/// it: without what was signed, nothing can be proved to continue it.
fn check_belong_together(signed: &Option<SignedHead>, loaded: &Loaded) -> Result<(), Fatal> {
    if signed.is_none() && loaded.size() > 0 {
        return Err(Fatal::new(format!(
            "The file {SIGNED_HEAD} is missing, though this log has {}. Without it the \
             log cannot know what it has signed, so it signs nothing. Restore the data folder \
             from its newest copy.",
            number::entries(loaded.size())
        )));
    }
    Ok(())
}

/// Entries that were durable once are in the journal or below its base for ever.
pub(crate) fn check_reaches_mark(found: &Loaded, marked: Option<Marked>) -> Result<(), Fatal> {
    match marked {
        Some(Marked { size, .. }) if found.size() < size => Err(Fatal::new(format!(
            "The journal ends at {}, but {size} were durable, and those behind may have been \
             acknowledged. It is older than the rest of the data folder, or the disk lost writes. \
             Nothing is signed. Restore the whole data folder from one moment, the newest there is.",
            number::entries(found.size())
        ))),
        _ => Ok(()),
    }
}

/// And they are the same ones, where the mark says which; else `other_history` says what is wrong, given their number.
fn check_goes_on_from_mark(
    stored: &Stored,
    objects: &dyn Objects,
    marked: Option<Marked>,
    other_history: fn(u64) -> Fatal,
) -> Result<(), Fatal> {
    match marked {
        Some(marked) if !goes_on_from(stored, objects, marked)? => Err(other_history(marked.size)),
        _ => Ok(()),
    }
}

fn other_history(size: u64) -> Fatal {
    Fatal::new(format!(
        "What is stored gives another tree of {} than was durable here before ({}): journal and heads \
         are of a copy that went on without them, and they may have been acknowledged. Nothing is \
         signed. Restore the whole data folder from one moment, the newest there is.",
        number::entries(size),
        mark::MARK
    ))
}

/// Whether what is stored begins with the tree of a mark. One of the first version names no root, and is not compared.
fn goes_on_from(stored: &Stored, objects: &dyn Objects, marked: Marked) -> Result<bool, Fatal> {
    let Some(root) = marked.root else { return Ok(true) };
    if stored.tree(marked.size, objects)?.root() == root {
        return Ok(true);
    }
    // Damaged tiles give another root as well: then no proof leads from it to the tree of all, and that is said.
    stored.prove_consistency(marked.size, stored.whole_tree(), objects)?;
    Ok(false)
}

/// Computes the signed and the published tree again from what is stored.
fn check_stored(
    stored: &Stored,
    objects: &dyn Objects,
    heads: [&Option<SignedHead>; 2],
) -> Result<(), Fatal> {
    check_not_behind(stored.size(), objects)?;
    check_base_and_heads(stored, objects, heads)
}

pub(crate) fn check_base_and_heads(
    stored: &Stored,
    objects: &dyn Objects,
    heads: [&Option<SignedHead>; 2],
) -> Result<(), Fatal> {
    stored.check_base(objects)?;
    for head in heads.into_iter().flatten() {
        let tree = head.checkpoint.tree();
        if stored.tree(tree.size(), objects)? != tree {
            return Err(Fatal::new(format!(
                "The log has signed a root at size {} that what is stored does not give. The data \
                 folder was restored in part, or is damaged. Nothing is signed. Run `fiducial-log \
                 check` to see what is wrong, and restore the newest copy or the damaged files \
                 from a mirror.",
                tree.size()
            )));
        }
    }
    Ok(())
}

/// Only committed entries become objects, so a full bundle beyond the journal's end was written by
/// a log that had more entries than this journal: journal and heads were restored from before it.
fn check_not_behind(size: u64, objects: &dyn Objects) -> Result<(), Fatal> {
    match bundle_beyond(size, objects)? {
        None => Ok(()),
        Some(beyond) => Err(Fatal::new(format!(
            "The bundle {beyond} is stored, but the journal ends at {}: the journal and \
             the signed heads are older than the tiles. Signing now would fork the log. Restore \
             the whole data folder from one moment, the newest there is. {REBUILT}",
            number::entries(size)
        ))),
    }
}

/// What else may be the reason for tiles beyond a log's end.
pub(crate) const REBUILT: &str = "Only of a log that `fiducial-log recover` has rebuilt, and that was not served \
    since, they may be of entries which nobody had signed when its disk died: then nothing is older, and it needs a \
    store, or a prefix in the bucket, in which no tiles are.";

/// The first full bundle beyond so many entries, if it is stored.
pub(crate) fn bundle_beyond(size: u64, objects: &dyn Objects) -> Result<Option<Tile>, Fatal> {
    let beyond = Tile::full(TileKind::Entries, size / TILE_WIDTH);
    let beyond = beyond.expect("bundles have no level");
    let there = objects.read(beyond).map_err(|error| {
        Fatal::new(format!(
            "The stored bundle {beyond} cannot be read: {error}. Check the disk, or the store."
        ))
    })?;
    Ok(there.map(|_| beyond))
}

/// Brings the entries of the journal back into memory.
pub(crate) fn replay(loaded: &Loaded, admission: Admission) -> Result<(Tail, Chains), Fatal> {
    let base = &loaded.base;
    let mut tail = Tail::new(base.frontier.clone());
    let leaves: Vec<_> = leaf_hashes(&loaded.entries);
    let growth = base.frontier.grow(&leaves);
    tail.commit(loaded.entries.clone(), &leaves, growth);
    let mut chains = Chains::new(base.heads.clone());
    if admission == Admission::Statements {
        let first = base.frontier.size();
        for (at, (entry, leaf)) in loaded.entries.iter().zip(&leaves).enumerate() {
            if first + at as u64 >= base.heads_size
                && let Some(place) = place_of(entry, first + at as u64)?
            {
                chains.advance(place, *leaf);
            }
        }
    }
    Ok((tail, chains))
}

/// Where a statement of this log stands in its chain; `None` for the succession that a log may begin
/// with.
pub(crate) fn place_of(entry: &[u8], index: u64) -> Result<Option<Place>, Fatal> {
    if index == 0 && Succession::parse(entry).is_ok() {
        return Ok(None);
    }
    let statement = spec::evidence::statement::Statement::parse(entry).map_err(|error| {
        Fatal::new(format!("Entry {index} in the journal is not a statement: {error}."))
    })?;
    Ok(Some(Place {
        source: statement.source().clone(),
        sequence: statement.sequence(),
        previous: statement.previous(),
        after: statement.after().tree().size(),
    }))
}

#[allow(clippy::too_many_arguments, reason = "the parts of one value, each made by its own step")]
fn share(
    options: Options,
    disk: Arc<dyn Disk>,
    settings: Settings,
    objects: Box<dyn Objects>,
    tail: Tail,
    signed: &Option<SignedHead>,
    published: Option<SignedHead>,
    follow: Option<Arc<Follow>>,
) -> Shared {
    let signed_size = signed.as_ref().map_or(0, |head| head.checkpoint.tree().size());
    let seen = Seen {
        published: Arc::new(published.map_or_else(|| nothing(&settings), shown)),
        published_at: 0,
        refused: Refused::default(),
        fatal: None,
    };
    let index = Index::new(&options.data.join(INDEX));
    let Options { data, limits, keys, sources, witnesses } = options;
    let witnessing = witnesses.map(|witnesses| Witnessing::new(witnesses, &data, unix_seconds()));
    Shared {
        origin: settings.origin,
        admission: settings.admission,
        keys,
        sources,
        limits,
        disk,
        folder: data,
        objects,
        tail: RwLock::new(tail),
        index,
        queue: Queue::new(limits),
        seen: watch::Sender::new(seen),
        signed_size: AtomicU64::new(signed_size),
        sealed_leaves: Mutex::default(),
        drained: AtomicBool::new(false),
        seal_bell: Bell::default(),
        in_office: Arc::new(AtomicBool::new(follow.is_none())),
        publish_bell: Bell::default(),
        witnessing,
        index_bell: Bell::default(),
        follow,
        last_signed: Mutex::default(),
    }
}

fn shown(head: SignedHead) -> Published {
    Published { note: head.note.to_bytes().into(), checkpoint: head.checkpoint }
}

/// Stands in until the first head is published: before the log is open, or, where witnesses are
/// asked, once their quorum has cosigned it.
fn nothing(settings: &Settings) -> Published {
    let checkpoint = Checkpoint::new(settings.origin.clone(), Tree::EMPTY);
    Published { note: Bytes::new(), checkpoint }
}

/// Publishes what there is, so that no entry is taken before a first head is signed. Returns whether
/// this process holds the office.
pub(crate) fn publish_first(shared: &Shared, publisher: &mut Publisher) -> Result<bool, OpenError> {
    let before = Instant::now();
    loop {
        match publisher.publish() {
            Ok(_) if publisher.has_signed() => return Ok(publisher.is_in_office()),
            Err(WriteError::Fatal(fatal)) => return Err(fatal.into()),
            // Shared, an office may be about to change hands; alone, a disk refuses.
            Err(WriteError::Refused(error))
                if shared.follow.is_none() || before.elapsed() > START_PATIENCE =>
            {
                return Err(OpenError::Io { folder: shared.folder.clone(), error });
            }
            Ok(_) if before.elapsed() > START_PATIENCE => {
                return Err(Fatal::new(
                    "No server has signed a first head of this log yet. Start them again.",
                )
                .into());
            }
            Ok(_) | Err(WriteError::Refused(_)) => std::thread::sleep(OFFICE_INTERVAL),
        }
    }
}
