//! Our witness, as a process of its own, asked by the kit.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use spec::key::VerifierKey;
use tempfile::TempDir;
use tests::kit::client::Client;
use tests::kit::report::Outcome;
use tests::kit::run;
use tests::programs::{Serving, program};

use crate::{cases, kit, settings};

/// How long a witness may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A data folder that knows the kit's logs.
pub(crate) struct Home {
    folder: TempDir,
    pub(crate) vkeys: Vec<VerifierKey>,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = witness(folder.path());
        command.args(["init", "--data", "witness", "--name", "witness.example/kit"]);
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        assert!(output.status.success(), "{}", text(output.stderr));
        let vkeys =
            text(output.stdout).lines().map(|key| VerifierKey::parse(key).unwrap()).collect();
        for list in ["logs", "logs-options"] {
            let mut command = witness(folder.path());
            command.args(["log", "add", "--data", "witness"]).arg(kit().join(list));
            let output = command.output().unwrap();
            assert!(output.status.success(), "{}", text(output.stderr));
        }
        Self { folder, vkeys }
    }

    pub(crate) fn serve(&self) -> Serving {
        let mut command = witness(self.folder.path());
        command.args(["serve", "--data", "witness", "--listen", "127.0.0.1:0"]);
        let server = Serving::start(&mut command).unwrap_or_else(|ended| panic!("{ended:?}"));
        let (started, mut client) = (Instant::now(), Client::new(&server.url, None));
        while client.post(b"").is_err() {
            assert!(started.elapsed() < PATIENCE, "the witness does not answer");
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }
}

fn witness(folder: &Path) -> Command {
    let mut command = Command::new(program("fiducial-witness"));
    command.current_dir(folder).env("LC_ALL", "C.UTF-8").env_remove("RUST_LOG");
    command.stdin(Stdio::null());
    command
}

#[test]
fn our_witness_passes_the_kit_and_is_known_the_second_time() {
    let home = Home::new();
    let server = home.serve();
    let cases = cases();
    let settings = settings(&server.url, &home.vkeys);
    let report = run(&settings, &cases, &mut |verdict| println!("{verdict}"));
    assert_eq!(report.exit_code(), 0, "{}", report.summary());
    assert_eq!((report.verdicts.len(), report.skipped), (cases.len(), 0));
    assert!(report.remarks.is_empty(), "{:?}", report.remarks);
    // Where the text leaves something open, ours does what the kit expects.
    let noted = |outcome: &Outcome| matches!(outcome, Outcome::Noted(_));
    let noted: Vec<String> = report
        .verdicts
        .iter()
        .filter(|verdict| noted(&verdict.outcome))
        .map(ToString::to_string)
        .collect();
    // A note without any signature line is malformed before anybody looks for a signature.
    assert_eq!(noted.len(), 1, "{noted:#?}");
    assert!(noted[0].starts_with("note  signature-none: answered 400"), "{noted:?}");

    // Asked again, it says that it remembers, and the runner does not call that a failure.
    let growth: Vec<_> =
        cases.into_iter().filter(|case| case.name.starts_with("growth-0-1")).collect();
    let again = run(&settings, &growth, &mut |_| {});
    assert_eq!(again.exit_code(), 2, "{}", again.summary());
    assert_eq!(again.count("????"), growth.len());
}

#[test]
fn a_killed_witness_remembers_what_it_answered() {
    let home = Home::new();
    let cases = cases();
    let case = cases.iter().find(|case| case.name == "conflict-stale").unwrap();
    let server = home.serve();
    let answer = Client::new(&server.url, None).post(&case.earlier[0]).unwrap();
    assert_eq!(answer.status, 200);
    // SIGKILL: nothing is written any more that was not written before the answer.
    drop(server);
    let server = home.serve();
    let mut client = Client::new(&server.url, None);
    let answer = client.post(&case.body).unwrap();
    assert_eq!((answer.status, answer.body), (409, b"7\n".to_vec()));
    assert_eq!(client.post(&case.later[0]).unwrap().status, 200);
}
