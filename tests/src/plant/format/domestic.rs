//! CSV of a Chinese inspection machine: GBK, Chinese headings, file names in GBK bytes.
//!
//! No public sample of one is known; columns and words follow the Chinese MES interface of
//! DOMAIN 2.1 (工单, 机种, 条码, 偏位 缺件 ...), which counts, and adds the parts that were called.
//! The re-judgement (复判) is a file of its own.

use std::fmt::Write as _;

use crate::plant::report::{Draft, Inspection, Station, encode};

pub(crate) fn report(inspection: &Inspection<'_>) -> Vec<Draft> {
    let product = inspection.product;
    let judged = inspection.judged.as_ref();
    let time = inspection.claimed();
    let passed = if judged.is_some() { inspection.accepted() } else { inspection.passed() };
    let mut text = String::new();
    for (name, value) in [
        ("机台", inspection.line.machine(Station::Aoi)),
        ("工单", inspection.work_order.to_string()),
        ("批次", inspection.lot.to_string()),
        ("机种", product.name.clone()),
        ("程序", product.recipe.clone()),
        ("版本", inspection.revision.to_string()),
        ("条码", inspection.barcode.to_string()),
        ("测试日期", time.date('-')),
        ("测试时间", time.time(':')),
        ("操作员", format!("操作员{:04}", inspection.badge)),
        ("次数", inspection.attempt.to_string()),
        ("总点数", inspection.looked_at().to_string()),
        ("结果", String::from(if passed { "合格" } else { "不良" })),
    ] {
        let _ = write!(text, "{name},{value}\r\n");
    }
    if let Some(judged) = judged {
        let at = inspection.line.clock(Station::Review).shows(judged.at);
        let _ = write!(text, "复判员,操作员{:04}\r\n", judged.badge);
        let _ = write!(text, "复判时间,{} {}\r\n", at.date('-'), at.time(':'));
    }
    text += "\r\n拼板,子板条码,位号,料号,不良代码,不良名称,X,Y,机器判定,复判结果\r\n";
    for board in &inspection.boards {
        if board.skipped {
            let _ = write!(text, "{},{},,,,,,,跳过,\r\n", board.position, board.serial);
        } else if board.calls.is_empty() {
            let _ = write!(text, "{},{},,,,,,,合格,\r\n", board.position, board.serial);
        }
        for call in &board.calls {
            let part = &product.parts[call.part];
            let verdict = match call.confirmed {
                None => "",
                Some(true) => "不良",
                Some(false) => "误报",
            };
            let _ = write!(
                text,
                "{},{},{},{},{},{},{:.2},{:.2},不良,{verdict}\r\n",
                board.position,
                board.serial,
                call.place(product),
                part.part_number,
                call.defect.code,
                call.defect.chinese,
                part.x,
                part.y,
            );
        }
    }
    let (folder, word) = if judged.is_some() { ("复判", "复判") } else { ("检测", "检测") };
    let name = format!(
        "{folder}/{word}_{}_{}_{}.csv",
        inspection.file_barcode(),
        time.compact(),
        inspection.attempt
    );
    let path = encode(&inspection.line.path(Station::Aoi, &name), encoding_rs::GBK);
    vec![Draft::write(path, encode(&text, encoding_rs::GBK))]
}
