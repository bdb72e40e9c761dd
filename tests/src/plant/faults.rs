//! What goes wrong in an honest plant: clocks, power, networks, half-written files, full disks.

use serde::Serialize;

use super::clock::{Clock, DAY, HOUR, MINUTE, PLANT_ZONE_MINUTES};
use super::dice::Dice;

/// Which faults happen, and how often in the whole time of the plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// Clocks gain or lose 1 to 5 seconds a day.
    pub drift: bool,
    /// So many clocks are set by hand once, by up to ten minutes forth or back.
    pub clock_steps: u32,
    /// So many machines stand in the zone one hour east.
    pub wrong_zones: u32,
    /// A line stands still, its machines are off.
    pub machines_off: u32,
    /// A folder cannot be reached although its machine goes on writing.
    pub shares_gone: u32,
    /// The whole plant loses power, with whatever watches it.
    pub power_cuts: u32,
    /// Nothing but the way out of the plant is cut.
    pub network_cuts: u32,
    /// In a thousand files, so many are first seen half written.
    pub partial_per_mille: u32,
    /// Machines delete their reports after so many hours; 0: never.
    pub clean_up_hours: u32,
}

impl Faults {
    /// A plant in which nothing goes wrong.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            drift: false,
            clock_steps: 0,
            wrong_zones: 0,
            machines_off: 0,
            shares_gone: 0,
            power_cuts: 0,
            network_cuts: 0,
            partial_per_mille: 0,
            clean_up_hours: 0,
        }
    }

    /// What an ordinary week brings.
    #[must_use]
    pub const fn usual() -> Self {
        Self {
            drift: true,
            clock_steps: 2,
            wrong_zones: 1,
            machines_off: 2,
            shares_gone: 3,
            power_cuts: 1,
            network_cuts: 2,
            partial_per_mille: 30,
            clean_up_hours: 72,
        }
    }
}

/// What an outage stops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stopped {
    /// One line's machines.
    Line {
        /// The line, from 1.
        line: u32,
    },
    /// The way from the plant to the log.
    Network,
    /// Everything in the plant.
    Power,
    /// One folder, for whoever looks from outside.
    Share {
        /// The folder, below the plant's own.
        folder: String,
    },
}

/// Something that was out of order for a while.
#[derive(Clone, Debug, Serialize)]
pub struct Outage {
    /// What.
    pub what: Stopped,
    /// True time, milliseconds since 1970, UTC.
    pub from: u64,
    /// True time, milliseconds since 1970, UTC.
    pub until: u64,
}

/// Draws the outages of `lines` lines between `start` and `end`, in no order.
pub(crate) fn outages(
    seed: u64,
    faults: &Faults,
    lines: u32,
    (start, end): (u64, u64),
) -> Vec<Outage> {
    let mut all = Vec::new();
    let length = end - start;
    let mut draw = |salt: u64, count: u32, longest: u64, what: &dyn Fn(&mut Dice) -> Stopped| {
        for index in 0..u64::from(count) {
            let mut dice = Dice::of(&[seed, 0x6f75_7461, salt, index]);
            let share = length / u64::from(count);
            // Each outage has its own stretch of time, so two of one kind never overlap.
            let from = start + index * share + dice.whole(share / 4, share / 2);
            let until =
                from + dice.whole(share / 50 + 1, (share / 4).min(longest).max(share / 50 + 2));
            all.push(Outage { what: what(&mut dice), from, until });
        }
    };
    let line = |dice: &mut Dice| dice.whole(1, u64::from(lines)) as u32;
    draw(1, faults.machines_off, 6 * HOUR, &|dice| Stopped::Line { line: line(dice) });
    draw(2, faults.shares_gone, 2 * HOUR, &|dice| Stopped::Share {
        folder: format!("line-{:02}/{}", line(dice), dice.pick(&["aoi", "oven", "profiler"])),
    });
    draw(3, faults.power_cuts, 30 * MINUTE, &|_| Stopped::Power);
    draw(4, faults.network_cuts, 30 * HOUR, &|_| Stopped::Network);
    all
}

/// The next time at or after `at` at which `line` has power and its machines are on.
pub(crate) fn running(outages: &[Outage], line: u32, at: u64) -> u64 {
    let stops = |outage: &Outage| match &outage.what {
        Stopped::Line { line: stopped } => *stopped == line,
        Stopped::Power => true,
        Stopped::Network | Stopped::Share { .. } => false,
    };
    let mut at = at;
    while let Some(outage) =
        outages.iter().find(|outage| stops(outage) && (outage.from..outage.until).contains(&at))
    {
        // What waited comes in its order, within a few seconds after the machines are back.
        at = outage.until + (at - outage.from) / 1_000;
    }
    at
}

/// Each machine's clock; `index` counts the machines of all lines.
pub(crate) fn clock(
    seed: u64,
    faults: &Faults,
    index: u64,
    machines: u64,
    span: (u64, u64),
) -> Clock {
    let mut dice = Dice::of(&[seed, 0x636c_6f63, index]);
    let drift = dice.whole(1_000, 5_000) as i64 * if dice.chance(0.5) { 1 } else { -1 };
    let at = dice.whole(span.0 + (span.1 - span.0) / 5, span.1);
    let by = dice.whole(90_000, 600_000) as i64 * if dice.chance(0.5) { 1 } else { -1 };
    // Which machines are hit is drawn for all of them together, so that exactly so many are.
    let mut places = Dice::of(&[seed, 0x706c_6163]);
    let (first_step, first_zone) = (places.whole(0, machines - 1), places.whole(0, machines - 1));
    let hit = |first: u64, count: u32| (index + machines - first) % machines < u64::from(count);
    Clock {
        zone_minutes: PLANT_ZONE_MINUTES + if hit(first_zone, faults.wrong_zones) { 60 } else { 0 },
        drift_ms_per_day: if faults.drift { drift } else { 0 },
        right_at: span.0.saturating_sub(DAY),
        steps: if hit(first_step, faults.clock_steps) { vec![(at, by)] } else { Vec::new() },
    }
}
