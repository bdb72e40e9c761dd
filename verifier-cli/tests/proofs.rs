//! Proofs made from a folder of tiles, and judged again by the other command.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::thread;

use spec::Hash;
use spec::evidence::disclosure::Disclosure;
use spec::evidence::kind::{FieldName, Kind};
use spec::evidence::statement::After;
use spec::hash::leaf_hash;
use spec::proof::Proof;
use support::{Source, TestLog};
use tempfile::TempDir;

fn fiducial(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial"));
    let output = command.current_dir(folder).env("LC_ALL", "C").args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn log_of(count: usize) -> (TempDir, TestLog) {
    let entries = (0..count).map(|at| format!("entry {at}").into_bytes()).collect();
    let (folder, log) = (tempfile::tempdir().unwrap(), TestLog::of(entries));
    log.write(&folder.path().join("log"), count);
    fs::write(folder.path().join("policy"), support::policy()).unwrap();
    (folder, log)
}

#[test]
fn every_kind_of_place_is_proved_and_verified() {
    let (folder, log) = log_of(700);
    for index in [0, 1, 255, 256, 511, 512, 699] {
        fs::write(folder.path().join("entry"), &log.entries[index]).unwrap();
        let text = index.to_string();
        let prove =
            ["prove", "inclusion", &text, "--log", "log", "--policy", "policy", "--out", "r"];
        assert_eq!(fiducial(folder.path(), &prove).0, 0, "{index}");
        let verify = ["verify", "r", "--policy", "policy", "--entry", "entry"];
        let (code, said) = fiducial(folder.path(), &verify);
        assert_eq!(code, 0, "{said}");
        fs::write(folder.path().join("entry"), b"forged").unwrap();
        assert_eq!(fiducial(folder.path(), &verify).0, 1);
    }
}

#[test]
fn who_names_a_source_is_not_content_with_an_entry_of_nobodys() {
    let (folder, log) = log_of(3);
    fs::write(folder.path().join("entry"), &log.entries[1]).unwrap();
    let prove = ["prove", "inclusion", "1", "--log", "log", "--policy", "policy", "--out", "r"];
    assert_eq!(fiducial(folder.path(), &prove).0, 0);
    let verify = ["verify", "r", "--policy", "policy", "--entry", "entry"];
    assert_eq!(fiducial(folder.path(), &verify).0, 0);
    let key = support::source_key().verifier().to_string();
    let (code, said) = fiducial(folder.path(), &[&verify[..], &["--source-key", &key]].concat());
    assert!(code == 1 && said.contains("not a statement"), "{said}");
}

#[test]
fn a_file_that_is_empty_or_cut_is_no_rejection() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let field = FieldName::parse("file/sha256").unwrap();
    let values = vec![(field, Hash::of(b"a file").to_hex().into_bytes())];
    let (statement, batch) = Source::new().record(After::NOTHING, Kind::Attachment, values);
    let entry = statement.to_bytes();
    let log = TestLog::of(vec![entry.clone(), b"two".to_vec(), b"three".to_vec()]);
    let siblings = [b"two".as_slice(), b"three".as_slice()].map(leaf_hash);
    let receipt = Proof::new(Some(entry.clone()), 0, siblings.to_vec(), log.checkpoint(3));
    put("receipt", &receipt.to_bytes());
    put("entry", &entry);
    put("opening", Disclosure::whole(&batch).to_json().as_bytes());
    put("policy", support::policy().as_bytes());
    put("file", b"a file");
    put("old", &log.checkpoint(2).to_bytes());
    put("new", &log.checkpoint(3).to_bytes());
    put("proof", format!("{}\n", siblings[1]).as_bytes());
    let key = support::source_key().verifier().to_string();
    let verify = ["verify", "receipt", "--policy", "policy", "--source-key", &key];
    let opened = ["--disclosure", "opening", "--file", "file", "--entry", "entry"];
    let receipt = [&verify[..], &opened].concat();
    let pair = ["verify", "consistency", "old", "new", "--policy", "policy", "--proof", "proof"];
    for (words, files) in [
        (&receipt[..], &["receipt", "policy", "opening", "file", "entry"][..]),
        (&pair[..], &["old", "new", "policy", "proof"][..]),
    ] {
        let (code, said) = fiducial(folder.path(), words);
        assert_eq!(code, 0, "{said}");
        for name in files {
            let whole = fs::read(folder.path().join(name)).unwrap();
            // A report that was cut is another file than the one that was anchored: that is said.
            let cuts: &[usize] = if *name == "file" { &[0] } else { &[0, 1, whole.len() / 3] };
            for cut in cuts {
                put(name, &whole[..*cut]);
                let (code, said) = fiducial(folder.path(), words);
                assert_eq!(code, 2, "{name} cut at {cut}: {said}");
            }
            put(name, &whole);
        }
    }
    // A note that was cut is not the one that the statement names, and not another one either.
    put("after", b"");
    let after = [&verify[..], &["--after", "after"]].concat();
    let (code, said) = fiducial(folder.path(), &after);
    assert!(code == 2 && said.contains("after is malformed"), "{said}");
}

#[test]
fn the_wrong_log_or_policy_is_named() {
    let (folder, _) = log_of(3);
    let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let name = support::name("other.example");
    let kind = spec::key::Algorithm::NoteEd25519;
    let other = spec::key::SigningKey::from_seed(name, kind, &[9; 32]).unwrap();
    put("other", &format!("log {}\nquorum none\n", other.verifier()));
    let audit = ["audit", "--log", "log", "--entries", "any", "--policy"];
    let (code, said) = fiducial(folder.path(), &[&audit[..], &["other"]].concat());
    let want =
        "it comes from the log log.example/test, and what you trust is the log other.example";
    assert!(code == 1 && said.contains(want), "{said}");
    let watch = ["watch", "--log", "log", "--policy", "other", "--state", "state", "--once"];
    let (_, said) = fiducial(folder.path(), &watch);
    assert!(said.contains(want), "{said}");

    // The same name with another key: an old policy, or a log that took the name.
    let again = spec::key::SigningKey::from_seed(support::name(support::ORIGIN), kind, &[9; 32]);
    let again = again.unwrap();
    put("old", &format!("log {}\nquorum none\n", again.verifier()));
    let (code, said) = fiducial(folder.path(), &[&audit[..], &["old"]].concat());
    let listed = format!("lists {}", again.verifier().id());
    assert!(code == 1 && said.contains(&listed), "{said}");
    assert!(said.contains(&format!("lines by {}", support::log_key().verifier().id())), "{said}");
}

#[test]
fn the_language_is_that_of_the_variable_unless_it_is_asked_for() {
    let (folder, _) = log_of(1);
    let said = |variable: &str, words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fiducial"));
        command.current_dir(folder.path()).env("LC_ALL", "C").env("FIDUCIAL_LANG", variable);
        let output = command.args(words).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    let missing = ["verify", "nowhere", "--policy", "nowhere"];
    let chinese = said("zh", &missing);
    assert!(chinese.contains("无法读取 nowhere：文件或文件夹不存在（系统错误 2）"), "{chinese}");
    assert!(said("zh", &["--help"]).contains("显示帮助"));
    let english = said("zh", &[&["--lang", "en"], &missing[..]].concat());
    assert!(english.contains("cannot read nowhere: No such file"), "{english}");
}

#[test]
fn the_items_of_a_list_stand_below_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let named = |name: &str, value: &[u8]| (FieldName::parse(name).unwrap(), value.to_vec());
    let tags = [[0xab; 32], [0xcd; 32]].concat();
    let values = vec![
        named("verdict", b"FAILED\nPASSED\n"),
        named("units", b"0042-1\n0042-2\n"),
        named("tags", &tags),
        named("panel", b"0042"),
    ];
    let (statement, batch) = Source::new().record(After::NOTHING, Kind::AoiReport, values);
    let log = TestLog::of(vec![statement.to_bytes()]);
    let receipt = Proof::new(Some(statement.to_bytes()), 0, Vec::new(), log.checkpoint(1));
    put("receipt", &receipt.to_bytes());
    put("opening", Disclosure::whole(&batch).to_json().as_bytes());
    put("policy", support::policy().as_bytes());
    let key = support::source_key().verifier().to_string();
    let verify = ["verify", "receipt", "--policy", "policy", "--source-key", &key];
    let (code, said) = fiducial(
        folder.path(),
        &[&verify[..], &["--disclosure", "opening", "--all-fields"]].concat(),
    );
    assert_eq!(code, 0, "{said}");
    assert!(said.starts_with("VERIFIED\n  This report says: FAILED, PASSED, 0042\n"), "{said}");
    let board = "1 board failed at the machine and nobody passed it: 0042-1\n";
    assert!(said.contains(board), "{said}");
    for want in [
        "  opened: 1 aoi-report verdict =\n    | FAILED\n    | PASSED\n",
        "  opened: 1 aoi-report units =\n    | 0042-1\n    | 0042-2\n",
        &format!("tags =\n    | 0x{}\n    | 0x{}\n", "ab".repeat(32), "cd".repeat(32)),
        "  opened: 1 aoi-report panel = 0042\n",
    ] {
        assert!(said.contains(want), "{want}: {said}");
    }
}

#[test]
fn an_entry_is_found_by_its_hash_and_by_its_bytes() {
    let (folder, log) = log_of(700);
    let hash = leaf_hash(&log.entries[613]);
    fs::write(folder.path().join("entry"), &log.entries[613]).unwrap();
    let (hex, base64) = (hash.to_hex(), hash.to_string());
    for named in [["--leaf", &hex], ["--leaf", &base64], ["--entry", "entry"]] {
        let base = ["prove", "inclusion", "--log", "log", "--policy", "policy", "--out", "r"];
        let (code, said) = fiducial(folder.path(), &[&base[..], &named[..]].concat());
        assert!(code == 0 && said.contains("index: 613"), "{said}");
    }
    let nowhere = ["prove", "inclusion", "--log", "log", "--policy", "policy", "--leaf"];
    let zero = "0".repeat(64);
    assert_eq!(fiducial(folder.path(), &[&nowhere[..], &[&zero]].concat()).0, 1);
}

#[test]
fn a_path_in_an_older_tree_is_tied_to_the_accepted_one() {
    let (folder, log) = log_of(700);
    let prove = ["prove", "inclusion", "5", "--size", "300", "--log", "log", "--policy", "policy"];
    let (code, said) = fiducial(folder.path(), &prove);
    assert_eq!(code, 0);
    let hashes: Vec<Hash> =
        said.lines().map(|line| spec::encoding::decode_hash(line).unwrap()).collect();
    let leaf = leaf_hash(&log.entries[5]);
    assert_eq!(spec::tree::verify_inclusion(leaf, 5, log.tree(300), &hashes), Ok(()));
    let beyond =
        ["prove", "inclusion", "300", "--size", "300", "--log", "log", "--policy", "policy"];
    assert_eq!(fiducial(folder.path(), &beyond).0, 2);
}

#[test]
fn consistency_is_proved_from_every_size_and_verified_from_the_file() {
    let (folder, log) = log_of(700);
    fs::write(folder.path().join("new"), log.checkpoint(700).to_bytes()).unwrap();
    for size in [0, 1, 2, 255, 256, 300, 512, 699, 700] {
        fs::write(folder.path().join("old"), log.checkpoint(size).to_bytes()).unwrap();
        let prove = ["prove", "consistency", "--from", "old", "--to", "latest", "--log", "log"];
        let rest = ["--policy", "policy", "--out", "proof"];
        assert_eq!(fiducial(folder.path(), &[&prove[..], &rest].concat()).0, 0, "{size}");
        let verify = ["verify", "consistency", "old", "new", "--policy", "policy"];
        for way in [["--proof", "proof"], ["--log", "log"]] {
            let (code, said) = fiducial(folder.path(), &[&verify[..], &way].concat());
            assert_eq!(code, 0, "{size}: {said}");
        }
        fs::write(
            folder.path().join("long"),
            [
                &fs::read(folder.path().join("proof")).unwrap()[..],
                format!("{}\n", Hash::ZERO).as_bytes(),
            ]
            .concat(),
        )
        .unwrap();
        let (code, _) = fiducial(folder.path(), &[&verify[..], &["--proof", "long"]].concat());
        assert_eq!(code, 1, "a proof with a hash too many was accepted at {size}");
    }
}

#[test]
fn a_rewritten_log_gives_no_consistency_proof() {
    let (folder, log) = log_of(700);
    let mut other = TestLog::of(log.entries);
    other.entries[10] = b"rewritten".to_vec();
    fs::write(folder.path().join("old"), other.checkpoint(300).to_bytes()).unwrap();
    let prove = ["prove", "consistency", "--from", "old", "--log", "log", "--policy", "policy"];
    let (code, said) = fiducial(folder.path(), &prove);
    assert_eq!(code, 1, "{said}");
}

#[test]
fn only_a_record_about_a_file_vouches_for_it() {
    for (kind, want) in [(Kind::Attachment, 0), (Kind::Closing, 1), (Kind::Outage, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        let field = FieldName::parse("file/sha256").unwrap();
        let values = vec![(field, Hash::of(b"a file").to_hex().into_bytes())];
        let (statement, batch) = Source::new().record(After::NOTHING, kind, values);
        let log = TestLog::of(vec![statement.to_bytes()]);
        let receipt = Proof::new(Some(statement.to_bytes()), 0, Vec::new(), log.checkpoint(1));
        put("receipt", &receipt.to_bytes());
        put("opening", Disclosure::whole(&batch).to_json().as_bytes());
        put("policy", support::policy().as_bytes());
        put("file", b"a file");
        let key = support::source_key().verifier().to_string();
        let verify = ["verify", "receipt", "--policy", "policy", "--source-key", &key];
        let rest = ["--disclosure", "opening", "--file", "file"];
        let (code, said) = fiducial(folder.path(), &[&verify[..], &rest].concat());
        assert_eq!(code, want, "{kind}: {said}");
        assert_eq!(said.contains("no opened record commits"), want == 1, "{said}");
    }
}

/// Serves a folder over HTTP, one request a connection; bytes beyond a limit are never asked for.
fn serve(folder: &Path) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, folder) = (listener.local_addr().unwrap(), folder.to_path_buf());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut request, mut byte) = (Vec::new(), [0]);
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                request.push(byte[0]);
            }
            let text = String::from_utf8_lossy(&request).into_owned();
            let path = text.split(' ').nth(1).unwrap_or("/").trim_start_matches('/');
            let (status, body) = match fs::read(folder.join(path)) {
                Ok(bytes) => ("200 OK", bytes),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
        }
    });
    format!("http://{address}/")
}

#[test]
fn a_log_behind_an_address_is_read_and_a_partial_tile_that_has_filled_is_found_in_the_full_one() {
    let (folder, log) = log_of(700);
    let address = serve(&folder.path().join("log"));
    // The checkpoint at hand is older than the tiles: the partial ones of 300 are gone.
    fs::write(folder.path().join("old"), log.checkpoint(300).to_bytes()).unwrap();
    let prove = ["prove", "inclusion", "290", "--policy", "policy", "--checkpoint", "old"];
    let rest = ["--out", "r", "--log", &address];
    let (code, said) = fiducial(folder.path(), &[&prove[..], &rest].concat());
    assert_eq!(code, 0, "{said}");
    let audit = ["audit", "--log", &address, "--policy", "policy", "--entries", "any"];
    let (code, said) = fiducial(folder.path(), &audit);
    assert_eq!(code, 0, "{said}");
    let nobody = ["audit", "--log", "http://127.0.0.1:9/", "--policy", "policy"];
    let (code, said) = fiducial(folder.path(), &nobody);
    assert!(code == 2 && said.contains("COULD NOT TELL"), "{said}");
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let (folder, _) = log_of(3);
    fs::write(folder.path().join("log/checkpoint"), vec![b'a'; 300 * 1024]).unwrap();
    let address = serve(&folder.path().join("log"));
    for place in [address.as_str(), "log"] {
        let audit = ["audit", "--log", place, "--policy", "policy", "--entries", "any"];
        let (code, said) = fiducial(folder.path(), &audit);
        assert!(code == 2 && said.contains("more than 262144 bytes"), "{said}");
    }
}
