//! From a file and its mapping to readings.

use std::ops::Range;

use encoding_rs::UTF_8;
use spec::evidence::kind::Kind;

use super::lookup::{Answer, Content, ask, values_at};
use super::mapping::{Declared, Form, KindRule, LinkName, Place, Step};
use super::table::{Column, Grid, Layout, Records, keys};
use super::text::{Choice, Text, decode, is_for_another, piece};
use super::values::{self, Values, link};
use super::{MAX_READINGS, READER, json, xml};
use crate::model::{Links, Reading};

/// Fields whose value is a list by the format's rules, also where a mapping names one value.
const LISTS: [&str; 4] = ["repairs", "reviewed", "unit/positions", "units"];

/// Fields whose value is a decimal number by the format's rules.
const DECIMALS: [&str; 2] = ["defects", "inspected"];

/// Reads a file by its mapping.
pub(super) fn read(mapping: &Declared, name: &[u8], bytes: &[u8]) -> Vec<Reading> {
    let job = Job { mapping, name: file_name(name, &mapping.encodings), size: bytes.len() };
    let readings = match &mapping.form {
        Form::Cfx | Form::Raw => Ok(vec![job.reading(&Content::Sealed, 0..bytes.len(), "raw")]),
        _ => decode(bytes, &mapping.encodings).and_then(|text| job.text(&text, bytes)),
    };
    match readings {
        Ok(readings) if (1..=MAX_READINGS).contains(&readings.len()) => readings,
        Ok(readings) if readings.is_empty() => vec![job.not("it holds no record")],
        Ok(_) => vec![job.not(&too_many())],
        Err(why) => vec![job.not(&why)],
    }
}

fn too_many() -> String {
    format!("more than {MAX_READINGS} records")
}

/// A name as text: UTF-8, or an encoding that the mapping names. What is neither is shown with its
/// bytes as `\xb2`, so that two names stay two.
fn file_name(name: &[u8], encodings: &[Choice]) -> String {
    if let Ok(name) = std::str::from_utf8(name) {
        return name.to_string();
    }
    let named = encodings.iter().zip(1_usize..).find_map(|(choice, behind)| match choice {
        Choice::Named(encoding) if !is_for_another(encoding, name, &encodings[behind..]) => {
            piece(encoding, name)
        }
        Choice::Auto | Choice::Named(_) => None,
    });
    let shown = || {
        let mut shown = String::new();
        for chunk in name.utf8_chunks() {
            shown += chunk.valid();
            shown.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
        }
        shown
    };
    named.map_or_else(shown, std::borrow::Cow::into_owned)
}

struct Job<'m> {
    mapping: &'m Declared,
    name: String,
    size: usize,
}

impl Job<'_> {
    fn not(&self, why: &str) -> Reading {
        Reading::attachment(self.size, why, self.media_type())
    }

    const fn media_type(&self) -> Option<&'static str> {
        match self.mapping.form {
            Form::Cfx | Form::Json(_) => Some("application/json"),
            Form::Csv(_) => Some("text/csv"),
            Form::Lines(_) => Some("text/plain"),
            Form::Raw => None,
            Form::Xml => Some("application/xml"),
        }
    }

    fn text(&self, text: &Text<'_>, bytes: &[u8]) -> Result<Vec<Reading>, String> {
        let (whole, encoding) = (0..bytes.len(), text.encoding.name());
        match &self.mapping.form {
            Form::Cfx | Form::Raw => Ok(Vec::new()),
            Form::Xml => {
                let document = xml::Document::parse(&text.text)?;
                Ok(vec![self.reading(&Content::Xml(&document), whole, encoding)])
            }
            Form::Lines(separator) => {
                let keys = keys(&text.text, separator);
                Ok(vec![self.reading(&Content::Keys(&keys), whole, encoding)])
            }
            Form::Json(records) => self.json(text, records.as_deref(), whole),
            Form::Csv(layout) => self.table(text, bytes, layout),
        }
    }

    fn json(
        &self,
        text: &Text<'_>,
        records: Option<&[Step]>,
        whole: Range<usize>,
    ) -> Result<Vec<Reading>, String> {
        let encoding = text.encoding.name();
        let document = json::Document::parse(&text.text).map_err(|why| why.to_string())?;
        let mut readings = Vec::new();
        let rows = records.is_some_and(|steps| *steps == [Step::Each]);
        let count = document.roots().take(2).count();
        for root in document.roots() {
            if readings.len() > MAX_READINGS {
                return Err(too_many());
            }
            if let Some(member) = root.repeated() {
                return Err(format!("the JSON member {member:?} is repeated"));
            }
            let Some(records) = records else {
                readings.push(self.reading(&Content::Json(root), whole.clone(), encoding));
                continue;
            };
            if text.encoding != UTF_8 {
                return Err(format!("records of their own inside {encoding}: only UTF-8 has them"));
            }
            if rows && !root.is_array() {
                // Rows on lines of their own, or one row alone, whose bytes are then the file's.
                let Range { start, end } = root.range();
                let own = start + text.mark..end + text.mark;
                let range = if count == 1 { whole.clone() } else { own };
                readings.push(self.reading(&Content::Json(root), range, encoding));
                continue;
            }
            for value in values_at(root, records).into_iter().flatten() {
                if readings.len() > MAX_READINGS {
                    return Err(too_many());
                }
                let Range { start, end } = value.range();
                let range = start + text.mark..end + text.mark;
                readings.push(self.reading(&Content::Json(value), range, encoding));
            }
        }
        if records.is_none() && readings.len() > 1 {
            return Err("several JSON values, where the mapping makes one record".to_string());
        }
        Ok(readings)
    }

    fn table(
        &self,
        text: &Text<'_>,
        bytes: &[u8],
        layout: &Layout,
    ) -> Result<Vec<Reading>, String> {
        let encoding = text.encoding.name();
        // Two bytes a letter have no place for a table of bytes, so the text itself is read.
        let own_bytes = text.encoding.is_ascii_compatible();
        let grid = if own_bytes {
            Grid::parse(&bytes[text.mark..], text.encoding, layout)?
        } else {
            Grid::parse(text.text.as_bytes(), UTF_8, layout)?
        };
        if layout.records == Records::File {
            let rows = 0..grid.count();
            return Ok(vec![self.reading(&Content::Rows(&grid, rows), 0..bytes.len(), encoding)]);
        }
        if !own_bytes {
            return Err(format!(
                "records of their own inside {encoding} have no bytes of their own"
            ));
        }
        let groups = groups(&grid, &layout.records)?;
        if groups.len() > MAX_READINGS {
            return Err(too_many());
        }
        let readings = groups.into_iter().map(|rows| {
            let first = grid.range(rows.start).start;
            let last = grid.range(rows.end - 1).end;
            let range = first + text.mark..last + text.mark;
            self.reading(&Content::Rows(&grid, rows), range, encoding)
        });
        Ok(readings.collect())
    }

    /// One record's reading; what is not clear in it makes it an attachment of its own bytes.
    fn reading(&self, content: &Content<'_>, range: Range<usize>, encoding: &str) -> Reading {
        match self.understand(content, encoding) {
            Ok(reading) => Reading { range, ..reading },
            Err(why) => Reading { range, ..self.not(&why) },
        }
    }

    fn understand(&self, content: &Content<'_>, encoding: &str) -> Result<Reading, String> {
        let mapping = self.mapping;
        let kind = self.kind(content)?;
        let mut values = Values::default();
        let mut fixed = Vec::new();
        for (name, spec) in &mapping.fields {
            let answer = ask(spec, content, &self.name).map_err(|why| format!("{name:?} {why}"))?;
            if matches!(spec.place, Place::Fixed(_)) {
                fixed.push(name.as_str());
            }
            match answer {
                Answer::None => {}
                Answer::List(items) => values.list(name, items)?,
                Answer::One(one) if LISTS.contains(&name.as_str()) => values.list(name, [one])?,
                Answer::One(one) => values.put(name, Some(one)),
            }
        }
        decimals(&mut values);
        self.times(content, &mut values)?;
        if let Form::Csv(layout) = &mapping.form {
            trace(content, layout, &mut values)?;
        }
        self.check(&values)?;
        let links = self.links(&values);
        let sha256 = &mapping.sha256;
        let mut interpreted = format!("{READER} {} {encoding} mapping {sha256}", mapping.name);
        if !fixed.is_empty() {
            // A value that the mapping gives was not written by the machine, and this says so.
            interpreted += &format!(" fixed {}", fixed.join(" "));
        }
        Ok(Reading {
            kind,
            recognised: true,
            interpreted,
            media_type: self.media_type(),
            values: values.finish(kind)?,
            range: 0..self.size,
            unpacked: None,
            links,
        })
    }

    fn kind(&self, content: &Content<'_>) -> Result<Kind, String> {
        let (from, words, otherwise) = match &self.mapping.kind {
            KindRule::Fixed(kind) => return Ok(*kind),
            KindRule::Chosen { from, words, otherwise } => (from, words, otherwise),
        };
        let answer = ask(from, content, &self.name).map_err(|why| format!("the kind {why}"))?;
        let word = match answer {
            Answer::One(word) => word,
            Answer::List(_) | Answer::None => String::new(),
        };
        let kind = words.get(word.trim()).or(otherwise.as_ref()).copied();
        kind.ok_or_else(|| format!("the word {word:?} chooses no kind of record"))
    }

    fn times(&self, content: &Content<'_>, values: &mut Values) -> Result<(), String> {
        let Some(times) = &self.mapping.times else {
            return Ok(());
        };
        let mut zone = None;
        for (name, specs) in [("claimed/start", &times.start), ("claimed/end", &times.end)] {
            let mut parts = Vec::new();
            for spec in specs {
                match ask(spec, content, &self.name).map_err(|why| format!("{name:?} {why}"))? {
                    Answer::One(part) if !part.is_empty() => parts.push(part),
                    _ => {}
                }
            }
            if parts.is_empty() {
                continue;
            }
            // Date and time of day in two places are joined by a space and otherwise kept.
            let time = parts.join(" ");
            if !times.format.fits(&time) {
                values.problem(&format!("{name} is not {}", times.format.as_str()));
            }
            zone = zone.or_else(|| times.format.zone(&time).map(str::to_string));
            values.put(name, Some(time));
        }
        if values.text("claimed/start").or(values.text("claimed/end")).is_some() {
            values.put("claimed/format", Some(times.format.as_str()));
            let by_mapping = times.zone.as_ref().map(|zone| format!("{zone} (mapping)"));
            let zone = zone.or(by_mapping).unwrap_or_else(|| "unknown".to_string());
            values.put("claimed/zone", Some(zone));
        }
        Ok(())
    }

    /// What makes a file one that the mapping does not fit.
    fn check(&self, values: &Values) -> Result<(), String> {
        let absent = |name: &&String| values.text(name).is_none_or(|value| value.trim().is_empty());
        if let Some(missing) = self.mapping.require.iter().find(absent) {
            return Err(format!("it has no {missing:?}, which the mapping requires"));
        }
        if values.is_empty() && !matches!(self.mapping.form, Form::Raw) {
            return Err("nothing that the mapping names is in it".to_string());
        }
        let listed = |name: &str| {
            let value = values.text(name)?;
            let is_list = value.ends_with('\n');
            is_list.then(|| value.lines().count())
        };
        // A verdict for each unit means nothing if there are more of one than of the other.
        for name in ["verdict", "verdict/before", "unit/positions"] {
            if let Some((count, units)) = listed(name).zip(listed("units"))
                && count != units
            {
                return Err(format!("{count} of {name:?} for {units} units"));
            }
        }
        Ok(())
    }

    fn links(&self, values: &Values) -> Links {
        let nothing = &self.mapping.nothing;
        let mut links = values::links(values, nothing);
        for (which, names) in &self.mapping.links {
            let part = |name: &String| match name.as_str() {
                "file/name" => Some(self.name.as_str()),
                name => values.text(name).map(|value| value.strip_suffix('\n').unwrap_or(value)),
            };
            let parts: Option<Vec<&str>> = match names.split_first() {
                None => None,
                Some((first, rest)) => part(first).map(|first| {
                    let rest = rest.iter().filter_map(part);
                    std::iter::once(first).chain(rest).collect()
                }),
            };
            let found = parts.and_then(|parts| link(parts, nothing));
            match which {
                LinkName::Board => links.board = found,
                LinkName::Lane => links.lane = found,
                LinkName::Machine => links.machine = found,
                LinkName::Recipe => links.recipe = found,
                LinkName::Subject => links.subject = found,
            }
        }
        links
    }
}

/// A count that is no number is kept out of the place of numbers, and is noted.
fn decimals(values: &mut Values) {
    for name in DECIMALS {
        let Some(value) = values.text(name).map(str::to_string) else {
            continue;
        };
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
            values.remove(name);
            values.problem(&format!("{name} is no number: {:?}", super::bounded(&value)));
        }
    }
}

/// What a curve's columns are called, and how its numbers are written.
fn trace(content: &Content<'_>, layout: &Layout, values: &mut Values) -> Result<(), String> {
    let (Some(column), Content::Rows(grid, _)) = (&layout.trace, content) else {
        return Ok(());
    };
    if let Some(place) = grid.place(column)? {
        values.list("trace/channels", grid.names_from(place))?;
        values.put("trace/decimal", Some(layout.decimal.to_string()));
    }
    Ok(())
}

/// Rows that make one record each.
fn groups(grid: &Grid, records: &Records) -> Result<Vec<Range<usize>>, String> {
    let columns: &[Column] = match records {
        Records::File => return Ok(std::iter::once(0..grid.count()).collect()),
        Records::Rows => return Ok((0..grid.count()).map(|row| row..row + 1).collect()),
        Records::Groups(columns) => columns,
    };
    let mut places = Vec::new();
    for column in columns {
        let place = grid.place(column)?;
        places.push(place.ok_or_else(|| format!("it has no column {column} to group by"))?);
    }
    let same = |one: usize, other: usize| {
        places.iter().all(|place| grid.at(one, *place) == grid.at(other, *place))
    };
    let mut groups: Vec<Range<usize>> = Vec::new();
    for row in 0..grid.count() {
        match groups.last_mut() {
            // Only neighbours: a record's bytes are one piece of the file.
            Some(group) if same(group.start, row) => group.end = row + 1,
            _ => groups.push(row..row + 1),
        }
    }
    Ok(groups)
}
