//! Asks every witness what it knows of this log: first for the checkpoint that it shows, then, when the
//! log is rebuilt, whether it confirms the newest head and knows of no newer one.
//!
//! A start of the log asks them as well, but goes on with a quorum. What is rebuilt must not fork, and one
//! witness outside the quorum may have cosigned a head that was never published: so here each must
//! answer, or the operator names it and takes the fork on himself.

use bytes::Bytes;
use spec::checkpoint::Origin;
use spec::note::Note;

use super::RecoverError;
use super::known::Known;
use crate::heads::SignedHead;
use crate::keys::LogKeys;
use crate::objects::Objects;
use crate::publisher::unix_seconds;
use crate::stored::Stored;
use crate::witnesses::ask::{Ask, Contradiction, Step, Trouble};
use crate::witnesses::{Endpoint, Witnesses, request};

/// The witnesses, and those of them whose word is done without.
pub(super) struct Panel<'a> {
    pub(super) witnesses: &'a Witnesses,
    pub(super) without: &'a [String],
}

impl Panel<'_> {
    /// Refuses names that no witness has, and witnesses that cannot be asked over the network and are not
    /// named.
    pub(super) fn check(&self) -> Result<(), RecoverError> {
        let all = self.witnesses.policy().witnesses();
        for name in self.without {
            if !all.iter().any(|witness| witness.name().to_string() == *name) {
                return Err(RecoverError::NoSuchWitness(name.clone()));
            }
        }
        for witness in all.iter().filter(|witness| witness.url().is_none()) {
            let name = witness.name().to_string();
            if !self.without.contains(&name) {
                let why = "the policy has no URL for it. Ask it by hand for its checkpoint, and name \
                           that with --checkpoint";
                return Err(RecoverError::Unasked { name, why: why.to_owned() });
            }
        }
        Ok(())
    }

    /// Takes over the checkpoint that each witness shows, if it shows one; says what hindered.
    pub(super) fn look(
        &self,
        origin: &Origin,
        known: &mut Known<'_>,
    ) -> Result<Vec<String>, RecoverError> {
        let mut remarks = Vec::new();
        for endpoint in self.asked() {
            let mut client = self.witnesses.client(endpoint);
            let answer = run(client.checkpoint(origin))?;
            let note = match answer {
                Ok(answer) if answer.status == 200 => Note::parse(&answer.body).ok(),
                // tlog-witness lets it be shown elsewhere; whether it knows more is asked later.
                Ok(_) => None,
                Err(trouble) => {
                    remarks.push(format!("witness {}: {trouble}", endpoint.name));
                    None
                }
            };
            match note.map(|note| known.add(&note, &format!("witness {}", endpoint.name))) {
                Some(Err(error @ RecoverError::NotOurs { .. })) => remarks.push(error.to_string()),
                Some(Err(error)) => return Err(error),
                Some(Ok(_)) | None => {}
            }
        }
        Ok(remarks)
    }

    /// Offers the newest head to each, with a proof from what was rebuilt.
    pub(super) fn confirm(
        &self,
        keys: &LogKeys,
        head: &SignedHead,
        stored: &Stored,
        objects: &dyn Objects,
    ) -> Result<(), RecoverError> {
        for endpoint in self.asked() {
            let step = run(self.converse(endpoint, keys, head, stored, objects))?;
            let have = head.checkpoint.tree().size();
            let name = endpoint.name.clone();
            match step {
                Step::Cosigned(_) | Step::Partly(..) => {}
                Step::Contradicted(Contradiction::Larger { size }) | Step::Superseded { size } => {
                    let by = format!("Witness {name}");
                    return Err(RecoverError::Newer { by, size, have });
                }
                Step::Contradicted(Contradiction::OtherRoot { .. }) => {
                    return Err(RecoverError::WitnessDisagrees(name));
                }
                Step::Trouble(trouble) => {
                    return Err(RecoverError::Unasked { name, why: trouble.to_string() });
                }
                Step::Again => unreachable!("a conversation goes on until it has an end"),
            }
        }
        Ok(())
    }

    fn asked(&self) -> impl Iterator<Item = &Endpoint> {
        let is_without =
            |one: &&Endpoint| one.name.split(',').all(|n| self.without.iter().any(|w| w == n));
        self.witnesses.endpoints().iter().filter(move |one| !is_without(one))
    }

    async fn converse(
        &self,
        endpoint: &Endpoint,
        keys: &LogKeys,
        head: &SignedHead,
        stored: &Stored,
        objects: &dyn Objects,
    ) -> Step {
        let mut client = self.witnesses.client(endpoint);
        let size = head.checkpoint.tree().size();
        let mut ask = Ask::new(&head.checkpoint, &endpoint.keys, size);
        loop {
            let body = match body(ask.old_size(), keys, head, stored, objects) {
                Ok(body) => body,
                Err(why) => return Step::Trouble(Trouble::Local(why)),
            };
            let answer = match client.add_checkpoint(body).await {
                Ok(answer) => answer,
                Err(trouble) => return Step::Trouble(trouble),
            };
            match ask.take(&answer, size, unix_seconds()) {
                Step::Again => {}
                end => return end,
            }
        }
    }
}

fn body(
    old: u64,
    keys: &LogKeys,
    head: &SignedHead,
    stored: &Stored,
    objects: &dyn Objects,
) -> Result<Bytes, String> {
    let new = head.checkpoint.tree();
    let proof = match 0 < old && old < new.size() {
        true => stored.prove_consistency(old, new, objects).map_err(|error| error.to_string())?,
        false => Vec::new(),
    };
    let request = request(keys, head, old, proof).map_err(|error| error.to_string())?;
    Ok(request.to_bytes().into())
}

/// Waits for one conversation: there are few, and each is bounded.
fn run<T>(conversation: impl Future<Output = T>) -> Result<T, RecoverError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let place = "asking the witnesses".to_owned();
    let runtime = runtime.map_err(|error| RecoverError::Io { place, error })?;
    let ended = runtime.block_on(conversation);
    // A look-up that hangs has nobody left who waits for it.
    runtime.shutdown_timeout(std::time::Duration::from_millis(100));
    Ok(ended)
}
