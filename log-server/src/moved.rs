//! Whether a log is here: what stands at each end of a move, and in a data folder the file `moved.toml`.
//!
//! ```toml
//! # DIR/moved.toml, written by `copy --move`; without it the log was made here and never left
//! id = "5f0c2a9f6d1e4b7c8a3b2c1d0e9f8a7b"
//! stage = "moved"
//! other = "/srv/a (journal in host=db dbname=fiducial, full tiles in s3://evidence/factory-7)"
//! ```
//!
//! Only one place may sign. So the old one is marked first and durably, and from then on serves nothing;
//! the new one, marked as well until it has everything, becomes the log's in one step. Nothing but that
//! step makes two ends change places, and between the two marks nobody signs.
//!
//! A log in a database has the same in a table, `log_move`.

use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::answer::Fatal;
use crate::disk::{Disk, read_if_there, write_whole};
use crate::id::Id;

/// The file's name in the data folder.
pub const MOVED: &str = "moved.toml";

/// The most bytes of it that are read.
const MAX_SIZE: usize = 64 * 1024;

/// Where in a move one end of it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// It is being filled.
    Arriving,
    /// The move to here was given up.
    Closed,
    /// The log has arrived, or has come back: it is served here.
    Here,
    /// Nothing is taken or signed here any more.
    Leaving,
    /// The log is served elsewhere.
    Moved,
}

impl Stage {
    /// Its word, in files and tables.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Arriving => "arriving",
            Self::Closed => "closed",
            Self::Here => "here",
            Self::Leaving => "leaving",
            Self::Moved => "moved",
        }
    }

    /// Reads such a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Arriving, Self::Closed, Self::Here, Self::Leaving, Self::Moved];
        all.into_iter().find(|stage| stage.word() == word)
    }
}

/// What stands at one end of a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which move: the same at both ends.
    pub id: Id,
    /// How far it is.
    pub stage: Stage,
    /// The other end, in words.
    pub other: String,
}

impl Mark {
    /// Why nothing is served here, and what to do; `None` where the log is here.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let other = &self.other;
        Some(match self.stage {
            Stage::Here => return None,
            Stage::Arriving => format!(
                "A move of this log to here, from {other}, was begun and is not finished: it is not served \
                 here before. Run `fiducial-log copy --move` with the same --from and --to once more, or \
                 with --give-up."
            ),
            Stage::Closed => format!(
                "A move of this log to here was given up: the log is still at {other}. Serve it there."
            ),
            Stage::Leaving => format!(
                "This log is on its way to {other}: nothing is taken or signed here any more. Run \
                 `fiducial-log copy --move` with the same --from and --to once more to finish it, or with \
                 --give-up to stay."
            ),
            Stage::Moved => format!(
                "This log has moved to {other}, and is served from there. Two places that sign would fork \
                 it, so nothing is served here. `fiducial-log copy --move` brings it back."
            ),
        })
    }
}

/// The file's form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    stage: Stage,
    other: String,
}

/// Reads the mark in a data folder, if there is one. One that cannot be read stops everything.
pub fn read(disk: &dyn Disk, folder: &Path) -> Result<Option<Mark>, Fatal> {
    let path = folder.join(MOVED);
    let wrong = |why: &dyn std::fmt::Display| {
        Fatal::new(format!(
            "{}: {why}. It says whether this log is served here or elsewhere, so nothing is done before \
             that is known. Restore it from a copy.",
            path.display()
        ))
    };
    let Some(bytes) = read_if_there(disk, &path).map_err(|error| wrong(&error))? else {
        return Ok(None);
    };
    if bytes.len() > MAX_SIZE {
        return Err(wrong(&"it is too large"));
    }
    let text = String::from_utf8(bytes).map_err(|error| wrong(&error))?;
    let File { id, stage, other } = toml::from_str(&text).map_err(|error| wrong(&error))?;
    let id = Id::parse(&id).ok_or_else(|| wrong(&"its id is none"))?;
    Ok(Some(Mark { id, stage, other }))
}

/// Puts a mark into a data folder, durably.
pub fn write(disk: &dyn Disk, folder: &Path, mark: &Mark) -> io::Result<()> {
    let file = File { id: mark.id.to_string(), stage: mark.stage, other: mark.other.clone() };
    let text = toml::to_string(&file).expect("plain values are always TOML");
    write_whole(disk, &folder.join(MOVED), text.as_bytes())
}

/// Refuses a data folder whose log is elsewhere.
pub fn check_is_here(disk: &dyn Disk, folder: &Path) -> Result<(), Fatal> {
    match read(disk, folder)?.and_then(|mark| mark.refusal()) {
        Some(refusal) => Err(Fatal::new(refusal)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::MachineDisk;

    #[test]
    fn a_mark_reads_back_and_only_here_is_served() {
        let folder = tempfile::tempdir().unwrap();
        let disk = MachineDisk::open(folder.path()).unwrap();
        assert_eq!(read(&disk, folder.path()).unwrap(), None);
        check_is_here(&disk, folder.path()).unwrap();
        let id = Id::draw().unwrap();
        for word in ["arriving", "closed", "here", "leaving", "moved"] {
            let stage = Stage::parse(word).unwrap();
            let mark = Mark { id, stage, other: "\"elsewhere\"\n".to_owned() };
            write(&disk, folder.path(), &mark).unwrap();
            assert_eq!(read(&disk, folder.path()).unwrap(), Some(mark));
            let refused = check_is_here(&disk, folder.path());
            assert_eq!(refused.is_ok(), stage == Stage::Here, "{word}");
        }
        assert_eq!(Stage::parse("Here"), None);
    }

    #[test]
    fn a_mark_that_cannot_be_read_is_no_leave_to_serve() {
        let folder = tempfile::tempdir().unwrap();
        let disk = MachineDisk::open(folder.path()).unwrap();
        let id = "5f".repeat(16);
        for wrong in [
            String::new(),
            format!("id = \"{id}\"\nstage = \"gone\"\nother = \"\"\n"),
            "id = \"5f\"\nstage = \"here\"\nother = \"\"\n".to_owned(),
            format!("id = \"{id}\"\nstage = \"here\"\nother = \"\"\nmore = 1\n"),
            "#".repeat(MAX_SIZE + 1),
        ] {
            std::fs::write(folder.path().join(MOVED), &wrong).unwrap();
            assert!(check_is_here(&disk, folder.path()).is_err(), "{wrong:.40}");
        }
    }
}
