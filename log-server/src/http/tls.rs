//! TLS from a certificate file and a key file.
//!
//! One provider (aws-lc-rs), TLS 1.3 and 1.2, no client certificates. ALPN offers `h2` and
//! `http/1.1`; without TLS only HTTP/1.1 is spoken.

use std::io;
use std::path::{Path, PathBuf};

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::sign::CertifiedKey;

/// What ALPN calls HTTP/2.
pub const ALPN_HTTP_2: &[u8] = b"h2";

/// What ALPN calls HTTP/1.1.
pub(super) const ALPN_HTTP_1: &[u8] = b"http/1.1";

/// Why TLS cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate file holds no certificate.
    #[error("{}: no certificate in PEM form is in this file", .0.display())]
    NoCertificate(PathBuf),
    /// A file could not be read as PEM.
    #[error("{}: {reason}", path.display())]
    Pem {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Certificate and key do not go together, or are of no use for TLS.
    #[error("the TLS certificate and key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
}

/// Reads a certificate chain, the server's own certificate first, and its private key, and checks that
/// they go together.
pub(super) fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| pem_error(certificate, &error))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificate.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| pem_error(key, &error))?;
    Ok(CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())?)
}

fn pem_error(path: &Path, error: &pem::Error) -> TlsError {
    let reason = match error {
        pem::Error::NoItemsFound => "no private key in PEM form is in this file".to_owned(),
        pem::Error::Io(error) if error.kind() == io::ErrorKind::NotFound => {
            "the file does not exist".to_owned()
        }
        other => other.to_string(),
    };
    TlsError::Pem { path: path.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("good.crt"), made.cert.pem()).unwrap();
        fs::write(path("good.key"), made.signing_key.serialize_pem()).unwrap();
        fs::write(path("other.key"), other.signing_key.serialize_pem()).unwrap();
        fs::write(path("empty"), "").unwrap();

        assert!(read(&path("good.crt"), &path("good.key")).is_ok());
        for (certificate, key, named) in [
            ("missing", "good.key", "missing: the file does not exist"),
            ("empty", "good.key", "no certificate"),
            ("good.crt", "empty", "no private key"),
            ("good.key", "good.key", "no certificate"),
            ("good.crt", "other.key", "cannot be used"),
        ] {
            let refused = read(&path(certificate), &path(key)).unwrap_err().to_string();
            assert!(refused.contains(named), "{refused}");
        }
    }
}
