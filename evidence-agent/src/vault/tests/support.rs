//! A source, its log and what they make of one another, the same in every run.

use std::collections::BTreeMap;
use std::path::Path;

use spec::Hash;
use spec::checkpoint::{Checkpoint, Origin};
use spec::evidence::batch::{Batch, Header, Place};
use spec::evidence::field::Salt;
use spec::evidence::kind::{FieldName, Kind};
use spec::evidence::record::Record;
use spec::evidence::statement::{After, Draft, VerifiedStatement};
use spec::hash::{leaf_hash, node_hash};
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::Note;
use spec::proof::Proof;
use spec::tree::Tree;

use crate::error::AgentError;
use crate::model::{Content, Hash256, ItemKey, Pending, Seen, UnixMillis, WatchName};
use crate::vault::{NewVault, Sealed, Unlock, Vault};

pub(crate) fn origin() -> Origin {
    Origin::parse("example.com/evidence").unwrap()
}

pub(crate) fn source() -> KeyName {
    KeyName::parse("line-3-aoi").unwrap()
}

pub(crate) fn key_of(name: &KeyName) -> SigningKey {
    SigningKey::from_seed(name.clone(), Algorithm::NoteEd25519, &[7; 32]).unwrap()
}

fn log_key() -> SigningKey {
    let name = KeyName::parse(origin().as_str()).unwrap();
    SigningKey::from_seed(name, Algorithm::NoteEd25519, &[9; 32]).unwrap()
}

pub(crate) fn policy() -> Vec<u8> {
    format!("log {}\nquorum none\n", log_key().verifier()).into_bytes()
}

pub(crate) fn place(sequence: u64) -> Place {
    Place { origin: origin(), source: source(), sequence }
}

/// Salts that differ, from a number to start with.
pub(crate) fn salts(start: u64) -> impl FnMut() -> Salt {
    let mut next = start << 32;
    move || {
        next += 1;
        *Hash::of(&next.to_be_bytes()).as_bytes()
    }
}

/// A record as a pending one becomes.
pub(crate) fn record_of(pending: &Pending, salt: impl FnMut() -> Salt) -> Record {
    let name = |name: &String| FieldName::parse(name).unwrap();
    let values = pending.values.iter().map(|(key, value)| (name(key), value.clone())).collect();
    Record::new(Kind::parse(pending.kind.as_bytes()).unwrap(), values, salt).unwrap()
}

pub(crate) fn batch_from(place: &Place, pending: &[Pending], first_record: u64) -> Batch {
    let mut salt = salts(place.sequence + 1);
    let records = pending.iter().map(|pending| record_of(pending, &mut salt)).collect();
    let header = Header {
        first_record,
        opened: "2026-03-02T08:00:00.000Z".into(),
        closed: "2026-03-02T08:01:00.000Z".into(),
        clock: "synchronised".into(),
        ..Header::default()
    };
    Batch::new(place.clone(), header, records, salt).unwrap()
}

pub(crate) fn batch_of(place: &Place, count: u64) -> Batch {
    let pending: Vec<Pending> = (0..count).map(pending).collect();
    batch_from(place, &pending, 40)
}

/// The report of panel `n`.
pub(crate) fn report(n: u64) -> Vec<u8> {
    format!("{{\"panel\":\"PNL{n:05}\",\"secret\":\"verdict-{n}\"}}\n").repeat(3).into_bytes()
}

pub(crate) fn sha256(bytes: &[u8]) -> Hash256 {
    Hash::of(bytes).into()
}

pub(crate) fn pending(n: u64) -> Pending {
    let hash = Hash::of(&report(n));
    let values = [
        ("file/sha256", hash.to_hex()),
        ("file/name", format!("report-{n}.json")),
        ("file/size", report(n).len().to_string()),
        ("interpreted", "cfx 1".to_string()),
        ("seen", "2026-03-02T08:00:30.000Z".to_string()),
        ("panel", format!("PNL{n:05}")),
        ("units", format!("SN-{n}-A\nSN-{n}-B\n")),
        ("lot", "LOT-77".to_string()),
        ("verdict", "Passed".to_string()),
        ("attempt", "1".to_string()),
    ];
    let values: BTreeMap<String, Vec<u8>> =
        values.into_iter().map(|(name, value)| (name.to_string(), value.into_bytes())).collect();
    Pending {
        kind: "aoi-report".into(),
        values,
        evidence: Some(hash.into()),
        seen: UnixMillis(1_772_438_400_000 + n),
    }
}

pub(crate) fn watch() -> WatchName {
    WatchName("aoi-folder".into())
}

pub(crate) fn item(n: u64) -> ItemKey {
    ItemKey(format!("day/report-{n}.json").into_bytes())
}

pub(crate) fn seen(n: u64) -> Seen {
    Seen {
        sha256: sha256(&report(n)),
        size: report(n).len() as u64,
        modified_nanos: -5,
        version: 1,
        seen: UnixMillis(1_772_438_400_000 + n),
    }
}

/// Captures the reports of these panels in one commit.
pub(crate) fn capture(
    vault: &Vault,
    numbers: impl IntoIterator<Item = u64>,
) -> Result<(), AgentError> {
    let mut capture = vault.capture()?;
    for n in numbers {
        let stored = capture.store(&Content::Bytes(report(n)))?;
        assert_eq!(stored.sha256, sha256(&report(n)));
        capture.put_seen(&watch(), &item(n), &seen(n));
        capture.put_link("newest", &format!("PNL{n:05}"), &n.to_be_bytes());
        capture.put_pending(&source(), pending(n));
    }
    capture.commit()
}

/// A checkpoint of a tree in which this leaf is the second of two, with its proof.
pub(crate) fn receipt_of(statement: &VerifiedStatement) -> Proof {
    let (sibling, leaf) = (leaf_hash(b"other"), statement.leaf_hash());
    let tree = Tree::new(2, node_hash(sibling, leaf)).unwrap();
    Proof::new(Some(statement.to_bytes()), 1, vec![sibling], checkpoint_of(tree))
}

pub(crate) fn checkpoint_of(tree: Tree) -> Note {
    let text = Checkpoint::new(origin(), tree).to_string();
    Note::new(text.clone(), vec![log_key().sign_note(&text)])
}

/// Seals what waits, at most `limit` records, as the spool does.
pub(crate) fn seal(vault: &Vault, limit: usize) -> Result<VerifiedStatement, AgentError> {
    seal_with(vault, limit, None)
}

pub(crate) fn seal_with(
    vault: &Vault,
    limit: usize,
    after: Option<&Note>,
) -> Result<VerifiedStatement, AgentError> {
    let (waiting, head) = (vault.pending(&source(), limit)?, vault.head(&source())?);
    let through = waiting.last().map(|(number, _)| *number);
    let pending: Vec<Pending> = waiting.into_iter().map(|(_, pending)| pending).collect();
    let evidence: Vec<_> = pending.iter().map(|pending| pending.evidence).collect();
    let batch = batch_from(&place(head.next_sequence), &pending, head.next_record);
    let named = after.map_or(After::NOTHING, |note| {
        let checkpoint = Checkpoint::parse(note.text()).unwrap();
        After::checkpoint(checkpoint.tree(), Hash::of(&note.to_bytes())).unwrap()
    });
    let (sequence, previous) = (head.next_sequence, head.previous);
    let draft = Draft::new(origin(), source(), sequence, previous, named, batch.commitment());
    let statement = draft.unwrap().sign(&vault.key(&source())?).unwrap();
    let sealed = UnixMillis(1_772_438_460_000 + sequence * 60_000);
    vault.seal(&Sealed {
        statement: &statement,
        batch: &batch,
        evidence: &evidence,
        after,
        through,
        sealed,
    })?;
    Ok(statement)
}

/// Anchors every statement that waits.
pub(crate) fn anchor(vault: &Vault) -> Result<(), AgentError> {
    let waiting = vault.unanchored(&source(), 100)?;
    let receipts: Vec<_> = waiting
        .iter()
        .map(|kept| (source(), kept.statement.sequence(), receipt_of(&kept.statement)))
        .collect();
    vault.anchored(&receipts, UnixMillis(1_772_438_500_000))
}

pub(crate) fn passphrase() -> Unlock {
    Unlock::Passphrase(zeroize::Zeroizing::new("correct horse".to_string()))
}

/// A vault with its one source.
pub(crate) fn create(folder: &Path, unlock: &Unlock) -> Vault {
    let origin = origin();
    let policy = policy();
    let new = NewVault { log: "http://127.0.0.1:1/", origin: &origin, policy: &policy, unlock };
    let vault = Vault::create(folder, &new).unwrap();
    vault.add_source(&key_of(&source())).unwrap();
    vault
}
