//! Whole trees: exported, copied, continued.

use std::fs;
use std::path::Path;

use spec::tile::{Tile, TileKind};

use crate::support::{expect, files, grow, make, run, text};

#[test]
fn an_export_is_the_whole_tree_and_a_copy_of_it_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let key = make(&at("log"));
    // Beyond 65,536, so that there is a full tile of the second level.
    grow(&at("log"), 66_000, b"");
    let said = expect(0, &["export", "--data", text(&at("log")), "--to", text(&at("tree"))]);
    assert!(said.contains("66000 entries"), "{said}");
    let tree = files(&at("tree"));
    for (kind, count) in [
        (TileKind::Entries, 258),
        (TileKind::Hashes(0), 258),
        (TileKind::Hashes(1), 2),
        (TileKind::Hashes(2), 1),
    ] {
        for index in 0..count {
            let tile = Tile::in_tree(kind, index, 66_000).unwrap();
            assert!(tree.contains_key(Path::new(&tile.to_string())), "{tile}");
        }
    }
    // Those, the checkpoint and the keys; and no private key or journal.
    assert_eq!(tree.len(), 258 + 258 + 2 + 1 + 2);
    assert_eq!(tree[Path::new("checkpoint")], fs::read(at("log/checkpoint")).unwrap());
    assert!(String::from_utf8(tree[Path::new("log.vkeys")].clone()).unwrap().contains(&key));

    let copy = ["copy", "--from", text(&at("tree")), "--to", text(&at("copy")), "--log-key", &key];
    let said = expect(0, &copy);
    assert!(said.contains("0 were there"), "{said}");
    let mut want = tree;
    want.remove(Path::new("log.vkeys"));
    assert_eq!(files(&at("copy")), want);
    let said = expect(0, &copy);
    assert!(said.contains(" 0 full tiles and bundles written"), "{said}");
    assert_eq!(files(&at("copy")), want);
}

#[test]
fn an_export_grows_with_its_log_and_keeps_no_old_edge() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    make(&at("log"));
    let export = ["export", "--data", text(&at("log")), "--to", text(&at("tree"))];
    for count in [0, 300, 0, 100, 300] {
        grow(&at("log"), count, b"");
        expect(0, &export);
    }
    let grown: Vec<_> = files(&at("tree")).into_keys().collect();
    let edge: Vec<_> = grown.iter().filter(|name| name.to_string_lossy().contains(".p/")).collect();
    // What was partial at 300 and at 400 is full at 700, so its partial tiles are gone.
    assert!(
        !edge.iter().any(|name| name.to_string_lossy().starts_with("tile/0/001.p")),
        "{edge:?}"
    );
    assert!(edge.iter().any(|name| name.to_string_lossy() == "tile/0/002.p/188"), "{edge:?}");
    assert!(edge.iter().any(|name| name.to_string_lossy() == "tile/entries/002.p/188"), "{edge:?}");
}

#[test]
fn a_copy_that_was_interrupted_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let key = make(&at("log"));
    // More bundles than are copied in one go.
    grow(&at("log"), 30_000, b"");
    expect(0, &["export", "--data", text(&at("log")), "--to", text(&at("tree"))]);
    let bundle = at("tree/tile/entries/100");
    let kept = fs::read(&bundle).unwrap();
    fs::remove_file(&bundle).unwrap();
    let copy = ["copy", "--from", text(&at("tree")), "--to", text(&at("copy")), "--log-key", &key];
    let said = expect(1, &copy);
    assert!(said.contains("tile/entries/100 is missing"), "{said}");
    assert!(at("copy/tile/entries/010").exists() && !at("copy/checkpoint").exists());
    fs::write(&bundle, kept).unwrap();
    let said = expect(0, &copy);
    assert!(!said.contains(" 0 were there"), "{said}");
    let mut want = files(&at("tree"));
    want.remove(Path::new("log.vkeys"));
    assert_eq!(files(&at("copy")), want);
}

#[test]
fn what_could_make_a_second_log_or_a_mess_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let key = make(&at("log"));
    grow(&at("log"), 300, b"");
    make(&at("other"));
    grow(&at("other"), 300, b"others");
    expect(0, &["export", "--data", text(&at("log")), "--to", text(&at("tree"))]);

    let said = expect(2, &["export", "--data", text(&at("log")), "--to", text(&at("other"))]);
    assert!(said.contains("is a log's data folder"), "{said}");
    fs::create_dir(at("full")).unwrap();
    fs::write(at("full/notes.txt"), "mine").unwrap();
    let copy =
        |to: &str| run(&["copy", "--from", text(&at("tree")), "--to", to, "--log-key", &key]);
    assert_eq!(copy(text(&at("full"))).status.code(), Some(2));
    assert_eq!(files(&at("full")).len(), 1);
    // Another log's folder has signed something else, and takes nothing.
    let before = files(&at("other"));
    assert_eq!(copy(text(&at("other"))).status.code(), Some(1));
    assert_eq!(files(&at("other")), before);
    let said = expect(2, &["copy", "--from", text(&at("tree")), "--to", text(&at("new"))]);
    assert!(said.contains("--log-key"), "{said}");
    let said = expect(
        2,
        &["copy", "--from", text(&at("tree")), "--to", "https://log.example", "--log-key", &key],
    );
    assert!(said.contains("not written to"), "{said}");
    // Out of a log, no key is needed, and what is kept where is said.
    let said = expect(0, &["copy", "--from", text(&at("log")), "--to", text(&at("new"))]);
    assert!(said.contains("signs nothing"), "{said}");
    assert!(!at("new/keys").exists() && !at("new/journal").exists());
}

#[test]
fn tiles_that_a_log_has_lost_come_back_from_a_copy() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    make(&at("log"));
    grow(&at("log"), 30_000, b"");
    expect(0, &["export", "--data", text(&at("log")), "--to", text(&at("tree"))]);
    let before = files(&at("log/tile"));
    for name in ["log/tile/entries/003", "log/tile/0/050"] {
        fs::remove_file(at(name)).unwrap();
    }
    expect(1, &["check", "--data", text(&at("log"))]);
    expect(0, &["copy", "--from", text(&at("tree")), "--to", text(&at("log"))]);
    assert_eq!(files(&at("log/tile")), before);
    expect(0, &["check", "--data", text(&at("log"))]);
    grow(&at("log"), 10, b"");
}
