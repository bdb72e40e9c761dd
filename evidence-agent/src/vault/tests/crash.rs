//! The power is cut at every operation of a script: what was committed is there and verifies, what
//! was not is absent whole, and the vault opens.

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::fake::{Fake, Machine};
use super::support::*;
use crate::clock::SystemClock;
use crate::collect::{Collector, Looked, Remembered, Trouble};
use crate::error::AgentError;
use crate::import::Mapping;
use crate::model::{UnixMillis, WatchName};
use crate::spool::capture::{Watched, turn};
use crate::vault::backup::Life;
use crate::vault::settings::{Encryption, Settings};
use crate::vault::{NewVault, Rule, Unlock, Vault};

/// Two years behind everything in the tests.
const LATER: UnixMillis = UnixMillis(1_840_000_000_000);

fn fake(machine: Machine) -> Fake {
    Fake { machine: Arc::new(Mutex::new(machine)), root: "V" }
}

fn open(fake: &Fake) -> Result<Vault, AgentError> {
    let vault = Vault::open_on(Path::new("V"), Arc::new(fake.clone()), &Unlock::Plain)?;
    vault.set_reserve(0);
    Ok(vault)
}

fn create_on(fake: &Fake) -> Result<Vault, AgentError> {
    let settings = Settings {
        log: "http://127.0.0.1:1".into(),
        origin: origin(),
        encryption: Encryption::None,
        high_water: None,
    };
    let (origin, policy, unlock) = (origin(), policy(), &Unlock::Plain);
    let new = NewVault { log: "http://127.0.0.1:1", origin: &origin, policy: &policy, unlock };
    let vault = Vault::create_on(Path::new("V"), Arc::new(fake.clone()), &settings, &new)?;
    vault.add_source(&key_of(&source()))?;
    vault.set_reserve(0);
    Ok(vault)
}

/// What the script was told is done.
#[derive(Debug, Default)]
struct Done {
    /// Reports below this number are captured.
    captured: u64,
    sealed: u64,
    anchored: u64,
    /// Statements below this number are shredded.
    shredded: u64,
    backups: u64,
}

/// Runs until the power is cut.
fn run(fake: &Fake, done: &mut Done) -> Result<(), AgentError> {
    let vault = open(fake)?;
    capture(&vault, 0..3)?;
    done.captured = 3;
    seal(&vault, 2)?;
    done.sealed = 1;
    backup(fake, &vault)?;
    done.backups = 1;
    capture(&vault, [3, 4, 1])?;
    done.captured = 5;
    vault.sequenced(&[(source(), 0, 1)])?;
    let note = receipt_of(&vault.statement(&source(), 0)?.unwrap().statement);
    seal_with(&vault, 9, Some(note.checkpoint()))?;
    done.sealed = 2;
    let first = vault.statement(&source(), 0)?.unwrap().statement;
    vault.anchored(&[(source(), 0, receipt_of(&first))], UnixMillis(7))?;
    done.anchored = 1;
    vault.put_state("spool/clock", b"12")?;
    vault.expire(LATER, &[Rule { source: None, kind: None, keep_days: 30 }], false)?;
    done.shredded = 1;
    capture(&vault, 5..6)?;
    done.captured = 6;
    backup(fake, &vault)?;
    done.backups = 2;
    seal(&vault, 9)?;
    done.sealed = 3;
    anchor(&vault)?;
    done.anchored = 3;
    Ok(())
}

fn backup(fake: &Fake, vault: &Vault) -> Result<(), AgentError> {
    let disk = Fake { root: "B", ..fake.clone() };
    vault.copy_to(Path::new("B"), Arc::new(disk), Life::Backup, &mut |_| {}).map(|_| ())
}

/// What must hold after the restart, whenever the power went.
fn judge(fake: &Fake, done: &Done, context: &str) {
    let vault = open(fake).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert_eq!(vault.went_back(), None, "{context}: a crash is no way back");
    let checked = vault.check(&mut |_| {}).unwrap();
    assert!(checked.damage.is_empty(), "{context}: {:?}", checked.damage);
    let head = vault.head(&source()).unwrap();
    let sealed = head.next_sequence;
    assert!((done.sealed..=done.sealed + 1).contains(&sealed), "{context}: {sealed} statements");
    // Statement 0 has the records of reports 0 and 1, and report 1 came again later.
    let gone = |n: u64| n == 0 && checked_shredded(&vault);
    for n in 0..6 {
        let evidence = vault.evidence(&sha256(&report(n))).unwrap();
        let seen = vault.seen(&watch(), &item(n)).unwrap();
        if n < done.captured {
            assert!(seen.is_some(), "{context}: report {n} is forgotten");
            assert!(evidence.is_some() || gone(n), "{context}: evidence {n} is lost");
        }
        if let Some(evidence) = &evidence {
            assert_eq!(*evidence, report(n), "{context}");
        }
        assert_eq!(seen.is_some(), evidence.is_some() || gone(n), "{context}: half a capture {n}");
    }
    let captured = head.next_record + vault.pending_count(&source()).unwrap();
    let want = |captured: u64| [0, 3, 6, 7].contains(&captured);
    assert!(want(captured), "{context}: {captured} records, twice or never");
    for n in 0..sealed {
        let kept = vault.statement(&source(), n).unwrap().unwrap();
        let anchored = vault.receipt(&source(), n).unwrap().is_some();
        assert!(anchored || n >= done.anchored, "{context}: receipt {n}");
        assert_eq!(vault.opening(&source(), n).unwrap().commitment(), kept.statement.batch());
    }
    if done.shredded == 1 {
        assert!(checked_shredded(&vault), "{context}");
        assert_eq!(vault.deletions().unwrap().len(), 1, "{context}");
    }
    // It goes on as if nothing had been.
    capture(&vault, [100]).unwrap();
    seal(&vault, 9).unwrap();
    anchor(&vault).unwrap();
    assert_eq!(vault.evidence(&sha256(&report(100))).unwrap(), Some(report(100)), "{context}");
    let checked = vault.check(&mut |_| {}).unwrap();
    assert!(checked.damage.is_empty(), "{context}, after it went on: {:?}", checked.damage);
}

fn checked_shredded(vault: &Vault) -> bool {
    vault.opening(&source(), 0).is_ok_and(|opening| opening.records[1].whole().is_none())
}

fn soak() -> bool {
    std::env::var_os("FIDUCIAL_SOAK").is_some_and(|value| value == "1")
}

#[test]
fn a_power_cut_at_any_operation_loses_nothing_that_was_committed() {
    let first = fake(Machine::default());
    drop(create_on(&first).unwrap());
    let image = first.machine().restarted(1);
    let seeds = if soak() { 16 } else { 1 };
    let mut cut = 0;
    loop {
        let (mut done, machine) = (Done::default(), fake(image.clone()));
        machine.machine().cut_after(cut);
        let finished = run(&machine, &mut done).is_ok();
        for seed in 0..seeds {
            let seed = cut * 1000 + seed;
            let after = machine.machine().restarted(seed);
            let (after, context) = (fake(after), format!("cut {cut}, seed {seed}, after {done:?}"));
            judge(&after, &done, &context);
            // A copy that was begun can be continued; reading all of it takes its time.
            if seed % 8 == 0 {
                let vault = open(&after).unwrap();
                backup(&after, &vault).unwrap_or_else(|error| panic!("{context}: {error}"));
            }
        }
        if finished {
            break;
        }
        cut += 1;
    }
    assert!(cut > 300, "the script has only {cut} operations");
}

#[test]
fn a_backup_that_was_complete_stays_so_whenever_the_power_goes_later() {
    let first = fake(Machine::default());
    drop(create_on(&first).unwrap());
    let image = first.machine().restarted(1);
    let stride = if soak() { 1 } else { 11 };
    for cut in (0..).step_by(stride) {
        let (mut done, machine) = (Done::default(), fake(image.clone()));
        machine.machine().cut_after(cut);
        let finished = run(&machine, &mut done).is_ok();
        let after = fake(machine.machine().restarted(cut));
        if done.backups > 0 {
            let disk = Arc::new(Fake { root: "B", ..after.clone() });
            let copy = Vault::open_copy(Path::new("B"), disk, "vault.redb", &Unlock::Plain);
            let copy = copy.unwrap_or_else(|error| panic!("cut {cut}, {done:?}: {error}"));
            let to = Arc::new(Fake { root: "R", ..after.clone() });
            let restored = copy.copy_to(Path::new("R"), to, Life::Restored, &mut |_| {});
            restored.unwrap_or_else(|error| panic!("cut {cut}, {done:?}: {error}"));
        }
        if finished {
            break;
        }
    }
}

#[test]
fn a_power_cut_while_a_vault_is_made_leaves_a_vault_or_none() {
    let mut cut = 0;
    loop {
        let machine = fake(Machine::default());
        machine.machine().cut_after(cut);
        let finished = create_on(&machine).is_ok();
        let after = fake(machine.machine().restarted(cut));
        match open(&after) {
            Ok(vault) => assert!(vault.sources().unwrap().len() <= 1),
            Err(error) => assert!(!finished && error.to_string().contains("init"), "{error}"),
        }
        if finished {
            break;
        }
        cut += 1;
    }
    assert!(cut > 20, "making a vault has only {cut} operations");
}

#[test]
fn a_disk_that_fills_in_any_write_loses_nothing() {
    let first = fake(Machine::default());
    drop(create_on(&first).unwrap());
    let image = first.machine().restarted(1);
    for room in (0..).step_by(if soak() { 509 } else { 20_011 }) {
        let (mut done, machine) = (Done::default(), fake(image.clone()));
        machine.machine().leave_room(Some(room));
        let finished = run(&machine, &mut done).is_ok();
        // Room is made, and the agent started again.
        machine.machine().leave_room(None);
        let after = fake(machine.machine().restarted(room));
        judge(&after, &done, &format!("room {room}, after {done:?}"));
        if finished {
            break;
        }
    }
}

#[test]
fn below_the_reserve_nothing_is_captured_and_what_was_is_still_sealed() {
    let machine = fake(Machine::default());
    let vault = create_on(&machine).unwrap();
    capture(&vault, 0..2).unwrap();
    machine.machine().leave_room(Some(3_000_000));
    vault.set_reserve(4_000_000);
    let refused = capture(&vault, 2..3).unwrap_err();
    assert!(matches!(refused, AgentError::DiskFull { .. }), "{refused}");
    seal(&vault, 9).unwrap();
    anchor(&vault).unwrap();
    vault.set_reserve(0);
    capture(&vault, 2..3).unwrap();
}

/// A folder that is there or not, and empty.
struct Share(bool, WatchName);

impl Collector for Share {
    fn watch(&self) -> &WatchName {
        &self.1
    }

    fn look(&mut self, _: &dyn Remembered, _: UnixMillis, _: usize) -> Result<Looked, AgentError> {
        Ok(Looked { blind: (!self.0).then_some(Trouble::Missing), ..Looked::default() })
    }
}

/// A capture turn over the share, as a run that has just begun does it.
fn look_at(vault: &Vault, is_there: bool) -> Result<(), AgentError> {
    let (mapping, patience) = (Mapping::shipped("cfx").unwrap(), std::time::Duration::ZERO);
    let share = Box::new(Share(is_there, watch()));
    turn(vault, &SystemClock::new(), &mut [Watched::new(source(), mapping, None, share, patience)])
        .map(|_| ())
}

#[test]
fn an_outage_is_stated_once_whenever_the_power_goes() {
    let machine = fake(Machine::default());
    let vault = create_on(&machine).unwrap();
    look_at(&vault, false).unwrap();
    drop(vault);
    let image = machine.machine().restarted(1);
    for cut in 0.. {
        let machine = fake(image.clone());
        let vault = open(&machine).unwrap();
        machine.machine().cut_after(cut);
        let finished = look_at(&vault, true).is_ok();
        drop(vault);
        for seed in 0..4 {
            let after = fake(machine.machine().restarted(cut * 4 + seed));
            let vault = open(&after).unwrap();
            look_at(&vault, true).unwrap();
            let waiting = vault.pending(&source(), 9).unwrap();
            assert_eq!(waiting.len(), 1, "cut {cut}, seed {seed}");
            assert_eq!(waiting[0].1.kind, "outage");
        }
        if finished {
            assert!(cut > 3, "the turn has only {cut} operations");
            break;
        }
    }
}
