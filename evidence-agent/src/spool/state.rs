//! The spool's rows in the vault: JSON under a name, each durable when it is written.
//!
//! | row | what it is |
//! |---|---|
//! | `clock` | the last look at the clock |
//! | `day/<source>` | what a closing counts |
//! | `stopped/<source>` | why a source sends nothing more until somebody says so |
//! | `failing/<watch>` | since when and why nothing of a watch can be captured |
//! | `lost/<source>` | the sequences that nobody can open, and which statement says so |
//! | `restored/<source>` | that the chain's end is to be asked from the log before anything is signed |
//! | `lot-key/<hash of the lot>` | a key for tags |
//! | `unit-lot/<name of the unit>` | the lot that a unit was said to belong to |

use serde::Serialize;
use serde::de::DeserializeOwned;
use spec::key::KeyName;

use crate::error::AgentError;
use crate::vault::Vault;

/// A row of one source.
pub(super) fn of(table: &str, source: &KeyName) -> String {
    format!("{table}/{source}")
}

/// Reads a row; an empty one is none.
pub(super) fn read<T: DeserializeOwned>(
    vault: &Vault,
    name: &str,
) -> Result<Option<T>, AgentError> {
    let Some(bytes) = vault.state(name)?.filter(|bytes| !bytes.is_empty()) else {
        return Ok(None);
    };
    let damaged = |error| AgentError::vault(vault.folder(), format!("its row {name}: {error}"));
    serde_json::from_slice(&bytes).map(Some).map_err(damaged)
}

/// Writes a row, durable on return.
pub(super) fn write<T: Serialize>(vault: &Vault, name: &str, row: &T) -> Result<(), AgentError> {
    vault.put_state(name, &bytes(row))
}

/// A row's bytes, for a transaction that writes more than the row.
pub(super) fn bytes<T: Serialize>(row: &T) -> Vec<u8> {
    serde_json::to_vec(row).expect("rows are numbers, strings and lists")
}

/// Takes a row away.
pub(super) fn clear(vault: &Vault, name: &str) -> Result<(), AgentError> {
    vault.put_state(name, &[])
}
