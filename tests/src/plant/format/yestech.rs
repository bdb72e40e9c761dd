//! YESTECH-like rows: one row a defect, in the columns of its table `SPC_Data` (DOMAIN 2.1), one
//! file a panel; and, after AOPEN/YesTek, one `AOIData.Dat` for all panels that grows for ever.
//!
//! The rows have the table's columns and the maker's dates, and ours at the end; in the growing
//! file the site's settings win: semicolons, decimal commas, dd/MM/yyyy. Both are Windows-1252. Review
//! rewrites the rows in place (`RDate`, `Reviewer`, `FC`) as the table's are updated, and adds one
//! to the growing file.

use std::fmt::Write as _;

use crate::plant::report::{Board, Call, Draft, Inspection, Station, encode};

const HEADING: &str = "SystemID,Inspector,Assy,WO,IDate,SN,DefectCode,PartTotal,SolderTotal,PartFail,\
                       SolderFail,RDate,Reviewer,RecType,Side,FC,Reworked,PN,Pkg,\
                       Board,RefDes,Description,X,Y,Offset,Rev";

pub(crate) fn report(inspection: &Inspection<'_>) -> Vec<Draft> {
    let mut text = format!("{HEADING}\r\n");
    for board in inspection.boards.iter().filter(|board| !board.skipped) {
        if board.calls.is_empty() {
            row(&mut text, inspection, board, None);
        }
        for call in &board.calls {
            row(&mut text, inspection, board, Some(call));
        }
    }
    let line = inspection.line;
    let stamp = inspection.claimed().compact();
    let name = format!("{stamp}_{}_{}.csv", inspection.file_barcode(), inspection.attempt);
    let rows = encode(&text, encoding_rs::WINDOWS_1252);
    let growing = row_of_growing(inspection);
    vec![
        Draft::write(line.path(Station::Aoi, &format!("SPC/{name}")), rows),
        Draft::append(line.path(Station::Aoi, "AOIData.Dat"), growing),
    ]
}

fn row(text: &mut String, inspection: &Inspection<'_>, board: &Board, call: Option<&Call>) {
    let product = inspection.product;
    let time = inspection.claimed();
    let at_pins = board.calls.iter().filter(|call| call.pin.is_some()).count();
    let (when, who, kind) = reviewed(inspection);
    let _ = write!(
        text,
        "{},Prüfer {:04},{},{},{} {},{},{},{},{},{},{at_pins},{when},{who},{kind},{},{},0,",
        inspection.line.machine(Station::Aoi),
        inspection.badge,
        product.recipe,
        inspection.work_order,
        time.american(),
        time.time(':'),
        if product.own_serials { &board.serial } else { inspection.barcode },
        call.map_or("", |call| call.defect.code),
        product.parts.len(),
        product.parts.iter().map(|part| part.pins).sum::<u32>(),
        board.calls.len() - at_pins,
        if product.recipe.ends_with("TOP") { 'T' } else { 'B' },
        u8::from(call.is_some_and(|call| call.confirmed == Some(false))),
    );
    match call {
        None => {
            let _ = write!(text, ",,{},,,,,", board.position);
        }
        Some(call) => {
            let part = &product.parts[call.part];
            let _ = write!(
                text,
                "{},{},{},{},{},{:.2},{:.2},{:.3}",
                part.part_number,
                part.package,
                board.position,
                call.place(product),
                call.defect.english,
                part.x,
                part.y,
                offset(call),
            );
        }
    }
    let _ = write!(text, ",{}\r\n", inspection.revision);
}

fn offset(call: &Call) -> f64 {
    call.excess * super::tables::OFFSET_LIMIT_MM
}

fn reviewed(inspection: &Inspection<'_>) -> (String, String, &'static str) {
    let Some(judged) = &inspection.judged else { return (String::new(), String::new(), "I") };
    let time = inspection.line.clock(Station::Review).shows(judged.at);
    (format!("{} {}", time.american(), time.time(':')), format!("Prüfer {:04}", judged.badge), "IR")
}

/// What is added to the growing file.
pub(crate) fn row_of_growing(inspection: &Inspection<'_>) -> Vec<u8> {
    encode(&summary(inspection), encoding_rs::WINDOWS_1252)
}

/// One line of the growing file: date, time, board, program, verdict, counts, worst offset.
fn summary(inspection: &Inspection<'_>) -> String {
    let judged = inspection.judged.is_some();
    let time = match &inspection.judged {
        None => inspection.claimed(),
        Some(judged) => inspection.line.clock(Station::Review).shows(judged.at),
    };
    let passed = if judged { inspection.accepted() } else { inspection.passed() };
    let all = inspection.boards.iter().flat_map(|board| &board.calls);
    let worst = all.map(offset).fold(0.0, f64::max);
    let calls: usize = inspection.boards.iter().map(|board| board.calls.len()).sum();
    format!(
        "{} {};{};{};{};{};{};{calls};{}\r\n",
        time.european(),
        time.time(':'),
        inspection.barcode,
        inspection.product.recipe,
        if judged { "R" } else { "I" },
        if passed { "PASS" } else { "FAIL" },
        inspection.looked_at(),
        format!("{worst:.3}").replace('.', ","),
    )
}
