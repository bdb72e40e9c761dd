//! A factory with a clock that is turned by hand, a log that misbehaves on demand, and a real vault
//! in a folder of its own.

#[path = "../../../tests/support/mod.rs"]
mod support;

mod capturing;
mod disclosing;
mod faults;
mod resuming;
mod speaking;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use spec::checkpoint::Origin;
use spec::evidence::batch::Batch;
use spec::evidence::statement::Statement;
use spec::hash::leaf_hash;
use spec::key::{Algorithm, KeyName, SigningKey};
use tempfile::TempDir;

use self::support::{ORIGIN, TestLog, log_key};
use super::schedule::{DayEnd, Plan};
use super::seal::{SealTurn, Sealer};
use super::send::{SendTurn, Sender};
use crate::clock::{self, Clock, TimeService};
use crate::model::{Content, Pending, UnixMillis};
use crate::vault::{NewVault, Stage, Unlock, Vault};

/// Monday morning.
const START: &str = "2026-03-02T08:00:00Z";

/// How far the ticks are apart.
const CADENCE: Duration = Duration::from_secs(60);

struct Time {
    wall: UnixMillis,
    since_start: Duration,
    boot: u32,
    service: TimeService,
}

struct FakeClock(Mutex<Time>);

impl FakeClock {
    fn pass(&self, time: Duration) {
        let mut now = self.0.lock().unwrap();
        now.since_start += time;
        now.wall.0 += u64::try_from(time.as_millis()).unwrap();
    }

    fn step(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        now.wall.0 = now.wall.0.checked_add_signed(seconds * 1000).unwrap();
    }

    fn reboot(&self) {
        let mut now = self.0.lock().unwrap();
        now.boot += 1;
        now.since_start = Duration::from_secs(20);
    }
}

impl Clock for FakeClock {
    fn now(&self) -> UnixMillis {
        self.0.lock().unwrap().wall
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap().since_start
    }

    fn boot(&self) -> Option<String> {
        Some(format!("boot-{}", self.0.lock().unwrap().boot))
    }

    fn service(&self) -> TimeService {
        self.0.lock().unwrap().service
    }
}

/// What a run has open; dropped when it is killed.
struct Run {
    vault: Vault,
    sealer: Sealer,
    sender: Sender,
}

struct World {
    folder: TempDir,
    log: TestLog,
    clock: FakeClock,
    sources: Vec<KeyName>,
    run: Option<Run>,
}

/// A record as it was stated: its kind and its values as text.
type Said = (String, BTreeMap<String, String>);

impl World {
    fn new(names: &[&str]) -> Self {
        let (folder, log) = (tempfile::tempdir().unwrap(), TestLog::start());
        log.be_strict();
        let policy = format!("log {}\nquorum none\n", log_key(1).verifier());
        let origin = Origin::parse(ORIGIN).unwrap();
        let new = NewVault {
            log: &log.url,
            origin: &origin,
            policy: policy.as_bytes(),
            unlock: &Unlock::Plain,
        };
        let vault = Vault::create(&folder.path().join("vault"), &new).unwrap();
        let mut sources = Vec::new();
        for (at, name) in names.iter().enumerate() {
            let seed = [u8::try_from(at).unwrap() + 7; 32];
            let name = KeyName::parse(name).unwrap();
            let key = SigningKey::from_seed(name.clone(), Algorithm::NoteEd25519, &seed).unwrap();
            vault.add_source(&key).unwrap();
            sources.push(name);
        }
        drop(vault);
        let wall = clock::parse(START).unwrap();
        let since_start = Duration::from_secs(1000);
        let time = Time { wall, since_start, boot: 1, service: TimeService::Synchronised };
        let mut world =
            Self { folder, log, clock: FakeClock(Mutex::new(time)), sources, run: None };
        world.start();
        world
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("vault")
    }

    fn plan(source: &KeyName) -> Plan {
        Plan {
            source: source.clone(),
            cadence: CADENCE,
            day_end: DayEnd { minute: 360, zone_minutes: 480 },
            late_after: Duration::from_secs(3600),
        }
    }

    fn start(&mut self) {
        let vault = Vault::open(&self.path(), &Unlock::Plain).unwrap();
        let plans = self.sources.iter().map(Self::plan).collect();
        let sealer = Sealer::new(&vault, &self.clock, plans).unwrap();
        let sender = Sender::new(&vault);
        self.run = Some(Run { vault, sealer, sender });
    }

    /// Kills the run: whatever is not durable is gone.
    fn kill(&mut self) {
        self.run = None;
    }

    fn restart(&mut self) {
        self.kill();
        self.start();
    }

    fn vault(&self) -> &Vault {
        &self.run.as_ref().unwrap().vault
    }

    /// Captures a report; durable on return.
    fn report(&self, at: usize, name: &str) {
        self.report_with(at, name, &[]);
    }

    fn report_with(&self, at: usize, name: &str, more: &[(&str, &str)]) {
        self.record_with(at, "aoi-report", name, more);
    }

    fn record_with(&self, at: usize, kind: &str, name: &str, more: &[(&str, &str)]) {
        let vault = self.vault();
        let mut capture = vault.capture().unwrap();
        let stored = capture.store(&Content::Bytes(name.as_bytes().to_vec())).unwrap();
        let seen = self.clock.now();
        let mut values: BTreeMap<String, Vec<u8>> = more
            .iter()
            .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
            .collect();
        values.insert("file/name".to_string(), name.as_bytes().to_vec());
        let hash = spec::encoding::encode_hex(&stored.sha256.0);
        values.insert("file/sha256".to_string(), hash.into_bytes());
        let (kind, evidence) = (kind.to_string(), Some(stored.sha256));
        capture.put_pending(&self.sources[at], Pending { kind, values, evidence, seen });
        capture.commit().unwrap();
    }

    fn seal(&mut self) -> SealTurn {
        let run = self.run.as_mut().unwrap();
        run.sealer.turn(&run.vault, &self.clock)
    }

    fn send(&mut self) -> SendTurn {
        let run = self.run.as_mut().unwrap();
        run.sender.turn(&run.vault, &self.clock).unwrap()
    }

    /// Lets time pass to the next tick, and seals.
    fn tick(&mut self) -> SealTurn {
        let run = self.run.as_ref().unwrap();
        self.clock.pass(run.sealer.wait(&self.clock).min(CADENCE * 2));
        self.seal()
    }

    /// Lets time pass until nothing waits to be sealed.
    fn seal_all(&mut self) {
        while self.sources.iter().any(|name| self.vault().pending_count(name).unwrap() > 0) {
            self.tick();
        }
    }

    /// Sends until everything is anchored.
    fn drain(&mut self) {
        for _ in 0..1000 {
            let turn = self.send();
            assert!(turn.lies.is_empty(), "{:?}", turn.lies);
            if self.vault().unanchored_count().unwrap() == 0 {
                return;
            }
            self.clock.pass(turn.wait);
        }
        panic!("not everything is anchored after a thousand turns");
    }

    fn batch(&self, at: usize, sequence: u64) -> Batch {
        self.vault().batch(&self.sources[at], sequence).unwrap()
    }

    /// The records of a statement, its header first.
    fn said(&self, at: usize, sequence: u64) -> Vec<Said> {
        let batch = self.batch(at, sequence);
        let records = batch.records().iter().map(|record| {
            let names = record.kind().table().iter().copied();
            let more = ["late", "attempt", "follows/sha256", "file/version", "part/start"];
            let values = names.chain(more).filter_map(|name| {
                let value = String::from_utf8_lossy(record.value(name)?).into_owned();
                Some((name.to_string(), value))
            });
            (record.kind().as_str().to_string(), values.collect())
        });
        records.collect()
    }

    fn kinds(&self, at: usize, sequence: u64) -> Vec<String> {
        self.said(at, sequence).into_iter().map(|(kind, _)| kind).collect()
    }

    fn next(&self, at: usize) -> u64 {
        self.vault().head(&self.sources[at]).unwrap().next_sequence
    }

    /// The statements of a source in the log, in order; the chain is checked.
    fn chain(&self, at: usize) -> Vec<Statement> {
        let key = self.vault().key(&self.sources[at]).unwrap();
        let mut chain: Vec<Statement> = Vec::new();
        for entry in self.log.entries() {
            let Ok(statement) = Statement::parse(&entry) else { continue };
            if *statement.source() == self.sources[at] {
                statement.verify(key.verifier()).unwrap();
                let previous = chain.last().map(Statement::leaf_hash);
                assert_eq!(statement.sequence(), chain.len() as u64);
                assert_eq!(statement.previous(), previous.unwrap_or(spec::Hash::ZERO));
                chain.push(statement);
            }
        }
        chain
    }

    /// Checks that all of a chain is in the log once, anchored and openable, that its headers count
    /// without a gap, and gives back the names of the reports in order.
    fn audit(&self, at: usize) -> Vec<String> {
        let (source, vault) = (&self.sources[at], self.vault());
        let entries = self.log.entries();
        let unique: BTreeSet<&Vec<u8>> = entries.iter().collect();
        assert_eq!(unique.len(), entries.len(), "nothing is in the log twice");
        let chain = self.chain(at);
        assert_eq!(chain.len() as u64, self.next(at), "all of the chain is in the log");
        let (mut names, mut records) = (Vec::new(), Some(0));
        for statement in &chain {
            let sequence = statement.sequence();
            let Some(kept) = vault.statement(source, sequence).unwrap() else {
                // Lost with another copy of the vault: nobody can say how many records it has.
                records = None;
                continue;
            };
            assert_eq!(kept.statement.to_bytes(), statement.to_bytes());
            let Stage::Anchored(index) = kept.stage else { panic!("{sequence} is not anchored") };
            assert!(kept.logged.is_some());
            let receipt = vault.receipt(source, sequence).unwrap().unwrap();
            let leaf = leaf_hash(&entries[usize::try_from(index).unwrap()]);
            assert_eq!(leaf, statement.leaf_hash());
            receipt.verify(leaf, vault.policy()).unwrap();
            let said = self.said(at, sequence);
            let first: usize = said[0].1["record/first"].parse().unwrap();
            assert_eq!(records.unwrap_or(first), first);
            records = Some(first + said.len() - 1);
            names.extend(
                said.into_iter().filter_map(|(_, values)| values.get("file/name").cloned()),
            );
        }
        names
    }
}
