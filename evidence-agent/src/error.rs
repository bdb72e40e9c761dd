//! What can go wrong, whose fault it is, and the exit code that says so.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | anchored: the proof satisfies the agent's policy |
//! | 1 | refused: by the log, or by the agent because the log showed something that is not true |
//! | 2 | could not: nothing is wrong with the evidence, and trying again may help |
//! | 3 | not all: done, but some of what was asked for is not there yet, and the answer says what |

mod words;

use std::io;
use std::path::{Path, PathBuf};

pub(crate) use words::chinese;

use crate::cli::Language;

/// Everything asked for is anchored.
pub const EXIT_ANCHORED: u8 = 0;

/// The log refused, or the agent refused the log.
pub const EXIT_REFUSED: u8 = 1;

/// It could not be done or not be finished.
pub const EXIT_COULD_NOT: u8 = 2;

/// Done, but some of what was asked for is not there yet.
pub const EXIT_INCOMPLETE: u8 = 3;

/// The status by which a log says that it does not list the source, or that the signature is wrong.
const FORBIDDEN: u16 = 403;

/// Why the agent stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AgentError {
    /// Another process has the vault open, and this needs it to itself.
    #[error(
        "the vault {}: another agent is at work in it, and this cannot be done beside it. Stop it \
         first (`systemctl stop fiducial-agent`, or Ctrl-C where it runs), and start it again after.",
        path.display()
    )]
    Busy {
        /// The vault.
        path: PathBuf,
    },
    /// The agent at work in the vault did not finish a command.
    #[error(
        "the agent at work in the vault {} did not answer to the end: {reason}\nIf it has been \
         stopped, run the command again. What a command writes, it writes whole or not at all.",
        path.display()
    )]
    Beside {
        /// The vault.
        path: PathBuf,
        /// What broke off.
        reason: String,
    },
    /// The log holds another statement at this place of the source's chain.
    #[error(
        "the log has another statement of this source: {answer}\nThis vault is not the source's \
         newest, or the key is used elsewhere too. Nothing more is sent. Bring the newest vault \
         back; if it is lost, make a new source and say why."
    )]
    Conflict {
        /// What the log says.
        answer: String,
    },
    /// Too little room is left to capture anything more.
    #[error(
        "{}: {free} bytes are free on this disk, and {reserve} are kept for statements of what was \
         captured already. Nothing more is captured, and nothing is lost: make room or move the \
         vault.",
        path.display()
    )]
    DiskFull {
        /// The vault.
        path: PathBuf,
        /// Bytes that are free.
        free: u64,
        /// Bytes that are kept.
        reserve: u64,
    },
    /// A file could not be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A source's chain has an end that is in doubt, so nothing is signed for it.
    #[error(
        "the source {name} signs and sends nothing: {reason}\nIts records wait in the vault. If no \
         other copy of its key is at work, run `fiducial-agent resume` for it."
    )]
    Held {
        /// Which.
        name: String,
        /// Why.
        reason: String,
    },
    /// What was typed cannot be done.
    #[error("{0}")]
    Input(String),
    /// The log showed something that its own signatures or proofs contradict.
    #[error(
        "the log is not to be believed: {0}\nKeep the vault and the log's answer, and show them to \
         a witness."
    )]
    LogRefused(String),
    /// Anchored, but some receipts or openings could not be written.
    #[error(
        "statement {sequence} is anchored, but papers of {count} of its reports are not written: \
         {first}\nThe vault holds all that they need. Run `fiducial-agent anchor --vault DIR` to \
         write them."
    )]
    Papers {
        /// The statement.
        sequence: u64,
        /// How many pairs of papers are missing.
        count: usize,
        /// What stood in the way of the first.
        first: Box<Self>,
    },
    /// The configuration is wrong.
    #[error("{0}")]
    Config(String),
    /// It could not be done, and nothing that was typed is at fault.
    #[error("{0}")]
    Failed(String),
    /// What the agent at work in the vault says, in the language that was asked for.
    #[error("{message}")]
    Relayed {
        /// Its exit code.
        code: u8,
        /// Its words.
        message: String,
    },
    /// The operating system gave no random bytes.
    #[error("no random bytes from the operating system: {0}")]
    Random(String),
    /// The log refused the statement.
    #[error("the log refused the statement with status {status}: {answer}{}", unlisted(*status, key))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What the log says.
        answer: String,
        /// The source's verifier key.
        key: String,
    },
    /// A write of the vault's database failed, and it takes no more until it is opened afresh.
    #[error(
        "{}: writing failed before, and what is on the disk must be read afresh: start the agent \
         again, once there is room",
        path.display()
    )]
    Reopen {
        /// The database.
        path: PathBuf,
    },
    /// Sequenced perhaps, but no proof that satisfies the policy within the time given.
    #[error(
        "statement {sequence} is not anchored within {seconds} s: {reason}\nIt is kept in the \
         vault. Run `fiducial-agent anchor --vault DIR` to go on with the same bytes."
    )]
    Unanchored {
        /// The statement.
        sequence: u64,
        /// How long the agent tried.
        seconds: u64,
        /// The last thing that stood in the way.
        reason: String,
    },
    /// The log could not be asked.
    #[error("{url}: {reason}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// Why there is no usable answer.
        reason: String,
    },
    /// The vault is damaged or not one.
    #[error("the vault {}: {reason}", path.display())]
    Vault {
        /// Which file or folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl AgentError {
    /// Names the file that an operation failed on.
    pub(crate) fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |error| Self::File { path, error }
    }

    /// Says what is wrong with a part of the vault.
    pub(crate) fn vault(path: &Path, reason: impl ToString) -> Self {
        Self::Vault { path: path.to_path_buf(), reason: reason.to_string() }
    }

    /// The exit code.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Conflict { .. } | Self::LogRefused(_) | Self::Refused { .. } => EXIT_REFUSED,
            Self::Relayed { code, .. } => *code,
            Self::Beside { .. }
            | Self::Busy { .. }
            | Self::Config(_)
            | Self::DiskFull { .. }
            | Self::Failed(_)
            | Self::File { .. }
            | Self::Held { .. }
            | Self::Input(_)
            | Self::Papers { .. }
            | Self::Random(_)
            | Self::Reopen { .. }
            | Self::Unanchored { .. }
            | Self::Unreachable { .. }
            | Self::Vault { .. } => EXIT_COULD_NOT,
        }
    }

    /// The message for people.
    pub(crate) fn message(&self, language: Language) -> String {
        match language {
            Language::En => self.to_string(),
            Language::Zh => self.chinese(),
        }
    }

    fn chinese(&self) -> String {
        let zh = chinese;
        match self {
            Self::Beside { path, reason } => format!(
                "正在保险库 {} 中工作的代理未能答完：{}\n若它已被停止，请重新运行该命令。命令所写的内容要么完整写入，\
                 要么完全没有写入。",
                path.display(),
                zh(reason)
            ),
            Self::Busy { path } => format!(
                "保险库 {}：另一个代理正在其中工作，此命令不能与它同时进行。请先停止它\
                 （`systemctl stop fiducial-agent`，或在其运行处按 Ctrl-C），之后再重新启动。",
                path.display()
            ),
            Self::Config(text) => format!("配置有误：{}", zh(text)),
            Self::Conflict { answer } => format!(
                "日志中已有该来源的另一条声明：{answer}\n此保险库不是该来源的最新副本，或密钥在别处也被使用。\
                 已停止发送。请恢复最新的保险库；若已丢失，请新建来源并说明原因。"
            ),
            Self::DiskFull { path, free, reserve } => format!(
                "{}：磁盘仅剩 {free} 字节，其中 {reserve} 字节须留给已采集内容的声明。已停止采集，\
                 数据没有丢失；请清理磁盘或迁移保险库。",
                path.display()
            ),
            Self::Failed(text) => format!("未能完成：{}", zh(text)),
            Self::File { path, error } => {
                format!("文件 {}：{}", path.display(), zh(&error.to_string()))
            }
            Self::Held { name, reason } => format!(
                "来源 {name} 已停止签名和发送：{}\n其记录保存在保险库中等待。若确认其密钥没有其他副本在使用，\
                 请对它运行 `fiducial-agent resume`。",
                zh(reason)
            ),
            Self::Input(text) => format!("输入有误：{}", zh(text)),
            Self::LogRefused(text) => {
                format!("日志不可信：{}\n请保留保险库和日志的回答，并交给见证者。", zh(text))
            }
            Self::Papers { sequence, count, first } => format!(
                "声明 {sequence} 已锚定，但其中 {count} 份报告的回执或披露文件未能写出：{}\n\
                 所需内容都在保险库中。请运行 `fiducial-agent anchor --vault DIR` 补写。",
                first.chinese()
            ),
            Self::Random(text) => format!("操作系统未能提供随机数：{text}"),
            Self::Refused { status, answer, key } => {
                let refused = format!("日志拒绝了声明（状态 {status}）：{answer}");
                let hint = format!(
                    "\n如果日志尚未登记该来源，请日志运营方运行：\n  fiducial-log source add {key} \
                     --data DIR\n声明已保存在保险库中，登记之后再运行 `fiducial-agent anchor --vault DIR`。"
                );
                if *status == FORBIDDEN { refused + &hint } else { refused }
            }
            Self::Relayed { message, .. } => message.clone(),
            Self::Reopen { path } => format!(
                "{}：先前写入失败，须重新读取磁盘上的内容：请在有可用空间后重新启动代理",
                path.display()
            ),
            Self::Unanchored { sequence, seconds, reason } => format!(
                "声明 {sequence} 在 {seconds} 秒内未能锚定：{}\n声明已保存在保险库中。\
                 请运行 `fiducial-agent anchor --vault DIR`，以相同字节继续。",
                zh(reason)
            ),
            Self::Unreachable { url, reason } => format!("无法访问 {url}：{}", zh(reason)),
            Self::Vault { path, reason } => format!("保险库 {}：{}", path.display(), zh(reason)),
        }
    }
}

/// What to do about a source that the log does not list.
fn unlisted(status: u16, key: &str) -> String {
    if status != FORBIDDEN {
        return String::new();
    }
    format!(
        "\nIf the log does not list this source yet, its operator runs:\n  fiducial-log source add \
         {key} --data DIR\nThe statement is kept in the vault: run `fiducial-agent anchor --vault DIR` \
         after that."
    )
}
