//! The publisher: signs tree heads, and publishes them.
//!
//! It never signs a fork. Before each signature the last signed head is read from its file and the
//! root at its size is computed again from the journal and the objects as the disk gives them
//! back; the new tree is computed the same way and compared with the sequencer's; the step between
//! the two is proved consistent with the proof that clients would get. Any difference stops the
//! log. The new head is durable before its signature leaves the process.
//!
//! Published when something was committed, without a timer. Signing costs some milliseconds of
//! disk, on which commits wait too. So it takes at most a fifth of the time, by resting four times
//! as long after each, and rests for a tenth of a second when hundreds of entries came meanwhile.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use spec::checkpoint::Checkpoint;
use spec::note::Note;
use spec::tree::{Tree, verify_consistency};

use crate::answer::{Fatal, Published};
use crate::heads::{Heads, SignedHead, WriteError};
use crate::sealer::ADVICE;
use crate::shared::{JOURNAL, Seen, Shared};
use crate::stored::Stored;

/// How many times as long as the last publication took it rests under load.
const REST: u32 = 4;

/// So many entries under one new head mean a busy log, which gains more from undisturbed commits.
const BUSY_ENTRIES: u64 = 256;

/// The longest rest, and that of a busy log.
const REST_MAX: Duration = Duration::from_millis(100);

/// How long to wait after storage refused.
const RETRY: Duration = Duration::from_secs(1);

/// How long to sleep when nothing rings: only a safety net.
const IDLE: Duration = Duration::from_secs(60);

/// Signs and publishes. Owns the two files of heads.
pub struct Publisher {
    shared: Arc<Shared>,
    heads: Heads,
    /// The last signed head, as this process knows it; its file must say the same.
    signed: Option<SignedHead>,
}

impl Publisher {
    /// Goes on from the last signed head.
    #[must_use]
    pub const fn new(shared: Arc<Shared>, heads: Heads, signed: Option<SignedHead>) -> Self {
        Self { shared, heads, signed }
    }

    /// Works until the log is over and all that was committed is published.
    pub fn run(&mut self) -> Result<(), Fatal> {
        loop {
            let over = self.shared.is_over();
            if self.shared.fatal().is_some() {
                return Ok(());
            }
            let (before, size) = (Instant::now(), self.shared.published_size());
            match self.publish() {
                Ok(true) => {
                    let busy = self.shared.published_size() - size > BUSY_ENTRIES;
                    let rest = (before.elapsed() * REST).min(REST_MAX);
                    let rest = if busy { REST_MAX } else { rest };
                    if !over {
                        std::thread::sleep(rest);
                    }
                }
                Ok(false) if over => return Ok(()),
                Ok(false) => self.shared.publish_bell.wait(IDLE),
                Err(WriteError::Fatal(fatal)) => return Err(fatal),
                Err(WriteError::Refused(error)) => {
                    tracing::warn!(%error, "the new head could not be stored; it is tried again");
                    if over {
                        return Ok(());
                    }
                    std::thread::sleep(RETRY);
                }
            }
        }
    }

    /// Signs and publishes the committed tree. `false` if it is published already.
    pub fn publish(&mut self) -> Result<bool, WriteError> {
        // A head that was signed and not published is published as it is: never two for one size.
        // Before the first checkpoint there is no note; an empty tree's size does not show that.
        let shown = self.shared.published();
        if let Some(signed) = self.signed.clone()
            && (shown.note.is_empty()
                || signed.checkpoint.tree().size() > shown.checkpoint.tree().size())
        {
            self.show(signed)?;
            return Ok(true);
        }
        let committed =
            self.shared.tail.read().expect("no panic under this lock").frontier().tree();
        let last = self.signed.as_ref().map(|signed| signed.checkpoint.tree());
        if last == Some(committed) {
            return Ok(false);
        }
        self.check_step(last, committed)?;
        let head = self.sign(committed)?;
        self.heads.write_signed(&head.note)?;
        self.shared.signed_size.store(committed.size(), Ordering::Release);
        self.signed = Some(head.clone());
        self.show(head)?;
        Ok(true)
    }

    /// Proves from what is stored that `new` may be signed after `last`.
    fn check_step(&self, last: Option<Tree>, new: Tree) -> Result<(), Fatal> {
        let on_file = self.heads.read_signed(&self.shared.origin, &self.shared.keys)?;
        if on_file.map(|head| head.checkpoint.tree()) != last {
            return Err(Fatal::new(
                "The file of the last signed head changed while the log was running. Nothing but \
                 this process may write it. Find out who did, restore the newest copy, and start \
                 again.",
            ));
        }
        let journal = self.shared.folder.join(JOURNAL);
        let stored = Stored::read(self.shared.disk.as_ref(), &journal)?;
        let objects = self.shared.objects.as_ref();
        let old = last.unwrap_or(Tree::EMPTY);
        if stored.tree(old.size(), objects)? != old {
            return Err(fork("the tree that was signed last", old));
        }
        if stored.tree(new.size(), objects)? != new {
            return Err(fork("the tree in memory", new));
        }
        let proof =
            self.shared.prove_committed_consistency(old.size(), new.size()).map_err(|error| {
                Fatal::new(format!("No consistency proof can be made: {error}. {ADVICE}"))
            })?;
        verify_consistency(old, new, &proof).map_err(|error| {
            Fatal::new(format!(
                "The new tree does not continue the signed one ({error}). It is not signed. Run \
                 `fiducial-log check` on the data folder."
            ))
        })
    }

    fn sign(&self, tree: Tree) -> Result<SignedHead, Fatal> {
        let checkpoint = Checkpoint::new(self.shared.origin.clone(), tree);
        let signatures =
            self.shared.keys.sign(&checkpoint, unix_seconds()).map_err(|error| {
                Fatal::new(format!("The new head could not be signed: {error}."))
            })?;
        Ok(SignedHead { note: Note::new(checkpoint.to_string(), signatures), checkpoint })
    }

    fn show(&self, head: SignedHead) -> Result<(), WriteError> {
        self.heads.write_published(&head.note)?;
        let published =
            Published { note: head.note.to_bytes().into(), checkpoint: head.checkpoint };
        let seen = Arc::new(published);
        self.shared.seen.send_modify(|state: &mut Seen| {
            state.published = seen;
            state.published_at = unix_seconds();
        });
        Ok(())
    }
}

fn fork(what: &str, tree: Tree) -> Fatal {
    Fatal::new(format!(
        "What is stored has another root at size {} than {what}. Signing now would fork the log, \
         so it stops. Either files were restored or changed underneath it, or the disk or memory \
         is failing. Run `fiducial-log check`, restore the damaged files from the newest copy or \
         from a mirror, and start again.",
        tree.size()
    ))
}

fn unix_seconds() -> u64 {
    // A clock before 1970 counts as 1970; nothing here is decided by it.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
