//! Which units of a list are on which panel.
//!
//! A machine that reads no code of each board names the panel alone, and who bought the boards knows them by
//! their serials. Where the list has both, both are shown.

use foldhash::{HashMap, HashMapExt};

use super::{List, is_name};

/// How many serials of one panel are written out.
const MAX_SERIALS: usize = 3;

/// The units that are listed with a panel of another name.
pub(crate) struct Panels<'a> {
    serials: HashMap<&'a str, Vec<&'a str>>,
    panels: HashMap<&'a str, &'a str>,
}

impl<'a> Panels<'a> {
    /// By the list.
    pub(crate) fn of(list: &'a List) -> Self {
        let (mut serials, mut panels) = (HashMap::<&str, Vec<&str>>::new(), HashMap::new());
        for unit in &list.units {
            let Some(panel) = unit.panel.as_deref() else { continue };
            let serial = unit.serial.as_str();
            if serial != panel && is_name(panel.as_bytes()) && is_name(serial.as_bytes()) {
                serials.entry(panel).or_default().push(serial);
                panels.insert(serial, panel);
            }
        }
        Self { serials, panels }
    }

    /// The serials that are listed with a panel.
    pub(crate) fn on(&self, panel: &str) -> &[&'a str] {
        self.serials.get(panel).map_or(&[][..], Vec::as_slice)
    }

    /// The panel that a unit is listed with.
    pub(crate) fn of_unit(&self, serial: &str) -> Option<&'a str> {
        self.panels.get(serial).copied()
    }

    /// A name that a record has, as the list knows it: serials, and behind them their panel.
    pub(crate) fn called(&self, name: &str) -> String {
        match (self.on(name), self.of_unit(name)) {
            ([], None) => name.to_owned(),
            ([], Some(panel)) => format!("{name} ({panel})"),
            (serials, _) => format!("{} ({name})", some(serials)),
        }
    }
}

/// The first ones of several names, and how many more there are.
pub(crate) fn some<Name: AsRef<str>>(names: &[Name]) -> String {
    let mut shown: Vec<String> =
        names.iter().take(MAX_SERIALS).map(|name| name.as_ref().to_owned()).collect();
    if names.len() > MAX_SERIALS {
        shown.push(format!("+{}", names.len() - MAX_SERIALS));
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_a_record_is_shown_by_serial_and_panel_where_the_list_has_both() {
        let lines =
            "serial,panel\nSN1,PN1\nSN2,PN2\nSN3,PN2\nPN3,PN3\nSN4,N/A\nSN5,\nA,P\nB,P\nC,P\nD,P\n";
        let list = crate::list::parsed(lines);
        let panels = Panels::of(&list);
        for (name, shown) in [
            ("PN1", "SN1 (PN1)"),
            ("SN1", "SN1 (PN1)"),
            ("PN2", "SN2, SN3 (PN2)"),
            ("P", "A, B, C, +1 (P)"),
            ("PN3", "PN3"),
            ("N/A", "N/A"),
            ("SN4", "SN4"),
            ("SN5", "SN5"),
            ("somebody's", "somebody's"),
        ] {
            assert_eq!(panels.called(name), shown);
        }
    }
}
