//! Parts where they belong, before anybody has hashed them.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::path::{PartPath, Place, Role};
use super::{
    BundleError, Contents, MAX_BUNDLE_SIZE, MAX_CONSISTENCY_SIZE, MAX_PARTS, MAX_TEXT_SIZE,
    MAX_TIMESTAMP_SIZE, Part,
};
use crate::evidence::disclosure::MAX_DISCLOSURE_SIZE;
use crate::evidence::statement::{MAX_STATEMENT_SIZE, Statement};
use crate::hash::Hash;
use crate::key::KeyName;
use crate::note::MAX_NOTE_SIZE;
use crate::proof::MAX_PROOF_SIZE;

/// Parts that were given, up to the first that is wrong by itself.
pub(super) struct Arranged<'a> {
    /// By path, each with its place among those that were given.
    parts: BTreeMap<String, (usize, PartPath, Cow<'a, [u8]>)>,
    statements: BTreeMap<Place, Statement>,
    /// What is wrong, and where.
    wrong: Option<(usize, BundleError)>,
}

impl<'a> Arranged<'a> {
    /// Looks at everything of each part that needs no hash.
    pub(super) fn new(given: Vec<(PartPath, Cow<'a, [u8]>)>) -> Self {
        let mut arranged =
            Self { parts: BTreeMap::new(), statements: BTreeMap::new(), wrong: None };
        for (at, (path, bytes)) in given.into_iter().enumerate() {
            if let Err(error) = arranged.take(at, path, bytes) {
                arranged.wrong = Some((at, error));
                break;
            }
        }
        arranged
    }

    fn take(&mut self, at: usize, path: PartPath, bytes: Cow<'a, [u8]>) -> Result<(), BundleError> {
        check_size(&path, &bytes)?;
        if let PartPath::Of(place, Role::Statement) = path {
            let statement = Statement::parse(&bytes);
            let statement = statement.map_err(|error| BundleError::Statement { place, error })?;
            self.statements.insert(place, statement);
        }
        let text = path.to_string();
        if matches!(path, PartPath::Manifest | PartPath::Sums) {
            return Err(BundleError::Path { at, path: text });
        }
        match self.parts.entry(text) {
            Entry::Occupied(there) => Err(BundleError::Path { at, path: there.key().clone() }),
            Entry::Vacant(free) => {
                free.insert((at, path, bytes));
                Ok(())
            }
        }
    }

    /// The contents, given the SHA-256 of each part in the order in which they were given. What is wrong is told
    /// as if each part had been hashed before the next was looked at.
    pub(super) fn hashed(self, hashes: &[Hash]) -> Result<Contents<'a>, BundleError> {
        let other = self.other_evidence(hashes);
        match (other, self.wrong) {
            (Some((_, error)), None) => return Err(error),
            (Some((at, error)), Some((wrong, _))) if at < wrong => return Err(error),
            (_, Some((_, error))) => return Err(error),
            (None, None) => {}
        }
        // The two lists count as well.
        let count = self.parts.len() + 2;
        if count > MAX_PARTS {
            return Err(BundleError::TooManyParts { count });
        }
        let missing = || BundleError::Missing { path: "a statement".to_string() };
        let (_, first) = self.statements.first_key_value().ok_or_else(missing)?;
        let origin = first.origin().clone();
        let mut sources: Vec<KeyName> =
            self.statements.values().map(|statement| statement.source().clone()).collect();
        sources.sort();
        sources.dedup();
        let part = |(text, (at, path, bytes))| (text, Part { path, bytes, sha256: hashes[at] });
        let parts: BTreeMap<String, Part<'a>> = self.parts.into_iter().map(part).collect();
        let contents = Contents { parts, origin, sources, statements: self.statements };
        contents.check_statements()?;
        contents.check_companions()?;
        Ok(contents)
    }

    /// The first evidence that was given and does not have the SHA-256 of its path.
    fn other_evidence(&self, hashes: &[Hash]) -> Option<(usize, BundleError)> {
        let other = |(text, (at, path, _)): (&String, &(usize, PartPath, Cow<'a, [u8]>))| {
            let PartPath::Evidence(hash) = path else { return None };
            let have = hashes[*at];
            (have != *hash).then(|| {
                let error = BundleError::Evidence { path: text.clone(), have: have.to_hex() };
                (*at, error)
            })
        };
        self.parts.iter().filter_map(other).min_by_key(|(at, _)| *at)
    }
}

/// A part is no larger than its kind may be.
fn check_size(path: &PartPath, bytes: &[u8]) -> Result<(), BundleError> {
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
    Ok(())
}
