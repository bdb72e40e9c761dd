//! The connection to a broker, on a thread of its own: connects, receives, accepts, and connects
//! again after a wait that grows.
//!
//! A token is good for one connection. What was not accepted when a connection ends is forgotten
//! here, since the broker sends it again on the next.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fe2o3_amqp::link::delivery::DeliveryInfo;
use fe2o3_amqp::link::receiver::CreditMode;
use fe2o3_amqp::sasl_profile::SaslProfile;
use fe2o3_amqp::types::definitions::ReceiverSettleMode;
use fe2o3_amqp::types::messaging::{Body, MessageId, Properties};
use fe2o3_amqp::types::primitives::LazyValue;
use fe2o3_amqp::{Connection, Delivery, Receiver, Session};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::super::Trouble;
use super::{AmqpConfig, Message};
use crate::durable::read_bounded;

/// How long a broker may take for one step of a connection.
const PATIENCE: Duration = Duration::from_secs(15);

/// The first and the longest wait before connecting again.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// After so long without a word from the broker the connection is dead, in milliseconds.
const IDLE_MILLIS: u32 = 60_000;

/// The longest password and the largest file of certificates, in bytes.
const MAX_PASSWORD: usize = 4096;
const MAX_CERTIFICATES: usize = 4 * 1024 * 1024;

/// The most complaints that wait for a look.
const MAX_TROUBLES: usize = 16;

/// What has arrived and waits to be looked at.
#[derive(Default)]
pub(super) struct Inbox {
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Default)]
struct Held {
    messages: BTreeMap<u64, Arc<Message>>,
    troubles: VecDeque<(String, Trouble)>,
    line: Line,
    next_token: u64,
}

/// How the connection stands.
#[derive(Default)]
enum Line {
    /// The first attempt has not ended: whether the broker is there is not known.
    #[default]
    Unknown,
    /// Nothing can arrive, and why.
    Down(Trouble),
    /// Since when the broker is silent although it may send: since it was given leave, since the last
    /// message came, or since the last one was accepted.
    Up(Instant),
}

/// What a look is told of the connection.
pub(super) struct Standing {
    pub(super) down: Option<Trouble>,
    pub(super) undecided: bool,
    pub(super) expecting: bool,
}

impl Inbox {
    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing panics while it holds the lock; if it did, what is held is still whole.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that is not accepted, in the order of arrival.
    pub(super) fn waiting(&self) -> Vec<(u64, Arc<Message>)> {
        let held = self.held();
        held.messages.iter().map(|(token, message)| (*token, Arc::clone(message))).collect()
    }

    pub(super) fn take_troubles(&self) -> Vec<(String, Trouble)> {
        self.held().troubles.drain(..).collect()
    }

    pub(super) fn forget(&self, tokens: &[u64]) {
        let mut held = self.held();
        tokens.iter().for_each(|token| drop(held.messages.remove(token)));
        // Leave for more may follow, which takes the other thread a moment.
        if let (Line::Up(since), false) = (&mut held.line, tokens.is_empty()) {
            *since = Instant::now();
        }
    }

    pub(super) fn put(&self, message: Message) -> u64 {
        let mut held = self.held();
        held.next_token += 1;
        let token = held.next_token;
        held.messages.insert(token, Arc::new(message));
        held.line = Line::Up(Instant::now());
        drop(held);
        self.changed.notify_all();
        token
    }

    /// A connection ended: the broker sends again what was not accepted.
    fn clear(&self) {
        self.held().messages.clear();
        self.changed.notify_all();
    }

    /// A connection is there, and the broker has leave to send: its silence counts from here on.
    pub(super) fn connected(&self) {
        self.held().line = Line::Up(Instant::now());
    }

    /// How the connection stands; more is expected until the broker is silent for `silence`.
    pub(super) fn standing(&self, silence: Duration) -> Standing {
        let held = self.held();
        let (down, undecided, expecting) = match &held.line {
            Line::Unknown => (None, true, true),
            Line::Down(why) => (Some(why.clone()), false, false),
            Line::Up(since) => (None, false, since.elapsed() < silence),
        };
        Standing { down, undecided, expecting }
    }

    pub(super) fn complain(&self, item: &str, trouble: Trouble) {
        let mut held = self.held();
        if matches!(trouble, Trouble::Broker(_)) {
            held.line = Line::Down(trouble.clone());
        }
        if held.troubles.len() < MAX_TROUBLES {
            held.troubles.push_back((item.to_string(), trouble));
        }
        drop(held);
        self.changed.notify_all();
    }

    /// Waits until so many messages or a complaint are there, for tests: they never sleep.
    #[cfg(test)]
    pub(super) fn wait_for(&self, messages: usize, patience: Duration) -> bool {
        let is_less = |held: &mut Held| held.messages.len() < messages && held.troubles.is_empty();
        let waited = self.changed.wait_timeout_while(self.held(), patience, is_less);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

/// A broker and how to reach it, checked.
pub(super) struct Target {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    sasl: SaslProfile,
    address: String,
    link: String,
    prefetch: u32,
    max_message: usize,
}

impl Target {
    /// Parses the configuration, and reads the files that it names.
    pub(super) fn new(config: &AmqpConfig, watch: &str) -> Result<Self, String> {
        let wrong = || format!("{:?} is not amqp://HOST:PORT or amqps://HOST:PORT", config.broker);
        let (is_tls, rest) = match config.broker.split_once("://") {
            Some(("amqp", rest)) => (false, rest),
            Some(("amqps", rest)) => (true, rest),
            _ => return Err(wrong()),
        };
        let rest = rest.trim_end_matches('/');
        if rest.contains(['/', '@']) {
            return Err(format!("{}; a user has a line of its own", wrong()));
        }
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() => (host, port.parse().map_err(|_| wrong())?),
            _ => return Err(wrong()),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_string();
        let tls = if is_tls { Some(tls(&host, config.ca_file.as_deref())?) } else { None };
        let sasl = match &config.user {
            Some(user) => {
                let password = config.password_file.as_deref().map(password).transpose()?;
                let password = password.unwrap_or_default();
                SaslProfile::Plain { username: user.clone(), password }
            }
            None => SaslProfile::Anonymous,
        };
        let (prefetch, max_message) = (config.prefetch, config.max_message);
        let (address, link) = (config.address.clone(), format!("fiducial-agent {watch}"));
        Ok(Self { host, port, tls, sasl, address, link, prefetch, max_message })
    }

    /// Its name for people.
    fn shown(&self) -> String {
        format!("{}:{} {}", self.host, self.port, self.address)
    }
}

fn password(path: &Path) -> Result<String, String> {
    let bytes = read_bounded(path, MAX_PASSWORD);
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(std::io::Error::other));
    let text = text.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_string())
}

/// A broker in a factory has a certificate of the factory's own: which is always said, never guessed.
fn tls(
    host: &str,
    authorities: Option<&Path>,
) -> Result<(TlsConnector, ServerName<'static>), String> {
    let path = authorities.ok_or("amqps needs a ca_file")?;
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let pem = read_bounded(path, MAX_CERTIFICATES).map_err(|error| named(&error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| named(&error))?;
        roots.add(certificate).map_err(|error| named(&error))?;
    }
    if roots.is_empty() {
        return Err(named(&"no certificate in it"));
    }
    let name = ServerName::try_from(host.to_string()).map_err(|error| error.to_string())?;
    // Named, since another part of a build may bring a second provider.
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    let config = config.with_root_certificates(roots).with_no_client_auth();
    Ok((TlsConnector::from(Arc::new(config)), name))
}

/// Serves one watch until its collector is dropped.
pub(super) fn serve(
    target: &Target,
    inbox: &Inbox,
    mut settled: mpsc::UnboundedReceiver<Vec<u64>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return inbox.complain(&target.shown(), Trouble::Broker(error.to_string())),
    };
    runtime.block_on(async {
        let mut wait = FIRST_WAIT;
        loop {
            let mut has_received = false;
            let ended = consume(target, inbox, &mut settled, &mut has_received).await;
            inbox.clear();
            let Err(why) = ended else { return };
            inbox.complain(&target.shown(), Trouble::Broker(why));
            wait = if has_received { FIRST_WAIT } else { (wait * 2).min(LONGEST_WAIT) };
            if is_closed_within(&mut settled, wait).await {
                return;
            }
        }
    });
}

/// Waits, and says whether the collector was dropped meanwhile.
async fn is_closed_within(settled: &mut mpsc::UnboundedReceiver<Vec<u64>>, wait: Duration) -> bool {
    let closed = async {
        // What is settled now belongs to a connection that ended.
        while settled.recv().await.is_some() {}
    };
    tokio::time::timeout(wait, closed).await.is_ok()
}

/// One connection from its beginning to its end; `Ok` when the collector was dropped.
async fn consume(
    target: &Target,
    inbox: &Inbox,
    settled: &mut mpsc::UnboundedReceiver<Vec<u64>>,
    has_received: &mut bool,
) -> Result<(), String> {
    let stream = patient("connect", TcpStream::connect((target.host.as_str(), target.port)));
    let stream = stream.await?;
    match &target.tls {
        None => receive(target, inbox, settled, has_received, stream).await,
        Some((connector, name)) => {
            let stream = patient("TLS", connector.connect(name.clone(), stream)).await?;
            receive(target, inbox, settled, has_received, stream).await
        }
    }
}

async fn receive<S>(
    target: &Target,
    inbox: &Inbox,
    settled: &mut mpsc::UnboundedReceiver<Vec<u64>>,
    has_received: &mut bool,
    stream: S,
) -> Result<(), String>
where
    S: AsyncRead + AsyncWrite + std::fmt::Debug + Send + Unpin + 'static,
{
    // TLS is below already, so this is the plain protocol in either case.
    let connection = Connection::builder()
        .container_id(format!("{} {}", target.link, std::process::id()))
        .scheme("amqp")
        .hostname(target.host.as_str())
        .idle_time_out(IDLE_MILLIS)
        .sasl_profile(target.sasl.clone());
    let mut connection = patient("open", connection.open_with_stream(stream)).await?;
    let mut session = patient("begin", Session::begin(&mut connection)).await?;
    let receiver = Receiver::builder()
        .name(target.link.clone())
        .source(target.address.clone())
        .receiver_settle_mode(ReceiverSettleMode::First)
        .credit_mode(CreditMode::Manual)
        .max_message_size(target.max_message as u64);
    let mut receiver = patient("attach", receiver.attach(&mut session)).await?;
    let disposer = receiver.disposer();
    let mut unaccepted: HashMap<u64, DeliveryInfo> = HashMap::new();
    // How many messages the broker may still send. It is given leave for more only when all of these
    // have come: brokers differ in what they count leave from, and one too many ends the link.
    let mut leave = 0;
    loop {
        let room =
            target.prefetch.saturating_sub(u32::try_from(unaccepted.len()).unwrap_or(u32::MAX));
        if leave == 0 && room > 0 {
            receiver.set_credit(room).await.map_err(|error| error.to_string())?;
            leave = room;
            inbox.connected();
        }
        tokio::select! {
            tokens = settled.recv() => {
                let Some(tokens) = tokens else { break };
                // A token of an earlier connection is not here: its message comes again.
                for delivery in tokens.iter().filter_map(|token| unaccepted.remove(token)) {
                    disposer.accept(delivery).await.map_err(|error| error.to_string())?;
                }
            }
            delivery = receiver.recv::<Body<LazyValue>>() => {
                let delivery = delivery.map_err(|error| error.to_string())?;
                *has_received = true;
                leave = leave.saturating_sub(1);
                let info = DeliveryInfo::from(&delivery);
                let (message, oddity) = message(delivery);
                if let Some(oddity) = oddity {
                    inbox.complain(&target.shown(), Trouble::Message(oddity));
                }
                unaccepted.insert(inbox.put(message), info);
            }
        }
    }
    // A tidy end; what is not accepted goes back to the queue in any case.
    drop(tokio::time::timeout(PATIENCE, connection.close()).await);
    Ok(())
}

async fn patient<T, E: std::fmt::Display>(
    step: &str,
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(format!("{step}: {error}")),
        Err(_) => Err(format!("{step}: no answer within {} s", PATIENCE.as_secs())),
    }
}

/// The evidence in a delivery, and what is unusual about it.
fn message(delivery: Delivery<Body<LazyValue>>) -> (Message, Option<String>) {
    let message = delivery.into_message();
    let properties = message.properties.unwrap_or_default();
    let (body, oddity) = body(message.body);
    let (is_json, is_gzip) = kinds(&properties);
    let id = properties.message_id.map(|id| match id {
        MessageId::Ulong(number) => number.to_string(),
        MessageId::Uuid(uuid) => hex(uuid.as_inner()),
        MessageId::Binary(bytes) => hex(&bytes),
        MessageId::String(text) => text,
    });
    (Message { id, body, is_json, is_gzip }, oddity.map(str::to_string))
}

fn kinds(properties: &Properties) -> (bool, bool) {
    let has = |symbol: &Option<fe2o3_amqp::types::primitives::Symbol>, word: &str| {
        symbol.as_ref().is_some_and(|symbol| symbol.0.to_ascii_lowercase().contains(word))
    };
    (has(&properties.content_type, "json"), has(&properties.content_encoding, "gzip"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A body's bytes: data sections joined. Text and binary values give their content; anything else,
/// which CFX does not send, is kept as it is encoded.
///
/// CFX sends one data section. Of several, RabbitMQ 3.10 hands on the last first: the evidence is what
/// was received, here too.
pub(super) fn body(body: Body<LazyValue>) -> (Vec<u8>, Option<&'static str>) {
    let kept = Some("its body is neither bytes nor text; it is kept as AMQP encodes it");
    match body {
        Body::Data(sections) => {
            let mut bytes = Vec::new();
            sections.into_iter().for_each(|section| bytes.extend_from_slice(&section.0));
            (bytes, None)
        }
        Body::Empty => (Vec::new(), Some("it has no body")),
        Body::Sequence(sections) => {
            let values = sections.into_iter().flat_map(|section| section.0);
            (values.flat_map(Vec::from).collect(), kept)
        }
        Body::Value(value) => match content(value.0.as_slice()) {
            Some(content) => (content.to_vec(), None),
            None => (value.0.into_bytes().to_vec(), kept),
        },
    }
}

/// What a binary or a string holds: AMQP 1.0, part 1, sections 1.6.19 and 1.6.20.
fn content(encoded: &[u8]) -> Option<&[u8]> {
    let (code, rest) = encoded.split_first()?;
    let (length, content) = match code {
        0xa0 | 0xa1 => rest.split_first().map(|(length, rest)| (u32::from(*length), rest))?,
        0xb0 | 0xb1 => rest.split_first_chunk().map(|(l, rest)| (u32::from_be_bytes(*l), rest))?,
        _ => return None,
    };
    (u32::try_from(content.len()) == Ok(length)).then_some(content)
}
