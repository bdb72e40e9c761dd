//! What was shipped beside what was recorded: whatever the plant's maker does shows on the right units,
//! and an honest plant shows nothing.
//!
//! The plant's files, the agent beside them under a clock that is turned, a log, and what the maker opens
//! for the buyer are real; the plant's own account says what should be found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;
use tests::plant::truth::{Deed, Panel};
use tests::plant::{Disk, Faults, Kind, Misbehaviour, Plant, Scale, Truth};

use crate::site;
use crate::support::{Server, World};
use crate::turned::{Agent, Clock, Turn};

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

/// One unit's row: its colour, and the names of its findings.
type Row = (String, BTreeSet<String>);

/// What `fiducial reconcile` says of all of it.
fn reconcile(shipped: &Shipped, bundles: &[String], more: &[&str]) -> (i32, Value) {
    let words = ["reconcile", "--units", "shipped.csv", "--policy", "policy", "--pins", "pins"];
    let mut words = [&words[..], &["--json", "--all"], more].concat();
    bundles.iter().for_each(|bundle| words.extend(["--bundle", bundle]));
    let said = shipped.world.fiducial(&words);
    (said.code, said.json())
}

/// The rows of the table, by serial.
fn rows(json: &Value) -> BTreeMap<String, Row> {
    let units = json["reasons"].as_array().unwrap().iter().filter_map(|said| {
        let colour = said["code"].as_str()?.strip_prefix("unit-")?.to_owned();
        let none = Vec::new();
        let details = said["details"].as_array().unwrap_or(&none);
        let codes = details.iter().map(|one| one["code"].as_str().unwrap().to_owned());
        Some((said["values"][0].as_str()?.to_owned(), (colour, codes.collect())))
    });
    units.collect()
}

fn codes(json: &Value, of: &str) -> BTreeSet<String> {
    let all = json[of].as_array().unwrap();
    all.iter().map(|said| said["code"].as_str().unwrap().to_owned()).collect()
}

/// The finding in which a deed shows; none for what the design says cannot be seen.
const fn shows_as(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::BackdatedCertificate => Some("found-backdated"),
        Kind::BestOfThree => Some("found-tried"),
        Kind::EditedReport => Some("found-edited"),
        Kind::OmittedPanel => Some("found-missing"),
        Kind::SuppressedAttempts => None,
        Kind::WidenedLimits => Some("found-limits"),
    }
}

/// Whether a unit of this panel may have the deed's finding as well: a certificate that was backdated
/// claims a little more than the lot, and limits are in force for whatever is inspected.
fn is_touched(deed: &Deed, panel: &Panel) -> bool {
    const MARGIN: u64 = 20 * 60_000;
    let during = |at: u64| (deed.at.saturating_sub(MARGIN)..=deed.until + MARGIN).contains(&at);
    let is_on_line = deed.line == panel.line;
    match deed.kind {
        Kind::BackdatedCertificate => is_on_line && during(panel.oven.1),
        Kind::WidenedLimits => is_on_line && panel.attempts.iter().any(|one| during(one.at)),
        _ => deed.panels.contains(&panel.barcode),
    }
}

/// Every deed is found on its units, and no other unit is red. Gives how often each finding was due.
#[track_caller]
fn compare(truth: &Truth, rows: &BTreeMap<String, Row>) -> BTreeMap<&'static str, usize> {
    let mut due = BTreeMap::new();
    for deed in &truth.misbehaviours {
        let Some(code) = shows_as(deed.kind) else { continue };
        let panels = truth.panels.iter().filter(|panel| deed.panels.contains(&panel.barcode));
        for unit in panels.flat_map(|panel| &panel.units).filter(|unit| unit.shipped) {
            let (colour, found) = &rows[&unit.serial];
            let what = format!("{:?} line {} {}: {found:?}", deed.kind, deed.line, unit.serial);
            assert!(found.contains(code), "not found: {what}");
            assert_eq!(colour, "red", "{what}");
            *due.entry(code).or_insert(0) += 1;
        }
    }
    for panel in &truth.panels {
        let deeds = truth.misbehaviours.iter().filter(|deed| is_touched(deed, panel));
        let mut allowed: BTreeSet<&str> = deeds.filter_map(|deed| shows_as(deed.kind)).collect();
        if !panel.barcode_read {
            // Nobody's report names it.
            allowed.insert("found-missing");
        }
        for unit in panel.units.iter().filter(|unit| unit.shipped) {
            let (colour, found) = &rows[&unit.serial];
            let is_explained = found.iter().any(|code| allowed.contains(code.as_str()));
            let what = format!("{} of {:?}: {found:?}", unit.serial, panel.misbehaviours);
            assert!(colour != "red" || is_explained, "nobody did this: {what}");
        }
    }
    due
}

#[test]
fn what_the_maker_does_shows_on_the_right_units() {
    let shipped = Shipped::new(1, Misbehaviour::each(2));
    let bundles = shipped.show();
    let key = ["--lot-key", "buyer.key"];
    let (code, json) = reconcile(&shipped, &bundles, &[&key[..], &["--csv", "out.csv"]].concat());
    assert_eq!(code, 1, "{json}");
    let all = rows(&json);
    let due = compare(&shipped.truth, &all);
    eprintln!("{due:?}\n{:#}\n{:#}", json["facts"], json["not_checked"]);
    for kind in Kind::ALL {
        let code = shows_as(kind);
        assert!(code.is_none_or(|code| due.contains_key(code)), "{kind:?} was never done: {due:?}");
    }
    // What cannot be seen is named.
    let open = codes(&json, "not_checked");
    for code in ["open-suppressed", "open-noise-tags", "open-second-source", "open-scan"] {
        assert!(open.contains(code), "{code}: {open:?}");
    }
    let csv = String::from_utf8(shipped.world.read("out.csv")).unwrap();
    let edited = csv.lines().filter(|line| line.contains("\"found-edited\",\"red\"")).count();
    assert!(csv.starts_with('\u{feff}') && edited > 0, "{csv}");
    // With the log, nobody has a second chain, and the colours stay.
    let url = shipped.server.url.clone();
    let (code, json) = reconcile(&shipped, &bundles, &[&key[..], &["--log", &url]].concat());
    assert_eq!((code, rows(&json)), (1, all));
    assert!(!codes(&json, "not_checked").contains("open-scan"), "{json}");
    withheld(&shipped, &bundles);
}

/// What is not handed over is missed, and what was altered is rejected.
fn withheld(shipped: &Shipped, bundles: &[String]) {
    // Without a line's inspection nothing of its units is known but the oven.
    let left: Vec<String> = bundles.iter().filter(|name| **name != bundles[0]).cloned().collect();
    let (code, json) = reconcile(shipped, &left, &["--lot-key", "buyer.key"]);
    assert_eq!(code, 1);
    let gone = rows(&json).into_values().filter(|(_, found)| found.contains("found-missing"));
    assert!(gone.count() > 10, "{json}");
    // Without the lot's key the ranges hold, and nobody says whose records they are.
    let (_, json) = reconcile(shipped, bundles, &[]);
    assert!(codes(&json, "not_checked").contains("open-no-reader"), "{json}");
    let mut bytes = shipped.world.read(&bundles[1]);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    shipped.world.write(&bundles[1], bytes);
    let (code, json) = reconcile(shipped, bundles, &[]);
    assert_eq!((code, codes(&json, "reasons")), (1, BTreeSet::from(["bundle-damaged".to_owned()])));
}

#[test]
fn an_honest_plant_with_the_usual_faults_has_no_red_unit() {
    let shipped = Shipped::new(2, Misbehaviour::none());
    let bundles = shipped.show();
    let (code, json) = reconcile(&shipped, &bundles, &["--lot-key", "buyer.key"]);
    let all = rows(&json);
    assert_eq!(compare(&shipped.truth, &all), BTreeMap::new());
    eprintln!("{:#}", json["facts"]);
    let red = all.values().filter(|(colour, _)| colour == "red").count();
    assert_eq!(code == 1, red > 0, "{json}");
    assert!(!codes(&json, "reasons").contains("closing-differs"), "{json}");
    let green = all.values().filter(|(colour, _)| colour == "green").count();
    assert!(all.len() > 500 && green * 10 > all.len(), "{green} of {}", all.len());
}
