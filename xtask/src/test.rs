//! `cargo xtask test`: everything that must hold before a change is done.
//!
//! The steps go from fast to slow, and a failed step does not hide the ones behind it. The long
//! crash tests run briefly here; `--soak` tells them, through `FIDUCIAL_SOAK=1`, to take their time.

use std::path::Path;
use std::process::Command;

use crate::report::{Outcome, Report, Tally, in_ci};
use crate::run::{cargo, exists, passes, require_build_tools, target};
use crate::{bench, check, deny, garage, web, windows};

/// The variable that names a folder of reports which are not ours to give away.
const SAMPLES: &str = "FIDUCIAL_CFX_SAMPLES";

/// Runs all steps; true if all passed.
pub(crate) fn run(arguments: &[String]) -> Result<bool, String> {
    let mut soak = false;
    let mut with_garage = false;
    for argument in arguments {
        match argument.as_str() {
            "--garage" => with_garage = true,
            "--soak" => soak = true,
            unknown => return Err(format!("`test` knows no argument `{unknown}`")),
        }
    }
    require_build_tools()?;
    let garage = with_garage.then(garage::program).transpose()?;
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
    report.step("tests", || tests(soak, garage.as_deref()));
    if garage.is_none() {
        report.remark("Object storage was not tried on Garage: --garage does that.".to_owned());
    }
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
fn tests(soak: bool, garage: Option<&Path>) -> Result<Outcome, String> {
    // What is a test only where its program is there.
    let more = garage.map_or(&[][..], |_| &["--features", "log-server/garage"]);
    // The programs are built first: end-to-end tests start them as a user would.
    if !passes(cargo(&["build", "--locked", "--workspace", "--bins"]).args(more))? {
        return Ok(Outcome::Ran(Tally::one(false)));
    }
    let mut command = if exists("cargo-nextest", &["nextest", "--version"]) {
        cargo(&["nextest", "run", "--locked", "--workspace", "--no-fail-fast"])
    } else {
        out!("cargo-nextest is not installed: `cargo test` runs the same tests, slower.");
        cargo(&["test", "--locked", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
    };
    command.args(more);
    // Tests that start the programs need not ask cargo again, each in its own process.
    command.env("FIDUCIAL_PROGRAMS", target()?.join("debug"));
    if soak {
        command.env("FIDUCIAL_SOAK", "1");
    }
    if let Some(garage) = garage {
        command.env(garage::GARAGE, garage);
    }
    let mut tally = Tally::default();
    let succeeded = crate::run::watched(&mut command, &mut |line| tally.read_line(line))?.success();
    Ok(Outcome::Ran(tally.of_tests(succeeded)))
}

fn documentation() -> Result<Outcome, String> {
    let mut command = cargo(&["doc", "--locked", "--workspace", "--no-deps"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    passes(&mut command).map(|passed| Outcome::Ran(Tally::one(passed)))
}
