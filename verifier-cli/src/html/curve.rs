//! The reflow curve: each thermocouple's temperature over time, with the lines that the figures are taken at.
//!
//! A thermocouple has a number that stands along its line, and dashes of its own, so that a print without
//! colours tells them apart. Where samples are missing the line is broken, not bridged.

use super::markup::Html;
use super::svg;
use super::words::Words;
use crate::messages::Message;
use crate::pictures::{Curve, MAX_GAP};

/// The drawing and its room for axes.
const SIZE: (f64, f64) = (700.0, 330.0);
const LEFT: f64 = 40.0;
const BOTTOM: f64 = 300.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = 690.0;

/// The most points of one line: more than the print shows. A channel of many lines has twice as many.
const MAX_POINTS: usize = 700;

/// The most lines and lone samples of one drawing, all channels together.
const MAX_STROKES: usize = 4000;

/// The most lines of the grid in one direction.
const MAX_GRID: usize = 50;

/// Lines by their dashes; with more channels they begin again, and the numbers tell.
const LINES: [&str; 6] =
    ["line line-1", "line line-2", "line line-3", "line line-4", "line line-5", "line line-6"];

/// From seconds and degrees to places on the drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axes {
    seconds: (f64, f64),
    degrees: (f64, f64),
}

impl Axes {
    /// Room for every sample and for `high`, from 0 to a whole fifty degrees.
    pub(super) fn of(curve: &Curve, high: f64) -> Self {
        let samples = curve.channels.iter().flat_map(|channel| channel.samples.iter().flatten());
        let (mut low, mut top) = (0.0_f64, high.max(50.0));
        for sample in samples {
            (low, top) = (low.min(*sample), top.max(*sample));
        }
        let first = curve.times.first().copied().unwrap_or_default();
        let last = curve.times.last().copied().unwrap_or(1.0);
        let degrees = ((low / 50.0).floor() * 50.0, (top / 50.0).ceil() * 50.0);
        Self { seconds: (first.min(0.0), last.max(first + 1.0)), degrees }
    }

    /// Where a sample stands.
    pub(super) fn at(&self, seconds: f64, degrees: f64) -> (f64, f64) {
        let part = |value: f64, (low, high): (f64, f64)| (value - low) / (high - low);
        let x = LEFT + (RIGHT - LEFT) * part(seconds, self.seconds);
        let y = BOTTOM - (BOTTOM - TOP) * part(degrees, self.degrees);
        (x, y)
    }
}

/// Draws the curve; `peak` has the limits of the highest temperature, if a file states them.
pub(super) fn draw(html: &mut Html, words: Words, curve: &Curve, peak: Option<(f64, f64)>) {
    let axes = Axes::of(curve, peak.map_or(0.0, |(_, high)| high));
    html.tag("figure", &[], |html| {
        svg::drawing(html, SIZE, words.of(Message::HtmlCurveTitle), |html| {
            grid(html, &axes);
            if let Some((low, high)) = peak {
                let ((left, top), (right, bottom)) =
                    (axes.at(axes.seconds.0, high), axes.at(axes.seconds.1, low));
                svg::rect(html, "window", (left, top), (right - left, bottom - top));
                svg::label(
                    html,
                    "mark",
                    (LEFT + 4.0, top + 10.0),
                    words.of(Message::HtmlCurveWindow),
                );
            }
            for (degrees, text) in [(150.0, "150"), (200.0, "200"), (217.0, "217 °C")] {
                if degrees < axes.degrees.1 {
                    let (left, y) = axes.at(axes.seconds.0, degrees);
                    svg::line(html, "level", (left, y), (RIGHT, y));
                    svg::label(html, "level-text", (RIGHT - 2.0, y - 2.0), text);
                }
            }
            for (at, channel) in curve.channels.iter().enumerate() {
                let strokes = strokes(&curve.times, &channel.samples);
                for stroke in drawn(&strokes, curve.channels.len()) {
                    let points: Vec<(f64, f64)> =
                        stroke.into_iter().map(|(time, value)| axes.at(time, value)).collect();
                    match points.as_slice() {
                        [alone] => svg::circle(html, "sample", *alone, 1.6),
                        points => svg::path(html, LINES[at % LINES.len()], points),
                    }
                }
                numbers(html, &axes, at, curve.channels.len(), &strokes);
            }
        });
        words.say(html, "figcaption", &[], Message::HtmlCurveLegend);
    });
}

fn grid(html: &mut Html, axes: &Axes) {
    let fifties = (axes.degrees.1 - axes.degrees.0) / 50.0;
    let step = 50.0 * (fifties / (MAX_GRID - 1) as f64).ceil().max(1.0);
    for degrees in marks(axes.degrees, step) {
        let (left, y) = axes.at(axes.seconds.0, degrees);
        svg::line(html, "grid", (left, y), (RIGHT, y));
        svg::label(html, "degrees", (LEFT - 5.0, y + 3.5), &format!("{degrees}"));
    }
    let length = axes.seconds.1 - axes.seconds.0;
    let step = [1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 3600.0];
    let step = step.into_iter().find(|step| length / step <= 12.0).unwrap_or(length);
    for seconds in marks(axes.seconds, step) {
        let (x, bottom) = axes.at(seconds, axes.degrees.0);
        svg::line(html, "grid", (x, bottom), (x, TOP));
        svg::label(html, "tick", (x, bottom + 13.0), &format!("{seconds} s"));
    }
}

/// The multiples of `step` from the low to the high end, at most [`MAX_GRID`] whatever these are.
/// They are counted: a sum of great numbers and small ones does not advance.
fn marks((low, high): (f64, f64), step: f64) -> Vec<f64> {
    let first = (low / step).ceil();
    // What is no number counts as none, what is beyond all numbers as the most.
    let count = ((high / step).floor() - first + 1.0) as usize;
    (0..count.min(MAX_GRID)).map(|at| (first + at as f64) * step).collect()
}

/// The samples without those that are missing, broken where too long nothing is known.
pub(super) fn strokes(times: &[f64], samples: &[Option<f64>]) -> Vec<Vec<(f64, f64)>> {
    let mut strokes: Vec<Vec<(f64, f64)>> = Vec::new();
    let (mut last, mut is_broken) = (f64::MIN, true);
    for (time, sample) in times.iter().zip(samples) {
        let Some(value) = sample else {
            is_broken = true;
            continue;
        };
        if is_broken || time - last > MAX_GAP {
            strokes.push(Vec::new());
        }
        if let Some(stroke) = strokes.last_mut() {
            stroke.push((*time, *value));
        }
        (last, is_broken) = (*time, false);
    }
    strokes
}

/// What is drawn of one channel's strokes: its share of [`MAX_STROKES`], of each stretch of strokes the
/// one that goes highest.
fn drawn(strokes: &[Vec<(f64, f64)>], channels: usize) -> Vec<Vec<(f64, f64)>> {
    let share = (MAX_STROKES / channels.max(1)).max(1);
    let top = |stroke: &[(f64, f64)]| stroke.iter().map(|at| at.1).fold(f64::MIN, f64::max);
    let chosen: Vec<&Vec<(f64, f64)>> = strokes
        .chunks(strokes.len().div_ceil(share).max(1))
        .filter_map(|chunk| chunk.iter().max_by(|one, other| top(one).total_cmp(&top(other))))
        .collect();
    let all: usize = chosen.iter().map(|stroke| stroke.len()).sum();
    let room = |stroke: &[(f64, f64)]| (2 * MAX_POINTS * stroke.len() / all.max(1)).max(2);
    chosen.into_iter().map(|stroke| thinned(stroke, room(stroke).min(MAX_POINTS))).collect()
}

/// At most about `most`, of each stretch the lowest and the highest, so that no peak is lost.
fn thinned(stroke: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    if stroke.len() <= most {
        return stroke.to_vec();
    }
    let stretch = stroke.len().div_ceil(most / 2);
    let ends = stroke.chunks(stretch).flat_map(|chunk| {
        let by = |one: &&(f64, f64), other: &&(f64, f64)| one.1.total_cmp(&other.1);
        let (low, high) = (chunk.iter().min_by(by), chunk.iter().max_by(by));
        let mut ends: Vec<(f64, f64)> = [low, high].into_iter().flatten().copied().collect();
        ends.sort_by(|one, other| one.0.total_cmp(&other.0));
        ends.dedup();
        ends
    });
    ends.collect()
}

/// The channel's number at three places of its line, those of other channels elsewhere.
fn numbers(
    html: &mut Html,
    axes: &Axes,
    channel: usize,
    count: usize,
    strokes: &[Vec<(f64, f64)>],
) {
    let all: Vec<(f64, f64)> = strokes.iter().flatten().copied().collect();
    for third in 0..3 {
        let part = (third as f64 + (channel as f64 + 0.5) / count as f64) / 3.0;
        let at = (part * all.len() as f64) as usize;
        if let Some((time, value)) = all.get(at) {
            let (x, y) = axes.at(*time, *value);
            svg::circle(html, "tag", (x, y), 6.5);
            svg::label(html, "number-small", (x, y + 3.0), &(channel + 1).to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::Channel;

    #[test]
    fn a_sample_stands_at_its_time_and_temperature() {
        let samples = vec![Some(25.0), None, Some(240.0)];
        let channels = vec![Channel { name: "TC1".to_string(), samples }];
        let curve = Curve { times: vec![0.0, 100.0, 200.0], channels, ..Curve::default() };
        let axes = Axes::of(&curve, 255.0);
        assert_eq!(axes.degrees, (0.0, 300.0));
        assert_eq!(axes.at(0.0, 0.0), (LEFT, BOTTOM));
        assert_eq!(axes.at(200.0, 300.0), (RIGHT, TOP));
        assert_eq!(axes.at(100.0, 150.0), (f64::midpoint(LEFT, RIGHT), f64::midpoint(TOP, BOTTOM)));
    }

    #[test]
    fn a_missing_sample_breaks_the_line_and_is_not_bridged() {
        let times = [0.0, 1.0, 2.0, 3.0, 20.0, 21.0];
        let samples = [Some(1.0), Some(2.0), None, Some(4.0), Some(5.0), Some(6.0)];
        let lengths: Vec<usize> = strokes(&times, &samples).iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 1, 2]);
        assert!(strokes(&times[..1], &[None]).is_empty());
    }

    #[test]
    fn a_long_trace_keeps_its_peak() {
        let stroke: Vec<(f64, f64)> = (0..72_000)
            .map(|at| (f64::from(at), if at == 31_337 { 250.0 } else { 100.0 }))
            .collect();
        let thin = thinned(&stroke, MAX_POINTS);
        assert!(thin.len() <= MAX_POINTS + 2, "{}", thin.len());
        assert!(thin.contains(&(31_337.0, 250.0)));
        assert!(thin.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn of_very_many_strokes_some_are_drawn_and_the_highest_is_among_them() {
        let lone = |at: u32| vec![(f64::from(at), if at == 31_337 { 250.0 } else { 100.0 })];
        let strokes: Vec<Vec<(f64, f64)>> = (0..36_000).map(lone).collect();
        let few = drawn(&strokes, 24);
        assert!(few.len() <= MAX_STROKES / 24, "{}", few.len());
        assert!(few.contains(&vec![(31_337.0, 250.0)]));
        // Many long ones have few points, and few ones stay as they are.
        let long = |at: u32| -> Vec<(f64, f64)> {
            (0..720_u32).map(|point| (f64::from(at * 1000 + point), 100.0)).collect()
        };
        let strokes: Vec<Vec<(f64, f64)>> = (0..100).map(long).collect();
        let points: usize = drawn(&strokes, 1).iter().map(Vec::len).sum();
        assert!(points <= 2 * MAX_POINTS + 2 * strokes.len(), "{points}");
        let short: Vec<Vec<(f64, f64)>> = (0..100).map(lone).collect();
        assert_eq!(drawn(&short, 24), short);
        assert!(drawn(&[], 0).is_empty());
    }

    #[test]
    fn the_grid_has_few_lines_whatever_its_ends_are() {
        assert_eq!(marks((-50.0, 120.0), 50.0), [-50.0, 0.0, 50.0, 100.0]);
        assert_eq!(marks((-1.0, 2.5), 1.0), [-1.0, 0.0, 1.0, 2.0]);
        for ends in [(0.0, 99_999_999_999.0), (1e18, 1e18 + 1024.0), (0.0, f64::INFINITY)] {
            assert!(marks(ends, 1.0).len() <= MAX_GRID, "{ends:?}");
        }
        assert!(marks((f64::NAN, f64::NAN), 1.0).is_empty());
        let lines = |times: [f64; 2], high: f64| {
            let channels =
                vec![Channel { name: "TC1".to_string(), samples: vec![Some(25.0), Some(26.0)] }];
            let curve = Curve { times: times.to_vec(), channels, ..Curve::default() };
            let mut html = Html::default();
            grid(&mut html, &Axes::of(&curve, high));
            html.into_string().matches("<line").count()
        };
        assert_eq!(lines([0.0, 12.0], 250.0), 6 + 13);
        for (times, high) in [([0.0, 1.0], 99_999_999_999.0), ([-1e18, -1e18 + 256.0], 250.0)] {
            assert!(lines(times, high) <= 2 * MAX_GRID, "{times:?} {high}");
        }
    }
}
