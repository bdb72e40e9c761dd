//! Retention: evidence and values that a rule no longer keeps are deleted.
//!
//! Rule: `spec/text/vault.md`, "Retention".
//!
//! Of a record that is deleted the leaf hashes of its fields stay, so its statement, its receipt
//! and the other records of its batch can still be shown and proved. Without its salts nobody can
//! try values against them. Every statement is one transaction, so a crash leaves a batch before or
//! after its deletion; packs are rewritten behind that, see `rewrite`.
//!
//! Invariant: what waits for a statement or a receipt, and what a hold keeps, is never deleted. Holds
//! are read again in the transaction that deletes: one that was placed meanwhile counts.

use std::sync::PoisonError;

use redb::{ReadableDatabase, ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};
use spec::key::KeyName;

use super::Vault;
use super::boards::Boards;
use super::bytes::{Malformed, Reader, Writer};
use super::chain::{files_of, put_pieces, units_of};
use super::holds::Hold;
use super::open::Sync;
use super::opening::Opening;
use super::pack::ItemHeader;
use super::rows::{self, Blob, PackRow, StatementRow};
use super::tables::{
    BLOBS, DELETIONS, OF_FILE, OF_UNIT, PACKS, RECEIPTS, STATEMENTS, damaged, owned, place_key,
};
use crate::error::AgentError;
use crate::model::{Hash256, UnixMillis};
use crate::number;

const DAY_MILLIS: u64 = 86_400_000;

/// How long records are kept. What no rule names is kept for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Rule {
    /// Of which source; every one if left out.
    pub(crate) source: Option<String>,
    /// Of which kind; every one if left out.
    pub(crate) kind: Option<String>,
    /// Days from the sealing of their statement; the first rule that names a record counts.
    pub(crate) keep_days: u64,
}

/// What was deleted, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Expired {
    /// Records whose salts and values are gone.
    pub(crate) records: u64,
    /// Items of evidence.
    pub(crate) evidence: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Records that a hold has kept.
    pub(crate) held: u64,
}

/// One statement of which records were deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deletion {
    /// When.
    pub(crate) deleted: UnixMillis,
    /// Of which source.
    pub(crate) source: KeyName,
    /// Of which statement.
    pub(crate) sequence: u64,
    /// Which records.
    pub(crate) records: Vec<u64>,
    /// Items of evidence that went with them.
    pub(crate) evidence: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// The rules in words.
    pub(crate) rules: String,
}

impl Rule {
    fn names(&self, source: &KeyName, kind: &str) -> bool {
        self.source.as_deref().is_none_or(|name| name == source.as_str())
            && self.kind.as_deref().is_none_or(|name| name == kind)
    }

    fn words(&self) -> String {
        let source = self.source.as_deref().unwrap_or("every source");
        let kind = self.kind.as_deref().unwrap_or("every kind");
        format!("{kind} of {source}: {}", number::of(self.keep_days, "day", "days"))
    }

    const fn keeps_until(&self, sealed: UnixMillis) -> u64 {
        sealed.0.saturating_add(self.keep_days.saturating_mul(DAY_MILLIS))
    }
}

/// Records of one statement that are to go, with the rules that say so.
struct Due {
    source: KeyName,
    key: (u32, u64),
    sealed: UnixMillis,
    opening: Opening,
    records: Vec<usize>,
    rules: Vec<String>,
    held: u64,
}

/// How far a statement has come.
enum Stands {
    /// When it was sealed.
    Anchored(UnixMillis),
    /// It went with another vault: there is nothing of it to delete, and others lie behind it.
    Lost,
    /// It is not anchored yet: it is kept, and so is all behind it.
    Waits,
}

impl Vault {
    /// Deletes what no rule keeps any more and no hold either; with `dry_run` only counts it.
    ///
    /// `now` is this machine's clock; one that is ahead deletes too early, so the caller asks the
    /// newest witnessed time as well.
    pub(crate) fn expire(
        &self,
        now: UnixMillis,
        rules: &[Rule],
        dry_run: bool,
    ) -> Result<Expired, AgentError> {
        // Two at once would find the same records due, and count their evidence down twice.
        let _alone = self.expiring.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut expired, mut boards) = (Expired::default(), Boards::default());
        for source in self.sources()? {
            let named = |rule: &&Rule| rule.source.as_deref().is_none_or(|s| s == source.as_str());
            let Some(least) = rules.iter().filter(named).map(|rule| rule.keep_days).min() else {
                continue;
            };
            let number = self.source(&source)?.number;
            let mut from = self.expired_through(number)?;
            let mut all_gone = true;
            let end = self.head(&source)?.next_sequence;
            while from < end {
                let sealed = match self.stands((number, from))? {
                    Stands::Anchored(sealed) => sealed,
                    Stands::Lost => {
                        from += 1;
                        continue;
                    }
                    Stands::Waits => break,
                };
                // Statements are in the order of their sealing, but for clocks that were set back.
                if sealed.0.saturating_add(least.saturating_mul(DAY_MILLIS)) > now.0 {
                    break;
                }
                let due = loop {
                    let due = self.due(&source, (number, from), sealed, now, rules, &mut boards)?;
                    if due.records.is_empty()
                        || self.delete(&due, now, dry_run, &mut expired, &mut boards)?
                    {
                        break due;
                    }
                };
                expired.held += due.held;
                all_gone &= due.records.len() + 1 >= due.whole();
                from += 1;
                if all_gone && !dry_run {
                    self.put_state(&expired_row(number), &rows::number(from))?;
                }
            }
        }
        if !dry_run {
            self.rewrite_packs()?;
        }
        Ok(expired)
    }

    /// Everything that was deleted, the oldest first.
    pub(crate) fn deletions(&self) -> Result<Vec<Deletion>, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(DELETIONS).map_err(damaged)?;
        let mut deletions = Vec::new();
        for entry in table.iter().map_err(damaged)? {
            let (number, row) = entry.map_err(damaged)?;
            let key = number.value().to_be_bytes();
            let row = self.cipher.open("deletions", &key, row.value());
            let row = row.map_err(|error| self.wrong(&error))?;
            deletions.push(parse_deletion(&row).map_err(|error| self.wrong(&error))?);
        }
        Ok(deletions)
    }

    fn expired_through(&self, source: u32) -> Result<u64, AgentError> {
        let row = self.state(&expired_row(source))?;
        row.map_or(Ok(0), |row| rows::parse_number(&row).map_err(|error| self.wrong(&error)))
    }

    fn stands(&self, key: (u32, u64)) -> Result<Stands, AgentError> {
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(STATEMENTS).map_err(damaged)?;
        let Some(row) = owned(&table, key)? else { return Ok(Stands::Lost) };
        let receipts = transaction.open_table(RECEIPTS).map_err(damaged)?;
        if receipts.get(key).map_err(damaged)?.is_none() {
            return Ok(Stands::Waits);
        }
        let row = StatementRow::parse(&row).map_err(|error| self.wrong(&error))?;
        Ok(Stands::Anchored(row.sealed))
    }

    fn due(
        &self,
        source: &KeyName,
        key: (u32, u64),
        sealed: UnixMillis,
        now: UnixMillis,
        rules: &[Rule],
        boards: &mut Boards,
    ) -> Result<Due, AgentError> {
        let (opening, holds) = (self.opening(source, key.1)?, self.holds()?);
        boards.learn(self, &holds)?;
        let (mut records, mut words, mut held) = (Vec::new(), Vec::new(), 0);
        // The header stays: without it the number of records could not be shown.
        for (index, kept) in opening.records.iter().enumerate().skip(1) {
            let Some(record) = kept.whole() else { continue };
            let kind = record.kind().as_str();
            let rule = rules.iter().find(|rule| rule.names(source, kind));
            let Some(rule) = rule.filter(|rule| rule.keeps_until(sealed) <= now.0) else {
                continue;
            };
            if holds.iter().any(|hold| hold.keeps(self, boards, source, sealed, record)) {
                held += 1;
                continue;
            }
            records.push(index);
            words.push(rule.words());
        }
        words.sort_unstable();
        words.dedup();
        Ok(Due { source: source.clone(), key, sealed, opening, records, rules: words, held })
    }

    /// Deletes records of one statement in one transaction; captures wait, so that none of them
    /// counts on evidence that goes. `false` if a hold that was placed meanwhile keeps one of them:
    /// then nothing is deleted.
    fn delete(
        &self,
        due: &Due,
        now: UnixMillis,
        dry_run: bool,
        expired: &mut Expired,
        boards: &mut Boards,
    ) -> Result<bool, AgentError> {
        if dry_run {
            expired.records += due.records.len() as u64;
            for index in &due.records {
                if let Some(blob) = self.last_reference(due.opening.records[*index].evidence())? {
                    expired.evidence += 1;
                    expired.bytes += blob.size;
                }
            }
            return Ok(true);
        }
        let mut opening = due.opening.clone();
        for index in &due.records {
            opening.records[*index] = opening.records[*index].shredded();
        }
        let pieces = self.opening_pieces(due.key, &opening)?;
        let packs = self.packs.lock().unwrap_or_else(PoisonError::into_inner);
        let deleted = self.write(Sync::Later, |transaction| {
            // Placing a hold is a transaction too: it is in here, or comes behind this one.
            let holds = self.holds_in(transaction)?;
            boards.learn(self, &holds)?;
            if due.is_held(self, &holds, boards) {
                return Ok(None);
            }
            put_pieces(transaction, due.key, &pieces)?;
            self.remove_places(transaction, due)?;
            let gone = self.remove_evidence(transaction, due)?;
            let deletion = due.deletion(now, gone);
            let mut table = transaction.open_table(DELETIONS).map_err(damaged)?;
            let last = table.last().map_err(damaged)?.map(|(number, _)| number.value());
            let number = last.unwrap_or_default() + 1;
            let row = deletion_row(&deletion);
            let sealed = self.cipher.seal("deletions", &number.to_be_bytes(), &row)?;
            table.insert(number, sealed.as_slice()).map_err(damaged)?;
            Ok(Some(gone))
        })?;
        drop(packs);
        let Some((evidence, bytes)) = deleted else { return Ok(false) };
        expired.records += due.records.len() as u64;
        expired.evidence += evidence;
        expired.bytes += bytes;
        Ok(true)
    }

    fn last_reference(&self, hash: Option<Hash256>) -> Result<Option<Blob>, AgentError> {
        let Some(hash) = hash else { return Ok(None) };
        let transaction = self.database.begin_read().map_err(damaged)?;
        let table = transaction.open_table(BLOBS).map_err(damaged)?;
        let Some(row) = owned(&table, self.item_id(&hash).as_slice())? else { return Ok(None) };
        let blob = Blob::parse(&row).map_err(|error| self.wrong(&error))?;
        Ok((blob.references <= 1).then_some(blob))
    }

    /// Forgets by which files and units the records were found.
    fn remove_places(&self, transaction: &WriteTransaction, due: &Due) -> Result<(), AgentError> {
        let mut of_file = transaction.open_table(OF_FILE).map_err(damaged)?;
        let mut of_unit = transaction.open_table(OF_UNIT).map_err(damaged)?;
        for index in &due.records {
            let kept = &due.opening.records[*index];
            let Some(record) = kept.whole() else { continue };
            let number = u32::try_from(*index).expect("a batch is bounded");
            for hash in files_of(record, kept.evidence()) {
                let name = self.cipher.short_name("of_file", &hash);
                let key = place_key(name, due.key.0, due.key.1, number);
                of_file.remove(&key).map_err(damaged)?;
            }
            for unit in units_of(record) {
                let name = self.cipher.short_name("of_unit", unit);
                let key = place_key(name, due.key.0, due.key.1, number);
                of_unit.remove(&key).map_err(damaged)?;
            }
        }
        Ok(())
    }

    /// Takes the records away from their evidence; what then stands behind none is gone.
    fn remove_evidence(
        &self,
        transaction: &WriteTransaction,
        due: &Due,
    ) -> Result<(u64, u64), AgentError> {
        let mut blobs = transaction.open_table(BLOBS).map_err(damaged)?;
        let mut packs = transaction.open_table(PACKS).map_err(damaged)?;
        let (mut evidence, mut bytes) = (0, 0);
        for index in &due.records {
            let Some(hash) = due.opening.records[*index].evidence() else { continue };
            let id = self.item_id(&hash);
            let Some(row) = owned(&blobs, id.as_slice())? else { continue };
            let blob = Blob::parse(&row).map_err(|error| self.wrong(&error))?;
            if blob.references > 1 {
                let row = Blob { references: blob.references - 1, ..blob }.to_row();
                blobs.insert(id.as_slice(), row.as_slice()).map_err(damaged)?;
                continue;
            }
            blobs.remove(id.as_slice()).map_err(damaged)?;
            (evidence, bytes) = (evidence + 1, bytes + blob.size);
            let Some(row) = owned(&packs, blob.pack)? else { continue };
            let pack = PackRow::parse(&row).map_err(|error| self.wrong(&error))?;
            let item = ItemHeader { sealed: self.cipher.is_sealed(), id, size: blob.size };
            let row = PackRow { dead: pack.dead + item.whole_size(), ..pack }.to_row();
            packs.insert(blob.pack, row.as_slice()).map_err(damaged)?;
        }
        Ok((evidence, bytes))
    }
}

impl Due {
    /// Whether one of these holds keeps any of the records.
    fn is_held(&self, vault: &Vault, holds: &[Hold], boards: &Boards) -> bool {
        let records = self.records.iter().filter_map(|at| self.opening.records[*at].whole());
        let kept = |record| {
            let (source, sealed) = (&self.source, self.sealed);
            holds.iter().any(|hold| hold.keeps(vault, boards, source, sealed, record))
        };
        records.into_iter().any(kept)
    }

    /// Records that were whole before, the header among them.
    fn whole(&self) -> usize {
        self.opening.records.iter().filter(|kept| kept.whole().is_some()).count()
    }

    fn deletion(&self, now: UnixMillis, (evidence, bytes): (u64, u64)) -> Deletion {
        Deletion {
            deleted: now,
            source: self.source.clone(),
            sequence: self.key.1,
            records: self.records.iter().map(|index| *index as u64).collect(),
            evidence,
            bytes,
            rules: self.rules.join("; "),
        }
    }
}

/// The row of `state` with the first statement of a source that may hold anything to delete.
fn expired_row(source: u32) -> String {
    format!("vault/expired/{source}")
}

fn deletion_row(deletion: &Deletion) -> Vec<u8> {
    let mut row = Writer::default();
    row.number(deletion.deleted.0).bytes(deletion.source.as_str().as_bytes());
    row.number(deletion.sequence).number(deletion.records.len() as u64);
    for record in &deletion.records {
        row.number(*record);
    }
    row.number(deletion.evidence).number(deletion.bytes).bytes(deletion.rules.as_bytes()).take()
}

fn parse_deletion(row: &[u8]) -> Result<Deletion, Malformed> {
    let mut reader = Reader::new(row);
    let deleted = UnixMillis(reader.number()?);
    let source = KeyName::parse(reader.text()?).map_err(|_| Malformed)?;
    let sequence = reader.number()?;
    let count = reader.size(row.len())?;
    let records: Result<Vec<u64>, Malformed> = (0..count).map(|_| reader.number()).collect();
    let (records, evidence, bytes) = (records?, reader.number()?, reader.number()?);
    let rules = reader.text()?.to_string();
    reader.end()?;
    Ok(Deletion { deleted, source, sequence, records, evidence, bytes, rules })
}

#[cfg(test)]
mod tests {
    use super::super::holds::Scope;
    use super::super::tests::support::*;
    use super::super::{Unlock, Vault};
    use super::*;

    /// A hold that comes between the finding and the deleting of what is due.
    fn held_meanwhile(hold: impl FnOnce(&Vault)) -> (bool, Expired) {
        let folder = tempfile::tempdir().unwrap();
        let vault = create(&folder.path().join("V"), &Unlock::Plain);
        capture(&vault, 0..2).unwrap();
        let statement = seal(&vault, 9).unwrap();
        anchor(&vault).unwrap();
        let rule = Rule { source: None, kind: None, keep_days: 0 };
        let (key, sealed) = ((vault.source(&source()).unwrap().number, 0), UnixMillis(1));
        let (rules, mut boards) = (std::slice::from_ref(&rule), Boards::default());
        let due = vault.due(&source(), key, sealed, UnixMillis(2), rules, &mut boards);
        let due = due.unwrap();
        assert_eq!(due.records, [1, 2]);
        hold(&vault);
        let mut expired = Expired::default();
        let deleted = vault.delete(&due, UnixMillis(2), false, &mut expired, &mut boards).unwrap();
        let opening = vault.opening(&source(), statement.sequence()).unwrap();
        assert_eq!(opening.records[1].whole().is_none(), deleted, "all of them or none");
        if !deleted {
            assert_eq!(expired, Expired::default());
            // The run that was under way goes on with what the hold leaves.
            let expired = vault.expire(UnixMillis(u64::MAX), &[rule], false).unwrap();
            return (deleted, expired);
        }
        (deleted, expired)
    }

    #[test]
    fn a_hold_that_is_placed_while_records_expire_keeps_what_is_not_deleted_yet() {
        let (deleted, expired) = held_meanwhile(|_| {});
        assert_eq!((deleted, expired.records, expired.held), (true, 2, 0));
        for scope in [
            Scope::Unit(b"SN-1-A".to_vec()),
            Scope::Unit(b"PNL00001".to_vec()),
            Scope::Source(source()),
            Scope::Lot(b"LOT-77".to_vec()),
        ] {
            let place = |vault: &Vault| drop(vault.add_hold(scope.clone(), "claim", UnixMillis(3)));
            let (deleted, expired) = held_meanwhile(place);
            let held = if matches!(scope, Scope::Unit(_)) { 1 } else { 2 };
            assert_eq!((deleted, expired.records, expired.held), (false, 2 - held, held));
        }
        // A unit that is said meanwhile to belong to a lot that is held.
        let (deleted, expired) = held_meanwhile(|vault| {
            vault.add_hold(Scope::Lot(b"L".to_vec()), "claim", UnixMillis(3)).unwrap();
            vault.put_lot_of_units(b"L", &[b"SN-0-B"]).unwrap();
        });
        assert_eq!((deleted, expired.records, expired.held), (false, 1, 1));
        let (deleted, _) = held_meanwhile(|vault| {
            vault.add_hold(Scope::Unit(b"SN-7-A".to_vec()), "other", UnixMillis(3)).unwrap();
        });
        assert!(deleted, "a hold of something else keeps nothing of it");
    }
}
