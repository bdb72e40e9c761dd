//! The cosignatures of one head, as they come in, and what they are enough for.
//!
//! One place for each witness of the policy. The first line of a witness stays, because what it
//! says is that the tree existed by its time, and the earliest says most.
//!
//! A line is *fresh* if the witness gave it to this process, or cannot have given it before this
//! process started. Old lines are enough to publish the head they are on. They are not enough to
//! sign another: a copy of the data folder brings them along, and only a fresh word tells that the
//! witnesses have seen nothing newer.

use spec::checkpoint::Checkpoint;
use spec::cosignature::{self, Timestamp};
use spec::note::{MAX_SIGNATURES, Note, Signature};
use spec::policy::Policy;

use super::ask::Cosigned;
use crate::heads::SignedHead;

/// The most witness keys of a policy for publishing: with the log's own two, what a note can hold.
pub const MAX_COSIGNERS: usize = MAX_SIGNATURES - 2;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Held {
    line: Signature,
    time: Timestamp,
    fresh: bool,
}

/// See the module's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    places: Vec<Option<Held>>,
}

impl Gathered {
    /// Nothing yet, of `count` witnesses.
    #[must_use]
    pub fn new(count: usize) -> Self {
        Self { places: vec![None; count] }
    }

    /// What a published note holds already: the lines that verify, none of them fresh.
    #[must_use]
    pub fn of_note(policy: &Policy, checkpoint: &Checkpoint, note: &Note) -> Self {
        let mut gathered = Self::new(policy.witnesses().len());
        for (at, witness) in policy.witnesses().iter().enumerate() {
            let claimed = note.signatures().iter().find(|line| witness.key().claims(line));
            let Some(line) = claimed else { continue };
            match cosignature::verify_line(line, checkpoint, witness.key()) {
                Ok(time) => {
                    gathered.places[at] = Some(Held { line: line.clone(), time, fresh: false })
                }
                Err(why) => {
                    tracing::warn!(witness = %witness.name(), %why, "a published cosignature is left out");
                }
            }
        }
        gathered
    }

    /// Puts a cosignature in its place. Returns whether anything is new.
    pub fn add(&mut self, cosigned: Cosigned, fresh: bool) -> bool {
        let Cosigned { witness, line, time } = cosigned;
        match &mut self.places[witness] {
            Some(held) => {
                let news = fresh && !held.fresh;
                held.fresh |= fresh;
                news
            }
            empty => {
                *empty = Some(Held { line, time, fresh });
                true
            }
        }
    }

    /// The times of all, in the order of the policy.
    #[must_use]
    pub fn times(&self) -> Vec<Option<Timestamp>> {
        self.places.iter().map(|held| held.as_ref().map(|held| held.time)).collect()
    }

    /// The times of those that are fresh.
    #[must_use]
    pub fn fresh_times(&self) -> Vec<Option<Timestamp>> {
        let fresh =
            |held: &Option<Held>| held.as_ref().filter(|held| held.fresh).map(|held| held.time);
        self.places.iter().map(fresh).collect()
    }

    /// Whether every witness is there.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.places.iter().all(Option::is_some)
    }

    /// The head's own lines, and those of the witnesses in the order of the policy.
    #[must_use]
    pub fn note(&self, head: &SignedHead) -> Note {
        let own = head.note.signatures().iter().cloned();
        let cosigned = self.places.iter().flatten().map(|held| held.line.clone());
        Note::new(head.note.text().to_owned(), own.chain(cosigned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::Hash;
    use spec::checkpoint::Origin;
    use spec::cosignature::sign_ed25519;
    use spec::key::{Algorithm, KeyName, SigningKey};
    use spec::tree::Tree;

    fn key(name: &str, algorithm: Algorithm) -> SigningKey {
        SigningKey::from_seed(KeyName::parse(name).unwrap(), algorithm, &[name.len() as u8; 32])
            .unwrap()
    }

    fn head() -> SignedHead {
        let tree = Tree::new(7, Hash::of(b"root")).unwrap();
        let checkpoint = Checkpoint::new(Origin::parse("log.example").unwrap(), tree);
        let log = key("log.example", Algorithm::NoteEd25519);
        let note = Note::new(checkpoint.to_string(), vec![log.sign_note(&checkpoint.to_string())]);
        SignedHead { note, checkpoint }
    }

    fn cosigned(witness: usize, name: &str, seconds: u64) -> Cosigned {
        let time = Timestamp::from_seconds(seconds).unwrap();
        let line =
            sign_ed25519(&key(name, Algorithm::CosignatureEd25519), time, &head().checkpoint);
        Cosigned { witness, line, time }
    }

    fn policy() -> Policy {
        let log = key("log.example", Algorithm::NoteEd25519);
        let a = key("a", Algorithm::CosignatureEd25519);
        let bb = key("bb", Algorithm::CosignatureEd25519);
        let text = format!(
            "log {}\nwitness a {}\nwitness b {}\ngroup both all a b\nquorum both\n",
            log.verifier(),
            a.verifier(),
            bb.verifier()
        );
        Policy::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_first_line_of_a_witness_stays_and_freshness_is_added() {
        let mut gathered = Gathered::new(2);
        assert!(gathered.add(cosigned(0, "a", 100), false));
        assert!(!gathered.add(cosigned(0, "a", 200), false));
        assert_eq!(gathered.fresh_times(), [None, None]);
        assert!(gathered.add(cosigned(0, "a", 300), true));
        assert!(!gathered.add(cosigned(0, "a", 400), true));
        let time = Timestamp::from_seconds(100).ok();
        assert_eq!(gathered.times(), [time, None]);
        assert_eq!(gathered.fresh_times(), [time, None]);
        assert!(!gathered.is_complete());
    }

    #[test]
    fn the_note_satisfies_the_policy_and_gives_back_what_was_gathered() {
        let (policy, head) = (policy(), head());
        let mut gathered = Gathered::new(2);
        gathered.add(cosigned(1, "bb", 200), true);
        assert!(policy.count_quorum(&gathered.times()).is_err());
        gathered.add(cosigned(0, "a", 100), true);
        assert!(policy.count_quorum(&gathered.times()).is_ok());
        assert!(gathered.is_complete());
        let note = gathered.note(&head);
        assert_eq!(policy.check(&note).unwrap().cosigners().len(), 2);
        assert_eq!(note.signatures()[0], head.note.signatures()[0]);

        let again = Gathered::of_note(&policy, &head.checkpoint, &note);
        assert_eq!(again.times(), gathered.times());
        assert_eq!(again.fresh_times(), [None, None]);
        assert_eq!(again.note(&head), note);
    }

    #[test]
    fn a_damaged_line_of_a_published_note_is_left_out() {
        let (policy, head) = (policy(), head());
        let mut gathered = Gathered::new(2);
        let mut bad = cosigned(0, "a", 100);
        bad.line.bytes[20] ^= 1;
        gathered.add(bad, true);
        gathered.add(cosigned(1, "bb", 100), true);
        let again = Gathered::of_note(&policy, &head.checkpoint, &gathered.note(&head));
        assert_eq!(again.times(), [None, Timestamp::from_seconds(100).ok()]);
    }
}
