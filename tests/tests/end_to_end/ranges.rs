//! Whole ranges: nothing is withheld from one buyer, and nothing of another is shown.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use spec::Hash;
use spec::checkpoint::Origin;
use spec::encoding::{encode_base64, encode_hex};
use spec::evidence::batch::{Batch, Header, Place};
use spec::evidence::disclosure::Disclosure;
use spec::evidence::statement::{After, Draft, Statement};

use crate::factory::Factory;
use crate::plant::{ANNA, BERT, Buyer, LAST, Plant};
use crate::support::{ORIGIN, Server, Source, World};

fn codes(json: &Value, of: &str) -> Vec<String> {
    let all = json[of].as_array().unwrap();
    all.iter().map(|said| said["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_buyer_sees_that_nothing_is_withheld_offline_and_with_the_log() {
    let plant = Plant::new();
    plant.pin();
    plant.show_range(&ANNA, "shown");
    let offline = Plant::verify_words(&ANNA, "shown");
    let json = plant.factory.judge(&offline, 0);
    assert!(codes(&json, "reasons").contains(&"range-sound".to_owned()), "{json}");
    let own = json["reasons"].as_array().unwrap().iter().find(|one| one["code"] == "own-sound");
    // Two attempts with two boards, and one panel with one board.
    assert_eq!(own.unwrap()["values"][0], "3", "{json}");
    assert_eq!(own.unwrap()["values"][2], "3", "{json}");
    let open = codes(&json, "not_checked");
    for code in ["open-scan", "open-noise", "open-truth", "open-unnamed"] {
        assert!(open.contains(&code.to_owned()), "{code}: {open:?}");
    }
    let url = plant.server.url.clone();
    let online = [&offline[..], &["--log", &url]].concat();
    let json = plant.factory.judge(&online, 0);
    assert!(codes(&json, "reasons").contains(&"scan-sound".to_owned()), "{json}");
    assert!(!codes(&json, "not_checked").contains(&"open-scan".to_owned()), "{json}");
    // Without his key and units nobody says whose records these are.
    let json = plant.factory.judge(&offline[..7], 0);
    assert!(codes(&json, "not_checked").contains(&"open-no-reader".to_owned()), "{json}");
    // Without pins there is no range, and without a policy no verdict.
    plant.factory.judge(&offline[..5], 2);
    plant.factory.judge(&offline[..3], 2);
}

#[test]
fn whatever_is_left_out_of_a_range_is_missed() {
    let plant = Plant::new();
    plant.pin();
    plant.show_range(&ANNA, "shown");
    let world = &plant.factory.world;
    let words = Plant::verify_words(&ANNA, "shown");
    // A statement in the middle.
    for part in ["statement", "disclosure.json"] {
        let (from, to) = (format!("shown/range/0/2.{part}"), format!("away.{part}"));
        fs::rename(world.path(&from), world.path(&to)).unwrap();
    }
    plant.factory.judge(&words, 1);
    for part in ["statement", "disclosure.json"] {
        let (from, to) = (format!("away.{part}"), format!("shown/range/0/2.{part}"));
        fs::rename(world.path(&from), world.path(&to)).unwrap();
    }
    plant.factory.judge(&words, 0);
    // The first statement: the pinned one is no longer there, so its place is open, and with the
    // log it is known.
    for part in ["statement", "disclosure.json"] {
        fs::remove_file(world.path(&format!("shown/range/0/0.{part}"))).unwrap();
    }
    let json = plant.factory.judge(&words, 0);
    assert!(codes(&json, "not_checked").contains(&"open-range-start".to_owned()), "{json}");
    // What was shipped is compared with the same range, and the same is left open.
    let compared = ["reconcile", "--units", ANNA.list, "--bundle", "shown", "--policy", "policy"];
    let own = ["--pins", "pins", "--lot-key", ANNA.key, "--json"];
    let json = world.fiducial(&[&compared[..], &own].concat()).json();
    let open = codes(&json, "not_checked");
    for code in ["open-range-start", "open-unnamed", "open-scan"] {
        assert!(open.contains(&code.to_owned()), "{code}: {open:?}");
    }
    plant.factory.judge(&[&words[..], &["--log", &plant.server.url]].concat(), 0);
    // What is opened for the other buyer hides this one's records: they carry his tags.
    plant.show_range(&BERT, "other");
    plant.factory.judge(&Plant::verify_words(&ANNA, "other"), 1);
    // A unit of which there is no record is named.
    world.write(ANNA.list, ANNA.units.join("\n") + "\nSN-ANNA-0009\n");
    let json = plant.factory.judge(&words, 1);
    assert_eq!(json["reasons"][0]["code"], "own-absent", "{json}");
    let told = json["reasons"].as_array().unwrap();
    let missing = told.iter().find(|one| one["code"] == "own-without");
    assert_eq!(missing.unwrap()["values"][1], "SN-ANNA-0009", "{json}");
    // A table with a byte order mark and a header is the same list.
    world.write(ANNA.list, format!("\u{feff}serial,lot\r\n{},L7\r\n", ANNA.units[0]));
    let json = plant.factory.judge(&words, 0);
    assert!(!codes(&json, "reasons").contains(&"own-without".to_owned()), "{json}");
    // Units as they were shipped and not as the machine names them, and no unit at all, prove nothing.
    for list in ["PN-0001-1\nPN-0001-2\n", "\n"] {
        world.write(ANNA.list, list);
        plant.factory.judge(&words, 2);
    }
    world.write(ANNA.list, "SN-of-nobody\n");
    world.write("other.key", "07".repeat(32));
    let mistaken = Buyer { key: "other.key", ..ANNA };
    plant.factory.judge(&Plant::verify_words(&mistaken, "shown"), 2);
    world.write(ANNA.list, ANNA.units.join("\n") + "\n");
    // A key that fits no tag may be of another lot: it accuses nobody, and nothing is proven by it.
    let json = plant.factory.judge(&Plant::verify_words(&mistaken, "shown"), 2);
    assert_eq!(json["reason"]["code"], "lot-key-finds-nothing", "{json}");
    // Another pin, another key.
    let pins = String::from_utf8(world.read("pins")).unwrap();
    let first = pins.lines().find(|line| line.starts_with("first ")).unwrap();
    let other = format!("first 3 {}", Hash::of(b"another"));
    world.write("pins", pins.replace(first, &other));
    plant.factory.judge(&words, 1);
    let json = {
        world.write("pins", pins.replace(first, &other.replace("first 3", "first 9")));
        plant.factory.judge(&words, 1)
    };
    assert_eq!(codes(&json, "reasons"), ["range-before-pin"], "{json}");
    world.write("pins", pins.replace(SOURCE_LINE, "source line-4.example/aoi-8"));
    plant.factory.judge(&words, 2);
}

const SOURCE_LINE: &str = "source line-4.example/aoi-7";

/// Everything of a buyer that nobody else may learn.
fn secrets(buyer: &Buyer, reports: &[(String, Vec<u8>)]) -> Vec<Vec<u8>> {
    let panels = (1..=3).map(|number| buyer.panel(number));
    let words = [buyer.lot, buyer.program, buyer.operator, buyer.verdict].map(String::from);
    let units = buyer.units.iter().map(|unit| unit.to_string());
    let mut values: Vec<Vec<u8>> =
        panels.chain(words).chain(units).map(String::into_bytes).collect();
    for (name, bytes) in reports.iter().filter(|(name, _)| name.contains(own_name(buyer))) {
        values.push(name.clone().into_bytes());
        values.push(bytes.clone());
        values.push(Hash::of(bytes).to_hex().into_bytes());
    }
    values
}

fn own_name(buyer: &Buyer) -> &'static str {
    if buyer.lot == ANNA.lot { "anna" } else { "bert" }
}

/// The spellings in which a value could stand somewhere: itself, in hexadecimal, in base64 at each of
/// the three places where it may begin, and its SHA-256 likewise.
fn spellings(value: &[u8]) -> Vec<Vec<u8>> {
    let hash = *Hash::of(value).as_bytes();
    let mut all = vec![value.to_vec(), hash.to_vec()];
    for bytes in [value, &hash[..]] {
        all.push(encode_hex(bytes).into_bytes());
        all.push(encode_hex(bytes).to_uppercase().into_bytes());
        for before in 0..3 {
            let text = encode_base64(&[&vec![0; before][..], bytes].concat());
            // The letters that hold bits of the neighbours are left out.
            let text = text.trim_end_matches('=');
            let (from, to) = ([0, 2, 3][before], text.len() - 1);
            all.push(text.as_bytes()[from..to].to_vec());
        }
    }
    all
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|window| window == needle)
}

/// Every file below a folder, and their names as one more text.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut open, mut found) = (vec![folder.to_path_buf()], Vec::new());
    let mut names = String::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            names += &format!("{}\n", path.display());
            if path.is_dir() {
                open.push(path);
            } else {
                found.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    found.push(("the names of files".to_owned(), names.into_bytes()));
    found
}

/// Whatever the log answers to anybody.
fn answers(server: &Server) -> Vec<(String, Vec<u8>)> {
    let size = LAST + 1;
    let mut paths = ["/", "/checkpoint", "/metrics", "/openapi.json", "/healthz", "/readyz"]
        .map(String::from)
        .to_vec();
    paths.push(format!("/tile/0/000.p/{size}"));
    paths.push(format!("/tile/entries/000.p/{size}"));
    paths.push(format!("/consistency?from=1&to={size}"));
    for index in 0..size {
        paths.extend([format!("/proof/{index}"), format!("/entry/{index}")]);
    }
    paths.push("/source/line-4.example/aoi-7".to_owned());
    let answers = paths.into_iter().map(|path| {
        let body = server.try_get(&path).map_or_else(Vec::new, |answer| answer.body);
        (path, body)
    });
    answers.collect()
}

/// Where a secret of somebody is found, in whatever spelling.
fn leaks(places: &[(String, Vec<u8>)], secrets: &[Vec<u8>]) -> Vec<String> {
    let mut found = Vec::new();
    for secret in secrets {
        for spelling in spellings(secret) {
            let leaky = places.iter().filter(|(_, bytes)| holds(bytes, &spelling));
            found.extend(leaky.map(|(place, _)| {
                format!("{place}: {}", String::from_utf8_lossy(&spelling[..spelling.len().min(60)]))
            }));
        }
    }
    found
}

fn statements(world: &World, folder: &str) -> Vec<Vec<u8>> {
    (0..=LAST)
        .map(|sequence| world.read(&format!("{folder}/range/0/{sequence}.statement")))
        .collect()
}

#[test]
fn neither_the_log_nor_one_buyer_s_papers_show_anything_of_another() {
    let plant = Plant::new();
    plant.pin();
    let world = &plant.factory.world;
    plant.show_range(&ANNA, "for-anna");
    plant.show_range(&BERT, "for-bert");
    for (buyer, folder) in [(&ANNA, "for-anna"), (&BERT, "for-bert")] {
        plant.factory.judge(&Plant::verify_words(buyer, folder), 0);
        let bundle = format!("{folder}/../{}.zip", own_name(buyer));
        world.fiducial(&["bundle", "make", folder, "--out", &bundle]).ends_with(0);
    }
    let [anna, bert] = [&ANNA, &BERT].map(|buyer| secrets(buyer, &plant.reports));
    assert!(anna.len() > 15 && bert.len() > 15);

    // The public log: its files, and what it answers.
    let folders = world.stores.folders(&world.path("log"));
    let mut public: Vec<_> = folders.iter().flat_map(|folder| files(folder)).collect();
    public.extend(answers(&plant.server));
    let all = [&anna[..], &bert[..]].concat();
    assert_eq!(leaks(&public, &all), Vec::<String>::new());
    // Nobody's papers hold anything of the other.
    let papers = |folder: &str, bundle: &str| {
        let mut places = files(&world.path(folder));
        places.push((bundle.to_owned(), world.read(bundle)));
        places
    };
    let (for_anna, for_bert) = (papers("for-anna", "anna.zip"), papers("for-bert", "bert.zip"));
    assert_eq!(leaks(&for_anna, &bert), Vec::<String>::new());
    assert_eq!(leaks(&for_bert, &anna), Vec::<String>::new());

    // The search finds what was opened, in the form in which it stands there: each value but the
    // operator, who stays closed.
    for (places, buyer) in [(&for_anna, &ANNA), (&for_bert, &BERT)] {
        for value in [buyer.lot, buyer.program, buyer.verdict, buyer.units[0], buyer.units[2]] {
            assert!(!leaks(places, &[value.as_bytes().to_vec()]).is_empty(), "{value}");
        }
        // Evidence holds the operator, since it is the machine's file; what is opened does not.
        let opened: Vec<_> =
            places.iter().filter(|(name, _)| name.ends_with(".json")).cloned().collect();
        assert!(!opened.is_empty());
        let operator = [buyer.operator.as_bytes().to_vec()];
        assert_eq!(leaks(&opened, &operator), Vec::<String>::new());
    }
    // And it finds a spelling that is not the plain one.
    let coded =
        [("coded".to_owned(), format!("x{}", encode_base64(b"ab SN-BERT-0002")).into_bytes())];
    assert!(!leaks(&coded, &[b"SN-BERT-0002".to_vec()]).is_empty());

    // No volume in public: a heartbeat and a statement about two panels have the same form.
    let lines = |bytes: &Vec<u8>| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let words = text.lines().map(|line| line.split(' ').next().unwrap_or_default().to_owned());
        words.collect::<Vec<String>>()
    };
    let statements = statements(world, "for-anna");
    for statement in &statements {
        assert_eq!(lines(statement), lines(&statements[0]));
        let parsed = Statement::parse(statement).unwrap();
        assert_eq!(parsed.to_bytes(), *statement);
    }
    // Of the same number of digits, the same number of bytes, whatever is behind them.
    let sizes: Vec<usize> = statements[1..].iter().map(Vec::len).collect();
    assert!(sizes.iter().all(|size| *size == sizes[0]), "{sizes:?}");
}

/// A statement without records, and everything opened of it.
fn heartbeat(source: &Source, minute: u64) -> (Vec<u8>, String) {
    let name = source.key.verifier().name().clone();
    let origin = Origin::parse(ORIGIN).unwrap();
    let sequence = source.sequence;
    let place = Place { origin: origin.clone(), source: name.clone(), sequence };
    let closed = format!("2026-03-02T08:{minute:02}:00Z");
    let header = Header { closed, ..Header::default() };
    let batch = Batch::new(place, header, vec![], || [7; 32]).unwrap();
    let after = After::NOTHING;
    let draft = Draft::new(origin, name, sequence, source.previous, after, batch.commitment());
    let statement = draft.and_then(|draft| draft.sign(&source.key)).unwrap();
    (statement.to_bytes(), Disclosure::whole(&batch).to_json())
}

#[test]
fn two_chains_of_one_source_are_seen_by_whoever_reads_every_entry() {
    // A log that takes anything stands for one that is in league with a source.
    let factory = Factory { world: World::new("any") };
    let world = &factory.world;
    let server = world.serve();
    let mut source = Source::new("aoi", 1);
    let hidden = heartbeat(&source, 9).0;
    for sequence in 0..2 {
        let (statement, disclosure) = heartbeat(&source, sequence);
        server.post("/add", &statement).index();
        world.write(&format!("shown/range/0/{sequence}.statement"), &statement);
        world.write(&format!("shown/range/0/{sequence}.disclosure.json"), disclosure);
        source.advance(&statement);
    }
    let first = Statement::parse(&world.read("shown/range/0/0.statement")).unwrap().leaf_hash();
    let key = source.verifier();
    world.write(
        "pins",
        format!(
            "fiducial/pins/v1\nlog {ORIGIN}\nsource aoi\nkey {key}\nmachine AOI\nfirst 0 {first}\n\
             cadence none\n"
        ),
    );
    let receipt = |size: u64| {
        world.published(&server, size);
        let last = ["--entry", "shown/range/0/1.statement", "--log", &server.url];
        let words = ["prove", "inclusion", "--policy", "policy", "--out"];
        let out = ["shown/range/0/1.tlog-proof"];
        world.fiducial(&[&words[..], &out, &last].concat()).ends_with(0);
    };
    receipt(2);
    let offline = ["verify", "range", "shown", "--policy", "policy", "--pins", "pins"];
    let online = [&offline[..], &["--log", &server.url]].concat();
    factory.judge(&online, 0);
    // The same place once more, with other records.
    assert_eq!(server.post("/add", &hidden).index(), 2);
    receipt(3);
    let json = factory.judge(&offline, 0);
    assert!(codes(&json, "not_checked").contains(&"open-scan".to_owned()), "{json}");
    let json = factory.judge(&online, 1);
    assert_eq!(codes(&json, "reasons"), ["chain-twice"], "{json}");
    // Entries of others that name the source are nobody's word but theirs.
    let other = World::new("any");
    let elsewhere = Factory { world: other };
    let server = elsewhere.world.serve();
    for part in ["0.statement", "0.disclosure.json", "1.statement", "1.disclosure.json"] {
        let path = format!("shown/range/0/{part}");
        elsewhere.world.write(&path, world.read(&path));
    }
    let forged = heartbeat(&Source::new("aoi", 2), 9).0;
    // So is what the source itself has said to another log, which anybody may post here.
    let foreign = Source::new("aoi", 1).sign_for("log.example/other", After::NOTHING, b"batch");
    for entry in [&world.read("shown/range/0/0.statement"), &forged, &foreign] {
        server.post("/add", entry).index();
    }
    server.post("/add", &world.read("shown/range/0/1.statement")).index();
    elsewhere.world.write("pins", world.read("pins"));
    elsewhere.world.published(&server, 4);
    let words = ["prove", "inclusion", "3", "--policy", "policy", "--log", &server.url, "--out"];
    let words = [&words[..], &["shown/range/0/1.tlog-proof"]].concat();
    elsewhere.world.fiducial(&words).ends_with(0);
    elsewhere.judge(&[&offline[..], &["--log", &server.url]].concat(), 0);
}
