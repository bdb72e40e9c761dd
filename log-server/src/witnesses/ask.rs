//! One conversation with a witness about one head, without the network: what to ask, and what an
//! answer means.
//!
//! Rule: C2SP tlog-witness, add-checkpoint, from the client's side.
//!
//! ```text
//! ask from the size it is believed to know
//!   200  verify each line of its keys         -> cosigned with all, with some, or trouble
//!   409  it knows another size: at most ours  -> ask again from there (a few times)
//!                               larger        -> THE LOG WAS ROLLED BACK
//!   422  it saw another root                  -> THE LOG HAS FORKED, or was rolled back;
//!                        asked from size 0    -> trouble: there was no root to compare
//!   403  404  400  3xx ...                    -> trouble: someone must change a configuration
//!   429  503  5xx                             -> trouble: later
//! ```
//!
//! A 422 means what it says only because the caller sends no proof that it has not verified itself.
//!
//! Nothing of an answer is believed. A witness that lies in whatever way is as if it were absent,
//! with two exceptions: its word that it has seen more of this log, or another root. What follows
//! from that is in `contradiction`.

use spec::checkpoint::Checkpoint;
use spec::cosignature::{self, CosignatureError, Timestamp, TimestampError};
use spec::key::VerifierKey;
use spec::note::Signature;
use spec::witness::{CONFLICT_TYPE, parse_answer, parse_conflict};

use crate::number;

pub use super::trouble::Trouble;

/// How often a witness may name another size before it is taken to contradict itself: once for a
/// wrong hint, and a few times for others who tell it of newer heads meanwhile.
const MAX_ROUNDS: u32 = 4;

/// How far a cosignature's time may be from this machine's, in seconds. Beyond it one of the two
/// clocks is wrong, and such a time in the record would be believed for ever.
pub const MAX_CLOCK_DIFFERENCE: u64 = 60 * 60;

/// How old a cosignature may be that was carried here by hand, in seconds: ninety days.
pub const MAX_CARRY_TIME: u64 = 90 * 24 * 60 * 60;

/// Which times a cosignature may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    now: u64,
    past: u64,
}

impl Window {
    /// For an answer that came just now; `now` in seconds since 1970.
    #[must_use]
    pub const fn of_answer(now: u64) -> Self {
        Self { now, past: MAX_CLOCK_DIFFERENCE }
    }

    /// For what was carried here by hand.
    #[must_use]
    pub const fn of_carried(now: u64) -> Self {
        Self { now, past: MAX_CARRY_TIME }
    }

    const fn check(self, time: Timestamp) -> Result<(), Trouble> {
        let seconds = time.as_seconds().abs_diff(self.now);
        let most = if time.as_seconds() < self.now { self.past } else { MAX_CLOCK_DIFFERENCE };
        if seconds > most { Err(Trouble::Clock { seconds }) } else { Ok(()) }
    }
}

/// An answer, read to its end within the limits of `client`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// The media type, as it was sent.
    pub content_type: Vec<u8>,
    /// When to come again, in seconds.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: Vec<u8>,
}

/// A cosignature that was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// Which witness of the policy, by its position there.
    pub witness: usize,
    /// The signature line.
    pub line: Signature,
    /// When, as it says.
    pub time: Timestamp,
}

/// What a witness said that cannot be if all is well with this log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// It has cosigned a larger tree than this log has ever signed, as far as its data knows.
    #[error(
        "it says that it has cosigned {}, more than this log has ever signed",
        number::entries(*size)
    )]
    Larger {
        /// The size that it knows.
        size: u64,
    },
    /// It saw another root.
    #[error("it says that it has seen another root of this log at size {old_size}")]
    OtherRoot {
        /// The size from which the proof went.
        old_size: u64,
    },
}

/// What follows from an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask again, from [`Ask::old_size`].
    Again,
    /// This log went back or has forked, if it is true.
    Contradicted(Contradiction),
    /// It has cosigned with every one of its keys.
    Cosigned(Vec<Cosigned>),
    /// It has cosigned with some of its keys, at least one; what is wrong with the others.
    Partly(Vec<Cosigned>, Trouble),
    /// It has seen a newer head of this log than the one asked about.
    Superseded {
        /// The size that it knows.
        size: u64,
    },
    /// It counts as absent.
    Trouble(Trouble),
}

/// A conversation about one head.
#[derive(Debug)]
pub struct Ask<'a> {
    head: &'a Checkpoint,
    keys: &'a [(usize, VerifierKey)],
    old_size: u64,
    rounds: u32,
}

impl<'a> Ask<'a> {
    /// Begins. `keys` are the witness's own with their positions in the policy; `hint` is the size
    /// that it knew when it was last heard of.
    #[must_use]
    pub fn new(head: &'a Checkpoint, keys: &'a [(usize, VerifierKey)], hint: u64) -> Self {
        // A larger hint than the head must not be sent (it would be 400): the witness says it.
        let old_size = hint.min(head.tree().size());
        Self { head, keys, old_size, rounds: 0 }
    }

    /// From which size to ask.
    #[must_use]
    pub const fn old_size(&self) -> u64 {
        self.old_size
    }

    /// Takes the answer to a request from [`Ask::old_size`].
    ///
    /// `signed` is the size of the newest head that this log has signed by now; `now` this
    /// machine's time in seconds since 1970.
    pub fn take(&mut self, answer: &Answer, signed: u64, now: u64) -> Step {
        self.rounds += 1;
        match answer.status {
            200 => self.cosigned(&answer.body, now),
            409 => self.conflict(answer, signed),
            // From nothing every tree follows, without a proof: this cannot be about a root.
            422 if self.old_size == 0 => Step::Trouble(Trouble::Refused(422)),
            422 => Step::Contradicted(Contradiction::OtherRoot { old_size: self.old_size }),
            403 => Step::Trouble(Trouble::UntrustedKey),
            404 => Step::Trouble(Trouble::UnknownLog),
            status @ (429 | 503) => {
                Step::Trouble(Trouble::Busy { status, retry_after: answer.retry_after })
            }
            status @ 500..600 => Step::Trouble(Trouble::Failed(status)),
            status => Step::Trouble(Trouble::Refused(status)),
        }
    }

    fn cosigned(&self, body: &[u8], now: u64) -> Step {
        match verify_each(self.head, self.keys, body, Window::of_answer(now)) {
            Err(trouble) => Step::Trouble(trouble),
            Ok(Verified { cosigned, lacking: None }) => Step::Cosigned(cosigned),
            Ok(Verified { cosigned, lacking: Some((key, trouble)) }) => match trouble {
                trouble if cosigned.is_empty() => Step::Trouble(trouble),
                Trouble::OtherKey => Step::Partly(cosigned, Trouble::LacksKey(key.name().clone())),
                trouble => Step::Partly(cosigned, trouble),
            },
        }
    }

    fn conflict(&mut self, answer: &Answer, signed: u64) -> Step {
        let wrong = |why: String| Step::Trouble(Trouble::Answer(why));
        if answer.content_type != CONFLICT_TYPE.as_bytes() {
            return wrong(format!("a 409 whose media type is not {CONFLICT_TYPE}"));
        }
        let size = match parse_conflict(&answer.body) {
            Ok(size) => size,
            Err(error) => return wrong(error.to_string()),
        };
        if size > signed {
            return Step::Contradicted(Contradiction::Larger { size });
        }
        if size > self.head.tree().size() {
            return Step::Superseded { size };
        }
        if size == self.old_size {
            return wrong(format!("a 409 that names {size}, the size that it was asked from"));
        }
        if self.rounds >= MAX_ROUNDS {
            return wrong("it names another size each time".to_owned());
        }
        self.old_size = size;
        Step::Again
    }
}

/// Reads the body of a 200, and keeps the first line of each of `keys` if all of its lines verify.
///
/// Lines of other keys are ignored. Fails if no key is left, with what was wrong last.
pub fn verify(
    head: &Checkpoint,
    keys: &[(usize, VerifierKey)],
    body: &[u8],
    window: Window,
) -> Result<Vec<Cosigned>, Trouble> {
    match verify_each(head, keys, body, window)? {
        Verified { cosigned, lacking: Some((_, trouble)) } if cosigned.is_empty() => Err(trouble),
        Verified { cosigned, .. } => Ok(cosigned),
    }
}

/// What the lines of an answer are worth.
struct Verified<'a> {
    cosigned: Vec<Cosigned>,
    /// A key that has not cosigned, and what is wrong with it.
    lacking: Option<(&'a VerifierKey, Trouble)>,
}

/// The same, with what is wrong with a key that is left out: bad lines come before no lines.
fn verify_each<'a>(
    head: &Checkpoint,
    keys: &'a [(usize, VerifierKey)],
    body: &[u8],
    window: Window,
) -> Result<Verified<'a>, Trouble> {
    let lines = parse_answer(body).map_err(|error| Trouble::Answer(error.to_string()))?;
    let mut cosigned = Vec::new();
    let mut lacking: Option<(&VerifierKey, Trouble)> = None;
    for (witness, key) in keys {
        match verify_key(head, key, &lines, window) {
            Ok((line, time)) => cosigned.push(Cosigned { witness: *witness, line, time }),
            Err(Trouble::OtherKey) if lacking.is_some() => {}
            Err(trouble) => lacking = Some((key, trouble)),
        }
    }
    Ok(Verified { cosigned, lacking })
}

fn verify_key(
    head: &Checkpoint,
    key: &VerifierKey,
    lines: &[Signature],
    window: Window,
) -> Result<(Signature, Timestamp), Trouble> {
    let mut first = None;
    for line in lines.iter().filter(|line| key.claims(line)) {
        let time = cosignature::verify_line(line, head, key).map_err(|error| match error {
            // tlog-witness: "The cosignature MUST NOT omit the timestamp".
            CosignatureError::Timestamp(TimestampError::Zero) => {
                Trouble::Clock { seconds: window.now }
            }
            other => Trouble::Cosignature(other),
        })?;
        window.check(time)?;
        first = first.or_else(|| Some((line.clone(), time)));
    }
    first.ok_or(Trouble::OtherKey)
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::Hash;
    use spec::checkpoint::Origin;
    use spec::cosignature::sign_ed25519;
    use spec::key::{Algorithm, KeyName, SigningKey};
    use spec::tree::Tree;
    use spec::witness::format_answer;

    const NOW: u64 = 1_700_000_000;

    fn head(size: u64) -> Checkpoint {
        let tree = Tree::new(size, Hash::of(b"root")).unwrap();
        Checkpoint::new(Origin::parse("log.example").unwrap(), tree)
    }

    fn key(name: &str, seed: u8) -> SigningKey {
        let name = KeyName::parse(name).unwrap();
        SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &[seed; 32]).unwrap()
    }

    fn keys() -> Vec<(usize, VerifierKey)> {
        vec![(3, key("w.example", 1).verifier().clone())]
    }

    fn answer(status: u16, content_type: &str, body: &str) -> Answer {
        let (content_type, body) = (content_type.as_bytes().to_vec(), body.as_bytes().to_vec());
        Answer { status, content_type, retry_after: Some(7), body }
    }

    fn conflict(size: u64) -> Answer {
        answer(409, CONFLICT_TYPE, &format!("{size}\n"))
    }

    fn line(key: &SigningKey, seconds: u64, checkpoint: &Checkpoint) -> Signature {
        sign_ed25519(key, Timestamp::from_seconds(seconds).unwrap(), checkpoint)
    }

    #[test]
    fn a_sound_cosignature_counts_among_others() {
        let (head, keys) = (head(7), keys());
        let own = line(&key("w.example", 1), NOW, &head);
        let other = line(&key("stranger.example", 9), NOW, &head);
        let body = format_answer(&[other, own.clone()]);
        let mut ask = Ask::new(&head, &keys, 5);
        let step = ask.take(&answer(200, "", &body), 7, NOW);
        let time = Timestamp::from_seconds(NOW).unwrap();
        assert_eq!(step, Step::Cosigned(vec![Cosigned { witness: 3, line: own, time }]));
    }

    #[test]
    fn a_key_that_is_left_out_does_not_cost_the_others_and_is_named() {
        let head = head(7);
        let (one, two) = (key("one.example", 1), key("two.example", 2));
        let keys = [(3, one.verifier().clone()), (5, two.verifier().clone())];
        let (first, second) = (line(&one, NOW, &head), line(&two, NOW, &head));
        let mut spoiled = second.clone();
        spoiled.bytes[20] ^= 1;
        let take = |lines: &[Signature]| {
            Ask::new(&head, &keys, 5).take(&answer(200, "", &format_answer(lines)), 7, NOW)
        };
        let all = take(&[first.clone(), second.clone()]);
        assert!(matches!(all, Step::Cosigned(cosigned) if cosigned.len() == 2));
        let cases = [
            (vec![first.clone()], 3, "lacks-key", "two.example"),
            (vec![second], 5, "lacks-key", "one.example"),
            (vec![spoiled, first], 3, "cosignature", "does not hold"),
        ];
        for (lines, witness, kind, said) in cases {
            let Step::Partly(cosigned, trouble) = take(&lines) else { panic!("{lines:?}") };
            assert_eq!(cosigned.len(), 1);
            assert_eq!((cosigned[0].witness, trouble.kind()), (witness, kind));
            assert!(trouble.to_string().contains(said), "{trouble}");
        }
    }

    #[test]
    fn a_lying_witness_is_absent() {
        let (head, keys, own) = (head(7), keys(), key("w.example", 1));
        let body = |lines: &[Signature]| format_answer(lines);
        let good = line(&own, NOW, &head);
        let mut flipped = good.clone();
        flipped.bytes[20] ^= 1;
        let mut zero = good.clone();
        zero.bytes[..8].fill(0);
        let far = MAX_CLOCK_DIFFERENCE + 1;
        let cases = [
            (String::new(), "answer"),
            ("<html>".to_owned(), "answer"),
            ("\u{2014} w.example AAAA\n".to_owned(), "answer"),
            (body(&[line(&key("w.example", 2), NOW, &head)]), "other-key"),
            (body(&[line(&key("v.example", 1), NOW, &head)]), "other-key"),
            (body(&[flipped.clone()]), "cosignature"),
            (body(&[good, flipped]), "cosignature"),
            (body(&[line(&own, NOW, &self::head(8))]), "cosignature"),
            (body(&[zero]), "cosignature"),
            (body(&[line(&own, NOW + far, &head)]), "clock"),
            (body(&[line(&own, NOW - far, &head)]), "clock"),
        ];
        for (body, want) in cases {
            let mut ask = Ask::new(&head, &keys, 0);
            match ask.take(&answer(200, "", &body), 7, NOW) {
                Step::Trouble(trouble) => assert_eq!(trouble.kind(), want, "{body:?}"),
                other => panic!("{body:?}: {other:?}"),
            }
        }
        let near = body(&[line(&own, NOW - MAX_CLOCK_DIFFERENCE, &head)]);
        let step = Ask::new(&head, &keys, 0).take(&answer(200, "", &near), 7, NOW);
        assert!(matches!(step, Step::Cosigned(_)));
        let days = body(&[line(&own, NOW - MAX_CARRY_TIME, &head)]);
        assert!(verify(&head, &keys, days.as_bytes(), Window::of_carried(NOW)).is_ok());
        let wrong = verify(&head, &keys, days.as_bytes(), Window::of_answer(NOW));
        assert_eq!(wrong, Err(Trouble::Clock { seconds: MAX_CARRY_TIME }));
        let ahead = body(&[line(&own, NOW + far, &head)]);
        let wrong = verify(&head, &keys, ahead.as_bytes(), Window::of_carried(NOW));
        assert_eq!(wrong, Err(Trouble::Clock { seconds: far }));
    }

    #[test]
    fn another_size_is_asked_from_and_a_larger_one_stops_the_log() {
        let (head, keys) = (head(7), keys());
        let mut ask = Ask::new(&head, &keys, 9);
        assert_eq!(ask.old_size(), 7);
        assert_eq!(ask.take(&conflict(3), 7, NOW), Step::Again);
        assert_eq!(ask.old_size(), 3);
        assert_eq!(ask.take(&conflict(7), 7, NOW), Step::Again);
        assert_eq!(ask.old_size(), 7);
        let larger = Step::Contradicted(Contradiction::Larger { size: 8 });
        assert_eq!(ask.take(&conflict(8), 7, NOW), larger);
        // The same word while a newer head was signed meanwhile is no contradiction.
        let superseded = Step::Superseded { size: 8 };
        assert_eq!(Ask::new(&head, &keys, 3).take(&conflict(8), 8, NOW), superseded);
        assert_eq!(
            Ask::new(&head, &keys, 3).take(&conflict(9), 8, NOW),
            Step::Contradicted(Contradiction::Larger { size: 9 })
        );
    }

    #[test]
    fn a_409_that_cannot_be_meant_is_no_reason_to_go_on_asking() {
        let (head, keys) = (head(7), keys());
        let wrong = [
            conflict(5),
            answer(409, "text/plain", "3\n"),
            answer(409, "text/x.tlog.size; charset=utf-8", "3\n"),
            answer(409, CONFLICT_TYPE, "3"),
            answer(409, CONFLICT_TYPE, "03\n"),
            answer(409, CONFLICT_TYPE, "99999999999999999999999\n"),
        ];
        for answer in wrong {
            let step = Ask::new(&head, &keys, 5).take(&answer, 7, NOW);
            assert!(matches!(step, Step::Trouble(Trouble::Answer(_))), "{answer:?}: {step:?}");
        }
        let mut ask = Ask::new(&head, &keys, 0);
        for size in [1, 2, 3] {
            assert_eq!(ask.take(&conflict(size), 7, NOW), Step::Again);
        }
        assert!(matches!(ask.take(&conflict(4), 7, NOW), Step::Trouble(Trouble::Answer(_))));
    }

    #[test]
    fn every_status_has_its_meaning() {
        let (head, keys) = (head(7), keys());
        let other_root = Step::Contradicted(Contradiction::OtherRoot { old_size: 5 });
        let busy = |status| Trouble::Busy { status, retry_after: Some(7) };
        let cases = [
            (301, Step::Trouble(Trouble::Refused(301))),
            (400, Step::Trouble(Trouble::Refused(400))),
            (403, Step::Trouble(Trouble::UntrustedKey)),
            (404, Step::Trouble(Trouble::UnknownLog)),
            (413, Step::Trouble(Trouble::Refused(413))),
            (422, other_root),
            (429, Step::Trouble(busy(429))),
            (500, Step::Trouble(Trouble::Failed(500))),
            (503, Step::Trouble(busy(503))),
            (599, Step::Trouble(Trouble::Failed(599))),
            (204, Step::Trouble(Trouble::Refused(204))),
        ];
        for (status, want) in cases {
            let step = Ask::new(&head, &keys, 5).take(&answer(status, "", ""), 7, NOW);
            assert_eq!(step, want, "{status}");
        }
        // Asked from nothing, there is no root that could be another.
        let step = Ask::new(&head, &keys, 0).take(&answer(422, "", ""), 7, NOW);
        assert_eq!(step, Step::Trouble(Trouble::Refused(422)));
    }
}
