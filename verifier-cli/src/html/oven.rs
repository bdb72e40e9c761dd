//! An oven as a board passed, or as a profile was run: what each zone was set to, and what it read.
//!
//! Temperatures are drawn, a bar for what was set and a dot for what was read; everything is in the table
//! as well. What is outside of limits is not said: messages state none.
//!
//! Boards of one lot pass an oven that is set alike: what was set is in a table once, and below each further
//! board what was read, with a reference to that table.

use super::curve;
use super::markup::{Html, class, decimal};
use super::profiles::missing;
use super::svg;
use super::words::Words;
use crate::messages::Message;
use crate::pictures::{Other, Profile, Zone};

/// The drawing and its room for axes.
const SIZE: (f64, f64) = (700.0, 230.0);
const LEFT: f64 = 40.0;
const RIGHT: f64 = 690.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 200.0;

/// The most lines of the grid.
const MAX_GRID: f64 = 10.0;

/// How many letters of a zone's name stand below it.
const MAX_NAME: usize = 8;

/// The number of a board on the page, and of one of its records.
pub(super) type Place = (usize, usize);

/// The ovens whose table is on the page.
#[derive(Default)]
pub(super) struct Tables<'m>(Vec<(&'m [Zone], Place)>);

impl<'m> Tables<'m> {
    /// Where the table of an oven is that was set like this one; if it is nowhere, it will be `here`.
    fn find(&mut self, zones: &'m [Zone], here: Place) -> Option<Place> {
        let known = self.0.iter().find(|(known, _)| is_set_alike(known, zones));
        let place = known.map(|(_, place)| *place);
        if place.is_none() {
            self.0.push((zones, here));
        }
        place
    }
}

/// Whether two ovens have the same zones, each set alike; what was read may differ.
fn is_set_alike(one: &[Zone], other: &[Zone]) -> bool {
    fn others(zone: &Zone) -> impl Iterator<Item = (&str, Option<f64>)> {
        zone.others.iter().map(|other| (other.name.as_str(), other.setpoint))
    }
    let is_alike = |(one, other): (&Zone, &Zone)| {
        one.name == other.name
            && one.kind == other.kind
            && one.setpoints == other.setpoints
            && others(one).eq(others(other))
    };
    one.len() == other.len() && one.iter().zip(other).all(is_alike)
}

/// Shows what an oven reported of the board `here`.
pub(super) fn draw<'m>(
    html: &mut Html,
    words: Words,
    profile: &'m Profile,
    here: Place,
    tables: &mut Tables<'m>,
) {
    if let Some(curve) = &profile.curve {
        curve::draw(html, words, curve, None);
        missing(html, words, curve);
    }
    let known = if profile.zones.is_empty() { None } else { tables.find(&profile.zones, here) };
    match known {
        Some(there) => readings(html, words, &profile.zones, there),
        None => zones(html, words, &profile.zones),
    }
    stated(html, words, profile);
}

/// What was read, a column a zone: what was set is in a table that is on the page already.
fn readings(html: &mut Html, words: Words, zones: &[Zone], (board, record): Place) {
    picture(html, words, zones);
    let place = [board, record].map(|number| number.to_string());
    let text = words.with(Message::HtmlZonesAsThere, &[&place[0], &place[1]]);
    html.leaf("p", &[class("note")], &text);
    let mut rows: Vec<&str> = Vec::new();
    let named = zones.iter().flat_map(|zone| {
        let temperatures = zone.readings.iter().map(|(place, _)| place.as_str());
        temperatures.chain(zone.others.iter().map(|other| other.name.as_str()))
    });
    for name in named {
        if !rows.contains(&name) {
            rows.push(name);
        }
    }
    let of = |zone: &Zone, name: &str| {
        let temperature = zone.readings.iter().find(|(place, _)| place == name);
        let other = || zone.others.iter().find(|other| other.name == name)?.reading;
        temperature.map(|(_, value)| *value).or_else(other)
    };
    html.tag("table", &[], |html| {
        html.tag("thead", &[], |html| {
            html.tag("tr", &[], |html| {
                words.say(html, "th", &[], Message::HtmlReading);
                for number in 1..=zones.len() {
                    html.leaf("th", &[class("n")], &number.to_string());
                }
            });
        });
        html.tag("tbody", &[], |html| {
            for name in rows {
                html.tag("tr", &[], |html| {
                    html.cell("td", &[class("key")], name);
                    for zone in zones {
                        let value = of(zone, name).map(decimal).unwrap_or_default();
                        html.cell("td", &[class("n")], &value);
                    }
                });
            }
        });
    });
}

/// What the file states besides, by its own names.
pub(super) fn stated(html: &mut Html, words: Words, profile: &Profile) {
    if profile.stated.is_empty() {
        return;
    }
    words.say(html, "h4", &[], Message::HtmlStatedLines);
    html.tag("dl", &[], |html| {
        for (name, value) in &profile.stated {
            html.cell("dt", &[], name);
            html.tag("dd", &[], |html| html.listed(value));
        }
    });
}

/// The oven's zones, drawn and in a table.
pub(super) fn zones(html: &mut Html, words: Words, zones: &[Zone]) {
    if zones.is_empty() {
        return;
    }
    picture(html, words, zones);
    html.tag("table", &[], |html| {
        let titles = [
            Message::HtmlZone,
            Message::HtmlZoneKind,
            Message::HtmlZonePlace,
            Message::HtmlSetpoint,
            Message::HtmlReading,
            Message::HtmlDifference,
            Message::HtmlZoneOthers,
        ];
        words.head(html, &titles);
        html.tag("tbody", &[], |html| {
            for (at, zone) in zones.iter().enumerate() {
                rows(html, words, at + 1, zone);
            }
        });
    });
}

/// What was set and what was read at one place of a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
struct At<'z> {
    place: &'z str,
    set: Option<f64>,
    read: Option<f64>,
}

/// The places of a zone, in the order in which the file first names them.
fn places(zone: &Zone) -> Vec<At<'_>> {
    let mut places: Vec<At<'_>> = Vec::new();
    for (place, _) in zone.setpoints.iter().chain(&zone.readings) {
        if places.iter().any(|at| at.place == place) {
            continue;
        }
        let of = |values: &[(String, f64)]| {
            values.iter().find(|(name, _)| name == place).map(|(_, value)| *value)
        };
        places.push(At { place, set: of(&zone.setpoints), read: of(&zone.readings) });
    }
    places
}

fn rows(html: &mut Html, words: Words, number: usize, zone: &Zone) {
    let places = places(zone);
    let none = At { place: "", set: None, read: None };
    for (row, at) in places.iter().copied().chain(places.is_empty().then_some(none)).enumerate() {
        html.tag("tr", &[], |html| {
            let (name, kind, others) = match row {
                0 => (format!("{number}  {}", zone.name), zone.kind.as_str(), said(words, zone)),
                _ => (String::new(), "", String::new()),
            };
            html.cell("td", &[class("key")], name.trim_end());
            html.cell("td", &[], kind);
            html.cell("td", &[], at.place);
            let difference = at.set.zip(at.read).map(|(set, read)| read - set);
            for value in [at.set, at.read, difference] {
                html.cell("td", &[class("n")], &value.map(decimal).unwrap_or_default());
            }
            html.leaf("td", &[], &others);
        });
    }
}

/// What else was set and read in a zone.
fn said(words: Words, zone: &Zone) -> String {
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_string(), decimal);
    let one = |other: &Other| {
        let values = [number(other.setpoint), number(other.reading)];
        words.with(Message::HtmlZoneOther, &[&other.name, &values[0], &values[1]])
    };
    zone.others.iter().map(one).collect::<Vec<String>>().join("; ")
}

/// The temperatures of all zones, from left to right as a board passes them.
fn picture(html: &mut Html, words: Words, zones: &[Zone]) {
    let all = zones.iter().flat_map(|zone| zone.setpoints.iter().chain(&zone.readings));
    let top = all.map(|(_, degrees)| *degrees).reduce(f64::max);
    let Some(top) = top.map(|top| (top.max(50.0) / 50.0).ceil() * 50.0) else { return };
    // What is below zero is drawn at zero; the table has it.
    let y = |degrees: f64| BOTTOM - (BOTTOM - TOP) * degrees.max(0.0) / top;
    html.tag("figure", &[], |html| {
        svg::drawing(html, SIZE, words.of(Message::HtmlZonesTitle), |html| {
            let step = 50.0 * (top / 50.0 / MAX_GRID).ceil();
            let mut degrees = 0.0;
            while degrees <= top {
                svg::line(html, "grid", (LEFT, y(degrees)), (RIGHT, y(degrees)));
                svg::label(html, "degrees", (LEFT - 5.0, y(degrees) + 3.5), &decimal(degrees));
                degrees += step;
            }
            let width = (RIGHT - LEFT) / zones.len() as f64;
            for (at, zone) in zones.iter().enumerate() {
                let left = LEFT + width * at as f64;
                column(html, (left, width), &y, &places(zone));
                let name: String = zone.name.chars().take(MAX_NAME).collect();
                let middle = left + width / 2.0;
                svg::label(html, "tick", (middle, BOTTOM + 12.0), &(at + 1).to_string());
                if zones.len() <= 12 {
                    svg::label(html, "tick", (middle, BOTTOM + 24.0), &name);
                }
            }
        });
        words.say(html, "figcaption", &[], Message::HtmlZonesLegend);
    });
}

/// One zone: its places beside one another.
fn column(html: &mut Html, (left, width): (f64, f64), y: &dyn Fn(f64) -> f64, places: &[At<'_>]) {
    svg::line(html, "grid", (left, TOP), (left, BOTTOM));
    let part = width / (places.len().max(1) as f64);
    for (at, place) in places.iter().enumerate() {
        let from = left + part * at as f64;
        if let Some(set) = place.set {
            svg::line(html, "set", (from + 0.12 * part, y(set)), (from + 0.88 * part, y(set)));
        }
        if let Some(read) = place.read {
            svg::circle(html, "read", (from + part / 2.0, y(read)), 3.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::Language;

    fn zone(setpoints: &[(&str, f64)], readings: &[(&str, f64)]) -> Zone {
        let values = |values: &[(&str, f64)]| {
            values.iter().map(|(place, value)| ((*place).to_string(), *value)).collect()
        };
        Zone {
            name: "Z<1>".to_string(),
            kind: "PreHeat".to_string(),
            setpoints: values(setpoints),
            readings: values(readings),
            others: vec![Other {
                name: "O2 WholeZone".to_string(),
                setpoint: Some(500.0),
                reading: None,
            }],
        }
    }

    fn drawn(of: &[Zone]) -> String {
        let mut html = Html::default();
        zones(&mut html, Words(Language::English), of);
        html.into_string()
    }

    #[test]
    fn each_place_has_what_was_set_what_was_read_and_their_difference() {
        let page = drawn(&[zone(&[("Top", 250.0), ("Bottom", 240.0)], &[("Top", 251.5)])]);
        assert!(page.contains("<td class=\"key\">1  Z&lt;1&gt;</td>"), "{page}");
        let row = "<td>Top</td><td class=\"n\">250</td><td class=\"n\">251.5</td><td class=\"n\">1.5</td>";
        assert!(page.contains(row), "{page}");
        let row =
            "<td>Bottom</td><td class=\"n\">240</td><td class=\"n\"></td><td class=\"n\"></td>";
        assert!(page.contains(row), "{page}");
        assert!(page.contains("O2 WholeZone: set 500, read –"), "{page}");
        assert_eq!(page.matches("class=\"set\"").count(), 2);
        assert_eq!(page.matches("class=\"read\"").count(), 1);
    }

    #[test]
    fn an_oven_that_is_set_as_before_has_its_readings_and_a_reference() {
        let passes = [250.5, 251.5, 252.5].map(|read| Profile {
            zones: vec![
                zone(
                    &[("Top", 250.0), ("Bottom", 240.0)],
                    &[("Top", read), ("Bottom", 239.5)]
                );
                12
            ],
            ..Profile::default()
        });
        let mut other = passes[0].clone();
        other.zones[11].setpoints[0].1 = 255.0;
        let (mut html, mut tables) = (Html::default(), Tables::default());
        for (at, profile) in passes.iter().chain([&other]).enumerate() {
            draw(&mut html, Words(Language::English), profile, (at + 1, 2), &mut tables);
        }
        let page = html.into_string();
        let heads = page.matches("<th>Set, C</th>").count();
        assert_eq!(heads, 2, "the first, and the one that is set otherwise: {page}");
        assert_eq!(page.matches("is in the table of board 1, no. 2").count(), 2);
        // Nothing that was read is left out, and each pass is drawn.
        assert_eq!(page.matches(">251.5</td>").count(), 12);
        assert_eq!(page.matches(">252.5</td>").count(), 12);
        assert!(page.contains("<td class=\"key\">Bottom</td><td class=\"n\">239.5</td>"), "{page}");
        assert!(
            page.contains("<td class=\"key\">O2 WholeZone</td><td class=\"n\"></td>"),
            "{page}"
        );
        assert_eq!(page.matches("<svg").count(), 4);
    }

    #[test]
    fn a_zone_without_temperatures_is_told_and_not_drawn() {
        let page = drawn(&[zone(&[], &[])]);
        assert!(page.contains("O2 WholeZone") && !page.contains("<svg"), "{page}");
        assert_eq!(drawn(&[]), "");
    }

    #[test]
    fn the_drawing_has_room_for_every_temperature() {
        let page = drawn(&vec![zone(&[("Top", 2000.0)], &[("Top", -300.0)]); 40]);
        assert!(page.matches("class=\"grid\"").count() <= 40 + 11, "{page}");
        // The highest at the top, what is below zero at the bottom.
        assert!(page.contains("y1=\"12\"") && page.contains("cy=\"200\""), "{page}");
    }
}
