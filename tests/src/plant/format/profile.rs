//! Profile traces: KIC-like, Datapaq-like and T-962-like CSV (DOMAIN 3).
//!
//! KIC-like: `Key: value` lines, MM/dd/yyyy, Windows-1252 for the degree sign, key figures and index
//! above the samples. Datapaq-like: German, semicolon, decimal comma, dd.MM.yyyy, and cells that are no numbers:
//! `*OC*` open circuit, `*NA*` lost telemetry, `*LO*` and `*HI*` out of range, `***` not
//! computable; it states figures and no index. T-962-like: what the free firmware of a small oven
//! prints on its serial line, four probes, no figures, no date: only the file's name has one.

use std::fmt::Write as _;

use super::oven::Run;
use crate::plant::dice::Dice;
use crate::plant::reflow::{FIGURES, INTERVAL_S, LIMITS, WINDOW_NAME, ZONES};
use crate::plant::report::{Draft, Station, Style, encode};

/// The trace of a run, in the format of the line's profiler.
pub(crate) fn trace(run: &Run<'_>) -> Draft {
    let (text, encoding, name) = match run.line.style {
        Style::Cfx | Style::Yestech => (kic(run), encoding_rs::WINDOWS_1252, "csv"),
        Style::Saki | Style::Domestic => (datapaq(run), encoding_rs::WINDOWS_1252, "csv"),
        Style::Omron => (t962(run), encoding_rs::UTF_8, "csv"),
    };
    let stamp = run.line.clock(Station::Profiler).shows(run.from).compact();
    let name = format!("{}_{}_{stamp}.{name}", run.id, run.recipe);
    Draft::write(run.line.path(Station::Profiler, &name), encode(&text, encoding))
}

/// When the file says that the run began, in its own words.
pub(crate) fn claimed(run: &Run<'_>) -> String {
    let time = run.line.clock(Station::Profiler).shows(run.from);
    match run.line.style {
        Style::Cfx | Style::Yestech => format!("{} {}", time.american(), time.time(':')),
        Style::Saki | Style::Domestic => format!("{} {}", time.german(), time.time(':')),
        Style::Omron => time.compact(),
    }
}

fn kic(run: &Run<'_>) -> String {
    let profile = run.profile;
    let clock = run.line.clock(Station::Profiler);
    let moment = |at: u64| {
        let time = clock.shows(at);
        format!("{} {}", time.american(), time.time(':'))
    };
    let mut text = String::new();
    for (name, value) in [
        ("Profile No", run.id.to_string()),
        ("Oven", run.line.machine(Station::Oven)),
        ("Lane", String::from("1")),
        ("Recipe", run.recipe.to_string()),
        ("Product", run.product.to_string()),
        ("Lot", run.lot.to_string()),
        ("Board ID", format!("GB-{}", run.product)),
        ("Operator", format!("B{:04}", run.badge)),
        ("Process Window", WINDOW_NAME.to_string()),
        ("Start", moment(run.from)),
        ("End", moment(run.from + 340_000)),
        ("Logger", format!("L{:05}", 20_000 + run.line.number)),
        ("Calibration Due", String::from("12/31/2026")),
        ("Conveyor Speed (cm/min)", format!("{:.1},{:.1}", profile.speed.0, profile.speed.1)),
        ("PWI", format!("{:.1}", profile.pwi)),
        ("Result", String::from(if profile.passed { "Pass" } else { "Fail" })),
    ] {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    let setpoints: Vec<String> = ZONES.iter().map(|(_, set)| format!("{set:.1}")).collect();
    let _ = write!(text, "Zone Setpoints (°C): {}\r\n", setpoints.join(","));
    // Low limit, high limit, then one figure for each thermocouple.
    for (at, ((name, unit), (low, high))) in FIGURES.iter().zip(LIMITS).enumerate() {
        let figures = profile.channels.iter().map(|channel| format!("{:.2}", channel.figures[at]));
        let figures = figures.collect::<Vec<_>>().join(",");
        let _ = write!(text, "{name} ({unit}): {low:.1},{high:.1},{figures}\r\n");
    }
    let places: Vec<String> = (profile.channels.iter().enumerate())
        .map(|(at, channel)| format!("TC{} {}", at + 1, channel.place))
        .collect();
    let _ = write!(text, "Time (s),{}\r\n", places.join(","));
    for at in 0..profile.channels[0].samples.len() {
        let _ = write!(text, "{:.1}", at as f64 * INTERVAL_S);
        for channel in &profile.channels {
            let _ = write!(text, ",{:.1}", channel.samples[at]);
        }
        text += "\r\n";
    }
    text
}

fn datapaq(run: &Run<'_>) -> String {
    let profile = run.profile;
    let time = run.line.clock(Station::Profiler).shows(run.from);
    let peak = profile.channels.iter().map(|channel| channel.figures[2]).fold(f64::MIN, f64::max);
    let mut text = String::new();
    for (name, value) in [
        ("Protokoll", run.id.to_string()),
        ("Logger", format!("Q18 {:05}", 20_000 + run.line.number)),
        ("Ofen", run.line.machine(Station::Oven)),
        ("Rezept", run.recipe.to_string()),
        ("Produkt", run.product.to_string()),
        ("Charge", run.lot.to_string()),
        ("Messplatine", format!("GB-{}", run.product)),
        ("Bediener", format!("Prüfer {:04}", run.badge)),
        ("Prozessfenster", WINDOW_NAME.to_string()),
        ("Datum", time.german()),
        ("Uhrzeit", time.time(':')),
        ("Bandgeschwindigkeit", format!("{} cm/min", comma(profile.speed.1, 1))),
        ("Spitze", format!("{} °C", comma(peak, 1))),
        ("Ergebnis", String::from(if profile.passed { "Bestanden" } else { "Nicht bestanden" })),
    ] {
        let _ = write!(text, "{name};{value}\r\n");
    }
    let places = profile.channels.iter().map(|channel| channel.place).collect::<Vec<_>>().join(";");
    let _ = write!(text, "Messort;{places}\r\n");
    for (at, (name, unit)) in FIGURES.iter().enumerate() {
        let figures = profile.channels.iter().map(|channel| comma(channel.figures[at], 2));
        let _ = write!(text, "{name} ({unit});{}\r\n", figures.collect::<Vec<_>>().join(";"));
    }
    // A figure that the logger has no rule for is said to be not computable.
    let unknown = vec!["***"; profile.channels.len()].join(";");
    let _ = write!(text, "Flussmittelzeit (s);{unknown}\r\n");
    text + &datapaq_samples(run)
}

/// The grid, with cells that are no numbers: the last probe's plug is loose for a moment, and
/// telemetry is lost for another. Both lie in preheat, so every figure can still be computed.
fn datapaq_samples(run: &Run<'_>) -> String {
    let channels = &run.profile.channels;
    let mut dice = Dice::of(&[run.identity, 0x6461_7461]);
    let (loose, lost) = (dice.whole(10, 40) as usize, dice.whole(60, 90) as usize);
    let probes = (1..=channels.len()).map(|at| format!("Kanal {at}")).collect::<Vec<_>>();
    let units = vec!["°C"; channels.len()].join(";");
    let mut text = format!("Zeit;{}\r\ns;{units}\r\n", probes.join(";"));
    for at in 0..channels[0].samples.len() {
        text += &comma(at as f64 * INTERVAL_S, 1);
        for (probe, channel) in channels.iter().enumerate() {
            let cell = match at {
                _ if probe == channels.len() - 1 && (loose..loose + 4).contains(&at) => "*OC*",
                _ if (lost..lost + 2).contains(&at) => "*NA*",
                0 if probe == 0 => "*LO*",
                _ => &comma(channel.samples[at], 1),
            };
            let _ = write!(text, ";{cell}");
        }
        text += "\r\n";
    }
    text
}

/// A decimal comma.
fn comma(value: f64, digits: usize) -> String {
    format!("{value:.digits$}").replace('.', ",")
}

fn t962(run: &Run<'_>) -> String {
    let mut text =
        String::from("# Time,  Temp0, Temp1, Temp2, Temp3,  Set,Actual, Heat, Fan,  ColdJ, Mode\n");
    let channels = &run.profile.channels;
    let probe =
        |probe: usize, at: usize| channels.get(probe).map_or(0.0, |channel| channel.samples[at]);
    // One line a second, although the probes are read twice.
    for at in (0..channels[0].samples.len()).step_by(2) {
        let seconds = at as f64 * INTERVAL_S;
        let actual = f64::midpoint(probe(0, at), probe(1, at));
        let cooling = seconds > 250.0;
        let _ = writeln!(
            text,
            "{seconds:6.1},  {:5.1}, {:5.1}, {:5.1}, {:5.1},  {:3.0}, {actual:5.1},  {:3}, {:3},  {:5.1}, REFLOW",
            probe(0, at),
            probe(1, at),
            probe(2, at),
            probe(3, at),
            actual.round(),
            if cooling { 0 } else { 120 },
            if cooling { 255 } else { 8 },
            27.5,
        );
    }
    text
}

/// The name of the format of a line's profiler.
pub(crate) const fn format(style: Style) -> &'static str {
    match style {
        Style::Cfx | Style::Yestech => "kic-like",
        Style::Saki | Style::Domestic => "datapaq-like",
        Style::Omron => "t-962-like",
    }
}
