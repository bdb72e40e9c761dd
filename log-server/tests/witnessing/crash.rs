//! A process that is killed at each of its writes, between signing a head and publishing it.
//!
//! The disk stops working at the n-th change, as it does for a process that is killed there, and
//! a new process goes on with what is in the folder.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use log_server::disk::{Disk, MachineDisk, OpenFile};
use log_server::log::Log;
use spec::checkpoint::Checkpoint;
use spec::note::Note;

use crate::witness::Manner;
use crate::world::{World, end, published, runtime};

/// The machine's disk until so many changes were made; nothing works from then on.
struct MortalDisk {
    machine: MachineDisk,
    left: Arc<AtomicU64>,
}

struct MortalFile {
    file: Box<dyn OpenFile>,
    left: Arc<AtomicU64>,
}

fn live(left: &AtomicU64) -> io::Result<()> {
    let take = |left: u64| left.checked_sub(1);
    let taken = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take);
    taken.map(drop).map_err(|_| io::Error::other("killed"))
}

impl OpenFile for MortalFile {
    fn sync(&mut self) -> io::Result<()> {
        live(&self.left)?;
        self.file.sync()
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        live(&self.left)?;
        self.file.truncate(length)
    }

    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        live(&self.left)?;
        self.file.write_at(offset, bytes)
    }
}

impl Disk for MortalDisk {
    fn create_folders(&self, path: &Path) -> io::Result<()> {
        live(&self.left)?;
        self.machine.create_folders(path)
    }

    fn open_file(&self, path: &Path) -> io::Result<Box<dyn OpenFile>> {
        live(&self.left)?;
        let file = self.machine.open_file(path)?;
        Ok(Box::new(MortalFile { file, left: self.left.clone() }))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.machine.read(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        live(&self.left)?;
        self.machine.remove(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        live(&self.left)?;
        self.machine.rename(from, to)
    }

    fn sync_everything(&self) -> io::Result<()> {
        live(&self.left)?;
        self.machine.sync_everything()
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        live(&self.left)?;
        self.machine.sync_file(path)
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        live(&self.left)?;
        self.machine.sync_folder(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if live(&self.left).is_ok() {
            return self.machine.write(path, bytes);
        }
        // Killed in the middle of it.
        let half = self.machine.write(path, &bytes[..bytes.len() / 2]);
        half.and(Err(io::Error::other("killed")))
    }
}

/// Runs a life that ends at the n-th change. Returns how many entries were promised, and whether
/// the life came to its end by itself.
fn life(world: &World, changes: u64) -> (u64, bool) {
    let left = Arc::new(AtomicU64::new(changes));
    let machine = MachineDisk::open(&world.data).unwrap();
    let disk = MortalDisk { machine, left: left.clone() };
    let Ok(log) = Log::open_on(world.options(), Arc::new(disk)) else { return (0, false) };
    let mut promised = 0;
    for entry in ["a", "b", "c"] {
        let indexed = log.status().index_ready || {
            std::thread::sleep(std::time::Duration::from_millis(50));
            log.status().index_ready
        };
        assert!(indexed || left.load(Ordering::SeqCst) == 0);
        let Ok(submission) = log.check(entry.as_bytes()) else { break };
        let Ok(sequenced) = runtime().block_on(log.sequence(submission)) else { break };
        promised = promised.max(sequenced.index + 1);
        let covering = log.published_covering(promised);
        let waited = runtime().block_on(async {
            tokio::time::timeout(std::time::Duration::from_millis(600), covering).await
        });
        if !matches!(waited, Ok(Ok(_))) {
            break;
        }
    }
    end(&log);
    (promised, left.load(Ordering::SeqCst) > 0)
}

fn on_file(world: &World, name: &str) -> Option<Checkpoint> {
    let note = Note::parse(&std::fs::read(world.data.join(name)).ok()?).unwrap();
    Some(Checkpoint::parse(note.text()).unwrap())
}

#[test]
fn killed_at_any_write_it_goes_on_with_the_same_head() {
    // The witness itself fails the test if it is ever shown two roots for one size.
    for changes in 0.. {
        let world = World::new(1, 1);
        let (promised, survived) = life(&world, changes);
        let (signed, shown) = (on_file(&world, "signed-head"), on_file(&world, "checkpoint"));
        let log = world.open();
        assert!(log.status().sequenced >= promised, "killed at change {changes}");
        if let Some(signed) = &signed {
            let size = signed.tree().size();
            assert_eq!(world.cosigners(&published(&log, size)), 1, "killed at change {changes}");
            let known = world.witnesses[0].remembered().roots.get(&size).copied();
            assert_eq!(known, Some(signed.tree().root()), "killed at change {changes}");
        }
        if let Some(shown) = shown {
            assert!(shown.tree().size() <= signed.unwrap().tree().size());
        }
        let submission = log.check(b"after").unwrap();
        let index = runtime().block_on(log.sequence(submission)).unwrap().index;
        assert!(index >= promised, "killed at change {changes}");
        assert_eq!(world.cosigners(&published(&log, index + 1)), 1);
        end(&log);
        if survived {
            assert!(changes > 20, "a whole life makes more changes than {changes}");
            return;
        }
    }
}

#[test]
fn signed_and_not_published_it_is_the_first_to_be_offered() {
    let world = World::new(2, 2);
    let log = world.open();
    crate::world::publish(&log, "one");
    world.witnesses[0].set(Manner::Away);
    crate::world::add(&log, "two");
    crate::world::add(&log, "three");
    let ahead = || on_file(&world, "signed-head").unwrap().tree().size() > 1;
    crate::world::wait_until("a head is signed", ahead);
    end(&log);
    let signed = std::fs::read(world.data.join("signed-head")).unwrap();
    assert_eq!(on_file(&world, "checkpoint").unwrap().tree().size(), 1);

    let mark = world.witnesses[1].remembered().asked.len();
    world.witnesses[0].set(Manner::Honest);
    let log = world.open();
    assert_eq!(world.cosigners(&published(&log, 3)), 2);
    let text = String::from_utf8(signed).unwrap();
    let size: u64 = text.lines().nth(1).unwrap().parse().unwrap();
    assert_eq!(world.witnesses[1].remembered().asked[mark].1, size, "the same head, first");
    end(&log);
}
