//! The log over HTTP: every answer bounded in size and time, none believed yet.
//!
//! | request | answer |
//! |---|---|
//! | `GET /checkpoint` | a signed note; 404 or 503 while there is none |
//! | `POST /add-batch` | one index a line, or the problem of each entry that was refused |
//! | `POST /add` | the index of one entry; here only to ask where a chain ends |
//! | `GET /tile/...` | hashes and entries in the published tree |
//! | `GET /consistency?from=<m>&to=<n>` | one base64 hash a line |
//!
//! May be used by several threads at once; connections are kept.

mod problem;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use spec::Hash;
use spec::encoding::{decode_hash, parse_decimal};
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::tile::{MAX_BUNDLE_SIZE, TILE_SIZE, Tile, TileKind, push_entry};
use spec::tree::MAX_CONSISTENCY_PROOF;
use ureq::http::Response;
use ureq::{Agent, Body};

pub(crate) use problem::Refusal;

use crate::error::AgentError;

/// How long one request may take, from the name's resolution to the last byte, if so much time is
/// left.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(45);

/// How long requests may take however little time was given: who gives none wants one attempt.
const ONE_ATTEMPT: Duration = Duration::from_secs(1);

/// The longest pause that a log may ask for with `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);

/// How much of an error's text is shown.
const MAX_PROBLEM_SIZE: u64 = 4096;

/// The most bytes of an answer to a batch: a problem for each of its entries.
const MAX_BATCH_ANSWER_SIZE: u64 = 8 * 1024 * 1024;

/// The most bytes and entries of a batch: `spec/text/http.md`, "Limits".
pub(crate) const MAX_BATCH: (usize, usize) = (8 * 1024 * 1024, 4096);

/// The most bytes of a consistency proof: one line a hash.
const MAX_CONSISTENCY_SIZE: u64 = MAX_CONSISTENCY_PROOF as u64 * 46;

/// One log at one address.
pub(crate) struct LogClient {
    agent: Agent,
    url: String,
    /// When the patience for the work at hand began, and how long it is.
    patience: Mutex<(Instant, Duration)>,
}

/// Why there is no usable answer to a post.
#[derive(Debug)]
pub(crate) enum AddError {
    /// Refused as a whole.
    Refused(Refusal),
    /// Try again: no connection, overload, or a fault of the log.
    Again {
        /// What stood in the way.
        reason: String,
        /// The pause that the log asks for.
        pause: Option<Duration>,
    },
}

impl LogClient {
    /// Prepares a client; nothing is sent yet.
    pub(crate) fn new(url: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("fiducial-agent/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.into(),
            url: url.trim_end_matches('/').to_string(),
            patience: Mutex::new((Instant::now(), REQUEST_TIMEOUT)),
        }
    }

    /// From now on, no request outlasts `patience`, counted from this moment.
    pub(crate) fn begin(&self, patience: Duration) {
        *self.patience.lock().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), patience);
    }

    /// What is left of the patience.
    pub(crate) fn left(&self) -> Duration {
        let (began, patience) = *self.patience.lock().unwrap_or_else(PoisonError::into_inner);
        patience.saturating_sub(began.elapsed())
    }

    /// How long the next request may take; the reason if there is no time for one.
    fn request_timeout(&self) -> Result<Duration, String> {
        let (began, patience) = *self.patience.lock().unwrap_or_else(PoisonError::into_inner);
        let left = patience.max(ONE_ATTEMPT).saturating_sub(began.elapsed());
        if left.is_zero() {
            Err("no time is left".to_string())
        } else {
            Ok(left.min(REQUEST_TIMEOUT))
        }
    }

    /// The newest published checkpoint, unverified; `None` while the log has published none.
    pub(crate) fn checkpoint(&self) -> Result<Option<Note>, AgentError> {
        let url = format!("{}/checkpoint", self.url);
        let Some(bytes) = self.fetch(&url, MAX_NOTE_SIZE as u64)? else {
            return Ok(None);
        };
        Note::parse(&bytes).map(Some).map_err(|error| unreadable(url, "checkpoint", &error))
    }

    /// A consistency proof, unverified.
    pub(crate) fn consistency(&self, from: u64, to: u64) -> Result<Vec<Hash>, AgentError> {
        let url = format!("{}/consistency?from={from}&to={to}", self.url);
        let bytes = self.fetch_there(&url, MAX_CONSISTENCY_SIZE)?;
        let text = std::str::from_utf8(&bytes).unwrap_or("not text");
        let hashes: Result<Vec<Hash>, _> = text.lines().map(decode_hash).collect();
        hashes.map_err(|error| unreadable(url, "consistency proof", &error))
    }

    /// The bytes of a tile of hashes or a bundle of entries, unverified.
    pub(crate) fn tile(&self, tile: Tile) -> Result<Vec<u8>, AgentError> {
        let limit = match tile.kind() {
            TileKind::Entries => MAX_BUNDLE_SIZE,
            TileKind::Hashes(_) => TILE_SIZE,
        };
        self.fetch_there(&format!("{}/{tile}", self.url), limit as u64)
    }

    /// Sends entries together. Gives back the index of each, or why it was refused.
    pub(crate) fn add_batch(
        &self,
        entries: &[Vec<u8>],
    ) -> Result<Vec<Result<u64, Refusal>>, AddError> {
        let mut body = Vec::with_capacity(entries.iter().map(|entry| entry.len() + 2).sum());
        for entry in entries {
            push_entry(&mut body, entry);
        }
        let mut answer = self.post("/add-batch", &body)?;
        let status = answer.status().as_u16();
        if !matches!(status, 200 | 422) {
            return Err(refused(&mut answer));
        }
        let bytes = answer.body_mut().with_config().limit(MAX_BATCH_ANSWER_SIZE).read_to_vec();
        let bytes = bytes.map_err(|error| again(error.to_string()))?;
        let read = match status {
            200 => indices(&bytes).map(|all| all.into_iter().map(Ok).collect::<Vec<_>>()),
            _ => match problem::parts(&bytes) {
                Some(parts) => Some(parts),
                None => return Err(AddError::Refused(problem::parse(status, &bytes))),
            },
        };
        let wrong = || again("neither indices nor a problem for each entry".to_string());
        read.filter(|answers| answers.len() == entries.len()).ok_or_else(wrong)
    }

    /// Sends one entry.
    pub(crate) fn add(&self, entry: &[u8]) -> Result<u64, AddError> {
        let mut answer = self.post("/add", entry)?;
        if answer.status().as_u16() != 200 {
            return Err(refused(&mut answer));
        }
        let bytes = answer.body_mut().with_config().limit(MAX_PROBLEM_SIZE).read_to_vec();
        let bytes = bytes.map_err(|error| again(error.to_string()))?;
        let index = std::str::from_utf8(&bytes).ok().and_then(|text| parse_decimal(text).ok());
        index.ok_or_else(|| again("no index".to_string()))
    }

    fn post(&self, path: &str, body: &[u8]) -> Result<Response<Body>, AddError> {
        let timeout = self.request_timeout().map_err(again)?;
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request.content_type("application/octet-stream");
        let request = request.config().timeout_global(Some(timeout)).build();
        request.send(body).map_err(|error| again(error.to_string()))
    }

    fn fetch_there(&self, url: &str, limit: u64) -> Result<Vec<u8>, AgentError> {
        let missing =
            || AgentError::Unreachable { url: url.to_string(), reason: "status 404".into() };
        self.fetch(url, limit)?.ok_or_else(missing)
    }

    /// Fetches at most `limit` bytes; `None` for 404.
    fn fetch(&self, url: &str, limit: u64) -> Result<Option<Vec<u8>>, AgentError> {
        let failed = |reason: String| AgentError::Unreachable { url: url.to_string(), reason };
        let timeout = self.request_timeout().map_err(failed)?;
        let request = self.agent.get(url).config().timeout_global(Some(timeout)).build();
        let mut answer = request.call().map_err(|error| failed(error.to_string()))?;
        match answer.status().as_u16() {
            200 => {
                let bytes = answer.body_mut().with_config().limit(limit).read_to_vec();
                bytes.map(Some).map_err(|error| failed(error.to_string()))
            }
            404 => Ok(None),
            status => {
                let text = problem::parse(status, &read_problem(&mut answer)).detail;
                Err(failed(format!("status {status}: {text}")))
            }
        }
    }
}

fn again(reason: String) -> AddError {
    AddError::Again { reason, pause: None }
}

/// What an answer with another status than the one asked for means.
fn refused(answer: &mut Response<Body>) -> AddError {
    let status = answer.status().as_u16();
    let pause = retry_after(answer);
    let refusal = problem::parse(status, &read_problem(answer));
    match status {
        408 | 425 | 429 | 500..=599 => {
            AddError::Again { reason: format!("status {status}: {}", refusal.detail), pause }
        }
        _ => AddError::Refused(refusal),
    }
}

fn indices(bytes: &[u8]) -> Option<Vec<u64>> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.lines().map(|line| parse_decimal(line).ok()).collect()
}

fn read_problem(answer: &mut Response<Body>) -> Vec<u8> {
    let bytes = answer.body_mut().with_config().limit(MAX_PROBLEM_SIZE).read_to_vec();
    bytes.unwrap_or_default()
}

/// What cannot be read contradicts nothing, and need not be the log's word at all: a proxy that asks
/// for a password answers 200 too.
fn unreadable(url: String, what: &str, error: &dyn std::fmt::Display) -> AgentError {
    AgentError::Unreachable { url, reason: format!("the answer is no {what}: {error}") }
}

/// The pause that an answer asks for, in seconds; the form with a date is not used by logs.
fn retry_after(answer: &Response<Body>) -> Option<Duration> {
    let text = answer.headers().get("retry-after")?.to_str().ok()?;
    let seconds = parse_decimal(text).ok()?;
    Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER))
}
