//! Consumes messages of an AMQP 1.0 broker, which is how IPC-CFX endpoints speak.
//!
//! A message's body is the evidence, as it was received: data sections joined, still compressed if
//! its sender compressed it (`content-encoding: gzip` gives the name the end `.gz`).
//!
//! A delivery is accepted only after `settled`, when it is durable in the vault. Until then the
//! broker keeps it: whatever happens to this agent or to the connection, it comes again. One that
//! comes again with the same bytes is accepted without a second record.
//!
//! An item is its message's id and the SHA-256 of its body. Not the id alone: CFX's `UniqueID` is no
//! key, since there are bridges that send one constant id with every message.
//!
//! The connection lives on a thread of its own (`link`); a look takes what has arrived and never
//! waits. Until the first attempt to connect has ended a look is undecided, and until the broker has
//! been silent for a while, with leave to send, it expects more. Memory is bounded by `prefetch`
//! messages of at most `max_message` bytes.

mod link;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::mpsc;

use super::{Collector, Looked, MAX_LOOK_SIZE, Remembered, refused};
use crate::error::AgentError;
use crate::import::MAX_INTERPRETED_SIZE;
use crate::model::{Content, Hash256, ItemKey, Seen, Sighting, UnixMillis, WatchName};
use link::{Inbox, Target};

/// The most messages that may be held unaccepted.
const MAX_PREFETCH: u32 = 1024;

/// The largest message that a watch may allow: what brokers allow at most.
const MAX_MESSAGE: usize = 128 * 1024 * 1024;

/// For so long a broker is silent before nothing more is expected of it.
const SILENCE: Duration = Duration::from_secs(3);

/// How long what was settled may take to reach the broker when the watch ends. What did not is sent
/// again to the next run, which knows it.
const GOODBYE: Duration = Duration::from_secs(5);

/// The most bytes of a message's id that go into a name.
const MAX_NAME: usize = 64;

/// A watch of `type = "amqp"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AmqpConfig {
    /// The broker: `amqp://host:5672`, or `amqps://host:5671` for TLS.
    pub(crate) broker: String,
    /// The queue or address to receive from; RabbitMQ writes `/amq/queue/NAME` for a queue that is there.
    pub(crate) address: String,
    /// Who receives (SASL PLAIN); without it, nobody in particular (SASL ANONYMOUS).
    #[serde(default)]
    pub(crate) user: Option<String>,
    /// A file with the user's password; a line break at its end is not part of it.
    #[serde(default)]
    pub(crate) password_file: Option<PathBuf>,
    /// A PEM file with the certificates that the broker's is checked against; `amqps` needs it.
    #[serde(default)]
    pub(crate) ca_file: Option<PathBuf>,
    /// How many messages the broker sends ahead of their acceptance; at most 1024.
    #[serde(default = "prefetch")]
    pub(crate) prefetch: u32,
    /// The largest message, in bytes; a larger one stays with the broker, and is complained of.
    #[serde(default = "max_message")]
    pub(crate) max_message: usize,
}

const fn prefetch() -> u32 {
    64
}

const fn max_message() -> usize {
    MAX_INTERPRETED_SIZE
}

/// A queue that is consumed.
pub(crate) struct Amqp {
    watch: WatchName,
    inbox: Arc<Inbox>,
    /// Until the first look nothing is connected.
    target: Option<Target>,
    /// Tokens to accept; closing it ends the connection and its thread.
    settle: Option<mpsc::UnboundedSender<Vec<u64>>>,
    /// Ends with the thread.
    thread: Option<std::sync::mpsc::Receiver<()>>,
}

/// A message that has arrived and is not accepted.
struct Message {
    /// Its id as text, if it has one.
    id: Option<String>,
    body: Vec<u8>,
    is_json: bool,
    is_gzip: bool,
}

impl Message {
    fn key(&self, sha256: &Hash256) -> ItemKey {
        // The hash first: it has a fixed length, so no two messages run together.
        ItemKey([&sha256.0[..], self.id.as_deref().unwrap_or_default().as_bytes()].concat())
    }

    /// A name as a file would have it: what is no letter or digit in an id is replaced.
    fn name(&self, sha256: &Hash256) -> Vec<u8> {
        let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
        let stem: String = match &self.id {
            Some(id) => id.chars().take(MAX_NAME).map(plain).collect(),
            None => spec::Hash::from(*sha256).to_hex()[..16].to_string(),
        };
        let end = if self.is_json { ".json" } else { ".bin" };
        let packed = if self.is_gzip { ".gz" } else { "" };
        format!("{stem}{end}{packed}").into_bytes()
    }
}

impl Amqp {
    /// Makes the watch; connects at the first look.
    pub(crate) fn new(watch: WatchName, config: AmqpConfig) -> Result<Self, AgentError> {
        let input = refused(&watch);
        if !(1..=MAX_PREFETCH).contains(&config.prefetch) {
            return Err(input(format!("a prefetch of 1 to {MAX_PREFETCH} is possible")));
        }
        if !(1..=MAX_MESSAGE).contains(&config.max_message) {
            return Err(input(format!("a max_message of 1 to {MAX_MESSAGE} bytes is possible")));
        }
        let target = Some(Target::new(&config, &watch.0).map_err(input)?);
        Ok(Self { watch, inbox: Arc::default(), target, settle: None, thread: None })
    }

    /// Starts the thread of the connection, once.
    fn start(&mut self) -> Result<(), AgentError> {
        let Some(target) = self.target.take() else { return Ok(()) };
        let (settle, settled) = mpsc::unbounded_channel();
        let inbox = Arc::clone(&self.inbox);
        let name = format!("amqp {}", self.watch.0);
        let thread = std::thread::Builder::new().name(name);
        let (alive, ended) = std::sync::mpsc::channel();
        let started = thread.spawn(move || {
            link::serve(&target, &inbox, settled);
            drop::<std::sync::mpsc::Sender<()>>(alive);
        });
        started.map_err(|error| AgentError::Failed(format!("no thread for a broker: {error}")))?;
        (self.settle, self.thread) = (Some(settle), Some(ended));
        Ok(())
    }
}

impl Drop for Amqp {
    fn drop(&mut self) {
        self.settle = None;
        if let Some(thread) = self.thread.take() {
            // Nothing is ever sent: it ends with the thread, or the patience does.
            let _ = thread.recv_timeout(GOODBYE);
        }
    }
}

impl Collector for Amqp {
    fn watch(&self) -> &WatchName {
        &self.watch
    }

    fn look(
        &mut self,
        remembered: &dyn Remembered,
        now: UnixMillis,
        limit: usize,
    ) -> Result<Looked, AgentError> {
        self.start()?;
        let standing = self.inbox.standing(SILENCE);
        let mut looked = Looked {
            blind: standing.down,
            undecided: standing.undecided,
            expecting: standing.expecting,
            ..Looked::default()
        };
        let (mut keys, mut known, mut held) = (BTreeSet::new(), Vec::new(), 0);
        for (item, trouble) in self.inbox.take_troubles() {
            looked.complain(item, trouble);
        }
        for (token, message) in self.inbox.waiting() {
            if looked.sightings.len() >= limit || held >= MAX_LOOK_SIZE {
                looked.more = true;
                break;
            }
            let sha256 = Hash256(<sha2::Sha256 as sha2::Digest>::digest(&message.body).into());
            let key = message.key(&sha256);
            if remembered.seen(&self.watch, &key)?.is_some() {
                known.push(token);
                continue;
            }
            // The same message twice before the first is durable: the second waits for it.
            if !keys.insert(key.clone()) {
                looked.more = true;
                continue;
            }
            let size = message.body.len() as u64;
            held += message.body.len();
            looked.sightings.push(Sighting {
                watch: self.watch.clone(),
                key,
                name: message.name(&sha256),
                content: Content::Bytes(message.body.clone()),
                now: Seen { sha256, size, modified_nanos: 0, version: 1, seen: now },
                before: None,
                prefix: None,
                token,
            });
        }
        // What is held may have used up the broker's leave: until then its silence says nothing.
        looked.expecting |= !known.is_empty() || !looked.sightings.is_empty();
        self.settled(&known)?;
        Ok(looked)
    }

    fn takes_away(&self) -> bool {
        true
    }

    fn settled(&mut self, tokens: &[u64]) -> Result<(), AgentError> {
        self.inbox.forget(tokens);
        if let (Some(settle), false) = (&self.settle, tokens.is_empty()) {
            // A thread that ended left nothing to accept: the broker sends it again.
            drop(settle.send(tokens.to_vec()));
        }
        Ok(())
    }
}
