//! HTTP: turns requests into calls on [`Log`], and answers into statuses. It decides nothing.
//!
//! The page in words, with every route and every problem, is `spec/text/http.md`.
//!
//! - `serve`, `connection`, `stream`, `tls`: sockets, time, and how a connection ends.
//! - `limit`, `budget`, `body`, `outgoing`: what clients may take.
//! - `route`, `meter`, `problem`: the tables.
//! - `tiles`, `gzip`: what is kept in memory of what was read.
//! - `add`, `read`, `prove`, `operate`, `explore`: the handlers. `openapi` is made from their attributes.
//!
//! Invariant: nothing a client sends is kept in memory without a bound that all clients share, and
//! nothing it sends is logged.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use axum::routing::{get, post};
use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;

use crate::explorer::Explorer;
use crate::log::Log;

mod add;
mod body;
mod budget;
mod connection;
mod explore;
mod gzip;
mod limit;
mod meter;
mod openapi;
mod operate;
mod outgoing;
pub mod problem;
mod prove;
mod read;
pub mod renewal;
pub mod route;
mod serve;
mod stream;
mod tiles;
pub mod tls;

pub use add::{MAX_BATCH_ENTRIES, MAX_BATCH_SIZE};
pub use body::Bodies;
pub use connection::Patience;
pub use limit::{Client, ClientLimits, Clients};
pub use meter::install_recorder;
pub use openapi::document as openapi_document;
pub use serve::{ServeOptions, runtime, serve};

use budget::Budget;
use problem::{Kind, Problem};

/// How many requests may wait for a published checkpoint at once.
const MAX_WAITING_FOR_RECEIPTS: usize = 4096;

/// How many of them may be one client's.
const RECEIPTS_PER_CLIENT: usize = MAX_WAITING_FOR_RECEIPTS / 4;

/// How many requests may read files at once; more wait their turn.
const MAX_READERS: usize = 32;

/// How many of them may read whole bundles, which have 16 MiB at most and are counted by nothing
/// else while they are read.
const MAX_BUNDLE_READERS: usize = 4;

/// Text as the C2SP pages ask for it.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// How to answer.
#[derive(Clone, Debug)]
pub struct ApiOptions {
    /// Reads bodies within their limits.
    pub bodies: Bodies,
    /// How long `?wait=witnessed` waits.
    pub wait_time: Duration,
    /// So many waiting entries mean that the log is not ready for more.
    pub waiting_entries: usize,
    /// Where `/metrics` comes from.
    pub metrics: Option<PrometheusHandle>,
    /// What the pages for people have besides the log.
    pub explorer: Explorer,
}

impl Default for ApiOptions {
    fn default() -> Self {
        Self {
            bodies: Bodies::default(),
            wait_time: Duration::from_secs(30),
            waiting_entries: crate::log::Limits::default().waiting_entries,
            metrics: None,
            explorer: Explorer::default(),
        }
    }
}

/// What the handlers share.
struct Api {
    log: Log,
    options: ApiOptions,
    /// Places for requests that wait, one each.
    receipts: Arc<Budget>,
    readers: Arc<Semaphore>,
    bundle_readers: Arc<Semaphore>,
    bundles: gzip::Bundles,
    tiles: tiles::Tiles,
}

impl Api {
    fn new(log: Log, options: ApiOptions) -> Self {
        Self {
            log,
            options,
            receipts: Arc::new(Budget::new(MAX_WAITING_FOR_RECEIPTS, RECEIPTS_PER_CLIENT)),
            readers: Arc::new(Semaphore::new(MAX_READERS)),
            bundle_readers: Arc::new(Semaphore::new(MAX_BUNDLE_READERS)),
            bundles: gzip::Bundles::new(),
            tiles: tiles::Tiles::default(),
        }
    }

    /// Runs what reads files on a thread that may block.
    async fn read<T: Send + 'static>(&self, work: impl FnOnce(&Log) -> T + Send + 'static) -> T {
        self.read_in_turn(&self.readers, work).await
    }

    /// Runs what reads a bundle from its file.
    async fn read_bundle<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Log) -> T + Send + 'static,
    ) -> T {
        self.read_in_turn(&self.bundle_readers, work).await
    }

    async fn read_in_turn<T: Send + 'static>(
        &self,
        turns: &Arc<Semaphore>,
        work: impl FnOnce(&Log) -> T + Send + 'static,
    ) -> T {
        let turn = Arc::clone(turns).acquire_owned().await;
        let turn = turn.expect("the semaphore is never closed");
        let log = self.log.clone();
        // The turn goes with the work: a client that hangs up does not end what it has begun.
        let (read, _turn) = tokio::task::spawn_blocking(move || (work(&log), turn))
            .await
            .expect("reading does not panic, and the runtime outlives its requests");
        read
    }
}

/// The router of a log.
pub fn router(log: Log, options: ApiOptions) -> Router {
    let api = Api::new(log, options);
    Router::new()
        .route("/", get(explore::root))
        .route("/add", post(add::add))
        .route("/add-batch", post(add::add_batch))
        .route("/checkpoint", get(read::checkpoint))
        .route("/tile/entries/{*index}", get(read::bundle))
        .route("/tile/{*tile}", get(read::tile))
        .route("/proof/{index}", get(prove::proof))
        .route("/consistency", get(prove::consistency))
        .route("/lookup/{leaf}", get(prove::lookup))
        .route("/entry/{index}", get(explore::entry))
        .route("/source/{*name}", get(explore::source))
        .route("/search", get(explore::search))
        .route("/verify", get(explore::verify))
        .route("/healthz", get(operate::healthz))
        .route("/readyz", get(operate::readyz))
        .route("/metrics", get(operate::metrics))
        .route("/openapi.json", get(openapi::openapi))
        .fallback(explore::not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Arc::new(api))
}

/// A router that reads the body of `POST /add` as the log does and answers a constant.
///
/// What [`serve`] makes of it is the cost of HTTP alone, for benchmarks to compare with.
pub fn constant_router() -> Router {
    async fn constant(State(bodies): State<Bodies>, request: Request) -> Result<Response, Problem> {
        let client = connection::Peer::client(request.extensions());
        let received = bodies.read_entry(request.into_body(), client).await?;
        drop(received);
        Ok(text("0"))
    }
    Router::new()
        .route("/add", post(constant))
        .fallback(explore::not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(Bodies::default())
}

async fn method_not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "this path takes the methods in the Allow header")
}

/// A plain answer.
fn text(body: impl Into<Bytes>) -> Response {
    typed(TEXT, body)
}

fn typed(media_type: HeaderValue, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    response.headers_mut().insert(header::CONTENT_TYPE, media_type);
    response
}

/// Splits a query into its pairs; refuses names that are not `known` and names that repeat.
///
/// No value of this API needs percent-encoding, so none is decoded.
fn query_values<'a, const N: usize>(
    query: Option<&'a str>,
    known: [&str; N],
) -> Result<[Option<&'a str>; N], Problem> {
    let mut values = [None; N];
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let at = known.iter().position(|known| *known == name);
        let at = at.ok_or_else(|| {
            let names = known.join(", ");
            Problem::new(Kind::BadRequest, format!("the parameters of this path are: {names}"))
        })?;
        if values[at].replace(value).is_some() {
            let detail = format!("the parameter {} is given twice", known[at]);
            return Err(Problem::new(Kind::BadRequest, detail));
        }
    }
    Ok(values)
}

/// Reads a decimal of a path or query in its one spelling.
fn decimal(name: &str, value: &str) -> Result<u64, Problem> {
    spec::encoding::parse_decimal(value)
        .map_err(|error| Problem::new(Kind::BadRequest, format!("{name}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Admission;
    use crate::keys::LogKeys;
    use crate::log::{Limits, Options};
    use crate::sources::Sources;
    use spec::checkpoint::Origin;
    use tempfile::TempDir;

    /// What the handlers share, over an empty log that takes any bytes.
    pub(super) fn api() -> (TempDir, Api) {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("log");
        let origin = Origin::parse("log.example/http").unwrap();
        crate::init::init(&data, origin.clone(), Admission::Any, true).unwrap();
        let keys = LogKeys::load(&data, &origin).unwrap();
        let sources = Sources::load(&data).unwrap();
        let options = Options { data, limits: Limits::default(), keys, sources, witnesses: None };
        let log = Log::open(options).unwrap();
        (folder, Api::new(log, ApiOptions::default()))
    }

    /// Adds an entry and waits until it is published.
    pub(super) async fn add(api: &Api, entry: &[u8]) -> u64 {
        while !api.log.status().index_ready {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let submission = api.log.check(entry).unwrap();
        let index = api.log.sequence(submission).await.unwrap().index;
        api.log.published_covering(index + 1).await.unwrap();
        index
    }

    #[tokio::test]
    async fn who_hangs_up_keeps_its_turn_until_the_work_is_done() {
        let (_folder, api) = api();
        let api = Arc::new(api);
        let (begun, mut beginning) = tokio::sync::mpsc::unbounded_channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let reader = Arc::clone(&api);
        let request = tokio::spawn(async move {
            let work = move |_: &Log| {
                begun.send(()).unwrap();
                ended.recv().unwrap();
            };
            reader.read_bundle(work).await;
        });
        beginning.recv().await.unwrap();
        request.abort();
        assert!(request.await.unwrap_err().is_cancelled());
        assert_eq!(api.bundle_readers.available_permits(), MAX_BUNDLE_READERS - 1);
        end.send(()).unwrap();
        let all = api.bundle_readers.acquire_many(MAX_BUNDLE_READERS as u32);
        assert!(all.await.is_ok());
    }

    #[test]
    fn queries_are_strict() {
        let known = ["from", "to"];
        let values = query_values(Some("to=7&from=3"), known).unwrap();
        assert_eq!(values, [Some("3"), Some("7")]);
        assert_eq!(query_values(None, known).unwrap(), [None, None]);
        assert_eq!(query_values(Some(""), known).unwrap(), [None, None]);
        for wrong in ["form=3", "from=3&from=3", "from=3&x", "FROM=3"] {
            let refused = query_values(Some(wrong), known).unwrap_err();
            assert_eq!(refused.kind(), Kind::BadRequest, "{wrong}");
        }
        assert!(decimal("from", "07").is_err());
        assert!(decimal("from", "%37").is_err());
    }
}
