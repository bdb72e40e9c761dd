//! The pins of this vault's sources, from the maker's side: a template that the buyer checks and keeps.
//!
//! Rule: `spec/text/pins.md`. What stands at a source and how often it speaks, the vault does not
//! know: a configuration or the caller says so.

use std::path::PathBuf;

use serde_json::json;
use spec::evidence::pins::{Pin, Pins};
use spec::key::KeyName;

use super::choose::parse_name;
use crate::cli::args::{PinsArgs, VaultArgs};
use crate::error::AgentError;
use crate::site::commands::{Desk, Said};
use crate::site::config::Config;
use crate::vault::Vault;

/// What a buyer has to write instead.
const MACHINE: &str = "what stands there, with its serial number";

/// Prints the pins of one source or all.
pub(crate) fn pins(
    desk: &Desk<'_>,
    args: &VaultArgs,
    wanted: &PinsArgs,
) -> Result<Said, AgentError> {
    let vault = desk.vault(args)?;
    let read = |path: &PathBuf| Config::load_for(desk.caller, path);
    let config = wanted.config.as_ref().map(read).transpose()?;
    let names = match &wanted.source {
        Some(name) => vec![parse_name(name)?],
        None => vault.sources()?,
    };
    if wanted.machine.is_some() && names.len() > 1 {
        return Err(AgentError::Input(format!(
            "a machine stands at one source, and this vault has several: say which, as in \
             `fiducial-agent pins --source {} --machine 'AOI 7, serial 20391'`",
            names[0]
        )));
    }
    let mut pins = Vec::new();
    for name in names {
        let cadence = match (&config, wanted.cadence) {
            (_, Some(seconds)) => Some(seconds),
            (Some(config), None) => every_seconds(config, &name),
            (None, None) => None,
        };
        pins.push(pin(&vault, &name, wanted, cadence)?);
    }
    let impossible = || AgentError::Failed("there is no source to pin".to_string());
    let text = Pins::new(vault.origin().clone(), pins).ok_or_else(impossible)?.to_string();
    Ok(Said::done(text.clone(), json!({ "pins": text })))
}

fn every_seconds(config: &Config, name: &KeyName) -> Option<u64> {
    let source = config.sources.iter().find(|source| source.name == *name);
    source.map(|source| source.every.millis().div_ceil(1000).max(1))
}

fn pin(
    vault: &Vault,
    name: &KeyName,
    wanted: &PinsArgs,
    cadence: Option<u64>,
) -> Result<Pin, AgentError> {
    let keys = vault.verifier_keys(name)?;
    let first = vault.statement(name, wanted.first)?;
    let nothing = || {
        let first = wanted.first;
        AgentError::Failed(format!("{name} has made no statement {first} yet; anchor one first"))
    };
    let leaf = first.ok_or_else(nothing)?.statement.leaf_hash();
    let machine = wanted.machine.as_deref().unwrap_or(MACHINE).to_string();
    let wrong = || {
        AgentError::Input(format!(
            "{name} cannot be pinned: a machine is 1 to 255 bytes of one line, a cadence 1 to \
             604800 seconds, and there are at most 16 keys"
        ))
    };
    Pin::new(keys, machine, (wanted.first, leaf), cadence).ok_or_else(wrong)
}
