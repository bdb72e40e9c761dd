//! The language of text for people, as it can be typed.

use clap::ValueEnum;

use crate::messages::Language;

/// By its own name or by that of a locale, as systems and browsers write them.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum LanguageName {
    #[value(aliases = ["en-us", "en_us", "en-gb", "en_gb", "en_us.utf-8", "en_gb.utf-8"])]
    En,
    #[value(aliases = [
        "zh-cn", "zh_cn", "zh-hans", "zh_hans", "zh-hans-cn", "zh-sg", "zh_sg", "zh-hk", "zh_hk",
        "zh-tw", "zh_tw", "zh-hant", "zh_cn.utf-8",
    ])]
    Zh,
}

impl LanguageName {
    pub(super) const fn language(self) -> Language {
        match self {
            Self::En => Language::English,
            Self::Zh => Language::Chinese,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::super::parse;
    use super::*;

    #[test]
    fn a_language_is_known_as_systems_write_it() {
        let of = |name: &str| {
            let words = ["fiducial", "--lang", name, "inspect", "file"].map(OsString::from);
            parse(&words, Language::English).ok().map(|wanted| wanted.language)
        };
        for name in ["zh", "ZH", "zh_CN", "zh-CN", "zh_CN.UTF-8", "zh-Hans-CN"] {
            assert_eq!(of(name), Some(Language::Chinese), "{name}");
        }
        for name in ["en", "EN", "en_US", "en-GB"] {
            assert_eq!(of(name), Some(Language::English), "{name}");
        }
        assert_eq!(of("de"), None);
    }
}
