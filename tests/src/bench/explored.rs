//! The explorer's pages beside the smallest read there is: a tile.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use hyper::StatusCode;

use super::table::Row;
use super::{BenchError, Scale};
use crate::load::client::Connection;
use crate::seed::Seed;

/// How often each page is asked for; a tenth of it in a short run.
const ASKED: usize = 1000;

/// One reader asks for the start page, for entries anywhere in the log, and for tiles, in turn.
pub async fn row(scale: &Scale, address: SocketAddr) -> Result<Row, BenchError> {
    let mut connection = Connection::open(address).await?;
    let mut seed = Seed::new(scale.entries);
    let asked = if scale.turns > 1 { ASKED } else { ASKED / 10 };
    let (mut start, mut entry, mut tile) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..asked {
        let index = seed.below(scale.entries as usize);
        start.push(timed(&mut connection, "/").await?);
        entry.push(timed(&mut connection, &format!("/entry/{index}")).await?);
        tile.push(timed(&mut connection, "/tile/0/000").await?);
    }
    let what = format!("explorer, {} M entries: start page, an entry", scale.entries as f64 / 1e6);
    let ours = format!(
        "p50 {} and {} ms, p99 {} and {} ms",
        at(&mut start, 50),
        at(&mut entry, 50),
        at(&mut start, 99),
        at(&mut entry, 99)
    );
    Ok(Row::new(&what, ours, format!("GET of a tile: p50 {} ms", at(&mut tile, 50))))
}

async fn timed(connection: &mut Connection, path: &str) -> Result<Duration, BenchError> {
    let before = Instant::now();
    let answer = connection.get(path).await?;
    if answer.status == StatusCode::OK {
        return Ok(before.elapsed());
    }
    Err(BenchError::Broken(format!("{path}: {}", answer.status)))
}

/// A percentile in milliseconds.
fn at(times: &mut [Duration], percent: usize) -> String {
    times.sort_unstable();
    let index = (times.len() * percent / 100).min(times.len() - 1);
    format!("{:.2}", times[index].as_secs_f64() * 1e3)
}
