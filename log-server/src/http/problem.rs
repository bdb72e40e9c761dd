//! Problems: every answer that is not the one asked for, from one table.
//!
//! Rule: RFC 9457. The body is `application/problem+json` with `type`, `title`, `status`, `detail`
//! and, where a program can act on them, members such as `expected_sequence`. The table in words is
//! `spec/text/http.md`; a test compares the two.
//!
//! ```text
//! {"type":"urn:fiducial:problem:wrong-place","title":"...","status":409,"detail":"...",
//!  "expected_sequence":7,"expected_previous":"..."}
//! ```
//!
//! Nothing of a request's body is repeated in a problem, apart from names it claims.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::answer::{AddError, Fatal, ReadError};

/// What every `type` starts with.
pub const TYPE_PREFIX: &str = "urn:fiducial:problem:";

/// The media type of a problem document.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// One row of the table: what a kind of problem is called and how it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Which kind.
    pub kind: Kind,
    /// The end of its `type`.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Its title, the same for every occurrence.
    pub title: &'static str,
    /// After how many seconds it makes sense to try again, where it does.
    pub retry_after: Option<u32>,
}

macro_rules! table {
    ($($(#[$doc:meta])* $kind:ident, $name:literal, $status:literal, $retry:expr, $title:literal;)*) => {
        /// The kinds of problems.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$doc])* $kind,)*
        }

        /// The table: one row for each kind, in the order of [`Kind`].
        pub const TABLE: &[Row] = &[$(Row {
            kind: Kind::$kind,
            name: $name,
            status: $status,
            title: $title,
            retry_after: $retry,
        },)*];
    };
}

table! {
    /// `after` names a tree that is not this log's.
    AfterMismatch, "after-mismatch", 409, None, "The statement follows another tree";
    /// `after` was never published.
    AfterUnpublished, "after-unpublished", 409, None, "The statement follows an unpublished tree";
    /// `after` goes back behind the source's last statement.
    AfterWentBack, "after-went-back", 409, None, "The statement follows an older tree than the last one";
    /// A batch's lengths and bytes do not go together.
    BadBatch, "bad-batch", 400, None, "The batch is malformed";
    /// A parameter of the request is malformed.
    BadRequest, "bad-request", 400, None, "The request is malformed";
    /// A signature does not verify.
    BadSignature, "bad-signature", 403, None, "The signature does not verify";
    /// At least one entry of a batch was refused.
    BatchRefused, "batch-refused", 422, None, "Entries of the batch were refused";
    /// Not part of the published tree.
    Beyond, "beyond", 404, None, "Not in the published tree";
    /// Stored data is damaged.
    Damaged, "damaged", 500, None, "Stored data is damaged";
    /// An entry without bytes.
    EmptyEntry, "empty-entry", 400, None, "The entry is empty";
    /// Index and sizes that do not go together.
    Impossible, "impossible", 400, None, "Index and sizes do not go together";
    /// The body ended early or its framing is broken.
    IncompleteBody, "incomplete-body", 400, None, "The body is incomplete";
    /// The index for duplicates is being rebuilt.
    IndexNotReady, "index-not-ready", 503, Some(5), "The index is being rebuilt";
    /// The path takes other methods.
    MethodNotAllowed, "method-not-allowed", 405, None, "The method is not allowed here";
    /// Not a statement.
    NotAStatement, "not-a-statement", 400, None, "The entry is not a statement";
    /// No such path, or one that is not spelled canonically.
    NotFound, "not-found", 404, None, "Nothing is here";
    /// The log does not take entries now.
    NotReady, "not-ready", 503, Some(5), "The log is not ready";
    /// Sequenced, but not published in time.
    NotWitnessed, "not-witnessed", 503, Some(5), "Sequenced, but not published yet";
    /// More is waiting than is held in memory.
    Overloaded, "overloaded", 503, Some(1), "The log is overloaded";
    /// The client sends faster than it may.
    RateLimited, "rate-limited", 429, Some(1), "Too many requests";
    /// The body did not arrive in time.
    RequestTimeout, "request-timeout", 408, None, "The body did not arrive in time";
    /// The source and sequence have a statement already.
    SequenceTaken, "sequence-taken", 409, None, "The sequence has another statement";
    /// The source is disabled.
    SourceDisabled, "source-disabled", 403, None, "The source is disabled";
    /// The log stopped taking entries.
    Stopped, "stopped", 503, Some(30), "The log has stopped";
    /// Storage refused the write.
    Storage, "storage", 503, Some(10), "The entry could not be stored";
    /// More bytes than are taken.
    TooLarge, "too-large", 413, None, "Too large";
    /// No entry has this leaf hash.
    UnknownLeaf, "unknown-leaf", 404, None, "No published entry has this leaf hash";
    /// The source is not listed.
    UnknownSource, "unknown-source", 403, None, "The source is not listed";
    /// The statement is for another log.
    WrongLog, "wrong-log", 422, None, "The statement is for another log";
    /// The source's chain goes on differently.
    WrongPlace, "wrong-place", 409, None, "The source's chain goes on differently";
}

impl Kind {
    /// The row of this kind.
    #[must_use]
    pub const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }
}

/// One problem, with its facts.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: Kind,
    detail: String,
    members: Map<String, Value>,
    retry_after: Option<u32>,
}

impl Problem {
    /// Describes a problem. `detail` says what happened here and what to do.
    #[must_use]
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let retry_after = kind.row().retry_after;
        Self { kind, detail: detail.into(), members: Map::new(), retry_after }
    }

    /// Adds a member for programs.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Says when to try again, in place of the table's advice.
    #[must_use]
    pub const fn retry_after(mut self, seconds: Option<u32>) -> Self {
        self.retry_after = seconds;
        self
    }

    /// Which kind it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// When it makes sense to try again, in seconds.
    #[must_use]
    pub const fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after
    }

    /// The document.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let row = self.kind.row();
        let mut document = json!({
            "type": format!("{TYPE_PREFIX}{}", row.name),
            "title": row.title,
            "status": row.status,
            "detail": self.detail,
        });
        let members = document.as_object_mut().expect("the document was just made an object");
        members.extend(self.members.clone());
        document
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.kind.row().status)
            .expect("the table holds valid statuses; a test reads them all");
        let body = self.to_json().to_string();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<AddError> for Problem {
    fn from(error: AddError) -> Self {
        let detail = error.to_string();
        let of = |kind| Self::new(kind, detail.clone());
        match error {
            AddError::AfterMismatch { size } => of(Kind::AfterMismatch).with("after_size", size),
            AddError::AfterUnpublished { size, published } => of(Kind::AfterUnpublished)
                .with("after_size", size)
                .with("published_size", published),
            AddError::AfterWentBack { size, last } => {
                of(Kind::AfterWentBack).with("after_size", size).with("last_after_size", last)
            }
            AddError::BadSignature { .. } => of(Kind::BadSignature),
            AddError::Empty => of(Kind::EmptyEntry),
            AddError::Fatal(_) => of(Kind::Stopped),
            AddError::IndexNotReady => of(Kind::IndexNotReady),
            AddError::NotAStatement(_) => of(Kind::NotAStatement),
            AddError::Overloaded => of(Kind::Overloaded),
            AddError::SourceDisabled { .. } => of(Kind::SourceDisabled),
            AddError::Storage(_) => of(Kind::Storage),
            AddError::Taken { sequence, index, accepted } => of(Kind::SequenceTaken)
                .with("sequence", sequence)
                .with("index", index)
                .with("accepted_leaf_hash", accepted.to_hex()),
            AddError::TooLarge { size } => of(Kind::TooLarge).with("size", size),
            AddError::UnknownSource { .. } => of(Kind::UnknownSource),
            AddError::WrongLog { want, .. } => of(Kind::WrongLog).with("origin", want),
            AddError::WrongPlace { expected_sequence, expected_previous } => of(Kind::WrongPlace)
                .with("expected_sequence", expected_sequence)
                .with("expected_previous", expected_previous.to_string()),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        let detail = error.to_string();
        match error {
            ReadError::Beyond { published } => {
                Self::new(Kind::Beyond, detail).with("published_size", published)
            }
            ReadError::Damaged(_) => {
                tracing::error!(%detail, "stored data is damaged; run `fiducial-log check`");
                Self::new(Kind::Damaged, detail)
            }
            ReadError::Impossible(_) => Self::new(Kind::Impossible, detail),
            ReadError::IndexNotReady => Self::new(Kind::IndexNotReady, detail),
            ReadError::Unreachable(_) => {
                tracing::warn!(%detail, "a request could not be answered");
                // Where the store is and what it says is the operator's.
                let shown = "the store of full tiles cannot be reached now";
                Self::new(Kind::NotReady, shown).with("reasons", vec![shown])
            }
        }
    }
}

impl From<Fatal> for Problem {
    fn from(fatal: Fatal) -> Self {
        Self::new(Kind::Stopped, format!("the log has stopped: {fatal}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::Hash;
    use std::collections::HashSet;

    const PAGE: &str = include_str!("../../../spec/text/http.md");

    #[test]
    fn rows_stand_in_the_order_of_the_kinds_with_valid_statuses_and_unique_names() {
        let mut names = HashSet::new();
        for (at, row) in TABLE.iter().enumerate() {
            assert_eq!(row.kind as usize, at);
            assert!(names.insert(row.name), "{}", row.name);
            assert!((400..600).contains(&row.status) && StatusCode::from_u16(row.status).is_ok());
            assert_eq!(row.retry_after.is_some(), matches!(row.status, 429 | 503), "{}", row.name);
        }
    }

    #[test]
    fn the_page_shows_the_table_as_it_is() {
        let shown: Vec<(String, u16, String)> = PAGE
            .lines()
            .skip_while(|line| *line != "| type | status | title | members |")
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .map(|line| {
                let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
                let name = cells[0].trim_matches('`').to_owned();
                (name, cells[1].parse().unwrap(), cells[2].to_owned())
            })
            .collect();
        let table: Vec<(String, u16, String)> = TABLE
            .iter()
            .map(|row| (row.name.to_owned(), row.status, row.title.to_owned()))
            .collect();
        assert_eq!(shown, table);
    }

    #[test]
    fn members_carry_what_a_program_needs() {
        let error = AddError::Taken { sequence: 3, index: 9, accepted: Hash::ZERO };
        let document = Problem::from(error).to_json();
        assert_eq!(document["status"], 409);
        assert_eq!(document["type"], "urn:fiducial:problem:sequence-taken");
        assert_eq!(document["index"], 9);
        assert_eq!(document["accepted_leaf_hash"], Hash::ZERO.to_hex());
        let error =
            AddError::WrongPlace { expected_sequence: 4, expected_previous: Hash::EMPTY_ROOT };
        let document = Problem::from(error).to_json();
        assert_eq!(document["expected_sequence"], 4);
        assert_eq!(document["expected_previous"], Hash::EMPTY_ROOT.to_string());
    }

    #[test]
    fn the_members_of_the_page_are_those_of_the_code() {
        let fatal = Fatal::new("why");
        let text = String::from("x");
        let all: Vec<Problem> = vec![
            AddError::AfterMismatch { size: 1 }.into(),
            AddError::AfterUnpublished { size: 1, published: 0 }.into(),
            AddError::AfterWentBack { size: 1, last: 2 }.into(),
            AddError::BadSignature { source_name: text.clone() }.into(),
            AddError::Empty.into(),
            AddError::Fatal(fatal).into(),
            AddError::IndexNotReady.into(),
            AddError::NotAStatement(text.clone()).into(),
            AddError::Overloaded.into(),
            AddError::SourceDisabled { source_name: text.clone() }.into(),
            AddError::Storage(text.clone()).into(),
            AddError::Taken { sequence: 1, index: 1, accepted: Hash::ZERO }.into(),
            AddError::TooLarge { size: 70_000 }.into(),
            AddError::UnknownSource { source_name: text.clone() }.into(),
            AddError::WrongLog { have: text.clone(), want: text.clone() }.into(),
            AddError::WrongPlace { expected_sequence: 1, expected_previous: Hash::ZERO }.into(),
            ReadError::Beyond { published: 1 }.into(),
            ReadError::Damaged(text.clone()).into(),
            ReadError::Impossible(text).into(),
            ReadError::IndexNotReady.into(),
            ReadError::Unreachable("why".to_owned()).into(),
        ];
        for problem in all {
            let name = problem.kind().row().name;
            let line =
                PAGE.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).unwrap();
            for member in problem.members.keys() {
                assert!(line.contains(&format!("`{member}`")), "{name}: {member}");
            }
        }
    }
}
