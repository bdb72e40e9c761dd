//! Retention: what a rule no longer keeps is gone, and the rest can still be proved.

use std::fs;

use spec::evidence::disclosure::{Pick, PickError, PickFields};

use super::support::*;
use crate::model::{Hash256, UnixMillis};
use crate::vault::{Head, Rule, Scope, Unlock, Vault};

const DAY: u64 = 86_400_000;
const SEALED: u64 = 1_772_438_460_000;

fn rules() -> Vec<Rule> {
    let rule = |kind: Option<&str>, keep_days| Rule {
        source: None,
        kind: kind.map(str::to_string),
        keep_days,
    };
    vec![rule(Some("repair"), 900), rule(Some("aoi-report"), 30)]
}

fn whole(vault: &Vault, sequence: u64) -> Vec<bool> {
    let opening = vault.opening(&source(), sequence).unwrap();
    opening.records.iter().map(|kept| kept.whole().is_some()).collect()
}

#[test]
fn what_is_deleted_is_gone_and_the_rest_of_its_batch_is_still_proved() {
    for unlock in [Unlock::Plain, passphrase()] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("V");
        let vault = create(&path, &unlock);
        capture(&vault, 0..3).unwrap();
        let statement = seal(&vault, 9).unwrap();
        let hold = vault.add_hold(Scope::Unit(b"SN-1-B".to_vec()), "claim 7", UnixMillis(1));
        let hold = hold.unwrap();
        // Not anchored yet: nothing is deleted, however old.
        let later = UnixMillis(SEALED + 31 * DAY);
        assert_eq!(vault.expire(later, &rules(), false).unwrap().records, 0);
        anchor(&vault).unwrap();
        let before = UnixMillis(SEALED + 30 * DAY - 1);
        assert_eq!(vault.expire(before, &rules(), false).unwrap().records, 0);
        let dry = vault.expire(later, &rules(), true).unwrap();
        assert_eq!(whole(&vault, 0), [true; 4], "a dry run deletes nothing");
        let expired = vault.expire(later, &rules(), false).unwrap();
        assert_eq!(expired, dry);
        assert_eq!((expired.records, expired.evidence, expired.held), (2, 2, 1));
        assert_eq!(whole(&vault, 0), [true, false, true, false]);
        assert_eq!(vault.evidence(&sha256(&report(0))).unwrap(), None);
        assert_eq!(vault.evidence(&sha256(&report(1))).unwrap(), Some(report(1)));
        assert_eq!(vault.of_unit(b"SN-0-A").unwrap(), []);
        assert_eq!(vault.of_unit(b"SN-1-A").unwrap().len(), 1);
        assert_eq!(vault.of_file(&sha256(&report(2))).unwrap(), []);
        let checked = vault.check(&mut |_| {}).unwrap();
        assert_eq!(checked.damage, []);

        assert!(vault.batch(&source(), 0).is_err());
        let opening = vault.opening(&source(), 0).unwrap();
        let pick = |record| Pick { record, fields: PickFields::All };
        let shown = opening.disclose(&[pick(0), pick(2)]).unwrap();
        let opened = shown.verify(&statement).unwrap();
        assert_eq!(opened.records().len(), 2);
        assert_eq!(opening.disclose(&[pick(1)]), Err(PickError::Shredded { record: 1 }));
        assert_eq!(vault.receipt(&source(), 0).unwrap(), Some(receipt_of(&statement)));

        let deletions = vault.deletions().unwrap();
        assert_eq!(deletions.len(), 1);
        assert_eq!((deletions[0].records.as_slice(), deletions[0].evidence), (&[1, 3][..], 2));
        assert_eq!(deletions[0].rules, "aoi-report of every source: 30 days");
        // The hold is released: the next time the record goes too.
        vault.release_hold(hold, "settled", UnixMillis(2)).unwrap();
        assert!(vault.release_hold(hold, "again", UnixMillis(3)).is_err());
        assert_eq!(vault.holds().unwrap()[0].released, Some((UnixMillis(2), "settled".into())));
        let expired = vault.expire(later, &rules(), false).unwrap();
        assert_eq!((expired.records, expired.evidence, expired.held), (1, 1, 0));
        assert_eq!(vault.expire(later, &rules(), false).unwrap().records, 0);
        assert_eq!(fs::read_dir(path.join("evidence")).unwrap().count(), 0);
        capture(&vault, 0..1).unwrap();
        assert_eq!(vault.evidence(&sha256(&report(0))).unwrap(), Some(report(0)));
    }
}

#[test]
fn evidence_that_another_record_stands_on_stays() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(&folder.path().join("V"), &Unlock::Plain);
    capture(&vault, 0..1).unwrap();
    seal(&vault, 9).unwrap();
    anchor(&vault).unwrap();
    // The same bytes again: they wait for their statement.
    capture(&vault, 0..1).unwrap();
    let later = UnixMillis(SEALED + 31 * DAY);
    let expired = vault.expire(later, &rules(), false).unwrap();
    assert_eq!((expired.records, expired.evidence), (1, 0));
    assert_eq!(vault.evidence(&sha256(&report(0))).unwrap(), Some(report(0)));
    assert_eq!(vault.check(&mut |_| {}).unwrap().damage, []);
    seal(&vault, 9).unwrap();
    anchor(&vault).unwrap();
    let expired = vault.expire(later, &rules(), false).unwrap();
    assert_eq!((expired.records, expired.evidence), (1, 1));
    assert_eq!(vault.evidence(&sha256(&report(0))).unwrap(), None);
}

#[test]
fn every_scope_of_a_hold_keeps_what_it_names_and_only_that() {
    let scopes = [
        (Scope::Lot(b"LOT-77".to_vec()), 2),
        (Scope::Lot(b"LOT-7".to_vec()), 0),
        (Scope::Source(source()), 2),
        (Scope::Source(spec::key::KeyName::parse("line-4").unwrap()), 0),
        (Scope::Times(UnixMillis(SEALED), UnixMillis(SEALED)), 2),
        (Scope::Times(UnixMillis(SEALED + 1), UnixMillis(u64::MAX)), 0),
        (Scope::Unit(b"PNL00001".to_vec()), 1),
        (Scope::Unit(b"SN-0-A".to_vec()), 1),
    ];
    for (scope, held) in scopes {
        let folder = tempfile::tempdir().unwrap();
        let vault = create(&folder.path().join("V"), &Unlock::Plain);
        capture(&vault, 0..2).unwrap();
        seal(&vault, 9).unwrap();
        anchor(&vault).unwrap();
        let number = vault.add_hold(scope.clone(), "why", UnixMillis(1)).unwrap();
        let holds = vault.holds().unwrap();
        assert_eq!((holds[0].number, &holds[0].scope), (number, &scope));
        let expired = vault.expire(UnixMillis(SEALED + 31 * DAY), &rules(), false).unwrap();
        assert_eq!((expired.held, expired.records), (held, 2 - held), "{scope:?}");
    }
}

#[test]
fn without_a_rule_everything_is_kept_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(&folder.path().join("V"), &Unlock::Plain);
    capture(&vault, 0..2).unwrap();
    seal(&vault, 9).unwrap();
    anchor(&vault).unwrap();
    let other = Rule { source: Some("line-4".into()), kind: None, keep_days: 0 };
    for rules in [&[][..], &[other]] {
        let expired = vault.expire(UnixMillis(u64::MAX), rules, false).unwrap();
        assert_eq!(expired.records, 0);
    }
    assert_eq!(vault.evidence(&Hash256([0; 32])).unwrap(), None);
    assert_eq!(whole(&vault, 0), [true; 3]);
}

#[test]
fn compacting_makes_the_database_smaller_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("V");
    let mut vault = create(&path, &Unlock::Plain);
    for round in 0..8 {
        capture(&vault, round * 50..round * 50 + 50).unwrap();
        seal(&vault, 100).unwrap();
    }
    anchor(&vault).unwrap();
    vault.expire(UnixMillis(SEALED + 99 * DAY), &rules(), false).unwrap();
    let before = fs::metadata(path.join("vault.redb")).unwrap().len();
    vault.compact().unwrap();
    assert!(vault.check_pages().unwrap());
    assert!(fs::metadata(path.join("vault.redb")).unwrap().len() < before);
    assert_eq!(vault.check(&mut |_| {}).unwrap().damage, []);
    assert_eq!(vault.deletions().unwrap().len(), 8);
}

#[test]
fn two_that_delete_at_once_count_shared_evidence_down_once_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(&folder.path().join("V"), &Unlock::Plain);
    capture(&vault, 0..8).unwrap();
    for _ in 0..8 {
        seal(&vault, 1).unwrap();
    }
    anchor(&vault).unwrap();
    // The same bytes again: these records wait, and keep the evidence.
    capture(&vault, 0..8).unwrap();
    let later = UnixMillis(SEALED + 31 * DAY);
    let records: u64 = std::thread::scope(|scope| {
        let expire = || vault.expire(later, &rules(), false).unwrap().records;
        let check = || assert_eq!(vault.check(&mut |_| {}).unwrap().damage, []);
        let both = [scope.spawn(expire), scope.spawn(expire)];
        let checked = scope.spawn(check);
        checked.join().unwrap();
        both.into_iter().map(|one| one.join().unwrap()).sum()
    });
    assert_eq!(records, 8);
    for n in 0..8 {
        assert_eq!(vault.evidence(&sha256(&report(n))).unwrap(), Some(report(n)));
    }
    assert_eq!(vault.check(&mut |_| {}).unwrap().damage, []);
}

#[test]
fn retention_goes_on_behind_statements_that_were_lost() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(&folder.path().join("V"), &Unlock::Plain);
    capture(&vault, 0..1).unwrap();
    seal(&vault, 9).unwrap();
    let head = vault.head(&source()).unwrap();
    vault.move_head(&source(), &Head { next_sequence: 3, ..head }).unwrap();
    capture(&vault, 1..2).unwrap();
    seal(&vault, 9).unwrap();
    anchor(&vault).unwrap();
    capture(&vault, 2..3).unwrap();
    seal(&vault, 9).unwrap();
    let later = UnixMillis(SEALED + 31 * DAY);
    assert_eq!(vault.expire(later, &rules(), false).unwrap().records, 2);
    assert_eq!(whole(&vault, 3), [true, false]);
    assert_eq!(whole(&vault, 4), [true, true], "it is not anchored");
    anchor(&vault).unwrap();
    assert_eq!(vault.expire(later, &rules(), false).unwrap().records, 1);
}

#[test]
fn a_hold_of_a_lot_keeps_the_units_that_were_said_to_belong_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(&folder.path().join("V"), &Unlock::Plain);
    let lot = b"LOT-OF-THE-FACTORY";
    let scope = Scope::Lot(lot.to_vec());
    capture(&vault, 0..2).unwrap();
    assert!(!vault.names_any(&scope).unwrap());
    vault.put_lot_of_units(lot, &[b"SN-1-B"]).unwrap();
    assert!(vault.names_any(&scope).unwrap(), "it waits");
    seal(&vault, 9).unwrap();
    anchor(&vault).unwrap();
    assert!(vault.names_any(&scope).unwrap(), "it is sealed");
    let hold = vault.add_hold(scope, "claim 7", UnixMillis(1)).unwrap();
    let later = UnixMillis(SEALED + 31 * DAY);
    let expired = vault.expire(later, &rules(), false).unwrap();
    assert_eq!((expired.records, expired.held), (1, 1));
    assert_eq!(whole(&vault, 0), [true, false, true]);
    vault.release_hold(hold, "settled", UnixMillis(2)).unwrap();
    assert_eq!(vault.expire(later, &rules(), false).unwrap().records, 1);
}
