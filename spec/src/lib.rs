//! What is true: the formats, trees, proofs, policy and evidence of Fiducial.
//!
//! Every program of the project stands on this crate, and this crate stands on nothing that moves:
//! it opens no file and no socket, reads no clock, starts no thread and draws no random number.
//! Time, randomness and private keys come in as arguments; what goes out is a value or a verdict.
//!
//! Where to start reading: [`tree`] for what a root commits to, [`note`] for how anything is
//! signed, [`evidence`] for what a factory commits to. The rules in words are under `spec/text/`,
//! and files that show each rule kept and broken are under `spec/vectors/`.
//!
//! Bytes from outside enter through a `parse` function only. Each accepts exactly one encoding of
//! a value, has a named limit on its input, and returns a type that cannot hold a wrong value.
#![no_std]
#![forbid(unsafe_code)]
#![warn(clippy::exhaustive_enums)]

extern crate alloc;

pub mod bundle;
pub mod checkpoint;
pub mod cosignature;
pub mod encoding;
pub mod evidence;
pub mod frontier;
pub mod hash;
pub mod key;
pub mod note;
pub mod policy;
pub mod proof;
pub mod split;
pub mod succession;
pub mod tile;
pub mod time;
pub mod tree;
pub mod witness;

pub use hash::Hash;
