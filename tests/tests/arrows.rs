//! The arrows between the rooms, read from `cargo metadata`: programs know `spec` and nothing of
//! one another, so that a witness or a verifier can be read, built and trusted without the log.
//!
//! Rule: ARCHITECTURE.md, "The rooms".

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, PackageId};

/// Every room with the rooms it may know.
const ARROWS: [(&str, &[&str]); 7] = [
    ("evidence-agent", &["spec"]),
    ("log-server", &["spec"]),
    ("spec", &[]),
    ("tests", &["evidence-agent", "log-server", "spec", "verifier-cli", "witness"]),
    ("verifier-cli", &["spec"]),
    ("witness", &["spec"]),
    ("xtask", &[]),
];

/// What would let `spec` reach files, sockets, clocks, threads or randomness.
const WORLDLY: [&str; 16] = [
    "aws-lc-rs",
    "chrono",
    "crossbeam-channel",
    "getrandom",
    "hyper",
    "libc",
    "mio",
    "rand",
    "rayon",
    "rustix",
    "rustls",
    "socket2",
    "time",
    "tokio",
    "ureq",
    "windows-sys",
];

fn metadata() -> Metadata {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let mut command = MetadataCommand::new();
    command.manifest_path(manifest).other_options(["--locked".to_string()]);
    command.exec().expect("cargo can read its own workspace")
}

#[test]
fn the_workspace_has_these_rooms_and_no_other() {
    let metadata = metadata();
    let rooms: BTreeSet<&str> =
        metadata.workspace_packages().iter().map(|room| room.name.as_str()).collect();
    let known: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    assert_eq!(rooms, known);
}

#[test]
fn no_room_knows_another_beyond_its_arrows() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = ARROWS.into_iter().collect();
    for room in metadata.workspace_packages() {
        let own = room.name.as_str();
        // Dependencies of tests and build scripts count too: an arrow is an arrow.
        for dependency in &room.dependencies {
            let name = dependency.name.as_str();
            let is_room = allowed.contains_key(name);
            assert!(
                !is_room || allowed[own].contains(&name),
                "{own} depends on {name}; its arrows allow {:?} only",
                allowed[own]
            );
        }
    }
}

#[test]
fn each_room_opens_with_its_role() {
    for room in metadata().workspace_packages() {
        let role = room.description.as_deref().unwrap_or_default();
        assert!(role.ends_with('.'), "{} has no one-line role in its Cargo.toml", room.name);
    }
}

#[test]
fn the_core_is_built_without_std_and_without_unsafe_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/src/lib.rs");
    let text = std::fs::read_to_string(path).unwrap();
    let attributes: Vec<&str> = text.lines().filter(|line| line.starts_with("#![")).collect();
    assert!(attributes.contains(&"#![no_std]"), "{attributes:?}");
    assert!(attributes.contains(&"#![forbid(unsafe_code)]"), "{attributes:?}");
    assert!(!text.contains("extern crate std"), "spec brings std back in");
}

#[test]
fn nothing_below_the_core_reaches_the_world() {
    let metadata = metadata();
    let below = below(&metadata, "spec");
    assert!(below.contains("sha2"), "the walk found nothing: {below:?}");
    let reached: Vec<&str> =
        below.iter().map(String::as_str).filter(|name| WORLDLY.contains(name)).collect();
    assert!(reached.is_empty(), "spec depends on {reached:?}");
}

/// The names of all crates that `room` is built from, tests and build scripts left out, and what
/// single systems need to ask the processor for its features.
fn below(metadata: &Metadata, room: &str) -> BTreeSet<String> {
    let resolve = metadata.resolve.as_ref().expect("cargo metadata resolves");
    let edges: BTreeMap<&PackageId, Vec<&PackageId>> = resolve
        .nodes
        .iter()
        .map(|node| {
            let built_in = |kinds: &[cargo_metadata::DepKindInfo]| {
                kinds
                    .iter()
                    .any(|info| info.kind == DependencyKind::Normal && info.target.is_none())
            };
            let normal = node.deps.iter().filter(|dep| built_in(&dep.dep_kinds));
            (&node.id, normal.map(|dep| &dep.pkg).collect())
        })
        .collect();
    let names: BTreeMap<&PackageId, &str> =
        metadata.packages.iter().map(|package| (&package.id, package.name.as_str())).collect();
    let start = metadata.workspace_packages().into_iter().find(|package| package.name == room);
    let mut waiting = vec![&start.expect("the room exists").id];
    let mut seen = BTreeSet::new();
    while let Some(package) = waiting.pop() {
        for next in &edges[package] {
            if seen.insert(names[next].to_string()) {
                waiting.push(next);
            }
        }
    }
    seen
}
