//! When what goes wrong: drawn once, from a seed. Power, networks and shares are the plant's own
//! outages; what is here happens to the agent, to its machine and to the log.

use tests::seed::Seed;

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// One thing that goes wrong, or is in order again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The agent is killed in the middle of a turn.
    Kill,
    /// The agent is stopped as a service manager does, and started again later.
    AgentStops,
    AgentStarts,
    /// The log is killed, and comes back.
    LogDies,
    LogComes,
    /// Less room is left than the agent's reserve, or none, or enough again.
    DiskLow,
    DiskFull,
    DiskFree,
    /// The agent's clock is set, by so many milliseconds.
    ClockBy(i64),
    /// Whether the time service of the agent's machine is out of step.
    ServiceLost(bool),
}

/// What is still to come, the next last.
#[derive(Clone, Debug)]
pub(crate) struct Schedule(Vec<(u64, Fault)>);

impl Schedule {
    /// Draws for so many days from `start` on.
    pub(crate) fn draw(seed: u64, start: u64, days: u64) -> Self {
        let mut seed = Seed::new(seed);
        let mut all = Vec::new();
        let minutes = days * 24 * 60;
        let at = |seed: &mut Seed, from: u64, to: u64| {
            start + (from + seed.below(usize::try_from(to - from).unwrap()) as u64) * MINUTE
        };
        // A handful of kills a day, at any time.
        for kill in 0..6 * days {
            let share = minutes / (6 * days);
            all.push((at(&mut seed, kill * share, (kill + 1) * share), Fault::Kill));
        }
        for day in 0..days {
            let hour = |hour: u64| (day * 24 + hour) * 60;
            let dies = at(&mut seed, hour(4), hour(7));
            all.push((dies, Fault::LogDies));
            all.push((dies + 90 * MINUTE, Fault::LogComes));
            // Back and forth again, so that the days stay days.
            let by = i64::try_from(5 + seed.below(55)).unwrap() * 60_000;
            let by = if day % 2 == 0 { by } else { -by };
            all.push((at(&mut seed, hour(9), hour(10)), Fault::ClockBy(by)));
            all.push((at(&mut seed, hour(13), hour(14)), Fault::ClockBy(-by)));
            all.push((at(&mut seed, hour(2), hour(3)), Fault::ClockBy(7 * 60_000)));
            all.push((at(&mut seed, hour(19), hour(20)), Fault::ClockBy(-7 * 60_000)));
            let stops = at(&mut seed, hour(16), hour(17));
            all.push((stops, Fault::AgentStops));
            all.push((stops + 100 * MINUTE, Fault::AgentStarts));
            all.push((at(&mut seed, hour(15), hour(16)), Fault::ServiceLost(true)));
            all.push((at(&mut seed, hour(17), hour(18)), Fault::ServiceLost(false)));
        }
        // Once a run: hours with less room than the reserve, and later some without a byte.
        let low = at(&mut seed, 60, 2 * 60);
        all.push((low, Fault::DiskLow));
        all.push((low + 2 * HOUR, Fault::DiskFree));
        let full = at(&mut seed, 20 * 60, 21 * 60);
        all.push((full, Fault::DiskFull));
        all.push((full + 2 * HOUR, Fault::DiskFree));
        all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        Self(all)
    }

    /// What is due by `now`, in order.
    pub(crate) fn due(&mut self, now: u64) -> Vec<Fault> {
        let mut due = Vec::new();
        while self.0.last().is_some_and(|(at, _)| *at <= now) {
            due.extend(self.0.pop().map(|(_, fault)| fault));
        }
        due
    }
}
