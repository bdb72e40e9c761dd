//! Bundles: one file that settles a dispute, offline.
//!
//! Rule: `spec/text/bundle.md`. Vectors: `spec/vectors/bundle/`.
//!
//! ```text
//! parts -> Contents (paths and statements fit) -> Bundle (lists follow from them) -> zip
//! zip   -> parts -> Contents -> Bundle -> written again and compared
//! ```
//!
//! Each part is hashed once, when it is taken in: evidence is compared with its path, and all hashes go
//! into the lists. Who has more than one core hands in how the digests of parts are computed
//! ([`Bundle::parse_with`]).
//!
//! A [`Bundle`] is only *parsed*: its parts are where they belong and its lists are those of its
//! parts. Whether statements are signed, logged and opened truly is for whoever holds a policy and
//! pins. Nothing here believes a signature.
//!
//! Invariant: `Bundle::parse(bytes)?.to_bytes() == bytes`.

pub mod how_to;
mod lists;
mod path;
mod steps;
mod zip;

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::checkpoint::Origin;
use crate::evidence::disclosure::MAX_DISCLOSURE_SIZE;
use crate::evidence::statement::{MAX_STATEMENT_SIZE, Statement, StatementError};
use crate::hash::Hash;
use crate::key::KeyName;
use crate::note::MAX_NOTE_SIZE;
use crate::proof::MAX_PROOF_SIZE;

pub use path::{Claim, MAX_SOURCES, NoteName, PartPath, Place, Role};
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
    #[error("part {at}: no part may be called {path:?} at this place")]
    Path {
        /// Which part, from 0.
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

/// A part that was given: where it belongs, its bytes, and their SHA-256.
type Hashed<'a> = (PartPath, Cow<'a, [u8]>, Hash);

impl<'a> Contents<'a> {
    /// Takes parts in any order: paths known and bounded, statements where they belong. Hashes every
    /// part once.
    pub fn new(
        given: impl IntoIterator<Item = (PartPath, Cow<'a, [u8]>)>,
    ) -> Result<Self, BundleError> {
        Self::hashed(given.into_iter().map(|(path, bytes)| {
            let sha256 = Hash::of(&bytes);
            (path, bytes, sha256)
        }))
    }

    /// The same of parts that are hashed.
    fn hashed(given: impl IntoIterator<Item = Hashed<'a>>) -> Result<Self, BundleError> {
        let (mut parts, mut statements) = (BTreeMap::new(), BTreeMap::new());
        for (at, (path, bytes, sha256)) in given.into_iter().enumerate() {
            check_part(&path, &bytes, sha256)?;
            if let PartPath::Of(place, Role::Statement) = path {
                let statement = Statement::parse(&bytes);
                let statement =
                    statement.map_err(|error| BundleError::Statement { place, error })?;
                statements.insert(place, statement);
            }
            let text = path.to_string();
            if matches!(path, PartPath::Manifest | PartPath::Sums) {
                return Err(BundleError::Path { at, path: text });
            }
            match parts.entry(text) {
                Entry::Occupied(there) => {
                    return Err(BundleError::Path { at, path: there.key().clone() });
                }
                Entry::Vacant(free) => free.insert(Part { path, bytes, sha256 }),
            };
        }
        // The two lists count as well.
        if parts.len() + 2 > MAX_PARTS {
            return Err(BundleError::TooManyParts { count: parts.len() + 2 });
        }
        let missing = || BundleError::Missing { path: "a statement".to_string() };
        let (_, first) = statements.first_key_value().ok_or_else(missing)?;
        let origin = first.origin().clone();
        let mut sources: Vec<KeyName> =
            statements.values().map(|statement| statement.source().clone()).collect();
        sources.sort();
        sources.dedup();
        let contents = Self { parts, origin, sources, statements };
        contents.check_statements()?;
        contents.check_companions()?;
        Ok(contents)
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

/// A part is no larger than its kind may be, and evidence is what its path says.
fn check_part(path: &PartPath, bytes: &[u8], sha256: Hash) -> Result<(), BundleError> {
    let limit = match path {
        PartPath::Evidence(_) | PartPath::Manifest | PartPath::Sums => MAX_BUNDLE_SIZE,
        PartPath::HowTo
        | PartPath::Note(_)
        | PartPath::Pins
        | PartPath::Policy
        | PartPath::SourceKeys => MAX_TEXT_SIZE,
        PartPath::Of(_, role) => match role {
            Role::After => MAX_NOTE_SIZE,
            Role::Consistency => MAX_CONSISTENCY_SIZE,
            Role::Disclosure => MAX_DISCLOSURE_SIZE,
            Role::Receipt => MAX_PROOF_SIZE,
            Role::Statement => MAX_STATEMENT_SIZE,
            Role::Timestamp => MAX_TIMESTAMP_SIZE,
        },
    };
    if bytes.len() > limit {
        return Err(BundleError::TooLarge { path: path.to_string(), size: bytes.len(), limit });
    }
    match path {
        PartPath::Evidence(hash) if sha256 != *hash => {
            Err(BundleError::Evidence { path: path.to_string(), have: sha256.to_hex() })
        }
        _ => Ok(()),
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
        if contents.part(&PartPath::HowTo).is_none() {
            return Err(BundleError::Missing { path: PartPath::HowTo.to_string() });
        }
        let hashed = lists::listed(&contents);
        let sums = lists::sums(&hashed);
        let manifest = lists::manifest(&contents, hashed, &sums);
        let bundle = Self { contents, manifest, sums };
        let size = bundle.size();
        if size > MAX_BUNDLE_SIZE {
            let path = "bundle".to_string();
            return Err(BundleError::TooLarge { path, size, limit: MAX_BUNDLE_SIZE });
        }
        Ok(bundle)
    }

    /// Whether bytes mean to be a bundle: what fails to be read is then one that was altered.
    #[must_use]
    pub fn is_meant_by(bytes: &[u8]) -> bool {
        let path = b"bundle.json";
        bytes.starts_with(&zip::LOCAL_SIGNATURE)
            && bytes.get(30..30 + path.len()) == Some(path.as_slice())
    }

    /// Parses a file of at most [`MAX_BUNDLE_SIZE`] bytes. Hashes every part once, and once for its
    /// CRC-32.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BundleError> {
        Self::parse_with(bytes, Digest::in_turn)
    }

    /// The same on all cores of whoever calls: `digest` gives the [`Digest`] of each part, in their order.
    /// They are believed.
    ///
    /// # Panics
    ///
    /// If it does not give one hash for each.
    pub fn parse_with(
        bytes: &'a [u8],
        digest: impl FnOnce(&[&[u8]]) -> Vec<Digest>,
    ) -> Result<Self, BundleError> {
        if bytes.len() > MAX_BUNDLE_SIZE {
            let (path, size) = ("bundle".to_string(), bytes.len());
            return Err(BundleError::TooLarge { path, size, limit: MAX_BUNDLE_SIZE });
        }
        let (mut given, mut manifest, mut sums): (Vec<Hashed<'a>>, _, _) = (Vec::new(), None, None);
        let mut before: Option<&[u8]> = None;
        for (at, ((raw, part), sha256)) in zip::read(bytes, digest)?.into_iter().enumerate() {
            let path = core::str::from_utf8(raw).ok().and_then(PartPath::parse);
            let ascends = before.is_none_or(|before| before < raw);
            match path {
                Some(PartPath::Manifest) if at == 0 => {
                    manifest = Some(part);
                    continue;
                }
                Some(PartPath::Sums) if at > 0 && ascends => sums = Some(part),
                Some(path) if at > 0 && ascends && path != PartPath::Manifest => {
                    given.push((path, Cow::Borrowed(part), sha256));
                }
                _ => {
                    let path = String::from_utf8_lossy(raw).into_owned();
                    return Err(BundleError::Path { at, path });
                }
            }
            before = Some(raw);
        }
        let bundle = Self::new(Contents::hashed(given)?)?;
        // The sums first: the line that differs names the part that was changed.
        for (path, have, want) in
            [("SHA256SUMS", sums, &bundle.sums), ("bundle.json", manifest, &bundle.manifest)]
        {
            let have = have.ok_or_else(|| BundleError::Missing { path: path.to_string() })?;
            if have != want.as_bytes() {
                return Err(BundleError::List { path, line: lists::first_difference(have, want) });
            }
        }
        Ok(bundle)
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

    /// How long the file is, before it is written.
    fn size(&self) -> usize {
        let lists = [("bundle.json", &self.manifest), ("SHA256SUMS", &self.sums)];
        let lists = lists.map(|(path, text)| zip::size_of(path.len(), text.len()));
        let parts = self.contents.parts.iter();
        let parts = parts.map(|(path, part)| zip::size_of(path.len(), part.bytes.len()));
        parts.chain(lists).sum::<usize>() + zip::END_SIZE
    }
}

#[cfg(test)]
mod tests;
