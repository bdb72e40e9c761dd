//! What every real part of a test needs: to be found or installed, waited for, and stopped.
//!
//! A part is a program from Debian's packages that is private to one test and gone after it. A missing
//! package is installed if this is root; where that fails, the test says that it is skipped, except in
//! CI, where nothing may be skipped.
//!
//! Included by path from the tests of several rooms, which know nothing of one another.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// How long a part may take to start on a busy machine. Not a promise that any test makes.
const PATIENCE: Duration = Duration::from_secs(180);

/// The first of these programs that is there; installs the package if none is.
pub(crate) fn program(candidates: &[&str], package: &str) -> Result<PathBuf, String> {
    let found = || candidates.iter().map(PathBuf::from).find(|path| path.exists());
    if let Some(path) = found() {
        return Ok(path);
    }
    if !rustix::process::geteuid().is_root() {
        return Err(format!("the package {package} is not installed"));
    }
    let mut install = Command::new("apt-get");
    install.args(["-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300", "install"]);
    install.arg(package).env("DEBIAN_FRONTEND", "noninteractive");
    let output = install.output().map_err(|error| format!("apt-get: {error}"))?;
    found().ok_or_else(|| {
        format!("{package} cannot be installed: {}", String::from_utf8_lossy(&output.stderr))
    })
}

/// Whether this is continuous integration, where nothing may be skipped.
pub(crate) fn in_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

/// The part, or `None` after saying that the test is skipped.
pub(crate) fn or_skipped<T>(started: Result<T, String>, part: &str) -> Option<T> {
    match started {
        Ok(part) => Some(part),
        Err(why) if in_ci() => panic!("CI skips nothing, but there is no {part}: {why}"),
        Err(why) => {
            eprintln!("SKIPPED: this test needs {part}: {why}");
            None
        }
    }
}

/// Reads what a program says until a line has `word`, and goes on reading behind the caller's back, so
/// that the program never waits for a reader.
pub(crate) fn wait_for_line(
    output: impl Read + Send + 'static,
    word: &'static str,
) -> Result<(), String> {
    let (ready, is_ready) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut said, mut ready) = (String::new(), Some(ready));
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.contains(word) {
                ready.take().into_iter().for_each(|ready| drop(ready.send(Ok(()))));
            }
            if ready.is_some() {
                said.push_str(&line);
                said.push('\n');
            }
        }
        ready.into_iter().for_each(|ready| drop(ready.send(Err(said.clone()))));
    });
    is_ready.recv_timeout(PATIENCE).map_err(|_| format!("not ready in {PATIENCE:?}"))?
}

/// Asks a program to stop and waits until it has.
pub(crate) fn stop(child: &mut Child, signal: Signal) {
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    if let Some(pid) = pid {
        kill_process(pid, signal).ok();
    }
    drop(child.wait());
}

/// An address that no other process of this machine uses, and that is found free again by who comes back to
/// it: a loopback address of this process's own, and a port below those that the kernel gives out.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(7101);
    let [_, a, b, c] = std::process::id().to_be_bytes();
    let own = Ipv4Addr::new(127, 64 | (a & 0x3f), b, c);
    SocketAddr::from((own, NEXT.fetch_add(1, Ordering::Relaxed)))
}

/// A port of 127.0.0.1 that was free a moment ago, for a part that can be reached nowhere else.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it is bound").port()
}
