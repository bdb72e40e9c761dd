//! How many days behind their claimed times records were logged: with the dates, and to machines as a number.

use serde_json::{Value, json};

use crate::dispute::Dispute;

/// What is said of boards that claim these times, and what machines get. Witnessed on 2026-01-02 at 03:04:05 UTC.
fn told(times: &[(&str, &str)]) -> (String, Value) {
    let dispute = Dispute::claiming(times);
    let words = ["bundle", "verify", "dispute.zip"];
    let (_, out, _) = dispute.run(&words, "en");
    let (_, json, _) = dispute.run(&[&words[..], &["--json"]].concat(), "en");
    let json: Value = serde_json::from_str(&json).unwrap();
    (out, json["look"].clone())
}

#[test]
fn with_the_dates_it_is_said_how_many_days_lie_between() {
    let (out, look) = told(&[("2025-04-06T09:04:05Z", "Z")]);
    assert!(out.contains("logged only on 2 January 2026, 270 days later. Before"), "{out}");
    assert_eq!(look[0]["values"], json!(["2025-04-06", "2026-01-02", "270"]));
    // Days that are not whole do not count, and the first is one.
    let (out, _) = told(&[("2026-01-01T03:04:05Z", "Z")]);
    assert!(out.contains("2 January 2026, 1 day later. Before"), "{out}");
    let (_, look) = told(&[("2025-12-31T03:04:06Z", "Z")]);
    assert_eq!(look[0]["values"][2], "1");
    let (_, look) = told(&[("2026-01-01T03:04:06Z", "Z")]);
    assert_eq!(look, json!([]));
}

#[test]
fn of_several_days_the_furthest_is_told_as_the_most() {
    let (out, look) = told(&[("2026-01-01T03:04:00Z", "Z"), ("2025-04-06T09:04:05Z", "Z")]);
    let said = "say 6 April 2025 to 1 January 2026; they were logged only on 2 January 2026, up to 270 days later.";
    assert!(out.contains(said), "{out}");
    assert_eq!(look[0]["code"], "look-late");
    assert_eq!(look[0]["values"], json!(["2025-04-06 .. 2026-01-01", "2026-01-02", "270"]));
}
