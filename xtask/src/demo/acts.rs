//! What happens while the demo's log runs: capture, anchor, prove, verify, refuse.

use std::fs;

use super::witnesses::Witnesses;
use super::{Demo, plant, say, verifier_key};
use crate::run::root;

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
pub(super) fn play(demo: &Demo, url: &str, witnesses: &mut Witnesses) -> Result<(), String> {
    let reports = reports(demo)?;
    let (first, second) = reports.split_at(FIRST_BATCH.min(reports.len()));
    enrol(demo, url)?;
    say("The machine's first reports are hashed, salted, signed and anchored");
    anchor(demo, first)?;
    keep_checkpoint(demo, first, "monday.checkpoint")?;
    say("One witness goes away: two of three are still a quorum");
    witnesses.stop_one()?;
    say("Later the machine anchors the others");
    anchor(demo, second)?;
    keep_checkpoint(demo, second, "friday.checkpoint")?;

    say("Each report is verified, offline: the log is not asked");
    for name in &reports {
        verify(demo, name, &format!("reports/{name}"), VERIFIED)?;
    }
    prove(demo, url)?;
    say("The whole log is read and hashed again");
    let audit = ["audit", "--log", url, "--policy", "policy", "--source-keys", "source.vkey"];
    demo.expect("fiducial", &audit, VERIFIED)?;
    refuse_altered(demo)?;
    plant::play(demo, url)
}

/// Copies the sample reports, as a machine would have left them; their names in order.
fn reports(demo: &Demo) -> Result<Vec<String>, String> {
    let samples = root().join("tests/samples");
    let wrong = |why: std::io::Error| format!("copying {}: {why}", samples.display());
    for folder in ["reports", "papers"] {
        fs::create_dir(demo.folder.join(folder)).map_err(wrong)?;
    }
    let mut names = Vec::new();
    for item in fs::read_dir(&samples).map_err(wrong)? {
        let name = item.map_err(wrong)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".json") {
            let copy = demo.folder.join("reports").join(&name);
            fs::copy(samples.join(&name), copy).map_err(wrong)?;
            names.push(name);
        }
    }
    names.sort();
    if names.is_empty() { Err("there are no sample reports".to_string()) } else { Ok(names) }
}

fn enrol(demo: &Demo, url: &str) -> Result<(), String> {
    say("An inspection machine gets a key of its own, and the log learns it");
    let vault = ["--vault", "vault", "--source", SOURCE];
    let init = [&["init"], &vault[..], &["--log", url, "--policy", "policy"]].concat();
    let said = demo.expect("fiducial-agent", &init, 0)?;
    let source = verifier_key(&said).ok_or("the agent printed no verifier key")?;
    demo.expect("fiducial-log", &["source", "add", "--data", "log", &source], 0)?;
    demo.write("source.vkey", &format!("{source}\n"))
}

fn anchor(demo: &Demo, names: &[String]) -> Result<(), String> {
    let files: Vec<String> = names.iter().map(|name| format!("reports/{name}")).collect();
    let mut arguments = vec!["anchor"];
    arguments.extend(files.iter().map(String::as_str));
    arguments.extend(["--vault", "vault", "--out", "papers"]);
    demo.expect("fiducial-agent", &arguments, 0).map(drop)
}

/// Keeps the checkpoint that the reports' receipts are for: it is what stands in a receipt behind its
/// first empty line.
fn keep_checkpoint(demo: &Demo, names: &[String], copy: &str) -> Result<(), String> {
    let name = names.last().ok_or("there is no receipt to take a checkpoint from")?;
    let path = demo.folder.join(format!("papers/{name}.tlog-proof"));
    let receipt = fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    let (_, note) = receipt.split_once("\n\n").ok_or("a receipt holds no checkpoint")?;
    demo.write(copy, note)
}

/// Verifies one file with the receipt and the opening that the agent left for the report `name`.
fn verify(demo: &Demo, name: &str, file: &str, code: i32) -> Result<(), String> {
    let receipt = format!("papers/{name}.tlog-proof");
    let opening = format!("papers/{name}.disclosure.json");
    let papers = ["verify", &receipt, "--file", file, "--disclosure", &opening];
    let keys = ["--policy", "policy", "--source-key", "source.vkey"];
    demo.expect("fiducial", &[&papers[..], &keys].concat(), code).map(drop)
}

fn prove(demo: &Demo, url: &str) -> Result<(), String> {
    say("Anyone can make the proofs from the log's tiles, and anyone can check them");
    let (monday, friday) = ("monday.checkpoint", "friday.checkpoint");
    let commands: [&[&str]; 4] = [
        &["prove", "inclusion", "0", "--log", url, "--out", "entry-0.tlog-proof"],
        &["verify", "entry-0.tlog-proof", "--source-key", "source.vkey"],
        &["prove", "consistency", "--from", monday, "--to", friday, "--log", url, "--out", "steps"],
        &["verify", "consistency", monday, friday, "--proof", "steps"],
    ];
    for command in commands {
        demo.expect("fiducial", &[command, &["--policy", "policy"]].concat(), VERIFIED)?;
    }
    Ok(())
}

fn refuse_altered(demo: &Demo) -> Result<(), String> {
    say("One byte of a copy is changed: another board is said to have failed");
    let (name, before, after) = ALTERED;
    let original = demo.folder.join("reports").join(name);
    let text = fs::read_to_string(original).map_err(|why| format!("{name}: {why}"))?;
    if !text.contains(before) {
        return Err(format!("{name} holds no {before}"));
    }
    let altered = format!("altered-{name}");
    demo.write(&altered, &text.replacen(before, after, 1))?;
    out!("{altered}: {before} -> {after}");
    verify(demo, name, &altered, REJECTED)
}
