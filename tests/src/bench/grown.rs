//! A log of many small entries: whether it slows as it grows, starts, is audited and checked, and
//! what it takes on disk.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use spec::key::VerifierKey;
use spec::tile::{TILE_WIDTH, Tile, TileKind, nodes_at};

use super::batches::{batch, send};
use super::explored;
use super::machine::{BLOCK_SIZE, Machine, blocks_of};
use super::process::{Server, new_log, run_watched};
use super::table::Row;
use super::{BenchError, Scale, megabytes};
use crate::load::client::Connection;
use crate::load::entry::entry;
use crate::load::tiles::Tiles;

/// The bytes of a small entry: a commitment.
const ENTRY_SIZE: usize = 32;

/// Entries in one request.
const BATCH: u64 = 1000;

/// Connections that load it.
const CONNECTIONS: usize = 4;

/// The rate is printed once for every part of this many, ten at most.
const PARTS: u64 = 10;

/// How long the last entries may take to be published.
const PATIENCE: Duration = Duration::from_secs(60);

/// Loads the log once and measures everything on it.
pub async fn rows(scale: &Scale, machine: &Machine) -> Result<Vec<Row>, BenchError> {
    let folder = scale.folder.join("grown");
    let key = new_log(&folder, "any")?;
    let data = folder.display().to_string();
    let serve = ["serve", "--data", data.as_str()];
    let log = Server::start("fiducial-log", &serve).await?;
    let mut rows = vec![load(&log, scale.entries).await?];
    wait_published(&log, &key, scale.entries).await?;
    log.stop().await?;

    rows.extend(disk(&folder, scale.entries)?);
    let mut start = Duration::MAX;
    for _ in 0..scale.turns {
        let again = Server::start("fiducial-log", &serve).await?;
        start = start.min(again.start);
        again.stop().await?;
    }
    let (entries, start) = (scale.entries as f64 / 1e6, start.as_secs_f64());
    let what = format!("start with {entries} M entries, until /readyz");
    let row = Row::new(&what, format!("{start:.3} s"), String::new());
    rows.push(row.asked("< 1 s", start < 1.0));

    rows.extend(full_reads(scale, machine, &serve, &data, &key).await?);
    Ok(rows)
}

/// Fills the log and compares its first part with its last.
async fn load(log: &Server, entries: u64) -> Result<Row, BenchError> {
    let part = (entries / PARTS).max(BATCH);
    let (mut from, mut rates) = (0, Vec::new());
    while from < entries {
        let to = (from + part).min(entries);
        let mut at = from;
        let next = move || {
            let end = (at + BATCH).min(to);
            let numbers = at..end;
            at = end;
            if numbers.is_empty() {
                return None;
            }
            let made: Vec<_> = numbers.map(|number| entry(0, number, ENTRY_SIZE)).collect();
            Some(batch(made.iter().map(|entry| &entry[..])))
        };
        let took = send(log.address, CONNECTIONS, next).await?;
        let rate = (to - from) as f64 / took.as_secs_f64();
        println!("  {to} entries, the last {} at {rate:.0}/s", to - from);
        rates.push(rate);
        from = to;
    }
    // The first part warms up; a short log has no other.
    let first = rates.get(1).or(rates.first()).copied().unwrap_or_default();
    let last = rates.last().copied().unwrap_or_default();
    let ratio = last / first;
    Ok(Row::new(
        "entries/s through /add-batch, last tenth of the log",
        format!("{last:.0}/s"),
        format!("second tenth: {first:.0}/s"),
    )
    .ratio(ratio)
    .asked("does not slow (0.8 x)", ratio >= 0.8))
}

async fn wait_published(log: &Server, key: &VerifierKey, size: u64) -> Result<(), BenchError> {
    let mut tiles = Tiles::new(Connection::open(log.address).await?);
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let published = tiles.checkpoint(key).await?;
        if published.is_some_and(|checkpoint| checkpoint.tree().size() == size) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(BenchError::Broken(format!("size {size} was not published within {PATIENCE:?}")))
}

/// What lies on disk beyond the entries themselves. The index can be deleted and made again, and
/// stands on its own line.
fn disk(folder: &Path, entries: u64) -> Result<[Row; 2], BenchError> {
    let (mut log, mut index) = (Sizes::default(), Sizes::default());
    for item in fs::read_dir(folder)? {
        let item = item?;
        let is_index = item.file_name().to_string_lossy().starts_with("index");
        let sizes = if is_index { &mut index } else { &mut log };
        sizes.add(&item.path())?;
    }
    let own = entries * ENTRY_SIZE as u64;
    let beyond = (log.bytes as f64 - own as f64) / entries as f64;
    let blocks = (log.allocated as f64 - own as f64) / entries as f64;
    let index = index.allocated as f64 / entries as f64;
    Ok([
        Row::new(
            "disk per entry beyond the entry itself",
            format!("{beyond:.1} B"),
            format!("as whole file system blocks: {blocks:.1} B"),
        )
        .asked("< 36 B", beyond < 36.0),
        Row::new(
            "  the index beside it, which can be rebuilt",
            format!("{index:.1} B"),
            String::new(),
        ),
    ])
}

/// Bytes of files, as they say and as the file system gives.
#[derive(Default)]
struct Sizes {
    bytes: u64,
    allocated: u64,
}

impl Sizes {
    fn add(&mut self, path: &Path) -> Result<(), BenchError> {
        let mut waiting = vec![path.to_path_buf()];
        while let Some(path) = waiting.pop() {
            let metadata = fs::symlink_metadata(&path)?;
            if metadata.is_dir() {
                for item in fs::read_dir(&path)? {
                    waiting.push(item?.path());
                }
            } else {
                self.bytes += metadata.len();
                // The unit of `blocks` is 512 bytes whatever the file system's own is.
                self.allocated += metadata.blocks() * 512;
            }
        }
        Ok(())
    }
}

/// The check on disk and the audit of a copy, both beside bare SHA-256 of as many blocks; the audit
/// over HTTP beside nothing but itself, and the explorer's pages beside a tile.
async fn full_reads(
    scale: &Scale,
    machine: &Machine,
    serve: &[&str],
    data: &str,
    key: &VerifierKey,
) -> Result<[Row; 4], BenchError> {
    let hashed = Hashed::of(scale, machine);
    let on_disk = hashed.beside(|| run_watched("fiducial-log", &["check", "--data", data]))?;
    let check = hashed.row("check: every leaf and node hashed again, on disk", &on_disk);

    let policy = scale.folder.join("policy");
    fs::write(&policy, format!("log {key}\nquorum none\n"))?;
    let policy = policy.display().to_string();
    let log = Server::start("fiducial-log", serve).await?;
    let explorer = explored::row(scale, log.address).await?;
    let copy = scale.folder.join("copy");
    copied(&log, Path::new(data), &copy, scale.entries).await?;
    let audit = |from: &str| {
        run_watched("fiducial", &["audit", "--log", from, "--policy", &policy, "--entries", "any"])
    };
    let from = copy.display().to_string();
    // The log serves on this runtime's other threads while these block.
    let of_copy = tokio::task::block_in_place(|| hashed.beside(|| audit(&from)))?;
    let url = log.url();
    let (took, peak) = tokio::task::block_in_place(|| audit(&url))?;
    log.stop().await?;
    let folder = hashed.row("audit: the same of a copy of the log", &of_copy);
    // Two requests for every 256 entries, on the cores that hash: printed, and nothing is asked.
    let requests = 2 * scale.entries / 256;
    let over_http = Row::new(
        &format!("  over HTTP, {requests} requests to this machine"),
        format!("{:.2} s, {:.0} MB", took.as_secs_f64(), megabytes(peak)),
        format!("{:.0} requests/s", requests as f64 / took.as_secs_f64()),
    );
    Ok([check, folder, over_http, explorer])
}

/// What is hashed when a log of so many entries is hashed again.
struct Hashed<'a> {
    blocks: u64,
    turns: usize,
    machine: &'a Machine,
}

/// One full read: how long it took, how long bare hashing would have, and its most memory.
struct FullRead {
    took: Duration,
    bare: f64,
    peak: u64,
}

impl<'a> Hashed<'a> {
    fn of(scale: &Scale, machine: &'a Machine) -> Self {
        let (leaf, node) = (blocks_of(1 + ENTRY_SIZE as u64), blocks_of(65));
        let blocks = scale.entries * leaf + scale.entries.saturating_sub(1) * node;
        Self { blocks, turns: scale.turns, machine }
    }

    /// Reads again and again, each time between two measurements of bare hashing; the median of the
    /// ratios counts.
    fn beside(
        &self,
        read: impl Fn() -> Result<(Duration, u64), BenchError>,
    ) -> Result<FullRead, BenchError> {
        let mut reads = Vec::new();
        let mut before = self.machine.blocks_now();
        for _ in 0..self.turns {
            let (took, peak) = read()?;
            let after = self.machine.blocks_now();
            let bare = self.blocks as f64 / f64::midpoint(before, after);
            reads.push(FullRead { took, bare, peak });
            before = after;
        }
        reads.sort_by(|one, other| one.ratio().total_cmp(&other.ratio()));
        let middle = reads.len() / 2;
        Ok(reads.swap_remove(middle))
    }

    fn row(&self, what: &str, read: &FullRead) -> Row {
        let gigabytes = (self.blocks * BLOCK_SIZE) as f64 / 1e9;
        Row::new(
            what,
            format!("{:.2} s, {:.0} MB", read.took.as_secs_f64(), megabytes(read.peak)),
            format!("bare SHA-256 of {gigabytes:.1} GB: {:.2} s", read.bare),
        )
        .ratio(read.ratio())
        .asked("0.5 x, flat", read.ratio() >= 0.5)
    }
}

impl FullRead {
    fn ratio(&self) -> f64 {
        self.bare / self.took.as_secs_f64()
    }
}

/// Makes a copy of the log as anyone can: its files, and what it serves from memory alone.
async fn copied(log: &Server, data: &Path, copy: &Path, size: u64) -> Result<(), BenchError> {
    linked(&data.join("tile"), &copy.join("tile"))?;
    let mut connection = Connection::open(log.address).await?;
    let levels = (0..).take_while(|level| nodes_at(*level, size) > 0).map(TileKind::Hashes);
    let last = levels.chain([TileKind::Entries]).filter_map(|kind| {
        let level = if let TileKind::Hashes(level) = kind { level } else { 0 };
        Tile::in_tree(kind, nodes_at(level, size) / TILE_WIDTH, size)
    });
    let partial = last.filter(|tile| !tile.is_full()).map(|tile| tile.to_string());
    for path in partial.chain(["checkpoint".to_string()]) {
        let bytes = connection.fetch(&format!("/{path}")).await?;
        let path = copy.join(path);
        fs::create_dir_all(path.parent().expect("a path in the copy"))?;
        fs::write(path, bytes)?;
    }
    Ok(())
}

/// The same files under another folder, without their bytes being copied.
fn linked(from: &Path, to: &Path) -> Result<(), BenchError> {
    fs::create_dir_all(to)?;
    for item in fs::read_dir(from)? {
        let item = item?;
        let target = to.join(item.file_name());
        if item.file_type()?.is_dir() {
            linked(&item.path(), &target)?;
        } else {
            fs::hard_link(item.path(), target)?;
        }
    }
    Ok(())
}
