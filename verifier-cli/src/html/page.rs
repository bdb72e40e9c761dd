//! The page: the verdict first, then what it rests on, and what it does not say.

use sha2::{Digest, Sha256};
use spec::encoding::encode_base64;

use super::markup::Attribute::{Fixed, Text};
use super::markup::{Html, class};
use super::words::{Words, spaced, utc};
use super::{boards, delivery, profiles, svg};
use crate::matter::{MAX_OTHERS, Matter, Step};
use crate::messages::late::told;
use crate::messages::{Language, Message, Said};
use crate::reconcile::Delivery;
use crate::report::Verdict;
use crate::run_log::Files;

/// The style sheet, within the page: its hash is all that the page's policy allows.
const STYLE: &str = include_str!("report.css");

/// How many reasons, facts and open points are shown.
const MAX_LINES: usize = 200;

/// What the program did.
pub(super) struct Run {
    /// The command, word by word.
    pub(super) command: Vec<String>,
    /// The files that it read.
    pub(super) files: Files,
    /// When the page was made, by this machine's clock: seconds since 1970, UTC.
    pub(super) at: u64,
}

/// Everything that is said, in one language.
pub(super) struct Page<'a> {
    pub(super) language: Language,
    pub(super) verdict: Verdict,
    /// The word for it.
    pub(super) word: Option<Message>,
    /// Whether it was rejected because it does not fit what the reader gave.
    pub(super) is_misfit: bool,
    /// Whether it was rejected because the file is not whole.
    pub(super) is_damaged: bool,
    /// Whether that may be the work of a program that packs files.
    pub(super) is_repacked: bool,
    /// Whether the evidence holds, whatever it shows.
    pub(super) holds: bool,
    /// What the verdict means, where its word alone would be taken for more.
    pub(super) headline: Option<String>,
    /// What to look at before the reasons.
    pub(super) look: Vec<String>,
    /// Why it is so.
    pub(super) reasons: Vec<String>,
    /// Those of them that say how long after their claimed times records were logged.
    pub(super) lateness: Vec<String>,
    /// What to do where nothing could be told.
    pub(super) hint: Option<String>,
    pub(super) facts: Vec<(&'static str, &'a str)>,
    /// What was not checked.
    pub(super) open: Vec<String>,
    /// What holds; nothing of evidence that does not.
    pub(super) matter: Option<&'a Matter>,
    /// A delivery that was compared with evidence that holds.
    pub(super) delivery: Option<&'a Delivery>,
    pub(super) run: Run,
}

impl Page<'_> {
    /// The whole file.
    pub(super) fn to_html(&self) -> String {
        let words = Words(self.language);
        let language = if self.language == Language::Chinese { "zh-CN" } else { "en" };
        let mut html = Html::default();
        html.markup("<!DOCTYPE html>\n");
        html.tag("html", &[("lang", Fixed(language))], |html| {
            html.tag("head", &[], |html| self.head(html, words));
            html.tag("body", &[], |html| {
                self.banner(html, words);
                html.tag("main", &[], |html| self.main(html, words));
                self.run_log(html, words);
            });
        });
        html.markup("\n");
        html.into_string()
    }

    fn head(&self, html: &mut Html, words: Words) {
        html.void("meta", &[("charset", Fixed("utf-8"))]);
        let hash = encode_base64(&Sha256::digest(STYLE.as_bytes()));
        let policy = format!("default-src 'none'; style-src 'sha256-{hash}'");
        let name = ("http-equiv", Fixed("Content-Security-Policy"));
        html.void("meta", &[name, ("content", Text(&policy))]);
        let viewport = ("content", Fixed("width=device-width, initial-scale=1"));
        html.void("meta", &[("name", Fixed("viewport")), viewport]);
        let title = format!("{}: {}", words.of(self.kind()), words.of(self.word()));
        html.leaf("title", &[], &title);
        html.tag("style", &[], |html| html.markup(STYLE));
    }

    /// What kind of report it is.
    const fn kind(&self) -> Message {
        if self.delivery.is_some() { Message::HtmlDelivery } else { Message::HtmlTitle }
    }

    fn word(&self) -> Message {
        self.word.unwrap_or(Message::CouldNotTell)
    }

    /// The verdict, in a shape, a word and a sentence.
    fn banner(&self, html: &mut Html, words: Words) {
        let (kind, sentence) = match self.verdict {
            Verdict::Verified => ("verdict verified", Message::HtmlMeansVerified),
            Verdict::Rejected if self.is_misfit => ("verdict rejected", Message::HtmlMeansMisfit),
            Verdict::Rejected if self.is_repacked => ("verdict rejected", Message::BundleRepacked),
            Verdict::Rejected if self.is_damaged => ("verdict rejected", Message::HtmlMeansDamaged),
            Verdict::Rejected if self.holds => ("verdict rejected", Message::HtmlMeansAbsent),
            Verdict::Rejected => ("verdict rejected", Message::HtmlMeansRejected),
            Verdict::Done | Verdict::Undecided => {
                ("verdict undecided", Message::HtmlMeansUndecided)
            }
        };
        let sentence = match self.delivery {
            Some(delivery) => self.of_delivery(words, delivery),
            None => self.headline.clone().unwrap_or_else(|| words.of(sentence).to_string()),
        };
        // What is nowhere stands in the first line.
        let is_absent = self.verdict == Verdict::Rejected && self.holds && self.delivery.is_none();
        let absent = self.reasons.first().filter(|_| is_absent);
        html.tag("header", &[], |html| {
            words.say(html, "p", &[class("kind")], self.kind());
            html.tag("div", &[class(kind)], |html| {
                self.sign(html, words);
                html.tag("div", &[], |html| {
                    words.say(html, "h1", &[], self.word());
                    if let Some(absent) = absent {
                        html.leaf("p", &[], absent);
                    }
                    html.leaf("p", &[], &sentence);
                });
            });
        });
    }

    /// What the verdict on a delivery means; where it is not in order, only what of it is not.
    fn of_delivery(&self, words: Words, delivery: &Delivery) -> String {
        match self.verdict {
            Verdict::Verified => words.of(Message::HtmlMeansNoRed).to_string(),
            Verdict::Rejected => {
                let wrong = Said::new(Message::Wrong, &[]).with(delivery.wrongs());
                let stop = if words.0 == Language::Chinese { "。" } else { "." };
                wrong.to_text(words.0) + stop
            }
            Verdict::Done | Verdict::Undecided => words.of(Message::HtmlMeansNotTold).to_string(),
        }
    }

    fn sign(&self, html: &mut Html, words: Words) {
        svg::drawing(html, (64.0, 64.0), words.of(self.word()), |html| match self.verdict {
            Verdict::Verified => {
                svg::circle(html, "sign", (32.0, 32.0), 28.0);
                svg::path(html, "stroke", &[(19.0, 33.0), (28.0, 43.0), (46.0, 22.0)]);
            }
            Verdict::Rejected => {
                svg::rect(html, "sign", (5.0, 5.0), (54.0, 54.0));
                svg::path(html, "stroke", &[(20.0, 20.0), (44.0, 44.0)]);
                svg::path(html, "stroke", &[(44.0, 20.0), (20.0, 44.0)]);
            }
            Verdict::Done | Verdict::Undecided => {
                svg::diamond(html, "sign", (32.0, 32.0), 30.0);
                svg::label(html, "question", (32.0, 42.0), "?");
            }
        });
    }

    fn main(&self, html: &mut Html, words: Words) {
        if !self.look.is_empty() {
            html.tag("section", &[class("look")], |html| {
                words.say(html, "h2", &[], Message::HtmlLook);
                lines(html, words, &self.look, "reasons");
            });
        }
        if let Some(delivery) = self.delivery {
            delivery::counts(html, words, delivery);
            delivery::units(html, words, delivery);
            delivery::sources(html, words, delivery);
            if !self.lateness.is_empty() {
                words.say(html, "h2", &[], Message::HtmlLateness);
                lines(html, words, &self.lateness, "reasons");
            }
            words.say(html, "h2", &[], Message::HtmlNotChecked);
            words.say(html, "p", &[], Message::HtmlNotCheckedMeans);
            return lines(html, words, &self.open, "open");
        }
        let rests = match self.verdict {
            Verdict::Verified => Message::HtmlRestsOn,
            Verdict::Rejected if self.holds => Message::HtmlRestsOn,
            Verdict::Rejected => Message::HtmlWhyRejected,
            Verdict::Done | Verdict::Undecided => Message::HtmlWhyUndecided,
        };
        words.say(html, "h2", &[], rests);
        lines(html, words, &self.reasons, "reasons");
        if let Some(hint) = &self.hint {
            html.leaf("p", &[], hint);
        }
        words.say(html, "h2", &[], Message::HtmlNotChecked);
        if self.holds {
            words.say(html, "p", &[], Message::HtmlNotCheckedMeans);
            lines(html, words, &self.open, "open");
        } else {
            words.say(html, "p", &[], Message::HtmlNothingShown);
        }
        if let Some(matter) = self.matter {
            witnesses(html, words, matter);
            boards::draw(html, words, matter);
            draw_profiles(html, words, matter);
            others(html, words, matter);
        }
        self.details(html, words);
    }

    /// Every labelled value that the program prints.
    fn details(&self, html: &mut Html, words: Words) {
        if self.facts.is_empty() {
            return;
        }
        words.say(html, "h2", &[], Message::HtmlDetails);
        html.tag("table", &[class("facts")], |html| {
            html.tag("tbody", &[], |html| {
                for (label, value) in self.facts.iter().take(MAX_LINES) {
                    html.tag("tr", &[], |html| {
                        html.leaf("th", &[], label);
                        html.tag("td", &[class("code")], |html| html.lines(value));
                    });
                }
            });
        });
        left_out(html, words, self.facts.len().saturating_sub(MAX_LINES));
    }

    /// Which program, which command, which files, when.
    fn run_log(&self, html: &mut Html, words: Words) {
        html.tag("footer", &[], |html| {
            words.say(html, "h2", &[], Message::HtmlRunLog);
            let version = words.with(Message::HtmlVersionOf, &[env!("CARGO_PKG_VERSION")]);
            html.leaf("p", &[], &version);
            html.leaf("p", &[], &words.with(Message::HtmlMadeAt, &[&utc(self.run.at)]));
            html.tag("p", &[class("code")], |html| command(html, &self.run.command));
            html.tag("table", &[class("files")], |html| {
                words.head(html, &[Message::HtmlFile, Message::LabelBytes, Message::LabelSha256]);
                html.tag("tbody", &[], |html| {
                    for file in &self.run.files.listed {
                        html.tag("tr", &[], |html| {
                            html.leaf("td", &[class("key")], &file.path);
                            html.leaf("td", &[class("n")], &file.size.to_string());
                            html.leaf("td", &[class("code")], &file.sha256);
                        });
                    }
                });
            });
            left_out(html, words, self.run.files.more);
            words.say(html, "p", &[class("note")], Message::HtmlPageIsNoEvidence);
        });
    }
}

/// The command, to be pasted: a line ends between its words, and not at the hyphens of one.
fn command(html: &mut Html, command: &[String]) {
    for (at, word) in command.iter().enumerate() {
        if at > 0 {
            html.markup(" ");
        }
        html.leaf("span", &[class("word")], word);
    }
}

/// A list of sentences.
pub(super) fn lines(html: &mut Html, words: Words, lines: &[String], kind: &'static str) {
    html.tag("ul", &[class(kind)], |html| {
        for line in lines.iter().take(MAX_LINES) {
            html.leaf("li", &[], line);
        }
    });
    left_out(html, words, lines.len().saturating_sub(MAX_LINES));
}

/// Says how many are not on the page, if any.
pub(super) fn left_out(html: &mut Html, words: Words, count: usize) {
    if count > 0 {
        let text = words.with(Message::HtmlLeftOut, &[&count.to_string()]);
        html.leaf("p", &[class("note")], &text);
    }
}

fn witnesses(html: &mut Html, words: Words, matter: &Matter) {
    words.say(html, "h2", &[], Message::HtmlWitnesses);
    if matter.witnesses.is_empty() {
        words.say(html, "p", &[], Message::HtmlNoWitnesses);
        return;
    }
    words.say(html, "p", &[], Message::HtmlWitnessesMean);
    html.tag("table", &[], |html| {
        let titles = [
            Message::HtmlWitness,
            Message::HtmlWitnessKey,
            Message::HtmlWitnessTime,
            Message::HtmlWitnessUnrelated,
        ];
        words.head(html, &titles);
        html.tag("tbody", &[], |html| {
            for witness in matter.witnesses.iter().take(MAX_LINES) {
                html.tag("tr", &[], |html| {
                    html.cell("td", &[class("key")], &witness.name);
                    html.cell("td", &[], witness.algorithm);
                    html.cell("td", &[class("time")], &utc(witness.time));
                    let unrelated = match witness.unrelated {
                        None => Message::HtmlNotAsked,
                        Some(true) => Message::HtmlYes,
                        Some(false) => Message::HtmlNo,
                    };
                    words.say(html, "td", &[], unrelated);
                });
            }
        });
    });
}

fn draw_profiles(html: &mut Html, words: Words, matter: &Matter) {
    if matter.profiles.is_empty() {
        return;
    }
    words.say(html, "h2", &[], Message::HtmlProfiles);
    words.say(html, "p", &[], Message::HtmlProfilesMean);
    for (at, step) in matter.profiles.iter().enumerate() {
        html.tag("section", &[class("board-section")], |html| {
            let name =
                step.text("certificate").or_else(|| step.text("file/name")).unwrap_or_default();
            let title = words.with(Message::HtmlProfileTitle, &[&(at + 1).to_string(), name]);
            html.leaf("h3", &[], &title);
            html.tag("dl", &[], |html| profile_facts(html, words, step));
            profiles::draw(html, words, step);
        });
    }
    left_out(html, words, matter.profile_count - matter.profiles.len());
}

fn profile_facts(html: &mut Html, words: Words, step: &Step) {
    for (label, field) in [
        (Message::HtmlVerdictStated, "verdict"),
        (Message::HtmlPwi, "pwi"),
        (Message::HtmlWindowName, "window"),
        (Message::HtmlOven, "machine"),
        (Message::HtmlLane, "lane"),
        (Message::HtmlRecipe, "program"),
        (Message::HtmlClaimed, "claimed/start"),
        (Message::HtmlSeen, "seen"),
        (Message::HtmlValidFrom, "valid/from"),
        (Message::HtmlValidUntil, "valid/until"),
    ] {
        words.say(html, "dt", &[], label);
        let value = spaced(&boards::shown(words, step.field(field)));
        html.tag("dd", &[], |html| html.listed(&value));
    }
    for (label, time) in [
        (Message::HtmlNotBefore, step.bounds.not_before),
        (Message::HtmlNotAfter, step.bounds.not_after),
    ] {
        words.say(html, "dt", &[], label);
        html.cell("dd", &[], &time.map_or_else(|| words.of(Message::HtmlUnknown).into(), utc));
    }
}

/// Programs, closings, outages: a line each.
fn others(html: &mut Html, words: Words, matter: &Matter) {
    if matter.others.is_empty() {
        return;
    }
    words.say(html, "h2", &[], Message::HtmlOthers);
    html.tag("table", &[], |html| {
        let titles =
            [Message::HtmlWhat, Message::HtmlSays, Message::HtmlNotBefore, Message::HtmlNotAfter];
        words.head(html, &titles);
        html.tag("tbody", &[], |html| {
            for step in &matter.others {
                html.tag("tr", &[], |html| other(html, words, step));
            }
        });
    });
    left_out(html, words, matter.other_count.saturating_sub(MAX_OTHERS));
}

fn other(html: &mut Html, words: Words, step: &Step) {
    html.tag("td", &[class("what")], |html| {
        html.leaf("b", &[], words.kind(step.kind));
        let place = [step.sequence, step.record].map(|number| number.to_string());
        let place = words.with(Message::HtmlStatementRecord, &[&step.source, &place[0], &place[1]]);
        html.leaf("small", &[], &place);
    });
    let said = ["program", "file/name", "reason", "records", "lost", "note", "late"];
    let said = said.into_iter().filter_map(|name| match (name, step.text(name)?) {
        ("late", late) => Some(told(late, words.0)),
        (_, text) => Some(text.to_string()),
    });
    let said: Vec<String> = said.collect();
    html.cell("td", &[], &said.join("; "));
    for time in [step.bounds.not_before, step.bounds.not_after] {
        let shown = time.map_or_else(|| words.of(Message::HtmlUnknown).to_string(), utc);
        html.cell("td", &[class("time")], &shown);
    }
}
