//! What follows from a bundle's parts: `bundle.json` and `SHA256SUMS`.
//!
//! Rule: `spec/text/bundle.md`. Both are written and compared, never parsed: one value, one spelling.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::path::{Claim, PartPath, Place};
use super::{BundleError, Contents, MAX_BUNDLE_SIZE, Part, zip};
use crate::hash::Hash;

/// What `bundle.json` calls itself.
const FORMAT: &str = "fiducial/bundle/v1";

/// What [`super::PartPath::Sums`] is called.
const SUMS: &str = "SHA256SUMS";

/// A part in a list: its path, size and SHA-256.
struct Listed<'a> {
    path: &'a str,
    size: usize,
    /// In hexadecimal digits.
    sha256: String,
}

impl Listed<'_> {
    /// About how many bytes its line has in `bundle.json`.
    const fn room(&self) -> usize {
        self.path.len() + self.sha256.len() + 64
    }
}

/// `bundle.json` and `SHA256SUMS` of these parts, if with them they are a bundle.
pub(super) fn of(contents: &Contents<'_>) -> Result<(String, String), BundleError> {
    if contents.part(&PartPath::HowTo).is_none() {
        return Err(BundleError::Missing { path: PartPath::HowTo.to_string() });
    }
    let hashed = listed(contents);
    let sums = sums(&hashed);
    let manifest = manifest(contents, hashed, &sums);
    let size = size(contents, [("bundle.json", &manifest), (SUMS, &sums)]);
    if size > MAX_BUNDLE_SIZE {
        let path = "bundle".to_string();
        return Err(BundleError::TooLarge { path, size, limit: MAX_BUNDLE_SIZE });
    }
    Ok((manifest, sums))
}

/// How long the file is, before it is written.
pub(super) fn size(contents: &Contents<'_>, lists: [(&str, &String); 2]) -> usize {
    let lists = lists.map(|(path, text)| zip::size_of(path.len(), text.len()));
    let parts = contents.parts.iter();
    let parts = parts.map(|(path, part)| zip::size_of(path.len(), part.bytes.len()));
    parts.chain(lists).sum::<usize>() + zip::END_SIZE
}

/// Every part, in ascending order of the paths.
fn listed<'a>(contents: &'a Contents<'_>) -> Vec<Listed<'a>> {
    let listed = |(path, part): (&'a String, &Part<'_>)| Listed {
        path,
        size: part.bytes.len(),
        sha256: part.sha256.to_hex(),
    };
    contents.parts.iter().map(listed).collect()
}

/// The text for `sha256sum -c`.
fn sums(listed: &[Listed<'_>]) -> String {
    let mut text = String::with_capacity(listed.iter().map(Listed::room).sum());
    for Listed { path, sha256, .. } in listed {
        text.extend([sha256, "  ", path, "\n"]);
    }
    text
}

/// `bundle.json` over the parts and the sums.
///
/// Written into one text: a text for each part, and those of them joined, were most of what a bundle of
/// a thousand parts took here.
fn manifest(contents: &Contents<'_>, mut listed: Vec<Listed<'_>>, sums: &str) -> String {
    let sha256 = Hash::of(sums.as_bytes()).to_hex();
    let at = listed.partition_point(|part| part.path < SUMS);
    listed.insert(at, Listed { path: SUMS, size: sums.len(), sha256 });

    let mut text = String::with_capacity(listed.iter().map(Listed::room).sum());
    text.extend(["{\n  \"format\": \"", FORMAT, "\",\n  \"log\": "]);
    push_quoted(&mut text, contents.origin().as_str());
    text.push_str(",\n  \"sources\": ");
    push_list(&mut text, contents.sources(), |text, name| push_quoted(text, name.as_str()));
    text.push_str(",\n  \"claims\": ");
    push_list(&mut text, &claims(contents), |text, claim| text.push_str(claim));
    text.push_str(",\n  \"parts\": ");
    push_list(&mut text, &listed, |text, Listed { path, size, sha256 }| {
        text.push_str("{\"path\": ");
        push_quoted(text, path);
        write!(text, ", \"size\": {size}, \"sha256\": \"{sha256}\"}}").expect("a string takes it");
    });
    text.push_str("\n}\n");
    text
}

fn claims(contents: &Contents<'_>) -> Vec<String> {
    let mut claims = Vec::new();
    for (source, name) in contents.sources().iter().enumerate() {
        let mut quoted = String::new();
        push_quoted(&mut quoted, name.as_str());
        let of = |claim| {
            let least = Place { claim, source, sequence: 0 };
            let most = Place { sequence: u64::MAX, ..least };
            contents.statements().range(least..=most).map(|(place, _)| place.sequence)
        };
        let count = of(Claim::Records).count();
        if count > 0 {
            claims.push(format!(
                "{{\"claim\": \"records\", \"source\": {quoted}, \"statements\": {count}}}"
            ));
        }
        let mut range = of(Claim::Range);
        if let Some(first) = range.next() {
            let last = range.next_back().unwrap_or(first);
            claims.push(format!(
                "{{\"claim\": \"range\", \"source\": {quoted}, \"first\": \"{first}\", \
                 \"last\": \"{last}\"}}"
            ));
        }
    }
    claims
}

/// A JSON list of `items`, of which there is at least one, each on a line of its own.
fn push_list<T>(text: &mut String, items: &[T], push: impl Fn(&mut String, &T)) {
    text.push('[');
    for (at, item) in items.iter().enumerate() {
        text.push_str(if at == 0 { "\n    " } else { ",\n    " });
        push(text, item);
    }
    text.push_str("\n  ]");
}

/// A JSON string. Names hold no control characters, so two letters need a mark; paths have neither.
fn push_quoted(text: &mut String, name: &str) {
    let is_marked = |letter: char| matches!(letter, '"' | '\\');
    text.push('"');
    if name.contains(is_marked) {
        for letter in name.chars() {
            text.extend(is_marked(letter).then_some('\\'));
            text.push(letter);
        }
    } else {
        text.push_str(name);
    }
    text.push('"');
}

/// The first line, from 1, in which a list is another than it must be.
pub(super) fn first_difference(have: &[u8], want: &str) -> usize {
    let both = have.split(|byte| *byte == b'\n').zip(want.as_bytes().split(|byte| *byte == b'\n'));
    both.take_while(|(have, want)| have == want).count() + 1
}
