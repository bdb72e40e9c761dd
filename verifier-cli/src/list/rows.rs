//! The rows and cells of a list: quotes as in RFC 4180, and nothing that no list has.

use std::borrow::Cow;

/// The most bytes of one cell.
pub(super) const MAX_CELL_SIZE: usize = 256;

/// A row's number and its cells, each without spaces around it. Most stay where the text has them: a delivery has
/// thousands.
pub(super) type Row<'t> = (usize, Vec<Cow<'t, str>>);

/// Takes a table apart; empty lines are no rows. At most `expected` rows are made room for beforehand.
pub(super) fn rows(text: &str, separator: char, expected: usize) -> Result<Vec<Row<'_>>, String> {
    // As many as there are lines, unless cells hold some; lists that are too long are told later.
    let lines = 1 + text.bytes().filter(|byte| *byte == b'\n').count();
    let mut rows = Vec::with_capacity(lines.min(expected));
    let mut reader = Cells { rest: text, line: 1, separator };
    loop {
        let line = reader.line;
        let mut cells = Vec::with_capacity(1);
        let mut end = End::Cell;
        while end == End::Cell {
            let cell;
            (cell, end) = reader.next()?;
            cells.push(cell);
        }
        if cells.iter().any(|cell| !cell.is_empty()) {
            rows.push((line, cells));
        }
        if end == End::Text {
            return Ok(rows);
        }
    }
}

/// What ends with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The cell alone.
    Cell,
    Row,
    Text,
}

/// What is left of a text.
struct Cells<'t> {
    rest: &'t str,
    line: usize,
    separator: char,
}

impl<'t> Cells<'t> {
    /// The next cell.
    fn next(&mut self) -> Result<(Cow<'t, str>, End), String> {
        let ends = |byte: u8| byte == b'\n' || byte == b'"' || char::from(byte) == self.separator;
        let text = self.rest;
        let at = text.bytes().position(ends).unwrap_or(text.len());
        let (cell, behind) = text.split_at(at);
        let end = match behind.bytes().next() {
            Some(b'"') => return self.quoted().map(|(cell, end)| (Cow::Owned(cell), end)),
            Some(b'\n') => End::Row,
            Some(_) => End::Cell,
            None => End::Text,
        };
        let plain = if end == End::Cell { cell } else { cell.strip_suffix('\r').unwrap_or(cell) };
        self.check(plain.len(), plain.contains(char::is_control))?;
        self.rest = behind.get(1..).unwrap_or_default();
        self.line += usize::from(end == End::Row);
        Ok((Cow::Borrowed(plain.trim()), end))
    }

    fn check(&self, size: usize, has_control: bool) -> Result<(), String> {
        let line = self.line;
        if size > MAX_CELL_SIZE {
            return Err(format!("line {line}: a cell of more than {MAX_CELL_SIZE} bytes"));
        }
        if has_control {
            return Err(format!("line {line}: a control character"));
        }
        Ok(())
    }

    /// The same of a cell in which a quote stands.
    fn quoted(&mut self) -> Result<(String, End), String> {
        let (mut cell, mut quoted, mut was_quoted) = (String::new(), false, false);
        let text = self.rest;
        let mut letters = text.char_indices().peekable();
        let (behind, end) = loop {
            let Some((at, letter)) = letters.next() else { break (text.len(), End::Text) };
            let next = letters.peek().map(|(_, letter)| *letter);
            match letter {
                '"' if quoted && next == Some('"') => {
                    letters.next();
                    cell.push('"');
                }
                '"' if quoted => quoted = false,
                '"' if cell.trim().is_empty() && !was_quoted => (quoted, was_quoted) = (true, true),
                '"' => return Err(format!("line {}: a quote inside of a cell", self.line)),
                other if other == self.separator && !quoted => break (at + 1, End::Cell),
                '\n' if !quoted => break (at + 1, End::Row),
                '\r' if !quoted && matches!(next, Some('\n') | None) => {}
                other => {
                    self.check(0, other.is_control())?;
                    cell.push(other);
                }
            }
            self.check(cell.len(), false)?;
        };
        if quoted {
            return Err(format!("line {}: a quote that is not closed", self.line));
        }
        self.rest = &text[behind..];
        self.line += usize::from(end == End::Row);
        Ok((cell.trim().to_owned(), end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Vec<(usize, Vec<String>)> {
        let owned = |(line, cells): Row<'_>| {
            (line, cells.into_iter().map(Cow::into_owned).collect::<Vec<_>>())
        };
        rows(text, ',', 10).unwrap().into_iter().map(owned).collect()
    }

    #[test]
    fn rows_keep_their_lines_and_cells_lose_spaces_and_quotes() {
        let text = " a , \"b,\"\"c\" \r\n\r\n\"d\"e,,\r\n,f\r";
        let row = |line, cells: &[&str]| (line, cells.iter().map(ToString::to_string).collect());
        let want = [row(1, &["a", "b,\"c"]), row(3, &["de", "", ""]), row(4, &["", "f"])];
        assert_eq!(cells(text), want);
        assert!(cells("").is_empty() && cells(" ,\n\n").is_empty());
        assert_eq!(cells("a").len(), 1);
    }

    #[test]
    fn what_no_list_has_is_refused_with_its_line() {
        let most = "x".repeat(MAX_CELL_SIZE);
        assert_eq!(cells(&format!("{most}\r\n\"{most}\"")).len(), 2);
        for (text, why) in [
            (format!("a\n{most}x"), "line 2: a cell of more than"),
            (format!("a\n\"{most}x\""), "line 2: a cell of more than"),
            ("a\n\nb\u{1}".to_owned(), "line 3: a control character"),
            ("a\rb".to_owned(), "line 1: a control character"),
            ("a\r,b".to_owned(), "line 1: a control character"),
            ("\"a\nb\"".to_owned(), "line 1: a control character"),
            ("a,\u{85}".to_owned(), "line 1: a control character"),
            ("a\nb\"c".to_owned(), "line 2: a quote inside of a cell"),
            ("\"a\"\"\n".to_owned(), "line 1: a control character"),
            ("a,\"b".to_owned(), "line 1: a quote that is not closed"),
            ("\"a\" \"b\"".to_owned(), "line 1: a quote inside of a cell"),
        ] {
            let refused = rows(&text, ',', 10).unwrap_err();
            assert!(refused.starts_with(why), "{text:.20?}: {refused}");
        }
    }
}
