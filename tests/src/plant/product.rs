//! What the plant makes: boards with an outline, parts at positions, several boards to a panel.
//!
//! A board is cut into coarse cells of 12 mm. A cell holds one part with many pins, or nine small
//! parts in a grid; no two overlap, so a picture drawn from the positions looks like a board.
//! Lengths are millimetres, the origin is the lower left corner of the board.

use serde::Serialize;

use super::dice::Dice;

const CELL_MM: f64 = 12.0;
const RAIL_MM: f64 = 5.0;

/// One product: a board, and how many of it stand on a panel.
#[derive(Clone, Debug, Serialize)]
pub struct Product {
    /// Its name.
    pub name: String,
    /// The program of the inspection machines.
    pub recipe: String,
    /// The program of the oven.
    pub oven_recipe: String,
    /// The board's width and height, mm.
    pub board_mm: (f64, f64),
    /// The panel's width and height, mm.
    pub panel_mm: (f64, f64),
    /// Where each board's origin stands on the panel, mm; position 1 first.
    pub origins_mm: Vec<(f64, f64)>,
    /// Whether each board has a serial of its own; otherwise it is the panel's and its position.
    pub own_serials: bool,
    /// The parts of one board.
    pub parts: Vec<Part>,
}

/// One part at its place.
#[derive(Clone, Debug, Serialize)]
pub struct Part {
    /// Its reference designator, such as `C14`.
    pub designator: String,
    /// The part number that was ordered.
    pub part_number: String,
    /// Its package.
    pub package: &'static str,
    /// Its middle on the board, mm.
    pub x: f64,
    /// Its middle on the board, mm.
    pub y: f64,
    /// Degrees, counter-clockwise.
    pub rotation: u16,
    /// Its body, mm, before rotation.
    pub size_mm: (f64, f64),
    /// How many joints it has.
    pub pins: u32,
}

impl Product {
    /// Boards on one panel.
    #[must_use]
    pub fn units(&self) -> usize {
        self.origins_mm.len()
    }

    /// Parts on one panel.
    #[must_use]
    pub fn panel_parts(&self) -> usize {
        self.parts.len() * self.units()
    }
}

/// Boards to a panel by columns and rows, then coarse cells to a board by columns and rows.
const LAYOUTS: [[usize; 4]; 5] =
    [[1, 1, 8, 6], [2, 1, 5, 4], [3, 1, 5, 4], [2, 2, 4, 4], [3, 2, 3, 3]];

/// The products of a plant: one of each layout, the parts drawn.
pub(crate) fn products(seed: u64) -> Vec<Product> {
    let made = LAYOUTS.iter().enumerate().map(|(index, layout)| {
        let mut dice = Dice::of(&[seed, 0x7072_6f64, index as u64]);
        product(index, *layout, &mut dice)
    });
    made.collect()
}

fn product(index: usize, layout: [usize; 4], dice: &mut Dice) -> Product {
    let [columns, rows, cell_columns, cell_rows] = layout;
    let name =
        format!("P{}{}", 100 + index * 104 + dice.whole(0, 90) as usize, ["A", "B"][index % 2]);
    let board = (cell_columns as f64 * CELL_MM + 4.0, cell_rows as f64 * CELL_MM + 4.0);
    let origins = (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (column, row)))
        .map(|(column, row)| {
            (column as f64 * (board.0 + 2.0), RAIL_MM + row as f64 * (board.1 + 2.0))
        })
        .collect();
    Product {
        recipe: format!("{name}_{}", if index.is_multiple_of(3) { "TOP" } else { "BOT" }),
        oven_recipe: format!("SAC305_{}", ["A", "B", "C"][index % 3]),
        board_mm: board,
        panel_mm: (
            columns as f64 * (board.0 + 2.0) - 2.0,
            rows as f64 * (board.1 + 2.0) - 2.0 + 2.0 * RAIL_MM,
        ),
        origins_mm: origins,
        own_serials: index % 2 == 1,
        parts: parts(cell_columns, cell_rows, dice),
        name,
    }
}

/// Package, letter, width, height, pins.
type Package = (&'static str, char, f64, f64, u32);
const SMALL: [Package; 6] = [
    ("0402", 'C', 1.0, 0.5, 2),
    ("0402", 'R', 1.0, 0.5, 2),
    ("0603", 'C', 1.6, 0.8, 2),
    ("0603", 'R', 1.6, 0.8, 2),
    ("SOD123", 'D', 2.7, 1.6, 2),
    ("SOT23", 'Q', 2.9, 1.6, 3),
];
const LARGE: [Package; 4] = [
    ("QFP48", 'U', 9.0, 9.0, 48),
    ("SOIC16", 'U', 9.9, 6.0, 16),
    ("BGA64", 'U', 8.0, 8.0, 64),
    ("HDR2X5", 'J', 10.0, 5.0, 10),
];

fn parts(columns: usize, rows: usize, dice: &mut Dice) -> Vec<Part> {
    let cells = columns * rows;
    let large: Vec<usize> = (0..cells / 5).map(|at| at * 5 + dice.whole(0, 4) as usize).collect();
    let mut counts = std::collections::BTreeMap::new();
    let mut parts = Vec::new();
    for cell in 0..cells {
        let left = 2.0 + (cell % columns) as f64 * CELL_MM;
        let low = 2.0 + (cell / columns) as f64 * CELL_MM;
        if large.contains(&cell) {
            let package = dice.pick(&LARGE);
            let middle = (left + CELL_MM / 2.0, low + CELL_MM / 2.0);
            parts.push(part(package, middle, &mut counts, dice));
            continue;
        }
        for place in 0..9_u32 {
            let x = left + (f64::from(place % 3) + 0.5) * CELL_MM / 3.0;
            let y = low + (f64::from(place / 3) + 0.5) * CELL_MM / 3.0;
            let middle = (x + dice.between(-0.4, 0.4), y + dice.between(-0.4, 0.4));
            parts.push(part(dice.pick(&SMALL), middle, &mut counts, dice));
        }
    }
    parts
}

fn part(
    package: &Package,
    middle: (f64, f64),
    counts: &mut std::collections::BTreeMap<char, u32>,
    dice: &mut Dice,
) -> Part {
    let (name, letter, width, height, pins) = *package;
    let count = counts.entry(letter).or_insert(0);
    *count += 1;
    Part {
        designator: format!("{letter}{count}"),
        part_number: format!("4{:03}-{:02}", dice.whole(100, 999), dice.whole(10, 99)),
        package: name,
        x: hundredth(middle.0),
        y: hundredth(middle.1),
        rotation: *dice.pick(&[0, 90, 180, 270]),
        size_mm: (width, height),
        pins,
    }
}

/// Rounds to what a report writes.
pub(crate) fn hundredth(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
