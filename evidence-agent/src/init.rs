//! Makes a source: its key, its policy and its vault.

use std::path::Path;

use spec::checkpoint::Origin;
use spec::key::{Algorithm, KeyName, SEED_SIZE, SigningKey, VerifierKey};
use spec::policy::{MAX_POLICY_SIZE, Policy};
use zeroize::Zeroizing;

use crate::cli::args::VaultArgs;
use crate::durable::read_bounded;
use crate::error::AgentError;
use crate::site::unlock;
use crate::vault::{NewVault, Vault};

/// What a new source needs.
pub(crate) struct NewSource<'a> {
    pub(crate) vault: &'a VaultArgs,
    pub(crate) source: &'a str,
    pub(crate) log: &'a str,
    pub(crate) log_keys: &'a [String],
    pub(crate) policy: Option<&'a Path>,
}

/// Makes the vault and gives back the source's verifier key.
pub(crate) fn init(new: &NewSource<'_>) -> Result<VerifierKey, AgentError> {
    let name = KeyName::parse(new.source).map_err(input)?;
    if !new.log.starts_with("http://") && !new.log.starts_with("https://") {
        return Err(AgentError::Input(format!("{:?} is no http or https address", new.log)));
    }
    let keys: Result<Vec<VerifierKey>, _> =
        new.log_keys.iter().map(|text| VerifierKey::parse(text)).collect();
    let keys = keys.map_err(input)?;
    let text = match new.policy {
        Some(path) => read_bounded(path, MAX_POLICY_SIZE).map_err(AgentError::file(path))?,
        None => log_alone(&keys).into_bytes(),
    };
    let policy = Policy::parse(&text).map_err(input)?;
    let origin = origin(&policy, &keys)?;

    let key = fresh_key(name.as_str())?;
    let unlock = &unlock(new.vault.passphrase_file.as_deref())?;
    let log = new.log.trim_end_matches('/');
    let vault = NewVault { log, origin: &origin, policy: &text, unlock };
    Vault::create(&new.vault.vault, &vault)?.add_source(&key)?;
    Ok(key.verifier().clone())
}

/// A new key of a source, from the operating system's random generator.
pub(crate) fn fresh_key(source: &str) -> Result<SigningKey, AgentError> {
    let name = KeyName::parse(source).map_err(input)?;
    let mut seed = Zeroizing::new([0; SEED_SIZE]);
    getrandom::fill(seed.as_mut_slice()).map_err(|error| AgentError::Random(error.to_string()))?;
    SigningKey::from_seed(name, Algorithm::NoteEd25519, &seed).map_err(input)
}

/// A policy of the log's keys and no witness: the log's own word is enough, and the user said so
/// by giving no policy.
fn log_alone(keys: &[VerifierKey]) -> String {
    let logs: String = keys.iter().map(|key| format!("log {key}\n")).collect();
    format!("{logs}quorum none\n")
}

/// The one log that the policy and the keys name.
fn origin(policy: &Policy, keys: &[VerifierKey]) -> Result<Origin, AgentError> {
    let mut names: Vec<&str> = match keys {
        [] => policy.logs().iter().map(|log| log.key().name().as_str()).collect(),
        keys => keys.iter().map(|key| key.name().as_str()).collect(),
    };
    names.dedup();
    let [name] = names.as_slice() else {
        let reason = "the keys are of no or of several logs; name one log with --log-key";
        return Err(AgentError::Input(reason.to_string()));
    };
    let stranger = keys.iter().find(|key| !policy.logs().iter().any(|log| log.key() == *key));
    if let Some(key) = stranger {
        return Err(AgentError::Input(format!("the policy does not list the log key {key}")));
    }
    Origin::parse(name).map_err(input)
}

fn input(error: impl ToString) -> AgentError {
    AgentError::Input(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Unlock;

    fn log_key(name: &str) -> String {
        let name = KeyName::parse(name).unwrap();
        let key = SigningKey::from_seed(name, Algorithm::NoteEd25519, &[5; 32]).unwrap();
        key.verifier().to_string()
    }

    fn open(vault: &Path) -> Result<Vault, AgentError> {
        Vault::open(vault, &Unlock::Plain)
    }

    fn make(vault: &Path, keys: &[String], policy: Option<&Path>) -> Result<VerifierKey, String> {
        let (source, log) = ("line-3-aoi", "http://log.example/");
        let vault = &VaultArgs { vault: vault.to_path_buf(), passphrase_file: None };
        let new = NewSource { vault, source, log, log_keys: keys, policy };
        init(&new).map_err(|error| error.to_string())
    }

    #[test]
    fn a_new_vault_opens_and_its_key_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault");
        let key = make(&path, &[log_key("log.example")], None).unwrap();
        let vault = open(&path).unwrap();
        assert_eq!(vault.sources().unwrap(), [key.name().clone()]);
        assert_eq!(vault.key(key.name()).unwrap().verifier(), &key);
        assert_eq!((vault.log(), vault.origin().as_str()), ("http://log.example", "log.example"));
        for (name, want) in [("vault.redb", 0o600), (".", 0o700)] {
            assert!(crate::os::mode(&path.join(name)).unwrap().is_none_or(|mode| mode == want));
        }
        assert_eq!(vault.head(key.name()).unwrap().next_sequence, 0);
        assert!(make(&path, &[log_key("log.example")], None).unwrap_err().contains("exists"));
    }

    #[test]
    fn a_vault_has_one_agent_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault");
        make(&path, &[log_key("log.example")], None).unwrap();
        let first = open(&path).unwrap();
        assert!(matches!(open(&path), Err(AgentError::Busy { .. })));
        drop(first);
        assert!(open(&path).is_ok());
    }

    #[test]
    fn the_log_is_one_and_listed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("vault");
        let (one, two) = (log_key("log.example"), log_key("other.example"));
        assert!(make(&path, &[], None).is_err());
        assert!(make(&path, &[one.clone(), two.clone()], None).is_err());
        let policy = folder.path().join("policy");
        std::fs::write(&policy, format!("log {two}\nquorum none\n")).unwrap();
        let error = make(&path, &[one], Some(&policy)).unwrap_err();
        assert!(error.contains("does not list"), "{error}");
        assert!(make(&path, &[], Some(&policy)).is_ok());
    }
}
