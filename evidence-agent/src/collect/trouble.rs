//! What a collector complains of, for people: none of it stops the agent.

use std::fmt;

use crate::cli::Language;
use crate::error::chinese;

/// Why something is not captured, or is odd. Says what to do where there is something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The bytes are others, though size and time of change were made to look as before.
    AlteredQuietly,
    /// The broker cannot be reached, or refuses.
    Broker(String),
    /// The database cannot be asked, or refuses.
    Database(String),
    /// The folder has nothing in it any more, which a lost network share looks like too.
    Empty,
    /// Something that was captured is not there any more.
    Gone,
    /// So many things that were captured are not there any more; the item is one of them.
    GoneMany(u64),
    /// A symbolic link.
    Link,
    /// A message of a form that is kept, but is not what the standard sends.
    Message(String),
    /// The folder or file is not there.
    Missing,
    /// There are more complaints than are shown.
    More,
    /// The beginning of an append-only file is not what it was.
    Rewritten,
    /// It became shorter.
    Shrank {
        /// How many bytes were captured.
        from: u64,
        /// How many are there now.
        to: u64,
    },
    /// Folders are nested deeper than the watch goes.
    TooDeep,
    /// Rows of one key are more than are read at once, or rows have no key.
    Rows(String),
    /// The operating system does not let it be read.
    Unreadable(String),
}

impl Trouble {
    /// Whether it lasts until somebody or something mends it, and is complained of until then.
    pub(crate) const fn is_lasting(&self) -> bool {
        matches!(self, Self::Broker(_) | Self::Database(_) | Self::Missing | Self::Unreadable(_))
    }

    /// The text in one language.
    pub(crate) fn text(&self, language: Language) -> String {
        match language {
            Language::En => self.to_string(),
            Language::Zh => self.chinese(),
        }
    }

    fn chinese(&self) -> String {
        match self {
            Self::AlteredQuietly => {
                "内容已改变，但大小和修改时间与之前相同；已作为新版本采集".into()
            }
            Self::Broker(why) => format!("消息代理：{why}；将自动重试"),
            Self::Database(why) => format!("数据库：{why}；将自动重试"),
            Self::Empty => "文件夹已空，但之前有文件；请检查共享是否已挂载".into(),
            Self::Gone => "已采集的对象不在了；保险库仍保存着它".into(),
            Self::GoneMany(count) => {
                format!("以及其他共 {count} 个已采集的对象不在了；保险库仍保存着它们")
            }
            Self::Link => "符号链接，不予跟随；请直接监视其目标所在的文件夹".into(),
            Self::Message(why) => format!("消息形式不常见，仍已采集：{why}"),
            Self::Missing => "不存在；请检查路径以及共享是否已挂载，将自动重试".into(),
            Self::More => "还有更多问题未列出".into(),
            Self::Rewritten => "只追加文件的已采集部分被改动；整个文件已作为新版本重新采集".into(),
            Self::Shrank { from, to } => {
                format!("由 {from} 字节缩短为 {to} 字节；已作为新版本采集")
            }
            Self::TooDeep => "文件夹层级超过所设的 depth；更深的文件不会被采集".into(),
            Self::Rows(why) => format!("数据行：{why}"),
            Self::Unreadable(why) => format!("无法读取：{}；将自动重试", chinese(why)),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlteredQuietly => to.write_str(
                "its bytes are others, though size and time of change are as before; captured as a \
                 new version",
            ),
            Self::Broker(why) => write!(to, "the broker: {why}; it is tried again"),
            Self::Database(why) => write!(to, "the database: {why}; it is tried again"),
            Self::Empty => to.write_str(
                "the folder is empty and was not before; see whether the share is mounted",
            ),
            Self::Gone => to.write_str("is not there any more; the vault still has it"),
            Self::GoneMany(count) => write!(
                to,
                "and others, {count} in all, are not there any more; the vault still has them"
            ),
            Self::Link => to.write_str(
                "a symbolic link, which is not followed; watch the folder that it leads to",
            ),
            Self::Message(why) => write!(to, "an unusual message, captured all the same: {why}"),
            Self::Missing => to.write_str(
                "is not there; check the path, and whether the share is mounted; it is tried again",
            ),
            Self::More => to.write_str("there are more complaints than these"),
            Self::Rewritten => to.write_str(
                "what was captured of this append-only file was changed; all of it is captured \
                 anew",
            ),
            Self::Shrank { from, to: now } => {
                write!(to, "shrank from {from} to {now} bytes; captured as a new version")
            }
            Self::TooDeep => to.write_str(
                "lies deeper than the watch goes; what is in it is not captured: see `depth`",
            ),
            Self::Rows(why) => write!(to, "rows: {why}"),
            Self::Unreadable(why) => write!(to, "cannot be read: {why}; it is tried again"),
        }
    }
}
