//! Evidence: what a factory commits to, and what it can open later without opening the rest.
//!
//! Rules: `spec/text/statement.md`, `spec/text/evidence.md`, `spec/text/disclosure.md` and
//! `spec/text/enrolment.md`.
//!
//! ```text
//! field -> record -> batch -> statement        three RFC 6962 trees and one signed note
//! ```
//!
//! Where to start reading: [`statement`] is what the log stores, [`batch`] is what stands behind
//! its `batch` line, [`disclosure`] is how parts of a batch are shown to somebody.

pub mod batch;
pub mod disclosure;
pub mod enrolment;
pub mod field;
pub mod kind;
pub mod multiproof;
pub mod record;
pub mod statement;
pub mod tag;
