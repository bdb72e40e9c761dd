//! `GET /openapi.json`: the API for programs, made from the handlers' own attributes.

use std::sync::OnceLock;

use axum::http::HeaderValue;
use axum::response::Response;
use bytes::Bytes;
use utoipa::{OpenApi, ToSchema};

use super::{add, explore, operate, prove, read, typed};

/// What the page is.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A problem document (RFC 9457). Kinds add members of their own; `spec/text/http.md` lists them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used; documents are built in `problem`")]
pub(super) struct ProblemDocument {
    /// Which kind: `urn:fiducial:problem:` and its name.
    r#type: String,
    /// The kind in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened here, and what to do.
    detail: String,
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Fiducial log",
        description = "A transparency log for manufacturing evidence: entries in, proofs out.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        explore::root,
        explore::entry,
        explore::source,
        explore::search,
        explore::verify,
        add::add,
        add::add_batch,
        read::checkpoint,
        read::tile,
        read::bundle,
        prove::proof,
        prove::consistency,
        prove::lookup,
        operate::healthz,
        operate::readyz,
        operate::metrics,
        openapi
    ),
    components(schemas(ProblemDocument))
)]
struct Page;

/// The page as JSON.
#[must_use]
pub fn document() -> String {
    Page::openapi().to_json().expect("a page of strings can be written as JSON")
}

/// Shows this page.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "operations",
    description = "This page.",
    responses((status = 200, description = "The page", content_type = "application/json"))
)]
pub(super) async fn openapi() -> Response {
    static PAGE: OnceLock<Bytes> = OnceLock::new();
    typed(JSON, PAGE.get_or_init(|| document().into()).clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::route::ROUTES;
    use std::collections::BTreeSet;

    #[test]
    fn the_page_lists_every_route_and_no_other() {
        let page: serde_json::Value = serde_json::from_str(&document()).unwrap();
        let mut listed = BTreeSet::new();
        for (path, methods) in page["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                listed.insert((path.clone(), method.clone()));
            }
        }
        let routes: BTreeSet<_> = ROUTES
            .iter()
            .map(|(_, path, method)| ((*path).to_owned(), (*method).to_owned()))
            .collect();
        assert_eq!(listed, routes);
    }
}
