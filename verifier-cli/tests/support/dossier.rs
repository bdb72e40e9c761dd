//! A folder of two statements, each with a receipt in a tree of its own, and the program run on it.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spec::Hash;
use spec::evidence::disclosure::{Disclosure, Pick, PickFields};
use spec::evidence::statement::After;

use crate::support::{self, Source, TestLog};

/// Runs the program: its code, and all that it printed.
pub(crate) fn fiducial(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial"));
    command.current_dir(folder).env("LC_ALL", "C").env_remove("FIDUCIAL_LANG");
    let output = command.args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

/// Runs the program for machines, and expects its code.
pub(crate) fn judge(folder: &Path, arguments: &[&str], code: i32) -> Value {
    let (have, said) = fiducial(folder, &[arguments, &["--json"]].concat());
    assert_eq!(have, code, "{arguments:?}\n{said}");
    serde_json::from_str(&said).unwrap()
}

pub(crate) fn codes(json: &Value, of: &str) -> Vec<String> {
    let all = json[of].as_array().unwrap();
    all.iter().map(|said| said["code"].as_str().unwrap().to_owned()).collect()
}

/// Writes `policy`, `source.vkey`, `note` (the checkpoint of the first receipt) and the folder `shown`
/// with statements 0 and 1, all of their records opened, and the evidence of both.
pub(crate) fn records(folder: &Path) {
    let mut source = Source::new();
    let files = [&b"<report board='1'/>"[..], b"<report board='2'/>"];
    let made = files.map(|file| source.report(After::NOTHING, file));
    let log = TestLog::of(made.iter().map(|(statement, _)| statement.to_bytes()).collect());
    fs::write(folder.join("policy"), support::policy()).unwrap();
    let key = support::source_key().verifier().to_string();
    fs::write(folder.join("source.vkey"), format!("{key}\n")).unwrap();
    fs::write(folder.join("note"), log.checkpoint(1).to_bytes()).unwrap();
    fs::create_dir_all(folder.join("shown/records/0")).unwrap();
    fs::create_dir_all(folder.join("shown/evidence")).unwrap();
    fs::write(folder.join("shown/policy"), support::policy()).unwrap();
    fs::write(folder.join("shown/source-keys"), format!("{key}\n")).unwrap();
    for (at, (statement, batch)) in made.iter().enumerate() {
        let put = |suffix: &str, bytes: &[u8]| {
            fs::write(folder.join(format!("shown/records/0/{at}.{suffix}")), bytes).unwrap();
        };
        put("statement", &statement.to_bytes());
        let picks = [0, 1].map(|record| Pick { record, fields: PickFields::All });
        put("disclosure.json", Disclosure::of(batch, &picks).unwrap().to_json().as_bytes());
        let evidence = folder.join("shown/evidence").join(Hash::of(files[at]).to_hex());
        fs::write(evidence, files[at]).unwrap();
        // Each in the tree that ends with it, so that the receipts have two checkpoints.
        let state = folder.join(format!("log-{at}"));
        log.write(&state, at + 1);
        let (index, state) = (at.to_string(), state.display().to_string());
        let out = format!("shown/records/0/{at}.tlog-proof");
        let prove = ["prove", "inclusion", &index, "--log", &state, "--policy", "policy"];
        let (code, said) = fiducial(folder, &[&prove[..], &["--out", &out]].concat());
        assert_eq!(code, 0, "{said}");
    }
}
