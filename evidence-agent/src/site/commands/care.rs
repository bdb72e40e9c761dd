//! The vault's care: checking, copying, putting back, keeping and deleting.

use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::{Value, json};
use spec::key::KeyName;

use super::{Said, either, open_vault, shown};
use crate::cli::Language;
use crate::cli::args::{HoldArgs, HoldCommand, VaultArgs};
use crate::clock::{self, Clock, SystemClock};
use crate::durable::read_bounded;
use crate::error::{AgentError, EXIT_ANCHORED, EXIT_REFUSED};
use crate::vault::{Checked, Copied, Progress, Rule, Scope, Unlock, Vault};

/// The most bytes of a file of retention rules.
const MAX_RULES_SIZE: usize = 256 * 1024;

/// Verifies everything in the vault.
pub(crate) fn check(args: &VaultArgs, language: Language) -> Result<Said, AgentError> {
    let unlock = crate::site::unlock(args.passphrase_file.as_deref())?;
    let vault = Vault::open_suspected(&args.vault, &unlock)?;
    let bar = bar();
    let checked = vault.check(&mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    let checked = checked?;
    let damaged = checked.damage.len() as u64 + checked.more;
    let mut text = counted(&checked, language);
    for damage in &checked.damage {
        text += &format!("{}: {}\n", damage.what, damage.reason);
    }
    let code = if damaged == 0 { EXIT_ANCHORED } else { EXIT_REFUSED };
    Ok(Said { text, json: as_json(&checked), code })
}

fn counted(checked: &Checked, language: Language) -> String {
    let Checked { evidence, statements, receipts, pending, .. } = checked;
    let damaged = checked.damage.len() as u64 + checked.more;
    match language {
        Language::En => format!(
            "{evidence} items of evidence, {statements} statements and {receipts} receipts are \
             whole, {pending} records wait; {damaged} things are damaged\n"
        ),
        Language::Zh => format!(
            "完好：证据 {evidence} 项、声明 {statements} 条、回执 {receipts} 份；等待中的记录 \
             {pending} 条；损坏 {damaged} 处\n"
        ),
    }
}

fn as_json(checked: &Checked) -> Value {
    let damage = checked.damage.iter();
    let damage = damage.map(|one| json!({ "what": one.what, "reason": one.reason }));
    json!({
        "evidence": checked.evidence, "statements": checked.statements,
        "receipts": checked.receipts, "pending": checked.pending,
        "damage": damage.collect::<Vec<_>>(), "more": checked.more,
    })
}

/// Copies the vault.
pub(crate) fn backup(args: &VaultArgs, to: &Path, language: Language) -> Result<Said, AgentError> {
    let bar = bar();
    let copied = open_vault(args)?.backup(to, &mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    Ok(copied_said(&copied?, to, language))
}

/// Puts a copy back.
pub(crate) fn restore(
    from: &Path,
    to: &Path,
    passphrase_file: Option<&Path>,
    language: Language,
) -> Result<Said, AgentError> {
    let unlock = crate::site::unlock(passphrase_file)?;
    let bar = bar();
    let copied = Vault::restore(from, to, &unlock, &mut |progress| show(&bar, progress));
    bar.finish_and_clear();
    let mut said = copied_said(&copied?, to, language);
    said.text += either(
        language,
        "The next run asks the log where each chain goes on, and states what cannot be opened.\n",
        "下一次运行会向日志询问各链从何处继续，并声明哪些已无法开示。\n",
    );
    Ok(said)
}

fn copied_said(copied: &Copied, to: &Path, language: Language) -> Said {
    let Copied { packs, bytes, checked } = copied;
    let done = either(language, "copied and verified", "已复制并校验");
    let text = format!(
        "{}: {done}, {packs} packs, {bytes} bytes\n{}",
        shown(to),
        counted(checked, language)
    );
    let json = json!({ "packs": packs, "bytes": bytes, "checked": as_json(checked) });
    Said::done(text, json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    #[serde(default, rename = "rule")]
    rules: Vec<Rule>,
}

/// Deletes what no rule keeps and no hold.
pub(crate) fn expire(
    args: &VaultArgs,
    rules: &Path,
    dry_run: bool,
    language: Language,
) -> Result<Said, AgentError> {
    let bytes = read_bounded(rules, MAX_RULES_SIZE).map_err(AgentError::file(rules))?;
    let wrong = |why: String| AgentError::Input(format!("{}: {why}", shown(rules)));
    let text = std::str::from_utf8(&bytes).map_err(|error| wrong(error.to_string()))?;
    let file: Rules = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if file.rules.is_empty() {
        return Err(wrong("no [[rule]]: everything is kept for ever".to_string()));
    }
    let mut vault = open_vault(args)?;
    let now = SystemClock::new().now();
    // A clock that runs ahead would delete too early; what witnesses said last is no later than now.
    let witnessed = vault.checkpoint()?.and_then(|(_, accepted)| accepted.times());
    let now = witnessed.map_or(now, |times| now.min(later(times.latest.as_seconds())));
    let expired = vault.expire(now, &file.rules, dry_run)?;
    if !dry_run {
        // Free pages of the database still hold what was deleted.
        vault.compact()?;
    }
    let (records, evidence, size) = (expired.records, expired.evidence, expired.bytes);
    let done = match (dry_run, language) {
        (true, Language::En) => "would delete",
        (true, Language::Zh) => "将删除",
        (false, Language::En) => "deleted",
        (false, Language::Zh) => "已删除",
    };
    let text = match language {
        Language::En => format!(
            "{done} the salts and values of {records} records and {evidence} items of evidence \
             ({size} bytes); {} records are held\n",
            expired.held
        ),
        Language::Zh => format!(
            "{done} {records} 条记录的盐值和内容以及 {evidence} 项证据（{size} 字节）；{} 条记录被保留\n",
            expired.held
        ),
    };
    let json = json!({
        "dry_run": dry_run, "records": records, "evidence": evidence, "bytes": size,
        "held": expired.held,
    });
    Ok(Said::done(text, json))
}

/// What was deleted, the oldest first.
pub(crate) fn deletions(args: &VaultArgs) -> Result<Said, AgentError> {
    let (mut text, mut rows) = (String::new(), Vec::new());
    for one in open_vault(args)?.deletions()? {
        let (when, count) = (clock::format(one.deleted), one.records.len());
        let (source, sequence, rules) = (one.source.as_str(), one.sequence, &one.rules);
        text += &format!("{when}\t{source}\t{sequence}\t{count}\t{}\t{rules}\n", one.bytes);
        rows.push(json!({
            "deleted": when, "source": source, "sequence": sequence, "records": one.records,
            "evidence": one.evidence, "bytes": one.bytes, "rules": rules,
        }));
    }
    Ok(Said::done(text, Value::Array(rows)))
}

/// Encrypts the vault's data key to another passphrase.
pub(crate) fn rekey(args: &VaultArgs, new: &Path, language: Language) -> Result<Said, AgentError> {
    let unlock = crate::site::unlock(args.passphrase_file.as_deref())?;
    let Unlock::Passphrase(new) = crate::site::unlock(Some(new))? else {
        return Err(AgentError::Input("the new passphrase is empty".to_string()));
    };
    Vault::open(&args.vault, &unlock)?.rekey(&unlock, &new)?;
    let text = either(
        language,
        "the vault opens with the new passphrase; copies made before still open with the old one\n",
        "保险库已改用新口令；此前的副本仍用旧口令打开\n",
    );
    Ok(Said::done(text, json!({ "rekeyed": true })))
}

/// A day behind a witnessed time: as far as the own clock is believed beyond it.
const fn later(seconds: u64) -> crate::model::UnixMillis {
    crate::model::UnixMillis(seconds.saturating_add(86_400).saturating_mul(1000))
}

/// Places, lists and releases holds.
pub(crate) fn hold(command: &HoldCommand, language: Language) -> Result<Said, AgentError> {
    let now = SystemClock::new().now();
    match command {
        HoldCommand::Add { vault, reason, what } => {
            let number = open_vault(vault)?.add_hold(scope(what)?, reason, now)?;
            Ok(Said::done(format!("{number}\n"), json!({ "hold": number })))
        }
        HoldCommand::Release { vault, number, reason } => {
            open_vault(vault)?.release_hold(*number, reason, now)?;
            let released = either(language, "released", "已结束");
            Ok(Said::done(format!("{number} {released}\n"), json!({ "released": number })))
        }
        HoldCommand::List { vault } => {
            let (mut text, mut rows) = (String::new(), Vec::new());
            for hold in open_vault(vault)?.holds()? {
                let (placed, what) = (clock::format(hold.placed), describe(&hold.scope));
                let released = hold.released.map(|(when, why)| (clock::format(when), why));
                let end = released.as_ref().map_or("-".to_string(), |(when, _)| when.clone());
                text += &format!("{}\t{placed}\t{end}\t{what}\t{}\n", hold.number, hold.reason);
                rows.push(json!({
                    "hold": hold.number, "placed": placed, "scope": what, "reason": hold.reason,
                    "released": released.map(|(when, why)| json!({ "when": when, "reason": why })),
                }));
            }
            Ok(Said::done(text, Value::Array(rows)))
        }
    }
}

fn scope(what: &HoldArgs) -> Result<Scope, AgentError> {
    let input = |why: String| AgentError::Input(why);
    if let Some(unit) = &what.unit {
        return Ok(Scope::Unit(unit.clone().into_bytes()));
    }
    if let Some(lot) = &what.lot {
        return Ok(Scope::Lot(lot.clone().into_bytes()));
    }
    if let Some(source) = &what.source {
        let name = KeyName::parse(source).map_err(|error| input(error.to_string()))?;
        return Ok(Scope::Source(name));
    }
    let moments = what.between.as_deref().unwrap_or_default();
    let parse = |text: &String| {
        clock::parse(text).ok_or_else(|| {
            input(format!("{text:?} is no moment with a zone such as 2026-03-02T08:00:00+08:00"))
        })
    };
    match moments {
        [from, until] => Ok(Scope::Times(parse(from)?, parse(until)?)),
        _ => Err(input("say what is held".to_string())),
    }
}

fn describe(scope: &Scope) -> String {
    match scope {
        Scope::Lot(lot) => format!("lot {}", String::from_utf8_lossy(lot)),
        Scope::Source(source) => format!("source {source}"),
        Scope::Times(from, until) => {
            format!("{} .. {}", clock::format(*from), clock::format(*until))
        }
        Scope::Unit(unit) => format!("unit {}", String::from_utf8_lossy(unit)),
    }
}

/// Seen on a terminal only.
fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len}, {eta} left");
    ProgressBar::new(0).with_style(style.expect("the template is well formed"))
}

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_length(progress.total);
    bar.set_position(progress.done);
}
