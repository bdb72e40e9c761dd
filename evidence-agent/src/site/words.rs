//! The words of the status page and command, in both languages.

use crate::cli::Language;
use crate::clock;
use crate::model::UnixMillis;

/// Short words, each used in one place.
pub(crate) struct Words {
    pub(crate) alarms: &'static str,
    pub(crate) answers: &'static str,
    pub(crate) captured: &'static str,
    pub(crate) days_left: &'static str,
    pub(crate) disk: &'static str,
    pub(crate) entry: &'static str,
    pub(crate) lag: &'static str,
    pub(crate) last_sealed: &'static str,
    pub(crate) log: &'static str,
    pub(crate) never: &'static str,
    pub(crate) next: &'static str,
    pub(crate) none: &'static str,
    pub(crate) queue: &'static str,
    pub(crate) receipt: &'static str,
    pub(crate) stopped: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unsettled: &'static str,
}

const ENGLISH: Words = Words {
    alarms: "alarms",
    answers: "answers",
    captured: "captured",
    days_left: "days left at this pace",
    disk: "disk",
    entry: "entry",
    lag: "lag",
    last_sealed: "last statement",
    log: "log",
    never: "never",
    next: "next statement",
    none: "none",
    queue: "waiting records + statements",
    receipt: "last receipt",
    stopped: "STOPPED",
    title: "Evidence agent",
    unsettled: "not yet stable",
};

const CHINESE: Words = Words {
    alarms: "告警",
    answers: "正常应答",
    captured: "已采集",
    days_left: "天后写满（按目前速度）",
    disk: "磁盘",
    entry: "条目",
    lag: "延迟",
    last_sealed: "最近的声明",
    log: "日志",
    never: "从未",
    next: "下一条声明",
    none: "无",
    queue: "等待中的记录 + 声明",
    receipt: "最近的回执",
    stopped: "已停止",
    title: "证据代理",
    unsettled: "尚未稳定",
};

impl Words {
    /// Those of a language.
    pub(crate) const fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &ENGLISH,
            Language::Zh => &CHINESE,
        }
    }
}

/// A moment, or that there was none.
pub(crate) fn moment(moment: Option<UnixMillis>, language: Language) -> String {
    moment.map_or_else(|| Words::of(language).never.to_string(), clock::format)
}
