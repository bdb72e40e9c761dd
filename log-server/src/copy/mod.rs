//! Copies of a log: moved, exported and mirrored trees, verified before anything of them is written.
//!
//! Rule: C2SP tlog-tiles for what a tree of files is; RFC 6962 for why it can be checked.
//!
//! The order is the safety argument:
//!
//! 1. The source's checkpoint is accepted by a policy of the reader's own.
//! 2. The right edge is read and must hash to the signed root; see `verified`.
//! 3. What the destination has must be signed by the same log, an earlier state of the same history, and never a
//!    larger one.
//! 4. Each tile is compared with the one above it, each bundle with its tile, and only then stored.
//! 5. Partial tiles, then the checkpoint: whoever reads it finds everything below it.
//!
//! A copy that is interrupted goes on where it stopped: what is there already is hashed, not fetched.
//!
//! - [`store`]: where trees come from and go to. [`data`]: a log where it lives.
//!   [`moving`]: a whole log that moves from one home to another. [`web`]: a log that others serve. [`mirror`]: following one. [`serve`]: handing a tree out.
//!
//! Invariant: no copy holds a key, and none can sign.

use std::io;

use bytes::Bytes;
use rayon::prelude::*;
use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::hash::leaf_hashes;
use spec::key::VerifierKey;
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::policy::Policy;
use spec::tile::{TILE_WIDTH, Tile, TileKind, format_hashes, nodes_at, parse_entries};
use spec::tree::Tree;

use crate::heads::CHECKPOINT;
use crate::number;
use crate::objects::PutError;

pub mod data;
pub mod mirror;
pub mod moving;
pub mod serve;
pub mod store;
pub(crate) mod verified;
pub mod web;

use self::store::{Sink, Source};
use self::verified::Verified;

/// Tiles, and as many bundles, that are read, hashed and written in one go: at most 64 x 16 MiB, and
/// for statements a few megabytes.
const RUN: u64 = 64;

/// The file of a tree that names the keys of its log; nothing reads it, people do.
pub const KEYS: &str = "log.vkeys";

/// Why nothing more was copied.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Bytes of the source do not lead to the root that was signed.
    #[error("{place}: {what} does not lead to the signed root; it was altered or damaged there")]
    Altered {
        /// Which source.
        place: String,
        /// Which file of it.
        what: String,
    },
    /// Two heads that one log cannot both have.
    #[error(
        "{place} shows another history than the copy: at size {size} the copy has root {have}, and \
         this one gives {found}. Keep both checkpoints: together they prove it"
    )]
    History {
        /// Which source.
        place: String,
        /// At which size they differ.
        size: u64,
        /// The root of the copy.
        have: Hash,
        /// The root that the source gives.
        found: Hash,
    },
    /// Something could not be read or written.
    #[error("{place}: {error}")]
    Io {
        /// Where.
        place: String,
        /// What was said.
        error: io::Error,
    },
    /// The source does not have what its checkpoint promises.
    #[error("{place}: {what} is missing there")]
    Missing {
        /// Which source.
        place: String,
        /// Which file.
        what: String,
    },
    /// The source has no checkpoint.
    #[error("{0} has no checkpoint: nothing there can be verified")]
    NoCheckpoint(String),
    /// The destination holds something else under this name.
    #[error(
        "{place}: {what} is there already with other bytes; it is left as it is. It is damaged there, or of another \
         history, such as of what a log had taken before it was rebuilt: then name a store, or a prefix, in which no \
         tiles are"
    )]
    OtherBytes {
        /// Which destination.
        place: String,
        /// Which file.
        what: String,
    },
    /// The destination belongs to another log.
    #[error("{place} is of the log {have}, and the source is {want}")]
    OtherLog {
        /// Which destination.
        place: String,
        /// Its log.
        have: String,
        /// The source's.
        want: String,
    },
    /// The source has become smaller.
    #[error(
        "{place} has {}, and the copy {have}: it went back. Nothing is changed; a copy never becomes \
         smaller",
        number::entries(*found)
    )]
    Shrank {
        /// Which source.
        place: String,
        /// Entries of the copy.
        have: u64,
        /// Entries of the source.
        found: u64,
    },
    /// The checkpoint is not accepted.
    #[error("the checkpoint of {place} is not accepted: {why}")]
    Unaccepted {
        /// Where it was read.
        place: String,
        /// By the policy, why.
        why: String,
    },
}

impl CopyError {
    /// Whether what was read is wrong, rather than not to be had.
    #[must_use]
    pub const fn is_wrong(&self) -> bool {
        !matches!(self, Self::Io { .. } | Self::NoCheckpoint(_))
    }
}

/// A checkpoint that a policy has accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its bytes.
    pub note: Bytes,
    /// Whose it is.
    pub origin: Origin,
    /// What was signed.
    pub tree: Tree,
}

/// What was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Entries of the tree that is there now.
    pub size: u64,
    /// Full tiles and bundles that were written.
    pub written: u64,
    /// Those that were there already, and were hashed there.
    pub kept: u64,
}

/// Who is told how far it is.
pub trait Listener: Sync {
    /// So many of so many entries are there.
    fn progress(&self, done: u64, total: u64);
}

/// The policy that accepts what one of these keys signed, and asks for no witness.
pub fn policy_of_keys(keys: &[VerifierKey]) -> Result<Policy, spec::policy::PolicyError> {
    let lines: String = keys.iter().map(|key| format!("log {key}\n")).collect();
    Policy::parse(format!("{lines}quorum none\n").as_bytes())
}

/// Reads and accepts a checkpoint; `None` if there is none.
pub fn accept(
    read: Option<Bytes>,
    place: &str,
    policy: &Policy,
) -> Result<Option<Head>, CopyError> {
    let Some(note) = read else { return Ok(None) };
    let unaccepted = |why: String| CopyError::Unaccepted { place: place.to_owned(), why };
    let parsed = Note::parse(&note).map_err(|error| unaccepted(error.to_string()))?;
    let accepted = policy.check(&parsed).map_err(|error| unaccepted(error.to_string()))?;
    Ok(Some(Head { note, origin: accepted.origin().clone(), tree: accepted.tree() }))
}

/// Reads the checkpoint of a copy. It was accepted when it came, by the policy of then, whose witnesses may not be
/// those of now; what is compared with it is of the same log if that has signed both.
pub fn accept_own(
    read: Option<Bytes>,
    place: &str,
    policy: &Policy,
) -> Result<Option<Head>, CopyError> {
    let keys: Vec<VerifierKey> = policy.logs().iter().map(|log| log.key().clone()).collect();
    let signed = policy_of_keys(&keys).expect("the logs of a policy make one without witnesses");
    accept(read, place, &signed)
}

/// The head of a source, accepted.
pub fn head_of(source: &dyn Source, policy: &Policy) -> Result<Head, CopyError> {
    let place = source.name();
    let read = source.file(CHECKPOINT, MAX_NOTE_SIZE);
    let read = read.map_err(|error| CopyError::Io { place: place.clone(), error })?;
    accept(read, &place, policy)?.ok_or(CopyError::NoCheckpoint(place))
}

/// Brings a destination to the tree of `head`, with everything below its checkpoint before it.
pub fn bring(
    source: &dyn Source,
    sink: &dyn Sink,
    head: &Head,
    policy: &Policy,
    listener: &dyn Listener,
) -> Result<Summary, CopyError> {
    let place = sink.name();
    let io = |error| CopyError::Io { place: place.clone(), error };
    let before = sink.file(CHECKPOINT, MAX_NOTE_SIZE).map_err(io)?;
    if before.as_ref() == Some(&head.note) && head.tree.size() == 0 {
        return Ok(Summary::default());
    }
    let before = accept_own(before, &place, policy)?;
    if let Some(before) = &before {
        check_one_root(source, before, head)?;
    }
    let mut verified = Verified::begin(source, head.tree)?;
    if let Some(before) = &before {
        check_continues(&mut verified, before, head, &place)?;
    }
    let summary = copy_full(&mut verified, sink, 0, listener)?;
    copy_partial(&verified, sink)?;
    sink.write(CHECKPOINT, head.note.clone()).map_err(io)?;
    if let Some(before) = before {
        sink.retire(before.tree.size(), head.tree.size()).map_err(io)?;
    }
    Ok(summary)
}

/// Brings only full tiles and bundles of a tree that is trusted already: what a log needs in a store
/// that it is to run on.
pub fn bring_objects(
    source: &dyn Source,
    sink: &dyn Sink,
    tree: Tree,
    listener: &dyn Listener,
) -> Result<Summary, CopyError> {
    copy_full(&mut Verified::begin(source, tree)?, sink, 0, listener)
}

/// One size has one root. Before any tile is asked for: two signed heads prove it, whatever the source has.
fn check_one_root(source: &dyn Source, before: &Head, head: &Head) -> Result<(), CopyError> {
    let (have, found) = (before.tree, head.tree);
    if before.origin != head.origin || have.size() != found.size() || have == found {
        return Ok(());
    }
    let (size, have, found) = (have.size(), have.root(), found.root());
    Err(CopyError::History { place: source.name(), size, have, found })
}

/// What is there must be an earlier state of what comes.
fn check_continues(
    verified: &mut Verified<'_>,
    before: &Head,
    head: &Head,
    place: &str,
) -> Result<(), CopyError> {
    if before.origin != head.origin {
        return Err(CopyError::OtherLog {
            place: place.to_owned(),
            have: before.origin.to_string(),
            want: head.origin.to_string(),
        });
    }
    let (old, new) = (before.tree, head.tree);
    if old.size() > new.size() {
        let (have, found) = (old.size(), new.size());
        return Err(CopyError::Shrank { place: verified.place(), have, found });
    }
    let found = verified.root_at(old.size())?;
    if found != old.root() {
        return Err(CopyError::History {
            place: verified.place(),
            size: old.size(),
            have: old.root(),
            found,
        });
    }
    Ok(())
}

/// Copies full bundles with their tiles, and then the full tiles above them. What a tree of `done`
/// entries has is there already, and was verified.
fn copy_full(
    verified: &mut Verified<'_>,
    sink: &dyn Sink,
    done: u64,
    listener: &dyn Listener,
) -> Result<Summary, CopyError> {
    let size = verified.tree().size();
    let mut summary = Summary { size, ..Summary::default() };
    let count = size / TILE_WIDTH;
    for start in (done / TILE_WIDTH..count).step_by(RUN as usize) {
        let end = (start + RUN).min(count);
        copy_run(verified, sink, start..end, &mut summary)?;
        listener.progress(end * TILE_WIDTH, size);
    }
    for level in 1..8 {
        let count = nodes_at(level, size) / TILE_WIDTH;
        let first = nodes_at(level, done) / TILE_WIDTH;
        for start in (first..count).step_by(RUN as usize) {
            let end = (start + RUN).min(count);
            let tiles = verified.tiles(level, start..end)?;
            let wanted: Vec<(Tile, Bytes)> = (start..end)
                .zip(tiles)
                .map(|(index, hashes)| (full(TileKind::Hashes(level), index), bytes_of(&hashes)))
                .collect();
            put(sink, &wanted, &mut summary)?;
        }
    }
    listener.progress(size, size);
    Ok(summary)
}

/// One run of bundles and their tiles.
fn copy_run(
    verified: &mut Verified<'_>,
    sink: &dyn Sink,
    run: std::ops::Range<u64>,
    summary: &mut Summary,
) -> Result<(), CopyError> {
    let tiles = verified.tiles(0, run.clone())?;
    let bundles: Vec<Tile> = run.clone().map(|index| full(TileKind::Entries, index)).collect();
    let io = |error| CopyError::Io { place: sink.name(), error };
    let there = sink.objects().read_all(&bundles).map_err(io)?;
    let mut due = Vec::new();
    for ((bundle, there), leaves) in bundles.iter().zip(there).zip(&tiles) {
        match there {
            None => due.push((*bundle, leaves)),
            Some(bytes) if hashes_to(*bundle, &bytes, leaves) => summary.kept += 1,
            Some(_) => return Err(other_bytes(sink, *bundle)),
        }
    }
    let names: Vec<Tile> = due.iter().map(|(bundle, _)| *bundle).collect();
    let read = verified.read_all(&names)?;
    let sound: Vec<bool> = due
        .par_iter()
        .zip(&read)
        .map(|((bundle, leaves), bytes)| hashes_to(*bundle, bytes, leaves))
        .collect();
    if let Some(at) = sound.iter().position(|sound| !sound) {
        return Err(verified.altered(&names[at].to_string()));
    }
    let mut wanted: Vec<(Tile, Bytes)> = names.into_iter().zip(read).collect();
    summary.written += wanted.len() as u64;
    sink.objects().put_all(&wanted).map_err(|error| put_error(sink, error))?;
    wanted.clear();
    for (index, hashes) in run.zip(&tiles) {
        wanted.push((full(TileKind::Hashes(0), index), bytes_of(hashes)));
    }
    put(sink, &wanted, summary)
}

/// Puts tiles, and counts those that were missing.
fn put(sink: &dyn Sink, wanted: &[(Tile, Bytes)], summary: &mut Summary) -> Result<(), CopyError> {
    let names: Vec<Tile> = wanted.iter().map(|(tile, _)| *tile).collect();
    let there = sink.objects().read_all(&names);
    let there = there.map_err(|error| CopyError::Io { place: sink.name(), error })?;
    let mut due = Vec::new();
    for (object, there) in wanted.iter().zip(there) {
        match there {
            None => due.push(object.clone()),
            Some(bytes) if bytes == object.1 => summary.kept += 1,
            Some(_) => return Err(other_bytes(sink, object.0)),
        }
    }
    summary.written += due.len() as u64;
    sink.objects().put_all(&due).map_err(|error| put_error(sink, error))
}

/// Copies the partial tiles of the tree's right edge, and its partial bundle.
fn copy_partial(verified: &Verified<'_>, sink: &dyn Sink) -> Result<(), CopyError> {
    let size = verified.tree().size();
    let io = |error| CopyError::Io { place: sink.name(), error };
    for (level, hashes) in verified.edge().iter().enumerate().filter(|(_, edge)| !edge.is_empty()) {
        let level = level as u8;
        let index = nodes_at(level, size) / TILE_WIDTH;
        let tile = Tile::in_tree(TileKind::Hashes(level), index, size);
        let tile = tile.expect("an edge with hashes has a partial tile");
        sink.write(&tile.to_string(), bytes_of(hashes)).map_err(io)?;
    }
    let Some(bundle) = Tile::in_tree(TileKind::Entries, size / TILE_WIDTH, size) else {
        return Ok(());
    };
    let read = verified.read_all(&[bundle])?.remove(0);
    if !hashes_to(bundle, &read, &verified.edge()[0]) {
        return Err(verified.altered(&bundle.to_string()));
    }
    sink.write(&bundle.to_string(), read).map_err(io)
}

/// Whether a bundle holds the entries with these leaf hashes.
fn hashes_to(bundle: Tile, bytes: &[u8], leaves: &[Hash]) -> bool {
    parse_entries(bundle, bytes).is_some_and(|entries| leaf_hashes(&entries) == leaves)
}

fn full(kind: TileKind, index: u64) -> Tile {
    Tile::full(kind, index).expect("a tree has eight tile levels")
}

fn bytes_of(hashes: &[Hash]) -> Bytes {
    format_hashes(hashes).into()
}

fn other_bytes(sink: &dyn Sink, tile: Tile) -> CopyError {
    CopyError::OtherBytes { place: sink.name(), what: tile.to_string() }
}

fn put_error(sink: &dyn Sink, error: PutError) -> CopyError {
    match error {
        PutError::Io(error) => CopyError::Io { place: sink.name(), error },
        PutError::OtherBytes { tile } => other_bytes(sink, tile),
    }
}

/// What a checkpoint says, whoever signed it: to compare origins before a key is chosen.
#[must_use]
pub fn unverified(note: &[u8]) -> Option<Checkpoint> {
    Checkpoint::parse(Note::parse(note).ok()?.text()).ok()
}
