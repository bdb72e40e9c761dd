//! What the agent is doing, as people and machines are shown it.
//!
//! One value, made by the run loop after each turn and shown in four ways: the local page, the
//! same as JSON, metrics, and the `status` command, which asks the page. It may name files and
//! folders, so it never leaves this machine by itself.

use serde::{Deserialize, Serialize};

use super::words::{self, Words};
use crate::cli::Language;
use crate::model::UnixMillis;

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Status {
    /// The program's version.
    pub(crate) version: String,
    /// Since when this process runs.
    pub(crate) started: UnixMillis,
    /// When this was put together.
    pub(crate) made: UnixMillis,
    /// The log's address.
    pub(crate) log: String,
    /// What is awaited of the log, or why it did not answer when it was asked last.
    pub(crate) log_trouble: Option<String>,
    /// Whether it did not answer, or lacks its witnesses.
    #[serde(default)]
    pub(crate) log_down: bool,
    /// Every source of the configuration.
    pub(crate) sources: Vec<SourceStatus>,
    /// The disk below the vault.
    pub(crate) disk: DiskStatus,
    /// What somebody should look at, the worst first.
    pub(crate) alarms: Vec<Alarm>,
}

/// One source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceStatus {
    /// Its name.
    pub(crate) name: String,
    /// Its watches.
    pub(crate) watches: Vec<WatchStatus>,
    /// Records that wait for the next statement.
    pub(crate) pending: u64,
    /// The number of the next statement.
    pub(crate) next_sequence: u64,
    /// When the last statement was sealed; `None` before the first.
    pub(crate) sealed: Option<UnixMillis>,
    /// Statements that are sealed and not anchored.
    pub(crate) unanchored: u64,
    /// When the oldest of those was sealed: the lag.
    pub(crate) waiting_since: Option<UnixMillis>,
    /// The newest receipt.
    pub(crate) receipt: Option<ReceiptStatus>,
    /// Why its chain stands still until somebody acts.
    pub(crate) stopped: Option<String>,
}

/// The newest receipt of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReceiptStatus {
    /// Of which statement.
    pub(crate) sequence: u64,
    /// Where the log holds it.
    pub(crate) index: u64,
    /// When this agent held a checkpoint that covers it.
    pub(crate) logged: UnixMillis,
    /// The latest time in the accepted quorum, RFC 3339 in UTC.
    pub(crate) witnessed: Option<String>,
}

/// One watch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WatchStatus {
    /// Its name.
    pub(crate) name: String,
    /// `folder`, `append`, `amqp` or `sql`.
    pub(crate) kind: String,
    /// How its items are read.
    #[serde(default)]
    pub(crate) mapping: String,
    /// Records of what was understood since this process runs.
    #[serde(default)]
    pub(crate) understood: u64,
    /// Records of what was not, which are attachments.
    #[serde(default)]
    pub(crate) not_understood: u64,
    /// When it last looked.
    pub(crate) looked: Option<UnixMillis>,
    /// Items that are there and not stable yet.
    pub(crate) unsettled: u64,
    /// Items captured since this process runs.
    pub(crate) captured: u64,
    /// What could not be read: item and reason, a few of them.
    pub(crate) complaints: Vec<(String, String)>,
}

/// The disk below the vault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DiskStatus {
    /// Bytes that are free.
    pub(crate) free: u64,
    /// Bytes in all.
    pub(crate) total: u64,
    /// How long it lasts at the pace of the last days, in days; `None` while nothing is known.
    pub(crate) days_left: Option<u64>,
}

/// Something that somebody should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alarm {
    /// What kind of trouble; stable, for machines.
    pub(crate) code: AlarmCode,
    /// What it is about: a source, a watch, a path.
    pub(crate) about: String,
    /// The facts.
    pub(crate) facts: String,
}

/// The kinds of trouble, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AlarmCode {
    /// A chain stands still: the log holds other statements than this vault.
    ChainStopped,
    /// The log showed something that its own signatures contradict.
    LogRefused,
    /// The vault is behind what it was: a backup was put back.
    WentBack,
    /// The disk is too full to capture.
    DiskFull,
    /// The vault could not take what was seen.
    CaptureFailed,
    /// A source could not make its statement.
    SealFailed,
    /// The log does not answer, or lacks its witnesses.
    LogDown,
    /// The disk will be full before long.
    DiskFilling,
    /// Statements wait longer than they should.
    Lag,
    /// A watch cannot look.
    WatchBlind,
    /// Files or messages that cannot be read.
    Unreadable,
    /// Everything of a watch becomes an attachment.
    NotUnderstood,
    /// The log does not list a source.
    NotListed,
    /// The clock jumped, or no time service keeps it.
    Clock,
}

impl AlarmCode {
    /// All of them.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 14] = [
        Self::ChainStopped,
        Self::LogRefused,
        Self::WentBack,
        Self::DiskFull,
        Self::CaptureFailed,
        Self::SealFailed,
        Self::LogDown,
        Self::DiskFilling,
        Self::Lag,
        Self::WatchBlind,
        Self::Unreadable,
        Self::NotUnderstood,
        Self::NotListed,
        Self::Clock,
    ];

    /// Its name for machines: the one that JSON has.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ChainStopped => "chain-stopped",
            Self::LogRefused => "log-refused",
            Self::WentBack => "went-back",
            Self::DiskFull => "disk-full",
            Self::CaptureFailed => "capture-failed",
            Self::SealFailed => "seal-failed",
            Self::LogDown => "log-down",
            Self::DiskFilling => "disk-filling",
            Self::Lag => "lag",
            Self::WatchBlind => "watch-blind",
            Self::Unreadable => "unreadable",
            Self::NotUnderstood => "not-understood",
            Self::NotListed => "not-listed",
            Self::Clock => "clock",
        }
    }

    /// What it means and what to do.
    pub(crate) const fn advice(self, language: Language) -> &'static str {
        match language {
            Language::En => self.english(),
            Language::Zh => self.chinese(),
        }
    }

    const fn english(self) -> &'static str {
        match self {
            Self::ChainStopped => {
                "The log holds other statements of this source than this vault, so nothing is signed \
                 for it. Bring the newest vault back; if there is none and no other copy of its key \
                 is at work, run `fiducial-agent resume --source NAME`."
            }
            Self::LogRefused => {
                "The log is not to be believed. Keep the vault and show it to a witness."
            }
            Self::WentBack => {
                "Nothing is signed until the log has said where each chain goes on, which this agent \
                 asks by itself. If a newer vault exists, stop the agent and bring that back."
            }
            Self::DiskFull => {
                "Nothing new is captured, and nothing is lost: files stay where they are. Make room, \
                 or move the vault to a larger disk."
            }
            Self::CaptureFailed => {
                "Nothing is captured. It is tried again by itself; mend what the reason names."
            }
            Self::SealFailed => {
                "The source makes no statements. It is tried again at its next tick; mend what the \
                 reason names."
            }
            Self::LogDown => {
                "Capturing and stating go on; statements are kept, and sent when the log answers. If \
                 it lasts, ask the network's people or the log's operator."
            }
            Self::DiskFilling => {
                "Make room, or delete what is old with `fiducial-agent expire --rules FILE`."
            }
            Self::Lag => {
                "Statements are kept, and sent when the log answers. Their receipts come later than \
                 agreed: ask the log's operator."
            }
            Self::WatchBlind => {
                "Nothing of this watch is captured. Check the path and whether the share is mounted, \
                 or the broker or database; it is tried again by itself."
            }
            Self::Unreadable => {
                "They are not captured. See who may read them; each is tried again by itself."
            }
            Self::NotUnderstood => {
                "The bytes are anchored, but as attachments without fields: the mapping is perhaps \
                 not that of this machine. `fiducial-agent mapping` lists others; `fiducial-agent \
                 check-config --dry-run` shows how files are read."
            }
            Self::NotListed => {
                "The log does not list this source. Give its operator the file that \
                 `fiducial-agent source request` writes."
            }
            Self::Clock => {
                "Times in statements may be wrong by as much as the clock is. Set up NTP or PTP."
            }
        }
    }

    const fn chinese(self) -> &'static str {
        match self {
            Self::ChainStopped => {
                "日志中该来源的声明与此保险库不同，因此不再为它签名。请恢复最新的保险库；若没有更新的，且其密钥没有\
                 其他副本在使用，请运行 `fiducial-agent resume --source NAME`。"
            }
            Self::LogRefused => "日志不可信。请保留保险库，并交给见证者。",
            Self::WentBack => {
                "在日志说明各链从何处继续之前不会签名，代理会自行询问。若存在更新的保险库，请停止代理并恢复它。"
            }
            Self::DiskFull => {
                "不再采集新内容，但没有丢失：文件仍在原处。请腾出空间，或把保险库移到更大的磁盘。"
            }
            Self::CaptureFailed => "目前未采集任何内容；将自动重试，请按所述原因处理。",
            Self::SealFailed => "该来源未能作出声明；将在下一个时刻重试，请按所述原因处理。",
            Self::LogDown => {
                "采集和声明照常进行；声明已保存，日志恢复后会发送。若持续下去，请联系网络人员或日志运营方。"
            }
            Self::DiskFilling => {
                "请腾出空间，或用 `fiducial-agent expire --rules FILE` 删除期满的内容。"
            }
            Self::Lag => "声明已保存，日志恢复后会发送；其回执将晚于约定，请联系日志运营方。",
            Self::WatchBlind => {
                "该监视目前未采集任何内容。请检查路径和共享是否已挂载，或消息代理、数据库；将自动重试。"
            }
            Self::Unreadable => "它们未被采集。请检查读取权限；每一项都会自动重试。",
            Self::NotUnderstood => {
                "字节已锚定，但只是没有字段的附件：映射可能不属于这台机器。`fiducial-agent mapping` 列出其他映射；\
                 `fiducial-agent check-config --dry-run` 显示文件如何解读。"
            }
            Self::NotListed => {
                "日志尚未登记该来源。请把 `fiducial-agent source request` 写出的文件交给日志运营方。"
            }
            Self::Clock => "声明中的时间可能与时钟的偏差相同。请配置 NTP 或 PTP。",
        }
    }
}

impl Status {
    /// How long the oldest statement has waited, over all sources.
    pub(crate) fn lag_seconds(&self) -> u64 {
        let oldest = self.sources.iter().filter_map(|source| source.waiting_since).min();
        oldest.map_or(0, |since| self.made.0.saturating_sub(since.0) / 1000)
    }

    /// The text of the `status` command.
    pub(crate) fn describe(&self, language: Language) -> String {
        let words = Words::of(language);
        let mut text = format!("{}\n", self.at_a_glance(language));
        text += &format!("\n{}: {} {}\n", words.log, self.log, self.log_state(language));
        for source in &self.sources {
            text += &format!("\n{} {}\n", words.source, source.name);
            for (name, value) in source.rows(self.made, language) {
                text += &format!("  {name}: {value}\n");
            }
            for watch in &source.watches {
                text +=
                    &format!("  {} {}: {}\n", words.watch, watch.name, watch.describe(language));
            }
        }
        text += &format!("\n{}\n", words.alarms);
        if self.alarms.is_empty() {
            text += &format!("  {}\n", words.none);
        }
        for alarm in &self.alarms {
            let advice = alarm.code.advice(language);
            text += &format!("  {}: {}: {}\n", alarm.code.name(), alarm.about, alarm.facts);
            text += &format!("    {}: {advice}\n", words.what_to_do);
        }
        text
    }

    /// One sentence: whether all is well, and if not, how many things want somebody.
    pub(crate) fn at_a_glance(&self, language: Language) -> String {
        let waiting: u64 = self.sources.iter().map(|one| one.pending + one.unanchored).sum();
        match (self.alarms.len(), waiting, language) {
            (0, 0, Language::En) => "All is well, and nothing waits.".to_string(),
            (0, 0, Language::Zh) => "一切正常，没有等待中的内容。".to_string(),
            (0, _, Language::En) => "All is well; what waits is on its way.".to_string(),
            (0, _, Language::Zh) => "一切正常；等待中的内容正在处理。".to_string(),
            (1, _, Language::En) => "One thing wants somebody: see below.".to_string(),
            (count, _, Language::En) => format!("{count} things want somebody: see below."),
            (count, _, Language::Zh) => format!("有 {count} 件事需要处理：见下文。"),
        }
    }

    /// Whether the log answers.
    pub(crate) fn log_state(&self, language: Language) -> String {
        let words = Words::of(language);
        match (&self.log_trouble, self.log_down) {
            (None, _) => words.answers.to_string(),
            (Some(why), true) => format!("{}: {why}", words.no_answer),
            (Some(why), false) => format!("{} ({why})", words.answers),
        }
    }
}

impl SourceStatus {
    /// What there is to say of a source, row by row.
    pub(crate) fn rows(&self, now: UnixMillis, language: Language) -> Vec<(&'static str, String)> {
        let words = Words::of(language);
        let mut rows = Vec::new();
        if let Some(why) = &self.stopped {
            rows.push((words.stopped, words::of(why, language)));
        }
        rows.push((words.pending, self.pending.to_string()));
        let mut unanchored = self.unanchored.to_string();
        if let Some(since) = self.waiting_since {
            let waited = words::span(now.0.saturating_sub(since.0) / 1000, language);
            let since = words::moment(Some(since), language);
            unanchored += &match language {
                Language::En => format!(", the oldest since {since}, that is {waited}"),
                Language::Zh => format!("，最早的一条自 {since} 起，已等待 {waited}"),
            };
        }
        rows.push((words.unanchored, unanchored));
        rows.push((words.last_sealed, self.sealed_text(language)));
        rows.push((words.receipt, self.receipt_text(language)));
        rows
    }

    fn sealed_text(&self, language: Language) -> String {
        let moment = words::moment(self.sealed, language);
        match (self.next_sequence.checked_sub(1), language) {
            (None, _) => moment,
            (Some(last), Language::En) => format!("number {last}, made {moment}"),
            (Some(last), Language::Zh) => format!("第 {last} 号，作于 {moment}"),
        }
    }

    /// The newest receipt in one line.
    fn receipt_text(&self, language: Language) -> String {
        let Some(receipt) = &self.receipt else { return Words::of(language).none.to_string() };
        let held = words::moment(Some(receipt.logged), language);
        let (sequence, index) = (receipt.sequence, receipt.index);
        match (language, &receipt.witnessed) {
            (Language::En, Some(time)) => format!(
                "statement {sequence} is entry {index} of the log; witnessed no later than {time}, \
                 held here since {held}"
            ),
            (Language::En, None) => format!(
                "statement {sequence} is entry {index} of the log; no witness confirms its time, held \
                 here since {held}"
            ),
            (Language::Zh, Some(time)) => format!(
                "声明 {sequence} 是日志的第 {index} 条；见证时间不晚于 {time}，本机自 {held} 起持有"
            ),
            (Language::Zh, None) => format!(
                "声明 {sequence} 是日志的第 {index} 条；没有见证者确认其时间，本机自 {held} 起持有"
            ),
        }
    }
}

impl WatchStatus {
    /// The watch in one line, and its complaints below.
    pub(crate) fn describe(&self, language: Language) -> String {
        let words = Words::of(language);
        let looked = words::moment(self.looked, language);
        let mut text = format!(
            "{} ({} {}); {} {looked}; {} {}; {} {}",
            self.kind,
            words.mapping,
            self.mapping,
            words.looked,
            words.captured,
            self.captured,
            words.unsettled,
            self.unsettled
        );
        if self.not_understood > 0 {
            text += &format!("; {} {}", words.not_understood, self.not_understood);
        }
        for (item, why) in &self.complaints {
            text += &format!("\n    {item}: {why}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alarm_has_advice_in_both_languages_and_the_name_that_json_has() {
        for code in AlarmCode::ALL {
            assert!(code.advice(Language::En).is_ascii());
            assert!(!code.advice(Language::Zh).is_ascii(), "{code:?}");
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }

    #[test]
    fn what_waits_is_said_with_since_when_and_times_have_a_zone() {
        let receipt = ReceiptStatus {
            sequence: 8,
            index: 41,
            logged: UnixMillis(1_772_438_300_000),
            witnessed: Some("2026-03-02T07:58:00Z".to_string()),
        };
        let source = SourceStatus {
            name: "aoi-7".to_string(),
            pending: 3,
            next_sequence: 11,
            sealed: Some(UnixMillis(1_772_438_390_000)),
            unanchored: 2,
            waiting_since: Some(UnixMillis(1_772_438_340_000)),
            receipt: Some(receipt),
            ..Default::default()
        };
        let made = UnixMillis(1_772_438_400_000);
        let status = Status { made, sources: vec![source], ..Default::default() };
        let english = status.describe(Language::En);
        for want in [
            "records that wait for the next statement: 3",
            "statements that wait for the log's receipt: 2, the oldest since 2026-03-02T07:59:00.000Z, \
             that is 60 s",
            "number 10, made 2026-03-02T07:59:50.000Z",
            "statement 8 is entry 41 of the log; witnessed no later than 2026-03-02T07:58:00Z",
            "All is well; what waits is on its way.",
        ] {
            assert!(english.contains(want), "{want}:\n{english}");
        }
        let chinese = status.describe(Language::Zh);
        for want in ["等待下一条声明的记录", "自 2026-03-02T07:59:00.000Z 起", "一切正常"]
        {
            assert!(chinese.contains(want), "{want}:\n{chinese}");
        }
        for text in [english, chinese] {
            assert!(!text.contains("177243"), "seconds since 1970:\n{text}");
        }
    }
}
