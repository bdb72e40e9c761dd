//! Everything that a vault holds of its chains, in the forms that are handed out: for whoever judges
//! an agent's whole work from outside, as the tests do.
//!
//! What comes out is what `papers` writes, for every statement at once; nothing here judges it. Only a
//! vault that is not encrypted is read, and none that an agent is at work in.

use std::path::Path;

use spec::evidence::disclosure::Disclosure;

use crate::error::AgentError;
use crate::vault::{Unlock, Vault};

/// One statement with its papers.
#[derive(Clone, Debug)]
pub struct Papers {
    /// The name of its source.
    pub source: String,
    /// Its sequence number.
    pub sequence: u64,
    /// The receipt, a `.tlog-proof`; none while it is not anchored.
    pub receipt: Option<Vec<u8>>,
    /// The disclosure of all its records, JSON.
    pub disclosure: String,
}

/// Hands out every statement of every source in the order of its chain. The error is a sentence.
pub fn whole(folder: &Path, take: &mut dyn FnMut(Papers)) -> Result<(), String> {
    open_all(folder, take).map_err(|error| error.to_string())
}

fn open_all(folder: &Path, take: &mut dyn FnMut(Papers)) -> Result<(), AgentError> {
    let vault = Vault::open(folder, &Unlock::Plain)?;
    for source in vault.sources()? {
        for sequence in 0..vault.head(&source)?.next_sequence {
            // A sequence that was lost with another copy of the vault has nothing to show.
            if vault.statement(&source, sequence)?.is_none() {
                continue;
            }
            let receipt = vault.receipt(&source, sequence)?.map(|receipt| receipt.to_bytes());
            let disclosure = Disclosure::whole(&vault.batch(&source, sequence)?).to_json();
            take(Papers { source: source.to_string(), sequence, receipt, disclosure });
        }
    }
    Ok(())
}
