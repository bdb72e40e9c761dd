//! HTTP: turns requests into calls on [`Witness`], and answers into statuses. It decides nothing.
//!
//! ```text
//! POST /add-checkpoint              tlog-witness; the submission prefix is the server's root
//! GET  /<origin hash>/checkpoint    tlog-witness; so is the monitoring prefix
//! GET  /  /healthz  /readyz  /metrics
//! ```
//!
//! Invariant: every request is bounded in size, time and number before anything is kept of it, and
//! nothing that a client sends is logged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, Request, Response};
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::PrometheusHandle;
use spec::witness::{ADD_CHECKPOINT_PATH, MAX_REQUEST_SIZE};
use tokio::time::timeout;

use crate::witness::{AddError, Witness};

mod problem;
pub mod renewal;
mod serve;
pub mod tls;

pub use serve::{ServeOptions, serve};

use problem::{Body, Problem, refused, respond};

/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Text as the C2SP pages ask for it.
const TEXT: &str = "text/plain; charset=utf-8";

/// What the handlers share.
#[derive(Clone)]
pub struct Api {
    witness: Witness,
    metrics: Option<PrometheusHandle>,
}

impl Api {
    /// Answers for a witness.
    #[must_use]
    pub const fn new(witness: Witness, metrics: Option<PrometheusHandle>) -> Self {
        Self { witness, metrics }
    }

    /// Answers one request.
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let start = Instant::now();
        let (name, response) = self.route(request).await;
        let status = response.status().as_u16().to_string();
        counter!("fiducial_witness_requests_total", "route" => name, "status" => status)
            .increment(1);
        histogram!("fiducial_witness_request_seconds", "route" => name).record(start.elapsed());
        response
    }

    /// Finds what is asked for, and the name under which it is counted.
    async fn route(&self, request: Request<Incoming>) -> (&'static str, Response<Body>) {
        let path = request.uri().path();
        let (name, method) = match path {
            ADD_CHECKPOINT_PATH => ("add-checkpoint", Method::POST),
            "/" => ("root", Method::GET),
            "/healthz" => ("healthz", Method::GET),
            "/metrics" => ("metrics", Method::GET),
            "/readyz" => ("readyz", Method::GET),
            path if monitored(path).is_some() => ("checkpoint", Method::GET),
            _ => {
                let problem = Problem::new(404, "not-found", "nothing is here");
                return ("other", problem.into_response());
            }
        };
        let fits = *request.method() == method
            || (*request.method() == Method::HEAD && method == Method::GET);
        if !fits {
            let detail = format!("only {method} is allowed here");
            let mut response = Problem::new(405, "method-not-allowed", detail).into_response();
            let allowed = HeaderValue::from_str(method.as_str()).expect("a method is a value");
            response.headers_mut().insert(ALLOW, allowed);
            return (name, response);
        }
        let response = match name {
            "add-checkpoint" => self.add(request.into_body()).await,
            "checkpoint" => self.checkpoint(monitored(path).unwrap_or_default()).await,
            "metrics" => self.metrics(),
            "readyz" => self.readyz(),
            "root" => self.root(),
            _ => respond(200, TEXT, "ok\n"),
        };
        (name, response)
    }

    async fn add(&self, body: Incoming) -> Response<Body> {
        let body = match read_body(body).await {
            Ok(body) => body,
            Err(problem) => return problem.into_response(),
        };
        match self.witness.add(&body).await {
            Ok(lines) => respond(200, TEXT, lines),
            Err(error) => {
                if let AddError::Stopped(reason) = &error {
                    tracing::error!(%reason, "a request was turned away");
                }
                refused(&error)
            }
        }
    }

    async fn checkpoint(&self, hash: &str) -> Response<Body> {
        match self.witness.checkpoint(hash).await {
            Ok(Some(note)) => respond(200, TEXT, note),
            Ok(None) => {
                let detail = "this witness has never cosigned a checkpoint of that log";
                Problem::new(404, "never-cosigned", detail).into_response()
            }
            Err(error) => refused(&error),
        }
    }

    fn readyz(&self) -> Response<Body> {
        let faults = self.witness.status().faults;
        if faults.is_empty() {
            return respond(200, TEXT, "ready\n");
        }
        Problem::new(503, "not-ready", faults.join("; ")).retry_after(600).into_response()
    }

    fn metrics(&self) -> Response<Body> {
        let Some(handle) = &self.metrics else {
            return Problem::new(404, "not-found", "this process counts nothing").into_response();
        };
        let status = self.witness.status();
        gauge!("fiducial_witness_logs").set(status.logs as f64);
        gauge!("fiducial_witness_logs_cosigned").set(status.cosigned_logs as f64);
        gauge!("fiducial_witness_faults").set(status.faults.len() as f64);
        respond(200, "text/plain; version=0.0.4", handle.render())
    }

    fn root(&self) -> Response<Body> {
        let mut page = format!("Fiducial witness {}\n\n", self.witness.name());
        for key in self.witness.verifier_keys() {
            page.push_str(&format!("{key}\n"));
        }
        page.push_str("\nPOST /add-checkpoint\nGET  /<SHA-256 of the origin, hex>/checkpoint\n");
        respond(200, TEXT, page)
    }
}

/// The origin's hash in the path of the monitoring GET.
fn monitored(path: &str) -> Option<&str> {
    let hash = path.strip_prefix('/')?.strip_suffix("/checkpoint")?;
    let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (hash.len() == 64 && hash.bytes().all(digit)).then_some(hash)
}

async fn read_body(body: Incoming) -> Result<Bytes, Problem> {
    let whole = timeout(BODY_TIME, Limited::new(body, MAX_REQUEST_SIZE).collect());
    match whole.await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let detail = format!("at most {MAX_REQUEST_SIZE} bytes are taken");
            Err(Problem::new(413, "too-large", detail))
        }
        Ok(Err(_)) => Err(Problem::new(400, "incomplete-body", "the body ended early")),
        Err(_) => {
            let detail = format!("a body must arrive within {} seconds", BODY_TIME.as_secs());
            Err(Problem::new(408, "request-timeout", detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::checkpoint::Origin;
    use spec::witness::monitoring_path;

    #[test]
    fn monitoring_paths_have_one_spelling() {
        let path = monitoring_path(&Origin::parse("log.example").unwrap());
        assert_eq!(monitored(&path).map(str::len), Some(64));
        assert_eq!(monitored(&path.to_uppercase()), None);
        assert_eq!(monitored(&path[1..]), None);
        assert_eq!(monitored(&format!("{path}/")), None);
        assert_eq!(monitored(&path.replace("/checkpoint", "0/checkpoint")), None);
    }
}
