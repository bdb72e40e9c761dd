//! `verify split`: has the log signed two histories? Offline, with the log's keys and nothing else.
//!
//! Exit codes: 0, the split is proven; 1, the file proves nothing against the log; 2, the file
//! cannot be read, or no key of its log was given.

use spec::checkpoint::Checkpoint;
use spec::cosignature;
use spec::key::VerifierKey;
use spec::note::Note;
use spec::policy::Policy;
use spec::split::{HeadError, MAX_SPLIT_SIZE, NotProven, ProvenSplit, Split};
use spec::time::format_utc;
use spec::tree::Tree;

use super::{Stop, unknown_log};
use crate::args::VerifySplit;
use crate::failure::Failure;
use crate::input;
use crate::messages::{Message, Said};
use crate::report::{Report, Verdict};
use crate::words;

/// Judges a file of evidence.
pub(crate) fn run(wanted: &VerifySplit) -> Result<Report, Stop> {
    let policy = match wanted.policy.as_deref() {
        Some(path) => Some(input::policy(Some(path))?),
        None => None,
    };
    let keys = match &policy {
        Some(policy) => policy.logs().iter().map(|log| log.key().clone()).collect(),
        None => input::source_keys(&wanted.log_keys)?,
    };
    let shown = wanted.file.display().to_string();
    let split = Split::parse(&input::read(&wanted.file, MAX_SPLIT_SIZE)?)
        .map_err(|error| Failure::new(Said::of_error(Message::Malformed, &[&shown], &error)))?;
    let mut report = match split.prove(&keys) {
        Ok(proven) => proven_report(&proven),
        Err(NotProven::Older(HeadError::UnknownLog { origin }))
        | Err(NotProven::Newer(HeadError::UnknownLog { origin })) => {
            return Err(unknown_log(&origin, keys.iter()).into());
        }
        Err(why) => not_proven_report(&split, &why),
    };
    if let Some(policy) = &policy {
        describe_cosigners(&mut report, policy, &split);
    }
    report.not_checked(Message::OpenShown, &[]);
    Ok(report)
}

fn proven_report(proven: &ProvenSplit) -> Report {
    let mut report = Report::new(Verdict::Verified);
    let sizes = [proven.older().size().to_string(), proven.newer().size().to_string()];
    let values = [proven.origin().as_str(), &sizes[0], &sizes[1]];
    report.reason(Said::new(Message::SplitProven, &values));
    report.fact(Message::LabelOrigin, proven.origin());
    report.fact(Message::LabelOlder, tree(proven.older()));
    report.fact(Message::LabelNewer, tree(proven.newer()));
    if proven.older().size() != proven.newer().size() {
        report.fact(Message::LabelBeginning, proven.beginning());
    }
    report
}

fn not_proven_report(split: &Split, why: &NotProven) -> Report {
    let trees = [split.older(), split.newer()].map(tree_of);
    let why = words::of_not_proven(why, trees.map(|tree| tree.size()));
    let said = Said::new(Message::SplitNotProven, &[]).with(vec![why]);
    let mut report = Report::rejected(vec![said]);
    report.fact(Message::LabelOlder, tree(trees[0]));
    report.fact(Message::LabelNewer, tree(trees[1]));
    report
}

/// The witnesses that cosigned: who cosigned both of a proven split has failed as well, or its key
/// is no longer its own.
fn describe_cosigners(report: &mut Report, policy: &Policy, split: &Split) {
    let sides = [split.older(), split.newer()];
    for witness in policy.witnesses() {
        let name = witness.name().to_string();
        let times = sides.map(|note| cosigned(note, witness.key()));
        match times {
            [Some(older), Some(newer)] => {
                let both = format!("{name} {} {}", format_utc(older), format_utc(newer));
                report.fact(Message::LabelCosignedBoth, both);
            }
            [Some(time), None] => {
                report.fact(Message::LabelCosignedOlder, format!("{name} {}", format_utc(time)));
            }
            [None, Some(time)] => {
                report.fact(Message::LabelCosignedNewer, format!("{name} {}", format_utc(time)));
            }
            [None, None] => {}
        }
    }
}

fn cosigned(note: &Note, key: &VerifierKey) -> Option<u64> {
    let checkpoint = Checkpoint::parse(note.text()).ok()?;
    let time = cosignature::verify(note.signatures(), &checkpoint, key).ok()?;
    Some(time.as_seconds())
}

fn tree_of(note: &Note) -> Tree {
    Checkpoint::parse(note.text()).expect("a split holds checkpoints").tree()
}

fn tree(tree: Tree) -> String {
    format!("{} {}", tree.size(), tree.root())
}
