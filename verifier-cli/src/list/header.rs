//! The header of a list of units: which columns it names, and what stands between them.
//!
//! The page reads the same names (`verifier-web/src/judge/list.ts`), and `spec/text/reconcile.md` lists them.

/// The columns that a header can name, as people are told of them.
pub(super) const HEADERS: [&str; 4] = ["serial", "panel", "position", "lot"];

/// What may stand between cells. Spreadsheets write semicolons where a comma is the decimal mark.
const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// Each column's own name, then what else it is called in lists; as [`plain`] makes them.
const NAMES: [&[&str]; 4] = [
    &[
        "serial",
        "serialnumber",
        "serialno",
        "sn",
        "barcode",
        "seriennummer",
        "seriennr",
        "序列号",
        "产品序列号",
        "产品条码",
        "条形码",
        "条码",
        "sn码",
        "sn号",
    ],
    &["panel", "panelid", "nutzen", "拼板", "拼板号", "拼板条码", "连板", "连板号", "面板"],
    &["position", "pos", "位置", "板位", "拼板位置"],
    &["lot", "batch", "lotno", "los", "charge", "批次", "批次号", "批号", "生产批号"],
];

/// Where each thing stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) serial: usize,
    pub(super) panel: Option<usize>,
    pub(super) position: Option<usize>,
    pub(super) lot: Option<usize>,
}

impl Columns {
    /// The columns that a header names; `None` if it names no known one.
    pub(super) fn of(cells: &[impl AsRef<str>]) -> Option<Self> {
        let cells: Vec<String> = cells.iter().map(|cell| plain(cell.as_ref())).collect();
        let find = |names: &[&str]| {
            names.iter().find_map(|name| cells.iter().position(|cell| cell == name))
        };
        let [serial, panel, position, lot] = NAMES.map(find);
        let is_header = [serial, panel, position, lot].iter().any(Option::is_some);
        is_header.then_some(Self { serial: serial.unwrap_or(0), panel, position, lot })
    }

    /// The names that stand over columns of which nothing is known.
    pub(super) fn unread(&self, header: &[impl AsRef<str>]) -> Vec<String> {
        let read = [Some(self.serial), self.panel, self.position, self.lot];
        let names = header.iter().enumerate().filter(|(at, _)| !read.contains(&Some(*at)));
        let names = names.map(|(_, name)| name.as_ref().to_owned());
        names.filter(|name| !name.is_empty()).collect()
    }

    /// How many things have a column; the first column is the serial's anyhow.
    fn count(&self) -> usize {
        let others = [self.panel, self.position, self.lot];
        1 + others.iter().filter(|at| at.is_some()).count()
    }
}

/// What stands between the cells of this list: what makes most known columns of its first line.
pub(super) fn separator(text: &str) -> char {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let known = |separator: char| {
        let cells: Vec<&str> =
            first.split(separator).map(|cell| cell.trim().trim_matches('"')).collect();
        Columns::of(&cells).map_or(0, |columns| columns.count())
    };
    // Of equals the last one is taken, and that is the comma.
    let best = SEPARATORS.into_iter().rev().max_by_key(|separator| known(*separator));
    if let Some(best) = best.filter(|best| known(*best) > 0) {
        return best;
    }
    // No header that is known. A code may hold a semicolon; a line of words without a digit is no code.
    let is_words = !first.contains(|letter: char| letter.is_ascii_digit());
    if first.contains(',') {
        ','
    } else if first.contains('\t') {
        '\t'
    } else if first.contains(';') && is_words {
        ';'
    } else {
        ','
    }
}

/// A name without case, spaces and marks: `Serial No.` is `serialno`.
fn plain(name: &str) -> String {
    let marks = |letter: &char| " _-./#\u{3000}\u{a0}".contains(*letter);
    name.chars().filter(|letter| !marks(letter)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_writing_and_none_is_two_things() {
        for header in ["Serial No.", "SERIAL_NUMBER", "S/N", "序列号", "产品序列号", "Seriennummer"]
        {
            assert_eq!(Columns::of(&[header]), Some(Columns::default()), "{header}");
        }
        assert_eq!(Columns::of(&["Baugruppe"]), None);
        let all: Vec<&str> = NAMES.iter().flat_map(|names| names.iter().copied()).collect();
        for (at, name) in all.iter().enumerate() {
            assert_eq!(plain(name), *name);
            assert!(!all[..at].contains(name), "{name}");
        }
        // The word that is the column's own stands before others.
        let columns = Columns::of(&["SN", "serial"]);
        assert_eq!(columns.map(|columns| columns.serial), Some(1));
    }

    #[test]
    fn what_stands_between_cells_is_seen_from_the_header() {
        for (text, want) in [
            ("serial,panel\nSN1,PN1\n", ','),
            ("\n\"serial\";\"panel\";x\nSN1;PN1;,\n", ';'),
            ("序列号\t拼板\t批次\n", '\t'),
            ("board;lot\nSN1;L7\n", ';'),
            ("Baugruppe;Ort\nSN1;L7\n", ';'),
            ("SN1;7\nSN2;7\n", ','),
            ("SN1\tPN1\n", '\t'),
            ("serial\nSN1;7\n", ','),
            ("", ','),
        ] {
            assert_eq!(separator(text), want, "{text:?}");
        }
    }
}
