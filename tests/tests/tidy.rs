//! The house rules that a program can check, over every file that git tracks or would track.
//!
//! Rule: CONTRIBUTING.md. The length of functions is clippy's (`clippy.toml`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The longest file of code. Most are a third of it.
const MAX_CODE_LINES: usize = 600;

/// The largest file that git may track: nothing here needs a big blob.
const MAX_FILE_SIZE: u64 = 1024 * 1024;

/// Words that mark unfinished work, in two halves so that this file does not hold them itself.
const UNFINISHED: [(&str, &str); 6] = [
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X"),
    ("dbg", "!("),
    ("unimple", "mented!("),
    ("#[ig", "nore"),
];

/// Folders that exist on one machine only, in two halves likewise. A program may name `/dev`,
/// `/proc` and `/sys`; where a file goes is always an argument.
const MACHINE_PATHS: [(&str, &str); 5] =
    [("/wo", "rk/"), ("/tm", "p/"), ("/ho", "me/"), ("/ro", "ot/"), ("/Us", "ers/")];

/// Chinese words, in two halves likewise, that stand for what has another word everywhere: witnesses, pins, and
/// to open a record, which is shown to one reader: what is made public is another thing.
const OTHER_WORDS: [(&str, &str, &str); 10] = [
    ("见证", "方", "见证者"),
    ("见证", "人", "见证者"),
    ("固定", "项", "信任锚点"),
    ("钉", "定", "信任锚点"),
    ("开", "示", "披露"),
    ("公开", "文件", "披露文件"),
    ("公开", "记录", "披露记录"),
    ("已公", "开", "已披露"),
    ("未公", "开", "未披露"),
    ("所公", "开", "所披露"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace exists")
}

/// Every file that is tracked, or new and not ignored, relative to the root.
fn files() -> Vec<String> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(root());
    let output = git.output().expect("git lists its files");
    assert!(output.status.success(), "git: {}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).expect("file names are UTF-8");
    let names: BTreeSet<&str> = listed.split_terminator('\0').collect();
    // A file that was deleted and not yet committed is still listed.
    names.into_iter().filter(|name| root().join(name).is_file()).map(str::to_string).collect()
}

/// The text files among them with their content. Vectors and corpora are data: they may hold what
/// the rules forbid, because that is what they test.
fn texts() -> Vec<(String, String)> {
    let is_data = |name: &str| {
        name.contains("/vectors/") || name.contains("/corpus/") || name.ends_with(".lock")
    };
    let texts = files().into_iter().filter(|name| !is_data(name)).filter_map(|name| {
        let text = std::fs::read_to_string(root().join(&name)).ok()?;
        Some((name, text))
    });
    texts.collect()
}

/// Collects `complaints` of every line of every text that `names` wants, and fails with all.
fn check_lines(names: impl Fn(&str) -> bool, complaint: impl Fn(&str) -> Option<String>) {
    let mut complaints = Vec::new();
    for (name, text) in texts().iter().filter(|(name, _)| names(name)) {
        for (at, line) in text.lines().enumerate() {
            complaints.extend(complaint(line).map(|why| format!("{name}:{}: {why}", at + 1)));
        }
    }
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

fn is_code(name: &str) -> bool {
    is_rust(name) || [".css", ".mjs", ".ts"].iter().any(|end| name.ends_with(end))
}

fn is_rust(name: &str) -> bool {
    name.ends_with(".rs")
}

#[test]
fn git_lists_the_files_of_every_room() {
    let files = files();
    for room in
        ["spec", "log-server", "witness", "evidence-agent", "verifier-cli", "tests", "xtask"]
    {
        let manifest = format!("{room}/Cargo.toml");
        assert!(files.contains(&manifest), "{manifest} is not listed");
    }
}

#[test]
fn no_file_of_code_is_longer_than_600_lines() {
    let long: Vec<String> = texts()
        .into_iter()
        .filter(|(name, _)| is_code(name))
        .map(|(name, text)| (name, text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_CODE_LINES)
        .map(|(name, lines)| format!("{name}: {lines} lines"))
        .collect();
    assert!(long.is_empty(), "split by what each part knows:\n{}", long.join("\n"));
}

#[test]
fn no_line_ends_in_a_space_or_holds_a_tab() {
    check_lines(
        |name| !name.ends_with("LICENSE"),
        |line| {
            let trailing = line.ends_with([' ', '\t', '\r']).then_some("ends in white space");
            let tab = line.contains('\t').then_some("holds a tab");
            trailing.or(tab).map(str::to_string)
        },
    );
}

#[test]
fn every_text_ends_in_exactly_one_line_break() {
    let wrong: Vec<String> = texts()
        .into_iter()
        .filter(|(_, text)| !text.is_empty() && (!text.ends_with('\n') || text.ends_with("\n\n")))
        .map(|(name, _)| name)
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn nothing_unfinished_is_left_in_code() {
    check_lines(is_code, |line| {
        let marks = UNFINISHED.iter().map(|(first, second)| format!("{first}{second}"));
        marks.into_iter().find(|mark| line.contains(mark)).map(|mark| format!("holds {mark}"))
    });
}

#[test]
fn no_text_names_a_path_of_one_machine() {
    check_lines(
        |_| true,
        |line| {
            let paths = MACHINE_PATHS.iter().map(|(first, second)| format!("{first}{second}"));
            paths.into_iter().find(|path| starts_a_word(line, path)).map(|p| format!("names {p}"))
        },
    );
}

#[test]
fn one_thing_has_one_chinese_word() {
    check_lines(
        |_| true,
        |line| {
            let found = |(first, second, _): &&(&str, &str, &str)| {
                line.contains(&format!("{first}{second}"))
            };
            let other = OTHER_WORDS.iter().find(found)?;
            Some(format!("says {}{}: elsewhere it is {}", other.0, other.1, other.2))
        },
    );
}

/// Whether `path` stands in `line` as a path of its own, not as the end of a longer one.
fn starts_a_word(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|letter| !letter.is_alphanumeric() && !"._-}>".contains(letter))
    })
}

#[test]
fn every_file_of_code_opens_with_what_it_is() {
    let silent: Vec<String> = texts()
        .into_iter()
        .filter(|(name, _)| is_code(name))
        .filter(|(name, text)| {
            let opening = if is_rust(name) { "//! " } else { "/*" };
            !text.trim_start_matches("#![no_main]\n").starts_with(opening)
        })
        .map(|(name, _)| name)
        .collect();
    assert!(silent.is_empty(), "no header, `//!` or `/*`: {silent:?}");
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let section = manifest.split("[workspace.dependencies]").nth(1).unwrap();
    let section = section.split("\n[").next().unwrap();
    let (mut reasoned, mut count) = (false, 0);
    for line in section.lines() {
        if line.is_empty() || line.starts_with("# ---") {
            reasoned = false;
        } else if line.starts_with('#') {
            reasoned = true;
        } else if let Some((name, value)) = line.split_once(" = ") {
            count += 1;
            // A reason covers the dependencies listed right below it.
            assert!(reasoned || value.contains("path = "), "{name} has no reason above it");
        }
    }
    assert!(count > 10, "the section was not read");
}

#[test]
fn rooms_take_their_dependencies_from_the_workspace() {
    for (name, text) in texts().iter().filter(|(name, _)| name.ends_with("/Cargo.toml")) {
        let mut in_dependencies = false;
        for line in text.lines() {
            if line.starts_with('[') {
                in_dependencies = line.contains("dependencies");
            }
            // The fuzz targets are a workspace of their own.
            let own = in_dependencies && line.contains('=') && !name.contains("fuzz/");
            assert!(!own || line.contains("workspace"), "{name}: `{line}` names its own version");
        }
    }
}

#[test]
fn every_page_of_the_specification_is_linked_from_its_contents() {
    let contents = std::fs::read_to_string(root().join("spec/text/README.md")).unwrap();
    let pages: Vec<String> =
        files().into_iter().filter(|name| name.starts_with("spec/text/")).collect();
    for page in pages.iter().map(|page| page.trim_start_matches("spec/text/")) {
        assert!(page == "README.md" || contents.contains(&format!("({page})")), "{page}");
    }
}

#[test]
fn no_tracked_file_is_large() {
    for name in files() {
        let size = std::fs::metadata(root().join(&name)).unwrap().len();
        assert!(size <= MAX_FILE_SIZE, "{name} has {size} bytes");
    }
}
