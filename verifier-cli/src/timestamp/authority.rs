//! Whom the reader trusts to state times: certificates in a file of the reader's own.
//!
//! Rule: RFC 5280, 6, by `webpki`, at the time that the token states: whether an authority was valid
//! then is what matters, and tokens outlive certificates. Revocation is not asked, and that is said.

use std::path::Path;
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_cert::Certificate;
use x509_cert::der::Decode;

use super::Stamp;
use crate::failure::Failure;
use crate::input;
use crate::messages::{Message, Said};

/// The most bytes of a file of authorities: a system's whole collection is a quarter of it.
const MAX_AUTHORITIES_SIZE: usize = 1024 * 1024;

/// `id-kp-timeStamping`. The signing certificate must have it, which is checked before; certificates
/// above it, where they restrict their use at all.
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

/// The reader's authorities; at least one.
pub(crate) struct Authorities {
    certificates: Vec<CertificateDer<'static>>,
}

impl Authorities {
    /// Reads certificates in PEM. A file without any would trust nobody by mistake: it is refused.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let bytes = input::read(path, MAX_AUTHORITIES_SIZE)?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
        let certificates = certificates.ok().filter(|list| !list.is_empty());
        let is_sound = |list: &Vec<CertificateDer<'static>>| {
            list.iter().all(|one| anchor_from_trusted_cert(one).is_ok())
        };
        let certificates = certificates.filter(is_sound).ok_or_else(|| {
            let shown = path.display().to_string();
            Failure::new(Said::new(Message::StampBadAuthorities, &[&shown]))
        })?;
        Ok(Self { certificates })
    }

    /// The name of the authority that a token's certificate leads to.
    ///
    /// The signing certificate itself may be in the file: then nobody above it is asked.
    pub(crate) fn lead_to(&self, stamp: &Stamp) -> Result<String, Said> {
        let refused = |why: &str| Said::new(Message::StampUntrusted, &[stamp.signer(), why]);
        let (own, others) = stamp.certificates().split_first().ok_or_else(|| refused("none"))?;
        if self.certificates.iter().any(|one| **one == **own) {
            return Ok(stamp.signer().to_string());
        }
        let own = CertificateDer::from(own.as_slice());
        let others: Vec<CertificateDer<'_>> =
            others.iter().map(|one| CertificateDer::from(one.as_slice())).collect();
        let anchors: Vec<(TrustAnchor<'_>, &CertificateDer<'_>)> = self
            .certificates
            .iter()
            .filter_map(|one| anchor_from_trusted_cert(one).ok().map(|anchor| (anchor, one)))
            .collect();
        let time = UnixTime::since_unix_epoch(Duration::from_secs(stamp.seconds()));
        let usage = KeyUsage::required_if_present(TIME_STAMPING);
        let end = EndEntityCert::try_from(&own).map_err(|error| refused(&error.to_string()))?;
        let mut why = String::new();
        for (anchor, certificate) in &anchors {
            let anchor = std::slice::from_ref(anchor);
            match end.verify_for_usage(
                ALL_VERIFICATION_ALGS,
                anchor,
                &others,
                time,
                usage,
                None,
                None,
            ) {
                Ok(_) => return Ok(subject(certificate)),
                Err(error) => why = error.to_string(),
            }
        }
        Err(refused(&why))
    }
}

fn subject(certificate: &[u8]) -> String {
    match Certificate::from_der(certificate) {
        Ok(certificate) => certificate.tbs_certificate().subject().to_string(),
        // An authority may be as old as its certificate's form: then its hash names it.
        Err(_) => spec::Hash::of(certificate).to_hex(),
    }
}
