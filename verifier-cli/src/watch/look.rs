//! One look: ask everybody, compare everything, say what was found, remember what is one log.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use spec::checkpoint::Origin;
use spec::key::VerifierKey;
use spec::split::{HeadError, Split};
use spec::time::format_utc;

use super::ask::{Answer, Seen, Witness, ask_all};
use super::compare::{Relation, compare};
use super::state::State;
use crate::args::Watch as Wanted;
use crate::command::{Judge, Stop, describe, unknown_log};
use crate::durable::Target;
use crate::failure::Failure;
use crate::log::{Log, Network};
use crate::messages::{Message, Said};
use crate::report::{Report, Verdict};

/// How often the log is asked again while a witness is ahead of it: between cosigning and
/// publication there is a moment in which every witness is.
const LOG_RETRIES: u32 = 4;

/// How long is waited before that.
const LOG_RETRY: Duration = Duration::from_millis(250);

/// The most files of evidence of one look: more would say nothing new.
const MAX_EVIDENCE: usize = 16;

/// All that a watch needs to look.
pub(super) struct Watcher<'t> {
    judge: Judge,
    log: Log,
    /// The log's address, for people.
    place: String,
    log_keys: Vec<VerifierKey>,
    witnesses: Vec<Witness>,
    state: &'t Target,
    evidence: PathBuf,
}

/// What one look has found so far.
#[derive(Default)]
struct Found {
    /// A split, or a step back: each with its evidence.
    wrong: Vec<(Said, Split)>,
    /// What kept the look from being whole.
    troubles: Vec<Said>,
    /// What no address and no first checkpoint could tell.
    open: Vec<Said>,
}

impl<'t> Watcher<'t> {
    pub(super) fn open(
        wanted: &Wanted,
        state: &'t Target,
        network: &Network,
    ) -> Result<Self, Failure> {
        let judge = Judge::open(&wanted.policy)?;
        let hurried = network.hurried();
        let log = Log::open(&wanted.log, &hurried)?;
        let witnesses = Witness::all(judge.policy(), &wanted.witnesses, &hurried)?;
        let log_keys = judge.policy().logs().iter().map(|log| log.key().clone()).collect();
        let beside = || wanted.state.parent().map(Path::to_path_buf).unwrap_or_default();
        let evidence = wanted.evidence.clone().unwrap_or_else(beside);
        let place = wanted.log.clone();
        Ok(Self { judge, log, place, log_keys, witnesses, state, evidence })
    }

    /// Looks once. Whoever cannot be reached is told in the report; only the watch's own files
    /// make it fail.
    pub(super) fn look(&self) -> Result<Report, Failure> {
        let mut found = Found::default();
        let state = State::load(self.state.path(), self.judge.policy(), &self.log_keys)?;
        let mut shown = self.ask_log(&mut found);
        let origin = self.origin(state.as_ref(), &mut shown, &mut found)?;
        let answers = ask_all(&self.witnesses, &origin, self.judge.policy(), &self.log_keys);
        let ahead = answers.iter().filter_map(|answer| match answer {
            Answer::Head(seen, _) => Some(seen.size()),
            _ => None,
        });
        let also = self.wait_for_log(&mut shown, ahead.max().unwrap_or(0), &origin);

        let mut next = state.clone();
        self.check_log(state.as_ref(), &also, shown.as_ref(), &mut next, &mut found);
        self.check_witnesses(&answers, state.as_ref(), shown.as_ref(), &mut next, &mut found);
        check_same_sizes(&answers, state.as_ref(), &mut found);
        let mut report = self.report(shown.as_ref(), &answers, found);
        if report.verdict() != Verdict::Rejected
            && let Some(next) = next
        {
            next.save(self.state)?;
        }
        if state.is_none() {
            report.not_checked(Message::OpenFirstLook, &[]);
        }
        report.not_checked(Message::OpenEntries, &[]);
        Ok(report)
    }

    fn ask_log(&self, found: &mut Found) -> Option<Seen> {
        let policy = self.judge.policy();
        let note = match self.log.note("checkpoint") {
            Ok(note) => note,
            Err(error) => {
                let said = Said::of_error(Message::WatchUnreachable, &[&self.place], &error);
                found.troubles.push(said);
                return None;
            }
        };
        match Seen::of(&self.place, &note, policy, &self.log_keys) {
            Ok(seen) => Some(seen),
            Err(HeadError::UnknownLog { origin }) => {
                let said = unknown_log(&origin, self.log_keys.iter()).within(&self.place);
                found.troubles.push(said);
                None
            }
            Err(why) => {
                let said = Said::of_error(Message::WatchNotSigned, &[&self.place], &why);
                found.troubles.push(said);
                None
            }
        }
    }

    /// Which log this is: the one remembered, the one shown, or the only one of the policy. What
    /// is shown of another than the one remembered is told and left: it must not end the watch.
    fn origin(
        &self,
        state: Option<&State>,
        shown: &mut Option<Seen>,
        found: &mut Found,
    ) -> Result<Origin, Failure> {
        let known = state.map(|state| state.log.head.origin());
        let is_other = |seen: &mut Seen| known.is_some_and(|known| known != seen.head.origin());
        if let (Some(known), Some(other)) = (known, shown.take_if(is_other)) {
            let values = [known.as_str(), other.head.origin().as_str()];
            found.troubles.push(Said::new(Message::TwoLogs, &values));
        }
        if let Some(origin) = known.or(shown.as_ref().map(|seen| seen.head.origin())) {
            return Ok(origin.clone());
        }
        let mut names = self.log_keys.iter().map(|key| key.name().as_str());
        let first = names.next().filter(|first| names.all(|name| name == *first));
        let origin = first.and_then(|name| Origin::parse(name).ok());
        origin.ok_or_else(|| Said::new(Message::NoOrigin, &[]).into())
    }

    /// Asks the log again while it shows less than what a witness has cosigned. The largest is what
    /// it shows; all else that it showed meanwhile is given back, since it was signed as well.
    fn wait_for_log(&self, shown: &mut Option<Seen>, ahead: u64, origin: &Origin) -> Vec<Seen> {
        let mut also = Vec::new();
        for _ in 0..LOG_RETRIES {
            let Some(seen) = shown.as_mut().filter(|seen| seen.size() < ahead) else {
                break;
            };
            thread::sleep(LOG_RETRY);
            let again = self.ask_log(&mut Found::default());
            let Some(mut again) = again.filter(|again| again.head.origin() == origin) else {
                continue;
            };
            if again.size() >= seen.size() {
                std::mem::swap(seen, &mut again);
            }
            if again.head != seen.head {
                also.push(again);
            }
        }
        also
    }

    /// Compares what the log shows with what it showed before, in earlier looks or in this one.
    fn check_log(
        &self,
        state: Option<&State>,
        also: &[Seen],
        shown: Option<&Seen>,
        next: &mut Option<State>,
        found: &mut Found,
    ) {
        let Some(shown) = shown else {
            return;
        };
        let mut is_one_log = true;
        for known in state.map(|state| &state.log).into_iter().chain(also) {
            let went_back = shown.size() < known.size();
            match compare(Some(&self.log), known, shown) {
                Relation::OneLog(_) if !went_back => continue,
                Relation::OneLog(hashes) => found.step_back(known, shown, hashes),
                Relation::Split(split) => found.split(known, shown, *split),
                Relation::Unknown(_) if went_back => found.step_back(known, shown, Vec::new()),
                Relation::Unknown(why) => {
                    let (size, why) = (shown.size().to_string(), why.unwrap_or_default());
                    found.troubles.push(Said::of_error(Message::WatchLogTiles, &[&size], &why));
                }
            }
            is_one_log = false;
        }
        match next {
            _ if !is_one_log => {}
            Some(next) => next.log = shown.clone(),
            None => *next = Some(State { log: shown.clone(), witnesses: Default::default() }),
        }
    }

    /// Compares what each witness shows, and showed before, with what the log shows.
    fn check_witnesses(
        &self,
        answers: &[Answer],
        state: Option<&State>,
        shown: Option<&Seen>,
        next: &mut Option<State>,
        found: &mut Found,
    ) {
        // Without the log's own word the last one seen is what there is to compare with.
        let reference = shown.or(state.map(|state| &state.log));
        for (witness, answer) in self.witnesses.iter().zip(answers) {
            let before = state.and_then(|state| state.witnesses.get(&witness.name));
            let now = found.take(witness, answer, before);
            let Some(reference) = reference else {
                continue;
            };
            let mut is_one_log = true;
            for seen in before.into_iter().chain(now) {
                match compare(shown.map(|_| &self.log), seen, reference) {
                    Relation::OneLog(_) => {}
                    Relation::Split(split) => found.split(seen, reference, *split),
                    Relation::Unknown(None) => is_one_log = false,
                    Relation::Unknown(Some(why)) => {
                        is_one_log = false;
                        let values = [seen.who.as_str(), &seen.size().to_string()];
                        found.troubles.push(Said::of_error(Message::WatchAhead, &values, &why));
                    }
                }
            }
            if let (Some(before), Some(now)) = (before, now)
                && now.size() < before.size()
            {
                found.witness_back(witness, before, now);
            }
            if let (true, Some(now), Some(next)) = (is_one_log, now, next.as_mut()) {
                next.witnesses.insert(witness.name.clone(), now.clone());
            }
        }
    }

    fn report(&self, shown: Option<&Seen>, answers: &[Answer], mut found: Found) -> Report {
        let accepted = shown.map(|seen| (seen, self.judge.accept(&seen.note)));
        if let Some((_, Err(Stop::Rejected(why)))) = &accepted {
            found.troubles.extend(why.iter().cloned());
        }
        let mut report = Report::new(match (found.wrong.is_empty(), found.troubles.is_empty()) {
            (false, _) => Verdict::Rejected,
            (true, false) => Verdict::Undecided,
            (true, true) => Verdict::Verified,
        });
        if let (Verdict::Verified, Some(seen)) = (report.verdict(), shown) {
            report.reason(Said::new(Message::WatchAgrees, &[&seen.size().to_string()]));
        }
        let evidence: Vec<Result<String, Said>> =
            found.wrong.iter().take(MAX_EVIDENCE).map(|(_, split)| self.keep(split)).collect();
        found.wrong.into_iter().for_each(|(why, _)| report.reason(why));
        found.troubles.into_iter().for_each(|why| report.reason(why));
        for written in evidence {
            match written {
                Ok(path) => report.fact(Message::LabelEvidence, path),
                Err(why) => report.reason(why),
            }
        }
        match &accepted {
            Some((seen, Ok(judged))) => describe(&mut report, &self.judge, &seen.note, judged),
            Some((seen, Err(_))) => {
                report.fact(Message::LabelOrigin, seen.head.origin());
                report.fact(Message::LabelTreeSize, seen.size());
                report.fact(Message::LabelRoot, seen.head.tree().root());
            }
            None => {}
        }
        for (witness, answer) in self.witnesses.iter().zip(answers) {
            if let Answer::Head(seen, Some(time)) = answer {
                let (label, size) = (witness.label(), seen.size());
                let time = format_utc(time.as_seconds());
                report.fact(Message::LabelWitness, format!("{label}: {size} ({time})"));
            }
        }
        found.open.into_iter().for_each(|what| report.said_not_checked(what));
        report
    }

    /// Writes evidence, durably; the same evidence always has the same name.
    fn keep(&self, split: &Split) -> Result<String, Said> {
        let bytes = split.to_bytes();
        let path = self.evidence.join(name_of(split, &bytes));
        let shown = path.display().to_string();
        match std::fs::read(&path) {
            Ok(there) if there == bytes => {}
            // Nothing that was typed is at risk: the name holds the hash of the bytes.
            _ => Target::new(&path, &[])?.write(&bytes)?,
        }
        Ok(shown)
    }
}

impl Found {
    fn split(&mut self, one: &Seen, other: &Seen, split: Split) {
        let sizes = [one.size().to_string(), other.size().to_string()];
        let values = [one.who.as_str(), &sizes[0], &other.who, &sizes[1]];
        // The same two trees can meet several times, by way of several witnesses.
        let trees =
            |split: &Split| [split.older(), split.newer()].map(|note| note.text().to_string());
        if !self.wrong.iter().any(|(_, known)| trees(known) == trees(&split)) {
            self.wrong.push((Said::new(Message::WatchSplit, &values), split));
        }
    }

    fn step_back(&mut self, known: &Seen, shown: &Seen, hashes: Vec<spec::Hash>) {
        let values = [shown.size().to_string(), known.size().to_string()];
        let why = Said::new(Message::WatchShrunk, &values.each_ref().map(String::as_str));
        self.wrong.push((why, both(shown, known, hashes)));
    }

    fn witness_back(&mut self, witness: &Witness, before: &Seen, now: &Seen) {
        let values = [witness.label(), now.size().to_string(), before.size().to_string()];
        let why = Said::new(Message::WatchWitnessBack, &values.each_ref().map(String::as_str));
        self.wrong.push((why, both(now, before, Vec::new())));
    }

    /// Takes in an answer; gives the checkpoint in it, if it is one that the log has signed.
    fn take<'a>(
        &mut self,
        witness: &Witness,
        answer: &'a Answer,
        before: Option<&Seen>,
    ) -> Option<&'a Seen> {
        let label = witness.label();
        let label = label.as_str();
        match answer {
            Answer::Head(seen, time) => {
                if time.is_none() {
                    self.troubles.push(Said::new(Message::WatchOwnLine, &[label]));
                }
                return Some(seen);
            }
            Answer::Never => match before {
                Some(seen) => {
                    let values = [label, &seen.size().to_string()];
                    self.troubles.push(Said::new(Message::WatchWitnessForgot, &values));
                }
                None => self.open.push(Said::new(Message::OpenNeverCosigned, &[label])),
            },
            Answer::NoAddress => self.open.push(Said::new(Message::OpenNoWitnessAddress, &[label])),
            Answer::NotSigned(why) => {
                self.troubles.push(Said::of_error(Message::WatchNotSigned, &[label], &why));
            }
            Answer::Unreachable(why) => {
                self.troubles.push(Said::of_error(Message::WatchUnreachable, &[label], &why));
            }
        }
        None
    }
}

/// Two roots of one size contradict each other without any tiles, so every such pair is found even
/// when the log answers nobody.
fn check_same_sizes(answers: &[Answer], state: Option<&State>, found: &mut Found) {
    let mut all: Vec<&Seen> = Vec::new();
    for answer in answers {
        if let Answer::Head(seen, _) = answer {
            all.push(seen);
        }
    }
    all.extend(state.iter().flat_map(|state| state.witnesses.values().chain([&state.log])));
    for (at, one) in all.iter().enumerate() {
        for other in &all[at + 1..] {
            if one.size() == other.size()
                && let Relation::Split(split) = compare(None, one, other)
            {
                found.split(one, other, *split);
            }
        }
    }
}

fn both(one: &Seen, other: &Seen, hashes: Vec<spec::Hash>) -> Split {
    Split::new(one.note.clone(), other.note.clone(), hashes)
        .expect("two checkpoints and hashes that were just folded")
}

/// `split-300-700-1f0c9a3e.txt`: the sizes, and the beginning of the file's own hash. Whether it
/// proves anything is for `verify split` to say.
fn name_of(split: &Split, bytes: &[u8]) -> String {
    let size = |note: &spec::note::Note| {
        let head = spec::checkpoint::Checkpoint::parse(note.text());
        head.expect("a split holds checkpoints").tree().size()
    };
    let hash = spec::Hash::of(bytes).to_hex();
    format!("split-{}-{}-{}.txt", size(split.older()), size(split.newer()), &hash[..8])
}
