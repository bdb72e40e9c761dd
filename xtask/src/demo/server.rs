//! The demo's servers: started, asked whether they are ready, and always stopped again.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::iterator::Signals;

use crate::run::show;

/// How long a server may take to start, or to stop once it was told to.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a starting or stopping server is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// The most bytes read of an answer to `/readyz`.
const MAX_ANSWER_SIZE: u64 = 4096;

/// A loopback address whose port nobody uses right now.
pub(super) fn free_address() -> Result<String, String> {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    address.map(|free| free.to_string()).map_err(|why| format!("no free loopback port: {why}"))
}

/// A server in a process of its own. Dropping it kills the process if it still runs.
pub(super) struct Running {
    /// What it is called in the demo's output.
    name: String,
    process: Child,
    address: String,
    url: String,
}

impl Running {
    /// Starts `program` with `arguments` in `folder`; what it logs is shown behind its name.
    pub(super) fn start(
        name: &str,
        program: &Path,
        arguments: &[&str],
        folder: &Path,
        address: &str,
    ) -> Result<Self, String> {
        let arguments = [arguments, &["--listen", address]].concat();
        let mut running = Self::start_as_it_is(name, program, &arguments, folder)?;
        (running.address, running.url) = (address.to_string(), format!("http://{address}"));
        Ok(running)
    }

    /// Starts a program that listens where it likes, or nowhere.
    pub(super) fn start_as_it_is(
        name: &str,
        program: &Path,
        arguments: &[&str],
        folder: &Path,
    ) -> Result<Self, String> {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder);
        show(&command);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().map_err(|why| format!("cannot start {name}: {why}"))?;
        echo(name, process.stdout.take().expect("stdout is piped"));
        echo(name, process.stderr.take().expect("stderr is piped"));
        let (address, url) = (String::new(), String::new());
        Ok(Self { name: name.to_string(), process, address, url })
    }

    /// The address that clients use.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Asks `/readyz` until it says yes.
    pub(super) fn wait_until_ready(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.ended()? {
                return Err(format!("{} ended at its start: {status}", self.name));
            }
            if self.answers_ready() {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        Err(format!("{} was not ready after {} s", self.name, PATIENCE.as_secs()))
    }

    /// Waits for Ctrl-C or a request to end; a server that ends by itself is an error.
    pub(super) fn wait_for_end(&mut self, signals: &mut Signals) -> Result<(), String> {
        loop {
            if signals.pending().next().is_some() {
                return Ok(());
            }
            if let Some(status) = self.ended()? {
                return Err(format!("{} ended by itself: {status}", self.name));
            }
            thread::sleep(PAUSE);
        }
    }

    /// Waits for the end of a program that ends by itself; it must end with 0.
    pub(super) fn wait_until_over(mut self) -> Result<(), String> {
        let status = self.process.wait().map_err(|why| format!("{}: {why}", self.name))?;
        if status.success() { Ok(()) } else { Err(format!("{} failed: {status}", self.name)) }
    }

    /// Asks it to stop and waits until it has; it must end with 0.
    pub(super) fn stop(mut self) -> Result<(), String> {
        let id = rustix::process::Pid::from_child(&self.process);
        // Ctrl-C reached it as well, so it may be gone already: that is no error.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            match self.ended()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    return Err(format!("{} did not stop cleanly: {status}", self.name));
                }
                None => thread::sleep(PAUSE),
            }
        }
        Err(format!("{} still ran {} s after it was told to stop", self.name, PATIENCE.as_secs()))
    }

    fn ended(&mut self) -> Result<Option<std::process::ExitStatus>, String> {
        self.process.try_wait().map_err(|why| format!("cannot watch {}: {why}", self.name))
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

impl Drop for Running {
    fn drop(&mut self) {
        // After `stop` the process is gone and both calls do nothing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn echo(name: &str, source: impl Read + Send + 'static) {
    let name = name.to_string();
    thread::spawn(move || {
        for line in BufReader::new(source).lines().map_while(Result::ok) {
            out!("  {name} | {line}");
        }
    });
}
