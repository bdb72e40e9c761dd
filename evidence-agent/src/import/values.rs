//! The values of one record as they are found, and what of them chains are followed by.

use std::collections::BTreeMap;

use spec::evidence::field::MAX_VALUE_SIZE;
use spec::evidence::kind::Kind;

use crate::model::Links;

/// The most fields outside a kind's table that a reading may have. The agent adds some of its own
/// (the certificate in force, the attempt, why a record is late), and a record has 64 in all.
pub(super) const MAX_OWN_FIELDS: usize = 20;

/// The longest text that tells one board or machine from another.
const MAX_LINK_SIZE: usize = 1024;

/// What stands between the parts of a link: no identifier holds it.
pub(super) const LINK_SEPARATOR: &str = "\u{1f}";

/// Field names with their values.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Values(BTreeMap<String, Vec<u8>>);

impl Values {
    /// Takes a value if there is one.
    pub(super) fn put(&mut self, name: &str, value: Option<impl AsRef<str>>) {
        if let Some(value) = value {
            self.0.insert(name.to_string(), value.as_ref().as_bytes().to_vec());
        }
    }

    /// A list: each item followed by a line feed, so no item may hold one.
    pub(super) fn list<T: AsRef<str>>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
    ) -> Result<(), String> {
        let mut value = String::new();
        for item in items {
            if item.as_ref().chars().any(char::is_control) {
                return Err(format!("an item of {name:?} holds a control character"));
            }
            value.push_str(item.as_ref());
            value.push('\n');
        }
        self.put(name, Some(value));
        Ok(())
    }

    /// A value as text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.0.get(name)?).ok()
    }

    /// A note of what the report claims and cannot be; notes of one record stand behind each other.
    pub(super) fn problem(&mut self, what: &str) {
        let before = self.text("claimed/problem").map(|before| format!("{before}; "));
        self.put("claimed/problem", Some(before.unwrap_or_default() + what));
    }

    /// Takes a value away.
    pub(super) fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// Whether nothing was found.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, if they fit into a record of this kind; else why not.
    pub(super) fn finish(self, kind: Kind) -> Result<BTreeMap<String, Vec<u8>>, String> {
        let own = self.0.keys().filter(|name| kind.index_of(name).is_none()).count();
        if own > MAX_OWN_FIELDS {
            return Err(format!("{own} values that {kind} has no place for"));
        }
        // The words are those of the record itself, which would refuse it likewise.
        match self.0.values().map(Vec::len).max() {
            Some(size) if size > MAX_VALUE_SIZE => {
                Err(format!("a value of {size} bytes; at most {MAX_VALUE_SIZE} fit in a field"))
            }
            _ => Ok(self.0),
        }
    }
}

/// A link from its parts, if every part that is there says something.
pub(super) fn link<'v>(
    parts: impl IntoIterator<Item = &'v str>,
    nothing: &[String],
) -> Option<String> {
    let is_nothing = |part: &str| {
        let part = part.trim();
        part.is_empty() || nothing.iter().any(|nothing| nothing == part)
    };
    let mut link = String::new();
    for (at, part) in parts.into_iter().enumerate() {
        // The first part is what the others only narrow: a side without a panel is no board.
        if is_nothing(part) {
            if at == 0 {
                return None;
            }
            continue;
        }
        if part.chars().any(char::is_control) {
            return None;
        }
        if !link.is_empty() {
            link.push_str(LINK_SEPARATOR);
        }
        link.push_str(part);
    }
    (!link.is_empty() && link.len() <= MAX_LINK_SIZE).then_some(link)
}

/// The board of a record: its panel, else the one unit, else all units together, which a second
/// look at the same panel names again. With the side, if the report names one.
pub(super) fn board(values: &Values, nothing: &[String]) -> Option<String> {
    let side = values.text("side");
    let panel = values.text("panel").and_then(|panel| link([panel], nothing));
    let board = panel.or_else(|| {
        let mut units: Vec<&str> = values.text("units")?.lines().collect();
        units.dedup();
        let named = !units.is_empty() && units.iter().all(|unit| link([*unit], nothing).is_some());
        named.then(|| units.join(LINK_SEPARATOR)).filter(|board| board.len() <= MAX_LINK_SIZE)
    })?;
    Some(match side.and_then(|side| link([side], nothing)) {
        Some(side) => board + LINK_SEPARATOR + &side,
        None => board,
    })
}

/// The links that a record's own fields give.
pub(super) fn links(values: &Values, nothing: &[String]) -> Links {
    let of = |name| link(values.text(name), nothing);
    Links {
        board: board(values, nothing),
        machine: of("machine"),
        recipe: of("program"),
        lane: of("lane"),
        subject: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_is_its_panel_else_its_units_and_never_a_word_for_nothing() {
        let nothing = ["N/A".to_string()];
        let board = |panel: Option<&str>, units: &[&str], side: Option<&str>| {
            let mut values = Values::default();
            values.put("panel", panel);
            values.list("units", units).unwrap();
            values.put("side", side);
            board(&values, &nothing)
        };
        assert_eq!(board(Some("P1"), &["a", "b"], None).as_deref(), Some("P1"));
        assert_eq!(board(Some("P1"), &[], Some("TOP")).as_deref(), Some("P1\u{1f}TOP"));
        assert_eq!(board(Some("N/A"), &["a", "a"], None).as_deref(), Some("a"));
        assert_eq!(board(None, &["a", "b"], None).as_deref(), Some("a\u{1f}b"));
        assert_eq!(board(Some("N/A"), &["a", "N/A"], Some("TOP")), None);
        assert_eq!(board(None, &[], Some("TOP")), None);
        assert_eq!(board(Some(" "), &[], None), None);
    }

    #[test]
    fn a_list_holds_no_control_character_and_a_value_has_a_limit() {
        let mut values = Values::default();
        assert!(values.list("units", ["a\nb"]).is_err());
        values.put("panel", Some("x".repeat(MAX_VALUE_SIZE + 1)));
        let why = values.finish(Kind::AoiReport).unwrap_err();
        assert_eq!(why, "a value of 65537 bytes; at most 65536 fit in a field");
        let mut values = Values::default();
        for at in 0..=MAX_OWN_FIELDS {
            values.put(&format!("own/{at}"), Some(""));
        }
        assert!(values.finish(Kind::AoiReport).is_err());
    }
}
