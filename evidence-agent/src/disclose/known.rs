//! What the vault knows of a lot and of a list of units: said where nothing would be found, since a lot or
//! a unit that is written otherwise than the machine writes it is found by nobody.

use std::collections::BTreeSet;
use std::path::Path;

use spec::evidence::record::Record;

use super::choose::{self, Named};
use crate::cli::Language;
use crate::error::AgentError;
use crate::model::Pending;
use crate::number;
use crate::vault::{Opening, Scope, Vault};

/// How many statements of each source are looked at, the newest first: a vault of years must not keep a
/// command waiting that only wants to say how much is there.
const MAX_LOOKED: usize = 20_000;

/// What the vault holds of a lot, as far as it was looked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct OfLot {
    /// Records in statements that name the lot or one of its units.
    pub(crate) records: u64,
    /// Those of them whose tags are of no lot key of this vault: they were sealed before it was made.
    pub(crate) untagged: u64,
    /// How many of the units that were given are named by a record.
    pub(crate) units: usize,
    /// Whether older statements were not looked at.
    pub(crate) is_cut: bool,
}

impl OfLot {
    /// Looks for a lot and its units.
    pub(crate) fn count(
        vault: &Vault,
        lot: &[u8],
        units: &BTreeSet<Vec<u8>>,
    ) -> Result<Self, AgentError> {
        let mut of_lot = Self::default();
        for unit in units {
            of_lot.units += usize::from(!vault.of_unit(unit)?.is_empty());
        }
        of_lot.is_cut = each_record(vault, MAX_LOOKED, &mut |opening, record| {
            let named = Named::of(record);
            if named.lot == Some(lot) || named.all().any(|unit| units.contains(unit)) {
                of_lot.records += 1;
                of_lot.untagged += u64::from(!choose::is_tagged(vault, &opening.place, record)?);
            }
            Ok(true)
        })?;
        Ok(of_lot)
    }

    /// In lines for people; `given` is how many units were given.
    pub(crate) fn said(&self, given: usize, language: Language) -> String {
        let Self { records, untagged, units, is_cut } = self;
        let mut text = match language {
            Language::En => {
                let records = number::of(*records, "record here is", "records here are");
                format!("  {records} of this lot")
            }
            Language::Zh => format!("  此处属于该批次的记录有 {records} 条"),
        };
        if given > 0 {
            text += &match language {
                Language::En => format!(
                    "; {units} of the {} known here",
                    number::of(given, "unit given is", "units given are")
                ),
                Language::Zh => format!("；所列 {given} 个单元中，此处已知 {units} 个"),
            };
        }
        if *is_cut {
            text += &match language {
                Language::En => format!(" (in the newest {MAX_LOOKED} statements of each source)"),
                Language::Zh => format!("（仅查看每个来源最近的 {MAX_LOOKED} 条声明）"),
            };
        }
        text += "\n";
        if *records == 0 {
            text += match language {
                Language::En => {
                    "  A lot is found by the field `lot` of a record, as the machine writes it, or by the \
                     units of --units\n"
                }
                Language::Zh => {
                    "  批次按记录的 `lot` 字段（与机器所写一致）或 --units 所列的单元查找\n"
                }
            };
        }
        if given == 0 {
            text += what_units_are_for(language);
        }
        if *untagged > 0 {
            text += &match language {
                Language::En => format!(
                    "  ! {}. Make lot keys before capture\n",
                    number::of(
                        *untagged,
                        "record that was captured before carries no tag of this key: its holder does \
                         not find it, and a range with it is refused",
                        "records that were captured before carry no tag of this key: its holder does \
                         not find them, and a range with them is refused",
                    )
                ),
                Language::Zh => format!(
                    "  ! 此前采集的 {untagged} 条记录没有此密钥的标签：持有者无法找到它们，含有它们的范围\
                     会被拒绝。请在采集之前新建批次密钥\n"
                ),
            };
        }
        text
    }
}

/// What a key without a list of units does not find.
const fn what_units_are_for(language: Language) -> &'static str {
    match language {
        Language::En => {
            "  Repairs and reviews often name the board alone: it is tagged in them if the lot's boards \
             are given with --units before they are captured\n"
        }
        Language::Zh => {
            "  维修和复判往往只写明板号：若在采集之前用 --units 给出该批次的板，其中的板也会带有标签\n"
        }
    }
}

/// That a lot which was asked for is named by nothing here; `None` if every one is.
pub(super) fn no_lot(vault: &Vault, lots: &[String]) -> Result<Option<AgentError>, AgentError> {
    // Of what was deleted nobody can say which lot it named.
    if !vault.deletions()?.is_empty() {
        return Ok(None);
    }
    for lot in lots {
        if vault.names_any(&Scope::Lot(lot.as_bytes().to_vec()))? {
            continue;
        }
        let how = "a lot is what the machine writes into the field `lot` of its records";
        let else_units = "where it writes none, give the lot its units with `lot-key --units`";
        let example = example(vault, &|named| named.lot.filter(|lot| !lot.is_empty()))?;
        return Ok(Some(AgentError::Failed(match example {
            Some(there) => {
                format!("no record names the lot {lot:?}: {how}, {there:?} for one; {else_units}")
            }
            None => {
                format!(
                    "no record names the lot {lot:?}: {how}, and none here has it; {else_units}"
                )
            }
        })));
    }
    Ok(None)
}

/// Refuses a list of which no unit is known: a range or a bundle made by it would hold nothing.
pub(super) fn check_units(
    vault: &Vault,
    units: &BTreeSet<Vec<u8>>,
    list: &Path,
) -> Result<(), AgentError> {
    let is_meant =
        |pending: &Pending| Named::waiting(pending).all().any(|unit| units.contains(unit));
    if !vault.waiting_sources(&is_meant)?.is_empty() || !vault.deletions()?.is_empty() {
        return Ok(());
    }
    let (count, list) = (units.len(), list.display());
    let example = example(vault, &|named| named.all().next())?;
    let none = match count {
        1 => "its one unit is not known here".to_string(),
        _ => format!("none of its {count} units is known here"),
    };
    Err(AgentError::Input(match example {
        Some(there) => format!(
            "{list}: {none}; a unit is what the machine writes, {there:?} for one, one a line"
        ),
        None => format!("{list}: {none}, and no record names a unit"),
    }))
}

/// Something that records name, from one of the newest that does.
fn example(
    vault: &Vault,
    pick: &dyn for<'r> Fn(&Named<'r>) -> Option<&'r [u8]>,
) -> Result<Option<String>, AgentError> {
    let mut found = None;
    each_record(vault, MAX_LOOKED, &mut |_, record| {
        found = pick(&Named::of(record)).map(|text| String::from_utf8_lossy(text).into_owned());
        Ok(found.is_none())
    })?;
    Ok(found)
}

/// Visits what is left of the newest statements of each source, at most `limit` of each, until `visit` says
/// `false`; whether there were more. What counts is what is here: where a vault was put back, the places of
/// all that was lost may be more than these.
fn each_record(
    vault: &Vault,
    limit: usize,
    visit: &mut dyn FnMut(&Opening, &Record) -> Result<bool, AgentError>,
) -> Result<bool, AgentError> {
    let mut is_cut = false;
    for source in vault.sources()? {
        let (newest, is_more) = vault.newest(&source, limit)?;
        is_cut |= is_more;
        for sequence in newest {
            let opening = vault.opening(&source, sequence)?;
            for record in opening.records.iter().filter_map(|kept| kept.whole()) {
                if !visit(&opening, record)? {
                    return Ok(is_cut);
                }
            }
        }
    }
    Ok(is_cut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::tests::support::{capture, create, seal, source};
    use crate::vault::{Head, Unlock};

    #[test]
    fn what_was_lost_is_not_counted_among_what_is_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let vault = create(&folder.path().join("V"), &Unlock::Plain);
        capture(&vault, 0..3).unwrap();
        for _ in 0..3 {
            seal(&vault, 1).unwrap();
        }
        let head = vault.head(&source()).unwrap();
        let next_sequence = head.next_sequence + 2 * MAX_LOOKED as u64;
        vault.move_head(&source(), &Head { next_sequence, ..head }).unwrap();

        let of_lot = OfLot::count(&vault, b"LOT-77", &BTreeSet::new()).unwrap();
        assert_eq!((of_lot.records, of_lot.is_cut), (3, false));
        let mut seen = BTreeSet::new();
        let is_cut = each_record(&vault, 2, &mut |opening, _| {
            seen.insert(opening.place.sequence);
            Ok(true)
        });
        assert!(is_cut.unwrap());
        assert_eq!(seen, BTreeSet::from([1, 2]));
    }

    #[test]
    fn what_is_said_of_a_lot_names_what_carries_no_tag() {
        let nothing = OfLot::default().said(0, Language::En);
        assert!(nothing.contains("0 records") && nothing.contains("`lot`"), "{nothing}");
        assert!(!nothing.contains('!') && !nothing.contains("units are"), "{nothing}");
        // Who gives no units is told what they are for.
        assert!(nothing.contains("given with --units before"), "{nothing}");
        let some = OfLot { records: 7, untagged: 3, units: 2, is_cut: true };
        for language in [Language::En, Language::Zh] {
            let said = some.said(5, language);
            for number in ['7', '3', '2', '5'] {
                assert!(said.contains(number), "{said}");
            }
            assert!(said.contains("  ! ") && said.contains("20000"), "{said}");
            assert!(!said.contains("--units"), "{said}");
        }
    }
}
