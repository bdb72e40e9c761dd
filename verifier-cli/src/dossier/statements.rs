//! Each statement by itself: who signed it, whether it is logged, what is opened of it, what it follows.
//!
//! Statements do not depend on one another here, so all cores take their share.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use spec::Hash;
use spec::bundle::{Contents, PartPath, Place, Role};
use spec::encoding::decode_hash;
use spec::evidence::disclosure::{Disclosure, OpenedBatch};
use spec::evidence::pins::Pins;
use spec::evidence::statement::{Statement, VerifiedStatement};
use spec::key::{KeyName, VerifierKey};
use spec::note::Note;
use spec::policy::Times;
use spec::proof::Proof;
use spec::tree::{Tree, verify_consistency, verify_inclusion};

use super::notes::Notes;
use crate::command::{Judge, Judged, Stop, not_included};
use crate::failure::Failure;
use crate::messages::{Message, Said};
use crate::words;

/// Whose signatures count.
pub(super) struct Keys {
    by_name: BTreeMap<KeyName, Vec<VerifierKey>>,
}

impl Keys {
    /// The pinned keys, and those that were given one by one.
    pub(super) fn new(pins: Option<&Pins>, given: Vec<VerifierKey>) -> Self {
        let mut by_name: BTreeMap<KeyName, Vec<VerifierKey>> = BTreeMap::new();
        let pinned = pins.into_iter().flat_map(Pins::iter).flat_map(|pin| pin.keys().to_vec());
        for key in pinned.chain(given) {
            by_name.entry(key.name().clone()).or_default().push(key);
        }
        Self { by_name }
    }

    /// Whether there is no key at all, by which nothing could be judged.
    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Whether any key is known of this source.
    pub(super) fn knows(&self, source: &KeyName) -> bool {
        self.by_name.contains_key(source)
    }

    /// Checks a statement with the key that its signature names.
    pub(super) fn verify(&self, statement: &Statement) -> Result<VerifiedStatement, Said> {
        let (name, id) = (statement.source(), statement.signature().id);
        let keys = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let shown = name.as_str();
        match keys.iter().find(|key| key.claims(statement.signature())) {
            None => Err(Said::new(Message::UnpinnedSource, &[shown, &id.to_string()])),
            Some(key) => statement
                .verify(key)
                .map_err(|error| Said::of_error(Message::BadStatement, &[shown], &error)),
        }
    }
}

/// A statement all of whose papers hold.
pub(super) struct Checked {
    pub(super) place: Place,
    pub(super) statement: VerifiedStatement,
    pub(super) opened: OpenedBatch,
    pub(super) receipt: Option<Receipt>,
    pub(super) after: After,
}

impl Checked {
    /// How many records of it are opened, in full or in part, and how many it has. As in ranges, the header
    /// is no record of evidence.
    pub(super) fn counts(&self) -> (u64, u64) {
        let records = self.opened.records().iter().filter(|record| record.index() > 0);
        (records.count() as u64, self.opened.record_count().saturating_sub(1))
    }
}

/// A receipt that holds.
pub(super) struct Receipt {
    pub(super) index: u64,
    pub(super) judged: Judged,
    pub(super) note: Arc<Note>,
}

impl Receipt {
    pub(super) const fn tree(&self) -> Tree {
        self.judged.accepted.tree()
    }
}

/// What is known of the earliest time.
pub(super) enum After {
    /// The note and the proof are there: it was made after these times.
    Bound(Option<Times>),
    /// Something is not there.
    Open,
}

/// Checks all statements; the first in order that does not hold is the reason.
pub(super) fn check(
    contents: &Contents<'_>,
    judge: &Judge,
    keys: &Keys,
) -> Result<Vec<Checked>, Stop> {
    if keys.is_empty() {
        let failure = Failure::new(Said::new(Message::NoSourceKey, &[]));
        return Err(failure.with_hint(Said::new(Message::HintKeys, &[])).into());
    }
    let all: Vec<(&Place, &Statement)> = contents.statements().iter().collect();
    let notes = &Notes::new(judge);
    let checked: Vec<Result<Checked, Stop>> = all
        .into_par_iter()
        // Each is much work: none waits behind another while a core has nothing to do.
        .with_max_len(1)
        .map(|(place, statement)| {
            let one = One { contents, judge, notes, place: *place };
            one.check(statement, keys).map_err(|stop| stop.within_part(&place.to_string()))
        })
        .collect();
    let checked: Vec<Checked> = checked.into_iter().collect::<Result<_, Stop>>()?;
    Trees::default().add(&checked)?;
    Ok(checked)
}

/// The trees that were accepted, by their logs. A log that is one has one tree of each size: two that the policy
/// accepts are two histories, whoever made them, and what is shown of one is nothing in the other.
#[derive(Default)]
pub(super) struct Trees(BTreeMap<String, BTreeMap<u64, Hash>>);

impl Trees {
    /// Adds those of one dossier, all of whose statements are of one log.
    pub(super) fn add(&mut self, checked: &[Checked]) -> Result<(), Stop> {
        let Some(first) = checked.first() else { return Ok(()) };
        let roots = self.0.entry(first.statement.origin().to_string()).or_default();
        let receipts = checked.iter().filter_map(|one| one.receipt.as_ref()).map(Receipt::tree);
        let bounds = checked.iter().filter(|one| matches!(one.after, After::Bound(_)));
        let bounds = bounds.map(|one| one.statement.after().tree());
        for tree in receipts.chain(bounds) {
            let known = *roots.entry(tree.size()).or_insert_with(|| tree.root());
            if known != tree.root() {
                let values = [tree.size().to_string(), known.to_string(), tree.root().to_string()];
                let values = values.each_ref().map(String::as_str);
                return Err(rejected(Message::TwoHistories, &values));
            }
        }
        Ok(())
    }
}

/// One statement's papers.
struct One<'a> {
    contents: &'a Contents<'a>,
    judge: &'a Judge,
    notes: &'a Notes<'a>,
    place: Place,
}

impl One<'_> {
    fn check(&self, statement: &Statement, keys: &Keys) -> Result<Checked, Stop> {
        let statement = keys.verify(statement).map_err(Stop::rejected)?;
        let receipt = match self.part(Role::Receipt) {
            Some(bytes) => Some(self.check_receipt(bytes, &statement)?),
            None => None,
        };
        let bytes = self.part(Role::Disclosure).expect("the contents have one for each statement");
        let path = PartPath::Of(self.place, Role::Disclosure).to_string();
        let opened =
            Disclosure::parse(bytes).and_then(|disclosure| disclosure.open(&statement)).map_err(
                |error| Stop::rejected(Said::of_error(Message::BadDisclosure, &[&path], &error)),
            )?;
        let after = self.check_after(&statement, receipt.as_ref())?;
        Ok(Checked { place: self.place, statement, opened, receipt, after })
    }

    fn check_receipt(&self, bytes: &[u8], statement: &VerifiedStatement) -> Result<Receipt, Stop> {
        let path = PartPath::Of(self.place, Role::Receipt).to_string();
        let proof = Proof::parse(bytes).map_err(|error| bad_part(&path, &error.to_string()))?;
        if proof.extra().is_some_and(|extra| extra != statement.to_bytes()) {
            return Err(rejected(Message::ReceiptOfAnother, &[&path]));
        }
        let (index, note) = (proof.index(), Arc::new(proof.checkpoint().clone()));
        let accepted = self.notes.check(&note)?;
        verify_inclusion(statement.leaf_hash(), index, accepted.tree(), proof.hashes())
            .map_err(|error| not_included(&error))?;
        let judged = self.judge.consider(accepted)?;
        let origin = judged.accepted.origin();
        if origin != statement.origin() {
            let both = [statement.origin().as_str(), origin.as_str()];
            return Err(rejected(Message::StatementOfAnotherLog, &both));
        }
        let after = statement.after().tree().size();
        if after > index {
            let numbers = [after.to_string(), index.to_string()];
            return Err(rejected(Message::AfterTheFuture, &[&numbers[0], &numbers[1]]));
        }
        Ok(Receipt { index, judged, note })
    }

    /// The note that the statement names, and that the receipt's tree continues its tree.
    fn check_after(
        &self,
        statement: &VerifiedStatement,
        receipt: Option<&Receipt>,
    ) -> Result<After, Stop> {
        let Some(bytes) = self.part(Role::After) else { return Ok(After::Open) };
        let path = PartPath::Of(self.place, Role::After).to_string();
        let (named, hash) = (statement.after(), Hash::of(bytes));
        if hash != named.note_hash() {
            let values = [path, hash.to_string(), named.note_hash().to_string()];
            return Err(rejected(Message::AfterOtherNote, &values.each_ref().map(String::as_str)));
        }
        let note = Note::parse(bytes).map_err(|error| bad_part(&path, &error.to_string()))?;
        let judged = self.notes.accept(&Arc::new(note)).map_err(|stop| stop.within_part(&path))?;
        let accepted = &judged.accepted;
        if accepted.origin() != statement.origin() || accepted.tree() != named.tree() {
            return Err(rejected(Message::AfterOtherTree, &[&path]));
        }
        let Some(receipt) = receipt else { return Ok(After::Open) };
        let (old, new) = (named.tree(), receipt.tree());
        match self.part(Role::Consistency) {
            Some(bytes) => {
                let path = PartPath::Of(self.place, Role::Consistency).to_string();
                let proof = parse_hashes(bytes).ok_or_else(|| bad_part(&path, "base64 hashes"))?;
                verify_consistency(old, new, &proof).map_err(|error| {
                    let why = vec![words::of_consistency(&error)];
                    Stop::rejected(Said::new(Message::AfterNotContinued, &[]).with(why))
                })?;
            }
            None if old == new => {}
            None => return Ok(After::Open),
        }
        Ok(After::Bound(judged.times))
    }

    fn part(&self, role: Role) -> Option<&[u8]> {
        self.contents.of(self.place, role)
    }
}

fn parse_hashes(bytes: &[u8]) -> Option<Vec<Hash>> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.split_terminator('\n').map(|line| decode_hash(line).ok()).collect()
}

/// A part that is not what its path says is wrong, whoever wrote it.
fn bad_part(path: &str, why: &str) -> Stop {
    Stop::rejected(Said::of_error(Message::BadPart, &[path], &why))
}

fn rejected(message: Message, values: &[&str]) -> Stop {
    Stop::rejected(Said::new(message, values))
}
