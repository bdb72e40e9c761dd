//! A dispute in a folder: one panel inspected, reviewed, repaired, inspected again; its reflow profile.
//!
//! All of it in one statement, in a bundle and as a receipt with its disclosure.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use spec::Hash;
use spec::bundle::{Bundle, Claim, Contents, PartPath, Place, Role};
use spec::evidence::disclosure::Disclosure;
use spec::evidence::kind::{FieldName, Kind};
use spec::hash::leaf_hash;
use spec::proof::Proof;
use tempfile::TempDir;

use crate::support::{self, Source, TestLog, Values};

/// The folder with everything in it.
pub(crate) struct Dispute {
    folder: TempDir,
    parts: Vec<(PartPath, Vec<u8>)>,
}

impl Dispute {
    /// One panel with all that happened to it.
    pub(crate) fn new() -> Self {
        Self::saying("Failed")
    }

    /// The same, with a first inspection whose verdict, panel and lot's text is this.
    pub(crate) fn saying(text: &str) -> Self {
        let files = Files::new();
        let mut records = vec![files.program(), files.certificate()];
        records.extend(files.panel(text));
        Self::of(records, files.all())
    }

    /// One panel whose paste was measured, with a deposit that is not good, and that passed the oven.
    pub(crate) fn of_line() -> Self {
        let paste = include_str!("../../../tests/samples/spi-panel.json");
        let (before, after) = paste.split_once("\"MeasurementName\": \"U2.11\"").unwrap();
        let after = after.replacen("\"Result\": \"Passed\"", "\"Result\": \"Failed\"", 1);
        let paste = [before, "\"MeasurementName\": \"U2.11\"", &after].concat().into_bytes();
        let oven = include_bytes!("../../../tests/samples/reflow-oven-data.json").to_vec();
        let record = |kind, bytes: &[u8], minute: u32| {
            let values = vec![
                field("file/sha256", Hash::of(bytes).to_hex().as_bytes()),
                field("seen", format!("2026-01-02T03:{minute:02}:10Z").as_bytes()),
                field("panel", b"PNL0099123"),
                field("units", b"PNL0099123\nPNL0099123\nPNL0099123\n"),
            ];
            (kind, values)
        };
        let records = vec![record(Kind::SpiReport, &paste, 1), record(Kind::OvenData, &oven, 2)];
        Self::of(records, vec![("spi.json", paste), ("oven.json", oven)])
    }

    /// Many boards, each inspected once.
    pub(crate) fn of_many(count: usize) -> Self {
        let record = |at: usize| {
            let values = vec![
                field("verdict", b"Passed"),
                field("units", format!("SN{at:06}\n").as_bytes()),
                field("seen", b"2026-01-02T03:01:00Z"),
            ];
            (Kind::AoiReport, values)
        };
        Self::of((0..count).map(record).collect(), Vec::new())
    }

    /// Three panels whose paste was measured. The first failed its inspection, the last passed, and the second has none.
    pub(crate) fn of_three() -> Self {
        let record = |kind, number: u32, verdict: &[u8]| {
            let panel = format!("PN{number}");
            let values = vec![
                field("verdict", verdict),
                field("panel", panel.as_bytes()),
                field("units", format!("{panel}\n").as_bytes()),
                field("seen", format!("2026-01-02T03:0{number}:00Z").as_bytes()),
            ];
            (kind, values)
        };
        let mut records: Vec<(Kind, Values)> =
            (1..=3).map(|number| record(Kind::SpiReport, number, b"Passed")).collect();
        records.push(record(Kind::AoiReport, 1, b"Failed"));
        records.push(record(Kind::AoiReport, 3, b"Passed"));
        Self::of(records, Vec::new())
    }

    /// Three panels that failed their inspection: two of them a person passed, and one a machine when it looked again.
    pub(crate) fn of_reviews() -> Self {
        let record = |kind, number: u32, minute: u32, verdict: &[u8]| {
            let panel = format!("PN{number}");
            let values = vec![
                field("verdict", verdict),
                field("panel", panel.as_bytes()),
                field("units", format!("{panel}\n").as_bytes()),
                field("seen", format!("2026-01-02T03:{minute:02}:00Z").as_bytes()),
            ];
            (kind, values)
        };
        let looked = (1..=3).map(|number| record(Kind::AoiReport, number, number, b"Failed"));
        let mut records: Vec<(Kind, Values)> = looked.collect();
        records.push(record(Kind::Review, 1, 4, b"Passed"));
        records.push(record(Kind::Review, 2, 5, b"Passed"));
        records.push(record(Kind::AoiReport, 3, 6, b"Passed"));
        Self::of(records, Vec::new())
    }

    /// A program alone, which is about no board.
    pub(crate) fn of_program() -> Self {
        let files = Files::new();
        let program = files.program.clone();
        Self::of(vec![files.program()], vec![("program.csv", program)])
    }

    /// The panel PNL7, inspected once, of which the report calls the boards so.
    pub(crate) fn of_panel(units: &str) -> Self {
        let values = vec![
            field("verdict", "Passed\n".repeat(units.lines().count()).as_bytes()),
            field("panel", b"PNL7"),
            field("units", units.as_bytes()),
            field("seen", b"2026-01-02T03:01:00Z"),
        ];
        Self::of(vec![(Kind::AoiReport, values)], Vec::new())
    }

    /// Boards, each inspected once, at the times that these texts and zones claim.
    pub(crate) fn claiming(times: &[(&str, &str)]) -> Self {
        let record = |(at, (start, zone)): (usize, &(&str, &str))| {
            let values = vec![
                field("claimed/start", start.as_bytes()),
                field("claimed/zone", zone.as_bytes()),
                field("units", format!("SN{at:06}\n").as_bytes()),
                field("verdict", b"Passed"),
            ];
            (Kind::AoiReport, values)
        };
        Self::of(times.iter().enumerate().map(record).collect(), Vec::new())
    }

    fn of(records: Vec<(Kind, Values)>, files: Vec<(&'static str, Vec<u8>)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut log = TestLog::of(vec![b"an entry of somebody else".to_vec()]);
        let (statement, batch) = Source::new().records(support::after(&log, 1), records);
        log.entries.push(statement.to_bytes());
        let leaves = [leaf_hash(&log.entries[0]), leaf_hash(&log.entries[1])];
        let receipt = Proof::new(Some(statement.to_bytes()), 1, vec![leaves[0]], log.checkpoint(2))
            .to_bytes();
        let disclosure = Disclosure::whole(&batch).to_json().into_bytes();
        let place = Place { claim: Claim::Records, source: 0, sequence: 0 };
        let mut parts = vec![
            (PartPath::HowTo, b"by hand\n".to_vec()),
            (PartPath::Of(place, Role::Statement), statement.to_bytes()),
            (PartPath::Of(place, Role::Disclosure), disclosure.clone()),
            (PartPath::Of(place, Role::Receipt), receipt.clone()),
            (PartPath::Of(place, Role::After), log.checkpoint(1).to_bytes()),
            (PartPath::Of(place, Role::Consistency), format!("{}\n", leaves[1]).into_bytes()),
        ];
        for (_, bytes) in &files {
            parts.push((PartPath::Evidence(Hash::of(bytes)), bytes.clone()));
        }
        let dispute = Self { folder, parts };
        for (name, bytes) in files {
            dispute.write(name, &bytes);
        }
        dispute.write("policy", support::policy().as_bytes());
        dispute.write("source.vkey", format!("{}\n", support::source_key().verifier()).as_bytes());
        let pins = format!(
            "fiducial/pins/v1\nlog {}\n\nsource {}\nkey {}\nmachine AOI\nfirst 0 {}\ncadence none\n",
            statement.origin(),
            statement.source(),
            support::source_key().verifier(),
            leaf_hash(&statement.to_bytes()),
        );
        dispute.write("pins", pins.as_bytes());
        dispute.write("0.tlog-proof", &receipt);
        dispute.write("0.disclosure.json", &disclosure);
        dispute.write("dispute.zip", &bundle(&dispute.parts));
        dispute
    }

    /// Writes a bundle in which the first inspection's file is another one.
    pub(crate) fn remake(&self, name: &str, other: &[u8]) {
        let file = PartPath::Evidence(Hash::of(&Files::new().aoi));
        let exchange = |(path, bytes): &(PartPath, Vec<u8>)| match *path == file {
            true => (PartPath::Evidence(Hash::of(other)), other.to_vec()),
            false => (path.clone(), bytes.clone()),
        };
        let parts: Vec<(PartPath, Vec<u8>)> = self.parts.iter().map(exchange).collect();
        self.write(name, &bundle(&parts));
    }

    /// Writes a bundle that shows the statement as a range, with or without its evidence.
    pub(crate) fn write_range(&self, name: &str, with_evidence: bool) {
        let moved = |(path, bytes): &(PartPath, Vec<u8>)| match path {
            PartPath::Evidence(_) if !with_evidence => None,
            PartPath::Of(place, role) => {
                let place = Place { claim: Claim::Range, ..*place };
                Some((PartPath::Of(place, *role), bytes.clone()))
            }
            other => Some((other.clone(), bytes.clone())),
        };
        let parts: Vec<(PartPath, Vec<u8>)> = self.parts.iter().filter_map(moved).collect();
        self.write(name, &bundle(&parts));
    }

    /// Writes the bundle with more parts.
    pub(crate) fn write_with(&self, name: &str, more: &[(PartPath, Vec<u8>)]) {
        self.write(name, &bundle(&[&self.parts[..], more].concat()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Verifies a bundle and gives the page.
    pub(crate) fn verify(&self, name: &str, language: &str, code: i32) -> String {
        self.report(&["bundle", "verify", name], language, code)
    }

    /// Runs a command that ends with this code, and gives its page.
    pub(crate) fn report(&self, words: &[&str], language: &str, code: i32) -> String {
        let words = [words, &["--report", "page.html"]].concat();
        let (have, out, err) = self.run(&words, language);
        assert_eq!(have, code, "{out}{err}");
        String::from_utf8(self.read("page.html")).unwrap()
    }

    /// Runs the program with the policy and the source's key.
    pub(crate) fn run(&self, words: &[&str], language: &str) -> (i32, String, String) {
        let own = ["--policy", "policy", "--source-key", "source.vkey", "--lang", language];
        self.plain(&[words, &own].concat())
    }

    /// Runs the program.
    pub(crate) fn plain(&self, words: &[&str]) -> (i32, String, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial"));
        let command = command.current_dir(self.folder.path()).env("LC_ALL", "C").args(words);
        let output = command.env_remove("FIDUCIAL_LANG").output().unwrap();
        let [out, err] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code().unwrap(), out, err)
    }
}

fn bundle(parts: &[(PartPath, Vec<u8>)]) -> Vec<u8> {
    let parts = parts.iter().map(|(path, bytes)| (path.clone(), Cow::from(bytes.clone())));
    Bundle::new(Contents::new(parts).unwrap()).unwrap().to_bytes()
}

fn field(name: &str, value: &[u8]) -> (FieldName, Vec<u8>) {
    // A record takes 65,536 bytes and no more.
    (FieldName::parse(name).unwrap(), value[..value.len().min(65_536)].to_vec())
}

/// What machines left behind.
struct Files {
    aoi: Vec<u8>,
    again: Vec<u8>,
    review: Vec<u8>,
    repair: Vec<u8>,
    profile: Vec<u8>,
    program: Vec<u8>,
}

impl Files {
    fn new() -> Self {
        let aoi = include_str!("../../../tests/samples/aoi-panel-failed.json");
        let confirmed = "\"Verification\": \"DefectConfirmed\"";
        let review = aoi.replace("\"Verification\": \"NotVerifiedYet\"", confirmed);
        // The short was none.
        let (before, after) = review.split_once("SHT02").unwrap();
        let after = after.replacen("DefectConfirmed", "DefectRejected", 1);
        Self {
            review: [before, "SHT02", &after].concat().into_bytes(),
            aoi: aoi.as_bytes().to_vec(),
            again: include_bytes!("../../../tests/samples/aoi-panel-second-attempt.json").to_vec(),
            repair: include_bytes!("../../../tests/samples/repair.json").to_vec(),
            profile: profile().into_bytes(),
            program: program().into_bytes(),
        }
    }

    fn all(self) -> Vec<(&'static str, Vec<u8>)> {
        vec![
            ("aoi.json", self.aoi),
            ("again.json", self.again),
            ("review.json", self.review),
            ("repair.json", self.repair),
            ("profile.csv", self.profile),
            ("program.csv", self.program),
        ]
    }

    fn program(&self) -> (Kind, Values) {
        let hash = Hash::of(&self.program).to_hex();
        let values = vec![
            field("file/sha256", hash.as_bytes()),
            field("file/name", b"MAINBRD_TOP.csv"),
            field("program", b"MAINBRD_TOP"),
        ];
        (Kind::Program, values)
    }

    fn certificate(&self) -> (Kind, Values) {
        let values = vec![
            field("file/sha256", Hash::of(&self.profile).to_hex().as_bytes()),
            field("certificate", b"P-2026-0311"),
            field("machine", b"OVEN3"),
            field("lane", b"1"),
            field("program", b"SAC305_A"),
            field("window", b"PASTE_X"),
            field("pwi", b"71.2"),
            field("verdict", b"Pass"),
            field("seen", b"2026-01-02T03:00:10Z"),
        ];
        (Kind::ReflowCertificate, values)
    }

    /// Inspection, review, repair, second attempt.
    fn panel(&self, first: &str) -> Vec<(Kind, Values)> {
        let hash = |bytes: &[u8]| Hash::of(bytes).to_hex();
        let aoi = hash(&self.aoi);
        let step = |bytes: &[u8], minute: u32, verdict: &str, more: &[(&str, &str)]| {
            let mut values = vec![
                field("file/sha256", hash(bytes).as_bytes()),
                field("claimed/start", format!("2026-01-02T11:{minute:02}:30+08:00").as_bytes()),
                field("claimed/zone", b"+08:00"),
                field("seen", format!("2026-01-02T03:{:02}:10Z", minute + 1).as_bytes()),
                field("units", b"PNL0099123\nPNL0099123\nPNL0099123\n"),
                field("panel", b"PNL0099123"),
                field("verdict", verdict.as_bytes()),
            ];
            values.extend(more.iter().map(|(name, value)| field(name, value.as_bytes())));
            values
        };
        let program = hash(&self.program);
        let drawn = [("program/sha256", program.as_str()), ("machine", "AOI-7")];
        let certificate = hash(&self.profile);
        let oven = [("certificate/sha256", certificate.as_str())];
        let about = [("about/sha256", aoi.as_str()), ("verdict/before", first)];
        let about: Vec<(&str, &str)> = [&about[..], &drawn[..1]].concat();
        let repaired = [("about/sha256", aoi.as_str())];
        let again = [("attempt", "2"), ("follows/sha256", &hash(&self.repair))]
            .map(|(a, b)| (a, b.to_string()));
        let again: Vec<(&str, &str)> = again.iter().map(|(a, b)| (*a, b.as_str())).collect();
        let first_step = step(&self.aoi, 0, first, &[&drawn[..], &oven].concat());
        vec![
            (Kind::AoiReport, first_step),
            (Kind::Review, step(&self.review, 1, "Failed", &about)),
            (Kind::Repair, step(&self.repair, 2, "RepairSuccessful", &repaired)),
            (Kind::AoiReport, step(&self.again, 3, "Passed", &again)),
        ]
    }
}

/// A panel of three boards, with parts in a grid and the two that fail.
fn program() -> String {
    let mut text = String::from(
        "Program,MAINBRD_TOP\nRevision,7\nBoard,80.00,50.00\nPanel,80.00,164.00\nOrigin,1,0.00,5.00\n\
         Origin,2,0.00,57.00\nOrigin,3,0.00,109.00\nDesignator,PartNumber,Package,X,Y,Rotation,Pins\n\
         C14,4711-22,0402,41.90,19.10,0,2\nU2,8030-07,QFP48,62.70,33.80,0,48\n",
    );
    for at in 0..60 {
        let (x, y) = (5.0 + f64::from(at % 10) * 7.5, 5.0 + f64::from(at / 10) * 8.0);
        let _ = writeln!(text, "R{at},4711-02,0402,{x:.2},{y:.2},0,2");
    }
    text
}

/// A KIC-like trace, a sample every two seconds, one plug loose for a moment.
fn profile() -> String {
    let mut text = String::from(
        "Profile No: P-2026-0311\nOven: OVEN3\nProcess Window: PASTE_X\nPWI: 71.2\nResult: Pass\n\
         Conveyor Speed (cm/min): 90.0,90.4\n\
         Max Rising Slope (C/s): 0.5,3.0,1.55,1.48,1.40\nSoak Time 150-200 (s): 60.0,120.0,84.50,82.00,80.50\n\
         Peak (C): 235.0,255.0,246.5,244.1,241.9\nTime Above 217 (s): 40.0,90.0,61.50,58.00,55.50\n\
         Max Falling Slope (C/s): -4.0,-1.0,-2.45,-2.30,-2.10\n\
         Time (s),TC1 Board edge,TC2 Board centre,TC3 BGA underside\n",
    );
    const CORNERS: [(f64, f64); 7] = [
        (0.0, 25.0),
        (14.0, 26.0),
        (95.0, 150.0),
        (180.0, 200.0),
        (226.0, 246.0),
        (238.0, 245.0),
        (340.0, 50.0),
    ];
    for at in 0..170 {
        let time = f64::from(at) * 2.0;
        let _ = write!(text, "{time:.1}");
        for lag in [0.0, 4.0, 9.0] {
            let now = (time - lag).max(0.0);
            let after = CORNERS.iter().position(|(corner, _)| *corner > now).unwrap();
            let ((t0, c0), (t1, c1)) = (CORNERS[after - 1], CORNERS[after]);
            let value = c0 + (c1 - c0) * (now - t0) / (t1 - t0) - lag * 0.4;
            match (lag > 8.0, at) {
                (true, 30 | 31) => text += ",*OC*",
                _ => drop(write!(text, ",{value:.1}")),
            }
        }
        text.push('\n');
    }
    text
}
