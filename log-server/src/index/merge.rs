//! Merging: eight runs of one tier become one of the next, block by block in flat memory.
//!
//! The merged run is complete on disk before the list of runs names it, and the old blocks are
//! removed only afterwards, so a crash in between leaves either list and everything it names.

use super::{
    Damaged, FILTER_PART, Filter, Index, MERGE_RUNS, Record, Run, SHORT_SIZE, block_bits,
    block_key, filter_key, next_id, read_block, write_block, write_filter, write_runs,
};

/// What merging needs to know of a run.
#[derive(Clone, Copy)]
struct Source {
    id: u32,
    first: u64,
    end: u64,
    keys: u64,
}

impl Index {
    /// Merges the last runs if there are eight of one tier. Returns whether it did.
    ///
    /// Only the index thread changes the runs, so what is read here stays true while it works.
    pub(super) fn merge_once(&self) -> Result<bool, Damaged> {
        let Some((sources, tier, id)) = self.due() else {
            return Ok(false);
        };
        let database = self.database()?;
        let merged = merge(&database, &sources, tier, id)?;
        write_filter(&database, &merged)?;
        {
            let mut runs = self.runs.write().expect("no panic under this lock");
            let keep = runs.len() - MERGE_RUNS;
            runs.truncate(keep);
            runs.push(merged);
            write_runs(&database, &runs)?;
        }
        sources.iter().try_for_each(|source| remove(&database, *source, tier))?;
        Ok(true)
    }

    fn due(&self) -> Option<([Source; MERGE_RUNS], u8, u32)> {
        let runs = self.runs.read().expect("no panic under this lock");
        let last: &[Run; MERGE_RUNS] = runs.last_chunk()?;
        let tier = last[0].tier;
        let source =
            |run: &Run| Source { id: run.id, first: run.first, end: run.end, keys: run.keys };
        last.iter()
            .all(|run| run.tier == tier)
            .then(|| (last.each_ref().map(source), tier, next_id(&runs)))
    }
}

fn merge(
    database: &sled::Db,
    sources: &[Source; MERGE_RUNS],
    tier: u8,
    id: u32,
) -> Result<Run, Damaged> {
    let (first, end) = (sources[0].first, sources[MERGE_RUNS - 1].end);
    let keys = sources.iter().map(|source| source.keys).sum::<u64>();
    let mut filter = Filter::for_keys(usize::try_from(keys).map_err(|_| Damaged)?);
    let split_bits = block_bits(tier + 1) - block_bits(tier);
    for block in 0..1_u32 << block_bits(tier) {
        let mut parts: Vec<Vec<Record>> = vec![Vec::new(); 1 << split_bits];
        for source in sources {
            let shift = source.first.checked_sub(first).and_then(|shift| u32::try_from(shift).ok());
            for record in read_block(database, source.id, block)? {
                let offset = shift.and_then(|shift| record.offset.checked_add(shift));
                let record = Record { offset: offset.ok_or(Damaged)?, ..record };
                filter.insert(record.short);
                parts[part_of(record.short, tier, split_bits)].push(record);
            }
        }
        for (number, part) in parts.iter().enumerate() {
            write_block(database, id, (block << split_bits) + number as u32, part)?;
        }
    }
    Ok(Run { id, tier: tier + 1, first, end, keys, filter })
}

/// Which of the blocks that one block is split into takes a key: its next bits.
fn part_of(short: [u8; SHORT_SIZE], tier: u8, split_bits: u32) -> usize {
    let [a, b, c, d, _] = short;
    let bits = u32::from_be_bytes([a, b, c, d]) << block_bits(tier);
    if split_bits == 0 { 0 } else { (bits >> (32 - split_bits)) as usize }
}

fn remove(database: &sled::Db, source: Source, tier: u8) -> Result<(), Damaged> {
    for block in 0..1_u32 << block_bits(tier) {
        database.remove(block_key(source.id, block)).map_err(|_| Damaged)?;
    }
    let keys = usize::try_from(source.keys).map_err(|_| Damaged)?;
    for part in 0..Filter::bytes_for_keys(keys).div_ceil(FILTER_PART) {
        database.remove(filter_key(source.id, part as u32)).map_err(|_| Damaged)?;
    }
    Ok(())
}
