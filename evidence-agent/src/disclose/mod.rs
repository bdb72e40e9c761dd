//! Showing evidence to somebody: which records, which of their fields, and nothing else.
//!
//! Rules: `spec/text/disclosure.md`, `spec/text/bundle.md`, `spec/text/pins.md`, `spec/text/challenge.md`.
//!
//! ```text
//! list     a file                    -> units
//! choose   conditions                -> places of records, by source and statement
//! context  chosen records            -> programs, limits and certificates that they were made under
//! known    a lot, a list of units    -> what the vault has of it, said where that is nothing
//! fields   record + what was asked   -> which fields of it are opened
//! tagged   a range                   -> what its reader's check will refuse of it
//! fill     statements + picks        -> a folder with the paths of a bundle
//! bounds   statements, the log       -> that they were not made long before
//! ```
//!
//! Everything comes from the vault, where it is verified as it is read. The log is asked for one thing, after
//! all else: what proves the lower bounds. Where it does not answer, they are left out, which is said.
//! The folder is what `fiducial bundle make` takes and what `fiducial verify range` judges; with
//! `--bundle` it is made into the one file at once.
//!
//! Invariant: what is opened of a record that was not chosen is decided in `spec::evidence::range`
//! alone, and what a record without tags names is opened only by an explicit word.

mod answer;
mod bounds;
mod choose;
mod context;
mod evidence;
mod fields;
mod fill;
mod known;
mod list;
mod pins;
mod tagged;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use spec::bundle::Claim;
use spec::evidence::disclosure::Pick;
use spec::evidence::kind::Kind;
use spec::evidence::record::Record;
use spec::key::KeyName;

pub(crate) use answer::answer;
pub(crate) use evidence::write_evidence;
pub(crate) use known::OfLot;
pub(crate) use list::read_units;
pub(crate) use pins::pins;

use self::choose::Chosen;
use self::fields::Wanted;
use self::fill::{Folder, Piece};
use self::tagged::Tags;
use crate::cli::Language;
use crate::cli::args::{DiscloseArgs, VaultArgs};
use crate::error::{AgentError, EXIT_ANCHORED, EXIT_INCOMPLETE};
use crate::number;
use crate::site::commands::{Desk, Said};
use crate::vault::{Opening, Vault};

/// What was opened, counted for whoever hands it over.
struct Tally {
    language: Language,
    statements: u64,
    records: u64,
    evidence: u64,
    /// Names of opened fields of chosen records, by kind, with how many records there are.
    opened: BTreeMap<Kind, (u64, BTreeSet<String>)>,
    /// Names that chosen records have and that stay closed.
    closed: BTreeSet<String>,
    /// What a person should read before the folder is handed over.
    warnings: Vec<String>,
    /// Whether something that was asked for is not in the folder.
    is_incomplete: bool,
    /// What the reader of a range looks for, and finds.
    tags: Tags,
}

/// Opens what was asked for into a new folder.
pub(crate) fn disclose(
    desk: &Desk<'_>,
    vault: &VaultArgs,
    args: &DiscloseArgs,
) -> Result<Said, AgentError> {
    let (vault, language) = (desk.vault(vault)?, desk.language);
    let wanted = Wanted::parse(&args.open, &args.hide)?;
    let (mut chosen, waiting) = choose::records(desk, &vault, args)?;
    if args.context {
        context::add(&vault, &mut chosen, &args.lot)?;
    }
    let mut tally = Tally::new(language);
    let span = args.range.as_deref().map(choose::span).transpose()?;
    if span.is_none() {
        // A range ends where it was told to; what waits lies behind it.
        waiting.iter().for_each(|source| tally.leave_out(waits(source, language)));
        if chosen.is_empty() {
            if !waiting.is_empty() {
                return Err(AgentError::Failed(tally.warnings.join("\n")));
            }
            let no_lot = known::no_lot(&vault, &args.lot)?;
            return Err(no_lot.unwrap_or_else(|| vault.no_such_record()));
        }
    } else if chosen.is_empty()
        && let Some(why) = known::no_lot(&vault, &args.lot)?
    {
        tally.warnings.push(why.message(language));
    }
    let folder = match (&args.bundle, &args.out) {
        (Some(file), _) => Folder::bundle(desk.caller, file),
        (None, Some(folder)) => Folder::create(desk.caller, folder)?,
        (None, None) => return Err(AgentError::Input("say --out or --bundle".to_string())),
    };
    let mut fill = || -> Result<(), AgentError> {
        match span {
            Some((first, last)) => {
                let source = &choose::one_source(&vault, args.source.as_deref())?;
                let (open_untagged, allow_untagged) = (args.open_untagged, args.allow_untagged);
                let range = Range { source, first, last, open_untagged, allow_untagged };
                range.check_is_anchored(&vault)?;
                tally.tags = Tags::of(desk, &vault, args)?;
                range.open(&vault, &folder, &chosen, &wanted, args.evidence, &mut tally)?;
            }
            None => open_records(&vault, &folder, &chosen, &wanted, args.evidence, &mut tally)?,
        }
        if let Some((count, why)) = folder.write_bounds(&vault)? {
            tally.without_bounds(count, &why, vault.log());
        }
        folder.write_papers(&vault)?;
        folder.finish()
    };
    // Half a folder would be handed over by somebody, some day.
    folder.keep_if(fill())?;
    Ok(say(&tally, folder.path(), language))
}

/// Opens the chosen records of each statement, and the header of their batch.
fn open_records(
    vault: &Vault,
    folder: &Folder<'_>,
    chosen: &Chosen,
    wanted: &Wanted,
    with_evidence: bool,
    tally: &mut Tally,
) -> Result<(), AgentError> {
    let shown = showable(vault, chosen, tally)?;
    if shown.is_empty() {
        return Err(AgentError::Failed(tally.warnings.join("\n")));
    }
    let sources: BTreeSet<&KeyName> = shown.keys().map(|(source, _)| source).collect();
    for ((name, sequence), records) in &shown {
        let (name, sequence) = (name, *sequence);
        let opening = vault.opening(name, sequence)?;
        let mut picks = vec![whole(0)];
        for (index, record) in
            records.iter().filter_map(|index| Some((*index, record_at(&opening, *index)?)))
        {
            picks.push(Pick { record: index, fields: wanted.of(record) });
            tally.count(record, wanted);
        }
        let receipt = vault.receipt(name, sequence)?;
        let source = sources.iter().position(|other| *other == name).unwrap_or_default();
        let piece = Piece { claim: Claim::Records, source, name, sequence };
        folder.write_statement(vault, &piece, &opening, &picks, receipt.as_ref())?;
        tally.statements += 1;
        if with_evidence {
            let records: Vec<u64> = records.iter().copied().collect();
            tally.add_evidence(folder.write_evidence(vault, &opening, &records, tally.language)?);
        }
    }
    Ok(())
}

/// What of the chosen records can be shown: they are anchored and were not deleted.
fn showable(vault: &Vault, chosen: &Chosen, tally: &mut Tally) -> Result<Chosen, AgentError> {
    let mut shown = Chosen::new();
    for ((source, sequence), records) in chosen {
        if vault.receipt(source, *sequence)?.is_none() {
            let why = match tally.language {
                Language::En => "not anchored yet, left out",
                Language::Zh => "尚未锚定，未包括在内",
            };
            tally.leave_out(format!("{source} {sequence}: {why}"));
            continue;
        }
        let opening = vault.opening(source, *sequence)?;
        let (whole, gone): (BTreeSet<u64>, BTreeSet<u64>) =
            records.iter().partition(|index| record_at(&opening, **index).is_some());
        let language = tally.language;
        let gone = gone.iter().map(|index| deleted(source, *sequence, *index, language));
        gone.for_each(|why| tally.leave_out(why));
        if !whole.is_empty() {
            shown.insert((source.clone(), *sequence), whole);
        }
    }
    Ok(shown)
}

/// All statements of one source between two.
struct Range<'a> {
    source: &'a KeyName,
    first: u64,
    last: u64,
    open_untagged: bool,
    allow_untagged: bool,
}

impl Range<'_> {
    /// The last statement needs a receipt: through the chain it holds for all of them.
    fn check_is_anchored(&self, vault: &Vault) -> Result<(), AgentError> {
        if vault.receipt(self.source, self.last)?.is_some() {
            return Ok(());
        }
        let (source, last) = (self.source, self.last);
        Err(AgentError::Failed(format!(
            "statement {last} of {source} is not there or not anchored yet; a range ends at one \
             that is"
        )))
    }

    fn open(
        &self,
        vault: &Vault,
        folder: &Folder<'_>,
        chosen: &Chosen,
        wanted: &Wanted,
        with_evidence: bool,
        tally: &mut Tally,
    ) -> Result<(), AgentError> {
        let nothing = BTreeSet::new();
        for sequence in self.first..=self.last {
            let opening = vault.opening(self.source, sequence)?;
            let own = chosen.get(&(self.source.clone(), sequence)).unwrap_or(&nothing);
            let mut picks = vec![whole(0)];
            for index in 1..opening.records.len() as u64 {
                let missing =
                    || AgentError::Failed(deleted(self.source, sequence, index, tally.language));
                let record = record_at(&opening, index).ok_or_else(missing)?;
                let fields = if own.contains(&index) {
                    tally.count(record, wanted);
                    wanted.of_own_in_range(record)
                } else {
                    self.check_names_nothing(sequence, index, record)?;
                    spec::evidence::range::show(record)
                };
                picks.push(Pick { record: index, fields });
            }
            tally.tags.look(vault, &opening, own)?;
            // Receipts are long; the end's holds for all, the own ones' say more of their time.
            let is_wanted = sequence == self.last || !own.is_empty();
            let receipt = if is_wanted { vault.receipt(self.source, sequence)? } else { None };
            let piece = Piece { claim: Claim::Range, source: 0, name: self.source, sequence };
            folder.write_statement(vault, &piece, &opening, &picks, receipt.as_ref())?;
            tally.statements += 1;
            if with_evidence {
                let own: Vec<u64> = own.iter().copied().collect();
                tally.add_evidence(folder.write_evidence(vault, &opening, &own, tally.language)?);
            }
        }
        let to_read = tally.tags.judge(self.source, self.allow_untagged, tally.language)?;
        tally.warnings.extend(to_read);
        Ok(())
    }

    /// A record without tags must show what it names. If that is something, it may be another
    /// buyer's: nobody finds that out by accident.
    fn check_names_nothing(
        &self,
        sequence: u64,
        index: u64,
        record: &Record,
    ) -> Result<(), AgentError> {
        let is_evidence = record.kind().is_evidence();
        let has_tags = record.value("tags").is_some_and(|tags| !tags.is_empty());
        let named = ["units", "panel", "lot"].into_iter().find(|name| record.value(name).is_some());
        match named {
            Some(name) if is_evidence && !has_tags && !self.open_untagged => {
                Err(AgentError::Failed(format!(
                    "record {index} of statement {sequence} has no tags and names something in \
                     `{name}`, which a range must open. If the reader may see it, say \
                     --open-untagged; or end the range before it"
                )))
            }
            _ => Ok(()),
        }
    }
}

impl Tally {
    fn new(language: Language) -> Self {
        Self {
            language,
            statements: 0,
            records: 0,
            evidence: 0,
            opened: BTreeMap::new(),
            closed: BTreeSet::new(),
            warnings: Vec::new(),
            is_incomplete: false,
            tags: Tags::default(),
        }
    }

    /// Says why something that was asked for is not in the folder.
    fn leave_out(&mut self, why: String) {
        self.is_incomplete = true;
        self.warnings.push(why);
    }

    /// Says that the lower bounds are not there, and how they come in. A log that contradicts itself is
    /// more than one that is away.
    fn without_bounds(&mut self, count: usize, why: &AgentError, log: &str) {
        self.is_incomplete |= matches!(why, AgentError::LogRefused(_));
        let why = why.message(self.language);
        self.warnings.push(match self.language {
            Language::En => format!(
                "left out, for {}: the proof that it was not made long before ({why}). The log has it: \
                 say this again when it answers, or make a folder with --out, and of that the bundle \
                 with `fiducial bundle make FOLDER --log {log} --out FILE`",
                number::of(count, "statement", "statements")
            ),
            Language::Zh => format!(
                "未包括 {count} 条声明的下限证明，即它们并非在很早之前作出（{why}）。该证明由日志给出：请在日志可访问时\
                 重新运行，或用 --out 生成文件夹，再用 `fiducial bundle make 文件夹 --log {log} --out 文件` 制成证据包"
            ),
        });
    }

    fn count(&mut self, record: &Record, wanted: &Wanted) {
        self.records += 1;
        let (count, names) = self.opened.entry(record.kind()).or_default();
        *count += 1;
        for (name, is_opened) in wanted.names(record) {
            let list = if is_opened { &mut *names } else { &mut self.closed };
            list.insert(name.to_string());
        }
    }

    fn add_evidence(&mut self, (written, missing): (u64, Vec<String>)) {
        self.evidence += written;
        missing.into_iter().for_each(|why| self.leave_out(why));
    }
}

fn whole(record: u64) -> Pick {
    Pick { record, fields: spec::evidence::disclosure::PickFields::All }
}

fn record_at(opening: &Opening, index: u64) -> Option<&Record> {
    opening.records.get(usize::try_from(index).ok()?)?.whole()
}

fn deleted(source: &KeyName, sequence: u64, index: u64, language: Language) -> String {
    match language {
        Language::En => format!(
            "{source} {sequence}, record {index}: deleted by a rule of retention, nobody can open \
             it"
        ),
        Language::Zh => {
            format!("{source} {sequence} 第 {index} 号记录：已按保留期限删除，无人能够披露")
        }
    }
}

fn waits(source: &KeyName, language: Language) -> String {
    match language {
        Language::En => format!("{source}: a record waits for the next statement, left out"),
        Language::Zh => format!("{source}：有记录正在等待下一条声明，未包括在内"),
    }
}

fn say(tally: &Tally, out: &Path, language: Language) -> Said {
    let folder = out.display().to_string();
    let Tally { statements, records, evidence, closed, warnings, .. } = tally;
    let mut text = match language {
        Language::En => format!(
            "{folder}: {}, {} chosen, {} of evidence\n",
            number::of(*statements, "statement", "statements"),
            number::of(*records, "record", "records"),
            number::of(*evidence, "file", "files"),
        ),
        Language::Zh => {
            format!("{folder}：{statements} 条声明，选中 {records} 条记录，{evidence} 个证据文件\n")
        }
    };
    let mut opened = serde_json::Map::new();
    for (kind, (count, names)) in &tally.opened {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        text += &match language {
            Language::En => format!("  opened of {count} x {kind}: {}\n", names.join(" ")),
            Language::Zh => format!("  {count} 条 {kind} 披露：{}\n", names.join(" ")),
        };
        opened.insert(kind.to_string(), json!({ "records": count, "fields": names }));
    }
    let closed: Vec<&str> = closed.iter().map(String::as_str).collect();
    if !closed.is_empty() {
        text += &match language {
            Language::En => format!("  stays closed: {}\n", closed.join(" ")),
            Language::Zh => format!("  不披露：{}\n", closed.join(" ")),
        };
    }
    warnings.iter().for_each(|warning| text += &format!("  ! {warning}\n"));
    let json: Value = json!({
        "folder": folder, "statements": statements, "records": records, "evidence": evidence,
        "opened": opened, "closed": closed, "warnings": warnings,
    });
    let code = if tally.is_incomplete { EXIT_INCOMPLETE } else { EXIT_ANCHORED };
    Said { text, json, code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_told_by_the_exit_code() {
        let code = |tally: &Tally| say(tally, Path::new("out"), Language::En).code;
        let mut tally = Tally::new(Language::En);
        tally.add_evidence((2, Vec::new()));
        tally.warnings.push("read this first".to_string());
        assert_eq!(code(&tally), EXIT_ANCHORED);
        tally.add_evidence((0, vec!["its evidence is not in the vault".to_string()]));
        assert_eq!(code(&tally), EXIT_INCOMPLETE);
        assert_eq!(tally.warnings.len(), 2);
    }
}
