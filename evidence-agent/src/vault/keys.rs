//! A source's keys: the one that signs, the one that will, and those that have.
//!
//! Rule: `spec/text/enrolment.md`. The key that signs lies in the source's row; the others lie in one
//! row of state, sealed like all rows. A change of keys is one transaction: before it the old key
//! signs, behind it the new one, and every statement of either still verifies.

use redb::WriteTransaction;
use serde::{Deserialize, Serialize};
use spec::evidence::statement::{Statement, VerifiedStatement};
use spec::key::{KeyName, SigningKey, VerifierKey};
use zeroize::Zeroizing;

use super::Vault;
use super::open::Sync;
use super::rows;
use super::tables::{SOURCES, STATE, damaged, owned};
use crate::error::AgentError;

/// What the row of state holds.
#[derive(Default, Serialize, Deserialize)]
struct Others {
    /// The private key that will sign, as text.
    next: Option<String>,
    /// The verifier keys that have signed.
    retired: Vec<String>,
}

fn row_of(source: &KeyName) -> String {
    format!("vault/keys/{source}")
}

impl Vault {
    /// The key that is to follow, if one was made.
    pub(crate) fn next_key(&self, source: &KeyName) -> Result<Option<SigningKey>, AgentError> {
        let next = self.others(source)?.next.map(Zeroizing::new);
        next.map(|text| SigningKey::parse(&text)).transpose().map_err(|error| self.wrong(&error))
    }

    /// Every verifier key of the source that the vault knows: the one that signs, the one that will,
    /// and those that have.
    pub(crate) fn keys_of(&self, source: &KeyName) -> Result<Vec<VerifierKey>, AgentError> {
        let mut keys = vec![self.source(source)?.key];
        keys.extend(self.next_key(source)?.map(|key| key.verifier().clone()));
        let retired = self.others(source)?.retired;
        keys.extend(retired.iter().filter_map(|text| VerifierKey::parse(text).ok()));
        Ok(keys)
    }

    /// Keeps a key that is to follow, unless there is one; it signs nothing yet. Gives the one that is
    /// kept: two that make one at once are given the same.
    pub(crate) fn put_next_key(&self, key: &SigningKey) -> Result<SigningKey, AgentError> {
        let source = key.verifier().name();
        self.source(source)?;
        let name = row_of(source);
        let text = self.write(Sync::Later, |transaction| {
            let mut table = transaction.open_table(STATE).map_err(damaged)?;
            let mut others = self.parse_sealed_others(&name, owned(&table, name.as_str())?)?;
            if let Some(there) = others.next.take() {
                return Ok(Zeroizing::new(there));
            }
            let text = key.to_text();
            others.next = Some(text.to_string());
            let row = self.cipher.seal("state", name.as_bytes(), &self.others_row(&others))?;
            table.insert(name.as_str(), row.as_slice()).map_err(damaged)?;
            Ok(text)
        })?;
        SigningKey::parse(&text).map_err(|error| self.wrong(&error))
    }

    /// Makes the key that is to follow the one that signs, from the next statement on. Of two that do
    /// it at once one does, and the other is told that there is no key to follow.
    pub(crate) fn switch_key(&self, source: &KeyName) -> Result<VerifierKey, AgentError> {
        self.source(source)?;
        let new = self.write(Sync::Now, |transaction| self.switch_in(transaction, source))?;
        let mut sources = self.sources.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Read under the lock: of two switches, the later one's key is what is known in the end.
        let newest = self.read_sources()?.remove(source);
        if let (Some(known), Some(newest)) = (sources.get_mut(source), newest) {
            known.key = newest.key;
        }
        Ok(new)
    }

    /// Reads both rows where they are written: another switch is all before this one or all behind it.
    fn switch_in(
        &self,
        transaction: &WriteTransaction,
        source: &KeyName,
    ) -> Result<VerifierKey, AgentError> {
        let mut sources = transaction.open_table(SOURCES).map_err(damaged)?;
        let row = owned(&sources, source.as_str())?;
        let row = row.ok_or_else(|| self.wrong(&format!("the source {source} is gone")))?;
        let (number, old) = self.parse_source(source.as_str(), &row)?;
        let (name, mut state) = (row_of(source), transaction.open_table(STATE).map_err(damaged)?);
        let mut others = self.parse_sealed_others(&name, owned(&state, name.as_str())?)?;
        let Some(new) = others.next.take().map(Zeroizing::new) else {
            let why = "there is no key to follow; make one with `fiducial-agent source rotate`";
            return Err(AgentError::Input(format!("{source}: {why}")));
        };
        let new = SigningKey::parse(&new).map_err(|error| self.wrong(&error))?;
        others.retired.push(old.verifier().to_string());
        let others = self.cipher.seal("state", name.as_bytes(), &self.others_row(&others))?;
        let row = Zeroizing::new(rows::source(number, &new.to_text()));
        let row = self.cipher.seal("sources", source.as_str().as_bytes(), &row)?;
        sources.insert(source.as_str(), row.as_slice()).map_err(damaged)?;
        state.insert(name.as_str(), others.as_slice()).map_err(damaged)?;
        Ok(new.verifier().clone())
    }

    /// Every key that has signed, those that did before first.
    pub(crate) fn verifier_keys(&self, source: &KeyName) -> Result<Vec<VerifierKey>, AgentError> {
        let retired = self.others(source)?.retired;
        let keys: Result<Vec<VerifierKey>, _> =
            retired.iter().map(|text| VerifierKey::parse(text)).collect();
        let mut keys = keys.map_err(|error| self.wrong(&error))?;
        keys.push(self.source(source)?.key);
        Ok(keys)
    }

    /// Verifies a statement with whichever of its source's keys it names.
    pub(super) fn verify_own(
        &self,
        statement: &Statement,
    ) -> Result<VerifiedStatement, AgentError> {
        let source = self.source(statement.source())?;
        if source.key.id() == statement.signature().id {
            return statement.verify(&source.key).map_err(|error| self.wrong(&error));
        }
        let retired = self.others(statement.source())?.retired;
        let keys = retired.iter().filter_map(|text| VerifierKey::parse(text).ok());
        let mut keys = keys.filter(|key| key.id() == statement.signature().id);
        let key = keys.next().unwrap_or(source.key);
        statement.verify(&key).map_err(|error| self.wrong(&error))
    }

    fn others(&self, source: &KeyName) -> Result<Others, AgentError> {
        let Some(row) = self.state(&row_of(source))? else {
            return Ok(Others::default());
        };
        self.parse_others(&Zeroizing::new(row))
    }

    fn parse_sealed_others(&self, name: &str, row: Option<Vec<u8>>) -> Result<Others, AgentError> {
        let Some(row) = row else { return Ok(Others::default()) };
        let row = self.cipher.open("state", name.as_bytes(), &row);
        self.parse_others(&row.map_err(|error| self.wrong(&error))?)
    }

    fn parse_others(&self, row: &[u8]) -> Result<Others, AgentError> {
        serde_json::from_slice(row).map_err(|error| self.wrong(&error))
    }

    fn others_row(&self, others: &Others) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(serde_json::to_vec(others).expect("texts are JSON"))
    }
}
