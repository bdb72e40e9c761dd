//! What happens while the demo's log runs: capture, anchor, prove, verify, refuse.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Demo, say, verifier_key};
use crate::run::{passes, root};

/// The name under which the demo's one inspection machine signs.
const SOURCE: &str = "line-4.example/aoi-7";

/// The exit codes of the verifier.
const VERIFIED: i32 = 0;
const REJECTED: i32 = 1;

/// How many of the reports the first statement holds; the others follow in a second.
const FIRST_BATCH: usize = 3;

/// The report that is altered, and where: the number of the board that failed.
const ALTERED: (&str, &str, &str) =
    ("aoi-panel-failed.json", "\"UnitPositionNumber\": 2", "\"UnitPositionNumber\": 3");

/// Plays the acts in order; the first that goes wrong ends the demo.
pub(super) fn play(demo: &Demo, url: &str, keys: &[String]) -> Result<(), String> {
    let reports = reports(demo)?;
    let (first, second) = reports.split_at(FIRST_BATCH.min(reports.len()));
    enrol(demo, url, keys)?;
    say("The machine's first reports are hashed, salted, signed and anchored");
    anchor(demo, first)?;
    keep_checkpoint(demo, "monday.checkpoint")?;
    say("Later it anchors the others");
    anchor(demo, second)?;
    keep_checkpoint(demo, "friday.checkpoint")?;

    say("Each report is verified, offline: the log is not asked");
    for report in &reports {
        let name = report.file_name().unwrap_or_default().to_string_lossy();
        verify(demo, &name, report, VERIFIED)?;
    }
    prove(demo, url)?;
    say("The whole log is read and hashed again");
    let (policy, source) = (demo.path("policy"), demo.path("source.vkey"));
    let audit = ["audit", "--log", url, "--policy", &policy, "--source-keys", &source];
    demo.expect("fiducial", &audit, VERIFIED)?;
    refuse_altered(demo)
}

/// Copies the sample reports, as a machine would have left them.
fn reports(demo: &Demo) -> Result<Vec<PathBuf>, String> {
    let samples = root().join("tests/samples");
    let folder = demo.folder.join("reports");
    let wrong = |why: std::io::Error| format!("copying {}: {why}", samples.display());
    fs::create_dir(&folder).map_err(wrong)?;
    fs::create_dir(demo.folder.join("papers")).map_err(wrong)?;
    let mut reports = Vec::new();
    for item in fs::read_dir(&samples).map_err(wrong)? {
        let path = item.map_err(wrong)?.path();
        if path.extension().is_some_and(|end| end == "json") {
            let copy = folder.join(path.file_name().expect("a listed file has a name"));
            fs::copy(&path, &copy).map_err(wrong)?;
            reports.push(copy);
        }
    }
    reports.sort();
    if reports.is_empty() { Err("there are no sample reports".to_string()) } else { Ok(reports) }
}

fn enrol(demo: &Demo, url: &str, keys: &[String]) -> Result<(), String> {
    say("An inspection machine gets a key of its own, and the log learns it");
    let (vault, data) = (demo.path("vault"), demo.path("log"));
    let mut init = vec!["init", "--vault", &vault, "--source", SOURCE, "--log", url];
    keys.iter().for_each(|key| init.extend(["--log-key", key.as_str()]));
    let said = demo.expect("fiducial-agent", &init, 0)?;
    let source = verifier_key(&said).ok_or("the agent printed no verifier key")?;
    demo.expect("fiducial-log", &["source", "add", "--data", &data, &source], 0)?;
    demo.write("source.vkey", &format!("{source}\n"))
}

fn anchor(demo: &Demo, reports: &[PathBuf]) -> Result<(), String> {
    let (vault, papers) = (demo.path("vault"), demo.path("papers"));
    let files: Vec<String> = reports.iter().map(|path| path.display().to_string()).collect();
    let mut arguments = vec!["anchor"];
    arguments.extend(files.iter().map(String::as_str));
    arguments.extend(["--vault", &vault, "--out", &papers]);
    demo.expect("fiducial-agent", &arguments, 0).map(drop)
}

/// Keeps the newest checkpoint that the agent has verified.
fn keep_checkpoint(demo: &Demo, name: &str) -> Result<(), String> {
    let mut copy = std::process::Command::new("cp");
    copy.arg(demo.folder.join("vault/checkpoint")).arg(demo.folder.join(name));
    if passes(&mut copy)? { Ok(()) } else { Err("the agent kept no checkpoint".to_string()) }
}

/// Verifies one file with the receipt and the opening that the agent left for the report `name`.
fn verify(demo: &Demo, name: &str, file: &Path, code: i32) -> Result<(), String> {
    let receipt = demo.path(&format!("papers/{name}.tlog-proof"));
    let opening = demo.path(&format!("papers/{name}.disclosure.json"));
    let (policy, source) = (demo.path("policy"), demo.path("source.vkey"));
    let file = file.display().to_string();
    let papers = ["verify", &receipt, "--file", &file, "--disclosure", &opening];
    let keys = ["--policy", &policy, "--source-key", &source];
    demo.expect("fiducial", &[&papers[..], &keys].concat(), code).map(drop)
}

fn prove(demo: &Demo, url: &str) -> Result<(), String> {
    say("Anyone can make the proofs from the log's tiles");
    let (policy, source) = (demo.path("policy"), demo.path("source.vkey"));
    let proof = demo.path("entry-0.tlog-proof");
    let inclusion = ["prove", "inclusion", "0", "--log", url, "--policy", &policy, "--out", &proof];
    demo.expect("fiducial", &inclusion, VERIFIED)?;
    let check = ["verify", &proof, "--policy", &policy, "--source-key", &source];
    demo.expect("fiducial", &check, VERIFIED)?;

    let (monday, friday) = (demo.path("monday.checkpoint"), demo.path("friday.checkpoint"));
    let steps = demo.path("monday-to-friday");
    let consistency = ["prove", "consistency", "--from", &monday, "--to", &friday];
    let log = ["--log", url, "--policy", &policy, "--out", &steps];
    demo.expect("fiducial", &[&consistency[..], &log].concat(), VERIFIED)?;
    let check = ["verify", "consistency", &monday, &friday, "--proof", &steps, "--policy", &policy];
    demo.expect("fiducial", &check, VERIFIED).map(drop)
}

fn refuse_altered(demo: &Demo) -> Result<(), String> {
    say("One byte of a copy is changed: another board is said to have failed");
    let (name, before, after) = ALTERED;
    let original = demo.folder.join("reports").join(name);
    let text = fs::read_to_string(&original).map_err(|why| format!("{name}: {why}"))?;
    if !text.contains(before) {
        return Err(format!("{name} holds no {before}"));
    }
    let altered = demo.folder.join(format!("altered-{name}"));
    let copy = text.replacen(before, after, 1);
    fs::write(&altered, copy).map_err(|why| format!("{}: {why}", altered.display()))?;
    println!("{}: {before} -> {after}", altered.display());
    verify(demo, name, &altered, REJECTED)?;
    println!("The altered report was rejected, as it should be.");
    Ok(())
}
