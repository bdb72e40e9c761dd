//! `recover` as a command: a log whose data folder is gone, from what others have of it, and whatever must
//! not come out of that.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod behind;
mod refused;
mod support;
mod whole;
