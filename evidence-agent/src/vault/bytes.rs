//! The small pieces that the vault's rows are made of: numbers and byte strings, one encoding each.
//!
//! ```text
//! number  base 128, the lowest seven bits first, the top bit set on all bytes but the last;
//!         no longer than needed
//! bytes   number of bytes, then the bytes
//! ```
//!
//! A reader takes every byte or refuses: what is left over is damage, not padding.

/// A row that is not of its format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a row that is not of its format")]
pub(crate) struct Malformed;

/// Puts a row together.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn number(&mut self, mut number: u64) -> &mut Self {
        while number >= 0x80 {
            self.0.push(u8::try_from(number & 0x7f).expect("seven bits") | 0x80);
            number >>= 7;
        }
        self.0.push(u8::try_from(number).expect("seven bits"));
        self
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64).raw(bytes)
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

/// Takes a row apart, strictly.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) const fn new(row: &'a [u8]) -> Self {
        Self(row)
    }

    pub(crate) fn raw(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        Ok(self.raw(N)?.try_into().expect("as many as asked for"))
    }

    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array()?;
            let part = u64::from(byte & 0x7f);
            // Bits beyond the sixty-fourth, and a last byte that adds nothing, are second spellings.
            if part << shift >> shift != part || (byte == 0 && shift > 0) {
                return Err(Malformed);
            }
            number |= part << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    /// A number that is a count or a length: at most `limit`, else refused before memory is taken.
    pub(crate) fn size(&mut self, limit: usize) -> Result<usize, Malformed> {
        usize::try_from(self.number()?).ok().filter(|size| *size <= limit).ok_or(Malformed)
    }

    /// Bytes with their length before them; a length beyond the row is refused.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let size = self.size(self.0.len())?;
        self.raw(size)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_and_have_one_spelling() {
        for number in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX - 1, u64::MAX]
        {
            let row = Writer::default().number(number).take();
            let mut reader = Reader::new(&row);
            assert_eq!(reader.number(), Ok(number));
            assert_eq!(reader.end(), Ok(()));
            let mut longer = row.clone();
            *longer.last_mut().unwrap() |= 0x80;
            longer.push(0);
            assert_eq!(Reader::new(&longer).number(), Err(Malformed), "{number}");
            assert_eq!(Reader::new(&row[..row.len() - 1]).number(), Err(Malformed), "{number}");
        }
        assert_eq!(Reader::new(&[0xff; 11]).number(), Err(Malformed));
        let beyond = [[0xff; 9].as_slice(), &[0x02]].concat();
        assert_eq!(Reader::new(&beyond).number(), Err(Malformed));
    }

    #[test]
    fn a_length_beyond_the_row_and_bytes_left_over_are_refused() {
        let row = Writer::default().bytes(b"panel").take();
        for end in 0..row.len() {
            assert_eq!(Reader::new(&row[..end]).bytes(), Err(Malformed));
        }
        let mut reader = Reader::new(&row);
        assert_eq!(reader.raw(1), Ok(&[5][..]));
        assert_eq!(reader.end(), Err(Malformed));
    }
}
