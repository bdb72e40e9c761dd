//! A source that lies, was damaged, went back, or has two histories: nothing of it gets into a copy.

use std::fs;
use std::path::Path;

use crate::support::{expect, files, flip, grow, make, text};

struct World {
    folder: tempfile::TempDir,
    key: String,
}

impl World {
    /// A log of 1,000 entries and its tree.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = make(&folder.path().join("log"));
        grow(&folder.path().join("log"), 1000, b"");
        let world = Self { folder, key };
        world.export("log", "tree");
        world
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn export(&self, log: &str, to: &str) {
        expect(0, &["export", "--data", text(&self.at(log)), "--to", text(&self.at(to))]);
    }

    /// Makes the tree `forked` of so many other entries under the same keys: what a log that forks shows.
    fn fork(&self, count: u32) {
        make(&self.at("fork"));
        fs::copy(self.at("log/log.toml"), self.at("fork/log.toml")).unwrap();
        for entry in fs::read_dir(self.at("log/keys")).unwrap().map(|entry| entry.unwrap()) {
            fs::copy(entry.path(), self.at("fork/keys").join(entry.file_name())).unwrap();
        }
        grow(&self.at("fork"), count, b"another past");
        self.export("fork", "forked");
    }

    fn copy(&self, code: i32, from: &str, to: &str) -> String {
        let (from, to) = (self.at(from), self.at(to));
        expect(code, &["copy", "--from", text(&from), "--to", text(&to), "--log-key", &self.key])
    }
}

#[test]
fn one_altered_bit_anywhere_is_found_and_nothing_of_it_is_written() {
    let world = World::new();
    let names = [
        "checkpoint",
        "tile/0/001",
        "tile/0/003.p/232",
        "tile/1/000.p/3",
        "tile/entries/002",
        "tile/entries/003.p/232",
    ];
    for (at, name) in names.into_iter().enumerate() {
        let (path, copy) = (world.at("tree").join(name), format!("copy-{at}"));
        let good = fs::read(&path).unwrap();
        if name == "checkpoint" {
            // In its text: a line of a key that the policy does not name would not be looked at.
            let mut bytes = good.clone();
            bytes[40] ^= 1;
            fs::write(&path, bytes).unwrap();
        } else {
            flip(&path);
        }
        let said = world.copy(1, "tree", &copy);
        assert!(name == "checkpoint" || said.contains("altered"), "{name}: {said}");
        let written = files(&world.at(&copy));
        assert!(!written.contains_key(Path::new("checkpoint")), "{name}");
        assert_ne!(written.get(Path::new(name)), Some(&fs::read(&path).unwrap()), "{name}");
        fs::write(&path, good).unwrap();
        world.copy(0, "tree", &copy);
    }
}

#[test]
fn a_copy_with_other_bytes_is_left_as_it_is() {
    let world = World::new();
    world.copy(0, "tree", "copy");
    flip(&world.at("copy/tile/entries/001"));
    let before = files(&world.at("copy"));
    let said = world.copy(1, "tree", "copy");
    assert!(said.contains("tile/entries/001 is there already with other bytes"), "{said}");
    assert!(said.contains("before it was rebuilt"), "{said}");
    assert_eq!(files(&world.at("copy")), before);
}

#[test]
fn a_source_that_became_smaller_is_refused() {
    let world = World::new();
    grow(&world.at("log"), 500, b"");
    world.export("log", "larger");
    world.copy(0, "larger", "copy");
    let before = files(&world.at("copy"));
    let said = world.copy(1, "tree", "copy");
    assert!(said.contains("it went back"), "{said}");
    assert_eq!(files(&world.at("copy")), before);
}

#[test]
fn two_histories_of_one_log_are_told_apart_and_the_proof_is_kept() {
    let world = World::new();
    world.fork(1500);
    world.copy(0, "tree", "copy");
    let before = files(&world.at("copy"));
    let said = world.copy(1, "forked", "copy");
    assert!(said.contains("another history") && said.contains("size 1000"), "{said}");
    assert_eq!(files(&world.at("copy")), before);

    let (from, to) = (world.at("forked"), world.at("copy"));
    let mirror = ["mirror", "--from", text(&from), "--to", text(&to), "--log-key", &world.key];
    // Without --once: it ends by itself, because this does not get better.
    let said = expect(1, &mirror);
    assert!(said.contains("checkpoint.refused"), "{said}");
    let mut want = before;
    want.insert("checkpoint.refused".into(), fs::read(world.at("forked/checkpoint")).unwrap());
    assert_eq!(files(&world.at("copy")), want);
}

#[test]
fn two_heads_of_one_size_are_proof_without_any_tile() {
    let world = World::new();
    world.fork(1000);
    world.copy(0, "tree", "copy");
    let mut want = files(&world.at("copy"));
    // The other head, above tiles that do not lead to it: those of before, as a cache has them.
    let other = fs::read(world.at("forked/checkpoint")).unwrap();
    fs::write(world.at("tree/checkpoint"), &other).unwrap();
    let (from, to) = (world.at("tree"), world.at("copy"));
    let mirror = ["mirror", "--from", text(&from), "--to", text(&to), "--log-key", &world.key];
    let said = expect(1, &[&mirror[..], &["--once"]].concat());
    assert!(said.contains("another history") && said.contains("size 1000"), "{said}");
    want.insert("checkpoint.refused".into(), other);
    assert_eq!(files(&world.at("copy")), want);
}

#[test]
fn a_checkpoint_under_another_key_is_not_accepted() {
    let world = World::new();
    let other = make(&world.at("other"));
    let (from, to) = (world.at("tree"), world.at("copy"));
    let copy = ["copy", "--from", text(&from), "--to", text(&to), "--log-key", &other];
    let said = expect(1, &copy);
    assert!(said.contains("is not accepted"), "{said}");
    assert!(files(&world.at("copy")).is_empty());
}
