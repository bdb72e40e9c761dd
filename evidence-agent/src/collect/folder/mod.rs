//! Watches a folder: a new file, or the same path with other bytes, becomes a sighting.
//!
//! By looking again and again, not by events: network shares give none. A look costs one `stat` a
//! file; a file whose size and time of change are those in the vault is not opened, until its turn
//! in the slow re-check comes, since both can be set back by whoever edits a report.
//!
//! A file is read when its size and time of change have stayed as they are for `stable`, by the
//! agent's clock: the machine's own clock and that of a share are not asked. It is opened to read,
//! and nothing else is done to it.
//!
//! Out of scope: a file that only ever grows (see `append`).

mod walk;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;

use rayon::prelude::*;
use serde::Deserialize;

use super::memory::{Backoff, MAX_KEPT, Presence, Print, Recheck, Told, Waiting};
use super::read::{Unread, Whole, read_whole};
use super::{
    Collector, LeftOut, Looked, MAX_LOOK_SIZE, Remembered, Span, Trouble, is_due, next_version,
    refused, shown, trouble_of,
};
use crate::error::AgentError;
use crate::import::MAX_INTERPRETED_SIZE;
use crate::model::{Seen, Sighting, UnixMillis, WatchName};
use walk::{Found, Rules, Walk};

/// How many files are compared with the vault at once.
const CHUNK: usize = 1024;

/// The most entries that one look lists, so that it ends in a second or so on a slow share.
const MAX_LISTED: usize = 131_072;

/// The most folders that a watch may go down; each holds a listing open.
const MAX_DEPTH: usize = 64;

/// A watch of `type = "folder"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FolderConfig {
    /// The folder.
    pub(crate) path: PathBuf,
    /// Which files, by patterns such as `*.xml` (a name, at any depth) or `done/*.csv` (a path below
    /// the folder); in either case of letters. None: every file.
    #[serde(default)]
    pub(crate) include: Vec<String>,
    /// Which files and folders not, in the same way.
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    /// How many folders below this one are looked into; 0: none. At most 64.
    #[serde(default = "depth")]
    pub(crate) depth: usize,
    /// How long a file must stay as it is before it is read.
    #[serde(default = "stable")]
    pub(crate) stable: Span,
    /// How often the folder is looked through.
    #[serde(default = "poll")]
    pub(crate) poll: Span,
    /// In which time every file is read again, even if its size and time of change are as before.
    #[serde(default = "Span::day")]
    pub(crate) recheck: Span,
}

const fn depth() -> usize {
    8
}

const fn stable() -> Span {
    Span::seconds(5)
}

const fn poll() -> Span {
    Span::seconds(10)
}

/// A folder that is watched.
pub(crate) struct Folder {
    watch: WatchName,
    config: FolderConfig,
    rules: Rules,
    /// The pass under way, over one or several looks.
    walk: Option<Walk>,
    /// When the last pass began.
    began: Option<UnixMillis>,
    /// Stable, compared with the vault, and not read yet.
    queue: VecDeque<Candidate>,
    waiting: Waiting,
    /// Files that have the bytes of their last version under another time of change.
    touched: HashMap<Print, Print>,
    backoff: Backoff,
    recheck: Recheck,
    presence: Presence,
    told: Told,
    /// How many files of the pass under way, and of the last whole one, were not stable.
    unsettled: (usize, usize),
    /// Why the last pass could not see anything, or not all that lies in the folder itself.
    blind: Option<Trouble>,
    /// What the last whole pass passed over.
    left_out: LeftOut,
}

/// A file that is to be read.
struct Candidate {
    found: Found,
    before: Option<Seen>,
}

impl Folder {
    /// Makes the watch; looks at nothing yet.
    pub(crate) fn new(watch: WatchName, config: FolderConfig) -> Result<Self, AgentError> {
        let input = refused(&watch);
        if config.depth > MAX_DEPTH {
            return Err(input(format!("a depth of {} is more than {MAX_DEPTH}", config.depth)));
        }
        let rules = Rules::new(&config.include, &config.exclude, config.depth).map_err(input)?;
        let recheck = Recheck::new(config.recheck);
        Ok(Self {
            watch,
            config,
            rules,
            walk: None,
            began: None,
            queue: VecDeque::new(),
            waiting: Waiting::default(),
            touched: HashMap::new(),
            backoff: Backoff::default(),
            recheck,
            presence: Presence::default(),
            told: Told::default(),
            unsettled: (0, 0),
            blind: None,
            left_out: LeftOut::default(),
        })
    }

    /// Begins a pass if it is time, and says whether one is under way.
    fn begin(&mut self, now: UnixMillis, looked: &mut Looked) -> bool {
        if self.walk.is_some() {
            return true;
        }
        // What is not stable yet may be so before the next pass would be due.
        let soon = self.config.stable.max(Span::seconds(1)).min(self.config.poll);
        let period = if self.unsettled.1 > 0 { soon } else { self.config.poll };
        let (root, item) = (Print::of(b"/"), self.config.path.display().to_string());
        if !is_due(self.began, now, period) || self.backoff.waits(root, now) {
            return false;
        }
        self.began = Some(now);
        match Walk::start(&self.config.path) {
            Ok(walk) => {
                self.backoff.forget(root);
                self.recheck.begin(now);
                self.unsettled.0 = 0;
                self.presence.abandon();
                self.walk = Some(walk);
                true
            }
            Err(error) => {
                self.backoff.failed(root, now);
                let trouble = trouble_of(&error);
                self.blind = Some(trouble.clone());
                looked.complain(item, trouble);
                false
            }
        }
    }

    /// Compares a chunk of the listing with the vault, and queues what is to be read.
    fn sift(
        &mut self,
        found: Vec<Found>,
        remembered: &dyn Remembered,
        now: UnixMillis,
    ) -> Result<(), AgentError> {
        let keys: Vec<_> = found.iter().map(|found| found.key.clone()).collect();
        let seen = remembered.seen_many(&self.watch, &keys)?;
        let mut chosen = Vec::new();
        for (found, before) in found.into_iter().zip(seen) {
            let item = Print::of(&found.key.0);
            self.presence.mark(item);
            if self.is_wanted(item, &found, before.as_ref(), now) {
                chosen.push(Candidate { found, before });
            }
        }
        // Older first: what a review station wrote comes after what the machine wrote.
        chosen.sort_by(|one, two| {
            let order = |of: &Candidate| (of.found.modified_nanos, of.found.key.clone());
            order(one).cmp(&order(two))
        });
        self.queue.extend(chosen);
        Ok(())
    }

    fn is_wanted(
        &mut self,
        item: Print,
        found: &Found,
        before: Option<&Seen>,
        now: UnixMillis,
    ) -> bool {
        let state = Print::of_state(found.size, found.modified_nanos);
        let is_same = before.is_some_and(|seen| {
            (seen.size, seen.modified_nanos) == (found.size, found.modified_nanos)
        });
        if is_same {
            self.touched.remove(&item);
        }
        if is_same || self.touched.get(&item) == Some(&state) {
            self.waiting.forget(item);
            return self.recheck.is_due(item) && !self.backoff.waits(item, now);
        }
        if !self.waiting.is_stable(item, state, now, self.config.stable) {
            self.unsettled.0 += 1;
            return false;
        }
        !self.backoff.waits(item, now)
    }

    /// Takes from the queue what one look may still hold, and reads it on all cores.
    fn read_some(
        &mut self,
        now: UnixMillis,
        limit: usize,
        room: usize,
        looked: &mut Looked,
    ) -> usize {
        let (mut taken, mut size) = (Vec::new(), 0);
        while looked.sightings.len() + taken.len() < limit && (size < room || taken.is_empty()) {
            let Some(candidate) = self.queue.pop_front() else { break };
            // A larger file stays on its disk; it counts for the time that it takes.
            let large = usize::try_from(candidate.found.size).unwrap_or(usize::MAX);
            size += large.min(MAX_INTERPRETED_SIZE);
            taken.push(candidate);
        }
        let read: Vec<Result<Whole, Unread>> = taken
            .par_iter()
            .map(|Candidate { found, .. }| {
                read_whole(&found.path, found.size, found.modified_nanos)
            })
            .collect();
        for (candidate, read) in taken.into_iter().zip(read) {
            self.judge(candidate, read, now, looked);
        }
        size
    }

    fn judge(
        &mut self,
        candidate: Candidate,
        read: Result<Whole, Unread>,
        now: UnixMillis,
        looked: &mut Looked,
    ) {
        let Candidate { found, before } = candidate;
        let item = Print::of(&found.key.0);
        let state = Print::of_state(found.size, found.modified_nanos);
        let whole = match read {
            Ok(whole) => whole,
            Err(Unread::Changing) => {
                self.unsettled.0 += 1;
                return self.waiting.again(item, state, now);
            }
            Err(Unread::Refused(error)) => {
                self.backoff.failed(item, now);
                return looked
                    .complain(shown(&found.key.0), Trouble::Unreadable(error.to_string()));
            }
            Err(Unread::Vanished) => return self.waiting.forget(item),
        };
        self.backoff.forget(item);
        if let Some(seen) = &before {
            let was_touched = seen.modified_nanos != whole.modified_nanos;
            if (seen.sha256, seen.size) == (whole.sha256, whole.size) {
                // The same bytes again: no new record, and no second reading of this state.
                if was_touched && self.touched.len() < MAX_KEPT {
                    self.touched.insert(item, state);
                }
                return self.waiting.forget(item);
            }
            if whole.size < seen.size {
                let trouble = Trouble::Shrank { from: seen.size, to: whole.size };
                looked.complain(shown(&found.key.0), trouble);
            } else if seen.size == whole.size && !was_touched {
                looked.complain(shown(&found.key.0), Trouble::AlteredQuietly);
            }
        }
        self.touched.remove(&item);
        looked.sightings.push(self.sighting(found, whole, before, now));
    }

    fn sighting(
        &self,
        found: Found,
        whole: Whole,
        before: Option<Seen>,
        now: UnixMillis,
    ) -> Sighting {
        let Whole { content, sha256, size, modified_nanos } = whole;
        let version = next_version(before.as_ref());
        Sighting {
            watch: self.watch.clone(),
            name: found.name().to_vec(),
            key: found.key,
            content,
            now: Seen { sha256, size, modified_nanos, version, seen: now },
            before,
            prefix: None,
            // Nothing waits for this: a file that did not become durable is found again.
            token: 0,
        }
    }

    /// Ends a pass: what is missing now, and what need not be kept in mind any more.
    fn finish(
        &mut self,
        walk: &Walk,
        remembered: &dyn Remembered,
        looked: &mut Looked,
    ) -> Result<(), AgentError> {
        self.unsettled.1 = self.unsettled.0;
        self.blind.clone_from(&walk.blind);
        self.left_out = walk.left_out;
        let root = self.config.path.display().to_string();
        if !walk.is_complete {
            self.presence.abandon();
            return Ok(());
        }
        if !walk.has_any && self.had_files(remembered)? {
            // An unmounted share is an empty folder. What was in it is not taken to be deleted.
            self.blind = Some(Trouble::Empty);
            if self.told.first(&root) {
                looked.complain(root, Trouble::Empty);
            }
            self.presence.abandon();
            return Ok(());
        }
        self.told.over(&root);
        let presence = &self.presence;
        self.waiting.keep(|item| presence.has(item));
        self.backoff.keep(|item| presence.has(item));
        self.touched.retain(|item, _| presence.has(*item));
        self.presence.finish(remembered, &self.watch, looked)
    }

    fn had_files(&self, remembered: &dyn Remembered) -> Result<bool, AgentError> {
        if let Some(count) = self.presence.before() {
            return Ok(count > 0);
        }
        let mut had_any = false;
        remembered.seen_below(&self.watch, &mut |_, _| had_any = true)?;
        Ok(had_any)
    }
}

impl Collector for Folder {
    fn watch(&self) -> &WatchName {
        &self.watch
    }

    fn look(
        &mut self,
        remembered: &dyn Remembered,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Looked, AgentError> {
        let mut looked = Looked::default();
        let (mut listed, mut held) = (0, 0);
        if self.begin(now, &mut looked) {
            while let Some(mut walk) = self.walk.take() {
                let is_full = looked.sightings.len() >= limit || held >= MAX_LOOK_SIZE;
                if is_full || listed >= MAX_LISTED {
                    looked.more = true;
                    self.walk = Some(walk);
                    break;
                }
                if !self.queue.is_empty() {
                    held += self.read_some(now, limit, MAX_LOOK_SIZE - held, &mut looked);
                } else if walk.is_over() {
                    self.finish(&walk, remembered, &mut looked)?;
                    break;
                } else {
                    let told = &mut self.told;
                    let mut first = |item: &str| told.first(item);
                    let (found, count) = walk.step(&self.rules, CHUNK, &mut first, &mut looked);
                    listed += count;
                    self.sift(found, remembered, now)?;
                }
                self.walk = Some(walk);
            }
        }
        looked.unsettled = if looked.more { self.unsettled.0 } else { self.unsettled.1 };
        looked.blind.clone_from(&self.blind);
        looked.left_out = self.left_out;
        Ok(looked)
    }

    fn probe(&self) -> Option<Trouble> {
        Walk::start(&self.config.path).err().map(|error| trouble_of(&error))
    }
}
