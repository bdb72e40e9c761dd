//! Mapping files: how a quality engineer says what a machine's files mean.
//!
//! Rule: `spec/text/mapping.md`. A mapping says where values stand, never what they should be: no
//! value is converted, rounded or judged. The only table of words chooses the kind of record.
//!
//! ```toml
//! name = "saki-like"
//! kind = "aoi-report"
//! format = "xml"
//!
//! [fields]
//! panel = "Panel/@barcode"
//! units = { path = "Panel/Image/@barcode", list = true }
//! ```

mod field;
mod layout;
mod source;

use std::collections::BTreeMap;

use spec::Hash;
use spec::evidence::kind::{FieldName, Kind};
use toml::de::DeTable;

pub(super) use self::field::{NamePart, Place, Spec, Step, Take};
use self::source::{Item, Table};
use super::table::Layout;
use super::text::{self, Choice};
use super::time::{Format, is_zone};

/// The longest mapping file.
const MAX_SIZE: usize = 64 * 1024;

/// The most fields of one mapping.
const MAX_FIELDS: usize = 48;

/// The names that are filled by the agent itself, or by the parts of a mapping made for them.
const RESERVED: [&str; 10] = [
    "append",
    "attempt",
    "claimed",
    "file",
    "interpreted",
    "kind",
    "late",
    "message",
    "received",
    "trace",
];

/// Likewise, where only the whole name is taken.
const RESERVED_NAMES: [&str; 10] = [
    "certificate/from",
    "certificate/lane",
    "certificate/sha256",
    "certificate/until",
    "media-type",
    "program/sha256",
    "seen",
    "supersedes",
    "tags",
    "valid",
];

/// A mapping file that was understood.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    /// SHA-256 of the file: part of how a record was read.
    pub(super) sha256: String,
    pub(super) kind: KindRule,
    pub(super) form: Form,
    pub(super) encodings: Vec<Choice>,
    pub(super) fields: Vec<(String, Spec)>,
    /// Fields without which a file is not understood.
    pub(super) require: Vec<String>,
    pub(super) times: Option<Times>,
    pub(super) links: Vec<(LinkName, Vec<String>)>,
    /// Words that stand for no identifier, such as `N/A`.
    pub(super) nothing: Vec<String>,
}

/// What kind of record is made.
#[derive(Debug)]
pub(super) enum KindRule {
    Chosen { from: Spec, words: BTreeMap<String, Kind>, otherwise: Option<Kind> },
    Fixed(Kind),
}

/// How a file is laid out.
#[derive(Debug)]
pub(super) enum Form {
    Cfx,
    Csv(Layout),
    /// With the path of the values that are a record each, if it is not the whole file.
    Json(Option<Vec<Step>>),
    /// Lines of keys and values, with what stands between.
    Lines(String),
    Raw,
    Xml,
}

/// Where times stand and how they are written.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) format: Format,
    pub(super) start: Vec<Spec>,
    pub(super) end: Vec<Spec>,
    pub(super) zone: Option<String>,
}

/// What chains are followed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LinkName {
    Board,
    Lane,
    Machine,
    Recipe,
    Subject,
}

const LINK_NAMES: [(&str, LinkName); 5] = [
    ("board", LinkName::Board),
    ("lane", LinkName::Lane),
    ("machine", LinkName::Machine),
    ("recipe", LinkName::Recipe),
    ("subject", LinkName::Subject),
];

impl Declared {
    /// Parses a mapping file. The error names the line, what is wrong there and what is allowed.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_SIZE {
            return Err(format!("a mapping file has at most {MAX_SIZE} bytes"));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let parsed = DeTable::parse(text).map_err(|error| {
            source::wrong(text, error.span().map_or(0, |span| span.start), error.message())
        })?;
        let whole = Table::whole(text, &parsed);
        whole.allow(&[
            "name",
            "description",
            "kind",
            "format",
            "encoding",
            "require",
            "not-a-value",
            "fields",
            "times",
            "links",
            "csv",
            "json",
            "lines",
        ])?;
        let name = name(&whole.need("name")?)?;
        whole.text("description")?;
        let form = form(&whole)?;
        let sha256 = Hash::of(text.as_bytes()).to_hex();
        let mut declared = Self {
            name,
            sha256,
            kind: KindRule::Fixed(Kind::Attachment),
            encodings: encodings(&whole)?,
            fields: Vec::new(),
            require: Vec::new(),
            times: None,
            links: Vec::new(),
            nothing: Vec::new(),
            form,
        };
        if matches!(declared.form, Form::Cfx) {
            // What a message means is the standard's to say, not a mapping's.
            whole.allow(&["name", "description", "format"])?;
            return Ok(declared);
        }
        declared.kind = kind(&whole, &declared.form)?;
        if let Some(table) = whole.table("fields")? {
            declared.fields = fields(&table, &declared.form)?;
        }
        if let Some(table) = whole.table("times")? {
            declared.times = Some(times(&table, &declared.form)?);
        }
        if let Some(item) = whole.get("require") {
            declared.require = declared.field_names(&item, &["claimed/start", "claimed/end"])?;
        }
        if let Some(item) = whole.get("not-a-value") {
            declared.nothing = item.texts()?.into_iter().map(|word| word.trim().into()).collect();
        }
        if let Some(table) = whole.table("links")? {
            table.allow(&LINK_NAMES.map(|(name, _)| name))?;
            for item in table.items() {
                let known = LINK_NAMES.iter().find(|(name, _)| *name == item.name);
                let known = known.expect("only these are allowed").1;
                declared.links.push((known, declared.field_names(&item, &["file/name"])?));
            }
        }
        Ok(declared)
    }

    /// Names of fields that the mapping fills.
    fn field_names(&self, item: &Item<'_>, also: &[&str]) -> Result<Vec<String>, String> {
        let mut names = Vec::new();
        for name in item.texts()? {
            if !also.contains(&name) && !self.fields.iter().any(|(have, _)| have == name) {
                let mut allowed: Vec<&str> = self.fields.iter().map(|(name, _)| &**name).collect();
                allowed.extend(also);
                return Err(item.wrong(&format!(
                    "`{name}` is no field of this mapping; its fields: {}",
                    allowed.join(", ")
                )));
            }
            names.push(name.to_string());
        }
        Ok(names)
    }
}

fn name(item: &Item<'_>) -> Result<String, String> {
    let name = item.text()?;
    let letter =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if name.is_empty() || name.len() > 40 || !name.chars().all(letter) {
        return Err(item.wrong("`name` is 1 to 40 lower-case letters, digits and dashes"));
    }
    Ok(name.to_string())
}

fn form(whole: &Table<'_>) -> Result<Form, String> {
    let item = whole.need("format")?;
    let format = item.text()?;
    for (own, formats) in
        [("csv", &["csv"][..]), ("json", &["json"][..]), ("lines", &["lines"][..])]
    {
        if let Some(table) = whole.get(own).filter(|_| !formats.contains(&format)) {
            return Err(table.wrong(&format!("[{own}] is for format = \"{own}\" only")));
        }
    }
    match format {
        "cfx" => Ok(Form::Cfx),
        "csv" => layout::layout(whole).map(Form::Csv),
        "json" => layout::json_records(whole).map(Form::Json),
        "lines" => layout::separator(whole).map(Form::Lines),
        "raw" => Ok(Form::Raw),
        "xml" => Ok(Form::Xml),
        _ => Err(item
            .wrong(&format!("`{format}` is no format; allowed: cfx, csv, json, lines, raw, xml"))),
    }
}

fn encodings(whole: &Table<'_>) -> Result<Vec<Choice>, String> {
    let Some(item) = whole.get("encoding") else {
        return Ok(vec![Choice::Auto]);
    };
    let mut choices = Vec::new();
    for name in item.texts()? {
        choices.push(Choice::parse(name).ok_or_else(|| {
            let names = text::NAMES.join(", ");
            item.wrong(&format!("`{name}` is no encoding; allowed: {names}, or a list of them"))
        })?);
    }
    if choices.is_empty() { Err(item.wrong("`encoding` names none")) } else { Ok(choices) }
}

/// The kinds that a file can be.
fn kind_of(name: &str) -> Option<Kind> {
    let kind = Kind::parse(name.as_bytes())?;
    (!matches!(kind, Kind::Batch | Kind::Closing | Kind::Outage)).then_some(kind)
}

fn kind_named(item: &Item<'_>, name: &str) -> Result<Kind, String> {
    kind_of(name).ok_or_else(|| {
        let all: Vec<&str> = Kind::ALL
            .iter()
            .map(|kind| kind.as_str())
            .filter(|name| kind_of(name).is_some())
            .collect();
        item.wrong(&format!("`{name}` is no kind of evidence; allowed: {}", all.join(", ")))
    })
}

fn kind(whole: &Table<'_>, form: &Form) -> Result<KindRule, String> {
    let item = whole.need("kind")?;
    if let Some(name) = item.as_text() {
        return kind_named(&item, name).map(KindRule::Fixed);
    }
    let shape = "`kind` is one kind, or a table with `from` (where the word stands), `words` (word = \
                 kind) and perhaps `otherwise`";
    let table = item.table().ok_or_else(|| item.wrong(shape))?;
    table.allow(&["from", "words", "otherwise"])?;
    let from = field::spec(&table.need("from")?, form)?;
    let mut words = BTreeMap::new();
    for word in table.table("words")?.ok_or_else(|| table.wrong(shape))?.items() {
        words.insert(word.name.to_string(), kind_named(&word, word.text()?)?);
    }
    let otherwise = match table.get("otherwise") {
        Some(item) => Some(kind_named(&item, item.text()?)?),
        None => None,
    };
    Ok(KindRule::Chosen { from, words, otherwise })
}

fn fields(table: &Table<'_>, form: &Form) -> Result<Vec<(String, Spec)>, String> {
    let mut fields = Vec::new();
    for item in table.items() {
        let name = item.name;
        FieldName::parse(name).map_err(|error| item.wrong(&format!("`{name}`: {error}")))?;
        let first = name.split('/').next().unwrap_or_default();
        if RESERVED.contains(&first) || RESERVED_NAMES.contains(&name) || first == "valid" {
            let times =
                if first == "claimed" { "; times have a table of their own, [times]" } else { "" };
            return Err(item.wrong(&format!("`{name}` is filled by the agent itself{times}")));
        }
        fields.push((name.to_string(), field::spec(&item, form)?));
    }
    let most = fields.len() <= MAX_FIELDS;
    if most { Ok(fields) } else { Err(table.wrong(&format!("more than {MAX_FIELDS} fields"))) }
}

fn times(table: &Table<'_>, form: &Form) -> Result<Times, String> {
    table.allow(&["format", "start", "end", "zone"])?;
    let item = table.need("format")?;
    let format =
        Format::parse(item.text()?).map_err(|why| item.wrong(&format!("`format`: {why}")))?;
    let side = |name: &str, take: Take| {
        let Some(item) = table.get(name) else {
            return Ok(Vec::new());
        };
        let specs: Result<Vec<Spec>, String> = item
            .list()
            .iter()
            .map(|part| {
                let mut spec = field::spec(part, form)?;
                if matches!(spec.take, Take::Count | Take::List { .. }) {
                    return Err(part.wrong("a time is one value, no list and no count"));
                }
                // The first of all starts and the last of all ends, unless the mapping says.
                if spec.take == Take::Only {
                    spec.take = take;
                }
                Ok(spec)
            })
            .collect();
        specs
    };
    let zone = match table.get("zone") {
        None => None,
        Some(item) => match item.text()? {
            "unknown" => None,
            zone if is_zone(zone) => Some(zone.to_string()),
            zone => {
                return Err(item.wrong(&format!(
                    "`{zone}` is no zone; allowed: an offset such as +08:00, or unknown"
                )));
            }
        },
    };
    Ok(Times { format, start: side("start", Take::First)?, end: side("end", Take::Last)?, zone })
}

#[cfg(test)]
mod tests;
