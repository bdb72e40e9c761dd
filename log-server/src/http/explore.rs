//! The log's pages for people: which page is asked for, in which language, and how it is sent.
//!
//! What is on them is made in [`crate::explorer`]. A page is HTML whatever a client accepts; what goes
//! wrong is a page for browsers, which say that they accept HTML, and a problem document for others.
//! The start has a plain text for others as well.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use spec::Hash;
use spec::encoding::{decode_hash, decode_hex, parse_decimal};
use spec::key::KeyName;

use super::problem::{Kind, Problem};
use super::{Api, operate, query_values, typed};
use crate::admission::Admission;
use crate::answer::ReadError;
use crate::explorer::language::Reader;
use crate::explorer::link::{Link, SourcePath, decode};
use crate::explorer::{
    Fault, Over, Page, content_security_policy, entry_page, fault_page, home_page, read,
    source_page,
};
use crate::log::Log;
use crate::publisher::unix_seconds;

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// A page depends on both: HTML or not, and in which language.
const VARY: HeaderValue = HeaderValue::from_static("accept, accept-language");

/// The verifier's page may be kept, and is asked for again each time.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// The most bytes of what is searched for, as it stands in the query.
const MAX_SEARCH_SIZE: usize = 1024;

/// Shows the log.
#[utoipa::path(
    get,
    path = "/",
    tag = "pages",
    description = "For browsers, a page: the tree head, the witnesses, the growth, the newest entries. For \
        clients that do not accept `text/html`, which log this is, its keys and the paths, as text.",
    params(
        ("lang" = Option<String>, Query, description = "`en` or `zh`; else by Accept-Language"),
        ("span" = Option<String>, Query, description = "Of the growth: `day`, `month` or `all`")
    ),
    responses((status = 200, description = "The page", body = String, content_type = "text/html"))
)]
pub(super) async fn root(State(api): State<Arc<Api>>, request: Request) -> Response {
    if !accepts_html(request.headers()) {
        let mut plain = operate::plain(&api);
        plain.headers_mut().insert(header::VARY, VARY);
        return plain;
    }
    let mut client = Asking::of(&request);
    let asked = client.parameters(&request, ["span", "lang"]).and_then(|([span, _], reader)| {
        let over = span.map_or(Some(Over::All), Over::parse).ok_or(Fault::Address)?;
        Ok((over, reader))
    });
    let made = match asked {
        Ok((over, reader)) => home(&api, over, reader).await,
        Err(fault) => Err(fault),
    };
    client.answer(made)
}

async fn home(api: &Api, over: Over, reader: Reader) -> Result<Page, Fault> {
    let explorer = api.options.explorer.clone();
    let work = move |log: &Log| {
        let newest = read::newest(log)?;
        Ok(home_page(log, &explorer, &newest, reader, over, unix_seconds()))
    };
    let published = api.log.published().checkpoint.tree().size();
    read_near(api, published.saturating_sub(read::NEWEST), work).await
}

/// Reads what begins at an entry: from memory if it is there, else in the turns of bundles.
async fn read_near(
    api: &Api,
    index: u64,
    work: impl FnOnce(&Log) -> Result<Page, ReadError> + Send + 'static,
) -> Result<Page, Fault> {
    let made = if api.log.is_entry_in_memory(index) {
        api.read(work).await
    } else {
        api.read_bundle(work).await
    };
    made.map_err(Fault::from)
}

/// Shows an entry.
#[utoipa::path(
    get,
    path = "/entry/{index}",
    tag = "pages",
    description = "A page: what the entry holds, and its inclusion proof step by step.",
    params(
        ("index" = u64, Path, description = "The entry's index"),
        ("lang" = Option<String>, Query, description = "`en` or `zh`; else by Accept-Language")
    ),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 400, description = "`bad-request`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "`beyond`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn entry(State(api): State<Arc<Api>>, request: Request) -> Response {
    let mut client = Asking::of(&request);
    let asked = client.parameters(&request, ["lang"]).and_then(|(_, reader)| {
        let index = request.uri().path().trim_start_matches("/entry/");
        Ok((parse_decimal(index).map_err(|_| Fault::Address)?, reader))
    });
    let made = match asked {
        Ok((index, reader)) => {
            // The neighbours in a source's chain are elsewhere: always in the turns of bundles.
            let work = move |log: &Log| {
                let published = log.published_with(index);
                Ok(entry_page(&read::entry(log, index, published)?, reader))
            };
            api.read_bundle(work).await.map_err(|error: ReadError| Fault::from(error))
        }
        Err(fault) => Err(fault),
    };
    client.answer(made)
}

/// Shows a source's chain.
#[utoipa::path(
    get,
    path = "/source/{name}",
    tag = "pages",
    description = "A page: the published statements of one source, the newest first, 25 at a time.",
    params(
        ("name" = String, Path, description = "The source's name, percent-encoded but for unreserved letters and slashes; any other spelling is sent on to that one"),
        ("before" = Option<u64>, Query, description = "Only statements with a lower sequence"),
        ("lang" = Option<String>, Query, description = "`en` or `zh`; else by Accept-Language")
    ),
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        (status = 308, description = "The name's one spelling"),
        (status = 400, description = "`bad-request`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "`not-found`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "`index-not-ready`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn source(State(api): State<Arc<Api>>, request: Request) -> Response {
    let mut client = Asking::of(&request);
    let asked =
        client.parameters(&request, ["before", "lang"]).and_then(|([before, _], reader)| {
            let before = before.map(parse_decimal).transpose().map_err(|_| Fault::Address)?;
            let spelled = request.uri().path().strip_prefix("/source/").unwrap_or_default();
            let name = SourcePath::decode(spelled).ok_or(Fault::Address)?;
            let path = SourcePath::new(&name).ok_or(Fault::NoSource)?;
            let is_canonical = path.as_str() == spelled;
            Ok((name, path, is_canonical, before, reader))
        });
    let made = match asked {
        Ok((_, path, false, before, reader)) => {
            let to = reader.path(&Link::Source(path, before));
            return client.redirect(StatusCode::PERMANENT_REDIRECT, &to);
        }
        Ok((name, path, true, before, reader)) => {
            let work = move |log: &Log| {
                let chain = read::chain(log, name, before)?;
                Ok(chain.map(|chain| source_page(&chain, &path, before, reader)))
            };
            let read: Result<_, ReadError> = api.read_bundle(work).await;
            read.map_err(Fault::from).and_then(|page| page.ok_or(Fault::NoSource))
        }
        Err(fault) => Err(fault),
    };
    client.answer(made)
}

/// Finds an entry or a source.
#[utoipa::path(
    get,
    path = "/search",
    tag = "pages",
    description = "What the form of every page asks: leads to the page of the entry with this index or leaf \
        hash, or of the source with this name.",
    params(
        ("q" = String, Query, description = "An index, a leaf hash in hexadecimal digits or base64, or a source's name; percent-encoded"),
        ("lang" = Option<String>, Query, description = "`en` or `zh`; else by Accept-Language")
    ),
    responses(
        (status = 303, description = "The page that was meant"),
        (status = 400, description = "`bad-request`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "`unknown-leaf` or `not-found`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
        (status = 503, description = "`index-not-ready`", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn search(State(api): State<Arc<Api>>, request: Request) -> Response {
    let mut client = Asking::of(&request);
    let asked = client.parameters(&request, ["q", "lang"]).and_then(|([text, _], reader)| {
        let text = text.filter(|text| text.len() <= MAX_SEARCH_SIZE).ok_or(Fault::Search)?;
        Ok((decode(text, true).ok_or(Fault::Search)?, reader))
    });
    let found = match asked {
        Ok((text, reader)) => find(&api, text.trim()).await.map(|to| reader.path(&to)),
        Err(fault) => Err(fault),
    };
    match found {
        Ok(to) => client.redirect(StatusCode::SEE_OTHER, &to),
        Err(fault) => client.answer(Err(fault)),
    }
}

/// What somebody means by `text`.
async fn find(api: &Api, text: &str) -> Result<Link, Fault> {
    if text.is_empty() {
        return Ok(Link::Home);
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) && text.len() < 64 {
        return parse_decimal(text).map(Link::Entry).map_err(|_| Fault::Search);
    }
    let hash = decode_hex(&text.to_ascii_lowercase()).map(Hash::from_bytes);
    if let Ok(leaf) = hash.or_else(|_| decode_hash(text)) {
        let found = api.read(move |log| log.lookup(leaf)).await?;
        return found.map(Link::Entry).ok_or(Fault::NoLeaf);
    }
    let name = KeyName::parse(text).map_err(|_| Fault::Search)?;
    if api.log.admission() == Admission::Any {
        return Err(Fault::Search);
    }
    SourcePath::new(&name).map(|path| Link::Source(path, None)).ok_or(Fault::NoSource)
}

/// Hands out the verifier.
#[utoipa::path(
    get,
    path = "/verify",
    tag = "pages",
    description = "The verifier in a browser: one file that sends nothing. Only where the operator serves it.",
    responses(
        (status = 200, description = "The file", body = String, content_type = "text/html"),
        (status = 304, description = "It is the file that the client has"),
        (status = 404, description = "`not-found`: it is not served here", body = super::openapi::ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn verify(State(api): State<Arc<Api>>, request: Request) -> Response {
    let mut client = Asking::of(&request);
    let Some(page) = &api.options.explorer.verify else {
        // The language of the words may be chosen; whatever else is asked for changes nothing.
        let _ = client.parameters(&request, ["lang"]);
        return client.answer(Err(Fault::NoVerifier));
    };
    let tag = page.tag();
    let known = request.headers().get(header::IF_NONE_MATCH);
    let mut response = if known.is_some_and(|known| known == tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        typed(HTML, page.bytes())
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, ASK_AGAIN);
    protect(headers, page.policy());
    response
}

/// Answers a path that is none.
pub(super) async fn not_found(request: Request) -> Response {
    if !accepts_html(request.headers()) {
        let detail = "no such path; GET /openapi.json lists what there is";
        return Problem::new(Kind::NotFound, detail).into_response();
    }
    Asking::of(&request).answer(Err(Fault::NoPage))
}

/// Who asks: in which language, and whether for HTML.
#[derive(Clone, Copy)]
struct Asking {
    /// By the headers, until the parameters are read.
    reader: Reader,
    html: bool,
}

impl Asking {
    fn of(request: &Request) -> Self {
        let headers = request.headers();
        let language = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let reader = Reader::of(None, language).expect("no parameter cannot be a wrong one");
        Self { reader, html: accepts_html(headers) }
    }

    /// The values of a query, the last of which is the language.
    fn parameters<'a, const N: usize>(
        &mut self,
        request: &'a Request,
        known: [&str; N],
    ) -> Result<([Option<&'a str>; N], Reader), Fault> {
        let values = query_values(request.uri().query(), known).map_err(|_| Fault::Address)?;
        if let Some(code) = values[N - 1] {
            self.reader = Reader::of(Some(code), None).ok_or(Fault::Address)?;
        }
        Ok((values, self.reader))
    }

    fn answer(self, made: Result<Page, Fault>) -> Response {
        let fault = match made {
            Ok(page) => return sent(page),
            Err(fault) => fault,
        };
        let problem = problem_of(&fault);
        if !self.html {
            let mut response = problem.into_response();
            response.headers_mut().insert(header::VARY, VARY);
            return response;
        }
        let mut response = sent(fault_page(&fault, problem.kind().row().status, self.reader));
        if let Some(seconds) = problem.retry_after_seconds() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn redirect(self, status: StatusCode, to: &str) -> Response {
        let mut response = status.into_response();
        let to = HeaderValue::try_from(to).expect("a path of ours is plain letters");
        response.headers_mut().insert(header::LOCATION, to);
        response.headers_mut().insert(header::CACHE_CONTROL, NO_STORE);
        response
    }
}

fn problem_of(fault: &Fault) -> Problem {
    let of = |kind| Problem::new(kind, format!("{}. {}", fault.title(), fault.detail()));
    match fault {
        Fault::Address | Fault::Search => of(Kind::BadRequest),
        Fault::Beyond { published } => ReadError::Beyond { published: *published }.into(),
        Fault::Damaged(what) => ReadError::Damaged(what.clone()).into(),
        Fault::IndexNotReady => ReadError::IndexNotReady.into(),
        Fault::NoLeaf => of(Kind::UnknownLeaf),
        Fault::NoPage | Fault::NoSource | Fault::NoVerifier => of(Kind::NotFound),
        Fault::Unreachable(why) => ReadError::Unreachable(why.clone()).into(),
    }
}

fn sent(page: Page) -> Response {
    let mut response = typed(HTML, page.html);
    *response.status_mut() =
        StatusCode::from_u16(page.status).expect("200, or a status of the table of problems");
    let headers = response.headers_mut();
    let cache = match page.max_age {
        0 => NO_STORE,
        seconds => HeaderValue::try_from(format!("public, max-age={seconds}"))
            .expect("digits are plain letters"),
    };
    headers.insert(header::CACHE_CONTROL, cache);
    headers.insert(header::VARY, VARY);
    protect(headers, HeaderValue::from_static(content_security_policy()));
    response
}

/// What a browser may do with a page.
fn protect(headers: &mut HeaderMap, policy: HeaderValue) {
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
}

/// Whether a client says that it takes HTML: browsers do, and programs say `*/*` or nothing.
fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.unwrap_or_default().split(',').any(|range| {
        let (kind, parameters) = range.split_once(';').unwrap_or((range, ""));
        kind.trim() == "text/html" && parameters.trim() != "q=0"
    })
}
