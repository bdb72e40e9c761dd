//! A mapping file as tables and values that know their line, for errors that a person can act on.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A table of the file.
#[derive(Clone, Copy)]
pub(super) struct Table<'t> {
    text: &'t str,
    table: &'t DeTable<'t>,
    /// Where it begins.
    start: usize,
    /// What it is called in errors.
    name: &'t str,
}

/// A value with its place.
#[derive(Clone, Copy)]
pub(super) struct Item<'t> {
    text: &'t str,
    /// What it is called.
    pub(super) name: &'t str,
    value: &'t DeValue<'t>,
    start: usize,
}

/// An error with its line.
pub(super) fn wrong(text: &str, start: usize, what: &str) -> String {
    let line = 1 + text.as_bytes()[..start.min(text.len())].iter().filter(|b| **b == b'\n').count();
    format!("line {line}: {what}")
}

impl<'t> Table<'t> {
    /// The whole file.
    pub(super) fn whole(text: &'t str, parsed: &'t Spanned<DeTable<'t>>) -> Self {
        Self { text, table: parsed.get_ref(), start: parsed.span().start, name: "a mapping" }
    }

    /// Every member in the order of the file.
    pub(super) fn items(&self) -> Vec<Item<'t>> {
        let items = self.table.iter().map(|(name, value)| {
            let start = name.span().start;
            Item { text: self.text, name: name.get_ref(), value: value.get_ref(), start }
        });
        let mut items: Vec<Item<'t>> = items.collect();
        items.sort_by_key(|item| item.start);
        items
    }

    /// Refuses members that mean nothing: they are misspelt, or belong elsewhere.
    pub(super) fn allow(&self, names: &[&str]) -> Result<(), String> {
        match self.items().iter().find(|item| !names.contains(&item.name)) {
            None => Ok(()),
            Some(item) => Err(item.wrong(&format!(
                "`{}` means nothing in {}; allowed: {}",
                item.name,
                self.name,
                names.join(", ")
            ))),
        }
    }

    /// A member.
    pub(super) fn get(&self, name: &str) -> Option<Item<'t>> {
        self.items().into_iter().find(|item| item.name == name)
    }

    /// A member that must be there.
    pub(super) fn need(&self, name: &str) -> Result<Item<'t>, String> {
        self.get(name)
            .ok_or_else(|| wrong(self.text, self.start, &format!("{} needs `{name}`", self.name)))
    }

    /// A text, if the member is there.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'t str>, String> {
        self.get(name).map(|item| item.text()).transpose()
    }

    /// `true` or `false`; absent is `false`.
    pub(super) fn flag(&self, name: &str) -> Result<bool, String> {
        match self.get(name) {
            None => Ok(false),
            Some(item) => match item.value {
                DeValue::Boolean(flag) => Ok(*flag),
                _ => Err(item.wrong(&format!("`{name}` is true or false"))),
            },
        }
    }

    /// A table inside of this one, if it is there.
    pub(super) fn table(&self, name: &str) -> Result<Option<Self>, String> {
        let Some(item) = self.get(name) else {
            return Ok(None);
        };
        match item.table() {
            Some(table) => Ok(Some(table)),
            None => Err(item.wrong(&format!("`{name}` is a table, [{name}]"))),
        }
    }

    /// An error about the whole table.
    pub(super) fn wrong(&self, what: &str) -> String {
        wrong(self.text, self.start, what)
    }
}

impl<'t> Item<'t> {
    /// An error about this value.
    pub(super) fn wrong(&self, what: &str) -> String {
        wrong(self.text, self.start, what)
    }

    /// Its text.
    pub(super) fn text(&self) -> Result<&'t str, String> {
        self.as_text().ok_or_else(|| self.wrong(&format!("`{}` is a text in quotes", self.name)))
    }

    /// Its text, if it is one.
    pub(super) fn as_text(&self) -> Option<&'t str> {
        match self.value {
            DeValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// Its whole number, if it is one that is not negative.
    pub(super) fn number(&self) -> Option<usize> {
        match self.value {
            DeValue::Integer(number) => usize::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        }
    }

    /// Its members, if it is a table.
    pub(super) fn table(&self) -> Option<Table<'t>> {
        let DeValue::Table(table) = self.value else {
            return None;
        };
        Some(Table { text: self.text, table, start: self.start, name: self.name })
    }

    /// Its items; one value alone is a list of one.
    pub(super) fn list(&self) -> Vec<Self> {
        let DeValue::Array(items) = self.value else {
            return vec![*self];
        };
        let item = |item: &'t Spanned<DeValue<'t>>| Self {
            value: item.get_ref(),
            start: item.span().start,
            ..*self
        };
        items.iter().map(item).collect()
    }

    /// Its texts.
    pub(super) fn texts(&self) -> Result<Vec<&'t str>, String> {
        self.list().iter().map(Self::text).collect()
    }
}
