//! Reflow profiles: what the certificate says, the curve, and figures as stated beside those computed.

use super::markup::{Html, class, decimal};
use super::words::Words;
use super::{curve, oven};
use crate::matter::{Picture, Step};
use crate::messages::Message;
use crate::pictures::{Curve, Figures, Profile, Window, figures};

/// One column of the table of figures: its title, words by which a file's figure is the same one, and the
/// figure computed from the curve.
type Known = (Message, &'static [&'static str], fn(&Figures) -> Option<f64>);

/// In the order of [`Figures`]. A word is looked for in the name in lower case.
const KNOWN: [Known; 5] = [
    (Message::HtmlRamp, &["rising", "ramp", "anstieg", "升温"], |of| of.ramp),
    (Message::HtmlSoak, &["soak", "haltezeit", "恒温"], |of| of.soak),
    (Message::HtmlPeak, &["peak", "spitze", "峰值"], |of| of.peak),
    (Message::HtmlAbove, &["above", "liquid", "回流"], |of| of.above),
    (Message::HtmlFall, &["falling", "cool", "abfall", "降温"], |of| of.fall),
];

/// Shows the picture of one certificate.
pub(super) fn draw(html: &mut Html, words: Words, step: &Step) {
    match &step.picture {
        Some(Picture::Profile(profile, window)) => {
            profile_of(html, words, profile, window.as_ref())
        }
        Some(Picture::Unread(why)) => super::boards::unread(html, words, *why),
        _ => words.say(html, "p", &[class("note")], Message::HtmlNoCurve),
    }
}

fn profile_of(html: &mut Html, words: Words, profile: &Profile, window: Option<&Window>) {
    let limits = limits(profile, window);
    match &profile.curve {
        Some(curve) => {
            curve::draw(html, words, curve, limits[2]);
            missing(html, words, curve);
            let source = match (profile.figures.iter().any(|one| one.limits.is_some()), window) {
                (true, _) => words.of(Message::HtmlWindowInFile).to_string(),
                (false, Some(window)) => words.with(Message::HtmlWindowInRecipe, &[&window.name]),
                (false, None) => words.of(Message::HtmlWindowUnknown).to_string(),
            };
            html.leaf("p", &[class("note")], &source);
            table(html, words, profile, curve, &limits);
            words.say(html, "p", &[class("note")], Message::HtmlComputedHow);
            others(html, words, profile, curve);
        }
        None => words.say(html, "p", &[class("note")], Message::HtmlNoCurve),
    }
    oven::zones(html, words, &profile.zones);
    oven::stated(html, words, profile);
}

/// The limits of each known figure, from the profile's own file or else the recipe's window.
fn limits(profile: &Profile, window: Option<&Window>) -> [Option<(f64, f64)>; 5] {
    KNOWN.map(|(_, names, _)| {
        let own =
            profile.figures.iter().find(|one| is_called(&one.name, names) && one.limits.is_some());
        let recipe =
            window.and_then(|window| window.limits.iter().find(|(name, _)| is_called(name, names)));
        own.and_then(|one| one.limits).or_else(|| recipe.map(|(_, limits)| *limits))
    })
}

fn is_called(name: &str, names: &[&str]) -> bool {
    let name = name.to_lowercase();
    names.iter().any(|known| name.contains(known))
}

/// Says how many cells of a curve are no numbers.
pub(super) fn missing(html: &mut Html, words: Words, curve: &Curve) {
    let cells: usize = curve.missing.values().sum();
    if cells > 0 {
        let shown: Vec<String> =
            curve.missing.iter().map(|(word, count)| format!("{word} × {count}")).collect();
        let text = words.with(Message::HtmlMissingCells, &[&cells.to_string(), &shown.join(", ")]);
        html.leaf("p", &[class("note")], &text);
    }
}

/// A row a thermocouple: what the file states, and below it what the curve gives.
fn table(
    html: &mut Html,
    words: Words,
    profile: &Profile,
    curve: &Curve,
    limits: &[Option<(f64, f64)>; 5],
) {
    html.tag("table", &[class("figures")], |html| {
        html.tag("thead", &[], |html| {
            html.tag("tr", &[], |html| {
                words.say(html, "th", &[], Message::HtmlThermocouple);
                html.tag("th", &[], |_| {});
                for ((title, ..), limits) in KNOWN.iter().zip(limits) {
                    html.tag("th", &[class("n")], |html| {
                        html.text(words.of(*title));
                        let shown = limits
                            .map(|(low, high)| format!("{} – {}", decimal(low), decimal(high)));
                        html.cell("small", &[], &shown.unwrap_or_default());
                    });
                }
            });
        });
        html.tag("tbody", &[], |html| {
            for (at, channel) in curve.channels.iter().enumerate() {
                let computed = figures(curve, at);
                html.tag("tr", &[class("first")], |html| {
                    html.cell("td", &[class("key")], &format!("{}  {}", at + 1, channel.name));
                    words.say(html, "td", &[class("how")], Message::HtmlStated);
                    for ((_, names, _), limits) in KNOWN.iter().zip(limits) {
                        let of = profile.figures.iter().find(|one| is_called(&one.name, names));
                        let value =
                            of.and_then(|one| one.values.get(at)).map_or("–", String::as_str);
                        let number = value.replace(',', ".").parse::<f64>().ok();
                        html.cell("td", &[class("n")], &marked(value, number, *limits));
                    }
                });
                html.tag("tr", &[], |html| {
                    html.tag("td", &[], |_| {});
                    words.say(html, "td", &[class("how")], Message::HtmlComputed);
                    for ((.., of), limits) in KNOWN.iter().zip(limits) {
                        let value = of(&computed);
                        let shown = value
                            .map_or_else(|| words.of(Message::HtmlNotComputable).into(), decimal);
                        html.cell("td", &[class("n")], &marked(&shown, value, *limits));
                    }
                });
            }
        });
    });
}

/// A mark at what lies outside of its limits. The verdict is the maker's all the same.
fn marked(shown: &str, value: Option<f64>, limits: Option<(f64, f64)>) -> String {
    match (value, limits) {
        (Some(value), Some((low, high))) if value < low || value > high => format!("{shown} ▲"),
        _ => shown.to_string(),
    }
}

/// Figures that nobody computes here.
fn others(html: &mut Html, words: Words, profile: &Profile, curve: &Curve) {
    let is_known = |name: &str| KNOWN.iter().any(|(_, names, _)| is_called(name, names));
    let others = profile.figures.iter().filter(|one| !is_known(&one.name));
    let names: Vec<&str> = curve.channels.iter().map(|channel| channel.name.as_str()).collect();
    for one in others.take(10) {
        let values: Vec<String> = one
            .values
            .iter()
            .enumerate()
            .map(|(at, value)| format!("{} {value}", names.get(at).copied().unwrap_or_default()))
            .collect();
        let text = words.with(Message::HtmlOtherFigure, &[&one.name, &values.join(", ")]);
        html.leaf("p", &[class("note")], &text);
    }
}
