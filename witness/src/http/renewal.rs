//! A certificate that is renewed while its server runs.
//!
//! Tools that renew certificates write new files every few weeks and send SIGHUP, or nothing. So the
//! files are looked at every [`LOOK_INTERVAL`] and at every SIGHUP, and are read again when they
//! changed. New connections get the new certificate; open ones keep what they agreed on.
//!
//! Invariant: what cannot be used replaces nothing. The certificate in use stays, the log says why,
//! and the metric `fiducial_witness_tls_files_unusable` is 1 until the files are good again. Certificate and key
//! are two files, so between the two writes of a renewal they do not go together for a moment.
//!
//! The log server has a file like this one. The only room that both know is `spec`, which has no files, clocks or TLS:
//! what is mended here is mended there.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use metrics::{counter, gauge};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::tls::{self, TlsError};

/// How often the two files are looked at: a look is two calls of `stat`.
pub const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// What tells one version of a file from the next without reading it.
///
/// Length, inode, and when content or permissions last changed, in seconds and nanoseconds: unlike the
/// time of the last write, a tool that copies a file does not carry that over.
type Stamp = Option<(u64, u64, i64, i64)>;

/// The certificate of a server, with the files that it comes from.
#[derive(Debug)]
pub struct Renewing {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
    /// The stamps of both files when they were last read. Held while they are.
    seen: Mutex<[Stamp; 2]>,
}

impl Renewing {
    /// Loads a certificate chain, the server's own certificate first, and its private key.
    pub fn load(certificate: &Path, key: &Path) -> Result<Arc<Self>, TlsError> {
        // The stamps are taken first: a change between the two is then seen again, not missed.
        let seen = Mutex::new([stamp(certificate), stamp(key)]);
        let current = RwLock::new(Arc::new(tls::read(certificate, key)?));
        gauge!("fiducial_witness_tls_files_unusable").set(0.0);
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        Ok(Arc::new(Self { certificate, key, current, seen }))
    }

    /// What a listener needs: always answers with the certificate in use.
    pub fn config(self: &Arc<Self>) -> Result<Arc<ServerConfig>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Reads the files again if one of them changed since they were last read.
    pub fn renew_if_changed(&self) {
        self.look(false);
    }

    /// Reads the files again.
    pub fn renew(&self) {
        self.look(true);
    }

    fn look(&self, anyway: bool) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = [stamp(&self.certificate), stamp(&self.key)];
        if !anyway && *seen == stamps {
            return;
        }
        *seen = stamps;
        let usable = tls::read(&self.certificate, &self.key);
        gauge!("fiducial_witness_tls_files_unusable").set(if usable.is_ok() { 0.0 } else { 1.0 });
        match usable {
            Ok(read) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(read);
                counter!("fiducial_witness_tls_renewals_total").increment(1);
                tracing::info!(certificate = %self.certificate.display(), "TLS certificate read again");
            }
            Err(error) => tracing::error!(
                %error,
                "the TLS certificate cannot be renewed from its files; the one in use stays"
            ),
        }
    }
}

impl ResolvesServerCert for Renewing {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn stamp(path: &Path) -> Stamp {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes a fresh certificate and its key, as a renewal does; returns the certificate's bytes.
    fn write_fresh(folder: &Path, names: [&str; 2]) -> Vec<u8> {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let texts = [made.cert.pem(), made.signing_key.serialize_pem()];
        for (name, text) in names.iter().zip(texts) {
            // A new file under the old name: what was read before is another inode.
            fs::write(folder.join("fresh"), text).unwrap();
            fs::rename(folder.join("fresh"), folder.join(name)).unwrap();
        }
        made.cert.der().to_vec()
    }

    fn in_use(renewing: &Renewing) -> Vec<u8> {
        renewing.current.read().unwrap().cert[0].to_vec()
    }

    #[test]
    fn renewed_files_are_taken_and_unusable_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let (names, path) = (["c.pem", "k.pem"], |name: &str| folder.path().join(name));
        let first = write_fresh(folder.path(), names);
        let renewing = Renewing::load(&path("c.pem"), &path("k.pem")).unwrap();
        renewing.renew_if_changed();
        assert_eq!(in_use(&renewing), first);

        let second = write_fresh(folder.path(), names);
        renewing.renew_if_changed();
        assert_eq!(in_use(&renewing), second);

        // Half of a renewal: the certificate is there and its key is not yet.
        let third = write_fresh(folder.path(), ["c.pem", "later"]);
        renewing.renew_if_changed();
        assert_eq!(in_use(&renewing), second);
        fs::rename(path("later"), path("k.pem")).unwrap();
        renewing.renew_if_changed();
        assert_eq!(in_use(&renewing), third);

        for damage in ["", "-----BEGIN CERTIFICATE-----\nnonsense\n"] {
            fs::write(path("c.pem"), damage).unwrap();
            renewing.renew();
            assert_eq!(in_use(&renewing), third);
        }
        fs::remove_file(path("c.pem")).unwrap();
        renewing.renew_if_changed();
        assert_eq!(in_use(&renewing), third);
        let fourth = write_fresh(folder.path(), names);
        renewing.renew_if_changed();
        assert_eq!(in_use(&renewing), fourth);
    }

    #[test]
    fn a_change_that_keeps_length_and_time_of_writing_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k.pem");
        fs::write(&path, "one").unwrap();
        let (before, written) = (stamp(&path), fs::metadata(&path).unwrap().modified().unwrap());
        // The file system's clock is coarse: two changes within one tick have one time.
        let is_seen = (0..1000).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            fs::write(&path, "two").unwrap();
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(written).unwrap();
            stamp(&path) != before
        });
        assert!(is_seen);
    }
}
