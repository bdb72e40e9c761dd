//! How long a store is asked, how often, and how it is left alone when it asks for that.
//!
//! An attempt has a time; a passing fault is tried again behind a pause that doubles, until the whole
//! has taken its time. Where a store answers "slow down", all requests to it wait, not only the one
//! that was told: else many of them would go on at the old rate, each in its own retry.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderMap, RETRY_AFTER};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::fault::Fault;

/// The pause behind the first failure, and behind the first "slow down".
const FIRST_PAUSE: Duration = Duration::from_millis(50);

/// The longest pause, whatever the store asks for.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long a store has.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For one attempt. A bundle of 16 MiB must fit.
    pub attempt: Duration,
    /// A read that has no answer by then is asked once more beside it.
    pub hedge: Duration,
    /// For a request with all its attempts.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(20),
            hedge: Duration::from_secs(1),
            whole: Duration::from_secs(45),
        }
    }
}

/// Until when a store is left alone.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    until: Option<Instant>,
    pause: Duration,
}

impl Throttle {
    /// Notes an answer: "slow down" makes all wait, and anything else ends the doubling.
    pub(crate) fn note(&self, status: StatusCode, headers: &HeaderMap) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            if status.is_success() {
                state.pause = Duration::ZERO;
            }
            return;
        }
        metrics::counter!("fiducial_log_object_throttles_total").increment(1);
        let now = Instant::now();
        // Many requests are told at once; together they double it once.
        if state.until.is_none_or(|until| until <= now) {
            state.pause = (state.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        }
        let asked = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let asked = Duration::from_secs(asked.unwrap_or(0)).min(LONGEST_PAUSE);
        let until = now + state.pause.max(asked);
        state.until = state.until.max(Some(until));
    }

    /// Waits until the store may be asked again.
    async fn wait(&self) {
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner).until;
        if let Some(until) = until {
            sleep_until(until).await;
        }
    }
}

/// Asks until it succeeds, fails for good, or the time is over.
pub(crate) async fn patiently<T, F>(
    patience: Patience,
    throttle: &Throttle,
    store: &str,
    attempt: impl Fn() -> F,
) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let end = Instant::now() + patience.whole;
    let mut pause = FIRST_PAUSE;
    loop {
        throttle.wait().await;
        let answer = timeout(patience.attempt, attempt()).await;
        let fault = match answer.unwrap_or_else(|_| Err(Fault::Slow { store: store.to_owned() })) {
            Ok(result) => return Ok(result),
            Err(fault) => fault,
        };
        if !fault.is_passing() || Instant::now() + pause >= end {
            return Err(fault);
        }
        metrics::counter!("fiducial_log_object_retries_total").increment(1);
        tracing::debug!(%fault, "asking the object store again");
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Asks a second time beside the first if that has no answer in a while, and takes what succeeds first.
pub(crate) async fn hedged<T, F>(after: Duration, attempt: impl Fn() -> F) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let first = attempt();
    tokio::pin!(first);
    tokio::select! {
        biased;
        answer = &mut first => return answer,
        () = sleep(after) => {}
    }
    metrics::counter!("fiducial_log_object_hedges_total").increment(1);
    let second = attempt();
    tokio::pin!(second);
    tokio::select! {
        answer = &mut first => match answer { Ok(result) => Ok(result), Err(_) => second.await },
        answer = &mut second => match answer { Ok(result) => Ok(result), Err(_) => first.await },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn slow() -> Fault {
        Fault::Slow { store: "s3://b".to_owned() }
    }

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_asked_again_and_what_does_not_is_said_at_once() {
        let patience = Patience::default();
        let throttle = Throttle::default();
        let asked = AtomicU32::new(0);
        let third = || async {
            if asked.fetch_add(1, Ordering::Relaxed) < 2 { Err(slow()) } else { Ok(7) }
        };
        assert_eq!(patiently(patience, &throttle, "s3://b", third).await, Ok(7));
        assert_eq!(asked.load(Ordering::Relaxed), 3);

        let bucket = Fault::Bucket { store: "s3://b".to_owned() };
        let never = || async {
            asked.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(bucket.clone())
        };
        let said = patiently(patience, &throttle, "s3://b", never).await;
        assert_eq!((said, asked.load(Ordering::Relaxed)), (Err(bucket.clone()), 4));
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_never_answers_is_given_up_in_bounded_time() {
        let patience = Patience::default();
        let before = Instant::now();
        let never = || std::future::pending::<Result<(), Fault>>();
        let said = patiently(patience, &Throttle::default(), "s3://b", never).await;
        assert_eq!(said, Err(slow()));
        assert!(before.elapsed() <= patience.whole + patience.attempt);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_down_makes_everyone_wait_longer_each_time_until_it_is_over() {
        let throttle = Throttle::default();
        let (none, mut asked) = (HeaderMap::new(), HeaderMap::new());
        let waited = async || {
            let before = Instant::now();
            throttle.wait().await;
            before.elapsed()
        };
        throttle.note(StatusCode::SERVICE_UNAVAILABLE, &none);
        throttle.note(StatusCode::SERVICE_UNAVAILABLE, &none);
        assert_eq!(waited().await, FIRST_PAUSE);
        throttle.note(StatusCode::TOO_MANY_REQUESTS, &none);
        assert_eq!(waited().await, FIRST_PAUSE * 2);
        throttle.note(StatusCode::OK, &none);
        assert_eq!(waited().await, Duration::ZERO);
        throttle.note(StatusCode::SERVICE_UNAVAILABLE, &none);
        assert_eq!(waited().await, FIRST_PAUSE);
        asked.insert(RETRY_AFTER, "3".parse().unwrap());
        throttle.note(StatusCode::TOO_MANY_REQUESTS, &asked);
        assert_eq!(waited().await, Duration::from_secs(3));
        asked.insert(RETRY_AFTER, "86400".parse().unwrap());
        throttle.note(StatusCode::TOO_MANY_REQUESTS, &asked);
        assert_eq!(waited().await, LONGEST_PAUSE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_read_is_asked_beside_itself_and_the_first_success_counts() {
        let after = Duration::from_secs(1);
        let asked = AtomicU32::new(0);
        let first_hangs = || {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            async move {
                if number == 0 { std::future::pending().await } else { Ok::<_, Fault>(number) }
            }
        };
        assert_eq!(hedged(after, first_hangs).await, Ok(1));
        let second_fails = || {
            let number = asked.fetch_add(1, Ordering::Relaxed);
            async move {
                if number == 3 {
                    return Err(slow());
                }
                sleep(after * 3).await;
                Ok(number)
            }
        };
        assert_eq!(hedged(after, second_fails).await, Ok(2));
        let quick = || async {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok::<_, Fault>(0)
        };
        assert_eq!((hedged(after, quick).await, asked.load(Ordering::Relaxed)), (Ok(0), 5));
    }
}
