//! Every link, and what must not be linked.

use super::*;
use crate::model::Links;
use spec::Hash;
use spec::evidence::kind::Kind;

#[derive(Default)]
struct Map(BTreeMap<(String, String), Vec<u8>>);

impl Rows for Map {
    fn row(&self, table: &str, key: &str) -> Result<Option<Vec<u8>>, AgentError> {
        Ok(self.0.get(&(table.to_string(), key.to_string())).cloned())
    }

    fn put_row(&mut self, table: &str, key: &str, value: &[u8]) {
        self.0.insert((table.to_string(), key.to_string()), value.to_vec());
    }
}

/// A factory that sees one report after the other.
#[derive(Default)]
struct Factory {
    rows: Map,
    oven: Option<&'static str>,
}

fn sha(content: &str) -> Hash256 {
    Hash::of(content.as_bytes()).into()
}

fn of(content: &str) -> String {
    encode_hex(&sha(content).0)
}

fn reading(kind: Kind, links: Links, values: &[(&str, &str)]) -> Reading {
    let values = values.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    Reading {
        kind,
        recognised: true,
        interpreted: String::new(),
        media_type: None,
        values: values.collect(),
        range: 0..0,
        unpacked: None,
        links,
    }
}

fn board(board: &str, machine: &str) -> Links {
    let (board, machine) = (Some(board.to_string()), Some(machine.to_string()));
    Links { board, machine, ..Links::default() }
}

fn oven(recipe: &str) -> Links {
    let (machine, recipe) = (Some("oven-3".to_string()), Some(recipe.to_string()));
    Links { machine, recipe, ..Links::default() }
}

fn on_oven(board: &str, recipe: &str) -> Links {
    Links { board: Some(board.to_string()), ..oven(recipe) }
}

impl Factory {
    fn sees(&mut self, content: &str, reading: &Reading) -> BTreeMap<String, String> {
        self.sees_item(content, content, None, reading)
    }

    fn sees_item(
        &mut self,
        item: &str,
        content: &str,
        before: Option<&str>,
        reading: &Reading,
    ) -> BTreeMap<String, String> {
        self.sees_part(item, content, (content, before), reading)
    }

    fn sees_part(
        &mut self,
        item: &str,
        content: &str,
        (whole, before): (&str, Option<&str>),
        reading: &Reading,
    ) -> BTreeMap<String, String> {
        let it = Linked {
            reading,
            sha256: sha(content),
            whole: sha(whole),
            item,
            before: before.map(sha),
            seen: UnixMillis(1_772_438_400_000),
            oven: self.oven,
        };
        let added = link(&mut self.rows, &it).unwrap();
        let text = |(name, value)| (name, String::from_utf8(value).unwrap());
        added.into_iter().map(text).collect()
    }
}

fn pairs(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

#[test]
fn a_new_version_of_an_item_supersedes_the_one_before_and_is_no_new_attempt() {
    let mut factory = Factory::default();
    let report = reading(Kind::AoiReport, board("B1", "aoi-7"), &[]);
    assert_eq!(factory.sees_item("a.xml", "one", None, &report), pairs(&[]));
    let edited = factory.sees_item("a.xml", "two", Some("one"), &report);
    assert_eq!(edited, pairs(&[("supersedes", &of("one"))]));
}

#[test]
fn the_same_board_at_the_same_machine_is_another_attempt() {
    let mut factory = Factory::default();
    let report = reading(Kind::AoiReport, board("B1", "aoi-7"), &[]);
    assert!(factory.sees("one", &report).is_empty());
    let second = factory.sees("two", &report);
    assert_eq!(second, pairs(&[("attempt", "2"), ("supersedes", &of("one"))]));
    let third = factory.sees("three", &report);
    assert_eq!(third, pairs(&[("attempt", "3"), ("supersedes", &of("two"))]));
    // Another board, another machine and another kind are chains of their own.
    assert!(factory.sees("x", &reading(Kind::AoiReport, board("B2", "aoi-7"), &[])).is_empty());
    let elsewhere = factory.sees("y", &reading(Kind::AoiReport, board("B1", "aoi-8"), &[]));
    assert_eq!(elsewhere, pairs(&[("follows/sha256", &of("three"))]));
}

#[test]
fn the_same_bytes_under_another_name_are_no_attempt() {
    let mut factory = Factory::default();
    let report = reading(Kind::AoiReport, board("B1", "aoi-7"), &[]);
    factory.sees_item("in/a.xml", "one", None, &report);
    assert!(factory.sees_item("archive/a.xml", "one", None, &report).is_empty());
    let second = factory.sees("two", &report);
    assert_eq!(second["attempt"], "2");
}

#[test]
fn best_of_three_in_one_file_is_three_attempts_in_every_version_of_it() {
    let mut factory = Factory::default();
    let report = reading(Kind::AoiReport, board("B1", "aoi-7"), &[]);
    let attempts = |factory: &mut Factory, whole: &str, before: Option<&str>| {
        let rows = ["r1", "r2", "r3"].map(|row| {
            let content = format!("{row} of {whole}");
            factory.sees_part("all.csv", &content, (whole, before), &report)
        });
        rows.map(|added| added.get("attempt").cloned())
    };
    let want = [None, Some("2".to_string()), Some("3".to_string())];
    assert_eq!(attempts(&mut factory, "first", None), want);
    assert_eq!(attempts(&mut factory, "second", Some("first")), want);
    assert_eq!(factory.sees("elsewhere", &report)["attempt"], "4");
}

#[test]
fn pieces_of_a_growing_file_are_attempts_of_their_own() {
    let mut factory = Factory::default();
    let report = reading(Kind::AoiReport, board("B1", "aoi-7"), &[]);
    factory.sees_item("aoi.dat", "piece 1", None, &report);
    let second = factory.sees_item("aoi.dat", "piece 2", None, &report);
    assert_eq!(second, pairs(&[("attempt", "2"), ("supersedes", &of("piece 1"))]));
}

#[test]
fn review_repair_and_inspection_again_name_what_they_are_about() {
    let mut factory = Factory::default();
    let verdict = claiming(Kind::AoiReport, "aoi-7", "08:50", "");
    factory.sees("verdict", &verdict);
    let review = factory.sees("review", &claiming(Kind::Review, "station-2", "08:56", ""));
    assert_eq!(review, pairs(&[("about/sha256", &of("verdict"))]));
    let repair = factory.sees("repair", &claiming(Kind::Repair, "bench-1", "09:30", ""));
    let want = [("about/sha256", of("verdict")), ("follows/sha256", of("review"))];
    assert_eq!(repair, pairs(&want.each_ref().map(|(name, hash)| (*name, hash.as_str()))));
    let again = factory.sees("again", &claiming(Kind::AoiReport, "aoi-7", "10:05", ""));
    let want =
        [("attempt", "2"), ("supersedes", &of("verdict")), ("follows/sha256", &of("repair"))];
    assert_eq!(again, pairs(&want));
}

/// A report on one board that claims this time, of this transaction.
fn claiming(kind: Kind, machine: &str, time: &str, transaction: &str) -> Reading {
    let start = format!("2026-03-02T{time}:00+08:00");
    let values = [("claimed/start", start.as_str()), ("transaction", transaction)];
    let stated = values.into_iter().filter(|(_, value)| !value.is_empty());
    reading(kind, board("B1", machine), &stated.collect::<Vec<_>>())
}

/// Every order of four things.
fn orders() -> Vec<[usize; 4]> {
    let all = (0..256).map(|n| [n / 64, n / 16 % 4, n / 4 % 4, n % 4]);
    all.filter(|order| (0..4).all(|each| order.contains(&each))).collect()
}

#[test]
fn whatever_is_seen_first_a_review_is_never_about_the_attempt_behind_the_repair() {
    let files = |is_shared: bool| {
        let shared = if is_shared { "T1" } else { "" };
        [
            ("aoi 1", claiming(Kind::AoiReport, "aoi-7", "08:50", shared)),
            ("review", claiming(Kind::Review, "station-2", "08:56", shared)),
            ("repair", claiming(Kind::Repair, "bench-1", "09:30", "")),
            ("aoi 2", claiming(Kind::AoiReport, "aoi-7", "10:05", "")),
        ]
    };
    for (order, is_shared) in orders().into_iter().flat_map(|order| [(order, false), (order, true)])
    {
        let (mut factory, files) = (Factory::default(), files(is_shared));
        let mut has_seen_first = false;
        for at in order {
            let (name, reading) = &files[at];
            let about = factory.sees(name, reading).remove("about/sha256");
            has_seen_first |= at == 0;
            let is_linked = has_seen_first && (at == 1 || at == 2);
            assert_eq!(about, is_linked.then(|| of("aoi 1")), "{name} in {order:?}");
        }
    }
}

#[test]
fn a_review_of_which_neither_transaction_nor_time_tells_what_it_is_about_names_nothing() {
    let untimed = |kind: Kind| reading(kind, board("B1", "station-2"), &[]);
    let mut factory = Factory::default();
    factory.sees("verdict", &claiming(Kind::AoiReport, "aoi-7", "08:50", "T1"));
    let review = factory.sees("untimed", &untimed(Kind::Review));
    assert_eq!(review, pairs(&[("follows/sha256", &of("verdict"))]));
    let early = factory.sees("early", &claiming(Kind::Review, "station-2", "08:49", "T9"));
    assert!(!early.contains_key("about/sha256"), "it claims to be before every inspection");
    // By its transaction it is about the first, however late it claims to be.
    factory.sees("second", &claiming(Kind::AoiReport, "aoi-7", "10:05", "T2"));
    let shared = factory.sees("shared", &claiming(Kind::Review, "station-2", "11:00", "T1"));
    assert_eq!(shared["about/sha256"], of("verdict"));
    // An inspection of which no time is known may be the one.
    factory.sees("another", &untimed(Kind::AoiReport));
    let doubtful = factory.sees("doubtful", &claiming(Kind::Review, "station-2", "11:01", ""));
    assert!(!doubtful.contains_key("about/sha256"));
}

#[test]
fn of_many_inspections_those_that_are_remembered_take_no_earlier_review() {
    let mut factory = Factory::default();
    for minute in 0..40 {
        let time = format!("08:{minute:02}");
        factory.sees(&time, &claiming(Kind::AoiReport, "aoi-7", &time, ""));
    }
    let mut about = |time: &str| {
        factory.sees(&format!("at {time}"), &claiming(Kind::Review, "station-2", time, ""))
    };
    assert_eq!(about("08:30")["about/sha256"], of("08:30"));
    assert!(!about("08:05").contains_key("about/sha256"));
}

#[test]
fn a_row_of_an_earlier_version_is_read_and_links_no_review() {
    let mut factory = Factory::default();
    let row = serde_json::json!({"last": null, "verdict": sha("verdict"), "certificate": null});
    factory.rows.put_row("board", &key_of(&[b"B1"]), row.to_string().as_bytes());
    let review = factory.sees("review", &claiming(Kind::Review, "station-2", "08:56", ""));
    assert!(review.is_empty());
}

#[test]
fn a_review_of_a_board_that_no_machine_reported_names_nothing() {
    let mut factory = Factory::default();
    let review = reading(Kind::Review, board("B1", "station-2"), &[]);
    assert!(factory.sees("review", &review).is_empty());
    // The verdict that is found late follows the review: links are in the order of sight.
    let verdict = factory.sees("verdict", &reading(Kind::AoiReport, board("B1", "aoi-7"), &[]));
    assert_eq!(verdict, pairs(&[("follows/sha256", &of("review"))]));
}

#[test]
fn a_late_report_is_linked_in_the_order_of_sight_and_says_so() {
    let mut factory = Factory::default();
    let at = |time| reading(Kind::AoiReport, board("B1", "aoi-7"), &[("claimed/start", time)]);
    factory.sees("noon", &at("2026-03-02T12:00:00+08:00"));
    let late = factory.sees("morning", &at("2026-03-02T03:00:00Z"));
    assert_eq!((late["attempt"].as_str(), &late["supersedes"]), ("2", &of("noon")));
    assert!(late["chain/order"].contains("earlier"));
    let next = factory.sees("evening", &at("2026-03-02T18:00:00+08:00"));
    assert_eq!((next["attempt"].as_str(), next.get("chain/order")), ("3", None));
    // Times that cannot be compared are not compared.
    let unknown = factory.sees("unknown", &at("03/02/2026 01:00"));
    assert_eq!((unknown["attempt"].as_str(), unknown.get("chain/order")), ("4", None));
}

#[test]
fn a_changed_program_supersedes_the_one_of_its_subject_and_panels_name_it() {
    let mut factory = Factory::default();
    let subject = Links { subject: Some("MAIN_TOP".to_string()), ..Links::default() };
    let program = reading(Kind::Program, subject, &[]);
    assert!(factory.sees("v1", &program).is_empty());
    assert!(factory.sees_item("a copy", "v1", None, &program).is_empty());
    assert_eq!(factory.sees("v2", &program), pairs(&[("supersedes", &of("v1"))]));

    let panel = reading(Kind::AoiReport, board("B1", "aoi-7"), &[("program", "MAIN_TOP")]);
    assert_eq!(factory.sees("panel", &panel), pairs(&[("program/sha256", &of("v2"))]));
    let other = reading(Kind::AoiReport, board("B2", "aoi-7"), &[("program", "OTHER")]);
    assert!(factory.sees("other", &other).is_empty());
    let said = [("program", "MAIN_TOP"), ("program/sha256", "as the machine says")];
    let said = reading(Kind::AoiReport, board("B3", "aoi-7"), &said);
    assert!(factory.sees("said", &said).is_empty(), "the report's own word is not replaced");
}

#[test]
fn a_program_is_known_by_its_name_where_its_subject_is_the_name_of_its_file() {
    let mut factory = Factory::default();
    let program = |file: &str, name: &str| {
        let subject = Links { subject: Some(file.to_string()), ..Links::default() };
        reading(Kind::Program, subject, &[("program", name)])
    };
    let panel = |factory: &mut Factory, board_name: &str, name: &str| {
        let links = board(board_name, "aoi-7");
        factory.sees(board_name, &reading(Kind::AoiReport, links, &[("program", name)]))
    };
    factory.sees("v1", &program("MAIN_TOP.csv", "MAIN_TOP"));
    assert_eq!(panel(&mut factory, "B1", "MAIN_TOP"), pairs(&[("program/sha256", &of("v1"))]));
    factory.sees("v2", &program("MAIN_TOP.csv", "MAIN_TOP"));
    assert_eq!(panel(&mut factory, "B2", "MAIN_TOP"), pairs(&[("program/sha256", &of("v2"))]));
    // A second file by this name: nobody can say which of them a report means, from then on.
    factory.sees("limits", &program("MAIN_TOP.lim", "MAIN_TOP"));
    factory.sees("v3", &program("MAIN_TOP.csv", "MAIN_TOP"));
    assert!(panel(&mut factory, "B3", "MAIN_TOP").is_empty());
    // A subject of that very name stands before whatever else has it.
    factory.sees("whole", &program("MAIN_TOP", "other"));
    assert_eq!(panel(&mut factory, "B4", "MAIN_TOP"), pairs(&[("program/sha256", &of("whole"))]));
}

#[test]
fn panels_name_the_certificate_in_force_and_a_new_one_ends_it() {
    let mut factory = Factory::default();
    let first = [("certificate", "C-1"), ("valid/from", "2026-03-02T06:00:00Z")];
    let first = reading(Kind::ReflowCertificate, oven("SAC305"), &first);
    assert!(factory.sees("cert 1", &first).is_empty());
    let panel = |factory: &mut Factory, board: &str, recipe: &str| {
        factory.sees(board, &reading(Kind::OvenData, on_oven(board, recipe), &[]))
    };
    let under_first = pairs(&[
        ("certificate", "C-1"),
        ("certificate/sha256", &of("cert 1")),
        ("certificate/from", "2026-03-02T06:00:00Z"),
    ]);
    assert_eq!(panel(&mut factory, "B1", "SAC305"), under_first);

    let second = reading(Kind::ReflowCertificate, oven("SAC305"), &[]);
    let seen = "2026-03-02T08:00:00.000Z";
    let ends = pairs(&[
        ("certificate/ends", &of("cert 1")),
        ("certificate/until", seen),
        ("valid/from", seen),
    ]);
    assert_eq!(factory.sees("cert 2", &second), ends);
    assert_eq!(panel(&mut factory, "B2", "SAC305")["certificate/sha256"], of("cert 2"));
    // A board keeps the certificate that it went through the oven under.
    let aoi = factory.sees("aoi of B1", &reading(Kind::AoiReport, board("B1", "aoi-7"), &[]));
    assert_eq!(aoi["certificate/sha256"], of("cert 1"));
}

#[test]
fn a_changeover_ends_a_certificate_and_its_recipe_does_not_bring_it_back() {
    let mut factory = Factory::default();
    factory.sees("cert", &reading(Kind::ReflowCertificate, oven("A"), &[]));
    let panel = |factory: &mut Factory, board: &str, recipe: &str| {
        factory.sees(board, &reading(Kind::OvenData, on_oven(board, recipe), &[]))
    };
    assert_eq!(panel(&mut factory, "B1", "A")["certificate/sha256"], of("cert"));
    let changed = panel(&mut factory, "B2", "B");
    assert_eq!(changed["certificate/ends"], of("cert"));
    assert!(!changed.contains_key("certificate/sha256"));
    assert!(panel(&mut factory, "B3", "A").is_empty());
    // The profile of the next recipe is run with it, before its first board.
    factory.sees("cert B", &reading(Kind::ReflowCertificate, oven("B"), &[]));
    assert_eq!(panel(&mut factory, "B4", "B")["certificate/sha256"], of("cert B"));
}

#[test]
fn an_inspection_names_the_certificate_of_its_line_s_oven_where_ovens_tell_no_boards() {
    let mut factory = Factory { oven: Some("oven-3"), ..Factory::default() };
    factory.sees("cert", &reading(Kind::ReflowCertificate, oven("A"), &[]));
    let aoi = factory.sees("aoi", &reading(Kind::AoiReport, board("B1", "aoi-7"), &[]));
    assert_eq!(aoi["certificate/sha256"], of("cert"));
}

#[test]
fn lanes_have_certificates_of_their_own_and_share_the_oven_s() {
    let mut factory = Factory::default();
    let lane = |links: Links, lane: &str| Links { lane: Some(lane.to_string()), ..links };
    factory.sees("whole", &reading(Kind::ReflowCertificate, oven("A"), &[]));
    factory.sees("back", &reading(Kind::ReflowCertificate, lane(oven("A"), "2"), &[]));
    let panel = |factory: &mut Factory, board: &str, at: &str| {
        factory.sees(board, &reading(Kind::OvenData, lane(on_oven(board, "A"), at), &[]))
    };
    assert_eq!(panel(&mut factory, "B1", "1")["certificate/sha256"], of("whole"));
    assert_eq!(panel(&mut factory, "B2", "2")["certificate/sha256"], of("back"));
}

#[test]
fn a_report_without_a_lane_is_of_the_only_one_and_of_none_among_several() {
    let mut factory = Factory { oven: Some("oven-3"), ..Factory::default() };
    let of_lane = |lane: &str| {
        let lane = Links { lane: Some(lane.to_string()), ..oven("A") };
        reading(Kind::ReflowCertificate, lane, &[])
    };
    let panel = |factory: &mut Factory, board: &str| {
        factory.sees(board, &reading(Kind::OvenData, on_oven(board, "A"), &[]))
    };
    assert!(panel(&mut factory, "B0").is_empty());
    let mut factory = Factory { oven: Some("oven-3"), ..Factory::default() };
    factory.sees("cert 1", &of_lane("1"));
    factory.sees("cert 2", &of_lane("1"));
    let said = panel(&mut factory, "B1");
    assert_eq!(said["certificate/sha256"], of("cert 2"));
    assert_eq!(said["certificate/lane"], "1");
    let aoi = factory.sees("aoi", &reading(Kind::AoiReport, board("B9", "aoi-7"), &[]));
    assert_eq!(
        (aoi["certificate/sha256"].as_str(), aoi["certificate/lane"].as_str()),
        (of("cert 2").as_str(), "1")
    );
    factory.sees("cert 3", &of_lane("2"));
    assert!(panel(&mut factory, "B2").is_empty(), "nobody can say which of two lanes it was");
}

#[test]
fn keys_of_rows_tell_no_names_and_do_not_run_together() {
    assert_ne!(key_of(&[b"ab", b"c"]), key_of(&[b"a", b"bc"]));
    let mut factory = Factory::default();
    factory.sees("one", &reading(Kind::AoiReport, board("PNL0099123", "aoi-7"), &[]));
    assert!(factory.rows.0.keys().all(|(_, key)| !key.contains("PNL")));
}
