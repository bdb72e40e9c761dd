//! A faulty network before a store: each request meets the trouble that a test has in mind for it.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::objects::worker::Worker;

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Answered with half of a body, and then the connection ends.
    CutBody,
    /// The connection ends before the store hears of it.
    CutBefore,
    /// The store does it, and the connection ends before its answer.
    CutBehind,
    /// Never answered.
    Hang,
    /// The store fails.
    InternalError,
    /// The bucket is gone.
    NoSuchBucket,
    /// None.
    None,
    /// The store refuses with this status and code.
    Refused(u16, &'static str),
    /// The store asks for fewer requests.
    SlowDown,
    /// The clock is said to be wrong.
    TimeTooSkewed,
}

/// A request that came.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
}

impl Heard {
    /// The token of who asks.
    pub(super) fn bearer(&self) -> Option<&str> {
        self.headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
    }
}

/// Which trouble the request with this number, from 0, meets.
type Script = Box<dyn Fn(usize, &Heard) -> Trouble + Send + Sync>;

/// Whether a request is let in: else it is refused before it meets any trouble.
type Judge = Box<dyn Fn(&Heard) -> bool + Send + Sync>;

/// Ends with its value.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    state: Arc<State>,
    _worker: Worker,
}

struct State {
    store: SocketAddr,
    script: Mutex<Script>,
    judge: Mutex<Judge>,
    heard: Mutex<Vec<Heard>>,
}

impl Proxy {
    /// Starts one before `store`, without trouble.
    pub(super) fn start(store: SocketAddr) -> Self {
        let script: Script = Box::new(|_, _| Trouble::None);
        let (script, judge) = (Mutex::new(script), Mutex::new(Box::new(|_: &Heard| true) as Judge));
        let state = Arc::new(State { store, script, judge, heard: Mutex::default() });
        let worker = Worker::start("proxy").unwrap();
        let listener = worker.wait(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let served = state.clone();
        worker.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = served.clone();
                let service = service_fn(move |request| answer(state.clone(), request));
                let answers = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(async move { drop(answers.await) });
            }
        });
        Self { address, state, _worker: worker }
    }

    /// Begins to count again, with this trouble.
    pub(super) fn trouble(
        &self,
        script: impl Fn(usize, &Heard) -> Trouble + Send + Sync + 'static,
    ) {
        self.state.heard.lock().unwrap().clear();
        *self.state.script.lock().unwrap() = Box::new(script);
    }

    /// Lets in only whom `judge` lets in, whatever trouble there is behind it.
    pub(super) fn judge(&self, judge: impl Fn(&Heard) -> bool + Send + Sync + 'static) {
        *self.state.judge.lock().unwrap() = Box::new(judge);
    }

    /// What came since.
    pub(super) fn heard(&self) -> Vec<Heard> {
        self.state.heard.lock().unwrap().clone()
    }
}

async fn answer(state: Arc<State>, request: Request<Incoming>) -> std::io::Result<Response<Sent>> {
    let (mut head, body) = request.into_parts();
    let heard = Heard {
        method: head.method.clone(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.clone(),
    };
    let number = {
        let mut all = state.heard.lock().unwrap();
        all.push(heard.clone());
        all.len() - 1
    };
    let trouble = if (state.judge.lock().unwrap())(&heard) {
        (state.script.lock().unwrap())(number, &heard)
    } else {
        Trouble::Refused(401, "AuthenticationRequired")
    };
    // An error here ends the connection without an answer.
    match trouble {
        Trouble::CutBefore => Err(cut()),
        Trouble::Hang => std::future::pending().await,
        Trouble::InternalError => Ok(refusal(500, "InternalError")),
        Trouble::NoSuchBucket => Ok(refusal(404, "NoSuchBucket")),
        Trouble::Refused(status, code) => Ok(refusal(status, code)),
        Trouble::SlowDown => Ok(refusal(503, "SlowDown")),
        Trouble::TimeTooSkewed => Ok(refusal(403, "RequestTimeTooSkewed")),
        Trouble::CutBehind | Trouble::CutBody | Trouble::None => {
            let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
            if heard.bearer().is_some() {
                // The store behind knows no tokens: whether this one is good was the judge's to say.
                head.headers.remove(AUTHORIZATION);
            }
            let answer = forward(state.store, Request::from_parts(head, Full::new(body))).await?;
            match trouble {
                Trouble::CutBehind => Err(cut()),
                Trouble::CutBody => Ok(halved(answer)),
                _ => Ok(whole(answer)),
            }
        }
    }
}

/// What an answer's body does: all of it, or half and then an end of the connection.
struct Sent {
    bytes: Option<Bytes>,
    cut: bool,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        Poll::Ready(match self.bytes.take() {
            Some(bytes) => Some(Ok(Frame::data(bytes))),
            None if self.cut => Some(Err(cut())),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none() && !self.cut
    }
}

fn cut() -> std::io::Error {
    std::io::Error::other("cut by the trial")
}

fn whole(answer: Response<Bytes>) -> Response<Sent> {
    answer.map(|bytes| Sent { bytes: Some(bytes), cut: false })
}

/// The head of an answer, which says how long it is, and not all of that.
fn halved(answer: Response<Bytes>) -> Response<Sent> {
    let (mut head, body) = answer.into_parts();
    head.headers.insert(CONTENT_LENGTH, (body.len() + 100).into());
    Response::from_parts(head, Sent { bytes: Some(body), cut: true })
}

fn refusal(status: u16, code: &str) -> Response<Sent> {
    let body = format!("<Error><Code>{code}</Code><Message>a trial</Message></Error>");
    let response = Response::builder().status(status).header(RETRY_AFTER, "0");
    whole(response.body(body.into()).unwrap())
}

async fn forward(
    store: SocketAddr,
    request: Request<Full<Bytes>>,
) -> std::io::Result<Response<Bytes>> {
    let stream = TokioIo::new(TcpStream::connect(store).await?);
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(stream).await.map_err(std::io::Error::other)?;
    let driver = tokio::spawn(async move { drop(connection.await) });
    let answer = sender.send_request(request).await.map_err(std::io::Error::other)?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    driver.abort();
    Ok(Response::from_parts(head, body))
}
