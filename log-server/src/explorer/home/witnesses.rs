//! The witnesses, and how far each is behind: in entries, and in seconds since it last cosigned.
//!
//! Two things are known of a witness: what it cosigned for this process, and its line in the
//! published note. The newer of the two is shown. What is wrong with it is said by its kind alone:
//! details, such as addresses, are its operator's and this log's.

use spec::policy::PolicyWitness;

use super::super::html::Html;
use super::super::language::Word;
use super::super::number::{grouped, moment, span};
use super::super::page::{help, table};
use super::super::words;
use super::{Home, time_of};
use crate::witnesses::ask::Trouble;
use crate::witnesses::board::WitnessState;

/// What is known of one witness.
struct Known {
    name: String,
    /// The largest tree that it is known to have cosigned, and when; no time is none.
    size: u64,
    time: u64,
    state: (Word, &'static str),
}

/// Shows all witnesses of the policy.
pub(super) fn show(html: &mut Html, home: &Home<'_>) {
    let Some(policy) = home.log.witness_policy() else {
        help(html, home.say(words::NO_WITNESSES));
        return;
    };
    help(html, home.say(words::WITNESSES_HELP));
    let status = home.status.witnessing.as_ref();
    if let Some(waiting) = status.and_then(|status| status.waiting.as_ref())
        && waiting.time >= crate::witnesses::board::QUORUM_PATIENCE
    {
        let lang = home.reader.lang;
        let time = span(lang, waiting.time.as_secs());
        let text = lang.fill(words::QUORUM_MISSING, &[&grouped(waiting.size), &time]);
        html.leaf("p", &[("class", &"notice open")], text);
    }
    let asked = status.map_or(&[][..], |status| &status.witnesses);
    let carried = policy.witnesses().iter().filter(|witness| witness.url().is_none());
    let known: Vec<Known> = asked
        .iter()
        .map(|state| asked_witness(home, state))
        .chain(carried.map(|witness| carried_witness(home, witness)))
        .collect();
    if known.is_empty() {
        help(html, home.say(words::NO_WITNESSES));
        return;
    }
    let columns = [
        (words::WITNESS, ""),
        (words::SEEN_SIZE, "number"),
        (words::BEHIND_ENTRIES, "number"),
        (words::BEHIND_SECONDS, "number"),
        (words::LAST_SIGNED, ""),
        (words::STATE, ""),
    ];
    table(html, home.reader, &columns, |html| {
        for witness in &known {
            html.element("tr", &[], |html| row(html, home, witness));
        }
    });
}

fn row(html: &mut Html, home: &Home<'_>, witness: &Known) {
    html.leaf("th", &[("scope", &"row")], &witness.name);
    let number = |html: &mut Html, value: Option<u64>| {
        let text = value.map_or_else(|| "–".to_owned(), grouped);
        html.leaf("td", &[("class", &"number")], text);
    };
    let heard = witness.time > 0;
    let behind = home.size().saturating_sub(witness.size);
    let seconds = if behind == 0 { 0 } else { home.now.saturating_sub(witness.time) };
    number(html, heard.then_some(witness.size));
    number(html, heard.then_some(behind));
    number(html, heard.then_some(seconds));
    let last = if heard { moment(witness.time) } else { home.say(words::NEVER).to_owned() };
    html.leaf("td", &[("class", &"when")], last);
    let (word, class) = witness.state;
    html.element("td", &[], |html| {
        html.leaf("span", &[("class", &format_args!("state {class}"))], home.say(word));
    });
}

/// A witness that is asked over the network. Its name is those of all its keys in the policy.
fn asked_witness(home: &Home<'_>, state: &WitnessState) -> Known {
    let policy = home.log.witness_policy();
    let noted = policy.into_iter().flat_map(|policy| policy.witnesses()).filter(|witness| {
        witness.url().is_some()
            && state.name.split(',').any(|name| name == witness.name().to_string())
    });
    let noted = noted.filter_map(|witness| noted_time(home, witness)).max();
    let (size, time) = match noted {
        Some(time) if home.size() >= state.size => (home.size(), time.max(state.cosigned_at)),
        _ => (state.size, state.cosigned_at),
    };
    let word = match &state.trouble {
        Some(trouble) => shown(trouble),
        None if time == 0 => (words::STATE_UNHEARD, "open"),
        None if size < home.size() => (words::STATE_BEHIND, "open"),
        None => (words::STATE_GOOD, "good"),
    };
    Known { name: state.name.replace(',', ", "), size, time, state: word }
}

/// A witness whose cosignatures come by file: only its line in the published note is known.
fn carried_witness(home: &Home<'_>, witness: &PolicyWitness) -> Known {
    let time = noted_time(home, witness);
    let size = if time.is_some() { home.size() } else { 0 };
    let state = (words::STATE_CARRIED, if time.is_some() { "good" } else { "open" });
    Known { name: witness.name().to_string(), size, time: time.unwrap_or(0), state }
}

/// The time of a witness's line in the published note, if it has one there.
fn noted_time(home: &Home<'_>, witness: &PolicyWitness) -> Option<u64> {
    let line = home.lines.iter().find(|line| witness.key().claims(line))?;
    time_of(witness.key(), line)
}

/// What is wrong with a witness, in words that name nobody.
const fn shown(trouble: &Trouble) -> (Word, &'static str) {
    match trouble {
        Trouble::Busy { .. } => (words::TROUBLE_BUSY, "open"),
        Trouble::Timeout => (words::TROUBLE_LATE, "open"),
        Trouble::Connect(_) | Trouble::Failed(_) | Trouble::Local(_) => {
            (words::TROUBLE_REACH, "open")
        }
        Trouble::Answer(_) | Trouble::Cosignature(_) => (words::TROUBLE_ANSWER, "bad"),
        Trouble::Clock { .. } => (words::TROUBLE_CLOCK, "bad"),
        Trouble::Contradiction(_) => (words::TROUBLE_CONTRADICTS, "bad"),
        Trouble::LacksKey(_) | Trouble::OtherKey => (words::TROUBLE_KEY, "bad"),
        Trouble::Refused(_) | Trouble::UnknownLog | Trouble::UntrustedKey => {
            (words::TROUBLE_REFUSES, "bad")
        }
    }
}
