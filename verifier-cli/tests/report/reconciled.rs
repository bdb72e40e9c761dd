//! Deliveries on paper: every unit with what is found of it, and what was not checked.

use std::fmt::Write as _;

use spec::bundle::PartPath;

use crate::dispute::Dispute;
use crate::{check_harmless, check_markup, check_no_evidence, hold_to_golden};

const RECONCILE: [&str; 5] = ["reconcile", "--units", "shipped.csv", "--bundle", "dispute.zip"];

/// The delivery of the one panel of a dispute, and of a board that nobody has seen.
fn shipped(dispute: &Dispute) {
    let list = "serial,panel,position,lot\nPNL0099123,,,L7\nSN-9,,2,L7\nPNL0099123,,,L7\n";
    dispute.write("shipped.csv", list.as_bytes());
}

#[test]
fn a_delivery_is_shown_unit_by_unit() {
    let dispute = Dispute::new();
    shipped(&dispute);
    for (language, word) in [("en", "NOT IN ORDER"), ("zh", "有问题")] {
        let page = dispute.report(&RECONCILE, language, 1);
        check_harmless(&page);
        assert!(page.contains(&format!("<h1>{word}</h1>")));
        for shown in ["PNL0099123", "SN-9", "L7"] {
            assert!(page.contains(shown), "{shown}");
        }
        // Names of rules are for machines.
        assert!(!page.contains("found-"), "{page}");
        hold_to_golden(&format!("reconciled.{language}.html"), &page);
    }
}

#[test]
fn which_units_are_red_is_said_at_the_top_and_again_at_the_end() {
    let dispute = Dispute::new();
    shipped(&dispute);
    for (language, heading, said) in [
        ("en", "Look at this:", "2 of your 2 units are red: PNL0099123, SN-9"),
        ("zh", "请留意：", "您的 2 个单元中有 2 个为红色：PNL0099123、SN-9"),
    ] {
        let (code, out, _) = dispute.run(&RECONCILE, language);
        let listed = format!("\n{heading}\n  - {said}\n");
        assert_eq!((code, out.matches(&listed).count()), (1, 2), "{out}");
        let (_, end) = out
            .rsplit_once("\nVerdict: NOT IN ORDER")
            .or(out.rsplit_once("\n结论：有问题"))
            .unwrap();
        assert!(end.starts_with(&listed), "{out}");
    }
    let (_, json, _) = dispute.run(&[&RECONCILE[..], &["--json"]].concat(), "en");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["look"][0]["code"], "look-red");
    assert_eq!(json["look"][0]["units"], serde_json::json!(["PNL0099123", "SN-9"]));
}

#[test]
fn units_of_which_nothing_is_found_are_named() {
    let dispute = Dispute::of_many(3);
    dispute.write("shipped.csv", b"serial\nSN000000\nSN000001\nSN000002\nSN000001\n");
    let page = dispute.report(&RECONCILE, "en", 0);
    check_harmless(&page);
    assert!(page.contains("<h1>VERIFIED</h1>") && page.contains("no unit is red"));
    assert!(page.contains("<li>SN000000</li>") && page.contains("<li>SN000002</li>"));
    assert!(page.contains("<b class=\"colour amber\">AMBER</b> 2 times in the list"));
    // The other half of the truth, whatever the verdict.
    assert!(page.contains("whether the machine told the truth"));
    assert!(page.contains("no oven reports a panel"));
    let accepted = [&RECONCILE[..], &["--accept", "found-twice"]].concat();
    let page = dispute.report(&accepted, "en", 0);
    assert!(page.contains("agreed to be normal"));
}

#[test]
fn that_the_readers_policy_and_pins_may_be_the_bundles_own_is_said_of_a_delivery_once() {
    let dispute = Dispute::of_many(1);
    dispute.write("shipped.csv", b"serial\nSN000000\n");
    let own = crate::support::policy();
    let told = |policy: String| {
        let copies =
            [(PartPath::Policy, policy.into_bytes()), (PartPath::Pins, dispute.read("pins"))];
        dispute.write_with("dispute.zip", &copies);
        dispute.write_with("again.zip", &copies);
        let more = ["--bundle", "again.zip", "--policy", "policy", "--pins", "pins", "--json"];
        let (code, out, err) = dispute.plain(&[&RECONCILE[..], &more].concat());
        assert_eq!(code, 0, "{out}{err}");
        let json: serde_json::Value = serde_json::from_str(&out).unwrap();
        let open = json["not_checked"].as_array().unwrap().iter();
        let codes = open.map(|said| said["code"].as_str().unwrap().to_owned());
        codes.filter(|code| code.starts_with("open-same-")).collect::<Vec<String>>()
    };
    let both = ["open-same-policy", "open-same-pins"];
    assert_eq!(told(own.clone()), both);
    assert_eq!(told(format!("# Another comment.\n\n{own}")), both);
    assert_eq!(told(own.replace("quorum witness", "quorum one")), ["open-same-pins"]);
}

#[test]
fn what_the_policy_leaves_open_is_said_of_a_delivery_as_well() {
    let dispute = Dispute::of_many(1);
    dispute.write("shipped.csv", b"serial\nSN000000\n");
    let open = "the policy asks for no witness";
    assert!(!dispute.report(&RECONCILE, "en", 0).contains(open));
    dispute.write("policy", crate::support::small_policy().as_bytes());
    let page = dispute.report(&RECONCILE, "en", 0);
    assert!(page.contains("<h1>VERIFIED</h1>") && page.contains(open));
}

#[test]
fn a_list_of_which_nothing_is_found_accuses_nobody() {
    let dispute = Dispute::of_many(3);
    // As machines do not spell them; of another delivery; and the right ones under a semicolon.
    for (list, code, said) in [
        ("sn000000\nsn000001\n", 2, "none of your 2 units is found"),
        ("serial;panel\nSN-9;\n", 2, "none of your 1 unit"),
        ("serial;panel\nSN000000;\nSN000001;\n", 0, "2 units shipped: 2 GREEN"),
    ] {
        dispute.write("shipped.csv", list.as_bytes());
        let (ended, out, err) = dispute.run(&RECONCILE, "en");
        assert_eq!(ended, code, "{list}{out}{err}");
        assert!((out + &err).contains(said), "{list}");
    }
    // One that is missing beside others is missing.
    dispute.write("shipped.csv", b"SN000000\nSN-9\n");
    assert_eq!(dispute.run(&RECONCILE, "en").0, 1);
}

#[test]
fn a_header_that_no_column_is_known_by_is_no_unit_and_told_before_the_units() {
    let dispute = Dispute::of_many(3);
    dispute.write("shipped.csv", b"Board 1\nSN000000\nSN000001\nSN000002\n");
    for (language, taken, counts, all) in [
        (
            "en",
            "`Board 1`, was taken for a header",
            "How the units stand",
            "3 units shipped: 3 GREEN",
        ),
        ("zh", "首行 `Board 1` 被当作表头", "总览", "出货 3 个单元：绿 3"),
    ] {
        let words = [&RECONCILE[..], &["--csv", "table.csv"]].concat();
        let page = dispute.report(&words, language, 0);
        check_harmless(&page);
        let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
        assert!(at(taken) < at(counts), "{language}");
        let table = String::from_utf8(dispute.read("table.csv")).unwrap();
        assert!(table.contains("SN000002") && !table.contains("Board 1"), "{table}");
        let (code, out, _) = dispute.run(&RECONCILE, language);
        assert_eq!(code, 0, "{out}");
        assert!(out.lines().take(4).any(|line| line.contains(taken)) && out.contains(all), "{out}");
        assert!(!out.contains("RED  ") && !out.contains("红  "), "{out}");
        // At the end of a long text what to look at is said again.
        let end = if language == "en" { "\nVerdict: " } else { "\n结论：" };
        let said = out.split(end).next().unwrap();
        let open = said.lines().filter(|line| line.starts_with("  - ") && line.contains("Board 1"));
        assert_eq!(open.count(), 2, "{out}");
    }
    // Where nothing is found, neither a header nor columns that were not read go unsaid.
    for (list, said) in [
        ("Board 1\nPN-1\nPN-2\n", "the first line of your list, Board 1, is written as none"),
        ("serial;Panel No.\nPN-1;P1\n", "I did not read these columns of your list: `Panel No.`"),
    ] {
        dispute.write("shipped.csv", list.as_bytes());
        let (code, out, err) = dispute.run(&RECONCILE, "en");
        assert_eq!(code, 2, "{out}{err}");
        assert!(err.contains(said), "{err}");
        assert!(err.contains("capital and small letters are not the same"), "{err}");
    }
}

#[test]
fn what_is_amber_is_left_to_the_reader_in_the_first_lines() {
    let dispute = Dispute::of_many(2);
    for (list, is_amber) in
        [("serial\nSN000000\nSN000000\n", true), ("serial\nSN000000\nSN000001\n", false)]
    {
        dispute.write("shipped.csv", list.as_bytes());
        for (language, said) in
            [("en", "whether what is amber is acceptable"), ("zh", "黄色者是否可以接受由您决定")]
        {
            let (code, out, err) = dispute.run(&RECONCILE, language);
            assert_eq!(code, 0, "{out}{err}");
            assert_eq!(out.lines().take(3).any(|line| line.contains(said)), is_amber, "{out}");
        }
    }
}

#[test]
fn a_large_delivery_is_shown_whole() {
    let dispute = Dispute::of_many(40);
    let mut list = String::from("serial\n");
    for at in 0..5200 {
        let _ = writeln!(list, "SN{at:06}");
    }
    dispute.write("shipped.csv", list.as_bytes());
    let page = dispute.report(&RECONCILE, "en", 1);
    check_markup(&page);
    // Once for each unit, and once where findings are counted.
    assert_eq!(page.matches("missing: no record names it").count(), 5160 + 1);
    assert_eq!(page.matches("<li>SN").count(), 40);
    assert!(!page.contains("left out of this page"));
}

#[test]
fn of_a_delivery_whose_evidence_is_rejected_nothing_is_shown() {
    let dispute = Dispute::new();
    shipped(&dispute);
    dispute.remake("dispute.zip", b"{\"InspectedUnits\":[{\"UnitIdentifier\":\"PNL0099123\"}]}");
    let page = dispute.report(&RECONCILE, "en", 1);
    check_harmless(&page);
    check_no_evidence(&page);
    assert!(page.contains("Why it was rejected") && !page.contains("SN-9"));
}

#[test]
fn serials_that_try_to_be_markup_are_text() {
    let dispute = Dispute::of_many(2);
    let list = "serial,panel,lot\nSN000000,,\n<script>alert(1)</script>,<b>,\"'\"\"><img src=x>\"\n\
                \u{202e}dessap,,\n";
    dispute.write("shipped.csv", list.as_bytes());
    let page = dispute.report(&RECONCILE, "en", 1);
    check_harmless(&page);
    assert!(!page.contains("<script") && !page.contains("<img"));
    assert!(page.contains("&lt;script&gt;"));
}

#[test]
fn the_page_and_the_table_have_two_places_and_none_of_what_is_read() {
    let dispute = Dispute::new();
    shipped(&dispute);
    let to = |csv: &str, page: &str| {
        let words = [&RECONCILE[..], &["--csv", csv, "--report", page]].concat();
        let (code, out, err) = dispute.run(&words, "en");
        (code, out + &err)
    };
    for (csv, page, said) in [
        ("both", "both", "are one place"),
        ("both", "./both", "are one place"),
        ("table.csv", "shipped.csv", "which this command reads"),
        ("table.csv", "dispute.zip", "which this command reads"),
    ] {
        let (code, text) = to(csv, page);
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(said), "{text}");
        assert!(!dispute.path("both").exists() && !dispute.path("table.csv").exists());
    }
    let (code, text) = to("table.csv", "page.html");
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("report for people: page.html"), "{text}");
    assert!(dispute.read("table.csv").starts_with("\u{feff}\"serial\"".as_bytes()));
    assert!(dispute.read("page.html").starts_with(b"<!DOCTYPE html>"));
}
