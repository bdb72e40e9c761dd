//! The witness's keys: one file each, all of them sign, and a retired one never does again.
//!
//! Rule: C2SP tlog-cosignature. `DIR/keys/<algorithm>-<key ID>.key` holds one line, the text form of
//! [`spec::key::format_seed`], and is the owner's alone (0600). Several keys at once are how one is
//! rotated: add the new one, wait until policies name it, retire the old one. Each answer carries a
//! line by every key, Ed25519 first.
//!
//! Danger: one faulty signature, made by a flipped bit while signing, can give an Ed25519 key away.
//! So each signature is verified before it leaves this module: Ed25519 with the code that verifiers
//! use; ML-DSA-44 by the library that signs, five times faster than the verifiers' own, which checks
//! one signature of each key when it is loaded.
//!
//! Out of scope: what may be signed (see [`crate::decide`]) and when (see [`crate::witness`]).

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::signature::{KeyPair, ML_DSA_44, ML_DSA_44_SIGNING, ParsedPublicKey, PqdsaKeyPair};
use spec::checkpoint::{Checkpoint, Origin};
use spec::cosignature::{
    self, ML_DSA_44_SIGNATURE_SIZE, Timestamp, ml_dsa_message, ml_dsa_signature,
    ml_dsa_verifier_key, parse_ml_dsa_key, sign_ed25519,
};
use spec::key::{Algorithm, KeyError, KeyName, SEED_SIZE, SigningKey, VerifierKey, format_seed};
use spec::note::Signature;
use spec::tree::Tree;
use zeroize::Zeroizing;

use crate::files::{FileError, read_bounded, sync_folder_of, write_new};
use crate::retired::{Retired, RetiredError};
use crate::settings::Settings;

/// The most keys that sign at once: a request has room for this many post-quantum lines twice.
pub const MAX_KEYS: usize = 8;

/// The most bytes of a key file that are read.
const MAX_KEY_FILE_SIZE: u64 = 1024;

/// The permission bits that no key file may have: anything for the group or for others.
const OTHERS: u32 = 0o077;

/// What a key file's name ends in.
const KEY_FILE_END: &str = ".key";

/// Why the keys could not be loaded, made or retired.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The operating system gave no random bytes.
    #[error("the operating system's random generator failed: {0}")]
    Entropy(String),
    /// A file or folder could not be read or made.
    #[error(transparent)]
    File(#[from] FileError),
    /// The text is no signing key of a witness.
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
    /// No key is left that may sign.
    #[error(
        "no key may sign: each is retired or its file is missing; make one with `fiducial-witness key add`"
    )]
    None,
    /// A key by that ID is not there.
    #[error("no key has the ID {0}; see `fiducial-witness key list`")]
    NoSuchKey(String),
    /// The two implementations of ML-DSA-44 grow different keys from the seed.
    #[error("{}: signer and verifier derive different public keys from it; do not use it", .0.display())]
    PublicKey(PathBuf),
    /// It is not known which keys are retired.
    #[error(transparent)]
    Retired(#[from] RetiredError),
    /// More than [`MAX_KEYS`].
    #[error("more than {MAX_KEYS} keys would sign; retire one first")]
    TooMany,
}

/// A signature just made does not verify: this machine computes wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a signature just made does not verify; nothing was given out. The memory or processor of this \
     machine is faulty: move the witness to another one"
)]
pub struct FaultySignature;

/// The keys with which this witness signs, Ed25519 before ML-DSA-44.
#[derive(Debug)]
pub struct Signers(Vec<Signer>);

impl Signers {
    /// Loads every key that is not retired. At least one must be left.
    pub fn load(settings: &Settings) -> Result<Self, KeysError> {
        let retired = Retired::load(settings)?;
        let mut signers = load_all(&settings.keys())?;
        signers.retain(|signer| !retired.contains(signer.verifier()));
        if signers.is_empty() {
            return Err(KeysError::None);
        }
        if signers.len() > MAX_KEYS {
            return Err(KeysError::TooMany);
        }
        Ok(Self(signers))
    }

    /// Those of these keys that are not retired; perhaps none. For a reload that fails: whatever
    /// else is wrong, a key that is known to be retired does not sign again.
    #[must_use]
    pub fn without(&self, retired: &Retired) -> Self {
        let left = self.0.iter().filter(|signer| !retired.contains(signer.verifier()));
        Self(left.cloned().collect())
    }

    /// Whether no key is left that may sign.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The public halves, in the order of the signature lines.
    pub fn verifier_keys(&self) -> impl Iterator<Item = &VerifierKey> {
        self.0.iter().map(Signer::verifier)
    }

    /// Cosigns with every key, and verifies what came out.
    ///
    /// The caller has proved that the tree is consistent with the last one signed, holds the right
    /// to that log, and gives nothing of this out before it is durable.
    pub fn sign(
        &self,
        checkpoint: &Checkpoint,
        timestamp: Timestamp,
    ) -> Result<Vec<Signature>, FaultySignature> {
        self.0.iter().map(|signer| signer.sign(checkpoint, timestamp)).collect()
    }
}

/// One key. Clones are handles to the same one.
#[derive(Clone, Debug)]
enum Signer {
    Ed25519(Arc<SigningKey>),
    MlDsa44(Arc<MlDsaKey>),
}

/// The ML-DSA-44 key, in the forms that the fast implementation works with.
#[derive(Debug)]
struct MlDsaKey {
    verifier: VerifierKey,
    pair: PqdsaKeyPair,
    public: ParsedPublicKey,
}

impl Signer {
    fn load(path: &Path) -> Result<Self, KeysError> {
        let file = File::open(path).map_err(FileError::at(path))?;
        let mode = file.metadata().map_err(FileError::at(path))?.permissions().mode();
        if mode & OTHERS != 0 {
            return Err(KeysError::Mode { path: path.to_owned(), mode: mode & 0o7777 });
        }
        let key = |source| KeysError::Key { path: path.to_owned(), source };
        let bytes = Zeroizing::new(read_bounded(path, MAX_KEY_FILE_SIZE)?);
        let text = std::str::from_utf8(&bytes).map_err(|_| key(KeyError::Malformed))?.trim_end();
        match SigningKey::parse(text) {
            Ok(signing) => match signing.verifier().algorithm() {
                Algorithm::CosignatureEd25519 => Ok(Self::Ed25519(Arc::new(signing))),
                other => Err(key(KeyError::Type(other.type_byte()))),
            },
            Err(KeyError::Type(0x06)) => {
                let (verifier, seed) = parse_ml_dsa_key(text).map_err(key)?;
                let signer = MlDsaKey::new(verifier, seed.as_slice());
                let signer = signer.ok_or_else(|| KeysError::PublicKey(path.to_owned()))?;
                Ok(Self::MlDsa44(Arc::new(signer)))
            }
            Err(error) => Err(key(error)),
        }
    }

    fn verifier(&self) -> &VerifierKey {
        match self {
            Self::Ed25519(key) => key.verifier(),
            Self::MlDsa44(key) => &key.verifier,
        }
    }

    fn sign(
        &self,
        checkpoint: &Checkpoint,
        timestamp: Timestamp,
    ) -> Result<Signature, FaultySignature> {
        match self {
            Self::Ed25519(key) => {
                let line = sign_ed25519(key, timestamp, checkpoint);
                let said = cosignature::verify_line(&line, checkpoint, key.verifier());
                if said == Ok(timestamp) { Ok(line) } else { Err(FaultySignature) }
            }
            Self::MlDsa44(key) => key.sign(checkpoint, timestamp),
        }
    }
}

impl MlDsaKey {
    /// Grows the key in the fast implementation, and lets the verifiers' own one check a signature.
    fn new(verifier: VerifierKey, seed: &[u8]) -> Option<Self> {
        let pair = PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, seed).ok()?;
        let public = ParsedPublicKey::new(&ML_DSA_44, pair.public_key().as_ref()).ok()?;
        if pair.public_key().as_ref() != verifier.public_bytes() {
            return None;
        }
        let key = Self { verifier, pair, public };
        // It says that some log of this name was empty long ago, and is shown to nobody.
        let origin = Origin::parse("fiducial.invalid/self-test").ok()?;
        let (checkpoint, time) =
            (Checkpoint::new(origin, Tree::EMPTY), Timestamp::from_seconds(1).ok()?);
        let line = key.sign(&checkpoint, time).ok()?;
        let said = cosignature::verify_line(&line, &checkpoint, &key.verifier);
        (said == Ok(time)).then_some(key)
    }

    fn sign(
        &self,
        checkpoint: &Checkpoint,
        timestamp: Timestamp,
    ) -> Result<Signature, FaultySignature> {
        let message = ml_dsa_message(self.verifier.name(), timestamp, checkpoint);
        let mut signature = [0; ML_DSA_44_SIGNATURE_SIZE];
        let length = self.pair.sign(&message, &mut signature).map_err(|_| FaultySignature)?;
        if length != ML_DSA_44_SIGNATURE_SIZE {
            return Err(FaultySignature);
        }
        self.public.verify_sig(&message, &signature).map_err(|_| FaultySignature)?;
        Ok(ml_dsa_signature(&self.verifier, timestamp, &signature))
    }
}

/// Makes a key from the operating system's generator and writes its file, durably.
pub fn create(
    settings: &Settings,
    name: &KeyName,
    algorithm: Algorithm,
) -> Result<VerifierKey, KeysError> {
    let folder = settings.keys();
    if !folder.exists() {
        DirBuilder::new().mode(0o700).create(&folder).map_err(FileError::at(&folder))?;
        sync_folder_of(&folder)?;
    }
    let mut seed = Zeroizing::new([0; SEED_SIZE]);
    getrandom::fill(seed.as_mut_slice()).map_err(|error| KeysError::Entropy(error.to_string()))?;
    let (verifier, text) = match algorithm {
        Algorithm::CosignatureMlDsa44 => {
            let verifier = ml_dsa_verifier_key(name.clone(), &seed);
            let text = format_seed(verifier.name(), verifier.id(), algorithm, &seed);
            (verifier, text)
        }
        Algorithm::CosignatureEd25519 | Algorithm::NoteEd25519 => {
            let cosigner = Algorithm::CosignatureEd25519;
            let key = SigningKey::from_seed(name.clone(), cosigner, &seed)
                .map_err(|source| KeysError::Key { path: folder.clone(), source })?;
            (key.verifier().clone(), key.to_text())
        }
    };
    let path = key_path(&folder, &verifier);
    let mut line = Zeroizing::new(text.as_bytes().to_vec());
    line.push(b'\n');
    write_new(&path, &line)?;
    // What is used is what was stored: a file that does not read back is found now.
    Ok(Signer::load(&path)?.verifier().clone())
}

/// Marks a key as never to sign again, in both lists.
pub fn retire(settings: &Settings, id: &str, reason: &str) -> Result<VerifierKey, KeysError> {
    let keys = load_all(&settings.keys())?;
    let key = keys.iter().map(Signer::verifier).find(|key| key.id().to_string() == id);
    let key = key.ok_or_else(|| KeysError::NoSuchKey(id.to_owned()))?.clone();
    let mut retired = Retired::load(settings)?;
    let others = keys.iter().map(Signer::verifier).filter(|other| **other != key);
    if !others.into_iter().any(|other| !retired.contains(other)) {
        return Err(KeysError::None);
    }
    retired.add(&key, reason);
    retired.store(settings)?;
    Ok(key)
}

/// The public halves of every key file, retired ones too.
pub fn all_verifier_keys(settings: &Settings) -> Result<Vec<VerifierKey>, KeysError> {
    Ok(load_all(&settings.keys())?.iter().map(|signer| signer.verifier().clone()).collect())
}

fn key_path(folder: &Path, key: &VerifierKey) -> PathBuf {
    let algorithm = match key.algorithm() {
        Algorithm::CosignatureMlDsa44 => "mldsa44",
        Algorithm::CosignatureEd25519 | Algorithm::NoteEd25519 => "ed25519",
    };
    folder.join(format!("{algorithm}-{}{KEY_FILE_END}", key.id()))
}

fn load_all(folder: &Path) -> Result<Vec<Signer>, KeysError> {
    let list = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    };
    let mut paths = list().map_err(FileError::at(folder))?;
    paths.retain(|path| path.to_string_lossy().ends_with(KEY_FILE_END));
    // The file names begin with the algorithm, so Ed25519 comes first, as it must be printed.
    paths.sort();
    paths.iter().map(|path| Signer::load(path)).collect()
}

/// Writes what a policy needs to count this witness once, whichever of its keys signed.
///
/// The lines are those of C2SP tlog-policy; `url` is where logs send `add-checkpoint`.
#[must_use]
pub fn policy_lines<'a>(keys: impl Iterator<Item = &'a VerifierKey>, url: Option<&str>) -> String {
    let keys: Vec<&VerifierKey> = keys.collect();
    let url = url.map_or_else(String::new, |url| format!(" {url}"));
    let names: Vec<String> =
        keys.iter().map(|key| format!("{}-{}", key.name(), key.id())).collect();
    let mut text = String::new();
    for (name, key) in names.iter().zip(&keys) {
        text.push_str(&format!("witness {name} {key}{url}\n"));
    }
    if let [first, _, ..] = keys.as_slice() {
        text.push_str(&format!("group {} any {}\n", first.name(), names.join(" ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{default_high_water, parse_name};
    use spec::Hash;
    use spec::policy::Policy;
    use tempfile::TempDir;

    fn witness() -> (TempDir, Settings) {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let high_water = default_high_water(&data).unwrap();
        let settings = Settings { data, high_water, name: parse_name("w.example").unwrap() };
        Retired::create(&settings).unwrap();
        for algorithm in [Algorithm::CosignatureMlDsa44, Algorithm::CosignatureEd25519] {
            create(&settings, &settings.name, algorithm).unwrap();
        }
        (folder, settings)
    }

    fn ids(settings: &Settings) -> Vec<String> {
        let signers = Signers::load(settings).unwrap();
        signers.verifier_keys().map(|key| key.id().to_string()).collect()
    }

    #[test]
    fn every_key_signs_ed25519_first() {
        let (_folder, settings) = witness();
        let signers = Signers::load(&settings).unwrap();
        let tree = Tree::new(3, Hash::of(b"root")).unwrap();
        let checkpoint = Checkpoint::new(Origin::parse("log.example").unwrap(), tree);
        let time = Timestamp::from_seconds(77).unwrap();
        let lines = signers.sign(&checkpoint, time).unwrap();
        let keys: Vec<_> = signers.verifier_keys().collect();
        assert_eq!(keys[0].algorithm(), Algorithm::CosignatureEd25519);
        assert_eq!(keys[1].algorithm(), Algorithm::CosignatureMlDsa44);
        for (key, line) in keys.iter().zip(&lines) {
            assert!(key.claims(line));
            assert_eq!(cosignature::verify(&lines, &checkpoint, key), Ok(time));
        }
    }

    #[test]
    fn keys_rotate_with_overlap_and_a_retired_one_stays_retired() {
        let (_folder, settings) = witness();
        let before = ids(&settings);
        create(&settings, &settings.name, Algorithm::CosignatureEd25519).unwrap();
        assert_eq!(ids(&settings).len(), 3);
        retire(&settings, &before[0], "rotated").unwrap();
        let after = ids(&settings);
        assert!(!after.contains(&before[0]) && after.contains(&before[1]));
        assert_eq!(after.len(), 2);
        assert_eq!(all_verifier_keys(&settings).unwrap().len(), 3);
        assert!(matches!(retire(&settings, "00000000", "x"), Err(KeysError::NoSuchKey(_))));
        retire(&settings, &after[0], "rotated").unwrap();
        // The last one stays: a witness without a key is none.
        assert!(matches!(retire(&settings, &after[1], "rotated"), Err(KeysError::None)));
        assert_eq!(ids(&settings), after[1..]);
    }

    #[test]
    fn files_that_others_may_read_or_that_hold_other_keys_are_refused() {
        let (_folder, settings) = witness();
        let path = settings.keys().join("ed25519-ffffffff.key");
        let name = settings.name.clone();
        let note = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[1; 32]).unwrap();
        write_new(&path, note.to_text().as_bytes()).unwrap();
        assert!(matches!(Signers::load(&settings), Err(KeysError::Key { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Signers::load(&settings), Err(KeysError::Mode { mode: 0o640, .. })));
        fs::remove_file(&path).unwrap();
        fs::remove_file(settings.retired()).unwrap();
        assert!(matches!(Signers::load(&settings), Err(KeysError::Retired(_))));
    }

    #[test]
    fn a_flipped_bit_in_a_key_file_is_noticed() {
        let (_folder, settings) = witness();
        let path = fs::read_dir(settings.keys()).unwrap().next().unwrap().unwrap().path();
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() - 1 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert!(Signers::load(&settings).is_err(), "byte {at}");
        }
    }

    #[test]
    fn the_policy_counts_the_witness_once() {
        let (_folder, settings) = witness();
        let signers = Signers::load(&settings).unwrap();
        let lines = policy_lines(signers.verifier_keys(), Some("https://w.example/"));
        let policy = format!("{lines}quorum w.example\n");
        let policy = Policy::parse(policy.as_bytes()).unwrap();
        assert_eq!(policy.witnesses().len(), 2);
        assert_eq!(policy.groups()[0].threshold(), 1);
    }
}
