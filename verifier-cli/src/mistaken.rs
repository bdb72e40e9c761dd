//! Files in each other's places: pins given as a policy, a list of units as a lot key. What such a file looks like
//! is said, and where it belongs.
//!
//! Asked only of what cannot be what it was given as, and of lists, since lines of any kind could be one. The page
//! knows files by the same forms (`verifier-web/src/judge/mistaken.ts`).

use spec::bundle::Bundle;

use crate::failure::Failure;
use crate::list;
use crate::masked;
use crate::messages::{Message, Said};

/// How much of a file is looked at, in bytes.
pub(crate) const HEAD: usize = 64 * 1024;

/// The fewest letters of a key in base64. A serial with a date in it may have a name and eight digits as well.
const KEY_LETTERS: usize = 44;

/// What a file can be given as, and can look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bundle,
    Disclosure,
    Keys,
    LotKey,
    Pins,
    Policy,
    Receipt,
    Units,
}

/// What kept the program from reading a file as what it was given as, if it looks like something else.
pub(crate) fn told(shown: &str, bytes: &[u8], meant: Kind) -> Option<Failure> {
    // What is read as a list anyhow is not read twice: it is the last that anything is taken for.
    let known = match meant {
        Kind::Units => Kind::of_form(bytes),
        _ => Kind::of(bytes),
    };
    let message = match known.filter(|kind| *kind != meant)? {
        Kind::Bundle => Message::UseBundleVerify,
        Kind::Disclosure => Message::LooksDisclosure,
        Kind::Keys => Message::LooksKeys,
        Kind::LotKey => Message::LooksLotKey,
        Kind::Pins => Message::LooksPins,
        Kind::Policy => Message::LooksPolicy,
        Kind::Receipt => Message::LooksReceipt,
        Kind::Units => Message::LooksUnits,
    };
    Some(Said::new(message, &[&masked::masked(shown)]).into())
}

impl Kind {
    /// What these bytes look like, by their form.
    fn of(bytes: &[u8]) -> Option<Self> {
        let is_list = || {
            let head = head(bytes);
            list::decode(head).is_some_and(|text| lines(&text).next().is_some())
                && list::is_meant_by(head)
        };
        Self::of_form(bytes).or_else(|| is_list().then_some(Self::Units))
    }

    /// The same, without lists of units, which have hardly a form.
    fn of_form(bytes: &[u8]) -> Option<Self> {
        if Bundle::is_meant_by(bytes) {
            return Some(Self::Bundle);
        }
        let head = head(bytes);
        let text = list::decode(head)?;
        let lines: Vec<&str> = lines(&text).collect();
        let first = lines.first()?;
        let known = if first.starts_with("fiducial/pins/") {
            Self::Pins
        } else if first.starts_with("c2sp.org/tlog-proof@") {
            Self::Receipt
        } else if first.starts_with('{') && text.contains("\"fiducial/disclosure/") {
            Self::Disclosure
        } else if lines.iter().all(|line| masked::key_in(line).is_some()) {
            Self::LotKey
        } else if lines.iter().all(|line| is_key(line)) {
            Self::Keys
        } else if is_policy(&lines) {
            Self::Policy
        } else {
            return None;
        };
        Some(known)
    }
}

/// As much of a file as is looked at: whole lines.
fn head(bytes: &[u8]) -> &[u8] {
    let Some(head) = bytes.get(..HEAD) else { return bytes };
    let end = head.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    &head[..end]
}

/// The lines that say something.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Whether it is written as a verifier key is: its name, eight hexadecimal digits and the key.
fn is_key(text: &str) -> bool {
    let mut parts = text.splitn(3, '+');
    let (name, id, key) = (parts.next(), parts.next(), parts.next());
    let is_id = |id: &str| id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    name.is_some_and(|name| !name.is_empty() && !name.contains(char::is_whitespace))
        && id.is_some_and(is_id)
        && key.is_some_and(|key| key.len() >= KEY_LETTERS)
}

/// Groups alone are no policy: boards may be called so.
fn is_policy(lines: &[&str]) -> bool {
    lines.iter().all(|line| is_of_policy(line))
        && lines.iter().any(|line| !line.starts_with("group"))
}

fn is_of_policy(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["log", key, ..] | ["witness", _, key, ..] => is_key(key),
        ["group" | "quorum", _, ..] => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

    #[test]
    fn each_kind_of_file_is_known_by_its_form_and_in_whatever_letters() {
        let policy = format!("# ours\nlog {KEY}\nwitness w {KEY}\ngroup g any w\nquorum g\n");
        let lot_key = "96dc".repeat(16);
        let many = format!("serial\n{}", "SN0123456789\n".repeat(HEAD));
        for (text, want) in [
            ("fiducial/pins/v1\nlog log.example\n", Kind::Pins),
            ("c2sp.org/tlog-proof@v1\nindex 1\n", Kind::Receipt),
            ("{\n  \"format\": \"fiducial/disclosure/v1\",\n", Kind::Disclosure),
            (lot_key.as_str(), Kind::LotKey),
            (KEY, Kind::Keys),
            (policy.as_str(), Kind::Policy),
            ("quorum none\n", Kind::Policy),
            ("serial,panel\nSN1,PN1\n", Kind::Units),
            ("SN1\nSN2\n", Kind::Units),
            ("AB1+20261127+0001\nAB1+20261127+0002\n", Kind::Units),
            (many.as_str(), Kind::Units),
        ] {
            assert_eq!(Kind::of(text.as_bytes()), Some(want), "{text:.60}");
            assert_eq!(Kind::of(format!("\u{feff}{text}").as_bytes()), Some(want), "{text:.60}");
        }
        let wide: Vec<u8> =
            "\u{feff}serial\r\nSN1".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(Kind::of(&wide), Some(Kind::Units));
        // One word is not yet a list, words without digits are none, and nothing is nothing.
        for text in [
            "",
            "\n",
            "SN1\n",
            "no\nlist\n",
            "a key+12345678+of words\n",
            "\0\u{1}",
            "log x\n",
            "group 1\ngroup 2\n",
        ] {
            assert_eq!(Kind::of(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn what_is_in_its_place_is_not_told_and_a_lot_key_is_never_shown() {
        let key = "96dc".repeat(16);
        assert!(told("lot.key", key.as_bytes(), Kind::LotKey).is_none());
        let said = told(&key, key.as_bytes(), Kind::Policy).unwrap();
        let said = said.to_text(crate::messages::Language::English);
        assert!(said.contains("--lot-key") && !said.contains("96dc"), "{said}");
    }
}
