//! What the tests of all collectors share: a vault that only remembers, and rounds with it.

use std::collections::BTreeMap;

use super::*;
use crate::model::{Content, Hash256};

/// Remembers in memory what a vault would.
#[derive(Default)]
pub(super) struct Memory {
    rows: BTreeMap<ItemKey, Seen>,
}

impl Remembered for Memory {
    fn seen(&self, _watch: &WatchName, key: &ItemKey) -> Result<Option<Seen>, AgentError> {
        Ok(self.rows.get(key).cloned())
    }

    fn seen_below(
        &self,
        _watch: &WatchName,
        visit: &mut dyn FnMut(&ItemKey, &Seen),
    ) -> Result<(), AgentError> {
        self.rows.iter().for_each(|(key, seen)| visit(key, seen));
        Ok(())
    }
}

impl Memory {
    /// Makes sightings durable, as a commit does, after holding them against what they must be.
    pub(super) fn commit(&mut self, collector: &mut dyn Collector, sightings: &[Sighting]) {
        for sighting in sightings {
            let before = self.rows.get(&sighting.key);
            assert_eq!(sighting.before.as_ref(), before, "what was before is what is remembered");
            assert_eq!(sighting.now.version, before.map_or(1, |seen| seen.version + 1));
            self.rows.insert(sighting.key.clone(), sighting.now.clone());
        }
        let tokens: Vec<u64> = sightings.iter().map(|sighting| sighting.token).collect();
        collector.settled(&tokens).unwrap();
    }

    /// One round: look, commit, settle.
    pub(super) fn round(&mut self, collector: &mut dyn Collector, now: u64) -> Looked {
        let looked = collector.look(self, UnixMillis(now), 1000).unwrap();
        self.commit(collector, &looked.sightings);
        looked
    }
}

pub(super) fn watch() -> WatchName {
    WatchName("test".to_string())
}

/// The bytes of a sighting that is small.
pub(super) fn bytes(sighting: &Sighting) -> &[u8] {
    match &sighting.content {
        Content::Bytes(bytes) => bytes,
        Content::File(path) => panic!("{} is large", path.display()),
    }
}

pub(super) fn sha256(bytes: &[u8]) -> Hash256 {
    spec::Hash::of(bytes).into()
}

/// What was found, as name and bytes, in the order of the names.
pub(super) fn found(looked: &Looked) -> Vec<(String, String)> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut found: Vec<_> = looked
        .sightings
        .iter()
        .map(|sighting| (text(&sighting.key.0), text(bytes(sighting))))
        .collect();
    found.sort();
    found
}

#[test]
fn complaints_of_one_look_are_bounded() {
    let mut looked = Looked::default();
    for at in 0..1000 {
        looked.complain(at.to_string(), Trouble::Missing);
    }
    assert_eq!(looked.complaints.len(), MAX_COMPLAINTS + 1);
    assert_eq!(looked.complaints.last().unwrap().1, Trouble::More);
}

#[test]
fn every_trouble_is_told_in_both_languages() {
    use crate::cli::Language;
    let why = || "why".to_string();
    for trouble in [
        Trouble::AlteredQuietly,
        Trouble::Broker(why()),
        Trouble::Database(why()),
        Trouble::Empty,
        Trouble::Gone,
        Trouble::GoneMany(2),
        Trouble::Link,
        Trouble::Message(why()),
        Trouble::Missing,
        Trouble::More,
        Trouble::Rewritten,
        Trouble::Shrank { from: 2, to: 1 },
        Trouble::TooDeep,
        Trouble::Rows(why()),
        Trouble::Unreadable(why()),
    ] {
        let (english, chinese) = (trouble.text(Language::En), trouble.text(Language::Zh));
        assert!(english.is_ascii() && !chinese.is_ascii(), "{english} {chinese}");
    }
}
