//! Asking: the log for its checkpoint, and every witness for the latest one that it cosigned.
//!
//! Rule: C2SP tlog-witness, `GET <monitoring prefix>/<origin hash>/checkpoint`. The keys of one
//! key name are one witness and are asked once. The address in a policy is the submission prefix;
//! a witness that answers monitors elsewhere is named with `--witness`.

use std::thread;

use spec::checkpoint::{Checkpoint, Origin};
use spec::cosignature::{self, Timestamp};
use spec::key::{KeyName, VerifierKey};
use spec::note::{Note, Signature};
use spec::policy::Policy;
use spec::split::{Head, HeadError};
use spec::witness::monitoring_path;

use crate::failure::Failure;
use crate::log::{Log, Network, ReadError};
use crate::messages::{Message, Said};

/// How many witnesses are asked at the same time.
const AT_ONCE: usize = 16;

/// A witness of the policy: all keys of one name, and where it answers.
pub(super) struct Witness {
    pub(super) name: KeyName,
    /// Its names in the policy, one a key. A name may hold any octet but white space.
    labels: Vec<String>,
    pub(super) keys: Vec<VerifierKey>,
    place: Option<Log>,
}

/// A checkpoint that the log has signed, and who showed it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// An address, a file or a witness.
    pub(super) who: String,
    /// The note, without the lines of keys that the policy does not know.
    pub(super) note: Note,
    pub(super) head: Head,
}

/// What a witness said.
pub(super) enum Answer {
    /// A checkpoint of the log, and when the witness cosigned it; no time if it has not.
    Head(Box<Seen>, Option<Timestamp>),
    /// It has never cosigned this log.
    Never,
    /// Nobody knows where to ask.
    NoAddress,
    /// A note that is none of the log's.
    NotSigned(HeadError),
    /// No answer, or none that can be read.
    Unreachable(ReadError),
}

impl Seen {
    /// Checks the log's signature and leaves out the lines of unknown keys, which say nothing to
    /// the policy. Lines that claim a known key stay, also bad ones: they spoil the note.
    pub(super) fn of(
        who: &str,
        note: &Note,
        policy: &Policy,
        log_keys: &[VerifierKey],
    ) -> Result<Self, HeadError> {
        let head = Head::verify(note, log_keys)?;
        let is_kept = |line: &&Signature| {
            log_keys.iter().any(|key| key.claims(line))
                || policy.witnesses().iter().any(|witness| witness.key().claims(line))
        };
        let lines = note.signatures().iter().filter(is_kept).cloned().collect();
        let note = Note::new(note.text().to_string(), lines);
        Ok(Self { who: who.to_string(), note, head })
    }

    pub(super) const fn size(&self) -> u64 {
        self.head.tree().size()
    }
}

impl Witness {
    /// The witnesses of a policy; `given` are `NAME=PLACE`, by a name in the policy or a key name.
    pub(super) fn all(
        policy: &Policy,
        given: &[String],
        network: &Network,
    ) -> Result<Vec<Self>, Failure> {
        let mut all: Vec<Self> = Vec::new();
        for witness in policy.witnesses() {
            let (name, label) = (witness.key().name(), witness.name().to_string());
            let url = witness.url().and_then(|url| std::str::from_utf8(url).ok());
            let url = url.filter(|url| url.starts_with("http://") || url.starts_with("https://"));
            let place = url.map(|url| Log::open(url, network)).transpose()?;
            match all.iter_mut().find(|one| one.name == *name) {
                Some(one) => {
                    one.labels.push(label);
                    one.keys.push(witness.key().clone());
                    one.place = one.place.take().or(place);
                }
                None => {
                    let (labels, keys) = (vec![label], vec![witness.key().clone()]);
                    all.push(Self { name: name.clone(), labels, keys, place });
                }
            }
        }
        for text in given {
            let Some((name, place)) = text.split_once('=') else {
                return Err(Said::new(Message::Malformed, &[text, "NAME=URL_OR_FOLDER"]).into());
            };
            let names = |one: &&mut Self| {
                one.name.as_str() == name || one.labels.iter().any(|label| label == name)
            };
            let Some(one) = all.iter_mut().find(names) else {
                return Err(Said::new(Message::WitnessUnknown, &[name]).into());
            };
            one.place = Some(Log::open(place, network)?);
        }
        Ok(all)
    }

    /// All its names in the policy, for people.
    pub(super) fn label(&self) -> String {
        self.labels.join("/")
    }

    /// Asks for the latest checkpoint of a log.
    fn ask(&self, origin: &Origin, policy: &Policy, log_keys: &[VerifierKey]) -> Answer {
        let Some(place) = &self.place else {
            return Answer::NoAddress;
        };
        let note = match place.note(&monitoring_path(origin)) {
            Ok(note) => note,
            Err(ReadError::Missing { .. }) => return Answer::Never,
            Err(error) => return Answer::Unreachable(error),
        };
        match Seen::of(&self.label(), &note, policy, log_keys) {
            Ok(seen) if seen.head.origin() != origin => {
                Answer::NotSigned(HeadError::UnknownLog { origin: seen.head.origin().clone() })
            }
            Ok(seen) => {
                let time = self.cosigned(&note);
                Answer::Head(Box::new(seen), time)
            }
            Err(why) => Answer::NotSigned(why),
        }
    }

    /// When the witness cosigned; `None` unless one of its lines verifies and none is bad.
    fn cosigned(&self, note: &Note) -> Option<Timestamp> {
        let checkpoint = Checkpoint::parse(note.text()).ok()?;
        let lines = |key| cosignature::verify(note.signatures(), &checkpoint, key);
        let lines: Vec<_> = self.keys.iter().map(lines).collect();
        let is_bad = |why: &cosignature::CosignatureError| {
            !matches!(why, cosignature::CosignatureError::Missing)
        };
        if lines.iter().any(|line| line.as_ref().is_err_and(is_bad)) {
            return None;
        }
        lines.into_iter().filter_map(Result::ok).max()
    }
}

/// Asks all witnesses, some at the same time; the answers are in their order.
pub(super) fn ask_all(
    witnesses: &[Witness],
    origin: &Origin,
    policy: &Policy,
    log_keys: &[VerifierKey],
) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(witnesses.len());
    for some in witnesses.chunks(AT_ONCE) {
        thread::scope(|scope| {
            let asked: Vec<_> = some
                .iter()
                .map(|witness| scope.spawn(|| witness.ask(origin, policy, log_keys)))
                .collect();
            let heard = asked.into_iter().map(|one| one.join().expect("asking does not panic"));
            answers.extend(heard);
        });
    }
    answers
}
