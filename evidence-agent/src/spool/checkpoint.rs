//! The log's newest checkpoint: accepted by the policy, of the right log, and of one history with
//! all that this agent has verified before.

use spec::note::Note;
use spec::policy::{AcceptedCheckpoint, PolicyFailure};
use spec::tree::{Tree, verify_consistency};

use crate::error::AgentError;
use crate::log_client::LogClient;
use crate::vault::Vault;

/// Asks the log, and remembers what it shows; `None` while the log is empty.
///
/// [`AgentError::Unreachable`] is a log that cannot be asked or waits for its witnesses;
/// [`AgentError::LogRefused`] is one that showed something untrue.
pub(crate) fn newest(
    vault: &Vault,
    log: &LogClient,
) -> Result<Option<(Note, AcceptedCheckpoint)>, AgentError> {
    let Some(note) = log.checkpoint()? else {
        return match vault.checkpoint()? {
            None => Ok(None),
            Some(_) => Err(not_now(vault, "it shows no checkpoint, though it did before")),
        };
    };
    let accepted = match vault.policy().check(&note) {
        // The log signed; witnesses are still missing. That is no lie.
        Err(PolicyFailure::Quorum(short)) => return Err(not_now(vault, &short.to_string())),
        other => other.map_err(|error| AgentError::LogRefused(error.to_string()))?,
    };
    if accepted.origin() != vault.origin() {
        let reason = format!("it shows a checkpoint of {}", accepted.origin());
        return Err(AgentError::LogRefused(reason));
    }
    accept(vault, log, &note, &accepted)?;
    Ok((accepted.tree().size() > 0).then_some((note, accepted)))
}

/// Compares a verified checkpoint with the newest one kept, and keeps the larger.
fn accept(
    vault: &Vault,
    log: &LogClient,
    note: &Note,
    new: &AcceptedCheckpoint,
) -> Result<(), AgentError> {
    let kept = vault.checkpoint()?;
    let is_outdated = kept.as_ref().is_some_and(|kept| kept.accepted.is_err());
    let old = kept.map_or(Tree::EMPTY, |kept| kept.tree);
    let new = new.tree();
    if new.size() < old.size() {
        // Perhaps a cache that lags behind; nothing is signed or kept on the strength of it.
        let reason = format!("it shows {} entries after {}", new.size(), old.size());
        return Err(not_now(vault, &reason));
    }
    let trivial = old.size() == 0 || old.size() == new.size();
    let proof = if trivial { Vec::new() } else { log.consistency(old.size(), new.size())? };
    if let Err(error) = verify_consistency(old, new, &proof) {
        // Beside the checkpoint kept before, this one is evidence: the log may never show it again.
        let path = vault.keep_refused(note)?;
        let (from, to, path) = (old.size(), new.size(), path.display());
        let reason = format!("its trees of {from} and {to} entries differ: {error}");
        let reason = format!("{reason}; the checkpoint that it showed is kept in {path}");
        return Err(AgentError::LogRefused(reason));
    }
    // Of the same tree the one is kept that the policy accepts as it is now.
    if new.size() > old.size() || is_outdated { vault.remember_checkpoint(note) } else { Ok(()) }
}

fn not_now(vault: &Vault, reason: &str) -> AgentError {
    AgentError::Unreachable { url: vault.log().to_string(), reason: reason.to_string() }
}
