//! Recognition, on the project's own sample reports and on what must not be believed.

use super::*;
use std::path::{Path, PathBuf};

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/samples");
    std::fs::read(folder.join(name)).unwrap()
}

/// The reading of one message.
fn read(bytes: &[u8]) -> Reading {
    let mut readings = super::read(bytes);
    assert_eq!(readings.len(), 1, "{readings:?}");
    readings.remove(0)
}

fn value<'a>(reading: &'a Reading, name: &str) -> Option<&'a str> {
    reading.values.get(name).map(|value| std::str::from_utf8(value).unwrap())
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
fn the_lot_of_an_inspection_is_what_makers_put_into_its_metadata() {
    let of = |panel: &str, body: &str| {
        let message = format!(
            r#"{{"InspectionMethod":"AOI","InspectedUnits":[{{"UnitIdentifier":"B1"}}],
            "InspectedPanel":{{"UnitIdentifier":"P1"{panel}}}{body}}}"#
        );
        value(&read(message.as_bytes()), "lot").map(str::to_string)
    };
    let [own, whole] = ["L-7", "L-8"].map(|lot| format!(r#","Metadata":{{"Lot":"{lot}"}}"#));
    assert_eq!(of(&own, "").as_deref(), Some("L-7"));
    assert_eq!(of("", &whole).as_deref(), Some("L-8"));
    assert_eq!(of(&own, &whole).as_deref(), Some("L-7"), "the panel's own");
    for odd in ["", r#","Metadata":null"#, r#","Metadata":{"Lot":""}"#, r#","Metadata":["Lot"]"#] {
        assert_eq!(of(odd, ""), None, "{odd}");
    }
    let repair = read(br#"{"RepairedUnits":[{"UnitIdentifier":"B1"}],"Metadata":{"Lot":"L-9"}}"#);
    assert_eq!((repair.kind, value(&repair, "lot")), (Kind::Repair, Some("L-9")));
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
            r#"{"InspectionMethod":"AOI","InspectedUnits":[],"RepairedUnits":[]}"#,
            "no: the members of more than one message",
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
    assert_eq!(read(&marked).range, 0..marked.len());
}

#[test]
fn chains_are_followed_by_panel_machine_recipe_and_lane() {
    let links = read(&sample("aoi-panel-second-attempt.json")).links;
    assert_eq!(links.board.as_deref(), Some("PNL0099123"));
    assert_eq!(links.recipe.as_deref(), Some("MAINBRD_TOP"));
    assert!(links.machine.is_some());
    let links = read(&sample("reflow-profile.json")).links;
    assert!(links.lane.is_some() && links.machine.is_some() && links.recipe.is_some());
}

#[test]
fn what_a_person_inspected_is_a_review() {
    let text = String::from_utf8(sample("aoi-panel-failed.json")).unwrap();
    let human = text.replacen("\"AOI\"", "\"Human\"", 1);
    let reading = read(human.as_bytes());
    assert_eq!((reading.kind, reading.recognised), (Kind::Review, true), "{reading:?}");
    assert_eq!(value(&reading, "verdict"), Some("Passed\nFailed\nPassed\n"));
    assert_eq!(value(&reading, "reviewed").map(|list| list.lines().count()), Some(2));
    assert_eq!(value(&reading, "defects"), None);
}

#[test]
fn a_report_without_a_kind_still_names_its_boards() {
    let text = r#"{"InspectionMethod":"AXI","InspectedUnits":[{"UnitIdentifier":"U1",
        "OverallResult":"Failed","Verification":"DefectRejected"}]}"#;
    let reading = read(text.as_bytes());
    assert_eq!((reading.kind, reading.recognised), (Kind::Attachment, true));
    assert_eq!(value(&reading, "description"), Some("AXI"));
    assert_eq!(
        (value(&reading, "units"), value(&reading, "verdict")),
        (Some("U1\n"), Some("Failed\n"))
    );
    assert_eq!(value(&reading, "verification"), Some("DefectRejected\n"));
}

#[test]
fn a_panel_without_its_boards_is_a_report_too() {
    let text = r#"{"InspectionMethod":"SPI","InspectedUnits":null,"InspectedPanel":{
        "UnitIdentifier":"P1","OverallResult":"Failed","TotalInspectionCount":40,
        "Inspections":[{"DefectsFound":[{},{}]}]}}"#;
    let reading = read(text.as_bytes());
    assert_eq!((reading.kind, reading.recognised), (Kind::SpiReport, true), "{reading:?}");
    assert_eq!(
        (value(&reading, "verdict"), value(&reading, "defects")),
        (Some("Failed"), Some("2"))
    );
    assert_eq!((value(&reading, "inspected"), value(&reading, "units")), (Some("40"), None));
    assert_eq!(reading.links.board.as_deref(), Some("P1"));
    let generic =
        r#"{"CommonProcessData":{"$type":"CFX.Structures.Generic.GenericProcessData, CFX"}}"#;
    let reading = read(generic.as_bytes());
    assert_eq!((reading.kind, reading.recognised), (Kind::Attachment, true));
    let class = "CFX.Structures.Generic.GenericProcessData";
    assert_eq!(value(&reading, "description"), Some(class));
    let named = r#"{"MessageName":"CFX.Production.Processing.UnitsProcessed","MessageBody":{
        "CommonProcessData":null,"UnitProcessData":[{"UnitIdentifier":"P1"}]}}"#;
    let reading = read(named.as_bytes());
    assert!(reading.interpreted.ends_with(" kept as it is"), "{}", reading.interpreted);
    assert_eq!(value(&reading, "units"), Some("P1\n"));
}

#[test]
fn counts_beyond_any_float_are_not_rounded() {
    let unit = |count: &str| format!(r#"{{"UnitIdentifier":"U","TotalInspectionCount":{count}}}"#);
    for (counts, want) in [
        (["9007199254740993", "0"], Some("9007199254740993")),
        (["18446744073709551615", "1"], None),
        (["1.0", "1"], None),
        (["\"12\"", "1"], Some("13")),
    ] {
        let units = counts.map(unit).join(",");
        let text = format!(r#"{{"InspectionMethod":"AOI","InspectedUnits":[{units}]}}"#);
        assert_eq!(value(&read(text.as_bytes()), "inspected"), want, "{counts:?}");
    }
}

#[test]
fn one_bad_message_of_an_array_spoils_no_other() {
    let good = String::from_utf8(sample("repair.json")).unwrap().trim_end().to_string();
    let bad =
        good.replacen("\"OverallResult\"", "\"OverallResult\":\"Scrap\",\"OverallResult\"", 1);
    let array = format!("[{bad},{good}]");
    let readings = super::read(array.as_bytes());
    assert_eq!(readings[0].interpreted, "no: the JSON member \"OverallResult\" is repeated");
    assert_eq!(readings[0].exact(array.as_bytes()), bad.as_bytes());
    assert_eq!((readings[1].kind, readings[1].recognised), (Kind::Repair, true));
    for text in ["[1]", "[{},[]]", "[[{}]]", "7", "null"] {
        assert!(!read(text.as_bytes()).recognised, "{text}");
    }
    let many = format!("[{}{{}}]", "{},".repeat(MAX_READINGS));
    assert_eq!(read(many.as_bytes()).interpreted, "no: more than 65536 messages");
}

#[test]
fn gzip_is_unpacked_within_bounds_and_else_kept_as_it_came() {
    use flate2::Compression;
    use std::io::Write;
    let pack = |bytes: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    };
    let text = sample("repair.json");
    let (first, second) = text.split_at(100);
    let two_members = [pack(first), pack(second)].concat();
    let reading = read(&two_members);
    assert_eq!((reading.kind, reading.exact(&two_members)), (Kind::Repair, text.as_slice()));

    let bomb = pack(&vec![b' '; MAX_INTERPRETED_SIZE + 1]);
    let torn = &pack(&text)[..200];
    for (bytes, why) in [
        (bomb.as_slice(), "no: gzip of more than 16777216 bytes"),
        (torn, "no: gzip that does not unpack: "),
        (&pack(b"hello"), "no: gzip, and inside: not JSON"),
    ] {
        let reading = read(bytes);
        assert!(reading.interpreted.starts_with(why), "{}", reading.interpreted);
        assert_eq!((reading.range, reading.unpacked), (0..bytes.len(), None));
        assert_eq!(reading.media_type, Some("application/gzip"));
    }
}
