//! What one statement costs a log: time of the processor, bytes, requests to a store.
//!
//! In this process and without HTTP: form, signature, chain, order, journal, tiles, tree heads.

use std::path::Path;
use std::time::Duration;

use log_server::admission::Admission;
use log_server::keys::LogKeys;
use log_server::log::{Limits, Log, Options};
use log_server::sources::{self, Listing, Sources};
use spec::checkpoint::Origin;
use spec::key::{Algorithm, KeyName, SigningKey};

use crate::bench::BenchError;
use crate::bench::statements::chain;

/// Sources that take turns.
const SOURCES: usize = 64;

/// Statements of each: together past the first full tile of the second level.
const EACH: usize = 1_100;

/// Ticks of the kernel's accounts a second.
const TICKS: f64 = 100.0;

/// What was measured, for one statement.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Bytes of the statement itself.
    pub statement_bytes: f64,
    /// Microseconds of one processor.
    pub cpu_us: f64,
    /// Bytes of full tiles and bundles.
    pub object_bytes: f64,
    /// Objects.
    pub objects: f64,
    /// Bytes of the index.
    pub index_bytes: f64,
}

/// Puts statements through a log in `folder`.
pub fn measure(folder: &Path) -> Result<Cost, BenchError> {
    let program = |error: String| BenchError::Program(error);
    let origin = Origin::parse(crate::bench::ORIGIN).expect("a plain name is an origin");
    let data = folder.join("log");
    log_server::init::init(&data, origin.clone(), Admission::Statements, true)
        .map_err(|error| program(error.to_string()))?;
    let chains = sign(&data)?;
    let log = open(&data, &origin)?;
    let before = cpu_seconds()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for turn in 0..EACH {
        let checked: Result<Vec<_>, _> = chains.iter().map(|all| log.check(&all[turn])).collect();
        let checked = checked.map_err(|error| program(error.to_string()))?;
        for answer in runtime.block_on(log.sequence_all(checked)) {
            answer.map_err(|error| program(error.to_string()))?;
        }
    }
    let count = (SOURCES * EACH) as u64;
    while log.status().sealed < count / 256 * 256 || log.status().published < count {
        if let Some(fatal) = log.status().fatal {
            return Err(program(fatal.to_string()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let cpu = cpu_seconds()? - before;
    log.stop();
    log.join();
    let sealed = (count / 256 * 256) as f64;
    let (object_bytes, objects) = weigh(&data.join("tile"))?;
    let (index_bytes, _) = weigh(&data.join("index"))?;
    let bytes: usize = chains.iter().flatten().map(Vec::len).sum();
    Ok(Cost {
        statement_bytes: bytes as f64 / count as f64,
        cpu_us: cpu * 1e6 / count as f64,
        object_bytes: object_bytes as f64 / sealed,
        objects: objects as f64 / sealed,
        index_bytes: index_bytes as f64 / count as f64,
    })
}

/// Chains of statements, one a source, which is listed.
fn sign(data: &Path) -> Result<Vec<Vec<Vec<u8>>>, BenchError> {
    let program = |error: String| BenchError::Program(error);
    let mut chains = Vec::with_capacity(SOURCES);
    for number in 0..SOURCES {
        let name = KeyName::parse(&format!("line-{number}.example/aoi")).expect("a plain name");
        let mut seed = [7; 32];
        seed[0] = number as u8;
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &seed)
            .expect("32 bytes are a seed");
        let listing = Listing::new(&key.verifier().to_string(), "measured")
            .map_err(|error| program(error.to_string()))?;
        sources::add(data, listing).map_err(|error| program(error.to_string()))?;
        chains.push(chain(&key, EACH));
    }
    Ok(chains)
}

fn open(data: &Path, origin: &Origin) -> Result<Log, BenchError> {
    let program = |error: String| BenchError::Program(error);
    let options = Options {
        data: data.to_owned(),
        limits: Limits::default(),
        keys: LogKeys::load(data, origin).map_err(|error| program(error.to_string()))?,
        sources: Sources::load(data).map_err(|error| program(error.to_string()))?,
        witnesses: None,
    };
    Log::open(options).map_err(|error| program(error.to_string()))
}

/// The time that all threads of this process have had a processor.
fn cpu_seconds() -> Result<f64, BenchError> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    // The name of the program stands in parentheses and may hold spaces; fields 14 and 15 follow.
    let fields = text.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<f64>());
    let ticks: f64 = ticks
        .sum::<Result<f64, _>>()
        .map_err(|error| BenchError::Program(format!("/proc/self/stat: {error}")))?;
    Ok(ticks / TICKS)
}

/// Bytes and number of the files below a folder.
fn weigh(folder: &Path) -> Result<(u64, u64), BenchError> {
    let (mut bytes, mut count) = (0, 0);
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in std::fs::read_dir(inside)? {
            let entry = entry?;
            let about = entry.metadata()?;
            if about.is_dir() {
                folders.push(entry.path());
            } else {
                bytes += about.len();
                count += 1;
            }
        }
    }
    Ok((bytes, count))
}
