//! Judging a checkpoint under a policy: the log's signature, the cosignatures, the quorum.
//!
//! Every line that claims a key of the policy must verify, whether the quorum needs it or not.
//! The quorum is then counted twice: over all cosignatures, and over ML-DSA-44 ones alone, which
//! is the answer that still stands when Ed25519 has fallen.
//!
//! The times: a witness says "at T this was the largest tree I saw". Where a group needs k of its
//! members, the k earliest are taken, so one witness with a wrong clock, or a lying one, cannot
//! move the latest time of the quorum as long as enough others have signed.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::{Member, Policy, PolicyName};
use crate::checkpoint::{Checkpoint, CheckpointError, Origin};
use crate::cosignature::{self, CosignatureError, Timestamp, TimestampError};
use crate::key::{Algorithm, KeyId, KeyName, VerifierKey};
use crate::note::{Note, SignatureError, verify_ed25519};
use crate::tree::Tree;

/// Why a checkpoint is not accepted under a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyFailure {
    /// Lines that claim keys of the policy do not verify, or name a forbidden time.
    #[error("{} signature line(s) of known keys do not verify, first {}", .0.len(), first(.0))]
    BadSignatures(Vec<BadLine>),
    /// The note is signed, but not a checkpoint.
    #[error("the note is not a checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The log is listed, but no countable signature is by one of its listed keys.
    #[error("no signature by a listed key of the log {origin}")]
    LogSignature {
        /// The log.
        origin: Origin,
    },
    /// Not enough witnesses.
    #[error(transparent)]
    Quorum(QuorumShort),
    /// No listed log has this origin as its key name.
    #[error("the policy lists no log named {origin}")]
    UnknownLog {
        /// The origin of the checkpoint.
        origin: Origin,
    },
}

/// A line that claims a key of the policy and does not verify.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadLine {
    /// The key name on the line.
    pub name: KeyName,
    /// The key ID on the line.
    pub id: KeyId,
    /// The witness's name in the policy; `None` for a log.
    pub witness: Option<PolicyName>,
    /// What is wrong with it.
    pub why: CosignatureError,
}

/// What a quorum lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the quorum {quorum} is not met; not counted: {}", list(.missing))]
#[non_exhaustive]
pub struct QuorumShort {
    /// The witness or group that the quorum line names.
    pub quorum: PolicyName,
    /// The groups below the quorum that fell short, in the order of the policy.
    pub groups: Vec<GroupShort>,
    /// The witnesses below the quorum that did not cosign, or not with a time.
    pub missing: Vec<PolicyName>,
}

/// A group that fell short.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupShort {
    /// Its name.
    pub name: PolicyName,
    /// How many members have witnessed.
    pub have: usize,
    /// How many must.
    pub need: usize,
}

/// The span of times that a quorum named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Times {
    /// The earliest time in the accepted quorum.
    pub earliest: Timestamp,
    /// The latest: by then, by the word of the quorum, the tree existed.
    pub latest: Timestamp,
}

/// A cosignature that verified and counts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cosigner {
    /// The witness's name in the policy.
    pub witness: PolicyName,
    /// The name of its key.
    pub key_name: KeyName,
    /// How it signed.
    pub algorithm: Algorithm,
    /// When, as it says.
    pub time: Timestamp,
}

/// What remains when only ML-DSA-44 signatures count.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_enums, reason = "a new outcome must be handled wherever C8 is judged")]
pub enum PostQuantum {
    /// Log and quorum stand on ML-DSA-44 alone; no times where the policy asks for no witness.
    Accepted(Option<Times>),
    /// The log has not signed with ML-DSA-44, or the policy lists no such key of it.
    LogSignature,
    /// Too few witnesses have.
    Quorum(QuorumShort),
}

/// A checkpoint that a policy accepts. Only [`Policy::check`] makes one.
///
/// Holds no extension lines: with ML-DSA-44 they are not signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedCheckpoint {
    origin: Origin,
    tree: Tree,
    log_algorithms: Vec<Algorithm>,
    cosigners: Vec<Cosigner>,
    times: Option<Times>,
    post_quantum: PostQuantum,
}

impl AcceptedCheckpoint {
    /// Which log.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Size and root.
    #[must_use]
    pub const fn tree(&self) -> Tree {
        self.tree
    }

    /// How the log signed: one item for each of its listed keys that did.
    #[must_use]
    pub fn log_algorithms(&self) -> &[Algorithm] {
        &self.log_algorithms
    }

    /// Every cosignature that verified and counts, also beyond what the quorum needs.
    #[must_use]
    pub fn cosigners(&self) -> &[Cosigner] {
        &self.cosigners
    }

    /// The times of the accepted quorum; `None` under `quorum none`, where nobody but the log
    /// says anything.
    #[must_use]
    pub const fn times(&self) -> Option<Times> {
        self.times
    }

    /// Whether the verdict also stands on ML-DSA-44 alone.
    #[must_use]
    pub const fn post_quantum(&self) -> &PostQuantum {
        &self.post_quantum
    }
}

impl Policy {
    /// Judges a checkpoint note: origin, every known signature, quorum.
    ///
    /// Verifies at most one signature for each line and each key that the line claims.
    pub fn check(&self, note: &Note) -> Result<AcceptedCheckpoint, PolicyFailure> {
        let checkpoint = Checkpoint::parse(note.text())?;
        let origin = checkpoint.origin().clone();
        let log_signed = self.verify_log_lines(note, &checkpoint);
        let cosigned = self.verify_witness_lines(note, &checkpoint);
        let (log_signed, cosigned) = refuse_bad_lines(log_signed, cosigned)?;

        if !self.logs.iter().any(|log| is_key_of(log.key(), &origin)) {
            return Err(PolicyFailure::UnknownLog { origin });
        }
        let log_algorithms: Vec<Algorithm> = log_signed
            .into_iter()
            .filter(|key| is_key_of(key, &origin))
            .map(VerifierKey::algorithm)
            .collect();
        if log_algorithms.is_empty() {
            return Err(PolicyFailure::LogSignature { origin });
        }

        let times = self.decide(&cosigned).map_err(PolicyFailure::Quorum)?;
        let post_quantum = self.decide_post_quantum(&log_algorithms, &cosigned);
        let cosigners = self.cosigners(&cosigned);
        let tree = checkpoint.tree();
        Ok(AcceptedCheckpoint { origin, tree, log_algorithms, cosigners, times, post_quantum })
    }

    /// Verifies the lines of every listed log, of whatever origin: the keys are known.
    fn verify_log_lines(
        &self,
        note: &Note,
        checkpoint: &Checkpoint,
    ) -> Result<Vec<&VerifierKey>, Vec<BadLine>> {
        let (mut signed, mut bad) = (Vec::new(), Vec::new());
        for log in &self.logs {
            match verify_log_key(note, checkpoint, log.key()) {
                Ok(()) => signed.push(log.key()),
                Err(why) if is_absent(why) => {}
                Err(why) => bad.push(bad_line(log.key(), None, why)),
            }
        }
        if bad.is_empty() { Ok(signed) } else { Err(bad) }
    }

    /// Verifies the lines of every witness; the result has one item for each, in their order.
    fn verify_witness_lines(
        &self,
        note: &Note,
        checkpoint: &Checkpoint,
    ) -> Result<Vec<Option<Timestamp>>, Vec<BadLine>> {
        let (mut times, mut bad) = (Vec::with_capacity(self.witnesses.len()), Vec::new());
        for witness in &self.witnesses {
            match cosignature::verify(note.signatures(), checkpoint, witness.key()) {
                Ok(time) => times.push(Some(time)),
                Err(why) if is_absent(why) => times.push(None),
                Err(why) => {
                    bad.push(bad_line(witness.key(), Some(witness.name().clone()), why));
                }
            }
        }
        if bad.is_empty() { Ok(times) } else { Err(bad) }
    }

    /// Counts the quorum over times whose cosignatures were verified one by one, for a log that
    /// gathers them; `None` under `quorum none`.
    ///
    /// Verifies nothing: what is published or believed goes through [`Policy::check`].
    ///
    /// # Panics
    ///
    /// If `cosigned` has not one item for each of [`Policy::witnesses`], in their order.
    pub fn count_quorum(
        &self,
        cosigned: &[Option<Timestamp>],
    ) -> Result<Option<Times>, QuorumShort> {
        assert_eq!(cosigned.len(), self.witnesses.len(), "count_quorum wants one item a witness");
        self.decide(cosigned)
    }

    /// Counts the quorum over `cosigned`, which has one item for each witness.
    fn decide(&self, cosigned: &[Option<Timestamp>]) -> Result<Option<Times>, QuorumShort> {
        let Some(quorum) = self.quorum else {
            return Ok(None);
        };
        // Groups refer backwards only, so one pass in order settles them all.
        let mut groups: Vec<Option<Times>> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let times = witnessed(group.members(), cosigned, &groups);
            groups.push(earliest(times, group.threshold()).and_then(|times| span(&times)));
        }
        match times_of(quorum, cosigned, &groups) {
            Some(times) => Ok(Some(times)),
            None => Err(self.shortfall(quorum, cosigned, &groups)),
        }
    }

    fn decide_post_quantum(
        &self,
        log_algorithms: &[Algorithm],
        cosigned: &[Option<Timestamp>],
    ) -> PostQuantum {
        if !log_algorithms.contains(&Algorithm::CosignatureMlDsa44) {
            return PostQuantum::LogSignature;
        }
        let only_ml_dsa: Vec<Option<Timestamp>> = self
            .witnesses
            .iter()
            .zip(cosigned)
            .map(|(witness, time)| {
                time.filter(|_| witness.key().algorithm() == Algorithm::CosignatureMlDsa44)
            })
            .collect();
        match self.decide(&only_ml_dsa) {
            Ok(times) => PostQuantum::Accepted(times),
            Err(short) => PostQuantum::Quorum(short),
        }
    }

    /// Says which rules below the quorum failed, and who did not cosign.
    fn shortfall(
        &self,
        quorum: Member,
        cosigned: &[Option<Timestamp>],
        groups: &[Option<Times>],
    ) -> QuorumShort {
        // Marks what an unmet rule reaches, from the last group down: members refer backwards.
        let mut unmet_groups = vec![false; self.groups.len()];
        let mut unmet_witnesses = vec![false; self.witnesses.len()];
        let mut mark = |member: Member, unmet_groups: &mut Vec<bool>| match member {
            Member::Group(at) => unmet_groups[at] = groups[at].is_none(),
            Member::Witness(at) => unmet_witnesses[at] = cosigned[at].is_none(),
        };
        mark(quorum, &mut unmet_groups);
        let mut short = Vec::new();
        for (at, group) in self.groups.iter().enumerate().rev() {
            if unmet_groups[at] {
                for member in group.members() {
                    mark(*member, &mut unmet_groups);
                }
                let have = witnessed(group.members(), cosigned, groups).len();
                let (name, need) = (group.name().clone(), group.threshold());
                short.push(GroupShort { name, have, need });
            }
        }
        short.reverse();
        let missing = self.witnesses.iter().zip(&unmet_witnesses).filter(|(_, unmet)| **unmet);
        QuorumShort {
            quorum: self.name_of(quorum).clone(),
            groups: short,
            missing: missing.map(|(witness, _)| witness.name().clone()).collect(),
        }
    }

    fn cosigners(&self, cosigned: &[Option<Timestamp>]) -> Vec<Cosigner> {
        let counted = self.witnesses.iter().zip(cosigned);
        let cosigner = |(witness, time): (&super::PolicyWitness, &Option<Timestamp>)| {
            time.map(|time| Cosigner {
                witness: witness.name().clone(),
                key_name: witness.key().name().clone(),
                algorithm: witness.key().algorithm(),
                time,
            })
        };
        counted.filter_map(cosigner).collect()
    }
}

/// A log key's name is its log's origin; a key of another log proves nothing here.
pub(crate) fn is_key_of(key: &VerifierKey, origin: &Origin) -> bool {
    key.name().as_str() == origin.as_str()
}

/// Checks every line that claims a key of a log, of either type.
pub(crate) fn verify_log_key(
    note: &Note,
    checkpoint: &Checkpoint,
    key: &VerifierKey,
) -> Result<(), CosignatureError> {
    if key.algorithm() != Algorithm::NoteEd25519 {
        return cosignature::verify(note.signatures(), checkpoint, key).map(drop);
    }
    verify_ed25519(note, key).map_err(|why| match why {
        SignatureError::Missing => CosignatureError::Missing,
        SignatureError::Invalid | SignatureError::WrongType => CosignatureError::Invalid,
    })
}

/// Whether the key simply has not signed, or only without a time, which never counts.
pub(super) const fn is_absent(why: CosignatureError) -> bool {
    matches!(why, CosignatureError::Missing | CosignatureError::Timestamp(TimestampError::Zero))
}

fn bad_line(key: &VerifierKey, witness: Option<PolicyName>, why: CosignatureError) -> BadLine {
    BadLine { name: key.name().clone(), id: key.id(), witness, why }
}

/// Goes on only if no known key's line is bad; else reports them all.
fn refuse_bad_lines<L, W>(
    log_signed: Result<L, Vec<BadLine>>,
    cosigned: Result<W, Vec<BadLine>>,
) -> Result<(L, W), PolicyFailure> {
    match (log_signed, cosigned) {
        (Ok(log_signed), Ok(cosigned)) => Ok((log_signed, cosigned)),
        (Err(bad), Ok(_)) | (Ok(_), Err(bad)) => Err(PolicyFailure::BadSignatures(bad)),
        (Err(logs), Err(witnesses)) => {
            Err(PolicyFailure::BadSignatures([logs, witnesses].concat()))
        }
    }
}

pub(super) fn times_of(
    member: Member,
    cosigned: &[Option<Timestamp>],
    groups: &[Option<Times>],
) -> Option<Times> {
    match member {
        Member::Group(at) => groups[at],
        Member::Witness(at) => cosigned[at].map(|time| Times { earliest: time, latest: time }),
    }
}

fn witnessed(
    members: &[Member],
    cosigned: &[Option<Timestamp>],
    groups: &[Option<Times>],
) -> Vec<Times> {
    members.iter().filter_map(|member| times_of(*member, cosigned, groups)).collect()
}

/// By which of two quorums a checkpoint existed first: the one that was complete first.
pub(super) fn order(times: &Times) -> (Timestamp, Timestamp) {
    (times.latest, times.earliest)
}

/// The earliest `count` of the times; `None` if there are fewer.
pub(super) fn earliest(mut times: Vec<Times>, count: usize) -> Option<Vec<Times>> {
    times.sort_by_key(order);
    (times.len() >= count).then(|| {
        times.truncate(count);
        times
    })
}

/// From the first time to the last; `None` if there is none.
pub(super) fn span(times: &[Times]) -> Option<Times> {
    let earliest = times.iter().map(|times| times.earliest).min()?;
    let latest = times.iter().map(|times| times.latest).max()?;
    Some(Times { earliest, latest })
}

fn first(lines: &[BadLine]) -> String {
    let show = |line: &BadLine| alloc::format!("{}+{} ({})", line.name, line.id, line.why);
    lines.first().map(show).unwrap_or_default()
}

fn list(names: &[PolicyName]) -> String {
    let names: Vec<String> = names.iter().map(|name| alloc::format!("{name}")).collect();
    names.join(", ")
}

#[cfg(test)]
pub(super) mod tests;
