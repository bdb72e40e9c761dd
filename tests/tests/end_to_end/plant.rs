//! A source that inspects boards for two buyers, each with a lot and a lot key of its own.

use std::fs;

use serde_json::json;

use crate::factory::{Factory, SOURCE};
use crate::support::Server;

/// Knows lots and units.
const MAPPING: &str = r#"
name = "two-buyers"
kind = "aoi-report"
format = "json"
require = ["panel"]
[fields]
panel = "panel"
units = { path = "boards[].id", list = true }
verdict = { path = "boards[].result", list = true }
lot = "lot"
operator = "operator"
program = "program"
"#;

/// A buyer: whatever is called `-a` belongs to the one, `-b` to the other.
pub(crate) struct Buyer {
    pub(crate) lot: &'static str,
    pub(crate) units: [&'static str; 3],
    pub(crate) program: &'static str,
    pub(crate) operator: &'static str,
    pub(crate) verdict: &'static str,
    /// Where his key and his list of units lie.
    pub(crate) key: &'static str,
    pub(crate) list: &'static str,
}

pub(crate) const ANNA: Buyer = Buyer {
    lot: "LOT-ANNA-5501",
    units: ["SN-ANNA-0001", "SN-ANNA-0002", "SN-ANNA-0003"],
    program: "ANNA_MOTOR_TOP",
    operator: "badge-anna-17",
    verdict: "SHORT-ANNA",
    key: "anna.key",
    list: "anna-units",
};

pub(crate) const BERT: Buyer = Buyer {
    lot: "LOT-BERT-7702",
    units: ["SN-BERT-0001", "SN-BERT-0002", "SN-BERT-0003"],
    program: "BERT_PUMP_BOT",
    operator: "badge-bert-42",
    verdict: "TOMBSTONE-BERT",
    key: "bert.key",
    list: "bert-units",
};

impl Buyer {
    /// The panel that holds some of his boards.
    pub(crate) fn panel(&self, number: usize) -> String {
        format!("PANEL-{}-{number}", self.lot)
    }

    /// A report on one panel with these of his units.
    pub(crate) fn report(&self, number: usize, units: &[usize]) -> Vec<u8> {
        let boards: Vec<_> = units
            .iter()
            .map(|at| json!({ "id": self.units[*at], "result": self.verdict }))
            .collect();
        let report = json!({
            "panel": self.panel(number), "boards": boards, "lot": self.lot,
            "operator": self.operator, "program": self.program,
        });
        report.to_string().into_bytes()
    }

    /// The name of the file of that report.
    pub(crate) fn file(&self, number: usize) -> String {
        format!("{}-{number}.json", self.program.to_lowercase())
    }
}

/// The factory with seven statements: a heartbeat, both buyers' reports, a second attempt, and a file
/// that nobody can read.
pub(crate) struct Plant {
    pub(crate) factory: Factory,
    pub(crate) server: Server,
    /// The names of the files of reports, with their bytes.
    pub(crate) reports: Vec<(String, Vec<u8>)>,
}

/// The last statement.
pub(crate) const LAST: u64 = 5;

impl Plant {
    pub(crate) fn new() -> Self {
        let (factory, server) = Factory::start();
        factory.watch("two-buyers", "1h");
        factory.world.write("mappings/two-buyers.toml", MAPPING);
        fs::create_dir_all(factory.world.path("reports")).unwrap();
        for buyer in [&ANNA, &BERT] {
            let words = ["lot-key", buyer.lot, "--vault", "vault", "--out", buyer.key];
            factory.world.agent(&words).ends_with(0);
            factory.world.write(buyer.list, buyer.units.join("\n") + "\n");
        }
        let mut plant = Self { factory, server, reports: Vec::new() };
        plant.state(vec![]);
        plant.state(vec![
            (ANNA.file(1), ANNA.report(1, &[0, 1])),
            (BERT.file(1), BERT.report(1, &[0])),
        ]);
        plant.state(vec![(BERT.file(2), BERT.report(2, &[1, 2]))]);
        plant.state(vec![(ANNA.file(2), ANNA.report(2, &[0, 1]))]);
        plant.state(vec![(String::from("bert-notes.txt"), b"seen by bert's inspector".to_vec())]);
        plant.state(vec![(ANNA.file(3), ANNA.report(3, &[2]))]);
        plant
    }

    /// Leaves files where a machine does, and states what is there.
    pub(crate) fn state(&mut self, reports: Vec<(String, Vec<u8>)>) {
        for (name, bytes) in &reports {
            self.factory.world.write(&format!("reports/{name}"), bytes);
        }
        self.reports.extend(reports);
        let said = self.factory.world.agent(&["run", "--once", "--config", "agent.toml"]);
        said.ends_with(0);
    }

    /// Opens all statements for a buyer.
    pub(crate) fn show_range(&self, buyer: &Buyer, out: &str) {
        let range = format!("0..{LAST}");
        let words = ["disclose", "--vault", "vault", "--lot", buyer.lot, "--range", &range];
        let words = [&words[..], &["--evidence", "--out", out]].concat();
        self.factory.world.agent(&words).ends_with(0);
    }

    /// Writes the pins as the buyer keeps them.
    pub(crate) fn pin(&self) {
        let words = ["pins", "--vault", "vault", "--source", SOURCE, "--cadence", "3600"];
        let words = [&words[..], &["--machine", "AOI 7 in line 4, serial 20391"]].concat();
        let said = self.factory.world.agent(&words).ends_with(0);
        self.factory.world.write("pins", said.out);
    }

    /// What a buyer types to verify a range, with his own things.
    pub(crate) fn verify_words<'a>(buyer: &'a Buyer, folder: &'a str) -> [&'a str; 11] {
        [
            "verify",
            "range",
            folder,
            "--policy",
            "policy",
            "--pins",
            "pins",
            "--lot-key",
            buyer.key,
            "--units",
            buyer.list,
        ]
    }
}
