//! A log in a folder that goes away, a server in front of it, and a client that sends raw bytes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use log_server::admission::Admission;
use log_server::http::{ApiOptions, Patience, ServeOptions, install_recorder, router, serve};
use log_server::keys::LogKeys;
use log_server::log::{Limits, Log, Options};
use log_server::sources::Sources;
use spec::checkpoint::Origin;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// No single answer may take longer.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn origin() -> Origin {
    Origin::parse("log.example/http").unwrap()
}

pub(crate) fn open_log(data: &Path) -> Log {
    let keys = LogKeys::load(data, &origin()).unwrap();
    let sources = Sources::load(data).unwrap();
    let limits = Limits::default();
    let data = data.to_owned();
    Log::open(Options { data, limits, keys, sources, witnesses: None }).unwrap()
}

/// A served log. Dropped, it leaves its threads to end with the test.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) log: Log,
    pub(crate) folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn start(admission: Admission) -> Self {
        Self::start_with(admission, ApiOptions::default(), ServeOptions::default()).await
    }

    /// Connections may do nothing for half a second only.
    pub(crate) async fn start_impatient() -> Self {
        let time = Duration::from_millis(500);
        let patience = Patience { head_time: time, idle_time: time * 2 };
        let options = ServeOptions { patience, stop_time: time, ..ServeOptions::default() };
        Self::start_with(Admission::Any, ApiOptions::default(), options).await
    }

    pub(crate) async fn start_with(
        admission: Admission,
        mut api: ApiOptions,
        options: ServeOptions,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("log");
        log_server::init::init(&data, origin(), admission, true).unwrap();
        api.metrics = Some(install_recorder().unwrap());
        let log = open_log(&data);
        while !log.status().index_ready {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let router = router(log.clone(), api);
        let task = tokio::spawn(async move {
            let told = async {
                let _ = stopped.await;
            };
            serve(listener, router, options, told).await.unwrap();
        });
        Self { address, log, folder, stop: Some(stop), task }
    }

    /// Tells the server to stop and waits until it has.
    pub(crate) async fn stop(mut self) -> Log {
        self.tell_to_stop();
        tokio::time::timeout(PATIENCE, self.task).await.unwrap().unwrap();
        self.log
    }

    pub(crate) fn tell_to_stop(&mut self) {
        let _ = self.stop.take().unwrap().send(());
    }

    pub(crate) async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    /// One request on a connection of its own.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"), b"").await
    }

    pub(crate) async fn post(&self, path: &str, body: &[u8]) -> Answer {
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        self.send(&head, body).await
    }

    pub(crate) async fn send(&self, head: &str, body: &[u8]) -> Answer {
        let mut client = self.connect().await;
        client.write(head.as_bytes()).await;
        client.write(body).await;
        client.answer(!head.starts_with("HEAD")).await
    }
}

/// A connection whose bytes are the test's own.
pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Reads one answer; its body by `content-length`, unless it has none.
    pub(crate) async fn answer(&mut self, has_body: bool) -> Answer {
        tokio::time::timeout(PATIENCE, read_answer(&mut self.0, has_body)).await.unwrap()
    }

    /// Whether the server closes the connection within a time, without a word.
    pub(crate) async fn is_closed_within(&mut self, time: Duration) -> bool {
        let mut byte = [0];
        let read = tokio::time::timeout(time, self.0.read(&mut byte)).await;
        matches!(read, Ok(Ok(0) | Err(_)))
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The problem document, after checking that it is one and agrees with the status.
    pub(crate) fn problem(&self) -> serde_json::Value {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let document: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(document["status"], self.status);
        assert!(!document["detail"].as_str().unwrap().is_empty());
        if matches!(self.status, 429 | 503) {
            assert!(self.header("retry-after").parse::<u32>().unwrap() > 0);
        }
        document
    }

    /// Checks the status and the kind of a problem.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, name: &str) -> serde_json::Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        let document = self.problem();
        assert_eq!(document["type"], format!("urn:fiducial:problem:{name}"));
        document
    }
}

async fn read_answer(stream: &mut (impl tokio::io::AsyncRead + Unpin), has_body: bool) -> Answer {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.unwrap_or_else(|error| {
            panic!("the answer ended after {:?}: {error}", String::from_utf8_lossy(&head))
        });
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; if has_body { length } else { 0 }];
    stream.read_exact(&mut body).await.unwrap();
    Answer { status, headers, body }
}
