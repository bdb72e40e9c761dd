//! The rules: each looks at one unit's evidence and says what it finds.
//!
//! Rule: `spec/text/reconcile.md`, where each has its reason and its source. They do not know of one
//! another, so that one unit may have several findings at once.

mod behind;
mod context;
mod ledger;
mod limits;
mod looks;
mod opened;
mod ovens;
#[cfg(test)]
mod tests;
mod verdicts;

use super::case::Case;
use super::finding::Finding;

pub(super) use context::Context;
pub(crate) use ledger::Counted;
pub(super) use ledger::count;

/// Everything that is found of a unit.
pub(super) fn judge(case: &Case<'_>, context: &Context<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    looks::twice_in_list(case, &mut found);
    if looks::missing(case, &mut found) {
        // What else may be said is said of records.
        if !case.own.is_empty() {
            ovens::judge(case, context, &mut found);
            opened::judge(case, &mut found);
        }
        return found;
    }
    opened::judge(case, &mut found);
    looks::attempts(case, &mut found);
    looks::tried_again(case, &mut found);
    looks::edited(case, &mut found);
    looks::before(case, &mut found);
    verdicts::judge(case, &mut found);
    ovens::judge(case, context, &mut found);
    limits::judge(case, context, &mut found);
    found
}
