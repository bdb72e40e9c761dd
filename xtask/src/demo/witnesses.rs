//! The demo's three witnesses: each a process of its own, with its own keys and memory.

use std::path::Path;

use super::server::{Running, free_address};
use super::{Demo, say};

/// How many there are, and how many of them make a quorum.
const WITNESSES: usize = 3;
const QUORUM: usize = 2;

/// The running witnesses and the policy lines that name them.
pub(super) struct Witnesses {
    running: Vec<Running>,
    policy: String,
}

impl Witnesses {
    /// Makes and starts all of them; each learns the log's keys.
    pub(super) fn start(demo: &Demo, log_keys: &[String]) -> Result<Self, String> {
        say("Three witnesses, as a buyer, an auditor and a trade body would run them");
        let (mut running, mut policy, mut groups) = (Vec::new(), String::new(), String::new());
        for number in 1..=WITNESSES {
            let data = format!("witness-{number}");
            let name = format!("{data}.example/w");
            demo.expect("fiducial-witness", &["init", "--data", &data, "--name", &name], 0)?;
            let mut add = vec!["log", "add", "--data", &data];
            add.extend(log_keys.iter().map(String::as_str));
            demo.expect("fiducial-witness", &add, 0)?;
            let address = free_address()?;
            let url = format!("http://{address}");
            let lines = ["key", "policy", "--data", &data, "--url", &url];
            policy.push_str(&demo.expect("fiducial-witness", &lines, 0)?);
            groups.push_str(&format!(" {name}"));
            running.push(start(demo, &data, &address)?);
        }
        policy.push_str(&format!("group witnesses {QUORUM}{groups}\nquorum witnesses\n"));
        Ok(Self { running, policy })
    }

    /// The lines of a policy that asks for the quorum.
    pub(super) fn policy(&self) -> &str {
        &self.policy
    }

    /// Stops the last one: the quorum stands without it.
    pub(super) fn stop_one(&mut self) -> Result<(), String> {
        self.running.pop().map_or(Ok(()), Running::stop)
    }

    /// Says where they are.
    pub(super) fn show(&self) {
        for witness in &self.running {
            out!("witness:  {}", witness.url());
        }
    }

    /// Stops all that still run.
    pub(super) fn stop(self) -> Result<(), String> {
        self.running.into_iter().try_for_each(Running::stop)
    }
}

fn start(demo: &Demo, data: &str, address: &str) -> Result<Running, String> {
    let program = demo.program("fiducial-witness");
    let folder: &Path = &demo.folder;
    let mut witness = Running::start(data, &program, &["serve", "--data", data], folder, address)?;
    witness.wait_until_ready()?;
    Ok(witness)
}
