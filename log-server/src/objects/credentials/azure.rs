//! Who asks Azure Blob Storage: a SAS token, or a key of the account.
//!
//! In this order: the file that is configured; `AZURE_STORAGE_SAS_TOKEN` and `AZURE_STORAGE_KEY`. The file
//! has the form of the Azure CLI's own, of which the section `[storage]` is read:
//!
//! ```text
//! [storage]
//! account = factory7
//! sas_token = sv=2023-11-03&sr=c&sp=rcwl&se=2027-01-01&sig=...
//! ```
//!
//! Where there are both, the token is used: it may do less than `key`, which may do everything.
//!
//! Out of scope: identities of Entra ID, which are given out by another server than the store's.

use std::path::Path;

use object_store::azure::{AzureAccessKey, split_sas};
use zeroize::Zeroizing;

use super::{CredentialsError, malformed, read_private, section, variable};

/// What gives them.
const VARIABLES: &str = "AZURE_STORAGE_SAS_TOKEN or AZURE_STORAGE_KEY";

/// What speaks for an account of Azure Blob Storage.
#[derive(Clone, PartialEq, Eq)]
pub enum AzureCredentials {
    /// A key of the account, in base64.
    Key(Zeroizing<String>),
    /// A shared access signature: the words of a query.
    Sas(Zeroizing<String>),
}

impl std::fmt::Debug for AzureCredentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self {
            Self::Key(_) => "Key",
            Self::Sas(_) => "Sas",
        };
        formatter.debug_tuple(kind).finish_non_exhaustive()
    }
}

impl AzureCredentials {
    /// Reads those of `account` from `file`, or else from the environment.
    pub fn load(file: Option<&Path>, account: &str) -> Result<Self, CredentialsError> {
        if let Some(path) = file {
            let text = read_private(path)?;
            return Self::parse(&text, account).map_err(|what| malformed(path, what));
        }
        let given = |name: &'static str, read: fn(&str) -> Result<Self, String>| {
            let read = variable(name).map(|value| read(&Zeroizing::new(value)));
            read.map(|read| {
                read.map_err(|what| CredentialsError::Variable { variable: name, what })
            })
        };
        let sas = given("AZURE_STORAGE_SAS_TOKEN", Self::sas);
        sas.or_else(|| given("AZURE_STORAGE_KEY", Self::key))
            .unwrap_or(Err(CredentialsError::Missing(VARIABLES)))
    }

    fn parse(text: &str, account: &str) -> Result<Self, String> {
        let (mut key, mut sas) = (None, None);
        for (name, value) in section(text, "[storage]")? {
            match name {
                "account" if value != account => {
                    return Err(format!("it is of another account than {account}"));
                }
                "key" => key = Some(value),
                "sas_token" => sas = Some(value),
                _ => {}
            }
        }
        match (sas, key) {
            (Some(sas), _) => Self::sas(sas),
            (None, Some(key)) => Self::key(key),
            (None, None) => {
                Err("there is neither sas_token nor key in the section [storage]".to_owned())
            }
        }
    }

    // The library's own errors would repeat letters of a secret.

    fn key(text: &str) -> Result<Self, String> {
        match AzureAccessKey::try_new(text) {
            Ok(_) if !text.is_empty() => Ok(Self::Key(text.to_owned().into())),
            _ => Err("the key is not one of a storage account, which is base64".to_owned()),
        }
    }

    fn sas(text: &str) -> Result<Self, String> {
        match split_sas(text) {
            Ok(words) if words.iter().any(|(name, _)| name == "sig") => {
                Ok(Self::Sas(text.to_owned().into()))
            }
            _ => Err("the token is no shared access signature, which has a sig=".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<AzureCredentials, String> {
        AzureCredentials::parse(text, "factory7")
    }

    #[test]
    fn a_token_goes_before_a_key_and_neither_is_shown() {
        let key = "[cloud]\nname = AzureCloud\n[storage]\naccount = factory7\nkey = czNjcjN0\n";
        let read = parsed(key).unwrap();
        assert_eq!(read, AzureCredentials::Key("czNjcjN0".to_owned().into()));
        assert!(!format!("{read:?}").contains("czNjcjN0"));
        let both = "[storage]\nkey = czNjcjN0\nsas_token = ?sv=1&sig=a%2Bb%3D\n";
        let read = parsed(both).unwrap();
        assert_eq!(read, AzureCredentials::Sas("?sv=1&sig=a%2Bb%3D".to_owned().into()));
        assert!(!format!("{read:?}").contains("sig"));
    }

    #[test]
    fn what_is_of_another_account_or_no_secret_of_azure_is_refused_and_not_repeated() {
        for (text, said) in [
            ("[storage]\naccount = factory8\nkey = czNjcjN0\n", "another account than factory7"),
            ("[storage]\nkey = s3cr3t!\n", "base64"),
            ("[storage]\nkey =\n", "base64"),
            ("[storage]\nsas_token = sv=1&sp=s3cr3t\n", "sig="),
            ("[default]\nkey = czNjcjN0\n", "neither"),
            ("[storage]\ns3cr3t\n", "line 2"),
        ] {
            let refused = parsed(text).unwrap_err();
            assert!(refused.contains(said) && !refused.contains("s3cr3t"), "{text}: {refused}");
        }
    }
}
