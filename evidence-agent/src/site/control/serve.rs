//! The agent's side: a door on loopback through which commands come in.
//!
//! Each is done on a thread of its own, beside the turns: reading takes a view of the database as it
//! is at one moment, writing waits for its turn among captures and statements. What would have to
//! have the vault to itself is refused.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hmac::Mac;
use zeroize::Zeroizing;

use super::doorway::Doorway;
use super::remote::{PATIENCE, Remote};
use super::wire::{self, FromAgent, Request};
use super::{Address, FILE, NONCE_SIZE, PROOF_SIZE, Secret, Side, proof};
use crate::cli::{Language, said};
use crate::durable::{Access, write_whole};
use crate::error::{AgentError, EXIT_COULD_NOT};
use crate::site::commands::Desk;
use crate::spool::salts::random;
use crate::vault::Vault;

/// How long a caller may take to show that he may ask, and to ask.
const FIRST_PATIENCE: Duration = Duration::from_secs(10);

/// How long the door waits after an accept that failed.
const PAUSE: Duration = Duration::from_millis(100);

/// Held by the run loop during each turn of capturing and sealing.
pub(crate) type Turn = Arc<Mutex<()>>;

/// What every command of a running agent works with.
struct House {
    vault: Arc<Vault>,
    secret: Secret,
    turn: Turn,
    doorway: Doorway,
    closed: AtomicBool,
}

/// The door; dropping it closes it.
pub(crate) struct Door {
    house: Arc<House>,
    address: SocketAddr,
    file: PathBuf,
}

impl Door {
    /// Opens the door of a vault's agent, and writes where it is.
    pub(crate) fn open(vault: &Arc<Vault>, turn: &Turn) -> Result<Self, AgentError> {
        let file = vault.folder().join(FILE);
        let failed = |error| AgentError::file(&file)(error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        let socket = listener.local_addr().map_err(failed)?;
        let mut token = Zeroizing::new([0; 32]);
        random(token.as_mut_slice())?;
        let house = Arc::new(House {
            vault: Arc::clone(vault),
            secret: vault.secret(&token),
            turn: Arc::clone(turn),
            doorway: Doorway::default(),
            closed: AtomicBool::new(false),
        });
        let text = Address { socket, token }.to_text();
        write_whole(&file, text.as_bytes(), Access::Owner).map_err(failed)?;
        let inside = Arc::clone(&house);
        std::thread::spawn(move || answer(&listener, &inside));
        Ok(Self { house, address: socket, file })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.house.closed.store(true, Ordering::SeqCst);
        // The name goes first: whoever looks for an agent then finds none.
        let _ = std::fs::remove_file(&self.file);
        // Wakes the thread that waits for callers.
        drop(TcpStream::connect_timeout(&self.address, PAUSE));
    }
}

fn answer(listener: &TcpListener, house: &Arc<House>) {
    loop {
        let accepted = listener.accept();
        if house.closed.load(Ordering::SeqCst) {
            return;
        }
        let Ok((stream, _)) = accepted else {
            std::thread::sleep(PAUSE);
            continue;
        };
        // Otherwise the connection closes: the caller asks again.
        let Some(number) = stream.try_clone().ok().and_then(|copy| house.doorway.arrives(copy))
        else {
            continue;
        };
        let house = Arc::clone(house);
        std::thread::spawn(move || {
            // What goes wrong here is the caller's to hear; if he is gone, nobody's.
            let _ = serve(&stream, &house, number);
            house.doorway.goes(number);
            let _ = stream.shutdown(Shutdown::Both);
        });
    }
}

fn serve(mut stream: &TcpStream, house: &House, number: u64) -> io::Result<()> {
    stream.set_read_timeout(Some(FIRST_PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    greet(&mut stream, &house.secret)?;
    let mut inside = house.doorway.enters(number).ok_or(io::ErrorKind::ConnectionAborted)?;
    let (request, _) = wire::receive::<Request>(&mut stream)?;
    inside.wait_to_work();
    stream.set_read_timeout(Some(PATIENCE))?;
    let remote = Remote::new(stream.try_clone()?);
    let Request { command, language } = request;
    let answered = if command.is_for_an_agent() {
        let desk = Desk::beside(&house.vault, &house.turn, &remote, language);
        said(&command, &desk)
    } else {
        Err(AgentError::Busy { path: house.vault.folder().to_path_buf() })
    };
    match answered {
        Ok(said) => {
            remote.say(&FromAgent::Text, said.text.as_bytes())?;
            remote.say(&FromAgent::Json, said.json.to_string().as_bytes())?;
            remote.say(&FromAgent::Said { code: said.code }, b"")
        }
        Err(error) => remote.say(&failure(&error, language), b""),
    }
}

fn failure(error: &AgentError, language: Language) -> FromAgent {
    let code = error.exit_code();
    debug_assert!(code <= EXIT_COULD_NOT, "exit codes are 0 to 2");
    FromAgent::Failed { code, message: error.message(language) }
}

/// Shows that this is the agent, and lets in only who can read the vault.
fn greet(stream: &mut (impl Read + Write), secret: &Secret) -> io::Result<()> {
    let mut caller = [0; NONCE_SIZE];
    stream.read_exact(&mut caller)?;
    let mut agent = [0; NONCE_SIZE];
    random(&mut agent).map_err(|error| io::Error::other(error.to_string()))?;
    let shown = proof(secret, Side::Agent, &caller, &agent).finalize().into_bytes();
    stream.write_all(&[&agent[..], &shown].concat())?;
    let mut have = [0; PROOF_SIZE];
    stream.read_exact(&mut have)?;
    proof(secret, Side::Caller, &caller, &agent)
        .verify_slice(&have)
        .map_err(|_| io::ErrorKind::PermissionDenied.into())
}
