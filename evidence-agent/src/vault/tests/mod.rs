//! The vault's promises, tried from outside its parts.

mod core;
pub(crate) mod support;
