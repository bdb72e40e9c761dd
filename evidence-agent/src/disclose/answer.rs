//! The answer to a challenge: exactly the records that were picked, whole, with their evidence.
//!
//! Rule: `spec/text/challenge.md`. The picks are made again here: a neutral party may ask for what
//! the number names, and for nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use spec::Hash;
use spec::bundle::Claim;
use spec::evidence::challenge::{Challenge, Ground, MAX_CHALLENGE_SIZE};
use spec::note::{MAX_NOTE_SIZE, Note};

use super::fill::{Folder, Piece};
use super::{deleted, record_at, whole};
use crate::cli::Language;
use crate::cli::args::VaultArgs;
use crate::error::{AgentError, EXIT_ANCHORED, EXIT_INCOMPLETE};
use crate::number;
use crate::site::commands::{Desk, Said};
use crate::vault::Vault;

/// Checks a challenge against the vault and the note, and opens what it picks.
pub(crate) fn answer(
    desk: &Desk<'_>,
    args: &VaultArgs,
    challenge: &Path,
    note: &Path,
    out: &Path,
) -> Result<Said, AgentError> {
    let (vault, language) = (desk.vault(args)?, desk.language);
    let read = |path: &Path, limit| desk.caller.read(path, limit).map_err(AgentError::file(path));
    let bytes = read(challenge, MAX_CHALLENGE_SIZE)?;
    let asked = Challenge::parse(&bytes).map_err(|error| refused(&error.to_string()))?;
    let note = read(note, MAX_NOTE_SIZE)?;
    check_note(&vault, asked.ground(), &note)?;
    check_picks(&vault, &asked)?;

    let folder = Folder::create(desk.caller, out)?;
    let (evidence, missing) = folder.keep_if(open(&vault, &folder, &asked, language))?;
    let (count, shown) = (asked.picks().len(), out.display());
    let mut text = match language {
        Language::En => {
            let records = number::of(count, "record", "records");
            let files = number::of(evidence, "file", "files");
            format!("{shown}: {records} opened, {files} of evidence\n")
        }
        Language::Zh => format!("{shown}：已披露 {count} 条记录，{evidence} 个证据文件\n"),
    };
    missing.iter().for_each(|line| text += &format!("  ! {line}\n"));
    let json = json!({
        "folder": shown.to_string(), "records": count, "evidence": evidence, "warnings": missing,
    });
    let code = if missing.is_empty() { EXIT_ANCHORED } else { EXIT_INCOMPLETE };
    Ok(Said { text, json, code })
}

/// Opens each pick with its statement's header. Gives how many files of evidence there are, and what
/// is missing.
fn open(
    vault: &Vault,
    folder: &Folder<'_>,
    asked: &Challenge,
    language: Language,
) -> Result<(u64, Vec<String>), AgentError> {
    let name = &asked.ground().source;
    let mut by_statement: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for (statement, record) in asked.picks() {
        by_statement.entry(*statement).or_default().push(*record);
    }
    let (mut evidence, mut missing) = (0, Vec::new());
    for (sequence, records) in by_statement {
        let opening = vault.opening(name, sequence)?;
        if let Some(gone) = records.iter().find(|at| record_at(&opening, **at).is_none()) {
            return Err(refused(&deleted(name, sequence, *gone, language)));
        }
        let picks: Vec<_> = [0].iter().chain(&records).map(|record| whole(*record)).collect();
        let receipt = vault.receipt(name, sequence)?;
        let piece = Piece { claim: Claim::Records, source: 0, name, sequence };
        folder.write_statement(vault, &piece, &opening, &picks, receipt.as_ref())?;
        let (written, lost) = folder.write_evidence(vault, &opening, &records, language)?;
        evidence += written;
        missing.extend(lost);
    }
    folder.write_papers(vault)?;
    Ok((evidence, missing))
}

/// The number must be one that nobody could know when the last statement was made.
fn check_note(vault: &Vault, ground: &Ground, bytes: &[u8]) -> Result<(), AgentError> {
    if Hash::of(bytes) != ground.note {
        return Err(refused("the note is not the one that the challenge names"));
    }
    let note = Note::parse(bytes).map_err(|error| refused(&error.to_string()))?;
    let accepted = vault.policy().check(&note).map_err(|error| refused(&error.to_string()))?;
    if *accepted.origin() != ground.origin || ground.origin != *vault.origin() {
        return Err(refused("it is about another log"));
    }
    let receipt = vault.receipt(&ground.source, ground.last)?;
    let receipt = receipt.ok_or_else(|| refused("the range's last statement is not anchored"))?;
    let shown = vault.policy().check(receipt.checkpoint());
    let shown = shown.map_err(|error| refused(&error.to_string()))?;
    if accepted.tree().size() <= shown.tree().size() {
        return Err(refused(
            "the note is not newer than the receipt of the range's last statement",
        ));
    }
    Ok(())
}

fn check_picks(vault: &Vault, asked: &Challenge) -> Result<(), AgentError> {
    let ground = asked.ground();
    let last = vault.statement(&ground.source, ground.last)?;
    if last.is_none_or(|kept| kept.statement.leaf_hash() != ground.leaf) {
        return Err(refused("this vault has another last statement, or none"));
    }
    let mut records = Vec::new();
    for sequence in ground.first..=ground.last {
        records.push(vault.opening(&ground.source, sequence)?.records.len() as u64 - 1);
    }
    let made = Challenge::make(ground.clone(), &records, asked.picks().len());
    match made {
        Ok(made) if made == *asked => Ok(()),
        Ok(_) => Err(refused("its picks are not those that the note and the range give")),
        Err(error) => Err(refused(&error.to_string())),
    }
}

fn refused(why: &str) -> AgentError {
    AgentError::Failed(format!("the challenge is not answered: {why}"))
}
