//! One pass through a folder, in steps: only the open listings on the way down are held.
//!
//! Names are raw bytes, joined by `/` on every system. Links are never followed: what they lead to
//! inside the folder is seen by itself, and what lies outside is not this watch's.

use std::fs::{self, DirEntry, ReadDir};
use std::io;
use std::path::{Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::super::read::nanos;
use super::super::{LeftOut, Looked, Trouble, shown, trouble_of};
use crate::model::ItemKey;
use crate::os;

/// Which files of a folder are meant.
pub(super) struct Rules {
    include: Globs,
    exclude: Globs,
    depth: usize,
}

impl Rules {
    /// Parses the patterns; no `include` means everything.
    pub(super) fn new(
        include: &[String],
        exclude: &[String],
        depth: usize,
    ) -> Result<Self, String> {
        let everything = ["*".to_string()];
        let include = if include.is_empty() { &everything } else { include };
        Ok(Self { include: Globs::new(include)?, exclude: Globs::new(exclude)?, depth })
    }
}

/// Patterns, of which those with a slash are held against the path below the folder, and those
/// without against the name alone. Letters count the same in both cases, as on the machines' systems.
struct Globs {
    names: GlobSet,
    paths: GlobSet,
}

impl Globs {
    fn new(patterns: &[String]) -> Result<Self, String> {
        let (mut names, mut paths) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for pattern in patterns {
            let mut glob = GlobBuilder::new(pattern);
            glob.case_insensitive(true).literal_separator(true);
            let glob = glob.build().map_err(|error| error.to_string())?;
            if pattern.contains('/') { &mut paths } else { &mut names }.add(glob);
        }
        let build = |set: GlobSetBuilder| set.build().map_err(|error| error.to_string());
        Ok(Self { names: build(names)?, paths: build(paths)? })
    }

    fn match_any(&self, name: &[u8], key: &[u8]) -> bool {
        self.names.is_match(Path::new(&os::name_of(name)))
            || self.paths.is_match(Path::new(&os::name_of(key)))
    }
}

/// A file as a listing has it.
pub(super) struct Found {
    pub(super) key: ItemKey,
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) modified_nanos: i128,
}

impl Found {
    /// Its name without its folder.
    pub(super) fn name(&self) -> &[u8] {
        self.key.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }
}

/// A pass under way.
pub(super) struct Walk {
    levels: Vec<Level>,
    /// Whether every folder could be listed so far.
    pub(super) is_complete: bool,
    /// Whether the folder has anything in it, wanted or not.
    pub(super) has_any: bool,
    /// Why the folder itself could not be listed to its end.
    pub(super) blind: Option<Trouble>,
    /// What was passed over so far.
    pub(super) left_out: LeftOut,
}

/// A folder whose listing is open.
struct Level {
    listing: ReadDir,
    /// The key of what is in it begins so: empty, or with a slash at its end.
    prefix: Vec<u8>,
}

impl Walk {
    /// Opens the folder itself; a person named it, so it may be a link.
    pub(super) fn start(root: &Path) -> io::Result<Self> {
        let level = Level { listing: fs::read_dir(root)?, prefix: Vec::new() };
        let left_out = LeftOut::default();
        Ok(Self { levels: vec![level], is_complete: true, has_any: false, blind: None, left_out })
    }

    /// Whether there is nothing left to list.
    pub(super) fn is_over(&self) -> bool {
        self.levels.is_empty()
    }

    /// Lists on until there are `most` files, and gives them and how many entries were looked at.
    pub(super) fn step(
        &mut self,
        rules: &Rules,
        most: usize,
        told: &mut dyn FnMut(&str) -> bool,
        looked: &mut Looked,
    ) -> (Vec<Found>, usize) {
        let (mut found, mut entries) = (Vec::new(), 0);
        while found.len() < most && entries < 4 * most {
            let Some(level) = self.levels.last_mut() else { break };
            match level.listing.next() {
                None => drop(self.levels.pop()),
                Some(Ok(entry)) => {
                    (self.has_any, entries) = (true, entries + 1);
                    found.extend(self.entry(&entry, rules, told, looked));
                }
                Some(Err(error)) => {
                    // The rest of this folder cannot be listed: a share that went away, most often.
                    let item = shown(&level.prefix);
                    if level.prefix.is_empty() {
                        (self.is_complete, self.blind) = (false, Some(trouble_of(&error)));
                    }
                    self.fail(item, &error, looked);
                    self.levels.pop();
                }
            }
        }
        (found, entries)
    }

    fn entry(
        &mut self,
        entry: &DirEntry,
        rules: &Rules,
        told: &mut dyn FnMut(&str) -> bool,
        looked: &mut Looked,
    ) -> Option<Found> {
        let name = entry.file_name();
        let name = os::name_bytes(&name);
        let mut key = self.levels.last().map(|level| level.prefix.clone()).unwrap_or_default();
        key.extend_from_slice(&name);
        if rules.exclude.match_any(&name, &key) {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.left_out.folders += 1,
                _ => self.left_out.files += 1,
            }
            return None;
        }
        // Of the entry itself: a link is not followed.
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => return self.fail(shown(&key), &error, looked),
        };
        if kind.is_dir() {
            self.descend(&entry.path(), key, rules, told, looked);
            return None;
        }
        if !rules.include.match_any(&name, &key) {
            self.left_out.files += 1;
            return None;
        }
        if kind.is_symlink() && told(&shown(&key)) {
            looked.complain(shown(&key), Trouble::Link);
        }
        if !kind.is_file() {
            return None;
        }
        match entry.metadata() {
            Ok(metadata) => {
                let (size, modified_nanos) = (metadata.len(), nanos(&metadata));
                Some(Found { key: ItemKey(key), path: entry.path(), size, modified_nanos })
            }
            Err(error) => self.fail(shown(&key), &error, looked),
        }
    }

    fn descend(
        &mut self,
        path: &Path,
        mut key: Vec<u8>,
        rules: &Rules,
        told: &mut dyn FnMut(&str) -> bool,
        looked: &mut Looked,
    ) {
        if self.levels.len() > rules.depth {
            self.left_out.folders += 1;
            if told(&shown(&key)) {
                looked.complain(shown(&key), Trouble::TooDeep);
            }
            return;
        }
        match fs::read_dir(path) {
            Ok(listing) => {
                key.push(b'/');
                self.levels.push(Level { listing, prefix: key });
            }
            Err(error) => drop(self.fail(shown(&key), &error, looked)),
        }
    }

    /// What vanished in between is no trouble; for anything else, nothing may be said of what is
    /// missing at the end of this pass.
    fn fail(&mut self, item: String, error: &io::Error, looked: &mut Looked) -> Option<Found> {
        if error.kind() != io::ErrorKind::NotFound {
            self.is_complete = false;
            looked.complain(item, Trouble::Unreadable(error.to_string()));
        }
        None
    }
}
