//! Tables of cells (CSV in its many forms), with the lines that profilers write before the grid.
//!
//! ```text
//! Product: MAINBRD            a key and its value
//! Start: 2026-03-02 08:02:11
//! Time;TC1;TC2                the header
//! 0,5;25,1;*OC*               a row; what a cell means is not asked
//! ```
//!
//! Cells are read from the file's own bytes and each is decoded by itself, so that the bytes of a
//! row are known exactly. That is sound in every encoding that is read here, because delimiters,
//! quotes and line ends are never the second half of a letter: `mapping` allows no other.

use std::borrow::Cow;
use std::ops::Range;

use csv::{ByteRecord, ReaderBuilder};
use encoding_rs::Encoding;

use super::text::piece;

/// The most cells of a table.
const MAX_CELLS: usize = 4_000_000;

/// How a table is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) delimiter: u8,
    /// `None` if a quote is a letter like any other.
    pub(super) quote: Option<u8>,
    /// Whether spaces around a cell are no part of it.
    pub(super) trim: bool,
    /// What stands between key and value in the lines before the grid, if there are any.
    pub(super) preamble: Option<String>,
    pub(super) header: Header,
    /// How many rows follow the header before the first row of data (units, for example).
    pub(super) rows_below: usize,
    pub(super) records: Records,
    /// The first column of a curve.
    pub(super) trace: Option<Column>,
    /// What stands in decimal numbers, for whoever draws the curve.
    pub(super) decimal: char,
}

/// Where the names of the columns stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// Nowhere; columns have numbers only.
    None,
    /// In this row, the first being 1; empty lines are not counted.
    Row(usize),
    /// In the first row whose first cell is this.
    Starts(String),
}

/// What one record is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Records {
    /// The whole file.
    File,
    /// Rows one after another that agree in these columns.
    Groups(Vec<Column>),
    /// One row.
    Rows,
}

/// Which column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Named(String),
    /// From 1.
    Numbered(usize),
}

impl std::fmt::Display for Column {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named(name) => write!(formatter, "{name:?}"),
            Self::Numbered(number) => write!(formatter, "{number}"),
        }
    }
}

/// A table that was read.
#[derive(Debug)]
pub(super) struct Grid {
    encoding: &'static Encoding,
    names: Vec<String>,
    /// What stood before the grid.
    pub(super) keys: Vec<(String, String)>,
    /// The cells of all rows behind each other, without quotes.
    cells: Vec<u8>,
    /// Where each cell ends.
    ends: Vec<usize>,
    rows: Vec<Row>,
}

#[derive(Debug)]
struct Row {
    /// Which of all cells are in it.
    cells: Range<usize>,
    /// Where it stands in the bytes.
    range: Range<usize>,
}

impl Grid {
    /// Reads a whole table from bytes that are text in this encoding.
    pub(super) fn parse(
        bytes: &[u8],
        encoding: &'static Encoding,
        layout: &Layout,
    ) -> Result<Self, String> {
        let ends_cell = |byte: &&u8| **byte == layout.delimiter || matches!(**byte, b'\n' | b'\r');
        if bytes.iter().filter(ends_cell).count() > MAX_CELLS {
            return Err(format!("more than {MAX_CELLS} cells"));
        }
        let mut grid = Self {
            encoding,
            names: Vec::new(),
            keys: Vec::new(),
            cells: Vec::new(),
            ends: Vec::new(),
            rows: Vec::new(),
        };
        let mut stage = Stage::Before { row: 0 };
        if layout.header == Header::None {
            stage = Stage::Grid { below: layout.rows_below };
        }
        for_each_row(bytes, layout, |cells, range| match &mut stage {
            Stage::Before { row } => {
                *row += 1;
                let first = grid.cell(cells.get(0).unwrap_or_default());
                let found = match &layout.header {
                    Header::None => true,
                    Header::Row(number) => row == number,
                    Header::Starts(name) => first.trim() == name,
                };
                if found {
                    let names = cells.iter().map(|cell| grid.cell(cell).trim().to_string());
                    grid.names = names.collect();
                    stage = Stage::Grid { below: layout.rows_below };
                } else if let Some(separator) = &layout.preamble {
                    grid.key(cells, &bytes[range], separator, layout.delimiter);
                }
            }
            Stage::Grid { below: 0 } => grid.push(cells, range),
            Stage::Grid { below } => *below -= 1,
        })?;
        match (&stage, &layout.header) {
            (Stage::Before { .. }, Header::Starts(name)) => {
                Err(format!("no row begins with the cell {name:?}"))
            }
            (Stage::Before { .. }, _) => Err("it ends before its header".to_string()),
            (Stage::Grid { .. }, _) => Ok(grid),
        }
    }

    fn push(&mut self, cells: &ByteRecord, range: Range<usize>) {
        let first = self.ends.len();
        for cell in cells {
            self.cells.extend_from_slice(cell);
            self.ends.push(self.cells.len());
        }
        self.rows.push(Row { cells: first..self.ends.len(), range });
    }

    fn cell<'c>(&self, bytes: &'c [u8]) -> Cow<'c, str> {
        piece(self.encoding, bytes).unwrap_or_else(|| String::from_utf8_lossy(bytes))
    }

    /// A line before the grid. White space around a key and its value is no part of them.
    fn key(&mut self, cells: &ByteRecord, line: &[u8], separator: &str, delimiter: u8) {
        let (key, value) = if separator.as_bytes() == [delimiter] {
            let [key, value] = [0, 1].map(|at| self.cell(cells.get(at).unwrap_or_default()));
            (key.trim().to_string(), value.trim().to_string())
        } else {
            let line = self.cell(line);
            let Some((key, value)) = line.split_once(separator) else {
                return;
            };
            (key.trim().to_string(), value.trim().to_string())
        };
        if !key.is_empty() {
            self.keys.push((key, value));
        }
    }

    /// How many rows of data.
    pub(super) fn count(&self) -> usize {
        self.rows.len()
    }

    /// Where a row of data stands in the bytes, with its line end.
    pub(super) fn range(&self, row: usize) -> Range<usize> {
        self.rows[row].range.clone()
    }

    /// Which place in a row a column has; `None` if the table has no such column.
    pub(super) fn place(&self, column: &Column) -> Result<Option<usize>, String> {
        let name = match column {
            Column::Numbered(number) => return Ok(Some(number - 1)),
            Column::Named(name) => name,
        };
        let mut places = self.names.iter().enumerate().filter(|(_, have)| *have == name);
        let first = places.next().map(|(at, _)| at);
        if places.next().is_some() {
            return Err(format!("two columns are named {name:?}: give the number of one"));
        }
        Ok(first)
    }

    /// One cell of a row.
    pub(super) fn at(&self, row: usize, place: usize) -> Option<Cow<'_, str>> {
        let cells = &self.rows[row].cells;
        let at = cells.start.checked_add(place).filter(|at| *at < cells.end)?;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        Some(self.cell(&self.cells[start..self.ends[at]]))
    }

    /// The names of the columns from one on.
    pub(super) fn names_from(&self, place: usize) -> &[String] {
        self.names.get(place..).unwrap_or_default()
    }
}

enum Stage {
    Before { row: usize },
    Grid { below: usize },
}

/// Goes through all rows that are not empty, with the bytes of each.
fn for_each_row(
    bytes: &[u8],
    layout: &Layout,
    mut take: impl FnMut(&ByteRecord, Range<usize>),
) -> Result<(), String> {
    let trim = if layout.trim { csv::Trim::Fields } else { csv::Trim::None };
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).trim(trim).delimiter(layout.delimiter);
    match layout.quote {
        Some(quote) => builder.quote(quote),
        None => builder.quoting(false),
    };
    let mut reader = builder.from_reader(bytes);
    let mut cells = ByteRecord::new();
    loop {
        let start = reader.position().byte() as usize;
        let more = reader.read_byte_record(&mut cells).map_err(|error| error.to_string())?;
        if !more {
            return Ok(());
        }
        // The reader ends a row at its carriage return and takes the line feed and empty lines
        // with the next one.
        let line_end = |byte: &&u8| matches!(**byte, b'\r' | b'\n');
        let start = start + bytes[start..].iter().take_while(line_end).count();
        let mut end = reader.position().byte() as usize;
        if bytes[..end].ends_with(b"\r") && bytes[end..].starts_with(b"\n") {
            end += 1;
        }
        take(&cells, start.min(end)..end);
    }
}

/// Reads lines of keys and values alone, such as INI files. A key below `[Section]` is
/// `Section/key`; a line that begins with `;` or `#` is a remark.
pub(super) fn keys(text: &str, separator: &str) -> Vec<(String, String)> {
    let (mut keys, mut section) = (Vec::new(), String::new());
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{}/", name.trim());
        } else if line.starts_with([';', '#']) {
        } else if let Some((key, value)) = line.split_once(separator) {
            keys.push((format!("{section}{}", key.trim()), value.trim().to_string()));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use encoding_rs::{GBK, UTF_8};

    fn layout(header: Header) -> Layout {
        Layout {
            delimiter: b',',
            quote: Some(b'"'),
            trim: false,
            preamble: Some(":".to_string()),
            header,
            rows_below: 0,
            records: Records::Rows,
            trace: None,
            decimal: '.',
        }
    }

    #[test]
    fn the_bytes_of_every_row_are_known_exactly() {
        let bytes = b"a,b\r\n1,\"x\r\ny\"\r\n\r\n2,z\n3,\xb2\xbb\xc1\xbc\r4,end";
        let grid = Grid::parse(bytes, GBK, &layout(Header::Row(1))).unwrap();
        let rows: Vec<&[u8]> = (0..grid.count()).map(|row| &bytes[grid.range(row)]).collect();
        let want: [&[u8]; 4] = [b"1,\"x\r\ny\"\r\n", b"2,z\n", b"3,\xb2\xbb\xc1\xbc\r", b"4,end"];
        assert_eq!(rows, want);
        assert_eq!(grid.at(0, 1).as_deref(), Some("x\r\ny"));
        assert_eq!(grid.at(2, 1).as_deref(), Some("不良"));
        assert_eq!(grid.at(3, 2), None);
    }

    #[test]
    fn lines_before_the_grid_are_keys() {
        let text = "Product: A: B\nstray\n : none\nTime,TC1\ns,C\n0,*OC*\n";
        let mut layout = layout(Header::Starts("Time".to_string()));
        layout.rows_below = 1;
        let grid = Grid::parse(text.as_bytes(), UTF_8, &layout).unwrap();
        assert_eq!(grid.keys, [("Product".to_string(), "A: B".to_string())]);
        assert_eq!((grid.count(), grid.at(0, 1).as_deref()), (1, Some("*OC*")));
        assert_eq!(grid.names_from(1), ["TC1"]);
        layout.preamble = Some(",".to_string());
        let grid = Grid::parse(b"Product,\"A,B\"\nTime,x\n", UTF_8, &layout).unwrap();
        assert_eq!(grid.keys, [("Product".to_string(), "A,B".to_string())]);
    }

    #[test]
    fn a_header_that_is_not_there_or_not_clear_is_said() {
        let starts = layout(Header::Starts("Time".to_string()));
        let missing = Grid::parse(b"a,b\n", UTF_8, &starts).unwrap_err();
        assert_eq!(missing, "no row begins with the cell \"Time\"");
        assert!(Grid::parse(b"a,b\n", UTF_8, &layout(Header::Row(2))).is_err());
        let grid = Grid::parse(b"a,b,a\n1,2,3\n", UTF_8, &layout(Header::Row(1))).unwrap();
        let named = |name: &str| grid.place(&Column::Named(name.to_string()));
        assert_eq!(named("b"), Ok(Some(1)));
        assert_eq!(named("c"), Ok(None));
        assert!(named("a").unwrap_err().starts_with("two columns are named"));
        let wide = vec![b','; MAX_CELLS + 1];
        assert!(Grid::parse(&wide, UTF_8, &layout(Header::None)).is_err());
    }

    #[test]
    fn sections_go_before_the_keys_of_an_ini_file() {
        let text = "; remark\nfree=1\n[Codes]\n 10002 = pseudo defect\n#x=y\nno key\n";
        let want = [("free", "1"), ("Codes/10002", "pseudo defect")];
        let want = want.map(|(key, value)| (key.to_string(), value.to_string()));
        assert_eq!(keys(text, "="), want);
    }
}
