//! Witnesses: whose word the log needs before it publishes a head, and how it asks for it.
//!
//! Rule: C2SP tlog-witness and tlog-policy. The argument in words: `spec/text/sequencing.md`.
//!
//! - [`ask`]: one conversation, pure. [`trouble`]: what can be wrong with a witness. [`client`]:
//!   HTTP. [`memory`]: what witnesses know.
//! - `contradiction`: what a witness says that would mean a fork, and what proves it.
//! - [`gathered`]: the cosignatures of one head, pure. [`board`]: where they meet the publisher.
//! - [`flight`]: what the publisher may do next. [`gather`]: the thread that asks all witnesses at
//!   once. [`spool`] and [`carry`]: cosignatures that are carried by hand.
//!
//! The publisher decides what is signed and published; nothing here does.
//!
//! Invariants: a head is offered only once it is durable in `signed-head`; a cosignature is on the
//! board only if it was verified for the head that is offered.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use spec::Hash;
use spec::cosignature::Timestamp;
use spec::key::VerifierKey;
use spec::note::Note;
use spec::policy::{MAX_POLICY_SIZE, Policy, PolicyError, PolicyName};
use spec::witness::{AddCheckpoint, AddCheckpointError};
use tokio_rustls::TlsConnector;

use board::{Board, WitnessingStatus};
use client::{Client, Url, UrlError};
use gathered::MAX_COSIGNERS;
use spool::Before;

use crate::heads::SignedHead;
use crate::journal::postgres::Database;
use crate::keys::LogKeys;
use crate::outgoing::{AuthoritiesError, connector};
use crate::publisher::unix_seconds;

pub mod ask;
pub mod board;
pub mod carry;
pub mod client;
mod contradiction;
pub mod flight;
pub mod gather;
pub mod gathered;
pub mod memory;
pub mod spool;
pub mod trouble;

/// How long a witness may take to answer, unless configured otherwise.
pub const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Why a policy cannot be used for publishing.
#[derive(Debug, thiserror::Error)]
pub enum WitnessesError {
    /// An `https` witness cannot be asked.
    #[error(transparent)]
    Authorities(#[from] AuthoritiesError),
    /// The file cannot be read.
    #[error("{0}")]
    Io(std::io::Error),
    /// The policy lists logs, and this one is not among them.
    #[error("the policy lists no key of this log; add the line `log {0}`")]
    OtherLog(Box<VerifierKey>),
    /// It is no policy.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// More keys than a note can hold signatures.
    #[error("the policy has {0} witness keys; a checkpoint can carry {MAX_COSIGNERS}")]
    TooMany(usize),
    /// A witness cannot be reached at its URL.
    #[error("witness {name}: {fault}")]
    Url {
        /// Its name in the policy.
        name: PolicyName,
        /// What is wrong.
        fault: UrlError,
    },
}

/// A witness that is asked over the network: one URL, and the keys that the policy has for it.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Where to submit.
    pub url: Url,
    /// Its keys, with their positions among the policy's witnesses; at least one.
    pub keys: Vec<(usize, VerifierKey)>,
    /// Its names in the policy, with commas between them.
    pub name: String,
}

impl Endpoint {
    /// What it is remembered by: the name and ID of its first key.
    #[must_use]
    pub fn identity(&self) -> String {
        let (_, key) = self.keys.first().expect("an endpoint has a key");
        format!("{}+{}", key.name(), key.id())
    }
}

/// The request to cosign a head, which carries the log's own signatures and nobody else's.
pub(crate) fn request(
    keys: &LogKeys,
    head: &SignedHead,
    old_size: u64,
    proof: Vec<Hash>,
) -> Result<AddCheckpoint, AddCheckpointError> {
    let note = Note::new(head.note.text().to_owned(), keys.own_lines(&head.note));
    AddCheckpoint::new(old_size, proof, note)
}

/// The policy for publishing, and how its witnesses are reached.
#[derive(Clone)]
pub struct Witnesses {
    policy: Policy,
    endpoints: Vec<Endpoint>,
    tls: Option<TlsConnector>,
    answer_time: Duration,
}

impl std::fmt::Debug for Witnesses {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Witnesses")
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

impl Witnesses {
    /// Reads the policy for publishing from a file.
    pub fn load(
        path: &Path,
        keys: &[VerifierKey],
        authorities: Option<&Path>,
        answer_time: Duration,
    ) -> Result<Self, WitnessesError> {
        let policy = read_policy(path, keys)?;
        Self::new(policy, authorities, answer_time)
    }

    /// Uses a policy that lists this log.
    pub fn new(
        policy: Policy,
        authorities: Option<&Path>,
        answer_time: Duration,
    ) -> Result<Self, WitnessesError> {
        let endpoints = endpoints(&policy)?;
        let any_tls = endpoints.iter().any(|endpoint| endpoint.url.is_tls());
        let tls = any_tls.then(|| connector(authorities, "--witness-ca")).transpose()?;
        for endpoint in endpoints.iter().filter(|endpoint| !endpoint.url.is_tls()) {
            if !endpoint.url.is_loopback() {
                tracing::warn!(
                    witness = %endpoint.name, url = %endpoint.url,
                    "this witness is asked without TLS: whoever is on the way can stop the log"
                );
            }
        }
        Ok(Self { policy, endpoints, tls, answer_time })
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// A client that has not asked one of them yet.
    pub(crate) fn client(&self, endpoint: &Endpoint) -> Client {
        Client::new(endpoint.url.clone(), self.tls.clone(), self.answer_time)
    }

    /// Who is asked over the network.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }
}

/// Reads a policy, and makes sure that it lists this log. One that lists no log at all is meant for
/// any: this one is added.
pub fn read_policy(path: &Path, keys: &[VerifierKey]) -> Result<Policy, WitnessesError> {
    use std::io::Read;
    let file = std::fs::File::open(path).map_err(WitnessesError::Io)?;
    let mut bytes = Vec::new();
    file.take(MAX_POLICY_SIZE as u64 + 1).read_to_end(&mut bytes).map_err(WitnessesError::Io)?;
    for_log(&bytes, keys)
}

fn for_log(bytes: &[u8], keys: &[VerifierKey]) -> Result<Policy, WitnessesError> {
    let mut policy = Policy::parse(bytes)?;
    if policy.logs().is_empty() {
        let logs: String = keys.iter().map(|key| format!("log {key}\n")).collect();
        policy = Policy::parse(&[logs.as_bytes(), bytes].concat())?;
    }
    if !policy.logs().iter().any(|log| keys.contains(log.key())) {
        let key = keys.first().expect("a log has a key");
        return Err(WitnessesError::OtherLog(Box::new(key.clone())));
    }
    let count = policy.witnesses().len();
    if count > MAX_COSIGNERS { Err(WitnessesError::TooMany(count)) } else { Ok(policy) }
}

/// Puts together what is at one URL: several keys of one witness are asked with one request.
fn endpoints(policy: &Policy) -> Result<Vec<Endpoint>, WitnessesError> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for (at, witness) in policy.witnesses().iter().enumerate() {
        let Some(octets) = witness.url() else { continue };
        let fault = |fault| WitnessesError::Url { name: witness.name().clone(), fault };
        let url = Url::parse(octets).map_err(fault)?;
        let key = (at, witness.key().clone());
        match endpoints.iter_mut().find(|endpoint| endpoint.url == url) {
            Some(endpoint) => {
                endpoint.name = format!("{},{}", endpoint.name, witness.name());
                endpoint.keys.push(key);
            }
            None => {
                let name = witness.name().to_string();
                endpoints.push(Endpoint { url, keys: vec![key], name });
            }
        }
    }
    Ok(endpoints)
}

/// What the threads share of the witnesses.
#[derive(Debug)]
pub struct Witnessing {
    /// The policy, and who is asked.
    pub witnesses: Witnesses,
    /// What was gathered.
    pub board: Board,
    /// The data folder, below which carried cosignatures lie.
    pub folder: PathBuf,
    /// Whose timeline decides, where servers share a journal.
    database: OnceLock<Arc<Database>>,
    /// What is no longer fresh, as of which turn of the timeline.
    before: Mutex<(u64, Before)>,
}

impl Witnessing {
    /// Begins, at `now` in seconds since 1970.
    #[must_use]
    pub fn new(witnesses: Witnesses, folder: &Path, now: u64) -> Arc<Self> {
        let board = Board::new(witnesses.endpoints());
        let before = Mutex::new((0, Before::list(folder, now)));
        let database = OnceLock::new();
        Arc::new(Self { witnesses, board, folder: folder.to_owned(), database, before })
    }

    /// Notes that servers share this database. It is noted once.
    pub(crate) fn follow(&self, database: Arc<Database>) {
        // A second one would be the same.
        let _ = self.database.set(database);
    }

    /// What was carried before this process began, or before the database last changed its timeline. Asked when
    /// an office begins.
    ///
    /// A database that failed over may have lost a head, and with it what witnesses said of it: then each of them
    /// has to be heard once more. Else the head that it has is the last, whichever server is in office.
    pub(crate) fn carried_before(&self) -> Before {
        let turns = self.database.get().map_or(0, |database| database.turns());
        let mut before = self.before.lock().expect("no panic under this lock");
        if before.0 != turns {
            *before = (turns, Before::list(&self.folder, unix_seconds()));
            self.board.hear_again();
        }
        before.1.clone()
    }

    /// The policy.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        self.witnesses.policy()
    }

    /// What is known now.
    #[must_use]
    pub fn status(&self) -> WitnessingStatus {
        self.board.status(self.policy(), self.endpoints())
    }

    /// Whether those who have neither answered nor failed to in this process, on this timeline, could be a quorum by themselves, with
    /// those who are reached by file: then a newer head may have been published without anybody who was heard.
    pub(crate) fn may_be_overruled(&self) -> bool {
        let (policy, heard) = (self.policy(), self.status().witnesses);
        let some = Timestamp::from_seconds(1).ok();
        let mut times: Vec<Option<Timestamp>> = vec![None; policy.witnesses().len()];
        for (endpoint, _) in self.endpoints().iter().zip(heard).filter(|(_, one)| !one.heard) {
            endpoint.keys.iter().for_each(|(at, _)| times[*at] = some);
        }
        if times.iter().all(Option::is_none) {
            return false;
        }
        for (time, witness) in times.iter_mut().zip(policy.witnesses()) {
            if witness.url().is_none() {
                *time = some;
            }
        }
        matches!(policy.count_quorum(&times), Ok(Some(_)))
    }

    fn endpoints(&self) -> &[Endpoint] {
        self.witnesses.endpoints()
    }

    /// Whether it is known that the head that is offered will lack its quorum for a while.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        self.board.is_outage(self.policy(), self.endpoints())
    }

    /// Whether in that outage a server with another network may fare better.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.board.is_cut_off(self.policy(), self.endpoints())
    }
}

#[cfg(test)]
mod tests {
    use super::ask::Trouble;
    use super::*;
    use spec::key::{Algorithm, KeyName, SigningKey};

    fn key(name: &str, algorithm: Algorithm, seed: u8) -> VerifierKey {
        let name = KeyName::parse(name).unwrap();
        SigningKey::from_seed(name, algorithm, &[seed; 32]).unwrap().verifier().clone()
    }

    fn witness(name: &str, seed: u8) -> VerifierKey {
        key(name, Algorithm::CosignatureEd25519, seed)
    }

    fn log() -> VerifierKey {
        key("log.example", Algorithm::NoteEd25519, 1)
    }

    #[test]
    fn the_log_is_in_its_policy_or_is_put_there() {
        let rest = format!("witness w {}\nquorum w\n", witness("w.example", 2));
        let policy = for_log(rest.as_bytes(), &[log()]).unwrap();
        assert_eq!(policy.logs()[0].key(), &log());
        let named = format!("log {}\n{rest}", log());
        assert_eq!(for_log(named.as_bytes(), &[log()]).unwrap(), policy);
        let other = key("other.example", Algorithm::NoteEd25519, 3);
        let refused = for_log(format!("log {other}\n{rest}").as_bytes(), &[log()]);
        assert!(matches!(refused, Err(WitnessesError::OtherLog(key)) if *key == log()));
        assert!(matches!(for_log(b"quorum w\n", &[log()]), Err(WitnessesError::Policy(_))));
    }

    #[test]
    fn keys_at_one_url_are_asked_together_and_those_without_are_not_asked() {
        let text = format!(
            "witness a {} https://a.example/\nwitness b {}\nwitness c {} https://a.example\n\
             witness d {} http://127.0.0.1:9\ngroup all all a b d\nquorum all\n",
            witness("a.example", 2),
            witness("b.example", 3),
            witness("a.example", 4),
            witness("d.example", 5)
        );
        let policy = for_log(text.as_bytes(), &[log()]).unwrap();
        let endpoints = endpoints(&policy).unwrap();
        let seen: Vec<(&str, Vec<usize>)> = endpoints
            .iter()
            .map(|one| (one.name.as_str(), one.keys.iter().map(|key| key.0).collect()))
            .collect();
        assert_eq!(seen, [("a,c", vec![0, 2]), ("d", vec![3])]);
        assert!(endpoints[1].identity().starts_with("d.example+"));
    }

    #[test]
    fn a_policy_that_no_note_could_satisfy_or_no_log_could_ask_is_refused() {
        let many: String = (0..=MAX_COSIGNERS)
            .map(|at| {
                format!("witness w{at} {}\n", witness(&format!("w{at}.example"), 100 + at as u8))
            })
            .collect();
        let refused = for_log(format!("{many}quorum none\n").as_bytes(), &[log()]);
        assert!(matches!(refused, Err(WitnessesError::TooMany(63))));

        let text = format!("witness w {} ftp://w\nquorum w\n", witness("w.example", 2));
        let policy = for_log(text.as_bytes(), &[log()]).unwrap();
        let refused = Witnesses::new(policy, None, ANSWER_TIME).unwrap_err();
        assert!(matches!(refused, WitnessesError::Url { fault: UrlError::Scheme, .. }));
    }

    #[test]
    fn who_was_not_heard_matters_where_it_could_be_a_quorum_without_who_was() {
        let witnessing = |quorum: &str| {
            let text = format!(
                "witness a {} http://127.0.0.1:8\nwitness b {} http://127.0.0.1:9\nwitness c {}\n{quorum}",
                witness("a.example", 2),
                witness("b.example", 3),
                witness("c.example", 4),
            );
            let policy = for_log(text.as_bytes(), &[log()]).unwrap();
            let witnesses = Witnesses::new(policy, None, ANSWER_TIME).unwrap();
            Witnessing::new(witnesses, Path::new("nowhere"), 1)
        };
        let either = witnessing("group q any a b\nquorum q\n");
        assert!(either.may_be_overruled());
        either.board.succeeded(0, 7, 1);
        assert!(either.may_be_overruled(), "the other is enough");
        either.board.failed(1, &Trouble::Local("other servers' heads cannot be seen".to_owned()));
        assert!(either.may_be_overruled(), "it may have said that it knows more");
        either.board.failed(1, &Trouble::Timeout);
        assert!(!either.may_be_overruled());
        either.board.hear_again();
        either.board.succeeded(1, 7, 1);
        assert!(either.may_be_overruled(), "what the first has said was before");
        either.board.succeeded(0, 7, 1);
        assert!(!either.may_be_overruled());

        let both = witnessing("group q all a b\nquorum q\n");
        both.board.succeeded(0, 7, 1);
        assert!(!both.may_be_overruled());
        // Whose word comes by file may have been with those who are slow.
        let carried = witnessing("group q 2 a b c\nquorum q\n");
        carried.board.succeeded(0, 7, 1);
        assert!(carried.may_be_overruled());
        carried.board.succeeded(1, 7, 1);
        assert!(!carried.may_be_overruled());
        assert!(!witnessing("quorum none\n").may_be_overruled());
    }
}
