//! The notes of a dossier, each judged once.
//!
//! Statements that were anchored together have one checkpoint in their receipts, and what one's receipt
//! holds the next names in its `after` line: a dossier has far fewer notes than places where one stands.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use spec::note::Note;
use spec::policy::{AcceptedCheckpoint, PolicyFailure};

use crate::command::{Judge, Judged, Stop};

/// What the policy says of a note, once somebody has asked.
type Verdict = Arc<OnceLock<Result<AcceptedCheckpoint, PolicyFailure>>>;

/// The notes that were asked about, each with all of its signatures: one with others is another. The judge and
/// his policy stay the same.
pub(super) struct Notes<'a> {
    judge: &'a Judge,
    known: Mutex<BTreeMap<Arc<Note>, Verdict>>,
}

impl<'a> Notes<'a> {
    pub(super) const fn new(judge: &'a Judge) -> Self {
        Self { judge, known: Mutex::new(BTreeMap::new()) }
    }

    /// Judges a note under the policy. The caller adds the other demands: [`Judge::consider`].
    pub(super) fn check(&self, note: &Arc<Note>) -> Result<AcceptedCheckpoint, Stop> {
        let verdict = {
            // Nothing panics while it is held, and what is in it is whole at any time.
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(known.entry(Arc::clone(note)).or_default())
        };
        let verdict = verdict.get_or_init(|| self.judge.policy().check(note));
        verdict.clone().map_err(|why| self.judge.refuse(note, &why))
    }

    /// Judges a note under all demands.
    pub(super) fn accept(&self, note: &Arc<Note>) -> Result<Judged, Stop> {
        self.judge.consider(self.check(note)?)
    }
}
