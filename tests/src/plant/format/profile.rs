//! Profile traces: KIC-like, Datapaq-like and T-962-like CSV (DOMAIN 3).
//!
//! KIC-like: comma, MM/dd/yyyy, Windows-1252 for the degree sign, key figures and index above the
//! samples. Datapaq-like: semicolon, decimal comma, dd/MM/yyyy, and cells that are no numbers:
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
        Style::Omron => (t962(run), encoding_rs::UTF_8, "log.csv"),
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
        Style::Saki | Style::Domestic => format!("{} {}", time.european(), time.time(':')),
        Style::Omron => time.compact(),
    }
}

fn kic(run: &Run<'_>) -> String {
    let profile = run.profile;
    let time = run.line.clock(Station::Profiler).shows(run.from);
    let mut text = String::new();
    for (name, value) in [
        ("Profile", run.id.to_string()),
        ("Oven", run.line.machine(Station::Oven)),
        ("Product", run.product.to_string()),
        ("Recipe", run.recipe.to_string()),
        ("Process Window", WINDOW_NAME.to_string()),
        ("Lot", run.lot.to_string()),
        ("Date", time.american()),
        ("Time", time.time(':')),
        ("Operator", format!("B{:04}", run.badge)),
        ("Logger", format!("L{:05}", 20_000 + run.line.number)),
        ("Calibration Due", String::from("12/31/2026")),
        ("Conveyor Speed (cm/min)", format!("{:.1},{:.1}", profile.speed.0, profile.speed.1)),
        ("PWI (%)", format!("{:.1}", profile.pwi)),
        ("Result", String::from(if profile.passed { "Pass" } else { "Fail" })),
    ] {
        let _ = write!(text, "{name},{value}\r\n");
    }
    let setpoints: Vec<String> = ZONES.iter().map(|(_, set)| format!("{set:.1}")).collect();
    let _ = write!(text, "Zone Setpoints (°C),{}\r\n", setpoints.join(","));
    let places: Vec<String> = (profile.channels.iter().enumerate())
        .map(|(at, channel)| format!("TC{} {}", at + 1, channel.place))
        .collect();
    let _ = write!(text, "\r\nStatistic,Low,High,{}\r\n", places.join(","));
    for (at, ((name, unit), (low, high))) in FIGURES.iter().zip(LIMITS).enumerate() {
        let figures = profile.channels.iter().map(|channel| format!("{:.2}", channel.figures[at]));
        let figures = figures.collect::<Vec<_>>().join(",");
        let _ = write!(text, "{name} ({unit}),{low:.1},{high:.1},{figures}\r\n");
    }
    let _ = write!(text, "\r\nTime (s),{}\r\n", places.join(","));
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
    let mut dice = Dice::of(&[run.identity, 0x6461_7461]);
    let time = run.line.clock(Station::Profiler).shows(run.from);
    let comma = |value: f64, digits: usize| format!("{value:.digits$}").replace('.', ",");
    let mut text = format!(
        "Paqfile;{}\r\nProcess;{}\r\nOven;{}\r\nProduct;{}\r\nBatch;{}\r\nStart date;{}\r\nStart time;{}\r\n\
         Operator;B{:04}\r\nTolerance curve;{WINDOW_NAME}\r\nBelt speed (cm/min);{}\r\nResult;{}\r\n",
        run.id,
        run.recipe,
        run.line.machine(Station::Oven),
        run.product,
        run.lot,
        time.european(),
        time.time(':'),
        run.badge,
        comma(profile.speed.1, 1),
        if profile.passed { "PASS" } else { "FAIL" },
    );
    let probes = (1..=profile.channels.len()).map(|at| format!("Probe #{at}"));
    let probes = probes.collect::<Vec<_>>().join(";");
    let places = profile.channels.iter().map(|channel| channel.place).collect::<Vec<_>>().join(";");
    let _ = write!(text, "Location;{places}\r\n\r\nAnalysis;{probes}\r\n");
    for (at, (name, unit)) in FIGURES.iter().enumerate() {
        let figures = profile.channels.iter().map(|channel| comma(channel.figures[at], 2));
        let _ = write!(text, "{name} ({unit});{}\r\n", figures.collect::<Vec<_>>().join(";"));
    }
    // What a figure cannot be computed from is said so, here for a figure that nobody defined.
    let unknown = vec!["***"; profile.channels.len()].join(";");
    let _ = write!(text, "Time to peak from flux activation (s);{unknown}\r\n");
    let _ = write!(text, "\r\nTime (s);{probes}\r\n");
    // The window in which the last probe's plug is loose, and a moment without telemetry. Both
    // lie in preheat, so that every figure can still be computed from the cells that are left.
    let loose = dice.whole(10, 40) as usize;
    let lost = dice.whole(60, 90) as usize;
    let last = profile.channels.len() - 1;
    for at in 0..profile.channels[0].samples.len() {
        let _ = write!(text, "{}", comma(at as f64 * INTERVAL_S, 1));
        for (probe, channel) in profile.channels.iter().enumerate() {
            let cell = match at {
                _ if probe == last && (loose..loose + 4).contains(&at) => String::from("*OC*"),
                _ if (lost..lost + 2).contains(&at) => String::from("*NA*"),
                0 if probe == 0 => String::from("*LO*"),
                _ => comma(channel.samples[at], 1),
            };
            let _ = write!(text, ";{cell}");
        }
        text += "\r\n";
    }
    text
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
