//! What follows from a bundle's parts: `bundle.json` and `SHA256SUMS`.
//!
//! Rule: `spec/text/bundle.md`. Both are written and compared, never parsed: one value, one spelling.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::path::{Claim, Place};
use super::{Contents, Part};
use crate::hash::Hash;

/// What `bundle.json` calls itself.
const FORMAT: &str = "fiducial/bundle/v1";

/// What [`super::PartPath::Sums`] is called.
const SUMS: &str = "SHA256SUMS";

/// A part in a list: its path, size and SHA-256.
pub(super) struct Listed<'a> {
    path: &'a str,
    size: usize,
    /// In hexadecimal digits.
    sha256: String,
}

/// Every part, in ascending order of the paths.
pub(super) fn listed<'a>(contents: &'a Contents<'_>) -> Vec<Listed<'a>> {
    let listed = |(path, part): (&'a String, &Part<'_>)| Listed {
        path,
        size: part.bytes.len(),
        sha256: part.sha256.to_hex(),
    };
    contents.parts.iter().map(listed).collect()
}

/// The text for `sha256sum -c`.
pub(super) fn sums(listed: &[Listed<'_>]) -> String {
    let mut text = String::new();
    for Listed { path, sha256, .. } in listed {
        text.extend([sha256, "  ", path, "\n"]);
    }
    text
}

/// `bundle.json` over the parts and the sums.
pub(super) fn manifest(contents: &Contents<'_>, mut listed: Vec<Listed<'_>>, sums: &str) -> String {
    let sha256 = Hash::of(sums.as_bytes()).to_hex();
    let at = listed.partition_point(|part| part.path < SUMS);
    listed.insert(at, Listed { path: SUMS, size: sums.len(), sha256 });

    let sources: Vec<String> =
        contents.sources().iter().map(|name| quoted(name.as_str())).collect();
    let parts: Vec<String> = listed
        .iter()
        .map(|Listed { path, size, sha256 }| {
            let path = quoted(path);
            format!("{{\"path\": {path}, \"size\": {size}, \"sha256\": \"{sha256}\"}}")
        })
        .collect();
    format!(
        "{{\n  \"format\": \"{FORMAT}\",\n  \"log\": {},\n  \"sources\": {},\n  \"claims\": {},\n  \
         \"parts\": {}\n}}\n",
        quoted(contents.origin().as_str()),
        list(&sources),
        list(&claims(contents)),
        list(&parts),
    )
}

fn claims(contents: &Contents<'_>) -> Vec<String> {
    let mut claims = Vec::new();
    for (source, name) in contents.sources().iter().enumerate() {
        let name = quoted(name.as_str());
        let of = |claim| {
            let least = Place { claim, source, sequence: 0 };
            let most = Place { sequence: u64::MAX, ..least };
            contents.statements().range(least..=most).map(|(place, _)| place.sequence)
        };
        let count = of(Claim::Records).count();
        if count > 0 {
            claims.push(format!(
                "{{\"claim\": \"records\", \"source\": {name}, \"statements\": {count}}}"
            ));
        }
        let mut range = of(Claim::Range);
        if let Some(first) = range.next() {
            let last = range.next_back().unwrap_or(first);
            claims.push(format!(
                "{{\"claim\": \"range\", \"source\": {name}, \"first\": \"{first}\", \
                 \"last\": \"{last}\"}}"
            ));
        }
    }
    claims
}

fn list(items: &[String]) -> String {
    format!("[\n    {}\n  ]", items.join(",\n    "))
}

/// A JSON string. Names hold no control characters, so two letters need a mark.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out.push('"');
    out
}

/// The first line, from 1, in which a list is another than it must be.
pub(super) fn first_difference(have: &[u8], want: &str) -> usize {
    let both = have.split(|byte| *byte == b'\n').zip(want.as_bytes().split(|byte| *byte == b'\n'));
    both.take_while(|(have, want)| have == want).count() + 1
}
