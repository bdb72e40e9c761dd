//! The command line's side: finds the agent of a vault and has it do a command.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hmac::Mac;
use serde_json::Value;

use super::caller::Caller;
use super::grants::Grants;
use super::wire::{
    self, Act, FromAgent, FromCaller, MAX_ANSWER_SIZE, MAX_BODY_SIZE, Request, What, access,
};
use super::{Address, NONCE_SIZE, PROOF_SIZE, Secret, Side, proof};
use crate::cli::Language;
use crate::cli::args::{Command, VaultArgs};
use crate::error::AgentError;
use crate::site::commands::Said;
use crate::spool::salts::random;
use crate::vault::{Disk, DiskFile, Progress, Vault};

/// How long an agent may take to say who it is.
const FIRST_PATIENCE: Duration = Duration::from_secs(10);

/// How long, and in which steps, a command waits for a vault that somebody else has for a moment.
const TURNS: u32 = if cfg!(test) { 3 } else { 50 };
const TURN: Duration = Duration::from_millis(100);

/// The most files that are open for an agent at once, and the most bytes that wait for their last.
const MAX_OPEN: usize = 16;
const MAX_STAGED: usize = 1024 * 1024 * 1024;

/// Does a command here, or has the vault's agent do it. A vault that is in use by something that
/// takes no commands, another command for one, is waited for.
pub(crate) fn wait_for_turn(
    command: &Command,
    language: Language,
    caller: &dyn Caller,
    here: &dyn Fn() -> Result<Said, AgentError>,
) -> Result<Said, AgentError> {
    let mut tried = 0;
    loop {
        let answer = here();
        let (Err(AgentError::Busy { .. }), Some(args)) = (&answer, command.vault()) else {
            return answer;
        };
        if !command.is_for_an_agent() {
            return answer;
        }
        match ask(command, args, language, caller)? {
            Some(said) => return Ok(said),
            None if tried == TURNS => return answer,
            None => std::thread::sleep(TURN),
        }
        tried += 1;
    }
}

/// Has the agent of a vault do a command; `None` if none takes commands there.
pub(crate) fn ask(
    command: &Command,
    args: &VaultArgs,
    language: Language,
    caller: &dyn Caller,
) -> Result<Option<Said>, AgentError> {
    let Ok(address) = Address::read(&args.vault) else { return Ok(None) };
    let Ok(mut stream) = TcpStream::connect_timeout(&address.socket, FIRST_PATIENCE) else {
        return Ok(None);
    };
    let unlock = crate::site::unlock(args.passphrase_file.as_deref())?;
    let secret = Vault::secret_of(&args.vault, &unlock, &address.token)?;
    if greet(&mut stream, &secret).is_err() {
        // Somebody else took the port of an agent that was killed, or the agent is going.
        return Ok(None);
    }
    let broken = |error: io::Error| AgentError::Beside {
        path: args.vault.clone(),
        reason: error.to_string(),
    };
    let request = Request { command: command.clone(), language };
    wire::send(&mut stream, &request, b"").map_err(broken)?;
    let mut hands = Hands::new(caller, Grants::of(command));
    hands.work(&mut stream).map_err(broken)?.map(Some)
}

/// Checks that this is the agent, and shows that this caller can read the vault.
fn greet(stream: &mut TcpStream, secret: &Secret) -> io::Result<()> {
    stream.set_read_timeout(Some(FIRST_PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut caller = [0; NONCE_SIZE];
    random(&mut caller).map_err(|error| io::Error::other(error.to_string()))?;
    stream.write_all(&caller)?;
    let (mut agent, mut have) = ([0; NONCE_SIZE], [0; PROOF_SIZE]);
    stream.read_exact(&mut agent)?;
    stream.read_exact(&mut have)?;
    let is_agent = proof(secret, Side::Agent, &caller, &agent).verify_slice(&have);
    is_agent.map_err(|_| io::Error::from(io::ErrorKind::PermissionDenied))?;
    let shown = proof(secret, Side::Caller, &caller, &agent).finalize().into_bytes();
    stream.write_all(&shown)?;
    // A check of a large vault takes as long as it takes; an agent that ends closes the connection.
    stream.set_read_timeout(None)
}

/// Does what the agent wants with this caller's files.
struct Hands<'a> {
    caller: &'a dyn Caller,
    grants: Grants,
    open: BTreeMap<u64, Arc<dyn DiskFile>>,
    next: u64,
    /// Parts of a file that is written whole.
    staged: Vec<u8>,
    /// Folders that were not there before this command.
    made: BTreeSet<PathBuf>,
}

/// What came of an act, with the bytes that were read.
type Did = io::Result<(FromCaller, Vec<u8>)>;

impl<'a> Hands<'a> {
    fn new(caller: &'a dyn Caller, grants: Grants) -> Self {
        Self {
            caller,
            grants,
            open: BTreeMap::new(),
            next: 1,
            staged: Vec::new(),
            made: BTreeSet::new(),
        }
    }

    /// Works until the answer is there. The outer error is the connection's.
    fn work(&mut self, stream: &mut TcpStream) -> io::Result<Result<Said, AgentError>> {
        let (mut text, mut json) = (Vec::new(), Vec::new());
        loop {
            let (head, body) = wire::receive::<FromAgent>(stream)?;
            if text.len() + json.len() + body.len() > MAX_ANSWER_SIZE {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "an answer without end"));
            }
            match head {
                FromAgent::Act(act) => {
                    let (answer, body) = self
                        .act(&act, body)
                        .unwrap_or_else(|error| (FromCaller::failed(&error), Vec::new()));
                    wire::send(stream, &answer, &body)?;
                }
                FromAgent::Failed { code, message } => {
                    return Ok(Err(AgentError::Relayed { code, message }));
                }
                FromAgent::Json => json.extend_from_slice(&body),
                FromAgent::Progress { done, total } => {
                    self.caller.progress(Progress { done, total });
                }
                FromAgent::Said { code } => {
                    let text = String::from_utf8(text).map_err(io::Error::other)?;
                    let json: Value = serde_json::from_slice(&json)?;
                    return Ok(Ok(Said { text, json, code }));
                }
                FromAgent::Text => text.extend_from_slice(&body),
            }
        }
    }

    fn act(&mut self, act: &Act, body: Vec<u8>) -> Did {
        if !self.grants.allow(act, &self.made) {
            let reason = format!("{} was not named by this command", act.root.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
        }
        let disk = self.caller.disk(&act.root);
        let name = act.name.as_str();
        let done = |()| (FromCaller::Done, Vec::new());
        match &act.what {
            What::List => disk.list(name).map(|names| (FromCaller::Names(names), Vec::new())),
            What::MakeFolder => disk.make_folder(name).map(done),
            What::MakeFolders => self.caller.make_folders(&act.root).map(done),
            What::NewFolder => {
                self.caller.new_folder(&act.root)?;
                self.made.insert(act.root.clone());
                Ok(done(()))
            }
            // Danger: an agent must not remove what was there before, even where it may write.
            What::DropFolder if !self.made.remove(&act.root) => {
                Err(io::ErrorKind::PermissionDenied.into())
            }
            What::DropFolder => self.caller.drop_folder(&act.root).map(done),
            What::Open { create } => self.open(&*disk, name, *create),
            What::Part => self.stage(&body).map(done),
            What::Read { limit } => {
                let limit = usize::try_from(*limit).unwrap_or(MAX_BODY_SIZE).min(MAX_BODY_SIZE);
                disk.read(name, limit).map(|bytes| (FromCaller::Done, bytes))
            }
            What::Remove => disk.remove(name).map(done),
            What::Rename { to } => disk.rename(name, to).map(done),
            What::Sha256 => {
                let hash = self.caller.sha256(&act.root)?;
                Ok((FromCaller::Done, hash.0.to_vec()))
            }
            What::SyncFolder => disk.sync_folder(name).map(done),
            What::WriteWhole { private } => {
                self.stage(&body)?;
                let bytes = std::mem::take(&mut self.staged);
                disk.write_whole(name, &bytes, access(*private)).map(done)
            }
            of_file => self.act_on_file(of_file, &body),
        }
    }

    fn act_on_file(&mut self, what: &What, body: &[u8]) -> Did {
        let open = &self.open;
        let of = |number: &u64| {
            let found = open.get(number).cloned();
            found.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
        };
        let done = |()| (FromCaller::Done, Vec::new());
        match what {
            What::Close { file } => {
                let file = *file;
                self.open.remove(&file);
                Ok(done(()))
            }
            What::Len { file } => Ok((FromCaller::Number(of(file)?.len()?), Vec::new())),
            What::ReadAt { file, offset, size } => {
                let size = usize::try_from(*size).unwrap_or(usize::MAX);
                let mut bytes = vec![0; size.min(MAX_BODY_SIZE)];
                of(file)?.read_at(*offset, &mut bytes)?;
                Ok((FromCaller::Done, bytes))
            }
            What::SetLen { file, len } => of(file)?.set_len(*len).map(done),
            What::Sync { file } => of(file)?.sync().map(done),
            What::WriteAt { file, offset } => of(file)?.write_at(*offset, body).map(done),
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn open(&mut self, disk: &dyn Disk, name: &str, create: bool) -> Did {
        if self.open.len() == MAX_OPEN {
            return Err(io::Error::other("too many open files"));
        }
        let number = self.next;
        self.open.insert(number, disk.open(name, create)?);
        self.next += 1;
        Ok((FromCaller::Number(number), Vec::new()))
    }

    fn stage(&mut self, part: &[u8]) -> io::Result<()> {
        if self.staged.len() + part.len() > MAX_STAGED {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.staged.extend_from_slice(part);
        Ok(())
    }
}
