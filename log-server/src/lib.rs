//! Makes it happen: takes entries in, puts them in order, keeps them, signs tree heads, answers.
//!
//! Where to start reading: [`sequencer`] for the one place where the head moves, [`journal`] for
//! what a commit is, [`publisher`] for what is signed and when, [`start`] for what a crash leaves.
//! `http` decides nothing: it turns requests into calls on [`log::Log`] and answers into statuses.

pub mod answer;
