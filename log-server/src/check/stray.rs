//! Files among the tiles that do not belong there.
//!
//! A tile beyond the end of the log is not harmless: the log would find it in the way when it gets
//! there, and until then a web server would hand it out.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;

use spec::tile::Tile;

use super::Problem;
use crate::number;

/// Finds files below `tile/` that no log of `size` entries has.
pub(super) fn find(folder: &Path, size: u64) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut folders = VecDeque::from([String::from("tile")]);
    while let Some(inside) = folders.pop_front() {
        let entries = match fs::read_dir(folder.join(&inside)) {
            Ok(entries) => entries,
            // A young log has no full tile yet.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                problems.push(Problem { file: inside, what: format!("cannot be listed: {error}") });
                continue;
            }
        };
        for entry in entries.flatten() {
            let name = format!("{inside}/{}", entry.file_name().to_string_lossy());
            // Links are not followed, so that no circle of them can keep this going.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push_back(name);
            } else if let Some(what) = fault(&name, size) {
                problems.push(Problem { file: name, what });
            }
        }
    }
    problems.sort_by(|a, b| a.file.cmp(&b.file));
    problems
}

/// What is wrong with a file of this name in a log of `size` entries.
pub(super) fn fault(name: &str, size: u64) -> Option<String> {
    match Tile::parse(name) {
        None => Some("is not a tile's name; it was not put there by the log".to_string()),
        Some(tile) if !tile.is_full() => {
            Some("is a partial tile, which this log never stores".to_string())
        }
        Some(tile) if !tile.is_within(size) => {
            Some(format!("is beyond the log's {}", number::entries(size)))
        }
        Some(_) => None,
    }
}
