//! Whole examples in every form that a message travels in: what is read of one bare message is read of
//! it in an envelope, in arrays, on lines and compressed, and of exactly its bytes.
//!
//! The project's own samples always; the published examples of the standard where
//! `FIDUCIAL_CFX_SAMPLES` names their folder.

use super::*;
use crate::model::Reading;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Every example by name.
fn examples() -> Vec<(String, String)> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/samples");
    let published = std::env::var_os("FIDUCIAL_CFX_SAMPLES").map(PathBuf::from);
    let folders = std::iter::once(own).chain(published);
    let files = folders.flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut examples: Vec<(String, String)> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    examples.sort();
    assert!(examples.len() >= 7);
    examples
}

/// The body of a message and the name that its envelope would say.
fn parts(text: &str) -> (String, &'static str) {
    let message: serde_json::Value = serde_json::from_str(text).unwrap();
    let body = message.get("MessageBody").unwrap_or(&message).clone();
    let name = match &body {
        body if body.get("RepairedUnits").is_some() => {
            "CFX.Production.ReworkAndRepair.UnitsRepaired"
        }
        body if body.get("CommonProcessData").is_some() => {
            "CFX.Production.Processing.UnitsProcessed"
        }
        _ => "CFX.Production.TestAndInspection.UnitsInspected",
    };
    let Some(object) = body.as_object() else { panic!("a body is an object") };
    let mut object = object.clone();
    object.remove("$type");
    (serde_json::to_string(&object).unwrap(), name)
}

fn enveloped(body: &str, name: &str, class: bool) -> String {
    let class = if class { format!("{{\"$type\":\"{name}, CFX\",") } else { "{".to_string() };
    let body = body.replacen('{', &class, 1);
    format!(
        "{{\"MessageName\":\"{name}\",\"Version\":\"2.1\",\
         \"TimeStamp\":\"2026-03-02T08:15:30.1234567+08:00\",\"UniqueID\":\"6f1c1f0e\",\
         \"Source\":\"LINE1.STATION7\",\"Target\":null,\"RequestID\":null,\"MessageBody\":{body}}}"
    )
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// What was read of the body alone: all but what an envelope or a compressor adds.
fn understood(reading: &Reading) -> (Kind, BTreeMap<String, Vec<u8>>) {
    let mut values = reading.values.clone();
    for name in ["message", "machine", "received/sha256", "received/size"] {
        values.remove(name);
    }
    if reading.interpreted.contains("envelope") {
        // The envelope's time stands in for a body without any.
        values.retain(|name, value| {
            !name.starts_with("claimed/") || value != b"2026-03-02T08:15:30.1234567+08:00"
        });
    }
    values.remove("claimed/zone");
    (reading.kind, values)
}

fn one(bytes: &[u8]) -> Reading {
    let mut readings = read(bytes);
    assert_eq!(readings.len(), 1);
    readings.remove(0)
}

#[test]
fn every_example_is_the_same_record_bare_enveloped_with_and_without_its_class_and_compressed() {
    for (name, text) in examples() {
        let as_it_is = one(text.as_bytes());
        assert!(as_it_is.recognised && as_it_is.kind != Kind::Attachment, "{name}: {as_it_is:?}");
        let (body, message) = parts(&text);
        let bare = one(body.as_bytes());
        let want = understood(&bare);
        for class in [true, false] {
            let whole = enveloped(&body, message, class);
            let reading = one(whole.as_bytes());
            assert!(reading.recognised, "{name}: {}", reading.interpreted);
            assert_eq!(understood(&reading), want, "{name}, class {class}");
            assert_eq!(reading.exact(whole.as_bytes()), whole.as_bytes());
            let packed = gzip(whole.as_bytes());
            let reading = one(&packed);
            assert_eq!(understood(&reading), want, "{name}, compressed");
            assert_eq!(reading.exact(&packed), whole.as_bytes());
        }
        // The published layout with a class in front, as newer kits write a bare body.
        let classed = body.replacen('{', &format!("{{\"$type\":\"{message}, CFX\","), 1);
        assert_eq!(understood(&one(classed.as_bytes())), want, "{name}, bare with its class");
        let packed = gzip(text.as_bytes());
        assert_eq!(one(&packed).exact(&packed), text.as_bytes(), "{name}");
    }
}

#[test]
fn members_that_nobody_knows_change_nothing_of_any_example() {
    for (name, text) in examples() {
        let (body, message) = parts(&text);
        let want = understood(&one(body.as_bytes()));
        let more = "{\"Metadata\":{\"maker\":[1,null,{\"deep\":true}]},\"Extension\":[],";
        let extended = body.replacen('{', more, 1);
        assert_eq!(understood(&one(extended.as_bytes())), want, "{name}, bare");
        let whole = enveloped(&extended, message, true).replacen('{', more, 1);
        assert_eq!(understood(&one(whole.as_bytes())), want, "{name}, enveloped");
    }
}

#[test]
fn all_examples_in_one_array_with_strangers_between_are_a_record_each() {
    let stranger = r#"{"MessageName":"Maker.Own.Thing","MessageBody":{"a":[1]}}"#;
    let (mut messages, mut kinds) = (Vec::new(), Vec::new());
    for (at, (_, text)) in examples().iter().enumerate() {
        let (body, name) = parts(text);
        kinds.extend([one(body.as_bytes()).kind, Kind::Attachment]);
        messages.push(if at % 2 == 0 { body.clone() } else { enveloped(&body, name, true) });
        messages.push(stranger.to_string());
    }
    let array = format!("[{}]", messages.join(",\r\n"));
    let lines = messages.join("\n");
    for plain in [array, lines] {
        for bytes in [plain.as_bytes().to_vec(), gzip(plain.as_bytes())] {
            let readings = read(&bytes);
            let have: Vec<Kind> = readings.iter().map(|reading| reading.kind).collect();
            assert_eq!(have, kinds);
            for (reading, message) in readings.iter().zip(&messages) {
                assert!(reading.recognised, "{}", reading.interpreted);
                assert_eq!(reading.exact(&bytes), message.as_bytes());
            }
        }
    }
}
