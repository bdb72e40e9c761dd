//! What a request may change in the registry, and what only the operator's word can.
//!
//! Rule: `spec/text/enrolment.md`.

use std::path::Path;

use spec::checkpoint::Origin;
use spec::evidence::enrolment::Enrolment;
use spec::key::{KeyName, VerifierKey, shown_part};

use super::{Listing, SourcesError, change};

/// Why a request is not approved as it stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// The source is listed with another key, and the request does not say that it replaces it.
    #[error(
        "source {0} is listed with another key, and this request replaces none. Ask for a request \
         made by `fiducial-agent source rotate`"
    )]
    ListedOtherwise(KeyName),
    /// The old key has not signed.
    #[error(
        "the key {0} that is to be replaced has not signed this request: it was lost, or somebody \
         else is asking. Find out who asks by another way, then use --old-key-is-lost"
    )]
    NotVouched(String),
    /// It replaces a key that is not listed, or retired.
    #[error("the key {0} that is to be replaced is not listed here, or retired")]
    ReplacesUnknown(String),
    /// The request is for another log.
    #[error("the request is for log {have}, this is {want}")]
    WrongLog {
        /// The origin it names.
        have: String,
        /// This log's origin.
        want: String,
    },
}

/// What an approval did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approved {
    /// The key was listed before; nothing changed.
    Already,
    /// A new source is listed.
    Source,
    /// A second key of a listed source is listed.
    Rotation,
}

/// Does what a request asks, if it may be done as it stands. Durable on return; the same request
/// again changes nothing.
pub fn approve(
    data: &Path,
    origin: &Origin,
    request: &Enrolment,
    note: &str,
    old_key_is_lost: bool,
) -> Result<Approved, SourcesError> {
    if request.origin() != origin {
        let (have, want) = (request.origin().to_string(), origin.to_string());
        return Err(ApprovalError::WrongLog { have, want }.into());
    }
    let mut approved = Approved::Already;
    change(data, |listings| {
        let key = request.key();
        if listings.iter().any(|listed| listed.source.key == *key && !listed.retired) {
            return Ok(());
        }
        let known: Vec<&Listing> =
            listings.iter().filter(|listed| listed.source.key.name() == key.name()).collect();
        approved = judge_request(request, &known, old_key_is_lost)?;
        let mut listing = Listing::new(&key.to_string(), note)?;
        // A source that the operator has disabled is not enabled by a change of its key.
        listing.source.enabled = known.iter().all(|listed| listed.source.enabled);
        if listings.iter().any(|listed| listed.source.key == *key) {
            return Err(SourcesError::DuplicateKey(key.to_string()));
        }
        listings.push(listing);
        Ok(())
    })?;
    Ok(approved)
}

/// What a request for a key that is not listed yet comes to, beside the keys of its name.
fn judge_request(
    request: &Enrolment,
    known: &[&Listing],
    old_key_is_lost: bool,
) -> Result<Approved, ApprovalError> {
    match request.replaces() {
        None if known.is_empty() => Ok(Approved::Source),
        None => Err(ApprovalError::ListedOtherwise(request.key().name().clone())),
        Some(old) => {
            if !known.iter().any(|listed| listed.source.key == *old && !listed.retired) {
                return Err(ApprovalError::ReplacesUnknown(old.to_string()));
            }
            if !request.is_vouched() && !old_key_is_lost {
                return Err(ApprovalError::NotVouched(old.to_string()));
            }
            Ok(Approved::Rotation)
        }
    }
}

/// Takes no more statements of a key that another one of its source has followed. Durable on return.
pub fn retire(data: &Path, vkey: &str) -> Result<(), SourcesError> {
    let fault = |source| SourcesError::Key { text: shown_part(vkey).to_owned(), source };
    let key = VerifierKey::parse(vkey).map_err(fault)?;
    change(data, |listings| {
        let others = listings.iter().any(|listed| {
            listed.source.key.name() == key.name() && listed.source.key != key && !listed.retired
        });
        let listed = listings.iter_mut().find(|listed| listed.source.key == key);
        let listed = listed.ok_or_else(|| SourcesError::Unknown(vkey.to_owned()))?;
        if !others {
            return Err(SourcesError::LastKey(vkey.to_owned()));
        }
        listed.retired = true;
        Ok(())
    })
}
