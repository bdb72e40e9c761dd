//! One file that settles a dispute: made, verified, altered, and followed by hand.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use spec::bundle::{Bundle, Contents, PartPath};

use crate::factory::{Factory, SOURCE};
use crate::plant::{ANNA, BERT, Buyer, Plant};
use crate::support::{Said, World};
use crate::witnesses::Panel;

/// Ranges and single records of Anna's, each in a bundle.
fn bundles() -> Plant {
    let plant = Plant::new();
    plant.pin();
    plant.show_range(&ANNA, "range");
    let words = ["disclose", "--vault", "vault", "--unit", ANNA.units[2], "--evidence", "--out"];
    let world = &plant.factory.world;
    world.agent(&[&words[..], &["records"]].concat()).ends_with(0);
    world.write("who-runs-the-log.txt", "the factory does\n");
    for folder in ["range", "records"] {
        let out = format!("{folder}.zip");
        let words = ["bundle", "make", folder, "--pins", "pins", "--out", &out];
        let more = ["--note", "who-runs-the-log.txt", "--log", &plant.server.url];
        plant.factory.judge(&[&words[..], &more].concat(), 0);
    }
    plant
}

fn verify(bundle: &str) -> [&str; 7] {
    ["bundle", "verify", bundle, "--policy", "policy", "--pins", "pins"]
}

fn codes(json: &Value, of: &str) -> Vec<String> {
    let all = json[of].as_array().unwrap();
    all.iter().map(|said| said["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_same_things_give_the_same_bundle_and_it_is_verified_offline() {
    let plant = bundles();
    let world = &plant.factory.world;
    let again = ["bundle", "make", "range", "--pins", "pins", "--note", "who-runs-the-log.txt"];
    let again = [&again[..], &["--log", &plant.server.url, "--out", "again.zip"]].concat();
    world.fiducial(&again).ends_with(0);
    assert_eq!(world.read("again.zip"), world.read("range.zip"));
    let Plant { factory, server, .. } = plant;
    assert_eq!(server.stop(), 0);
    fs::rename(factory.world.path("log"), factory.world.path("gone")).unwrap();

    let json = factory.judge(&verify("records.zip"), 0);
    for code in ["records-sound", "evidence-vouched"] {
        assert!(codes(&json, "reasons").contains(&code.to_owned()), "{json}");
    }
    assert!(codes(&json, "not_checked").contains(&"open-completeness".to_owned()), "{json}");
    let json = factory.judge(&verify("range.zip"), 0);
    assert!(codes(&json, "reasons").contains(&"range-sound".to_owned()), "{json}");
    let own = ["--lot-key", ANNA.key, "--units", ANNA.list];
    let json = factory.judge(&[&verify("range.zip")[..], &own].concat(), 0);
    assert!(codes(&json, "reasons").contains(&"own-sound".to_owned()), "{json}");
    // The key alone is enough for single records, and for no range.
    let key = ["bundle", "verify", "records.zip", "--policy", "policy", "--source-key"];
    factory.judge(&[&key[..], &["source.vkey"]].concat(), 0);
    let key = ["bundle", "verify", "range.zip", "--policy", "policy", "--source-key"];
    factory.judge(&[&key[..], &["source.vkey"]].concat(), 2);
    // The bundle's own policy and pins are not asked.
    factory.judge(&["bundle", "verify", "range.zip", "--policy", "policy"], 2);
    let other = World::new("statements");
    factory.world.write("other-policy", other.read("policy"));
    let strange = ["bundle", "verify", "range.zip", "--policy", "other-policy", "--pins", "pins"];
    factory.judge(&strange, 1);

    let json = factory.judge(&["bundle", "explain", "range.zip"], 0);
    assert_eq!(json["facts"]["claim-range"], format!("{SOURCE}: 0..5"));
    assert!(json["facts"]["maker-says"].as_str().unwrap().contains("the factory does"));
}

#[test]
fn a_bundle_that_was_altered_anywhere_is_not_verified() {
    let plant = bundles();
    let world = &plant.factory.world;
    let sound = world.read("records.zip");
    for at in (0..sound.len()).step_by(sound.len() / 60) {
        let mut altered = sound.clone();
        altered[at] ^= 0x20;
        world.write("altered.zip", &altered);
        // Read here as well: every byte, and not only those for which a process is started.
        assert!(Bundle::parse(&altered).is_err(), "byte {at}");
        world.fiducial(&verify("altered.zip")).ends_with(1);
    }
    // The beginning as well, by which a bundle is known: its signature and the name of its first part.
    for at in (0..4).chain(30..41) {
        let mut altered = sound.clone();
        altered[at] ^= 0x01;
        world.write("altered.zip", &altered);
        world.fiducial(&verify("altered.zip")).ends_with(1);
    }
    for (at, byte) in sound.iter().enumerate() {
        // Each bit in its turn: all of them for a bundle of this size take too long here.
        let mut altered = sound.clone();
        altered[at] = byte ^ 1 << (at % 8);
        assert!(Bundle::parse(&altered).is_err(), "byte {at}");
    }
    for altered in [&sound[..sound.len() - 1], &[&sound[..], b"\0"].concat(), &sound[1..]] {
        world.write("altered.zip", altered);
        world.fiducial(&verify("altered.zip")).ends_with(1);
    }
    // What is nothing like a bundle is somebody's other file, and no verdict on anybody.
    for other in [&b""[..], b"serial\nSN1\n", b"PK\x03\x04"] {
        world.write("altered.zip", other);
        world.fiducial(&verify("altered.zip")).ends_with(2);
    }
}

/// What becomes of a part; `None` leaves it out.
type Change<'a> = &'a dyn Fn(&PartPath, &[u8]) -> Option<Vec<u8>>;

#[test]
fn a_bundle_that_was_made_anew_is_judged_by_what_it_says() {
    let plant = bundles();
    let world = &plant.factory.world;
    let bytes = world.read("records.zip");
    let bundle = Bundle::parse(&bytes).unwrap();
    let remake = |change: Change<'_>| {
        let parts = bundle.contents().parts();
        let parts =
            parts.filter_map(|(path, bytes)| Some((path.clone(), change(path, bytes)?.into())));
        let made = Bundle::new(Contents::new(parts).unwrap()).unwrap().to_bytes();
        world.write("remade.zip", made);
        world.fiducial(&verify("remade.zip")).code
    };
    assert_eq!(remake(&|_, bytes| Some(bytes.to_vec())), 0);
    // What decides nothing may be exchanged: that is written down.
    assert_eq!(
        remake(&|path, bytes| (!matches!(path, PartPath::Note(_))).then(|| bytes.to_vec())),
        0
    );
    // Evidence that is left out is told; anything else is bound.
    let without =
        remake(&|path, bytes| (!matches!(path, PartPath::Evidence(_))).then(|| bytes.to_vec()));
    assert_eq!(without, 0);
    for suffix in [".statement", ".disclosure.json", ".tlog-proof", ".after", ".consistency"] {
        let flipped = remake(&|path, bytes| {
            let mut bytes = bytes.to_vec();
            let middle = bytes.len() / 2;
            let is_it = path.to_string().ends_with(suffix);
            if is_it && let Some(byte) = bytes.get_mut(middle) {
                *byte = if *byte == b'A' { b'B' } else { b'A' };
            }
            // A statement that is no longer one cannot be made into a bundle at all.
            Some(bytes)
        });
        assert_ne!(flipped, 0, "{suffix}");
    }
}

/// Unpacks a bundle without believing anything, and runs every command of its instructions.
fn follow(world: &World, bundle: &str, folder: &str) -> Said {
    let bytes = world.read(bundle);
    let bundle = Bundle::parse(&bytes).unwrap();
    world.write(&format!("{folder}/SHA256SUMS"), bundle.sums());
    for (path, part) in bundle.contents().parts() {
        world.write(&format!("{folder}/{path}"), part);
    }
    run(world, folder)
}

fn run(world: &World, folder: &str) -> Said {
    let text = String::from_utf8(world.read(&format!("{folder}/HOW-TO-VERIFY.txt"))).unwrap();
    let commands: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert!(commands.len() > 15, "{text}");
    world.write(&format!("{folder}.sh"), commands.join("\n") + "\n");
    let script = world.path(&format!("{folder}.sh"));
    shell(&script, &world.path(folder))
}

fn shell(script: &Path, folder: &Path) -> Said {
    let output = Command::new("sh").arg("-e").arg(script).current_dir(folder).output().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let code = output.status.code().unwrap();
    Said { code, out: text(&output.stdout), err: text(&output.stderr) }
}

#[test]
fn the_instructions_by_hand_are_followed_literally_and_notice_a_change() {
    let plant = bundles();
    let world = &plant.factory.world;
    for bundle in ["records.zip", "range.zip"] {
        let said = follow(world, bundle, "by-hand").ends_with(0);
        // Every sum, the record, the source, the place in the log, the log.
        assert_eq!(said.out.matches("Signature Verified Successfully").count(), 2, "{said:?}");
        assert_eq!(said.out.lines().filter(|line| *line == "OK").count(), 4, "{said:?}");
        fs::remove_dir_all(world.path("by-hand")).unwrap();
    }
    // One byte of the evidence, with its line in the sums made right again.
    follow(world, "records.zip", "by-hand").ends_with(0);
    let evidence = fs::read_dir(world.path("by-hand/evidence")).unwrap().next().unwrap().unwrap();
    let name = format!("by-hand/evidence/{}", evidence.file_name().to_str().unwrap());
    let mut altered = world.read(&name);
    altered[0] ^= 1;
    world.write(&name, &altered);
    assert_ne!(run(world, "by-hand").code, 0);
    let sums = String::from_utf8(world.read("by-hand/SHA256SUMS")).unwrap();
    let old = evidence.file_name().to_str().unwrap().to_owned();
    let new = spec::Hash::of(&altered).to_hex();
    world.write("by-hand/SHA256SUMS", sums.replacen(&old, &new, 1));
    let said = run(world, "by-hand");
    assert_ne!(said.code, 0, "{said:?}");
    assert!(said.out.contains("DIFFERENT"), "{said:?}");
}

#[test]
fn by_hand_witnesses_are_checked_too() {
    let panel = Panel::new(2, 2);
    let server = panel.serve();
    let (world, url) = (&panel.world, server.url.as_str());
    let init = ["init", "--vault", "vault", "--source", SOURCE, "--log", url, "--policy", "policy"];
    let said = world.agent(&init).ends_with(0);
    world.write("source.vkey", &said.out);
    world.write("report.json", b"{}");
    world.agent(&["anchor", "report.json", "--vault", "vault", "--out", "papers"]).ends_with(0);
    let from = ["2020-01-01T00:00:00Z", "2200-01-01T00:00:00Z"];
    let words = ["disclose", "--vault", "vault", "--evidence", "--out", "shown", "--between"];
    world.agent(&[&words[..], &from].concat()).ends_with(0);
    world.fiducial(&["bundle", "make", "shown", "--out", "witnessed.zip"]).ends_with(0);
    let said = follow(world, "witnessed.zip", "by-hand").ends_with(0);
    // The source, the log, and two witnesses.
    assert_eq!(said.out.matches("Signature Verified Successfully").count(), 4, "{said:?}");
    let words = ["bundle", "verify", "witnessed.zip", "--policy", "policy", "--source-key"];
    let said = world.fiducial(&[&words[..], &["source.vkey"]].concat()).ends_with(0);
    assert!(said.out.contains("witnessed not later than"), "{said:?}");
}

#[test]
fn a_challenge_picks_what_nobody_could_know_and_is_answered_by_exactly_that() {
    let mut plant = Plant::new();
    plant.pin();
    plant.show_range(&ANNA, "range");
    // Something is logged behind the range, and only then is there a note to pick by.
    let early = plant.server.get("/checkpoint").body;
    plant.state(vec![(ANNA.file(9), ANNA.report(9, &[2]))]);
    let Plant { factory, server, .. } = plant;
    let world = &factory.world;
    world.write("early", early);
    world.write("note", world.published(&server, 7));
    let by = ["--policy", "policy", "--pins", "pins"];
    let make = |note: &str, count: &str, code: i32| {
        let words = ["challenge", "make", "range", "--note", note, "--count", count];
        factory.judge(&[&words[..], &["--out", "challenge"], &by].concat(), code)
    };
    make("early", "3", 1);
    make("note", "99", 2);
    make("note", "3", 0);
    let answer = |note: &str, out: &str| {
        let words = ["challenge", "--vault", "vault", "--challenge", "challenge", "--note", note];
        world.agent(&[&words[..], &["--out", out]].concat())
    };
    assert_eq!(answer("early", "refused").code, 2);
    answer("note", "answer").ends_with(0);
    let check = |folder: &str, code: i32| {
        let words = ["challenge", "verify", "challenge", "--range", "range", "--answer", folder];
        factory.judge(&[&words[..], &["--note", "note"], &by].concat(), code)
    };
    let json = check("answer", 0);
    assert_eq!(json["reasons"][0]["values"][0], "3", "{json}");
    // Who knows a lot's key and units checks their tags in what was picked.
    let words = ["challenge", "verify", "challenge", "--range", "range", "--answer", "answer"];
    let words = [&words[..], &["--note", "note"], &by].concat();
    factory.judge(&[&words[..], &["--lot-key", ANNA.key, "--units", ANNA.list]].concat(), 0);
    // What was opened for another purpose is no answer.
    check("range", 1);
    // Nor are records without the files that they commit to.
    fs::rename(world.path("answer/evidence"), world.path("withheld")).unwrap();
    let json = check("answer", 1);
    assert_eq!(codes(&json, "reasons"), ["challenge-without-evidence"], "{json}");
    fs::rename(world.path("withheld"), world.path("answer/evidence")).unwrap();
    // Another pick is another challenge, for both.
    let text = String::from_utf8(world.read("challenge")).unwrap();
    let (head, picks): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| !line.starts_with("pick "));
    let others = ["pick 1 1", "pick 1 2", "pick 2 1", "pick 3 1", "pick 4 1", "pick 5 1"];
    let other = others.iter().find(|other| !picks.contains(other)).unwrap();
    let mut changed = [&picks[1..], &[other]].concat();
    changed.sort_unstable();
    world.write("challenge", [head, changed].concat().join("\n") + "\n");
    check("answer", 1);
    assert_eq!(answer("note", "refused").code, 2);
}

#[test]
fn noise_in_the_place_of_a_tag_is_found_by_a_challenge_alone() {
    let mut plant = Plant::new();
    // An attempt of Anna's first board, under a lot that has no key: its tag is noise.
    let hidden = Buyer { lot: "LOT-OF-NOBODY", ..ANNA };
    plant.state(vec![(String::from("hidden.json"), hidden.report(8, &[0]))]);
    plant.pin();
    let words = ["disclose", "--vault", "vault", "--lot", ANNA.lot, "--range", "0..6"];
    let world = &plant.factory.world;
    world.agent(&[&words[..], &["--out", "range"]].concat()).ends_with(0);
    let json = plant.factory.judge(&Plant::verify_words(&ANNA, "range"), 0);
    assert!(codes(&json, "not_checked").contains(&"open-noise".to_owned()), "{json}");

    plant.state(vec![(BERT.file(9), BERT.report(9, &[0]))]);
    let Plant { factory, server, .. } = plant;
    let world = &factory.world;
    world.write("note", world.published(&server, 8));
    let by = ["--note", "note", "--policy", "policy", "--pins", "pins"];
    // All seven records of the range, so that the hidden one is among them for certain.
    let make = ["challenge", "make", "range", "--count", "7", "--out", "challenge"];
    factory.judge(&[&make[..], &by].concat(), 0);
    let answer = ["challenge", "--vault", "vault", "--challenge", "challenge", "--note", "note"];
    world.agent(&[&answer[..], &["--out", "answer"]].concat()).ends_with(0);
    let check = ["challenge", "verify", "challenge", "--range", "range", "--answer", "answer"];
    let check = [&check[..], &by].concat();
    factory.judge(&check, 0);
    let own = ["--lot-key", ANNA.key, "--units", ANNA.list];
    let json = factory.judge(&[&check[..], &own].concat(), 1);
    assert_eq!(codes(&json, "reasons"), ["range-untagged"], "{json}");
}

/// The words of the README that make a bundle for the buyer, for a lot and a range that are there.
fn words_of_the_readme(lot: &str, range: &str) -> Vec<String> {
    let readme = include_str!("../../../README.md");
    let words = readme.split("`disclose ").nth(1).unwrap().split('`').next().unwrap();
    let of_the_reader = |word: &str| match word {
        "L0055" => lot.to_owned(),
        "0..120" => range.to_owned(),
        other => other.to_owned(),
    };
    words.split(' ').map(of_the_reader).collect()
}

#[test]
fn what_the_readme_shows_makes_a_bundle_that_the_buyer_verifies() {
    let plant = Plant::new();
    plant.pin();
    let words = words_of_the_readme(ANNA.lot, "0..5");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let world = &plant.factory.world;
    // A vault soon has two sources, and a range is of one.
    world.agent(&["source", "add", "line-9.example/oven-2", "--vault", "vault"]).ends_with(0);
    world.agent(&[&["disclose", "--vault", "vault"][..], &words].concat()).ends_with(0);
    let own = ["--lot-key", ANNA.key, "--units", ANNA.list];
    let json = plant.factory.judge(&[&verify("dispute.zip")[..], &own].concat(), 0);
    assert!(codes(&json, "reasons").contains(&"own-sound".to_owned()), "{json}");
    assert!(words.contains(&"--context") && words.contains(&"--evidence"), "{words:?}");
}

#[test]
fn records_are_chosen_and_opened_as_asked() {
    let (factory, _server) = Factory::start();
    factory.anchor(&crate::support::samples());
    let add = ["source", "add", "line-9.example/oven-2", "--vault", "vault"];
    factory.world.agent(&add).ends_with(0);
    // A machine stands at one of two sources: what is typed names it, and the answer says how.
    let pins = ["pins", "--vault", "vault", "--machine", "AOI 7"];
    let said = factory.world.agent(&pins).ends_with(2);
    assert!(said.err.contains("pins --source line-"), "{said:?}");
    let named = [&pins[..], &["--source", SOURCE]].concat();
    assert!(factory.world.agent(&named).ends_with(0).out.contains("\nmachine AOI 7\n"));
    let disclose = |more: &[&str], code: i32| {
        let words = ["disclose", "--vault", "vault", "--json"];
        let said = factory.world.agent(&[&words[..], more].concat()).ends_with(code);
        said.json()
    };
    let json = disclose(&["--unit", "PNL0099123", "--out", "by-unit"], 0);
    assert!(json["records"].as_u64().unwrap() >= 2, "{json}");
    assert_eq!(json["closed"][0], "operator", "{json}");
    // What else the factory has is not the reader's to know.
    let keys = String::from_utf8(factory.world.read("by-unit/source-keys")).unwrap();
    assert!(keys.starts_with(SOURCE) && !keys.contains("oven-2"), "{keys}");
    let json = disclose(&["--unit", "PNL0099123", "--open", "verdict", "--out", "verdicts"], 0);
    for (kind, opened) in json["opened"].as_object().unwrap() {
        for name in opened["fields"].as_array().unwrap() {
            assert!(["kind", "verdict"].contains(&name.as_str().unwrap()), "{kind}: {opened}");
        }
    }
    disclose(&["--unit", "nobody's", "--out", "nothing"], 2);
    disclose(&["--unit", "PNL0099123", "--out", "by-unit"], 2);
    let verify = ["bundle", "verify", "verdicts", "--policy", "policy", "--source-key"];
    let json = factory.judge(&[&verify[..], &["source.vkey"]].concat(), 0);
    assert!(codes(&json, "not_checked").contains(&"open-completeness".to_owned()), "{json}");
}
