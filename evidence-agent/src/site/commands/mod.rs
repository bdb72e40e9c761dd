//! The commands around the watch: sources and keys, the vault's care, questions to a running agent.
//!
//! Each gives what to print, as text and as JSON, and the exit code; the command line prints it.

mod care;
mod keys;
mod look;

use std::path::Path;

use serde_json::Value;

pub(crate) use care::{backup, check, deletions, expire, hold, rekey, restore};
pub(crate) use keys::{lot_key, resume, root, source};
pub(crate) use look::{check_config, mapping, papers, status};

use crate::cli::Language;
use crate::cli::args::VaultArgs;
use crate::error::{AgentError, EXIT_ANCHORED};
use crate::vault::Vault;

/// What a command has to say.
#[derive(Debug)]
pub(crate) struct Said {
    /// For people.
    pub(crate) text: String,
    /// For machines.
    pub(crate) json: Value,
    /// The exit code.
    pub(crate) code: u8,
}

impl Said {
    /// It was done.
    pub(crate) fn done(text: impl Into<String>, json: Value) -> Self {
        Self { text: text.into(), json, code: EXIT_ANCHORED }
    }
}

/// Opens the vault that the arguments name.
pub(crate) fn open_vault(args: &VaultArgs) -> Result<Vault, AgentError> {
    Vault::open(&args.vault, &super::open::unlock(args.passphrase_file.as_deref())?)
}

/// One of two sentences.
const fn either<'a>(language: Language, english: &'a str, chinese: &'a str) -> &'a str {
    match language {
        Language::En => english,
        Language::Zh => chinese,
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
