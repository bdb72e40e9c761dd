//! `HOW-TO-VERIFY.txt`: how one piece of evidence is followed to the witnesses by hand.
//!
//! Rule: `spec/text/bundle.md`, "By hand". Chinese and English in turn; commands stand once, indented by
//! four blanks, so that they can be copied, and so that a test runs exactly these. They need a POSIX
//! shell with its own tools, `openssl` from 3.0 on, and `sha256sum`.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write as _;

use serde_json::Value;

use super::steps::{Step, path_in_log, path_of};
use crate::Hash;
use crate::bundle::{Contents, PartPath, Place, Role};
use crate::checkpoint::Checkpoint;
use crate::encoding::{decode_base64, decode_hash, encode_base64};
use crate::evidence::disclosure::Disclosure;
use crate::evidence::field::{Content, Field};
use crate::evidence::kind::FieldName;
use crate::key::{Algorithm, VerifierKey};
use crate::note::{Note, Signature};
use crate::policy::Policy;
use crate::proof::Proof;

const HEAD: &str = include_str!("how_to/head.txt");
const EVIDENCE: &str = include_str!("how_to/evidence.txt");
const STATEMENT: &str = include_str!("how_to/statement.txt");
const LOG: &str = include_str!("how_to/log.txt");
const STAMP: &str = include_str!("how_to/stamp.txt");
const WITNESS: &str = include_str!("how_to/witness.txt");
const END: &str = include_str!("how_to/end.txt");

/// One opened field of one statement that has a receipt, with what leads up from it.
struct Example<'a> {
    place: Place,
    field: Shown,
    in_record: Vec<Step>,
    field_count: u64,
    in_batch: Vec<Step>,
    record_count: u64,
    disclosure: Disclosure,
    proof: Proof,
    contents: &'a Contents<'a>,
}

/// A field as the disclosure has it.
struct Shown {
    salt: String,
    name: String,
    value: Vec<u8>,
    /// Where the evidence lies whose hash is the value.
    evidence: Option<PartPath>,
}

/// What a timestamp claims: the digest of its imprint, as `openssl` names it, and its time in seconds
/// since 1970.
pub type Stamped = (&'static str, u64);

/// Writes the text for these parts; without an example where nothing can be followed.
///
/// `stamped` reads what a timestamp claims; RFC 3161 is for those who have it.
#[must_use]
pub fn text(contents: &Contents<'_>, stamped: &dyn Fn(&[u8]) -> Option<Stamped>) -> String {
    let mut text = HEAD.to_string();
    if let Some(example) = find(contents) {
        example.write(&mut text);
    }
    write_stamp(&mut text, contents, stamped);
    text + END
}

/// The first timestamp of all, by `openssl`'s own check as well.
fn write_stamp(
    text: &mut String,
    contents: &Contents<'_>,
    stamped: &dyn Fn(&[u8]) -> Option<Stamped>,
) {
    let mut stamps = contents.statements().keys().filter_map(|place| {
        let (digest, seconds) = stamped(contents.of(*place, Role::Timestamp)?)?;
        Some((*place, digest, seconds))
    });
    let Some((place, digest, seconds)) = stamps.next() else { return };
    let [receipt, stamp] = [Role::Receipt, Role::Timestamp].map(|role| PartPath::Of(place, role));
    section(text, STAMP);
    line(text, &format!("sed '1,/^$/d' {receipt} > hand/note"));
    line(text, &format!("openssl ts -reply -in {stamp} -token_out -out hand/token"));
    line(text, "openssl cms -verify -noverify -inform DER -in hand/token -out hand/stated");
    line(
        text,
        &format!(
            "same \"$(openssl asn1parse -inform DER -in hand/stated | sed -n 's/.*HEX DUMP\\]://p' | \
             head -n 1)\" \"$(openssl dgst -{digest} hand/note | sed 's/.*= *//' | tr a-f A-F)\"",
        ),
    );
    line(text, "openssl asn1parse -inform DER -in hand/stated | grep GENERALIZEDTIME");
    let own = format!("openssl ts -verify -data hand/note -in {stamp} -CAfile tsa.pem");
    line(
        text,
        &format!(
            "if test -f tsa.pem; then {own} -attime {seconds}; else echo 'NOT CHECKED: no tsa.pem'; fi"
        ),
    );
}

/// The first field whose evidence is there; else the first field of all.
fn find<'a>(contents: &'a Contents<'a>) -> Option<Example<'a>> {
    let places = || contents.statements().keys();
    let mut first = places().filter_map(|place| example(contents, *place, true));
    first.next().or_else(|| places().find_map(|place| example(contents, *place, false)))
}

fn example<'a>(
    contents: &'a Contents<'a>,
    place: Place,
    with_evidence: bool,
) -> Option<Example<'a>> {
    let proof = Proof::parse(contents.of(place, Role::Receipt)?).ok()?;
    let bytes = contents.of(place, Role::Disclosure)?;
    // Read as strictly as the format asks; the loose reading below then finds only what is there.
    let disclosure = Disclosure::parse(bytes).ok()?;
    let file: Value = serde_json::from_slice(bytes).ok()?;
    let records = file["records"].as_array()?;
    let (record, index, field) = records.iter().find_map(|record| {
        let fields = record["fields"].as_array()?;
        let mut shown = fields.iter().filter_map(|field| {
            let shown = shown_field(contents, field)?;
            let fits = !with_evidence || shown.evidence.is_some();
            fits.then_some((record, field["index"].as_u64()?, shown))
        });
        shown.next()
    })?;

    let mut leaves = BTreeMap::new();
    for record in records {
        leaves.insert(record["index"].as_u64()?, record_leaf(record)?);
    }
    let record_count = file["record_count"].as_u64()?;
    let in_batch =
        path_of(record["index"].as_u64()?, leaves, record_count, &hashes(&file["proof"])?)?;
    let field_count = record["field_count"].as_u64()?;
    let in_record = path_of(index, field_leaves(record)?, field_count, &hashes(&record["proof"])?)?;
    Some(Example {
        place,
        field,
        in_record,
        field_count,
        in_batch,
        record_count,
        disclosure,
        proof,
        contents,
    })
}

fn shown_field(contents: &Contents<'_>, field: &Value) -> Option<Shown> {
    let name = field["name"].as_str()?.to_string();
    let value = match field["text"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => decode_base64(field["base64"].as_str()?).ok()?,
    };
    let text = core::str::from_utf8(&value).unwrap_or_default();
    let path = PartPath::parse(&format!("evidence/{text}"));
    let evidence = path.filter(|path| name == "file/sha256" && contents.part(path).is_some());
    Some(Shown { salt: field["salt"].as_str()?.to_string(), name, value, evidence })
}

fn field_leaves(record: &Value) -> Option<BTreeMap<u64, Hash>> {
    let fields = record["fields"].as_array()?.iter();
    fields.map(|field| Some((field["index"].as_u64()?, field_leaf(field)?))).collect()
}

fn field_leaf(field: &Value) -> Option<Hash> {
    let salt: [u8; 32] = decode_base64(field["salt"].as_str()?).ok()?.try_into().ok()?;
    let content = match (field["name"].as_str(), field["text"].as_str(), field["base64"].as_str()) {
        (None, ..) => Content::Absent,
        (Some(name), text, base64) => {
            let value = match text {
                Some(text) => text.as_bytes().to_vec(),
                None => decode_base64(base64?).ok()?,
            };
            Content::Present { name: FieldName::parse(name).ok()?, value }
        }
    };
    Some(Field::new(salt, content).ok()?.leaf_hash())
}

fn record_leaf(record: &Value) -> Option<Hash> {
    let count = record["field_count"].as_u64()?;
    let leaves: Vec<(u64, Hash)> = field_leaves(record)?.into_iter().collect();
    let proof = hashes(&record["proof"])?;
    let root = crate::evidence::multiproof::root(&leaves, count, &proof).ok()?;
    Some(crate::evidence::record::record_hash(usize::try_from(count).ok()?, root))
}

fn hashes(list: &Value) -> Option<Vec<Hash>> {
    list.as_array()?.iter().map(|line| decode_hash(line.as_str()?).ok()).collect()
}

impl Example<'_> {
    fn write(&self, text: &mut String) {
        section(text, EVIDENCE);
        self.write_field(text);
        climb(text, &self.in_record);
        let count = u32::try_from(self.field_count).unwrap_or_default().to_be_bytes();
        let prefix = [&b"\0fiducial/record/v1\n"[..], &count].concat();
        line(text, &format!("node '{}'", octal(&prefix)));
        climb(text, &self.in_batch);
        line(text, &format!("node '{}'", octal(&self.batch_prefix())));
        let statement = PartPath::Of(self.place, Role::Statement);
        line(text, &format!("same \"batch $(shown)\" \"$(grep '^batch ' {statement})\""));
        self.write_statement(text, &statement);
        self.write_log(text, &statement);
    }

    /// The leaf of the field, from the evidence itself where it is there.
    fn write_field(&self, text: &mut String) {
        let Shown { salt, name, value, evidence } = &self.field;
        match evidence {
            Some(path) => {
                line(
                    text,
                    &format!("printf '%s' \"$(sha256sum {path} | cut -c1-64)\" > hand/value"),
                );
            }
            None => line(text, &format!("printf '{}' > hand/value", octal(value))),
        }
        let size = u16::try_from(name.len()).unwrap_or_default().to_be_bytes();
        let length = u32::try_from(value.len()).unwrap_or_default().to_be_bytes();
        let between = [&size[..], name.as_bytes(), &length].concat();
        line(
            text,
            &format!(
                "( printf '{}'; printf '%s' '{salt}' | openssl base64 -d -A; printf '{}'; cat \
                 hand/value ) | openssl dgst -sha256 -binary > hand/node",
                octal(b"\0fiducial/field/v1\n"),
                octal(&between),
            ),
        );
    }

    fn batch_prefix(&self) -> Vec<u8> {
        let place = self.disclosure.place();
        let mut bytes = b"fiducial/batch/v1\n".to_vec();
        for name in [place.origin.as_str(), place.source.as_str()] {
            bytes.extend(u16::try_from(name.len()).unwrap_or_default().to_be_bytes());
            bytes.extend(name.as_bytes());
        }
        bytes.extend(place.sequence.to_be_bytes());
        bytes.extend(self.record_count.to_be_bytes());
        bytes
    }

    /// The source's signature over the statement's seven lines.
    fn write_statement(&self, text: &mut String, statement: &PartPath) {
        section(text, STATEMENT);
        let signature = self.contents.statements()[&self.place].signature();
        let keys = self.contents.part(&PartPath::SourceKeys).unwrap_or_default();
        let keys = String::from_utf8_lossy(keys);
        let mut keys = keys.lines().filter_map(|line| VerifierKey::parse(line).ok());
        key(text, keys.find(|key| key.claims(signature)).as_ref());
        line(text, &format!("head -n 7 {statement} > hand/text"));
        line(text, &format!("tail -n 1 {statement} | {SIGNATURE}"));
        line(text, "signed");
    }

    /// The leaf in the log's tree, the log's signature, and every witness that can be checked.
    fn write_log(&self, text: &mut String, statement: &PartPath) {
        section(text, LOG);
        let note = self.proof.checkpoint();
        let size = Checkpoint::parse(note.text()).map_or(0, |checkpoint| checkpoint.tree().size());
        let steps = path_in_log(self.proof.index(), size, self.proof.hashes()).unwrap_or_default();
        line(text, &format!("( printf '\\000'; cat {statement} ) | {DIGEST}"));
        climb(text, &steps);
        let receipt = PartPath::Of(self.place, Role::Receipt);
        line(text, &format!("sed '1,/^$/d' {receipt} > hand/note"));
        line(text, "sed '/^$/,$d' hand/note > hand/text");
        line(text, "same \"$(shown)\" \"$(sed -n 3p hand/text)\"");
        let policy = self.contents.part(&PartPath::Policy).map(Policy::parse);
        let Some(Ok(policy)) = policy else { return };
        let logs = policy.logs().iter().map(crate::policy::PolicyLog::key);
        for (at, found) in signed_by(note, logs, Algorithm::NoteEd25519) {
            key(text, Some(found));
            line(text, &format!("sed -n {at}p hand/note | {SIGNATURE}"));
            line(text, "signed");
        }
        let witnesses = policy.witnesses().iter().map(crate::policy::PolicyWitness::key);
        let witnesses = signed_by(note, witnesses, Algorithm::CosignatureEd25519);
        if !witnesses.is_empty() {
            section(text, WITNESS);
        }
        for (at, found) in witnesses {
            let signature = note.signatures().iter().find(|line| found.claims(line));
            let time = signature.map_or(0, time_of);
            key(text, Some(found));
            let words = format!("cosignature/v1\ntime {time}\n");
            line(
                text,
                &format!(
                    "( printf '{}'; sed '/^$/,$d' hand/note ) > hand/text",
                    octal(words.as_bytes())
                ),
            );
            line(text, &format!("sed -n {at}p hand/note | {SIGNATURE}"));
            line(text, "signed");
        }
    }
}

/// Takes the last 64 bytes of a signature line: what stands before is the key's ID, and a time.
const SIGNATURE: &str = "cut -d ' ' -f 3 | openssl base64 -d -A | tail -c 64 > hand/signature";

const DIGEST: &str = "openssl dgst -sha256 -binary > hand/node";

/// The keys of one type that a note has a line of, each with the number of that line in the note.
fn signed_by<'k>(
    note: &Note,
    keys: impl Iterator<Item = &'k VerifierKey>,
    algorithm: Algorithm,
) -> Vec<(usize, &'k VerifierKey)> {
    let before = note.text().lines().count() + 2;
    let of_type = keys.filter(|key| key.algorithm() == algorithm);
    let found = of_type.filter_map(|key| {
        let at = note.signatures().iter().position(|line| key.claims(line))?;
        Some((before + at, key))
    });
    found.collect()
}

/// The seconds that stand before a cosignature's 64 bytes.
fn time_of(signature: &Signature) -> u64 {
    signature.bytes.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// The key that a signature is checked with, for the reader to compare with his own.
fn key(text: &mut String, key: Option<&VerifierKey>) {
    let shown = key.map_or_else(|| "...".to_string(), ToString::to_string);
    line(text, &format!("key {}", quoted(&shown)));
}

fn climb(text: &mut String, steps: &[Step]) {
    for step in steps {
        let (word, hash) = match step {
            Step::Left(hash) => ("left", hash),
            Step::Right(hash) => ("right", hash),
        };
        line(text, &format!("{word} '{}'", encode_base64(hash.as_bytes())));
    }
}

/// What the commands behind it are for, and an empty line.
fn section(text: &mut String, words: &str) {
    text.push_str(words);
    text.push('\n');
}

/// One command.
fn line(text: &mut String, command: &str) {
    writeln!(text, "    {command}").expect("writing to a string does not fail");
}

/// Bytes as the shell's `printf` has them: whatever is not plain is three octal digits.
fn octal(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
                text.push(char::from(*byte));
            }
            _ => write!(text, "\\{byte:03o}").expect("writing to a string does not fail"),
        }
    }
    text
}

/// Text as one word of the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_so_that_no_shell_reads_them_otherwise() {
        assert_eq!(octal(b"a\0%\\'\n1"), "a\\000\\045\\134\\047\\0121");
        assert_eq!(quoted("a'b"), "'a'\\''b'");
    }

    #[test]
    fn text_that_stands_in_every_bundle_is_in_both_languages_and_says_what_is_not_shown() {
        for part in [HEAD, EVIDENCE, STATEMENT, LOG, WITNESS, STAMP, END] {
            assert!(part.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter)));
            assert!(part.is_ascii() || part.contains("the"), "{part}");
        }
        assert!(END.contains("told the truth") && END.contains("属实"));
        // Whoever opens this first is told at once of what takes no shell, and where not to take it from.
        let (first, _) = HEAD.split_once("BY HAND").unwrap();
        assert_eq!(first.matches("fiducial-verify.html").count(), 2, "{first}");
        assert!(HEAD.lines().take(4).any(|line| line.contains("fiducial-verify.html")));
        for said in ["fiducial bundle verify", "somebody other than", "以外的人", "SHA-256"] {
            assert!(first.contains(said), "{said}");
        }
    }
}
