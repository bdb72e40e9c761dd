//! Reflow: what the thermocouples of a profile run saw, and the key figures that follow from it.
//!
//! A curve is preheat, soak, rise to peak, cooling, smoothed as mass smooths it, with a tenth of
//! a degree of noise. The figures are computed from the rounded samples that the file holds, so
//! whoever computes them again from the file gets the same. The window is a paste's, lead-free
//! (liquidus 217 C); the process window index is KIC's: 100 x the worst of
//! |figure - middle of its limits| / (half their range), over all channels and figures.

use serde::Serialize;

use super::dice::Dice;

/// Seconds between two samples.
pub(crate) const INTERVAL_S: f64 = 0.5;
/// Samples on both sides over which a slope is measured: 10 s in all.
const SLOPE_REACH: usize = 10;
/// The paste's window: name, then low and high limit of each figure in order.
pub(crate) const WINDOW_NAME: &str = "SAC305_PASTE_4";
pub(crate) const LIQUIDUS_C: f64 = 217.0;

/// What a profile is judged by, in the order of [`LIMITS`].
pub(crate) const FIGURES: [(&str, &str); 5] = [
    ("Max Rising Slope", "°C/s"),
    ("Soak Time 150-200", "s"),
    ("Peak", "°C"),
    ("Time Above 217", "s"),
    ("Max Falling Slope", "°C/s"),
];
/// Low and high limit of each figure.
pub(crate) const LIMITS: [(f64, f64); 5] =
    [(0.5, 3.0), (60.0, 120.0), (235.0, 255.0), (40.0, 90.0), (-4.0, -1.0)];

/// One zone of the oven: the CFX name of its type, and its setpoint.
pub(crate) const ZONES: [(&str, f64); 12] = [
    ("PreHeat", 120.0),
    ("PreHeat", 140.0),
    ("PreHeat", 155.0),
    ("Soak", 165.0),
    ("Soak", 175.0),
    ("Soak", 185.0),
    ("Soak", 200.0),
    ("Reflow", 235.0),
    ("Reflow", 255.0),
    ("Reflow", 260.0),
    ("Cool", 90.0),
    ("Cool", 45.0),
];

/// Where thermocouples sit: name and how far the place lags behind the air, 0 to 1.
const PLACES: [(&str, f64); 6] = [
    ("Board edge", 0.1),
    ("Board centre", 0.35),
    ("BGA underside", 0.8),
    ("QFP lead", 0.45),
    ("Electrolytic body", 0.95),
    ("Connector", 0.7),
];

/// One thermocouple's curve.
#[derive(Clone, Debug, Serialize)]
pub struct Channel {
    /// Where it sits.
    pub place: &'static str,
    /// Degrees Celsius, one every half second, rounded to tenths as the file has them.
    #[serde(skip)]
    pub samples: Vec<f64>,
    /// Rising slope, soak, peak, time above liquidus, falling slope.
    pub figures: [f64; 5],
}

/// One run of an instrumented board through the oven.
#[derive(Clone, Debug, Serialize)]
pub struct Profile {
    /// One for each thermocouple.
    pub channels: Vec<Channel>,
    /// The worst deviation from the middle of the window, in per cent of half its width.
    pub pwi: f64,
    /// Whether the index is below 100.
    pub passed: bool,
    /// Belt speed, cm/min: the setpoint and what was measured.
    pub speed: (f64, f64),
}

/// Runs a board through. `hot` pushes it out of its window.
pub(crate) fn profile(dice: &mut Dice, hot: bool) -> Profile {
    let count = dice.whole(3, 6) as usize;
    let shift = if hot { 11.0 } else { dice.between(-1.5, 1.5) };
    let channels: Vec<Channel> =
        PLACES[..count].iter().map(|place| channel(*place, shift, dice)).collect();
    let figures = channels.iter().flat_map(|channel| channel.figures.iter().zip(LIMITS));
    let worst = figures.map(|(figure, (low, high))| {
        (figure - f64::midpoint(low, high)).abs() / ((high - low) / 2.0) * 100.0
    });
    let pwi = tenth(worst.fold(0.0, f64::max));
    Profile { passed: pwi < 100.0, pwi, channels, speed: (90.0, tenth(90.0 + dice.normal() * 0.3)) }
}

fn channel((place, lag): (&'static str, f64), shift: f64, dice: &mut Dice) -> Channel {
    let peak = 247.5 + shift - 6.0 * lag + dice.normal() * 0.6;
    let rise = 1.55 - 0.25 * lag + dice.normal() * 0.04;
    let soak = 88.0 - 8.0 * lag + dice.normal() * 2.0;
    let climb = (peak - 200.0) / (44.0 + 5.0 * lag);
    let fall = 2.5 - 0.5 * lag + dice.normal() * 0.05;
    // Corners of the curve: time in seconds, temperature.
    let mut corners = vec![(0.0, 25.0 + dice.normal() * 0.4)];
    for (seconds, to) in [
        (12.0 + 6.0 * lag, 26.0),
        (124.0 / rise, 150.0),
        (soak, 200.0),
        ((peak - 200.0) / climb, peak),
        (11.0 + 3.0 * (1.0 - lag), peak - 0.5),
        ((peak - 60.0) / fall, 60.0),
        (20.0, 45.0),
    ] {
        let (before, _) = corners[corners.len() - 1];
        corners.push((before + seconds, to));
    }
    let count = (340.0 / INTERVAL_S) as usize;
    let sharp: Vec<f64> = (0..count).map(|at| on(&corners, at as f64 * INTERVAL_S)).collect();
    let samples: Vec<f64> = (0..count)
        .map(|at| {
            let near = &sharp[at.saturating_sub(8)..(at + 9).min(count)];
            tenth(near.iter().sum::<f64>() / near.len() as f64 + dice.normal() * 0.08)
        })
        .collect();
    Channel { place, figures: figures(&samples), samples }
}

fn on(corners: &[(f64, f64)], at: f64) -> f64 {
    let after = corners.iter().position(|(time, _)| *time > at);
    let Some(after) = after else { return corners[corners.len() - 1].1 };
    let ((t0, c0), (t1, c1)) = (corners[after.max(1) - 1], corners[after]);
    c0 + (c1 - c0) * (at - t0) / (t1 - t0)
}

/// The key figures of a curve, in the order of [`FIGURES`].
pub(crate) fn figures(samples: &[f64]) -> [f64; 5] {
    let slopes: Vec<f64> = (SLOPE_REACH..samples.len() - SLOPE_REACH)
        .map(|at| {
            let rise = samples[at + SLOPE_REACH] - samples[at - SLOPE_REACH];
            rise / (2.0 * SLOPE_REACH as f64 * INTERVAL_S)
        })
        .collect();
    let peak = samples.iter().copied().fold(f64::MIN, f64::max);
    let top = samples.iter().position(|sample| *sample >= peak).unwrap_or(0);
    let seconds = |inside: &dyn Fn(&f64) -> bool, of: &[f64]| {
        of.iter().filter(|sample| inside(sample)).count() as f64 * INTERVAL_S
    };
    let hundredth = super::product::hundredth;
    [
        hundredth(slopes.iter().copied().fold(f64::MIN, f64::max)),
        seconds(&|c| (150.0..=200.0).contains(c), &samples[..top]),
        peak,
        seconds(&|c| *c > LIQUIDUS_C, samples),
        hundredth(slopes.iter().copied().fold(f64::MAX, f64::min)),
    ]
}

/// Rounds to what a thermocouple's reading is worth.
pub(crate) fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_stays_in_its_window_unless_it_is_pushed_out() {
        for seed in 0..200 {
            let good = profile(&mut Dice::of(&[seed]), false);
            assert!(good.passed, "seed {seed}: {}", good.pwi);
            assert!(good.pwi > 20.0, "seed {seed}: {}", good.pwi);
            assert!(!profile(&mut Dice::of(&[seed]), true).passed, "seed {seed}");
        }
    }
}
