//! Proofs: what a client could compute from the tiles itself, for those who would rather ask.
//!
//! A `.tlog-proof` needs a signed checkpoint of its tree, and the log keeps the newest one only. So
//! `GET /proof/<index>` answers a whole proof in the published tree; with `?size=` it answers the bare
//! hashes in an earlier tree, for those who kept that tree's checkpoint. Which of the two it is
//! depends on the request alone, never on what happens to be published at the moment.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, Uri, header};
use axum::response::Response;
use bytes::Bytes;
use spec::Hash;
use spec::encoding::decode_hex;
use spec::note::Note;
use spec::proof::Proof;

use super::problem::{Kind, Problem};
use super::{Api, decimal, query_values, text};
use crate::answer::{Published, ReadError};
use crate::log::Log;

/// The next proof in the published tree may differ.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Proves that an entry is in the log.
#[utoipa::path(
    get,
    path = "/proof/{index}",
    tag = "proofs",
    description = "Without `size`: a `.tlog-proof` (C2SP tlog-proof) in the published tree, with the \
        entry as its extra data. With `size`: the inclusion proof in the tree of that size, at \
        most the published one, as bare hashes, one base64 hash per line, from the leaf's \
        sibling up.",
    params(
        ("index" = u64, Path, description = "The entry's index"),
        ("size" = Option<u64>, Query, description = "An earlier tree's size")
    ),
    responses(
        (status = 200, description = "The proof, or its hashes", body = String, content_type = "text/plain"),
        (status = 400, description = "`bad-request`, `impossible`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "`beyond`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn proof(State(api): State<Arc<Api>>, uri: Uri) -> Result<Response, Problem> {
    let index = decimal("index", uri.path().trim_start_matches("/proof/"))?;
    let [size] = query_values(uri.query(), ["size"])?;
    if let Some(size) = size {
        let size = decimal("size", size)?;
        let hashes = api.read(move |log| log.prove_inclusion(index, size)).await?;
        return Ok(text(hash_lines(&hashes)));
    }
    let mut published = api.log.published();
    if index >= published.checkpoint.tree().size() {
        // May wait for a look at what other servers have published.
        published = api.read(move |log| log.published_with(index)).await;
    }
    proof_in(&api, index, &published).await
}

/// The `.tlog-proof` of an entry in one published tree.
///
/// The index is compared with that very tree: the log may publish a larger one at any moment, and an
/// entry that only the larger one covers has no proof in this one.
pub(super) async fn proof_in(
    api: &Api,
    index: u64,
    published: &Published,
) -> Result<Response, Problem> {
    let size = published.checkpoint.tree().size();
    if index >= size {
        return Err(ReadError::Beyond { published: size }.into());
    }
    // In one turn: between two an entry of 64 kB would wait with all others.
    let work = move |log: &Log| Ok((log.entry(index)?, log.prove_inclusion(index, size)?));
    let read: Result<(Bytes, Vec<Hash>), ReadError> = if api.log.is_entry_in_memory(index) {
        api.read(work).await
    } else {
        api.read_bundle(work).await
    };
    let (entry, hashes) = read?;
    let note = Note::parse(&published.note).expect("what the log published is a note it made");
    let proof = Proof::new(Some(entry.to_vec()), index, hashes, note);
    let mut response = text(proof.to_bytes());
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    Ok(response)
}

/// Proves that one tree continues another.
#[utoipa::path(
    get,
    path = "/consistency",
    tag = "proofs",
    description = "The consistency proof (RFC 6962, section 2.1.2) between two sizes of this log, \
        one base64 hash per line; empty when there is nothing to prove.",
    params(
        ("from" = u64, Query, description = "The smaller size"),
        ("to" = u64, Query, description = "The larger size, at most the published one")
    ),
    responses(
        (status = 200, description = "The hashes", body = String, content_type = "text/plain"),
        (status = 400, description = "`bad-request`, `impossible`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "`beyond`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn consistency(
    State(api): State<Arc<Api>>,
    uri: Uri,
) -> Result<Response, Problem> {
    let [Some(from), Some(to)] = query_values(uri.query(), ["from", "to"])? else {
        let detail = "both sizes are needed: /consistency?from=SIZE&to=SIZE";
        return Err(Problem::new(Kind::BadRequest, detail));
    };
    let (from, to) = (decimal("from", from)?, decimal("to", to)?);
    let hashes = api.read(move |log| log.prove_consistency(from, to)).await?;
    Ok(text(hash_lines(&hashes)))
}

/// Finds an entry by its leaf hash.
#[utoipa::path(
    get,
    path = "/lookup/{leaf}",
    tag = "proofs",
    description = "The index of the published entry with this leaf hash: digits only, without a \
        line break.",
    params(("leaf" = String, Path, description = "The leaf hash, 64 lower-case hexadecimal digits")),
    responses(
        (status = 200, description = "The index", body = String, content_type = "text/plain"),
        (status = 400, description = "`bad-request`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "`unknown-leaf`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "`index-not-ready`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn lookup(State(api): State<Arc<Api>>, uri: Uri) -> Result<Response, Problem> {
    let leaf = decode_hex(uri.path().trim_start_matches("/lookup/")).map_err(|_| {
        let detail = "a leaf hash is written as 64 lower-case hexadecimal digits";
        Problem::new(Kind::BadRequest, detail)
    })?;
    let found = api.read(move |log| log.lookup(Hash::from_bytes(leaf))).await?;
    let index = found.ok_or_else(|| {
        let detail = "no published entry has this leaf hash; a new entry is found once published";
        Problem::new(Kind::UnknownLeaf, detail)
    })?;
    Ok(text(index.to_string()))
}

fn hash_lines(hashes: &[Hash]) -> String {
    hashes.iter().map(|hash| format!("{hash}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::{add, api};

    #[tokio::test]
    async fn an_entry_is_beyond_the_tree_that_was_published_when_it_was_asked_for() {
        let (_folder, api) = api();
        assert_eq!(add(&api, b"first").await, 0);
        let published = api.log.published();
        assert_eq!(published.checkpoint.tree().size(), 1);
        // The race: the next checkpoint is published between the two looks of a request.
        assert_eq!(add(&api, b"second").await, 1);

        let refused = proof_in(&api, 1, &published).await.unwrap_err();
        assert_eq!(refused.kind(), Kind::Beyond);
        assert_eq!(refused.to_json()["published_size"], 1);
        assert!(proof_in(&api, 0, &published).await.is_ok());
        assert!(proof_in(&api, 1, &api.log.published()).await.is_ok());
    }

    #[tokio::test]
    async fn an_entry_does_not_hold_the_bundle_it_was_read_from() {
        let (_folder, api) = api();
        add(&api, b"first").await;
        let entries = (1..=256_u32).map(|at| api.log.check(&at.to_be_bytes()).unwrap()).collect();
        let answers = api.log.sequence_all(entries).await;
        assert!(answers.iter().all(Result::is_ok));
        let published = api.log.published_covering(257).await.unwrap();
        while api.log.status().sealed < 256 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        assert!(!api.log.is_entry_in_memory(7) && api.log.is_entry_in_memory(256));
        let entry = api.log.entry(7).unwrap();
        assert_eq!(*entry, 7_u32.to_be_bytes());
        // A part of a larger buffer would come back with the room behind it.
        assert_eq!(entry.try_into_mut().unwrap().capacity(), 4);
        for index in [7, 256] {
            assert!(proof_in(&api, index, &published).await.is_ok());
        }
    }
}
