//! What the agent must have captured, told from the plant's events and the times at which it looked.
//!
//! The rule is the documents': a file is taken once it has stayed as it is for `stable` by the agent's
//! clock, at looks of one run; the same path with other bytes is a new version; a folder that is not
//! there is tried again after 5, 10, 20 ... seconds, at most a quarter of an hour; a file that only
//! grows is taken up to its end at each look. Nothing of the agent's own code is used.
//!
//! One thing cannot be known from outside: whether a look whose process was killed in the middle had
//! become durable. What only such a look can have seen is doubtful: it is there once or not at all.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use tests::plant::{Event, PlantPath, Stopped, What};

use crate::site::{STABLE, Type, Watch};

/// The waits before a folder that is away is tried again.
const FIRST_WAIT: u64 = 5_000;
const LONGEST_WAIT: u64 = 15 * 60_000;

/// What came of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was finished.
    Durable,
    /// The process was killed in the middle of it.
    Doubtful,
    /// The vault took nothing.
    Refused,
}

/// One version of one file as it must be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    pub(crate) sha256: String,
    /// When it was written, true time.
    pub(crate) written: u64,
    /// At which looks it may have been captured: their numbers and what the wall clock said.
    pub(crate) looks: Vec<(u64, u64)>,
    /// Whether it must be there.
    pub(crate) is_certain: bool,
    pub(crate) bytes: Vec<u8>,
}

/// A file of a watch.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    /// What is there now, and when it was written; none once it is deleted.
    now: Option<(Vec<u8>, u64)>,
    /// Since when the agent's present run has seen this size and time.
    waiting: Option<((usize, u64), u64)>,
    /// The size and time that are known to be of the bytes captured last.
    known: Option<(usize, u64)>,
    pub(crate) versions: Vec<Version>,
    /// States that were overwritten or deleted before the agent could have seen them.
    pub(crate) unseen: u64,
    /// Of a growing file: how many bytes must be recorded.
    pub(crate) taken: usize,
}

/// A watch with its files.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) watch: Watch,
    pub(crate) files: BTreeMap<PlantPath, File>,
    away: bool,
    /// The last wait, and until when.
    backoff: Option<(u64, u64)>,
    /// When the agent could not look: from, until, by its wall clock and by true time's length.
    pub(crate) blind: Vec<Blind>,
}

/// A time in which a watch could not look.
#[derive(Clone, Debug)]
pub(crate) struct Blind {
    /// By the agent's wall clock: the first look that failed, or where that was killed the next as
    /// well, and the first that did not.
    pub(crate) from: Vec<u64>,
    pub(crate) until: Option<u64>,
    /// How long that was by a clock that is never set.
    pub(crate) length: u64,
    /// True time of its first failed look.
    began: u64,
    /// Whether its beginning is durable.
    pub(crate) is_kept: bool,
}

/// All watches.
#[derive(Clone, Debug)]
pub(crate) struct Oracle {
    pub(crate) watched: Vec<Watched>,
    looks: u64,
    /// The looks by what the wall clock said: one that was set back says a time twice.
    pub(crate) by_wall: BTreeMap<u64, BTreeSet<u64>>,
}

impl Oracle {
    pub(crate) fn new(watches: &[Watch]) -> Self {
        let watched = watches.iter().map(|watch| Watched {
            watch: watch.clone(),
            files: BTreeMap::new(),
            away: false,
            backoff: None,
            blind: Vec::new(),
        });
        Self { watched: watched.collect(), looks: 0, by_wall: BTreeMap::new() }
    }

    /// Takes in what happened in the plant.
    pub(crate) fn happened(&mut self, event: &Event) {
        let shared = |stopped: &Stopped| match stopped {
            Stopped::Share { folder } => Some(folder.clone()),
            _ => None,
        };
        for watched in &mut self.watched {
            match &event.what {
                What::Starts(stopped) if shared(stopped) == Some(watched.watch.share()) => {
                    watched.away = true;
                }
                What::Ends(stopped) if shared(stopped) == Some(watched.watch.share()) => {
                    watched.away = false;
                }
                what => {
                    if let Some(path) = what.path().filter(|path| watched.watch.holds(path)) {
                        watched.files.entry(path.clone()).or_default().changed(what, event.at);
                    }
                }
            }
        }
    }

    /// The agent's process is another one from now on: it has to wait for every file anew.
    pub(crate) fn started(&mut self) {
        for watched in &mut self.watched {
            watched.backoff = None;
            for file in watched.files.values_mut() {
                (file.waiting, file.known) = (None, None);
            }
        }
    }

    /// The agent has looked at everything, when its wall clock said `wall`.
    pub(crate) fn looked(&mut self, (now, wall): (u64, u64), outcome: Outcome) {
        self.looks += 1;
        let look = (self.looks, wall);
        self.by_wall.entry(wall).or_default().insert(self.looks);
        for watched in &mut self.watched {
            watched.looked((now, wall), look, outcome);
        }
    }
}

impl Watched {
    fn looked(&mut self, (now, wall): (u64, u64), look: (u64, u64), outcome: Outcome) {
        let grows = self.watch.kind == Type::Append;
        // A file that has never been there is away like a folder that is not.
        let missing = grows && self.files.values().all(|file| file.now.is_none());
        let tried = self.backoff.is_none_or(|(wait, until)| wall >= until || until - wall > wait);
        if !tried {
            return;
        }
        if self.away || missing {
            let wait = self.backoff.map_or(FIRST_WAIT, |(wait, _)| (wait * 2).min(LONGEST_WAIT));
            self.backoff = Some((wait, wall + wait));
            let began_before = grows && self.files.is_empty();
            let is_kept = outcome == Outcome::Durable;
            match self.blind.last_mut().filter(|blind| blind.until.is_none()) {
                _ if began_before => {}
                Some(blind) if !blind.is_kept => {
                    blind.from.push(wall);
                    blind.is_kept = is_kept;
                }
                Some(_) => {}
                None => {
                    let (from, until, length) = (vec![wall], None, 0);
                    self.blind.push(Blind { from, until, length, began: now, is_kept });
                }
            }
            return;
        }
        self.backoff = None;
        if outcome == Outcome::Durable
            && let Some(blind) = self.blind.last_mut().filter(|blind| blind.until.is_none())
        {
            (blind.until, blind.length) = (Some(wall), now - blind.began);
        }
        for file in self.files.values_mut() {
            if grows { file.grew(outcome) } else { file.looked(wall, look, outcome) }
        }
    }
}

impl File {
    fn changed(&mut self, what: &What, at: u64) {
        let before = self.now.take();
        if let Some((bytes, _)) = &before
            && !matches!(what, What::Append { .. })
            && !self.is_last(bytes)
        {
            self.unseen += 1;
        }
        self.now = match what {
            What::Append { bytes: more, .. } => {
                let mut bytes = before.map(|(bytes, _)| bytes).unwrap_or_default();
                bytes.extend_from_slice(more);
                Some((bytes, at))
            }
            What::Write { bytes, .. } => Some((bytes.clone(), at)),
            _ => None,
        };
    }

    fn is_last(&self, bytes: &[u8]) -> bool {
        self.versions.last().is_some_and(|version| version.bytes == bytes)
    }

    fn looked(&mut self, wall: u64, look: (u64, u64), outcome: Outcome) {
        let Some((bytes, written)) = &self.now else {
            self.waiting = None;
            return;
        };
        let state = (bytes.len(), *written);
        if self.known == Some(state) {
            self.waiting = None;
            return;
        }
        let since = match self.waiting {
            Some((seen, since)) if seen == state && since <= wall => since,
            _ => wall,
        };
        self.waiting = Some((state, since));
        if wall - since < STABLE {
            return;
        }
        if self.is_last(bytes) {
            let last = self.versions.last_mut().expect("it is the last");
            if !last.is_certain && outcome != Outcome::Refused {
                last.looks.push(look);
                last.is_certain = outcome == Outcome::Durable;
            }
            self.known = last.is_certain.then_some(state);
            return;
        }
        if outcome == Outcome::Refused {
            return;
        }
        // Bytes as they were two versions ago are new only if the one between was captured.
        let mut earlier = self.versions.iter().rev().skip_while(|version| !version.is_certain);
        let doubtful = self.versions.last().is_some_and(|last| !last.is_certain);
        let repeats = doubtful && earlier.next().is_some_and(|version| version.bytes == *bytes);
        self.versions.push(Version {
            sha256: sha256(bytes),
            written: *written,
            looks: vec![look],
            is_certain: outcome == Outcome::Durable && !repeats,
            bytes: bytes.clone(),
        });
        self.known = (outcome == Outcome::Durable).then_some(state);
    }

    fn grew(&mut self, outcome: Outcome) {
        if let (Some((bytes, _)), Outcome::Durable) = (&self.now, outcome) {
            self.taken = bytes.len();
        }
    }

    /// The bytes that are there now.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.now.as_ref().map_or(&[], |(bytes, _)| bytes)
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
