//! What keeps the vault's rows and evidence from being read, and from being changed or moved.
//!
//! Rule: `spec/text/vault.md`, "At rest".
//!
//! Every sealed row is bound to its place, the name of its table and its key, so that nobody can
//! put one row in the place of another. Without encryption a row carries a checksum over the same
//! place, against accidents; with it, XChaCha20-Poly1305 (24-byte random nonces) does both.
//!
//! The data key is random and never changes. `key.age` holds it, encrypted to a passphrase in the
//! age format, so a vault can be opened by hand too: `age -d key.age` asks for the passphrase.
//!
//! Danger: a key that rows are looked up by is a keyed hash, else a list of serial numbers could be
//! tried against it. Whatever is a key of a table must come from [`Cipher::name`].

use chacha20poly1305::aead::{Aead, AeadInPlace, KeyInit, Payload};
use chacha20poly1305::{Key, Tag, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::AgentError;

/// What encryption adds to a row or a chunk: nonce and tag.
pub(super) const SEAL_SIZE: usize = NONCE_SIZE + TAG_SIZE;

const NONCE_SIZE: usize = 24;
const TAG_SIZE: usize = 16;

/// What a plain row carries: the start of SHA-256 over place and row.
const SUM_SIZE: usize = 8;

/// The cost of a passphrase guess: 2^16 rounds of scrypt, 64 MiB and some tenths of a second each.
const WORK_FACTOR: u8 = if cfg!(test) { 4 } else { 16 };

/// The most that is spent on a `key.age` that somebody else wrote.
const MAX_WORK_FACTOR: u8 = 20;

/// The most bytes of `key.age`.
pub(super) const MAX_KEY_FILE_SIZE: usize = 8 * 1024;

/// The bytes are not what was sealed at this place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not what was written at this place of the vault")]
pub(crate) struct NotSealed;

/// A random key that everything in an encrypted vault hangs on.
pub(super) type DataKey = Zeroizing<[u8; 32]>;

/// Seals and opens what lies in the vault.
#[derive(Clone)]
pub(super) enum Cipher {
    /// Rows are readable by whoever can read the file.
    Plain,
    /// Rows are encrypted.
    Sealed(Box<Keys>),
}

/// The two keys that come from the data key: one encrypts, the other hides look-up keys.
#[derive(Clone)]
pub(super) struct Keys {
    rows: XChaCha20Poly1305,
    names: Zeroizing<[u8; 32]>,
}

impl Cipher {
    /// The cipher of an encrypted vault.
    pub(super) fn sealed(data_key: &DataKey) -> Self {
        let rows = derive(data_key, b"fiducial/vault/rows/v1");
        let names = derive(data_key, b"fiducial/vault/names/v1");
        let rows = XChaCha20Poly1305::new(Key::from_slice(rows.as_slice()));
        Self::Sealed(Box::new(Keys { rows, names }))
    }

    /// Whether rows are encrypted.
    pub(super) const fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed(_))
    }

    /// Seals a row for its place.
    pub(super) fn seal(&self, table: &str, key: &[u8], row: &[u8]) -> Result<Vec<u8>, AgentError> {
        let place = place(table, key);
        match self {
            Self::Plain => Ok([row, sum(&place, row).as_slice()].concat()),
            Self::Sealed(keys) => {
                let nonce = random::<NONCE_SIZE>()?;
                let payload = Payload { msg: row, aad: &place };
                let sealed = keys.rows.encrypt(XNonce::from_slice(&nonce), payload);
                let sealed = sealed.expect("a row is far below the cipher's limit of 256 GiB");
                Ok([nonce.as_slice(), &sealed].concat())
            }
        }
    }

    /// Opens what was sealed at this place.
    pub(super) fn open(
        &self,
        table: &str,
        key: &[u8],
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, NotSealed> {
        let place = place(table, key);
        match self {
            Self::Plain => {
                let at = sealed.len().checked_sub(SUM_SIZE).ok_or(NotSealed)?;
                let (row, have) = sealed.split_at(at);
                let intact = have == sum(&place, row);
                if intact { Ok(Zeroizing::new(row.to_vec())) } else { Err(NotSealed) }
            }
            Self::Sealed(keys) => {
                let (nonce, msg) = sealed.split_at_checked(NONCE_SIZE).ok_or(NotSealed)?;
                let payload = Payload { msg, aad: &place };
                let row = keys.rows.decrypt(XNonce::from_slice(nonce), payload);
                row.map(Zeroizing::new).map_err(|_| NotSealed)
            }
        }
    }

    /// Encrypts a chunk of a longer stream onto `out`; a plain one is appended as it is.
    pub(super) fn seal_chunk(
        &self,
        place: &[u8],
        chunk: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), AgentError> {
        let Self::Sealed(keys) = self else {
            out.extend_from_slice(chunk);
            return Ok(());
        };
        let nonce = random::<NONCE_SIZE>()?;
        out.extend_from_slice(&nonce);
        let at = out.len();
        out.extend_from_slice(chunk);
        let nonce = XNonce::from_slice(&nonce);
        let tag = keys.rows.encrypt_in_place_detached(nonce, place, &mut out[at..]);
        out.extend_from_slice(&tag.expect("a chunk is far below the cipher's limit"));
        Ok(())
    }

    /// Decrypts a chunk in its place; what is left in `chunk` is its content.
    pub(super) fn open_chunk(&self, place: &[u8], chunk: &mut Vec<u8>) -> Result<(), NotSealed> {
        let Self::Sealed(keys) = self else { return Ok(()) };
        let end = chunk.len().checked_sub(TAG_SIZE).filter(|end| *end >= NONCE_SIZE);
        let end = end.ok_or(NotSealed)?;
        let (head, tag) = chunk.split_at_mut(end);
        let (nonce, body) = head.split_at_mut(NONCE_SIZE);
        let (nonce, tag) = (XNonce::from_slice(nonce), Tag::from_slice(tag));
        keys.rows.decrypt_in_place_detached(nonce, place, body, tag).map_err(|_| NotSealed)?;
        chunk.truncate(end);
        chunk.drain(..NONCE_SIZE);
        Ok(())
    }

    /// What stands for `name` as a key of a table: itself, or a keyed hash of it.
    pub(super) fn name(&self, table: &str, name: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => name.to_vec(),
            Self::Sealed(keys) => keyed(&keys.names, &place(table, name)).to_vec(),
        }
    }

    /// What whoever can open this vault makes of a token; in an encrypted one nobody else can.
    pub(super) fn secret(&self, token: &[u8; 32]) -> Zeroizing<[u8; 32]> {
        let place = Zeroizing::new(place("control", token));
        Zeroizing::new(match self {
            Self::Plain => Sha256::digest(&*place).into(),
            Self::Sealed(keys) => keyed(&keys.names, &place),
        })
    }

    /// A key of fixed length for look-ups by a name of any length.
    pub(super) fn short_name(&self, table: &str, name: &[u8]) -> [u8; 16] {
        let place = place(table, name);
        let long = match self {
            Self::Plain => Sha256::digest(&place).into(),
            Self::Sealed(keys) => keyed(&keys.names, &place),
        };
        *long.first_chunk().expect("a hash has 32 bytes")
    }
}

/// Thirty-two fresh bytes.
pub(super) fn new_data_key() -> Result<DataKey, AgentError> {
    Ok(Zeroizing::new(random()?))
}

/// The bytes of `key.age`: the data key under a passphrase.
pub(super) fn wrap(data_key: &DataKey, passphrase: &str) -> Result<Vec<u8>, AgentError> {
    if passphrase.is_empty() {
        return Err(AgentError::Input("the passphrase is empty".into()));
    }
    let mut recipient = age::scrypt::Recipient::new(passphrase.into());
    recipient.set_work_factor(WORK_FACTOR);
    age::encrypt(&recipient, data_key.as_slice())
        .map_err(|error| AgentError::Input(format!("the key of the vault: {error}")))
}

/// Takes the data key out of `key.age`; `None` if the passphrase is another.
pub(super) fn unwrap(key_file: &[u8], passphrase: &str) -> Result<Option<DataKey>, String> {
    let mut identity = age::scrypt::Identity::new(passphrase.into());
    identity.set_max_work_factor(MAX_WORK_FACTOR);
    match age::decrypt(&identity, key_file) {
        Ok(key) => {
            let key = Zeroizing::new(key);
            let key: [u8; 32] =
                key.as_slice().try_into().map_err(|_| "it holds no key of 32 bytes".to_string())?;
            Ok(Some(Zeroizing::new(key)))
        }
        Err(age::DecryptError::DecryptionFailed | age::DecryptError::KeyDecryptionFailed) => {
            Ok(None)
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Random bytes from the operating system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], AgentError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| AgentError::Random(error.to_string()))?;
    Ok(bytes)
}

/// Table and key as one string: no table's name holds a zero byte.
fn place(table: &str, key: &[u8]) -> Vec<u8> {
    [table.as_bytes(), &[0], key].concat()
}

fn sum(place: &[u8], row: &[u8]) -> [u8; SUM_SIZE] {
    let size = (place.len() as u64).to_be_bytes();
    let hash = Sha256::new().chain_update(size).chain_update(place).chain_update(row).finalize();
    *hash.first_chunk().expect("a hash has 32 bytes")
}

fn derive(data_key: &DataKey, what: &[u8]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(keyed(data_key, what))
}

fn keyed(key: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key length is allowed");
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ciphers() -> [Cipher; 2] {
        [Cipher::Plain, Cipher::sealed(&Zeroizing::new([7; 32]))]
    }

    #[test]
    fn a_row_opens_at_its_place_and_nowhere_else() {
        for cipher in ciphers() {
            let sealed = cipher.seal("seen", b"key", b"row").unwrap();
            assert_eq!(cipher.open("seen", b"key", &sealed).unwrap().as_slice(), b"row");
            assert_eq!(cipher.open("seen", b"kez", &sealed), Err(NotSealed));
            assert_eq!(cipher.open("links", b"key", &sealed), Err(NotSealed));
            for at in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[at] ^= 1;
                assert_eq!(cipher.open("seen", b"key", &changed), Err(NotSealed));
                assert_eq!(cipher.open("seen", b"key", &sealed[..at]), Err(NotSealed));
            }
        }
    }

    #[test]
    fn a_chunk_opens_at_its_place_and_nowhere_else() {
        let [_, cipher] = ciphers();
        let mut sealed = Vec::new();
        cipher.seal_chunk(b"here", b"chunk", &mut sealed).unwrap();
        assert_eq!(sealed.len(), 5 + SEAL_SIZE);
        assert_eq!(cipher.open_chunk(b"there", &mut sealed.clone()), Err(NotSealed));
        assert_eq!(cipher.open_chunk(b"here", &mut sealed[..39].to_vec()), Err(NotSealed));
        cipher.open_chunk(b"here", &mut sealed).unwrap();
        assert_eq!(sealed, b"chunk");
    }

    #[test]
    fn an_encrypted_vault_s_names_say_nothing() {
        let [plain, sealed] = ciphers();
        assert_eq!(plain.name("seen", b"SN1"), b"SN1");
        let name = sealed.name("seen", b"SN1");
        assert_eq!(name.len(), 32);
        assert_ne!(name, sealed.name("links", b"SN1"));
        assert_ne!(name[..16], sealed.short_name("links", b"SN1"));
        assert_ne!(plain.short_name("of_unit", b"SN1"), sealed.short_name("of_unit", b"SN1"));
    }

    #[test]
    fn the_data_key_comes_back_with_its_passphrase_only() {
        let key = new_data_key().unwrap();
        let file = wrap(&key, "correct horse").unwrap();
        assert_eq!(unwrap(&file, "correct horse").unwrap(), Some(key.clone()));
        assert_eq!(unwrap(&file, "correct hors").unwrap(), None);
        assert!(unwrap(&file[..file.len() - 1], "correct horse").is_err());
        assert!(unwrap(b"no age file", "correct horse").is_err());
        assert!(wrap(&key, "").is_err());
    }
}
