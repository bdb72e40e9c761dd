//! At rest: what an encrypted vault shows, what a vault that went back says, and what damage does.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spec::key::{Algorithm, SigningKey};

use super::support::*;
use crate::model::UnixMillis;
use crate::vault::{Disk, Folder, Rule, Scope, Unlock, Vault, WentBack, refuse_inside};

/// The disk of a copy.
fn on(path: &Path) -> Arc<dyn Disk> {
    Arc::new(Folder { root: path.to_path_buf(), high_water: path.join("none") })
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

/// Everything that nobody but the agent may know.
fn secrets() -> Vec<Vec<u8>> {
    let mut secrets: Vec<Vec<u8>> = ["aoi-folder", "newest", "LOT-77", "Passed", "SN-SECRET"]
        .map(|text| text.as_bytes().to_vec())
        .to_vec();
    for n in 0..4 {
        let hash = sha256(&report(n));
        secrets.extend([
            format!("PNL{n:05}").into_bytes(),
            format!("SN-{n}-A").into_bytes(),
            format!("report-{n}").into_bytes(),
            format!("verdict-{n}").into_bytes(),
            hash.0.to_vec(),
            spec::Hash::from(hash).to_hex().into_bytes(),
        ]);
    }
    let key = key_of(&source()).to_text();
    secrets.push(key.as_bytes().to_vec());
    secrets.push(key.splitn(5, '+').nth(4).unwrap().as_bytes().to_vec());
    secrets
}

fn found_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for path in files_below(folder) {
        let bytes = fs::read(&path).unwrap();
        for secret in secrets() {
            if bytes.windows(secret.len()).any(|window| window == secret) {
                found.push(format!("{}: {}", path.display(), String::from_utf8_lossy(&secret)));
            }
        }
    }
    found
}

fn fill(folder: &Path, unlock: &Unlock) {
    let path = folder.join("V");
    let vault = create(&path, unlock);
    capture(&vault, 0..3).unwrap();
    seal(&vault, 2).unwrap();
    anchor(&vault).unwrap();
    capture(&vault, 3..4).unwrap();
    vault.put_state("spool/last", b"SN-SECRET").unwrap();
    vault.add_hold(Scope::Unit(b"SN-SECRET".to_vec()), "claim SN-SECRET", UnixMillis(1)).unwrap();
    vault.backup(&folder.join("B"), on(&folder.join("B")), &mut |_| {}).unwrap();
    let rule = Rule { source: None, kind: None, keep_days: 30 };
    vault.expire(UnixMillis(1_840_000_000_000), &[rule], false).unwrap();
}

#[test]
fn no_byte_of_an_encrypted_vault_or_its_backup_shows_a_name_a_serial_or_a_value() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), &passphrase());
    assert_eq!(found_in(folder.path()), Vec::<String>::new());
    // What is looked for would be found.
    let plain = tempfile::tempdir().unwrap();
    fill(plain.path(), &Unlock::Plain);
    assert!(found_in(plain.path()).len() > 20);
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, name) = (entry.as_ref().unwrap().path(), entry.unwrap().file_name());
        if path.is_dir() {
            copy_folder(&path, &to.join(name));
        } else {
            fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

#[test]
fn an_older_copy_put_back_says_so_until_that_is_settled() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("V"), folder.path().join("copy"));
    let vault = create(&path, &Unlock::Plain);
    capture(&vault, 0..2).unwrap();
    drop(vault);
    copy_folder(&path, &copy);
    let vault = Vault::open(&path, &Unlock::Plain).unwrap();
    assert_eq!(vault.went_back(), None);
    capture(&vault, 2..4).unwrap();
    seal(&vault, 9).unwrap();
    drop(vault);
    let packs = path.join("evidence");
    let newest = fs::read(packs.join("00000001.pack")).unwrap();
    fs::copy(copy.join("vault.redb"), path.join("vault.redb")).unwrap();
    for _ in 0..2 {
        let vault = Vault::open(&path, &Unlock::Plain).unwrap();
        let Some(WentBack::Behind { vault: have, high_water }) = vault.went_back() else {
            panic!("{:?}", vault.went_back());
        };
        assert!(have < high_water);
        // What the lost rows named is not written over: the newer database may be found again.
        capture(&vault, 7..8).unwrap();
        assert_eq!(fs::read(packs.join("00000001.pack")).unwrap(), newest);
    }
    let vault = Vault::open(&path, &Unlock::Plain).unwrap();
    vault.settle_went_back().unwrap();
    assert_eq!(vault.went_back(), None);
    capture(&vault, 8..9).unwrap();
    drop(vault);
    let vault = Vault::open(&path, &Unlock::Plain).unwrap();
    assert_eq!(vault.went_back(), None);
    drop(vault);
    fs::copy(copy.join("vault.redb"), path.join("vault.redb")).unwrap();
    let vault = Vault::open(&path, &Unlock::Plain).unwrap();
    assert_eq!(vault.went_back(), Some(WentBack::OtherLife));
    drop(vault);
    fs::remove_file(folder.path().join("V.high-water")).unwrap();
    let vault = Vault::open(&path, &Unlock::Plain).unwrap();
    assert_eq!(vault.went_back(), Some(WentBack::NoRecord));
}

#[test]
fn a_backup_is_brought_up_to_date_and_a_vault_restored_from_it_says_so() {
    for unlock in [Unlock::Plain, passphrase()] {
        let folder = tempfile::tempdir().unwrap();
        let (path, backup) = (folder.path().join("V"), folder.path().join("B"));
        let restored = folder.path().join("R");
        let vault = create(&path, &unlock);
        capture(&vault, 0..3).unwrap();
        let first = vault.backup(&backup, on(&backup), &mut |_| {}).unwrap();
        assert_eq!((first.packs, first.checked.evidence, first.checked.pending), (1, 3, 3));
        let again = vault.backup(&backup, on(&backup), &mut |_| {}).unwrap();
        assert_eq!((again.bytes, again.checked), (0, first.checked));
        capture(&vault, 3..5).unwrap();
        seal(&vault, 9).unwrap();
        let later = vault.backup(&backup, on(&backup), &mut |_| {}).unwrap();
        assert!(later.bytes > 0 && later.bytes < first.bytes);
        // A backup is not worked in, and another vault's is not written over.
        assert!(Vault::open(&backup, &unlock).is_err());
        let other = create(&folder.path().join("W"), &unlock);
        assert!(other.backup(&backup, on(&backup), &mut |_| {}).is_err());
        assert!(other.backup(&path, on(&path), &mut |_| {}).is_err());
        drop((vault, other));
        Vault::restore(&backup, &restored, &unlock, &mut |_| {}).unwrap();
        assert!(Vault::restore(&backup, &restored, &unlock, &mut |_| {}).is_err());
        let vault = Vault::open(&restored, &unlock).unwrap();
        assert!(matches!(vault.went_back(), Some(WentBack::Restored { .. })));
        assert_eq!(vault.evidence(&sha256(&report(4))).unwrap(), Some(report(4)));
        assert_eq!(vault.head(&source()).unwrap().next_sequence, 1);
        vault.settle_went_back().unwrap();
        capture(&vault, 5..6).unwrap();
        drop(vault);
        assert_eq!(Vault::open(&restored, &unlock).unwrap().went_back(), None);
    }
}

#[test]
fn a_copy_goes_nowhere_into_the_vault_and_only_a_backup_is_restored() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("V");
    let vault = create(&path, &Unlock::Plain);
    for inside in ["", "B", "evidence/B", "B/deep/down", "../V/B"] {
        let error = refuse_inside(&path.join(inside), &path).unwrap_err().to_string();
        assert!(error.contains("in the vault"), "{inside}: {error}");
    }
    if crate::os::link(&path, &folder.path().join("link")).is_ok() {
        assert!(refuse_inside(&folder.path().join("link/B"), &path).is_err());
    }
    for outside in ["../B", "../V2", "../other/B"] {
        refuse_inside(&path.join(outside), &path).unwrap();
    }
    // A vault is no backup, whether an agent is at work in it or not.
    let restored = folder.path().join("R");
    let restore = |from: &Path| Vault::restore(from, &restored, &Unlock::Plain, &mut |_| {});
    for _ in 0..2 {
        let error = restore(&path).unwrap_err().to_string();
        assert!(error.contains("no backup") && error.contains("fiducial-agent backup"), "{error}");
        assert!(!restored.exists());
    }
    drop(vault);
    assert!(restore(&path).unwrap_err().to_string().contains("it is a vault"));
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(restore(&empty).unwrap_err().to_string().contains("there is no backup in it"));
}

#[test]
fn a_hold_says_whether_anything_is_named_by_it() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(&folder.path().join("V"), &Unlock::Plain);
    let names = |scope: Scope| vault.names_any(&scope).unwrap();
    let unit = |name: &str| Scope::Unit(name.as_bytes().to_vec());
    let lot = |name: &str| Scope::Lot(name.as_bytes().to_vec());
    let day = |from, until| Scope::Times(UnixMillis(from), UnixMillis(until));
    let sealed = 1_772_438_460_000;
    assert!(!names(Scope::Source(source())) && !names(lot("LOT-77")));
    capture(&vault, 0..1).unwrap();
    // Waiting first, and then in a statement.
    for is_sealed in [false, true] {
        for there in [unit("SN-0-A"), unit("PNL00000"), lot("LOT-77"), Scope::Source(source())] {
            assert!(names(there));
        }
        for missing in [unit("SN-0-"), unit(""), unit("SN-1-A"), lot("LOT-7"), day(1, 2)] {
            assert!(!names(missing));
        }
        assert_eq!(names(day(sealed - 1, sealed)), is_sealed);
        if !is_sealed {
            seal(&vault, 9).unwrap();
        }
    }
}

#[test]
fn a_vault_whose_policy_was_changed_keeps_its_receipts_and_its_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("V");
    let vault = create(&path, &Unlock::Plain);
    let statement = seal(&vault, 9).unwrap();
    anchor(&vault).unwrap();
    let receipt = receipt_of(&statement);
    vault.remember_checkpoint(receipt.checkpoint()).unwrap();
    drop(vault);
    // From now on a witness is demanded, who has not signed what is there.
    let name = spec::key::KeyName::parse("w.example").unwrap();
    let witness = SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &[3; 32]);
    let witness = witness.unwrap();
    let log = String::from_utf8(policy()).unwrap();
    let log = log.lines().next().unwrap();
    let text = format!("{log}\nwitness w {}\nquorum w\n", witness.verifier());
    fs::write(path.join("policy"), text).unwrap();
    let vault = Vault::open(&path, &Unlock::Plain).unwrap();
    let kept = vault.checkpoint().unwrap().unwrap();
    assert!(kept.accepted.is_err());
    assert_eq!((&kept.note, kept.tree.size()), (receipt.checkpoint(), 2));
    let checked = vault.check(&mut |_| {}).unwrap();
    assert_eq!((checked.older, checked.receipts, checked.damage), (1, 0, vec![]));
    assert_eq!(vault.receipt(&source(), 0).unwrap().unwrap().to_bytes(), receipt.to_bytes());
}

#[test]
fn the_last_statement_that_is_gone_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("V");
    let vault = create(&path, &Unlock::Plain);
    (0..3).for_each(|_| drop(seal(&vault, 9).unwrap()));
    assert_eq!(vault.check(&mut |_| {}).unwrap().damage, vec![]);
    vault.remove_statement(&source(), 2).unwrap();
    let damage = vault.check(&mut |_| {}).unwrap().damage;
    assert!(damage[0].reason.contains("statements 2 to 2 are gone"), "{damage:?}");
    assert!(damage[0].reason.contains("fiducial-agent restore"), "{damage:?}");
    let error = vault.unanchored(&source(), 9).unwrap_err().to_string();
    assert!(error.contains("statement 2") && error.contains("fiducial-agent restore"), "{error}");
    assert!(!vault.was_left_out(&source(), 2).unwrap());
}

#[test]
fn a_chain_that_was_moved_behind_lost_statements_is_no_damage() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(&folder.path().join("V"), &Unlock::Plain);
    seal(&vault, 9).unwrap();
    let head = vault.head(&source()).unwrap();
    let lost = spec::Hash::of(b"the last that the log has");
    let moved = crate::vault::Head { next_sequence: 5, previous: lost, next_record: 70, ..head };
    vault.move_head(&source(), &moved).unwrap();
    assert_eq!(vault.head(&source()).unwrap(), moved);
    seal(&vault, 9).unwrap();
    seal(&vault, 9).unwrap();
    assert_eq!(vault.check(&mut |_| {}).unwrap().damage, []);
    assert_eq!(vault.unanchored_count().unwrap(), 3);
    let back = crate::vault::Head { next_sequence: 3, ..moved };
    assert!(vault.move_head(&source(), &back).is_err());
}

#[test]
fn a_check_tells_all_damage_of_packs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("V");
    let vault = create(&path, &Unlock::Plain);
    capture(&vault, 0..4).unwrap();
    seal(&vault, 9).unwrap();
    anchor(&vault).unwrap();
    let mut steps = Vec::new();
    let checked = vault.check(&mut |progress| steps.push(progress)).unwrap();
    assert_eq!(checked.damage, []);
    assert_eq!((checked.evidence, checked.statements, checked.receipts), (4, 1, 1));
    assert_eq!(steps.last().map(|last| (last.done, last.total)), Some((5, 5)));
    drop(vault);
    let pack = path.join("evidence/00000001.pack");
    let whole = fs::read(&pack).unwrap();
    for at in (0..whole.len()).step_by(7) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        fs::write(&pack, &changed).unwrap();
        let vault = Vault::open(&path, &Unlock::Plain).unwrap();
        let checked = vault.check(&mut |_| {}).unwrap();
        // The seven zero bytes of the header and its number are compared too.
        assert!(!checked.damage.is_empty(), "byte {at}");
        assert!(checked.evidence >= 3, "byte {at}: one flipped bit spoils one item");
        for n in 0..4 {
            let read = vault.evidence(&sha256(&report(n)));
            assert!(read.is_err() || read.unwrap() == Some(report(n)), "byte {at}");
        }
    }
    let two = [20, whole.len() - 1].into_iter().fold(whole.clone(), |mut bytes, at| {
        bytes[at] ^= 1;
        bytes
    });
    fs::write(&pack, two).unwrap();
    let vault = Vault::open(&path, &Unlock::Plain).unwrap();
    assert_eq!(vault.check(&mut |_| {}).unwrap().damage.len(), 2);
    drop(vault);
    fs::write(&pack, &whole[..whole.len() - 1]).unwrap();
    let vault = Vault::open(&path, &Unlock::Plain).unwrap();
    assert_eq!(vault.check(&mut |_| {}).unwrap().evidence, 3);
    capture(&vault, 4..5).unwrap();
    assert!(path.join("evidence/00000002.pack").exists(), "a damaged pack is not appended to");
    drop(vault);
    fs::remove_file(&pack).unwrap();
    let vault = Vault::open(&path, &Unlock::Plain).unwrap();
    let checked = vault.check(&mut |_| {}).unwrap();
    assert_eq!(checked.evidence, 1);
    assert_eq!(checked.damage.len(), 5, "the pack and its four items: {:?}", checked.damage);
}

#[test]
fn a_damaged_database_is_told_and_gives_out_nothing_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("V");
    let vault = create(&path, &Unlock::Plain);
    for n in 0..8 {
        capture(&vault, n * 10..n * 10 + 10).unwrap();
        seal(&vault, 9).unwrap();
    }
    anchor(&vault).unwrap();
    let statements: Vec<_> = vault.unanchored(&source(), 1).unwrap();
    assert!(statements.is_empty());
    let kept: Vec<_> =
        (0..8).map(|n| vault.statement(&source(), n).unwrap().unwrap().statement).collect();
    drop(vault);
    let database = path.join("vault.redb");
    let whole = fs::read(&database).unwrap();
    let (mut refused, mut told) = (0, 0);
    for at in (0..whole.len()).step_by(2 * 4096 + 1) {
        let mut changed = whole.clone();
        changed[at] ^= 0x10;
        fs::write(&database, &changed).unwrap();
        let Ok(vault) = Vault::open_suspected(&path, &Unlock::Plain) else {
            refused += 1;
            continue;
        };
        match vault.check(&mut |_| {}) {
            Ok(checked) if checked.damage.is_empty() => {
                for (n, statement) in (0_u64..).zip(&kept) {
                    let have = vault.statement(&source(), n).unwrap().unwrap().statement;
                    assert_eq!(have, *statement, "byte {at}");
                    assert_eq!(
                        vault.batch(&source(), n).unwrap().commitment(),
                        statement.batch(),
                        "byte {at}"
                    );
                }
            }
            _ => told += 1,
        }
    }
    assert!(refused + told > 5, "{refused} refused, {told} told");
}

#[test]
fn the_files_of_a_vault_are_its_owner_s_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("V");
    let vault = create(&path, &passphrase());
    capture(&vault, 0..1).unwrap();
    drop(vault);
    let public = ["agent.toml", "policy"];
    for file in files_below(folder.path()) {
        let metadata = fs::metadata(&file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let want = if public.contains(&name.as_str()) { 0o644 } else { 0o600 };
        assert!(crate::os::mode(&file).unwrap().is_none_or(|mode| mode == want), "{name}");
        assert!(metadata.is_file());
    }
}

#[test]
fn a_chain_that_moved_meanwhile_is_not_withdrawn_by_an_old_picture_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(&folder.path().join("V"), &Unlock::Plain);
    let before = vault.head(&source()).unwrap();
    capture(&vault, 0..1).unwrap();
    seal(&vault, 9).unwrap();
    let now = vault.head(&source()).unwrap();
    let said = ("lost/line-3-aoi", &b"{}"[..]);
    assert!(vault.withdraw(&source(), 0, &before, &before, &[], said).is_err());
    assert_eq!(vault.head(&source()).unwrap(), now);
    assert!(vault.statement(&source(), 0).unwrap().is_some());
    assert_eq!(vault.state(said.0).unwrap(), None);

    vault.withdraw(&source(), 0, &now, &before, &[], said).unwrap();
    assert_eq!(vault.head(&source()).unwrap(), before);
    assert!(vault.statement(&source(), 0).unwrap().is_none());
    assert_eq!(vault.state(said.0).unwrap(), Some(said.1.to_vec()));
}

#[test]
fn a_second_key_to_follow_is_not_kept_while_there_is_one() {
    for unlock in [Unlock::Plain, passphrase()] {
        let folder = tempfile::tempdir().unwrap();
        let vault = create(&folder.path().join("V"), &unlock);
        let keys = [8_u8, 9].map(|seed| {
            SigningKey::from_seed(source(), Algorithm::NoteEd25519, &[seed; 32]).unwrap()
        });
        for key in &keys {
            let kept = vault.put_next_key(key).unwrap();
            assert_eq!(kept.verifier(), keys[0].verifier());
        }
        vault.switch_key(&source()).unwrap();
        let kept = vault.put_next_key(&keys[1]).unwrap();
        assert_eq!(kept.verifier(), keys[1].verifier());
    }
}

#[test]
fn two_copies_into_one_folder_at_once_leave_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, to) = (folder.path().join("V"), folder.path().join("B"));
    let vault = create(&path, &Unlock::Plain);
    capture(&vault, 0..4).unwrap();
    seal(&vault, 9).unwrap();
    let copy = || vault.backup(&to, on(&to), &mut |_| {}).unwrap().checked.damage;
    std::thread::scope(|scope| {
        for copying in [scope.spawn(copy), scope.spawn(copy)] {
            assert_eq!(copying.join().unwrap(), []);
        }
    });
    let back = folder.path().join("R");
    let restored = Vault::restore(&to, &back, &Unlock::Plain, &mut |_| {}).unwrap();
    assert_eq!((restored.checked.evidence, restored.checked.damage), (4, Vec::new()));
}

#[test]
fn of_two_that_switch_keys_at_once_one_does() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(&folder.path().join("V"), &Unlock::Plain);
    for round in 1..=16 {
        let seed = [round + 100; 32];
        let key = SigningKey::from_seed(source(), Algorithm::NoteEd25519, &seed).unwrap();
        vault.put_next_key(&key).unwrap();
        let both = std::sync::Barrier::new(2);
        let switch = || {
            both.wait();
            vault.switch_key(&source()).is_ok()
        };
        let done = std::thread::scope(|scope| {
            [scope.spawn(switch), scope.spawn(switch)].map(|one| one.join().unwrap())
        });
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "round {round}");
        let keys = vault.verifier_keys(&source()).unwrap();
        assert_eq!(keys.len(), usize::from(round) + 1, "each that has signed is kept once");
        assert_eq!(keys.last(), Some(key.verifier()));
    }
}
