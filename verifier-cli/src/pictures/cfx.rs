//! IPC-CFX (IPC-2591): `UnitsInspected` with the places of defects, `UnitsProcessed` of ovens and profilers.
//!
//! Messages come in an envelope, bare, or several in an array; unknown members are normal.

use serde_json::{Map, Value};

use super::curve::{MAX_STATED, MAX_ZONES, Other, Profile, Zone};
use super::{Call, InspectedBoard, Inspection, Place, Standing, name, paste, point};

/// The most corners of an area.
const MAX_CORNERS: usize = 64;

/// The most temperatures of one zone, set or read, and the most other quantities.
const MAX_IN_ZONE: usize = 8;

/// The highest temperature that is believed, and the lowest, degrees Celsius: no oven has others.
const MAX_DEGREES: f64 = 2000.0;
const MIN_DEGREES: f64 = -300.0;

pub(super) type Object = Map<String, Value>;

/// What was found, if any message is about an inspection.
pub(super) fn inspection(value: &Value) -> Option<Inspection> {
    let mut found = Inspection::default();
    let units = bodies(value).filter_map(|body| list(body, "InspectedUnits"));
    let mut is_inspection = false;
    for unit in units.inspect(|_| is_inspection = true).flatten().filter_map(Value::as_object) {
        found.boards.push(board(unit));
        found.deposits.add(unit);
    }
    is_inspection.then_some(found)
}

fn board(unit: &Object) -> InspectedBoard {
    let inspections = list(unit, "Inspections").into_iter().flatten();
    let defects = inspections.filter_map(|one| list(one.as_object()?, "DefectsFound")).flatten();
    InspectedBoard {
        unit: text(unit, "UnitIdentifier"),
        position: unit.get("UnitPositionNumber").and_then(Value::as_u64),
        result: text(unit, "OverallResult"),
        looked_at: unit.get("TotalInspectionCount").and_then(Value::as_u64),
        calls: defects.filter_map(Value::as_object).map(call).chain(paste::bad(unit)).collect(),
    }
}

fn call(defect: &Object) -> Call {
    let component = defect.get("ComponentOfInterest").and_then(Value::as_object);
    let words = ["DefectCode", "DefectCategory"].map(|member| text(defect, member));
    let verification = text(defect, "Verification");
    let area = defect.get("RegionOfInterest").and_then(Value::as_object).and_then(area);
    Call {
        designator: component.map(|part| text(part, "ReferenceDesignator")).unwrap_or_default(),
        defect: words.join(" ").trim().to_string(),
        standing: standing(&verification),
        verification,
        confidence: number(defect, "ConfidenceLevel").filter(|sure| (0.0..=100.0).contains(sure)),
        place: area.or_else(|| unit_position(component?)),
        paste: None,
    }
}

/// `DefectRejected` means that there was none: a false call.
fn standing(word: &str) -> Standing {
    match word {
        "DefectRejected" => Standing::FalseCall,
        "DefectAccepted" | "DefectClosed" | "DefectConfirmed" | "DefectRepaired" => {
            Standing::Confirmed
        }
        _ => Standing::Called,
    }
}

fn area(region: &Object) -> Option<Place> {
    let start = point(number(region, "StartPointX")?, number(region, "StartPointY")?)?;
    let segments = list(region, "RegionSegments").into_iter().flatten().take(MAX_CORNERS);
    let corner = |segment: &Value| {
        let segment = segment.as_object()?;
        point(number(segment, "X")?, number(segment, "Y")?)
    };
    let rest: Option<Vec<(f64, f64)>> = segments.map(corner).collect();
    let rest = rest?;
    if rest.is_empty() {
        // Messages are met in which a region that nobody filled in starts at 0, 0.
        return (start != (0.0, 0.0)).then_some(Place::Point(start));
    }
    Some(Place::Area([vec![start], rest].concat()))
}

fn unit_position(component: &Object) -> Option<Place> {
    let position = component.get("UnitPosition")?.as_object()?;
    point(number(position, "X")?, number(position, "Y")?).map(Place::Point)
}

/// Figures of a profile as its maker stated them, and zones of the oven.
pub(super) fn profile(value: &Value) -> Option<Profile> {
    let data = bodies(value).find_map(|body| body.get("CommonProcessData")?.as_object())?;
    let zones = list(data, "ZoneData").into_iter().flatten().filter_map(Value::as_object);
    let mut profile =
        Profile { zones: zones.take(MAX_ZONES).map(zone).collect(), ..Profile::default() };
    for member in [
        "TimeDateUnitIn",
        "TimeDateUnitOut",
        "OvenName",
        "Lane",
        "RecipeName",
        "ProcessWindowName",
        "ConveyorSpeedSetpoint",
        "MeasuredConveyorSpeed",
        "ConveyorSpeed",
        "ProductionUnitPWI",
        "Result",
    ] {
        let shown = match data.get(member) {
            Some(Value::String(word)) => name(word),
            Some(Value::Number(number)) => number.to_string(),
            _ => continue,
        };
        if profile.stated.len() < MAX_STATED {
            profile.stated.push((member.to_string(), shown));
        }
    }
    (!profile.stated.is_empty() || !profile.zones.is_empty()).then_some(profile)
}

fn zone(data: &Object) -> Zone {
    let zone = data.get("Zone").and_then(Value::as_object);
    let of = |member| zone.map(|zone| text(zone, member)).unwrap_or_default();
    let setpoints = values(data, "Setpoints", "SetpointType", "Setpoint");
    let readings = values(data, "Readings", "ReadingType", "ReadingValue");
    let temperatures = |values: &[Stated]| {
        let is_one = |degrees: f64| (MIN_DEGREES..=MAX_DEGREES).contains(&degrees);
        let all = values.iter().filter(|(what, _, value)| what == TEMPERATURE && is_one(*value));
        all.take(MAX_IN_ZONE).map(|(_, place, value)| (place.clone(), *value)).collect()
    };
    Zone {
        name: of("StageName"),
        kind: of("ReflowZoneType"),
        setpoints: temperatures(&setpoints),
        readings: temperatures(&readings),
        others: others(&setpoints, &readings),
    }
}

/// The type of what is drawn; everything else is told.
const TEMPERATURE: &str = "Temperature";

/// A quantity of a zone: its type, where it is, and its value.
type Stated = (String, String, f64);

fn values(data: &Object, items: &str, kind: &str, value: &str) -> Vec<Stated> {
    let items = list(data, items).into_iter().flatten().filter_map(Value::as_object);
    let read =
        |item: &Object| Some((text(item, kind), text(item, "SubZone"), number(item, value)?));
    items.take(4 * MAX_IN_ZONE).filter_map(read).collect()
}

/// What is set and read of each other quantity, in the order in which the file first names it.
fn others(setpoints: &[Stated], readings: &[Stated]) -> Vec<Other> {
    let mut others: Vec<Other> = Vec::new();
    let all =
        setpoints.iter().map(|one| (one, true)).chain(readings.iter().map(|one| (one, false)));
    for ((what, place, value), is_set) in all.filter(|((what, ..), _)| what != TEMPERATURE) {
        let name = format!("{what} {place}").trim().to_string();
        let at = match others.iter().position(|other| other.name == name) {
            Some(at) => at,
            None if others.len() >= MAX_IN_ZONE => continue,
            None => {
                others.push(Other { name, setpoint: None, reading: None });
                others.len() - 1
            }
        };
        let slot = if is_set { &mut others[at].setpoint } else { &mut others[at].reading };
        // The first one that the file states.
        slot.get_or_insert(*value);
    }
    others
}

/// The messages' bodies.
fn bodies(value: &Value) -> impl Iterator<Item = &Object> {
    let messages = match value {
        Value::Array(messages) => messages.as_slice(),
        one => std::slice::from_ref(one),
    };
    // An envelope has the message in it; a bare one is the message.
    messages.iter().filter_map(|message| match message.get("MessageBody") {
        Some(body) => body.as_object(),
        None => message.as_object(),
    })
}

pub(super) fn list<'a>(object: &'a Object, member: &str) -> Option<&'a Vec<Value>> {
    object.get(member)?.as_array()
}

pub(super) fn number(object: &Object, member: &str) -> Option<f64> {
    object.get(member)?.as_f64().filter(|number| number.is_finite())
}

pub(super) fn text(object: &Object, member: &str) -> String {
    object.get(member).and_then(Value::as_str).map(name).unwrap_or_default()
}
