//! The agent in a process of its own, with the clock that the test turns.
//!
//! `fiducial-turned` runs the agent's own code; it waits for a line after each turn. So the test knows at
//! which times the agent has looked, and whether the look was finished.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tests::programs::program;

use crate::support::{PATIENCE, fetch};

/// What the machine's clock shows.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// True time, milliseconds since 1970.
    pub(crate) now: u64,
    /// How far the wall clock is from it.
    pub(crate) off: i64,
    /// When the machine was started.
    pub(crate) booted: u64,
    /// How often it was.
    pub(crate) boot: u32,
    pub(crate) synchronised: bool,
}

impl Clock {
    /// The wall clock.
    pub(crate) fn wall(&self) -> u64 {
        self.now.checked_add_signed(self.off).expect("the plant lives long after 1970")
    }

    fn line(&self) -> String {
        let service = if self.synchronised { "synchronised" } else { "unsynchronised" };
        let since_start = self.now - self.booted;
        format!("{} {since_start} boot-{} {service}\n", self.wall(), self.boot)
    }
}

/// A running agent. Dropping it kills the process.
pub(crate) struct Agent {
    process: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    /// Where its page is.
    address: Option<String>,
    /// What it said, for whoever asks why.
    pub(crate) said: Vec<String>,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It has done all that was due.
    Done,
    /// The process has ended.
    Ended,
}

impl Agent {
    /// Starts it; its first turn is under way.
    pub(crate) fn start(folder: &Path, clock: &Clock) -> Self {
        let mut command = Command::new(program("fiducial-turned"));
        command.args(["run", "--config", "agent.toml"]).current_dir(folder);
        command.env("LC_ALL", "C.UTF-8").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut input = process.stdin.take().unwrap();
        input.write_all(clock.line().as_bytes()).unwrap();
        let (sender, lines) = channel();
        let (out, err) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
        let errors = sender.clone();
        std::thread::spawn(move || forward(BufReader::new(err), &errors));
        std::thread::spawn(move || forward(BufReader::new(out), &sender));
        Self { process, input, lines, address: None, said: Vec::new() }
    }

    /// Turns the clock; the turn is then under way.
    pub(crate) fn turn(&mut self, clock: &Clock) {
        // A process that has ended is noticed by whoever waits for it.
        let _ = self.input.write_all(clock.line().as_bytes());
    }

    /// Waits until the turn is done, or the process has ended.
    pub(crate) fn wait(&mut self) -> Turn {
        loop {
            match self.lines.recv_timeout(PATIENCE * 4) {
                Ok(line) if line == "rests" => return Turn::Done,
                Ok(line) => {
                    if let Some(url) = line.strip_prefix("listening on http://") {
                        self.address = Some(url.to_string());
                    }
                    self.said.push(line);
                }
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return Turn::Ended,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                    panic!("the agent does not end its turn: {:?}", self.said.last())
                }
            }
        }
    }

    /// Kills it as it is, so long after now.
    pub(crate) fn kill(mut self, after: Duration) -> Vec<String> {
        std::thread::sleep(after);
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        std::mem::take(&mut self.said)
    }

    /// Asks it to stop, as a service manager does; its exit code, and whether it went through one more
    /// turn before it saw that. It must be at rest.
    pub(crate) fn stop(mut self, clock: &Clock) -> (i32, bool) {
        kill_process(Pid::from_child(&self.process), Signal::TERM).unwrap();
        self.turn(clock);
        let mut again = false;
        while self.wait() == Turn::Done {
            again = true;
            self.turn(clock);
        }
        let code = self.process.wait().unwrap().code();
        (code.expect("a stop is no death by a signal"), again)
    }

    /// What its page says; none before it has said where that is.
    pub(crate) fn status(&self) -> Option<Value> {
        let answer = fetch(self.address.as_ref()?, "/status.json")?;
        serde_json::from_slice(&answer.body).ok()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // After its end both calls do nothing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn forward(lines: impl BufRead, to: &std::sync::mpsc::Sender<String>) {
    for line in lines.lines().map_while(Result::ok) {
        if to.send(line).is_err() {
            return;
        }
    }
}
