//! The letters of a list: UTF-8, or what spreadsheets write besides it.

use std::borrow::Cow;

use encoding_rs::{Encoding, GBK, UTF_8};

/// The text, without a byte order mark; `None` if the bytes are of none of these encodings.
///
/// A mark decides, then UTF-8; what is neither is GBK, which spreadsheets in China write.
pub(super) fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let (encoding, bytes) = match Encoding::for_bom(bytes) {
        Some((encoding, length)) => (encoding, &bytes[length..]),
        None if std::str::from_utf8(bytes).is_ok() => (UTF_8, bytes),
        None => (GBK, bytes),
    };
    encoding.decode_without_bom_handling_and_without_replacement(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_spreadsheets_write_it() {
        let want = "序列号\nSN1\n";
        let big: Vec<u8> = want.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let little: Vec<u8> = big.chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect();
        let (gbk, _, _) = GBK.encode(want);
        let marked = [&b"\xef\xbb\xbf"[..], want.as_bytes()].concat();
        let little = [&b"\xff\xfe"[..], &little[..]].concat();
        let big = [&b"\xfe\xff"[..], &big[..]].concat();
        for bytes in [want.as_bytes(), &gbk[..], &marked[..], &little[..], &big[..]] {
            assert_eq!(decode(bytes).as_deref(), Some(want), "{bytes:?}");
        }
        // Cut within a letter, and no letters at all.
        for bytes in [&b"\xff\xfeS"[..], b"SN\xff1", b"\xef\xbb\xbf\xff", &gbk[..1]] {
            assert_eq!(decode(bytes), None, "{bytes:?}");
        }
    }
}
