//! `cargo xtask test`: everything that must hold before a change is done.
//!
//! The steps go from fast to slow, and a failed step does not hide the ones behind it. The long
//! crash tests run briefly here; `--soak` tells them, through `FIDUCIAL_SOAK=1`, to take their time.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::report::{Outcome, Report, Tally, in_ci};
use crate::run::{cargo, exists, passes, require_build_tools, target};
use crate::{azurite, bench, check, deny, garage, web, windows};

/// The variable that names a folder of reports which are not ours to give away.
const SAMPLES: &str = "FIDUCIAL_CFX_SAMPLES";

/// The variable that says on which store the tests keep their logs.
const STORE: &str = "FIDUCIAL_TEST_STORE";

/// The tests that are run on both stores, by the names of their binaries: what crashes do to a log, and
/// everything that its users do with it.
const ON_BOTH: [&str; 2] = ["crash_*", "end_to_end"];

/// What begins the line of a test that did nothing, because it is about the embedded store.
const EMBEDDED_ONLY: &str = "EMBEDDED ONLY: ";

/// Where a database server may be that the tests start.
const POSTGRES: [&str; 4] = [
    "/usr/lib/postgresql/15/bin/postgres",
    "/usr/lib/postgresql/16/bin/postgres",
    "/usr/lib/postgresql/17/bin/postgres",
    "/usr/local/bin/postgres",
];

/// Object stores of other makes than the one in the tests' own process, where they were asked for.
struct Engines {
    azurite: Option<PathBuf>,
    garage: Option<PathBuf>,
}

impl Engines {
    /// Finds, builds and installs them.
    fn ready(with_azurite: bool, with_garage: bool) -> Result<Self, String> {
        Ok(Self {
            azurite: with_azurite.then(azurite::program).transpose()?,
            garage: with_garage.then(garage::program).transpose()?,
        })
    }

    /// What was not tried, so that nobody believes it was.
    fn remark(&self, report: &mut Report) {
        if self.garage.is_none() {
            report.remark("Object storage was not tried on Garage: --garage does that.".to_owned());
        }
        if self.azurite.is_none() {
            report
                .remark("Object storage was not tried on Azurite: --clouds does that.".to_owned());
        }
    }

    /// What is a test only where its program is there.
    fn features(&self) -> Vec<&'static str> {
        let named = [
            self.azurite.as_ref().map(|_| "log-server/azurite"),
            self.garage.as_ref().map(|_| "log-server/garage"),
        ];
        named.into_iter().flatten().flat_map(|feature| ["--features", feature]).collect()
    }

    /// Says to the tests where the programs are, so that they need not ask cargo again, each in its own
    /// process.
    fn prepare(&self, command: &mut Command) -> Result<(), String> {
        command.args(self.features()).env("FIDUCIAL_PROGRAMS", target()?.join("debug"));
        let named = [(azurite::AZURITE, &self.azurite), (garage::GARAGE, &self.garage)];
        for (variable, program) in named {
            command.envs(program.as_ref().map(|program| (variable, program)));
        }
        Ok(())
    }
}

/// Runs all steps; true if all passed.
pub(crate) fn run(arguments: &[String]) -> Result<bool, String> {
    let mut soak = false;
    let (mut with_clouds, mut with_garage) = (false, false);
    for argument in arguments {
        match argument.as_str() {
            "--clouds" => with_clouds = true,
            "--garage" => with_garage = true,
            "--soak" => soak = true,
            unknown => return Err(format!("`test` knows no argument `{unknown}`")),
        }
    }
    require_build_tools()?;
    let engines = Engines::ready(with_clouds, with_garage)?;
    let mut report = Report::new();
    check::steps(&mut report);
    if std::env::var_os(SAMPLES).is_none() {
        report.remark(format!(
            "The tests of reports from elsewhere are skipped: set {SAMPLES} to a folder of CFX \
             message bodies."
        ));
    }
    if in_ci() && exists("apt-get", &["--version"]) {
        // Tests install a broker and a database where they lack, each by itself: the lists of packages
        // are fetched once and before them. If that fails, the tests say what is missing.
        drop(passes(Command::new("apt-get").args(["update", "-qq"])));
    }
    report.step("tests", || tests(soak, &engines));
    let mut embedded_only = Vec::new();
    report.step("again on PostgreSQL and S3", || on_the_other_store(&engines, &mut embedded_only));
    if !embedded_only.is_empty() {
        let count = embedded_only.len();
        let list = embedded_only.join("\n  ");
        report.remark(format!("{count} tests are about the embedded store alone:\n  {list}"));
    }
    engines.remark(&mut report);
    report.step("examples in the documentation", || {
        check::tests(&["test", "--locked", "--workspace", "--doc"])
    });
    report.step("documentation", documentation);
    match windows::missing().unwrap_or_else(Some) {
        None => report.step("the programs for Windows", windows::check),
        Some(why) => report.remark(format!("The programs were not checked for Windows: {why}.")),
    }
    report.step("verifier in a browser", web::page);
    report.step("the page in Chromium", web::in_browser);
    report.step("program and page agree", || web::agreement(soak));
    report.step("licences and sources", deny::offline);
    report.step("known weaknesses", deny::advisories);
    report.step("benchmark, short run", || {
        bench::run(&["--quick".to_string(), "--dev".to_string()])
            .map(|passed| Outcome::Ran(Tally::one(passed)))
    });
    Ok(report.finish())
}

/// All tests of the workspace, the corpus of the fuzz targets and brief crash runs among them.
fn tests(soak: bool, engines: &Engines) -> Result<Outcome, String> {
    let more = engines.features();
    // The programs are built first: end-to-end tests start them as a user would.
    if !passes(cargo(&["build", "--locked", "--workspace", "--bins"]).args(more))? {
        return Ok(Outcome::Ran(Tally::one(false)));
    }
    let mut command = if has_nextest() {
        cargo(&["nextest", "run", "--locked", "--workspace", "--no-fail-fast"])
    } else {
        out!("cargo-nextest is not installed: `cargo test` runs the same tests, slower.");
        cargo(&["test", "--locked", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
    };
    engines.prepare(&mut command)?;
    if soak {
        command.env("FIDUCIAL_SOAK", "1");
    }
    let mut tally = Tally::default();
    let succeeded = crate::run::watched(&mut command, &mut |line| tally.read_line(line))?.success();
    Ok(Outcome::Ran(tally.of_tests(succeeded)))
}

/// The tests of [`ON_BOTH`] once more, with journals in PostgreSQL and full tiles in a bucket: of Garage where
/// that is asked for, else of a server in each test's own process. `embedded_only` gets those that had nothing
/// to do there; they count neither as passed nor as failed.
fn on_the_other_store(
    engines: &Engines,
    embedded_only: &mut Vec<String>,
) -> Result<Outcome, String> {
    if !POSTGRES.iter().any(|place| Path::new(place).is_file()) {
        return Ok(Outcome::Skipped("the package postgresql-15 is not installed".to_owned()));
    }
    let with_nextest = has_nextest();
    let mut command = if with_nextest {
        let mut nextest = cargo(&["nextest", "run", "--locked", "--workspace", "--no-fail-fast"]);
        let filter = ON_BOTH.map(|binary| format!("binary(#{binary})")).join(" | ");
        nextest.args(["--success-output", "immediate", "-E", &filter]);
        nextest
    } else {
        let mut test = cargo(&["test", "--locked", "--workspace", "--no-fail-fast"]);
        test.args(ON_BOTH.iter().flat_map(|binary| ["--test", binary]));
        test
    };
    engines.prepare(&mut command)?;
    command.env(STORE, "postgres-s3");
    if !with_nextest {
        command.args(["--", "--show-output"]);
    }
    let mut tally = Tally::default();
    // nextest shows what each test's own process said, which counts itself: only the sum of all counts.
    let is_of_one = |line: &str| with_nextest && line.contains("test result: ");
    let succeeded = crate::run::watched(&mut command, &mut |line| {
        if !is_of_one(line) {
            tally.read_line(line);
        }
        embedded_only.extend(line.trim_start().strip_prefix(EMBEDDED_ONLY).map(str::to_owned));
    })?
    .success();
    tally.passed = tally.passed.saturating_sub(embedded_only.len() as u64);
    Ok(Outcome::Ran(tally.of_tests(succeeded)))
}

fn has_nextest() -> bool {
    exists("cargo-nextest", &["nextest", "--version"])
}

fn documentation() -> Result<Outcome, String> {
    let mut command = cargo(&["doc", "--locked", "--workspace", "--no-deps"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    passes(&mut command).map(|passed| Outcome::Ran(Tally::one(passed)))
}
