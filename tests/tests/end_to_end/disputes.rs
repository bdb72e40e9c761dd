//! From a plant's work to the one file that settles a dispute: one command makes it for twenty boards of
//! one lot, it is verified where there is no network, and no byte of it can be another.
//!
//! A shift of one line by default; the week of five lines with `FIDUCIAL_SOAK=1`. What the page says of
//! the same bundle is in `verifier-web/test/browser/dispute.test.ts`.

use std::collections::BTreeSet;

use spec::bundle::{Bundle, PartPath, Role};
use spec::evidence::disclosure::Disclosure;
use tests::crash::points::soaks;
use tests::plant::{Disk, Faults, Misbehaviour, Plant, Scale};
use tests::seed::Seed;

use crate::site;
use crate::support::Server;
use crate::witnesses::Panel;

/// How many boards are in dispute.
const BOARDS: usize = 20;

const HOUR_MS: u64 = 3_600_000;

/// A factory after its work, and the boards of one lot.
struct Dispute {
    panel: Panel,
    server: Server,
    units: Vec<String>,
}

impl Dispute {
    fn new() -> Self {
        let scale = if soaks() {
            Scale::quiet_week()
        } else {
            Scale { lines: 1, hours: 8, panels_per_hour: 12, lot_panels: 30 }
        };
        let panel = Panel::new(2, 2);
        let server = panel.serve();
        let watches = site::watches(scale.lines);
        let world = &panel.world;
        for (at, source) in site::sources(&watches).iter().enumerate() {
            let init = ["init", "--vault", "vault", "--policy", "policy", "--log", &server.url];
            let said = match at {
                0 => world.agent(&[&init[..], &["--source", source]].concat()),
                _ => world.agent(&["source", "add", source, "--vault", "vault"]),
            };
            said.ends_with(0);
        }
        for line in 1..=scale.lines {
            let (name, text) = site::profile_mapping(line);
            world.write(&format!("mappings/{name}"), text);
        }
        let files = world.path("plant");
        let config = site::config(&watches, &world.path("vault"), &files, 16 << 20);
        world.write("agent.toml", config.replace("stable = \"120s\"", "stable = \"0s\""));
        // A shift may need no repair; its folder is there all the same.
        for watch in watches.iter().filter(|watch| watch.kind == site::Type::Folder) {
            std::fs::create_dir_all(files.join(&watch.path)).unwrap();
        }
        let plant = Plant::new(11, scale, Faults::none(), Misbehaviour::none());
        let units = work(plant, &panel);
        Self { panel, server, units }
    }

    /// The one command.
    fn bundle(&self, units: &[String], out: &str) -> Vec<u8> {
        let world = &self.panel.world;
        world.write("in-dispute", units.join("\n") + "\n");
        let words = ["disclose", "--vault", "vault", "--units", "in-dispute", "--evidence"];
        world.agent(&[&words[..], &["--context", "--bundle", out]].concat()).ends_with(0);
        world.read(out)
    }

    /// What the buyer has had since the contract.
    fn pin(&self) {
        let world = &self.panel.world;
        let said = world.agent(&["pins", "--vault", "vault"]).ends_with(0);
        world.write("pins", said.out);
    }

    fn verify(&self, bundle: &str) -> i32 {
        let words = ["bundle", "verify", bundle, "--policy", "policy", "--pins", "pins"];
        self.panel.world.fiducial(&words).code
    }
}

/// Lets the plant work and the agent look once an hour; gives what reports call shipped boards of one lot.
fn work(mut plant: Plant, panel: &Panel) -> Vec<String> {
    let world = &panel.world;
    let mut disk = Disk::open(&world.path("plant"), &world.path("unreachable")).unwrap();
    let mut now = plant.start();
    while !plant.is_over() {
        now += HOUR_MS;
        plant.until(now).for_each(|event| disk.apply(&event).unwrap());
        world.agent(&["run", "--once", "--config", "agent.toml"]).ends_with(0);
    }
    let truth = plant.truth();
    let has_serials =
        |product: &str| truth.products.iter().any(|one| one.name == product && one.own_serials);
    // Boards without a code of their own bear their panel's in reports; where none was read, none.
    let of_lot = |lot: &str| -> Vec<String> {
        let panels = truth.panels.iter().filter(|panel| panel.lot == lot && panel.barcode_read);
        let shipped = panels.flat_map(|panel| {
            let own = has_serials(&panel.product);
            let units = panel.units.iter().filter(|unit| unit.shipped);
            units.map(move |unit| if own { unit.serial.clone() } else { panel.barcode.clone() })
        });
        shipped.collect()
    };
    let lots = truth.lots.iter().map(|lot| of_lot(&lot.name));
    let mut units = lots.into_iter().find(|units| units.len() >= BOARDS).expect("a lot is large");
    units.truncate(BOARDS);
    units
}

/// The units that opened records of a kind name.
fn named(bundle: &Bundle<'_>, kind: &str) -> BTreeSet<String> {
    let mut units = BTreeSet::new();
    for place in bundle.contents().statements().keys() {
        let bytes = bundle.contents().of(*place, Role::Disclosure).unwrap();
        let json: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        Disclosure::parse(bytes).unwrap();
        for record in json["records"].as_array().unwrap() {
            let fields = record["fields"].as_array().unwrap();
            let text = |name: &str| {
                let field = fields.iter().find(|field| field["name"] == name)?;
                field["text"].as_str()
            };
            if text("kind") == Some(kind) {
                units.extend(text("units").unwrap_or_default().lines().map(str::to_string));
            }
        }
    }
    units
}

#[test]
fn one_command_makes_a_bundle_for_twenty_boards_and_no_byte_of_it_can_be_another() {
    let dispute = Dispute::new();
    let large = dispute.bundle(&dispute.units, "dispute.zip");
    let small = dispute.bundle(&dispute.units[..1], "one-board.zip");
    dispute.pin();
    // The same command gives the same file.
    assert!(dispute.bundle(&dispute.units, "again.zip") == large);

    let bundle = Bundle::parse(&large).unwrap();
    let inspected = named(&bundle, "aoi-report");
    let missing: Vec<_> = dispute.units.iter().filter(|unit| !inspected.contains(*unit)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // What they ran under is there as well.
    let kinds = opened_kinds(&bundle);
    for kind in ["reflow-certificate", "program", "oven-data", "spi-report"] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
    let has = |kind: fn(&PartPath) -> bool| bundle.contents().parts().any(|(path, _)| kind(path));
    assert!(has(|path| matches!(path, PartPath::Evidence(_))));
    assert!(has(|path| matches!(path, PartPath::HowTo)));

    assert_eq!(dispute.verify("dispute.zip"), 0);
    let Dispute { panel, server, units } = dispute;
    assert_eq!(server.stop(), 0);
    let world = &panel.world;
    std::fs::rename(world.path("log"), world.path("gone")).unwrap();
    std::fs::rename(world.path("vault"), world.path("gone-too")).unwrap();
    let verify = |bundle: &str| {
        let words = ["bundle", "verify", bundle, "--policy", "policy", "--pins", "pins"];
        world.fiducial(&words)
    };
    for bundle in ["dispute.zip", "one-board.zip"] {
        let said = verify(bundle).ends_with(0);
        assert!(said.out.starts_with("VERIFIED"), "{said:?}");
    }
    assert_eq!(units.len(), BOARDS);
    // However many threads share the work, also where whoever waits is the only one, it is the same verdict.
    let shared = |threads: &str| {
        let mut command = world.command("fiducial");
        let words = ["bundle", "verify", "dispute.zip", "--policy", "policy", "--pins", "pins"];
        command.env("RAYON_NUM_THREADS", threads).args(words).arg("--json").output().unwrap()
    };
    let said = ["1", "2", "8"].map(shared);
    assert!(said[0].status.success() && !said[0].stdout.is_empty(), "{said:?}");
    assert!(said.iter().all(|one| one.stdout == said[0].stdout), "{said:?}");

    // Every byte of the small one, by the code that the program reads bundles with.
    changed_everywhere(&small, 0..small.len());
    let mut seed = Seed::new(7);
    let many = if soaks() { 5000 } else { 400 };
    changed_everywhere(&large, (0..many).map(|_| seed.below(large.len())));
    // And some by the program itself.
    for _ in 0..24 {
        let mut altered = large.clone();
        let at = seed.below(large.len());
        altered[at] ^= 1 << seed.below(8);
        world.write("altered.zip", &altered);
        verify("altered.zip").ends_with(1);
    }
}

fn opened_kinds(bundle: &Bundle<'_>) -> BTreeSet<String> {
    let mut kinds = BTreeSet::new();
    for place in bundle.contents().statements().keys() {
        let bytes = bundle.contents().of(*place, Role::Disclosure).unwrap();
        let json: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        for record in json["records"].as_array().unwrap() {
            kinds.insert(record["fields"][0]["text"].as_str().unwrap().to_string());
        }
    }
    kinds
}

/// Each of these bytes in turn has another bit; none of it is a bundle then.
fn changed_everywhere(sound: &[u8], places: impl IntoIterator<Item = usize>) {
    let mut altered = sound.to_vec();
    for (count, at) in places.into_iter().enumerate() {
        let bit = 1 << (count % 8);
        altered[at] ^= bit;
        assert!(Bundle::parse(&altered).is_err(), "byte {at}, bit {bit}");
        altered[at] ^= bit;
    }
    assert!(Bundle::parse(&altered).is_ok());
}
