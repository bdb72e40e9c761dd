//! Every file parses with a reader by other hands, in the encoding that its maker would use, and
//! key figures agree with the curves beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use encoding_rs::{Encoding, GBK, SHIFT_JIS, UTF_8, WINDOWS_1252};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;
use tests::plant::truth::Certificate;

use crate::support::{Ran, busy};

/// The line's number from a path, which decides its formats.
fn line(path: &str) -> u32 {
    path["line-".len().."line-".len() + 2].parse().expect("a line has a number")
}

fn decode(bytes: &[u8], encoding: &'static Encoding) -> String {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.unwrap_or_else(|| panic!("not {}", encoding.name())).into_owned()
}

/// Rows of a table with `separator`; rows may be of different lengths, as in all these files.
fn rows(text: &str, separator: u8) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let rows = reader
        .records()
        .map(|row| row.expect("rows are well formed").iter().map(str::to_string).collect());
    rows.collect()
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut plain).expect("gzip");
    plain
}

#[test]
fn every_json_file_of_the_plant_is_a_cfx_message_in_one_of_the_shapes_that_are_met() {
    let mut shapes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut identities = BTreeSet::new();
    for (path, bytes) in busy(1).files() {
        let plain = match path.rsplit('.').next() {
            Some("gz") => gunzip(&bytes),
            Some("json") => bytes,
            _ => continue,
        };
        let value: Value = serde_json::from_slice(&plain).unwrap_or_else(|e| panic!("{path}: {e}"));
        let gzip = path.ends_with("gz");
        let messages = match &value {
            Value::Array(messages) => messages.clone(),
            message => vec![message.clone()],
        };
        *shapes
            .entry(match (value.is_array(), value.get("MessageBody").is_some(), gzip) {
                (true, _, true) => "array, compressed",
                (false, true, true) => "envelope, compressed",
                (false, true, false) => "envelope",
                (false, false, false) => "bare",
                _ => panic!("{path} has another shape"),
            })
            .or_default() += 1;
        for message in &messages {
            let body = message.get("MessageBody").unwrap_or(message);
            assert!(body["TransactionId"].as_str().is_some_and(|id| id.len() == 36), "{path}");
            let kinds = ["InspectedUnits", "RepairedUnits", "CommonProcessData"];
            assert_eq!(kinds.iter().filter(|kind| body.get(*kind).is_some()).count(), 1, "{path}");
            if let Some(name) = message.get("MessageName").and_then(Value::as_str) {
                assert!(plain.windows(13).any(|window| window == b"{\"MessageName"), "{path}");
                assert_eq!(body["$type"].as_str().unwrap(), format!("{name}, CFX"), "{path}");
                let identity = message["UniqueID"].as_str().unwrap().to_string();
                assert!(identities.insert(identity), "{path}: two messages with one UniqueID");
            }
        }
    }
    assert_eq!(shapes.len(), 4, "{shapes:?}");
    assert!(shapes.values().all(|count| *count > 20), "{shapes:?}");
}

#[test]
fn cfx_reports_of_the_plant_say_which_parts_failed_and_where_on_the_board() {
    let ran = Ran::new(
        2,
        tests::plant::Scale::hour(),
        tests::plant::Faults::none(),
        tests::plant::Misbehaviour::none(),
    );
    let mut defects = 0;
    for (path, bytes) in ran.files().into_iter().filter(|(path, _)| path.contains("/aoi/")) {
        let message: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(message["TimeStamp"].as_str().unwrap().ends_with("+08:00"), "{path}");
        let units = message["MessageBody"]["InspectedUnits"].as_array().unwrap();
        for unit in units {
            let calls = unit["Inspections"].as_array().unwrap();
            let expected = if calls.is_empty() { "Passed" } else { "Failed" };
            let result = unit["OverallResult"].as_str().unwrap();
            assert!(result == expected || result == "Skipped", "{path}: {result}");
            for call in calls {
                let defect = &call["DefectsFound"][0];
                let name = defect["ComponentOfInterest"]["ReferenceDesignator"].as_str().unwrap();
                let part = name.split('.').next().unwrap();
                let product = &ran.truth.products[..];
                let part = product.iter().flat_map(|p| &p.parts).find(|p| {
                    p.designator == part
                        && Some(p.part_number.as_str())
                            == defect["ComponentOfInterest"]["PartNumber"].as_str()
                });
                let part = part.unwrap_or_else(|| panic!("{path}: no part {name}"));
                let region = &defect["RegionOfInterest"];
                let left = region["StartPointX"].as_f64().unwrap();
                let right = region["RegionSegments"][0]["X"].as_f64().unwrap();
                assert!(left < part.x && part.x < right, "{path}: {name} is not in its region");
                let measured = &call["Measurements"][0]["MeasuredValue"];
                assert!(measured["Value"].as_f64() > measured["MaximumAcceptableValue"].as_f64());
                defects += 1;
            }
        }
    }
    assert!(defects > 20, "{defects}");
}

#[test]
fn xml_of_the_plant_is_well_formed_and_lists_calls_only() {
    let (mut files, mut calls, mut reviewed) = (0, 0, 0);
    for (path, bytes) in busy(1).files().into_iter().filter(|(path, _)| path.ends_with(".xml")) {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").expect("a byte order mark");
        let mut reader = Reader::from_reader(text);
        reader.config_mut().check_end_names = true;
        let (mut depth, mut list, mut failed) = (0, String::new(), 0);
        loop {
            let event = reader.read_event().unwrap_or_else(|e| panic!("{path}: {e}"));
            let attribute = |element: &quick_xml::events::BytesStart<'_>, name: &str| {
                let value = element
                    .try_get_attribute(name)
                    .unwrap()
                    .unwrap_or_else(|| panic!("{path}: {name}"));
                value.value.into_owned()
            };
            match event {
                Event::Start(element) => {
                    depth += 1;
                    list = element.name().as_ref().to_string();
                    if list == "Panel" {
                        let date = attribute(&element, "startDate");
                        assert!(date.len() == 10 && date.starts_with("03/"), "{path}: {date}");
                        assert!(!attribute(&element, "startTime").contains(['+', 'Z']));
                    }
                }
                Event::Empty(element) if element.name().as_ref() == "Reference" => {
                    assert!(["Failed", "FalseCalls"].contains(&list.as_str()), "{path}: {list}");
                    assert!(!attribute(&element, "designator").is_empty());
                    calls += 1;
                    failed += usize::from(list == "Failed");
                    reviewed += usize::from(list == "FalseCalls");
                }
                Event::End(_) => depth -= 1,
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(depth, 0, "{path}");
        let passed = text.windows(17).any(|window| window == b" result=\"passed\" ".as_slice());
        assert!(
            failed == 0 || !passed || text.windows(15).any(|w| w == b"result=\"failed\""),
            "{path}"
        );
        files += 1;
    }
    assert!(files > 150 && calls > 150 && reviewed > 100, "{files} {calls} {reviewed}");
}

#[test]
fn tables_of_the_plant_are_in_the_encodings_of_their_makers() {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let files = busy(1).files();
    for (path, bytes) in &files {
        let (kind, encoding, separator) = match (line(path), path.split('/').nth(1).unwrap()) {
            (3, "aoi") => ("omron", SHIFT_JIS, b','),
            (4, "aoi") if path.ends_with(".Dat") => ("growing", WINDOWS_1252, b';'),
            (4, "aoi") => ("yestech", WINDOWS_1252, b','),
            (5, "aoi") => ("domestic", GBK, b','),
            (2 | 5, "profiler") => ("datapaq", WINDOWS_1252, b';'),
            (1 | 4, "profiler") if path.ends_with(".csv") => ("kic", WINDOWS_1252, b','),
            (5, "program") if path.ends_with("defect-codes.csv") => ("codes", GBK, b','),
            (3, "program") if path.ends_with("defect-codes.csv") => ("codes", SHIFT_JIS, b','),
            _ => continue,
        };
        let text = decode(bytes, encoding);
        let beyond_ascii = !text.is_ascii();
        assert!(beyond_ascii || path.ends_with("AOIData.Dat"), "{path} proves nothing");
        assert!(!beyond_ascii || std::str::from_utf8(bytes).is_err(), "{path} is UTF-8 after all");
        assert!(rows(&text, separator).len() > 1, "{path}");
        assert!(text.ends_with("\r\n"), "{path}");
        *kinds.entry(kind).or_default() += 1;
    }
    assert_eq!(kinds.len(), 7, "{kinds:?}");
    for (path, bytes) in files.iter().filter(|(path, _)| path.contains("/program/")) {
        if !path.ends_with("defect-codes.csv") {
            assert!(rows(&decode(bytes, UTF_8), b',').len() > 4, "{path}");
        }
    }
}

#[test]
fn the_two_folders_of_an_omron_like_machine_of_the_plant_belong_together() {
    let files = busy(1).files();
    let of = |folder: &str| -> BTreeMap<String, Vec<Vec<String>>> {
        let inside = files
            .iter()
            .filter(|(path, _)| path.starts_with("line-03/aoi/") && path.contains(folder));
        let parsed = inside.map(|(path, bytes)| {
            let name = path.rsplit('/').next().unwrap();
            // The verdict at the end may differ: the person may see it otherwise.
            let fields: Vec<&str> = name.trim_end_matches(".csv").split('_').collect();
            assert_eq!(fields.len(), 8, "{name}");
            (fields[..7].join("_"), rows(&decode(bytes, SHIFT_JIS), b','))
        });
        parsed.collect()
    };
    let (machine, operator) = (of("/Machine/"), of("/Operator/"));
    assert!(machine.len() > 150 && operator.len() > 80, "{} {}", machine.len(), operator.len());
    for (key, reviewed) in &operator {
        let first =
            machine.get(key).unwrap_or_else(|| panic!("{key} was never seen by the machine"));
        assert_eq!(first.len(), reviewed.len(), "{key}");
        for (before, after) in first[1..].iter().zip(&reviewed[1..]) {
            // From the segment's number to the defect's code both have the same columns.
            assert_eq!(before[3..11], after[5..13], "{key}");
            assert!(before[1] == "NG" && after[2] == "NG", "{key}: the machine passed it");
            assert!(before[11] == after[13] || after[13] == "OK", "{key}");
        }
    }
}

#[test]
fn the_growing_file_of_the_plant_has_a_row_for_each_inspection_and_each_review() {
    let ran = busy(1);
    let files = ran.files();
    let text = decode(&files["line-04/aoi/AOIData.Dat"], WINDOWS_1252);
    let rows = rows(&text, b';');
    assert!(rows.iter().all(|row| row.len() == 8 && row[7].contains(',')));
    let kinds = |kind: &str| rows.iter().filter(|row| row[3] == kind).count();
    let attempts = || ran.truth.panels.iter().filter(|p| p.line == 4).flat_map(|p| &p.attempts);
    assert_eq!(kinds("I"), attempts().filter(|attempt| attempt.on_disk).count());
    assert_eq!(kinds("R"), attempts().filter(|attempt| attempt.reviewed.is_some()).count());
    let versions =
        ran.truth.versions.iter().filter(|version| version.path.ends_with("AOIData.Dat"));
    assert_eq!(versions.count(), rows.len());
}

/// Slope, soak, peak, time above liquidus and cooling of samples at times, computed afresh.
fn figures(samples: &[(f64, f64)]) -> [f64; 5] {
    let slope = |at: usize| {
        let ((t0, c0), (t1, c1)) = (samples[at], samples[at + 20]);
        // Only where nothing is missing in between: ten seconds are ten seconds.
        ((t1 - t0 - 10.0).abs() < 1e-6).then(|| (c1 - c0) / 10.0)
    };
    let slopes: Vec<f64> = (0..samples.len() - 20).filter_map(slope).collect();
    let peak = samples.iter().map(|sample| sample.1).fold(f64::MIN, f64::max);
    let top = samples.iter().position(|sample| sample.1 == peak).expect("a peak");
    let soak = samples[..top].iter().filter(|sample| (150.0..=200.0).contains(&sample.1)).count();
    let above = samples.iter().filter(|sample| sample.1 > 217.0).count();
    let extreme = |of: fn(f64, f64) -> f64, from| slopes.iter().copied().fold(from, of);
    [
        extreme(f64::max, f64::MIN),
        soak as f64 * 0.5,
        peak,
        above as f64 * 0.5,
        extreme(f64::min, f64::MAX),
    ]
}

const FIGURES: [&str; 5] = [
    "Max Rising Slope (°C/s)",
    "Soak Time 150-200 (s)",
    "Peak (°C)",
    "Time Above 217 (s)",
    "Max Falling Slope (°C/s)",
];

/// Columns of samples below the row that begins with the time; cells that are no numbers left out.
fn curves(rows: &[Vec<String>]) -> Vec<Vec<(f64, f64)>> {
    let head = rows.iter().rposition(|row| row[0] == "Time (s)" || row[0] == "Zeit");
    let head = head.expect("a grid with a heading");
    let number = |cell: &str| cell.replace(',', ".").parse::<f64>().ok();
    let mut curves = vec![Vec::new(); rows[head].len() - 1];
    for row in &rows[head + 1..] {
        // Datapaq-like files have a row of units below the names.
        let Some(time) = number(&row[0]) else { continue };
        for (curve, cell) in curves.iter_mut().zip(&row[1..]) {
            curve.extend(number(cell).map(|value| (time, value)));
        }
    }
    curves
}

fn check_figures(certificate: &Certificate, curves: &[Vec<(f64, f64)>], stated: &[Vec<String>]) {
    assert_eq!(curves.len(), certificate.profile.channels.len());
    for (channel, (truth, curve)) in certificate.profile.channels.iter().zip(curves).enumerate() {
        for (index, computed) in figures(curve).into_iter().enumerate() {
            let id = &certificate.id;
            let in_file: f64 = stated[index][channel].replace(',', ".").parse().expect("a figure");
            assert!(
                (in_file - computed).abs() < 0.011,
                "{id} {channel} {index}: {in_file} {computed}"
            );
            assert!((in_file - truth.figures[index]).abs() < 1e-6, "{id} {channel} {index}");
        }
    }
}

/// A KIC-like file states what its samples come to, and the index and verdict that follow.
fn check_kic(certificate: &Certificate, text: &str) {
    let key = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let value = line.and_then(|line| line.strip_prefix(": "));
        value.unwrap_or_else(|| panic!("{}: no {name}", certificate.id)).to_string()
    };
    let stated =
        FIGURES.map(|name| -> Vec<String> { key(name).split(',').map(str::to_string).collect() });
    check_figures(
        certificate,
        &curves(&rows(text, b',')),
        &stated.clone().map(|row| row[2..].to_vec()),
    );
    let pwi = key("PWI").parse::<f64>().expect("an index");
    let worst = stated.iter().flat_map(|row| {
        let numbers: Vec<f64> = row.iter().map(|cell| cell.parse().expect("a figure")).collect();
        let (middle, half) = ((numbers[0] + numbers[1]) / 2.0, (numbers[1] - numbers[0]) / 2.0);
        numbers[2..].iter().map(|figure| (figure - middle).abs() / half * 100.0).collect::<Vec<_>>()
    });
    let worst = worst.fold(0.0, f64::max);
    assert!((pwi - worst).abs() < 0.06, "{}: {pwi} {worst}", certificate.id);
    assert_eq!(key("Result"), if pwi < 100.0 { "Pass" } else { "Fail" });
    assert_eq!(key("Start"), certificate.claimed);
}

#[test]
fn key_figures_of_profiles_in_the_plant_agree_with_their_curves() {
    let ran = busy(1);
    let files = ran.files();
    let (mut kic, mut datapaq, mut oven, mut odd_cells) = (0, 0, 0, BTreeSet::new());
    for certificate in &ran.truth.certificates {
        let bytes = &files[&certificate.files[0]];
        match certificate.line {
            1 | 4 => {
                check_kic(certificate, &decode(bytes, WINDOWS_1252));
                kic += 1;
            }
            2 | 5 => {
                let rows = rows(&decode(bytes, WINDOWS_1252), b';');
                let head = rows.iter().position(|row| row[0] == "Messort").unwrap();
                let stated: Vec<_> =
                    rows[head + 1..head + 6].iter().map(|row| row[1..].to_vec()).collect();
                check_figures(certificate, &curves(&rows), &stated);
                let cells = rows.iter().flatten().filter(|cell| cell.starts_with('*'));
                odd_cells.extend(cells.cloned());
                datapaq += 1;
            }
            _ => {
                let text = decode(bytes, UTF_8);
                let mut lines = text.lines();
                assert!(lines.next().unwrap().starts_with("# Time,  Temp0,"));
                let rows = rows(&lines.collect::<Vec<_>>().join("\n"), b',');
                assert!(
                    rows.len() == 340 && rows.iter().all(|row| row.len() == 11),
                    "{}",
                    rows.len()
                );
                let numbers = rows.iter().flat_map(|row| &row[..10]);
                assert!(numbers.into_iter().all(|cell| cell.trim().parse::<f64>().is_ok()));
                oven += 1;
            }
        }
    }
    assert!(kic > 4 && datapaq > 4 && oven > 0, "{kic} {datapaq} {oven}");
    let expected: BTreeSet<String> = ["***", "*LO*", "*NA*", "*OC*"].map(String::from).into();
    assert_eq!(odd_cells, expected);
}
