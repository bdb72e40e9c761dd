//! The verifier in a browser, as this log hands it out: the exact bytes of one file.
//!
//! It is read once, at the start. Its own content security policy, which stands in its head, is sent
//! as a header as well, with a ban on frames: a header cannot be removed by what is in the file.

use std::io::Read;
use std::path::{Path, PathBuf};

use axum::http::HeaderValue;
use bytes::Bytes;
use spec::Hash;

/// The largest page that is served. Real ones have some hundred kilobytes.
pub const MAX_VERIFY_PAGE_SIZE: u64 = 8 << 20;

/// How far into the file its policy is looked for.
const MAX_HEAD_SIZE: usize = 4096;

/// Where the policy begins, as the build of the page writes it.
const META: &str = "<meta http-equiv=\"Content-Security-Policy\" content=\"";

/// What the policy must begin with: nothing is allowed but what it names.
const STRICT: &str = "default-src 'none'";

/// Why a file is not served.
#[derive(Debug, thiserror::Error)]
pub enum VerifyPageError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It names no policy, or one that is not strict.
    #[error(
        "{}: not the verifier's page: its head names no content security policy that begins with \
         {STRICT}; take fiducial-verify.html of a release, or what `npm run build` makes",
        _0.display()
    )]
    Policy(PathBuf),
    /// It is too large.
    #[error("{}: a verifier's page has at most {MAX_VERIFY_PAGE_SIZE} bytes", _0.display())]
    TooLarge(PathBuf),
}

/// The page, read and hashed.
#[derive(Clone, Debug)]
pub struct VerifyPage {
    bytes: Bytes,
    hash: Hash,
    policy: HeaderValue,
    tag: HeaderValue,
}

impl VerifyPage {
    /// Reads the page.
    pub fn load(path: &Path) -> Result<Self, VerifyPageError> {
        let io = |source| VerifyPageError::Io { path: path.to_owned(), source };
        let file = std::fs::File::open(path).map_err(io)?;
        let mut bytes = Vec::new();
        file.take(MAX_VERIFY_PAGE_SIZE + 1).read_to_end(&mut bytes).map_err(io)?;
        if bytes.len() as u64 > MAX_VERIFY_PAGE_SIZE {
            return Err(VerifyPageError::TooLarge(path.to_owned()));
        }
        Self::new(bytes).ok_or_else(|| VerifyPageError::Policy(path.to_owned()))
    }

    fn new(bytes: Vec<u8>) -> Option<Self> {
        let policy = policy_of(&bytes)?;
        let policy = HeaderValue::try_from(format!("{policy}; frame-ancestors 'none'")).ok()?;
        let hash = Hash::of(&bytes);
        let tag = HeaderValue::try_from(format!("\"{}\"", hash.to_hex())).ok()?;
        Some(Self { bytes: bytes.into(), hash, policy, tag })
    }

    /// The file, byte for byte.
    pub(crate) fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// Its SHA-256.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// Its content security policy, and no frames.
    pub(crate) fn policy(&self) -> HeaderValue {
        self.policy.clone()
    }

    /// Its entity tag.
    pub(crate) fn tag(&self) -> HeaderValue {
        self.tag.clone()
    }
}

/// The policy in the head of a page, if there is one that is strict.
fn policy_of(page: &[u8]) -> Option<&str> {
    let head = &page[..page.len().min(MAX_HEAD_SIZE)];
    // Cut through a letter, the end is no text; the policy stands before it.
    let head = match std::str::from_utf8(head) {
        Ok(head) => head,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
    };
    let (_, rest) = head.split_once(META)?;
    let (policy, _) = rest.split_once('"')?;
    let is_plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    // Entities would have to be undone; a policy needs none.
    let is_text = policy.bytes().all(is_plain) && !policy.contains(['&', '<', '>']);
    (is_text && policy.starts_with(STRICT)).then_some(policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(policy: &str) -> Vec<u8> {
        format!("<!doctype html>\n<html>\n<head>\n{META}{policy}\">\n<title>x</title>").into_bytes()
    }

    #[test]
    fn the_policy_of_the_page_is_sent_with_a_ban_on_frames() {
        let made = VerifyPage::new(page("default-src 'none'; script-src 'sha256-AAAA='")).unwrap();
        let policy = made.policy();
        assert_eq!(
            policy.to_str().unwrap(),
            "default-src 'none'; script-src 'sha256-AAAA='; frame-ancestors 'none'"
        );
        assert_eq!(made.hash(), Hash::of(&made.bytes()));
        assert_eq!(made.tag().to_str().unwrap(), format!("\"{}\"", made.hash().to_hex()));
    }

    #[test]
    fn what_names_no_strict_policy_is_not_served() {
        let far = [vec![b' '; MAX_HEAD_SIZE], page("default-src 'none'")].concat();
        for wrong in [
            Vec::new(),
            b"<html>".to_vec(),
            page("script-src 'self'"),
            page("default-src 'none'&quot;"),
            page("default-src 'none'\r\nx: y"),
            far,
        ] {
            assert!(VerifyPage::new(wrong).is_none());
        }
        let cut = [page("default-src 'none'"), "页".repeat(2000).into_bytes()].concat();
        assert!(VerifyPage::new(cut).is_some());
    }

    #[test]
    fn a_file_is_read_within_its_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.html");
        assert!(matches!(VerifyPage::load(&path), Err(VerifyPageError::Io { .. })));
        std::fs::write(&path, page("default-src 'none'")).unwrap();
        assert!(VerifyPage::load(&path).is_ok());
        std::fs::write(&path, vec![b' '; MAX_VERIFY_PAGE_SIZE as usize + 1]).unwrap();
        assert!(matches!(VerifyPage::load(&path), Err(VerifyPageError::TooLarge(_))));
        std::fs::write(&path, "<html>").unwrap();
        assert!(matches!(VerifyPage::load(&path), Err(VerifyPageError::Policy(_))));
    }
}
