//! Bundles: one file that settles a dispute, offline.
//!
//! Rule: `spec/text/bundle.md`. Vectors: `spec/vectors/bundle/`.
//!
//! ```text
//! parts -> Contents (paths and statements fit) -> Bundle (lists follow from them) -> zip
//! zip   -> parts -> Contents -> Unlisted -> lists written again and compared -> Bundle
//! ```
//!
//! Each part is hashed once, when it is taken in: evidence is compared with its path, and all hashes go
//! into the lists. Who has more than one core says how the work is shared among them ([`Cores`]), and may
//! look at the parts of a bundle while its lists are compared ([`Unlisted`]).
//!
//! A [`Bundle`] is only *parsed*: its parts are where they belong and its lists are those of its
//! parts. Whether statements are signed, logged and opened truly is for whoever holds a policy and
//! pins. Nothing here believes a signature.
//!
//! Invariant: `Bundle::parse(bytes)?.to_bytes() == bytes`.

mod arranged;
mod cores;
pub mod how_to;
mod lists;
mod path;
mod steps;
mod unlisted;
mod zip;

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::checkpoint::Origin;
use crate::evidence::statement::{Statement, StatementError};
use crate::hash::Hash;
use crate::key::KeyName;

use arranged::Arranged;

pub use cores::{Cores, OneCore};
pub use path::{Claim, MAX_SOURCES, NoteName, PartPath, Place, Role};
pub use unlisted::Unlisted;
pub use zip::{Digest, ZipError};

/// The most bytes a bundle may have.
pub const MAX_BUNDLE_SIZE: usize = 1024 * 1024 * 1024;

/// The most parts, `bundle.json` included: what the end record of a zip can count.
pub const MAX_PARTS: usize = 65_535;

/// The most bytes of a part that people write.
pub const MAX_TEXT_SIZE: usize = 2 * 1024 * 1024;

/// The most bytes of a consistency proof.
pub const MAX_CONSISTENCY_SIZE: usize = 64 * 1024;

/// The most bytes of a timestamp: a token with the certificates of its authority has some 6,000.
pub const MAX_TIMESTAMP_SIZE: usize = 64 * 1024;

/// Why bytes are not a bundle, or parts do not make one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// A statement of a range is missing between two others.
    #[error("{place}: the statement before it is not there; a range has all of them")]
    Gap {
        /// The statement behind the gap.
        place: Place,
    },
    /// Evidence does not have the SHA-256 of its path.
    #[error("{path}: the evidence has the SHA-256 {have}")]
    Evidence {
        /// Where it lies.
        path: String,
        /// What it has.
        have: String,
    },
    /// A list does not follow from the parts.
    #[error("{path} does not list the parts as they are: line {line}")]
    List {
        /// Which list.
        path: &'static str,
        /// The first line that is another.
        line: usize,
    },
    /// Something that is required is not there.
    #[error("{path} is not there")]
    Missing {
        /// What.
        path: String,
    },
    /// Statements of two logs.
    #[error("{place}: the statement is of another log than the first")]
    OtherLog {
        /// The statement.
        place: Place,
    },
    /// A statement is of another source or sequence than its path says.
    #[error("{place}: the statement is statement {sequence} of {source_name}")]
    OtherPlace {
        /// Where it lies.
        place: Place,
        /// The source that it names.
        source_name: KeyName,
        /// The sequence that it has.
        sequence: u64,
    },
    /// A path that no part may have, or one out of order.
    #[error("part {}: no part may be called {path:?} at this place", .at + 1)]
    Path {
        /// Which part, from 0; people count from one.
        at: usize,
        /// What it is called.
        path: String,
    },
    /// A part that is no statement lies where one is due.
    #[error("{place}: {error}")]
    Statement {
        /// Where it lies.
        place: Place,
        /// Why it is none.
        error: StatementError,
    },
    /// More bytes than are read.
    #[error("{path}: {size} bytes, where at most {limit} are read")]
    TooLarge {
        /// What: a part's path, or `bundle` for the whole.
        path: String,
        /// Its bytes.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// More parts than a bundle may have.
    #[error("{count} parts, where a bundle has at most {MAX_PARTS}")]
    TooManyParts {
        /// How many.
        count: usize,
    },
    /// A statement lies under `range/` and under `records/`.
    #[error("{place}: the statement is there twice")]
    Twice {
        /// One of both.
        place: Place,
    },
    /// Not the zip of a bundle.
    #[error(transparent)]
    Zip(#[from] ZipError),
}

/// The parts of a bundle, each where it belongs, without the lists that follow from them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents<'a> {
    /// By path; neither `bundle.json` nor `SHA256SUMS`.
    parts: BTreeMap<String, Part<'a>>,
    origin: Origin,
    /// In ascending order.
    sources: Vec<KeyName>,
    statements: BTreeMap<Place, Statement>,
}

/// What is kept of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part<'a> {
    path: PartPath,
    bytes: Cow<'a, [u8]>,
    sha256: Hash,
}

impl<'a> Contents<'a> {
    /// Takes parts in any order: paths known and bounded, statements where they belong. Hashes every
    /// part once.
    pub fn new(
        given: impl IntoIterator<Item = (PartPath, Cow<'a, [u8]>)>,
    ) -> Result<Self, BundleError> {
        let given: Vec<(PartPath, Cow<'a, [u8]>)> = given.into_iter().collect();
        let hashes: Vec<Hash> = given.iter().map(|(_, bytes)| Hash::of(bytes)).collect();
        Arranged::new(given).hashed(&hashes)
    }

    /// Which log all statements are made for.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The names of all sources in ascending order; a place's `source` counts in them.
    #[must_use]
    pub fn sources(&self) -> &[KeyName] {
        &self.sources
    }

    /// Every statement; its signature is not verified. Ranges first, in the order of sequences.
    #[must_use]
    pub const fn statements(&self) -> &BTreeMap<Place, Statement> {
        &self.statements
    }

    /// A part's bytes.
    #[must_use]
    pub fn part(&self, path: &PartPath) -> Option<&[u8]> {
        self.parts.get(&path.to_string()).map(|part| part.bytes.as_ref())
    }

    /// A part of a statement.
    #[must_use]
    pub fn of(&self, place: Place, role: Role) -> Option<&[u8]> {
        self.part(&PartPath::Of(place, role))
    }

    /// All parts in ascending order of their paths, without the two lists.
    pub fn parts(&self) -> impl Iterator<Item = (&PartPath, &[u8])> {
        self.parts.values().map(|part| (&part.path, part.bytes.as_ref()))
    }

    /// The highest statement of a range, which has the receipt that holds for all of them.
    #[must_use]
    pub fn is_end_of_range(&self, place: Place) -> bool {
        // Behind the highest sequence of all there is no next one.
        let next = place.sequence.checked_add(1).map(|sequence| Place { sequence, ..place });
        place.claim == Claim::Range && next.is_none_or(|next| !self.statements.contains_key(&next))
    }

    /// Each statement is the one that its path says, and ranges have no gap.
    fn check_statements(&self) -> Result<(), BundleError> {
        let mut before: Option<Place> = None;
        for (place, statement) in &self.statements {
            let place = *place;
            if *statement.origin() != self.origin {
                return Err(BundleError::OtherLog { place });
            }
            let fits = self.sources.get(place.source) == Some(statement.source())
                && place.sequence == statement.sequence();
            if !fits {
                let source_name = statement.source().clone();
                let sequence = statement.sequence();
                return Err(BundleError::OtherPlace { place, source_name, sequence });
            }
            let other = Place { claim: Claim::Records, ..place };
            if place.claim == Claim::Range && self.statements.contains_key(&other) {
                return Err(BundleError::Twice { place });
            }
            let same =
                |before: &Place| (before.claim, before.source) == (Claim::Range, place.source);
            let follows = |before: Place| before.sequence.checked_add(1) == Some(place.sequence);
            if place.claim == Claim::Range && before.filter(same).is_some_and(|b| !follows(b)) {
                return Err(BundleError::Gap { place });
            }
            before = Some(place);
        }
        Ok(())
    }

    /// Each statement has what it must have, and nothing is there without what it belongs to.
    fn check_companions(&self) -> Result<(), BundleError> {
        let require = |place: Place, role: Role| match self.of(place, role) {
            Some(_) => Ok(()),
            None => Err(BundleError::Missing { path: PartPath::Of(place, role).to_string() }),
        };
        for place in self.statements.keys() {
            require(*place, Role::Disclosure)?;
            if place.claim == Claim::Records || self.is_end_of_range(*place) {
                require(*place, Role::Receipt)?;
            }
        }
        for part in self.parts.values() {
            let PartPath::Of(place, role) = &part.path else { continue };
            require(*place, Role::Statement)?;
            if *role == Role::Consistency {
                require(*place, Role::After)?;
                require(*place, Role::Receipt)?;
            }
            // What it dates is the receipt's checkpoint.
            if *role == Role::Timestamp {
                require(*place, Role::Receipt)?;
            }
        }
        Ok(())
    }
}

/// A whole bundle whose lists follow from its parts. What the parts say is not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle<'a> {
    contents: Contents<'a>,
    manifest: String,
    sums: String,
}

impl<'a> Bundle<'a> {
    /// Makes the lists of these parts.
    pub fn new(contents: Contents<'a>) -> Result<Self, BundleError> {
        let (manifest, sums) = lists::of(&contents)?;
        Ok(Self { contents, manifest, sums })
    }

    /// Whether bytes mean to be a bundle: what fails to be read is then one that was altered.
    ///
    /// A bundle names its first part twice, at either end, so that no one change makes another file of it.
    #[must_use]
    pub fn is_meant_by(bytes: &[u8]) -> bool {
        let path = b"bundle.json";
        zip::begins_with(bytes, path) || zip::lists_first(bytes, path)
    }

    /// Parses a file of at most [`MAX_BUNDLE_SIZE`] bytes. Hashes every part once, and once for its
    /// CRC-32.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BundleError> {
        Unlisted::parse(bytes, &OneCore)?.into_bundle()
    }

    /// The parts alone.
    #[must_use]
    pub fn into_contents(self) -> Contents<'a> {
        self.contents
    }

    /// The parts.
    #[must_use]
    pub const fn contents(&self) -> &Contents<'a> {
        &self.contents
    }

    /// `bundle.json`.
    #[must_use]
    pub fn manifest(&self) -> &str {
        &self.manifest
    }

    /// `SHA256SUMS`.
    #[must_use]
    pub fn sums(&self) -> &str {
        &self.sums
    }

    /// The one file of these parts.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let manifest = (PartPath::Manifest.to_string(), self.manifest.as_bytes());
        let sums = PartPath::Sums.to_string();
        let mut others: Vec<zip::Part<'_>> = Vec::with_capacity(self.contents.parts.len() + 1);
        others.push((sums.as_bytes(), self.sums.as_bytes()));
        let parts = self.contents.parts.iter();
        others.extend(parts.map(|(path, part)| (path.as_bytes(), part.bytes.as_ref())));
        others.sort_unstable_by_key(|(path, _)| *path);
        others.insert(0, (manifest.0.as_bytes(), manifest.1));
        zip::write(&others)
    }
}

#[cfg(test)]
mod tests;
