//! Which fields of a chosen record are opened.
//!
//! By default all but the operator: who stood at the machine is a person's data, and says nothing of
//! the board. `kind` is opened in any case.

use spec::evidence::disclosure::PickFields;
use spec::evidence::field::Content;
use spec::evidence::kind::FieldName;
use spec::evidence::range::{show, show_own};
use spec::evidence::record::Record;

use crate::error::AgentError;

/// What stays closed if nothing is said.
const CLOSED: [&str; 1] = ["operator"];

/// What was asked for.
#[derive(Debug)]
pub(super) enum Wanted {
    /// Every field but these.
    AllBut(Vec<FieldName>),
    /// These.
    Only(Vec<FieldName>),
}

impl Wanted {
    /// `open` names what is opened, or is the one word `all`; `hide` what stays closed.
    pub(super) fn parse(open: &[String], hide: &[String]) -> Result<Self, AgentError> {
        let names = |texts: &[String]| -> Result<Vec<FieldName>, AgentError> {
            let name = |text: &String| {
                let wrong = |error| AgentError::Input(format!("{text:?}: {error}"));
                FieldName::parse(text).map_err(wrong)
            };
            texts.iter().map(name).collect()
        };
        match (open, hide) {
            ([], []) => names(&CLOSED.map(String::from)).map(Self::AllBut),
            ([all], []) if all == "all" => Ok(Self::AllBut(Vec::new())),
            ([], hide) => names(hide).map(Self::AllBut),
            (open, _) => names(open).map(Self::Only),
        }
    }

    /// The fields of one record. A name that the record does not have is left out, not refused: the
    /// records may be of many kinds.
    pub(super) fn of(&self, record: &Record) -> PickFields {
        let names = self.names(record).filter(|(_, is_opened)| *is_opened);
        PickFields::Named(names.map(|(name, _)| name).collect())
    }

    /// The same in a range, where its reader must find what the format asks for.
    pub(super) fn of_own_in_range(&self, record: &Record) -> PickFields {
        let PickFields::Named(mut names) = self.of(record) else { return PickFields::All };
        for due in [show(record), show_own(record)] {
            match due {
                PickFields::All => return PickFields::All,
                PickFields::Named(due) => names.extend(due),
            }
        }
        names.sort();
        names.dedup();
        PickFields::Named(names)
    }

    /// Every field of a record, known ones also where they are absent, and whether it is opened.
    pub(super) fn names<'r>(
        &'r self,
        record: &'r Record,
    ) -> impl Iterator<Item = (FieldName, bool)> + 'r {
        let table = record.kind().table();
        let fields = record.fields().iter().enumerate();
        fields.filter_map(move |(index, field)| {
            let name = match (table.get(index), field.content()) {
                (Some(known), _) => FieldName::parse(known).ok()?,
                (None, Content::Present { name, .. }) => name.clone(),
                (None, Content::Absent) => return None,
            };
            let is_opened = name.as_str() == "kind"
                || match self {
                    Self::AllBut(closed) => !closed.contains(&name),
                    Self::Only(open) => open.contains(&name),
                };
            Some((name, is_opened))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::evidence::kind::Kind;

    fn record() -> Record {
        let values = [("verdict", "Failed"), ("operator", "42"), ("own/field", "x")];
        let values = values
            .map(|(name, value)| (FieldName::parse(name).unwrap(), value.as_bytes().to_vec()));
        Record::new(Kind::AoiReport, values.to_vec(), || [7; 32]).unwrap()
    }

    fn opened(open: &[&str], hide: &[&str]) -> Vec<String> {
        let owned = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        let wanted = Wanted::parse(&owned(open), &owned(hide)).unwrap();
        match wanted.of(&record()) {
            PickFields::Named(names) => names.iter().map(ToString::to_string).collect(),
            PickFields::All => panic!("names are named"),
        }
    }

    #[test]
    fn everything_is_opened_but_the_operator() {
        let names = opened(&[], &[]);
        assert!(names.contains(&"verdict".to_string()) && names.contains(&"own/field".to_string()));
        assert!(names.contains(&"panel".to_string()), "an absent field is shown to be absent");
        assert!(!names.contains(&"operator".to_string()), "{names:?}");
    }

    #[test]
    fn what_is_asked_for_is_what_is_opened() {
        assert_eq!(opened(&["verdict", "trace/sha256"], &[]), ["kind", "verdict"]);
        assert!(opened(&["all"], &[]).contains(&"operator".to_string()));
        let hidden = opened(&[], &["verdict"]);
        assert!(!hidden.contains(&"verdict".to_string()));
        assert!(hidden.contains(&"operator".to_string()));
        assert!(Wanted::parse(&["No Name".to_string()], &[]).is_err());
    }

    #[test]
    fn in_a_range_its_reader_finds_what_the_format_asks_for() {
        let wanted = Wanted::parse(&["machine".to_string()], &[]).unwrap();
        let PickFields::Named(names) = wanted.of_own_in_range(&record()) else { panic!() };
        let names: Vec<&str> = names.iter().map(FieldName::as_str).collect();
        for due in ["machine", "tags", "units", "verdict", "seen", "file/sha256", "supersedes"] {
            assert!(names.contains(&due), "{due} of {names:?}");
        }
        assert!(!names.contains(&"operator"));
    }
}
