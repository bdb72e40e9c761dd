//! Dossiers: what a maker has handed over, in a folder or as one bundle, judged as a whole.
//!
//! ```text
//! folder or zip -> parts -> Contents (spec) -> every statement by itself, on all cores
//!               -> ranges, in order -> evidence -> the log's entries, if there is a log
//! ```
//!
//! Rules: `spec/text/bundle.md`, `spec/text/disclosure.md`, `spec/text/challenge.md`.
//!
//! Invariant: policy, pins and keys are the caller's. Copies that come with the evidence are compared
//! with them and decide nothing.

mod bundle;
mod challenge;
mod copies;
mod evidence;
mod held;
mod judge;
mod looked;
mod notes;
mod open;
mod own;
mod papers;
mod ranges;
mod scan;
mod shown;
mod stamps;
mod statements;

pub(crate) use bundle::{explain, make};
pub(crate) use challenge::{make as make_challenge, verify as verify_challenge};
pub(crate) use held::{Evidence, Reading, Span, read_all};
pub(crate) use judge::{Expected, Show, verify};
pub(crate) use open::pins;
pub(crate) use papers::{Proven, prove};
