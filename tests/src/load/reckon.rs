//! The reckoning after a run: whether what was acknowledged is there.

use std::time::{Duration, Instant};

use spec::hash::leaf_hash;
use spec::key::VerifierKey;
use spec::tree::{Tree, verify_inclusion};

use super::drive::{Acknowledged, Driven};
use super::entry::entry;
use super::tiles::{Tiles, bundle_of};
use super::watch::Watched;
use super::{Load, LoadError};

/// How long the published checkpoint may lag behind the last acknowledged entry.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often it is asked for meanwhile.
const PERIOD: Duration = Duration::from_millis(20);

/// How many entries are proven included when not all are.
const SAMPLE: usize = 512;

/// The most findings that are kept: a broken log has one for every entry.
const MAX_FINDINGS: usize = 100;

/// What the reckoning found.
#[derive(Debug, Default)]
pub struct Reckoning {
    /// Acknowledged entries that were read back at their index.
    pub readable: u64,
    /// Entries proven included.
    pub included: u64,
    /// Size of the checkpoint that covers the run.
    pub size: u64,
    /// Everything that was wrong, at most a hundred.
    pub findings: Vec<String>,
}

/// Checks every promise of the run. `watched` goes on to the checkpoint that covers it.
pub async fn reckon(
    load: &Load,
    run: u64,
    driven: &Driven,
    watched: &mut Watched,
    tiles: &mut Tiles,
    key: &VerifierKey,
) -> Result<Reckoning, LoadError> {
    let mut reckoning = Reckoning::default();
    if driven.malformed > 0 {
        reckoning.find(format!("{} answers were not bare digits", driven.malformed));
    }
    reckoning.check_unique(&driven.acknowledged);
    let Some(last) = driven.acknowledged.last() else {
        reckoning.find("no entry was acknowledged".to_string());
        return Ok(reckoning);
    };
    let deadline = Instant::now() + PATIENCE;
    let tree = loop {
        if let Some(next) = tiles.checkpoint(key).await? {
            watched.see(tiles, next).await?;
        }
        match watched.last.as_ref().map(|last| last.tree()) {
            Some(tree) if tree.size() > last.index => break tree,
            _ if Instant::now() > deadline => {
                reckoning.find(format!("entry {} was never published", last.index));
                return Ok(reckoning);
            }
            _ => tokio::time::sleep(PERIOD).await,
        }
    };
    reckoning.size = tree.size();
    reckoning.read_back(load, run, &driven.acknowledged, tiles, tree).await?;
    Ok(reckoning)
}

impl Reckoning {
    fn find(&mut self, finding: String) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// Different entries have different indices. `acknowledged` is in order.
    fn check_unique(&mut self, acknowledged: &[Acknowledged]) {
        for pair in acknowledged.windows(2) {
            if pair[0].index == pair[1].index {
                self.find(format!("index {} was given twice", pair[0].index));
            }
        }
    }

    /// Reads every bundle that holds an acknowledged entry, and proves inclusion of some or all.
    async fn read_back(
        &mut self,
        load: &Load,
        run: u64,
        acknowledged: &[Acknowledged],
        tiles: &mut Tiles,
        tree: Tree,
    ) -> Result<(), LoadError> {
        let step = if load.prove_all { 1 } else { acknowledged.len().div_ceil(SAMPLE) };
        let mut at = 0;
        for run_of in acknowledged.chunk_by(|a, b| bundle_of(a.index) == bundle_of(b.index)) {
            let bundle = bundle_of(run_of[0].index);
            let stored = tiles.entries(bundle, tree.size()).await?;
            for one in run_of {
                let want = entry(run, one.number, load.entry_size);
                let offset = (one.index - bundle * spec::tile::TILE_WIDTH) as usize;
                if stored.get(offset).is_some_and(|have| have[..] == want[..]) {
                    self.readable += 1;
                } else {
                    self.find(format!("index {} does not hold the entry given", one.index));
                }
                // The last entry is always proven: it lies on the tree's ragged edge.
                if at % step == 0 || at + 1 == acknowledged.len() {
                    self.prove(one.index, &want, tiles, tree).await?;
                }
                at += 1;
            }
        }
        Ok(())
    }

    async fn prove(
        &mut self,
        index: u64,
        entry: &[u8],
        tiles: &mut Tiles,
        tree: Tree,
    ) -> Result<(), LoadError> {
        let proof = tiles.inclusion(index, tree.size()).await?;
        match verify_inclusion(leaf_hash(entry), index, tree, &proof) {
            Ok(()) => self.included += 1,
            Err(why) => self.find(format!("entry {index} is not in the tree: {why}")),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_given_twice_is_found() {
        let one = |index, number| Acknowledged { index, number };
        let mut reckoning = Reckoning::default();
        reckoning.check_unique(&[one(1, 0), one(2, 1), one(3, 2)]);
        assert!(reckoning.findings.is_empty());
        reckoning.check_unique(&[one(1, 0), one(2, 1), one(2, 2)]);
        assert_eq!(reckoning.findings, ["index 2 was given twice"]);
    }

    #[test]
    fn findings_are_bounded() {
        let mut reckoning = Reckoning::default();
        for at in 0..1000 {
            reckoning.find(at.to_string());
        }
        assert_eq!(reckoning.findings.len(), MAX_FINDINGS);
    }
}
