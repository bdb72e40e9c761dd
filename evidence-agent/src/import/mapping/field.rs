//! Where a value stands, and which of several is meant.

use super::Form;
use super::source::{Item, Table};
use crate::import::table::Column;

/// One value, a list or a count, out of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) struct Spec {
    pub(in crate::import) place: Place,
    pub(in crate::import) take: Take,
    /// Only values that are this text are taken.
    pub(in crate::import) equals: Option<String>,
}

/// Where values stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) enum Place {
    Column(Column),
    /// The mapping says it itself.
    Fixed(String),
    /// Before the grid, or in a file of keys and values.
    Key(String),
    /// In the file's name.
    Name(NamePart),
    Path(Vec<Step>),
}

/// A part of a file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) enum NamePart {
    /// The part with this number, from 1, of the name without its extension.
    Part(usize, String),
    /// Without its extension.
    Stem,
    Whole,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::import) enum Step {
    Attribute(String),
    Child(String),
    Each,
    /// JSON counts from 0; XML, like XPath, from 1.
    Nth(usize),
}

/// Which of the values found is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::import) enum Take {
    Count,
    First,
    Last,
    List {
        unique: bool,
    },
    /// There must not be two different ones.
    Only,
}

/// Parses what a field is filled with.
pub(super) fn spec(item: &Item<'_>, form: &Form) -> Result<Spec, String> {
    if let Some(text) = item.as_text() {
        let place = match form {
            Form::Csv(_) => Place::Column(Column::Named(text.trim().to_string())),
            Form::Lines(_) => Place::Key(text.to_string()),
            Form::Json(_) | Form::Xml => Place::Path(path(item, text, form)?),
            Form::Cfx | Form::Raw => return Err(item.wrong(RAW)),
        };
        return Ok(Spec { place, take: Take::Only, equals: None });
    }
    let Some(table) = item.table() else {
        return Err(item.wrong(&format!("`{}` is a text or a table: {}", item.name, places(form))));
    };
    table.allow(&[
        "path", "column", "key", "name", "split", "text", "list", "unique", "count", "take",
        "equals",
    ])?;
    let place = place(item, &table, form)?;
    let take = take(item, &table)?;
    Ok(Spec { place, take, equals: table.text("equals")?.map(str::to_string) })
}

const RAW: &str = "a raw file has no values inside; allowed: { name = ... } and { text = ... }";

const fn places(form: &Form) -> &'static str {
    match form {
        Form::Csv(_) => "{ column = ... }, { key = ... }, { name = ... } or { text = ... }",
        Form::Json(_) | Form::Xml => "{ path = ... }, { name = ... } or { text = ... }",
        Form::Lines(_) => "{ key = ... }, { name = ... } or { text = ... }",
        Form::Cfx | Form::Raw => "{ name = ... } or { text = ... }",
    }
}

fn place(item: &Item<'_>, table: &Table<'_>, form: &Form) -> Result<Place, String> {
    let named: Vec<Item<'_>> = table
        .items()
        .into_iter()
        .filter(|item| ["path", "column", "key", "name", "text"].contains(&item.name))
        .collect();
    let [one] = named.as_slice() else {
        let what = format!("`{}` names exactly one place: {}", item.name, places(form));
        return Err(item.wrong(&what));
    };
    match (one.name, form) {
        ("text", _) => Ok(Place::Fixed(one.text()?.to_string())),
        ("name", _) => name_part(one, table).map(Place::Name),
        ("path", Form::Json(_) | Form::Xml) => path(one, one.text()?, form).map(Place::Path),
        ("column", Form::Csv(_)) => column(one).map(Place::Column),
        ("key", Form::Csv(_) | Form::Lines(_)) => Ok(Place::Key(one.text()?.trim().to_string())),
        _ => Err(one.wrong(&format!(
            "`{}` is not in this format; allowed: {}",
            one.name,
            places(form)
        ))),
    }
}

/// A column by its name or its number.
pub(super) fn column(item: &Item<'_>) -> Result<Column, String> {
    match (item.as_text(), item.number()) {
        (Some(name), _) => Ok(Column::Named(name.trim().to_string())),
        (_, Some(number)) if number > 0 => Ok(Column::Numbered(number)),
        _ => Err(item.wrong("a column is its name in quotes, or its number from 1")),
    }
}

fn name_part(item: &Item<'_>, table: &Table<'_>) -> Result<NamePart, String> {
    let split = table.text("split")?.unwrap_or("_");
    match (item.as_text(), item.number()) {
        (Some("stem"), _) => Ok(NamePart::Stem),
        (Some("whole"), _) => Ok(NamePart::Whole),
        (_, Some(part)) if part > 0 && !split.is_empty() => {
            Ok(NamePart::Part(part, split.to_string()))
        }
        _ => Err(item.wrong(
            "`name` is \"whole\", \"stem\" (without extension) or the number of a part from 1, \
             with `split` saying what stands between the parts",
        )),
    }
}

fn take(item: &Item<'_>, table: &Table<'_>) -> Result<Take, String> {
    let unique = table.flag("unique")?;
    let list = table.flag("list")? || unique;
    let take = match table.get("take") {
        None => Take::Only,
        Some(take) => match take.text()? {
            "only" => Take::Only,
            "first" => Take::First,
            "last" => Take::Last,
            other => {
                return Err(take.wrong(&format!("`{other}`: `take` is only, first or last")));
            }
        },
    };
    match (table.flag("count")?, list, table.get("take").is_some()) {
        (true, false, false) => Ok(Take::Count),
        (false, true, false) => Ok(Take::List { unique }),
        (false, false, _) => Ok(take),
        _ => Err(item.wrong("`list`, `count` and `take` exclude each other")),
    }
}

/// Parses a path: `Units[].Id` in JSON, `Panel/Image/@barcode` in XML.
pub(super) fn path(item: &Item<'_>, text: &str, form: &Form) -> Result<Vec<Step>, String> {
    let steps = if matches!(form, Form::Xml) { xml_path(text) } else { json_path(text) };
    let like = if matches!(form, Form::Xml) {
        "Panel/Image/@barcode, Panel/Image[2]/Name"
    } else {
        "Units[].Id, [0].Id, \"a.b\".c"
    };
    steps
        .filter(|steps| (1..=32).contains(&steps.len()))
        .ok_or_else(|| item.wrong(&format!("`{text}` is no path; paths are like {like}")))
}

fn json_path(text: &str) -> Option<Vec<Step>> {
    let (mut steps, mut rest, mut dotted) = (Vec::new(), text, true);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('[') {
            let (number, after) = after.split_once(']')?;
            let step = if number.is_empty() { Step::Each } else { Step::Nth(number.parse().ok()?) };
            steps.push(step);
            (rest, dotted) = (after, false);
        } else if let Some(after) = rest.strip_prefix('.').filter(|_| !dotted) {
            (rest, dotted) = (after, true);
        } else if !dotted {
            return None;
        } else if let Some(after) = rest.strip_prefix('"') {
            let (name, after) = after.split_once('"')?;
            steps.push(Step::Child(name.to_string()));
            (rest, dotted) = (after, false);
        } else {
            let end = rest.find(['.', '[', ']', '"']).unwrap_or(rest.len());
            steps.push(Step::Child(rest.get(..end).filter(|name| !name.is_empty())?.to_string()));
            (rest, dotted) = (&rest[end..], false);
        }
    }
    // A path that ends in a dot ends in nothing.
    (!dotted).then_some(steps)
}

fn xml_path(text: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    for (at, part) in parts.iter().enumerate() {
        if let Some(name) = part.strip_prefix('@') {
            (at > 0 && at + 1 == parts.len() && is_xml_name(name)).then_some(())?;
            steps.push(Step::Attribute(name.to_string()));
            continue;
        }
        let (name, number) = match part.split_once('[') {
            None => (*part, None),
            Some((name, number)) => (name, Some(number.strip_suffix(']')?.parse().ok()?)),
        };
        is_xml_name(name).then_some(())?;
        steps.push(Step::Child(name.to_string()));
        if let Some(number) = number {
            (number > 0_usize).then_some(())?;
            steps.push(Step::Nth(number));
        }
    }
    Some(steps)
}

fn is_xml_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['[', ']', '@', '"', '\'', '<', '>', ' '])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_steps() {
        let child = |name: &str| Step::Child(name.to_string());
        let json = json_path("a[].\"b.c\"[2].d").unwrap();
        let want = [child("a"), Step::Each, child("b.c"), Step::Nth(2), child("d")];
        assert_eq!(json, want);
        assert_eq!(json_path("[].x"), Some(vec![Step::Each, child("x")]));
        for wrong in ["a.", ".a", "a..b", "a[", "a[x]", "a]b", "a\"b\"", "[]x", "\"a"] {
            assert_eq!(json_path(wrong), None, "{wrong}");
        }
        let xml = xml_path("P/s:I[2]/@k").unwrap();
        let attribute = Step::Attribute("k".to_string());
        assert_eq!(xml, [child("P"), child("s:I"), Step::Nth(2), attribute]);
        for wrong in ["", "/P", "P/", "@k", "P/@k/Q", "P[0]", "P[x]", "P//Q", "P[1"] {
            assert_eq!(xml_path(wrong), None, "{wrong}");
        }
    }
}
