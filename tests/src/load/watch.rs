//! Watches the published checkpoint while the load runs, as a monitor would.

use std::time::Duration;

use spec::checkpoint::Checkpoint;
use spec::key::VerifierKey;
use spec::tree::verify_consistency;
use tokio::sync::watch::Receiver;

use super::LoadError;
use super::tiles::Tiles;

/// How often the checkpoint is asked for.
const PERIOD: Duration = Duration::from_millis(100);

/// What was seen.
#[derive(Debug, Default)]
pub struct Watched {
    /// How many different checkpoints were seen.
    pub checkpoints: u64,
    /// How many pairs of neighbours were proven consistent.
    pub consistent: u64,
    /// The last one.
    pub last: Option<Checkpoint>,
    /// Everything that was wrong.
    pub findings: Vec<String>,
}

/// Polls until `stop` turns true. Every new checkpoint is proven consistent with the one before,
/// from tiles, at once: a fork is seen when it happens.
pub async fn watch(
    mut tiles: Tiles,
    key: VerifierKey,
    mut stop: Receiver<bool>,
) -> Result<Watched, LoadError> {
    let mut watched = Watched::default();
    loop {
        if let Some(next) = tiles.checkpoint(&key).await? {
            watched.see(&mut tiles, next).await?;
        }
        let stopped = tokio::time::timeout(PERIOD, stop.wait_for(|stop| *stop)).await;
        if stopped.is_ok() {
            return Ok(watched);
        }
    }
}

impl Watched {
    /// Takes note of a checkpoint and compares it with the one before.
    pub async fn see(&mut self, tiles: &mut Tiles, next: Checkpoint) -> Result<(), LoadError> {
        let Some(last) = &self.last else {
            self.checkpoints = 1;
            self.last = Some(next);
            return Ok(());
        };
        let (old, new) = (last.tree(), next.tree());
        if old == new {
            return Ok(());
        }
        self.checkpoints += 1;
        if new.size() <= old.size() {
            let (old, new) = (old.size(), new.size());
            self.findings.push(format!("the checkpoint went from size {old} to {new}"));
            return Ok(());
        }
        let proof = tiles.consistency(old, new).await?;
        match verify_consistency(old, new, &proof) {
            Ok(()) => self.consistent += 1,
            Err(why) => self.findings.push(format!(
                "the checkpoints of sizes {} and {} are not of one log: {why}",
                old.size(),
                new.size()
            )),
        }
        self.last = Some(next);
        Ok(())
    }
}
