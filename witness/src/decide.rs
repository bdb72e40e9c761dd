//! The decision: may this checkpoint be cosigned, and if not, what is the answer. Pure.
//!
//! Rule: C2SP tlog-witness, `add-checkpoint`. The order of the checks is the text's: what is not a
//! request (400), origin (404), signatures (403), old size beyond the checkpoint (400), old size
//! against what was cosigned (409), then the tree itself (422). Every status, with the sentence that
//! asks for it, is a row of `decide/matrix.rs`.
//!
//! Nothing here knows a clock, a file or a socket. Whoever calls [`decide`] holds the right to the
//! log until the outcome is durable, or two requests race as the text warns.

use spec::checkpoint::Checkpoint;
use spec::key::VerifierKey;
use spec::note::{Signature, SignatureError};
use spec::tree::{ConsistencyError, Tree, verify_consistency};
use spec::witness::{AddCheckpoint, AddCheckpointError, CONFLICT_TYPE, Head, format_conflict};

#[cfg(test)]
mod matrix;

/// Why a checkpoint is not cosigned, with what the client needs to know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The consistency proof does not lead from the cosigned tree to this one.
    #[error("the checkpoint is not consistent with the one that was cosigned: {0}")]
    BadProof(ConsistencyError),
    /// A line names a trusted key of the log and does not verify.
    #[error("a signature line names a trusted key of the log but does not verify")]
    BadSignature,
    /// The client's old size is not the one that was cosigned.
    #[error("the latest cosigned checkpoint has size {size}")]
    Conflict {
        /// The size that was cosigned.
        size: u64,
    },
    /// The operator disabled the log, so that none of its keys is trusted.
    #[error("this witness has stopped witnessing the log")]
    Disabled,
    /// Size 0 with another root than the empty tree's.
    #[error("a checkpoint of size 0 has the root of the empty tree")]
    EmptyWithOtherRoot,
    /// Not a request.
    #[error(transparent)]
    Malformed(#[from] AddCheckpointError),
    /// No trusted key of the log has signed.
    #[error("no signature by a trusted key of the log")]
    NoTrustedSignature,
    /// The old size is larger than the checkpoint's.
    #[error("the old size {old} is larger than the checkpoint's {size}")]
    OldBeyondCheckpoint {
        /// The old size.
        old: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// A proof from the empty tree, where none is needed.
    #[error("from old size 0 the consistency proof must be empty")]
    ProofFromEmpty,
    /// This witness does not know the log.
    #[error("this witness does not know the log")]
    UnknownOrigin,
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(AddCheckpointError::TooLarge { .. }) => 413,
            Self::Malformed(_) | Self::OldBeyondCheckpoint { .. } => 400,
            Self::BadSignature | Self::Disabled | Self::NoTrustedSignature => 403,
            Self::UnknownOrigin => 404,
            Self::Conflict { .. } => 409,
            Self::BadProof(_) | Self::EmptyWithOtherRoot | Self::ProofFromEmpty => 422,
        }
    }

    /// The media type and body that the text prescribes, where it does.
    #[must_use]
    pub fn prescribed_body(&self) -> Option<(&'static str, String)> {
        match self {
            Self::Conflict { size } => Some((CONFLICT_TYPE, format_conflict(*size))),
            _ => None,
        }
    }
}

/// Which keys a log may sign with.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// The operator disabled the log.
    Disabled,
    /// Any of these.
    Keys(&'a [VerifierKey]),
    /// The log is on no list.
    Unknown,
}

/// Finds the lines by which the log itself signed. The costly part, and free of any state.
pub fn authenticate(request: &AddCheckpoint, trust: Trust<'_>) -> Result<Vec<Signature>, Refusal> {
    let keys = match trust {
        Trust::Disabled => return Err(Refusal::Disabled),
        Trust::Keys(keys) => keys,
        Trust::Unknown => return Err(Refusal::UnknownOrigin),
    };
    request.verified_lines(keys).map_err(|error| match error {
        SignatureError::Invalid => Refusal::BadSignature,
        _ => Refusal::NoTrustedSignature,
    })
}

/// Decides on an authenticated request, `cosigned` being the latest tree cosigned for its log.
///
/// First contact is a request like any other, with nothing cosigned: the old size is 0.
pub fn decide(request: &AddCheckpoint, cosigned: Option<Tree>) -> Result<&Checkpoint, Refusal> {
    let (old, size) = (request.old_size(), request.head().size());
    if old > size {
        return Err(Refusal::OldBeyondCheckpoint { old, size });
    }
    let known = cosigned.unwrap_or(Tree::EMPTY);
    if old != known.size() {
        return Err(Refusal::Conflict { size: known.size() });
    }
    let checkpoint = match request.head() {
        Head::Checkpoint(checkpoint) => checkpoint,
        Head::EmptyWithOtherRoot(_) => return Err(Refusal::EmptyWithOtherRoot),
    };
    if old == 0 && !request.proof().is_empty() {
        return Err(Refusal::ProofFromEmpty);
    }
    verify_consistency(known, checkpoint.tree(), request.proof()).map_err(Refusal::BadProof)?;
    Ok(checkpoint)
}
