//! What this machine can do at best: the figures that ours stand beside.
//!
//! All are measured in the same run as ours, on the same folder and the same cores.

use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use spec::Hash;
use spec::key::{Algorithm, KeyName, SigningKey};
use spec::note::{Note, verify_ed25519};

/// The bytes of a SHA-256 block.
pub const BLOCK_SIZE: u64 = 64;

/// What is known of the machine.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Cores that programs may use.
    pub cores: usize,
    /// The processor's name.
    pub model: String,
    /// Memory in megabytes.
    pub memory_mb: u64,
    /// Median and 99th percentile of a 4 KiB append with fdatasync, in milliseconds.
    pub sync_ms: (f64, f64),
    /// Strict Ed25519 verifications per second over all cores.
    pub verifications: f64,
    /// SHA-256 blocks per second over all cores.
    pub blocks: f64,
    /// How long each was measured.
    span: Duration,
}

impl Machine {
    /// Measures for about `span` each; files go to `folder`.
    pub fn measure(folder: &Path, span: Duration) -> std::io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let field = |path: &str, name: &str| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name)).map(str::to_string);
            line.and_then(|line| Some(line.split_once(':')?.1.trim().to_string()))
        };
        let memory = field("/proc/meminfo", "MemTotal").unwrap_or_default();
        let memory: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
        Ok(Self {
            cores,
            model: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_string()),
            memory_mb: memory / 1024,
            sync_ms: sync_latency(folder, span)?,
            verifications: on_all_cores(cores, span, verify_for),
            blocks: on_all_cores(cores, span, hash_for),
            span,
        })
    }

    /// Strict Ed25519 verifications per second over all cores, measured anew.
    ///
    /// Others may use the machine, and what it can do changes by the minute: a figure stands beside what
    /// was measured directly before and after it.
    #[must_use]
    pub fn verifications_now(&self) -> f64 {
        self.verifications_in(self.span)
    }

    /// The same, measured for about so long.
    #[must_use]
    pub fn verifications_in(&self, span: Duration) -> f64 {
        on_all_cores(self.cores, span, verify_for)
    }

    /// SHA-256 blocks per second over all cores, measured anew.
    #[must_use]
    pub fn blocks_now(&self) -> f64 {
        self.blocks_in(self.span)
    }

    /// The same, measured for about so long.
    #[must_use]
    pub fn blocks_in(&self, span: Duration) -> f64 {
        on_all_cores(self.cores, span, hash_for)
    }
}

/// The device's price of durability: appends 4 KiB and syncs it, again and again.
fn sync_latency(folder: &Path, span: Duration) -> std::io::Result<(f64, f64)> {
    let path = folder.join("sync-latency");
    let mut file = File::create(&path)?;
    let page = [0x5a_u8; 4096];
    let mut took = Vec::new();
    let started = Instant::now();
    while started.elapsed() < span {
        let before = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        took.push(before.elapsed().as_secs_f64() * 1000.0);
    }
    std::fs::remove_file(path)?;
    took.sort_by(f64::total_cmp);
    Ok((took[took.len() / 2], took[took.len() * 99 / 100]))
}

/// Runs `work` on every core at once and adds up what each did in a second.
fn on_all_cores(cores: usize, span: Duration, work: fn(Duration) -> f64) -> f64 {
    let workers: Vec<_> = (0..cores).map(|_| thread::spawn(move || work(span))).collect();
    workers.into_iter().map(|worker| worker.join().expect("plain arithmetic")).sum()
}

fn verify_for(span: Duration) -> f64 {
    let name = KeyName::parse("bench").expect("a plain word is a key name");
    let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[7; 32]);
    let key = key.expect("32 bytes are a seed");
    // As long as a statement, which is what the log verifies.
    let text = format!("{}\n", "x".repeat(400));
    let note = Note::new(text.clone(), vec![key.sign_note(&text)]);
    per_second(span, 16, || {
        verify_ed25519(black_box(&note), key.verifier()).expect("the key signed it");
    })
}

fn hash_for(span: Duration) -> f64 {
    const RUN: usize = 1 << 20;
    let data = vec![0x5a_u8; RUN];
    let runs = per_second(span, 4, || {
        black_box(Hash::of(black_box(&data)));
    });
    runs * (RUN as u64 / BLOCK_SIZE) as f64
}

/// How often `act` runs in a second; the clock is read every `stride` times.
fn per_second(span: Duration, stride: u64, mut act: impl FnMut()) -> f64 {
    let started = Instant::now();
    let mut count = 0;
    while started.elapsed() < span {
        (0..stride).for_each(|_| act());
        count += stride;
    }
    count as f64 / started.elapsed().as_secs_f64()
}

/// The SHA-256 blocks of a message: its bytes, one of padding and eight of length.
#[must_use]
pub const fn blocks_of(size: u64) -> u64 {
    (size + 9).div_ceil(BLOCK_SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_padding() {
        assert_eq!((blocks_of(0), blocks_of(55), blocks_of(56), blocks_of(65)), (1, 1, 2, 2));
    }

    #[test]
    fn the_machine_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let machine = Machine::measure(folder.path(), Duration::from_millis(20)).unwrap();
        assert!(machine.cores > 0 && machine.verifications > 1.0 && machine.blocks > 1.0);
        assert!(machine.sync_ms.0 > 0.0 && machine.sync_ms.0 <= machine.sync_ms.1);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    }
}
