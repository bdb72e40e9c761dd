//! Boards that no machine inspected, in the terminal and on paper.

use crate::check_harmless;
use crate::dispute::Dispute;

#[test]
fn a_board_that_no_machine_inspected_is_not_shown_as_passed() {
    let dispute = Dispute::of_line();
    let page = dispute.verify("dispute.zip", "en", 0);
    assert!(page.contains("<b>none shown</b></td>"), "{page}");
    assert!(dispute.verify("dispute.zip", "zh", 0).contains("<b>未出示</b></td>"));
    assert!(!Dispute::new().verify("dispute.zip", "en", 0).contains("none shown</b></td>"));
    dispute.write("mine", b"PNL0099123\n");
    let words = ["bundle", "verify", "dispute.zip", "--units", "mine"];
    for (language, said) in [
        ("en", "1 board has no inspection report (AOI): PNL0099123. Ask the maker for it."),
        ("zh", "1 块电路板没有检测（AOI）报告：PNL0099123。请向工厂索要。"),
    ] {
        let (code, out, err) = dispute.run(&words, language);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains(said), "{out}");
        // What compares a delivery is named among what was not checked.
        let open = if language == "en" { "Not checked:" } else { "未检查：" };
        let (looked, open) = out.split_once(open).unwrap();
        assert!(
            !looked.contains("fiducial reconcile") && open.contains("fiducial reconcile"),
            "{out}"
        );
        assert!(dispute.report(&words, language, 0).contains(said));
    }
    let reconcile = ["reconcile", "--units", "mine", "--bundle", "dispute.zip"];
    let (code, out, _) = dispute.run(&reconcile, "en");
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("no report by an inspection machine"), "{out}");
    // Where it is inspected, nothing is said.
    let inspected = Dispute::of_many(1);
    inspected.write("mine", b"SN000000\n");
    let (_, out, _) = inspected.run(&words, "en");
    assert!(!out.contains("no inspection report") && !out.contains("reconcile"), "{out}");
}

#[test]
fn nobody_reads_that_all_holds_over_boards_and_what_they_lack_stands_before_the_reasons() {
    let words = ["bundle", "verify", "dispute.zip"];
    for (language, means, look, said) in [
        (
            "en",
            "The evidence holds. That does not say that the boards are good.",
            "Look at this:",
            [
                "1 board has no inspection report (AOI): PN2. ",
                "1 board failed at the machine and nobody",
            ],
        ),
        (
            "zh",
            "证据成立；这不表示电路板合格。",
            "请留意：",
            [
                "1 块电路板没有检测（AOI）报告：PN2。",
                "1 块电路板被机器判为不合格，无人复判通过：PN1",
            ],
        ),
    ] {
        let dispute = Dispute::of_three();
        let (code, out, err) = dispute.run(&words, language);
        assert_eq!(code, 0, "{err}");
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[1..3], [format!("  {means}").as_str(), look], "{out}");
        for (line, said) in lines[3..].iter().zip(said) {
            assert!(line.starts_with(&format!("  - {said}")), "{line}");
        }
        let page = dispute.verify("dispute.zip", language, 0);
        let banner = page.find(means).unwrap();
        assert!(banner < page.find("<section class=\"look\">").unwrap());
        assert!(!page.contains("Everything that was checked holds"), "{page}");
    }
    // Boards that a person passed are told by the names of the list, and those that a machine passed later are not.
    let dispute = Dispute::of_reviews();
    dispute.write("mine", b"serial,panel\nSN1,PN1\nSN2,PN2\nSN3,PN3\n");
    let (code, out, _) = dispute.run(&[&words[..], &["--units", "mine"]].concat(), "en");
    assert_eq!(code, 0, "{out}");
    let said = "  - 2 boards failed at the machine and were passed by a person: SN1, SN2\n";
    assert!(out.contains(said) && !out.contains("nobody passed"), "{out}");
    let page = dispute.verify("dispute.zip", "en", 0);
    assert!(page.contains("PN1 (failed, then passed review)</h3>"), "{page}");
    let (_, json, _) = dispute.run(&[&words[..], &["--json"]].concat(), "en");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["look"][0]["code"], "look-passed-by-person");
    assert_eq!(json["look"][0]["units"], serde_json::json!(["PN1", "PN2"]));
    // Nothing that is about no board is told of boards.
    let (_, out, _) = Dispute::of_program().run(&words, "en");
    assert!(!out.contains("boards are good") && !out.contains("Look at this"), "{out}");
    let page = Dispute::of_program().verify("dispute.zip", "en", 0);
    assert!(page.contains("Everything that was checked holds"), "{page}");
}

#[test]
fn a_board_that_no_machine_inspected_comes_first_with_a_list_and_without() {
    let dispute = Dispute::of_three();
    dispute.write("mine", b"serial,panel\nSN1,PN1\nSN2,PN2\nSN3,PN3\n");
    let listed = ["bundle", "verify", "dispute.zip", "--units", "mine"];
    for (language, first, by_panel, listed_panel) in [
        (
            "en",
            "Board 1: SN2 (panel PN2) (no inspection shown)",
            "found by the panel alone",
            "3 of your 3 units are found by the panel that your list gives for them, not by their serials",
        ),
        (
            "zh",
            "板 1：SN2（拼板 PN2）（未出示检测）",
            "仅凭拼板",
            "您的 3 个单元中有 3 个是按您清单所给的拼板找到的，而非按序列号",
        ),
    ] {
        let page = dispute.report(&listed, language, 0);
        check_harmless(&page);
        assert!(page.contains(first), "{page}");
        let (_, out, _) = dispute.run(&listed, language);
        assert_eq!(out.lines().position(|line| line.contains("SN2")), Some(3), "{out}");
        // Each panel is one board: that a record may be of a neighbour is nobody's worry.
        assert!(!out.contains(by_panel) && !page.contains(by_panel), "{out}");
        // But none of the serials is in a record, and that is told.
        assert!(out.contains(listed_panel) && page.contains(listed_panel), "{out}");
        assert!(!out.contains("SN3"), "{out}");
    }
    let (_, json, _) = dispute.run(&[&listed[..], &["--json"]].concat(), "en");
    assert!(json.contains("SN1 (PN1)") && json.contains("SN3 (PN3)"), "{json}");

    let alone = &listed[..3];
    for (language, first, said) in [
        (
            "en",
            "Board 1: PN2 (no inspection shown)",
            "  - 1 board has no inspection report (AOI): PN2. ",
        ),
        ("zh", "板 1：PN2（未出示检测）", "  - 1 块电路板没有检测（AOI）报告：PN2。"),
    ] {
        assert!(dispute.report(alone, language, 0).contains(first));
        let (code, out, _) = dispute.run(alone, language);
        assert!(code == 0 && out.contains(said), "{out}");
    }
    let (_, json, _) = dispute.run(&[alone, &["--json"]].concat(), "en");
    assert!(json.contains("of 3 boards or panels named in what is shown"), "{json}");
}

#[test]
fn where_all_are_inspected_nothing_is_said_and_where_none_is_no_board_is_named() {
    let listed = ["bundle", "verify", "dispute.zip", "--units", "mine"];
    let alone = &listed[..3];
    let no_report = "  - No inspection report (AOI) is among what is shown\n";
    for (other, is_told) in [(Dispute::of_many(2), false), (Dispute::of_line(), true)] {
        let (_, out, _) = other.run(alone, "en");
        assert!(!out.contains("no inspection report"), "{out}");
        assert_eq!(out.contains(no_report), is_told, "{out}");
    }
    // With a list that is said of its units by name.
    let line = Dispute::of_line();
    line.write("mine", b"PNL0099123\n");
    let (_, out, _) = line.run(&listed, "en");
    assert!(
        !out.contains(no_report) && out.contains("1 board has no inspection report (AOI)"),
        "{out}"
    );
    for (language, said) in [
        ("en", "No inspection report (AOI) is among what is shown"),
        ("zh", "所出示的内容中没有检测（AOI）报告"),
    ] {
        let page = line.verify("dispute.zip", language, 0);
        check_harmless(&page);
        let look = page.split_once("<section class=\"look\">").unwrap().1;
        assert!(look.split_once("</section>").unwrap().0.contains(said), "{page}");
        let (_, out, _) = line.run(alone, language);
        assert!(out.contains(&format!("  - {said}\n")), "{out}");
    }
}
