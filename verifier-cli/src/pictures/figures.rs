//! Key figures of a curve, computed here from the samples that the file holds.
//!
//! | figure | how |
//! |---|---|
//! | ramp, fall | steepest rise and fall over 10 s, from one sample to the first that is 10 s later |
//! | soak | seconds between 150 and 200 C before the peak |
//! | above 217 | seconds above 217 C |
//! | peak | the highest sample |
//!
//! Between two samples the curve is taken as straight. Where samples are more than [`MAX_GAP`] seconds
//! apart nobody knows what was between, so times and slopes are not computed at all. The soak and the
//! liquidus are those of lead-free solder (SAC305); a report says so.

use super::curve::Curve;

/// The longest time between two samples over which a line is drawn.
pub(crate) const MAX_GAP: f64 = 5.0;

/// Over how many seconds a slope is measured.
const SLOPE_SECONDS: f64 = 10.0;

/// Between these temperatures solder paste is soaked.
pub(crate) const SOAK: (f64, f64) = (150.0, 200.0);

/// Above this temperature SAC305 is liquid.
pub(crate) const LIQUIDUS: f64 = 217.0;

/// The figures of one channel; `None` where the samples do not give it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    /// The steepest rise, C/s.
    pub(crate) ramp: Option<f64>,
    /// Seconds of soak.
    pub(crate) soak: Option<f64>,
    /// The highest sample, C.
    pub(crate) peak: Option<f64>,
    /// Seconds above liquidus.
    pub(crate) above: Option<f64>,
    /// The steepest fall, C/s, below zero.
    pub(crate) fall: Option<f64>,
}

/// Computes the figures of one channel.
pub(crate) fn figures(curve: &Curve, channel: usize) -> Figures {
    let samples = &curve.channels[channel].samples;
    let there: Vec<(f64, f64)> = curve
        .times
        .iter()
        .zip(samples)
        .filter_map(|(time, value)| Some((*time, (*value)?)))
        .collect();
    let top = there.iter().copied().reduce(|best, next| if next.1 > best.1 { next } else { best });
    let Some((top, peak)) = top else { return Figures::default() };
    let is_whole = there.len() > 1 && there.windows(2).all(|pair| pair[1].0 - pair[0].0 <= MAX_GAP);
    if !is_whole {
        return Figures { peak: Some(peak), ..Figures::default() };
    }
    let slopes = slopes(&there);
    let before: Vec<(f64, f64)> = there.iter().copied().filter(|(time, _)| *time <= top).collect();
    Figures {
        ramp: slopes.iter().copied().reduce(f64::max),
        soak: Some(seconds_between(&before, SOAK)),
        peak: Some(peak),
        above: Some(seconds_between(&there, (LIQUIDUS, f64::MAX))),
        fall: slopes.iter().copied().reduce(f64::min),
    }
}

fn slopes(there: &[(f64, f64)]) -> Vec<f64> {
    let (mut slopes, mut end) = (Vec::new(), 0);
    for (time, value) in there {
        // A hair less than ten: times are decimals in the file and binary here.
        while end < there.len() && there[end].0 - time < SLOPE_SECONDS - 1e-6 {
            end += 1;
        }
        let Some((later, then)) = there.get(end) else { break };
        slopes.push((then - value) / (later - time));
    }
    slopes
}

fn seconds_between(there: &[(f64, f64)], (low, high): (f64, f64)) -> f64 {
    let of = |pair: &[(f64, f64)]| {
        let ((t0, c0), (t1, c1)) = (pair[0], pair[1]);
        let (bottom, top) = (c0.min(c1), c0.max(c1));
        if bottom == top {
            return if bottom > low && bottom < high { t1 - t0 } else { 0.0 };
        }
        let inside = top.min(high) - bottom.max(low);
        (t1 - t0) * inside.max(0.0) / (top - bottom)
    };
    there.windows(2).map(of).sum()
}
