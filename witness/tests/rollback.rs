//! Something was put back from a copy: the witness notices, refuses, and goes on only with fresh keys.
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use spec::key::{Algorithm, VerifierKey};
use support::{BOTH, Home, TestLog, verified};
use witness::doctor::{self, Health};
use witness::keys::{self, KeysError, Signers};
use witness::restored::restore;
use witness::retired::Retired;
use witness::state::StateError;
use witness::witness::{AddError, OpenError, Witness};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Starts the witness, asks for one step of a log, and ends it.
fn step(home: &Home, log: &TestLog, old: u64, size: u64) -> Result<String, AddError> {
    let (witness, writer) = Witness::open(home.data(), false).unwrap();
    let answer = run(witness.add(&log.request(old, size)));
    drop(witness);
    writer.join().unwrap();
    answer
}

fn open(home: &Home) -> Result<(), OpenError> {
    let (witness, writer) = Witness::open(home.data(), false)?;
    drop(witness);
    writer.join().unwrap();
    Ok(())
}

/// What each of the four files held at one time.
type Copy = Vec<(PathBuf, Vec<u8>)>;

fn copy(home: &Home) -> Copy {
    home.files().into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn put_back(copy: &[(PathBuf, Vec<u8>)]) {
    for (path, bytes) in copy {
        fs::write(path, bytes).unwrap();
    }
}

/// A witness that was copied after each of four steps.
fn with_history() -> (Home, TestLog, Vec<Copy>) {
    let log = TestLog::new("log.example/rollback");
    let home = Home::new(&BOTH, &[&log]);
    let mut copies = vec![copy(&home)];
    for size in 1..4 {
        let answer = step(&home, &log, size - 1, size).unwrap();
        verified(&answer, &log.checkpoint(size), &home.keys);
        copies.push(copy(&home));
    }
    (home, log, copies)
}

#[test]
fn every_mixture_of_states_and_records_is_refused_but_the_traces_of_a_crash() {
    let (home, _log, copies) = with_history();
    for (state_at, state) in copies.iter().enumerate() {
        for (record_at, record) in copies.iter().enumerate() {
            put_back(&[state[0].clone(), record[1].clone()]);
            let outcome = open(&home);
            // A record one behind is what a crash between the two leaves: nothing was told yet.
            let crash = state_at == record_at || state_at == record_at + 1;
            assert_eq!(outcome.is_ok(), crash, "{state_at} {record_at}: {outcome:?}");
            if !crash {
                assert!(matches!(outcome, Err(OpenError::Disagreement(_))));
                assert_eq!(doctor::worst(&doctor::examine(home.data())), Health::Wrong);
            }
        }
    }
}

#[test]
fn a_restored_backup_of_the_folder_is_refused_and_its_keys_never_sign_again() {
    let (home, log, copies) = with_history();
    let backup = folder_of(home.data());
    step(&home, &log, 3, 9).unwrap();
    put_folder_back(&backup);
    assert!(matches!(open(&home), Err(OpenError::Disagreement(_))));

    let restored = restore(home.data()).unwrap();
    assert_eq!((restored.retired.len(), restored.fresh.len(), restored.logs), (2, 2, 1));
    assert!(restored.retired.iter().all(|key| home.keys.contains(key)));
    assert_eq!(doctor::worst(&doctor::examine(home.data())), Health::Fine);
    // The floor that was restored still stands, and only fresh keys sign.
    let conflict = step(&home, &log, 2, 9).unwrap_err();
    assert_eq!(conflict.to_string(), "the latest cosigned checkpoint has size 3");
    let answer = step(&home, &log, 3, 9).unwrap();
    verified(&answer, &log.checkpoint(9), &restored.fresh);

    // The same backup put back once more brings back the old keys' files and their list, but not
    // the keys: the second list still names them, and the state belongs to another life.
    put_folder_back(&backup);
    assert!(matches!(open(&home), Err(OpenError::Disagreement(_))));
    assert!(no_key_signs(&home, &restored.retired));
    let again = restore(home.data()).unwrap();
    let answer = step(&home, &log, 3, 9).unwrap();
    verified(&answer, &log.checkpoint(9), &again.fresh);
    assert!(again.fresh.iter().all(|key| !restored.fresh.contains(key)));

    // Even the old state with the old record of its time: both lists of retired keys would have to
    // go back as well.
    put_back(&copies[2][..2]);
    assert!(open(&home).is_ok() && no_key_signs(&home, &restored.retired));
}

fn no_key_signs(home: &Home, keys: &[VerifierKey]) -> bool {
    match Signers::load(&home.settings) {
        Ok(signers) => signers.verifier_keys().all(|key| !keys.contains(key)),
        Err(error) => matches!(error, KeysError::None),
    }
}

#[test]
fn missing_and_empty_files_are_refused_by_name() {
    let (home, log, _) = with_history();
    for (at, path) in home.files().into_iter().enumerate() {
        let whole = fs::read(&path).unwrap();
        for left in [None, Some(&whole[..0]), Some(&whole[..whole.len() / 2])] {
            match left {
                None => fs::remove_file(&path).unwrap(),
                Some(left) => fs::write(&path, left).unwrap(),
            }
            let refused = open(&home).unwrap_err();
            let fits = match at {
                0 => matches!(
                    refused,
                    OpenError::State(StateError::Missing | StateError::Damaged(_))
                ),
                1 => matches!(refused, OpenError::HighWater(_)),
                _ => matches!(refused, OpenError::Keys(KeysError::Retired(_))),
            };
            assert!(fits, "{}: {refused:?}", path.display());
            assert_eq!(doctor::worst(&doctor::examine(home.data())), Health::Wrong);
        }
        fs::write(&path, &whole).unwrap();
    }
    step(&home, &log, 3, 4).unwrap();
}

#[test]
fn whatever_was_lost_the_witness_goes_on_with_fresh_keys() {
    for lost in 0..4 {
        let (home, log, _) = with_history();
        fs::remove_file(&home.files()[lost]).unwrap();
        let restored = restore(home.data()).unwrap();
        assert!(no_key_signs(&home, &home.keys));
        // Without the state nothing is known of the log; fresh keys may start anywhere.
        let old = if lost == 0 { 0 } else { 3 };
        let answer = step(&home, &log, old, 8).unwrap();
        verified(&answer, &log.checkpoint(8), &restored.fresh);
    }
}

#[test]
fn a_restore_that_broke_off_between_its_keys_is_finished_with_both_kinds() {
    let home = Home::new(&BOTH, &[]);
    // What a crash leaves behind the first fresh key: all old ones retired, one kind made afresh.
    let mut retired = Retired::load(&home.settings).unwrap();
    home.keys.iter().for_each(|key| retired.add(key, "the state was restored or lost"));
    retired.store(&home.settings).unwrap();
    keys::create(&home.settings, &home.settings.name, Algorithm::CosignatureEd25519).unwrap();
    let restored = restore(home.data()).unwrap();
    let made: Vec<Algorithm> = restored.fresh.iter().map(VerifierKey::algorithm).collect();
    assert_eq!(made, BOTH);
}

#[test]
fn a_damaged_state_is_moved_aside_and_never_removed() {
    let (home, log, _) = with_history();
    let state = home.settings.state();
    let mut bytes = fs::read(&state).unwrap();
    bytes.truncate(5_000);
    fs::write(&state, &bytes).unwrap();
    let restored = restore(home.data()).unwrap();
    assert_eq!(fs::read(restored.moved.unwrap()).unwrap(), bytes);
    let answer = step(&home, &log, 0, 2).unwrap();
    verified(&answer, &log.checkpoint(2), &restored.fresh);
}

#[test]
fn a_running_witness_is_not_restored_under_its_feet() {
    let (home, log, _) = with_history();
    let (witness, writer) = Witness::open(home.data(), false).unwrap();
    assert!(restore(home.data()).is_err());
    assert_eq!(doctor::worst(&doctor::examine(home.data())), Health::Unknown);
    run(witness.add(&log.request(3, 4))).unwrap();
    drop(witness);
    writer.join().unwrap();
    assert!(!no_key_signs(&home, &home.keys));
}

#[test]
fn a_flipped_bit_in_any_file_never_gets_an_old_tree_signed() {
    let (home, log, copies) = with_history();
    let latest = copies.last().unwrap();
    for (at, (path, whole)) in latest.iter().enumerate() {
        for position in positions(at, whole.len()) {
            put_back(latest);
            let mut bytes = whole.clone();
            bytes[position] ^= 1 << (position % 8);
            fs::write(path, &bytes).unwrap();
            let Ok((witness, writer)) = Witness::open(home.data(), false) else { continue };
            // It may have been a bit that nothing depends on: then nothing has changed.
            let behind = run(witness.add(&log.request(2, 3)));
            assert!(behind.is_err(), "{}: byte {position}", path.display());
            drop(witness);
            writer.join().unwrap();
        }
    }
    put_back(latest);
    step(&home, &log, 3, 4).unwrap();
}

#[test]
fn keys_that_were_retired_by_hand_stay_retired_after_a_restore_of_the_folder() {
    let (home, log, _) = with_history();
    let backup = folder_of(home.data());
    let old = home.keys[0].id().to_string();
    keys::retire(&home.settings, &old, "rotated").unwrap();
    put_folder_back(&backup);
    // Nothing was signed since, so the records agree; the second list still knows better.
    let answer = step(&home, &log, 3, 4).unwrap();
    verified(&answer, &log.checkpoint(4), &home.keys[1..]);
}

/// Where to flip bits: everywhere in what is small, in steps through what is mostly empty.
fn positions(file: usize, length: usize) -> Vec<usize> {
    match file {
        0 => (0..length).step_by(length / 300).collect(),
        1 => (0..112).chain((112..4096).step_by(199)).chain(4096..4208).collect(),
        _ => (0..length).step_by(3).collect(),
    }
}

/// Every file below a folder, as a backup would take it.
fn folder_of(folder: &Path) -> Copy {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(folder_of(&path));
        } else {
            files.push((path.clone(), fs::read(&path).unwrap()));
        }
    }
    files
}

/// Puts a folder back as it was: files that came later go.
fn put_folder_back(backup: &Copy) {
    let data = backup.iter().find_map(|(path, _)| {
        path.ends_with("witness.toml").then(|| path.parent().unwrap().to_owned())
    });
    for (path, _) in folder_of(&data.unwrap()) {
        if !backup.iter().any(|(kept, _)| *kept == path) {
            fs::remove_file(path).unwrap();
        }
    }
    put_back(backup);
}
