//! The truth: what really happened, and every misbehaviour that was injected. Machine-readable.
//!
//! Times are true: milliseconds since 1970, UTC, and never what a machine's clock showed; the
//! latter stands beside them as `claimed`.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::event::{Event, PlantPath, What};
use super::faults::{Faults, Outage};
use super::misbehaviour::{Kind, Misbehaviour};
use super::product::Product;
use super::reflow::Profile;
use super::scale::Scale;

/// Everything that is known of a plant.
#[derive(Clone, Debug, Serialize)]
pub struct Truth {
    /// What the plant was made from.
    pub seed: u64,
    /// How large it is.
    pub scale: Scale,
    /// Which faults were asked for.
    pub faults: Faults,
    /// Which misbehaviour was asked for; `misbehaviours` has what was done.
    pub asked: Misbehaviour,
    /// When production began.
    pub start: u64,
    /// When it ended; reviews and repairs come a little later.
    pub end: u64,
    /// Every machine with its clock.
    pub machines: Vec<Machine>,
    /// What is made.
    pub products: Vec<Product>,
    /// What was out of order, and when.
    pub outages: Vec<Outage>,
    /// In the order of production.
    pub lots: Vec<Lot>,
    /// In the order of production.
    pub panels: Vec<Panel>,
    /// In the order of the files.
    pub certificates: Vec<Certificate>,
    /// Every version of every file, in order.
    pub versions: Vec<Version>,
    /// What was done, one entry each.
    pub misbehaviours: Vec<Deed>,
    /// What is known of files that may still change; no part of the account.
    #[serde(skip)]
    pub(crate) files: HashMap<PlantPath, FileState>,
}

/// One machine.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Its name, as reports write it.
    pub name: String,
    /// The line, from 1.
    pub line: u32,
    /// Which format its reports have.
    pub format: &'static str,
    /// Minutes east of Greenwich that it is set to; the plant stands at 480.
    pub zone_minutes: i64,
    /// Gained in a day.
    pub drift_ms_per_day: i64,
    /// When it was set by hand, and by how much.
    pub steps: Vec<(u64, i64)>,
}

/// One lot.
#[derive(Clone, Debug, Serialize)]
pub struct Lot {
    /// Its name; `skip` and `notest` are such that integrators ignore.
    pub name: String,
    /// The work order.
    pub work_order: String,
    /// The line, from 1.
    pub line: u32,
    /// Its product's name.
    pub product: String,
    /// When its first panel went in.
    pub start: u64,
    /// Panels made.
    pub panels: u32,
    /// Whether it is made for a customer; not so `skip` and `notest`.
    pub shipped: bool,
}

/// One panel.
#[derive(Clone, Debug, Serialize)]
pub struct Panel {
    /// Its barcode.
    pub barcode: String,
    /// Whether the machine could read it; reports say `N/A` otherwise.
    pub barcode_read: bool,
    /// The line, from 1.
    pub line: u32,
    /// Its lot.
    pub lot: String,
    /// Its product.
    pub product: String,
    /// When it went into the line.
    pub start: u64,
    /// When it was in the oven.
    pub oven: (u64, u64),
    /// The certificate that was valid then; none while no profile had been run.
    pub certificate: Option<String>,
    /// Its boards, position 1 first.
    pub units: Vec<Unit>,
    /// Every inspection that really took place.
    pub attempts: Vec<Attempt>,
    /// Files that are about this panel alone.
    pub files: Vec<String>,
    /// What was done to it.
    pub misbehaviours: Vec<Kind>,
}

/// One board.
#[derive(Clone, Debug, Serialize)]
pub struct Unit {
    /// Its serial.
    pub serial: String,
    /// Its position on the panel, from 1.
    pub position: u32,
    /// Crossed out by the board maker, never populated.
    pub skipped: bool,
    /// Real defects, as `C14 Tombstone`.
    pub defects: Vec<String>,
    /// Real defects that are still on the board when it leaves.
    pub escaped: Vec<String>,
    /// Ended on the scrap heap.
    pub scrapped: bool,
    /// Left for the customer.
    pub shipped: bool,
}

/// One inspection.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// From 1.
    pub attempt: u32,
    /// When it ended.
    pub at: u64,
    /// The same by the machine's clock, milliseconds since 1970 as that clock believes.
    pub claimed: i64,
    /// Whether the machine found nothing.
    pub passed: bool,
    /// Calls that were wrong.
    pub false_calls: u32,
    /// Calls that were right.
    pub real_calls: u32,
    /// Whether a report of it ever reached the folder.
    pub on_disk: bool,
    /// Files with the machine's own verdict.
    pub files: Vec<String>,
    /// When a person judged it again.
    pub reviewed: Option<u64>,
    /// Files with that person's verdict; in some formats the machine's file, rewritten.
    pub review_files: Vec<String>,
    /// Whether repair followed.
    pub repaired: Option<u64>,
}

/// One reflow certificate.
#[derive(Clone, Debug, Serialize)]
pub struct Certificate {
    /// Its number.
    pub id: String,
    /// The line, from 1.
    pub line: u32,
    /// The oven.
    pub oven: String,
    /// The oven's recipe.
    pub recipe: String,
    /// The product whose board was instrumented.
    pub product: String,
    /// Its files: the trace, and for some lines a CFX message.
    pub files: Vec<String>,
    /// When the run really ended.
    pub run: u64,
    /// When the file says that it began, as text in the machine's own format.
    pub claimed: String,
    /// When the file was written.
    pub written: u64,
    /// When it was replaced.
    pub ended: Option<u64>,
    /// By what: `changeover`, `age`, `stop` or `failed`.
    pub ended_by: Option<&'static str>,
    /// What was measured.
    pub profile: Profile,
    /// Whether its time is a lie.
    pub backdated: bool,
}

/// One version of one file.
#[derive(Clone, Debug, Serialize)]
pub struct Version {
    /// The path below the plant's folder; what is not UTF-8 is replaced.
    pub path: String,
    /// The path's bytes, where they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_hex: Option<String>,
    /// From 1, whole and half-written ones alike; a removal is counted too.
    pub version: u32,
    /// When it was there.
    pub at: u64,
    /// How it came about.
    pub how: How,
    /// SHA-256 of the whole file; none for a removal.
    pub sha256: Option<String>,
    /// Its bytes.
    pub size: u64,
    /// Whether the machine had not finished: the version after this one is the same report.
    pub partial: bool,
}

/// How a version came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// Bytes were added.
    Appended,
    /// A file was there that was not there before.
    Created,
    /// A file was overwritten in place.
    Overwritten,
    /// A file was deleted.
    Removed,
}

/// One thing that was done.
#[derive(Clone, Debug, Serialize)]
pub struct Deed {
    /// What.
    pub kind: Kind,
    /// The line, from 1.
    pub line: u32,
    /// When it began.
    pub at: u64,
    /// When it was done, for what takes a while.
    pub until: u64,
    /// Panels concerned.
    pub panels: Vec<String>,
    /// Serials concerned.
    pub serials: Vec<String>,
    /// Files in which it shows; none where nothing shows.
    pub files: Vec<String>,
    /// The certificate, for those backdated.
    pub certificate: Option<String>,
    /// Attempts that took place.
    pub attempts: u32,
    /// How it can be found: `versions`, `attempts`, `times`, `reconciliation`, or `other-machines`.
    pub shows_in: &'static str,
}

/// A file as it is now.
#[derive(Clone, Debug, Default)]
pub(crate) struct FileState {
    /// Of files that may still grow: half a million finished ones need none.
    hasher: Option<Box<Sha256>>,
    size: u64,
    version: u32,
    there: bool,
    grows: bool,
}

impl FileState {
    /// Follows one event; gives back how the version came about, and its hash.
    fn follow(&mut self, what: &What) -> (How, Option<String>) {
        let there_before = std::mem::replace(&mut self.there, true);
        self.version += 1;
        match what {
            What::Append { bytes, .. } => {
                self.grows |= !there_before;
                let mut hasher = self.hasher.take().unwrap_or_default();
                hasher.update(bytes);
                self.size += bytes.len() as u64;
                let sha256 = hex(&hasher.clone().finalize());
                self.hasher = self.grows.then_some(hasher);
                (if there_before { How::Appended } else { How::Created }, Some(sha256))
            }
            What::Write { bytes, partial, .. } => {
                let hasher = Box::new(Sha256::new_with_prefix(bytes));
                self.size = bytes.len() as u64;
                let sha256 = hex(&hasher.clone().finalize());
                self.hasher = partial.then_some(hasher);
                (if there_before { How::Overwritten } else { How::Created }, Some(sha256))
            }
            _ => {
                *self = Self { version: self.version, ..Self::default() };
                (How::Removed, None)
            }
        }
    }
}

impl Truth {
    /// Takes down what an event does to a file.
    pub(crate) fn witness(&mut self, event: &Event) {
        let Some(path) = event.what.path() else { return };
        let state = self.files.entry(path.clone()).or_default();
        let (how, sha256) = state.follow(&event.what);
        let version = Version {
            path: path.lossy(),
            path_hex: std::str::from_utf8(path.bytes()).is_err().then(|| hex(path.bytes())),
            version: state.version,
            at: event.at,
            how,
            sha256,
            size: state.size,
            partial: matches!(event.what, What::Write { partial: true, .. }),
        };
        self.versions.push(version);
    }

    /// How many of each kind were really done.
    #[must_use]
    pub fn done(&self) -> BTreeMap<Kind, usize> {
        let mut done: BTreeMap<Kind, usize> = Kind::ALL.into_iter().map(|kind| (kind, 0)).collect();
        for deed in &self.misbehaviours {
            *done.entry(deed.kind).or_default() += 1;
        }
        done
    }

    /// The serials that the customer received, for reconciliation: CSV with a heading.
    #[must_use]
    pub fn shipped_csv(&self) -> String {
        let orders: HashMap<&str, &str> =
            self.lots.iter().map(|lot| (lot.name.as_str(), lot.work_order.as_str())).collect();
        let mut csv = String::from("serial,panel,position,lot,work_order,product\n");
        for panel in &self.panels {
            for unit in panel.units.iter().filter(|unit| unit.shipped) {
                let order = orders.get(panel.lot.as_str()).copied().unwrap_or_default();
                csv += &format!(
                    "{},{},{},{},{order},{}\n",
                    unit.serial, panel.barcode, unit.position, panel.lot, panel.product
                );
            }
        }
        csv
    }

    /// The whole account as JSON.
    ///
    /// # Errors
    ///
    /// What `to` says when it is written to.
    pub fn write_json(&self, to: impl std::io::Write) -> std::io::Result<()> {
        serde_json::to_writer(to, self).map_err(std::io::Error::other)
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Deed {
    /// A deed of which nothing more is known yet.
    pub(crate) const fn new(kind: Kind, line: u32, at: u64, shows_in: &'static str) -> Self {
        Self {
            kind,
            line,
            at,
            until: at,
            panels: Vec::new(),
            serials: Vec::new(),
            files: Vec::new(),
            certificate: None,
            attempts: 0,
            shows_in,
        }
    }
}
