//! Ticks, heartbeats, the end of a day, gaps, late records, tags and odd clocks.

use super::*;
use crate::spool::{daily, outage, tags};
use spec::evidence::tag::LotKey;

#[test]
fn a_source_speaks_once_a_tick_whether_anything_was_made_or_not() {
    let mut world = World::new(&["aoi", "oven"]);
    assert!(world.seal().sealed.is_empty(), "no tick has come yet");
    let mut spoken: BTreeMap<KeyName, Vec<u64>> = BTreeMap::new();
    world.report(0, "first");
    for second in 0..600 {
        if second == 200 {
            (0..100).for_each(|n| world.report(0, &format!("report {n}")));
        }
        world.clock.pass(Duration::from_secs(1));
        for sealed in world.seal().sealed {
            spoken.entry(sealed.source).or_default().push(second);
        }
    }
    assert_eq!(spoken.len(), 2);
    for seconds in spoken.values() {
        assert_eq!(seconds.len(), 10);
        assert!(seconds.windows(2).all(|pair| pair[1] - pair[0] == 60), "{seconds:?}");
    }
    assert_eq!(world.kinds(0, 0), ["batch", "aoi-report"]);
    assert_eq!(world.kinds(0, 1), ["batch"]);
    assert_eq!((0..10).map(|at| world.kinds(0, at).len()).max(), Some(101));
    assert!((0..10).all(|at| world.kinds(1, at) == ["batch"]));
    world.drain();
    assert_eq!(world.audit(0).len(), 101);
    world.audit(1);
}

#[test]
fn more_than_one_statement_holds_goes_out_one_after_another() {
    let mut world = World::new(&["aoi"]);
    let mut capture = world.vault().capture().unwrap();
    for number in 0..5000_u32 {
        let values = [("file/name".to_string(), number.to_string().into_bytes())].into();
        let (kind, seen) = ("attachment".to_string(), world.clock.now());
        let pending = Pending { kind, values, evidence: None, seen };
        capture.put_pending(&world.sources[0], pending);
    }
    capture.commit().unwrap();
    let sealed = world.tick().sealed;
    let counts: Vec<usize> = sealed.iter().map(|sealed| sealed.records).collect();
    assert_eq!(counts, [4095, 905]);
    assert_eq!(world.tick().sealed.len(), 1);
    world.drain();
    let names = world.audit(0);
    assert!(names.iter().enumerate().all(|(at, name)| *name == at.to_string()));
}

#[test]
fn a_restart_within_two_ticks_is_no_outage_and_a_longer_one_is() {
    let mut world = World::new(&["aoi"]);
    world.tick();
    world.kill();
    world.clock.pass(Duration::from_secs(50));
    world.start();
    world.tick();
    assert_eq!(world.kinds(0, 1), ["batch"]);

    let last = clock::format(world.vault().head(&world.sources[0]).unwrap().sealed);
    world.kill();
    world.clock.pass(Duration::from_secs(7200));
    world.start();
    let back = clock::format(world.clock.now());
    world.report(0, "after");
    world.tick();
    let said = world.said(0, 2);
    assert_eq!(world.kinds(0, 2), ["batch", "outage", "aoi-report"]);
    assert_eq!(said[0].1["outage/reason"], "the agent was not running");
    assert_eq!((&said[1].1["claimed/start"], &said[1].1["claimed/end"]), (&last, &back));
    world.tick();
    assert_eq!(world.kinds(0, 3), ["batch"], "a gap is named once");
    world.drain();
    world.audit(0);
}

#[test]
fn a_gap_is_noticed_whatever_the_clock_was_set_to() {
    let mut world = World::new(&["aoi"]);
    world.tick();
    world.kill();
    world.clock.pass(Duration::from_secs(7200));
    world.clock.step(-7200);
    world.start();
    world.tick();
    assert_eq!(world.kinds(0, 1), ["batch", "outage"]);

    // Another start of the machine: the clock's word is all there is.
    world.kill();
    world.clock.pass(Duration::from_secs(7200));
    world.clock.reboot();
    world.start();
    world.tick();
    let said = world.said(0, 2);
    assert_eq!(said[1].0, "outage");
    assert!(said[1].1["reason"].contains("started anew"));
    assert_eq!(said[0].1["boot"], "boot-2");
}

#[test]
fn a_run_that_was_kept_from_sealing_says_so() {
    let mut world = World::new(&["aoi"]);
    world.tick();
    world.clock.pass(Duration::from_secs(1000));
    world.seal();
    let said = world.said(0, 1);
    assert!(said[1].1["reason"].contains("kept from running"), "{said:?}");
}

#[test]
fn a_day_is_closed_with_the_count_of_its_records() {
    let mut world = World::new(&["aoi"]);
    // The day ends at six in China, 22:00 UTC: fourteen hours from the start.
    for hour in 0..15 {
        world.report_with(0, &format!("report {hour}"), &[("units", "a\nb\n")]);
        world.clock.pass(Duration::from_secs(3600 - 60));
        world.tick();
    }
    let closings = |world: &World| {
        let mut closings = Vec::new();
        for sequence in 0..world.next(0) {
            let said = world.said(0, sequence).into_iter();
            closings.extend(said.filter(|(kind, _)| kind == "closing").map(|(_, values)| values));
        }
        closings
    };
    let first = closings(&world);
    assert_eq!(first.len(), 1);
    assert_eq!(first[0]["claimed/end"], "2026-03-02T22:00:00.000Z");
    let records: usize = first[0]["records"].parse().unwrap();
    let note = &first[0]["note"];
    assert!(note.contains(&format!("records 0 to {}", records - 1)), "{note}");
    for hour in 15..39 {
        world.report_with(0, &format!("report {hour}"), &[("units", "a\nb\n")]);
        world.clock.pass(Duration::from_secs(3600 - 60));
        world.tick();
        if hour % 5 == 0 {
            world.restart();
        }
    }
    let both = closings(&world);
    assert_eq!(both.len(), 2);
    assert!(both[1]["note"].contains(&format!("records {records} to ")), "{}", both[1]["note"]);
    assert!(both[1]["note"].contains("units 48"), "{}", both[1]["note"]);
    world.drain();
    assert_eq!(world.audit(0).len(), 39);
}

#[test]
fn late_records_say_so_and_by_how_much() {
    let mut world = World::new(&["aoi"]);
    world.report_with(0, "old", &[("claimed/end", "2026-03-01T08:00:00Z")]);
    world.report_with(0, "fresh", &[("claimed/end", "2026-03-02T07:59:00Z")]);
    world.report_with(0, "unknown", &[("claimed/end", "01.03.2026 08:00")]);
    world.tick();
    let said = world.said(0, 0);
    assert_eq!(said[1].1["late"], "seen 86400 s after the time that it claims");
    assert!(!said[2].1.contains_key("late") && !said[3].1.contains_key("late"));
    world.report(0, "waits");
    world.kill();
    world.clock.pass(Duration::from_secs(7200));
    world.start();
    world.tick();
    let late = &world.said(0, 1)[2].1["late"];
    assert!(late.starts_with("sealed 72") && late.ends_with("s after it was seen"), "{late}");
}

#[test]
fn a_clock_step_is_in_every_source_s_next_header_once() {
    let mut world = World::new(&["aoi", "oven"]);
    while world.next(0) == 0 || world.next(1) == 0 {
        world.tick();
    }
    world.clock.step(3600);
    world.clock.0.lock().unwrap().service = TimeService::Unsynchronised;
    for _ in 0..6 {
        world.tick();
    }
    for at in 0..2 {
        let notes: Vec<String> = (0..world.next(at))
            .filter_map(|sequence| world.said(at, sequence)[0].1.get("note").cloned())
            .collect();
        assert_eq!(notes.len(), 1, "{notes:?}");
        assert!(notes[0].contains("stepped ahead by 3600000 ms"));
        let last = world.said(at, world.next(at) - 1);
        assert_eq!(last[0].1["clock"], "unsynchronised");
        assert_eq!(world.said(at, 0)[0].1["clock"], "synchronised");
        assert!(!world.kinds(at, 1).contains(&"outage".to_string()), "a step is no gap");
    }
}

#[test]
fn a_clock_that_goes_back_does_not_silence_a_source() {
    let mut world = World::new(&["aoi"]);
    world.tick();
    world.clock.step(-86_400);
    for _ in 0..5 {
        assert_eq!(world.tick().sealed.len(), 1);
    }
    world.drain();
    world.audit(0);
}

#[test]
fn a_gap_that_the_caller_knows_of_becomes_a_record() {
    let mut world = World::new(&["aoi"]);
    let (start, end) = (world.clock.now(), UnixMillis(world.clock.now().0 + 1));
    let reason = "the share was away".to_string();
    let gap = outage::Gap { start, end, reason, note: None, lost: None };
    let mut capture = world.vault().capture().unwrap();
    capture.put_pending(&world.sources[0], gap.to_pending(end));
    capture.commit().unwrap();
    world.tick();
    assert_eq!(world.said(0, 0)[1].1["reason"], "the share was away");
}

#[test]
fn units_are_tagged_for_the_lot_s_key_and_with_noise_without_one() {
    let mut world = World::new(&["aoi"]);
    let key = [9; 32];
    tags::put_lot_key(world.vault(), b"L55", &key).unwrap();
    tags::put_lot_key(world.vault(), b"L55", &key).unwrap();
    assert!(tags::put_lot_key(world.vault(), b"L55", &[8; 32]).is_err());
    let units = ("units", "U1\nU2\n");
    world.report_with(0, "tagged", &[units, ("lot", "L55")]);
    world.report_with(0, "other lot", &[units, ("lot", "L56")]);
    world.report_with(0, "no lot", &[units]);
    world.report(0, "no units");
    // What the machine does not say, the factory's own system may.
    world.vault().put_lot_of_units(b"L55", &[b"U7"]).unwrap();
    world.vault().put_lot_of_units(b"L55", &[b"U7"]).unwrap();
    assert!(world.vault().put_lot_of_units(b"L56", &[b"U8", b"U7"]).is_err());
    assert_eq!(world.vault().lot_of_unit(b"U8").unwrap(), None, "all or none");
    world.report_with(0, "assigned", &[("units", "U7\nU8\n")]);
    world.tick();
    let batch = world.batch(0, 0);
    let tags: Vec<Option<&[u8]>> =
        batch.records()[1..].iter().map(|record| record.value("tags")).collect();
    let want: Vec<u8> = [b"U1", b"U2"]
        .iter()
        .flat_map(|unit| LotKey::new(key).tag(&world.sources[0], 0, *unit))
        .collect();
    assert_eq!(tags[0], Some(want.as_slice()));
    assert!(tags[1].is_some_and(|noise| noise.len() == 64 && noise != want));
    assert!(tags[2].is_some_and(|noise| noise.len() == 64 && Some(noise) != tags[1]));
    assert_eq!(tags[3], None);
    let assigned = tags[4].unwrap();
    assert_eq!(assigned[..32], LotKey::new(key).tag(&world.sources[0], 0, b"U7"));
    assert_ne!(assigned[32..], LotKey::new(key).tag(&world.sources[0], 0, b"U8"));
}

#[test]
fn a_daily_root_is_one_signed_line_that_names_the_chain_s_end() {
    let mut world = World::new(&["aoi"]);
    let source = world.sources[0].clone();
    assert_eq!(daily::line(world.vault(), &source, world.clock.now()).unwrap(), None);
    world.tick();
    world.tick();
    let line = daily::line(world.vault(), &source, world.clock.now()).unwrap().unwrap();
    assert!(!line.contains('\n') && line.len() < 300, "{line}");
    let key = world.vault().key(&source).unwrap();
    let root = daily::verify(&line, key.verifier()).unwrap();
    world.drain();
    assert_eq!((root.sequence, root.leaf), (1, world.chain(0)[1].leaf_hash()));
    assert_eq!((root.date.as_str(), &root.source), ("2026-03-02", &source));
    for (from, to) in [(" 1 ", " 2 "), ("03-02", "03-03"), ("aoi", "aoj"), ("v1", "v2")] {
        assert_eq!(daily::verify(&line.replacen(from, to, 1), key.verifier()), None, "{from}");
    }
}
