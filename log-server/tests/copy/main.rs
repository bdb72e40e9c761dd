//! `copy`, `export` and `mirror` as commands: whole trees, and everything that must not get into one.

mod lies;
mod mirrored;
mod support;
mod trees;
