//! What can be wrong with a witness: every way of not having cosigned, for its operator's eyes, for
//! `/readyz` and for metrics.

use spec::cosignature::CosignatureError;
use spec::key::KeyName;

use super::ask::Contradiction;

/// Why a witness has not cosigned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Its answer is not one that tlog-witness knows.
    #[error("its answer is no tlog-witness answer: {0}")]
    Answer(String),
    /// It asks for patience.
    #[error("it is busy (HTTP {status})")]
    Busy {
        /// The status: 429 or 503.
        status: u16,
        /// When to come again, in seconds.
        retry_after: Option<u64>,
    },
    /// Its clock, or this machine's, is wrong.
    #[error(
        "its cosignature names a time that is {seconds} seconds from this machine's clock; set the clock that is wrong"
    )]
    Clock {
        /// How far apart they are.
        seconds: u64,
    },
    /// It could not be reached.
    #[error("no connection: {0}")]
    Connect(String),
    /// It says that this log has gone back or forked, and has not proved it.
    #[error("{0}, and has not proved it; ask its operator for the checkpoint that it holds")]
    Contradiction(Contradiction),
    /// A line claims one of its keys and does not verify for this checkpoint.
    #[error("its cosignature does not hold: {0}")]
    Cosignature(CosignatureError),
    /// It failed.
    #[error("it failed (HTTP {0})")]
    Failed(u16),
    /// It signed with some of the keys that the policy has for it, and not with all.
    #[error("it signed, but not with the key {0} that the policy has for it as well")]
    LacksKey(KeyName),
    /// This log could not ask.
    #[error("the request could not be made: {0}")]
    Local(String),
    /// It signed with other keys than the policy has.
    #[error(
        "it signed with none of the keys that the policy has for it; ask its operator which it uses now"
    )]
    OtherKey,
    /// It says that the request is wrong.
    #[error("it refuses the request (HTTP {0}); check its URL in the policy")]
    Refused(u16),
    /// It took too long.
    #[error("it did not answer in time")]
    Timeout,
    /// 404: it does not know this log.
    #[error(
        "it does not know this log (HTTP 404); ask its operator to add the log, and check its URL in the policy"
    )]
    UnknownLog,
    /// 403: it knows the log, but not by this key.
    #[error(
        "it does not trust this log's key (HTTP 403); give its operator the verifier keys that `fiducial-log init` printed"
    )]
    UntrustedKey,
}

impl Trouble {
    /// The names of all kinds, for metrics.
    pub const KINDS: [&'static str; 14] = [
        "answer",
        "busy",
        "clock",
        "connect",
        "contradiction",
        "cosignature",
        "failed",
        "lacks-key",
        "local",
        "other-key",
        "refused",
        "timeout",
        "unknown-log",
        "untrusted-key",
    ];

    /// The name of this kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        let at = match self {
            Self::Answer(_) => 0,
            Self::Busy { .. } => 1,
            Self::Clock { .. } => 2,
            Self::Connect(_) => 3,
            Self::Contradiction(_) => 4,
            Self::Cosignature(_) => 5,
            Self::Failed(_) => 6,
            Self::LacksKey(_) => 7,
            Self::Local(_) => 8,
            Self::OtherKey => 9,
            Self::Refused(_) => 10,
            Self::Timeout => 11,
            Self::UnknownLog => 12,
            Self::UntrustedKey => 13,
        };
        Self::KINDS[at]
    }

    /// Whether only people can mend it, so that asking often is of no use.
    #[must_use]
    pub const fn needs_people(&self) -> bool {
        match self {
            Self::Answer(_)
            | Self::Clock { .. }
            | Self::Contradiction(_)
            | Self::Cosignature(_)
            | Self::OtherKey
            | Self::Refused(_)
            | Self::UnknownLog
            | Self::UntrustedKey => true,
            Self::Busy { .. }
            | Self::Connect(_)
            | Self::Failed(_)
            | Self::LacksKey(_)
            | Self::Local(_)
            | Self::Timeout => false,
        }
    }
}
