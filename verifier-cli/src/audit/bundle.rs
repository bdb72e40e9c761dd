//! One bundle: its entries hashed, compared with their tile, and read as statements.
//!
//! Runs on all cores, so it changes nothing; what it finds is taken in later, in order.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use spec::Hash;
use spec::checkpoint::Origin;
use spec::evidence::statement::Statement;
use spec::hash::leaf_hashes;
use spec::key::{KeyId, KeyName, VerifierKey};
use spec::policy::{AcceptedCheckpoint, Policy};
use spec::tile::{TILE_WIDTH, Tile, TileKind};
use spec::tree::{Tree, root_of_leaves, verify_consistency};

use super::chain::Link;
use super::state::Mode;
use super::succession::{self, Begun};
use crate::log::tiles::Tiles;
use crate::log::{Log, ReadError};
use crate::messages::{Message, Said};

/// How many trees named in `after` lines are remembered as checked.
const REMEMBERED_TREES: usize = 4096;

/// Something that is not as it should be.
pub(super) enum Finding {
    /// The log says something wrong.
    Fault(Said),
    /// Something could not be had.
    Missing(Said),
}

impl Finding {
    pub(super) fn of_read_error(error: &ReadError) -> Self {
        let said = Said::of_error(Message::CouldNotRead, &[], &error);
        if error.is_fault() { Self::Fault(said) } else { Self::Missing(said) }
    }
}

/// What one bundle gave.
#[derive(Default)]
pub(super) struct Examined {
    /// The node over its leaves; `None` if neither entries nor hashes could be had.
    pub(super) node: Option<Hash>,
    /// Its statements behind the start, in order.
    pub(super) links: Vec<Link>,
    pub(super) findings: Vec<Finding>,
    /// How many of its entries behind the start were read and hashed.
    pub(super) audited: u64,
    /// What entry 0 says of a log before this one.
    pub(super) begun: Option<Begun>,
}

/// All that is needed to judge a bundle by itself.
pub(super) struct Examiner<'a> {
    log: &'a Log,
    origin: &'a Origin,
    policy: &'a Policy,
    tree: Tree,
    mode: Mode,
    keys: BTreeMap<(KeyName, KeyId), VerifierKey>,
    start: u64,
    tiles: Tiles<'a>,
    /// The trees that `after` lines named, and whether the log had them.
    trees: Mutex<BTreeMap<(u64, Hash), bool>>,
}

impl<'a> Examiner<'a> {
    pub(super) fn new(
        log: &'a Log,
        policy: &'a Policy,
        accepted: &'a AcceptedCheckpoint,
        mode: Mode,
        keys: Option<Vec<VerifierKey>>,
        start: u64,
    ) -> Self {
        let tree = accepted.tree();
        let keys = keys.unwrap_or_default().into_iter();
        Self {
            log,
            origin: accepted.origin(),
            policy,
            tree,
            mode,
            keys: keys.map(|key| ((key.name().clone(), key.id()), key)).collect(),
            start,
            tiles: Tiles::new(log, tree.size()),
            trees: Mutex::default(),
        }
    }

    /// The first entry that is audited.
    pub(super) const fn start(&self) -> u64 {
        self.start
    }

    /// Examines bundle `at`.
    pub(super) fn look(&self, at: u64) -> Examined {
        let size = self.tree.size();
        let name = |kind| Tile::in_tree(kind, at, size).expect("the bundle is in the tree");
        let mut examined = Examined::default();
        let read = self.log.entries(name(TileKind::Entries), |entries| {
            self.look_at_entries(at * TILE_WIDTH, entries, &mut examined)
        });
        let stored = self.log.hashes(name(TileKind::Hashes(0)));
        for error in [read.as_ref().err(), stored.as_ref().err()].into_iter().flatten() {
            examined.findings.push(Finding::of_read_error(error));
        }
        let leaves = match (read, stored) {
            (Ok(computed), Ok(stored)) => {
                for place in differences(&stored, &computed) {
                    let index = at * TILE_WIDTH + place as u64;
                    let said = Said::new(Message::LeafMismatch, &[&index.to_string()]);
                    examined.findings.push(Finding::Fault(said));
                }
                computed
            }
            // With one of the two the tree above can still be followed.
            (Ok(leaves), Err(_)) | (Err(_), Ok(leaves)) => leaves,
            (Err(_), Err(_)) => return examined,
        };
        examined.node = Some(root_of_leaves(&leaves));
        examined
    }

    fn look_at_entries(&self, first: u64, entries: &[&[u8]], examined: &mut Examined) -> Vec<Hash> {
        let leaves = leaf_hashes(entries);
        for (index, (entry, leaf)) in (first..).zip(entries.iter().zip(&leaves)) {
            examined.audited += u64::from(index >= self.start);
            if index < self.start || (index == 0 && self.look_at_beginning(entry, examined)) {
                continue;
            }
            if self.mode != Mode::Any {
                self.look_at_statement(index, entry, *leaf, examined);
            }
        }
        leaves
    }

    /// Whether entry 0 is a succession. In a log that takes any bytes it may be anybody's: then only one
    /// that the log has signed is one.
    fn look_at_beginning(&self, entry: &[u8], examined: &mut Examined) -> bool {
        match succession::read(entry, self.origin, self.policy) {
            None => return false,
            Some(Ok(begun)) => examined.begun = Some(begun),
            Some(Err(_)) if self.mode == Mode::Any => {}
            Some(Err(finding)) => examined.findings.push(finding),
        }
        true
    }

    fn look_at_statement(&self, index: u64, entry: &[u8], leaf: Hash, examined: &mut Examined) {
        let at = index.to_string();
        let mut fault = |message: Message, values: &[&str]| {
            examined.findings.push(Finding::Fault(Said::new(message, values)));
        };
        let statement = match Statement::parse(entry) {
            Ok(statement) => statement,
            Err(error) => {
                let said = Said::of_error(Message::EntryNoStatement, &[&at], &error);
                return examined.findings.push(Finding::Fault(said));
            }
        };
        if statement.origin() != self.origin {
            fault(Message::EntryOfAnotherLog, &[&at, statement.origin().as_str()]);
        }
        if self.mode == Mode::SignedStatements {
            let name = (statement.source().clone(), statement.signature().id);
            match self.keys.get(&name).map(|key| statement.verify(key)) {
                Some(Ok(_)) => {}
                Some(Err(_)) => fault(Message::EntryBadSignature, &[&at, name.0.as_str()]),
                None => fault(Message::EntryUnknownSource, &[&at, name.0.as_str()]),
            }
        }
        let after = statement.after().tree();
        match self.check_after(index, after) {
            Ok(true) => {}
            Ok(false) => fault(Message::EntryWrongAfter, &[&at, &after.size().to_string()]),
            Err(error) => examined.findings.push(Finding::of_read_error(&error)),
        }
        examined.links.push(Link {
            index,
            source: statement.source().clone(),
            sequence: statement.sequence(),
            previous: statement.previous(),
            after_size: after.size(),
            leaf,
        });
    }

    /// Whether the log had exactly this tree before `index`: it is proved consistent with the
    /// accepted tree, so that a lying tile cannot make a wrong root right.
    fn check_after(&self, index: u64, after: Tree) -> Result<bool, ReadError> {
        if after.size() == 0 {
            return Ok(true);
        }
        if after.size() > index {
            return Ok(false);
        }
        let name = (after.size(), after.root());
        let lock = || self.trees.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&name) {
            return Ok(*known);
        }
        let proof = self.tiles.prove_consistency(after.size(), self.tree.size())?;
        let had = verify_consistency(after, self.tree, &proof).is_ok();
        let mut trees = lock();
        if trees.len() >= REMEMBERED_TREES {
            trees.pop_first();
        }
        trees.insert(name, had);
        Ok(had)
    }
}

/// The places where two runs of hashes differ, or where one has ended.
pub(super) fn differences<'h>(
    stored: &'h [Hash],
    computed: &'h [Hash],
) -> impl Iterator<Item = usize> + use<'h> {
    let length = stored.len().max(computed.len());
    (0..length).filter(move |at| stored.get(*at) != computed.get(*at))
}
