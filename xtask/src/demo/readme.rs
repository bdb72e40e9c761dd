//! Holds the README's transcript to what the demo has just said.
//!
//! Every line of the README's console blocks that show one of the programs must occur in the
//! transcript, in the same order; `...` stands for lines left out. Checked in continuous
//! integration only, where the language is known: people see the demo in their own.

use std::fs;

use crate::run::root;

/// Reads the README and compares.
pub(super) fn check(transcript: &str) -> Result<(), String> {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).map_err(|why| format!("README.md: {why}"))?;
    match first_missing(&readme, transcript) {
        None => Ok(()),
        Some(line) => Err(format!("README.md shows a line that the demo did not say: {line}")),
    }
}

/// The first line of a console block that does not follow in the transcript.
fn first_missing<'a>(readme: &'a str, transcript: &str) -> Option<&'a str> {
    let mut said = transcript.lines();
    let mut in_console = false;
    for line in readme.lines() {
        if let Some(language) = line.strip_prefix("```") {
            in_console = language == "console";
            continue;
        }
        // The project's own commands are the demo and the tests themselves.
        let is_shown = in_console && line != "..." && !line.starts_with("$ cargo ");
        if is_shown && !said.any(|one| one == line) {
            return Some(line);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str =
        "text\n```console\n$ cargo xtask demo\n...\n$ fiducial verify a\nVERIFIED\n...\nend\n```\n";

    #[test]
    fn a_transcript_with_all_lines_in_order_is_accepted() {
        let said = "$ fiducial-log init\n$ fiducial verify a\nVERIFIED\n  entry 0\nend\n";
        assert_eq!(first_missing(README, said), None);
    }

    #[test]
    fn a_line_that_was_not_said_or_came_earlier_is_named() {
        assert_eq!(first_missing(README, "$ fiducial verify a\nREJECTED\n"), Some("VERIFIED"));
        assert_eq!(first_missing(README, "end\n$ fiducial verify a\nVERIFIED\n"), Some("end"));
    }
}
