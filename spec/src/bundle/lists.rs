//! What follows from a bundle's parts: `bundle.json` and `SHA256SUMS`.
//!
//! Rule: `spec/text/bundle.md`. Both are written and compared, never parsed: one value, one spelling.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Contents;
use super::path::{Claim, PartPath, Place};
use crate::hash::Hash;

/// What `bundle.json` calls itself.
const FORMAT: &str = "fiducial/bundle/v1";

/// A part in a list: its path, size and SHA-256.
pub(super) struct Listed {
    path: String,
    size: usize,
    sha256: Hash,
}

/// Hashes every part, in ascending order of the paths.
pub(super) fn hash(contents: &Contents<'_>) -> Vec<Listed> {
    let listed = |(path, bytes): (&PartPath, &[u8])| {
        // Evidence was hashed when it was taken in.
        let sha256 = match path {
            PartPath::Evidence(hash) => *hash,
            _ => Hash::of(bytes),
        };
        Listed { path: path.to_string(), size: bytes.len(), sha256 }
    };
    contents.parts().map(listed).collect()
}

/// The text for `sha256sum -c`.
pub(super) fn sums(listed: &[Listed]) -> String {
    let line = |part: &Listed| format!("{}  {}\n", part.sha256.to_hex(), part.path);
    listed.iter().map(line).collect()
}

/// `bundle.json` over the parts and the sums.
pub(super) fn manifest(contents: &Contents<'_>, mut listed: Vec<Listed>, sums: &str) -> String {
    let own = Listed {
        path: PartPath::Sums.to_string(),
        size: sums.len(),
        sha256: Hash::of(sums.as_bytes()),
    };
    let at = listed.partition_point(|part| part.path < own.path);
    listed.insert(at, own);

    let sources: Vec<String> =
        contents.sources().iter().map(|name| quoted(name.as_str())).collect();
    let parts: Vec<String> = listed
        .iter()
        .map(|Listed { path, size, sha256 }| {
            let (path, sha256) = (quoted(path), sha256.to_hex());
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
