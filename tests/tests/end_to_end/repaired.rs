//! A board that was repaired: captured file by file as they were made, or all at once after an outage, what
//! its buyer is told is the same.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::factory::Factory;

const UNIT: &str = "SN-4471";

/// A file by its place among those of the board, and the name under which it is seen.
type Seen = (usize, &'static str);

/// The board's files in the order in which they were made; the last says this of it.
fn files(last: &str) -> [Vec<u8>; 4] {
    let message = |class: &str, source: &str, time: &str, mut body: Value| {
        body["$type"] = json!(format!("{class}, CFX"));
        let time = format!("2026-03-02T{time}:00+08:00");
        let envelope = json!({
            "MessageName": class, "Version": "2.1", "TimeStamp": time, "Source": source,
            "MessageBody": body,
        });
        envelope.to_string().into_bytes()
    };
    let inspected = |source: &str, method: &str, transaction: &str, time: &str, result: &str| {
        let unit = json!({
            "UnitIdentifier": UNIT, "UnitPositionNumber": 1, "OverallResult": result,
            "Inspections": [],
        });
        let body = json!({
            "TransactionId": transaction, "InspectionMethod": method, "RecipeName": "MAINBRD_TOP",
            "InspectedUnits": [unit],
        });
        message("CFX.Production.TestAndInspection.UnitsInspected", source, time, body)
    };
    let unit = json!({
        "UnitIdentifier": UNIT, "UnitPositionNumber": 1, "OverallResult": "RepairSuccessful",
        "Repairs": [],
    });
    let body = json!({ "TransactionId": "T-3", "RepairedUnits": [unit] });
    let repair = "CFX.Production.ReworkAndRepair.UnitsRepaired";
    [
        inspected("LINE4.AOI7", "AOI", "T-1", "08:50", "Failed"),
        inspected("LINE4.REVIEW", "Human", "T-1", "08:56", "Failed"),
        message(repair, "LINE4.BENCH", "09:30", body),
        inspected("LINE4.AOI7", "AOI", "T-2", "10:05", last),
    ]
}

/// The verdict on the board, and what is found of it, if its files are seen in these looks.
fn reconciled(last: &str, looks: &[&[Seen]]) -> (i32, BTreeSet<String>) {
    let (factory, _server) = Factory::start();
    let (world, files) = (&factory.world, files(last));
    // IPC-CFX messages appear in `reports`.
    factory.watch("cfx", "1h");
    fs::create_dir_all(world.path("reports")).unwrap();
    for look in looks {
        for (file, name) in *look {
            world.write(&format!("reports/{name}"), &files[*file]);
        }
        world.agent(&["run", "--once", "--config", "agent.toml"]).ends_with(0);
    }
    let pins = world.agent(&["pins", "--vault", "vault"]).ends_with(0).out;
    world.write("pins", pins);
    world.write("units", format!("{UNIT}\n"));
    let words = ["disclose", "--vault", "vault", "--unit", UNIT, "--bundle", "shown.zip"];
    world.agent(&words).ends_with(0);
    let words = ["reconcile", "--units", "units", "--policy", "policy", "--pins", "pins"];
    let said =
        world.fiducial(&[&words[..], &["--bundle", "shown.zip", "--json", "--all"]].concat());
    let (code, json) = (said.code, said.json());
    let mut reasons = json["reasons"].as_array().unwrap().iter();
    let of_unit = |reason: &&Value| reason["values"][0] == UNIT;
    let unit = reasons.find(of_unit).unwrap_or_else(|| panic!("{json}"));
    let details = unit["details"].as_array().into_iter().flatten();
    let mut found: BTreeSet<String> =
        details.map(|finding| finding["code"].as_str().unwrap().to_owned()).collect();
    // All of it is seen long after the times that it claims, and may say so.
    found.remove("found-late");
    (code, found)
}

/// As they came, at once, at once with names that turn them round, and the second attempt first.
const LOOKS: [&[&[Seen]]; 4] = [
    &[&[(0, "a.json")], &[(1, "b.json")], &[(2, "c.json")], &[(3, "d.json")]],
    &[&[(0, "aoi-1.json"), (1, "review.json"), (2, "repair.json"), (3, "aoi-2.json")]],
    &[&[(3, "a.json"), (2, "b.json"), (1, "c.json"), (0, "d.json")]],
    &[&[(3, "d.json")], &[(0, "a.json"), (1, "b.json"), (2, "c.json")]],
];

#[test]
fn a_repaired_board_is_told_the_same_however_its_files_are_seen() {
    for looks in LOOKS {
        let (code, found) = reconciled("Passed", looks);
        assert_eq!((code, found), (0, BTreeSet::new()), "{looks:?}");
    }
}

#[test]
fn a_board_that_failed_again_is_told_the_same_however_its_files_are_seen() {
    for looks in [LOOKS[0], LOOKS[2]] {
        let (code, found) = reconciled("Failed", looks);
        assert_eq!((code, found), (1, BTreeSet::from(["found-failed".to_owned()])), "{looks:?}");
    }
}
