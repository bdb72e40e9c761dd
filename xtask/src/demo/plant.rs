//! The agent as a service: it watches a line of the synthetic plant at work, one shift's hour in seconds.
//!
//! The plant writes what a line's machines write; the agent sees files appear and change, states each
//! second, and is asked how it does. Then one board's papers are taken out and judged.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::server::{Running, free_address};
use super::{Demo, say, verifier_key};

/// The name under which the line signs.
const SOURCE: &str = "line-1.example/smt";

/// The first panel of the plant's first line; its reports name it so.
const PANEL: &str = "PN0110000000";

/// How long the last files may take to be anchored, and how often the agent is asked meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(500);

/// How often in a row the agent must have nothing to do: what was written last is stable by then.
const AT_REST: usize = 8;

/// Plays the act. The source that the demo began with keeps its name and its key.
pub(super) fn play(demo: &Demo, url: &str) -> Result<(), String> {
    say("A line gets an agent that watches: its folders, and a statement each second");
    let add = ["source", "add", SOURCE, "--vault", "vault"];
    let said = demo.expect("fiducial-agent", &add, 0)?;
    let key = verifier_key(&said).ok_or("the agent printed no verifier key")?;
    demo.expect("fiducial-log", &["source", "add", "--data", "log", &key], 0)?;
    demo.write("line-1.vkey", &format!("{key}\n"))?;
    let first = std::fs::read_to_string(demo.folder.join("source.vkey"));
    let first = first.map_err(|why| format!("source.vkey: {why}"))?;
    demo.write("sources.vkey", &format!("{first}{key}\n"))?;
    let config = config(&free_address()?);
    demo.write("agent.toml", &config)?;
    config.lines().for_each(|line| out!("  agent.toml | {line}"));
    say("The line works for an hour, which is over in seconds, and the agent watches");
    let plant = work(demo)?;
    let run = ["run", "--config", "agent.toml"];
    let program = demo.program("fiducial-agent");
    let agent = Running::start_as_it_is("agent", &program, &run, &demo.folder)?;
    plant.wait_until_over()?;
    wait_until_at_rest(demo)?;
    demo.expect("fiducial-agent", &["status", "--config", "agent.toml"], 0)?;
    agent.stop()?;

    say("One board's papers, taken out of the vault and judged offline");
    let papers = ["papers", "--vault", "vault", "--unit", PANEL, "--evidence", "--out", "board"];
    let said = demo.expect("fiducial-agent", &papers, 0)?;
    let stem = first_report(&demo.folder, &said)?;
    let papers = [".tlog-proof", ".evidence", ".disclosure.json"].map(|end| format!("{stem}{end}"));
    let verify = ["verify", &papers[0], "--file", &papers[1], "--disclosure", &papers[2]];
    let keys = ["--policy", "policy", "--source-key", "line-1.vkey"];
    demo.expect("fiducial", &[&verify[..], &keys].concat(), 0)?;
    let audit = ["audit", "--log", url, "--policy", "policy", "--source-keys", "sources.vkey"];
    demo.expect("fiducial", &audit, 0).map(drop)
}

fn config(listen: &str) -> String {
    format!(
        "vault = \"vault\"\nlisten = \"{listen}\"\n\
         [[source]]\nname = \"{SOURCE}\"\nevery = \"1s\"\n\
         [[source.watch]]\nname = \"profiles\"\ntype = \"folder\"\nmapping = \"kic-like\"\n\
         path = \"plant/files/line-01/profiler\"\nstable = \"1s\"\npoll = \"1s\"\n\
         [[source.watch]]\nname = \"reports\"\ntype = \"folder\"\nmapping = \"cfx\"\n\
         path = \"plant/files/line-01\"\nexclude = [\"*.csv\"]\nstable = \"1s\"\npoll = \"1s\"\n\
         [space]\nreserve-bytes = 0\n"
    )
}

/// Begins an hour of one line, twenty minutes in a second, and waits for its folders to be there.
fn work(demo: &Demo) -> Result<Running, String> {
    let plant = ["run", "--out", "plant", "--scale", "hour", "--panels-per-hour", "12"];
    let wishes = ["--faults", "none", "--speed", "1200"];
    let (program, words) = (demo.program("fiducial-plant"), [&plant[..], &wishes].concat());
    let plant = Running::start_as_it_is("plant", &program, &words, &demo.folder)?;
    let (folder, deadline) = (demo.folder.join("plant/files/line-01"), Instant::now() + PATIENCE);
    while !folder.join("profiler").is_dir() {
        if Instant::now() > deadline {
            return Err("the plant has written nothing".to_string());
        }
        thread::sleep(PAUSE);
    }
    Ok(plant)
}

/// Asks the agent until nothing waits any more, to be stated or to be anchored.
fn wait_until_at_rest(demo: &Demo) -> Result<(), String> {
    let (deadline, mut at_rest) = (Instant::now() + PATIENCE, 0);
    while at_rest < AT_REST {
        if Instant::now() > deadline {
            return Err("the agent still has something to do".to_string());
        }
        thread::sleep(PAUSE);
        let mut ask = Command::new(demo.program("fiducial-agent"));
        ask.args(["--json", "status", "--config", "agent.toml"]).current_dir(&demo.folder);
        let said = ask.stdin(Stdio::null()).output().map_err(|why| format!("status: {why}"))?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let nothing = |name: &str| said.contains(&format!("\"{name}\": 0"));
        let is_at_rest = nothing("pending") && nothing("unanchored");
        at_rest = if is_at_rest { at_rest + 1 } else { 0 };
    }
    Ok(())
}

/// The first of the papers whose evidence is a file of its own.
fn first_report(folder: &Path, said: &str) -> Result<String, String> {
    let stems = said.lines().filter_map(|line| line.strip_suffix(".evidence"));
    let found = stems.into_iter().find(|stem| folder.join(format!("{stem}.evidence")).is_file());
    found.map(str::to_string).ok_or_else(|| format!("no papers with their evidence:\n{said}"))
}
