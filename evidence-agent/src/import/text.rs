//! From bytes to text, without guessing and without loss.
//!
//! A byte order mark always decides. Without one, the mapping's encodings are tried in their order,
//! and the first that reads every byte is taken. GBK reads nearly anything: `°C` in Windows-1252 is a
//! rare Chinese letter in it. Where the mapping allows both, it is GBK only if what it says looks like
//! Chinese. Bytes that none of them reads are no text: the file is anchored as it is and flagged.
//! Nothing is replaced by a question mark, since the text would then say something that the machine did
//! not write.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, GBK, SHIFT_JIS, UTF_8, WINDOWS_1252};

/// How a mapping says that text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// What an XML file declares of itself, else UTF-8.
    Auto,
    /// This one.
    Named(&'static Encoding),
}

/// The names that a mapping may use.
pub(super) const NAMES: [&str; 6] =
    ["auto", "utf-8", "gbk", "gb18030", "shift-jis", "windows-1252"];

impl Choice {
    /// By one of [`NAMES`].
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "auto" => Self::Auto,
            "utf-8" => Self::Named(UTF_8),
            "gbk" => Self::Named(GBK),
            "gb18030" => Self::Named(GB18030),
            "shift-jis" => Self::Named(SHIFT_JIS),
            "windows-1252" => Self::Named(WINDOWS_1252),
            _ => return None,
        })
    }
}

/// A whole text.
#[derive(Debug)]
pub(super) struct Text<'b> {
    pub(super) text: Cow<'b, str>,
    /// What it was read as.
    pub(super) encoding: &'static Encoding,
    /// How many bytes of byte order mark come before it.
    pub(super) mark: usize,
}

/// Reads bytes as text, or says which encodings do not fit.
pub(super) fn decode<'b>(bytes: &'b [u8], choices: &[Choice]) -> Result<Text<'b>, String> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        let text = clean(encoding, &bytes[mark..]).ok_or_else(|| {
            format!("its byte order mark says {}, and its bytes are not that", encoding.name())
        })?;
        return Ok(Text { text, encoding, mark });
    }
    let mut tried = Vec::new();
    for (choice, behind) in
        choices.iter().zip(1_usize..).map(|(choice, at)| (choice, &choices[at..]))
    {
        let encoding = match choice {
            Choice::Named(encoding) => encoding,
            Choice::Auto => declared(bytes).unwrap_or(UTF_8),
        };
        let text = clean(encoding, bytes).filter(|_| !is_for_another(encoding, bytes, behind));
        if let Some(text) = text {
            return Ok(Text { text, encoding, mark: 0 });
        }
        tried.push(encoding.name());
    }
    Err(format!("it has no byte order mark and is not {}", tried.join(" or ")))
}

/// Reads a piece of a text that was read as a whole before.
pub(super) fn piece<'b>(encoding: &'static Encoding, bytes: &'b [u8]) -> Option<Cow<'b, str>> {
    encoding.decode_without_bom_handling_and_without_replacement(bytes)
}

/// Whether these bytes would be odd Chinese, and an encoding behind this one in a list reads them with one
/// byte a letter.
pub(super) fn is_for_another(encoding: &'static Encoding, bytes: &[u8], behind: &[Choice]) -> bool {
    (encoding == GBK || encoding == GB18030)
        && behind.contains(&Choice::Named(WINDOWS_1252))
        && !looks_chinese(bytes)
        && clean(WINDOWS_1252, bytes).is_some()
}

/// Whether the pairs of bytes of GBK are letters that are written: of GB 2312's first level and its symbols,
/// such as `℃`, there are as many as of those that GBK added. To these belongs every pair whose second byte
/// is ASCII, which is what a lone `°` or `µ` before a letter makes.
fn looks_chinese(bytes: &[u8]) -> bool {
    let (mut common, mut odd, mut at) = (0_usize, 0_usize, 0);
    while let Some(&lead) = bytes.get(at) {
        let trail = bytes.get(at + 1).copied().unwrap_or_default();
        at += match (lead, trail) {
            // 0x80 alone is the euro sign.
            (0..=0x80, _) => 1,
            // GB 18030 has letters of four bytes.
            (_, b'0'..=b'9') => 4,
            _ => 2,
        };
        match (lead, trail) {
            (0xa1..=0xa9 | 0xb0..=0xd7, 0xa1..=0xfe) => common += 1,
            // GB 2312's second level: rare letters, and any two letters of one byte as well.
            (0..=0x80, _) | (0xd8..=0xf7, 0xa1..=0xfe) => {}
            _ => odd += 1,
        }
    }
    common >= odd
}

fn clean<'b>(encoding: &'static Encoding, bytes: &'b [u8]) -> Option<Cow<'b, str>> {
    // Windows-1252 leaves these five undefined; the web's tables make them control characters.
    let undefined = |byte: &u8| matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d);
    if encoding == WINDOWS_1252 && bytes.iter().any(undefined) {
        return None;
    }
    // A zero is in no report: these are bytes of something else.
    piece(encoding, bytes).filter(|text| !text.as_bytes().contains(&0))
}

/// What an XML file says of itself in its first line.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = std::str::from_utf8(bytes.get(..bytes.len().min(256))?);
    // The declaration is ASCII, whatever follows it.
    let head = match head {
        Ok(head) => head,
        Err(error) => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()?,
    };
    let declaration = head.strip_prefix("<?xml")?.split("?>").next()?;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let label = value[1..].split(quote).next()?;
    let encoding = Encoding::for_label(label.as_bytes())?;
    // A file that says so in one byte a letter is not in two.
    (encoding.is_ascii_compatible()).then_some(encoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], names: &[&str]) -> Result<(String, &'static str), String> {
        let choices: Vec<Choice> = names.iter().map(|name| Choice::parse(name).unwrap()).collect();
        decode(bytes, &choices).map(|text| (text.text.into_owned(), text.encoding.name()))
    }

    #[test]
    fn every_encoding_is_read_and_named() {
        for (bytes, name, want) in [
            (b"\xe4\xb8\x8d\xe8\x89\xaf".as_slice(), "utf-8", "不良"),
            (b"\xb2\xbb\xc1\xbc", "gbk", "不良"),
            (b"\xb2\xbb\xc1\xbc", "gb18030", "不良"),
            (b"\x95\x73\x97\xc7", "shift-jis", "不良"),
            (b"245 \xb0C", "windows-1252", "245 °C"),
        ] {
            assert_eq!(read(bytes, &[name]).unwrap().0, want, "{name}");
        }
    }

    #[test]
    fn a_byte_order_mark_decides_whatever_the_mapping_says() {
        let marked = b"\xef\xbb\xbf\xe4\xb8\x8d";
        assert_eq!(read(marked, &["gbk"]), Ok(("不".to_string(), "UTF-8")));
        assert_eq!(read(b"\xff\xfe\x0d\x4e", &["auto"]), Ok(("不".to_string(), "UTF-16LE")));
        let wrong = read(b"\xef\xbb\xbf\xb2\xbb", &["gbk"]).unwrap_err();
        assert_eq!(wrong, "its byte order mark says UTF-8, and its bytes are not that");
    }

    #[test]
    fn the_first_encoding_that_reads_every_byte_is_taken() {
        assert_eq!(read(b"\xb2\xbb", &["utf-8", "gbk"]), Ok(("不".to_string(), "GBK")));
        assert_eq!(read(b"plain", &["utf-8", "gbk"]), Ok(("plain".to_string(), "UTF-8")));
        let wrong = read(b"\xff\xff\xff", &["auto", "gbk", "shift-jis"]).unwrap_err();
        assert_eq!(wrong, "it has no byte order mark and is not UTF-8 or GBK or Shift_JIS");
        assert!(read(b"\x81", &["windows-1252"]).is_err(), "undefined there");
        assert!(read(b"a\0b", &["utf-8"]).is_err(), "no text has a zero");
    }

    #[test]
    fn gbk_is_taken_only_where_it_says_something_in_chinese() {
        let both = ["auto", "gbk", "windows-1252"];
        for (bytes, text, encoding) in [
            (b"peak 245 \xb0C".as_slice(), "peak 245 °C", "windows-1252"),
            (b"25 \xb5m, 245 \xb0C", "25 µm, 245 °C", "windows-1252"),
            (b"gr\xf6\xdfer als 245 \xb0C", "größer als 245 °C", "windows-1252"),
            (b"\xb1 2 \xb0C", "± 2 °C", "windows-1252"),
            (b"peak 245 \xa1\xe6", "peak 245 ℃", "GBK"),
            (b"\xba\xcf\xb8\xf1 245 \xa1\xe6", "合格 245 ℃", "GBK"),
            // A rare letter in a name, whose second byte is ASCII.
            (b"\xd6\xec\xe9F \xba\xcf\xb8\xf1", "朱镕 合格", "GBK"),
            (b"\xf6\xce", "鑫", "GBK"),
            (b"plain", "plain", "UTF-8"),
        ] {
            assert_eq!(read(bytes, &both), Ok((text.to_string(), encoding)), "{text}");
        }
        let mixed = ["auto", "gb18030", "windows-1252"];
        assert_eq!(read(b"245 \xb0C", &mixed), Ok(("245 °C".to_string(), "windows-1252")));
        assert_eq!(read(b"\x81\x30\x81\x30 \xba\xcf", &mixed).unwrap().1, "gb18030");
        // A mapping that knows its machine is believed.
        assert_eq!(read(b"\xb0C", &["gbk"]), Ok(("癈".to_string(), "GBK")));
        assert_eq!(read(b"\xb0C", &["windows-1252", "gbk"]).unwrap().0, "°C");
    }

    #[test]
    fn what_an_xml_file_declares_is_believed_where_nothing_else_says() {
        let gbk = b"<?xml version='1.0' encoding='GBK'?><a>\xb2\xbb\xc1\xbc</a>";
        assert!(read(gbk, &["auto"]).unwrap().0.contains("不良"));
        let sjis = b"<?xml version=\"1.0\" encoding = \"Shift_JIS\" ?><a>\x95\x73</a>";
        assert!(read(sjis, &["auto"]).unwrap().0.contains('不'));
        assert!(read(b"<?xml version='1.0' encoding='none'?><a>\xb2\xbb</a>", &["auto"]).is_err());
        assert!(read(b"<?xml encoding='utf-16'?><a/>", &["auto"]).is_ok(), "one byte a letter");
    }
}
