//! The messages of IPC-CFX (IPC-2591), as they lie in files and travel through brokers.
//!
//! | what comes | what is anchored |
//! |---|---|
//! | one message, bare or in its envelope | the bytes as they came |
//! | an array of messages, or messages on lines of their own | each message by itself: its exact bytes |
//! | either of them, compressed with gzip | the same bytes after unpacking; `received/sha256` names the bytes that came |
//!
//! Nothing is ever written anew before it is hashed. Every message is taken, of whatever kind:
//! what has no kind of record here is an attachment whose field `message` says what it is. Members
//! that are not known are skipped, as the standard asks: makers add their own.
//!
//! What is not understood is no error: the bytes are anchored as an attachment, and
//! [`Reading::interpreted`] says why. That goes for a message with a repeated member, too: most
//! readers keep one of the two in silence, so it would mean one thing here and another elsewhere.

mod message;

use std::io::Read;
use std::sync::Arc;

use flate2::read::MultiGzDecoder;
use spec::Hash;
use spec::evidence::kind::Kind;

use self::message::Understood;
use super::json::{Document, Value};
use super::values::links;
use super::{MAX_INTERPRETED_SIZE, MAX_READINGS, READER};
use crate::model::Reading;

const JSON: Option<&str> = Some("application/json");

/// What gzip begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What is said of JSON that is no message.
const UNKNOWN: &str = "no message of IPC-CFX that is known here";

/// Reads what came, whole.
pub(super) fn read(bytes: &[u8]) -> Vec<Reading> {
    if bytes.starts_with(&GZIP) {
        return unpacked(bytes);
    }
    plain(bytes).unwrap_or_else(|(why, media_type)| {
        vec![Reading::attachment(bytes.len(), &why, media_type)]
    })
}

type Refused = (String, Option<&'static str>);

fn unpacked(received: &[u8]) -> Vec<Reading> {
    let attachment =
        |why: &str| vec![Reading::attachment(received.len(), why, Some("application/gzip"))];
    // One byte more than fits tells that there is more; a bomb is never unpacked further.
    let most = MAX_INTERPRETED_SIZE as u64 + 1;
    let mut bytes = Vec::new();
    if let Err(error) = MultiGzDecoder::new(received).take(most).read_to_end(&mut bytes) {
        return attachment(&format!("gzip that does not unpack: {error}"));
    }
    if bytes.len() > MAX_INTERPRETED_SIZE {
        return attachment(&format!("gzip of more than {MAX_INTERPRETED_SIZE} bytes"));
    }
    match plain(&bytes) {
        Err((why, _)) => attachment(&format!("gzip, and inside: {why}")),
        Ok(mut readings) => {
            let whole: Arc<[u8]> = bytes.into();
            let sha256 = Hash::of(received).to_hex();
            for reading in &mut readings {
                let size = received.len().to_string();
                reading.values.insert("received/sha256".into(), sha256.clone().into_bytes());
                reading.values.insert("received/size".into(), size.into_bytes());
                reading.unpacked = Some(whole.clone());
            }
            readings
        }
    }
}

fn plain(bytes: &[u8]) -> Result<Vec<Reading>, Refused> {
    // A byte order mark is no part of JSON, but Windows tools write one.
    let json = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mark = bytes.len() - json.len();
    let text = std::str::from_utf8(json).map_err(|_| ("not JSON".to_string(), None))?;
    let document = Document::parse(text).map_err(|why| (why.to_string(), None))?;
    let roots: Vec<Value<'_>> = document.roots().take(MAX_READINGS + 1).collect();
    let messages: Vec<Value<'_>> = match roots.as_slice() {
        [one] if one.is_array() => one.items().take(MAX_READINGS + 1).collect(),
        // The file is the message, with whatever space is around it.
        [one] => return Ok(vec![reading(*one, 0..bytes.len())]),
        _ => roots,
    };
    if messages.is_empty() || !messages.iter().all(|message| message.is_object()) {
        return Err((UNKNOWN.to_string(), JSON));
    }
    if messages.len() > MAX_READINGS {
        return Err((format!("more than {MAX_READINGS} messages"), JSON));
    }
    let readings = messages.into_iter().map(|message| {
        let range = message.range();
        reading(message, range.start + mark..range.end + mark)
    });
    Ok(readings.collect())
}

fn reading(message: Value<'_>, range: std::ops::Range<usize>) -> Reading {
    if let Some(member) = message.repeated() {
        let why = format!("the JSON member {member:?} is repeated");
        return Reading { range, ..Reading::attachment(0, &why, JSON) };
    }
    let Understood { kind, form, refused, values } = message::read(message);
    let links = links(&values, &[]);
    let finished = values.finish(kind);
    match finished {
        Err(why) => Reading { range, ..Reading::attachment(0, &why, JSON) },
        Ok(values) => {
            let interpreted = refused.as_ref().map_or_else(
                || format!("{READER} {form}"),
                |why| format!("no: {}", super::bounded(why)),
            );
            let kind = if refused.is_some() { Kind::Attachment } else { kind };
            let recognised = refused.is_none();
            let media_type = JSON;
            Reading {
                kind,
                recognised,
                interpreted,
                media_type,
                values,
                range,
                unpacked: None,
                links,
            }
        }
    }
}

#[cfg(test)]
mod every_message;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod tests;
