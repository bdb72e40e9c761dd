//! Omron-like CSV in two folders: `Machine` has the machine's verdict, `Operator` the re-judgement.
//!
//! The name is `Machine_Batch_BoardID_Process_Side_Time_Attempt_Result.csv` (DOMAIN 2.1); the
//! columns follow the names of the public web interface. Shift-JIS, CRLF, times without a zone.

use std::fmt::Write as _;

use crate::plant::clock::Civil;
use crate::plant::report::{Board, Call, Draft, Inspection, Station, encode};

const MACHINE: &str = "Program,BoardResult,InspectionDate,SegmentNo,Barcode,ComponentID,PartNumber,\
                       Package,X,Y,DefectCode,Result,Defect";
const OPERATOR: &str = "Program,BoardResult,MachineBoardResult,ConfirmDate,Operator,SegmentNo,Barcode,\
                        ComponentID,PartNumber,Package,X,Y,DefectCode,Result,Defect";

pub(crate) fn report(inspection: &Inspection<'_>) -> Draft {
    let line = inspection.line;
    let judged = inspection.judged.as_ref();
    let word = |passed: bool| if passed { "OK" } else { "NG" };
    let result = word(if judged.is_some() { inspection.accepted() } else { inspection.passed() });
    let program = &inspection.product.recipe;
    let moment = |time: Civil| format!("{} {}", time.date('/'), time.time(':'));
    let (mut text, board_columns) = match judged {
        None => {
            let columns = format!("{program},{result},{}", moment(inspection.claimed()));
            (format!("{MACHINE}\r\n"), columns)
        }
        Some(judged) => {
            let machine = word(inspection.passed());
            let at = moment(line.clock(Station::Review).shows(judged.at));
            let columns = format!("{program},{result},{machine},{at},作業者{:04}", judged.badge);
            (format!("{OPERATOR}\r\n"), columns)
        }
    };
    for board in &inspection.boards {
        if board.calls.is_empty() {
            row(&mut text, &board_columns, inspection, (board, None));
        }
        for call in &board.calls {
            row(&mut text, &board_columns, inspection, (board, Some(call)));
        }
    }
    let name = format!(
        "{}/{}_{}_{}_{}_{}_{}_{}_{result}.csv",
        if judged.is_some() { "Operator" } else { "Machine" },
        line.machine(Station::Aoi),
        inspection.lot,
        inspection.file_barcode(),
        "AOI",
        if program.ends_with("TOP") { "T" } else { "B" },
        inspection.claimed().compact(),
        inspection.attempt,
    );
    Draft::write(line.path(Station::Aoi, &name), encode(&text, encoding_rs::SHIFT_JIS))
}

fn row(
    text: &mut String,
    board_columns: &str,
    inspection: &Inspection<'_>,
    (board, call): (&Board, Option<&Call>),
) {
    let product = inspection.product;
    let barcode = if product.own_serials { &board.serial } else { inspection.barcode };
    let _ = write!(text, "{board_columns},{},{barcode}", board.position);
    let Some(call) = call else {
        let (result, defect) = if board.skipped { ("SKIP", "対象外") } else { ("OK", "良品") };
        let _ = write!(text, ",,,,,,,{result},{defect}\r\n");
        return;
    };
    let part = &product.parts[call.part];
    let rejected = call.confirmed == Some(false);
    let _ = write!(
        text,
        ",{},{},{},{:.2},{:.2},{},{},{}\r\n",
        call.place(product),
        part.part_number,
        part.package,
        part.x,
        part.y,
        call.defect.code,
        if rejected { "OK" } else { "NG" },
        if rejected { "虚報" } else { call.defect.japanese },
    );
}
