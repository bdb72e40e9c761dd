//! Reports as people and machines read them.

use super::*;

#[test]
fn text_from_outside_cannot_move_the_cursor_or_turn_the_line() {
    assert_eq!(printable("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\\u{a}c");
    assert_eq!(printable("\u{202e}x\u{9b}"), "\\u{202e}x\\u{9b}");
    assert_eq!(printable("产线 4"), "产线 4");
}

#[test]
fn a_value_of_several_lines_keeps_them_and_cannot_look_like_a_verdict() {
    let mut report = Report::new(Verdict::Rejected);
    report.fact(Message::LabelOpened, "first\nVERIFIED\n\u{1b}[2J");
    let text = report.to_text(Language::English);
    assert_eq!(text, "REJECTED\n  opened: first\n    | VERIFIED\n    | \\u{1b}[2J\n");
    let json: Value = serde_json::from_str(&report.to_json(Language::English)).unwrap();
    assert_eq!(json["facts"]["opened"], "first\nVERIFIED\n\\u{1b}[2J");
}

#[test]
fn what_does_not_fit_the_reader_s_files_is_told_from_what_was_changed() {
    let rejected = |message| Report::rejected(vec![Said::new(message, &["a", "b", "c"])]);
    for message in MISFITS {
        let report = rejected(message);
        assert!(report.is_misfit());
        let text = report.to_text(Language::English);
        assert!(text.contains("check that you took the right file"), "{text}");
    }
    assert!(!rejected(Message::BundleAltered).is_misfit());
    assert!(!rejected(Message::BundleAltered).is_damaged());
    for message in DAMAGES {
        let report = rejected(message);
        assert!(report.is_damaged() && !report.is_misfit() && !report.is_repacked());
    }
    let damaged = |detail| {
        let why = Said::new(Message::BundleDamaged, &["b.zip", "policy"]);
        Report::rejected(vec![why.with(vec![Said::new(detail, &[])])])
    };
    assert!(!damaged(Message::BundleCopyAgain).is_repacked());
    let report = damaged(Message::BundleRepacked);
    assert!(report.is_repacked());
    let text = report.to_text(Language::English);
    let said =
        "are: policy. Packed again, or changed: this cannot tell which. Ask for the original file.";
    assert!(text.contains(said) && !text.contains("it was changed"), "{text}");
    assert!(!Report::new(Verdict::Verified).is_misfit());
}

#[test]
fn how_often_a_finding_is_there_is_said_in_words_and_by_its_name_to_machines() {
    let mut report = Report::new(Verdict::Rejected).in_word(Message::NotInOrder);
    let (what, in_short) = (Message::FoundFailed, Message::ShortFailed);
    report.counted_fact(Message::LabelFinding, what, in_short, 2);
    let text = report.to_text(Language::Chinese);
    assert!(text.starts_with("有问题\n") && text.contains("却已出货：2"), "{text}");
    assert!(!text.contains("found-failed"), "{text}");
    let json: Value = serde_json::from_str(&report.to_json(Language::Chinese)).unwrap();
    assert_eq!(json["facts"]["finding"], "found-failed: 2");
    assert_eq!(json["verdict"], "rejected");
}

#[test]
fn sound_evidence_of_what_is_not_in_order_still_holds_and_is_called_otherwise_than_forged() {
    let mut report = Report::new(Verdict::Verified);
    report.reason(Said::new(Message::OwnNamed, &["1", "2"]));
    report.set_not_in_order(Said::new(Message::OwnAbsent, &["1", "2", "SN9"]));
    assert!(report.holds() && !report.is_misfit());
    let text = report.to_text(Language::English);
    assert!(text.starts_with("NOT IN ORDER\n  1 of your 2 units is nowhere: SN9; "), "{text}");
    let json: Value = serde_json::from_str(&report.to_json(Language::English)).unwrap();
    assert_eq!(json["verdict"], "rejected");
    assert!(!Report::rejected(Vec::new()).holds() && !Report::new(Verdict::Undecided).holds());
}

#[test]
fn a_statement_is_called_one_and_machines_get_its_place_as_it_is() {
    let mut report = Report::new(Verdict::Verified);
    let at = Said::new(Message::AtStatement, &["plant-8.example/aoi", "4"]);
    report.placed_fact(Message::LabelNotBefore, "plant-8.example/aoi 4", &at, "x");
    let text = report.to_text(Language::English);
    let said = "log entry made after: plant-8.example/aoi statement 4: x\n";
    assert!(text.ends_with(said), "{text}");
    let text = report.to_text(Language::Chinese);
    assert!(text.contains("plant-8.example/aoi 第 4 号声明: x"), "{text}");
    let json: Value = serde_json::from_str(&report.to_json(Language::Chinese)).unwrap();
    assert_eq!(json["facts"]["not-before"], "plant-8.example/aoi 4: x");
}

#[test]
fn a_long_list_is_whole_for_machines_and_short_for_people() {
    let mut report = Report::new(Verdict::Verified);
    report.fact(Message::LabelOwnRecord, "a");
    report.machine_fact(Message::LabelOwnRecord, "b");
    report.people_fact(Message::LabelOwnMore, "1");
    let text = report.to_text(Language::English);
    assert!(!text.contains(": b") && text.ends_with(": 1\n"), "{text}");
    let json: Value = serde_json::from_str(&report.to_json(Language::English)).unwrap();
    assert_eq!(json["facts"]["own-record"], json!(["a", "b"]));
    assert!(json["facts"]["own-more"].is_null(), "{json}");
}

#[test]
fn single_records_of_the_reader_s_units_come_behind_what_needs_looking_at() {
    let mut report = Report::new(Verdict::Verified);
    report.fact(Message::LabelOwnRecord, "a");
    report.fact(Message::LabelSha256, "b");
    report.not_checked(Message::OpenTruth, &[]);
    let text = report.to_text(Language::English);
    let at = |part: &str| text.find(part).unwrap();
    assert!(at("SHA-256: b") < at("Not checked") && at("truth") < at("Records of your"));
    assert!(text.ends_with(": a\n"), "{text}");
    let values: Vec<&str> = report.facts(Language::English).map(|(_, value)| value).collect();
    assert_eq!(values, ["b", "a"]);
}

#[test]
fn what_is_to_be_looked_at_stands_between_the_verdict_and_its_reasons() {
    let mut report = Report::new(Verdict::Verified);
    report.set_headline(Said::new(Message::MeansBoards, &[]));
    report.reason(Said::new(Message::OwnNotInspected, &["1", "2", "SN1"]));
    report.reason(Said::new(Message::EvidenceVouched, &["2"]));
    report.not_checked(Message::OpenNotInspected, &["2", "1", "SN1"]);
    report.look(Look::of_units(Message::LookFailed, &[], vec!["SN2".to_string()]));
    report.look(Look::of_units(Message::LookNotInspected, &[], vec!["SN1".to_string()]));
    report.tell_elsewhere(Message::OwnNotInspected);
    report.tell_elsewhere(Message::OpenNotInspected);
    let text = report.to_text(Language::English);
    let want = "VERIFIED\n  The evidence holds. That does not say that the boards are good.\n\
                Look at this:\n  - 1 board has no inspection report (AOI): SN1\n  \
                - 1 board failed at the machine and nobody passed it: SN2\nWhat it rests on:\n  \
                2 files are here, unchanged since they were logged\n";
    assert_eq!(text, want);
    // Machines get all of it, and what they got before.
    let json: Value = serde_json::from_str(&report.to_json(Language::English)).unwrap();
    assert_eq!(json["look"][0]["code"], "look-not-inspected");
    assert_eq!(json["look"][1]["units"], json!(["SN2"]));
    assert_eq!(json["reasons"][0]["code"], "own-not-inspected");
    assert_eq!(json["not_checked"][0]["code"], "open-not-inspected");
    // Of what is not in order the headline would be untrue.
    report.set_not_in_order(Said::new(Message::OwnAbsent, &["1", "2", "SN3"]));
    let text = report.to_text(Language::Chinese);
    assert!(text.starts_with("有问题\n  您的 2 个单元中有 1 个找不到：SN3"), "{text}");
    assert!(!text.contains("证据成立；"), "{text}");
}

#[test]
fn the_verdict_s_word_is_said_again_at_the_end_of_what_fills_a_screen() {
    let of_lines = |count: usize| {
        let mut report = Report::new(Verdict::Verified);
        for at in 1..count {
            report.fact(Message::LabelOpened, at);
        }
        report
    };
    let text = of_lines(11).to_text(Language::English);
    assert!(text.lines().count() == 11 && text.ends_with("  opened: 10\n"), "{text}");
    let text = of_lines(12).to_text(Language::English);
    assert!(text.lines().count() == 13 && text.ends_with(": 11\nVerdict: VERIFIED\n"), "{text}");
    assert!(of_lines(12).to_text(Language::Chinese).ends_with("\n结论：已验证\n"));
    // What stood at the top by then is out of sight, and is said again too.
    let mut report = of_lines(12);
    report.look(Said::new(Message::LookHeader, &["serial"]));
    report.look(Said::new(Message::LookNoReport, &[]));
    let looks = report.looks(Language::English);
    let listed = format!("Look at this:\n  - {}\n  - {}\n", looks[0], looks[1]);
    let text = report.to_text(Language::English);
    assert!(text.ends_with(&format!("\nVerdict: VERIFIED\n{listed}")), "{text}");
    assert_eq!(text.matches(&listed).count(), 2, "{text}");
    // Over boards it is no word on them there either, and of what is not in order nothing is added.
    report.set_headline(Said::new(Message::MeansBoards, &[]));
    let end = format!("\nVerdict: VERIFIED. That does not say that the boards are good\n{listed}");
    assert!(report.to_text(Language::English).ends_with(&end));
    let text = report.to_text(Language::Chinese);
    assert!(text.contains("\n结论：已验证；这不表示电路板合格\n请留意：\n  - "), "{text}");
    report.set_not_in_order(Said::new(Message::OwnAbsent, &["1", "2", "SN9"]));
    let end = format!("\nVerdict: NOT IN ORDER\n{listed}");
    assert!(report.to_text(Language::English).ends_with(&end));
    let mut report = of_lines(12);
    report.set_headline(Said::new(Message::MeansBoards, &[]));
    let end = "\nVerdict: VERIFIED. That does not say that the boards are good\n";
    assert!(report.to_text(Language::English).ends_with(end));
    assert!(report.to_text(Language::Chinese).ends_with("\n结论：已验证；这不表示电路板合格\n"));
    report.set_headline(Said::new(Message::MeansReceipt, &[]));
    assert!(report.to_text(Language::English).ends_with("\nVerdict: VERIFIED\n"));
    // It is the word that people read first, and machines have it once.
    let mut report = of_lines(12);
    report.set_not_in_order(Said::new(Message::OwnAbsent, &["1", "2", "SN9"]));
    assert!(report.to_text(Language::English).ends_with("\nVerdict: NOT IN ORDER\n"));
    assert!(!report.to_json(Language::English).contains("Verdict: "));
    // What was made and not judged has no word, and of many reports none fills a screen.
    let mut made = Report::new(Verdict::Done);
    for at in 0..12 {
        made.fact(Message::LabelOpened, at);
    }
    assert!(made.to_text(Language::English).ends_with("  opened: 11\n"));
    let mut found = of_lines(12).in_word(Message::Rejected);
    found.verdict = Verdict::Rejected;
    found.set_found_at("2026-01-02T03:04:05Z".to_string());
    assert!(found.to_text(Language::English).ends_with("  opened: 11\n"));
}

#[test]
fn what_a_word_means_is_told_to_people_alone() {
    let mut report = Report::new(Verdict::Verified);
    report.people_named_fact(Message::LabelSource, Message::SourceIs);
    let text = report.to_text(Language::English);
    // The machine signs nothing: the factory does, with a key for each.
    let said = "source: where records come from: one machine or station, signed for by the factory with a key of \
                its own";
    assert_eq!(text, format!("VERIFIED\n  {said}\n"));
    let chinese = report.to_text(Language::Chinese);
    assert!(
        chinese.contains("来源：记录的来源：一台机器或一个工位，由工厂以其专用密钥代为签名"),
        "{chinese}"
    );
    assert!(!report.to_json(Language::English).contains("station"));
}

#[test]
fn one_of_many_is_one_line_with_its_time() {
    let mut report = Report::new(Verdict::Verified);
    report.reason(Said::new(Message::WatchAgrees, &["5"]));
    report.set_found_at("2026-01-02T03:04:05Z".to_string());
    let text = report.to_text(Language::English);
    assert_eq!(text, "2026-01-02T03:04:05Z all that was seen is one log, now of 5 entries\n");
    // Not even one line among many is a success without the other half of the truth.
    report.not_checked(Message::OpenNoWitnessAddress, &["w1"]);
    report.not_checked(Message::OpenEntries, &[]);
    let open = "now of 5 entries. Not checked: what w1 has seen: the policy has no address of \
                it, and --witness gives none; what the entries say\n";
    let text = report.to_text(Language::English);
    assert!(text.ends_with(open) && text.lines().count() == 1, "{text}");
    let json = report.to_json(Language::English);
    assert_eq!(json.lines().count(), 1);
    assert!(json.contains("\"found_at\":\"2026-01-02T03:04:05Z\""), "{json}");
}

#[test]
fn a_repeated_label_becomes_a_list() {
    let mut report = Report::new(Verdict::Verified);
    for value in ["a", "b", "c"] {
        report.fact(Message::LabelOpened, value);
    }
    let json: Value = serde_json::from_str(&report.to_json(Language::English)).unwrap();
    assert_eq!(json["facts"]["opened"], json!(["a", "b", "c"]));
    assert_eq!(json["verdict"], "verified");
}
