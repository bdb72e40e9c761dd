//! The fields of a DER value, one after the other.
//!
//! Rule: X.690. The library reads tags and lengths, and refuses what is not DER: indefinite and
//! padded lengths. What is read is borrowed, so that hashes and signatures are over the exact bytes.

use x509_cert::der::asn1::{AnyRef, ObjectIdentifier};
use x509_cert::der::{Decode, Reader, SliceReader, Tag, TagNumber};

/// What is left of a constructed value.
pub(super) struct Fields<'a>(SliceReader<'a>);

/// An algorithm: its name. Parameters are not used: they are `NULL` or left out in all that is known.
pub(super) type Algorithm = ObjectIdentifier;

/// The tag `[number]` around other fields.
pub(super) const fn around(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: true, number: TagNumber(number) }
}

/// The tag `[number]` in the place of a simple one.
pub(super) const fn instead(number: u32) -> Tag {
    Tag::ContextSpecific { constructed: false, number: TagNumber(number) }
}

impl<'a> Fields<'a> {
    /// The fields within the contents of a constructed value.
    pub(super) fn of(contents: &'a [u8]) -> Option<Self> {
        SliceReader::new(contents).ok().map(Self)
    }

    /// The fields of a file that is one sequence and nothing behind it.
    pub(super) fn of_file(bytes: &'a [u8]) -> Option<Self> {
        let mut file = Self::of(bytes)?;
        let fields = file.sequence()?;
        file.end()?;
        Some(fields)
    }

    /// The contents of the next field, which has this tag.
    pub(super) fn take(&mut self, tag: Tag) -> Option<&'a [u8]> {
        let field = AnyRef::decode(&mut self.0).ok()?;
        (field.header().tag() == tag).then(|| field.value())
    }

    /// The same, of a field that may be left out: then `None` within.
    #[allow(clippy::option_option, reason = "malformed and absent are two answers")]
    pub(super) fn maybe(&mut self, tag: Tag) -> Option<Option<&'a [u8]>> {
        match self.peek() {
            Some(next) if next == tag => self.take(tag).map(Some),
            _ => Some(None),
        }
    }

    /// The next field with its tag and length.
    pub(super) fn raw(&mut self) -> Option<&'a [u8]> {
        self.0.tlv_bytes().ok()
    }

    pub(super) fn sequence(&mut self) -> Option<Self> {
        Self::of(self.take(Tag::Sequence)?)
    }

    pub(super) fn identifier(&mut self) -> Option<ObjectIdentifier> {
        ObjectIdentifier::from_bytes(self.take(Tag::ObjectIdentifier)?).ok()
    }

    pub(super) fn algorithm(&mut self) -> Option<Algorithm> {
        let mut fields = self.sequence()?;
        let name = fields.identifier()?;
        if !fields.is_empty() {
            fields.raw()?;
        }
        fields.end()?;
        Some(name)
    }

    /// A number from 0 that fits; others are malformed wherever this is used.
    pub(super) fn small(&mut self) -> Option<u32> {
        number(self.take(Tag::Integer)?)
    }

    pub(super) fn peek(&self) -> Option<Tag> {
        Tag::peek(&self.0).ok()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_finished()
    }

    /// Nothing is left.
    pub(super) fn end(self) -> Option<()> {
        self.is_empty().then_some(())
    }
}

/// The contents of an integer from 0 on, of at most 32 bits and written without padding.
pub(super) fn number(contents: &[u8]) -> Option<u32> {
    let is_padded = matches!(contents, [0, second, ..] if second & 0x80 == 0);
    match contents {
        [first, ..] if first & 0x80 == 0 && !is_padded && contents.len() <= 5 => {
            let value = contents.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
            u32::try_from(value).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_in_their_order_and_nothing_is_left_over() {
        let bytes = [0x30, 6, 2, 1, 5, 0x80, 1, 7];
        let mut fields = Fields::of_file(&bytes).unwrap();
        assert_eq!(fields.maybe(Tag::Boolean), Some(None));
        assert_eq!(fields.small(), Some(5));
        assert_eq!(fields.take(instead(0)), Some(&[7][..]));
        assert_eq!(fields.end(), Some(()));
        assert!(Fields::of_file(&[&bytes[..], &[0]].concat()).is_none());
        assert!(Fields::of_file(&bytes[..7]).is_none());
        // An indefinite length, and a padded one.
        assert!(Fields::of_file(&[0x30, 0x80, 0, 0]).is_none());
        assert!(Fields::of_file(&[0x30, 0x81, 0]).is_none());
    }

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(number(&[0]), Some(0));
        assert_eq!(number(&[0, 0xff]), Some(255));
        assert_eq!(number(&[0, 0xff, 0xff, 0xff, 0xff]), Some(u32::MAX));
        for refused in [&[][..], &[0xff], &[0, 1], &[1, 0, 0, 0, 0], &[0, 0x80, 0, 0, 0, 0]] {
            assert_eq!(number(refused), None, "{refused:?}");
        }
    }
}
