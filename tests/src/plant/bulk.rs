//! Many reports at once, for benchmarks: files of about 8 kB, as a panel of six with a call on
//! five of its boards leaves them (DOMAIN 2.2), each with bytes of its own.

use std::fs;
use std::io;
use std::path::Path;

use super::START;
use super::clock::{Clock, PLANT_ZONE_MINUTES};
use super::dice::Dice;
use super::format::{cfx, yestech};
use super::journey;
use super::product::{Product, products};
use super::report::{Board, Inspection, Line, Station, Style};

/// Files to a folder: more make some file systems slow.
const FILES_PER_FOLDER: u64 = 1_000;

/// Makes the reports of one seed.
#[derive(Clone, Debug)]
pub struct Bulk {
    seed: u64,
    line: Line,
    product: Product,
}

impl Bulk {
    /// Reports of one panel each, six boards to a panel.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let clock = Clock {
            zone_minutes: PLANT_ZONE_MINUTES,
            drift_ms_per_day: 0,
            right_at: START,
            steps: Vec::new(),
        };
        let line = Line {
            number: 1,
            folder: String::from("line-01"),
            style: Style::Cfx,
            clocks: Station::ALL.map(|_| clock.clone()).to_vec(),
        };
        let mut product = products(seed).swap_remove(4);
        // So that every board is a unit that a buyer can ask for.
        product.own_serials = true;
        Self { seed, line, product }
    }

    /// The report at an index: CFX `UnitsInspected` in its envelope.
    #[must_use]
    pub fn report(&self, index: u64) -> Vec<u8> {
        self.inspect(index, START + index * 500, |inspection| cfx::inspected(inspection).bytes)
    }

    /// The same inspection, ended at another time, as one row of a file that grows.
    #[must_use]
    pub fn row(&self, index: u64, ended: u64) -> Vec<u8> {
        self.inspect(index, ended, yestech::row_of_growing)
    }

    fn inspect(
        &self,
        index: u64,
        ended: u64,
        write: impl FnOnce(&Inspection<'_>) -> Vec<u8>,
    ) -> Vec<u8> {
        let mut dice = Dice::of(&[self.seed, 0x6275_6c6b, index]);
        let barcode = format!("PN01{index:08}");
        let boards = (1..=self.product.units()).map(|position| Board {
            position: position as u32,
            serial: format!("SN01{index:08}{position}"),
            skipped: false,
            calls: (position > 1)
                .then(|| journey::call(&self.product, &mut dice, false))
                .into_iter()
                .collect(),
        });
        let boards = boards.collect();
        let inspection = Inspection {
            line: &self.line,
            product: &self.product,
            barcode: &barcode,
            lot: "L010001",
            work_order: "WO01-40007",
            revision: 1,
            badge: 417,
            attempt: 1,
            started: ended - 24_000,
            ended,
            boards,
            widened: 1.0,
            identity: dice.whole(0, u64::MAX - 1),
            judged: None,
        };
        write(&inspection)
    }

    /// Writes the first `count` reports below `folder`, a thousand to a folder, and gives back how
    /// many bytes they have together. `told` hears how many are written.
    ///
    /// # Errors
    ///
    /// Whatever the file system says.
    pub fn write(&self, count: u64, folder: &Path, mut told: impl FnMut(u64)) -> io::Result<u64> {
        let mut total = 0;
        for index in 0..count {
            let below = folder.join(format!("{:04}", index / FILES_PER_FOLDER));
            if index.is_multiple_of(FILES_PER_FOLDER) {
                fs::create_dir_all(&below)?;
            }
            let report = self.report(index);
            fs::write(below.join(format!("PN01{index:08}.json")), &report)?;
            total += report.len() as u64;
            told(index + 1);
        }
        Ok(total)
    }
}
