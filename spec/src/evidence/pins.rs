//! Pins: what a buyer has learnt of a maker's sources beforehand, in a file of the buyer's own.
//!
//! Rule: `spec/text/pins.md`. Vectors: `spec/vectors/pins/`.
//!
//! ```text
//! fiducial/pins/v1
//! log log.example/demo
//!
//! source line-4.example/aoi-7
//! key line-4.example/aoi-7+1f2e3d4c+AZ...
//! machine AOI 7 in line 4, serial 20391
//! first 0 <base64 leaf hash>
//! cadence 60
//! ```
//!
//! A range is judged against these and never against what comes with the evidence.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::checkpoint::Origin;
use crate::encoding::{decode_hash, parse_decimal};
use crate::hash::Hash;
use crate::key::{Algorithm, KeyName, VerifierKey};

/// The most bytes of a file of pins.
pub const MAX_PINS_SIZE: usize = 1024 * 1024;

/// The most sources that one file pins.
pub const MAX_PINNED: usize = 4096;

/// The most keys of one source.
pub const MAX_PINNED_KEYS: usize = 16;

/// The longest description of a machine.
pub const MAX_MACHINE_SIZE: usize = 255;

/// The longest cadence in seconds: a week.
pub const MAX_CADENCE: u64 = 604_800;

/// The first line.
const HEADER: &str = "fiducial/pins/v1";

/// Why text is no file of pins. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PinsError {
    /// The first line names no pins of this version.
    #[error("the first line is not `{HEADER}`")]
    Header,
    /// A key of another name or type, one with a known ID, or too many.
    #[error(
        "line {line}: a source has 1 to {MAX_PINNED_KEYS} Ed25519 keys of its own name, no two \
         with the same key ID"
    )]
    Key {
        /// The line.
        line: usize,
    },
    /// A line is missing, repeated, out of order, or its value is malformed.
    #[error("line {line}: `{due}` is due here and well formed")]
    Line {
        /// The line; one behind the last at the end of the file.
        line: usize,
        /// What the line must begin with.
        due: &'static str,
    },
    /// Names do not ascend.
    #[error("line {line}: sources come in ascending order, none twice")]
    Order {
        /// The line.
        line: usize,
    },
    /// More bytes than are read.
    #[error("the pins have {size} bytes; at most {MAX_PINS_SIZE} are read")]
    TooLarge {
        /// Their bytes.
        size: usize,
    },
    /// More sources than one file may pin.
    #[error("more than {MAX_PINNED} sources")]
    TooMany,
    /// Not UTF-8, or the last line has no line break.
    #[error("the pins are text in UTF-8 whose last line ends too")]
    Utf8,
}

/// What is known of one source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    keys: Vec<VerifierKey>,
    machine: String,
    first: (u64, Hash),
    cadence: Option<u64>,
}

/// The pins of the sources of one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pins {
    origin: Origin,
    /// In ascending order of the names, at least one.
    pins: Vec<(KeyName, Pin)>,
}

impl Pin {
    /// Puts a pin together; `None` if a part of it is no part of a pin. Keys may come in any order;
    /// `cadence` is in seconds.
    #[must_use]
    pub fn new(
        keys: Vec<VerifierKey>,
        machine: String,
        first: (u64, Hash),
        cadence: Option<u64>,
    ) -> Option<Self> {
        let own = keys.first()?.name();
        let keys_fit = keys.len() <= MAX_PINNED_KEYS
            && keys
                .iter()
                .all(|key| key.name() == own && key.algorithm() == Algorithm::NoteEd25519)
            && keys
                .iter()
                .enumerate()
                .all(|(at, key)| keys[..at].iter().all(|before| before.id() != key.id()));
        let cadence_fits = cadence.is_none_or(|cadence| (1..=MAX_CADENCE).contains(&cadence));
        let fits = keys_fit && cadence_fits && is_machine(&machine);
        fits.then_some(Self { keys, machine, first, cadence })
    }

    /// The source's name.
    #[must_use]
    pub fn source(&self) -> &KeyName {
        self.keys[0].name()
    }

    /// Every key that has signed, at least one.
    #[must_use]
    pub fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }

    /// What the source stands at, in the buyer's words.
    #[must_use]
    pub fn machine(&self) -> &str {
        &self.machine
    }

    /// The sequence and leaf hash of the statement from which on nothing may be missing.
    #[must_use]
    pub const fn first(&self) -> (u64, Hash) {
        self.first
    }

    /// The seconds between two statements; `None` for a source that speaks when it is told to.
    #[must_use]
    pub const fn cadence(&self) -> Option<u64> {
        self.cadence
    }
}

impl Pins {
    /// Puts pins together, in any order; `None` without any, with two of one name, or with too many.
    #[must_use]
    pub fn new(origin: Origin, pins: Vec<Pin>) -> Option<Self> {
        let mut pins: Vec<(KeyName, Pin)> =
            pins.into_iter().map(|pin| (pin.source().clone(), pin)).collect();
        pins.sort_by(|(one, _), (other, _)| one.cmp(other));
        let distinct = pins.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let fits = distinct && (1..=MAX_PINNED).contains(&pins.len());
        fits.then_some(Self { origin, pins })
    }

    /// Parses a file of at most [`MAX_PINS_SIZE`] bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, PinsError> {
        if bytes.len() > MAX_PINS_SIZE {
            return Err(PinsError::TooLarge { size: bytes.len() });
        }
        let text = core::str::from_utf8(bytes).map_err(|_| PinsError::Utf8)?;
        let text = text.strip_suffix('\n').ok_or(PinsError::Utf8)?;
        let mut lines = Lines { rest: text.split('\n'), number: 0, ahead: None };
        if lines.rest.next() != Some(HEADER) {
            return Err(PinsError::Header);
        }
        lines.number = 1;
        let origin = lines.value("log", |value| Origin::parse(value).ok())?;
        let mut pins: Vec<(KeyName, Pin)> = Vec::new();
        while pins.is_empty() || lines.peek().is_some() {
            if pins.len() == MAX_PINNED {
                return Err(PinsError::TooMany);
            }
            let name = lines.value("source", |value| KeyName::parse(value).ok())?;
            if pins.last().is_some_and(|(before, _)| *before >= name) {
                return Err(PinsError::Order { line: lines.number });
            }
            let pin = lines.pin(&name)?;
            pins.push((name, pin));
        }
        Ok(Self { origin, pins })
    }

    /// Which log the sources write to.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// What is known of a source; `None` of one that is not pinned.
    #[must_use]
    pub fn of(&self, source: &KeyName) -> Option<&Pin> {
        let at = self.pins.binary_search_by(|(name, _)| name.cmp(source)).ok()?;
        Some(&self.pins[at].1)
    }

    /// All pins in ascending order of the names.
    pub fn iter(&self) -> impl Iterator<Item = &Pin> {
        self.pins.iter().map(|(_, pin)| pin)
    }
}

/// Writes the file without comments.
impl fmt::Display for Pins {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEADER}\nlog {}", self.origin)?;
        for (name, pin) in &self.pins {
            writeln!(formatter, "\nsource {name}")?;
            for key in &pin.keys {
                writeln!(formatter, "key {key}")?;
            }
            writeln!(formatter, "machine {}", pin.machine)?;
            writeln!(formatter, "first {} {}", pin.first.0, pin.first.1)?;
            match pin.cadence {
                Some(seconds) => writeln!(formatter, "cadence {seconds}")?,
                None => writeln!(formatter, "cadence none")?,
            }
        }
        Ok(())
    }
}

fn is_machine(text: &str) -> bool {
    let sound = (1..=MAX_MACHINE_SIZE).contains(&text.len()) && !text.chars().any(char::is_control);
    sound && !text.starts_with(' ') && !text.ends_with(' ')
}

/// The lines that count, with their numbers.
struct Lines<'a> {
    rest: core::str::Split<'a, char>,
    /// The number of the line that was handed out last.
    number: usize,
    ahead: Option<(usize, &'a str)>,
}

impl<'a> Lines<'a> {
    fn peek(&mut self) -> Option<&'a str> {
        if self.ahead.is_none() {
            let mut number = self.number;
            self.ahead = self.rest.by_ref().find_map(|line| {
                number += 1;
                let counts = !line.is_empty() && !line.starts_with('#');
                counts.then_some((number, line))
            });
            if self.ahead.is_none() {
                self.number = number;
            }
        }
        self.ahead.map(|(_, line)| line)
    }

    /// The value of the next line, which must begin with `due`.
    fn value<T>(
        &mut self,
        due: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, PinsError> {
        let line = self.peek();
        self.number = self.ahead.take().map_or(self.number + 1, |(number, _)| number);
        let value = line.and_then(|line| line.strip_prefix(due)?.strip_prefix(' '));
        value.and_then(parse).ok_or(PinsError::Line { line: self.number, due })
    }

    /// The lines behind `source`.
    fn pin(&mut self, name: &KeyName) -> Result<Pin, PinsError> {
        let mut keys: Vec<VerifierKey> = Vec::new();
        while keys.is_empty() || self.peek().is_some_and(|line| line.starts_with("key ")) {
            let key = self.value("key", |value| VerifierKey::parse(value).ok())?;
            let fits = keys.len() < MAX_PINNED_KEYS
                && key.name() == name
                && key.algorithm() == Algorithm::NoteEd25519
                && keys.iter().all(|before| before.id() != key.id());
            if !fits {
                return Err(PinsError::Key { line: self.number });
            }
            keys.push(key);
        }
        let machine = |value: &str| is_machine(value).then(|| value.to_string());
        let machine = self.value("machine", machine)?;
        let first = self.value("first", |value| {
            let (sequence, leaf) = value.split_once(' ')?;
            Some((parse_decimal(sequence).ok()?, decode_hash(leaf).ok()?))
        })?;
        let cadence = self.value("cadence", |value| match value {
            "none" => Some(None),
            seconds => {
                let seconds = parse_decimal(seconds).ok()?;
                (1..=MAX_CADENCE).contains(&seconds).then_some(Some(seconds))
            }
        })?;
        Ok(Pin { keys, machine, first, cadence })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;
    use alloc::format;
    use alloc::vec;

    fn key(name: &str, seed: u8) -> VerifierKey {
        let name = KeyName::parse(name).unwrap();
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[seed; 32]).unwrap();
        key.verifier().clone()
    }

    fn pin(name: &str, cadence: Option<u64>) -> Pin {
        let keys = vec![key(name, 1), key(name, 2)];
        Pin::new(keys, "AOI 7, 4 号线".to_string(), (12, Hash::of(b"leaf")), cadence).unwrap()
    }

    fn pins() -> Pins {
        let origin = Origin::parse("log.example/demo").unwrap();
        Pins::new(origin, vec![pin("b", None), pin("a", Some(60))]).unwrap()
    }

    #[test]
    fn pins_survive_their_text_with_and_without_comments() {
        let text = pins().to_string();
        assert_eq!(Pins::parse(text.as_bytes()), Ok(pins()));
        let told = text.replace("\nmachine", "\n# what we saw on the visit\n\nmachine");
        assert_eq!(Pins::parse(told.as_bytes()), Ok(pins()));
        let a = KeyName::parse("a").unwrap();
        assert_eq!(pins().of(&a).map(|pin| pin.cadence()), Some(Some(60)));
        assert_eq!(pins().of(&KeyName::parse("c").unwrap()), None);
        assert_eq!(pins().iter().count(), 2);
    }

    #[test]
    fn malformed_pins_are_refused_by_line() {
        let text = pins().to_string();
        let keys: Vec<&str> = text.lines().filter(|line| line.starts_with("key a")).collect();
        let line = |line, due| PinsError::Line { line, due };
        let cases = [
            (text.replace("pins/v1", "pins/v2"), PinsError::Header),
            (format!("\n{text}"), PinsError::Header),
            (text.trim_end().to_string(), PinsError::Utf8),
            (text.replace("log ", "Log "), line(2, "log")),
            (text.replacen("source a\n", "", 1), line(4, "source")),
            (text.replacen("source a\n", "source c\n", 1), PinsError::Key { line: 5 }),
            (text.replacen("\nsource b\n", "\nsource a\n", 1), PinsError::Order { line: 11 }),
            (text.replacen(keys[1], keys[0], 1), PinsError::Key { line: 6 }),
            (text.replacen("machine AOI", "machine  AOI", 1), line(7, "machine")),
            (text.replacen("machine AOI 7, 4 号线\n", "", 1), line(7, "machine")),
            (text.replacen("first 12 ", "first 012 ", 1), line(8, "first")),
            (text.replacen("cadence 60", "cadence 0", 1), line(9, "cadence")),
            (text.replacen("cadence 60", "cadence 604801", 1), line(9, "cadence")),
            (text.replacen("cadence 60", "cadence 60 ", 1), line(9, "cadence")),
            (text.replacen("cadence 60\n", "cadence 60\ncadence 60\n", 1), line(10, "source")),
            (text.replacen("\ncadence none\n", "\n", 1), line(16, "cadence")),
            ("fiducial/pins/v1\nlog log.example/demo\n".to_string(), line(3, "source")),
        ];
        for (text, want) in cases {
            assert_eq!(Pins::parse(text.as_bytes()), Err(want), "{text}");
        }
        let large = vec![b'#'; MAX_PINS_SIZE + 1];
        assert_eq!(Pins::parse(&large), Err(PinsError::TooLarge { size: large.len() }));
    }

    #[test]
    fn what_is_no_pin_cannot_be_made() {
        let first = (0, Hash::ZERO);
        let of = |keys, machine: &str, cadence| Pin::new(keys, machine.to_string(), first, cadence);
        assert!(of(vec![key("a", 1)], "m", None).is_some());
        assert_eq!(of(vec![], "m", None), None);
        assert_eq!(of(vec![key("a", 1), key("b", 1)], "m", None), None);
        assert_eq!(of(vec![key("a", 1), key("a", 1)], "m", None), None);
        assert_eq!(of(vec![key("a", 1)], "", None), None);
        assert_eq!(of(vec![key("a", 1)], "a\nsource b", None), None);
        assert_eq!(of(vec![key("a", 1)], "m", Some(0)), None);
        let origin = Origin::parse("log").unwrap();
        assert_eq!(Pins::new(origin.clone(), vec![]), None);
        assert_eq!(Pins::new(origin, vec![pin("a", None), pin("a", None)]), None);
    }
}
