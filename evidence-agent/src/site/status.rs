//! What the agent is doing, as people and machines are shown it.
//!
//! One value, made by the run loop after each turn and shown in four ways: the local page, the
//! same as JSON, metrics, and the `status` command, which asks the page. It may name files and
//! folders, so it never leaves this machine by itself.

use serde::{Deserialize, Serialize};

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
    /// Whether the log answered last time it was asked, and if not, why.
    pub(crate) log_trouble: Option<String>,
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
    /// The latest time in the accepted quorum, in seconds since 1970.
    pub(crate) witnessed: Option<u64>,
}

/// One watch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WatchStatus {
    /// Its name.
    pub(crate) name: String,
    /// `folder`, `append`, `amqp` or `sql`.
    pub(crate) kind: String,
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
    /// The disk will be full before long.
    DiskFilling,
    /// Statements wait longer than they should.
    Lag,
    /// A watch cannot look.
    WatchBlind,
    /// The log does not list a source.
    NotListed,
    /// The clock jumped, or no time service keeps it.
    Clock,
}

impl AlarmCode {
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
                "The chain of this source stands still: the log holds other statements of it than \
                 this vault. Bring the newest vault back, or run `fiducial-agent resume`."
            }
            Self::LogRefused => {
                "The log is not to be believed. Keep the vault and show it to a witness."
            }
            Self::WentBack => {
                "This vault is older than it was. See `fiducial-agent resume --help`."
            }
            Self::DiskFull => "The disk is full: nothing new is captured. Make room.",
            Self::CaptureFailed => "Nothing is captured. It is tried again; see the reason.",
            Self::SealFailed => "A source makes no statements. It is tried again at its next tick.",
            Self::DiskFilling => "The disk will be full before long. Make room or set retention.",
            Self::Lag => "Statements wait for the log. They are kept and sent when it answers.",
            Self::WatchBlind => "A watch cannot look. Check the folder, broker or database.",
            Self::NotListed => {
                "The log does not list this source. Give its operator the file that \
                 `fiducial-agent source request` writes."
            }
            Self::Clock => "The clock jumped or is kept by no time service. Set up NTP.",
        }
    }

    const fn chinese(self) -> &'static str {
        match self {
            Self::ChainStopped => {
                "该来源的链已停止：日志中的声明与此保险库不同。请恢复最新的保险库，或运行 \
                 `fiducial-agent resume`。"
            }
            Self::LogRefused => "日志不可信。请保留保险库，并交给见证方。",
            Self::WentBack => "此保险库比先前旧。参见 `fiducial-agent resume --help`。",
            Self::DiskFull => "磁盘已满：不再采集新内容。请腾出空间。",
            Self::CaptureFailed => "目前未采集任何内容；将重试，请查看原因。",
            Self::SealFailed => "某个来源未能作出声明；将在下一个时刻重试。",
            Self::DiskFilling => "磁盘即将写满。请腾出空间或设置保留期限。",
            Self::Lag => "声明正在等待日志；它们已保存，日志恢复后会发送。",
            Self::WatchBlind => "某个监视无法读取。请检查文件夹、消息代理或数据库。",
            Self::NotListed => {
                "日志尚未登记该来源。请把 `fiducial-agent source request` 写出的文件交给日志运营方。"
            }
            Self::Clock => "时钟发生跳变，或没有时间服务校准。请配置 NTP。",
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
        let words = super::words::Words::of(language);
        let mut text = format!("{} {}  {}\n", words.log, self.log, self.log_state(language));
        for source in &self.sources {
            text += &format!("\n{}\n", source.name);
            let row = |name: &str, value: String| format!("  {name}: {value}\n");
            text += &row(words.queue, format!("{} + {}", source.pending, source.unanchored));
            text += &row(words.last_sealed, super::words::moment(source.sealed, language));
            text += &row(words.receipt, source.receipt_text(language));
            if let Some(why) = &source.stopped {
                text += &row(words.stopped, why.clone());
            }
            for watch in &source.watches {
                text += &row(&watch.name, watch.describe(language));
            }
        }
        text += &format!("\n{}\n", words.alarms);
        if self.alarms.is_empty() {
            text += &format!("  {}\n", words.none);
        }
        for alarm in &self.alarms {
            let advice = alarm.code.advice(language);
            text += &format!("  {}: {}\n    {advice}\n", alarm.about, alarm.facts);
        }
        text
    }

    /// Whether the log answers.
    pub(crate) fn log_state(&self, language: Language) -> String {
        let words = super::words::Words::of(language);
        self.log_trouble.clone().unwrap_or_else(|| words.answers.to_string())
    }
}

impl SourceStatus {
    /// The newest receipt in one line.
    pub(crate) fn receipt_text(&self, language: Language) -> String {
        let words = super::words::Words::of(language);
        self.receipt.as_ref().map_or_else(
            || words.none.to_string(),
            |receipt| {
                let logged = super::words::moment(Some(receipt.logged), language);
                let (sequence, index) = (receipt.sequence, receipt.index);
                format!("{sequence} -> {} {index}, {logged}", words.entry)
            },
        )
    }
}

impl WatchStatus {
    /// The watch in one line.
    pub(crate) fn describe(&self, language: Language) -> String {
        let words = super::words::Words::of(language);
        let looked = super::words::moment(self.looked, language);
        let mut text = format!(
            "{}, {looked}, {} {}, {} {}",
            self.kind, words.captured, self.captured, words.unsettled, self.unsettled
        );
        for (item, why) in &self.complaints {
            text += &format!("\n    {item}: {why}");
        }
        text
    }
}
