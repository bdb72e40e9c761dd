//! Remembers: the latest tree of every log; cosigns only what is consistent.
//!
//! Where to start reading: [`decide`] for what is answered and why (pure), [`witness`] for the steps
//! of a request, [`writer`] and [`high_water`] for the order of writes that makes a rolled-back
//! witness notice, [`clock`] for when it does not trust its time. `http` decides nothing.

use mimalloc::MiMalloc;

/// A request is parsed on one thread and its parts are dropped on another, thousands of times a
/// second.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

pub mod cli;
mod cli_args;
pub mod clock;
pub mod decide;
pub mod doctor;
pub mod files;
pub mod high_water;
pub mod http;
pub mod init;
pub mod keys;
pub mod limits;
pub mod list;
pub mod offline;
pub mod qr;
pub mod registry;
pub mod reload;
pub mod restored;
pub mod retired;
pub mod serve;
pub mod settings;
pub mod state;
pub mod witness;
pub mod writer;
