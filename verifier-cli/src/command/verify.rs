//! `verify`: a receipt, and with a disclosure the files behind it. Offline.
//!
//! ```text
//! receipt -> statement -> signature by a pinned source key -> leaf hash -> inclusion
//!         -> checkpoint under the policy -> disclosure against the batch -> bytes of the file
//! ```
//!
//! Every arrow is checked, and the report names those that were not asked for.

mod opened;
mod sources;

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};
use spec::encoding::encode_hex;
use spec::evidence::disclosure::{Disclosure, MAX_DISCLOSURE_SIZE, OpenedBatch};
use spec::evidence::statement::{Statement, VerifiedStatement};
use spec::hash::leaf_hash;
use spec::policy::Policy;
use spec::proof::{MAX_PROOF_SIZE, Proof, ProofFailure, VerifiedInclusion};
use spec::tile::MAX_ENTRY_SIZE;

use self::opened::file_hash;
use self::sources::Sources;
use super::judge::{Judge, Judged};
use super::prove::not_included;
use super::{Stop, after, describe, shown};
use crate::args::Verify;
use crate::failed::Failed;
use crate::failure::Failure;
use crate::input;
use crate::lateness::{Lateness, Logged};
use crate::log::Network;
use crate::messages::{Message, Said};
use crate::mistaken::{self, Kind};
use crate::report::{Report, Verdict};
use crate::run_log;

/// How much of a file is hashed at a time.
const CHUNK: usize = 64 * 1024;

/// What the receipt is about.
enum Entry {
    Opaque(Vec<u8>),
    Statement(Box<VerifiedStatement>),
}

impl Entry {
    fn is_empty(&self) -> bool {
        matches!(self, Self::Opaque(bytes) if bytes.is_empty())
    }

    fn leaf_hash(&self) -> spec::Hash {
        match self {
            Self::Opaque(bytes) => leaf_hash(bytes),
            Self::Statement(statement) => statement.leaf_hash(),
        }
    }
}

/// Judges a receipt and all that was given with it.
pub(crate) fn run(wanted: &Verify, network: &Network) -> Result<Report, Stop> {
    if wanted.disclosure.is_none() && !wanted.files.is_empty() {
        return Err(Said::new(Message::FileWithoutDisclosure, &[]).into());
    }
    let judge = Judge::open(&wanted.policy)?;
    let sources = Sources::read(wanted)?;
    let path = wanted.receipt.as_deref().expect("clap asks for the receipt");
    input::no_bundle(path)?;
    let proof = read_proof(path)?;

    let entry = read_entry(wanted, &proof, &sources, judge.policy())?;
    let verified = proof.verify(entry.leaf_hash(), judge.policy());
    let verified = verified.map_err(|failure| match (failure, &wanted.entry) {
        // Nobody hands over an empty entry on purpose: that it is elsewhere says nothing.
        (ProofFailure::Inclusion(_), Some(path)) if entry.is_empty() => empty(path),
        (failure, _) => refused(&judge, &proof, failure),
    })?;
    let judged = judge.consider(verified.checkpoint().clone())?;

    let mut report = Report::new(Verdict::Verified);
    report.reason(Said::new(Message::Included, &[&verified.index().to_string()]));
    report.fact(Message::LabelIndex, verified.index());
    report.fact(Message::LabelLeaf, verified.leaf().to_hex());
    describe(&mut report, &judge, proof.checkpoint(), &judged);
    match &entry {
        // Nothing but a statement names what it follows.
        Entry::Opaque(_) if wanted.after.is_some() => return Err(no_source_key().into()),
        Entry::Opaque(_) => report.not_checked(Message::OpenOpaque, &[]),
        Entry::Statement(statement) => {
            check_statement(&mut report, statement, &verified)?;
            sources.check_pinned(&mut report, statement)?;
            let place = after::Place { statement, receipt: &judged };
            let not_before = after::check(&mut report, wanted, &judge, &place, network)?;
            report.not_checked(Message::OpenCompleteness, &[]);
            report.not_checked(Message::OpenTruth, &[]);
            let opened = check_disclosure(&mut report, wanted, statement)?;
            if let Some(opened) = &opened {
                say_opened(&mut report, statement, opened, &judged);
            }
            if wanted.report.is_some() {
                let matter = shown::matter(wanted, statement, opened.as_ref(), &judged, not_before);
                return Ok(report.with_matter(matter));
            }
        }
    }
    Ok(report)
}

fn read_proof(path: &Path) -> Result<Proof, Stop> {
    let bytes = input::read_meant(path, MAX_PROOF_SIZE, Kind::Receipt)?;
    let shown = path.display().to_string();
    Proof::parse(&bytes).map_err(|error| match mistaken::told(&shown, &bytes, Kind::Receipt) {
        Some(mistaken) => mistaken.into(),
        None => malformed(path, &error),
    })
}

fn refused(judge: &Judge, proof: &Proof, failure: ProofFailure) -> Stop {
    match failure {
        ProofFailure::Inclusion(error) => not_included(&error),
        ProofFailure::Policy(failure) => judge.refuse(proof.checkpoint(), &failure),
        other => Stop::rejected(Said::of_error(Message::NotAccepted, &[], &other)),
    }
}

/// The entry: from its own file, or the statement that the receipt carries.
fn read_entry(
    wanted: &Verify,
    proof: &Proof,
    sources: &Sources,
    policy: &Policy,
) -> Result<Entry, Stop> {
    if let Some(path) = &wanted.entry {
        let bytes = input::read(path, MAX_ENTRY_SIZE)?;
        return match Statement::parse(&bytes) {
            Ok(statement) if !sources.is_empty() => verified(&statement, sources),
            Ok(_) if wanted.disclosure.is_some() => Err(no_source_key().into()),
            Ok(_) => Ok(Entry::Opaque(bytes)),
            // Who names a source's key or a disclosure asks for a statement, and this is none.
            Err(error) if wanted.disclosure.is_some() || !sources.is_empty() => {
                // Bytes that are not the entry either are a file that was cut, or another one.
                if proof.verify(leaf_hash(&bytes), policy).is_err() {
                    return Err(malformed(path, &error));
                }
                Err(Stop::rejected(Said::of_error(Message::NotAStatement, &[], &error)))
            }
            Err(_) => Ok(Entry::Opaque(bytes)),
        };
    }
    let Some(extra) = proof.extra() else {
        return Err(Said::new(Message::NoEntry, &[]).into());
    };
    // The extra data is not authenticated by the proof: what is no statement says nothing.
    let statement = Statement::parse(extra)
        .map_err(|error| Failure::new(Said::of_error(Message::NotAStatement, &[], &error)))?;
    if sources.is_empty() {
        return Err(no_source_key().into());
    }
    verified(&statement, sources)
}

fn verified(statement: &Statement, sources: &Sources) -> Result<Entry, Stop> {
    Ok(Entry::Statement(Box::new(sources.verify(statement)?)))
}

/// The statement must be made for this log, and after a tree that was there before it.
fn check_statement(
    report: &mut Report,
    statement: &VerifiedStatement,
    verified: &VerifiedInclusion,
) -> Result<(), Stop> {
    let origin = verified.checkpoint().origin();
    if statement.origin() != origin {
        let both = [statement.origin().as_str(), origin.as_str()];
        return Err(rejected(Message::StatementOfAnotherLog, &both));
    }
    let after = statement.after().tree();
    if after.size() > verified.index() {
        let numbers = [after.size().to_string(), verified.index().to_string()];
        return Err(rejected(Message::AfterTheFuture, &[&numbers[0], &numbers[1]]));
    }
    report.fact(Message::LabelSource, statement.source());
    report.fact(Message::LabelSequence, statement.sequence());
    report.fact(Message::LabelAfter, after.size());
    Ok(())
}

/// What boards are to be looked at, and how late they were logged.
fn say_opened(
    report: &mut Report,
    statement: &VerifiedStatement,
    opened: &OpenedBatch,
    judged: &Judged,
) {
    let (source, sequence) = (statement.source().as_str(), statement.sequence());
    let records = opened.records().iter().map(|record| (source, sequence, record));
    Failed::of(None, records).say(report);
    let not_after = judged.times.map(|times| times.latest.as_seconds());
    let mut lateness = Lateness::default();
    lateness.add(&Logged { source, sequence, not_after, opened });
    lateness.say(report);
}

fn check_disclosure(
    report: &mut Report,
    wanted: &Verify,
    statement: &VerifiedStatement,
) -> Result<Option<OpenedBatch>, Stop> {
    let Some(path) = &wanted.disclosure else {
        report.set_headline(Said::new(Message::MeansReceipt, &[]));
        report.not_checked_first(Said::new(Message::OpenNoDisclosure, &[]));
        return Ok(None);
    };
    let shown = path.display().to_string();
    let refused = |error: spec::evidence::disclosure::DisclosureError| {
        Stop::rejected(Said::of_error(Message::BadDisclosure, &[&shown], &error))
    };
    let bytes = input::read(path, MAX_DISCLOSURE_SIZE)?;
    let disclosure = Disclosure::parse(&bytes).map_err(|error| malformed(path, &error))?;
    let opened = disclosure.verify(statement).map_err(refused)?;

    let mut vouched = Vec::new();
    for file in &wanted.files {
        vouched.push(check_file(report, file, &opened)?);
    }
    opened::say(report, &opened, &vouched, wanted.all_fields);
    opened::say_files(report, &opened, &vouched);
    if !opened.is_whole() {
        let (some, all) = (opened.records().len().to_string(), opened.record_count().to_string());
        if some == all {
            report.not_checked(Message::OpenHiddenParts, &[&all]);
        } else {
            report.not_checked(Message::OpenHidden, &[&some, &all]);
        }
    }
    Ok(Some(opened))
}

/// Finds the opened record that commits to exactly these bytes.
fn check_file(report: &mut Report, file: &Path, opened: &OpenedBatch) -> Result<u64, Stop> {
    let hash = hash_file(file)?;
    let shown = file.display().to_string();
    match opened.records().iter().find(|record| file_hash(record) == Some(&hash)) {
        Some(record) => {
            let (index, kind) = (record.index().to_string(), record.kind().to_string());
            report.reason(Said::new(Message::FileVouched, &[&shown, &index, &kind]));
            Ok(record.index())
        }
        None if hash == spec::Hash::of(b"").to_hex() => Err(empty(file)),
        None => Err(rejected(Message::FileNotVouched, &[&shown, &hash])),
    }
}

fn hash_file(path: &Path) -> Result<String, Failure> {
    let unreadable = |error: std::io::Error| input::unreadable(path, &error);
    let mut file = File::open(path).map_err(unreadable)?;
    let (mut hasher, mut chunk, mut size) = (Sha256::new(), vec![0; CHUNK], 0_u64);
    loop {
        match file.read(&mut chunk).map_err(unreadable)? {
            0 => break,
            count => {
                hasher.update(&chunk[..count]);
                size += count as u64;
            }
        }
    }
    let hash = encode_hex(&hasher.finalize());
    run_log::note_hashed(path, size, || hash.clone());
    Ok(hash)
}

fn no_source_key() -> Failure {
    let hint = Said::new(Message::HintSourceKey, &[]);
    Failure::new(Said::new(Message::NoSourceKey, &[])).with_hint(hint)
}

/// An empty file was not written or copied whole; it is nobody's report and nobody's entry.
fn empty(path: &Path) -> Stop {
    let shown = path.display().to_string();
    Stop::Failure(Said::new(Message::FileEmpty, &[&shown]).into())
}

/// What cannot be read as what it should be proves neither one thing nor the other.
fn malformed(path: &Path, why: &dyn Display) -> Stop {
    let shown = path.display().to_string();
    Stop::Failure(Said::of_error(Message::Malformed, &[&shown], why).into())
}

fn rejected(message: Message, values: &[&str]) -> Stop {
    Stop::rejected(Said::new(message, values))
}
