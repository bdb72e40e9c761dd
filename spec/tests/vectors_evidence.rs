//! The evidence formats against their vectors, one file a case, and the vectors against a literal
//! reading of the page. The cases are laid out in `vectors_evidence/cases.rs`;
//! after a case was added,
//! `FIDUCIAL_WRITE_VECTORS=1 cargo test -p spec --test vectors_evidence the_files` writes its file.

#![allow(clippy::unwrap_used, reason = "a test's helpers may panic as its own body may")]

#[path = "vectors_evidence/cases.rs"]
mod cases;
mod literal;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use literal::{Field, Record, Vector, base64, unbase64};
use spec::Hash;
use spec::checkpoint::Origin;
use spec::encoding::decode_hash;
use spec::evidence::batch::Place;
use spec::evidence::disclosure::Disclosure;
use spec::evidence::multiproof;
use spec::evidence::statement::Statement;
use spec::key::{KeyName, VerifierKey};

fn folder(group: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/evidence").join(group)
}

/// Every vector of a group, by its name.
fn vectors(group: &str) -> BTreeMap<String, Vector> {
    let files = std::fs::read_dir(folder(group)).unwrap();
    let named = files.map(|file| {
        let path = file.unwrap().path();
        (path.file_name().unwrap().to_str().unwrap().to_string(), Vector::read(&path))
    });
    named.collect()
}

/// The name of an error, as the vectors write it: its variant's, and the inner one's behind it.
fn outcome<T, E: Debug>(result: &Result<T, E>) -> String {
    let Err(error) = result else { return "ok".to_string() };
    let text = format!("{error:?}");
    text.split(|letter: char| !letter.is_alphanumeric()).next().unwrap().to_string()
}

#[test]
fn the_files_are_those_that_the_cases_make() {
    let write = std::env::var_os("FIDUCIAL_WRITE_VECTORS").is_some();
    for (group, cases) in cases::all() {
        if write {
            write_files(group, &cases);
        }
        let mut there: Vec<String> = vectors(group).into_keys().collect();
        for (name, text) in cases {
            let have = std::fs::read(folder(group).join(&name)).unwrap_or_default();
            assert!(have == text, "{group}/{name} is not what its case makes");
            there.retain(|other| *other != name);
        }
        assert!(there.is_empty(), "{group}: no case makes {there:?}");
    }
}

fn write_files(group: &str, cases: &[cases::File]) {
    std::fs::create_dir_all(folder(group)).unwrap();
    for (name, text) in cases {
        std::fs::write(folder(group).join(name), text).unwrap();
    }
}

#[test]
fn statements() {
    for (name, vector) in vectors("statement") {
        let key = VerifierKey::parse(vector.one("key")).unwrap();
        let parsed = Statement::parse(&vector.body);
        let mut have = outcome(&parsed);
        if let Ok(statement) = parsed {
            have = outcome(&statement.verify(&key));
            assert_eq!(statement.to_bytes(), vector.body, "{name}");
            assert_eq!(statement.leaf_hash().to_string(), vector.one("leaf"), "{name}");
            let literal = literal::sha256(&[&[0], &vector.body]);
            assert_eq!(base64(&literal), vector.one("leaf"), "{name}");
        }
        assert_eq!(have, vector.one("expect"), "{name}");
    }
}

#[test]
fn multi_proofs() {
    for (name, vector) in vectors("multiproof") {
        let size = vector.one("size").parse().unwrap();
        let leaves: Vec<(u64, Hash)> = vector
            .all("leaf")
            .into_iter()
            .map(|line| {
                let (index, hash) = line.split_once(' ').unwrap();
                (index.parse().unwrap(), decode_hash(hash).unwrap())
            })
            .collect();
        let proof: Vec<Hash> =
            vector.all("proof").into_iter().map(|hash| decode_hash(hash).unwrap()).collect();
        let computed = multiproof::root(&leaves, size, &proof);
        let have = match computed {
            Ok(root) if root != decode_hash(vector.one("root")).unwrap() => "another root".into(),
            _ => outcome(&computed),
        };
        assert_eq!(have, vector.one("expect"), "{name}");
    }
}

#[test]
fn disclosures() {
    for (name, vector) in vectors("disclosure") {
        let place = Place {
            origin: Origin::parse(vector.one("log")).unwrap(),
            source: KeyName::parse(vector.one("source")).unwrap(),
            sequence: vector.one("sequence").parse().unwrap(),
        };
        let commitment = decode_hash(vector.one("commitment")).unwrap();
        let parsed = Disclosure::parse(&vector.body);
        let mut have = outcome(&parsed);
        if let Ok(disclosure) = parsed {
            let opened = disclosure.verify_commitment(&place, commitment);
            have = outcome(&opened);
            let again = Disclosure::parse(disclosure.to_json().as_bytes());
            assert_eq!(again, Ok(disclosure), "{name}");
            // What is shown, field by field, as a reader in another language must show it.
            let lines = opened.iter().flat_map(|opened| opened.records()).flat_map(|record| {
                record.fields().iter().map(move |field| {
                    let value = field.value().map_or("absent".to_string(), base64);
                    format!("{} {} {} {value}", record.index(), field.index(), field.name())
                })
            });
            let shown = vector.all("shown");
            assert_eq!(lines.collect::<Vec<_>>(), shown, "{name}");
        }
        assert_eq!(have, vector.one("expect"), "{name}");
    }
}

/// No code of `spec` is used here: the page alone decides these hashes.
#[test]
fn commitments() {
    for (name, vector) in vectors("commitment") {
        let mut records: Vec<Record> = Vec::new();
        for line in vector.all("field") {
            let [record, salt, field, value] = line.splitn(4, ' ').collect::<Vec<_>>()[..] else {
                panic!("{name}: a field has four parts");
            };
            let at: usize = record.parse().unwrap();
            records.resize(records.len().max(at + 1), Record(Vec::new()));
            records[at].0.push(Field {
                salt: unbase64(salt).try_into().unwrap(),
                name: if field == "-" { String::new() } else { field.to_string() },
                value: if value == "-" { Vec::new() } else { unbase64(value) },
            });
        }
        let batch = literal::Batch {
            origin: vector.one("log").to_string(),
            source: vector.one("source").to_string(),
            sequence: vector.one("sequence").parse().unwrap(),
            records,
        };
        let field_leaves = batch.records.iter().flat_map(Record::field_leaves);
        let have: Vec<String> = field_leaves.map(|leaf| base64(&leaf)).collect();
        assert_eq!(have, vector.all("field-leaf"), "{name}");
        let have: Vec<String> = batch.record_leaves().iter().map(|leaf| base64(leaf)).collect();
        assert_eq!(have, vector.all("record-leaf"), "{name}");
        assert_eq!(base64(&batch.commitment()), vector.one("commitment"), "{name}");
    }
}
