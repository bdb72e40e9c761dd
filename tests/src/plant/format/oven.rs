//! CFX `UnitsProcessed`: what the oven says of every panel, and what a profile run comes to.
//!
//! Layout: DOMAIN 1.4. Ovens of odd lines put four messages into one array and compress it, as
//! the CFX SDK does when it is told to send several at once; those of even lines write one each.

use super::cfx::envelope;
use super::json::{array, double, gzip, null, object, text};
use crate::plant::dice::Dice;
use crate::plant::reflow::{Profile, WINDOW_NAME, ZONES, tenth};
use crate::plant::report::{Draft, Line, Station};

const NAME: &str = "CFX.Production.UnitsProcessed";

/// One panel's way through the oven.
pub(crate) fn message(line: &Line, barcode: &str, out: u64, identity: u64) -> String {
    let mut dice = Dice::of(&[identity, 0x6f76_656e]);
    let body = object([
        ("TransactionId", text(&dice.guid())),
        ("OverallResult", text("Succeeded")),
        (
            "CommonProcessData",
            object([
                ("$type", text("CFX.Structures.SolderReflow.ReflowProcessData, CFX")),
                ("ConveyorSpeed", double(tenth(90.0 + dice.normal() * 0.2))),
                ("ConveyorSpeedSetpoint", double(90.0)),
                ("ZoneData", zones(&mut dice)),
            ]),
        ),
        (
            "UnitProcessData",
            array([object([
                ("UnitIdentifier", text(barcode)),
                ("UnitPositionNumber", null()),
                ("UnitResult", text("Succeeded")),
                ("UnitProcessData", null()),
            ])]),
        ),
    ]);
    envelope((NAME, &body), (line, Station::Oven), out, &mut dice)
}

/// Puts messages into a file: one as it is, several as a compressed array.
pub(crate) fn file(line: &Line, messages: &[String], out: u64) -> Draft {
    let stamp = line.clock(Station::Oven).shows(out);
    let name = format!("reflow_{}{:03}", stamp.compact(), stamp.milli);
    if line.number.is_multiple_of(2)
        && let [message] = messages
    {
        return Draft::write(line.path(Station::Oven, &format!("{name}.json")), message.clone());
    }
    let bytes = gzip(array(messages.iter().cloned()).as_bytes());
    Draft::write(line.path(Station::Oven, &format!("{name}.json.gz")), bytes)
}

/// How many messages the oven of a line puts into one file.
pub(crate) const fn batch(line: &Line) -> usize {
    if line.number.is_multiple_of(2) { 1 } else { 4 }
}

fn zones(dice: &mut Dice) -> String {
    array(
        ZONES
            .iter()
            .enumerate()
            .map(|(at, (kind, setpoint))| {
                let reading = |sub: &str, kind: &str, value: f64| {
                    object([
                        ("SubZone", text(sub)),
                        ("ReadingType", text(kind)),
                        ("ReadingValue", double(tenth(value))),
                    ])
                };
                let set = |sub: &str| {
                    object([
                        ("SubZone", text(sub)),
                        ("SetpointType", text("Temperature")),
                        ("Setpoint", double(*setpoint)),
                    ])
                };
                object([
                    (
                        "Zone",
                        object([
                            ("ReflowZoneType", text(kind)),
                            ("StageSequence", (at + 1).to_string()),
                            ("StageName", text(&format!("Zone{}", at + 1))),
                            ("StageType", text("Work")),
                        ]),
                    ),
                    ("Setpoints", array([set("Top"), set("Bottom")])),
                    (
                        "Readings",
                        array([
                            reading("Top", "Temperature", setpoint + dice.normal() * 0.8),
                            reading("Bottom", "Temperature", setpoint + dice.normal() * 0.8),
                            reading("WholeZone", "O2", 480.0 + dice.normal() * 30.0),
                        ]),
                    ),
                ])
            })
            .collect::<Vec<_>>(),
    )
}

/// What a profile run says beside its trace.
pub(crate) struct Run<'a> {
    pub(crate) line: &'a Line,
    pub(crate) id: &'a str,
    pub(crate) product: &'a str,
    pub(crate) recipe: &'a str,
    pub(crate) lot: &'a str,
    pub(crate) badge: u64,
    /// When the board went in, as the file says it: not true where the certificate is backdated.
    pub(crate) from: u64,
    pub(crate) identity: u64,
    pub(crate) profile: &'a Profile,
}

/// The profile as a CFX message, beside the trace.
pub(crate) fn profiling(run: &Run<'_>) -> Draft {
    let mut dice = Dice::of(&[run.identity, 0x7077_6921]);
    let clock = run.line.clock(Station::Profiler);
    let passed = run.profile.passed;
    let body = object([
        ("TransactionId", text(&dice.guid())),
        ("OverallResult", text(if passed { "Succeeded" } else { "Failed" })),
        (
            "CommonProcessData",
            object([
                ("$type", text("CFX.Structures.ReflowProfiling.ReflowProfilingProcessData, CFX")),
                ("TimeDateUnitIn", text(&clock.cfx(run.from))),
                ("TimeDateUnitOut", text(&clock.cfx(run.from + 340_000))),
                ("ProductName", text(run.product)),
                ("Barcode", text(run.id)),
                ("RecipeName", text(run.recipe)),
                ("ProcessWindowName", text(WINDOW_NAME)),
                ("LotID", text(run.lot)),
                ("OvenName", text(&run.line.machine(Station::Oven))),
                ("Lane", String::from("1")),
                ("ConveyorSpeedSetpoint", double(run.profile.speed.0)),
                ("MeasuredConveyorSpeed", double(run.profile.speed.1)),
                ("Result", text(if passed { "Passed" } else { "Failed" })),
                ("ProductionUnitPWI", double(run.profile.pwi)),
                ("ZoneData", zones(&mut dice)),
            ]),
        ),
        ("UnitProcessData", array([])),
    ]);
    let name = format!("{}_pwi.json", run.id);
    Draft::write(run.line.path(Station::Profiler, &name), body)
}
