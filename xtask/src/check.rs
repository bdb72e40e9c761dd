//! `cargo xtask check`: what can be said within a minute: format, lints, house rules.

use crate::report::{Outcome, Report, Tally};
use crate::run::{cargo, passes, require_build_tools, watched};

/// Runs the fast steps; true if all passed.
pub(crate) fn run(arguments: &[String]) -> Result<bool, String> {
    if let Some(unknown) = arguments.first() {
        return Err(format!("`check` knows no argument `{unknown}`"));
    }
    require_build_tools()?;
    let mut report = Report::new();
    steps(&mut report);
    Ok(report.finish())
}

/// The same steps open `cargo xtask test`.
pub(crate) fn steps(report: &mut Report) {
    report.step("format", || one(&["fmt", "--all", "--check"]));
    report.step("lints", || {
        one(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
    });
    report.step("house rules", || {
        // Of the whole workspace: a package alone has its dependencies built with other features,
        // and once more for everything that follows.
        tests(&["test", "--locked", "--workspace", "--test", "tidy", "--test", "arrows"])
    });
}

/// A step that is one cargo command.
pub(crate) fn one(arguments: &[&str]) -> Result<Outcome, String> {
    passes(&mut cargo(arguments)).map(|passed| Outcome::Ran(Tally::one(passed)))
}

/// A step that runs tests and counts them.
pub(crate) fn tests(arguments: &[&str]) -> Result<Outcome, String> {
    let mut tally = Tally::default();
    let succeeded = watched(&mut cargo(arguments), &mut |line| tally.read_line(line))?.success();
    Ok(Outcome::Ran(tally.of_tests(succeeded)))
}
