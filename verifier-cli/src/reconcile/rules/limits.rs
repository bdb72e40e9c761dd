//! Limits and programs that were changed and kept their revision.

use spec::evidence::kind::Kind;

use super::context::Context;
use crate::messages::Message;
use crate::reconcile::case::Case;
use crate::reconcile::finding::Finding;

pub(super) fn judge(case: &Case<'_>, context: &Context<'_>, found: &mut Vec<Finding>) {
    for report in case.of_kind(Kind::AoiReport) {
        let source = report.source.as_str();
        if let Some(program) = context.hidden_programs.get(source) {
            found.push(Finding::new(Message::FoundNotOpened, &["revision"]).on([*program]));
        }
        for change in &context.changed {
            let is_beside = change.entry.source == report.source;
            let seen = report.seen();
            let at = report.claimed().unwrap_or(seen);
            let during = |at: u64| (change.from..=change.until).contains(&at);
            let names_it = report.bytes("program/sha256") == change.entry.bytes("file/sha256")
                && report.bytes("program/sha256").is_some();
            if names_it || is_beside && (during(seen) || during(at)) {
                let name = change.entry.text("file/name").unwrap_or_default();
                let revision = change.entry.text("revision").unwrap_or_default();
                let finding = Finding::new(Message::FoundLimits, &[&name, &revision]);
                found.push(finding.on([report, change.first, change.entry]));
            }
        }
    }
    found.dedup();
}
