//! Recognises the messages of IPC-CFX (IPC-2591) that are evidence, and reads what records need.
//!
//! A body comes bare or inside its envelope. Members that are not known are skipped, as the
//! standard asks: makers add their own. What is not understood is no error: the file is anchored
//! as an attachment, and [`Reading::interpreted`] says why.
//!
//! Danger: most JSON readers keep one of two equal members in silence. A report with
//! `"Result":"Failed"` and `"Result":"Passed"` would mean one thing here and another thing to the
//! buyer, so a file with any repeated member is not interpreted at all; its bytes still are
//! anchored.
//!
//! Values are taken as they are written. Nothing is converted, rounded or judged again.

mod message;
mod unique;

use spec::evidence::kind::Kind;

use self::message::{Body, Envelope};

/// The most bytes that are interpreted; the exact bytes of a longer file are still anchored.
pub(crate) const MAX_INTERPRETED_SIZE: usize = 16 * 1024 * 1024;

/// The reader's name and version, committed with what it read.
const READER: &str = concat!("fiducial-agent ", env!("CARGO_PKG_VERSION"));

/// What the agent understood of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// The kind of record to make.
    pub(crate) kind: Kind,
    /// Whether the file was understood; if not, the kind is an attachment.
    pub(crate) recognised: bool,
    /// How it was read, or `no:` and why not.
    pub(crate) interpreted: String,
    /// The media type, if the content tells.
    pub(crate) media_type: Option<&'static str>,
    /// Field names and values.
    pub(crate) values: Vec<(&'static str, String)>,
}

impl Reading {
    /// A file of which only the bytes are evidence.
    pub(crate) fn attachment(reason: &str, media_type: Option<&'static str>) -> Self {
        Self {
            kind: Kind::Attachment,
            recognised: false,
            interpreted: format!("no: {reason}"),
            media_type,
            values: Vec::new(),
        }
    }
}

/// Reads a whole file.
pub(crate) fn read(bytes: &[u8]) -> Reading {
    const JSON: Option<&str> = Some("application/json");
    // A byte order mark is no part of JSON, but Windows tools write one.
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match unique::check(json) {
        Ok(()) => {}
        Err(unique::Refused::NotJson) => return Reading::attachment("not JSON", None),
        Err(unique::Refused::Repeated(member)) => {
            let reason = format!("the JSON member {member:?} is repeated");
            return Reading::attachment(&reason, JSON);
        }
    }
    let read = match serde_json::from_slice::<Envelope<'_>>(json) {
        Ok(envelope) => envelope.read(),
        Err(_) => serde_json::from_slice::<Body<'_>>(json)
            .map_err(|_| "no message of IPC-CFX that is known here".to_string())
            .and_then(|body| body.read(None)),
    };
    match read {
        Err(reason) => Reading::attachment(&reason, JSON),
        Ok(understood) => Reading {
            kind: understood.kind,
            recognised: true,
            interpreted: format!("{READER} {}", understood.form),
            media_type: JSON,
            values: understood.values,
        },
    }
}

#[cfg(test)]
mod tests;
