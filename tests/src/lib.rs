//! The rooms together: end to end, crashes, faults, interop, load and benchmarks.
//!
//! The library holds what the tests and the two tools share: [`load`] drives a log over HTTP and
//! checks every promise it makes, [`mod@bench`] measures it beside what it is compared with,
//! [`mod@capacity`] says what a year asks of it. For the
//! crash tests, [`fake_disk`] stands in for the machine, [`oracle`] remembers what was promised, and
//! [`crash`] puts a log between the two. [`kit`] asks any witness what its specification says.
//! [`mod@plant`] writes what the machines of a factory write, with every fault and every misbehaviour
//! that is asked for. [`programs`] finds the programs to start, and [`mod@store`] says on which store the logs of a
//! run are kept.

pub mod bench;
pub mod capacity;
pub mod crash;
pub mod fake_disk;
pub mod kit;
pub mod load;
pub mod oracle;
#[allow(dead_code, reason = "the benchmark wants a part of it")]
#[path = "../support/part.rs"]
mod part;
pub mod plant;
#[allow(dead_code, reason = "the benchmark wants a part of it")]
#[path = "../support/postgres.rs"]
mod postgres;
pub mod programs;
pub mod seed;
pub mod store;
