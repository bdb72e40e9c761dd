//! Files as machines write them, read for their pictures; and files that try something.

use super::curve::Channel;
use super::*;

/// A file of the house's samples.
macro_rules! sample {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../", $path))
    };
}

#[test]
fn a_cfx_report_gives_each_defect_its_part_and_its_place() {
    let bytes = sample!("tests/samples/aoi-panel-failed.json");
    let found = inspection(bytes, None).unwrap();
    assert_eq!(found.boards.len(), 3);
    let board = &found.boards[1];
    assert_eq!(
        (board.position, board.result.as_str(), board.looked_at),
        (Some(2), "Failed", Some(612))
    );
    let call = &board.calls[0];
    assert_eq!((call.designator.as_str(), call.defect.as_str()), ("C14", "TMB01 Tombstone"));
    assert_eq!((call.standing, call.confidence), (Standing::Called, Some(93.5)));
    let (x, y) = call.place.as_ref().unwrap().middle();
    assert!((x - 41.9).abs() < 1e-9 && (y - 19.1).abs() < 1e-9);
    // The same message in its envelope, and in an array of several.
    let text = std::str::from_utf8(bytes).unwrap();
    for wrapped in [format!("{{\"MessageBody\":{text}}}"), format!("[{text},{{}}]")] {
        assert_eq!(inspection(wrapped.as_bytes(), None).unwrap(), found);
    }
    let passed = inspection(sample!("tests/samples/aoi-panel-second-attempt.json"), None).unwrap();
    assert!(passed.boards.iter().all(|board| board.calls.is_empty()));
}

#[test]
fn a_region_that_nobody_filled_in_is_no_place() {
    let defect = |region: &str| {
        let text = format!(
            "{{\"InspectedUnits\":[{{\"Inspections\":[{{\"DefectsFound\":[{{\"RegionOfInterest\":{region}}}]}}]}}]}}"
        );
        inspection(text.as_bytes(), None).unwrap().boards[0].calls[0].place.clone()
    };
    let empty = "{\"StartPointX\":0.0,\"StartPointY\":0.0,\"RegionSegments\":[]}";
    assert_eq!(defect(empty), None);
    assert_eq!(defect("null"), None);
    let point = "{\"StartPointX\":3,\"StartPointY\":4,\"RegionSegments\":[]}";
    assert_eq!(defect(point), Some(Place::Point((3.0, 4.0))));
    for far in ["6000.5", "-9000", "5000.1"] {
        let region = format!("{{\"StartPointX\":{far},\"StartPointY\":4,\"RegionSegments\":[]}}");
        assert_eq!(defect(&region), None, "{far}");
    }
}

#[test]
fn a_saki_like_report_has_calls_without_places() {
    let found =
        inspection(sample!("evidence-agent/tests/samples/saki-like-bom.xml"), None).unwrap();
    let calls = |at: usize| {
        let calls = found.boards[at].calls.iter();
        calls.map(|call| (call.designator.as_str(), call.standing)).collect::<Vec<_>>()
    };
    assert_eq!(calls(0), [("R12", Standing::FalseCall), ("U2", Standing::FalseCall)]);
    assert_eq!(calls(1), [("C14", Standing::Called)]);
    assert!(found.boards.iter().flat_map(|board| &board.calls).all(|call| call.place.is_none()));
    for refused in [
        "<!DOCTYPE x [<!ENTITY e \"1\">]><Panel/>",
        "<Panel><Image barcode=\"&e;\"/></Panel>",
        "<Panel><Reference designator=\"C1\"/></Panel>",
        "<Other/>",
        "<Panel>",
    ] {
        assert_eq!(inspection(refused.as_bytes(), None), Err(Unread::Form), "{refused}");
    }
}

#[test]
fn tables_with_headings_are_read_in_their_encoding() {
    let bytes = sample!("evidence-agent/tests/samples/domestic-like.csv");
    let found = inspection(bytes, Some("domestic-like 1 GBK")).unwrap();
    assert_eq!(found.boards.len(), 3);
    let call = &found.boards[1].calls[0];
    assert_eq!((call.designator.as_str(), call.defect.as_str()), ("C14", "TMB01 立碑"));
    assert_eq!(call.place, Some(Place::Point((12.5, 8.25))));
    let review = sample!("evidence-agent/tests/samples/domestic-like-review.csv");
    let found = inspection(review, Some("domestic-like 1 GBK")).unwrap();
    let standings: Vec<Standing> =
        found.boards.iter().flat_map(|board| &board.calls).map(|call| call.standing).collect();
    assert_eq!(standings, [Standing::Confirmed, Standing::FalseCall]);
    let omron =
        sample!("evidence-agent/tests/samples/AOI7_L0055_PNL0099123_REFLOW_TOP_20260302081558.csv");
    assert_eq!(inspection(omron, None).unwrap().boards[0].calls.len(), 3);
    assert_eq!(inspection(b"a,b\n1,2\n", None), Err(Unread::Form));
}

#[test]
fn cells_that_are_no_numbers_are_missing_samples() {
    let found = profile(sample!("evidence-agent/tests/samples/kic-like.csv"), None).unwrap();
    let curve = found.curve.as_ref().unwrap();
    assert_eq!(curve.times, [0.0, 0.5, 1.0, 120.0, 240.0, 338.0]);
    assert_eq!(curve.channels[2].samples[..3], [Some(25.3), None, None]);
    assert_eq!(curve.missing["*OC*"], 2);
    assert!(found.stated.contains(&("PWI".to_string(), "71.2".to_string())));
    // Two minutes between samples: the highest is known, what lies between is not.
    let of = figures(curve, 1);
    assert_eq!((of.peak, of.ramp, of.soak, of.above), (Some(241.7), None, None, None));

    let found = profile(sample!("evidence-agent/tests/samples/datapaq-like.csv"), None).unwrap();
    let curve = found.curve.unwrap();
    assert_eq!(curve.channels[0].samples, [Some(25.1), Some(25.4), Some(26.0), Some(238.9)]);
    assert_eq!(curve.channels[2].samples, [None; 4]);
    let words: Vec<&str> = curve.missing.keys().map(String::as_str).collect();
    assert_eq!(words, ["***", "*HI*", "*LO*", "*NA*", "*OC*"]);
    assert!(found.stated.contains(&("Spitze".to_string(), "241,7 °C".to_string())));

    // Every one is counted, also where there are more words for it than are told apart.
    let mut text = "Time,TC1\n".to_string();
    for at in 0..60 {
        text += &format!("{at},w{}\n", at % 20);
    }
    let missing = profile(text.as_bytes(), None).unwrap().curve.unwrap().missing;
    assert_eq!((missing.values().sum::<usize>(), missing["w0"], missing["…"]), (60, 3, 12));

    let found = profile(sample!("evidence-agent/tests/samples/t-962-like.csv"), None).unwrap();
    let names: Vec<String> =
        found.curve.unwrap().channels.into_iter().map(|channel| channel.name).collect();
    assert_eq!(names, ["Temp0", "Temp1", "Temp2", "Temp3"]);
}

#[test]
fn limits_and_figures_are_told_from_other_lists_of_numbers() {
    let text = "Conveyor Speed (cm/min): 90.0,90.4\nZone Setpoints (°C): 1,2,3,4\n\
                Time Above 217 (s): 40.0,90.0,61.5,62.0\nPeak (°C): 241.0,240.5\n\
                Time (s),TC1,TC2\n0,25,25\n1,26,26\n";
    let found = profile(text.as_bytes(), None).unwrap();
    let figures = found.figures.iter();
    let figures = figures.map(|one| (one.name.as_str(), one.limits, one.values.len()));
    let expected = [("Time Above 217 (s)", Some((40.0, 90.0)), 2), ("Peak (°C)", None, 2)];
    assert!(figures.eq(expected), "{:?}", found.figures);
    assert_eq!(found.stated.len(), 2);
    for refused in ["Time (s),TC1\n1,25\n1,26\n", "Time (s),TC1\n1,25\n", "a,b\n1,2\n", ""] {
        assert_eq!(profile(refused.as_bytes(), None), Err(Unread::Form), "{refused}");
    }
}

#[test]
fn times_and_limits_beyond_reason_are_none() {
    let limits = |high: &str| {
        let text = format!("Peak (C): 235,{high},241.0\nTime (s),TC1\n0,25\n1,26\n");
        profile(text.as_bytes(), None).unwrap().figures[0].limits
    };
    assert_eq!(limits("5000"), Some((235.0, 5000.0)));
    for far in ["5000.1", "-5000.1", "99999999999"] {
        assert_eq!(limits(far), None, "{far}");
    }
    let read = |time: &str| {
        profile(format!("Time (s),TC1\n0,25\n{time},26\n").as_bytes(), None).map(|_| ())
    };
    assert_eq!(read("10000000"), Ok(()));
    for far in ["10000001", "1000000000000000000"] {
        assert_eq!(read(far), Err(Unread::Form), "{far}");
    }
    let early = "Time (s),TC1\n-1000000000000000000,25\n0,26\n";
    assert_eq!(profile(early.as_bytes(), None), Err(Unread::Form));
}

#[test]
fn a_cfx_profile_states_its_figures_and_zones() {
    let found = profile(sample!("tests/samples/reflow-profile.json"), None).unwrap();
    let stated =
        |name: &str| found.stated.iter().find(|(known, _)| known == name).unwrap().1.clone();
    assert_eq!(
        (stated("ProductionUnitPWI"), stated("ProcessWindowName")),
        ("71.2".into(), "PASTE_X".into())
    );
    assert_eq!(
        found.zones[0].setpoints,
        [("Top".to_string(), 150.0), ("Bottom".to_string(), 150.0)]
    );
    assert!(found.curve.is_none());
}

#[test]
fn oven_data_has_temperatures_and_whatever_else_was_set_or_read() {
    let found = profile(sample!("tests/samples/reflow-oven-data.json"), None).unwrap();
    assert_eq!(found.zones.len(), 7);
    let zone = &found.zones[0];
    assert_eq!(zone.readings, [("Top".to_string(), 150.0), ("Bottom".to_string(), 149.7)]);
    let oxygen = Other { name: "O2 WholeZone".to_string(), setpoint: None, reading: Some(442.0) };
    assert_eq!(zone.others, [oxygen]);
    let of = |zone: &str| {
        let text = format!("{{\"CommonProcessData\":{{\"ZoneData\":[{zone}]}}}}");
        profile(text.as_bytes(), None).unwrap().zones.remove(0)
    };
    let set = |kind: &str, place: &str, value: &str| {
        let kind = format!("\"SetpointType\":\"{kind}\",\"SubZone\":\"{place}\"");
        format!("{{{kind},\"Setpoint\":{value}}}")
    };
    let zone = |setpoints: &[String]| of(&format!("{{\"Setpoints\":[{}]}}", setpoints.join(",")));
    // No oven has such a temperature; what is no number is none.
    for far in ["2000.1", "-300.1", "null", "\"hot\""] {
        assert!(zone(&[set("Temperature", "Top", far)]).setpoints.is_empty(), "{far}");
    }
    // Of two values for one thing the first is told, and no more things than the bound.
    let both = [set("O2", "Top", "1"), set("O2", "Top", "2")];
    assert_eq!(zone(&both).others[0].setpoint, Some(1.0));
    let many: Vec<String> = (0..40).map(|at| set(&format!("T{at}"), "Top", "1")).collect();
    assert_eq!(zone(&many).others.len(), 8);
    let many: Vec<String> = (0..40).map(|at| set("Temperature", &format!("P{at}"), "1")).collect();
    assert_eq!(zone(&many).setpoints.len(), 8);
}

#[test]
fn deposits_of_paste_are_counted_and_the_bad_ones_have_their_place() {
    let text = std::str::from_utf8(sample!("tests/samples/spi-panel.json")).unwrap();
    let found = inspection(text.as_bytes(), None).unwrap();
    assert_eq!(found.deposits, Deposits { measured: 3, bad: 0 });
    assert!(found.boards.iter().all(|board| board.calls.is_empty()));
    // The measurement of U2.11, with a word that is not good.
    let (before, after) = text.split_once("\"MeasurementName\": \"U2.11\"").unwrap();
    let failed = after.replacen("\"Result\": \"Passed\"", "\"Result\": \"Failed\"", 1);
    let bad = format!("{before}\"MeasurementName\": \"U2.11\"{failed}");
    let found = inspection(bad.as_bytes(), None).unwrap();
    assert_eq!(found.deposits, Deposits { measured: 3, bad: 1 });
    let call = &found.boards[0].calls[0];
    assert_eq!((call.designator.as_str(), call.defect.as_str()), ("U2.11", "Failed"));
    assert_eq!(call.place, Some(Place::Point((62.14, 33.41))));
    let volume = call.paste.as_ref().unwrap().volume;
    assert_eq!(volume.value, Some(0.104));
    // What has no volume is no deposit, and nobody puts paste on the very corner.
    let corner = bad.replace("62.14", "0").replace("33.41", "0");
    assert_eq!(inspection(corner.as_bytes(), None).unwrap().boards[0].calls[0].place, None);
    let other = bad.replace("\"Vol\"", "\"V\"").replace("\"EVol\"", "\"EV\"");
    assert_eq!(inspection(other.as_bytes(), None).unwrap().deposits, Deposits::default());
}

#[test]
fn of_many_bad_deposits_some_are_kept_and_all_are_counted() {
    let one = "{\"Vol\":1,\"Result\":\"Failed\"}";
    let all = vec![one; 3000].join(",");
    let text =
        format!("{{\"InspectedUnits\":[{{\"Inspections\":[{{\"Measurements\":[{all}]}}]}}]}}");
    let found = inspection(text.as_bytes(), None).unwrap();
    assert_eq!(found.deposits, Deposits { measured: 3000, bad: 3000 });
    assert_eq!((found.boards[0].calls.len(), found.calls_left_out), (MAX_CALLS, 2600));
}

/// Up by 2 degrees a second from 20 to 240, and down again by 4.
fn tent() -> Curve {
    let times: Vec<f64> = (0..=330).map(|at| f64::from(at) * 0.5).collect();
    let value =
        |time: &f64| if *time <= 110.0 { 20.0 + 2.0 * time } else { 240.0 - 4.0 * (time - 110.0) };
    let samples = times.iter().map(|time| Some(value(time))).collect();
    let channels = vec![Channel { name: String::new(), samples }];
    Curve { times, channels, ..Curve::default() }
}

#[test]
fn figures_are_those_of_a_curve_that_can_be_reckoned_by_hand() {
    let near = |value: Option<f64>, wanted: f64| (value.unwrap() - wanted).abs() < 1e-6;
    let of = figures(&tent(), 0);
    assert!(near(of.ramp, 2.0) && near(of.fall, -4.0) && near(of.peak, 240.0), "{of:?}");
    // 150 to 200 at 2 a second; 217 to 240 at 2 and down at 4.
    assert!(near(of.soak, 25.0) && near(of.above, 11.5 + 5.75), "{of:?}");
    // A few missing cells are bridged in times; a long gap is not.
    let mut gap = tent();
    gap.channels[0].samples[20..25].fill(None);
    assert!(near(figures(&gap, 0).soak, 25.0));
    gap.channels[0].samples[20..40].fill(None);
    assert_eq!((figures(&gap, 0).soak, figures(&gap, 0).ramp), (None, None));
    gap.channels[0].samples.fill(None);
    assert_eq!(figures(&gap, 0), Figures::default());
}

#[test]
fn a_program_has_an_outline_and_every_board_on_it() {
    let text = "Program,P\nRevision,1\nBoard,60.00,40.00\nPanel,130.00,50.00\nOrigin,1,0.00,5.00\n\
                Origin,2,65.00,5.00\nDesignator,PartNumber,Package,X,Y,Rotation,Pins\nC1,4,0402,10.00,20.00,0,2\n";
    let read = program(text.as_bytes(), None).unwrap();
    assert_eq!((read.panel, read.origins[&2]), ((130.0, 50.0), (65.0, 5.0)));
    assert_eq!(read.place("C1.2"), Some((10.0, 20.0)));
    assert_eq!(read.place("C12"), None);
    for (from, to) in [("65.00,5.00", "75.00,5.00"), ("Origin,2", "Origin,1"), ("Program,P", "X,P")]
    {
        assert_eq!(program(text.replace(from, to).as_bytes(), None), None, "{from}");
    }
    let recipe = "OvenRecipe,A\nWindow,W\nFigure,Low,High,Unit\nPeak,235.0,255.0,C\n";
    assert_eq!(window(recipe.as_bytes(), None).unwrap().limits["Peak"], (235.0, 255.0));
    assert_eq!(window(text.as_bytes(), None), None);
}

#[test]
fn no_file_makes_more_than_its_bound() {
    let unit = "{\"Inspections\":[{\"DefectsFound\":[{},{},{}]}]}";
    let text = format!("{{\"InspectedUnits\":[{}]}}", vec![unit; 200].join(","));
    let found = inspection(text.as_bytes(), None).unwrap();
    let kept: usize = found.boards.iter().map(|board| board.calls.len()).sum();
    assert_eq!((kept, found.calls_left_out), (MAX_CALLS, 200));
    let text = format!("{{\"InspectedUnits\":[{}]}}", vec!["{}"; MAX_BOARDS + 1].join(","));
    assert_eq!(inspection(text.as_bytes(), None), Err(Unread::Form));
    let long =
        format!("{{\"InspectedUnits\":[{{\"UnitIdentifier\":\"{}\"}}]}}", "x".repeat(65_000));
    assert_eq!(inspection(long.as_bytes(), None).unwrap().boards[0].unit.len(), MAX_NAME);
    let wide = format!("Time{}\n0{}\n", ",T".repeat(100), ",1".repeat(100));
    assert_eq!(profile(wide.as_bytes(), None), Err(Unread::Form));
}
