//! Bytes of a file as text: UTF-8 if it is, or else in the encoding that its record names.

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

use super::{MAX_PICTURED, Unread};

/// Decodes a file. Bytes that no encoding explains are no text.
pub(super) fn decode(bytes: &[u8], reader: Option<&str>) -> Result<String, Unread> {
    if bytes.len() > MAX_PICTURED {
        return Err(Unread::TooLarge);
    }
    let (body, is_marked) = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(body) => (body, true),
        None => (bytes, false),
    };
    if let Ok(text) = std::str::from_utf8(body) {
        return Ok(text.to_string());
    }
    if is_marked {
        return Err(Unread::Form);
    }
    // `interpreted` reads `domestic-like 1 GBK ...`: the one word in it that names an encoding.
    let words = reader.unwrap_or_default().split([' ', ',', ';']);
    let named = words.filter_map(|word| Encoding::for_label(word.as_bytes()));
    let named = named.into_iter().find(|encoding| *encoding != UTF_8);
    let text =
        named.unwrap_or(WINDOWS_1252).decode_without_bom_handling_and_without_replacement(body);
    text.map(std::borrow::Cow::into_owned).ok_or(Unread::Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_names_the_encoding_where_it_is_not_utf_8() {
        let (gbk, _, _) = encoding_rs::GBK.encode("位号,立碑");
        assert_eq!(decode(&gbk, Some("domestic-like 1 GBK csv")).unwrap(), "位号,立碑");
        assert_eq!(decode(b"25 \xb0C", None).unwrap(), "25 °C");
        assert_eq!(decode(b"\xef\xbb\xbfa", None).unwrap(), "a");
        assert_eq!(decode(b"\xef\xbb\xbf\xff", None), Err(Unread::Form));
        assert_eq!(decode(b"\xff\xff", Some("x GBK")), Err(Unread::Form));
        assert_eq!(decode(&vec![b' '; MAX_PICTURED + 1], None), Err(Unread::TooLarge));
    }
}
