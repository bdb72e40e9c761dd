//! Defects at their places: the panel or one board from above, y upwards as the machine has it.
//!
//! The outline is the inspection program's, if the file that the record means is enclosed. Otherwise no outline is
//! known: a board with places that lie apart is drawn in the box around them, and that is said. A box around a
//! single place would have the size of the defect and show nothing: it is not drawn.

use super::markup::Html;
use super::svg;
use super::words::Words;
use crate::messages::Message;
use crate::pictures::{InspectedBoard, Inspection, Program, Standing, bounds};

/// The largest drawing.
const MOST: (f64, f64) = (680.0, 300.0);

/// White around the outline, for marks of defects at its edge.
const MARGIN: f64 = 26.0;

/// Half the size of a mark, and how far it stands from its place.
const MARK: f64 = 9.0;
const REACH: f64 = 20.0;

/// How far places must lie apart, mm, to be drawn without an outline.
const MIN_SPREAD: f64 = 5.0;

/// A corner of a rectangle, mm.
type Corner = (f64, f64);

/// One defect on the drawing, by its number in the list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Spot {
    /// Its number.
    pub(super) number: usize,
    /// What was decided.
    pub(super) standing: Standing,
    /// Its corners, mm.
    pub(super) corners: Vec<(f64, f64)>,
    /// Its middle, mm.
    pub(super) middle: (f64, f64),
}

/// One drawing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sheet {
    /// Which board, where it is not the whole panel.
    pub(super) board: Option<String>,
    /// The lower left and the upper right corner, mm.
    pub(super) frame: ((f64, f64), (f64, f64)),
    /// Whether the frame is an outline that a file states.
    pub(super) is_outline: bool,
    /// Boards on the panel: number, lower left and upper right corner.
    pub(super) boards: Vec<(u64, Corner, Corner)>,
    /// Where parts are.
    pub(super) parts: Vec<(f64, f64)>,
    /// What was called.
    pub(super) spots: Vec<Spot>,
}

/// The drawings of an inspection. Defects are numbered through all boards, those without a place too.
pub(super) fn sheets(found: &Inspection, program: Option<&Program>) -> Vec<Sheet> {
    match program {
        Some(program) => panel(found, program).into_iter().collect(),
        None => numbered(found).filter_map(|(board, numbers)| lone(board, &numbers)).collect(),
    }
}

/// Each board with the number of its first defect.
fn numbered(found: &Inspection) -> impl Iterator<Item = (&InspectedBoard, Vec<usize>)> {
    let mut next = 1;
    found.boards.iter().map(move |board| {
        let numbers = (next..next + board.calls.len()).collect();
        next += board.calls.len();
        (board, numbers)
    })
}

/// A board by itself, in the box around its defects, if that shows how they lie.
fn lone(board: &InspectedBoard, numbers: &[usize]) -> Option<Sheet> {
    let spots: Vec<Spot> = board
        .calls
        .iter()
        .zip(numbers)
        .filter_map(|(call, number)| {
            let place = call.place.as_ref()?;
            let (corners, middle) = (place.corners().to_vec(), place.middle());
            Some(Spot { number: *number, standing: call.standing, corners, middle })
        })
        .collect();
    let (low, high) = bounds(spots.iter().map(|spot| spot.middle));
    if spots.is_empty() || (high.0 - low.0).max(high.1 - low.1) < MIN_SPREAD {
        return None;
    }
    let frame = bounds(spots.iter().flat_map(|spot| spot.corners.iter().copied()));
    let name = board.position.map_or(board.unit.clone(), |position| position.to_string());
    let (boards, parts) = (Vec::new(), Vec::new());
    Some(Sheet { board: Some(name), frame, is_outline: false, boards, parts, spots })
}

/// The panel as the program has it. A place that it does not explain is not drawn.
fn panel(found: &Inspection, program: &Program) -> Option<Sheet> {
    let mut spots = Vec::new();
    for (board, numbers) in numbered(found) {
        let Some(origin) = origin(board, program) else { continue };
        let moved = |(x, y): (f64, f64)| (x + origin.0, y + origin.1);
        for (call, number) in board.calls.iter().zip(numbers) {
            let (corners, middle) = match &call.place {
                Some(place) => (place.corners().to_vec(), place.middle()),
                None => match program.place(&call.designator) {
                    Some(place) => (vec![place], place),
                    None => continue,
                },
            };
            let corners: Vec<(f64, f64)> = corners.into_iter().map(moved).collect();
            spots.push(Spot { number, standing: call.standing, corners, middle: moved(middle) });
        }
    }
    let size = if program.origins.is_empty() { program.board } else { program.panel };
    let boards: Vec<(u64, Corner, Corner)> = program
        .origins
        .iter()
        .map(|(number, (x, y))| (*number, (*x, *y), (x + program.board.0, y + program.board.1)))
        .collect();
    let origins: Vec<(f64, f64)> = match boards.is_empty() {
        true => vec![(0.0, 0.0)],
        false => boards.iter().map(|(_, low, _)| *low).collect(),
    };
    let parts = origins.iter().flat_map(|(x, y)| {
        program.parts.values().take(MAX_PARTS).map(move |part| (x + part.0, y + part.1))
    });
    let parts = parts.take(MAX_PARTS).collect();
    let frame = ((0.0, 0.0), size);
    (!spots.is_empty()).then_some(Sheet {
        board: None,
        frame,
        is_outline: true,
        boards,
        parts,
        spots,
    })
}

/// The most parts that are drawn, as a ground for the defects.
const MAX_PARTS: usize = 2000;

/// Where a board stands on the panel, by the position that the report gives it.
fn origin(board: &InspectedBoard, program: &Program) -> Option<(f64, f64)> {
    match board.position {
        Some(position) => match program.origins.get(&position) {
            None if program.origins.is_empty() => Some((0.0, 0.0)),
            found => found.copied(),
        },
        None if program.origins.len() <= 1 => {
            Some(program.origins.values().next().copied().unwrap_or_default())
        }
        None => None,
    }
}

/// From millimetres on the board to places on the drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Layout {
    low: (f64, f64),
    scale: f64,
    /// The drawing's size.
    pub(super) size: (f64, f64),
}

impl Layout {
    /// As large as fits; the box around a single point is given a size.
    pub(super) fn of((low, high): ((f64, f64), (f64, f64))) -> Self {
        let widen = |low: f64, high: f64| {
            if high - low < 1.0 { (low - 5.0, high + 5.0) } else { (low, high) }
        };
        let (left, right) = widen(low.0, high.0);
        let (bottom, top) = widen(low.1, high.1);
        let room = (MOST.0 - 2.0 * MARGIN, MOST.1 - 2.0 * MARGIN);
        let scale = (room.0 / (right - left)).min(room.1 / (top - bottom)).min(8.0);
        let size = ((right - left) * scale + 2.0 * MARGIN, (top - bottom) * scale + 2.0 * MARGIN);
        Self { low: (left, bottom), scale, size }
    }

    /// Where a place of the board is on the drawing.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let up = (y - self.low.1) * self.scale;
        (MARGIN + (x - self.low.0) * self.scale, self.size.1 - MARGIN - up)
    }

    fn rect(&self, html: &mut Html, kind: &'static str, low: (f64, f64), high: (f64, f64)) {
        let ((left, bottom), (right, top)) = (self.at(low), self.at(high));
        svg::rect(html, kind, (left, top), (right - left, bottom - top));
    }
}

/// Draws one sheet with its caption; `name` is that of a program that is meant by it alone.
pub(super) fn draw(html: &mut Html, words: Words, sheet: &Sheet, name: Option<&str>) {
    let layout = Layout::of(sheet.frame);
    html.tag("figure", &[], |html| {
        svg::drawing(html, layout.size, words.of(Message::HtmlPanelTitle), |html| {
            let kind = if sheet.is_outline { "outline" } else { "box" };
            layout.rect(html, kind, sheet.frame.0, sheet.frame.1);
            for (number, low, high) in &sheet.boards {
                layout.rect(html, "board", *low, *high);
                let corner = layout.at((low.0, high.1));
                svg::label(
                    html,
                    "board-number",
                    (corner.0 + 4.0, corner.1 + 12.0),
                    &number.to_string(),
                );
            }
            let parts: Vec<(f64, f64)> = sheet.parts.iter().map(|part| layout.at(*part)).collect();
            svg::dots(html, "part", &parts);
            marks(html, &layout, &sheet.spots);
        });
        let (low, high) = sheet.frame;
        let size = [high.0 - low.0, high.1 - low.1].map(super::markup::decimal);
        let caption = match (&sheet.board, name) {
            (Some(board), _) => words.with(Message::HtmlPanelBox, &[board, &size[0], &size[1]]),
            (None, Some(name)) => words.with(Message::HtmlPanelNamed, &[&size[0], &size[1], name]),
            (None, None) => words.with(Message::HtmlPanelOutline, &[&size[0], &size[1]]),
        };
        html.leaf("figcaption", &[], &caption);
    });
}

/// A cross or an area at each place, and beside it a mark with its number, where there is room.
fn marks(html: &mut Html, layout: &Layout, spots: &[Spot]) {
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for spot in spots {
        let middle = layout.at(spot.middle);
        let corners: Vec<(f64, f64)> =
            spot.corners.iter().map(|corner| layout.at(*corner)).collect();
        if corners.len() > 2 {
            svg::area(html, "region", &corners);
        }
        let mark = beside(middle, layout.size, &taken);
        taken.push(mark);
        svg::line(html, "lead", middle, mark);
        svg::circle(html, "spot", middle, 2.0);
        match spot.standing {
            Standing::Called => svg::diamond(html, "called", mark, MARK + 3.0),
            Standing::Confirmed => {
                svg::rect(
                    html,
                    "confirmed",
                    (mark.0 - MARK, mark.1 - MARK),
                    (2.0 * MARK, 2.0 * MARK),
                );
            }
            Standing::FalseCall => svg::circle(html, "false-call", mark, MARK),
        }
        let kind = if spot.standing == Standing::Confirmed { "number-light" } else { "number" };
        svg::label(html, kind, (mark.0, mark.1 + 3.6), &spot.number.to_string());
    }
}

/// The first of eight directions, near and then farther, in which no other mark stands.
fn beside(middle: (f64, f64), size: (f64, f64), taken: &[(f64, f64)]) -> (f64, f64) {
    const WAYS: [(f64, f64); 8] = [
        (0.7, -0.7),
        (-0.7, -0.7),
        (0.7, 0.7),
        (-0.7, 0.7),
        (1.0, 0.0),
        (-1.0, 0.0),
        (0.0, -1.0),
        (0.0, 1.0),
    ];
    let places = [1.0, 1.8, 2.6].into_iter().flat_map(|far| {
        WAYS.iter().map(move |(x, y)| (middle.0 + x * REACH * far, middle.1 + y * REACH * far))
    });
    let is_free = |(x, y): &(f64, f64)| {
        let inside = *x > MARK && *y > MARK && *x < size.0 - MARK && *y < size.1 - MARK;
        let near = |other: &&(f64, f64)| (other.0 - x).hypot(other.1 - y) < 2.2 * MARK;
        inside && !taken.iter().any(|other| near(&other))
    };
    places.clone().find(is_free).unwrap_or((middle.0 + REACH, middle.1 - REACH))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::pictures::{Call, Place};

    fn call(designator: &str, place: Option<Place>) -> Call {
        Call {
            designator: designator.to_string(),
            defect: String::new(),
            verification: String::new(),
            standing: Standing::Called,
            confidence: None,
            place,
            paste: None,
        }
    }

    fn board(position: u64, calls: Vec<Call>) -> InspectedBoard {
        InspectedBoard { position: Some(position), calls, ..InspectedBoard::default() }
    }

    fn program() -> Program {
        Program {
            name: "P".to_string(),
            board: (60.0, 40.0),
            panel: (130.0, 50.0),
            origins: BTreeMap::from([(1, (0.0, 5.0)), (2, (65.0, 5.0))]),
            parts: BTreeMap::from([("C1".to_string(), (10.0, 20.0))]),
        }
    }

    #[test]
    fn a_place_on_the_board_is_a_place_on_the_drawing() {
        let layout = Layout::of(((0.0, 0.0), (100.0, 25.0)));
        // 628 units are left for 100 mm; y goes up on the board and down on the drawing.
        let scale = (MOST.0 - 2.0 * MARGIN) / 100.0;
        assert_eq!(layout.at((0.0, 0.0)), (MARGIN, layout.size.1 - MARGIN));
        assert_eq!(layout.at((100.0, 25.0)), (MOST.0 - MARGIN, MARGIN));
        let (x, y) = layout.at((25.0, 10.0));
        assert!((x - (MARGIN + 25.0 * scale)).abs() < 1e-9);
        assert!((y - (MARGIN + 15.0 * scale)).abs() < 1e-9);
        // A tall one is bound by its height, a point has a box of its own.
        assert!(Layout::of(((0.0, 0.0), (10.0, 500.0))).size.1 <= MOST.1 + 1e-9);
        let point = Layout::of(((7.0, 7.0), (7.0, 7.0)));
        let (x, y) = point.at((7.0, 7.0));
        assert!((x - point.size.0 / 2.0).abs() < 1e-9 && (y - point.size.1 / 2.0).abs() < 1e-9);
    }

    #[test]
    fn on_a_panel_each_board_has_its_origin_and_a_part_its_place() {
        let area = Place::Area(vec![(1.0, 2.0), (3.0, 2.0), (3.0, 6.0), (1.0, 6.0)]);
        let boards = vec![
            board(1, vec![call("U9", Some(area))]),
            board(2, vec![call("C1.2", None), call("X1", None)]),
            board(7, vec![call("C1", None)]),
        ];
        let found = Inspection { boards, ..Inspection::default() };
        let sheets = sheets(&found, Some(&program()));
        let [sheet] = sheets.as_slice() else { panic!("one panel") };
        assert_eq!(sheet.frame, ((0.0, 0.0), (130.0, 50.0)));
        let middles: Vec<(usize, (f64, f64))> =
            sheet.spots.iter().map(|spot| (spot.number, spot.middle)).collect();
        // X1 is in no program, and board 7 on no panel: neither is drawn anywhere.
        assert_eq!(middles, [(1, (2.0, 9.0)), (2, (75.0, 25.0))]);
    }

    #[test]
    fn without_a_program_each_board_is_drawn_by_itself_in_a_box() {
        let at = |x, y| call("R1", Some(Place::Point((x, y))));
        let boards = vec![
            board(1, vec![]),
            board(2, vec![at(10.0, 10.0), call("R2", None), at(30.0, 20.0)]),
            board(3, vec![call("R3", None)]),
        ];
        let sheets = sheets(&Inspection { boards, ..Inspection::default() }, None);
        let [sheet] = sheets.as_slice() else { panic!("one board has places") };
        assert_eq!((sheet.board.as_deref(), sheet.is_outline), (Some("2"), false));
        assert_eq!(sheet.frame, ((10.0, 10.0), (30.0, 20.0)));
        let numbers: Vec<usize> = sheet.spots.iter().map(|spot| spot.number).collect();
        assert_eq!(numbers, [1, 3]);
    }

    #[test]
    fn without_a_program_one_place_is_no_drawing() {
        let sheets = |places: &[(f64, f64)]| {
            let area = |(x, y): (f64, f64)| {
                Place::Area(vec![(x, y), (x + 1.6, y), (x + 1.6, y + 0.8), (x, y + 0.8)])
            };
            let calls = places.iter().map(|place| call("C1", Some(area(*place)))).collect();
            sheets(&Inspection { boards: vec![board(1, calls)], ..Inspection::default() }, None)
        };
        assert!(sheets(&[(30.0, 20.0)]).is_empty());
        // Nor are the pins of one part two places.
        assert!(sheets(&[(30.0, 20.0), (30.5, 20.0), (31.0, 24.9)]).is_empty());
        assert_eq!(sheets(&[(30.0, 20.0), (30.0, 26.0)]).len(), 1);
    }

    #[test]
    fn marks_stand_apart_where_there_is_room() {
        let (mut taken, size) = (Vec::new(), (400.0, 400.0));
        for _ in 0..12 {
            let mark = beside((200.0, 200.0), size, &taken);
            let near =
                |other: &&(f64, f64)| (other.0 - mark.0).hypot(other.1 - mark.1) < 2.0 * MARK;
            assert!(!taken.iter().any(|other| near(&other)), "{taken:?}");
            taken.push(mark);
        }
        assert_eq!(beside((0.0, 0.0), size, &[]), (14.0, 14.0));
    }
}
