//! The evidence formats once more, as literally as the page has them and sharing no code with
//! `spec`: bytes are joined, SHA-256 is called, trees are cut in two as RFC 6962 writes it.
//!
//! It also builds what an honest source never would, for the vectors that must be refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

pub(crate) type Bytes32 = [u8; 32];

pub(crate) fn sha256(parts: &[&[u8]]) -> Bytes32 {
    Sha256::digest(parts.concat()).into()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn unbase64(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

/// RFC 6962, section 2.1: split at the largest power of two below the size.
pub(crate) fn root(leaves: &[Bytes32]) -> Bytes32 {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let split = leaves.len().next_power_of_two() / 2;
            sha256(&[&[1], &root(&leaves[..split]), &root(&leaves[split..])])
        }
    }
}

/// Layer by layer from the leaves up, left to right: what cannot be computed from what is shown.
pub(crate) fn multiproof(leaves: &[Bytes32], shown: &[u64]) -> Vec<Bytes32> {
    let (mut layer, mut known, mut proof) = (leaves.to_vec(), shown.to_vec(), Vec::new());
    while layer.len() > 1 {
        for index in &known {
            let neighbour = index ^ 1;
            if !known.contains(&neighbour) && neighbour < layer.len() as u64 {
                proof.push(layer[usize::try_from(neighbour).unwrap()]);
            }
        }
        layer = layer
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => sha256(&[&[1], left, right]),
                alone => alone[0],
            })
            .collect();
        known = known.iter().map(|index| index / 2).collect();
        known.dedup();
    }
    proof
}

/// A field; an empty name is an absent one.
#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) salt: Bytes32,
    pub(crate) name: String,
    pub(crate) value: Vec<u8>,
}

impl Field {
    pub(crate) fn leaf(&self) -> Bytes32 {
        let name_size = u16::try_from(self.name.len()).unwrap().to_be_bytes();
        let value_size = u32::try_from(self.value.len()).unwrap().to_be_bytes();
        let (name, value) = (self.name.as_bytes(), self.value.as_slice());
        let prefix = b"fiducial/field/v1\n";
        sha256(&[&[0], prefix, &self.salt, &name_size, name, &value_size, value])
    }

    fn json(&self, index: u64) -> String {
        let mut members = vec![format!("\"index\": {index}")];
        if !self.name.is_empty() {
            members.push(format!("\"name\": \"{}\"", self.name));
        }
        members.push(format!("\"salt\": \"{}\"", base64(&self.salt)));
        match std::str::from_utf8(&self.value) {
            Ok(_) if self.name.is_empty() => {}
            // The texts of the vectors hold nothing that JSON would escape but line feeds.
            Ok(text) => members.push(format!("\"text\": \"{}\"", text.replace('\n', "\\n"))),
            Err(_) => members.push(format!("\"base64\": \"{}\"", base64(&self.value))),
        }
        format!("        {{ {} }}", members.join(", "))
    }
}

/// The fields of a record: whatever they are, in this order.
#[derive(Clone)]
pub(crate) struct Record(pub(crate) Vec<Field>);

impl Record {
    pub(crate) fn field_leaves(&self) -> Vec<Bytes32> {
        self.0.iter().map(Field::leaf).collect()
    }

    pub(crate) fn leaf(&self) -> Bytes32 {
        let count = u32::try_from(self.0.len()).unwrap().to_be_bytes();
        sha256(&[&[0], b"fiducial/record/v1\n", &count, &root(&self.field_leaves())])
    }
}

#[derive(Clone)]
pub(crate) struct Batch {
    pub(crate) origin: String,
    pub(crate) source: String,
    pub(crate) sequence: u64,
    pub(crate) records: Vec<Record>,
}

impl Batch {
    pub(crate) fn record_leaves(&self) -> Vec<Bytes32> {
        self.records.iter().map(Record::leaf).collect()
    }

    pub(crate) fn commitment(&self) -> Bytes32 {
        let size = |text: &str| u16::try_from(text.len()).unwrap().to_be_bytes();
        sha256(&[
            b"fiducial/batch/v1\n",
            &size(&self.origin),
            self.origin.as_bytes(),
            &size(&self.source),
            self.source.as_bytes(),
            &self.sequence.to_be_bytes(),
            &(self.records.len() as u64).to_be_bytes(),
            &root(&self.record_leaves()),
        ])
    }

    /// Opens these fields of these records.
    pub(crate) fn disclose(&self, picks: &[(u64, Vec<u64>)]) -> String {
        let lines = |proof: &[Bytes32]| {
            let hashes: Vec<String> =
                proof.iter().map(|hash| format!("\"{}\"", base64(hash))).collect();
            hashes.join(", ")
        };
        let shown: Vec<u64> = picks.iter().map(|(record, _)| *record).collect();
        let records: Vec<String> = picks
            .iter()
            .map(|(index, fields)| {
                let record = &self.records[usize::try_from(*index).unwrap()];
                let opened: Vec<String> = fields
                    .iter()
                    .map(|field| record.0[usize::try_from(*field).unwrap()].json(*field))
                    .collect();
                let proof = lines(&multiproof(&record.field_leaves(), fields));
                let (count, opened) = (record.0.len(), opened.join(",\n"));
                format!(
                    "    {{\n      \"index\": {index},\n      \"field_count\": {count},\n      \
                     \"fields\": [\n{opened}\n      ],\n      \"proof\": [{proof}]\n    }}"
                )
            })
            .collect();
        let Self { origin, source, sequence, .. } = self;
        let (count, records) = (self.records.len(), records.join(",\n"));
        let proof = lines(&multiproof(&self.record_leaves(), &shown));
        format!(
            "{{\n  \"format\": \"fiducial/disclosure/v1\",\n  \"log\": \"{origin}\",\n  \
             \"source\": \"{source}\",\n  \"sequence\": \"{sequence}\",\n  \
             \"record_count\": {count},\n  \"records\": [\n{records}\n  ],\n  \
             \"proof\": [{proof}]\n}}\n"
        )
    }
}

/// A vector file: lines `name: value`, an empty line, and a body.
pub(crate) struct Vector {
    pub(crate) head: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Vector {
    pub(crate) fn read(path: &std::path::Path) -> Self {
        let bytes = std::fs::read(path).unwrap();
        let split = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
        let head = std::str::from_utf8(&bytes[..split]).unwrap();
        let head = head.lines().map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_string(), value.to_string())
        });
        Self { head: head.collect(), body: bytes[split + 2..].to_vec() }
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let named = self.head.iter().filter(|(have, _)| have == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn one(&self, name: &str) -> &str {
        match self.all(name)[..] {
            [value] => value,
            ref values => panic!("`{name}` is there {} times, not once", values.len()),
        }
    }
}
