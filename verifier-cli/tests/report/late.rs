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
    assert!(out.contains("logged only on 2 January 2026, 271 days later. Before"), "{out}");
    assert_eq!(look[0]["values"], json!(["2025-04-06", "2026-01-02", "271"]));
    // They are those of the calendar that the dates are of; what is not a day late is not told.
    let (out, _) = told(&[("2026-01-01T03:04:05Z", "Z")]);
    assert!(out.contains("2 January 2026, 1 day later. Before"), "{out}");
    let (out, _) = told(&[("2025-12-31T03:04:06Z", "Z")]);
    assert!(
        out.contains(
            "say 31 December 2025; by the same clock they were logged only on 2 January 2026, 2 days later."
        ),
        "{out}"
    );
    let (_, look) = told(&[("2026-01-01T03:04:06Z", "Z")]);
    assert_eq!(look, json!([]));
}

#[test]
fn both_dates_are_of_the_clock_that_the_record_claims() {
    // In Shanghai it was five past eleven by then, and in Los Angeles still the evening before.
    for (start, dates) in [
        (
            "2026-01-01T00:30:00+08:00",
            "1 January 2026; by the same clock they were logged only on 2 January 2026, 1 day",
        ),
        (
            "2026-01-01T11:04:05+08:00",
            "1 January 2026; by the same clock they were logged only on 2 January 2026, 1 day",
        ),
        ("2025-12-31T23:30:00-08:00", ""),
        (
            "2025-12-31T19:04:00-08:00",
            "31 December 2025; by the same clock they were logged only on 1 January 2026, 1 day",
        ),
        (
            "2025-12-30T20:00:00-08:00",
            "30 December 2025; by the same clock they were logged only on 1 January 2026, 2 days",
        ),
        (
            "2025-12-31T23:30:00+14:00",
            "31 December 2025; by the same clock they were logged only on 2 January 2026, 2 days",
        ),
    ] {
        let (out, look) = told(&[(start, "unknown")]);
        assert_eq!(look == json!([]), dates.is_empty(), "{start}");
        assert!(out.contains(dates), "{start}: {out}");
    }
}

#[test]
fn of_several_days_the_furthest_is_told_as_the_most() {
    let (out, look) = told(&[("2026-01-01T03:04:00Z", "Z"), ("2025-04-06T09:04:05Z", "Z")]);
    let said = "say 6 April 2025 to 1 January 2026; by the same clock they were logged only on 2 January 2026, up to 271 days later.";
    assert!(out.contains(said), "{out}");
    assert_eq!(look[0]["code"], "look-late");
    assert_eq!(look[0]["values"], json!(["2025-04-06 .. 2026-01-01", "2026-01-02", "271"]));
}
