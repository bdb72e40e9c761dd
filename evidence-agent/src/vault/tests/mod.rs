//! The vault's promises, tried from outside its parts.

mod core;
mod crash;
mod fake;
mod rest;
mod retention;
pub(crate) mod support;
