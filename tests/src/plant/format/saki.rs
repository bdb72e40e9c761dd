//! Saki-like XML: one file a panel, modelled after the public test data of a converter (DOMAIN 2.1).
//!
//! No declaration, times as `MM/dd/yyyy` without a zone, and only calls are listed: a board without
//! any is nearly empty. Before review every call stands under `Failed`; the review station
//! rewrites the same file and moves those it rejects to `FalseCalls`. This site's machines put a
//! byte order mark in front.

use std::fmt::Write as _;

use crate::plant::report::{Board, Draft, Inspection, Station};

pub(crate) fn report(inspection: &Inspection<'_>) -> Draft {
    let claimed = inspection.line.clock(Station::Aoi).shows(inspection.started);
    let judged = inspection.judged.as_ref();
    let failed = if judged.is_some() { !inspection.accepted() } else { !inspection.passed() };
    let badge = judged.map_or(inspection.badge, |judged| judged.badge);
    let mut xml = String::from("\u{feff}");
    let _ = write!(
        xml,
        "<Panel barcode=\"{}\" result=\"{}\" startDate=\"{}\" startTime=\"{}\" side=\"{}\" \
         operator=\"B{badge:04}\" endDate=\"{}\" endTime=\"{}\" machine=\"{}\" lot=\"{}\">\r\n  <Program name=\"{}\" ver=\"{}\" />\r\n",
        inspection.barcode,
        if failed { "failed" } else { "passed" },
        claimed.american(),
        claimed.time(':'),
        if inspection.product.recipe.ends_with("TOP") { "T" } else { "B" },
        inspection.claimed().american(),
        inspection.claimed().time(':'),
        inspection.line.machine(Station::Aoi),
        inspection.lot,
        inspection.product.recipe,
        inspection.revision,
    );
    for board in inspection.boards.iter().filter(|board| !board.skipped) {
        image(&mut xml, inspection, board);
    }
    xml += "</Panel>\r\n";
    let stamp = claimed.compact();
    let name = format!("{}_{stamp}_{}.xml", inspection.file_barcode(), inspection.attempt);
    // One folder a day, as machines do that delete the oldest folder when the disk fills.
    let name = format!("{}/{name}", &stamp[..8]);
    Draft::write(inspection.line.path(Station::Aoi, &name), xml)
}

fn image(xml: &mut String, inspection: &Inspection<'_>, board: &Board) {
    let judged = inspection.judged.is_some();
    let failed = if judged { !board.accepted() } else { !board.calls.is_empty() };
    let barcode = if inspection.product.own_serials { &board.serial } else { "N/A" };
    let _ = write!(
        xml,
        "  <Image barcode=\"{barcode}\" id=\"{}\" result=\"{}\">\r\n    <Results>\r\n",
        board.position,
        if failed { "failed" } else { "passed" },
    );
    for (list, holds_rejected) in [("FalseCalls", true), ("Failed", false)] {
        let calls = board
            .calls
            .iter()
            .filter(|call| (call.confirmed == Some(false)) == holds_rejected)
            .collect::<Vec<_>>();
        if calls.is_empty() {
            continue;
        }
        let _ = write!(xml, "      <{list}>\r\n");
        for call in calls {
            let part = &inspection.product.parts[call.part];
            let _ = write!(
                xml,
                "        <Reference designator=\"{}\" partNumber=\"{number}\" \
                 package=\"{number}_{}\" description=\"{} {}\" />\r\n",
                call.place(inspection.product),
                part.package,
                call.defect.code,
                call.defect.english,
                number = part.part_number,
            );
        }
        let _ = write!(xml, "      </{list}>\r\n");
    }
    *xml += "    </Results>\r\n  </Image>\r\n";
}
