//! The caller's units that no machine has inspected, as far as is shown.
//!
//! That is no verdict on them: `reconcile` gives that. But nobody is to read VERIFIED over a board that was never
//! inspected without being told.

use super::statements::Checked;
use crate::list::Unit;
use crate::messages::{Message, Said};
use crate::reconcile::uninspected;
use crate::report::Report;

/// How many of them are named.
const MAX_NAMED: usize = 10;

/// Says of how many units, and of which, no report of a machine that inspects is shown.
pub(super) fn say(report: &mut Report, units: &[Unit], checked: &[Checked]) {
    let records = checked.iter().flat_map(|one| {
        let (source, sequence) = (one.statement.source(), one.place.sequence);
        one.opened.records().iter().map(move |record| (source, sequence, record))
    });
    say_missing(report, units.len(), &uninspected(units, records));
}

fn say_missing(report: &mut Report, all: usize, missing: &[&Unit]) {
    if missing.is_empty() {
        return;
    }
    let names: Vec<&str> =
        missing.iter().take(MAX_NAMED).map(|unit| unit.serial.as_str()).collect();
    let mut names = names.join(", ");
    if missing.len() > MAX_NAMED {
        names += &format!(" (+{})", missing.len() - MAX_NAMED);
    }
    let numbers = [missing.len(), all].map(|number| number.to_string());
    report.reason(Said::new(Message::OwnNotInspected, &[&numbers[0], &numbers[1], &names]));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Language;
    use crate::report::Verdict;

    #[test]
    fn units_without_an_inspection_are_named_and_many_are_counted() {
        let told = |count: usize| {
            let unit = |at: usize| Unit { serial: format!("SN{at}"), ..Unit::default() };
            let units: Vec<Unit> = (0..count).map(unit).collect();
            let mut report = Report::new(Verdict::Verified);
            say_missing(&mut report, 12, &units.iter().collect::<Vec<_>>());
            assert_eq!(report.verdict(), Verdict::Verified);
            let reasons = report.reasons().iter();
            reasons.map(|said| said.to_text(Language::English)).collect::<Vec<_>>()
        };
        assert!(told(0).is_empty());
        let two = "is shown for 2 of your 12 units: SN0, SN1; `reconcile` judges that";
        assert!(told(2)[0].ends_with(two), "{:?}", told(2));
        assert!(
            told(11)[0].contains("11 of your 12 units: SN0, ") && told(11)[0].contains("SN9 (+1);")
        );
    }
}
