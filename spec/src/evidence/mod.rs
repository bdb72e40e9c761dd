//! Evidence: what a factory commits to, and what it can open later without opening the rest.
//!
//! Rules: `spec/text/statement.md`, `spec/text/evidence.md`, `spec/text/disclosure.md`,
//! `spec/text/pins.md`, `spec/text/challenge.md` and `spec/text/enrolment.md`.
//!
//! ```text
//! field -> record -> batch -> statement        three RFC 6962 trees and one signed note
//! ```
//!
//! Where to start reading: [`statement`] is what the log stores, [`batch`] is what stands behind
//! its `batch` line, [`disclosure`] is how parts of a batch are shown to somebody, [`range`] how it is
//! seen that nothing is withheld.

pub mod batch;
pub mod challenge;
pub mod disclosure;
pub mod enrolment;
pub mod field;
pub mod kind;
pub mod multiproof;
pub mod pins;
pub mod range;
pub mod record;
pub mod statement;
pub mod tag;
pub mod time;
