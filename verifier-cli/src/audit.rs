//! `audit`: the whole log is read and hashed again, and every statement in it checked.
//!
//! ```text
//! entries -> leaf hashes -> compared with tile level 0 -> one node for each bundle
//!         -> tile levels 1, 2, ... compared as they fill -> root -> compared with the checkpoint
//! statements -> signature, chain of the source, the tree named in `after`
//! entry 0    -> also a succession that the log has signed
//! ```
//!
//! Bundles are examined by all cores, 256 at a time, and taken in in order. A bundle of 256
//! entries becomes one node of tree level 8, so the tree above is a [`Frontier`] whose leaves are
//! those nodes. Memory holds one round of findings, the right edge, and one line for each source.
//!
//! It goes on after a problem and reports all of them, the first ones in words.

mod bundle;
mod chain;
mod problems;
mod state;
mod succession;

use std::ops::Range;

use rayon::prelude::*;
use spec::Hash;
use spec::frontier::Frontier;
use spec::tile::{TILE_WIDTH, Tile, TileKind, nodes_at};
use spec::tree::Tree;

use self::bundle::{Examined, Examiner, Finding};
use self::chain::Chains;
use self::problems::Problems;
use self::state::{Mode, Start};
use self::succession::Begun;
use crate::args::{Audit as Wanted, Entries};
use crate::command::{Judge, Stop, describe};
use crate::durable::Target;
use crate::failure::Failure;
use crate::input;
use crate::log::{Log, Network, ReadError};
use crate::messages::{Message, Said};
use crate::progress;
use crate::report::{Report, Verdict};

/// How many bundles are examined in one round: 65,536 entries, one tile of level 1.
const ROUND: u64 = 256;

/// How many requests to a remote log are under way at once: it is waited for, not computed.
const REMOTE_THREADS: usize = 8;

/// Audits the log up to its latest checkpoint; how far it came is remembered in `target`.
pub(crate) fn run(
    wanted: &Wanted,
    target: Option<&Target>,
    network: &Network,
    quiet: bool,
) -> Result<Report, Stop> {
    let judge = Judge::open(&wanted.policy)?;
    let keys = wanted.source_keys.as_deref().map(input::key_file).transpose()?;
    let mode = match (wanted.entries, &keys) {
        (Entries::Any, _) => Mode::Any,
        (Entries::Statements, None) => Mode::Statements,
        (Entries::Statements, Some(_)) => Mode::SignedStatements,
    };
    let log = Log::open(&wanted.log, network)?;
    let note = log.checkpoint()?;
    let judged = judge.accept(&note)?;
    let accepted = &judged.accepted;
    let start = state::start(wanted, &judge, accepted, mode)?;
    let (old, new) = (start.tree.size(), accepted.tree().size());
    if old > new {
        let sizes = [old.to_string(), new.to_string()];
        return Err(Stop::rejected(Said::new(Message::RolledBack, &[&sizes[0], &sizes[1]])));
    }

    let examiner = Examiner::new(&log, judge.policy(), accepted, mode, keys, old);
    let mut audit = Audit::from(&log, accepted.tree(), start, mode)?;
    audit.go(&examiner, quiet)?;
    let mut report = audit.report();
    describe(&mut report, &judge, &note, &judged);
    audit.say_what_is_open(&mut report, old);
    if let Some(begun) = &audit.begun {
        begun.describe(&mut report);
    }
    if report.verdict() == Verdict::Verified
        && let Some(target) = target
    {
        state::save(target, accepted.origin(), accepted.tree(), mode, &audit.chains)?;
    }
    Ok(report)
}

/// How far an audit has come.
struct Audit<'a> {
    log: &'a Log,
    /// What the checkpoint says, to be reached.
    tree: Tree,
    /// The tree above the full bundles taken in; `None` once a bundle could not be had at all.
    upper: Option<Frontier>,
    /// The node over the last, partial bundle.
    tail: Option<Hash>,
    chains: Chains,
    problems: Problems,
    /// How many entries were read and hashed, from the start on.
    audited: u64,
    /// What entry 0 says of a log before this one.
    begun: Option<Begun>,
    mode: Mode,
}

impl<'a> Audit<'a> {
    /// Begins behind `start`, whose root must follow from the log's tiles.
    fn from(log: &'a Log, tree: Tree, start: Start, mode: Mode) -> Result<Self, Stop> {
        let upper = upper_at(log, start.tree.size() / TILE_WIDTH, tree.size())?;
        let rest = start.tree.size() % TILE_WIDTH;
        let mut root = upper.tree().root();
        if rest > 0 {
            let at = start.tree.size() / TILE_WIDTH;
            let tile = Tile::in_tree(TileKind::Hashes(0), at, tree.size());
            let hashes = log.hashes(tile.expect("the log is not smaller than the start"))?;
            let node = spec::tree::root_of_leaves(&hashes[..rest as usize]);
            root = upper.grow(&[node]).tree().root();
        }
        if root != start.tree.root() {
            let size = start.tree.size().to_string();
            return Err(Stop::rejected(Said::new(Message::NotTheTrustedTree, &[&size])));
        }
        let (chains, problems) = (start.chains, Problems::default());
        let (upper, tail, audited) = (Some(upper), None, 0);
        Ok(Self { log, tree, upper, tail, chains, problems, audited, begun: None, mode })
    }

    /// Examines every bundle that is not wholly behind the start.
    fn go(&mut self, examiner: &Examiner<'_>, quiet: bool) -> Result<(), Failure> {
        let threads = if self.log.is_remote() { REMOTE_THREADS } else { 0 };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool =
            pool.map_err(|error| Failure::new(Said::of_error(Message::NoThreads, &[], &error)))?;
        let (first, end) = (examiner.start() / TILE_WIDTH, self.tree.size().div_ceil(TILE_WIDTH));
        let bar = progress::bar(self.tree.size() - examiner.start(), quiet);
        let mut next = first;
        while next < end {
            let round = next..end.min(next + ROUND);
            let examined: Vec<Examined> = pool
                .install(|| round.clone().into_par_iter().map(|at| examiner.look(at)).collect());
            self.take_in(&round, examined);
            next = round.end;
            bar.inc((round.end - round.start) * TILE_WIDTH);
        }
        self.finish();
        bar.finish_and_clear();
        Ok(())
    }

    /// Takes in one round in order: chains first, then the tree above the bundles.
    fn take_in(&mut self, round: &Range<u64>, examined: Vec<Examined>) {
        let mut nodes = Vec::with_capacity(examined.len());
        for (at, bundle) in round.clone().zip(examined) {
            self.problems.take(bundle.findings);
            self.audited += bundle.audited;
            self.begun = bundle.begun.or(self.begun.take());
            for link in bundle.links {
                self.problems.take(self.chains.follow(link).map(Finding::Fault));
            }
            let is_full = (at + 1) * TILE_WIDTH <= self.tree.size();
            match bundle.node {
                Some(node) if is_full => nodes.push(node),
                Some(node) => self.tail = Some(node),
                None => self.upper = None,
            }
        }
        let Some(upper) = &mut self.upper else {
            return;
        };
        let growth = upper.grow(&nodes);
        upper.advance(&growth);
        for sealed in growth.sealed() {
            let found = compare(self.log, sealed.tile, &sealed.hashes);
            self.problems.take(found);
        }
    }

    /// Compares the partial tiles above the bundles, and the root.
    fn finish(&mut self) {
        let Some(upper) = &self.upper else {
            self.problems.take([Finding::Missing(Said::new(Message::RootUnknown, &[]))]);
            return;
        };
        for (level, hashes) in (0..).zip(upper.partials()) {
            let index = nodes_at(level, upper.size()) / TILE_WIDTH;
            let width = hashes.len() as u16;
            if let Some(tile) = Tile::new(TileKind::Hashes(level), index, width) {
                self.problems.take(compare(self.log, tile, hashes));
            }
        }
        let root = match self.tail {
            Some(node) => upper.grow(&[node]).tree().root(),
            None => upper.tree().root(),
        };
        if root != self.tree.root() {
            let both = [root.to_string(), self.tree.root().to_string()];
            let said = Said::new(Message::RootMismatch, &[&both[0], &both[1]]);
            self.problems.take([Finding::Fault(said)]);
        }
    }

    fn report(&self) -> Report {
        let mut report = Report::new(self.problems.verdict());
        self.problems.describe(&mut report);
        if report.verdict() == Verdict::Verified {
            report.reason(Said::new(Message::AuditSound, &[&self.tree.size().to_string()]));
        }
        report.fact(Message::LabelAudited, self.audited);
        if self.mode != Mode::Any {
            report.fact(Message::LabelSources, self.chains.count());
        }
        report
    }

    fn say_what_is_open(&self, report: &mut Report, start: u64) {
        match self.mode {
            Mode::Any => report.not_checked(Message::OpenOpaqueLog, &[]),
            Mode::Statements => report.not_checked(Message::OpenSignatures, &[]),
            Mode::SignedStatements => report.not_checked(Message::OpenTruth, &[]),
        }
        if start > 0 {
            report.not_checked(Message::OpenBeforeStart, &[&start.to_string()]);
        }
        if !self.chains.is_complete() {
            report.not_checked(Message::OpenChainsBeforeStart, &[]);
        }
    }
}

/// The tree above the first `bundles` full bundles, from the log's own tiles. The caller checks
/// its root.
fn upper_at(log: &Log, bundles: u64, size: u64) -> Result<Frontier, ReadError> {
    let mut partials = Vec::new();
    for level in 0.. {
        let nodes = nodes_at(level, bundles);
        if nodes == 0 {
            break;
        }
        let mut hashes = Vec::new();
        if !nodes.is_multiple_of(TILE_WIDTH) {
            let tile = Tile::in_tree(TileKind::Hashes(level + 1), nodes / TILE_WIDTH, size);
            hashes = log.hashes(tile.expect("the log is not smaller than the start"))?;
            hashes.truncate((nodes % TILE_WIDTH) as usize);
        }
        partials.push(hashes);
    }
    Ok(Frontier::from_partials(bundles, partials).expect("each level has as many as it should"))
}

/// Compares a tile of the tree above the bundles with the log's, which is one level higher.
fn compare(log: &Log, tile: Tile, computed: &[Hash]) -> Vec<Finding> {
    let TileKind::Hashes(level) = tile.kind() else {
        unreachable!("a frontier seals tiles of hashes only");
    };
    let stored = Tile::new(TileKind::Hashes(level + 1), tile.index(), tile.width());
    let stored = stored.expect("a tree of 64-bit size has no such level");
    let path = stored.to_string();
    match log.hashes(stored) {
        Err(error) => vec![Finding::of_read_error(&error)],
        Ok(hashes) => bundle::differences(&hashes, computed)
            .map(|at| Finding::Fault(Said::new(Message::TileMismatch, &[&path, &at.to_string()])))
            .collect(),
    }
}
