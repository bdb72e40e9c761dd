//! Notes how the log grows while it is served, for the explorer's chart.
//!
//! A task beside the engine, which it never waits for and which never waits for it: it looks at what
//! is published, and writes its file every few minutes and at the end. A file that cannot be written
//! is worth a warning and nothing more.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};

use crate::disk::MachineDisk;
use crate::explorer::growth::Growth;
use crate::log::Log;
use crate::publisher::unix_seconds;

/// How often it is looked.
const LOOK: Duration = Duration::from_secs(10);

/// How often it is written: one file of some ten kilobytes.
const WRITE: Duration = Duration::from_secs(600);

/// The task, until it is ended.
pub(crate) struct Growing {
    growth: Growth,
    disk: Arc<MachineDisk>,
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Growing {
    /// Begins with what was noted before.
    pub(crate) fn begin(log: &Log) -> std::io::Result<Self> {
        let disk = Arc::new(MachineDisk::open(log.folder())?);
        let growth = Growth::load(disk.as_ref(), log.folder());
        note(&growth, log);
        let (end, ended) = oneshot::channel();
        let task = tokio::spawn(work(growth.clone(), log.clone(), Arc::clone(&disk), ended));
        Ok(Self { growth, disk, end, task })
    }

    /// What is noted.
    pub(crate) fn shown(&self) -> Growth {
        self.growth.clone()
    }

    /// Ends the task, and writes what is noted; while the log still holds its folder.
    pub(crate) async fn end(self, log: &Log) {
        let _ = self.end.send(());
        if self.task.await.is_err() {
            tracing::error!("noting the growth ended in a panic");
        }
        note(&self.growth, log);
        store(self.growth, log.clone(), self.disk).await;
    }
}

async fn work(growth: Growth, log: Log, disk: Arc<MachineDisk>, mut ended: oneshot::Receiver<()>) {
    let mut looks = interval(LOOK);
    let mut written = Instant::now();
    loop {
        tokio::select! {
            _ = &mut ended => return,
            _ = looks.tick() => {}
        }
        note(&growth, &log);
        if written.elapsed() >= WRITE {
            written = Instant::now();
            store(growth.clone(), log.clone(), Arc::clone(&disk)).await;
        }
    }
}

/// Notes the published size of this moment; nothing before the first head.
fn note(growth: &Growth, log: &Log) {
    let published = log.published();
    if !published.note.is_empty() {
        growth.note(unix_seconds(), published.checkpoint.tree().size());
    }
}

async fn store(growth: Growth, log: Log, disk: Arc<MachineDisk>) {
    let write = move || growth.store(disk.as_ref(), log.folder());
    match tokio::task::spawn_blocking(write).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the growth of the log was not written"),
        Err(_) => tracing::error!("writing the growth ended in a panic"),
    }
}
