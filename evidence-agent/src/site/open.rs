//! From a configuration to what works: the vault, the mappings, the collectors.
//!
//! `check-config` does exactly this and no more, so what it accepts is what `run` starts with.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use spec::key::KeyName;
use zeroize::Zeroizing;

use super::config::{Config, SourceConfig, WatchConfig};
use crate::collect::Collector;
use crate::collect::amqp::{Amqp, AmqpConfig};
use crate::collect::append::{Append, AppendConfig};
use crate::collect::folder::{Folder, FolderConfig};
use crate::collect::sql::{Sql, SqlConfig};
use crate::durable::read_bounded;
use crate::error::AgentError;
use crate::import::Mapping;
use crate::spool::capture::Watched;
use crate::spool::schedule::Plan;
use crate::vault::{Unlock, Vault};

/// The most bytes of a passphrase file and of a mapping file.
const MAX_PASSPHRASE_SIZE: usize = 4096;
const MAX_MAPPING_SIZE: usize = 256 * 1024;

/// Everything that `run` works with.
pub(crate) struct Opened {
    /// The vault.
    pub(crate) vault: Arc<Vault>,
    /// Every watch of every source.
    pub(crate) watched: Vec<Watched>,
    /// How each source speaks.
    pub(crate) plans: Vec<Plan>,
}

/// Opens all of it. The vault's sources are those that were made; a name that is not among them is
/// a typing error, and a source nobody watches is none of this configuration's.
pub(crate) fn open(config: &Config) -> Result<Opened, AgentError> {
    let watched = watched(config)?;
    let vault = Vault::open(&config.vault, &unlock(config.passphrase_file.as_deref())?)?;
    vault.set_reserve(config.space.reserve_bytes);
    let known = vault.sources()?;
    for source in &config.sources {
        if !known.contains(&source.name) {
            return Err(no_source(&config.vault, &source.name));
        }
    }
    let plans = config.sources.iter().map(plan).collect();
    Ok(Opened { vault: Arc::new(vault), watched, plans })
}

/// A source of the configuration that was never made.
pub(crate) fn no_source(vault: &Path, name: &KeyName) -> AgentError {
    let why = format!("it has no source {name}; make it with `fiducial-agent source add`");
    AgentError::vault(vault, why)
}

/// Every watch with its collector and its mapping; nothing is looked at yet.
pub(crate) fn watched(config: &Config) -> Result<Vec<Watched>, AgentError> {
    let mut watched = Vec::new();
    for source in &config.sources {
        for watch in &source.watches {
            let mapping = mapping(config.mappings.as_deref(), watch)?;
            let (oven, patience) = (watch.oven.clone(), watch.patience.duration());
            let name = source.name.clone();
            watched.push(Watched::new(name, mapping, oven, collector(watch)?, patience));
        }
    }
    Ok(watched)
}

/// How a vault is opened: with the passphrase in the first line of a file, or as it is.
pub(crate) fn unlock(file: Option<&Path>) -> Result<Unlock, AgentError> {
    let Some(path) = file else {
        return Ok(Unlock::Plain);
    };
    let bytes = read_bounded(path, MAX_PASSPHRASE_SIZE).map_err(AgentError::file(path))?;
    let bytes = Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes).ok().and_then(|text| text.lines().next());
    match text {
        Some(line) if !line.is_empty() => Ok(Unlock::Passphrase(Zeroizing::new(line.to_string()))),
        _ => Err(AgentError::Config(format!("{} holds no passphrase", path.display()))),
    }
}

fn plan(source: &SourceConfig) -> Plan {
    Plan {
        source: source.name.clone(),
        cadence: source.every.duration(),
        day_end: source.day_end,
        late_after: source.late_after.duration(),
    }
}

/// Somebody's own mapping file goes before a shipped one of the same name.
fn mapping(folder: Option<&Path>, watch: &WatchConfig) -> Result<Mapping, AgentError> {
    let name = watch.mapping.as_str();
    let of = |why: String| AgentError::Config(format!("watch {:?}: {why}", watch.name.0));
    let own: Option<PathBuf> = folder.map(|folder| folder.join(format!("{name}.toml")));
    if name.contains(['/', '\\']) {
        return Err(of(format!("{name:?} is no name of a mapping")));
    }
    if let Some(path) = own.filter(|path| path.is_file()) {
        let bytes = read_bounded(&path, MAX_MAPPING_SIZE).map_err(AgentError::file(&path))?;
        let text = String::from_utf8(bytes).map_err(|error| of(error.to_string()))?;
        return Mapping::parse(&text).map_err(|why| of(format!("{}: {why}", path.display())));
    }
    Mapping::shipped(name).ok_or_else(|| {
        let names = Mapping::names().join(", ");
        of(format!("there is no mapping {name:?}; there are {names}, and those in `mappings`"))
    })
}

fn collector(watch: &WatchConfig) -> Result<Box<dyn Collector>, AgentError> {
    let name = watch.name.clone();
    Ok(match watch.kind.as_str() {
        "folder" => Box::new(Folder::new(name, options::<FolderConfig>(watch)?)?),
        "append" => Box::new(Append::new(name, options::<AppendConfig>(watch)?)?),
        "amqp" => Box::new(Amqp::new(name, options::<AmqpConfig>(watch)?)?),
        _ => Box::new(Sql::new(name, options::<SqlConfig>(watch)?)?),
    })
}

fn options<T: DeserializeOwned>(watch: &WatchConfig) -> Result<T, AgentError> {
    watch.options.clone().try_into().map_err(|error: toml::de::Error| {
        let (name, kind) = (&watch.name.0, &watch.kind);
        AgentError::Config(format!("watch {name:?} of type {kind}: {}", error.message()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(watch: &str) -> Result<Vec<Watched>, String> {
        let text = format!(
            "vault = \"v\"\nmappings = \"own\"\n[[source]]\nname = \"aoi-7\"\n\
             [[source.watch]]\nname = \"reports\"\n{watch}"
        );
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("own")).unwrap();
        std::fs::write(folder.path().join("own/broken.toml"), "kind = 7").unwrap();
        let config = Config::parse(&text, folder.path()).map_err(|error| error.to_string())?;
        watched(&config).map_err(|error| error.to_string())
    }

    #[test]
    fn every_type_of_watch_is_made_and_each_fault_is_named() {
        assert_eq!(build("type = \"folder\"\npath = \"/x\"\nmapping = \"cfx\"").unwrap().len(), 1);
        assert!(build("type = \"append\"\npath = \"/x/AOIData.Dat\"").is_ok());
        let wrong = [
            ("type = \"folder\"\npath = \"/x\"\nmapping = \"saki\"", "saki-like"),
            ("type = \"folder\"\npath = \"/x\"\nmapping = \"../x\"", "no name of a mapping"),
            ("type = \"folder\"\npath = \"/x\"\nmapping = \"broken\"", "broken.toml"),
            ("type = \"folder\"\npaht = \"/x\"", "paht"),
            ("type = \"folder\"", "path"),
            ("type = \"amqp\"\nbroker = \"b\"", "address"),
            ("type = \"sql\"\nconnection = \"c\"\nquery = \"q\"\nkey = []", "key"),
        ];
        for (watch, want) in wrong {
            let error = build(watch).err().unwrap_or_else(|| panic!("{watch} is accepted"));
            assert!(error.contains(want) && error.contains("reports"), "{watch}: {error}");
        }
    }

    #[test]
    fn the_configuration_of_the_readme_reads_the_samples_of_this_repository() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
        let block = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
        let watched = watched(&Config::parse(block, &root).unwrap()).unwrap();
        let mut count = 0;
        for entry in std::fs::read_dir(root.join("tests/samples")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "json") {
                let bytes = std::fs::read(&path).unwrap();
                let name = path.file_name().unwrap().as_encoded_bytes();
                let readings = crate::import::read(&watched[0].mapping, name, &bytes);
                assert!(readings.iter().all(|reading| reading.recognised), "{}", path.display());
                count += 1;
            }
        }
        assert!(count > 3);
    }

    #[test]
    fn a_passphrase_is_the_first_line_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        std::fs::write(&path, "correct horse\nsecond line\n").unwrap();
        assert!(matches!(
            unlock(Some(&path)).unwrap(),
            Unlock::Passphrase(text) if text.as_str() == "correct horse"
        ));
        std::fs::write(&path, "\n").unwrap();
        assert!(unlock(Some(&path)).is_err());
        assert!(unlock(Some(&folder.path().join("missing"))).is_err());
        assert!(matches!(unlock(None), Ok(Unlock::Plain)));
    }
}
