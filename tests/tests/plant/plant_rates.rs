//! How often things happen, beside what was measured in the field: DOMAIN 2.3 and 3.

use tests::plant::{Faults, Misbehaviour, Plant, Scale, Truth};

/// Enough panels that chance cannot move the figures out of their ranges.
fn truth(scale: Scale) -> Truth {
    let mut plant = Plant::new(77, scale, Faults::none(), Misbehaviour::none());
    plant.by_ref().for_each(drop);
    plant.truth().clone()
}

#[test]
fn a_plants_false_calls_defects_yield_and_reviews_are_those_of_the_field() {
    let truth = truth(Scale { lines: 5, hours: 40, panels_per_hour: 40, lot_panels: 120 });
    let panels = truth.panels.len() as f64;
    assert!(panels > 7_500.0, "{panels}");
    let parts: usize = truth.panels.iter().map(|panel| parts(&truth, panel)).sum();
    let share = |count: usize| count as f64 / panels;
    let ppm = |count: usize| count as f64 / parts as f64 * 1e6;

    let first = || truth.panels.iter().map(|panel| &panel.attempts[0]);
    let passed = share(first().filter(|attempt| attempt.passed).count());
    assert!((0.35..0.50).contains(&passed), "first pass yield {passed}");
    let false_calls = ppm(first().map(|attempt| attempt.false_calls as usize).sum());
    assert!((2_500.0..3_800.0).contains(&false_calls), "{false_calls} false calls ppm");
    let units = || truth.panels.iter().flat_map(|panel| &panel.units);
    let defects: usize = units().map(|unit| unit.defects.len()).sum();
    let real = ppm(defects);
    assert!((150.0..300.0).contains(&real), "{real} real defects ppm");
    let seen: usize = first().map(|attempt| attempt.real_calls as usize).sum();
    let unseen = ppm(defects - seen);
    assert!((4.0..14.0).contains(&unseen), "{unseen} escapes of the machine ppm");
    let reviewed = share(first().filter(|attempt| attempt.reviewed.is_some()).count());
    assert!((0.50..0.65).contains(&reviewed), "{reviewed} reviewed");
    let per_defect = false_calls / real;
    assert!((8.0..20.0).contains(&per_defect), "{per_defect} false calls per real defect");

    let repaired = share(truth.panels.iter().filter(|p| p.attempts[0].repaired.is_some()).count());
    assert!((0.05..0.15).contains(&repaired), "{repaired} repaired");
    let again = truth.panels.iter().filter(|panel| panel.attempts.len() > 1).count();
    assert!(again > 200 && truth.panels.iter().all(|panel| panel.attempts.len() <= 3), "{again}");
    assert!(units().any(|unit| unit.scrapped) && units().any(|unit| unit.skipped));
    let shipped = units().filter(|unit| unit.shipped).count() as f64 / units().count() as f64;
    assert!((0.90..0.999).contains(&shipped), "{shipped} shipped");
    assert!(units().filter(|unit| unit.scrapped || unit.skipped).all(|unit| !unit.shipped));
}

fn parts(truth: &Truth, panel: &tests::plant::truth::Panel) -> usize {
    let product = truth.products.iter().find(|product| product.name == panel.product);
    let product = product.expect("a panel is of a product");
    product.panel_parts()
}

#[test]
fn a_plants_lines_run_2_to_12_profiles_a_day_and_every_panel_has_its_certificate() {
    let truth = truth(Scale { lines: 5, hours: 96, panels_per_hour: 20, lot_panels: 120 });
    for line in 1..=5 {
        let runs = truth.certificates.iter().filter(|certificate| certificate.line == line);
        let per_day = runs.count() as f64 / 4.0;
        assert!((2.0..=12.0).contains(&per_day), "line {line}: {per_day} profiles a day");
    }
    let by_id = |id: &str| truth.certificates.iter().find(|certificate| certificate.id == id);
    for panel in &truth.panels {
        let id = panel.certificate.as_deref().expect("an honest plant has a profile first");
        let certificate = by_id(id).unwrap();
        assert!(certificate.run <= panel.oven.0 && certificate.line == panel.line, "{panel:?}");
        assert!(certificate.ended.is_none_or(|ended| panel.oven.0 <= ended + 70_000), "{panel:?}");
        assert!(certificate.profile.passed && !certificate.backdated);
        assert!(panel.oven.0 - certificate.run < 13 * 3_600_000, "older than 12 hours");
    }
    assert!(truth.certificates.iter().any(|certificate| !certificate.profile.passed));
}

#[test]
fn a_plants_panels_have_1_to_6_units_parts_that_do_not_overlap_and_serials_of_their_own() {
    let truth = truth(Scale { lines: 5, hours: 4, panels_per_hour: 30, lot_panels: 20 });
    let units: Vec<usize> = truth.products.iter().map(tests::plant::Product::units).collect();
    assert_eq!(units, [1, 2, 3, 4, 6]);
    for product in &truth.products {
        for (index, part) in product.parts.iter().enumerate() {
            let reach = part.size_mm.0.max(part.size_mm.1) / 2.0;
            assert!(part.x > reach && part.x + reach < product.board_mm.0, "{part:?} hangs over");
            assert!(part.y > reach && part.y + reach < product.board_mm.1, "{part:?} hangs over");
            for other in &product.parts[index + 1..] {
                let far = (part.x - other.x).abs().max((part.y - other.y).abs());
                let needed = reach + other.size_mm.0.max(other.size_mm.1) / 2.0;
                assert!(far >= needed - 0.5, "{part:?} lies on {other:?}");
            }
        }
        let mut names: Vec<_> = product.parts.iter().map(|part| &part.designator).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), product.parts.len(), "designators repeat");
    }
    let serials = truth.panels.iter().flat_map(|panel| &panel.units).map(|unit| &unit.serial);
    let mut serials: Vec<_> = serials.collect();
    let count = serials.len();
    serials.sort();
    serials.dedup();
    assert_eq!(serials.len(), count, "serials repeat");
}

#[test]
fn a_plants_lots_that_integrators_ignore_are_made_and_never_shipped() {
    let truth = truth(Scale { lines: 5, hours: 48, panels_per_hour: 30, lot_panels: 20 });
    let ignored: Vec<_> = truth.lots.iter().filter(|lot| !lot.shipped).collect();
    assert!(ignored.iter().any(|lot| lot.name.starts_with("skip")), "{ignored:?}");
    assert!(ignored.iter().any(|lot| lot.name.starts_with("notest")), "{ignored:?}");
    let csv = truth.shipped_csv();
    assert!(!csv.contains("skip") && !csv.contains("notest"));
    let shipped = truth.panels.iter().flat_map(|panel| &panel.units).filter(|unit| unit.shipped);
    assert_eq!(csv.lines().count(), shipped.count() + 1);
    let made: u32 = truth.lots.iter().map(|lot| lot.panels).sum();
    assert_eq!(made as usize, truth.panels.len());
}
