//! Opening what was handed over: a folder with the paths of a bundle, or a bundle itself.

use std::borrow::Cow;
use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use spec::bundle::{
    Bundle, BundleError, Contents, Cores, Digest, MAX_BUNDLE_SIZE, MAX_PARTS, PartPath, Unlisted,
    ZipError,
};
use spec::evidence::pins::{MAX_PINS_SIZE, Pins};

use crate::args::Dossier;
use crate::command::{Judge, Stop};
use crate::failure::Failure;
use crate::input;
use crate::large::Large;
use crate::messages::{Message, Said};
use crate::mistaken::{self, Kind};
use crate::run_log;

/// How deep a part lies: `records/0/12.statement`.
const MAX_DEPTH: usize = 3;

/// The size of a zip's end record without a comment, and what it begins with.
const END_SIZE: usize = 22;
const END_SIGNATURE: [u8; 4] = *b"PK\x05\x06";

/// What any zip begins with that holds something.
const ZIP_SIGNATURE: [u8; 4] = *b"PK\x03\x04";

/// The bytes of a bundle, or the parts of a folder. What is parsed of them borrows from it.
pub(super) enum Opened {
    Bundle(Large),
    Folder {
        parts: Vec<(PartPath, Vec<u8>)>,
        /// What else lies there, and was left alone.
        ignored: Vec<String>,
    },
}

impl Opened {
    /// Reads a folder or a file.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        Self::read_with(path, Self::read_ahead(path))
    }

    /// Reads a bundle of many megabytes, and nothing else, for [`Self::read_with`]: on any thread, since that one notes it.
    pub(super) fn read_ahead(path: &Path) -> io::Result<Option<Large>> {
        Large::read(path, MAX_BUNDLE_SIZE)
    }

    /// Reads a folder or a file, unless it was read ahead.
    pub(super) fn read_with(
        path: &Path,
        ahead: io::Result<Option<Large>>,
    ) -> Result<Self, Failure> {
        if let Some(bytes) = ahead.map_err(|error| input::unreadable(path, &error))? {
            run_log::note(path, &bytes);
            return Ok(Self::Bundle(bytes));
        }
        if !path.is_dir() {
            return input::read(path, MAX_BUNDLE_SIZE).map(Large::Small).map(Self::Bundle);
        }
        let mut found = Found::default();
        collect(path, "", MAX_DEPTH, &mut found)?;
        let Found { names, ignored } = found;
        let (mut parts, mut left) = (Vec::new(), MAX_BUNDLE_SIZE);
        for name in names {
            let file = path.join(&name);
            let known = PartPath::parse(&name).ok_or_else(|| not_a_part(&file))?;
            let bytes = input::read(&file, left)?;
            left -= bytes.len();
            // The lists of an unpacked bundle follow from what lies beside them.
            if !matches!(known, PartPath::Manifest | PartPath::Sums) {
                parts.push((known, bytes));
            }
        }
        Ok(Self::Folder { parts, ignored })
    }

    /// What lies in a folder and is no part of it: it decides nothing, and that it is there is told.
    pub(super) fn ignored(&self) -> &[String] {
        match self {
            Self::Bundle(_) => &[],
            Self::Folder { ignored, .. } => ignored,
        }
    }

    /// The parts, each where it belongs. Of a bundle the lists are compared as well.
    pub(super) fn contents(&self, shown: &str) -> Result<Contents<'_>, Stop> {
        match self.parted(shown)? {
            Parted::Bundle { unlisted, is_meant } => match unlisted.into_bundle() {
                Ok(bundle) => Ok(bundle.into_contents()),
                Err(error) => Err(refused(shown, &error, is_meant)),
            },
            Parted::Folder(contents) => Ok(contents),
        }
    }

    /// The same before the lists of a bundle are compared.
    pub(super) fn parted(&self, shown: &str) -> Result<Parted<'_>, Stop> {
        match self {
            Self::Bundle(bytes) => match Unlisted::parse(bytes, &AllCores) {
                Ok(unlisted) => {
                    let is_meant = Bundle::is_meant_by(bytes);
                    Ok(Parted::Bundle { unlisted, is_meant })
                }
                Err(error) if is_cut(bytes, &error) => {
                    Err(Stop::rejected(Said::new(Message::BundleCut, &[shown])))
                }
                Err(_) if !Bundle::is_meant_by(bytes) => Err(not_a_bundle(shown, bytes).into()),
                Err(error) => Err(refused(shown, &error, true)),
            },
            Self::Folder { parts, .. } => {
                let parts = parts.iter();
                let parts = parts.map(|(path, bytes)| (path.clone(), Cow::from(bytes.as_slice())));
                let contents = Contents::new(parts).map_err(|error| {
                    // What was left out or exchanged is wrong; what is not finished proves nothing.
                    let is_wrong = matches!(
                        error,
                        BundleError::Evidence { .. }
                            | BundleError::Gap { .. }
                            | BundleError::OtherLog { .. }
                            | BundleError::OtherPlace { .. }
                            | BundleError::Twice { .. }
                    );
                    refused(shown, &error, is_wrong)
                })?;
                Ok(Parted::Folder(contents))
            }
        }
    }
}

/// What was opened, each part where it belongs.
pub(super) enum Parted<'a> {
    /// A bundle whose lists nobody has compared, and whether it means to be one.
    Bundle { unlisted: Unlisted<'a>, is_meant: bool },
    /// A folder, whose lists follow from what lies there.
    Folder(Contents<'a>),
}

impl<'a> Parted<'a> {
    /// The parts.
    pub(super) const fn contents(&self) -> &Contents<'a> {
        match self {
            Self::Bundle { unlisted, .. } => unlisted.contents(),
            Self::Folder(contents) => contents,
        }
    }

    /// Compares the lists of a bundle. Until then what is found of its parts counts for nothing.
    pub(super) fn check_lists(&self, shown: &str) -> Result<(), Stop> {
        match self {
            Self::Bundle { unlisted, is_meant } => {
                unlisted.check_lists().map_err(|error| refused(shown, &error, *is_meant))
            }
            Self::Folder(_) => Ok(()),
        }
    }
}

/// All cores of this machine.
struct AllCores;

impl Cores for AllCores {
    fn digests(&self, parts: &[&[u8]]) -> Vec<Digest> {
        parts.par_iter().map(|part| Digest::of(part)).collect()
    }

    fn both<A: Send, B: Send>(
        &self,
        one: impl FnOnce() -> A + Send,
        other: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        rayon::join(one, other)
    }
}

/// A bundle that was altered or damaged is wrong; what never was one proves nothing.
fn refused(shown: &str, error: &BundleError, is_bundle: bool) -> Stop {
    if is_bundle {
        // What only the zip says of itself, its checksums and lengths, a bad copy breaks as well: that accuses nobody.
        let is_zip = matches!(error, BundleError::Zip(_));
        let message = if is_zip { Message::BundleDamaged } else { Message::BundleAltered };
        let why = Said::of_error(message, &[shown], error);
        // Bytes that differ are not what packing again does.
        let is_form = !matches!(error, BundleError::Zip(ZipError::Checksum { .. }));
        let what = if is_form { Message::BundleRepacked } else { Message::BundleCopyAgain };
        let what = is_zip.then(|| Said::new(what, &[]));
        return Stop::rejected(why.with(what.into_iter().collect()));
    }
    let failure = Failure::new(Said::of_error(Message::Malformed, &[shown], error));
    failure.with_hint(Said::new(Message::HintDossier, &[])).into()
}

/// Whether a bundle was cut, as a download is that broke off: where its end should be, another thing
/// stands. That accuses nobody, and is no better than any other bundle that is not whole.
fn is_cut(bytes: &[u8], error: &BundleError) -> bool {
    let end = bytes.last_chunk::<END_SIZE>();
    matches!(error, BundleError::Zip(ZipError::End))
        && Bundle::is_meant_by(bytes)
        && end.is_none_or(|end| !end.starts_with(&END_SIGNATURE))
}

/// A file that was taken for a bundle, and is none: it is empty, lies in an unpacked one, belongs elsewhere, was packed
/// again, or is something else.
fn not_a_bundle(shown: &str, bytes: &[u8]) -> Failure {
    if bytes.is_empty() {
        return Said::new(Message::FileEmpty, &[shown]).into();
    }
    let why = Failure::new(Said::new(Message::NotABundle, &[shown]));
    if let Some(hint) = of_unpacked(shown) {
        return why.with_hint(hint);
    }
    if let Some(mistaken) = mistaken::told(shown, bytes, Kind::Bundle) {
        return mistaken;
    }
    let is_zip = bytes.starts_with(&ZIP_SIGNATURE);
    let hint = if is_zip { Message::HintRepacked } else { Message::HintDossier };
    why.with_hint(Said::new(hint, &[]))
}

/// What to do about a file that is called as those are that only a bundle has: somebody has unpacked one.
fn of_unpacked(shown: &str) -> Option<Said> {
    let path = Path::new(shown);
    let part = PartPath::parse(path.file_name()?.to_str()?)?;
    if !matches!(part, PartPath::HowTo | PartPath::Manifest | PartPath::Sums) {
        return None;
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new(".")).display().to_string();
    Some(Said::new(Message::HintPartOfBundle, &[shown, &folder]))
}

fn not_a_part(file: &Path) -> Failure {
    let shown = file.display().to_string();
    let failure = Failure::new(Said::new(Message::NotAPart, &[&shown]));
    failure.with_hint(Said::new(Message::HintDossier, &[]))
}

/// Names in a folder, joined by slashes.
#[derive(Default)]
struct Found {
    names: Vec<String>,
    ignored: Vec<String>,
}

/// What systems leave in folders that somebody looks into.
const LEFT_BY_SYSTEMS: [&str; 4] = [".DS_Store", "Thumbs.db", "__MACOSX", "desktop.ini"];

/// Where `HOW-TO-VERIFY.txt` has whoever follows it by hand put what he computes.
const BY_HAND: &str = "hand";

/// Whether something is left alone, where it lies.
fn is_ignored(prefix: &str, name: &str, is_folder: bool) -> bool {
    let is_by_hand = prefix.is_empty() && is_folder && name == BY_HAND;
    is_by_hand || LEFT_BY_SYSTEMS.iter().any(|left| left.eq_ignore_ascii_case(name))
}

/// Collects the names of all files below `folder`.
fn collect(folder: &Path, prefix: &str, depth: usize, found: &mut Found) -> Result<(), Failure> {
    let unreadable = |error: io::Error| input::unreadable(folder, &error);
    let entries: Result<Vec<DirEntry>, _> = fs::read_dir(folder).map_err(unreadable)?.collect();
    let mut entries = entries.map_err(unreadable)?;
    entries.sort_by_key(DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = entry.file_name().into_string().map_err(|_| not_a_part(&path))?;
        let kind = entry.file_type().map_err(unreadable)?;
        if is_ignored(prefix, &name, kind.is_dir()) {
            found.ignored.push(format!("{prefix}{name}"));
        } else if kind.is_dir() && depth > 1 {
            collect(&path, &format!("{prefix}{name}/"), depth - 1, found)?;
        } else if kind.is_file() && found.names.len() < MAX_PARTS {
            found.names.push(format!("{prefix}{name}"));
        } else {
            // Links and the like are followed nowhere.
            return Err(not_a_part(&path));
        }
    }
    Ok(())
}

/// The caller's policy and demands. Fails with all of his own files that cannot be read, where they are several.
pub(super) fn judge(wanted: &Dossier) -> Result<Judge, Failure> {
    let Dossier { policy, pins, source_keys, lot_keys, units, log: _, tsa_ca } = wanted;
    let others = lot_keys.iter().chain(units).chain(tsa_ca).map(PathBuf::as_path);
    input::own_files(policy, pins.as_deref(), source_keys, others)?;
    Judge::open(policy)
}

/// The caller's own pins.
pub(crate) fn pins(path: &Path) -> Result<Pins, Failure> {
    pins_as_parsed(path).map(|(pins, _)| pins)
}

/// The same, with their text as it was parsed.
pub(super) fn pins_as_parsed(path: &Path) -> Result<(Pins, Vec<u8>), Failure> {
    let bytes = input::own_text(path, MAX_PINS_SIZE, "--pins")?;
    input::own_form(&bytes, Pins::parse).map_err(|error| {
        let shown = path.display().to_string();
        let why = input::why_refused(&bytes, &error);
        mistaken::told(&shown, &bytes, Kind::Pins).unwrap_or_else(|| {
            let failure = Failure::new(Said::of_error(Message::Malformed, &[&shown], &why));
            failure.with_hint(Said::new(Message::HintPins, &[]))
        })
    })
}

#[cfg(test)]
mod tests {
    use spec::Hash;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_opened_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        // More than a pipe holds: whoever writes it waits for whoever reads it.
        let bytes: Vec<u8> = (0..300_000_u32).map(|at| (at % 251) as u8).collect();
        let opened = std::thread::scope(|scope| {
            let writer = scope.spawn(|| fs::write(&path, &bytes));
            let opened = Opened::read(&path).unwrap();
            writer.join().unwrap().unwrap();
            opened
        });
        assert!(matches!(opened, Opened::Bundle(read) if *read == bytes[..]));
    }

    #[test]
    fn what_was_read_ahead_is_what_is_judged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle");
        let [before, after] = [b'a', b'b'].map(|byte| vec![byte; 3 * 1024 * 1024]);
        fs::write(&path, &before).unwrap();
        let ahead = std::thread::scope(|scope| scope.spawn(|| Opened::read_ahead(&path)).join());
        fs::write(&path, &after).unwrap();
        run_log::start();
        let opened = Opened::read_with(&path, ahead.unwrap()).unwrap();
        assert!(matches!(opened, Opened::Bundle(read) if *read == before[..]));
        assert_eq!(run_log::finish().listed[0].sha256, Hash::of(&before).to_hex());
        // Nothing of a small file or of a folder; what is in the way is told and not met again.
        fs::write(&path, b"small").unwrap();
        let read = |path: &Path| Opened::read_ahead(path);
        assert!(read(&path).unwrap().is_none() && read(folder.path()).unwrap().is_none());
        assert!(read(&folder.path().join("missing")).is_err());
        let gone = Err(io::Error::from(io::ErrorKind::OutOfMemory));
        let told = Opened::read_with(&path, gone).err().unwrap();
        assert_eq!(told.said().0.message(), Message::FileUnreadable);
    }
}
