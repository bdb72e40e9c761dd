//! The same files of one board, in whatever order they are seen: what is found of it stays the same.

use super::*;

/// The files of a board that was repaired, each with the minute that it claims.
const FIRST: usize = 0;
const REVIEW: usize = 1;
const REPAIR: usize = 2;
const CLAIMED: [u64; 4] = [50, 56, 90, 125];

/// In which order they are seen.
type Order = [usize; 4];

fn orders() -> Vec<Order> {
    let all = (0..256).map(|n| [n / 64, n / 16 % 4, n / 4 % 4, n % 4]);
    all.filter(|order| (0..4).all(|each| order.contains(&each))).collect()
}

/// The files as an older agent links them: to the report that it saw last. The last value is what the second
/// inspection says; `is_one_look` if all were seen at once.
fn seen_in(order: Order, is_one_look: bool, second: &str) -> Vec<Entry> {
    let (mut newest, mut attempts, mut entries) = ("", 0, Vec::new());
    for (place, at) in (0_u64..).zip(order) {
        let minute = if is_one_look { 200 } else { 200 + place };
        let entry = match at {
            REVIEW => review(60, minute, "Failed\nPassed\n"),
            REPAIR => repair(60, minute, "SN1"),
            FIRST => report(60, "report-1", minute, "Failed\nPassed\n"),
            _ => report(60, "report-2", minute, second),
        };
        let mut values = vec![("claimed/zone", "Z")];
        let start = time(CLAIMED[at]);
        values.push(("claimed/start", &start));
        if matches!(at, REVIEW | REPAIR) {
            values.push(("about/sha256", newest));
        } else {
            attempts += 1;
            values.extend((attempts == 2).then_some(("attempt", "2")));
            newest = if at == FIRST { "report-1" } else { "report-2" };
        }
        entries.push(entry.with(&values).at(60, place + 1));
    }
    with_looks(entries)
}

#[test]
fn a_repaired_board_is_green_in_whatever_order_its_files_are_seen() {
    for order in orders() {
        for is_one_look in [true, false] {
            let found = found_of(&unit(), &seen_in(order, is_one_look, "Passed\nPassed\n"));
            assert_eq!(found, [], "{order:?} in one look: {is_one_look}");
        }
    }
}

#[test]
fn a_board_that_failed_again_is_red_in_whatever_order_its_files_are_seen() {
    for order in orders() {
        for is_one_look in [true, false] {
            let found = found_of(&unit(), &seen_in(order, is_one_look, "Failed\nPassed\n"));
            let want = [(Message::FoundFailed.code(), Red)];
            assert_eq!(found, want, "{order:?} in one look: {is_one_look}");
        }
    }
}

#[test]
fn a_transaction_says_what_a_review_is_about_where_no_times_do() {
    let looks = |transaction: &str| {
        let of = |entry: Entry, record: u64| {
            entry.at(60, record).with(&[("transaction", transaction), ("seen", &time(200))])
        };
        let second = report(60, "report-2", 200, "Passed\nPassed\n");
        with_looks(vec![
            of(report(60, "report-1", 200, "Failed\nPassed\n"), 1),
            second.at(60, 2).with(&[("attempt", "2"), ("transaction", "T2")]),
            repair(60, 200, "SN1").at(60, 3),
            of(review(60, 200, "Failed\nPassed\n").with(&[("about/sha256", "report-2")]), 4),
        ])
    };
    finds(&looks("T1"), &[]);
    // Where nothing else speaks, the link does.
    finds(&looks(""), &[(Message::FoundFailed, Red)]);
}

#[test]
fn a_review_of_the_second_inspection_is_its_last_word_whichever_is_linked() {
    for about in ["report-1", "report-2"] {
        let mut entries = seen_in([0, 2, 3, 1], true, "Passed\nPassed\n");
        let rejects = entries.pop().expect("the review came last");
        entries.push(rejects.with(&[("claimed/start", &time(130)), ("about/sha256", about)]));
        finds(&entries, &[(Message::FoundFailed, Red)]);
    }
}

#[test]
fn a_link_is_believed_where_only_the_clocks_can_differ() {
    let at = |entry: Entry, minute: u64| {
        entry.with(&[("claimed/start", &time(minute)), ("claimed/zone", "Z")])
    };
    let looks = |about: &str| {
        let review = review(61, 57, "Passed\nPassed\n").with(&[("about/sha256", about)]);
        with_looks(vec![at(report(60, "report-1", 52, "Failed\nPassed\n"), 50), at(review, 49)])
    };
    finds(&looks("report-1"), &[(Message::FoundOverride, Amber)]);
    // It is of something that was inspected, linked or not.
    finds(&looks(""), &[(Message::FoundOverride, Amber)]);
    // Another board of the panel has a report of its own, and an earlier one.
    let beside = report(59, "beside", 51, "Passed\n").with(&[("units", "SN2\n"), ("panel", "PN1")]);
    for about in ["report-1", ""] {
        let beside = at(beside.clone(), 48);
        let of_one = |entry: Entry| match entry.kind {
            Kind::AoiReport => entry.with(&[("units", "SN1\n"), ("verdict", "Failed\n")]),
            _ => entry,
        };
        let looks = looks(about).into_iter().map(of_one).chain([beside]);
        let found = found_of(&unit(), &looks.collect::<Vec<_>>());
        assert!(!found.contains(&(Message::FoundFailed.code(), Red)), "{about}: {found:?}");
    }
    // Of two the first is meant.
    let again = report(62, "report-2", 90, "Failed\nPassed\n").with(&[("attempt", "2")]);
    let both = [looks(""), vec![at(again, 88), repair(63, 70, "SN1")]].concat();
    finds(&both, &[(Message::FoundFailed, Red), (Message::FoundOverride, Amber)]);
}

#[test]
fn what_was_seen_before_the_next_was_made_stands_in_the_order_of_sight() {
    // Another machine's clock is an hour ahead.
    let at = |entry: Entry, minute: u64, machine: &str| {
        let start = time(minute);
        let values = [("claimed/start", &*start), ("claimed/zone", "Z"), ("machine", machine)];
        entry.with(&values)
    };
    let looks = |first: &str, second: &str| {
        let ahead = at(report(60, "report-1", 51, first), 110, "AOI-1");
        with_looks(vec![ahead, at(report(61, "report-2", 56, second), 55, "AOI-2")])
    };
    let good = "Passed\nPassed\n";
    finds(&looks(good, "Failed\nPassed\n"), &[(Message::FoundFailed, Red)]);
    finds(&looks("Failed\nPassed\n", good), &[(Message::FoundTried, Red)]);
}
