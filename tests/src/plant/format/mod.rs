//! The formats of the machines, byte by byte. Each file says what it is modelled after.

pub(crate) mod cfx;
pub(crate) mod domestic;
pub(crate) mod json;
pub(crate) mod omron;
pub(crate) mod oven;
pub(crate) mod profile;
pub(crate) mod saki;
pub(crate) mod tables;
pub(crate) mod yestech;

use super::report::{Draft, Inspection, Style};

/// What the inspection machine leaves behind, or, once judged, what the review does to it.
pub(crate) fn report(inspection: &Inspection<'_>) -> Vec<Draft> {
    match inspection.line.style {
        Style::Cfx => vec![cfx::inspected(inspection)],
        Style::Domestic => domestic::report(inspection),
        Style::Omron => vec![omron::report(inspection)],
        Style::Saki => vec![saki::report(inspection)],
        Style::Yestech => yestech::report(inspection),
    }
}

/// The machine's own file written again, as if it had found nothing. What only grows cannot be
/// written again without a trace, and is left alone.
pub(crate) fn edited(inspection: &Inspection<'_>) -> Draft {
    let mut clean = inspection.clone();
    for board in &mut clean.boards {
        board.calls.clear();
    }
    clean.judged = None;
    let mut drafts = report(&clean);
    drafts.swap_remove(0)
}
