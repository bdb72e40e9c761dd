//! The vault's care: checking, copying, putting back, keeping and deleting.

use std::path::Path;

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use spec::key::KeyName;

use super::{Desk, Said, either, open_vault, shown};
use crate::cli::Language;
use crate::cli::args::{HoldArgs, HoldCommand, VaultArgs};
use crate::clock::{self, Clock, SystemClock};
use crate::error::{AgentError, EXIT_ANCHORED, EXIT_INCOMPLETE, EXIT_REFUSED};
use crate::number;
use crate::site::words;
use crate::vault::{Checked, Copied, Expired, Rule, Scope, Unlock, Vault, WentBack, refuse_inside};

/// The most bytes of a file of retention rules.
const MAX_RULES_SIZE: usize = 256 * 1024;

/// Verifies everything in the vault.
pub(crate) fn check(desk: &Desk<'_>, args: &VaultArgs) -> Result<Said, AgentError> {
    let language = desk.language;
    let vault = if desk.is_beside() {
        desk.vault(args)?
    } else {
        let unlock = crate::site::unlock(args.passphrase_file.as_deref())?;
        Arc::new(Vault::open_suspected(&args.vault, &unlock)?)
    };
    let checked = vault.check(&mut |progress| desk.caller.progress(progress))?;
    let damaged = checked.damage.len() as u64 + checked.more;
    let mut text = counted(&checked, language);
    for damage in &checked.damage {
        text += &format!("{}: {}\n", damage.what, damage.reason);
    }
    let mut json = as_json(&checked);
    json["pages_compared"] = json!(!desk.is_beside());
    if desk.is_beside() {
        text += either(
            language,
            "The checksums of the database's pages were not compared, since an agent is at work; \
             stop it and check again if you want that too.\n",
            "由于代理正在运行，未比对数据库各页的校验和；如需比对，请停止代理后再次校验。\n",
        );
    }
    // Whole is not newest: a copy that was put back is whole and must not sign.
    let went_back = vault.went_back();
    if let Some(why) = &went_back {
        text += &format!("{}\n", words::went_back(why, language));
        json["not_newest"] = json!(words::went_back(why, Language::En));
    }
    let expected = matches!(went_back, None | Some(WentBack::Restored { .. }));
    let code = if damaged == 0 && expected { EXIT_ANCHORED } else { EXIT_REFUSED };
    Ok(Said { text, json, code })
}

fn counted(checked: &Checked, language: Language) -> String {
    let Checked { evidence, statements, receipts, pending, .. } = checked;
    let damaged = checked.damage.len() as u64 + checked.more;
    let mut text = match language {
        Language::En => format!(
            "{}, {} and {} are whole, {}; {}\n",
            number::of(*evidence, "item of evidence", "items of evidence"),
            number::of(*statements, "statement", "statements"),
            number::of(*receipts, "receipt", "receipts"),
            number::of(*pending, "record waits", "records wait"),
            number::of(damaged, "thing is damaged", "things are damaged"),
        ),
        Language::Zh => format!(
            "完好：证据 {evidence} 项、声明 {statements} 条、回执 {receipts} 份；等待中的记录 \
             {pending} 条；损坏 {damaged} 处\n"
        ),
    };
    if checked.older > 0 {
        let older = checked.older;
        text += &match language {
            Language::En if older == 1 => {
                "1 receipt is whole and satisfies the policy as it was when it was made, not as it is \
                 now. It stays as it is: verify it with the policy of its time.\n"
                    .to_string()
            }
            Language::En => format!(
                "{older} receipts are whole and satisfy the policy as it was when they were made, not \
                 as it is now. They stay as they are: verify them with the policy of their time.\n"
            ),
            Language::Zh => format!(
                "{older} 份回执完好，符合其产生时的策略，但不符合现在的策略。它们保持原样：请用当时的策略验证。\n"
            ),
        };
    }
    text
}

fn as_json(checked: &Checked) -> Value {
    let damage = checked.damage.iter();
    let damage = damage.map(|one| json!({ "what": one.what, "reason": one.reason }));
    json!({
        "evidence": checked.evidence, "statements": checked.statements,
        "receipts": checked.receipts, "receipts_of_older_policy": checked.older,
        "pending": checked.pending,
        "damage": damage.collect::<Vec<_>>(), "more": checked.more,
    })
}

/// Copies the vault.
pub(crate) fn backup(desk: &Desk<'_>, args: &VaultArgs, to: &Path) -> Result<Said, AgentError> {
    if !desk.is_beside() {
        refuse_inside(to, &args.vault)?;
    }
    let (vault, disk) = (desk.vault(args)?, desk.caller.disk(to));
    let copied = vault.backup(to, disk, &mut |progress| desk.caller.progress(progress))?;
    Ok(copied_said(&copied, to, desk.language))
}

/// Puts a copy back.
pub(crate) fn restore(
    desk: &Desk<'_>,
    from: &Path,
    to: &Path,
    passphrase_file: Option<&Path>,
) -> Result<Said, AgentError> {
    let unlock = crate::site::unlock(passphrase_file)?;
    let copied = Vault::restore(from, to, &unlock, &mut |progress| desk.caller.progress(progress))?;
    let mut said = copied_said(&copied, to, desk.language);
    said.text += either(
        desk.language,
        "The next run asks the log where each chain goes on, and states what cannot be opened.\n",
        "下一次运行会向日志询问各链从何处继续，并声明哪些已无法披露。\n",
    );
    Ok(said)
}

fn copied_said(copied: &Copied, to: &Path, language: Language) -> Said {
    let Copied { packs, bytes, checked } = copied;
    let done = either(language, "copied and verified", "已复制并校验");
    let text = format!(
        "{}: {done}, {}, {}\n{}",
        shown(to),
        number::of(*packs, "pack", "packs"),
        number::of(*bytes, "byte", "bytes"),
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
    desk: &Desk<'_>,
    args: &VaultArgs,
    rules: &Path,
    dry_run: bool,
) -> Result<Said, AgentError> {
    let rules = read_rules(desk, rules)?;
    let mut vault = desk.vault(args)?;
    let now = SystemClock::new().now();
    // A clock that runs ahead would delete too early; what witnesses said last is no later than now.
    let witnessed =
        vault.checkpoint()?.and_then(|kept| kept.accepted.ok()).and_then(|kept| kept.times());
    let now = witnessed.map_or(now, |times| now.min(later(times.latest.as_seconds())));
    let expired = vault.expire(now, &rules, dry_run)?;
    // Free pages of the database still hold what was deleted.
    let later = match Arc::get_mut(&mut vault) {
        _ if dry_run => false,
        Some(alone) => alone.compact().map(|()| false)?,
        None => vault.compact_later().map(|()| true)?,
    };
    Ok(expired_said(&expired, dry_run, later, desk.language))
}

fn read_rules(desk: &Desk<'_>, path: &Path) -> Result<Vec<Rule>, AgentError> {
    let bytes = desk.caller.read(path, MAX_RULES_SIZE).map_err(AgentError::file(path))?;
    let wrong = |why: String| AgentError::Config(format!("{}: {why}", shown(path)));
    let text = std::str::from_utf8(&bytes).map_err(|error| wrong(error.to_string()))?;
    let file: Rules = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
    match file.rules.is_empty() {
        true => Err(wrong("no [[rule]]: everything is kept for ever".to_string())),
        false => Ok(file.rules),
    }
}

fn expired_said(expired: &Expired, dry_run: bool, later: bool, language: Language) -> Said {
    let (records, evidence, size) = (expired.records, expired.evidence, expired.bytes);
    let done = match (dry_run, language) {
        (true, Language::En) => "would delete",
        (true, Language::Zh) => "将删除",
        (false, Language::En) => "deleted",
        (false, Language::Zh) => "已删除",
    };
    let mut text = match language {
        Language::En => format!(
            "{done} the salts and values of {} and {} ({}); {}\n",
            number::of(records, "record", "records"),
            number::of(evidence, "item of evidence", "items of evidence"),
            number::of(size, "byte", "bytes"),
            number::of(expired.held, "record is held", "records are held"),
        ),
        Language::Zh => format!(
            "{done} {records} 条记录的盐值和内容以及 {evidence} 项证据（{size} 字节）；{} 条记录被保留\n",
            expired.held
        ),
    };
    if later {
        text += either(
            language,
            "Free pages of the database are cleared when the agent is next started.\n",
            "数据库中的空闲页将在代理下次启动时清除。\n",
        );
    }
    let json = json!({
        "dry_run": dry_run, "records": records, "evidence": evidence, "bytes": size,
        "held": expired.held, "cleared_at_next_start": later,
    });
    Said::done(text, json)
}

/// What was deleted, the oldest first.
pub(crate) fn deletions(desk: &Desk<'_>, args: &VaultArgs) -> Result<Said, AgentError> {
    let (mut text, mut rows) = (String::new(), Vec::new());
    for one in desk.vault(args)?.deletions()? {
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
    open_vault(args)?.rekey(&unlock, &new)?;
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
pub(crate) fn hold(desk: &Desk<'_>, command: &HoldCommand) -> Result<Said, AgentError> {
    let (now, language) = (SystemClock::new().now(), desk.language);
    match command {
        HoldCommand::Add { vault, reason, what } => {
            let (vault, scope) = (desk.vault(vault)?, scope(what)?);
            if let Scope::Source(name) = &scope
                && !vault.sources()?.contains(name)
            {
                let why = format!("there is no source {name}, so that nothing would be held");
                return Err(AgentError::Input(why));
            }
            // Placed before it is looked for: what comes meanwhile is held.
            let number = vault.add_hold(scope.clone(), reason, now)?;
            let any = vault.names_any(&scope)?;
            Ok(held(number, &scope, any, language))
        }
        HoldCommand::Release { vault, number, reason } => {
            desk.vault(vault)?.release_hold(*number, reason, now)?;
            let released = either(language, "released", "已结束");
            Ok(Said::done(format!("{number} {released}\n"), json!({ "released": number })))
        }
        HoldCommand::List { vault } => {
            let (mut text, mut rows) = (String::new(), Vec::new());
            for hold in desk.vault(vault)?.holds()? {
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

/// A hold that names nothing stands all the same: what it is for may still come. But a typing error
/// in it would lose the evidence, so it is said and is no plain success.
fn held(number: u64, scope: &Scope, any: bool, language: Language) -> Said {
    let json = json!({ "hold": number, "scope": describe(scope), "names_any": any });
    if any {
        return Said::done(format!("{number}\n"), json);
    }
    let what = describe(scope);
    let why = match language {
        Language::En => format!(
            "Nothing in the vault is named by this hold ({what}). It stands, and keeps what comes. If \
             that was a typing error, release it and place it anew."
        ),
        Language::Zh => format!(
            "保险库中目前没有内容符合此项保留（{what}）。它已生效，将保留今后的内容。如系输入错误，请结束它并重新设立。"
        ),
    };
    Said { text: format!("{number}\n{why}\n"), json, code: EXIT_INCOMPLETE }
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
        [from, until] => match (parse(from)?, parse(until)?) {
            (from, until) if from <= until => Ok(Scope::Times(from, until)),
            _ => Err(input(format!("{until} is before {from}: nothing lies between them"))),
        },
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
