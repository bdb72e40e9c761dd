//! What is done to the servers and to all that they need, one after the other.

use std::time::Duration;

use rustix::process::Signal;

use crate::site::Site;
use crate::ways::{CLIENTS, DATABASE, SERVERS, WITNESSES};

/// One fault, with the number of whom it meets.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// A server's process is killed, and started again later.
    Killed(usize),
    /// A server stands still for longer than the lease of its office, and wakes.
    Paused(usize),
    /// A server does not reach the database.
    NoDatabase(usize),
    /// A server does not reach any witness.
    NoWitnesses(usize),
    /// Clients do not reach a server.
    NoClients(usize),
    /// A witness is killed, and started again later.
    WitnessKilled(usize),
    /// No server reaches the database.
    DatabaseCut,
    /// The database ends without a chance to write anything down, and is started again.
    DatabaseRestarted,
}

/// Every kind once, in turn on each server.
const KINDS: [fn(usize) -> Fault; 8] = [
    Fault::Killed,
    Fault::Paused,
    Fault::NoDatabase,
    Fault::NoWitnesses,
    Fault::NoClients,
    Fault::WitnessKilled,
    |_| Fault::DatabaseCut,
    |_| Fault::DatabaseRestarted,
];

impl Fault {
    /// All kinds, and again on the next server, for ever. The first eight are every kind once.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        // Two kinds that follow one another meet different servers.
        (0..).map(|number: usize| KINDS[number % 8](number / 8 + number % 8))
    }

    /// What it is.
    pub(crate) fn name(self) -> String {
        let server = |at: usize| SERVERS[at % 3];
        match self {
            Self::Killed(at) => format!("{} is killed", server(at)),
            Self::Paused(at) => format!("{} stands still", server(at)),
            Self::NoDatabase(at) => format!("{} does not reach the database", server(at)),
            Self::NoWitnesses(at) => format!("{} does not reach the witnesses", server(at)),
            Self::NoClients(at) => format!("clients do not reach {}", server(at)),
            Self::WitnessKilled(at) => format!("{} is killed", WITNESSES[at % 3]),
            Self::DatabaseCut => "no server reaches the database".to_owned(),
            Self::DatabaseRestarted => "the database restarts".to_owned(),
        }
    }

    /// Whether nobody can be served while it lasts.
    pub(crate) const fn is_outage(self) -> bool {
        matches!(self, Self::DatabaseCut | Self::DatabaseRestarted)
    }

    /// How long it lasts.
    pub(crate) const fn time(self, usual: Duration) -> Duration {
        // Down for as long as it takes to start.
        if matches!(self, Self::DatabaseRestarted) { Duration::ZERO } else { usual }
    }

    pub(crate) fn begin(self, site: &mut Site) {
        match self {
            Self::Killed(at) => site.kill_server(at % 3),
            Self::Paused(at) => site.signal_server(at % 3, Signal::STOP),
            Self::WitnessKilled(at) => site.kill_witness(at % 3),
            Self::DatabaseRestarted => site.postgres.kill(),
            _ => self.part(site, true),
        }
    }

    /// Puts it right. A process that was started again is there when this returns.
    pub(crate) fn end(self, site: &mut Site) {
        match self {
            Self::Killed(at) => site.start_server(at % 3),
            Self::Paused(at) => site.signal_server(at % 3, Signal::CONT),
            Self::WitnessKilled(at) => site.start_witness(at % 3),
            Self::DatabaseRestarted => site.postgres.begin(&[]),
            _ => self.part(site, false),
        }
    }

    fn part(self, site: &Site, parted: bool) {
        let ways = &site.ways;
        match self {
            Self::NoDatabase(at) => ways.part(SERVERS[at % 3], DATABASE, parted),
            Self::NoClients(at) => ways.part(CLIENTS, SERVERS[at % 3], parted),
            Self::NoWitnesses(at) => {
                WITNESSES.iter().for_each(|witness| ways.part(SERVERS[at % 3], witness, parted));
            }
            Self::DatabaseCut => {
                SERVERS.iter().for_each(|server| ways.part(server, DATABASE, parted));
            }
            _ => {}
        }
    }
}
