//! What the README shows is what happens: its commands exist, and its links lead somewhere.
//!
//! The demo's transcript itself is run by `.ci/run`; here every line that the README shows of it
//! is looked for in the program that prints it.

use std::path::{Path, PathBuf};

/// The README is read at the door: two screens and a half.
const MAX_README_LINES: usize = 150;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace exists")
}

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|why| panic!("{name}: {why}"))
}

/// The commands of every ```console block: the lines behind `$ `.
fn commands(text: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut in_console = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(language) => in_console = language == "console",
            None if in_console => commands.extend(line.strip_prefix("$ ").map(str::to_string)),
            None => {}
        }
    }
    commands
}

#[test]
fn every_command_of_the_papers_exists() {
    let xtask = page("xtask/src/main.rs");
    let known = ["fiducial ", "fiducial-log ", "fiducial-agent "];
    for name in ["README.md", "CONTRIBUTING.md"] {
        for command in commands(&page(name)) {
            match command.strip_prefix("cargo xtask ") {
                Some(rest) => {
                    let word = rest.split(' ').next().unwrap();
                    assert!(xtask.contains(&format!("\"{word}\" => ")), "{name}: `{command}`");
                }
                None => assert!(
                    known.iter().any(|program| command.starts_with(program)),
                    "{name} shows `{command}`, which no test runs"
                ),
            }
        }
    }
}

#[test]
fn the_readme_shows_both_commands_and_fits_its_length() {
    let readme = page("README.md");
    let commands = commands(&readme);
    for command in ["cargo xtask demo", "cargo xtask test"] {
        assert!(commands.iter().any(|shown| shown == command), "{command} is not shown");
    }
    assert!(readme.lines().count() <= MAX_README_LINES);
}

#[test]
fn help_lists_every_command_of_the_readme() {
    let xtask = page("xtask/src/main.rs");
    let help = xtask.split("const HELP").nth(1).unwrap().split("\n\";").next().unwrap();
    for command in commands(&page("README.md")) {
        let Some(rest) = command.strip_prefix("cargo xtask ") else { continue };
        let word = rest.split(' ').next().unwrap();
        assert!(help.contains(&format!("\ncargo xtask {word}")), "{word} is not in the help");
    }
}

#[test]
fn every_link_of_the_papers_leads_to_a_file() {
    for name in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"] {
        for target in links(&page(name)) {
            let path = target.split('#').next().unwrap();
            if path.starts_with("https://") || path.is_empty() {
                continue;
            }
            assert!(root().join(path).exists(), "{name} links to {path}, which is not there");
        }
    }
}

/// The targets of Markdown links.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.map(str::to_string).collect()
}

#[test]
fn commands_and_links_are_found_in_a_page() {
    let text = "[a](b.md)\n```console\n$ cargo xtask demo\nsaid\n```\n```rust\n$ no\n```\n";
    assert_eq!(commands(text), ["cargo xtask demo"]);
    assert_eq!(links(text), ["b.md"]);
}
