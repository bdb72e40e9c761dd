//! Lists of units: one a line, or CSV with a header, as `fiducial reconcile` takes them.
//!
//! ```text
//! serial,panel,position,lot          or one unit a line, without a header
//! SN1,PN1,1,L7
//! ```
//!
//! Of a table the serial numbers and their panels are taken: reports of some machines name the panel
//! alone. Commas, semicolons or tabs part cells, as the header has most of them; quotes are those of RFC
//! 4180, within a line. Without a header that names a known column every line is a unit, whatever is in it.

use std::collections::BTreeSet;
use std::path::Path;

use spec::evidence::range::items;

use crate::error::AgentError;
use crate::model::names_nobody;
use crate::site::commands::Desk;

/// The most bytes of a list of units: some hundred thousand serial numbers.
const MAX_UNITS_SIZE: usize = 16 * 1024 * 1024;

/// What the columns are called, in small letters.
const SERIAL: [&str; 2] = ["serial", "序列号"];
const PANEL: [&str; 3] = ["panel", "拼板", "连板"];
const OTHERS: [&str; 2] = ["position", "lot"];

/// Reads a list of units.
pub(crate) fn read_units(desk: &Desk<'_>, path: &Path) -> Result<BTreeSet<Vec<u8>>, AgentError> {
    let bytes = desk.caller.read(path, MAX_UNITS_SIZE).map_err(AgentError::file(path))?;
    Ok(units_of(&bytes))
}

/// The units of a list as tables and editors write it: with CR LF, empty lines, and a byte order mark,
/// which would make the first unit another one.
fn units_of(list: &[u8]) -> BTreeSet<Vec<u8>> {
    let list = list.strip_prefix(b"\xef\xbb\xbf").unwrap_or(list);
    let lines = items(list).map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut lines = lines.filter(|line| !line.is_empty()).peekable();
    match lines.peek().and_then(|first| Header::of(first)) {
        Some(header) => lines.skip(1).flat_map(|line| header.names(line)).collect(),
        None => lines.map(<[u8]>::to_vec).collect(),
    }
}

/// Where a table has what is taken of it.
struct Header {
    separator: u8,
    serial: usize,
    panel: Option<usize>,
}

impl Header {
    /// The header, if this line names a known column.
    fn of(first: &[u8]) -> Option<Self> {
        let count = |separator: &u8| first.iter().filter(|byte| *byte == separator).count();
        let separator = [b'\t', b';', b','].into_iter().max_by_key(count)?;
        let names = cells(first, separator);
        let names: Vec<String> =
            names.iter().map(|name| String::from_utf8_lossy(name).trim().to_lowercase()).collect();
        let at = |known: &[&str]| names.iter().position(|name| known.contains(&name.as_str()));
        let (serial, panel) = (at(&SERIAL), at(&PANEL));
        let is_header = serial.or(panel).or_else(|| at(&OTHERS)).is_some();
        is_header.then(|| Self { separator, serial: serial.unwrap_or_default(), panel })
    }

    /// What a row names. A panel that was not read is none.
    fn names(&self, row: &[u8]) -> Vec<Vec<u8>> {
        let cells = cells(row, self.separator);
        let panel = self.panel.and_then(|at| cells.get(at)).filter(|panel| !names_nobody(panel));
        let names = cells.get(self.serial).into_iter().chain(panel);
        names.filter(|name| !name.is_empty()).cloned().collect()
    }
}

/// The cells of a line.
fn cells(line: &[u8], separator: u8) -> Vec<Vec<u8>> {
    let (mut cells, mut cell, mut is_quoted) = (Vec::new(), Vec::new(), false);
    let mut bytes = line.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' if is_quoted && bytes.next_if_eq(&b'"').is_some() => cell.push(b'"'),
            b'"' if is_quoted || cell.is_empty() => is_quoted = !is_quoted,
            byte if byte == separator && !is_quoted => cells.push(std::mem::take(&mut cell)),
            byte => cell.push(byte),
        }
    }
    cells.push(cell);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<String> {
        let units = units_of(list.as_bytes());
        units.into_iter().map(|unit| String::from_utf8(unit).unwrap()).collect()
    }

    #[test]
    fn a_list_is_read_as_tables_and_editors_write_it() {
        for list in ["U1\nU2", "U1\nU2\n", "\u{feff}U1\r\nU2\r\n", "\u{feff}\r\nU2\n\nU1\r\n\r\n"] {
            assert_eq!(names(list), ["U1", "U2"], "{list:?}");
        }
        assert!(names("\u{feff}\r\n").is_empty() && names("").is_empty());
    }

    #[test]
    fn of_a_table_serial_numbers_and_panels_are_taken() {
        let shipped = "serial,panel,position,lot\nP1-1,P1,1,L7\nP1-2,P1,2,L7\n";
        assert_eq!(names(shipped), ["P1", "P1-1", "P1-2"]);
        for separator in [";", "\t"] {
            assert_eq!(names(&shipped.replace(',', separator)), ["P1", "P1-1", "P1-2"]);
        }
        assert_eq!(names("\u{feff}Lot, SERIAL \r\nL7,U1\r\nL7,U2\r\n"), ["U1", "U2"]);
        assert_eq!(names("序列号\nU1\n"), ["U1"]);
        assert_eq!(names("lot;\"serial\"\n\"a;b\";\"U \"\"1\"\"\"\n"), ["U \"1\""]);
        // A panel that was not read, and rows that are too short.
        assert_eq!(names("serial,panel\nU1,N/A\nU2\n,P2\n"), ["P2", "U1", "U2"]);
        // Without a known column a line is a unit, whatever is in it.
        assert_eq!(names("U1,1\nU2;2\n"), ["U1,1", "U2;2"]);
    }
}
