//! What each step of a move does at an end: at one with the embedded journal, which is files, and at one
//! in a database.

use std::path::Path;

use spec::tree::Tree;

use super::{Hold, Log, MoveError, Step, Watch, refused};
use crate::disk::{Disk, read_if_there, write_whole};
use crate::heads::{self, CHECKPOINT, Heads, SIGNED_HEAD, SignedHead};
use crate::home::{Home, HomeError};
use crate::id::Id;
use crate::journal::postgres::moving::{Arrival, PostgresHome};
use crate::journal::postgres::place as shared_place;
use crate::journal::{Loaded, SourceHead, file, mark};
use crate::moved::{self, Mark, Stage};
use crate::objects::{Objects, place};
use crate::settings::{Settings, SettingsError};
use crate::shared::JOURNAL;
use crate::sources::SOURCES_FILE;
use crate::start::{OpenError, check_base_and_heads, inspect, lock, replay};
use crate::stored::Stored;

/// Whether the log is at an end.
pub(super) enum Standing {
    /// It is not: it left, is arriving, or the move to there was given up.
    Away(Mark),
    /// It is; by which move, if it was ever moved.
    Live(Option<Id>),
    /// There is none.
    Nothing,
}

/// A log without its tiles and its keys, found sound: what moves as one.
pub(super) struct Carried {
    pub(super) loaded: Loaded,
    /// The tree of all entries.
    pub(super) tree: Tree,
    signed: SignedHead,
    published: Option<SignedHead>,
    sources: Vec<SourceHead>,
}

/// See the module's text.
pub(super) struct End {
    home: Home,
    /// Where the journal is, if it is not in the folder.
    database: Option<PostgresHome>,
}

impl End {
    /// The end that a log leaves.
    pub(super) fn old(folder: &Path) -> Result<Self, MoveError> {
        Self::of(Home::open(folder)?)
    }

    /// The end that it comes to.
    pub(super) fn new(folder: &Path) -> Result<Self, MoveError> {
        Self::of(Home::open_new(folder)?)
    }

    fn of(home: Home) -> Result<Self, MoveError> {
        let database = home.journal.as_ref();
        let database = database.map(|journal| PostgresHome::open(&journal.database)).transpose()?;
        if let Some(database) = &database {
            database.migrate()?;
        }
        Ok(Self { home, database })
    }

    pub(super) const fn home(&self) -> &Home {
        &self.home
    }

    pub(super) fn folder(&self) -> &Path {
        &self.home.folder
    }

    pub(super) const fn database(&self) -> Option<&PostgresHome> {
        self.database.as_ref()
    }

    pub(super) fn name(&self) -> String {
        self.home.name()
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.folder() == other.folder()
    }

    pub(super) fn objects(&self) -> Result<Box<dyn Objects>, MoveError> {
        Ok(self.home.objects()?)
    }

    pub(super) fn settings(&self) -> Result<Settings, SettingsError> {
        Settings::load(self.disk(), self.folder())
    }

    /// What the log in its database is, if there is one.
    pub(super) fn held_settings(&self) -> Result<Option<Settings>, MoveError> {
        let Some(database) = &self.database else { return Ok(None) };
        Ok(database.held()?.map(|held| held.settings))
    }

    fn disk(&self) -> &dyn Disk {
        self.home.disk.as_ref()
    }

    /// Refuses where another process uses the folder. A database's servers are told by the database.
    pub(super) fn lock(&self) -> Result<Hold, MoveError> {
        Ok(Hold { _lock: Some(lock(self.folder())?) })
    }

    /// The lock of an embedded journal; `None` where a process serves it. Servers of a database need not
    /// be stopped: what stops them is its mark.
    pub(super) fn lock_unless_served(&self) -> Result<Option<Hold>, MoveError> {
        if self.database.is_some() {
            return Ok(Some(Hold { _lock: None }));
        }
        match lock(self.folder()) {
            Ok(lock) => Ok(Some(Hold { _lock: Some(lock) })),
            Err(OpenError::InUse(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    pub(super) fn standing(&self) -> Result<Standing, MoveError> {
        let (mark, is_there) = match &self.database {
            None => {
                let is_there = self.folder().join(JOURNAL).exists();
                (moved::read(self.disk(), self.folder())?, is_there)
            }
            Some(database) => match database.held()? {
                None => (None, false),
                Some(held) => (held.mark, true),
            },
        };
        Ok(match mark {
            Some(mark) if mark.stage == Stage::Here => Standing::Live(Some(mark.id)),
            Some(mark) => Standing::Away(mark),
            None if is_there => Standing::Live(None),
            None => Standing::Nothing,
        })
    }

    /// The tree that this end had of the log when it was its home before.
    pub(super) fn earlier(&self) -> Result<Option<Tree>, MoveError> {
        if let Some(database) = &self.database {
            return Ok(database.held()?.map(|held| held.tree));
        }
        if !self.folder().join(JOURNAL).exists() {
            return Ok(None);
        }
        let loaded = file::read_all(self.disk(), self.folder())?;
        Ok(Some(Stored::of(loaded).whole_tree()))
    }

    /// Reads what moves as one, and refuses it where a start would.
    pub(super) fn carried(&self, log: &Log) -> Result<Carried, MoveError> {
        let objects = self.objects()?;
        let (loaded, signed, published) = match &self.database {
            None => {
                let heads = Heads::new(self.home.disk.clone(), self.folder());
                let (disk, objects) = (self.disk(), objects.as_ref());
                let (settings, keys) = (&log.settings, &log.keys);
                let found = inspect(disk, self.folder(), &heads, settings, keys, objects)?;
                (found.loaded, found.signed, found.published)
            }
            Some(database) => {
                let read = database.read()?;
                let (signed, published) = (log.head(read.signed)?, log.head(read.published)?);
                let stored = Stored::of(read.loaded.clone());
                check_base_and_heads(&stored, objects.as_ref(), [&signed, &published])?;
                (read.loaded, signed, published)
            }
        };
        let signed = signed.ok_or_else(|| {
            refused(format!("{} has signed no head yet: there is nothing to move", self.name()))
        })?;
        let (tail, chains) = replay(&loaded, log.settings.admission)?;
        let (tree, sources) = (tail.frontier().tree(), chains.to_heads());
        Ok(Carried { loaded, tree, signed, published, sources })
    }

    /// From now on nothing is taken or signed here. The folder of an embedded journal is locked by now.
    pub(super) fn leave(&self, id: Id, to: &str) -> Result<(), MoveError> {
        if let Some(database) = &self.database {
            return Ok(database.leave(id, to)?);
        }
        // What is planned is read before the lock is had. Another move may have taken the log away since,
        // and then it is served elsewhere: to leave a second time would give it two homes.
        let own = |mark: &Mark| mark.id == id && mark.stage == Stage::Leaving;
        let mark = moved::read(self.disk(), self.folder())?.filter(|mark| !own(mark));
        if let Some(refusal) = mark.and_then(|mark| mark.refusal()) {
            return Err(refused(refusal));
        }
        self.mark(Mark { id, stage: Stage::Leaving, other: to.to_owned() })
    }

    /// Here it stands where the log went.
    pub(super) fn left(&self, id: Id) -> Result<(), MoveError> {
        match &self.database {
            Some(database) => Ok(database.left(id)?),
            None => self.advance(id, Stage::Moved),
        }
    }

    /// Takes a leave back.
    pub(super) fn stay(&self, id: Id) -> Result<(), MoveError> {
        match &self.database {
            Some(database) => Ok(database.stay(id)?),
            None => self.advance(id, Stage::Here),
        }
    }

    /// This end is being filled: nothing is served here before it is.
    pub(super) fn begin(&self, id: Id, from: &Self, settings: &Settings) -> Result<(), MoveError> {
        match (&self.database, &self.home.journal) {
            (Some(database), Some(journal)) => {
                database.begin(id, &from.name(), settings)?;
                let (objects, origin) = (self.objects()?, &settings.origin);
                let theirs = from.home.journal.as_ref();
                let theirs =
                    theirs.map(|theirs| shared_place::number(&theirs.database)).transpose()?;
                let (to, beside) = (&journal.database, theirs.flatten());
                shared_place::settle_beside(to, origin, objects.as_ref(), beside)?;
            }
            _ => self.mark(Mark { id, stage: Stage::Arriving, other: from.name() })?,
        }
        match settings.create(self.disk(), self.folder()) {
            Ok(()) | Err(SettingsError::Exists(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives up to be filled.
    pub(super) fn close(&self, id: Id) -> Result<(), MoveError> {
        match &self.database {
            Some(database) => Ok(database.close(id)?),
            None => self.advance(id, Stage::Closed),
        }
    }

    /// What a tree of so many entries has is in the store, by an earlier run of this move.
    pub(super) fn tiles_done(&self) -> Result<u64, MoveError> {
        Ok(match &self.database {
            Some(database) => database.progress()?.tiles,
            None => 0,
        })
    }

    pub(super) fn note_tiles(&self, id: Id, size: u64) -> Result<(), MoveError> {
        match &self.database {
            Some(database) => Ok(database.note_tiles(id, size)?),
            None => Ok(()),
        }
    }

    /// The list of sources; it is each data folder's own.
    pub(super) fn sources(&self) -> Result<Option<Vec<u8>>, MoveError> {
        let read = read_if_there(self.disk(), &self.folder().join(SOURCES_FILE));
        read.map_err(|error| self.io(SOURCES_FILE, error))
    }

    /// Takes over the list of sources, if there is none here. Whether there is another one.
    pub(super) fn bring_sources(&self, from: &Self) -> Result<bool, MoveError> {
        let (theirs, own) = (from.sources()?, self.sources()?);
        if let (Some(theirs), None) = (&theirs, &own) {
            self.write(SOURCES_FILE, theirs)?;
        }
        Ok(own.is_some() && theirs != own)
    }

    /// THE STEP. Of a database, one transaction; of a folder, files that count only once the mark, which
    /// is replaced last and whole, says that the log is here.
    pub(super) fn arrive(
        &self,
        id: Id,
        carried: &Carried,
        watch: &dyn Watch,
    ) -> Result<(), MoveError> {
        if let Some(database) = &self.database {
            // A server that is started here without its configuration would take this folder for that of a log
            // that was never opened, and begin a second one under the same keys. Now it knows of these entries.
            mark::write(self.disk(), self.folder(), carried.tree)
                .map_err(|error| self.io(mark::MARK, error))?;
            let arrival = Arrival {
                loaded: &carried.loaded,
                tree: carried.tree,
                signed: &carried.signed,
                published: carried.published.as_ref(),
                sources: &carried.sources,
            };
            return Ok(database.arrive(id, arrival)?);
        }
        let journal = self.folder().join(JOURNAL);
        file::write(self.disk(), &journal, &carried.loaded.base, &carried.loaded.entries)
            .map_err(|error| self.io(JOURNAL, error))?;
        watch.reached(Step::Written(JOURNAL));
        let heads =
            [(SIGNED_HEAD, Some(&carried.signed)), (CHECKPOINT, carried.published.as_ref())];
        for (name, head) in heads {
            if let Some(head) = head {
                self.write(name, &head.note.to_bytes())?;
                watch.reached(Step::Written(name));
            }
        }
        mark::write(self.disk(), self.folder(), carried.tree)
            .map_err(|error| self.io(mark::MARK, error))?;
        watch.reached(Step::Written(mark::MARK));
        place::remember(self.disk(), self.folder(), self.home.bucket()).map_err(HomeError::from)?;
        watch.reached(Step::Written(place::OBJECTS));
        self.advance(id, Stage::Here)
    }

    /// Moves the mark of this move on.
    fn advance(&self, id: Id, stage: Stage) -> Result<(), MoveError> {
        match moved::read(self.disk(), self.folder())? {
            Some(mark) if mark.id == id => self.mark(Mark { stage, ..mark }),
            _ => Err(refused(format!(
                "{}: another move has begun meanwhile, or this one was given up",
                self.name()
            ))),
        }
    }

    fn mark(&self, mark: Mark) -> Result<(), MoveError> {
        let written = moved::write(self.disk(), self.folder(), &mark);
        written.map_err(|error| self.io(moved::MOVED, error))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), MoveError> {
        let written = write_whole(self.disk(), &self.folder().join(name), bytes);
        written.map_err(|error| self.io(name, error))
    }

    fn io(&self, name: &str, error: std::io::Error) -> MoveError {
        MoveError::Io(self.folder().join(name).display().to_string(), error)
    }
}

impl Log {
    /// A head of this log, from its bytes.
    fn head(&self, note: Option<Vec<u8>>) -> Result<Option<SignedHead>, MoveError> {
        let Some(note) = note else { return Ok(None) };
        let parsed = heads::parse(&note, &self.settings.origin, &self.keys);
        let parsed = parsed.map_err(|why| {
            refused(format!("a head in the database is not one of this log: {why}"))
        })?;
        Ok(Some(parsed))
    }
}
