//! Statements as they were signed, with their receipts: what rebuilds a log whose disk died.
//!
//! Rule: `spec/text/operating.md`, "If the disk dies". One file each, in forms that there are already:
//!
//! ```text
//! SOURCE-12.tlog-proof          anchored: the statement with its place and a checkpoint
//! SOURCE-13.531.statement       the log said that it is entry 531, and has not shown it yet
//! SOURCE-14.statement           not known to the log
//! 530-1f2e3d4c.checkpoint       the newest checkpoint that was verified, by size and hash
//! ```
//!
//! All of it was sent to the log or is about to be: nothing here opens a record.

use std::path::Path;

use serde_json::json;
use spec::Hash;
use spec::key::KeyName;

use super::{Desk, Said, shown};
use crate::cli::Language;
use crate::cli::args::VaultArgs;
use crate::durable::Access;
use crate::error::AgentError;
use crate::vault::{Progress, Stage, Vault};

/// The most bytes of a source's name that are kept in a file's name: with what is put behind them it stays far below
/// the 255 that file systems take.
const MAX_STEM_SIZE: usize = 128;

/// How many files are of which kind.
#[derive(Default)]
struct Count {
    receipts: u64,
    statements: u64,
    checkpoints: u64,
}

/// Writes the statements of a source, or of all, that the log may have from `since` on.
pub(crate) fn statements(
    desk: &Desk<'_>,
    args: &VaultArgs,
    source: Option<&str>,
    since: u64,
    out: &Path,
) -> Result<Said, AgentError> {
    let vault = desk.vault(args)?;
    let sources = match source {
        None => vault.sources()?,
        Some(name) => {
            let named = KeyName::parse(name);
            vec![named.map_err(|error| AgentError::Input(format!("--source: {error}")))?]
        }
    };
    desk.caller.make_folders(out).map_err(AgentError::file(out))?;
    let mut count = Count::default();
    for source in &sources {
        write_chain(desk, &vault, source, since, out, &mut count)?;
    }
    if let Some(newest) = vault.checkpoint()? {
        let bytes = newest.note.to_bytes();
        let hash = &Hash::of(&bytes).to_hex()[..8];
        write(desk, out, &format!("{}-{hash}.checkpoint", newest.tree.size()), &bytes)?;
        count.checkpoints += 1;
    }
    let Count { receipts, statements, checkpoints } = count;
    let folder = shown(out);
    let text = match desk.language {
        Language::En => format!(
            "{folder}: {receipts} statements with receipts, {statements} without, {checkpoints} checkpoints. \
             Hand the folder to the log's operator, for `fiducial-log recover --statements`\n"
        ),
        Language::Zh => format!(
            "{folder}：{receipts} 条声明附有回执，{statements} 条没有，检查点 {checkpoints} 个。\
             请把该文件夹交给日志运营方，供 `fiducial-log recover --statements` 使用\n"
        ),
    };
    let json = json!({
        "out": folder, "receipts": receipts, "statements": statements, "checkpoints": checkpoints,
    });
    Ok(Said::done(text, json))
}

/// From the end of the chain back to the first statement that the log has before `since`: those before
/// it stand before it in the log as well.
fn write_chain(
    desk: &Desk<'_>,
    vault: &Vault,
    source: &KeyName,
    since: u64,
    out: &Path,
    count: &mut Count,
) -> Result<(), AgentError> {
    let total = vault.head(source)?.next_sequence;
    for sequence in (0..total).rev() {
        desk.caller.progress(Progress { done: total - sequence, total });
        // Lost with a newer vault, or left out: somebody else may have it.
        let Some(kept) = vault.statement(source, sequence)? else { continue };
        let stem = format!("{}-{sequence}", stem_of(source));
        let (end, bytes) = match kept.stage {
            Stage::Anchored(index) if index < since => return Ok(()),
            Stage::Anchored(_) => match vault.receipt(source, sequence)? {
                Some(receipt) => ("tlog-proof".to_owned(), receipt.to_bytes()),
                None => ("statement".to_owned(), kept.statement.to_bytes()),
            },
            Stage::Sequenced(index) => (format!("{index}.statement"), kept.statement.to_bytes()),
            Stage::Kept => ("statement".to_owned(), kept.statement.to_bytes()),
        };
        write(desk, out, &format!("{stem}.{end}"), &bytes)?;
        match kept.stage {
            Stage::Anchored(_) => count.receipts += 1,
            Stage::Sequenced(_) | Stage::Kept => count.statements += 1,
        }
    }
    Ok(())
}

/// What the files of a source are called: another name for each, that every file system takes.
fn stem_of(source: &KeyName) -> String {
    let name = source.as_str();
    let is_plain =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '/');
    if name.len() <= MAX_STEM_SIZE && name.chars().all(is_plain) {
        return name.replace('/', "_");
    }
    // Two names may differ only in what is left out here, or in the size of their letters.
    let kept = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    let kept: String = kept.take(MAX_STEM_SIZE).collect();
    format!("{kept}~{}", &Hash::of(name.as_bytes()).to_hex()[..16])
}

fn write(desk: &Desk<'_>, out: &Path, name: &str, bytes: &[u8]) -> Result<(), AgentError> {
    let path = out.join(name);
    desk.caller.write_new(&path, bytes, Access::Everybody).map_err(AgentError::file(&path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_has_a_file_name_of_its_own_that_any_system_takes() {
        let stem = |name: &str| stem_of(&KeyName::parse(name).unwrap());
        assert_eq!(stem("line-4.example/aoi-7"), "line-4.example_aoi-7");
        let long = "x".repeat(255);
        let names = ["a/b", "a_b", "A/b", "a\\b", "ab", "log.example:7070/a", "产线/贴片", &long];
        let stems: Vec<String> = names.iter().map(|name| stem(name).to_lowercase()).collect();
        for (at, one) in stems.iter().enumerate() {
            assert!(one.len() < 200 && !one.contains([':', '/', '\\']), "{one}");
            assert!(!stems[..at].contains(one), "{one}");
        }
    }
}
