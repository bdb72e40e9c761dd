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
        ("en", "(AOI) is shown for 1 of your 1 unit: PNL0099123; `reconcile` judges that"),
        ("zh", "1 个单元中有 1 个未出示检测设备（AOI）的报告：PNL0099123"),
    ] {
        let (code, out, err) = dispute.run(&words, language);
        assert_eq!(code, 0, "{out}{err}");
        assert!(out.contains(said), "{out}");
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
    assert!(!out.contains("inspection machine"), "{out}");
}

#[test]
fn a_board_that_no_machine_inspected_comes_first_with_a_list_and_without() {
    let dispute = Dispute::of_three();
    dispute.write("mine", b"serial,panel\nSN1,PN1\nSN2,PN2\nSN3,PN3\n");
    let listed = ["bundle", "verify", "dispute.zip", "--units", "mine"];
    for (language, first, by_panel) in [
        ("en", "Board 1: SN2 (panel PN2) (no inspection shown)", "3 of your 3 units are found"),
        ("zh", "板 1：SN2（拼板 PN2）（未出示检测）", "3 个单元中有 3 个仅凭拼板"),
    ] {
        let page = dispute.report(&listed, language, 0);
        check_harmless(&page);
        assert!(page.contains(first), "{page}");
        let (_, out, _) = dispute.run(&listed, language);
        let line = |part: &str| out.lines().position(|line| line.contains(part)).unwrap();
        assert_eq!((line("SN2"), line(by_panel)), (2, 3), "{out}");
        assert!(!out.contains("SN1") && !out.contains("SN3"), "{out}");
    }
    let (_, json, _) = dispute.run(&[&listed[..], &["--json"]].concat(), "en");
    assert!(json.contains("SN1 (PN1)") && json.contains("SN3 (PN3)"), "{json}");

    let alone = &listed[..3];
    for (language, first, open) in [
        (
            "en",
            "Board 1: PN2 (no inspection shown)",
            "of 3 boards or panels named in what is shown",
        ),
        ("zh", "板 1：PN2（未出示检测）", "3 个单板或拼板中，有 1 个"),
    ] {
        assert!(dispute.report(alone, language, 0).contains(first));
        let (code, out, _) = dispute.run(alone, language);
        assert!(
            code == 0
                && out.lines().any(|line| line.starts_with("  - ")
                    && line.contains(open)
                    && line.ends_with("PN2")),
            "{out}"
        );
    }
    // Where all are inspected, or none is, nothing is said.
    for other in [Dispute::of_many(2), Dispute::of_line()] {
        let (_, out, _) = other.run(alone, "en");
        assert!(!out.contains("boards or panels named"), "{out}");
    }
}
