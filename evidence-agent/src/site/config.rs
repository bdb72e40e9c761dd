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
//! day-end = "06:00+08:00"              # when the daily closing record is made
//! late-after = "10m"
//!
//! [[source.watch]]
//! name = "reports"
//! type = "folder"                      # folder, append, amqp, sql
//! mapping = "saki-like"
//! path = "/mnt/aoi7/export"
//!
//! [space]                              # left out: these
//! warn-days = 30
//! warn-percent = 10
//! reserve-bytes = 536870912
//! ```
//!
//! Unknown keys are refused by name. Relative paths are below the folder of the file itself.
//! `fiducial-agent check-config` reads it as `run` does, and asks what `run` would find.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use spec::key::KeyName;

use crate::collect::Span;
use crate::durable::read_bounded;
use crate::error::AgentError;
use crate::model::WatchName;
use crate::site::control::Caller;
use crate::spool::schedule::DayEnd;
use crate::vault::SpaceLimits;

/// The most bytes of a configuration file.
const MAX_CONFIG_SIZE: usize = 1024 * 1024;

/// The most sources of one agent, and watches of one source.
const MAX_SOURCES: usize = 1000;
const MAX_WATCHES: usize = 100;

/// The shortest and the longest time between two statements of a source: a log of ten thousand
/// sources must not be flooded, and a source that is silent for longer than a day looks dead.
const CADENCES: (Span, Span) = (Span::seconds(1), Span::seconds(86_400));

/// The options of watches that are paths.
const PATHS: [&str; 3] = ["path", "password_file", "ca_file"];

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
    pub(crate) lag_alarm: Span,
    /// When to warn of a full disk, and when to stop capturing.
    pub(crate) space: SpaceLimits,
    /// The sources.
    pub(crate) sources: Vec<SourceConfig>,
}

/// One source.
#[derive(Debug)]
pub(crate) struct SourceConfig {
    /// Its name; the vault has its key.
    pub(crate) name: KeyName,
    /// The time between two statements.
    pub(crate) every: Span,
    /// When the daily closing record is made.
    pub(crate) day_end: DayEnd,
    /// How much later than seen or claimed a record is called late.
    pub(crate) late_after: Span,
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
    /// The oven that its boards come through, where the reports of the oven name no boards.
    pub(crate) oven: Option<String>,
    /// For how long it may fail before the gap is an outage.
    pub(crate) patience: Span,
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
    lag_alarm: Span,
    #[serde(default)]
    space: SpaceLimits,
    #[serde(default, rename = "source")]
    sources: Vec<SourceFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SourceFile {
    name: String,
    #[serde(default = "every")]
    every: Span,
    #[serde(default = "day_end")]
    day_end: String,
    #[serde(default = "late_after")]
    late_after: Span,
    #[serde(default, rename = "watch")]
    watches: Vec<toml::Table>,
}

const fn lag_alarm() -> Span {
    Span::seconds(3600)
}

const fn every() -> Span {
    Span::seconds(60)
}

fn day_end() -> String {
    "00:00+00:00".to_string()
}

const fn late_after() -> Span {
    Span::seconds(600)
}

impl Config {
    /// Reads a configuration file.
    pub(crate) fn load(path: &Path) -> Result<Self, AgentError> {
        Self::from_bytes(
            path,
            &read_bounded(path, MAX_CONFIG_SIZE).map_err(AgentError::file(path))?,
        )
    }

    /// Reads and checks the configuration of whoever typed a command.
    pub(crate) fn load_for(caller: &dyn Caller, path: &Path) -> Result<Self, AgentError> {
        let bytes = caller.read(path, MAX_CONFIG_SIZE).map_err(AgentError::file(path))?;
        Self::from_bytes(path, &bytes)
    }

    fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, AgentError> {
        let wrong =
            |why: &dyn std::fmt::Display| AgentError::Config(format!("{}: {why}", path.display()));
        let text = std::str::from_utf8(bytes).map_err(|error| wrong(&error))?;
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
            let mut source = source.check()?;
            source.watches.iter_mut().for_each(|watch| watch.below(folder));
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
            lag_alarm: file.lag_alarm,
            space: file.space,
            sources,
        })
    }
}

impl SourceFile {
    fn check(self) -> Result<SourceConfig, ConfigError> {
        let of = |error: ConfigError| ConfigError(format!("source {:?}: {error}", self.name));
        let name =
            KeyName::parse(&self.name).map_err(|error| of(ConfigError(error.to_string())))?;
        let every = self.every;
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
            day_end: parse_day_end(&self.day_end).map_err(of)?,
            late_after: self.late_after,
            watches: watches.map_err(of)?,
        })
    }
}

impl WatchConfig {
    /// Puts relative paths below the folder of the file, wherever the program was started.
    fn below(&mut self, folder: &Path) {
        for key in PATHS {
            if let Some(toml::Value::String(path)) = self.options.get_mut(key) {
                let whole = folder.join(&*path);
                // A path of the file is text, and the folder's name is too, or stays as it is.
                if let Some(text) = whole.to_str() {
                    *path = text.to_string();
                }
            }
        }
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
    let oven = take(&mut options, "oven").map_err(of)?;
    let patience = take(&mut options, "patience").map_err(of)?;
    let patience = Span::parse(patience.as_deref().unwrap_or("10m"))
        .map_err(|error| of(ConfigError(format!("`patience`: {error}"))))?;
    Ok(WatchConfig { name: WatchName(name), kind, mapping, oven, patience, options })
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

/// `06:00+08:00`: a time of day and the zone that it is in.
fn parse_day_end(text: &str) -> Result<DayEnd, ConfigError> {
    let minutes = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let two = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            if digits { part.parse::<i16>().ok() } else { None }
        };
        let (hour, minute) = (two(hour)?, two(minute)?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let parse = || {
        let (time, zone) = text.split_at_checked(5)?;
        let minute = u16::try_from(minutes(time)?).ok()?;
        let (sign, zone) = zone.split_at_checked(1)?;
        let zone = minutes(zone)?;
        match sign {
            "+" => Some(DayEnd { minute, zone_minutes: zone }),
            "-" => Some(DayEnd { minute, zone_minutes: -zone }),
            _ => None,
        }
    };
    parse().ok_or_else(|| {
        ConfigError(format!("`day-end` is a time and its zone, such as 06:00+08:00; not {text:?}"))
    })
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
day-end = "06:30-05:00"
[[source.watch]]
name = "reports"
type = "folder"
mapping = "saki-like"
path = "/mnt/aoi7"
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
        assert_eq!(aoi.every.millis(), 90_000);
        assert_eq!(aoi.day_end, DayEnd { minute: 6 * 60 + 30, zone_minutes: -300 });
        assert_eq!((oven.every.millis(), oven.late_after.millis()), (60_000, 600_000));
        assert_eq!(config.space, SpaceLimits::default());
        let watch = &aoi.watches[0];
        assert_eq!(watch.options["path"].as_str(), Some("/mnt/aoi7"));
        let relative = parse(&WHOLE.replace("/mnt/aoi7", "export")).unwrap();
        let path = &relative.sources[0].watches[0].options["path"];
        assert_eq!(path.as_str(), Some("/etc/agent/export"), "below the file's folder");
        assert_eq!((watch.kind.as_str(), watch.mapping.as_str()), ("folder", "saki-like"));
        assert_eq!(watch.patience.millis(), 600_000);
        let options: Vec<&str> = watch.options.keys().map(String::as_str).collect();
        assert_eq!(options, ["path"], "what is common is taken out");
    }

    #[test]
    fn every_fault_is_named() {
        for (from, to, want) in [
            ("listen = \"127.0.0.1:7071\"", "listen = \"0.0.0.0:7071\"", "loopback"),
            ("listen = \"127.0.0.1:7071\"", "lisen = \"x\"", "lisen"),
            ("every = \"90s\"", "every = \"0s\"", "between 1s and 24h"),
            ("every = \"90s\"", "every = \"90\"", "every"),
            ("every = \"90s\"", "every = \"25h\"", "between 1s and 24h"),
            ("every = \"90s\"", "cadence = \"90s\"", "cadence"),
            ("06:30-05:00", "24:00+00:00", "day-end"),
            ("06:30-05:00", "6:30+00:00", "day-end"),
            ("06:30-05:00", "06:30", "day-end"),
            ("06:30-05:00", "06:30\u{ff0b}08:00", "day-end"),
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
}
