//! How large a plant is, and for how long it runs.

use serde::Serialize;

/// The size of a plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Scale {
    /// Lines; their formats repeat after five.
    pub lines: u32,
    /// Hours of production.
    pub hours: u32,
    /// Panels that go into each line in an hour.
    pub panels_per_hour: u32,
    /// Panels to a lot, on average.
    pub lot_panels: u32,
}

impl Scale {
    /// One small line for an hour.
    #[must_use]
    pub const fn hour() -> Self {
        Self { lines: 1, hours: 1, panels_per_hour: 60, lot_panels: 40 }
    }

    /// Five lines, one of each format, for a shift.
    #[must_use]
    pub const fn shift() -> Self {
        Self { lines: 5, hours: 8, panels_per_hour: 30, lot_panels: 60 }
    }

    /// Five lines for a week at a pace that a test can follow.
    #[must_use]
    pub const fn quiet_week() -> Self {
        Self { lines: 5, hours: 168, panels_per_hour: 4, lot_panels: 30 }
    }

    /// Ten lines for a week, 25,000 panels a day: some half a million files, several gigabytes.
    #[must_use]
    pub const fn week() -> Self {
        Self { lines: 10, hours: 168, panels_per_hour: 104, lot_panels: 450 }
    }
}
