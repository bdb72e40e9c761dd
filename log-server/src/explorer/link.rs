//! Where links lead: paths of this log and nothing else.
//!
//! A source's name may hold any letter but spaces, plus signs and controls, and slashes are common
//! in it. In a path everything is percent-encoded but unreserved letters and slashes: one spelling
//! for one name. A name with a segment of one or two dots has no link, because browsers would take
//! these for steps up, however they are written.

use std::fmt;

use spec::key::KeyName;
use spec::tile::Tile;

/// A path of this log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The signed note.
    Checkpoint,
    /// An entry's page.
    Entry(u64),
    /// The start, with all that is known of its growth.
    Home,
    /// The start, with the growth over another time.
    HomeOver(&'static str),
    /// The page for programs.
    OpenApi,
    /// An entry's receipt.
    Proof(u64),
    /// What the search form asks.
    Search,
    /// A source's newest statements, or those below a sequence.
    Source(SourcePath, Option<u64>),
    /// A tile or bundle.
    Tile(Tile),
    /// The verifier in a browser.
    Verify,
}

/// A source's name as a path has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourcePath(String);

impl SourcePath {
    /// Encodes a name; `None` where browsers would change the path.
    pub(crate) fn new(name: &KeyName) -> Option<Self> {
        let steps = |segment: &str| matches!(segment, "." | "..");
        (!name.as_str().split('/').any(steps)).then(|| Self(encode(name.as_str())))
    }

    /// Reads a name from a path; `None` if it is none. The path may spell it otherwise than
    /// [`SourcePath::new`] does.
    pub(crate) fn decode(path: &str) -> Option<KeyName> {
        KeyName::parse(&decode(path, false)?).ok()
    }

    /// The name as it stands in a path.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Link {
    /// Whether it leads to a page in two languages.
    pub(super) const fn is_page(&self) -> bool {
        !matches!(self, Self::Checkpoint | Self::OpenApi | Self::Proof(_) | Self::Tile(_))
    }
}

impl fmt::Display for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint => formatter.write_str("/checkpoint"),
            Self::Entry(index) => write!(formatter, "/entry/{index}"),
            Self::Home => formatter.write_str("/"),
            Self::HomeOver(span) => write!(formatter, "/?span={span}"),
            Self::OpenApi => formatter.write_str("/openapi.json"),
            Self::Proof(index) => write!(formatter, "/proof/{index}"),
            Self::Search => formatter.write_str("/search"),
            Self::Source(name, None) => write!(formatter, "/source/{}", name.0),
            Self::Source(name, Some(before)) => {
                write!(formatter, "/source/{}?before={before}", name.0)
            }
            Self::Tile(tile) => write!(formatter, "/{tile}"),
            Self::Verify => formatter.write_str("/verify"),
        }
    }
}

fn encode(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Undoes percent-encoding, and in a form's value `+` for a space. `None` for half an escape, or
/// for bytes that are no UTF-8.
pub(crate) fn decode(text: &str, is_form: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            b'+' if is_form => b' ',
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(letter: u8) -> Option<u8> {
    char::from(letter).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> KeyName {
        KeyName::parse(text).unwrap()
    }

    #[test]
    fn names_come_back_from_their_paths_and_hold_no_markup_there() {
        for text in
            ["line-4.example/aoi-7", "<script>\"'&", "产线/4", "a?b#c%d", "//x", "a\u{202e}"]
        {
            let path = SourcePath::new(&name(text)).unwrap();
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
            assert!(path.as_str().bytes().all(is_plain), "{}", path.as_str());
            assert_eq!(SourcePath::decode(path.as_str()), Some(name(text)));
        }
        let path = SourcePath::new(&name("a/<b>")).unwrap();
        assert_eq!(Link::Source(path, Some(3)).to_string(), "/source/a/%3Cb%3E?before=3");
    }

    #[test]
    fn what_browsers_would_walk_away_from_has_no_link() {
        for text in ["..", ".", "a/../b", "./a", "a/.."] {
            assert_eq!(SourcePath::new(&name(text)), None, "{text}");
        }
        assert!(SourcePath::new(&name("a..b/...")).is_some());
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for wrong in ["", "%", "%2", "%zz", "%ff", "a%20b", "a%2Bb", "a%00", "%0a"] {
            assert_eq!(SourcePath::decode(wrong), None, "{wrong}");
        }
        assert_eq!(decode("a+b%2B%e4%ba%a7", true).unwrap(), "a b+产");
        assert_eq!(decode("a+b", false).unwrap(), "a+b");
    }
}
