//! What crosses between a command and the agent that does its work.
//!
//! ```text
//! frame  u32 length of head || u32 length of body || head || body      integers big-endian
//! head   one value as JSON, at most 1 MiB
//! body   bytes that belong to it, at most 1 MiB
//! ```
//!
//! Whatever is longer is sent in parts; a frame that claims more is refused before memory is taken. A
//! file that a command reads has at most 16 MiB, which is the largest list of units; files that are
//! written have any size, and neither side holds more of them than one part.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::cli::Language;
use crate::cli::args::Command;
use crate::durable::{Access, Replaces};

/// The most bytes of a head and of a body: a copy is made in steps of 1 MiB.
const MAX_HEAD_SIZE: usize = 1024 * 1024;
pub(super) const MAX_BODY_SIZE: usize = 1024 * 1024;

/// The most bytes of a file that is read whole: some hundred thousand serial numbers.
pub(super) const MAX_READ_SIZE: usize = 16 * 1024 * 1024;

/// The most bytes of a whole answer.
pub(super) const MAX_ANSWER_SIZE: usize = 256 * 1024 * 1024;

/// What a caller asks for.
#[derive(Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) command: Command,
    pub(super) language: Language,
}

/// What an agent says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FromAgent {
    /// Something to do with the caller's files; he answers with [`FromCaller`].
    Act(Act),
    /// It could not be done: the whole answer, in the caller's language.
    Failed { code: u8, message: String },
    /// A part of the answer for machines.
    Json,
    /// How far it has come.
    Progress { done: u64, total: u64 },
    /// The answer is whole.
    Said { code: u8 },
    /// A part of the answer for people.
    Text,
}

/// Something to do with files of the caller: below `root`, or `root` itself where `name` is empty.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Act {
    pub(super) root: PathBuf,
    pub(super) name: String,
    pub(super) what: What,
}

/// What is to be done. Bytes that are written are the frame's body.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum What {
    Close {
        file: u64,
    },
    /// Removes what `NewFolder` has made on this connection, and nothing else.
    DropFolder,
    /// Gives up the parts of a file that was not completed.
    DropParts,
    Len {
        file: u64,
    },
    List,
    MakeFolder,
    MakeFolders,
    NewFolder,
    Open {
        create: bool,
    },
    /// A part of what `WriteWhole` then completes, at the same place.
    Part {
        private: bool,
        replaces: Replaces,
    },
    Read {
        limit: u64,
    },
    ReadAt {
        file: u64,
        offset: u64,
        size: u64,
    },
    Remove,
    Rename {
        to: String,
    },
    SetLen {
        file: u64,
        len: u64,
    },
    Sha256,
    Sync {
        file: u64,
    },
    SyncFolder,
    WriteAt {
        file: u64,
        offset: u64,
    },
    /// The last part, or all of it.
    WriteWhole {
        private: bool,
        replaces: Replaces,
    },
}

/// What came of it. Bytes that were read are the frame's body.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FromCaller {
    Done,
    Failed {
        system: Option<i32>,
        kind: FailureKind,
        message: String,
    },
    Names(Vec<String>),
    Number(u64),
    /// A part of what was read; the last comes with the answer.
    Part,
}

/// The kinds of failure that a copy tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum FailureKind {
    AlreadyExists,
    NotFound,
    Other,
}

impl FromCaller {
    pub(super) fn failed(error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::AlreadyExists => FailureKind::AlreadyExists,
            io::ErrorKind::NotFound => FailureKind::NotFound,
            _ => FailureKind::Other,
        };
        Self::Failed { system: error.raw_os_error(), kind, message: error.to_string() }
    }

    /// The failure as it was where it happened: both sides are on one machine.
    pub(super) fn result(self) -> io::Result<Self> {
        let Self::Failed { system, kind, message } = self else { return Ok(self) };
        Err(match (system, kind) {
            (Some(code), _) => io::Error::from_raw_os_error(code),
            (None, FailureKind::AlreadyExists) => {
                io::Error::new(io::ErrorKind::AlreadyExists, message)
            }
            (None, FailureKind::NotFound) => io::Error::new(io::ErrorKind::NotFound, message),
            (None, FailureKind::Other) => io::Error::other(message),
        })
    }
}

pub(super) const fn access(private: bool) -> Access {
    if private { Access::Owner } else { Access::Everybody }
}

/// Sends one frame.
pub(super) fn send<T: Serialize>(to: &mut impl Write, head: &T, body: &[u8]) -> io::Result<()> {
    let head = serde_json::to_vec(head)?;
    if head.len() > MAX_HEAD_SIZE || body.len() > MAX_BODY_SIZE {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too long for one frame"));
    }
    let length = |part: &[u8]| u32::try_from(part.len()).expect("at most 1 MiB").to_be_bytes();
    let mut frame = Vec::with_capacity(8 + head.len() + body.len());
    frame.extend_from_slice(&length(&head));
    frame.extend_from_slice(&length(body));
    frame.extend_from_slice(&head);
    frame.extend_from_slice(body);
    to.write_all(&frame)
}

/// Receives one frame.
pub(super) fn receive<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<(T, Vec<u8>)> {
    let mut length = || -> io::Result<usize> {
        let mut bytes = [0; 4];
        from.read_exact(&mut bytes)?;
        Ok(usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX))
    };
    let (head, body) = (length()?, length()?);
    if head > MAX_HEAD_SIZE || body > MAX_BODY_SIZE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame that is too long"));
    }
    let (mut head, mut body) = (vec![0; head], vec![0; body]);
    from.read_exact(&mut head)?;
    from.read_exact(&mut body)?;
    Ok((serde_json::from_slice(&head)?, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_survives_and_a_longer_one_is_refused_before_it_is_read() {
        let mut bytes = Vec::new();
        send(&mut bytes, &FromAgent::Said { code: 1 }, b"body").unwrap();
        let (head, body) = receive::<FromAgent>(&mut bytes.as_slice()).unwrap();
        assert!(matches!(head, FromAgent::Said { code: 1 }) && body == b"body");
        for end in 0..bytes.len() {
            assert!(receive::<FromAgent>(&mut &bytes[..end]).is_err(), "{end} bytes");
        }
        for length in [[0, 16, 0, 1, 0, 0, 0, 0], [0, 0, 0, 2, 0, 16, 0, 1]] {
            let error = receive::<FromAgent>(&mut length.as_slice()).unwrap_err();
            assert!(error.to_string().contains("too long"), "{error}");
        }
        assert!(send(&mut bytes, &FromAgent::Text, &[0; MAX_BODY_SIZE + 1]).is_err());
    }

    #[test]
    fn a_failure_is_the_same_on_the_other_side() {
        let missing = std::fs::read("no such file").unwrap_err();
        let made = io::Error::new(io::ErrorKind::AlreadyExists, "it is there");
        for error in [missing, made, io::Error::other("odd")] {
            let after = FromCaller::failed(&error).result().unwrap_err();
            assert_eq!(
                (after.kind(), after.to_string()),
                (error.kind(), error.to_string()),
                "{error}"
            );
        }
    }
}
