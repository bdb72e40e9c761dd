//! Statements: what a source says to the log, one signed note each.
//!
//! Rule: `spec/text/statement.md`. Vectors: `spec/vectors/evidence/statement/`.
//!
//! ```text
//! fiducial/statement/v1
//! log example.com/evidence
//! source line-3-aoi
//! sequence 0
//! previous AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
//! after 0 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
//! batch 6ljhJktxfpJa7pJXpKSGW8CpdmT2g8OlGLhPvvqP3vA=
//!
//! — line-3-aoi <base64 of the key ID and a 64-byte Ed25519 signature>
//! ```
//!
//! A [`Statement`] is only *parsed*: its form is right and its lines agree with one another. A
//! [`VerifiedStatement`] is one that the source's key has signed; it is made by
//! [`Statement::verify`] and [`Draft::sign`] alone.
//!
//! Out of scope: whether `sequence` and `previous` continue the source's chain and whether `after`
//! is a tree of this log. Those need the log, which checks them at admission.
//!
//! Invariant: `Statement::parse(bytes)?.to_bytes() == bytes`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::checkpoint::{MAX_ORIGIN_SIZE, Origin};
use crate::encoding::{decode_hash, parse_decimal};
use crate::hash::{Hash, leaf_hash};
use crate::key::{KeyName, MAX_KEY_NAME_SIZE, SigningKey, VerifierKey};
use crate::note::{Note, NoteError, Signature, SignatureError, verify_line};
use crate::tree::Tree;

/// The most bytes a statement may have: every line at its longest.
///
/// Body: 22 for the first line, 5 + origin, 8 + source, 10 + 20, 10 + 44, 9 + 20 + 44 + 44, 7 + 44.
/// Then an empty line and the signature line: 4 for the dash and its space, the name, a space, 92
/// base64 letters of 68 bytes, a line break.
pub const MAX_STATEMENT_SIZE: usize =
    22 + (5 + MAX_ORIGIN_SIZE) + (8 + MAX_KEY_NAME_SIZE) + 30 + 54 + 117 + 51 + 1 + SIGNATURE_LINE;

/// The longest signature line.
const SIGNATURE_LINE: usize = 4 + MAX_KEY_NAME_SIZE + 1 + 92 + 1;

/// The length of an Ed25519 signature.
const ED25519_SIGNATURE_SIZE: usize = 64;

/// The first line of every statement.
const HEADER: &str = "fiducial/statement/v1";

/// Why bytes are not a statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StatementError {
    /// Size, root and note hash of the `after` line do not fit together.
    #[error("`after 0` goes with the empty root and a zero note hash, any other size with neither")]
    After,
    /// The first line names no statement of this version.
    #[error("the first line is not `{HEADER}`")]
    Header,
    /// A body line is missing, repeated, out of order, or its value is malformed.
    #[error("the line `{name}` is missing, out of place or malformed")]
    Line {
        /// What the line at this place starts with.
        name: &'static str,
    },
    /// Not a signed note.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The statement could also be written otherwise; only the one spelling is accepted.
    #[error("the statement is not in its one canonical spelling")]
    NotCanonical,
    /// `sequence 0` with a previous statement, or a later one without.
    #[error("`sequence 0` goes with 32 zero bytes as `previous`, any other sequence does not")]
    Previous,
    /// Not exactly one signature line of an Ed25519 signature by the name in the `source` line.
    #[error("a statement has exactly one Ed25519 signature line, by the name in its `source` line")]
    Signature,
    /// More than [`MAX_STATEMENT_SIZE`] bytes.
    #[error("the statement has {size} bytes; at most {MAX_STATEMENT_SIZE} are read")]
    TooLarge {
        /// Its bytes.
        size: usize,
    },
    /// Lines behind the `batch` line.
    #[error("lines follow the `batch` line")]
    TrailingLines,
}

/// The newest tree of the log that the source had verified when it made a statement.
///
/// Either [`After::NOTHING`] or a tree of at least one entry with the SHA-256 of its cosigned note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    tree: Tree,
    note_hash: Hash,
}

impl After {
    /// The source had verified no tree with entries yet.
    pub const NOTHING: Self = Self { tree: Tree::EMPTY, note_hash: Hash::ZERO };

    /// Names a verified checkpoint: its tree and the plain SHA-256 of its whole cosigned note.
    ///
    /// A tree without entries proves nothing about time and is written as [`After::NOTHING`].
    pub fn checkpoint(tree: Tree, note_hash: Hash) -> Result<Self, StatementError> {
        if tree.size() == 0 || note_hash == Hash::ZERO {
            return Err(StatementError::After);
        }
        Ok(Self { tree, note_hash })
    }

    /// Size and root.
    #[must_use]
    pub const fn tree(&self) -> Tree {
        self.tree
    }

    /// The SHA-256 of the checkpoint's cosigned note; 32 zero bytes when there is none.
    #[must_use]
    pub const fn note_hash(&self) -> Hash {
        self.note_hash
    }

    fn parse(value: &str) -> Result<Self, StatementError> {
        let malformed = || StatementError::Line { name: "after" };
        let (size, rest) = value.split_once(' ').ok_or_else(malformed)?;
        let (root, note_hash) = rest.split_once(' ').ok_or_else(malformed)?;
        let size = parse_decimal(size).map_err(|_| malformed())?;
        let root = decode_hash(root).map_err(|_| malformed())?;
        let note_hash = decode_hash(note_hash).map_err(|_| malformed())?;
        let tree = Tree::new(size, root).ok_or(StatementError::After)?;
        match (size, note_hash) {
            (0, Hash::ZERO) => Ok(Self::NOTHING),
            _ => Self::checkpoint(tree, note_hash),
        }
    }
}

/// Everything that a statement says, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    origin: Origin,
    source: KeyName,
    sequence: u64,
    previous: Hash,
    after: After,
    batch: Hash,
}

impl Draft {
    /// Puts a statement together: `previous` is zero at sequence 0 and at no other.
    pub fn new(
        origin: Origin,
        source: KeyName,
        sequence: u64,
        previous: Hash,
        after: After,
        batch: Hash,
    ) -> Result<Self, StatementError> {
        if (sequence == 0) != (previous == Hash::ZERO) {
            return Err(StatementError::Previous);
        }
        Ok(Self { origin, source, sequence, previous, after, batch })
    }

    /// Signs the statement with the source's key, of type `0x01`.
    ///
    /// # Panics
    ///
    /// If the key is a cosignature key, see [`SigningKey::sign_note`].
    pub fn sign(self, key: &SigningKey) -> Result<VerifiedStatement, StatementError> {
        if *key.verifier().name() != self.source {
            return Err(StatementError::Signature);
        }
        let text = self.to_string();
        let signature = key.sign_note(&text);
        Ok(VerifiedStatement(Statement { said: self, text, signature }))
    }

    fn parse(text: &str) -> Result<Self, StatementError> {
        let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
        if lines.next() != Some(HEADER) {
            return Err(StatementError::Header);
        }
        let mut value = |name: &'static str| {
            let line = lines.next().and_then(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.strip_prefix(' ')).ok_or(StatementError::Line { name })
        };
        let malformed = |name| StatementError::Line { name };
        let origin = Origin::parse(value("log")?).map_err(|_| malformed("log"))?;
        let source = KeyName::parse(value("source")?).map_err(|_| malformed("source"))?;
        let sequence = parse_decimal(value("sequence")?).map_err(|_| malformed("sequence"))?;
        let previous = decode_hash(value("previous")?).map_err(|_| malformed("previous"))?;
        let after = After::parse(value("after")?)?;
        let batch = decode_hash(value("batch")?).map_err(|_| malformed("batch"))?;
        if lines.next().is_some() {
            return Err(StatementError::TrailingLines);
        }
        Self::new(origin, source, sequence, previous, after, batch)
    }
}

/// Writes the text that is signed, with its final line break.
impl fmt::Display for Draft {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEADER}\nlog {}\nsource {}", self.origin, self.source)?;
        writeln!(formatter, "sequence {}\nprevious {}", self.sequence, self.previous)?;
        let (tree, note_hash) = (self.after.tree, self.after.note_hash);
        writeln!(formatter, "after {} {} {note_hash}", tree.size(), tree.root())?;
        writeln!(formatter, "batch {}", self.batch)
    }
}

/// A statement of the right form. Who made it is only claimed: see [`Statement::verify`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    said: Draft,
    /// What is signed: `said` in its one spelling, kept so that it is written once and not again
    /// for each check.
    text: String,
    signature: Signature,
}

impl Statement {
    /// Parses an entry of the log. Reads at most [`MAX_STATEMENT_SIZE`] bytes.
    pub fn parse(entry: &[u8]) -> Result<Self, StatementError> {
        if entry.len() > MAX_STATEMENT_SIZE {
            return Err(StatementError::TooLarge { size: entry.len() });
        }
        let note = Note::parse(entry)?;
        let said = Draft::parse(note.text())?;
        let [signature] = note.signatures() else {
            return Err(StatementError::Signature);
        };
        if signature.name != said.source || signature.bytes.len() != ED25519_SIGNATURE_SIZE {
            return Err(StatementError::Signature);
        }
        // The text is kept as it is written again, never as it came.
        let statement = Self { text: said.to_string(), said, signature: signature.clone() };
        if statement.to_bytes() == entry {
            Ok(statement)
        } else {
            Err(StatementError::NotCanonical)
        }
    }

    /// Checks the signature with the source's key, which the caller knew before.
    pub fn verify(&self, key: &VerifierKey) -> Result<VerifiedStatement, SignatureError> {
        self.check_signature(key)?;
        Ok(VerifiedStatement(self.clone()))
    }

    /// The same check without the verified statement, for who keeps the entry's bytes only.
    pub fn check_signature(&self, key: &VerifierKey) -> Result<(), SignatureError> {
        verify_line(&self.text, &self.signature, key)
    }

    /// Which log the statement is made for.
    #[must_use]
    pub const fn origin(&self) -> &Origin {
        &self.said.origin
    }

    /// Which source claims to have made it.
    #[must_use]
    pub const fn source(&self) -> &KeyName {
        &self.said.source
    }

    /// How many statements the source has made before this one.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.said.sequence
    }

    /// The leaf hash of the source's previous statement; zero at sequence 0.
    #[must_use]
    pub const fn previous(&self) -> Hash {
        self.said.previous
    }

    /// The newest tree that the source had verified.
    #[must_use]
    pub const fn after(&self) -> After {
        self.said.after
    }

    /// The commitment to the batch of records.
    #[must_use]
    pub const fn batch(&self) -> Hash {
        self.said.batch
    }

    /// The one signature line.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The entry's bytes: the whole note, signature included.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        format!("{}\n{}\n", self.text, self.signature).into_bytes()
    }

    /// The entry's leaf hash in the log (RFC 6962, section 2.1), over the whole note.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.to_bytes())
    }
}

/// A statement whose signature has been checked with the source's key, or that was just signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedStatement(Statement);

impl VerifiedStatement {
    /// The statement without the mark that it is verified.
    #[must_use]
    pub fn into_statement(self) -> Statement {
        self.0
    }
}

impl core::ops::Deref for VerifiedStatement {
    type Target = Statement;

    fn deref(&self) -> &Statement {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Algorithm;
    use crate::note::MAX_SIGNATURES;
    use alloc::vec;

    fn key(name: &str) -> SigningKey {
        let name = KeyName::parse(name).unwrap();
        SigningKey::from_seed(name, Algorithm::NoteEd25519, &[7; 32]).unwrap()
    }

    fn later() -> VerifiedStatement {
        let origin = Origin::parse("example.com/evidence").unwrap();
        let tree = Tree::new(41, Hash::of(b"root")).unwrap();
        let after = After::checkpoint(tree, Hash::of(b"note")).unwrap();
        let source = KeyName::parse("line-3-aoi").unwrap();
        let (previous, batch) = (Hash::of(b"previous"), Hash::of(b"batch"));
        Draft::new(origin, source, 9, previous, after, batch)
            .unwrap()
            .sign(&key("line-3-aoi"))
            .unwrap()
    }

    /// Signs any text at all, so that only the rule under test can refuse it.
    fn signed(text: &str) -> Vec<u8> {
        Note::new(text.to_string(), vec![key("line-3-aoi").sign_note(text)]).to_bytes()
    }

    #[test]
    fn a_statement_survives_its_bytes_and_verifies() {
        let statement = later();
        let parsed = Statement::parse(&statement.to_bytes()).unwrap();
        assert_eq!(parsed, *statement);
        let verified = parsed.verify(key("line-3-aoi").verifier()).unwrap();
        assert_eq!(verified, statement);
        assert_eq!(verified.leaf_hash(), leaf_hash(&statement.to_bytes()));
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let (bytes, key) = (later().to_bytes(), key("line-3-aoi"));
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let accepted = Statement::parse(&changed)
                    .is_ok_and(|statement| statement.verify(key.verifier()).is_ok());
                assert!(!accepted, "byte {at}, bit {bit}");
            }
        }
    }

    #[test]
    fn another_key_of_the_same_name_does_not_verify() {
        let name = KeyName::parse("line-3-aoi").unwrap();
        let other = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[8; 32]).unwrap();
        assert_eq!(later().verify(other.verifier()), Err(SignatureError::Missing));
    }

    #[test]
    fn a_draft_is_signed_by_its_own_source_only() {
        let said = later().said.clone();
        assert_eq!(said.sign(&key("line-4-aoi")), Err(StatementError::Signature));
    }

    #[test]
    fn the_first_statement_has_no_previous_and_only_the_first() {
        let said = later().said.clone();
        let first = said.to_string().replace("sequence 9", "sequence 0");
        assert_eq!(Statement::parse(&signed(&first)), Err(StatementError::Previous));
        let zero =
            said.to_string().replace(&Hash::of(b"previous").to_string(), &Hash::ZERO.to_string());
        assert_eq!(Statement::parse(&signed(&zero)), Err(StatementError::Previous));
        let both = zero.replace("sequence 9", "sequence 0");
        assert!(Statement::parse(&signed(&both)).is_ok());
    }

    #[test]
    fn after_zero_goes_with_the_empty_root_and_a_zero_note_hash() {
        let text = later().text.clone();
        let line = text.lines().find(|line| line.starts_with("after")).unwrap();
        let (empty, zero, other) = (Hash::EMPTY_ROOT, Hash::ZERO, Hash::of(b"x"));
        let accepts = |after: String| Statement::parse(&signed(&text.replace(line, &after)));
        assert!(accepts(alloc::format!("after 0 {empty} {zero}")).is_ok());
        for wrong in [
            alloc::format!("after 0 {other} {zero}"),
            alloc::format!("after 0 {empty} {other}"),
            alloc::format!("after 1 {other} {zero}"),
        ] {
            assert_eq!(accepts(wrong.clone()), Err(StatementError::After), "{wrong}");
        }
    }

    #[test]
    fn every_line_is_required_once_and_in_order() {
        let text = later().text.clone();
        let lines: Vec<&str> = text.lines().collect();
        for at in 0..lines.len() {
            let mut missing = lines.clone();
            missing.remove(at);
            let mut twice = lines.clone();
            twice.insert(at, lines[at]);
            let mut swapped = lines.clone();
            swapped.swap(at, (at + 1) % lines.len());
            for changed in [missing, twice, swapped] {
                let changed = changed.join("\n") + "\n";
                assert!(Statement::parse(&signed(&changed)).is_err(), "{changed}");
            }
        }
    }

    #[test]
    fn a_statement_has_exactly_one_signature() {
        let (text, key) = (later().text.clone(), key("line-3-aoi"));
        let line = key.sign_note(&text);
        for count in 2..=MAX_SIGNATURES.min(4) {
            let note = Note::new(text.clone(), vec![line.clone(); count]);
            assert_eq!(Statement::parse(&note.to_bytes()), Err(StatementError::Signature));
        }
        let mut longer = line;
        longer.bytes.push(0);
        let note = Note::new(text, vec![longer]);
        assert_eq!(Statement::parse(&note.to_bytes()), Err(StatementError::Signature));
    }

    #[test]
    fn the_longest_statement_is_as_long_as_the_limit_says() {
        let name = "n".repeat(MAX_KEY_NAME_SIZE);
        let origin = Origin::parse(&"o".repeat(MAX_ORIGIN_SIZE)).unwrap();
        let tree = Tree::new(u64::MAX, Hash::of(b"root")).unwrap();
        let after = After::checkpoint(tree, Hash::of(b"note")).unwrap();
        let source = KeyName::parse(&name).unwrap();
        let draft = Draft::new(origin, source, u64::MAX, Hash::of(b"p"), after, Hash::of(b"b"));
        let bytes = draft.unwrap().sign(&key(&name)).unwrap().to_bytes();
        assert_eq!(bytes.len(), MAX_STATEMENT_SIZE);
        assert!(Statement::parse(&bytes).is_ok());
        let longer = [bytes.as_slice(), b"x"].concat();
        let refused = StatementError::TooLarge { size: MAX_STATEMENT_SIZE + 1 };
        assert_eq!(Statement::parse(&longer), Err(refused));
    }
}
