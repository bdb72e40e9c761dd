//! Commands beside a running agent: a vault is open to one process, so that process does the work.
//!
//! ```text
//! V/control   who answers, and a token that whoever can read the vault's folder can read
//!
//! command line                                     running agent
//!   32-byte nonce c                            ->
//!                                              <-  32-byte nonce s, HMAC(secret, "agent" c s)
//!   HMAC(secret, "caller" c s)                 ->
//!   the command, parsed                        ->
//!                                              <-  what to do with the caller's files, any number
//!   what came of each                          ->
//!                                              <-  the answer in parts, and the exit code
//! ```
//!
//! The secret comes from the token, and in an encrypted vault from its data key as well: whoever may
//! not open a vault may not ask its agent either. Neither crosses the connection, which is one of
//! loopback; so whoever took the port of an agent that was killed learns nothing.
//!
//! The agent works on the vault and the caller on his own files: a service may write nowhere but in
//! its own folder, and a copy belongs to whoever asked for it. `grants` is what a caller lets be done.
//!
//! Where to start reading: `serve` is the agent's side, `ask` the command line's, `wire` what crosses.

mod ask;
mod caller;
mod doorway;
mod grants;
mod remote;
mod serve;
#[cfg(test)]
mod tests;
mod wire;

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;
use spec::encoding::{decode_hex, encode_hex};
use zeroize::Zeroizing;

pub(crate) use ask::wait_for_turn;
pub(crate) use caller::{Caller, Here};
pub(crate) use serve::{Door, Turn};

use crate::durable::read_bounded;

/// The file in the vault's folder that says where its agent answers.
pub(crate) const FILE: &str = "control";

/// The first line of the file.
const HEADER: &str = "fiducial/control/v1";

/// The most bytes of the file.
const MAX_FILE_SIZE: usize = 256;

const NONCE_SIZE: usize = 32;
const PROOF_SIZE: usize = 32;

/// Thirty-two random bytes that only those know who can read the vault's folder.
pub(crate) type Token = Zeroizing<[u8; 32]>;

/// What both sides of a connection know: see `Vault::secret`.
pub(crate) type Secret = Zeroizing<[u8; 32]>;

/// Where an agent answers.
struct Address {
    socket: SocketAddr,
    token: Token,
}

impl Address {
    fn to_text(&self) -> Zeroizing<String> {
        let token = Zeroizing::new(encode_hex(self.token.as_slice()));
        Zeroizing::new(format!("{HEADER}\n{}\n{}\n", self.socket, *token))
    }

    fn read(vault: &Path) -> io::Result<Self> {
        let bytes = Zeroizing::new(read_bounded(&vault.join(FILE), MAX_FILE_SIZE)?);
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "this is no address of an agent");
        let text = std::str::from_utf8(&bytes).map_err(|_| wrong())?;
        Self::parse(text).ok_or_else(wrong)
    }

    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(HEADER)?.strip_prefix('\n')?.strip_suffix('\n')?;
        let (socket, token) = rest.split_once('\n')?;
        let socket: SocketAddr = socket.parse().ok()?;
        let token = decode_hex(token).ok().map(Zeroizing::new)?;
        socket.ip().is_loopback().then_some(Self { socket, token })
    }
}

/// Which side a proof is of: one side's cannot be sent back to it as the other's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Agent,
    Caller,
}

/// The code by which a side shows that it knows the secret.
fn proof(secret: &Secret, side: Side, caller: &[u8], agent: &[u8]) -> Hmac<Sha256> {
    let mut code = Hmac::<Sha256>::new_from_slice(secret.as_slice()).expect("a key of any length");
    code.update(match side {
        Side::Agent => b"fiducial/control/v1 agent",
        Side::Caller => b"fiducial/control/v1 caller",
    });
    code.update(caller);
    code.update(agent);
    code
}
