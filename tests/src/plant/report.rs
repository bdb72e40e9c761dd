//! One inspection as a machine knows it, before it is written in the machine's format.

use super::clock::Clock;
use super::defects::Defect;
use super::product::Product;

/// Places of one line: names that stand in reports.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// From 1.
    pub(crate) number: u32,
    /// Its folder, `line-01`.
    pub(crate) folder: String,
    /// Which format its inspection machine writes.
    pub(crate) style: Style,
    /// Clocks of its machines, by [`Station`].
    pub(crate) clocks: Vec<Clock>,
}

/// A machine of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Station {
    Spi,
    Aoi,
    Review,
    Repair,
    Oven,
    Profiler,
}

impl Station {
    pub(crate) const ALL: [Self; 6] =
        [Self::Spi, Self::Aoi, Self::Review, Self::Repair, Self::Oven, Self::Profiler];

    /// Its folder, below the line's.
    pub(crate) const fn folder(self) -> &'static str {
        match self {
            Self::Spi => "spi",
            Self::Aoi => "aoi",
            Self::Review => "review",
            Self::Repair => "repair",
            Self::Oven => "oven",
            Self::Profiler => "profiler",
        }
    }
}

impl Line {
    /// The name of one of its machines, such as `AOI-01`.
    pub(crate) fn machine(&self, station: Station) -> String {
        format!("{}-{:02}", station.folder().to_uppercase(), self.number)
    }

    pub(crate) fn clock(&self, station: Station) -> &Clock {
        &self.clocks[station as usize]
    }

    /// A path in one of its folders.
    pub(crate) fn path(&self, station: Station, name: &str) -> String {
        format!("{}/{}/{name}", self.folder, station.folder())
    }
}

/// The format of a line's inspection machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// IPC-CFX messages dropped as files.
    Cfx,
    /// One XML file a panel, rewritten by review.
    Saki,
    /// Two folders of CSV, Shift-JIS.
    Omron,
    /// One CSV file of rows a panel, rewritten by review, and one file that grows for ever.
    Yestech,
    /// CSV in GBK with Chinese headings, file names in GBK.
    Domestic,
}

impl Style {
    const ALL: [Self; 5] = [Self::Cfx, Self::Saki, Self::Omron, Self::Yestech, Self::Domestic];

    /// The style of a line, from 1.
    pub(crate) const fn of(line: u32) -> Self {
        Self::ALL[(line as usize - 1) % Self::ALL.len()]
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cfx => "cfx",
            Self::Saki => "saki-like",
            Self::Omron => "omron-like",
            Self::Yestech => "yestech-like",
            Self::Domestic => "domestic-csv",
        }
    }
}

/// Something that the machine takes for a defect.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Which part of the product.
    pub(crate) part: usize,
    /// Which of its pins, for what stands at one.
    pub(crate) pin: Option<u32>,
    pub(crate) defect: &'static Defect,
    /// Whether it is one.
    pub(crate) real: bool,
    /// How far the measured value lies beyond its limit, as a factor above 1.
    pub(crate) excess: f64,
    /// How sure the machine is, per cent.
    pub(crate) confidence: f64,
    /// What a person found later: right or wrong.
    pub(crate) confirmed: Option<bool>,
}

impl Call {
    /// `C14`, or `U2.11` for a pin.
    pub(crate) fn place(&self, product: &Product) -> String {
        let designator = &product.parts[self.part].designator;
        self.pin.map_or_else(|| designator.clone(), |pin| format!("{designator}.{pin}"))
    }
}

/// One board in an inspection.
#[derive(Clone, Debug)]
pub(crate) struct Board {
    /// From 1.
    pub(crate) position: u32,
    pub(crate) serial: String,
    pub(crate) skipped: bool,
    pub(crate) calls: Vec<Call>,
}

/// Who judged an inspection again, and when it was done.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) at: u64,
    pub(crate) badge: u64,
}

/// One inspection.
#[derive(Clone, Debug)]
pub(crate) struct Inspection<'a> {
    pub(crate) line: &'a Line,
    pub(crate) product: &'a Product,
    /// As the machine read it, perhaps `N/A`.
    pub(crate) barcode: &'a str,
    pub(crate) lot: &'a str,
    pub(crate) work_order: &'a str,
    pub(crate) revision: u32,
    pub(crate) badge: u64,
    pub(crate) attempt: u32,
    /// True times.
    pub(crate) started: u64,
    pub(crate) ended: u64,
    pub(crate) boards: Vec<Board>,
    /// How much wider than they should be the limits are: 1 if honest.
    pub(crate) widened: f64,
    /// Seeds the identifiers, which are the same in every version of the report.
    pub(crate) identity: u64,
    pub(crate) judged: Option<Judged>,
}

impl Inspection<'_> {
    /// Whether the machine found nothing.
    pub(crate) fn passed(&self) -> bool {
        self.boards.iter().all(|board| board.calls.is_empty())
    }

    /// Whether nothing is left once people have judged.
    pub(crate) fn accepted(&self) -> bool {
        self.boards.iter().all(Board::accepted)
    }

    /// The barcode as a name of a file can hold it.
    pub(crate) fn file_barcode(&self) -> String {
        self.barcode.replace('/', "-")
    }

    /// Parts that were looked at.
    pub(crate) fn looked_at(&self) -> usize {
        self.boards.iter().filter(|board| !board.skipped).count() * self.product.parts.len()
    }

    /// What the inspection machine's clock showed at the end.
    pub(crate) fn claimed(&self) -> super::clock::Civil {
        self.line.clock(Station::Aoi).shows(self.ended)
    }
}

impl Board {
    /// Whether every call was found to be wrong.
    pub(crate) fn accepted(&self) -> bool {
        self.calls.iter().all(|call| call.confirmed == Some(false))
    }
}

/// What a machine does to a file.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// Below the plant's folder.
    pub(crate) path: Vec<u8>,
    pub(crate) bytes: Vec<u8>,
    /// Whether the bytes go to the end of the file.
    pub(crate) append: bool,
}

impl Draft {
    pub(crate) fn write(path: impl Into<Vec<u8>>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), bytes: bytes.into(), append: false }
    }

    pub(crate) fn append(path: impl Into<Vec<u8>>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), bytes: bytes.into(), append: true }
    }
}

/// Turns text into bytes of an encoding. What the encoding lacks would be a mistake of the plant.
pub(crate) fn encode(text: &str, encoding: &'static encoding_rs::Encoding) -> Vec<u8> {
    let (bytes, _, lost) = encoding.encode(text);
    assert!(!lost, "{} cannot write {text:?}", encoding.name());
    bytes.into_owned()
}
