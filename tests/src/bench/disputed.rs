//! A bundle for thousands of units with a range that opens the tags of every record: how long the
//! verifier takes, beside bare SHA-256 and Ed25519 for that work on the same cores.
//!
//! The bundle is made by the programs: reports of a bulk, an agent that states some of them at a time with
//! a lot key and the list of the lot's units, a log with two witnesses, one command that opens the lot's
//! records with their evidence and the range. The verdict must find every unit: a bundle in which tags are
//! noise alone would be less work than it is counted as.
//!
//! What the work is, is counted from the bundle by `Work`: what nobody who judges it can leave out. Each
//! part is hashed once, each opened field and record, each node of each proof once, each tag once (two
//! blocks, as if the key's state were kept), each note that differs from the others once.
//!
//! What is asked for is half the speed of SHA-256 and Ed25519: the first row judges by a policy that names the
//! Ed25519 keys alone. By the policy as the programs give it each note has ML-DSA-44 signatures as well: the
//! second row, beside all three.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use spec::bundle::{Bundle, PartPath, Role};
use spec::key::{Algorithm, VerifierKey};
use spec::note::Note;
use spec::policy::Policy;
use spec::proof::Proof;

use super::machine::{Machine, blocks_of};
use super::process::{Server, new_witness, run};
use super::table::Row;
use super::{BenchError, ORIGIN, Scale, median};
use crate::plant::Bulk;

/// The source that inspects the lot.
const SOURCE: &str = "line-1.example/aoi-1";

/// The lot of every report of a bulk.
const LOT: &str = "L010001";

/// Boards to a report, each with a serial of its own.
const BOARDS: u64 = 6;

/// How often the verifier runs between two measurements of the machine; the median counts.
const RUNS: usize = 5;

/// Each turn is so many pairs of measurements, and the machine is measured for so long each time: a shared one
/// may be half as fast a second later.
const PAIRS: usize = 5;
const PAIR_SPAN: Duration = Duration::from_millis(200);

/// How many statements the range has.
const STATEMENTS: u64 = 60;

/// SHA-256 blocks of a node of a tree: a byte and two hashes.
const NODE: u64 = blocks_of(65);

/// SHA-256 blocks of a tag when the states of its key are kept: one inside and one outside.
const TAG: u64 = 2;

/// SHA-256 blocks of a statement's key out of the lot's: a tag of its own, and two states.
const TAG_KEY: u64 = 4;

/// The policy of the log and its witnesses, and the same without ML-DSA-44 keys.
const POLICIES: [&str; 2] = ["policy", "policy-ed25519"];

/// Makes the bundle and judges it as often as there are turns.
pub async fn rows(scale: &Scale, machine: &Machine) -> Result<Vec<Row>, BenchError> {
    let folder = scale.folder.join("disputed");
    fs::create_dir_all(&folder)?;
    let dispute = Dispute { folder, units: scale.units };
    dispute.make().await?;
    let bytes = fs::read(dispute.path("dispute.zip"))?;
    let [all, classical] = POLICIES;
    let work = Work::of(&bytes, &dispute.policy(all)?, dispute.units)?;
    let post_quantum =
        work.ml_dsa as f64 / ml_dsa_per_second(&bytes, &dispute.policy(all)?, machine)?;
    let whole = dispute.judge(all, &work, scale.turns, machine)?;
    let without = Work::of(&bytes, &dispute.policy(classical)?, dispute.units)?;
    if without != (Work { ml_dsa: 0, ..work }) {
        return Err(BenchError::Program(format!("{work:?} without ML-DSA-44 is {without:?}")));
    }
    let Judged { took, bare } = dispute.judge(classical, &without, scale.turns, machine)?;
    let Dispute { units, .. } = dispute;
    println!(
        "  {units} units, {STATEMENTS} statements, {:.1} MB: {} SHA-256 blocks, {} Ed25519 and {} \
         ML-DSA-44 verifications",
        bytes.len() as f64 / 1e6,
        work.blocks,
        work.ed25519,
        work.ml_dsa
    );
    let whole_bare = whole.bare + post_quantum;
    Ok(vec![
        Row::new(
            &format!("bundle verify: {units} units, range disclosure"),
            format!("{:.0} ms", took * 1e3),
            format!("bare SHA-256 + Ed25519 {:.0} ms", bare * 1e3),
        )
        .ratio(bare / took)
        .asked(">= 0.5 x", bare / took >= 0.5),
        Row::new(
            "  the same with ML-DSA-44 keys in the policy",
            format!("{:.0} ms", whole.took * 1e3),
            format!("with {} ML-DSA-44 {:.0} ms", work.ml_dsa, whole_bare * 1e3),
        )
        .ratio(whole_bare / whole.took),
    ])
}

/// How long the verifier took, and how long bare SHA-256 and Ed25519 would have, in seconds.
struct Judged {
    took: f64,
    bare: f64,
}

/// A folder with a factory, its log and witnesses, and what the buyer holds.
struct Dispute {
    folder: PathBuf,
    units: u64,
}

impl Dispute {
    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn policy(&self, name: &str) -> Result<Policy, BenchError> {
        let bytes = fs::read(self.path(name))?;
        Policy::parse(&bytes).map_err(|error| BenchError::Program(error.to_string()))
    }

    /// Everything from an empty folder to the bundle, and what the buyer holds beside it.
    async fn make(&self) -> Result<(), BenchError> {
        let (data, vault, policy) = (self.path("log"), self.path("vault"), self.path("policy"));
        let init = ["init", "--data", &data, "--origin", ORIGIN, "--admission", "statements"];
        let log_keys = run("fiducial-log", &init)?;
        let (witnesses, lines) = self.witnesses(&log_keys).await?;
        fs::write(&policy, &lines)?;
        fs::write(self.path(POLICIES[1]), without_ml_dsa(&lines)?)?;
        let serve = ["serve", "--data", &data, "--witness-policy", &policy];
        let log = Server::start("fiducial-log", &serve).await?;
        let url = log.url();
        let init = ["init", "--vault", &vault, "--source", SOURCE, "--log", &url];
        let source = run("fiducial-agent", &[&init[..], &["--policy", &policy]].concat())?;
        run("fiducial-log", &["source", "add", source.trim(), "--data", &data])?;
        self.state()?;

        let range = format!("0..{}", STATEMENTS - 1);
        let words = ["disclose", "--vault", &vault, "--lot", LOT, "--range", &range, "--evidence"];
        run("fiducial-agent", &[&words[..], &["--bundle", &self.path("dispute.zip")]].concat())?;
        fs::write(self.path("pins"), run("fiducial-agent", &["pins", "--vault", &vault])?)?;
        log.stop().await?;
        for witness in witnesses {
            witness.stop().await?;
        }
        Ok(())
    }

    /// Two running witnesses that know the log, and the policy that asks for both.
    async fn witnesses(&self, log_keys: &str) -> Result<(Vec<Server>, String), BenchError> {
        let (mut running, mut names) = (Vec::new(), String::new());
        let mut policy: String = log_keys.lines().map(|key| format!("log {key}\n")).collect();
        for number in 1..=2 {
            let name = format!("witness-{number}.example/bench");
            let folder = self.folder.join(format!("witness-{number}"));
            new_witness(&folder, &name, &[])?;
            let data = folder.display().to_string();
            let keys: Vec<&str> = log_keys.lines().collect();
            let add = [&["log", "add"], &keys[..], &["--data", &data]].concat();
            run("fiducial-witness", &add)?;
            let server = Server::start("fiducial-witness", &["serve", "--data", &data]).await?;
            let words = ["key", "policy", "--data", &data, "--url", &server.url()];
            policy += &run("fiducial-witness", &words)?;
            write!(names, " {name}").expect("a string takes it");
            running.push(server);
        }
        write!(policy, "group both all{names}\nquorum both\n").expect("a string takes it");
        Ok((running, policy))
    }

    /// Lets the agent state a part of the reports after the other, under the lot's key.
    ///
    /// The messages name no lot: which units it has, the factory's own list says.
    fn state(&self) -> Result<(), BenchError> {
        let (vault, reports) = (self.path("vault"), self.folder.join("reports"));
        let (bulk, count) = (Bulk::new(1), self.units.div_ceil(BOARDS));
        let made: Vec<Vec<u8>> = (0..count).map(|index| bulk.report(index)).collect();
        let mut units = Vec::new();
        for report in &made {
            units.extend(serials(report)?);
        }
        // Of the last panel some boards may be of nobody's lot.
        units.truncate(usize::try_from(self.units).expect("a lot fits in memory"));
        let (key, list) = (self.path("lot.key"), self.path("units"));
        fs::write(&list, units.join("\n") + "\n")?;
        let words = ["lot-key", LOT, "--vault", &vault, "--units", &list, "--out", &key];
        run("fiducial-agent", &words)?;
        let config = format!(
            "vault = {vault:?}\n[[source]]\nname = \"{SOURCE}\"\n[[source.watch]]\nname = \
             \"reports\"\ntype = \"folder\"\nmapping = \"cfx\"\npath = {:?}\nstable = \"0s\"\n",
            reports.display().to_string()
        );
        fs::create_dir_all(&reports)?;
        fs::write(self.path("agent.toml"), config)?;
        let end = |statement: u64| (statement * count / STATEMENTS) as usize;
        for statement in 0..STATEMENTS {
            let first = end(statement);
            for (index, report) in (first..).zip(&made[first..end(statement + 1)]) {
                fs::write(reports.join(format!("{index:08}.json")), report)?;
            }
            run("fiducial-agent", &["run", "--once", "--config", &self.path("agent.toml")])?;
        }
        Ok(())
    }

    /// Judges again and again, each time between two measurements of the machine; the median of the
    /// ratios counts.
    fn judge(
        &self,
        policy: &str,
        work: &Work,
        turns: usize,
        machine: &Machine,
    ) -> Result<Judged, BenchError> {
        let speeds = || (machine.blocks_in(PAIR_SPAN), machine.verifications_in(PAIR_SPAN));
        let (mut judged, mut before) = (Vec::new(), speeds());
        for _ in 0..turns * PAIRS {
            let mut took = Vec::new();
            for _ in 0..RUNS {
                took.push(self.verify(policy)?.as_secs_f64());
            }
            let after = speeds();
            let blocks = f64::midpoint(before.0, after.0);
            let verifications = f64::midpoint(before.1, after.1);
            let bare = work.blocks as f64 / blocks + work.ed25519 as f64 / verifications;
            judged.push(Judged { took: median(took), bare });
            before = after;
        }
        judged.sort_by(|one, other| (one.bare / one.took).total_cmp(&(other.bare / other.took)));
        let middle = judged.len() / 2;
        Ok(judged.swap_remove(middle))
    }

    /// One judgement by the program, from the start of its process to its end. Every unit is found.
    fn verify(&self, policy: &str) -> Result<Duration, BenchError> {
        let [bundle, policy, pins, key, units] =
            ["dispute.zip", policy, "pins", "lot.key", "units"].map(|name| self.path(name));
        let words = ["bundle", "verify", &bundle, "--policy", &policy, "--pins", &pins];
        let own = ["--lot-key", &key, "--units", &units];
        let started = Instant::now();
        let said = run("fiducial", &[&words[..], &own].concat())?;
        let took = started.elapsed();
        let all = format!("found for all {} of your units", self.units);
        if said.contains(&all) {
            Ok(took)
        } else {
            Err(broken(&format!("without {all:?}: {said}")))
        }
    }
}

/// A policy without its ML-DSA-44 keys: their lines, and their names in groups.
fn without_ml_dsa(policy: &str) -> Result<String, BenchError> {
    let is_ml_dsa = |key: &str| match VerifierKey::parse(key) {
        Ok(key) => Ok(key.algorithm() == Algorithm::CosignatureMlDsa44),
        Err(why) => Err(BenchError::Program(format!("a policy has the key {key}: {why}"))),
    };
    let (mut kept, mut gone) = (String::new(), Vec::new());
    for line in policy.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["log", key, ..] if is_ml_dsa(key)? => continue,
            ["witness", name, key, ..] if is_ml_dsa(key)? => gone.push(name),
            _ => {
                let words: Vec<&str> =
                    words.into_iter().filter(|word| !gone.contains(word)).collect();
                writeln!(kept, "{}", words.join(" ")).expect("a string takes it");
            }
        }
    }
    Ok(kept)
}

/// The boards of a report.
fn serials(report: &[u8]) -> Result<Vec<String>, BenchError> {
    let json: Value = serde_json::from_slice(report).map_err(|why| broken(&why))?;
    let units = json["MessageBody"]["InspectedUnits"].as_array();
    let names = units.into_iter().flatten().filter_map(|unit| unit["UnitIdentifier"].as_str());
    Ok(names.map(str::to_string).collect())
}

/// What nobody who judges the bundle can leave out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Work {
    /// SHA-256 blocks.
    blocks: u64,
    /// Ed25519 verifications.
    ed25519: u64,
    /// ML-DSA-44 verifications.
    ml_dsa: u64,
}

impl Work {
    fn of(bytes: &[u8], policy: &Policy, units: u64) -> Result<Self, BenchError> {
        let bundle = Bundle::parse(bytes).map_err(|why| broken(&why))?;
        let contents = bundle.contents();
        let mut work = Self::default();
        let mut notes: BTreeMap<Vec<u8>, Note> = BTreeMap::new();
        for (path, part) in contents.parts() {
            work.blocks += blocks_of(part.len() as u64);
            let PartPath::Of(_, role) = path else { continue };
            match role {
                Role::Statement => {
                    work.ed25519 += 1;
                    work.blocks += blocks_of(part.len() as u64 + 1);
                }
                Role::Disclosure => work.blocks += disclosure_blocks(part, units)?,
                Role::Receipt => {
                    let proof = Proof::parse(part).map_err(|why| broken(&why))?;
                    work.blocks += proof.hashes().len() as u64 * NODE;
                    notes.insert(proof.checkpoint().to_bytes(), proof.checkpoint().clone());
                }
                Role::After => {
                    notes.insert(part.to_vec(), Note::parse(part).map_err(|why| broken(&why))?);
                }
                _ => {}
            }
        }
        for line in notes.values().flat_map(Note::signatures) {
            match keys_of(policy).find(|key| key.claims(line)).map(VerifierKey::algorithm) {
                Some(Algorithm::CosignatureMlDsa44) => work.ml_dsa += 1,
                Some(_) => work.ed25519 += 1,
                None => {}
            }
        }
        Ok(work)
    }
}

fn keys_of(policy: &Policy) -> impl Iterator<Item = &VerifierKey> {
    let logs = policy.logs().iter().map(spec::policy::PolicyLog::key);
    logs.chain(policy.witnesses().iter().map(spec::policy::PolicyWitness::key))
}

/// Leaves and nodes of both levels of trees, the commitment, and a tag for each of the reader's units.
fn disclosure_blocks(part: &[u8], units: u64) -> Result<u64, BenchError> {
    let json: Value = serde_json::from_slice(part).map_err(|why| broken(&why))?;
    let records = json["records"].as_array().map_or(&[][..], Vec::as_slice);
    let length = |of: &Value| of.as_array().map_or(0, |list| list.len() as u64);
    let nodes = |leaves: u64, proof: &Value| (leaves + length(proof)).saturating_sub(1) * NODE;
    let mut blocks = nodes(records.len() as u64, &json["proof"]) + blocks_of(128);
    let mut has_tags = false;
    for record in records {
        let fields = record["fields"].as_array().map_or(&[][..], Vec::as_slice);
        // A record's leaf: a byte, a prefix of 19, a count, a root.
        blocks += nodes(fields.len() as u64, &record["proof"]) + blocks_of(1 + 19 + 4 + 32);
        for field in fields {
            let text = |name: &str| field[name].as_str().map_or(0, |text| text.len() as u64);
            let value = text("text") + text("base64") * 3 / 4;
            // A field's leaf: a byte, a prefix of 18, a salt, and two lengths.
            blocks += blocks_of(1 + 18 + 32 + 2 + 4 + text("name") + value);
            has_tags |= field["name"] == "tags";
        }
    }
    Ok(blocks + if has_tags { units * TAG + TAG_KEY } else { 0 })
}

/// ML-DSA-44 verifications per second over all cores: what a note takes beyond its Ed25519 lines.
fn ml_dsa_per_second(bytes: &[u8], policy: &Policy, machine: &Machine) -> Result<f64, BenchError> {
    let bundle = Bundle::parse(bytes).map_err(|why| broken(&why))?;
    let receipt = bundle.contents().parts().find_map(|(path, part)| match path {
        PartPath::Of(_, Role::Receipt) => Proof::parse(part).ok(),
        _ => None,
    });
    let receipt = receipt.ok_or_else(|| BenchError::Program("no receipt".to_string()))?;
    let note = receipt.checkpoint();
    let of = |algorithm| {
        let known = keys_of(policy).filter(move |key| key.algorithm() == algorithm);
        known.filter(|key| note.signatures().iter().any(|line| key.claims(line))).count() as f64
    };
    const ROUNDS: u32 = 50;
    let started = Instant::now();
    for _ in 0..ROUNDS {
        black_box(policy.check(black_box(note)).map_err(|why| broken(&why))?);
    }
    let seconds = started.elapsed().as_secs_f64() / f64::from(ROUNDS);
    let (post, others) = (of(Algorithm::CosignatureMlDsa44), note.signatures().len() as f64);
    let ed25519 = (others - post) / (machine.verifications / machine.cores as f64);
    Ok(post / (seconds - ed25519).max(1e-9) * machine.cores as f64)
}

fn broken(why: &dyn std::fmt::Display) -> BenchError {
    BenchError::Broken(format!("the bundle: {why}"))
}
