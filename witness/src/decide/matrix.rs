//! The status matrix of `add-checkpoint` as data: what is asked, which sentence of C2SP
//! tlog-witness decides it, and what is answered.

use spec::Hash;
use spec::checkpoint::Origin;
use spec::hash::leaf_hash;
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::{Note, Signature};
use spec::tree::{Tree, root_of_leaves, verify_consistency};
use spec::witness::AddCheckpoint;

use super::{Trust, authenticate, decide};

const ORIGIN: &str = "log.example/matrix";

/// What a row asks: the body, made from the parts that a row changes.
struct Ask {
    origin: &'static str,
    old: &'static str,
    size: u64,
    root: Root,
    proof: Proof,
    signed: Signed,
}

enum Root {
    /// The log's own.
    True,
    /// Another.
    Other,
}

enum Proof {
    /// None.
    Empty,
    /// The right one, between these sizes.
    Between(u64, u64),
    /// The right one with its last hash changed.
    Bent(u64, u64),
    /// So many lines of zeros.
    Lines(usize),
    /// A line that is no hash.
    Malformed,
}

enum Signed {
    /// By a trusted key.
    Trusted,
    /// By a trusted key, and a line of a stranger beside it.
    WithStranger,
    /// By the second trusted key alone.
    Second,
    /// By a stranger only.
    Stranger,
    /// By a trusted key over something else.
    Bad,
    /// By a trusted key, and a bad line of the other trusted key.
    GoodAndBad,
    /// By a stranger with the trusted key's name, but another ID.
    SameNameOtherKey,
}

struct Row {
    name: &'static str,
    /// The sentence that decides.
    rule: &'static str,
    /// What was cosigned before: a size of the log's own tree.
    cosigned: Option<u64>,
    ask: Ask,
    status: u16,
    /// The media type and the body, where the text prescribes them.
    body: Option<(&'static str, &'static str)>,
}

const SOUND: Ask = Ask {
    origin: ORIGIN,
    old: "5",
    size: 8,
    root: Root::True,
    proof: Proof::Between(5, 8),
    signed: Signed::Trusted,
};

const PASS: &str = "If all the checks above pass, the witness MUST update its record of the latest cosigned checkpoint and respond with a \"200 Success\" HTTP status code.";
const SIGNATURE: &str = "The witness MUST verify the checkpoint signature against the public key(s) it trusts for the checkpoint origin";
const IGNORE: &str = "it MUST ignore signatures from unknown keys.";
const FORBIDDEN: &str = "The witness MUST respond with a \"403 Forbidden\" HTTP status code if either no signature from a trusted key for the origin is present";
const FAILS: &str = "or a signature line's key name and ID match a trusted key but the signature itself fails to verify";
const UNKNOWN: &str = "If the checkpoint origin is unknown, the witness MUST respond with a \"404 Not Found\" HTTP status code.";
const OLD_LINE: &str = "encoded as an ASCII decimal with no leading zeroes (unless the size is zero, in which case the encoding MUST be `0`).";
const PROOF_LINE: &str = "Each consistency proof line MUST encode a single hash in base64.";
const LINES: &str = "The client MUST NOT send more than 63 consistency proof lines.";
const OLD_SIZE: &str = "The old size MUST be equal to or lower than the checkpoint size. Otherwise, the witness MUST respond with a \"400 Bad Request\" HTTP status code.";
const CONFLICT: &str =
    "If it doesn't match, the witness MUST respond with a \"409 Conflict\" HTTP status code.";
const FIRST: &str = "(or zero if it never cosigned a checkpoint for that origin)";
const EMPTY: &str = "A checkpoint of size zero MUST have the root hash of the empty tree";
const FROM_ZERO: &str = "If the old size is zero, the consistency proof MUST be empty";
const INCONSISTENT: &str = "or if a Merkle Consistency Proof doesn't verify, the witness MUST respond with a \"422 Unprocessable Entity\" HTTP status code.";
const SAME_SIZE: &str = "If the old size matches the checkpoint size, the witness MUST check that the root hashes are also identical. If they don't match, the witness MUST respond with a \"422 Unprocessable Entity\" HTTP status code.";

#[rustfmt::skip]
const MATRIX: &[Row] = &[
    Row { name: "growth", rule: PASS, cosigned: Some(5), ask: SOUND, status: 200, body: None },
    Row { name: "the same tree again", rule: PASS, cosigned: Some(8),
        ask: Ask { old: "8", proof: Proof::Empty, ..SOUND }, status: 200, body: None },
    Row { name: "first contact", rule: FIRST, cosigned: None,
        ask: Ask { old: "0", proof: Proof::Empty, ..SOUND }, status: 200, body: None },
    Row { name: "first contact, empty tree", rule: EMPTY, cosigned: None,
        ask: Ask { old: "0", size: 0, proof: Proof::Empty, ..SOUND }, status: 200, body: None },
    Row { name: "growth from the empty tree", rule: FROM_ZERO, cosigned: Some(0),
        ask: Ask { old: "0", proof: Proof::Empty, ..SOUND }, status: 200, body: None },
    Row { name: "a stranger's line beside the log's", rule: IGNORE, cosigned: Some(5),
        ask: Ask { signed: Signed::WithStranger, ..SOUND }, status: 200, body: None },
    Row { name: "the log's second key", rule: SIGNATURE, cosigned: Some(5),
        ask: Ask { signed: Signed::Second, ..SOUND }, status: 200, body: None },

    Row { name: "unknown origin", rule: UNKNOWN, cosigned: None,
        ask: Ask { origin: "other.example", ..SOUND }, status: 404, body: None },
    Row { name: "unknown origin, old beyond", rule: UNKNOWN, cosigned: None,
        ask: Ask { origin: "other.example", old: "9", ..SOUND }, status: 404, body: None },

    Row { name: "a stranger's line only", rule: FORBIDDEN, cosigned: Some(5),
        ask: Ask { signed: Signed::Stranger, ..SOUND }, status: 403, body: None },
    Row { name: "the log's name, another key", rule: IGNORE, cosigned: Some(5),
        ask: Ask { signed: Signed::SameNameOtherKey, ..SOUND }, status: 403, body: None },
    Row { name: "a signature over something else", rule: FAILS, cosigned: Some(5),
        ask: Ask { signed: Signed::Bad, ..SOUND }, status: 403, body: None },
    Row { name: "a good line and a bad one", rule: FAILS, cosigned: Some(5),
        ask: Ask { signed: Signed::GoodAndBad, ..SOUND }, status: 403, body: None },
    Row { name: "bad signature before wrong old size", rule: FAILS, cosigned: Some(5),
        ask: Ask { signed: Signed::Bad, old: "4", ..SOUND }, status: 403, body: None },

    Row { name: "old 007", rule: OLD_LINE, cosigned: Some(7),
        ask: Ask { old: "007", ..SOUND }, status: 400, body: None },
    Row { name: "old without a number", rule: OLD_LINE, cosigned: Some(5),
        ask: Ask { old: "", ..SOUND }, status: 400, body: None },
    Row { name: "old beyond 64 bits", rule: OLD_LINE, cosigned: Some(5),
        ask: Ask { old: "18446744073709551616", ..SOUND }, status: 400, body: None },
    Row { name: "a proof line that is no hash", rule: PROOF_LINE, cosigned: Some(5),
        ask: Ask { proof: Proof::Malformed, ..SOUND }, status: 400, body: None },
    Row { name: "64 proof lines", rule: LINES, cosigned: Some(5),
        ask: Ask { proof: Proof::Lines(64), ..SOUND }, status: 400, body: None },
    Row { name: "old beyond the checkpoint", rule: OLD_SIZE, cosigned: Some(9),
        ask: Ask { old: "9", proof: Proof::Empty, ..SOUND }, status: 400, body: None },
    Row { name: "old beyond before old wrong", rule: OLD_SIZE, cosigned: Some(5),
        ask: Ask { old: "9", proof: Proof::Empty, ..SOUND }, status: 400, body: None },

    Row { name: "old below what was cosigned", rule: CONFLICT, cosigned: Some(5),
        ask: Ask { old: "4", proof: Proof::Between(4, 8), ..SOUND },
        status: 409, body: Some(("text/x.tlog.size", "5\n")) },
    Row { name: "old above what was cosigned", rule: CONFLICT, cosigned: Some(5),
        ask: Ask { old: "6", proof: Proof::Between(6, 8), ..SOUND },
        status: 409, body: Some(("text/x.tlog.size", "5\n")) },
    Row { name: "first contact with an old size", rule: FIRST, cosigned: None, ask: SOUND,
        status: 409, body: Some(("text/x.tlog.size", "0\n")) },
    Row { name: "old 0 to learn the size", rule: CONFLICT, cosigned: Some(5),
        ask: Ask { old: "0", proof: Proof::Empty, ..SOUND },
        status: 409, body: Some(("text/x.tlog.size", "5\n")) },
    Row { name: "a smaller tree", rule: CONFLICT, cosigned: Some(8),
        ask: Ask { old: "5", size: 6, proof: Proof::Between(5, 6), ..SOUND },
        status: 409, body: Some(("text/x.tlog.size", "8\n")) },
    Row { name: "old wrong before a bad proof", rule: CONFLICT, cosigned: Some(5),
        ask: Ask { old: "4", proof: Proof::Lines(3), ..SOUND },
        status: 409, body: Some(("text/x.tlog.size", "5\n")) },
    Row { name: "old wrong before an impossible empty tree", rule: CONFLICT, cosigned: Some(5),
        ask: Ask { old: "0", size: 0, root: Root::Other, proof: Proof::Empty, ..SOUND },
        status: 409, body: Some(("text/x.tlog.size", "5\n")) },

    Row { name: "size 0 with another root", rule: EMPTY, cosigned: None,
        ask: Ask { old: "0", size: 0, root: Root::Other, proof: Proof::Empty, ..SOUND },
        status: 422, body: None },
    Row { name: "a proof from size 0", rule: FROM_ZERO, cosigned: None,
        ask: Ask { old: "0", proof: Proof::Lines(1), ..SOUND }, status: 422, body: None },
    Row { name: "a proof from size 0 to 0", rule: FROM_ZERO, cosigned: Some(0),
        ask: Ask { old: "0", size: 0, proof: Proof::Lines(1), ..SOUND }, status: 422, body: None },
    Row { name: "a bent proof", rule: INCONSISTENT, cosigned: Some(5),
        ask: Ask { proof: Proof::Bent(5, 8), ..SOUND }, status: 422, body: None },
    Row { name: "no proof", rule: INCONSISTENT, cosigned: Some(5),
        ask: Ask { proof: Proof::Empty, ..SOUND }, status: 422, body: None },
    Row { name: "63 proof lines, too many for the sizes", rule: INCONSISTENT, cosigned: Some(5),
        ask: Ask { proof: Proof::Lines(63), ..SOUND }, status: 422, body: None },
    Row { name: "another history", rule: INCONSISTENT, cosigned: Some(5),
        ask: Ask { root: Root::Other, ..SOUND }, status: 422, body: None },
    Row { name: "same size, another root", rule: SAME_SIZE, cosigned: Some(8),
        ask: Ask { old: "8", root: Root::Other, proof: Proof::Empty, ..SOUND },
        status: 422, body: None },
    Row { name: "same size with a proof", rule: INCONSISTENT, cosigned: Some(8),
        ask: Ask { old: "8", proof: Proof::Lines(1), ..SOUND }, status: 422, body: None },
];

fn leaves(size: u64) -> Vec<Hash> {
    (0..size).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

fn tree(size: u64) -> Tree {
    Tree::new(size, root_of_leaves(&leaves(size))).unwrap()
}

/// The right proof, found as RFC 6962, section 2.1.2, defines it.
fn prove(old: u64, size: u64) -> Vec<Hash> {
    fn subproof(old: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        if old == leaves.len() {
            return if whole { Vec::new() } else { vec![root_of_leaves(leaves)] };
        }
        let split = leaves.len().next_power_of_two() / 2;
        let (left, right) = leaves.split_at(split);
        let (mut proof, other) = if old <= split {
            (subproof(old, left, whole), right)
        } else {
            (subproof(old - split, right, false), left)
        };
        proof.push(root_of_leaves(other));
        proof
    }
    let proof = subproof(old as usize, &leaves(size), true);
    assert_eq!(verify_consistency(tree(old), tree(size), &proof), Ok(()));
    proof
}

fn key(name: &str, seed: u8) -> SigningKey {
    let name = KeyName::parse(name).unwrap();
    SigningKey::from_seed(name, Algorithm::NoteEd25519, &[seed; 32]).unwrap()
}

fn body(ask: &Ask) -> Vec<u8> {
    let root = match ask.root {
        Root::True => tree(ask.size).root(),
        Root::Other => Hash::of(b"another history"),
    };
    let text = format!("{}\n{}\n{root}\n", ask.origin, ask.size);
    let (first, second) = (key(ORIGIN, 1), key(ORIGIN, 2));
    let stranger = key("stranger.example", 3).sign_note(&text);
    let bent = |mut line: Signature| {
        line.bytes[5] ^= 1;
        line
    };
    let lines = match ask.signed {
        Signed::Trusted => vec![first.sign_note(&text)],
        Signed::WithStranger => vec![stranger, first.sign_note(&text)],
        Signed::Second => vec![second.sign_note(&text)],
        Signed::Stranger => vec![stranger],
        Signed::Bad => vec![bent(first.sign_note(&text))],
        Signed::GoodAndBad => vec![first.sign_note(&text), bent(second.sign_note(&text))],
        Signed::SameNameOtherKey => vec![key(ORIGIN, 4).sign_note(&text)],
    };
    let proof: String = match ask.proof {
        Proof::Empty => String::new(),
        Proof::Between(old, size) => lines_of(&prove(old, size)),
        Proof::Bent(old, size) => {
            let mut proof = prove(old, size);
            *proof.last_mut().unwrap() = Hash::of(b"bent");
            lines_of(&proof)
        }
        Proof::Lines(count) => lines_of(&vec![Hash::ZERO; count]),
        Proof::Malformed => "AAAA\n".to_owned(),
    };
    format!("old {}\n{proof}\n{}", ask.old, Note::new(text, lines)).into_bytes()
}

fn lines_of(proof: &[Hash]) -> String {
    proof.iter().map(|hash| format!("{hash}\n")).collect()
}

#[test]
fn every_row_is_answered_as_the_text_says() {
    let origin = Origin::parse(ORIGIN).unwrap();
    let keys = [key(ORIGIN, 1).verifier().clone(), key(ORIGIN, 2).verifier().clone()];
    for row in MATRIX {
        let answer =
            AddCheckpoint::parse(&body(&row.ask)).map_err(Into::into).and_then(|request| {
                let known = *request.head().origin() == origin;
                let trust = if known { Trust::Keys(&keys) } else { Trust::Unknown };
                authenticate(&request, trust)?;
                decide(&request, row.cosigned.map(tree)).cloned()
            });
        let (status, prescribed) = match &answer {
            Ok(checkpoint) => {
                assert_eq!(checkpoint.tree(), tree(row.ask.size), "{}", row.name);
                (200, None)
            }
            Err(refusal) => (refusal.status(), refusal.prescribed_body()),
        };
        assert_eq!(status, row.status, "{}: {} ({answer:?})", row.name, row.rule);
        let body = row.body.map(|(media, body)| (media, body.to_owned()));
        assert_eq!(prescribed, body, "{}: {}", row.name, row.rule);
    }
}

#[test]
fn every_status_of_the_text_has_a_row_and_every_row_a_rule_of_its_own_words() {
    for status in [200, 400, 403, 404, 409, 422] {
        assert!(MATRIX.iter().any(|row| row.status == status), "{status}");
    }
    for row in MATRIX {
        assert!(row.rule.len() > 30, "{}", row.name);
        let same = MATRIX.iter().filter(|other| other.name == row.name).count();
        assert_eq!(same, 1, "{}", row.name);
    }
}

#[test]
fn a_disabled_log_has_no_trusted_key() {
    let request = AddCheckpoint::parse(&body(&SOUND)).unwrap();
    let refused = authenticate(&request, Trust::Disabled).unwrap_err();
    assert_eq!(refused.status(), 403);
}

/// A log that lies about its history in every way that sizes allow gets nothing signed.
#[test]
fn no_fork_and_no_shrinking_tree_is_accepted_at_any_size() {
    let keys = [key(ORIGIN, 1).verifier().clone()];
    let refused_all = |cosigned: u64, ask: &Ask| {
        let request = AddCheckpoint::parse(&body(ask)).unwrap();
        authenticate(&request, Trust::Keys(&keys)).unwrap();
        assert!(decide(&request, Some(tree(cosigned))).is_err(), "{cosigned} {}", ask.size);
    };
    let olds = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
    for cosigned in 1..10 {
        let old = olds[cosigned as usize - 1];
        for size in cosigned..18 {
            let proof =
                || if size == cosigned { Proof::Empty } else { Proof::Between(cosigned, size) };
            refused_all(cosigned, &Ask { old, size, root: Root::Other, proof: proof(), ..SOUND });
        }
        for size in 1..cosigned {
            for old in &olds[..size as usize] {
                let from = old.parse().unwrap();
                let proof = if from == size { Proof::Empty } else { Proof::Between(from, size) };
                refused_all(cosigned, &Ask { old, size, proof, ..SOUND });
            }
        }
    }
}
