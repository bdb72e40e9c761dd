//! What people are left with: receipts, openings, and a few lines that say what they are.
//!
//! | file | who may have it |
//! |---|---|
//! | `<name>.tlog-proof` | anybody: it shows that the statement is in the log, and nothing of the evidence |
//! | `<name>.disclosure.json` | whoever may read the report: it opens every value of it |
//!
//! Each report of a small statement has its own two files, named after it. A statement of many
//! reports has two for all of them, named after its sequence. Where such a name is taken, by another
//! report or by another source that writes to the same folder, the statement's sequence and in the
//! end a part of its leaf hash are put behind it. A name too long for its papers is cut and ends in
//! `~` and a part of the whole name's hash.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};
use spec::Hash;
use spec::evidence::batch::Batch;
use spec::evidence::disclosure::{Disclosure, Pick, PickFields};
use spec::evidence::record::Record;
use spec::evidence::statement::Statement;
use spec::proof::{Proof, VerifiedInclusion};

use crate::cli::Language;
use crate::clock;
use crate::durable::{Access, read_bounded, sync_folder, write_synced};
use crate::error::AgentError;
use crate::os;

/// The most reports of one statement that get files of their own. Each opening hashes the whole
/// batch, so this bounds the work at a few million hashes.
const MAX_OWN_PAPERS: usize = 256;

/// The most bytes of a file's name on the usual file systems.
const MAX_NAME_SIZE: usize = 255;

/// What a receipt's name and an opening's name end in.
const RECEIPT: &str = ".tlog-proof";
const DISCLOSURE: &str = ".disclosure.json";

/// A statement that is anchored.
#[derive(Debug, Serialize)]
pub(crate) struct Anchored {
    source: String,
    log: String,
    sequence: u64,
    /// Where the log holds it.
    index: u64,
    tree_size: u64,
    leaf_hash: String,
    /// The latest time in the accepted quorum, RFC 3339 in UTC; absent without witnesses.
    #[serde(skip_serializing_if = "Option::is_none")]
    witnessed: Option<String>,
    reports: Vec<Report>,
    /// For a statement of many reports: one receipt and one opening of them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    papers: Option<Papers>,
}

/// The paths that files were named by in this run, by what their records say of them.
#[derive(Default)]
pub(crate) struct Paths(BTreeMap<(Vec<u8>, Vec<u8>), VecDeque<PathBuf>>);

impl Paths {
    /// Remembers a path, in the order of the records.
    pub(crate) fn put(&mut self, name: &[u8], sha256: &str, path: PathBuf) {
        let key = (name.to_vec(), sha256.as_bytes().to_vec());
        self.0.entry(key).or_default().push_back(path);
    }

    fn take(&mut self, record: &Record) -> Option<PathBuf> {
        let value = |name| record.value(name).map(<[u8]>::to_vec);
        let whole = value("part/of-sha256").or_else(|| value("file/sha256"))?;
        let paths = self.0.get_mut(&(value("file/name")?, whole))?;
        // Two records of one file have one path.
        if paths.len() > 1 { paths.pop_front() } else { paths.front().cloned() }
    }
}

/// One report of an anchored statement.
#[derive(Debug, Serialize)]
struct Report {
    file: String,
    record: u64,
    kind: &'static str,
    sha256: String,
    interpreted: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    papers: Option<Papers>,
}

/// Where a receipt and an opening lie.
#[derive(Clone, Debug, Serialize)]
struct Papers {
    #[serde(serialize_with = "as_shown")]
    receipt: PathBuf,
    #[serde(serialize_with = "as_shown")]
    disclosure: PathBuf,
}

/// Writes the receipts and openings of an anchored statement into `out`. One that cannot be written
/// keeps no other from being written; the error counts them and says why the first was not.
pub(crate) fn write_papers(
    out: &Path,
    statement: &Statement,
    batch: &Batch,
    paths: &mut Paths,
    receipt: &Proof,
    verified: &VerifiedInclusion,
) -> (Anchored, Option<AgentError>) {
    let mut missing = Vec::new();
    let leaf = &statement.leaf_hash().to_hex()[..8];
    let (sequence, receipt) = (statement.sequence(), receipt.to_bytes());
    let evidence = batch.records().iter().enumerate().skip(1);
    let own = batch.records().len() - 1 <= MAX_OWN_PAPERS;
    let mut reports = Vec::new();
    for (index, record) in evidence {
        let record_index = index as u64;
        let name = os::name_of(record.value("file/name").unwrap_or_default());
        let name = name.as_ref();
        let papers = if own {
            let picks = [0, record_index].map(|record| Pick { record, fields: PickFields::All });
            let opening = Disclosure::of(batch, &picks).expect("both records are of this batch");
            let ends = ["".to_owned(), format!(".{sequence}-{index}")];
            let [own, place] = ends.each_ref().map(|end| stem(name, end));
            let stems = [own, place, stem(name, &format!("{}-{leaf}", ends[1]))];
            let written = write_pair(out, &stems, &receipt, opening.to_json().as_bytes());
            written.map_err(|error| missing.push(error)).ok()
        } else {
            None
        };
        // What the spool itself has to say, such as an outage, is no report.
        if record.index_of("file/name").is_some() {
            let path = paths.take(record).unwrap_or_else(|| PathBuf::from(name));
            reports.push(report(&path, record_index, record, papers));
        }
    }
    let papers = if own && !reports.is_empty() {
        None
    } else {
        let stem = OsString::from(format!("statement-{sequence}"));
        let other = joined(&stem, &format!(".{leaf}"));
        let stems = [stem, other.clone(), other];
        let opening = Disclosure::whole(batch).to_json();
        let written = write_pair(out, &stems, &receipt, opening.as_bytes());
        written.map_err(|error| missing.push(error)).ok()
    };
    if let Err(error) = sync_folder(out) {
        missing.push(AgentError::file(out)(error));
    }
    let count = missing.len();
    let first = missing.into_iter().next().map(Box::new);
    let missing = first.map(|first| AgentError::Papers { sequence, count, first });
    let checkpoint = verified.checkpoint();
    let anchored = Anchored {
        source: statement.source().to_string(),
        log: statement.origin().to_string(),
        sequence,
        index: verified.index(),
        tree_size: checkpoint.tree().size(),
        leaf_hash: statement.leaf_hash().to_hex(),
        witnessed: checkpoint.times().map(|times| clock::format_seconds(times.latest.as_seconds())),
        reports,
        papers,
    };
    (anchored, missing)
}

fn report(path: &Path, index: u64, record: &Record, papers: Option<Papers>) -> Report {
    let text = |name| String::from_utf8_lossy(record.value(name).unwrap_or_default()).into_owned();
    Report {
        file: path.display().to_string(),
        record: index,
        kind: record.kind().as_str(),
        sha256: text("file/sha256"),
        interpreted: text("interpreted"),
        papers,
    }
}

/// Writes a receipt and an opening under the first stem that is free or holds the same already:
/// two reports may have one name, and what was handed out once is never replaced.
///
/// The last stem is this statement's alone: what lies there is what an earlier run was writing.
fn write_pair(
    out: &Path,
    stems: &[OsString; 3],
    receipt: &[u8],
    opening: &[u8],
) -> Result<Papers, AgentError> {
    let [first, second, last] = stems.each_ref().map(|stem| Papers {
        receipt: out.join(joined(stem, RECEIPT)),
        disclosure: out.join(joined(stem, DISCLOSURE)),
    });
    // What cannot even be looked at under the second stem is said when it cannot be written.
    let papers = if is_free(&first, receipt, opening).unwrap_or(false) {
        first
    } else if is_free(&second, receipt, opening).unwrap_or(true) {
        second
    } else {
        last
    };
    write_new(&papers.disclosure, opening, Access::Owner)?;
    write_new(&papers.receipt, receipt, Access::Everybody)?;
    Ok(papers)
}

fn is_free(papers: &Papers, receipt: &[u8], opening: &[u8]) -> io::Result<bool> {
    // One byte more than ours is enough to see that a file is another one.
    let free = |path: &Path, bytes: &[u8]| match read_bounded(path, bytes.len()) {
        Ok(there) => Ok(there == bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Ok(false),
        Err(error) => Err(error),
    };
    Ok(free(&papers.receipt, receipt)? && free(&papers.disclosure, opening)?)
}

fn write_new(path: &Path, bytes: &[u8], access: Access) -> Result<(), AgentError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(AgentError::file(path)(error));
        }
        _ => {}
    }
    write_synced(path, bytes, access).map_err(AgentError::file(path))
}

/// A name with an end of its own, short enough for what is put behind it.
fn stem(name: &OsStr, end: &str) -> OsString {
    let most = MAX_NAME_SIZE - DISCLOSURE.len() - end.len();
    let bytes = os::name_bytes(name);
    if bytes.len() <= most {
        return joined(name, end);
    }
    // Names that agree as far as they are kept still differ in the hash of the whole.
    let mark = format!("~{}", &Hash::of(&bytes).to_hex()[..16]);
    let mut cut = most - mark.len();
    // Not in the middle of a UTF-8 character: some file systems refuse what is left of it.
    while cut > 0 && bytes[cut] & 0xc0 == 0x80 {
        cut -= 1;
    }
    joined(&joined(&os::name_of(&bytes[..cut]), &mark), end)
}

fn joined(stem: &OsStr, end: &str) -> OsString {
    let mut name = stem.to_owned();
    name.push(end);
    name
}

impl Anchored {
    /// A few lines for people.
    pub(crate) fn describe(&self, language: Language) -> String {
        let Self { source, log, sequence, index, tree_size, .. } = self;
        let mut text = match language {
            Language::En => format!(
                "anchored: statement {sequence} of {source} is entry {index} of {log} \
                 (tree of {tree_size})\n"
            ),
            Language::Zh => format!(
                "已锚定：{source} 的声明 {sequence} 是日志 {log} 的第 {index} 条（树大小 {tree_size}）\n"
            ),
        };
        for report in &self.reports {
            text += &format!("  {:<18} {}\n", report.kind, report.file);
            if let Some(caveat) = report.not_read(language) {
                text += &format!("    {caveat}\n");
            }
            text += &report.papers.as_ref().map_or(String::new(), |own| own.describe(language));
        }
        text += &self.papers.as_ref().map_or(String::new(), |all| all.describe(language));
        text + &self.witness_line(language)
    }

    /// The same for machines, with the same caveats: whoever reads only this must not know less.
    pub(crate) fn to_json(&self, language: Language) -> Value {
        let mut object = serde_json::to_value(self).expect("its fields are numbers and strings");
        let not_read = self.reports.iter().filter_map(|report| {
            let text = report.not_read(language)?;
            Some(json!({ "code": "not-read", "record": report.record, "text": text }))
        });
        let mut caveats: Vec<Value> = not_read.collect();
        if self.witnessed.is_none() {
            caveats.push(json!({ "code": "no-witness", "text": no_witness(language) }));
        }
        object["caveats"] = caveats.into();
        object
    }

    fn witness_line(&self, language: Language) -> String {
        match (language, &self.witnessed) {
            (_, None) => format!("  {}\n", no_witness(language)),
            (Language::En, Some(time)) => format!("  witnessed, at the latest at {time}\n"),
            (Language::Zh, Some(time)) => format!("  已见证，最晚时间 {time}\n"),
        }
    }
}

impl Report {
    /// That only the bytes are anchored, and why the report was not read.
    fn not_read(&self, language: Language) -> Option<String> {
        let reason = self.interpreted.strip_prefix("no: ")?;
        Some(match language {
            Language::En => format!("its bytes are anchored, not read: {reason}"),
            Language::Zh => format!("仅锚定字节，未解读：{reason}"),
        })
    }
}

const fn no_witness(language: Language) -> &'static str {
    match language {
        Language::En => {
            "no witness has confirmed it: the policy asks for none, so only the log itself vouches \
             for order and time"
        }
        Language::Zh => "尚无见证者确认：策略未要求见证，次序与时间仅由日志自身担保",
    }
}

impl Papers {
    fn describe(&self, language: Language) -> String {
        let (receipt, opening) = match language {
            Language::En => ("receipt", "opening"),
            Language::Zh => ("回执", "披露文件"),
        };
        let (proof, disclosure) = (self.receipt.display(), self.disclosure.display());
        format!("    {receipt}  {proof}\n    {opening}  {disclosure}\n")
    }
}

/// Writes a path as people see it. A file name may hold bytes that are no text, and JSON has no
/// place for them; by then the evidence is anchored, so this must not fail.
fn as_shown<S: serde::Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_no_text_still_has_an_answer_in_json() {
        let path = PathBuf::from(os::name_of(b"re\xffport.tlog-proof").into_owned());
        let papers = Papers { receipt: path.clone(), disclosure: path };
        let value = serde_json::to_value(&papers).expect("any path can be shown");
        assert!(value["receipt"].as_str().is_some_and(|shown| shown.starts_with("re")));
    }

    #[test]
    fn a_stem_leaves_room_for_its_papers_and_differs_where_the_name_differs() {
        assert_eq!(stem(OsStr::new("report"), ".0-1"), "report.0-1");
        let longest = "x".repeat(MAX_NAME_SIZE - DISCLOSURE.len());
        assert_eq!(stem(OsStr::new(&longest), ""), OsStr::new(&longest));
        for end in ["", ".18446744073709551615-4095"] {
            for shift in 0..4 {
                let name = |last: &str| "x".repeat(shift) + &"检".repeat(83) + last;
                let [one, two] = ["1", "2"].map(|last| stem(OsStr::new(&name(last)), end));
                assert_ne!(one, two);
                let text = one.to_str().expect("no character is cut in two");
                assert!(text.len() + DISCLOSURE.len() <= MAX_NAME_SIZE);
                assert!(text.ends_with(end) && text.len() > 200, "{text}");
            }
        }
    }
}
