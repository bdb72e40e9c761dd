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
    self, Act, FromAgent, FromCaller, MAX_ANSWER_SIZE, MAX_BODY_SIZE, MAX_READ_SIZE, Request, What,
    access,
};
use super::{Address, NONCE_SIZE, PROOF_SIZE, Secret, Side, proof};
use crate::cli::Language;
use crate::cli::args::{Command, VaultArgs};
use crate::durable::{Access, Replaces};
use crate::error::AgentError;
use crate::site::commands::Said;
use crate::spool::salts::random;
use crate::vault::{Disk, DiskFile, Progress, Vault, Whole};

/// How long an agent may take to say who it is.
const FIRST_PATIENCE: Duration = Duration::from_secs(10);

/// How long, and in which steps, a command waits for a vault that somebody else has for a moment.
const TURNS: u32 = if cfg!(test) { 3 } else { 50 };
const TURN: Duration = Duration::from_millis(100);

/// The most files that are open for an agent at once.
const MAX_OPEN: usize = 16;

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
    /// The file that is written in parts.
    growing: Option<Parts>,
    /// Folders that were not there before this command.
    made: BTreeSet<PathBuf>,
}

/// A file of which parts have come.
struct Parts {
    root: PathBuf,
    name: String,
    file: Box<dyn Whole>,
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
            growing: None,
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
                    send_in_parts(stream, &answer, &body)?;
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
            What::DropParts => {
                self.growing = None;
                Ok(done(()))
            }
            What::Part { private, replaces } => {
                self.add(act, access(*private), *replaces, &body).map(done)
            }
            What::Read { limit } => {
                let limit = usize::try_from(*limit).unwrap_or(MAX_READ_SIZE).min(MAX_READ_SIZE);
                disk.read(name, limit).map(|bytes| (FromCaller::Done, bytes))
            }
            What::Remove => disk.remove(name).map(done),
            What::Rename { to } => disk.rename(name, to).map(done),
            What::Sha256 => {
                let hash = self.caller.sha256(&act.root)?;
                Ok((FromCaller::Done, hash.0.to_vec()))
            }
            What::SyncFolder => disk.sync_folder(name).map(done),
            What::WriteWhole { private, replaces: Replaces::Anything }
                if self.growing.is_none() =>
            {
                disk.write_whole(name, &body, access(*private)).map(done)
            }
            What::WriteWhole { private, replaces } => {
                self.add(act, access(*private), *replaces, &body)?;
                self.growing.take().map_or(Ok(()), |parts| parts.file.finish()).map(done)
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

    /// Adds a part to the file that is being written, or begins it.
    fn add(
        &mut self,
        act: &Act,
        access: Access,
        replaces: Replaces,
        part: &[u8],
    ) -> io::Result<()> {
        let parts = match &mut self.growing {
            // Danger: what may be written at one place must not end up at another.
            Some(parts) if (&parts.root, &parts.name) != (&act.root, &act.name) => {
                return Err(io::Error::other("another file is being written"));
            }
            Some(parts) => parts,
            none => {
                let file = match (replaces, act.name.as_str()) {
                    (Replaces::Anything, name) => {
                        self.caller.disk(&act.root).begin_whole(name, access)?
                    }
                    (replaces, "") => self.caller.begin_named(&act.root, access, replaces)?,
                    _ => return Err(io::ErrorKind::InvalidInput.into()),
                };
                none.insert(Parts { root: act.root.clone(), name: act.name.clone(), file })
            }
        };
        parts.file.write_all(part)
    }
}

/// Sends what was read in as many frames as it takes.
fn send_in_parts(to: &mut impl Write, answer: &FromCaller, body: &[u8]) -> io::Result<()> {
    let mut rest = body;
    while rest.len() > MAX_BODY_SIZE {
        let (part, behind) = rest.split_at(MAX_BODY_SIZE);
        wire::send(to, &FromCaller::Part, part)?;
        rest = behind;
    }
    wire::send(to, answer, rest)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::path::Path;

    use super::super::caller::Here;
    use super::super::remote::Remote;
    use super::*;
    use crate::durable::NO_FILE;

    /// Has `act` work with the files of a caller whose command is `command`, over a connection.
    fn beside(command: &Command, act: impl FnOnce(&Remote) + Send) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let remote = Remote::new(listener.accept().unwrap().0);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                act(&remote);
                remote.say(&FromAgent::Text, b"done").unwrap();
                remote.say(&FromAgent::Json, b"null").unwrap();
                remote.say(&FromAgent::Said { code: 0 }, b"").unwrap();
            });
            let here = Here::new();
            let said = Hands::new(&here, Grants::of(command)).work(&mut stream).unwrap();
            assert_eq!(said.unwrap().text, "done");
        });
    }

    #[test]
    fn a_large_file_is_written_in_parts_and_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("copy");
        std::fs::create_dir(&to).unwrap();
        let vault = VaultArgs { vault: "V".into(), passphrase_file: None };
        let command = Command::Backup { vault, to: to.clone() };
        let large: Vec<u8> = (0..3 * MAX_BODY_SIZE + 17).map(|n| (n % 251) as u8).collect();
        let count = |folder: &Path| std::fs::read_dir(folder).unwrap().count();
        beside(&command, |remote| {
            let disk = remote.disk(&to);
            let mut file = disk.begin_whole("large", Access::Owner).unwrap();
            large.chunks(70_001).for_each(|part| file.write_all(part).unwrap());
            assert!(!to.join("large").exists() && count(&to) == 1, "it is on its way");
            // What is written at one place cannot be completed at another.
            let error = disk.write_whole("other", b"x", Access::Owner).unwrap_err();
            assert!(error.to_string().contains("another file"), "{error}");
            file.finish().unwrap();
            let mut given_up = disk.begin_whole("given-up", Access::Owner).unwrap();
            given_up.write_all(&large).unwrap();
            drop(given_up);
            disk.write_whole("small", b"x", Access::Owner).unwrap();
            assert_eq!(disk.read("large", large.len()).unwrap(), large, "it is read in parts too");
            let error = disk.read("large", large.len() - 1).unwrap_err();
            assert!(error.to_string().contains("longer than"), "{error}");
            let outside = remote.disk(folder.path()).begin_whole("x", Access::Owner).unwrap();
            assert!(outside.finish().is_err(), "and only where the command has said");
        });
        assert_eq!(std::fs::read(to.join("large")).unwrap(), large);
        assert_eq!(count(&to), 2);
        assert_eq!(count(folder.path()), 1);
    }

    #[test]
    fn a_picture_of_a_root_takes_the_place_of_an_older_one_and_of_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let (path, inner) = (folder.path().join("root.png"), folder.path().join("inner"));
        std::fs::write(&path, "yesterday").unwrap();
        std::fs::create_dir(&inner).unwrap();
        let command = |png: &Path| {
            let vault = VaultArgs { vault: "V".into(), passphrase_file: None };
            Command::Root { vault, source: None, qr: false, png: Some(png.to_path_buf()) }
        };
        beside(&command(&path), |remote| {
            let caller: &dyn Caller = remote;
            caller.show(&path, b"today").unwrap();
            // The command has named a picture, and no file to be written otherwise.
            assert!(caller.write_new(&path, b"x", Access::Everybody).is_err());
            assert!(caller.disk(&path).write_whole("", b"x", Access::Everybody).is_err());
            assert!(caller.show(&inner, b"x").is_err());
        });
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "today");
        beside(&command(&inner), |remote| {
            let caller: &dyn Caller = remote;
            let error = caller.show(&inner, b"x").unwrap_err();
            assert_eq!(error.to_string(), NO_FILE);
        });
    }
}
