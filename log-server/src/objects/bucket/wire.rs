//! What carries the library's requests: our own HTTP client instead of one more.
//!
//! An answer that is no success becomes an error that holds its status and its code, so that faults are
//! told apart by what the server said and not by how a library words it.

use std::sync::Arc;

use async_trait::async_trait;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use spec::tile::MAX_BUNDLE_SIZE;

use super::fault::Refusal;
use super::patience::Throttle;
use crate::objects::client::{Client, ClientError};

/// The most bytes of an answer's body: the largest bundle, or a page of an error.
const MAX_ANSWER_SIZE: usize = MAX_BUNDLE_SIZE + 64 * 1024;

/// One store's connections.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    pub(super) client: Arc<Client>,
    pub(super) throttle: Arc<Throttle>,
}

#[async_trait]
impl HttpService for Wire {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let body = Full::new(body.collect().await?.to_bytes());
        let answer = self.client.send(Request::from_parts(head, body), MAX_ANSWER_SIZE).await;
        let answer = answer.map_err(|error| {
            let kind = match error {
                ClientError::Broken(_) => HttpErrorKind::Interrupted,
                ClientError::TooLarge(_) => HttpErrorKind::Decode,
            };
            HttpError::new(kind, error)
        })?;
        self.throttle.note(answer.status(), answer.headers());
        if !answer.status().is_success() {
            let refusal = Refusal::read(answer.status(), answer.body());
            return Err(HttpError::new(HttpErrorKind::Unknown, refusal));
        }
        Ok(answer.map(HttpResponseBody::from))
    }
}

impl HttpConnector for Wire {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}
