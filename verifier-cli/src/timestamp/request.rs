//! Requests to a timestamping authority.
//!
//! Rule: RFC 3161, 2.4.1. What is written always has one form: SHA-256, a nonce of eight bytes, and
//! the wish for the certificate, without which nobody could check the token later.

use std::path::Path;

use spec::Hash;
use x509_cert::der::Tag;
use x509_cert::der::asn1::ObjectIdentifier;

use super::Stamp;
use super::check::imprint_of;
use super::fields::Fields;
use crate::failure::Failure;
use crate::input;
use crate::messages::{Message, Said};

/// The most bytes of a request: hash, policy, nonce and a few extensions.
const MAX_REQUEST_SIZE: usize = 4096;

/// Version 1, and SHA-256 with 32 bytes to follow.
const HEAD: [u8; 24] = [
    0x30, 0x43, 0x02, 0x01, 0x01, 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
    0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
];

/// Writes a request for this SHA-256.
pub(super) fn encode(imprint: &Hash, mut nonce: [u8; 8]) -> Vec<u8> {
    // A positive number of exactly eight bytes, so that its length is always the same.
    nonce[0] = nonce[0] & 0x7f | 0x40;
    let mut bytes = HEAD.to_vec();
    bytes.extend(imprint.as_bytes());
    bytes.extend([0x02, 0x08]);
    bytes.extend(nonce);
    bytes.extend([0x01, 0x01, 0xff]);
    bytes
}

/// What was asked.
pub(super) struct Asked {
    algorithm: ObjectIdentifier,
    imprint: Vec<u8>,
    nonce: Option<Vec<u8>>,
}

/// Reads a request, ours or another program's.
pub(super) fn read(path: &Path) -> Result<Asked, Failure> {
    let bytes = input::read(path, MAX_REQUEST_SIZE)?;
    parse(&bytes).ok_or_else(|| {
        let shown = path.display().to_string();
        Said::new(Message::StampBadRequest, &[&shown]).into()
    })
}

fn parse(bytes: &[u8]) -> Option<Asked> {
    let mut fields = Fields::of_file(bytes)?;
    if fields.small()? != 1 {
        return None;
    }
    let mut imprint = fields.sequence()?;
    let algorithm = imprint.algorithm()?;
    let hashed = imprint.take(Tag::OctetString)?.to_vec();
    imprint.end()?;
    fields.maybe(Tag::ObjectIdentifier)?;
    let nonce = fields.maybe(Tag::Integer)?.map(<[u8]>::to_vec);
    fields.maybe(Tag::Boolean)?;
    fields.maybe(super::fields::around(0))?;
    fields.end()?;
    Some(Asked { algorithm, imprint: hashed, nonce })
}

impl Asked {
    /// Whether a token answers this request, and no other.
    pub(super) fn check(&self, stamp: &Stamp) -> Result<(), Said> {
        if imprint_of(self.algorithm, stamp.note()).as_deref() != Some(&self.imprint) {
            return Err(Said::new(Message::StampOtherRequest, &[]));
        }
        match &self.nonce {
            Some(nonce) if stamp.nonce() != Some(nonce) => {
                Err(Said::new(Message::StampOtherNonce, &[]))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_hash_the_nonce_and_the_wish_for_the_certificate() {
        let hash = Hash::of(b"note");
        for nonce in [[0; 8], [0xff; 8], *b"12345678"] {
            let bytes = encode(&hash, nonce);
            // The length in its head is the length that it has.
            assert_eq!(bytes.len(), usize::from(HEAD[1]) + 2);
            let asked = parse(&bytes).unwrap();
            assert_eq!(asked.imprint, hash.as_bytes());
            let kept = asked.nonce.unwrap();
            assert!(kept.len() == 8 && kept[1..] == nonce[1..] && kept[0] & 0xc0 == 0x40);
            assert!(bytes.ends_with(&[0x01, 0x01, 0xff]));
        }
        let bytes = encode(&hash, [1; 8]);
        assert!(parse(&[&bytes[..], &[0]].concat()).is_none());
        assert!(parse(&bytes[..bytes.len() - 1]).is_none());
    }
}
