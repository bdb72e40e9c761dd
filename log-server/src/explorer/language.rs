//! In which language a page is, and how the other one is reached.
//!
//! `?lang=` decides; else what the browser asks for; else English. A choice that was made by hand
//! goes along in every link, so that no cookie is needed.

use std::fmt::Display;

use super::link::Link;

/// The most bytes of `Accept-Language` that are looked at.
const MAX_HEADER_SIZE: usize = 512;

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lang {
    /// English.
    En,
    /// Chinese, simplified.
    Zh,
}

/// The same in both languages. `{0}`, `{1}` stand for what [`Lang::fill`] is given.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    pub(super) en: &'static str,
    pub(super) zh: &'static str,
}

impl Lang {
    /// Both, in the order in which they are offered.
    pub(super) const ALL: [Self; 2] = [Self::Zh, Self::En];

    /// Its name as a parameter.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// Its tag in HTML.
    pub(super) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-Hans",
        }
    }

    /// What it calls itself.
    pub(super) const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Zh => "中文",
        }
    }

    pub(super) const fn say(self, word: Word) -> &'static str {
        match self {
            Self::En => word.en,
            Self::Zh => word.zh,
        }
    }

    /// Says a sentence with values in it. The values may hold braces: they are not looked at.
    pub(super) fn fill(self, word: Word, values: &[&dyn Display]) -> String {
        let mut filled = String::new();
        let mut rest = self.say(word);
        while let Some((before, after)) = rest.split_once('{') {
            let (number, after) = after.split_once('}').expect("a brace of ours is closed");
            let at: usize = number.parse().expect("a place of ours is a number");
            filled.push_str(before);
            let value = values[at].to_string();
            filled.push_str(&value);
            let is_one = self == Self::En && value == "1";
            let noun = NUMBERS.iter().find(|(many, _)| is_one && after.starts_with(*many));
            rest = match noun {
                Some((many, one)) => {
                    filled.push_str(one);
                    &after[many.len()..]
                }
                None => after,
            };
        }
        filled.push_str(rest);
        filled
    }

    fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }
}

/// What follows a number in English where it is of many, and where it is of one; longer ones first.
const NUMBERS: [(&str, &str); 6] = [
    (" more entries are", " more entry is"),
    (" statements are", " statement is"),
    (" statements", " statement"),
    (" entries", " entry"),
    (" bytes", " byte"),
    (" steps", " step"),
];

/// Who reads: the language, and whether it was chosen by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reader {
    /// The language.
    pub(crate) lang: Lang,
    chosen: bool,
}

impl Reader {
    /// Decides by the parameter and the header; `None` for a parameter that is no language of ours.
    pub(crate) fn of(parameter: Option<&str>, header: Option<&str>) -> Option<Self> {
        match parameter {
            Some(code) => Some(Self { lang: Lang::of_code(code)?, chosen: true }),
            None => Some(Self { lang: header.map_or(Lang::En, preferred), chosen: false }),
        }
    }

    /// The same page in another language.
    pub(super) const fn in_other(lang: Lang) -> Self {
        Self { lang, chosen: true }
    }

    /// What a link of a page says: a choice goes along.
    pub(crate) fn path(self, link: &Link) -> String {
        let path = link.to_string();
        if !self.chosen || !link.is_page() {
            return path;
        }
        let joint = if path.contains('?') { '&' } else { '?' };
        format!("{path}{joint}lang={}", self.lang.code())
    }

    /// The language that was chosen by hand, for a form to send along.
    pub(super) fn chosen(self) -> Option<Lang> {
        self.chosen.then_some(self.lang)
    }
}

/// The language of `Accept-Language` that is ours and weighs most; the first of equals.
fn preferred(header: &str) -> Lang {
    let mut best = (0, Lang::En);
    let end = header.len().min(MAX_HEADER_SIZE);
    for range in header.get(..end).unwrap_or_default().split(',') {
        let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
        let main = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        let weight = weight(parameters.trim());
        if let Some(lang) = Lang::of_code(&main).filter(|_| weight > best.0) {
            best = (weight, lang);
        }
    }
    best.1
}

/// A weight in thousandths; one that is malformed counts as nothing.
fn weight(parameters: &str) -> u32 {
    let Some(number) = parameters.strip_prefix("q=") else {
        return if parameters.is_empty() { 1000 } else { 0 };
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = part.len() <= 3 && part.bytes().all(|digit| digit.is_ascii_digit());
    match whole {
        "1" => 1000,
        "0" if digits => format!("{part:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lang(header: &str) -> Lang {
        Reader::of(None, Some(header)).unwrap().lang
    }

    #[test]
    fn one_is_not_many_and_a_value_is_no_part_of_the_sentence() {
        let word =
            Word { en: "{0} entries in {1} steps, {2}", zh: "{0} 个条目，{1} 步，{2}" };
        let said = |lang: Lang, entries: u64| lang.fill(word, &[&entries, &3, &"1 entries {0}"]);
        assert_eq!(said(Lang::En, 1), "1 entry in 3 steps, 1 entries {0}");
        assert_eq!(said(Lang::En, 21), "21 entries in 3 steps, 1 entries {0}");
        assert_eq!(said(Lang::Zh, 1), "1 个条目，3 步，1 entries {0}");
    }

    #[test]
    fn the_browser_is_listened_to_unless_somebody_chose() {
        assert_eq!(lang("zh-CN,zh;q=0.9,en;q=0.8"), Lang::Zh);
        assert_eq!(lang("en-GB,en;q=0.9,zh;q=0.8"), Lang::En);
        assert_eq!(lang("de-DE, zh ;q=0.3, en;q=0.2"), Lang::Zh);
        assert_eq!(lang("zh;q=0, fr"), Lang::En);
        assert_eq!(lang("ZH-Hant-TW"), Lang::Zh);
        for odd in ["", "*", ";;q=,,", "zh;q=9", "zh;q=0.12345", "zh;level=1", "\u{1b}"] {
            assert_eq!(lang(odd), Lang::En, "{odd}");
        }
        assert_eq!(lang(&format!("{}zh", "x,".repeat(600))), Lang::En);
        let chosen = Reader::of(Some("zh"), Some("en")).unwrap();
        assert_eq!(chosen.lang, Lang::Zh);
        for wrong in ["de", "ZH", "", "zh-CN"] {
            assert!(Reader::of(Some(wrong), None).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_choice_goes_along_and_a_preference_does_not() {
        let chosen = Reader::of(Some("zh"), None).unwrap();
        assert_eq!(chosen.path(&Link::Entry(7)), "/entry/7?lang=zh");
        assert_eq!(chosen.path(&Link::Proof(7)), "/proof/7");
        let by_header = Reader::of(None, Some("zh")).unwrap();
        assert_eq!(by_header.path(&Link::Entry(7)), "/entry/7");
    }

    #[test]
    fn sentences_are_filled_once() {
        let word = Word { en: "{1} of {0}", zh: "{0} 中的 {1}" };
        assert_eq!(Lang::En.fill(word, &[&"{1}", &2]), "2 of {1}");
        assert_eq!(Lang::Zh.fill(word, &[&1, &2]), "1 中的 2");
    }
}
