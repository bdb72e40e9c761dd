//! Omron-like CSV in two folders: `Machine` has the machine's verdict, `Operator` the re-judgement.
//!
//! The name is `Machine_Batch_BoardID_Process_Side_Time_Attempt_Result.csv` (DOMAIN 2.1); the
//! columns follow the names of the public web interface. Shift-JIS, CRLF, times without a zone.

use std::fmt::Write as _;

use crate::plant::report::{Board, Call, Draft, Inspection, Station, encode};

const HEADING: &str = "検査ID,基板バーコード,面付番号,部品名,部品番号,パッケージ,X(mm),Y(mm),不良コード,\
                       不良名,機械判定,目視判定,作業者,確認日時";

pub(crate) fn report(inspection: &Inspection<'_>) -> Draft {
    let line = inspection.line;
    let mut text = format!("{HEADING}\r\n");
    for board in &inspection.boards {
        if board.skipped {
            row(&mut text, inspection, board, None, "SKIP");
        } else if board.calls.is_empty() {
            row(&mut text, inspection, board, None, "OK");
        }
        for call in &board.calls {
            row(&mut text, inspection, board, Some(call), "NG");
        }
    }
    let judged = inspection.judged.is_some();
    let passed = if judged { inspection.accepted() } else { inspection.passed() };
    let name = format!(
        "{}/{}_{}_{}_{}_{}_{}_{}_{}.csv",
        if judged { "Operator" } else { "Machine" },
        line.machine(Station::Aoi),
        inspection.lot,
        inspection.file_barcode(),
        "AOI",
        if inspection.product.recipe.ends_with("TOP") { "T" } else { "B" },
        inspection.claimed().compact(),
        inspection.attempt,
        if passed { "OK" } else { "NG" },
    );
    Draft::write(line.path(Station::Aoi, &name), encode(&text, encoding_rs::SHIFT_JIS))
}

fn row(
    text: &mut String,
    inspection: &Inspection<'_>,
    board: &Board,
    call: Option<&Call>,
    machine: &str,
) {
    let product = inspection.product;
    let judged = inspection.judged.as_ref();
    let _ = write!(
        text,
        "{:08X},{},{}",
        inspection.identity as u32,
        if product.own_serials { &board.serial } else { inspection.barcode },
        board.position,
    );
    match call {
        None => *text += ",,,,,,,",
        Some(call) => {
            let part = &product.parts[call.part];
            let _ = write!(
                text,
                ",{},{},{},{:.2},{:.2},{},{}",
                call.place(product),
                part.part_number,
                part.package,
                part.x,
                part.y,
                call.defect.code,
                call.defect.japanese,
            );
        }
    }
    let verdict = match (call.and_then(|call| call.confirmed), judged) {
        (_, None) => "",
        (Some(true), _) => "NG",
        _ => "OK",
    };
    let badge = judged.map_or(inspection.badge, |judged| judged.badge);
    let confirmed = judged.map_or_else(
        || inspection.claimed(),
        |judged| inspection.line.clock(Station::Review).shows(judged.at),
    );
    let _ = write!(
        text,
        ",{machine},{verdict},作業者{badge:04},{} {}\r\n",
        confirmed.date('/'),
        confirmed.time(':'),
    );
}
