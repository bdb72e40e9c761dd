//! The shipped mappings on sample files, what is flagged, and bytes that are nothing at all.

use super::*;
use proptest::prelude::*;
use std::path::Path;

fn sample(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn value<'a>(reading: &'a Reading, name: &str) -> Option<&'a str> {
    reading.values.get(name).map(|value| std::str::from_utf8(value).unwrap())
}

/// The readings of a sample under a shipped mapping.
fn shipped(mapping: &str, name: &str) -> Vec<Reading> {
    read(&Mapping::shipped(mapping).unwrap(), name.as_bytes(), &sample(name))
}

/// The only one, which is understood and of the whole file.
fn one(mapping: &str, name: &str) -> Reading {
    let mut readings = shipped(mapping, name);
    let reading = readings.pop().unwrap();
    assert!(readings.is_empty() && reading.recognised, "{name}: {reading:?}");
    assert_eq!(reading.range, 0..sample(name).len());
    reading
}

/// Checks values and `|`-separated lists.
fn check(reading: &Reading, want: &[(&str, &str)]) {
    for (name, want) in want {
        let have = value(reading, name).map(|value| value.replace('\n', "|"));
        assert_eq!(have.as_deref(), Some(*want), "{name} in {reading:?}");
    }
}

#[test]
fn a_panel_in_xml_is_read_in_every_encoding() {
    for name in ["saki-like.xml", "saki-like-bom.xml", "saki-like-shift-jis.xml"] {
        let reading = one("saki-like", name);
        assert_eq!(reading.kind, Kind::AoiReport);
        let want = [
            ("panel", "PNL0099123"),
            ("side", "Top"),
            ("units", "PNL0099123-1|PNL0099123-2|N/A|"),
            ("unit/positions", "1|2|3|"),
            ("verdict", "Pass|Fail|Pass|"),
            ("verdict/panel", "Fail"),
            ("defects", "1"),
            ("calls/false", "2"),
            ("claimed/start", "03/02/2026 08:15:30"),
            ("claimed/end", "03/02/2026 08:15:58"),
            ("claimed/format", "MM/dd/yyyy HH:mm:ss"),
            ("claimed/zone", "unknown"),
        ];
        check(&reading, &want);
        assert_eq!(reading.links.board.as_deref(), Some("PNL0099123\u{1f}Top"));
        assert_eq!(reading.links.recipe.as_deref(), Some("MAINBRD_TOP"));
        assert_eq!(claimed_instant(&reading.values), None, "a time without zone is no instant");
    }
    check(&one("saki-like", "saki-like-shift-jis.xml"), &[("operator", "検査員1")]);
    let unread = one("saki-like", "saki-like-no-code.xml");
    check(&unread, &[("panel", "N/A")]);
    assert_eq!(unread.links.board, None, "all unread panels would be one board");
}

#[test]
fn machine_and_operator_are_two_records_of_one_board() {
    let machine = one("omron-like-machine", "AOI7_L0055_PNL0099123_REFLOW_TOP_20260302081558.csv");
    assert_eq!(machine.kind, Kind::AoiReport);
    check(&machine, &[("verdict", "NG"), ("inspected", "3"), ("defects", "2"), ("lot", "L0055")]);
    let operator =
        one("omron-like-operator", "AOI7_L0055_PNL0099123_REVIEW_TOP_20260302081720.csv");
    assert_eq!(operator.kind, Kind::Review);
    check(&operator, &[("verdict", "OK"), ("verdict/before", "NG"), ("reviewed", "C14|U2|")]);
    check(&operator, &[("operator", "検査員1")]);
    assert!(operator.interpreted.contains(" Shift_JIS "), "{}", operator.interpreted);
    assert_eq!(machine.links.board, operator.links.board);
    assert_eq!(machine.links.board.as_deref(), Some("PNL0099123\u{1f}TOP"));
}

#[test]
fn rows_of_one_board_are_a_record_of_exactly_their_bytes() {
    let bytes = sample("yestech-like.csv");
    let readings = shipped("yestech-like", "yestech-like.csv");
    let kinds: Vec<Kind> = readings.iter().map(|reading| reading.kind).collect();
    assert_eq!(kinds, [Kind::AoiReport, Kind::AoiReport, Kind::Review]);
    check(
        &readings[0],
        &[("units", "SN100041|"), ("defects", "2"), ("defect/codes", "TMB01|BRG02|")],
    );
    check(&readings[2], &[("operator", "B. Köhler"), ("claimed/end", "03/02/2026 08:17:20")]);
    // The header is nobody's; from there on no byte is left out or in two records.
    let header = bytes.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let mut at = header;
    for reading in &readings {
        assert_eq!(reading.range.start, at);
        at = reading.range.end;
    }
    assert_eq!(at, bytes.len());
    assert!(readings[0].exact(&bytes).ends_with(b"QFP48\r\n"));
    assert_eq!(readings[0].links.board, readings[2].links.board);
}

#[test]
fn profiles_keep_their_words_in_every_encoding_and_cells_may_be_no_numbers() {
    for (name, verdict, operator) in [
        ("kic-like.csv", "Pass", "B0417"),
        ("kic-like-gbk.csv", "合格", "张三"),
        ("kic-like-bom.csv", "合格", "张三"),
    ] {
        let reading = one("kic-like", name);
        assert_eq!(reading.kind, Kind::ReflowCertificate);
        check(&reading, &[("verdict", verdict), ("operator", operator), ("pwi", "71.2")]);
        check(&reading, &[("trace/channels", "TC1 BGA|TC2 board|TC3 edge|TC4 air|")]);
        check(&reading, &[("claimed/end", "03/02/2026 08:07:49"), ("window", "PASTE_X")]);
        let links = reading.links;
        assert_eq!((links.lane.as_deref(), links.machine.as_deref()), (Some("1"), Some("OVEN3")));
    }
    let datapaq = one("datapaq-like", "datapaq-like.csv");
    check(&datapaq, &[("claimed/start", "02.03.2026 08:02:11"), ("peak", "241,7 °C")]);
    check(&datapaq, &[("trace/channels", "Kanal 1|Kanal 2|Kanal 3|"), ("trace/decimal", ",")]);
    assert!(datapaq.interpreted.contains(" windows-1252 "));
    let small = one("t-962-like", "t-962-like.csv");
    assert_eq!(small.kind, Kind::OvenData);
    check(&small, &[("mode", "STANDBY"), ("program", "t-962-like")]);
}

#[test]
fn degrees_are_read_as_they_were_written_in_both_encodings() {
    for (name, degrees, text, encoding) in [
        ("kic-like.csv", b" 245 \xb0C".as_slice(), "PASTE_X 245 °C", " windows-1252 "),
        ("kic-like-gbk.csv", b" 245 \xa1\xe6", "PASTE_X 245 ℃", " GBK "),
    ] {
        let mut bytes = sample(name);
        let window = bytes.windows(7).position(|part| part == b"PASTE_X").unwrap() + 7;
        bytes.splice(window..window, degrees.iter().copied());
        let readings = read(&Mapping::shipped("kic-like").unwrap(), name.as_bytes(), &bytes);
        check(&readings[0], &[("window", text)]);
        assert!(readings[0].interpreted.contains(encoding), "{}", readings[0].interpreted);
    }
}

#[test]
fn chinese_headings_are_read_and_whoever_judged_makes_it_a_review() {
    let machine = one("domestic-like", "domestic-like.csv");
    assert_eq!(machine.kind, Kind::AoiReport);
    let want = [
        ("panel", "PNL0099124"),
        ("machine", "AOI-5"),
        ("lot", "L0056"),
        ("program", "MAINBRD_TOP"),
        ("verdict", "不良"),
        ("inspected", "166"),
        ("units", "PNL0099124-1|PNL0099124-2|PNL0099124-3|"),
        ("defects", "2"),
        ("defect/codes", "|TMB01|SHT01||"),
        ("calls/false", "0"),
        ("claimed/start", "2026-03-02 08:15:58"),
        ("claimed/zone", "unknown"),
    ];
    check(&machine, &want);
    assert_eq!((value(&machine, "operator"), value(&machine, "claimed/end")), (None, None));
    assert!(machine.interpreted.contains(" GBK "), "{}", machine.interpreted);
    let review = one("domestic-like", "domestic-like-review.csv");
    assert_eq!(review.kind, Kind::Review);
    check(&review, &[("operator", "操作员0705"), ("inspector", "操作员0417"), ("verdict", "不良")]);
    check(&review, &[("claimed/end", "2026-03-02 08:17:20"), ("calls/false", "1")]);
    assert_eq!(machine.links.board, review.links.board);
}

#[test]
fn rows_of_a_file_that_grows_are_read_without_a_header_days_first() {
    let bytes = sample("yestech-dat-like.dat");
    let readings = shipped("yestech-dat-like", "yestech-dat-like.dat");
    let kinds: Vec<Kind> = readings.iter().map(|reading| reading.kind).collect();
    assert_eq!(kinds, [Kind::AoiReport, Kind::AoiReport, Kind::Review]);
    check(&readings[0], &[("panel", "PNL0099123"), ("verdict", "FAIL"), ("defects", "2")]);
    check(&readings[1], &[("verdict", "PASS"), ("defects", "0"), ("offset/worst", "0,000")]);
    check(&readings[0], &[("claimed/format", "dd/MM/yyyy HH:mm:ss"), ("inspected", "166")]);
    let together: Vec<u8> = readings.iter().flat_map(|one| one.exact(&bytes).to_vec()).collect();
    assert_eq!(together, bytes, "every byte is in one record and no other");
    let rows = "31/02/2026 08:00:00;P;M;I;PASS;1;0;0\r\n;;;X;;;;\r\n";
    let mapping = Mapping::shipped("yestech-dat-like").unwrap();
    let strange = read(&mapping, b"AOIData.Dat", rows.as_bytes());
    assert!(value(&strange[0], "claimed/problem").unwrap().contains("is not dd/MM/yyyy"));
    assert_eq!((strange[1].kind, strange[1].recognised), (Kind::Attachment, false));
}

#[test]
fn a_bare_curve_is_a_certificate_that_says_what_it_does_not_state() {
    let bare = one("t-962-like-certificate", "t-962-like.csv");
    assert_eq!(bare.kind, Kind::ReflowCertificate);
    for absent in ["machine", "program", "verdict", "window", "pwi", "claimed/start"] {
        assert_eq!(value(&bare, absent), None, "{absent}");
    }
    check(&bare, &[("mode", "STANDBY"), ("not-stated", "machine program verdict window")]);
    assert!(bare.interpreted.ends_with(" fixed not-stated"), "{}", bare.interpreted);
    assert_eq!((bare.links.machine, bare.links.recipe), (None, None), "it is in force nowhere");
}

#[test]
fn empty_cells_of_a_table_are_not_counted() {
    let rows = "SystemID,Inspector,Assy,WO,IDate,SN,DefectCode,RDate,Reviewer,RecType,Side,FC\n\
                YTV-1,,M,W,03/02/2026 08:15:30,SN1,,,,I,T,0\n";
    let readings = read(&Mapping::shipped("yestech-like").unwrap(), b"", rows.as_bytes());
    check(&readings[0], &[("units", "SN1|"), ("defects", "0")]);
}

#[test]
fn rows_of_a_database_are_reports_until_somebody_reviews_them() {
    let bytes = sample("koh-young-like.json");
    let readings = shipped("koh-young-like", "koh-young-like.json");
    let kinds: Vec<Kind> = readings.iter().map(|reading| reading.kind).collect();
    assert_eq!(kinds, [Kind::AoiReport, Kind::Review, Kind::AoiReport]);
    check(&readings[0], &[("pcb/number", "9007199254740993"), ("defect/rows", "2")]);
    check(&readings[1], &[("verdict", "OK"), ("verdict/before", "NG"), ("operator", "B0533")]);
    check(&readings[2], &[("lot", "notest")]);
    for reading in &readings {
        let exact = reading.exact(&bytes);
        assert!(exact.starts_with(b"{\"pcbguid\"") && exact.ends_with(b"]}"));
    }
    let lines = shipped("koh-young-like", "koh-young-like-rows.json");
    assert_eq!(lines.len(), 2);
    let alone = read(&Mapping::shipped("koh-young-like").unwrap(), b"", b"{\"barcode\":\"P\"}\n");
    assert_eq!((alone.len(), alone[0].range.clone()), (1, 0..16));
}

#[test]
fn programs_limits_and_tables_name_what_they_are_the_newest_of() {
    for (mapping, name) in [
        ("viscom-like-codes", "VpcDefectDefinition.ini"),
        ("defect-table-like", "defect-codes-gbk.csv"),
        ("program-file", "PASTE_X.lim"),
    ] {
        let reading = one(mapping, name);
        assert_eq!(reading.kind, Kind::Program);
        assert_eq!(reading.links.subject.as_deref(), Some(name));
    }
    check(&one("viscom-like-codes", "VpcDefectDefinition.ini"), &[("revision", "2026-02-11")]);
    let any = read(&Mapping::shipped("attachment").unwrap(), b"a.pdf", b"%PDF-1.7\0\xff");
    assert_eq!(
        (any[0].kind, any[0].recognised, any[0].range.clone()),
        (Kind::Attachment, true, 0..10)
    );
}

/// A mapping of a site's own: days first, date and time of day apart, a fixed zone and machine.
const OWN: &str = r#"
name = "own"
kind = "aoi-report"
format = "csv"
require = ["panel", "claimed/start"]
[csv]
delimiter = ";"
records = "rows"
decimal = ","
[fields]
panel = "Platine"
verdict = "Ergebnis"
machine = { text = "AOI-9" }
inspected = "Breite"
[times]
format = "dd.MM.yyyy HH:mm:ss"
start = ["Tag", "Uhr"]
zone = "+08:00"
"#;

#[test]
fn what_the_mapping_says_itself_is_marked_as_such() {
    let mapping = Mapping::parse(OWN).unwrap();
    let readings = read(&mapping, b"x.csv", &sample("rows-days-first.csv"));
    assert_eq!(readings.len(), 2);
    let first = &readings[0];
    check(first, &[("claimed/start", "13.02.2026 08:15:30"), ("claimed/zone", "+08:00 (mapping)")]);
    check(first, &[("machine", "AOI-9"), ("claimed/problem", "inspected is no number: \"1,25\"")]);
    assert!(first.interpreted.ends_with(" fixed machine"), "{}", first.interpreted);
    assert!(first.interpreted.contains(&spec::Hash::of(OWN.as_bytes()).to_hex()));
    assert_eq!(value(first, "inspected"), None);
    assert_eq!(claimed_instant(&first.values), Some(UnixMillis(1_770_941_730_000)));
    let months_first = OWN.replace("dd.MM.yyyy", "MM.dd.yyyy");
    let readings =
        read(&Mapping::parse(&months_first).unwrap(), b"", &sample("rows-days-first.csv"));
    let problem = value(&readings[0], "claimed/problem").unwrap();
    assert!(problem.ends_with("claimed/start is not MM.dd.yyyy HH:mm:ss"), "{problem}");
    assert!(readings[0].recognised, "the value is kept, and flagged");
}

#[test]
fn what_a_mapping_does_not_fit_is_flagged_and_whole() {
    for (mapping, bytes, why) in [
        (
            "saki-like",
            b"\xff\xff<Panel/>".as_slice(),
            "no: it has no byte order mark and is not UTF-8 or",
        ),
        ("saki-like", b"<!DOCTYPE Panel><Panel/>", "no: a document type is refused"),
        (
            "saki-like",
            b"<Panel result='Pass'/>",
            "no: it has no \"verdict\", which the mapping requires",
        ),
        ("saki-like", b"", "no: not XML: 0 elements at the top"),
        ("kic-like", b"a,b\n1,2\n", "no: no row begins with the cell \"Time (s)\""),
        ("kic-like", b"Time (s),TC1\n", "no: it has no \"verdict\""),
        ("yestech-like", b"a,b\n1,2\n", "no: it has no column"),
        ("yestech-like", b"SN,Side,RecType,IDate,RDate\n", "no: it holds no record"),
        (
            "yestech-like",
            b"SN,Side,RecType,IDate,RDate\n1,T,Q,,\n",
            "no: the word \"Q\" chooses no kind",
        ),
        (
            "yestech-like",
            b"SN,SN,Side,RecType,IDate,RDate\n1,1,T,I,,\n",
            "no: two columns are named",
        ),
        (
            "koh-young-like",
            b"[{\"barcode\":\"a\",\"barcode\":\"b\"}]",
            "no: the JSON member \"barcode\" is",
        ),
        ("koh-young-like", b"[]", "no: it holds no record"),
        ("koh-young-like", b"x", "no: not JSON"),
        (
            "omron-like-machine",
            b"Program,BoardResult\nA,OK\nA,NG\n",
            "no: \"verdict\" has different values",
        ),
        ("viscom-like-codes", b"\x81", "no: it has no byte order mark"),
        ("t-962-like", b"# Time,Mode\n1,\"a\n", "no: \"trace/channels\""),
    ] {
        let readings = read(&Mapping::shipped(mapping).unwrap(), b"a_b_c_d_e.csv", bytes);
        assert_eq!(readings.len(), 1, "{mapping}");
        let reading = &readings[0];
        if mapping == "t-962-like" {
            assert!(reading.recognised, "an open quote ends with the file: {reading:?}");
            continue;
        }
        assert_eq!((reading.kind, reading.recognised), (Kind::Attachment, false), "{mapping}");
        assert!(reading.interpreted.starts_with(why), "{mapping}: {}", reading.interpreted);
        let own_bytes = reading.range.len() <= bytes.len() && reading.range.end <= bytes.len();
        assert!(own_bytes, "{mapping}: {:?}", reading.range);
    }
}

#[test]
fn a_name_in_the_encoding_of_its_country_is_read() {
    let bytes = sample("AOI7_L0055_PNL0099123_REFLOW_TOP_20260302081558.csv");
    let board = |mapping: &str, name: &[u8]| {
        let mapping = Mapping::shipped("omron-like-machine").map(|shipped| match mapping {
            "" => shipped,
            encoding => {
                let text = Mapping::shipped_text("omron-like-machine").unwrap();
                Mapping::parse(&text.replace("shift-jis", encoding)).unwrap()
            }
        });
        let readings = read(&mapping.unwrap(), name, &bytes);
        value(&readings[0], "panel").unwrap().to_string()
    };
    assert_eq!(board("gbk", b"M_L_\xb2\xbb\xc1\xbc_R_T_1.csv"), "不良");
    assert_eq!(board("", "M_L_不良_R_T_1.csv".as_bytes()), "不良");
    assert_eq!(board("", b"M_L_\xff1_R_T_1.csv"), "\\xff1");
}

#[test]
fn a_file_beyond_the_limits_is_one_attachment() {
    let large = vec![b' '; MAX_INTERPRETED_SIZE + 1];
    for name in Mapping::names() {
        let readings = read(&Mapping::shipped(name).unwrap(), b"", &large);
        assert_eq!((readings.len(), readings[0].recognised), (1, false), "{name}");
        assert_eq!(readings[0].range, 0..large.len());
    }
    let rows = "SN,Side,RecType,IDate,RDate\n".to_string()
        + &(0..=MAX_READINGS).map(|at| format!("{at},T,I,,\n")).collect::<String>();
    let readings = read(&Mapping::shipped("yestech-like").unwrap(), b"", rows.as_bytes());
    assert_eq!(
        (readings.len(), readings[0].interpreted.as_str()),
        (1, "no: more than 65536 records")
    );
}

#[test]
fn a_list_of_verdicts_that_is_not_one_for_each_unit_is_not_believed() {
    let text = "name = \"x\"\nkind = \"review\"\nformat = \"json\"\n[fields]\n\
                units = { path = \"u[]\", list = true }\nverdict = { path = \"v[]\", list = true }\n";
    let mapping = Mapping::parse(text).unwrap();
    let right = read(&mapping, b"", br#"{"u":["a","b"],"v":["OK",null]}"#);
    check(&right[0], &[("verdict", "OK||")]);
    let wrong = read(&mapping, b"", br#"{"u":["a","b"],"v":["OK"]}"#);
    assert_eq!(wrong[0].interpreted, "no: 1 of \"verdict\" for 2 units");
    let wide = read(&mapping, b"", b"\xff\xfe{\0}\0");
    assert_eq!(wide[0].interpreted, "no: nothing that the mapping names is in it");
}

/// Whatever the bytes: no panic, at least one reading, and every reading of bytes that are there.
fn holds(bytes: &[u8]) {
    for name in Mapping::names() {
        let readings = read(&Mapping::shipped(name).unwrap(), b"a_b_c_d_e.csv", bytes);
        assert!(!readings.is_empty(), "{name}");
        let mut last = 0;
        for reading in &readings {
            let size = reading.unpacked.as_deref().unwrap_or(bytes).len();
            assert!(
                reading.range.start <= reading.range.end && reading.range.end <= size,
                "{name}"
            );
            assert!(reading.range.start >= last || readings.len() == 1, "{name}: not in order");
            last = reading.range.end;
            let values = reading.values.iter().map(|(name, value)| {
                (spec::evidence::kind::FieldName::parse(name).unwrap(), value.clone())
            });
            let record =
                spec::evidence::record::Record::new(reading.kind, values.collect(), || [7; 32]);
            assert!(record.is_ok(), "{name}: {:?}", record.err());
            assert!(reading.recognised || reading.kind == Kind::Attachment, "{name}");
        }
    }
}

fn samples() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [folder.join("tests/samples"), folder.join("../tests/samples")];
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

#[test]
fn every_sample_holds_under_every_mapping() {
    for bytes in samples() {
        holds(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_give_a_reading_of_bytes_that_are_there(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        holds(&bytes);
    }

    #[test]
    fn arbitrary_structure_gives_a_reading_of_bytes_that_are_there(
        text in r#"[\[\]{}<>/=,;:"'#&!a-c0-9 \r\n\t不]{0,200}"#,
    ) {
        holds(text.as_bytes());
    }

    #[test]
    fn damaged_samples_give_a_reading_of_bytes_that_are_there(
        which in any::<proptest::sample::Index>(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<proptest::sample::Index>(),
        shorten in any::<bool>(),
    ) {
        let samples = samples();
        let mut bytes = samples[which.index(samples.len())].clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if shorten {
            bytes.truncate(cut.index(bytes.len()));
        }
        holds(&bytes);
    }
}
