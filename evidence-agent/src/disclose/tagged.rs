//! What a reader's check will refuse of a range: a unit of theirs that no tag stands for.
//!
//! `fiducial verify range` refuses a range in which a record names a unit of the reader's list without the tag
//! that the lot key gives it: what else is not tagged, nobody can find. Tags are given at capture, so a range
//! that will be refused is better not handed over.
//!
//! | a unit without its tag | then |
//! |---|---|
//! | is in the list that was given | it will be refused |
//! | is not in that list | nothing: the reader does not look for it |
//! | no list was given, and the unit is known to be of a lot that has a key | it will be refused |
//! | else, or no lot has a key | it is refused if the reader's list has it, which is said |
//!
//! A unit is known to be of such a lot if its record names the lot, it was given to it
//! (`lot-key --units`), or it carries the tag elsewhere in the range.

use std::collections::BTreeSet;

use spec::evidence::range::items;
use spec::evidence::tag::split_tags;
use spec::key::KeyName;

use super::list::read_units;
use super::record_at;
use crate::cli::Language;
use crate::cli::args::DiscloseArgs;
use crate::error::AgentError;
use crate::model::names_nobody;
use crate::number;
use crate::site::commands::Desk;
use crate::spool::tags;
use crate::vault::{Opening, Vault};

/// The tags of the chosen records of a range, beside what their reader looks for.
#[derive(Default)]
pub(super) struct Tags {
    /// The reader's units, if they were given.
    list: Option<BTreeSet<Vec<u8>>>,
    /// Whether there is a lot key at all that a reader may hold.
    has_key: bool,
    /// Units that carry their tag somewhere.
    tagged: BTreeSet<Vec<u8>>,
    untagged: Vec<Untagged>,
}

/// A unit in a record without its tag.
struct Untagged {
    sequence: u64,
    record: u64,
    unit: Vec<u8>,
    /// Whether its lot is known and has a key.
    has_key: bool,
}

impl Tags {
    /// Takes the reader's units, and whether the lots have keys, from what was asked for.
    pub(super) fn of(
        desk: &Desk<'_>,
        vault: &Vault,
        args: &DiscloseArgs,
    ) -> Result<Self, AgentError> {
        let mut list: BTreeSet<Vec<u8>> =
            args.unit.iter().map(|unit| unit.as_bytes().to_vec()).collect();
        if let Some(path) = &args.units {
            list.extend(read_units(desk, path)?);
        }
        let list = (!list.is_empty()).then_some(list);
        let mut of = Self { list, ..Self::default() };
        for lot in &args.lot {
            of.has_key |= tags::kept_lot_key(vault, lot.as_bytes())?.is_some();
        }
        Ok(of)
    }

    /// Looks at the reader's own records of a statement.
    pub(super) fn look(
        &mut self,
        vault: &Vault,
        opening: &Opening,
        own: &BTreeSet<u64>,
    ) -> Result<(), AgentError> {
        let (source, sequence) = (&opening.place.source, opening.place.sequence);
        for index in own {
            let Some(record) = record_at(opening, *index) else { continue };
            let there = record.value("tags").and_then(split_tags).unwrap_or_default();
            let units = items(record.value("units").unwrap_or_default());
            for (at, unit) in units.enumerate().filter(|(_, unit)| !names_nobody(unit)) {
                let key = tags::key_for(vault, record.value("lot"), unit)?;
                let due = key.as_ref().map(|key| key.tag(source, sequence, unit));
                self.has_key |= key.is_some();
                if due.is_some() && due.as_ref() == there.get(at) {
                    self.tagged.insert(unit.to_vec());
                } else if self.list.as_ref().is_none_or(|list| list.contains(unit)) {
                    let (record, unit, has_key) = (*index, unit.to_vec(), key.is_some());
                    self.untagged.push(Untagged { sequence, record, unit, has_key });
                }
            }
        }
        Ok(())
    }

    /// Refuses to hand over what will be refused, unless that is allowed; gives what is to be read first.
    pub(super) fn judge(
        &self,
        source: &KeyName,
        is_allowed: bool,
        language: Language,
    ) -> Result<Vec<String>, AgentError> {
        let (refused, doubtful): (Vec<&Untagged>, Vec<&Untagged>) =
            self.untagged.iter().partition(|one| self.is_refused(one));
        let mut warnings = Vec::new();
        if let Some(first) = refused.first() {
            if !is_allowed {
                return Err(AgentError::Failed(will_be_refused(source, first, &refused)));
            }
            warnings.push(match language {
                Language::En => format!(
                    "{}: without tag; whoever looks for them with a lot key is refused the range",
                    first.shown(source, &refused, language)
                ),
                Language::Zh => format!(
                    "{}：没有标签；持批次密钥查找这些单元的人，其检验会拒绝此区间",
                    first.shown(source, &refused, language)
                ),
            });
        }
        if let Some(first) = doubtful.first() {
            warnings.push(match language {
                Language::En => format!(
                    "{}: without tag; the reader's check refuses the range only if it is given a lot \
                     key and a list with such a unit (say which units with --units)",
                    first.shown(source, &doubtful, language)
                ),
                Language::Zh => format!(
                    "{}：没有标签；仅当对方检验时给出批次密钥且单元清单含有这样的单元时，才会拒绝此区间\
                     （可用 --units 说明对方的单元）",
                    first.shown(source, &doubtful, language)
                ),
            });
        }
        Ok(warnings)
    }

    fn is_refused(&self, one: &Untagged) -> bool {
        match self.list {
            Some(_) => self.has_key,
            None => one.has_key || self.tagged.contains(&one.unit),
        }
    }
}

impl Untagged {
    fn unit(&self) -> String {
        format!("{:?}", String::from_utf8_lossy(&self.unit))
    }

    /// The first of several such places, and how many records there are.
    fn shown(&self, source: &KeyName, all: &[&Self], language: Language) -> String {
        let (Self { sequence, record, .. }, unit, count) = (self, self.unit(), records(all));
        match language {
            Language::En => format!(
                "{source} {sequence}, record {record}, unit {unit}, and {} in all",
                number::of(count, "record", "records")
            ),
            Language::Zh => {
                format!("{source} {sequence} 第 {record} 号记录的单元 {unit} 等，共 {count} 条记录")
            }
        }
    }
}

fn records(all: &[&Untagged]) -> usize {
    all.iter().map(|one| (one.sequence, one.record)).collect::<BTreeSet<_>>().len()
}

/// Why nothing is written, and what to do.
fn will_be_refused(source: &KeyName, first: &Untagged, all: &[&Untagged]) -> String {
    let (Untagged { sequence, record, .. }, unit, count) = (first, first.unit(), records(all));
    format!(
        "statement {sequence} of {source}, record {record}: its unit {unit} carries no tag of its lot's \
         key; who looks for it with that key is refused the whole range. Records like it: {count}. Tags \
         are given at capture and cannot be added: for boards to come name the lot's units beforehand \
         with `fiducial-agent lot-key LOT --units LIST --out KEY`. For these, end the range before them, \
         hand over the records without --range, or say --allow-untagged"
    )
}
