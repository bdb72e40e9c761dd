//! A synthetic plant: lines of machines that write the files real ones write, day after day of
//! simulated time, with the faults of the world and with misbehaviour on demand, and an account
//! of what the truth was.
//!
//! `README.md` beside this file says what is modelled after what, and what is not.
//!
//! ```no_run
//! use tests::plant::{Disk, Faults, Misbehaviour, Plant, Scale};
//!
//! # fn main() -> std::io::Result<()> {
//! let mut plant = Plant::new(7, Scale::shift(), Faults::usual(), Misbehaviour::each(1));
//! let mut disk = Disk::open("plant".as_ref(), "unreachable".as_ref())?;
//! // Hour by hour, with whatever is under test looking at the folder in between.
//! let mut now = plant.start();
//! while !plant.is_over() {
//!     now += 3_600_000;
//!     for event in plant.until(now) {
//!         disk.apply(&event)?;
//!     }
//! }
//! std::fs::write("shipped.csv", plant.truth().shipped_csv())?;
//! # Ok(())
//! # }
//! ```
//!
//! The same seed, scale, faults and misbehaviour give the same bytes at the same times. Every
//! thing draws from a stream of its own, so the honest part of a plant with misbehaviour is
//! that of the plant without. Events come in the order of their times and are made as they are
//! asked for: a week of ten lines needs memory for its account, not for its files.

mod bulk;
mod clock;
mod defects;
mod dice;
mod disk;
mod event;
mod faults;
mod format;
mod journey;
mod line;
mod misbehaviour;
mod product;
mod reflow;
mod report;
mod scale;
pub mod truth;
mod world;

pub use self::bulk::Bulk;
pub use self::disk::Disk;
pub use self::event::{Event, PlantPath, What};
pub use self::faults::{Faults, Outage, Stopped};
pub use self::misbehaviour::{Kind, Misbehaviour};
pub use self::product::{Part, Product};
pub use self::reflow::{Channel, Profile};
pub use self::scale::Scale;
pub use self::truth::Truth;

use std::collections::HashMap;

use self::clock::HOUR;
use self::line::LineState;
use self::misbehaviour::Quota;
use self::report::{Line, Station, Style};
use self::truth::Machine;
use self::world::World;

/// Monday, 2 March 2026, 08:00 where the plant stands.
const START: u64 = 1_772_409_600_000;

/// A plant at a moment of its time. As an iterator it gives what happens, one thing after another.
#[derive(Clone, Debug)]
pub struct Plant {
    world: World,
    lines: Vec<LineState>,
}

impl Plant {
    /// A plant before its first shift.
    ///
    /// # Panics
    ///
    /// If `scale` has no lines, hours or panels.
    #[must_use]
    pub fn new(seed: u64, scale: Scale, faults: Faults, misbehaviour: Misbehaviour) -> Self {
        let Scale { lines, hours, panels_per_hour, lot_panels } = scale;
        assert!(
            lines > 0 && hours > 0 && panels_per_hour > 0 && lot_panels > 0,
            "a plant has lines, hours and panels: {scale:?}"
        );
        let span = (START, START + u64::from(hours) * HOUR);
        let outages = faults::outages(seed, &faults, lines, span);
        let truth = Truth {
            seed,
            scale,
            faults,
            asked: misbehaviour,
            start: span.0,
            end: span.1,
            machines: Vec::new(),
            products: product::products(seed),
            outages: outages.clone(),
            lots: Vec::new(),
            panels: Vec::new(),
            certificates: Vec::new(),
            versions: Vec::new(),
            misbehaviours: Vec::new(),
            files: HashMap::new(),
        };
        let quota = Quota::new(misbehaviour, span);
        let mut world = World::new(seed, faults, span, (outages.clone(), quota, truth));
        for outage in outages {
            world.schedule(outage.from, What::Starts(outage.what.clone()));
            world.schedule(outage.until, What::Ends(outage.what));
        }
        let lines = (1..=lines).map(|number| open_line(&mut world, number, lines)).collect();
        Self { world, lines }
    }

    /// When production begins: milliseconds since 1970, UTC.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.world.span.0
    }

    /// When production ends; the last reviews, repairs and clean-ups come later.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.world.span.1
    }

    /// When the next thing happens; none if nothing is left.
    pub fn next_at(&mut self) -> Option<u64> {
        self.prepare();
        self.world.next_at()
    }

    /// Whether everything has happened.
    pub fn is_over(&mut self) -> bool {
        self.next_at().is_none()
    }

    /// What happens before `time`, one thing after another.
    pub fn until(&mut self, time: u64) -> impl Iterator<Item = Event> {
        std::iter::from_fn(move || {
            self.next_at().filter(|at| *at < time)?;
            self.next()
        })
    }

    /// The account so far. Panels are in it from the moment they go into their line, with
    /// everything that will become of them; versions of files from the moment they are there.
    #[must_use]
    pub const fn truth(&self) -> &Truth {
        &self.world.truth
    }

    /// Makes panels until the next event is known: nothing that a panel does comes before it
    /// goes into its line.
    fn prepare(&mut self) {
        loop {
            let next =
                self.lines.iter_mut().filter(|line| !line.is_done()).min_by_key(|l| l.next());
            let Some(line) = next else { return };
            if self.world.next_at().is_some_and(|at| at <= line.next()) {
                return;
            }
            line.produce(&mut self.world);
        }
    }
}

impl Iterator for Plant {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.prepare();
        self.world.happen()
    }
}

fn open_line(world: &mut World, number: u32, lines: u32) -> LineState {
    let stations = Station::ALL.len() as u64;
    let machines = stations * u64::from(lines);
    let clock = |station: Station| {
        let index = u64::from(number - 1) * stations + station as u64;
        faults::clock(world.seed, &world.faults, index, machines, world.span)
    };
    let line = Line {
        number,
        folder: format!("line-{number:02}"),
        style: Style::of(number),
        clocks: Station::ALL.map(clock).to_vec(),
    };
    for station in Station::ALL {
        let clock = line.clock(station);
        let format = match station {
            Station::Aoi | Station::Review => line.style.name(),
            Station::Oven | Station::Repair | Station::Spi => Style::Cfx.name(),
            Station::Profiler => format::profile::format(line.style),
        };
        for (at, by) in &clock.steps {
            let what = What::ClockStep { machine: line.machine(station), by: *by };
            world.schedule(*at, what);
        }
        world.truth.machines.push(Machine {
            name: line.machine(station),
            line: number,
            format,
            zone_minutes: clock.zone_minutes,
            drift_ms_per_day: clock.drift_ms_per_day,
            steps: clock.steps.clone(),
        });
    }
    LineState::open(line, world)
}
