//! `inspect`: what a file holds, in plain words. Nothing is verified, and that is said first.

use std::fmt::Display;

use spec::checkpoint::Checkpoint;
use spec::cosignature::{ML_DSA_44_SIGNATURE_SIZE, Timestamp};
use spec::encoding::encode_hex;
use spec::evidence::disclosure::{Disclosure, MAX_DISCLOSURE_SIZE};
use spec::evidence::pins::Pins;
use spec::evidence::statement::Statement;
use spec::hash::leaf_hash;
use spec::key::VerifierKey;
use spec::note::{Note, Signature};
use spec::policy::{Member, Policy};
use spec::proof::Proof;
use spec::split::Split;
use spec::succession::Succession;
use spec::time::format_utc;

use super::accepted::name_of;
use crate::args::Inspect;
use crate::failure::Failure;
use crate::input;
use crate::messages::{Message, Said};
use crate::report::{Report, Verdict};

/// The bytes of an Ed25519 signature, and of cosignatures: a time of eight bytes and the signature.
const ED25519_SIZE: usize = 64;
const COSIGNED_ED25519_SIZE: usize = 8 + ED25519_SIZE;
const COSIGNED_ML_DSA_SIZE: usize = 8 + ML_DSA_44_SIGNATURE_SIZE;

/// Tries the formats from the most to the least particular.
pub(crate) fn run(wanted: &Inspect) -> Result<Report, Failure> {
    let shown = wanted.file.display().to_string();
    input::no_bundle(&wanted.file)?;
    let bytes = input::read(&wanted.file, MAX_DISCLOSURE_SIZE)?;
    let malformed =
        |error: &dyn Display| Failure::new(Said::of_error(Message::Malformed, &[&shown], error));
    let mut report = Report::new(Verdict::Done);
    report.reason(Said::new(Message::NothingVerified, &[]));
    if bytes.starts_with(b"PRIVATE+KEY+") {
        return Err(Said::new(Message::PrivateKey, &[&shown]).into());
    } else if bytes.starts_with(b"c2sp.org/tlog-proof@") {
        let proof = Proof::parse(&bytes).map_err(|error| malformed(&error))?;
        describe_proof(&mut report, &proof);
    } else if bytes.starts_with(b"fiducial/statement/") {
        let statement = Statement::parse(&bytes).map_err(|error| malformed(&error))?;
        describe_statement(&mut report, &statement);
    } else if bytes.starts_with(b"fiducial/succession/") {
        let succession = Succession::parse(&bytes).map_err(|error| malformed(&error))?;
        describe_succession(&mut report, &succession);
    } else if bytes.starts_with(b"fiducial/split/") {
        let split = Split::parse(&bytes).map_err(|error| malformed(&error))?;
        report.named_fact(Message::LabelKind, Message::KindSplit);
        describe_checkpoint(&mut report, split.older());
        describe_checkpoint(&mut report, split.newer());
    } else if input::plain(&bytes).starts_with(b"fiducial/pins/") {
        let pins = input::parse_own(&bytes, Pins::parse).map_err(|error| malformed(&error))?;
        describe_pins(&mut report, &pins);
    } else if bytes.trim_ascii_start().starts_with(b"{") {
        let disclosure = Disclosure::parse(&bytes).map_err(|error| malformed(&error))?;
        describe_disclosure(&mut report, &disclosure);
    } else if let Ok(note) = Note::parse(&bytes) {
        describe_note(&mut report, &note);
    } else if let Some(keys) = parse_keys(&bytes) {
        report.named_fact(Message::LabelKind, Message::KindKeys);
        keys.iter().for_each(|key| describe_key(&mut report, key));
    } else {
        let policy = input::parse_own(&bytes, Policy::parse).map_err(|error| {
            // The last guess: its error alone would mislead whoever meant something else.
            let why = input::why_refused(&bytes, &error);
            Failure::new(Said::of_error(Message::UnknownFormat, &[&shown], &why))
        })?;
        describe_policy(&mut report, &policy);
    }
    Ok(report)
}

fn describe_proof(report: &mut Report, proof: &Proof) {
    report.named_fact(Message::LabelKind, Message::KindReceipt);
    report.fact(Message::LabelIndex, proof.index());
    report.fact(Message::LabelPathLength, proof.hashes().len());
    describe_checkpoint(report, proof.checkpoint());
    match proof.extra().map(|extra| (extra.len(), Statement::parse(extra))) {
        None => {}
        Some((_, Ok(statement))) => describe_statement(report, &statement),
        Some((size, Err(_))) => report.fact(Message::LabelExtraSize, size),
    }
}

fn describe_note(report: &mut Report, note: &Note) {
    if Checkpoint::parse(note.text()).is_ok() {
        report.named_fact(Message::LabelKind, Message::KindCheckpoint);
        return describe_checkpoint(report, note);
    }
    report.named_fact(Message::LabelKind, Message::KindNote);
    for line in note.text().lines() {
        report.fact(Message::LabelLine, line);
    }
    describe_signatures(report, note.signatures());
}

fn describe_checkpoint(report: &mut Report, note: &Note) {
    let Ok(checkpoint) = Checkpoint::parse(note.text()) else {
        return;
    };
    report.fact(Message::LabelOrigin, checkpoint.origin());
    report.fact(Message::LabelTreeSize, checkpoint.tree().size());
    report.fact(Message::LabelRoot, checkpoint.tree().root());
    for line in checkpoint.extensions() {
        report.fact(Message::LabelExtension, line);
    }
    describe_signatures(report, note.signatures());
}

fn describe_signatures(report: &mut Report, signatures: &[Signature]) {
    for line in signatures {
        let (name, id) = (&line.name, line.id);
        let (kind, time) = claims(&line.bytes);
        let time = time.map_or_else(String::new, |time| format!(" {time}"));
        report.fact(Message::LabelClaimed, format!("{name}+{id} ({kind}){time}"));
    }
}

/// The kind of a signature and the time that it says it was made at; by its length alone, since
/// nothing is verified here.
fn claims(signature: &[u8]) -> (String, Option<String>) {
    let time = signature.first_chunk().map(|bytes| u64::from_be_bytes(*bytes));
    let time = time.and_then(|seconds| Timestamp::from_seconds(seconds).ok());
    let time = time.map(|time| format_utc(time.as_seconds()));
    match signature.len() {
        ED25519_SIZE => ("Ed25519".to_string(), None),
        COSIGNED_ED25519_SIZE => ("Ed25519".to_string(), time),
        COSIGNED_ML_DSA_SIZE => ("ML-DSA-44".to_string(), time),
        size => (format!("{size} bytes"), None),
    }
}

fn describe_statement(report: &mut Report, statement: &Statement) {
    report.named_fact(Message::LabelKind, Message::KindStatement);
    report.fact(Message::LabelStatementLog, statement.origin());
    report.fact(Message::LabelSource, statement.source());
    report.fact(Message::LabelSequence, statement.sequence());
    report.fact(Message::LabelPrevious, statement.previous());
    report.fact(Message::LabelAfter, statement.after().tree().size());
    report.fact(Message::LabelBatch, statement.batch());
    report.fact(Message::LabelLeaf, statement.leaf_hash().to_hex());
    describe_signatures(report, std::slice::from_ref(statement.signature()));
}

fn describe_succession(report: &mut Report, succession: &Succession) {
    report.named_fact(Message::LabelKind, Message::KindSuccession);
    report.fact(Message::LabelSuccessor, succession.origin());
    report.fact(Message::LabelSucceeds, succession.old().origin());
    report.fact(Message::LabelWhy, succession.why());
    report.fact(Message::LabelLeaf, leaf_hash(&succession.to_bytes()).to_hex());
    describe_signatures(report, succession.signatures());
    describe_checkpoint(report, succession.last());
}

fn describe_disclosure(report: &mut Report, disclosure: &Disclosure) {
    let place = disclosure.place();
    report.named_fact(Message::LabelKind, Message::KindDisclosure);
    report.fact(Message::LabelStatementLog, &place.origin);
    report.fact(Message::LabelSource, &place.source);
    report.fact(Message::LabelSequence, place.sequence);
    report.fact(Message::LabelRecordCount, disclosure.record_count());
}

fn parse_keys(bytes: &[u8]) -> Option<Vec<VerifierKey>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let lines = text.lines().map(str::trim);
    let keys: Option<Vec<VerifierKey>> = lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| VerifierKey::parse(line).ok())
        .collect();
    keys.filter(|keys| !keys.is_empty())
}

fn describe_key(report: &mut Report, key: &VerifierKey) {
    let (kind, byte) = (name_of(key.algorithm()), key.algorithm().type_byte());
    report.fact(Message::LabelKey, format!("{}+{} 0x{byte:02x} {kind}", key.name(), key.id()));
}

fn describe_pins(report: &mut Report, pins: &Pins) {
    report.named_fact(Message::LabelKind, Message::KindPins);
    report.fact(Message::LabelOrigin, pins.origin());
    for pin in pins.iter() {
        report.fact(Message::LabelSource, pin.source());
        report.fact(Message::LabelMachine, pin.machine());
        pin.keys().iter().for_each(|key| describe_key(report, key));
        let (sequence, hash) = pin.first();
        report.fact(Message::LabelPinFirst, format!("{sequence} {hash}"));
        if let Some(cadence) = pin.cadence() {
            report.fact(Message::LabelPinCadence, cadence);
        }
    }
}

fn describe_policy(report: &mut Report, policy: &Policy) {
    report.named_fact(Message::LabelKind, Message::KindPolicy);
    for log in policy.logs() {
        let (key, kind) = (log.key(), name_of(log.key().algorithm()));
        report.fact(Message::LabelPolicyLog, format!("{}+{} {kind}", key.name(), key.id()));
    }
    for witness in policy.witnesses() {
        let (key, kind) = (witness.key(), name_of(witness.key().algorithm()));
        let line = format!("{} = {}+{} {kind}", witness.name(), key.name(), key.id());
        report.fact(Message::LabelPolicyWitness, line);
    }
    for group in policy.groups() {
        let members: Vec<String> =
            group.members().iter().map(|member| shown_name(policy, *member)).collect();
        let (need, count) = (group.threshold(), members.len());
        let line = format!("{} = {need}/{count}: {}", group.name(), members.join(", "));
        report.fact(Message::LabelPolicyGroup, line);
    }
    let quorum = policy.quorum().map_or("none".to_string(), |member| shown_name(policy, member));
    report.fact(Message::LabelPolicyQuorum, quorum);
}

/// A policy's name for people; its octets in hexadecimal where they are no text.
fn shown_name(policy: &Policy, member: Member) -> String {
    let name = policy.name_of(member);
    match std::str::from_utf8(name.as_bytes()) {
        Ok(_) => name.to_string(),
        Err(_) => format!("0x{}", encode_hex(name.as_bytes())),
    }
}
