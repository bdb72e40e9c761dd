//! Deposits of solder paste as a machine measured them: IPC-CFX `SolderPasteMeasurement` and its lean form.
//!
//! ```text
//! X, Y        where it is, in mm on its board       Z, EZ       height, and the one that is expected
//! DX, DY      how far from where it should be       A, EA       area
//! Result      the file's own word                   Vol, EVol   volume
//! ```
//!
//! A message has five thousand of them and more. Those that the file's own word calls good are counted; the
//! others are calls, and have their place. No limit is applied here: messages state none.

use serde_json::Value;

use super::cfx::{Object, list, number, text};
use super::{Call, Place, Standing, point};

/// Words by which a deposit is none of those that are shown.
const GOOD: [&str; 3] = ["", "Passed", "Skipped"];

/// How many deposits a file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deposits {
    /// All that were measured.
    pub(crate) measured: usize,
    /// Those that the file's own word does not call good.
    pub(crate) bad: usize,
}

/// One deposit, in the file's own units.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Deposit {
    pub(crate) volume: Measured,
    pub(crate) area: Measured,
    pub(crate) height: Measured,
    /// How far from where it should be: x and y.
    pub(crate) offset: [Option<f64>; 2],
}

/// A figure, and what it should be.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    pub(crate) value: Option<f64>,
    pub(crate) expected: Option<f64>,
}

impl Deposits {
    /// Counts the deposits of a unit.
    pub(super) fn add(&mut self, unit: &Object) {
        for deposit in measured(unit) {
            self.measured += 1;
            self.bad += usize::from(is_bad(deposit));
        }
    }
}

/// The deposits of a unit that are not good.
pub(super) fn bad(unit: &Object) -> impl Iterator<Item = Call> {
    measured(unit).filter(|deposit| is_bad(deposit)).map(call)
}

fn measured(unit: &Object) -> impl Iterator<Item = &Object> {
    let inspections = list(unit, "Inspections").into_iter().flatten();
    let all = inspections.filter_map(|one| list(one.as_object()?, "Measurements")).flatten();
    let has_volume = |one: &&Object| ["Vol", "EVol"].iter().any(|name| number(one, name).is_some());
    all.filter_map(Value::as_object).filter(has_volume)
}

fn is_bad(deposit: &Object) -> bool {
    !GOOD.contains(&text(deposit, "Result").as_str())
}

fn call(deposit: &Object) -> Call {
    let names = ["MeasurementName", "CRDs"].map(|member| text(deposit, member));
    let measured = |value: &str, expected: &str| Measured {
        value: number(deposit, value),
        expected: number(deposit, expected),
    };
    // Nobody puts paste on the very corner: that is what stands there where nothing was set.
    let place = number(deposit, "X").zip(number(deposit, "Y")).filter(|place| *place != (0.0, 0.0));
    Call {
        designator: names.into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
        defect: text(deposit, "Result"),
        verification: String::new(),
        standing: Standing::Called,
        confidence: None,
        place: place.and_then(|(x, y)| point(x, y)).map(Place::Point),
        paste: Some(Box::new(Deposit {
            volume: measured("Vol", "EVol"),
            area: measured("A", "EA"),
            height: measured("Z", "EZ"),
            offset: ["DX", "DY"].map(|member| number(deposit, member)),
        })),
    }
}
