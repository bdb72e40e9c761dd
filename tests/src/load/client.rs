//! One HTTP/1.1 connection to the log, kept open for the whole run.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::LoadError;

/// The most bytes read of any answer: a full bundle of the longest entries.
pub const MAX_ANSWER_SIZE: usize = spec::tile::MAX_BUNDLE_SIZE;

/// An answer with its body read to the end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status of HTTP.
    pub status: StatusCode,
    /// The body.
    pub body: Bytes,
}

/// A connection. Requests go one after the other.
pub struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
}

impl Connection {
    /// Connects; small requests leave at once.
    pub async fn open(address: SocketAddr) -> Result<Self, LoadError> {
        let refused = |why| LoadError::Connect { address, why };
        let stream = TcpStream::connect(address).await.map_err(refused)?;
        stream.set_nodelay(true).map_err(refused)?;
        let (sender, connection) = Builder::new().handshake(TokioIo::new(stream)).await?;
        // Ends with the connection; its error reaches the request that was under way.
        tokio::spawn(connection);
        let host = address.to_string();
        let host = HeaderValue::from_str(&host).expect("an address is a header value");
        Ok(Self { sender, host })
    }

    /// Fetches `path`, which starts with a slash.
    pub async fn get(&mut self, path: &str) -> Result<Answer, LoadError> {
        let uri = path.parse().expect("the tool asks for valid paths only");
        self.send(Method::GET, uri, Bytes::new()).await
    }

    /// Fetches what must be there.
    pub async fn fetch(&mut self, path: &str) -> Result<Bytes, LoadError> {
        let answer = self.get(path).await?;
        if answer.status == StatusCode::OK {
            return Ok(answer.body);
        }
        Err(LoadError::Wrong { path: path.to_string(), why: format!("status {}", answer.status) })
    }

    /// Posts `body` and reads the answer.
    pub async fn post(&mut self, uri: &Uri, body: Bytes) -> Result<Answer, LoadError> {
        self.send(Method::POST, uri.clone(), body).await
    }

    async fn send(&mut self, method: Method, uri: Uri, body: Bytes) -> Result<Answer, LoadError> {
        let too_large = LoadError::TooLarge { limit: MAX_ANSWER_SIZE };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        request.headers_mut().insert(HOST, self.host.clone());
        let kind = HeaderValue::from_static("application/octet-stream");
        request.headers_mut().insert(CONTENT_TYPE, kind);
        self.sender.ready().await?;
        let mut response = self.sender.send_request(request).await?;
        let mut first = Bytes::new();
        let mut more = BytesMut::new();
        while let Some(frame) = response.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            if first.len() + more.len() + data.len() > MAX_ANSWER_SIZE {
                return Err(too_large);
            }
            // Nearly every answer is one frame, and is handed on without a copy.
            if first.is_empty() {
                first = data;
            } else {
                more.extend_from_slice(&data);
            }
        }
        let body = if more.is_empty() { first } else { [first, more.freeze()].concat().into() };
        Ok(Answer { status: response.status(), body })
    }
}
