//! The capture turn over a collector that is scripted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};
use spec::Hash;
use spec::encoding::encode_hex;

use super::*;
use crate::collect::{Collector, Looked, Remembered, Trouble};
use crate::error::AgentError;
use crate::import::Mapping;
use crate::model::{Hash256, ItemKey, Seen, Sighting, WatchName};
use crate::spool::capture::{CaptureTurn, Watched, turn};

/// What a script's folder holds, and what it was told.
#[derive(Default)]
struct Folder {
    items: VecDeque<(String, Content, Option<u64>)>,
    is_away: bool,
    is_missing: bool,
    is_undecided: bool,
    settled: Vec<u64>,
}

/// Gives every item that differs from what is remembered of it.
struct Script(Arc<Mutex<Folder>>, WatchName);

impl Collector for Script {
    fn watch(&self) -> &WatchName {
        &self.1
    }

    fn look(
        &mut self,
        remembered: &dyn Remembered,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Looked, AgentError> {
        let folder = self.0.lock().unwrap();
        if folder.is_away {
            return Err(AgentError::Input("the share is away".to_string()));
        }
        let mut looked = Looked::default();
        if folder.is_missing {
            looked.blind = Some(Trouble::Missing);
            return Ok(looked);
        }
        looked.undecided = folder.is_undecided;
        for (token, (name, content, prefix)) in folder.items.iter().enumerate().take(limit) {
            let key = ItemKey(name.as_bytes().to_vec());
            let before = remembered.seen(&self.1, &key)?;
            let bytes = match content {
                Content::Bytes(bytes) => bytes.clone(),
                Content::File(path) => std::fs::read(path).unwrap(),
            };
            let sha256 = Hash256(Sha256::digest(&bytes).into());
            if before.as_ref().is_some_and(|before| before.sha256 == sha256) {
                continue;
            }
            let version = before.as_ref().map_or(1, |before| before.version + 1);
            let size = bytes.len() as u64;
            let now = Seen { sha256, size, modified_nanos: 0, version, seen: now };
            let prefix = prefix.map(|size| (size, Hash256([7; 32])));
            let (watch, name, token) = (self.1.clone(), key.0.clone(), token as u64);
            let content = content.clone();
            looked.sightings.push(Sighting {
                watch,
                key,
                name,
                content,
                now,
                before,
                prefix,
                token,
            });
        }
        Ok(looked)
    }

    fn settled(&mut self, tokens: &[u64]) -> Result<(), AgentError> {
        self.0.lock().unwrap().settled.extend(tokens);
        Ok(())
    }
}

impl World {
    fn watch(&self) -> (Arc<Mutex<Folder>>, [Watched; 1]) {
        let folder = Arc::new(Mutex::new(Folder::default()));
        let script = Script(Arc::clone(&folder), WatchName("in".to_string()));
        let mapping = Mapping::shipped("cfx").unwrap();
        let source = self.sources[0].clone();
        let watched = Watched::new(source, mapping, None, Box::new(script), CADENCE);
        (folder, [watched])
    }

    fn capture(&self, watched: &mut [Watched]) -> CaptureTurn {
        turn(self.vault(), &self.clock, watched).unwrap()
    }

    fn waiting(&self) -> Vec<BTreeMap<String, String>> {
        let pending = self.vault().pending(&self.sources[0], 1000).unwrap();
        let text = |pending: Pending| {
            let values = pending.values.into_iter();
            let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
            values.map(|(name, value)| (name, text(&value))).collect()
        };
        pending.into_iter().map(|(_, pending)| text(pending)).collect()
    }
}

fn bytes(text: &str) -> Content {
    Content::Bytes(text.as_bytes().to_vec())
}

fn sample(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/samples");
    std::fs::read(folder.join(name)).unwrap()
}

#[test]
fn what_is_seen_is_pending_once_and_collectors_are_told_behind_the_commit() {
    let mut world = World::new(&["aoi"]);
    let (folder, mut watched) = world.watch();
    let report = sample("aoi-panel-failed.json");
    let item = ("aoi.json".to_string(), Content::Bytes(report.clone()), None);
    folder.lock().unwrap().items.push_back(item);
    folder.lock().unwrap().items.push_back(("odd.txt".to_string(), bytes("not JSON"), None));
    let done = world.capture(&mut watched);
    assert_eq!((done.sightings, done.records, done.not_understood), (2, 2, 1));
    assert_eq!(folder.lock().unwrap().settled, [0, 1]);
    let waiting = world.waiting();
    assert_eq!(waiting[0]["file/sha256"], Hash::of(&report).to_hex());
    assert_eq!(waiting[1]["interpreted"], "no: not JSON");
    assert_eq!(waiting[1]["media-type"], "text/plain");
    assert_eq!(waiting[1]["seen"], START.replace('Z', ".000Z"));
    let hash = Hash::of(&report).into();
    assert_eq!(world.vault().evidence(&hash).unwrap(), Some(report));

    assert_eq!(world.capture(&mut watched).records, 0, "nothing is new");
    world.restart();
    assert_eq!(world.capture(&mut watched).records, 0, "also behind a crash");
    world.seal_all();
    world.drain();
    assert_eq!(world.audit(0), ["aoi.json", "odd.txt"]);
}

#[test]
fn a_capture_that_is_not_committed_is_seen_again() {
    let mut world = World::new(&["aoi"]);
    let (folder, mut watched) = world.watch();
    folder.lock().unwrap().items.push_back(("a".to_string(), bytes("one"), None));
    let mut capture = world.vault().capture().unwrap();
    capture.store(&bytes("one")).unwrap();
    drop(capture);
    world.restart();
    assert_eq!(world.capture(&mut watched).records, 1);
}

#[test]
fn versions_and_pieces_say_what_they_follow() {
    let world = World::new(&["aoi"]);
    let (folder, mut watched) = world.watch();
    let put = |content: &str, prefix| {
        let mut folder = folder.lock().unwrap();
        folder.items.clear();
        folder.items.push_back(("a.txt".to_string(), bytes(content), prefix));
    };
    for (content, prefix) in [("one", None), ("two", None), ("three", Some(6))] {
        put(content, prefix);
        world.capture(&mut watched);
    }
    let waiting = world.waiting();
    assert!(!waiting[0].contains_key("supersedes") && !waiting[0].contains_key("file/version"));
    assert_eq!(waiting[1]["supersedes"], Hash::of(b"one").to_hex());
    assert_eq!(waiting[1]["file/version"], "2");
    assert_eq!((waiting[2]["append/prefix"].as_str(), waiting[2].get("supersedes")), ("6", None));
    assert_eq!(waiting[2]["append/prefix-sha256"], encode_hex(&[7; 32]));
}

#[test]
fn a_file_of_several_messages_makes_a_record_of_each() {
    let world = World::new(&["aoi"]);
    let (folder, mut watched) = world.watch();
    let one =
        r#"{"MessageName":"CFX.Production.WorkStarted","MessageBody":{"PrimaryIdentifier":"B1"}}"#;
    let two = r#"{"MessageName":"CFX.Heartbeat","MessageBody":{}}"#;
    let text = format!("[{one},\n {two}]");
    folder.lock().unwrap().items.push_back(("both.json".to_string(), bytes(&text), None));
    assert_eq!(world.capture(&mut watched).records, 2);
    for (values, part) in world.waiting().iter().zip([one, two]) {
        assert_eq!(values["file/sha256"], Hash::of(part.as_bytes()).to_hex());
        assert_eq!(values["part/of-sha256"], Hash::of(text.as_bytes()).to_hex());
        assert_eq!(values["part/start"], text.find(part).unwrap().to_string());
    }
}

#[test]
fn what_is_too_large_to_read_is_an_attachment_and_a_file_that_changed_a_complaint() {
    let world = World::new(&["aoi"]);
    let (folder, mut watched) = world.watch();
    let path = world.folder.path().join("large.bin");
    std::fs::write(&path, vec![1; 17 * 1024 * 1024]).unwrap();
    let gone = world.folder.path().join("gone.bin");
    std::fs::write(&gone, b"soon gone").unwrap();
    for (name, path) in [("large.bin", &path), ("gone.bin", &gone)] {
        let item = (name.to_string(), Content::File(path.clone()), None);
        folder.lock().unwrap().items.push_back(item);
    }
    // It goes away between being seen and being stored.
    struct Vanishing(Script, PathBuf);
    impl Collector for Vanishing {
        fn watch(&self) -> &WatchName {
            self.0.watch()
        }
        fn look(
            &mut self,
            remembered: &dyn Remembered,
            now: UnixMillis,
            limit: usize,
        ) -> Result<Looked, AgentError> {
            let looked = self.0.look(remembered, now, limit);
            std::fs::write(&self.1, b"other bytes").unwrap();
            looked
        }
        fn settled(&mut self, tokens: &[u64]) -> Result<(), AgentError> {
            self.0.settled(tokens)
        }
    }
    let script = Script(Arc::clone(&folder), WatchName("in".to_string()));
    watched[0].collector = Box::new(Vanishing(script, gone));
    let done = world.capture(&mut watched);
    assert_eq!((done.records, done.complaints.len()), (1, 1), "{done:?}");
    assert!(done.complaints[0].2.to_string().contains("changed"), "{done:?}");
    assert!(world.waiting()[0]["interpreted"].starts_with("no: more than"));
    assert_eq!(folder.lock().unwrap().settled, [0]);
}

#[test]
fn a_watch_that_could_not_look_for_long_leaves_an_outage() {
    let world = World::new(&["aoi"]);
    let (folder, mut watched) = world.watch();
    for (seconds, records) in [(30, 0), (3600, 1)] {
        folder.lock().unwrap().is_away = true;
        assert_eq!(world.capture(&mut watched).failed.len(), 1);
        world.clock.pass(Duration::from_secs(seconds));
        folder.lock().unwrap().is_away = false;
        world.capture(&mut watched);
        assert_eq!(world.waiting().len(), records);
    }
    let outage = &world.waiting()[0];
    assert_eq!(outage["reason"], "the watch in could not look: the share is away");
}

#[test]
fn an_outage_is_stated_once_though_its_commit_said_that_it_failed() {
    let mut world = World::new(&["aoi"]);
    let (folder, mut watched) = world.watch();
    folder.lock().unwrap().is_away = true;
    world.capture(&mut watched);
    world.clock.pass(Duration::from_secs(3600));
    folder.lock().unwrap().is_away = false;
    world.run.as_mut().unwrap().vault.break_high_water();
    assert!(turn(world.vault(), &world.clock, &mut watched).is_err());
    for _ in 0..2 {
        world.clock.pass(Duration::from_secs(3600));
        drop(turn(world.vault(), &world.clock, &mut watched));
    }
    assert_eq!(world.waiting().len(), 1, "{:?}", world.waiting());
}

#[test]
fn a_folder_that_is_not_there_is_an_outage_and_a_restart_does_not_shorten_it() {
    let mut world = World::new(&["aoi"]);
    let (folder, mut watched) = world.watch();
    folder.lock().unwrap().is_missing = true;
    let turn = world.capture(&mut watched);
    assert_eq!((turn.blind.len(), turn.failed.len()), (1, 0), "{turn:?}");
    world.clock.pass(Duration::from_secs(3000));
    world.restart();
    world.clock.reboot();
    let (folder, mut watched) = world.watch();
    folder.lock().unwrap().is_missing = true;
    world.capture(&mut watched);
    world.clock.pass(Duration::from_secs(10));
    folder.lock().unwrap().is_missing = false;
    world.capture(&mut watched);
    let waiting = world.waiting();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0]["claimed/start"], START.replace('Z', ".000Z"));
    assert_eq!(waiting[0]["claimed/end"], "2026-03-02T08:50:10.000Z");
    // It is said once, also behind another restart.
    world.restart();
    let (_, mut watched) = world.watch();
    world.capture(&mut watched);
    assert_eq!(world.waiting().len(), 1);
}

#[test]
fn an_outage_of_a_broker_goes_on_over_a_restart_until_it_is_known_to_be_over() {
    let mut world = World::new(&["aoi"]);
    let (folder, mut watched) = world.watch();
    folder.lock().unwrap().is_missing = true;
    world.capture(&mut watched);
    world.clock.pass(Duration::from_secs(3000));
    // The next run connects: before it has, or has failed to, nothing has begun and nothing ended.
    world.restart();
    let (folder, mut watched) = world.watch();
    folder.lock().unwrap().is_undecided = true;
    world.capture(&mut watched);
    assert!(world.waiting().is_empty(), "{:?}", world.waiting());
    folder.lock().unwrap().is_missing = true;
    world.clock.pass(Duration::from_secs(600));
    world.capture(&mut watched);
    world.clock.pass(Duration::from_secs(10));
    *folder.lock().unwrap() = Folder::default();
    world.capture(&mut watched);
    let waiting = world.waiting();
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    assert_eq!(waiting[0]["claimed/start"], START.replace('Z', ".000Z"));
    assert_eq!(waiting[0]["claimed/end"], "2026-03-02T09:00:10.000Z");
}

#[test]
fn what_a_full_disk_could_not_take_is_an_outage_behind_which_it_is_captured() {
    let world = World::new(&["aoi"]);
    let (folder, mut watched) = world.watch();
    folder.lock().unwrap().items.push_back(("a".to_string(), bytes("one"), None));
    world.vault().set_reserve(u64::MAX);
    for _ in 0..2 {
        assert!(turn(world.vault(), &world.clock, &mut watched).is_err());
        world.clock.pass(Duration::from_secs(1800));
    }
    assert!(world.waiting().is_empty());
    world.vault().set_reserve(0);
    assert_eq!(world.capture(&mut watched).records, 1);
    let waiting = world.waiting();
    assert_eq!(waiting.len(), 2);
    assert!(waiting[0]["reason"].contains("bytes are free"), "{waiting:?}");
    assert_eq!(waiting[0]["claimed/end"], "2026-03-02T09:00:00.000Z");
    assert_eq!(waiting[1]["file/name"], "a");
}
