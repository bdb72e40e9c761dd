//! What was committed is read back, checked, and nothing else is.

use std::io::Write;

use super::support::*;
use crate::model::{Content, Hash256};
use crate::vault::{RecordPlace, Stage, Unlock, Vault};

#[test]
fn a_week_in_a_vault_survives_its_closing_plain_and_encrypted() {
    for unlock in [Unlock::Plain, passphrase()] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("V");
        let vault = create(&path, &unlock);
        assert_eq!(vault.log(), "http://127.0.0.1:1");
        capture(&vault, 0..3).unwrap();
        capture(&vault, 2..5).unwrap();
        assert_eq!(vault.pending_count(&source()).unwrap(), 6);
        let first = seal(&vault, 4).unwrap();
        let note = receipt_of(&first).checkpoint().clone();
        vault.remember_checkpoint(&note).unwrap();
        let second = seal_with(&vault, 4, Some(&note)).unwrap();
        vault.sequenced(&[(source(), 0, 17), (source(), 1, 18), (source(), 9, 1)]).unwrap();
        vault.anchored(&[(source(), 0, receipt_of(&first))], crate::model::UnixMillis(5)).unwrap();
        drop(vault);

        let vault = Vault::open(&path, &unlock).unwrap();
        assert_eq!(vault.went_back(), None);
        assert_eq!(vault.sources().unwrap(), [source()]);
        for n in 0..5 {
            assert_eq!(vault.evidence(&sha256(&report(n))).unwrap(), Some(report(n)), "{n}");
            assert_eq!(vault.seen(&watch(), &item(n)).unwrap(), Some(seen(n)));
        }
        assert_eq!(vault.evidence(&Hash256([1; 32])).unwrap(), None);
        assert_eq!(vault.seen(&watch(), &item(6)).unwrap(), None);
        assert_eq!(vault.pending_count(&source()).unwrap(), 0);
        let head = vault.head(&source()).unwrap();
        assert_eq!((head.next_sequence, head.previous), (2, second.leaf_hash()));
        assert_eq!((head.next_record, head.after), (6, 2));
        let kept = vault.statement(&source(), 0).unwrap().unwrap();
        assert_eq!((kept.statement, kept.stage), (first.clone(), Stage::Anchored(1)));
        let waiting = vault.unanchored(&source(), 9).unwrap();
        assert_eq!(waiting.len(), 1);
        assert_eq!(waiting[0].stage, Stage::Sequenced(18));
        assert_eq!(vault.unanchored_count().unwrap(), 1);
        assert_eq!(vault.receipt(&source(), 0).unwrap(), Some(receipt_of(&first)));
        assert_eq!(vault.receipt(&source(), 1).unwrap(), None);
        assert_eq!(vault.after(&source(), 0).unwrap(), None);
        assert_eq!(vault.after(&source(), 1).unwrap(), Some(note.clone()));
        assert_eq!(vault.checkpoint().unwrap().unwrap().note, note);
        let batch = vault.batch(&source(), 1).unwrap();
        assert_eq!(batch.commitment(), second.batch());
        assert_eq!(batch.records()[2].value("panel"), Some(&b"PNL00004"[..]));
        let at = |sequence, record| RecordPlace { source: source(), sequence, record };
        assert_eq!(vault.of_unit(b"PNL00002").unwrap(), [at(0, 3), at(0, 4)]);
        assert_eq!(vault.of_unit(b"SN-4-B").unwrap(), [at(1, 2)]);
        assert_eq!(vault.of_unit(b"SN-4").unwrap(), []);
        assert_eq!(vault.of_file(&sha256(&report(4))).unwrap(), [at(1, 2)]);
        let capture = vault.capture().unwrap();
        let link = capture.link("newest", "PNL00002").unwrap();
        assert_eq!(link, Some(2_u64.to_be_bytes().to_vec()));
    }
}

#[test]
fn the_same_bytes_are_stored_once_and_a_dropped_capture_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("V");
    let vault = create(&path, &Unlock::Plain);
    let pack = path.join("evidence/00000001.pack");
    let mut dropped = vault.capture().unwrap();
    for n in 0..9 {
        dropped.store(&Content::Bytes(vec![u8::try_from(n).unwrap(); 400_000])).unwrap();
    }
    drop(dropped);
    assert_eq!(vault.evidence(&sha256(&vec![3; 400_000])).unwrap(), None);
    capture(&vault, 0..3).unwrap();
    drop(vault);
    let vault = Vault::open(&path, &Unlock::Plain).unwrap();
    let size = std::fs::metadata(&pack).unwrap().len();
    assert_eq!(size, 32 + 3 * 64 + 3 * report(0).len() as u64);
    capture(&vault, [1, 2, 1]).unwrap();
    assert_eq!(std::fs::metadata(&pack).unwrap().len(), size);
    capture(&vault, [3]).unwrap();
    assert!(std::fs::metadata(&pack).unwrap().len() > size);
    assert_eq!(vault.evidence(&sha256(&report(3))).unwrap(), Some(report(3)));
    assert_eq!(vault.pending_count(&source()).unwrap(), 7);
}

#[test]
fn large_evidence_is_streamed_and_one_that_changes_meanwhile_is_refused() {
    for unlock in [Unlock::Plain, passphrase()] {
        let folder = tempfile::tempdir().unwrap();
        let vault = create(&folder.path().join("V"), &unlock);
        for size in [0, 1, 256 * 1024 - 1, 256 * 1024, 3 * 1024 * 1024 + 5] {
            let path = folder.path().join("trace");
            let bytes: Vec<u8> = (0..size).map(|n| u8::try_from(n % 251).unwrap()).collect();
            std::fs::File::create(&path).unwrap().write_all(&bytes).unwrap();
            let mut capture = vault.capture().unwrap();
            let stored = capture.store(&Content::File(path)).unwrap();
            assert_eq!((stored.sha256, stored.size), (sha256(&bytes), size));
            capture.commit().unwrap();
            assert_eq!(vault.evidence(&sha256(&bytes)).unwrap(), Some(bytes));
        }
        let missing = Content::File(folder.path().join("none"));
        let mut capture = vault.capture().unwrap();
        assert!(capture.store(&missing).is_err());
        capture.store(&Content::Bytes(report(1))).unwrap();
        capture.commit().unwrap();
        assert_eq!(vault.evidence(&sha256(&report(1))).unwrap(), Some(report(1)));
    }
}

#[test]
fn a_statement_that_does_not_continue_its_chain_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let vault = create(&folder.path().join("V"), &Unlock::Plain);
    capture(&vault, 0..2).unwrap();
    let first = seal(&vault, 1).unwrap();
    let batch = vault.batch(&source(), 0).unwrap();
    let sealed = crate::vault::Sealed {
        statement: &first,
        batch: &batch,
        evidence: &[None],
        after: None,
        through: None,
        sealed: crate::model::UnixMillis(1),
    };
    assert!(vault.seal(&sealed).is_err(), "the same again");
    let other = batch_of(&place(0), 1);
    assert!(vault.seal(&crate::vault::Sealed { batch: &other, ..sealed }).is_err());
    assert_eq!(vault.head(&source()).unwrap().next_sequence, 1);
    assert_eq!(vault.pending_count(&source()).unwrap(), 1);
    assert!(vault.add_source(&key_of(&source())).is_err());
    assert!(vault.batch(&source(), 1).is_err());
}

#[test]
fn a_vault_is_opened_by_one_agent_and_with_its_passphrase_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("V");
    let vault = create(&path, &passphrase());
    let error = Vault::open(&path, &passphrase()).err().unwrap();
    assert!(error.to_string().contains("another agent"), "{error}");
    let new = "battery staple".to_string();
    vault.rekey(&passphrase(), &new).unwrap();
    drop(vault);
    let error = Vault::open(&path, &Unlock::Plain).err().unwrap();
    assert!(error.to_string().contains("passphrase"), "{error}");
    let error = Vault::open(&path, &passphrase()).err().unwrap();
    assert!(error.to_string().contains("not its passphrase"), "{error}");
    let new = Unlock::Passphrase(zeroize::Zeroizing::new(new));
    assert_eq!(Vault::open(&path, &new).unwrap().sources().unwrap(), [source()]);
    let error = Vault::open(folder.path(), &Unlock::Plain).err().unwrap();
    assert!(error.to_string().contains("fiducial-agent init"), "{error}");
    std::fs::remove_file(path.join("vault.redb")).unwrap();
    assert!(Vault::open(&path, &new).is_err());
    assert!(!path.join("vault.redb").exists());
}
