//! The programs as processes of their own, and what the kernel says of them.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use spec::key::{Algorithm, VerifierKey};

use super::BenchError;
use crate::load::client::Connection;
use crate::part::free_address;

/// How long a program may take to start or to stop.
const PATIENCE: Duration = Duration::from_secs(120);

/// How often a starting program is asked: also the precision of start times.
const PAUSE: Duration = Duration::from_millis(1);

/// Where the programs lie: beside this one.
pub fn program(name: &str) -> Result<PathBuf, BenchError> {
    let own = std::env::current_exe()?;
    let path = own.parent().map(|folder| folder.join(name)).filter(|path| path.is_file());
    path.ok_or_else(|| BenchError::Program(format!("{name} is not built; use `cargo xtask bench`")))
}

/// Runs a program to its end; its output if it ended with 0.
pub fn run(name: &str, arguments: &[&str]) -> Result<String, BenchError> {
    let mut command = Command::new(program(name)?);
    let output = command.args(arguments).stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = format!("{name} {}", arguments.join(" "));
    Err(BenchError::Program(format!("`{line}` ended with {}: {said}", output.status)))
}

/// Runs a program to its end and watches its memory: how long it took, and its peak in bytes.
pub fn run_watched(name: &str, arguments: &[&str]) -> Result<(Duration, u64), BenchError> {
    let mut command = Command::new(program(name)?);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let started = Instant::now();
    let mut child = command.spawn()?;
    let stderr = child.stderr.take().expect("stderr is piped");
    let reader = std::thread::spawn(move || {
        // Only the last line is kept: a progress bar has many.
        BufReader::new(stderr).lines().map_while(Result::ok).last().unwrap_or_default()
    });
    let mut peak = 0;
    let status = loop {
        // The mark only rises; once the process has ended it cannot be read any more.
        peak = peak_memory(child.id()).unwrap_or(0).max(peak);
        if let Some(status) = child.try_wait()? {
            break status;
        }
        std::thread::sleep(PAUSE);
    };
    let took = started.elapsed();
    let said = reader.join().expect("reading lines does not panic");
    if status.success() {
        return Ok((took, peak));
    }
    let line = format!("{name} {}", arguments.join(" "));
    Err(BenchError::Program(format!("`{line}` ended with {status}: {said}")))
}

/// A server in a process of its own. Dropping it kills the process.
pub struct Server {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to its first answer of "ready".
    pub start: Duration,
}

impl Server {
    /// Starts a program with `arguments` and `--listen` on a free port; waits until it is ready.
    pub async fn start(name: &str, arguments: &[&str]) -> Result<Self, BenchError> {
        Self::start_at(free_address(), name, arguments).await
    }

    /// The same at an address that clients were told before.
    pub async fn start_at(
        address: SocketAddr,
        name: &str,
        arguments: &[&str],
    ) -> Result<Self, BenchError> {
        let mut command = Command::new(program(name)?);
        command.args(arguments).args(["--listen", &address.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let started = Instant::now();
        let process = command.spawn()?;
        let mut server = Self { process, address, start: Duration::ZERO };
        while started.elapsed() < PATIENCE {
            if let Some(status) = server.process.try_wait()? {
                let line = format!("{name} {}", arguments.join(" "));
                return Err(BenchError::Program(format!("`{line}` ended at once: {status}")));
            }
            if server.is_ready().await {
                server.start = started.elapsed();
                return Ok(server);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(BenchError::Program(format!("{name} was not ready within {PATIENCE:?}")))
    }

    async fn is_ready(&self) -> bool {
        let Ok(mut connection) = Connection::open(self.address).await else { return false };
        // The constant server has no such path; that it says so means that it is there.
        connection.get("/readyz").await.is_ok_and(|answer| !answer.status.is_server_error())
    }

    /// The server's address as programs take it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The id of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The most memory it ever had, in bytes.
    pub fn peak_memory(&self) -> Result<u64, BenchError> {
        peak_memory(self.process.id())
    }

    /// What it has written so far: to files (`wchar`, what it asked for) and to the device.
    pub fn written(&self) -> Result<Written, BenchError> {
        let path = format!("/proc/{}/io", self.process.id());
        let text = std::fs::read_to_string(path)?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
        };
        Ok(Written { asked: field("wchar"), device: field("write_bytes") })
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(mut self) -> Result<(), BenchError> {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::TERM)
            .map_err(std::io::Error::from)?;
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if self.process.try_wait()?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(BenchError::Program(format!("a server still ran {PATIENCE:?} after its stop")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` both calls do nothing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Bytes written by a process.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// In calls to write, sockets included.
    pub asked: u64,
    /// Pages that went, or will go, to the device.
    pub device: u64,
}

/// The most memory a process ever had, in bytes; nothing once it has ended.
pub fn peak_memory(process: u32) -> Result<u64, BenchError> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|value| value.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    // A process that has just ended still has its entry, without memory.
    Ok(kilobytes.unwrap_or(0) * 1024)
}

/// The processor time of a process alone.
pub fn processor_time(process: u32) -> Result<Duration, BenchError> {
    Ok(Duration::from_millis(Ticks::of(process)?.own * MILLISECONDS_PER_TICK))
}

/// The processor time of a process and of its children, those included that have ended.
pub fn processor_time_of_all(process: u32) -> Result<Duration, BenchError> {
    let first = Ticks::of(process)?;
    let mut ticks = first.own + first.ended;
    for entry in std::fs::read_dir("/proc")?.flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse() else { continue };
        // Whoever ends meanwhile is among its parent's ended ones the next time.
        let child = Ticks::of(id).ok().filter(|found| found.parent == process);
        ticks += child.map_or(0, |child| child.own);
    }
    Ok(Duration::from_millis(ticks * MILLISECONDS_PER_TICK))
}

/// Linux tells processor time to programs in hundredths of a second, on every machine.
const MILLISECONDS_PER_TICK: u64 = 10;

/// What `/proc/ID/stat` says of a process.
struct Ticks {
    parent: u32,
    own: u64,
    /// Those of its children that have ended.
    ended: u64,
}

impl Ticks {
    fn of(process: u32) -> Result<Self, BenchError> {
        let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        let wrong = || BenchError::Program(format!("process {process} is not told of as usual"));
        Self::parse(&text).ok_or_else(wrong)
    }

    fn parse(text: &str) -> Option<Self> {
        // The name before it is in parentheses and may hold any.
        let (_, fields) = text.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
        let parent = fields.get(1)?.parse().ok()?;
        Some(Self { parent, own: ticks(11)? + ticks(12)?, ended: ticks(13)? + ticks(14)? })
    }
}

/// A fresh log in `folder` and the Ed25519 key that verifies it.
pub fn new_log(folder: &Path, admission: &str) -> Result<VerifierKey, BenchError> {
    new_log_with(folder, admission, &[])
}

/// The same with more words to `init`.
pub fn new_log_with(
    folder: &Path,
    admission: &str,
    more: &[&str],
) -> Result<VerifierKey, BenchError> {
    let data = folder.display().to_string();
    let init = ["init", "--data", &data, "--origin", super::ORIGIN, "--admission", admission];
    let said = run("fiducial-log", &[&init, more].concat())?;
    let key = keys_in(&said).find(|key| key.algorithm() == Algorithm::NoteEd25519);
    key.ok_or_else(|| BenchError::Program("fiducial-log init printed no key".to_string()))
}

/// A fresh witness in `folder`, which knows no log yet; its keys.
pub fn new_witness(
    folder: &Path,
    name: &str,
    flags: &[&str],
) -> Result<Vec<VerifierKey>, BenchError> {
    let data = folder.display().to_string();
    let init = ["init", "--data", &data, "--name", name];
    Ok(keys_in(&run("fiducial-witness", &[&init, flags].concat())?).collect())
}

fn keys_in(said: &str) -> impl Iterator<Item = VerifierKey> {
    said.split_whitespace().filter_map(|word| VerifierKey::parse(word).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name_is() {
        let stat = "7 (a ) b) S 3 7 7 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 1 0 5 6 7";
        let ticks = Ticks::parse(stat).unwrap();
        assert_eq!((ticks.parent, ticks.own, ticks.ended), (3, 30, 70));
        assert!(Ticks::parse("7 (cut").is_none());
        let own = std::process::id();
        assert!(processor_time_of_all(own).unwrap() >= processor_time(own).unwrap());
    }
}
