//! Which service a URL means, and how long its answers are waited for.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStore, ObjectStoreScheme, RetryConfig};
use url::Url;

use crate::StoreUrlError;

/// How long a request is repeated that got no answer: whoever waits for it is told to come again then.
const PATIENCE: Duration = Duration::from_secs(15);
/// How often at most.
const RETRIES: usize = 4;
const CONNECT: Duration = Duration::from_secs(5);
/// How long a server may send nothing. A large object takes as long as it takes.
const IDLE: Duration = Duration::from_secs(30);

/// A service, as far as it can do what a bucket needs.
pub(crate) struct Service {
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Where parts stay until somebody gives their upload up.
    pub(crate) parts: Option<Arc<dyn MultipartStore>>,
    pub(crate) prefix: Path,
}

/// Opens the service of a URL with the variables of the environment that are its own; no request is made.
pub(crate) fn open(
    url: &str,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Service, StoreUrlError> {
    let wrong = |source: Box<dyn std::error::Error + Send + Sync>| StoreUrlError::Setting {
        url: url.to_owned(),
        source,
    };
    let parsed = Url::parse(url).map_err(|error| wrong(Box::new(error)))?;
    let variables = variables.into_iter().filter_map(|(name, value)| {
        let is_of_a_store = ["AWS_", "GOOGLE_", "AZURE_"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        (is_of_a_store && !value.is_empty()).then(|| (name.to_ascii_lowercase(), value))
    });
    let variables: Vec<(String, String)> = variables.collect();
    if parsed.scheme() == "s3"
        && let Some(missing) = missing_credentials(&variables)
    {
        return Err(wrong(missing.into()));
    }
    build(&parsed, variables.into_iter()).map_err(|error| wrong(Box::new(error)))
}

/// What says where else credentials come from, or that none are needed.
const OTHER_CREDENTIALS: [&str; 6] = [
    "aws_web_identity_token_file",
    "aws_container_credentials_relative_uri",
    "aws_container_credentials_full_uri",
    "aws_metadata_endpoint",
    "aws_imdsv1_fallback",
    "aws_skip_signature",
];

/// Says which variables an S3 bucket misses; nothing where it has credentials.
///
/// Without any, the client asks a cloud's metadata address, which elsewhere than in that cloud answers nobody until a time is over.
fn missing_credentials(variables: &[(String, String)]) -> Option<String> {
    let has = |name: &&str| variables.iter().any(|(given, _)| given == name);
    let keys = ["aws_access_key_id", "aws_secret_access_key"];
    let missing: Vec<String> = keys
        .iter()
        .filter(|key| !has(key))
        .map(|key| key.to_uppercase())
        .collect();
    let comes_from_elsewhere = missing.len() == keys.len() && OTHER_CREDENTIALS.iter().any(has);
    if missing.is_empty() || comes_from_elsewhere {
        return None;
    }
    Some(format!(
        "it has no credentials: set {}, or on a machine that gets them from its cloud AWS_METADATA_ENDPOINT or AWS_WEB_IDENTITY_TOKEN_FILE",
        missing.join(" and ")
    ))
}

/// Builds a client of a kind; its variables come last, since they may say more of the connection.
macro_rules! client {
    ($builder:ty, $url:expr, $variables:expr) => {{
        let builder = <$builder>::new()
            .with_url($url.to_string())
            .with_retry(retry())
            .with_client_options(options());
        let builder = $variables.fold(builder, |builder, (name, value)| match name.parse() {
            Ok(key) => builder.with_config(key, value),
            // What another program is told is no error here.
            Err(_) => builder,
        });
        Arc::new(builder.build()?)
    }};
}

fn build(url: &Url, variables: impl Iterator<Item = (String, String)>) -> object_store::Result<Service> {
    let (scheme, prefix) = ObjectStoreScheme::parse(url)?;
    let (store, parts): (Arc<dyn ObjectStore>, Option<Arc<dyn MultipartStore>>) = match scheme {
        ObjectStoreScheme::AmazonS3 => {
            let store = client!(AmazonS3Builder, url, variables);
            (store.clone(), Some(store))
        }
        ObjectStoreScheme::GoogleCloudStorage => {
            let store = client!(GoogleCloudStorageBuilder, url, variables);
            (store.clone(), Some(store))
        }
        ObjectStoreScheme::MicrosoftAzure => (client!(MicrosoftAzureBuilder, url, variables), None),
        other => {
            return Err(object_store::Error::NotSupported {
                source: format!("no client for {other:?}").into(),
            });
        }
    };
    // As it stands in the URL: what a per cent sign stands for there is not undone.
    Ok(Service {
        store,
        parts,
        prefix: Path::parse(prefix.as_ref())?,
    })
}

fn retry() -> RetryConfig {
    RetryConfig {
        max_retries: RETRIES,
        retry_timeout: PATIENCE,
        ..RetryConfig::default()
    }
}

fn options() -> ClientOptions {
    ClientOptions::new()
        .with_connect_timeout(CONNECT)
        .with_read_timeout(IDLE)
        .with_timeout_disabled()
}
