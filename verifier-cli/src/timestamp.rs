//! Timestamps: what an authority outside of log and witnesses says of when a checkpoint was there.
//!
//! Rule: RFC 3161; RFC 5035 and RFC 5816 for how a token names its certificate; `spec/text/bundle.md`,
//! "Timestamps".
//!
//! ```text
//! checkpoint note -> SHA-256 -> request (.tsq) -> the authority -> response (.tsr)
//! response -> Token (parsed) -> Stamp (belongs to this note, signed) -> Authorities (whose CA?)
//! ```
//!
//! Two questions are kept apart. Whether a token is sound is read from the token alone, and so proves
//! only that whoever holds its certificate's key has said it. Whether that is anybody to believe is
//! asked of the reader's own authorities, and of nobody else's.
//!
//! Out of scope: revocation (neither lists nor OCSP are asked), and getting a token over a network.

mod authority;
mod check;
mod fields;
mod request;
mod token;

use std::path::Path;

use spec::bundle::MAX_TIMESTAMP_SIZE;
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::proof::{MAX_PROOF_SIZE, Proof};

pub(crate) use authority::Authorities;
pub(crate) use check::{Fault, Stamp, check, claims};

use crate::args::papers::{TimestampCommand, TimestampRequest, TimestampVerify};
use crate::command::Stop;
use crate::durable::Target;
use crate::failure::Failure;
use crate::input;
use crate::messages::{Message, Said};
use crate::report::{Report, Verdict};

/// How a receipt begins; a checkpoint never does.
const RECEIPT: &[u8] = b"c2sp.org/tlog-proof@";

/// Runs `fiducial timestamp`.
pub(crate) fn run(command: &TimestampCommand, target: Option<&Target>) -> Result<Report, Stop> {
    match command {
        TimestampCommand::Request(wanted) => {
            write_request(wanted, target.expect("clap asks for --out"))
        }
        TimestampCommand::Verify(wanted) => verify(wanted),
    }
}

fn write_request(wanted: &TimestampRequest, target: &Target) -> Result<Report, Stop> {
    let note = read_note(&wanted.checkpoint)?;
    let mut nonce = [0; 8];
    getrandom::fill(&mut nonce)
        .map_err(|error| Failure::new(Said::new(Message::StampNoRandom, &[&error.to_string()])))?;
    let imprint = spec::Hash::of(&note);
    target.write(&request::encode(&imprint, nonce))?;
    let mut report = Report::new(Verdict::Done);
    report.fact(Message::LabelWritten, target.path().display());
    report.fact(Message::LabelSha256, imprint.to_hex());
    report.reason(Said::new(Message::StampHowToAsk, &[&target.path().display().to_string()]));
    Ok(report)
}

/// Judges one token. Without authorities of the reader's own there is nobody whose word it would be.
fn verify(wanted: &TimestampVerify) -> Result<Report, Stop> {
    let note = read_note(&wanted.checkpoint)?;
    let bytes = input::read(&wanted.token, MAX_TIMESTAMP_SIZE)?;
    let authorities = wanted.ca.as_deref().map(Authorities::read).transpose()?;
    let stamp = check(&bytes, &note).map_err(Stop::from)?;
    if let Some(path) = &wanted.request {
        let asked = request::read(path)?;
        asked.check(&stamp).map_err(Stop::rejected)?;
    }
    let led = match &authorities {
        Some(authorities) => Some(authorities.lead_to(&stamp).map_err(Stop::rejected)?),
        None => None,
    };
    let is_trusted = led.is_some();
    let mut report = Report::new(if is_trusted { Verdict::Verified } else { Verdict::Undecided });
    report.reason(Said::new(Message::StampSound, &[&wanted.checkpoint.display().to_string()]));
    say(&mut report, &stamp, "");
    match led {
        Some(name) => report.fact(Message::LabelStampAuthority, name),
        None => report.not_checked(Message::OpenStampAuthority, &[stamp.signer()]),
    }
    if wanted.request.is_none() {
        report.not_checked(Message::OpenStampRequest, &[]);
    }
    report.not_checked(Message::OpenStampRevocation, &[]);
    report.not_checked(Message::OpenStampCheckpoint, &[]);
    Ok(report)
}

/// What a sound token states, as facts; `place` stands before each, where there are several tokens.
pub(crate) fn say(report: &mut Report, stamp: &Stamp, place: &str) {
    let before = if place.is_empty() { String::new() } else { format!("{place}: ") };
    report.fact(Message::LabelStampTime, format!("{before}{}", stamp.time()));
    match stamp.accuracy() {
        Some(accuracy) => report.fact(Message::LabelStampAccuracy, format!("{before}{accuracy}")),
        None => report.named_fact(Message::LabelStampAccuracy, Message::StampNoAccuracy),
    }
    report.fact(Message::LabelStampSigner, format!("{before}{}", stamp.signer()));
    report.fact(Message::LabelStampCertificate, format!("{before}{}", stamp.certificate_hash()));
}

/// The exact bytes of a checkpoint note, from a file of its own or out of a receipt.
fn read_note(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = input::read(path, MAX_PROOF_SIZE.max(MAX_NOTE_SIZE))?;
    let note = if bytes.starts_with(RECEIPT) {
        Proof::parse(&bytes).map(|proof| proof.checkpoint().clone()).map_err(|why| why.to_string())
    } else {
        Note::parse(&bytes).map_err(|why| why.to_string())
    };
    let note = note.and_then(|note| {
        let parsed = spec::checkpoint::Checkpoint::parse(note.text());
        parsed.map(|_| note.to_bytes()).map_err(|why| why.to_string())
    });
    note.map_err(|why| {
        let shown = path.display().to_string();
        Failure::new(Said::of_error(Message::Malformed, &[&shown], &why))
    })
}
