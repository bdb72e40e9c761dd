//! Numbers, base64 and hexadecimal as text: exactly one spelling for each value.
//!
//! Rule: the C2SP pages ask for "ASCII decimal with no leading zeroes" and RFC 4648, section 4.
//! A second spelling of the same value would let two parties hold different bytes that both
//! "verify", so whatever is not the one spelling is refused, never repaired.

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::hash::{HASH_SIZE, Hash};

/// Why a text is not the one encoding of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodingError {
    /// Not canonical base64: a foreign character, wrong padding or stray trailing bits.
    #[error("not canonical base64")]
    Base64,
    /// Not a decimal without sign, space or leading zero.
    #[error("not a canonical decimal number")]
    Decimal,
    /// Not lower-case hexadecimal of the expected length.
    #[error("not lower-case hexadecimal of the expected length")]
    Hex,
    /// Decoded, but not of the length the value has.
    #[error("{have} bytes where {want} are expected")]
    Length {
        /// Bytes decoded.
        have: usize,
        /// Bytes expected.
        want: usize,
    },
    /// A decimal beyond 64 bits.
    #[error("the number does not fit in 64 bits")]
    Overflow,
}

/// The characters of a hash in base64.
const HASH_TEXT_SIZE: usize = 44;

/// Parses an unsigned decimal: digits only, no leading zero, at most `u64::MAX`.
pub fn parse_decimal(text: &str) -> Result<u64, EncodingError> {
    let canonical = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    if !canonical {
        return Err(EncodingError::Decimal);
    }
    text.parse().map_err(|_| EncodingError::Overflow)
}

/// Encodes bytes in the standard alphabet with padding.
#[must_use]
pub fn encode_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes standard base64; refuses missing padding, line breaks and non-zero trailing bits.
pub fn decode_base64(text: &str) -> Result<Vec<u8>, EncodingError> {
    STANDARD.decode(text).map_err(|_| EncodingError::Base64)
}

/// Decodes the base64 of a hash: 44 characters.
pub fn decode_hash(text: &str) -> Result<Hash, EncodingError> {
    if text.len() == HASH_TEXT_SIZE {
        // The right length is that of 31 to 33 bytes; no memory is asked for.
        let mut bytes = [0; HASH_SIZE + 1];
        let have = STANDARD.decode_slice(text, &mut bytes).map_err(|_| EncodingError::Base64)?;
        let hash = Hash::from_slice(&bytes[..have]);
        return hash.ok_or(EncodingError::Length { have, want: HASH_SIZE });
    }
    let bytes = decode_base64(text)?;
    Hash::from_slice(&bytes).ok_or(EncodingError::Length { have: bytes.len(), want: HASH_SIZE })
}

/// Encodes bytes as lower-case hexadecimal.
#[must_use]
pub fn encode_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = alloc::vec![0; bytes.len() * 2];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    String::from_utf8(text).expect("digits are ASCII")
}

/// Decodes lower-case hexadecimal of exactly `N` bytes.
pub fn decode_hex<const N: usize>(text: &str) -> Result<[u8; N], EncodingError> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return Err(EncodingError::Hex);
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
    }
    Ok(bytes)
}

fn hex_digit(digit: u8) -> Result<u8, EncodingError> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(EncodingError::Hex),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_has_one_spelling() {
        assert_eq!(parse_decimal("0"), Ok(0));
        assert_eq!(parse_decimal("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(parse_decimal("18446744073709551616"), Err(EncodingError::Overflow));
        for wrong in ["", "00", "07", "+7", "-7", " 7", "7 ", "7\n", "1e3", "0x7", "\u{0667}"] {
            assert_eq!(parse_decimal(wrong), Err(EncodingError::Decimal), "{wrong:?}");
        }
    }

    #[test]
    fn base64_has_one_spelling() {
        assert_eq!(decode_base64("AA=="), Ok(alloc::vec![0]));
        for wrong in ["AA", "AA=", "AB==", "A A=", "AA==\n", "AA==AA==", "_w==", "===="] {
            assert_eq!(decode_base64(wrong), Err(EncodingError::Base64), "{wrong:?}");
        }
    }

    #[test]
    fn a_hash_is_exactly_32_bytes() {
        let text = encode_base64(&[7; 32]);
        assert_eq!(decode_hash(&text), Ok(Hash::from_bytes([7; 32])));
        // 31 and 33 bytes have as many characters as 32.
        for have in [0, 30, 31, 33, 34, 64] {
            let other = encode_base64(&alloc::vec![7; have]);
            assert_eq!(decode_hash(&other), Err(EncodingError::Length { have, want: 32 }));
        }
        for wrong in [&text[..43], &text.replace('=', "A="), &text.replace("c=", "d="), ""] {
            assert_ne!(decode_hash(wrong), Ok(Hash::from_bytes([7; 32])), "{wrong:?}");
        }
        let stray = alloc::format!("{}d=", &text[..42]);
        assert_eq!(decode_hash(&stray), Err(EncodingError::Base64));
    }

    #[test]
    fn hex_is_lower_case_and_of_its_length() {
        assert_eq!(decode_hex::<2>("00ff"), Ok([0, 255]));
        for wrong in ["00FF", "0ff", "00ff0", "00fg", ""] {
            assert_eq!(decode_hex::<2>(wrong), Err(EncodingError::Hex), "{wrong:?}");
        }
    }
}
