//! A log as others serve it: a folder or an address with `checkpoint` and `tile/` below it.
//!
//! Rule: C2SP tlog-tiles. Nothing read here is believed: tiles are hashed up to a root that a
//! policy has accepted, or they prove nothing.
//!
//! A partial tile may be gone because the log has grown; the full one then holds its beginning.

pub(crate) mod tiles;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use spec::Hash;
use spec::checkpoint::Checkpoint;
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::tile::{MAX_BUNDLE_SIZE, TILE_SIZE, Tile, TileKind, parse_entries, parse_hashes};
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

use crate::failure::Failure;
use crate::input;
use crate::masked;
use crate::messages::{Message, Said};

/// How long one answer may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a request is tried when the network, not the log, fails.
const ATTEMPTS: u32 = 3;

/// How long one answer may take where others are asked as well.
const HURRIED_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of a file of authorities: a system's whole collection is a quarter of it.
const MAX_AUTHORITIES_SIZE: usize = 1024 * 1024;

/// The longest answer of the log's lookup: a decimal of 64 bits.
const MAX_INDEX_TEXT: usize = 20;

/// Why something of a log could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReadError {
    /// What came is not what the path promises.
    #[error("{path} is malformed")]
    Malformed { path: String },
    /// The log does not have it.
    #[error("{path} is not there")]
    Missing { path: String },
    /// More bytes than the format allows.
    #[error("{path} has more than {limit} bytes")]
    TooLarge { path: String, limit: usize },
    /// The network or the disk failed.
    #[error("{path}: {why}")]
    Unreachable { path: String, why: String },
}

impl ReadError {
    /// Whether the log answered with something wrong, rather than not at all.
    pub(crate) const fn is_fault(&self) -> bool {
        matches!(self, Self::Malformed { .. } | Self::TooLarge { .. })
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let hint = Said::new(Message::HintLogUnreadable, &[]);
        Self::new(Said::of_error(Message::LogUnreadable, &[], &error)).with_hint(hint)
    }
}

/// How the network is used: which authorities vouch for an address, and how long is waited.
pub(crate) struct Network {
    /// Instead of the authorities that are built in.
    authorities: Option<RootCerts>,
    timeout: Duration,
}

impl Network {
    /// With the authorities of a file of certificates in PEM, or the usual ones.
    pub(crate) fn new(ca_file: Option<&Path>) -> Result<Self, Failure> {
        let authorities = ca_file.map(read_authorities).transpose()?;
        Ok(Self { authorities, timeout: REQUEST_TIMEOUT })
    }

    /// The same, waiting less long: for those of whom there are others to ask.
    pub(crate) fn hurried(&self) -> Self {
        Self { authorities: self.authorities.clone(), timeout: HURRIED_TIMEOUT }
    }

    fn agent(&self) -> Agent {
        let mut config = Agent::config_builder()
            .timeout_global(Some(self.timeout))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .http_status_as_error(false)
            .user_agent(concat!("fiducial/", env!("CARGO_PKG_VERSION")));
        if let Some(authorities) = &self.authorities {
            let tls = TlsConfig::builder().root_certs(authorities.clone());
            config = config.tls_config(tls.build());
        }
        config.build().new_agent()
    }
}

/// Reads certificates; a file without any would silently trust nobody, so it is refused.
fn read_authorities(path: &Path) -> Result<RootCerts, Failure> {
    let shown = path.display().to_string();
    let malformed = |why: &str| Failure::new(Said::of_error(Message::Malformed, &[&shown], &why));
    let bytes = input::read(path, MAX_AUTHORITIES_SIZE)?;
    let mut authorities = Vec::new();
    for item in parse_pem(&bytes) {
        if let PemItem::Certificate(one) = item.map_err(|error| malformed(&error.to_string()))? {
            authorities.push(one);
        }
    }
    if authorities.is_empty() {
        return Err(malformed("no certificate in PEM"));
    }
    Ok(RootCerts::new_with_certs(&authorities))
}

/// Where a log is read.
pub(crate) enum Log {
    Folder(PathBuf),
    Http { agent: Agent, prefix: String },
}

impl Log {
    /// An address that begins with `http://` or `https://`, or else a folder.
    pub(crate) fn open(place: &str, network: &Network) -> Result<Self, Failure> {
        if place.starts_with("http://") || place.starts_with("https://") {
            let prefix = format!("{}/", place.trim_end_matches('/'));
            return Ok(Self::Http { agent: network.agent(), prefix });
        }
        let folder = PathBuf::from(place);
        if folder.is_dir() {
            return Ok(Self::Folder(folder));
        }
        Err(Said::new(Message::NoSuchLog, &[&masked::masked(place)]).into())
    }

    /// Whether reading waits for a network more than for the processor.
    pub(crate) const fn is_remote(&self) -> bool {
        matches!(self, Self::Http { .. })
    }

    /// Reads the latest checkpoint. Nothing in it is verified.
    pub(crate) fn checkpoint(&self) -> Result<Note, Failure> {
        let bytes = self.read("checkpoint", MAX_NOTE_SIZE)?;
        Note::parse(&bytes).map_err(|error| {
            let place = "checkpoint";
            Said::of_error(Message::Malformed, &[place], &error).into()
        })
    }

    /// Reads a note at a path: the log's own checkpoint, or a witness's of some log. Nothing in it
    /// is verified.
    pub(crate) fn note(&self, path: &str) -> Result<Note, ReadError> {
        let bytes = self.read(path.trim_start_matches('/'), MAX_NOTE_SIZE)?;
        Note::parse(&bytes).map_err(|_| ReadError::Malformed { path: path.to_string() })
    }

    /// How large the log says it is, and at least `known`: decides which partial tiles to ask for.
    ///
    /// A log keeps the partial tiles of its latest size, not of every earlier one. The size is
    /// only a hint and not verified; a wrong one makes tiles missing.
    pub(crate) fn size_hint(&self, known: u64) -> u64 {
        let note = self.checkpoint().ok();
        let latest = note.and_then(|note| Checkpoint::parse(note.text()).ok());
        latest.map_or(known, |latest| latest.tree().size().max(known))
    }

    /// Reads the hashes of a tile, as many as it is wide.
    pub(crate) fn hashes(&self, tile: Tile) -> Result<Vec<Hash>, ReadError> {
        let malformed = || ReadError::Malformed { path: tile.to_string() };
        match self.read(&tile.to_string(), TILE_SIZE) {
            Ok(bytes) => parse_hashes(tile, &bytes).ok_or_else(malformed),
            Err(ReadError::Missing { .. }) if !tile.is_full() => {
                let full = tile.to_full();
                let bytes = self.read(&full.to_string(), TILE_SIZE)?;
                let mut hashes = parse_hashes(full, &bytes).ok_or_else(malformed)?;
                hashes.truncate(usize::from(tile.width()));
                Ok(hashes)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads a bundle; `read` gets as many entries as the bundle is wide.
    pub(crate) fn entries<T>(
        &self,
        bundle: Tile,
        read: impl FnOnce(&[&[u8]]) -> T,
    ) -> Result<T, ReadError> {
        let (bytes, found) = match self.read(&bundle.to_string(), MAX_BUNDLE_SIZE) {
            Ok(bytes) => (bytes, bundle),
            Err(ReadError::Missing { .. }) if !bundle.is_full() => {
                let full = bundle.to_full();
                (self.read(&full.to_string(), MAX_BUNDLE_SIZE)?, full)
            }
            Err(error) => return Err(error),
        };
        let malformed = || ReadError::Malformed { path: bundle.to_string() };
        let entries = parse_entries(found, &bytes).ok_or_else(malformed)?;
        Ok(read(&entries[..usize::from(bundle.width())]))
    }

    /// Reads one entry of a log of `size` entries.
    pub(crate) fn entry(&self, index: u64, size: u64) -> Result<Vec<u8>, ReadError> {
        let (bundle, at) = (index / 256, (index % 256) as usize);
        let bundle = Tile::in_tree(TileKind::Entries, bundle, size)
            .expect("the index was checked against the size");
        self.entries(bundle, |entries| entries[at].to_vec())
    }

    /// Asks the log where a leaf is. `None` if it cannot say; a wrong answer is found out later.
    pub(crate) fn lookup(&self, leaf: Hash) -> Option<u64> {
        if !self.is_remote() {
            return None;
        }
        let bytes = self.read(&format!("lookup/{}", leaf.to_hex()), MAX_INDEX_TEXT).ok()?;
        spec::encoding::parse_decimal(std::str::from_utf8(&bytes).ok()?).ok()
    }

    fn read(&self, path: &str, limit: usize) -> Result<Vec<u8>, ReadError> {
        match self {
            Self::Folder(folder) => read_file(&folder.join(path), path, limit),
            Self::Http { agent, prefix } => {
                let mut attempt = 1;
                loop {
                    match read_http(agent, &format!("{prefix}{path}"), limit) {
                        Err(ReadError::Unreachable { .. }) if attempt < ATTEMPTS => {
                            std::thread::sleep(Duration::from_millis(200) * attempt);
                            attempt += 1;
                        }
                        outcome => return outcome,
                    }
                }
            }
        }
    }
}

fn read_file(file: &Path, path: &str, limit: usize) -> Result<Vec<u8>, ReadError> {
    let unreachable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => ReadError::Missing { path: path.to_string() },
        _ => ReadError::Unreachable { path: path.to_string(), why: error.to_string() },
    };
    let opened = std::fs::File::open(file).map_err(unreachable)?;
    // Sized once: growing a buffer by doubling costs more than hashing its bytes.
    let expected = opened.metadata().map_err(unreachable)?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(limit).min(limit) + 1);
    opened.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(unreachable)?;
    if bytes.len() > limit {
        return Err(ReadError::TooLarge { path: path.to_string(), limit });
    }
    Ok(bytes)
}

fn read_http(agent: &Agent, url: &str, limit: usize) -> Result<Vec<u8>, ReadError> {
    let path = url.to_string();
    let unreachable = |why: String| ReadError::Unreachable { path: url.to_string(), why };
    let mut answer = agent.get(url).call().map_err(|error| unreachable(error.to_string()))?;
    match answer.status().as_u16() {
        200 => {}
        404 | 410 => return Err(ReadError::Missing { path }),
        other => return Err(unreachable(format!("HTTP status {other}"))),
    }
    // The limit holds for the unpacked bytes too, so a small answer cannot fill the memory.
    match answer.body_mut().with_config().limit(limit as u64).read_to_vec() {
        Ok(bytes) => Ok(bytes),
        Err(ureq::Error::BodyExceedsLimit(_)) => Err(ReadError::TooLarge { path, limit }),
        Err(error) => Err(unreachable(error.to_string())),
    }
}
