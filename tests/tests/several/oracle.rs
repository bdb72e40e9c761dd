//! What the log has promised, kept apart from it, and whether it holds.
//!
//! It is told every acknowledgement and every checkpoint that any server ever showed, and in the end
//! reads all entries. It shares no code with the log: signed notes, keys and trees are read here once
//! more, by the words of C2SP and RFC 6962, and it knows the statements by their bytes, because those
//! who made them have told it.
//!
//! What it demands: every acknowledged statement is at its index, and there once; there is nothing that
//! nobody sent; a source's statements are all there, in their order, without one left out; every
//! checkpoint is signed by the log and by a quorum of witnesses, and has the root of the entries at its
//! size, so that any two agree; no server ever shows a smaller one than before.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ::tests::oracle::literal::{self, Hash};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};

/// A log's own signature: over the text itself.
const OF_LOG: u8 = 0x01;

/// A witness's cosignature: over the time and the text.
const OF_WITNESS: u8 = 0x04;

/// An Ed25519 key as `name+id+base64(type and key)`.
pub(crate) struct Key {
    name: String,
    kind: u8,
    key: VerifyingKey,
}

/// One statement of a source, and what came of it.
#[derive(Clone, Copy)]
pub(crate) struct Stated {
    pub(crate) leaf: Hash,
    /// The index that it was told, if it was told any.
    pub(crate) index: Option<u64>,
}

/// See the module's text.
pub(crate) struct Oracle {
    log: Key,
    witnesses: Vec<Key>,
    quorum: usize,
    /// The root of every size that was ever shown.
    roots: BTreeMap<u64, Hash>,
    /// The size that each server showed last.
    shown: BTreeMap<usize, u64>,
    /// Size and root of each note that was verified, by its hash.
    known: HashMap<Hash, (u64, Hash)>,
}

impl Key {
    /// `None` for a key of another algorithm.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // The base64 may hold a plus sign.
        let mut parts = text.splitn(3, '+');
        let (name, _id, octets) = (parts.next()?, parts.next()?, parts.next()?);
        let octets = BASE64_STANDARD.decode(octets).ok()?;
        let (kind, key) = octets.split_first()?;
        let key = VerifyingKey::from_bytes(key.try_into().ok()?).ok()?;
        matches!(*kind, OF_LOG | OF_WITNESS).then(|| Self {
            name: name.to_owned(),
            kind: *kind,
            key,
        })
    }

    fn id(&self) -> [u8; 4] {
        let named = Sha256::new().chain_update(&self.name).chain_update([b'\n', self.kind]);
        let hash: Hash = named.chain_update(self.key.as_bytes()).finalize().into();
        [hash[0], hash[1], hash[2], hash[3]]
    }

    /// Whether one of the lines is a signature of this key, and holds.
    fn has_signed(&self, text: &str, lines: &str) -> bool {
        let own = format!("\u{2014} {} ", self.name);
        let lines = lines.lines().filter_map(|line| line.strip_prefix(&own));
        lines.filter_map(|line| BASE64_STANDARD.decode(line).ok()).any(|octets| {
            let Some(signed) = octets.strip_prefix(&self.id()) else { return false };
            let (message, signature) = match self.kind {
                OF_LOG => (text.to_owned(), signed),
                _ => {
                    let Some((time, signature)) = signed.split_first_chunk::<8>() else {
                        return false;
                    };
                    let time = u64::from_be_bytes(*time);
                    (format!("cosignature/v1\ntime {time}\n{text}"), signature)
                }
            };
            Signature::from_slice(signature).is_ok_and(|signature| {
                self.key.verify_strict(message.as_bytes(), &signature).is_ok()
            })
        })
    }
}

impl Oracle {
    /// Believes the log and, of the witnesses, so many at once.
    pub(crate) fn new(log: Key, witnesses: Vec<Key>, quorum: usize) -> Self {
        let (roots, shown, known) = (BTreeMap::new(), BTreeMap::new(), HashMap::new());
        Self { log, witnesses, quorum, roots, shown, known }
    }

    /// A server has shown a checkpoint. Returns its size and its root.
    pub(crate) fn saw(&mut self, server: usize, note: &[u8]) -> Result<(u64, Hash), String> {
        let hash = literal::leaf(note);
        let (size, root) = match self.known.get(&hash) {
            Some(known) => *known,
            None => self.learn(note)?,
        };
        self.known.insert(hash, (size, root));
        let before = self.shown.insert(server, size).unwrap_or_default();
        if size < before {
            return Err(format!("server {server} showed {size} entries after {before}"));
        }
        Ok((size, root))
    }

    /// Verifies a note that was not seen before.
    fn learn(&mut self, note: &[u8]) -> Result<(u64, Hash), String> {
        let text = std::str::from_utf8(note).map_err(|_| "a checkpoint is no text")?;
        let (text, lines) = text.split_once("\n\n").ok_or("a checkpoint has no signatures")?;
        let text = format!("{text}\n");
        if !self.log.has_signed(&text, lines) {
            return Err(format!("the log has not signed this checkpoint:\n{text}{lines}"));
        }
        let cosigners = self.witnesses.iter().filter(|key| key.has_signed(&text, lines)).count();
        if cosigners < self.quorum {
            return Err(format!(
                "{cosigners} witnesses have cosigned this checkpoint:\n{text}{lines}"
            ));
        }
        let (size, root) = read(&text, &self.log.name).ok_or(format!("no checkpoint:\n{text}"))?;
        if *self.roots.entry(size).or_insert(root) != root {
            return Err(format!("two checkpoints of {size} entries disagree"));
        }
        Ok((size, root))
    }

    /// How many sizes were shown.
    pub(crate) fn checkpoints(&self) -> usize {
        self.roots.len()
    }

    /// Holds all entries against everything that was promised. Each list is one source's, in its order.
    pub(crate) fn judge(&self, entries: &[Vec<u8>], sources: &[Vec<Stated>]) -> Result<(), String> {
        let leaves: Vec<Hash> = entries.iter().map(|entry| literal::leaf(entry)).collect();
        let mut places = BTreeMap::new();
        for (index, leaf) in (0_u64..).zip(&leaves) {
            if let Some(before) = places.insert(*leaf, index) {
                return Err(format!("one entry is at {before} and at {index}"));
            }
        }
        let mut expected = BTreeSet::new();
        for (at, source) in sources.iter().enumerate() {
            judge_chain(source, &places).map_err(|why| format!("source {at}: {why}"))?;
            expected.extend(source.iter().map(|stated| stated.leaf));
        }
        if let Some((_, index)) = places.iter().find(|(leaf, _)| !expected.contains(*leaf)) {
            return Err(format!("nobody has sent what is at {index}"));
        }
        self.judge_roots(&leaves)
    }

    fn judge_roots(&self, leaves: &[Hash]) -> Result<(), String> {
        let (mut growing, mut rest) = (Growing::default(), leaves);
        for (size, root) in &self.roots {
            let more = (*size - growing.size) as usize;
            let (front, behind) = rest.split_at_checked(more).ok_or_else(|| {
                format!("a checkpoint of {size} was shown, and there are {} entries", leaves.len())
            })?;
            front.iter().for_each(|leaf| growing.push(*leaf));
            rest = behind;
            if growing.root() != *root {
                return Err(format!("the checkpoint of {size} entries has not their root"));
            }
        }
        Ok(())
    }
}

/// A chain is whole if its statements are there in their order, each one behind the one before it, and
/// only the last may be missing: if nobody was told that it is there.
fn judge_chain(source: &[Stated], places: &BTreeMap<Hash, u64>) -> Result<(), String> {
    let mut before = None;
    for (sequence, stated) in source.iter().enumerate() {
        let place = places.get(&stated.leaf).copied();
        match (place, stated.index) {
            (Some(there), Some(told)) if there != told => {
                return Err(format!("statement {sequence} is at {there}; it was told {told}"));
            }
            (None, Some(told)) => {
                return Err(format!("statement {sequence} was told {told} and is not there"));
            }
            (None, None) if sequence + 1 < source.len() => {
                return Err(format!("statement {sequence} is missing before others"));
            }
            (Some(there), _) if before.is_some_and(|before| there <= before) => {
                return Err(format!(
                    "statement {sequence} is at {there}, before the one before it"
                ));
            }
            _ => before = place.or(before),
        }
    }
    Ok(())
}

/// Size and root of a checkpoint's text: origin, size, root, a line each.
fn read(text: &str, origin: &str) -> Option<(u64, Hash)> {
    let mut lines = text.strip_suffix('\n')?.split('\n');
    if lines.next()? != origin {
        return None;
    }
    let size = lines.next()?.parse().ok()?;
    let root = BASE64_STANDARD.decode(lines.next()?).ok()?;
    Some((size, root.try_into().ok()?))
}

/// A tree that grows leaf by leaf: the complete trees of its right edge, the largest first.
#[derive(Default)]
struct Growing {
    size: u64,
    complete: Vec<(u64, Hash)>,
}

impl Growing {
    fn push(&mut self, leaf: Hash) {
        self.size += 1;
        let (mut width, mut hash) = (1, leaf);
        while let Some((left, _)) = self.complete.last().filter(|(left, _)| *left == width) {
            width += left;
            hash = node(self.complete.pop().expect("it is the last").1, hash);
        }
        self.complete.push((width, hash));
    }

    fn root(&self) -> Hash {
        let hashes = self.complete.iter().rev().map(|(_, hash)| *hash);
        hashes.reduce(|right, left| node(left, right)).unwrap_or_else(|| literal::root(&[]))
    }
}

fn node(left: Hash, right: Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    const ORIGIN: &str = "oracle.example/log";

    fn pair(name: &str, kind: u8, seed: u8) -> (SigningKey, Key) {
        let secret = SigningKey::from_bytes(&[seed; 32]);
        let key = Key { name: name.to_owned(), kind, key: secret.verifying_key() };
        (secret, key)
    }

    fn oracle() -> Oracle {
        let witnesses = vec![pair("one", OF_WITNESS, 2).1, pair("two", OF_WITNESS, 3).1];
        Oracle::new(pair(ORIGIN, OF_LOG, 1).1, witnesses, 2)
    }

    /// A checkpoint, signed by the log if `log`, and by so many of the witnesses.
    fn note(size: u64, root: Hash, log: bool, cosigners: usize) -> Vec<u8> {
        let text = format!("{ORIGIN}\n{size}\n{}\n", BASE64_STANDARD.encode(root));
        let mut note = format!("{text}\n");
        let mut sign = |(secret, key): (SigningKey, Key), message: String, time: &[u8]| {
            let signature = secret.sign(message.as_bytes()).to_bytes();
            let octets = [&key.id()[..], time, &signature].concat();
            note += &format!("\u{2014} {} {}\n", key.name, BASE64_STANDARD.encode(octets));
        };
        if log {
            sign(pair(ORIGIN, OF_LOG, 1), text.clone(), &[]);
        }
        for (name, seed) in [("one", 2), ("two", 3)].into_iter().take(cosigners) {
            let message = format!("cosignature/v1\ntime 7\n{text}");
            sign(pair(name, OF_WITNESS, seed), message, &7_u64.to_be_bytes());
        }
        note.into_bytes()
    }

    fn entries(count: u8) -> Vec<Vec<u8>> {
        (0..count).map(|at| vec![at]).collect()
    }

    /// One source, whose statements are the entries, as they were acknowledged.
    fn chain(count: u8) -> Vec<Stated> {
        let stated =
            |(at, entry): (u64, Vec<u8>)| Stated { leaf: literal::leaf(&entry), index: Some(at) };
        (0..).zip(entries(count)).map(stated).collect()
    }

    #[test]
    fn a_tree_that_grows_is_the_literal_one() {
        let leaves: Vec<Hash> = entries(100).iter().map(|entry| literal::leaf(entry)).collect();
        let mut growing = Growing::default();
        for size in 0..=leaves.len() {
            assert_eq!(growing.root(), literal::root(&leaves[..size]), "{size}");
            leaves.get(size).into_iter().for_each(|leaf| growing.push(*leaf));
        }
    }

    #[test]
    fn what_is_not_signed_by_all_is_not_believed() {
        let root = [1; 32];
        assert_eq!(oracle().saw(0, &note(3, root, true, 2)), Ok((3, root)));
        assert!(oracle().saw(0, &note(3, root, false, 2)).is_err());
        assert!(oracle().saw(0, &note(3, root, true, 1)).is_err());
        let mut altered = note(3, root, true, 2);
        let at = ORIGIN.len() + 1;
        altered[at] = b'4';
        assert!(oracle().saw(0, &altered).is_err());
    }

    #[test]
    fn checkpoints_that_disagree_or_shrink_are_found() {
        let mut oracle = oracle();
        assert_eq!(oracle.saw(0, &note(3, [1; 32], true, 2)), Ok((3, [1; 32])));
        assert!(oracle.saw(1, &note(3, [2; 32], true, 2)).is_err());
        assert_eq!(oracle.saw(1, &note(2, [2; 32], true, 2)), Ok((2, [2; 32])));
        assert!(oracle.saw(0, &note(2, [2; 32], true, 2)).is_err());
    }

    #[test]
    fn a_whole_log_holds_and_each_fault_of_one_is_found() {
        let all = entries(5);
        let holds = |entries: &[Vec<u8>], source: Vec<Stated>| oracle().judge(entries, &[source]);
        assert_eq!(holds(&all, chain(5)), Ok(()));
        // Lost, twice, nobody's, out of order.
        assert!(holds(&all[..4], chain(5)).is_err());
        assert!(holds(&[&all[..], &all[..1]].concat(), chain(5)).is_err());
        assert!(holds(&all, chain(4)).is_err());
        let mut swapped = all.clone();
        swapped.swap(1, 2);
        assert!(holds(&swapped, chain(5)).is_err());
        // Sent and not answered: there or not, but only at the end.
        let silent = |at: usize| {
            let mut source = chain(5);
            source[at].index = None;
            source
        };
        assert_eq!(holds(&all, silent(4)), Ok(()));
        assert_eq!(holds(&all[..4], silent(4)), Ok(()));
        let without = [&all[..2], &all[3..]].concat();
        assert!(holds(&without, silent(2)).is_err());
    }

    #[test]
    fn a_checkpoint_of_other_entries_is_found() {
        let leaves: Vec<Hash> = entries(5).iter().map(|entry| literal::leaf(entry)).collect();
        for (size, root, holds) in [
            (5, literal::root(&leaves), true),
            (3, literal::root(&leaves[..3]), true),
            (3, literal::root(&leaves[1..4]), false),
            (6, literal::root(&leaves), false),
        ] {
            let mut oracle = oracle();
            oracle.saw(0, &note(size, root, true, 2)).unwrap();
            assert_eq!(oracle.judge(&entries(5), &[chain(5)]).is_ok(), holds, "{size}");
        }
    }
}
