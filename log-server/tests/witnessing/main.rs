//! The log and its witnesses: quorums, lies, rollbacks, crashes, and cosignatures carried by hand.
//!
//! The witnesses are of this test's own making (`witness`), over real loopback TCP: an honest one
//! keeps to tlog-witness, the others break it in one way each.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod carried;
mod crash;
mod http;
mod journal_end;
mod lies;
#[path = "../support/logs.rs"]
mod logs;
mod quorum;
mod recovered;
mod rollback;
mod tls;
mod witness;
mod world;
