//! Tags: marks on a record that only the holder of a lot key can recognise.
//!
//! Rule: `spec/text/evidence.md`, "Tags". A maker and a buyer share a key for a lot. A record whose
//! lot has none gets noise of the same form, so that nobody learns from an opened record whether
//! somebody else's lot is tagged.

use std::collections::BTreeMap;

use spec::Hash;
use spec::evidence::field::MAX_VALUE_SIZE;
use spec::evidence::tag::{LOT_KEY_SIZE, LotKey, TAG_SIZE};
use spec::key::KeyName;
use zeroize::Zeroizing;

use super::salts::random;
use crate::error::AgentError;
use crate::model::Pending;
use crate::vault::Vault;

/// The most units that can be tagged: their tags are one value. A record of more has no tags.
pub(super) const MAX_TAGGED_UNITS: usize = MAX_VALUE_SIZE / TAG_SIZE;

/// Keeps a lot's key, durable on return. One that is there is not replaced: tags made with it are
/// recognised by it alone.
pub(crate) fn put_lot_key(
    vault: &Vault,
    lot: &[u8],
    key: &[u8; LOT_KEY_SIZE],
) -> Result<(), AgentError> {
    let name = row(lot);
    match vault.state(&name)? {
        Some(there) if there == key => Ok(()),
        Some(_) => {
            let reason = "this lot has another key already, and tags are made with it";
            Err(AgentError::Input(reason.to_string()))
        }
        None => vault.put_state(&name, key),
    }
}

/// Tags the records of one statement. The keys of the lots that they name are read once, however many
/// units share them.
pub(super) struct Tagger<'a> {
    vault: &'a Vault,
    source: &'a KeyName,
    sequence: u64,
    lots: BTreeMap<Vec<u8>, Option<LotKey>>,
    /// Whether any unit was said to belong to a lot.
    knows_units: bool,
}

impl<'a> Tagger<'a> {
    /// Reads the keys of the lots that these records name.
    pub(super) fn new(
        vault: &'a Vault,
        source: &'a KeyName,
        sequence: u64,
        records: &[Pending],
    ) -> Result<Self, AgentError> {
        let mut lots = BTreeMap::new();
        for lot in records.iter().filter_map(|record| record.values.get("lot")) {
            if !lots.contains_key(lot) {
                lots.insert(lot.clone(), lot_key(vault, lot)?);
            }
        }
        Ok(Self { vault, source, sequence, lots, knows_units: vault.knows_lots_of_units()? })
    }

    /// The value of `tags` for a record; `None` if it names no units.
    pub(super) fn of(&self, pending: &Pending) -> Result<Option<Vec<u8>>, AgentError> {
        let Some(units) = pending.values.get("units") else {
            return Ok(None);
        };
        let units: Vec<&[u8]> = items(units).collect();
        if units.is_empty() || units.len() > MAX_TAGGED_UNITS {
            return Ok(None);
        }
        let mut tags = vec![0; units.len() * TAG_SIZE];
        random(&mut tags)?;
        // Noise stays where no lot key is known, of a whole record or of one unit.
        let named = pending.values.get("lot").and_then(|lot| self.lots.get(lot)?.as_ref());
        for (unit, tag) in units.iter().zip(tags.chunks_exact_mut(TAG_SIZE)) {
            let mut put = |key: &LotKey| {
                tag.copy_from_slice(&key.tag(self.source, self.sequence, unit));
            };
            match named {
                Some(key) => put(key),
                None if self.knows_units => {
                    key_for(self.vault, None, unit)?.iter().for_each(put);
                }
                None => {}
            }
        }
        Ok(Some(tags))
    }
}

/// The key that a unit is tagged with: that of the lot in its record, or else that of the lot which
/// the unit was said to belong to.
pub(crate) fn key_for(
    vault: &Vault,
    named: Option<&[u8]>,
    unit: &[u8],
) -> Result<Option<LotKey>, AgentError> {
    let by_record = named.map(|lot| lot_key(vault, lot)).transpose()?.flatten();
    match by_record {
        Some(key) => Ok(Some(key)),
        None => match vault.lot_of_unit(unit)? {
            Some(lot) => lot_key(vault, &lot),
            None => Ok(None),
        },
    }
}

/// The items of a list value: each ends in a line feed.
pub(super) fn items(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split_inclusive(|byte| *byte == b'\n').map(|item| item.strip_suffix(b"\n").unwrap_or(item))
}

fn lot_key(vault: &Vault, lot: &[u8]) -> Result<Option<LotKey>, AgentError> {
    Ok(kept_lot_key(vault, lot)?.map(|key| LotKey::new(*key)))
}

/// A lot's key as it is kept, to be handed over.
pub(crate) fn kept_lot_key(
    vault: &Vault,
    lot: &[u8],
) -> Result<Option<Zeroizing<[u8; LOT_KEY_SIZE]>>, AgentError> {
    let Some(bytes) = vault.state(&row(lot))?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let key = <[u8; LOT_KEY_SIZE]>::try_from(bytes.as_slice());
    let damaged = |_| AgentError::vault(vault.folder(), "a lot's key has another length");
    key.map(|key| Some(Zeroizing::new(key))).map_err(damaged)
}

/// The lot's name is a customer's; its row is under a hash.
fn row(lot: &[u8]) -> String {
    format!("lot-key/{}", Hash::of(lot).to_hex())
}
