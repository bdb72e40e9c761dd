//! One case of the kit: a file of `name: value` lines, an empty line, and a request's bytes.
//!
//! ```text
//! expect: 409
//! comment: the witness knows more
//! cites: old-size-stored conflict-status conflict-body conflict-type
//! origin: fiducial.example/kit/conflict-stale
//! log: fiducial.example/kit/conflict-stale+c3a1d9f0+AbX...
//! content-type: text/x.tlog.size
//! answer: Nwo=
//! earlier: b2xkIDAK...
//! later: b2xkIDcK...
//!
//! old 3
//! ...
//! ```
//!
//! A line with an unknown name is refused: a runner that skips what it does not know would call a
//! case passed that it has not played.

use std::path::{Path, PathBuf};

use spec::checkpoint::Origin;
use spec::encoding::decode_base64;
use spec::key::VerifierKey;

/// The most bytes of a case's file: the largest request, and its set-up.
pub const MAX_CASE_SIZE: u64 = 512 * 1024;

/// The most cases of a kit.
pub const MAX_CASES: usize = 1000;

/// The folder of the cases within the kit's.
const CASES: &str = "add-checkpoint";

/// Why a kit cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A file is not a case.
    #[error("{}: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong in it.
        why: String,
    },
    /// No case at all, or more than [`MAX_CASES`].
    #[error("{} holds {count} cases; 1 to {MAX_CASES} are played", path.display())]
    Number {
        /// The folder.
        path: PathBuf,
        /// How many it holds.
        count: usize,
    },
    /// The disk failed, or there is nothing.
    #[error("{}: {why}", path.display())]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
}

/// What is to come out of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// One of two requests sent at once is cosigned, the other is told the size of the first.
    Race {
        /// The other request.
        rival: Vec<u8>,
    },
    /// This status.
    Status(u16),
}

/// What the monitoring path shows behind the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Monitor {
    /// Nothing: 404.
    Nothing,
    /// The checkpoint of this size.
    Size(u64),
}

/// Where the request goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// `GET` of add-checkpoint.
    Get,
    /// `GET` of the log's monitoring path.
    Monitor,
    /// `POST`, as it should be.
    Post,
    /// `PUT` to add-checkpoint.
    Put,
}

/// One case. The README of the kit says what each part is for.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields carry the names of the file's lines")]
pub struct Case {
    pub name: String,
    pub expect: Expect,
    pub comment: String,
    pub cites: Vec<String>,
    pub needs: Option<String>,
    pub origin: Origin,
    pub logs: Vec<VerifierKey>,
    pub earlier: Vec<Vec<u8>>,
    pub request: Request,
    pub body: Vec<u8>,
    pub left_open: Vec<u16>,
    pub may_close: bool,
    pub content_type: Option<String>,
    pub answer: Option<Vec<u8>>,
    pub monitor: Option<Monitor>,
    pub fresh_time: bool,
    pub later: Vec<Vec<u8>>,
}

/// Reads every case of the kit in `folder`, in the order of their names.
pub fn read_all(folder: &Path) -> Result<Vec<Case>, CaseError> {
    let folder = folder.join(CASES);
    let unreadable = |why| CaseError::Unreadable { path: folder.clone(), why };
    let mut paths = Vec::new();
    for item in std::fs::read_dir(&folder).map_err(unreadable)? {
        paths.push(item.map_err(unreadable)?.path());
    }
    if paths.is_empty() || paths.len() > MAX_CASES {
        return Err(CaseError::Number { path: folder, count: paths.len() });
    }
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> Result<Case, CaseError> {
    let unreadable = |why| CaseError::Unreadable { path: path.to_owned(), why };
    let malformed = |why| CaseError::Malformed { path: path.to_owned(), why };
    if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_CASE_SIZE {
        return Err(malformed(format!("more than {MAX_CASE_SIZE} bytes")));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    parse(&name, &bytes).map_err(malformed)
}

/// Parses one file; the reason for people if it is not a case.
pub fn parse(name: &str, bytes: &[u8]) -> Result<Case, String> {
    let split = bytes.windows(2).position(|two| two == b"\n\n").ok_or("no empty line")?;
    let head = std::str::from_utf8(&bytes[..split]).map_err(|_| "the head is not UTF-8")?;
    let mut head = Head::parse(head)?;
    let expect = match head.one("expect")?.as_str() {
        "race" => Expect::Race { rival: decode(&head.one("rival")?)? },
        status => Expect::Status(parse_status(status)?),
    };
    let request = match (head.option("method")?.as_deref(), head.option("path")?.as_deref()) {
        (None, None) => Request::Post,
        (Some("GET"), None) => Request::Get,
        (Some("GET"), Some("monitor")) => Request::Monitor,
        (Some("PUT"), None) => Request::Put,
        other => return Err(format!("no request is {other:?}")),
    };
    let monitor = match head.option("monitor")?.as_deref() {
        None => None,
        Some("none") => Some(Monitor::Nothing),
        Some(size) => Some(Monitor::Size(size.parse().map_err(|_| "monitor: no size")?)),
    };
    let fresh_time = match head.option("fresh-time")?.as_deref() {
        None => false,
        Some("yes") => true,
        Some(_) => return Err("fresh-time: only `yes`".to_string()),
    };
    let open = head.option("left-open")?.unwrap_or_default();
    let (closed, statuses): (Vec<&str>, Vec<&str>) =
        open.split_whitespace().partition(|word| *word == "closed");
    let origin = Origin::parse(&head.one("origin")?).map_err(|why| why.to_string())?;
    let logs = head.all("log").into_iter().map(|key| VerifierKey::parse(&key));
    let case = Case {
        name: name.to_string(),
        expect,
        comment: head.one("comment")?,
        cites: head.one("cites")?.split_whitespace().map(str::to_string).collect(),
        needs: head.option("needs")?,
        origin,
        logs: logs.collect::<Result<_, _>>().map_err(|why| why.to_string())?,
        earlier: head.all("earlier").iter().map(|text| decode(text)).collect::<Result<_, _>>()?,
        request,
        body: bytes[split + 2..].to_vec(),
        left_open: statuses.into_iter().map(parse_status).collect::<Result<_, _>>()?,
        may_close: !closed.is_empty(),
        content_type: head.option("content-type")?,
        answer: head.option("answer")?.as_deref().map(decode).transpose()?,
        monitor,
        fresh_time,
        later: head.all("later").iter().map(|text| decode(text)).collect::<Result<_, _>>()?,
    };
    head.is_used_up()?;
    Ok(case)
}

fn decode(text: &str) -> Result<Vec<u8>, String> {
    decode_base64(text).map_err(|why| why.to_string())
}

fn parse_status(text: &str) -> Result<u16, String> {
    let status = text.parse().ok().filter(|status| (200..600).contains(status));
    status.ok_or_else(|| format!("`{text}` is no status"))
}

/// The `name: value` lines that were not taken yet.
struct Head(Vec<(String, String)>);

impl Head {
    fn parse(text: &str) -> Result<Self, String> {
        let pair = |line: &str| {
            let pair = line.split_once(": ").ok_or_else(|| format!("`{line}` has no colon"))?;
            Ok((pair.0.to_string(), pair.1.to_string()))
        };
        text.lines().map(pair).collect::<Result<_, String>>().map(Self)
    }

    fn all(&mut self, name: &str) -> Vec<String> {
        let (taken, left) = std::mem::take(&mut self.0).into_iter().partition(|(n, _)| n == name);
        self.0 = left;
        let taken: Vec<(String, String)> = taken;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    fn option(&mut self, name: &str) -> Result<Option<String>, String> {
        let mut all = self.all(name);
        if all.len() > 1 { Err(format!("`{name}` is there twice")) } else { Ok(all.pop()) }
    }

    fn one(&mut self, name: &str) -> Result<String, String> {
        self.option(name)?.ok_or_else(|| format!("`{name}` is missing"))
    }

    fn is_used_up(&self) -> Result<(), String> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(format!("`{name}` is a line that this runner does not know")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOUND: &str = "expect: 409\ncomment: why\ncites: a b\norigin: o\nanswer: Nwo=\n\nold 3\n";

    #[test]
    fn a_case_is_read_to_its_last_byte() {
        let case = parse("name", SOUND.as_bytes()).unwrap();
        assert_eq!(case.expect, Expect::Status(409));
        assert_eq!(case.cites, ["a", "b"]);
        assert_eq!(case.answer.as_deref(), Some(&b"7\n"[..]));
        assert_eq!(case.body, b"old 3\n");
        assert_eq!(
            parse("name", b"expect: 400\ncomment: c\ncites: a\norigin: o\n\n").unwrap().body,
            b""
        );
    }

    #[test]
    fn what_the_runner_would_not_play_is_refused() {
        for (from, to, why) in [
            ("answer:", "aswer:", "does not know"),
            ("answer: Nwo=", "answer: Nwo", "base64"),
            ("expect: 409\n", "", "`expect` is missing"),
            ("expect: 409", "expect: 409\nexpect: 400", "twice"),
            ("expect: 409", "expect: 99", "no status"),
            ("expect: 409", "expect: race", "`rival` is missing"),
            ("cites: a b", "cites a b", "no colon"),
            ("answer: Nwo=", "method: DELETE", "no request"),
            ("answer: Nwo=", "monitor: all", "no size"),
            ("answer: Nwo=", "left-open: often", "no status"),
            ("answer: Nwo=", "log: nonsense", "form"),
            ("\n\nold", "\nold", "no"),
        ] {
            let text = SOUND.replace(from, to);
            let refused = parse("name", text.as_bytes()).unwrap_err();
            assert!(refused.contains(why), "{to}: {refused}");
        }
    }
}
