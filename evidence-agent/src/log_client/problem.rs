//! Problem documents (RFC 9457) of a log: `spec/text/http.md`, "Problems".

use serde_json::Value;
use spec::Hash;
use spec::encoding::decode_hash;

/// What every `type` of a log's problems starts with.
const TYPE_PREFIX: &str = "urn:fiducial:problem:";

/// The longest text of a log that is kept: it is shown on terminals and pages.
const MAX_DETAIL: usize = 1000;

/// Why one entry was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The end of the problem's type, such as `wrong-place`; empty if the answer has none.
    pub(crate) kind: String,
    /// The sentence for people, cut short and without control characters.
    pub(crate) detail: String,
    /// Where the source's chain goes on, if the problem says so.
    pub(crate) expected: Option<(u64, Hash)>,
}

/// Reads one problem; whatever is not a document is shown as it is.
pub(super) fn parse(status: u16, bytes: &[u8]) -> Refusal {
    match serde_json::from_slice::<Value>(bytes) {
        Ok(document) if document.is_object() => of(status, &document),
        _ => {
            let detail = shown(&String::from_utf8_lossy(bytes));
            Refusal { status, kind: String::new(), detail, expected: None }
        }
    }
}

/// Reads the problem of a batch in parts: an index or a refusal for each entry. `None` if it is
/// another problem, or its parts do not go together.
pub(super) fn parts(bytes: &[u8]) -> Option<Vec<Result<u64, Refusal>>> {
    let document: Value = serde_json::from_slice(bytes).ok()?;
    let mut refusals = std::collections::BTreeMap::new();
    for problem in document.get("refused")?.as_array()? {
        let status = problem.get("status").and_then(Value::as_u64);
        let status = status.and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
        refusals.insert(problem.get("position")?.as_u64()?, of(status, problem));
    }
    let indices = document.get("indices")?.as_array()?;
    let answers = indices.iter().enumerate().map(|(position, index)| match index {
        Value::Null => Some(Err(refusals.get(&(position as u64))?.clone())),
        index => index.as_u64().map(Ok),
    });
    answers.collect()
}

fn of(status: u16, document: &Value) -> Refusal {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let kind = text("type").and_then(|kind| kind.strip_prefix(TYPE_PREFIX)).unwrap_or_default();
    // RFC 9457 puts the sentence for people into `detail`.
    let detail = shown(text("detail").or_else(|| text("title")).unwrap_or_default());
    let sequence = document.get("expected_sequence").and_then(Value::as_u64);
    let previous = text("expected_previous").and_then(|text| decode_hash(text).ok());
    Refusal { status, kind: shown(kind), detail, expected: sequence.zip(previous) }
}

fn shown(text: &str) -> String {
    let letters = text.chars().take(MAX_DETAIL);
    letters.map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_batch_is_read_entry_by_entry() {
        let previous = Hash::of(b"previous");
        let document = serde_json::json!({
            "type": "urn:fiducial:problem:batch-refused",
            "status": 422,
            "indices": [7, null, null],
            "refused": [
                { "type": "urn:fiducial:problem:wrong-place", "status": 409, "position": 1,
                  "detail": "line\nbreak", "expected_sequence": 9,
                  "expected_previous": previous.to_string() },
                { "title": "Unknown", "status": 403, "position": 2 },
            ],
        });
        let parts = parts(document.to_string().as_bytes()).unwrap();
        assert_eq!(parts[0], Ok(7));
        let refusal = parts[1].clone().unwrap_err();
        assert_eq!((refusal.status, refusal.kind.as_str()), (409, "wrong-place"));
        assert_eq!(
            (refusal.detail.as_str(), refusal.expected),
            ("line break", Some((9, previous)))
        );
        let refusal = parts[2].clone().unwrap_err();
        assert_eq!((refusal.status, refusal.detail.as_str()), (403, "Unknown"));
    }

    #[test]
    fn parts_that_do_not_go_together_are_none() {
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"indices":[null],"refused":[]}"#,
            r#"{"indices":[-1],"refused":[]}"#,
            r#"{"indices":["1"],"refused":[]}"#,
            r#"{"indices":[1],"refused":[{"status":409}]}"#,
        ] {
            assert_eq!(parts(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_document_is_shown_as_it_is() {
        let refusal = parse(503, b"come back \x1b[31mlater");
        assert_eq!((refusal.status, refusal.detail.as_str()), (503, "come back  [31mlater"));
        assert_eq!(parse(500, &[b'x'; 9000]).detail.len(), MAX_DETAIL);
    }
}
