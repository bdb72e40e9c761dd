//! `copy`, `export` and `mirror` as commands: whole trees, and everything that must not get into one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod lies;
mod mirrored;
mod support;
mod trees;
