//! The demo's running log: started, asked whether it is ready, and always stopped again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::iterator::Signals;

use crate::run::show;

/// How long a log may take to start, or to stop once it was told to.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a starting or stopping log is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// The most bytes read of an answer to `/readyz`.
const MAX_ANSWER_SIZE: u64 = 4096;

/// A loopback address whose port nobody uses right now.
pub(super) fn free_address() -> Result<String, String> {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    address.map(|free| free.to_string()).map_err(|why| format!("no free loopback port: {why}"))
}

/// A log in a process of its own. Dropping it kills the process if it still runs.
pub(super) struct RunningLog {
    process: Child,
    address: String,
    url: String,
}

impl RunningLog {
    /// Starts `fiducial-log serve` in `folder`; what it logs is shown behind a bar.
    pub(super) fn start(program: &Path, folder: &Path, address: &str) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.args(["serve", "--data", "log", "--listen", address]).current_dir(folder);
        show(&command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().map_err(|why| format!("cannot start the log: {why}"))?;
        echo(process.stdout.take().expect("stdout is piped"));
        echo(process.stderr.take().expect("stderr is piped"));
        Ok(Self { process, address: address.to_string(), url: format!("http://{address}") })
    }

    /// The address that clients use.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Asks `/readyz` until the log says yes.
    pub(super) fn wait_until_ready(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.ended()? {
                return Err(format!("the log ended at its start: {status}"));
            }
            if self.answers_ready() {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        Err(format!("the log was not ready after {} s", PATIENCE.as_secs()))
    }

    /// Waits for Ctrl-C or a request to end; a log that ends by itself is an error.
    pub(super) fn wait_for_end(&mut self, signals: &mut Signals) -> Result<(), String> {
        loop {
            if signals.pending().next().is_some() {
                return Ok(());
            }
            if let Some(status) = self.ended()? {
                return Err(format!("the log ended by itself: {status}"));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Asks the log to stop and waits until it has; it must end with 0.
    pub(super) fn stop(mut self) -> Result<(), String> {
        let id = rustix::process::Pid::from_child(&self.process);
        // Ctrl-C reached the log as well, so it may be gone already: that is no error.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.ended()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(format!("the log did not stop cleanly: {status}")),
                None => thread::sleep(PAUSE),
            }
        }
        Err(format!("the log still ran {} s after it was told to stop", PATIENCE.as_secs()))
    }

    fn ended(&mut self) -> Result<Option<std::process::ExitStatus>, String> {
        self.process.try_wait().map_err(|why| format!("cannot watch the log: {why}"))
    }

    fn answers_ready(&self) -> bool {
        let ask = || -> std::io::Result<String> {
            let mut stream = TcpStream::connect(&self.address)?;
            stream.set_read_timeout(Some(Duration::from_secs(1)))?;
            write!(
                stream,
                "GET /readyz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                self.address
            )?;
            let mut answer = String::new();
            stream.take(MAX_ANSWER_SIZE).read_to_string(&mut answer)?;
            Ok(answer)
        };
        ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 "))
    }
}

impl Drop for RunningLog {
    fn drop(&mut self) {
        // After `stop` the process is gone and both calls do nothing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn echo(source: impl Read + Send + 'static) {
    thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            out!("  log | {line}");
        }
    });
}
