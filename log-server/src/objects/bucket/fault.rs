//! What can be wrong with an object store, in words that say what to do.
//!
//! Rule: the S3 API, "Error responses": a status, and a body with `<Code>` and `<Message>`. Google's XML
//! API and Azure's Blob service have the same form, and codes of their own. The code decides; where a
//! store of another make sends none, the status does.

use std::error::Error;

use hyper::StatusCode;

use crate::objects::client::ClientError;
use crate::objects::place::{GOOGLE, S3, kind_of};

/// The most of a server's own words that is repeated.
const MAX_MESSAGE_SIZE: usize = 300;

/// How Azure begins to say that this machine's clock is wrong, and that the time of a token is over or to
/// come. What else it says behind a refused key repeats signatures, and is not repeated here.
const OLD_DATE: &str = "Request date header too old";
const OUT_OF_TIME: &str = "Signature not valid in the specified time frame";

/// Why an object store did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No such bucket.
    #[error("{store}: the bucket does not exist there; make it, or correct the name")]
    Bucket {
        /// Which store.
        store: String,
    },
    /// The clocks differ by more than the signature allows.
    #[error("{store}: the store says that this machine's clock is wrong ({said}); set the clock")]
    Clock {
        /// Which store.
        store: String,
        /// Its words.
        said: String,
    },
    /// The key may not do this.
    #[error(
        "{store}: access is denied ({said}); the key needs to read, write and list this bucket{}",
        delete_right(.store)
    )]
    Denied {
        /// Which store.
        store: String,
        /// Its words.
        said: String,
    },
    /// The store does not know the key, or the secret is another one.
    #[error("{store}: the store does not accept the credentials ({said}){}", or_the_clock(.store))]
    Key {
        /// Which store.
        store: String,
        /// Its words.
        said: String,
    },
    /// Anything else that asking again does not cure.
    #[error("{store}: {said}")]
    Refused {
        /// Which store.
        store: String,
        /// What was said.
        said: String,
    },
    /// Requests are signed for another region than the bucket's, which S3 alone says.
    #[error("{store}: the bucket is in another region ({said}); name it with --objects-region")]
    Region {
        /// Which store.
        store: String,
        /// Its words.
        said: String,
    },
    /// The server failed.
    #[error("{store}: the store failed: {said}")]
    Server {
        /// Which store.
        store: String,
        /// Its words.
        said: String,
    },
    /// No answer in time.
    #[error("{store}: no answer in time")]
    Slow {
        /// Which store.
        store: String,
    },
    /// The store asked for fewer requests.
    #[error("{store}: the store asks for fewer requests ({said})")]
    Throttled {
        /// Which store.
        store: String,
        /// Its words.
        said: String,
    },
    /// It cannot be reached.
    #[error("{store}: the store cannot be reached: {said}")]
    Unreachable {
        /// Which store.
        store: String,
        /// Why.
        said: String,
    },
}

impl Fault {
    /// Whether the same request may well succeed in a moment.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Server { .. }
                | Self::Slow { .. }
                | Self::Throttled { .. }
                | Self::Unreachable { .. }
        )
    }
}

/// What Google wants beside: to write over something is to delete what was there.
fn delete_right(store: &str) -> &'static str {
    if kind_of(store) == Some(GOOGLE) { ", and to delete in it, to replace a file" } else { "" }
}

/// Google judges the times in a token with the token, and has no word of its own for them.
fn or_the_clock(store: &str) -> &'static str {
    if kind_of(store) == Some(GOOGLE) { ", or this machine's clock is wrong" } else { "" }
}

/// An answer that is not a success, as it came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("status {status} {code} {message}")]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    /// Reads what a body says, as far as it is the usual form.
    pub(crate) fn read(status: StatusCode, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let (code, mut message) = (element(&text, "Code"), element(&text, "Message"));
        let detail = element(&text, "AuthenticationErrorDetail");
        if detail.starts_with(OLD_DATE) || detail.starts_with(OUT_OF_TIME) {
            message = detail;
        }
        Self { status, code, message }
    }

    fn said(&self) -> String {
        let parts = [self.status.as_str(), &self.code, &self.message];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// What an attempt to read or write came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// There is no such object.
    Missing,
    /// It failed.
    Fault(Fault),
}

/// Reads an error of the library. `store` is named in the result.
pub(crate) fn outcome(error: &(dyn Error + 'static), store: &str) -> Outcome {
    let store = store.to_owned();
    if let Some(refusal) = find::<Refusal>(error) {
        return of_refusal(refusal, store);
    }
    if let Some(broken) = find::<ClientError>(error) {
        let said = broken.to_string();
        return Outcome::Fault(match broken {
            ClientError::Broken(_) => Fault::Unreachable { store, said },
            ClientError::TooLarge(_) => Fault::Refused { store, said },
        });
    }
    Outcome::Fault(Fault::Refused { store, said: shortened(&error.to_string()) })
}

fn of_refusal(refusal: &Refusal, store: String) -> Outcome {
    let said = refusal.said();
    let fault = match (refusal.code.as_str(), refusal.status.as_u16()) {
        ("NoSuchBucket" | "ContainerNotFound" | "ContainerBeingDeleted", _) => {
            Fault::Bucket { store }
        }
        ("RequestTimeTooSkewed" | "RequestExpired", _) => Fault::Clock { store, said },
        ("AuthenticationFailed", _) if refusal.message.starts_with(OLD_DATE) => {
            Fault::Clock { store, said }
        }
        (
            "InvalidAccessKeyId"
            | "SignatureDoesNotMatch"
            | "NotSignedUp"
            | "InvalidToken"
            | "ExpiredToken"
            // Google's, and Azure's two.
            | "AuthenticationRequired"
            | "AuthenticationFailed"
            | "InvalidAuthenticationInfo",
            _,
        ) => Fault::Key { store, said },
        ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "TemporaryRedirect", _)
            if kind_of(&store) == Some(S3) =>
        {
            Fault::Region { store, said }
        }
        // Nothing is followed: it would lead the credentials elsewhere.
        (_, 300..=399) => {
            let said = format!("it points elsewhere ({said}); correct --objects-endpoint");
            Fault::Refused { store, said }
        }
        ("SlowDown" | "Throttling" | "TooManyRequests" | "ServerBusy", _) | (_, 429 | 503) => {
            Fault::Throttled { store, said }
        }
        (_, 404) => return Outcome::Missing,
        (_, 401 | 403) => Fault::Denied { store, said },
        ("RequestTimeout", _) | (_, 408 | 500..=599) => Fault::Server { store, said },
        _ => Fault::Refused { store, said },
    };
    Outcome::Fault(fault)
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = cause.downcast_ref::<T>() {
            return Some(found);
        }
        next = cause.source();
    }
    None
}

/// The text of the first element of this name: these bodies are flat, and no more is needed of them.
fn element(body: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let Some(start) = body.find(&open).map(|at| at + open.len()) else { return String::new() };
    let text = body[start..].find(&close).map_or("", |end| &body[start..start + end]);
    shortened(text)
}

fn shortened(text: &str) -> String {
    let shown = |letter: char| if letter.is_control() { ' ' } else { letter };
    text.chars().take(MAX_MESSAGE_SIZE).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, code: &str) -> Outcome {
        of_store("s3://b", status, code)
    }

    fn of_store(store: &str, status: u16, code: &str) -> Outcome {
        let body = format!("<Error><Code>{code}</Code><Message>why</Message></Error>");
        let refusal = Refusal::read(StatusCode::from_u16(status).unwrap(), body.as_bytes());
        outcome(&refusal, store)
    }

    #[test]
    fn what_is_advised_is_something_that_this_kind_of_store_takes() {
        let said = |store, status, code| match of_store(store, status, code) {
            Outcome::Fault(fault) => fault.to_string(),
            Outcome::Missing => panic!("a fault is not a missing object"),
        };
        assert!(said("s3://b", 301, "PermanentRedirect").contains("--objects-region"));
        for store in ["gs://b", "az://factory7/b"] {
            for (status, code) in
                [(301, "PermanentRedirect"), (307, "TemporaryRedirect"), (302, "")]
            {
                let said = said(store, status, code);
                assert!(said.contains("correct --objects-endpoint"), "{said}");
                assert!(!said.contains("--objects-region"), "{said}");
            }
            assert!(!said(store, 400, "AuthorizationHeaderMalformed").contains("--objects-region"));
        }
        // A proxy before S3 that sends everybody to another address knows of no regions.
        assert!(said("s3://b", 308, "").contains("correct --objects-endpoint"));
        let (denied, key) = ("to delete", "this machine's clock is wrong");
        assert!(said("gs://b", 403, "AccessDenied").contains(denied));
        assert!(said("gs://b", 401, "AuthenticationRequired").contains(key));
        for store in ["s3://b", "az://factory7/b"] {
            assert!(!said(store, 403, "AccessDenied").contains(denied));
            assert!(!said(store, 403, "AuthenticationFailed").contains(key));
        }
    }

    #[test]
    fn every_answer_is_told_apart_and_only_some_pass_by_themselves() {
        let fault = |outcome| match outcome {
            Outcome::Fault(fault) => fault,
            Outcome::Missing => panic!("a fault is not a missing object"),
        };
        assert_eq!(of(404, "NoSuchKey"), Outcome::Missing);
        assert_eq!(of(404, ""), Outcome::Missing);
        assert!(matches!(fault(of(404, "NoSuchBucket")), Fault::Bucket { .. }));
        assert!(matches!(fault(of(403, "RequestTimeTooSkewed")), Fault::Clock { .. }));
        assert!(matches!(fault(of(403, "InvalidAccessKeyId")), Fault::Key { .. }));
        assert!(matches!(fault(of(403, "SignatureDoesNotMatch")), Fault::Key { .. }));
        assert!(matches!(fault(of(403, "AccessDenied")), Fault::Denied { .. }));
        assert_eq!(of(404, "BlobNotFound"), Outcome::Missing);
        assert!(matches!(fault(of(404, "ContainerNotFound")), Fault::Bucket { .. }));
        assert!(matches!(fault(of(409, "ContainerBeingDeleted")), Fault::Bucket { .. }));
        assert!(matches!(fault(of(401, "AuthenticationRequired")), Fault::Key { .. }));
        assert!(matches!(fault(of(403, "AuthenticationFailed")), Fault::Key { .. }));
        assert!(matches!(fault(of(403, "AuthorizationFailure")), Fault::Denied { .. }));
        assert!(matches!(fault(of(503, "ServerBusy")), Fault::Throttled { .. }));
        assert!(matches!(fault(of(429, "rateLimitExceeded")), Fault::Throttled { .. }));
        assert!(matches!(fault(of(301, "PermanentRedirect")), Fault::Region { .. }));
        assert!(matches!(fault(of(400, "EntityTooLarge")), Fault::Refused { .. }));
        for (status, code) in [
            (503, "SlowDown"),
            (503, "ServerBusy"),
            (500, "OperationTimedOut"),
            (429, ""),
            (503, ""),
            (500, "InternalError"),
        ] {
            assert!(fault(of(status, code)).is_passing(), "{status} {code}");
        }
        for (status, code) in [(404, "NoSuchBucket"), (403, ""), (400, ""), (301, "")] {
            assert!(!fault(of(status, code)).is_passing(), "{status} {code}");
        }
    }

    #[test]
    fn azure_says_behind_a_refused_key_what_is_wrong_with_times_and_repeats_no_signature() {
        let refused = |detail: &str| {
            let body = format!(
                "<Error><Code>AuthenticationFailed</Code><Message>wrong</Message>\
                 <AuthenticationErrorDetail>{detail}</AuthenticationErrorDetail></Error>"
            );
            outcome(&Refusal::read(StatusCode::FORBIDDEN, body.as_bytes()), "az://a/b")
        };
        let old = refused("Request date header too old: 'Fri, 20 Apr 2012 00:21:06 GMT'");
        assert!(matches!(old, Outcome::Fault(Fault::Clock { said, .. }) if said.contains("2012")));
        let over = refused("Signature not valid in the specified time frame: Expiry [2012]");
        assert!(matches!(over, Outcome::Fault(Fault::Key { said, .. }) if said.contains("2012")));
        let other = refused("The MAC signature 's1gned' is not the same");
        assert!(matches!(
            other,
            Outcome::Fault(Fault::Key { said, .. })
                if said.contains("wrong") && !said.contains("s1gned")
        ));
    }

    #[test]
    fn a_hostile_body_is_cut_and_cleaned() {
        let body = format!("<Message>a\n\u{1b}{}</Message>", "x".repeat(100_000));
        let refusal = Refusal::read(StatusCode::BAD_REQUEST, body.as_bytes());
        assert_eq!(refusal.message.chars().count(), MAX_MESSAGE_SIZE);
        assert!(refusal.message.starts_with("a  x"));
        assert_eq!(Refusal::read(StatusCode::BAD_REQUEST, b"<Code>open").code, "");
    }
}
