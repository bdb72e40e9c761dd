//! What a log and a witness say to each other: the bodies of `add-checkpoint` and its answers.
//!
//! Rule: C2SP tlog-witness. One file for both sides, so that what one writes the other reads.
//!
//! ```text
//! request   old 20852014                                      the size that the witness knows
//!           PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=      consistency proof, 0 to 63 lines
//!                                                             an empty line
//!           example.com/behind-the-sofa                       the checkpoint, a signed note
//!           ...
//! 200       — witness.example/w1 CMp+6LWBU0an...              signature lines
//! 409       20852163                                          the size that the witness knows,
//!                                                             as text/x.tlog.size
//! ```
//!
//! An [`AddCheckpoint`] is only *parsed*: who signed it, and whether its tree grew out of the one
//! that the witness knows, is for the witness to check. A checkpoint of size 0 with another root
//! than the empty tree's has a form of its own ([`Head::EmptyWithOtherRoot`]), since the text wants
//! it answered after the signatures were checked and never confused with a malformed request.
//!
//! Out of scope: HTTP, and `sign-subtree`, whose bytes are still moving.
//! Invariant: `AddCheckpoint::parse(bytes)?.to_bytes() == bytes`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::checkpoint::{Checkpoint, CheckpointError, Origin};
use crate::cosignature::{self, CosignatureError, TimestampError};
use crate::encoding::{decode_hash, parse_decimal};
use crate::hash::Hash;
use crate::key::{Algorithm, VerifierKey};
use crate::note::{self, Note, NoteError, Signature, SignatureError};

/// The most bytes of a request: 63 lines of 45 bytes, and a note of some seventeen signatures of
/// post-quantum size.
pub const MAX_REQUEST_SIZE: usize = 64 * 1024;

/// The most bytes of an answer that a client reads: seventeen cosignatures of post-quantum size.
pub const MAX_ANSWER_SIZE: usize = 64 * 1024;

/// The most consistency proof lines of a request, as tlog-witness says.
pub const MAX_PROOF_LINES: usize = 63;

/// The path of the request, below a witness's submission prefix.
pub const ADD_CHECKPOINT_PATH: &str = "/add-checkpoint";

/// The media type of the answer to a request whose old size is not the witness's: exactly this.
pub const CONFLICT_TYPE: &str = "text/x.tlog.size";

/// The most bytes of that answer: twenty digits and a line break.
pub const MAX_CONFLICT_SIZE: usize = 21;

/// What the first line of a request starts with.
const OLD_PREFIX: &str = "old ";

/// Why bytes are not an `add-checkpoint` request. A witness answers each with 400, and
/// [`TooLarge`](Self::TooLarge) with 413.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddCheckpointError {
    /// The note's text is no checkpoint.
    #[error("the checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The first line is not `old <decimal>`.
    #[error("the first line is not `old`, a space and a canonical decimal")]
    OldSize,
    /// No empty line ends the proof, or a line break is missing.
    #[error("no empty line between the proof and the checkpoint")]
    NoEmptyLine,
    /// The checkpoint is no signed note.
    #[error("the checkpoint: {0}")]
    Note(#[from] NoteError),
    /// A proof line is not the canonical base64 of 32 bytes.
    #[error("consistency proof line {line} is not the canonical base64 of 32 bytes")]
    ProofLine {
        /// Which line of the proof, from 1.
        line: usize,
    },
    /// More than [`MAX_REQUEST_SIZE`] bytes.
    #[error("the request has {size} bytes; at most {MAX_REQUEST_SIZE} are taken")]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
    /// More than [`MAX_PROOF_LINES`].
    #[error("more than {MAX_PROOF_LINES} consistency proof lines")]
    TooManyProofLines,
    /// Not UTF-8.
    #[error("the request is not valid UTF-8")]
    Utf8,
}

/// Why bytes are not what a witness answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// Not a canonical decimal with one line break: the body of a 409.
    #[error("the size is not a canonical decimal with a line break")]
    Conflict,
    /// Not signature lines: the body of a 200.
    #[error("the witness's answer: {0}")]
    Lines(#[from] NoteError),
    /// More bytes than any honest answer has.
    #[error("the answer has {size} bytes; at most {limit} are read")]
    TooLarge {
        /// Its bytes.
        size: usize,
        /// The most that are read.
        limit: usize,
    },
    /// Not UTF-8.
    #[error("the answer is not valid UTF-8")]
    Utf8,
}

/// What the submitted note's text says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a third form must break every match on this")]
pub enum Head {
    /// A checkpoint whose size and root can go together.
    Checkpoint(Checkpoint),
    /// Size 0, but not the empty tree's root: answered with 422 once its signature is verified.
    EmptyWithOtherRoot(EmptyHead),
}

impl Head {
    /// The log that the text names.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        match self {
            Self::Checkpoint(checkpoint) => checkpoint.origin(),
            Self::EmptyWithOtherRoot(head) => &head.origin,
        }
    }

    /// The tree size that the text names.
    #[must_use]
    pub const fn size(&self) -> u64 {
        match self {
            Self::Checkpoint(checkpoint) => checkpoint.tree().size(),
            Self::EmptyWithOtherRoot(_) => 0,
        }
    }
}

/// The head of an empty tree with a root that no empty tree has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmptyHead {
    origin: Origin,
    root: Hash,
}

/// A request that has the right form. Nothing in it is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    old_size: u64,
    proof: Vec<Hash>,
    note: Note,
    head: Head,
}

impl AddCheckpoint {
    /// Parses the body of a request, of at most [`MAX_REQUEST_SIZE`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, AddCheckpointError> {
        if bytes.len() > MAX_REQUEST_SIZE {
            return Err(AddCheckpointError::TooLarge { size: bytes.len() });
        }
        let text = core::str::from_utf8(bytes).map_err(|_| AddCheckpointError::Utf8)?;
        let (old, mut rest) = text.split_once('\n').ok_or(AddCheckpointError::OldSize)?;
        let old = old.strip_prefix(OLD_PREFIX).ok_or(AddCheckpointError::OldSize)?;
        let old_size = parse_decimal(old).map_err(|_| AddCheckpointError::OldSize)?;

        let mut proof = Vec::new();
        loop {
            let (line, after) = rest.split_once('\n').ok_or(AddCheckpointError::NoEmptyLine)?;
            rest = after;
            if line.is_empty() {
                break;
            }
            if proof.len() == MAX_PROOF_LINES {
                return Err(AddCheckpointError::TooManyProofLines);
            }
            let line_number = proof.len() + 1;
            let malformed = |_| AddCheckpointError::ProofLine { line: line_number };
            proof.push(decode_hash(line).map_err(malformed)?);
        }
        let note = Note::parse(rest.as_bytes())?;
        let head = parse_head(note.text())?;
        Ok(Self { old_size, proof, note, head })
    }

    /// Makes the request with which a log asks; `note` is its checkpoint with its own signatures.
    ///
    /// Refuses what [`parse`](Self::parse) would refuse.
    pub fn new(old_size: u64, proof: Vec<Hash>, note: Note) -> Result<Self, AddCheckpointError> {
        if proof.len() > MAX_PROOF_LINES {
            return Err(AddCheckpointError::TooManyProofLines);
        }
        let head = parse_head(note.text())?;
        let request = Self { old_size, proof, note, head };
        let size = request.to_bytes().len();
        if size > MAX_REQUEST_SIZE {
            return Err(AddCheckpointError::TooLarge { size });
        }
        Ok(request)
    }

    /// The size that the client believes the witness to know.
    #[must_use]
    pub const fn old_size(&self) -> u64 {
        self.old_size
    }

    /// The consistency proof, from the old size to the checkpoint's.
    #[must_use]
    pub fn proof(&self) -> &[Hash] {
        &self.proof
    }

    /// The submitted note, with all of its signature lines.
    #[must_use]
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// What the note's text says.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Returns the lines by which the log signed, one for each of `keys` that did.
    ///
    /// Lines of other keys are ignored. A line that names one of `keys` and does not verify makes
    /// the whole note malformed ([`SignatureError::Invalid`]); none at all is
    /// [`SignatureError::Missing`]. A log's own timestamp may be 0: it states no time then. It may
    /// not be beyond 2^63 - 1 (tlog-cosignature).
    pub fn verified_lines(&self, keys: &[VerifierKey]) -> Result<Vec<Signature>, SignatureError> {
        let mut verified = Vec::new();
        for key in keys {
            let mut first = None;
            for line in self.note.signatures().iter().filter(|line| key.claims(line)) {
                self.verify_line(line, key)?;
                first = first.or(Some(line));
            }
            verified.extend(first.cloned());
        }
        if verified.is_empty() { Err(SignatureError::Missing) } else { Ok(verified) }
    }

    fn verify_line(&self, line: &Signature, key: &VerifierKey) -> Result<(), SignatureError> {
        if key.algorithm() == Algorithm::NoteEd25519 {
            return note::verify_bytes(key, self.note.text().as_bytes(), &line.bytes);
        }
        let verified = match &self.head {
            Head::Checkpoint(checkpoint) => cosignature::verify_line(line, checkpoint, key),
            Head::EmptyWithOtherRoot(EmptyHead { origin, root }) => {
                cosignature::verify_empty_line(line, self.note.text(), origin, *root, key)
            }
        };
        match verified {
            Ok(_) | Err(CosignatureError::Timestamp(TimestampError::Zero)) => Ok(()),
            // A time beyond 2^63 - 1 makes the line malformed, and with it what we would show.
            Err(_) => Err(SignatureError::Invalid),
        }
    }

    /// The one encoding of this request.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{OLD_PREFIX}{}\n", self.old_size);
        for hash in &self.proof {
            text.push_str(&hash.to_string());
            text.push('\n');
        }
        format!("{text}\n{}", self.note).into_bytes()
    }
}

fn parse_head(text: &str) -> Result<Head, CheckpointError> {
    match Checkpoint::parse(text) {
        Ok(checkpoint) => Ok(Head::Checkpoint(checkpoint)),
        Err(CheckpointError::Root) => {
            // Either the root is malformed, or it is well-formed and not the empty tree's at size
            // 0. The latter parses once the right root stands in its place.
            let mut lines = text.splitn(4, '\n');
            let parts = (lines.next(), lines.next(), lines.next(), lines.next());
            let (Some(origin), Some("0"), Some(root), Some(rest)) = parts else {
                return Err(CheckpointError::Root);
            };
            let root = decode_hash(root).map_err(|_| CheckpointError::Root)?;
            Checkpoint::parse(&format!("{origin}\n0\n{}\n{rest}", Hash::EMPTY_ROOT))?;
            let origin = Origin::parse(origin)?;
            Ok(Head::EmptyWithOtherRoot(EmptyHead { origin, root }))
        }
        Err(error) => Err(error),
    }
}

/// Writes the body of a 200: signature lines, each with its line break.
#[must_use]
pub fn format_answer(signatures: &[Signature]) -> String {
    signatures.iter().map(|signature| format!("{signature}\n")).collect()
}

/// Parses the body of a 200, of at most [`MAX_ANSWER_SIZE`] bytes. Nothing is verified yet.
pub fn parse_answer(bytes: &[u8]) -> Result<Vec<Signature>, AnswerError> {
    let text = bounded_text(bytes, MAX_ANSWER_SIZE)?;
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(NoteError::ControlCharacter.into());
    }
    Ok(note::parse_signatures(text)?)
}

/// Writes the body of a 409: the size of the latest checkpoint that the witness cosigned.
#[must_use]
pub fn format_conflict(size: u64) -> String {
    format!("{size}\n")
}

/// Parses the body of a 409.
pub fn parse_conflict(bytes: &[u8]) -> Result<u64, AnswerError> {
    let text = bounded_text(bytes, MAX_CONFLICT_SIZE)?;
    let decimal = text.strip_suffix('\n').ok_or(AnswerError::Conflict)?;
    parse_decimal(decimal).map_err(|_| AnswerError::Conflict)
}

/// The path of a log's latest checkpoint, below a witness's monitoring prefix.
#[must_use]
pub fn monitoring_path(origin: &Origin) -> String {
    format!("/{}/checkpoint", Hash::of(origin.as_str().as_bytes()).to_hex())
}

fn bounded_text(bytes: &[u8], limit: usize) -> Result<&str, AnswerError> {
    if bytes.len() > limit {
        return Err(AnswerError::TooLarge { size: bytes.len(), limit });
    }
    core::str::from_utf8(bytes).map_err(|_| AnswerError::Utf8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cosignature::{Timestamp, sign_ed25519};
    use crate::key::{KeyName, SigningKey};
    use crate::tree::Tree;
    use alloc::vec;

    fn key(algorithm: Algorithm, seed: u8) -> SigningKey {
        let name = KeyName::parse("log.example").unwrap();
        SigningKey::from_seed(name, algorithm, &[seed; 32]).unwrap()
    }

    fn checkpoint(size: u64) -> Checkpoint {
        let tree = Tree::new(size, Hash::of(b"root")).unwrap();
        Checkpoint::new(Origin::parse("log.example").unwrap(), tree)
    }

    fn signed(text: &str) -> Note {
        let key = key(Algorithm::NoteEd25519, 1);
        Note::new(text.to_string(), vec![key.sign_note(text)])
    }

    fn request() -> AddCheckpoint {
        let proof = vec![Hash::of(b"one"), Hash::of(b"two")];
        AddCheckpoint::new(5, proof, signed(&checkpoint(7).to_string())).unwrap()
    }

    fn text() -> String {
        String::from_utf8(request().to_bytes()).unwrap()
    }

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let parsed = AddCheckpoint::parse(&request().to_bytes()).unwrap();
        assert_eq!(parsed, request());
        assert_eq!(parsed.to_bytes(), request().to_bytes());
        assert_eq!((parsed.old_size(), parsed.head().size()), (5, 7));
        assert_eq!(parsed.proof().len(), 2);
        assert!(text().starts_with("old 5\n"));
    }

    #[test]
    fn malformed_requests_are_refused_by_name() {
        let hash = Hash::of(b"one").to_string();
        let many = alloc::format!("{hash}\n").repeat(MAX_PROOF_LINES + 1);
        let line = AddCheckpointError::ProofLine { line: 1 };
        let cases = [
            (String::new(), AddCheckpointError::OldSize),
            (text().replace("old 5", "old 007"), AddCheckpointError::OldSize),
            (text().replace("old 5", "old  5"), AddCheckpointError::OldSize),
            (text().replace("old 5", "old 5 "), AddCheckpointError::OldSize),
            (text().replace("old 5", "Old 5"), AddCheckpointError::OldSize),
            (text().replace("old 5", "old +5"), AddCheckpointError::OldSize),
            (text().replace("old 5", "old 5\r"), AddCheckpointError::OldSize),
            (text().replace("old 5", "old 18446744073709551616"), AddCheckpointError::OldSize),
            (alloc::format!("old 5\n{hash}\n"), AddCheckpointError::NoEmptyLine),
            (alloc::format!("old 5\n{hash}"), AddCheckpointError::NoEmptyLine),
            (text().replace(&hash, &hash[..43]), line.clone()),
            (text().replace(&hash, "AAAA"), line.clone()),
            (text().replace(&hash, &alloc::format!("{hash}\r")), line),
            (
                text().replacen("old 5\n", &alloc::format!("old 5\n{many}"), 1),
                AddCheckpointError::TooManyProofLines,
            ),
            ("old 0\n\nlog.example\n".into(), NoteError::NoSignatures.into()),
            (text().replace("\n7\n", "\n07\n"), CheckpointError::Size.into()),
            (text().replace("\n7\n", "\n7 \n"), CheckpointError::Size.into()),
        ];
        for (text, want) in cases {
            assert_eq!(AddCheckpoint::parse(text.as_bytes()), Err(want), "{text:?}");
        }
        assert_eq!(AddCheckpoint::parse(b"old 5\xff\n"), Err(AddCheckpointError::Utf8));
        let large = vec![b'a'; MAX_REQUEST_SIZE + 1];
        assert!(matches!(AddCheckpoint::parse(&large), Err(AddCheckpointError::TooLarge { .. })));
    }

    #[test]
    fn every_changed_byte_is_refused_or_is_another_request_with_one_encoding() {
        let whole = request().to_bytes();
        for at in 0..whole.len() {
            for replacement in [b'0', b'A', b'=', b' ', b'\n', b'\r', 0xe2, whole[at] ^ 1] {
                let mut bytes = whole.clone();
                bytes[at] = replacement;
                if let Ok(parsed) = AddCheckpoint::parse(&bytes) {
                    assert_eq!(parsed.to_bytes(), bytes, "byte {at}");
                }
            }
            assert!(AddCheckpoint::parse(&whole[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn no_request_is_made_that_would_be_refused() {
        let note = signed(&checkpoint(7).to_string());
        let long = vec![Hash::ZERO; MAX_PROOF_LINES + 1];
        let refused = AddCheckpoint::new(5, long, note.clone());
        assert_eq!(refused, Err(AddCheckpointError::TooManyProofLines));
        assert!(AddCheckpoint::new(5, vec![Hash::ZERO; MAX_PROOF_LINES], note.clone()).is_ok());
        let mut line = note.signatures()[0].clone();
        line.bytes = vec![7; 3_000];
        let large = Note::new(note.text().to_string(), vec![line; 17]);
        let refused = AddCheckpoint::new(5, Vec::new(), large);
        assert!(matches!(refused, Err(AddCheckpointError::TooLarge { .. })));
    }

    #[test]
    fn an_empty_tree_with_another_root_is_told_from_malformed_ones() {
        let other = Hash::of(b"root");
        let request = |text: &str| AddCheckpoint::new(0, Vec::new(), signed(text));
        let empty = request(&alloc::format!("log.example\n0\n{other}\nextension\n")).unwrap();
        assert!(matches!(empty.head(), Head::EmptyWithOtherRoot(_)));
        assert_eq!(empty.head().origin().as_str(), "log.example");
        assert_eq!(AddCheckpoint::parse(&empty.to_bytes()).unwrap(), empty);
        let keys = [key(Algorithm::NoteEd25519, 1).verifier().clone()];
        assert_eq!(empty.verified_lines(&keys).map(|lines| lines.len()), Ok(1));

        let root = AddCheckpointError::Checkpoint(CheckpointError::Root);
        assert_eq!(request("log.example\n0\nAAAA\n"), Err(root.clone()));
        assert_eq!(request("log.example\n7\nAAAA\n"), Err(root));
        let extension = AddCheckpointError::Checkpoint(CheckpointError::Extension);
        assert_eq!(request(&alloc::format!("log.example\n0\n{other}\n\nx\n")), Err(extension));
        let sound = request(&alloc::format!("log.example\n0\n{}\n", Hash::EMPTY_ROOT)).unwrap();
        assert!(matches!(sound.head(), Head::Checkpoint(_)));
    }

    #[test]
    fn a_post_quantum_signature_over_an_impossible_empty_tree_is_verified_all_the_same() {
        let name = KeyName::parse("log.example").unwrap();
        let pq = cosignature::ml_dsa_verifier_key(name, &[5; 32]);
        let (origin, other) = (Origin::parse("log.example").unwrap(), Hash::of(b"root"));
        let text = alloc::format!("{origin}\n0\n{other}\n");
        let line = cosignature::testing::sign_empty_ml_dsa(&pq, &[5; 32], 0, &origin, other);
        let mut bad = line.clone();
        bad.bytes[100] ^= 1;
        // The time "MUST NOT exceed 2^63 - 1", also that of a log, though its signature verifies.
        let at =
            |time| cosignature::testing::sign_empty_ml_dsa(&pq, &[5; 32], time, &origin, other);
        let (latest, beyond) = (at(cosignature::MAX_TIMESTAMP), at(1 << 63));
        let invalid = Err(SignatureError::Invalid);
        for (line, want) in [(line, Ok(1)), (bad, invalid), (latest, Ok(1)), (beyond, invalid)] {
            let note = Note::new(text.clone(), vec![line]);
            let request = AddCheckpoint::new(0, Vec::new(), note).unwrap();
            let lines = request.verified_lines(core::slice::from_ref(&pq));
            assert_eq!(lines.map(|lines| lines.len()), want);
        }
    }

    #[test]
    fn the_logs_own_lines_are_found_among_others() {
        let (old, new) = (key(Algorithm::NoteEd25519, 1), key(Algorithm::NoteEd25519, 2));
        let cosigner = key(Algorithm::CosignatureEd25519, 3);
        let text = checkpoint(7).to_string();
        let time = Timestamp::from_seconds(9).unwrap();
        let lines = vec![
            old.sign_note(&text),
            new.sign_note(&text),
            old.sign_note(&text),
            sign_ed25519(&cosigner, time, &checkpoint(7)),
        ];
        let note = Note::new(text, lines.clone());
        let request = AddCheckpoint::new(5, Vec::new(), note).unwrap();
        let keys = [old.verifier().clone(), new.verifier().clone()];
        assert_eq!(request.verified_lines(&keys).unwrap(), [lines[0].clone(), lines[1].clone()]);
        assert_eq!(request.verified_lines(&keys[1..]).unwrap(), [lines[1].clone()]);
        assert_eq!(request.verified_lines(&[]), Err(SignatureError::Missing));
        let stranger = key(Algorithm::NoteEd25519, 8);
        let missing = request.verified_lines(core::slice::from_ref(stranger.verifier()));
        assert_eq!(missing, Err(SignatureError::Missing));
        let cosigned = request.verified_lines(core::slice::from_ref(cosigner.verifier()));
        assert_eq!(cosigned.unwrap(), [lines[3].clone()]);
    }

    #[test]
    fn one_bad_line_of_a_trusted_key_spoils_the_note() {
        let (old, new) = (key(Algorithm::NoteEd25519, 1), key(Algorithm::NoteEd25519, 2));
        let text = checkpoint(7).to_string();
        let mut bad = new.sign_note(&text);
        bad.bytes[9] ^= 1;
        let note = Note::new(text.clone(), vec![old.sign_note(&text), bad]);
        let request = AddCheckpoint::new(5, Vec::new(), note).unwrap();
        let keys = [old.verifier().clone(), new.verifier().clone()];
        assert_eq!(request.verified_lines(&keys), Err(SignatureError::Invalid));
        assert_eq!(request.verified_lines(&keys[..1]).unwrap().len(), 1);
    }

    #[test]
    fn answers_are_read_as_they_were_written() {
        let lines = request().note().signatures().to_vec();
        assert_eq!(parse_answer(format_answer(&lines).as_bytes()), Ok(lines));
        assert!(matches!(parse_answer(b""), Err(AnswerError::Lines(_))));
        assert!(matches!(parse_answer(b"\n"), Err(AnswerError::Lines(_))));
        assert_eq!(parse_answer(b"\x07\n"), Err(NoteError::ControlCharacter.into()));
        assert_eq!(parse_answer(b"\xff\n"), Err(AnswerError::Utf8));
        let large = vec![b'a'; MAX_ANSWER_SIZE + 1];
        assert!(matches!(parse_answer(&large), Err(AnswerError::TooLarge { .. })));

        assert_eq!(format_conflict(0), "0\n");
        assert_eq!(parse_conflict(b"20852163\n"), Ok(20_852_163));
        assert_eq!(parse_conflict(b"18446744073709551615\n"), Ok(u64::MAX));
        for wrong in ["", "\n", "7", "07\n", "7\n\n", "7\r\n", " 7\n", "-7\n"] {
            assert_eq!(parse_conflict(wrong.as_bytes()), Err(AnswerError::Conflict), "{wrong:?}");
        }
        let large = parse_conflict(&[b'7'; MAX_CONFLICT_SIZE + 1]);
        assert!(matches!(large, Err(AnswerError::TooLarge { .. })));
    }

    #[test]
    fn the_monitoring_path_is_the_hash_of_the_origin() {
        let path = monitoring_path(&Origin::parse("example.com/behind-the-sofa").unwrap());
        let hash = Hash::of(b"example.com/behind-the-sofa").to_hex();
        assert_eq!(path, alloc::format!("/{hash}/checkpoint"));
        assert_eq!(path.len(), 1 + 64 + 11);
    }
}
