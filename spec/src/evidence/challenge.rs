//! The challenge audit: records picked by a number that nobody could know when they were stated.
//!
//! Rule: `spec/text/challenge.md`.
//!
//! ```text
//! fiducial/challenge/v1
//! log log.example/demo
//! source line-4.example/aoi-7
//! range 0 41 <base64 leaf hash of statement 41>
//! records 1205
//! note <base64 SHA-256 of a checkpoint that was cosigned later>
//! pick 3 17
//! pick 20 1
//! ```
//!
//! Picks follow from the lines above them and the records of each statement, so a file is checked by
//! making it again ([`Challenge::make`]). Whether the note is later is for whoever has a policy.
//!
//! Invariant: `Challenge::parse(bytes)?.to_string().as_bytes() == bytes`.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt;

use crate::checkpoint::Origin;
use crate::encoding::{decode_hash, parse_decimal};
use crate::hash::Hash;
use crate::key::KeyName;

/// The most bytes of a challenge: its head, and a line of at most 47 bytes for each pick.
pub const MAX_CHALLENGE_SIZE: usize = 1024 * 1024;

/// The most records that one challenge picks.
pub const MAX_PICKS: usize = 4096;

/// The first line, and what the seed's hash begins with.
const HEADER: &str = "fiducial/challenge/v1";

/// Why a challenge cannot be made or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// Picks of none, or of more than there are.
    #[error(
        "{count} picks of {records} records; there are 1 to {MAX_PICKS}, and no more than records"
    )]
    Count {
        /// How many are asked for.
        count: usize,
        /// How many records the range has.
        records: u64,
    },
    /// A line is missing, out of place, malformed, or spelt otherwise. Lines count from 1.
    #[error("line {line} of the challenge is missing, out of place or malformed")]
    Line {
        /// Which.
        line: usize,
    },
    /// More bytes than are read.
    #[error("the challenge has {size} bytes; at most {MAX_CHALLENGE_SIZE} are read")]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
}

/// Which records a neutral party asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    ground: Ground,
    records: u64,
    picks: Vec<(u64, u64)>,
}

/// What a challenge stands on: everything but the picks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::exhaustive_structs, reason = "the lines above the picks are these")]
pub struct Ground {
    /// The log.
    pub origin: Origin,
    /// The source.
    pub source: KeyName,
    /// The first statement of the range.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// The leaf hash of the last, and through it of all.
    pub leaf: Hash,
    /// The plain SHA-256 of the whole cosigned note.
    pub note: Hash,
}

impl Challenge {
    /// Picks `count` records; `records` are the numbers of records of each statement of the range in
    /// order, headers left out. Hashes once for each draw.
    pub fn make(ground: Ground, records: &[u64], count: usize) -> Result<Self, ChallengeError> {
        let total: u64 = records.iter().sum();
        if count == 0 || count > MAX_PICKS || count as u64 > total {
            return Err(ChallengeError::Count { count, records: total });
        }
        let seed = ground.seed(total);
        let mut ordinals = BTreeSet::new();
        let mut draws = 0_u64..;
        while ordinals.len() < count {
            let draw = draws.next().expect("2^64 draws are never made");
            ordinals.extend(ordinal(seed, draw, total));
        }
        let mut picks = Vec::with_capacity(count);
        let (mut statement, mut before) = (0, 0);
        for ordinal in ordinals {
            while ordinal >= before + records[statement] {
                before += records[statement];
                statement += 1;
            }
            // Record 0 of a statement is its header.
            picks.push((ground.first + statement as u64, ordinal - before + 1));
        }
        Ok(Self { ground, records: total, picks })
    }

    /// Parses a file of at most [`MAX_CHALLENGE_SIZE`] bytes. The picks are only claimed.
    pub fn parse(bytes: &[u8]) -> Result<Self, ChallengeError> {
        if bytes.len() > MAX_CHALLENGE_SIZE {
            return Err(ChallengeError::TooLarge { size: bytes.len() });
        }
        let (mut line, text) = (0, core::str::from_utf8(bytes).unwrap_or_default());
        parse(text, &mut line).ok_or(ChallengeError::Line { line })
    }

    /// What it stands on.
    #[must_use]
    pub const fn ground(&self) -> &Ground {
        &self.ground
    }

    /// Statement and record of each pick, ascending.
    #[must_use]
    pub fn picks(&self) -> &[(u64, u64)] {
        &self.picks
    }

    /// How many records the range has, headers left out.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }
}

impl Ground {
    fn seed(&self, records: u64) -> Hash {
        let source = self.source.as_str();
        let size = u16::try_from(source.len()).expect("a name of at most 255 bytes");
        Hash::of_parts(&[
            HEADER.as_bytes(),
            b"\n",
            self.note.as_bytes(),
            &size.to_be_bytes(),
            source.as_bytes(),
            &self.first.to_be_bytes(),
            &self.last.to_be_bytes(),
            self.leaf.as_bytes(),
            &records.to_be_bytes(),
        ])
    }
}

/// One draw; `None` for one that would make some records likelier than others.
fn ordinal(seed: Hash, draw: u64, total: u64) -> Option<u64> {
    let hash = Hash::of_parts(&[seed.as_bytes(), &draw.to_be_bytes()]);
    let (head, _) = hash.as_bytes().split_first_chunk::<8>().expect("a hash has 32 bytes");
    let value = u64::from_be_bytes(*head);
    // 2^64 mod total, without a larger number.
    let surplus = (u64::MAX % total + 1) % total;
    (value <= u64::MAX - surplus).then_some(value % total)
}

/// Writes the file.
impl fmt::Display for Challenge {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ground { origin, source, first, last, leaf, note } = &self.ground;
        writeln!(formatter, "{HEADER}\nlog {origin}\nsource {source}")?;
        writeln!(formatter, "range {first} {last} {leaf}\nrecords {}\nnote {note}", self.records)?;
        for (statement, record) in &self.picks {
            writeln!(formatter, "pick {statement} {record}")?;
        }
        Ok(())
    }
}

/// Reads line by line; `at` is left at the line at fault.
fn parse(text: &str, at: &mut usize) -> Option<Challenge> {
    let mut lines = text.strip_suffix('\n').unwrap_or_default().split('\n');
    let mut next = |prefix: &str| {
        *at += 1;
        lines.next().map(|line| line.strip_prefix(prefix))
    };
    next(HEADER)?.filter(|rest| rest.is_empty())?;
    let origin = Origin::parse(next("log ")??).ok()?;
    let source = KeyName::parse(next("source ")??).ok()?;
    let mut range = next("range ")??.split(' ');
    let first = parse_decimal(range.next()?).ok()?;
    let last = parse_decimal(range.next()?).ok()?;
    let leaf = decode_hash(range.next()?).ok()?;
    if range.next().is_some() || first > last {
        return None;
    }
    let records = parse_decimal(next("records ")??).ok()?;
    let note = decode_hash(next("note ")??).ok()?;
    let mut picks: Vec<(u64, u64)> = Vec::new();
    while let Some(line) = next("pick ") {
        let (statement, record) = line?.split_once(' ')?;
        let pick = (parse_decimal(statement).ok()?, parse_decimal(record).ok()?);
        let fits = (first..=last).contains(&pick.0) && pick.1 > 0 && picks.len() < MAX_PICKS;
        if !fits || picks.last().is_some_and(|before| *before >= pick) {
            return None;
        }
        picks.push(pick);
    }
    if picks.is_empty() || picks.len() as u64 > records {
        return None;
    }
    let ground = Ground { origin, source, first, last, leaf, note };
    Some(Challenge { ground, records, picks })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};
    use alloc::vec;

    fn ground() -> Ground {
        Ground {
            origin: Origin::parse("log.example/demo").unwrap(),
            source: KeyName::parse("line-4.example/aoi-7").unwrap(),
            first: 5,
            last: 9,
            leaf: Hash::of(b"leaf"),
            note: Hash::of(b"note"),
        }
    }

    const RECORDS: [u64; 5] = [3, 0, 40, 1, 6];

    #[test]
    fn a_challenge_survives_its_text() {
        let made = Challenge::make(ground(), &RECORDS, 12).unwrap();
        let text = made.to_string();
        assert_eq!(Challenge::parse(text.as_bytes()), Ok(made.clone()));
        assert_eq!(made.picks().len(), 12);
        for (statement, record) in made.picks() {
            let records = RECORDS[usize::try_from(statement - 5).unwrap()];
            assert!((1..=records).contains(record), "{statement} {record}");
        }
    }

    #[test]
    fn all_records_can_be_asked_for_and_no_more() {
        let all = Challenge::make(ground(), &RECORDS, 50).unwrap();
        let want: Vec<(u64, u64)> = (5..)
            .zip(RECORDS)
            .flat_map(|(statement, records)| (1..=records).map(move |record| (statement, record)))
            .collect();
        assert_eq!(all.picks(), want);
        for count in [0, 51, MAX_PICKS + 1] {
            let refused = Challenge::make(ground(), &RECORDS, count);
            assert_eq!(refused, Err(ChallengeError::Count { count, records: 50 }));
        }
        let none = Challenge::make(ground(), &[0; 5], 1);
        assert_eq!(none, Err(ChallengeError::Count { count: 1, records: 0 }));
    }

    #[test]
    fn everything_above_the_picks_decides_them() {
        let picks = |change: fn(&mut Ground), records: &[u64]| {
            let mut ground = ground();
            change(&mut ground);
            Challenge::make(ground, records, 8).unwrap().picks
        };
        let same = picks(|_| (), &RECORDS);
        assert_eq!(picks(|_| (), &RECORDS), same);
        let changes: [fn(&mut Ground); 4] = [
            |ground| ground.note = Hash::of(b"other"),
            |ground| ground.leaf = Hash::of(b"other"),
            |ground| ground.source = KeyName::parse("other").unwrap(),
            |ground| ground.last = 10,
        ];
        for change in changes {
            assert_ne!(picks(change, &RECORDS), same);
        }
        assert_ne!(picks(|_| (), &[3, 0, 41, 1, 6]), same);
    }

    #[test]
    fn draws_are_the_page_s_and_fair() {
        let seed = ground().seed(50);
        let mut literal = b"fiducial/challenge/v1\n".to_vec();
        literal.extend(Hash::of(b"note").as_bytes());
        literal.extend(b"\x00\x14line-4.example/aoi-7");
        literal.extend(5_u64.to_be_bytes());
        literal.extend(9_u64.to_be_bytes());
        literal.extend(Hash::of(b"leaf").as_bytes());
        literal.extend(50_u64.to_be_bytes());
        assert_eq!(seed, Hash::of(&literal));
        // A total just above half of all numbers leaves nearly half of the draws out.
        let total = u64::MAX / 2 + 2;
        let drawn = (0..1000).filter(|draw| ordinal(seed, *draw, total).is_some()).count();
        assert!((400..600).contains(&drawn), "{drawn}");
        // A power of two leaves none out.
        assert!((0..1000).all(|draw| ordinal(seed, draw, 1 << 40).is_some()));
        assert!((0..1000).all(|draw| ordinal(seed, draw, 1) == Some(0)));
    }

    #[test]
    fn other_spellings_are_refused_by_line() {
        let text = Challenge::make(ground(), &RECORDS, 3).unwrap().to_string();
        let picks: Vec<&str> = text.lines().skip(6).collect();
        let swapped = text.replace(&picks.join("\n"), &[picks[1], picks[0], picks[2]].join("\n"));
        let beyond = text.replace(picks[2], "pick 10 1");
        let header = text.replace(picks[0], "pick 5 0");
        let cases = vec![
            (text.replace("challenge/v1", "challenge/v2"), 1),
            (text.replace("log ", "Log "), 2),
            (text.replace("source ", "Source "), 3),
            (text.replace("range 5 9", "range 9 5"), 4),
            (text.replace("range 5 9", "range 05 9"), 4),
            (text.replace("records 50", "records 050"), 5),
            (text.replace("note ", "note: "), 6),
            (header, 7),
            (swapped, 8),
            (beyond, 9),
            (text.clone() + "pick 9 6 \n", 10),
            (text.trim_end().to_string(), 1),
            (text.clone() + "\n", 10),
            (String::new(), 1),
        ];
        for (text, line) in cases {
            let refused = Challenge::parse(text.as_bytes());
            assert_eq!(refused, Err(ChallengeError::Line { line }), "{text}");
        }
        let few = text.replace("records 50", "records 2");
        assert!(Challenge::parse(few.as_bytes()).is_err());
        let large = vec![b'p'; MAX_CHALLENGE_SIZE + 1];
        assert_eq!(Challenge::parse(&large), Err(ChallengeError::TooLarge { size: large.len() }));
    }
}
