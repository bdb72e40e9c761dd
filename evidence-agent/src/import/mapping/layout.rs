//! The tables `[csv]`, `[json]` and `[lines]`: how a file of that format is laid out.

use super::Form;
use super::field::{Step, column, path};
use super::source::{Item, Table};
use crate::import::table::{Header, Layout, Records};
use crate::import::text::Choice;

/// `[csv]`; all of it has defaults.
pub(super) fn layout(whole: &Table<'_>) -> Result<Layout, String> {
    let mut layout = Layout {
        delimiter: b',',
        quote: Some(b'"'),
        trim: false,
        preamble: None,
        header: Header::Row(1),
        rows_below: 0,
        records: Records::File,
        trace: None,
        decimal: '.',
    };
    let Some(table) = whole.table("csv")? else {
        return Ok(layout);
    };
    table.allow(&[
        "delimiter",
        "quote",
        "trim",
        "preamble",
        "header",
        "rows-below",
        "records",
        "group",
        "trace",
        "decimal",
    ])?;
    layout.trim = table.flag("trim")?;
    if let Some(item) = table.get("delimiter") {
        layout.delimiter = delimiter(&item, whole)?;
    }
    if let Some(item) = table.get("quote") {
        layout.quote = match item.text()? {
            "\"" => Some(b'"'),
            "'" => Some(b'\''),
            "none" => None,
            _ => return Err(item.wrong("`quote` is \", ' or none")),
        };
    }
    if let Some(item) = table.get("preamble") {
        layout.preamble = Some(separator_in(&item)?);
    }
    if let Some(item) = table.get("header") {
        layout.header = header(&item)?;
    }
    if let Some(item) = table.get("rows-below") {
        let number = item.number().filter(|number| *number <= 100);
        layout.rows_below = number.ok_or_else(|| item.wrong("`rows-below` is 0 to 100"))?;
    }
    if let Some(item) = table.get("trace") {
        layout.trace = Some(column(&item)?);
    }
    if let Some(item) = table.get("decimal") {
        layout.decimal = match item.text()? {
            "." => '.',
            "," if layout.delimiter == b',' && layout.quote.is_none() => {
                return Err(item.wrong("a decimal comma and a delimiter comma need quotes"));
            }
            "," => ',',
            _ => return Err(item.wrong("`decimal` is \".\" or \",\"")),
        };
    }
    layout.records = records(&table)?;
    Ok(layout)
}

fn delimiter(item: &Item<'_>, whole: &Table<'_>) -> Result<u8, String> {
    let delimiter = match item.text()? {
        "tab" | "\t" => b'\t',
        "," => b',',
        ";" => b';',
        "|" => b'|',
        _ => return Err(item.wrong("`delimiter` is \",\", \";\", \"|\" or \"tab\"")),
    };
    // In these encodings the byte of a vertical line is also the second half of letters.
    let double = |choice: &&&str| {
        let choice = Choice::parse(choice);
        ["gbk", "gb18030", "shift-jis"].iter().any(|name| Choice::parse(name) == choice)
    };
    let encodings = whole.get("encoding").map_or(Ok(vec!["auto"]), |item| item.texts())?;
    match encodings.iter().find(double) {
        Some(encoding) if delimiter == b'|' => Err(item.wrong(&format!(
            "with encoding {encoding} the delimiter \"|\" cannot be told from parts of letters; \
             allowed with it: auto, utf-8, windows-1252"
        ))),
        _ => Ok(delimiter),
    }
}

fn header(item: &Item<'_>) -> Result<Header, String> {
    match (item.as_text(), item.number()) {
        (Some(cell), _) if !cell.trim().is_empty() => Ok(Header::Starts(cell.trim().to_string())),
        (_, Some(0)) => Ok(Header::None),
        (_, Some(row)) => Ok(Header::Row(row)),
        _ => Err(item.wrong(
            "`header` is the number of the row with the names (0: there is none), or the text of \
             that row's first cell",
        )),
    }
}

fn records(table: &Table<'_>) -> Result<Records, String> {
    let group = table.get("group");
    let Some(item) = table.get("records") else {
        return match group {
            Some(group) => Err(group.wrong("`group` is for records = \"groups\" only")),
            None => Ok(Records::File),
        };
    };
    match (item.text()?, group) {
        ("file", None) => Ok(Records::File),
        ("rows", None) => Ok(Records::Rows),
        ("groups", Some(group)) => {
            let columns: Result<Vec<_>, String> = group.list().iter().map(column).collect();
            let columns = columns?;
            if columns.is_empty() {
                Err(group.wrong("`group` names no column"))
            } else {
                Ok(Records::Groups(columns))
            }
        }
        ("groups", None) => {
            Err(item.wrong("records = \"groups\" needs `group`, a list of columns"))
        }
        (_, Some(group)) => Err(group.wrong("`group` is for records = \"groups\" only")),
        _ => Err(item.wrong("`records` is file, rows or groups")),
    }
}

/// `[json]`: the values that are a record each.
pub(super) fn json_records(whole: &Table<'_>) -> Result<Option<Vec<Step>>, String> {
    let Some(table) = whole.table("json")? else {
        return Ok(None);
    };
    table.allow(&["records"])?;
    match table.get("records") {
        None => Ok(None),
        Some(item) => match item.text()? {
            "file" => Ok(None),
            text => path(&item, text, &Form::Json(None)).map(Some),
        },
    }
}

/// `[lines]`: what stands between key and value.
pub(super) fn separator(whole: &Table<'_>) -> Result<String, String> {
    let Some(table) = whole.table("lines")? else {
        return Ok("=".to_string());
    };
    table.allow(&["separator"])?;
    table.get("separator").map_or(Ok("=".to_string()), |item| separator_in(&item))
}

fn separator_in(item: &Item<'_>) -> Result<String, String> {
    match item.text()? {
        "tab" => Ok("\t".to_string()),
        text if (1..=4).contains(&text.chars().count()) => Ok(text.to_string()),
        _ => Err(item.wrong(&format!(
            "`{}` is what stands between key and value, such as \":\"",
            item.name
        ))),
    }
}
