//! Plays one case: what comes before, the request, what the answer must be, what comes after.

use std::sync::Barrier;
use std::time::Duration;

use spec::key::VerifierKey;

use super::case::{Case, Expect, Monitor};
use super::client::{Answer, Client, Silence};
use super::judge::{self, Findings, History};
use super::report::Outcome;

/// How long the clock is let go on before a cosignature that should show it.
const CLOCK_STEP: Duration = Duration::from_millis(1100);

/// Why a case says nothing about the witness.
struct Untold(String);

impl From<Silence> for Untold {
    fn from(silence: Silence) -> Self {
        Self(silence.to_string())
    }
}

/// Plays a case to its end.
pub fn play(case: &Case, vkeys: &[VerifierKey], client: &mut Client) -> Outcome {
    let mut play =
        Play { case, vkeys, client, history: History::default(), found: Findings::default() };
    match play.run() {
        Err(Untold(why)) => Outcome::Untold(why),
        Ok(()) if !play.found.faults.is_empty() => Outcome::Failed(play.found.faults),
        Ok(()) if !play.found.notes.is_empty() => Outcome::Noted(play.found.notes),
        Ok(()) => Outcome::Passed,
    }
}

struct Play<'a> {
    case: &'a Case,
    vkeys: &'a [VerifierKey],
    client: &'a mut Client,
    history: History,
    found: Findings,
}

impl Play<'_> {
    fn run(&mut self) -> Result<(), Untold> {
        for step in &self.case.earlier {
            self.must_cosign(step, "before the request")?;
        }
        let goes_on = match &self.case.expect {
            Expect::Race { rival } => self.race(rival)?,
            Expect::Status(status) => self.ask(*status)?,
        };
        if !goes_on {
            return Ok(());
        }
        for step in &self.case.later {
            self.must_cosign(step, "after the request")?;
        }
        Ok(())
    }

    /// Sends a sound request, which must be cosigned.
    fn must_cosign(&mut self, request: &[u8], when: &str) -> Result<(), Untold> {
        let answer = self.client.post(request)?;
        self.look_for_a_stranger(&answer)?;
        if answer.status == 200 {
            self.history.cosign(request, &answer, self.vkeys, &mut self.found);
        } else {
            self.found.fault(format!("{when}, a sound one was answered {}", answer.status));
        }
        Ok(())
    }

    /// Tells a witness that breaks a rule from one that cannot be asked, by what it answers to a
    /// sound request of a log that it has never cosigned.
    fn look_for_a_stranger(&self, answer: &Answer) -> Result<(), Untold> {
        let is_first = self.history.cosigned.is_empty();
        if is_first && answer.status == 404 {
            let hint = "the witness does not know the origin: let it load the kit's `logs`";
            return Err(Untold(hint.to_string()));
        }
        let size = judge::conflict(answer, &mut Findings::default());
        if is_first && answer.status == 409 && size.is_some_and(|size| size > 0) {
            let hint = "the witness has met this origin before: take an empty state, or make \
                        another round of cases (see the kit's README)";
            return Err(Untold(hint.to_string()));
        }
        Ok(())
    }

    /// Sends the request itself; whether what comes after still makes sense.
    fn ask(&mut self, expected: u16) -> Result<bool, Untold> {
        let times: Vec<_> = self.vkeys.iter().map(|key| self.history.time_of(key)).collect();
        if self.case.fresh_time {
            std::thread::sleep(CLOCK_STEP);
        }
        let case = self.case;
        let answer = match self.client.ask(case.request, &case.body, &case.origin) {
            Err(Silence::Broken(why)) if case.may_close => {
                self.found.note(format!("the connection was closed: {why}"));
                return Ok(true);
            }
            answer => answer?,
        };
        if expected == 200 {
            self.look_for_a_stranger(&answer)?;
        }
        if answer.status != expected {
            self.unexpected(&answer, expected);
        } else {
            self.look_at_words(&answer);
        }
        if answer.status == 200 {
            self.history.cosign(&case.body, &answer, self.vkeys, &mut self.found);
        }
        let is_stale =
            self.vkeys.iter().zip(times).any(|(key, time)| self.history.time_of(key) == time);
        if case.fresh_time && is_stale {
            self.found.note("the cosignature has an old time");
        }
        if answer.status == expected {
            self.look_at_monitor()?;
        }
        Ok(answer.status != 200 || expected == 200)
    }

    fn unexpected(&mut self, answer: &Answer, expected: u16) {
        let (have, comment) = (answer.status, &self.case.comment);
        if self.case.left_open.contains(&have) {
            self.found.note(format!("answered {have}; {expected} is expected: {comment}"));
        } else {
            self.found.fault(format!("answered {have}, not {expected}: {comment}"));
        }
    }

    /// Content type and body, where the text fixes them.
    fn look_at_words(&mut self, answer: &Answer) {
        if let Some(want) = &self.case.content_type
            && answer.content_type.as_ref() != Some(want)
        {
            self.found.fault(format!("of type {:?}, not {want:?}", answer.content_type));
        }
        if let Some(want) = &self.case.answer
            && answer.body != *want
        {
            // Short, and in one line whatever it is.
            let start = answer.body.get(..40).unwrap_or(&answer.body);
            self.found.fault(format!(
                "the body is \"{}\", not \"{}\"",
                start.escape_ascii(),
                want.escape_ascii()
            ));
        }
    }

    fn look_at_monitor(&mut self) -> Result<(), Untold> {
        let Some(want) = self.case.monitor.filter(|_| self.client.can_monitor()) else {
            return Ok(());
        };
        let last = self.history.cosigned.last().map(|last| last.checkpoint.tree().size());
        let have = last.map_or(Monitor::Nothing, Monitor::Size);
        if have != want {
            self.found.fault(format!("{have:?} was cosigned, the case says {want:?}"));
        }
        let answer = self.client.latest(&self.case.origin)?;
        judge::latest(&answer, &self.history, &self.case.logs, self.vkeys, &mut self.found);
        Ok(())
    }

    /// Sends two sound requests at the same moment; whether the outcome makes sense.
    fn race(&mut self, rival: &[u8]) -> Result<bool, Untold> {
        let body = self.case.body.as_slice();
        let (one, other) = self.at_once(body, rival);
        let (one, other) = (one?, other?);
        if one.status != 200 && other.status != 200 {
            self.look_for_a_stranger(&one)?;
            self.found.fault(format!(
                "answered {} and {}: neither was cosigned",
                one.status, other.status
            ));
            return Ok(false);
        }
        if one.status == 200 && other.status == 200 {
            self.found.fault("both were cosigned: two histories, or one that went back");
            return Ok(false);
        }
        let (won, lost) = if one.status == 200 {
            ((body, one), (rival, other))
        } else {
            ((rival, other), (body, one))
        };
        self.history.cosign(won.0, &won.1, self.vkeys, &mut self.found);
        let won = self.history.cosigned.last().map(|won| won.checkpoint.tree().size());
        // The loser is told the winner's size, and told it again when it asks again.
        let again = self.client.post(lost.0)?;
        for answer in [lost.1, again] {
            if answer.status != 409 {
                self.found.fault(format!("the other was answered {}, not 409", answer.status));
            } else if judge::conflict(&answer, &mut self.found) != won {
                self.found.fault("the other was told a size that was not cosigned");
            }
        }
        if self.client.can_monitor() {
            let answer = self.client.latest(&self.case.origin)?;
            judge::latest(&answer, &self.history, &self.case.logs, self.vkeys, &mut self.found);
        }
        Ok(true)
    }

    /// Sends both over connections that are open already, so that they arrive together.
    fn at_once(
        &self,
        one: &[u8],
        other: &[u8],
    ) -> (Result<Answer, Silence>, Result<Answer, Silence>) {
        let barrier = Barrier::new(2);
        let send = |body: &[u8]| {
            let mut client = self.client.another();
            // Any answer opens the connection; an empty request leaves no trace.
            let opened = client.post(b"");
            barrier.wait();
            opened.and_then(|_| client.post(body))
        };
        std::thread::scope(|scope| {
            let first = scope.spawn(|| send(one));
            let second = send(other);
            (first.join().expect("a client does not panic"), second)
        })
    }
}
