//! Evidence: each piece is named by an opened record, and what is named and not there is told.

use foldhash::{HashSet, HashSetExt};
use spec::Hash;
use spec::bundle::{Contents, PartPath};
use spec::encoding::decode_hex;

use super::statements::Checked;
use crate::command::Stop;
use crate::messages::{Message, Said};

/// The fields by which a record commits to bytes.
const HASHES: [&str; 5] =
    ["file/sha256", "part/of-sha256", "program/sha256", "received/sha256", "trace/sha256"];

/// How much evidence there is.
pub(super) struct Found {
    /// Pieces that an opened record commits to.
    pub(super) vouched: usize,
    /// Files of opened records that are not there.
    pub(super) missing: usize,
}

/// Compares the evidence with what is opened. Its own hash, the contents have checked.
pub(super) fn check(contents: &Contents<'_>, checked: &[Checked]) -> Result<Found, Stop> {
    let (mut named, mut files) = (HashSet::new(), HashSet::new());
    let records = checked.iter().flat_map(|one| one.opened.records());
    for field in records.flat_map(|record| record.fields()) {
        let name = field.name().as_str();
        if !HASHES.contains(&name) {
            continue;
        }
        let text = field.value().and_then(|value| std::str::from_utf8(value).ok());
        if let Some(hash) = text.and_then(parse) {
            named.insert(hash);
            // Elsewhere than in a table the name is the source's own and may mean anything.
            if name == HASHES[0] && field.is_known() {
                files.insert(hash);
            }
        }
    }
    let mut vouched = 0;
    for (path, _) in contents.parts() {
        let PartPath::Evidence(hash) = path else { continue };
        if !named.contains(hash.as_bytes()) {
            let path = path.to_string();
            return Err(Stop::rejected(Said::new(Message::EvidenceUnnamed, &[&path])));
        }
        files.remove(hash.as_bytes());
        vouched += 1;
    }
    Ok(Found { vouched, missing: files.len() })
}

fn parse(text: &str) -> Option<[u8; 32]> {
    decode_hex(text).ok()
}

/// Whether the evidence behind a hash is there.
pub(super) fn is_there(contents: &Contents<'_>, text: &str) -> bool {
    parse(text)
        .is_some_and(|hash| contents.part(&PartPath::Evidence(Hash::from_bytes(hash))).is_some())
}
