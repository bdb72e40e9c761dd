//! Why a proof does not hold, in both languages: the errors of `spec` as half sentences.

mod chinese;

use spec::split::{BeginningError, HeadError, NotProven};
use spec::tree::{ConsistencyError, InclusionError};

use crate::messages::{Message, Said};

pub(crate) use self::chinese::chinese;

/// Why a leaf is not where a path says.
pub(crate) fn of_inclusion(error: &InclusionError) -> Said {
    match error {
        InclusionError::IndexBeyondTree { index, size } => {
            Said::new(Message::DetailIndexBeyond, &[&index.to_string(), &size.to_string()])
        }
        InclusionError::ProofLength { have, want } => {
            Said::new(Message::DetailPathLength, &[&have.to_string(), &want.to_string()])
        }
        InclusionError::RootMismatch { computed } => {
            Said::new(Message::DetailPathRoot, &[&computed.to_string()])
        }
        other => Said::of_error(Message::DetailOther, &[], other),
    }
}

/// Why a tree does not continue another.
pub(crate) fn of_consistency(error: &ConsistencyError) -> Said {
    match error {
        ConsistencyError::NewRootMismatch => Said::new(Message::DetailNewRoot, &[]),
        ConsistencyError::OldRootMismatch => Said::new(Message::DetailOldRoot, &[]),
        ConsistencyError::ProofLength { have, want } => {
            Said::new(Message::DetailConsistencyLength, &[&have.to_string(), &want.to_string()])
        }
        ConsistencyError::SameSizeOtherRoot => Said::new(Message::DetailSameSize, &[]),
        other => Said::of_error(Message::DetailOther, &[], other),
    }
}

/// Why hashes do not say how a tree begins.
pub(crate) fn of_beginning(error: &BeginningError) -> Said {
    match error {
        BeginningError::AnotherTree { computed } => {
            Said::new(Message::DetailHashesElsewhere, &[&computed.to_string()])
        }
        BeginningError::Length { have, want } => {
            Said::new(Message::DetailHashesLength, &[&have.to_string(), &want.to_string()])
        }
        other => Said::of_error(Message::DetailOther, &[], other),
    }
}

/// Why a file proves no split. `sizes` are those of its checkpoints.
pub(crate) fn of_not_proven(error: &NotProven, sizes: [u64; 2]) -> Said {
    let [older, newer] = sizes.map(|size| size.to_string());
    match error {
        NotProven::Agree => Said::new(Message::DetailAgree, &[]),
        NotProven::Beginning(error) => of_beginning(error),
        NotProven::Newer(error) => of_head(error, &newer),
        NotProven::NoHashes { .. } => Said::new(Message::DetailNoHashes, &[&older, &newer]),
        NotProven::Older(error) => of_head(error, &older),
        NotProven::TwoLogs { older, newer } => {
            Said::new(Message::DetailTwoLogs, &[older.as_str(), newer.as_str()])
        }
        other => Said::of_error(Message::DetailOther, &[], other),
    }
}

fn of_head(error: &HeadError, size: &str) -> Said {
    match error {
        HeadError::BadSignature { .. } => Said::new(Message::DetailSignatureBad, &[size]),
        HeadError::NotSigned { .. } => Said::new(Message::DetailNotSigned, &[size]),
        other => Said::of_error(Message::DetailOther, &[], other),
    }
}
