//! Tables of called parts: a row of headings, then one row a called part, or one a board without any.
//!
//! Omron-like tables begin with the headings; those with Chinese headings have lines of keys before.

use super::{Call, InspectedBoard, Inspection, Standing, name, point};
use super::{MAX_BOARDS, Place};

/// The most rows of one table.
const MAX_ROWS: usize = 100_000;

/// The headings of a column, by makers.
const DESIGNATOR: &[&str] = &["ComponentID", "位号", "Designator"];
const BOARD: &[&str] = &["SegmentNo", "拼板"];
const UNIT: &[&str] = &["Barcode", "子板条码", "BoardID"];
const X: &[&str] = &["X", "PosX"];
const Y: &[&str] = &["Y", "PosY"];
const CODE: &[&str] = &["DefectCode", "不良代码"];
const DEFECT: &[&str] = &["Defect", "不良名称"];
const MACHINE: &[&str] = &["Result", "机器判定"];
const REVIEW: &[&str] = &["复判结果"];

/// Words for a call that was none, and for one that a person has confirmed.
const FALSE_CALLS: &[&str] = &["OK", "误报", "虚報"];
const CONFIRMED: &[&str] = &["不良"];

struct Columns {
    designator: usize,
    board: Option<usize>,
    unit: Option<usize>,
    x: Option<usize>,
    y: Option<usize>,
    code: Option<usize>,
    defect: Option<usize>,
    machine: Option<usize>,
    review: Option<usize>,
}

impl Columns {
    fn of(row: &[String]) -> Option<Self> {
        let find = |names: &[&str]| row.iter().position(|cell| names.contains(&cell.trim()));
        Some(Self {
            designator: find(DESIGNATOR)?,
            board: find(BOARD),
            unit: find(UNIT),
            x: find(X),
            y: find(Y),
            code: find(CODE),
            defect: find(DEFECT),
            machine: find(MACHINE),
            review: find(REVIEW),
        })
    }
}

/// What was found, if there is a row of headings with one for designators and one for verdicts.
pub(super) fn inspection(text: &str) -> Option<Inspection> {
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes())
        .into_records()
        .take(MAX_ROWS)
        .map(|row| row.map(|row| row.iter().map(str::to_string).collect::<Vec<String>>()));
    let columns = loop {
        let row = rows.next()?.ok()?;
        if let Some(columns) = Columns::of(&row).filter(|columns| columns.machine.is_some()) {
            break columns;
        }
    };
    let mut found = Inspection::default();
    for row in rows {
        add(&mut found, &columns, &row.ok()?)?;
    }
    Some(found)
}

fn add(found: &mut Inspection, columns: &Columns, row: &[String]) -> Option<()> {
    let cell = |column: Option<usize>| {
        column.and_then(|at| row.get(at)).map(|cell| name(cell)).unwrap_or_default()
    };
    let (unit, position) = (cell(columns.unit), cell(columns.board).parse().ok());
    let is_it = |board: &InspectedBoard| board.position == position && board.unit == unit;
    let at = match found.boards.iter().position(is_it) {
        Some(at) => at,
        None if found.boards.len() >= MAX_BOARDS => return None,
        None => {
            found.boards.push(InspectedBoard { unit, position, ..InspectedBoard::default() });
            found.boards.len() - 1
        }
    };
    let board = &mut found.boards[at];
    let (machine, review) = (cell(columns.machine), cell(columns.review));
    let designator = cell(Some(columns.designator));
    if designator.is_empty() {
        board.result = machine;
        return Some(());
    }
    let word = if review.is_empty() { machine } else { review.clone() };
    let standing = match word.as_str() {
        word if FALSE_CALLS.contains(&word) => Standing::FalseCall,
        word if !review.is_empty() && CONFIRMED.contains(&word) => Standing::Confirmed,
        _ => Standing::Called,
    };
    let number = |column| cell(column).parse::<f64>().ok();
    let place = number(columns.x).zip(number(columns.y)).and_then(|(x, y)| point(x, y));
    let words = [cell(columns.code), cell(columns.defect)];
    board.calls.push(Call {
        designator,
        defect: words.join(" ").trim().to_string(),
        verification: word,
        standing,
        confidence: None,
        place: place.map(Place::Point),
        paste: None,
    });
    Some(())
}
