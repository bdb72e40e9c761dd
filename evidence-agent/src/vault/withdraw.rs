//! Statements that the log refused for ever are taken out of a chain, and their records wait again.
//!
//! One transaction: a record is behind a statement or in the queue, never in both and never in
//! neither. The spool decides; see `spool::resume`.

use redb::ReadableTable;
use spec::key::KeyName;

use super::chain::{files_of, units_of};
use super::open::Sync;
use super::rows;
use super::tables::{
    HEADS, OF_FILE, OF_UNIT, OPENINGS, PENDING, STATE, STATEMENTS, WAITING, damaged, numbered_key,
    place_key,
};
use super::{Head, Vault};
use crate::error::AgentError;
use crate::model::Pending;

impl Vault {
    /// Takes the statements of a source from sequence `first` on out of its chain, puts `again`
    /// in front of its queue, and moves the chain's end to `head`, which may lie before the old one.
    ///
    /// `from` is the end that the caller has judged by: a chain that moved meanwhile is refused, since
    /// what was made of it then is wrong by now. `said` is the name and value of a row of state that
    /// becomes true with it.
    ///
    /// None of the statements may be anchored: what the log has proved stays for ever.
    pub(crate) fn withdraw(
        &self,
        source: &KeyName,
        first: u64,
        from: &Head,
        head: &Head,
        again: &[Pending],
        said: (&str, &[u8]),
    ) -> Result<(), AgentError> {
        let number = self.source(source)?.number;
        let mut openings = Vec::new();
        for sequence in first..from.next_sequence {
            if self.receipt(source, sequence)?.is_some() {
                let reason = format!("statement {sequence} of {source} is anchored and stays");
                return Err(self.wrong(&reason));
            }
            if self.statement(source, sequence)?.is_some() {
                openings.push((sequence, self.opening(source, sequence)?));
            }
        }
        let (name, value) = said;
        let said = self.cipher.seal("state", name.as_bytes(), value)?;
        self.write(Sync::Now, |transaction| {
            let mut heads = transaction.open_table(HEADS).map_err(damaged)?;
            let (now, mut next_pending) = self.read_head(&heads, number)?;
            if now != *from {
                let reason = format!("the chain of {source} moved meanwhile; ask again");
                return Err(AgentError::Failed(reason));
            }
            let mut state = transaction.open_table(STATE).map_err(damaged)?;
            state.insert(name, said.as_slice()).map_err(damaged)?;
            drop(state);
            let range = (number, first)..=(number, u64::MAX);
            let mut table = transaction.open_table(STATEMENTS).map_err(damaged)?;
            table.retain_in(range.clone(), |_, _| false).map_err(damaged)?;
            let mut table = transaction.open_table(WAITING).map_err(damaged)?;
            table.retain_in(range, |_, _| false).map_err(damaged)?;
            let mut table = transaction.open_table(OPENINGS).map_err(damaged)?;
            let range = (number, first, 0)..=(number, u64::MAX, u32::MAX);
            table.retain_in(range, |_, _| false).map_err(damaged)?;
            let mut of_file = transaction.open_table(OF_FILE).map_err(damaged)?;
            let mut of_unit = transaction.open_table(OF_UNIT).map_err(damaged)?;
            for (sequence, opening) in &openings {
                for (index, kept) in opening.records.iter().enumerate() {
                    let index = u32::try_from(index).expect("a batch is bounded");
                    let Some(record) = kept.whole() else { continue };
                    for hash in files_of(record, kept.evidence()) {
                        let name = self.cipher.short_name("of_file", &hash);
                        let key = place_key(name, number, *sequence, index);
                        of_file.remove(&key).map_err(damaged)?;
                    }
                    for unit in units_of(record) {
                        let name = self.cipher.short_name("of_unit", unit);
                        let key = place_key(name, number, *sequence, index);
                        of_unit.remove(&key).map_err(damaged)?;
                    }
                }
            }
            let mut table = transaction.open_table(PENDING).map_err(damaged)?;
            let front = table.range((number, 0)..=(number, u64::MAX)).map_err(damaged)?.next();
            let front = front.transpose().map_err(damaged)?.map(|(key, _)| key.value().1);
            let count = again.len() as u64;
            // They waited before what waits now, and their numbers of then are free again. The few
            // records that never waited, such as outages, may want more room than there is.
            let start = front.unwrap_or(next_pending).checked_sub(count).unwrap_or(next_pending);
            for (place, pending) in (start..).zip(again) {
                let key = (number, place);
                let row = rows::pending(pending);
                let row = self.cipher.seal("pending", &numbered_key(key), &row)?;
                table.insert(key, row.as_slice()).map_err(damaged)?;
            }
            next_pending = next_pending.max(start + count);
            heads.insert(number, rows::head(head, next_pending).as_slice()).map_err(damaged)?;
            if head.next_sequence > first {
                self.note_moved(transaction, number, head.next_sequence)?;
            }
            Ok(())
        })
    }
}
