//! Questions: what a configuration would do, what a running agent does, which mappings there are.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::{Desk, Said, either, shown};
use crate::cli::Language;
use crate::cli::args::{Command, SourceCommand, VaultArgs};
use crate::clock::{Clock, SystemClock};
use crate::collect::{LeftOut, Remembered};
use crate::error::{AgentError, EXIT_ANCHORED, EXIT_COULD_NOT, EXIT_REFUSED};
use crate::import;
use crate::model::{Content, ItemKey, Seen, UnixMillis, WatchName};
use crate::number;
use crate::site::config::Config;
use crate::site::control;
use crate::site::open::{no_source, open, watched};
use crate::site::page::stands_still;
use crate::site::status::Status;
use crate::site::words;
use crate::spool::capture::Watched;

/// How long a running agent may take to answer, and how much it may say.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
const MAX_STATUS_SIZE: u64 = 16 * 1024 * 1024;

/// How many looks a dry run takes at most: one look gives some 2,000 files.
const MAX_LOOKS: usize = 10_000;
const HOUR_MILLIS: u64 = 3_600_000;

/// How long a broker may take to send what it has.
const BROKER_PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// Reads a configuration as `run` does, and says all that would keep it from its work; with `dry_run`
/// looks at everything it names.
pub(crate) fn check_config(
    desk: &Desk<'_>,
    path: &Path,
    dry_run: bool,
) -> Result<Said, AgentError> {
    let (config, language) = (Config::load(path)?, desk.language);
    if dry_run {
        return look_only(desk, &config);
    }
    let watched = watched(&config)?;
    check_sources(desk, &config)?;
    let blind = watched.iter().filter_map(|watch| {
        let why = watch.collector.probe()?;
        let name = watch.collector.watch();
        Some((name.0.clone(), format!("{}{}", path_of(&config, name), why.text(language))))
    });
    let blind: Vec<(String, String)> = blind.collect();
    let (sources, watches) = (config.sources.len(), watched.len());
    let counted = match language {
        Language::En => {
            let sources = number::of(sources, "source", "sources");
            format!("{sources}, {}", number::of(watches, "watch", "watches"))
        }
        Language::Zh => format!("{sources} 个来源，{watches} 个监视"),
    };
    let text = if blind.is_empty() {
        format!("{}{}{counted}\n", shown(path), either(language, " is sound: ", " 无误："))
    } else {
        let lines = blind.iter().map(|(name, why)| format!("! {name}: {why}\n"));
        lines.collect::<String>() + &blind_said(blind.len(), watches, language)
    };
    let cannot_look: Vec<Value> =
        blind.iter().map(|(name, why)| json!({ "watch": name, "why": why })).collect();
    let code = if blind.is_empty() { EXIT_ANCHORED } else { EXIT_COULD_NOT };
    let json = json!({ "sources": sources, "watches": watches, "cannot_look": cannot_look });
    Ok(Said { text, json, code })
}

/// The path that a watch looks at, if it has one.
fn path_of(config: &Config, name: &WatchName) -> String {
    let mut watches = config.sources.iter().flat_map(|source| &source.watches);
    let path = watches.find(|watch| watch.name == *name);
    let path = path.and_then(|watch| watch.options.get("path")?.as_str());
    path.map_or_else(String::new, |path| format!("{path}: "))
}

fn blind_said(count: usize, of: usize, language: Language) -> String {
    match language {
        Language::En => {
            format!("{count} of {of} watches cannot look; `run` would try again and again\n")
        }
        Language::Zh => format!("共 {of} 个监视，其中 {count} 个无法查看；`run` 会不断重试\n"),
    }
}

/// Whether the vault has every source that the configuration names. While an agent is at work in it,
/// that agent is asked.
fn check_sources(desk: &Desk<'_>, config: &Config) -> Result<(), AgentError> {
    let args =
        VaultArgs { vault: config.vault.clone(), passphrase_file: config.passphrase_file.clone() };
    let list = Command::Source(SourceCommand::List { vault: args });
    let here = || open(config).map(|_| Said::done("", Value::Null));
    let said = control::wait_for_turn(&list, desk.language, desk.caller, &here)?;
    if said.json.is_null() {
        return Ok(());
    }
    let known: Vec<&str> = said
        .json
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| row["source"].as_str())
        .collect();
    match config.sources.iter().find(|source| !known.contains(&source.name.as_str())) {
        None => Ok(()),
        Some(source) => Err(no_source(&config.vault, &source.name)),
    }
}

/// A vault that remembers only what this dry run has seen.
#[derive(Default)]
struct Dry(BTreeMap<ItemKey, Seen>);

impl Remembered for Dry {
    fn seen(&self, _: &WatchName, key: &ItemKey) -> Result<Option<Seen>, AgentError> {
        Ok(self.0.get(key).cloned())
    }

    fn seen_below(
        &self,
        _: &WatchName,
        visit: &mut dyn FnMut(&ItemKey, &Seen),
    ) -> Result<(), AgentError> {
        self.0.iter().for_each(|(key, seen)| visit(key, seen));
        Ok(())
    }
}

/// What one watch would give.
#[derive(Default)]
struct Found {
    /// Kind and how it was read, and how often.
    kinds: BTreeMap<(String, String), u64>,
    /// What was complained of, each thing once however often it was looked at.
    complaints: Vec<String>,
    /// Whether it saw nothing of what it watches at the end.
    blind: bool,
    /// What lies there and is not looked at.
    left_out: LeftOut,
}

impl Found {
    /// A heading with nothing below it says nothing: whether the folder is empty, or the watch means
    /// something else, is what somebody wants to know who tries a configuration out.
    fn nothing(&self, language: Language) -> Option<String> {
        if !self.kinds.is_empty() || self.blind {
            return None;
        }
        let LeftOut { files, folders } = self.left_out;
        let mut text = either(language, "  0 files or items", "  0 个文件或条目").to_string();
        if folders > 0 {
            text += &match language {
                Language::En => {
                    let folders = number::of(folders, "folder below is", "folders below are");
                    format!("; {folders} not looked at: see `depth` and `exclude`")
                }
                Language::Zh => {
                    format!("；其下有 {folders} 个文件夹未查看：请参见 `depth` 和 `exclude`")
                }
            };
        }
        if files > 0 {
            text += &match language {
                Language::En => {
                    let files = number::of(files, "file is", "files are");
                    format!("; {files} not meant: see `include` and `exclude`")
                }
                Language::Zh => {
                    format!("；有 {files} 个文件不在范围内：请参见 `include` 和 `exclude`")
                }
            };
        }
        Some(text + "\n")
    }
}

/// Looks at every watch until it has nothing more, and reports what would be anchored.
fn look_only(desk: &Desk<'_>, config: &Config) -> Result<Said, AgentError> {
    let language = desk.language;
    let (mut text, mut rows, mut blind) = (String::new(), Vec::new(), 0);
    let watched = watched(config)?;
    let count = watched.len();
    // What would be anchored can be seen before there is a vault to anchor it.
    let unready = check_sources(desk, config).err().map(|error| error.message(language));
    for mut watch in watched {
        let found = look_at(&mut watch, language)?;
        blind += usize::from(found.blind);
        let name = &watch.collector.watch().0;
        text += &format!("{name} ({}):\n", watch.source);
        for ((kind, how), count) in &found.kinds {
            text += &format!("  {count} x {kind}  {how}\n");
        }
        text.extend(found.nothing(language));
        found.complaints.iter().for_each(|line| text += &format!("  ! {line}\n"));
        let kinds = found.kinds.iter().map(
            |((kind, how), count)| json!({ "kind": kind, "interpreted": how, "count": count }),
        );
        let kinds: Vec<Value> = kinds.collect();
        rows.push(json!({
            "watch": name, "found": kinds, "complaints": found.complaints,
            "cannot_look": found.blind, "files_left_out": found.left_out.files,
            "folders_left_out": found.left_out.folders,
        }));
    }
    unready.iter().for_each(|why| text += &format!("! {why}\n"));
    if blind > 0 {
        text += &blind_said(blind, count, language);
    }
    text += either(
        language,
        "Nothing was written and nothing was sent.\n",
        "未写入任何内容，也未发送任何内容。\n",
    );
    let code = if blind > 0 || unready.is_some() { EXIT_COULD_NOT } else { EXIT_ANCHORED };
    Ok(Said { text, json: Value::Array(rows), code })
}

/// Time is made to pass between two looks, so that what is stable now counts as stable.
fn look_at(watch: &mut Watched, language: Language) -> Result<Found, AgentError> {
    let (mut found, mut dry) = (Found::default(), Dry::default());
    let mut now = SystemClock::new().now();
    for look in 0..MAX_LOOKS {
        let looked = watch.collector.look(&dry, now, 1000)?;
        for sighting in &looked.sightings {
            for row in read(&watch.mapping, &sighting.name, &sighting.content) {
                *found.kinds.entry(row).or_default() += 1;
            }
            dry.0.insert(sighting.key.clone(), sighting.now.clone());
        }
        let tokens: Vec<u64> = looked.sightings.iter().map(|sighting| sighting.token).collect();
        (found.blind, found.left_out) = (looked.blind.is_some(), looked.left_out);
        for (item, why) in looked.complaints {
            let line = format!("{item}: {}", why.text(language));
            if !found.complaints.contains(&line) {
                found.complaints.push(line);
            }
        }
        // What a broker has shown stays with it: to accept it would take it away.
        if watch.collector.takes_away() {
            std::thread::sleep(BROKER_PATIENCE);
            if !tokens.is_empty() || look > 1 {
                break;
            }
            continue;
        }
        watch.collector.settled(&tokens)?;
        if look > 1 && tokens.is_empty() && !looked.more {
            break;
        }
        now = UnixMillis(now.0 + if looked.more { 0 } else { HOUR_MILLIS });
    }
    Ok(found)
}

fn read(mapping: &import::Mapping, name: &[u8], content: &Content) -> Vec<(String, String)> {
    let readings = match content {
        Content::Bytes(bytes) => import::read(mapping, name, bytes),
        Content::File(path) => {
            let size = std::fs::metadata(path).map_or(0, |data| data.len());
            vec![import::too_large(usize::try_from(size).unwrap_or(usize::MAX))]
        }
    };
    let row = |reading: crate::model::Reading| (reading.kind.to_string(), reading.interpreted);
    readings.into_iter().map(row).collect()
}

/// Asks the running agent over its local page.
pub(crate) fn status(path: &Path, language: Language) -> Result<Said, AgentError> {
    let config = Config::load(path)?;
    let Some(address) = config.listen else {
        let why = "the configuration has no `listen`; add listen = \"127.0.0.1:7071\"";
        return Err(AgentError::Config(format!("{}: {why}", shown(path))));
    };
    let url = format!("http://{address}/status.json");
    let failed = |reason: String| AgentError::Unreachable { url: url.clone(), reason };
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).build().into();
    let mut answer = agent
        .get(&url)
        .call()
        .map_err(|error| failed(format!("{error}; is `fiducial-agent run` at work?")))?;
    let bytes = answer.body_mut().with_config().limit(MAX_STATUS_SIZE).read_to_vec();
    let bytes = bytes.map_err(|error| failed(error.to_string()))?;
    let status: Status =
        serde_json::from_slice(&bytes).map_err(|error| failed(format!("no status: {error}")))?;
    let code = match status.alarms.iter().any(|alarm| stands_still(alarm.code)) {
        true => EXIT_REFUSED,
        false => EXIT_ANCHORED,
    };
    let json = serde_json::to_value(&status).expect("a status is JSON");
    Ok(Said { text: status.describe(language), json, code })
}

/// Lists the shipped mappings, or shows one.
pub(crate) fn mapping(name: Option<&str>, language: Language) -> Result<Said, AgentError> {
    let names = import::Mapping::names();
    let Some(name) = name else {
        let line = |name: &&str| format!("{name:24}{}\n", words::mapping(name, language));
        return Ok(Said::done(names.iter().map(line).collect::<String>(), json!(names)));
    };
    let text = import::Mapping::shipped_text(name).ok_or_else(|| {
        AgentError::Input(format!("there is no mapping {name:?}; there are {}", names.join(", ")))
    })?;
    Ok(Said::done(text, json!({ "name": name, "text": text })))
}
