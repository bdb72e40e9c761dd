//! Behind the newest head: entries that the journal of an old data folder still has. They may have been acknowledged.
//!
//! Rule: `spec/text/operating.md`, "If the disk dies". No head covers them, and nobody but that journal says that they
//! stood there. So a journal counts if its entries up to the newest head give the root that was signed, and behind
//! that each entry is taken if the log would have taken it at this place, from a source that the backup lists. Behind
//! the first that is not taken none is: an index that was promised is kept, or nothing stands at it.
//!
//! Of several journals all must be of one history, and what one of them cannot give any more is taken from the next:
//! old copies lie on disks that are dying, each at another place.
//!
//! They go into the journal and into no tile, however many they are: a later run may find a newer head, and could not
//! take a bundle back.

use std::collections::HashMap;

use bytes::Bytes;
use spec::Hash;
use spec::evidence::statement::Statement;
use spec::hash::{leaf_hash, leaf_hashes};
use spec::key::{KeyId, KeyName, VerifierKey};
use spec::tile::{TILE_WIDTH, Tile, TileKind, parse_entries};
use spec::tree::Tree;

use super::RecoverError;
use super::holders::Holders;
use super::place::Place;
use crate::admission::{self, Admission, Chains, Placing, Submission};
use crate::copy::CopyError;
use crate::copy::store::Source;
use crate::copy::verified::Verified;

/// The most entries that are taken, and the most bytes of them: all are in memory.
const MAX_ENTRIES: u64 = 1 << 20;
const MAX_BYTES: usize = 1 << 30;

/// Finds the entries behind `target` that journals have. `chains` end where `target` does.
pub(super) fn find(
    holders: &mut Holders<'_>,
    target: Tree,
    chains: Chains,
    place: &Place,
) -> Result<Vec<Bytes>, RecoverError> {
    // Of one history, the longest first.
    let mut journals: Vec<Verified<'_>> = Vec::new();
    for (source, whole) in holders.going_on_behind(target.size()) {
        let compared = match open(source, whole, target) {
            Ok(verified) => compare(&mut journals, &verified, target)?.map(|()| verified),
            Err(why) => Err(why),
        };
        match compared {
            Ok(verified) => journals.push(verified),
            Err(why) => holders.remarks.push(format!(
                "{}: what its journal has behind the newest head is left out: {why}",
                source.name()
            )),
        }
    }
    if journals.is_empty() {
        return Ok(Vec::new());
    }
    let mut judge = Judge::new(place, target, chains);
    let (entries, ended) = judge.take_all(&mut journals)?;
    if let Err(why) = ended {
        holders.remarks.push(format!(
            "{}: its journal goes up to entry {}, but from entry {} on all are left out: {why}. Agents send again \
             what they have no receipt of",
            journals[0].place(),
            journals[0].tree().size() - 1,
            target.size() + entries.len() as u64
        ));
    }
    Ok(entries)
}

/// Opens what a journal stands for, if that is of one history with what was signed; else says why not.
fn open(source: &dyn Source, whole: Tree, target: Tree) -> Result<Verified<'_>, String> {
    let mut verified = Verified::begin(source, whole).map_err(|error| error.to_string())?;
    let found = verified.root_at(target.size()).map_err(|error| error.to_string())?;
    if found == target.root() {
        return Ok(verified);
    }
    Err(format!(
        "its first {} entries have root {found}, and another one was signed",
        target.size()
    ))
}

/// Compares a journal with the longer ones: which of two that differ was acknowledged, nobody can tell here. The inner
/// error says why none of them can be compared with it.
fn compare(
    longer: &mut [Verified<'_>],
    journal: &Verified<'_>,
    target: Tree,
) -> Result<Result<(), String>, RecoverError> {
    let mut compared = Ok(());
    for one in longer {
        match one.root_at(journal.tree().size()) {
            // Those before it were compared with it.
            Ok(root) if root == journal.tree().root() => return Ok(Ok(())),
            Ok(_) => {
                return Err(RecoverError::TwoJournals {
                    one: one.place(),
                    other: journal.place(),
                    size: target.size(),
                });
            }
            Err(error) => compared = compared.and(Err(error.to_string())),
        }
    }
    Ok(compared)
}

/// The entries of one bundle, of the longest journal that can still be read there; and why a longer one cannot.
fn bundle_of_any(journals: &mut [Verified<'_>], index: u64) -> (Vec<Bytes>, Option<String>) {
    let mut fault = None;
    let first = index * TILE_WIDTH;
    for journal in journals.iter_mut().filter(|journal| first < journal.tree().size()) {
        match bundle(journal, index) {
            Ok(entries) => return (entries, fault),
            Err(error) => fault = fault.or_else(|| Some(error.to_string())),
        }
    }
    (Vec::new(), fault)
}

/// The entries of one bundle, as the journal's own tree has them.
fn bundle(journal: &mut Verified<'_>, index: u64) -> Result<Vec<Bytes>, CopyError> {
    let tile = Tile::in_tree(TileKind::Entries, index, journal.tree().size());
    let tile = tile.expect("bundles are asked for up to the last one");
    let leaves = match tile.is_full() {
        true => journal.tiles(0, index..index + 1)?.remove(0),
        false => journal.edge()[0].clone(),
    };
    let bytes = journal.read_all(&[tile])?.remove(0);
    match parse_entries(tile, &bytes) {
        Some(entries) if leaf_hashes(&entries) == leaves => {
            Ok(entries.into_iter().map(|entry| bytes.slice_ref(entry)).collect())
        }
        _ => Err(journal.altered(&tile.to_string())),
    }
}

/// The root of the first `size` entries, which are in all of them, of the longest that can still give it.
fn root_of_any(journals: &mut [Verified<'_>], size: u64) -> Result<Hash, String> {
    let mut found = Err(String::new());
    for journal in journals {
        found = journal.root_at(size).map_err(|error| error.to_string());
        if found.is_ok() {
            break;
        }
    }
    found
}

/// Judges entries as the log did when it took them.
struct Judge<'a> {
    admission: Admission,
    origin: &'a str,
    /// Every key that was ever listed: one that was retired since has signed before.
    keys: HashMap<(KeyName, KeyId), VerifierKey>,
    target: Tree,
    chains: Chains,
    /// Roots that statements have named, by their sizes.
    roots: HashMap<u64, Hash>,
}

impl<'a> Judge<'a> {
    fn new(place: &'a Place, target: Tree, chains: Chains) -> Self {
        let keys = place.listed().iter().map(|listing| &listing.source.key);
        let keys = keys.map(|key| ((key.name().clone(), key.id()), key.clone())).collect();
        let origin = place.settings().origin.as_str();
        let roots = HashMap::new();
        Self { admission: place.admission(), origin, keys, target, chains, roots }
    }

    /// Takes what can be taken, in order; with it, why not all was.
    fn take_all(
        &mut self,
        journals: &mut [Verified<'_>],
    ) -> Result<(Vec<Bytes>, Result<(), String>), RecoverError> {
        let (from, size) = (self.target.size(), journals[0].tree().size());
        let (mut taken, mut bytes) = (Vec::new(), 0);
        for index in from / TILE_WIDTH..size.div_ceil(TILE_WIDTH) {
            let (entries, fault) = bundle_of_any(journals, index);
            let first = index * TILE_WIDTH;
            let is_all = first + entries.len() as u64 == size.min(first + TILE_WIDTH);
            for (index, entry) in (first..).zip(entries).filter(|(index, _)| *index >= from) {
                bytes += entry.len();
                if taken.len() as u64 == MAX_ENTRIES || bytes > MAX_BYTES {
                    let why =
                        format!("at most {MAX_ENTRIES} entries and {MAX_BYTES} bytes are borne");
                    return Ok((taken, Err(why)));
                }
                if let Err(why) = self.take(index, &entry, journals)? {
                    return Ok((taken, Err(why)));
                }
                taken.push(entry);
            }
            if let (false, Some(why)) = (is_all, fault) {
                return Ok((taken, Err(why)));
            }
        }
        Ok((taken, Ok(())))
    }

    /// The inner error says why the log would not have taken it.
    fn take(
        &mut self,
        index: u64,
        entry: &[u8],
        journals: &mut [Verified<'_>],
    ) -> Result<Result<(), String>, RecoverError> {
        if self.admission == Admission::Any {
            return Ok(Submission::opaque(entry).map(drop).map_err(|error| error.to_string()));
        }
        let statement = match self.read(entry) {
            Ok(statement) => statement,
            Err(why) => return Ok(Err(why)),
        };
        let after = statement.after().tree();
        if after.size() > self.target.size() {
            // The log took it, so it had published that tree.
            return Err(RecoverError::Newer {
                by: format!(
                    "The statement at index {index} in the journal of {}",
                    journals[0].place()
                ),
                size: after.size(),
                have: self.target.size(),
            });
        }
        Ok(self
            .check_after(after, journals)
            .and_then(|()| self.chain(&statement, leaf_hash(entry))))
    }

    /// A statement for this log, signed by a source that was listed.
    fn read(&self, entry: &[u8]) -> Result<Statement, String> {
        let statement = Statement::parse(entry).map_err(|error| error.to_string())?;
        if statement.origin().as_str() != self.origin {
            return Err(format!("it is a statement for the log {}", statement.origin()));
        }
        let name = statement.source();
        let key = self.keys.get(&(name.clone(), statement.signature().id)).ok_or_else(|| {
            format!("the backup's sources.toml does not list the key of the source {name}")
        })?;
        statement
            .check_signature(key)
            .map_err(|error| format!("the signature of its source {name}: {error}"))?;
        Ok(statement)
    }

    /// The tree that it names as earlier must be this log's.
    fn check_after(&mut self, after: Tree, journals: &mut [Verified<'_>]) -> Result<(), String> {
        let size = after.size();
        let root = match self.roots.get(&size) {
            Some(root) => *root,
            None => root_of_any(journals, size)?,
        };
        self.roots.insert(size, root);
        if root == after.root() {
            return Ok(());
        }
        Err(format!("it names another tree of {size} entries than this log's"))
    }

    /// It must be the next of its source.
    fn chain(&mut self, statement: &Statement, leaf: Hash) -> Result<(), String> {
        let place = admission::Place {
            source: statement.source().clone(),
            sequence: statement.sequence(),
            previous: statement.previous(),
            after: statement.after().tree().size(),
        };
        match self.chains.place(&place, &Chains::default()) {
            Placing::Next => {
                self.chains.advance(place, leaf);
                Ok(())
            }
            Placing::Past => Err("its place in the chain of its source is taken".to_owned()),
            Placing::Refused(error) => Err(error.to_string()),
        }
    }
}
