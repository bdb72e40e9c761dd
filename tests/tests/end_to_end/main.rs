//! The programs together, as their users run them: real processes, real files, HTTP over loopback.
//!
//! Each module is one topic. What a module knows of a log it has from outside: the answers to its
//! requests, the files that the programs leave, and their exit codes. Out of scope:
//! failing disks and power cuts (`crash_*.rs`), hosts apart (`hosts`), and rude clients (the
//! programs' own tests).
//!
//! On which store the logs are kept is decided in [`stores`], and no test knows it, except for those that say
//! that they are for the embedded one.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

/// A log with a source whose reports the agent has anchored.
mod factory;
/// A source that inspects boards for two buyers.
mod plant;
/// What an agent watches at a whole plant.
#[allow(dead_code, reason = "each of the tests that share it uses a part")]
#[path = "../plant_week/site.rs"]
mod site;
/// Where the logs are kept.
#[allow(dead_code, reason = "other tests want more of it")]
#[path = "../../support/stores.rs"]
mod stores;
/// A server, a client that speaks HTTP by hand, and folders that go away by themselves.
mod support;
/// The agent's own code in a process whose clock the test turns.
#[allow(dead_code, reason = "each of the tests that share it uses a part")]
#[path = "../plant_week/agent.rs"]
mod turned;
/// A log with its witnesses, each a process of its own.
mod witnesses;

/// Which statements a log takes, and what it says to the others.
mod admission;
/// One file that settles a dispute, and instructions that are followed by hand.
mod bundles;
/// Cosignatures that somebody carries by file.
mod carried;
/// From a plant's work to a bundle of which no byte can be another.
mod disputes;
/// The log's pages for people.
mod explorer;
/// Proofs, audits and plain words for every kind of file, from a running log.
mod judging;
/// Logs and witnesses that are killed, again and again.
mod killed;
/// From a report to its papers, and every way in which the papers can be false.
mod papers;
/// Whole ranges, of which nothing is withheld and nothing of others is shown.
mod ranges;
/// Shipped units beside what was recorded of them.
mod reconcile;
/// A log whose disk died, and its successor.
mod recovered;
/// A board that was repaired, in whatever order its files are seen.
mod repaired;
/// A log that is stopped and started again.
mod restart;
/// What retention deletes is gone, and what was handed out or is held stays true.
mod retention;
/// Keys that follow one another, with overlap.
mod rotation;
/// Reports that somebody brings along.
mod samples;
/// Ten thousand clients that hold a connection and send nothing.
mod slow;
/// A disk that refuses for a while.
mod storage;
/// What a client of C2SP tlog-tiles finds, which knows nothing of Fiducial.
mod tiles;
/// The same behind a certificate.
mod tls;
/// The agent as a service.
mod watching;
/// Histories that were put back from a copy, and those that have grown apart.
mod went_back;
/// Receipts of a log whose witnesses answer, and what happens while they do not.
mod witnessed;
