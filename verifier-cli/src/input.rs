//! Files named on the command line: each read within its limit, and parsed once.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use spec::Hash;
use spec::bundle::{Bundle, MAX_PARTS};
use spec::encoding::{decode_hash, decode_hex};
use spec::key::{VerifierKey, parse_key_lines, shown_part};
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::policy::{MAX_POLICY_SIZE, Policy};
use spec::tree::{ConsistencyError, MAX_CONSISTENCY_PROOF, Tree, verify_consistency};

use crate::args::PolicyArgs;
use crate::failure::Failure;
use crate::masked;
use crate::messages::{Message, Said};
use crate::mistaken::{self, Kind};
use crate::run_log;

/// The most bytes of a file of verifier keys: 4,096 of the longest Ed25519 ones.
const MAX_KEYS_SIZE: usize = 4096 * 360;

/// The most bytes of a file of hashes, one a line.
const MAX_HASHES_SIZE: usize = MAX_CONSISTENCY_PROOF * 45;

/// As many bytes from the beginning of a file as show whether it is meant as a bundle.
const BUNDLE_HEAD: usize = 64;

/// As many from its end: a directory has 46 bytes and a path of at most 128 for each part, and then the end record.
const BUNDLE_TAIL: usize = MAX_PARTS * (46 + 128) + 22;

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What to do about several of the reader's own files, what matters most first: a key of a lot that was typed in the
/// place of a file, then a policy that was not given.
const HINTS: [Message; 3] = [Message::HintLotKey, Message::HintNoPolicy, Message::HintFileMissing];

/// What is said of a file that should hold text.
pub(crate) const NOT_UTF_8: &str = "the file is not valid UTF-8";

/// The letters that an editor has chosen, where that is why a text is refused: what it says is then not the fault.
const WIDE: &str = "it is text in UTF-16; save it as UTF-8";

/// Reads a whole file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let bytes = read_beginning(path, limit)?;
    within(path, bytes, limit)
}

/// Reads a whole file of at most `limit` bytes that should be of this kind: a larger one may be another file.
pub(crate) fn read_meant(path: &Path, limit: usize, meant: Kind) -> Result<Vec<u8>, Failure> {
    let bytes = read_beginning(path, limit.max(mistaken::HEAD))?;
    if bytes.len() > limit
        && let Some(mistaken) = mistaken::told(&path.display().to_string(), &bytes, meant)
    {
        return Err(mistaken);
    }
    within(path, bytes, limit)
}

/// Reads at most one byte more than `limit`.
fn read_beginning(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    read_up_to(path, limit).map_err(|error| unreadable(path, &error))
}

fn read_up_to(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    // What the file is said to have is asked for at once: one that grows is moved again and again. What
    // is no file has no length, and one that grows meanwhile is read to its end as well.
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX).min(limit);
    let mut bytes = Vec::new();
    // Where there is no memory for it, that is told as a file that cannot be read, and is no crash.
    bytes.try_reserve_exact(length.saturating_add(1)).map_err(|_| io::ErrorKind::OutOfMemory)?;
    file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Takes what was read, if that is all of the file.
fn within(path: &Path, bytes: Vec<u8>, limit: usize) -> Result<Vec<u8>, Failure> {
    if bytes.len() > limit {
        let values = [masked::shown(path), limit.to_string()];
        let values = values.each_ref().map(String::as_str);
        return Err(Said::new(Message::FileTooLarge, &values).into());
    }
    run_log::note(path, &bytes);
    Ok(bytes)
}

/// Says that a file cannot be read, and of one that is not there what to look at first. A lot key that was typed in its
/// place is not repeated.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let why = Said::of_error(Message::FileUnreadable, &[&masked::shown(path)], error);
    let hint = match masked::key_in(&path.display().to_string()) {
        Some(_) => Message::HintLotKey,
        None if error.kind() == io::ErrorKind::NotFound => Message::HintFileMissing,
        None => return why.into(),
    };
    Failure::new(why).with_hint(Said::new(hint, &[]))
}

/// Reads a text of the reader's own, given with `option`. A bundle in its place is known by its
/// beginning, also where it is larger than any such text.
pub(crate) fn own_text(path: &Path, limit: usize, option: &str) -> Result<Vec<u8>, Failure> {
    let bytes = read_beginning(path, limit)?;
    if Bundle::is_meant_by(&bytes) {
        return Err(Said::new(Message::GivenBundle, &[&masked::shown(path), option]).into());
    }
    within(path, bytes, limit)
}

/// Refuses a bundle where one of the papers in it is asked for, and says which command is meant.
pub(crate) fn no_bundle(path: &Path) -> Result<(), Failure> {
    // What can be read only once is no bundle, and what cannot be read at all is said by who reads it.
    if !path.is_file() {
        return Ok(());
    }
    match is_meant_as_bundle(path) {
        Ok(true) => Err(Said::new(Message::UseBundleVerify, &[&masked::shown(path)]).into()),
        Ok(false) | Err(_) => Ok(()),
    }
}

/// Whether a file is known as a bundle by either end, so that no one change makes another file of it.
fn is_meant_as_bundle(path: &Path) -> io::Result<bool> {
    if Bundle::is_meant_by(&read_up_to(path, BUNDLE_HEAD)?) {
        return Ok(true);
    }
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(BUNDLE_TAIL as u64)))?;
    let mut tail = Vec::new();
    file.take(BUNDLE_TAIL as u64).read_to_end(&mut tail)?;
    Ok(Bundle::is_meant_by(&tail))
}

/// Parses a text of the reader's own, as it is or else as [`plain`] has it. What an editor leaves says nothing,
/// and no text that can be parsed as it is means another thing for it.
pub(crate) fn parse_own<T, E>(bytes: &[u8], parse: impl Fn(&[u8]) -> Result<T, E>) -> Result<T, E> {
    own_form(bytes, parse).map(|(parsed, _)| parsed)
}

/// The same, with the text as it was parsed: whoever hands it on hands on that, so that nobody after him needs to
/// know of editors.
pub(crate) fn own_form<T, E>(
    bytes: &[u8],
    parse: impl Fn(&[u8]) -> Result<T, E>,
) -> Result<(T, Vec<u8>), E> {
    if let Ok(parsed) = parse(bytes) {
        return Ok((parsed, bytes.to_vec()));
    }
    let plain = plain(bytes);
    parse(&plain).map(|parsed| (parsed, plain))
}

/// A text without what editors leave in it: no byte order mark, no carriage returns before line feeds, and a line
/// feed at its end.
pub(crate) fn plain(bytes: &[u8]) -> Vec<u8> {
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let mut plain = Vec::with_capacity(bytes.len().saturating_add(1));
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        plain.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        plain.push(b'\n');
    }
    plain
}

/// Why a text of the reader's own is refused: its letters, or what `error` says.
pub(crate) fn why_refused(bytes: &[u8], error: &dyn Display) -> String {
    let is_wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if is_wide { WIDE.to_owned() } else { error.to_string() }
}

/// Fails with all of the reader's own files that are missing or cannot be read, where they are several: who has them in
/// another folder, or gave neither policy nor pins, is told once. Of one alone whoever reads it says more.
pub(crate) fn own_files<'p>(
    policy: &'p PolicyArgs,
    pins: Option<&'p Path>,
    source_keys: &'p [String],
    others: impl Iterator<Item = &'p Path>,
) -> Result<(), Failure> {
    let of_policy = policy.policy.iter().chain(&policy.parties).map(PathBuf::as_path);
    let is_file = |text: &&String| VerifierKey::parse(text).is_err() && names_file(text);
    let keys = source_keys.iter().filter(is_file).map(Path::new);
    let unreadable = of_policy
        .chain(pins)
        .chain(others)
        .chain(keys)
        .filter_map(|path| Some(unreadable(path, &look_at(path).err()?)));
    let missing = policy.policy.is_none().then(no_policy);
    let is_neither = missing.is_some() && pins.is_none() && source_keys.is_empty();
    let no_pins = is_neither.then(|| Failure::new(Said::new(Message::NoSourceKey, &[])));
    let all: Vec<Failure> = missing.into_iter().chain(no_pins).chain(unreadable).collect();
    match all.len() {
        0 | 1 => return Ok(()),
        2 if is_neither => {
            let hint = Said::new(Message::HintNoPolicy, &[]);
            let why = Said::new(Message::NoPolicyNorPins, &[]);
            return Err(Failure::new(why).with_hint(hint));
        }
        _ => {}
    }
    let count = all.len().to_string();
    let why = Said::new(Message::OwnFilesUnreadable, &[&count]);
    let failure = Failure::new(why.with(all.iter().map(|one| one.said().0.clone()).collect()));
    let hints: Vec<&Said> = all.iter().filter_map(|one| one.said().1).collect();
    let first = HINTS.iter().find_map(|first| hints.iter().find(|hint| hint.message() == *first));
    Err(match first {
        Some(hint) => failure.with_hint((*hint).clone()),
        None => failure,
    })
}

/// Looks whether a file can be read. What is none, as a pipe, gives its bytes once and is left alone.
fn look_at(path: &Path) -> io::Result<()> {
    let kind = path.metadata()?;
    if kind.is_file() || kind.is_dir() { read_up_to(path, 0).map(drop) } else { Ok(()) }
}

fn no_policy() -> Failure {
    let hint = Said::new(Message::HintNoPolicy, &[]);
    Failure::new(Said::new(Message::NoPolicy, &[])).with_hint(hint)
}

/// The policy of the caller: without one there is no verdict.
pub(crate) fn policy(path: Option<&Path>) -> Result<Policy, Failure> {
    let path = path.ok_or_else(no_policy)?;
    let hint = Said::new(Message::HintPolicy, &[]);
    let bytes = own_text(path, MAX_POLICY_SIZE, "--policy")?;
    parse_own(&bytes, Policy::parse).map_err(|error| {
        let shown = path.display().to_string();
        let why = why_refused(&bytes, &error);
        mistaken::told(&shown, &bytes, Kind::Policy).unwrap_or_else(|| {
            Failure::new(Said::of_error(Message::Malformed, &[&shown], &why)).with_hint(hint)
        })
    })
}

/// A signed note, unverified.
pub(crate) fn note(path: &Path) -> Result<Note, Failure> {
    Note::parse(&read(path, MAX_NOTE_SIZE)?).map_err(|error| {
        let shown = path.display().to_string();
        Said::of_error(Message::Malformed, &[&shown], &error).into()
    })
}

/// Keys that were pinned on the command line: each a verifier key itself or a file of them.
pub(crate) fn source_keys(given: &[String]) -> Result<Vec<VerifierKey>, Failure> {
    let mut keys = Vec::new();
    for text in given {
        match VerifierKey::parse(text) {
            Ok(key) => keys.push(key),
            Err(_) if names_file(text) => {
                keys.extend(key_file(Path::new(text))?);
            }
            Err(error) => {
                return Err(Said::of_error(Message::Malformed, &[shown_part(text)], &error).into());
            }
        }
    }
    Ok(keys)
}

/// Whether what is no key names a file. Without two plus signs it cannot be meant as a key, so it does, there or not.
fn names_file(text: &str) -> bool {
    text.matches('+').count() < 2 || Path::new(text).is_file()
}

/// A file of verifier keys, one a line; empty lines and lines that begin with `#` are skipped.
pub(crate) fn key_file(path: &Path) -> Result<Vec<VerifierKey>, Failure> {
    let shown = path.display().to_string();
    let bytes = read(path, MAX_KEYS_SIZE)?;
    let malformed = |why: &dyn Display| {
        mistaken::told(&shown, &bytes, Kind::Keys)
            .unwrap_or_else(|| Said::of_error(Message::Malformed, &[&shown], why).into())
    };
    let text = bytes.strip_prefix(MARK).unwrap_or(&bytes);
    let text =
        std::str::from_utf8(text).map_err(|_| malformed(&why_refused(&bytes, &NOT_UTF_8)))?;
    parse_key_lines(text).map_err(|error| malformed(&error))
}

/// The file of a consistency proof between two trees. One with fewer hashes than the sizes ask for was
/// cut, or is of other checkpoints: it says nothing about these.
pub(crate) fn consistency(path: &Path, old: Tree, new: Tree) -> Result<Vec<Hash>, Failure> {
    let hashes = hashes(path)?;
    match verify_consistency(old, new, &hashes) {
        Err(ConsistencyError::ProofLength { have, want }) if have < want => {
            let values = [path.display().to_string(), have.to_string(), want.to_string()];
            Err(Said::new(Message::ProofCut, &values.each_ref().map(String::as_str)).into())
        }
        _ => Ok(hashes),
    }
}

/// Base64 hashes, one a line, as tlog-witness writes them; may be empty.
fn hashes(path: &Path) -> Result<Vec<Hash>, Failure> {
    let shown = path.display().to_string();
    let malformed = |at: usize| {
        let why = format!("line {}: not the base64 of a hash", at + 1);
        Failure::new(Said::of_error(Message::Malformed, &[&shown], &why))
    };
    let bytes = read(path, MAX_HASHES_SIZE)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| malformed(0))?;
    let lines = text.lines().enumerate();
    lines.map(|(at, line)| decode_hash(line).map_err(|_| malformed(at))).collect()
}

/// A leaf hash as people have it: 64 hexadecimal digits or 44 characters of base64.
pub(crate) fn leaf(text: &str) -> Result<Hash, Failure> {
    if let Ok(bytes) = decode_hex(text) {
        return Ok(Hash::from_bytes(bytes));
    }
    decode_hash(text).map_err(|error| {
        let why = format!("{error}; 64 hex digits or base64");
        Said::of_error(Message::Malformed, &[text], &why).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Language;

    #[test]
    fn a_file_of_source_keys_that_is_not_there_is_said_not_to_be_there() {
        let said = |text: &str| {
            let refused =
                source_keys(&[text.to_string()]).err().map(|why| why.to_text(Language::English));
            refused.unwrap_or_default()
        };
        let missing = said("nowhere/aoi-7.vkey");
        assert!(missing.contains("cannot read nowhere/aoi-7.vkey"), "{missing}");
        let malformed = said("line-4.example/aoi-7+00000000+AAAA");
        assert!(!malformed.contains("cannot read") && !malformed.is_empty(), "{malformed}");
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_among_the_reader_s_own_files_is_not_opened_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let made = std::process::Command::new("mkfifo").arg(at("pins")).status().unwrap();
        assert!(made.success());
        let policy = PolicyArgs {
            policy: Some(at("policy")),
            unrelated_to: Vec::new(),
            parties: Some(at("parties")),
        };
        // Nobody writes it: who opened it would wait for ever.
        let others = [at("pins")];
        let refused =
            own_files(&policy, None, &[], others.iter().map(PathBuf::as_path)).unwrap_err();
        let (why, hint) = refused.said();
        assert_eq!(why.message(), Message::OwnFilesUnreadable);
        let text = why.to_text(Language::English);
        assert!(text.starts_with("2 of your own files are missing"), "{text}");
        assert!(!text.contains("/pins"), "{text}");
        assert_eq!(hint.map(Said::message), Some(Message::HintFileMissing));
    }

    #[test]
    fn of_a_file_that_is_not_there_it_is_told_what_to_look_at_and_of_no_other() {
        let hint = |kind: io::ErrorKind| {
            let refused = unreadable(Path::new("policy"), &io::Error::from(kind));
            let (_, hint) = refused.said();
            hint.map(|hint| {
                [Language::English, Language::Chinese].map(|language| hint.to_text(language))
            })
        };
        let told = [
            "Check the name, and with `cd` that you are in its folder.",
            "请核对文件名，并用 `cd` 确认所在文件夹。",
        ];
        assert_eq!(hint(io::ErrorKind::NotFound), Some(told.map(str::to_owned)));
        assert_eq!(hint(io::ErrorKind::PermissionDenied), None);
    }

    /// What is said of a text that was typed for a file, in English.
    fn said(outcome: Result<Policy, Failure>) -> String {
        outcome.err().map(|why| why.to_text(Language::English)).unwrap_or_default()
    }

    #[test]
    fn a_lot_key_in_the_place_of_a_file_is_not_repeated() {
        let key = "96dc".repeat(16);
        for language in [Language::English, Language::Chinese] {
            let refused = read(Path::new(&key), 64).unwrap_err().to_text(language);
            assert!(!refused.contains("96dc") && refused.contains("--lot-key"), "{refused}");
        }
        let other = read(Path::new("nowhere"), 64).unwrap_err().to_text(Language::English);
        assert!(other.contains("nowhere") && !other.contains("--lot-key"), "{other}");
    }

    #[test]
    fn what_an_editor_has_left_in_a_text_of_the_reader_s_own_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("policy");
        let put = |bytes: &[u8]| std::fs::write(&path, bytes).unwrap();
        put(b"quorum none\n");
        let want = policy(Some(&path)).unwrap();
        for bytes in [
            &b"quorum none\r\n"[..],
            b"quorum none",
            b"quorum none\r",
            b"\xef\xbb\xbfquorum none\n",
            b"\xef\xbb\xbf# ours\r\nquorum none\r\n",
        ] {
            put(bytes);
            assert!(policy(Some(&path)).is_ok_and(|read| read == want), "{bytes:?}");
        }
        // A mark or a return in the middle is a letter as before, and other letters are named.
        for bytes in [&b"# a\n\xef\xbb\xbfquorum none\n"[..], b"quorum\r none\n"] {
            put(bytes);
            assert!(policy(Some(&path)).is_err(), "{bytes:?}");
        }
        put(b"\xff\xfeq\0");
        let refused = policy(Some(&path)).unwrap_err();
        assert!(refused.to_text(Language::English).contains(WIDE));
        assert!(!refused.to_text(Language::Chinese).contains("（原文）"));
        let key = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        put(format!("\u{feff}{key}\r\n").as_bytes());
        assert_eq!(key_file(&path).unwrap().len(), 1);
        // What is wrong otherwise is still said by its line.
        std::fs::write(&path, "quorum none\nquorum none\n").unwrap();
        assert!(said(policy(Some(&path))).contains("line 2"));
    }

    #[test]
    fn a_bundle_in_the_place_of_a_policy_is_called_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d2.zip");
        let mut bytes = vec![0; 30];
        bytes[..4].copy_from_slice(b"PK\x03\x04");
        bytes.extend(b"bundle.json");
        for size in [bytes.len(), MAX_POLICY_SIZE + 1] {
            bytes.resize(size, 0);
            std::fs::write(&path, &bytes).unwrap();
            let refused = said(policy(Some(&path)));
            assert!(refused.contains("d2.zip, given as --policy, is a bundle"), "{refused}");
            let meant = no_bundle(&path).unwrap_err().to_text(Language::English);
            assert!(meant.contains("`fiducial bundle verify "), "{meant}");
        }
    }

    #[test]
    fn a_bundle_is_known_by_its_end_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("d2.zip");
        let mut directory = b"PK\x01\x02".to_vec();
        directory.resize(46, 0);
        directory.extend(b"bundle.json");
        let size = u8::try_from(directory.len()).unwrap();
        let mut end = b"PK\x05\x06".to_vec();
        end.resize(22, 0);
        end[12] = size;
        for before in [0, 100, BUNDLE_TAIL + 1] {
            let bytes = [&vec![b'x'; before][..], &directory, &end].concat();
            std::fs::write(&path, &bytes).unwrap();
            assert!(no_bundle(&path).is_err(), "{before}");
            // One that is gone at this end too is somebody's other file, and so is one with more behind it.
            std::fs::write(&path, [&bytes[..], b"\n"].concat()).unwrap();
            assert!(no_bundle(&path).is_ok(), "{before}");
        }
        std::fs::write(&path, b"").unwrap();
        assert!(no_bundle(&path).is_ok());
    }
}
