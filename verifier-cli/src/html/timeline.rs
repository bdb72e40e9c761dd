//! The time line of a board: for each record when it claims to be made, when the agent saw it, and
//! between which two times it was logged.
//!
//! ```text
//!                      not before              not after
//! 2  review    ◇          ├────────────○───────────┤          ◇ claimed   ○ seen
//! ```

use spec::evidence::time::parse_millis;

use super::markup::Html;
use super::svg;
use super::words::{Words, utc};
use crate::matter::{Step, moment};
use crate::messages::Message;

/// The drawing's width, that of the names at its left, and a row's height.
const WIDTH: f64 = 700.0;
const NAMES: f64 = 150.0;
const ROW: f64 = 24.0;
const TOP: f64 = 30.0;

/// The last second of the year 9999. A witness may state a later one, which is no moment of anybody's: the table
/// has it as a number, and it is not drawn.
const LAST: u64 = 253_402_300_799;

/// When things happened with one record. Seconds since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Times {
    claimed: Option<i64>,
    seen: Option<i64>,
    not_before: Option<i64>,
    not_after: Option<i64>,
}

impl Times {
    fn of(step: &Step) -> Self {
        let seen = step.text("seen").and_then(parse_millis);
        Self {
            claimed: claimed(step),
            seen: seen.and_then(|millis| drawable(millis / 1000)),
            not_before: step.bounds.not_before.and_then(drawable),
            not_after: step.bounds.not_after.and_then(drawable),
        }
    }

    fn all(self) -> impl Iterator<Item = i64> {
        [self.claimed, self.seen, self.not_before, self.not_after].into_iter().flatten()
    }
}

/// A moment that a drawing has room for.
fn drawable(seconds: u64) -> Option<i64> {
    i64::try_from(seconds).ok().filter(|_| seconds <= LAST)
}

/// The moment that the file claims; its end, where it names both.
pub(super) fn claimed(step: &Step) -> Option<i64> {
    let text = step.text("claimed/end").or_else(|| step.text("claimed/start"))?;
    moment(text, step.text("claimed/format"), step.text("claimed/zone"))
}

/// Where a moment stands on the drawing.
struct Scale {
    from: i64,
    seconds: i64,
}

impl Scale {
    /// Room for all moments, with a margin at both ends for bars that are open.
    fn of(times: &[Times]) -> Option<Self> {
        let (first, last) = (
            times.iter().flat_map(|one| one.all()).min()?,
            times.iter().flat_map(|one| one.all()).max()?,
        );
        let margin = ((last - first) / 20).max(5);
        Some(Self { from: first - margin, seconds: last - first + 2 * margin })
    }

    fn x(&self, moment: i64) -> f64 {
        NAMES + (WIDTH - NAMES - 10.0) * (moment - self.from) as f64 / self.seconds as f64
    }
}

/// Draws it, if any moment is known.
pub(super) fn draw(html: &mut Html, words: Words, steps: &[Step]) {
    let times: Vec<Times> = steps.iter().map(Times::of).collect();
    let Some(scale) = Scale::of(&times) else { return };
    let height = TOP + ROW * steps.len() as f64 + 6.0;
    html.tag("figure", &[], |html| {
        svg::drawing(html, (WIDTH, height), words.of(Message::HtmlTimeLine), |html| {
            axis(html, &scale, height);
            for (at, (step, times)) in steps.iter().zip(&times).enumerate() {
                let y = TOP + ROW * (at as f64 + 0.5);
                let name = format!("{}  {}", at + 1, words.kind(step.kind));
                svg::label(html, "name", (0.0, y + 4.0), &name);
                row(html, &scale, *times, y);
            }
        });
        words.say(html, "figcaption", &[], Message::HtmlTimeLegend);
        if times.iter().any(|one| one.claimed.is_none()) {
            words.say(html, "figcaption", &[], Message::HtmlTimeNotPlaced);
        }
    });
}

/// Four moments at equal distances.
fn axis(html: &mut Html, scale: &Scale, height: f64) {
    for at in 0..4 {
        let moment = scale.from + scale.seconds * (2 * at + 1) / 8;
        let x = scale.x(moment);
        svg::line(html, "grid", (x, TOP - 8.0), (x, height));
        let text = utc(u64::try_from(moment).unwrap_or_default());
        let (day, rest) = text.split_once(' ').unwrap_or((&text, ""));
        svg::label(html, "tick", (x, 8.0), day);
        svg::label(html, "tick", (x, 20.0), rest);
    }
}

fn row(html: &mut Html, scale: &Scale, times: Times, y: f64) {
    let (left, right) = (times.not_before, times.not_after);
    if left.is_some() || right.is_some() {
        let from = left.map_or(NAMES, |moment| scale.x(moment));
        let to = right.map_or(WIDTH, |moment| scale.x(moment));
        svg::rect(html, "span", (from, y - 4.0), ((to - from).max(1.0), 8.0));
        // An end that is known has a stop; one that is not runs off.
        for x in [left.map(|_| from), right.map(|_| to)].into_iter().flatten() {
            svg::line(html, "stop", (x, y - 8.0), (x, y + 8.0));
        }
    }
    if let Some(moment) = times.claimed {
        svg::diamond(html, "claimed", (scale.x(moment), y), 6.0);
    }
    if let Some(moment) = times.seen {
        svg::circle(html, "seen", (scale.x(moment), y), 4.5);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_stand_in_proportion() {
        let one = |claimed, seen| Times { claimed, seen, not_before: None, not_after: None };
        let scale = Scale::of(&[one(Some(1000), Some(3000)), one(None, Some(2000))]).unwrap();
        let middle = f64::midpoint(scale.x(1000), scale.x(3000));
        assert!((scale.x(2000) - middle).abs() < 1e-9);
        assert!(scale.x(1000) > NAMES && scale.x(3000) < WIDTH);
        assert!(Scale::of(&[one(None, None)]).is_none());
        // From the first moment to the last, and what a witness states beyond is not drawn.
        for beyond in [LAST + 1, i64::MAX.unsigned_abs(), u64::MAX] {
            assert_eq!(drawable(beyond), None);
        }
        let widest = Scale::of(&[one(drawable(0), drawable(LAST))]).unwrap();
        axis(&mut Html::default(), &widest, 100.0);
        // A single moment has room too.
        assert!(Scale::of(&[one(Some(5), None)]).unwrap().x(5).is_finite());
    }
}
