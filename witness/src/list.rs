//! The witness network's list of logs, `logs/v0`: which logs a witness may take on.
//!
//! Rule: the log-list format of witness-network.org. Line breaks, `#` comments and blank lines; white
//! space around a line is dropped; the order of lines is strict.
//!
//! ```text
//! logs/v0
//!
//! vkey bar.example/tlog+bbbbbbbb+BBBB...
//! origin bar.example            optional; else the key's name
//! qpd 24                        add-checkpoint requests a day, 1 to 2^31 - 1
//! contact sysadmin (at) bar.example
//! ```
//!
//! A log whose key this project cannot verify is passed over and named, so that one new algorithm in
//! a public list does not end the witnessing of all others. Any other fault refuses the whole list.

use spec::checkpoint::Origin;
use spec::encoding::parse_decimal;
use spec::key::{KeyError, VerifierKey};

use crate::registry::check_kind;

/// The most bytes of a list: 100,000 logs at some 330 bytes.
pub const MAX_LIST_SIZE: u64 = 32 << 20;

/// The most logs of a list.
pub const MAX_LIST_LOGS: usize = 100_000;

/// The most bytes of a contact that are kept.
const MAX_CONTACT_SIZE: usize = 1024;

/// The first line.
const HEADER: &str = "logs/v0";

/// What is wrong with a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct ListError {
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: ListFault,
}

/// Faults of a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListFault {
    /// A contact that is too long.
    #[error("the contact is longer than {MAX_CONTACT_SIZE} bytes")]
    Contact,
    /// The list does not start with its format.
    #[error("the first line is not `{HEADER}`")]
    Header,
    /// Not a verifier key.
    #[error("the verifier key: {0}")]
    Key(KeyError),
    /// Another line belongs here.
    #[error("`{0}` belongs here")]
    Order(&'static str),
    /// Not an origin.
    #[error("the origin is malformed")]
    Origin,
    /// Not a number of requests a day.
    #[error("the requests per day are not a decimal from 1 to 2147483647")]
    Qpd,
    /// More than [`MAX_LIST_LOGS`].
    #[error("more than {MAX_LIST_LOGS} logs")]
    TooMany,
}

/// One log of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedLog {
    /// Its key.
    pub key: VerifierKey,
    /// Its origin.
    pub origin: Origin,
    /// The requests that it may make a day.
    pub qpd: u32,
    /// How to reach its operator.
    pub contact: String,
}

/// What a list holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogList {
    /// The logs, in the list's order.
    pub logs: Vec<ListedLog>,
    /// Lines of keys that this project cannot verify, with the reason.
    pub passed_over: Vec<(usize, KeyError)>,
}

/// Whether a text claims to be a list of this format.
#[must_use]
pub fn is_list(text: &str) -> bool {
    lines(text).next().is_some_and(|(_, line)| line == HEADER)
}

/// Parses a list.
pub fn parse(text: &str) -> Result<LogList, ListError> {
    let mut lines = lines(text).peekable();
    let fail = |line, fault| ListError { line, fault };
    match lines.next() {
        Some((_, HEADER)) => {}
        other => return Err(fail(other.map_or(1, |(line, _)| line), ListFault::Header)),
    }
    let end = text.lines().count().max(1);
    let mut list = LogList::default();
    while let Some((line, text)) = lines.next() {
        if list.logs.len() + list.passed_over.len() == MAX_LIST_LOGS {
            return Err(fail(line, ListFault::TooMany));
        }
        let vkey = value(text, "vkey").ok_or(fail(line, ListFault::Order("vkey")))?;
        let key = VerifierKey::parse(vkey).and_then(|key| check_kind(&key).map(|()| key));
        let key_line = line;
        let origin = lines.next_if(|(_, text)| value(text, "origin").is_some());

        let (line, text) = lines.next().ok_or(fail(end, ListFault::Order("qpd")))?;
        let qpd = value(text, "qpd").ok_or(fail(line, ListFault::Order("qpd")))?;
        let qpd = parse_decimal(qpd).ok().and_then(|qpd| i32::try_from(qpd).ok());
        let qpd = qpd.filter(|qpd| *qpd > 0).ok_or(fail(line, ListFault::Qpd))?.unsigned_abs();

        let (line, text) = lines.next().ok_or(fail(end, ListFault::Order("contact")))?;
        let contact = value(text, "contact").ok_or(fail(line, ListFault::Order("contact")))?;
        if contact.len() > MAX_CONTACT_SIZE {
            return Err(fail(line, ListFault::Contact));
        }
        let key = match key {
            Ok(key) => key,
            Err(error @ KeyError::Type(_)) => {
                list.passed_over.push((key_line, error));
                continue;
            }
            Err(error) => return Err(fail(key_line, ListFault::Key(error))),
        };
        let (origin_line, origin) = match origin {
            Some((line, text)) => (line, value(text, "origin").expect("it was just found")),
            None => (key_line, key.name().as_str()),
        };
        let origin = Origin::parse(origin).map_err(|_| fail(origin_line, ListFault::Origin))?;
        list.logs.push(ListedLog { key, origin, qpd, contact: contact.to_owned() });
    }
    Ok(list)
}

/// The lines that say something, numbered from 1.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix(name)?.strip_prefix(' ').map(str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "keyserver.geomys.org+16b31509+ARLJ+pmTj78HzTeBj04V+LVfB+GFAQyrg54CRIju7Nn8";
    const OTHER: &str =
        "vindex.gopherwatch.org+af4f4f3a+AYlEp21ErzmKZa+aqhjC8BQteyEtsVwmLzblkzHxn8et";

    fn list() -> String {
        format!(
            "#\n# List: 10qps\n#\nlogs/v0\n\n# one\nvkey {KEY}\nqpd 1440\ncontact a (at) b | c\n\n\
             \t vkey {OTHER}  \norigin another.example/origin\nqpd 1\ncontact x\n"
        )
    }

    #[test]
    fn a_list_of_the_network_is_read() {
        let list = parse(&list()).unwrap();
        assert_eq!(list.logs.len(), 2);
        assert_eq!(list.logs[0].origin.as_str(), "keyserver.geomys.org");
        assert_eq!((list.logs[0].qpd, list.logs[0].contact.as_str()), (1440, "a (at) b | c"));
        assert_eq!(list.logs[1].origin.as_str(), "another.example/origin");
        assert_eq!(parse("logs/v0\n").unwrap(), LogList::default());
        assert!(is_list("# x\n\nlogs/v0\n") && !is_list("logs/v1\n") && !is_list(""));
    }

    #[test]
    fn malformed_lists_are_refused_by_line() {
        let text = list();
        let cases = [
            (text.replace("logs/v0", "logs/v1"), 4, ListFault::Header),
            (String::new(), 1, ListFault::Header),
            (text.replace("qpd 1440", "qpd 01"), 8, ListFault::Qpd),
            (text.replace("qpd 1440", "qpd 0"), 8, ListFault::Qpd),
            (text.replace("qpd 1440", "qpd 2147483648"), 8, ListFault::Qpd),
            (text.replace("qpd 1440\n", ""), 8, ListFault::Order("qpd")),
            (text.replace("contact x\n", ""), 13, ListFault::Order("contact")),
            (text.replace("contact x\n", "contact x\nbastion y\n"), 15, ListFault::Order("vkey")),
            (
                text.replace("16b31509", "16b31508"),
                7,
                ListFault::Key(KeyError::Id {
                    have: "16b31508".to_owned(),
                    want: "16b31509".to_owned(),
                }),
            ),
            (text.replace("another.example", &"o".repeat(250)), 12, ListFault::Origin),
            (
                text.replace("contact x", &format!("contact {}", "x".repeat(1025))),
                14,
                ListFault::Contact,
            ),
        ];
        for (text, line, fault) in cases {
            assert_eq!(parse(&text), Err(ListError { line, fault }), "{text}");
        }
    }

    #[test]
    fn a_key_of_a_new_kind_is_passed_over_and_named() {
        let mut bytes = vec![0x02];
        bytes.extend_from_slice(&[7; 40]);
        let key = spec::encoding::encode_base64(&bytes);
        let text = list().replace(KEY, &format!("new.example+00000000+{key}"));
        let list = parse(&text).unwrap();
        assert_eq!(list.logs.len(), 1);
        assert_eq!(list.passed_over, [(7, KeyError::Type(2))]);
    }
}
