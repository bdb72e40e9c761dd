//! What records need of CFX messages.
//!
//! Only members that are needed are named; others are skipped. Every member may be missing or
//! `null`, since makers leave out what they do not know.

use std::borrow::Cow;

use spec::evidence::kind::Kind;

use super::UNKNOWN;
use crate::import::json::Value;
use crate::import::values::Values;

/// What was understood of a message.
pub(super) struct Understood {
    pub(super) kind: Kind,
    /// `cfx-body`, or `cfx-envelope` and its version.
    pub(super) form: String,
    /// Why nothing of it is believed.
    pub(super) refused: Option<String>,
    pub(super) values: Values,
}

/// The kind, or why nothing of it is believed.
type Judged = Result<Kind, String>;

/// Reads one message: a `CFX.CFXEnvelope` or the body alone.
pub(super) fn read(message: Value<'_>) -> Understood {
    let name = text(message, "MessageName");
    let body = if name.is_some() { message.member("MessageBody") } else { Some(message) };
    let body = body.filter(|body| body.is_object());
    let class = body.and_then(|body| class(body));
    let form = match &name {
        None => "cfx-body".to_string(),
        Some(_) => {
            let version = text(message, "Version");
            format!("cfx-envelope {}", version.as_deref().unwrap_or("of unknown version"))
        }
    };
    let mut values = Values::default();
    let judged = which(name.as_deref(), class, body).and_then(|which| {
        let body = body.unwrap_or(message);
        match which {
            Which::Inspected => inspected(body, &mut values),
            Which::Processed => processed(body, &mut values),
            Which::Repaired => repaired(body, &mut values),
            Which::Other => kept(body, &mut values),
        }
    });
    let (kind, form, refused) = match judged {
        // It is what it should be, and there is no kind of record for it.
        Ok(Kind::Attachment) => (Kind::Attachment, form + " kept as it is", None),
        Ok(kind) => (kind, form, None),
        Err(why) => {
            values = Values::default();
            (Kind::Attachment, form, Some(why))
        }
    };
    values.put("message", name.as_deref().or(class));
    if name.is_some() {
        // The handle that the whole line knows it by, before a name inside of the body.
        values.put("machine", text(message, "Source"));
        if values.text("claimed/start").is_none() {
            values.put("claimed/start", text(message, "TimeStamp"));
        }
    }
    if let Some(start) = values.text("claimed/start").or(values.text("claimed/end")) {
        let zone = zone(start).to_string();
        values.put("claimed/zone", Some(zone));
    }
    Understood { kind, form, refused, values }
}

enum Which {
    Inspected,
    Other,
    Processed,
    Repaired,
}

/// The class that newer messages name as their first member: `CFX.Heartbeat, CFX`.
fn class(value: Value<'_>) -> Option<&str> {
    match value.member("$type")?.text()? {
        Cow::Borrowed(text) => text.split(',').next().map(str::trim),
        // The standard's class names have no escapes.
        Cow::Owned(_) => None,
    }
}

/// Which message it is: by its name, or told from the members that only it has.
fn which(
    name: Option<&str>,
    class: Option<&str>,
    body: Option<Value<'_>>,
) -> Result<Which, String> {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_string();
    let shape = body.map_or(Ok(None), shape)?;
    let named = name.or(class).map(last);
    if let Some(other) = name.and(class).map(last).filter(|class| named.as_ref() != Some(class)) {
        let named = named.unwrap_or_default();
        return Err(format!("the envelope says {named:?}, its body says {other:?}"));
    }
    match (named.as_deref(), shape) {
        (None, None) => Err(UNKNOWN.to_string()),
        (None | Some("UnitsInspected"), Some("UnitsInspected"))
        | (Some("UnitsInspected"), None) => Ok(Which::Inspected),
        (None | Some("UnitsProcessed"), Some("UnitsProcessed"))
        | (Some("UnitsProcessed"), None) => Ok(Which::Processed),
        (None | Some("UnitsRepaired"), Some("UnitsRepaired")) | (Some("UnitsRepaired"), None) => {
            Ok(Which::Repaired)
        }
        (Some(named @ ("UnitsInspected" | "UnitsProcessed" | "UnitsRepaired")), Some(_)) => {
            Err(format!("the envelope says {named:?}, its body is another message"))
        }
        _ => Ok(Which::Other),
    }
}

fn shape(body: Value<'_>) -> Result<Option<&'static str>, String> {
    let has = |name| body.member(name).is_some();
    // Since version 1.6 the panel can be there without its boards.
    let boards = has("InspectedUnits") || has("InspectedPanel");
    let inspected = boards && has("InspectionMethod");
    match (inspected, has("CommonProcessData"), has("RepairedUnits")) {
        (true, false, false) => Ok(Some("UnitsInspected")),
        (false, true, false) => Ok(Some("UnitsProcessed")),
        (false, false, true) => Ok(Some("UnitsRepaired")),
        (false, false, false) => Ok(None),
        _ => Err("the members of more than one message".to_string()),
    }
}

fn text<'d>(value: Value<'d>, name: &str) -> Option<Cow<'d, str>> {
    value.member(name)?.text()
}

fn items<'d>(value: Value<'d>, name: &str) -> Vec<Value<'d>> {
    value.member(name).map(|list| list.items().collect()).unwrap_or_default()
}

/// The lot of an inspection or a repair. The standard has no member for it there, so makers put it into
/// the metadata of the panel or of the whole message.
fn lot<'d>(body: Value<'d>, panel: Option<Value<'d>>) -> Option<Cow<'d, str>> {
    let of = |part: Value<'d>| text(part.member("Metadata")?, "Lot").filter(|lot| !lot.is_empty());
    panel.and_then(of).or_else(|| of(body))
}

fn inspected(body: Value<'_>, values: &mut Values) -> Judged {
    let method = text(body, "InspectionMethod");
    let kind = match method.as_deref() {
        Some("AOI") => Kind::AoiReport,
        Some("SPI") => Kind::SpiReport,
        // What a person inspected is that person's word about boards that machines judged before.
        Some("Human") => Kind::Review,
        _ => Kind::Attachment,
    };
    if kind == Kind::Attachment {
        values.put("description", method);
    }
    values.put("transaction", text(body, "TransactionId"));
    values.put("program", text(body, "RecipeName"));
    values.put("program/revision", text(body, "RecipeRevision"));
    let operator = body.member("Inspector");
    values.put("operator", operator.and_then(|operator| text(operator, "OperatorIdentifier")));
    let panel = body.member("InspectedPanel");
    values.put("lot", lot(body, panel));
    let units = items(body, "InspectedUnits");
    // What was looked at: the boards, or the panel where it is reported without them.
    let parts = if units.is_empty() { panel.into_iter().collect() } else { units.clone() };
    let inspections: Vec<Value<'_>> =
        parts.iter().flat_map(|part| items(*part, "Inspections")).collect();
    times(values, &inspections, "InspectionStartTime", "InspectionEndTime");
    let defects = inspections.iter().flat_map(|each| items(*each, "DefectsFound"));
    let defects: Vec<Value<'_>> = defects.collect();
    if kind == Kind::Review {
        values.list("reviewed", defects.iter().filter_map(|d| text(*d, "UniqueIdentifier")))?;
    } else {
        values.put("defects", Some(defects.len().to_string()));
        values.put("inspected", total(&parts));
    }
    let name = panel.and_then(|panel| text(panel, "UnitIdentifier"));
    name_units(values, name, &units, "UnitPositionNumber")?;
    per_unit(values, "verdict", &units, "OverallResult")?;
    if units.is_empty() {
        values.put("verdict", panel.and_then(|panel| text(panel, "OverallResult")));
    }
    // What a review station wrote into the machine's own report, if it wrote anything.
    let verified = units.iter().filter_map(|unit| text(*unit, "Verification"));
    if verified.clone().any(|word| word != "NotVerifiedYet") {
        per_unit(values, "verification", &units, "Verification")?;
    }
    Ok(kind)
}

/// A sum is said only if every unit has its count.
fn total(units: &[Value<'_>]) -> Option<String> {
    let count = |unit: &Value<'_>| text(*unit, "TotalInspectionCount")?.parse::<u64>().ok();
    let counts: Option<Vec<u64>> = units.iter().map(count).collect();
    let counts = counts.filter(|counts| !counts.is_empty())?;
    let total = counts.iter().try_fold(0_u64, |total, count| total.checked_add(*count))?;
    Some(total.to_string())
}

fn processed(body: Value<'_>, values: &mut Values) -> Judged {
    let units = items(body, "UnitProcessData");
    values.put("transaction", text(body, "TransactionId"));
    let Some(data) = body.member("CommonProcessData") else {
        name_units(values, None, &units, "UnitPositionNumber")?;
        return Ok(Kind::Attachment);
    };
    let class = class(data).unwrap_or_default();
    let kind = match class {
        "CFX.Structures.ReflowProfiling.ReflowProfilingProcessData" => Kind::ReflowCertificate,
        "CFX.Structures.SolderReflow.ReflowProcessData" => Kind::OvenData,
        _ => Kind::Attachment,
    };
    if kind == Kind::Attachment {
        values.put("description", Some(class));
    }
    values.put("claimed/start", text(data, "TimeDateUnitIn"));
    values.put("claimed/end", text(data, "TimeDateUnitOut"));
    let whole = text(data, "Result").filter(|_| kind == Kind::ReflowCertificate);
    values.put("verdict", whole.or_else(|| text(body, "OverallResult")));
    values.put("program", text(data, "RecipeName"));
    values.put("window", text(data, "ProcessWindowName"));
    values.put("lot", text(data, "LotID"));
    values.put("machine", text(data, "OvenName"));
    values.put("lane", text(data, "Lane"));
    values.put("pwi", text(data, "ProductionUnitPWI"));
    name_units(values, text(data, "Barcode"), &units, "UnitPositionNumber")?;
    Ok(kind)
}

fn repaired(body: Value<'_>, values: &mut Values) -> Judged {
    values.put("transaction", text(body, "TransactionId"));
    let operator = body.member("RepairOperator");
    values.put("operator", operator.and_then(|operator| text(operator, "OperatorIdentifier")));
    values.put("lot", lot(body, None));
    let units = items(body, "RepairedUnits");
    let repairs: Vec<Value<'_>> = units.iter().flat_map(|unit| items(*unit, "Repairs")).collect();
    times(values, &repairs, "RepairStartTime", "RepairEndTime");
    values.list("repairs", repairs.iter().filter_map(|each| text(*each, "UniqueIdentifier")))?;
    name_units(values, None, &units, "UnitPositionNumber")?;
    per_unit(values, "verdict", &units, "OverallResult")?;
    Ok(Kind::Repair)
}

/// Any other message: what most of them share, so that boards are found and counted by them.
fn kept(body: Value<'_>, values: &mut Values) -> Judged {
    let either = |one, other| text(body, one).or_else(|| text(body, other));
    values.put("transaction", either("TransactionId", "TransactionID"));
    values.put("hermes", text(body, "HermesIdentifier"));
    values.put("program", text(body, "RecipeName"));
    values.put("program/revision", either("Revision", "RecipeRevision"));
    values.put("lane", text(body, "Lane"));
    values.put("description", text(body, "Reason"));
    let order = body.member("WorkOrderIdentifier");
    values.put("lot", order.and_then(|order| text(order, "WorkOrderId")));
    let units = items(body, "Units");
    let named = units.iter().any(|unit| text(*unit, "UnitIdentifier").is_some());
    let units = if named { units } else { Vec::new() };
    name_units(values, text(body, "PrimaryIdentifier"), &units, "PositionNumber")?;
    Ok(Kind::Attachment)
}

/// The first start and the last end that the message names, as it writes them.
fn times(values: &mut Values, of: &[Value<'_>], start: &str, end: &str) {
    values.put("claimed/start", of.iter().find_map(|each| text(*each, start)));
    values.put("claimed/end", of.iter().rev().find_map(|each| text(*each, end)));
}

/// `units` and `unit/positions` run in parallel. The panel is the one that is named, or the
/// identifier that several units share: CFX then tells them apart by position alone.
fn name_units(
    values: &mut Values,
    panel: Option<Cow<'_, str>>,
    units: &[Value<'_>],
    position: &str,
) -> Result<(), String> {
    let names: Vec<Option<Cow<'_, str>>> =
        units.iter().map(|unit| text(*unit, "UnitIdentifier")).collect();
    let first = names.first().cloned().flatten();
    let shared = names.len() > 1 && names.iter().all(|name| *name == first);
    values.put("panel", panel.or(first.filter(|_| shared)));
    if units.is_empty() {
        return Ok(());
    }
    values.list("units", names.iter().map(|name| name.as_deref().unwrap_or_default()))?;
    per_unit(values, "unit/positions", units, position)
}

/// One word for each unit, if every unit has one.
fn per_unit(
    values: &mut Values,
    name: &str,
    units: &[Value<'_>],
    member: &str,
) -> Result<(), String> {
    let words: Option<Vec<Cow<'_, str>>> = units.iter().map(|unit| text(*unit, member)).collect();
    match words.filter(|words| !words.is_empty()) {
        Some(words) => values.list(name, words),
        None => Ok(()),
    }
}

/// The offset at the end of a time, such as `+08:00` or `Z`.
fn zone(time: &str) -> &str {
    if !time.is_ascii() || !time.contains('T') {
        return "unknown";
    }
    let offset = &time[time.len().saturating_sub(6)..];
    let sound = matches!(offset.as_bytes(), [b'+' | b'-', a, b, b':', c, d]
        if [a, b, c, d].iter().all(|digit| digit.is_ascii_digit()));
    match (sound, time.ends_with('Z')) {
        (true, _) => offset,
        (_, true) => "Z",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zone_is_taken_from_the_time_and_never_guessed() {
        for (time, want) in [
            ("2026-03-02T08:15:30.1234567+08:00", "+08:00"),
            ("2018-10-31T09:30:27.05191-04:00", "-04:00"),
            ("2026-03-02T08:15:30Z", "Z"),
            ("2026-03-02T08:15:30", "unknown"),
            ("2026-03-02", "unknown"),
            ("03/02/2026 08:15", "unknown"),
            ("", "unknown"),
        ] {
            assert_eq!(zone(time), want, "{time}");
        }
    }
}
