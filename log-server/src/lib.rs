//! Makes it happen: takes entries in, puts them in order, keeps them, signs tree heads, answers.
//!
//! Where to start reading: [`sequencer`] for the one place where the head moves, [`journal`] for
//! what a commit is, [`publisher`] for what is signed and when, [`witnesses`] for whose word it
//! needs, [`start`] for what a crash leaves.
//! `http` decides nothing: it turns requests into calls on [`log::Log`] and answers into statuses.

use mimalloc::MiMalloc;

/// Entries are taken in by one thread and given back by another, thousands of times a second.
/// glibc's allocator answers that with a system call for every fourth entry (measured).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

pub mod admission;
pub mod answer;
#[cfg(test)]
mod bare;
mod batch;
pub mod check;
pub mod cli;
pub mod config;
pub mod copy;
pub mod disk;
pub mod explorer;
pub mod follower;
mod growing;
pub mod heads;
pub mod home;
pub mod http;
pub mod id;
pub mod index;
pub mod indexer;
pub mod init;
pub mod journal;
pub mod keys;
pub mod log;
pub mod moved;
mod number;
pub mod objects;
pub mod outgoing;
pub mod publisher;
pub mod queue;
pub mod recover;
pub mod sealer;
pub mod sequencer;
pub mod serve;
pub mod settings;
pub mod shared;
pub mod sources;
pub mod start;
pub mod stored;
pub mod succeed;
pub mod tail;
pub mod witnesses;
