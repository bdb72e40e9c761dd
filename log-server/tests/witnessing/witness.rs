//! A witness for tests: honest, or wrong in one way, as it is told.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use spec::Hash;
use spec::checkpoint::Checkpoint;
use spec::cosignature::{Timestamp, sign_ed25519};
use spec::key::{Algorithm, KeyName, SigningKey, VerifierKey};
use spec::note::{Note, Signature};
use spec::tree::{Tree, verify_consistency};
use spec::witness::{AddCheckpoint, CONFLICT_TYPE, Head};
use spec::witness::{format_answer, format_conflict, monitoring_path};

/// How long anything that hangs does.
const HANG: Duration = Duration::from_secs(60);

/// How it behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Closes every connection at once.
    Away,
    /// Keeps to tlog-witness, and cosigns with its second key as well.
    Both,
    /// Answers this whatever it is asked: status, headers, body.
    Constant(u16, &'static str, String),
    /// A body without an end, fast.
    Endless,
    /// Cosigns with a key that the policy does not have.
    ForeignKey,
    /// Reads the request and never answers.
    Hang,
    /// Keeps to tlog-witness.
    Honest,
    /// Keeps to it, and takes so long.
    Late(Duration),
    /// Cosigns another checkpoint than the one it is asked about.
    OtherCheckpoint,
    /// A body that comes byte by byte and never ends.
    Slow,
    /// Its signature has a flipped bit.
    Spoiled,
    /// Cosigns with a time so many seconds from now.
    Time(i64),
    /// Cosigns with time 0, which the key could not have signed through our own code.
    Zero,
}

/// What it remembers.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// The tree that it cosigned last.
    pub(crate) tree: Option<Tree>,
    /// Every root that it was ever shown at each size, by a valid signature of the log.
    pub(crate) roots: BTreeMap<u64, Hash>,
    /// The old sizes that it was asked from, and the sizes of the heads, in order, with when.
    pub(crate) asked: Vec<(u64, u64, Instant)>,
    /// The largest request.
    pub(crate) largest: usize,
}

struct Shared {
    key: SigningKey,
    /// Signs beside the first where a test says so.
    second: SigningKey,
    log: Vec<VerifierKey>,
    manner: Mutex<Manner>,
    /// What it shows as the log's checkpoint, if anything.
    shown: Mutex<Option<String>>,
    remembered: Mutex<Remembered>,
}

/// See the module's text. Cheap to clone; clones are the same witness.
#[derive(Clone)]
pub(crate) struct Witness {
    pub(crate) address: SocketAddr,
    pub(crate) tls: bool,
    shared: Arc<Shared>,
}

impl Witness {
    /// An honest witness of the log with these keys, on a free port.
    pub(crate) fn start(name: &str, log: &[VerifierKey]) -> Self {
        Self::start_with(name, log, None)
    }

    pub(crate) fn start_with(
        name: &str,
        log: &[VerifierKey],
        tls: Option<Arc<ServerConfig>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shared = Arc::new(Shared {
            key: key(name, 0),
            second: key(&format!("{name}/second"), 0),
            log: log.to_vec(),
            manner: Mutex::new(Manner::Honest),
            shown: Mutex::default(),
            remembered: Mutex::default(),
        });
        let witness = Self { address: listener.local_addr().unwrap(), tls: tls.is_some(), shared };
        let serving = witness.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (one, tls) = (serving.clone(), tls.clone());
                std::thread::spawn(move || {
                    stream.set_nodelay(true).unwrap();
                    // A client that goes away in the middle is none of a witness's business.
                    let _ = match tls {
                        None => one.serve(stream),
                        Some(tls) => {
                            let connection = ServerConnection::new(tls).unwrap();
                            one.serve(StreamOwned::new(connection, stream))
                        }
                    };
                });
            }
        });
        witness
    }

    pub(crate) fn set(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap() = manner;
    }

    /// Shows a checkpoint of the log from now on.
    pub(crate) fn show(&self, note: &Note) {
        *self.shared.shown.lock().unwrap() = Some(note.to_string());
    }

    pub(crate) fn key(&self) -> &VerifierKey {
        self.shared.key.verifier()
    }

    pub(crate) fn remembered(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.shared.remembered.lock().unwrap()
    }

    /// The line of a policy.
    pub(crate) fn line(&self, name: &str) -> String {
        let (scheme, host) = if self.tls { ("https", "localhost") } else { ("http", "127.0.0.1") };
        let port = self.address.port();
        format!("witness {name} {} {scheme}://{host}:{port}/\n", self.key())
    }

    /// The line of a policy for its second key, at the same URL.
    pub(crate) fn line_of_second(&self, name: &str) -> String {
        let url = self.line("").rsplit(' ').next().unwrap().to_owned();
        format!("witness {name} {} {url}", self.shared.second.verifier())
    }

    /// The line of a policy for a witness that is reached by file only.
    pub(crate) fn line_without_url(&self, name: &str) -> String {
        format!("witness {name} {}\n", self.key())
    }

    fn serve(&self, mut stream: impl Read + Write) -> io::Result<()> {
        loop {
            let manner = self.shared.manner.lock().unwrap().clone();
            if manner == Manner::Away {
                return Ok(());
            }
            let body = match read_request(&mut stream)? {
                None => return Ok(()),
                Some(Request::Add(body)) => body,
                Some(Request::Checkpoint) => {
                    let shown = self.shared.shown.lock().unwrap().clone();
                    let (status, body) = shown.map_or((404, String::new()), |note| (200, note));
                    let length = body.len();
                    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n");
                    stream.write_all(format!("{head}{body}").as_bytes())?;
                    continue;
                }
            };
            // Told something else while the connection was idle: what counts is now.
            let manner = self.shared.manner.lock().unwrap().clone();
            match manner {
                Manner::Away => return Ok(()),
                Manner::Hang => {
                    // It has seen the head all the same.
                    let _ = self.judge(&body);
                    std::thread::sleep(HANG);
                    return Ok(());
                }
                Manner::Endless => {
                    stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")?;
                    loop {
                        stream.write_all(b"10\r\naaaaaaaaaaaaaaaa\r\n")?;
                    }
                }
                Manner::Slow => {
                    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n")?;
                    loop {
                        stream.write_all(b"a")?;
                        std::thread::sleep(Duration::from_millis(20));
                    }
                }
                manner => {
                    let (status, headers, body) = self.answer(&manner, &body);
                    let length = body.len();
                    let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {length}");
                    stream.write_all(format!("{head}\r\n\r\n{body}").as_bytes())?;
                }
            }
        }
    }

    fn answer(&self, manner: &Manner, body: &[u8]) -> (u16, String, String) {
        if let Manner::Constant(status, headers, body) = manner {
            return (*status, (*headers).to_owned(), body.clone());
        }
        if let Manner::Late(time) = manner {
            std::thread::sleep(*time);
        }
        match self.judge(body) {
            Ok(checkpoint) => {
                let mut lines = vec![self.sign(manner, &checkpoint)];
                if *manner == Manner::Both {
                    lines.push(sign_now(&self.shared.second, &checkpoint));
                }
                (200, String::new(), format_answer(&lines))
            }
            Err((status, headers, body)) => (status, headers, body),
        }
    }

    /// What an honest witness does with a request; also for one that was carried by file.
    pub(crate) fn cosign(&self, request: &[u8]) -> Result<String, (u16, String)> {
        let checkpoint = self.judge(request).map_err(|(status, _, body)| (status, body))?;
        let manner = match self.shared.manner.lock().unwrap().clone() {
            ahead @ Manner::Time(_) => ahead,
            _ => Manner::Honest,
        };
        Ok(format_answer(&[self.sign(&manner, &checkpoint)]))
    }

    fn judge(&self, body: &[u8]) -> Result<Checkpoint, (u16, String, String)> {
        let no = |status: u16| (status, String::new(), String::new());
        let request = AddCheckpoint::parse(body).map_err(|_| no(400))?;
        let Head::Checkpoint(checkpoint) = request.head() else { return Err(no(422)) };
        if request.verified_lines(&self.shared.log).is_err() {
            return Err(no(403));
        }
        let (old, new) = (request.old_size(), checkpoint.tree());
        let mut remembered = self.remembered();
        remembered.asked.push((old, new.size(), Instant::now()));
        remembered.largest = remembered.largest.max(body.len());
        let root = remembered.roots.entry(new.size()).or_insert_with(|| new.root());
        assert_eq!(*root, new.root(), "the log has signed two roots at size {}", new.size());
        if old > new.size() {
            return Err(no(400));
        }
        let known = remembered.tree.unwrap_or(Tree::EMPTY);
        if old != known.size() {
            let header = format!("content-type: {CONFLICT_TYPE}\r\n");
            return Err((409, header, format_conflict(known.size())));
        }
        verify_consistency(known, new, request.proof()).map_err(|_| no(422))?;
        remembered.tree = Some(new);
        Ok(checkpoint.clone())
    }

    fn sign(&self, manner: &Manner, checkpoint: &Checkpoint) -> Signature {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let at = |seconds: u64| Timestamp::from_seconds(seconds).unwrap();
        let own = &self.shared.key;
        match manner {
            Manner::ForeignKey => {
                let key = key(own.verifier().name().as_str(), 77);
                sign_ed25519(&key, at(now), checkpoint)
            }
            Manner::OtherCheckpoint => {
                let tree = Tree::new(checkpoint.tree().size() + 1, Hash::of(b"other")).unwrap();
                let other = Checkpoint::new(checkpoint.origin().clone(), tree);
                sign_ed25519(own, at(now), &other)
            }
            Manner::Spoiled => {
                let mut line = sign_ed25519(own, at(now), checkpoint);
                line.bytes[40] ^= 1;
                line
            }
            Manner::Time(seconds) => {
                sign_ed25519(own, at(now.checked_add_signed(*seconds).unwrap()), checkpoint)
            }
            Manner::Zero => {
                // The signature of a note key is over any text: it makes what no cosigner makes.
                let name = own.verifier().name().clone();
                let seed = seed(name.as_str(), 0);
                let any = SigningKey::from_seed(name, Algorithm::NoteEd25519, &seed).unwrap();
                let signed = any.sign_note(&format!("cosignature/v1\ntime 0\n{checkpoint}"));
                let mut line = sign_ed25519(own, at(now), checkpoint);
                line.bytes = [&0_u64.to_be_bytes()[..], &signed.bytes].concat();
                line
            }
            _ => sign_ed25519(own, at(now), checkpoint),
        }
    }
}

fn sign_now(key: &SigningKey, checkpoint: &Checkpoint) -> Signature {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    sign_ed25519(key, Timestamp::from_seconds(now).unwrap(), checkpoint)
}

fn seed(name: &str, salt: u8) -> [u8; 32] {
    let mut seed = *Hash::of(name.as_bytes()).as_bytes();
    seed[0] ^= salt;
    seed
}

fn key(name: &str, salt: u8) -> SigningKey {
    let seed = seed(name, salt);
    let name = KeyName::parse(name).unwrap();
    SigningKey::from_seed(name, Algorithm::CosignatureEd25519, &seed).unwrap()
}

/// What a log asks of a witness.
enum Request {
    /// To cosign, with this body.
    Add(Vec<u8>),
    /// For the checkpoint that it holds.
    Checkpoint,
}

/// Reads one request with its body; `None` when the client has closed the connection.
fn read_request(stream: &mut impl Read) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    assert!(head.contains("\r\nhost: "), "{head}");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body)?;
    if head.starts_with("post /add-checkpoint http/1.1\r\n") {
        return Ok(Some(Request::Add(body)));
    }
    let path = monitoring_path(&crate::world::origin());
    assert!(head.starts_with(&format!("get {path} http/1.1\r\n")), "{head}");
    Ok(Some(Request::Checkpoint))
}
