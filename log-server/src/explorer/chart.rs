//! The growth as a picture: SVG without a script, readable without colours.
//!
//! A step line: between two samples the log had what the first one says. At most [`WIDTH`] points
//! are drawn, whatever is known.

use spec::time::format_utc;

use super::growth::Sample;
use super::html::Html;
use super::number::grouped;

/// The whole picture, in its own units.
const WIDTH: u64 = 760;
const HEIGHT: u64 = 250;

/// The place of the line inside it.
const LEFT: u64 = 84;
const RIGHT: u64 = 748;
const TOP: u64 = 14;
const BOTTOM: u64 = 208;

/// How many sizes and times stand at the axes, about.
const MARKS: u64 = 4;

/// Draws samples in ascending order; `label` says in words what is to be seen.
pub(super) fn draw(html: &mut Html, samples: &[Sample], label: &str) {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return };
    let scale = Scale::of(*first, *last);
    let view = format!("0 0 {WIDTH} {HEIGHT}");
    let attributes: [(&'static str, &dyn std::fmt::Display); 4] =
        [("viewBox", &view), ("class", &"chart"), ("role", &"img"), ("aria-label", &label)];
    html.element("svg", &attributes, |html| {
        sizes(html, &scale);
        times(html, &scale);
        let line = line(&scale, samples);
        let area = format!("{line}V{BOTTOM}H{LEFT}Z");
        html.void("path", &[("d", &area), ("class", &"area")]);
        html.void("path", &[("d", &line), ("class", &"curve")]);
        let (x, y) = (scale.x(last.time), scale.y(last.size));
        html.void("circle", &[("cx", &x), ("cy", &y), ("r", &"3.5"), ("class", &"now")]);
    });
}

/// From times and sizes to places in the picture.
struct Scale {
    from: u64,
    to: u64,
    /// The lowest and the highest size at the axis: multiples of `step`.
    low: u64,
    high: u64,
    step: u64,
}

impl Scale {
    fn of(first: Sample, last: Sample) -> Self {
        let step = round_step((last.size - first.size).max(1));
        let low = first.size / step * step;
        let high = last.size.div_ceil(step).saturating_mul(step).max(low.saturating_add(step));
        Self { from: first.time, to: last.time.max(first.time + 1), low, high, step }
    }

    fn x(&self, time: u64) -> u64 {
        LEFT + part(time - self.from, self.to - self.from, RIGHT - LEFT)
    }

    fn y(&self, size: u64) -> u64 {
        BOTTOM - part(size - self.low, self.high - self.low, BOTTOM - TOP)
    }
}

/// `value / of` of `length`, without overflow.
fn part(value: u64, of: u64, length: u64) -> u64 {
    (u128::from(value) * u128::from(length) / u128::from(of)) as u64
}

/// The round number (1, 2 or 5 and zeros) that divides `span` into about [`MARKS`] parts.
fn round_step(span: u64) -> u64 {
    let mut ten = 1_u64;
    loop {
        for digit in [1, 2, 5] {
            let step = ten.saturating_mul(digit);
            if span / step <= MARKS {
                return step;
            }
        }
        ten = ten.saturating_mul(10);
    }
}

fn sizes(html: &mut Html, scale: &Scale) {
    let mut size = scale.low;
    loop {
        let y = scale.y(size);
        html.void(
            "line",
            &[("x1", &LEFT), ("x2", &RIGHT), ("y1", &y), ("y2", &y), ("class", &"grid")],
        );
        let (x, y) = (LEFT - 8, y + 4);
        html.leaf("text", &[("x", &x), ("y", &y), ("text-anchor", &"end")], grouped(size));
        match size.checked_add(scale.step).filter(|next| *next <= scale.high) {
            Some(next) => size = next,
            None => return,
        }
    }
}

fn times(html: &mut Html, scale: &Scale) {
    for mark in 0..=MARKS {
        let time = scale.from + part(mark, MARKS, scale.to - scale.from);
        let x = scale.x(time);
        let (y, anchor) = (BOTTOM + 20, anchor(mark));
        let written = format_utc(time);
        let (day, clock) = written.split_once('T').unwrap_or((&written, ""));
        let place = |y| -> [(&'static str, u64); 2] { [("x", x), ("y", y)] };
        for (row, text) in [(y, day), (y + 15, clock.get(..5).unwrap_or(clock))] {
            let [x, y] = place(row);
            html.leaf("text", &[(x.0, &x.1), (y.0, &y.1), ("text-anchor", &anchor)], text);
        }
    }
}

/// The outer times stay inside the picture.
const fn anchor(mark: u64) -> &'static str {
    match mark {
        0 => "start",
        MARKS => "end",
        _ => "middle",
    }
}

/// The line as a path: of several samples in one column the last is drawn.
fn line(scale: &Scale, samples: &[Sample]) -> String {
    let mut path = String::new();
    let mut columns: Vec<(u64, u64)> = Vec::new();
    for sample in samples {
        let (x, y) = (scale.x(sample.time), scale.y(sample.size));
        match columns.last_mut() {
            Some(last) if last.0 == x => last.1 = y,
            _ => columns.push((x, y)),
        }
    }
    for (at, (x, y)) in columns.iter().enumerate() {
        path.push_str(&if at == 0 { format!("M{x} {y}") } else { format!("H{x}V{y}") });
    }
    // One column alone is a line all the same.
    if columns.len() == 1 {
        path.push_str(&format!("H{RIGHT}"));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(samples: &[Sample]) -> String {
        let mut html = Html::default();
        draw(&mut html, samples, "label");
        html.into_string()
    }

    #[test]
    fn any_samples_can_be_drawn_and_few_points_are() {
        let sample = |time, size| Sample { time, size };
        assert_eq!(drawn(&[]), "");
        for samples in [
            vec![sample(5, 0)],
            vec![sample(5, 7), sample(5_000, 7)],
            vec![sample(0, 0), sample(1, u64::MAX)],
            vec![sample(0, u64::MAX - 3), sample(u64::MAX >> 1, u64::MAX)],
        ] {
            let text = drawn(&samples);
            assert!(text.starts_with("<svg ") && text.ends_with("</svg>"), "{text}");
        }
        let many: Vec<Sample> = (0..100_000).map(|at| sample(at * 60, at * at)).collect();
        let text = drawn(&many);
        assert!(text.matches('H').count() as u64 <= 2 * WIDTH && text.len() < 40_000);
    }

    #[test]
    fn axes_have_round_numbers() {
        for (span, step) in [
            (1, 1),
            (4, 1),
            (5, 2),
            (9, 2),
            (10, 5),
            (44, 10),
            (1_000, 500),
            (u64::MAX, 5_000_000_000_000_000_000),
        ] {
            assert_eq!(round_step(span), step, "{span}");
        }
        let text = drawn(&[
            Sample { time: 1_795_737_600, size: 0 },
            Sample { time: 1_795_741_200, size: 4_000 },
        ]);
        for part in ["2,000", "4,000", "2026-11-27", "00:00", "01:00"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
