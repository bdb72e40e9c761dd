//! The agent as a service: its configuration, its turns, what it shows, and the commands around it.
//!
//! Where to start reading: `run` is the loop; `open` makes from a configuration what it works with;
//! `control` lets commands into the vault while it runs.
//!
//! Invariant: nothing here decides what is evidence or what is signed; it calls the turns of the
//! spool and shows what came of them.

pub(crate) mod commands;
pub(crate) mod config;
pub(crate) mod control;
mod journal;
mod meter;
mod observe;
mod open;
mod page;
mod qr;
pub(crate) mod run;
mod status;
pub(crate) mod words;

pub(crate) use open::unlock;
