//! No reason that this program makes is without Chinese words.

use std::path::{Path, PathBuf};

use super::*;

/// The files of code below a folder, without tests.
fn code(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        match path.is_dir() {
            true if !["tests", "simulation"].contains(&name.as_str()) => {
                code(&path, found);
            }
            false if name.ends_with(".rs") && name != "tests.rs" => found.push(path),
            _ => {}
        }
    }
}

/// The next string literal of a piece of code, with every hole empty and line breaks taken out.
fn literal(code: &str) -> Option<String> {
    let start = code.find('"')? + 1;
    let (mut text, mut letters) = (String::new(), code[start..].chars());
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => match letters.next()? {
                '\n' => {
                    let rest = letters.as_str().trim_start();
                    letters = rest.chars();
                }
                other => text.push(other),
            },
            '{' => {
                letters.by_ref().find(|letter| *letter == '}')?;
                text += "{}";
            }
            other => text.push(other),
        }
    }
    Some(text)
}

#[test]
fn every_reason_of_this_program_has_chinese_words() {
    let mut files = Vec::new();
    code(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let (mut without, mut count) = (Vec::new(), 0);
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for maker in ["Input(", "Config(", "Failed(", "ConfigError(", "LogRefused("] {
            let marks = [format!("AgentError::{maker}"), maker.to_string()];
            let mark = if maker == "ConfigError(" { &marks[1] } else { &marks[0] };
            for (at, _) in text.match_indices(mark.as_str()) {
                let behind = &text[at + mark.len()..];
                let behind = behind.trim_start();
                let said = ["format!(", "\""].iter().any(|start| behind.starts_with(start));
                let Some(words) = literal(behind).filter(|_| said) else { continue };
                // What is nothing but holes says nothing of its own.
                if words.replace("{}", "").chars().all(|letter| !letter.is_alphabetic()) {
                    continue;
                }
                count += 1;
                if translated(&words, 0).is_none_or(|words| words.is_ascii()) {
                    without.push(format!("{}: {words}", path.display()));
                }
            }
        }
    }
    assert!(count > 40, "the walk found {count} reasons");
    assert!(without.is_empty(), "without Chinese words:\n{}", without.join("\n"));
}

#[test]
fn every_phrase_has_both_languages_and_as_many_holes_in_both() {
    for (at, (english, other)) in PHRASES.iter().enumerate() {
        assert!(english.is_ascii(), "{english}");
        let holes = |text: &str| text.matches("{}").count();
        assert_eq!(holes(english), holes(other), "{english}");
        assert!(!other.is_ascii() || *other == "{}", "{english}");
        let twice = PHRASES[..at].iter().any(|(before, _)| before == english);
        assert!(!twice, "{english} stands there twice");
    }
}

#[test]
fn a_reason_is_translated_with_its_facts_and_what_it_stands_behind() {
    for (english, want) in [
        ("No such file or directory (os error 2)", "没有这样的文件或文件夹（系统错误 2）"),
        ("it has no source aoi-7", "没有来源 aoi-7"),
        (
            "/etc/agent.toml: source \"aoi\": watch \"reports\": `type` is missing",
            "/etc/agent.toml：来源 \"aoi\"：监视 \"reports\"：缺少 `type`",
        ),
        (
            "a.toml: TOML parse error at line 2, column 1\n  |\n2 | lisen = 1\n  | ^^^^^\nunknown \
             field `lisen`, expected one of `vault`, `listen`\n",
            "a.toml：第 2 行第 1 列有误：\n  |\n2 | lisen = 1\n  | ^^^^^\n未知的项 `lisen`，可用的是 \
             `vault`, `listen`\n",
        ),
        ("io: Connection refused (os error 111)", "连接被拒绝，对方没有程序在监听（系统错误 111）"),
        ("what nobody knows", "what nobody knows"),
        ("", ""),
    ] {
        assert_eq!(chinese(english), want);
    }
}

#[test]
fn the_systems_own_words_are_those_of_the_table() {
    let missing = std::fs::read("no such file").unwrap_err().to_string();
    let folder = std::fs::read(env!("CARGO_MANIFEST_DIR")).unwrap_err().to_string();
    for words in [missing, folder] {
        assert!(!chinese(&words).is_ascii(), "{words}");
    }
}
