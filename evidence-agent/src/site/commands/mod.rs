//! The commands around the watch: sources and keys, the vault's care, questions to a running agent.
//!
//! Each gives what to print, as text and as JSON, and the exit code; the command line prints it.

mod care;
mod keys;
mod look;
mod papers;
mod statements;

use std::path::Path;
use std::sync::{Arc, PoisonError};

use serde_json::Value;

pub(crate) use care::{backup, check, deletions, expire, hold, rekey, restore};
pub(crate) use keys::{lot_key, resume, root, source};
pub(crate) use look::{check_config, mapping, status};
pub(crate) use papers::papers;
pub(crate) use statements::statements;

use crate::cli::Language;
use crate::cli::args::VaultArgs;
use crate::error::{AgentError, EXIT_ANCHORED};
use crate::site::control::{Caller, Turn};
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

/// What a command works with: a vault, opened for it or the running agent's own, and the files of
/// whoever typed it.
pub(crate) struct Desk<'a> {
    /// Whose command it is.
    pub(crate) caller: &'a dyn Caller,
    /// How he is answered.
    pub(crate) language: Language,
    running: Option<(&'a Arc<Vault>, &'a Turn)>,
}

impl<'a> Desk<'a> {
    /// For a command that this process was started with.
    pub(crate) fn here(caller: &'a dyn Caller, language: Language) -> Self {
        Self { caller, language, running: None }
    }

    /// For a command that came in to a running agent.
    pub(crate) fn beside(
        vault: &'a Arc<Vault>,
        turn: &'a Turn,
        caller: &'a dyn Caller,
        language: Language,
    ) -> Self {
        Self { caller, language, running: Some((vault, turn)) }
    }

    /// The vault that the arguments name.
    pub(crate) fn vault(&self, args: &VaultArgs) -> Result<Arc<Vault>, AgentError> {
        match self.running {
            Some((vault, _)) => Ok(Arc::clone(vault)),
            None => open_vault(args).map(Arc::new),
        }
    }

    /// Whether an agent is at work in the vault meanwhile.
    const fn is_beside(&self) -> bool {
        self.running.is_some()
    }

    /// Waits until the turn that is under way, if one is, has ended: the next one sees all that is
    /// durable now.
    fn wait_for_turn(&self) {
        if let Some((_, turn)) = self.running {
            drop(turn.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Opens the vault that the arguments name, for a command that has it to itself.
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
