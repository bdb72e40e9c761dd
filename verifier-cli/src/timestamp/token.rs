//! A response of a timestamping authority, taken apart. Nothing here is believed yet.
//!
//! Rule: RFC 3161, 2.4.2, in the message syntax of RFC 5652, 5. DER, of at most
//! [`spec::bundle::MAX_TIMESTAMP_SIZE`] bytes:
//!
//! ```text
//! TimeStampResp { status, ContentInfo { SignedData { TSTInfo, certificates, one SignerInfo } } }
//! ```

use std::time::Duration;

use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{DateTime, Tag};

use super::fields::{Algorithm, Fields, around, instead, number};

/// The most certificates that come with a token; chains have three or four.
const MAX_CERTIFICATES: usize = 16;

/// The most attributes that are signed; six are in use.
const MAX_ATTRIBUTES: usize = 32;

/// The longest time: fourteen digits, a point, nine more and `Z`.
const MAX_TIME: usize = 25;

const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(super) const ID_TST_INFO: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// Why bytes are no token.
pub(super) enum Unread {
    /// A structure, by its name in the standards, is not what it must be.
    Malformed(&'static str),
    /// The authority has refused, with this status.
    NotGranted(u32),
}

/// What the token says, and all that its signature is checked with.
pub(super) struct Token<'a> {
    pub(super) info: Info<'a>,
    /// The exact bytes that are hashed into the signed attributes.
    pub(super) content: &'a [u8],
    /// Each certificate as it came.
    pub(super) certificates: Vec<&'a [u8]>,
    pub(super) signer: Signer<'a>,
}

/// `TSTInfo`.
pub(super) struct Info<'a> {
    pub(super) imprint_algorithm: Algorithm,
    pub(super) imprint: &'a [u8],
    pub(super) time: Time,
    pub(super) accuracy: Option<Duration>,
    pub(super) nonce: Option<&'a [u8]>,
    /// Whether it has an extension that must be understood.
    pub(super) has_critical_extension: bool,
}

/// `genTime`: whole seconds since 1970, and the digits behind the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) seconds: u64,
    pub(super) fraction: String,
}

/// `SignerInfo`.
pub(super) struct Signer<'a> {
    pub(super) named: Named<'a>,
    pub(super) digest_algorithm: Algorithm,
    /// The attributes as they are signed, but for the first byte: see [`Signer::signed_bytes`].
    attributes_raw: &'a [u8],
    /// Each attribute with the contents of its one value, and that value's tag.
    pub(super) attributes: Vec<(ObjectIdentifier, Tag, &'a [u8])>,
    pub(super) algorithm: Algorithm,
    pub(super) signature: &'a [u8],
}

/// How a signer's certificate is named.
pub(super) enum Named<'a> {
    /// The issuer's name in DER, and the serial number's contents.
    Issued { issuer: &'a [u8], serial: &'a [u8] },
    /// The subject key identifier.
    Key(&'a [u8]),
}

impl Signer<'_> {
    /// What the signature is over: the attributes as a set, whatever tag they travel under.
    pub(super) fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = self.attributes_raw.to_vec();
        if let Some(first) = bytes.first_mut() {
            *first = 0x31;
        }
        bytes
    }
}

/// Reads a response.
pub(super) fn parse(bytes: &[u8]) -> Result<Token<'_>, Unread> {
    let malformed = Unread::Malformed;
    let (status, token) = response(bytes).ok_or(malformed("TimeStampResp"))?;
    // 0 is granted, 1 granted with changes that the token shows.
    if status > 1 {
        return Err(Unread::NotGranted(status));
    }
    let mut fields = token.ok_or(malformed("timeStampToken"))?;
    let parts = signed_data(&mut fields).ok_or(malformed("SignedData"))?;
    let info = info(parts.content).ok_or(malformed("TSTInfo"))?;
    let certificates = certificates(parts.certificates).ok_or(malformed("certificates"))?;
    let signer = signer(parts.signers).ok_or(malformed("SignerInfo"))?;
    Ok(Token { info, content: parts.content, certificates, signer })
}

fn response(bytes: &[u8]) -> Option<(u32, Option<Fields<'_>>)> {
    let mut fields = Fields::of_file(bytes)?;
    let status = fields.sequence()?.small()?;
    let token = if fields.is_empty() { None } else { Some(fields.sequence()?) };
    fields.end()?;
    Some((status, token))
}

/// The parts of `SignedData` that are used.
struct Parts<'a> {
    content: &'a [u8],
    certificates: &'a [u8],
    signers: &'a [u8],
}

fn signed_data<'a>(info: &mut Fields<'a>) -> Option<Parts<'a>> {
    if info.identifier()? != ID_SIGNED_DATA {
        return None;
    }
    let mut around_data = Fields::of(info.take(around(0))?)?;
    if !info.is_empty() {
        return None;
    }
    let mut data = around_data.sequence()?;
    around_data.end()?;
    // 3 is asked for wherever the content is not plain data.
    if data.small()? != 3 {
        return None;
    }
    data.take(Tag::Set)?;
    let mut content = data.sequence()?;
    if content.identifier()? != ID_TST_INFO {
        return None;
    }
    let mut octets = Fields::of(content.take(around(0))?)?;
    let content_bytes = octets.take(Tag::OctetString)?;
    octets.end()?;
    content.end()?;
    let certificates = data.maybe(around(0))?.unwrap_or_default();
    // Lists of revocations are not asked.
    data.maybe(around(1))?;
    let signers = data.take(Tag::Set)?;
    data.end()?;
    Some(Parts { content: content_bytes, certificates, signers })
}

fn info(bytes: &[u8]) -> Option<Info<'_>> {
    let mut fields = Fields::of_file(bytes)?;
    if fields.small()? != 1 {
        return None;
    }
    // The authority's policy, by its number.
    fields.identifier()?;
    let mut imprint = fields.sequence()?;
    let imprint_algorithm = imprint.algorithm()?;
    let hashed = imprint.take(Tag::OctetString)?;
    imprint.end()?;
    // The token's serial number, of any length.
    fields.take(Tag::Integer)?;
    let time = time(fields.take(Tag::GeneralizedTime)?)?;
    let accuracy = match fields.maybe(Tag::Sequence)? {
        Some(contents) => Some(accuracy(contents)?),
        None => None,
    };
    fields.maybe(Tag::Boolean)?;
    let nonce = fields.maybe(Tag::Integer)?;
    // The name that the authority gives itself: the certificate's is shown instead.
    fields.maybe(around(0))?;
    let has_critical_extension = match fields.maybe(around(1))? {
        Some(contents) => has_critical(contents)?,
        None => false,
    };
    fields.end()?;
    let imprint = hashed;
    Some(Info { imprint_algorithm, imprint, time, accuracy, nonce, has_critical_extension })
}

/// `20261127021500Z`, with a fraction that does not end in 0 where there is one.
fn time(contents: &[u8]) -> Option<Time> {
    let text = std::str::from_utf8(contents).ok().filter(|text| text.len() <= MAX_TIME)?;
    let (digits, rest) = text.strip_suffix('Z')?.split_at_checked(14)?;
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let fraction = match rest.strip_prefix('.') {
        Some(fraction) if are_digits(fraction) && !fraction.ends_with('0') => fraction,
        None if rest.is_empty() => "",
        _ => return None,
    };
    if !are_digits(digits) {
        return None;
    }
    let two = |at: usize| digits[at..at + 2].parse::<u8>().ok();
    let year = digits[..4].parse().ok()?;
    let time = DateTime::new(year, two(4)?, two(6)?, two(8)?, two(10)?, two(12)?).ok()?;
    Some(Time { seconds: time.unix_duration().as_secs(), fraction: fraction.to_string() })
}

fn accuracy(contents: &[u8]) -> Option<Duration> {
    let mut fields = Fields::of(contents)?;
    let seconds = fields.maybe(Tag::Integer)?.map_or(Some(0), number)?;
    let mut thousandth = |tag| {
        let contents = fields.maybe(tag)?;
        contents.map_or(Some(0), |contents| number(contents).filter(|one| (1..1000).contains(one)))
    };
    let (millis, micros) = (thousandth(instead(0))?, thousandth(instead(1))?);
    fields.end()?;
    Some(Duration::new(u64::from(seconds), millis * 1_000_000 + micros * 1_000))
}

/// Whether one of these extensions is critical.
fn has_critical(contents: &[u8]) -> Option<bool> {
    let mut list = Fields::of(contents)?;
    let mut found = false;
    while !list.is_empty() {
        let mut extension = list.sequence()?;
        extension.identifier()?;
        found |= extension.maybe(Tag::Boolean)?.is_some_and(|value| value != [0]);
        extension.take(Tag::OctetString)?;
        extension.end()?;
    }
    Some(found)
}

/// The certificates as they came; other kinds are passed over.
fn certificates(contents: &[u8]) -> Option<Vec<&[u8]>> {
    let (mut list, mut found) = (Fields::of(contents)?, Vec::new());
    while !list.is_empty() {
        let is_certificate = list.peek()? == Tag::Sequence;
        let raw = list.raw()?;
        if is_certificate {
            found.push(raw);
        }
        if found.len() > MAX_CERTIFICATES {
            return None;
        }
    }
    Some(found)
}

/// The one signer: RFC 3161 allows no other.
fn signer(contents: &[u8]) -> Option<Signer<'_>> {
    let mut list = Fields::of(contents)?;
    let mut fields = list.sequence()?;
    list.end()?;
    let version = fields.small()?;
    let named = if fields.peek()? == Tag::Sequence {
        let mut issued = fields.sequence()?;
        let (issuer, serial) = (issued.raw()?, issued.take(Tag::Integer)?);
        issued.end()?;
        Named::Issued { issuer, serial }
    } else {
        Named::Key(fields.take(instead(0))?)
    };
    let is_fitting = matches!((&named, version), (Named::Issued { .. }, 1) | (Named::Key(_), 3));
    if !is_fitting {
        return None;
    }
    let digest_algorithm = fields.algorithm()?;
    if fields.peek()? != around(0) {
        return None;
    }
    let attributes_raw = fields.raw()?;
    let attributes = attributes(attributes_raw)?;
    let algorithm = fields.algorithm()?;
    let signature = fields.take(Tag::OctetString)?;
    fields.maybe(around(1))?;
    fields.end()?;
    Some(Signer { named, digest_algorithm, attributes_raw, attributes, algorithm, signature })
}

/// Each attribute, of one value, and none twice.
fn attributes(raw: &[u8]) -> Option<Vec<(ObjectIdentifier, Tag, &[u8])>> {
    let mut outer = Fields::of(raw)?;
    let mut list = Fields::of(outer.take(around(0))?)?;
    let mut found: Vec<(ObjectIdentifier, Tag, &[u8])> = Vec::new();
    while !list.is_empty() {
        let mut attribute = list.sequence()?;
        let name = attribute.identifier()?;
        let mut values = Fields::of(attribute.take(Tag::Set)?)?;
        attribute.end()?;
        let tag = values.peek()?;
        let value = values.take(tag)?;
        values.end()?;
        let is_new = found.iter().all(|(other, ..)| *other != name);
        if !is_new || found.len() == MAX_ATTRIBUTES {
            return None;
        }
        found.push((name, tag, value));
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_spelling_and_may_have_a_fraction() {
        let read = |text: &str| time(text.as_bytes());
        let whole = Time { seconds: 1_767_323_045, fraction: String::new() };
        assert_eq!(read("20260102030405Z"), Some(whole.clone()));
        let half = Time { fraction: "5".to_string(), ..whole };
        assert_eq!(read("20260102030405.5Z"), Some(half));
        for refused in [
            "20260102030405",
            "20260102030405+0800",
            "202601020304Z",
            "20260102030405.Z",
            "20260102030405.50Z",
            "20260102030405,5Z",
            "20260102030405.1234567891Z",
            "20261302030405Z",
            "20260230030405Z",
            "20260102030460Z",
            "2026010203040 Z",
            "+0260102030405Z",
            "",
        ] {
            assert_eq!(read(refused), None, "{refused}");
        }
    }

    #[test]
    fn an_accuracy_is_a_sum_of_seconds_thousandths_and_millionths() {
        let all = [2, 1, 1, 0x80, 2, 1, 0xf4, 0x81, 1, 100];
        assert_eq!(accuracy(&all), Some(Duration::from_micros(1_500_100)));
        assert_eq!(accuracy(&[]), Some(Duration::ZERO));
        // Zero thousandths, a thousand of them, the wrong order.
        for refused in [&[0x80, 1, 0][..], &[0x80, 2, 3, 0xe8], &[0x81, 1, 1, 0x80, 1, 1]] {
            assert_eq!(accuracy(refused), None, "{refused:?}");
        }
    }
}
