//! The log over real loopback TCP: every route, every header that matters, every way to be rude.
//!
//! Requests are written by hand, byte by byte, because most of what is tested here no HTTP client
//! would send.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod answers;
mod explorer;
mod hostile;
mod process;
mod support;
mod tls;
