//! `doctor`: what state a witness is in, in plain words, and what to do.
//!
//! It changes nothing, apart from `--restored` (see [`crate::restored`]) and `--clock-ok`, which are
//! the operator's word. It needs the state to itself: a running witness is asked at `/readyz`.

use std::fmt::{Display, Write};
use std::path::Path;

use spec::time::format_utc;

use crate::clock::{Clock, MachineTime};
use crate::high_water::{HighWater, compare};
use crate::keys::Signers;
use crate::registry::Registry;
use crate::settings::Settings;
use crate::state::{State, StateError};
use crate::witness::{last_signed, word_of};

/// The language of what is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// The language of the environment: the first of LC_ALL, LC_MESSAGES and LANG that is set.
    #[must_use]
    pub fn of_environment(read: impl Fn(&str) -> Option<String>) -> Self {
        let mut values = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(read);
        let first = values.find(|value| !value.is_empty());
        let is_chinese = first.is_some_and(|value| value.to_lowercase().starts_with("zh"));
        if is_chinese { Self::Zh } else { Self::En }
    }
}

/// How a part of the witness is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As it should be.
    Fine,
    /// It could not be looked at.
    Unknown,
    /// Not as it should be.
    Wrong,
}

/// What was found of one part, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub health: Health,
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

/// What to do after anything was restored, copied or lost.
const RESTORED_EN: &str = "The old keys may have signed more than this state knows, so they must \
never sign again. Run `fiducial-witness doctor --restored`: it retires them, makes fresh ones and \
prints what policies need.";
const RESTORED_ZH: &str = "旧密钥签署过的内容可能比此状态所记录的更多，因此绝不能再用来签名。请运行 \
`fiducial-witness doctor --restored`：它会停用旧密钥、生成新密钥，并打印策略文件所需的内容。";

/// Looks at everything.
#[must_use]
pub fn examine(data: &Path) -> Vec<Finding> {
    let settings = match Settings::load(data) {
        Ok(settings) => settings,
        Err(error) => {
            return vec![unknown(
                format!("No witness is here: {error}"),
                format!("此处没有见证者：{}", quoted(&error)),
            )];
        }
    };
    let mut findings =
        vec![fine(format!("Witness {}", settings.name), format!("见证者 {}", settings.name))];
    findings.push(examine_keys(&settings));
    findings.push(examine_logs(&settings));
    findings.extend(examine_records(&settings));
    findings
}

/// The worst of all findings.
#[must_use]
pub fn worst(findings: &[Finding]) -> Health {
    findings.iter().map(|finding| finding.health).max().unwrap_or(Health::Unknown)
}

/// Writes findings for people.
#[must_use]
pub fn report(findings: &[Finding], language: Language) -> String {
    let mut text = String::new();
    for finding in findings {
        let (mark, said) = match (language, finding.health) {
            (Language::En, Health::Fine) => ("ok      ", &finding.en),
            (Language::En, Health::Unknown) => ("unknown ", &finding.en),
            (Language::En, Health::Wrong) => ("WRONG   ", &finding.en),
            (Language::Zh, Health::Fine) => ("正常  ", &finding.zh),
            (Language::Zh, Health::Unknown) => ("未知  ", &finding.zh),
            (Language::Zh, Health::Wrong) => ("异常  ", &finding.zh),
        };
        writeln!(text, "{mark}{said}").expect("writing to memory does not fail");
    }
    text
}

fn examine_keys(settings: &Settings) -> Finding {
    match Signers::load(settings) {
        Ok(signers) => {
            let ids: Vec<String> = signers
                .verifier_keys()
                .map(|key| format!("{} ({:?})", key.id(), key.algorithm()))
                .collect();
            let ids = ids.join(", ");
            fine(format!("Keys that sign: {ids}"), format!("用于签名的密钥：{ids}"))
        }
        Err(error) => wrong(
            format!("The keys cannot be used: {error}. If files were lost: {RESTORED_EN}"),
            format!("密钥无法使用：{}。若文件已丢失：{RESTORED_ZH}", quoted(&error)),
        ),
    }
}

fn examine_logs(settings: &Settings) -> Finding {
    match Registry::load(settings) {
        Ok((registry, _)) if registry.count() == 0 => fine(
            "No log is listed yet; add one with `fiducial-witness log add`.".to_owned(),
            "尚未登记任何日志；请用 `fiducial-witness log add` 添加。".to_owned(),
        ),
        Ok((registry, _)) => {
            let logs = registry.count();
            let disabled = registry.logs().iter().filter(|(_, log)| !log.enabled).count();
            fine(
                format!("{logs} logs are listed, {disabled} of them disabled."),
                format!("已登记 {logs} 个日志，其中 {disabled} 个已停用。"),
            )
        }
        Err(error) => wrong(
            format!("The logs cannot be read: {error}. Mend the file; the state is not concerned."),
            format!("无法读取日志清单：{}。请修复该文件；状态不受影响。", quoted(&error)),
        ),
    }
}

fn examine_records(settings: &Settings) -> Vec<Finding> {
    let opened = match State::open(&settings.state()) {
        Ok(opened) => opened,
        Err(StateError::InUse) => {
            return vec![unknown(
                "The witness is running; ask it at /readyz, or stop it and run doctor again."
                    .to_owned(),
                "见证者正在运行；请查询 /readyz，或先停止它再运行 doctor。".to_owned(),
            )];
        }
        Err(error @ StateError::Io(_)) => {
            return vec![unknown(
                format!("The state could not be looked at: {error}"),
                format!("无法查看状态：{}", quoted(&error)),
            )];
        }
        Err(error) => {
            return vec![wrong(
                format!("What was cosigned is lost: {error}. {RESTORED_EN}"),
                format!("已联署的记录丢失：{}。{RESTORED_ZH}", quoted(&error)),
            )];
        }
    };
    let head = opened.state.head();
    let (number, logs) = (head.number, opened.logs.len());
    let records = match HighWater::open(&settings.high_water) {
        Ok(Some((_, record))) => match compare(head, opened.chain_before, record) {
            Ok(behind) => fine(
                format!(
                    "State and second record agree at commit {number}: {logs} logs cosigned.{}",
                    if behind {
                        " A crash left the record one behind; the next start mends it."
                    } else {
                        ""
                    }
                ),
                format!(
                    "状态与第二记录在第 {number} 次提交处一致：已联署 {logs} 个日志。{}",
                    if behind {
                        "一次崩溃使第二记录落后一步，下次启动会自动补上。"
                    } else {
                        ""
                    }
                ),
            ),
            Err(disagreement) => wrong(
                format!("State and second record disagree: {disagreement}. {RESTORED_EN}"),
                format!("状态与第二记录不一致：{}。{RESTORED_ZH}", disagreement.to_chinese()),
            ),
        },
        Ok(None) => lost_record(&settings.high_water, "unreadable", "无法读取"),
        Err(error) if error.is_missing() => lost_record(&settings.high_water, "missing", "缺失"),
        Err(error) => unknown(
            format!("The second record could not be looked at: {error}"),
            format!("无法查看第二记录：{}", quoted(&error)),
        ),
    };
    let clock = Clock::start(Box::new(MachineTime), last_signed(&opened), word_of(settings));
    vec![records, examine_clock(&clock)]
}

fn lost_record(path: &Path, en: &str, zh: &str) -> Finding {
    let path = path.display();
    wrong(
        format!(
            "The second record {path} is {en}; whether the state is the latest cannot be told. {RESTORED_EN}"
        ),
        format!("第二记录 {path} {zh}；无法判断状态是否最新。{RESTORED_ZH}"),
    )
}

fn examine_clock(clock: &Clock) -> Finding {
    match clock.now() {
        Ok(now) => {
            let now = format_utc(now.as_seconds());
            fine(
                format!("The clock agrees with what was signed (now {now})."),
                format!("时钟与已签署的时间相符（当前 {now}）。"),
            )
        }
        Err(fault) => wrong(
            format!(
                "The clock is not trusted: {fault}. Compare it with another one, set it right, then \
                 run `fiducial-witness doctor --clock-ok`. If the witness has signed times in the \
                 future, its keys are of no more use: run `fiducial-witness doctor --restored`."
            ),
            format!(
                "时钟不可信：{}。请与另一时钟比对并校正，然后运行 `fiducial-witness doctor --clock-ok`。\
                 若见证者已签署了未来的时间，其密钥便不能再用：请运行 `fiducial-witness doctor --restored`。",
                fault.to_chinese()
            ),
        ),
    }
}

/// What the system or a parser says is English in both languages, and is marked as their words.
fn quoted(error: &dyn Display) -> String {
    format!("（原文）{error}")
}

fn fine(en: String, zh: String) -> Finding {
    Finding { health: Health::Fine, en, zh }
}

fn unknown(en: String, zh: String) -> Finding {
    Finding { health: Health::Unknown, en, zh }
}

fn wrong(en: String, zh: String) -> Finding {
    Finding { health: Health::Wrong, en, zh }
}
