//! Files that decide what a verdict means: an inspection program with outline and positions, and an oven
//! recipe with the window that its profiles are judged by.
//!
//! ```text
//! Program,P312A_BOT          OvenRecipe,SAC305_A
//! Revision,3                 ...
//! Board,64.00,52.00          Window,SAC305_PASTE_4
//! Panel,130.00,62.00         Figure,Low,High,Unit
//! Origin,1,0.00,5.00         Peak,235.0,255.0,°C
//! Designator,PartNumber,Package,X,Y,Rotation,Pins
//! C1,4101-10,0402,4.20,4.10,90,2
//! ```

use std::collections::BTreeMap;

use super::{MAX_BOARDS, bounds, name, point};

/// The most parts of one board.
const MAX_PARTS: usize = 20_000;

/// Where an inspection looks for what. Lengths are mm, y goes up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Program {
    /// Its name.
    pub(crate) name: String,
    /// Width and height of a board.
    pub(crate) board: (f64, f64),
    /// Width and height of the panel.
    pub(crate) panel: (f64, f64),
    /// Where each board's corner stands on the panel, by its position.
    pub(crate) origins: BTreeMap<u64, (f64, f64)>,
    /// Where each part stands on its board, by its designator.
    pub(crate) parts: BTreeMap<String, (f64, f64)>,
}

/// The limits of a window.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Window {
    /// Its name.
    pub(crate) name: String,
    /// The low and the high limit of each figure.
    pub(crate) limits: BTreeMap<String, (f64, f64)>,
}

/// The program, if the file is one with an outline and at least one part, all of it on the panel.
pub(super) fn program(text: &str) -> Option<Program> {
    let mut lines = rows(text);
    let first = lines.next().filter(|row| row.first().is_some_and(|cell| cell == "Program"))?;
    let mut program = Program {
        name: name(first.get(1)?),
        board: (0.0, 0.0),
        panel: (0.0, 0.0),
        origins: BTreeMap::new(),
        parts: BTreeMap::new(),
    };
    let mut columns = None;
    for row in lines {
        let key = row.first()?.as_str();
        match (columns, key) {
            (None, "Board") => program.board = pair(&row, 1, 2)?,
            (None, "Panel") => program.panel = pair(&row, 1, 2)?,
            (None, "Origin") => {
                let position = row.get(1)?.parse().ok()?;
                let taken = program.origins.insert(position, pair(&row, 2, 3)?);
                if taken.is_some() || program.origins.len() > MAX_BOARDS {
                    return None;
                }
            }
            (None, "Designator") => {
                let of = |wanted: &str| row.iter().position(|cell| cell == wanted);
                columns = Some((of("X")?, of("Y")?));
            }
            (None, _) => {}
            (Some((x, y)), designator) => {
                let taken = program.parts.insert(name(designator), pair(&row, x, y)?);
                if taken.is_some() || program.parts.len() > MAX_PARTS {
                    return None;
                }
            }
        }
    }
    let has_outline = program.board.0 > 0.0 && program.board.1 > 0.0 && !program.parts.is_empty();
    let corners = program
        .origins
        .values()
        .flat_map(|(x, y)| [(*x, *y), (x + program.board.0, y + program.board.1)]);
    let (low, high) = bounds(corners);
    let on_panel = program.origins.is_empty()
        || (low.0 >= -0.01
            && low.1 >= -0.01
            && high.0 <= program.panel.0 + 0.01
            && high.1 <= program.panel.1 + 0.01);
    (has_outline && on_panel).then_some(program)
}

impl Program {
    /// Where a part stands, by a designator that may name a pin: `U2.11` is on `U2`.
    pub(crate) fn place(&self, designator: &str) -> Option<(f64, f64)> {
        let part = designator.split(['.', '-']).next()?;
        self.parts.get(designator).or_else(|| self.parts.get(part)).copied()
    }
}

/// The window of an oven recipe.
pub(super) fn window(text: &str) -> Option<Window> {
    let mut lines = rows(text);
    lines.next().filter(|row| row.first().is_some_and(|cell| cell == "OvenRecipe"))?;
    let mut found: Option<Window> = None;
    let mut in_figures = false;
    for row in lines {
        match (row.first()?.as_str(), &mut found) {
            ("Window", None) => {
                found = Some(Window { name: name(row.get(1)?), limits: BTreeMap::new() });
            }
            ("Window", Some(_)) => return None,
            ("Figure", Some(_)) => in_figures = true,
            (figure, Some(window)) if in_figures && window.limits.len() < 32 => {
                window.limits.insert(name(figure), pair(&row, 1, 2)?);
            }
            _ => {}
        }
    }
    found.filter(|window| !window.limits.is_empty())
}

fn rows(text: &str) -> impl Iterator<Item = Vec<String>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| line.split(',').map(|cell| cell.trim().to_string()).collect())
}

fn pair(row: &[String], first: usize, second: usize) -> Option<(f64, f64)> {
    let number = |at: usize| row.get(at)?.parse::<f64>().ok();
    point(number(first)?, number(second)?)
}
