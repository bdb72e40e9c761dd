//! What was shipped beside what was recorded: whatever the plant's maker does shows on the right units,
//! and an honest plant shows nothing.
//!
//! The plant's files, the agent beside them under a clock that is turned, a log, and what the maker opens
//! for the buyer are real; the plant's own account says what should be found.

#[allow(dead_code, reason = "each of the tests that share it uses a part")]
#[path = "../plant_week/agent.rs"]
mod agent;
#[allow(dead_code, reason = "each of the tests that share it uses a part")]
#[path = "../plant_week/site.rs"]
mod site;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;
use tests::plant::truth::{Deed, Panel};
use tests::plant::{Disk, Faults, Kind, Misbehaviour, Plant, Scale, Truth};

use self::agent::{Agent, Clock, Turn};
use crate::support::{Server, World};

/// How far the clock is turned at once.
const STEP: u64 = 180_000;

/// Every format of the plant is on one of its lines.
const LINES: u32 = 5;

/// The mapping of programs and limits, where a site has their revision read.
const PROGRAMS: &str = "name = \"program-with-revision\"\nkind = \"program\"\nformat = \"lines\"\n\
    encoding = [\"utf-8\", \"gbk\", \"shift-jis\", \"windows-1252\"]\n[lines]\nseparator = \",\"\n\
    [fields]\nprogram = { name = \"stem\" }\nrevision = \"Revision\"\n[links]\n\
    subject = \"file/name\"\n";

/// A plant that has worked, and what its maker can show of it.
struct Shipped {
    world: World,
    server: Server,
    truth: Truth,
    sources: Vec<String>,
}

impl Shipped {
    /// Lets a plant work for a day beside an agent.
    fn new(seed: u64, misbehaviour: Misbehaviour) -> Self {
        let scale = Scale { lines: LINES, hours: 24, panels_per_hour: 4, lot_panels: 12 };
        // What machines delete they delete within the time that is watched, or not at all.
        let faults = Faults { clean_up_hours: 0, ..Faults::usual() };
        let plant = || Plant::new(seed, scale, faults, misbehaviour);
        let mut rehearsal = plant();
        rehearsal.by_ref().for_each(drop);
        let truth = rehearsal.truth().clone();

        let world = World::new("statements");
        let server = world.serve();
        let mut watches = site::watches(LINES);
        for watch in watches.iter_mut().filter(|watch| watch.mapping == "program-file") {
            watch.mapping = "program-with-revision".to_owned();
        }
        let sources = site::sources(&watches);
        for (at, source) in sources.iter().enumerate() {
            let said = if at == 0 {
                let init = ["init", "--vault", "vault", "--source", source, "--log", &server.url];
                world.agent(&[&init[..], &["--policy", "policy"]].concat())
            } else {
                world.agent(&["source", "add", source, "--vault", "vault"])
            };
            world.list(said.ends_with(0).out.trim());
        }
        world.write("mappings/program-with-revision.toml", PROGRAMS);
        for line in 1..=LINES {
            let (name, text) = site::profile_mapping(line);
            world.write(&format!("mappings/{name}"), text);
        }
        let files = world.path("plant");
        for watch in &watches {
            let path = files.join(&watch.path);
            let is_file = watch.kind == site::Type::Append;
            fs::create_dir_all(if is_file { path.parent().unwrap() } else { &path }).unwrap();
        }
        let config = site::config(&watches, &world.path("vault"), &files, 1 << 20);
        world.write("agent.toml", config);
        let shipped = Self { world, server, truth, sources };
        shipped.share_keys();
        shipped.work(plant());
        shipped
    }

    /// One key for the buyer; the factory's own system knows which units are of which of his lots.
    fn share_keys(&self) {
        for lot in self.truth.lots.iter().filter(|lot| lot.shipped) {
            let panels = self.truth.panels.iter().filter(|panel| panel.lot == lot.name);
            let units: Vec<String> = panels.flat_map(identifiers).collect();
            self.world.write("lot-units", units.join("\n") + "\n");
            let words = ["lot-key", &lot.name, "--vault", "vault", "--units", "lot-units", "--out"];
            let again = ["buyer.key", "--from", "buyer.key"];
            let is_made = self.world.path("buyer.key").exists();
            let more = if is_made { &again[..] } else { &again[..1] };
            self.world.agent(&[&words[..], more].concat()).ends_with(0);
        }
    }

    /// Turns the clock until the plant has come to rest and everything is anchored.
    fn work(&self, mut plant: Plant) {
        let start = plant.start();
        let mut disk =
            Disk::open(&self.world.path("plant"), &self.world.path("hidden")).unwrap().dated();
        let mut clock =
            Clock { now: start, off: 0, booted: start - 86_400_000, boot: 1, synchronised: true };
        let mut agent = Agent::start(self.world.folder.path(), &clock);
        assert_eq!(agent.wait(), Turn::Done, "{:?}", agent.said);
        let mut rest = None;
        loop {
            clock.now += STEP;
            for event in plant.until(clock.now) {
                disk.apply(&event).unwrap();
            }
            agent.turn(&clock);
            assert_eq!(agent.wait(), Turn::Done, "{:?}", agent.said);
            if !plant.is_over() {
                continue;
            }
            // Time for the longest wait for a folder, and for a day to end.
            let rest = *rest.get_or_insert(clock.now + 3 * 3_600_000);
            if clock.now > rest && is_idle(&agent) {
                break;
            }
            assert!(clock.now < rest + 90 * 86_400_000, "not anchored: {:?}", agent.status());
        }
        assert_eq!(agent.stop(&clock).0, 0);
    }
}

/// Whether nothing waits for a statement or a receipt.
fn is_idle(agent: &Agent) -> bool {
    std::thread::sleep(std::time::Duration::from_millis(20));
    let status = agent.status().unwrap_or_default();
    let sources = status["sources"].as_array().cloned().unwrap_or_default();
    let none = |source: &Value, name: &str| source[name].as_u64() == Some(0);
    sources.iter().all(|source| none(source, "pending") && none(source, "unanchored"))
        && !sources.is_empty()
}

/// What reports call a panel and its boards.
fn identifiers(panel: &Panel) -> Vec<String> {
    let units = panel.units.iter().map(|unit| unit.serial.clone());
    units.chain([panel.barcode.clone()]).collect()
}

impl Shipped {
    /// Opens, as the maker does, all of his customer's panels: everything of each source.
    fn show(&self) -> Vec<String> {
        let lots: BTreeSet<&str> =
            self.truth.lots.iter().filter(|lot| lot.shipped).map(|lot| lot.name.as_str()).collect();
        let panels = self.truth.panels.iter().filter(|panel| lots.contains(panel.lot.as_str()));
        let units: Vec<String> = panels.flat_map(identifiers).collect();
        self.world.write("lots-units", units.join("\n") + "\n");
        self.world.write("shipped.csv", self.truth.shipped_csv());
        let pins = ["pins", "--vault", "vault", "--config", "agent.toml"];
        self.world.write("pins", self.world.agent(&pins).ends_with(0).out);
        let listed = self.world.agent(&["source", "list", "--vault", "vault", "--json"]);
        let listed = listed.ends_with(0).json();
        let mut bundles = Vec::new();
        for (at, source) in self.sources.iter().enumerate() {
            let row =
                listed.as_array().unwrap().iter().find(|row| row["source"] == source.as_str());
            let last = row.unwrap()["next_sequence"].as_u64().unwrap() - 1;
            let (folder, bundle) = (format!("shown-{at}"), format!("shown-{at}.zip"));
            let range = format!("0..{last}");
            let words = ["disclose", "--vault", "vault", "--units", "lots-units", "--context"];
            let more = ["--source", source, "--range", &range, "--open-untagged", "--out", &folder];
            self.world.agent(&[&words[..], &more].concat()).ends_with(0);
            self.world.fiducial(&["bundle", "make", &folder, "--out", &bundle]).ends_with(0);
            bundles.push(bundle);
        }
        bundles
    }
}

#[test]
fn explore() {
    let seed = std::env::var("SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let n = std::env::var("DEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(2);
    let shipped = Shipped::new(seed, Misbehaviour::each(n));
    let bundles = shipped.show();
    let mut json = Vec::new();
    shipped.truth.write_json(&mut json).unwrap();
    shipped.world.write("truth.json", json);
    println!("{bundles:?} {}", shipped.world.folder.path().display());
    for deed in &shipped.truth.misbehaviours {
        println!("{:?} line {} {:?} {:?}", deed.kind, deed.line, deed.panels, deed.files);
    }
    let keep = format!("/tmp/recon/{seed}-{n}");
    fs::create_dir_all("/tmp/recon").unwrap();
    let _ = fs::remove_dir_all(&keep);
    let Shipped { world, server, .. } = shipped;
    drop(server);
    fs::rename(world.folder.path(), &keep).unwrap_or_else(|_| {
        std::process::Command::new("cp")
            .arg("-a")
            .arg(world.folder.path())
            .arg(&keep)
            .status()
            .unwrap();
    });
}
