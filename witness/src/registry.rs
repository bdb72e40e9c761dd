//! Which logs this witness knows: `logs.toml`, and the public lists that it names.
//!
//! ```text
//! lists = ["/etc/fiducial/log-list-10qps-4klogs.1"]    files of the format logs/v0
//!
//! [[log]]
//! origin = "factory.example/evidence"
//! keys = ["factory.example/evidence+1a2b3c4d+AQ..."]    any one of them is enough
//! qpd = 86400                                           optional: requests a day
//! contact = "quality@factory.example"
//! enabled = true                                        false: nothing is signed for it any more
//! ```
//!
//! An entry of `logs.toml` stands before one of a list with the same origin. The file may be written
//! by hand or by `fiducial-witness log`, which does not keep comments. What is remembered of a log
//! does not depend on this file: a log that leaves it and comes back goes on where it was.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use spec::checkpoint::Origin;
use spec::key::{Algorithm, KeyError, VerifierKey, without_private_keys};

use crate::decide::Trust;
use crate::files::{FileError, Turn, read_text, write_whole};
use crate::list::{self, ListError, MAX_LIST_SIZE};
use crate::settings::Settings;

/// The most bytes of `logs.toml` that are read.
const MAX_REGISTRY_SIZE: u64 = 16 << 20;

/// The most keys of one log.
pub const MAX_KEYS_PER_LOG: usize = 16;

/// The most lists.
const MAX_LISTS: usize = 16;

/// Why it is not known which logs to witness.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// A file cannot be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A key of a log is refused.
    #[error("{}: a key of {origin:?}: {source}", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// Which log.
        origin: String,
        /// What is wrong.
        source: KeyError,
    },
    /// A list is refused.
    #[error("{}: {source}", path.display())]
    List {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: ListError,
    },
    /// The file does not say what it should.
    #[error("{}: {reason}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// No such log.
    #[error("no log has the origin {0:?}; see `fiducial-witness log list`")]
    NoSuchLog(String),
}

/// One log, as the witness knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Any one of these must have signed.
    pub keys: Vec<VerifierKey>,
    /// Requests a day; `None` for no limit.
    pub qpd: Option<u32>,
    /// How to reach its operator.
    pub contact: String,
    /// Whether anything is signed for it.
    pub enabled: bool,
}

/// Every log that this witness knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry {
    logs: HashMap<Origin, Log>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(default)]
    lists: Vec<PathBuf>,
    #[serde(default, rename = "log")]
    logs: Vec<LogText>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct LogText {
    origin: String,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    qpd: Option<u32>,
    #[serde(default)]
    contact: String,
    #[serde(default = "enabled")]
    enabled: bool,
}

const fn enabled() -> bool {
    true
}

impl Registry {
    /// Writes an empty `logs.toml`.
    pub fn create(settings: &Settings) -> Result<(), RegistryError> {
        store(&settings.logs(), &Text::default())
    }

    /// Reads `logs.toml` and every list that it names. Also returns the files that were read.
    pub fn load(settings: &Settings) -> Result<(Self, Vec<PathBuf>), RegistryError> {
        let path = settings.logs();
        let text = read(&path)?;
        let mut logs = HashMap::new();
        let mut files = vec![path.clone()];
        for list in &text.lists {
            let file = settings.data.join(list);
            add_list(&mut logs, &file)?;
            files.push(file);
        }
        let mut own = HashMap::new();
        for log in &text.logs {
            let (origin, log) = parse_log(&path, log)?;
            if own.insert(origin.clone(), log).is_some() {
                let reason = format!("the log {origin:?} is listed twice");
                return Err(RegistryError::Malformed { path, reason });
            }
        }
        logs.extend(own);
        Ok((Self { logs }, files))
    }

    /// One log.
    #[must_use]
    pub fn log(&self, origin: &Origin) -> Option<&Log> {
        self.logs.get(origin)
    }

    /// Which keys a log may sign with.
    #[must_use]
    pub fn trust(&self, origin: &Origin) -> Trust<'_> {
        match self.logs.get(origin) {
            None => Trust::Unknown,
            Some(log) if log.enabled => Trust::Keys(&log.keys),
            Some(_) => Trust::Disabled,
        }
    }

    /// Every log, in the order of the origins.
    #[must_use]
    pub fn logs(&self) -> Vec<(&Origin, &Log)> {
        let mut logs: Vec<_> = self.logs.iter().collect();
        logs.sort_by_key(|(origin, _)| *origin);
        logs
    }

    /// How many logs.
    #[must_use]
    pub fn count(&self) -> usize {
        self.logs.len()
    }
}

/// Refuses the keys that no log signs its checkpoints with.
pub(crate) fn check_kind(key: &VerifierKey) -> Result<(), KeyError> {
    match key.algorithm() {
        // What a witness signs with. A log that had it listed here would never be cosigned.
        Algorithm::CosignatureEd25519 => Err(KeyError::Type(key.algorithm().type_byte())),
        Algorithm::CosignatureMlDsa44 | Algorithm::NoteEd25519 => Ok(()),
    }
}

/// Adds keys to a log, which is made or enabled if need be.
pub fn add(
    settings: &Settings,
    origin: &Origin,
    keys: &[VerifierKey],
    qpd: Option<u32>,
    contact: Option<&str>,
) -> Result<(), RegistryError> {
    change(settings, |text, known| {
        let log = entry(text, origin, known.log(origin));
        for key in keys.iter().map(ToString::to_string) {
            if !log.keys.contains(&key) {
                log.keys.push(key);
            }
        }
        log.enabled = true;
        log.qpd = qpd.or(log.qpd);
        if let Some(contact) = contact {
            contact.clone_into(&mut log.contact);
        }
        Ok(())
    })
}

/// Takes on the logs of a list, and whatever it will hold later.
pub fn add_list_file(settings: &Settings, path: &Path) -> Result<(), RegistryError> {
    let path = std::path::absolute(path).map_err(FileError::at(path))?;
    change(settings, |text, _| {
        if !text.lists.contains(&path) {
            text.lists.push(path.clone());
        }
        Ok(())
    })
}

/// Signs nothing more for a log. What is remembered of it stays.
pub fn disable(settings: &Settings, origin: &Origin) -> Result<(), RegistryError> {
    change(settings, |text, known| {
        let known = known.log(origin);
        let known = known.ok_or_else(|| RegistryError::NoSuchLog(origin.to_string()))?;
        entry(text, origin, Some(known)).enabled = false;
        Ok(())
    })
}

/// Trusts one key of a log no longer. The last one stays: [`disable`] is for that.
pub fn retire_key(settings: &Settings, origin: &Origin, id: &str) -> Result<(), RegistryError> {
    change(settings, |text, known| {
        let known = known.log(origin);
        let known = known.ok_or_else(|| RegistryError::NoSuchLog(origin.to_string()))?;
        let left = known.keys.iter().filter(|key| key.id().to_string() != id);
        let left: Vec<String> = left.map(ToString::to_string).collect();
        let reason = match left.len() {
            0 => "the last key of a log stays; disable the log instead".to_owned(),
            count if count == known.keys.len() => format!("{origin} has no key {id}"),
            _ => {
                entry(text, origin, Some(known)).keys = left;
                return Ok(());
            }
        };
        Err(RegistryError::Malformed { path: settings.logs(), reason })
    })
}

/// Changes the file under its lock, and refuses a change after which it could not be loaded.
///
/// `edit` gets what is known under the same lock: what was read before it may be what another
/// command has just changed, and writing that back would enable a disabled log again.
fn change(
    settings: &Settings,
    edit: impl FnOnce(&mut Text, &Registry) -> Result<(), RegistryError>,
) -> Result<(), RegistryError> {
    let _turn = Turn::wait(&settings.data)?;
    let path = settings.logs();
    let (known, _) = Registry::load(settings)?;
    let mut after = read(&path)?;
    edit(&mut after, &known)?;
    for log in &after.logs {
        parse_log(&path, log)?;
    }
    for list in &after.lists {
        add_list(&mut HashMap::new(), &settings.data.join(list))?;
    }
    if after.lists.len() > MAX_LISTS {
        let reason = format!("more than {MAX_LISTS} lists");
        return Err(RegistryError::Malformed { path, reason });
    }
    store(&path, &after)
}

/// A log's own entry. One that is new holds all that is `known` of the log from a list, before
/// which it stands from now on.
fn entry<'a>(text: &'a mut Text, origin: &Origin, known: Option<&Log>) -> &'a mut LogText {
    let at = text.logs.iter().position(|log| log.origin == origin.as_str());
    let at = at.unwrap_or_else(|| {
        text.logs.push(LogText {
            origin: origin.to_string(),
            keys: known.iter().flat_map(|log| &log.keys).map(ToString::to_string).collect(),
            qpd: known.and_then(|log| log.qpd),
            contact: known.map(|log| log.contact.clone()).unwrap_or_default(),
            enabled: known.is_none_or(|log| log.enabled),
        });
        text.logs.len() - 1
    });
    &mut text.logs[at]
}

fn read(path: &Path) -> Result<Text, RegistryError> {
    let text = read_text(path, MAX_REGISTRY_SIZE)?;
    toml::from_str(&text).map_err(|error| RegistryError::Malformed {
        path: path.to_owned(),
        reason: without_private_keys(&error.to_string()),
    })
}

fn store(path: &Path, text: &Text) -> Result<(), RegistryError> {
    let text = toml::to_string(text).map_err(|error| RegistryError::Malformed {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(write_whole(path, text.as_bytes())?)
}

fn parse_log(path: &Path, log: &LogText) -> Result<(Origin, Log), RegistryError> {
    let malformed = |reason: String| RegistryError::Malformed { path: path.to_owned(), reason };
    let origin = Origin::parse(&log.origin)
        .map_err(|error| malformed(format!("the origin {:?}: {error}", log.origin)))?;
    if log.keys.len() > MAX_KEYS_PER_LOG || (log.enabled && log.keys.is_empty()) {
        let reason = format!("{origin:?} needs 1 to {MAX_KEYS_PER_LOG} keys");
        return Err(malformed(reason));
    }
    if log.qpd == Some(0) {
        return Err(malformed(format!("{origin:?}: a qpd of 0; use `enabled = false`")));
    }
    let keys = log.keys.iter().map(|key| {
        let key = VerifierKey::parse(key)?;
        check_kind(&key).map(|()| key)
    });
    let keys = keys.collect::<Result<_, _>>();
    let keys = keys.map_err(|source| RegistryError::Key {
        path: path.to_owned(),
        origin: origin.to_string(),
        source,
    })?;
    let (contact, qpd, enabled) = (log.contact.clone(), log.qpd, log.enabled);
    Ok((origin, Log { keys, qpd, contact, enabled }))
}

fn add_list(logs: &mut HashMap<Origin, Log>, path: &Path) -> Result<(), RegistryError> {
    let text = read_text(path, MAX_LIST_SIZE)?;
    let error = |source| RegistryError::List { path: path.to_owned(), source };
    let list = list::parse(&text).map_err(error)?;
    for (line, reason) in &list.passed_over {
        tracing::warn!(path = %path.display(), line, %reason, "a log of this list is passed over");
    }
    for listed in list.logs {
        match logs.entry(listed.origin) {
            Entry::Vacant(entry) => {
                let (keys, qpd) = (vec![listed.key], Some(listed.qpd));
                entry.insert(Log { keys, qpd, contact: listed.contact, enabled: true });
            }
            // The same log again, with another key: it is changing keys.
            Entry::Occupied(mut entry) => {
                let log = entry.get_mut();
                if !log.keys.contains(&listed.key) && log.keys.len() < MAX_KEYS_PER_LOG {
                    log.keys.push(listed.key);
                }
                log.qpd = log.qpd.max(Some(listed.qpd));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{default_high_water, parse_name};
    use spec::key::{KeyName, SigningKey};
    use std::fs;
    use tempfile::TempDir;

    fn settings() -> (TempDir, Settings) {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_owned();
        let high_water = default_high_water(&data).unwrap();
        let settings = Settings { data, high_water, name: parse_name("w.example").unwrap() };
        Registry::create(&settings).unwrap();
        (folder, settings)
    }

    fn key(name: &str, seed: u8) -> VerifierKey {
        let name = KeyName::parse(name).unwrap();
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[seed; 32]).unwrap();
        key.verifier().clone()
    }

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    fn load(settings: &Settings) -> Registry {
        Registry::load(settings).unwrap().0
    }

    #[test]
    fn logs_are_added_given_keys_and_disabled() {
        let (_folder, settings) = settings();
        let (log, first, second) = (origin("a.example"), key("a.example", 1), key("a.example", 2));
        add(&settings, &log, std::slice::from_ref(&first), Some(24), Some("who")).unwrap();
        add(&settings, &log, std::slice::from_ref(&second), None, None).unwrap();
        add(&settings, &log, std::slice::from_ref(&second), None, None).unwrap();
        let want = Log {
            keys: vec![first.clone(), second.clone()],
            qpd: Some(24),
            contact: "who".to_owned(),
            enabled: true,
        };
        assert_eq!(load(&settings).log(&log), Some(&want));
        retire_key(&settings, &log, &first.id().to_string()).unwrap();
        assert_eq!(load(&settings).log(&log).unwrap().keys, std::slice::from_ref(&second));
        assert!(retire_key(&settings, &log, &first.id().to_string()).is_err());
        assert!(retire_key(&settings, &log, &second.id().to_string()).is_err());
        disable(&settings, &log).unwrap();
        assert!(matches!(load(&settings).trust(&log), Trust::Disabled));
        assert!(matches!(load(&settings).trust(&origin("b")), Trust::Unknown));
        assert!(disable(&settings, &origin("b")).is_err());
        add(&settings, &log, &[], None, None).unwrap();
        assert!(matches!(load(&settings).trust(&log), Trust::Keys(keys) if keys.len() == 1));
    }

    #[test]
    fn lists_are_taken_on_and_own_entries_stand_before_them() {
        let (folder, settings) = settings();
        let path = folder.path().join("list.1");
        let (a, b) = (key("a.example", 1), key("b.example", 2));
        let again = key("other.example", 3);
        let text = format!(
            "logs/v0\nvkey {a}\nqpd 10\ncontact x\nvkey {b}\nqpd 20\ncontact y\n\
             vkey {again}\norigin a.example\nqpd 30\ncontact z\n"
        );
        fs::write(&path, &text).unwrap();
        add_list_file(&settings, &path).unwrap();
        let registry = load(&settings);
        assert_eq!(registry.count(), 2);
        let log = registry.log(&origin("a.example")).unwrap();
        assert_eq!((log.keys.len(), log.qpd), (2, Some(30)));
        assert_eq!(Registry::load(&settings).unwrap().1, [settings.logs(), path.clone()]);

        // Another key of a log of a list stands beside what the list says of it.
        let fresh = key("a.example", 4);
        add(&settings, &origin("a.example"), std::slice::from_ref(&fresh), None, None).unwrap();
        let registry = load(&settings);
        let log = registry.log(&origin("a.example")).unwrap();
        assert_eq!((log.keys.len(), log.qpd, log.contact.as_str()), (3, Some(30), "x"));
        assert!(log.keys.contains(&a) && log.keys.contains(&fresh));

        disable(&settings, &origin("b.example")).unwrap();
        assert!(matches!(load(&settings).trust(&origin("b.example")), Trust::Disabled));
        fs::write(&path, text.replace("qpd 10", "qpd ten")).unwrap();
        assert!(matches!(Registry::load(&settings), Err(RegistryError::List { .. })));
    }

    #[test]
    fn two_changes_at_once_are_both_made() {
        let (_folder, settings) = settings();
        let (log, first, second) = (origin("a.example"), key("a.example", 1), key("a.example", 2));
        add(&settings, &log, &[second], None, None).unwrap();
        let id = first.id().to_string();
        for round in 0..20 {
            add(&settings, &log, std::slice::from_ref(&first), None, None).unwrap();
            let both = std::sync::Barrier::new(2);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    both.wait();
                    retire_key(&settings, &log, &id).unwrap();
                });
                both.wait();
                disable(&settings, &log).unwrap();
            });
            // Neither took back what the other did.
            let registry = load(&settings);
            assert!(matches!(registry.trust(&log), Trust::Disabled), "round {round}");
            assert_eq!(registry.log(&log).unwrap().keys.len(), 1, "round {round}");
        }
    }

    #[test]
    fn malformed_files_are_refused() {
        let (_folder, settings) = settings();
        let (name, key) = (KeyName::parse("a.example").unwrap(), key("a.example", 1));
        let cosigner =
            SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &[1; 32]).unwrap();
        for wrong in [
            format!("[[log]]\norigin = \"a\"\nkeys = [\"{}\"]", cosigner.verifier()),
            "[[log]]\norigin = \"\"\nkeys = []".to_owned(),
            "[[log]]\norigin = \"a\"\nkeys = []".to_owned(),
            "[[log]]\norigin = \"a\"\nkeys = [\"b\"]".to_owned(),
            format!("[[log]]\norigin = \"a\"\nkeys = [\"{key}\"]\nqpd = 0"),
            format!("[[log]]\norigin = \"a\"\nkey = \"{key}\""),
            format!("[[log]]\norigin = \"a\"\nkeys = [\"{key}\"]\n").repeat(2),
            "lists = [\"missing\"]".to_owned(),
            "=".to_owned(),
        ] {
            fs::write(settings.logs(), &wrong).unwrap();
            assert!(Registry::load(&settings).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_change_that_could_not_be_loaded_is_not_made() {
        let (folder, settings) = settings();
        let before = fs::read(settings.logs()).unwrap();
        assert!(add(&settings, &origin("a.example"), &[], None, None).is_err());
        assert!(add_list_file(&settings, &folder.path().join("missing")).is_err());
        assert_eq!(fs::read(settings.logs()).unwrap(), before);
    }
}
