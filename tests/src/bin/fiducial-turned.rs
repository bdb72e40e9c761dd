//! `fiducial-turned`: the agent's own commands under a clock that somebody else turns. For tests.
//!
//! It takes what `fiducial-agent` takes. Each line on standard input turns the clock:
//!
//! ```text
//! 1772409600000 60000 boot-1 synchronised      wall time, time since the start (both in milliseconds),
//!                                              the name of the start, what the time service says
//! ```
//!
//! The first is read before anything else. On standard output stands what the agent says, and
//! `rests` whenever it has done all that was due: it then waits for the next line. The end of the input
//! ends the process as it is, so that none is left behind by a test that failed.

use std::io::{BufRead, Write, stderr, stdin, stdout};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use evidence_agent::{Clock, TimeService, UnixMillis};

/// How long a thread really waits for another at most: the clock may be turned by hours meanwhile.
const MOMENT: Duration = Duration::from_millis(5);

/// What the clock shows.
#[derive(Clone)]
struct Shown {
    wall: u64,
    since_start: u64,
    boot: String,
    service: TimeService,
}

struct Turned(Mutex<Shown>);

impl Turned {
    fn shown(&self) -> Shown {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Clock for Turned {
    fn now(&self) -> UnixMillis {
        UnixMillis(self.shown().wall)
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.shown().since_start)
    }

    fn boot(&self) -> Option<String> {
        Some(self.shown().boot)
    }

    fn service(&self) -> TimeService {
        self.shown().service
    }

    fn rest(&self, _most: Duration) {
        let said = writeln!(stdout(), "rests").and_then(|()| stdout().flush());
        let Some(shown) = said.ok().and_then(|()| next()) else {
            std::process::exit(i32::from(evidence_agent::EXIT_COULD_NOT));
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = shown;
    }

    fn outside(&self, wait: Duration) -> Duration {
        wait.min(MOMENT)
    }
}

/// What the next line turns the clock to; none at the end of the input.
fn next() -> Option<Shown> {
    let mut line = String::new();
    stdin().lock().read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let wall = words.next()?.parse().ok()?;
    let since_start = words.next()?.parse().ok()?;
    let boot = words.next()?.to_string();
    let service = match words.next()? {
        "synchronised" => TimeService::Synchronised,
        "unsynchronised" => TimeService::Unsynchronised,
        _ => TimeService::Unknown,
    };
    Some(Shown { wall, since_start, boot, service })
}

fn main() -> ExitCode {
    let Some(shown) = next() else {
        eprintln!("fiducial-turned: the first line of the input says what time it is");
        return ExitCode::FAILURE;
    };
    let clock: Arc<dyn Clock> = Arc::new(Turned(Mutex::new(shown)));
    let arguments = std::env::args_os();
    let code = evidence_agent::run_with(arguments, &mut stdout(), &mut stderr(), &clock);
    ExitCode::from(code)
}
