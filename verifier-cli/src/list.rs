//! The caller's list of units: lines, or CSV with a header. Every command reads it here.
//!
//! ```text
//! serial,panel,position,lot          or one serial a line, without a header
//! SN1,PN1,1,L7
//! ```
//!
//! Columns are found by their names in the header ([`header`]), which also shows whether commas, semicolons or
//! tabs stand between them; `serial`, or else the first column, names the unit. A row with a placeholder there
//! (`N/A`) is known by its panel and its position on it. Plain lines have no header: a
//! first line with neither several columns nor a known name is a unit. Byte order mark and CRLF are taken off;
//! quotes as in RFC 4180. No known encoding ([`text`]), a quote that is not closed, several columns without a
//! header that names a known one, and more than the limits are refused, since a list that was cut would be
//! taken for a shipment.

mod doubts;
mod header;
mod panels;
mod rows;
mod text;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::collections::hash_map::Entry;
use std::path::Path;

use foldhash::{HashMap, HashMapExt};

use self::header::Columns;
pub(crate) use self::panels::{Panels, some};
use crate::failure::Failure;
use crate::input;
use crate::messages::{Message, Said};
use crate::mistaken::{self, Kind};

/// What is said of a list that is in no encoding which is known here.
const NO_TEXT: &str = "the file is not text in UTF-8, UTF-16 or GBK";

/// What is said of a row that nothing is known by.
const NO_NUMBER: &str = "no serial, and no panel to know the unit by: put its number in, add a column `panel`, or take the row out";

/// What is said of a second row of a panel where nothing tells its boards apart.
const NO_POSITION: &str = "no serial, and a row above has the same panel: put the position of each board into a column `position`";

/// The most bytes of a list: some hundred thousand serial numbers.
const MAX_LIST_SIZE: usize = 16 * 1024 * 1024;

/// The most units of a list.
const MAX_UNITS: usize = 200_000;

/// What lists have in place of a number, as [`is_placeholder`] reads it.
const PLACEHOLDERS: [&str; 5] = ["", "NA", "NONE", "NOREAD", "无"];

/// One shipped unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Empty where the list has none: then the panel is there.
    pub(crate) serial: String,
    pub(crate) panel: Option<String>,
    /// Its position on the panel, as reports write it.
    pub(crate) position: Option<String>,
    pub(crate) lot: Option<String>,
    /// How often it is in the list beyond the first time.
    pub(crate) repeated: usize,
}

/// What machines write for a board whose code they could not read.
const NO_NAMES: [&[u8]; 2] = [b"N/A", b"NOREAD"];

/// Whether it is a name, and not what a machine writes for a board or panel that it could not read.
pub(crate) fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && !NO_NAMES.contains(&name)
}

impl Unit {
    /// Whatever reports may call it: its serial or its panel.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        let names = std::iter::once(&self.serial).chain(&self.panel);
        names.map(String::as_str).filter(|name| is_name(name.as_bytes()))
    }

    /// The panel that the list names for it, if that is a name.
    pub(crate) fn panel_name(&self) -> Option<&str> {
        self.panel.as_deref().filter(|panel| is_name(panel.as_bytes()))
    }

    /// Whether this is its serial. A unit without one is called nothing, also where a record has an empty name.
    pub(crate) fn is(&self, name: &[u8]) -> bool {
        !self.serial.is_empty() && self.serial.as_bytes() == name
    }

    /// What people are told of it by: its serial, or else its panel and its position there, as `PN1 #2`.
    pub(crate) fn called(&self) -> Cow<'_, str> {
        match (&self.panel, &self.position) {
            _ if !self.serial.is_empty() => Cow::Borrowed(self.serial.as_str()),
            (Some(panel), Some(position)) => Cow::Owned(format!("{panel} #{position}")),
            (panel, _) => Cow::Borrowed(panel.as_deref().unwrap_or_default()),
        }
    }
}

/// Whether a cell says that there is no number: `N/A`, `-`, `none`. Marks and the size of letters are nothing.
fn is_placeholder(cell: &str) -> bool {
    // As almost every cell has.
    if cell.bytes().any(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let plain = || {
        let letters = cell.chars().filter(|letter| letter.is_alphanumeric());
        letters.map(|letter| letter.to_ascii_uppercase())
    };
    PLACEHOLDERS.iter().any(|known| known.chars().eq(plain()))
}

/// A list that was read: at least one unit, in their order, each once.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) units: Vec<Unit>,
    /// Whether its first line names columns. Without one, that line was taken for a unit.
    pub(crate) has_header: bool,
    /// What the header names beside known columns: nothing was read of these.
    pub(crate) unread: Vec<String>,
}

impl List {
    /// All names of all units, each once.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        self.units.iter().flat_map(Unit::names).collect()
    }

    /// The same as octets, as tags are made of them.
    pub(crate) fn octets(&self) -> Vec<Vec<u8>> {
        self.names().into_iter().map(|name| name.as_bytes().to_vec()).collect()
    }

    /// The first line, where it was taken for a unit: it could be a header that nobody knows.
    pub(crate) fn first_line(&self) -> Option<&Unit> {
        self.units.first().filter(|_| !self.has_header)
    }
}

/// Fails if a first line that is in no record, while others are, may be a header that nobody knows: a serial has
/// a digit.
pub(crate) fn doubt_header(first: &Unit) -> Result<(), Failure> {
    if first.serial.contains(|letter: char| letter.is_ascii_digit()) {
        return Ok(());
    }
    let why = Said::new(Message::ListHeader, &[&first.serial]);
    Err(Failure::new(why).with_hint(Said::new(Message::HintList, &[])))
}

/// Reads a list. Another file of the reader's would be read as units that nobody has.
pub(crate) fn read(path: &Path) -> Result<List, Failure> {
    let bytes = input::read(path, MAX_LIST_SIZE)?;
    let shown = path.display().to_string();
    if let Some(mistaken) = mistaken::told(&shown, &bytes, Kind::Units) {
        return Err(mistaken);
    }
    parse(&bytes).map_err(|why| {
        let failure = Failure::new(Said::of_error(Message::Malformed, &[&shown], &why));
        failure.with_hint(Said::new(Message::HintList, &[]))
    })
}

/// The text of bytes in an encoding that lists have.
pub(crate) fn decode(bytes: &[u8]) -> Option<Cow<'_, str>> {
    text::decode(bytes)
}

/// Whether bytes look like a list: the header names a known column, or there are several codes, one a line.
pub(crate) fn is_meant_by(bytes: &[u8]) -> bool {
    let is_code = |unit: &Unit| {
        let serial = &unit.serial;
        serial.contains(|letter: char| letter.is_ascii_digit())
            && !serial.contains(char::is_whitespace)
    };
    let is_codes = |units: &[Unit]| units.len() > 1 && units.iter().all(is_code);
    parse(bytes).is_ok_and(|list| list.has_header || is_codes(&list.units))
}

/// A list for tests.
#[cfg(test)]
pub(crate) fn parsed(lines: &str) -> List {
    parse(lines.as_bytes()).unwrap()
}

fn parse(bytes: &[u8]) -> Result<List, String> {
    let text = text::decode(bytes).ok_or(NO_TEXT)?;
    let rows = rows::rows(&text, header::separator(&text), MAX_UNITS)?;
    let Some((line, first)) = rows.first() else { return Err("no unit is in it".to_owned()) };
    let columns = Columns::of(first);
    // Of several columns nobody can say which is which.
    if columns.is_none() && first.len() > 1 {
        let known = header::HEADERS.join(", ");
        return Err(format!("line {line}: no header, of which these are known: {known}"));
    }
    let has_header = columns.is_some();
    let columns = columns.unwrap_or_default();
    let unread = if has_header { columns.unread(first) } else { Vec::new() };
    let most = rows.len().min(MAX_UNITS);
    let mut units: Vec<Unit> = Vec::with_capacity(most);
    let mut known: HashMap<Key<'_>, usize> = HashMap::with_capacity(most);
    for (line, cells) in rows.iter().skip(usize::from(has_header)) {
        let key = columns.key(cells).ok_or_else(|| format!("line {line}: {NO_NUMBER}"))?;
        match known.entry(key) {
            // Two boards, or one twice: nobody can say, and a board less would be another shipment.
            Entry::Occupied(_) if matches!(key, Key::OnPanel(_, None)) => {
                return Err(format!("line {line}: {NO_POSITION}"));
            }
            Entry::Occupied(at) => units[*at.get()].repeated += 1,
            Entry::Vacant(_) if units.len() == MAX_UNITS => {
                return Err(format!("more than {MAX_UNITS} units"));
            }
            Entry::Vacant(free) => {
                free.insert(units.len());
                units.push(columns.unit(cells));
            }
        }
    }
    if units.is_empty() {
        return Err("no unit is in it".to_owned());
    }
    Ok(List { units, has_header, unread })
}

/// What tells a unit from the others of its list.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key<'r> {
    /// A panel, and the position there if the list has one.
    OnPanel(&'r str, Option<&'r str>),
    Serial(&'r str),
}

impl Columns {
    /// What tells this row from others; `None` for one with neither serial nor panel.
    fn key<'r>(&self, cells: &'r [Cow<'_, str>]) -> Option<Key<'r>> {
        match number(cells, Some(self.serial)) {
            Some(serial) => Some(Key::Serial(serial)),
            None => Some(Key::OnPanel(number(cells, self.panel)?, number(cells, self.position))),
        }
    }

    fn unit(&self, cells: &[Cow<'_, str>]) -> Unit {
        let optional = |at: Option<usize>| number(cells, at).map(str::to_owned);
        Unit {
            serial: optional(Some(self.serial)).unwrap_or_default(),
            panel: optional(self.panel),
            position: optional(self.position),
            lot: self.lot.and_then(|at| cell(cells, at)).map(str::to_owned),
            repeated: 0,
        }
    }
}

/// What a row has in a column, if that is no placeholder.
fn number<'r>(cells: &'r [Cow<'_, str>], at: Option<usize>) -> Option<&'r str> {
    cell(cells, at?).filter(|cell| !is_placeholder(cell))
}

/// What a row has in a column; an empty cell is none.
fn cell<'r>(cells: &'r [Cow<'_, str>], at: usize) -> Option<&'r str> {
    cells.get(at).map(Cow::as_ref).filter(|cell| !cell.is_empty())
}

#[cfg(test)]
mod tests {
    use super::rows::MAX_CELL_SIZE;
    use super::*;

    fn serials(text: &str) -> Vec<String> {
        parse(text.as_bytes()).unwrap().units.into_iter().map(|unit| unit.serial).collect()
    }

    #[test]
    fn a_list_is_lines_or_a_table_with_a_header() {
        assert_eq!(serials("SN1\nSN2\n"), ["SN1", "SN2"]);
        assert_eq!(serials("\u{feff}SN1\r\n\r\nSN2"), ["SN1", "SN2"]);
        assert_eq!(serials("Serial\r\nSN1\r\n"), ["SN1"]);
        assert_eq!(serials("board,lot\nSN1,L7\n"), ["SN1"]);
        assert_eq!(serials("serial;panel;position\r\nSN1;PN1;1\r\nSN2;PN1;2\r\n"), ["SN1", "SN2"]);
        assert_eq!(serials("序列号\t拼板\nSN1\tPN1\n"), ["SN1"]);
        let table = "\u{feff}lot,panel,serial,position\r\nL7,\"PN,1\",\"S\"\"1\",2\r\n,,SN2,\r\n";
        let List { units, has_header, unread } = parse(table.as_bytes()).unwrap();
        assert!(has_header && unread.is_empty());
        let text = |text: &str| Some(text.to_owned());
        let first = Unit {
            serial: "S\"1".to_owned(),
            panel: text("PN,1"),
            position: text("2"),
            lot: text("L7"),
            repeated: 0,
        };
        assert_eq!(units[0], first);
        assert_eq!(units[1], Unit { serial: "SN2".to_owned(), ..Unit::default() });
    }

    #[test]
    fn columns_without_a_header_are_refused_and_lose_no_unit() {
        let why = parse(b"SN1,PN1\nSN2,PN1\n").unwrap_err();
        assert!(header::HEADERS.iter().all(|name| why.contains(name)), "{why}");
        for text in ["Baugruppe;Ort\nSN1;L7\n", "SN1\tPN1\nSN2\tPN1\n"] {
            assert!(parse(text.as_bytes()).unwrap_err().contains("no header"), "{text:?}");
        }
        // A code may hold a semicolon.
        assert_eq!(serials("SN1;7\nSN2;7\n"), ["SN1;7", "SN2;7"]);
        assert_eq!(serials("board,Panel\nSN1,PN1\n"), ["SN1"]);
    }

    #[test]
    fn a_unit_is_called_by_its_serial_or_its_panel_and_never_by_what_is_no_name() {
        let list = parse(b"serial,panel\nSN1,PN1\nSN2,PN1\nN/A,PN1\nSN2,NOREAD\n").unwrap();
        assert_eq!(list.names().into_iter().collect::<Vec<_>>(), ["PN1", "SN1", "SN2"]);
        assert_eq!(list.octets()[0], b"PN1");
        assert!(list.first_line().is_none());
        let lines = parse("\u{feff}Baugruppe\nSN1\n".as_bytes()).unwrap();
        assert_eq!(lines.first_line().unwrap().serial, "Baugruppe");
        assert!(parse("Seriennummer\nSN1\n".as_bytes()).unwrap().has_header);
    }

    #[test]
    fn a_row_with_a_placeholder_is_known_by_its_panel_and_its_position_there() {
        // By a digit a cell is told from all of them.
        assert!(!PLACEHOLDERS.concat().contains(|letter: char| letter.is_ascii_digit()));
        for no_serial in ["N/A", "n/a", "NA", "-", "--", "", "none", "None", "NOREAD", "#N/A", "无"]
        {
            let table = format!(
                "serial,panel,position\n{no_serial},PN1,-\n{no_serial},PN2,1\n{no_serial},PN2,2\nSN1,PN2,3\n"
            );
            let units = parse(table.as_bytes()).unwrap().units;
            let called: Vec<Cow<'_, str>> = units.iter().map(Unit::called).collect();
            assert_eq!(called, ["PN1", "PN2 #1", "PN2 #2", "SN1"], "{no_serial:?}");
            assert!(units.iter().all(|unit| unit.repeated == 0), "{units:?}");
            assert_eq!(units[1].names().collect::<Vec<_>>(), ["PN2"]);
            assert!(!units[0].is(b"") && !units[0].is(b"N/A") && units[3].is(b"SN1"));
        }
        // One that is there twice is told, as with a serial; a number is a number, whatever is in it.
        let twice = parse(b"serial,panel,position\nN/A,PN1,1\n-,PN1,1\n").unwrap().units;
        assert_eq!((twice.len(), twice[0].repeated), (1, 1));
        assert_eq!(serials("serial,panel\nNA1,PN1\nNONE-2,PN1\n0,PN1\n"), ["NA1", "NONE-2", "0"]);
    }

    #[test]
    fn a_row_that_nothing_is_known_by_is_refused_with_its_line_and_what_to_do() {
        for (text, start, cure) in [
            ("SN1\nN/A\n", "line 2: no serial", "put its number in"),
            ("serial,lot\nSN1,L7\n\nnone,L7\n", "line 4: no serial", "column `panel`"),
            ("serial,panel\nN/A,NOREAD\n", "line 2: no serial", "take the row out"),
            ("serial,panel,position\n-,PN1,\n-,PN1,\n", "line 3: no serial", "`position`"),
        ] {
            let why = parse(text.as_bytes()).unwrap_err();
            assert!(why.starts_with(start) && why.contains(cure), "{why}");
            let chinese = crate::words::chinese(&why);
            assert!(chinese.contains("没有序列号") && !chinese.contains("no serial"), "{chinese}");
        }
    }

    #[test]
    fn what_is_there_twice_is_one_unit_and_told() {
        let units = parse(b"SN1\nSN2\nSN1\nSN1\n").unwrap().units;
        assert_eq!((units.len(), units[0].repeated, units[1].repeated), (2, 2, 0));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let long = "x".repeat(MAX_CELL_SIZE + 1);
        for text in
            ["", "\n\r\n", "serial\n", "serial,lot\n,L7\n", "\"SN1", "S\"N1", "SN\u{1}1", &long]
        {
            assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(parse(b"\xff\xfe").is_err());
        let many: String = (0..=MAX_UNITS).map(|number| format!("{number}\n")).collect();
        assert!(parse(many.as_bytes()).is_err());
    }
}
