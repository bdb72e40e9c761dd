//! `POST /add` and `POST /add-batch`: entries in.
//!
//! An index in the answer is a promise: the entry is durable at that index for ever. Adding the same
//! bytes again gives the same index, so whoever is unsure whether a request arrived sends it again.

use std::sync::{Arc, OnceLock};

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use rayon::prelude::*;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::body::Received;
use super::connection::Peer;
use super::limit::Client;
use super::problem::{Kind, Problem};
use super::{Api, prove, query_values, text};
use crate::admission::Submission;
use crate::answer::{AddError, Sequenced};
use crate::log::Log;
use crate::number;
use crate::witnesses::board::Missing;

/// The most bytes of a batch, lengths included.
pub const MAX_BATCH_SIZE: usize = 8 * 1024 * 1024;

/// The most entries of a batch: one index needs far more memory than one byte of an entry.
pub const MAX_BATCH_ENTRIES: usize = 4096;

/// Adds one entry.
#[utoipa::path(
    post,
    path = "/add",
    tag = "entries",
    description = "Answers once the entry is durable: the decimal index, digits only, without a \
        line break. With `wait=witnessed` it answers once a published checkpoint covers the entry: \
        a `.tlog-proof` (C2SP tlog-proof) with the entry as its extra data. The same bytes again \
        get the same index.",
    params(("wait" = Option<String>, Query, description = "`sequenced` (default) or `witnessed`")),
    request_body(
        content = Vec<u8>,
        content_type = "application/octet-stream",
        description = "The entry, 1 to 65,535 bytes"
    ),
    responses(
        (status = 200, description = "The index, or the proof", body = String, content_type = "text/plain"),
        (status = 400, description = "`empty-entry`, `not-a-statement`, `bad-request`, `incomplete-body`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 403, description = "`bad-signature`, `unknown-source`, `source-disabled`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 408, description = "`request-timeout`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "`sequence-taken`, `wrong-place`, `after-mismatch`, `after-went-back`, `after-unpublished`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "`too-large`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "`wrong-log`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "`rate-limited`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "`overloaded`, `not-witnessed` (with the index), `stopped`, `storage`, `index-not-ready`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn add(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let witnessed = match query_values(parts.uri.query(), ["wait"])? {
        [None | Some("sequenced")] => false,
        [Some("witnessed")] => true,
        [Some(_)] => {
            let detail = "wait is `sequenced` or `witnessed`";
            return Err(Problem::new(Kind::BadRequest, detail));
        }
    };
    let client = Peer::client(&parts.extensions);
    // Not needed while the entry waits for its commit.
    drop(parts);
    let received = api.options.bodies.read_entry(body, client).await?;
    if witnessed {
        // Boxed, since every request's future would be as large as the largest part of it.
        return Box::pin(add_and_wait(&api, received, client)).await;
    }
    let sequenced = sequence_one(&api, received).await?;
    Ok(text(sequenced.index.to_string()))
}

/// Adds an entry, unless it is in the log already.
async fn sequence_one(api: &Api, received: Received) -> Result<Sequenced, AddError> {
    let log = &api.log;
    let judged = if log.judging_may_wait(&received.bytes) {
        let entry = received.bytes.clone();
        // Boxed, so that the others' futures do not carry it.
        Box::pin(api.read(move |log| judge_one(log, &entry))).await?
    } else {
        judge_one(log, &received.bytes)?
    };
    // The submission has its own copy; the body's memory is free for the next request.
    drop(received);
    match judged {
        Judged::Known(sequenced) => Ok(sequenced),
        Judged::New(submission) => log.sequence(submission).await,
    }
}

async fn add_and_wait(
    api: &Api,
    received: Received,
    client: Option<Client>,
) -> Result<Response, Problem> {
    // Taken first: who cannot wait is told before anything is promised.
    let mut place = api.receipts.room(client);
    place.grow_to(1).map_err(|_| {
        let detail = "too many requests wait for receipts; add without waiting, then GET /proof";
        Problem::new(Kind::Overloaded, detail)
    })?;
    // The wait may be long, and others need the memory: the entry is read back for its receipt.
    let Sequenced { index, .. } = sequence_one(api, received).await?;
    let covered = timeout(api.options.wait_time, api.log.published_covering(index + 1));
    let covered = tokio::select! {
        // First what is published: the same entry again gets its receipt during an outage too.
        biased;
        covered = covered => covered.ok(),
        () = api.log.quorum_outage() => None,
    };
    match covered {
        Some(Ok(published)) => prove::proof_in(api, index, &published).await,
        Some(Err(fatal)) => Err(Problem::from(fatal).with("index", index)),
        None => Err(not_witnessed(api, index)),
    }
}

fn not_witnessed(api: &Api, index: u64) -> Problem {
    let waiting = api.log.status().witnessing.and_then(|witnessing| witnessing.waiting);
    let missing = match waiting.map(|waiting| waiting.missing) {
        Some(Missing::Named(names)) => format!("; witnesses missing: {}", names.join(", ")),
        Some(Missing::Elsewhere) | None => String::new(),
    };
    let detail = format!(
        "entry {index} is durable, but no published checkpoint covers it yet; \
         GET /proof/{index} later{missing}"
    );
    Problem::new(Kind::NotWitnessed, detail).with("index", index)
}

/// Adds entries together.
#[utoipa::path(
    post,
    path = "/add-batch",
    tag = "entries",
    description = "Each entry behind its length as a big-endian u16. A batch whose framing is \
        wrong adds nothing. Otherwise every entry is judged by itself, in order, and those \
        that are accepted are committed together; the answer is one decimal index per line. If any \
        is refused, the problem lists every refusal with its position, and `indices` holds the \
        index of each accepted entry and null for the others: what has an index is committed.",
    request_body(
        content = Vec<u8>,
        content_type = "application/octet-stream",
        description = "At most 8 MiB and 4,096 entries"
    ),
    responses(
        (status = 200, description = "One index per line, in order", body = String, content_type = "text/plain"),
        (status = 400, description = "`bad-batch`, `incomplete-body`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "`too-large`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "`batch-refused`, with `indices` and `refused`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "`rate-limited`: each entry counts as a request", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "`overloaded`, `stopped`, `storage`, `index-not-ready`: nothing was committed", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn add_batch(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response, Problem> {
    query_values(request.uri().query(), [])?;
    let (parts, body) = request.into_parts();
    let received = api.options.bodies.read_batch(body, Peer::client(&parts.extensions)).await?;
    let entries = parse_batch(&received.bytes)?;
    Peer::check_entries(&parts.extensions, entries.len())?;
    // Thousands of signatures take a tenth of a second: on all cores, and not on a thread that
    // serves requests.
    let judged = api.read(move |log| judge(log, &entries)).await;
    let answers = sequence(&api.log, judged).await;
    answer(&answers)
}

/// What an entry is before it waits for its turn.
enum Judged {
    /// It is in the log, which is final: nothing else of it is looked at.
    Known(Sequenced),
    /// It is right in itself.
    New(Submission),
}

fn judge(log: &Log, entries: &[Bytes]) -> Vec<Result<Judged, AddError>> {
    // Where a store is away each look into it takes its whole patience: for one entry, not for thousands.
    let away: OnceLock<AddError> = OnceLock::new();
    let judge_next = |entry: &Bytes| {
        if let Some(error) = away.get()
            && log.judging_may_wait(entry)
        {
            return Err(error.clone());
        }
        let judged = judge_one(log, entry);
        if let Err(error @ AddError::Storage(_)) = &judged {
            let _ = away.set(error.clone());
        }
        judged
    };
    entries.par_iter().map(judge_next).collect()
}

fn judge_one(log: &Log, entry: &[u8]) -> Result<Judged, AddError> {
    match log.known(entry)? {
        Some(sequenced) => Ok(Judged::Known(sequenced)),
        None => log.check(entry).map(Judged::New),
    }
}

/// Commits what was accepted, and puts the answers back in the order of the batch.
async fn sequence(
    log: &Log,
    judged: Vec<Result<Judged, AddError>>,
) -> Vec<Result<Sequenced, AddError>> {
    let mut accepted = Vec::with_capacity(judged.len());
    let mut places = Vec::with_capacity(judged.len());
    for judgement in judged {
        places.push(match judgement {
            Ok(Judged::Known(sequenced)) => Some(Ok(sequenced)),
            Ok(Judged::New(submission)) => {
                accepted.push(submission);
                None
            }
            Err(error) => Some(Err(error)),
        });
    }
    let mut sequenced = log.sequence_all(accepted).await.into_iter();
    let mut next = || sequenced.next().expect("one answer for each accepted entry");
    places.into_iter().map(|place| place.unwrap_or_else(&mut next)).collect()
}

fn answer(answers: &[Result<Sequenced, AddError>]) -> Result<Response, Problem> {
    let refused: Vec<(usize, Problem)> = answers
        .iter()
        .enumerate()
        .filter_map(|(position, answer)| {
            Some((position, Problem::from(answer.as_ref().err()?.clone())))
        })
        .collect();
    let Some((_, first)) = refused.first() else {
        let mut lines = String::with_capacity(answers.len() * 8);
        for sequenced in answers.iter().flatten() {
            lines.push_str(&sequenced.index.to_string());
            lines.push('\n');
        }
        return Ok(text(lines));
    };
    // A log that takes nothing now says so once, with its own status, not once for each entry.
    let same = refused.iter().all(|(_, problem)| problem.kind() == first.kind());
    if refused.len() == answers.len() && same && first.kind().row().status == 503 {
        return Err(first.clone());
    }
    let retry_after = refused.iter().filter_map(|(_, problem)| problem.retry_after_seconds()).max();
    let indices: Vec<Option<u64>> =
        answers.iter().map(|answer| answer.as_ref().ok().map(|found| found.index)).collect();
    let detail = format!(
        "{} of {} refused; those with an index are committed",
        refused.len(),
        number::of(answers.len(), "entry was", "entries were")
    );
    let listed: Vec<Value> = refused.into_iter().map(in_list).collect();
    Err(Problem::new(Kind::BatchRefused, detail)
        .with("indices", json!(indices))
        .with("refused", listed)
        .retry_after(retry_after))
}

fn in_list((position, problem): (usize, Problem)) -> Value {
    let mut document = problem.to_json();
    document["position"] = json!(position);
    document
}

/// Takes a batch apart. All of it is right, or nothing is taken.
fn parse_batch(bytes: &Bytes) -> Result<Vec<Bytes>, Problem> {
    let bad = |detail: String| Problem::new(Kind::BadBatch, detail);
    let mut entries = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let position = entries.len();
        if position == MAX_BATCH_ENTRIES {
            return Err(bad(format!("a batch has at most {MAX_BATCH_ENTRIES} entries")));
        }
        let Some((length, rest)) = bytes[at..].split_first_chunk::<2>() else {
            return Err(bad(format!("one byte is left where entry {position} has its length")));
        };
        let length = usize::from(u16::from_be_bytes(*length));
        if rest.len() < length {
            let left = rest.len();
            return Err(bad(format!("entry {position} has {length} bytes, but {left} are left")));
        }
        entries.push(bytes.slice(at + 2..at + 2 + length));
        at += 2 + length;
    }
    if entries.is_empty() { Err(bad("the batch is empty".to_owned())) } else { Ok(entries) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::RECEIPTS_PER_CLIENT;

    fn batch(entries: &[&[u8]]) -> Bytes {
        let mut bytes = Vec::new();
        for entry in entries {
            spec::tile::push_entry(&mut bytes, entry);
        }
        bytes.into()
    }

    #[test]
    fn a_batch_is_taken_apart() {
        let entries = parse_batch(&batch(&[b"one", b"", b"three"])).unwrap();
        assert_eq!(entries, [&b"one"[..], b"", b"three"]);
    }

    #[test]
    fn a_malformed_batch_is_refused_whole() {
        let whole = batch(&[b"one", b"two"]);
        for end in 1..whole.len() {
            // Cut behind the first entry, what is left is a batch of one.
            let cut = parse_batch(&whole.slice(..end));
            assert_eq!(cut.is_ok(), end == 5, "{end}");
        }
        assert_eq!(parse_batch(&Bytes::new()).unwrap_err().kind(), Kind::BadBatch);
        let many = batch(&vec![&b"x"[..]; MAX_BATCH_ENTRIES + 1]);
        assert_eq!(parse_batch(&many).unwrap_err().kind(), Kind::BadBatch);
        assert!(parse_batch(&many.slice(3..)).is_ok());
    }

    #[test]
    fn refusals_keep_their_positions() {
        let taken = Sequenced { index: 7, known: false };
        let answers = [Ok(taken), Err(AddError::Empty), Err(AddError::Overloaded)];
        let problem = answer(&answers).unwrap_err();
        assert_eq!(problem.kind(), Kind::BatchRefused);
        assert_eq!(problem.retry_after_seconds(), Some(1));
        let document = problem.to_json();
        assert_eq!(document["indices"], json!([7, null, null]));
        assert_eq!(document["refused"][0]["position"], 1);
        assert_eq!(document["refused"][1]["type"], "urn:fiducial:problem:overloaded");
    }

    #[tokio::test]
    async fn a_client_has_its_share_of_the_places_for_those_who_wait() {
        let (_folder, api) = crate::http::tests::api();
        crate::http::tests::add(&api, b"first").await;
        let client = |last: u8| Some(Client::of(([192, 0, 2, last], 9).into()));
        let wait = async |entry: &'static str, client| {
            let received = api.options.bodies.read_entry(entry.into(), client).await.unwrap();
            add_and_wait(&api, received, client).await
        };
        let mut places = api.receipts.room(client(1));
        places.grow_to(RECEIPTS_PER_CLIENT).unwrap();
        let refused = wait("second", client(1)).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Overloaded);
        assert_eq!(api.log.status().sequenced, 1, "nothing was added");
        assert!(wait("second", client(2)).await.is_ok());
        drop(places);
        assert!(wait("third", client(1)).await.is_ok());
    }

    #[test]
    fn a_log_that_takes_nothing_says_so_once() {
        let answers = [Err(AddError::Overloaded), Err(AddError::Overloaded)];
        assert_eq!(answer(&answers).unwrap_err().kind(), Kind::Overloaded);
        let answers = [Err(AddError::Empty), Err(AddError::Empty)];
        assert_eq!(answer(&answers).unwrap_err().kind(), Kind::BatchRefused);
    }
}
