//! The log's keys: two files that only the server may read, and signatures checked before they leave.
//!
//! Rule: C2SP signed-note and tlog-checkpoint (the key's name is the origin), tlog-cosignature for
//! the second key. Each file holds one line, the text form of [`spec::key::format_seed`]:
//!
//! ```text
//! DIR/keys/log.key            Ed25519, type 0x01: signs the text of every checkpoint
//! DIR/keys/log-mldsa44.key    ML-DSA-44, type 0x06: signs it again, for after quantum computers
//! ```
//!
//! Danger: one faulty signature, made by a flipped bit while signing, can give an Ed25519 key away
//! and makes the note malformed for everyone. So each signature is verified, with the code that
//! verifiers use, before it leaves this module.
//!
//! Out of scope: what may be signed (see `publisher`). Key files are never rewritten, but in a folder that is
//! no log yet.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::iter;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{ML_DSA_44_SIGNING, PqdsaKeyPair};
use spec::checkpoint::{Checkpoint, CheckpointError, Origin};
use spec::cosignature::{
    self, CosignatureError, ML_DSA_44_SIGNATURE_SIZE, Timestamp, ml_dsa_message, ml_dsa_signature,
    ml_dsa_verifier_key, parse_ml_dsa_key,
};
use spec::key::{Algorithm, KeyError, KeyName, SEED_SIZE, SigningKey, VerifierKey, format_seed};
use spec::note::{Note, Signature, SignatureError, verify_ed25519};
use spec::succession::{Succession, SuccessionError};
use zeroize::Zeroizing;

use crate::answer::Fatal;

/// The folder of the key files, below the data folder.
pub const KEYS_FOLDER: &str = "keys";

/// The file of the Ed25519 key.
pub const ED25519_FILE: &str = "log.key";

/// The file of the ML-DSA-44 key; a log may do without.
pub const ML_DSA_FILE: &str = "log-mldsa44.key";

/// The most bytes of a key file that are read: a name of 255 bytes, an ID and 44 characters of
/// base64 are well below it.
const MAX_KEY_FILE_SIZE: u64 = 1024;

/// The permission bits that no key file may have: anything for the group or for others.
const OTHERS: u32 = 0o077;

/// Why the keys could not be loaded or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The operating system gave no random bytes.
    #[error("the operating system's random generator failed: {0}")]
    Entropy(String),
    /// A file or folder could not be read or made.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The text is no signing key of the kind that the file holds.
    #[error("{} holds no usable key: {source}", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// Others may read the file.
    #[error("{0} can be read by others (mode {mode:04o}); run: chmod 600 {0}", path.display())]
    Mode {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The origin cannot be a key name.
    #[error("the origin {0:?} cannot name a key: it must have no spaces and no plus signs")]
    Origin(String),
    /// The key is for another log.
    #[error("{} is a key of {have}, but this log is {want}; put the right key file back", path.display())]
    OtherLog {
        /// Which file.
        path: PathBuf,
        /// The name in the file.
        have: String,
        /// This log's origin.
        want: String,
    },
    /// The two implementations of ML-DSA-44 grow different keys from the seed.
    #[error("{}: signer and verifier derive different public keys from it; do not use it", path.display())]
    PublicKey {
        /// Which file.
        path: PathBuf,
    },
}

/// Why a note is not a checkpoint that this log signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OwnNoteError {
    /// The text is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The ML-DSA-44 signature does not verify.
    #[error("the log's ML-DSA-44 signature: {0}")]
    MlDsa(CosignatureError),
    /// The checkpoint is of another log.
    #[error("the checkpoint names another origin")]
    Origin,
    /// The Ed25519 signature is missing or does not verify.
    #[error("the log's Ed25519 signature: {0}")]
    Signature(#[from] SignatureError),
}

/// The keys with which this log signs, all under the name of its origin.
#[derive(Debug)]
pub struct LogKeys {
    ed25519: SigningKey,
    ml_dsa: Option<MlDsaKey>,
}

impl LogKeys {
    /// Loads the keys of the log `origin` from the data folder.
    ///
    /// Refuses files that others may read, keys of another kind and keys of another log.
    pub fn load(data: &Path, origin: &Origin) -> Result<Self, KeyFileError> {
        let name = key_name(origin)?;
        let path = data.join(KEYS_FOLDER).join(ED25519_FILE);
        let text = read_key_file(&path)?;
        let ed25519 = SigningKey::parse(text.trim_end())
            .and_then(|key| match key.verifier().algorithm() {
                Algorithm::NoteEd25519 => Ok(key),
                other => Err(KeyError::Type(other.type_byte())),
            })
            .map_err(|source| KeyFileError::Key { path: path.clone(), source })?;
        check_name(&path, ed25519.verifier().name(), &name)?;

        let path = data.join(KEYS_FOLDER).join(ML_DSA_FILE);
        let ml_dsa = match read_key_file(&path) {
            Ok(text) => Some(MlDsaKey::parse(&path, text.trim_end(), &name)?),
            Err(KeyFileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                None
            }
            Err(error) => return Err(error),
        };
        Ok(Self { ed25519, ml_dsa })
    }

    /// Makes keys from the operating system's generator and writes their files, durably.
    ///
    /// The folder `data` must exist and hold no keys yet: nothing is ever overwritten.
    pub fn create(data: &Path, origin: &Origin, with_ml_dsa: bool) -> Result<Self, KeyFileError> {
        let name = key_name(origin)?;
        let folder = data.join(KEYS_FOLDER);
        DirBuilder::new().mode(0o700).create(&folder).map_err(|error| io_error(&folder, error))?;

        let seed = draw_seed()?;
        let path = folder.join(ED25519_FILE);
        let ed25519 = SigningKey::from_seed(name.clone(), Algorithm::NoteEd25519, &seed)
            .map_err(|source| KeyFileError::Key { path: path.clone(), source })?;
        write_key_file(&path, &ed25519.to_text())?;
        if with_ml_dsa {
            let seed = draw_seed()?;
            let verifier = ml_dsa_verifier_key(name, &seed);
            let text = format_seed(verifier.name(), verifier.id(), verifier.algorithm(), &seed);
            write_key_file(&folder.join(ML_DSA_FILE), &text)?;
        }
        sync_folder(&folder)?;
        sync_folder(data)?;
        // What is used is what was stored: a file that does not read back is found now.
        Self::load(data, origin)
    }

    /// Copies the files of these keys from one data folder into another, durably. What stands there
    /// under their names is replaced: only for a folder that holds no log yet.
    pub fn copy(&self, from: &Path, to: &Path) -> Result<(), KeyFileError> {
        let folder = to.join(KEYS_FOLDER);
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(io_error(&folder, error));
            }
            _ => {}
        }
        for name in iter::once(ED25519_FILE).chain(self.ml_dsa.as_ref().map(|_| ML_DSA_FILE)) {
            let text = read_key_file(&from.join(KEYS_FOLDER).join(name))?;
            let path = folder.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(io_error(&path, error));
                }
                _ => write_key_file(&path, text.trim_end())?,
            }
        }
        sync_folder(&folder)?;
        sync_folder(to)
    }

    /// Signs the entry with which this log takes over from another, whose keys `old` are, if they are
    /// still held.
    pub fn sign_succession(
        &self,
        old: Option<&Self>,
        why: &str,
        last: Note,
    ) -> Result<Succession, SuccessionError> {
        Succession::sign(&self.ed25519, old.map(|old| &old.ed25519), why, last)
    }

    /// Finds out whether [`Self::sign_succession`] will succeed for a log of this name, which has no keys yet. What
    /// is signed here, with a key that anybody could make, is let go of at once.
    pub fn rehearse_succession(
        name: KeyName,
        old: Option<&Self>,
        why: &str,
        last: Note,
    ) -> Result<(), SuccessionError> {
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[1; SEED_SIZE]);
        let key = key.expect("of any seed an Ed25519 key can be made");
        Succession::sign(&key, old.map(|old| &old.ed25519), why, last).map(drop)
    }

    /// The public halves, Ed25519 first.
    #[must_use]
    pub fn verifier_keys(&self) -> Vec<VerifierKey> {
        let ml_dsa = self.ml_dsa.as_ref().map(|key| key.verifier.clone());
        iter::once(self.ed25519.verifier().clone()).chain(ml_dsa).collect()
    }

    /// The lines of a note that claim a key of this log: all that witnesses are sent.
    #[must_use]
    pub fn own_lines(&self, note: &Note) -> Vec<Signature> {
        let keys = self.verifier_keys();
        let is_own = |line: &&Signature| keys.iter().any(|key| key.claims(line));
        note.signatures().iter().filter(is_own).cloned().collect()
    }

    /// Signs a checkpoint with every key, and verifies what came out.
    ///
    /// The caller has proved that the checkpoint is consistent with the last one signed, and has
    /// made that durable. An error means that this machine computes wrongly: nothing was given out.
    pub fn sign(
        &self,
        checkpoint: &Checkpoint,
        unix_seconds: u64,
    ) -> Result<Vec<Signature>, Fatal> {
        let text = checkpoint.to_string();
        let mut signatures = vec![self.ed25519.sign_note(&text)];
        if let Some(key) = &self.ml_dsa {
            let timestamp = Timestamp::from_seconds(unix_seconds)
                .map_err(|error| Fatal::new(format!("the clock cannot be right: {error}")))?;
            signatures.push(key.sign(checkpoint, timestamp)?);
        }
        let note = Note::new(text, signatures);
        self.verify(&note).map_err(|error| {
            Fatal::new(format!(
                "a signature just made does not verify ({error}); nothing was published. The \
                 memory or processor of this machine is faulty: move the log to another one"
            ))
        })?;
        Ok(note.signatures().to_vec())
    }

    /// Checks that this log signed `note`, and reads the checkpoint in it.
    ///
    /// The Ed25519 signature must be there. An ML-DSA-44 one may be missing, since notes signed
    /// before that key was added have none; if it is there it must verify.
    pub fn verify(&self, note: &Note) -> Result<Checkpoint, OwnNoteError> {
        verify_ed25519(note, self.ed25519.verifier())?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin().as_str() != self.ed25519.verifier().name().as_str() {
            return Err(OwnNoteError::Origin);
        }
        if let Some(key) = &self.ml_dsa {
            match cosignature::verify(note.signatures(), &checkpoint, &key.verifier) {
                Ok(_) | Err(CosignatureError::Missing) => {}
                Err(error) => return Err(OwnNoteError::MlDsa(error)),
            }
        }
        Ok(checkpoint)
    }
}

/// The ML-DSA-44 key, in the form that the fast implementation signs with.
#[derive(Debug)]
struct MlDsaKey {
    verifier: VerifierKey,
    pair: PqdsaKeyPair,
}

impl MlDsaKey {
    fn parse(path: &Path, text: &str, name: &KeyName) -> Result<Self, KeyFileError> {
        let (verifier, seed) = parse_ml_dsa_key(text)
            .map_err(|source| KeyFileError::Key { path: path.to_owned(), source })?;
        check_name(path, verifier.name(), name)?;
        Self::from_seed(verifier, &seed)
            .ok_or_else(|| KeyFileError::PublicKey { path: path.to_owned() })
    }

    /// Grows the key a second time, in the other implementation; `None` unless both agree.
    fn from_seed(verifier: VerifierKey, seed: &[u8; SEED_SIZE]) -> Option<Self> {
        use aws_lc_rs::signature::KeyPair;
        let pair = PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, seed).ok()?;
        let same = pair.public_key().as_ref() == verifier.public_bytes();
        same.then_some(Self { verifier, pair })
    }

    fn sign(&self, checkpoint: &Checkpoint, timestamp: Timestamp) -> Result<Signature, Fatal> {
        let message = ml_dsa_message(self.verifier.name(), timestamp, checkpoint);
        let mut signature = [0; ML_DSA_44_SIGNATURE_SIZE];
        let length = self.pair.sign(&message, &mut signature);
        if length.ok() != Some(ML_DSA_44_SIGNATURE_SIZE) {
            return Err(Fatal::new("ML-DSA-44 signing failed; check this machine's memory"));
        }
        Ok(ml_dsa_signature(&self.verifier, timestamp, &signature))
    }
}

/// The name that a log's keys carry: its origin, as C2SP tlog-checkpoint recommends.
pub fn key_name(origin: &Origin) -> Result<KeyName, KeyFileError> {
    KeyName::parse(origin.as_str()).map_err(|_| KeyFileError::Origin(origin.to_string()))
}

fn check_name(path: &Path, have: &KeyName, want: &KeyName) -> Result<(), KeyFileError> {
    if have == want {
        return Ok(());
    }
    let (have, want) = (have.to_string(), want.to_string());
    Err(KeyFileError::OtherLog { path: path.to_owned(), have, want })
}

fn draw_seed() -> Result<Zeroizing<[u8; SEED_SIZE]>, KeyFileError> {
    let mut seed = Zeroizing::new([0; SEED_SIZE]);
    getrandom::fill(seed.as_mut_slice())
        .map_err(|error| KeyFileError::Entropy(error.to_string()))?;
    Ok(seed)
}

/// Reads a key file whose owner alone may read it.
fn read_key_file(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let file = File::open(path).map_err(|error| io_error(path, error))?;
    // The opened file is asked, not the path, which could name another one a moment later.
    let mode = file.metadata().map_err(|error| io_error(path, error))?.permissions().mode();
    if mode & OTHERS != 0 {
        return Err(KeyFileError::Mode { path: path.to_owned(), mode: mode & 0o7777 });
    }
    let mut text = Zeroizing::new(String::with_capacity(MAX_KEY_FILE_SIZE as usize));
    file.take(MAX_KEY_FILE_SIZE)
        .read_to_string(&mut text)
        .map_err(|error| io_error(path, error))?;
    Ok(text)
}

/// Writes a new key file; its bytes are durable on return, its name after [`sync_folder`].
fn write_key_file(path: &Path, text: &str) -> Result<(), KeyFileError> {
    let write = || {
        // The mode is given when the file is made: it is never open to others, not even empty.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    };
    write().map_err(|error| io_error(path, error))
}

fn sync_folder(path: &Path) -> Result<(), KeyFileError> {
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| io_error(path, error))
}

fn io_error(path: &Path, source: io::Error) -> KeyFileError {
    KeyFileError::Io { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::Hash;
    use spec::tree::Tree;
    use std::fs;
    use tempfile::TempDir;

    fn origin() -> Origin {
        Origin::parse("log.example/keys").unwrap()
    }

    fn created(with_ml_dsa: bool) -> (TempDir, LogKeys) {
        let data = tempfile::tempdir().unwrap();
        let keys = LogKeys::create(data.path(), &origin(), with_ml_dsa).unwrap();
        (data, keys)
    }

    fn checkpoint(origin: &Origin) -> Checkpoint {
        Checkpoint::new(origin.clone(), Tree::new(3, Hash::of(b"root")).unwrap())
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn made_keys_are_private_and_load_again() {
        let (data, keys) = created(true);
        let folder = data.path().join(KEYS_FOLDER);
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join(ED25519_FILE)), 0o600);
        assert_eq!(mode(&folder.join(ML_DSA_FILE)), 0o600);
        let again = LogKeys::load(data.path(), &origin()).unwrap();
        assert_eq!(again.verifier_keys(), keys.verifier_keys());
        let algorithms: Vec<_> = keys.verifier_keys().iter().map(VerifierKey::algorithm).collect();
        assert_eq!(algorithms, [Algorithm::NoteEd25519, Algorithm::CosignatureMlDsa44]);
    }

    #[test]
    fn keys_are_never_overwritten_and_never_equal() {
        let (data, keys) = created(false);
        let refused = LogKeys::create(data.path(), &origin(), false);
        assert!(matches!(refused, Err(KeyFileError::Io { .. })));
        let (_other, other) = created(false);
        assert_ne!(keys.verifier_keys(), other.verifier_keys());
    }

    #[test]
    fn what_is_signed_verifies_with_every_key() {
        let (_data, keys) = created(true);
        let checkpoint = checkpoint(&origin());
        let signatures = keys.sign(&checkpoint, 1_700_000_000).unwrap();
        assert_eq!(signatures.len(), 2);
        let note = Note::new(checkpoint.to_string(), signatures);
        assert_eq!(keys.verify(&note), Ok(checkpoint.clone()));
        // And with nothing but the public lines that `init` prints.
        let ml_dsa = VerifierKey::parse(&keys.verifier_keys()[1].to_string()).unwrap();
        let time = cosignature::verify(note.signatures(), &checkpoint, &ml_dsa).unwrap();
        assert_eq!(time.as_seconds(), 1_700_000_000);
    }

    #[test]
    fn a_clock_at_zero_signs_nothing() {
        let (_data, keys) = created(true);
        assert!(keys.sign(&checkpoint(&origin()), 0).is_err());
    }

    #[test]
    fn notes_of_others_and_altered_notes_are_refused() {
        let (_data, keys) = created(true);
        let checkpoint = checkpoint(&origin());
        let signatures = keys.sign(&checkpoint, 9).unwrap();
        let text = checkpoint.to_string();

        let only_second = Note::new(text.clone(), signatures[1..].to_vec());
        let missing = OwnNoteError::Signature(SignatureError::Missing);
        assert_eq!(keys.verify(&only_second), Err(missing));

        for at in 0..2 {
            let mut altered = signatures.clone();
            altered[at].bytes[40] ^= 1;
            assert!(keys.verify(&Note::new(text.clone(), altered)).is_err(), "signature {at}");
        }
        let only_first = Note::new(text, signatures[..1].to_vec());
        assert_eq!(keys.verify(&only_first), Ok(checkpoint));
    }

    #[test]
    fn a_checkpoint_of_another_origin_does_not_leave() {
        let (_data, keys) = created(false);
        let other = checkpoint(&Origin::parse("other.example").unwrap());
        assert!(keys.sign(&other, 9).is_err());
    }

    #[test]
    fn a_key_file_open_to_others_is_refused() {
        let (data, _keys) = created(true);
        for (file, bits) in [(ED25519_FILE, 0o640), (ED25519_FILE, 0o604), (ML_DSA_FILE, 0o644)] {
            let path = data.path().join(KEYS_FOLDER).join(file);
            fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
            let refused = LogKeys::load(data.path(), &origin()).unwrap_err();
            assert!(matches!(refused, KeyFileError::Mode { mode, .. } if mode == bits));
            assert!(refused.to_string().contains("chmod 600"));
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        }
        assert!(LogKeys::load(data.path(), &origin()).is_ok());
    }

    #[test]
    fn keys_of_another_log_and_swapped_files_are_refused() {
        let (data, _keys) = created(true);
        let other = Origin::parse("other.example").unwrap();
        let refused = LogKeys::load(data.path(), &other);
        assert!(matches!(refused, Err(KeyFileError::OtherLog { .. })));

        let folder = data.path().join(KEYS_FOLDER);
        fs::copy(folder.join(ML_DSA_FILE), folder.join(ED25519_FILE)).unwrap();
        let refused = LogKeys::load(data.path(), &origin());
        assert!(matches!(refused, Err(KeyFileError::Key { .. })));
    }

    #[test]
    fn a_damaged_or_missing_key_is_named() {
        let (data, _keys) = created(true);
        let path = data.path().join(KEYS_FOLDER).join(ML_DSA_FILE);
        let mut text = fs::read(&path).unwrap();
        let last = text.len() - 10;
        text[last] = if text[last] == b'A' { b'B' } else { b'A' };
        fs::write(&path, text).unwrap();
        let refused = LogKeys::load(data.path(), &origin()).unwrap_err();
        assert!(refused.to_string().contains(ML_DSA_FILE), "{refused}");

        fs::remove_file(data.path().join(KEYS_FOLDER).join(ED25519_FILE)).unwrap();
        let refused = LogKeys::load(data.path(), &origin()).unwrap_err();
        assert!(refused.to_string().contains(ED25519_FILE), "{refused}");
    }

    #[test]
    fn an_origin_that_cannot_name_a_key_is_refused() {
        let spaced = Origin::parse("log example").unwrap();
        assert!(matches!(key_name(&spaced), Err(KeyFileError::Origin(_))));
    }

    #[test]
    fn nothing_shows_a_seed() {
        let (data, keys) = created(true);
        let text = fs::read_to_string(data.path().join(KEYS_FOLDER).join(ED25519_FILE)).unwrap();
        let secret = text.trim_end().splitn(5, '+').nth(4).unwrap();
        assert!(!format!("{keys:?}").contains(secret));
    }
}
