//! Questions: what a configuration would do, what a running agent does, papers of what is anchored.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use spec::Hash;
use spec::encoding::decode_hex;
use spec::evidence::disclosure::{Pick, PickFields};

use super::{Said, either, open_vault, shown};
use crate::cli::Language;
use crate::cli::args::{VaultArgs, WhichArgs};
use crate::clock::{Clock, SystemClock};
use crate::collect::Remembered;
use crate::durable::{Access, write_whole};
use crate::error::{AgentError, EXIT_ANCHORED, EXIT_REFUSED};
use crate::import;
use crate::model::{Content, Hash256, ItemKey, Seen, UnixMillis, WatchName};
use crate::site::config::Config;
use crate::site::open::{open, watched};
use crate::site::page::stands_still;
use crate::site::status::Status;
use crate::spool::capture::Watched;
use crate::vault::{RecordPlace, Vault};

/// How long a running agent may take to answer, and how much it may say.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);
const MAX_STATUS_SIZE: u64 = 16 * 1024 * 1024;

/// How many looks a dry run takes at most: one look gives some 2,000 files.
const MAX_LOOKS: usize = 10_000;
const HOUR_MILLIS: u64 = 3_600_000;

/// How long a broker may take to send what it has.
const BROKER_PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// Reads a configuration as `run` does; with `dry_run` looks at everything it names.
pub(crate) fn check_config(
    path: &Path,
    dry_run: bool,
    language: Language,
) -> Result<Said, AgentError> {
    let config = Config::load(path)?;
    if dry_run {
        return look_only(&config, language);
    }
    // The vault is opened as well, unless an agent is at work in it: then `run` has done so.
    let watches = watched(&config)?.len();
    let checked = open(&config);
    let running =
        matches!(&checked, Err(AgentError::Vault { reason, .. }) if reason.contains("at work"));
    if !running {
        checked?;
    }
    let (sources, fine) = (config.sources.len(), either(language, "is sound", "无误"));
    let counted = match language {
        Language::En => format!("{sources} sources, {watches} watches"),
        Language::Zh => format!("{sources} 个来源，{watches} 个监视"),
    };
    let text = format!("{} {fine}: {counted}\n", shown(path));
    Ok(Said::done(text, json!({ "sources": sources, "watches": watches })))
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
    complaints: Vec<String>,
}

/// Looks at every watch until it has nothing more, and reports what would be anchored.
fn look_only(config: &Config, language: Language) -> Result<Said, AgentError> {
    let (mut text, mut rows) = (String::new(), Vec::new());
    for mut watch in watched(config)? {
        let found = look_at(&mut watch, language)?;
        let name = &watch.collector.watch().0;
        text += &format!("{name} ({}):\n", watch.source);
        for ((kind, how), count) in &found.kinds {
            text += &format!("  {count} x {kind}  {how}\n");
        }
        found.complaints.iter().for_each(|line| text += &format!("  ! {line}\n"));
        let kinds = found.kinds.iter().map(
            |((kind, how), count)| json!({ "kind": kind, "interpreted": how, "count": count }),
        );
        let kinds: Vec<Value> = kinds.collect();
        rows.push(json!({ "watch": name, "found": kinds, "complaints": found.complaints }));
    }
    text += either(
        language,
        "Nothing was written and nothing was sent.\n",
        "未写入任何内容，也未发送任何内容。\n",
    );
    Ok(Said::done(text, Value::Array(rows)))
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
        let said = looked.complaints.into_iter();
        found.complaints.extend(said.map(|(item, why)| format!("{item}: {}", why.text(language))));
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
        return Err(AgentError::Input(format!("{}: {why}", shown(path))));
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

/// Writes the receipt and the opening of every record that was asked for.
pub(crate) fn papers(
    args: &VaultArgs,
    which: &WhichArgs,
    with_evidence: bool,
    out: &Path,
    language: Language,
) -> Result<Said, AgentError> {
    let vault = open_vault(args)?;
    let places = places(&vault, which)?;
    if places.is_empty() {
        let why = either(language, "the vault has no such record", "保险库中没有这样的记录");
        return Err(AgentError::Input(why.to_string()));
    }
    std::fs::create_dir_all(out).map_err(AgentError::file(out))?;
    let (mut text, mut rows) = (String::new(), Vec::new());
    for place in &places {
        let RecordPlace { source, sequence, record } = place;
        let stem = format!("{}-{sequence}-{record}", source.as_str().replace(['/', '\\'], "_"));
        let Some(receipt) = vault.receipt(source, *sequence)? else {
            let wait = either(language, "is not anchored yet", "尚未锚定");
            text += &format!("{source} {sequence} {wait}\n");
            continue;
        };
        let picks = [0, *record].map(|record| Pick { record, fields: PickFields::All });
        let opening = vault.opening(source, *sequence)?.disclose(&picks);
        let opening = opening.map_err(|error| AgentError::Input(error.to_string()))?;
        let files = [
            (out.join(format!("{stem}.tlog-proof")), receipt.to_bytes(), Access::Everybody),
            (
                out.join(format!("{stem}.disclosure.json")),
                opening.to_json().into_bytes(),
                Access::Owner,
            ),
        ];
        for (path, bytes, access) in &files {
            write_whole(path, bytes, *access).map_err(AgentError::file(path))?;
            text += &format!("{}\n", shown(path));
        }
        if with_evidence {
            let path = out.join(format!("{stem}.evidence"));
            text += &write_evidence(&vault, place, &path, language)?;
        }
        let [receipt, disclosure] = files.map(|(path, ..)| shown(&path));
        rows.push(json!({
            "source": source.as_str(), "sequence": sequence, "record": record,
            "receipt": receipt, "disclosure": disclosure,
        }));
    }
    Ok(Said::done(text, Value::Array(rows)))
}

/// Writes the evidence behind a record, verified while it is read.
fn write_evidence(
    vault: &Vault,
    place: &RecordPlace,
    path: &Path,
    language: Language,
) -> Result<String, AgentError> {
    let batch = vault.batch(&place.source, place.sequence)?;
    let at = usize::try_from(place.record).unwrap_or(usize::MAX);
    let value = batch.records().get(at).and_then(|record| record.value("file/sha256"));
    let hash = value.and_then(|text| decode_hex(std::str::from_utf8(text).ok()?).ok());
    let bytes = hash.map(|hash| vault.evidence(&Hash256(hash))).transpose()?.flatten();
    match bytes {
        Some(bytes) => {
            write_whole(path, &bytes, Access::Owner).map_err(AgentError::file(path))?;
            Ok(format!("{}\n", shown(path)))
        }
        None => {
            let gone = either(language, "not in the vault", "不在保险库中");
            Ok(format!("{}: {gone}\n", shown(path)))
        }
    }
}

/// Lists the shipped mappings, or shows one.
pub(crate) fn mapping(name: Option<&str>) -> Result<Said, AgentError> {
    let names = import::Mapping::names();
    let Some(name) = name else {
        return Ok(Said::done(names.join("\n") + "\n", json!(names)));
    };
    let text = import::Mapping::shipped_text(name).ok_or_else(|| {
        AgentError::Input(format!("there is no mapping {name:?}; there are {}", names.join(", ")))
    })?;
    Ok(Said::done(text, json!({ "name": name, "text": text })))
}

fn places(vault: &Vault, which: &WhichArgs) -> Result<Vec<RecordPlace>, AgentError> {
    if let Some(unit) = &which.unit {
        return vault.of_unit(unit.as_bytes());
    }
    let hash = match (&which.file, &which.sha256) {
        (Some(path), _) => {
            let bytes = std::fs::read(path).map_err(AgentError::file(path))?;
            Hash256::from(Hash::of(&bytes))
        }
        (None, Some(text)) => {
            let wrong = || AgentError::Input(format!("{text:?} is no SHA-256 in hexadecimal"));
            Hash256(decode_hex(text).map_err(|_| wrong())?)
        }
        (None, None) => return Ok(Vec::new()),
    };
    vault.of_file(&hash)
}
