//! An ML-DSA-44 public key that is decoded once.
//!
//! Before anything is verified, the 1,312 bytes grow into a matrix of 16 kB, which takes nearly as long as
//! the verification itself. Whoever judges many checkpoints asks the same few keys again and again, so what
//! the first verification decodes is kept; a key that nothing claims stays as small as its bytes.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use ml_dsa::{MlDsa44, VerifyingKey};
use once_cell::race::OnceBox;

use super::ML_DSA_44_PUBLIC_SIZE;

/// The bytes, and what they decode to once it was needed. Copies share both.
#[derive(Clone)]
pub(crate) struct MlDsaPublic(Arc<Inner>);

struct Inner {
    bytes: [u8; ML_DSA_44_PUBLIC_SIZE],
    decoded: OnceBox<VerifyingKey<MlDsa44>>,
}

impl MlDsaPublic {
    pub(super) fn new(bytes: [u8; ML_DSA_44_PUBLIC_SIZE]) -> Self {
        Self(Arc::new(Inner { bytes, decoded: OnceBox::new() }))
    }

    pub(crate) fn bytes(&self) -> &[u8; ML_DSA_44_PUBLIC_SIZE] {
        &self.0.bytes
    }

    /// The key that verifies. Two who ask first at the same time decode it twice.
    pub(crate) fn decoded(&self) -> &VerifyingKey<MlDsa44> {
        let decode = || Box::new(VerifyingKey::decode((&self.0.bytes).into()));
        self.0.decoded.get_or_init(decode)
    }
}

/// The bytes alone: what they decode to follows from them.
impl PartialEq for MlDsaPublic {
    fn eq(&self, other: &Self) -> bool {
        self.0.bytes == other.0.bytes
    }
}

impl Eq for MlDsaPublic {}

impl fmt::Debug for MlDsaPublic {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("MlDsaPublic").field(&self.0.bytes).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_its_bytes_whether_it_was_decoded_or_not() {
        let (one, same) = (MlDsaPublic::new([7; _]), MlDsaPublic::new([7; _]));
        let decoded = one.decoded().encode();
        assert_eq!(decoded.as_slice(), one.bytes());
        assert!(core::ptr::eq(one.decoded(), one.clone().decoded()), "copies share it");
        assert_eq!(one, same);
        assert_ne!(one, MlDsaPublic::new([8; _]));
    }
}
