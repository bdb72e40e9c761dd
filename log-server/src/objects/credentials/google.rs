//! Who asks Google Cloud Storage: a service account, by its key.
//!
//! In this order: the file that is configured; the one that `GOOGLE_APPLICATION_CREDENTIALS` names. It is
//! the JSON that Google gives out for a key of a service account. Tokens are signed with it here, so no
//! other server is asked than the store's.
//!
//! Out of scope: identities of people and machines, whose tokens another server gives out. Of the file
//! only three members are used: it cannot lead requests elsewhere, nor turn the credentials off.

use std::path::{Path, PathBuf};

use object_store::gcp::ServiceAccountKey;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::{CredentialsError, malformed, read_private, variable};

/// What names the file where no flag does.
const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";

/// What gives them.
const VARIABLES: &str = "GOOGLE_APPLICATION_CREDENTIALS to the file of a service account's key";

/// What kind of file it must be.
const SERVICE_ACCOUNT: &str = "service_account";

/// A key of a service account.
#[derive(Clone, PartialEq, Eq)]
pub struct GoogleCredentials {
    /// Whose key.
    pub email: String,
    /// Which key.
    pub key_id: String,
    /// The key itself, in PEM.
    pub key: Zeroizing<String>,
}

impl std::fmt::Debug for GoogleCredentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("GoogleCredentials")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// The file, as far as it is read.
#[derive(Deserialize)]
struct File {
    #[serde(rename = "type")]
    kind: Option<String>,
    client_email: Option<String>,
    private_key_id: Option<String>,
    private_key: Option<String>,
}

impl GoogleCredentials {
    /// Reads them from `file`, or else from the one that the environment names.
    pub fn load(file: Option<&Path>) -> Result<Self, CredentialsError> {
        let named = file.map(Path::to_owned).or_else(|| variable(VARIABLE).map(PathBuf::from));
        let path = named.ok_or(CredentialsError::Missing(VARIABLES))?;
        Self::parse(&read_private(&path)?).map_err(|what| malformed(&path, what))
    }

    fn parse(text: &str) -> Result<Self, String> {
        // The reader's own words may repeat what stands there.
        let file: File = serde_json::from_str(text)
            .map_err(|error| format!("line {} is not as in a key of Google's", error.line()))?;
        let key = file.private_key.map(Zeroizing::new);
        if file.kind.as_deref() != Some(SERVICE_ACCOUNT) {
            return Err(format!(
                "it is no key of a service account (\"type\": \"{SERVICE_ACCOUNT}\")"
            ));
        }
        let missing = |name: &str| format!("there is no {name}");
        let read = Self {
            email: file.client_email.ok_or_else(|| missing("client_email"))?,
            key_id: file.private_key_id.ok_or_else(|| missing("private_key_id"))?,
            key: key.ok_or_else(|| missing("private_key"))?,
        };
        match ServiceAccountKey::from_pem(read.key.as_bytes()) {
            Ok(_) => Ok(read),
            Err(_) => Err("its private_key is no RSA key in PEM form".to_owned()),
        }
    }

    /// The members that the library reads, and no others.
    pub(crate) fn to_json(&self) -> Zeroizing<String> {
        let members = serde_json::json!({
            "client_email": self.email,
            "private_key": self.key.as_str(),
            "private_key_id": self.key_id,
        });
        Zeroizing::new(members.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(kind: &str, key: &str) -> String {
        serde_json::json!({
            "type": kind,
            "client_email": "log@factory.example",
            "private_key_id": "7",
            "private_key": key,
            "gcs_base_url": "http://elsewhere.example",
            "disable_oauth": true,
        })
        .to_string()
    }

    fn rsa() -> String {
        let size = rcgen::RsaKeySize::_2048;
        rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size).unwrap().serialize_pem()
    }

    #[test]
    fn a_key_of_a_service_account_is_read_and_nothing_beside_it_goes_on() {
        let pem = rsa();
        let read = GoogleCredentials::parse(&file("service_account", &pem)).unwrap();
        assert_eq!((read.email.as_str(), read.key.as_str()), ("log@factory.example", &*pem));
        assert!(!format!("{read:?}").contains("PRIVATE"));
        let json = read.to_json();
        assert!(!json.contains("elsewhere") && !json.contains("disable_oauth"), "{}", json.len());
    }

    #[test]
    fn what_is_no_such_key_is_refused_and_not_repeated() {
        let whole = file("service_account", "s3cr3t");
        for (text, said) in [
            (file("authorized_user", &rsa()), "no key of a service account"),
            (whole.clone(), "no RSA key"),
            (whole.replace("private_key_id", "other"), "there is no private_key_id"),
            (whole.replace("\"log@factory.example\"", "[\"s3cr3t\"]"), "line 1"),
            ("s3cr3t".to_owned(), "line 1"),
        ] {
            let refused = GoogleCredentials::parse(&text).unwrap_err();
            assert!(refused.contains(said) && !refused.contains("s3cr3t"), "{refused}");
        }
    }
}
