//! The load itself: connections that post entries and note what they are told and how fast.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::{StatusCode, Uri};
use tokio::task::JoinSet;
use tokio::time::sleep_until;

use super::client::{Answer, Connection};
use super::entry::entry;
use super::{Load, LoadError};

/// How long a connection waits after a 503 before it tries the same entry again.
const BACK_OFF: Duration = Duration::from_millis(5);

/// One acknowledged entry: the index that the log gave, and the number it was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acknowledged {
    /// The index in the answer.
    pub index: u64,
    /// The number of the entry within the run.
    pub number: u64,
}

/// What the connections noted.
#[derive(Debug)]
pub struct Driven {
    /// All acknowledged entries, by index.
    pub acknowledged: Vec<Acknowledged>,
    /// From the first request to the last answer.
    pub took: Duration,
    /// Latencies of acknowledged requests in microseconds, the shortest first once the run is over.
    ///
    /// A list, which is written in order. A histogram for each connection is megabytes that are written
    /// all over, which cost the log that is measured its place in the processor's cache.
    pub latencies: Vec<u32>,
    /// How often each other status was answered.
    pub refused: BTreeMap<u16, u64>,
    /// Answers with status 200 that were not one canonical decimal number.
    pub malformed: u64,
}

/// What all connections of a run share.
struct Shared {
    load: Load,
    run: u64,
    uri: Uri,
    next: AtomicU64,
    started: Instant,
}

/// Runs the load. Fails only if a connection breaks: what is answered is noted, whatever it is.
pub async fn drive(load: &Load, run: u64) -> Result<Driven, LoadError> {
    let mut connections = Vec::with_capacity(load.connections);
    for _ in 0..load.connections {
        connections.push(Connection::open(load.address).await?);
    }
    let uri = Uri::from_static("/add");
    let next = AtomicU64::new(0);
    let shared = Shared { load: load.clone(), run, uri, next, started: Instant::now() };
    let shared = Arc::new(shared);
    let mut senders = JoinSet::new();
    for connection in connections {
        senders.spawn(send(connection, Arc::clone(&shared)));
    }
    let mut driven = Driven::new();
    while let Some(ended) = senders.join_next().await {
        driven.add(ended.expect("a sender does not panic")?);
    }
    driven.took = shared.started.elapsed();
    driven.acknowledged.sort_unstable();
    driven.latencies.sort_unstable();
    Ok(driven)
}

/// One connection's share: takes the next number until time or numbers run out.
async fn send(mut connection: Connection, shared: Arc<Shared>) -> Result<Driven, LoadError> {
    let mut driven = Driven::new();
    let load = &shared.load;
    while shared.started.elapsed() < load.duration {
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        if load.requests.is_some_and(|most| number >= most) {
            break;
        }
        // With a rate, latency counts from when the request was due: a log that stalls is charged
        // for every request that it kept waiting, not only for one a connection.
        let due = match load.rate {
            Some(rate) => shared.started + Duration::from_secs_f64(number as f64 / rate),
            None => Instant::now(),
        };
        if due > Instant::now() {
            if due >= shared.started + load.duration {
                break;
            }
            sleep_until(due.into()).await;
        }
        let body = entry(shared.run, number, load.entry_size);
        loop {
            let answer = connection.post(&shared.uri, body.clone()).await?;
            if !driven.note(&answer, number, due.elapsed()) {
                break;
            }
            tokio::time::sleep(BACK_OFF).await;
        }
    }
    Ok(driven)
}

impl Driven {
    fn new() -> Self {
        Self {
            acknowledged: Vec::new(),
            took: Duration::ZERO,
            latencies: Vec::new(),
            refused: BTreeMap::new(),
            malformed: 0,
        }
    }

    /// Notes one answer; true if the log was overloaded and the entry is to be sent again.
    fn note(&mut self, answer: &Answer, number: u64, took: Duration) -> bool {
        if answer.status != StatusCode::OK {
            *self.refused.entry(answer.status.as_u16()).or_default() += 1;
            return answer.status == StatusCode::SERVICE_UNAVAILABLE;
        }
        match parse_index(&answer.body) {
            Some(index) => {
                self.acknowledged.push(Acknowledged { index, number });
                // More than an hour is told as an hour.
                self.latencies.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
            }
            None => self.malformed += 1,
        }
        false
    }

    fn add(&mut self, other: Self) {
        self.acknowledged.extend(other.acknowledged);
        self.latencies.extend(other.latencies);
        for (status, count) in other.refused {
            *self.refused.entry(status).or_default() += count;
        }
        self.malformed += other.malformed;
    }

    /// Acknowledged entries per second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.acknowledged.len() as f64 / self.took.as_secs_f64()
    }

    /// A quantile of the latencies, 0 to 1, in milliseconds: so many of them are no longer. 0 without any.
    #[must_use]
    pub fn latency_ms(&self, quantile: f64) -> f64 {
        let rank = (quantile * self.latencies.len() as f64).ceil() as usize;
        let found = self.latencies.get(rank.saturating_sub(1));
        f64::from(found.copied().unwrap_or_default()) / 1000.0
    }
}

/// Digits only, no sign, no leading zero, no line break: what the ecosystem's tools read.
fn parse_index(body: &[u8]) -> Option<u64> {
    spec::encoding::parse_decimal(std::str::from_utf8(body).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bare_digits_are_an_index() {
        assert_eq!(parse_index(b"0"), Some(0));
        assert_eq!(parse_index(b"1234"), Some(1234));
        for wrong in [&b""[..], b"1\n", b" 1", b"+1", b"01", b"1.0", b"{}", b"\xff"] {
            assert_eq!(parse_index(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn answers_are_told_apart() {
        let answer = |status, body: &'static str| Answer { status, body: body.into() };
        let mut driven = Driven::new();
        let took = Duration::from_millis(2);
        assert!(!driven.note(&answer(StatusCode::OK, "7"), 3, took));
        assert!(!driven.note(&answer(StatusCode::OK, "7\n"), 4, took));
        assert!(!driven.note(&answer(StatusCode::BAD_REQUEST, "no"), 5, took));
        assert!(driven.note(&answer(StatusCode::SERVICE_UNAVAILABLE, "later"), 6, took));
        assert_eq!(driven.acknowledged, [Acknowledged { index: 7, number: 3 }]);
        assert_eq!((driven.malformed, driven.refused.len()), (1, 2));
        assert!((driven.latency_ms(0.5) - 2.0).abs() < 0.01);
    }

    #[test]
    fn a_quantile_is_the_latency_that_so_many_do_not_exceed() {
        let with = |latencies| Driven { latencies, ..Driven::new() };
        let ten = with((1..=10).map(|ms| ms * 1000).collect());
        for (quantile, ms) in
            [(0.0, 1.0), (0.1, 1.0), (0.5, 5.0), (0.51, 6.0), (0.99, 10.0), (1.0, 10.0)]
        {
            assert!((ten.latency_ms(quantile) - ms).abs() < 1e-9, "{quantile}");
        }
        assert!(with(Vec::new()).latency_ms(0.5).abs() < 1e-9);
    }
}
