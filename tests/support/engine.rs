//! An S3 server of another make, as one node of a test: Garage, or Ceph's gateway.
//!
//! `cargo xtask test --garage` and `--rgw` find, build or unpack the programs, and name them to the tests. A test
//! that asks for one which is not there fails.
//!
//! Included by path from the tests of several rooms, with `part` beside it.

#[path = "engine_garage.rs"]
mod garage;
#[path = "engine_rgw.rs"]
mod rgw;

use std::fmt::Display;
use std::fs::File;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::part::free_address;

pub(crate) const BUCKET: &str = "evidence";
pub(crate) const KEY: &str = "GK0123456789abcdef01234567";
pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The most that is shown of what its programs have said.
const MAX_SAID_SIZE: usize = 16 * 1024;

/// Between two looks at something that takes a moment.
const BRIEFLY: Duration = Duration::from_millis(20);

/// Who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Make {
    /// The strict one: it keeps to conditions, and its errors have no words beside the code.
    Ceph,
    /// The lenient one: it ignores conditions.
    Garage,
}

impl Make {
    /// The variable that names its programs.
    pub(crate) const fn variable(self) -> &'static str {
        match self {
            Self::Ceph => "FIDUCIAL_RGW",
            Self::Garage => "FIDUCIAL_GARAGE",
        }
    }

    /// The region that requests are signed for.
    pub(crate) const fn region(self) -> &'static str {
        match self {
            Self::Ceph => "default",
            Self::Garage => garage::REGION,
        }
    }
}

/// A running server with one bucket. Its programs end with its value.
pub(crate) struct Engine {
    // Before the folder, so that they have ended when it goes.
    parts: Vec<Part>,
    pub(crate) folder: TempDir,
    pub(crate) address: SocketAddr,
    pub(crate) make: Make,
}

/// A program that ends with its value.
struct Part(Child);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Engine {
    /// Starts one. Its port may be open a moment before its bucket is there.
    pub(crate) fn start(make: Make) -> Self {
        let (inner, address) = (free_address(), free_address());
        let folder = tempfile::tempdir().unwrap();
        let mut engine = Self { parts: Vec::new(), folder, address, make };
        match make {
            Make::Ceph => rgw::start(&mut engine, inner),
            Make::Garage => garage::start(&mut engine, inner),
        }
        engine
    }

    /// Fails the test if one of its programs has ended: `why` is what was asked in vain.
    pub(crate) fn check_runs(&mut self, why: &dyn Display) {
        let ended = self.parts.iter_mut().any(|part| part.0.try_wait().unwrap().is_some());
        assert!(!ended, "{why}\n{}", self.said());
    }

    /// Starts a program that runs as long as this value.
    fn run(&mut self, mut command: Command) {
        let part = self.begin(&mut command);
        self.parts.push(part);
    }

    /// Runs a program that does one thing and must succeed, while those that were started go on.
    fn finish(&mut self, mut command: Command) {
        let mut part = self.begin(&mut command);
        loop {
            if let Some(status) = part.0.try_wait().unwrap() {
                assert!(status.success(), "{command:?}: {status}\n{}", self.said());
                return;
            }
            // It would wait for them for ever.
            self.check_runs(&format!("{command:?}"));
            std::thread::sleep(BRIEFLY);
        }
    }

    fn begin(&self, command: &mut Command) -> Part {
        let file = self.folder.path().join("output");
        let output = File::options().create(true).append(true).open(file).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        Part(command.spawn().unwrap_or_else(|why| panic!("{command:?}: {why}")))
    }

    /// The last of what its programs have said.
    fn said(&self) -> String {
        let said = std::fs::read(self.folder.path().join("output")).unwrap();
        let last = said.len().saturating_sub(MAX_SAID_SIZE);
        String::from_utf8_lossy(&said[last..]).into_owned()
    }
}
