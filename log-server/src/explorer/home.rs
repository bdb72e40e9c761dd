//! The start: what is signed, who has seen it, how it grew, what is new.

use spec::encoding::encode_hex;
use spec::key::{Algorithm, VerifierKey};
use spec::note::{Note, Signature};

use super::Explorer;
use super::chart;
use super::html::Html;
use super::language::{Reader, Word};
use super::link::Link;
use super::number::{grouped, moment, span};
use super::page::{Page, document, fact, hash, help, link, section, source_link, table, wide};
use super::read::Newest;
use super::words;
use crate::admission::Admission;
use crate::answer::{Published, Status};
use crate::log::Log;

mod witnesses;

/// For how long the start may be kept: a new head may be a moment away.
const MAX_AGE: u32 = 5;

/// Over which time the growth is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// All that is known.
    All,
    /// The last day.
    Day,
    /// The last 31 days.
    Month,
}

impl Over {
    const EACH: [(Self, &'static str, Word); 3] = [
        (Self::Day, "day", words::OVER_DAY),
        (Self::Month, "month", words::OVER_MONTH),
        (Self::All, "all", words::OVER_ALL),
    ];

    /// Reads the parameter.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::EACH.into_iter().find(|(_, code, _)| *code == text).map(|(over, _, _)| over)
    }

    const fn seconds(self) -> u64 {
        match self {
            Self::All => u64::MAX,
            Self::Day => 86_400,
            Self::Month => 31 * 86_400,
        }
    }

    fn link(self) -> Link {
        let (_, code, _) =
            Self::EACH.into_iter().find(|(over, _, _)| *over == self).expect("each is listed");
        if self == Self::All { Link::Home } else { Link::HomeOver(code) }
    }
}

/// What the start shows.
struct Home<'a> {
    log: &'a Log,
    explorer: &'a Explorer,
    reader: Reader,
    status: &'a Status,
    published: &'a Published,
    /// Its signature lines; none before the first head.
    lines: &'a [Signature],
    now: u64,
}

/// Writes the start.
pub(crate) fn home_page(
    log: &Log,
    explorer: &Explorer,
    newest: &[Newest],
    reader: Reader,
    over: Over,
    now: u64,
) -> Page {
    let (status, published) = (log.status(), log.published());
    let note = Note::parse(&published.note).ok();
    let lines = note.as_ref().map_or(&[][..], Note::signatures);
    let home = Home { log, explorer, reader, status: &status, published: &published, lines, now };
    let title = reader.lang.fill(words::HOME_TITLE, &[log.origin()]);
    let html = document(reader, &title, &over.link(), |html| {
        home.lead(html);
        section(html, reader.lang.say(words::HEAD), |html| home.head(html));
        section(html, reader.lang.say(words::WITNESSES), |html| witnesses::show(html, &home));
        section(html, reader.lang.say(words::GROWTH), |html| home.growth(html, over));
        section(html, reader.lang.say(words::NEWEST), |html| home.newest(html, newest));
        section(html, reader.lang.say(words::CHECK_YOURSELF), |html| home.verifier(html));
        section(html, reader.lang.say(words::KEYS), |html| home.keys(html));
    });
    Page { status: 200, html, max_age: MAX_AGE }
}

impl Home<'_> {
    fn say(&self, word: Word) -> &'static str {
        self.reader.lang.say(word)
    }

    fn size(&self) -> u64 {
        self.published.checkpoint.tree().size()
    }

    /// A moment, and how long ago it was.
    fn ago(&self, time: u64) -> String {
        let lang = self.reader.lang;
        let ago = lang.fill(words::AGO, &[&span(lang, self.now.saturating_sub(time))]);
        format!("{} ({ago})", moment(time))
    }

    fn lead(&self, html: &mut Html) {
        let lead = match self.log.admission() {
            Admission::Any => words::LEAD_ANY,
            Admission::Statements => words::LEAD_STATEMENTS,
        };
        html.leaf("p", &[("class", &"lead")], self.say(lead));
        if self.status.fatal.is_some() {
            html.leaf("p", &[("class", &"notice bad")], self.say(words::STOPPED));
        }
    }

    fn head(&self, html: &mut Html) {
        help(html, self.say(words::HEAD_HELP));
        if self.published.note.is_empty() {
            html.leaf("p", &[("class", &"notice open")], self.say(words::NOT_PUBLISHED));
            return;
        }
        let lang = self.reader.lang;
        let tree = self.published.checkpoint.tree();
        html.element("dl", &[], |html| {
            fact(html, self.say(words::SIZE), |html| {
                let entries = lang.fill(words::ENTRIES, &[&grouped(tree.size())]);
                html.leaf("span", &[("class", &"big")], entries);
            });
            fact(html, self.say(words::ROOT), |html| hash(html, tree.root()));
            fact(html, self.say(words::SIGNED), |html| match self.signed_at() {
                Some(time) => html.text(self.ago(time)),
                None => html.text(self.say(words::SIGNED_UNKNOWN)),
            });
            fact(html, self.say(words::PUBLISHED), |html| match self.status.published_at {
                0 => html.text(self.say(words::PUBLISHED_BEFORE)),
                time => html.text(self.ago(time)),
            });
            fact(html, self.say(words::ORIGIN), |html| html.text(self.log.origin()));
            fact(html, self.say(words::NOTE), |html| {
                link(html, self.reader, &Link::Checkpoint, Link::Checkpoint);
            });
        });
        let behind = self.status.sequenced.saturating_sub(tree.size());
        if behind > 0 {
            help(html, lang.fill(words::BEHIND, &[&grouped(behind)]));
        }
        html.leaf("h3", &[], self.say(words::SIGNATURES));
        self.signatures(html);
    }

    /// When the log says that it signed: its post-quantum line names a time.
    fn signed_at(&self) -> Option<u64> {
        let keys = self.log.verifier_keys();
        self.lines.iter().find_map(|line| {
            let key = keys.iter().find(|key| key.claims(line))?;
            time_of(key, line)
        })
    }

    fn signatures(&self, html: &mut Html) {
        let columns = [
            (words::SIGNER, ""),
            (words::ROLE, ""),
            (words::KIND, ""),
            (words::KEY_ID, ""),
            (words::TIME, ""),
        ];
        table(html, self.reader, &columns, |html| {
            for line in self.lines {
                html.element("tr", &[], |html| self.signature(html, line));
            }
        });
    }

    fn signature(&self, html: &mut Html, line: &Signature) {
        let of_log = self.log.verifier_keys().iter().find(|key| key.claims(line));
        let witnesses = self.log.witness_policy().map_or(&[][..], |policy| policy.witnesses());
        let of_witness = witnesses.iter().find(|witness| witness.key().claims(line));
        let (role, key) = match (of_log, of_witness) {
            (Some(key), _) => (words::ROLE_LOG, Some(key)),
            (None, Some(witness)) => (words::ROLE_WITNESS, Some(witness.key())),
            (None, None) => (words::ROLE_UNKNOWN, None),
        };
        html.leaf("th", &[("scope", &"row")], &line.name);
        html.leaf("td", &[], self.say(role));
        html.leaf("td", &[], self.say(kind(key)));
        html.leaf("td", &[("class", &"hash when")], encode_hex(line.id.as_bytes()));
        let time = key.and_then(|key| time_of(key, line));
        let time = time.map_or_else(|| self.say(words::NO_TIME).to_owned(), moment);
        html.leaf("td", &[("class", &"when")], time);
    }

    fn growth(&self, html: &mut Html, over: Over) {
        let lang = self.reader.lang;
        let growth = &self.explorer.growth;
        let all = growth.samples_since(0);
        let Some(first) = all.first() else {
            help(html, self.say(words::GROWTH_NONE));
            return;
        };
        help(html, lang.fill(words::GROWTH_SINCE, &[&moment(first.time)]));
        let shown = growth.samples_since(self.now.saturating_sub(over.seconds()));
        html.element(
            "nav",
            &[("class", &"over"), ("aria-label", &self.say(words::OVER))],
            |html| {
                for (other, _, word) in Over::EACH {
                    if other == over {
                        html.leaf("strong", &[("aria-current", &"true")], self.say(word));
                    } else {
                        link(html, self.reader, &other.link(), self.say(word));
                    }
                }
            },
        );
        if let (Some(from), Some(to)) = (shown.first(), shown.last()) {
            let label = lang.fill(
                words::GROWTH_LABEL,
                &[&grouped(from.size), &moment(from.time), &grouped(to.size), &moment(to.time)],
            );
            wide(html, |html| chart::draw(html, &shown, &label));
            let time = span(lang, to.time - from.time);
            help(html, lang.fill(words::GROWN, &[&grouped(to.size - from.size), &time]));
        }
    }

    fn newest(&self, html: &mut Html, newest: &[Newest]) {
        if newest.is_empty() {
            help(html, self.say(words::NONE_YET));
            return;
        }
        let opaque = [(words::ENTRY, "number"), (words::LEAF, "")];
        let statements = [
            (words::ENTRY, "number"),
            (words::SOURCE, ""),
            (words::SEQUENCE, "number"),
            (words::LEAF, ""),
        ];
        let columns = match self.log.admission() {
            Admission::Any => &opaque[..],
            Admission::Statements => &statements[..],
        };
        table(html, self.reader, columns, |html| {
            for entry in newest {
                html.element("tr", &[], |html| self.newest_row(html, entry));
            }
        });
    }

    fn newest_row(&self, html: &mut Html, entry: &Newest) {
        html.element("td", &[("class", &"number")], |html| {
            link(html, self.reader, &Link::Entry(entry.index), grouped(entry.index));
        });
        if let Some(statement) = &entry.statement {
            html.element("td", &[], |html| source_link(html, self.reader, statement.source()));
            html.leaf("td", &[("class", &"number")], grouped(statement.sequence()));
        }
        html.element("td", &[], |html| hash(html, entry.leaf));
    }

    fn verifier(&self, html: &mut Html) {
        help(html, self.say(words::CHECK_HELP));
        let Some(page) = &self.explorer.verify else {
            html.element("p", &[], |html| {
                link(html, self.reader, &Link::Verify, self.say(words::VERIFY_ABSENT));
            });
            return;
        };
        html.element("p", &[], |html| {
            link(html, self.reader, &Link::Verify, self.say(words::VERIFY_HERE));
        });
        help(html, self.say(words::VERIFY_SUM));
        html.element("p", &[], |html| hash(html, page.hash()));
    }

    fn keys(&self, html: &mut Html) {
        help(html, self.say(words::KEYS_HELP));
        for key in self.log.verifier_keys() {
            html.element("details", &[], |html| {
                html.element("summary", &[], |html| {
                    html.text(self.say(kind(Some(key))));
                    html.text(" · ");
                    html.leaf("span", &[("class", &"hash")], key.id());
                });
                html.leaf("pre", &[], key);
            });
        }
    }
}

const fn kind(key: Option<&VerifierKey>) -> Word {
    match key {
        None => words::KIND_UNKNOWN,
        Some(key) => match key.algorithm() {
            Algorithm::CosignatureEd25519 => words::KIND_COSIGNATURE,
            Algorithm::CosignatureMlDsa44 => words::KIND_ML_DSA,
            Algorithm::NoteEd25519 => words::KIND_NOTE,
        },
    }
}

/// The time that a line names: it stands before the signature, big-endian. The log has verified the
/// lines that it publishes; a reader verifies them again.
fn time_of(key: &VerifierKey, line: &Signature) -> Option<u64> {
    if key.algorithm() == Algorithm::NoteEd25519 {
        return None;
    }
    line.bytes.split_first_chunk().map(|(time, _)| u64::from_be_bytes(*time))
}
