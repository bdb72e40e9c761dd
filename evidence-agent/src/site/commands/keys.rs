//! Sources: their keys, the requests for the log's operator, where their chains end.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use spec::encoding::{decode_hex, encode_hex};
use spec::evidence::enrolment::Enrolment;
use spec::evidence::tag::LOT_KEY_SIZE;
use spec::key::KeyName;
use zeroize::Zeroizing;

use super::{Desk, Said, either, shown};
use crate::cli::Language;
use crate::cli::args::{SourceCommand, VaultArgs};
use crate::clock::{Clock, SystemClock};
use crate::disclose::{self, OfLot};
use crate::durable::Access;
use crate::error::AgentError;
use crate::init::fresh_key;
use crate::log_client::LogClient;
use crate::model::names_nobody;
use crate::site::qr;
use crate::spool::salts::random;
use crate::spool::{daily, resume as chain_end, tags};
use crate::vault::Vault;

/// How long `resume` asks the log.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// Makes sources, lists them, asks for their keys.
pub(crate) fn source(desk: &Desk<'_>, command: &SourceCommand) -> Result<Said, AgentError> {
    match command {
        SourceCommand::Add { name, vault } => {
            let key = fresh_key(name)?;
            desk.vault(vault)?.add_source(&key)?;
            let key = key.verifier().to_string();
            Ok(Said::done(format!("{key}\n"), json!({ "source_key": key })))
        }
        SourceCommand::List { vault } => list(&*desk.vault(vault)?),
        SourceCommand::Request { name, vault, out } => {
            let vault = desk.vault(vault)?;
            let key = vault.key(&parse_name(name)?)?;
            give(desk, &Enrolment::first(vault.origin().clone(), &key), out.as_ref())
        }
        SourceCommand::Rotate { name, vault, out } => {
            let (vault, name) = (desk.vault(vault)?, parse_name(name)?);
            // Made once: a request that was lost is written again for the same key.
            let new = match vault.next_key(&name)? {
                Some(key) => key,
                None => vault.put_next_key(&fresh_key(name.as_str())?)?,
            };
            let old = vault.key(&name)?;
            let request = Enrolment::rotation(vault.origin().clone(), &new, &old)
                .map_err(|error| AgentError::Input(error.to_string()))?;
            give(desk, &request, out.as_ref())
        }
        SourceCommand::Switch { name, vault } => {
            let (vault, name) = (desk.vault(vault)?, parse_name(name)?);
            let key = vault.switch_key(&name)?.to_string();
            let text = match desk.language {
                Language::En => format!("{name} signs with {key} from its next statement on\n"),
                Language::Zh => format!("{name} 从下一条声明起用 {key} 签名\n"),
            };
            Ok(Said::done(text, json!({ "source": name.as_str(), "source_key": key })))
        }
    }
}

fn list(vault: &Vault) -> Result<Said, AgentError> {
    let (mut text, mut rows) = (String::new(), Vec::new());
    for name in vault.sources()? {
        let (head, key) = (vault.head(&name)?, vault.key(&name)?);
        let key = key.verifier().to_string();
        let stopped = chain_end::stopped(vault, &name)?.map(|stopped| stopped.detail);
        let state = stopped.as_deref().unwrap_or("-");
        text += &format!("{name}\t{key}\t{}\t{state}\n", head.next_sequence);
        rows.push(json!({
            "source": name.as_str(), "source_key": key,
            "next_sequence": head.next_sequence, "stopped": stopped,
        }));
    }
    Ok(Said::done(text, Value::Array(rows)))
}

/// Writes a request, or prints it.
fn give(desk: &Desk<'_>, request: &Enrolment, out: Option<&PathBuf>) -> Result<Said, AgentError> {
    let bytes = request.to_bytes();
    let json = json!({ "source_key": request.key().to_string(), "request": request.to_string() });
    let Some(path) = out else {
        return Ok(Said::done(request.to_string(), json));
    };
    desk.caller.write_new(path, &bytes, Access::Everybody).map_err(AgentError::file(path))?;
    let text = match desk.language {
        Language::En => format!(
            "{0}: give it to the log's operator, who runs: fiducial-log source approve {0}\n",
            shown(path)
        ),
        Language::Zh => format!(
            "{0}：请交给日志运营方，由其运行：fiducial-log source approve {0}\n",
            shown(path)
        ),
    };
    Ok(Said::done(text, json))
}

/// Lets a chain that stands still go on behind what the log has.
pub(crate) fn resume(desk: &Desk<'_>, vault: &VaultArgs, source: &str) -> Result<Said, AgentError> {
    let (vault, name) = (desk.vault(vault)?, parse_name(source)?);
    if desk.is_beside() {
        // A chain that goes on must not be moved under the hands of who signs for it; one that
        // stands still is left alone by the turns until this is done.
        if vault.went_back().is_some() || chain_end::stopped(&vault, &name)?.is_none() {
            let why = "does not stand still, or is being asked for by the running agent itself: there \
                       is nothing to resume";
            return Err(AgentError::Failed(format!("{name} {why}")));
        }
        desk.wait_for_turn();
    }
    let log = LogClient::new(vault.log());
    log.begin(PATIENCE);
    let resumed = chain_end::resume(&vault, &log, &name, &SystemClock::new())?;
    let next = resumed.next;
    let text = match (resumed.lost, desk.language) {
        (None, Language::En) => format!("{name} goes on at {next}; nothing is lost\n"),
        (None, Language::Zh) => format!("{name} 从 {next} 继续；没有缺失\n"),
        (Some((first, last)), Language::En) => format!(
            "{name} goes on at {next}; statements {first} to {last} cannot be opened any more, and \
             the next statement says so\n"
        ),
        (Some((first, last)), Language::Zh) => {
            format!("{name} 从 {next} 继续；声明 {first} 至 {last} 已无法披露，下一条声明会写明\n")
        }
    };
    let lost = resumed.lost.map(|(first, last)| json!([first, last]));
    Ok(Said::done(text, json!({ "source": name.as_str(), "next": next, "lost": lost })))
}

/// The ends of the chains, one signed line each, and as QR codes.
pub(crate) fn root(
    desk: &Desk<'_>,
    vault: &VaultArgs,
    source: Option<&str>,
    show_qr: bool,
    png: Option<&Path>,
) -> Result<Said, AgentError> {
    let (vault, now) = (desk.vault(vault)?, SystemClock::new().now());
    let names = match source {
        Some(name) => vec![parse_name(name)?],
        None => vault.sources()?,
    };
    let (mut text, mut lines) = (String::new(), Vec::new());
    for name in names {
        let Some(line) = daily::line(&vault, &name, now)? else {
            let nothing = either(desk.language, "has made no statement yet", "尚未作出声明");
            text += &format!("# {name} {nothing}\n");
            continue;
        };
        text += &format!("{line}\n");
        if show_qr {
            text += &format!("{}\n", qr::terminal(&line)?);
        }
        if let Some(path) = png {
            let bytes = qr::png(&line)?;
            // A day's root is a display, written again every day. Whoever needs it has it signed.
            desk.caller.show(path, &bytes).map_err(AgentError::file(path))?;
        }
        lines.push(line);
    }
    Ok(Said::done(text, json!({ "lines": lines })))
}

/// Makes a lot's key, takes one over, or hands out again the one that is kept.
pub(crate) fn lot_key(
    desk: &Desk<'_>,
    lot: &str,
    args: &VaultArgs,
    from: Option<&Path>,
    units: Option<&Path>,
    out: &Path,
) -> Result<Said, AgentError> {
    let vault = desk.vault(args)?;
    let units = units.map(|path| lot_units(desk, path)).transpose()?.unwrap_or_default();
    let kept = tags::kept_lot_key(&vault, lot.as_bytes())?;
    let is_kept = kept.is_some();
    let key = match (from, kept) {
        (Some(path), _) => read_lot_key(desk, path)?,
        (None, Some(key)) => key,
        (None, None) => {
            let mut key = Zeroizing::new([0_u8; LOT_KEY_SIZE]);
            random(key.as_mut_slice())?;
            key
        }
    };
    if is_kept {
        // Refuses another key before anything is written.
        tags::put_lot_key(&vault, lot.as_bytes(), &key)?;
    }
    // The file first: tags must not be made with a key that nobody has been given.
    let text = Zeroizing::new(format!("{}\n", encode_hex(key.as_slice())));
    desk.caller.write_new(out, text.as_bytes(), Access::Owner).map_err(AgentError::file(out))?;
    if !is_kept {
        tags::put_lot_key(&vault, lot.as_bytes(), &key)?;
    }
    let rows: Vec<&[u8]> = units.iter().map(Vec::as_slice).collect();
    vault.put_lot_of_units(lot.as_bytes(), &rows)?;
    // Said here, and not first where the buyer finds nothing: what was sealed before has noise for tags.
    let of_lot = OfLot::count(&vault, lot.as_bytes(), &units)?;
    let text = format!("{}\n{}", shown(out), of_lot.said(units.len(), desk.language));
    let json = json!({
        "lot": lot, "key_file": shown(out), "records": of_lot.records,
        "untagged": of_lot.untagged, "units": units.len(), "units_known": of_lot.units,
    });
    Ok(Said::done(text, json))
}

/// The units of a lot. What machines write for a code that they could not read is no unit: it stands on
/// boards of every lot, and would make all of them one customer's.
fn lot_units(desk: &Desk<'_>, path: &Path) -> Result<BTreeSet<Vec<u8>>, AgentError> {
    let units = disclose::read_units(desk, path)?;
    if let Some(unit) = units.iter().find(|unit| names_nobody(unit)) {
        let (list, unit) = (shown(path), String::from_utf8_lossy(unit));
        return Err(AgentError::Input(format!(
            "{list}: {unit:?} is what machines write for a code that they could not read, and no unit; \
             take it out of the list"
        )));
    }
    Ok(units)
}

fn read_lot_key(desk: &Desk<'_>, path: &Path) -> Result<Zeroizing<[u8; LOT_KEY_SIZE]>, AgentError> {
    let bytes = desk.caller.read(path, 1024).map_err(AgentError::file(path))?;
    let bytes = Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes).unwrap_or_default();
    let wrong = |_| AgentError::Input(format!("{} holds no lot key", shown(path)));
    decode_hex(text.trim()).map(Zeroizing::new).map_err(wrong)
}

fn parse_name(text: &str) -> Result<KeyName, AgentError> {
    KeyName::parse(text).map_err(|error| AgentError::Input(format!("{text:?}: {error}")))
}
