//! The few shapes that the drawings are made of.
//!
//! What a shape means never rests on its colour: dashes, outlines and letters differ as well.

use super::markup::Attribute::{Dots, Fixed, Number, Points, Text};
use super::markup::{Html, class};

/// A drawing of this many units; a unit is a quarter of a millimetre on A4.
pub(super) fn drawing(
    html: &mut Html,
    (width, height): (f64, f64),
    title: &str,
    inner: impl FnOnce(&mut Html),
) {
    let view = format!("0 0 {} {}", super::markup::decimal(width), super::markup::decimal(height));
    let attributes = [
        ("viewBox", Text(&view)),
        ("width", Number(width)),
        ("height", Number(height)),
        ("role", Fixed("img")),
    ];
    html.tag("svg", &attributes, |html| {
        html.leaf("title", &[], title);
        inner(html);
    });
}

/// A straight line.
pub(super) fn line(html: &mut Html, kind: &'static str, from: (f64, f64), to: (f64, f64)) {
    let ends = [("x1", from.0), ("y1", from.1), ("x2", to.0), ("y2", to.1)];
    let [a, b, c, d] = ends.map(|(name, number)| (name, Number(number)));
    html.tag("line", &[class(kind), a, b, c, d], |_| {});
}

/// A rectangle by its upper left corner.
pub(super) fn rect(html: &mut Html, kind: &'static str, corner: (f64, f64), size: (f64, f64)) {
    let sides = [("x", corner.0), ("y", corner.1), ("width", size.0), ("height", size.1)];
    let [a, b, c, d] = sides.map(|(name, number)| (name, Number(number)));
    html.tag("rect", &[class(kind), a, b, c, d], |_| {});
}

/// A circle.
pub(super) fn circle(html: &mut Html, kind: &'static str, middle: (f64, f64), radius: f64) {
    let [a, b, c] = [("cx", middle.0), ("cy", middle.1), ("r", radius)]
        .map(|(name, number)| (name, Number(number)));
    html.tag("circle", &[class(kind), a, b, c], |_| {});
}

/// An area by its corners.
pub(super) fn area(html: &mut Html, kind: &'static str, corners: &[(f64, f64)]) {
    html.tag("polygon", &[class(kind), ("points", Points(corners))], |_| {});
}

/// A line of many points.
pub(super) fn path(html: &mut Html, kind: &'static str, points: &[(f64, f64)]) {
    html.tag("polyline", &[class(kind), ("points", Points(points))], |_| {});
}

/// Many dots at once.
pub(super) fn dots(html: &mut Html, kind: &'static str, dots: &[(f64, f64)]) {
    html.tag("path", &[class(kind), ("d", Dots(dots))], |_| {});
}

/// A short text.
pub(super) fn label(html: &mut Html, kind: &'static str, at: (f64, f64), text: &str) {
    let [a, b] = [("x", at.0), ("y", at.1)].map(|(name, number)| (name, Number(number)));
    html.cell("text", &[class(kind), a, b], text);
}

/// A square on its corner.
pub(super) fn diamond(html: &mut Html, kind: &'static str, (x, y): (f64, f64), radius: f64) {
    area(html, kind, &[(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)]);
}
