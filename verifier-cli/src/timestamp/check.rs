//! Whether a token belongs to a checkpoint and is signed by the certificate that it names.
//!
//! Rule: RFC 3161, 2.4.2 and 2.3; RFC 5652, 5.4 to 5.6; RFC 5035, 5 and RFC 2634, 5.4 (which certificate
//! signed is itself signed). RSA (PKCS #1 v1.5) from 2048 bits and ECDSA on P-256, P-384 and P-521, each
//! with SHA-256, SHA-384 or SHA-512. Another algorithm is *unknown*: then nothing is decided. SHA-1 dates
//! nothing: two texts of one SHA-1 can be made. It is read only where an old token names its certificate
//! by it. The issuer and number beside it are not asked: many such tokens leave them out, and those of the
//! signer are not signed. There it rests on this: that no second certificate is made to a given SHA-1, and
//! that whoever issues the certificate does not make two of one. That authority is the reader's choice.
//!
//! Invariant: there is no [`Stamp`] but for the note it was checked with.

use std::time::Duration;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use spec::Hash;
use spec::time::format_utc;
use x509_cert::Certificate;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode, Tag};
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier};

use super::fields::Fields;
use super::token::{self, ID_TST_INFO, Info, Named, Signer, Time, Token, Unread};
use crate::command::Stop;
use crate::failure::Failure;
use crate::messages::{Message, Said};

const fn id(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

#[cfg(test)]
const SHA1: ObjectIdentifier = id("1.3.14.3.2.26");
const SHA256: ObjectIdentifier = id("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = id("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = id("2.16.840.1.101.3.4.2.3");

const RSA: ObjectIdentifier = id("1.2.840.113549.1.1.1");
const RSA_SHA256: ObjectIdentifier = id("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = id("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = id("1.2.840.113549.1.1.13");
const EC: ObjectIdentifier = id("1.2.840.10045.2.1");
const ECDSA_SHA256: ObjectIdentifier = id("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = id("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = id("1.2.840.10045.4.3.4");
const P256: ObjectIdentifier = id("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = id("1.3.132.0.34");
const P521: ObjectIdentifier = id("1.3.132.0.35");

const CONTENT_TYPE: ObjectIdentifier = id("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = id("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier = id("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = id("1.2.840.113549.1.9.16.2.47");
const TIME_STAMPING: ObjectIdentifier = id("1.3.6.1.5.5.7.3.8");

/// Why there is no stamp.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The token may be sound, and is of another note.
    Elsewhere(Said),
    /// The token uses something that this program does not know.
    Unknown(Said),
    /// The token is wrong, or of something else.
    Wrong(Said),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Unknown(why) => Self::Failure(Failure::new(why)),
            Fault::Elsewhere(why) | Fault::Wrong(why) => Self::rejected(why),
        }
    }
}

/// What a sound token states of a note. Whose word it is, is not asked here.
pub(crate) struct Stamp {
    note: Vec<u8>,
    time: Time,
    accuracy: Option<Duration>,
    nonce: Option<Vec<u8>>,
    signer: String,
    /// The signing certificate first, then all others that came with it; DER.
    certificates: Vec<Vec<u8>>,
}

impl Stamp {
    /// The note that it dates.
    pub(super) fn note(&self) -> &[u8] {
        &self.note
    }

    pub(super) fn nonce(&self) -> Option<&Vec<u8>> {
        self.nonce.as_ref()
    }

    pub(super) const fn seconds(&self) -> u64 {
        self.time.seconds
    }

    pub(super) fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// The time it states, UTC.
    pub(crate) fn time(&self) -> String {
        let text = format_utc(self.time.seconds);
        match (&*self.time.fraction, text.strip_suffix('Z')) {
            ("", _) | (_, None) => text,
            (fraction, Some(whole)) => format!("{whole}.{fraction}Z"),
        }
    }

    /// How far from that the true time may be, in seconds, if the authority says it.
    pub(crate) fn accuracy(&self) -> Option<String> {
        self.accuracy.map(|accuracy| format!("{} s", accuracy.as_secs_f64()))
    }

    /// The subject of the signing certificate.
    pub(crate) fn signer(&self) -> &str {
        &self.signer
    }

    /// The SHA-256 of the signing certificate, in hexadecimal.
    pub(crate) fn certificate_hash(&self) -> String {
        self.certificates.first().map(|one| Hash::of(one).to_hex()).unwrap_or_default()
    }
}

/// Checks a response against the exact bytes of a note. Verifies one signature.
pub(crate) fn check(response: &[u8], note: &[u8]) -> Result<Stamp, Fault> {
    let token = token::parse(response).map_err(|unread| match unread {
        Unread::Malformed(what) => wrong(Message::StampMalformed, &[what]),
        Unread::NotGranted(status) => wrong(Message::StampNotGranted, &[&status.to_string()]),
    })?;
    check_imprint(&token.info, note)?;
    if token.info.has_critical_extension {
        return Err(Fault::Unknown(Said::new(Message::StampUnknown, &["TSTInfo.extensions"])));
    }
    let digest = check_attributes(&token)?;
    let (raw, certificate) = find_certificate(&token)?;
    check_signature(&token.signer, digest, &certificate)?;
    check_certificate(&certificate, &token.info.time)?;
    let others = token.certificates.iter().filter(|other| **other != raw);
    let certificates = [raw].into_iter().chain(others.copied()).map(<[u8]>::to_vec).collect();
    Ok(Stamp {
        note: note.to_vec(),
        signer: certificate.tbs_certificate().subject().to_string(),
        accuracy: token.info.accuracy,
        nonce: token.info.nonce.map(<[u8]>::to_vec),
        time: token.info.time,
        certificates,
    })
}

/// What a response claims of itself, unverified, for people: its time, and for programs that check it
/// by hand the digest of its imprint and the whole seconds. `None` where it cannot be read.
pub(crate) fn claims(response: &[u8]) -> Option<(String, &'static str, u64)> {
    let token = token::parse(response).ok()?;
    let digest = match token.info.imprint_algorithm {
        SHA256 => "sha256",
        SHA384 => "sha384",
        SHA512 => "sha512",
        _ => return None,
    };
    let seconds = token.info.time.seconds;
    Some((format_utc(seconds), digest, seconds))
}

/// The hash of a note by an algorithm that still dates something.
pub(super) fn imprint_of(algorithm: ObjectIdentifier, note: &[u8]) -> Option<Vec<u8>> {
    digest_by(algorithm).map(|by| digest::digest(by, note).as_ref().to_vec())
}

fn digest_by(algorithm: ObjectIdentifier) -> Option<&'static digest::Algorithm> {
    match algorithm {
        SHA256 => Some(&digest::SHA256),
        SHA384 => Some(&digest::SHA384),
        SHA512 => Some(&digest::SHA512),
        _ => None,
    }
}

fn check_imprint(info: &Info<'_>, note: &[u8]) -> Result<(), Fault> {
    let shown = info.imprint_algorithm.to_string();
    let hash = imprint_of(info.imprint_algorithm, note)
        .ok_or_else(|| wrong(Message::StampWeakImprint, &[&shown]))?;
    if hash == info.imprint {
        Ok(())
    } else {
        Err(Fault::Elsewhere(Said::new(Message::StampOfAnother, &[])))
    }
}

/// The signed attributes say what was signed; gives the digest that they use.
fn check_attributes(token: &Token<'_>) -> Result<&'static digest::Algorithm, Fault> {
    let shown = token.signer.digest_algorithm.to_string();
    let digest = digest_by(token.signer.digest_algorithm)
        .ok_or_else(|| Fault::Unknown(Said::new(Message::StampUnknown, &[&shown])))?;
    let hash = digest::digest(digest, token.content);
    let is_type = attribute(&token.signer, CONTENT_TYPE) == Some(ID_TST_INFO.as_bytes());
    let is_digest = attribute(&token.signer, MESSAGE_DIGEST) == Some(hash.as_ref());
    if is_type && is_digest { Ok(digest) } else { Err(wrong(Message::StampAltered, &[])) }
}

fn attribute<'a>(signer: &Signer<'a>, name: ObjectIdentifier) -> Option<&'a [u8]> {
    let mut found = signer.attributes.iter().filter(|(other, ..)| *other == name);
    found.next().map(|(_, _, value)| *value)
}

/// The certificate that the signed attributes name by its hash; the signer must name the same.
fn find_certificate<'a>(token: &Token<'a>) -> Result<(&'a [u8], Certificate), Fault> {
    let named = named_hash(&token.signer).ok_or_else(|| wrong(Message::StampNamesNone, &[]))?;
    let (by, hash) = named;
    let mut fitting =
        token.certificates.iter().filter(|raw| digest::digest(by, raw).as_ref() == hash);
    let raw = *fitting.next().ok_or_else(|| wrong(Message::StampWithoutCertificate, &[]))?;
    let certificate =
        Certificate::from_der(raw).map_err(|_| wrong(Message::StampMalformed, &["Certificate"]))?;
    if is_named(&token.signer.named, &certificate) {
        Ok((raw, certificate))
    } else {
        Err(wrong(Message::StampWithoutCertificate, &[]))
    }
}

/// The hash in `SigningCertificateV2`, or in the older `SigningCertificate`.
fn named_hash<'a>(signer: &Signer<'a>) -> Option<(&'static digest::Algorithm, &'a [u8])> {
    let first = |value: &'a [u8]| {
        let mut lists = Fields::of(value)?;
        let mut names = lists.sequence()?;
        names.sequence()
    };
    if let Some(value) = attribute(signer, SIGNING_CERTIFICATE_V2) {
        let mut name = first(value)?;
        let is_default = name.peek()? != Tag::Sequence;
        let by = if is_default { SHA256 } else { name.algorithm()? };
        return Some((digest_by(by)?, name.take(Tag::OctetString)?));
    }
    let mut name = first(attribute(signer, SIGNING_CERTIFICATE)?)?;
    Some((&digest::SHA1_FOR_LEGACY_USE_ONLY, name.take(Tag::OctetString)?))
}

fn is_named(named: &Named<'_>, certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    match named {
        Named::Issued { issuer, serial } => {
            tbs.issuer().to_der().is_ok_and(|name| name == *issuer)
                && tbs.serial_number().as_bytes() == *serial
        }
        Named::Key(key) => matches!(
            tbs.get_extension::<SubjectKeyIdentifier>(),
            Ok(Some((_, identifier))) if identifier.0.as_bytes() == *key
        ),
    }
}

fn check_signature(
    signer: &Signer<'_>,
    digest: &'static digest::Algorithm,
    certificate: &Certificate,
) -> Result<(), Fault> {
    let info = certificate.tbs_certificate().subject_public_key_info();
    let curve = info.algorithm.parameters.as_ref();
    let curve = curve.and_then(|one| one.decode_as::<ObjectIdentifier>().ok());
    let unknown = || {
        let shown = format!("{} / {}", signer.algorithm, info.algorithm.oid);
        Fault::Unknown(Said::new(Message::StampUnknown, &[&shown]))
    };
    let by = algorithm(signer.algorithm, digest, info.algorithm.oid, curve).ok_or_else(unknown)?;
    let key = info.subject_public_key.as_bytes().ok_or_else(unknown)?;
    UnparsedPublicKey::new(by, key)
        .verify(&signer.signed_bytes(), signer.signature)
        .map_err(|_| wrong(Message::StampBadSignature, &[]))
}

/// What verifies it. A bare `rsaEncryption` takes its digest from the attributes.
fn algorithm(
    signed_by: ObjectIdentifier,
    digest: &'static digest::Algorithm,
    key: ObjectIdentifier,
    curve: Option<ObjectIdentifier>,
) -> Option<&'static dyn VerificationAlgorithm> {
    let of_rsa = || {
        if *digest == digest::SHA256 {
            RSA_SHA256
        } else if *digest == digest::SHA384 {
            RSA_SHA384
        } else {
            RSA_SHA512
        }
    };
    let signed_by = if signed_by == RSA { of_rsa() } else { signed_by };
    Some(match (key, signed_by, curve) {
        (RSA, RSA_SHA256, _) => &signature::RSA_PKCS1_2048_8192_SHA256,
        (RSA, RSA_SHA384, _) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (RSA, RSA_SHA512, _) => &signature::RSA_PKCS1_2048_8192_SHA512,
        (EC, ECDSA_SHA256, Some(P256)) => &signature::ECDSA_P256_SHA256_ASN1,
        (EC, ECDSA_SHA384, Some(P256)) => &signature::ECDSA_P256_SHA384_ASN1,
        (EC, ECDSA_SHA512, Some(P256)) => &signature::ECDSA_P256_SHA512_ASN1,
        (EC, ECDSA_SHA256, Some(P384)) => &signature::ECDSA_P384_SHA256_ASN1,
        (EC, ECDSA_SHA384, Some(P384)) => &signature::ECDSA_P384_SHA384_ASN1,
        (EC, ECDSA_SHA512, Some(P384)) => &signature::ECDSA_P384_SHA512_ASN1,
        (EC, ECDSA_SHA256, Some(P521)) => &signature::ECDSA_P521_SHA256_ASN1,
        (EC, ECDSA_SHA384, Some(P521)) => &signature::ECDSA_P521_SHA384_ASN1,
        (EC, ECDSA_SHA512, Some(P521)) => &signature::ECDSA_P521_SHA512_ASN1,
        _ => return None,
    })
}

/// The certificate is for timestamps, for nothing else, and was valid at the time it states.
fn check_certificate(certificate: &Certificate, time: &Time) -> Result<(), Fault> {
    let tbs = certificate.tbs_certificate();
    let is_for_stamps = match tbs.get_extension::<ExtendedKeyUsage>() {
        Ok(Some((is_critical, ExtendedKeyUsage(uses)))) => is_critical && uses == [TIME_STAMPING],
        _ => false,
    };
    let may_sign = match tbs.get_extension::<KeyUsage>() {
        Ok(Some((_, usage))) => usage.digital_signature() || usage.non_repudiation(),
        Ok(None) => true,
        Err(_) => false,
    };
    if !is_for_stamps || !may_sign {
        return Err(wrong(Message::StampNotForStamps, &[&tbs.subject().to_string()]));
    }
    let [from, to] = [tbs.validity().not_before, tbs.validity().not_after]
        .map(|end| end.to_unix_duration().as_secs());
    // A fraction of a second behind the last one is beyond it as well.
    let is_beyond = time.seconds > to || (time.seconds == to && !time.fraction.is_empty());
    if time.seconds < from || is_beyond {
        let values = [format_utc(time.seconds), format_utc(from), format_utc(to)];
        return Err(wrong(Message::StampOutOfDate, &values.each_ref().map(String::as_str)));
    }
    Ok(())
}

fn wrong(message: Message, values: &[&str]) -> Fault {
    Fault::Wrong(Said::new(message, values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sha_1_dates_nothing() {
        assert!(imprint_of(SHA1, b"note").is_none());
        assert_eq!(imprint_of(SHA256, b"note").unwrap(), Hash::of(b"note").as_bytes());
        assert_eq!(imprint_of(SHA512, b"note").unwrap().len(), 64);
    }

    #[test]
    fn only_what_is_listed_verifies() {
        let of = |signed_by, key, curve| algorithm(signed_by, &digest::SHA256, key, curve);
        assert!(of(RSA, RSA, None).is_some() && of(ECDSA_SHA512, EC, Some(P256)).is_some());
        // A key of another kind, no curve, RSA-PSS, and PKCS #1 with SHA-1.
        assert!(of(RSA_SHA256, EC, Some(P256)).is_none() && of(ECDSA_SHA256, RSA, None).is_none());
        assert!(of(ECDSA_SHA256, EC, None).is_none());
        assert!(of(id("1.2.840.113549.1.1.10"), RSA, None).is_none());
        assert!(of(id("1.2.840.113549.1.1.5"), RSA, None).is_none());
    }
}
