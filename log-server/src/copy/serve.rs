//! Hands a tree of files out over HTTP: `checkpoint`, tiles and bundles, nothing else.
//!
//! Rule: C2SP tlog-tiles, with its media types and caching. Any web server can do this too; this one comes
//! with the limits that the log's own server has.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use spec::tile::Tile;

use crate::heads::CHECKPOINT;

/// The router over a folder.
pub fn router(folder: &Path) -> Router {
    Router::new().fallback(answer).with_state(Arc::new(folder.to_owned()))
}

async fn answer(State(folder): State<Arc<PathBuf>>, method: Method, uri: Uri) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here\n");
    }
    let path = uri.path().trim_start_matches('/');
    let (name, kind, caching) = match Tile::parse(path) {
        // The tile's own spelling, so nothing of the request becomes a path.
        Some(tile) => {
            (tile.to_string(), "application/octet-stream", "public, max-age=31536000, immutable")
        }
        None if path == CHECKPOINT => {
            (CHECKPOINT.to_owned(), "text/plain; charset=utf-8", "no-store")
        }
        None => return plain(StatusCode::NOT_FOUND, "here are /checkpoint and /tile/...\n"),
    };
    let Ok(bytes) = tokio::fs::read(folder.join(name)).await else {
        return plain(StatusCode::NOT_FOUND, "not here, or not yet\n");
    };
    let mut response = Response::new(Body::from(bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
