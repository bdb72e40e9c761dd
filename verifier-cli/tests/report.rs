//! The report for people, as the program writes it: golden pages in both languages, what they show and
//! what they must not, and values that try to be markup.
//!
//! `FIDUCIAL_WRITE_FIXTURE=1` writes the golden pages anew; look at them in a browser before you keep them.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "report/dispute.rs"]
mod dispute;
#[path = "report/inspected.rs"]
mod inspected;
#[path = "report/late.rs"]
mod late;
#[path = "report/reconciled.rs"]
mod reconciled;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use dispute::Dispute;

/// The most bytes of a page, whatever the bundle holds.
const MAX_PAGE: usize = 1_500_000;

/// A page without the time of its making, the only thing in it that differs from run to run.
fn timeless(page: &str) -> String {
    let is_time = |line: &&str| line.contains("Made at ") || line.contains("生成于 ");
    let lines = page.lines().map(|line| if is_time(&line) { "<p>TIME</p>" } else { line });
    lines.collect::<Vec<&str>>().join("\n") + "\n"
}

fn hold_to_golden(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    let page = timeless(page);
    if std::env::var_os("FIDUCIAL_WRITE_FIXTURE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &page).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    for (at, (have, want)) in page.lines().zip(golden.lines()).enumerate() {
        assert_eq!(have, want, "{name}, line {}", at + 1);
    }
    assert_eq!(page.lines().count(), golden.lines().count(), "{name}");
}

/// Names of all tags of a page.
fn tags(page: &str) -> BTreeSet<String> {
    let names = page.split('<').skip(1).map(|rest| {
        let end = |letter: char| !(letter.is_ascii_alphanumeric() || "/!".contains(letter));
        rest.split(end).next().unwrap().trim_start_matches('/').to_string()
    });
    names.collect()
}

const TAGS: [&str; 43] = [
    "!DOCTYPE",
    "b",
    "body",
    "br",
    "circle",
    "dd",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "head",
    "header",
    "html",
    "li",
    "line",
    "main",
    "meta",
    "p",
    "polygon",
    "polyline",
    "rect",
    "section",
    "small",
    "span",
    "style",
    "svg",
    "table",
    "tbody",
    "td",
    "text",
    "th",
    "thead",
    "title",
    "tr",
    "ul",
    "path",
    "wbr",
];

/// No script, nothing loaded, no tag that is not ours, no character that turns or hides text.
fn check_harmless(page: &str) {
    check_markup(page);
    assert!(page.len() < MAX_PAGE, "{}", page.len());
}

/// The same, of a page of whatever size.
fn check_markup(page: &str) {
    let known: BTreeSet<String> = TAGS.into_iter().map(str::to_string).collect();
    let found = tags(page);
    assert!(found.is_subset(&known), "{:?}", found.difference(&known).collect::<Vec<_>>());
    assert!(page.contains("content=\"default-src &#39;none&#39;; style-src &#39;sha256-"));
    // What stands between < and > is a tag; the same words outside are text and harmless.
    let inside = |rest: &str| rest.split('>').next().unwrap().to_string();
    for tag in page.split('<').skip(1).map(inside) {
        for forbidden in [" src=", " href=", " style=", " on"] {
            assert!(!tag.contains(forbidden), "{forbidden} in <{tag}>");
        }
    }
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    assert!(!style.contains("url(") && !style.contains("@import"));
    let turns = |letter: char| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}');
    let controls = |letter: char| letter.is_control() && letter != '\n';
    assert!(!page.contains(|letter| turns(letter) || controls(letter)));
}

/// What only evidence brings onto a page.
fn check_no_evidence(page: &str) {
    for shown in [
        "PNL0099123",
        "C14",
        "SAC305",
        "class=\"line ",
        "class=\"outline\"",
        "class=\"spot\"",
        "class=\"span\"",
    ] {
        assert!(!page.contains(shown), "{shown} is shown though nothing vouches for it");
    }
}

#[test]
fn a_bundle_that_holds_is_shown_with_its_boards_and_pictures() {
    let dispute = Dispute::new();
    for (language, word) in [("en", "VERIFIED"), ("zh", "已验证")] {
        let page = dispute.verify("dispute.zip", language, 0);
        check_harmless(&page);
        assert!(page.contains(&format!("<h1>{word}</h1>")));
        // Designator, outline of the program, curve of each thermocouple, both bounds, the witness.
        for shown in [
            "C14",
            "class=\"outline\"",
            "line line-3",
            "2026-01-02 03:04:05\u{a0}UTC",
            "PNL0099123",
        ] {
            assert!(page.contains(shown), "{shown}");
        }
        hold_to_golden(&format!("verified.{language}.html"), &page);
    }
}

#[test]
fn a_board_is_called_by_the_readers_serial_and_its_panel() {
    let dispute = Dispute::new();
    let titles = |list: &str, language: &str| {
        dispute.write("mine.csv", list.as_bytes());
        let words = ["bundle", "verify", "dispute.zip", "--units", "mine.csv"];
        dispute.report(&words, language, 0)
    };
    let one = "serial,panel\nSN-7,PNL0099123\n";
    assert!(titles(one, "en").contains(">SN-7 (panel PNL0099123)</td>"));
    assert!(titles(one, "zh").contains(">SN-7（拼板 PNL0099123）</td>"));
    let three = "serial,panel\nSN-7,PNL0099123\nSN-8,PNL0099123\nSN-9,PNL0099123\n";
    assert!(titles(three, "en").contains("SN-7, SN-8, SN-9 (failed, then passed inspection)</h3>"));
}

#[test]
fn an_enclosed_program_or_profile_is_not_counted_among_the_records_of_nobody() {
    let dispute = Dispute::new();
    let said = |with_evidence| {
        dispute.write_range("range.zip", with_evidence);
        let words = ["bundle", "verify", "range.zip", "--pins", "pins"];
        let (code, out, err) = dispute.run(&words, "en");
        assert_eq!(code, 0, "{out}{err}");
        out
    };
    let whole = said(true);
    assert!(!whole.contains("name no unit"), "{whole}");
    let range = "statements 0 to 0 are here without a gap: 1 statement with all of its ";
    // That these are all records that were made is nowhere said, and what may follow is left open.
    assert!(whole.contains(range) && !whole.contains("no batch of records"), "{whole}");
    let open = "line-4.example/aoi-7: whether the maker keeps a second set of books, and whether statements follow the \
                last one shown: that needs the log (--log)\n";
    assert!(whole.contains(open), "{whole}");
    // A source is called one and not a machine, and what it is is said where people first read the word.
    let source =
        "signed for by the factory with a key of its own\n  source: line-4.example/aoi-7: AOI\n";
    assert!(whole.contains(source) && !whole.contains("stands at"), "{whole}");
    let last = "\nVerdict: VERIFIED. That does not say that the boards are good\n";
    assert!(whole.ends_with(last), "{whole}");
    // Nobody sees what they are, where their files are not there.
    let bare = said(false);
    assert!(bare.contains("2 records that carry no tags and name no unit"), "{bare}");
}

#[test]
fn the_same_bundle_gives_the_same_page() {
    let dispute = Dispute::new();
    let pages = [0, 1].map(|_| timeless(&dispute.verify("dispute.zip", "en", 0)));
    assert_eq!(pages[0], pages[1]);
}

#[test]
fn of_what_is_rejected_nothing_is_shown() {
    let dispute = Dispute::new();
    let mut altered = dispute.read("dispute.zip");
    let at = altered.len() / 2;
    altered[at] ^= 1;
    dispute.write("altered.zip", &altered);
    for (language, word) in [("en", "REJECTED"), ("zh", "不通过")] {
        let page = dispute.verify("altered.zip", language, 1);
        check_harmless(&page);
        check_no_evidence(&page);
        assert!(page.contains(&format!("<h1>{word}</h1>")));
        hold_to_golden(&format!("rejected.{language}.html"), &page);
    }
    // Made anew, so that its lists agree, with a report that no record commits to.
    dispute.remake("exchanged.zip", b"{\"InspectedUnits\":[{\"UnitIdentifier\":\"PNL0099123\"}]}");
    let page = dispute.verify("exchanged.zip", "en", 1);
    check_harmless(&page);
    check_no_evidence(&page);
}

#[test]
fn where_nothing_could_be_told_the_page_says_so() {
    let dispute = Dispute::new();
    fs::rename(dispute.path("policy"), dispute.path("gone")).unwrap();
    for (language, word) in [("en", "COULD NOT TELL"), ("zh", "无法判定")] {
        let page = dispute.verify("dispute.zip", language, 2);
        check_harmless(&page);
        check_no_evidence(&page);
        assert!(page.contains(&format!("<h1>{word}</h1>")));
        hold_to_golden(&format!("undecided.{language}.html"), &page);
    }
}

#[test]
fn a_receipt_with_its_files_is_shown_like_a_bundle() {
    let dispute = Dispute::new();
    let files = ["--file", "aoi.json", "--file", "profile.csv", "--file", "program.csv"];
    let words = ["verify", "0.tlog-proof", "--disclosure", "0.disclosure.json"];
    let page = dispute.report(&[&words[..], &files].concat(), "en", 0);
    check_harmless(&page);
    for shown in ["class=\"outline\"", "line line-3", "file not enclosed", "aoi.json"] {
        assert!(page.contains(shown), "{shown}");
    }
}

#[test]
fn paste_and_oven_are_shown_where_a_record_vouches_for_their_files() {
    let dispute = Dispute::of_line();
    for (language, measured) in [("en", "3 deposits of solder paste"), ("zh", "锡膏点 3 处")] {
        let page = dispute.verify("dispute.zip", language, 0);
        check_harmless(&page);
        assert!(page.contains(measured));
        // The bad deposit with its volume and place; the zones with what was set and read.
        for shown in ["U2.11", "0.104 / ", "class=\"set\"", "class=\"read\"", "149.7"] {
            assert!(page.contains(shown), "{shown}");
        }
        // One place without an outline is no drawing, and that is said.
        assert!(!page.contains("class=\"spot\"") && !page.contains("class=\"box\""));
        assert!(page.contains(if language == "en" {
            "no outline of the board"
        } else {
            "不知单板的外形"
        }));
    }
    // A file that is not there is no picture.
    let words = ["verify", "0.tlog-proof", "--disclosure", "0.disclosure.json"];
    let page = dispute.report(&[&words[..], &["--file", "spi.json"]].concat(), "en", 0);
    check_harmless(&page);
    assert!(page.contains("U2.11") && page.contains("file not enclosed"));
    assert!(!page.contains("class=\"read\""));
}

#[test]
fn what_tries_to_be_markup_is_text() {
    let long = "<b>".repeat(21_000);
    let hostile =
        ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "\u{202e}dessap", &long];
    for value in hostile {
        let dispute = Dispute::saying(value);
        let page = dispute.verify("dispute.zip", "en", 0);
        check_harmless(&page);
        assert!(!page.contains("<script") && !page.contains("<img"));
    }
}

#[test]
fn a_bundle_of_many_boards_gives_a_page_that_can_be_read() {
    let dispute = Dispute::of_many(1200);
    let page = dispute.verify("dispute.zip", "en", 0);
    check_harmless(&page);
    assert_eq!(page.matches("<h3>Board ").count(), 20);
    assert!(page.contains("opened records: 1200.") && page.contains("1180 more are left out"));
    assert!(page.contains("700 more are left out"));
}

#[test]
fn the_boards_of_the_reader_s_own_units_come_first() {
    let dispute = Dispute::of_many(30);
    let page = dispute.verify("dispute.zip", "en", 0);
    assert!(page.contains("Board 1: SN000000") && page.contains("--units FILE"));
    // A byte order mark, Windows line ends and a header, as a table program writes them.
    dispute.write("mine", "\u{feff}lot,serial\r\nL7,SN000025\r\nL7,SN-none\r\n".as_bytes());
    let words = ["bundle", "verify", "dispute.zip", "--units", "mine"];
    let page = dispute.report(&words, "en", 1);
    check_harmless(&page);
    assert!(page.contains("Board 1: SN000025") && page.contains("Board 2: SN000000"));
    assert!(page.contains("opened records name 1 of your 2 units"));
    assert!(page.contains("NOT FOUND: your unit SN-none: it was looked for"));
    // One that is missing is not in order, and nobody is accused of a forgery by it.
    assert!(page.contains("<h1>NOT IN ORDER</h1>") && page.contains("What was shown holds"));
    assert!(page.contains("<h1>NOT IN ORDER</h1>\n<p>1 of your 2 units is nowhere: SN-none; "));
    assert!(page.contains("What the verdict rests on") && !page.contains("Do not rely on it"));
    let (code, out, _) = dispute.run(&words, "en");
    assert_eq!(code, 1, "{out}");
    assert!(out.starts_with("NOT IN ORDER\n  1 of your 2 units is nowhere: SN-none; "), "{out}");
    let look = "Look at this:\n  - 1 of your 2 units is nowhere: SN-none. In no record. ";
    assert!(out.contains(look), "{out}");
    let (_, chinese, _) = dispute.run(&words, "zh");
    assert!(chinese.starts_with("有问题\n  您的 2 个单元中有 1 个找不到：SN-none；"), "{chinese}");
    let (found, open) = out.split_once("Not checked:").unwrap();
    assert!(found.contains("NOT FOUND: your unit SN-none"), "{out}");
    // What is nowhere was looked for; at the end it is only said again what to look at.
    assert!(!open.contains("NOT FOUND") && !open.contains("your unit SN-none"), "{out}");
    assert!(!page.contains("your unit SN000025"));
}

#[test]
fn units_of_which_none_is_found_are_no_verdict() {
    let dispute = Dispute::of_many(3);
    let words = ["bundle", "verify", "dispute.zip", "--units", "mine"];
    for (list, said) in [
        ("PN000000-1\nPN000001-1\n", "none of your 2 units is found"),
        ("\n", "no unit is in it"),
        ("sn000000\nsn000001\n", "none of your 2 units is found"),
        ("Baugruppe;Ort\nSN000000;L7\n", "no header"),
    ] {
        dispute.write("mine", list.as_bytes());
        let (code, out, err) = dispute.run(&words, "en");
        assert_eq!(code, 2, "{list}{out}{err}");
        assert!(err.contains(said) && err.contains("serial"), "{err}");
        // Where machines know only panels, that is the cure.
        assert!(err.contains("found only by a column `panel`"), "{err}");
    }
}

#[test]
fn a_unit_that_is_nowhere_is_said_alike_by_the_bundle_s_verdict_and_by_reconciliation() {
    check_alike(
        &Dispute::of_many(3),
        &[
            ("SN000000\nSN000001\n", 0, "VERIFIED"),
            ("SN000000\nSN-9\n", 1, "NOT IN ORDER"),
            // A first line that alone is missing and is written as no serial is a header, and told to be one.
            ("Baugruppe\nSN000000\n", 0, "`Baugruppe`, was taken for a header"),
            ("Board 1\nSN000000\n", 0, "`Board 1`, was taken for a header"),
            ("Baugruppe\nSN-9\nSN000000\n", 2, "looks like a header"),
            ("Board 1\nSN-9\nSN000000\n", 1, "whether the first line of your list, Board 1, is"),
            ("Board 1\n", 2, "none of your 1 unit"),
            // Where others are missing as well, it may be a unit like these.
            ("SN-9\nSN-8\nSN000000\n", 1, "whether the first line of your list, SN-9, is a header"),
            ("SN-9\n", 2, "none of your 1 unit"),
        ],
    );
    // A record that names the panel and its boards says nothing of one that it does not name.
    let boards = Dispute::of_panel("SN-1\nSN-2\n");
    check_alike(
        &boards,
        &[
            ("serial,panel\nSN-1,PNL7\nSN-2,PNL7\n", 0, "VERIFIED"),
            ("serial,panel\nSN-1,PNL7\nSN-GHOST,PNL7\n", 1, "NOT IN ORDER"),
            ("serial,panel\nSN-GHOST,PNL7\n", 2, "none of your 1 unit"),
            // The panel itself, shipped as it is.
            ("serial\nPNL7\n", 0, "VERIFIED"),
        ],
    );
    // Boards that share the name of their panel are found by it, and that is said.
    let panel = Dispute::of_panel("PNL7\nPNL7\n");
    check_alike(
        &panel,
        &[
            ("serial,panel\nSN-1,PNL7\nSN-2,PNL7\n", 0, "VERIFIED"),
            ("serial,panel\nSN-1,PNL7\nSN-3,PNL8\n", 1, "NOT IN ORDER"),
            ("serial,panel\nSN-3,PNL8\n", 2, "none of your 1 unit"),
            // Rows without a serial are as many units, and none of them is called `N/A`.
            ("serial,panel\nN/A,PNL7\nN/A,PNL8\n", 1, "PNL8"),
            ("serial,panel,position\nN/A,PNL7,1\nN/A,PNL7,2\n", 0, "VERIFIED"),
            ("serial,panel\nN/A,PNL7\n-,PNL7\n", 2, "line 3: no serial"),
            ("serial,panel\nSN-1,PNL7\nnone,\n", 2, "line 3: no serial"),
        ],
    );
    panel.write("mine", b"serial,panel\nSN-1,PNL7\n");
    let (_, out, _) = panel.run(&VERIFY_MINE, "en");
    let said = "1 of your 1 unit is found by the panel alone: the records name the panel and not";
    assert!(out.contains(said), "{out}");
    boards.write("mine", b"serial,panel\nSN-1,PNL7\n");
    let (_, out, _) = boards.run(&VERIFY_MINE, "en");
    assert!(!out.contains("by the panel"), "{out}");
    // Where the panel is one board there is no neighbour: people are not told, and machines are.
    let single = Dispute::of_panel("PNL7\n");
    single.write("mine", b"serial,panel\nSN-1,PNL7\n");
    let (code, out, _) = single.run(&VERIFY_MINE, "en");
    assert!(code == 0 && !out.contains("by the panel alone"), "{out}");
    assert!(out.contains("is found by the panel that your list gives for it"), "{out}");
    let (_, json, _) = single.run(&[&VERIFY_MINE[..], &["--json"]].concat(), "en");
    assert!(json.contains("\"own-by-panel\"") && json.contains("SN-1 (PNL7)"), "{json}");
    single.write("mine", b"serial,panel\nSN-1,PNL7\nSN-2,PNL7\n");
    let (_, out, _) = single.run(&VERIFY_MINE, "en");
    assert!(out.contains("2 of your 2 units are found by the panel alone"), "{out}");
}

const VERIFY_MINE: [&str; 5] = ["bundle", "verify", "dispute.zip", "--units", "mine"];

/// Of each list, the code and what is said of it by both.
fn check_alike(dispute: &Dispute, lists: &[(&str, i32, &str)]) {
    let reconcile = ["reconcile", "--units", "mine", "--bundle", "dispute.zip"];
    for (list, code, said) in lists {
        dispute.write("mine", list.as_bytes());
        for words in [VERIFY_MINE, reconcile] {
            let (have, out, err) = dispute.run(&words, "en");
            assert_eq!(have, *code, "{words:?} {list}{out}{err}");
            assert!((out + &err).contains(said), "{words:?} {list}");
        }
    }
}

#[test]
fn how_late_records_were_logged_is_said_with_the_verdict() {
    // Witnessed on 2026-01-02 at 03:04:05 UTC.
    let late = Dispute::claiming(&[
        ("2026-01-02T03:04:01Z", "Z"),
        ("2025-04-06T09:04:05", "+00:00"),
        ("01/02/2020", "unknown"),
    ]);
    let words = ["bundle", "verify", "late.zip"];
    late.write("late.zip", &late.read("dispute.zip"));
    let (code, out, err) = late.run(&words, "en");
    // It is not wrong; whoever reads it has to see it, and before the reasons.
    assert_eq!(code, 0, "{err}");
    let look = "boards are good.\nLook at this:\n  - The files whose time can be read say 6 April 2025; by the same \
                clock they were logged only on 2 January 2026, 271 days later. Before that they could have been altered\nWhat it \
                rests on:\n";
    assert!(out.contains(look) && !out.contains("270 d 18 h"), "{out}");
    let (_, json, _) = late.run(&[&words[..], &["--json"]].concat(), "en");
    let said = "of 1 statement were logged up to 270 d 18 h after the times that their files say, by the \
                witnesses' clocks; the last of them: line-4.example/aoi-7 statement 0 record 2";
    assert!(json.contains(said) && json.contains("\"look-late\""), "{json}");
    assert!(
        out.contains("after the work 1 record was logged (optical inspection 1): the time claimed"),
        "{out}"
    );
    let (_, chinese, _) = late.run(&words, "zh");
    let said = "自称 2025-04-06，按同一时钟直到 2026-01-02 才记入日志，晚了 271 天；此前可能被改动";
    assert!(chinese.contains(said), "{chinese}");
    assert!(chinese.contains("1 条记录（光学检测 1）在作业之后多久才记入日志"), "{chinese}");
    let page = late.verify("late.zip", "en", 0);
    let said = "whose time can be read say 6 April 2025; by the same clock they were logged only on 2 January 2026";
    assert!(page.contains(said), "{page}");
    assert!(page.contains("<small>zone not known</small>"));
    let page = late.verify("late.zip", "zh", 0);
    assert!(page.contains("<small>时区未知</small>") && !page.contains("unknown<"), "{page}");
    late.write("shipped.csv", b"SN000000\nSN000001\n");
    let reconcile = ["reconcile", "--units", "shipped.csv", "--bundle", "late.zip"];
    let (_, out, _) = late.run(&reconcile, "en");
    assert!(out.contains("time can be read say 6 April 2025; by the same clock they"), "{out}");
    let receipt = ["verify", "0.tlog-proof", "--disclosure", "0.disclosure.json"];
    let (_, out, _) = late.run(&receipt, "en");
    assert!(out.contains("time can be read say 6 April 2025; by the same clock they"), "{out}");

    let (_, out, _) = Dispute::claiming(&[("2026-01-02T03:04:01Z", "Z")])
        .run(&["bundle", "verify", "dispute.zip"], "en");
    assert!(out.contains("up to 4 s after the times that their files say"), "{out}");
    // What was logged at once is nothing to look at.
    assert!(!out.contains("Look at this") && !out.contains("time can be read say"), "{out}");
    // A minute ahead may be a clock; two hours are told.
    let (_, out, _) =
        Dispute::claiming(&[("2026-01-02T03:05:05Z", "Z"), ("2026-01-02T05:04:05Z", "Z")])
            .run(&["bundle", "verify", "dispute.zip"], "en");
    let said = "on 1 record: up to 2 h 0 min behind their logging";
    assert!(out.contains(said) && out.contains("up to 0 s after"), "{out}");
    assert!(out.contains("Look at this:\n  - CLAIMED TIMES THAT WERE STILL TO COME"), "{out}");
    // Where nobody can say it, that is told.
    let (_, out, _) = Dispute::of_many(2).run(&["bundle", "verify", "dispute.zip"], "en");
    assert!(
        !out.contains("logged up to") && out.contains("none opens the time that it claims"),
        "{out}"
    );
    assert!(!out.contains("time can be read say"), "{out}");
}

#[test]
fn what_does_not_fit_the_reader_s_keys_is_not_said_to_be_changed() {
    let dispute = Dispute::new();
    let other = format!("{}\n", support::log_key().verifier());
    dispute.write("other.vkey", other.as_bytes());
    let words = ["bundle", "verify", "dispute.zip", "--policy", "policy", "--source-key"];
    let words = [&words[..], &["other.vkey", "--report", "page.html", "--lang", "en"]].concat();
    let (code, out, err) = dispute.plain(&words);
    assert_eq!(code, 1, "{out}{err}");
    assert!(out.contains("check that you took the right file"), "{out}");
    let page = String::from_utf8(dispute.read("page.html")).unwrap();
    check_harmless(&page);
    assert!(page.contains("Check first that you took the right files"));
    assert!(!page.contains("is not what was recorded"));
}

#[test]
fn a_pinned_statement_that_is_shown_by_itself_is_the_one_that_is_pinned() {
    let dispute = Dispute::new();
    let words = ["bundle", "verify", "dispute.zip", "--policy", "policy", "--pins", "pins"];
    let (code, out, _) = dispute.plain(&words);
    assert_eq!(code, 0, "{out}");
    let pins = String::from_utf8(dispute.read("pins")).unwrap();
    let (start, rest) = pins.split_once("first 0 ").unwrap();
    let (_, end) = rest.split_once('\n').unwrap();
    let other = spec::Hash::of(b"another");
    dispute.write("pins", format!("{start}first 0 {other}\n{end}").as_bytes());
    let (code, out, _) = dispute.plain(&words);
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("statement 0 is not the one that you have pinned"), "{out}");
}

#[test]
fn a_list_is_read_as_spreadsheets_write_it() {
    let dispute = Dispute::of_many(3);
    let words = ["bundle", "verify", "dispute.zip", "--units", "mine"];
    let wide = "\u{feff}SN\nSN000000\nSN000001\n".encode_utf16();
    let wide: Vec<u8> = wide.flat_map(|unit| [(unit & 0xff) as u8, (unit >> 8) as u8]).collect();
    for list in [
        &b"serial;panel;position\r\nSN000000;;1\r\nSN000001;;2\r\n"[..],
        b"lot\tserial\r\nL7\tSN000000\r\nL7\tSN000001\r\n",
        // In GBK, as spreadsheets in China write it: the word for a serial number.
        b"\xd0\xf2\xc1\xd0\xba\xc5,x\r\nSN000000,\r\nSN000001,\r\n",
        &wide,
    ] {
        dispute.write("mine", list);
        let (code, out, err) = dispute.run(&words, "en");
        assert_eq!(code, 0, "{list:?}{out}{err}");
        assert!(out.contains("opened records name 2 of your 2 units"), "{list:?}{out}");
    }
}

#[test]
fn a_lot_key_is_for_ranges() {
    let dispute = Dispute::of_many(3);
    dispute.write("lot.key", "07".repeat(32).as_bytes());
    dispute.write("mine", b"SN000000\n");
    let words = ["bundle", "verify", "dispute.zip", "--units", "mine", "--lot-key", "lot.key"];
    let (code, _, err) = dispute.run(&words, "en");
    assert_eq!(code, 2);
    assert!(err.contains("--lot-key is for ranges") && err.contains("give --units alone"), "{err}");
}

#[test]
fn a_page_that_cannot_be_written_is_no_verdict() {
    let dispute = Dispute::new();
    let words = ["bundle", "verify", "dispute.zip", "--report", "no/such/folder.html"];
    let (code, _, err) = dispute.run(&words, "en");
    assert_eq!(code, 2);
    assert!(err.contains("no/such/folder.html") && err.contains("VERIFIED"), "{err}");
}

#[test]
fn the_example_of_the_readme_does_what_it_shows() {
    let readme = include_str!("../../README.md");
    let line = readme.lines().find_map(|line| line.strip_prefix("$ fiducial bundle verify "));
    let words = format!("bundle verify {}", line.unwrap());
    let dispute = Dispute::new();
    let output = dispute.plain(&words.split(' ').collect::<Vec<&str>>());
    assert_eq!(output.0, 0, "{output:?}");
    let shown = readme.split(&format!("$ fiducial {words}\n")).nth(1).unwrap();
    for line in
        shown.lines().take_while(|line| !line.starts_with("```")).filter(|line| *line != "...")
    {
        assert!(output.1.lines().any(|said| said == line), "{line}\n{}", output.1);
    }
    assert!(dispute.read("dispute.html").starts_with(b"<!DOCTYPE html>"));
}
