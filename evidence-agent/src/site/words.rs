//! The words of the status page and command, and of the journal, in both languages.
//!
//! Whoever reads them knows boards and reports, and nothing of logs: each says what is, since when,
//! and in the words of `spec/text`.

use std::path::Path;

use spec::key::{KeyName, VerifierKey};

use super::config::Config;
use super::status::SourceStatus;
use crate::cli::Language;
use crate::clock;
use crate::error::chinese;
use crate::import::Mapping;
use crate::model::UnixMillis;
use crate::number;
use crate::spool::resume::Resumed;
use crate::vault::WentBack;

/// Short words, each used in one place.
pub(crate) struct Words {
    pub(crate) alarms: &'static str,
    pub(crate) answers: &'static str,
    pub(crate) captured: &'static str,
    pub(crate) days_left: &'static str,
    pub(crate) disk: &'static str,
    pub(crate) lag: &'static str,
    pub(crate) last_sealed: &'static str,
    pub(crate) log: &'static str,
    pub(crate) looked: &'static str,
    pub(crate) mapping: &'static str,
    pub(crate) never: &'static str,
    pub(crate) no_answer: &'static str,
    pub(crate) none: &'static str,
    pub(crate) not_understood: &'static str,
    pub(crate) pending: &'static str,
    pub(crate) receipt: &'static str,
    pub(crate) source: &'static str,
    pub(crate) stopped: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unanchored: &'static str,
    pub(crate) unsettled: &'static str,
    pub(crate) watch: &'static str,
    pub(crate) what_to_do: &'static str,
}

const ENGLISH: Words = Words {
    alarms: "alarms",
    answers: "answers",
    captured: "captured since the start",
    days_left: "days left at this pace",
    disk: "free on the disk",
    lag: "the oldest statement without a receipt waits for",
    last_sealed: "last statement",
    log: "log",
    looked: "looked at",
    mapping: "mapping",
    never: "never yet",
    no_answer: "does not answer",
    none: "none",
    not_understood: "not understood, anchored as attachments",
    pending: "records that wait for the next statement",
    receipt: "last receipt",
    source: "source",
    stopped: "STOPPED until somebody acts",
    title: "Evidence agent",
    unanchored: "statements that wait for the log's receipt",
    unsettled: "still being written",
    watch: "watch",
    what_to_do: "what to do",
};

const CHINESE: Words = Words {
    alarms: "告警",
    answers: "正常应答",
    captured: "启动以来已采集",
    days_left: "天后写满（按目前速度）",
    disk: "磁盘剩余",
    lag: "最早的无回执声明已等待",
    last_sealed: "最近的声明",
    log: "日志",
    looked: "最近查看于",
    mapping: "映射",
    never: "尚无",
    no_answer: "没有应答",
    none: "无",
    not_understood: "未能解读、作为附件锚定",
    pending: "等待下一条声明的记录",
    receipt: "最近的回执",
    source: "来源",
    stopped: "已停止，需要处理",
    title: "证据代理",
    unanchored: "等待日志回执的声明",
    unsettled: "仍在写入",
    watch: "监视",
    what_to_do: "处理办法",
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

/// A reason that was made in English, as far as it is known in the other language.
pub(crate) fn of(reason: &str, language: Language) -> String {
    match language {
        Language::En => reason.to_string(),
        Language::Zh => chinese(reason),
    }
}

/// A moment with its zone, or that there was none.
pub(crate) fn moment(moment: Option<UnixMillis>, language: Language) -> String {
    moment.map_or_else(|| Words::of(language).never.to_string(), clock::format)
}

/// A length of time as people say it.
pub(crate) fn span(seconds: u64, language: Language) -> String {
    let (count, english, other) = match seconds {
        0..=119 => (seconds, "s", "秒"),
        120..=7199 => (seconds / 60, "min", "分钟"),
        7200..=172_799 => (seconds / 3600, "h", "小时"),
        _ => (seconds / 86_400, "days", "天"),
    };
    match language {
        Language::En => format!("{count} {english}"),
        Language::Zh => format!("{count} {other}"),
    }
}

/// How long statements of a source have waited.
pub(crate) fn lag(source: &SourceStatus, millis: u64, language: Language) -> String {
    let (since, count) = (moment(source.waiting_since, language), source.unanchored);
    let waited = span(millis / 1000, language);
    match language {
        Language::En if count == 1 => {
            format!("1 statement waits for its receipt, since {since}, that is {waited}")
        }
        Language::En => format!(
            "{count} statements wait for their receipts, the oldest since {since}, that is {waited}"
        ),
        Language::Zh => {
            format!("有 {count} 条声明在等待回执，最早的一条自 {since} 起，已等待 {waited}")
        }
    }
}

/// How much room there is.
pub(crate) fn room(free: u64, total: u64, language: Language) -> String {
    let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / 1e9);
    let (free, total) = (gigabytes(free), gigabytes(total));
    match language {
        Language::En => format!("{free} of {total} are free"),
        Language::Zh => format!("共 {total}，剩余 {free}"),
    }
}

/// Items that cannot be read.
pub(crate) fn unreadable(count: usize, item: &str, why: &str, language: Language) -> String {
    match language {
        Language::En => format!("{count} cannot be read, for one {item}: {why}"),
        Language::Zh => format!("有 {count} 项无法读取，例如 {item}：{why}"),
    }
}

/// Items of which none was understood.
pub(crate) fn not_understood(
    count: u64,
    mapping: &str,
    item: &str,
    why: &str,
    language: Language,
) -> String {
    match language {
        Language::En => {
            format!(
                "the last {count} were not understood by the mapping `{mapping}`; {item}: {why}"
            )
        }
        Language::Zh => format!("最近 {count} 项均未能按映射 `{mapping}` 解读；{item}：{why}"),
    }
}

/// The clock is not kept.
pub(crate) const fn out_of_step(language: Language) -> &'static str {
    match language {
        Language::En => "the time service says that the clock is not in step",
        Language::Zh => "时间服务报告时钟未同步",
    }
}

/// How a vault was found not to be the newest, and what to do.
pub(crate) fn went_back(why: &WentBack, language: Language) -> String {
    let what = match (why, language) {
        (WentBack::Behind { vault, high_water }, Language::En) => format!(
            "this vault is not its newest copy: it has {vault} commits where {high_water} were made"
        ),
        (WentBack::Behind { vault, high_water }, Language::Zh) => {
            format!("此保险库不是最新副本：它有 {vault} 次提交，而实际共有 {high_water} 次")
        }
        (WentBack::NoRecord, Language::En) => "it is not known whether this vault is its newest \
            copy: the second record of its commits, the file beside it whose name ends in \
            `.high-water`, is missing"
            .to_string(),
        (WentBack::NoRecord, Language::Zh) => {
            "无法确定此保险库是否为最新副本：其旁的第二份提交记录（以 `.high-water` 结尾的文件）缺失".to_string()
        }
        (WentBack::OtherLife, Language::En) => "it is not known whether this vault is its newest \
            copy: the second record of its commits belongs to a copy from before or after a restore"
            .to_string(),
        (WentBack::OtherLife, Language::Zh) => {
            "无法确定此保险库是否为最新副本：第二份提交记录属于恢复之前或之后的另一份副本".to_string()
        }
        (WentBack::Restored { .. }, Language::En) => "this vault was restored from a backup".into(),
        (WentBack::Restored { .. }, Language::Zh) => "此保险库由备份恢复而来".into(),
    };
    match language {
        Language::En => format!(
            "{what}. If a newer one exists, bring it back. If not, go on with this one: the next `run` \
             or `anchor` asks the log where each chain goes on before it signs anything, and states \
             what cannot be opened"
        ),
        Language::Zh => format!(
            "{what}。若存在更新的副本，请恢复它；若没有，可继续使用：下一次 `run` 或 `anchor` 会先向日志询问各链\
             从何处继续，然后才签名，并声明哪些已无法披露"
        ),
    }
}

/// A chain whose end was asked for.
pub(crate) fn resumed(resumed: &Resumed, language: Language) -> String {
    let Resumed { source, lost, next } = resumed;
    match (lost, language) {
        (None, Language::En) => format!("{source} goes on at {next}; nothing is lost"),
        (None, Language::Zh) => format!("{source} 从 {next} 继续；没有缺失"),
        (Some((first, last)), Language::En) => format!(
            "{source} goes on at {next}; statements {first} to {last} cannot be opened any more, and \
             the next statement says so"
        ),
        (Some((first, last)), Language::Zh) => {
            format!("{source} 从 {next} 继续；声明 {first} 至 {last} 已无法披露，下一条声明会写明")
        }
    }
}

/// A run that begins.
pub(crate) fn began(config: &Config, language: Language) -> String {
    let (version, vault) = (env!("CARGO_PKG_VERSION"), config.vault.display());
    let sources = config.sources.len();
    let watches: usize = config.sources.iter().map(|source| source.watches.len()).sum();
    match language {
        Language::En => {
            let sources = number::of(sources, "source", "sources");
            let watches = number::of(watches, "watch", "watches");
            format!("fiducial-agent {version} began: {sources}, {watches}, vault {vault}")
        }
        Language::Zh => {
            format!(
                "fiducial-agent {version} 已启动：{sources} 个来源，{watches} 个监视，保险库 {vault}"
            )
        }
    }
}

/// A run that was told to stop.
pub(crate) const fn stopped_as_asked(language: Language) -> &'static str {
    match language {
        Language::En => "stopped as asked; what waits is kept, and gone on with at the next start",
        Language::Zh => "已按要求停止；等待中的内容均已保存，下次启动时继续",
    }
}

/// What a run that looks once has captured.
#[derive(Default)]
pub(crate) struct Captured {
    pub(crate) items: usize,
    pub(crate) records: usize,
    pub(crate) statements: usize,
    pub(crate) not_understood: usize,
    /// How many of the items were messages of a broker.
    pub(crate) messages: usize,
    /// Whether a broker had more when the time was over.
    pub(crate) goes_on: bool,
}

impl Captured {
    /// In one line, and one more if something was not understood.
    pub(crate) fn said(&self, language: Language) -> String {
        let Self { items, records, statements, not_understood, messages, goes_on } = self;
        let mut text = match language {
            Language::En => {
                let items = number::of(*items, "item", "items");
                let records = number::of(*records, "record", "records");
                let statements = number::of(*statements, "statement", "statements");
                format!("captured {items} as {records} in {statements}")
            }
            Language::Zh => format!("已采集 {items} 项，{records} 条记录，{statements} 条声明"),
        };
        if *messages > 0 {
            text += &match language {
                Language::En => {
                    let messages =
                        number::of(*messages, "of them is a message", "of them are messages");
                    format!("\n{messages}, taken from a broker")
                }
                Language::Zh => format!("\n其中 {messages} 项是从消息代理取走的消息"),
            };
        }
        if *goes_on {
            text += match language {
                Language::En => "\nthe broker had more: run again, or without --once",
                Language::Zh => "\n消息代理中还有消息：请再次运行，或不带 --once 运行",
            };
        }
        if *not_understood > 0 {
            text += &match language {
                Language::En => format!(
                    "\n{}: see `fiducial-agent check-config --dry-run` and `fiducial-agent mapping`",
                    number::of(
                        *not_understood,
                        "of them was not understood and is an attachment",
                        "of them were not understood and are attachments",
                    )
                ),
                Language::Zh => format!(
                    "\n其中 {not_understood} 条未能解读，作为附件锚定：参见 \
                     `fiducial-agent check-config --dry-run` 和 `fiducial-agent mapping`"
                ),
            };
        }
        text
    }
}

/// What a shipped mapping is for.
pub(crate) fn mapping(name: &str, language: Language) -> String {
    let chinese = MAPPINGS.iter().find(|(have, _)| *have == name).map(|(_, text)| *text);
    match (language, chinese) {
        (Language::Zh, Some(text)) => text.to_string(),
        _ => Mapping::shipped_description(name).unwrap_or_default(),
    }
}

/// What each shipped mapping is for, in Chinese; the English stands in its file.
const MAPPINGS: &[(&str, &str)] = &[
    ("attachment", "任意文件：仅其字节，不作解读"),
    ("cfx", "IPC-CFX 消息：检测、回流焊、维修及其他全部"),
    ("datapaq-like", "炉温曲线，CSV，小数点为逗号"),
    ("defect-table-like", "缺陷代码或限值，CSV"),
    ("domestic-like", "AOI 与复判，中文表头的 CSV"),
    ("kic-like", "炉温曲线，CSV：先为各项参数，后为曲线"),
    ("koh-young-like", "AOI 与复判，TB_AOIResult 各行，JSON"),
    ("omron-like-machine", "AOI，成对的 CSV：机器判定"),
    ("omron-like-operator", "AOI，成对的 CSV：操作员判定"),
    ("program-file", "程序、配方、限值：任意文件"),
    ("saki-like", "AOI，XML：Panel、Program、Image、Results"),
    ("t-962-like", "小型回流炉的读数，CSV"),
    ("t-962-like-certificate", "炉温曲线，小型回流炉的原始读数"),
    ("viscom-like-codes", "缺陷代码，INI"),
    ("yestech-dat-like", "AOI 与复判，不断增长的文件中的各行"),
    ("yestech-like", "AOI 与复判，每行一处缺陷"),
];

/// What comes after a vault and its first source are made.
pub(crate) fn after_init(key: &VerifierKey, vault: &Path, language: Language) -> String {
    let vault = vault.display();
    match language {
        Language::En => format!(
            "The vault {vault} is made. Next: give that key to the log's operator, who lists it with\n  \
             fiducial-log source add '{key}' --data DIR\nThen write a configuration and try it with\n  \
             fiducial-agent check-config --config agent.toml --dry-run"
        ),
        Language::Zh => format!(
            "保险库 {vault} 已建好。下一步：把上面的密钥交给日志运营方，由其登记：\n  \
             fiducial-log source add '{key}' --data DIR\n然后编写配置并试运行：\n  \
             fiducial-agent check-config --config agent.toml --dry-run"
        ),
    }
}

/// A statement that was anchored.
pub(crate) fn anchored(source: &KeyName, sequence: u64, index: u64, language: Language) -> String {
    match language {
        Language::En => format!("anchored: statement {sequence} of {source} is entry {index}"),
        Language::Zh => format!("已锚定：{source} 的声明 {sequence} 是日志的第 {index} 条"),
    }
}
