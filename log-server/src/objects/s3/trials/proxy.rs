//! A faulty network before a store: each request meets the trouble that a test has in mind for it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, HeaderMap, RETRY_AFTER};
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
    /// None.
    None,
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
    pub(super) headers: HeaderMap,
}

/// Which trouble the request with this number, from 0, meets.
type Script = Box<dyn Fn(usize, &Heard) -> Trouble + Send + Sync>;

/// Ends with its value.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    state: Arc<State>,
    _worker: Worker,
}

struct State {
    store: SocketAddr,
    script: Mutex<Script>,
    heard: Mutex<Vec<Heard>>,
}

impl Proxy {
    /// Starts one before `store`, without trouble.
    pub(super) fn start(store: SocketAddr) -> Self {
        let script: Script = Box::new(|_, _| Trouble::None);
        let state = Arc::new(State { store, script: Mutex::new(script), heard: Mutex::default() });
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

    /// What came since.
    pub(super) fn heard(&self) -> Vec<Heard> {
        self.state.heard.lock().unwrap().clone()
    }
}

async fn answer(
    state: Arc<State>,
    request: Request<Incoming>,
) -> std::io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let heard = Heard {
        method: head.method.clone(),
        path: head.uri.path().to_owned(),
        headers: head.headers.clone(),
    };
    let number = {
        let mut all = state.heard.lock().unwrap();
        all.push(heard.clone());
        all.len() - 1
    };
    let trouble = (state.script.lock().unwrap())(number, &heard);
    // An error here ends the connection without an answer.
    let cut = || std::io::Error::other("cut by the trial");
    match trouble {
        Trouble::CutBefore => Err(cut()),
        Trouble::Hang => std::future::pending().await,
        Trouble::InternalError => Ok(refusal(500, "InternalError")),
        Trouble::SlowDown => Ok(refusal(503, "SlowDown")),
        Trouble::TimeTooSkewed => Ok(refusal(403, "RequestTimeTooSkewed")),
        Trouble::CutBehind | Trouble::CutBody | Trouble::None => {
            let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
            let answer = forward(state.store, Request::from_parts(head, Full::new(body))).await?;
            match trouble {
                Trouble::CutBehind => Err(cut()),
                Trouble::CutBody => Ok(halved(answer)),
                _ => Ok(answer),
            }
        }
    }
}

/// The head of an answer with half of its body: the length then does not fit, and the server cuts.
fn halved(answer: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    let (mut head, body) = answer.into_parts();
    let length = hyper::body::Body::size_hint(&body).exact().unwrap_or(0);
    head.headers.insert(CONTENT_LENGTH, (length + 100).into());
    Response::from_parts(head, body)
}

fn refusal(status: u16, code: &str) -> Response<Full<Bytes>> {
    let body = format!("<Error><Code>{code}</Code><Message>a trial</Message></Error>");
    let response = Response::builder().status(status).header(RETRY_AFTER, "0");
    response.body(Full::new(body.into())).unwrap()
}

async fn forward(
    store: SocketAddr,
    request: Request<Full<Bytes>>,
) -> std::io::Result<Response<Full<Bytes>>> {
    let stream = TokioIo::new(TcpStream::connect(store).await?);
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(stream).await.map_err(std::io::Error::other)?;
    let driver = tokio::spawn(async move { drop(connection.await) });
    let answer = sender.send_request(request).await.map_err(std::io::Error::other)?;
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    driver.abort();
    Ok(Response::from_parts(head, Full::new(body)))
}
