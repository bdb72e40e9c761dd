//! Papers for people who are not engineers: statements and certificates that rules of evidence ask for.
//!
//! A template is plain text with two kinds of places, each named within double braces:
//!
//! ```text
//! {{log}}                       a fact: filled in from a verified bundle, else left blank
//! {{blank:name of the person}}  for a person; never filled in
//! ```
//!
//! Invariant: what is filled in was checked in this run, under the caller's own policy. Whatever was
//! not is a marked blank, or says that it was not checked.
//!
//! Out of scope: law. A paper says what a rule asks and what a bundle holds for it, and never that
//! anything is admitted; each says that a lawyer must read it.

use crate::args::papers::{TemplateCommand, TemplateFill};
use crate::args::{Dossier, PolicyArgs};
use crate::command::Stop;
use crate::dossier::{self, Proven};
use crate::durable::Target;
use crate::failure::Failure;
use crate::log::Network;
use crate::messages::{Language, Message, Said};
use crate::report::{Report, Verdict, printable};

/// A paper in both languages.
struct Template {
    name: &'static str,
    about: Message,
    english: &'static str,
    chinese: &'static str,
}

const TEMPLATES: [Template; 5] = [
    Template {
        name: "log-operator",
        about: Message::TemplateAboutOperator,
        english: include_str!("templates/log-operator.en.txt"),
        chinese: include_str!("templates/log-operator.zh.txt"),
    },
    Template {
        name: "witnesses",
        about: Message::TemplateAboutWitnesses,
        english: include_str!("templates/witnesses.en.txt"),
        chinese: include_str!("templates/witnesses.zh.txt"),
    },
    Template {
        name: "fre-902-13",
        about: Message::TemplateAbout90213,
        english: include_str!("templates/fre-902-13.en.txt"),
        chinese: include_str!("templates/fre-902-13.zh.txt"),
    },
    Template {
        name: "fre-902-14",
        about: Message::TemplateAbout90214,
        english: include_str!("templates/fre-902-14.en.txt"),
        chinese: include_str!("templates/fre-902-14.zh.txt"),
    },
    Template {
        name: "cn-electronic-data",
        about: Message::TemplateAboutChina,
        english: include_str!("templates/cn-electronic-data.en.txt"),
        chinese: include_str!("templates/cn-electronic-data.zh.txt"),
    },
];

/// The names of all facts that a template may ask for.
#[cfg(test)]
const FACTS: [&str; 14] = [
    "bundle",
    "checkpoint",
    "evidence",
    "evidence-count",
    "log",
    "log-keys",
    "not-checked",
    "quorum",
    "ranges",
    "records",
    "timestamps",
    "verifier",
    "witness-times",
    "witnesses",
];

/// Runs `fiducial template`.
pub(crate) fn run(
    command: &TemplateCommand,
    target: Option<&Target>,
    language: Language,
    network: &Network,
) -> Result<Report, Stop> {
    match command {
        TemplateCommand::List => {
            let mut report = Report::new(Verdict::Done);
            report.reason(Said::new(Message::TemplateNotLawyer, &[]));
            for template in &TEMPLATES {
                report.named_fact(Message::LabelTemplate, template.about);
            }
            Ok(report)
        }
        TemplateCommand::Show(wanted) => {
            let text = find(&wanted.name)?.fill(None, language);
            Ok(product(text))
        }
        TemplateCommand::Fill(wanted) => fill(wanted, target, language, network),
    }
}

fn fill(
    wanted: &TemplateFill,
    target: Option<&Target>,
    language: Language,
    network: &Network,
) -> Result<Report, Stop> {
    let template = find(&wanted.name)?;
    let policy = PolicyArgs {
        policy: Some(wanted.policy.clone()),
        unrelated_to: Vec::new(),
        parties: wanted.parties.clone(),
    };
    let by = Dossier {
        policy,
        pins: wanted.pins.clone(),
        source_keys: wanted.source_keys.clone(),
        lot_keys: Vec::new(),
        units: None,
        log: None,
        tsa_ca: wanted.tsa_ca.clone(),
    };
    let proven = dossier::prove(&wanted.bundle, &by, network, language)?;
    let text = template.fill(Some(&proven), language);
    match target {
        None => Ok(product(text)),
        Some(target) => written(target, &text),
    }
}

fn written(target: &Target, text: &str) -> Result<Report, Stop> {
    target.write(text.as_bytes())?;
    let mut report = Report::new(Verdict::Done);
    report.reason(Said::new(Message::TemplateNotLawyer, &[]));
    report.fact(Message::LabelWritten, target.path().display());
    Ok(report)
}

fn product(text: String) -> Report {
    let mut report = Report::new(Verdict::Done);
    report.set_product(text);
    report
}

fn find(name: &str) -> Result<&'static Template, Failure> {
    TEMPLATES.iter().find(|template| template.name == name).ok_or_else(|| {
        let hint = Said::new(Message::HintTemplates, &[]);
        Failure::new(Said::new(Message::TemplateUnknown, &[name])).with_hint(hint)
    })
}

impl Template {
    const fn text(&self, language: Language) -> &'static str {
        match language {
            Language::Chinese => self.chinese,
            Language::English => self.english,
        }
    }

    /// The text with its places filled; `None` leaves every one of them blank.
    fn fill(&self, proven: Option<&Proven>, language: Language) -> String {
        let mut out = String::new();
        let mut rest = self.text(language);
        while let Some((before, behind)) = rest.split_once("{{") {
            let (place, after) = behind.split_once("}}").unwrap_or((behind, ""));
            out.push_str(before);
            // A fact of several lines stands below one another, as far in as its place.
            let line = out.rsplit('\n').next().unwrap_or_default();
            let indent = " ".repeat(line.chars().map(width).sum());
            let lines = value(place, proven, language);
            out.push_str(&lines.join(&format!("\n{indent}")));
            rest = after;
        }
        out + rest
    }
}

/// How many columns a letter takes: Chinese ones take two.
const fn width(letter: char) -> usize {
    if letter as u32 >= 0x2e80 { 2 } else { 1 }
}

/// What stands at a place.
fn value(place: &str, proven: Option<&Proven>, language: Language) -> Vec<String> {
    let blank = |words: &str| {
        let mark = Message::TemplateBlank.text(language);
        match language {
            Language::Chinese => vec![format!("【{mark}：{words}】")],
            Language::English => vec![format!("[{mark}: {words}]")],
        }
    };
    if let Some(words) = place.strip_prefix("blank:") {
        return blank(words);
    }
    let found = proven.map(|facts| facts.iter().find(|(name, _)| *name == place));
    match found {
        None => blank(&format!("fiducial template fill: {place}")),
        Some(Some((_, lines))) if !lines.is_empty() => {
            lines.iter().map(|line| printable(line)).collect()
        }
        Some(_) => vec![Message::TemplateNone.text(language).to_string()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn places(text: &str) -> Vec<&str> {
        text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|one| one.0).collect()
    }

    #[test]
    fn every_place_is_a_known_fact_or_a_blank_and_both_languages_have_the_same_facts() {
        for template in &TEMPLATES {
            let facts = |text| -> BTreeSet<&str> {
                let all = places(text).into_iter();
                all.filter(|place| !place.starts_with("blank:")).collect()
            };
            let (english, chinese) = (facts(template.english), facts(template.chinese));
            assert_eq!(english, chinese, "{}", template.name);
            for fact in english {
                assert!(FACTS.contains(&fact), "{}: {fact}", template.name);
            }
            assert_eq!(template.english.matches("{{").count(), places(template.english).len());
        }
    }

    #[test]
    fn every_paper_says_that_it_needs_a_lawyer_and_promises_nothing() {
        for template in &TEMPLATES {
            let (english, chinese) = (template.english, template.chinese);
            assert!(english.contains("A lawyer must read"), "{}", template.name);
            assert!(chinese.contains("律师"), "{}", template.name);
            for promise in ["court-admissible", "legally valid", "is admissible", "guarantee"] {
                assert!(!english.contains(promise), "{}: {promise}", template.name);
            }
            for promise in ["法院认可", "具有法律效力", "保证采信", "必然采信"] {
                assert!(!chinese.contains(promise), "{}: {promise}", template.name);
            }
            assert!(english.contains("{{not-checked}}") && english.contains("{{verifier}}"));
        }
    }

    #[test]
    fn a_copy_is_dated_by_the_last_time_of_the_quorum_only() {
        let paper = find("fre-902-14").unwrap();
        let english = paper.english.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(english.contains("no later than the last time in the quorum of witnesses"));
        assert!(english.contains("each of the checkpoint beside that statement only"));
        assert!(paper.chinese.contains("不晚于下列达到法定数的见证者所签最晚时间"));
        assert!(paper.chinese.contains("各自仅针对所列声明旁的检查点"));
    }

    #[test]
    fn what_was_not_proven_is_a_blank_or_says_none_and_what_a_person_must_say_stays_blank() {
        let text = find("witnesses").unwrap().fill(None, Language::English);
        assert!(!text.contains("{{") && text.contains("[TO BE FILLED IN: "), "{text}");
        let proven: Proven = vec![("log", vec!["log.example".into()]), ("witnesses", vec![])];
        let text = find("witnesses").unwrap().fill(Some(&proven), Language::English);
        assert!(text.contains("log.example") && text.contains("none"), "{text}");
        assert!(text.contains("[TO BE FILLED IN: "), "{text}");
        let text = find("witnesses").unwrap().fill(Some(&proven), Language::Chinese);
        assert!(text.contains("【待填："), "{text}");
        assert!(find("nothing").is_err());
    }

    #[test]
    fn lines_of_a_fact_stand_below_one_another_and_cannot_turn_the_page() {
        let template = Template {
            name: "t",
            about: Message::TemplateNone,
            english: "a {{witnesses}}.\n",
            chinese: "",
        };
        let lines = vec!["one".to_string(), "two\u{1b}[2J".to_string()];
        let proven: Proven = vec![("witnesses", lines)];
        let text = template.fill(Some(&proven), Language::English);
        assert_eq!(text, "a one\n  two\\u{1b}[2J.\n");
    }
}
