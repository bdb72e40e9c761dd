//! Where a chain goes on when its end is in doubt: after a restore, or when the log has another
//! statement at our place.
//!
//! ```text
//! doubt          what happens
//! the vault      every source is held: nothing is signed. The sender asks the log for the end of
//! went back      each chain, moves behind it, and the sources go on by themselves.
//! a 409          that source alone stops. The key may be in use elsewhere, which a person has to
//!                look into; `resume` is his word that it is not.
//! ```
//!
//! The log's word on where a chain ends is not believed. Its published entries are read from the
//! last one that this vault knows, and what stands there has to be signed by our own key and to
//! continue our own chain; the end that the log names to a question has to be the same. The
//! question is a statement at a sequence that no log takes, so that nothing can be made of it.
//!
//! A vault from before a change of keys has not the newer key, perhaps not even its public half. Where
//! it was to follow already, it signs from now on. Where it is unknown, what it has signed cannot be
//! told from what somebody else has: the gap is named and the source stops, until a person resumes it.
//!
//! The statements that are found and cannot be opened are lost: the next one names them in an
//! `outage` record. Records behind statements of ours that the log refused are stated again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use spec::Hash;
use spec::encoding::decode_hex;
use spec::evidence::field::Content;
use spec::evidence::kind::Kind;
use spec::evidence::record::Record;
use spec::evidence::statement::{After, Draft, Statement};
use spec::key::{KeyName, VerifierKey};
use spec::tile::{TILE_WIDTH, Tile, TileKind, parse_entries};

use super::outage::Lost;
use super::{checkpoint, state};
use crate::clock::{self, Clock};
use crate::error::AgentError;
use crate::log_client::{AddError, LogClient, Refusal};
use crate::model::{Hash256, Pending, UnixMillis};
use crate::vault::{Head, Stage, Vault};

/// The sequence of a question: no chain comes so far.
const QUESTION: u64 = u64::MAX;

/// Why a source stops whose statements in the log are by a key that the vault does not know.
const UNKNOWN_KEY: &str = "unknown-key";

/// Why a source sends nothing more. A row of the vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stopped {
    /// The statement that the log refused.
    pub(crate) sequence: u64,
    /// The kind of its problem.
    pub(crate) kind: String,
    /// What it says.
    pub(crate) detail: String,
    /// Since when.
    pub(crate) since: UnixMillis,
}

/// A chain whose end was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resumed {
    /// Whose.
    pub(crate) source: KeyName,
    /// The sequences that nobody can open, if there are any.
    pub(crate) lost: Option<(u64, u64)>,
    /// The next statement's sequence.
    pub(crate) next: u64,
}

/// A statement of ours that the log has.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Found {
    sequence: u64,
    leaf: Hash,
    previous: Hash,
    index: u64,
    after: u64,
    /// The key that signed it; `None` for one that this vault does not know.
    key: Option<VerifierKey>,
}

/// What the found statements mean for the chain.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    /// Those that the vault has.
    own: Vec<(u64, u64)>,
    /// The first and last of those that it has not.
    lost: Option<(u64, u64)>,
}

/// Why a source is stopped, if it is.
pub(crate) fn stopped(vault: &Vault, source: &KeyName) -> Result<Option<Stopped>, AgentError> {
    state::read(vault, &state::of("stopped", source))
}

/// Refuses to sign or send for a source whose chain's end is in doubt.
pub(crate) fn check_chain(vault: &Vault, source: &KeyName) -> Result<(), AgentError> {
    let held = |reason: String| Err(AgentError::Held { name: source.to_string(), reason });
    if vault.went_back().is_some() {
        return held("the vault is not its newest copy; the log is asked where to go on".into());
    }
    match stopped(vault, source)? {
        None => Ok(()),
        Some(Stopped { sequence, detail, .. }) => {
            held(format!("the log refused statement {sequence}: {detail}"))
        }
    }
}

/// Stops a source until somebody resumes it.
pub(super) fn stop(
    vault: &Vault,
    source: &KeyName,
    sequence: u64,
    refusal: &Refusal,
    since: UnixMillis,
) -> Result<(), AgentError> {
    let (kind, detail) = (refusal.kind.clone(), refusal.detail.clone());
    state::write(vault, &state::of("stopped", source), &Stopped { sequence, kind, detail, since })
}

/// Moves every chain behind what the log has of it, if the vault went back. Done again from the
/// start when it could not be finished.
pub(crate) fn after_restore(
    vault: &Vault,
    log: &LogClient,
    clock: &dyn Clock,
) -> Result<Vec<Resumed>, AgentError> {
    if vault.went_back().is_none() {
        return Ok(Vec::new());
    }
    let reason = "the vault was restored from a copy that is older than these statements";
    let resumed = move_behind(vault, log, &vault.sources()?, reason, Word::Nobodys, clock)?;
    vault.settle_went_back()?;
    Ok(resumed)
}

/// Lets a stopped source go on behind what the log has of its chain: an operator's word.
pub(crate) fn resume(
    vault: &Vault,
    log: &LogClient,
    source: &KeyName,
    clock: &dyn Clock,
) -> Result<Resumed, AgentError> {
    let reason = "the log has other statements by this source's key at these sequences";
    let sources = std::slice::from_ref(source);
    let mut resumed = move_behind(vault, log, sources, reason, Word::Operators, clock)?;
    state::clear(vault, &state::of("stopped", source))?;
    resumed.pop().ok_or_else(|| AgentError::Input(format!("there is no source {source}")))
}

/// Lets a stopped source send the same bytes again, for a command that a person has typed. If the
/// log still refuses them, it stops again.
pub(crate) fn retry(vault: &Vault, source: &KeyName) -> Result<(), AgentError> {
    match stopped(vault, source)? {
        // What stands in the log is by a key that nobody here knows: only `resume` is a word on it.
        Some(stopped) if stopped.kind == UNKNOWN_KEY => Ok(()),
        Some(_) => state::clear(vault, &state::of("stopped", source)),
        None => Ok(()),
    }
}

fn move_behind(
    vault: &Vault,
    log: &LogClient,
    sources: &[KeyName],
    reason: &str,
    word: Word,
    clock: &dyn Clock,
) -> Result<Vec<Resumed>, AgentError> {
    let size = checkpoint::newest(vault, log)?.map_or(0, |(_, newest)| newest.tree().size());
    let (mut keys, mut known, mut from) = (Vec::new(), BTreeMap::new(), size);
    for source in sources {
        keys.push((source.clone(), vault.keys_of(source)?));
        let newest = newest_in_log(vault, source)?;
        from = from.min(newest.map_or(0, |(_, index)| index + 1));
        known.insert(source.clone(), newest);
    }
    let mut found = read_log(vault, log, from..size, &keys)?;
    let mut resumed = Vec::new();
    for source in sources {
        let found = found.remove(source).unwrap_or_default();
        // Behind the newest that is known of this source; another's may be further back.
        let first = known[source].map_or(0, |(sequence, _)| sequence + 1);
        let found: Vec<Found> = found.into_iter().filter(|found| found.sequence >= first).collect();
        if word == Word::Nobodys
            && let Some(gap) = of_unknown_key(&found)
        {
            stop(vault, source, gap.sequence, &gap.refusal(source), clock.now())?;
            continue;
        }
        resumed.push(move_one(vault, log, source, first, &found, reason, clock)?);
        sign_as_the_log_has_it(vault, source, &found)?;
    }
    Ok(resumed)
}

/// On whose word a chain goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    /// On what the vault can verify by itself.
    Nobodys,
    /// On that of a person, who has looked at what stands in the log.
    Operators,
}

/// Statements in the log by a key that the vault does not know.
struct Unknown {
    sequence: u64,
    last: u64,
}

/// The first and the last of those, if there are any.
fn of_unknown_key(found: &[Found]) -> Option<Unknown> {
    let mut unknown = found.iter().filter(|found| found.key.is_none()).map(|one| one.sequence);
    let sequence = unknown.next()?;
    Some(Unknown { sequence, last: unknown.next_back().unwrap_or(sequence) })
}

impl Unknown {
    /// Why the source stops, and what to do.
    fn refusal(&self, source: &KeyName) -> Refusal {
        let (first, last) = (self.sequence, self.last);
        let detail = format!(
            "the log has statements {first} to {last} of {source} by a key that this vault does not \
             have: it is from before a change of keys. If those statements are yours, run \
             `fiducial-agent resume`; they are then named as lost. If the log does not list the key \
             of this vault any more, make a new one with `fiducial-agent source rotate`, have it \
             approved, and run `fiducial-agent source switch`"
        );
        Refusal { status: 409, kind: UNKNOWN_KEY.to_string(), detail, expected: None }
    }
}

/// Signs with the key that was to follow, if the log's statements are by it already.
fn sign_as_the_log_has_it(
    vault: &Vault,
    source: &KeyName,
    found: &[Found],
) -> Result<(), AgentError> {
    let Some(next) = vault.next_key(source)? else { return Ok(()) };
    let is_used = found.iter().any(|found| found.key.as_ref() == Some(next.verifier()));
    if is_used { vault.switch_key(source).map(drop) } else { Ok(()) }
}

/// The newest statement of a source of which the vault knows the index.
fn newest_in_log(vault: &Vault, source: &KeyName) -> Result<Option<(u64, u64)>, AgentError> {
    let mut sequence = vault.head(source)?.next_sequence;
    while let Some(before) = sequence.checked_sub(1) {
        sequence = before;
        // Sequences that were lost have no statement here; what is known lies before them.
        if let Some(kept) = vault.statement(source, sequence)?
            && let Stage::Sequenced(index) | Stage::Anchored(index) = kept.stage
        {
            return Ok(Some((sequence, index)));
        }
    }
    Ok(None)
}

/// Reads the published entries and gives back those of our sources, in order. One whose signature
/// is by none of our keys may be ours all the same.
fn read_log(
    vault: &Vault,
    log: &LogClient,
    entries: std::ops::Range<u64>,
    sources: &[(KeyName, Vec<VerifierKey>)],
) -> Result<BTreeMap<KeyName, Vec<Found>>, AgentError> {
    let mut found: BTreeMap<KeyName, Vec<Found>> = BTreeMap::new();
    let begin =
        |name: &KeyName| format!("fiducial/statement/v1\nlog {}\nsource {name}\n", vault.origin());
    let begins: Vec<(String, &Vec<VerifierKey>)> =
        sources.iter().map(|(name, keys)| (begin(name), keys)).collect();
    let mut number = entries.start / TILE_WIDTH;
    while number * TILE_WIDTH < entries.end {
        let tile = Tile::in_tree(TileKind::Entries, number, entries.end)
            .expect("the bundle begins within the tree");
        let bytes = log.tile(tile)?;
        let malformed = || AgentError::LogRefused(format!("{tile} is malformed"));
        for (at, entry) in parse_entries(tile, &bytes).ok_or_else(malformed)?.iter().enumerate() {
            let ours = begins.iter().find(|(begin, _)| entry.starts_with(begin.as_bytes()));
            let Some((_, keys)) = ours else { continue };
            if let Ok(statement) = Statement::parse(entry) {
                let key = keys.iter().find(|key| statement.check_signature(key).is_ok()).cloned();
                found.entry(statement.source().clone()).or_default().push(Found {
                    sequence: statement.sequence(),
                    leaf: statement.leaf_hash(),
                    previous: statement.previous(),
                    index: number * TILE_WIDTH + at as u64,
                    after: statement.after().tree().size(),
                    key,
                });
            }
        }
        number += 1;
    }
    Ok(found)
}

/// Moves one chain behind what was found of it, from sequence `first` on.
fn move_one(
    vault: &Vault,
    log: &LogClient,
    source: &KeyName,
    first: u64,
    found: &[Found],
    reason: &str,
    clock: &dyn Clock,
) -> Result<Resumed, AgentError> {
    let head = vault.head(source)?;
    let mut own = Own::new();
    for sequence in first.saturating_sub(1)..head.next_sequence {
        if let Some(kept) = vault.statement(source, sequence)? {
            own.insert(sequence, (kept.statement.leaf_hash(), kept.statement.previous()));
        }
    }
    let verdict = judge(&own, &head, first, found).map_err(|why| {
        AgentError::LogRefused(format!("what it shows of {source} is no chain of ours: {why}"))
    })?;
    let end = match found.last() {
        Some(last) => (last.sequence + 1, last.leaf),
        None => (first, own.get(&first.wrapping_sub(1)).map_or(Hash::ZERO, |(leaf, _)| *leaf)),
    };
    agree(source, end, ask(vault, log, source)?)?;

    let indices = verdict.own.iter().map(|(sequence, index)| (source.clone(), *sequence, *index));
    vault.sequenced(&indices.collect::<Vec<_>>())?;
    let Some((first_lost, last_lost)) = verdict.lost else {
        return Ok(Resumed { source: source.clone(), lost: None, next: head.next_sequence });
    };
    let refused = restate(vault, source, first_lost..head.next_sequence)?;
    let last = found.last().expect("what is lost was found");
    let next = last.sequence + 1;
    // What was lost before and is in no statement yet is still to be named.
    let before = super::outage::lost_before(vault, source, head.next_sequence)?;
    let first_named = before.map_or(first_lost, |before| before.first.min(first_lost));
    let lost = Lost {
        first: first_named,
        last: last_lost,
        said_at: next,
        reason: reason.to_string(),
        again: refused.records.len() as u64,
    };
    let moved = Head {
        next_sequence: next,
        previous: last.leaf,
        next_record: refused.first_record.unwrap_or(head.next_record),
        after: last.after.max(found.iter().map(|found| found.after).max().unwrap_or(0)),
        sealed: refused.sealed_before.unwrap_or(head.sealed).min(clock.now()),
    };
    // The gap is named and the chain is moved at once: a gap without its name would be silence, and
    // a name without its gap a lie.
    let (name, row) = (state::of("lost", source), state::bytes(&lost));
    let said = (name.as_str(), row.as_slice());
    vault.withdraw(source, first_lost, &head, &moved, &refused.records, said)?;
    Ok(Resumed { source: source.clone(), lost: Some((first_named, last_lost)), next })
}

/// Leaf hash and previous of each statement that the vault has, by sequence.
type Own = BTreeMap<u64, (Hash, Hash)>;

/// Compares what the log has with what the vault has; pure.
fn judge(own: &Own, head: &Head, first: u64, found: &[Found]) -> Result<Verdict, String> {
    let mut verdict = Verdict { own: Vec::new(), lost: None };
    let mut before = match first.checked_sub(1) {
        None => Some(Hash::ZERO),
        Some(_) if first == head.next_sequence => Some(head.previous),
        Some(last) => own.get(&last).map(|(leaf, _)| *leaf),
    };
    for (expected, found) in (first..).zip(found) {
        let sequence = found.sequence;
        if sequence != expected {
            return Err(format!("statement {sequence} stands where {expected} should"));
        }
        if before.is_some_and(|before| before != found.previous) {
            return Err(format!("statement {sequence} does not name the one before it"));
        }
        before = Some(found.leaf);
        if own.get(&sequence).is_some_and(|(leaf, _)| *leaf == found.leaf) {
            // What was lost before a statement that the vault has is named by that one already.
            verdict.own.push((sequence, found.index));
            verdict.lost = None;
        } else {
            let first = verdict.lost.map_or(sequence, |(first, _)| first);
            verdict.lost = Some((first, sequence));
        }
    }
    // The chain was moved behind them before, and perhaps went on there.
    let next = found.last().map_or(first, |last| last.sequence + 1);
    let goes_on = match own.get(&next) {
        Some((_, previous)) => Some(*previous),
        None => (next == head.next_sequence).then_some(head.previous),
    };
    if goes_on.is_some() && goes_on == before {
        verdict.lost = None;
    }
    Ok(verdict)
}

/// Asks the log where it would let the chain go on; `None` if it does not list the source, so that
/// it can have nothing newer of it.
fn ask(
    vault: &Vault,
    log: &LogClient,
    source: &KeyName,
) -> Result<Option<(u64, Hash)>, AgentError> {
    let nothing = Hash::of(b"a question, which commits to nothing");
    let (origin, source) = (vault.origin().clone(), source.clone());
    let key = vault.key(&source)?;
    let question = Draft::new(origin, source, QUESTION, nothing, After::NOTHING, nothing)
        .and_then(|draft| draft.sign(&key))
        .expect("the source's key signs for the source");
    let url = vault.log().to_string();
    let unusable = |reason: String| AgentError::Unreachable { url, reason };
    match log.add(&question.to_bytes()) {
        Ok(_) => Err(AgentError::LogRefused("it took a statement that continues no chain".into())),
        Err(AddError::Again { reason, .. }) => Err(unusable(reason)),
        Err(AddError::Refused(refusal)) => match (refusal.expected, refusal.kind.as_str()) {
            (Some(expected), _) => Ok(Some(expected)),
            (None, "unknown-source") => Ok(None),
            (None, _) => Err(unusable(format!("no answer to a question: {}", refusal.detail))),
        },
    }
}

/// The end that the log names and the one that was found have to be the same.
fn agree(
    source: &KeyName,
    found: (u64, Hash),
    named: Option<(u64, Hash)>,
) -> Result<(), AgentError> {
    match named {
        Some(named) if named.0 > found.0 => {
            let url = source.to_string();
            let reason = "the log has statements of this source that are not published yet";
            Err(AgentError::Unreachable { url, reason: reason.to_string() })
        }
        Some(named) if named != found => {
            let (have, want) = (named.0, found.0);
            let reason = format!("it wants statement {have} of {source} next, and shows {want}");
            Err(AgentError::LogRefused(reason))
        }
        _ => Ok(()),
    }
}

/// What is taken out of refused statements.
struct Refused {
    records: Vec<Pending>,
    /// The number of the first of their records.
    first_record: Option<u64>,
    /// When the statement before them was sealed.
    sealed_before: Option<UnixMillis>,
}

/// The records behind statements that the log refused, to be stated again.
fn restate(
    vault: &Vault,
    source: &KeyName,
    sequences: std::ops::Range<u64>,
) -> Result<Refused, AgentError> {
    let mut refused = Refused { records: Vec::new(), first_record: None, sealed_before: None };
    if let Some(before) = sequences.start.checked_sub(1) {
        refused.sealed_before = vault.statement(source, before)?.map(|kept| kept.sealed);
    }
    for sequence in sequences {
        let Some(kept) = vault.statement(source, sequence)? else {
            continue;
        };
        let batch = vault.batch(source, sequence)?;
        for record in batch.records() {
            match record.kind() {
                Kind::Batch => {
                    let text = record.value("record/first").map(<[u8]>::to_vec);
                    let number = text.and_then(|text| String::from_utf8(text).ok()?.parse().ok());
                    refused.first_record = refused.first_record.or(number);
                }
                // The day is counted again in the statements that come.
                Kind::Closing => {}
                _ => refused.records.push(pending_again(record, kept.sealed)),
            }
        }
    }
    Ok(refused)
}

/// A record as it waited before its statement, without what belonged to that statement.
fn pending_again(record: &Record, sealed: UnixMillis) -> Pending {
    let mut values = BTreeMap::new();
    for field in record.fields() {
        if let Content::Present { name, value } = field.content()
            && !matches!(name.as_str(), "kind" | "tags" | "late")
        {
            values.insert(name.as_str().to_string(), value.clone());
        }
    }
    let text = |name: &str| std::str::from_utf8(values.get(name)?).ok();
    let hash = text("part/of-sha256").or_else(|| text("file/sha256"));
    let evidence = hash.and_then(|hex| decode_hex(hex).ok()).map(Hash256);
    let seen = text("seen").and_then(clock::parse).unwrap_or(sealed);
    Pending { kind: record.kind().as_str().to_string(), values, evidence, seen }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(name: &str) -> Hash {
        Hash::of(name.as_bytes())
    }

    fn found(chain: &[(u64, &str, &str)]) -> Vec<Found> {
        let of = |(sequence, leaf, previous): &(u64, &str, &str)| {
            let previous = if previous.is_empty() { Hash::ZERO } else { hash(previous) };
            let index = 100 + sequence;
            Found { sequence: *sequence, leaf: hash(leaf), previous, index, after: 0, key: None }
        };
        chain.iter().map(of).collect()
    }

    fn judged(
        own: &[(u64, &str, &str)],
        first: u64,
        chain: &[(u64, &str, &str)],
    ) -> Result<Verdict, String> {
        let own: Own = own.iter().map(|(n, leaf, last)| (*n, (hash(leaf), hash(last)))).collect();
        let next_sequence = own.last_key_value().map_or(0, |(last, _)| last + 1);
        let previous = own.last_key_value().map_or(Hash::ZERO, |(_, (leaf, _))| *leaf);
        let sealed = UnixMillis(0);
        let head = Head { next_sequence, previous, next_record: 0, after: 0, sealed };
        judge(&own, &head, first, &found(chain))
    }

    #[test]
    fn what_the_vault_has_is_its_own_and_what_it_has_not_is_lost() {
        let own = [(4, "d", "c"), (5, "e", "d")];
        let all = judged(&own, 5, &[(5, "e", "d"), (6, "f", "e"), (7, "g", "f")]).unwrap();
        assert_eq!(all, Verdict { own: vec![(5, 105)], lost: Some((6, 7)) });
        let none = judged(&own, 6, &[]).unwrap();
        assert_eq!(none, Verdict { own: vec![], lost: None });
        // Signed by two copies of one key: what the vault has at 5 is refused for ever.
        let other = judged(&own, 5, &[(5, "x", "d"), (6, "y", "x")]).unwrap();
        assert_eq!(other, Verdict { own: vec![], lost: Some((5, 6)) });
        // Named already by the statement behind them, be it in the log or not yet.
        let own = [(4, "d", "c"), (7, "g", "f")];
        let chain = [(5, "e", "d"), (6, "f", "e"), (7, "g", "f")];
        assert_eq!(judged(&own, 5, &chain).unwrap().lost, None);
        assert_eq!(judged(&own, 5, &chain[..2]).unwrap().lost, None);
        let from_the_start = judged(&[], 0, &[(0, "a", ""), (1, "b", "a")]).unwrap();
        assert_eq!(from_the_start.lost, Some((0, 1)));
    }

    #[test]
    fn what_is_no_chain_of_ours_is_not_adopted() {
        let own = [(4, "d", "c"), (5, "e", "d")];
        for wrong in [
            &[(6, "f", "x")][..],
            &[(7, "g", "f")],
            &[(6, "f", "e"), (8, "h", "f")],
            &[(6, "f", "e"), (7, "g", "x")],
        ] {
            assert!(judged(&own, 6, wrong).is_err(), "{wrong:?}");
        }
        assert!(judged(&[], 0, &[(0, "a", "x")]).is_err());
    }

    #[test]
    fn the_end_that_is_named_is_the_end_that_is_found() {
        let source = KeyName::parse("aoi").unwrap();
        let end = (7, hash("f"));
        assert!(agree(&source, end, Some(end)).is_ok() && agree(&source, end, None).is_ok());
        let unpublished = agree(&source, end, Some((8, hash("g"))));
        assert!(matches!(unpublished, Err(AgentError::Unreachable { .. })));
        for lie in [(6, hash("f")), (7, hash("x"))] {
            assert!(matches!(agree(&source, end, Some(lie)), Err(AgentError::LogRefused(_))));
        }
    }
}
