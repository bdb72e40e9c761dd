//! `GET /checkpoint` and the tiles: C2SP tlog-tiles, with its media types and caching.
//!
//! Tiles and bundles never change, the partial ones included: their width is in their name. What is
//! not there is 404 and is not to be cached, because it will be there.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Uri, header};
use axum::response::Response;
use spec::tile::{Tile, TileKind};

use super::gzip::accepts_gzip;
use super::problem::{Kind, Problem};
use super::{Api, text, typed};

/// What tiles and bundles are.
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// For a year, and never asked for again.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Not at all: the next checkpoint may be a millisecond away.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Reads the published checkpoint.
#[utoipa::path(
    get,
    path = "/checkpoint",
    tag = "tlog-tiles",
    description = "The published checkpoint: a signed note (C2SP tlog-checkpoint).",
    responses(
        (status = 200, description = "The note, with the witnesses' cosignatures", body = String, content_type = "text/plain"),
        (status = 503, description = "`not-ready`: the first checkpoint has no quorum of witnesses yet", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn checkpoint(State(api): State<Arc<Api>>) -> Result<Response, Problem> {
    let note = api.log.published().note.clone();
    if note.is_empty() {
        let detail = "no checkpoint is published yet: the witnesses have not cosigned the first";
        return Err(Problem::new(Kind::NotReady, detail).with("reasons", vec![detail]));
    }
    let mut response = text(note);
    response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
    Ok(response)
}

/// Reads a tile of hashes.
#[utoipa::path(
    get,
    path = "/tile/{level}/{index}",
    tag = "tlog-tiles",
    description = "Up to 256 hashes of one level, 32 bytes each (C2SP tlog-tiles). Never compressed.",
    params(
        ("level" = u8, Path, description = "0 to 63, without leading zeros"),
        ("index" = String, Path, description = "For example `x001/x234/067`, or `000.p/17` for a partial tile")
    ),
    responses(
        (status = 200, description = "The hashes", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "`not-found` or `beyond`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 500, description = "`damaged`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn tile(State(api): State<Arc<Api>>, uri: Uri) -> Result<Response, Problem> {
    let tile = parse(&uri)?;
    if tile.kind() == TileKind::Entries {
        return Err(no_tile());
    }
    let bytes = if api.log.tile_may_wait(tile) {
        let tiles = Arc::clone(&api);
        api.read(move |log| tiles.tiles.read(log, tile)).await?
    } else {
        // 8 KiB at most, from memory or the page cache: a switch of threads would cost more.
        api.tiles.read(&api.log, tile)?
    };
    let mut response = typed(OCTETS, bytes);
    response.headers_mut().insert(header::CACHE_CONTROL, IMMUTABLE);
    Ok(response)
}

/// Reads a bundle of entries.
#[utoipa::path(
    get,
    path = "/tile/entries/{index}",
    tag = "tlog-tiles",
    description = "Up to 256 entries, each behind its length as a big-endian u16 (C2SP tlog-tiles). \
        Compressed with gzip for clients that accept it.",
    params(("index" = String, Path, description = "For example `x001/x234/067`, or `000.p/17`")),
    responses(
        (status = 200, description = "The entries", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "`not-found` or `beyond`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 500, description = "`damaged`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "`overloaded`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn bundle(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response, Problem> {
    let tile = parse(request.uri())?;
    let gzip = accepts_gzip(request.headers());
    let (bytes, compressed) = api.bundles.read(&api, tile, gzip).await?;
    let mut response = typed(OCTETS, bytes);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, IMMUTABLE);
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if compressed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

fn parse(uri: &Uri) -> Result<Tile, Problem> {
    uri.path().strip_prefix('/').and_then(Tile::parse).ok_or_else(no_tile)
}

fn no_tile() -> Problem {
    let detail = "not the path of a tile; one looks like /tile/0/x001/x234/067 or /tile/0/000.p/17";
    Problem::new(Kind::NotFound, detail)
}
