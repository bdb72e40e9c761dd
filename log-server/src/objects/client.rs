//! An HTTP client of few words: kept connections, whole answers, everything bounded, nothing followed.
//!
//! Rule: RFC 9112 by hyper. Every request that goes through here may be sent twice: reads, and writes of
//! bytes that are the same each time.
//!
//! - A connection has `CONNECT_TIME`; a whole answer has what the caller gives it.
//! - An answer has at most as many bytes as the caller says, its head `MAX_HEAD_SIZE`.
//!
//! Connections themselves are `outgoing`'s.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response, Uri};
use tokio_rustls::TlsConnector;

pub(crate) use crate::outgoing::OutgoingError as ClientError;
use crate::outgoing::{AGENT, Connection, Peer, connector};

/// How long a connection may take to be there, TLS included.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// How long a connection is kept that is not used.
const KEEP_TIME: Duration = Duration::from_secs(20);

/// How many connections are kept.
const MAX_KEPT: usize = 64;

/// The most bytes of an answer's head.
const MAX_HEAD_SIZE: usize = 32 * 1024;

/// The longest URL of a server.
const MAX_URL_SIZE: usize = 2048;

/// Why a URL or its TLS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// No usable authorities.
    #[error("{0}")]
    Authorities(String),
    /// Not of the form.
    #[error(
        "{0:?} is no address: it begins with https:// or http://, names a host, and has no \
             query and no user name"
    )]
    Malformed(String),
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    tls: bool,
    host: String,
    port: u16,
}

impl Target {
    /// Reads scheme, host and port of a URL. What stands behind them is the caller's.
    pub(crate) fn parse(url: &str) -> Result<Self, TargetError> {
        Self::read(url).ok_or_else(|| TargetError::Malformed(url.to_owned()))
    }

    fn read(url: &str) -> Option<Self> {
        if url.len() > MAX_URL_SIZE || url.contains(['?', '#', '@']) {
            return None;
        }
        let uri: Uri = url.parse().ok()?;
        let tls = match uri.scheme_str()? {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = uri.host()?.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        (!host.is_empty() && port > 0).then_some(Self { tls, host, port })
    }

    /// Whether bytes on the way can be read and changed by others.
    pub(crate) fn is_exposed(&self) -> bool {
        let address: Result<std::net::IpAddr, _> = self.host.parse();
        let loopback = address.map_or(self.host == "localhost", |address| address.is_loopback());
        !self.tls && !loopback
    }
}

/// A client of one server; any number of requests at once.
pub(crate) struct Client {
    target: Target,
    tls: Option<TlsConnector>,
    kept: Mutex<Vec<Connection>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("target", &self.target).finish_non_exhaustive()
    }
}

impl Client {
    /// A client that has not connected yet. `flag` is what names the file of authorities.
    pub(crate) fn new(
        target: Target,
        authorities: Option<&Path>,
        flag: &'static str,
    ) -> Result<Self, TargetError> {
        let tls = target.tls.then(|| connector(authorities, flag)).transpose();
        let tls = tls.map_err(|error| TargetError::Authorities(error.to_string()))?;
        Ok(Self { target, tls, kept: Mutex::default() })
    }

    /// Sends a request and reads the whole answer, of at most `limit` bytes.
    pub(crate) async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        limit: usize,
    ) -> Result<Response<Bytes>, ClientError> {
        self.address(&mut request)?;
        if let Some(connection) = self.take_kept() {
            // The server may have closed it meanwhile, which shows only now.
            match self.send_on(connection, request.clone(), limit).await {
                Err(ClientError::Broken(_)) => {}
                other => return other,
            }
        }
        let peer = Peer {
            host: &self.target.host,
            port: self.target.port,
            tls: self.tls.as_ref(),
            max_head_size: MAX_HEAD_SIZE,
        };
        let connection = Connection::open(peer, CONNECT_TIME).await?;
        self.send_on(connection, request, limit).await
    }

    /// Puts a request into the form that goes to a server itself: its path, and its host beside it.
    fn address(&self, request: &mut Request<Full<Bytes>>) -> Result<(), ClientError> {
        let wrong = || ClientError::Broken("the request has no usable address".to_owned());
        let authority = match request.uri().authority() {
            Some(authority) => authority.to_string(),
            None => format!("{}:{}", self.target.host, self.target.port),
        };
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map_or_else(|| Uri::from_static("/"), Uri::from);
        let headers = request.headers_mut();
        if !headers.contains_key(HOST) {
            headers.insert(HOST, HeaderValue::from_str(&authority).map_err(|_| wrong())?);
        }
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        Ok(())
    }

    fn take_kept(&self) -> Option<Connection> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| one.is_fresh(KEEP_TIME));
        kept.pop()
    }

    async fn send_on(
        &self,
        mut connection: Connection,
        request: Request<Full<Bytes>>,
        limit: usize,
    ) -> Result<Response<Bytes>, ClientError> {
        let answer = connection.send(request, limit).await?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < MAX_KEPT {
            kept.push(connection);
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_its_parts() {
        let target = |tls, host: &str, port| Target { tls, host: host.to_owned(), port };
        let cases = [
            ("https://s3.example", target(true, "s3.example", 443), false),
            ("http://127.0.0.1:3900/", target(false, "127.0.0.1", 3900), false),
            ("http://[::1]:9", target(false, "::1", 9), false),
            ("http://10.0.0.7:3900", target(false, "10.0.0.7", 3900), true),
        ];
        for (url, want, exposed) in cases {
            let read = Target::parse(url).unwrap();
            assert_eq!(read.is_exposed(), exposed, "{url}");
            assert_eq!(read, want);
        }
        for wrong in ["s3.example", "ftp://s3.example", "https://", "http://me:key@s3.example", ""]
        {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }
}
