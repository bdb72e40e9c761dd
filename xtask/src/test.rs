//! `cargo xtask test`: everything that must hold before a change is done.
//!
//! The steps go from fast to slow, and a failed step does not hide the ones behind it. The long
//! crash tests run briefly here; `--soak` tells them, through `FIDUCIAL_SOAK=1`, to take their time.

use std::path::Path;
use std::process::Command;

use crate::engine::{Engine, Make, add_features, name_to_tests};
use crate::report::{Outcome, Report, Tally, in_ci};
use crate::run::{cargo, exists, passes, require_build_tools, target};
use crate::{bench, check, deny, web, windows};

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

/// Runs all steps; true if all passed.
pub(crate) fn run(arguments: &[String]) -> Result<bool, String> {
    let (soak, makes) = asked(arguments)?;
    require_build_tools()?;
    let engines = makes.into_iter().map(Engine::bring).collect::<Result<Vec<_>, _>>()?;
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
    other_stores(&mut report, &engines);
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

/// Whether to soak, and the object stores of other makes that are asked for.
fn asked(arguments: &[String]) -> Result<(bool, Vec<Make>), String> {
    let mut soak = false;
    for argument in arguments {
        let is_make = Make::ALL.iter().any(|make| make.flag() == argument.as_str());
        match argument.as_str() {
            "--soak" => soak = true,
            unknown if !is_make => return Err(format!("`test` knows no argument `{unknown}`")),
            _ => {}
        }
    }
    let is_asked = |make: &Make| arguments.iter().any(|argument| argument == make.flag());
    Ok((soak, Make::ALL.into_iter().filter(is_asked).collect()))
}

/// The tests of [`ON_BOTH`] with their tiles in each of these S3 servers, or, where none is asked for, in one of
/// the tests' own processes.
fn other_stores(report: &mut Report, engines: &[Engine]) {
    let mut embedded_only = Vec::new();
    let mut steps: Vec<(&str, &[Engine])> = engines
        .iter()
        .filter_map(|engine| Some((engine.make.step()?, std::slice::from_ref(engine))))
        .collect();
    if steps.is_empty() {
        steps.push(("again on PostgreSQL and S3", &[]));
    }
    for (step, used) in steps {
        report.step(step, || on_the_other_store(engines, used, &mut embedded_only));
    }
    if !embedded_only.is_empty() {
        let count = embedded_only.len();
        let list = embedded_only.join("\n  ");
        report.remark(format!("{count} tests are about the embedded store alone:\n  {list}"));
    }
    for make in Make::ALL {
        if !engines.iter().any(|engine| engine.make == make) {
            let (name, flag) = (make.name(), make.flag());
            report.remark(format!("Object storage was not tried on {name}: {flag} does that."));
        }
    }
}

/// All tests of the workspace, the corpus of the fuzz targets and brief crash runs among them.
fn tests(soak: bool, engines: &[Engine]) -> Result<Outcome, String> {
    // The programs are built first: end-to-end tests start them as a user would.
    let mut build = cargo(&["build", "--locked", "--workspace", "--bins"]);
    add_features(&mut build, engines);
    if !passes(&mut build)? {
        return Ok(Outcome::Ran(Tally::one(false)));
    }
    let mut command = if has_nextest() {
        cargo(&["nextest", "run", "--locked", "--workspace", "--no-fail-fast"])
    } else {
        out!("cargo-nextest is not installed: `cargo test` runs the same tests, slower.");
        cargo(&["test", "--locked", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"])
    };
    prepare(&mut command, engines, engines)?;
    if soak {
        command.env("FIDUCIAL_SOAK", "1");
    }
    let mut tally = Tally::default();
    let succeeded = crate::run::watched(&mut command, &mut |line| tally.read_line(line))?.success();
    Ok(Outcome::Ran(tally.of_tests(succeeded)))
}

/// The tests of [`ON_BOTH`] once more, with journals in PostgreSQL and full tiles in a bucket: of the server that
/// is `used`, else of one in each test's own process. `embedded_only` gets those that had nothing to do there;
/// they count neither as passed nor as failed.
fn on_the_other_store(
    engines: &[Engine],
    used: &[Engine],
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
    prepare(&mut command, engines, used)?;
    embedded_only.clear();
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

/// Says to the tests where the programs are, so that they need not ask cargo again, each in its own process. All
/// that was asked for is built the same, whatever is `used`.
fn prepare(command: &mut Command, engines: &[Engine], used: &[Engine]) -> Result<(), String> {
    add_features(command, engines);
    name_to_tests(command, used);
    command.env("FIDUCIAL_PROGRAMS", target()?.join("debug"));
    Ok(())
}

fn documentation() -> Result<Outcome, String> {
    let mut command = cargo(&["doc", "--locked", "--workspace", "--no-deps"]);
    command.env("RUSTDOCFLAGS", "-D warnings");
    passes(&mut command).map(|passed| Outcome::Ran(Tally::one(passed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flag_asks_for_its_own_and_an_unknown_one_is_refused() {
        let asked =
            |words: &[&str]| asked(&words.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(asked(&[]), Ok((false, vec![])));
        assert_eq!(asked(&["--rgw"]), Ok((false, vec![Make::Ceph])));
        assert_eq!(
            asked(&["--rgw", "--soak", "--garage"]),
            Ok((true, vec![Make::Garage, Make::Ceph]))
        );
        assert_eq!(asked(&["--clouds"]), Ok((false, vec![Make::Azurite])));
        assert!(asked(&["--rgw", "--ceph"]).unwrap_err().contains("--ceph"));
    }
}
