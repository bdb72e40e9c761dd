//! Capacity: what an entry costs, measured, and what a year of a factory then asks of a log, replayed.
//!
//! [`measure`] puts real statements through a real log in this process. [`year`] replays a year, second by
//! second, at the scale of a campus, a group and the industry. `docs/capacity.md` quotes what they print.

pub mod measure;
pub mod year;

use year::{SITES, Site, Year, replay};

/// Statements that a log is asked for in a year, for one site at one cadence, as a line of the page.
#[must_use]
pub fn line(site: &Site, year: &Year) -> String {
    format!(
        "| {} | {} | {} s | {} | {} | {} | {} |",
        site.name,
        site.lines,
        year.cadence_seconds,
        millions(year.entries),
        year.mean(),
        year.busiest_second,
        spoken(year.longest_drain_seconds),
    )
}

/// Every line of the page's table.
#[must_use]
pub fn table(capacity: u64) -> Vec<String> {
    let cadences = [60, 3600];
    let all = SITES.iter().flat_map(|site| cadences.map(|cadence| (site, cadence)));
    all.map(|(site, cadence)| line(site, &replay(site, cadence, capacity))).collect()
}

fn millions(count: u64) -> String {
    format!("{:.1} M", count as f64 / 1e6)
}

fn spoken(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_quotes_what_the_simulation_prints() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/capacity.md");
        let page = std::fs::read_to_string(path).unwrap();
        let missing: Vec<String> =
            table(year::CAPACITY).into_iter().filter(|line| !page.contains(line)).collect();
        assert!(missing.is_empty(), "not in docs/capacity.md:\n{}", missing.join("\n"));
    }
}
