//! Problems: every answer that tlog-witness gives no body for. RFC 9457, from one table.
//!
//! Nothing of a request's body is repeated in a problem.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};
use serde_json::json;

use crate::decide::Refusal;
use crate::witness::AddError;

/// The body of every answer.
pub(super) type Body = Full<Bytes>;

/// What every `type` starts with.
const TYPE_PREFIX: &str = "urn:fiducial:problem:";

/// One answer that is not the one asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) status: u16,
    pub(super) name: &'static str,
    pub(super) detail: String,
    /// In seconds.
    pub(super) retry_after: Option<u64>,
}

impl Problem {
    pub(super) fn new(status: u16, name: &'static str, detail: impl Into<String>) -> Self {
        Self { status, name, detail: detail.into(), retry_after: None }
    }

    pub(super) const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let document = json!({
            "type": format!("{TYPE_PREFIX}{}", self.name),
            "title": self.name.replace('-', " "),
            "status": self.status,
            "detail": self.detail,
        });
        let mut response = respond(self.status, "application/problem+json", document.to_string());
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Answers with a status, a media type and a body that is not to be cached.
pub(super) fn respond(
    status: u16,
    media_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).expect("our statuses are valid");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Answers what was refused: as the text prescribes, or with a problem.
pub(super) fn refused(error: &AddError) -> Response<Body> {
    if let AddError::Refused(refusal) = error
        && let Some((media_type, body)) = refusal.prescribed_body()
    {
        return respond(refusal.status(), media_type, body);
    }
    problem_of(error).into_response()
}

fn problem_of(error: &AddError) -> Problem {
    let detail = error.to_string();
    let new = |status, name| Problem::new(status, name, detail.clone());
    match error {
        AddError::Clock(_) => new(503, "clock-not-trusted").retry_after(600),
        AddError::Overloaded => new(503, "overloaded").retry_after(1),
        AddError::RateLimited(wait) => {
            new(429, "rate-limited").retry_after(wait.as_secs().saturating_add(1))
        }
        AddError::Stopped(_) => new(503, "stopped").retry_after(600),
        AddError::Refused(refusal) => {
            let name = match refusal {
                Refusal::BadProof(_) => "not-consistent",
                Refusal::BadSignature => "bad-signature",
                Refusal::Conflict { .. } => "other-old-size",
                Refusal::Disabled => "log-disabled",
                Refusal::EmptyWithOtherRoot => "impossible-empty-tree",
                Refusal::Malformed(_) => "malformed",
                Refusal::NoTrustedSignature => "no-trusted-signature",
                Refusal::OldBeyondCheckpoint { .. } => "old-beyond-checkpoint",
                Refusal::ProofFromEmpty => "proof-from-empty",
                Refusal::UnknownOrigin => "unknown-log",
            };
            new(refusal.status(), name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_conflict_is_answered_with_the_size_and_nothing_else() {
        let response = refused(&AddError::Refused(Refusal::Conflict { size: 77 }));
        assert_eq!(response.status(), 409);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/x.tlog.size");
    }

    #[test]
    fn who_asks_too_often_is_told_when_to_come_back() {
        let response = refused(&AddError::RateLimited(Duration::from_millis(3_600_001)));
        assert_eq!(
            (response.status().as_u16(), &response.headers()[RETRY_AFTER]),
            (429, &HeaderValue::from_static("3601"))
        );
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    }
}
