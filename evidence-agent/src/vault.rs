//! The vault: what a source must not lose, in files that are there whole or not at all.
//!
//! ```text
//! vault/
//!   lock                    held by the one agent that works here
//!   agent.json              log URL and origin
//!   policy                  whose word on a checkpoint is enough (C2SP tlog-policy)
//!   source.key              the private key, readable by its owner alone
//!   source.vkey             the public half, to be listed by the log and pinned by buyers
//!   papers-due/             made when first needed
//!     <sequence, 20 digits>   empty: people do not have all papers of this statement yet
//!   checkpoint              the newest checkpoint that this agent has verified
//!   refused-<8 hex digits>  a signed checkpoint that does not go together with that one
//!   statements/<sequence, 20 digits>/
//!     statement             the signed bytes, sent as they are however often
//!     opening.json          every record, every value, every salt
//!     after                 the checkpoint note that the statement's `after` line names
//!     receipt.tlog-proof    once the statement is anchored
//! ```
//!
//! A statement's folder is filled and synced under another name, then renamed: it is there with
//! all its salts before its first byte is sent, or it was never sent. The chain is read from the
//! statements themselves, so no counter can disagree with them.
//!
//! Danger: a copy of a vault that signs a second statement with an old sequence splits the
//! source's chain for ever. The log refuses that with 409, and the agent stops.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use spec::Hash;
use spec::checkpoint::Origin;
use spec::evidence::batch::Batch;
use spec::evidence::disclosure::{Disclosure, MAX_DISCLOSURE_SIZE};
use spec::evidence::statement::{MAX_STATEMENT_SIZE, Statement, VerifiedStatement};
use spec::key::SigningKey;
use spec::note::{MAX_NOTE_SIZE, Note};
use spec::policy::{AcceptedCheckpoint, MAX_POLICY_SIZE, Policy};
use spec::proof::{MAX_PROOF_SIZE, Proof, VerifiedInclusion};
use zeroize::Zeroizing;

use crate::durable::{
    Access, create_private_folder, read_bounded, sync_folder, write_synced, write_whole,
};
use crate::error::AgentError;

/// The most bytes of `agent.json` and of a key file.
const MAX_SMALL_FILE_SIZE: usize = 8 * 1024;

/// What `agent.json` says of itself.
const FORMAT: &str = "fiducial/agent/v1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsFile {
    format: String,
    log: String,
    origin: String,
}

/// An open vault, locked against a second agent for as long as it lives.
pub(crate) struct Vault {
    folder: PathBuf,
    log: String,
    origin: Origin,
    policy: Policy,
    key: SigningKey,
    _lock: File,
}

/// A statement in the vault.
pub(crate) struct Kept {
    pub(crate) statement: VerifiedStatement,
    pub(crate) anchored: bool,
    folder: PathBuf,
}

/// Everything that must be durable before a statement is sent.
pub(crate) struct Sealed<'a> {
    pub(crate) statement: &'a VerifiedStatement,
    pub(crate) batch: &'a Batch,
    pub(crate) after: Option<&'a Note>,
}

impl Vault {
    /// Makes a vault where nothing is yet.
    pub(crate) fn create(
        folder: &Path,
        log: &str,
        origin: &Origin,
        policy: &[u8],
        key: &SigningKey,
    ) -> Result<(), AgentError> {
        create_private_folder(folder).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => AgentError::vault(folder, "it exists already"),
            _ => AgentError::file(folder)(error),
        })?;
        let (log, origin) = (log.to_string(), origin.to_string());
        let settings = SettingsFile { format: FORMAT.to_string(), log, origin };
        let settings = serde_json::to_vec_pretty(&settings).expect("strings are JSON");
        let secret = Zeroizing::new(format!("{}\n", key.to_text().as_str()));
        let public = format!("{}\n", key.verifier());
        let files: [(&str, &[u8], Access); 5] = [
            ("lock", b"", Access::Owner),
            ("policy", policy, Access::Everybody),
            ("source.key", secret.as_bytes(), Access::Owner),
            ("source.vkey", public.as_bytes(), Access::Everybody),
            // Last: a vault without its settings is none.
            ("agent.json", &settings, Access::Everybody),
        ];
        let statements = folder.join("statements");
        create_private_folder(&statements).map_err(AgentError::file(&statements))?;
        for (name, bytes, access) in files {
            let path = folder.join(name);
            write_whole(&path, bytes, access).map_err(AgentError::file(&path))?;
        }
        Ok(())
    }

    /// Opens a vault and locks it; a second agent is told so at once.
    pub(crate) fn open(folder: &Path) -> Result<Self, AgentError> {
        let settings_path = folder.join("agent.json");
        let settings = read_bounded(&settings_path, MAX_SMALL_FILE_SIZE).map_err(|error| {
            match error.kind() {
                io::ErrorKind::NotFound => {
                    AgentError::vault(folder, "there is none; make one with `fiducial-agent init`")
                }
                _ => AgentError::file(&settings_path)(error),
            }
        })?;
        let lock_path = folder.join("lock");
        let lock = File::open(&lock_path).map_err(AgentError::file(&lock_path))?;
        lock.try_lock().map_err(|_| AgentError::vault(folder, "another agent is at work in it"))?;

        let damaged = |error: serde_json::Error| AgentError::vault(&settings_path, error);
        let settings: SettingsFile = serde_json::from_slice(&settings).map_err(damaged)?;
        if settings.format != FORMAT {
            return Err(AgentError::vault(&settings_path, format!("not of format {FORMAT}")));
        }
        let origin = Origin::parse(&settings.origin)
            .map_err(|error| AgentError::vault(&settings_path, error))?;
        let policy_path = folder.join("policy");
        let policy =
            read_bounded(&policy_path, MAX_POLICY_SIZE).map_err(AgentError::file(&policy_path))?;
        let policy =
            Policy::parse(&policy).map_err(|error| AgentError::vault(&policy_path, error))?;
        let key = read_key(&folder.join("source.key"))?;
        Ok(Self { folder: folder.into(), log: settings.log, origin, policy, key, _lock: lock })
    }

    /// Where the log answers, without a final slash.
    pub(crate) fn log(&self) -> &str {
        &self.log
    }

    /// Which log the source writes to.
    pub(crate) const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Whose word is enough.
    pub(crate) const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The source's key.
    pub(crate) const fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The newest statement, verified with the source's own key.
    pub(crate) fn last(&self) -> Result<Option<Kept>, AgentError> {
        let newest = sequences_in(&self.folder.join("statements"))?.into_iter().max();
        newest.map(|sequence| self.kept(sequence)).transpose()
    }

    /// The anchored statements of which people may not have all papers, the oldest first.
    pub(crate) fn papers_due(&self) -> Result<Vec<Kept>, AgentError> {
        let folder = self.due();
        if !folder.try_exists().map_err(AgentError::file(&folder))? {
            return Ok(Vec::new());
        }
        let mut sequences = sequences_in(&folder)?;
        sequences.sort_unstable();
        let due: Result<Vec<Kept>, AgentError> =
            sequences.into_iter().map(|sequence| self.kept(sequence)).collect();
        Ok(due?.into_iter().filter(|kept| kept.anchored).collect())
    }

    /// Remembers that papers are to be written. Called before the receipt is kept: a statement that
    /// is anchored and not due needs nothing more, also after a crash.
    pub(crate) fn remember_papers(&self, kept: &Kept) -> Result<(), AgentError> {
        let folder = self.due();
        match create_private_folder(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(AgentError::file(&folder)(error));
            }
            _ => {}
        }
        let path = folder.join(folder_name(kept.statement.sequence()));
        write_whole(&path, b"", Access::Owner).map_err(AgentError::file(&path))
    }

    /// Forgets it, once all papers are written and synced.
    pub(crate) fn forget_papers(&self, kept: &Kept) -> Result<(), AgentError> {
        let path = self.due().join(folder_name(kept.statement.sequence()));
        fs::remove_file(&path).map_err(AgentError::file(&path))
    }

    fn due(&self) -> PathBuf {
        self.folder.join("papers-due")
    }

    fn kept(&self, sequence: u64) -> Result<Kept, AgentError> {
        let folder = self.folder.join("statements").join(folder_name(sequence));
        let path = folder.join("statement");
        let bytes = read_bounded(&path, MAX_STATEMENT_SIZE).map_err(AgentError::file(&path))?;
        let parsed = Statement::parse(&bytes).map_err(|error| AgentError::vault(&path, error))?;
        let statement =
            parsed.verify(self.key.verifier()).map_err(|error| AgentError::vault(&path, error))?;
        if statement.sequence() != sequence || statement.origin() != &self.origin {
            return Err(AgentError::vault(&path, "it belongs to another place or log"));
        }
        let receipt = folder.join("receipt.tlog-proof");
        let anchored = receipt.try_exists().map_err(AgentError::file(&receipt))?;
        Ok(Kept { statement, anchored, folder })
    }

    /// Makes a statement durable with its opening, and only then gives it back to be sent.
    pub(crate) fn keep(&self, sealed: &Sealed<'_>) -> Result<Kept, AgentError> {
        let statement = sealed.statement.to_bytes();
        let opening = Disclosure::whole(sealed.batch).to_json();
        // Checked before anything is promised: an opening that cannot be read again is none.
        if opening.len() > MAX_DISCLOSURE_SIZE {
            let reason = format!("the files need an opening of {} bytes", opening.len());
            return Err(AgentError::Input(format!("{reason}; anchor fewer at once")));
        }
        let statements = self.folder.join("statements");
        let filling = statements.join(".new");
        match fs::remove_dir_all(&filling) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(AgentError::file(&filling)(error));
            }
            _ => {}
        }
        create_private_folder(&filling).map_err(AgentError::file(&filling))?;
        let after = sealed.after.map(Note::to_bytes);
        let files = [
            ("statement", Some(statement.as_slice())),
            ("opening.json", Some(opening.as_bytes())),
            ("after", after.as_deref()),
        ];
        for (name, bytes) in files {
            let path = filling.join(name);
            if let Some(bytes) = bytes {
                write_synced(&path, bytes, Access::Owner).map_err(AgentError::file(&path))?;
            }
        }
        sync_folder(&filling).map_err(AgentError::file(&filling))?;
        let folder = statements.join(folder_name(sealed.statement.sequence()));
        // THE COMMIT POINT: from here on this statement is the source's next, also after a crash.
        fs::rename(&filling, &folder).map_err(AgentError::file(&folder))?;
        sync_folder(&statements).map_err(AgentError::file(&statements))?;
        Ok(Kept { statement: sealed.statement.clone(), anchored: false, folder })
    }

    /// The newest checkpoint that this agent has verified, if there is one yet.
    pub(crate) fn checkpoint(&self) -> Result<Option<(Note, AcceptedCheckpoint)>, AgentError> {
        let path = self.folder.join("checkpoint");
        let bytes = match read_bounded(&path, MAX_NOTE_SIZE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(AgentError::file(&path))?,
        };
        let note = Note::parse(&bytes).map_err(|error| AgentError::vault(&path, error))?;
        let accepted = self.policy.check(&note).map_err(|error| AgentError::vault(&path, error))?;
        Ok(Some((note, accepted)))
    }

    /// Remembers a checkpoint that was verified and is consistent with the one before.
    pub(crate) fn remember_checkpoint(&self, note: &Note) -> Result<(), AgentError> {
        let path = self.folder.join("checkpoint");
        write_whole(&path, &note.to_bytes(), Access::Owner).map_err(AgentError::file(&path))
    }

    /// Keeps a checkpoint that contradicts what was verified before, for those who will ask.
    pub(crate) fn keep_refused(&self, note: &Note) -> Result<PathBuf, AgentError> {
        let bytes = note.to_bytes();
        let name = format!("refused-{}", &Hash::of(&bytes).to_hex()[..8]);
        let path = self.folder.join(name);
        write_whole(&path, &bytes, Access::Owner).map_err(AgentError::file(&path))?;
        Ok(path)
    }
}

impl Kept {
    /// Every record with every salt, checked against the statement.
    pub(crate) fn batch(&self) -> Result<Batch, AgentError> {
        let path = self.folder.join("opening.json");
        let bytes = read_bounded(&path, MAX_DISCLOSURE_SIZE).map_err(AgentError::file(&path))?;
        let opening =
            Disclosure::parse(&bytes).and_then(|opening| opening.verify_whole(&self.statement));
        opening.map_err(|error| AgentError::vault(&path, error))
    }

    /// The proof that was kept, verified again.
    pub(crate) fn receipt(
        &self,
        policy: &Policy,
    ) -> Result<(Proof, VerifiedInclusion), AgentError> {
        let path = self.folder.join("receipt.tlog-proof");
        let bytes = read_bounded(&path, MAX_PROOF_SIZE).map_err(AgentError::file(&path))?;
        let receipt = Proof::parse(&bytes).map_err(|error| AgentError::vault(&path, error))?;
        let verified = receipt.verify(self.statement.leaf_hash(), policy);
        Ok((receipt, verified.map_err(|error| AgentError::vault(&path, error))?))
    }

    /// Marks the statement as anchored. The proof has been verified.
    pub(crate) fn keep_receipt(&mut self, receipt: &Proof) -> Result<(), AgentError> {
        let path = self.folder.join("receipt.tlog-proof");
        let written = write_whole(&path, &receipt.to_bytes(), Access::Owner);
        written.map_err(AgentError::file(&path))?;
        self.anchored = true;
        Ok(())
    }

    /// Where the next statement of the chain continues.
    pub(crate) fn next(&self) -> (u64, Hash) {
        (self.statement.sequence() + 1, self.statement.leaf_hash())
    }
}

fn read_key(path: &Path) -> Result<SigningKey, AgentError> {
    let text = read_bounded(path, MAX_SMALL_FILE_SIZE).map_err(AgentError::file(path))?;
    let text = Zeroizing::new(text);
    let text = std::str::from_utf8(&text).map_err(|error| AgentError::vault(path, error))?;
    SigningKey::parse(text.trim_end()).map_err(|error| AgentError::vault(path, error))
}

/// The sequences that the names in a folder stand for.
fn sequences_in(folder: &Path) -> Result<Vec<u64>, AgentError> {
    let mut sequences = Vec::new();
    for entry in fs::read_dir(folder).map_err(AgentError::file(folder))? {
        let name = entry.map_err(AgentError::file(folder))?.file_name();
        let name = name.to_string_lossy();
        // Names with a dot were being filled when a run ended; nothing was sent or promised.
        if name.starts_with('.') {
            continue;
        }
        let sequence = name.parse().ok().filter(|sequence| folder_name(*sequence) == name);
        let foreign = || AgentError::vault(folder, format!("{name:?} is no statement"));
        sequences.push(sequence.ok_or_else(foreign)?);
    }
    Ok(sequences)
}

fn folder_name(sequence: u64) -> String {
    format!("{sequence:020}")
}
