//! What an answer is worth: cosignatures, conflicts, and what the monitoring path shows.
//!
//! Rule: C2SP tlog-witness and tlog-cosignature. `spec` verifies; its own verdicts are held to
//! vectors that another program made (`spec/vectors/cosignature/`).

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use spec::checkpoint::Checkpoint;
use spec::cosignature::{self, CosignatureError, Timestamp};
use spec::key::{Algorithm, VerifierKey};
use spec::note::{Note, Signature, verify_ed25519};
use spec::witness::{CONFLICT_TYPE, parse_answer, parse_conflict};

use super::client::Answer;

/// How far the clocks of witness and runner may be apart before it is worth a note, in seconds.
const CLOCK_TOLERANCE: u64 = 600;

/// What was found out about one case.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// What the text forbids.
    pub faults: Vec<String>,
    /// What the text leaves open, or only recommends otherwise.
    pub notes: Vec<String>,
}

impl Findings {
    /// Takes down a fault.
    pub fn fault(&mut self, why: impl Into<String>) {
        self.faults.push(why.into());
    }

    /// Takes down a note, once.
    pub fn note(&mut self, what: impl Into<String>) {
        let what = what.into();
        if !self.notes.contains(&what) {
            self.notes.push(what);
        }
    }
}

/// A checkpoint that the witness cosigned in this case.
#[derive(Clone, Debug)]
pub struct Cosigned {
    /// The checkpoint's text.
    pub text: String,
    /// What it says.
    pub checkpoint: Checkpoint,
    /// The lines of the answer.
    pub lines: Vec<Signature>,
}

/// What the witness has shown in one case, in order.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Every checkpoint that it cosigned.
    pub cosigned: Vec<Cosigned>,
    times: HashMap<String, Timestamp>,
}

impl History {
    /// Judges the body of a 200 to `request`, and remembers it.
    pub fn cosign(
        &mut self,
        request: &[u8],
        answer: &Answer,
        vkeys: &[VerifierKey],
        found: &mut Findings,
    ) {
        let lines = match parse_answer(&answer.body) {
            Ok(lines) => lines,
            Err(why) => return found.fault(format!("the body of the 200 is wrong: {why}")),
        };
        let Some((text, checkpoint)) = submitted(request) else {
            return found.fault("it cosigned what is no checkpoint");
        };
        for line in &lines {
            if !vkeys.iter().any(|key| key.claims(line)) {
                found.note(format!("a line by {}, whose key was not given", line.name));
            }
        }
        for key in vkeys {
            match cosignature::verify(&lines, &checkpoint, key) {
                Ok(time) => self.look_at_time(key, time, found),
                Err(CosignatureError::Missing) => {
                    found.fault(format!("no line by {} {}", kind(key), key.name()));
                }
                Err(why) => found.fault(format!("{} {}: {why}", kind(key), key.name())),
            }
        }
        self.cosigned.push(Cosigned { text, checkpoint, lines });
    }

    /// The time of `key`'s latest cosignature.
    #[must_use]
    pub fn time_of(&self, key: &VerifierKey) -> Option<Timestamp> {
        self.times.get(&key.to_string()).copied()
    }

    fn look_at_time(&mut self, key: &VerifierKey, time: Timestamp, found: &mut Findings) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        if now.abs_diff(time.as_seconds()) > CLOCK_TOLERANCE {
            found.note(format!("its clock is more than {CLOCK_TOLERANCE} seconds from ours"));
        }
        let last = self.times.insert(key.to_string(), time);
        if last.is_some_and(|last| time < last) {
            found.fault(format!("the time of {} went back", key.name()));
        }
    }
}

/// The checkpoint of a request that is sound, as text and as value.
fn submitted(request: &[u8]) -> Option<(String, Checkpoint)> {
    // The first empty line ends the proof; what follows is the note.
    let start = request.windows(2).position(|two| two == b"\n\n")? + 2;
    let note = Note::parse(&request[start..]).ok()?;
    let checkpoint = Checkpoint::parse(note.text()).ok()?;
    Some((note.text().to_string(), checkpoint))
}

/// Judges a 409; the size that it names if it names one.
pub fn conflict(answer: &Answer, found: &mut Findings) -> Option<u64> {
    if answer.content_type.as_deref() != Some(CONFLICT_TYPE) {
        found.fault(format!("the 409 is of type {:?}, not {CONFLICT_TYPE}", answer.content_type));
    }
    match parse_conflict(&answer.body) {
        Ok(size) => Some(size),
        Err(why) => {
            found.fault(format!("the body of the 409: {why}"));
            None
        }
    }
}

/// Judges what the monitoring path shows of a log of which `history` was cosigned.
pub fn latest(
    answer: &Answer,
    history: &History,
    logs: &[VerifierKey],
    vkeys: &[VerifierKey],
    found: &mut Findings,
) {
    let Some(last) = history.cosigned.last() else {
        if answer.status != 404 {
            found.fault(format!("monitoring: {} for what was never cosigned", answer.status));
        }
        return;
    };
    if answer.status == 404 {
        return found.note("monitoring: nothing is shown (yet), though it should be");
    }
    if answer.status != 200 {
        return found.fault(format!("monitoring: answered {}", answer.status));
    }
    let note = match Note::parse(&answer.body) {
        Ok(note) => note,
        Err(why) => return found.fault(format!("monitoring: {why}")),
    };
    let of_text: Vec<&Cosigned> =
        history.cosigned.iter().filter(|one| one.text == note.text()).collect();
    let Some(shown) = of_text.last() else {
        return found.fault("monitoring: a checkpoint that was not cosigned here");
    };
    if shown.text != last.text {
        found.note("monitoring: an older checkpoint, which may be an hour late");
    }
    if !logs.iter().any(|key| is_signed_by_log(&note, &shown.checkpoint, key)) {
        found.fault("monitoring: the log's signature is not there");
    }
    for key in vkeys {
        let own = |line: &&Signature| key.claims(line);
        let mut lines = note.signatures().iter().filter(own).peekable();
        if lines.peek().is_none() {
            found.fault(format!("monitoring: no line by {} {}", kind(key), key.name()));
        }
        if !lines.all(|line| of_text.iter().any(|one| one.lines.contains(line))) {
            found.fault(format!("monitoring: a line by {} that was never answered", key.name()));
        }
    }
}

/// Whether the log's own signature is there. A log's time may be 0: it then states none.
fn is_signed_by_log(note: &Note, checkpoint: &Checkpoint, key: &VerifierKey) -> bool {
    if key.algorithm() == Algorithm::NoteEd25519 {
        return verify_ed25519(note, key).is_ok();
    }
    let verified = cosignature::verify(note.signatures(), checkpoint, key);
    matches!(verified, Ok(_) | Err(CosignatureError::Timestamp(_)))
}

/// The name of a key's algorithm.
const fn kind(key: &VerifierKey) -> &'static str {
    match key.algorithm() {
        Algorithm::CosignatureEd25519 => "the Ed25519 key of",
        Algorithm::CosignatureMlDsa44 => "the ML-DSA-44 key of",
        Algorithm::NoteEd25519 => "the log key of",
    }
}
