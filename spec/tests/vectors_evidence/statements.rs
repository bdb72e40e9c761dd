//! Statements. All are signed over what they say, so that only the rule a file is named for can
//! refuse it.

use spec::Hash;
use spec::evidence::batch::Place;
use spec::evidence::statement::{After, Draft, VerifiedStatement};
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::Note;
use spec::tree::Tree;

use super::{File, place};
use crate::literal::{base64, sha256};

/// Name, outcome, comment and the entry.
type Case = (&'static str, &'static str, &'static str, Vec<u8>);

pub(super) fn files() -> Vec<File> {
    let forge = Forge::new();
    let cases = [forge.whole(), forge.signatures(), forge.lines(), forge.values()].concat();
    let file = |(name, expect, comment, entry): Case| {
        let head = format!("expect: {expect}\ncomment: {comment}\nkey: {}\n", forge.key.verifier());
        let leaf = format!("leaf: {}\n\n", base64(&sha256(&[&[0], &entry])));
        (name.to_string(), [head.as_bytes(), leaf.as_bytes(), &entry].concat())
    };
    cases.into_iter().map(file).collect()
}

fn key(name: &str, seed: u8) -> SigningKey {
    let name = KeyName::parse(name).unwrap();
    SigningKey::from_seed(name, Algorithm::NoteEd25519, &[seed; 32]).unwrap()
}

fn statement(key: &SigningKey, sequence: u64) -> VerifiedStatement {
    let Place { origin, source, .. } = place(sequence);
    let (previous, after) = match sequence {
        0 => (Hash::ZERO, After::NOTHING),
        _ => {
            let tree = Tree::new(20_852_163, Hash::of(b"a root")).unwrap();
            (Hash::of(b"previous"), After::checkpoint(tree, Hash::of(b"a note")).unwrap())
        }
    };
    let draft = Draft::new(origin, source, sequence, previous, after, Hash::of(b"a batch"));
    draft.unwrap().sign(key).unwrap()
}

/// A true statement, and ways to say something else over a true signature.
struct Forge {
    key: SigningKey,
    /// The whole statement with sequence 7.
    entry: String,
    /// Its text without the signature.
    text: String,
}

impl Forge {
    fn new() -> Self {
        let key = key("line-4.example/aoi-7", 1);
        let entry = String::from_utf8(statement(&key, 7).to_bytes()).unwrap();
        let text = Note::parse(entry.as_bytes()).unwrap().text().to_string();
        Self { key, entry, text }
    }

    fn resign(&self, text: &str) -> Vec<u8> {
        Note::new(text.to_string(), vec![self.key.sign_note(text)]).to_bytes()
    }

    fn change(&self, from: &str, to: &str) -> Vec<u8> {
        assert!(self.text.contains(from), "{from}");
        self.resign(&self.text.replacen(from, to, 1))
    }

    fn line(&self, start: &str) -> &str {
        self.text.lines().find(|line| line.starts_with(start)).unwrap()
    }

    fn signed_by(&self, keys: &[&SigningKey]) -> Vec<u8> {
        let lines = keys.iter().map(|key| key.sign_note(&self.text)).collect();
        Note::new(self.text.clone(), lines).to_bytes()
    }

    fn whole(&self) -> Vec<Case> {
        let first = statement(&self.key, 0).to_bytes();
        let entry = &self.entry;
        vec![
            ("first", "ok", "no statement before, no tree verified yet", first),
            ("later", "ok", "in the middle of a chain", entry.clone().into()),
            ("carriage-returns", "Note", "line ends of two bytes", {
                entry.replace('\n', "\r\n").into()
            }),
            ("no-final-line-feed", "Note", "cut by one byte", entry.trim_end().into()),
            ("no-signature", "Note", "the body alone", self.text.clone().into()),
            ("too-large", "TooLarge", "more than a statement can have", vec![b'a'; 1500]),
        ]
    }

    fn signatures(&self) -> Vec<Case> {
        let mut long = self.key.sign_note(&self.text);
        long.bytes.push(0);
        let long = Note::new(self.text.clone(), vec![long]).to_bytes();
        let same_name = key("line-4.example/aoi-7", 2);
        let same_seed = key("line-5.example/aoi-7", 1);
        let other_text = self.entry.replacen("sequence 7", "sequence 8", 1).into();
        vec![
            ("signature-of-other-text", "Invalid", "7 was signed, 8 is said", other_text),
            ("key-of-same-name", "Missing", "another key", self.signed_by(&[&same_name])),
            ("two-signatures", "Signature", "the same line twice", {
                self.signed_by(&[&self.key, &self.key])
            }),
            ("signature-by-other-name", "Signature", "not the source's name", {
                self.signed_by(&[&same_seed])
            }),
            ("signature-too-long", "Signature", "65 bytes", long),
        ]
    }

    fn lines(&self) -> Vec<Case> {
        let previous = self.line("previous");
        let (in_order, swapped) =
            (format!("sequence 7\n{previous}"), format!("{previous}\nsequence 7"));
        let text = &self.text;
        vec![
            ("version-unknown", "Header", "a later version", self.change("/v1", "/v2")),
            ("log-missing", "Line", "no `log` line", {
                self.change("log log.example/evidence\n", "")
            }),
            ("line-repeated", "Line", "`sequence` twice", {
                self.change("previous", "sequence 7\nprevious")
            }),
            ("lines-swapped", "Line", "`previous` first", self.change(&in_order, &swapped)),
            ("line-behind-batch", "TrailingLines", "an unknown last line", {
                self.resign(&format!("{text}note hello\n"))
            }),
            ("empty-line-behind-batch", "TrailingLines", "an empty last line", {
                self.resign(&format!("{text}\n"))
            }),
        ]
    }

    fn values(&self) -> Vec<Case> {
        let (zero, root, note) = (Hash::ZERO, Hash::of(b"a root"), Hash::of(b"a note"));
        let sequence = |to: &str| self.change("sequence 7", to);
        let previous = |to: String| self.change(self.line("previous"), &to);
        let after = |to: String| self.change(self.line("after"), &to);
        let batch = self.line("batch");
        let stray = format!("{}B=", &batch[..batch.len() - 2]);
        vec![
            ("log-empty", "Line", "no origin", self.change("log.example/evidence", "")),
            ("source-with-space", "Line", "no key name", {
                self.change("line-4.example", "line 4.example")
            }),
            ("sequence-leading-zero", "Line", "07 for 7", sequence("sequence 07")),
            ("sequence-negative", "Line", "a sign", sequence("sequence -7")),
            ("sequence-overflow", "Line", "2^64", sequence("sequence 18446744073709551616")),
            ("sequence-two-spaces", "Line", "two spaces", sequence("sequence  7")),
            ("first-with-previous", "Previous", "at sequence 0", sequence("sequence 0")),
            ("later-without-previous", "Previous", "zeros at sequence 7", {
                previous(format!("previous {zero}"))
            }),
            ("previous-short", "Line", "31 bytes", {
                previous(format!("previous {}", base64(&[1; 31])))
            }),
            ("after-nothing-with-root", "After", "size 0, a root of entries", {
                after(format!("after 0 {root} {zero}"))
            }),
            ("after-nothing-with-note", "After", "size 0, a note hash", {
                after(format!("after 0 {} {note}", Hash::EMPTY_ROOT))
            }),
            ("after-without-note", "After", "a tree whose note is not named", {
                after(format!("after 5 {root} {zero}"))
            }),
            ("after-leading-zero", "Line", "05 for 5", after(format!("after 05 {root} {note}"))),
            ("after-fourth-value", "Line", "one too many", {
                after(format!("after 5 {root} {note} 0"))
            }),
            ("batch-not-canonical", "Line", "stray bits in base64", self.change(batch, &stray)),
        ]
    }
}
