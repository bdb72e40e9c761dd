//! Files as QR codes, for lines without any network: a camera carries the request in and the
//! cosignatures out.
//!
//! ```text
//! FIDUCIAL/1/<at>/<count>/<first 8 digits of the SHA-256, upper case>/<base45, RFC 9285>
//! ```
//!
//! One code holds 600 bytes, so that a terminal shows it whole and a phone reads it. All characters
//! are of QR's alphanumeric kind, which base45 is made for. Codes may be read in any order, one a
//! line. The digits tell parts of two files apart and catch errors; what is *believed* is a
//! signature, as everywhere.

use qrcode::render::unicode::Dense1x2;
use qrcode::{EcLevel, QrCode};
use spec::Hash;
use spec::encoding::parse_decimal;
use spec::witness::MAX_REQUEST_SIZE;

/// What every part starts with.
const PREFIX: &str = "FIDUCIAL/1/";

/// The bytes in one code.
const PART_SIZE: usize = 600;

/// The most codes of one file: a request of the largest size.
const MAX_PARTS: usize = MAX_REQUEST_SIZE.div_ceil(PART_SIZE);

/// The most bytes of text with parts that are read.
pub const MAX_TEXT_SIZE: u64 = 256 * 1024;

/// The alphabet of base45.
const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// Why text is not a file in parts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QrError {
    /// The parts together are not the file that they were made of.
    #[error("the codes together do not give the file they were made of; scan them again")]
    Digits,
    /// A line is no part.
    #[error("line {0} is not the text of one of our codes")]
    Line(usize),
    /// Some parts are missing.
    #[error("code {0} is missing")]
    Missing(usize),
    /// Parts of two files.
    #[error("line {0} belongs to another file")]
    Other(usize),
    /// More than fits.
    #[error("at most {MAX_REQUEST_SIZE} bytes fit in codes")]
    TooLarge,
}

/// Splits a file into the texts of its codes.
pub fn to_parts(bytes: &[u8]) -> Result<Vec<String>, QrError> {
    if bytes.len() > MAX_REQUEST_SIZE || bytes.is_empty() {
        return Err(QrError::TooLarge);
    }
    let digits = digits(bytes);
    let count = bytes.len().div_ceil(PART_SIZE);
    let parts = bytes.chunks(PART_SIZE).enumerate();
    Ok(parts
        .map(|(at, part)| format!("{PREFIX}{}/{count}/{digits}/{}", at + 1, encode_base45(part)))
        .collect())
}

/// Whether a text claims to be parts.
#[must_use]
pub fn is_parts(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(PREFIX.as_bytes())
}

/// Puts a file together from its parts, one a line, in any order.
pub fn from_parts(text: &str) -> Result<Vec<u8>, QrError> {
    let mut parts: Vec<Option<Vec<u8>>> = Vec::new();
    let mut known: Option<(usize, &str)> = None;
    for (line, part) in text.lines().enumerate().filter(|(_, part)| !part.is_empty()) {
        let line = line + 1;
        let (at, count, digits, bytes) = parse_part(part).ok_or(QrError::Line(line))?;
        match known {
            None => {
                known = Some((count, digits));
                parts.resize(count, None);
            }
            Some(known) if known == (count, digits) => {}
            Some(_) => return Err(QrError::Other(line)),
        }
        parts[at - 1] = Some(bytes);
    }
    let mut whole = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        whole.extend_from_slice(part.as_ref().ok_or(QrError::Missing(at + 1))?);
    }
    match known {
        Some((_, want)) if digits(&whole) == want => Ok(whole),
        _ => Err(QrError::Digits),
    }
}

/// Draws one part for a terminal, dark on light.
#[must_use]
pub fn draw(part: &str) -> String {
    let code = QrCode::with_error_correction_level(part.as_bytes(), EcLevel::L)
        .expect("600 bytes of base45 fit in a code");
    code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build()
}

fn parse_part(part: &str) -> Option<(usize, usize, &str, Vec<u8>)> {
    let mut fields = part.strip_prefix(PREFIX)?.splitn(4, '/');
    let mut number = || usize::try_from(parse_decimal(fields.next()?).ok()?).ok();
    let (at, count) = (number()?, number()?);
    let (digits, encoded) = (fields.next()?, fields.next()?);
    let bytes = decode_base45(encoded)?;
    let sound = (1..=MAX_PARTS).contains(&count) && (1..=count).contains(&at);
    (sound && digits.len() == 8 && bytes.len() <= PART_SIZE).then_some((at, count, digits, bytes))
}

fn digits(bytes: &[u8]) -> String {
    Hash::of(bytes).to_hex()[..8].to_uppercase()
}

fn encode_base45(bytes: &[u8]) -> String {
    let letter = |value: u32| char::from(ALPHABET[value as usize]);
    let mut text = String::with_capacity(bytes.len().div_ceil(2) * 3);
    for pair in bytes.chunks(2) {
        let value = pair.iter().fold(0, |value, byte| value << 8 | u32::from(*byte));
        text.push(letter(value % 45));
        text.push(letter(value / 45 % 45));
        if pair.len() == 2 {
            text.push(letter(value / 2025));
        }
    }
    text
}

/// Decodes base45 in its one spelling.
fn decode_base45(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 3 * 2 + 1);
    for group in text.as_bytes().chunks(3) {
        let mut value: u32 = 0;
        for letter in group.iter().rev() {
            let at = ALPHABET.iter().position(|known| known == letter)?;
            value = value * 45 + at as u32;
        }
        match group.len() {
            3 => bytes.extend_from_slice(&u16::try_from(value).ok()?.to_be_bytes()),
            2 => bytes.push(u8::try_from(value).ok()?),
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base45_is_that_of_the_rfc() {
        for (plain, encoded) in [
            ("AB", "BB8"),
            ("Hello!!", "%69 VD92EX0"),
            ("base-45", "UJCLQE7W581"),
            ("ietf!", "QED8WEX0"),
        ] {
            assert_eq!(encode_base45(plain.as_bytes()), encoded);
            assert_eq!(decode_base45(encoded).unwrap(), plain.as_bytes());
        }
        for wrong in ["GGW", ":::", "A", "aaa", "::"] {
            assert_eq!(decode_base45(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn files_come_back_whole_in_any_order() {
        for size in [1, 599, 600, 601, 5_000, MAX_REQUEST_SIZE] {
            let bytes: Vec<u8> = (0..size).map(|at| (at * 7 % 251) as u8).collect();
            let mut parts = to_parts(&bytes).unwrap();
            parts.reverse();
            assert_eq!(from_parts(&parts.join("\n")).unwrap(), bytes);
        }
        assert_eq!(to_parts(&[0; MAX_REQUEST_SIZE + 1]), Err(QrError::TooLarge));
    }

    #[test]
    fn lost_mixed_and_changed_parts_are_named() {
        let parts = to_parts(&[7; 1_500]).unwrap();
        let other = to_parts(&[8; 1_500]).unwrap();
        let join =
            |parts: &[&String]| parts.iter().map(|part| format!("{part}\n")).collect::<String>();
        let two = join(&[&parts[0], &parts[2]]);
        assert_eq!(from_parts(&two), Err(QrError::Missing(2)));
        assert_eq!(from_parts(&join(&[&parts[0], &other[1]])), Err(QrError::Other(2)));
        assert_eq!(from_parts("text"), Err(QrError::Line(1)));
        assert_eq!(from_parts(&parts[0].replace("/1/3/", "/4/3/")), Err(QrError::Line(1)));
        let bent = join(&[&parts[0].replace("/7", "/8"), &parts[1], &parts[2]]);
        let bent = if bent == join(&[&parts[0], &parts[1], &parts[2]]) {
            bent.replacen("L", "M", 1)
        } else {
            bent
        };
        assert!(from_parts(&bent).is_err());
        assert_eq!(from_parts(""), Err(QrError::Digits));
    }

    #[test]
    fn a_part_is_a_code_that_fits_a_terminal() {
        let part = &to_parts(&[255; 600]).unwrap()[0];
        let drawn = draw(part);
        assert!(drawn.lines().count() < 60, "{}", drawn.lines().count());
    }
}
