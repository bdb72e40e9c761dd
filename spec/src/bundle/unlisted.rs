//! A bundle as it was read, before its lists are compared with its parts.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::arranged::Arranged;
use super::cores::Cores;
use super::path::PartPath;
use super::zip::{self, Part};
use super::{Bundle, BundleError, Contents, MAX_BUNDLE_SIZE, lists};
use crate::hash::Hash;

/// A file with parts that are where they belong, whose lists nobody has compared yet.
///
/// The comparison takes one core, and so does little else of a judgement: who has more may look at the
/// parts meanwhile. What it finds of them counts for nothing if [`Unlisted::check_lists`] then fails.
#[derive(Clone, Debug)]
pub struct Unlisted<'a> {
    contents: Contents<'a>,
    manifest: Option<&'a [u8]>,
    sums: Option<&'a [u8]>,
}

/// What a file is of.
struct Sorted<'a> {
    arranged: Arranged<'a>,
    /// Which part of the file each of those is.
    places: Vec<usize>,
    manifest: Option<&'a [u8]>,
    sums: Option<&'a [u8]>,
}

impl<'a> Unlisted<'a> {
    /// Reads a file of at most [`MAX_BUNDLE_SIZE`] bytes. Hashes every part once, and once for its CRC-32.
    ///
    /// What is wrong is told as if all of this were done in turn.
    ///
    /// # Panics
    ///
    /// If `cores` does not give one digest for each part.
    pub fn parse(bytes: &'a [u8], cores: &impl Cores) -> Result<Self, BundleError> {
        if bytes.len() > MAX_BUNDLE_SIZE {
            let (path, size) = ("bundle".to_string(), bytes.len());
            return Err(BundleError::TooLarge { path, size, limit: MAX_BUNDLE_SIZE });
        }
        let walked = zip::walk(bytes)?;
        let parts: Vec<&[u8]> = walked.parts().map(|(_, bytes)| bytes).collect();
        // To sort them is work for one core.
        let (digests, sorted) = cores.both(|| cores.digests(&parts), || sort(walked.parts()));
        walked.check(&digests)?;
        let Sorted { arranged, places, manifest, sums } = sorted?;
        let hashes: Vec<Hash> = places.iter().map(|at| digests[*at].sha256()).collect();
        Ok(Self { contents: arranged.hashed(&hashes)?, manifest, sums })
    }

    /// The parts.
    #[must_use]
    pub const fn contents(&self) -> &Contents<'a> {
        &self.contents
    }

    /// Whether the lists are those of the parts.
    pub fn check_lists(&self) -> Result<(), BundleError> {
        self.lists().map(drop)
    }

    /// The whole bundle, if its lists are those of its parts.
    pub fn into_bundle(self) -> Result<Bundle<'a>, BundleError> {
        let (manifest, sums) = self.lists()?;
        Ok(Bundle { contents: self.contents, manifest, sums })
    }

    fn lists(&self) -> Result<(String, String), BundleError> {
        let (manifest, sums) = lists::of(&self.contents)?;
        // The sums first: the line that differs names the part that was changed.
        for (path, have, want) in
            [("SHA256SUMS", self.sums, &sums), ("bundle.json", self.manifest, &manifest)]
        {
            let have = have.ok_or_else(|| BundleError::Missing { path: path.to_string() })?;
            if have != want.as_bytes() {
                return Err(BundleError::List { path, line: lists::first_difference(have, want) });
            }
        }
        Ok((manifest, sums))
    }
}

/// Sorts the parts of a file, whose paths ascend behind the manifest.
fn sort<'a>(parts: impl Iterator<Item = Part<'a>>) -> Result<Sorted<'a>, BundleError> {
    let (mut given, mut places) = (Vec::new(), Vec::new());
    let (mut manifest, mut sums) = (None, None);
    let mut before: Option<&[u8]> = None;
    for (at, (raw, part)) in parts.enumerate() {
        let path = core::str::from_utf8(raw).ok().and_then(PartPath::parse);
        let ascends = before.is_none_or(|before| before < raw);
        match path {
            Some(PartPath::Manifest) if at == 0 => {
                manifest = Some(part);
                continue;
            }
            Some(PartPath::Sums) if at > 0 && ascends => sums = Some(part),
            Some(path) if at > 0 && ascends && path != PartPath::Manifest => {
                given.push((path, Cow::Borrowed(part)));
                places.push(at);
            }
            _ => {
                let path = String::from_utf8_lossy(raw).into_owned();
                return Err(BundleError::Path { at, path });
            }
        }
        before = Some(raw);
    }
    Ok(Sorted { arranged: Arranged::new(given), places, manifest, sums })
}
