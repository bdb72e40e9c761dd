//! `POST /add-batch` over several connections, every index checked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::{StatusCode, Uri};
use spec::encoding::parse_decimal;
use spec::tile::push_entry;
use tokio::task::JoinSet;

use super::BenchError;
use crate::load::client::{Answer, Connection};

/// How long to wait after a 503.
const BACK_OFF: Duration = Duration::from_millis(5);

/// One request: a body and how many entries it holds.
pub type Batch = (Bytes, usize);

/// Puts entries into one body, each behind its length.
#[must_use]
pub fn batch<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Batch {
    let (mut body, mut count) = (Vec::new(), 0);
    for entry in entries {
        push_entry(&mut body, entry);
        count += 1;
    }
    (body.into(), count)
}

/// Sends all batches that `next` gives, over `connections`; the time it took.
///
/// Every answer must hold one index a line, as many as the batch has entries.
pub async fn send<F>(
    address: SocketAddr,
    connections: usize,
    next: F,
) -> Result<Duration, BenchError>
where
    F: FnMut() -> Option<Batch> + Send + 'static,
{
    let next = Arc::new(Mutex::new(next));
    let mut open = Vec::with_capacity(connections);
    for _ in 0..connections {
        open.push(Connection::open(address).await?);
    }
    let started = Instant::now();
    let mut senders = JoinSet::new();
    for mut connection in open {
        let next = Arc::clone(&next);
        senders.spawn(async move {
            let uri = Uri::from_static("/add-batch");
            loop {
                let made = next.lock().expect("making a batch does not panic")();
                let Some((body, count)) = made else { return Ok::<_, BenchError>(()) };
                post(&mut connection, &uri, body, count).await?;
            }
        });
    }
    while let Some(ended) = senders.join_next().await {
        ended.expect("a sender does not panic")?;
    }
    Ok(started.elapsed())
}

async fn post(
    connection: &mut Connection,
    uri: &Uri,
    body: Bytes,
    count: usize,
) -> Result<(), BenchError> {
    loop {
        let answer = connection.post(uri, body.clone()).await?;
        if answer.status != StatusCode::SERVICE_UNAVAILABLE {
            return check(&answer, count);
        }
        tokio::time::sleep(BACK_OFF).await;
    }
}

fn check(answer: &Answer, count: usize) -> Result<(), BenchError> {
    let text = String::from_utf8_lossy(&answer.body);
    if answer.status != StatusCode::OK {
        return Err(BenchError::Broken(format!("/add-batch: {}: {text}", answer.status)));
    }
    let indices: Result<Vec<u64>, _> = text.lines().map(parse_decimal).collect();
    match indices {
        Ok(indices) if indices.len() == count => Ok(()),
        _ => Err(BenchError::Broken(format!("/add-batch did not answer {count} indices"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_entries_behind_their_lengths() {
        let (body, count) = batch([&b"ab"[..], b"c"]);
        assert_eq!((&body[..], count), (&b"\0\x02ab\0\x01c"[..], 2));
    }

    #[test]
    fn an_answer_has_one_index_a_line() {
        let answer = |body: &'static str| Answer { status: StatusCode::OK, body: body.into() };
        assert!(check(&answer("0\n1\n"), 2).is_ok());
        assert!(check(&answer("0\n1"), 2).is_ok());
        assert!(check(&answer("0\n"), 2).is_err());
        assert!(check(&answer("0\nx\n"), 2).is_err());
    }
}
