//! Why what was typed is refused, in the reader's language.
//!
//! `clap` knows English alone. It says what is wrong as values, though, and of these the sentence is made anew:
//! what is wrong, how it is typed, where help is. Help and the version come the same way, and are translated
//! before (see `help`).

use std::fmt;
use std::io::{self, Write};

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::messages::Language;
use crate::words::chinese;

/// What `clap` has to say instead of what was asked for.
#[derive(Debug)]
pub(crate) struct Refused {
    error: clap::Error,
    language: Language,
}

impl Refused {
    pub(super) fn new(error: clap::Error, language: Language) -> Self {
        Self { error, language }
    }

    /// Whether it is a refusal, and not the help that was asked for.
    pub(crate) fn is_error(&self) -> bool {
        self.error.use_stderr()
    }

    /// Prints it where it belongs, in colours if that is a terminal and the words are `clap`'s.
    pub(crate) fn print(&self) -> io::Result<()> {
        match self.in_chinese() {
            Some(text) => io::stderr().lock().write_all(text.as_bytes()),
            None => self.error.print(),
        }
    }

    /// The whole text, if it is a refusal for a reader of Chinese.
    fn in_chinese(&self) -> Option<String> {
        let is_help = self.error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
        if self.language != Language::Chinese || !self.is_error() || is_help {
            return None;
        }
        let mut text = format!("错误：{}\n", self.what());
        for kind in [
            ContextKind::SuggestedArg,
            ContextKind::SuggestedSubcommand,
            ContextKind::SuggestedValue,
        ] {
            if let Some(suggested) = self.value(kind) {
                text += &format!("\n  相近的有：{suggested}\n");
            }
        }
        if let Some(usage) = self.value(ContextKind::Usage) {
            let usage = usage.trim();
            let usage = usage.strip_prefix("Usage:").unwrap_or(usage).trim_start();
            text += &format!("\n用法：{usage}\n");
        }
        Some(text + "\n说明请见 --help。\n")
    }

    /// What is wrong, in one sentence.
    fn what(&self) -> String {
        let of = |kind| self.value(kind).unwrap_or_default();
        let argument = of(ContextKind::InvalidArg);
        match self.error.kind() {
            ErrorKind::ArgumentConflict => {
                let (prior, name) = (of(ContextKind::PriorArg), argument);
                match prior.is_empty() || prior == name {
                    true => format!("{name} 只能给出一次"),
                    false => format!("{name} 不能与 {prior} 同用"),
                }
            }
            ErrorKind::InvalidValue if of(ContextKind::InvalidValue).is_empty() => {
                format!("{argument} 后面缺少值{}", self.possible())
            }
            ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
                let value = of(ContextKind::InvalidValue);
                let why = std::error::Error::source(&self.error)
                    .map(|why| format!("：{}", chinese(&why.to_string())));
                let why = why.unwrap_or_default();
                format!("{argument} 的值“{value}”无效{why}{}", self.possible())
            }
            ErrorKind::InvalidSubcommand => {
                format!("没有名为“{}”的命令", of(ContextKind::InvalidSubcommand))
            }
            ErrorKind::InvalidUtf8 => "所键入的内容不是有效的 UTF-8".to_string(),
            ErrorKind::MissingRequiredArgument => format!("缺少必需的 {argument}"),
            ErrorKind::MissingSubcommand => {
                let commands = of(ContextKind::ValidSubcommand);
                format!("{} 后面须有命令：{commands}", of(ContextKind::InvalidSubcommand))
            }
            ErrorKind::NoEquals => format!("{argument} 与其值之间须有等号"),
            ErrorKind::TooManyValues => {
                format!("{argument} 的值过多：“{}”", of(ContextKind::InvalidValue))
            }
            ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
                format!("{argument} 的值的个数不对")
            }
            ErrorKind::UnknownArgument => format!("没有参数“{argument}”，或它不能用在此处"),
            _ => chinese(&self.error.to_string()),
        }
    }

    /// The values that there are, if they are known.
    fn possible(&self) -> String {
        let known = self.value(ContextKind::ValidValue).filter(|known| !known.is_empty());
        known.map(|known| format!("；可用的值：{known}")).unwrap_or_default()
    }

    fn value(&self, kind: ContextKind) -> Option<String> {
        match self.error.get(kind)? {
            ContextValue::None => None,
            value => Some(value.to_string()),
        }
    }
}

/// The text without colours.
impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.in_chinese() {
            Some(text) => formatter.write_str(&text),
            None => fmt::Display::fmt(&self.error, formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::super::parse;
    use super::*;

    fn said(words: &str, language: Language) -> String {
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        let Err(refused) = parse(&words, language) else { panic!("{words:?} is not refused") };
        assert!(refused.is_error(), "{refused}");
        refused.to_string()
    }

    #[test]
    fn what_is_wrong_of_arguments_is_said_in_chinese_with_the_way_to_help() {
        for (words, what) in [
            ("fiducial bundle verify", "缺少必需的 <BUNDLE|FOLDER>"),
            ("fiducial verify r --polcy p", "没有参数“--polcy”"),
            ("fiducial verify r --policy", "--policy <FILE> 后面缺少值"),
            // A single receipt is read with no lot key: one that were passed over would seem to be used.
            ("fiducial verify r --policy p --lot-key k", "没有参数“--lot-key”"),
            ("fiducial veryfy r", "没有名为“veryfy”的命令"),
            ("fiducial --lang de inspect f", "--lang <LANGUAGE> 的值“de”无效；可用的值：en, zh"),
            (
                "fiducial watch --log l --policy p --state s --interval 0",
                "的值“0”无效：0 不在 1..=86400 之内",
            ),
            ("fiducial watch --log l --state s --once --interval 9", "不能与"),
            ("fiducial inspect a b", "没有参数“b”"),
            ("fiducial inspect a --json --json", "--json 只能给出一次"),
        ] {
            let said = said(words, Language::Chinese);
            assert!(said.starts_with("错误：") && said.contains(what), "{words}: {said}");
            assert!(said.ends_with("\n说明请见 --help。\n"), "{said}");
            for english in ["error:", "Usage", "For more", "tip:", "invalid value"] {
                assert!(!said.contains(english), "{english} in {said}");
            }
        }
        assert!(
            said("fiducial verify r --polcy p", Language::Chinese).contains("相近的有：--policy")
        );
        assert!(
            said("fiducial bundle verify", Language::Chinese).contains("\n用法：fiducial bundle")
        );
        let english = said("fiducial verify r --polcy p", Language::English);
        assert!(english.starts_with("error: unexpected argument '--polcy' found"), "{english}");
    }
}
