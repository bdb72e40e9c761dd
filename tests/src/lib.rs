//! The rooms together: end to end, crashes, faults, interop, load and benchmarks.
//!
//! The library holds what the tests and the two tools share: [`load`] drives a log over HTTP and
//! checks every promise it makes, [`bench`] measures it beside what it is compared with.

pub mod bench;
pub mod load;
