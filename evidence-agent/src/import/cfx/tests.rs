//! Recognition, on the project's own sample reports and on what must not be believed.

use super::*;
use std::path::{Path, PathBuf};

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/samples");
    std::fs::read(folder.join(name)).unwrap()
}

fn value<'a>(reading: &'a Reading, name: &str) -> Option<&'a str> {
    reading.values.iter().find(|(have, _)| *have == name).map(|(_, value)| value.as_str())
}

#[test]
fn an_aoi_report_is_read() {
    let reading = read(&sample("aoi-panel-failed.json"));
    assert_eq!((reading.kind, reading.recognised), (Kind::AoiReport, true));
    assert!(reading.interpreted.ends_with(" cfx-body"), "{}", reading.interpreted);
    assert_eq!(value(&reading, "verdict"), Some("Passed\nFailed\nPassed\n"));
    assert_eq!(value(&reading, "units"), Some("PNL0099123\nPNL0099123\nPNL0099123\n"));
    assert_eq!(value(&reading, "unit/positions"), Some("1\n2\n3\n"));
    assert_eq!(value(&reading, "panel"), Some("PNL0099123"));
    assert_eq!(value(&reading, "program"), Some("MAINBRD_TOP"));
    assert_eq!(value(&reading, "operator"), Some("B0417"));
    assert_eq!(value(&reading, "defects"), Some("2"));
}

#[test]
fn an_envelope_names_machine_and_time() {
    let reading = read(&sample("aoi-panel-second-attempt.json"));
    assert_eq!(reading.kind, Kind::AoiReport);
    assert!(reading.interpreted.contains(" cfx-envelope "), "{}", reading.interpreted);
    assert!(value(&reading, "machine").is_some());
    assert!(value(&reading, "claimed/start").is_some());
}

#[test]
fn every_own_sample_has_its_kind() {
    for (name, kind) in [
        ("aoi-panel-passed.json", Kind::AoiReport),
        ("reflow-oven-data.json", Kind::OvenData),
        ("reflow-profile.json", Kind::ReflowCertificate),
        ("repair.json", Kind::Repair),
        ("spi-panel.json", Kind::SpiReport),
    ] {
        let reading = read(&sample(name));
        assert_eq!((reading.kind, reading.recognised), (kind, true), "{name}: {reading:?}");
    }
    let profile = read(&sample("reflow-profile.json"));
    assert_eq!(value(&profile, "pwi"), Some("71.2"));
    assert!(value(&profile, "window").is_some());
}

/// The published examples of the standard are not ours to ship; who has them names their folder.
#[test]
fn the_published_examples_are_recognised() {
    let Some(folder) = std::env::var_os("FIDUCIAL_CFX_SAMPLES").map(PathBuf::from) else {
        eprintln!("skipped: set FIDUCIAL_CFX_SAMPLES to a folder of CFX message bodies");
        return;
    };
    for (name, kind) in [
        ("UnitsInspected-aoi-offsets.json", Kind::SpiReport),
        ("UnitsInspected-aoi-panel.json", Kind::AoiReport),
        ("UnitsInspected-spi.json", Kind::SpiReport),
        ("UnitsProcessed-reflow-profiling.json", Kind::ReflowCertificate),
        ("UnitsProcessed-reflow.json", Kind::OvenData),
        ("UnitsRepaired.json", Kind::Repair),
    ] {
        let reading = read(&std::fs::read(folder.join(name)).unwrap());
        assert_eq!((reading.kind, reading.recognised), (kind, true), "{name}: {reading:?}");
    }
}

#[test]
fn a_repeated_member_is_not_interpreted() {
    let text = String::from_utf8(sample("aoi-panel-failed.json")).unwrap();
    let doubled =
        text.replacen("\"OverallResult\"", "\"OverallResult\": \"Failed\", \"OverallResult\"", 1);
    let reading = read(doubled.as_bytes());
    assert_eq!((reading.kind, reading.recognised), (Kind::Attachment, false));
    assert_eq!(reading.interpreted, "no: the JSON member \"OverallResult\" is repeated");
    assert!(reading.values.is_empty());
}

#[test]
fn what_is_not_understood_is_an_attachment_with_its_reason() {
    for (text, reason) in [
        ("%PDF-1.7", "no: not JSON"),
        ("{}", "no: no message of IPC-CFX that is known here"),
        ("[]", "no: no message of IPC-CFX that is known here"),
        (
            r#"{"InspectionMethod":"AXI","InspectedUnits":[]}"#,
            r#"no: an inspection by "AXI" has no kind of record here"#,
        ),
        (
            r#"{"InspectionMethod":"AOI","InspectedUnits":[],"RepairedUnits":[]}"#,
            "no: the members of more than one message",
        ),
        (
            r#"{"CommonProcessData":{"$type":"CFX.Structures.Generic.GenericProcessData, CFX"}}"#,
            r#"no: process data of class "CFX.Structures.Generic.GenericProcessData""#,
        ),
        (
            r#"{"MessageName":"CFX.Production.UnitsProcessed","MessageBody":{"RepairedUnits":[]}}"#,
            r#"no: the envelope says "UnitsProcessed", its body is another message"#,
        ),
        (
            r#"{"RepairedUnits":[{"UnitIdentifier":"a\nb"}]}"#,
            r#"no: an item of "units" holds a control character"#,
        ),
    ] {
        let reading = read(text.as_bytes());
        assert_eq!((reading.kind, reading.recognised), (Kind::Attachment, false));
        assert_eq!(reading.interpreted, reason);
    }
}

#[test]
fn a_byte_order_mark_does_not_hide_a_report() {
    let marked = [b"\xef\xbb\xbf".as_slice(), &sample("repair.json")].concat();
    assert_eq!(read(&marked).kind, Kind::Repair);
}
