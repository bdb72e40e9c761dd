//! The file as [`super::format`] writes it, taken apart without a JSON reader: a range of a bundle is megabytes of
//! it, and to read them took as long as to check every signature.
//!
//! Invariant: what is taken apart here is byte for byte what would be written of it, so there is no second reading.
//! Whatever differs, in a space or a letter that is escaped, is left to the JSON reader, and so is every refusal.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::{DisclosureFile, FieldFile, Object, RecordFile, Text};

/// The parts of the file; `None` where it is not written so.
pub(super) fn file(text: &str) -> Option<DisclosureFile<'_>> {
    let mut rest = Rest(text);
    rest.skip("{\n  \"format\": ")?;
    let format = rest.text()?;
    rest.skip(",\n  \"log\": ")?;
    let log = rest.text()?;
    rest.skip(",\n  \"source\": ")?;
    let source = rest.text()?;
    rest.skip(",\n  \"sequence\": ")?;
    let sequence = rest.text()?;
    rest.skip(",\n  \"record_count\": ")?;
    let record_count = rest.number()?;
    rest.skip(",\n  \"records\": ")?;
    let records = rest.list("\n    ", "\n  ]", Rest::record)?;
    rest.skip(",\n  \"proof\": ")?;
    let proof = rest.list("\n    ", "\n  ]", Rest::text)?;
    rest.skip("\n}\n")?;
    let file = DisclosureFile { format, log, source, sequence, record_count, records, proof };
    rest.0.is_empty().then_some(file)
}

/// What is left of the text.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn skip(&mut self, literal: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(literal)?;
        Some(())
    }

    /// A string in which nothing is escaped but ends of lines, as lists have them.
    fn text(&mut self) -> Option<Text<'a>> {
        self.skip("\"")?;
        let first = self.piece()?;
        if self.skip("\"").is_some() {
            return Some(Text(Cow::Borrowed(first)));
        }
        let mut text = String::from(first);
        while self.skip("\"").is_none() {
            self.skip("\\n")?;
            text.push('\n');
            text.push_str(self.piece()?);
        }
        Some(Text(Cow::Owned(text)))
    }

    /// What stands before the next quote or escape.
    fn piece(&mut self) -> Option<&'a str> {
        let ends = |byte: u8| byte == b'"' || byte == b'\\' || byte < b' ';
        let (piece, behind) = self.0.split_at(self.0.bytes().position(ends)?);
        self.0 = behind;
        Some(piece)
    }

    fn number(&mut self) -> Option<u64> {
        let end = self.0.bytes().position(|byte| !byte.is_ascii_digit())?;
        let (digits, behind) = self.0.split_at(end);
        if digits.starts_with('0') && digits.len() > 1 {
            return None;
        }
        self.0 = behind;
        digits.parse().ok()
    }

    /// A list, each item behind `before`, that closes with `end`.
    fn list<T>(
        &mut self,
        before: &str,
        end: &str,
        item: impl Fn(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut items = Vec::new();
        self.skip("[")?;
        if self.skip("]").is_some() {
            return Some(items);
        }
        loop {
            self.skip(before)?;
            items.push(item(self)?);
            if self.skip(",").is_none() {
                break;
            }
        }
        self.skip(end)?;
        Some(items)
    }

    fn record(&mut self) -> Option<Object<RecordFile<'a>>> {
        self.skip("{\n      \"index\": ")?;
        let index = self.number()?;
        self.skip(",\n      \"field_count\": ")?;
        let field_count = self.number()?;
        self.skip(",\n      \"fields\": ")?;
        let fields = self.list("\n        ", "\n      ]", Self::field)?;
        self.skip(",\n      \"proof\": ")?;
        let proof = self.list("\n        ", "\n      ]", Self::text)?;
        self.skip("\n    }")?;
        Some(Object(RecordFile { index, field_count, fields, proof }))
    }

    fn field(&mut self) -> Option<Object<FieldFile<'a>>> {
        self.skip("{\n          \"index\": ")?;
        let index = self.number()?;
        let name = self.member(",\n          \"name\": ")?;
        self.skip(",\n          \"salt\": ")?;
        let salt = self.text()?;
        let text = self.member(",\n          \"text\": ")?;
        let base64 = self.member(",\n          \"base64\": ")?;
        self.skip("\n        }")?;
        Some(Object(FieldFile { index, name, salt, text, base64 }))
    }

    /// A string that may be missing with its name.
    fn member(&mut self, name: &str) -> Option<Option<Text<'a>>> {
        match self.skip(name) {
            Some(()) => self.text().map(Some),
            None => Some(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;
    use crate::checkpoint::Origin;
    use crate::evidence::batch::{Batch, Header, Place};
    use crate::evidence::disclosure::{Disclosure, Pick, PickFields};
    use crate::evidence::kind::{FieldName, Kind};
    use crate::evidence::record::Record;
    use crate::key::KeyName;

    fn batch(values: &[(&str, &[u8])]) -> Batch {
        let place = Place {
            origin: Origin::parse("log.example").unwrap(),
            source: KeyName::parse("aoi.example/7").unwrap(),
            sequence: 12,
        };
        let field =
            |(name, value): &(&str, &[u8])| (FieldName::parse(name).unwrap(), value.to_vec());
        let record = |number: u8| {
            let values = values.iter().map(field).collect();
            Record::new(Kind::AoiReport, values, || [number; 32]).unwrap()
        };
        Batch::new(place, Header::default(), (1..4).map(record).collect(), || [9; 32]).unwrap()
    }

    fn written(file: &DisclosureFile<'_>) -> String {
        serde_json::to_string_pretty(file).unwrap() + "\n"
    }

    /// All of a batch, and some fields of two of its records.
    fn disclosures(values: &[(&str, &[u8])]) -> [String; 2] {
        let batch = batch(values);
        let some = PickFields::Named([FieldName::parse("units").unwrap()].into());
        let picks = [Pick { record: 1, fields: some }, Pick { record: 3, fields: PickFields::All }];
        let some = Disclosure::of(&batch, &picks).unwrap();
        [Disclosure::whole(&batch), some].map(|disclosure| disclosure.to_json())
    }

    #[test]
    fn what_is_written_is_taken_apart() {
        let values: [(&str, &[u8]); 4] = [
            ("units", b"SN1\n\nSN2\n"),
            ("verdict", "合格".as_bytes()),
            ("lot", b""),
            ("program", b"\xff"),
        ];
        for text in disclosures(&values) {
            assert_eq!(written(&file(&text).unwrap()), text);
        }
    }

    #[test]
    fn what_json_escapes_otherwise_is_left_to_its_reader() {
        for value in [&b"\t"[..], b"\"", b"\\", b"\r\n", b"\x01"] {
            let [text, _] = disclosures(&[("units", value)]);
            assert!(file(&text).is_none());
            assert_eq!(Disclosure::parse(text.as_bytes()).unwrap().to_json(), text);
        }
        let [text, _] = disclosures(&[("units", b"SN1\n")]);
        let spaced = text.replace(": ", ":");
        assert!(file(&spaced).is_none() && Disclosure::parse(spaced.as_bytes()).is_ok());
    }

    #[test]
    fn whatever_is_taken_apart_is_spelt_as_it_is_written_and_json_of_the_same_parts() {
        let [_, text] = disclosures(&[("units", b"SN1\nSN2"), ("program", b"\xff")]);
        let mut taken = 0;
        let mut judge = |bytes: &[u8]| {
            let Ok(text) = core::str::from_utf8(bytes) else { return };
            let Some(file) = file(text) else { return };
            taken += 1;
            assert_eq!(written(&file), text);
            let Object(read) = serde_json::from_str::<Object<DisclosureFile<'_>>>(text).unwrap();
            assert_eq!(written(&read), text);
        };
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.as_bytes().to_vec();
                bytes[at] ^= 1 << bit;
                judge(&bytes);
            }
            judge(&[&text.as_bytes()[..at], &text.as_bytes()[at + 1..]].concat());
            judge(&[&text.as_bytes()[..at], b"0", &text.as_bytes()[at..]].concat());
            judge(&text.as_bytes()[..at]);
        }
        // Another letter in a string is another file that is written so.
        assert!(taken > 1000, "{taken}");
    }

    #[test]
    fn numbers_have_one_spelling() {
        let number = |text: &str| Rest(text).number();
        assert_eq!(number("0,"), Some(0));
        assert_eq!(number("18446744073709551615,"), Some(u64::MAX));
        for text in ["18446744073709551616,", "00,", "01,", ",", "-1,", "1", ""] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(number(&(u64::MAX.to_string() + "0,")), None);
    }
}
