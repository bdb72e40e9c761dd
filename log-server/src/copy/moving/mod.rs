//! A log that moves: the whole of it, from one home to another, with the same origin and the same keys.
//!
//! Rule: `moved`. The order is the safety argument; each step is durable before the next begins.
//!
//! 1. The new end is marked: it is being filled, and serves nothing.
//! 2. Full tiles are copied, verified up to a root that the log has signed. The old end may be served
//!    meanwhile.
//! 3. The old end is marked: from now on nothing is taken or signed there, by any process.
//! 4. What came meanwhile is copied, and journal, heads and the chains of sources are read, as they stand.
//! 5. THE STEP: the new end gets them, and becomes the log's.
//! 6. The old end's mark says where the log went.
//!
//! Interrupted at any point, the same command goes on where it stopped. Until step 5 it can be given up:
//! then the new end is closed first, so that a process which still believes in the move finds no end to
//! finish it at, and the old end is opened behind that.
//!
//! Keys are never copied here: whoever may sign is decided by who puts them there.
//!
//! - `end`: what each step does at an end with the embedded journal, and at one in a database.

use std::fs::File;
use std::io;
use std::path::Path;

use spec::Hash;
use spec::checkpoint::Origin;
use spec::tile::TILE_WIDTH;
use spec::tree::Tree;

use super::data::{DataError, DataFolder, OnlyObjects};
use super::store::{Sink, Source};
use super::verified::Verified;
use super::{CopyError, Listener, RUN, Summary, copy_full, head_of, policy_of_keys};
use crate::answer::Fatal;
use crate::home::HomeError;
use crate::id::Id;
use crate::journal::postgres::Trouble;
use crate::keys::{KEYS_FOLDER, KeyFileError, LogKeys};
use crate::moved::{Mark, Stage};
use crate::number;
use crate::objects::Objects;
use crate::settings::{Settings, SettingsError};
use crate::start::{OpenError, REBUILT, bundle_beyond};

mod end;

use self::end::{Carried, End, Standing};

/// Why a log was not moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// Its tiles could not be copied.
    #[error(transparent)]
    Copy(#[from] CopyError),
    /// An end cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// What an end stores.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// A file of an end.
    #[error("{0}: {1}")]
    Io(String, io::Error),
    /// It is not to be moved, or not to there.
    #[error("{0}")]
    Refused(String),
}

impl From<HomeError> for MoveError {
    fn from(error: HomeError) -> Self {
        Self::Data(error.into())
    }
}

impl From<Trouble> for MoveError {
    fn from(trouble: Trouble) -> Self {
        Self::Data(trouble.into())
    }
}

impl From<SettingsError> for MoveError {
    fn from(error: SettingsError) -> Self {
        Self::Data(error.into())
    }
}

impl From<KeyFileError> for MoveError {
    fn from(error: KeyFileError) -> Self {
        Self::Data(error.into())
    }
}

impl From<OpenError> for MoveError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Fatal(fatal) => Self::Fatal(fatal),
            other => Self::Data(other.into()),
        }
    }
}

/// How far a move is, told when it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The new end is marked.
    Begun,
    /// Full tiles are there, as far as they were published.
    TilesCopied,
    /// The old end takes and signs nothing any more.
    Left,
    /// All full tiles are there.
    AllCopied,
    /// A file of the new end is written; it is still marked.
    Written(&'static str),
    /// The log is at the new end.
    Arrived,
    /// The old end says so.
    Told,
}

/// Who is told how far a move is.
pub trait Watch: Listener {
    /// It has come so far.
    fn reached(&self, step: Step);
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The log.
    pub origin: Origin,
    /// The new end, in words.
    pub to: String,
    /// What was copied by this process.
    pub summary: Summary,
    /// How it ended.
    pub ended: Ended,
}

/// How a move ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It had been done before.
    Before,
    /// The log is at the new end.
    Moved {
        /// Whether the two ends list other sources: each keeps its own then.
        other_sources: bool,
    },
    /// The old end is served by a process, which has to be stopped first. Its tiles are copied.
    Served,
}

/// What both ends must agree on.
struct Log {
    settings: Settings,
    keys: LogKeys,
}

/// What is to be done.
enum Plan {
    /// It is done.
    Nothing,
    /// Only the old end does not say it yet.
    Tell(Id),
    Move(Id),
}

/// Moves the log in the data folder `from` to the data folder `to`.
pub fn carry(from: &Path, to: &Path, watch: &dyn Watch) -> Result<Outcome, MoveError> {
    let (from, to) = ends(from, to)?;
    let log = in_common(&from, &to)?;
    let _to_lock = to.lock()?;
    let outcome = |summary: Summary, ended: Ended| Outcome {
        origin: log.settings.origin.clone(),
        to: to.name(),
        summary,
        ended,
    };
    let id = match plan(&from, &to)? {
        Plan::Nothing => return Ok(outcome(Summary::default(), Ended::Before)),
        Plan::Tell(id) => {
            let moved = Ended::Moved { other_sources: from.sources()? != to.sources()? };
            from.left(id)?;
            watch.reached(Step::Told);
            return Ok(outcome(Summary::default(), moved));
        }
        Plan::Move(id) => id,
    };
    to.begin(id, &from, &log.settings)?;
    watch.reached(Step::Begun);
    let mut bulk = Bulk::new(&to, id, watch)?;
    bulk.bring_published(&from)?;
    watch.reached(Step::TilesCopied);

    let Some(_from_lock) = from.lock_unless_served()? else {
        return Ok(outcome(bulk.summary, Ended::Served));
    };
    // What is not sound is found before anything is stopped.
    check_store_fits(&from, &to, &log)?;
    from.leave(id, &to.name())?;
    watch.reached(Step::Left);
    let carried = from.carried(&log)?;
    bulk.bring_rest(&from, &carried)?;
    watch.reached(Step::AllCopied);

    let other_sources = to.bring_sources(&from)?;
    to.arrive(id, &carried, watch)?;
    watch.reached(Step::Arrived);
    from.left(id)?;
    watch.reached(Step::Told);
    Ok(outcome(bulk.summary, Ended::Moved { other_sources }))
}

/// Gives up a move that has not arrived: the log stays at `from`.
pub fn give_up(from: &Path, to: &Path) -> Result<(), MoveError> {
    let (from, to) = ends(from, to)?;
    one_log(&from, &to)?;
    let _to_lock = to.lock()?;
    let from_lock = from.lock_unless_served()?;
    let (here, there) = (from.standing()?, to.standing()?);
    let leaving = match here {
        Standing::Live(_) => None,
        Standing::Away(mark) if mark.stage == Stage::Leaving => Some(check_goes_to(mark, &to)?),
        _ => return Err(refused(format!("there is no move of {} to give up", from.name()))),
    };
    match there {
        Standing::Live(arrived) if leaving.is_some() && arrived == leaving => {
            return Err(refused(format!(
                "the log has arrived at {}: it cannot be given up any more. Run the command without \
                 --give-up to finish it, and then move the log back",
                to.name()
            )));
        }
        Standing::Live(_) => return Err(is_live(&to)),
        Standing::Away(mark) if leaving.is_some_and(|id| id != mark.id) => {
            return Err(has_gone_on(&from, &to, &mark));
        }
        // The old end knows of no move: whose this is, only the new one can say.
        Standing::Away(mark)
            if mark.stage == Stage::Arriving && leaving.is_none() && mark.other != from.name() =>
        {
            return Err(refused(format!(
                "{} is being filled from {}, and not from {}: give that move up with the --from that it was begun \
                 with",
                to.name(),
                mark.other,
                from.name()
            )));
        }
        // First here: whoever still believes in this move finds no end to finish it at.
        Standing::Away(mark) if mark.stage == Stage::Arriving => to.close(mark.id)?,
        Standing::Nothing if leaving.is_some() => return Err(knows_nothing(&from, &to)),
        Standing::Away(_) | Standing::Nothing => {}
    }
    match leaving {
        Some(_) if from_lock.is_none() => {
            Err(refused(format!("another process uses {}: it may be moving the log", from.name())))
        }
        Some(id) => from.stay(id),
        None => Ok(()),
    }
}

fn ends(from: &Path, to: &Path) -> Result<(End, End), MoveError> {
    let (from, to) = (End::old(from)?, End::new(to)?);
    if from.is(&to) {
        return Err(refused(format!(
            "--from and --to are the same data folder, {}. A log moves to another one: see `fiducial-log copy \
             --help`",
            from.name()
        )));
    }
    Ok((from, to))
}

/// The log must be the same at both ends, as far as the new one holds any.
fn one_log(from: &End, to: &End) -> Result<Settings, MoveError> {
    let settings = from.settings()?;
    match to.settings() {
        Ok(own) => check_settings(&settings, &own, to)?,
        Err(SettingsError::Missing(_)) => {}
        Err(error) => return Err(error.into()),
    }
    for end in [from, to] {
        if let Some(held) = end.held_settings()? {
            check_settings(&settings, &held, end)?;
        }
    }
    Ok(settings)
}

/// The log must be the same, and its keys must be at both ends already.
fn in_common(from: &End, to: &End) -> Result<Log, MoveError> {
    let settings = one_log(from, to)?;
    let keys = LogKeys::load(from.folder(), &settings.origin)?;
    let (have, want) = (from.folder().join(KEYS_FOLDER), to.folder().join(KEYS_FOLDER));
    match LogKeys::load(to.folder(), &settings.origin) {
        Ok(own) if own.verifier_keys() == keys.verifier_keys() => Ok(Log { settings, keys }),
        Ok(_) => Err(refused(format!(
            "the keys in {} are others than those in {}: a log keeps its keys when it moves",
            want.display(),
            have.display()
        ))),
        Err(KeyFileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Err(refused(format!(
                "the log's keys are not in {0} yet, and no command copies them. Put them there yourself, \
                 readable by nobody else, for example: cp -rp {1} {0}",
                want.display(),
                have.display()
            )))
        }
        Err(error) => Err(error.into()),
    }
}

fn check_settings(want: &Settings, have: &Settings, end: &End) -> Result<(), MoveError> {
    if want == have {
        return Ok(());
    }
    Err(refused(format!(
        "{} is of the log {} (admission {}), and what is to be moved is {} (admission {}). Another log needs \
         a data folder and a database of its own",
        end.name(),
        have.origin,
        have.admission,
        want.origin,
        want.admission
    )))
}

/// Nothing is in the store of the new end beyond what the log has. No start would go on there, since none can tell
/// whether journal and heads are older than the tiles.
fn check_store_fits(from: &End, to: &End, log: &Log) -> Result<(), MoveError> {
    let objects = to.objects()?;
    loop {
        let size = from.carried(log)?.tree.size();
        let Some(beyond) = bundle_beyond(size, objects.as_ref())? else { return Ok(()) };
        // Where both ends have one store, and the old one fills it meanwhile, the log has grown as far by now.
        if from.carried(log)?.tree.size() / TILE_WIDTH == size / TILE_WIDTH {
            return Err(refused(format!(
                "full tiles go to {}, where {beyond} is already, and the log at {} has only {}. If that is an \
                 older copy of the log, it must not go on. {REBUILT}",
                to.name(),
                from.name(),
                number::entries(size)
            )));
        }
    }
}

fn plan(from: &End, to: &End) -> Result<Plan, MoveError> {
    let (here, there) = (from.standing()?, to.standing()?);
    let arrived = match &there {
        Standing::Live(arrived) => *arrived,
        _ => None,
    };
    match here {
        Standing::Nothing => {
            Err(refused(format!("{} holds no log that was ever started", from.name())))
        }
        Standing::Live(_) => match there {
            Standing::Live(_) => Err(is_live(to)),
            // Begun before, while the old end was served.
            Standing::Away(mark) if mark.stage == Stage::Arriving && mark.other == from.name() => {
                Ok(Plan::Move(mark.id))
            }
            Standing::Away(_) | Standing::Nothing => Ok(Plan::Move(Id::draw()?)),
        },
        Standing::Away(mark) => match mark.stage {
            Stage::Leaving => {
                let id = check_goes_to(mark, to)?;
                match there {
                    Standing::Live(_) if arrived == Some(id) => Ok(Plan::Tell(id)),
                    Standing::Live(_) => Err(is_live(to)),
                    Standing::Away(other) if other.id != id => Err(has_gone_on(from, to, &other)),
                    Standing::Away(_) => Ok(Plan::Move(id)),
                    Standing::Nothing => Err(knows_nothing(from, to)),
                }
            }
            Stage::Moved if arrived == Some(mark.id) => Ok(Plan::Nothing),
            _ => Err(refused(mark.refusal().unwrap_or_default())),
        },
    }
}

/// A log that is leaving goes to one place.
fn check_goes_to(mark: Mark, to: &End) -> Result<Id, MoveError> {
    if mark.other == to.name() {
        return Ok(mark.id);
    }
    Err(refused(format!(
        "the log is on its way to {}, and not to {}. Finish that move, or give it up, with the same --to",
        mark.other,
        to.name()
    )))
}

/// The new end had the move's mark before the old one was left. Without it nobody can say whether the log had
/// arrived, was served there and took entries, before whatever was there went away.
fn knows_nothing(from: &End, to: &End) -> MoveError {
    refused(format!(
        "the log left {} for {}, where nothing is known of that: what was there has been removed, and the log may \
         have been served from it. Bring it back. Only if it is certain that the log never was served there: see \
         docs/postgres.md, \"One place signs\"",
        from.name(),
        to.name()
    ))
}

/// The new end gets a move's mark before the old one is left, and only a log that has arrived lets another move
/// replace it. So where the old end is on its way and the new one has the mark of another move, the log has been
/// there and is at a third place: neither end may have it back by the move before.
fn has_gone_on(from: &End, to: &End, mark: &Mark) -> MoveError {
    refused(format!(
        "the log has arrived at {} and has been moved on from there: it is neither there nor at {} any more. At \
         the former it says: {}",
        to.name(),
        from.name(),
        mark.refusal().unwrap_or_default()
    ))
}

fn is_live(end: &End) -> MoveError {
    refused(format!(
        "{} holds a log that is served from there: nothing is moved over it",
        end.name()
    ))
}

fn refused(text: String) -> MoveError {
    MoveError::Refused(text)
}

/// The store of full tiles at the new end.
struct Tiles {
    objects: Box<dyn Objects>,
    name: String,
}

impl Sink for Tiles {
    fn file(&self, _: &str, _: usize) -> io::Result<Option<bytes::Bytes>> {
        Ok(None)
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    fn objects(&self) -> &dyn Objects {
        self.objects.as_ref()
    }

    fn write(&self, name: &str, _: bytes::Bytes) -> io::Result<()> {
        Err(io::Error::other(format!("{name} is no full tile")))
    }
}

/// What is copied piece by piece: full tiles, and for a database, leaf hashes.
struct Bulk<'a> {
    to: &'a End,
    id: Id,
    tiles: Tiles,
    /// The tree that the new end had of this log before, if it was its home once.
    earlier: Option<Tree>,
    /// What a tree of so many entries has is there.
    done: u64,
    summary: Summary,
    watch: &'a dyn Watch,
}

impl<'a> Bulk<'a> {
    fn new(to: &'a End, id: Id, watch: &'a dyn Watch) -> Result<Self, MoveError> {
        let tiles = Tiles { objects: to.objects()?, name: to.name() };
        let (earlier, done) = (to.earlier()?, to.tiles_done()?);
        Ok(Self { to, id, tiles, earlier, done, summary: Summary::default(), watch })
    }

    /// What the old end has published, and what only its store has beyond that.
    fn bring_published(&mut self, from: &End) -> Result<(), MoveError> {
        let source = DataFolder::of_home(from.home(), Box::new(OnlyObjects(from.objects()?)))?;
        let policy = policy_of_keys(source.keys()).map_err(|error| refused(error.to_string()))?;
        let published = match head_of(&source, &policy) {
            Ok(head) => head.tree,
            Err(CopyError::NoCheckpoint(_)) => Tree::EMPTY,
            Err(error) => return Err(error.into()),
        };
        for tree in [published, source.base()] {
            self.bring(&source, tree)?;
        }
        Ok(())
    }

    /// Everything else, of a log that takes no more.
    fn bring_rest(&mut self, from: &End, carried: &Carried) -> Result<(), MoveError> {
        let objects = Box::new(OnlyObjects(from.objects()?));
        let loaded = carried.loaded.clone();
        let source = DataFolder::of(from.folder(), None, loaded, objects, Vec::new());
        if let Some(earlier) = self.earlier.filter(|earlier| earlier.size() > carried.tree.size()) {
            let (have, found) = (earlier.size(), carried.tree.size());
            return Err(CopyError::Shrank { place: source.name(), have, found }.into());
        }
        self.bring(&source, carried.tree)
    }

    fn bring(&mut self, source: &dyn Source, tree: Tree) -> Result<(), MoveError> {
        let mut verified = Verified::begin(source, tree)?;
        self.check_continues(&mut verified)?;
        if tree.size() > self.done {
            let copied = copy_full(&mut verified, &self.tiles, self.done, self.watch)?;
            self.done = tree.size() - tree.size() % TILE_WIDTH;
            self.to.note_tiles(self.id, self.done)?;
            self.summary.written += copied.written;
            self.summary.kept += copied.kept;
        }
        self.summary.size = self.summary.size.max(tree.size());
        self.bring_leaves(&mut verified)
    }

    /// What the new end had before must be an earlier state of what comes.
    fn check_continues(&self, verified: &mut Verified<'_>) -> Result<(), CopyError> {
        let size = verified.tree().size();
        let Some(earlier) = self.earlier.filter(|earlier| earlier.size() <= size) else {
            return Ok(());
        };
        let found = verified.root_at(earlier.size())?;
        if found == earlier.root() {
            return Ok(());
        }
        let (size, have) = (earlier.size(), earlier.root());
        Err(CopyError::History { place: verified.place(), size, have, found })
    }

    /// Leaf hashes for a database, behind those that it has.
    fn bring_leaves(&self, verified: &mut Verified<'_>) -> Result<(), MoveError> {
        let Some(database) = self.to.database() else { return Ok(()) };
        let size = verified.tree().size();
        let mut next = database.progress()?.leaves;
        while next < size {
            let first = next / TILE_WIDTH;
            let end = (first + RUN).min(size / TILE_WIDTH);
            let leaves: Vec<Hash> = match first < end {
                true => verified.tiles(0, first..end)?.concat(),
                false => verified.edge()[0].clone(),
            };
            let skip = (next - first * TILE_WIDTH) as usize;
            database.add_leaves(self.id, next, &leaves[skip..])?;
            next = first * TILE_WIDTH + leaves.len() as u64;
        }
        Ok(())
    }
}

/// Held as long as an end must not be used by another process.
struct Hold {
    /// The lock of the folder, where that is what counts.
    _lock: Option<File>,
}
