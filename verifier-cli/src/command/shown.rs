//! What a report on paper shows of a single statement and the files given with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use spec::Hash;
use spec::evidence::disclosure::OpenedBatch;
use spec::evidence::statement::VerifiedStatement;

use super::judge::Judged;
use super::witnesses;
use crate::args::Verify;
use crate::matter::{Bounds, Gathering, Matter, Statement};
use crate::pictures::MAX_PICTURED;

/// Gathers it. Every file was found to be one that a record vouches for, or there is no report to add to.
pub(super) fn matter(
    wanted: &Verify,
    statement: &VerifiedStatement,
    opened: Option<&OpenedBatch>,
    judged: &Judged,
    not_before: Option<u64>,
) -> Matter {
    let not_after = judged.times.map(|times| times.latest.as_seconds());
    let files: Vec<Vec<u8>> = wanted.files.iter().filter_map(|file| read(file)).collect();
    // The bytes are looked up by their own hash: a file that has changed since is nobody's.
    let evidence: BTreeMap<[u8; 32], &[u8]> =
        files.iter().map(|bytes| (*Hash::of(bytes).as_bytes(), bytes.as_slice())).collect();
    let bounds = Bounds { not_before, not_after };
    let (source, sequence) = (statement.source().as_str(), statement.sequence());
    let statements =
        opened.map(|opened| Statement { source, sequence, bounds, opened }).into_iter().collect();
    let asked = BTreeSet::new();
    let witnesses = witnesses(judged);
    Gathering { witnesses, statements, evidence, asked, listed: None, lacking: Vec::new() }
        .into_matter()
}

/// A file that is small enough for a picture.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MAX_PICTURED as u64 + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() <= MAX_PICTURED).then_some(bytes)
}
