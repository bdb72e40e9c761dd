//! The files that decide what a verdict means: inspection programs, limits, tables of defect
//! codes, oven recipes. They change now and then, and a change in silence is misbehaviour.

use std::fmt::Write as _;

use crate::plant::defects::DEFECTS;
use crate::plant::product::Product;
use crate::plant::reflow::{FIGURES, LIMITS, WINDOW_NAME, ZONES};
use crate::plant::report::{Draft, Line, Style, encode};

/// How far a part may stand from its place.
pub(crate) const OFFSET_LIMIT_MM: f64 = 0.15;

/// The program of one product: where each part is looked for.
pub(crate) fn program(line: &Line, product: &Product, revision: u32) -> Draft {
    let mut text = format!(
        "Program,{}\r\nRevision,{revision}\r\nBoard,{:.2},{:.2}\r\nPanel,{:.2},{:.2}\r\n",
        product.recipe,
        product.board_mm.0,
        product.board_mm.1,
        product.panel_mm.0,
        product.panel_mm.1,
    );
    for (at, (x, y)) in product.origins_mm.iter().enumerate() {
        let _ = write!(text, "Origin,{},{x:.2},{y:.2}\r\n", at + 1);
    }
    text += "Designator,PartNumber,Package,X,Y,Rotation,Pins\r\n";
    for part in &product.parts {
        let _ = write!(
            text,
            "{},{},{},{:.2},{:.2},{},{}\r\n",
            part.designator,
            part.part_number,
            part.package,
            part.x,
            part.y,
            part.rotation,
            part.pins,
        );
    }
    Draft::write(format!("{}/program/{}.csv", line.folder, product.recipe), text)
}

/// The limits of a line's inspection machine; `widened` is 1 if they are what they should be.
pub(crate) fn limits(line: &Line, revision: u32, widened: f64) -> Draft {
    let mut text = format!("LimitSet,AOI_STD\r\nRevision,{revision}\r\nName,Low,High,Unit\r\n");
    for (name, limit, unit) in [
        ("OffsetX", OFFSET_LIMIT_MM, "mm"),
        ("OffsetY", OFFSET_LIMIT_MM, "mm"),
        ("Rotation", 5.0, "deg"),
    ] {
        let limit = limit * widened;
        let _ = write!(text, "{name},{:.3},{limit:.3},{unit}\r\n", -limit);
    }
    let _ = write!(text, "SolderArea,{:.1},{:.1},%\r\n", 70.0 / widened, 130.0 * widened);
    Draft::write(format!("{}/program/limits.csv", line.folder), text)
}

/// The site's table of defect codes, in the encoding of the line's machines.
pub(crate) fn codes(line: &Line, revision: u32) -> Draft {
    let mut text = format!("DefectCodes,{revision}\r\nCode,Category,Name\r\n");
    for defect in DEFECTS {
        let name = match line.style {
            Style::Domestic => defect.chinese,
            Style::Omron => defect.japanese,
            Style::Cfx | Style::Saki | Style::Yestech => defect.english,
        };
        let _ = write!(text, "{},{},{name}\r\n", defect.code, defect.category);
    }
    // A later revision has a code more, for boards with coating.
    for extra in 1..revision {
        let _ = write!(text, "USR{extra:02},Contamination,USR{extra:02}\r\n");
    }
    let bytes = match line.style {
        Style::Domestic => encode(&text, encoding_rs::GBK),
        Style::Omron => encode(&text, encoding_rs::SHIFT_JIS),
        Style::Yestech => encode(&text, encoding_rs::WINDOWS_1252),
        Style::Cfx | Style::Saki => text.into_bytes(),
    };
    Draft::write(format!("{}/program/defect-codes.csv", line.folder), bytes)
}

/// The oven's recipe with its zones, and the window that its profiles are judged by.
pub(crate) fn oven_recipe(line: &Line, recipe: &str, revision: u32) -> Draft {
    let mut text = format!("OvenRecipe,{recipe}\r\nRevision,{revision}\r\nBelt,90.0,cm/min\r\n");
    text += "Zone,Type,Top,Bottom\r\n";
    for (at, (kind, setpoint)) in ZONES.iter().enumerate() {
        let _ = write!(text, "{},{kind},{setpoint:.1},{setpoint:.1}\r\n", at + 1);
    }
    let _ = write!(text, "Window,{WINDOW_NAME}\r\nFigure,Low,High,Unit\r\n");
    for ((name, unit), (low, high)) in FIGURES.iter().zip(LIMITS) {
        let _ = write!(text, "{name},{low:.1},{high:.1},{unit}\r\n");
    }
    Draft::write(format!("{}/program/oven-{recipe}.csv", line.folder), text)
}
