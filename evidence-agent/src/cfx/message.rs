//! The parts of CFX messages that records are made from.
//!
//! Only members that are needed are named; others are skipped. Every member may be missing or
//! `null`, since makers leave out what they do not know.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use spec::evidence::kind::Kind;

/// What was understood of a message.
pub(super) struct Understood {
    pub(super) kind: Kind,
    /// `cfx-body`, or `cfx-envelope` and its version.
    pub(super) form: String,
    pub(super) values: Vec<(&'static str, String)>,
}

/// `CFX.CFXEnvelope`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    message_name: Cow<'a, str>,
    #[serde(borrow)]
    version: Option<Cow<'a, str>>,
    #[serde(borrow)]
    time_stamp: Option<Cow<'a, str>>,
    #[serde(borrow)]
    source: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message_body: Body<'a>,
}

impl Envelope<'_> {
    pub(super) fn read(self) -> Result<Understood, String> {
        let named = self.message_name.rsplit('.').next().unwrap_or_default();
        if named != self.message_body.message()? {
            return Err(format!("the envelope says {named:?}, its body is another message"));
        }
        let mut understood = self.message_body.read(self.time_stamp.as_deref())?;
        let version = self.version.as_deref().unwrap_or("of unknown version");
        understood.form = format!("cfx-envelope {version}");
        if let Some(source) = self.source {
            understood.values.retain(|(name, _)| *name != "machine");
            understood.values.push(("machine", source.into_owned()));
        }
        Ok(understood)
    }
}

/// The body of a message: the members of all those known here.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Body<'a> {
    // UnitsInspected
    #[serde(borrow)]
    inspection_method: Option<Cow<'a, str>>,
    inspector: Option<Operator<'a>>,
    recipe_name: Option<Cow<'a, str>>,
    recipe_revision: Option<Cow<'a, str>>,
    inspected_units: Option<Vec<InspectedUnit<'a>>>,
    inspected_panel: Option<InspectedPanel<'a>>,
    // UnitsProcessed
    overall_result: Option<Cow<'a, str>>,
    common_process_data: Option<ProcessData<'a>>,
    unit_process_data: Option<Vec<ProcessedUnit<'a>>>,
    // UnitsRepaired
    repair_operator: Option<Operator<'a>>,
    repaired_units: Option<Vec<RepairedUnit<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Operator<'a> {
    #[serde(borrow)]
    operator_identifier: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedUnit<'a> {
    #[serde(borrow)]
    unit_identifier: Option<Cow<'a, str>>,
    #[serde(borrow)]
    unit_position_number: Option<&'a RawValue>,
    overall_result: Option<Cow<'a, str>>,
    inspections: Option<Vec<Inspection<'a>>>,
    total_inspection_count: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedPanel<'a> {
    #[serde(borrow)]
    unit_identifier: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspection<'a> {
    #[serde(borrow)]
    inspection_start_time: Option<Cow<'a, str>>,
    inspection_end_time: Option<Cow<'a, str>>,
    defects_found: Option<Vec<serde::de::IgnoredAny>>,
}

/// `ReflowProfilingProcessData` and `ReflowProcessData`; `$type` tells which.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProcessData<'a> {
    #[serde(borrow, rename = "$type")]
    class: Option<Cow<'a, str>>,
    time_date_unit_in: Option<Cow<'a, str>>,
    time_date_unit_out: Option<Cow<'a, str>>,
    barcode: Option<Cow<'a, str>>,
    recipe_name: Option<Cow<'a, str>>,
    process_window_name: Option<Cow<'a, str>>,
    #[serde(rename = "LotID")]
    lot_id: Option<Cow<'a, str>>,
    oven_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    lane: Option<&'a RawValue>,
    result: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "ProductionUnitPWI")]
    production_unit_pwi: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProcessedUnit<'a> {
    #[serde(borrow)]
    unit_identifier: Option<Cow<'a, str>>,
    #[serde(borrow)]
    unit_position_number: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RepairedUnit<'a> {
    #[serde(borrow)]
    unit_identifier: Option<Cow<'a, str>>,
    #[serde(borrow)]
    unit_position_number: Option<&'a RawValue>,
    overall_result: Option<Cow<'a, str>>,
    repairs: Option<Vec<Repair<'a>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Repair<'a> {
    #[serde(borrow)]
    unique_identifier: Option<Cow<'a, str>>,
    repair_start_time: Option<Cow<'a, str>>,
    repair_end_time: Option<Cow<'a, str>>,
}

impl Body<'_> {
    /// The last word of the message's name, told from the members that only it has.
    fn message(&self) -> Result<&'static str, String> {
        let inspected = self.inspected_units.is_some() && self.inspection_method.is_some();
        let processed = self.common_process_data.is_some();
        match (inspected, processed, self.repaired_units.is_some()) {
            (true, false, false) => Ok("UnitsInspected"),
            (false, true, false) => Ok("UnitsProcessed"),
            (false, false, true) => Ok("UnitsRepaired"),
            (false, false, false) => Err("no message of IPC-CFX that is known here".to_string()),
            _ => Err("the members of more than one message".to_string()),
        }
    }

    pub(super) fn read(self, event_time: Option<&str>) -> Result<Understood, String> {
        let mut values = Values::default();
        let kind = match self.message()? {
            "UnitsInspected" => self.read_inspected(&mut values)?,
            "UnitsProcessed" => self.read_processed(&mut values)?,
            _ => self.read_repaired(&mut values)?,
        };
        let values = values.finish(event_time);
        Ok(Understood { kind, form: "cfx-body".to_string(), values })
    }

    fn read_inspected(self, values: &mut Values) -> Result<Kind, String> {
        let kind = match self.inspection_method.as_deref() {
            Some("AOI") => Kind::AoiReport,
            Some("SPI") => Kind::SpiReport,
            other => {
                let method = other.unwrap_or_default();
                return Err(format!("an inspection by {method:?} has no kind of record here"));
            }
        };
        values.put("program", self.recipe_name);
        values.put("program/revision", self.recipe_revision);
        values.put("operator", self.inspector.and_then(|operator| operator.operator_identifier));
        let units = self.inspected_units.unwrap_or_default();
        let inspections = || units.iter().flat_map(|unit| unit.inspections.iter().flatten());
        let start = inspections().find_map(|each| each.inspection_start_time.as_deref());
        let end = inspections().filter_map(|each| each.inspection_end_time.as_deref()).next_back();
        values.times(start, end);
        let defects: usize =
            inspections().map(|each| each.defects_found.as_ref().map_or(0, Vec::len)).sum();
        values.put("defects", Some(defects.to_string().into()));
        // A sum is said only if every unit has its count.
        let counted: Option<Vec<u64>> =
            units.iter().map(|unit| unit.total_inspection_count).collect();
        let total = counted.filter(|counts| !counts.is_empty()).and_then(|counts| {
            counts.iter().try_fold(0_u64, |total, count| total.checked_add(*count))
        });
        values.put("inspected", total.map(|total| total.to_string().into()));
        let panel = self.inspected_panel.and_then(|panel| panel.unit_identifier);
        values.units(panel.as_deref(), &units, |unit| Unit {
            identifier: unit.unit_identifier.as_deref(),
            position: unit.unit_position_number,
        })?;
        values.verdicts(units.iter().map(|unit| unit.overall_result.as_deref()))?;
        Ok(kind)
    }

    fn read_processed(self, values: &mut Values) -> Result<Kind, String> {
        let data = self.common_process_data.ok_or("no process data")?;
        let class = data.class.as_deref().unwrap_or_default();
        let class = class.split(',').next().unwrap_or_default().trim();
        let kind = match class {
            "CFX.Structures.ReflowProfiling.ReflowProfilingProcessData" => Kind::ReflowCertificate,
            "CFX.Structures.SolderReflow.ReflowProcessData" => Kind::OvenData,
            other => return Err(format!("process data of class {other:?}")),
        };
        values.times(data.time_date_unit_in.as_deref(), data.time_date_unit_out.as_deref());
        let whole = if kind == Kind::ReflowCertificate { data.result } else { None };
        values.put("verdict", whole.or(self.overall_result));
        values.put("program", data.recipe_name);
        values.put("window", data.process_window_name);
        values.put("lot", data.lot_id);
        values.put("machine", data.oven_name);
        values.put("lane", data.lane.and_then(number));
        values.put("pwi", data.production_unit_pwi.and_then(number));
        let units = self.unit_process_data.unwrap_or_default();
        values.units(data.barcode.as_deref(), &units, |unit| Unit {
            identifier: unit.unit_identifier.as_deref(),
            position: unit.unit_position_number,
        })?;
        Ok(kind)
    }

    fn read_repaired(self, values: &mut Values) -> Result<Kind, String> {
        let operator = self.repair_operator.and_then(|operator| operator.operator_identifier);
        values.put("operator", operator);
        let units = self.repaired_units.unwrap_or_default();
        let repairs = || units.iter().flat_map(|unit| unit.repairs.iter().flatten());
        let start = repairs().find_map(|repair| repair.repair_start_time.as_deref());
        let end = repairs().filter_map(|repair| repair.repair_end_time.as_deref()).next_back();
        values.times(start, end);
        let named = repairs().filter_map(|repair| repair.unique_identifier.as_deref());
        values.list("repairs", named)?;
        values.units(None, &units, |unit| Unit {
            identifier: unit.unit_identifier.as_deref(),
            position: unit.unit_position_number,
        })?;
        values.verdicts(units.iter().map(|unit| unit.overall_result.as_deref()))?;
        Ok(Kind::Repair)
    }
}

/// One board of a panel, as a message names it.
struct Unit<'a> {
    identifier: Option<&'a str>,
    position: Option<&'a RawValue>,
}

/// The values of one record as they are found.
#[derive(Default)]
struct Values {
    found: Vec<(&'static str, String)>,
    start: Option<String>,
}

impl Values {
    fn put(&mut self, name: &'static str, value: Option<Cow<'_, str>>) {
        if let Some(value) = value {
            self.found.push((name, value.into_owned()));
        }
    }

    /// The first start and the last end that the message names, as it writes them.
    fn times(&mut self, start: Option<&str>, end: Option<&str>) {
        self.start = start.map(str::to_string);
        self.put("claimed/end", end.map(Into::into));
    }

    /// `units` and `unit/positions` run in parallel. The panel is the one that is named, or the
    /// identifier that several units share: CFX then tells them apart by position alone.
    fn units<T>(
        &mut self,
        panel: Option<&str>,
        units: &[T],
        unit: impl Fn(&T) -> Unit<'_>,
    ) -> Result<(), String> {
        let identifier = |each| unit(each).identifier;
        let first = units.first().and_then(identifier);
        let shared = units.len() > 1 && units.iter().all(|each| identifier(each) == first);
        self.put("panel", panel.or(first.filter(|_| shared)).map(Into::into));
        if units.is_empty() {
            return Ok(());
        }
        self.list("units", units.iter().map(|each| identifier(each).unwrap_or_default()))?;
        let positions: Option<Vec<_>> =
            units.iter().map(|each| unit(each).position.and_then(number)).collect();
        match positions {
            Some(positions) => self.list("unit/positions", positions.iter().map(AsRef::as_ref)),
            None => Ok(()),
        }
    }

    /// One word for each unit, if every unit has one.
    fn verdicts<'a>(
        &mut self,
        verdicts: impl Iterator<Item = Option<&'a str>>,
    ) -> Result<(), String> {
        let verdicts: Option<Vec<&str>> = verdicts.collect();
        match verdicts.filter(|all| !all.is_empty()) {
            Some(verdicts) => self.list("verdict", verdicts.into_iter()),
            None => Ok(()),
        }
    }

    /// A list: each item followed by a line feed, so no item may hold one.
    fn list<'a>(
        &mut self,
        name: &'static str,
        items: impl Iterator<Item = &'a str>,
    ) -> Result<(), String> {
        let mut value = String::new();
        for item in items {
            if item.chars().any(char::is_control) {
                return Err(format!("an item of {name:?} holds a control character"));
            }
            value.push_str(item);
            value.push('\n');
        }
        self.put(name, Some(value.into()));
        Ok(())
    }

    fn finish(mut self, event_time: Option<&str>) -> Vec<(&'static str, String)> {
        let start = self.start.take().or(event_time.map(str::to_string));
        if let Some(start) = start {
            self.put("claimed/zone", Some(zone(&start).into()));
            self.put("claimed/start", Some(start.into()));
        }
        self.found
    }
}

/// The digits of a number as the machine wrote them; `None` for `null`.
fn number(raw: &RawValue) -> Option<Cow<'_, str>> {
    Some(raw.get()).filter(|text| *text != "null").map(|text| text.trim_matches('"').into())
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
