//! The rooms together: end to end, crashes, faults, interop, load and benchmarks.
