//! Keys that never sign again, listed in two places that must both be there.
//!
//! One list is in the data folder and one beside the second record. A key in *either* is retired:
//! a backup that brings back a key's file and one list does not bring back the key. A key is named
//! by the SHA-256 of its verifier key.
//!
//! ```text
//! retired/v1
//! <64 hex digits> <key name>+<key ID> <reason>
//! sum <SHA-256 of all lines above, 64 hex digits>
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use spec::Hash;
use spec::key::VerifierKey;

use crate::files::{FileError, read_text, write_whole};
use crate::settings::Settings;

/// The most bytes of a list that are read: some 10,000 keys.
const MAX_LIST_SIZE: u64 = 4 << 20;

/// What a list starts with.
const HEADER: &str = "retired/v1";

/// Why it is not known which keys are retired.
#[derive(Debug, thiserror::Error)]
pub enum RetiredError {
    /// A list was changed by something else.
    #[error("{} is damaged; run `fiducial-witness doctor`", .0.display())]
    Damaged(PathBuf),
    /// A list cannot be read or written.
    #[error(
        "{0}; without this list nobody knows which keys may sign: run `fiducial-witness doctor`"
    )]
    File(#[from] FileError),
}

/// The keys that never sign again, with the name and reason of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retired(BTreeMap<String, String>);

impl Retired {
    /// Makes both lists, without keys.
    pub fn create(settings: &Settings) -> Result<(), RetiredError> {
        Self::default().store(settings)
    }

    /// Reads both lists; a key in either is retired.
    pub fn load(settings: &Settings) -> Result<Self, RetiredError> {
        let mut all = Self::read(&settings.retired())?;
        all.0.extend(Self::read(&settings.retired_beside_high_water())?.0);
        Ok(all)
    }

    /// Reads whatever can be read of either list, for a repair that adds to it.
    #[must_use]
    pub fn load_what_is_left(settings: &Settings) -> Self {
        let both = [settings.retired(), settings.retired_beside_high_water()];
        let lists = both.iter().filter_map(|path| Self::read(path).ok());
        Self(lists.flat_map(|list| list.0).collect())
    }

    /// Whether a key may never sign again.
    #[must_use]
    pub fn contains(&self, key: &VerifierKey) -> bool {
        self.0.contains_key(&fingerprint(key))
    }

    /// Adds a key. Nothing is durable before [`store`](Self::store).
    pub fn add(&mut self, key: &VerifierKey, reason: &str) {
        let text = format!("{}+{} {reason}", key.name(), key.id());
        self.0.entry(fingerprint(key)).or_insert(text);
    }

    /// Writes both lists durably, the one beside the second record first: backups bring back the
    /// other one.
    pub fn store(&self, settings: &Settings) -> Result<(), RetiredError> {
        let text = self.to_text();
        write_whole(&settings.retired_beside_high_water(), text.as_bytes())?;
        Ok(write_whole(&settings.retired(), text.as_bytes())?)
    }

    /// The name and reason of each key.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    fn read(path: &Path) -> Result<Self, RetiredError> {
        let text = read_text(path, MAX_LIST_SIZE)?;
        Self::parse(&text).ok_or_else(|| RetiredError::Damaged(path.to_owned()))
    }

    fn to_text(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for (fingerprint, entry) in &self.0 {
            text.push_str(&format!("{fingerprint} {entry}\n"));
        }
        let sum = Hash::of(text.as_bytes()).to_hex();
        format!("{text}sum {sum}\n")
    }

    fn parse(text: &str) -> Option<Self> {
        let lines = text.strip_suffix('\n')?.strip_prefix(HEADER)?.strip_prefix('\n')?;
        let (lines, _sum) = lines.rsplit_once("sum ")?;
        let mut keys = BTreeMap::new();
        for line in lines.lines() {
            let (fingerprint, entry) = line.split_once(' ')?;
            keys.insert(fingerprint.to_owned(), entry.to_owned());
        }
        let retired = Self(keys);
        (retired.to_text() == text).then_some(retired)
    }
}

fn fingerprint(key: &VerifierKey) -> String {
    Hash::of(key.to_string().as_bytes()).to_hex()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{default_high_water, parse_name};
    use spec::key::{Algorithm, KeyName, SigningKey};
    use std::fs;
    use tempfile::TempDir;

    fn key(seed: u8) -> VerifierKey {
        let name = KeyName::parse("witness.example").unwrap();
        let key = SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &[seed; 32]);
        key.unwrap().verifier().clone()
    }

    fn settings() -> (TempDir, Settings) {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let high_water = default_high_water(&data).unwrap();
        let settings = Settings { data, high_water, name: parse_name("w.example").unwrap() };
        Retired::create(&settings).unwrap();
        (folder, settings)
    }

    #[test]
    fn a_key_in_either_list_is_retired() {
        let (_folder, settings) = settings();
        let empty = fs::read(settings.retired()).unwrap();
        let mut retired = Retired::load(&settings).unwrap();
        assert!(!retired.contains(&key(1)));
        retired.add(&key(1), "rotated");
        retired.store(&settings).unwrap();
        assert_eq!(Retired::load(&settings).unwrap(), retired);
        for path in [settings.retired(), settings.retired_beside_high_water()] {
            let full = fs::read(&path).unwrap();
            fs::write(&path, &empty).unwrap();
            assert!(Retired::load(&settings).unwrap().contains(&key(1)));
            fs::write(&path, full).unwrap();
        }
        assert!(!retired.contains(&key(2)));
        assert!(retired.entries().next().unwrap().ends_with(" rotated"));
    }

    #[test]
    fn a_missing_or_changed_list_is_refused_and_what_is_left_of_it_used() {
        let (_folder, settings) = settings();
        let mut retired = Retired::default();
        retired.add(&key(1), "restored from a backup");
        retired.store(&settings).unwrap();
        for path in [settings.retired(), settings.retired_beside_high_water()] {
            let whole = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            assert!(matches!(Retired::load(&settings), Err(RetiredError::File(_))));
            assert!(Retired::load_what_is_left(&settings).contains(&key(1)));
            for at in 0..whole.len() {
                let mut bytes = whole.clone();
                bytes[at] ^= 1;
                fs::write(&path, &bytes).unwrap();
                assert!(Retired::load(&settings).is_err(), "byte {at}");
            }
            fs::write(&path, whole).unwrap();
        }
    }
}
