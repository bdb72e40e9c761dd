//! How the work on a bundle is shared: nothing here has threads of its own.

use alloc::vec::Vec;

use super::Digest;

/// Whoever reads bundles on more than one core.
pub trait Cores: Sync {
    /// The [`Digest`] of each part, in their order. They are believed.
    fn digests(&self, parts: &[&[u8]]) -> Vec<Digest>;

    /// Does two things, at once if it can.
    fn both<A: Send, B: Send>(
        &self,
        one: impl FnOnce() -> A + Send,
        other: impl FnOnce() -> B + Send,
    ) -> (A, B);
}

/// One core, which does everything in turn.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "there is nothing to say of it")]
pub struct OneCore;

impl Cores for OneCore {
    fn digests(&self, parts: &[&[u8]]) -> Vec<Digest> {
        parts.iter().map(|part| Digest::of(part)).collect()
    }

    fn both<A: Send, B: Send>(
        &self,
        one: impl FnOnce() -> A + Send,
        other: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        (one(), other())
    }
}
