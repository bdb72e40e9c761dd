//! Policies: whose word on a checkpoint is enough.
//!
//! Rule: C2SP tlog-policy, all of it. Vectors: `spec/vectors/policy/`.
//!
//! ```text
//! log factory.example/log+a3c9d2e1+AX...  https://log.factory.example/
//! witness w1    w1.example+0f1e2d3c+BB...
//! witness w1-pq w1.example+99aa88bb+Bt...
//! witness w2    w2.example+44556677+BK...
//! group one  any w1 w1-pq
//! group both all one w2
//! quorum both
//! ```
//!
//! A verdict is always a verdict *under a policy*: [`Policy::check`] is the only maker of an
//! [`AcceptedCheckpoint`], and what needs an accepted tree asks for that type.
//!
//! Stricter than the page in two points, because a quorum counts witnesses and not keys:
//! - Keys with one key name belong to one witness. A group that needs two or more of its members
//!   must not have one key name below two of them; `any` over one witness's keys is the way to
//!   write a witness with several.
//! - A listed log is not its own witness: no witness has the key or the key name of a log.
//!
//! Invariants of a [`Policy`]: members refer backwards only, each name is a member at most once,
//! thresholds lie between 1 and the number of members, no public key occurs twice.

mod check;
mod explain;
mod parse;
mod unrelated;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::checkpoint::Origin;
use crate::key::{Algorithm, VerifierKey};

pub use check::{
    AcceptedCheckpoint, BadLine, Cosigner, GroupShort, PolicyFailure, PostQuantum, QuorumShort,
    Times,
};
pub(crate) use check::{is_key_of, verify_log_key};
pub use explain::{Counting, Explanation, MemberStanding, Rule, Standing};
pub use parse::{PolicyError, PolicyFault};

/// The most bytes a policy may have: every line at its limit with an ML-DSA-44 key and a URL.
pub const MAX_POLICY_SIZE: usize = 2 * 1024 * 1024;

/// The most log lines. The specification recommends at least 32.
pub const MAX_LOGS: usize = 256;

/// The most witness lines. The specification recommends at least 32.
pub const MAX_WITNESSES: usize = 256;

/// The most group lines. The specification recommends at least 32.
pub const MAX_GROUPS: usize = 256;

/// A name inside a policy: octets, compared as octets. Means nothing outside the policy.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PolicyName(Vec<u8>);

impl PolicyName {
    /// The octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Writes the name for people: octets that are not printable UTF-8 are escaped.
impl fmt::Display for PolicyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in String::from_utf8_lossy(&self.0).chars() {
            // A name can hold C1 control characters, with which a terminal could be written over.
            if letter.is_control() {
                write!(formatter, "{}", letter.escape_default())?;
            } else {
                write!(formatter, "{letter}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for PolicyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "PolicyName({self})")
    }
}

/// A log whose checkpoints are accepted. Its key name is the log's origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyLog {
    key: VerifierKey,
    url: Option<Vec<u8>>,
}

impl PolicyLog {
    /// The key, of type `0x01` or `0x06`.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Where the log can be reached, as the octets of the policy; not needed to judge a proof.
    #[must_use]
    pub fn url(&self) -> Option<&[u8]> {
        self.url.as_deref()
    }
}

/// One key of a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyWitness {
    name: PolicyName,
    key: VerifierKey,
    url: Option<Vec<u8>>,
}

impl PolicyWitness {
    /// Its name in this policy.
    #[must_use]
    pub const fn name(&self) -> &PolicyName {
        &self.name
    }

    /// The key, of type `0x04` or `0x06`.
    #[must_use]
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Where checkpoints can be submitted to it, as the octets of the policy.
    #[must_use]
    pub fn url(&self) -> Option<&[u8]> {
        self.url.as_deref()
    }
}

/// A rule: at least `threshold` of the members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyGroup {
    name: PolicyName,
    threshold: usize,
    members: Vec<Member>,
}

impl PolicyGroup {
    /// Its name in this policy.
    #[must_use]
    pub const fn name(&self) -> &PolicyName {
        &self.name
    }

    /// How many members must have witnessed.
    #[must_use]
    pub const fn threshold(&self) -> usize {
        self.threshold
    }

    /// The members.
    #[must_use]
    pub fn members(&self) -> &[Member] {
        &self.members
    }
}

/// A witness or a group, by its position in [`Policy::witnesses`] or [`Policy::groups`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(clippy::exhaustive_enums, reason = "tlog-policy has these two")]
pub enum Member {
    /// A group.
    Group(usize),
    /// A single key of a witness.
    Witness(usize),
}

/// A whole policy, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<PolicyLog>,
    witnesses: Vec<PolicyWitness>,
    groups: Vec<PolicyGroup>,
    /// `None` stands for `quorum none`.
    quorum: Option<Member>,
}

impl Policy {
    /// The logs, in the order of the policy.
    #[must_use]
    pub fn logs(&self) -> &[PolicyLog] {
        &self.logs
    }

    /// The witnesses' keys, in the order of the policy.
    #[must_use]
    pub fn witnesses(&self) -> &[PolicyWitness] {
        &self.witnesses
    }

    /// The groups; each refers to earlier ones only.
    #[must_use]
    pub fn groups(&self) -> &[PolicyGroup] {
        &self.groups
    }

    /// What must have witnessed a checkpoint; `None` for `quorum none`.
    #[must_use]
    pub const fn quorum(&self) -> Option<Member> {
        self.quorum
    }

    /// Whether some log of this name is listed with a key of this kind.
    #[must_use]
    pub fn lists_log_key(&self, origin: &Origin, algorithm: Algorithm) -> bool {
        let is_such = |key: &VerifierKey| is_key_of(key, origin) && key.algorithm() == algorithm;
        self.logs.iter().any(|log| is_such(log.key()))
    }

    /// The name of a witness or group of this policy.
    ///
    /// # Panics
    ///
    /// If `member` comes from another policy and is beyond this one's lines.
    #[must_use]
    pub fn name_of(&self, member: Member) -> &PolicyName {
        match member {
            Member::Group(at) => &self.groups[at].name,
            Member::Witness(at) => &self.witnesses[at].name,
        }
    }
}
