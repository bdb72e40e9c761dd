//! The log over HTTP: every answer bounded in size and time, none believed yet.
//!
//! | request | answer |
//! |---|---|
//! | `GET /checkpoint` | a signed note; 404 while there is none |
//! | `POST /add?wait=witnessed` | a `.tlog-proof`, or the index in decimal where the log cannot wait |
//! | `GET /proof/<index>` | a `.tlog-proof` in the published tree; 404 while that does not reach it |
//! | `GET /consistency?from=<m>&to=<n>` | one base64 hash a line |

use std::cell::Cell;
use std::time::{Duration, Instant};

use spec::Hash;
use spec::encoding::{decode_hash, parse_decimal};
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::proof::{MAX_PROOF_SIZE, Proof};
use spec::tree::MAX_CONSISTENCY_PROOF;
use ureq::http::Response;
use ureq::{Agent, Body};

use crate::error::AgentError;

/// How long one request may take, from the name's resolution to the last byte, if so much time is
/// left. A log holds a request that waits for witnesses for up to 30 seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(45);

/// How long requests may take however little time was given: who gives none wants one attempt.
const ONE_ATTEMPT: Duration = Duration::from_secs(1);

/// The longest pause that a log may ask for with `Retry-After`.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(600);

/// How much of an error's text is shown.
const MAX_PROBLEM_SIZE: u64 = 4096;

/// The most bytes of a consistency proof: one line a hash.
const MAX_CONSISTENCY_SIZE: u64 = MAX_CONSISTENCY_PROOF as u64 * 46;

/// One log at one address.
pub(crate) struct LogClient {
    agent: Agent,
    url: String,
    /// When the patience for the statement at hand began, and how long it is.
    patience: Cell<(Instant, Duration)>,
}

/// What the log says to a statement.
pub(crate) enum Added {
    /// Sequenced at this index, as the log says.
    Index(u64),
    /// Proved, as the log says.
    Proof(Proof),
}

/// Why there is no usable answer.
pub(crate) enum AddError {
    /// The log has another statement at this place of the chain.
    Conflict(String),
    /// Refused for good.
    Refused(u16, String),
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
            patience: Cell::new((Instant::now(), REQUEST_TIMEOUT)),
        }
    }

    /// From now on, no request outlasts `patience`, counted from this moment.
    pub(crate) fn begin(&self, patience: Duration) {
        self.patience.set((Instant::now(), patience));
    }

    /// What is left of the patience.
    pub(crate) fn left(&self) -> Duration {
        let (began, patience) = self.patience.get();
        patience.saturating_sub(began.elapsed())
    }

    /// How long the next request may take; the reason if there is no time for one.
    fn request_timeout(&self) -> Result<Duration, String> {
        let (began, patience) = self.patience.get();
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
        let missing = || AgentError::Unreachable { url: url.clone(), reason: "status 404".into() };
        let bytes = self.fetch(&url, MAX_CONSISTENCY_SIZE)?.ok_or_else(missing)?;
        let text = std::str::from_utf8(&bytes).unwrap_or("not text");
        let hashes: Result<Vec<Hash>, _> = text.lines().map(decode_hash).collect();
        hashes.map_err(|error| unreadable(url, "consistency proof", &error))
    }

    /// An inclusion proof of the entry at `index` in the published tree, unverified; `None` while
    /// that tree does not reach it.
    pub(crate) fn proof(&self, index: u64) -> Result<Option<Proof>, AgentError> {
        let url = format!("{}/proof/{index}", self.url);
        let Some(bytes) = self.fetch(&url, MAX_PROOF_SIZE as u64)? else {
            return Ok(None);
        };
        Proof::parse(&bytes).map(Some).map_err(|error| unreadable(url, "proof", &error))
    }

    /// Sends a statement's bytes and asks the log to wait for witnesses.
    pub(crate) fn add(&self, statement: &[u8]) -> Result<Added, AddError> {
        let again = |reason: String| AddError::Again { reason, pause: None };
        let url = format!("{}/add?wait=witnessed", self.url);
        let timeout = self.request_timeout().map_err(again)?;
        let request = self.agent.post(&url).content_type("application/octet-stream");
        let request = request.config().timeout_global(Some(timeout)).build();
        let mut answer = request.send(statement).map_err(|error| again(error.to_string()))?;
        match answer.status().as_u16() {
            200 => {
                let body = answer.body_mut().with_config().limit(MAX_PROOF_SIZE as u64);
                let bytes = body.read_to_vec().map_err(|error| again(error.to_string()))?;
                let text = std::str::from_utf8(&bytes).unwrap_or_default();
                match parse_decimal(text) {
                    Ok(index) => Ok(Added::Index(index)),
                    Err(_) => Proof::parse(&bytes)
                        .map(Added::Proof)
                        .map_err(|error| again(format!("neither an index nor a proof: {error}"))),
                }
            }
            409 => Err(AddError::Conflict(problem(&mut answer))),
            status @ (408 | 425 | 429 | 500..=599) => {
                let pause = retry_after(&answer);
                let reason = format!("status {status}: {}", problem(&mut answer));
                Err(AddError::Again { reason, pause })
            }
            status => Err(AddError::Refused(status, problem(&mut answer))),
        }
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
            status => Err(failed(format!("status {status}: {}", problem(&mut answer)))),
        }
    }
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

/// The text of an error as the log gives it, cut short and without control characters: it is shown
/// on a terminal.
fn problem(answer: &mut Response<Body>) -> String {
    let bytes = answer.body_mut().with_config().limit(MAX_PROBLEM_SIZE).read_to_vec();
    let bytes = bytes.unwrap_or_default();
    // RFC 9457 puts the sentence for people into `detail`.
    let detail = serde_json::from_slice::<serde_json::Value>(&bytes).ok().and_then(|problem| {
        let member = problem.get("detail").or_else(|| problem.get("title"))?;
        member.as_str().map(str::to_string)
    });
    let text = detail.unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned());
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
