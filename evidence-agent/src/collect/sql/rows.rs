//! A row set as canonical bytes: what is hashed and kept of rows in a database.
//!
//! UTF-8 JSON on one line, with a line break at its end and no other white space between its parts:
//!
//! ```text
//! {"rows":[{"pcbid":"17","barcode":"PNL0099123","reviewuserid":null},{"pcbid":"17", ...}]}
//! ```
//!
//! - One object a row, its members being the query's columns in the query's order.
//! - Each value is the text that the database itself writes for it, as a JSON string: a number is not
//!   read and written again, so no digit changes. Null is `null`, and always written.
//! - The text is that of a session with `DateStyle = ISO, YMD`, `TimeZone = UTC`, `IntervalStyle =
//!   postgres`, `extra_float_digits = 1`, `bytea_output = hex` and UTF-8.
//! - JSON strings escape `"`, `\` and the characters below U+0020, those by `\b \t \n \f \r` where
//!   there is one and else by `\u00` and two lower-case digits; nothing else.
//! - The rows stand in the order of their own bytes, whatever order the database gave them in.

use crate::model::ItemKey;

/// One row, as the database wrote it.
pub(super) type Row = Vec<Option<String>>;

/// All rows of one key.
#[derive(Debug)]
pub(super) struct RowSet {
    /// A JSON array of the key's values.
    pub(super) key: ItemKey,
    /// Where it stands in the order of the pass.
    pub(super) place: Vec<String>,
    /// The canonical bytes.
    pub(super) bytes: Vec<u8>,
    /// The key's values, for a name.
    values: Vec<String>,
}

impl RowSet {
    /// Renders rows of one key.
    pub(super) fn new(
        columns: &[String],
        rows: &[Row],
        values: Vec<String>,
        place: Vec<String>,
    ) -> Self {
        let mut rendered: Vec<String> = rows.iter().map(|row| object(columns, row)).collect();
        rendered.sort_unstable();
        let bytes = format!("{{\"rows\":[{}]}}\n", rendered.join(",")).into_bytes();
        let key: Vec<String> = values.iter().map(|value| quoted(value)).collect();
        let key = ItemKey(format!("[{}]", key.join(",")).into_bytes());
        Self { key, place, bytes, values }
    }

    /// A name as a file would have it.
    pub(super) fn name(&self) -> Vec<u8> {
        const MAX_NAME: usize = 64;
        let plain = |letter: char| if letter.is_alphanumeric() { letter } else { '-' };
        let stem: String = self.values.join("_").chars().take(MAX_NAME).collect();
        let stem: String =
            stem.chars().map(|letter| if letter == '_' { '_' } else { plain(letter) }).collect();
        format!("{stem}.json").into_bytes()
    }
}

fn object(columns: &[String], row: &Row) -> String {
    let members: Vec<String> = columns
        .iter()
        .zip(row)
        .map(|(column, value)| {
            let value = value.as_ref().map_or_else(|| "null".to_string(), |text| quoted(text));
            format!("{}:{value}", quoted(column))
        })
        .collect();
    format!("{{{}}}", members.join(","))
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("any text is a JSON string")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[Option<&str>]) -> Row {
        values.iter().map(|value| value.map(str::to_string)).collect()
    }

    #[test]
    fn rows_have_one_form_whatever_their_order() {
        let columns = ["id", "text"].map(str::to_string);
        let rows = [row(&[Some("17"), Some("b")]), row(&[Some("17"), None])];
        let swapped = [rows[1].clone(), rows[0].clone()];
        let render = |rows| RowSet::new(&columns, rows, vec!["17".into()], vec!["17".into()]);
        let want = "{\"rows\":[{\"id\":\"17\",\"text\":\"b\"},{\"id\":\"17\",\"text\":null}]}\n";
        for rows in [&rows, &swapped] {
            let set = render(rows);
            assert_eq!(String::from_utf8(set.bytes.clone()).unwrap(), want);
            assert_eq!((set.key.0.as_slice(), set.name()), (&b"[\"17\"]"[..], b"17.json".to_vec()));
        }
    }

    #[test]
    fn text_is_escaped_in_one_way() {
        let columns = ["t".to_string()];
        let text = "\"\\/\u{8}\t\n\u{c}\r\u{1}\u{1f}\u{7f}é炉\u{2028}";
        let set = RowSet::new(&columns, &[row(&[Some(text)])], vec!["../a b".into()], vec![]);
        let want =
            "{\"rows\":[{\"t\":\"\\\"\\\\/\\b\\t\\n\\f\\r\\u0001\\u001f\u{7f}é炉\u{2028}\"}]}\n";
        assert_eq!(String::from_utf8(set.bytes.clone()).unwrap(), want);
        assert_eq!(set.name(), b"---a-b.json");
    }
}
