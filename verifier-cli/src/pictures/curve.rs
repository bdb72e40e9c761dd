//! Profiler traces: lines of keys and figures, a row of headings that begins with the time, samples.
//!
//! Cells that are no numbers (`*OC*`, `*NA*`, `***`) are missing samples, and are counted by their word.

use std::collections::BTreeMap;

use super::name;

/// The most channels of a trace; loggers have up to 16.
const MAX_CHANNELS: usize = 24;

/// The most samples of a channel: an hour at 20 Hz.
const MAX_SAMPLES: usize = 72_000;

/// The latest time, and the earliest before zero, in seconds: some four months. What is beyond is no
/// profile, and times that great may not differ by a second.
const MAX_TIME: f64 = 1e7;

/// The greatest limit of a figure, in its unit: no oven has a greater one.
const MAX_LIMIT: f64 = 5000.0;

/// The most lines of keys that are kept.
pub(super) const MAX_STATED: usize = 40;

/// The most zones of an oven.
pub(super) const MAX_ZONES: usize = 40;

/// How many words for a missing sample are told apart, and what stands for all others.
const MAX_WORDS: usize = 16;
const OTHER_WORDS: &str = "…";

/// Headings of the column that holds the time, in seconds.
const TIME: [&str; 4] = ["time", "zeit", "时间", "時間"];

/// Words by which a line is one of figures, one for each channel.
const FIGURE_WORDS: [&str; 13] = [
    "slope",
    "ramp",
    "soak",
    "peak",
    "above",
    "liquid",
    "steigung",
    "spitze",
    "flussmittel",
    "斜率",
    "恒温",
    "峰值",
    "回流",
];

/// What a profile says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Profile {
    /// Names and values as the file states them.
    pub(crate) stated: Vec<(String, String)>,
    /// Figures of each channel as the file states them.
    pub(crate) figures: Vec<StatedFigure>,
    /// The curve.
    pub(crate) curve: Option<Curve>,
    /// Zones of the oven.
    pub(crate) zones: Vec<Zone>,
}

/// One figure for each channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct StatedFigure {
    /// Its name with its unit.
    pub(crate) name: String,
    /// The low and the high limit that it was judged by.
    pub(crate) limits: Option<(f64, f64)>,
    /// One for each channel, as written.
    pub(crate) values: Vec<String>,
}

/// Temperatures over time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Curve {
    /// Seconds, ascending.
    pub(crate) times: Vec<f64>,
    /// The thermocouples.
    pub(crate) channels: Vec<Channel>,
    /// How many cells were no numbers, by what stood there.
    pub(crate) missing: BTreeMap<String, usize>,
}

/// One thermocouple, degrees Celsius.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Channel {
    /// Its name.
    pub(crate) name: String,
    /// One for each time; `None` where the file has no number.
    pub(crate) samples: Vec<Option<f64>>,
}

/// One zone of an oven, degrees Celsius.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Zone {
    /// Its name.
    pub(crate) name: String,
    /// Its kind, in the file's word.
    pub(crate) kind: String,
    /// What was set: where, and how hot.
    pub(crate) setpoints: Vec<(String, f64)>,
    /// What was read.
    pub(crate) readings: Vec<(String, f64)>,
    /// What else was set or read, in the file's words.
    pub(crate) others: Vec<Other>,
}

/// A quantity of a zone that is no temperature.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Other {
    /// Its type and where it is, such as `O2 WholeZone`.
    pub(crate) name: String,
    /// What was set.
    pub(crate) setpoint: Option<f64>,
    /// What was read.
    pub(crate) reading: Option<f64>,
}

/// Reads a trace; `None` if it has no heading row or no sample.
pub(super) fn profile(text: &str) -> Option<Profile> {
    let lines: Vec<&str> = text.lines().collect();
    let (at, delimiter, headings) = lines
        .iter()
        .enumerate()
        .find_map(|(at, line)| heading(line).map(|(by, row)| (at, by, row)))?;
    let used = columns(&headings);
    if used.is_empty() || used.len() > MAX_CHANNELS {
        return None;
    }
    let curve = samples(&lines[at + 1..], delimiter, &headings, &used)?;
    let mut profile = Profile::default();
    for line in &lines[..at] {
        state(&mut profile, line, delimiter, used.len());
    }
    profile.curve = Some(curve);
    Some(profile)
}

/// The row that names the columns: its first cell is a word for time, with or without its unit.
fn heading(line: &str) -> Option<(char, Vec<String>)> {
    [';', '\t', ','].into_iter().find_map(|delimiter| {
        let cells: Vec<String> = line.split(delimiter).map(name).collect();
        let first =
            cells[0].trim_start_matches('#').split(['(', '[']).next()?.trim().to_lowercase();
        (cells.len() > 1 && TIME.contains(&first.as_str())).then_some((delimiter, cells))
    })
}

/// The columns of thermocouples. Small ovens put their controller's state beside them.
fn columns(headings: &[String]) -> Vec<usize> {
    let all = 1..headings.len();
    let named: Vec<usize> = all.clone().filter(|at| headings[*at].starts_with("Temp")).collect();
    if named.is_empty() { all.filter(|at| !headings[*at].is_empty()).collect() } else { named }
}

fn samples(lines: &[&str], delimiter: char, headings: &[String], used: &[usize]) -> Option<Curve> {
    let channel = |at: &usize| Channel { name: headings[*at].clone(), samples: Vec::new() };
    let mut curve = Curve { channels: used.iter().map(channel).collect(), ..Curve::default() };
    for line in lines {
        let cells: Vec<&str> = line.split(delimiter).map(str::trim).collect();
        let Some(time) = number(cells[0], delimiter) else {
            // A row of units under the headings; behind the first sample, the end of the grid.
            if curve.times.is_empty() { continue } else { break }
        };
        let is_late = curve.times.last().is_some_and(|last| *last >= time);
        if is_late || time.abs() > MAX_TIME || curve.times.len() >= MAX_SAMPLES {
            return None;
        }
        curve.times.push(time);
        for (channel, at) in curve.channels.iter_mut().zip(used) {
            let cell = cells.get(*at).copied().unwrap_or_default();
            let sample = number(cell, delimiter).filter(|value| (-300.0..=2000.0).contains(value));
            if sample.is_none() {
                let word: String = cell.chars().take(16).collect();
                let has_room = curve.missing.len() < MAX_WORDS || curve.missing.contains_key(&word);
                let word = if has_room { word } else { OTHER_WORDS.to_string() };
                *curve.missing.entry(word).or_insert(0) += 1;
            }
            channel.samples.push(sample);
        }
    }
    (curve.times.len() > 1).then_some(curve)
}

/// Keeps a line of the head: a figure if it has a number for each channel, or else a name and a value.
fn state(profile: &mut Profile, line: &str, delimiter: char, channels: usize) {
    let pair = if delimiter == ';' { line.split_once(';') } else { line.split_once(':') };
    let Some((key, rest)) = pair.or_else(|| line.split_once(delimiter)) else { return };
    let key = name(key.trim_start_matches('#'));
    let cells: Vec<&str> = rest.split(delimiter).map(str::trim).collect();
    let numbers: Vec<Option<f64>> = cells.iter().map(|cell| number(cell, delimiter)).collect();
    let is_number = |at: usize| numbers.get(at).copied().flatten();
    // Speeds and setpoints are lists of numbers too, and belong to no channel.
    let lower = key.to_lowercase();
    let may_be = FIGURE_WORDS.iter().any(|word| lower.contains(word));
    let room = profile.figures.len() < MAX_STATED && profile.stated.len() < MAX_STATED;
    let (limits, values) = match cells.len() {
        count if may_be && count == channels + 2 && is_number(0).is_some() => {
            let is_limit = |(low, high): &(f64, f64)| low.abs().max(high.abs()) <= MAX_LIMIT;
            (is_number(0).zip(is_number(1)).filter(is_limit), &cells[2..])
        }
        count if may_be && count == channels => (None, &cells[..]),
        _ => {
            if room && !key.is_empty() {
                profile.stated.push((key, name(rest)));
            }
            return;
        }
    };
    if room {
        let values = values.iter().map(|value| name(value)).collect();
        profile.figures.push(StatedFigure { name: key, limits, values });
    }
}

/// A number, with the comma of those who separate cells by semicolons.
fn number(cell: &str, delimiter: char) -> Option<f64> {
    let is_plain = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'))
    };
    let cell = if delimiter == ',' { cell.to_string() } else { cell.replace(',', ".") };
    let number = if is_plain(&cell) { cell.parse::<f64>().ok() } else { None };
    number.filter(|number| number.is_finite())
}
