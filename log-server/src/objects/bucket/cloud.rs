//! The requests of each kind of store, made and signed by `object_store`, sent by our own client.
//!
//! Rule: S3's API with its signatures (version 4); Google's XML API with tokens that are signed here;
//! Azure's Blob service with a shared key or a shared access signature.
//!
//! Danger: nothing of a store's configuration is taken from the environment by the library. What it finds
//! there by itself could lead requests, and the credentials on them, elsewhere.

use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::{MicrosoftAzureBuilder, split_sas};
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::{ObjectStore, RetryConfig};

use super::wire::Wire;
use crate::objects::credentials::azure::AzureCredentials;
use crate::objects::credentials::google::GoogleCredentials;
use crate::objects::credentials::{Credentials, CredentialsError};
use crate::objects::place::{BucketPlace, Cloud};

/// Where requests go: with the bucket before the host where that is asked for.
pub(super) fn address(place: &BucketPlace) -> String {
    let server = place.server();
    match (&place.cloud, server.split_once("://")) {
        (Cloud::S3 { path_style: false, .. }, Some((scheme, host))) => {
            format!("{scheme}://{}.{host}", place.bucket)
        }
        _ => server,
    }
}

/// Who asks, and by whose protocol.
pub(super) enum Asker<'a> {
    Azure { account: &'a str, credentials: AzureCredentials },
    Google(GoogleCredentials),
    S3 { region: &'a str, path_style: bool, credentials: Credentials },
}

impl<'a> Asker<'a> {
    /// Reads the credentials for a store.
    pub(super) fn load(place: &'a BucketPlace) -> Result<Self, CredentialsError> {
        let file = place.credentials.as_deref();
        Ok(match &place.cloud {
            Cloud::Azure { account } => {
                Self::Azure { account, credentials: AzureCredentials::load(file, account)? }
            }
            Cloud::Google => Self::Google(GoogleCredentials::load(file)?),
            Cloud::S3 { region, path_style } => {
                Self::S3 { region, path_style: *path_style, credentials: Credentials::load(file)? }
            }
        })
    }

    /// Whether who reads a request can make others: a token is in it, and not only a signature of it.
    pub(super) const fn shows_secret(&self) -> bool {
        match self {
            Self::Azure { credentials, .. } => matches!(credentials, AzureCredentials::Sas(_)),
            Self::Google(_) => true,
            Self::S3 { .. } => false,
        }
    }

    /// What makes the requests to `server`, and reads the answers.
    pub(super) fn build(
        &self,
        place: &BucketPlace,
        server: &str,
        wire: Wire,
    ) -> object_store::Result<Box<dyn ObjectStore>> {
        match self {
            Self::Azure { account, credentials } => {
                azure(place, account, credentials, server, wire)
            }
            Self::Google(credentials) => google(place, credentials, server, wire),
            Self::S3 { region, path_style, credentials } => {
                let builder = AmazonS3Builder::new()
                    .with_region(*region)
                    .with_virtual_hosted_style_request(!path_style);
                s3(builder, place, credentials, server, wire)
            }
        }
    }
}

/// Asking again is `patience`'s, which knows more about the store than one request does.
fn once() -> RetryConfig {
    RetryConfig { max_retries: 0, retry_timeout: Duration::ZERO, ..RetryConfig::default() }
}

fn s3(
    builder: AmazonS3Builder,
    place: &BucketPlace,
    credentials: &Credentials,
    server: &str,
    wire: Wire,
) -> object_store::Result<Box<dyn ObjectStore>> {
    let mut builder = builder
        .with_bucket_name(&place.bucket)
        .with_endpoint(server)
        .with_allow_http(true)
        .with_access_key_id(&credentials.key)
        .with_secret_access_key(credentials.secret.as_str())
        .with_retry(once())
        .with_http_connector(wire);
    if let Some(token) = &credentials.token {
        builder = builder.with_token(token.as_str());
    }
    Ok(Box::new(builder.build()?))
}

fn google(
    place: &BucketPlace,
    credentials: &GoogleCredentials,
    server: &str,
    wire: Wire,
) -> object_store::Result<Box<dyn ObjectStore>> {
    let builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(&place.bucket)
        .with_base_url(server)
        .with_service_account_key(credentials.to_json().as_str())
        .with_retry(once())
        .with_http_connector(wire);
    Ok(Box::new(builder.build()?))
}

fn azure(
    place: &BucketPlace,
    account: &str,
    credentials: &AzureCredentials,
    server: &str,
    wire: Wire,
) -> object_store::Result<Box<dyn ObjectStore>> {
    let builder = MicrosoftAzureBuilder::new()
        .with_account(account)
        .with_container_name(&place.bucket)
        .with_endpoint(server.to_owned())
        .with_allow_http(true)
        .with_retry(once())
        .with_http_connector(wire);
    let builder = match credentials {
        AzureCredentials::Key(key) => builder.with_access_key(key.as_str()),
        AzureCredentials::Sas(token) => builder.with_sas_authorization(split_sas(token)?),
    };
    Ok(Box::new(builder.build()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::place::ObjectArgs;

    #[test]
    fn the_bucket_stands_in_the_path_or_before_the_host() {
        let mut args = ObjectArgs::default();
        let address_of = |args: &ObjectArgs, store| address(&args.place_of(store).unwrap());
        let s3 = "s3://evidence/7";
        assert_eq!(address_of(&args, s3), "https://s3.us-east-1.amazonaws.com");
        args.endpoint = Some("https://oss.example/".to_owned());
        assert_eq!(address_of(&args, s3), "https://oss.example");
        assert_eq!(address_of(&args, "gs://evidence/7"), "https://oss.example");
        args.path_style = Some(false);
        assert_eq!(address_of(&args, s3), "https://evidence.oss.example");
    }

    #[test]
    fn an_account_of_azure_may_stand_in_the_path_of_its_endpoint() {
        let mut args = ObjectArgs::default();
        let azure = |args: &ObjectArgs| address(&args.place_of("az://factory7/evidence").unwrap());
        assert_eq!(azure(&args), "https://factory7.blob.core.windows.net");
        args.endpoint = Some("http://127.0.0.1:10000/factory7/".to_owned());
        assert_eq!(azure(&args), "http://127.0.0.1:10000/factory7");
    }
}
