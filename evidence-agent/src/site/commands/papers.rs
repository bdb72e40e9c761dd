//! Papers: the receipt and the opening of records, for whoever is to judge them.
//!
//! A record comes three steps to its papers: it waits for its statement, the statement waits for its
//! receipt, and it is anchored. Whatever was asked for is in the answer, with the step that it is at.

use std::path::Path;

use serde_json::{Value, json};
use spec::Hash;
use spec::encoding::{decode_hex, encode_hex};
use spec::evidence::disclosure::{Pick, PickFields};
use spec::key::KeyName;

use super::{Desk, Said, either, shown};
use crate::cli::Language;
use crate::cli::args::{VaultArgs, WhichArgs};
use crate::disclose::write_evidence as write_evidence_of;
use crate::durable::Access;
use crate::error::{AgentError, EXIT_ANCHORED, EXIT_INCOMPLETE};
use crate::model::{Hash256, Pending};
use crate::vault::{RecordPlace, Vault, names_unit};

/// What was asked for.
enum Wanted {
    File(Hash256),
    Unit(Vec<u8>),
}

/// Writes the receipt and the opening of every record that was asked for.
pub(crate) fn papers(
    desk: &Desk<'_>,
    args: &VaultArgs,
    which: &WhichArgs,
    with_evidence: bool,
    out: &Path,
) -> Result<Said, AgentError> {
    let vault = desk.vault(args)?;
    let wanted = wanted(desk, which)?;
    let places = match &wanted {
        Wanted::File(hash) => vault.of_file(hash)?,
        Wanted::Unit(unit) => vault.of_unit(unit)?,
    };
    let unsealed = vault.waiting_sources(&|pending| wanted.is(pending))?;
    if places.is_empty() && unsealed.is_empty() {
        return Err(vault.no_such_record());
    }
    desk.caller.make_folders(out).map_err(AgentError::file(out))?;
    let (mut text, mut rows, mut code) = (String::new(), Vec::new(), EXIT_ANCHORED);
    for place in &places {
        match write_one(desk, &vault, place, with_evidence, out)? {
            Some((lines, row)) => {
                text += &lines;
                rows.push(row);
            }
            None => {
                code = EXIT_INCOMPLETE;
                let RecordPlace { source, sequence, record } = place;
                text += &waits(source, Some(*sequence), desk.language);
                rows.push(json!({
                    "source": source.as_str(), "sequence": sequence, "record": record,
                    "state": "waits-for-receipt", "receipt": null, "disclosure": null,
                }));
            }
        }
    }
    for source in &unsealed {
        code = EXIT_INCOMPLETE;
        text += &waits(source, None, desk.language);
        rows.push(json!({
            "source": source.as_str(), "sequence": null, "record": null,
            "state": "waits-for-statement", "receipt": null, "disclosure": null,
        }));
    }
    Ok(Said { text, json: Value::Array(rows), code })
}

/// Says that a record is not anchored yet, and what to do.
fn waits(source: &KeyName, sequence: Option<u64>, language: Language) -> String {
    match (sequence, language) {
        (Some(sequence), Language::En) => format!(
            "{source} {sequence}: the statement waits for its receipt from the log; ask again when \
             `fiducial-agent status` shows that nothing waits\n"
        ),
        (Some(sequence), Language::Zh) => format!(
            "{source} {sequence}：声明正在等待日志的回执；请在 `fiducial-agent status` 显示没有等待时再次运行\n"
        ),
        (None, Language::En) => {
            format!("{source}: a record waits for the next statement; ask again after it\n")
        }
        (None, Language::Zh) => format!("{source}：有记录正在等待下一条声明；请在其后再次运行\n"),
    }
}

/// Writes the papers of one record; `None` while it is not anchored.
fn write_one(
    desk: &Desk<'_>,
    vault: &Vault,
    place: &RecordPlace,
    with_evidence: bool,
    out: &Path,
) -> Result<Option<(String, Value)>, AgentError> {
    let RecordPlace { source, sequence, record } = place;
    let Some(receipt) = vault.receipt(source, *sequence)? else { return Ok(None) };
    let stem = format!("{}-{sequence}-{record}", source.as_str().replace(['/', '\\'], "_"));
    let picks = [0, *record].map(|record| Pick { record, fields: PickFields::All });
    let opening = vault.opening(source, *sequence)?.disclose(&picks);
    let opening = opening.map_err(|error| AgentError::Failed(error.to_string()))?;
    let files = [
        (out.join(format!("{stem}.tlog-proof")), receipt.to_bytes(), Access::Everybody),
        (
            out.join(format!("{stem}.disclosure.json")),
            opening.to_json().into_bytes(),
            Access::Owner,
        ),
    ];
    let mut text = String::new();
    for (path, bytes, access) in &files {
        desk.caller.write_new(path, bytes, *access).map_err(AgentError::file(path))?;
        text += &format!("{}\n", shown(path));
    }
    if with_evidence {
        text += &write_evidence(desk, vault, place, &out.join(format!("{stem}.evidence")))?;
    }
    let [receipt, disclosure] = files.map(|(path, ..)| shown(&path));
    let row = json!({
        "source": source.as_str(), "sequence": sequence, "record": record,
        "state": "anchored", "receipt": receipt, "disclosure": disclosure,
    });
    Ok(Some((text, row)))
}

/// Writes the evidence behind a record, verified while it is read.
fn write_evidence(
    desk: &Desk<'_>,
    vault: &Vault,
    place: &RecordPlace,
    path: &Path,
) -> Result<String, AgentError> {
    // What is left of the batch: others of its records may be deleted.
    let opening = vault.opening(&place.source, place.sequence)?;
    let at = usize::try_from(place.record).unwrap_or(usize::MAX);
    let kept = opening.records.get(at).and_then(|kept| Some((kept.whole()?, kept.evidence())));
    let failed = |error| AgentError::file(path)(error);
    let begin = || desk.caller.begin_new(path, Access::Owner);
    let write = |(record, behind)| write_evidence_of(vault, record, behind, &begin, &failed);
    if kept.map(write).transpose()? == Some(true) {
        return Ok(format!("{}\n", shown(path)));
    }
    let gone = either(desk.language, "not in the vault", "不在保险库中");
    Ok(format!("{}: {gone}\n", shown(path)))
}

fn wanted(desk: &Desk<'_>, which: &WhichArgs) -> Result<Wanted, AgentError> {
    match (&which.unit, &which.file, &which.sha256) {
        (Some(unit), ..) => Ok(Wanted::Unit(unit.clone().into_bytes())),
        (None, Some(path), _) => {
            let hash = desk.caller.sha256(path).map_err(AgentError::file(path))?;
            Ok(Wanted::File(hash))
        }
        (None, None, text) => {
            let text = text.as_deref().unwrap_or_default();
            let wrong = |_| AgentError::Input(format!("{text:?} is no SHA-256 in hexadecimal"));
            Ok(Wanted::File(Hash256(decode_hex(text).map_err(wrong)?)))
        }
    }
}

impl Wanted {
    /// Whether a record that waits is one that was asked for.
    fn is(&self, pending: &Pending) -> bool {
        match self {
            Self::Unit(unit) => names_unit(&pending.values, unit),
            Self::File(hash) => {
                let own = Hash::from(*hash);
                let hex = encode_hex(own.as_bytes());
                pending.evidence == Some(*hash)
                    || pending.values.get("file/sha256").is_some_and(|v| v == hex.as_bytes())
            }
        }
    }
}
