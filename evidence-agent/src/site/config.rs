//! The configuration of `fiducial-agent run`: one TOML file that a quality engineer writes.
//!
//! ```toml
//! vault = "/var/lib/fiducial-agent/vault"
//! listen = "127.0.0.1:7071"            # the local page; left out: none
//! mappings = "mappings"                # own mapping files, beside the shipped ones
//!
//! [[source]]
//! name = "line-4.example/aoi-7"        # made by `init` or `source add`
//! every = "60s"                        # a statement each minute, also when nothing was made
//! day-end = "06:00"                    # UTC; when the daily closing record is made
//! late-after = "10m"
//!
//! [[source.watch]]
//! name = "reports"
//! type = "folder"                      # folder, append, amqp, sql
//! mapping = "saki-like"
//! folder = "/mnt/aoi7/export"
//! ```
//!
//! Unknown keys are refused by name. Relative paths are below the folder of the file itself.
//! `fiducial-agent check-config` reads it as `run` does, and asks what `run` would find.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use spec::key::KeyName;

use crate::durable::read_bounded;
use crate::error::AgentError;
use crate::model::WatchName;

/// The most bytes of a configuration file.
const MAX_CONFIG_SIZE: usize = 1024 * 1024;

/// The most sources of one agent, and watches of one source.
const MAX_SOURCES: usize = 1000;
const MAX_WATCHES: usize = 100;

/// The shortest and the longest time between two statements of a source: a log of ten thousand
/// sources must not be flooded, and a source that is silent for longer than a day looks dead.
const CADENCES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(86_400));

/// What `run` does, checked.
#[derive(Debug)]
pub(crate) struct Config {
    /// The vault's folder.
    pub(crate) vault: PathBuf,
    /// Where the passphrase of an encrypted vault is read.
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Where the local page listens: a loopback address.
    pub(crate) listen: Option<SocketAddr>,
    /// Where own mapping files are.
    pub(crate) mappings: Option<PathBuf>,
    /// When statements wait longer than this, it is an alarm.
    pub(crate) lag_alarm: Duration,
    /// The sources.
    pub(crate) sources: Vec<SourceConfig>,
}

/// One source.
#[derive(Debug)]
pub(crate) struct SourceConfig {
    /// Its name; the vault has its key.
    pub(crate) name: KeyName,
    /// The time between two statements.
    pub(crate) every: Duration,
    /// When the daily closing record is made, counted from midnight UTC.
    pub(crate) day_end: Duration,
    /// How much later than seen or claimed a record is called late.
    pub(crate) late_after: Duration,
    /// The name of the machine, for records whose report does not name one.
    pub(crate) machine: Option<String>,
    /// What it watches.
    pub(crate) watches: Vec<WatchConfig>,
}

/// One watch.
#[derive(Debug)]
pub(crate) struct WatchConfig {
    /// Its name: what the vault knows its items by.
    pub(crate) name: WatchName,
    /// `folder`, `append`, `amqp` or `sql`.
    pub(crate) kind: String,
    /// How its evidence is read.
    pub(crate) mapping: String,
    /// How long between two looks.
    pub(crate) look_every: Duration,
    /// What only this type of watch has; read by its collector.
    pub(crate) options: toml::Table,
}

/// What is wrong with a configuration. The text names the source and the watch.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ConfigError(pub(crate) String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    vault: PathBuf,
    passphrase_file: Option<PathBuf>,
    listen: Option<String>,
    mappings: Option<PathBuf>,
    #[serde(default = "lag_alarm")]
    lag_alarm: String,
    #[serde(default, rename = "source")]
    sources: Vec<SourceFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SourceFile {
    name: String,
    #[serde(default = "every")]
    every: String,
    #[serde(default = "day_end")]
    day_end: String,
    #[serde(default = "late_after")]
    late_after: String,
    machine: Option<String>,
    #[serde(default, rename = "watch")]
    watches: Vec<toml::Table>,
}

fn lag_alarm() -> String {
    "1h".to_string()
}

fn every() -> String {
    "60s".to_string()
}

fn day_end() -> String {
    "00:00".to_string()
}

fn late_after() -> String {
    "10m".to_string()
}

impl Config {
    /// Reads a configuration file.
    pub(crate) fn load(path: &Path) -> Result<Self, AgentError> {
        let bytes = read_bounded(path, MAX_CONFIG_SIZE).map_err(AgentError::file(path))?;
        let wrong =
            |why: &dyn std::fmt::Display| AgentError::Input(format!("{}: {why}", path.display()));
        let text = std::str::from_utf8(&bytes).map_err(|error| wrong(&error))?;
        let folder = crate::durable::folder_of(path);
        Self::parse(text, &folder).map_err(|error| wrong(&error))
    }

    /// Checks the text of one; relative paths are below `folder`.
    pub(crate) fn parse(text: &str, folder: &Path) -> Result<Self, ConfigError> {
        let file: File = toml::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
        if file.sources.is_empty() {
            return Err(ConfigError("no [[source]]: there is nothing to do".to_string()));
        }
        if file.sources.len() > MAX_SOURCES {
            return Err(ConfigError(format!("more than {MAX_SOURCES} sources")));
        }
        let below = |path: PathBuf| folder.join(path);
        let (mut names, mut watches) = (HashSet::new(), HashSet::new());
        let mut sources = Vec::new();
        for source in file.sources {
            let source = source.check()?;
            if !names.insert(source.name.clone()) {
                return Err(ConfigError(format!("source {:?} stands here twice", source.name)));
            }
            for watch in &source.watches {
                if !watches.insert(watch.name.clone()) {
                    let name = &watch.name.0;
                    return Err(ConfigError(format!("two watches are called {name:?}")));
                }
            }
            sources.push(source);
        }
        Ok(Self {
            vault: below(file.vault),
            passphrase_file: file.passphrase_file.map(below),
            listen: file.listen.as_deref().map(loopback).transpose()?,
            mappings: file.mappings.map(below),
            lag_alarm: duration("lag-alarm", &file.lag_alarm)?,
            sources,
        })
    }
}

impl SourceFile {
    fn check(self) -> Result<SourceConfig, ConfigError> {
        let of = |error: ConfigError| ConfigError(format!("source {:?}: {error}", self.name));
        let name =
            KeyName::parse(&self.name).map_err(|error| of(ConfigError(error.to_string())))?;
        let every = duration("every", &self.every).map_err(of)?;
        if every < CADENCES.0 || every > CADENCES.1 {
            return Err(of(ConfigError("`every` is between 1s and 24h".to_string())));
        }
        if self.watches.len() > MAX_WATCHES {
            return Err(of(ConfigError(format!("more than {MAX_WATCHES} watches"))));
        }
        let watches: Result<Vec<WatchConfig>, ConfigError> =
            self.watches.iter().cloned().map(check_watch).collect();
        Ok(SourceConfig {
            name,
            every,
            day_end: time_of_day(&self.day_end).map_err(of)?,
            late_after: duration("late-after", &self.late_after).map_err(of)?,
            watches: watches.map_err(of)?,
            machine: self.machine,
        })
    }
}

fn check_watch(mut options: toml::Table) -> Result<WatchConfig, ConfigError> {
    let name = take(&mut options, "name")?
        .ok_or_else(|| ConfigError("a [[source.watch]] has no `name`".to_string()))?;
    let of = |error: ConfigError| ConfigError(format!("watch {name:?}: {error}"));
    let kind = take(&mut options, "type").map_err(of)?;
    let kind = kind.ok_or_else(|| of(ConfigError("`type` is missing".to_string())))?;
    if !["folder", "append", "amqp", "sql"].contains(&kind.as_str()) {
        let why = format!("`type` is folder, append, amqp or sql, not {kind:?}");
        return Err(of(ConfigError(why)));
    }
    let mapping = take(&mut options, "mapping").map_err(of)?;
    let mapping = mapping.unwrap_or_else(|| "attachment".to_string());
    let look_every = take(&mut options, "look-every").map_err(of)?;
    let look_every = duration("look-every", look_every.as_deref().unwrap_or("5s")).map_err(of)?;
    Ok(WatchConfig { name: WatchName(name), kind, mapping, look_every, options })
}

/// Takes a text out of a table.
fn take(table: &mut toml::Table, key: &str) -> Result<Option<String>, ConfigError> {
    match table.remove(key) {
        None => Ok(None),
        Some(toml::Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ConfigError(format!("`{key}` is a text in quotes"))),
    }
}

/// The page names files, so it listens where only this machine is heard.
fn loopback(text: &str) -> Result<SocketAddr, ConfigError> {
    let wrong = |why: &str| ConfigError(format!("`listen`: {text:?} {why}"));
    let address: SocketAddr =
        text.parse().map_err(|_| wrong("is no address such as 127.0.0.1:7071"))?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(wrong("is no loopback address; the page names files and has no password"))
    }
}

/// A number and its unit: `90s`, `10m`, `24h`, `30d`.
pub(crate) fn duration(name: &str, text: &str) -> Result<Duration, ConfigError> {
    let wrong = || {
        let why = format!("`{name}` is a number and s, m, h or d, such as 90s; not {text:?}");
        ConfigError(why)
    };
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

/// `06:00` as the time since midnight.
fn time_of_day(text: &str) -> Result<Duration, ConfigError> {
    let parse = || {
        let (hour, minute) = text.split_once(':')?;
        let two = |part: &str| (part.len() == 2).then(|| part.parse::<u64>().ok()).flatten();
        let (hour, minute) = (two(hour)?, two(minute)?);
        (hour < 24 && minute < 60).then(|| Duration::from_secs(hour * 3600 + minute * 60))
    };
    parse().ok_or_else(|| ConfigError(format!("`day-end` is a time such as 06:00, not {text:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
vault = "vault"
listen = "127.0.0.1:7071"
[[source]]
name = "line-4.example/aoi-7"
every = "90s"
day-end = "06:30"
[[source.watch]]
name = "reports"
type = "folder"
mapping = "saki-like"
folder = "/mnt/aoi7"
[[source]]
name = "line-4.example/oven-2"
"#;

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("/etc/agent")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_whole_file_is_read_with_its_defaults() {
        let config = parse(WHOLE).unwrap();
        assert_eq!(config.vault, Path::new("/etc/agent/vault"));
        let [aoi, oven] = config.sources.as_slice() else { panic!("two sources") };
        assert_eq!((aoi.every.as_secs(), aoi.day_end.as_secs()), (90, 6 * 3600 + 30 * 60));
        assert_eq!((oven.every.as_secs(), oven.late_after.as_secs()), (60, 600));
        let watch = &aoi.watches[0];
        assert_eq!((watch.kind.as_str(), watch.mapping.as_str()), ("folder", "saki-like"));
        assert_eq!(watch.look_every.as_secs(), 5);
        let options: Vec<&str> = watch.options.keys().map(String::as_str).collect();
        assert_eq!(options, ["folder"], "what is common is taken out");
    }

    #[test]
    fn every_fault_is_named() {
        for (from, to, want) in [
            ("listen = \"127.0.0.1:7071\"", "listen = \"0.0.0.0:7071\"", "loopback"),
            ("listen = \"127.0.0.1:7071\"", "lisen = \"x\"", "lisen"),
            ("every = \"90s\"", "every = \"0s\"", "between 1s and 24h"),
            ("every = \"90s\"", "every = \"90\"", "such as 90s"),
            ("every = \"90s\"", "every = \"25h\"", "between 1s and 24h"),
            ("every = \"90s\"", "cadence = \"90s\"", "cadence"),
            ("\"06:30\"", "\"24:00\"", "day-end"),
            ("\"06:30\"", "\"6:30\"", "day-end"),
            ("type = \"folder\"", "type = \"ftp\"", "folder, append, amqp or sql"),
            ("type = \"folder\"", "", "`type` is missing"),
            ("name = \"reports\"", "", "no `name`"),
            ("name = \"reports\"", "name = 7", "text in quotes"),
            ("oven-2", "aoi-7", "stands here twice"),
            ("line-4.example/oven-2", "a b", "source \"a b\""),
        ] {
            let text = WHOLE.replace(from, to);
            assert_ne!(text, WHOLE, "{from}");
            let error = parse(&text).unwrap_err();
            assert!(error.contains(want), "{to}: {error}");
        }
        assert!(parse("vault = \"v\"").unwrap_err().contains("[[source]]"));
    }

    #[test]
    fn two_watches_of_one_name_are_refused_also_across_sources() {
        let watch = "[[source.watch]]\nname = \"reports\"\ntype = \"append\"\n";
        let error = parse(&format!("{WHOLE}{watch}")).unwrap_err();
        assert!(error.contains("two watches"), "{error}");
    }

    #[test]
    fn durations_have_a_unit_and_do_not_overflow() {
        let seconds = |text| duration("x", text).map(|duration| duration.as_secs());
        assert_eq!(seconds("2d"), Ok(172_800));
        for wrong in ["", "s", "1.5h", "-1s", "99999999999999999d", "1 s", "1\u{79d2}"] {
            assert!(seconds(wrong).is_err(), "{wrong:?}");
        }
    }
}
