//! Rebuilding a log whose disk died with a published tail on it, from what others have of it.
//!
//! Rule: `spec/text/operating.md`, "If the disk dies". The order is the safety argument:
//!
//! ```text
//! 1. what this log signed: holders, files, receipts, witnesses      -> the newest head is the aim
//! 2. tiles and entries up to a signed tree of some holder           -> the ground, written as it is verified
//! 3. behind it receipts, hints, statements                          -> the tail: the order whose roots were signed
//! 4. its full bundles, and the journal: in it also what an old
//!    journal has behind that head                                   -> durable; nobody takes it for a log yet
//! 5. every witness confirms the newest head and knows of no newer   -> it can go on without a fork
//! 6. keys, heads, and the name of the log last                      -> a log again
//! ```
//!
//! Whatever fails leaves a folder that cannot be served and that the next run goes on in: with the tiles that
//! were found, and with the newest head that any run has heard of.
//!
//! - `known`: signed heads. `holders`: who has copies. `handed`: what agents gave. `ground` and `tail`: the
//!   entries. `order`: the search, pure. `behind`: what no head covers. `asking`: the witnesses. `place`: the folder.
//!
//! Invariant: nothing is signed here. The last signed head of a rebuilt log is the newest that anybody who was asked
//! knows of. Behind it stands only what the journal of this log had there.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use spec::tile::TILE_WIDTH;

use crate::answer::Fatal;
use crate::copy::store::Source;
use crate::copy::{Listener, policy_of_keys};
use crate::journal::{Base, Loaded};
use crate::stored::Stored;
use crate::witnesses::Witnesses;

mod asking;
mod behind;
mod error;
mod ground;
mod handed;
mod holders;
mod known;
mod order;
mod place;
mod tail;

pub use self::error::{Missing, RecoverError};
pub use self::place::{AIM, RECOVERING};

use self::asking::Panel;
use self::ground::Ground;
use self::handed::Handed;
use self::holders::Holders;
use self::known::{Known, KnownHead};
use self::place::Place;
use self::tail::Tail;

/// What is to be rebuilt, and from what.
pub struct Wanted<'a> {
    /// The folder that holds `log.toml`, `keys/` and `sources.toml` of the log.
    pub backup: &'a Path,
    /// The folder to make.
    pub data: &'a Path,
    /// Those who have copies.
    pub holders: &'a [Box<dyn Source>],
    /// Folders and files that agents have handed in.
    pub handed: &'a [PathBuf],
    /// Checkpoints that this log must have signed.
    pub checkpoints: &'a [PathBuf],
    /// The witnesses by whose policy the log publishes; `None` if it publishes on its own signature.
    pub witnesses: Option<&'a Witnesses>,
    /// Names of witnesses whose word is done without.
    pub without: &'a [String],
}

/// What was rebuilt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The log's name.
    pub origin: String,
    /// Entries, up to the last signed head.
    pub size: u64,
    /// Entries behind it, which an old journal has.
    pub behind: u64,
    /// Where that head was found.
    pub from: String,
    /// Entries of the checkpoint that is shown, if one is.
    pub published: Option<u64>,
    /// What people should know of who was asked.
    pub remarks: Vec<String>,
}

/// Rebuilds a log, or says why it cannot. `remark` is told what is wrong with those who were asked.
pub fn recover(
    wanted: &Wanted<'_>,
    listener: &dyn Listener,
    remark: &dyn Fn(&str),
) -> Result<Recovered, RecoverError> {
    let place = Place::open(wanted.backup, wanted.data)?;
    let origin = &place.settings().origin;
    let policy = match wanted.witnesses {
        Some(witnesses) => witnesses.policy().clone(),
        None => policy_of_keys(&place.keys().verifier_keys()).expect("keys of a log make a policy"),
    };
    let panel = wanted.witnesses.map(|witnesses| Panel { witnesses, without: wanted.without });
    if let Some(panel) = &panel {
        panel.check()?;
    }

    let mut known = Known::new(place.keys(), &policy);
    if let Some(note) = place.aim()? {
        known.add(&note, &format!("{AIM}, where an earlier run noted it"))?;
    }
    take_checkpoints(wanted.checkpoints, &mut known)?;
    let handed = Handed::read(wanted.handed, origin, &mut known)?;
    let mut holders = Holders::ask(wanted.holders, &mut known)?;
    let said = panel.as_ref().map(|panel| panel.look(origin, &mut known)).transpose()?;
    // Said at once: where no head was found, it may be because of this.
    let mut remarks = handed.remarks.clone();
    remarks.extend(said.unwrap_or_default());
    remarks.append(&mut holders.remarks);
    remarks.iter().for_each(|line| remark(line));
    let target = known.target().ok_or(RecoverError::NoHead)?.clone();
    let tree = target.head.checkpoint.tree();
    // From here on no run in this folder ends at less, whatever it is given.
    place.note_aim(&target.head.note)?;
    handed.check_none_newer(tree)?;
    holders.measure(tree);
    holders.note_ahead(tree);

    let built = build(&place, &mut holders, &handed, &known, listener);
    holders.remarks.iter().for_each(|line| remark(line));
    remarks.append(&mut holders.remarks);
    let Built { stored, behind } = built?;
    let rebuilt = stored.tree(tree.size(), place.objects()).map_err(Fatal::from)?;
    if rebuilt != tree {
        // Each head was compared on the way: this is a machine that computes wrongly.
        return Err(target.contradicts_stored(rebuilt));
    }
    if let Some(panel) = &panel {
        panel.confirm(place.keys(), &target.head, &stored, place.objects())?;
    }
    place.finish(&known)?;
    Ok(Recovered {
        origin: origin.to_string(),
        size: tree.size(),
        behind,
        from: target.from,
        published: known.published().map(KnownHead::size),
        remarks,
    })
}

/// Checkpoints that somebody has named: one that this log has not signed is a mistake.
fn take_checkpoints(paths: &[PathBuf], known: &mut Known<'_>) -> Result<(), RecoverError> {
    for path in paths {
        let io = |error| RecoverError::Io { place: path.display().to_string(), error };
        let bytes = crate::copy::store::read_bounded(path, spec::note::MAX_NOTE_SIZE);
        let missing = || io(std::io::ErrorKind::NotFound.into());
        let bytes = bytes.map_err(io)?.ok_or_else(missing)?;
        let note = spec::note::Note::parse(&bytes);
        let file = |why| RecoverError::File { path: path.clone(), why };
        known.add(&note.map_err(|error| file(error.to_string()))?, &path.display().to_string())?;
    }
    Ok(())
}

/// What stands in the folder now.
struct Built {
    /// What a start would read.
    stored: Stored,
    /// How many entries of it no head covers.
    behind: u64,
}

/// Steps 2 to 4: all entries, and the journal.
fn build(
    place: &Place,
    holders: &mut Holders<'_>,
    handed: &Handed,
    known: &Known<'_>,
    listener: &dyn Listener,
) -> Result<Built, RecoverError> {
    let mut ground = ground::lay(holders, handed, place, known, listener)?;
    let tail = tail::restore(&ground, holders, handed, known, place.admission(), listener)?;
    let mut rest = put_full(&mut ground, tail, place)?;
    let target = known.target().expect("a head is known before anything is built");
    let chains = ground.chains_with(&rest, place.admission())?;
    let behind = behind::find(holders, target.head.checkpoint.tree(), chains, place)?;
    let count = behind.len() as u64;
    rest.extend(behind);
    let heads_size = ground.frontier.size();
    let base = Base { frontier: ground.frontier, heads_size, heads: ground.chains.to_heads() };
    place.write_journal(&base, &rest)?;
    let stored = Stored::of(Loaded { base, entries: rest, torn_bytes: 0 });
    Ok(Built { stored, behind: count })
}

/// Stores the tail's full bundles; gives the entries behind the last of them.
fn put_full(ground: &mut Ground, tail: Tail, place: &Place) -> Result<Vec<Bytes>, RecoverError> {
    let Tail { leaves, entries } = tail;
    let full = entries.len() - entries.len() % TILE_WIDTH as usize;
    let bundles = entries[..full].chunks(TILE_WIDTH as usize);
    for (entries, leaves) in bundles.zip(leaves.chunks(TILE_WIDTH as usize)) {
        let entries: Vec<&Bytes> = entries.iter().collect();
        ground.put(leaves, &entries, place)?;
    }
    Ok(entries[full..].to_vec())
}
