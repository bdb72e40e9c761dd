//! Finds what a mapping asks for, in whatever form the file has.

use std::borrow::Cow;
use std::ops::Range;

use super::json::Value;
use super::mapping::{NamePart, Place, Spec, Step, Take};
use super::table::Grid;
use super::xml;

/// The part of a file that one record is made of.
pub(super) enum Content<'c> {
    Json(Value<'c>),
    Keys(&'c [(String, String)]),
    /// Some rows of a table.
    Rows(&'c Grid, Range<usize>),
    /// Nothing inside is known.
    Sealed,
    Xml(&'c xml::Document),
}

/// A value at one place: `None` where the place is there and empty of it, so that lists that run
/// in parallel stay in step.
type Found<'c> = Option<Cow<'c, str>>;

/// What a specification found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    List(Vec<String>),
    None,
    One(String),
}

/// Looks a specification up. An error says why the answer is not clear.
pub(super) fn ask(spec: &Spec, content: &Content<'_>, file_name: &str) -> Result<Answer, String> {
    let mut found = find(&spec.place, content, file_name)?;
    if let Some(equals) = &spec.equals {
        found.retain(|value| value.as_deref() == Some(equals));
    }
    if spec.take == Take::Count {
        let count = match (&spec.place, content, &spec.equals) {
            // Objects are no text, and are counted all the same.
            (Place::Path(steps), Content::Json(value), None) => {
                values_at(*value, steps).into_iter().flatten().count()
            }
            // An empty cell is none: a row without a defect has no code.
            (Place::Column(_), ..) => {
                found.iter().flatten().filter(|cell| !cell.is_empty()).count()
            }
            _ => found.iter().flatten().count(),
        };
        return Ok(Answer::One(count.to_string()));
    }
    if found.iter().all(Option::is_none) {
        return Ok(Answer::None);
    }
    if let Take::List { unique } = spec.take {
        let items = found.into_iter().map(|value| value.unwrap_or_default().into_owned());
        return Ok(Answer::List(if unique { without_repeats(items) } else { items.collect() }));
    }
    // An empty cell says nothing; it is the value only if nobody says anything.
    let mut said = found.iter().flatten().filter(|value| !value.is_empty());
    let first = said.next();
    let one = match spec.take {
        Take::Last => said.next_back().or(first),
        Take::Only => match first.and_then(|first| said.find(|other| *other != first)) {
            Some(other) => {
                let first = first.map_or("", |first| first);
                return Err(format!("has different values, such as {first:?} and {other:?}"));
            }
            None => first,
        },
        Take::Count | Take::First | Take::List { .. } => first,
    };
    Ok(Answer::One(one.map(|one| one.clone().into_owned()).unwrap_or_default()))
}

fn without_repeats(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}

fn find<'c>(
    place: &'c Place,
    content: &Content<'c>,
    file_name: &'c str,
) -> Result<Vec<Found<'c>>, String> {
    Ok(match (place, content) {
        (Place::Fixed(text), _) => vec![Some(Cow::Borrowed(text.as_str()))],
        (Place::Name(part), _) => vec![name_part(file_name, part).map(Cow::Borrowed)],
        (Place::Column(column), Content::Rows(grid, rows)) => match grid.place(column)? {
            None => Vec::new(),
            Some(place) => rows.clone().map(|row| grid.at(row, place)).collect(),
        },
        (Place::Key(key), Content::Rows(grid, _)) => keyed(&grid.keys, key),
        (Place::Key(key), Content::Keys(keys)) => keyed(keys, key),
        (Place::Path(steps), Content::Json(value)) => {
            values_at(*value, steps).into_iter().map(|value| value?.text()).collect()
        }
        (Place::Path(steps), Content::Xml(document)) => in_xml(document, steps),
        // A mapping's format allows no other place.
        _ => Vec::new(),
    })
}

fn keyed<'c>(keys: &'c [(String, String)], key: &str) -> Vec<Found<'c>> {
    let found = keys.iter().filter(|(have, _)| have == key);
    found.map(|(_, value)| Some(Cow::Borrowed(value.as_str()))).collect()
}

/// The JSON values at a path.
pub(super) fn values_at<'d>(root: Value<'d>, steps: &[Step]) -> Vec<Option<Value<'d>>> {
    let mut at = vec![Some(root)];
    for step in steps {
        at = match step {
            Step::Child(name) => at.into_iter().map(|value| value?.member(name)).collect(),
            Step::Nth(number) => {
                at.into_iter().map(|value| value?.items().nth(*number)?.present()).collect()
            }
            Step::Each => {
                let items = at.into_iter().flatten().flat_map(Value::items);
                items.map(Value::present).collect()
            }
            Step::Attribute(_) => Vec::new(),
        };
    }
    at
}

fn in_xml<'c>(document: &'c xml::Document, steps: &[Step]) -> Vec<Found<'c>> {
    let mut at = vec![xml::Document::TOP];
    let mut rest = steps;
    while let [step, after @ ..] = rest {
        rest = after;
        match step {
            Step::Child(name) => {
                // `Image[2]` is the second image of each parent, as in XPath.
                let nth = match after {
                    [Step::Nth(number), after @ ..] => {
                        rest = after;
                        Some(number - 1)
                    }
                    _ => None,
                };
                let children = at.iter().flat_map(|of| {
                    let children = document.children(*of, name);
                    children.skip(nth.unwrap_or(0)).take(nth.map_or(usize::MAX, |_| 1))
                });
                at = children.collect();
            }
            Step::Attribute(name) => {
                let values = at.iter().map(|of| document.attribute(*of, name).map(Cow::Borrowed));
                return values.collect();
            }
            Step::Each | Step::Nth(_) => {}
        }
    }
    at.into_iter().map(|of| Some(Cow::Borrowed(document.text(of)))).collect()
}

fn name_part<'n>(name: &'n str, part: &NamePart) -> Option<&'n str> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    match part {
        NamePart::Part(number, split) => stem.split(split.as_str()).nth(number - 1),
        NamePart::Stem => Some(stem),
        NamePart::Whole => Some(name),
    }
}
