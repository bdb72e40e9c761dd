//! Pictures out of evidence: positions and curves in the files of machines, read anew and small.
//!
//! Read are: IPC-CFX `UnitsInspected` (deposits of paste among it) and `UnitsProcessed`, Saki-like XML, tables of called parts with a
//! heading (Omron-like, Chinese headings), profiler traces (KIC-like, Datapaq-like, T-962-like), inspection
//! programs with an outline, and oven recipes with a window.
//!
//! Invariants: only bytes that an opened record vouches for come here (see [`crate::matter`]); a number
//! that a file does not state is not made up; every list and text has a bound. Verdicts are the
//! file's own words. Out of scope: what the agent reads for its records.

mod cfx;
mod curve;
mod figures;
mod json;
mod paste;
mod program;
mod saki;
mod table;
mod text;

#[cfg(test)]
mod tests;

#[cfg(test)]
pub(crate) use self::curve::Channel;
pub(crate) use self::curve::{Curve, Other, Profile, Zone};
pub(crate) use self::figures::{Figures, MAX_GAP, figures};
pub(crate) use self::paste::{Deposit, Deposits, Measured};
pub(crate) use self::program::{Program, Window};

/// The largest file that is read for its picture. The largest known report has 1.5 MB.
pub(crate) const MAX_PICTURED: usize = 16 * 1024 * 1024;

/// The most boards of one panel.
const MAX_BOARDS: usize = 256;

/// The most calls of one panel that are kept; those beyond are counted.
const MAX_CALLS: usize = 400;

/// The most characters of a name in a file.
const MAX_NAME: usize = 200;

/// The farthest place in mm, from a corner of the board. The largest known board has 1.2 m.
const MAX_PLACE: f64 = 5000.0;

/// What an inspection found on one panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Inspection {
    /// Its boards, in the order of the file.
    pub(crate) boards: Vec<InspectedBoard>,
    /// Calls that were not kept because there are too many.
    pub(crate) calls_left_out: usize,
    /// Deposits of solder paste, if any were measured.
    pub(crate) deposits: Deposits,
}

/// One board of a panel.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct InspectedBoard {
    /// Its identifier, which may be the panel's.
    pub(crate) unit: String,
    /// Its place on the panel, from 1.
    pub(crate) position: Option<u64>,
    /// The file's own word.
    pub(crate) result: String,
    /// How many places were looked at.
    pub(crate) looked_at: Option<u64>,
    /// What was called.
    pub(crate) calls: Vec<Call>,
}

/// One defect that was called.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// The reference designator, such as `C14` or `U2.11`.
    pub(crate) designator: String,
    /// The code and name of the defect, in the file's words.
    pub(crate) defect: String,
    /// What was decided about it, in the file's word; may be empty.
    pub(crate) verification: String,
    /// The same for a drawing.
    pub(crate) standing: Standing,
    /// How sure the machine was, 1 to 100.
    pub(crate) confidence: Option<f64>,
    /// Where the file says that it is.
    pub(crate) place: Option<Place>,
    /// What was measured, where it is a deposit of solder paste.
    pub(crate) paste: Option<Box<Deposit>>,
}

/// What was decided about a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The machine called it and nobody has decided.
    Called,
    /// A person confirmed it.
    Confirmed,
    /// A person rejected it.
    FalseCall,
}

/// Where a call is, in mm from the lower left corner of its board; y goes up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Place {
    /// The corners of an area.
    Area(Vec<(f64, f64)>),
    /// A point.
    Point((f64, f64)),
}

impl Place {
    /// The middle of it.
    pub(crate) fn middle(&self) -> (f64, f64) {
        match self {
            Self::Point(point) => *point,
            Self::Area(corners) => {
                let (low, high) = bounds(corners.iter().copied());
                (f64::midpoint(low.0, high.0), f64::midpoint(low.1, high.1))
            }
        }
    }

    /// Its corners.
    pub(crate) fn corners(&self) -> &[(f64, f64)] {
        match self {
            Self::Area(corners) => corners,
            Self::Point(point) => std::slice::from_ref(point),
        }
    }
}

/// The lower left and the upper right corner around points.
pub(crate) fn bounds(points: impl Iterator<Item = (f64, f64)>) -> ((f64, f64), (f64, f64)) {
    let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
    for (x, y) in points {
        low = (low.0.min(x), low.1.min(y));
        high = (high.0.max(x), high.1.max(y));
    }
    (low, high)
}

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// The file is of no form that is read here, or breaks its form.
    Form,
    /// The file has more than [`MAX_PICTURED`] bytes.
    TooLarge,
}

/// Reads what an inspection found. `reader` is how the agent read the file, which names its encoding.
pub(crate) fn inspection(bytes: &[u8], reader: Option<&str>) -> Result<Inspection, Unread> {
    let text = text::decode(bytes, reader)?;
    let mut found = match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => cfx::inspection(&json::parse(&text)?),
        Some(b'<') => saki::inspection(&text),
        _ => table::inspection(&text),
    }
    .ok_or(Unread::Form)?;
    if found.boards.len() > MAX_BOARDS {
        return Err(Unread::Form);
    }
    let mut left = MAX_CALLS;
    for board in &mut found.boards {
        found.calls_left_out += board.calls.len().saturating_sub(left);
        board.calls.truncate(left);
        left -= board.calls.len();
    }
    Ok(found)
}

/// Reads a profile: figures as stated, and the curve if the file has one.
pub(crate) fn profile(bytes: &[u8], reader: Option<&str>) -> Result<Profile, Unread> {
    let text = text::decode(bytes, reader)?;
    match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') => cfx::profile(&json::parse(&text)?),
        _ => curve::profile(&text),
    }
    .ok_or(Unread::Form)
}

/// Reads an inspection program with an outline and positions.
pub(crate) fn program(bytes: &[u8], reader: Option<&str>) -> Option<Program> {
    program::program(&text::decode(bytes, reader).ok()?)
}

/// Reads the window of an oven recipe.
pub(crate) fn window(bytes: &[u8], reader: Option<&str>) -> Option<Window> {
    program::window(&text::decode(bytes, reader).ok()?)
}

/// A name of a file, cut to its bound.
fn name(text: &str) -> String {
    text.trim().chars().take(MAX_NAME).collect()
}

/// A place, if both numbers are ones that a board can have.
fn point(x: f64, y: f64) -> Option<(f64, f64)> {
    (x.abs() <= MAX_PLACE && y.abs() <= MAX_PLACE).then_some((x, y))
}
