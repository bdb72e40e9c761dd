//! The matter of a dispute: boards with their chains of attempts, profiles, witnesses, times.
//!
//! ```text
//! what holds (opened records, receipts, evidence by hash) -> steps -> boards, in the order of sight
//!                                                         -> pictures, for those shown in full
//! ```
//!
//! Invariants: a [`Matter`] is made by a judge, out of records whose statement, opening and place hold, and
//! travels with a verdict of VERIFIED only (see `Report::with_matter`). A file is read for its picture only
//! if its SHA-256 is that of an opened record's `file/sha256`.

mod boards;
mod gather;
mod moment;
mod step;
mod verdicts;

use std::collections::BTreeSet;

pub(crate) use self::boards::is_about_boards;
pub(crate) use self::gather::{Gathering, Statement};
pub(crate) use self::moment::moment;
pub(crate) use self::step::{Bounds, Evidence, Field, Step};
pub(crate) use self::verdicts::{Outcome, Verdicts, in_turn};

use crate::pictures::{Inspection, Profile, Program, Unread, Window};

/// How many boards are shown in full. The rest have a line each, up to [`MAX_LINES`].
pub(crate) const MAX_IN_FULL: usize = 20;

/// How many boards have a line.
pub(crate) const MAX_LINES: usize = 500;

/// How many steps of one board are shown.
pub(crate) const MAX_STEPS: usize = 40;

/// How many profiles are shown.
pub(crate) const MAX_PROFILES: usize = 12;

/// How many other records have a line.
pub(crate) const MAX_OTHERS: usize = 40;

/// What a report shows beyond the verdict.
#[derive(Debug, Default)]
pub(crate) struct Matter {
    /// Who cosigned the newest tree.
    pub(crate) witnesses: Vec<Witness>,
    /// How many boards there are.
    pub(crate) board_count: usize,
    /// The first boards, up to [`MAX_LINES`]; the first [`MAX_IN_FULL`] with pictures.
    pub(crate) boards: Vec<Board>,
    /// Reflow profiles, up to [`MAX_PROFILES`].
    pub(crate) profiles: Vec<Step>,
    /// How many profiles there are.
    pub(crate) profile_count: usize,
    /// Records about no board: programs, closings, outages and the like, up to [`MAX_OTHERS`].
    pub(crate) others: Vec<Step>,
    /// How many of those there are.
    pub(crate) other_count: usize,
}

/// One witness's word on the newest tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Witness {
    /// Its name in the policy.
    pub(crate) name: String,
    /// The kind of its key.
    pub(crate) algorithm: &'static str,
    /// Seconds since 1970, UTC.
    pub(crate) time: u64,
    /// Whether the demand for independence counted it; `None` if there was no such demand.
    pub(crate) unrelated: Option<bool>,
}

/// A board or panel, with everything that was opened about it.
#[derive(Debug)]
pub(crate) struct Board {
    /// What its records call it: the panel first, then the units.
    pub(crate) names: Vec<String>,
    /// Its panel, as a record or the reader's list has it.
    pub(crate) panel: Option<String>,
    /// Serials of the reader's own units on it, as the list has them.
    pub(crate) own: Vec<String>,
    /// Units on it, up to two dozen, of which no report of a machine that inspects is shown though others have one.
    pub(crate) lacking: BTreeSet<String>,
    /// Its records in the order in which the agent saw them, up to [`MAX_STEPS`].
    pub(crate) steps: Vec<Step>,
    /// How many records it has.
    pub(crate) step_count: usize,
    /// The last verdicts of all records, also of those that are not among `steps`.
    pub(crate) verdicts: Verdicts,
    /// Whether the reader's own list names it: then it is among the first.
    pub(crate) is_asked: bool,
    /// Between which times all records were stated: the earliest bound before them, and the latest
    /// behind them, if every one has one.
    pub(crate) bounds: Bounds,
}

/// A program that a record means.
#[derive(Debug)]
pub(crate) struct Meant {
    pub(crate) program: Program,
    /// Whether the record names no file of it, and its source shows one program of the record's name and no other.
    pub(crate) is_by_name: bool,
}

/// What is drawn of a step.
#[derive(Debug)]
pub(crate) enum Picture {
    /// Defects on boards; with the program that the record means, if it is enclosed.
    Inspection(Inspection, Option<Meant>),
    /// A profile; with the window of an enclosed recipe, if one has the record's window name.
    Profile(Box<Profile>, Option<Window>),
    /// Nothing, and why.
    Unread(Unread),
}
