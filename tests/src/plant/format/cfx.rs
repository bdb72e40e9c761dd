//! IPC-CFX (IPC-2591) as files: `UnitsInspected` of AOI and SPI, and `UnitsRepaired`.
//!
//! Layout: DOMAIN 1.1, 1.3, after the published examples of the SDK. Inspections list failures
//! only, which is common practice; `TotalInspectionCount` says how many there were. Messages come in the shapes that
//! are met: in an envelope with and without `$type`, bare, and compressed.

use super::json::{array, double, gzip, null, object, text};
use crate::plant::dice::Dice;
use crate::plant::product::{Product, hundredth};
use crate::plant::report::{Board, Call, Draft, Inspection, Line, Station};

const NAMESPACE: &str = "CFX.Production.TestAndInspection";

/// A message in its envelope; `body` starts with a brace.
pub(crate) fn envelope(
    (name, body): (&str, &str),
    (line, station): (&Line, Station),
    at: u64,
    dice: &mut Dice,
) -> String {
    // SDKs of line 6 and beyond are older: no `$type`, and the version they stayed at.
    let old = line.number > 5;
    let class = format!("{{\"$type\":{},", text(&format!("{name}, CFX")));
    let body = if old { body.to_string() } else { body.replacen('{', &class, 1) };
    object([
        ("MessageName", text(name)),
        ("Version", text(if old { "1.7" } else { "2.1" })),
        ("TimeStamp", text(&line.clock(station).cfx(at))),
        ("UniqueID", text(&dice.guid())),
        ("Source", text(&line.machine(station))),
        ("Target", null()),
        ("RequestID", null()),
        ("MessageBody", body),
    ])
}

/// A person by badge; names stay empty.
fn operator(badge: u64) -> String {
    object([
        ("OperatorIdentifier", text(&format!("B{badge:04}"))),
        ("ActorType", text("Human")),
        ("LastName", null()),
        ("FirstName", null()),
        ("LoginName", null()),
    ])
}

fn sampling() -> String {
    object([("SamplingMethod", text("NoSampling")), ("LotSize", null()), ("SampleSize", null())])
}

/// `UnitsInspected` of the AOI machine, in its envelope; the review station's, once judged, is
/// another file, compressed.
pub(crate) fn inspected(inspection: &Inspection<'_>) -> Draft {
    let mut dice = Dice::of(&[inspection.identity, 0x6366_7821]);
    let transaction = dice.guid();
    let boards: Vec<String> =
        inspection.boards.iter().map(|board| unit(inspection, board, &mut dice)).collect();
    let badge = inspection.judged.as_ref().map_or(inspection.badge, |judged| judged.badge);
    let body = object([
        ("TransactionId", text(&transaction)),
        ("InspectionMethod", text(if inspection.judged.is_some() { "Human" } else { "AOI" })),
        ("SamplingInformation", sampling()),
        ("Inspector", operator(badge)),
        ("RecipeName", text(&inspection.product.recipe)),
        ("RecipeRevision", text(&inspection.revision.to_string())),
        ("InspectedUnits", array(boards)),
        ("InspectedPanel", panel(inspection)),
    ]);
    let name = format!("{NAMESPACE}.UnitsInspected");
    let stem = format!(
        "{}_{}_{}",
        inspection.claimed().compact(),
        inspection.file_barcode(),
        inspection.attempt
    );
    let line = inspection.line;
    // The identity of a message does not depend on what it says, so that an edited one keeps it.
    let judged = u64::from(inspection.judged.is_some());
    let mut own = Dice::of(&[inspection.identity, 0x656e_7621, judged]);
    match &inspection.judged {
        None => {
            let message =
                envelope((&name, &body), (line, Station::Aoi), inspection.ended, &mut own);
            Draft::write(line.path(Station::Aoi, &format!("{stem}.json")), message)
        }
        Some(judged) => {
            let message = envelope((&name, &body), (line, Station::Review), judged.at, &mut own);
            let path = line.path(Station::Review, &format!("{stem}.json.gz"));
            Draft::write(path, gzip(message.as_bytes()))
        }
    }
}

/// Lot and work order travel as the metadata that makers add; a reader must not mind.
fn panel(inspection: &Inspection<'_>) -> String {
    object([
        ("UnitIdentifier", text(inspection.barcode)),
        (
            "OverallResult",
            text(result(inspection.judged.is_some(), inspection.passed(), inspection.accepted())),
        ),
        ("Inspections", array([])),
        ("Verification", text("NotVerifiedYet")),
        ("TotalInspectionCount", inspection.looked_at().to_string()),
        ("Fiducials", array([])),
        (
            "Metadata",
            object([("Lot", text(inspection.lot)), ("WorkOrder", text(inspection.work_order))]),
        ),
    ])
}

const fn result(judged: bool, passed: bool, accepted: bool) -> &'static str {
    if passed || (judged && accepted) { "Passed" } else { "Failed" }
}

fn unit(inspection: &Inspection<'_>, board: &Board, dice: &mut Dice) -> String {
    let product = inspection.product;
    let identifier = if product.own_serials { &board.serial } else { inspection.barcode };
    let judged = inspection.judged.is_some();
    let outcome = if board.skipped {
        "Skipped"
    } else {
        result(judged, board.calls.is_empty(), board.accepted())
    };
    let calls: Vec<String> =
        board.calls.iter().map(|call| one(product, call, inspection.widened, dice)).collect();
    let count = if board.skipped { 0 } else { product.parts.len() };
    object([
        ("UnitIdentifier", text(identifier)),
        ("UnitPositionNumber", board.position.to_string()),
        ("OverallResult", text(outcome)),
        ("Inspections", array(calls)),
        ("Verification", text(verification(judged.then(|| !board.accepted())))),
        ("TotalInspectionCount", count.to_string()),
    ])
}

const fn verification(confirmed: Option<bool>) -> &'static str {
    match confirmed {
        None => "NotVerifiedYet",
        Some(false) => "DefectRejected",
        Some(true) => "DefectConfirmed",
    }
}

fn one(product: &Product, call: &Call, widened: f64, dice: &mut Dice) -> String {
    let part = &product.parts[call.part];
    let verified = text(verification(call.confirmed));
    let region = region(part.x, part.y, part.size_mm, part.rotation);
    let defect = object([
        ("UniqueIdentifier", text(&dice.guid())),
        ("DefectCode", text(call.defect.code)),
        ("DefectCategory", text(call.defect.category)),
        ("Description", text(&format!("{} {}", call.place(product), call.defect.english))),
        ("Comments", null()),
        (
            "ComponentOfInterest",
            object([
                ("ReferenceDesignator", text(&call.place(product))),
                ("UnitPosition", null()),
                ("PartNumber", text(&part.part_number)),
            ]),
        ),
        ("RegionOfInterest", region),
        ("DefectImages", null()),
        ("Priority", String::from("1")),
        ("ConfidenceLevel", double(call.confidence)),
        ("RelatedMeasurements", null()),
        ("RelatedSymptoms", null()),
        ("Verification", verified.clone()),
        ("VerificationDetail", null()),
    ]);
    object([
        ("UniqueIdentifier", text(&dice.guid())),
        ("InspectionName", text(&part.designator)),
        ("InspectionStartTime", null()),
        ("InspectionEndTime", null()),
        ("TestProcedure", null()),
        ("Comments", null()),
        ("Result", text("Failed")),
        ("Verification", verified),
        ("VerificationDetail", null()),
        ("Error", null()),
        ("DefectsFound", array([defect])),
        ("Symptoms", array([])),
        ("Measurements", array([measurement(call, &part.designator, widened, dice)])),
        ("RefNo", (call.part + 1).to_string()),
    ])
}

/// The part's outline on its board: where a picture draws the defect.
fn region(x: f64, y: f64, size: (f64, f64), rotation: u16) -> String {
    let upright = rotation.is_multiple_of(180);
    let (width, height) = if upright { size } else { (size.1, size.0) };
    let (left, low) = (hundredth(x - width / 2.0), hundredth(y - height / 2.0));
    let (right, high) = (hundredth(x + width / 2.0), hundredth(y + height / 2.0));
    let corner = |x, y| object([("X", double(x)), ("Y", double(y))]);
    object([
        ("StartPointX", double(left)),
        ("StartPointY", double(low)),
        ("RegionSegments", array([corner(right, low), corner(right, high), corner(left, high)])),
    ])
}

fn measurement(call: &Call, designator: &str, widened: f64, dice: &mut Dice) -> String {
    let limit = super::tables::OFFSET_LIMIT_MM * widened;
    let value = hundredth(call.excess * super::tables::OFFSET_LIMIT_MM + 0.005);
    object([
        ("$type", text("CFX.Structures.NumericMeasurement, CFX")),
        (
            "MeasuredValue",
            object([
                ("Value", double(value)),
                ("ValueUnits", text("mm")),
                ("ExpectedValue", double(0.0)),
                ("ExpectedValueUnits", text("mm")),
                ("MinimumAcceptableValue", double(hundredth(-limit))),
                ("MinimumAcceptableValueUnits", text("mm")),
                ("MaximumAcceptableValue", double(hundredth(limit))),
                ("MaximumAcceptableValueUnits", text("mm")),
            ]),
        ),
        ("UniqueIdentifier", text(&dice.guid())),
        ("MeasurementName", text(&format!("OFFSET_{designator}"))),
        ("TimeRecorded", null()),
        ("Sequence", String::from("0")),
        ("Result", text("Failed")),
        ("CRDs", text(designator)),
    ])
}

/// `UnitsInspected` of the paste inspection before placement: a bare body, a few pads of each board.
pub(crate) fn paste(inspection: &Inspection<'_>) -> Draft {
    let mut dice = Dice::of(&[inspection.identity, 0x7370_6921]);
    let product = inspection.product;
    let transaction = dice.guid();
    let boards = inspection.boards.iter().map(|board| {
        let pads = (0..4_usize).map(|at| pad(product, at * 7 % product.parts.len(), at, &mut dice));
        let measurements = array(pads.collect::<Vec<_>>());
        let inspection_of_paste = object([
            ("UniqueIdentifier", text(&dice.guid())),
            ("InspectionName", text("PASTE")),
            ("InspectionStartTime", null()),
            ("InspectionEndTime", null()),
            ("TestProcedure", null()),
            ("Comments", null()),
            ("Result", text("Passed")),
            ("Verification", text("NotVerifiedYet")),
            ("VerificationDetail", null()),
            ("Error", null()),
            ("DefectsFound", array([])),
            ("Symptoms", array([])),
            ("Measurements", measurements),
            ("RefNo", null()),
        ]);
        let identifier = if product.own_serials { &board.serial } else { inspection.barcode };
        let listed = if board.skipped { array([]) } else { array([inspection_of_paste]) };
        object([
            ("UnitIdentifier", text(identifier)),
            ("UnitPositionNumber", board.position.to_string()),
            ("OverallResult", text(if board.skipped { "Skipped" } else { "Passed" })),
            ("Inspections", listed),
            ("Verification", text("NotVerifiedYet")),
            ("TotalInspectionCount", (product.parts.len() * 3).to_string()),
        ])
    });
    let boards = array(boards.collect::<Vec<_>>());
    let body = object([
        ("TransactionId", text(&transaction)),
        ("InspectionMethod", text("SPI")),
        ("SamplingInformation", sampling()),
        ("Inspector", operator(inspection.badge)),
        ("RecipeName", text(&format!("{}_PASTE", product.recipe))),
        ("RecipeRevision", text(&inspection.revision.to_string())),
        ("InspectedUnits", boards),
        ("InspectedPanel", null()),
    ]);
    let line = inspection.line;
    let stamp = line.clock(Station::Spi).shows(inspection.ended).compact();
    let name = format!("SPI_{}_{stamp}.json", inspection.file_barcode());
    Draft::write(line.path(Station::Spi, &name), body)
}

fn pad(product: &Product, part: usize, sequence: usize, dice: &mut Dice) -> String {
    let part = &product.parts[part];
    let near = |value: f64, spread: f64, dice: &mut Dice| hundredth(value + dice.normal() * spread);
    let (dx, dy) = (near(0.0, 0.02, dice), near(0.0, 0.02, dice));
    let name = format!("{}.1", part.designator);
    object([
        ("$type", text("CFX.Structures.SolderPasteInspection.SolderPasteMeasurement, CFX")),
        ("X", double(hundredth(part.x + dx))),
        ("EX", double(part.x)),
        ("Y", double(hundredth(part.y + dy))),
        ("EY", double(part.y)),
        ("Z", double(near(0.12, 0.01, dice))),
        ("EZ", double(0.12)),
        ("DX", double(dx)),
        ("DY", double(dy)),
        ("Vol", double(near(0.1, 0.01, dice))),
        ("EVol", double(0.1)),
        ("A", double(near(0.82, 0.03, dice))),
        ("EA", double(0.82)),
        ("Image", null()),
        ("UniqueIdentifier", text(&dice.guid())),
        ("MeasurementName", text(&name)),
        ("TimeRecorded", null()),
        ("Sequence", sequence.to_string()),
        ("Result", text("Passed")),
        ("CRDs", text(&name)),
    ])
}

/// `UnitsRepaired` of the repair bench: a bare body. `scrapped` has the positions given up.
pub(crate) fn repaired(
    inspection: &Inspection<'_>,
    (from, until): (u64, u64),
    badge: u64,
    scrapped: &[u32],
) -> Draft {
    let mut dice = Dice::of(&[inspection.identity, 0x7265_7021]);
    let (line, product) = (inspection.line, inspection.product);
    let clock = line.clock(Station::Repair);
    let transaction = dice.guid();
    let failed = inspection.boards.iter().filter(|board| !board.accepted());
    let boards = failed.map(|board| {
        let scrap = scrapped.contains(&board.position);
        let outcome = if scrap { "Scrap" } else { "RepairSuccessful" };
        let confirmed = board.calls.iter().filter(|call| call.confirmed == Some(true));
        let repairs = confirmed.map(|call| {
            object([
                ("UniqueIdentifier", text(&dice.guid())),
                ("RepairName", text(if scrap { "None" } else { "Resolder" })),
                ("RepairStartTime", text(&clock.cfx(from))),
                ("RepairEndTime", text(&clock.cfx(until))),
                ("Comments", text(&format!("{} {}", call.place(product), call.defect.english))),
                (
                    "ComponentOfInterest",
                    object([
                        ("ReferenceDesignator", text(&call.place(product))),
                        ("UnitPosition", null()),
                        ("PartNumber", text(&product.parts[call.part].part_number)),
                    ]),
                ),
                ("RegionOfInterest", null()),
                ("RelatedDefectIdentifiers", array([])),
                ("ReclassifiedDefects", array([])),
                ("RelatedSymptomIdentifiers", array([])),
                ("ReclassifiedSymptoms", array([])),
                ("Result", text(outcome)),
                ("Error", null()),
            ])
        });
        let repairs = array(repairs.collect::<Vec<_>>());
        let identifier = if product.own_serials { &board.serial } else { inspection.barcode };
        object([
            ("UnitIdentifier", text(identifier)),
            ("UnitPositionNumber", board.position.to_string()),
            ("OverallResult", text(outcome)),
            ("Repairs", repairs),
        ])
    });
    let boards = array(boards.collect::<Vec<_>>());
    let body = object([
        ("TransactionId", text(&transaction)),
        ("RepairOperator", operator(badge)),
        ("RepairedUnits", boards),
    ]);
    let stamp = clock.shows(until).compact();
    let name = format!("{stamp}_{}_repair.json", inspection.file_barcode());
    Draft::write(line.path(Station::Repair, &name), body)
}
